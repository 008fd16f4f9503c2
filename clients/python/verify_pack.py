#!/usr/bin/env python3
"""Verify a driftledger evidence pack: a second verifier that shares no code with the program.

    python3 verify_pack.py PACK.zip [--key VKEY_OR_FILE | --policy FILE] [--timestamp-root PEM_FILE [--timestamp-crl PEM_FILE]] [--json]

Needs Python 3.9 or newer and the package `cryptography`. Exit code 0: nothing wrong. 1: findings, each with the file it is
about. 2: not an evidence pack. It verifies files, leaves, tree, checkpoint, proofs, bodies, records, copies, decisions and
signatures, the way from an earlier key of the ledger to the one in force, cosignatures of witnesses under a policy file (C2SP tlog-policy), time stamps (RFC 3161) under the root certificate of their
authority and its revocation lists, and computes total variation, PSI and the e-detector step of every report, every figure of cohorts and test runs with
its interval, and the evidence that an error rate has risen again from the stored counts, to 1e-9.
BLAKE3 digests are verified where the package `blake3` is there (the same files are verified by SHA-256 anyway); HTML pages are not
(they repeat a document).
"""
import argparse
import base64
import csv
import hashlib
import io
import json
import math
import os
import sys
import unicodedata
import zipfile
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from statistics import NormalDist

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:
    import blake3
except ImportError:
    blake3 = None

FIXED = ["MANIFEST.json", "SEAL", "README.txt", "checkpoint", "verifier_key", "entries.jsonl", "story.html", "prediction.json"]
SCOPE = {"model", "version", "alert", "batch", "prediction", "from", "to", "until"}
COPIES = {"model_version": ("registrations/", "registration"), "reference": ("references/", "document"),
          "policy": ("policies/", "document"), "monitor": ("monitors/", "document"),
          "reference_proposal": ("reference-proposals/", "document"), "study": ("studies/", "document"),
          "study_signature": ("study-signatures/", "document"), "model_record": ("model-records/", "document"),
          "version_step": ("version-steps/", "document"), "change_record": ("change-records/", "document"),
          "record_signature": ("record-signatures/", "document"),
          "acceptance_plan": ("acceptance-plans/", "document"), "test_run": ("test-runs/", "document"),
          "test_run_invalidation": ("test-run-invalidations/", "document"),
          "report": ("reports/", "document"), "batch_invalidation": ("invalidations/", "document"),
          "performance": ("performance/", "document"), "cohort": ("cohorts/", "document"),
          "decision": ("decisions/", "document"), "signature": ("signatures/", "document"),
          "accountability_acceptance": ("acceptances/", "document"),
          "hold_lift": ("hold-lifts/", "document"), "disposal": ("disposals/", "document"), "redaction": ("redactions/", "document"),
          "episode_step": ("alert-steps/", "document"), "qualification": ("qualifications/", "document"),
          "incident": ("incidents/", "document"), "drill": ("drills/", "document"),
          "indicator_sheet": ("indicators/", "document"),
          "periodic_review": ("periodic-reviews/", "document"), "review_sample": ("review-samples/", "document"),
          "review_answer": ("review-answers/", "document"), "review_result": ("review-results/", "document"),
          "store_upgrade": ("upgrades/", "document")}
# Entries about a record that are laid out to who approves or closes it, and which of them are critical (some only when it is done anew).
LAID_OUT = set("""policy.set reference.propose reference.sign reference.freeze batch.quarantine batch.invalidate alert.acknowledge decision.draft
decision.sign alert.step alert.overdue study.attach study.sign model_record.attach version.step change.record change.sign acceptance.plan test.run
test.invalidate qualification.run qualification.sign sample.draw sample.close retention.set retention.assign hold.place hold.lift disposal.propose
disposal.sign redaction.propose redaction.sign proposal.withdraw""".split())
ANEW = {"acceptance.plan", "test.run", "change.record", "decision.draft", "model_record.attach"}
CRITICAL = {
    "batch.invalidate": "a batch was marked as invalid", "test.invalidate": "a test run was marked as invalid", "alert.overdue": "a remedial action was overdue",
    "reference.freeze": "another reference or policy came into force", "policy.set": "another reference or policy came into force",
    "acceptance.plan": "acceptance criteria were fixed anew", "test.run": "it was tested once more",
    "change.record": "what changed was recorded anew", "decision.draft": "a decision was drafted anew",
    "model_record.attach": "what it is for was written anew after it was submitted",
    ("version.step", "reject"): "it was rejected", ("version.step", "suspend"): "it was suspended",
    ("alert.step", "reject"): "a drafted decision was rejected",
    ("alert.step", "return_investigation"): "the investigation was sent back",
    ("alert.step", "extend"): "a due date was moved", ("alert.step", "return_action"): "the remedial action was sent back",
    ("alert.step", "refute"): "the remedial action was not shown to be effective",
    ("alert.step", "reopen"): "it was opened again after it was closed",
}
# The life of a version: state and step before, state after, roles that may, what the signature means.
RULES = {("draft", "submit"): ("submitted", ["data_scientist"], "authored"),
         ("submitted", "reject"): ("draft", ["reviewer", "qa"], "rejected"),
         ("submitted", "review"): ("submitted", ["reviewer", "process_expert"], "reviewed"),
         ("submitted", "approve"): ("approved", ["qa"], "approved"),
         ("approved", "release"): ("in_use", ["qa"], "released_for_use"),
         ("approved", "withdraw"): ("withdrawn", ["qa"], "withdrawn"),
         ("in_use", "suspend"): ("suspended", ["qa", "process_expert", "reviewer"], "suspended"),
         ("in_use", "supersede"): ("suspended", ["qa"], "superseded"),
         ("suspended", "review"): ("suspended", ["reviewer", "process_expert"], "reviewed"),
         ("suspended", "resume"): ("in_use", ["qa"], "released_for_use"),
         ("suspended", "retire"): ("retired", ["qa"], "retired"),
         ("in_use", "retire"): ("retired", ["qa"], "retired")}
# The life of an alert: state and step before, state after, roles that may, what the signature means (none: not signed), and who
# may not although the role may: i who investigated, d who drafted, o the owner of the action, c who checked; O only the owner.
QUALITY, RECORDERS = ["qa", "reviewer"], ["data_scientist", "qa", "reviewer", "process_expert"]
ALERT_RULES = {("open", "acknowledge"): ("acknowledged", QUALITY, None, ""),
               ("acknowledged", "investigate"): ("investigated", ["data_scientist", "process_expert", "reviewer"], "authored_investigation", ""),
               ("investigated", "review_investigation"): ("investigated", ["reviewer", "process_expert"], "reviewed_investigation", "i"),
               ("investigated", "return_investigation"): ("acknowledged", ["reviewer", "process_expert", "qa"], "returned_investigation", "i"),
               ("acknowledged", "draft"): ("drafted", QUALITY, None, ""), ("investigated", "draft"): ("drafted", QUALITY, None, ""),
               ("drafted", "reject"): ("acknowledged", ["qa", "reviewer", "process_expert"], "rejected_decision", "d"),
               ("drafted", "sign"): ("decided", ["qa", "reviewer", "process_expert"], None, "di"),
               ("decided", "plan"): ("action_planned", QUALITY, "approved_plan", "o"),
               ("decided", "close"): ("closed", QUALITY, "closed", "id"),
               ("action_planned", "extend"): ("action_planned", QUALITY, "extended_due_date", "o"),
               ("action_planned", "complete"): ("action_done", RECORDERS, "completed_action", "O"),
               ("action_done", "return_action"): ("action_planned", QUALITY, "returned_action", "o"),
               ("action_done", "confirm"): ("effectiveness_checked", QUALITY, "effectiveness_confirmed", "o"),
               ("action_done", "refute"): ("acknowledged", QUALITY, "effectiveness_refuted", "o"),
               ("effectiveness_checked", "close"): ("closed", QUALITY, "closed", "idoc"),
               ("closed", "reopen"): ("acknowledged", QUALITY, "reopened", "")}
for state in ["open", "acknowledged", "investigated", "drafted", "decided", "action_planned", "action_done", "effectiveness_checked", "closed"]:
    if state != "closed":
        ALERT_RULES[state, "escalate"] = (state, RECORDERS, "escalated", "")
    if state != "open":
        ALERT_RULES[state, "link_external"] = (state, QUALITY, "linked_external", "")
# The life of an incident: state and step before, state after, roles that may.
REPORTERS = ["data_scientist", "qa", "reviewer", "process_expert", "admin"]
INCIDENT_RULES = {(None, "report"): ("open", REPORTERS), ("open", "correct"): ("open", REPORTERS),
                  ("open", "investigate"): ("investigated", REPORTERS), ("investigated", "close"): ("closed", ["qa"]),
                  ("investigated", "reopen"): ("open", ["qa"]), ("closed", "reopen"): ("open", ["qa"])}
# What the rows of a table are: the column that names who acted, the types of entries that record them (none: many do), and the column that
# says what it is about, with its kind among the subjects of the entry.
VERSION, EPISODE, PERSON = ("version_id", "model_version"), ("episode_id", "episode"), ("account_id", "account")
ACTS = {"model_version": ("registered_by", "version.register", ("id", "model_version")),
        "reference": (None, "version.register reference.freeze", VERSION),
        "policy": (None, "version.register reference.freeze", VERSION),
        "monitor": (None, "version.register reference.freeze", VERSION),
        "batch": (None, "batch.ingest", VERSION),
        "quarantine": (None, "batch.quarantine", VERSION),
        "labels": (None, "labels.ingest", VERSION),
        "acknowledgement": ("account_id", "alert.acknowledge", EPISODE),
        "decision": ("account_id", "decision.draft", EPISODE),
        "signature": ("account_id", "decision.sign", ("decision_id", "decision")),
        "episode_step": ("account_id", "alert.step alert.overdue", EPISODE),
        "study": ("account_id", "study.attach", VERSION),
        "study_signature": ("account_id", "study.sign", ("study_id", "study")),
        "model_record": ("account_id", "model_record.attach", VERSION),
        "version_step": ("account_id", "version.step", VERSION),
        "record_signature": ("account_id", "", None),
        "change_record": ("account_id", "change.record", VERSION),
        "acceptance_plan": ("account_id", "acceptance.plan", VERSION),
        "test_run": ("account_id", "test.run", VERSION),
        "test_run_invalidation": ("account_id", "test.invalidate", VERSION),
        "batch_invalidation": ("account_id", "batch.invalidate", VERSION),
        "reference_proposal": ("account_id", "reference.propose", VERSION),
        "qualification": ("account_id", "qualification.run", None),
        "periodic_review": ("account_id", "review.hold", None),
        "review_sample": ("account_id", "sample.draw", VERSION),
        "review_answer": ("account_id", "sample.answer", None),
        "review_result": ("account_id", "sample.close", VERSION),
        "incident": ("account_id", "", ("incident_id", "incident")),
        "drill": ("account_id", "drill.record", None),
        "indicator_sheet": ("account_id", "indicators.record", None),
        "legal_hold": ("account_id", "hold.place", None),
        "hold_lift": ("account_id", "hold.lift", None),
        "disposal": ("account_id", "disposal.propose", None),
        "disposed_object": (None, "disposal.sign", None),
        "redaction": ("account_id", "redaction.propose", None),
        "redacted_row": (None, "redaction.sign", None),
        "withdrawal": ("account_id", "proposal.withdraw", None),
        "retention_policy": ("account_id", "retention.set", None),
        "version_retention": ("account_id", "retention.assign", VERSION),
        "accountability_acceptance": ("account_id", "accountability.accept", PERSON),
        "identity_check": ("checked_by", "identity.check", PERSON),
        "training_record": ("recorded_by", "training.record", PERSON),
        "second_factor": ("by_account_id", "factor.enrol factor.removal_ask factor.remove factor.temporary factor.temporary_use signing.hold", PERSON),
        "role_answer": ("answered_by", "role.answer", None),
        "passkey": ("account_id", "passkey.register", PERSON),
        "run": ("account_id", "run.create", ("id", "run")),
        "draft_version": ("account_id", "draft.register", ("id", "draft_version")),
        "evidence_export": (None, "evidence.export", None),
        "restore_test": (None, "restore.test", None),
        "restore": (None, "backup.restore", None),
        "store_upgrade": (None, "store.upgrade", None),
        "report": (None, "batch.ingest batch.invalidate", VERSION)}
# Which role may write entries of a type, where the role alone decides.
MAY = {"version.register": ["data_scientist"], "batch.ingest": ["data_scientist"], "batch.quarantine": ["data_scientist"],
       "labels.ingest": ["data_scientist"], "acceptance.plan": ["data_scientist", "process_expert"], "test.run": ["data_scientist", "process_expert"],
       "alert.acknowledge": QUALITY, "decision.draft": QUALITY, "decision.sign": ["qa", "reviewer", "process_expert"], "review.hold": QUALITY,
       "sample.draw": ["qa"], "sample.close": ["qa"], "drill.record": ["qa", "admin"], "indicators.record": ["qa"], "training.record": ["qa", "admin"]}
# The tier of risk by influence and consequence.
TIERS = {"low": {"low": "low", "medium": "low", "high": "medium"}, "medium": {"low": "low", "medium": "medium", "high": "high"},
         "high": {"low": "medium", "medium": "high", "high": "high"}}
# What the sheet of a step has to state.
STATES = {"reason": [("submitted", "reject"), ("approved", "withdraw"), ("in_use", "suspend"), ("suspended", "review"), ("suspended", "resume"),
                     ("suspended", "retire"), ("in_use", "retire")],
          "effective_on": [("approved", "release")]}
ALERT_REASONS = ("return_investigation", "reject", "extend", "complete", "return_action", "refute", "reopen", "escalate")
IDENTITY_METHODS = ("in_person", "video_call", "personnel_record", "known_person")
# Which states of a second factor entries of a type bring about, and whether its owner acts in them (None: the owner or somebody else).
BROUGHT_ABOUT = {"factor.enrol": (["enrolled"], True), "factor.removal_ask": (["removal_asked"], False),
                 "factor.remove": (["removed", "enrolled"], False), "factor.temporary": (["temporary"], False),
                 "factor.temporary_use": (["to_enrol"], True), "signing.hold": (["removed"], None)}
# What an incident affects: kind of the subject by which ledger entries name it.
AFFECTED = {"model_version": "model_version", "batch": "batch", "alert": "episode", "backup": "backup", "restore_test": "restore_test"}
OF_INCIDENTS = ("incident.report", "incident.revise", "incident.close")
# What the documents of these tables say that they are.
FORMATS = {table: f"driftledger/{name}/v1" for table, name in {
    "test_run": "test-run", "test_run_invalidation": "test-run-invalidation", "decision": "decision", "signature": "signature", "study_signature": "study-signature", "change_record": "change-record",
    "episode_step": "episode-step", "performance": "performance", "cohort": "cohort", "model_record": "model-record", "record_signature": "record-signature",
    "version_step": "version-step", "accountability_acceptance": "accountability-acceptance", "report": "report", "review_result": "review-result",
    "store_upgrade": "upgrade"}.items()}
FOLDERS = [folder for folder, _ in COPIES.values()] + ["bodies/", "keys/", "proofs/", "records/", "witnessed/", "stamped/", "tables/", "row_ids/"]
WITHHELD = ("credential", "token")
# Entries about an account that acted which belong to every pack it acted in.
OF_ACTORS = ("account.create", "role.request", "role.answer", "identity.ask", "identity.answer", "passkey.register",
             "passkey.revoke", "signing.hold", "signing.release", "accountability.accept", "identity.check", "training.record")
# Entries that hold for everybody who signs, or for all files.
OF_ALL = ("clock.event", "accountability.set", "training_policy.set", "retention.set")
# Legal holds: one on the whole store, or on the model, concerns each of its versions.
HOLDS = ("hold.place", "hold.lift")
# Redactions change rows that any pack may hold: they are in every pack, with what is recorded about who signed them.
OF_REDACTIONS = ("redaction.propose", "redaction.sign")
# The columns that may be redacted.
REDACTABLE = {"account_lock": ["reason"], "account_state": ["reason"], "role_request": ["reason"], "role_answer": ["reason"],
              "second_factor": ["reason"], "provider_link": ["reason"], "passkey": ["name"], "passkey_revocation": ["reason"],
              "training_record": ["evidence"], "signing_hold": ["reason"], "misuse_event": ["detail"], "misuse_answer": ["found"],
              "token_revocation": ["reason"], "model": ["description"], "batch": ["correction_reason"], "quarantine": ["reasons"],
              "episode": ["opening"], "labels": ["corrects"], "acknowledgement": ["comment"], "run": ["user_name"],
              "description": ["text"], "tag": ["value"], "restore": ["reason"], "rollback": ["reason"], "restore_test": ["reason"],
              "version_retention": ["reason"], "withdrawal": ["reason"]}
GROUNDS = {"no_longer_necessary": "not needed any more for its purpose (GDPR 17(1)(a))",
           "consent_withdrawn": "consent was withdrawn (GDPR 17(1)(b))", "objection": "the person objects (GDPR 17(1)(c))",
           "unlawfully_processed": "unlawfully recorded, or more than the purpose needs (GDPR 17(1)(d), 5(1)(c))",
           "legal_obligation": "a law demands it (GDPR 17(1)(e))", "other_law": "another law, which the reason names"}
# What a stored file is to the record that names it: table, column of its BLAKE3, column of its SHA-256.
FILE_KINDS = {"batch": ("batch", "blake3", "sha256"), "row_ids": ("batch", "row_ids", None),
              "quarantine": ("quarantine", "blake3", "sha256"), "labels": ("labels", "blake3", "sha256"),
              "test_run": ("test_run", "blake3", "file_sha256"), "artifact": ("artifact", "blake3", "sha256")}
READ_TO_JUDGE = ("batch", "row_ids", "labels")
# Entries that say which key signs which heads: in every pack, however late they came.
OF_KEYS = {"key.rotate": "rotated", "key.revoke": "revoked"}
FILE_MAX = 1 << 30
TOLERANCE = 1e-9
# By how much the clocks of the ledger and of a time-stamp authority may be apart.
CLOCKS_APART_MAX = timedelta(seconds=60)


# What stands in a registered policy for what it does not say.
DEFAULTS = {"criticality": {}, "grace_days": 0, "label_delay_days": 0, "labels_min": 30, "completeness_min": 0.9, "share": 0.15}


def filled(given, recorded, name=None):
    """Whether a recorded document is a given one, with nothing but defaults where that says nothing, and no default where it may be left out."""
    if not isinstance(given, dict) or not isinstance(recorded, dict):
        return given == recorded
    unsaid = lambda key, value: value in (None, {}, []) or key in DEFAULTS and DEFAULTS[key] == value or (key, value) == ("budget", "even") \
        or key == "performance" and filled(value, {}, key)
    return all(filled(value, recorded[key], key) if key in recorded else unsaid(key, value) for key, value in given.items()) \
        and all(key in given or key in DEFAULTS and DEFAULTS[key] == value for key, value in recorded.items())


def allocated(allocation, sizes):
    """How many rows a plan draws of strata of these sizes: so many of each, or by largest remainder."""
    if "per_stratum" in allocation:
        return [min(allocation["per_stratum"], size) for size in sizes]
    whole = max(sum(sizes), 1)
    wanted = min(allocation["proportional"], whole)
    drawn = [size * wanted // whole for size in sizes]
    order = sorted(range(len(sizes)), key=lambda place: (-(sizes[place] * wanted % whole), place))
    for place in order[:wanted - sum(drawn)]:
        drawn[place] += 1
    return [min(max(one, 1), size) for one, size in zip(drawn, sizes)]


def configuration(version):
    """The fingerprint of everything that decides what a registered version computes."""
    registration = json.loads(version["registration"])
    by_name = lambda files: {file["name"]: file["content"]["sha256"] for file in files}
    whole = {"format": "driftledger/configuration/v1", "artifacts": by_name(registration["artifacts"]),
             "preparation_code": by_name(registration["preparation_code"]), "parameters": registration["parameters"],
             "schema_sha256": sha256(canonical(registration["schema"]).encode())}
    if registration.get("environment_lock"):
        whole["environment_lock_sha256"] = registration["environment_lock"]["content"]["sha256"]
    return sha256(canonical(whole).encode())


# ---- formats ---------------------------------------------------------------------------------------------------------

def sha256(data):
    return hashlib.sha256(data).hexdigest()


def strict_json(data):
    def pairs(items):
        if len({key for key, _ in items}) != len(items):
            raise ValueError("a key stands twice")
        return dict(items)

    def constant(name):
        raise ValueError(f"{name} is no JSON number")
    return json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)


def number_text(value):
    """A number as RFC 8785 (ECMAScript) writes it."""
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    point = len(digits) + exponent
    if len(text) <= point <= 21:
        body = text + "0" * (point - len(text))
    elif 0 < point <= 21:
        body = text[:point] + "." + text[point:]
    elif -6 < point <= 0:
        body = "0." + "0" * -point + text
    else:
        power = point - 1
        body = text[0] + ("." + text[1:] if len(text) > 1 else "") + "e" + ("+" if power >= 0 else "-") + str(abs(power))
    return ("-" if sign else "") + body


