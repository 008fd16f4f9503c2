//! Frozen bins of one feature: learned once from the reference, then only counted into.

use super::error::Result;
use super::samples::Sample;
use super::schema::{Column, Kind, TableSchema};
use crate::statistics::binning::{
    deciding_edges, quantile, quantile_edges, value_edges, value_probabilities,
};
use crate::statistics::selection::Ranks;
use polars::prelude::{DataType, NamedFrom, Series};
use serde::{Deserialize, Serialize};

/// Bins that decide (ten reference deciles).
pub const DECIDING_BINS: usize = 10;
/// Bins for charts, KS and Wasserstein.
pub const QUANTILE_BINS: usize = 100;
/// Levels of a categorical feature that have a bin of their own, at most.
pub const LEVELS_MAX: usize = 20;
/// Known rare levels kept so that they are not taken for unseen ones, at most.
pub const KNOWN_LEVELS_MAX: usize = 1_000_000;
/// Shares cut off as a tail: of few reference rows, and from [`FINE_TAIL_ROWS`].
const TAILS: [f64; 2] = [0.025, 0.005];
/// Share of the rows from which a count has a bin of its own.
const COUNT_SHARE: f64 = 0.02;
/// Reference rows from which the tails are cut at 0.5 %; below that at 2.5 %.
pub const FINE_TAIL_ROWS: usize = 2_000;

/// How the values of a feature are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "bins", rename_all = "snake_case")]
pub enum FeatureBins {
    /// The reference holds no value at all: nothing to compare values with.
    NoValues,
    /// Every reference value is the same number: bin 0 equals it, bin 1 differs.
    Constant {
        /// The value.
        value: f64,
    },
    /// Ordered bins `(a, b]` between inner edges.
    Ordered {
        /// Inner edges of the deciding bins, ascending.
        edges: Vec<f64>,
        /// Inner edges of the quantile bins, ascending.
        quantile_edges: Vec<f64>,
        /// Values strictly below are in the low tail.
        low_tail: f64,
        /// Values strictly above are in the high tail.
        high_tail: f64,
        /// Smallest and largest reference value.
        #[schema(value_type = Vec<f64>)]
        range: [f64; 2],
    },
    /// One bin a level, and one more for the pooled `rare` levels if there are any.
    Levels {
        /// Levels with a bin of their own, most frequent first.
        levels: Vec<String>,
        /// Known levels pooled into the last bin, ascending.
        rare: Vec<String>,
        /// Levels seen exactly once in the reference: Good and Turing's f₁, which says how often a new level is due.
        singletons: u64,
    },
}

impl FeatureBins {
    /// The two bins of an undecided zone.
    pub fn decided_or_not() -> Self {
        let levels = vec!["decided".to_owned(), "undecided".to_owned()];
        Self::Levels { levels, rare: Vec::new(), singletons: 0 }
    }

    /// Number of deciding bins K.
    pub fn len(&self) -> usize {
        match self {
            Self::NoValues => 0,
            Self::Constant { .. } => 2,
            Self::Ordered { edges, .. } => edges.len() + 1,
            Self::Levels { levels, rare, .. } => levels.len() + usize::from(!rare.is_empty()),
        }
    }

    /// Whether there is no bin.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bin of the level `text`, if it is a known one.
    pub(super) fn place(&self, text: &str) -> Option<u32> {
        let Self::Levels { levels, rare, .. } = self else { return None };
        let pooled = || rare.binary_search_by(|level| level.as_str().cmp(text)).ok();
        let own = levels.iter().position(|level| level == text);
        own.or_else(|| pooled().map(|_| levels.len())).map(|bin| bin as u32)
    }

    /// Whether neighbouring bins hold neighbouring values.
    pub fn is_ordered(&self) -> bool {
        matches!(self, Self::Ordered { .. })
    }

