#!/usr/bin/env python3
"""Change a pack in every way and ask both verifiers: do they agree, and do they name what was changed?

    python3 compare_verifiers.py PACK.zip path/to/driftledger

For the first file of every folder: one flipped byte, removed, renamed, swapped with its neighbour, a file more; each as it is
and once more with the manifest listing the files anew, as somebody who covers a change would; and rows that say something else than their
entries and the records beside them, of which both verifiers have to say what is wrong. Needs the packages `cryptography`
and `blake3`. Exit code 0 when both verifiers name every change at its file. Packs of earlier ledgers have no seal: there, pages and words for
reading prove nothing, and where the manifest covers up a change in one of them, or in what a witness said, nobody needs to name it.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import blake3
import verify_pack

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "verify_pack.py")

# Files for reading, which follow from records that both verifiers check.
FOR_READING = (".html", "README.txt", "DICTIONARY.csv")


def only_sealed(file):
    """Whether nothing but the seal says that a file is what it was."""
    return file.endswith(FOR_READING) or file.startswith("witnessed/")


def read(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def seal(files, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)


def relist(files):
    manifest = json.loads(files["MANIFEST.json"])
    manifest["files"] = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "blake3": blake3.blake3(data).hexdigest()}
        for name, data in sorted(files.items(), key=lambda item: item[0].encode()) if name not in ("MANIFEST.json", "SEAL")]
    files["MANIFEST.json"] = verify_pack.canonical(manifest).encode()


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]


def changes(files):
    """Every change as (what, the file it must be found at, the changed files)."""
    first, seen = [], set()
    for name in sorted(files):
        folder = name.rsplit("/", 1)[0] + name[-5:] if "/" in name else name
        if folder not in seen:
            seen.add(folder)
            first.append(name)
    for name in first:
        yield f"flip {name}", name, {**files, name: flip(files[name])}
        yield f"remove {name}", name, {n: d for n, d in files.items() if n != name}
        if name != "MANIFEST.json":
            renamed = {n: d for n, d in files.items() if n != name}
            yield f"rename {name}", name, {**renamed, name + ".old": files[name]}
        peer = next((n for n in sorted(files) if n != name and "/" in name
                     and n.rsplit("/", 1)[0] == name.rsplit("/", 1)[0] and files[n] != files[name]), None)
        if peer:
            yield f"swap {name}", name, {**files, name: files[peer], peer: files[name]}
    for name in ("note.txt", "reports/re_more.json", "records/report/re_more.json", "records/credential/cr_1.json"):
        yield f"add {name}", name, {**files, name: b"{}"}


def forgeries(files):
    """Rows that say something else than their entries and other records, as (the file, the finding about it, the changed files)."""
    def first(table):
        return next(((name, json.loads(files[name])) for name in sorted(files) if name.startswith(f"records/{table}/")), (None, None))

    def forged(name, row, **said):
        return {**files, name: verify_pack.canonical({**row, **said}).encode()}

    name, row = first("second_factor")
    if name:
        other = next(json.loads(files[other])["id"] for other in sorted(files)
                     if other.startswith("records/account/") and row["by_account_id"] not in other)
        yield name, "act_differs", forged(name, row, by_account_id=other)
        yield name, "factor_not_valid", forged(name, row, state="temporary" if row["state"] == "enrolled" else "enrolled")
    name, row = first("test_run_invalidation")
    if name:
        run = json.loads(files[verify_pack.record_file("test_run", row["test_run_id"])])
        yield name, "step_not_permitted", forged(name, row, account_id=run["account_id"])
        yield name, "record_disagrees", forged(name, row, reason="another reason, which nobody has signed")


def answer(command):
    done = subprocess.run(command + ["--json"], capture_output=True, text=True, check=False)
    findings = json.loads(done.stdout)["findings"] if done.returncode in (0, 1) else []
    named = {finding["file"] for finding in findings} | {(finding["file"], finding["code"]) for finding in findings}
    return done.returncode, named


def main():
    pack, program = sys.argv[1:3]
    files = read(pack)
    cases = []
    for what, file, changed in changes(files):
        cases.append((what, file, changed))
        if "MANIFEST.json" in changed and file != "MANIFEST.json":
            covered = dict(changed)
            relist(covered)
            cases.append((what + ", covered up", file, covered))
    for file, code, changed in forgeries(files):
        covered = dict(changed)
        relist(covered)
        cases.append((f"forge {file}: {code}", (file, code), covered))
    with tempfile.TemporaryDirectory() as folder:
        def ask(numbered):
            number, (what, file, changed) = numbered
            path = os.path.join(folder, f"{number}.zip")
            seal(changed, path)
            both = answer([program, "verify", path]), answer([sys.executable, SCRIPT, path])
            os.remove(path)
            return what, file, both
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(ask, enumerate(cases)))
    differ = unnamed = 0
    for what, file, ((code, named), (script_code, script_named)) in answers:
        program_sees, script_sees = file in named, file in script_named
        if "SEAL" not in files and only_sealed(file) and what.endswith(", covered up"):
            continue
        if (code, program_sees) != (script_code, script_sees):
            differ += 1
            print(f"differ: {what}: program {code} {'names' if program_sees else 'does not name'} it, "
                  f"script {script_code} {'names' if script_sees else 'does not name'} it")
        elif not program_sees:
            unnamed += 1
            print(f"neither names the file: {what} (exit {code})")
    print(f"{len(answers)} changes, {differ} answered differently, {unnamed} named by neither")
    return 1 if differ or unnamed else 0


if __name__ == "__main__":
    sys.exit(main())
