//! Scores of many columns at once: T² and SPE, distance, random directions, nearest centre. Each is one more column, judged like any other.
//!
//! A score fitted and binned on the same rows drifts from day one, so the reference is split: means, deviations and components are
//! learned on one half, the distribution of the scores is frozen on the other (`docs/STATISTICS.md`, section 9).

mod learn;
#[cfg(test)]
mod tests;

pub(crate) use learn::learn_scores;

use super::bins::{numbers, texts};
use super::error::Result;
use super::schema::Kind;
use super::vectors::spread;
use crate::digest;
use crate::statistics::draws::Draws;
use crate::statistics::k_means::nearest;
use crate::statistics::principal::score;
use polars::prelude::{DataFrame, NamedFrom, Series};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows scored together; the sums of contributions are those of these blocks, in their order.
const BLOCK_ROWS: usize = 1024;
/// A standardised value is cut off here: farther out no square may overflow.
const FAR: f64 = 1e6;

/// How the rows of a group of columns are scored, frozen with the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FrozenScores {
    /// Name of the group.
    pub name: String,
    /// Its columns, without those that are constant in the fitting half.
    pub columns: Vec<String>,
    /// Columns left out because they are constant there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Rows of the half that the rest of this was fitted on.
    pub rows_fitted: u64,
    /// Rows of the other half, whose scores are the reference.
    pub rows_held: u64,
    /// Mean of each column.
    pub means: Vec<f64>,
    /// Standard deviation of each column.
    pub deviations: Vec<f64>,
    /// One row a component: its loading on each column. None, then there are no T² and SPE.
    pub loadings: Vec<Vec<f64>>,
    /// Variance along each component.
    pub variances: Vec<f64>,
    /// One row a random direction of length 1, drawn from a seed that is the digest of group and columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directions: Vec<Vec<f64>>,
    /// One row a centre of the fitting half (k-means on standardised values), the most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub centres: Vec<Vec<f64>>,
    /// What the columns contribute to T² and SPE in the held half.
    pub held: ScoreSums,
}

/// What each column contributes to the scores of some rows, in sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScoreSums {
    /// Rows with a score.
    pub rows: u64,
    /// Contributions to T², one a column; they sum to the T² of all rows.
    pub t2: Vec<f64>,
    /// Contributions to SPE.
    pub spe: Vec<f64>,
}

impl ScoreSums {
    /// No rows of `scores` yet.
    pub(super) fn of(scores: &FrozenScores) -> Self {
        let zeros = vec![0.0; if scores.loadings.is_empty() { 0 } else { scores.columns.len() }];
        Self { rows: 0, t2: zeros.clone(), spe: zeros }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (sums, parts) in [(&mut self.t2, &other.t2), (&mut self.spe, &other.spe)] {
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum += part;
            }
        }
    }
}

impl FrozenScores {
    /// The scores of this group: `name.t2`, `name.spe`, then `name.distance`, `name.direction_1`, …, and `name.nearest`.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut put = |what: &str| names.push(format!("{}.{what}", self.name));
        if !self.loadings.is_empty() {
            put("t2");
            put("spe");
        }
        if !self.directions.is_empty() {
            put("distance");
            (1..=self.directions.len()).for_each(|k| put(&format!("direction_{k}")));
        }
        if !self.centres.is_empty() {
            put("nearest");
        }
        names
    }

    /// The kind of the score at this place of the names: only the nearest centre, which is the last, is no number.
    pub(super) fn kind(&self, place: usize) -> Kind {
        let numbers = self.names().len() - usize::from(!self.centres.is_empty());
        if place < numbers { Kind::Continuous } else { Kind::Categorical }
    }

    /// Why these numbers cannot be used; `None` where they can.
    pub fn unfit(&self) -> Option<String> {
        let size = self.columns.len();
        let rows = self.loadings.iter().chain(&self.directions).chain(&self.centres);
        let lengths = [self.means.len(), self.deviations.len()];
        let sums = if self.loadings.is_empty() { 0 } else { size };
        let fits = lengths.into_iter().chain(rows.clone().map(Vec::len)).all(|l| l == size)
            && self.variances.len() == self.loadings.len()
            && [&self.held.t2, &self.held.spe].into_iter().all(|parts| parts.len() == sums);
        let numbers = self.means.iter().chain(rows.flatten()).all(|x| x.is_finite());
        let positive = |x: &f64| x.is_finite() && *x > 0.0;
        let spread = self.deviations.iter().chain(&self.variances).all(positive);
        let fits = fits && numbers && spread && !self.names().is_empty();
        (!fits).then(|| format!("the scores of group `{}` are impossible", self.name))
    }

    /// Unit vectors drawn from the seed of this group and its columns.
    fn draw_directions(name: &str, columns: &[String], count: u32) -> Vec<Vec<f64>> {
        let seed = digest::sha256(format!("directions/{name}/{}", columns.join("/")).as_bytes());
        let mut draws = Draws::new(seed);
        let mut direction = |_| {
            let drawn: Vec<f64> = columns.iter().map(|_| draws.normal()).collect();
            let length = libm::sqrt(drawn.iter().map(|x| x * x).sum());
            drawn.into_iter().map(|x| x / length).collect()
        };
        (0..count).map(&mut direction).collect()
    }

    /// The scores of one standardised row, in the order of the names, a centre by its number from 1; adds its contributions to `sums`.
    fn score_row(&self, z: &[f64], sums: &mut ScoreSums) -> Vec<f64> {
        let mut found = Vec::with_capacity(2 + self.directions.len());
        sums.rows += 1;
        if !self.loadings.is_empty() {
            let row = score(z, &self.loadings, &self.variances);
            for (sums, parts) in [(&mut sums.t2, &row.t2_parts), (&mut sums.spe, &row.spe_parts)] {
                for (sum, part) in sums.iter_mut().zip(parts) {
                    *sum += part;
                }
            }
            found.extend([row.t2, row.spe]);
        }
        if !self.directions.is_empty() {
            found.push(libm::sqrt(z.iter().map(|z| z * z).sum()));
        }
        let along = |direction: &Vec<f64>| direction.iter().zip(z).map(|(w, z)| w * z).sum::<f64>();
        found.extend(self.directions.iter().map(along));
        if !self.centres.is_empty() {
            found.push((nearest(z, &self.centres) + 1) as f64);
        }
        found
    }
}

