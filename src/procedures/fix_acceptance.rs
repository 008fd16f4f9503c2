//! Procedure: fix the acceptance criteria of a version, before it is tested.
//!
//! 1. check that the person may, and that the plan fits the version: figures that are computed for it, a test set it names
//! 2. the same plan in force before: return it
//! 3. write it and its ledger entry, which refers to the version and to the plan it takes the place of
//!
//! Nothing that was tested before counts for a new plan: a test run belongs to the plan that was in force when it was made.

use super::ingest_batch::Judge;
use super::{Recorded, actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::acceptance::plan::{AcceptanceCriteria, Registered};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::acceptance::AcceptancePlanRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest};

/// A plan, and whether this call fixed it.
#[derive(Debug)]
pub struct Fixed {
    /// Its row and ledger entry.
    pub plan: Recorded<AcceptancePlanRow>,
    /// Whether it is new.
    pub is_new: bool,
}

/// What a plan and a test run of the version are held against.
pub(super) fn registered(judge: &Judge) -> Registered<'_> {
    Registered {
        registration: &judge.registration,
        reference: judge.registered_reference(),
        rule: &judge.policy.0.performance,
    }
}

/// Fixes `plan` as the acceptance criteria of a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`]; [`Error::Drift`] for a plan that does not fit the version.
pub fn fix_acceptance(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    plan: &AcceptanceCriteria,
) -> Result<Fixed> {
    acting.permit(Action::FixAcceptance)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    plan.validate(registered(&judge))?;
    let bytes = plan.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let version_id = &judge.version.id;
    let in_force = |tx: &ReadTx<'_>| -> Result<Option<AcceptancePlanRow>> {
        Ok(tx.acceptance_plan(version_id)?.filter(|row| row.sha256 == sha256))
    };
    if let Some(value) = store.read(|tx| in_force(tx))? {
        let checkpoint = store.read(|tx| tx.head())?.checkpoint;
        let plan = Recorded { entry: value.entry, value, checkpoint };
        return Ok(Fixed { plan, is_new: false });
    }
    let written = store.write(&actor(acting), EntryType::AcceptancePlan, |tx| {
        let before = tx.acceptance_plan(version_id)?;
        let row = AcceptancePlanRow {
            id: clock::new_id("ap"),
            version_id: version_id.clone(),
            fixed_by: acting.account.user_name.clone(),
            supersedes: before.as_ref().map(|before| before.id.clone()),
            sha256: sha256.clone(),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8(bytes).unwrap_or_default(),
        };
        tx.subject(subject("model_version", version_id));
        tx.subject(subject("acceptance_plan", &row.id));
        tx.refer(judge.version.entry);
        if let Some(before) = before {
            tx.refer(before.entry);
        }
        tx.insert_acceptance_plan(&row, &acting.account.id)?;
        Ok::<_, Error>(row)
    })?;
    let plan =
        Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint };
    Ok(Fixed { plan, is_new: true })
}
