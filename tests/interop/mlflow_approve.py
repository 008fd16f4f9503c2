"""A version that took up draft 1 of `iris` is approved by three people; then the names that stand for use open for the MLflow client.

    python3 mlflow_approve.py SERVER TOKEN FOLDER DANA_PASSWORD QUENTIN_PASSWORD ROSA_PASSWORD

FOLDER holds labelled.csv. Exit code 1 at the first thing that does not hold.
"""

import json
import os
import sys
import urllib.error
import urllib.request

server, token, folder, *passwords = sys.argv[1:7]
os.environ.update(MLFLOW_TRACKING_URI=server, MLFLOW_TRACKING_TOKEN=token, MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_HTTP_REQUEST_MAX_RETRIES="1")

from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

BELOW = "/api/v1/models/iris/versions/1.0.0"


class Person:
    """Somebody who is signed in."""

    def __init__(self, name, password):
        self.password, self.headers = password, {}
        answer, headers = self.ask("POST", "/api/v1/session", {"user_name": name, "password": password})
        self.headers = {"cookie": headers["set-cookie"].split(";")[0], "x-form-token": answer["form_token"]}

    def ask(self, method, path, body, media="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(server + path, data=data, method=method, headers={**self.headers, "content-type": media})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def accept(self):
        """Accepts the statement of accountability, before the first signature."""
        request = urllib.request.Request(server + "/api/v1/accountability", headers=self.headers)
        with urllib.request.urlopen(request) as shown:
            signed = {"acceptance_sha256": json.load(shown)["sha256"], "password": self.password}
        self.ask("POST", "/api/v1/accountability/acceptance", signed)

    def step(self, step):
        sheet, _ = self.ask("POST", f"{BELOW}/steps/{step}/sheet", {})
        signed = {"sheet_sha256": sheet["sha256"], "password": self.password}
        return self.ask("POST", f"{BELOW}/steps/{step}", signed)[0]["state"]


def closed(client):
    """Alias and stage that stand for use are refused."""
    for name in (lambda: client.set_registered_model_alias("iris", "champion", "1"),
                 lambda: client.transition_model_version_stage("iris", "1", "Production")):
        try:
            name()
        except MlflowException as error:
            assert error.error_code == "PERMISSION_DENIED" and "/models/iris/" in str(error), error
            continue
        raise AssertionError("a name that stands for use opened before the approval")


client = MlflowClient()
closed(client)
dana, quentin, rosa = [Person(*who) for who in zip(("dana", "quentin", "rosa"), passwords)]
for person in (dana, quentin, rosa):
    person.accept()
text = {field: "said for this test" for field in
        ("question_of_interest", "context_of_use", "intended_use", "fallback", "input_space")}
dana.ask("PUT", f"{BELOW}/record", {
    "format": "driftledger/model-record/v1", "model": "iris", "version": "1.0.0", **text, "out_of_scope": ["other flowers"],
    "risk": {"influence": "low", "consequence": "low", "rationale": "nobody acts on it"},
    "human_role": {"place": "on_the_loop", "duty": "looks at it"}, "learning": "static", "deterministic": True})
dana.ask("POST", f"{BELOW}/acceptance", {
    "format": "driftledger/acceptance-plan/v1", "model": "iris", "version": "1.0.0", "rationale": "better than guessing",
    "criteria": [{"metric": "accuracy", "direction": "at_least", "limit": 0.5, "judged_by": "bound"}]})
with open(f"{folder}/labelled.csv", "rb") as file:
    run, _ = dana.ask("POST", f"{BELOW}/test-runs", file.read(), "text/csv")
assert run["meets"], run
assert dana.step("submit") == "submitted"
assert rosa.step("review") == "submitted"
closed(client)
assert quentin.step("approve") == "approved"
client.set_registered_model_alias("iris", "champion", "1")
assert client.get_model_version_by_alias("iris", "champion").version == "1"
client.transition_model_version_stage("iris", "1", "Production")
assert client.get_model_version("iris", "1").current_stage == "Production"
print("protected alias and stage open for an approved version, and for nothing before")
