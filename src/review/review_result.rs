//! The end of a review sample: what its answers say, and what that adds to the evidence that people disagree with the model more often
//! than the policy tolerates.

use super::review_answer::ReviewAnswer;
use super::review_figures::{ReviewFigures, first, strata};
use super::review_sample::ReviewSample;
use super::{Error, Result};
use crate::digest;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::performance::report::{ErrorEvidence, ErrorState, Watch, gather};
use crate::drift::report::ENGINE;
use crate::statistics::rate_detector::RateDetector;
use serde::{Deserialize, Serialize};

/// Identifies the format of a result.
pub const REVIEW_RESULT_FORMAT: &str = "driftledger/review-result/v1";
/// The key under which an alert covers disagreement in review, as `feature/series`.
pub const DISAGREEMENT_SERIES: &str = "review/disagreement";

/// The end of a sample: canonical JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewResult {
    /// Always [`REVIEW_RESULT_FORMAT`].
    pub format: String,
    /// Id of the sample.
    pub sample_id: String,
    /// SHA-256 of the sample.
    pub sample_sha256: String,
    /// The build that computed it.
    pub engine: String,
    /// What the answers say.
    pub figures: ReviewFigures,
    /// Evidence over time that people disagree more often than the policy tolerates; absent where it says nothing about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disagreement: Option<ErrorEvidence>,
    /// User name of who closed the sample.
    pub closed_by: String,
    /// Why it is closed, where cases are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ReviewResult {
    /// The end of `sample` with these `answers`, in the order of the ledger. Where the policy watches disagreement, `before` is the
    /// state of its evidence after the sample closed before.
    ///
    /// # Errors
    ///
    /// As [`ReviewFigures::of`]; [`Error::Empty`] where cases are left and no reason is given.
    pub fn compose(
        (sample_id, sample_sha256, sample): (&str, &str, &ReviewSample),
        answers: &[ReviewAnswer],
        watch: Option<Watch<'_>>,
        before: Option<ErrorState>,
        (closed_by, reason): (&str, Option<&str>),
    ) -> Result<Self> {
        let figures = ReviewFigures::of(sample, answers)?;
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if figures.left() > 0 && reason.is_none() {
            let hint = "cases or readings are left; say why the sample is closed all the same";
            return Err(Error::Empty { field: "reason", hint });
        }
        let disagreement = watch.map(|watch| {
            let detector = watch.alarm.detector();
            let before = before.unwrap_or_else(|| ErrorState::start(&detector));
            let strata = strata(sample, first(answers), false);
            let rows: Vec<(f64, [u64; 2])> =
                strata.iter().map(|one| (one.weight, [one.right, one.wrong])).collect();
            gather(&watch, before, &rows, |detector| told(detector, sample, &figures))
        });
        Ok(Self {
            format: REVIEW_RESULT_FORMAT.to_owned(),
            sample_id: sample_id.to_owned(),
            sample_sha256: sample_sha256.to_owned(),
            engine: ENGINE.to_owned(),
            figures,
            disagreement,
            closed_by: closed_by.to_owned(),
            reason: reason.map(str::to_owned),
        })
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// The alert that it opens.
    pub fn opens(&self) -> Option<EpisodeOpening> {
        let sentence = self.disagreement.as_ref()?.alarm.clone()?;
        Some(EpisodeOpening {
            kind: EpisodeKind::Disagreement,
            series: vec![DISAGREEMENT_SERIES.to_owned()],
            sentences: vec![sentence],
        })
    }
}

/// The alarm in words.
fn told(detector: &RateDetector, sample: &ReviewSample, figures: &ReviewFigures) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let named: Vec<String> =
        sample.batches.iter().map(|batch| format!("`{}`", batch.name)).collect();
    let weighted = figures.error_rate.interval().map_or_else(String::new, |interval| {
        format!(" ({} of all rows, by the weights of the strata)", percent(interval.estimate))
    });
    format!(
        "disagreement in review: of {} predictions of {} reviewers judged otherwise in {}{weighted}; up to {} is tolerated (reference {}, tolerance {})",
        figures.answered - figures.cannot_be_judged,
        named.join(", "),
        figures.disagreed(),
        percent(detector.limit()),
        percent(detector.reference),
        percent(detector.tolerance),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::performance::rule::ErrorAlarm;
    use crate::review::specimen::{answers, sample};

    #[test]
    fn disagreement_raises_an_alert_that_names_it() {
        let alarm = ErrorAlarm {
            reference_errors: 0,
            reference_rows: 100_000,
            tolerance: 0.0001,
            share: 0.15,
        };
        let watch = Watch { alarm: &alarm, batches_per_false_alarm: 2.0 };
        let mut all = answers();
        all.iter_mut().for_each(|one| one.answer = Some("0".to_owned()));
        let of = sample();
        let about = ("rs_1", "0", &of);
        let made =
            ReviewResult::compose(about, &all, Some(watch), None, ("quentin", None)).unwrap();
        let opening = made.opens().unwrap();
        assert_eq!(opening.kind, EpisodeKind::Disagreement);
        assert!(opening.sentences[0].contains("judged otherwise in 2"), "{opening:?}");
        let quiet = ReviewResult::compose(about, &all, None, None, ("quentin", None)).unwrap();
        assert!(quiet.opens().is_none() && quiet.disagreement.is_none());
        let early = ReviewResult::compose(about, &all[..2], None, None, ("quentin", Some(" ")));
        assert!(early.is_err(), "cases are left");
    }
}
