#!/usr/bin/env python3
"""Change one meaning in one record of a pack, make everything anew that the ledger's key can make, and ask both verifiers.

    python3 compare_meanings.py PACK.zip path/to/driftledger

The key is one of this script's own: the pack is said to be of it throughout, and both verifiers are told to trust it. What is left to
contradict a change is what other records say. Every change below that fits the pack must be named by both verifiers with the same code.
Exit code 0 when it is; 1 with what was not. Needs the packages `cryptography` and `blake3`.
"""
import base64
import copy
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import blake3
import verify_pack
from compare_verifiers import SCRIPT, read, relist, seal
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = b"\x01" + KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
# Columns that hold a document, and the digest of it.
DOCUMENTS = {"document": "sha256", "registration": "content_sha256", "manifest": "manifest_sha256"}
# Files for reading are made by the program alone; this script leaves them as they were.
FOR_READING = (".html", "README.txt")

more, less = lambda value: value + 1, lambda value: value - 1
other = lambda *values: lambda value: next(one for one in values if one != value)
anew = lambda value: "ab" * 32
# Table, place (first of a list: 0), change, and the code by which both must name it.
MEANINGS = [
    ("report", ("document", "verdict"), other("stable", "drift"), "report_not_reproduced"),
    ("report", ("document", "features", 0, "profile", "nulls", 0), more, "report_not_reproduced"),
    ("report", ("document", "state_after", "batches"), more, "report_not_reproduced"),
    ("report", ("document", "context", "earlier_batches"), lambda value: {number: name + "b" for number, name in value.items()}, "record_disagrees"),
    ("report", ("meter",), lambda value: value + 0.25, "record_disagrees"),
    ("report", ("version_state",), other("in_use", "draft"), "record_disagrees"),
    ("batch", ("rows",), more, "record_disagrees"),
    ("batch", ("name",), lambda value: value + "b", "record_disagrees"),
    ("cohort", ("document", "tally", "labelled"), less, "cohort_not_reproduced"),
    ("cohort", ("document", "tally", "first", 1), more, "cohort_not_reproduced"),
    ("cohort", ("document", "figures", "figures", 0, "value"), lambda value: value * 0.9, "cohort_not_reproduced"),
    ("cohort", ("document", "figures", "figures", 0, "interval", 0), lambda value: value * 0.9, "cohort_not_reproduced"),
    ("cohort", ("document", "calibration", "error", "estimate"), lambda value: value * 0.5, "cohort_not_reproduced"),
    ("cohort", ("document", "is_evidence"), lambda value: not value, "cohort_not_reproduced"),
    ("cohort", ("document", "context", "version"), lambda value: value + "b", "record_disagrees"),
    ("cohort", ("document", "context", "batch_sha256"), anew, "record_disagrees"),
    ("performance", ("document", "cohorts", 0, "new", 1), more, "performance_not_reproduced"),
    ("performance", ("document", "evidence", "level"), other("quiet", "watch"), "performance_not_reproduced"),
    ("performance", ("document", "evidence", "meter"), lambda value: value + 0.25, "performance_not_reproduced"),
    ("performance", ("document", "evidence", "before", "evaluations"), more, "report_out_of_order"),
    ("performance", ("number",), more, "report_out_of_order"),
    ("acceptance_plan", ("document", "model"), lambda value: value + "b", "record_disagrees"),
    ("test_run", ("document", "groups", 0, "tally", "rows"), more, "record_disagrees"),
    ("test_run", ("document", "groups", 0, "figures", "figures", 0, "interval", 1), lambda value: value * 0.9, "test_run_not_reproduced"),
    ("test_run", ("document", "context", "look"), more, "record_disagrees"),
    ("test_run", ("meets",), lambda value: 1 - value, "record_disagrees"),
    ("model_record", ("document", "version"), lambda value: value + "b", "record_disagrees"),
    ("model_record", ("revision",), more, "record_disagrees"),
    ("version_step", ("document", "tier"), other("high", "low"), "record_disagrees"),
    ("version_step", ("document", "model"), lambda value: value + "b", "record_disagrees"),
    ("version_step", ("document", "acceptance", "test_run", "meets_plan"), lambda value: not value, "record_disagrees"),
    ("version_step", ("document", "model_record", "sha256"), anew, "record_disagrees"),
    ("version_step", ("document", "model_record", "entry"), more, "record_disagrees"),
    ("version_step", ("document", "to"), other("approved", "in_use"), "step_not_allowed"),
    ("version_step", ("step",), other("approve", "release"), "record_disagrees"),
    ("decision", ("document", "version"), lambda value: value + "b", "record_disagrees"),
    ("decision", ("document", "reports", 0, "sha256"), anew, "record_disagrees"),
    ("signature", ("document", "meaning"), other("approves_study"), "record_disagrees"),
    ("signature", ("document", "signer", "role"), other("qa", "reviewer"), "record_disagrees"),
    ("record_signature", ("document", "meaning"), other("closed", "reviewed"), "record_disagrees"),
    ("record_signature", ("document", "signed_at"), lambda value: "2020" + value[4:], "record_disagrees"),
    ("identity_check", ("checked_on",), lambda value: "2099" + value[4:], "identity_check_not_valid"),
    ("identity_check", ("method",), other("by_letter"), "identity_check_not_valid"),
    ("accountability_acceptance", ("document", "account", "printed_name"), lambda value: value + " II", "record_disagrees"),
    ("account", ("role",), other("inspector", "admin"), "record_disagrees"),
    ("account", ("printed_name",), lambda value: value + " II", "record_disagrees"),
    ("episode", ("kind",), other("silence", "drift"), "record_disagrees"),
]


