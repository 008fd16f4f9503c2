//! The redaction of personal data in record rows: whose request, on which legal ground, which fields, and why.
//!
//! Rows are never removed, and the ledger is not touched: it lists the SHA-256 of each row as it was written. A redaction puts a marker in
//! place of a field's value and states the digest that the row has from then on, so that the row is held against that digest instead.
//! Who proposes it signs, then another person of QA; with that signature the values go.
//!
//! What stays provable: that a row with the listed digest was written, by whom and when; that it was redacted by this record; that nothing
//! of it changed since. Whoever holds the row as it was finds the listed digest from it, and from [`redacted`] the digest that it has now.
//! From the store alone the value is not found again: a row of these tables holds a random text besides (`blind`), which goes too, so that
//! a guessed value cannot be confirmed by the listed digest. Rows of before there was one have none.

use super::disposal::check_reason;
use super::{Error, Result};
use crate::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

/// Identifies the format of a redaction.
pub const REDACTION_FORMAT: &str = "driftledger/redaction/v1";
/// Rows of one redaction, at most.
pub const ROWS_MAX: usize = 100;
/// Characters of the number or name under which the request is kept, at most.
pub const REQUEST_MAX: usize = 200;
/// The column that keeps the digest of a row from confirming a guessed value.
pub const BLIND: &str = "blind";
/// What every redaction says about other copies.
pub const KEPT_ELSEWHERE: &str = "backups, evidence packs and other copies that were made before this record hold the values until they are removed";

/// How a column holds its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// As it is.
    Text,
    /// As a JSON array of texts.
    Texts,
    /// As the opening of an alert: its sentences.
    Opening,
}

/// The columns that may hold personal data, are no part of a signed or digested document, and decide about nothing.
const REDACTABLE: &[(&str, &str, Shape)] = &[
    ("account_lock", "reason", Shape::Text),
    ("account_state", "reason", Shape::Text),
    ("role_request", "reason", Shape::Text),
    ("role_answer", "reason", Shape::Text),
    ("second_factor", "reason", Shape::Text),
    ("provider_link", "reason", Shape::Text),
    ("passkey", "name", Shape::Text),
    ("passkey_revocation", "reason", Shape::Text),
    ("training_record", "evidence", Shape::Text),
    ("signing_hold", "reason", Shape::Text),
    ("misuse_event", "detail", Shape::Text),
    ("misuse_answer", "found", Shape::Text),
    ("token_revocation", "reason", Shape::Text),
    ("model", "description", Shape::Text),
    ("batch", "correction_reason", Shape::Text),
    ("quarantine", "reasons", Shape::Texts),
    ("episode", "opening", Shape::Opening),
    ("labels", "corrects", Shape::Text),
    ("acknowledgement", "comment", Shape::Text),
    ("run", "user_name", Shape::Text),
    ("description", "text", Shape::Text),
    ("tag", "value", Shape::Text),
    ("restore", "reason", Shape::Text),
    ("rollback", "reason", Shape::Text),
    ("restore_test", "reason", Shape::Text),
    ("version_retention", "reason", Shape::Text),
    ("withdrawal", "reason", Shape::Text),
];

/// Who asked for a redaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    /// The person the data is about, or who acts for them.
    DataSubject,
    /// The organisation that runs this store, by itself.
    Controller,
    /// A supervisory authority or a court.
    Authority,
}

impl Requester {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DataSubject, Self::Controller, Self::Authority];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::DataSubject => "data_subject",
            Self::Controller => "controller",
            Self::Authority => "authority",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::DataSubject => "the person the data is about",
            Self::Controller => "the organisation that runs this store",
            Self::Authority => "a supervisory authority or a court",
        }
    }
}

/// The legal ground of a redaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegalGround {
    /// Not needed any more for what it was recorded for (GDPR Art. 17(1)(a)).
    NoLongerNecessary,
    /// Consent was withdrawn (Art. 17(1)(b)).
    ConsentWithdrawn,
    /// The person objects, and nothing overrides it (Art. 17(1)(c)).
    Objection,
    /// It was recorded unlawfully, or more was recorded than the purpose needs (Art. 17(1)(d), 5(1)(c)).
    UnlawfullyProcessed,
    /// A law demands it (Art. 17(1)(e)).
    LegalObligation,
    /// Another law, which the reason names.
    OtherLaw,
}

