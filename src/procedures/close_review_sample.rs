//! Procedure: close a review sample, with what it came to.
//!
//! 1. check that the person may; where cases are left, a reason is needed
//! 2. in one transaction: sum up the answers, go on with the evidence that people disagree too often (where the policy watches it), record
//!    the result and the alert it opens

use super::ingest_batch::Judge;
use super::raise_alerts::open_alert;
use super::read_case::SampleFound;
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::episode::EpisodeKind;
use crate::drift::performance::report::{ErrorState, Watch};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::review_answer::ReviewAnswer;
use crate::review::review_result::ReviewResult;
use crate::store::review_samples::ReviewResultRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest};

/// The record table of results.
const RESULTS: &str = "review_result";

/// The answers to a sample, in the order of the ledger.
pub(super) fn answers_of(tx: &ReadTx<'_>, sample_id: &str) -> Result<Vec<ReviewAnswer>> {
    tx.review_answers(sample_id)?.iter().map(|row| stored(&row.document)).collect()
}

/// Closes a sample: nobody answers about it any more.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`]; [`Error::Conflict`] for one that is closed; [`Error::Review`] where
/// cases are left and no reason is given.
pub fn close_review_sample(
    store: &Store,
    acting: &Acting,
    sample_id: &str,
    reason: Option<&str>,
) -> Result<Recorded<ReviewResultRow>> {
    acting.permit(Action::DrawReviewSample)?;
    require_session(acting)?;
    let written = store.write(&actor(acting), EntryType::SampleClose, |tx| {
        let found = SampleFound::read(tx, sample_id)?;
        if found.row.is_closed {
            let detail = format!("review sample `{sample_id}` is closed already");
            return Err(Error::Conflict { detail });
        }
        let answers = answers_of(tx, sample_id)?;
        let judge = Judge::read(tx, &found.version.model, &found.version.version)?;
        let version_id = found.row.version_id.clone();
        let alarm = judge.policy.0.performance.review_alarm.as_ref();
        let batches_per_false_alarm = judge.policy.0.batches_per_false_alarm;
        let watch = alarm.map(|alarm| Watch { alarm, batches_per_false_alarm });
        let result = ReviewResult::compose(
            (sample_id, &found.row.sha256, &found.sample),
            &answers,
            watch,
            watch.map(|watch| state_before(tx, watch, &version_id)).transpose()?,
            (&acting.account.user_name, reason),
        )?;
        let bytes = result.bytes()?;
        let row = ReviewResultRow {
            id: clock::new_id("rr"),
            sample_id: sample_id.to_owned(),
            version_id: version_id.clone(),
            policy_id: judge.policy_id.clone(),
            sha256: digest::sha256_hex(&bytes),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8_lossy(&bytes).into_owned(),
        };
        tx.subject(subject("model_version", &version_id));
        tx.subject(subject(super::draw_review_sample::SAMPLES, sample_id));
        tx.subject(subject(RESULTS, &row.id));
        tx.refer(found.row.entry);
        tx.insert_review_result(&row, &acting.account.id)?;
        if let Some(opening) = result.opens() {
            // An alert is about the report of the newest batch of the sample.
            let newest = found.sample.batches.last().map(|batch| batch.id.as_str());
            if let Some(report) = tx.report_of_batch(newest.unwrap_or_default())? {
                open_alert(tx, &version_id, &report.id, &opening)?;
            }
        }
        Ok::<_, Error>(row)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Where the evidence stands: as the sample closed before left it, and started anew where its alert was decided.
fn state_before(tx: &ReadTx<'_>, watch: Watch<'_>, version_id: &str) -> Result<ErrorState> {
    let detector = watch.alarm.detector();
    let last = tx.last_review_result(version_id)?;
    let last = last.map(|row| stored::<ReviewResult>(&row.document)).transpose()?;
    let state = last
        .and_then(|result| result.disagreement)
        .map_or_else(|| ErrorState::start(&detector), |evidence| evidence.after);
    let kind = EpisodeKind::Disagreement.word();
    let is_open = tx.open_episode_of_kind(version_id, kind)?.is_some();
    Ok(state.carried(&detector, is_open))
}