def verifier_key(name):
    return f"{name}+{hashlib.sha256(name.encode() + bytes([10]) + PUBLIC).digest()[:4].hex()}+{base64.b64encode(PUBLIC).decode()}"


def signed(text, name):
    identifier = hashlib.sha256(name.encode() + b"\n" + PUBLIC).digest()[:4]
    return f"{text}\n\u2014 {name} {base64.b64encode(identifier + KEY.sign(text.encode())).decode()}\n".encode()


def opened(row):
    """A row with its documents as values."""
    return {column: json.loads(value) if column in DOCUMENTS else value for column, value in row.items()}


def closed(row):
    return {column: verify_pack.canonical(value) if column in DOCUMENTS else value for column, value in row.items()}


def follow(rows):
    """Digests of documents that changed, in every row that repeats them, until none is left."""
    while True:
        moved = {}
        for row in rows.values():
            for column, digest in DOCUMENTS.items():
                now = hashlib.sha256(row[column].encode()).hexdigest() if column in row and digest in row else None
                if now and now != row[digest]:
                    moved[row[digest]] = now
        if not moved:
            return
        for row in rows.values():
            for column, value in row.items():
                if isinstance(value, str):
                    for before, after in moved.items():
                        value = value.replace(before, after)
                    row[column] = value


def path(index, hashes):
    """The inclusion proof of a leaf (RFC 9162 2.1.3)."""
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if index < split:
        return path(index, hashes[:split]) + [verify_pack.tree_root(hashes[split:])]
    return path(index - split, hashes[split:]) + [verify_pack.tree_root(hashes[:split])]


