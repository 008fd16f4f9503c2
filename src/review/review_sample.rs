//! A review sample: which predictions people look at, drawn by a recorded plan and seed, so that whoever has the files can draw the
//! same ones again.
//!
//! The document says of a case its batch, its row and whether it is blind, in the order of review. It does not say what the model
//! answered nor of which stratum the case is: these stand in the answers, which come later.

use super::{Error, Result};
use crate::digest;
use crate::statistics::review_plan::fixed_plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Identifies the format of a review sample.
pub const REVIEW_SAMPLE_FORMAT: &str = "driftledger/review-sample/v1";
/// Cases in a sample at most.
pub const CASES_MAX: u64 = 2_000;
/// Strata at most.
pub const STRATA_MAX: usize = 100;
/// Batches at most.
pub const BATCHES_MAX: usize = 50;
/// Values that a column which makes strata may take at most.
pub const LEVELS_MAX: usize = 20;
/// Share of blind reviews at least: see [`super::concordance`].
pub const BLIND_SHARE_MIN: f64 = super::concordance::BLIND_SHARE_MIN;

/// How many rows of each stratum are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// So many of every stratum, or all it has.
    PerStratum(u64),
    /// So many in all, of every stratum in proportion to its rows, and one at least.
    Proportional(u64),
}

/// How a sample is drawn, and what it shall show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplingPlan {
    /// Values of the score between which bands of confidence lie, ascending; none: the score makes no strata. Where numbers are predicted,
    /// values of the predicted number instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<f64>,
    /// A declared column whose values make strata, besides the predicted class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How many rows.
    pub allocation: Allocation,
    /// Share of the cases that are reviewed blind: the model's answer is hidden until the reviewer has answered.
    pub blind_share: f64,
    /// Share of the cases that a second person reads as well, without being told what the first said.
    #[serde(default, skip_serializing_if = "is_none")]
    pub second_share: f64,
    /// Of a version that predicts numbers: how far the reviewer's number may be from the predicted one and agree with it, in the unit of
    /// the prediction. Absent for one that predicts classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// The error rate that shall be excluded.
    pub claim: f64,
    /// With which confidence.
    pub confidence: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(share: &f64) -> bool {
    *share == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_not(flag: &bool) -> bool {
    !flag
}

/// How many of `cases` a share of them is, rounded up.
fn part_of(share: f64, cases: u64) -> u64 {
    let part = libm::ceil(share * cases as f64 - 1e-9).max(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the number of cases"
    )]
    let part = part as u64;
    part.min(cases)
}

/// A batch that rows are drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampledBatch {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Its rows.
    pub rows: u64,
}

/// A stratum: rows that are alike in predicted class and, where the plan says so, in confidence or a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampledStratum {
    /// What its rows have in common.
    pub name: String,
    /// Its rows in all batches.
    pub rows: u64,
    /// Rows drawn.
    pub drawn: u64,
    /// Drawn rows by rows: the chance of each of its rows to be drawn.
    pub inclusion_probability: f64,
}

/// A case: one row to be reviewed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ReviewCase {
    /// Which batch of the sample's list, from 0.
    pub batch: u64,
    /// Number of the row in its file, from 1.
    pub row: u64,
    /// Whether the model's answer is hidden until the reviewer has answered.
    pub blind: bool,
    /// Whether a second person reads it as well.
    #[serde(default, skip_serializing_if = "is_not")]
    pub second: bool,
}

/// A drawn sample: canonical JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewSample {
    /// Always [`REVIEW_SAMPLE_FORMAT`].
    pub format: String,
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// What the review is for.
    pub purpose: String,
    /// The plan.
    pub plan: SamplingPlan,
    /// Where the draw begins, 32 hexadecimal digits; nobody chose it.
    pub seed: String,
    /// The batches, oldest first.
    pub batches: Vec<SampledBatch>,
    /// Classes that a reviewer chooses from.
    pub classes: Vec<String>,
    /// The strata, in order of their names.
    pub strata: Vec<SampledStratum>,
    /// Rows of the batches without a prediction; none of them is drawn.
    pub without_prediction: u64,
    /// The cases in the order of review.
    pub cases: Vec<ReviewCase>,
    /// User name of who drew it.
    pub drawn_by: String,
}

