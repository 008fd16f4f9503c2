//! Procedure: withdraw a proposed disposal or redaction, so that nothing goes by it.
//!
//! 1. check that the person proposed it, or is of QA, and says why
//! 2. in one entry: the proposal waits still; record who takes it back, and why. It cannot be signed any more

use super::dispose_files::DISPOSALS;
use super::read_records::missing;
use super::redact_records::REDACTIONS;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::disposal::{Disposal, check_reason};
use crate::review::redaction::Redaction;
use crate::store::withdrawals::WithdrawalRow;
use crate::store::{ReadTx, Store};
use crate::{access, clock};

/// What can be proposed and withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// The disposal of stored files.
    Disposal,
    /// The redaction of fields.
    Redaction,
}

impl Proposal {
    /// Its record table.
    fn table(self) -> &'static str {
        match self {
            Self::Disposal => DISPOSALS,
            Self::Redaction => REDACTIONS,
        }
    }
}

/// A proposal as it stands.
struct Standing {
    account_id: String,
    entry: u64,
    /// The ledger entries in which it was signed by QA, and withdrawn.
    ended: [Option<u64>; 2],
    /// Ids of the versions it is about.
    versions: Vec<String>,
}

fn standing(tx: &ReadTx<'_>, proposal: Proposal, id: &str) -> Result<Standing> {
    let absent = || missing(proposal.table(), id);
    let owned =
        |ids: std::collections::BTreeSet<&str>| ids.into_iter().map(str::to_owned).collect();
    match proposal {
        Proposal::Disposal => {
            let row = tx.disposal(id)?.ok_or_else(absent)?;
            let sheet: Disposal = stored(&row.document)?;
            let ended = [row.signed_entry, row.withdrawn_entry];
            let versions = owned(sheet.versions());
            Ok(Standing { account_id: row.account_id, entry: row.entry, ended, versions })
        }
        Proposal::Redaction => {
            let row = tx.redaction(id)?.ok_or_else(absent)?;
            let sheet: Redaction = stored(&row.document)?;
            let ended = [row.signed_entry, row.withdrawn_entry];
            let versions = owned(sheet.versions());
            Ok(Standing { account_id: row.account_id, entry: row.entry, ended, versions })
        }
    }
}

/// Refuses the proposal `id` where there is an entry in which it was signed by QA, or withdrawn.
///
/// # Errors
///
/// [`Error::Conflict`].
pub(super) fn check_waits(
    (proposal, id): (Proposal, &str),
    [signed, withdrawn]: [Option<u64>; 2],
) -> Result<()> {
    let signed = signed.map(|entry| ("signed", entry));
    let withdrawn = withdrawn.map(|entry| ("withdrawn", entry));
    let Some((how, entry)) = signed.or(withdrawn) else { return Ok(()) };
    let table = proposal.table();
    let detail = format!("{table} `{id}` was {how} in ledger entry {entry} already");
    Err(Error::Conflict { detail })
}

/// Whether this person may withdraw what `proposer` (id of the account) proposed: the proposer, or QA.
pub fn may_withdraw(acting: &Acting, proposer: &str) -> bool {
    let role = acting.account.role;
    let is_of_qa = Action::ApproveDisposal.roles().contains(&role);
    Action::KeepRetention.roles().contains(&role) && (is_of_qa || acting.account.id == proposer)
}

/// Withdraws the proposal `id`.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, and somebody who neither proposed it nor is of QA; [`Error::NotFound`]; [`Error::Review`] for a
/// reason that says nothing; [`Error::Conflict`] for one that is signed or withdrawn already.
pub fn withdraw_proposal(
    store: &Store,
    acting: &Acting,
    (proposal, id): (Proposal, &str),
    reason: &str,
) -> Result<Recorded<WithdrawalRow>> {
    acting.permit(Action::KeepRetention)?;
    let found = store.read(|tx| standing(tx, proposal, id))?;
    if !may_withdraw(acting, &found.account_id) {
        let needed = "who proposed it, or QA".to_owned();
        let role = acting.account.role.printed();
        let refused =
            access::Error::NotPermitted { role, action: "withdraw this proposal", needed };
        return Err(Error::Access(refused));
    }
    check_reason(reason)?;
    let written = store.write(&actor(acting), EntryType::ProposalWithdraw, |tx| {
        let found = standing(tx, proposal, id)?;
        check_waits((proposal, id), found.ended)?;
        tx.subject(subject(proposal.table(), id));
        for version in &found.versions {
            tx.subject(subject("model_version", version));
        }
        tx.refer(found.entry);
        let row = WithdrawalRow {
            id: clock::new_id("wd"),
            by: acting.account.user_name.clone(),
            reason: reason.trim().to_owned(),
            at: tx.at().to_owned(),
            entry: tx.index(),
        };
        let by = (acting.account.id.as_str(), row.reason.as_str());
        tx.insert_withdrawal(&row.id, (proposal.table(), id), by)?;
        Ok::<_, Error>(row)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
