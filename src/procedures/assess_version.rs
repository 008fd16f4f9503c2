//! Procedure: fill what a regulatory text wants to read about a version, from its records.
//!
//! 1. check that the person may read
//! 2. read registration, model record, acceptance, studies, reports, alerts and signatures of the version, from one snapshot
//! 3. state each fact that they hold with the ledger entry it stands in; what nobody has stated is a gap

use super::describe_version::newest_record;
use super::read_acceptance::AcceptanceView;
use super::read_records::{VersionView, missing, version_view_in};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::acceptance::words::{limit_words, metric_words, scope_words};
use crate::drift::promise::promise;
use crate::error::{Error, Result};
use crate::evidence::assessment::{Assessment, Statement, fill, texts};
use crate::provenance::model_record::{Learning, ModelRecord, is_written};
use crate::provenance::registration::{DatasetRole, Registration};
use crate::store::Store;
use std::collections::BTreeMap;

/// Facts by their code.
type Facts = BTreeMap<&'static str, Vec<Statement>>;

/// The text `id` filled for a version.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a version or a text that is not there.
pub fn assess_version(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    id: &str,
) -> Result<Assessment> {
    acting.permit(Action::Read)?;
    let text = texts().iter().find(|text| text.id == id);
    let text = text.ok_or_else(|| missing("assessment", id))?;
    let (view, described, size) = store.read(|tx| {
        let view = version_view_in(tx, model, version)?;
        let described = newest_record(tx, &view.version.id)?;
        Ok::<_, Error>((view, described, tx.head()?.size))
    })?;
    let mut facts = Facts::new();
    if let Some(described) = &described {
        of_record(&mut facts, &described.record, described.row.entry);
    }
    of_registration(&mut facts, &view.registration, view.version.entry);
    of_acceptance(&mut facts, &view.acceptance);
    of_life(&mut facts, &view);
    of_monitoring(&mut facts, &view);
    Ok(fill(text, (model, version, size), &facts))
}

/// Adds what `text` says, if somebody has written something there.
fn say(facts: &mut Facts, code: &'static str, text: impl Into<String>, entry: u64) {
    let text = text.into();
    if is_written(&text) {
        facts.entry(code).or_default().push(Statement { text, entry });
    }
}

fn of_record(facts: &mut Facts, record: &ModelRecord, entry: u64) {
    let mut add = |code, text: &str| say(facts, code, text, entry);
    add("question_of_interest", &record.question_of_interest);
    add("context_of_use", &record.context_of_use);
    add("intended_use", &record.intended_use);
    for text in &record.out_of_scope {
        add("out_of_scope", text);
    }
    add("input_space", &record.input_space);
    for group in &record.subgroups {
        let values = if group.values.is_empty() {
            "every value".to_owned()
        } else {
            group.values.join(", ")
        };
        add("subgroups", &format!("{}: {values}", group.column));
    }
    if let (true, Some(why)) = (record.subgroups.is_empty(), &record.no_subgroups_because) {
        add("subgroups", why);
    }
    if let Some(risk) = &record.risk
        && is_written(&risk.rationale)
    {
        let (influence, consequence) = (risk.influence.word(), risk.consequence.word());
        let tier = risk.tier().word();
        add(
            "risk",
            &format!(
                "Influence {influence}, consequence {consequence}: tier {tier}. {}",
                risk.rationale
            ),
        );
    }
    if let Some(role) = &record.human_role
        && is_written(&role.duty)
    {
        add("human_role", &format!("{}. {}", role.place.words(), role.duty));
    }
    add("fallback", &record.fallback);
    add("explainability", &record.explainability);
    if let Some(confidence) = &record.confidence {
        add("confidence", &confidence.meaning);
        add("confidence", &confidence.undecided);
    }
    let learning = match record.learning {
        Some(Learning::Static) => "Static: every training makes a new version.",
        Some(Learning::Dynamic) => "Dynamic: it learns in use.",
        None => "",
    };
    add("learning", learning);
    let deterministic = match record.deterministic {
        Some(true) => "Deterministic: the same input always gives the same output.",
        Some(false) => "Not deterministic: the same input may give another output.",
        None => "",
    };
    add("learning", deterministic);
}

