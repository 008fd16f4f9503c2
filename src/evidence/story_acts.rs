//! What people did about a version or an alert, one act after the other, as the story of a pack tells it.

use super::records::{Records, Row};
use crate::review::batch_invalidation::{counts_for_nothing, invalid_since};
use crate::review::decision::Decision;
use crate::review::disposal::Disposal;
use crate::review::incident::{Affected, AffectedKind, Incident};
use crate::review::record_signature::RecordSignature;
use crate::review::redaction::Redaction;
use crate::review::signature::{Meaning, Signature};
use serde_json::Value;
use std::collections::HashMap;

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Ledger entry.
    pub entry: u64,
    /// When, UTC.
    pub at: String,
    /// What was done.
    pub what: String,
    /// What was said.
    pub said: Vec<String>,
    /// The signature, where there is one.
    pub manifestation: String,
}

impl Act {
    fn of(row: &Row, what: impl Into<String>) -> Self {
        Self {
            entry: row.number("entry").unwrap_or_default(),
            at: row.text("at").to_owned(),
            what: what.into(),
            said: Vec::new(),
            manifestation: String::new(),
        }
    }
}

/// What was done about an alert, in order.
pub fn acts_of_episode(records: &mut Lookup<'_>, episode_id: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    for (_, row) in records.rows("acknowledgement", ("episode_id", episode_id)) {
        let who = records.person(row.text("account_id"));
        let mut act = Act::of(&row, format!("acknowledged by {who} as {}", row.text("severity")));
        act.said.push(row.text("comment").to_owned());
        acts.push(act);
    }
    for (key, row) in records.rows("decision", ("episode_id", episode_id)) {
        let Ok(decision) = serde_json::from_str::<Decision>(row.text("document")) else { continue };
        let code = decision.code.word().replace('_', " ");
        let who = records.person(row.text("account_id"));
        let mut act = Act::of(&row, format!("decision drafted by {who}: {code}"));
        act.said.push(decision.rationale.clone());
        if let Some(action) = &decision.remedial_action {
            act.said.push(format!("{}; {} by {}", action.what, action.owner, action.due_on));
        }
        acts.push(act);
        for (_, row) in records.rows("signature", ("decision_id", &key)) {
            let signature = serde_json::from_str::<Signature>(row.text("document"));
            let mut act = Act::of(&row, "decision signed");
            act.manifestation = signature.map(|found| found.manifestation()).unwrap_or_default();
            acts.push(act);
        }
    }
    acts.extend(steps(records, "episode_step", ("episode_id", episode_id)));
    acts.extend(incidents(records, (AffectedKind::Alert, episode_id)));
    acts.sort_by_key(|act| act.entry);
    acts
}

/// What was done about a version, in order.
pub fn acts_of_version(records: &mut Lookup<'_>, version_id: &str) -> Vec<Act> {
    let of = ("version_id", version_id);
    let mut acts = steps(records, "version_step", of);
    acts.extend(steps(records, "change_record", of));
    for (table, what) in [
        ("model_record", "what it is for was written down"),
        ("acceptance_plan", "acceptance criteria were fixed"),
        ("reference_proposal", "another reference or policy was proposed"),
        ("study", "a study was attached"),
        ("review_sample", "predictions were drawn for review"),
        ("review_result", "a review sample was closed"),
    ] {
        for (_, row) in records.rows(table, of) {
            let who = records.person(row.text("account_id"));
            acts.push(Act::of(&row, format!("{what} by {who}")));
        }
    }
    acts.extend(test_runs(records, of));
    acts.extend(incidents(records, (AffectedKind::ModelVersion, version_id)));
    for (_, row) in records.rows("legal_hold", of) {
        let who = records.person(row.text("account_id"));
        let mut act = Act::of(&row, format!("a legal hold was placed by {who}"));
        act.said.push(row.text("reason").to_owned());
        acts.push(act);
    }
    acts.extend(disposals(records, version_id));
    acts.extend(redactions(records, version_id));
    acts.sort_by_key(|act| act.entry);
    acts
}

