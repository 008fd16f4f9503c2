//! Expected performance without labels (CBPE: confidence-based performance estimation).
//!
//! What accuracy, sensitivity and precision would be *if nothing but the inputs had changed*: if the scores are right on
//! this batch and the relation between inputs and outcome is what it was. Where that relation changed it is wrong without
//! any sign of it, so it is never shown as performance, never decides, and never suppresses an alarm. It is withheld where
//! its conditions are visibly not met.
//!
//! Source: Garg et al. 2022 and the confidence-based estimate as named by Białek et al. 2024; `docs/STATISTICS.md`.

use super::calibration::Calibration;
use super::figures::{FigureName, Figures};
use super::tally::ScoreTally;
use crate::dataset::bins::FeatureBins;
use crate::dataset::schema::Role;
use crate::drift::assess::Verdict;
use crate::drift::reference::Reference;
use crate::drift::report::DriftReport;
use crate::statistics::intervals::Interval;
use serde::{Deserialize, Serialize};

/// Share of rows out of the reference range from which the estimate is withheld.
const OUT_OF_RANGE_MAX: f64 = 0.01;

/// What the drift report of the batch says about its inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Inputs {
    /// Inputs beyond tolerance in this batch or under an open alert.
    pub beyond_tolerance: Vec<String>,
    /// Inputs of whose values more than 1 % are unseen, or in the tails beyond the reference's own share.
    pub out_of_range: Vec<String>,
}

impl Inputs {
    /// The inputs of the batch in `report`, judged against `reference`.
    pub fn of(report: &DriftReport, reference: &Reference) -> Self {
        let mut found = Self::default();
        for (feature, frozen) in report.features.iter().zip(&reference.features) {
            if feature.role != Role::Feature {
                continue;
            }
            let muted = feature.series.iter().any(|series| series.muted || series.alarmed);
            if feature.verdict == Verdict::Drift || muted {
                found.beyond_tolerance.push(feature.feature.clone());
            }
            let share = |profile: &crate::dataset::profile::FeatureProfile| {
                let values = profile.rows() - profile.missing().iter().sum::<u64>();
                let out: u64 = match frozen.bins {
                    FeatureBins::Levels { .. } => profile.unseen.iter().sum(),
                    _ => profile.low_tail.iter().chain(&profile.high_tail).sum(),
                };
                if values == 0 { 0.0 } else { out as f64 / values as f64 }
            };
            let usual = match frozen.bins {
                FeatureBins::Levels { .. } => 0.0,
                _ => share(&frozen.profile),
            };
            if share(&feature.profile) > usual + OUT_OF_RANGE_MAX {
                found.out_of_range.push(feature.feature.clone());
            }
        }
        found
    }
}

/// The batch whose labels last showed the scores to be right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Verified {
    /// Name of the batch.
    pub batch: String,
    /// Its number within the version.
    pub number: u64,
    /// Its debiased calibration error.
    pub error: f64,
}

/// What is expected if nothing but the inputs changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Expected {
    /// Always "expected if nothing but the inputs changed".
    pub meaning: String,
    /// Rows with a score, labelled or not.
    pub rows: u64,
    /// Why it must not be read, if so; then it is shown in grey with these reasons, or not at all.
    pub withheld: Vec<String>,
    /// Share of right predictions.
    pub accuracy: f64,
    /// Its standard error: chance, and the calibration error last seen.
    pub standard_error: f64,
    /// Share of the positive class predicted as such; only with two classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<f64>,
    /// Share of positive predictions that is right; only with two classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
}

/// The words beside every such figure.
pub const MEANING: &str = "expected if nothing but the inputs changed";

/// What the estimate depends on besides the scores.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    /// The inputs of the batch.
    pub inputs: &'a Inputs,
    /// Number of the batch within the version.
    pub number: u64,
    /// Which batch last showed the scores to be right.
    pub verified: Option<&'a Verified>,
    /// N: batches after which that is too long ago.
    pub batches_max: f64,
    /// Figures of this cohort, where its labels are there.
    pub figures: Option<&'a Figures>,
    /// Calibration of this cohort, where its labels are there.
    pub calibration: Option<&'a Calibration>,
}

impl Expected {
    /// The estimate of `scores`; none without a scored row.
    pub fn of(
        scores: &ScoreTally,
        has_positive: bool,
        conditions: &Conditions<'_>,
    ) -> Option<Self> {
        let rows: u64 = scores.predicted.iter().sum();
        if rows == 0 {
            return None;
        }
        let n = rows as f64;
        let [other, positive] = scores.score_sum;
        let right = positive + (scores.predicted[0] as f64 - other);
        let calibration_error = conditions.verified.map_or(0.0, |verified| verified.error);
        let accuracy = right / n;
        let chance = scores.variance_sum / (n * n);
        let standard_error = libm::sqrt(chance + calibration_error * calibration_error);
        let ratio = |of: f64| (has_positive && of > 0.0).then(|| positive / of);
        Some(Self {
            meaning: MEANING.to_owned(),
            rows,
            withheld: withheld(conditions, accuracy),
            accuracy,
            standard_error,
            sensitivity: ratio(positive + other),
            precision: ratio(scores.predicted[1] as f64),
        })
    }

