//! What a reviewer answered about one case of a review sample. The first answer of a case stays and counts; who wants to correct it
//! adds another with a reason.
//!
//! The model's answer and the stratum stand in the answer because they may be told from then on: the sample holds neither.

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
    /// What the reviewer answered: a class of the sample; absent where the case cannot be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
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

    /// Whether reviewer and model agree; `None` where the case cannot be judged.
    pub fn agrees(&self) -> Option<bool> {
        self.answer.as_ref().map(|answer| *answer == self.model_answer)
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
        let reason = self.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        match &self.answer {
            Some(answer) if !sample.classes.contains(answer) => {
                let expected = sample.classes.join(", ");
                return refused(format!("`{answer}` is no class; expected one of {expected}"));
            }
            None if !reason => {
                let hint = "say why the case cannot be judged";
                return Err(Error::Empty { field: "reason", hint });
            }
            _ => {}
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::specimen::{answer, sample};

    #[test]
    fn an_answer_is_about_its_case_and_says_what_it_must() {
        let good = answer(2, "1", "0");
        good.validate(&sample()).unwrap();
        assert_eq!(good.agrees(), Some(false));
        let without = ReviewAnswer {
            answer: None,
            reason: Some("the picture is blurred".to_owned()),
            ..good.clone()
        };
        without.validate(&sample()).unwrap();
        assert_eq!(without.agrees(), None);
        let changes: [fn(&mut ReviewAnswer); 10] = [
            |a| a.format = "x".to_owned(),
            |a| a.case = 5,
            |a| a.case = 0,
            |a| a.row = 7,
            |a| a.blind = false,
            |a| a.batch_id = "ba_2".to_owned(),
            |a| a.stratum = "2".to_owned(),
            |a| a.answer = Some("2".to_owned()),
            |a| a.answer = None,
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
}
