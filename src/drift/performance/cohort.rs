//! One cohort judged: the rows of one batch, as far as their labels have come.
//!
//! A cohort that is not mature (its labels are not due, or too few have come) has no figures, and says why. Below the
//! declared completeness its figures are provisional: labels that arrive first are not a random sample.

use super::calibration::Calibration;
use super::expected::{Conditions, Expected, Inputs, Verified};
use super::figures::Figures;
use super::rule::{PerformanceRule, Task};
use super::sentence::cohort_sentence;
use super::tally::{Outcomes, Tally};
use crate::clock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Identifies the format of a cohort record.
pub const COHORT_FORMAT: &str = "driftledger/cohort/v1";
/// Share of labelled rows below which figures are told to be provisional, whatever the policy says about evidence.
pub const PROVISIONAL_BELOW: f64 = 0.9;

/// What a cohort is about and what it was computed with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CohortContext {
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// Id of the batch record.
    pub batch_id: String,
    /// Name of the batch.
    pub batch: String,
    /// Number of the batch within the version, from 1.
    pub number: u64,
    /// End of the event period; without one, when the batch was received. UTC.
    pub ended_at: String,
    /// When this was computed, UTC: labels are due or not at that time.
    pub judged_at: String,
    /// SHA-256 of the batch file.
    pub batch_sha256: String,
    /// Digest of the drift report of the batch.
    pub report_sha256: String,
    /// SHA-256 of the label files that were read, in the order in which they came.
    pub labels_sha256: Vec<String>,
    /// Digest of the policy record.
    pub policy_sha256: String,
    /// Version of the program.
    pub engine: String,
    /// N of the policy: batches after which a calibration was verified too long ago.
    pub batches_per_false_alarm: f64,
    /// What is predicted.
    pub task: Task,
    /// What the drift report says about the inputs.
    pub inputs: Inputs,
    /// Which batch last showed the scores to be right, this one left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
}

/// Whether a cohort may be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "maturity", rename_all = "snake_case")]
pub enum Maturity {
    /// Figures are told.
    Mature,
    /// Figures are not told.
    Immature {
        /// Why not.
        reason: String,
    },
}

/// One cohort, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CohortReport {
    /// Always [`COHORT_FORMAT`].
    pub format: String,
    /// What it is about.
    pub context: CohortContext,
    /// The counts that everything below is computed from.
    pub tally: Tally,
    /// Share of rows that have a label.
    pub completeness: f64,
    /// Whether fewer than 90 % of the rows have one.
    pub provisional: bool,
    /// Whether figures are told.
    pub maturity: Maturity,
    /// Figures with their intervals; none while the cohort is immature.
    pub figures: Figures,
    /// Calibration of the scores; none while the cohort is immature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// What is expected if nothing but the inputs changed: needs no label, is no performance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// Whether its rows count as evidence for or against an alarm.
    pub is_evidence: bool,
    /// What it says, in one sentence.
    pub sentence: String,
}

impl CohortReport {
    /// Judges the cohort of `context` by its `tally` under `rule`. Pure: the same input gives the same bits.
    pub fn judge(context: CohortContext, tally: Tally, rule: &PerformanceRule) -> Self {
        let maturity = maturity(&context, &tally, rule);
        let is_mature = maturity == Maturity::Mature;
        let figures = if is_mature {
            Figures::of(&tally, &context.task, rule.error_limit)
        } else {
            Figures::default()
        };
        let scores = tally.scores.as_ref();
        let calibration = scores.filter(|_| is_mature).and_then(Calibration::of);
        let has_positive = matches!(context.task, Task::Binary { .. });
        let expected = scores.and_then(|scores| {
            let conditions = Conditions {
                inputs: &context.inputs,
                number: context.number,
                verified: context.verified.as_ref(),
                batches_max: context.batches_per_false_alarm,
                figures: is_mature.then_some(&figures),
                calibration: calibration.as_ref(),
            };
            Expected::of(scores, has_positive, &conditions)
        });
        let completeness = tally.completeness();
        let mut report = Self {
            format: COHORT_FORMAT.to_owned(),
            completeness,
            provisional: completeness < PROVISIONAL_BELOW,
            is_evidence: is_mature && completeness >= rule.completeness_min,
            maturity,
            figures,
            calibration,
            expected,
            context,
            tally,
            sentence: String::new(),
        };
        report.sentence = cohort_sentence(&report);
        report
    }

