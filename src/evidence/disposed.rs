//! Which stored files went by which signed record: what a check, a verification and a story tell in place of "missing".

use super::records::{Records, Row};
use crate::review::disposal::{Disposal, disposed_since};
use crate::review::record_signature::RecordSignature;
use serde::Serialize;
use std::collections::BTreeMap;

/// The files that one disposal removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DisposedFiles {
    /// Id of the disposal.
    pub disposal: String,
    /// Ledger entry of QA's signature, with which they went.
    pub entry: u64,
    /// When, UTC.
    pub at: String,
    /// Why.
    pub reason: String,
    /// Who signed, in order: printed name, user name and role.
    pub signed: Vec<String>,
    /// Each file by its BLAKE3, with the records that name it.
    pub files: BTreeMap<String, Vec<String>>,
    /// Their bytes.
    pub bytes: u64,
}

impl DisposedFiles {
    /// The same words in every check and every verification.
    pub fn sentence(&self) -> String {
        let files = match self.files.len() {
            1 => "1 file was".to_owned(),
            many => format!("{many} files were"),
        };
        let since = disposed_since(&self.at, &self.disposal, &self.signed);
        format!("{files} {since}, because: {}", self.reason)
    }
}

/// Every disposal with which files went, in the order of the ledger.
pub fn disposed(records: &mut dyn Records) -> Vec<DisposedFiles> {
    let mut objects: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for key in records.keys("disposed_object") {
        let Some(row) = records.row("disposed_object", &key) else { continue };
        objects.entry(row.text("disposal_id").to_owned()).or_default().push(row);
    }
    let mut signatures: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for key in if objects.is_empty() { Vec::new() } else { records.keys("record_signature") } {
        let Some(row) = records.row("record_signature", &key) else { continue };
        let signature = serde_json::from_str::<RecordSignature>(row.text("document"));
        let Ok(signature) = signature.map(|found| found.signer) else { continue };
        let who = format!(
            "{} ({}, {})",
            signature.printed_name,
            signature.user_name,
            signature.role.word()
        );
        let entry = row.number("entry").unwrap_or(u64::MAX);
        signatures.entry(row.text("record_id").to_owned()).or_default().push((entry, who));
    }
    let mut found: Vec<DisposedFiles> = Vec::new();
    for (disposal, rows) in objects {
        let Some(row) = records.row("disposal", &disposal) else { continue };
        let mut signed = signatures.remove(&disposal).unwrap_or_default();
        signed.sort();
        let named: Option<Disposal> = serde_json::from_str(row.text("document")).ok();
        let names = |blake3: &str| -> Vec<String> {
            let file = named.iter().flat_map(|one| &one.files).find(|file| file.blake3 == blake3);
            let uses = file.into_iter().flat_map(|file| &file.uses);
            uses.map(|one| {
                format!("{} `{}` of {}", one.kind.words(), one.name, one.version_words())
            })
            .collect()
        };
        let first = rows.first();
        found.push(DisposedFiles {
            entry: first.and_then(|row| row.number("entry")).unwrap_or_default(),
            at: first.map(|row| row.text("at").to_owned()).unwrap_or_default(),
            reason: row.text("reason").to_owned(),
            signed: signed.into_iter().map(|(_, who)| who).collect(),
            files: rows
                .iter()
                .map(|row| (row.text("blake3").to_owned(), names(row.text("blake3"))))
                .collect(),
            bytes: rows.iter().filter_map(|row| row.number("bytes")).sum(),
            disposal,
        });
    }
    found.sort_by_key(|one| one.entry);
    found
}
