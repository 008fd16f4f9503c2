//! `/models/{model}/versions/{version}`: a version, what it was made from, and how its batches were judged.

use super::draft::RunBox;
use super::evidence_chart::evidence_chart;
use super::frame::{Frame, Place};
use super::heat_map::{HeatMap, Judged};
use super::inbox::AlertLine;
use super::life_cycle::LifeCycleBox;
use super::lineage_chart::{Made, lineage_chart};
use super::markup::Markup;
use super::page_error::Answer;
use super::tolerances::{ToleranceLine, criticalities, tolerance_lines};
use super::visitor::Visitor;
use super::wording::{counted, whole, words};
use crate::access::role::Action;
use crate::drift::policy::Cadence;
use crate::drift::promise::{conditions, promise};
use crate::drift::report::DriftReport;
use crate::evidence::assessment::texts;
use crate::procedures::read_incidents::NamingIncident;
use crate::procedures::read_records::{self, VersionView};
use crate::provenance::lineage::Lineage;
use crate::provenance::overlap::Overlap;
use crate::provenance::registration::{NamedFile, Registration};
use actix_web::{get, web};
use askama::Template;

/// A dataset of the lineage.
struct DatasetLine {
    role: String,
    name: String,
    format: &'static str,
    rows: String,
    bytes: String,
    tdh1: String,
    blake3: String,
    sha256: String,
    parents: Vec<String>,
}

/// A file of the lineage.
pub(super) struct FileLine {
    kind: &'static str,
    pub(super) name: String,
    pub(super) bytes: String,
    pub(super) blake3: String,
    pub(super) sha256: String,
}

/// A delivery of labels, or a file that was not taken.
struct DeliveryLine {
    name: String,
    size: String,
    sha256: String,
    at: Markup,
    entry: u64,
    reasons: Vec<Markup>,
}

/// A batch that was marked as invalid.
struct InvalidLine {
    batch: String,
    path: String,
    words: Markup,
    entry: u64,
}

/// An attached study.
struct StudyLine {
    id: String,
    at: Markup,
    by: String,
    sha256: String,
    entry: u64,
}

/// The policy in words.
struct PolicyView {
    guarantee: String,
    conditions: Vec<String>,
    rationale: String,
    rows_min: String,
    cadence: String,
    criticalities: Vec<String>,
    limited: usize,
    tolerances: Vec<ToleranceLine>,
}

#[derive(Template)]
#[template(path = "version.html")]
struct VersionPage {
    frame: Frame,
    path: String,
    /// How an incident names it as affected.
    affected: String,
    incidents: Vec<NamingIncident>,
    registration: Registration,
    registered_by: String,
    registered_at: Markup,
    content_sha256: String,
    /// Fingerprint of the registered configuration.
    configuration: String,
    may_send: bool,
    /// What regulatory texts want to read: id and title.
    assessments: Vec<(String, String)>,
    entry: u64,
    lineage: Markup,
    has_others: bool,
    draft: Option<u64>,
    run: Option<RunBox>,
    datasets: Vec<DatasetLine>,
    files: Vec<FileLine>,
    overlaps: Vec<String>,
    policy: PolicyView,
    /// Batches that count.
    batches: usize,
    invalid: Vec<InvalidLine>,
    heat_map: HeatMap,
    evidence: Markup,
    life: LifeCycleBox,
    alerts: Vec<AlertLine>,
    labels: Vec<DeliveryLine>,
    performance: Option<Markup>,
    quarantined: Vec<DeliveryLine>,
    studies: Vec<StudyLine>,
    criteria: usize,
    acceptance: String,
}

