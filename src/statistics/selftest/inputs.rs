//! Reads the inputs of a vector: samples, counts, tables, rates, labels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Vector;
use super::cell::{Cell, EXACT, Scale, cell, within_f64};
use super::compute::Failure;
use crate::statistics::binning::{deciding_edges, rows_per_bin};

pub(super) type Read<T> = std::result::Result<T, Failure>;

/// Bins of a numeric sample where a statistic of counts is asked for and nothing is said.
const BINS: u64 = 10;
/// Most bins that may be asked for.
const BINS_MAX: u64 = 1_000;
/// Most values of whole numbers that count as categories where a statistic of counts is asked for and nothing is said.
const VALUES_MAX: usize = 20;
/// The inputs of one vector.
pub(super) struct Inputs<'a> {
    pub(super) vector: &'a Vector,
    pub(super) datasets: &'a BTreeMap<String, Value>,
}

/// A number, or `"NaN"`, `"Infinity"`, `"-Infinity"`.
pub(super) fn number(value: &Value) -> Option<f64> {
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

/// A count: a whole number that is not negative, also when written with a decimal point.
pub(super) fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|x| *x >= 0.0 && *x <= EXACT as f64)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2⁵³")]
        (libm::floor(number) >= number).then_some(number as u64)
    })
}

/// 0 or 1 as no or yes.
fn bit(number: f64) -> Option<bool> {
    let is = |other: f64| (number + 0.0).total_cmp(&other).is_eq();
    (is(0.0) || is(1.0)).then(|| is(1.0))
}

pub(super) fn malformed(what: &str) -> Failure {
    Failure::Malformed(what.to_owned())
}

pub(super) fn not_evaluated(why: &str) -> Failure {
    Failure::NotEvaluated(why.to_owned())
}

