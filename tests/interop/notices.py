"""A notice goes by mail to a packaged sink (aiosmtpd): taken, refused, too slow, and down.

    python3 notices.py path/to/driftledger

Needs `aiosmtpd`. Exit code 0: everything was as it should be.
"""
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from aiosmtpd.controller import Controller


class Sink:
    """Refuses the first mail, lets the second wait for longer than the sender does, and takes what follows."""

    def __init__(self):
        self.mails, self.attempts = [], 0

    async def handle_DATA(self, server, session, envelope):
        self.attempts += 1
        if self.attempts == 1:
            return "451 try again later"
        if self.attempts == 2:
            await asyncio.sleep(15)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content.decode()))
        return "250 taken"


class Person:
    def __init__(self, server, user_name, password):
        self.server, self.opener = server, urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.token = ""
        self.token = self.send("POST", "/session", {"user_name": user_name, "password": password})["form_token"]

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server}/api/v1{path}", data, method=method)
        request.add_header("content-type", "application/json")
        request.add_header("x-form-token", self.token)
        with self.opener.open(request, timeout=60) as answer:
            content = answer.read()
        return json.loads(content) if content else None


def main():
    program = sys.argv[1]
    sink = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "demo")
        listen = "127.0.0.1:18461"
        demo = subprocess.run([program, "demo", "--data", data, "--no-serve", "--json"], capture_output=True, text=True, check=True)
        accounts = json.loads(demo.stdout.splitlines()[-1])["accounts"]
        passwords = {account["user_name"]: account["password"] for account in accounts}
        server = subprocess.Popen([program, "serve", data, "--listen", listen, "--smtp", f"smtp://127.0.0.1:{port}",
                                   "--mail-from", "ledger@lab.example"])
        try:
            wait_for(f"http://{listen}/health/live")
            adam = Person(f"http://{listen}", "adam", passwords["adam"])
            target = {"name": "duty", "channel": "mail", "address": "duty@lab.example", "kinds": ["misuse"], "enabled": True}
            kept = adam.send("POST", "/notice-targets", {"target": target, "reason": "on call"})
            assert "secret" not in kept, kept
            for _ in range(5):
                try:
                    Person(f"http://{listen}", "rosa", "not the password")
                except urllib.error.HTTPError as error:
                    assert error.code in (401, 423), error
            states = []
            for _ in range(200):
                (notice,) = adam.send("GET", "/notices")
                states.append((notice["state"], notice["attempts"], notice["said"]))
                if notice["state"] == "sent":
                    break
                time.sleep(1)
            seen = list(dict.fromkeys(states))
            assert [state for state, _, _ in seen] == ["waiting"] * (len(seen) - 1) + ["sent"], seen
            assert any("451" in said for _, _, said in seen), seen
            assert seen[-1][1] == 3, seen
            sender, recipients, mail = sink.mails[-1]
            assert (sender, recipients) == ("ledger@lab.example", ["duty@lab.example"]), sink.mails
            assert "the account of rosa is locked" in mail and "Subject: driftledger: misuse" in mail, mail
            print(f"mail: refused, too slow, taken: {seen}")
        finally:
            server.terminate()
            server.wait(30)
            controller.stop()
    return 0


def wait_for(url):
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise TimeoutError(url)


if __name__ == "__main__":
    sys.exit(main())
