//! The signatures among records: each with name, meaning, time and status, and the places where one is missing.

use super::document::{Block, Fact, Sheets, SignatureBlock};
use crate::access::account::Account;
use crate::evidence::records::{Records, Row};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::{Meaning, Signature};
use crate::review::study_signature::StudySignature;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Signatures that are laid out, at most; the others are counted.
const SHOWN_MAX: usize = 200;

/// One signature with the ledger entry it stands in.
struct Found {
    entry: u64,
    block: SignatureBlock,
}

/// Every signature, in the order of the ledger, and after them what waits for one.
pub(super) fn signatures(records: &mut dyn Records) -> Vec<SignatureBlock> {
    let mut found = Vec::new();
    let (mut decisions, mut studies) = (BTreeSet::new(), BTreeSet::new());
    let mut others = BTreeSet::new();
    for (entry, one) in documents::<Signature>(records, "signature") {
        decisions.insert(one.decision.clone());
        let of = ("Decision", one.decision.as_str(), one.decision_sha256.as_str());
        let how = (one.meaning, one.signed_at.as_str(), one.method.as_str());
        found.push(Found { entry, block: signed(of, &one.signer, how) });
    }
    for (entry, one) in documents::<StudySignature>(records, "study_signature") {
        studies.insert(one.study.clone());
        let of = ("Phase I study", one.study.as_str(), one.study_sha256.as_str());
        let how = (one.meaning, one.signed_at.as_str(), one.method.as_str());
        found.push(Found { entry, block: signed(of, &one.signer, how) });
    }
    for (entry, one) in documents::<RecordSignature>(records, "record_signature") {
        others.insert((one.record.id.clone(), one.meaning.word()));
        let what = capital(&one.record.table.replace('_', " "));
        let of = (what.as_str(), one.record.id.as_str(), one.record.sha256.as_str());
        let how = (one.meaning, one.signed_at.as_str(), one.method.as_str());
        found.push(Found { entry, block: signed(of, &one.signer, how) });
    }
    found.sort_by_key(|one| one.entry);
    let mut all: Vec<SignatureBlock> = found.into_iter().map(|one| one.block).collect();
    let rejected = |id: &str| others.contains(&(id.to_owned(), Meaning::RejectedDecision.word()));
    all.extend(unsigned(records, ("decision", "Decision"), Meaning::ApprovesDecision, &|id| {
        decisions.contains(id) || rejected(id)
    }));
    all.extend(unsigned(records, ("study", "Phase I study"), Meaning::ApprovesStudy, &|id| {
        studies.contains(id)
    }));
    all.extend(unsigned(
        records,
        ("change_record", "Change record"),
        Meaning::ApprovesChange,
        &|id| others.contains(&(id.to_owned(), Meaning::ApprovesChange.word())),
    ));
    all
}

/// The section of them.
pub(super) fn section(sheets: &mut Sheets, signatures: Vec<SignatureBlock>) {
    sheets.push(Block::heading(1, "Signatures"));
    if signatures.is_empty() {
        sheets.push(Block::note("Nothing here was signed, and nothing waits for a signature."));
    }
    let left_out = signatures.len().saturating_sub(SHOWN_MAX);
    for signature in signatures.into_iter().take(SHOWN_MAX) {
        sheets.push(Block::Signature(signature));
    }
    if left_out > 0 {
        let said = format!("{left_out} more signatures are in the attached pack.");
        sheets.push(Block::note(said));
    }
}

/// A signature as it manifests itself.
pub(super) fn signed(
    (what, id, sha256): (&str, &str, &str),
    signer: &Account,
    (meaning, at, method): (Meaning, &str, &str),
) -> SignatureBlock {
    let Account { printed_name, user_name, role, .. } = signer;
    SignatureBlock {
        record: format!("{what} {id}"),
        signed: true,
        facts: vec![
            Fact::new("Signed by", format!("{printed_name} ({user_name}, {})", role.word())),
            Fact::new("Meaning", meaning.words()),
            Fact::new("Signed at", format!("{at} (UTC)")),
            Fact::new("How", method),
            Fact::digest("Record, SHA-256", sha256),
        ],
        remark: String::new(),
    }
}

/// The place of a signature that is missing.
pub(super) fn missing(
    (what, id, sha256): (&str, &str, &str),
    meaning: Meaning,
    drafted: &str,
) -> SignatureBlock {
    SignatureBlock {
        record: format!("{what} {id}"),
        signed: false,
        facts: vec![
            Fact::new("Signed by", "nobody"),
            Fact::new("Meaning", meaning.words()),
            Fact::digest("Record, SHA-256", sha256),
        ],
        remark: format!("{drafted}. Nobody had signed it when this was printed."),
    }
}

fn unsigned(
    records: &mut dyn Records,
    (table, what): (&str, &str),
    meaning: Meaning,
    is_done: &dyn Fn(&str) -> bool,
) -> Vec<SignatureBlock> {
    let mut found = Vec::new();
    for key in records.keys(table) {
        if is_done(&key) {
            continue;
        }
        let Some(row) = records.row(table, &key) else { continue };
        let drafted = format!("Recorded {} (UTC), ledger entry {}", row.text("at"), entry(&row));
        found.push(missing((what, &key, row.text("sha256")), meaning, &drafted));
    }
    found
}

fn documents<T: DeserializeOwned>(records: &mut dyn Records, table: &str) -> Vec<(u64, T)> {
    let mut found = Vec::new();
    for key in records.keys(table) {
        let Some(row) = records.row(table, &key) else { continue };
        if let Ok(document) = serde_json::from_str(row.text("document")) {
            found.push((entry(&row), document));
        }
    }
    found
}

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or_default()
}

/// `text` with a capital letter in front.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