impl Inputs<'_> {
    /// The input of this name, looked up among the datasets if it is a name itself.
    pub(super) fn input(&self, name: &str) -> Read<&Value> {
        let Some(value) = self.vector.inputs.get(name) else {
            let found: Vec<&str> = self.vector.inputs.keys().map(String::as_str).collect();
            let found = if found.is_empty() { "none".into() } else { found.join("`, `") };
            return Err(malformed(&format!("expected an input `{name}`, found `{found}`")));
        };
        match value.as_str() {
            Some(dataset) => self
                .datasets
                .get(dataset)
                .ok_or_else(|| malformed(&format!("`{name}`: no dataset `{dataset}`"))),
            None => Ok(value),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.vector.inputs.contains_key(name)
    }

    /// A list by name; whatever is no list is a fault of the vector.
    pub(super) fn list(&self, name: &str) -> Read<&[Value]> {
        let list = self.input(name)?.as_array();
        list.map(Vec::as_slice).ok_or_else(|| malformed(&format!("`{name}` is not a list")))
    }

    /// The values of a sample by place, the missing ones as `None`.
    fn places(&self, name: &str) -> Read<Vec<Option<Cell>>> {
        // a long series of zeros and ones may be written as one text
        if let Value::String(bits) = self.input(name)?
            && bits.bytes().all(|b| b.is_ascii_digit())
        {
            return Ok(bits.bytes().map(|b| Some(Cell::Number(f64::from(b - b'0')))).collect());
        }
        let list = self.list(name)?;
        match list.iter().position(|value| value.is_array() || value.is_object()) {
            Some(place) => Err(malformed(&format!(
                "`{name}` holds {} at place {place}, expected a number, text or null",
                list[place]
            ))),
            None => Ok(list.iter().map(cell).collect()),
        }
    }

    fn cells(&self, name: &str) -> Read<Vec<Cell>> {
        Ok(self.places(name)?.into_iter().flatten().collect())
    }

    /// A sample of numbers without the missing ones.
    pub(super) fn sample(&self, name: &str) -> Read<Vec<f64>> {
        self.cells(name)?.iter().map(Cell::number).collect()
    }

    /// A sample of numbers as differences from a whole number of it, and that number: 0 unless there are whole numbers beyond ±2⁵³.
    pub(super) fn sample_from(&self, name: &str) -> Read<(Vec<f64>, f64)> {
        let cells = self.cells(name)?;
        let all: Vec<&Cell> = cells.iter().collect();
        match within_f64(&all, Scale::Differences) {
            None => Ok((cells.iter().map(Cell::rounded).collect::<Read<_>>()?, 0.0)),
            Some(numbers) => {
                let origin = cells.first().and_then(Cell::whole).unwrap_or(0);
                Ok((numbers, origin as f64))
            }
        }
    }

    /// A sample of numbers none of which may be missing.
    pub(super) fn whole_sample(&self, name: &str) -> Read<Vec<f64>> {
        if self.places(name)?.contains(&None) {
            return Err(not_evaluated("a value is missing"));
        }
        self.sample(name)
    }

    /// The reference and batch samples.
    pub(super) fn samples(&self, scale: Scale) -> Read<(Vec<f64>, Vec<f64>)> {
        let (reference, batch) = (self.cells("reference")?, self.cells("batch")?);
        let all: Vec<&Cell> = reference.iter().chain(&batch).collect();
        if let Some(mut numbers) = within_f64(&all, scale) {
            let rest = numbers.split_off(reference.len());
            return Ok((numbers, rest));
        }
        // fractions beside whole numbers beyond ±2⁵³: what rounding moves is little beside the distance between them
        let of = |cells: &[Cell]| cells.iter().map(Cell::rounded).collect::<Read<Vec<f64>>>();
        Ok((of(&reference)?, of(&batch)?))
    }

    /// A list of counts.
    pub(super) fn count_list(&self, name: &str) -> Read<Vec<u64>> {
        self.list(name)?.iter().map(|value| counted(name, value)).collect()
    }

    /// A table of counts: given as such, or as the ratings of the same cases on both sides.
    pub(super) fn table(&self) -> Read<Vec<Vec<u64>>> {
        if self.has("table") || !self.has("reference") {
            return rows_of_counts("table", self.input("table")?);
        }
        let (first, second) = (self.places("reference")?, self.places("batch")?);
        if first.len() != second.len() {
            return Err(not_evaluated("not one rating of each side per case"));
        }
        let both =
            |(a, b): (&Option<Cell>, &Option<Cell>)| Some((a.as_ref()?.name(), b.as_ref()?.name()));
        let pairs: Vec<(String, String)> = first.iter().zip(&second).filter_map(both).collect();
        let names: BTreeSet<&String> = pairs.iter().flat_map(|(a, b)| [a, b]).collect();
        let place = |name: &String| names.iter().position(|known| *known == name).unwrap_or(0);
        let mut table = vec![vec![0; names.len()]; names.len()];
        for (a, b) in &pairs {
            table[place(a)][place(b)] += 1;
        }
        Ok(table)
    }

    /// Batches of sub-blocks of counts.
    pub(super) fn batches(&self) -> Read<Vec<Vec<Vec<u64>>>> {
        self.list("batches")?.iter().map(|batch| rows_of_counts("batches", batch)).collect()
    }

    /// Whether the vector gives counts rather than samples.
    pub(super) fn are_counts(&self) -> bool {
        ["reference_counts", "batch_counts", "table"].iter().any(|name| self.has(name))
    }

    /// Counts of both sides over the same bins: as given, or from samples (text and few whole numbers as categories, other
    /// numbers on the deciding bins of the reference).
    pub(super) fn counts(&self) -> Read<(Vec<u64>, Vec<u64>)> {
        if self.has("table") {
            let [reference, batch]: [Vec<u64>; 2] = self
                .table()?
                .try_into()
                .or(Err(malformed("`table` has not two rows, reference and batch")))?;
            return Ok((reference, batch));
        }
        if self.are_counts() {
            let reference = self.count_list("reference_counts")?;
            let bins = self.whole(&["bins"], reference.len() as u64)?;
            if bins != reference.len() as u64 {
                let found = reference.len();
                return Err(malformed(&format!("parameter `bins` is {bins}, there are {found}")));
            }
            return Ok((reference, self.count_list("batch_counts")?));
        }
        if self.has("successes") {
            let [reference, batch] = self.rates()?.map(|(successes, trials)| {
                trials.checked_sub(successes).map(|failures| vec![successes, failures])
            });
            let counts = reference.zip(batch);
            return counts.ok_or_else(|| not_evaluated("more successes than trials"));
        }
        let (reference, batch) = (self.cells("reference")?, self.cells("batch")?);
        let all = || reference.iter().chain(&batch);
        let few = || {
            let wholes: Option<BTreeSet<i128>> = all().map(Cell::whole).collect();
            wholes.is_some_and(|wholes| wholes.len() <= VALUES_MAX)
        };
        let given = self.is_given("bins");
        if all().any(|cell| matches!(cell, Cell::Text(_))) || !given && few() {
            Ok(categories(&reference, &batch))
        } else {
            self.binned()
        }
    }

    fn binned(&self) -> Read<(Vec<u64>, Vec<u64>)> {
        let (mut reference, batch) = self.samples(Scale::Order)?;
        if reference.iter().chain(&batch).any(|value| value.is_infinite()) {
            return Err(not_evaluated("infinite value"));
        }
        if reference.is_empty() {
            return Err(not_evaluated("no values in the reference"));
        }
        reference.sort_by(f64::total_cmp);
        let bins = self.whole(&["bins"], BINS)?;
        if !(1..=BINS_MAX).contains(&bins) {
            return Err(malformed(&format!(
                "parameter `bins` is {bins}, expected 1 to {BINS_MAX}"
            )));
        }
        let edges = deciding_edges(reference.as_slice(), usize::try_from(bins).unwrap_or(1));
        Ok((rows_per_bin(&edges, &reference), rows_per_bin(&edges, &batch)))
    }

    /// (successes, trials) of reference and batch: two of each, counts of successes and failures, or samples of 0 and 1.
    pub(super) fn rates(&self) -> Read<[(u64, u64); 2]> {
        if self.has("successes") {
            let (successes, trials) = (self.count_list("successes")?, self.count_list("trials")?);
            return match (successes.as_slice(), trials.as_slice()) {
                (&[a, b], &[m, n]) => Ok([(a, m), (b, n)]),
                _ => Err(malformed("expected two `successes` and two `trials`, reference first")),
            };
        }
        if !self.are_counts() {
            let (reference, batch) = (self.sample("reference")?, self.sample("batch")?);
            if !reference.iter().chain(&batch).all(|value| bit(*value).is_some()) {
                return Err(not_evaluated("a value that is neither 0 nor 1"));
            }
            let ones = |sample: &[f64]| sample.iter().filter(|x| **x > 0.5).count() as u64;
            let rate = |sample: &[f64]| (ones(sample), sample.len() as u64);
            return Ok([rate(&reference), rate(&batch)]);
        }
        let (reference, batch) = self.counts()?;
        let rate = |counts: &[u64]| match counts {
            [successes, failures] => Ok((*successes, successes.saturating_add(*failures))),
            _ => Err(not_evaluated("not two counts a side, successes and failures")),
        };
        Ok([rate(&reference)?, rate(&batch)?])
    }

    /// (successes, trials) of one rate.
    pub(super) fn rate(&self) -> Read<(u64, u64)> {
        let one = |name: &str| match self.input(name)? {
            Value::Array(list) if list.len() == 1 => counted(name, &list[0]),
            value => counted(name, value),
        };
        Ok((one("successes")?, one("trials")?))
    }

    /// Labels and scores, without the pairs of which one is missing.
    pub(super) fn labelled(&self) -> Read<(Vec<bool>, Vec<f64>)> {
        let (labels, scores) = (self.list("labels")?, self.list("scores")?);
        if labels.len() != scores.len() {
            return Err(not_evaluated("not one score per label"));
        }
        let mut known = (Vec::new(), Vec::new());
        for (place, (label, score)) in labels.iter().zip(scores).enumerate() {
            let unread = [("labels", label), ("scores", score)]
                .into_iter()
                .find(|(_, value)| !value.is_null() && number(value).is_none());
            if let Some((name, value)) = unread {
                return Err(malformed(&format!(
                    "`{name}` holds {value} at place {place}, expected a number"
                )));
            }
            let (label, score) = (number(label), number(score).filter(|score| !score.is_nan()));
            let Some((label, score)) = label.filter(|label| !label.is_nan()).zip(score) else {
                continue;
            };
            let Some(label) = bit(label) else {
                return Err(malformed(&format!("label {label}, expected 0 or 1")));
            };
            known.0.push(label);
            known.1.push(score);
        }
        Ok(known)
    }

    /// Rows of points: lists of numbers, or numbers as points on a line.
    pub(super) fn points(&self, name: &str) -> Read<Vec<Vec<f64>>> {
        let point = |value| {
            numbers(value)
                .ok_or_else(|| malformed(&format!("`{name}` holds a point without numbers")))
        };
        self.list(name)?.iter().filter(|value| !value.is_null()).map(point).collect()
    }
}

