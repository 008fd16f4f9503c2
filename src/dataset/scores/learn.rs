//! Learns scores from a reference: fits on one half of its rows, freezes the distribution on the other.

use super::{FrozenScores, ScoreSums, Standardised, score_frame};
use crate::dataset::bins::{FeatureBins, freeze_bins, numbers, texts};
use crate::dataset::derived::{Derived, PRINCIPAL_COLUMNS_MAX, ScoreGroup};
use crate::dataset::error::{Error, Result};
use crate::dataset::profile::{FeatureProfile, Profiler};
use crate::dataset::reader::TableFile;
use crate::dataset::samples::{Beyond, HELD_VALUES_MAX, Held, Sample};
use crate::dataset::schema::{Column, TableSchema};
use crate::dataset::vectors::spread;
use crate::digest;
use crate::statistics::k_means::k_means;
use crate::statistics::moments::Moments;
use crate::statistics::principal::principal;
use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray, PlSmallStr};
use rayon::prelude::*;

/// Rows of the fitting half beyond the number of columns, at least.
const ROWS_BEYOND: usize = 2;

/// Centres of a group with directions, at most.
const CENTRES: usize = 20;
/// Rows of the fitting half for each centre, at least.
const ROWS_PER_CENTRE: u64 = 50;
/// Rows that centres are fitted on, at most: every k-th of the fitting half.
const CENTRE_ROWS_MAX: u64 = 8_192;

/// Half of a reference.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Half {
    Fitting,
    Held,
}

/// Bins of one score, and the counts of the held half on them.
pub(crate) type Frozen = (FeatureBins, FeatureProfile);

/// Learns the scores of every group of `schema`, and the bins and counts of each score on the held half of `file`.
///
/// The halves are drawn by row, or by cluster where clusters are declared, so that rows that belong together stay together.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`]; [`Error::Schema`] when a group cannot be scored on these rows.
pub(crate) fn learn_scores(
    file: &TableFile,
    schema: &TableSchema,
) -> Result<(Vec<FrozenScores>, Vec<Frozen>)> {
    let (mut all, mut features) = (Vec::new(), Vec::new());
    for group in &schema.scores {
        let mut scores = fit(file, schema, group)?;
        let derived = Derived { scores: vec![scores.clone()], undecided: Vec::new() };
        let own = TableSchema::new(derived.columns());
        let bins = freeze_bins(&own, &collect(file, schema, &scores, &own.columns)?).into();
        let mut profiler = Profiler::new(&own, &bins);
        scores.held = scored(file, schema, &scores, |frame| profiler.visit(frame))?;
        let counted = profiler.finish();
        scores.rows_held = counted.rows;
        features.extend(bins.features.into_iter().zip(counted.features));
        all.push(scores);
    }
    Ok((all, features))
}

/// Calls `visit` with the scores of each chunk of the held half; gives the contributions of all.
fn scored(
    file: &TableFile,
    schema: &TableSchema,
    scores: &FrozenScores,
    mut visit: impl FnMut(&DataFrame) -> Result<()>,
) -> Result<ScoreSums> {
    let mut all = ScoreSums::of(scores);
    for_each_half(file, schema, &scores.columns, Half::Held, |frame| {
        let (series, sums) = score_frame(scores, frame)?;
        all.add(&sums);
        let columns = series.into_iter().map(Into::into).collect();
        visit(&DataFrame::new(frame.height(), columns)?)
    })?;
    Ok(all)
}

/// Means, deviations, components and directions from the fitting half.
fn fit(file: &TableFile, schema: &TableSchema, group: &ScoreGroup) -> Result<FrozenScores> {
    let members = schema.member_names(group);
    let mut moments = vec![Moments::default(); members.len()];
    let rows_fitted = for_each_half(file, schema, &members, Half::Fitting, |frame| {
        members.par_iter().zip(&mut moments).try_for_each(|(name, moments)| {
            let values = numbers(frame.column(name)?.as_materialized_series())?;
            let finite: Vec<f64> =
                values.f64()?.iter().flatten().filter(|x| x.is_finite()).collect();
            *moments = moments.merge(&Moments::of(&finite));
            Ok(())
        })
    })?;
    let spread = |moments: &Moments| moments.deviation(1).filter(|d| d.is_finite() && *d > 0.0);
    let (mut columns, mut left_out, mut means, mut deviations) = (vec![], vec![], vec![], vec![]);
    for (name, moments) in members.into_iter().zip(&moments) {
        if let Some(deviation) = spread(moments) {
            columns.push(name);
            means.push(moments.mean);
            deviations.push(deviation);
        } else {
            left_out.push(name);
        }
    }
    let needed = columns.len() + ROWS_BEYOND;
    if columns.len() < 2 || rows_fitted < needed as u64 {
        let detail = format!(
            "group `{}` of `scores` has {} columns that vary and {rows_fitted} rows to fit them on, expected two columns and {needed} rows or more",
            group.name,
            columns.len()
        );
        return Err(Error::Schema { detail });
    }
    let directions = FrozenScores::draw_directions(&group.name, &columns, schema.directions(group));
    let mut scores = FrozenScores {
        name: group.name.clone(),
        columns,
        left_out,
        rows_fitted,
        rows_held: 0,
        means,
        deviations,
        loadings: Vec::new(),
        variances: Vec::new(),
        directions,
        centres: Vec::new(),
        held: ScoreSums::default(),
    };
    if scores.columns.len() <= PRINCIPAL_COLUMNS_MAX {
        let covariance = covariance(file, schema, &scores)?;
        let found = principal(&covariance).map_err(|why| Error::Schema {
            detail: format!("group `{}` of `scores` has no components: {why}", group.name),
        })?;
        (scores.loadings, scores.variances) = (found.loadings, found.variances);
    }
    if !scores.directions.is_empty() {
        scores.centres = centres(file, schema, &scores)?;
    }
    Ok(scores)
}