impl SamplingPlan {
    /// Checks what somebody asked for.
    ///
    /// # Errors
    ///
    /// [`Error::ReviewSample`], saying what is wrong; [`Error::Plan`] for a claim that no plan supports.
    pub fn validate(&self) -> Result<()> {
        let refused = |reason: String| Err(Error::ReviewSample { reason });
        fixed_plan(self.claim, self.confidence, 0)?;
        let wanted = match self.allocation {
            Allocation::PerStratum(rows) | Allocation::Proportional(rows) => rows,
        };
        if !(1..=CASES_MAX).contains(&wanted) {
            return refused(format!("it asks for {wanted} cases; expected 1 to {CASES_MAX}"));
        }
        if !(BLIND_SHARE_MIN..=1.0).contains(&self.blind_share) {
            let (found, least) = (self.blind_share, BLIND_SHARE_MIN);
            return refused(format!("blind_share is {found}; expected {least} to 1"));
        }
        if !(0.0..=1.0).contains(&self.second_share) {
            let found = self.second_share;
            return refused(format!("second_share is {found}; expected 0 to 1"));
        }
        if let Some(found) = self.tolerance.filter(|found| !(found.is_finite() && *found > 0.0)) {
            return refused(format!("tolerance is {found}; expected more than 0"));
        }
        let ascending = self.bands.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || self.bands.iter().any(|limit| !limit.is_finite()) || self.bands.len() > 10
        {
            return refused("the limits of the bands are at most 10 ascending numbers".to_owned());
        }
        Ok(())
    }

    /// How many of `cases` are blind.
    pub fn blind_cases(&self, cases: u64) -> u64 {
        part_of(self.blind_share, cases)
    }

    /// How many of `cases` are read twice.
    pub fn second_cases(&self, cases: u64) -> u64 {
        part_of(self.second_share, cases)
    }

    /// How many rows to draw of strata of these sizes.
    pub fn allocate(&self, sizes: &[u64]) -> Vec<u64> {
        let (all, wanted) = match self.allocation {
            Allocation::PerStratum(rows) => {
                return sizes.iter().map(|size| rows.min(*size)).collect();
            }
            Allocation::Proportional(cases) => (sizes.iter().sum::<u64>().max(1), cases),
        };
        // Largest remainder, in whole numbers: every stratum gets its whole part, the rest goes to the largest remainders.
        let wanted = wanted.min(all);
        let part = |size: &u64| u128::from(*size) * u128::from(wanted);
        let mut drawn: Vec<u64> =
            sizes.iter().map(|size| (part(size) / u128::from(all)) as u64).collect();
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&place| {
            (std::cmp::Reverse(part(&sizes[place]) % u128::from(all)), place)
        });
        let left = wanted - drawn.iter().sum::<u64>();
        for place in order.into_iter().take(left as usize) {
            drawn[place] += 1;
        }
        drawn.iter().zip(sizes).map(|(&drawn, &size)| drawn.max(1).min(size)).collect()
    }
}

impl ReviewSample {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// The case of this number, from 1.
    pub fn case(&self, number: u64) -> Option<&ReviewCase> {
        usize::try_from(number.checked_sub(1)?).ok().and_then(|place| self.cases.get(place))
    }

    /// The batch of a case.
    pub fn batch_of(&self, case: &ReviewCase) -> Option<&SampledBatch> {
        self.batches.get(usize::try_from(case.batch).ok()?)
    }

    /// Rows that a case of a stratum stands for, where an average case stands for one.
    pub fn weight(&self, stratum: &SampledStratum) -> f64 {
        let rows: u64 = self.strata.iter().map(|stratum| stratum.rows).sum();
        let share = stratum.rows as f64 / rows.max(1) as f64;
        share * self.cases.len() as f64 / stratum.drawn.max(1) as f64
    }

