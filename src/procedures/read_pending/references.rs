//! What waits because another reference or policy is proposed.

use super::{Pending, PendingKind};
use crate::access::account::Account;
use crate::access::role::{Action, Role};
use crate::error::Result;
use crate::procedures::read_references::{ProposalState, next_of, state_of};
use crate::store::ReadTx;

/// Proposals that wait for a signature: first that of who proposed it, then that of another person of QA.
pub(super) fn references(
    tx: &ReadTx<'_>,
    account: &Account,
    found: &mut Vec<Pending>,
) -> Result<()> {
    for row in tx.open_reference_proposals()? {
        let Some(version) = tx.version_by_id(&row.version_id)? else { continue };
        let state = state_of(tx, &row)?;
        let by = &row.proposed_by;
        let (who, why) = match state {
            ProposalState::Proposed => {
                let why = format!("{by} proposed it and signs first; QA follows");
                (Action::Register.roles().to_vec(), why)
            }
            ProposalState::Authored => {
                (vec![Role::Qa], format!("{by} proposed and signed it; another person approves it"))
            }
            ProposalState::InForce { .. }
            | ProposalState::BatchInvalid
            | ProposalState::Overtaken => continue,
        };
        let is_mine = next_of(tx, account, (&row, state))?.is_some();
        let whose = if is_mine { "your" } else { "a" };
        let name = format!("{} {}", version.model, version.version);
        let signed = tx.record_signatures("reference_proposal", &row.id)?;
        let newest = signed.last().map_or(row.entry, |(_, entry)| *entry);
        found.push(Pending {
            kind: PendingKind::Reference,
            what: format!("A proposed reference of {name} waits for {whose} signature"),
            why,
            version: Some(name),
            who,
            is_mine,
            path: format!("/references/{}", row.id),
            since: tx.entry(newest)?.map(|stored| stored.entry.ts).unwrap_or_default(),
            due_on: None,
            is_overdue: false,
        });
    }
    Ok(())
}
