"""Reports lineage with the OpenLineage client, and finds it in the lineage of a version.

    standards_lineage.py URL TOKEN TRAINING_FILE
"""

import datetime
import hashlib
import json
import sys
import urllib.request
from importlib.metadata import version as installed

import requests
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import DatasetEvent, InputDataset, Job, JobEvent, OutputDataset, Run, RunEvent, RunState, StaticDataset
from openlineage.client.facet_v2 import dataset_version_dataset, schema_dataset, symlinks_dataset
from openlineage.client.transport.http import HttpConfig, HttpTransport
from openlineage.client.uuid import generate_new_uuid

URL, TOKEN, TRAIN = sys.argv[1:]
PRODUCER = "https://example.org/producer"


def client(token, compression=None):
    config = {"url": URL, "auth": {"type": "api_key", "apiKey": token}}
    if compression:
        config["compression"] = compression
    return OpenLineageClient(transport=HttpTransport(HttpConfig.from_dict(config)))


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def lineage():
    path = f"{URL}/api/v1/models/tablets/versions/one/lineage"
    with urllib.request.urlopen(urllib.request.Request(path, headers={"Authorization": f"Bearer {TOKEN}"})) as answer:
        return json.load(answer)


with open(TRAIN, "rb") as file:
    digest = hashlib.sha256(file.read()).hexdigest()
raw = InputDataset("s3://lake", "raw/tablets", facets={
    "schema": schema_dataset.SchemaDatasetFacet(fields=[schema_dataset.SchemaDatasetFacetFields(name="tablet", type="INT")])})
train = OutputDataset("s3://lake", "train", facets={
    "version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=f"sha256:{digest}")})
failed = OutputDataset("s3://lake", "train", facets={
    "symlinks": symlinks_dataset.SymlinksDatasetFacet(
        identifiers=[symlinks_dataset.Identifier(namespace="content", name=f"sha256:{digest}", type="DIGEST")])})
job = Job("pipeline", "clean")

first, second = str(generate_new_uuid()), str(generate_new_uuid())
plain, packed = client(TOKEN), client(TOKEN, "gzip")
plain.emit(RunEvent(eventType=RunState.START, eventTime=now(), run=Run(first), job=job, producer=PRODUCER, inputs=[raw], outputs=[]))
packed.emit(RunEvent(eventType=RunState.COMPLETE, eventTime=now(), run=Run(first), job=job, producer=PRODUCER, inputs=[raw], outputs=[train]))
plain.emit(RunEvent(eventType=RunState.FAIL, eventTime=now(), run=Run(second), job=job, producer=PRODUCER, inputs=[raw], outputs=[failed]))
plain.emit(DatasetEvent(eventTime=now(), producer=PRODUCER, dataset=StaticDataset("s3://lake", "raw/tablets")))
plain.emit(JobEvent(eventTime=now(), producer=PRODUCER, job=Job("pipeline", "collect"), inputs=[], outputs=[OutputDataset("s3://lake", "raw/tablets")]))

graph = lineage()
labels = [node["label"] for node in graph["nodes"]]
for label in ("s3://lake train", "clean (complete)", "clean (fail)", "s3://lake raw/tablets", "collect"):
    assert label in labels, labels
joined = [edge for edge in graph["edges"] if edge["relation"] == "same_content"]
assert len(joined) == 1 and joined[0]["from"] == "openlineage:dataset:s3://lake:train", joined

for wrong, status in (
    ({"eventTime": "yesterday", "producer": PRODUCER, "schemaURL": "s", "job": {"namespace": "n", "name": "j"}}, 422),
    ({"eventTime": now(), "producer": PRODUCER, "schemaURL": "s"}, 422),
):
    answer = requests.post(f"{URL}/api/v1/lineage", json=wrong, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, "lineage_event_not_valid"), problem
    assert answer.headers["content-type"] == "application/problem+json" and problem["detail"]
try:
    client("no token").emit(RunEvent(eventType=RunState.START, eventTime=now(), run=Run(first), job=job, producer=PRODUCER))
except requests.HTTPError as refused:
    assert refused.response.status_code == 401, refused
else:
    raise AssertionError("a token that is none was taken")
assert len(lineage()["nodes"]) == len(graph["nodes"])
print(f"ok   lineage: run, dataset and job events, plain and gzip (openlineage-python {installed('openlineage-python')}); wrong ones refused")
