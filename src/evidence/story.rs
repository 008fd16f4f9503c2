//! The story of a pack, to read and to print: what it is about, what was registered, what was found, who decided what, in order.
//!
//! Everything is taken from the records of the pack; the same pack has the same story. It proves nothing: the records do.

use super::invalid_batches::InvalidBatches;
use super::manifest::Scope;
use super::prediction::Prediction;
use super::records::{Records, Row};
use super::scope::{episodes_of_batch, versions_asked};
use super::story_acts::{Act, Lookup, acts_of_episode, acts_of_version};
use super::{Result, printable, qr};
use crate::drift::episode::EpisodeOpening;
use crate::drift::report::DriftReport;
use crate::ledger::checkpoint::Checkpoint;
use crate::provenance::registration::Registration;
use askama::Template;
use std::collections::BTreeSet;

/// What stands on the cover.
#[derive(Clone, Debug)]
pub struct Cover<'a> {
    /// What the pack is about.
    pub scope: &'a Scope,
    /// The signed head.
    pub note: &'a str,
    /// What it states.
    pub head: &'a Checkpoint,
    /// Name and public key of the ledger, as text.
    pub key: &'a str,
    /// Entries that the pack explains.
    pub entries: u64,
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage<'a> {
    heading: String,
    cover: &'a Cover<'a>,
    root: String,
    program: &'static str,
    code: String,
    prediction: Option<PredictionPart>,
    versions: Vec<VersionPart>,
    batches: Vec<BatchPart>,
    alerts: Vec<AlertPart>,
}

/// One line of a table: a name and what it holds.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
}

pub(super) struct PredictionPart {
    pub(super) row: u64,
    pub(super) id: String,
    pub(super) id_digest: String,
    pub(super) input_sha256: String,
    pub(super) row_sha256: String,
    pub(super) file_sha256: String,
    pub(super) cells: Vec<[String; 3]>,
    pub(super) labels: Vec<Fact>,
}

pub(super) struct VersionPart {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) entry: u64,
    pub(super) facts: Vec<Fact>,
    pub(super) files: Vec<[String; 3]>,
    pub(super) datasets: Vec<[String; 5]>,
    pub(super) frozen: Vec<[String; 3]>,
    pub(super) acts: Vec<Act>,
}

pub(super) struct BatchPart {
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) at: String,
    pub(super) entry: u64,
    pub(super) rows: u64,
    pub(super) verdict: String,
    pub(super) verdict_words: String,
    pub(super) state: String,
    pub(super) report: String,
    pub(super) report_sha256: String,
    pub(super) reference_sha256: String,
    /// That it counts for nothing any more; empty where it counts.
    pub(super) invalid: String,
    pub(super) sentences: Vec<String>,
}

pub(super) struct AlertPart {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) entry: u64,
    pub(super) at: String,
    pub(super) sentences: Vec<String>,
    pub(super) acts: Vec<Act>,
}

/// What a story consists of.
pub(super) struct Story {
    pub(super) prediction: Option<PredictionPart>,
    pub(super) versions: Vec<VersionPart>,
    pub(super) batches: Vec<BatchPart>,
    pub(super) alerts: Vec<AlertPart>,
}

/// The story of what `scope` asks for.
pub(super) fn tell(
    scope: &Scope,
    records: &mut dyn Records,
    prediction: Option<&Prediction>,
) -> Story {
    let versions = versions_asked(records, scope);
    let ids: BTreeSet<String> = versions.iter().map(|(key, _)| key.clone()).collect();
    let batches = batches(records, scope, &ids);
    let alerts = alerts(records, scope, &ids);
    let mut lookup = Lookup::new(records);
    let versions = versions.iter().map(|(key, row)| version_part(&mut lookup, key, row)).collect();
    Story { prediction: prediction.map(prediction_part), versions, batches, alerts }
}

