//! The counts of one cohort: everything about its performance is computed from them, so that anybody can do it again.

use crate::statistics::calibration_error::ScoreBin;
use serde::{Deserialize, Serialize};

/// Bins of scores, of equal width.
pub const SCORE_BINS: usize = 10;

/// Rows with one label and one prediction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pair {
    /// Label.
    pub label: String,
    /// Prediction.
    pub prediction: String,
    /// Rows.
    pub rows: u64,
}

/// Sums over one group of rows whose label is a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorSums {
    /// Rows.
    pub rows: u64,
    /// Σ e, e = prediction − label.
    pub error: f64,
    /// Σ |e|.
    pub absolute: f64,
    /// Σ e².
    pub square: f64,
    /// Σ (label − origin).
    pub label: f64,
    /// Σ (label − origin)².
    pub label_square: f64,
    /// Rows with |e| beyond the error limit.
    pub out_of_specification: u64,
}

/// Labels against predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "outcomes", rename_all = "snake_case")]
pub enum Outcomes {
    /// Classes.
    Classes {
        /// Rows per label and prediction, in order.
        pairs: Vec<Pair>,
        /// Rows of further pairs: [right, wrong].
        #[schema(value_type = Vec<u64>)]
        further: [u64; 2],
    },
    /// Numbers.
    Numbers {
        /// The first label; sums of labels are about it.
        origin: f64,
        /// Sums per group of row ids.
        groups: Vec<ErrorSums>,
    },
}

/// Rows per distinct score: with and without the event that scores are the probability of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScoreTally {
    /// Distinct scores of labelled rows, ascending.
    pub scores: Vec<f64>,
    /// Labelled rows without the event, per score.
    pub without: Vec<u64>,
    /// Labelled rows with the event, per score.
    pub with: Vec<u64>,
    /// Whether scores were rounded because there were too many distinct ones.
    pub rounded: bool,
    /// Rows of the batch whose score is missing or not in [0, 1].
    pub outside: u64,
    /// Over all rows of the batch, labelled or not: rows [not predicted positive, predicted positive]. Where there are several
    /// classes, all rows count as the second.
    #[schema(value_type = Vec<u64>)]
    pub predicted: [u64; 2],
    /// Σ score over the same rows.
    #[schema(value_type = Vec<f64>)]
    pub score_sum: [f64; 2],
    /// Σ score (1 − score) over all these rows.
    pub variance_sum: f64,
}

/// The counts of one cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tally {
    /// Rows of the batch.
    pub rows: u64,
    /// Rows that have a label.
    pub labelled: u64,
    /// Labelled rows without a prediction that can be compared.
    pub without_prediction: u64,
    /// Rows with a label whose id an earlier row had: left out, because a row counts once.
    pub repeated: u64,
    /// Rows that got another label later without a correction: the first one stands.
    pub conflicting: u64,
    /// Rows whose label was corrected.
    pub corrected: u64,
    /// Rows that were [right, wrong] by their first label: what the evidence counts.
    #[schema(value_type = Vec<u64>)]
    pub first: [u64; 2],
    /// Labels in force against predictions.
    pub outcomes: Outcomes,
    /// Scores, where the version has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<ScoreTally>,
}

impl Tally {
    /// Share of rows that have a label.
    pub fn completeness(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { (self.labelled + self.repeated) as f64 / self.rows as f64 }
    }

    /// Rows that are [right, wrong] by the label in force.
    pub fn right_wrong(&self) -> [u64; 2] {
        match &self.outcomes {
            Outcomes::Classes { pairs, further } => {
                let mut counts = *further;
                for pair in pairs {
                    counts[usize::from(pair.label != pair.prediction)] += pair.rows;
                }
                counts
            }
            Outcomes::Numbers { groups, .. } => {
                let wrong: u64 = groups.iter().map(|group| group.out_of_specification).sum();
                [groups.iter().map(|group| group.rows).sum::<u64>() - wrong, wrong]
            }
        }
    }
}

impl ScoreTally {
    /// The labelled rows in [`SCORE_BINS`] bins of equal width, the last one closed.
    pub fn bins(&self) -> Vec<ScoreBin> {
        let none = ScoreBin { rows: 0, events: 0, score_sum: 0.0, variance_sum: 0.0 };
        let mut bins = vec![none; SCORE_BINS];
        for ((score, without), with) in self.scores.iter().zip(&self.without).zip(&self.with) {
            let index = ((score * SCORE_BINS as f64) as usize).min(SCORE_BINS - 1);
            let rows = without + with;
            bins[index].rows += rows;
            bins[index].events += with;
            bins[index].score_sum += rows as f64 * score;
            bins[index].variance_sum += rows as f64 * score * (1.0 - score);
        }
        bins
    }

    /// Labelled rows with a score.
    pub fn rows(&self) -> u64 {
        self.without.iter().chain(&self.with).sum()
    }
}
