#!/usr/bin/env python3
"""A time-stamp authority for tests: HTTP in front of `openssl ts -reply`, and the ways in which an authority can fail.

    python3 timestamps_authority.py FOLDER                      serve: the path says how, /good answers well; prints its address
    python3 timestamps_authority.py FOLDER wrap TOKEN RESPONSE  put a token into a response that grants it

FOLDER holds `tsa.cnf`, with a section `rsa_sha256`.
"""
import os
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = sys.argv[1]


def element(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def openssl(*arguments):
    done = subprocess.run(["openssl", "ts", *arguments], capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())


def reply(query, section="rsa_sha256"):
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = os.path.join(folder, "query"), os.path.join(folder, "answer")
        with open(asked, "wb") as file:
            file.write(query)
        openssl("-reply", "-config", os.path.join(FOLDER, "tsa.cnf"), "-section", section, "-queryfile", asked, "-out", answer)
        with open(answer, "rb") as file:
            return file.read()


class Authority(BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/timestamp-query", self.headers
        kind = "application/timestamp-reply"
        if self.path == "/slow":
            time.sleep(30)
        if self.path == "/html":
            kind, answer = "text/html", b"<html>captive portal</html>"
        elif self.path == "/html-as-reply":
            answer = b"<html>captive portal</html>"
        elif self.path == "/nonce":
            at = query.rindex(b"\x02\x10") + 10
            answer = reply(query[:at] + bytes([query[at] ^ 1]) + query[at + 1:])
        elif self.path == "/imprint":
            at = query.index(b"\x04\x20") + 10
            answer = reply(query[:at] + bytes([query[at] ^ 1]) + query[at + 1:])
        elif self.path == "/refused":
            answer = element(0x30, element(0x30, b"\x02\x01\x02" + element(0x30, element(0x0c, b"not today"))))
        else:
            answer = reply(query)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


if len(sys.argv) > 2:
    with open(sys.argv[3], "rb") as file:
        token = file.read()
    with open(sys.argv[4], "wb") as file:
        file.write(element(0x30, element(0x30, b"\x02\x01\x00") + token))
else:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Authority)
    print(f"authority http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
