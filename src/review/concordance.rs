//! Concordance of model and reviewer: do they agree, in which direction do they differ, and does seeing the model's answer
//! change the reviewer's?
//!
//! Agreement with its exact interval comes first. κ collapses when one class dominates (95 % agreement can give κ near 0),
//! so AC1 stands beside it. A random part of the reviews must be *blind* (the model's answer hidden): where assisted reviews
//! agree more often than blind ones, people follow the model. An alarm belongs on the disagreement rate, never on κ.

use super::reader_agreement::not_of_numbers;
use crate::statistics::cohen_kappa::cohen_kappa;
use crate::statistics::gwet_ac1::gwet_ac1;
use crate::statistics::intervals::{Interval, clopper_pearson, newcombe};
use crate::statistics::mcnemar::mcnemar;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Confidence of every interval.
const CONFIDENCE: f64 = 0.95;
/// Share of the reviews that must be blind, at least.
pub const BLIND_SHARE_MIN: f64 = 0.10;

/// Reviewed cases, counted: rows are the model's classes, columns the reviewer's, in the order of `classes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewedCases {
    /// Class names.
    pub classes: Vec<String>,
    /// Cases reviewed without seeing the model's answer.
    pub blind: Vec<Vec<u64>>,
    /// Cases reviewed with the model's answer in sight.
    pub assisted: Vec<Vec<u64>>,
    /// Cases to which model or reviewer gave no answer; they are left out.
    pub unanswered: u64,
}

impl ReviewedCases {
    /// Cases counted by the classes that model and reviewer gave: [assisted, blind].
    pub fn of(counted: &BTreeMap<(String, String), [u64; 2]>, unanswered: u64) -> Self {
        let classes: BTreeSet<&String> = counted.keys().flat_map(|(a, b)| [a, b]).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let table = |which: usize| {
            let cell = |model: &String, reviewer: &String| {
                counted.get(&(model.clone(), reviewer.clone())).map_or(0, |cases| cases[which])
            };
            let row = |model| classes.iter().map(|reviewer| cell(model, reviewer)).collect();
            classes.iter().map(row).collect()
        };
        Self { blind: table(1), assisted: table(0), unanswered, classes: classes.clone() }
    }
}

/// An estimate, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Estimate {
    /// The estimate with its 95 % interval.
    Interval(Interval),
    /// Why it cannot be computed.
    NotEvaluated(String),
}

impl Estimate {
    fn of(found: crate::statistics::Result<Interval>) -> Self {
        match found {
            Ok(interval) => Self::Interval(interval),
            Err(error) => Self::NotEvaluated(error.to_string()),
        }
    }

    /// The interval, if there is one.
    pub fn interval(&self) -> Option<&Interval> {
        match self {
            Self::Interval(interval) => Some(interval),
            Self::NotEvaluated(_) => None,
        }
    }
}

/// How often two classes are exchanged, and whether more in one direction than in the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Direction {
    /// One class.
    pub first: String,
    /// The other class.
    pub second: String,
    /// Cases where the model said `first` and the reviewer `second`.
    pub model_first: u64,
    /// Cases where the model said `second` and the reviewer `first`.
    pub model_second: u64,
    /// Exact McNemar p-value of the two counts being alike.
    pub p_value: f64,
}

/// What the reviews say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Concordance {
    /// Cases reviewed.
    pub cases: u64,
    /// Further cases to which model or reviewer gave no answer; they are left out.
    pub unanswered: u64,
    /// Cases reviewed blind.
    pub blind_cases: u64,
    /// Whether at least a tenth of the reviews were blind.
    pub enough_blind: bool,
    /// Share of agreement, exact interval.
    pub agreement: Estimate,
    /// Cohen's κ, jackknife interval.
    pub kappa: Estimate,
    /// Gwet's AC1, jackknife interval.
    pub ac1: Estimate,
    /// Every pair of classes that was exchanged, most exchanged first.
    pub directions: Vec<Direction>,
    /// Share of agreement among blind reviews, exact interval.
    pub blind_agreement: Estimate,
    /// Share of agreement among assisted reviews, exact interval.
    pub assisted_agreement: Estimate,
    /// Assisted minus blind agreement, Newcombe's interval. Above 0 as a whole: reviewers follow the model.
    pub assistance_effect: Estimate,
}

/// The concordance in `reviewed`.
///
/// ```
/// use driftledger::review::concordance::{ReviewedCases, concordance};
/// let cases = [("ok", "ok"), ("ok", "defect"), ("defect", "defect")];
/// let blind = cases.map(|(model, reviewer)| ((model.to_owned(), reviewer.to_owned()), [0, 1]));
/// let found = concordance(&ReviewedCases::of(&blind.into_iter().collect(), 0));
/// assert!((found.agreement.interval().unwrap().estimate - 2.0 / 3.0).abs() < 1e-12);
/// ```
pub fn concordance(reviewed: &ReviewedCases) -> Concordance {
    let all: Vec<Vec<u64>> = reviewed
        .blind
        .iter()
        .zip(&reviewed.assisted)
        .map(|(blind, assisted)| blind.iter().zip(assisted).map(|(a, b)| a + b).collect())
        .collect();
    let (agreed, cases) = counts(&all);
    let blind = counts(&reviewed.blind);
    let assisted = counts(&reviewed.assisted);
    let exact = |(agreed, cases)| Estimate::of(clopper_pearson(agreed, cases, CONFIDENCE));
    Concordance {
        cases,
        unanswered: reviewed.unanswered,
        blind_cases: blind.1,
        enough_blind: cases > 0 && blind.1 as f64 >= BLIND_SHARE_MIN * cases as f64,
        agreement: exact((agreed, cases)),
        kappa: Estimate::of(cohen_kappa(&all, CONFIDENCE)),
        ac1: Estimate::of(gwet_ac1(&all, CONFIDENCE)),
        directions: directions(&reviewed.classes, &all),
        blind_agreement: exact(blind),
        assisted_agreement: exact(assisted),
        assistance_effect: Estimate::of(newcombe(assisted, blind, CONFIDENCE)),
    }
}

