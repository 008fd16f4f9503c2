//! Procedure: measure how far reviewers agree with the model, from a table of reviewed cases. Nothing is recorded.
//!
//! 1. read the model's answer, the reviewer's answer and, if there is such a column, whether the review was blind
//! 2. count the cases, and compute agreement, kappa, AC1 and directions from the counts
//!
//! To raise an alert when disagreement rises, send the reviewers' answers as labels.

use crate::dataset;
use crate::dataset::dialect::detect;
use crate::dataset::reader::{Format, TableFile};
use crate::dataset::rows::{as_it_stands, for_each_text_chunk};
use crate::dataset::schema::Role;
use crate::drift::performance::rule::class_name;
use crate::error::{Error, Result};
use crate::review::concordance::{Concordance, ReviewedCases, concordance};
use std::collections::BTreeMap;
use std::path::Path;

/// Classes at most: beyond, the answers are no classes.
const CLASSES_MAX: usize = 100;

/// The columns of a table of reviewed cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewColumns {
    /// The model's answer.
    pub prediction: String,
    /// The reviewer's answer.
    pub review: String,
    /// Whether the review was blind: 1 or true; without it, no review was.
    pub blind: Option<String>,
}

/// What to say about a column that is not in the file: what it was wanted for, and how another one is named.
fn asked_for(error: dataset::Error, columns: &ReviewColumns) -> Error {
    let dataset::Error::MissingColumn { name, found, .. } = &error else { return error.into() };
    let (what, option) = match name {
        name if *name == columns.prediction => ("the model's answer", "prediction"),
        name if *name == columns.review => ("the reviewer's answer", "review"),
        _ => ("whether a review was blind", "blind"),
    };
    let detail = format!(
        "no column `{name}`, which should hold {what}, is in the file; give the right name as `{option}`; the file has {}",
        dataset::error::few_names(found)
    );
    Error::BadRequest { detail }
}

/// Measures the concordance in the table at `path`.
///
/// # Errors
///
/// [`Error::Dataset`] for a table that cannot be read or lacks a column; [`Error::BadRequest`] for more than 100 classes or a
/// blind column that does not say yes or no.
pub fn measure_concordance(
    path: &Path,
    format: Option<Format>,
    columns: &ReviewColumns,
) -> Result<Concordance> {
    let table = TableFile::open(path, format)?;
    let found = detect(&table)?;
    let named = [Some(&columns.prediction), Some(&columns.review), columns.blind.as_ref()];
    let read: Vec<_> =
        named.into_iter().flatten().map(|name| as_it_stands(name, Role::Feature, &[])).collect();
    let mut counted: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
    let (mut unanswered, mut unclear) = (0, None);
    for_each_text_chunk(&table, &found, &read.iter().collect::<Vec<_>>(), |cells| {
        for (row, (prediction, review)) in cells[0].iter().zip(&cells[1]).enumerate() {
            let (Some(prediction), Some(review)) = (prediction, review) else {
                unanswered += 1;
                continue;
            };
            let said = cells.get(2).map_or(Some("0"), |blind| blind[row].as_deref());
            let blind = match said.map(class_name).as_deref() {
                Some("1") => 1,
                Some("0") => 0,
                other => {
                    unclear = Some(other.unwrap_or_default().to_owned());
                    0
                }
            };
            if counted.len() <= CLASSES_MAX * CLASSES_MAX {
                let key = (class_name(prediction), class_name(review));
                counted.entry(key).or_default()[blind] += 1;
            }
        }
        Ok(())
    })
    .map_err(|error| asked_for(error, columns))?;
    if let Some(found) = unclear {
        let detail = format!("the blind column holds `{found}`, expected true or false");
        return Err(Error::BadRequest { detail });
    }
    let reviewed = ReviewedCases::of(&counted, unanswered);
    if reviewed.classes.len() > CLASSES_MAX {
        let found = reviewed.classes.len();
        let detail = format!(
            "there are {found} different answers, at most {CLASSES_MAX} classes are compared"
        );
        return Err(Error::BadRequest { detail });
    }
    Ok(concordance(&reviewed))
}
