"""What must hold of the bill of materials; called by `supply_chain` with its path."""

import json
import sys
import tomllib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = open(sys.argv[1], encoding="utf-8").read()
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
assert error is None, error
bom = json.loads(text)
assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"required"', '"wanted"', 1)) is not None

with open("Cargo.lock", "rb") as file:
    locked = {(package["name"], package["version"]): package for package in tomllib.load(file)["package"]}
components = {(one["name"], one["version"]): one for one in bom["components"]}
for key, one in components.items():
    assert key in locked, f"{key} is not locked"
    assert one["hashes"] == [{"alg": "SHA-256", "content": locked[key]["checksum"]}], key
    assert one["licenses"], key
names = {name for name, _ in components}
scopes = {name: one["scope"] for (name, _), one in components.items()}
with open("Cargo.toml", "rb") as file:
    cargo = tomllib.load(file)
direct = {name for name, how in cargo["dependencies"].items() if not (isinstance(how, dict) and how.get("optional"))}
assert direct <= names, direct - names
tests_only = set(cargo.get("dev-dependencies", {})) - direct
assert not {name for name in tests_only & names if scopes[name] == "required" and not any(
    f"pkg:cargo/{name}@" in to for entry in bom["dependencies"] if "driftledger" not in entry["ref"] for to in entry["dependsOn"])}, "only tests need these"
assert scopes["rusqlite"] == "required" and scopes["serde_derive"] == "excluded", "macros are not compiled in"
refs = {entry["ref"] for entry in bom["dependencies"]}
assert {to for entry in bom["dependencies"] for to in entry["dependsOn"]} <= refs
required = sum(scope == "required" for scope in (one["scope"] for one in bom["components"]))
print(f"CycloneDX 1.6, strictly valid: {required} crates compiled in, {len(bom['components']) - required} while building")
