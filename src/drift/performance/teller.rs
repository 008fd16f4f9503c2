//! Counts the rows of one cohort, row by row, into its tally.

use super::rule::{Task, class_name};
use super::tally::{ErrorSums, Outcomes, Pair, ScoreTally, Tally};
use std::collections::BTreeMap;

/// Distinct scores kept as they are; beyond, scores are rounded to a multiple of 1/1024.
pub const SCORES_MAX: usize = 2_048;
/// Steps of the grid of rounded scores.
const GRID: f64 = 1_024.0;
/// Pairs of label and prediction kept; further ones are only counted.
const PAIRS_MAX: usize = 2_500;
/// Groups of rows for the jackknife of sums.
pub const GROUPS: usize = 32;

/// The label of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLabel {
    /// The first label it got.
    pub first: String,
    /// The label in force.
    pub in_force: String,
    /// Whether another label came later without a correction.
    pub conflicting: bool,
    /// Whether the label in force is a correction.
    pub corrected: bool,
    /// Group of its row id, below [`GROUPS`].
    pub group: usize,
}

/// One row of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchRow<'a> {
    /// Prediction as text.
    pub prediction: Option<&'a str>,
    /// Score as text.
    pub score: Option<&'a str>,
}

/// Counts the rows of one cohort.
#[derive(Debug)]
pub struct Teller<'a> {
    task: &'a Task,
    error_limit: Option<f64>,
    with_scores: bool,
    tally: Tally,
    pairs: BTreeMap<(String, String), u64>,
    scores: BTreeMap<u64, [u64; 2]>,
}

impl<'a> Teller<'a> {
    /// A teller for a cohort of a version that predicts `task`.
    pub fn new(task: &'a Task, error_limit: Option<f64>, with_scores: bool) -> Self {
        let outcomes = match task {
            Task::Number => {
                Outcomes::Numbers { origin: 0.0, groups: vec![ErrorSums::default(); GROUPS] }
            }
            _ => Outcomes::Classes { pairs: Vec::new(), further: [0, 0] },
        };
        let with_scores = with_scores && *task != Task::Number;
        let tally = Tally {
            rows: 0,
            labelled: 0,
            without_prediction: 0,
            repeated: 0,
            conflicting: 0,
            corrected: 0,
            first: [0, 0],
            outcomes,
            scores: with_scores.then(ScoreTally::default),
        };
        Self {
            task,
            error_limit,
            with_scores,
            tally,
            pairs: BTreeMap::new(),
            scores: BTreeMap::new(),
        }
    }

    /// Adds a row of the batch, labelled or not: what needs no label.
    pub fn row(&mut self, row: BatchRow<'_>) {
        self.tally.rows += 1;
        let Some(tally) = &mut self.tally.scores else { return };
        let (Some(score), Some(prediction)) = (score_of(row.score), row.prediction) else {
            tally.outside += 1;
            return;
        };
        let side = match self.task {
            Task::Binary { positive, .. } => usize::from(class_name(prediction) == *positive),
            _ => 1,
        };
        tally.predicted[side] += 1;
        tally.score_sum[side] += score;
        tally.variance_sum += score * (1.0 - score);
    }

    /// Counts a row with a label whose id an earlier row had.
    pub fn repeated(&mut self) {
        self.tally.repeated += 1;
    }

    /// Adds the label of a row.
    pub fn label(&mut self, row: BatchRow<'_>, label: &RowLabel) {
        self.tally.labelled += 1;
        self.tally.conflicting += u64::from(label.conflicting);
        self.tally.corrected += u64::from(label.corrected);
        let Some(prediction) = row.prediction else {
            self.tally.without_prediction += 1;
            return;
        };
        match self.task {
            Task::Number => self.number(prediction, label),
            _ => self.class(&class_name(prediction), row.score, label),
        }
    }

    fn class(&mut self, prediction: &str, score: Option<&str>, label: &RowLabel) {
        self.tally.first[usize::from(class_name(&label.first) != prediction)] += 1;
        let in_force = class_name(&label.in_force);
        let wrong = usize::from(in_force != prediction);
        if self.with_scores
            && let Some(score) = score_of(score)
        {
            let event = match self.task {
                Task::Binary { positive, .. } => in_force == *positive,
                _ => wrong == 0,
            };
            self.scores.entry(score.to_bits()).or_default()[usize::from(event)] += 1;
            self.round_scores();
        }
        let key = (in_force, prediction.to_owned());
        if let Some(rows) = self.pairs.get_mut(&key) {
            *rows += 1;
        } else if self.pairs.len() < PAIRS_MAX {
            self.pairs.insert(key, 1);
        } else if let Outcomes::Classes { further, .. } = &mut self.tally.outcomes {
            further[wrong] += 1;
        }
    }

    /// Once there are too many distinct scores, all are rounded to the grid: now, and those to come at the end.
    fn round_scores(&mut self) {
        if self.scores.len() <= SCORES_MAX {
            return;
        }
        if let Some(tally) = &mut self.tally.scores {
            tally.rounded = true;
        }
        self.scores = on_grid(std::mem::take(&mut self.scores));
    }

