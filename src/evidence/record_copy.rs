//! A copy of any record to read and print: every field with its meaning, marked where it changed since the record was first entered
//! (EU GMP Annex 11 §8.2), the revisions before, and who signed which of them.

use super::copies::COPIES;
use super::records::Row;
use super::tables::meaning;
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Signature;
use crate::review::study_signature::StudySignature;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Record tables whose rows are revisions of one record, with the columns that say of which.
pub const SERIES: [(&str, &[&str]); 25] = [
    ("model_record", &["version_id"]),
    ("acceptance_plan", &["version_id"]),
    ("change_record", &["version_id"]),
    ("policy", &["version_id"]),
    ("monitor", &["version_id"]),
    ("decision", &["episode_id"]),
    ("incident", &["incident_id"]),
    ("password_policy", &[]),
    ("training_policy", &[]),
    ("retention_policy", &[]),
    ("version_retention", &["version_id"]),
    ("accountability_statement", &[]),
    ("notice_target", &["name"]),
    ("account_state", &["account_id"]),
    ("account_lock", &["account_id"]),
    ("signing_hold", &["account_id"]),
    ("second_factor", &["account_id"]),
    ("provider_link", &["account_id"]),
    ("alias", &["model", "name"]),
    ("description", &["owner_id"]),
    ("tag", &["owner_id", "name"]),
    ("experiment_state", &["experiment_id"]),
    ("run_state", &["run_id"]),
    ("logged_model_state", &["logged_model_id"]),
    ("draft_state", &["draft_id"]),
];

/// Columns that belong to the revision, not to what the record says: they differ each time.
const OF_THE_REVISION: [&str; 7] =
    ["id", "entry", "at", "sha256", "revision", "supersedes", "blind"];

/// One revision of a record.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Revision {
    /// Id of its row.
    pub id: String,
    /// Ledger entry that recorded it.
    pub entry: u64,
    /// When, UTC.
    pub at: String,
    /// Who: printed name and user name; the id of what is no account.
    pub by: String,
    /// SHA-256 of the canonical row, as the body of the entry lists it.
    pub sha256: String,
    /// What its signatures say; none for a revision that is not signed.
    pub signatures: Vec<String>,
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FieldCopy {
    /// Column, with the path inside its document.
    pub name: String,
    /// What it means; empty for a part of a document.
    pub meaning: &'static str,
    /// What it says now; `None` when it is not there any more.
    pub value: Option<String>,
    /// How often it changed since the record was first entered.
    pub changes: u64,
    /// What it said first, if it changed; `None` in there when it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
}

/// What a field said when the record was first entered.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Original {
    /// What it said; `None` when it was not there.
    pub value: Option<String>,
    /// Ledger entry of the newest change.
    pub changed_in: u64,
}

/// A copy of a record, as it stands in one of its revisions.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RecordCopy {
    /// Record table.
    pub table: String,
    /// The revision that is copied.
    pub revision: Revision,
    /// Its number: 1 for the first.
    pub number: u64,
    /// Every field, by name.
    pub fields: Vec<FieldCopy>,
    /// All revisions, oldest first; later ones too.
    pub revisions: Vec<Revision>,
    /// Whether an earlier revision was signed and this one is not.
    pub unsigned_change: bool,
    /// Who took the copy.
    pub printed_by: String,
    /// When, UTC.
    pub printed_at: String,
}

impl RecordCopy {
    /// How many fields changed since the record was first entered.
    pub fn changed(&self) -> usize {
        self.fields.iter().filter(|field| field.changes > 0).count()
    }

    /// The revision that came after this one, if there is one.
    pub fn superseded_by(&self) -> Option<&Revision> {
        let at = usize::try_from(self.number).ok()?;
        self.revisions.get(at)
    }
}

/// The columns that say of which record the rows of `table` are revisions; `None` when each row is a record of its own.
pub fn series(table: &str) -> Option<&'static [&'static str]> {
    SERIES.iter().find(|line| line.0 == table).map(|line| line.1)
}

/// The fields of the last of `revisions`, rows of `table` from the oldest on, with their ledger entries.
pub fn fields(table: &str, revisions: &[(u64, Row)]) -> Vec<FieldCopy> {
    let told: Vec<BTreeMap<String, String>> =
        revisions.iter().map(|(_, row)| flat_row(table, row)).collect();
    let (Some(first), Some(last)) = (told.first(), told.last()) else { return Vec::new() };
    let mut names: Vec<&String> = told.iter().flat_map(BTreeMap::keys).collect();
    names.sort_by_key(|name| (OF_THE_REVISION.iter().position(|c| c == name).unwrap_or(9), *name));
    names.dedup();
    let copy = |name: &String| {
        let is_changed = |at: &usize| told[at - 1].get(name) != told[*at].get(name);
        let is_its_own = OF_THE_REVISION.contains(&name.as_str());
        let changed: Vec<usize> =
            (1..told.len()).filter(|at| !is_its_own && is_changed(at)).collect();
        let original = changed
            .last()
            .map(|&at| Original { value: first.get(name).cloned(), changed_in: revisions[at].0 });
        FieldCopy {
            name: name.clone(),
            meaning: meaning(table, name).map_or("", |(_, meaning)| meaning),
            value: last.get(name).cloned(),
            changes: changed.len() as u64,
            original,
        }
    };
    names.into_iter().map(copy).collect()
}

