//! The evidence gone through again without the rows of batches that were marked as invalid.
//!
//! Every evaluation is taken in its order, with the detector and the open alerts it had, and with the rows that it counted first, those
//! of the invalid batches left out. Evidence starts anew where an alert was decided, and after an alarm that is still one; where taking
//! rows out leaves evidence beyond the limit and no alert was opened about it, it is kept, so that the next evaluation raises the alarm.

use super::report::{ErrorState, PerformanceReport};
use crate::statistics::rate_detector::RateDetector;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A batch whose rows no longer count as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenOut {
    /// Id of the batch record.
    pub batch_id: String,
    /// Name of the batch.
    pub batch: String,
}

/// The batches whose rows are to be taken out of the evidence: those of `invalid` (id of the batch and ledger entry of the decision, oldest
/// first) that were marked after ledger entry `since`, and of which an evaluation counted rows.
pub fn to_take_out(
    evaluations: &[PerformanceReport],
    invalid: &[(String, u64)],
    since: u64,
) -> Vec<TakenOut> {
    let newly = invalid.iter().filter(|(_, entry)| *entry > since);
    newly.filter_map(|(batch_id, _)| counted(evaluations, batch_id)).collect()
}

/// The batch, if an evaluation counted rows of it.
fn counted(evaluations: &[PerformanceReport], batch_id: &str) -> Option<TakenOut> {
    let mut cohorts = evaluations.iter().flat_map(|evaluation| &evaluation.cohorts);
    let found = cohorts.find(|one| one.batch_id == batch_id && one.counted != [0, 0])?;
    Some(TakenOut { batch_id: found.batch_id.clone(), batch: found.batch.clone() })
}

/// The state of the evidence after `evaluations` (oldest first) without the rows of the batches in `invalid`; nothing where no alarm was
/// ever declared.
pub fn state_without(
    evaluations: &[PerformanceReport],
    invalid: &BTreeSet<&str>,
) -> Option<ErrorState> {
    let mut state: Option<ErrorState> = None;
    for evaluation in evaluations {
        let Some(evidence) = &evaluation.evidence else { continue };
        let limits = &evidence.limits;
        let detector = RateDetector::freeze(limits.reference, limits.tolerance);
        let before = state.unwrap_or_else(|| ErrorState::start(&detector));
        let mut after = before.carried(&detector, evidence.before.muted);
        let valid = evaluation.cohorts.iter().filter(|one| !invalid.contains(&*one.batch_id));
        let rows =
            valid.fold([0, 0], |[right, wrong], one| [right + one.new[0], wrong + one.new[1]]);
        after.evaluations += 1;
        let log_m = detector.step(&mut after.lanes, rows).series_log_m;
        let log_n = libm::log(limits.batches_per_false_alarm);
        let is_alarm = !after.muted && libm::log(limits.share) + log_m >= log_n;
        if is_alarm && evidence.alarm.is_some() {
            after.lanes = detector.start();
        }
        state = Some(after);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::{evaluate, judged};
    use super::*;
    use crate::drift::assess::MonitorLevel;

    fn named(mut report: PerformanceReport, batch: &str) -> PerformanceReport {
        for cohort in &mut report.cohorts {
            batch.clone_into(&mut cohort.batch_id);
        }
        report
    }

    /// Three evaluations of one batch each, the second one of a batch with every fifth row wrong.
    fn evaluations() -> Vec<PerformanceReport> {
        let mut reports: Vec<PerformanceReport> = Vec::new();
        for (number, wrong_every) in [(1, 40), (2, 5), (3, 40)] {
            let last = reports.last().and_then(|report| report.evidence.clone());
            let report =
                evaluate(vec![judged(number, 400, wrong_every, [0, 0])], last.map(|e| e.after));
            reports.push(named(report, &format!("ba_{number}")));
        }
        reports
    }

    #[test]
    fn without_its_rows_the_state_is_that_of_a_monitor_that_never_saw_the_batch() {
        let all = evaluations();
        assert!(all[1].opens().is_some(), "the wrong batch alarmed");
        let mut never = evaluate(vec![judged(1, 400, 40, [0, 0])], None);
        never = evaluate(vec![judged(3, 400, 40, [0, 0])], never.evidence.map(|e| e.after));
        let again = state_without(&all, &BTreeSet::from(["ba_2"])).unwrap();
        assert_eq!(again.lanes.log_m, never.evidence.as_ref().unwrap().after.lanes.log_m);
        assert_eq!(again.evaluations, 3);
        let same = state_without(&all, &BTreeSet::new()).unwrap();
        assert_eq!(same, all[2].evidence.as_ref().unwrap().after, "nothing is taken out");
        assert!(state_without(&[], &BTreeSet::new()).is_none());
    }

    #[test]
    fn evidence_that_was_hidden_by_good_rows_is_kept_for_the_next_alarm() {
        let mut all = Vec::new();
        for (number, wrong_every) in [(1, 11), (2, 400), (3, 11)] {
            let last: Option<&PerformanceReport> = all.last();
            let before = last.and_then(|report| report.evidence.clone()).map(|e| e.after);
            let report = evaluate(vec![judged(number, 400, wrong_every, [0, 0])], before);
            all.push(named(report, &format!("ba_{number}")));
        }
        let again = state_without(&all, &BTreeSet::from(["ba_2"])).unwrap();
        let kept = &all[2].evidence.as_ref().unwrap().after;
        assert!(again.lanes.log_m[0] > kept.lanes.log_m[0], "{again:?} {kept:?}");
        let next = evaluate(Vec::new(), Some(again));
        let evidence = next.evidence.as_ref().unwrap();
        assert_eq!((evidence.rows, evidence.level), ([0, 0], MonitorLevel::Alarm));
        assert!(next.opens().unwrap().sentences[0].contains("marked as invalid"));
    }

    #[test]
    fn only_batches_that_counted_and_were_marked_since_are_taken_out() {
        let all = evaluations();
        let invalid = [("ba_1".to_owned(), 5), ("ba_9".to_owned(), 7), ("ba_2".to_owned(), 8)];
        let found = to_take_out(&all, &invalid, 5);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].batch_id.as_str(), found[0].batch.as_str()), ("ba_2", "batch 2"));
        assert!(to_take_out(&all, &invalid, 8).is_empty());
    }
}
