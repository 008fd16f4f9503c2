//! The values of a sample in a vector, and whole numbers beyond ±2⁵³ among them.

use serde_json::Value;

use super::inputs::{Read, not_evaluated, number};

/// Whole numbers up to this one have an f64 of their own.
pub(super) const EXACT: i128 = 1 << 53;

/// A value of a sample that is not missing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    /// A whole number beyond ±2⁵³, which no f64 need hold.
    Whole(i128),
    Text(String),
}

/// What of a sample a statistic depends on. Whole numbers beyond ±2⁵³ are brought within f64 without changing it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// On the order of the values only.
    Order,
    /// On the differences between values only.
    Differences,
}

/// The value that is written; `None` if it is missing.
pub(super) fn cell(value: &Value) -> Option<Cell> {
    let whole = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    match (whole, number(value), value.as_str()) {
        (Some(whole), ..) if whole.abs() > EXACT => Some(Cell::Whole(whole)),
        (_, Some(number), _) => (!number.is_nan()).then_some(Cell::Number(number)),
        (_, None, Some(text)) => Some(Cell::Text(text.to_owned())),
        _ => None,
    }
}

impl Cell {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Number(number) => (number + 0.0).to_string(),
            Self::Whole(whole) => whole.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "whole numbers of at most 64 bits")]
    pub(super) fn number(&self) -> Read<f64> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Whole(whole) if *whole as f64 as i128 == *whole => Ok(*whole as f64),
            Self::Whole(_) => Err(not_evaluated("a whole number that no 64-bit number holds")),
            Self::Text(_) => Err(not_evaluated("text where the statistic takes numbers")),
        }
    }

    /// The number nearest to it.
    pub(super) fn rounded(&self) -> Read<f64> {
        match self {
            Self::Whole(whole) => Ok(*whole as f64),
            other => other.number(),
        }
    }

    pub(super) fn whole(&self) -> Option<i128> {
        match self {
            Self::Whole(whole) => Some(*whole),
            #[expect(clippy::cast_possible_truncation, reason = "a whole number up to 2⁵³")]
            Self::Number(x) if x.abs() <= EXACT as f64 && libm::trunc(*x) == *x => Some(*x as i128),
            _ => None,
        }
    }
}

/// A sample with whole numbers beyond ±2⁵³ in it as numbers that an f64 holds: places in order, or distances from the first
/// of the sample, so that a reference whose values lie together keeps its spread however far the batch lies.
/// `None` where that is not needed, or not possible: text, an infinity, fractions where distances are asked for.
pub(super) fn within_f64(cells: &[&Cell], scale: Scale) -> Option<Vec<f64>> {
    if !cells.iter().any(|cell| matches!(cell, Cell::Whole(_))) {
        return None;
    }
    if scale == Scale::Order {
        return places(cells);
    }
    let wholes: Vec<i128> = cells.iter().map(|cell| cell.whole()).collect::<Option<_>>()?;
    let first = wholes.first().copied()?;
    Some(wholes.iter().map(|whole| (whole - first) as f64).collect())
}

/// The whole part, the fraction, and the number itself, which orders what is too large for the first.
type Key = (i128, f64, f64);

fn places(cells: &[&Cell]) -> Option<Vec<f64>> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates; the number itself then tells")]
    let key = |cell: &&Cell| match cell {
        Cell::Number(x) if x.is_finite() => {
            Some((libm::floor(*x) as i128, *x - libm::floor(*x), *x + 0.0))
        }
        Cell::Whole(whole) => Some((*whole, 0.0, *whole as f64)),
        _ => None,
    };
    let keys: Vec<Key> = cells.iter().map(key).collect::<Option<_>>()?;
    let order =
        |a: &Key, b: &Key| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2));
    let mut known = keys.clone();
    known.sort_by(order);
    let place = |key: &Key| known.partition_point(|other| order(other, key).is_lt());
    Some(keys.iter().map(|key| place(key) as f64).collect())
}