impl VersionPage {
    fn of(visitor: &Visitor, frame: Frame, view: VersionView) -> Self {
        let reports: Vec<(String, &DriftReport)> =
            view.reports.iter().map(|(row, report)| (row.id.clone(), report)).collect();
        let made = Made { reports: reports.len() as u64, episodes: view.episodes.len() as u64 };
        let version = &view.version;
        let mut graph =
            Lineage::of_registration(&version.id, &view.registration, &version.content_sha256);
        if let Some(origin) = &view.origin {
            graph.add_origin(&version.id, &origin.origin());
        }
        let run = view.origin.as_ref().and_then(|origin| origin.run.as_ref());
        Self {
            may_send: frame.may(Action::Ingest),
            assessments: texts().iter().map(|text| (text.id.clone(), text.title.clone())).collect(),
            configuration: view.configuration.clone(),
            frame,
            path: format!("/models/{}/versions/{}", version.model, version.version),
            affected: format!("{}/{}", version.model, version.version),
            incidents: view.incidents.clone(),
            registered_by: version.registered_by.clone(),
            registered_at: Markup::time(&version.registered_at),
            content_sha256: version.content_sha256.clone(),
            entry: version.entry,
            lineage: lineage_chart(&graph, made),
            has_others: view.has_others,
            draft: view.origin.as_ref().map(|origin| origin.draft.number),
            run: run.map(RunBox::of),
            datasets: datasets(&view.registration),
            files: files(&view.registration),
            overlaps: overlaps(&view.registration),
            policy: policy(&view),
            batches: reports.len(),
            invalid: invalid(&view),
            heat_map: heat_map(&view),
            evidence: evidence_chart(&reports),
            life: LifeCycleBox::of(visitor, &view.life_cycle),
            alerts: view.episodes.iter().map(AlertLine::of).collect(),
            labels: labels(&view),
            performance: view.performance.as_deref().map(Markup::sentence),
            quarantined: quarantined(&view),
            studies: studies(&view),
            criteria: view.acceptance.in_force.as_ref().map_or(0, |p| p.plan.criteria.len()),
            acceptance: acceptance(&view),
            registration: view.registration,
        }
    }
}

/// Every batch, in the order in which they came.
fn heat_map(view: &VersionView) -> HeatMap {
    let mut judged: Vec<&Judged> = view.reports.iter().chain(&view.invalid).collect();
    judged.sort_by_key(|(row, _)| row.batch_entry);
    HeatMap::of(&judged)
}

fn invalid(view: &VersionView) -> Vec<InvalidLine> {
    let lines = view.invalid.iter().filter_map(|(row, _)| {
        let decision = row.invalidated.as_ref()?;
        Some(InvalidLine {
            batch: row.batch.clone(),
            path: format!("/reports/{}", row.id),
            words: Markup::text(&decision.sentence()),
            entry: decision.entry,
        })
    });
    lines.collect()
}

fn datasets(registration: &Registration) -> Vec<DatasetLine> {
    let line = |dataset: &crate::provenance::registration::Dataset| {
        let print = &dataset.fingerprint;
        DatasetLine {
            role: words(dataset.role.word()),
            name: print.name.clone(),
            format: print.format.word(),
            rows: whole(print.rows),
            bytes: whole(print.content.bytes),
            tdh1: print.table.table.clone(),
            blake3: print.content.blake3.clone(),
            sha256: print.content.sha256.clone(),
            parents: dataset.parents.clone(),
        }
    };
    registration.datasets.iter().map(line).collect()
}

pub(super) fn file_line(kind: &'static str, file: &NamedFile) -> FileLine {
    FileLine {
        kind,
        name: file.name.clone(),
        bytes: whole(file.content.bytes),
        blake3: file.content.blake3.clone(),
        sha256: file.content.sha256.clone(),
    }
}

fn files(registration: &Registration) -> Vec<FileLine> {
    let line = file_line;
    let artifacts = registration.artifacts.iter().map(|file| line("artifact", file));
    let code = registration.preparation_code.iter().map(|file| line("preparation code", file));
    let environment = registration.environment_lock.iter().map(|file| line("environment", file));
    artifacts.chain(code).chain(environment).collect()
}

