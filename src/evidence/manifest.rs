//! What a pack holds: its list of files, what it is about, and how files are named.

use crate::digest::ContentDigest;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Identifies the format of a pack.
pub const EVIDENCE_FORMAT: &str = "driftledger/evidence/v1";

/// The list of all other files.
pub const MANIFEST: &str = "MANIFEST.json";
/// What the key of the ledger signed of all other files: names and digests.
pub const SEAL: &str = "SEAL";
/// What the pack is and how to verify it, in plain words.
pub const README: &str = "README.txt";
/// The signed head of the ledger.
pub const CHECKPOINT: &str = "checkpoint";
/// The log's name and public key.
pub const VERIFIER_KEY: &str = "verifier_key";
/// Every leaf of the ledger, one a line, in order.
pub const ENTRIES: &str = "entries.jsonl";
/// Folder of the bodies.
pub const BODIES: &str = "bodies/";
/// Folder of the proofs.
pub const PROOFS: &str = "proofs/";
/// Folder of the heads under which one key of the ledger gave way to another, signed by both.
pub const KEYS: &str = "keys/";
/// Folder of earlier heads that witnesses cosigned.
pub const WITNESSED: &str = "witnessed/";
/// Folder of earlier heads that a time-stamp authority saw, with what it stated.
pub const STAMPED: &str = "stamped/";
/// Folder of the record rows.
pub const RECORDS: &str = "records/";
/// Folder of record rows as tables, for other tools, with a data dictionary.
pub const TABLES: &str = "tables/";
/// The story of the pack, to read and to print.
pub const STORY: &str = "story.html";
/// One prediction: its row and what it is held against.
pub const PREDICTION: &str = "prediction.json";
/// Folder of the digests of row ids of a batch.
pub const ROW_IDS: &str = "row_ids/";

/// Record tables whose rows stay at home: what somebody signs in with. Their digests are in the bodies all the same.
pub const WITHHELD: [&str; 2] = ["credential", "token"];

/// What a pack is about: the whole store, one model, one version of it; or an alert, a batch or a prediction of a version, or a period.
///
/// The last four take everything up to where their story ends ([`Scope::until`]) and nothing that came later: what they show rests on
/// all that was there before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Model name; absent for the whole store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Version of the model; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Id of an alert (episode) of the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// Id of a batch of the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// A prediction in that batch: its row id (the values of several id columns with a comma between them), or `#` and the number of
    /// its row, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<String>,
    /// Begin of the period: a day or a time (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// End of the period: a day, which is in it, or a time, which is not (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Number of ledger entries up to which the story goes; absent where it goes to the checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

impl Scope {
    /// The whole store.
    pub fn whole() -> Self {
        Self::default()
    }

    /// One model, or one version of it.
    pub fn of(model: &str, version: Option<&str>) -> Self {
        let (model, version) = (Some(model.to_owned()), version.map(str::to_owned));
        Self { model, version, ..Self::default() }
    }

    /// Whether the pack is about everything in the store.
    pub fn is_whole(&self) -> bool {
        self.model.is_none() && self.until.is_none()
    }

