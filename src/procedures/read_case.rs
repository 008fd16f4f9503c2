//! A part of reviewing predictions: read one drawn row from the kept file of its batch.

use super::ingest_batch::Judge;
use super::join_labels::open;
use super::read_records::missing;
use super::stored;
use crate::drift::performance::rule::{Predicted, class_name};
use crate::error::Result;
use crate::evidence::prediction::{Prediction, read_rows};
use crate::review::draw::StrataColumns;
use crate::review::review_sample::{ReviewCase, ReviewSample};
use crate::store::ReadTx;
use crate::store::objects::Objects;
use crate::store::review_samples::ReviewSampleRow;
use crate::store::versions::VersionRow;
use std::collections::{BTreeMap, BTreeSet};

/// A drawn sample, with the version it is of.
#[derive(Clone, Debug)]
pub(super) struct SampleFound {
    pub(super) row: ReviewSampleRow,
    pub(super) sample: ReviewSample,
    pub(super) version: VersionRow,
}

impl SampleFound {
    /// The sample of this id.
    pub(super) fn read(tx: &ReadTx<'_>, id: &str) -> Result<Self> {
        let row = tx.review_sample(id)?.ok_or_else(|| missing("review sample", id))?;
        let version = tx.version_by_id(&row.version_id)?;
        let version = version.ok_or_else(|| missing("model version", &row.version_id))?;
        Ok(Self { sample: stored(&row.document)?, row, version })
    }
}

/// A drawn row as its file has it.
#[derive(Clone, Debug)]
pub(super) struct CaseRow {
    pub(super) prediction: Prediction,
    pub(super) stratum: String,
    pub(super) model_answer: String,
    pub(super) score: Option<String>,
}

/// Reads drawn rows of one sample.
pub(super) struct CaseReader<'a> {
    objects: &'a Objects,
    judge: Judge,
    predicted: Predicted,
    columns: StrataColumns,
}

impl<'a> CaseReader<'a> {
    /// A reader of the rows of the sample.
    pub(super) fn of(objects: &'a Objects, judge: Judge, sample: &ReviewSample) -> Result<Self> {
        let (schema, rule) = (&judge.registration.schema, &judge.policy.0.performance);
        let predicted = Predicted::of(schema, judge.registered_reference(), rule)?;
        let columns = StrataColumns::of(&predicted, schema, &sample.plan)?;
        Ok(Self { objects, judge, predicted, columns })
    }

    /// What the version is registered with.
    pub(super) fn judge(&self) -> &Judge {
        &self.judge
    }

    /// The row of a case.
    pub(super) fn read(
        &self,
        tx: &ReadTx<'_>,
        sample: &ReviewSample,
        case: &ReviewCase,
    ) -> Result<CaseRow> {
        let mut found = self.read_all(tx, sample, std::slice::from_ref(case))?;
        let id = format!("row {} of batch {}", case.row, case.batch);
        found.remove(&(case.batch, case.row)).ok_or_else(|| missing("prediction", &id))
    }

    /// The rows of several cases by batch and row, each file read once; without those that are not there or have no prediction.
    pub(super) fn read_all(
        &self,
        tx: &ReadTx<'_>,
        sample: &ReviewSample,
        cases: &[ReviewCase],
    ) -> Result<BTreeMap<(u64, u64), CaseRow>> {
        let mut numbers: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for case in cases {
            numbers.entry(case.batch).or_default().insert(case.row);
        }
        let (version_id, schema) = (&self.judge.version.id, &self.judge.registration.schema);
        let mut found = BTreeMap::new();
        for (place, drawn) in (0..).zip(&sample.batches) {
            let Some(numbers) = numbers.get(&place) else { continue };
            // By id: a correction of it may have its name.
            let batch = tx.batch(&drawn.id)?.ok_or_else(|| missing("batch", &drawn.id))?;
            let table = open(self.objects, &batch.blake3, &batch.format)?;
            for row in read_rows(&table, schema, numbers)? {
                let file = (batch.id.as_str(), batch.sha256.as_str());
                let prediction = Prediction::of((version_id, schema), file, row, Vec::new())?;
                found.extend(
                    self.case_row(prediction).map(|row| ((place, row.prediction.row), row)),
                );
            }
        }
        Ok(found)
    }

    /// A row with what the model answered; `None` where it has no prediction.
    fn case_row(&self, prediction: Prediction) -> Option<CaseRow> {
        let stratum = self.columns.stratum(|column| prediction.value(column))?;
        let model_answer = prediction.value(&self.predicted.prediction.name).map(class_name)?;
        let score = self.predicted.score.as_ref();
        let score = score.and_then(|score| prediction.value(&score.name)).map(str::to_owned);
        Some(CaseRow { prediction, stratum, model_answer, score })
    }
}
