//! Which values of records went by which signed redaction: what a check, a verification and a page tell in place of "changed".

use super::records::{Records, Row};
use crate::review::record_signature::RecordSignature;
use crate::review::redaction::{Redaction, Redactions, redacted_since};
use serde::Serialize;
use std::collections::BTreeMap;

/// The values that one redaction took out of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RedactedRecords {
    /// Id of the redaction.
    pub redaction: String,
    /// Ledger entry of QA's signature, with which the values went.
    pub entry: u64,
    /// When, UTC.
    pub at: String,
    /// The legal ground, in words.
    pub ground: String,
    /// Why.
    pub reason: String,
    /// Who signed, in order: printed name, user name and role.
    pub signed: Vec<String>,
    /// Each row, as table and id, with the columns whose values went.
    pub rows: BTreeMap<String, Vec<String>>,
}

impl RedactedRecords {
    /// The same words in every check and every verification.
    pub fn sentence(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|(row, columns)| format!("{} of {row}", columns.join(", ")))
            .collect();
        let verb = if rows.len() == 1 && self.rows.values().all(|columns| columns.len() == 1) {
            "was"
        } else {
            "were"
        };
        let since = redacted_since(&self.at, &self.redaction, &self.signed);
        format!("{} {verb} {since}; {}, because: {}", rows.join("; "), self.ground, self.reason)
    }
}

/// What redactions left of rows, by the records of them, in the order of the ledger.
pub fn redactions(records: &mut dyn Records) -> Redactions {
    let mut rows: Vec<Row> = Vec::new();
    for key in records.keys("redacted_row") {
        rows.extend(records.row("redacted_row", &key));
    }
    rows.sort_by_key(|row| row.number("entry"));
    let mut found = Redactions::default();
    for row in rows {
        let text = |column: &str| row.text(column).to_owned();
        found.add(
            (text("record_table"), text("record_id")),
            (text("found_sha256"), text("left_sha256")),
        );
    }
    found
}

/// Every redaction with which values went, in the order of the ledger.
pub fn redacted(records: &mut dyn Records) -> Vec<RedactedRecords> {
    let mut went: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for key in records.keys("redacted_row") {
        let Some(row) = records.row("redacted_row", &key) else { continue };
        went.entry(row.text("redaction_id").to_owned()).or_default().push(row);
    }
    let mut found = Vec::new();
    for (redaction, rows) in went {
        let Some(row) = records.row("redaction", &redaction) else { continue };
        let Ok(sheet) = serde_json::from_str::<Redaction>(row.text("document")) else { continue };
        let first = rows.first();
        found.push(RedactedRecords {
            entry: first.and_then(|row| row.number("entry")).unwrap_or_default(),
            at: first.map(|row| row.text("at").to_owned()).unwrap_or_default(),
            ground: sheet.ground.words().to_owned(),
            reason: sheet.reason.clone(),
            signed: signers(records, &redaction),
            rows: sheet
                .rows
                .into_iter()
                .map(|row| (format!("{} {}", row.table, row.record), row.columns))
                .collect(),
            redaction,
        });
    }
    found.sort_by_key(|one| one.entry);
    found
}

/// Who signed a redaction, in the order of the ledger.
fn signers(records: &mut dyn Records, redaction: &str) -> Vec<String> {
    let mut signed = Vec::new();
    for key in records.keys("record_signature") {
        let Some(row) = records.row("record_signature", &key) else { continue };
        if row.text("record_table") != "redaction" || row.text("record_id") != redaction {
            continue;
        }
        let Ok(signature) = serde_json::from_str::<RecordSignature>(row.text("document")) else {
            continue;
        };
        let signer = signature.signer;
        let (name, role) = (signer.printed_name, signer.role.word());
        signed.push((row.number("entry"), format!("{name} ({}, {role})", signer.user_name)));
    }
    signed.sort();
    signed.into_iter().map(|(_, who)| who).collect()
}
