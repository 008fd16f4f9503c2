//! What a reviewer answered about one case of a review sample. The first answer of a case stays and counts; who wants to correct it
//! adds another with a reason.
//!
//! The model's answer and the stratum stand in the answer because they may be told from then on: the sample holds neither.

use super::reading::Reading;
use super::review_sample::ReviewSample;
use super::{Error, Result};
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of an answer.
pub const REVIEW_ANSWER_FORMAT: &str = "driftledger/review-answer/v1";

/// One answer: canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewAnswer {
    /// Always [`REVIEW_ANSWER_FORMAT`].
    pub format: String,
    /// Id of the sample.
    pub sample_id: String,
    /// SHA-256 of the sample.
    pub sample_sha256: String,
    /// Number of the case in the order of review, from 1.
    pub case: u64,
    /// Which reading of the case it is.
    #[serde(default, skip_serializing_if = "Reading::is_first")]
    pub reading: Reading,
    /// Id of its batch.
    pub batch_id: String,
    /// Number of its row in the file, from 1.
    pub row: u64,
    /// SHA-256 of the canonical JSON of the declared cells of the row, by name.
    pub row_sha256: String,
    /// Whether the model's answer was hidden until this one was stored.
    pub blind: bool,
    /// The stratum of the row.
    pub stratum: String,
    /// What the model answered.
    pub model_answer: String,
    /// What the reviewer answered: a class of the sample, or a number where numbers are predicted; absent where the case cannot be judged,
    /// and where the predicted number was accepted or rejected as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whether the reviewer accepts the predicted number, which they saw, as within the tolerance; absent where they said a number of their
    /// own, and where classes are predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts: Option<bool>,
    /// Why the case cannot be judged, or why the answer before is corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What else the reviewer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Id of the answer that this one corrects; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<String>,
    /// Milliseconds from when the case was first shown to the reviewer to the answer, by the clock of the server; absent for a correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwell_ms: Option<u64>,
    /// User name of who answered.
    pub answered_by: String,
}

impl ReviewAnswer {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Whether reviewer and model agree: the same class, or numbers within the tolerance of the sample's plan; `None` where the case cannot
    /// be judged.
    pub fn agrees(&self, sample: &ReviewSample) -> Option<bool> {
        let Some(tolerance) = sample.plan.tolerance else {
            return self.answer.as_ref().map(|answer| *answer == self.model_answer);
        };
        self.accepts.or_else(|| {
            let (model, own) = self.numbers()?;
            Some(within(tolerance, model, own))
        })
    }

    /// The predicted number and the reviewer's own, where both are there.
    pub fn numbers(&self) -> Option<(f64, f64)> {
        self.model_answer.parse().ok().zip(self.own_number())
    }

