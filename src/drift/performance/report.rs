//! What one evaluation of labels stores: the cohorts it judged, and the evidence over time that the error rate has risen.
//!
//! ```text
//! M_t = e-detector of the rows that got their first label since the last evaluation (one step an evaluation)
//! alarm when share · M_t ≥ N; then M starts again at 0
//! ```
//!
//! The series of the batches have 1 − share of the budget, so that all alarms together keep the promise of the policy: with
//! no more evaluations that bring evidence than batches, at most one false alarm per N batches on average. A row counts once,
//! by its first label; corrections change what is told, not the evidence.

use super::cohort::CohortReport;
use super::rule::ErrorAlarm;
use super::taken_out::TakenOut;
use crate::drift::assess::MonitorLevel;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::statistics::e_detector::LaneState;
use crate::statistics::rate_detector::RateDetector;
use serde::{Deserialize, Serialize};

/// Identifies the format of a performance record.
pub const PERFORMANCE_FORMAT: &str = "driftledger/performance/v1";
/// The key under which an alert covers the error rate, as `feature/series`.
pub const ERROR_SERIES: &str = "performance/error_rate";

/// What an evaluation is about and what it was computed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PerformanceContext {
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// Digest of the policy record.
    pub policy_sha256: String,
    /// Version of the program.
    pub engine: String,
    /// Row ids that have a label.
    pub labelled_ids: u64,
    /// Those of them that a batch holds.
    pub matched_ids: u64,
    /// Batches marked as invalid since the evaluation before, whose rows are no evidence any more: the state before is gone through again
    /// without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_out: Vec<TakenOut>,
}

/// One cohort of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JudgedCohort {
    /// Id of the batch record.
    pub batch_id: String,
    /// Name of the batch.
    pub batch: String,
    /// SHA-256 of the canonical cohort record.
    pub cohort_sha256: String,
    /// Rows of the cohort, [right, wrong] by their first label, that count as evidence up to and with this evaluation.
    #[schema(value_type = Vec<u64>)]
    pub counted: [u64; 2],
    /// Those of them that count for the first time.
    #[schema(value_type = Vec<u64>)]
    pub new: [u64; 2],
}

/// What is carried from evaluation to evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorState {
    /// Evaluations so far.
    pub evaluations: u64,
    /// Whether an alert about the error rate is open: then evidence is kept, without a second alert.
    pub muted: bool,
    /// Evidence per lane, the learned one last, and the counts it learned.
    #[schema(value_type = Object)]
    pub lanes: LaneState,
}

/// The frozen detector, in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorLimits {
    /// Reference error rate.
    pub reference: f64,
    /// How much higher it may be.
    pub tolerance: f64,
    /// Share of the alarm budget.
    pub share: f64,
    /// N.
    pub batches_per_false_alarm: f64,
}

/// The evidence over time after an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorEvidence {
    /// What is watched for.
    pub limits: ErrorLimits,
    /// Rows of this evaluation: [right, wrong].
    #[schema(value_type = Vec<u64>)]
    pub rows: [u64; 2],
    /// The state before.
    pub before: ErrorState,
    /// The state after; a reset after an alarm included.
    pub after: ErrorState,
    /// ln M of the error rate; absent where there is no evidence.
    pub log_m: Option<f64>,
    /// max(0, ln(share · M))/ln N; an alarm is at 1.
    pub meter: f64,
    /// Where it stands.
    pub level: MonitorLevel,
    /// What the alarm says, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
}

/// One evaluation, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PerformanceReport {
    /// Always [`PERFORMANCE_FORMAT`].
    pub format: String,
    /// What it is about.
    pub context: PerformanceContext,
    /// The cohorts that changed, in the order of their batches.
    pub cohorts: Vec<JudgedCohort>,
    /// The evidence over time, where the policy declares an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<ErrorEvidence>,
}

/// When the error rate raises an alert: what the policy declares, with its N.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    /// Reference, tolerance, share.
    pub alarm: &'a ErrorAlarm,
    /// N.
    pub batches_per_false_alarm: f64,
}

impl ErrorState {
    /// The state before any evaluation.
    pub fn start(detector: &RateDetector) -> Self {
        Self { evaluations: 0, muted: false, lanes: detector.start() }
    }

    /// This state for the next evaluation: after a decision on the alert, and for a detector of other rates, evidence starts anew.
    #[must_use]
    pub fn carried(mut self, detector: &RateDetector, is_open: bool) -> Self {
        let is_another = self.lanes.log_m.len() != detector.rates.len() + 1;
        if is_another || (self.muted && !is_open) {
            self.lanes = detector.start();
        }
        self.muted = is_open;
        self
    }
}

