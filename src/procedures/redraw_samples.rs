//! A part of checking a store: draw every review sample again from its kept files, and read every answered row again.
//!
//! 1. draw by the recorded plan and seed, and hold strata, cases and blind ones against those of the sample
//! 2. read the row of every answer, and hold its digest, its stratum and the model's answer against it

use super::draw_review_sample::draw;
use super::ingest_batch::Judge;
use super::read_case::{CaseReader, SampleFound};
use super::stored;
use crate::error::Result;
use crate::review::review_answer::ReviewAnswer;
use crate::store::ReadTx;
use crate::store::objects::Objects;

/// What differs between the sample `id` and its files; `None` where they say the same.
///
/// # Errors
///
/// Those of reading the records and the files.
pub(super) fn redraw(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Result<Option<String>> {
    let SampleFound { sample, version, .. } = SampleFound::read(tx, id)?;
    let judge = Judge::read(tx, &version.model, &version.version)?;
    let mut judged = tx.ever_judged_batches(&version.id)?;
    judged.retain(|batch| sample.batches.iter().any(|drawn| drawn.id == batch.id));
    let files = judged.iter().map(|batch| &batch.sha256);
    if !files.eq(sample.batches.iter().map(|batch| &batch.sha256)) {
        return Ok(Some("its batches are other files, or stand in another order".to_owned()));
    }
    let (drawn, classes) = draw(objects, &judge, (&sample.plan, &sample.seed), &judged)?;
    let unlike = if drawn.cases != sample.cases {
        "drawn again by its plan and seed, the cases are others"
    } else if drawn.strata != sample.strata || drawn.without_prediction != sample.without_prediction
    {
        "drawn again by its plan and seed, the strata are others"
    } else if classes != sample.classes {
        "the classes are not those that the version predicts"
    } else {
        return Ok(None);
    };
    Ok(Some(unlike.to_owned()))
}

/// Of the answers to the sample `id` those that say something else than the files, with what differs.
///
/// # Errors
///
/// Those of reading the records and the files.
pub(super) fn reread(
    tx: &ReadTx<'_>,
    objects: &Objects,
    id: &str,
) -> Result<Vec<(String, &'static str)>> {
    let SampleFound { sample, version, .. } = SampleFound::read(tx, id)?;
    let judge = Judge::read(tx, &version.model, &version.version)?;
    let reader = CaseReader::of(objects, judge, &sample)?;
    let answers = tx.review_answers(id)?;
    let answers: Vec<(String, ReviewAnswer)> = answers
        .into_iter()
        .map(|row| Ok((row.id, stored(&row.document)?)))
        .collect::<Result<_>>()?;
    let cases: Vec<_> =
        answers.iter().filter_map(|(_, one)| sample.case(one.case)).copied().collect();
    let rows = reader.read_all(tx, &sample, &cases)?;
    let mut found = Vec::new();
    for (id, answer) in answers {
        let case = sample.case(answer.case).map(|case| (case.batch, case.row));
        let unlike = match case.and_then(|case| rows.get(&case)) {
            None => "its case is not among the predictions of the files",
            Some(read) if read.prediction.row_sha256 != answer.row_sha256 => {
                "its row has another digest in the file"
            }
            Some(read)
                if read.model_answer != answer.model_answer || read.stratum != answer.stratum =>
            {
                "the file has another answer of the model, or another stratum"
            }
            Some(_) => continue,
        };
        found.push((id, unlike));
    }
    Ok(found)
}
