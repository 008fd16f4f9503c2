//! Whether a remedial action worked: a criterion that is fixed before any evidence, and what later batches say about it.
//!
//! The outcome is computed, never typed: from the verdicts of the batches that came after the action was reported as done. It is
//! `effective`, `ineffective`, `inconclusive` when the horizon passed before enough batches came, and `pending` until then.

use super::completeness::Cited;
use super::{Error, Result};
use crate::drift::assess::Verdict;
use crate::drift::report::DriftReport;
use serde::{Deserialize, Serialize};

/// Most batches that a criterion may ask for.
const BATCHES_MAX: u32 = 60;

/// Somebody who owns a remedial action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionOwner {
    /// Account.
    pub id: String,
    /// User name.
    pub user_name: String,
}

/// What must be seen before an action counts as effective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectivenessCriterion {
    /// Series (`feature/series`) of which none may be `drift`; empty for alerts that are not about drift, where no further alert of the
    /// same kind may open.
    pub series: Vec<String>,
    /// How many batches in a row, the first one after the action was done, in which the series are evaluated.
    pub batches: u32,
    /// The version whose batches are watched: id, as the series may be those of a successor.
    pub version_id: String,
    /// Its name.
    pub version: String,
    /// The last day on which batches count, YYYY-MM-DD.
    pub horizon_on: String,
}

/// A remedial action as it was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemedialPlan {
    /// What is done.
    pub what: String,
    /// Who is responsible.
    pub owner: ActionOwner,
    /// By when, YYYY-MM-DD.
    pub due_on: String,
    /// What will count as its effect.
    pub criterion: EffectivenessCriterion,
}

/// The verdict of one watched series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesVerdict {
    /// `feature/series`.
    pub series: String,
    /// Its verdict; absent where the report has no such series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// A batch that came after the action was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchedBatch {
    /// Its report.
    pub report: Cited,
    /// Its name.
    pub batch: String,
    /// What the report says about the watched series.
    pub verdicts: Vec<SeriesVerdict>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectivenessOutcome {
    /// Too few batches came so far, and none speaks against it.
    Pending,
    /// As many batches as were asked for, and none speaks against it.
    Effective,
    /// A later batch drifts, or another alert of the kind opened.
    Ineffective,
    /// The horizon passed before enough batches came.
    Inconclusive,
}

impl EffectivenessOutcome {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Effective => "effective",
            Self::Ineffective => "ineffective",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// The computed effectiveness check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectivenessCheck {
    /// Ledger entry that fixed plan and criterion.
    pub planned: u64,
    /// Ledger entry that reported the action as done.
    pub completed: u64,
    /// Day of the check, UTC.
    pub checked_on: String,
    /// Batches since then, oldest first, up to the one that decided.
    pub watched: Vec<WatchedBatch>,
    /// Batches among them in which every watched series is evaluated.
    pub counted: u32,
    /// Alerts of the same kind that opened since.
    pub alerts: Vec<String>,
    /// What came of it.
    pub outcome: EffectivenessOutcome,
}

/// What a check looks at.
#[derive(Clone, Debug, Default)]
pub struct Since {
    /// Reports of the watched version after the action was done, oldest first.
    pub watched: Vec<WatchedBatch>,
    /// Alerts of the same kind on it that opened since, oldest first.
    pub alerts: Vec<String>,
}

impl RemedialPlan {
    /// Checks that the plan says what it must.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], naming the field.
    pub fn validate(&self) -> Result<()> {
        let day = |text: &str| text.parse::<jiff::civil::Date>();
        let empty = |field, hint| Err(Error::Empty { field, hint });
        if self.what.trim().is_empty() {
            return empty("what", "say what is done");
        }
        let Ok(due) = day(&self.due_on) else {
            return empty("due_on", "write the date as YYYY-MM-DD");
        };
        let Ok(horizon) = day(&self.criterion.horizon_on) else {
            return empty("horizon_on", "write the last day on which batches count as YYYY-MM-DD");
        };
        if horizon <= due {
            return empty("horizon_on", "name a day after the due date");
        }
        if !(1..=BATCHES_MAX).contains(&self.criterion.batches) {
            return empty("batches", "say how many later batches must be without drift, 1 to 60");
        }
        Ok(())
    }
}

impl WatchedBatch {
    /// What `report` says about `series`.
    pub fn of(cited: Cited, report: &DriftReport, series: &[String]) -> Self {
        let verdict = |key: &String| {
            let all = report.features.iter().flat_map(|feature| {
                let name = &feature.feature;
                feature.series.iter().map(move |s| (format!("{name}/{}", s.name.word()), s.verdict))
            });
            let found = all.into_iter().find(|(name, _)| name == key);
            SeriesVerdict { series: key.clone(), verdict: found.map(|(_, verdict)| verdict) }
        };
        let verdicts = series.iter().map(verdict).collect();
        Self { report: cited, batch: report.context.batch.clone(), verdicts }
    }

    fn drifts(&self) -> bool {
        self.verdicts.iter().any(|found| found.verdict == Some(Verdict::Drift))
    }

    fn counts(&self) -> bool {
        let evaluated =
            |found: &SeriesVerdict| !matches!(found.verdict, None | Some(Verdict::NotEvaluated));
        self.verdicts.iter().all(evaluated)
    }
}

