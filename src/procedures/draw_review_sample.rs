//! Procedure: draw predictions for review.
//!
//! 1. check that the person may; the batches are judged ones of the version
//! 2. draw by the plan and a seed of the operating system, from the kept files (no transaction is open while they are read)
//! 3. in one transaction: record the sample, which says how it was drawn and which cases are blind

use super::ingest_batch::Judge;
use super::join_labels::open;
use super::sign_decision::require_session;
use super::{Recorded, actor, say_if_disposed, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::performance::rule::Predicted;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::draw::{Draw, Drawn, StrataColumns};
use crate::review::review_sample::{
    Allocation, REVIEW_SAMPLE_FORMAT, ReviewSample, SampledBatch, SamplingPlan,
};
use crate::store::Store;
use crate::store::objects::Objects;
use crate::store::performance::JudgedBatch;
use crate::store::review_samples::ReviewSampleRow;
use crate::{clock, digest};

/// The record table of samples.
pub(super) const SAMPLES: &str = "review_sample";
/// Share of blind reviews where nobody says another.
pub const BLIND_SHARE: f64 = 0.2;
/// Error rate to be excluded where nobody says another.
pub const CLAIM: f64 = 0.05;
/// Confidence where nobody says another.
pub const CONFIDENCE: f64 = 0.95;

/// What somebody asks to be drawn.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawSample {
    /// Names of the batches, all judged ones of the version.
    pub batches: Vec<String>,
    /// What the review is for.
    pub purpose: String,
    /// How many rows: `{"per_stratum": 30}` or `{"proportional": 200}`.
    pub allocation: Allocation,
    /// Values of the score (where numbers are predicted, of the predicted number) between which bands lie, ascending; without them, it makes
    /// no strata.
    #[serde(default)]
    pub bands: Vec<f64>,
    /// A declared column of few values that makes strata as well.
    #[serde(default)]
    pub column: Option<String>,
    /// Share of blind reviews, at least 0.1; without it, 0.2.
    #[serde(default)]
    pub blind_share: Option<f64>,
    /// Share of the cases that a second person reads as well; without it, none.
    #[serde(default)]
    pub second_share: Option<f64>,
    /// Where numbers are predicted: how far the reviewer's number may be from the predicted one and agree.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// Error rate that the review shall exclude; without it, 0.05.
    #[serde(default)]
    pub claim: Option<f64>,
    /// With which confidence; without it, 0.95.
    #[serde(default)]
    pub confidence: Option<f64>,
}

/// Draws predictions of a version for review.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`] for a version or batch; [`Error::Review`] for a plan that does not
/// hold; those of reading the files.
pub fn draw_review_sample(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    asked: DrawSample,
) -> Result<Recorded<ReviewSampleRow>> {
    acting.permit(Action::DrawReviewSample)?;
    require_session(acting)?;
    let plan = SamplingPlan {
        bands: asked.bands,
        column: asked.column.filter(|column| !column.trim().is_empty()),
        allocation: asked.allocation,
        blind_share: asked.blind_share.unwrap_or(BLIND_SHARE),
        second_share: asked.second_share.unwrap_or(0.0),
        tolerance: asked.tolerance,
        claim: asked.claim.unwrap_or(CLAIM),
        confidence: asked.confidence.unwrap_or(CONFIDENCE),
    };
    plan.validate()?;
    let (judge, judged) = store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let judged = tx.judged_batches(&judge.version.id)?;
        Ok::<_, Error>((judge, judged))
    })?;
    let batches = wanted(judged, &asked.batches)?;
    let seed = clock::new_secret(16).map_err(crate::access::Error::Random)?;
    let (drawn, classes) =
        draw(store.objects(), &judge, (&plan, &seed), &batches).map_err(say_if_disposed(store))?;
    let of = |batch: &JudgedBatch| SampledBatch {
        id: batch.id.clone(),
        name: batch.name.clone(),
        sha256: batch.sha256.clone(),
        rows: batch.rows,
    };
    let sample = ReviewSample {
        format: REVIEW_SAMPLE_FORMAT.to_owned(),
        model: judge.version.model.clone(),
        version: judge.version.version.clone(),
        purpose: asked.purpose.trim().to_owned(),
        plan,
        seed,
        batches: batches.iter().map(of).collect(),
        classes,
        strata: drawn.strata,
        without_prediction: drawn.without_prediction,
        cases: drawn.cases,
        drawn_by: acting.account.user_name.clone(),
    };
    sample.validate()?;
    record(store, acting, &judge.version.id, &sample)
}

fn record(
    store: &Store,
    acting: &Acting,
    version_id: &str,
    sample: &ReviewSample,
) -> Result<Recorded<ReviewSampleRow>> {
    let bytes = sample.bytes()?;
    let written = store.write(&actor(acting), EntryType::SampleDraw, |tx| {
        let row = ReviewSampleRow {
            id: clock::new_id("sa"),
            version_id: version_id.to_owned(),
            drawn_by: acting.account.user_name.clone(),
            cases: sample.cases.len() as u64,
            answered: 0,
            is_closed: false,
            sha256: digest::sha256_hex(&bytes),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8_lossy(&bytes).into_owned(),
        };
        tx.subject(subject("model_version", version_id));
        tx.subject(subject(SAMPLES, &row.id));
        tx.insert_review_sample(&row, &acting.account.id)?;
        Ok::<_, Error>(row)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// The batches of these names, oldest first.
fn wanted(judged: Vec<JudgedBatch>, names: &[String]) -> Result<Vec<JudgedBatch>> {
    if names.is_empty() {
        let detail = "`batches` is empty; name at least one judged batch".to_owned();
        return Err(Error::BadRequest { detail });
    }
    if let Some(missing) = names.iter().find(|name| judged.iter().all(|one| one.name != **name)) {
        return Err(Error::NotFound { what: "judged batch", id: missing.clone() });
    }
    Ok(judged.into_iter().filter(|batch| names.contains(&batch.name)).collect())
}

/// Draws by `plan` and `seed` from the kept files of `batches`; gives the classes that can be answered as well.
pub(super) fn draw(
    objects: &Objects,
    judge: &Judge,
    (plan, seed): (&SamplingPlan, &str),
    batches: &[JudgedBatch],
) -> Result<(Drawn, Vec<String>)> {
    let (schema, rule) = (&judge.registration.schema, &judge.policy.0.performance);
    let predicted = Predicted::of(schema, judge.registered_reference(), rule)?;
    let columns = StrataColumns::of(&predicted, schema, plan)?;
    let mut draw = Draw::new(plan, columns, seed);
    for batch in batches {
        let table = open(objects, &batch.blake3, &batch.format)?;
        draw.read(&table, schema, &batch.sha256)?;
    }
    Ok((draw.finish()?, predicted.task.classes().to_vec()))
}
