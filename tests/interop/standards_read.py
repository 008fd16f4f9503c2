"""Reads the exports of one version with the tools they are for, and holds their digests against the files themselves.

    standards_read.py URL TOKEN VERSION FOLDER LOG_VKEY MODEL_PUBLIC_KEY
"""

import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import urllib.request
from importlib.metadata import version as installed

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from prov.model import ProvActivity, ProvDerivation, ProvDocument, ProvEntity
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

URL, TOKEN, VERSION, FOLDER, VKEY, MODEL_KEY = sys.argv[1:]
FOLDER = pathlib.Path(FOLDER)
TOOLS = pathlib.Path(sys.executable).parent


def export(kind):
    """The bytes of an export; the service and the command give the same."""
    path = f"{URL}/api/v1/models/tablets/versions/{VERSION}/exports/{kind}"
    request = urllib.request.Request(path, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request) as answer:
        found = answer.read()
    assert found == (FOLDER / f"{VERSION}.{kind}").read_bytes(), f"{kind}: service and command differ"
    return found


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def said(tool, what):
    print(f"ok   {VERSION}: {what} ({tool} {installed(tool)})")


TRAIN = [FOLDER / "größe 1.csv"] if VERSION == "one" else sorted((FOLDER / "train").iterdir())
TRAIN = [sha256(path) for path in TRAIN]
MODEL = [FOLDER / "model.bin"] if VERSION == "one" else [p for p in (FOLDER / "model").rglob("*") if p.is_file()]
MODEL = sorted(sha256(path) for path in MODEL)


def cyclonedx():
    found = export("cyclonedx").decode()
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    wrong = validator.validate_str(found)
    assert wrong is None, wrong
    damaged = json.loads(found)
    damaged["components"][0]["made_up"] = 1
    assert validator.validate_str(json.dumps(damaged)) is not None, "the validator takes anything"
    bom = Bom.from_json(json.loads(found))
    model = bom.metadata.component
    assert model.type.value == "machine-learning-model" and model.version == VERSION
    assert sorted(h.content for c in model.components for h in c.hashes if h.alg.value == "SHA-256") == MODEL

    def hashes(component):
        own = {h.content for h in component.hashes if h.alg.value == "SHA-256"}
        return own.union(*(hashes(inner) for inner in component.components))

    train = next(c for c in bom.components if c.bom_ref.value == "dataset-0")
    assert hashes(train) == set(TRAIN), train
    said("cyclonedx-python-lib", "valid CycloneDX 1.6, strictly")


def in_toto():
    envelope = Envelope.from_dict(json.loads(export("in-toto")))
    name, keyid, typed = pathlib.Path(VKEY).read_text().strip().split("+", 2)
    public = base64.b64decode(typed)[1:].hex()

    def key(public):
        return SSlibKey(keyid, "ed25519", "ed25519", {"public": public})

    assert list(envelope.verify([key(public)], 1)) == [keyid]
    other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    for damaged, held in ((envelope.payload + b" ", public), (envelope.payload, other)):
        made = Envelope(damaged, envelope.payload_type, envelope.signatures)
        try:
            made.verify([key(held)], 1)
        except VerificationError:
            continue
        raise AssertionError("a changed payload or another key was taken")
    said("securesystemslib", "DSSE envelope signed by the ledger's key, changed ones refused")

    statement = json_format.Parse(envelope.payload, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    assert envelope.payload_type == "application/vnd.in-toto+json"
    assert statement.predicate_type == "https://slsa.dev/provenance/v1"
    assert sorted(dict(s.digest)["sha256"] for s in statement.subject) == MODEL
    predicate = json_format.MessageToJson(statement.predicate)
    provenance = json_format.Parse(predicate, provenance_pb2.Provenance())
    definition = provenance.build_definition
    found = [dict(d.digest).get("sha256") for d in definition.resolved_dependencies]
    assert [digest for digest in found if digest] == TRAIN, found
    assert all("tdh1" in d.digest for d in definition.resolved_dependencies[:1])
    assert definition.internal_parameters["ledger"] == name
    assert definition.build_type and provenance.run_details.builder.id
    said("in-toto-attestation", "valid Statement v1 with SLSA provenance v1, no field unknown")


def prov():
    document = ProvDocument.deserialize(content=export("prov").decode(), format="json")
    entities = list(document.get_records(ProvEntity))
    kinds = sorted(str(next(iter(e.get_attribute("dl:kind")))) for e in entities)
    assert kinds == ["artifact"] * len(MODEL) + ["dataset", "dataset", "model_version"], kinds
    assert len(list(document.get_records(ProvDerivation))) == 2 + len(MODEL)
    assert not list(document.get_records(ProvActivity))
    again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert again == document
    said("prov", "PROV-JSON, the same after another writing")


def croissant():
    found = json.loads(export("croissant"))

    def valid(document):
        path = FOLDER / "croissant.json"
        path.write_text(json.dumps(document))
        command = [TOOLS / "mlcroissant", "validate", "--jsonld", path]
        return subprocess.run(command, capture_output=True, text=True)

    told = valid(found)
    assert told.returncode == 0, told.stderr
    files = {file["sha256"] for file in found["distribution"]}
    assert files == set(TRAIN) | {sha256(FOLDER / "reference.csv")}
    fields = [field["source"]["extract"]["column"] for field in found["recordSet"][0]["field"]]
    assert fields == ["tablet", "weight_mg", "line"], fields
    found["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "nothing"
    assert valid(found).returncode != 0, "the validator takes anything"
    said("mlcroissant", "valid Croissant 1.0; a reference to nothing refused")


def model_signature():
    bundle = FOLDER / "model.sig"
    bundle.write_bytes(export("model-signature"))
    model = FOLDER / "signed"
    shutil.rmtree(model, ignore_errors=True)
    if VERSION == "one":
        model.mkdir()
        shutil.copy(FOLDER / "model.bin", model)
        some = model / "model.bin"
    else:
        shutil.copytree(FOLDER / "model", model)
        some = model / "inner" / "gewichte ü.bin"

    def verified(key=MODEL_KEY):
        command = [TOOLS / "model_signing", "verify", "key", "--signature", bundle, "--public_key", key, model]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode == 0, done.stdout + done.stderr

    right, told = verified()
    assert right, told
    kept = some.read_bytes()
    some.write_bytes(kept + b" ")
    assert not verified()[0], "a changed file was taken"
    some.write_bytes(kept)
    (model / "more.bin").write_bytes(b"more")
    assert not verified()[0], "a file that was not signed was taken"
    (model / "more.bin").unlink()
    other = FOLDER / "other.pub"
    private = ec.generate_private_key(ec.SECP256R1()).public_key()
    other.write_bytes(private.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert not verified(other)[0], "another key was taken"
    assert verified()[0]
    said("model-signing", "signature accepted; a changed file, a file more and another key refused")


cyclonedx()
in_toto()
prov()
croissant()
model_signature()
