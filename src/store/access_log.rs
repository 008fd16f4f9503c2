//! The access log: a working table that only grows.

use super::{Error, ReadTx, Result, Store};
use crate::access::event::{AccessEvent, AccessKind};
use rusqlite::named_params;

/// Which events are asked for.
#[derive(Clone, Debug, Default)]
pub struct AccessFilter {
    /// Only before this one.
    pub before: Option<i64>,
    /// Only of this account.
    pub user_name: Option<String>,
    /// Only of this kind.
    pub kind: Option<AccessKind>,
}

impl Store {
    /// Adds an event to the access log; its number is given here.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn note_access(&self, event: &AccessEvent) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO access_event (at, user_name, role, kind, code, asked, address) \
                 VALUES (:at, :user_name, :role, :kind, :code, :asked, :address)",
                named_params! {
                    ":at": event.at,
                    ":user_name": event.user_name,
                    ":role": event.role,
                    ":kind": event.kind.word(),
                    ":code": event.code,
                    ":asked": event.asked,
                    ":address": event.address,
                },
            )?;
            Ok(())
        })
    }
}

impl ReadTx<'_> {
    /// The newest events that fit, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for a kind that this program does not know.
    pub fn access_events(&self, filter: &AccessFilter, limit: u32) -> Result<Vec<AccessEvent>> {
        let sql = "SELECT id, at, user_name, role, kind, code, asked, address FROM access_event \
                   WHERE (:before IS NULL OR id < :before) AND (:user_name IS NULL OR user_name = :user_name) \
                   AND (:kind IS NULL OR kind = :kind) ORDER BY id DESC LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {
            ":before": filter.before,
            ":user_name": filter.user_name,
            ":kind": filter.kind.map(AccessKind::word),
            ":limit": limit,
        };
        let rows = statement.query_map(named, |row| {
            let word: String = row.get(4)?;
            let kind = AccessKind::parse(&word);
            Ok(kind.map(|kind| {
                (
                    kind,
                    row.get(0),
                    row.get(1),
                    row.get(2),
                    row.get(3),
                    row.get(5),
                    row.get(6),
                    row.get(7),
                )
            }))
        })?;
        rows.map(|found| {
            let (kind, id, at, user_name, role, code, asked, address) = found?.map_err(|e| {
                Error::DocumentBroken { kind: "access event", detail: e.to_string() }
            })?;
            Ok(AccessEvent {
                id: id?,
                at: at?,
                user_name: user_name?,
                role: role?,
                kind,
                code: code?,
                asked: asked?,
                address: address?,
            })
        })
        .collect()
    }
}