/// The test runs of a version; one that is invalid says so, and so does the decision about it.
fn test_runs(records: &mut Lookup<'_>, of: (&str, &str)) -> Vec<Act> {
    let mut acts = Vec::new();
    for (key, row) in records.rows("test_run", of) {
        let meets = if row.number("meets") == Some(1) { "meets" } else { "does not meet" };
        let who = records.person(row.text("account_id"));
        let mut act = Act::of(&row, format!("tested by {who}: it {meets} its criteria"));
        let about = ("test_run_id", key.as_str());
        for (id, row) in records.rows("test_run_invalidation", about) {
            let name = records.user_name(row.text("account_id"));
            let since = invalid_since(row.text("at"), &name, row.text("reason"));
            let entry = row.number("entry").unwrap_or_default();
            act.said.push(counts_for_nothing("test run", &since, (&id, entry)));
            let tested = act.entry;
            let mut marked = Act::of(&row, format!("the test of entry {tested} marked as invalid"));
            marked.said.push(row.text("reason").to_owned());
            marked.manifestation = manifestations(records, ("test_run_invalidation", &id));
            acts.push(marked);
        }
        acts.push(act);
    }
    acts
}

/// What was said about incidents that affect a record, or a batch or an alert of a version.
fn incidents(records: &mut Lookup<'_>, (kind, id): (AffectedKind, &str)) -> Vec<Act> {
    let mut acts = Vec::new();
    for (key, row) in records.all("incident") {
        let Ok(incident) = serde_json::from_str::<Incident>(row.text("document")) else { continue };
        let concerns = incident.report.affected.iter().any(|affected| {
            let is_it = affected.kind == kind && affected.id == id;
            is_it || kind == AffectedKind::ModelVersion && records.is_of_version(affected, id)
        });
        if !concerns {
            continue;
        }
        let step = incident.step.word();
        let what = format!("incident {}: {step} by {}", incident.id, incident.written_by);
        let mut act = Act::of(&row, what);
        act.said.push(format!("{}: {}", incident.report.severity.word(), incident.report.what));
        act.said.extend(
            incident
                .cause
                .iter()
                .map(|cause| format!("root cause: {}; action: {}", cause.root_cause, cause.action)),
        );
        act.said.extend(incident.reason.iter().map(|reason| format!("reason: {reason}")));
        act.manifestation = manifestations(records, ("incident", &key));
        acts.push(act);
    }
    acts
}

/// Files of a disposal that a story names; the record names all.
const FILES_TOLD: usize = 20;

/// The disposals of files of a version: what was proposed, and each signature; with the second one the files went.
fn disposals(records: &mut Lookup<'_>, version_id: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    for key in records.records.keys("disposal") {
        let Some(row) = records.records.row("disposal", &key) else { continue };
        let Ok(disposal) = serde_json::from_str::<Disposal>(row.text("document")) else { continue };
        let uses = disposal.files.iter().flat_map(|file| &file.uses);
        let its = uses.filter(|one| one.version_id.as_deref() == Some(version_id));
        let told: Vec<String> =
            its.map(|one| format!("{} {}", one.kind.words(), one.name)).collect();
        if told.is_empty() {
            continue;
        }
        let signed = records.rows("record_signature", ("record_id", &key));
        for (_, row) in signed.iter().filter(|(_, row)| row.text("record_table") == "disposal") {
            let Ok(signature) = serde_json::from_str::<RecordSignature>(row.text("document"))
            else {
                continue;
            };
            let went = signature.meaning == Meaning::ApprovesDisposal;
            let what = if went { "its files were disposed of" } else { "disposal proposed" };
            let mut act = Act::of(row, format!("{what} ({key})"));
            act.said.push(format!("reason: {}", disposal.reason));
            act.said.extend(told.iter().take(FILES_TOLD).cloned());
            if told.len() > FILES_TOLD {
                act.said.push(format!("and {} more", told.len() - FILES_TOLD));
            }
            act.manifestation = signature.manifestation();
            acts.push(act);
        }
    }
    acts
}

/// The redactions of records about a version: what was proposed, and each signature; with the second one the values went.
fn redactions(records: &mut Lookup<'_>, version_id: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    for (key, row) in records.all("redaction") {
        let Ok(redaction) = serde_json::from_str::<Redaction>(row.text("document")) else {
            continue;
        };
        let its = redaction.rows.iter().filter(|one| one.version_id.as_deref() == Some(version_id));
        let told: Vec<String> = its.map(|one| one.words()).collect();
        if told.is_empty() {
            continue;
        }
        let signed = records.rows("record_signature", ("record_id", &key));
        for (_, row) in signed.iter().filter(|(_, row)| row.text("record_table") == "redaction") {
            let Ok(signature) = serde_json::from_str::<RecordSignature>(row.text("document"))
            else {
                continue;
            };
            let went = signature.meaning == Meaning::ApprovesRedaction;
            let what = if went { "fields were redacted" } else { "redaction proposed" };
            let mut act = Act::of(row, format!("{what} ({key})"));
            act.said.push(format!("reason: {}", redaction.reason));
            act.said.extend(told.iter().cloned());
            act.manifestation = signature.manifestation();
            acts.push(act);
        }
    }
    acts
}

