//! The life of every alert: its steps follow the table, in order, each signed over its own bytes by somebody who may; what was
//! computed for a step is computed again.

use super::changes::Signatures;
use super::invalidations::INVALIDATIONS;
use super::{Examiner, Row, is_canonical};
use crate::drift::episode::EpisodeOpening;
use crate::drift::report::DriftReport;
use crate::review::completeness::Cited;
use crate::review::decision::{Decision, Severity};
use crate::review::effectiveness::{EffectivenessCheck, RemedialPlan, Since, WatchedBatch};
use crate::review::episode_cycle::{
    EpisodeEvent, EpisodeFacts, EpisodeGuard, EpisodeRule, EpisodeStep, fits,
};
use crate::review::episode_sheet::{AffectedPredictions, EPISODE_STEP_FORMAT, EpisodeSheet};
use std::collections::BTreeMap;

/// The record table of steps.
const STEPS: &str = "episode_step";

/// What happened to one episode, by ledger entry: the record it stands in, and the step.
type Lives = BTreeMap<String, Vec<(u64, String, Row, EpisodeStep)>>;

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

/// An episode while its steps are walked through.
struct Life {
    id: String,
    version_id: String,
    version: (String, String),
    opening: Option<EpisodeOpening>,
    facts: EpisodeFacts,
}