/// The values of some columns of a frame, standardised; NaN where a value is missing or infinite.
pub(super) struct Standardised {
    columns: Vec<Vec<f64>>,
}

impl Standardised {
    pub(super) fn of(scores: &FrozenScores, frame: &DataFrame) -> Result<Self> {
        let frame = spread(frame, &scores.columns)?;
        let column = |((name, mean), deviation): ((&String, &f64), &f64)| {
            let values = numbers(frame.column(name)?.as_materialized_series())?;
            let z = |value: f64| {
                let z = (value - mean) / deviation;
                if value.is_finite() { z.clamp(-FAR, FAR) } else { f64::NAN }
            };
            Ok(values.f64()?.iter().map(|value| value.map_or(f64::NAN, z)).collect())
        };
        let pairs = scores.columns.par_iter().zip(&scores.means).zip(&scores.deviations);
        Ok(Self { columns: pairs.map(column).collect::<Result<_>>()? })
    }

    fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// A row with 0, the mean, for what is missing; `None` where less than half is known.
    fn row(&self, index: usize) -> Option<Vec<f64>> {
        let mut known = 0;
        let mut z = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let value = column[index];
            known += usize::from(!value.is_nan());
            z.push(if value.is_nan() { 0.0 } else { value });
        }
        (2 * known >= z.len()).then_some(z)
    }
}

/// The scores of every row of a frame, one series a score, and what the columns contribute to them.
pub(super) fn score_frame(
    scores: &FrozenScores,
    frame: &DataFrame,
) -> Result<(Vec<Series>, ScoreSums)> {
    let values = Standardised::of(scores, frame)?;
    let names = scores.names();
    let starts: Vec<usize> = (0..values.rows()).step_by(BLOCK_ROWS).collect();
    let block = |&start: &usize| {
        let mut sums = ScoreSums::of(scores);
        let rows = start..(start + BLOCK_ROWS).min(values.rows());
        let found: Vec<Option<Vec<f64>>> =
            rows.map(|row| values.row(row).map(|z| scores.score_row(&z, &mut sums))).collect();
        (found, sums)
    };
    let blocks: Vec<_> = starts.par_iter().map(block).collect();
    let mut sums = ScoreSums::of(scores);
    blocks.iter().for_each(|(_, parts)| sums.add(parts));
    let series = |(place, name): (usize, String)| {
        let rows = blocks.iter().flat_map(|(rows, _)| rows);
        let values = rows.map(|row| row.as_ref().map(|scores| scores[place]));
        if scores.kind(place).is_ordered() {
            return Ok(Series::new(name.into(), values.collect::<Vec<Option<f64>>>()));
        }
        let centre = |number: f64| format!("centre {number:02}");
        let words: Vec<Option<String>> = values.map(|value| value.map(centre)).collect();
        texts(&Series::new(name.into(), words))
    };
    let series = names.into_iter().enumerate().map(series);
    Ok((series.collect::<Result<_>>()?, sums))
}
