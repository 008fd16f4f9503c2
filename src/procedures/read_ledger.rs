//! Procedure: read the ledger, each time as one consistent snapshot.
//!
//! 1. check that the person may read
//! 2. read entries, their bodies and their proof in one read transaction

use super::read_records::{PAGE_ROWS_MAX, missing};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::Entry;
use crate::store::Store;
use crate::store::trail::TrailFilter;

/// What a person typed to ask the audit trail; what is empty may be anything.
#[derive(Clone, Debug, Default)]
pub struct TrailQuestion {
    /// Only entries before this one.
    pub before: Option<u64>,
    /// Who: the id of an account or of a part of the program.
    pub actor: String,
    /// What: the type of an entry.
    pub kind: String,
    /// The id of a record that the entry is about.
    pub record: String,
    /// Not before this time, or this day (UTC).
    pub from: String,
    /// Before this time, or up to the end of this day (UTC).
    pub until: String,
}

impl TrailQuestion {
    /// The question, once it is understood.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for a type that does not exist or a time that is none.
    pub fn filter(&self) -> Result<TrailFilter> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let unknown = |e: crate::ledger::Error| Error::BadRequest { detail: e.to_string() };
        Ok(TrailFilter {
            before: self.before,
            actor: given(&self.actor),
            kind: given(&self.kind).map(|kind| kind.parse().map_err(unknown)).transpose()?,
            subject: given(&self.record),
            from: given(&self.from).map(|from| time(&from, 0)).transpose()?,
            until: given(&self.until).map(|until| time(&until, 1)).transpose()?,
        })
    }
}

/// A time as ledger entries hold it; a day is its start, `days` later.
fn time(text: &str, days: i64) -> Result<String> {
    let wrong = |e: jiff::Error| Error::BadRequest { detail: format!("time `{text}`: {e}") };
    let at = if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let date = date.checked_add(jiff::Span::new().days(days)).map_err(wrong)?;
        jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(wrong)?
    } else {
        text.parse().map_err(wrong)?
    };
    Ok(clock::rfc3339(at))
}

/// A page of the audit trail, newest first, with the bodies of the entries; and the signed head.
///
/// # Errors
///
/// [`Error::Access`].
pub fn audit_trail(
    store: &Store,
    acting: &Acting,
    filter: &TrailFilter,
    limit: u64,
) -> Result<(Vec<(Entry, serde_json::Value)>, String)> {
    acting.permit(Action::Read)?;
    let limit = usize::try_from(limit.clamp(1, PAGE_ROWS_MAX)).unwrap_or(1);
    store.read(|tx| {
        let mut page = Vec::new();
        for stored in tx.trail(filter, limit)? {
            let body = tx.body(stored.entry.idx)?.unwrap_or_default();
            page.push((stored.entry, serde_json::from_slice(&body).unwrap_or_default()));
        }
        Ok((page, tx.head()?.checkpoint))
    })
}

/// One ledger entry, its body, and its proof under the newest checkpoint.
///
/// # Errors
///
/// [`crate::error::Error::Access`], [`crate::error::Error::NotFound`].
pub fn ledger_entry(
    store: &Store,
    acting: &Acting,
    index: u64,
) -> Result<(Entry, serde_json::Value, String)> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let stored = tx.entry(index)?.ok_or_else(|| missing("ledger entry", &index.to_string()))?;
        let body = tx.body(index)?.unwrap_or_default();
        Ok((
            stored.entry,
            serde_json::from_slice(&body).unwrap_or_default(),
            tx.log_proof(index)?.to_text(),
        ))
    })
}

/// The newest signed head of the ledger, with the lines of the witnesses that have cosigned it so far.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn checkpoint(store: &Store, acting: &Acting) -> Result<String> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let head = tx.head()?;
        Ok(head.checkpoint + &tx.cosignatures(head.size)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_hold_their_last_moment_and_what_is_no_time_is_refused() {
        let ask = |from: &str, until: &str| {
            let (from, until) = (from.to_owned(), until.to_owned());
            TrailQuestion { from, until, ..TrailQuestion::default() }.filter()
        };
        let filter = ask("2026-11-30", "2026-11-30").unwrap();
        assert_eq!(filter.from.as_deref(), Some("2026-11-30T00:00:00.000Z"));
        assert_eq!(filter.until.as_deref(), Some("2026-12-01T00:00:00.000Z"));
        let filter = ask("2026-11-30T01:00:00+01:00", "").unwrap();
        assert_eq!(filter.from.as_deref(), Some("2026-11-30T00:00:00.000Z"));
        assert!(ask("yesterday", "").is_err());
        let unknown = TrailQuestion { kind: "no.such".to_owned(), ..TrailQuestion::default() };
        assert!(matches!(unknown.filter(), Err(Error::BadRequest { .. })));
    }
}
