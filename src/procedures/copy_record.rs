//! Procedure: copy a record for somebody to read or print.
//!
//! 1. check that the person may read such records
//! 2. read the row, the revisions before and after it, and their signatures, from one snapshot
//! 3. say of every field how often it changed since the record was first entered, and what it said then

use crate::access::account::{Account, Acting};
use crate::access::role::Action;
use crate::digest;
use crate::error::{Error, Result};
use crate::evidence::manifest::WITHHELD;
use crate::evidence::record_copy::{RecordCopy, Revision, fields, manifestation, series};
use crate::evidence::records::Row;
use crate::store::{ReadTx, Store};

/// What a person must be permitted to read the rows of `table`; `None` for a table of which nothing is copied.
fn needed(table: &str) -> Option<Action> {
    match table {
        table if WITHHELD.contains(&table) => None,
        "notice_target" => Some(Action::ReadNotices),
        "misuse_event" | "misuse_answer" => Some(Action::ReadAccessLog),
        _ => Some(Action::Read),
    }
}

/// A copy of the record in the row `id` of a record table, for the person who asks.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a row or a table that is not there, and for credentials and tokens, which are never copied.
pub fn copy_record(
    store: &Store,
    acting: &Acting,
    (table, id): (&str, &str),
) -> Result<RecordCopy> {
    let missing = || Error::NotFound { what: "record", id: format!("{table} {id}") };
    acting.permit(needed(table).ok_or_else(missing)?)?;
    store.read(|tx| {
        let accounts = tx.accounts()?;
        let row = match row_of(tx, table, id) {
            Err(Error::Store(crate::store::Error::NotARecordTable { .. })) => None,
            found => found?,
        };
        let (_, row) = row.ok_or_else(missing)?;
        let ids = match series(table) {
            Some(columns) => {
                let values: Vec<_> =
                    columns.iter().map(|column| (*column, row.text(column))).collect();
                tx.record_ids_where(table, &values)?
            }
            None => vec![id.to_owned()],
        };
        let (mut revisions, mut rows) = (Vec::new(), Vec::new());
        for id in &ids {
            let (sha256, row) = row_of(tx, table, id)?.ok_or_else(missing)?;
            revisions.push(revision(tx, (table, id), (&row, sha256), &accounts)?);
            rows.push((row.number("entry").unwrap_or_default(), row));
        }
        let at = ids.iter().position(|one| one == id).ok_or_else(missing)?;
        let is_signed = |revision: &Revision| !revision.signatures.is_empty();
        Ok(RecordCopy {
            table: table.to_owned(),
            number: at as u64 + 1,
            fields: fields(table, &rows[..=at]),
            unsigned_change: !is_signed(&revisions[at]) && revisions[..at].iter().any(is_signed),
            revision: revisions[at].clone(),
            revisions,
            printed_by: name_of(&acting.account),
            printed_at: store.clock().now_text(),
        })
    })
}

/// The row with the SHA-256 that the body of its entry lists.
fn row_of(tx: &ReadTx<'_>, table: &str, id: &str) -> Result<Option<(String, Row)>> {
    let Some(bytes) = tx.record_row(table, id)? else { return Ok(None) };
    let row = serde_json::from_slice(&bytes).map(Row);
    Ok(row.ok().map(|row| (digest::sha256_hex(&bytes), row)))
}

fn revision(
    tx: &ReadTx<'_>,
    (table, id): (&str, &str),
    (row, sha256): (&Row, String),
    accounts: &[Account],
) -> Result<Revision> {
    let entry = row.number("entry").unwrap_or_default();
    let actor = tx.entry(entry)?.map(|stored| stored.entry.actor.id).unwrap_or_default();
    let account = accounts.iter().find(|account| account.id == actor);
    Ok(Revision {
        id: id.to_owned(),
        entry,
        at: row.text("at").to_owned(),
        by: account.map_or(actor, name_of),
        sha256,
        signatures: signatures(tx, table, id)?,
    })
}

/// What the signatures over the row say, oldest first.
fn signatures(tx: &ReadTx<'_>, table: &str, id: &str) -> Result<Vec<String>> {
    let of_record: &[(&str, &str)] = &[("record_table", table), ("record_id", id)];
    let of_decision: &[(&str, &str)] = &[("decision_id", id)];
    let of_study: &[(&str, &str)] = &[("study_id", id)];
    let (signed_in, values) = match table {
        "decision" => ("signature", of_decision),
        "study" => ("study_signature", of_study),
        _ => ("record_signature", of_record),
    };
    let mut said = Vec::new();
    for signature in tx.record_ids_where(signed_in, values)? {
        let row = row_of(tx, signed_in, &signature)?;
        said.extend(row.and_then(|(_, row)| manifestation(signed_in, row.text("document"))));
    }
    Ok(said)
}

fn name_of(account: &Account) -> String {
    format!("{} ({})", account.printed_name, account.user_name)
}