/// The page of the story.
///
/// # Errors
///
/// [`super::Error::Render`].
pub fn story(
    cover: &Cover<'_>,
    records: &mut dyn Records,
    prediction: Option<&Prediction>,
) -> Result<String> {
    let Story { prediction, versions, batches, alerts } = tell(cover.scope, records, prediction);
    printable::render(&StoryPage {
        heading: format!("Evidence about {}", printable::plain(&cover.scope.words())),
        root: hex::encode(cover.head.root),
        program: printable::PROGRAM,
        code: qr::drawing(cover.note).unwrap_or_default(),
        prediction,
        versions,
        batches,
        alerts,
        cover,
    })
}

fn prediction_part(prediction: &Prediction) -> PredictionPart {
    let label = |label: &super::prediction::RowLabel| Fact {
        name: label.labels_id.clone(),
        value: label.value.clone(),
    };
    let cell = |cell: &super::prediction::Cell| {
        let value = cell.value.clone().unwrap_or_else(|| "no value".to_owned());
        [cell.column.clone(), cell.role.word().to_owned(), value]
    };
    PredictionPart {
        row: prediction.row,
        id: prediction.id().unwrap_or_else(|| "none".to_owned()),
        id_digest: prediction.id_digest.clone().unwrap_or_else(|| "none".to_owned()),
        input_sha256: prediction.input_sha256.clone(),
        row_sha256: prediction.row_sha256.clone(),
        file_sha256: prediction.file_sha256.clone(),
        cells: prediction.cells.iter().map(cell).collect(),
        labels: prediction.labels.iter().map(label).collect(),
    }
}

fn version_part(records: &mut Lookup<'_>, key: &str, row: &Row) -> VersionPart {
    let registration: Option<Registration> = serde_json::from_str(row.text("registration")).ok();
    let mut facts = vec![
        Fact { name: "registered".to_owned(), value: row.text("at").to_owned() },
        Fact {
            name: "registration, SHA-256".to_owned(),
            value: row.text("content_sha256").to_owned(),
        },
    ];
    let (mut files, mut datasets) = (Vec::new(), Vec::new());
    if let Some(registration) = &registration {
        let optional = [
            ("intended use", &registration.intended_use),
            ("follows version", &registration.parent_version),
            ("code revision", &registration.code_revision),
        ];
        facts.extend(optional.into_iter().filter_map(|(name, value)| {
            value.clone().map(|value| Fact { name: name.to_owned(), value })
        }));
        let named = |what: &str, file: &crate::provenance::registration::NamedFile| {
            [what.to_owned(), file.name.clone(), file.content.sha256.clone()]
        };
        files.extend(registration.artifacts.iter().map(|file| named("model", file)));
        files.extend(
            registration.preparation_code.iter().map(|file| named("preparation code", file)),
        );
        files.extend(registration.environment_lock.iter().map(|file| named("environment", file)));
        datasets.extend(registration.datasets.iter().map(|dataset| {
            let print = &dataset.fingerprint;
            [
                dataset.role.word().to_owned(),
                print.rows.to_string(),
                print.table.table.clone(),
                print.content.sha256.clone(),
                dataset.parents.join(" "),
            ]
        }));
    }
    VersionPart {
        name: format!("{} {}", row.text("model"), row.text("version")),
        id: key.to_owned(),
        entry: row.number("entry").unwrap_or_default(),
        facts,
        files,
        datasets,
        frozen: frozen(records, key),
        acts: acts_of_version(records, key),
    }
}

/// What batches of a version are judged with: kind, entry, digest.
fn frozen(records: &mut Lookup<'_>, version_id: &str) -> Vec<[String; 3]> {
    let mut found = Vec::new();
    for table in ["reference", "policy", "monitor"] {
        for (_, row) in records.rows(table, ("version_id", version_id)) {
            let entry = row.number("entry").unwrap_or_default().to_string();
            found.push([table.to_owned(), entry, row.text("sha256").to_owned()]);
        }
    }
    found
}