impl LegalGround {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NoLongerNecessary,
        Self::ConsentWithdrawn,
        Self::Objection,
        Self::UnlawfullyProcessed,
        Self::LegalObligation,
        Self::OtherLaw,
    ];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoLongerNecessary => "no_longer_necessary",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::Objection => "objection",
            Self::UnlawfullyProcessed => "unlawfully_processed",
            Self::LegalObligation => "legal_obligation",
            Self::OtherLaw => "other_law",
        }
    }

    /// In words, with the article of the GDPR.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoLongerNecessary => "not needed any more for its purpose (GDPR 17(1)(a))",
            Self::ConsentWithdrawn => "consent was withdrawn (GDPR 17(1)(b))",
            Self::Objection => "the person objects (GDPR 17(1)(c))",
            Self::UnlawfullyProcessed => {
                "unlawfully recorded, or more than the purpose needs (GDPR 17(1)(d), 5(1)(c))"
            }
            Self::LegalObligation => "a law demands it (GDPR 17(1)(e))",
            Self::OtherLaw => "another law, which the reason names",
        }
    }
}

/// A row of which fields are redacted. It holds digests and no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactedRow {
    /// Record table.
    pub table: String,
    /// Id of the row.
    pub record: String,
    /// Ledger entry of the row.
    pub entry: u64,
    /// The columns whose values go, in their order.
    pub columns: Vec<String>,
    /// What stands in their place.
    pub marker: String,
    /// SHA-256 of the row as the body of its entry lists it: as it was written.
    pub listed_sha256: String,
    /// SHA-256 of the row before this redaction: the listed one, or that which an earlier redaction left.
    pub found_sha256: String,
    /// SHA-256 of the row from this redaction on.
    pub left_sha256: String,
    /// Model, where the row is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Id of the version, where the row is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Id of the batch, where the row is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
}

/// What is signed, by who proposes it and by QA. It holds no time, no signer and no redacted value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Always [`REDACTION_FORMAT`].
    pub format: String,
    /// Who asked for it.
    pub asked_by: Requester,
    /// Number or name under which the request is kept elsewhere; it names no person.
    pub request: String,
    /// The legal ground.
    pub ground: LegalGround,
    /// The rows, in the order of table and id.
    pub rows: Vec<RedactedRow>,
    /// Why; it repeats nothing of what goes.
    pub reason: String,
    /// Always [`KEPT_ELSEWHERE`].
    pub kept_elsewhere: String,
}

/// Whether rows of `table` can be redacted at all.
pub fn is_redactable(table: &str) -> bool {
    REDACTABLE.iter().any(|line| line.0 == table)
}

/// The columns of `table` that can be redacted.
pub fn columns_of(table: &str) -> impl Iterator<Item = &'static str> {
    REDACTABLE.iter().filter(move |line| line.0 == table).map(|line| line.1)
}

/// Every column that can be redacted: table and column.
pub fn redactable() -> impl Iterator<Item = (&'static str, &'static str)> {
    REDACTABLE.iter().map(|line| (line.0, line.1))
}

/// What stands in place of the values of a row with this listed digest: it leads back to the entry, and to nothing of the value.
pub fn marker_of(listed_sha256: &str) -> String {
    format!("[redacted {}]", listed_sha256.get(..16).unwrap_or(listed_sha256))
}

/// `row` of `table` with `marker` in place of the values of `columns`, and without the text that blinds its digest.
///
/// # Errors
///
/// [`Error::Redaction`] for a column that cannot be redacted, holds nothing, or was redacted before.
pub fn redacted(
    (table, row): (&str, &Map<String, Value>),
    columns: &[String],
    marker: &str,
) -> Result<Map<String, Value>> {
    let mut left = row.clone();
    for column in columns {
        let refuse = |why: &str| {
            let reason = format!("`{column}` of {table} cannot be redacted: {why}");
            Err(Error::Redaction { reason })
        };
        let line = REDACTABLE.iter().find(|line| line.0 == table && line.1 == column);
        let Some((_, _, shape)) = line else {
            let known: Vec<&str> = columns_of(table).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            return refuse(&format!(
                "it names somebody who acted, is part of a signed or digested document, or decides about something; of this table: {known}"
            ));
        };
        let Some(text) = row.get(column).and_then(Value::as_str) else {
            return refuse("it holds nothing");
        };
        if text.contains(marker) {
            return refuse("it was redacted before");
        }
        let Some(value) = marked(*shape, text, marker) else {
            return refuse("it was computed from a report, and is computed again from it");
        };
        left.insert(column.clone(), Value::String(value));
    }
    left.remove(BLIND);
    Ok(left)
}

/// `text` with `marker` in its place; nothing where it must stay.
fn marked(shape: Shape, text: &str, marker: &str) -> Option<String> {
    match shape {
        Shape::Text => Some(marker.to_owned()),
        Shape::Texts => Some(json!([marker]).to_string()),
        Shape::Opening => {
            let mut opening: Value = serde_json::from_str(text).ok()?;
            // Only what tells of a file that could not be read quotes cells.
            if opening.get("kind")? != "unreadable_file" {
                return None;
            }
            *opening.get_mut("sentences")? = json!([marker]);
            let bytes = digest::canonical_json(&opening).ok()?;
            String::from_utf8(bytes).ok()
        }
    }
}