fn of_registration(facts: &mut Facts, registration: &Registration, entry: u64) {
    for dataset in &registration.datasets {
        let code = match dataset.role {
            DatasetRole::Train => "training_data",
            DatasetRole::Test => "test_data",
            _ => continue,
        };
        let (of, print) = (&dataset.role, &dataset.fingerprint);
        let text = format!(
            "{} ({}): {} rows, SHA-256 {}, table digest {}",
            print.name,
            of.word(),
            print.rows,
            print.content.sha256,
            print.table.table
        );
        say(facts, code, text, entry);
    }
    let rows_of = |table: &str| {
        let found = registration.datasets.iter().find(|d| d.fingerprint.table.table == table);
        found.map_or(0, |dataset| dataset.fingerprint.rows)
    };
    for overlap in registration.overlaps.iter().filter(|o| o.role == DatasetRole::Test) {
        let sentence = overlap.sentence(rows_of(&overlap.table));
        say(facts, "test_independence", sentence, entry);
    }
    if let Some(why) = &registration.overlap_justification {
        say(facts, "test_independence", format!("Rows in common are justified: {why}"), entry);
    }
    if let Some(code) = &registration.code_revision {
        say(facts, "code_and_environment", format!("Code revision {code}"), entry);
    }
    if let Some(lock) = &registration.environment_lock {
        let text = format!("Environment {}, SHA-256 {}", lock.name, lock.content.sha256);
        say(facts, "code_and_environment", text, entry);
    }
    for (name, value) in &registration.parameters {
        say(facts, "code_and_environment", format!("Parameter {name} = {value}"), entry);
    }
}

fn of_acceptance(facts: &mut Facts, acceptance: &AcceptanceView) {
    let Some(plan) = &acceptance.in_force else { return };
    for criterion in &plan.plan.criteria {
        let (figure, limit) = (metric_words(criterion), limit_words(criterion));
        let text = format!("{figure} over {}: {limit}", scope_words(criterion));
        say(facts, "acceptance_criteria", text, plan.row.entry);
    }
    for (run, invalid) in
        acceptance.runs.iter().filter_map(|run| Some((run, run.invalidated.as_ref()?)))
    {
        let text = format!("The test run of ledger entry {} is {}.", run.entry, invalid.sentence());
        say(facts, "deviations", text, invalid.entry);
    }
    let Some(run) = &acceptance.newest else { return };
    let order = format!(
        "Criteria in ledger entry {}, test in entry {}: the order is that of the ledger.",
        run.plan_entry, run.entry
    );
    say(facts, "criteria_before_test", order, run.entry);
    let met = if run.meets { "All criteria are met" } else { "Not all criteria are met" };
    say(facts, "test_results", format!("{met}, on {} rows.", run.rows), run.entry);
    // Invalid runs looked at the test set, too.
    let looks = acceptance.runs.iter().filter(|other| other.plan_id == run.plan_id).count();
    let deviation = match (run.meets, looks) {
        (true, 1) => "None: tested once, every criterion met.".to_owned(),
        (true, _) => format!("Tested {looks} times under the criteria in force."),
        (false, _) => {
            format!("Criteria not met; tested {looks} times under the criteria in force.")
        }
    };
    say(facts, "deviations", deviation, run.entry);
    for plan in &acceptance.superseded {
        say(facts, "deviations", "Other criteria were in force before.", plan.entry);
    }
}

fn of_life(facts: &mut Facts, view: &VersionView) {
    for step in &view.life_cycle.steps {
        say(facts, "signatures", &step.manifestation, step.taken.entry);
    }
    match (&view.life_cycle.follows, &view.life_cycle.change) {
        (None, _) => {
            let text = "No approved version came before it.";
            say(facts, "change", text, view.version.entry);
        }
        (Some(before), Some(change)) if change.authored && change.approved => {
            let text = format!("It comes after {before}; the change is recorded and signed.");
            say(facts, "change", text, change.entry);
        }
        // Recorded and not signed, or not recorded: still to do.
        (Some(_), _) => {}
    }
}

fn of_monitoring(facts: &mut Facts, view: &VersionView) {
    let entry = view.version.entry;
    say(facts, "monitoring_policy", promise(view.policy.batches_per_false_alarm), entry);
    say(facts, "monitoring_policy", &view.policy.rationale, entry);
    for study in &view.studies {
        let text = format!("Phase I study, SHA-256 {}", study.sha256);
        say(facts, "study", text, study.entry);
    }
    if let Some((row, report)) = view.reports.last() {
        let text = format!(
            "{} batches judged; after the newest, {}, the monitor is in the state {}.",
            row.number,
            row.batch,
            report.state.word()
        );
        say(facts, "monitoring_results", text, row.entry);
        if view.episodes.is_empty() {
            say(facts, "alerts", "None was raised.", row.entry);
        }
    }
    if let (Some(sentence), Some((row, _))) = (&view.performance, view.reports.last()) {
        say(facts, "monitoring_results", sentence, row.entry);
    }
    for line in &view.episodes {
        let (episode, opening) = (&line.episode, &line.episode.opening);
        let kind = opening.kind.word().replace('_', " ");
        let about = opening.sentences.first().unwrap_or(&kind).trim_end_matches('.');
        let day = episode.opened_at.get(..10).unwrap_or_default();
        let state = episode.state.word().replace('_', " ");
        let text = format!("{day}, {state}: {about}.");
        say(facts, "alerts", text, episode.entry);
    }
}
