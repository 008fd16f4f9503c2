#!/usr/bin/env python3
"""How the stores beside this file were made: a built program of an earlier commit makes one through its own commands and its own API.

    python3 tests/stores/make.py PROGRAM STORE.zip

What a program does not know yet (changing issued passwords, accepting the statement of accountability, logging a training run, fixing acceptance
criteria) is left out, and said. Stores that are here are never made again: the point is that they are old.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile

CHOSEN = "sixteen grey herons"
MASK = (1 << 64) - 1
SCHEMA = {"schema": "driftledger/schema/v1", "columns": [
    {"name": "tablet", "role": "id", "type": "int"},
    {"name": "weight_mg", "role": "feature", "type": "float", "kind": "continuous", "unit": "mg"},
    {"name": "line", "role": "feature", "type": "text", "kind": "categorical"},
    {"name": "passed", "role": "prediction", "type": "bool", "kind": "binary"}]}


def table(rows, seed, shift):
    """The tablets of `tests/it/harness.rs`, the same to the last digit."""
    state = (seed * 0x9e3779b97f4a7c15 + 1) & MASK

    def draw():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        return (state >> 33) / (1 << 31)

    lines = ["tablet,weight_mg,line,passed"]
    for tablet in range(1, rows + 1):
        weight = 250.0 + sum(draw() for _ in range(6)) + shift
        line = ["east", "west"][draw() < 0.5]
        passed = draw() < 0.9
        lines.append(f"{seed * 100000 + tablet},{weight:.4f},{line},{str(passed).lower()}")
    return "\n".join(lines) + "\n"


class Maker:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.data = os.path.join(folder, "data")
        self.issued = {}

    def run(self, *arguments, **more):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, **more)
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    def people(self):
        said = self.run("init", self.data)
        self.issued["admin"] = re.search(r"shown once: (\S+)", said)[1]
        for name, role in (("dana", "data_scientist"), ("quentin", "qa"), ("rosa", "reviewer")):
            said = self.run("user", "add", self.data, name, "--role", role, "--printed-name", f"{name.title()} of the laboratory")
            self.issued[name] = re.search(r"shown once: (\S+)", said)[1]
            try:
                self.run("user", "identify", self.data, name, "--method", "in_person", "--seen", "passport, photograph compared")
            except RuntimeError:
                print(f"left out: identity check of {name}")

    def serve(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.server = subprocess.Popen([self.program, "serve", self.data, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True)
        if "http://" not in self.server.stdout.readline():
            raise RuntimeError("it does not serve")
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/health/live").close()
                return
            except urllib.error.HTTPError:
                return
            except urllib.error.URLError:
                continue

    def stop(self):
        self.server.terminate()
        self.server.wait()

    def ask(self, method, path, body=None, who=None, kind="application/json"):
        """The answer of the server as JSON; `who` is what `sign_in` gave, or a token."""
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("content-type", kind)
        if isinstance(who, str):
            request.add_header("authorization", f"Bearer {who}")
        elif who:
            request.add_header("cookie", who[0])
            request.add_header("x-form-token", who[1] or "")
        try:
            with urllib.request.urlopen(request) as answer:
                self.headers = answer.headers
                text = answer.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def sign_in(self, name, password):
        view = self.ask("POST", "/api/v1/session", {"user_name": name, "password": password})
        return self.headers["set-cookie"].split(";")[0], view.get("form_token")

    def attempt(self, what, act):
        try:
            return act()
        except RuntimeError as error:
            print(f"left out: {what} ({str(error)[:160]})")
            return None

    def enter(self):
        """Everybody chooses a password where that is asked for, and accepts the statement of accountability where there is one."""
        self.sessions, self.passwords = {}, dict(self.issued)
        for name, issued in self.issued.items():
            session = self.sign_in(name, issued)
            change = {"old": issued, "new": CHOSEN}
            if self.attempt(f"password of {name}", lambda: self.ask("POST", "/api/v1/session/password", change, session)) is not None:
                self.passwords[name] = CHOSEN
                session = self.sign_in(name, CHOSEN)
            self.sessions[name] = session
        for name in ("quentin", "rosa", "dana"):
            def accept(name=name):
                shown = self.ask("GET", "/api/v1/accountability", who=self.sessions[name])["sha256"]
                self.ask("POST", "/api/v1/accountability/acceptance", {"acceptance_sha256": shown, "password": self.passwords[name]}, self.sessions[name])
            self.attempt(f"acceptance of {name}", accept)

    def story(self):
        self.token = re.search(r"\bdl\S+|[A-Za-z0-9_-]{30,}", self.run("token", self.data, "dana", "--name", "pipeline"))[0]
        schema = self.file("schema.json", json.dumps(SCHEMA))
        common = ["--model", "tablets", "--version", "1", "--server", self.url, "--token", self.token]
        self.run("register", *common, "--train", self.file("train.csv", table(300, 2, 0.0)),
                 "--reference", self.file("reference.csv", table(600, 1, 0.0)), "--artifact", self.file("model.bin", "weights"),
                 "--schema", schema, "--overlap-justification", "two tablets of one line can weigh the same", cwd=self.folder)
        path = "/api/v1/models/tablets/versions/1"
        self.ask("POST", f"{path}/batches?name=may", table(300, 8, 0.0), self.token, "text/csv")
        self.attempt("a training run", self.training)
        june = self.ask("POST", f"{path}/batches?name=june", table(300, 9, 2.0), self.token, "text/csv")
        print("june:", june.get("state") or june)
        alerts = self.ask("GET", "/api/v1/alerts", who=self.sessions["quentin"])
        alert = next(one for one in (alerts if isinstance(alerts, list) else alerts["items"]) if one["opening"]["kind"] == "drift")
        at = f"/api/v1/alerts/{alert['id']}"
        self.ask("POST", f"{at}/acknowledgement", {"severity": "major", "comment": "heavier since June"}, self.sessions["quentin"])
        self.ask("POST", f"{at}/decision", {"code": "retrain", "rationale": "the press was replaced", "remedial_action": {
            "what": "fit version 2", "owner": "dana", "due_on": "2027-07-01"}}, self.sessions["quentin"])
        sha256 = self.ask("GET", at, who=self.sessions["rosa"])["decision"]["sha256"]
        self.ask("POST", f"{at}/signature", {"decision_sha256": sha256, "password": self.passwords["rosa"]}, self.sessions["rosa"])

    def training(self):
        run = self.ask("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0", "run_name": "fit", "start_time": 1}, self.token)
        run = run["run"]["info"]["run_id"]
        self.ask("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": run, "params": [{"key": "depth", "value": "3"}], "metrics": [
            {"key": "auc", "value": 0.75, "timestamp": 2, "step": 1}]}, self.token)
        self.ask("POST", "/api/2.0/mlflow/runs/update", {"run_id": run, "status": "FINISHED", "end_time": 3}, self.token)

    def pack(self, to):
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
            for folder, folders, files in sorted(os.walk(self.data)):
                folders.sort()
                for name in sorted(files):
                    path = os.path.join(folder, name)
                    inside = os.path.relpath(path, self.data)
                    # What a reader leaves beside a database that was closed holds nothing.
                    is_left = inside.endswith("-shm") or inside.endswith("-wal") and not os.path.getsize(path)
                    if not inside.startswith("spool") and inside != "served.lock" and not is_left:
                        out.write(path, f"data/{inside}")
            out.writestr("TEST-ONLY.json", json.dumps({"token": self.token, "passwords": self.passwords}))


def main():
    program, to = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(program, folder)
        maker.people()
        maker.serve()
        try:
            maker.enter()
            maker.story()
        finally:
            maker.stop()
        print(maker.run("check", maker.data).strip().splitlines()[-1])
        maker.pack(to)
        print(to, os.path.getsize(to), "bytes;", os.listdir(maker.data))


if __name__ == "__main__":
    main()
