//! Two judged batches of one version side by side, from the counts that their reports hold.
//!
//! It informs and decides nothing: batches are judged against the reference, whose bins both are counted on.

use super::assess::Verdict;
use super::reference::{Reference, ReferenceFeature};
use super::report::{DriftReport, RowCount, from_profile};
use super::shown::{self, Statistics};
use super::{Error, Result};
use crate::dataset::schema::{Kind, Role};
use serde::{Deserialize, Serialize};

/// One of the two batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BatchSide {
    /// Name of the batch.
    pub batch: String,
    /// SHA-256 of its file.
    pub batch_sha256: String,
    /// Start of its event period, UTC, included.
    pub period_start: Option<String>,
    /// End of its event period, UTC, not included.
    pub period_end: Option<String>,
    /// Rows that were judged.
    pub rows: u64,
    /// Verdict against the reference.
    pub verdict: Verdict,
}

/// One feature in both batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeaturePair {
    /// Column name.
    pub feature: String,
    /// Column role.
    pub role: Role,
    /// How it is judged.
    pub kind: Kind,
    /// Verdicts against the reference: of the one, of the other.
    pub verdicts: [Verdict; 2],
    /// Rows and missing values of the one, of the other.
    pub rows: [RowCount; 2],
    /// How the other differs from the one, on the bins of the reference.
    pub statistics: Statistics,
}

/// Two batches side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BatchPair {
    /// The one.
    pub before: BatchSide,
    /// The other.
    pub after: BatchSide,
    /// One pair a feature, those that moved most first.
    pub features: Vec<FeaturePair>,
}

fn side(report: &DriftReport) -> BatchSide {
    let context = &report.context;
    BatchSide {
        batch: context.batch.clone(),
        batch_sha256: context.batch_sha256.clone(),
        period_start: context.period_start.clone(),
        period_end: context.period_end.clone(),
        rows: report.rows_judged(),
        verdict: report.verdict,
    }
}

/// The feature of `reference` at `index`, with the counts of a batch in place of its own.
pub fn counts_of(
    reference: &Reference,
    report: &DriftReport,
    index: usize,
) -> Option<ReferenceFeature> {
    let mut feature = reference.features.get(index)?.clone();
    feature.profile = report.features.get(index)?.profile.clone();
    Some(feature)
}

/// Holds `after` beside `before`; both were judged against `reference`.
///
/// # Errors
///
/// [`Error::Mismatch`] when one of them was judged against another reference than the other.
pub fn pair(reference: &Reference, before: &DriftReport, after: &DriftReport) -> Result<BatchPair> {
    let (a, b) = (&before.context.reference_sha256, &after.context.reference_sha256);
    let alike = before.features.len() == after.features.len()
        && before.features.len() == reference.features.len();
    if a != b || !alike {
        let detail = format!("one was judged against reference {a}, the other against {b}");
        return Err(Error::Mismatch { what: "pair of batches", detail });
    }
    let mut features: Vec<FeaturePair> = before
        .features
        .iter()
        .zip(&after.features)
        .enumerate()
        .filter_map(|(index, (one, other))| {
            let counts = counts_of(reference, before, index)?;
            Some(FeaturePair {
                feature: one.feature.clone(),
                role: one.role,
                kind: one.kind,
                verdicts: [one.verdict, other.verdict],
                rows: [one.batch, other.batch],
                statistics: from_profile(&counts, &other.profile),
            })
        })
        .collect();
    shown::adjust(&mut features.iter_mut().map(|f| &mut f.statistics).collect::<Vec<_>>());
    let moved = |pair: &FeaturePair| {
        pair.statistics.get("total_variation").and_then(|found| found.value).unwrap_or(-1.0)
    };
    features.sort_by(|a, b| moved(b).total_cmp(&moved(a)));
    Ok(BatchPair { before: side(before), after: side(after), features })
}