    /// Computes the same cohort again from its own counts.
    #[must_use]
    pub fn recompute(&self, rule: &PerformanceRule) -> Self {
        Self::judge(self.context.clone(), self.tally.clone(), rule)
    }

    /// Whether `later` says nothing that this one does not: only times and label files that hold none of its rows differ.
    pub fn says_the_same(&self, later: &Self) -> bool {
        let mut again = later.clone();
        again.context.judged_at.clone_from(&self.context.judged_at);
        again.context.labels_sha256.clone_from(&self.context.labels_sha256);
        again.context.engine.clone_from(&self.context.engine);
        *self == again
    }

    /// What a later batch is told about the calibration here, if its labels showed the scores to be right.
    pub fn verifies(&self) -> Option<Verified> {
        let calibration = self.calibration.as_ref().filter(|found| found.verified)?;
        (!self.provisional).then(|| Verified {
            batch: self.context.batch.clone(),
            number: self.context.number,
            error: calibration.error.debiased,
        })
    }
}

fn maturity(context: &CohortContext, tally: &Tally, rule: &PerformanceRule) -> Maturity {
    let immature = |reason: String| Maturity::Immature { reason };
    let parse = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let (Some(end), Some(now)) = (parse(&context.ended_at), parse(&context.judged_at)) else {
        return immature("the times of the batch cannot be read".to_owned());
    };
    match rule.due(end) {
        Some(due) if due > now => {
            return immature(format!("its labels are due from {}", clock::rfc3339(due)));
        }
        Some(_) => {}
        None => return immature("its labels are never due".to_owned()),
    }
    let compared = tally.labelled.saturating_sub(tally.without_prediction);
    if compared == 0 {
        return immature("no label has come".to_owned());
    }
    if compared < rule.labels_min {
        let needed = rule.labels_min;
        let rows = if compared == 1 { "row" } else { "rows" };
        return immature(format!("{compared} labelled {rows}, at least {needed} are needed"));
    }
    match foreign_labels(&context.task, tally) {
        Some(labels) => immature(format!(
            "its labels ({labels}) are none of the classes that are predicted ({})",
            context.task.classes().join(", ")
        )),
        None => Maturity::Mature,
    }
}