impl Examiner<'_> {
    /// Every episode from its opening on.
    pub(super) fn episode_lives(&mut self, signatures: &mut Signatures) {
        let mut lives = self.answers();
        for (key, row) in self.rows(STEPS) {
            let Some(step) = EpisodeStep::of_word(row.text("step")) else {
                self.trouble("document_invalid", (STEPS, &key), "it names a step that is none");
                continue;
            };
            let episode = row.text("episode_id").to_owned();
            lives.entry(episode).or_default().push((entry(&row), key, row, step));
        }
        for (id, mut happened) in lives {
            let Some(opened) = self.records.row("episode", &id) else { continue };
            happened.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            let version_id = opened.text("version_id").to_owned();
            let version = self.records.row("model_version", &version_id);
            let mut life = Life {
                version: version
                    .map(|row| (row.text("model").to_owned(), row.text("version").to_owned()))
                    .unwrap_or_default(),
                opening: serde_json::from_str(opened.text("opening")).ok(),
                facts: EpisodeFacts::opened(entry(&opened)),
                version_id,
                id,
            };
            for (_, key, row, step) in happened {
                let taken = if step.has_sheet() {
                    let signed = signatures.remove(&key).unwrap_or_default();
                    self.episode_step(&mut life, (&key, &row), &signed)
                } else {
                    self.hands(&life, &key, (&row, step));
                    life.facts.take(step, answer(step, &row))
                };
                if let Err((state, step)) = taken {
                    let detail = format!("`{}` cannot follow `{}`", step.word(), state.word());
                    self.trouble("step_not_allowed", ("episode", &life.id), detail);
                    break;
                }
            }
        }
    }

    /// Acknowledgements, drafts and signatures as steps.
    fn answers(&mut self) -> Lives {
        let mut lives = Lives::new();
        let mut episode_of = BTreeMap::new();
        for (table, step) in
            [("acknowledgement", EpisodeStep::Acknowledge), ("decision", EpisodeStep::Draft)]
        {
            for key in self.records.keys(table) {
                let Some(row) = self.records.row(table, &key) else { continue };
                let episode = row.text("episode_id").to_owned();
                episode_of.insert(key.clone(), episode.clone());
                lives.entry(episode).or_default().push((entry(&row), key, row, step));
            }
        }
        for key in self.records.keys("signature") {
            let Some(row) = self.records.row("signature", &key) else { continue };
            let Some(episode) = episode_of.get(row.text("decision_id")).cloned() else { continue };
            lives.entry(episode).or_default().push((entry(&row), key, row, EpisodeStep::Sign));
        }
        lives
    }

    /// Who acknowledges, drafts or signs has a role that may; nobody who investigated signs the decision.
    fn hands(&mut self, life: &Life, key: &str, (row, step): (&Row, EpisodeStep)) {
        let Some(rule) = EpisodeRule::of(life.facts.state, step) else { return };
        let table = match step {
            EpisodeStep::Acknowledge => "acknowledgement",
            EpisodeStep::Draft => "decision",
            _ => "signature",
        };
        let of = (table, key);
        let by = row.text("account_id").to_owned();
        if let Some(account) = self.records.row("account", &by) {
            let role = self.role_at(&account, row.text("at"));
            if !rule.who.iter().any(|may| may.word() == role) {
                let detail = format!("a {role} may not {}", step.word());
                self.trouble("step_not_permitted", of, detail);
            }
        }
        if rule.needs(EpisodeGuard::NotInvestigator) && life.facts.investigators.contains(&by) {
            self.trouble(
                "step_not_permitted",
                of,
                "who signed the decision investigated the alert",
            );
        }
    }

    /// One step with a sheet.
    fn episode_step(
        &mut self,
        life: &mut Life,
        (key, row): (&str, &Row),
        signed: &[(String, crate::review::record_signature::RecordSignature)],
    ) -> Result<(), (crate::drift::episode::EpisodeState, EpisodeStep)> {
        let of = (STEPS, key);
        let Some(sheet) = self.document::<EpisodeSheet>((of.0, of.1, row), ("document", "sha256"))
        else {
            return Ok(());
        };
        self.examined.alert_steps += 1;
        if !is_canonical(&sheet, row.text("document")) {
            self.trouble("document_invalid", of, "the sheet is not canonical JSON");
        }
        let facts = &life.facts;
        self.same(of, "format", &sheet.format, EPISODE_STEP_FORMAT);
        self.same(of, "episode", &sheet.episode, &life.id);
        self.same(of, "model", &sheet.model, &life.version.0);
        self.same(of, "version", &sheet.version, &life.version.1);
        self.same(of, "step", sheet.step.word(), row.text("step"));
        self.same(of, "state after", sheet.to.word(), row.text("state"));
        self.same(of, "entry before", &sheet.after.to_string(), &facts.after.to_string());
        self.same(of, "cycle", &sheet.cycle.to_string(), &facts.cycle.to_string());
        let Some(rule) = EpisodeRule::of(facts.state, sheet.step) else {
            return Err((facts.state, sheet.step));
        };
        if (sheet.from, sheet.to) != (rule.from, rule.to) {
            self.trouble("step_not_allowed", of, "it states other states than the table");
        }
        if let Some(missing) = rule.missing(facts) {
            self.trouble("step_not_allowed", of, missing);
        }
        self.episode_guards(of, rule, &sheet);
        let by = row.optional("account_id").map(str::to_owned);
        if by.is_none() && sheet.step == EpisodeStep::Escalate && sheet.meaning.is_none() {
            // The program itself escalates what is overdue; nobody signs that.
            if !signed.is_empty() {
                self.trouble("step_not_signed", of, "a signature is over a step of the program");
            }
        } else if let Some(meaning) = rule.meaning
            && let Some(signer) = self.signature_over(of, row, meaning, signed)
        {
            let owner = sheet.plan.as_ref().map(|plan| plan.owner.id.as_str());
            if let Err(error) = rule.permit(&signer, facts, owner.or(facts.owner())) {
                self.trouble("step_not_permitted", of, error.to_string());
            }
        }
        self.computed(life, of, (row, rule, &sheet));
        life.facts.take(sheet.step, sheet.event(by, entry(row)))
    }

    /// What the table asks to be stated is stated.
    fn episode_guards(&mut self, of: (&str, &str), rule: &EpisodeRule, sheet: &EpisodeSheet) {
        for guard in rule.guards {
            let met = match guard {
                EpisodeGuard::Reason => sheet.reason.as_ref().is_some_and(|r| !r.is_empty()),
                EpisodeGuard::SeverityGiven => sheet.severity.is_some(),
                EpisodeGuard::LaterDay => match (&sheet.plan, &sheet.extension) {
                    (Some(plan), None) => plan.validate().is_ok(),
                    (None, Some(moved)) => moved.due_on > moved.was_due_on,
                    _ => false,
                },
                _ => true,
            };
            if !met {
                let detail = format!("`{}` needs: {}", sheet.step.word(), guard.words());
                self.trouble("step_not_allowed", of, detail);
            }
        }
    }

    /// The count of affected predictions and the effectiveness, computed again from the records before the step.
    fn computed(
        &mut self,
        life: &Life,
        of: (&str, &str),
        (row, rule, sheet): (&Row, &EpisodeRule, &EpisodeSheet),
    ) {
        if let Some(found) = &sheet.investigation {
            let expected = self.affected(&life.version_id, &found.affected, entry(row));
            if found.affected != expected {
                let (stated, counted) = (found.affected.rows, expected.rows);
                let detail =
                    format!("it states {stated} affected predictions, {counted} are recorded");
                self.trouble("count_not_reproduced", of, detail);
            }
        }
        let asks = rule.needs(EpisodeGuard::Effective) || rule.needs(EpisodeGuard::NotEffective);
        if !asks {
            return;
        }
        let facts = &life.facts;
        let (Some(check), Some((plan, planned)), Some(completed)) =
            (&sheet.check, &facts.plan, facts.completed)
        else {
            return self.trouble("check_not_reproduced", of, "it holds no effectiveness check");
        };
        if !fits(rule, check.outcome) {
            let detail =
                format!("`{}` on the outcome `{}`", sheet.step.word(), check.outcome.word());
            self.trouble("step_not_allowed", of, detail);
        }
        let day: String = row.text("at").chars().take(10).collect();
        // A pack of one version does not hold the reports of its successor; then what is cited is judged again.
        let watched = self.records.row("model_version", &plan.criterion.version_id).is_some();
        let since = if watched {
            self.since(life, plan, (completed, entry(row)))
        } else {
            Since { watched: check.watched.clone(), alerts: check.alerts.clone() }
        };
        let again = EffectivenessCheck::judge(&plan.criterion, (*planned, completed), since, &day);
        self.examined.effectiveness_checks += 1;
        if again != *check {
            let detail = format!(
                "it states `{}`, computed again: {}",
                check.outcome.word(),
                again.sentence(&plan.criterion)
            );
            self.trouble("check_not_reproduced", of, detail);
        }
    }

    /// The reports of a version that were in force before ledger entry `before`, in their order: the newest of every batch that was not
    /// invalid then.
    fn reports_of(&mut self, version_id: &str, before: u64) -> Vec<(u64, String, Row)> {
        let invalid: Vec<String> = self
            .kept(INVALIDATIONS)
            .iter()
            .filter(|(_, row)| entry(row) < before)
            .map(|(_, row)| row.text("batch_id").to_owned())
            .collect();
        let mut newest: BTreeMap<String, (u64, String, Row)> = BTreeMap::new();
        for key in self.records.keys("report") {
            let Some(row) = self.records.row("report", &key) else { continue };
            let batch = row.text("batch_id").to_owned();
            if row.text("version_id") != version_id
                || entry(&row) >= before
                || invalid.contains(&batch)
                || newest.get(&batch).is_some_and(|(at, ..)| *at > entry(&row))
            {
                continue;
            }
            newest.insert(batch, (entry(&row), key, row));
        }
        let mut found: Vec<_> = newest.into_values().collect();
        found.sort_by_key(|(_, _, row)| row.number("number"));
        found
    }

    fn affected(
        &mut self,
        version_id: &str,
        asked: &AffectedPredictions,
        before: u64,
    ) -> AffectedPredictions {
        let (mut batches, mut rows) = (0, 0);
        for (_, _, report) in self.reports_of(version_id, before) {
            let number = report.number("position").or(report.number("number"));
            let number = number.unwrap_or_default();
            if !(asked.first_batch..=asked.last_batch).contains(&number) {
                continue;
            }
            let batch = self.records.row("batch", report.text("batch_id"));
            batches += 1;
            rows += batch.and_then(|batch| batch.number("rows")).unwrap_or_default();
        }
        AffectedPredictions { batches, rows, ..asked.clone() }
    }

    /// What came to the watched version after entry `completed` and before entry `until`.
    fn since(&mut self, life: &Life, plan: &RemedialPlan, (completed, until): (u64, u64)) -> Since {
        let criterion = &plan.criterion;
        let mut since = Since::default();
        for (at, key, row) in self.reports_of(&criterion.version_id, until) {
            let came = self.records.row("batch", row.text("batch_id"));
            if came.map_or(at, |batch| entry(&batch)) <= completed {
                continue;
            }
            let Ok(report) = serde_json::from_str::<DriftReport>(row.text("document")) else {
                continue;
            };
            let cited = Cited { id: key, sha256: row.text("sha256").to_owned(), entry: at };
            since.watched.push(WatchedBatch::of(cited, &report, &criterion.series));
        }
        if criterion.series.is_empty() {
            let kind = life.opening.as_ref().map(|opening| opening.kind.word());
            let mut alerts = Vec::new();
            for key in self.records.keys("episode") {
                let Some(row) = self.records.row("episode", &key) else { continue };
                let later = entry(&row) > completed && entry(&row) < until;
                let of_version = row.text("version_id") == criterion.version_id;
                if later && of_version && Some(row.text("kind")) == kind {
                    alerts.push((entry(&row), key));
                }
            }
            alerts.sort();
            since.alerts = alerts.into_iter().map(|(_, key)| key).collect();
        }
        since
    }
}

/// An acknowledgement, a draft or a signature as a step.
fn answer(step: EpisodeStep, row: &Row) -> EpisodeEvent {
    let decision: Option<Decision> = match step {
        EpisodeStep::Draft => serde_json::from_str(row.text("document")).ok(),
        _ => None,
    };
    EpisodeEvent {
        by: row.optional("account_id").map(str::to_owned),
        entry: entry(row),
        severity: Severity::parse(row.text("severity")).ok(),
        names_action: decision.is_some_and(|decision| decision.remedial_action.is_some()),
        ..EpisodeEvent::default()
    }
}