/// Centres of rows spread over the fitting half; none where it has too few rows for two.
fn centres(file: &TableFile, schema: &TableSchema, scores: &FrozenScores) -> Result<Vec<Vec<f64>>> {
    let count = CENTRES.min((scores.rows_fitted / ROWS_PER_CENTRE) as usize);
    if count < 2 {
        return Ok(Vec::new());
    }
    let step = scores.rows_fitted.div_ceil(CENTRE_ROWS_MAX);
    let (mut rows, mut place) = (Vec::new(), 0);
    for_each_half(file, schema, &scores.columns, Half::Fitting, |frame| {
        let values = Standardised::of(scores, frame)?;
        for index in 0..values.rows() {
            if place % step == 0 {
                rows.extend(values.row(index));
            }
            place += 1;
        }
        Ok(())
    })?;
    let seed = digest::sha256(format!("centres/{}", scores.name).as_bytes());
    k_means(&rows, count, seed).map_err(|why| Error::Schema {
        detail: format!("group `{}` of `scores` has no centres: {why}", scores.name),
    })
}

/// Covariances of the standardised columns over the fitting half, a missing value counting as the mean.
fn covariance(
    file: &TableFile,
    schema: &TableSchema,
    scores: &FrozenScores,
) -> Result<Vec<Vec<f64>>> {
    let size = scores.columns.len();
    let pairs: Vec<(usize, usize)> =
        (0..size).flat_map(|i| (i..size).map(move |j| (i, j))).collect();
    let mut sums = vec![0.0; pairs.len()];
    let rows = for_each_half(file, schema, &scores.columns, Half::Fitting, |frame| {
        let mut values = Standardised::of(scores, frame)?;
        let missing = |z: &mut f64| *z = if z.is_nan() { 0.0 } else { *z };
        values.columns.par_iter_mut().for_each(|column| column.iter_mut().for_each(missing));
        pairs.par_iter().zip(&mut sums).for_each(|(&(i, j), sum)| {
            let products = values.columns[i].iter().zip(&values.columns[j]);
            *sum += products.map(|(a, b)| a * b).sum::<f64>();
        });
        Ok(())
    })?;
    let mut covariance = vec![vec![0.0; size]; size];
    for (&(i, j), sum) in pairs.iter().zip(sums) {
        covariance[i][j] = sum / (rows as f64 - 1.0);
        covariance[j][i] = covariance[i][j];
    }
    Ok(covariance)
}

/// The scores of the held half, for freezing their bins.
fn collect(
    file: &TableFile,
    schema: &TableSchema,
    scores: &FrozenScores,
    columns: &[Column],
) -> Result<Vec<Sample>> {
    let mut samples: Vec<Sample> = columns.iter().map(Sample::empty).collect();
    let mut open = vec![true; samples.len()];
    let held = Held { max: HELD_VALUES_MAX, beyond: Beyond::Select };
    loop {
        scored(file, schema, scores, |frame| {
            let wanted = columns.par_iter().zip(samples.par_iter_mut()).zip(&open);
            wanted.filter(|(_, open)| **open).try_for_each(|((column, sample), _)| {
                let scores = frame.column(&column.name)?.as_materialized_series();
                sample.visit(scores, held)
            })
        })?;
        open = samples.par_iter_mut().map(Sample::is_open).collect();
        if !open.contains(&true) {
            return Ok(samples);
        }
    }
}

/// Calls `visit` with the rows of one half of each chunk, `wanted` columns only; gives their number.
fn for_each_half(
    file: &TableFile,
    schema: &TableSchema,
    wanted: &[String],
    half: Half,
    mut visit: impl FnMut(&DataFrame) -> Result<()>,
) -> Result<u64> {
    let mut rows = 0;
    file.for_each_typed_chunk(schema, |first_row, frame| {
        let mine: Vec<bool> =
            halves(schema, first_row, frame)?.into_iter().map(|found| found == half).collect();
        let mask = BooleanChunked::from_slice(PlSmallStr::from_static("half"), &mine);
        let frame = spread(frame, wanted)?.filter(&mask)?;
        rows += frame.height() as u64;
        visit(&frame)
    })?;
    Ok(rows)
}

/// The half of each row. Rows by the golden ratio, which no period of the file lines up with; clusters by a digest.
fn halves(schema: &TableSchema, first_row: u64, frame: &DataFrame) -> Result<Vec<Half>> {
    let of = |bit: u64| if bit & 1 == 0 { Half::Fitting } else { Half::Held };
    let row = |row: u64| of(row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63);
    let rows = first_row..first_row + frame.height() as u64;
    let Some(cluster) = &schema.cluster_by else { return Ok(rows.map(row).collect()) };
    let clusters = texts(frame.column(cluster)?.as_materialized_series())?;
    let key = digest::sha256(b"halves of a reference");
    let half = |(text, index): (Option<&str>, u64)| match text {
        Some(text) => of(digest::keyed_u64(&key, text.as_bytes())),
        None => row(index),
    };
    Ok(clusters.str()?.iter().zip(rows).map(half).collect())
}