fn counted(name: &str, value: &Value) -> Read<u64> {
    match count(value) {
        Some(count) if i128::from(count) <= EXACT => Ok(count),
        Some(count) => Err(not_evaluated(&format!("{count} rows, more than 2^53"))),
        None if value.is_null() || number(value).is_some() => {
            Err(not_evaluated(&format!("{value} is not a count")))
        }
        None => Err(malformed(&format!("`{name}` holds {value}, expected counts"))),
    }
}

fn rows_of_counts(name: &str, value: &Value) -> Read<Vec<Vec<u64>>> {
    let rows = |value: &Value| -> Option<Read<Vec<u64>>> {
        Some(value.as_array()?.iter().map(|value| counted(name, value)).collect())
    };
    let list = value.as_array().and_then(|list| list.iter().map(rows).collect::<Option<Vec<_>>>());
    let list = list.ok_or_else(|| malformed(&format!("`{name}` is not made of rows of counts")))?;
    list.into_iter().collect()
}

fn categories(reference: &[Cell], batch: &[Cell]) -> (Vec<u64>, Vec<u64>) {
    let of = |sample: &[Cell]| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for cell in sample {
            *counts.entry(cell.name()).or_default() += 1;
        }
        counts
    };
    let (reference, batch) = (of(reference), of(batch));
    let names: BTreeSet<&String> = reference.keys().chain(batch.keys()).collect();
    let counts = |of: &BTreeMap<String, u64>| {
        names.iter().map(|name| of.get(*name).copied().unwrap_or(0)).collect()
    };
    (counts(&reference), counts(&batch))
}