impl JudgedCohort {
    /// The cohort in `report`, whose record has this digest; `counted_before` of its rows are evidence already.
    pub fn of(report: &CohortReport, cohort_sha256: String, counted_before: [u64; 2]) -> Self {
        let first = report.tally.first;
        let counted = if report.is_evidence {
            [first[0].max(counted_before[0]), first[1].max(counted_before[1])]
        } else {
            counted_before
        };
        Self {
            batch_id: report.context.batch_id.clone(),
            batch: report.context.batch.clone(),
            cohort_sha256,
            new: [counted[0] - counted_before[0], counted[1] - counted_before[1]],
            counted,
        }
    }
}

impl PerformanceReport {
    /// Composes an evaluation of `cohorts`. Pure: the same input gives the same bits.
    pub fn compose(
        context: PerformanceContext,
        cohorts: Vec<JudgedCohort>,
        watch: Option<Watch<'_>>,
        before: Option<ErrorState>,
    ) -> Self {
        let evidence = watch.map(|watch| {
            let detector = watch.alarm.detector();
            let before = before.unwrap_or_else(|| ErrorState::start(&detector));
            let rows = cohorts
                .iter()
                .fold([0, 0], |[right, wrong], one| [right + one.new[0], wrong + one.new[1]]);
            gather(&watch, before, &[(1.0, rows)], |detector| sentence(detector, &cohorts, rows))
        });
        Self { format: PERFORMANCE_FORMAT.to_owned(), context, cohorts, evidence }
    }

    /// Computes the same evaluation again from its own counts and state.
    #[must_use]
    pub fn recompute(&self, watch: Option<Watch<'_>>) -> Self {
        let before = self.evidence.as_ref().map(|evidence| evidence.before.clone());
        Self::compose(self.context.clone(), self.cohorts.clone(), watch, before)
    }

    /// The alert that this evaluation opens.
    pub fn opens(&self) -> Option<EpisodeOpening> {
        let sentence = self.evidence.as_ref()?.alarm.clone()?;
        Some(EpisodeOpening {
            kind: EpisodeKind::Performance,
            series: vec![ERROR_SERIES.to_owned()],
            sentences: vec![sentence],
        })
    }
}

/// Takes rows, right and wrong by their weight, as one step of evidence that a rate has risen; `told` words the alarm.
pub fn gather(
    watch: &Watch<'_>,
    before: ErrorState,
    rows: &[(f64, [u64; 2])],
    told: impl FnOnce(&RateDetector) -> String,
) -> ErrorEvidence {
    let detector = watch.alarm.detector();
    let mut after = before.clone();
    after.evaluations += 1;
    let log_m = detector.step_weighted(&mut after.lanes, rows).series_log_m;
    let n = watch.batches_per_false_alarm;
    let log_share = if after.muted { f64::NEG_INFINITY } else { libm::log(watch.alarm.share) };
    let weighted = log_share + log_m;
    let log_n = libm::log(n);
    let level = if weighted >= log_n {
        MonitorLevel::Alarm
    } else if weighted >= log_n - libm::log(10.0) {
        MonitorLevel::Watch
    } else {
        MonitorLevel::Quiet
    };
    let alarm = (level == MonitorLevel::Alarm).then(|| told(&detector));
    if alarm.is_some() {
        after.lanes = detector.start();
    }
    ErrorEvidence {
        limits: ErrorLimits {
            reference: detector.reference,
            tolerance: detector.tolerance,
            share: watch.alarm.share,
            batches_per_false_alarm: n,
        },
        rows: rows.iter().fold([0, 0], |[right, wrong], (_, one)| [right + one[0], wrong + one[1]]),
        before,
        after,
        log_m: log_m.is_finite().then_some(log_m),
        meter: (weighted / log_n).max(0.0),
        level,
        alarm,
    }
}