def canonical(value):
    """Canonical JSON (RFC 8785) as text."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def years_later(day, years):
    """The same day some years later; the last day of February where that year has no 29th."""
    year, month, number = (int(part) for part in day.split("-"))
    year += years
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return f"{year:04}-{month:02}-{28 if (month, number) == (2, 29) and not leap else number:02}"


def encode(key):
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
    return "".join(chr(b) if b in plain or (b == 46 and i) else f"%{b:02X}" for i, b in enumerate(key.encode()))


def indicator_agrees(outcome):
    """Whether every share of an indicator is numerator by denominator, and nothing is missing that must be said."""
    if outcome["state"] != "evaluated":
        return outcome["state"] == "not_evaluated" and bool(outcome["reason"])
    for figure in outcome["figures"]:
        scale = {"share": 1, "per_thousand": 1000}.get(figure["statistic"])
        if scale and not (figure["denominator"] > 0 and "numerator" in figure
                          and abs(scale * figure["numerator"] / figure["denominator"] - figure["value"]) <= 1e-9 * scale):
            return False
    return bool(outcome["figures"])


def record_file(table, key):
    return f"records/{table}/{encode(key)}.json"


def unbase64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not the one base64 text of these bytes")
    return data


class VerifierKey:
    """A signed-note verifier key: name+id+base64(type ‖ public key); type 1 signs notes, type 4 cosigns them."""

    def __init__(self, text, kind=b"\x01"):
        self.text = text
        self.name, key_id, key = text.split("+", 2)
        typed = unbase64(key)
        if typed[:1] != kind or len(typed) != 33:
            raise ValueError("the key is not Ed25519, or of another use")
        self.id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
        if self.id.hex() != key_id:
            raise ValueError("the key id does not belong to this name and key")
        self.key = Ed25519PublicKey.from_public_bytes(typed[1:])

    def text_of(self, note):
        """The text of a note, once it is signed by this key."""
        text, _, signatures = note.rpartition("\n\n")
        text += "\n"
        if not note.endswith("\n"):
            raise ValueError("no newline at the end")
        signed = False
        for line in signatures[:-1].split("\n"):
            dash, name, value = line.split(" ")
            if dash != "\u2014":
                raise ValueError("a signature line is not valid")
            value = unbase64(value)
            if name == self.name and value[:4] == self.id:
                self.key.verify(value[4:], text.encode())
                signed = True
        if not signed:
            raise ValueError("not signed by this key")
        return text

    def open(self, note):
        """The checkpoint (origin, size, root) that a note signs."""
        origin, size, root, end = self.text_of(note).split("\n")
        if origin != self.name or end or str(int(size)) != size:
            raise ValueError("not a checkpoint of this log")
        root = unbase64(root)
        if len(root) != 32:
            raise ValueError("the root is not 32 bytes")
        return origin, int(size), root


    def cosigned_at(self, note):
        """The latest time at which this witness cosigned a note, in seconds since 1970; None if it did not."""
        text, _, signatures = note.rpartition("\n\n")
        newest = None
        for line in signatures[:-1].split("\n"):
            _, name, value = line.split(" ")
            value = unbase64(value)
            if name == self.name and value[:4] == self.id:
                seconds = int.from_bytes(value[4:12], "big")
                self.key.verify(value[12:], f"cosignature/v1\ntime {seconds}\n{text}\n".encode())
                newest = max(seconds, newest or 0)
        return newest


class Unfollowed(ValueError):
    """Why nobody comes from one key to another."""

    def __init__(self, code, detail):
        super().__init__(detail)
        self.code = code


class KeyHistory:
    """The keys of a ledger over time: which signs which heads, and how one comes from an earlier key to the one in force."""

    def __init__(self, first):
        self.first, self.changes = first, []

    def add(self, row):
        """The next change, by its record; raises where it does not follow those before it."""
        entry, kind, trusted = row["entry"], row["kind"], row.get("trusted_entries")
        old, new = VerifierKey(row["old_key"]), VerifierKey(row["new_key"]) if row.get("new_key") else None
        known = [key.text for key in self.keys()]
        if kind not in OF_KEYS.values() or (kind == "revoked") != (trusted is not None):
            raise ValueError(f"entry {entry}: neither a key that gave way nor one that was revoked from somewhere on")
        if self.changes and self.changes[-1][0] >= entry or trusted is not None and trusted > entry:
            raise ValueError(f"entry {entry}: it does not come after what it is about")
        if new and (old.text != known[-1] or new.name != self.first.name or new.text in known):
            raise ValueError(f"entry {entry}: the new key does not take the place of the one in force")
        if not new and (kind == "rotated" or old.text == known[-1] or old.text not in known):
            raise ValueError(f"entry {entry}: no key takes the place of this one, or it was never one of this ledger")
        self.changes.append((entry, kind, old, new, trusted))

    def keys(self):
        return [self.first] + [change[3] for change in self.changes if change[3]]

    def current(self):
        return self.keys()[-1]

    def at(self, size):
        """The key that signs the head of so many entries."""
        return ([self.first] + [new for entry, _, _, new, _ in self.changes if new and entry < size])[-1]

    def believed(self, key):
        """Up to how many entries heads of a key are believed."""
        return min((change[4] for change in self.changes if change[2].text == key.text and change[4] is not None), default=math.inf)

    def open(self, note):
        """The checkpoint that a note signs, by the key that signs heads of its size."""
        return self.at(int(note.split("\n")[1])).open(note)

    def follow(self, trusted, signed):
        """The keys by which one comes from a trusted key to the one in force; signed says of each rotation what is wrong with its head."""
        at, followed = trusted, []
        for entry, kind, old, new, _ in self.changes:
            if not new or old.text != at.text:
                continue
            if kind == "revoked":
                raise Unfollowed("key_replaced", f"key changed without the old key's signature: entry {entry} puts {new.text} in the place "
                                 f"of {old.text}; ask the people who keep the ledger, by another way than this file, and pin it by hand")
            if self.believed(at) <= entry:
                raise Unfollowed("key_revoked", f"{old.text} is revoked for heads of more than {self.believed(at)} entries, and named its "
                                 f"successor in entry {entry}: ask for the key in force, and pin it by hand")
            if signed[entry]:
                raise Unfollowed("key_change_unsigned", signed[entry])
            at = new
            followed.append(new)
        return followed


class TrustPolicy:
    """Logs, witnesses, groups and quorum (C2SP tlog-policy)."""

    def __init__(self, text):
        self.logs, self.witnesses, self.groups, quorums, used = {}, {}, {}, [], set()
        for line in text.split("\n"):
            words = line.replace("\t", " ").split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "log" and len(words) in (2, 3):
                key = VerifierKey(words[1])
                self.logs.setdefault(key.name, []).append(key)
            elif words[0] == "witness" and len(words) in (3, 4):
                self.free(words[1])
                self.witnesses[words[1]] = VerifierKey(words[2], b"\x04")
            elif words[0] == "group" and len(words) > 3:
                self.free(words[1])
                members = words[3:]
                if any(m not in self.witnesses and m not in self.groups or m in used for m in members) or len(set(members)) != len(members):
                    raise ValueError(f"policy: the members of group {words[1]} are not defined before, or used twice")
                used.update(members)
                needed = {"all": len(members), "any": 1}.get(words[2]) or int(words[2])
                if not 1 <= needed <= len(members):
                    raise ValueError(f"policy: group {words[1]} needs more than it has")
                self.groups[words[1]] = (needed, members)
            elif words[0] == "quorum" and len(words) == 2:
                if words[1] != "none" and words[1] not in self.witnesses and words[1] not in self.groups:
                    raise ValueError(f"policy: {words[1]} is not defined before")
                quorums.append(words[1])
            else:
                raise ValueError(f"policy: cannot read the line {line!r}")
        if len(quorums) != 1:
            raise ValueError("policy: expected one quorum line")
        self.quorum = quorums[0]

    def free(self, name):
        if name == "none" or name in self.witnesses or name in self.groups:
            raise ValueError(f"policy: the name {name} is taken")

    def cosigned(self, note):
        """Who cosigned a note and when; raises when that is no quorum."""
        times = {name: key.cosigned_at(note) for name, key in self.witnesses.items()}
        times = {name: seconds for name, seconds in times.items() if seconds is not None}
        witnessed = set(times) | {"none"}
        for name, (needed, members) in self.groups.items():
            if sum(member in witnessed for member in members) >= needed:
                witnessed.add(name)
        if self.quorum not in witnessed:
            raise ValueError(f"cosigned by {', '.join(times) or 'nobody'}, which is not the quorum {self.quorum}")
        return times


# ---- time stamps (RFC 3161) -------------------------------------------------------------------------------------------

OIDS = {bytes.fromhex(code): name for name, code in {
    "sha256": "608648016503040201", "sha384": "608648016503040202", "sha512": "608648016503040203",
    "rsa": "2a864886f70d010101", "rsa-sha256": "2a864886f70d01010b", "rsa-sha384": "2a864886f70d01010c", "rsa-sha512": "2a864886f70d01010d",
    "ecdsa-sha256": "2a8648ce3d040302", "ecdsa-sha384": "2a8648ce3d040303", "ecdsa-sha512": "2a8648ce3d040304",
    "signedData": "2a864886f70d010702", "TSTInfo": "2a864886f70d0109100104", "contentType": "2a864886f70d010903",
    "messageDigest": "2a864886f70d010904", "signingCertificate": "2a864886f70d010910020c",
    "signingCertificateV2": "2a864886f70d010910022f"}.items()}


def der(data):
    """The elements that follow each other in DER, as (tag, content, all of its bytes)."""
    found = []
    while data:
        if len(data) < 2 or data[0] & 0x1f == 0x1f:
            raise ValueError("not DER")
        length, head = data[1], 2
        if length >= 0x80:
            digits = length & 0x7f
            length, head = int.from_bytes(data[2:2 + digits], "big"), 2 + digits
            if not 0 < digits <= 4 or data[2:3] == b"\0" or length < 0x80:
                raise ValueError("not DER")
        if head + length > len(data):
            raise ValueError("it is cut off")
        found.append((data[0], data[head:head + length], data[:head + length]))
        data = data[head + length:]
    return found


class Parts:
    """Elements of a sequence, one after the other."""

    def __init__(self, data):
        self.left = der(data)

    def take(self, tag):
        if not self.left or self.left[0][0] != tag:
            raise ValueError(f"an element of tag {tag:#04x} is missing")
        return self.left.pop(0)

    def maybe(self, tag):
        return self.take(tag) if self.left and self.left[0][0] == tag else None

    def inside(self, tag):
        return Parts(self.take(tag)[1])

    def end(self):
        if self.left:
            raise ValueError("there is more than belongs there")


def algorithm(element):
    return OIDS.get(Parts(element[1]).take(0x06)[1], "unknown")


def dotted(oid):
    numbers, value = [], 0
    for byte in oid:
        value = value << 7 | byte & 0x7f
        if byte < 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first] + numbers[1:]))


def digest_of(name, data):
    if name not in ("sha256", "sha384", "sha512"):
        raise ValueError("its digest is not SHA-256, SHA-384 or SHA-512")
    return hashlib.new(name, data).digest()


def utc_of(thing, field):
    found = getattr(thing, f"{field}_utc", None)
    return found or getattr(thing, field).replace(tzinfo=timezone.utc)


def utc(certificate, edge):
    found = getattr(certificate, f"not_valid_{edge}_utc", None)
    return found or getattr(certificate, f"not_valid_{edge}").replace(tzinfo=timezone.utc)


class TimeStamp:
    """What an authority stated about a message, once its signature verifies under the certificate that came with it."""

    def __init__(self, response, message):
        answer, = der(response)
        parts = Parts(answer[1]) if answer[0] == 0x30 else Parts(b"")
        if parts.inside(0x30).take(0x02)[1] not in (b"\0", b"\1"):
            raise ValueError("the authority refused")
        token = parts.inside(0x30)
        parts.end()
        if OIDS.get(token.take(0x06)[1]) != "signedData":
            raise ValueError("its token is not signed data")
        data = token.inside(0xa0).inside(0x30)
        token.end()
        data.take(0x02), data.take(0x31)
        content = data.inside(0x30)
        if OIDS.get(content.take(0x06)[1]) != "TSTInfo":
            raise ValueError("what it signs is no time stamp")
        info = content.inside(0xa0).take(0x04)[1]
        self.certificates = [whole for _, _, whole in der((data.maybe(0xa0) or (0, b"", b""))[1])]
        data.maybe(0xa1)
        signers = data.inside(0x31)
        data.end()
        signer = signers.inside(0x30)
        signers.end()
        self.info(info, message)
        self.signature(signer, info)

    def info(self, info, message):
        outer = Parts(info)
        parts = outer.inside(0x30)
        outer.end()
        if parts.take(0x02)[1] != b"\1":
            raise ValueError("it is not of version 1")
        self.policy = dotted(parts.take(0x06)[1])
        imprint = parts.inside(0x30)
        name = algorithm(imprint.take(0x30))
        if imprint.take(0x04)[1] != digest_of(name, message):
            raise ValueError("it is about something else than this checkpoint")
        imprint.end()
        self.serial = parts.take(0x02)[1].hex()
        text = parts.take(0x18)[1].decode("ascii")
        whole, fraction = text[:14], text[14:-1]
        if not text.endswith("Z") or not whole.isdigit() or fraction and not (fraction[0] == "." and fraction[1:].isdigit()):
            raise ValueError("the time it states is none")
        self.time = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
        self.stated_at = self.time.strftime("%Y-%m-%dT%H:%M:%S.") + (fraction[1:] + "000")[:3] + "Z"
        for tag in (0x30, 0x01, 0x02, 0xa0, 0xa1):
            parts.maybe(tag)
        parts.end()

    def signature(self, signer, info):
        signer.take(0x02)
        sid = signer.left.pop(0)
        name = algorithm(signer.take(0x30))
        signed = signer.take(0xa0)
        scheme, signature = algorithm(signer.take(0x30)), signer.take(0x04)[1]
        signer.maybe(0xa1)
        signer.end()
        attributes = {}
        for _, attribute, _ in der(signed[1]):
            parts = Parts(attribute)
            kind = OIDS.get(parts.take(0x06)[1])
            values = der(parts.take(0x31)[1])
            if kind and (kind in attributes or len(values) != 1):
                raise ValueError("a signed attribute stands twice or is empty")
            if kind:
                attributes[kind] = values[0]
        if OIDS.get(attributes["contentType"][1]) != "TSTInfo" or attributes["messageDigest"][1] != digest_of(name, info):
            raise ValueError("what it states is not what it signed")
        self.signer = self.signing_certificate(attributes)
        if sid[0] == 0x30:
            issuer, serial = der(sid[1])
            same = (self.signer.issuer.public_bytes() == issuer[2], self.signer.serial_number == int.from_bytes(serial[1], "big", signed=True))
            if same != (True, True):
                raise ValueError("it names another certificate than the one that it signed")
        try:
            usage = self.signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except x509.ExtensionNotFound:
            usage = None
        if not usage or not usage.critical or list(usage.value) != [x509.ExtendedKeyUsageOID.TIME_STAMPING]:
            raise ValueError("its certificate is not one for time stamps")
        self.check_time(self.signer)
        name = scheme.removeprefix("rsa-").removeprefix("ecdsa-") if scheme != "rsa" else name
        named = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}.get(name)
        key, message = self.signer.public_key(), b"\x31" + signed[2][1:]
        if named and scheme.startswith("rsa") and isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            key.verify(signature, message, padding.PKCS1v15(), named())
        elif named and scheme.startswith("ecdsa") and isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1"):
            key.verify(signature, message, ec.ECDSA(named()))
        else:
            raise ValueError("its signature is not RSA (PKCS #1 v1.5) or ECDSA with SHA-256, SHA-384 or SHA-512")
        names = [self.signer.subject.get_attributes_for_oid(oid) for oid in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME)]
        self.authority = ", ".join(found[0].value for found in names if found)

    def signing_certificate(self, attributes):
        """The certificate that a signed attribute names by its digest."""
        newer = attributes.get("signingCertificateV2")
        named = Parts((newer or attributes["signingCertificate"])[1]).inside(0x30).inside(0x30)
        if newer:
            given = named.maybe(0x30)
            name = algorithm(given) if given else "sha256"
        wanted = named.take(0x04)[1]
        for whole in self.certificates:
            if (digest_of(name, whole) if newer else hashlib.sha1(whole).digest()) == wanted:
                return x509.load_der_x509_certificate(whole)
        raise ValueError("it does not carry the certificate it is signed by")

    def check_time(self, certificate):
        if not utc(certificate, "before") <= self.time <= utc(certificate, "after"):
            raise ValueError(f"its certificate was valid from {utc(certificate, 'before')} to {utc(certificate, 'after')}, not at {self.time}")

    def check(self, roots, lists=None):
        """Whether the certificate that signed leads to one of these roots, each valid at the time that is stated, and none revoked by the lists."""
        others = [x509.load_der_x509_certificate(whole) for whole in self.certificates]
        path = self.leads(self.signer, (roots, others), 0)
        if not path:
            raise ValueError("its certificate does not lead to a trusted root")
        if lists is not None:
            for certificate, issuer in zip(path, path[1:]):
                self.check_not_revoked(certificate, issuer, lists)

    def check_not_revoked(self, certificate, issuer, lists):
        """RFC 3161 §4: one that was revoked because it was superseded or is not used any more vouches for what it signed before."""
        try:
            may = issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
        except x509.ExtensionNotFound:
            may = True
        own = [one for one in lists if may and one.issuer == issuer.subject
               and one.signature_hash_algorithm.name in ("sha256", "sha384", "sha512") and one.is_signature_valid(issuer.public_key())]
        serial = f"{certificate.serial_number:x}"
        for one in own:
            revoked = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if revoked is None:
                continue
            try:
                reason = revoked.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
            except x509.ExtensionNotFound:
                reason = None
            when = utc_of(revoked, "revocation_date")
            before = reason in ("unspecified", "affiliationChanged", "superseded", "cessationOfOperation")
            if not before or self.time >= when:
                raise ValueError(f"its certificate {serial} was revoked at {when} for the reason {reason}; it does not vouch for {self.time}")
        if not own:
            raise ValueError(f"no revocation list that was given is signed by the issuer of its certificate {serial}")
        issued = max(utc_of(one, "last_update") for one in own)
        if issued < self.time:
            raise ValueError(f"the newest revocation list of the issuer of its certificate {serial} is of {issued}, before the time stamp")

    def leads(self, certificate, known, depth):
        """The certificates from this one to a root; none where it does not lead to one."""
        roots, others = known
        self.check_time(certificate)
        try:
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            if x509.ExtendedKeyUsageOID.TIME_STAMPING not in usage:
                return None
        except x509.ExtensionNotFound:
            pass
        for issuer in roots + (others if depth < 6 else []):
            try:
                certificate.verify_directly_issued_by(issuer)
                limits = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
                deep_enough = limits.path_length is None or depth <= limits.path_length
                rest = limits.ca and deep_enough and ([issuer] if issuer in roots else self.leads(issuer, known, depth + 1))
                if rest:
                    return [certificate, *rest]
            except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
                continue
        return None


def revocation_lists(text):
    """The revocation lists in a PEM file: whole ones, by the issuers themselves."""
    begin, end, found = b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----", []
    for part in text.split(begin)[1:]:
        one = x509.load_pem_x509_crl(begin + part.partition(end)[0] + end + b"\n")
        if any(extension.critical for extension in one.extensions) or any(extension.critical for entry in one for extension in entry.extensions):
            raise ValueError("a revocation list is one of a part, or says what this program does not understand")
        found.append(one)
    if not found:
        raise ValueError("there is no revocation list; expected PEM (X509 CRL)")
    return found


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def tree_root(hashes):
    """RFC 6962 §2.1, by halves that are perfect trees."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(tree_root(hashes[:split]), tree_root(hashes[split:]))


def roots_of_first(leaves, sizes):
    """The root over the first so many leaves, for each of the sizes that is not too large."""
    whole, roots = [], {}
    for size, leaf in enumerate(leaves, 1):
        height, node = 0, leaf_hash(leaf)
        while whole and whole[-1][0] == height:
            height, node = height + 1, node_hash(whole.pop()[1], node)
        whole.append((height, node))
        if size in sizes:
            for _, left in reversed(whole[:-1]):
                node = node_hash(left, node)
            roots[size] = node
    return roots


def root_by_proof(leaf, index, size, proof):
    """RFC 9162 §2.1.3.2."""
    place, last, found = index, size - 1, leaf_hash(leaf)
    for sibling in proof:
        if last == 0:
            raise ValueError("more hashes than the tree needs")
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("fewer hashes than the tree needs")
    return found


# ---- statistics ------------------------------------------------------------------------------------------------------

def log_sum_exp(values):
    largest = max(values, default=-math.inf)
    if math.isinf(largest):
        return largest
    return largest + math.log(sum(math.exp(value - largest) for value in values))


def variation(p, q):
    return 0.5 * sum(abs(a - b) for a, b in zip(p, q))


def psi(reference, batch):
    def smoothed(counts):
        rows = sum(counts) + 0.5 * len(counts)
        return [(count + 0.5) / rows for count in counts]
    pairs = zip(smoothed(reference), smoothed(batch))
    return max(0.0, sum((b - r) * math.log(b / r) for r, b in pairs))


def score_card(q, p, delta):
    """Log scores of the robust test of TV(·, p) ≤ delta against q (Huber's least favourable pair)."""
    if variation(p, q) <= delta * 1.0001:
        return [0.0] * len(p)
    ratios = [b / a if a > 0 else (math.inf if b > 0 else 1.0) for a, b in zip(p, q)]
    order = sorted(range(len(p)), key=lambda k: ratios[k])
    low, bottom_q, bottom_p = 1.0, 0.0, 0.0
    for k in order:
        bottom_q, bottom_p = bottom_q + q[k], bottom_p + p[k]
        if bottom_p > delta:
            low = min(low, bottom_q / (bottom_p - delta))
    low = max(low, 1e-12)
    high, top_q, top_p = 0.0, 0.0, 0.0
    for k in reversed(order):
        top_q, top_p = top_q + q[k], top_p + p[k]
        high = max(high, top_q / (top_p + delta))
    if not (low <= 1.0 <= high < math.inf):
        return [0.0] * len(p)
    clipped = [min(max(ratio, low), high) for ratio in ratios]
    bound = sum(c * a for c, a in zip(clipped, p)) + delta * (max(clipped) - min(clipped))
    return [math.log(c / bound) for c in clipped]


def step(detector, state, blocks):
    """One batch through one e-detector: log e, log M, and the state after."""
    p, delta, temper = detector["reference"], detector["tolerance"], detector["temper"]
    totals = [sum(block[k] for block in blocks) for k in range(len(p))]
    dot = lambda scores, counts: sum(s * c for s, c in zip(scores, counts))
    log_e = [temper * dot(lane["scores"], totals) for lane in detector["lanes"]]
    seen, prior, learned = list(state["learned_counts"]), 5.0 * len(p), 0.0
    for block in blocks:
        rows = sum(seen) + prior
        alternative = [(count + prior * share) / rows for count, share in zip(seen, p)]
        learned += temper * dot(score_card(alternative, p, delta), block)
        seen = [a + b for a, b in zip(seen, block)]
    log_e.append(learned)
    before = [-math.inf if value is None else value for value in state["log_m"]]
    log_m = [e + max(0.0, m) for e, m in zip(log_e, before)]
    weights = [lane["weight"] for lane in detector["lanes"]]
    weights.append(0.3 if weights else 1.0)
    weighted = lambda values: log_sum_exp([math.log(w) + v for w, v in zip(weights, values)])
    return weighted(log_e), weighted(log_m), {"log_m": log_m, "learned_counts": [0.7 * c for c in seen]}


def e_bh(log_e, level=0.05):
    """Which hypotheses e-BH rejects at this level; None for one that lies on the edge, where the last bits decide."""
    order = sorted(range(len(log_e)), key=lambda k: -log_e[k])
    over = [log_e[index] - math.log(len(log_e) / (level * (place + 1))) for place, index in enumerate(order)]
    if any(abs(one) < TOLERANCE for one in over):
        return [None] * len(log_e)
    named = max((place + 1 for place, one in enumerate(over) if one >= 0), default=0)
    return [index in order[:named] for index in range(len(log_e))]


def series_blocks(profile, name):
    missing = [a + b for a, b in zip(profile["nulls"], profile["nans"])]
    present = [a - b for a, b in zip(profile["rows"], missing)]
    if name == "values":
        return profile["values"]
    hits, of = (missing, profile["rows"]) if name == "nulls" else (profile[name], present)
    return [[max(0, b - a), a] for a, b in zip(hits, of)]


def bin_counts(feature, profile):
    counts = [sum(block[k] for block in profile["values"]) for k in range(len(profile["values"][0]))] \
        if profile["values"] else []
    if feature["bins"]["bins"] == "levels":
        counts.append(sum(profile["unseen"]))
    return counts


def claim_evidence(sample, answers):
    """ln of the evidence that the error rate of all rows is below the claim: cases by the weight of their stratum; what cannot be judged
    counts as wrong."""
    rows, claim = sum(stratum["rows"] for stratum in sample["strata"]), sample["plan"]["claim"]
    weights = {stratum["name"]: stratum["rows"] / max(rows, 1) * len(sample["cases"]) / max(stratum["drawn"], 1) for stratum in sample["strata"]}
    largest, logs = max([1.0, *weights.values()]), []
    for share in (0.0, 0.1, 0.25, 0.5):
        stake, log = (1.0 - share) / (largest - claim), 0.0
        for answer in answers:
            wrong = not agrees(sample, answer)
            factor = 1.0 + stake * (claim - weights[answer["stratum"]] * wrong)
            log += math.log(factor) if factor > 1e-12 else -math.inf
        logs.append(log)
    return log_sum_exp(logs) - math.log(4)


def number(text):
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def within(tolerance, a, b):
    return abs(a - b) <= tolerance * (1 + 1e-9) + 1e-12 * max(abs(a), abs(b))


def numbers_of(said):
    """The predicted number and the reviewer's own; nothing where one is missing."""
    pair = number(said["model_answer"]), number(said.get("answer"))
    return None if None in pair else pair


def agrees(sample, said):
    """Whether reviewer and model agree: the same class, or numbers within the tolerance; nothing where it cannot be judged."""
    if "tolerance" not in sample["plan"]:
        return said["answer"] == said["model_answer"] if "answer" in said else None
    if "accepts" in said:
        return said["accepts"]
    pair = numbers_of(said)
    return within(sample["plan"]["tolerance"], *pair) if pair else None


def same_said(sample, a, b):
    if "tolerance" not in sample["plan"]:
        return a.get("answer") == b.get("answer")
    one, other = number(a.get("answer")), number(b.get("answer"))
    if None in (one, other):
        return agrees(sample, a) == agrees(sample, b)
    return within(sample["plan"]["tolerance"], one, other)


def sayable(sample, said):
    if "tolerance" not in sample["plan"]:
        return "accepts" not in said and said.get("answer") in [None, *sample["classes"]]
    if "accepts" in said:
        return "answer" not in said and not said["blind"]
    return "answer" not in said or number(said["answer"]) is not None


def readings_of(answers, case):
    """The answers to one case that count, by reading: of each the first."""
    found = {}
    for said in answers:
        if said["case"] == case and "corrects" not in said:
            found.setdefault(said.get("reading", "first"), said)
    return found


def next_reading(sample, case, readings):
    if "first" not in readings:
        return "first"
    if "second" not in readings:
        return "second" if case.get("second") else None
    differ = not same_said(sample, readings["first"], readings["second"])
    return "adjudication" if differ and "adjudication" not in readings else None


def beyond_chance(pairs):
    """Cohen's kappa and Gwet's AC1 of two readers."""
    classes, n = sorted({one for pair in pairs for one in pair}), len(pairs)
    if len(classes) < 2:
        return [None, None]
    agreed = sum(a == b for a, b in pairs) / n
    shares = [(sum(a == one for a, _ in pairs) / n, sum(b == one for _, b in pairs) / n) for one in classes]
    expected = sum(a * b for a, b in shares)
    mean = [(a + b) / 2 for a, b in shares]
    chance = sum(share * (1 - share) for share in mean) / (len(classes) - 1)
    kappa = (agreed - expected) / (1 - expected) if expected < 1 else None
    return [kappa, (agreed - chance) / (1 - chance)]


def cell_text(value):
    """A value as a CSV cell; a text that begins like a formula has an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") and value else value
    return str(value)


def quoted(text):
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text


def same_number(found, value):
    return found not in (None, "") and float(found) == value


def close(a, b):
    if a is None or b is None:
        return a is b
    return a == b or abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))


def beta_share(a, b, x):
    """The regularized incomplete beta function I_x(a, b): its continued fraction (NIST DLMF 8.17.22), evaluated by Lentz's method."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_share(b, a, 1.0 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    above, below = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0) or tiny)
    whole = below
    for m in range(1, 10_000):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            below = 1.0 / (1.0 + term * below or tiny)
            above = 1.0 + term / above or tiny
            whole *= above * below
        if abs(above * below - 1.0) < 1e-15:
            return front * whole
    raise ValueError("the incomplete beta function was not found")


def is_share_limit(limit, a, b, probability):
    """Whether a limit is the quantile of the beta distribution with this probability below it."""
    near = TOLERANCE * max(1.0, abs(limit))
    return beta_share(a, b, limit - near) <= probability <= beta_share(a, b, limit + near)


def is_exact(interval, part, rows, confidence):
    """Whether this is the interval of Clopper and Pearson of a share."""
    (low, high), tail = interval, (1.0 - confidence) / 2.0
    return (is_share_limit(low, part, rows - part + 1, tail) if part else low == 0) \
        and (is_share_limit(high, part + 1, rows - part, 1.0 - tail) if part < rows else high == 1)


def wilson(part, rows, confidence):
    z, share = NormalDist().inv_cdf((1.0 + confidence) / 2.0), part / rows
    center, half = share + z * z / (2 * rows), z * math.sqrt(share * (rows - part) / rows / rows + z * z / (4 * rows * rows))
    low, high = ((center + sign * half) / (1.0 + z * z / rows) for sign in (-1, 1))
    return [max(low, 0.0) if part else 0.0, min(high, 1.0) if part < rows else 1.0]


def normal_interval(estimate, variance, confidence):
    """The normal interval of a mean between 0 and 1."""
    half = NormalDist().inv_cdf((1.0 + confidence) / 2.0) * math.sqrt(variance)
    return [max(estimate - half, 0.0), min(estimate + half, 1.0)]


def placements(values, others):
    """Mean place of values among others, by their counts per score, and the variance of that mean (DeLong)."""
    size, of, passed, placed = sum(values), sum(others), 0, []
    for count, other in zip(values, others):
        placed.append((count, (passed + 0.5 * other) / of))
        passed += other
    mean = sum(count * share for count, share in placed) / size
    return mean, sum(count * (share - mean) ** 2 for count, share in placed) / (size - 1) / size


def brier(scores):
    """Mean square distance of score and event, and the variance of that mean."""
    rows = sum(scores["without"]) + sum(scores["with"])
    of = [one for score, out, event in zip(scores["scores"], scores["without"], scores["with"])
          for one in ((out, score * score), (event, (1 - score) ** 2))]
    mean = sum(count * square for count, square in of) / rows
    return mean, max(sum(count * square * square for count, square in of) / rows - mean * mean, 0.0) / max(rows - 1, 1)


def of_sums(metric, groups):
    """A figure of numbers from sums over groups of rows; None where there is none."""
    total = {field: sum(group[field] for group in groups) for field in ("rows", "error", "absolute", "square", "label", "label_square")}
    rows = total["rows"]
    if not rows:
        return None
    if metric != "r_squared":
        mean = {"mean_absolute_error": total["absolute"], "bias": total["error"], "root_mean_square_error": total["square"]}[metric] / rows
        return math.sqrt(mean) if metric == "root_mean_square_error" else mean
    spread = total["label_square"] - total["label"] ** 2 / rows
    return None if rows < 2 or spread <= 1e-12 * total["label_square"] else 1.0 - total["square"] / spread


def is_jackknifed(figure, groups, confidence):
    """Whether an interval is that of the delete-a-group jackknife."""
    held = [group for group in groups if group["rows"]]
    without = [of_sums(figure["name"], [other for other in held if other is not group]) for group in held]
    if len(held) < 10 or None in without or "interval" not in figure:
        return "interval" not in figure and (len(held) < 10 or None in without)
    freedom = len(held) - 1
    error = math.sqrt(sum((value - figure["value"]) ** 2 for value in without) * freedom / len(held))
    low, high = figure["interval"]
    half = high - figure["value"]
    if not error:
        return close(half, 0.0) and close(low, high)
    # P(|T| <= t) = 1 - I_x(freedom/2, 1/2) at x = freedom/(freedom + t^2)
    outside = lambda t: beta_share(freedom / 2, 0.5, freedom / (freedom + t * t))
    least = 0.0 if figure["name"] in ("mean_absolute_error", "root_mean_square_error") else -math.inf
    near = TOLERANCE * max(1.0, half / error)
    return outside(half / error + near) <= 1.0 - confidence <= outside(max(half / error - near, 0.0)) and close(low, max(figure["value"] - half, least))


def share_of(tally, task, metric, about):
    """Part and whole of a figure that is a share; of F1, of tp/(tp + fp + fn), of which it is a rising function."""
    counted = tally["outcomes"]
    if counted["outcomes"] == "numbers":
        return sum(group["out_of_specification"] for group in counted["groups"]), sum(group["rows"] for group in counted["groups"])
    positive = about or task.get("positive")
    count = lambda label, said: sum(
        pair["rows"] for pair in counted["pairs"]
        if label in (None, pair["label"] == positive) and said in (None, pair["prediction"] == positive))
    right = sum(pair["rows"] for pair in counted["pairs"] if pair["label"] == pair["prediction"]) + counted["further"][0]
    total = count(None, None) + sum(counted["further"])
    return {
        "accuracy": (right, total), "error_rate": (total - right, total),
        "sensitivity": (count(True, True), count(True, None)), "specificity": (count(False, False), count(False, None)),
        "precision": (count(True, True), count(None, True)),
        "negative_predictive_value": (count(False, False), count(None, False)),
        "f1": (count(True, True), count(True, None) + count(None, True) - count(True, True))}[metric]


def figure_unlike(figure, tally, task, confidence):
    """What of a figure does not follow from its counts: value, rows, interval; None when all does."""
    metric, interval = figure["name"], figure.get("interval")
    scores = tally.get("scores") or {"scores": [], "without": [], "with": []}
    unlike = lambda what: f"{what} of {metric}" + (f" of {figure['class']}" if figure.get("class") else "")
    if metric in ("mean_absolute_error", "root_mean_square_error", "bias", "r_squared"):
        groups = tally["outcomes"]["groups"]
        expected, rows = of_sums(metric, groups), sum(group["rows"] for group in groups)
        fits = lambda: is_jackknifed(figure, groups, confidence)
    elif metric in ("auc", "brier_score"):
        rows = sum(scores["without"]) + sum(scores["with"])
        if metric == "auc" and min(sum(scores["without"]), sum(scores["with"])) < 2 or not rows:
            return unlike("the counts")
        expected, variance = brier(scores) if metric == "brier_score" else placements(scores["with"], scores["without"])
        if metric == "auc":
            variance += placements(scores["without"], scores["with"])[1]
        fits = lambda: all(map(close, interval, normal_interval(expected, variance, confidence)))
    else:
        part, rows = share_of(tally, task, metric, figure.get("class"))
        share = part / rows if rows else None
        rising = metric == "f1" and share is not None
        expected = 2 * share / (1 + share) if rising else share
        plain = lambda: [limit / (2 - limit) for limit in interval] if rising else interval
        fits = lambda: is_exact(plain(), part, rows, confidence) and (rising or all(map(close, figure["chart"], wilson(part, rows, confidence))))
    if expected is None or not close(figure["value"], expected):
        return unlike("the value")
    if figure["rows"] != rows:
        return unlike("the rows")
    of_numbers = metric in ("mean_absolute_error", "root_mean_square_error", "bias", "r_squared")
    return None if (interval or of_numbers) and fits() else unlike("the interval")


def class_name(text):
    """One spelling for one class."""
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return "1" if text.lower() == "true" else "0"
    whole = text[:-2] if text.endswith(".0") else ""
    return whole if whole.lstrip("+-").isdigit() and len(whole) - len(whole.lstrip("+-")) < 2 else text


def tally_unfit(tally):
    """What of the counts does not add up; None when all does."""
    counted, scores, first = tally["outcomes"], tally.get("scores"), tally["first"]
    if counted["outcomes"] == "numbers":
        rows = sum(group["rows"] for group in counted["groups"])
        wrong = sum(group["out_of_specification"] for group in counted["groups"])
    else:
        rows = sum(pair["rows"] for pair in counted["pairs"]) + sum(counted["further"])
        wrong = sum(pair["rows"] for pair in counted["pairs"] if pair["label"] != pair["prediction"]) + counted["further"][1]
    fit = rows == sum(first) == tally["labelled"] - tally["without_prediction"] and tally["labelled"] + tally["repeated"] <= tally["rows"] \
        and max(tally["conflicting"], tally["corrected"]) <= tally["labelled"] and abs(wrong - first[1]) <= tally["corrected"]
    if fit and scores:
        fit = sum(scores["without"]) + sum(scores["with"]) <= rows and sum(scores["predicted"]) + scores["outside"] == tally["rows"] \
            and all(-1e-6 <= total <= of + 1e-6 for total, of in zip(scores["score_sum"], scores["predicted"])) \
            and -1e-6 <= scores["variance_sum"] <= 0.25 * sum(scores["predicted"]) + 1e-6
    return None if fit else "its counts do not add up"


def figures_due(tally, task):
    """Which figures there are, or are said not to be, each with the class it is about."""
    if tally["outcomes"]["outcomes"] == "numbers":
        return [(name, None) for name in ("mean_absolute_error", "root_mean_square_error", "bias", "r_squared", "out_of_specification")]
    overall = [("accuracy", None), ("error_rate", None)]
    all_pairs = tally["outcomes"]["further"] == [0, 0]
    if task["task"] == "binary":
        names = ("sensitivity", "precision", "f1", "auc") + (("specificity", "negative_predictive_value") if all_pairs else ())
        return overall + [(name, None) for name in names]
    return overall + [(name, one) for one in task.get("classes", [])[:20] for name in ("sensitivity", "precision", "f1")]


def figure_exists(name, about, tally, context):
    """Whether a figure can be computed from these counts."""
    counted, scores = tally["outcomes"], tally.get("scores") or {"without": [], "with": []}
    if name in ("auc", "brier_score"):
        both = sum(scores["without"]), sum(scores["with"])
        return min(both) > 1 if name == "auc" else sum(both) > 0
    if name == "out_of_specification":
        return context.get("error_limit") is not None and sum(group["rows"] for group in counted["groups"]) > 0
    if counted["outcomes"] == "numbers":
        return of_sums(name, counted["groups"]) is not None
    if counted["further"] != [0, 0] and name not in ("accuracy", "error_rate"):
        return False
    return share_of(tally, context["task"], name, about)[1] > 0