    fn own_number(&self) -> Option<f64> {
        self.answer.as_ref()?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Whether two readings of a case of `sample` say the same: the same class; numbers within the tolerance of each other; or, where one
    /// accepts or rejects the predicted number, the same about it. Two that could not judge say the same.
    pub fn says_as(&self, other: &Self, sample: &ReviewSample) -> bool {
        let Some(tolerance) = sample.plan.tolerance else { return self.answer == other.answer };
        match (self.own_number(), other.own_number()) {
            (Some(a), Some(b)) => within(tolerance, a, b),
            _ => self.agrees(sample) == other.agrees(sample),
        }
    }

    /// Whether the case was judged: a class or a number was said, or the predicted number accepted or rejected.
    pub fn is_judged(&self) -> bool {
        self.answer.is_some() || self.accepts.is_some()
    }

    /// What it says, in a word for people.
    pub fn words(&self) -> String {
        match (&self.answer, self.accepts) {
            (Some(answer), _) => answer.clone(),
            (None, Some(true)) => "accepted".to_owned(),
            (None, Some(false)) => "rejected".to_owned(),
            (None, None) => "cannot be judged".to_owned(),
        }
    }

    /// Whether it holds as an answer to a case of `sample`.
    ///
    /// # Errors
    ///
    /// [`Error::ReviewSample`] and [`Error::Empty`], saying what is wrong.
    pub fn validate(&self, sample: &ReviewSample) -> Result<()> {
        let refused = |reason: String| Err(Error::ReviewSample { reason });
        if self.format != REVIEW_ANSWER_FORMAT {
            return refused("the format of the answer is another".to_owned());
        }
        let Some(case) = sample.case(self.case) else {
            let cases = sample.cases.len();
            return refused(format!("the sample has {cases} cases, none of number {}", self.case));
        };
        let batch = sample.batch_of(case).map(|batch| batch.id.as_str());
        if (batch, case.row, case.blind) != (Some(self.batch_id.as_str()), self.row, self.blind) {
            return refused("the answer is about another row than its case".to_owned());
        }
        if !sample.strata.iter().any(|stratum| stratum.name == self.stratum) {
            return refused(format!("the sample has no stratum `{}`", self.stratum));
        }
        if !self.reading.is_first() && !case.second {
            return refused("the plan asks for one reading of this case".to_owned());
        }
        let reason = self.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        if let Some(refusal) = self.unlike_prediction(sample) {
            return refused(refusal);
        }
        if !self.is_judged() && !reason {
            let hint = "say why the case cannot be judged";
            return Err(Error::Empty { field: "reason", hint });
        }
        if self.reading == Reading::Adjudication && !reason {
            let hint = "say why this holds of what the two readers said";
            return Err(Error::Empty { field: "reason", hint });
        }
        if self.corrects.is_some() && !reason {
            let hint = "say why the answer before is corrected";
            return Err(Error::Empty { field: "reason", hint });
        }
        if self.corrects.is_some() == self.dwell_ms.is_some() {
            return refused("a first answer has a dwell time, a correction has none".to_owned());
        }
        Ok(())
    }

    /// Why what was said is nothing that can be said of a case of `sample`; `None` where it can.
    fn unlike_prediction(&self, sample: &ReviewSample) -> Option<String> {
        if sample.plan.tolerance.is_none() {
            if self.accepts.is_some() {
                return Some("classes are predicted; say one of them".to_owned());
            }
            let answer = self.answer.as_ref().filter(|answer| !sample.classes.contains(answer))?;
            let expected = sample.classes.join(", ");
            return Some(format!("`{answer}` is no class; expected one of {expected}"));
        }
        if self.accepts.is_some() && self.answer.is_some() {
            return Some(
                "say a number, or whether the predicted one is accepted, not both".to_owned(),
            );
        }
        if self.accepts.is_some() && self.blind {
            return Some(
                "the case is blind: say a number, without having seen the predicted one".to_owned(),
            );
        }
        let answer = self.answer.as_ref()?;
        self.own_number().is_none().then(|| format!("`{answer}` is no number"))
    }
}

/// Whether two numbers are at most `tolerance` apart; a billionth of it more is let pass, which is how far two decimal numbers may be off
/// as binary ones.
fn within(tolerance: f64, a: f64, b: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + 1e-9) + 1e-12 * a.abs().max(b.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::specimen::{answer, sample};

    #[test]
    fn an_answer_is_about_its_case_and_says_what_it_must() {
        let good = answer(2, "1", "0");
        good.validate(&sample()).unwrap();
        assert_eq!(good.agrees(&sample()), Some(false));
        let without = ReviewAnswer {
            answer: None,
            reason: Some("the picture is blurred".to_owned()),
            ..good.clone()
        };
        without.validate(&sample()).unwrap();
        assert_eq!(without.agrees(&sample()), None);
        let changes: [fn(&mut ReviewAnswer); 12] = [
            |a| a.format = "x".to_owned(),
            |a| a.case = 5,
            |a| a.case = 0,
            |a| a.row = 7,
            |a| a.blind = false,
            |a| a.batch_id = "ba_2".to_owned(),
            |a| a.stratum = "2".to_owned(),
            |a| a.answer = Some("2".to_owned()),
            |a| a.answer = None,
            |a| a.accepts = Some(true),
            |a| a.reading = Reading::Second,
            |a| a.corrects = Some("ra_1".to_owned()),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = good.clone();
            change(&mut changed);
            assert!(changed.validate(&sample()).is_err(), "change {number}");
        }
        let mut correction = good;
        (correction.corrects, correction.dwell_ms) = (Some("ra_1".to_owned()), None);
        assert!(correction.validate(&sample()).is_err(), "it needs a reason");
        correction.reason = Some("mistyped".to_owned());
        correction.validate(&sample()).unwrap();
    }

    #[test]
    fn a_number_agrees_within_the_tolerance_or_is_accepted_where_it_was_seen() {
        let mut of = sample();
        (of.plan.tolerance, of.classes) = (Some(0.1), Vec::new());
        of.validate().unwrap();
        let mut said = answer(2, "4.1", "4.2");
        said.stratum = "0".to_owned();
        said.validate(&of).unwrap();
        assert_eq!((said.agrees(&of), said.numbers()), (Some(true), Some((4.1, 4.2))));
        let mut other = ReviewAnswer { answer: Some("4.31".to_owned()), ..said.clone() };
        assert_eq!((other.agrees(&of), said.says_as(&other, &of)), (Some(false), false));
        for wrong in ["dusty", "NaN", "inf", ""] {
            other.answer = Some(wrong.to_owned());
            assert!(other.validate(&of).is_err(), "{wrong}");
        }
        (other.answer, other.accepts) = (None, Some(true));
        assert!(other.validate(&of).is_err(), "it was not seen");
        let mut seen = answer(1, "4.1", "4.2");
        (seen.answer, seen.accepts) = (None, Some(false));
        seen.stratum = "1".to_owned();
        seen.validate(&of).unwrap();
        assert_eq!((seen.agrees(&of), seen.words().as_str()), (Some(false), "rejected"));
        seen.answer = Some("4.2".to_owned());
        assert!(seen.validate(&of).is_err(), "one or the other");
    }
}