/// The words of the signatures over a record.
fn manifestations(records: &mut Lookup<'_>, (table, key): (&str, &str)) -> String {
    let signed = records.rows("record_signature", ("record_id", key));
    let said: Vec<String> = signed
        .iter()
        .filter(|(_, row)| row.text("record_table") == table)
        .filter_map(|(_, row)| serde_json::from_str::<RecordSignature>(row.text("document")).ok())
        .map(|signature| signature.manifestation())
        .collect();
    said.join(" — ")
}

/// Steps that are signed with a record signature.
fn steps(records: &mut Lookup<'_>, table: &'static str, of: (&str, &str)) -> Vec<Act> {
    let mut acts = Vec::new();
    for (key, row) in records.rows(table, of) {
        let sheet: Value = serde_json::from_str(row.text("document")).unwrap_or_default();
        let step = row
            .optional("step")
            .map_or("change recorded".to_owned(), |step| step.replace('_', " "));
        let mut act = Act::of(&row, step);
        for field in ["reason", "deviation", "effective_on", "impact", "severity"] {
            if let Some(said) = sheet.get(field).and_then(Value::as_str) {
                act.said.push(format!("{}: {said}", field.replace('_', " ")));
            }
        }
        act.manifestation = manifestations(records, (table, &key));
        acts.push(act);
    }
    acts
}

/// Rows with their ids, by the value of one of their columns.
type ByValue = HashMap<String, Vec<(String, Row)>>;

/// Records by the value of one of their columns: each table is read once.
pub struct Lookup<'a> {
    records: &'a mut dyn Records,
    tables: HashMap<(String, String), ByValue>,
}

impl std::fmt::Debug for Lookup<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Lookup")
            .field("tables", &self.tables.keys())
            .finish_non_exhaustive()
    }
}

impl<'a> Lookup<'a> {
    /// Nothing read yet.
    pub fn new(records: &'a mut dyn Records) -> Self {
        Self { records, tables: HashMap::new() }
    }

    /// The rows of a table whose `column` holds `value`, in the order of their ids.
    pub fn rows(&mut self, table: &str, (column, value): (&str, &str)) -> Vec<(String, Row)> {
        let place = (table.to_owned(), column.to_owned());
        if !self.tables.contains_key(&place) {
            let mut by_value = ByValue::new();
            for key in self.records.keys(table) {
                if let Some(row) = self.records.row(table, &key) {
                    by_value.entry(row.text(column).to_owned()).or_default().push((key, row));
                }
            }
            self.tables.insert(place.clone(), by_value);
        }
        let found = self.tables.get(&place).and_then(|rows| rows.get(value));
        found.cloned().unwrap_or_default()
    }

    /// Every row of a table.
    fn all(&mut self, table: &str) -> Vec<(String, Row)> {
        let keys = self.records.keys(table);
        keys.into_iter()
            .filter_map(|key| self.records.row(table, &key).map(|row| (key, row)))
            .collect()
    }

    /// Whether an affected batch or alert is one of this version.
    fn is_of_version(&mut self, affected: &Affected, version_id: &str) -> bool {
        let has_version = matches!(affected.kind, AffectedKind::Batch | AffectedKind::Alert);
        let row = has_version.then(|| self.records.row(affected.kind.table(), &affected.id));
        row.flatten().is_some_and(|row| row.text("version_id") == version_id)
    }

    /// The user name of an account; its id where that is not here.
    fn user_name(&mut self, account_id: &str) -> String {
        let row = self.records.row("account", account_id);
        row.map_or_else(|| account_id.to_owned(), |row| row.text("user_name").to_owned())
    }

    /// Who an account is, in words.
    fn person(&mut self, account_id: &str) -> String {
        match self.records.row("account", account_id) {
            Some(row) => format!("{} ({})", row.text("printed_name"), row.text("user_name")),
            None => account_id.to_owned(),
        }
    }
}
