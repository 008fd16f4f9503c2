//! What the answers to a review sample say: agreement, the error rate over all rows, whether the claim is met, how long people looked.
//!
//! Every figure counts the first answer of each case, in the order in which they were recorded. A case that cannot be judged is left
//! out of agreement and error rate; for the claim it counts as wrong, so that no claim is met by not judging. Whether corrections would
//! change anything is told beside, and so is what second readings say about the readers.

use super::Result;
use super::concordance::{
    Concordance, Estimate, ReviewedCases, concordance, concordance_of_numbers,
};
use super::number_figures::NumberFigures;
use super::reader_agreement::ReaderAgreement;
use super::review_answer::ReviewAnswer;
use super::review_sample::{ReviewSample, SampledStratum};
use crate::statistics::weighted_review::{
    ReviewedStratum, error_rate, log_evidence, right_cases_to_go,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An answer given in less time was hardly thought about.
pub const QUICK_MS: u64 = 5_000;

/// Where the claim of a sample stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// The error rate is shown to be below the claim.
    Met,
    /// It is not shown, and may still be with the cases that are left.
    NotYet,
    /// It is not shown, and would not be if all cases that are left were right.
    NotWithThisSample,
}

/// The claim of a sample: "the error rate over all rows is below …".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Where it stands.
    pub state: ClaimState,
    /// Answers after which it was met for the first time, in the order in which they were recorded; it stays met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_after: Option<u64>,
    /// ln of the evidence after all answers; absent where none is left, at −∞.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_evidence: Option<f64>,
    /// What it has to reach: −ln(1 − confidence).
    pub limit: f64,
    /// Cases that count as wrong: the reviewer answered otherwise, or could not judge.
    pub wrong: u64,
    /// Further cases, all of them right, that would be needed; 0 where it is met.
    pub right_cases_to_go: u64,
}

/// How long people looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dwell {
    /// Median of the milliseconds from showing a case to its answer; absent without answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<u64>,
    /// Answers given in less than `quick_below_ms`.
    pub quick: u64,
    /// What counts as quick.
    pub quick_below_ms: u64,
}

/// What the answers say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewFigures {
    /// Cases of the sample.
    pub cases: u64,
    /// Cases that were answered.
    pub answered: u64,
    /// Answered cases that cannot be judged.
    pub cannot_be_judged: u64,
    /// Cases whose answer was corrected.
    pub corrected: u64,
    /// Cases on which reviewer and model agree once corrections count.
    pub agreed_after_corrections: u64,
    /// Agreement, blind and assisted apart, with directions.
    pub concordance: Concordance,
    /// Share of all rows of the batches on which a reviewer would answer otherwise, by the weights of the strata.
    pub error_rate: Estimate,
    /// The claim.
    pub claim: Claim,
    /// How long people looked.
    pub dwell: Dwell,
    /// Where numbers are predicted: how far they are from the reviewers'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<NumberFigures>,
    /// Where cases are read twice: whether the readers say the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<ReaderAgreement>,
}

/// The first readings among `answers`, which are in the order of the ledger, without corrections.
pub(super) fn first(answers: &[ReviewAnswer]) -> impl Iterator<Item = &ReviewAnswer> {
    answers.iter().filter(|answer| answer.corrects.is_none() && answer.reading.is_first())
}

/// The reviewed strata of `sample`; cases that cannot be judged are left out, or count as wrong where `strict`.
pub(super) fn strata<'a>(
    sample: &ReviewSample,
    answers: impl Iterator<Item = &'a ReviewAnswer>,
    strict: bool,
) -> Vec<ReviewedStratum> {
    let mut counted: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for answer in answers {
        if let Some(agrees) = answer.agrees(sample).or(strict.then_some(false)) {
            counted.entry(answer.stratum.as_str()).or_default()[usize::from(!agrees)] += 1;
        }
    }
    let of = |stratum: &SampledStratum| {
        let [right, wrong] = counted.get(stratum.name.as_str()).copied().unwrap_or_default();
        ReviewedStratum { rows: stratum.rows, weight: sample.weight(stratum), right, wrong }
    };
    sample.strata.iter().map(of).collect()
}

