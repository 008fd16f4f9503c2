"""Lets an alert be decided and signed by two people, and reads the statement about it with the tools it is for.

    standards_decision.py PROGRAM URL DATA FOLDER
"""

import base64
import json
import pathlib
import random
import secrets
import subprocess
import sys
import urllib.request
from importlib.metadata import version as installed

from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

PROGRAM, URL, DATA, FOLDER = sys.argv[1:]
FOLDER = pathlib.Path(FOLDER)


class Person:
    """Somebody who signs in with a password of their own."""

    def __init__(self, name, role):
        command = [PROGRAM, "user", "add", DATA, name, "--role", role, "--printed-name", name.title()]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        issued, self.password = said.strip().rsplit(" ", 1)[1], secrets.token_urlsafe(18)
        subprocess.run([PROGRAM, "password", name, "--server", URL], check=True, capture_output=True, text=True,
                       input=f"{issued}\n{self.password}\n")
        subprocess.run([PROGRAM, "user", "identify", DATA, name, "--method", "in_person", "--seen", "passport, photograph compared"],
                       check=True, capture_output=True)
        self.headers = {"Content-Type": "application/json"}
        with self.open("POST", "/api/v1/session", {"user_name": name, "password": self.password}) as answer:
            self.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
            self.headers["x-form-token"] = json.load(answer)["form_token"]
        shown = self.get("/api/v1/accountability")["sha256"]
        self.post("/api/v1/accountability/acceptance", {"acceptance_sha256": shown, "password": self.password})

    def open(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        return urllib.request.urlopen(urllib.request.Request(URL + path, data, self.headers, method=method))

    def get(self, path):
        with self.open("GET", path) as answer:
            return json.load(answer)

    def post(self, path, body):
        with self.open("POST", path, body) as answer:
            return json.load(answer)


random.seed(1)
lines = [f"{n},{300 + random.random():.4f},east" for n in range(5000, 5400)]
heavy = FOLDER / "heavy.csv"
heavy.write_text("tablet,weight_mg,line\n" + "\n".join(lines) + "\n")
subprocess.run([PROGRAM, "ingest", heavy, "--model", "tablets", "--version", "one", "--name", "heavy"],
               check=False, capture_output=True)
quentin, rosa = Person("quentin", "qa"), Person("rosa", "reviewer")
alert = next(found["id"] for found in rosa.get("/api/v1/alerts") if found["opening"]["kind"] == "drift")
path = f"/api/v1/alerts/{alert}"
quentin.post(f"{path}/acknowledgement", {"severity": "major", "comment": "much heavier"})
quentin.post(f"{path}/decision", {"code": "accept_with_rationale", "rationale": "a larger tablet is made from June on"})
decision = rosa.get(path)["decision"]
rosa.post(f"{path}/signature", {"decision_sha256": decision["sha256"], "password": rosa.password})

with rosa.open("GET", f"{path}/statement") as answer:
    found = answer.read()
output = FOLDER / "decision.dsse"
subprocess.run([PROGRAM, "export", DATA, "--as", "decision", "--alert", alert, "--output", output],
               check=True, capture_output=True)
assert output.read_bytes() == found, "service and command differ"

envelope = Envelope.from_dict(json.loads(found))
name, keyid, typed = (pathlib.Path(DATA) / "keys" / "log.vkey").read_text().strip().split("+", 2)
key = SSlibKey(keyid, "ed25519", "ed25519", {"public": base64.b64decode(typed)[1:].hex()})
assert list(envelope.verify([key], 1)) == [keyid]
try:
    Envelope(envelope.payload.replace(b"accept", b"reject"), envelope.payload_type, envelope.signatures).verify([key], 1)
except VerificationError:
    pass
else:
    raise AssertionError("a changed decision was taken")
statement = json_format.Parse(envelope.payload, statement_pb2.Statement())
Statement.copy_from_pb(statement).validate()
assert statement.predicate_type == "urn:driftledger:review-decision:v1"
cited = [report["sha256"] for report in decision["decision"]["reports"]]
assert cited and [dict(subject.digest)["sha256"] for subject in statement.subject] == cited
predicate = json_format.MessageToDict(statement.predicate)
assert predicate["decision"]["sha256"] == decision["sha256"]
assert predicate["signature"]["signer"]["userName"] == "rosa" and predicate["ledger"] == name
print(f"ok   signed decision: valid Statement v1 (in-toto-attestation {installed('in-toto-attestation')}), "
      f"envelope verified, a changed one refused (securesystemslib {installed('securesystemslib')})")