fn overlaps(registration: &Registration) -> Vec<String> {
    let sentence = |overlap: &Overlap| overlap.sentence(registration.rows_of(overlap));
    registration.overlaps.iter().map(sentence).collect()
}

fn policy(view: &VersionView) -> PolicyView {
    let tolerances = tolerance_lines(&view.monitor, &view.policy);
    let due = |period| format!("one batch a {period}, {} days of grace", view.policy.grace_days);
    PolicyView {
        guarantee: promise(view.policy.batches_per_false_alarm),
        conditions: conditions(view.monitor.series.len()),
        rationale: view.policy.rationale.clone(),
        rows_min: counted(view.policy.rows_min, "row", "rows"),
        cadence: match view.policy.cadence {
            None => "none: silence raises no alert".to_owned(),
            Some(Cadence::Daily) => due("day"),
            Some(Cadence::Weekly) => due("week"),
            Some(Cadence::Monthly) => due("month"),
        },
        criticalities: criticalities(&view.policy),
        limited: tolerances.iter().filter(|line| line.limited).count(),
        tolerances,
    }
}

fn labels(view: &VersionView) -> Vec<DeliveryLine> {
    let line = |row: &crate::store::batches::LabelsRow| DeliveryLine {
        name: row.id.clone(),
        size: counted(row.rows, "row", "rows"),
        sha256: row.sha256.clone(),
        at: Markup::time(&row.at),
        entry: row.entry,
        reasons: Vec::new(),
    };
    view.labels.iter().map(line).collect()
}

fn studies(view: &VersionView) -> Vec<StudyLine> {
    let line = |row: &crate::store::studies::StudyRow| StudyLine {
        id: row.id.clone(),
        at: Markup::time(&row.at),
        by: row.attached_by.clone(),
        sha256: row.sha256.clone(),
        entry: row.entry,
    };
    view.studies.iter().map(line).collect()
}

/// Where acceptance stands, in sentences.
fn acceptance(view: &VersionView) -> String {
    let found = &view.acceptance;
    let invalid = found.runs.iter().filter(|run| run.invalidated.is_some()).count();
    let besides = match invalid {
        0 => String::new(),
        1 => " Besides, 1 test run is marked as invalid.".to_owned(),
        many => format!(" Besides, {many} test runs are marked as invalid."),
    };
    let said = match (&found.in_force, &found.newest) {
        (None, _) => "No acceptance criteria are fixed; they come before the test.".to_owned(),
        (Some(plan), None) => {
            let (all, entry) = (plan.plan.criteria.len(), plan.row.entry);
            format!(
                "{all} criteria are fixed, in ledger entry {entry}; no test run for them counts."
            )
        }
        (Some(_), Some(run)) => {
            let said = if run.meets { "meets all criteria" } else { "does not meet all criteria" };
            let (entry, plan) = (run.entry, run.plan_entry);
            format!(
                "The newest test run that counts, in ledger entry {entry}, {said} that were fixed in entry {plan}."
            )
        }
    };
    said + &besides
}

fn quarantined(view: &VersionView) -> Vec<DeliveryLine> {
    let line = |row: &crate::store::batches::QuarantineRow| DeliveryLine {
        name: row.name.clone(),
        size: format!("{} bytes", whole(row.bytes)),
        sha256: row.sha256.clone(),
        at: Markup::time(&row.at),
        entry: row.entry,
        reasons: row.reasons.iter().map(|reason| Markup::message(reason)).collect(),
    };
    view.quarantined.iter().map(line).collect()
}

/// The version.
#[get("/models/{model}/versions/{version}")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    visitor
        .page(move |visitor| {
            let (model, version) = path.into_inner();
            let view =
                read_records::version_view(&visitor.store, &visitor.acting(), &model, &version)?;
            let frame = visitor.frame(&format!("{model} {version}"), Place::Models);
            Ok(VersionPage::of(visitor, frame, view))
        })
        .await
}