impl ReviewFigures {
    /// What `answers` to `sample`, in the order of the ledger, say. Pure: the same input gives the same bits.
    ///
    /// # Errors
    ///
    /// [`super::Error::Plan`] for a claim that no plan supports.
    pub fn of(sample: &ReviewSample, answers: &[ReviewAnswer]) -> Result<Self> {
        let concordance = agreement(sample, answers);
        let readings = || answers.iter().filter(|answer| answer.reading.is_first());
        let last: BTreeMap<u64, &ReviewAnswer> =
            readings().map(|answer| (answer.case, answer)).collect();
        let corrected: BTreeSet<u64> =
            readings().filter(|one| one.corrects.is_some()).map(|one| one.case).collect();
        let error_rate = match error_rate(&strata(sample, first(answers), false), 0.95) {
            Ok(interval) => Estimate::Interval(interval),
            Err(crate::statistics::Error::NotEnough { .. }) => {
                Estimate::NotEvaluated("a stratum has no judged case yet".to_owned())
            }
            Err(error) => Estimate::NotEvaluated(error.to_string()),
        };
        Ok(Self {
            cases: sample.cases.len() as u64,
            answered: first(answers).count() as u64,
            cannot_be_judged: concordance.unanswered,
            corrected: corrected.len() as u64,
            agreed_after_corrections: last
                .values()
                .filter(|one| one.agrees(sample) == Some(true))
                .count() as u64,
            concordance,
            error_rate,
            claim: claim(sample, answers)?,
            dwell: dwell(answers),
            numbers: sample.plan.tolerance.map(|limit| NumberFigures::of(limit, first(answers))),
            readers: ReaderAgreement::of(sample, answers),
        })
    }

    /// Judged cases on which reviewer and model disagree.
    pub(super) fn disagreed(&self) -> u64 {
        self.concordance.directions.iter().map(|d| d.model_first + d.model_second).sum()
    }

    /// Readings that are left: first ones, second ones and adjudications.
    pub fn left(&self) -> u64 {
        self.cases - self.answered + self.readers.as_ref().map_or(0, ReaderAgreement::left)
    }
}

/// How far reviewers and model agree, by the first readings.
fn agreement(sample: &ReviewSample, answers: &[ReviewAnswer]) -> Concordance {
    let unanswered = first(answers).filter(|one| !one.is_judged()).count() as u64;
    if sample.plan.tolerance.is_some() {
        let mut counts = [[0; 2]; 2];
        for one in first(answers) {
            if let Some(agrees) = one.agrees(sample) {
                counts[usize::from(one.blind)][usize::from(!agrees)] += 1;
            }
        }
        return concordance_of_numbers(counts[1], counts[0], unanswered);
    }
    let mut counted: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
    for one in first(answers) {
        if let Some(answer) = &one.answer {
            let key = (one.model_answer.clone(), answer.clone());
            counted.entry(key).or_default()[usize::from(one.blind)] += 1;
        }
    }
    concordance(&ReviewedCases::of(&counted, unanswered))
}

fn claim(sample: &ReviewSample, answers: &[ReviewAnswer]) -> Result<Claim> {
    let (rate, confidence) = (sample.plan.claim, sample.plan.confidence);
    let limit = -libm::log1p(-confidence);
    let mut so_far = strata(sample, std::iter::empty(), true);
    let names: Vec<&str> = sample.strata.iter().map(|stratum| stratum.name.as_str()).collect();
    let (mut met_after, mut answered, mut wrong) = (None, 0, 0);
    for answer in first(answers) {
        let Some(place) = names.iter().position(|name| *name == answer.stratum) else { continue };
        answered += 1;
        if answer.agrees(sample) == Some(true) {
            so_far[place].right += 1;
        } else {
            so_far[place].wrong += 1;
            wrong += 1;
        }
        if met_after.is_none() && log_evidence(rate, &so_far, 0)? >= limit - 1e-12 {
            met_after = Some(answered);
        }
    }
    let left = (sample.cases.len() as u64).saturating_sub(answered);
    let right_cases_to_go = match met_after {
        Some(_) => 0,
        None => right_cases_to_go(rate, confidence, &so_far)?,
    };
    let state = match met_after {
        Some(_) => ClaimState::Met,
        None if right_cases_to_go <= left => ClaimState::NotYet,
        None => ClaimState::NotWithThisSample,
    };
    let evidence = log_evidence(rate, &so_far, 0)?;
    let log_evidence = evidence.is_finite().then_some(evidence);
    Ok(Claim { state, met_after, log_evidence, limit, wrong, right_cases_to_go })
}

