//! A review plan: how many predictions people must check before they may say "the error rate is below …".
//!
//! The stop-any-time plan is the default: it may be looked at after every case. Fixed plans need fewer cases but lose their
//! meaning when somebody looks earlier or goes on after a failure. Acceptance plans by AQL protect the producer; what an
//! accepted lot really shows is printed beside them.

use super::Result;
use crate::statistics::intervals::clopper_pearson;
use crate::statistics::review_plan::{fixed_plan, lot_plan, pass_probability, stop_any_time_plan};
use serde::Serialize;

/// Errors met for which the stop-any-time plan is printed.
const ERRORS_MET: [u64; 4] = [0, 1, 2, 3];
/// Errors allowed for which fixed plans are printed.
const ERRORS_ALLOWED: [u64; 4] = [0, 1, 2, 5];
/// Sample size and acceptance number of the level II plans at AQL 1 % (check them against your copy of the standard).
const AQL_PLANS: [(u64, u64); 6] = [(50, 1), (80, 2), (125, 3), (200, 5), (315, 7), (500, 10)];

/// Cases to review, with the number of wrong ones among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PlannedCases {
    /// Wrong cases: met so far, or allowed.
    pub errors: u64,
    /// Cases to review.
    pub cases: u64,
}

/// What a plan by acceptable quality level shows once the lot is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AcceptancePlan {
    /// Cases drawn.
    pub cases: u64,
    /// Wrong cases up to which the lot is accepted.
    pub accepted_errors: u64,
    /// The error rate that is excluded when the lot is just accepted, at the confidence asked for.
    pub shows_below: f64,
    /// How often a lot whose error rate is exactly the claim is accepted.
    pub passes_at_claim: f64,
}

/// Every way to support one claim.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ReviewPlan {
    /// The error rate that shall be excluded.
    pub claim: f64,
    /// With which confidence.
    pub confidence: f64,
    /// May be watched after every case: cases after which it may stop, by errors met.
    pub stop_any_time: Vec<PlannedCases>,
    /// Decided before the first case and carried out once: cases, by errors allowed.
    pub fixed: Vec<PlannedCases>,
    /// Cases in the lot, if the claim is about a lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<u64>,
    /// Cases to draw from the lot, none of them wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot_cases: Option<u64>,
    /// What acceptance plans show.
    pub acceptance: Vec<AcceptancePlan>,
}

/// The plans that show an error rate below `claim` at `confidence`, for a large lot and, if given, for a lot of `lot` cases.
///
/// # Errors
///
/// [`super::Error::Plan`]: a claim or confidence outside (0, 1), an empty lot, or more than 10⁹ cases.
///
/// ```
/// let plan = driftledger::review::plan::review_plan(0.02, 0.95, Some(200)).unwrap();
/// assert_eq!((plan.stop_any_time[0].cases, plan.lot_cases), (176, Some(105)));
/// ```
pub fn review_plan(claim: f64, confidence: f64, lot: Option<u64>) -> Result<ReviewPlan> {
    let stop_any_time = ERRORS_MET
        .into_iter()
        .map(|errors| {
            let cases = stop_any_time_plan(claim, confidence, errors)?;
            Ok(PlannedCases { errors, cases })
        })
        .collect::<Result<_>>()?;
    let fixed = ERRORS_ALLOWED
        .into_iter()
        .map(|errors| Ok(PlannedCases { errors, cases: fixed_plan(claim, confidence, errors)? }))
        .collect::<Result<_>>()?;
    let acceptance = AQL_PLANS
        .into_iter()
        .map(|(cases, accepted_errors)| {
            let both_sides = 1.0 - 2.0 * (1.0 - confidence);
            let shows_below = if both_sides > 0.0 {
                clopper_pearson(accepted_errors, cases, both_sides)?.upper
            } else {
                accepted_errors as f64 / cases as f64
            };
            let passes_at_claim = pass_probability(cases, accepted_errors, claim);
            Ok(AcceptancePlan { cases, accepted_errors, shows_below, passes_at_claim })
        })
        .collect::<Result<_>>()?;
    let lot_cases = lot.map(|lot| lot_plan(claim, confidence, lot)).transpose()?;
    Ok(ReviewPlan { claim, confidence, stop_any_time, fixed, lot, lot_cases, acceptance })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_of_two_percent() {
        let plan = review_plan(0.02, 0.95, Some(500)).unwrap();
        let cases = |plans: &[PlannedCases]| plans.iter().map(|p| p.cases).collect::<Vec<_>>();
        assert_eq!(cases(&plan.stop_any_time), [176, 322, 426, 524]);
        assert_eq!(cases(&plan.fixed), [149, 236, 313, 523]);
        assert_eq!(plan.lot_cases, Some(129));
        // scipy 1.17.1: beta.ppf(0.95, c + 1, n - c) and binom.cdf(c, n, 0.02)
        let expected = [
            (0.091_398, 0.735_771),
            (0.076_611, 0.784_418),
            (0.060_859, 0.758_670),
            (0.051_843, 0.786_722),
            (0.041_333, 0.702_774),
            (0.033_688, 0.583_044),
        ];
        for (found, (shows, passes)) in plan.acceptance.iter().zip(expected) {
            assert!((found.shows_below - shows).abs() < 1e-6, "{found:?}");
            assert!((found.passes_at_claim - passes).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn without_a_lot_nothing_is_said_about_one() {
        let plan = review_plan(0.01, 0.99, None).unwrap();
        let text = serde_json::to_string(&plan).unwrap();
        assert!(!text.contains("lot"), "{text}");
        assert!(review_plan(0.0, 0.95, None).is_err() && review_plan(0.1, 0.95, Some(0)).is_err());
    }
}