/// The concordance where numbers are predicted: of cases counted as [within the tolerance, beyond it], `blind` and `assisted`.
pub fn concordance_of_numbers(blind: [u64; 2], assisted: [u64; 2], unanswered: u64) -> Concordance {
    let share = |[within, beyond]: [u64; 2]| (within, within + beyond);
    let (blind, assisted) = (share(blind), share(assisted));
    let (agreed, cases) = (blind.0 + assisted.0, blind.1 + assisted.1);
    let exact = |(agreed, cases)| Estimate::of(clopper_pearson(agreed, cases, CONFIDENCE));
    Concordance {
        cases,
        unanswered,
        blind_cases: blind.1,
        enough_blind: cases > 0 && blind.1 as f64 >= BLIND_SHARE_MIN * cases as f64,
        agreement: exact((agreed, cases)),
        kappa: not_of_numbers(),
        ac1: not_of_numbers(),
        directions: Vec::new(),
        blind_agreement: exact(blind),
        assisted_agreement: exact(assisted),
        assistance_effect: Estimate::of(newcombe(assisted, blind, CONFIDENCE)),
    }
}

/// Cases on the diagonal, and all cases.
fn counts(table: &[Vec<u64>]) -> (u64, u64) {
    let agreed = table.iter().enumerate().map(|(k, row)| row[k]).sum();
    (agreed, table.iter().flatten().sum())
}

fn directions(classes: &[String], table: &[Vec<u64>]) -> Vec<Direction> {
    let mut found = Vec::new();
    for (i, first) in classes.iter().enumerate() {
        for (j, second) in classes.iter().enumerate().skip(i + 1) {
            let (model_first, model_second) = (table[i][j], table[j][i]);
            if model_first + model_second > 0 {
                let p_value = mcnemar(model_first, model_second).p_value;
                let (first, second) = (first.clone(), second.clone());
                found.push(Direction { first, second, model_first, model_second, p_value });
            }
        }
    }
    found.sort_by_key(|d| std::cmp::Reverse(d.model_first + d.model_second));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reviewed(blind: [[u64; 2]; 2], assisted: [[u64; 2]; 2]) -> ReviewedCases {
        let rows = |table: [[u64; 2]; 2]| table.iter().map(|row| row.to_vec()).collect();
        let classes = vec!["normal".to_owned(), "sick".to_owned()];
        ReviewedCases { classes, blind: rows(blind), assisted: rows(assisted), unanswered: 0 }
    }

    fn value(figure: &Estimate) -> f64 {
        figure.interval().unwrap().estimate
    }

    #[test]
    fn the_known_answers() {
        // scikit-learn 1.9.1: cohen_kappa_score of the 100 cases [[60, 5], [15, 20]]
        let found = concordance(&reviewed([[30, 3], [9, 8]], [[30, 2], [6, 12]]));
        assert_eq!((found.cases, found.blind_cases, found.enough_blind), (100, 50, true));
        assert!((value(&found.agreement) - 0.80).abs() < 1e-12);
        assert!((value(&found.kappa) - 0.529_411_764_705_882_4).abs() < 1e-12, "{found:?}");
        // by hand: π = (0.70, 0.30), p_γ = 0.42, AC1 = (0.80 − 0.42)/0.58
        assert!((value(&found.ac1) - 0.38 / 0.58).abs() < 1e-12);
        // scipy 1.17.1: binomtest(80, 100).proportion_ci(0.95, "exact"); binomtest(5, 20).pvalue
        let interval = found.agreement.interval().unwrap();
        assert!((interval.lower - 0.708_157_310_911_371_9).abs() < 1e-10, "{interval:?}");
        assert!((found.directions[0].p_value - 0.041_389_465_332_031_25).abs() < 1e-12);
        assert!((value(&found.assistance_effect) - 0.08).abs() < 1e-12);
    }

    #[test]
    fn kappa_collapses_where_agreement_does_not() {
        let found = concordance(&reviewed([[95, 3], [2, 0]], [[0, 0], [0, 0]]));
        assert!(value(&found.agreement) == 0.95 && value(&found.kappa) < 0.0);
        assert!(value(&found.ac1) > 0.94);
        assert!(found.assisted_agreement.interval().is_none());
    }

    #[test]
    fn without_cases_every_figure_says_why_it_is_missing() {
        let found = concordance(&reviewed([[0; 2]; 2], [[0; 2]; 2]));
        assert!(matches!(&found.agreement, Estimate::NotEvaluated(reason) if !reason.is_empty()));
        assert!(found.kappa.interval().is_none() && found.directions.is_empty());
        assert!(!found.enough_blind);
        let one = BTreeMap::from([(("a".to_owned(), "a".to_owned()), [1, 0])]);
        assert!(concordance(&ReviewedCases::of(&one, 3)).kappa.interval().is_none());
        assert_eq!(concordance(&ReviewedCases::default()).cases, 0);
    }
}
