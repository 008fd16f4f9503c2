//! Reads the inputs of a vector: samples, counts, tables and settings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Vector;
use super::compute::Failure;

type Read<T> = std::result::Result<T, Failure>;

/// Bins of a numeric sample where a statistic of counts is asked for and nothing is said.
const BINS: usize = 10;

/// A value of a sample that is not missing.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Number(f64),
    Text(String),
}

/// The inputs of one vector.
pub(super) struct Inputs<'a> {
    pub(super) vector: &'a Vector,
    pub(super) datasets: &'a BTreeMap<String, Value>,
}

/// A number, or `"NaN"`, `"Infinity"`, `"-Infinity"`.
fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64().or_else(|| value.as_bool().map(|b| f64::from(u8::from(b)))),
    }
}

/// One number or a list of numbers.
pub(super) fn numbers(value: &Value) -> Option<Vec<f64>> {
    match value.as_array() {
        Some(list) => list.iter().map(number).collect(),
        None => number(value).map(|number| vec![number]),
    }
}

fn malformed(what: &str) -> Failure {
    Failure::Malformed(what.to_owned())
}

fn not_evaluated(why: &str) -> Failure {
    Failure::NotEvaluated(why.to_owned())
}

impl Inputs<'_> {
    /// The input of this name, looked up among the datasets if it is a name itself.
    fn input(&self, name: &str) -> Read<&Value> {
        let value =
            self.vector.inputs.get(name).ok_or_else(|| malformed(&format!("no input `{name}`")))?;
        match value.as_str() {
            Some(dataset) => self
                .datasets
                .get(dataset)
                .ok_or_else(|| malformed(&format!("no dataset `{dataset}`"))),
            None => Ok(value),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.vector.inputs.contains_key(name)
    }

    /// A numeric parameter, or what holds if it is not given.
    pub(super) fn parameter(&self, name: &str, otherwise: f64) -> f64 {
        self.vector.parameters.get(name).and_then(number).unwrap_or(otherwise)
    }

    /// A text parameter.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.vector.parameters.get(name).and_then(Value::as_str)
    }

    fn cells(&self, name: &str) -> Read<Vec<Cell>> {
        let value = self.input(name)?;
        let digits = |text: &str| Value::from(text.bytes().map(|b| b - b'0').collect::<Vec<_>>());
        let list = match value {
            Value::Array(list) => list.clone(),
            // a long series of zeros and ones may be written as one text
            Value::String(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => {
                digits(bits).as_array().cloned().unwrap_or_default()
            }
            _ => return Err(malformed(&format!("input `{name}` is not a list"))),
        };
        let cell = |value: &Value| match (number(value), value.as_str()) {
            (Some(number), _) => (!number.is_nan()).then_some(Cell::Number(number)),
            (None, Some(text)) => Some(Cell::Text(text.to_owned())),
            (None, None) => None,
        };
        Ok(list.iter().filter_map(cell).collect())
    }

    /// A sample of numbers without the missing ones.
    pub(super) fn sample(&self, name: &str) -> Read<Vec<f64>> {
        let number = |cell: Cell| match cell {
            Cell::Number(number) => Ok(number),
            Cell::Text(_) => Err(not_evaluated("text where the statistic takes numbers")),
        };
        self.cells(name)?.into_iter().map(number).collect()
    }

    /// The reference and batch samples.
    pub(super) fn samples(&self) -> Read<(Vec<f64>, Vec<f64>)> {
        Ok((self.sample("reference")?, self.sample("batch")?))
    }

    /// A list of counts.
    pub(super) fn count_list(&self, name: &str) -> Read<Vec<u64>> {
        let list =
            self.input(name)?.as_array().ok_or_else(|| malformed("counts are not a list"))?;
        list.iter()
            .map(|value| value.as_u64().ok_or_else(|| not_evaluated("not a count")))
            .collect()
    }

    /// A table of counts.
    pub(super) fn table(&self) -> Read<Vec<Vec<u64>>> {
        self.nested(self.input("table")?)
    }

    /// Batches of sub-blocks of counts.
    pub(super) fn batches(&self) -> Read<Vec<Vec<Vec<u64>>>> {
        let list =
            self.input("batches")?.as_array().ok_or_else(|| malformed("no list of batches"))?;
        list.iter().map(|batch| self.nested(batch)).collect()
    }

    fn nested(&self, value: &Value) -> Read<Vec<Vec<u64>>> {
        serde_json::from_value(value.clone())
            .or(Err(malformed(&format!("`{}` holds no table of counts", self.vector.id))))
    }

    /// Whether the vector gives counts rather than samples.
    pub(super) fn are_counts(&self) -> bool {
        self.has("reference_counts") || self.has("table")
    }

    /// Counts of both sides over the same bins: as given, or from samples (categories as they are, numbers on the quantile bins
    /// of the reference).
    pub(super) fn counts(&self) -> Read<(Vec<u64>, Vec<u64>)> {
        if self.has("reference_counts") {
            return Ok((self.count_list("reference_counts")?, self.count_list("batch_counts")?));
        }
        if self.has("table") {
            let [reference, batch]: [Vec<u64>; 2] =
                self.table()?.try_into().or(Err(malformed("the table has not two rows")))?;
            return Ok((reference, batch));
        }
        let (reference, batch) = (self.cells("reference")?, self.cells("batch")?);
        if reference.iter().chain(&batch).any(|cell| matches!(cell, Cell::Text(_))) {
            Ok(categories(&reference, &batch))
        } else {
            self.binned()
        }
    }

    fn binned(&self) -> Read<(Vec<u64>, Vec<u64>)> {
        let (mut reference, batch) = self.samples()?;
        if reference.iter().chain(&batch).any(|value| value.is_infinite()) {
            return Err(not_evaluated("infinite value"));
        }
        reference.sort_by(f64::total_cmp);
        let wanted = self.vector.parameters.get("bins").and_then(Value::as_u64);
        let bins =
            wanted.and_then(|bins| usize::try_from(bins).ok()).unwrap_or(BINS).clamp(1, 1_000);
        // upper limits of bins (a, b] at the inverted-CDF quantiles of the reference
        let quantile = |k: usize| reference.get((k * reference.len()).div_ceil(bins).max(1) - 1);
        let mut edges: Vec<f64> = (1..bins).filter_map(quantile).copied().collect();
        edges.dedup();
        let counted = |sample: &[f64]| {
            let mut counts = vec![0; edges.len() + 1];
            for value in sample {
                counts[edges.partition_point(|edge| edge < value)] += 1;
            }
            counts
        };
        Ok((counted(&reference), counted(&batch)))
    }

    /// (successes, trials) of both sides; counts are successes and failures.
    pub(super) fn rates(&self) -> Read<[(u64, u64); 2]> {
        let (reference, batch) = self.counts()?;
        let rate = |counts: &[u64]| match counts {
            [successes, failures] => Ok((*successes, successes + failures)),
            _ => Err(malformed("a rate has two counts")),
        };
        Ok([rate(&reference)?, rate(&batch)?])
    }

    /// (successes, trials) of one rate.
    pub(super) fn rate(&self) -> Read<(u64, u64)> {
        let count = |name: &str| {
            self.input(name)?.as_u64().ok_or_else(|| malformed(&format!("`{name}` is not a count")))
        };
        Ok((count("successes")?, count("trials")?))
    }

    /// Labels and scores, without the pairs of which one is missing.
    pub(super) fn labelled(&self) -> Read<(Vec<bool>, Vec<f64>)> {
        let list = |name: &str| {
            self.input(name)?
                .as_array()
                .ok_or_else(|| malformed(&format!("`{name}` is not a list")))
        };
        let (labels, scores) = (list("labels")?, list("scores")?);
        if labels.len() != scores.len() {
            return Err(not_evaluated("not one score per label"));
        }
        let pairs = labels.iter().zip(scores).map(|(label, score)| (number(label), number(score)));
        let known = pairs.filter_map(|(label, score)| label.zip(score.filter(|s| !s.is_nan())));
        Ok(known.map(|(label, score)| (label > 0.5, score)).unzip())
    }

    /// Rows of points: lists of numbers, or numbers as points on a line.
    pub(super) fn points(&self, name: &str) -> Read<Vec<Vec<f64>>> {
        let list = self.input(name)?.as_array().ok_or_else(|| malformed("no list of points"))?;
        let point =
            |value| numbers(value).ok_or_else(|| malformed("a point is not made of numbers"));
        list.iter().map(point).collect()
    }
}

fn categories(reference: &[Cell], batch: &[Cell]) -> (Vec<u64>, Vec<u64>) {
    let name = |cell: &Cell| match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
    };
    let names: BTreeSet<String> = reference.iter().chain(batch).map(name).collect();
    let counted = |sample: &[Cell]| {
        let mut counts: BTreeMap<&str, u64> = names.iter().map(|name| (name.as_str(), 0)).collect();
        for cell in sample {
            *counts.entry(names.get(&name(cell)).map_or("", String::as_str)).or_default() += 1;
        }
        counts.into_values().collect()
    };
    (counted(reference), counted(batch))
}