def figures_unlike(found, tally, context, confidence, is_test=True):
    """What of the figures does not follow from the counts; None when all does."""
    told = {(figure["name"], figure.get("class")): figure for figure in found["figures"]}
    left = [(figure["name"], figure.get("class")) for figure in found["not_evaluated"]]
    due = figures_due(tally, context["task"])
    if is_test and tally["outcomes"]["outcomes"] == "classes":
        due.append(("brier_score", None))
    if is_test and "scores" not in tally:  # scores of a subgroup are counted where a criterion needs them
        due = [one for one in due if one[0] not in ("auc", "brier_score")]
    if sorted([*told, *left], key=str) != sorted(due, key=str) or len(told) != len(found["figures"]):
        return "the list of figures"
    for name, about in due:
        if ((name, about) in told) != figure_exists(name, about, tally, context):
            return f"whether there is {name}"
    return next((unlike for figure in found["figures"] if (unlike := figure_unlike(figure, tally, context["task"], confidence))), None)


def calibration_unlike(found, scores):
    """What of a calibration does not follow from its counts; None when all does. The band of chance is drawn, and taken as it is stated."""
    rows = sum(scores["without"]) + sum(scores["with"])
    if (found is None) != (rows == 0):
        return "whether there is a calibration"
    if not rows:
        return None
    bins = [[0, 0, 0.0, 0.0] for _ in range(10)]
    for score, out, event in zip(scores["scores"], scores["without"], scores["with"]):
        one = bins[min(int(score * 10), 9)]
        one[0], one[1], one[2], one[3] = one[0] + out + event, one[1] + event, one[2] + (out + event) * score, one[3] + (out + event) * score * (1 - score)
    error = found["error"]
    estimate = sum(abs(events - total) for _, events, total, _ in bins) / rows
    chance = math.sqrt(2 / math.pi) * sum(math.sqrt(max(spread, 0.0)) for _, _, _, spread in bins) / rows
    if not (close(error["estimate"], estimate) and close(error["by_chance"], chance) and close(error["debiased"], max(estimate - chance, 0.0))):
        return "the calibration error"
    if found["verified"] != (error["estimate"] <= error["null_band"][1]) or (found["rows"], found["rounded"]) != (rows, scores["rounded"]):
        return "what the calibration shows"
    mean, variance = brier(scores)
    told = [found["brier"][part] for part in ("estimate", "lower", "upper")]
    if not all(map(close, told, [mean, *normal_interval(mean, variance, 0.95)])):
        return "the Brier score"
    held = [(index, one) for index, one in enumerate(bins) if one[0]]
    if len(held) != len(found["bins"]):
        return "the bins of the scores"
    for (index, (count, events, total, _)), line in zip(held, found["bins"]):
        plain = [line["rows"], *map(float, (line["from"], line["to"], line["mean_score"], line["rate"]))]
        if not all(map(close, plain, [count, index / 10, (index + 1) / 10, total / count, events / count])) \
                or not is_exact(line["interval"], events, count, 0.95) or not all(map(close, line["chart"], wilson(events, count, 0.95))):
            return f"bin {index} of the scores"
    return line_unlike(found.get("recalibration"), scores)


def line_unlike(line, scores):
    """Whether the recalibration line solves its likelihood equations, and has their limits."""
    if not line:
        return None
    a, b = line["intercept"]["estimate"], line["slope"]["estimate"]
    gradient, information = [0.0, 0.0], [0.0, 0.0, 0.0]
    for score, out, event in zip(scores["scores"], scores["without"], scores["with"]):
        score = min(max(score, 1e-6), 1 - 1e-6)
        x, n = math.log(score / (1 - score)), out + event
        p = 1 / (1 + math.exp(-(a + b * x)))
        gradient = [gradient[0] + event - n * p, gradient[1] + (event - n * p) * x]
        information = [one + n * p * (1 - p) * by for one, by in zip(information, (1.0, x, x * x))]
    determinant = information[0] * information[2] - information[1] ** 2
    step = [(information[2] * gradient[0] - information[1] * gradient[1]) / determinant, (information[0] * gradient[1] - information[1] * gradient[0]) / determinant]
    z = NormalDist().inv_cdf(0.975)
    for part, value, off, variance in (("intercept", a, step[0], information[2] / determinant), ("slope", b, step[1], information[0] / determinant)):
        half = z * math.sqrt(variance)
        if abs(off) > 1e-8 * max(1.0, abs(value)) or not all(map(close, (line[part]["lower"], line[part]["upper"]), (value - half, value + half))):
            return f"the {part} of the recalibration"
    return None


def rate_step(limits, state, rows):
    """One step of the evidence that a rate has risen (docs/STATISTICS.md): ln M, and the lanes after."""
    reference, tolerance, top = limits["reference"], limits["tolerance"], limits["reference"] + limits["tolerance"]
    rates = []
    for strength in (1.6, 3.0, 6.0):
        rate = min(reference + strength * max(tolerance, 0.02), 0.95)
        if rate > top * 1.0001 and rate not in rates[-1:]:
            rates.append(rate)
    right, wrong = state["learned_counts"]
    learned = (10.0 * reference + wrong) / (10.0 + right + wrong)
    named, log_m = len(rates), [-math.inf if one is None else one for one in state["log_m"]]
    weights = [0.7 / named] * named + [0.3] if named else [1.0]
    rates.append(min(learned, 0.95) if learned > top * 1.0001 else None)
    if len(log_m) != len(rates):
        raise ValueError("the state is one of another detector")
    counts = [right, wrong]
    if any(either for _, *both in rows for either in both):
        for lane, rate in enumerate(rates):
            gained = 0.0
            if rate is not None and rate > top > 0:
                for weight, right, wrong in rows:
                    stake = (rate - top) / (top * (1 - top))
                    gained += right * (math.log1p(-rate) - math.log1p(-top)) + wrong * math.log1p(stake * (weight - top))
            log_m[lane] = gained + max(log_m[lane], 0.0)
        counts = [0.7 * (kept + sum(row[0] * row[1 + index] for row in rows)) for index, kept in enumerate(counts)]
    series = log_sum_exp([math.log(weight) + one for weight, one in zip(weights, log_m)])
    return series, {"log_m": log_m, "learned_counts": counts}


def rate_start(lanes):
    return {"log_m": [None] * len(lanes["log_m"]), "learned_counts": [0.0, 0.0]}


def same_lanes(a, b):
    none = lambda value: -math.inf if value is None else value
    return len(a["log_m"]) == len(b["log_m"]) and all(close(none(x), none(y)) for x, y in zip(a["log_m"], b["log_m"])) \
        and all(map(close, a["learned_counts"], b["learned_counts"]))


def carried(last, before):
    """Whether a state before is that after the last one; evidence starts anew where an alert closed, and for a detector of other rates."""
    start = rate_start(before["lanes"])
    if last is None:
        return before["evaluations"] == 0 and same_lanes(before["lanes"], start)
    anew = len(last["lanes"]["log_m"]) != len(before["lanes"]["log_m"]) or last["muted"] and not before["muted"]
    return before["evaluations"] == last["evaluations"] and same_lanes(before["lanes"], start if anew else last["lanes"])


def evidence_without(told, invalid):
    """The state after evaluations, gone through again without the rows of invalid batches."""
    state = None
    for one in (report["evidence"] for report in told if report.get("evidence")):
        rows = [(1.0, *(sum(c["new"][side] for c in report["cohorts"] if c["batch_id"] not in invalid) for side in (0, 1)))
                for report in told if report.get("evidence") is one]
        before, lanes = one["before"], rate_start(one["before"]["lanes"])
        if state and len(state["lanes"]["log_m"]) == len(lanes["log_m"]) and not (state["muted"] and not before["muted"]):
            lanes = state["lanes"]
        log_m, after = rate_step(one["limits"], lanes, rows)
        limit = math.log(one["limits"]["batches_per_false_alarm"])
        if not before["muted"] and math.log(one["limits"]["share"]) + log_m >= limit and "alarm" in one:
            after = rate_start(after)
        state = {"evaluations": (state["evaluations"] if state else 0) + 1, "muted": before["muted"], "lanes": after}
    return state


def evidence_unlike(evidence, alarm, n, rows):
    """What of the evidence over time about a rate does not follow from its rows and its state before; None when all does."""
    limits, before, after = evidence["limits"], evidence["before"], evidence["after"]
    of = max(alarm["reference_rows"], 1)
    reference = max(alarm["reference_errors"] / of, 0.5 / of)
    if not close(limits["reference"], reference) or (limits["share"], limits["batches_per_false_alarm"]) != (alarm.get("share", 0.15), n):
        return "the limits of the evidence"
    # The own error of a rate: the largest that 99.8 % of references of so many rows are within.
    a, b, declared, stated = of * reference, of * (1 - reference), alarm["tolerance"], limits["tolerance"]
    within = lambda error: beta_share(a, b, reference + error) - beta_share(a, b, reference - error)
    is_own = stated >= declared - TOLERANCE and within(stated + TOLERANCE) >= 0.998 >= within(stated - TOLERANCE)
    if not is_own and not (close(stated, min(declared, 0.999)) and within(declared + TOLERANCE) >= 0.998):
        return "the tolerance of the evidence"
    if evidence["rows"] != [sum(row[1] for row in rows), sum(row[2] for row in rows)]:
        return "the rows of the evidence"
    log_m, lanes = rate_step(limits, before["lanes"], rows)
    weighted, log_n = -math.inf if before["muted"] else math.log(limits["share"]) + log_m, math.log(n)
    level = "alarm" if weighted >= log_n else "watch" if weighted >= log_n - math.log(10) else "quiet"
    if (evidence["level"], "alarm" in evidence) != (level, level == "alarm") or not close(evidence["meter"], max(0.0, weighted / log_n)) \
            or not close(evidence["log_m"], log_m if math.isfinite(log_m) else None):
        return "where the evidence stands"
    expected = rate_start(lanes) if level == "alarm" else lanes
    if (after["evaluations"], after["muted"]) != (before["evaluations"] + 1, before["muted"]) or not same_lanes(after["lanes"], expected):
        return "the state after the evidence"
    return None


def inputs_of(report, reference):
    """What a drift report says of the inputs: beyond tolerance or under an open alert, and more than 1 % out of the reference's range."""
    found = {"beyond_tolerance": [], "out_of_range": []}
    for feature, frozen in zip(report["features"], reference["features"]):
        if feature["role"] != "feature":
            continue
        if feature["verdict"] == "drift" or any(one["muted"] or one["alarmed"] for one in feature["series"]):
            found["beyond_tolerance"].append(feature["feature"])
        levels = frozen["bins"]["bins"] == "levels"

        def share(profile):
            values = sum(profile["rows"]) - sum(profile["nulls"]) - sum(profile["nans"])
            out = sum(profile["unseen"]) if levels else sum(profile["low_tail"]) + sum(profile["high_tail"])
            return out / values if values else 0.0
        if share(feature["profile"]) > (0.0 if levels else share(frozen["profile"])) + 0.01:
            found["out_of_range"].append(feature["feature"])
    return found


def predicted(registration, rule):
    """What a version predicts, by its schema and its reference."""
    column = next(one for one in registration["schema"]["columns"] if one["role"] == "prediction")
    if column.get("kind") in ("continuous", "count"):
        return {"task": "number"}
    bins = next((one["bins"] for one in registration["reference"]["features"] if one["feature"] == column["name"]), {})
    classes = sorted({class_name(one) for one in bins.get("levels", []) + bins.get("rare", [])}, key=str.encode)
    positive = class_name(rule["positive"]) if "positive" in rule else "1" if "1" in classes else classes[-1] if classes else None
    if column.get("kind") == "binary" and positive:
        return {"task": "binary", "positive": positive, "classes": classes}
    return {"task": "multiclass", "classes": classes}


def cohort_unlike(cohort, rule):
    """What of a cohort does not follow from its counts; None when all does."""
    context, tally, scores = cohort["context"], cohort["tally"], cohort["tally"].get("scores")
    moment = lambda text: datetime.fromisoformat(text.replace("Z", "+00:00"))
    compared, counted = tally["labelled"] - tally["without_prediction"], tally["outcomes"]
    labels = {pair["label"] for pair in counted.get("pairs", [])}
    known = set(context["task"].get("classes", [])) | {pair["prediction"] for pair in counted.get("pairs", [])}
    is_mature = moment(context["ended_at"]) + timedelta(days=rule.get("label_delay_days", 0)) <= moment(context["judged_at"]) \
        and compared > 0 and compared >= rule.get("labels_min", 30) and not (labels and not labels & known)
    completeness = (tally["labelled"] + tally["repeated"]) / tally["rows"] if tally["rows"] else 0.0
    if (cohort["maturity"]["maturity"] == "mature") != is_mature:
        return "whether it is mature"
    if not close(cohort["completeness"], completeness) or cohort["provisional"] != (completeness < 0.9) \
            or cohort["is_evidence"] != (is_mature and completeness >= rule.get("completeness_min", 0.9)):
        return "what its completeness makes of it"
    if not is_mature:
        return "figures of a cohort that is not mature" if cohort["figures"]["figures"] or "calibration" in cohort else expected_unlike(cohort)
    about = {"task": context["task"], "error_limit": rule.get("error_limit")}
    unlike = figures_unlike(cohort["figures"], tally, about, 0.95, is_test=False)
    if not unlike and ("calibration" in cohort) != bool(scores and sum(scores["without"]) + sum(scores["with"])):
        unlike = "whether there is a calibration"
    if not unlike and "calibration" in cohort:
        unlike = calibration_unlike(cohort["calibration"], scores)
    return unlike or expected_unlike(cohort)


def expected_unlike(cohort):
    """What of the performance that is expected without labels does not follow from the counts; None when all does."""
    scores, found, context = cohort["tally"].get("scores"), cohort.get("expected"), cohort["context"]
    rows = sum(scores["predicted"]) if scores else 0
    if bool(found) != bool(rows):
        return "whether something is expected"
    if not rows:
        return None
    other, positive = scores["score_sum"]
    error = context["verified"]["error"] if "verified" in context else 0.0
    accuracy = (positive + scores["predicted"][0] - other) / rows
    ratio = lambda of: positive / of if context["task"]["task"] == "binary" and of > 0 else None
    figures = [found["rows"], found["accuracy"], found["standard_error"], found.get("sensitivity"), found.get("precision")]
    again = [rows, accuracy, math.sqrt(scores["variance_sum"] / rows ** 2 + error * error), ratio(positive + other), ratio(scores["predicted"][1])]
    right = next((figure for figure in cohort["figures"]["figures"] if figure["name"] == "accuracy" and "class" not in figure), None)
    verified = context.get("verified")
    withheld = [bool(context["inputs"]["beyond_tolerance"]), bool(context["inputs"]["out_of_range"]),
                not verified or context["number"] - verified["number"] > context["batches_per_false_alarm"],
                "calibration" in cohort and not cohort["calibration"]["verified"],
                bool(right and right.get("interval")) and not right["interval"][0] <= accuracy <= right["interval"][1]]
    return None if all(map(close, figures, again)) and len(found["withheld"]) == sum(withheld) else "what is expected"


# ---- the verifier ----------------------------------------------------------------------------------------------------

def attempted(compute):
    """What a computation finds; where it cannot be done, because counts have no such shape, that."""
    try:
        return compute()
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        return f"what cannot be computed again ({error!r})"


def acceptance_unlike(run, plan):
    """What in a test run does not follow from its counts and its plan; None when all does."""
    outcomes, context = [], run["context"]
    usable = lambda tally: tally["labelled"] - tally["without_prediction"]
    for group in run["groups"]:
        unlike = tally_unfit(group["tally"]) or figures_unlike(group["figures"], group["tally"], context, plan["confidence"])
        if unlike:
            return f"{unlike} of {group.get('group', 'all rows')}"
    for verdict, criterion in zip(run["criteria"], plan["criteria"]):
        if verdict["criterion"] != criterion:
            return "a criterion"
        metric, scope = criterion["metric"], criterion.get("scope", {"rows": "overall"})
        groups = [group for group in run["groups"] if group.get("column") == scope.get("column")]
        if len(groups) != len(verdict["groups"]):
            return f"the groups of {metric}"
        scores = run["groups"][0]["tally"].get("scores") if metric in ("auc", "brier_score") else None
        used = sum(scores["without"]) + sum(scores["with"]) if scores else usable(run["groups"][0]["tally"])
        rows_min = scope.get("rows_min", plan["rows_min"])
        found = []
        for group, line in zip(groups, verdict["groups"]):
            rows, figure = usable(group["tally"]), line.get("figure")
            asked = (metric, class_name(criterion["class"]) if "class" in criterion else None)
            if figure != next((one for one in group["figures"]["figures"] if (one["name"], one.get("class")) == asked), None):
                return f"{metric} of {group.get('group', 'all rows')}"
            low, high = figure.get("interval") or (None, None) if figure else (None, None)
            at_least = criterion["direction"] == "at_least"
            held = (low if at_least else high) if criterion["judged_by"] == "bound" else figure and figure["value"]
            if rows < rows_min or context["rows"] - used > plan["rows_left_out_max"] or figure is None or held is None:
                outcome = "not_evaluated"
            else:
                outcome = "met" if (held >= criterion["limit"] if at_least else held <= criterion["limit"]) else "not_met"
            counts = rows >= rows_min or scope.get("small_groups") != "left_out"
            if (line["outcome"], line["counts"]) != (outcome, counts):
                return f"the verdict on {metric} of {group.get('group', 'all rows')}"
            found += [outcome] if counts else []
        worst = next((one for one in ("not_met", "not_evaluated") if one in found), "met") if found else "not_evaluated"
        if verdict["outcome"] != worst:
            return f"the verdict on {metric}"
        outcomes.append(worst)
    if len(outcomes) != len(plan["criteria"]) or run["meets"] != all(one == "met" for one in outcomes):
        return "whether all criteria are met"
    return None


