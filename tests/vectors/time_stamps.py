#!/usr/bin/env python3
"""Time stamps (RFC 3161) by OpenSSL, over one checkpoint: every kind of key and digest, and certificates that may not stamp.

    python3 tests/vectors/time_stamps.py > tests/vectors/time_stamps.json

Written once, with OpenSSL 3.0.19: the keys are made anew each time. The key of `p256` is in it, for tests that are the authority.
"""
import base64
import json
import os
import subprocess
import tempfile

MESSAGE = "example.org/log\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n\u2014 example.org/log AAAAAAE=\n"
EXTENSIONS = {
    "intermediate": "basicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign\n",
    "stamping": "basicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = critical,timeStamping\n",
    "not_critical": "basicConstraints = CA:FALSE\nextendedKeyUsage = timeStamping\n",
    "more": "basicConstraints = CA:FALSE\nextendedKeyUsage = critical,timeStamping,emailProtection\n",
    "none": "basicConstraints = CA:FALSE\n"}
# Name: key, issuer, extensions, digest of the certificate, its end.
ISSUED = {
    "intermediate": ("P-384", "root", "intermediate", "sha384", "20491231000000Z"),
    "rsa": ("2048", "root", "stamping", "sha256", "20491231000000Z"),
    "rsa3072": ("3072", "root", "stamping", "sha512", "20491231000000Z"),
    "p256": ("P-256", "root", "stamping", "sha256", "20491231000000Z"),
    "p384": ("P-384", "intermediate", "stamping", "sha512", "20491231000000Z"),
    "rsa1024": ("1024", "root", "stamping", "sha256", "20491231000000Z"),
    "expired": ("P-256", "root", "stamping", "sha256", "20210101000000Z"),
    "not_critical": ("P-256", "root", "not_critical", "sha256", "20491231000000Z"),
    "more": ("P-256", "root", "more", "sha256", "20491231000000Z"),
    "none": ("P-256", "root", "none", "sha256", "20491231000000Z")}


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout


def key(name, kind):
    kind = ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}"] if kind[0] == "P" else ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind}"]
    openssl("genpkey", *kind, "-out", f"{name}.key")


def element(tag, content):
    digits = b"" if len(content) < 0x80 else len(content).to_bytes(2, "big").lstrip(b"\0")
    return bytes([tag, 0x80 | len(digits) if digits else len(content)]) + digits + content


def read(name):
    with open(name, "rb") as file:
        return file.read()


def write(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def pem(name):
    return read(f"{name}.pem").decode()


def make():
    key("root", "2048")
    key("stranger", "P-256")
    for name in ("root", "stranger"):
        openssl("req", "-x509", "-key", f"{name}.key", "-out", f"{name}.pem", "-days", "9000", "-subj", f"/O=Test Authority/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE")
    write("index.txt", "")
    write("serial", "01")
    write("tsa.serial", "01")
    write("message", MESSAGE)
    write("ca.cnf", "[ca]\ndefault_ca = authority\n[authority]\ndir = .\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n"
          "policy = any\n[any]\norganizationName = optional\ncommonName = supplied\n"
          + "".join(f"[{name}]\n{text}" for name, text in EXTENSIONS.items()))
    for name, (kind, issuer, extensions, digest, end) in ISSUED.items():
        key(name, kind)
        openssl("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/O=Test Authority/CN=stamps by {name}")
        openssl("ca", "-config", "ca.cnf", "-batch", "-notext", "-in", f"{name}.csr", "-out", f"{name}.pem", "-cert", f"{issuer}.pem",
                "-keyfile", f"{issuer}.key", "-extensions", extensions, "-md", digest, "-startdate", "20200101000000Z", "-enddate", end)
    good, refused = [], []
    for name in ("rsa", "rsa3072", "p256", "p384", "rsa1024", "expired"):
        for digest in ("sha256", "sha384", "sha512") if name in ("rsa", "rsa3072", "p256", "p384") else ("sha256",):
            write("tsa.cnf", f"[tsa]\nserial = tsa.serial\nsigner_cert = {name}.pem\ncerts = intermediate.pem\nsigner_key = {name}.key\n"
                  f"signer_digest = {digest}\ndefault_policy = 1.3.6.1.4.1.32473.1\ndigests = sha256, sha384, sha512\nordering = yes\n"
                  f"clock_precision_digits = 3\ntsa_name = yes\ness_cert_id_alg = {'sha1' if digest == 'sha384' else digest}\n")
            openssl("ts", "-query", "-data", "message", f"-{digest}", "-cert", "-out", "query")
            openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query", "-out", "response")
            stamp = {"name": f"{name}, {digest}", "response": base64.b64encode(read("response")).decode(), "query": base64.b64encode(read("query")).decode()}
            if name in ("rsa1024", "expired"):
                refused.append(stamp)
                continue
            said = openssl("ts", "-reply", "-in", "response", "-text").decode()
            line = lambda label: next(line.split(": ", 1)[1] for line in said.splitlines() if line.startswith(label))
            stamp.update(time=line("Time stamp"), serial=line("Serial number"), policy=line("Policy OID"))
            good.append(stamp)
    openssl("ts", "-reply", "-in", "response", "-token_out", "-out", "token")
    openssl("cms", "-verify", "-inform", "DER", "-in", "token", "-noverify", "-binary", "-out", "statement")
    for name in ("not_critical", "more", "none", "p256"):
        openssl("cms", "-sign", "-binary", "-nodetach", "-cades", "-md", "sha256", "-econtent_type", "1.2.840.113549.1.9.16.1.4",
                "-in", "statement", "-signer", f"{name}.pem", "-inkey", f"{name}.key", "-outform", "DER", "-out", "token")
        response = element(0x30, element(0x30, b"\x02\x01\x00") + read("token"))
        # `p256` may stamp: that it is believed shows that the others are refused for their certificate alone.
        (good if name == "p256" else refused).append({"name": name, "response": base64.b64encode(response).decode()})
    return {"tool": openssl("version").decode().strip(), "message": MESSAGE, "root": pem("root"), "stranger": pem("stranger"),
            "authority": {"certificate": pem("p256"), "key": read("p256.key").decode()}, "good": good, "refused": refused}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        made = make()
    print(json.dumps(made, indent=1, ensure_ascii=False))
