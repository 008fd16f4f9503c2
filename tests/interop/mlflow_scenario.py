"""What a data scientist does with the stock MLflow client, against a running driftledger.

    python3 mlflow_scenario.py SERVER TOKEN [USER PASSWORD]

Works with MLflow 3 and with mlflow-skinny 2; what a client cannot do is left out and said. Prints one line a scenario; exit
code 1 at the first that does not hold.
"""

import math
import os
import sys
import tempfile
import urllib.error
import urllib.request

server, token = sys.argv[1:3]
os.environ.update(
    MLFLOW_TRACKING_URI=server,
    MLFLOW_TRACKING_TOKEN=token,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES="1",
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
    MLFLOW_DISABLE_TELEMETRY="true",
)

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

client = MlflowClient()
IS_3 = int(mlflow.__version__.split(".")[0]) >= 3
done = 0


def said(text):
    global done
    done += 1
    print(f"ok {done}: {text}", flush=True)


def same(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def refused(code, words, work):
    """`work` is refused with this error code, and the client shows these words."""
    try:
        work()
    except MlflowException as error:
        same(error.error_code, code)
        if words not in str(error):
            raise AssertionError(f"`{words}` is not in {error}")
        return
    raise AssertionError(f"not refused: {code}")


def raw(method, path, body=None):
    """Status and body of a plain request."""
    request = urllib.request.Request(server + path, data=body, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def runs_and_experiments():
    experiment = mlflow.set_experiment("tablets")
    same(mlflow.set_experiment("tablets").experiment_id, experiment.experiment_id)
    with mlflow.start_run(run_name="first") as run:
        mlflow.log_param("depth", 3)
        mlflow.log_params({f"p{number}": number for number in range(250)})
        for step in range(5):
            mlflow.log_metric("auc", 0.5 + step / 10, step=step)
        mlflow.log_metrics({"nan": math.nan, "up": math.inf, "down": -math.inf})
        mlflow.set_tags({"team": "qc", "note": "Größe µg"})
        mlflow.set_tag("away", "soon")
        mlflow.delete_tag("away")
    run = client.get_run(run.info.run_id)
    same((run.info.status, run.info.run_name), ("FINISHED", "first"))
    same(len(run.data.params), 251)
    same(run.data.metrics["auc"], 0.9)
    same(math.isnan(run.data.metrics["nan"]), True)
    same((run.data.metrics["up"], run.data.metrics["down"]), (math.inf, -math.inf))
    same((run.data.tags["note"], "away" in run.data.tags), ("Größe µg", False))
    same(len(run.data.tags["prov.content_sha256"]), 64)
    history = client.get_metric_history(run.info.run_id, "auc")
    same([point.step for point in history], [0, 1, 2, 3, 4])
    refused("INVALID_PARAMETER_VALUE", "Changing param values", lambda: client.log_param(run.info.run_id, "depth", 4))
    before = run.data.tags["prov.content_sha256"]
    client.log_metric(run.info.run_id, "late", 1.0)
    if client.get_run(run.info.run_id).data.tags["prov.content_sha256"] == before:
        raise AssertionError("a metric after the end did not change the digest")
    refused("RESOURCE_ALREADY_EXISTS", "tablets", lambda: client.create_experiment("tablets"))
    client.set_experiment_tag(experiment.experiment_id, "study", "S1")
    same(client.get_experiment(experiment.experiment_id).tags["study"], "S1")
    other = client.create_experiment("other")
    client.rename_experiment(other, "renamed")
    client.delete_experiment(other)
    same([found.name for found in client.search_experiments()].count("renamed"), 0)
    client.restore_experiment(other)
    same([found.name for found in client.search_experiments(filter_string="name = 'renamed'")], ["renamed"])
    same(client.search_experiments(order_by=["name ASC"], max_results=1)[0].name, "Default")
    said("experiments and runs: 251 parameters, NaN and infinities, tags, history, digests after the end")
    return run


def searches(run):
    ids = [run.info.experiment_id]
    with mlflow.start_run(run_name="second"):
        mlflow.log_metric("auc", 0.2)
    find = lambda filter, **more: [found.info.run_name for found in client.search_runs(ids, filter, **more)]  # noqa: E731
    same(find("metrics.auc > 0.5 AND params.depth = '3'"), ["first"])
    same(find("tags.team LIKE 'q%' AND attributes.status = 'FINISHED'"), ["first"])
    same(find("", order_by=["metrics.auc ASC"]), ["second", "first"])
    same(find("run_name IN ('second')"), ["second"])
    first = client.search_runs(ids, max_results=1, order_by=["start_time ASC"])
    same([found.info.run_name for found in first], ["first"])
    rest = client.search_runs(ids, max_results=1, order_by=["start_time ASC"], page_token=first.token)
    same(([found.info.run_name for found in rest], bool(rest.token)), (["second"], False))
    refused("INVALID_PARAMETER_VALUE", "colour", lambda: client.search_runs(ids, "attributes.colour = 'red'"))
    client.delete_run(rest[0].info.run_id)
    same(find(""), ["first"])
    client.restore_run(rest[0].info.run_id)
    same(len(find("")), 2)
    said("searches: filters, orders, pages, deleted and restored runs")


def limits(run):
    metrics = [mlflow.entities.Metric("many", float(step), 1, step) for step in range(1000)]
    client.log_batch(run.info.run_id, metrics=metrics)
    client.log_batch(run.info.run_id, metrics=metrics)
    same(len(client.get_metric_history(run.info.run_id, "many")), 1000)
    body = '{"run_id":"%s","metrics":[%s]}' % (run.info.run_id, ",".join(['{"key":"m","value":1,"timestamp":1}'] * 1001))
    same(raw("POST", "/api/2.0/mlflow/runs/log-batch", body.encode())[0], 400)
    params = ",".join('{"key":"q%d","value":"1"}' % number for number in range(101))
    body = '{"run_id":"%s","params":[%s]}' % (run.info.run_id, params)
    same(raw("POST", "/api/2.0/mlflow/runs/log-batch", body.encode())[0], 400)
    refused("INVALID_PARAMETER_VALUE", "", lambda: client.log_param(run.info.run_id, "k" * 251, "v"))
    said("limits: 1000 metrics at once and again, not 1001, not 101 parameters, no key of 251 characters")


def artifacts(run):
    run_id = run.info.run_id
    with tempfile.TemporaryDirectory() as folder:
        names = ["plain.txt", "with space.txt", "Größe µg 100%.csv", "empty.bin", "deep/er/file.json"]
        for name in names:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"" if name == "empty.bin" else name.encode() * 1000)
        client.log_artifacts(run_id, folder, "kept")
        listed = sorted(info.path for info in client.list_artifacts(run_id, "kept"))
        same(listed, sorted(["kept/deep"] + [f"kept/{name}" for name in names[:4]]))
        target = os.path.join(folder, "back")
        os.mkdir(target)
        back = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="kept", dst_path=target)
        for name in names:
            with open(os.path.join(folder, name), "rb") as sent, open(os.path.join(back, name), "rb") as received:
                same(received.read(), sent.read())
        same(client.list_artifacts(run_id, "nothing"), [])
        client.log_text(run_id, "first", "changed.txt")
        client.log_text(run_id, "second", "changed.txt")
        same(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/changed.txt"), "second")
        client.log_dict(run_id, {"a": 1}, "values.json")
        same(mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/values.json"), {"a": 1})
    root = f"/api/2.0/mlflow-artifacts/artifacts/{run.info.experiment_id}/{run_id}/artifacts"
    same(raw("GET", f"{root}/kept")[0], 404)
    same(raw("GET", f"{root}/kept/missing")[0], 404)
    for climb in ["%2e%2e/%2e%2e/x", "..%5c..%5cx", "a%00b", "%2Fetc/passwd", "a//b", "C:/x", "a%23b"]:
        same((climb, raw("PUT", f"{root}/{climb}", b"x")[0]), (climb, 400))
    same(raw("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/rn_none/artifacts/x", b"x")[0], 404)
    same(raw("DELETE", f"{root}/changed.txt")[0], 200)
    same(raw("GET", f"{root}/changed.txt")[0], 404)
    same(raw("POST", "/api/2.0/mlflow-artifacts/mpu/create/x")[0], 501)
    said("artifacts: spaces, Unicode, percent, an empty file, folders, replacing, removing; paths that climb out are refused")


def inputs():
    strong = "tdh1:" + "ab" * 32
    with mlflow.start_run(run_name="with data") as run:
        if IS_3:
            import pandas

            table = pandas.DataFrame({"dose": [1.0, 2.0, 3.0], "passed": [0, 1, 1]})
            mlflow.log_input(mlflow.data.from_pandas(table, name="weak"), context="training")
            mlflow.log_input(mlflow.data.from_pandas(table, name="strong", digest=strong), context="testing")
        else:
            from mlflow.entities import Dataset, DatasetInput, InputTag

            # mlflow-skinny does not bring pandas, which would compute the digest.
            for name, digest, context in [("weak", "1a2b3c4d", "training"), ("strong", strong, "testing")]:
                used = Dataset(name, digest, "code", "{}")
                client.log_inputs(run.info.run_id, [DatasetInput(used, [InputTag("mlflow.data.context", context)])])
    run = client.get_run(run.info.run_id)
    same([found.dataset.name for found in run.inputs.dataset_inputs], ["weak", "strong"])
    flags = [[tag.key for tag in found.tags] for found in run.inputs.dataset_inputs]
    same(flags, [["mlflow.data.context", "prov.weak_digest"], ["mlflow.data.context"]])
    same(run.data.tags["prov.weak_digests"], "weak")
    found = client.search_runs([run.info.experiment_id], "dataset.name = 'weak' AND dataset.context = 'training'")
    same([one.info.run_id for one in found], [run.info.run_id])
    said("datasets: digests kept, the weak one flagged")


def models_3():
    """Autolog with scikit-learn, then log, register and load by every kind of URI."""
    import numpy
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    x, y = load_iris(return_X_y=True, as_frame=True)
    mlflow.sklearn.autolog()
    with mlflow.start_run(run_name="autolog") as run:
        model = LogisticRegression(max_iter=200).fit(x, y)
        model.score(x, y)
    mlflow.sklearn.autolog(disable=True)
    auto = client.get_run(run.info.run_id)
    same(auto.data.params["max_iter"], "200")
    same("training_accuracy_score" in auto.data.metrics, True)
    same(len(auto.outputs.model_outputs), 1)
    expected = model.predict(x)
    loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    same(bool(numpy.array_equal(loaded.predict(x), expected)), True)
    said("autolog of scikit-learn, and the model it logged loads by runs:/")

    with mlflow.start_run(run_name="explicit") as run:
        mlflow.log_metric("auc", 0.9)
        info = mlflow.sklearn.log_model(model, name="clf", params={f"h{number}": number for number in range(130)})
    same(len(client.get_logged_model(info.model_id).params), 130)
    found = mlflow.search_logged_models([run.info.experiment_id], filter_string="name = 'clf' AND metrics.auc > 0.5", output_format="list")
    same([one.model_id for one in found], [info.model_id])
    same([file.path for file in client.list_artifacts(run.info.run_id, "clf")].count("clf/MLmodel"), 1)

    by_model = mlflow.register_model(f"models:/{info.model_id}", "tablet")
    by_run = mlflow.register_model(f"runs:/{run.info.run_id}/clf", "tablet", tags={"why": "again"})
    same((by_model.version, by_run.version), ("1", "2"))
    version = client.get_model_version("tablet", "1")
    same((version.run_id, version.status, version.current_stage), (run.info.run_id, "READY", "None"))
    same(version.tags["prov.review_state"], "draft")
    same(client.get_model_version("tablet", "2").tags["why"], "again")
    client.set_registered_model_alias("tablet", "candidate", "1")
    for uri in [
        f"runs:/{run.info.run_id}/clf",
        "models:/tablet/1",
        "models:/tablet/2",
        "models:/tablet/latest",
        "models:/tablet@candidate",
        f"models:/{info.model_id}",
    ]:
        same((uri, bool(numpy.array_equal(mlflow.sklearn.load_model(uri).predict(x), expected))), (uri, True))
    same(bool(numpy.array_equal(mlflow.pyfunc.load_model("models:/tablet/1").predict(x), expected)), True)
    said("log_model with 130 parameters, register_model by models:/m-… and runs:/…, load_model by all kinds of URI")

    with mlflow.start_run(run_name="both"):
        mlflow.sklearn.log_model(model, name="clf", registered_model_name="tablet", input_example=x.head(2))
    same(client.get_latest_versions("tablet")[0].version, "3")
    copied = client.copy_model_version("models:/tablet/1", "copied")
    same(bool(numpy.array_equal(mlflow.sklearn.load_model("models:/copied/1").predict(x), expected)), True)
    same(copied.source, "models:/tablet/1")
    said("log_model with registered_model_name, copy_model_version")
    frozen(run.info.experiment_id, f"models/{info.model_id}")
    return "tablet"


def models_2():
    """mlflow-skinny has no flavour of its own to log: a folder with an MLmodel file stands for one."""
    with mlflow.start_run(run_name="explicit") as run, tempfile.TemporaryDirectory() as folder:
        model = mlflow.models.Model(artifact_path="model", run_id=run.info.run_id)
        model.add_flavor("python_function", loader_module="none", python_version="3")
        model.save(os.path.join(folder, "MLmodel"))
        with open(os.path.join(folder, "weights.bin"), "wb") as file:
            file.write(bytes(range(256)) * 4096)
        client.log_artifacts(run.info.run_id, folder, "model")
        client._tracking_client.store.record_logged_model(run.info.run_id, model)
    same("mlflow.log-model.history" in client.get_run(run.info.run_id).data.tags, True)
    for number in ["1", "2"]:
        same(mlflow.register_model(f"runs:/{run.info.run_id}/model", "capsule").version, number)
    same(client.get_model_version("capsule", "1").run_id, run.info.run_id)
    client.set_registered_model_alias("capsule", "candidate", "1")
    for uri in [f"runs:/{run.info.run_id}/model", "models:/capsule/1", "models:/capsule/latest", "models:/capsule@candidate"]:
        back = mlflow.artifacts.download_artifacts(artifact_uri=uri)
        same((uri, os.path.getsize(os.path.join(back, "weights.bin"))), (uri, 256 * 4096))
    said("a model of version 2: recorded, registered, fetched by runs:/, models:/name/version and models:/name@alias")
    frozen(run.info.experiment_id, run.info.run_id, "model/")
    return "capsule"


def frozen(experiment, owner, below=""):
    root = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{owner}/artifacts/{below}"
    status, body = raw("PUT", f"{root}MLmodel", b"other")
    same((status, b"RESOURCE_CONFLICT" in body, b"frozen" in body), (409, True, True))
    same(raw("PUT", f"{root}more.txt", b"more")[0], 409)
    same(raw("DELETE", f"{root}MLmodel")[0], 409)
    _, kept = raw("GET", f"{root}MLmodel")
    same(raw("PUT", f"{root}MLmodel", kept)[0], 200)
    said("registered files are frozen: no change, no addition, no removal; the same bytes again are no change")


def registry(name):
    client.update_registered_model(name, "a model of the laboratory")
    client.set_registered_model_tag(name, "owner", "dana")
    client.set_registered_model_tag(name, "away", "soon")
    client.delete_registered_model_tag(name, "away")
    model = client.get_registered_model(name)
    same((model.description, model.tags), ("a model of the laboratory", {"owner": "dana"}))
    same(model.aliases, {"candidate": "1"})
    same(client.get_model_version_by_alias(name, "candidate").version, "1")
    refused("INVALID_PARAMETER_VALUE", "nobody", lambda: client.get_model_version_by_alias(name, "nobody"))
    refused("RESOURCE_DOES_NOT_EXIST", "", lambda: client.get_registered_model("nothing"))
    client.update_model_version(name, "1", "the first one")
    client.set_model_version_tag(name, "1", "checked", "yes")
    client.set_model_version_tag(name, "1", "away", "soon")
    client.delete_model_version_tag(name, "1", "away")
    version = client.get_model_version(name, "1")
    same((version.description, version.tags["checked"], "away" in version.tags), ("the first one", "yes", False))
    same([found.name for found in client.search_registered_models("name LIKE '%' AND tag.owner = 'dana'")], [name])
    same([found.version for found in client.search_model_versions(f"name='{name}' AND tag.checked = 'yes'")], ["1"])
    same([found.version for found in client.search_model_versions(f"name='{name}'", order_by=["version_number ASC"])][:2], ["1", "2"])
    client.transition_model_version_stage(name, "2", "staging")
    same(client.get_latest_versions(name, ["Staging"])[0].version, "2")
    client.transition_model_version_stage(name, "1", "Staging", archive_existing_versions=True)
    same(client.get_model_version(name, "2").current_stage, "Archived")
    refused("INVALID_PARAMETER_VALUE", "Nowhere", lambda: client.transition_model_version_stage(name, "1", "Nowhere"))
    page = f"{server}/models/{name}/drafts/1"
    refused("PERMISSION_DENIED", page, lambda: client.transition_model_version_stage(name, "1", "Production"))
    refused("PERMISSION_DENIED", page, lambda: client.set_registered_model_alias(name, "Champion", "1"))
    refused("INVALID_PARAMETER_VALUE", "alias", lambda: client.set_registered_model_alias(name, "v1", "1"))
    client.delete_model_version(name, "2")
    refused("RESOURCE_DOES_NOT_EXIST", "", lambda: client.get_model_version(name, "2"))
    client.delete_registered_model_alias(name, "candidate")
    same(client.get_registered_model(name).aliases, {})
    refused("RESOURCE_CONFLICT", "stays", lambda: client.delete_registered_model(name))
    refused("RESOURCE_CONFLICT", "keeps its name", lambda: client.rename_registered_model(name, "other"))
    refused("INVALID_PARAMETER_VALUE", "no files", lambda: client.create_model_version(name, f"runs:/{client.get_model_version(name, '1').run_id}/nothing"))
    refused("INVALID_PARAMETER_VALUE", "is not kept here", lambda: client.create_model_version(name, "file:///etc"))
    client.set_registered_model_alias(name, "candidate", "1")
    said("registry: descriptions, tags, aliases, searches, stages; protected stage and alias answer 403 with the page")


def accounts():
    if len(sys.argv) < 5:
        return
    user, password = sys.argv[3:5]
    os.environ.pop("MLFLOW_TRACKING_TOKEN")
    os.environ["MLFLOW_TRACKING_USERNAME"] = user
    for secret in [password, token]:
        os.environ["MLFLOW_TRACKING_PASSWORD"] = secret
        same(MlflowClient().get_experiment("0").name, "Default")
    for _ in range(60):
        MlflowClient().get_experiment("0")
    os.environ["MLFLOW_TRACKING_PASSWORD"] = "wrong password"
    refused("UNAUTHENTICATED", "", lambda: MlflowClient().get_experiment("0"))
    os.environ.pop("MLFLOW_TRACKING_USERNAME")
    os.environ.pop("MLFLOW_TRACKING_PASSWORD")
    refused("UNAUTHENTICATED", "", lambda: MlflowClient().get_experiment("0"))
    os.environ["MLFLOW_TRACKING_TOKEN"] = token
    said("accounts: token, user name with password, user name with token; nothing and a wrong password are refused")


print(f"mlflow {mlflow.__version__} against {server}")
run = runs_and_experiments()
searches(run)
limits(run)
artifacts(run)
inputs()
registry(models_3() if IS_3 else models_2())
accounts()
print(f"{done} scenarios hold with mlflow {mlflow.__version__}")
