//! Training rows found again in the data a model is measured or monitored by.

use super::registration::{DatasetRole, Registration};
use super::{Error, Result};
use crate::dataset::overlap::Common;
use serde::{Deserialize, Serialize};

/// Fewest characters of a justification.
const JUSTIFICATION_MIN: usize = 20;

/// What rows were compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComparedBy {
    /// All declared features: the same row.
    Features,
    /// A declared key: another row of the same patient, batch, plate, …
    Key,
}

/// The overlap of one dataset with the training data, counted where the rows are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    /// What the dataset is used for.
    pub role: DatasetRole,
    /// Its `tdh1`.
    pub table: String,
    /// What rows were compared by.
    pub by: ComparedBy,
    /// The columns compared.
    pub columns: Vec<String>,
    /// Rows of the dataset that stand in the training data too.
    pub rows: u64,
    /// Training rows that stand in the dataset too.
    pub training_rows: u64,
    /// Different rows (or keys) that both hold.
    pub distinct: u64,
}

impl Overlap {
    /// The overlap of a dataset (second in `common`) with the training data (first).
    pub fn new(
        (role, table): (DatasetRole, &str),
        (by, columns): (ComparedBy, &[String]),
        common: Common,
    ) -> Self {
        Self {
            role,
            table: table.to_owned(),
            by,
            columns: columns.to_vec(),
            rows: common.rows_second,
            training_rows: common.rows_first,
            distinct: common.distinct,
        }
    }

    /// What was found, for a person; `of` is the number of rows of the dataset.
    pub fn sentence(&self, of: u64) -> String {
        let Self { rows, .. } = self;
        let role = self.role.word();
        let what = match self.by {
            ComparedBy::Features => "a training row in every feature".to_owned(),
            ComparedBy::Key => format!("training data in {}", self.columns.join(", ")),
        };
        match rows {
            0 => format!("no {role} row equals {what}"),
            1 => format!("1 of {of} {role} rows equals {what}"),
            _ => format!("{rows} of {of} {role} rows equal {what}"),
        }
    }
}

/// Checks that overlaps are about datasets of `registration`, and that rows in common are justified.
pub(super) fn validate(registration: &Registration) -> Result<()> {
    let mut found = Vec::new();
    for overlap in &registration.overlaps {
        let dataset = registration.datasets.iter().find(|dataset| {
            dataset.role == overlap.role && dataset.fingerprint.table.table == overlap.table
        });
        let rows = dataset.map(|dataset| dataset.fingerprint.rows);
        let Some(rows) = rows.filter(|&rows| overlap.rows <= rows) else {
            return Err(Error::OverlapOfNothing {
                role: overlap.role.word(),
                table: overlap.table.clone(),
            });
        };
        if overlap.rows > 0 {
            found.push(overlap.sentence(rows));
        }
    }
    let justification = registration.overlap_justification.as_deref().unwrap_or_default().trim();
    if !found.is_empty() && justification.chars().count() < JUSTIFICATION_MIN {
        return Err(Error::Overlap { found, least: JUSTIFICATION_MIN });
    }
    Ok(())
}
