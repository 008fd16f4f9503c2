//! Withdrawals: proposals of a disposal or a redaction that were taken back before QA signed them.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, named_params};
use serde::Serialize;

/// That a proposal was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WithdrawalRow {
    /// Id.
    pub id: String,
    /// User name of who took it back.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records that the proposal `record` (table and id) is taken back by the account.
    ///
    /// # Errors
    ///
    /// Those of the database; one proposal is taken back once.
    pub fn insert_withdrawal(
        &mut self,
        id: &str,
        (record_table, record_id): (&str, &str),
        (account_id, reason): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "withdrawal",
            &[
                ("id", &id),
                ("record_table", &record_table),
                ("record_id", &record_id),
                ("account_id", &account_id),
                ("reason", &reason),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// How the proposal (table and id) was taken back; nothing where it was not.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn withdrawal(&self, (table, id): (&str, &str)) -> Result<Option<WithdrawalRow>> {
        let sql = "SELECT w.id, a.user_name, w.reason, w.at, w.entry FROM withdrawal w JOIN account a ON a.id = w.account_id \
                   WHERE w.record_table = :table AND w.record_id = :id ORDER BY w.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":table": table, ":id": id}, |row| {
            Ok(WithdrawalRow {
                id: row.get(0)?,
                by: row.get(1)?,
                reason: row.get(2)?,
                at: row.get(3)?,
                entry: row.get::<_, Count>(4)?.0,
            })
        });
        Ok(found.optional()?)
    }
}