    /// Whether what is asked for fits together: one of alert, batch (with or without a prediction) and period, each way complete.
    ///
    /// # Errors
    ///
    /// What does not fit, and what would.
    pub fn check(&self) -> std::result::Result<(), String> {
        let (alert, batch) = (self.alert.is_some(), self.batch.is_some());
        let (prediction, period) =
            (self.prediction.is_some(), self.from.is_some() || self.to.is_some());
        if self.version.is_some() && self.model.is_none() {
            return Err("a version without its model; name the model too".to_owned());
        }
        if usize::from(alert) + usize::from(batch || prediction) + usize::from(period) > 1 {
            return Err(
                "more than one of alert, batch or prediction, and period; ask for one".to_owned()
            );
        }
        if prediction && !batch && (self.model.is_none() || self.version.is_none()) {
            return Err(
                "a prediction without its batch or its model and version; name them".to_owned()
            );
        }
        let edge = |text: &Option<String>, is_end| {
            text.as_deref().map(|text| period_edge(text, is_end)).transpose()
        };
        match (edge(&self.from, false)?, edge(&self.to, true)?) {
            (Some(from), Some(to)) if from >= to => {
                Err("a period that ends before it begins".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether an act at that time (RFC 3339) is in the period, where one is asked for.
    pub fn is_in_period(&self, at: &str) -> bool {
        self.from.as_deref().is_none_or(|from| from <= at)
            && self.to.as_deref().is_none_or(|to| at < to)
    }

    /// The scope in words.
    pub fn words(&self) -> String {
        let of = match (&self.model, &self.version) {
            (None, _) => "the whole store".to_owned(),
            (Some(model), None) => format!("model `{model}`"),
            (Some(model), Some(version)) => format!("model `{model}`, version `{version}`"),
        };
        let what = match (&self.alert, &self.batch, &self.prediction, &self.from, &self.to) {
            (Some(alert), ..) => format!("alert `{alert}` of {of}"),
            (_, Some(batch), Some(row), ..) => {
                format!("prediction `{row}` in batch `{batch}` of {of}")
            }
            (_, Some(batch), None, ..) => format!("batch `{batch}` of {of}"),
            (.., Some(from), Some(to)) => format!("{of}, from {from} to {to}"),
            (.., Some(from), None) => format!("{of}, from {from}"),
            (.., None, Some(to)) => format!("{of}, to {to}"),
            _ => of,
        };
        match self.until {
            Some(until) => format!("{what}, up to its {until} first entries"),
            None => what,
        }
    }
}

/// The begin or end of a period: a time (RFC 3339), or a day (YYYY-MM-DD, UTC) that begins at its first moment and ends with its last.
///
/// # Errors
///
/// What was found, and what was expected.
pub fn period_edge(text: &str, is_end: bool) -> std::result::Result<jiff::Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let day: Option<jiff::civil::Date> = text.parse().ok();
    let day = day.and_then(|day| if is_end { day.tomorrow().ok() } else { Some(day) });
    day.and_then(|day| jiff::tz::Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok())
        .ok_or_else(|| format!("`{text}` as a time, expected YYYY-MM-DD or RFC 3339"))
}

/// One file of the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PackedFile {
    /// Its name in the pack, folders separated by `/`.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// BLAKE3, 64 lowercase hexadecimal digits.
    pub blake3: String,
}

impl PackedFile {
    /// The line for a file of that content.
    pub fn new(name: &str, content: ContentDigest) -> Self {
        let ContentDigest { bytes, blake3, sha256 } = content;
        Self { name: name.to_owned(), bytes, sha256, blake3 }
    }
}

/// `MANIFEST.json`: canonical JSON (RFC 8785).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`EVIDENCE_FORMAT`].
    pub format: String,
    /// What rendered the HTML documents.
    pub program: String,
    /// What the pack is about.
    pub scope: Scope,
    /// Name of the ledger.
    pub origin: String,
    /// Number of its entries.
    pub size: u64,
    /// Every other file but the seal, by name.
    pub files: Vec<PackedFile>,
}

/// The file of a body.
pub fn body_file(index: u64) -> String {
    format!("{BODIES}{index}.json")
}

/// The file of a proof.
pub fn proof_file(index: u64) -> String {
    format!("{PROOFS}{index}.tlog-proof")
}

/// The file of a head under which a key gave way.
pub fn key_checkpoint_file(size: u64) -> String {
    format!("{KEYS}{size}.checkpoint")
}

/// The file of a head that witnesses cosigned.
pub fn witnessed_file(size: u64) -> String {
    format!("{WITNESSED}{size}.checkpoint")
}

/// The file of a head that was stamped: the bytes whose digest the time stamp is about.
pub fn stamped_checkpoint_file(size: u64) -> String {
    format!("{STAMPED}{size}.checkpoint")
}

/// The file of the time stamp of that head (`TimeStampResp`).
pub fn stamped_file(size: u64) -> String {
    format!("{STAMPED}{size}.tsr")
}

/// The file of a record row. Ids are letters, digits, `.`, `_` and `-`; anything else is written as in a URL.
pub fn record_file(table: &str, key: &str) -> String {
    format!("{RECORDS}{table}/{}.json", encode(key))
}

/// Table and id of a record's file; `None` for a name that no record has.
pub fn record_of(file: &str) -> Option<(String, String)> {
    let (table, name) = file.strip_prefix(RECORDS)?.split_once('/')?;
    let key = decode(name.strip_suffix(".json")?)?;
    (record_file(table, &key) == file).then(|| (table.to_owned(), key))
}

/// The index in the name of a body or a proof.
pub fn index_of(file: &str, folder: &str, ending: &str) -> Option<u64> {
    let digits = file.strip_prefix(folder)?.strip_suffix(ending)?;
    let index: u64 = digits.parse().ok()?;
    (index.to_string() == digits).then_some(index)
}

/// An id as part of a file name.
pub fn encode(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for byte in key.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if plain || (byte == b'.' && !name.is_empty()) {
            name.push(char::from(byte));
        } else {
            let _infallible = write!(name, "%{byte:02X}");
        }
    }
    name
}

fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_one_file_and_every_file_one_id() {
        for key in ["re_1", "driftledger/0a", "..", ".hidden", "1.0.0", "ü %", ""] {
            let file = record_file("report", key);
            assert_eq!(record_of(&file), Some(("report".to_owned(), key.to_owned())), "{file}");
            let name = file.strip_prefix("records/report/").unwrap();
            assert!(!name.contains('/') && !name.starts_with(".."), "{file}");
        }
        for file in [
            "records/report/%2f.json",
            "records/report/a b.json",
            "records/a",
            "x",
            "records/t/%zz.json",
        ] {
            assert_eq!(record_of(file), None, "{file}");
        }
    }

    #[test]
    fn an_index_has_one_spelling() {
        assert_eq!(index_of("bodies/7.json", BODIES, ".json"), Some(7));
        for file in
            ["bodies/07.json", "bodies/+7.json", "bodies/.json", "bodies/7", "proofs/7.json"]
        {
            assert_eq!(index_of(file, BODIES, ".json"), None, "{file}");
        }
    }
}
