//! Periodic reviews, and what they ask the audit trail.

use super::count::Count;
use super::trail::{act_term, kind_term};
use super::{ReadTx, Result, WriteTx};
use crate::review::review_kind::ReviewKind;
use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// A periodic review.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PeriodicReviewRow {
    /// Id.
    pub id: String,
    /// The word of its kind.
    pub kind: String,
    /// User name of who held it.
    pub held_by: String,
    /// First ledger entry of its range.
    pub from_entry: u64,
    /// The entry after the last of its range.
    pub until_entry: u64,
    /// The day by which the next one is due, UTC.
    pub next_due: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

const REVIEW: &str = "SELECT r.id, r.kind, a.user_name, r.from_entry, r.until_entry, r.next_due, r.sha256, r.at, r.entry, r.document \
                      FROM periodic_review r JOIN account a ON a.id = r.account_id";

fn review_of(row: &Row<'_>) -> rusqlite::Result<PeriodicReviewRow> {
    let number = |at| Ok::<_, rusqlite::Error>(row.get::<_, Count>(at)?.0);
    Ok(PeriodicReviewRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        held_by: row.get(2)?,
        from_entry: number(3)?,
        until_entry: number(4)?,
        next_due: row.get(5)?,
        sha256: row.get(6)?,
        at: row.get(7)?,
        entry: number(8)?,
        document: row.get(9)?,
    })
}

impl WriteTx<'_> {
    /// Records a periodic review.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_periodic_review(
        &mut self,
        row: &PeriodicReviewRow,
        account_id: &str,
    ) -> Result<()> {
        self.insert(
            "periodic_review",
            &[
                ("id", &row.id),
                ("kind", &row.kind),
                ("account_id", &account_id),
                ("from_entry", &Count(row.from_entry)),
                ("until_entry", &Count(row.until_entry)),
                ("next_due", &row.next_due),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Periodic reviews, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn periodic_reviews(&self, limit: u32) -> Result<Vec<PeriodicReviewRow>> {
        let sql = format!("{REVIEW} ORDER BY r.entry DESC LIMIT :limit");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, review_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One periodic review.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn periodic_review(&self, id: &str) -> Result<Option<PeriodicReviewRow>> {
        let sql = format!("{REVIEW} WHERE r.id = :id ORDER BY r.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, review_of).optional()?)
    }

    /// The signed periodic review of a kind that reaches furthest: the next one goes on from there.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn last_signed_review(&self, kind: ReviewKind) -> Result<Option<PeriodicReviewRow>> {
        let sql = format!(
            "{REVIEW} JOIN record_signature s ON s.record_table = 'periodic_review' AND s.record_id = r.id \
             WHERE r.kind = :kind ORDER BY r.until_entry DESC, s.entry DESC LIMIT 1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":kind": kind.word()}, review_of).optional()?)
    }

    /// How many entries of each of these types lie in a range; none for a type without any.
    ///
    /// # Errors
    ///
    /// Those of the database; [`super::Error::Ledger`] for a word that is no type.
    pub fn entries_by_type(
        &self,
        kinds: &[&str],
        range: &Range<u64>,
    ) -> Result<BTreeMap<String, u64>> {
        let sql =
            "SELECT count(*) FROM entry_term WHERE term = :term AND idx >= :from AND idx < :until";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut counts = BTreeMap::new();
        for kind in kinds {
            let named = named_params! {
                ":term": kind_term(kind.parse()?), ":from": Count(range.start), ":until": Count(range.end)
            };
            let Count(count) = statement.query_row(named, |row| row.get(0))?;
            if count > 0 {
                counts.insert((*kind).to_owned(), count);
            }
        }
        Ok(counts)
    }

    /// The first entry of these types in a range that this actor made.
    ///
    /// # Errors
    ///
    /// As for [`ReadTx::entries_by_type`].
    pub fn first_act_of(
        &self,
        actor: &str,
        kinds: &[&str],
        range: &Range<u64>,
    ) -> Result<Option<u64>> {
        let sql =
            "SELECT min(idx) FROM entry_term WHERE term = :term AND idx >= :from AND idx < :until";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut first = None;
        for kind in kinds {
            let named = named_params! {
                ":term": act_term(actor, kind.parse()?), ":from": Count(range.start), ":until": Count(range.end)
            };
            let found: Option<Count> = statement.query_row(named, |row| row.get(0))?;
            first = [first, found.map(|found| found.0)].into_iter().flatten().min();
        }
        Ok(first)
    }

    /// When somebody last signed in with an account, as the access log says.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn last_sign_in(&self, user_name: &str) -> Result<Option<String>> {
        let sql =
            "SELECT max(at) FROM access_event WHERE user_name = :user_name AND kind = 'signed_in'";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":user_name": user_name}, |row| row.get(0))?)
    }
}