    /// The accuracy with its 95 % limits.
    pub fn limits(&self) -> Interval {
        let half = 1.96 * self.standard_error;
        let (lower, upper) = ((self.accuracy - half).max(0.0), (self.accuracy + half).min(1.0));
        Interval { lower, estimate: self.accuracy, upper }
    }
}

fn withheld(conditions: &Conditions<'_>, accuracy: f64) -> Vec<String> {
    let mut reasons = Vec::new();
    let list = |names: &[String]| {
        let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
        let more = names.len().saturating_sub(5);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", shown.join(", "))
    };
    let inputs = conditions.inputs;
    if !inputs.beyond_tolerance.is_empty() {
        reasons.push(format!("inputs beyond tolerance: {}", list(&inputs.beyond_tolerance)));
    }
    if !inputs.out_of_range.is_empty() {
        reasons.push(format!(
            "more than 1 % of the rows out of the reference range: {}",
            list(&inputs.out_of_range)
        ));
    }
    match conditions.verified {
        None => reasons.push("no labels have shown yet that the scores are right".to_owned()),
        Some(verified)
            if (conditions.number.saturating_sub(verified.number)) as f64
                > conditions.batches_max =>
        {
            let ago = conditions.number - verified.number;
            reasons.push(format!("labels last showed {ago} batches ago that the scores are right"));
        }
        Some(_) => {}
    }
    if conditions.calibration.is_some_and(|found| !found.verified) {
        reasons.push("the labels of this batch show that the scores are not right".to_owned());
    }
    let observed = conditions.figures.and_then(|figures| figures.get(FigureName::Accuracy));
    if let Some([lower, upper]) = observed.and_then(|figure| figure.interval)
        && !(lower..=upper).contains(&accuracy)
    {
        reasons.push(format!(
            "the labels of this batch disagree: accuracy {:.1} % to {:.1} %",
            100.0 * lower,
            100.0 * upper
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores() -> ScoreTally {
        // scores 0.1, 0.4 predicted 0; 0.6, 0.9 predicted 1
        ScoreTally {
            predicted: [2, 2],
            score_sum: [0.5, 1.5],
            variance_sum: 0.09 + 0.24 + 0.24 + 0.09,
            ..ScoreTally::default()
        }
    }

    fn verified(number: u64) -> Verified {
        Verified { batch: "b".to_owned(), number, error: 0.03 }
    }

    fn conditions<'a>(inputs: &'a Inputs, verified: Option<&'a Verified>) -> Conditions<'a> {
        Conditions {
            inputs,
            number: 60,
            verified,
            batches_max: 52.0,
            figures: None,
            calibration: None,
        }
    }

    #[test]
    fn the_expected_confusion_counts() {
        let (inputs, verified) = (Inputs::default(), verified(59));
        let found = Expected::of(&scores(), true, &conditions(&inputs, Some(&verified))).unwrap();
        // mean of max(p, 1 − p) = (0.9 + 0.6 + 0.6 + 0.9)/4
        assert!((found.accuracy - 0.75).abs() < 1e-15);
        assert!((found.sensitivity.unwrap() - 0.75).abs() < 1e-15);
        assert!((found.precision.unwrap() - 0.75).abs() < 1e-15);
        let error = (0.66 / 16.0 + 0.0009_f64).sqrt();
        assert!((found.standard_error - error).abs() < 1e-15 && found.withheld.is_empty());
        assert!(Expected::of(&ScoreTally::default(), true, &conditions(&inputs, None)).is_none());
    }

    #[test]
    fn it_is_withheld_with_reasons() {
        let inputs = Inputs {
            beyond_tolerance: (0..7).map(|i| format!("x{i}")).collect(),
            out_of_range: vec!["y".to_owned()],
        };
        let old = verified(2);
        let found = Expected::of(&scores(), true, &conditions(&inputs, Some(&old))).unwrap();
        let said = found.withheld.join("; ");
        for part in ["`x4` and 2 more", "out of the reference range: `y`", "58 batches ago"] {
            assert!(said.contains(part), "{said}");
        }
        let inputs = Inputs::default();
        let never = Expected::of(&scores(), false, &conditions(&inputs, None)).unwrap();
        assert_eq!(never.withheld, ["no labels have shown yet that the scores are right"]);
        assert!(never.sensitivity.is_none());
    }
}
