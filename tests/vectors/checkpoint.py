"""Writes checkpoint.json: a checkpoint note signed by an implementation that shares no code with the program.

Ed25519 is written out from the formulas of RFC 8032 section 5.1 with Python integers and hashlib only.
Command: python3 tests/vectors/checkpoint.py > tests/vectors/checkpoint.json
"""

import base64
import hashlib
import json

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(first, second):
    (x1, y1), (x2, y2) = first, second
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P) % P
    return x, y


def multiply(scalar, point):
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x if x % 2 == 0 else P - x), y


def encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def sign(seed, message):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    public = encode(multiply(scalar, BASE))
    nonce = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % L
    commitment = encode(multiply(nonce, BASE))
    challenge = hashlib.sha512(commitment + public + message).digest()
    response = (nonce + int.from_bytes(challenge, "little") * scalar) % L
    return public, commitment + response.to_bytes(32, "little")


BASE = base_point()
# RFC 8032 section 7.1, test 1: the formulas above are right when this public key comes out.
known = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
assert sign(known, b"")[0].hex().startswith("d75a980182b10ab7d54bfed3c964073a")

origin, size = "example.org/driftledger/vector", 3
leaves = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in (b"a", b"b", b"c")]
pair = hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).digest()
root = hashlib.sha256(b"\x01" + pair + leaves[2]).digest()
text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
public, signature = sign(hashlib.sha256(b"driftledger vector").digest(), text.encode())
typed = b"\x01" + public
key_id = hashlib.sha256(origin.encode() + b"\n" + typed).digest()[:4]
line = f"\u2014 {origin} {base64.b64encode(key_id + signature).decode()}\n"
vector = {
    "made_by": "python3 tests/vectors/checkpoint.py",
    "origin": origin,
    "size": size,
    "root": root.hex(),
    "vkey": f"{origin}+{key_id.hex()}+{base64.b64encode(typed).decode()}",
    "note": text + "\n" + line,
}
print(json.dumps(vector, indent=2, ensure_ascii=False))