/// The reports the scope asks for, in order.
fn batches(
    records: &mut dyn Records,
    scope: &Scope,
    versions: &BTreeSet<String>,
) -> Vec<BatchPart> {
    let of_alert: Option<BTreeSet<String>> = scope.alert.as_ref().map(|alert| {
        let keys = records.keys("episode_batch");
        let rows = keys.iter().filter_map(|key| records.row("episode_batch", key));
        rows.filter(|row| row.text("episode_id") == alert)
            .map(|row| row.text("report_id").to_owned())
            .collect()
    });
    let invalid = InvalidBatches::read(records);
    let mut found = Vec::new();
    for key in records.keys("report") {
        let Some(row) = records.row("report", &key) else { continue };
        let is_asked = versions.contains(row.text("version_id"))
            && scope.is_in_period(row.text("at"))
            && scope.batch.as_deref().is_none_or(|batch| batch == row.text("batch_id"))
            && of_alert.as_ref().is_none_or(|reports| reports.contains(&key));
        let report: Option<DriftReport> = serde_json::from_str(row.text("document")).ok();
        if let (true, Some(report)) = (is_asked, report) {
            let part = batch_part(&key, &row, (&report, &invalid));
            found.push((row.text("version_id").to_owned(), part));
        }
    }
    found.sort_by(|(a, left), (b, right)| (a, left.number).cmp(&(b, right.number)));
    found.into_iter().map(|(_, batch)| batch).collect()
}

fn batch_part(
    key: &str,
    row: &Row,
    (report, invalid): (&DriftReport, &InvalidBatches),
) -> BatchPart {
    let told = report.features.iter().filter(|feature| feature.verdict.word() == "drift");
    BatchPart {
        number: row.number("number").unwrap_or_default(),
        name: report.context.batch.clone(),
        at: row.text("at").to_owned(),
        entry: row.number("entry").unwrap_or_default(),
        rows: report.rows,
        verdict: row.text("verdict").to_owned(),
        verdict_words: row.text("verdict").replace('_', " "),
        state: row.text("state").to_owned(),
        report: key.to_owned(),
        report_sha256: row.text("sha256").to_owned(),
        reference_sha256: report.context.reference_sha256.clone(),
        invalid: invalid.of(row.text("batch_id")).to_owned(),
        sentences: told.map(|feature| printable::plain(&feature.sentence)).collect(),
    }
}

/// The alerts the scope asks for, each with what was done about it.
fn alerts(records: &mut dyn Records, scope: &Scope, versions: &BTreeSet<String>) -> Vec<AlertPart> {
    let of_batch: Option<BTreeSet<String>> =
        scope.batch.as_ref().map(|batch| episodes_of_batch(records, batch));
    let mut episodes = Vec::new();
    for key in records.keys("episode") {
        episodes.extend(records.row("episode", &key).map(|row| (key, row)));
    }
    let (mut lookup, mut found) = (Lookup::new(records), Vec::new());
    for (key, row) in episodes {
        let acts = acts_of_episode(&mut lookup, &key);
        let touched = acts.iter().any(|act| scope.is_in_period(&act.at))
            || scope.is_in_period(row.text("at"));
        let is_asked = versions.contains(row.text("version_id"))
            && touched
            && scope.alert.as_deref().is_none_or(|alert| alert == key)
            && of_batch.as_ref().is_none_or(|episodes| episodes.contains(&key));
        if !is_asked {
            continue;
        }
        let opening: Option<EpisodeOpening> = serde_json::from_str(row.text("opening")).ok();
        let sentences = opening.map(|opening| opening.sentences).unwrap_or_default();
        found.push(AlertPart {
            kind: row.text("kind").replace('_', " "),
            entry: row.number("entry").unwrap_or_default(),
            at: row.text("at").to_owned(),
            sentences: sentences.iter().map(|sentence| printable::plain(sentence)).collect(),
            acts,
            id: key,
        });
    }
    found.sort_by_key(|alert| alert.entry);
    found
}