fn dwell(answers: &[ReviewAnswer]) -> Dwell {
    let mut times: Vec<u64> = first(answers).filter_map(|answer| answer.dwell_ms).collect();
    times.sort_unstable();
    let median_ms = match times.len() {
        0 => None,
        all => Some(u64::midpoint(times[(all - 1) / 2], times[all / 2])),
    };
    let quick = times.iter().filter(|time| **time < QUICK_MS).count() as u64;
    Dwell { median_ms, quick, quick_below_ms: QUICK_MS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::specimen::{answer, answers, sample};

    #[test]
    fn the_figures_of_four_cases() {
        let figures = ReviewFigures::of(&sample(), &answers()).unwrap();
        assert_eq!((figures.cases, figures.answered, figures.cannot_be_judged), (4, 4, 0));
        assert_eq!((figures.concordance.cases, figures.concordance.blind_cases), (4, 2));
        // stratum `0` has 10 of 100 rows and one wrong of two: 0.1 · 1/2
        let rate = figures.error_rate.interval().unwrap();
        assert!((rate.estimate - 0.05).abs() < 1e-12, "{rate:?}");
        assert_eq!((figures.dwell.median_ms, figures.dwell.quick), (Some(9_000), 1));
        assert_eq!(figures.claim.state, ClaimState::NotWithThisSample);
        assert_eq!((figures.claim.wrong, figures.agreed_after_corrections), (1, 3));
    }

    #[test]
    fn the_first_answer_counts_and_corrections_are_told() {
        let mut all = answers();
        all.push(ReviewAnswer {
            answer: Some("0".to_owned()),
            corrects: Some("ra_2".to_owned()),
            reason: Some("mistyped".to_owned()),
            dwell_ms: None,
            ..answer(2, "0", "1")
        });
        let figures = ReviewFigures::of(&sample(), &all).unwrap();
        let before = ReviewFigures::of(&sample(), &answers()).unwrap();
        assert_eq!((figures.corrected, figures.agreed_after_corrections), (1, 4));
        assert_eq!(figures.concordance, before.concordance);
        assert_eq!(figures.claim, before.claim);
    }

    #[test]
    fn a_case_that_cannot_be_judged_counts_as_wrong_for_the_claim_alone() {
        let mut all = answers();
        (all[0].answer, all[0].reason) = (None, Some("unclear".to_owned()));
        let figures = ReviewFigures::of(&sample(), &all).unwrap();
        assert_eq!((figures.concordance.cases, figures.concordance.unanswered), (3, 1));
        assert_eq!(figures.claim.wrong, 2);
        let none = ReviewFigures::of(&sample(), &[]).unwrap();
        assert_eq!((none.answered, none.dwell.median_ms), (0, None));
        assert!(none.error_rate.interval().is_none());
        assert_eq!(none.claim.log_evidence, Some(0.0));
    }

    #[test]
    fn a_claim_is_met_after_so_many_cases_and_stays_met() {
        let mut of = sample();
        of.plan.claim = 0.7;
        of.plan.confidence = 0.6;
        let mut all: Vec<ReviewAnswer> =
            (1..=4).map(|case| answer(case, ["1", "0"][case as usize % 2], "1")).collect();
        all.iter_mut().for_each(|one| one.answer = Some(one.model_answer.clone()));
        let figures = ReviewFigures::of(&of, &all).unwrap();
        let after = figures.claim.met_after.unwrap();
        assert!(figures.claim.state == ClaimState::Met && after < 4, "{:?}", figures.claim);
        all[3].answer = Some("0".to_owned());
        let figures = ReviewFigures::of(&of, &all).unwrap();
        assert_eq!((figures.claim.state, figures.claim.met_after), (ClaimState::Met, Some(after)));
    }
}
