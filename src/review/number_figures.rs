//! What reviewers say of predicted numbers besides how often they agree: how far theirs are from the predicted ones.
//!
//! Only pairs count in which the reviewer said a number: who accepts or rejects a predicted number says nothing about how far it is off.
//! The pairs are taken as they are, without the weights of the strata.

use super::concordance::Estimate;
use super::review_answer::ReviewAnswer;
use crate::statistics::limits_of_agreement::limits_of_agreement;
use serde::{Deserialize, Serialize};

/// Share of the differences that the limits of agreement are about, and confidence of every interval.
const SHARE: f64 = 0.95;

/// How far two numbers about the same cases are apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Differences {
    /// Pairs of numbers.
    pub pairs: u64,
    /// Mean of the first minus the second number, in the unit of the prediction.
    pub mean: Estimate,
    /// Below it lie 2.5 % of the differences, if these are about normal (Bland and Altman).
    pub lower_limit: Estimate,
    /// Above it lie 2.5 % of them.
    pub upper_limit: Estimate,
}

/// What reviewers say of predicted numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberFigures {
    /// The largest difference that counts as agreement, in the unit of the prediction.
    pub tolerance: f64,
    /// Cases in which the predicted number was accepted as it is.
    pub accepted: u64,
    /// Cases in which it was rejected as it is.
    pub rejected: u64,
    /// Predicted minus the reviewer's number, where the reviewer said one.
    pub differences: Differences,
}

impl Differences {
    /// The differences of these pairs.
    pub fn of(pairs: &[(f64, f64)]) -> Self {
        let differences: Vec<f64> = pairs.iter().map(|(first, second)| first - second).collect();
        let pairs = differences.len() as u64;
        match limits_of_agreement(&differences, SHARE, SHARE) {
            Ok(found) => Self {
                pairs,
                mean: Estimate::Interval(found.mean),
                lower_limit: Estimate::Interval(found.lower),
                upper_limit: Estimate::Interval(found.upper),
            },
            Err(error) => {
                let why = Estimate::NotEvaluated(error.to_string());
                Self { pairs, mean: why.clone(), lower_limit: why.clone(), upper_limit: why }
            }
        }
    }
}

impl NumberFigures {
    /// What the first answers of the cases say.
    pub fn of<'a>(tolerance: f64, answers: impl Iterator<Item = &'a ReviewAnswer>) -> Self {
        let (mut accepted, mut rejected, mut pairs) = (0, 0, Vec::new());
        for answer in answers {
            match answer.accepts {
                Some(true) => accepted += 1,
                Some(false) => rejected += 1,
                None => pairs.extend(answer.numbers()),
            }
        }
        Self { tolerance, accepted, rejected, differences: Differences::of(&pairs) }
    }
}