    /// Whether it holds by itself.
    ///
    /// # Errors
    ///
    /// [`Error::ReviewSample`], [`Error::Plan`] and [`Error::Empty`], saying what is wrong.
    pub fn validate(&self) -> Result<()> {
        let refused = |reason: String| Err(Error::ReviewSample { reason });
        self.plan.validate()?;
        if self.format != REVIEW_SAMPLE_FORMAT {
            return refused("its format is another".to_owned());
        }
        if self.purpose.trim().is_empty() {
            let hint = "say what the review is for";
            return Err(Error::Empty { field: "purpose", hint });
        }
        if self.seed.len() != 32 || !self.seed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return refused("its seed is not 32 hexadecimal digits".to_owned());
        }
        if self.plan.tolerance.is_some() != self.classes.is_empty() || self.classes.len() == 1 {
            let found = self.classes.len();
            return refused(format!(
                "it has {found} classes; expected two at least, or none and a tolerance where numbers are predicted"
            ));
        }
        if self.batches.is_empty() || self.batches.len() > BATCHES_MAX {
            let found = self.batches.len();
            return refused(format!("it is of {found} batches; expected 1 to {BATCHES_MAX}"));
        }
        let cases = self.cases.len() as u64;
        if !(1..=CASES_MAX).contains(&cases) || self.strata.len() > STRATA_MAX {
            let strata = self.strata.len();
            return refused(format!(
                "it has {cases} cases of {strata} strata; expected 1 to {CASES_MAX} of at most {STRATA_MAX}"
            ));
        }
        self.counts_agree().map_or(Ok(()), |reason| refused(reason.to_owned()))
    }

    /// What does not add up; `None` where all does.
    fn counts_agree(&self) -> Option<&'static str> {
        let sizes: Vec<u64> = self.strata.iter().map(|stratum| stratum.rows).collect();
        let drawn: Vec<u64> = self.strata.iter().map(|stratum| stratum.drawn).collect();
        if self.plan.allocate(&sizes) != drawn {
            return Some("the rows drawn of its strata are not those of its plan");
        }
        let chance = |stratum: &SampledStratum| stratum.drawn as f64 / stratum.rows.max(1) as f64;
        let differs = |stratum: &SampledStratum| {
            (stratum.inclusion_probability - chance(stratum)).abs() > 1e-12
        };
        if self.strata.iter().any(differs) {
            return Some("an inclusion probability is not drawn rows by rows");
        }
        let cases = self.cases.len() as u64;
        if drawn.iter().sum::<u64>() != cases {
            return Some("its cases are not as many as the drawn rows of its strata");
        }
        let rows: u64 = self.batches.iter().map(|batch| batch.rows).sum();
        if sizes.iter().sum::<u64>() + self.without_prediction != rows {
            return Some("its strata do not have the rows of its batches");
        }
        let blind = self.cases.iter().filter(|case| case.blind).count() as u64;
        if blind != self.plan.blind_cases(cases) {
            return Some("its blind cases are not as many as its plan says");
        }
        let second = self.cases.iter().filter(|case| case.second).count() as u64;
        if second != self.plan.second_cases(cases) {
            return Some("its cases that are read twice are not as many as its plan says");
        }
        let distinct: BTreeSet<_> = self.cases.iter().map(|case| (case.batch, case.row)).collect();
        let known = |case: &ReviewCase| {
            self.batch_of(case).is_some_and(|batch| (1..=batch.rows).contains(&case.row))
        };
        if distinct.len() != self.cases.len() || !self.cases.iter().all(known) {
            return Some("a case is there twice, or its batch has no such row");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::specimen::sample;

    #[test]
    fn a_sample_adds_up() {
        sample().validate().unwrap();
        let changes: [fn(&mut ReviewSample); 15] = [
            |s| s.format = "x".to_owned(),
            |s| s.purpose = " ".to_owned(),
            |s| s.seed = "0".to_owned(),
            |s| s.classes.truncate(1),
            |s| s.batches.clear(),
            |s| s.cases.clear(),
            |s| s.strata[0].drawn = 3,
            |s| s.strata[1].inclusion_probability = 0.5,
            |s| s.without_prediction = 0,
            |s| s.cases[0].blind = true,
            |s| s.cases[0].second = true,
            |s| s.plan.tolerance = Some(0.5),
            |s| s.classes.clear(),
            |s| s.cases[0].row = 3,
            |s| s.cases[0].row = 102,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = sample();
            change(&mut changed);
            assert!(changed.validate().is_err(), "change {number}");
        }
        let weights: Vec<f64> = sample().strata.iter().map(|s| sample().weight(s)).collect();
        assert_eq!(weights, [0.2, 1.8]);
    }

    #[test]
    fn plans_have_their_limits() {
        let plan = sample().plan;
        let changes: [fn(&mut SamplingPlan); 9] = [
            |p| p.claim = 0.0,
            |p| p.confidence = 1.0,
            |p| p.blind_share = 0.09,
            |p| p.blind_share = 1.01,
            |p| p.second_share = 1.01,
            |p| p.second_share = f64::NAN,
            |p| p.tolerance = Some(0.0),
            |p| p.allocation = Allocation::PerStratum(0),
            |p| p.bands = vec![0.9, 0.5],
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = plan.clone();
            change(&mut changed);
            assert!(changed.validate().is_err(), "change {number}");
        }
        assert_eq!([0, 1, 3, 10].map(|cases| plan.blind_cases(cases)), [0, 1, 2, 5]);
        let fifth = SamplingPlan { blind_share: 0.2, ..plan };
        assert_eq!(fifth.blind_cases(10), 2, "0.2 · 10 is two, not three");
    }

    #[test]
    fn proportional_rows_are_those_of_the_largest_remainder() {
        let plan =
            |cases| SamplingPlan { allocation: Allocation::Proportional(cases), ..sample().plan };
        assert_eq!(plan(10).allocate(&[50, 30, 20]), [5, 3, 2]);
        assert_eq!(plan(10).allocate(&[34, 33, 33]), [4, 3, 3]);
        assert_eq!(plan(10).allocate(&[999, 1]), [10, 1], "one of each stratum at least");
        assert_eq!(plan(10).allocate(&[3, 2]), [3, 2], "no more than there are");
        assert_eq!(plan(10).allocate(&[]), [0; 0]);
        assert_eq!(sample().plan.allocate(&[1, 90]), [1, 2]);
    }
}