class Verifier:
    def __init__(self, path, key, policy=None, roots=None):
        self.policy, self.seen, self.roots, self.stamps, self.disposed, self.keys, self.followed = policy, None, roots, [], [], None, []
        self.earlier, self.seen_before, self.lists = [], [], None
        self.zip = zipfile.ZipFile(path)
        self.names = set(self.zip.namelist())
        if "MANIFEST.json" not in self.names and "entries.jsonl" not in self.names:
            raise zipfile.BadZipFile("it holds neither a manifest nor entries")
        self.trusted, self.is_led = key, True
        self.findings, self.checked, self.rows, self.digests, self.is_sealed = [], {}, {}, {}, False
        self.leaves, self.parsed, self.listed, self.scope, self.key, self.note = [], [], {}, {}, key, None

    def find(self, code, file, detail):
        finding = {"code": code, "file": file, "detail": str(detail)}
        if finding not in self.findings:
            self.findings.append(finding)

    def count(self, what, by=1):
        self.checked[what] = self.checked.get(what, 0) + by

    def read(self, name):
        if name not in self.names:
            return None
        try:
            with self.zip.open(name) as file:
                data = file.read(FILE_MAX + 1)
            return data if len(data) <= FILE_MAX else None
        except Exception:
            return None

    def required(self, name):
        data = self.read(name)
        if data is None and not any(finding["file"] == name for finding in self.findings):
            self.find("file_missing", name, "every pack has one")
        return data

    def run(self):
        self.guard(self.hidden)
        manifest = self.guard(self.files)
        self.scope = (manifest or {}).get("scope", {})
        self.required("README.txt")
        head = self.guard(self.checkpoint)
        self.guard(lambda: self.entries(head))
        for part in (self.sealed, self.witnessed, self.earlier_heads, self.proofs, self.bodies, self.records, self.stamped, self.completeness):
            self.guard(part)
        if manifest and head and (manifest["origin"], manifest["size"]) != head[:2]:
            self.find("manifest_invalid", "MANIFEST.json", "it names another ledger or size than the checkpoint")
        if self.key:
            first = self.keys.first
            own = self.row("ledger", first.name)
            if not own or own.get("verifier_key") != first.text:
                code = "key_differs" if own else "record_missing"
                self.find(code, record_file("ledger", first.name), "the ledger's own record names another key or none")
        for part in (self.acts, self.copies, self.prediction, self.tables, self.registrations, self.acceptance, self.reports, self.performance, self.decisions, self.signatures, self.life_cycles, self.alert_lives, self.runs, self.backups, self.time_stamps, self.key_changes, self.upgrades):
            self.guard(part)

    def guard(self, part):
        """Nothing in a pack may stop the verification: what cannot be verified is a finding."""
        try:
            return part()
        except Exception as error:
            return self.find("not_verifiable", "the archive", f"{type(error).__name__}: {error}")

    def hidden(self):
        infos, fp = sorted(self.zip.infolist(), key=lambda info: info.header_offset), self.zip.fp
        expected = 0
        for info in infos:
            fp.seek(info.header_offset)
            header = fp.read(30)
            length = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            if info.header_offset != expected:
                return self.find("archive_unsound", "the archive", f"bytes {expected} to {info.header_offset} belong to no file")
            expected = info.header_offset + 30 + length + info.compress_size
        fp.seek(0)
        if len(infos) != len(self.names) or fp.read(4) != b"PK\x03\x04" or self.zip.comment or expected != self.zip.start_dir:
            self.find("archive_unsound", "the archive", "two files of one name, or bytes that belong to no file")

    def manifest(self):
        data = self.read("MANIFEST.json")
        if data is None:
            code = "file_unreadable" if "MANIFEST.json" in self.names else "file_missing"
            return self.find(code, "MANIFEST.json", "every pack has one")
        try:
            manifest = strict_json(data)
            names = [file["name"] for file in manifest["files"]]
            shape = {"format", "program", "scope", "origin", "size", "files"}
            if set(manifest) != shape or any(set(f) != {"name", "bytes", "sha256", "blake3"} for f in manifest["files"]):
                raise ValueError("unknown or missing fields")
            if not set(manifest["scope"]) <= SCOPE:
                raise ValueError("unknown scope")
            if manifest["format"] != "driftledger/evidence/v1" or canonical(manifest).encode() != data:
                raise ValueError("not of this format, or not canonical JSON")
            if names != sorted(set(names), key=str.encode):
                raise ValueError("files are not in order, each once")
            return manifest
        except (ValueError, KeyError, TypeError) as error:
            return self.find("manifest_invalid", "MANIFEST.json", error)

    def files(self):
        manifest = self.manifest()
        listed = {file["name"]: file for file in manifest["files"]} if manifest else {}
        unlisted = {}
        for name in sorted(self.names):
            data = self.read(name)
            if data is not None:
                self.digests[name] = sha256(data)
            if name in ("MANIFEST.json", "SEAL") and data is not None or name == "MANIFEST.json":
                continue
            if data is None:
                self.find("file_unreadable", name, "its bytes cannot be had")
                continue
            self.count("files")
            if name not in FIXED and not any(name.startswith(folder) for folder in FOLDERS):
                self.find("file_unknown", name, "no file of this name belongs in a pack")
            digest = self.digests[name]
            if manifest and name not in listed:
                unlisted[name] = digest
            elif manifest and (len(data), digest) != (listed[name]["bytes"], listed[name]["sha256"]):
                other = next((f for f, line in listed.items() if line["sha256"] == digest and f != name), None)
                if other:
                    self.find("file_swapped", name, f"it holds what the manifest lists as {other}")
                elif digest != listed[name]["sha256"]:
                    self.find("file_changed", name, f"it has SHA-256 {digest}, MANIFEST.json lists {listed[name]['sha256']}")
                else:
                    self.find("file_changed", name, f"it has {len(data)} bytes, MANIFEST.json lists {listed[name]['bytes']}")
            elif manifest and blake3 and blake3.blake3(data).hexdigest() != listed[name]["blake3"]:
                self.find("file_changed", name, f"it has BLAKE3 {blake3.blake3(data).hexdigest()}, MANIFEST.json lists {listed[name]['blake3']}")
        for name in sorted(set(listed) - self.names):
            now = next((other for other, digest in unlisted.items() if digest == listed[name]["sha256"]), None)
            if now:
                del unlisted[now]
                self.find("file_renamed", name, f"its content is here as {now}")
            else:
                self.find("file_missing", name, "the manifest lists it")
        for name in unlisted:
            self.find("file_unlisted", name, "the manifest does not list it")
        return manifest

    def sealed(self):
        """Every file is one that the key of the ledger signed, and none that it signed is missing."""
        if "SEAL" not in self.names:
            says = next((entry["idx"] for entry in filter(None, self.parsed) if any(s["kind"] == "evidence_seal" for s in entry["subj"])), None)
            if says is not None:
                self.find("file_missing", "SEAL", f"entry {says} says that packs of this ledger have one")
            return
        note = self.required("SEAL")
        if note is None or not self.key:
            return
        try:
            first, origin, size, *lines, end = self.key.text_of(note.decode()).split("\n")
            signed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
            if first != "driftledger/evidence-seal/v1" or end or list(signed) != sorted(set(signed), key=str.encode) or len(signed) != len(lines):
                raise ValueError("not a seal: digests and names, in order, each once")
            if origin != self.key.name or self.head and size != str(self.head[1]):
                raise ValueError(f"it is about {size} entries of {origin}")
        except Exception as error:
            if self.head:  # under a key that did not sign the checkpoint either, that was said
                self.find("seal_invalid", "SEAL", str(error) or "the signature does not verify")
            return
        self.is_sealed = True
        for name, digest in signed.items():
            if name not in self.names:
                self.find("seal_differs", name, "SEAL signs it")
            elif self.digests.get(name, digest) != digest:
                self.find("seal_differs", name, f"it has SHA-256 {self.digests[name]}, SEAL signs {digest}")
        for name in self.digests:
            if name != "SEAL" and name not in signed:
                self.find("seal_differs", name, "SEAL does not sign it")

    def told_keys(self):
        """The keys of the ledger, as the records of the pack tell them; None where they do not."""
        try:
            first = strict_json(self.read(self.within("records/ledger/")[0]))
            told = KeyHistory(VerifierKey(first["verifier_key"]))
            rows = [strict_json(self.read(name)) for name in self.within("records/key_change/")]
            for row in sorted((row for row in rows if row["purpose"] == "ledger"), key=lambda row: row["entry"]):
                told.add(row)
            return told
        except Exception:
            # What is wrong with these records is said when they are examined.
            return None

    def key_heads(self, told):
        """For the entry of every rotation, what is wrong with the head that first covers it: both keys must have signed it."""
        data, signed = self.read("entries.jsonl") or b"", {}
        leaves = data[:-1].split(b"\n")
        for entry, kind, old, new, _ in told.changes if told else []:
            if kind != "rotated":
                continue
            size, name, note = entry + 1, f"keys/{entry + 1}.checkpoint", self.read(f"keys/{entry + 1}.checkpoint")
            try:
                if note is None:
                    raise ValueError("the head is not in the pack")
                head = old.open(note.decode())
                new.open(note.decode())
                if head[1] != size or size > len(leaves):
                    raise ValueError(f"it is of {head[1]} entries")
                if tree_root([leaf_hash(leaf) for leaf in leaves[:size]]) != head[2]:
                    raise ValueError(f"the first {size} entries have another root")
                signed[entry] = None
            except Exception as error:
                signed[entry] = (f"entry {entry} names another key, and the head that first covers it is not signed as it should be by "
                                 f"{old.text}: {str(error) or 'the signature does not verify'}")
                self.find("key_change_unsigned", name, signed[entry])
        for name in self.within("keys/"):
            if name not in {f"keys/{entry + 1}.checkpoint" for entry in signed}:
                self.find("file_unknown", name, "no record in the pack says that a key gave way under this head")
        return signed

    def followed_keys(self, told, trusted, signed):
        """The keys of the ledger, if one comes to the one in force from one that is trusted; else the trusted one alone."""
        texts = [key.text for key in trusted]
        known = [key for key in told.keys() if key.text in texts] if told else []
        if not known:
            return KeyHistory(trusted[-1])
        try:
            self.followed = told.follow(known[-1], signed)
        except Unfollowed as error:
            self.is_led = False
            if error.code != "key_change_unsigned":
                self.find(error.code, "verifier_key", error)
        return told

    def checkpoint(self):
        self.key, self.note, self.head = None, None, None
        packed, note = self.required("verifier_key"), self.required("checkpoint")
        try:
            packed = None if packed is None else VerifierKey(packed.decode().removesuffix("\n"))
        except Exception as error:
            packed = None
            self.find("key_invalid", "verifier_key", error)
        told = self.told_keys()
        signed = self.key_heads(told)
        trusted = [self.trusted] if self.trusted else []
        if self.policy and packed:
            trusted = self.policy.logs.get(packed.name, [])
            if not trusted:
                self.find("key_differs", "verifier_key", "the policy does not name this log")
        if trusted:
            self.keys = self.followed_keys(told, trusted, signed)
            if packed and packed.text != self.keys.current().text:
                self.find("key_differs", "verifier_key", "it is not the trusted key, nor one that this leads to")
        elif packed and not self.policy:
            self.keys = told if told and told.current().text == packed.text else KeyHistory(packed)
        self.key = self.keys and self.keys.current()
        try:
            if note is not None and self.key:
                self.note = note.decode()
                self.head = self.key.open(self.note)
        except Exception as error:
            revoked = self.revoked_by(self.note) if self.note else None
            self.find("key_revoked" if revoked else "checkpoint_invalid", "checkpoint",
                      revoked or str(error) or "the signature does not verify")
        return self.head

    def revoked_by(self, note):
        """What is to be said about a note that a revoked key signed beyond what is believed of it."""
        for key in self.keys.keys():
            try:
                size = key.open(note)[1]
            except Exception:
                continue
            if size > self.keys.believed(key):
                return f"it signs {size} entries by {key.text}, which is revoked for heads of more than {self.keys.believed(key)} entries"
        return None

    def key_changes(self):
        """Every change of keys belongs to an entry that says just that; keys for model files follow each other too."""
        of_ledger, of_files = None, None
        for key, row in sorted(self.rows.get("key_change", {}).items(), key=lambda item: item[1]["entry"]):
            self.count("changes of keys")
            name, entry = record_file("key_change", key), row["entry"]
            found = (self.parsed[entry] or {}).get("type") if entry < len(self.parsed) else None
            if OF_KEYS.get(found) != row["kind"]:
                self.find("record_disagrees", name, f"entry {entry} is {found}, the row says {row['kind']}")
            if row["purpose"] == "ledger":
                try:
                    if of_ledger is None:
                        of_ledger = KeyHistory(VerifierKey(next(iter(self.rows["ledger"].values()))["verifier_key"]))
                    of_ledger.add(row)
                except Exception as error:
                    self.find("key_history_invalid", name, error)
                continue
            self.same(name, "purpose", row["purpose"], "model_files")
            if of_files is not None:
                self.same(name, "old key", row["old_key"], of_files)
            of_files = row.get("new_key")

    def entries(self, head):
        self.leaves, self.parsed = [], []
        data = self.required("entries.jsonl")
        if data is None:
            return
        if not data.endswith(b"\n"):
            return self.find("entry_invalid", "entries.jsonl", "it does not end with a newline")
        self.leaves = data[:-1].split(b"\n")
        last = ""
        for index, leaf in enumerate(self.leaves):
            try:
                entry = strict_json(leaf)
                if canonical(entry).encode() != leaf or entry["v"] != 1:
                    raise ValueError("not canonical JSON, or of another version")
                if set(entry) != {"v", "idx", "ts", "type", "actor", "subj", "body", "refs"}:
                    raise ValueError("unknown or missing fields")
                if entry["idx"] != index or (entry["type"] == "log.create") != (index == 0):
                    self.find("entry_misplaced", "entries.jsonl", f"line {index + 1} says it is entry {entry['idx']}")
                if entry["ts"] < last:
                    self.find("time_backwards", "entries.jsonl", f"line {index + 1}: {entry['ts']} follows {last}")
                last = entry["ts"]
                self.parsed.append(entry)
            except (ValueError, KeyError, TypeError) as error:
                self.find("entry_invalid", "entries.jsonl", f"line {index + 1}: {error}")
                self.parsed.append(None)
        self.count("entries", len(self.leaves))
        if head and len(self.leaves) != head[1]:
            self.find("entries_incomplete", "entries.jsonl", f"{len(self.leaves)} entries, the checkpoint signs {head[1]}")
        elif head and tree_root([leaf_hash(leaf) for leaf in self.leaves]) != head[2]:
            self.find("root_differs", "entries.jsonl", "the entries have another root than the checkpoint signs")

    def witnessed(self):
        notes = [self.note] if self.head else []
        for name in self.within("witnessed/"):
            data = self.read(name)
            if data is None or not self.key:
                continue
            try:
                size = self.index_of(name, "witnessed/", ".checkpoint")
                head = self.keys.open(data.decode())
                if head[1] != size or size > len(self.leaves):
                    raise ValueError(f"it is of {head[1]} entries")
                if tree_root([leaf_hash(leaf) for leaf in self.leaves[:size]]) != head[2]:
                    raise ValueError(f"the first {size} entries have another root")
                if size > self.keys.believed(self.keys.at(size)):
                    raise ValueError(self.revoked_by(data.decode()))
                self.count("cosigned heads")
                notes.append(data.decode())
            except Exception as error:
                self.find("witnessed_invalid", name, error or "the signature does not verify")
        if not self.policy:
            return
        why = "there is no checkpoint"
        for note in notes:
            try:
                found = (self.keys.open(note)[1], self.policy.cosigned(note))
                self.seen = max(self.seen or found, found, key=lambda one: one[0])
            except Exception as error:
                why = str(error) or "a cosignature does not verify"
        if not self.seen:
            self.find("not_witnessed", "checkpoint", why)

    def earlier_heads(self):
        """The entries under every checkpoint that was seen before are still the same."""
        for name, note in self.earlier:
            try:
                _, size, root = self.keys.open(note)[:3]
                if size > len(self.leaves):
                    raise ValueError(f"it signs {size} entries, of which {len(self.leaves)} are here: the pack is older, or entries were removed")
                if tree_root([leaf_hash(leaf) for leaf in self.leaves[:size]]) != root:
                    raise ValueError(f"the first {size} entries have another root than it signs")
                self.seen_before.append(size)
            except Exception as error:
                self.find("earlier_head_differs", name, str(error) or "the signature does not verify")
        self.seen_before.sort()

    def stamped(self):
        """Every time stamp is about a head of this ledger and is the one that its record holds; under the roots, where they are given."""
        kept = [row for row in self.rows.get("time_stamp", {}).values() if row["kind"] == "kept"]
        sizes = set()
        for name in self.within("stamped/"):
            size = self.index_of(name, "stamped/", ".tsr" if name.endswith(".tsr") else ".checkpoint")
            sizes |= {size} - {None}
        for row in kept:
            if f"stamped/{row['entries']}.tsr" not in self.names:
                self.find("copy_missing", f"stamped/{row['entries']}.tsr", "the time stamp inside a record has no copy here")
        roots = roots_of_first(self.leaves, sizes)
        for size in sorted(sizes):
            name = f"stamped/{size}.tsr"
            note_name = f"stamped/{size}.checkpoint"
            note, response = self.read(note_name), self.read(name)
            of_head = [row for row in kept if row["entries"] == size]
            for file, data, held in ((note_name, note, [row["checkpoint"].encode() for row in of_head]),
                                     (name, response, [base64.b64decode(row["response"]) for row in of_head])):
                if data is None:
                    self.find("stamp_invalid", file, "a head and its time stamp belong together")
                elif data not in held:
                    self.find("copy_differs", file, "no record in the pack holds this time stamp")
            if note is None or response is None or not self.key:
                continue
            try:
                head = self.keys.open(note.decode())
                if head[1] != size or size > len(self.leaves):
                    raise ValueError(f"it is of {head[1]} entries")
                if roots.get(size) != head[2]:
                    raise ValueError(f"the first {size} entries have another root")
            except Exception as error:
                self.find("stamp_invalid", note_name, str(error) or "the signature does not verify")
                continue
            try:
                stamp = TimeStamp(response, note)
            except Exception as error:
                self.find("stamp_invalid", name, str(error) or "the signature does not verify")
                continue
            self.count("time stamps")
            self.stamps.append((size, stamp))
            try:
                if self.roots is not None:
                    stamp.check(self.roots, self.lists)
            except ValueError as error:
                self.find("stamp_untrusted", name, error)
        if self.roots is not None and not self.stamps:
            self.find("not_stamped", "checkpoint", "the pack has no time stamp that is one")

    def within(self, folder):
        return sorted(name for name in self.names if name.startswith(folder))

    def index_of(self, name, folder, ending):
        text = name[len(folder):-len(ending)] if name.endswith(ending) else ""
        if not text.isdigit() or str(int(text)) != text:
            return self.find("file_unknown", name, "its name is not that of a file in this folder")
        return int(text)

    def proofs(self):
        for name in self.within("proofs/"):
            index = self.index_of(name, "proofs/", ".tlog-proof")
            data = self.read(name)
            if index is None or data is None or not self.key:
                continue
            try:
                lines, _, note = data.decode().partition("\n\n")
                first, place, *hashes = lines.split("\n")
                if first != "c2sp.org/tlog-proof@v1" or place != f"index {index}":
                    raise ValueError("not a proof of this entry")
                hashes = [unbase64(line) for line in hashes]
                if any(len(found) != 32 for found in hashes):
                    raise ValueError("a hash is not 32 bytes")
                _, size, root = self.key.open(note)
                if note != self.note:
                    raise ValueError("it is under another note than the checkpoint")
                if index >= size or root_by_proof(self.leaves[index], index, size, hashes) != root:
                    raise ValueError("it does not lead to the root")
                self.count("proofs")
            except InvalidSignature:
                self.find("proof_invalid", name, "its checkpoint's signature does not verify")
            except Exception as error:
                self.find("proof_invalid", name, error)

    def bodies(self):
        self.listed = {}
        for name in self.within("bodies/"):
            index, data = self.index_of(name, "bodies/", ".json"), self.read(name)
            if index is None or data is None:
                continue
            entry = self.parsed[index] if index < len(self.parsed) else None
            if not entry:
                self.find("body_unwitnessed", name, "there is no valid entry of this index")
                continue
            self.count("bodies")
            if (sha256(data), len(data)) != (entry["body"]["sha256"], entry["body"]["len"]):
                self.find("body_changed", name, f"it has SHA-256 {sha256(data)}, the entry says {entry['body']['sha256']}")
                continue
            rows = strict_json(data)["rows"]
            listed = {row["table"] for row in rows}
            for table, (_, types, _) in ACTS.items():
                if entry["type"] in types.split() and table not in ("reference", "policy", "report") and table not in listed \
                        and entry["type"] != "signing.hold":  # not everybody whose signing is suspended has a second factor
                    self.find("act_differs", name, f"entry {index} is a {entry['type']} and lists no {table}")
            for row in rows:
                place = (row["table"], row["key"])
                if place in self.listed:
                    self.find("row_listed_twice", name, f"it lists {place}, which another body lists")
                self.listed.setdefault(place, (index, row["sha256"]))

    def redactions(self):
        """What redactions found and left of rows, by table and id, in the order of the ledger."""
        found = {}
        rows = [strict_json(self.read(name)) for name in self.within("records/redacted_row/")]
        for row in sorted(rows, key=lambda row: row["entry"]):
            found.setdefault((row["record_table"], row["record_id"]), []).append((row["found_sha256"], row["left_sha256"]))
        return found

    def records(self):
        expected, redactions = {}, self.guard(self.redactions) or {}
        for (table, key), (index, digest) in self.listed.items():
            if table in WITHHELD:
                continue
            name = record_file(table, key)
            expected[name] = (table, key)
            data = self.read(name)
            if data is None:
                if name not in self.names:
                    self.find("record_missing", name, f"entry {index} wrote this row")
                continue
            self.count("records")
            now = digest
            for found, left in redactions.get((table, key), []):
                now = left if now == found else None
            now = now or digest
            if sha256(data) != now:
                left = f", and its redaction left {now}" if now != digest else ""
                self.find("record_changed", name, f"it has SHA-256 {sha256(data)}, entry {index} lists {digest}{left}")
            try:
                row = strict_json(data)
                self.rows.setdefault(table, {})[key] = row
                if row["id"] != key or row["entry"] != index:
                    self.find("record_misplaced", name, "it is another row")
                entry = self.parsed[index]
                if entry and row["at"] != entry["ts"]:
                    self.find("record_misplaced", name, f"it is of {row['at']}, entry {index} of {entry['ts']}")
            except (ValueError, KeyError, TypeError) as error:
                self.find("record_unreadable", name, error)
        for name in self.within("records/"):
            if name not in expected:
                withheld = name.split("/")[1] in WITHHELD
                code = "record_withheld" if withheld else "record_unwitnessed"
                self.find(code, name, "no body lists this row, or it is never packed")

    def row(self, table, key):
        return self.rows.get(table, {}).get(key)

    def completeness(self):
        model, version = self.scope.get("model"), self.scope.get("version")
        until = self.scope.get("until", math.inf)
        versions = {key for key, row in self.rows.get("model_version", {}).items()
                    if model in (None, row["model"]) and version in (None, row["version"])}
        if model and not versions:
            self.find("scope_empty", "MANIFEST.json", "the pack has no version of what it is about")
        origins = set()
        for key in versions:
            for dataset in json.loads(self.row("model_version", key)["registration"])["datasets"]:
                found = dataset["fingerprint"]
                origins |= {found["table"]["table"], found["content"]["sha256"], found["content"]["blake3"]}
            draft = self.row("model_version", key).get("draft_id")
            if draft:
                origins.add(draft)
                row = self.row("draft_version", draft) or {}
                origins |= {row[column] for column in ("owner_id", "run_id", "logged_model_id") if row.get(column)}
        self.told_far_enough(versions)
        entries = [entry for entry in self.parsed if entry and entry["idx"] < until]
        concerned, episodes, incidents, actors = set(), set(), set(), set()
        for entry in entries:
            subjects = {(subject["kind"], subject["id"]) for subject in entry["subj"]}
            wanted = {("model_version", key) for key in versions} | {("episode", key) for key in episodes}
            wanted |= {("incident", key) for key in incidents}
            wanted |= {(kind, key) for key in origins for kind in ("draft_version", "run", "logged_model", "dataset")}
            if model and not version:
                wanted.add(("model", model))
            holds = entry["type"] in HOLDS and any(kind == "store" or (kind, key) == ("model", model) for kind, key in subjects)
            concerns = not model or entry["idx"] == 0 or holds or subjects & wanted
            if concerns or entry["type"] in OF_ALL:
                incidents |= {key for kind, key in subjects if kind == "incident"}
            if concerns:
                concerned.add(entry["idx"])
                actors.add(entry["actor"]["id"])
                if entry["type"] not in OF_INCIDENTS:
                    episodes |= {key for kind, key in subjects if kind == "episode"}
        concerned |= {entry["idx"] for entry in self.parsed if entry and entry["type"] in OF_KEYS}
        redacting = [entry for entry in self.parsed if entry and entry["type"] in OF_REDACTIONS]
        redactors, told_until = {entry["actor"]["id"] for entry in redacting}, max([until, *(entry["idx"] for entry in redacting)])
        for entry in self.parsed:
            # No redaction was signed under a legal hold: those after the end of the story count too.
            late = entry and until <= entry["idx"] < told_until and entry["type"] in HOLDS and (not model or any(
                s["kind"] == "store" or (s["kind"], s["id"]) == ("model", model) for s in entry["subj"]))
            if late:
                redacting.append(entry)
                redactors.add(entry["actor"]["id"])
        concerned |= {entry["idx"] for entry in redacting}
        for entry in self.parsed:
            if not entry or entry["idx"] >= told_until:
                continue
            whose = redactors | actors if entry["idx"] < until else redactors
            if entry["type"] in OF_ALL or entry["type"] in OF_ACTORS and any(
                    s["kind"] == "account" and s["id"] in whose for s in entry["subj"]):
                concerned.add(entry["idx"])
        for index in concerned:
            if f"bodies/{index}.json" not in self.names:
                self.find("body_missing", f"bodies/{index}.json", f"entry {index} concerns what the pack is about")
            if (model or until < math.inf) and f"proofs/{index}.tlog-proof" not in self.names:
                self.find("proof_missing", f"proofs/{index}.tlog-proof", f"entry {index} concerns what the pack is about")

    def told_far_enough(self, versions):
        """What the scope names is there, and the story goes to its end."""
        alert, batch, start, end = (self.scope.get(key) for key in ("alert", "batch", "from", "to"))
        for table, key in (("episode", alert), ("batch", batch)):
            if key and (self.row(table, key) or {}).get("version_id") not in versions:
                self.find("scope_empty", "MANIFEST.json", f"it is about the {table} {key}, which is not in the pack")
        asks, until = any((alert, batch, start, end)), self.scope.get("until")
        if until is None:
            if asks:
                self.find("manifest_invalid", "MANIFEST.json", "it does not say how far its story goes")
            return
        reports = {key for key, row in self.rows.get("report", {}).items() if row["batch_id"] == batch}
        episodes = {row["episode_id"] for row in self.rows.get("episode_batch", {}).values() if row["report_id"] in reports}
        least = 0
        for entry in filter(None, self.parsed):
            subjects = {(subject["kind"], subject["id"]) for subject in entry["subj"]}
            if alert:
                told = ("episode", alert) in subjects
            elif batch:
                told = bool(subjects & ({("batch", batch)} | {("episode", key) for key in episodes}))
            else:
                told = end is None or entry["ts"] < end
            least = max(least, entry["idx"] + 1) if told else least
        if not asks or not least <= until <= len(self.parsed):
            self.find("scope_cut", "MANIFEST.json", f"its story goes to entry {until}, expected {least} at least")

    def prediction(self):
        """The prediction that the scope asks for is in its batch, and its digests are those of its cells."""
        name, asked, batch_id = "prediction.json", self.scope.get("prediction"), self.scope.get("batch")
        ids_name = f"row_ids/{encode(batch_id)}.bin" if asked else None
        for other in self.within("row_ids/"):
            if other != ids_name:
                self.find("file_unknown", other, "no row ids of this batch belong in this pack")
        if not asked:
            if name in self.names:
                self.find("file_unknown", name, "the manifest asks for no prediction")
            return
        data = self.required(name)
        if data is None:
            return
        try:
            found = strict_json(data)
            if canonical(found).encode() != data:
                raise ValueError("it is not canonical JSON")
            values = {cell["column"]: cell.get("value") for cell in found["cells"]}
            inputs = {cell["column"]: cell.get("value") for cell in found["cells"] if cell["role"] == "feature"}
            batch = self.row("batch", batch_id) or {}
            parts = [values.get(column) for column in found["id_columns"]]
            row_id = ",".join(parts) if parts and None not in parts else None
            for what, one, other in [
                    ("format", found["format"], "driftledger/prediction/v1"), ("batch", found["batch_id"], batch_id),
                    ("version", found["version_id"], batch.get("version_id")), ("file", found["file_sha256"], batch.get("sha256")),
                    ("digest of the input", found["input_sha256"], sha256(canonical(inputs).encode())),
                    ("digest of the row", found["row_sha256"], sha256(canonical(values).encode())),
                    ("id", f"#{found['row']}" if asked[:1] == "#" and asked[1:].isdigit() else row_id, asked)]:
                self.disagree(name, what, one, other)
            if not 1 <= found["row"] <= batch.get("rows", 0):
                self.find("prediction_disagrees", name, "its batch has no such row")
            if ("id_digest" in found) != (row_id is not None):
                self.find("prediction_disagrees", name, "it states a digest of no id, or none of its id")
            if row_id is not None and "row_ids" in batch:
                listed = self.read(ids_name) or b""
                if blake3:
                    key = hashlib.sha256(f"row ids of version {found['version_id']}".encode()).digest()
                    encoded = b"".join(len(part.encode()).to_bytes(8, "little") + part.encode() for part in parts)
                    digest = max(int.from_bytes(blake3.blake3(encoded, key=key).digest()[:8], "big"), 1)
                    self.disagree(name, "digest of the id", found["id_digest"], f"{digest:016x}")
                    for file in (name, ids_name):
                        self.disagree(file, "list of row ids", blake3.blake3(listed).hexdigest(), batch["row_ids"])
                if bytes.fromhex(found["id_digest"]) not in {listed[at:at + 8] for at in range(0, len(listed), 8)}:
                    for file in (name, ids_name):
                        self.find("prediction_disagrees", file, "its id is not among the row ids of its batch")
            for label in found["labels"]:
                if (self.row("labels", label["labels_id"]) or {}).get("version_id") != found["version_id"]:
                    self.find("prediction_disagrees", name, "it names labels that are not in the pack")
            self.count("predictions")
        except (ValueError, KeyError, TypeError) as error:
            self.find("prediction_invalid", name, f"{type(error).__name__}: {error}")

    def disagree(self, name, what, found, expected):
        if found != expected:
            self.find("prediction_disagrees", name, f"{what}: {found!r}, expected {expected!r}")

    def tables(self):
        """Tables hold what the records hold, row by row."""
        made = {table for table, rows in self.rows.items() if rows}
        entries = {entry["idx"]: entry for entry in filter(None, self.parsed)
                   if f"bodies/{entry['idx']}.json" in self.names}
        features = {}
        for key, row in self.rows.get("report", {}).items():
            for feature in json.loads(row["document"])["features"]:
                features[key, feature["feature"]] = feature
        told = "story.html" in self.names
        if not told and not self.within("tables/"):
            return  # Packs of 0.1.0 had neither.
        if not told:
            self.find("copy_missing", "story.html", "a pack with tables tells its story")
        for table in sorted(made) + ["log_entry"] + (["report_feature"] if features else []):
            for ending in (".jsonl", ".csv"):
                name = f"tables/{table}{ending}"
                data = self.read(name)
                if data is None:
                    self.find("copy_missing", name, "the records in the pack make such a file")
                    continue
                try:
                    self.table(name, table, data, entries, features)
                except (ValueError, KeyError, TypeError) as error:
                    self.find("copy_differs", name, f"{type(error).__name__}: {error}")
        expected = {f"tables/{table}{ending}" for table in made | {"log_entry", "report_feature"} for ending in (".jsonl", ".csv")}
        if "tables/DICTIONARY.csv" not in self.names:
            self.find("copy_missing", "tables/DICTIONARY.csv", "the records in the pack make such a file")
        for name in self.within("tables/"):
            if name not in expected and name != "tables/DICTIONARY.csv":
                self.find("table_without_records", name, "no record in the pack is in this table")

    def dictionary(self):
        """The columns of every table, by the data dictionary of the pack."""
        columns = {}
        for table, column, *_ in csv.reader(io.StringIO((self.read("tables/DICTIONARY.csv") or b"").decode())):
            columns.setdefault(table, set()).add(column)
        return columns

    def table(self, name, table, data, entries, features):
        text = data.decode()
        if name.endswith(".jsonl"):
            *parts, end = text.split("\n")
            if end:
                raise ValueError("its last line does not end")
            lines = [strict_json(part.encode()) for part in parts]
        else:
            header, *body = list(csv.reader(io.StringIO(text, newline="")))
            if text != "".join(",".join(map(quoted, row)) + "\n" for row in [header, *body]):
                raise ValueError("it is not CSV as a pack has it")
            if set(header) != self.dictionary().get(table):
                raise ValueError("it has other columns than the data dictionary")
            if any(len(row) != len(header) for row in body):
                raise ValueError("a row has more or fewer cells than there are columns")
            lines = [dict(zip(header, row)) for row in body]
        plain = lambda value: value if name.endswith(".jsonl") else cell_text(value)
        seen = set()
        for line in lines:
            if table == "log_entry":
                entry = entries[int(line["idx"])]
                person = self.row("account", entry["actor"]["id"]) or {}
                expected = {"user_name": person.get("user_name"), "printed_name": person.get("printed_name"), "at": entry["ts"], "type": entry["type"], "actor": entry["actor"]["id"],
                            "role": entry["actor"]["role"], "auth": entry["actor"]["auth"], "body_sha256": entry["body"]["sha256"],
                            "subjects": " ".join(f"{s['kind']}:{s['id']}" for s in entry["subj"])}
                key = int(line["idx"])
            elif table == "report_feature":
                key = (line["report_id"], line["feature"])
                feature = features[key]
                series = feature["series"][0] if feature["series"] else {}
                expected = {"verdict": feature["verdict"], "sentence": feature["sentence"], "kind": feature["kind"],
                            "batch_rows": feature["batch"]["rows"], "batch_nulls": feature["batch"]["nulls"],
                            **{column: series.get(column) for column in ("tv", "tv_lower", "tv_upper", "tolerance")},
                            "psi": feature["statistics"].get("psi", {}).get("value")}
            else:
                key, row = line["id"], self.row(table, line["id"])
                if row is None:
                    raise ValueError(f"no record in the pack has the id {key!r}")
                folder, copied = COPIES.get(table, (None, None))
                expected = {column: value for column, value in row.items() if column != copied}
                if copied in row:
                    expected[f"{copied}_file"] = f"{folder}{encode(key)}.json"
                if name.endswith(".jsonl") and set(line) != set(expected):
                    raise ValueError(f"{key} has other columns than its record")
            if key in seen:
                raise ValueError(f"{key} stands twice")
            seen.add(key)
            for column, value in expected.items():
                found = line.get(column, None if name.endswith(".jsonl") else "")
                is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
                same = same_number(found, value) if is_number else found == plain(value)
                if not same:
                    raise ValueError(f"{column} of {key} is {found!r}, the record says {value!r}")
        whole = {"log_entry": entries, "report_feature": features}.get(table, self.rows.get(table, {}))
        if len(seen) != len(whole):
            raise ValueError(f"it has {len(seen)} rows, the records {len(whole)}")
        self.count("table rows", len(seen))

    def copies(self):
        expected = set()
        for table, (folder, column) in COPIES.items():
            for key, row in self.rows.get(table, {}).items():
                self.count("documents")
                name = f"{folder}{encode(key)}.json"
                expected.add(name)
                data = self.read(name)
                if data is None:
                    self.find("copy_missing", name, "the document inside the record has no copy here")
                elif data != row.get(column, "").encode():
                    self.find("copy_differs", name, "it is not the document inside the record")
                if table in ("report", "decision", "study"):
                    expected.add(f"{folder}{encode(key)}.html")
                    if f"{folder}{encode(key)}.html" not in self.names:
                        self.find("copy_missing", f"{folder}{encode(key)}.html", "the record has no page here")
        for folder, _ in COPIES.values():
            for name in self.within(folder):
                if name not in expected:
                    self.find("copy_without_record", name, "no record in the pack holds this document")

    def document(self, table, key, row):
        """The document inside a row, held against the digest that the row states."""
        if not row:
            raise ValueError(f"{table} {key} is not there")
        name, text = record_file(table, key), row.get("document", "")
        if sha256(text.encode()) != row.get("sha256"):
            self.find("document_changed", name, "the document has another digest than the row says")
        try:
            found = strict_json(text.encode())
        except ValueError as error:
            return self.find("document_invalid", name, error)
        if table in FORMATS:
            self.same(name, "format", found.get("format"), FORMATS[table])
        if canonical(found) != text:
            self.find("document_invalid", name, "it is not canonical JSON")
        return found

    def same(self, name, what, found, expected):
        if found != expected:
            self.find("record_disagrees", name, f"{what} is {found!r}, expected {expected!r}")

    def acceptance(self):
        """Test runs come after their criteria, and their figures and verdicts follow from the counts."""
        in_order = lambda table: sorted(self.rows.get(table, {}).items(), key=lambda item: (item[1]["entry"], item[0]))
        plans, newest = {}, {}
        for key, row in in_order("acceptance_plan"):
            plans[key] = (row, self.document("acceptance_plan", key, row))
            self.same(record_file("acceptance_plan", key), "the plan it takes the place of", row.get("supersedes"), newest.get(row["version_id"]))
            newest[row["version_id"]] = key
            if plans[key][1] and not self.plan_fits(row, plans[key][1]):
                self.find("record_disagrees", record_file("acceptance_plan", key), "it does not fit the registration of its version")
        looks = {}
        for key, row in in_order("test_run"):
            name, run = record_file("test_run", key), self.document("test_run", key, row)
            if not run:
                continue
            before = [plan for plan, (other, _) in plans.items()
                      if other["version_id"] == row["version_id"] and other["entry"] < row["entry"]]
            if not before or before[-1] != row["plan_id"]:
                self.find("criteria_after_test", name, "its plan is not the one in force before it")
                continue
            plan_row, plan = plans[row["plan_id"]]
            context, rows = run["context"], (row["version_id"], row["rows_sha256"])
            looks[rows] = looks.get(rows, []) + [row["plan_id"]]
            for what, found, expected in [
                    ("plan", (context["plan_id"], context["plan_entry"], context["plan_sha256"]), (row["plan_id"], plan_row["entry"], plan_row["sha256"])),
                    ("rows", (context["rows"], context["rows_sha256"]), (row["rows"], row["rows_sha256"])),
                    ("rows counted", run["groups"][0]["tally"]["rows"], row["rows"]),
                    ("file", context["file_sha256"], row["file_sha256"]), ("verdict of the row", row["meets"], int(run["meets"])),
                    ("look", context["look"], looks[rows].count(row["plan_id"])),
                    ("look in all", context["look_in_all"], len(looks[rows]))]:
                self.same(name, what, found, expected)
            self.count("test_runs")
            self.run_about(name, row, context, plan)
            unlike = attempted(lambda: acceptance_unlike(run, plan))
            if unlike:
                self.find("test_run_not_reproduced", name, f"{unlike} computed again differs")

    def plan_fits(self, row, plan):
        """Whether a plan is one of its version: names, a reason, limits, the test set."""
        version = self.row("model_version", row["version_id"])
        if not version:
            return False
        registration = json.loads(version["registration"])
        tables = {dataset["fingerprint"]["table"]["table"] for dataset in registration["datasets"] if dataset["role"] == "test"}
        test_set = plan.get("test_set", {"known": "none"})
        return plan["format"] == "driftledger/acceptance-plan/v1" and (plan["model"], plan["version"]) == (version["model"], version["version"]) \
            and plan["rationale"].strip() and 0.5 <= plan["confidence"] < 1 and 0 < len(plan["criteria"]) \
            and not any(one in plan["criteria"][:place] for place, one in enumerate(plan["criteria"])) \
            and (test_set["known"] != "registered" or test_set["table"] in tables)

    def run_about(self, name, row, context, plan):
        """What a test run says of its version and of what is predicted is what registration and policies say; it is on the test set of its plan."""
        version = self.row("model_version", row["version_id"])
        if not version:
            return
        registration = json.loads(version["registration"])
        self.same(name, "model and version", (context["model"], context["version"]), (version["model"], version["version"]))
        rules = [json.loads(policy["document"]).get("performance", {}) for policy in self.rows.get("policy", {}).values()
                 if policy["version_id"] == row["version_id"]]
        if not any(predicted(registration, rule) == context["task"] and rule.get("error_limit") == context.get("error_limit") for rule in rules):
            self.find("record_disagrees", name, "what it says is predicted is not what schema, reference and policy say")
        test_set = plan.get("test_set", {"known": "none"})
        named = [dataset["fingerprint"]["rows"] for dataset in registration["datasets"]
                 if dataset["role"] == "test" and dataset["fingerprint"]["table"]["table"] == test_set.get("table")]
        rows = test_set["fingerprint"]["rows"] if test_set["known"] == "given" else named[0] if named else None
        if rows is not None and (not context["matched"] or context["rows"] != rows):
            self.find("record_disagrees", name, "its rows are not shown to be those of the test set that its plan names")

    def performance(self):
        """Cohorts follow from their counts, evaluations from their cohorts and the state before; rows of invalid batches are evidence no more."""
        recorded, stories = {}, {}
        for key, row in self.rows.get("cohort", {}).items():
            recorded.setdefault(row["performance_id"], []).append((key, row))
        in_order = sorted(self.rows.get("performance", {}).items(), key=lambda item: (item[1]["version_id"], item[1]["number"]))
        for key, row in in_order:
            story = stories.setdefault(row["version_id"], {"number": 0, "entry": 0, "state": None, "told": [], "counted": {}})
            report = self.document("performance", key, row)
            if report:
                self.count("evaluations")
                self.evaluation((key, row, report), recorded.pop(key, []), story)
        for key, _ in (one for rows in recorded.values() for one in rows):
            self.find("record_dangling", record_file("cohort", key), "its evaluation is not there")

    def evaluation(self, evaluation, recorded, story):
        key, row, report = evaluation
        name, policy = record_file("performance", key), self.row("policy", row["policy_id"])
        if not policy:
            return self.find("record_dangling", name, "its policy is not there")
        self.same(name, "digest of the policy", report["context"]["policy_sha256"], policy["sha256"])
        self.same(name, "version of the policy", policy["version_id"], row["version_id"])
        version = self.row("model_version", row["version_id"])
        if version:
            self.same(name, "model and version", (report["context"]["model"], report["context"]["version"]), (version["model"], version["version"]))
        policy, judged = json.loads(policy["document"]), []
        rule = policy.get("performance", {})
        for cohort_key, cohort_row in recorded:
            cohort = self.cohort(cohort_key, cohort_row, rule)
            if not cohort:
                continue
            self.same(record_file("cohort", cohort_key), "digest of the policy", cohort["context"]["policy_sha256"], report["context"]["policy_sha256"])
            before, first = story["counted"].get(cohort_row["batch_id"], [0, 0]), cohort["tally"]["first"]
            counted = [max(pair) for pair in zip(first, before)] if cohort["is_evidence"] else before
            judged.append((cohort["context"]["number"], {
                "batch_id": cohort["context"]["batch_id"], "batch": cohort["context"]["batch"], "cohort_sha256": cohort_row["sha256"],
                "counted": counted, "new": [now - was for now, was in zip(counted, before)]}))
        if [one for _, one in sorted(judged, key=lambda one: one[0])] != report["cohorts"]:
            self.find("performance_not_reproduced", name, "the cohorts it lists are not those recorded with it, with the rows that are new in them")
        self.taken_out(name, row, report, story)
        if row["number"] != story["number"] + 1:
            self.find("report_out_of_order", name, f"it is number {row['number']}, expected {story['number'] + 1}")
        evidence, alarm = report.get("evidence"), rule.get("alarm")
        if bool(evidence) != bool(alarm):
            self.find("performance_not_reproduced", name, "it has evidence where its policy declares no alarm, or none where it does")
        elif evidence:
            rows = [(1.0, *(sum(one["new"][side] for one in report["cohorts"]) for side in (0, 1)))]
            unlike = attempted(lambda: evidence_unlike(evidence, alarm, policy["batches_per_false_alarm"], rows))
            if unlike:
                self.find("performance_not_reproduced", name, f"{unlike} computed again differs")
            if not carried(story["state"], evidence["before"]):
                self.find("report_out_of_order", name, "the evidence does not start where the evaluation before it ended")
        story["counted"].update({one["batch_id"]: one["counted"] for one in report["cohorts"]})
        story["number"], story["entry"], story["state"] = row["number"], row["entry"], evidence and evidence["after"]
        story["told"].append(report)

    def taken_out(self, name, row, report, story):
        """The rows of batches that were marked as invalid since the evaluation before are evidence no more, and it says so."""
        marked = sorted((one["entry"], one["batch_id"]) for one in self.rows.get("batch_invalidation", {}).values()
                        if one["version_id"] == row["version_id"] and one["entry"] < row["entry"])
        expected = []
        for entry, batch in marked:
            counted = [one for told in story["told"] for one in told["cohorts"] if one["batch_id"] == batch and one["counted"] != [0, 0]]
            if entry > story["entry"] and counted:
                expected.append({"batch_id": batch, "batch": counted[0]["batch"]})
        if report["context"].get("taken_out", []) != expected:
            self.find("performance_not_reproduced", name, "it takes other batches out of the evidence than were marked as invalid")
        if expected:
            story["state"] = evidence_without(story["told"], {batch for _, batch in marked})

    def cohort(self, key, row, rule):
        """One cohort, held against batch, labels and report, and computed again from its counts."""
        name, cohort = record_file("cohort", key), self.document("cohort", key, row)
        batch, report = self.row("batch", row["batch_id"]), self.row("report", row["report_id"])
        if not cohort:
            return None
        self.count("cohorts")
        context, tally = cohort["context"], cohort["tally"]
        if not batch or not report:
            self.find("record_dangling", name, "its batch or its report is not there")
            return cohort
        for what, found, expected in [
                ("batch", (context["batch_id"], context["batch"], context["batch_sha256"]), (row["batch_id"], batch["name"], batch["sha256"])),
                ("time of judging", context["judged_at"], row["at"]), ("end of the batch", context["ended_at"], batch.get("period_end", batch["at"])),
                ("versions", (batch["version_id"], report["version_id"]), (row["version_id"],) * 2), ("rows", tally["rows"], batch["rows"]),
                ("batch of the report", report["batch_id"], row["batch_id"]), ("digest of the report", context["report_sha256"], report["sha256"])]:
            self.same(name, what, found, expected)
        known = {labels["sha256"] for labels in self.rows.get("labels", {}).values()
                 if labels["version_id"] == row["version_id"] and labels["entry"] <= row["entry"]}
        if set(context["labels_sha256"]) - known:
            self.find("record_dangling", name, "a label file that it was computed from is not recorded")
        self.cohort_about(name, row, context, json.loads(report["document"]), rule)
        unlike = attempted(lambda: tally_unfit(tally) or cohort_unlike(cohort, rule))
        if unlike:
            self.find("cohort_not_reproduced", name, f"{unlike} computed again differs")
        return cohort

    def cohort_about(self, name, row, context, report, rule):
        """What it says of its inputs and of what is predicted is what drift report, reference and schema say."""
        version, monitor = self.row("model_version", row["version_id"]), self.row("monitor", self.row("report", row["report_id"])["monitor_id"])
        reference = monitor and self.row("reference", monitor["reference_id"])
        if reference and inputs_of(report, json.loads(reference["document"])) != context["inputs"]:
            self.find("record_disagrees", name, "what it says of the inputs is not what the drift report says")
        if not version:
            return
        registration = json.loads(version["registration"])
        self.same(name, "model and version", (context["model"], context["version"]), (version["model"], version["version"]))
        if predicted(registration, rule) != context["task"]:
            self.find("record_disagrees", name, "what it says is predicted is not what schema and reference say")

    def signed_once(self, name, row, over, meaning):
        """The one signature over a record, over its bytes, by who wrote it and with that meaning; None where there is not exactly one."""
        if len(over) != 1:
            self.find("step_not_signed", name, f"{len(over)} signatures are over it, expected 1")
            return None
        if over[0]["record"]["sha256"] != sha256(row["document"].encode()):
            self.find("signature_of_other_bytes", name, "its signature is over other bytes")
        self.same(name, "signer", over[0]["signer"]["id"], row["account_id"])
        self.same(name, "meaning", over[0]["meaning"], meaning)
        return over[0]

    def run_invalid_before(self, run, entry):
        """Whether a test run was marked as invalid before a ledger entry."""
        return any(row["test_run_id"] == run and row["entry"] < entry for row in self.rows.get("test_run_invalidation", {}).values())

    def test_run_invalidations(self, signed):
        """Each says what the records say, and is signed once, over its bytes, by QA and not by who made the run."""
        for key, row in self.rows.get("test_run_invalidation", {}).items():
            name, sheet = record_file("test_run_invalidation", key), self.document("test_run_invalidation", key, row)
            if not sheet:
                continue
            self.count("invalid test runs")
            run, version = self.row("test_run", row["test_run_id"]), self.row("model_version", row["version_id"])
            if not run or not version:
                self.find("record_dangling", name, "its test run or its version is not there")
                continue
            plan, before = self.row("acceptance_plan", run["plan_id"]) or {}, row["entry"]
            steps, state = [], "draft"
            for step, other in sorted(self.rows.get("version_step", {}).items(), key=lambda item: item[1]["entry"]):
                if other["version_id"] != row["version_id"] or other["entry"] >= before:
                    continue
                state = RULES.get((state, other["step"]), (state,))[0]
                cited = json.loads(other["document"])["acceptance"].get("test_run") or {}
                if cited.get("id") == row["test_run_id"]:
                    steps.append({"id": step, "step": other["step"], "entry": other["entry"]})
            earlier = lambda table: sorted(((other["entry"], one, other) for one, other in self.rows.get(table, {}).items()
                                            if other["version_id"] == row["version_id"] and other["entry"] < before), key=lambda found: found[:2])
            plans = earlier("acceptance_plan")
            counting = [{"id": one, "sha256": other["sha256"], "entry": entry, "meets_plan": bool(other["meets"])}
                        for entry, one, other in earlier("test_run") if plans and other["plan_id"] == plans[-1][1]
                        and one != row["test_run_id"] and not self.run_invalid_before(one, before)]
            for what, found, expected in [
                    ("version", (sheet["version_id"], sheet["model"], sheet["version"]), (row["version_id"], version["model"], version["version"])),
                    ("version of the test run", run["version_id"], row["version_id"]), ("reason", sheet["reason"], row["reason"]),
                    ("test run", sheet["test_run"], {"id": row["test_run_id"], "sha256": run["sha256"], "file_sha256": run["file_sha256"],
                                                     "rows": run["rows"], "entry": run["entry"]}),
                    ("plan", sheet["plan"], {"id": run["plan_id"], "sha256": plan.get("sha256"), "entry": plan.get("entry")}),
                    ("outcome", sheet["meets_plan"], bool(run["meets"])), ("state of the version", sheet["state"], state),
                    ("steps that rest on it", sheet["steps"], steps),
                    ("test run that counts instead", sheet.get("counts_instead"), counting[-1] if counting else None)]:
                self.same(name, what, found, expected)
            if len(sheet["reason"].strip()) < 20:
                self.find("invalidation_not_valid", name, "its reason says nothing")
            if run["account_id"] == row["account_id"]:
                self.find("step_not_permitted", name, "who made the test run marked it as invalid")
            signature = self.signed_once(name, row, signed.get(key, []), "invalidated_test_run")
            if signature and signature["signer"]["role"] != "qa":
                self.find("step_not_permitted", name, f"a {signature['signer']['role']} marked a test run as invalid")

    def registrations(self):
        """Registrations are what their rows say, and hold the reference and the policy that were recorded with them; episodes cover what the
        report that opened them alarmed about."""
        for key, row in self.rows.get("model_version", {}).items():
            name, text = record_file("model_version", key), row["registration"]
            if sha256(text.encode()) != row["content_sha256"]:
                self.find("document_changed", name, "the registration has another digest than the row says")
            registration = strict_json(text.encode())
            if canonical(registration) != text:
                self.find("document_invalid", name, "the registration is not canonical JSON")
            self.same(name, "model and version", (registration["model"], registration["version"]), (row["model"], row["version"]))
            for table in ("reference", "policy"):
                with_it = [other["document"] for other in self.rows.get(table, {}).values()
                           if (other["version_id"], other["entry"]) == (key, row["entry"])]
                if not with_it or not filled(registration[table], json.loads(with_it[0])):
                    self.find("record_disagrees", name, f"the registration holds another {table} than was recorded with it")
        for table in ("reference", "policy", "monitor"):
            for key, row in self.rows.get(table, {}).items():
                self.document(table, key, row)
        for key, row in self.rows.get("episode", {}).items():
            name, opening = record_file("episode", key), strict_json(row["opening"].encode())
            self.same(name, "kind of the opening", opening["kind"], row["kind"])
            if opening["kind"] != "drift":
                continue
            report = self.row("report", row["report_id"])
            if not report:
                self.find("record_dangling", name, "the report that opened it is not there")
                continue
            self.same(name, "version", row["version_id"], report["version_id"])
            self.same(name, "entry of the report that alarmed", report["entry"], row["entry"])
            alarm = json.loads(report["document"]).get("alarm") or {}
            if alarm.get("covers") != opening["series"]:
                self.find("record_disagrees", name, "it covers other series than the report that opened it alarmed about")

        for key, row in self.rows.get("episode_batch", {}).items():
            name, episode, report = record_file("episode_batch", key), self.row("episode", row["episode_id"]), self.row("report", row["report_id"])
            if not episode or not report:
                self.find("record_dangling", name, "its alert or its report is not there")
                continue
            self.same(name, "version of its report", report["version_id"], episode["version_id"])
            if row["entry"] < report["entry"]:
                self.find("record_disagrees", name, "it names a report that came later")

    def reports(self):
        """Every report again. Those in force are a chain: an invalid batch leaves it, and every later one is judged again in the same entry,
        from the same counts."""
        rows = sorted(self.rows.get("report", {}).items(), key=lambda item: (item[1]["version_id"], item[1]["number"]))
        invalid = sorted((row["entry"], key, row) for key, row in self.rows.get("batch_invalidation", {}).items())
        chains = {}
        for key, row in rows:
            report = self.document("report", key, row)
            if not report:
                continue
            name, version = record_file("report", key), row["version_id"]
            chain = chains.setdefault(version, {"force": [], "waiting": [], "because": None})
            while any(one[0] <= row["entry"] and one[2]["version_id"] == version for one in invalid):
                one = next(one for one in invalid if one[0] <= row["entry"] and one[2]["version_id"] == version)
                invalid.remove(one)
                self.leave_out(one, chain)
            try:
                counts = canonical([[feature["profile"] for feature in report["features"]]]
                                   + [report.get(part) for part in ("row_ids", "clusters", "segments", "scores")])
                if "invalidation_id" in row:
                    former = chain["waiting"].pop(0) if chain["waiting"] else (None, None, None)
                    self.same(name, "invalidation", row["invalidation_id"], chain["because"])
                    self.same(name, "batch judged again", row["batch_id"], former[0])
                    if counts != former[2]:
                        self.find("record_disagrees", name, "it is judged again from other counts")
                else:
                    self.all_judged_again(chain)
                self.report(name, row, report, chain["force"][-1][1] if chain["force"] else None)
                self.earlier_named(name, report["context"].get("earlier_batches", {}), chain["force"])
                chain["force"].append((row["batch_id"], report, counts))
            except (KeyError, IndexError, TypeError, ValueError, StopIteration) as error:
                self.find("report_not_reproduced", name, f"it cannot be computed again: {error!r}")
        for one in invalid:
            self.leave_out(one, chains.setdefault(one[2]["version_id"], {"force": [], "waiting": [], "because": None}))
        for chain in chains.values():
            self.all_judged_again(chain)
        self.invalidations()

    def earlier_named(self, name, said, force):
        """The earlier batches that a report calls by name have that number and that name."""
        batches = {str(report["state_after"]["batches"]): batch for batch, report, _ in force} if said else {}
        for number, called in said.items():
            self.same(name, "name of an earlier batch", called, (self.row("batch", batches.get(number)) or {}).get("name"))

    def leave_out(self, one, chain):
        self.all_judged_again(chain)
        place = [batch for batch, _, _ in chain["force"]]
        if one[2]["batch_id"] not in place:
            return self.find("invalidation_not_valid", record_file("batch_invalidation", one[1]), "its batch did not count")
        at = place.index(one[2]["batch_id"])
        chain["force"], chain["waiting"], chain["because"] = chain["force"][:at], chain["force"][at + 1:], one[1]

    def all_judged_again(self, chain):
        if chain["waiting"]:
            self.find("report_out_of_order", record_file("batch_invalidation", chain["because"]), "later batches were not judged again")
            chain["waiting"] = []

    def invalidations(self):
        """Each is signed once, over its bytes, by QA and not by who sent the batch; a batch corrects one that was invalid when it came."""
        invalid = {row["batch_id"]: row["entry"] for row in self.rows.get("batch_invalidation", {}).values()}
        for key, row in self.rows.get("batch", {}).items():
            if "corrects" in row and not invalid.get(row["corrects"], row["entry"]) < row["entry"]:
                self.find("invalidation_not_valid", record_file("batch", key), "it corrects a batch that was not invalid when it came")
        for key, row in self.rows.get("batch_invalidation", {}).items():
            name, sheet = record_file("batch_invalidation", key), self.document("batch_invalidation", key, row)
            if not sheet:
                continue
            self.count("invalid batches")
            self.same(name, "batch", sheet["batch"]["id"], row["batch_id"])
            self.same(name, "reason", sheet["reason"], row["reason"])
            if len(sheet["reason"].strip()) < 20:
                self.find("invalidation_not_valid", name, "its reason says nothing")
            batch = self.row("batch", row["batch_id"])
            sender = self.parsed[batch["entry"]]["actor"]["id"] if batch and self.parsed[batch["entry"]] else None
            if sender == row["account_id"]:
                self.find("step_not_permitted", name, "who sent the batch marked it as invalid")
            over = [strict_json(one["document"].encode()) for one in self.rows.get("record_signature", {}).values()
                    if one["record_table"] == "batch_invalidation" and one["record_id"] == key]
            signature = self.signed_once(name, row, over, "invalidated_batch")
            if signature and signature["signer"]["role"] != "qa":
                self.find("step_not_permitted", name, f"a {signature['signer']['role']} marked a batch as invalid")

    def report(self, name, row, report, previous):
        monitor_row, batch = self.row("monitor", row["monitor_id"]), self.row("batch", row["batch_id"])
        if not monitor_row or not batch:
            return self.find("record_dangling", name, "its monitor or its batch is not there")
        reference_row = self.row("reference", monitor_row["reference_id"])
        monitor = self.document("monitor", row["monitor_id"], monitor_row)
        reference = self.document("reference", monitor_row["reference_id"], reference_row)
        context = report["context"]
        version, policy = self.row("model_version", row["version_id"]), self.row("policy", monitor_row["policy_id"])
        if not version or not policy:
            return self.find("record_dangling", name, "its version or its policy is not there")
        for what, found, expected in [
                ("batch", (context["batch_id"], context["batch"]), (row["batch_id"], batch["name"])),
                ("version of the batch", batch["version_id"], row["version_id"]), ("version of the monitor", monitor_row["version_id"], row["version_id"]),
                ("model and version", (context["model"], context["version"]), (version["model"], version["version"])),
                ("period", (context.get("period_start"), context.get("period_end")), (batch.get("period_start"), batch.get("period_end"))),
                ("digest of the policy", context["policy_sha256"], policy["sha256"]),
                ("digest of the batch", context["batch_sha256"], batch["sha256"]), ("rows", report["rows"], batch["rows"]),
                ("digest of the reference", context["reference_sha256"], reference_row["sha256"]),
                ("digest of the monitor", context["monitor_sha256"], monitor_row["sha256"]),
                ("verdict of the row", row["verdict"], report["verdict"]), ("state", row["state"], report["state"]),
                ("meter of the row", row["meter"], report["meter"]),
                ("number of the row", row.get("position", row["number"]), report["state_after"]["batches"])]:
            self.same(name, what, found, expected)
        if report["state_after"]["batches"] != report["state_before"]["batches"] + 1:
            self.find("report_not_reproduced", name, "the number of batches after it, computed again, differs")
        if previous and report["state_before"]["batches"] != previous["state_after"]["batches"]:
            self.find("report_out_of_order", name, "it does not follow the report before it")
        if context.get("configuration"):
            stated, registered = batch.get("configuration"), configuration(version)
            outcome = "not_stated" if stated is None else "same" if stated == registered else "other"
            expected = {"outcome": outcome, "registered": registered, **({} if stated is None else {"stated": stated})}
            self.same(name, "configuration of its batch", context["configuration"], expected)
        self.revision(name, row, report, previous)
        alerts = [self.row("episode", one["episode_id"]) for one in self.rows.get("episode_batch", {}).values() if one["report_id"] == row["id"]]
        openings = [strict_json(alert["opening"].encode()) for alert in alerts if alert]
        if report.get("alarm") and not any((one["kind"], one["series"]) == ("drift", report["alarm"]["covers"]) for one in openings):
            self.find("alert_not_raised", name, "it raised an alarm, and no alert is about that")
        if (context.get("configuration") or {}).get("outcome") == "other" and not any(one["kind"] == "other_configuration" for one in openings):
            self.find("alert_not_raised", name, "its batch came of another configuration, and no alert is about that")
        self.count("reports")
        differs = lambda what: self.find("report_not_reproduced", name, f"{what} computed again differs")
        self.statistics(report, reference, differs)
        self.evidence(report, monitor, differs)

    def statistics(self, report, reference, differs):
        found = [feature["feature"] for feature in report["features"]]
        expected = [feature["feature"] for feature in reference["features"]]
        if found != expected:
            return differs(f"the list of features ({found}, the reference has {expected})")
        for feature, frozen in zip(report["features"], reference["features"]):
            before, now = bin_counts(frozen, frozen["profile"]), bin_counts(frozen, feature["profile"])
            used = [k for k in range(len(before)) if before[k] + now[k] > 0]
            before, now = [before[k] for k in used], [now[k] for k in used]
            count = lambda profile: {"rows": sum(profile["rows"]), "nulls": sum(profile["nulls"]) + sum(profile["nans"])}
            if (feature["batch"], feature["reference"]) != (count(feature["profile"]), count(frozen["profile"])) \
                    or (feature["kind"], feature["role"]) != (frozen["kind"], frozen["role"]):
                differs(f"rows, missing values, kind or role of {feature['feature']}")
            shown, computable = feature["statistics"], sum(before) > 0 and sum(now) > 0
            for code, compute in [
                    ("total_variation", lambda: variation([c / sum(before) for c in before], [c / sum(now) for c in now])),
                    ("psi", lambda: psi(before, now))]:
                expected = compute() if computable else None
                if not close(shown[code].get("value"), expected):
                    differs(f"{code} of {feature['feature']}")

    def evidence(self, report, monitor, differs):
        queues = [iter(feature["series"]) for feature in report["features"]]
        before, after, weighted, judged = report["state_before"], report["state_after"], [], []
        for index, series in enumerate(monitor["series"]):
            what, detector = f"{series['feature']}/{series['name']}", series["detector"]
            outcome = next(queues[series["feature_index"]])
            blocks = series_blocks(report["features"][series["feature_index"]]["profile"], series["name"])
            tempered = detector
            if report.get("clusters"):  # rows that belong together: one block, divided by the largest cluster
                blocks = [[sum(block[k] for block in blocks) for k in range(len(detector["reference"]))]]
                tempered = {**detector, "temper": 1.0 / max(1, report["clusters"]["largest"])}
            for lane in detector["lanes"]:
                again = score_card(lane["alternative"], detector["reference"], detector["tolerance"])
                if not all(close(a, b) for a, b in zip(lane["scores"], again)):
                    differs(f"a score card of {what}")
            log_e, log_m, state = step(tempered, before["series"][index]["lanes"], blocks)
            rows = sum(map(sum, blocks))
            totals = [sum(block[k] for block in blocks) for k in range(len(detector["reference"]))]
            tv = variation(detector["reference"], [c / rows for c in totals]) if rows else None
            if not (close(outcome["log_e"], log_e) and close(outcome["log_m"], log_m) and close(outcome["tv"], tv)):
                differs(f"the evidence of {what}")
            stored = after["series"][index]["lanes"]
            if report.get("alarm"):
                state = {"log_m": [None] * len(stored["log_m"]), "learned_counts": [0.0] * len(totals)}
            for part in ("log_m", "learned_counts"):
                if not all(close(a, b) for a, b in zip(stored[part], state[part])):
                    differs(f"the state of {what}")
            muted = what in before["muted"]
            weighted.append(-math.inf if muted else math.log(series["weight"]) + log_m)
            recent = (before["series"][index]["recent"] + ([totals] if rows else []))[-12:]
            judged.append((what, outcome, log_e, muted, len(detector["reference"])))
            plain = [outcome["name"], outcome["rows"], outcome["muted"], outcome["pooled_rows"], outcome["pooled_batches"]]
            if plain != [series["name"], rows, muted, sum(map(sum, recent)), len(recent)] \
                    or not close(outcome["tolerance"], detector["tolerance"]) \
                    or not close(outcome["e_value"], math.exp(min(log_e, 700.0)) if rows else None):
                differs(f"what is stated of {what}")
        if any(next(queue, None) is not None for queue in queues):
            differs("the list of series (the monitor has fewer)")
        log_m, log_n = log_sum_exp(weighted), math.log(monitor["batches_per_false_alarm"])
        level = "alarm" if log_m >= log_n else "watch" if log_m >= log_n - math.log(10) else "quiet"
        if not close(report["meter"], max(0.0, log_m / log_n)) or report["state"] != level \
                or bool(report.get("alarm")) != (level == "alarm") or not close(report["log_m"], log_m if math.isfinite(log_m) else None) \
                or (report["batches_per_false_alarm"], report["rows_min"]) != (monitor["batches_per_false_alarm"], monitor["rows_min"]):
            differs("the monitor's state")
        self.verdicts(report, judged, (weighted, log_m), differs)

    def verdicts(self, report, judged, evidence, differs):
        """Verdicts follow from the evidence of the batch, and from the limits over the pooled rows, which are taken as they are stated; what
        an alarm covers follows from the evidence over time."""
        weighted, log_m = evidence
        named = e_bh([log_e for _, _, log_e, _, _ in judged])
        covered = e_bh([math.log(len(weighted)) + one for one in weighted])
        established = True in covered
        for (what, outcome, _, muted, bins), is_named, is_covered, one in zip(judged, named, covered, weighted):
            share = 0.0 if muted or not math.isfinite(log_m) else min(1.0, math.exp(one - log_m))
            upper, tolerance = outcome["pooled_tv_upper"], outcome["tolerance"]
            least = 1 if bins <= 2 else bins / (2.0 * tolerance * tolerance)
            settled = upper is not None and upper <= tolerance and (bool(report.get("clusters")) or outcome["pooled_rows"] >= least - TOLERANCE)
            verdict = "not_evaluated" if not outcome["rows"] else "drift" if is_named else "stable" if settled else "undetermined"
            if is_named is not None and outcome["verdict"] != verdict:
                differs(f"the verdict of {what} ({outcome['verdict']}, from what is stated follows {verdict})")
            if not close(outcome["evidence_share"], share):
                differs(f"the share of the evidence of {what}")
            is_covered = bool(report.get("alarm")) and (is_covered or not established and share >= 0.05)
            if None not in covered and abs(share - 0.05) > TOLERANCE and outcome["alarmed"] != is_covered:
                differs(f"whether the alarm covers {what}")
        order = ["stable", "not_evaluated", "undetermined", "drift"]
        worst = lambda verdicts: max(verdicts, key=order.index, default="not_evaluated")
        for feature in report["features"]:
            if feature["verdict"] != worst([one["verdict"] for one in feature["series"]]):
                differs(f"the verdict of {feature['feature']}")
        if report["verdict"] != worst([feature["verdict"] for feature in report["features"]]):
            differs("the verdict of the batch")
        alarmed = [f"{feature['feature']}/{one['name']}" for feature in report["features"] for one in feature["series"] if one["alarmed"]]
        alarm = report.get("alarm")
        if alarm and (alarm["covers"] != alarmed or None not in covered and alarm["established"] != established):
            differs("what the alarm covers")

    def account(self, name, row, person):
        account = self.row("account", row["account_id"])
        if not account:
            return self.find("record_dangling", name, "the account it names is not there")
        found = [person[field] for field in ("id", "user_name", "printed_name", "role")]
        expected = [account[field] for field in ("id", "user_name", "printed_name")] + [self.role_at(account, row["at"])]
        self.same(name, "the person", found, expected)

    def newest(self, table, entry, fits=lambda row: True):
        """The newest row of a table before an entry that fits."""
        rows = [row for row in self.rows.get(table, {}).values() if row["entry"] < entry and fits(row)]
        return max(rows, key=lambda row: row["entry"], default=None)

    def identified(self, name, row, signature, digest):
        """How a signer was identified, held against passkeys, suspended signing, the clock and the link to the identity provider."""
        who, entry = signature["signer"]["id"], row["entry"]
        own = lambda other: other["account_id"] == who
        self.accountable(name, row, signature)
        held, clock = self.newest("signing_hold", entry, own), self.newest("clock_event", entry)
        if held and held["held"]:
            self.find("signed_while_suspended", name, "signing was suspended for its signer")
        if clock and not clock["trusted"]:
            self.find("signed_while_clock_not_trusted", name, clock["detail"])
        ended = {end["passkey_id"] for end in self.rows.get("passkey_revocation", {}).values() if end["entry"] < entry}
        keys = {key: known for key, known in self.rows.get("passkey", {}).items()
                if own(known) and known["entry"] < entry and key not in ended}
        proof = signature.get("passkey")
        if keys and not proof:
            self.find("passkey_proof_missing", name, "its signer has a passkey, and it said nothing about this")
        if proof:
            self.count("passkey_proofs")
            try:
                self.check_passkey(proof, keys, who)
                about = proof["statement"]["record_sha256"], proof["statement"]["meaning"]
                if about != (digest, signature["meaning"]) and not (
                        signature["meaning"] == "superseded" and self.is_of_same_act(row, proof, about)):
                    raise ValueError(f"it is about the record {about[0]}")
            except (ValueError, KeyError, InvalidSignature) as error:
                self.find("passkey_proof_forged", name, str(error) or "the signature is not of this passkey")
        link, login = self.newest("provider_link", entry, own), signature.get("provider")
        linked = link and link["state"] in ("linked", "removal_asked")
        if linked and not login:
            self.find("provider_login_missing", name, "its signer signs in at the identity provider")
        if login and not linked:
            self.find("provider_login_other", name, "its signer is not linked to an identity")
        if login and linked:
            self.count("provider_logins")
            if (login["issuer"], login["subject"]) != (link["issuer"], link["subject"]):
                self.find("provider_login_other", name, "its signer is linked to another identity")
            signed = datetime.fromisoformat(row["at"].replace("Z", "+00:00")).timestamp()
            if not -10 <= int(signed) - login.get("auth_time", 0) <= 180:
                self.find("provider_login_stale", name, "the login was not a moment before the signature")

    def accountable(self, name, row, signature):
        """What was recorded about a signer before: identity check, acceptance of the statement in force, training of the role."""
        who, entry = signature["signer"]["id"], row["entry"]
        own = lambda other: other["account_id"] == who
        statement = self.newest("accountability_statement", entry)
        if statement:
            if not self.newest("identity_check", entry, own):
                self.find("signed_without_identity_check", name, "nobody had recorded how it was checked who the signer is")
            accepted = self.newest("accountability_acceptance", entry, own)
            if signature["meaning"] != "accepts_accountability" and not (
                    accepted and accepted["statement_id"] == statement["id"]):
                self.find("signed_without_accountability", name, "the signer had not accepted the statement in force")
        if self.is_untrained(who, signature["signer"]["role"], entry, row["at"]):
            self.find("signed_without_training", name, "the training that the signer's role needs was not current")

    def is_untrained(self, who, role, entry, at):
        policy = self.newest("training_policy", entry)
        rules = [rule for rule in json.loads(policy["document"])["rules"] if rule["role"] == role] if policy else []
        if not rules:
            return False
        fits = lambda row: (row["account_id"], row["role"], row["course"]) == (who, role, rules[0]["course"])
        newest = self.newest("training_record", entry, fits)
        if not newest:
            return True
        last = str(date.fromisoformat(newest["completed_on"]) + timedelta(days=rules[0]["days"]))
        return at[:10] > min(last, newest.get("valid_until", last))

    def second_factors(self):
        """Every state came about by an entry that brings it about; a temporary code was issued by an administrator for 72 hours at most, and used
        once, while it was good."""
        newest = {}
        for key, row in sorted(self.rows.get("second_factor", {}).items(), key=lambda item: (item[1]["entry"], item[0])):
            self.count("second factors")
            name, entry = record_file("second_factor", key), self.parsed[row["entry"]] if row["entry"] < len(self.parsed) else None
            states, by_owner = BROUGHT_ABOUT.get(entry["type"] if entry else None, (None, None))
            if states and row["state"] not in states:
                self.find("factor_not_valid", name, f"it says {row['state']}, which a {entry['type']} is not")
            if by_owner is not None and by_owner != (row["account_id"] == row["by_account_id"]):
                self.find("factor_not_valid", name, "its owner acted where somebody else has to, or the other way round")
            before = newest.get(row["account_id"], {})
            if row["state"] == "temporary":
                until = row.get("expires_at", "")
                if not row["at"] < until or datetime.fromisoformat(until) - datetime.fromisoformat(row["at"]) > timedelta(hours=72):
                    self.find("factor_not_valid", name, "it is not good for 72 hours at most")
                account = self.row("account", row["by_account_id"])
                if account and self.role_at(account, row["at"]) != "admin":
                    self.find("factor_not_valid", name, "the role of who issued it may not")
            if row["state"] == "to_enrol" and not (before.get("state") == "temporary" and row["at"] < before.get("expires_at", "")):
                self.find("factor_not_valid", name, "no temporary code was good that it could have used")
            newest[row["account_id"]] = row

    def people(self, signed):
        """Identity checks and trainings by others whose role may; acceptances of the statement that was in force, signed."""
        for key, row in self.rows.get("accountability_statement", {}).items():
            self.same(record_file("accountability_statement", key), "digest of the text", sha256(row["text"].encode()), row["sha256"])
        for table, column, roles in (("identity_check", "checked_by", ("admin",)),
                                     ("training_record", "recorded_by", ("qa", "admin"))):
            for key, row in self.rows.get(table, {}).items():
                name, account = record_file(table, key), self.row("account", row[column])
                self.count(table.replace("_", " ") + "s")
                if any(unicodedata.category(letter) in ("Nd", "Nl", "No") for letter in row.get("seen", "")):
                    self.find("identity_check_not_valid", name, "what was seen holds a digit: numbers of documents are not kept")
                if table == "identity_check" and row["method"] not in IDENTITY_METHODS:
                    self.find("identity_check_not_valid", name, f"{row['method']} is no way to check who somebody is")
                if table == "training_record" and not (row["completed_on"] <= row["at"][:10] and row["completed_on"] <= row.get("valid_until", "9999")):
                    self.find("training_not_valid", name, "its days cannot be")
                if table == "identity_check" and row["checked_on"] > row["at"][:10]:
                    self.find("identity_check_not_valid", name, "it was recorded before the day on which it was made")
                if row[column] == row["account_id"]:
                    self.find("recorded_about_oneself", name, "a person recorded it about themselves")
                if account and self.role_at(account, row["at"]) not in roles:
                    self.find("recorded_without_authority", name, "the role of who recorded it may not")
        for key, row in self.rows.get("accountability_acceptance", {}).items():
            name, said = record_file("accountability_acceptance", key), self.document("accountability_acceptance", key, row)
            over, statement = signed.get(key, []), self.newest("accountability_statement", row["entry"])
            if not said:
                continue
            self.count("acceptances")
            self.account(name, row, said["account"])
            if statement:
                self.same(name, "statement", (row["statement_id"], said["statement"]), (statement["id"], statement["text"]))
            self.same(name, "digest of its statement", said["statement_sha256"], sha256(said["statement"].encode()))
            if len(over) != 1:
                self.find("step_not_signed", name, f"{len(over)} signatures are over it, expected 1")
            for signature in over:
                if signature["record"]["sha256"] != sha256(row["document"].encode()):
                    self.find("signature_of_other_bytes", name, "its signature is over other bytes")
                self.same(name, "signer", (signature["signer"]["id"], said["account"]["id"]), (row["account_id"],) * 2)
                self.same(name, "meaning", signature["meaning"], "accepts_accountability")
        for key, row in self.rows.get("role_answer", {}).items():
            request = self.row("role_request", row["request_id"])
            if request and row["granted"] == 1 and self.is_untrained(request["account_id"], request["role"], row["entry"], row["at"]):
                self.find("granted_without_training", record_file("role_answer", key), "the role needs a training")

    def check_passkey(self, proof, keys, who):
        """Raises where an assertion (WebAuthn) is not one of a key in force about its own statement."""
        known, key, statement, said = keys.get(proof["passkey"]), proof["key"], proof["statement"], proof["assertion"]
        if not known:
            raise ValueError("its passkey is not in force for the signer")
        if any(known[field] != key[field] for field in ("credential_id", "public_key", "rp_id", "origin")):
            raise ValueError("its key is another than the one that was registered")
        if statement["signer"] != who or statement["format"] != "driftledger/passkey-statement/v1":
            raise ValueError("it speaks for somebody else, or in another format")
        part = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        client, data = part(said["client_data_json"]), part(said["authenticator_data"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(canonical(statement).encode()).digest()).decode().rstrip("=")
        told = json.loads(client)
        if (told["type"], told["challenge"], told["origin"], told.get("crossOrigin", False), said["credential_id"]) != (
                "webauthn.get", challenge, key["origin"], False, key["credential_id"]):
            raise ValueError("what the browser says is about something else than what is signed")
        if len(data) < 37 or data[:32] != hashlib.sha256(key["rp_id"].encode()).digest() or data[32] & 5 != 5:
            raise ValueError("the authenticator did not verify its owner, on this site")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), part(key["public_key"]))
        public.verify(part(said["signature"]), data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))

    def is_of_same_act(self, row, proof, about):
        """Whether another signature of the same entry and signer is the one that this proof is about."""
        for other in self.rows.get("record_signature", {}).values():
            if (other["entry"], other["account_id"]) == (row["entry"], row["account_id"]):
                signature = json.loads(other["document"])
                if (signature["record"]["sha256"], signature["meaning"]) == about and signature.get("passkey") == proof:
                    return True
        return False

    def role_at(self, account, at):
        requests = {key: row for key, row in self.rows.get("role_request", {}).items() if row["account_id"] == account["id"]}
        granted = []
        for answer in self.rows.get("role_answer", {}).values():
            request = requests.get(answer["request_id"])
            if request and answer["granted"] == 1 and answer["at"] <= at and request["valid_from"] <= at \
                    and at < request.get("valid_until", "9999"):
                granted.append((answer["entry"], request["role"]))
        if granted:
            return max(granted)[1]
        return "none" if any(row["creates"] == 1 for row in requests.values()) else account["role"]

    def decisions(self):
        joined = {(row["episode_id"], row["report_id"]) for row in self.rows.get("episode_batch", {}).values()}
        for key, row in self.rows.get("decision", {}).items():
            name, decision = record_file("decision", key), self.document("decision", key, row)
            if not decision:
                continue
            self.count("decisions")
            self.same(name, "id", decision["id"], key)
            self.same(name, "episode", decision["episode"], row["episode_id"])
            self.same(name, "time of drafting", decision["drafted_at"], row["at"])
            self.account(name, row, decision["drafted_by"])
            version = self.row("model_version", (self.row("episode", decision["episode"]) or {}).get("version_id"))
            if version:
                self.same(name, "model and version", (decision["model"], decision["version"]), (version["model"], version["version"]))
            for cited in decision["reports"]:
                report = self.row("report", cited["id"])
                if not report:
                    self.find("record_dangling", name, f"it cites report {cited['id']}, which is not there")
                    continue
                self.same(name, f"digest of cited report {cited['id']}", cited["sha256"], sha256(report["document"].encode()))
                if (decision["episode"], cited["id"]) not in joined:
                    self.find("record_disagrees", name, f"it cites report {cited['id']}, which is not of its episode")

    def signatures(self):
        for key, row in self.rows.get("signature", {}).items():
            name, signature = record_file("signature", key), self.document("signature", key, row)
            if not signature:
                continue
            self.count("signatures")
            self.same(name, "id", signature["id"], key)
            self.same(name, "decision", signature["decision"], row["decision_id"])
            self.same(name, "meaning", signature["meaning"], "approves_decision")
            self.same(name, "time of signing", signature["signed_at"], row["at"])
            self.account(name, row, signature["signer"])
            self.identified(name, row, signature, signature["decision_sha256"])
            decision = self.row("decision", row["decision_id"])
            if not decision:
                self.find("record_dangling", name, "the decision it signs is not there")
                continue
            if signature["decision_sha256"] != sha256(decision["document"].encode()):
                self.find("signature_of_other_bytes", name, "it signs other bytes than the decision")
            for cited in json.loads(decision["document"]).get("reports", []):
                report = self.row("report", cited["id"])
                if report and decision["entry"] < self.invalid_at(report["batch_id"]) < row["entry"]:
                    self.find("record_disagrees", name, "a batch it rests on was marked as invalid between draft and signature")
            if decision["account_id"] == row["account_id"]:
                self.find("signed_by_drafter", name, "one person drafted and signed the decision")
        for key, row in self.rows.get("study_signature", {}).items():
            name, signature = record_file("study_signature", key), self.document("study_signature", key, row)
            if not signature:
                continue
            for what, found, expected in [("id", signature["id"], key), ("study", signature["study"], row["study_id"]), ("meaning", signature["meaning"], "approves_study"),
                                          ("time of signing", signature["signed_at"], row["at"])]:
                self.same(name, what, found, expected)
            self.account(name, row, signature["signer"])
            self.identified(name, row, signature, signature["study_sha256"])
            study = self.row("study", row["study_id"])
            if not study:
                self.find("record_dangling", name, "the study it signs is not there")
                continue
            if signature["study_sha256"] != sha256(study["document"].encode()):
                self.find("signature_of_other_bytes", name, "it signs other bytes than the study")
            if study["account_id"] == row["account_id"]:
                self.find("signed_by_drafter", name, "one person attached and signed the study")

    def periodic_reviews(self, signed):
        """Each counts the entries of its range by type, goes on from the signed one before it, and is signed by who held it, who did
        nothing of what a review of the audit trail covers."""
        reached = {}
        for key, row in sorted(self.rows.get("periodic_review", {}).items(), key=lambda item: item[1]["entry"]):
            name, review = record_file("periodic_review", key), self.document("periodic_review", key, row)
            if not review:
                continue
            self.same(name, "kind", review["kind"], row["kind"])
            self.same(name, "range", (review["from"], review["until"]), (row["from_entry"], row["until_entry"]))
            self.same(name, "next day", review["next_due"], row["next_due"])
            before = [until for entry, until in reached.get(review["kind"], []) if entry < row["entry"]]
            self.same(name, "first entry", review["from"], max(before, default=0))
            if not review["from"] < review["until"] <= row["entry"]:
                self.find("review_not_valid", name, "it covers entries that came after it, or none")
                continue
            inside = [entry for entry in self.parsed[review["from"]:review["until"]] if entry]
            for kind, count in review["covered"].items():
                found = [entry for entry in inside if entry["type"] == kind]
                self.same(name, f"entries of type {kind}", count, len(found))
                of_trail = review["kind"] in ("decisions", "administration", "data")
                if of_trail and any(entry["actor"]["id"] == row["account_id"] for entry in found):
                    self.find("review_not_permitted", name, "who held it acted in what it covers")
            for signature in signed.get(key, []):
                if signature["record"]["sha256"] != row["sha256"]:
                    self.find("signature_of_other_bytes", name, "a signature is over other bytes")
                self.same(name, "signer", signature["signer"]["id"], row["account_id"])
                made = self.rows["record_signature"][signature["id"]]["entry"]
                reached.setdefault(review["kind"], []).append((made, review["until"]))

    def trails(self):
        """What an approval or a closure lays out of the audit trail about its record is what the ledger holds, and its critical entries were
        looked at."""
        for table, column, step in (("version_step", "version_id", "approve"), ("episode_step", "episode_id", "close")):
            rows = self.rows.get(table, {})
            for key, row in rows.items():
                trail = json.loads(row["document"]).get("trail") if row["step"] == step else None
                if not trail:
                    continue
                steps = {other["entry"]: other["step"] for other in rows.values() if other[column] == row[column]}
                own = [entry for entry in self.parsed[:row["entry"]] if entry and entry["type"] in LAID_OUT
                       and any(subject["id"] == row[column] for subject in entry["subj"])]
                counts, critical = {}, []
                for entry in own:
                    kind = entry["type"]
                    counts[kind] = counts.get(kind, 0) + 1
                    why = CRITICAL.get((kind, steps.get(entry["idx"]))) if kind in ("version.step", "alert.step") else CRITICAL.get(kind)
                    if why and (kind not in ANEW or counts[kind] > 1) and (kind != "model_record.attach" or "version.step" in counts):
                        critical.append({"entry": entry["idx"], "type": kind, "why": why})
                name = record_file(table, key)
                expected = len(own), own[-1]["idx"] if own else 0, critical
                if (trail["entries"], trail["last"], trail.get("critical", [])) != expected:
                    self.find("trail_not_laid_out", name, "what it lays out of the audit trail is not what the ledger holds")
                if critical and not trail["reviewed"]:
                    self.find("trail_not_reviewed", name, "critical entries about it were not looked at")

    def incidents(self, signed):
        """Every revision follows the one before by the table and changes what its step states; QA who neither reported nor investigated an
        incident signs the revision that closes it; what is affected was named by an entry before."""
        first = {}
        for entry in filter(None, self.parsed):
            if entry["type"] not in OF_INCIDENTS:
                for subject in entry["subj"]:
                    first.setdefault((subject["kind"], subject["id"]), entry["idx"])
        chains = {}
        for key, row in sorted(self.rows.get("incident", {}).items(), key=lambda item: item[1]["revision"]):
            name, incident = record_file("incident", key), self.document("incident", key, row)
            if not incident:
                continue
            self.count("revisions of incidents")
            for column, stated in (("incident_id", incident["id"]), ("revision", incident["revision"]), ("step", incident["step"]),
                                   ("state", incident["state"]), ("noticed_by", incident["noticed_by"]),
                                   ("severity", incident["report"]["severity"]),
                                   ("supersedes", incident.get("supersedes", {}).get("id"))):
                self.same(name, column, stated, row.get(column))
            self.incident_says(name, row, incident)
            for affected in incident["report"]["affected"]:
                if first.get((AFFECTED.get(affected["kind"]), affected["id"]), math.inf) > row["entry"]:
                    self.find("record_dangling", name, f"it affects {affected['id']}, which was not there")
            chain = chains.setdefault(row["incident_id"], [])
            if chain:
                self.incident_follows(name, chain[-1], (key, row, incident))
            self.incident_closed(name, chain, (key, row, incident), signed.get(key, []))
            chain.append((key, row, incident))

    def incident_says(self, name, row, incident):
        """What a revision must say, and whether who wrote it may."""
        report, cause, state = incident["report"], incident.get("cause"), incident["state"]
        wrong = lambda detail: self.find("incident_not_valid", name, detail)
        if not report["what"].strip() or not report["happened_at"] <= report["noticed_at"] <= row["at"]:
            wrong("it does not say what happened, or its times are not in order")
        if (incident["revision"] == 1) != ("supersedes" not in incident) or (incident["revision"] == 1) != (incident["step"] == "report"):
            wrong("its first revision reports it, each other one follows one")
        if (state == "open") != (cause is None) or cause and not (cause["root_cause"].strip() and cause["action"].strip()):
            wrong("it is open and states a cause, or it is not and states none")
        if cause and report["severity"] == "critical" and not cause.get("external"):
            wrong("it is critical, and its action has no number in a quality system")
        if (incident["step"] in ("correct", "reopen")) != bool(incident.get("reason", "").strip()):
            wrong("it has no reason where its step needs one, or one where it does not")
        rules = [rule for (_, step), rule in INCIDENT_RULES.items() if step == incident["step"]]
        by_program = "account_id" not in row
        if by_program != (incident["step"] == "report" and incident["noticed_by"] != "person"):
            self.find("incident_not_permitted", name, "the program writes first revisions of what it noticed, and people all others")
        elif not by_program:
            account = self.row("account", row["account_id"])
            if not account:
                self.find("record_dangling", name, "the account that wrote it is not there")
            else:
                self.same(name, "who wrote it", incident["written_by"], account["user_name"])
                if self.role_at(account, row["at"]) not in (rules[0][1] if rules else []):
                    self.find("incident_not_permitted", name, f"the role of {incident['written_by']} may not {incident['step']}")

    def incident_follows(self, name, before, one):
        """A revision is the one before, with what its step states."""
        (key, row, old), (_, later, new) = before, one
        rule = INCIDENT_RULES.get((old["state"], new["step"]))
        if not rule or rule[0] != new["state"]:
            return self.find("incident_not_valid", name, f"{new['step']} cannot follow {old['state']} so")
        expected = dict(old, revision=old["revision"] + 1, supersedes={"id": key, "sha256": row["sha256"]}, step=new["step"],
                        state=new["state"], written_by=new["written_by"])
        for part in ("reason", "cause"):
            expected.pop(part, None)
        if new["step"] == "close":
            expected["cause"] = old.get("cause")
        elif new["step"] == "correct":
            expected["report"] = new["report"]
        elif new["step"] == "investigate":
            expected["report"], expected["cause"] = dict(old["report"], affected=new["report"]["affected"]), new.get("cause")
        if "reason" in new:
            expected["reason"] = new["reason"]
        if expected != new or row["entry"] >= later["entry"]:
            self.find("incident_not_valid", name, "it says something else than the revision before and its step make it")

    def incident_closed(self, name, chain, one, over):
        """The closing revision is signed by who wrote it, who wrote no revision that bars from that; no other one is signed."""
        _, row, incident = one
        if incident["step"] != "close":
            if over:
                self.find("incident_not_permitted", name, "it is signed and closes nothing")
            return
        if not self.signed_once(name, row, over, "closed_incident"):
            return
        if any(other.get("account_id") == row["account_id"] and said["step"] in ("report", "correct", "investigate")
               for _, other, said in chain):
            self.find("incident_not_permitted", name, "one person reported or investigated it and closed it")

    def drills(self):
        """A continuity drill says what it must, by somebody who may, with the figures of the practised restore that it names."""
        for key, row in self.rows.get("drill", {}).items():
            name, drill = record_file("drill", key), self.document("drill", key, row)
            if not drill:
                continue
            self.count("drills")
            practised = drill.get("restore_test")
            for column, stated in (("began_at", drill["began_at"]), ("result", drill["result"]), ("next_due", drill["next_due"]),
                                   ("restore_test_id", practised["id"] if practised else None)):
                self.same(name, column, stated, row.get(column))
            if not drill["began_at"] < drill["ended_at"] <= row["at"] or not drill["tried"].strip() or not drill["fallback"].strip():
                self.find("drill_not_valid", name, "it does not say what was tried and with what, or its times are not in order")
            if drill["result"] == "failed" and not drill["findings"]:
                self.find("drill_not_valid", name, "it failed, and no finding says why")
            if not timedelta(0) < date.fromisoformat(drill["next_due"]) - date.fromisoformat(row["at"][:10]) <= timedelta(366):
                self.find("drill_not_valid", name, "the next one is not due within 366 days")
            test = practised and (self.row("restore_test", practised["id"]) or {})
            if practised:
                figures = lambda of: (of.get("entry"), int(of.get("passed", 2)), of.get("duration_ms"), of.get("lost_ms"))
                self.same(name, "figures of the practised restore", figures(practised), figures(test))
                if practised["entry"] >= row["entry"]:
                    self.find("drill_not_valid", name, "its practised restore came after it")
            account = self.row("account", row["account_id"])
            if not account:
                self.find("record_dangling", name, "the account that recorded it is not there")
                continue
            self.same(name, "who recorded it", drill["recorded_by"], account["user_name"])
            if self.role_at(account, row["at"]) not in ("qa", "admin"):
                self.find("drill_not_permitted", name, f"the role of {drill['recorded_by']} may not record a drill")
    def indicator_sheets(self):
        """Recorded indicators are about a period that was over; their shares agree with their counts, and their row says the same."""
        for key, row in self.rows.get("indicator_sheet", {}).items():
            name, sheet = record_file("indicator_sheet", key), self.document("indicator_sheet", key, row)
            if not sheet:
                continue
            self.count("indicator_sheets")
            period, listed = sheet["period"], sheet["indicators"]
            done = [one for one in listed if one["outcome"]["state"] == "evaluated"]
            warn = sum(one["outcome"]["warning"]["given"] == "yes" for one in done)
            for column, stated in (("period_from", period["from"]), ("period_to", period["to"]), ("warnings", warn),
                                   ("not_evaluated", len(listed) - len(done))):
                self.same(name, column, stated, row.get(column))
            if not period["from"] < period["to"] <= sheet["computed_at"] <= row["at"]:
                self.find("indicators_not_valid", name, "the period was not over when they were computed, or its times are not in order")
            if sheet["format"] != "driftledger/indicators/v1" or not listed or len({one["code"] for one in listed}) != len(listed):
                self.find("indicators_not_valid", name, "its format is another, or an indicator is in it twice, or none is")
            for one in listed:
                if not indicator_agrees(one["outcome"]):
                    self.find("indicators_not_valid", name, f"the figures of `{one['code']}` do not agree with their counts")

    def disposals(self, signed):
        """What two people signed away was due by the policy in force, under no hold, and named by the records that the disposal says."""
        policies = sorted((row["entry"], row["sha256"], self.document("retention_policy", key, row))
                          for key, row in self.rows.get("retention_policy", {}).items())
        for table in ("retention_policy", "version_retention", "legal_hold"):
            for key, row in self.rows.get(table, {}).items():
                actor = (self.parsed[row["entry"]] or {}).get("actor", {})
                if actor.get("role") not in QUALITY or actor.get("id") != row["account_id"]:
                    self.find("step_not_permitted", record_file(table, key), "who recorded it may not, or is somebody else")
        lifted = {}
        for key, row in self.rows.get("hold_lift", {}).items():
            name, lift, over = record_file("hold_lift", key), self.document("hold_lift", key, row), signed.get(key, [])
            if not lift:
                continue
            if len(over) != 1:
                self.find("step_not_signed", name, f"{len(over)} signatures are over it, expected 1")
            for signature in over:
                if signature["record"]["sha256"] != sha256(row["document"].encode()):
                    self.find("signature_of_other_bytes", name, "its signature is over other bytes")
                if signature["signer"]["role"] != "qa" or signature["signer"]["id"] != row["account_id"]:
                    self.find("step_not_permitted", name, "its signer is another person or may not lift a hold")
                self.same(name, "meaning", signature["meaning"], "lifts_hold")
            hold = self.row("legal_hold", row["hold_id"])
            if not hold or hold["entry"] >= row["entry"]:
                self.find("record_dangling", name, "the hold that it lifts is not there before it")
                continue
            scope = {column: hold[column] for column in ("model", "version_id", "batch_id") if column in hold}
            for what, found, expected in (("hold", lift["hold"], row["hold_id"]), ("scope", lift["scope"], scope),
                                          ("entry of the hold", lift["hold_entry"], hold["entry"]),
                                          ("why it was placed", lift["placed_because"], hold["reason"]),
                                          ("reason", lift["reason"], row["reason"])):
                self.same(name, what, found, expected)
            lifted[row["hold_id"]] = row["entry"]
        holds = [(key, row, lifted.get(key, math.inf)) for key, row in self.rows.get("legal_hold", {}).items()]
        self.count("legal_holds", len(holds))
        withdrawn = self.withdrawals()
        self.redacted_rows(signed, holds, withdrawn)
        gone = {}
        for key, row in self.rows.get("disposed_object", {}).items():
            gone.setdefault(row["disposal_id"], []).append((key, row))
        for key, row in self.rows.get("disposal", {}).items():
            name, disposal = record_file("disposal", key), self.document("disposal", key, row)
            objects = gone.pop(key, [])
            if not disposal:
                continue
            self.count("disposals")
            self.same(name, "reason", disposal["reason"], row["reason"])
            self.same(name, "number of files", len(disposal["files"]), row["files"])
            if len(disposal["reason"].strip()) < 20 or not disposal["files"]:
                self.find("disposal_not_valid", name, "it does not say which files go, and why")
            names = [file["blake3"] for file in disposal["files"]]
            if names != sorted(set(names)):
                self.find("disposal_not_valid", name, "its files are not in the order of their BLAKE3, each once")
            went = self.signed_by_two(name, row, signed.get(key, []), ("proposes_disposal", "approves_disposal"))
            self.not_withdrawn(name, went, withdrawn.get(("disposal", key)))
            self.disposal_went(name, disposal, went, objects)
            self.disposal_due(name, row, disposal, went or row["entry"], policies)
            for at in filter(None, (row["entry"], went)):
                for hold, placed, until in holds:
                    if placed["entry"] < at < until and any(
                            self.holds(placed, use) for file in disposal["files"] for use in file["uses"]):
                        self.find("disposal_under_hold", name, f"legal hold {hold} covered one of its files at entry {at}")
        for key, row in (item for items in gone.values() for item in items):
            self.find("record_dangling", record_file("disposed_object", key), "the disposal it went by is not there")

    def holds(self, hold, use):
        """Whether a file in this use is under the hold."""
        if any(column in hold and hold[column] != use.get(column) for column in ("model", "version_id")):
            return False
        if "batch_id" not in hold or use["kind"] == "labels":
            return True
        return use["kind"] in ("batch", "row_ids") and use["record"] == hold["batch_id"]

    def withdrawals(self):
        """Every withdrawal: of a proposal that was there, by who proposed it or by QA; gives the entry of each."""
        found = {}
        for key, row in self.rows.get("withdrawal", {}).items():
            name, table = record_file("withdrawal", key), row["record_table"]
            actor = (self.parsed[row["entry"]] or {}).get("actor", {})
            proposal = self.row(table, row["record_id"]) if table in ("disposal", "redaction") else None
            if not proposal or proposal["entry"] >= row["entry"]:
                self.find("record_dangling", name, "what it withdraws is not there before it")
            elif actor.get("role") != "qa" and row["account_id"] != proposal["account_id"]:
                self.find("step_not_permitted", name, "whoever withdrew it neither proposed it nor is of QA")
            if actor.get("role") not in QUALITY or actor.get("id") != row["account_id"]:
                self.find("step_not_permitted", name, "who recorded it may not, or is somebody else")
            found[table, row["record_id"]] = row["entry"]
        return found

    def not_withdrawn(self, name, signed, withdrawn):
        """What was withdrawn was not signed, neither before nor after."""
        if signed is not None and withdrawn is not None:
            self.find("proposal_withdrawn", name, f"it was signed in entry {signed}, and withdrawn in entry {withdrawn}")

    def redacted_rows(self, signed, holds, withdrawn):
        """What two people signed is what happened to each row, under no hold; the values are gone."""
        gone = {}
        for key, row in self.rows.get("redacted_row", {}).items():
            gone.setdefault(row["redaction_id"], []).append((key, row))
        for key, row in self.rows.get("redaction", {}).items():
            name, redaction, rows = record_file("redaction", key), self.document("redaction", key, row), gone.pop(key, [])
            if not redaction:
                continue
            self.count("redactions")
            self.redaction_stated(name, row, redaction)
            went = self.signed_by_two(name, row, signed.get(key, []), ("proposes_redaction", "approves_redaction"))
            self.not_withdrawn(name, went, withdrawn.get(("redaction", key)))
            stated = {(one["table"], one["record"]): one for one in redaction["rows"]}
            for row_key, one in rows:
                expected = stated.get((one["record_table"], one["record_id"]))
                if went is None:
                    self.find("redaction_not_signed", record_file("redacted_row", row_key), "not two people signed its redaction")
                elif not expected or one["entry"] != went or any(
                        one[column] != expected[column] for column in ("listed_sha256", "found_sha256", "left_sha256")):
                    self.find("record_disagrees", record_file("redacted_row", row_key), "its redaction says something else of it")
            if went is not None:
                self.same(name, "number of rows that were redacted", len(rows), len(stated))
                self.tell_redacted(name, key, redaction, went)
            for one in redaction["rows"]:
                self.redacted_row(name, one, went)
                for at in filter(None, (row["entry"], went)):
                    for hold, placed, until in holds:
                        covers = all(column not in placed or placed[column] == one.get(column) for column in ("model", "version_id", "batch_id"))
                        if covers and placed["entry"] < at < until:
                            self.find("redaction_under_hold", name, f"legal hold {hold} covered one of its rows at entry {at}")
        for key, _ in (item for items in gone.values() for item in items):
            self.find("record_dangling", record_file("redacted_row", key), "the redaction it went by is not there")

    def redaction_stated(self, name, row, redaction):
        """It says who asked, on which ground, what goes and why, and its row says the same."""
        self.same(name, "reason", redaction["reason"], row["reason"])
        self.same(name, "number of rows", len(redaction["rows"]), row["rows"])
        elsewhere = "backups, evidence packs and other copies that were made before this record hold the values until they are removed"
        places = [(one["table"], one["record"]) for one in redaction["rows"]]
        valid = redaction["format"] == "driftledger/redaction/v1" and redaction["kept_elsewhere"] == elsewhere \
            and redaction["asked_by"] in ("data_subject", "controller", "authority") and redaction["ground"] in GROUNDS \
            and 20 <= len(redaction["reason"].strip()) <= 4000 and 1 <= len(redaction["request"].strip()) <= 200 \
            and places and places == sorted(set(places)) and len(places) <= 100
        for one in redaction["rows"]:
            columns = one["columns"]
            valid = valid and columns and columns == sorted(set(columns)) and set(columns) <= set(REDACTABLE.get(one["table"], [])) \
                and one["marker"] == f"[redacted {one['listed_sha256'][:16]}]" and one["found_sha256"] != one["left_sha256"]
        if not valid:
            self.find("redaction_not_valid", name, "it does not say what it must")

    def redacted_row(self, name, one, went):
        """What it says of a row is what the row says, and the values are gone where it was signed."""
        row = self.row(one["table"], one["record"])
        if not row:
            return
        self.same(name, "entry of a row", one["entry"], row["entry"])
        if row.get("version_id"):
            self.same(name, "version of a row", one.get("version_id"), row["version_id"])
        if went is not None and ("blind" in row or any(one["marker"] not in str(row.get(column)) for column in one["columns"])):
            self.find("redaction_not_done", name, f"{one['table']} {one['record']} still holds what it says to be gone")

    def tell_redacted(self, name, key, redaction, went):
        rows = sorted(self.rows.get("record_signature", {}).values(), key=lambda row: row["entry"])
        signers = [strict_json(row["document"].encode())["signer"] for row in rows
                   if row["record_table"] == "redaction" and row["record_id"] == key]
        who = " and ".join(f"{one['printed_name']} ({one['user_name']}, {one['role']})" for one in signers)
        what = "; ".join(f"{', '.join(one['columns'])} of {one['table']} {one['record']}" for one in redaction["rows"])
        self.disposed.append(f"{what} redacted in entry {went} by {name}, signed by {who}; {GROUNDS.get(redaction['ground'])}, because: {redaction['reason']}")

    def signed_by_two(self, name, row, over, meanings):
        """Who proposed it signed in the same entry, then another person of QA; gives the entry of the second signature."""
        rows = self.rows.get("record_signature", {})
        over = sorted(over, key=lambda signature: rows[signature["id"]]["entry"] if signature["id"] in rows else math.inf)
        for signature in over:
            if signature["record"]["sha256"] != sha256(row["document"].encode()):
                self.find("signature_of_other_bytes", name, "a signature is over other bytes")
        if not over:
            return self.find("step_not_signed", name, "who proposed it did not sign it")
        first, at = over[0], lambda signature: rows[signature["id"]]["entry"]
        if (first["meaning"], first["signer"]["id"], at(first)) != (meanings[0], row["account_id"], row["entry"]) \
                or first["signer"]["role"] not in QUALITY:
            self.find("step_not_permitted", name, "its first signature is not that of who proposed it and may")
        if len(over) < 2:
            return None
        second = over[1]
        approves = second["meaning"] == meanings[1] and second["signer"]["id"] != row["account_id"] \
            and second["signer"]["role"] == "qa"
        if not approves or len(over) > 2:
            self.find("step_not_permitted", name, "its second signature is not that of another person who may, or more follow")
        return at(second) if approves else None

    def disposal_went(self, name, disposal, went, objects):
        """With the second signature, and only with it, exactly its files went."""
        files = {file["blake3"]: file for file in disposal["files"]}
        for key, row in objects:
            file = files.get(row["blake3"])
            if went is None:
                self.find("disposal_not_signed", record_file("disposed_object", key), "not two people signed its disposal")
            elif not file or (row["bytes"], row.get("sha256"), row["entry"]) != (file["bytes"], file.get("sha256"), went):
                self.find("record_disagrees", record_file("disposed_object", key), "its disposal says something else of it")
        if went is not None:
            self.same(name, "number of files that went", len(objects), len(files))
            rows = self.rows.get("record_signature", {}).values()
            signers = [strict_json(row["document"].encode())["signer"] for row in sorted(rows, key=lambda row: row["entry"])
                       if row["record_table"] == "disposal" and record_file("disposal", row["record_id"]) == name]
            who = " and ".join(f"{one['printed_name']} ({one['user_name']}, {one['role']})" for one in signers)
            self.disposed.append(f"{len(files)} {'file' if len(files) == 1 else 'files'} went in entry {went} by {name}, signed by {who}, because: {disposal['reason']}")

    def disposal_due(self, name, row, disposal, at, policies):
        """It cites the policy in force; every use is what its record says, in the class and due on the day that follow."""
        in_force = [policy for policy in policies if policy[0] < at and policy[2]]
        if not in_force:
            return self.find("disposal_not_valid", name, "no retention policy was in force, so everything was kept for ever")
        entry, digest, policy = in_force[-1]
        if (entry, digest) != (disposal["policy"]["entry"], disposal["policy"]["sha256"]):
            self.find("record_disagrees", name, "it cites another retention policy than was in force")
        classes = {one["name"]: one for one in policy["classes"]}
        by_kind = {rule["kind"]: rule["class"] for rule in policy["kinds"]}
        for file in disposal["files"]:
            stated = {(use["kind"], use["record"]) for use in file["uses"]}
            if not stated:
                self.find("disposal_not_valid", name, f"no record names file {file['blake3']}")
            for kind, (table, column, _) in FILE_KINDS.items():
                for key, record in self.rows.get(table, {}).items():
                    if record.get(column) == file["blake3"] and record["entry"] < at and (kind, key) not in stated:
                        self.find("disposal_not_complete", name, f"file {file['blake3']} is named by {kind} {key} too")
            for use in file["uses"]:
                self.disposal_use(name, file, use, at)
                version = use.get("version_id")
                if version and not self.row("model_version", version):
                    continue
                self.disposal_class(name, row, use, at, (classes, by_kind))

    def disposal_use(self, name, file, use, at):
        """What it says of a file is what the record says that names it."""
        table, column, digest = FILE_KINDS[use["kind"]]
        record = self.row(table, use["record"])
        if not record:
            return
        self.same(name, "file of a record", record.get(column), file["blake3"])
        self.same(name, "day on which a file came", use["came_on"], record["at"][:10])
        self.same(name, "entry of a record", use["entry"], record["entry"])
        if digest:
            self.same(name, "SHA-256 of a file", file.get("sha256"), record.get(digest))
            self.same(name, "length of a file", file["bytes"], record.get("bytes"))
        if record.get("version_id"):
            self.same(name, "version of a record", use.get("version_id"), record["version_id"])

    def disposal_class(self, name, row, use, at, rules):
        """Class and due day follow from policy, version and days, and the day has come."""
        classes, by_kind = rules
        version, mine = use.get("version_id"), lambda other: other["version_id"] == use.get("version_id")
        ended, given = None, None
        if version:
            registered = self.row("model_version", version)
            self.same(name, "version", (use.get("model"), use.get("version")), (registered["model"], registered["version"]))
            steps = [step["at"][:10] for step in self.rows.get("version_step", {}).values()
                     if mine(step) and step["step"] in ("retire", "withdraw") and step["entry"] < at]
            ended, given = max(steps, default=None), self.newest("version_retention", at, mine)
        own = given.get("class") if given else None
        group = classes.get(own if own else by_kind.get(use["kind"]))
        due = None
        if group:
            events = [(ended if term["from"] == "end_of_life" else use["came_on"], term["years"]) for term in group["terms"]]
            if all(day for day, _ in events):
                due = max(years_later(day, years) for day, years in events)
        if version:
            self.same(name, "end of life of a version", use.get("ended_on"), ended)
        self.same(name, "class of a file", use.get("class"), group["name"] if group else None)
        self.same(name, "day a file is due", use.get("due_on"), due)
        if not due or due > row["at"][:10]:
            self.find("disposal_not_valid", name, f"a file of {use['kind']} {use['record']} was not due")
        if use["kind"] in READ_TO_JUDGE and not use.get("ended_on"):
            self.find("disposal_not_valid", name, f"{use['kind']} {use['record']} was still read to judge")

    def review_samples(self):
        """Every sample adds up, every answer is about one of its cases by somebody who may, and every result counts the answers before it:
        agreement, blind and assisted apart, and the evidence for the claim."""
        samples, answers = {}, {}
        for key, row in self.rows.get("review_sample", {}).items():
            name, sample = record_file("review_sample", key), self.document("review_sample", key, row)
            if not sample:
                continue
            self.count("review samples")
            cases, drawn = len(sample["cases"]), sum(stratum["drawn"] for stratum in sample["strata"])
            unlike = attempted(lambda: self.sample_unlike(sample))
            if unlike:
                self.find("review_sample_not_valid", name, unlike)
                continue
            samples[key] = sample, row
            self.same(name, "number of cases", (cases, drawn), (row["cases"], row["cases"]))
            blind = math.ceil(sample["plan"]["blind_share"] * cases - 1e-9)
            self.same(name, "blind cases", sum(case["blind"] for case in sample["cases"]), min(blind, cases))
            second = math.ceil(sample["plan"].get("second_share", 0.0) * cases - 1e-9)
            self.same(name, "cases read twice", sum(case.get("second", False) for case in sample["cases"]), min(second, cases))
            self.same(name, "whether numbers are predicted", "tolerance" in sample["plan"], not sample["classes"])
            self.same(name, "different cases", len({(case["batch"], case["row"]) for case in sample["cases"]}), cases)
            for batch in sample["batches"]:
                there = self.row("batch", batch["id"]) or {}
                self.same(name, "batch", (batch["sha256"], batch["rows"], row["version_id"]), (there.get("sha256"), there.get("rows"), there.get("version_id")))
            self.by_whom(name, row, sample["drawn_by"], ["qa"])
        for key, row in sorted(self.rows.get("review_answer", {}).items(), key=lambda item: (item[1]["entry"], item[0])):
            name, answer = record_file("review_answer", key), self.document("review_answer", key, row)
            if not answer:
                continue
            self.count("review answers")
            sample, drawn = samples.get(row["sample_id"], (None, None))
            if not sample:
                self.find("record_dangling", name, "its sample is not there or not valid")
                continue
            if not 1 <= answer["case"] <= len(sample["cases"]):
                self.find("review_sample_not_valid", name, "it is about no case of a sample")
                continue
            case, known = sample["cases"][answer["case"] - 1], answers.setdefault(row["sample_id"], [])
            self.same(name, "sample", (answer["sample_id"], answer["sample_sha256"]), (row["sample_id"], drawn["sha256"]))
            about = (sample["batches"][case["batch"]]["id"], case["row"], case["blind"])
            self.same(name, "case", (answer["case"], answer["batch_id"], answer["row"], answer["blind"]), (row["case_number"], *about))
            if not sayable(sample, answer) or answer["stratum"] not in [stratum["name"] for stratum in sample["strata"]]:
                self.find("review_sample_not_valid", name, "it says nothing that can be said of the sample, or names no stratum of it")
                continue
            reading = answer.get("reading", "first")
            self.same(name, "reading", reading, row.get("reading", "first"))
            self.by_whom(name, row, answer["answered_by"], ["reviewer", "process_expert"] + ["qa"] * (reading == "adjudication"))
            last = [other for other, _, said in known if said["case"] == answer["case"] and said.get("reading", "first") == reading][-1:]
            self.same(name, "what it corrects", answer.get("corrects"), last[0] if last else None)
            readings = readings_of([said for _, _, said in known], answer["case"])
            if not last and (next_reading(sample, case, readings) != reading
                             or answer["answered_by"] in [said["answered_by"] for said in readings.values()]):
                self.find("review_reading_not_valid", name, f"it cannot be the {reading} reading of its case")
            known.append((key, row["entry"], answer))
        for key, row in self.rows.get("review_result", {}).items():
            name, result = record_file("review_result", key), self.document("review_result", key, row)
            if not result:
                continue
            if row["sample_id"] not in samples or not self.row("policy", row["policy_id"]):
                self.find("record_dangling", name, "its sample or its policy is not there or not valid")
                continue
            self.count("review results")
            sample, figures = samples[row["sample_id"]][0], result["figures"]
            before = [said for _, entry, said in answers.get(row["sample_id"], []) if entry < row["entry"] and "corrects" not in said]
            first = [said for said in before if said.get("reading", "first") == "first"]
            judged = [said for said in first if agrees(sample, said) is not None]
            self.same(name, "answers", (figures["answered"], figures["cannot_be_judged"]), (len(first), len(first) - len(judged)))
            for part, of in (("agreement", judged), ("blind_agreement", [said for said in judged if said["blind"]]),
                             ("assisted_agreement", [said for said in judged if not said["blind"]])):
                told = figures["concordance"][part].get("interval", {}).get("estimate")
                agreed = sum(agrees(sample, said) for said in of)
                if (told is None) != (not of) or (of and not close(told, agreed / len(of))):
                    self.find("review_result_not_reproduced", name, f"{part} is not that of the answers")
            times = sorted(said["dwell_ms"] for said in first if said.get("dwell_ms") is not None)
            dwell, middle = figures["dwell"], times[(len(times) - 1) // 2:len(times) // 2 + 1]
            if (dwell.get("median_ms"), dwell["quick"]) != (sum(middle) // len(middle) if middle else None, sum(one < dwell["quick_below_ms"] for one in times)):
                self.find("review_result_not_reproduced", name, "the times of the readers are not those of the answers")
            evidence = claim_evidence(sample, first)
            if not close(figures["claim"].get("log_evidence"), None if math.isinf(evidence) else evidence):
                self.find("review_result_not_reproduced", name, "the evidence for the claim is not that of the answers")
            self.readers(name, sample, before, figures.get("readers"))
            self.differences(name, [numbers_of(said) for said in first], figures.get("numbers", {}).get("differences"))
            self.by_whom(name, row, result["closed_by"], ["qa"])

    def sample_unlike(self, sample):
        """What of a sample does not add up; None where all does."""
        sizes, drawn = [one["rows"] for one in sample["strata"]], [one["drawn"] for one in sample["strata"]]
        if allocated(sample["plan"]["allocation"], sizes) != drawn:
            return "the rows drawn of its strata are not those of its plan"
        if any(abs(one["inclusion_probability"] - one["drawn"] / max(one["rows"], 1)) > 1e-12 for one in sample["strata"]):
            return "an inclusion probability is not drawn rows by rows"
        if sum(sizes) + sample["without_prediction"] != sum(batch["rows"] for batch in sample["batches"]):
            return "its strata do not have the rows of its batches"
        if not all(1 <= case["row"] <= sample["batches"][case["batch"]]["rows"] for case in sample["cases"]):
            return "the batch of a case has no such row"
        return None

    def readers(self, name, sample, answers, told):
        """Of the cases that two people read: how many, whether they say the same, kappa, AC1, and what holds in the end."""
        double = [number for number, case in enumerate(sample["cases"], 1) if case.get("second")]
        if bool(double) != bool(told):
            return self.find("review_result_not_reproduced", name, "it does not tell what its readers agree on")
        if not double:
            return
        twice = [readings for readings in (readings_of(answers, number) for number in double) if "second" in readings]
        differing = [readings for readings in twice if not same_said(sample, readings["first"], readings["second"])]
        held = [readings.get("adjudication") if readings in differing else readings["first"] for readings in twice]
        held = [agrees(sample, said) for said in held if said and agrees(sample, said) is not None]
        self.same(name, "cases that two people read", [told[part] for part in ("cases", "read_twice", "differing", "adjudicated", "settled", "model_agrees")],
                  [len(double), len(twice), len(differing), sum("adjudication" in one for one in differing), len(held), sum(held)])
        both = [(one["first"], one["second"]) for one in twice if all(agrees(sample, one[part]) is not None for part in ("first", "second"))]
        self.same(name, "cases that a reader could not judge", told["cannot_be_judged"], len(twice) - len(both))
        expected = [sum(same_said(sample, *pair) for pair in both) / len(both) if both else None, None, None]
        if "tolerance" in sample["plan"]:
            self.differences(name, [(numbers_of(a) or (0, None))[1:] + (numbers_of(b) or (0, None))[1:] for a, b in both], told.get("differences"))
        elif len(both) > 1:
            expected[1:] = beyond_chance([(a["answer"], b["answer"]) for a, b in both])
        for part, value in zip(("agreement", "kappa", "ac1"), expected):
            found = told[part].get("interval", {}).get("estimate")
            if (found is not None or part == "agreement") and not close(found, value):
                self.find("review_result_not_reproduced", name, f"{part} of the readers is not that of their answers")

    def differences(self, name, pairs, told):
        """Mean of the differences of two numbers, and their limits of agreement."""
        if not told:
            return
        values = [a - b for a, b in (pair for pair in pairs if pair and None not in pair)]
        self.same(name, "pairs of numbers", told["pairs"], len(values))
        if len(values) < 3:
            return
        mean = math.fsum(values) / len(values)
        spread = 1.959963984540054 * math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
        for part, value in (("mean", mean), ("lower_limit", mean - spread), ("upper_limit", mean + spread)):
            if not close(told[part].get("interval", {}).get("estimate"), value):
                self.find("review_result_not_reproduced", name, f"{part} of the differences is not that of the numbers")

    def by_whom(self, name, row, user_name, roles):
        """The account of a row has this name, and a role that may."""
        account = self.row("account", row["account_id"])
        if not account:
            self.find("record_dangling", name, "the account that acted is not there")
            return
        self.same(name, "who it was", user_name, account["user_name"])
        if self.role_at(account, row["at"]) not in roles:
            self.find("review_not_permitted", name, f"expected a {' or '.join(roles)}")

    def life_cycles(self):
        """Steps follow the table, in order; each has one signature over its bytes by somebody who may and is no author."""
        signed = {}
        for key, row in self.rows.get("record_signature", {}).items():
            name, signature = record_file("record_signature", key), self.document("record_signature", key, row)
            if signature:
                self.count("signatures")
                for what, found, expected in [("id", signature["id"], key), ("table", signature["record"]["table"], row["record_table"]),
                                              ("record", signature["record"]["id"], row["record_id"]), ("time of signing", signature["signed_at"], row["at"])]:
                    self.same(name, what, found, expected)
                self.account(name, row, signature["signer"])
                self.identified(name, row, signature, signature["record"]["sha256"])
                signed.setdefault(signature["record"]["id"], []).append(signature)
        self.people(signed)
        self.second_factors()
        for table in ("change_record", "qualification"):
            for key, row in self.rows.get(table, {}).items():
                name, record = record_file(table, key), self.document(table, key, row)
                for signature in signed.get(key, []):
                    if signature["record"]["sha256"] != row["sha256"]:
                        self.find("signature_of_other_bytes", name, "a signature is over other bytes")
                if record and table == "qualification":
                    failed = any(check["outcome"] == "failed" for check in record["checks"])
                    self.same(name, "whether it passed", (record["passed"], bool(row["passed"])), (not failed, not failed))
                    if failed and key in signed:
                        self.find("qualification_not_permitted", name, "a run that failed was signed")
        self.periodic_reviews(signed)
        self.trails()
        self.incidents(signed)
        self.drills()
        self.indicator_sheets()
        self.references(signed)
        self.disposals(signed)
        self.test_run_invalidations(signed)
        self.review_samples()
        makers = {key: {row["registered_by"]} for key, row in self.rows.get("model_version", {}).items()}
        records = {}
        for key, row in sorted(self.rows.get("model_record", {}).items(), key=lambda item: (item[1]["entry"], item[0])):
            name, record = record_file("model_record", key), self.document("model_record", key, row)
            known, version = records.setdefault(row["version_id"], []), self.row("model_version", row["version_id"])
            known.append((row["entry"], key, row, record or {}))
            makers.setdefault(row["version_id"], set()).add(row["account_id"])
            self.same(name, "revision", row["revision"], len(known))
            if not version:
                self.find("record_dangling", name, "the version it describes is not there")
            elif record:
                self.same(name, "model", record["model"], version["model"])
                self.same(name, "version", record["version"], version["version"])
        changes = self.changes(signed, makers)
        steps = sorted(self.rows.get("version_step", {}).items(), key=lambda item: item[1]["entry"])
        states, hands, last, in_use, approved, approved_on, stays = {}, {}, {}, {}, {}, {}, {}
        over_time = {}
        together = {}
        for key, row in steps:
            together.setdefault(row["entry"], []).append((key, row))
        for key, row in steps:
            name, sheet = record_file("version_step", key), self.document("version_step", key, row)
            if not sheet:
                continue
            version = row["version_id"]
            self.succession(name, row, sheet, together[row["entry"]], in_use.setdefault(sheet["model"], set()))
            if not self.row("model_version", version):
                continue  # a step of another version, signed by the act that concerns this one
            self.count("steps")
            state = states.get(version, "draft")
            rule = RULES.get((state, sheet["step"]))
            if not rule or (sheet["from"], sheet["to"], sheet["meaning"]) != (state, rule[0], rule[2]):
                self.find("step_not_allowed", name, f"{sheet['step']} cannot follow {state} so")
                continue
            registered = self.row("model_version", version)
            if registered:
                if sheet.get("configuration_sha256"):
                    self.same(name, "configuration", sheet["configuration_sha256"], configuration(registered))
                self.same(name, "registration", sheet["registration_sha256"], registered["content_sha256"])
                self.same(name, "entry before", sheet["after"], last.get(version, registered["entry"]))
            self.step_states(name, row, sheet, [one for one in records.get(version, []) if one[0] < row["entry"]][-1:])
            over = signed.get(key, [])
            if len(over) != 1:
                self.find("step_not_signed", name, f"{len(over)} signatures are over it, expected 1")
            stay = stays.setdefault(version, [])
            needs_review = sheet["step"] in ("approve", "resume")
            if sheet.get("reviewed_by", []) != (stay if needs_review else []):
                self.find("record_disagrees", name, "the reviews it names are not those since the state last changed")
            if len(over) == 1:
                stands_in = (sheet["step"], over[0]["signer"]["role"]) == ("review", "reviewer") and "process_expert" not in [one["role"] for one in stay]
                if sheet.get("acts_for", []) != (["process_expert"] if stands_in else []):
                    self.find("record_disagrees", name, "it names other roles that the signer stands in for")
                stays[version] = stay + [{"step": key, "user_name": over[0]["signer"]["user_name"], "role": over[0]["signer"]["role"], "entry": row["entry"]}] \
                    if sheet["step"] == "review" else []
            for signature in over:
                who, role = signature["signer"]["id"], signature["signer"]["role"]
                if signature["record"]["sha256"] != sha256(row["document"].encode()):
                    self.find("signature_of_other_bytes", name, "its signature is over other bytes")
                self.same(name, "signer", who, row["account_id"])
                self.same(name, "meaning", signature["meaning"], rule[2])
                author = who in makers.get(version, set())
                if role not in rule[1] or (author != (sheet["step"] == "submit") and sheet["step"] not in ("suspend", "supersede")):
                    self.find("step_not_permitted", name, f"{role} {signature['signer']['user_name']} may not {sheet['step']}")
                reviewers = hands.setdefault(version, [])
                if sheet["step"] == "review":
                    reviewers.append((who, role))
                elif sheet["step"] in ("approve", "resume"):
                    if who in [other for other, _ in reviewers] or "reviewer" not in [other for _, other in reviewers]:
                        self.find("step_not_permitted", name, "no other person signed it as reviewed before")
            if sheet["step"] != "review":
                hands[version] = []
            plan, run = sheet["acceptance"].get("plan"), sheet["acceptance"].get("test_run")
            if run and self.run_invalid_before(run["id"], row["entry"]):
                self.find("step_not_allowed", name, f"it rests on test run {run['id']}, which was invalid before")
            relies = rule[0] == "in_use" or (state, sheet["step"]) == ("suspended", "review")
            tested_again = plan and run and run["entry"] > plan["entry"] and run["meets_plan"]
            if relies and self.run_invalid_before(approved_on.get(version), row["entry"]) and not tested_again:
                self.find("step_not_allowed", name, "the approval rests on a test run that was invalid before, and it was not tested again")
            if sheet["step"] == "approve":
                approved_on[version] = run["id"] if run else None
            change, others = sheet.get("change"), approved.setdefault(sheet["model"], set())
            known = [fact for entry, fact in changes.get(version, []) if entry < row["entry"]]
            expected = known[-1](row["entry"]) if known else None
            if (change or None) != expected:
                self.find("record_disagrees", name, "it states another change record, or other signatures over it")
            if sheet["step"] in ("submit", "review", "approve") and state != "suspended":
                if others - {version} and not (change and change["authored"]):
                    self.find("step_not_allowed", name, "it follows an approved version without a signed change record")
            if sheet["step"] == "approve":
                others.add(version)
                waived = change and not change["retest"] and change["authored"] and change["approved"]
                if not run and waived:
                    pass
                elif not plan or not run or run["entry"] <= plan["entry"]:
                    self.find("step_not_allowed", name, "no test run stands in the ledger after its plan")
                elif not run["meets_plan"] and not sheet.get("deviation"):
                    self.find("step_not_allowed", name, "the test run does not meet its plan, and nothing justifies that")
            if sheet["step"] == "withdraw":
                others.discard(version)
            states[version], last[version] = rule[0], row["entry"]
            over_time.setdefault(version, []).append((row["entry"], rule[0]))
        for key, row in self.rows.get("report", {}).items():
            if "version_state" in row and self.row("model_version", row["version_id"]):
                before = [state for entry, state in over_time.get(row["version_id"], []) if entry < row["entry"]]
                self.same(record_file("report", key), "state of the version", row["version_state"], (before or ["draft"])[-1])
        for model, versions in in_use.items():
            if len(versions) > 1:
                self.find("step_not_allowed", "records/version_step", f"more than one version of {model} is in use")

    def step_states(self, name, row, sheet, described):
        """What the sheet of a step states about its version is what the records say: names, risk, overlaps, plan and test run; and what
        its step asks for is stated."""
        version, entry = self.row("model_version", row["version_id"]), row["entry"]
        self.same(name, "step of the row", row["step"], sheet["step"])
        for what, found, expected in (("version", sheet["version_id"], row["version_id"]), ("model", sheet["model"], version["model"]),
                                      ("version", sheet["version"], version["version"])):
            self.same(name, what, found, expected)
        cited = sheet.get("model_record") or {}
        if (cited.get("id"), cited.get("sha256"), cited.get("entry")) != ((described[0][1], described[0][2]["sha256"], described[0][0]) if described else (None,) * 3):
            self.find("record_disagrees", name, "it cites another model record than the one in force")
        risk = (described[0][3] if described else {}).get("risk")
        if sheet.get("tier") != (TIERS.get(risk["influence"], {}).get(risk["consequence"]) if risk else None):
            self.find("record_disagrees", name, "it states another tier of risk than follows from the model record")
        registration = json.loads(version["registration"])
        stated = (len(sheet["overlaps"]), sheet.get("overlap_justification"))
        if stated != (len(registration.get("overlaps") or []), registration.get("overlap_justification")):
            self.find("record_disagrees", name, "it states other overlaps, or another reason for them, than the registration")
        for table, part in (("acceptance_plan", "plan"), ("test_run", "test_run")):
            cited = sheet["acceptance"].get(part)
            found = cited and self.row(table, cited["id"])
            if cited and not found:
                self.find("record_dangling", name, f"it cites {table} {cited['id']}, which is not there")
            elif cited:
                self.same(name, f"cited {table}", (cited["sha256"], row["version_id"], cited["entry"]),
                          (sha256(found["document"].encode()), found["version_id"], found["entry"]))
                if part == "test_run":
                    self.same(name, "outcome of the test run", cited["meets_plan"], found["meets"] == 1)
        if sheet["step"] in ("submit", "review", "approve") and sheet["from"] in ("draft", "submitted") and not (described and sheet["acceptance"].get("plan")):
            self.find("step_not_allowed", name, "it needs a model record and an acceptance plan")
        for part, steps in STATES.items():
            if (sheet["from"], sheet["step"]) in steps and not sheet.get(part):
                self.find("step_not_allowed", name, f"it does not state its {part}")

    def succession(self, name, row, sheet, together, in_use):
        """One version of a model is in use: what puts one in names what goes out, by the digest of its sheet."""
        sheets = {other["version_id"]: (other["sha256"], json.loads(other["document"])) for _, other in together}
        puts_in = sheet["to"] == "in_use" and sheet["from"] != "in_use"
        named = {out["version_id"]: out["sheet_sha256"] for out in sheet.get("supersedes", [])}
        if puts_in and in_use - {row["version_id"]} - set(named):
            self.find("step_not_allowed", name, "another version was in use, and its sheet does not name it")
        for version, digest in named.items():
            found, out = sheets.get(version, (None, {}))
            if not puts_in or found != digest or out.get("step") != "supersede":
                self.find("step_not_allowed", name, f"version {version} did not go out by the sheet it names")
        after = sheet.get("superseded_by")
        if (sheet["step"] == "supersede") != bool(after):
            self.find("step_not_allowed", name, "a version is superseded by another one, and only then names it")
        if after:
            _, its = sheets.get(after["version_id"], (None, {}))
            outs = [out["sheet_sha256"] for out in its.get("supersedes", [])]
            if its.get("to") != "in_use" or its.get("version") != after["version"] or row["sha256"] not in outs:
                self.find("step_not_allowed", name, "no step of the same entry puts its successor in use and names it")
        if sheet["to"] == "in_use":
            in_use.add(row["version_id"])
        else:
            in_use.discard(row["version_id"])

    def changes(self, signed, makers):
        """Change records by version: entry, and what a sheet of a later entry has to state about them."""
        found = {}
        for key, row in sorted(self.rows.get("change_record", {}).items(), key=lambda item: item[1]["entry"]):
            name, record = record_file("change_record", key), self.document("change_record", key, row)
            makers.setdefault(row["version_id"], set()).add(row["account_id"])
            if not record:
                continue
            self.count("changes")
            self.same(name, "version", record["version_id"], row["version_id"])
            self.same(name, "version it follows", record["follows"]["version_id"], row["follows_id"])
            version, before = self.row("model_version", row["version_id"]), self.row("model_version", row["follows_id"])
            if version:
                self.same(name, "registration", record["registration_sha256"], version["content_sha256"])
            if before:
                self.same(name, "registration it follows", record["follows"]["registration_sha256"], before["content_sha256"])
            times = {}
            for signature in sorted(signed.get(key, []), key=lambda one: self.entry_of(one["id"])):
                if signature["record"]["sha256"] != sha256(row["document"].encode()):
                    self.find("signature_of_other_bytes", name, "its signature is over other bytes")
                role, author = signature["signer"]["role"], signature["signer"]["id"] in makers[row["version_id"]]
                wanted = ("authored_change", "data_scientist", True) if not times else ("approves_change", "qa", False)
                if (signature["meaning"], role, author) != wanted or len(times) > 1:
                    self.find("change_not_permitted", name, f"{role} {signature['signer']['user_name']} may not sign it so")
                times[signature["meaning"]] = self.entry_of(signature["id"])

            def fact(entry, key=key, row=row, record=record, times=times):
                signed_by = lambda meaning: times.get(meaning, entry) < entry
                return {"id": key, "sha256": row["sha256"], "entry": row["entry"], "retest": record["statement"]["retest"],
                        "authored": signed_by("authored_change"), "approved": signed_by("approves_change")}
            found.setdefault(row["version_id"], []).append((row["entry"], fact))
        return found

    def monitors_of(self, version):
        """The monitors of a version, oldest first: its reference revisions."""
        rows = [(row["entry"], key, row) for key, row in self.rows.get("monitor", {}).items() if row["version_id"] == version]
        return sorted(rows, key=lambda one: one[:2])

    def revision(self, name, row, report, previous):
        """A report is judged with what was in force at its entry, names it, and starts without evidence where it is the first."""
        came = (self.row("batch", row["batch_id"]) or row)["entry"]
        before = [key for entry, key, _ in self.monitors_of(row["version_id"]) if entry < came]
        if not before or before[-1] != row["monitor_id"]:
            return self.find("reference_not_in_force", name, "it was not judged with the reference revision in force")
        stated = report["context"].get("reference_revision")
        if stated != len(before) and not (stated is None and len(before) == 1):
            self.find("record_disagrees", name, f"it names reference revision {stated}, expected {len(before)}")
        if previous and previous["context"]["monitor_sha256"] != report["context"]["monitor_sha256"]:
            lanes = [value for series in report["state_before"]["series"] for value in series["lanes"]["log_m"]]
            if any(value is not None and value > 0 for value in lanes):
                self.find("report_out_of_order", name, "it is the first of another reference and starts with evidence")

    def references(self, signed):
        """Another reference or policy: signed by who proposed it, then by QA; learnt from judged batches; in force from then on."""
        for key, row in self.rows.get("reference_proposal", {}).items():
            name, proposal = record_file("reference_proposal", key), self.document("reference_proposal", key, row)
            if not proposal:
                continue
            self.count("reference_proposals")
            over, in_force = sorted(signed.get(key, []), key=lambda one: self.entry_of(one["id"])), None
            for place, signature in enumerate(over):
                signer, own = signature["signer"], signature["signer"]["id"] == row["account_id"]
                if signature["record"]["sha256"] != sha256(row["document"].encode()):
                    self.find("signature_of_other_bytes", name, "a signature is over other bytes")
                wanted = [("authored_reference", "data_scientist", True), ("approves_reference", "qa", False)]
                if place > 1 or (signature["meaning"], signer["role"], own) != wanted[place]:
                    self.find("reference_not_permitted", name, f"{signer['role']} {signer['user_name']} may not sign it so")
                elif place == 1:
                    in_force = self.entry_of(signature["id"])
            revisions = self.monitors_of(row["version_id"])
            mine = [one for one in revisions if one[2].get("proposal_id") == key]
            if in_force is None and mine:
                self.find("reference_not_signed", name, "a monitor of it is in force, and not two people signed it")
            elif in_force is not None and [entry for entry, _, _ in mine] != [in_force]:
                self.find("reference_not_in_force", name, "QA signed it, and its entry does not hold exactly one monitor of it")
            before = [one for one in revisions if one[0] < row["entry"]]
            follows = proposal["follows"]
            if not before or (follows["revision"], follows["monitor_sha256"]) != (len(before), before[-1][2]["sha256"]):
                self.find("record_disagrees", name, "it follows another monitor than was in force")
                continue
            last = max((self.entry_of(signature["id"]) for signature in over), default=0)
            for batch in proposal["batches"]:
                if self.invalid_at(batch["id"]) < last:
                    self.find("reference_not_learnt", name, f"it was signed after its batch {batch['name']} was marked as invalid")
            self.proposal_learnt(name, proposal, before[-1], mine)
            alert = proposal.get("alert")
            if alert:
                decision = self.row("decision", alert["decision"])
                signatures = [other["entry"] for other in self.rows.get("signature", {}).values()
                              if other["decision_id"] == alert["decision"]]
                code = json.loads(decision["document"])["code"] if decision else None
                if not any(entry < row["entry"] for entry in signatures) or code != alert["code"] \
                        or code not in ("accept_with_rationale", "adjust_policy"):
                    self.find("reference_not_accepted", name, "no signed decision before it accepts the change")
        for table in ("reference", "policy", "monitor"):
            for key, row in self.rows.get(table, {}).items():
                version = self.row("model_version", row["version_id"])
                brought = [entry for entry, _, one in self.monitors_of(row["version_id"]) if one.get("proposal_id")]
                if version and version["entry"] != row["entry"] and row["entry"] not in brought:
                    self.find("reference_not_signed", record_file(table, key), "it came later, and no proposal brought it")

    def proposal_learnt(self, name, proposal, before, mine):
        """Rows and missing values add up; every series moved as far as it says, by the counts of the reports."""
        reports = []
        for batch in proposal["batches"]:
            row, sent = self.row("report", batch["report"]), self.row("batch", batch["id"])
            if not row or not sent or row["monitor_id"] != before[1] or sent["sha256"] != batch["sha256"] \
                    or sha256(row["document"].encode()) != batch["report_sha256"]:
                return self.find("record_disagrees", name, f"batch {batch['name']} or its report is another one")
            reports.append(json.loads(row["document"]))
        reference = proposal.get("reference")
        if reference:
            if reference["rows"] != sum(report["rows"] for report in reports):
                self.find("reference_not_learnt", name, "its rows are not those of its batches")
            missing = lambda profile: sum(profile["nulls"]) + sum(profile["nans"])
            columns = set(report_feature["feature"] for report_feature in reports[0]["features"] if report_feature["role"] != "derived")
            for feature in reference["features"]:
                if feature["feature"] in columns:
                    its = [missing(other["profile"]) for report in reports for other in report["features"]
                           if other["feature"] == feature["feature"]]
                    if missing(feature["profile"]) != sum(its):
                        self.find("reference_not_learnt", name, f"missing values of {feature['feature']} do not add up")
        known = {f"{series['feature']}/{series['name']}": series for series in json.loads(before[2]["document"])["series"]}
        for line in proposal["series"]:
            series, moved = known.get(line["series"]), None
            if series and reports:
                blocks = [block for report in reports
                          for block in series_blocks(report["features"][series["feature_index"]]["profile"], series["name"])]
                totals = [sum(block[k] for block in blocks) for k in range(len(series["detector"]["reference"]))]
                if sum(totals):
                    moved = variation(series["detector"]["reference"], [c / sum(totals) for c in totals])
            if not close(line.get("moved"), moved):
                self.find("reference_not_learnt", name, f"how far {line['series']} moved, computed again, differs")
        if mine:
            after = {f"{s['feature']}/{s['name']}": s["detector"]["tolerance"] for s in json.loads(mine[0][2]["document"])["series"]}
            if {line["series"]: line["tolerance"] for line in proposal["series"]}.keys() != after.keys() \
                    or not all(close(line["tolerance"], after[line["series"]]) for line in proposal["series"]):
                self.find("reference_not_learnt", name, "its tolerances are not those of its monitor")

    def invalid_at(self, batch):
        """The entry in which a batch was marked as invalid; infinity where it counts."""
        marked = [row["entry"] for row in self.rows.get("batch_invalidation", {}).values() if row["batch_id"] == batch]
        return min(marked, default=math.inf)

    def entry_of(self, signature):
        row = self.row("record_signature", signature)
        return row["entry"] if row else 0

    def alert_lives(self):
        """Every alert from its opening on: steps follow the table; counts and effectiveness are computed again."""
        lives = {}
        for table, step in (("acknowledgement", "acknowledge"), ("decision", "draft")):
            for key, row in self.rows.get(table, {}).items():
                lives.setdefault(row["episode_id"], []).append((row["entry"], step, key, row))
        for key, row in self.rows.get("signature", {}).items():
            decision = self.row("decision", row["decision_id"])
            if decision:
                lives.setdefault(decision["episode_id"], []).append((row["entry"], "sign", key, row))
        for key, row in self.rows.get("episode_step", {}).items():
            lives.setdefault(row["episode_id"], []).append((row["entry"], row["step"], key, row))
        signed = {}
        for key, row in self.rows.get("record_signature", {}).items():
            if row["record_table"] == "episode_step":
                signed.setdefault(row["record_id"], []).append(strict_json(row["document"].encode()))
        for episode, happened in lives.items():
            opened = self.row("episode", episode)
            if not opened:
                continue
            life = {"state": "open", "cycle": 1, "after": opened["entry"], "i": [], "d": [], "o": [], "c": [], "reviewed": False,
                    "severity": None, "names_action": False, "plan": None, "completed": None, "version": opened["version_id"],
                    "kind": opened["kind"], "id": episode}
            for entry, step, key, row in sorted(happened, key=lambda one: (one[0], one[2])):
                if not self.alert_step(life, (entry, step, key, row), signed.get(key, [])):
                    break

    def alert_step(self, life, happened, over):
        entry, step, key, row = happened
        rule = ALERT_RULES.get((life["state"], step))
        if not rule:
            self.find("step_not_allowed", record_file("episode", life["id"]), f"{step} cannot follow {life['state']}")
            return False
        who, sheet = row.get("account_id"), {}
        account = self.row("account", who) if rule[2] is None else None
        if account and self.role_at(account, row["at"]) not in rule[1]:
            table = {"acknowledge": "acknowledgement", "draft": "decision"}.get(step, "signature")
            self.find("step_not_permitted", record_file(table, key), f"a {self.role_at(account, row['at'])} may not {step}")
        if rule[2] is None and step == "sign" and who in life["i"]:
            self.find("step_not_permitted", record_file("signature", key), "who signed the decision investigated the alert")
        if rule[2] is not None:
            name, sheet = record_file("episode_step", key), self.document("episode_step", key, row) or {}
            self.count("alert steps")
            stated = [sheet.get(field) for field in ("episode", "step", "from", "to", "cycle", "after")]
            expected = [life["id"], step, life["state"], rule[0], life["cycle"], life["after"]]
            if stated != expected or row["state"] != rule[0]:
                self.find("step_not_allowed", name, f"it states {stated}, expected {expected}")
            version = self.row("model_version", life["version"])
            if version:
                self.same(name, "model", sheet.get("model"), version["model"])
                self.same(name, "version", sheet.get("version"), version["version"])
            moved = sheet.get("extension") or {}
            if step in ALERT_REASONS and not sheet.get("reason") or step == "reopen" and not sheet.get("severity") or step == "plan" and not sheet.get("plan") \
                    or step == "extend" and not moved.get("due_on", "") > moved.get("was_due_on", "9999"):
                self.find("step_not_allowed", name, f"{step} needs what its sheet does not state")
            if sheet.get("plan"):
                life["o"] = [sheet["plan"]["owner"]["id"]]
            if who is None and step == "escalate" and "meaning" not in sheet:
                if over:
                    self.find("step_not_signed", name, "a signature is over a step of the program")
            elif len(over) != 1:
                self.find("step_not_signed", name, f"{len(over)} signatures are over it, expected 1")
            else:
                signature = over[0]
                signer = signature["signer"]
                if signature["record"]["sha256"] != sha256(row["document"].encode()):
                    self.find("signature_of_other_bytes", name, "its signature is over other bytes")
                self.same(name, "signer", signer["id"], who)
                self.same(name, "meaning", signature["meaning"], rule[2])
                barred = any(who in life[hand] for hand in rule[3] if hand != "O")
                if signer["role"] not in rule[1] or barred or ("O" in rule[3] and who not in life["o"]):
                    self.find("step_not_permitted", name, f"{signer['role']} {signer['user_name']} may not {step}")
            self.alert_computed(life, name, (entry, step, row, sheet))
        self.alert_take(life, (entry, step, row, sheet))
        life["state"], life["after"] = rule[0], entry
        return True

    def alert_take(self, life, happened):
        entry, step, row, sheet = happened
        who = row.get("account_id")
        if step == "acknowledge":
            life["severity"] = row["severity"]
        elif step == "investigate":
            life["i"], life["reviewed"] = life["i"] + [who], False
        elif step in ("review_investigation", "return_investigation"):
            life["reviewed"] = step == "review_investigation"
        elif step == "draft":
            if life["state"] == "investigated" and not life["reviewed"] or life["severity"] == "critical" and not life["reviewed"]:
                self.find("step_not_allowed", record_file("episode", life["id"]), "decided before its investigation was reviewed")
            life["d"], life["names_action"] = [who], "remedial_action" in strict_json(row["document"].encode())
        elif step == "plan":
            life["plan"], life["planned"] = sheet.get("plan"), entry
        elif step in ("complete", "return_action"):
            life["completed"] = entry if step == "complete" else None
        elif step == "confirm":
            life["c"] = [who]
        elif step == "close" and life["state"] == "decided" and life["names_action"]:
            self.find("step_not_allowed", record_file("episode", life["id"]), "closed before the action that was decided")
        elif step in ("refute", "reopen"):
            life.update(cycle=life["cycle"] + 1, i=[], d=[], o=[], c=[], reviewed=False, plan=None, completed=None, names_action=False)
            life["severity"] = sheet.get("severity", life["severity"])

    def alert_computed(self, life, name, happened):
        entry, step, row, sheet = happened
        reports = self.in_force(entry)
        if step == "investigate" and sheet.get("investigation"):
            asked = sheet["investigation"]["affected"]
            of = [r for _, _, r in reports
                  if r["version_id"] == life["version"] and asked["first_batch"] <= r.get("position", r["number"]) <= asked["last_batch"]]
            rows = sum((self.row("batch", r["batch_id"]) or {"rows": 0})["rows"] for r in of)
            if (asked["batches"], asked["rows"]) != (len(of), rows):
                self.find("count_not_reproduced", name, f"it states {asked['rows']} affected predictions, {rows} are recorded")
        if step not in ("confirm", "refute"):
            return
        check, plan = sheet.get("check"), life["plan"]
        if not check or not plan:
            self.find("check_not_reproduced", name, "it holds no effectiveness check")
            return
        criterion = plan["criterion"]
        watched, alerts = check["watched"], check["alerts"]
        if self.row("model_version", criterion["version_id"]):
            watched = [self.watched(k, r, criterion["series"]) for at, k, r in reports
                       if r["version_id"] == criterion["version_id"] and self.row("batch", r["batch_id"])["entry"] > life["completed"]]
            alerts = [] if criterion["series"] else [
                k for _, k in sorted((e["entry"], k) for k, e in self.rows.get("episode", {}).items()
                                     if e["version_id"] == criterion["version_id"] and e["kind"] == life["kind"]
                                     and life["completed"] < e["entry"] < entry)]
        seen, counted, drifts = [], 0, False
        for batch in watched:
            if counted == criterion["batches"] or drifts:
                break
            verdicts = [one.get("verdict", "not_evaluated") for one in batch["verdicts"]]
            drifts = "drift" in verdicts
            counted += "not_evaluated" not in verdicts
            seen.append(batch)
        day = row["at"][:10]
        outcome = ("ineffective" if drifts or alerts else "effective" if counted == criterion["batches"]
                   else "inconclusive" if day > criterion["horizon_on"] else "pending")
        again = {"planned": life["planned"], "completed": life["completed"], "checked_on": day, "watched": seen, "counted": counted,
                 "alerts": alerts, "outcome": outcome}
        self.count("effectiveness checks")
        if canonical(again) != canonical(check):
            self.find("check_not_reproduced", name, f"it states {check['outcome']}, computed again: {outcome}")
        if outcome not in (["effective"] if step == "confirm" else ["ineffective", "inconclusive"]):
            self.find("step_not_allowed", name, f"{step} on the outcome {outcome}")

    def in_force(self, entry):
        """The newest report of every batch that was not invalid before an entry, in their order."""
        invalid = {row["batch_id"] for row in self.rows.get("batch_invalidation", {}).values() if row["entry"] < entry}
        newest = {}
        for key, row in sorted(self.rows.get("report", {}).items(), key=lambda one: one[1]["entry"]):
            if row["entry"] < entry and row["batch_id"] not in invalid:
                newest[row["batch_id"]] = (row["entry"], key, row)
        return sorted(newest.values(), key=lambda one: one[2]["number"])

    def watched(self, key, row, series):
        report = strict_json(row["document"].encode())
        verdicts = {f"{feature['feature']}/{one['name']}": one["verdict"] for feature in report["features"] for one in feature["series"]}
        found = [{"series": name, "verdict": verdicts[name]} if name in verdicts else {"series": name} for name in series]
        return {"report": {"id": key, "sha256": row["sha256"], "entry": row["entry"]}, "batch": report["context"]["batch"], "verdicts": found}

    def runs(self):
        newest = {}
        for key, row in self.rows.get("run_state", {}).items():
            if row.get("content_sha256"):
                known = newest.get(row["run_id"])
                newest[row["run_id"]] = max(known, (row["entry"], key)) if known else (row["entry"], key)
        for run, (entry, key) in newest.items():
            self.count("runs")
            row = self.row("run_state", key)
            self.run_digest(record_file("run_state", key), (run, entry), row["content_sha256"])
        kept = {(row["owner_id"], row["path"], row.get("blake3")) for row in self.rows.get("artifact", {}).values()}
        for key, row in self.rows.get("draft_version", {}).items():
            self.count("drafts")
            name = record_file("draft_version", key)
            if row.get("run_sha256") and self.row("run", row["run_id"]):
                self.run_digest(name, (row["run_id"], row["entry"]), row["run_sha256"])
            if sha256(row["manifest"].encode()) != row["manifest_sha256"]:
                self.find("document_changed", name, "its manifest has another digest than the row states")
            for file in strict_json(row["manifest"].encode()):
                path = f"{row['folder']}/{file['name']}" if row["folder"] else file["name"]
                of_owner = any(owner == row["owner_id"] for owner, _, _ in kept)
                if of_owner and (row["owner_id"], path, file["content"]["blake3"]) not in kept:
                    self.find("draft_dangling", name, f"it froze {path}, which was not kept")
        for key, row in self.rows.get("model_version", {}).items():
            if not row.get("draft_id"):
                continue
            name, draft = record_file("model_version", key), self.row("draft_version", row["draft_id"])
            if not draft:
                self.find("record_dangling", name, "the draft it took up is not there")
                continue
            by_name = lambda files: sorted(files, key=lambda file: file["name"])
            named = by_name(strict_json(row["registration"].encode())["artifacts"])
            self.same(name, "list of files", canonical(named), canonical(by_name(strict_json(draft["manifest"].encode()))))

    def acts(self):
        """Every row is of an entry that records such a thing, by the person whom it names."""
        for table, (column, types, about) in ACTS.items():
            for key, row in self.rows.get(table, {}).items():
                entry = self.parsed[row["entry"]] if 0 <= row["entry"] < len(self.parsed) else None
                if not entry:
                    continue
                name = record_file(table, key)
                if types and entry["type"] not in types.split():
                    self.find("act_differs", name, f"entry {row['entry']} is a {entry['type']}, expected {types}")
                if about and row.get(about[0]) is not None and not any((s["kind"], s["id"]) == (about[1], row[about[0]]) for s in entry["subj"]):
                    self.find("act_differs", name, f"entry {row['entry']} does not name its {about[1]}")
                if column and row.get(column) is not None and row[column] != entry["actor"]["id"]:
                    self.find("act_differs", name, f"it names {row[column]}, entry {row['entry']} is by {entry['actor']['id']}")
                    continue
                account = self.row("account", row[column]) if column and row.get(column) else None
                # A role that needs a training which ended is none, and some acts need none.
                if account and entry["actor"]["role"] not in ("none", self.role_at(account, row["at"])):
                    self.find("act_differs", name, f"entry {row['entry']} is by a {entry['actor']['role']}, whose role was another one by the grants in force")
                if account and entry["actor"]["role"] not in MAY.get(entry["type"], [entry["actor"]["role"]]):
                    self.find("act_not_permitted", name, f"entry {row['entry']} is by a {entry['actor']['role']}, who may not write a {entry['type']}")

    def backups(self):
        """Backups and restores name a signed head of this ledger; what a practised restore says was lost is computed again."""
        made = {"backup_event": lambda row: row["kind"] == "made", "restore_test": lambda row: row["passed"] == 1, "restore": lambda row: True}
        for table, is_made in made.items():
            for key, row in self.rows.get(table, {}).items():
                if not is_made(row):
                    continue
                self.count("backups")
                name, entries = record_file(table, key), row.get("entries", 0)
                try:
                    size = self.keys.open(row["checkpoint"])[1]
                    if size != entries:
                        self.find("record_disagrees", name, f"its head signs {size} entries, it says {entries}")
                except Exception as error:
                    self.find("record_disagrees", name, f"its head is not one of this ledger: {error!r}")
                if not 0 < entries <= row["entry"]:
                    self.find("record_disagrees", name, f"entry {row['entry']} says that {entries} entries came before it")
                if table == "restore_test":
                    held, live = (datetime.fromisoformat(row[f"{of}newest_entry_at"].replace("Z", "+00:00")) for of in ("", "live_"))
                    lost = max((live - held) // timedelta(milliseconds=1), 0)
                    self.same(name, "milliseconds lost", row["lost_ms"], lost)
                    if not entries <= row["live_entries"] <= row["entry"]:
                        self.find("record_disagrees", name, "the store held fewer entries than its backup, or more than came before this record")

    def time_stamps(self):
        """Records of time stamps name a signed head of this ledger and say what the authority stated."""
        for key, row in self.rows.get("time_stamp", {}).items():
            if row["kind"] != "kept":
                continue
            self.count("records of time stamps")
            name, entries = record_file("time_stamp", key), row["entries"]
            try:
                if self.keys.open(row["checkpoint"])[1] != entries or not 0 < entries <= row["entry"]:
                    self.find("record_disagrees", name, "its head signs another number of entries, or came after it")
                stamp = TimeStamp(unbase64(row["response"]), row["checkpoint"].encode())
            except Exception as error:
                self.find("record_disagrees", name, f"its time stamp or its head does not stand: {error!r}")
                continue
            for column, stated in (("stated_at", stamp.stated_at), ("serial", stamp.serial), ("policy", stamp.policy), ("signer", stamp.authority)):
                self.same(name, column, row[column], stated)
            newest, recorded = (self.parsed[at] if 0 <= at < len(self.parsed) else None for at in (entries - 1, row["entry"]))
            if newest and recorded:
                stated, before, after = (datetime.fromisoformat(at.replace("Z", "+00:00")) for at in (stamp.stated_at, newest["ts"], recorded["ts"]))
                if before - stated > CLOCKS_APART_MAX or stated - after > CLOCKS_APART_MAX:
                    self.find("stamp_time_differs", name, f"it states {stamp.stated_at}: more than {CLOCKS_APART_MAX} before {newest['ts']}, the time of "
                              f"an entry that it is about, or after {recorded['ts']}, when it was here already")

    def upgrades(self):
        """An upgrade of the store found after it what it found before, stands where it says, and goes on from the schema of the one before;
        with all bodies before it at hand, what it found in each record table is counted and digested again."""
        reached, listed, following = None, {}, 0
        for key, row in sorted(self.rows.get("store_upgrade", {}).items(), key=lambda one: one[1]["entry"]):
            self.count("upgrades")
            name, upgrade = record_file("store_upgrade", key), self.document("store_upgrade", key, row)
            if not upgrade:
                continue
            tables = {table["table"]: table for table in upgrade["tables"]}
            records = {table: found for table, found in tables.items() if found["kind"] == "record"}
            for table, found in tables.items():
                if found["kind"] != "working" and found["before"] != found["after"]:
                    self.find("upgrade_changed", name, f"{table} held something else after it than before")
            rows = sum(found["before"]["rows"] for found in records.values())
            stated = {**{column: upgrade[column] for column in ("from_schema", "to_schema", "program", "entries", "duration_ms")}, "record_rows": rows}
            for column, value in stated.items():
                self.same(name, column, row[column], value)
            self.same(name, "format", upgrade["format"], "driftledger/upgrade/v1")
            for value in (upgrade["entries"], tables.get("entry", {}).get("after", {}).get("rows")):
                self.same(name, "entries before it", value, row["entry"])
            if upgrade["from_schema"] != (upgrade["from_schema"] if reached is None else reached) or upgrade["to_schema"] <= upgrade["from_schema"]:
                self.find("record_disagrees", name, f"schema {upgrade['from_schema']} became {upgrade['to_schema']}; the one before it left {reached}")
            reached = upgrade["to_schema"]
            while following < row["entry"] and f"bodies/{following}.json" in self.names:
                for one in strict_json(self.read(f"bodies/{following}.json"))["rows"]:
                    count, digest = listed.get(one["table"], (0, hashlib.sha256()))
                    digest.update(f"{one['sha256']}\n".encode())
                    listed[one["table"]] = (count + 1, digest)
                following += 1
            if following < row["entry"]:
                continue
            for table in records.keys() | listed.keys():
                count, digest = listed.get(table, (0, hashlib.sha256()))
                if records.get(table, {}).get("after") != {"rows": count, "sha256": digest.hexdigest()}:
                    self.find("upgrade_not_recounted", name, f"the bodies before it list {count} rows of {table}, it says otherwise")

    def run_digest(self, name, run_and_entry, expected):
        """What a run had reported when an entry was written; each list sorted by its fields, missing ones first."""
        run, entry = run_and_entry

        def rows(table, owner, columns):
            found = [row for row in self.rows.get(table, {}).values() if row[owner] == run and row["entry"] <= entry]
            items = [{field: row.get(column) for field, column in columns.items()} for row in found]
            return sorted(items, key=lambda item: [(value is not None, value) for value in item.values()])

        content = {
            "params": rows("run_param", "owner_id", {"key": "name", "value": "value"}),
            "metrics": rows("run_metric", "run_id", {
                "key": "name", "step": "step", "timestamp": "timestamp_ms", "value": "value", "model_id": "logged_model_id",
                "dataset_name": "dataset_name", "dataset_digest": "dataset_digest"}),
            "datasets": rows("run_dataset", "run_id", {
                field: field for field in ("name", "digest", "source_type", "source", "schema", "profile", "tags")}),
            "models": rows("run_model", "run_id", {"model_id": "logged_model_id", "direction": "direction", "step": "step"}),
        }
        found = sha256(canonical(content).encode())
        if found != expected:
            self.find("run_changed", name, f"what the run reported has SHA-256 {found}, the row says {expected}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack")
    parser.add_argument("--key", help="the ledger's key, as text or as a file that holds it")
    parser.add_argument("--policy", help="trust policy: a file that names the ledger and the witnesses that must have cosigned")
    parser.add_argument("--timestamp-root", help="root certificate of the time-stamp authority: a file in PEM")
    parser.add_argument("--timestamp-crl", help="revocation lists of the issuers below that root: a file in PEM")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE",
                        help="checkpoint that was seen before, as scanned off a printed report; may be given several times")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args()
    try:
        key = arguments.key
        if key and os.path.isfile(key):
            with open(key, encoding="utf-8") as file:
                key = file.read().strip()
        policy = None
        if arguments.policy:
            with open(arguments.policy, encoding="utf-8") as file:
                policy = TrustPolicy(file.read())
        roots = None
        if arguments.timestamp_root:
            with open(arguments.timestamp_root, "rb") as file:
                roots = x509.load_pem_x509_certificates(file.read())
        lists = None
        if arguments.timestamp_crl and roots is None:
            raise ValueError("--timestamp-crl needs --timestamp-root")
        if arguments.timestamp_crl:
            with open(arguments.timestamp_crl, "rb") as file:
                lists = revocation_lists(file.read())
        verifier = Verifier(arguments.pack, VerifierKey(key) if key else None, policy, roots)
        verifier.lists = lists
        for name in arguments.checkpoint:
            with open(name, encoding="utf-8") as file:
                lines = [line.rstrip() for line in file.read().strip().splitlines()]
                verifier.earlier.append((name, "".join(line + "\n" for line in lines)))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    verifier.run()
    if arguments.json:
        print(json.dumps({"findings": verifier.findings, "checked": verifier.checked}, indent=2))
    else:
        for finding in verifier.findings:
            print(f"{finding['file']}: {finding['detail']} ({finding['code']})")
        print("checked: " + ", ".join(f"{count} {what}" for what, count in verifier.checked.items()))
        # A file that is not known or not listed can be one that was signed so; one that cannot be read is held against nothing.
        other_files = any(finding["code"] in ("seal_differs", "file_unreadable") for finding in verifier.findings)
        print("no seal says which files the pack was written with; what no record or checkpoint names may be missing or changed" if not verifier.is_sealed else
              "the files are not those that the key of the ledger signed (SEAL)" if other_files else
              "every file is one that the key of the ledger signed (SEAL)")
        if verifier.seen:
            who = ", ".join(f"{name} at {seconds} s since 1970" for name, seconds in verifier.seen[1].items())
            print(f"the first {verifier.seen[0]} entries were cosigned by {who or 'no witness, as the policy allows'}")
        if verifier.stamps:
            size, stamp = verifier.stamps[-1]
            print(f"the first {size} entries existed by {stamp.stated_at}, stated by {stamp.authority} (stamp {stamp.serial})")
            if roots is None:
                print("time stamps were not checked against a trusted root: give it with --timestamp-root")
            elif lists is None:
                print("whether a certificate of the authority was revoked is not known: give its revocation lists with --timestamp-crl")
        for size in verifier.seen_before:
            print(f"the first {size} entries are the same as under the checkpoint that was given")
        for sentence in verifier.disposed:
            print(sentence)
        for followed in verifier.followed:
            print(f"followed, signed by the key before it: {followed.text}")
        whose = "the key you trust" if not verifier.followed else "the key that the one you trust led to; pin it from now on"
        if not (key or policy):
            whose = "the key in the pack, so it only agrees with itself"
        elif not verifier.is_led:
            whose = "the key in the pack, to which the one you trust does not lead"
        print(f"verified under {whose}")
        print(f"{len(verifier.findings)} findings" if verifier.findings else "nothing wrong")
    return 1 if verifier.findings else 0


if __name__ == "__main__":
    sys.exit(main())