/// The digest that a row listed with `listed` has after redactions, each of which found one digest and left another; nothing where they do
/// not follow each other.
pub fn left_by<'a>(
    listed: &'a str,
    steps: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<&'a str> {
    steps.into_iter().try_fold(listed, |now, (found, left)| (now == found).then_some(left))
}

/// What redactions found and left of rows, by table and id, in the order of the ledger.
#[derive(Debug, Default)]
pub struct Redactions(HashMap<(String, String), Vec<(String, String)>>);

impl Redactions {
    /// Takes the next redaction of a row (table and id): the digests it found and left.
    pub fn add(&mut self, place: (String, String), step: (String, String)) {
        self.0.entry(place).or_default().push(step);
    }

    fn steps(&self, table: &str, id: &str) -> &[(String, String)] {
        // Most stores have none: nothing is allocated for their rows.
        if self.0.is_empty() {
            return &[];
        }
        self.0.get(&(table.to_owned(), id.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The digest that the row has now, which the ledger lists with `listed`; `listed` itself where redactions do not follow from it.
    pub fn now<'a>(&'a self, table: &str, id: &str, listed: &'a str) -> &'a str {
        let steps = self.steps(table, id).iter();
        left_by(listed, steps.map(|(found, left)| (found.as_str(), left.as_str())))
            .unwrap_or(listed)
    }

    /// The digest that the ledger lists for the row which has `digest` now; `digest` itself where it was not redacted, or is not what was
    /// left of it.
    pub fn listed(&self, table: &str, id: &str, digest: String) -> String {
        match self.steps(table, id) {
            [(first, _), ..] if self.now(table, id, first) == digest => first.clone(),
            _ => digest,
        }
    }
}

impl RedactedRow {
    /// The row in words.
    pub fn words(&self) -> String {
        format!("{} of {} {}", self.columns.join(", "), self.table, self.record)
    }
}

impl Redaction {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Whether it says what it must.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::Disposal`] for a reason that says nothing, [`Error::Redaction`].
    pub fn validate(&self) -> Result<()> {
        let refuse = |reason: String| Err(Error::Redaction { reason });
        if self.format != REDACTION_FORMAT {
            return refuse(format!(
                "its format is `{}`, expected `{REDACTION_FORMAT}`",
                self.format
            ));
        }
        check_reason(&self.reason)?;
        let found = self.request.trim().chars().count();
        if !(1..=REQUEST_MAX).contains(&found) {
            return refuse(format!(
                "its request has {found} characters, expected 1 to {REQUEST_MAX}: the number or name under which the request is kept, no person's name"
            ));
        }
        if self.kept_elsewhere != KEPT_ELSEWHERE {
            return refuse(format!("it does not say that {KEPT_ELSEWHERE}"));
        }
        if self.rows.is_empty() || self.rows.len() > ROWS_MAX {
            let found = self.rows.len();
            return refuse(format!("it names {found} rows, expected 1 to {ROWS_MAX}"));
        }
        let place = |row: &RedactedRow| (row.table.clone(), row.record.clone());
        if !self.rows.is_sorted_by(|a, b| place(a) < place(b)) {
            return refuse("its rows are not in the order of table and id, each once".to_owned());
        }
        self.rows.iter().try_for_each(validate_row)
    }

    /// Ids of the versions that its rows are about.
    pub fn versions(&self) -> BTreeSet<&str> {
        self.rows.iter().filter_map(|row| row.version_id.as_deref()).collect()
    }

    /// Fields of all its rows.
    pub fn fields(&self) -> u64 {
        self.rows.iter().map(|row| row.columns.len() as u64).sum()
    }
}

fn validate_row(row: &RedactedRow) -> Result<()> {
    let refuse = |why: &str| {
        let reason = format!("{} {}: {why}", row.table, row.record);
        Err(Error::Redaction { reason })
    };
    if row.columns.is_empty() || !row.columns.is_sorted_by(|a, b| a < b) {
        return refuse("its columns are not in order, each once");
    }
    let known: BTreeSet<&str> = columns_of(&row.table).collect();
    if let Some(other) = row.columns.iter().find(|column| !known.contains(column.as_str())) {
        return refuse(&format!("`{other}` cannot be redacted"));
    }
    if row.marker != marker_of(&row.listed_sha256) {
        return refuse("its marker is not that of its listed digest");
    }
    if row.found_sha256 == row.left_sha256 {
        return refuse("it is the same before and after");
    }
    Ok(())
}

/// The same words on every page, in every check and in every export.
pub fn redacted_since(at: &str, redaction: &str, signed: &[String]) -> String {
    let by = if signed.is_empty() { "nobody".to_owned() } else { signed.join(" and ") };
    format!("redacted at {at} by record {redaction}, signed by {by}")
}

#[cfg(test)]
mod tests;