    /// What bin `index` holds, in words: `0.3–0.7`, `F`, `other known values`.
    pub fn label(&self, index: usize) -> String {
        match self {
            Self::NoValues => "no values".to_owned(),
            Self::Constant { value } if index == 0 => as_written(*value),
            Self::Constant { value } => format!("other than {}", as_written(*value)),
            Self::Ordered { edges, .. } => {
                match (index.checked_sub(1).map(|i| edges[i]), edges.get(index)) {
                    (None, Some(high)) => format!("up to {}", short(*high)),
                    (Some(low), None) => format!("above {}", short(low)),
                    (Some(low), Some(high)) if low.next_up() == *high => short(*high),
                    (Some(low), Some(high)) => format!("{}–{}", short(low), short(*high)),
                    (None, None) => "all values".to_owned(),
                }
            }
            Self::Levels { levels, .. } => {
                levels.get(index).cloned().unwrap_or_else(|| "other known values".to_owned())
            }
        }
    }
}

/// A number as it was written: a value of a column of 32-bit floats in the shortest form of that type, 4.6 and not 4.599999904632568.
///
/// ```
/// use driftledger::dataset::bins::as_written;
/// assert_eq!(as_written(f64::from(4.6_f32)), "4.6");
/// assert_eq!((as_written(4.6), as_written(123_456_792.0)), ("4.6".to_owned(), "123456792".to_owned()));
/// ```
pub fn as_written(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "taken only where it is the same number")]
    let narrow = value as f32;
    let is_whole = libm::trunc(value).total_cmp(&value).is_eq();
    if !is_whole && f64::from(narrow).total_cmp(&value).is_eq() {
        format!("{narrow}")
    } else {
        format!("{value}")
    }
}

/// A number with at most four significant digits, for labels.
fn short(value: f64) -> String {
    let text = format!("{value:.3e}");
    text.parse::<f64>().map_or(text, |rounded| format!("{rounded}"))
}

/// The values of a feature as numbers; `None` for a null.
pub(super) fn numbers(series: &Series) -> Result<Series> {
    Ok(series.cast(&DataType::Float64)?)
}

/// The values of a feature as texts: `true`, `12`, `F`, `2026-11-23`.
pub(super) fn texts(series: &Series) -> Result<Series> {
    Ok(match series.dtype() {
        DataType::String => series.clone(),
        DataType::Float64 => {
            let text: Vec<Option<String>> =
                series.f64()?.iter().map(|v| v.map(|v| format!("{}", v + 0.0))).collect();
            Series::new(series.name().clone(), text)
        }
        _ => series.cast(&DataType::String)?,
    })
}

/// The probabilities of all quantiles that [`freeze_bins`] asks for, as it computes them.
pub(super) fn wanted_probabilities() -> Vec<f64> {
    let steps = |bins: usize| (1..bins).map(move |k| k as f64 / bins as f64);
    let tails = [0.0, TAILS[0], TAILS[1], 1.0 - TAILS[0], 1.0 - TAILS[1], 1.0];
    steps(DECIDING_BINS)
        .chain(steps(QUANTILE_BINS))
        .chain(value_probabilities(COUNT_SHARE))
        .chain(tails)
        .collect()
}

/// Freezes the bins of every monitored column of `schema` from the samples of the reference, in the same order.
pub fn freeze_bins(schema: &TableSchema, samples: &[Sample]) -> Vec<FeatureBins> {
    schema.monitored().zip(samples).map(|(column, sample)| freeze(column, sample)).collect()
}

fn freeze(column: &Column, sample: &Sample) -> FeatureBins {
    match sample {
        Sample::Parted(_, values) => ordered_bins(values, column.kind == Some(Kind::Count)),
        Sample::Selected(selection) => ordered_bins(selection, column.kind == Some(Kind::Count)),
        Sample::Levels(levels) => {
            level_bins(levels.iter().map(|(level, rows)| (level.to_owned(), rows)).collect())
        }
        Sample::Numbers(_) | Sample::Dropped => FeatureBins::NoValues,
    }
}