/// What the signature in `document`, a row of a table of signatures, says; `None` for what is none.
pub fn manifestation(table: &str, document: &str) -> Option<String> {
    match table {
        "signature" => {
            serde_json::from_str::<Signature>(document).ok().map(|signed| signed.manifestation())
        }
        "study_signature" => serde_json::from_str::<StudySignature>(document)
            .ok()
            .map(|signed| signed.manifestation()),
        "record_signature" => serde_json::from_str::<RecordSignature>(document)
            .ok()
            .map(|signed| signed.manifestation()),
        _ => None,
    }
}

/// Every value of a row by its name; those of a document by their path in it.
fn flat_row(table: &str, row: &Row) -> BTreeMap<String, String> {
    let copied = COPIES.iter().find(|copy| copy.0 == table).map(|copy| copy.2);
    let mut told = BTreeMap::new();
    for (column, value) in &row.0 {
        let is_document = copied == Some(column) || column == "document";
        let document = value.as_str().filter(|_| is_document);
        match document.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            Some(document) => flatten(column, &document, &mut told),
            None => flatten(column, value, &mut told),
        }
    }
    told
}

fn flatten(path: &str, value: &Value, told: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                flatten(&format!("{path}.{name}"), value, told);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            let called = names_of(items);
            for (at, item) in items.iter().enumerate() {
                let name = called.as_ref().map_or_else(|| (at + 1).to_string(), |c| c[at].clone());
                flatten(&format!("{path}[{name}]"), item, told);
            }
        }
        Value::String(text) => {
            told.insert(path.to_owned(), text.clone());
        }
        Value::Array(items) if !items.is_empty() => {
            let words = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            told.insert(path.to_owned(), words.collect::<Vec<_>>().join("; "));
        }
        Value::Null => {
            told.insert(path.to_owned(), "empty".to_owned());
        }
        Value::Array(_) | Value::Object(_) => {
            told.insert(path.to_owned(), "none".to_owned());
        }
        plain => {
            told.insert(path.to_owned(), plain.to_string());
        }
    }
}

/// What the items of a list are called, where each has a name of its own: then an item that moves is not taken for a changed one.
fn names_of(items: &[Value]) -> Option<Vec<String>> {
    ["id", "code", "name", "column", "path"].into_iter().find_map(|key| {
        let names: Option<Vec<String>> =
            items.iter().map(|item| Some(item.get(key)?.as_str()?.to_owned())).collect();
        let mut once = names.clone()?;
        once.sort();
        once.dedup();
        names.filter(|names| names.len() == once.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: Value) -> Row {
        Row(value.as_object().unwrap().clone())
    }

    fn field<'a>(fields: &'a [FieldCopy], name: &str) -> &'a FieldCopy {
        fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("{name}"))
    }

    #[test] // A11-8.2
    fn a_field_that_changed_is_marked_with_how_often_and_from_what() {
        let document = |use_: &str, groups: Value| {
            json!({"intended_use": use_, "subgroups": groups}).to_string()
        };
        let group = |column: &str, share: f64| json!({"column": column, "share": share});
        let revision = |number: u64, document: String| {
            row(
                json!({"id": format!("r{number}"), "revision": number, "version_id": "v", "document": document}),
            )
        };
        let revisions = [
            (3, revision(1, document("screening", json!([group("age", 0.5)])))),
            (5, revision(2, document("triage", json!([group("sex", 0.1), group("age", 0.5)])))),
            (9, revision(3, document("screening", json!([group("sex", 0.2)])))),
        ];
        let copied = fields("model_record", &revisions);
        let used = field(&copied, "document.intended_use");
        assert_eq!((used.value.as_deref(), used.changes), (Some("screening"), 2));
        let original = used.original.as_ref().unwrap();
        assert_eq!((original.value.as_deref(), original.changed_in), (Some("screening"), 9));
        // A group that moved down is not changed; one that went is, and one that came.
        let age = field(&copied, "document.subgroups[age].share");
        assert_eq!((age.value.as_deref(), age.changes), (None, 1));
        assert_eq!(age.original.as_ref().unwrap().value.as_deref(), Some("0.5"));
        let sex = field(&copied, "document.subgroups[sex].share");
        assert_eq!((sex.value.as_deref(), sex.changes), (Some("0.2"), 2));
        assert_eq!(sex.original.as_ref().unwrap().value, None);
        assert_eq!(field(&copied, "version_id").changes, 0);
        assert_eq!(field(&copied, "id").changes, 0, "an id is the revision's own");
        assert_eq!(copied[0].name, "id");
        let early = fields("model_record", &revisions[..1]);
        assert!(early.iter().all(|field| field.changes == 0 && field.original.is_none()));
    }

    #[test]
    fn nothing_of_a_document_is_left_out() {
        let document =
            json!({"a": null, "b": [], "c": {}, "d": [1, 2.5], "e": [[1], [2]], "f": true})
                .to_string();
        let copied = fields("policy", &[(1, row(json!({"document": document, "bytes": 7})))]);
        let told: Vec<(&str, &str)> =
            copied.iter().map(|f| (f.name.as_str(), f.value.as_deref().unwrap())).collect();
        let expected = [
            ("bytes", "7"),
            ("document.a", "empty"),
            ("document.b", "none"),
            ("document.c", "none"),
            ("document.d", "1; 2.5"),
            ("document.e[1]", "1"),
            ("document.e[2]", "2"),
            ("document.f", "true"),
        ];
        assert_eq!(told, expected);
    }
}
