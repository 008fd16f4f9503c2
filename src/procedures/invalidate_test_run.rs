//! Procedure: mark a test run as invalid: it counts for nothing any more, and nothing of it is deleted.
//!
//! 1. check that the person may, is signed in (no token signs), and is not the one who made the run
//! 2. compose the sheet: which run, what it came to, which steps of the version rest on it, which run counts in its place, and why. A run
//!    that is invalid already is refused
//! 3. verify the password again; five wrong ones lock the account
//! 4. in one transaction: compose the sheet once more, hold it against the one that was shown, and write invalidation, signature and the
//!    ledger entry. From then on the run counts for no review and no approval; a version that was approved on it is not put in use, nor
//!    reviewed for that, before it was tested again

use super::identify_signer::{check_to_sign, sign_record};
use super::read_life_cycle::evidence_of;
use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, same_person, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::batch_invalidation::check_reason;
use crate::review::completeness::Cited;
use crate::review::identified::Identified;
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::review::step_sheet::StepSheet;
use crate::review::test_run_invalidation::{
    InvalidTestRun, RestingStep, TEST_RUN_INVALIDATION_FORMAT, TestRunInvalidation,
};
use crate::store::acceptance::TestRunRow;
use crate::store::invalidations::{Invalid, InvalidationRow};
use crate::store::{ReadTx, Store};
use crate::{clock, digest};

/// The record table of invalidations of test runs.
pub const TABLE: &str = "test_run_invalidation";

/// What is to be signed: the sheet, its exact bytes, and their digest.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TestRunInvalidationSheet {
    /// The sheet.
    pub sheet: TestRunInvalidation,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what the signature is to name.
    pub sha256: String,
    /// User name of who made the run, who may not sign.
    pub sent_by: String,
}

/// A test run that was marked invalid.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TestRunInvalidated {
    /// Id of the invalidation.
    pub id: String,
    /// Id of the test run.
    pub test_run: String,
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// The sheet that this person would sign to mark the test run of that id as invalid.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, and who made the run; [`Error::NotFound`]; [`Error::Review`] for a reason that says nothing;
/// [`Error::Conflict`] for a run that is invalid already.
pub fn prepare_run_invalidation(
    store: &Store,
    acting: &Acting,
    run: &str,
    reason: &str,
) -> Result<TestRunInvalidationSheet> {
    acting.permit(Action::InvalidateTestRun)?;
    require_session(acting)?;
    store.read(|tx| compose(tx, acting, (run, reason)))
}

/// Marks a test run as invalid; `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// Those of [`prepare_run_invalidation`]; [`Error::Access`] for a wrong password; [`Error::Review`] when the sheet is another than the
/// one shown, because something came in between.
pub fn invalidate_test_run(
    store: &Store,
    acting: &Acting,
    run: &str,
    (reason, shown_sha256, password): (&str, &str, &str),
) -> Result<Recorded<TestRunInvalidated>> {
    prepare_run_invalidation(store, acting, run, reason)?;
    let what = (shown_sha256, Meaning::InvalidatedTestRun);
    let how = check_to_sign(store, &acting.account, password, what)?;
    write(store, acting, run, (reason, shown_sha256, how))
}

fn compose(
    tx: &ReadTx<'_>,
    acting: &Acting,
    (run, reason): (&str, &str),
) -> Result<TestRunInvalidationSheet> {
    let run = tx.test_run(run)?.ok_or_else(|| missing("test run", run))?;
    if run.account_id == acting.account.id {
        return Err(same_person(acting, "made this test run", "mark it as invalid"));
    }
    if let Some(invalid) = &run.invalidated {
        let detail = format!("test run `{}` is {} already", run.id, invalid.sentence());
        return Err(Error::Conflict { detail });
    }
    check_reason(reason)?;
    let version = tx.version_by_id(&run.version_id)?;
    let version = version.ok_or_else(|| missing("model version", &run.version_id))?;
    let plans = tx.acceptance_plans(&version.id)?;
    let plan = plans.into_iter().find(|plan| plan.id == run.plan_id);
    let plan = plan.ok_or_else(|| missing("acceptance plan", &run.plan_id))?;
    let sheet = TestRunInvalidation {
        format: TEST_RUN_INVALIDATION_FORMAT.to_owned(),
        model: version.model,
        version: version.version,
        plan: Cited { id: plan.id, sha256: plan.sha256, entry: plan.entry },
        meets_plan: run.meets,
        state: tx.version_state(&version.id)?,
        steps: resting(tx, &run)?,
        counts_instead: evidence_of(tx, &version.id, Some(&run.id))?.test_run,
        version_id: version.id,
        test_run: InvalidTestRun {
            id: run.id,
            sha256: run.sha256,
            file_sha256: run.file_sha256,
            rows: run.rows,
            entry: run.entry,
        },
        reason: reason.trim().to_owned(),
    };
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok(TestRunInvalidationSheet { sheet, document, sha256, sent_by: run.sent_by })
}

/// The steps of the version whose sheets name the run.
fn resting(tx: &ReadTx<'_>, run: &TestRunRow) -> Result<Vec<RestingStep>> {
    let mut steps = Vec::new();
    for row in tx.version_steps(&run.version_id)? {
        let sheet: StepSheet = stored(&row.document)?;
        if sheet.acceptance.test_run.is_some_and(|found| found.run.id == run.id) {
            let taken = row.taken;
            steps.push(RestingStep { id: taken.id, step: taken.step, entry: taken.entry });
        }
    }
    Ok(steps)
}

fn write(
    store: &Store,
    acting: &Acting,
    run: &str,
    (reason, shown_sha256, how): (&str, &str, Identified),
) -> Result<Recorded<TestRunInvalidated>> {
    let written = store.write(&actor(acting), EntryType::TestRunInvalidate, |tx| {
        let TestRunInvalidationSheet { sheet, document, sha256, .. } =
            compose(tx, acting, (run, reason))?;
        let id = clock::new_id("ti");
        tx.subject(subject("model_version", &sheet.version_id));
        tx.subject(subject("test_run", &sheet.test_run.id));
        tx.subject(subject(TABLE, &id));
        tx.refer(sheet.test_run.entry);
        tx.insert_invalidation(&InvalidationRow {
            id: &id,
            version_id: &sheet.version_id,
            of: Invalid::TestRun(&sheet.test_run.id),
            account_id: &acting.account.id,
            reason: &sheet.reason,
            sha256: &sha256,
            document: &document,
        })?;
        let what = (Meaning::InvalidatedTestRun, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (TABLE, &id, &document), what)?;
        let manifestation = signature.manifestation();
        Ok::<_, Error>(TestRunInvalidated {
            id,
            test_run: sheet.test_run.id,
            signature,
            manifestation,
        })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