fn ordered_bins(values: &(impl Ranks + ?Sized), count: bool) -> FeatureBins {
    let Some(last) = values.rows().checked_sub(1) else {
        return FeatureBins::NoValues;
    };
    let (low, high) = (values.at(0), values.at(last));
    if low == high {
        return FeatureBins::Constant { value: low };
    }
    let edges = if count {
        value_edges(values, COUNT_SHARE, DECIDING_BINS)
    } else {
        deciding_edges(values, DECIDING_BINS)
    };
    let tail = TAILS[usize::from(values.rows() >= FINE_TAIL_ROWS as u64)];
    FeatureBins::Ordered {
        edges,
        quantile_edges: quantile_edges(values, QUANTILE_BINS),
        low_tail: quantile(values, tail),
        high_tail: quantile(values, 1.0 - tail),
        range: [low, high],
    }
}

/// The bins of levels with their rows.
fn level_bins(mut ranked: Vec<(String, u64)>) -> FeatureBins {
    if ranked.is_empty() {
        return FeatureBins::NoValues;
    }
    let rows: u64 = ranked.iter().map(|(_, count)| count).sum();
    let singletons = ranked.iter().filter(|(_, count)| *count == 1).count() as u64;
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let least = (0.01 * rows as f64).max(5.0);
    let own = ranked
        .iter()
        .take(LEVELS_MAX)
        .take_while(|(_, count)| *count as f64 >= least)
        .count()
        .max(1);
    // A feature of two values keeps both, however rare the second: its rate is what matters.
    let own = if ranked.len() == 2 { 2 } else { own };
    let mut rare: Vec<String> = ranked.drain(own..).map(|(level, _)| level).collect();
    rare.truncate(KNOWN_LEVELS_MAX);
    rare.sort();
    FeatureBins::Levels {
        levels: ranked.into_iter().map(|(level, _)| level).collect(),
        rare,
        singletons,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::selection::Selection;

    #[test]
    fn a_rare_second_value_keeps_its_bin() {
        let levels = vec![("f".to_owned(), 775), ("t".to_owned(), 3)];
        let FeatureBins::Levels { levels, rare, singletons } = level_bins(levels) else { panic!() };
        assert_eq!((levels.len(), rare.len(), singletons), (2, 0, 0));
    }

    #[test]
    fn rare_levels_are_pooled_and_remembered() {
        let mut counts = vec![("a".to_owned(), 700), ("b".to_owned(), 290)];
        counts.extend((0..10).map(|i| (format!("rare {i}"), 1)));
        let bins = level_bins(counts);
        assert_eq!(bins.len(), 3);
        assert_eq!(bins.label(2), "other known values");
        let FeatureBins::Levels { rare, singletons, .. } = bins else { panic!() };
        assert_eq!((rare.len(), singletons), (10, 10));
    }

    #[test]
    fn a_long_column_has_the_bins_of_a_sorted_one() {
        let values: Vec<f64> = (0..40_000u32)
            .map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 12))
            .map(|v| if v < 2e5 { 0.0 } else { (v / 1e6).ln() })
            .collect();
        for values in [values.clone(), values.iter().map(|v| (v * 9.0).round()).collect()] {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let mut selection = Selection::default();
            selection.extend(&values);
            while selection.narrow(&wanted_probabilities()) {
                selection.extend(&values);
            }
            for count in [false, true] {
                assert_eq!(ordered_bins(&selection, count), ordered_bins(sorted.as_slice(), count));
            }
        }
    }

    #[test]
    fn constants_and_emptiness_have_bins_of_their_own() {
        assert_eq!(ordered_bins([].as_slice(), false), FeatureBins::NoValues);
        assert_eq!(ordered_bins([2.0; 9].as_slice(), false), FeatureBins::Constant { value: 2.0 });
    }
}
