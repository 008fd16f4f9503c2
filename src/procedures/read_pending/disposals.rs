//! What waits because the disposal of files, or the redaction of fields, is proposed.

use super::{Pending, PendingKind};
use crate::access::account::Account;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::stored;
use crate::review::disposal::Disposal;
use crate::store::ReadTx;

/// Disposals that wait for the signature of another person of QA; without those of which a file went with another one.
pub(super) fn disposals(
    tx: &ReadTx<'_>,
    account: &Account,
    found: &mut Vec<Pending>,
) -> Result<()> {
    for row in
        tx.disposals()?.into_iter().filter(|row| row.signed_entry.or(row.withdrawn_entry).is_none())
    {
        let disposal: Disposal = stored(&row.document)?;
        let Some(first) = disposal.files.first() else { continue };
        if tx.gone_file(&first.blake3)?.is_some() {
            continue;
        }
        let may = Action::ApproveDisposal.roles().contains(&account.role);
        let is_mine = may && row.account_id != account.id;
        let whose = if is_mine { "your" } else { "a" };
        let files = if row.files == 1 { "file" } else { "files" };
        found.push(Pending {
            kind: PendingKind::Disposal,
            what: format!("The disposal of {} {files} waits for {whose} signature", row.files),
            why: format!("{} proposed it; another person approves it", row.proposed_by),
            version: None,
            who: Action::ApproveDisposal.roles().to_vec(),
            is_mine,
            path: format!("/disposals/{}", row.id),
            since: row.at,
            due_on: None,
            is_overdue: false,
        });
    }
    Ok(())
}

/// Redactions that wait for the signature of another person of QA.
pub(super) fn redactions(
    tx: &ReadTx<'_>,
    account: &Account,
    found: &mut Vec<Pending>,
) -> Result<()> {
    for row in tx.redactions()? {
        if row.signed_entry.or(row.withdrawn_entry).is_some() {
            continue;
        }
        let may = Action::ApproveDisposal.roles().contains(&account.role);
        let is_mine = may && row.account_id != account.id;
        let whose = if is_mine { "your" } else { "a" };
        let rows = if row.rows == 1 { "record" } else { "records" };
        found.push(Pending {
            kind: PendingKind::Redaction,
            what: format!("The redaction of {} {rows} waits for {whose} signature", row.rows),
            why: format!("{} proposed it; another person approves it", row.proposed_by),
            version: None,
            who: Action::ApproveDisposal.roles().to_vec(),
            is_mine,
            path: format!("/redactions/{}", row.id),
            since: row.at,
            due_on: None,
            is_overdue: false,
        });
    }
    Ok(())
}