/// The labels, where not one of them is a class that is predicted: then label and prediction are spelled differently.
fn foreign_labels(task: &Task, tally: &Tally) -> Option<String> {
    let Outcomes::Classes { pairs, .. } = &tally.outcomes else { return None };
    let labels: BTreeSet<&str> = pairs.iter().map(|pair| pair.label.as_str()).collect();
    let known = |label: &str| {
        task.classes().iter().any(|class| class == label)
            || pairs.iter().any(|pair| pair.prediction == label)
    };
    let foreign = !labels.is_empty() && !labels.iter().any(|label| known(label));
    foreign.then(|| labels.into_iter().take(5).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::tally::{BatchRow, RowLabel, Teller};
    use super::*;

    pub(crate) fn context(number: u64) -> CohortContext {
        CohortContext {
            model: "m".to_owned(),
            version: "1".to_owned(),
            batch_id: format!("ba_{number}"),
            batch: format!("batch {number}"),
            number,
            ended_at: "2026-06-01T00:00:00.000Z".to_owned(),
            judged_at: "2026-06-20T00:00:00.000Z".to_owned(),
            batch_sha256: "b".repeat(64),
            report_sha256: "r".repeat(64),
            labels_sha256: vec!["l".repeat(64)],
            policy_sha256: "p".repeat(64),
            engine: "driftledger".to_owned(),
            batches_per_false_alarm: 52.0,
            task: Task::Binary {
                positive: "1".to_owned(),
                classes: vec!["0".to_owned(), "1".to_owned()],
            },
            inputs: Inputs::default(),
            verified: None,
        }
    }

    /// `rows` rows of which the first `labelled` have a label and every `wrong_every`th of these is wrong.
    pub(crate) fn tally(rows: usize, labelled: usize, wrong_every: usize) -> Tally {
        let task = context(1).task;
        let mut teller = Teller::new(&task, None, true);
        for index in 0..rows {
            let score = if index % 4 == 0 { "0.875" } else { "0.125" };
            let prediction = if index % 4 == 0 { "1" } else { "0" };
            let row = BatchRow { prediction: Some(prediction), score: Some(score) };
            teller.row(row);
            if index < labelled {
                let wrong = (index + 1) % wrong_every == 0;
                let value = if wrong == (prediction == "1") { "0" } else { "1" };
                teller.label(
                    row,
                    &RowLabel {
                        first: value.to_owned(),
                        in_force: value.to_owned(),
                        conflicting: false,
                        corrected: false,
                        group: index % 32,
                    },
                );
            }
        }
        teller.finish()
    }

    fn reason(report: &CohortReport) -> &str {
        match &report.maturity {
            Maturity::Mature => "mature",
            Maturity::Immature { reason } => reason,
        }
    }

    #[test]
    fn an_immature_cohort_has_no_figures_and_says_why() {
        let rule = PerformanceRule { label_delay_days: 30, ..PerformanceRule::default() };
        let early = CohortReport::judge(context(1), tally(100, 100, 10), &rule);
        assert_eq!(reason(&early), "its labels are due from 2026-07-01T00:00:00.000Z");
        assert!(early.figures.figures.is_empty() && early.calibration.is_none());
        assert!(early.expected.is_some() && !early.is_evidence);
        assert_eq!(
            early.sentence,
            "`batch 1`: not judged, its labels are due from 2026-07-01T00:00:00.000Z"
        );
        let few = CohortReport::judge(context(1), tally(100, 29, 10), &PerformanceRule::default());
        assert_eq!(reason(&few), "29 labelled rows, at least 30 are needed");
        let none = CohortReport::judge(context(1), tally(100, 0, 10), &PerformanceRule::default());
        assert_eq!(reason(&none), "no label has come");
    }

    #[test]
    fn below_ninety_percent_it_is_provisional_and_no_evidence() {
        let rule = PerformanceRule::default();
        let part = CohortReport::judge(context(1), tally(100, 89, 10), &rule);
        assert!(part.provisional && !part.is_evidence && !part.figures.figures.is_empty());
        // scipy 1.17.1: binomtest(81, 89).proportion_ci(0.95, "exact")
        assert_eq!(
            part.sentence,
            "`batch 1`: 91.0 % of 89 labelled predictions are right (95 % interval 83.1 % to 96.0 %); provisional: 89.0 % of \
             the rows have a label, and labels that come first are not a random sample"
        );
        let whole = CohortReport::judge(context(1), tally(100, 90, 10), &rule);
        assert!(!whole.provisional && whole.is_evidence);
        let drawn = PerformanceRule { completeness_min: 0.1, ..rule };
        let drawn = CohortReport::judge(context(1), tally(1_000, 150, 10), &drawn);
        assert!(drawn.provisional && drawn.is_evidence);
    }

    #[test]
    fn labels_spelled_otherwise_are_not_taken_for_errors() {
        let mut other = context(1);
        other.task = Task::Binary {
            positive: "sick".to_owned(),
            classes: vec!["sick".to_owned(), "well".to_owned()],
        };
        let mut tally = tally(100, 100, 10);
        let Outcomes::Classes { pairs, .. } = &mut tally.outcomes else { panic!() };
        pairs.iter_mut().for_each(|pair| "well".clone_into(&mut pair.prediction));
        let found = CohortReport::judge(other, tally, &PerformanceRule::default());
        assert_eq!(
            reason(&found),
            "its labels (0, 1) are none of the classes that are predicted (sick, well)"
        );
    }

    #[test]
    fn what_is_stored_is_computed_again_bit_for_bit() {
        let rule = PerformanceRule::default();
        let report = CohortReport::judge(context(3), tally(200, 190, 8), &rule);
        let bytes = crate::digest::canonical_json(&report).unwrap();
        let read: CohortReport = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(crate::digest::canonical_json(&read.recompute(&rule)).unwrap(), bytes);
        let mut later = report.clone();
        later.context.judged_at = "2026-07-20T00:00:00.000Z".to_owned();
        assert!(report.says_the_same(&later));
        later.tally.conflicting += 1;
        assert!(!report.says_the_same(&later));
        assert!(report.calibration.is_some() && report.expected.is_some());
    }
}
