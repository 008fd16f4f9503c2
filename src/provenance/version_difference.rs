//! What differs between two model versions: data, files, parameters, declarations, policy. From the registrations alone: the old data
//! need not be at hand.

use super::registration::{DatasetRole, NamedFile, Registration};
use crate::dataset::difference::TableDifference;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is otherwise in the second version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Where it stands, for example `tolerances/TSH/values` or the name of a file.
    pub at: String,
    /// In the first version; nothing where only the second has it. The SHA-256 of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// In the second version; nothing where only the first has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// How the dataset of one role differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetChange {
    /// What the dataset is used for.
    pub role: DatasetRole,
    /// Its name in the first version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its name in the second version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Columns and blocks of rows that changed, where both versions have such a dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<TableDifference>,
}

/// What differs between two versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionDifference {
    /// Intended use, code revision, followed version.
    pub statements: Vec<Change>,
    /// Parameters of the training.
    pub parameters: Vec<Change>,
    /// Model files, preparation code, the lock file of the environment: SHA-256 by name.
    pub files: Vec<Change>,
    /// Datasets with other content, or that only one version has.
    pub datasets: Vec<DatasetChange>,
    /// Declaration of the columns.
    pub schema: Vec<Change>,
    /// Monitoring policy.
    pub policy: Vec<Change>,
}

impl VersionDifference {
    /// What is otherwise in `after`.
    pub fn between(before: &Registration, after: &Registration) -> Self {
        let text = |text: Option<&String>| text.map(|text| Value::from(text.as_str()));
        let statements = |of: &Registration| {
            let parts = [
                ("intended use", text(of.intended_use.as_ref())),
                ("code revision", text(of.code_revision.as_ref())),
                ("follows version", text(of.parent_version.as_ref())),
                ("justification of overlaps", text(of.overlap_justification.as_ref())),
            ];
            parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
        };
        let parameters = |of: &Registration| {
            of.parameters.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect()
        };
        let schema = |of: &Registration| leaves(&by_name(serde_json::json!(of.schema)));
        Self {
            statements: changes(&statements(before), &statements(after)),
            parameters: changes(&parameters(before), &parameters(after)),
            files: changes(&files(before), &files(after)),
            datasets: datasets(before, after),
            schema: changes(&schema(before), &schema(after)),
            policy: changes(&leaves(&before.policy), &leaves(&after.policy)),
        }
    }

    /// Parts whose change alters what the model computes, in words: the version has to be tested again.
    pub fn changes_what_is_computed(&self) -> Vec<&'static str> {
        let of_files = |kind: &str| self.files.iter().any(|change| change.at.starts_with(kind));
        let is_fit = |role| matches!(role, DatasetRole::Train | DatasetRole::Tune);
        let parts = [
            (of_files("artifact "), "the model files"),
            (of_files("preparation code "), "the preparation code"),
            (self.datasets.iter().any(|change| is_fit(change.role)), "the training data"),
            (!self.schema.is_empty(), "the declaration of the columns"),
        ];
        parts.into_iter().filter_map(|(changed, part)| changed.then_some(part)).collect()
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is otherwise in `after`, in the order of the names.
fn changes(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<Change> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let said = |value: Option<&Value>| {
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
    };
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| Change {
            at: name.clone(),
            before: said(before.get(name)),
            after: said(after.get(name)),
        })
        .collect()
}

/// SHA-256 of every file by what it is and its name.
fn files(of: &Registration) -> BTreeMap<String, Value> {
    let kinds: [(&str, &[NamedFile]); 3] = [
        ("artifact", &of.artifacts),
        ("preparation code", &of.preparation_code),
        ("environment", of.environment_lock.as_slice()),
    ];
    let all = kinds.into_iter().flat_map(|(kind, files)| files.iter().map(move |f| (kind, f)));
    all.map(|(kind, file)| {
        (format!("{kind} {}", file.name), Value::from(file.content.sha256.as_str()))
    })
    .collect()
}

/// Datasets role by role; several of one role in the order of the registrations.
fn datasets(before: &Registration, after: &Registration) -> Vec<DatasetChange> {
    let mut found = Vec::new();
    for role in DatasetRole::ALL {
        let of = |registration: &Registration| -> Vec<_> {
            let datasets = registration.datasets.iter().filter(|dataset| dataset.role == role);
            datasets.map(|dataset| dataset.fingerprint.clone()).collect()
        };
        let (old, new) = (of(before), of(after));
        for at in 0..old.len().max(new.len()) {
            let (old, new) = (old.get(at), new.get(at));
            let difference =
                old.zip(new).map(|(a, b)| TableDifference::between(&a.table, &b.table));
            if difference.as_ref().is_some_and(|difference| difference.same) {
                continue;
            }
            let name = |side: Option<&crate::dataset::fingerprint::Fingerprint>| {
                side.map(|fingerprint| fingerprint.name.clone())
            };
            found.push(DatasetChange { role, before: name(old), after: name(new), difference });
        }
    }
    found
}

/// A schema whose columns are found by name, so that an added column changes no other.
fn by_name(mut schema: Value) -> Value {
    if let Some(Value::Array(columns)) = schema.get_mut("columns").map(Value::take) {
        let named = columns.into_iter().map(|mut column| {
            let name = column.as_object_mut().and_then(|column| column.remove("name"));
            (name.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(), column)
        });
        schema["columns"] = Value::Object(named.collect());
    }
    schema
}

/// Every value that is no object, by the path of its keys. Lists are values as a whole.
fn leaves(document: &Value) -> BTreeMap<String, Value> {
    fn collect(path: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(parts) if !parts.is_empty() => {
                for (key, part) in parts {
                    let separator = if path.is_empty() { "" } else { "/" };
                    collect(&format!("{path}{separator}{key}"), part, into);
                }
            }
            Value::Null => {}
            other => {
                into.insert(path.to_owned(), other.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect("", document, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn column(name: &str) -> Value {
        json!({ "name": name, "value_type": "float", "kind": "continuous", "role": "feature" })
    }

    #[test]
    fn an_added_column_is_the_only_change_of_the_schema() {
        let schema = |columns: Vec<Value>| leaves(&by_name(json!({ "columns": columns })));
        let before = schema(vec![column("a"), column("b")]);
        let after = schema(vec![column("new"), column("a"), column("b")]);
        let found = changes(&before, &after);
        assert!(found.iter().all(|change| change.at.starts_with("columns/new/")), "{found:?}");
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|change| change.before.is_none() && change.after.is_some()));
    }

    #[test]
    fn values_are_told_apart_by_path_and_absent_from_empty() {
        let before =
            leaves(&json!({ "rows": 10, "deep": { "x": [1, 2] }, "gone": "", "none": null }));
        let after = leaves(&json!({ "rows": 11, "deep": { "x": [1, 2] } }));
        let change = |at: &str, before: Option<&str>, after: Option<&str>| Change {
            at: at.to_owned(),
            before: before.map(ToOwned::to_owned),
            after: after.map(ToOwned::to_owned),
        };
        assert_eq!(
            changes(&before, &after),
            [change("gone", Some(""), None), change("rows", Some("10"), Some("11"))]
        );
        assert!(changes(&before, &before).is_empty());
    }
}