def made_anew(files, rows):
    """The pack with these rows, and all that follows from them, under this script's key."""
    files, rows = dict(files), copy.deepcopy(rows)
    old = files["verifier_key"].decode().rstrip("\n")
    name = old.split("+")[0]
    new = verifier_key(name)
    for row in rows.values():
        row.update({column: new for column, value in row.items() if value == old})
    follow(rows)
    entries = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
    at = {}
    for file, row in rows.items():
        table, data = file.split("/")[1], verify_pack.canonical(row).encode()
        files[file], at[table, row["id"]] = data, hashlib.sha256(data).hexdigest()
        folder, column = verify_pack.COPIES.get(table, (None, None))
        if column in row:
            files[f"{folder}{verify_pack.encode(row['id'])}.json"] = row[column].encode()
    for file in [file for file in files if file.startswith("bodies/")]:
        body = json.loads(files[file])
        for line in body["rows"]:
            line["sha256"] = at.get((line["table"], line["key"]), line["sha256"])
        data = files[file] = verify_pack.canonical(body).encode()
        entries[int(file[7:-5])]["body"].update(sha256=hashlib.sha256(data).hexdigest(), b3=blake3.blake3(data).hexdigest(), len=len(data))
    leaves = [verify_pack.canonical(entry).encode() for entry in entries]
    hashes = [verify_pack.leaf_hash(leaf) for leaf in leaves]
    root = base64.b64encode(verify_pack.tree_root(hashes)).decode()
    files["entries.jsonl"] = b"".join(leaf + b"\n" for leaf in leaves)
    files["verifier_key"] = files["verifier_key"].replace(old.encode(), new.encode())
    files["checkpoint"] = signed(f"{name}\n{len(leaves)}\n{root}\n", name)
    for file in [file for file in files if file.startswith("proofs/")]:
        index = int(file[7:].split(".")[0])
        proof = "".join(base64.b64encode(one).decode() + "\n" for one in path(index, hashes))
        files[file] = f"c2sp.org/tlog-proof@v1\nindex {index}\n{proof}\n".encode() + files["checkpoint"]
    relist(files)
    if "SEAL" in files:
        listed = "".join(f"{hashlib.sha256(files[file]).hexdigest()}  {file}\n" for file in sorted(files, key=str.encode) if file != "SEAL")
        files["SEAL"] = signed(f"driftledger/evidence-seal/v1\n{name}\n{len(leaves)}\n{listed}", name)
    return files, new


def named(command):
    """What a verifier names, by code and record; tables and pages repeat records, and are left as they were."""
    done = subprocess.run(command + ["--json"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]}: {done.stderr}")
    found = {(finding["code"], finding["file"]) for finding in json.loads(done.stdout)["findings"]}
    return {(code, file) for code, file in found if not file.endswith(FOR_READING) and not file.startswith("tables/")}


def changed(rows, table, place, change):
    """The first row of the table that has something at this place, changed there; None where no row has."""
    for file in sorted(rows):
        if file.split("/")[1] != table:
            continue
        row = opened(rows[file])
        try:
            at = row
            for part in place[:-1]:
                at = at[part]
            at[place[-1]] = change(at[place[-1]])
        except (KeyError, IndexError, TypeError):
            continue
        return file, closed(row)
    return None


def main():
    pack, program = sys.argv[1:3]
    files = read(pack)
    rows = {file: json.loads(data) for file, data in files.items() if file.startswith("records/")}
    wrong = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        forged = os.path.join(folder, "forged.zip")

        def both(rows):
            made, key = made_anew(files, rows)
            seal(made, forged)
            return [named([*command, forged, "--key", key]) for command in ([program, "verify"], [sys.executable, SCRIPT])]
        before = both(rows)
        if any(before):
            print(f"made anew without a change, it is not valid: {before}")
            return 1
        for table, place, change, code in MEANINGS:
            found = changed(rows, table, place, change)
            if not found:
                continue
            tried += 1
            told = [{one for one, _ in findings} for findings in both({**rows, found[0]: found[1]})]
            if not all(code in codes for codes in told):
                wrong += 1
                print(f"{table}: {' '.join(map(str, place))}: expected {code}; the program names {sorted(told[0])}, the script {sorted(told[1])}")
    print(f"{tried} meanings changed under the ledger's own key, {wrong} not named alike")
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