impl EffectivenessCheck {
    /// Judges what came `since`, on the day `checked_on` (UTC); `planned` and `completed` are the entries of plan and completion.
    pub fn judge(
        criterion: &EffectivenessCriterion,
        (planned, completed): (u64, u64),
        since: Since,
        checked_on: &str,
    ) -> Self {
        let (mut watched, mut counted, mut drifts) = (Vec::new(), 0, false);
        for batch in since.watched {
            if counted == criterion.batches || drifts {
                break;
            }
            drifts = batch.drifts();
            counted += u32::from(batch.counts());
            watched.push(batch);
        }
        let outcome = if drifts || !since.alerts.is_empty() {
            EffectivenessOutcome::Ineffective
        } else if counted == criterion.batches {
            EffectivenessOutcome::Effective
        } else if checked_on > criterion.horizon_on.as_str() {
            EffectivenessOutcome::Inconclusive
        } else {
            EffectivenessOutcome::Pending
        };
        let (checked_on, alerts) = (checked_on.to_owned(), since.alerts);
        Self { planned, completed, checked_on, watched, counted, alerts, outcome }
    }

    /// The check in one sentence.
    pub fn sentence(&self, criterion: &EffectivenessCriterion) -> String {
        let asked = criterion.batches;
        let about = if criterion.series.is_empty() {
            "no further alert of its kind".to_owned()
        } else {
            format!("no drift of {}", criterion.series.join(", "))
        };
        let found = match (self.watched.iter().rev().find(|b| b.drifts()), self.alerts.first()) {
            (Some(batch), _) => format!("; batch {} drifts", batch.batch),
            (None, Some(alert)) => format!("; alert {alert} opened"),
            (None, None) => String::new(),
        };
        format!(
            "{}: {} of {asked} batches of version {} since it was done, {about} expected until {}{found}",
            self.outcome.word(),
            self.counted,
            criterion.version,
            criterion.horizon_on
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::assess::Verdict::{Drift, NotEvaluated, Stable, Undetermined};

    fn criterion(batches: u32) -> EffectivenessCriterion {
        EffectivenessCriterion {
            series: vec!["weight_mg/bins".to_owned()],
            batches,
            version_id: "mv_1".to_owned(),
            version: "1".to_owned(),
            horizon_on: "2026-09-30".to_owned(),
        }
    }

    fn batch(entry: u64, verdict: Option<Verdict>) -> WatchedBatch {
        WatchedBatch {
            report: Cited { id: format!("re_{entry}"), sha256: "0".repeat(64), entry },
            batch: format!("b{entry}"),
            verdicts: vec![SeriesVerdict { series: "weight_mg/bins".to_owned(), verdict }],
        }
    }

    fn judged(verdicts: &[Option<Verdict>], alerts: &[&str], on: &str) -> EffectivenessCheck {
        let watched = (1..).zip(verdicts).map(|(n, verdict)| batch(n, *verdict)).collect();
        let alerts = alerts.iter().map(|&alert| alert.to_owned()).collect();
        EffectivenessCheck::judge(&criterion(2), (7, 9), Since { watched, alerts }, on)
    }

    #[test] // 5.4
    fn two_batches_without_drift_are_effective_and_one_with_is_not() {
        use EffectivenessOutcome::{Effective, Inconclusive, Ineffective, Pending};
        let (early, late) = ("2026-09-30", "2026-10-01");
        for (verdicts, on, outcome, counted) in [
            (&[][..], early, Pending, 0),
            (&[][..], late, Inconclusive, 0),
            (&[Some(Stable)][..], early, Pending, 1),
            (&[Some(Stable)][..], late, Inconclusive, 1),
            (&[Some(Stable), Some(Undetermined)][..], late, Effective, 2),
            (&[Some(Stable), Some(Drift)][..], early, Ineffective, 2),
            (&[Some(NotEvaluated), None, Some(Stable)][..], early, Pending, 1),
            (&[Some(NotEvaluated), None, Some(Stable), Some(Stable)][..], early, Effective, 2),
            // What comes after the batches that were asked for does not count.
            (&[Some(Stable), Some(Stable), Some(Drift)][..], early, Effective, 2),
        ] {
            let found = judged(verdicts, &[], on);
            assert_eq!((found.outcome, found.counted), (outcome, counted), "{verdicts:?} {on}");
        }
        let alarmed = judged(&[Some(Stable), Some(Stable)], &["ep_2"], early);
        assert_eq!(alarmed.outcome, Ineffective);
        assert!(alarmed.sentence(&criterion(2)).contains("alert ep_2 opened"));
    }

    #[test] // 5.4
    fn a_plan_says_what_by_when_and_what_counts() {
        let plan = RemedialPlan {
            what: "recalibrate".to_owned(),
            owner: ActionOwner { id: "ac_1".to_owned(), user_name: "dana".to_owned() },
            due_on: "2026-07-01".to_owned(),
            criterion: criterion(3),
        };
        plan.validate().unwrap();
        let wrong = |change: fn(&mut RemedialPlan), field: &str| {
            let mut plan = plan.clone();
            change(&mut plan);
            let refused = plan.validate().unwrap_err().to_string();
            assert!(refused.contains(field), "{refused}");
        };
        wrong(|plan| plan.what = " ".to_owned(), "what");
        wrong(|plan| plan.due_on = "soon".to_owned(), "due_on");
        wrong(|plan| plan.criterion.horizon_on = String::new(), "horizon_on");
        wrong(|plan| plan.criterion.horizon_on = "2026-07-01".to_owned(), "horizon_on");
        wrong(|plan| plan.criterion.batches = 0, "batches");
        wrong(|plan| plan.criterion.batches = 61, "batches");
    }
}