    fn number(&mut self, prediction: &str, label: &RowLabel) {
        let parse = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
        let (Some(predicted), Some(first), Some(value)) =
            (parse(prediction), parse(&label.first), parse(&label.in_force))
        else {
            self.tally.without_prediction += 1;
            return;
        };
        let beyond =
            |label: f64| self.error_limit.is_some_and(|limit| (predicted - label).abs() > limit);
        let (first_wrong, wrong) = (beyond(first), beyond(value));
        self.tally.first[usize::from(first_wrong)] += 1;
        let Outcomes::Numbers { origin, groups } = &mut self.tally.outcomes else { return };
        if groups.iter().all(|group| group.rows == 0) {
            *origin = value;
        }
        let (error, label_value) = (predicted - value, value - *origin);
        let sums = &mut groups[label.group % GROUPS];
        sums.rows += 1;
        sums.error += error;
        sums.absolute += error.abs();
        sums.square += error * error;
        sums.label += label_value;
        sums.label_square += label_value * label_value;
        sums.out_of_specification += u64::from(wrong);
    }

    /// The counts.
    pub fn finish(mut self) -> Tally {
        if let Outcomes::Classes { pairs, .. } = &mut self.tally.outcomes {
            *pairs = self
                .pairs
                .into_iter()
                .map(|((label, prediction), rows)| Pair { label, prediction, rows })
                .collect();
        }
        if let Some(tally) = &mut self.tally.scores {
            let scores = if tally.rounded { on_grid(self.scores) } else { self.scores };
            for (bits, [without, with]) in scores {
                tally.scores.push(f64::from_bits(bits));
                tally.without.push(without);
                tally.with.push(with);
            }
        }
        self.tally
    }
}

/// Rows per score, scores rounded to a multiple of 1/1024.
fn on_grid(scores: BTreeMap<u64, [u64; 2]>) -> BTreeMap<u64, [u64; 2]> {
    let mut rounded: BTreeMap<u64, [u64; 2]> = BTreeMap::new();
    for (bits, rows) in scores {
        let score = libm::round(f64::from_bits(bits) * GRID) / GRID;
        let kept = rounded.entry(score.to_bits()).or_default();
        kept[0] += rows[0];
        kept[1] += rows[1];
    }
    rounded
}

/// A score in [0, 1]; −0 is 0.
fn score_of(text: Option<&str>) -> Option<f64> {
    let score = text?.parse::<f64>().ok()?;
    (0.0..=1.0).contains(&score).then_some(score.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(first: &str, in_force: &str) -> RowLabel {
        RowLabel {
            first: first.to_owned(),
            in_force: in_force.to_owned(),
            conflicting: false,
            corrected: first != in_force,
            group: 0,
        }
    }

    fn binary() -> Task {
        Task::Binary { positive: "1".to_owned(), classes: vec!["0".to_owned(), "1".to_owned()] }
    }

    #[test]
    fn the_first_label_is_evidence_and_the_corrected_one_is_told() {
        let task = binary();
        let mut teller = Teller::new(&task, None, true);
        for (prediction, score, first, in_force) in
            [("1", "0.9", "1", "0"), ("0", "0.2", "0", "0"), ("true", "0.8", "1.0", "1.0")]
        {
            let row = BatchRow { prediction: Some(prediction), score: Some(score) };
            teller.row(row);
            teller.label(row, &label(first, in_force));
        }
        teller.row(BatchRow { prediction: None, score: Some("1.5") });
        let tally = teller.finish();
        assert_eq!((tally.rows, tally.labelled, tally.corrected), (4, 3, 1));
        assert_eq!((tally.first, tally.right_wrong()), ([3, 0], [2, 1]));
        assert_eq!(tally.completeness(), 0.75);
        let scores = tally.scores.unwrap();
        assert_eq!(scores.scores, [0.2, 0.8, 0.9]);
        assert_eq!((scores.without, scores.with), (vec![1, 0, 1], vec![0, 1, 0]));
        assert_eq!((scores.outside, scores.predicted), (1, [1, 2]));
    }

    #[test]
    fn too_many_distinct_scores_are_rounded_and_say_so() {
        let task = binary();
        let mut teller = Teller::new(&task, None, true);
        let rows = 3 * SCORES_MAX;
        for index in 0..rows {
            let score = (index as f64 / rows as f64).to_string();
            let row = BatchRow { prediction: Some("0"), score: Some(&score) };
            teller.label(row, &label("0", "0"));
        }
        let scores = teller.finish().scores.unwrap();
        assert!(scores.rounded && scores.scores.len() <= SCORES_MAX);
        assert_eq!(scores.rows(), rows as u64);
        assert!(scores.scores.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn numbers_are_summed_about_their_first_label() {
        let mut teller = Teller::new(&Task::Number, Some(0.5), true);
        for (prediction, value) in [("10.0", "10.25"), ("11", "10"), ("NaN", "1"), ("x", "1")] {
            teller.label(
                BatchRow { prediction: Some(prediction), score: None },
                &label(value, value),
            );
        }
        let tally = teller.finish();
        assert_eq!((tally.labelled, tally.without_prediction), (4, 2));
        assert_eq!((tally.first, tally.right_wrong()), ([1, 1], [1, 1]));
        let Outcomes::Numbers { origin, groups } = &tally.outcomes else { panic!() };
        assert_eq!((*origin, groups[0].error, groups[0].absolute), (10.25, 0.75, 1.25));
        assert!(tally.scores.is_none());
    }
}
