#!/usr/bin/env python3
"""The bill of materials of a build: CycloneDX 1.6, of what Cargo.lock says that the binary is compiled from.

    python3 .ci/sbom.py [--target TRIPLE] [--features LIST] >driftledger.cdx.json

Reads `cargo metadata` and Cargo.lock, nothing else, and no network. Dependencies of tests only are left out; those that run while it is
built (build scripts, macros) are in it with the scope `excluded`. It holds no time and no random number: one lock file, one target and one
choice of features give the same bytes. Needs Python 3.11.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent


def host():
    """The target that cargo builds for by default."""
    lines = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout.splitlines()
    return next(line.removeprefix("host: ") for line in lines if line.startswith("host: "))


def metadata(target, features):
    """What cargo resolves for one target."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", target]
    command += ["--features", features] if features else []
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def reached(graph, start):
    """Ids of all packages that the binary needs, with whether they are compiled into it, and the edges between them."""
    linked, edges, waiting = {}, {}, [(start, True)]
    macros = {package["id"] for package in graph["packages"] if any("proc-macro" in target["kind"] for target in package["targets"])}
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    while waiting:
        package, into = waiting.pop()
        into = into and package not in macros
        if linked.get(package, False) or (package in linked and not into):
            continue
        linked[package] = into
        edges[package] = set()
        for dependency in nodes[package]["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]} - {"dev"}
            if kinds:
                edges[package].add(dependency["pkg"])
                waiting.append((dependency["pkg"], into and None in kinds))
    return linked, edges


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksum, into):
    found = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"]}
    found |= {"scope": "required" if into else "excluded", "purl": reference(package)}
    if package["description"]:
        found["description"] = " ".join(package["description"].split())
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["license"]:
        # Before SPDX expressions, `/` stood for `OR`.
        found["licenses"] = [{"expression": " OR ".join(part.strip() for part in package["license"].split("/"))}]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default=None)
    parser.add_argument("--features", default="")
    arguments = parser.parse_args()
    target = arguments.target or host()
    graph, lock = metadata(target, arguments.features), (ROOT / "Cargo.lock").read_bytes()
    locked = tomllib.loads(lock.decode())["package"]
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    packages = {package["id"]: package for package in graph["packages"]}
    start = graph["resolve"]["root"]
    linked, edges = reached(graph, start)
    own = packages[start]
    others = sorted((packages[one] for one in linked if one != start), key=lambda package: (package["name"], package["version"]))
    properties = {"cargo:features": arguments.features, "cargo:lock:sha256": hashlib.sha256(lock).hexdigest(), "cargo:target": target}
    root = component(own, None, True) | {"type": "application"}
    del root["scope"]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([own['version'], properties], sort_keys=True))}",
        "version": 1,
        "metadata": {
            "component": root,
            "lifecycles": [{"phase": "build"}],
            "properties": [{"name": name, "value": value} for name, value in properties.items() if value],
        },
        "components": [component(one, checksums.get((one["name"], one["version"])), linked[one["id"]]) for one in others],
        "dependencies": sorted(
            ({"ref": reference(packages[one]), "dependsOn": sorted(reference(packages[to]) for to in edges[one])} for one in linked),
            key=lambda entry: entry["ref"],
        ),
    }
    print(json.dumps(bom, indent=1, ensure_ascii=False))


main()