/// The alarm in words.
fn sentence(detector: &RateDetector, cohorts: &[JudgedCohort], rows: [u64; 2]) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let all = rows[0] + rows[1];
    if all == 0 {
        return format!(
            "error rate: gone through again without batches that were marked as invalid, it is above the {} that are tolerated \
             (reference {}, tolerance {})",
            percent(detector.limit()),
            percent(detector.reference),
            percent(detector.tolerance),
        );
    }
    let named: Vec<String> = cohorts
        .iter()
        .filter(|cohort| cohort.new != [0, 0])
        .map(|cohort| format!("`{}`", cohort.batch))
        .collect();
    let of = match named.as_slice() {
        [one] => format!("batch {one}"),
        [first, .., last] => format!("batches {first} to {last}"),
        [] => "earlier batches".to_owned(),
    };
    format!(
        "error rate: {} of {all} predictions of {of} are wrong ({}); up to {} is tolerated (reference {}, tolerance {})",
        rows[1],
        percent(rows[1] as f64 / all.max(1) as f64),
        percent(detector.limit()),
        percent(detector.reference),
        percent(detector.tolerance),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::cohort::CohortContext;
    use super::super::cohort::tests::{context, tally};
    use super::super::expected::Verified;
    use super::super::rule::PerformanceRule;
    use super::*;

    fn alarm() -> ErrorAlarm {
        ErrorAlarm { reference_errors: 100, reference_rows: 5_000, tolerance: 0.03, share: 0.15 }
    }

    fn about() -> PerformanceContext {
        PerformanceContext {
            model: "m".to_owned(),
            version: "1".to_owned(),
            policy_sha256: "p".repeat(64),
            engine: "driftledger".to_owned(),
            labelled_ids: 100,
            matched_ids: 100,
            taken_out: Vec::new(),
        }
    }

    pub(in super::super) fn judged(
        number: u64,
        rows: usize,
        wrong_every: usize,
        before: [u64; 2],
    ) -> JudgedCohort {
        let rule = PerformanceRule::default();
        let report = CohortReport::judge(context(number), tally(rows, rows, wrong_every), &rule);
        JudgedCohort::of(&report, "c".repeat(64), before)
    }

    pub(in super::super) fn evaluate(
        cohorts: Vec<JudgedCohort>,
        before: Option<ErrorState>,
    ) -> PerformanceReport {
        let alarm = alarm();
        let watch = Watch { alarm: &alarm, batches_per_false_alarm: 52.0 };
        PerformanceReport::compose(about(), cohorts, Some(watch), before)
    }

    #[test]
    fn a_risen_error_rate_alarms_once_and_starts_anew() {
        let quiet = evaluate(vec![judged(1, 400, 40, [0, 0])], None);
        let evidence = quiet.evidence.unwrap();
        assert_eq!((evidence.level, evidence.rows), (MonitorLevel::Quiet, [390, 10]));
        assert!(evidence.alarm.is_none() && evidence.after.evaluations == 1);
        let worse = evaluate(vec![judged(2, 400, 5, [0, 0])], Some(evidence.after));
        let opening = worse.opens().unwrap();
        assert_eq!(
            (opening.kind, opening.series),
            (EpisodeKind::Performance, vec![ERROR_SERIES.to_owned()])
        );
        assert_eq!(
            opening.sentences[0],
            "error rate: 80 of 400 predictions of batch `batch 2` are wrong (20.0 %); up to 5.0 % is tolerated \
             (reference 2.0 %, tolerance 3.0 %)"
        );
        let after = worse.evidence.unwrap().after;
        assert!(after.lanes.log_m.iter().all(|log_m| *log_m == f64::NEG_INFINITY));
        let muted = after.carried(&alarm().detector(), true);
        let again = evaluate(vec![judged(3, 400, 5, [0, 0])], Some(muted.clone()));
        let evidence = again.evidence.as_ref().unwrap();
        assert!(again.opens().is_none() && evidence.log_m.unwrap() > 4.0 && evidence.meter == 0.0);
        let decided = evidence.after.clone().carried(&alarm().detector(), false);
        assert_eq!(decided.lanes, alarm().detector().start());
    }

    #[test]
    fn an_estimate_without_labels_suppresses_no_alarm() {
        let verified = Verified { batch: "batch 1".to_owned(), number: 1, error: 0.0 };
        let context = CohortContext { verified: Some(verified), ..context(2) };
        let cohort = CohortReport::judge(context, tally(400, 400, 5), &PerformanceRule::default());
        // The scores promise 87.5 %, the labels show 80 %.
        let expected = cohort.expected.as_ref().unwrap();
        assert_eq!(expected.accuracy, 0.875);
        assert!(expected.withheld.iter().any(|reason| reason.contains("disagree")));
        let judged = JudgedCohort::of(&cohort, "c".repeat(64), [0, 0]);
        assert!(evaluate(vec![judged], None).opens().is_some());
    }

    #[test]
    fn a_row_is_evidence_once() {
        let first = judged(1, 100, 10, [0, 0]);
        assert_eq!((first.counted, first.new), ([90, 10], [90, 10]));
        let again = judged(1, 100, 10, first.counted);
        assert_eq!((again.counted, again.new), ([90, 10], [0, 0]));
        let report = evaluate(vec![again], None).evidence.unwrap();
        assert_eq!((report.rows, report.log_m), ([0, 0], None));
        let rule = PerformanceRule::default();
        let part = CohortReport::judge(context(1), tally(100, 50, 10), &rule);
        assert_eq!(JudgedCohort::of(&part, String::new(), [0, 0]).counted, [0, 0]);
    }

    #[test]
    fn what_is_stored_is_computed_again_bit_for_bit() {
        let report = evaluate(vec![judged(1, 400, 12, [0, 0])], None);
        let bytes = crate::digest::canonical_json(&report).unwrap();
        let read: PerformanceReport = serde_json::from_slice(&bytes).unwrap();
        let alarm = alarm();
        let watch = Watch { alarm: &alarm, batches_per_false_alarm: 52.0 };
        let again = read.recompute(Some(watch));
        assert_eq!(crate::digest::canonical_json(&again).unwrap(), bytes);
        let without = PerformanceReport::compose(about(), Vec::new(), None, None);
        assert!(without.evidence.is_none() && without.opens().is_none());
    }
}
