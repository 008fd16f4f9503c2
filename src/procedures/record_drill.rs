//! Procedure: record a continuity drill.
//!
//! 1. check that the person may, and is signed in: no token does this
//! 2. look up the practised restore that was part of it, where one is named: its figures are those of its own record
//! 3. record what was tried, when it began and ended, with what the process went on (for example a signed evidence pack, which is read
//!    and verified without the server), how it went, what was found, and by when the next one is due
//! 4. the last drill decides when the next one is due; two weeks before, it waits in the inbox of who may record one

use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::digest;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review;
use crate::review::drill::{DRILL_DAYS, DRILL_FORMAT, Drill, DrillResult, PractisedFigures};
use crate::review::due::day_of;
use crate::review::incident::time_of;
use crate::store::drills::DrillRow;
use crate::store::restore_tests::RestoreTestRow;
use crate::store::{ReadTx, Store};
use jiff::ToSpan as _;
use jiff::civil::Date;

/// Drills in a list.
const LIST_MAX: u32 = 500;
/// Practised restores that are looked through for the one that was part of a drill.
const RESTORES_MAX: u32 = 200;

/// What a person says about a drill.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDrill {
    /// What was tried.
    pub tried: String,
    /// When it began, UTC.
    pub began_at: String,
    /// When it ended, UTC.
    pub ended_at: String,
    /// With what the process went on meanwhile.
    pub fallback: String,
    /// Id of the practised restore that was part of it.
    #[serde(default)]
    pub restore_test: Option<String>,
    /// How it went.
    pub result: DrillResult,
    /// What was found; nothing where there was nothing to say.
    #[serde(default)]
    pub findings: Vec<String>,
    /// The day by which the next one is due, UTC: `2027-02-26`.
    pub next_due: String,
}

/// A drill with what it says.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DrillView {
    /// Its row.
    #[serde(flatten)]
    pub row: DrillRow,
    /// The drill.
    pub drill: Drill,
    /// How long it took, in minutes.
    pub minutes: u64,
}

/// The last drill, and when the next one is due.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DrillStanding {
    /// The last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<DrillView>,
    /// The day by which the next one is due, UTC: as the last one says, or a year after the ledger began.
    pub next_due: String,
    /// Whether that day has passed.
    pub is_overdue: bool,
}

/// All drills and how it stands with them.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DrillsView {
    /// The last one and when the next one is due.
    #[serde(flatten)]
    pub standing: DrillStanding,
    /// All drills, the one recorded last first.
    pub drills: Vec<DrillView>,
}

fn view(row: DrillRow) -> Result<DrillView> {
    let drill: Drill = stored(&row.document)?;
    Ok(DrillView { minutes: drill.minutes(), row, drill })
}

/// The last drill, and when the next one is due, at the day `today`.
///
/// # Errors
///
/// Those of the store.
pub(super) fn standing(tx: &ReadTx<'_>, today: Date) -> Result<DrillStanding> {
    let last = tx.drills(1)?.pop().map(view).transpose()?;
    let due = if let Some(last) = &last {
        last.drill.next_due.parse().ok()
    } else {
        let began = tx.entry(0)?.and_then(|first| day_of(&first.entry.ts));
        began.map(|day| day.saturating_add(DRILL_DAYS.0.days()))
    };
    // What cannot be read is due now.
    let due = due.unwrap_or(today);
    Ok(DrillStanding { last, next_due: due.to_string(), is_overdue: today > due })
}

fn today(store: &Store) -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(store.clock().now()).date()
}

/// The last drill and when the next one is due, and all drills.
///
/// # Errors
///
/// [`Error::Access`].
pub fn drills(store: &Store, acting: &Acting) -> Result<DrillsView> {
    acting.permit(Action::Read)?;
    let today = today(store);
    store.read(|tx| {
        let drills = tx.drills(LIST_MAX)?.into_iter().map(view).collect::<Result<_>>()?;
        Ok(DrillsView { standing: standing(tx, today)?, drills })
    })
}

/// One drill.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn drill(store: &Store, acting: &Acting, id: &str) -> Result<DrillView> {
    acting.permit(Action::Read)?;
    view(store.read(|tx| tx.drill(id))?.ok_or_else(|| missing("drill", id))?)
}

/// What a form for a drill starts with: the day proposed for the next one, and the practised restores it may name.
///
/// # Errors
///
/// [`Error::Access`].
pub fn prepare_drill(store: &Store, acting: &Acting) -> Result<(String, Vec<RestoreTestRow>)> {
    acting.permit(Action::Read)?;
    let next = today(store).saturating_add(DRILL_DAYS.0.days());
    Ok((next.to_string(), store.read(|tx| tx.restore_tests(RESTORES_MAX))?))
}

/// Records a drill.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::Review`] for what it must say and does not, and for a practised restore that is not
/// there.
pub fn record_drill(
    store: &Store,
    acting: &Acting,
    said: &RecordDrill,
) -> Result<Recorded<DrillRow>> {
    acting.permit(Action::RecordDrill)?;
    require_session(acting)?;
    let written = store.write(&actor(acting), EntryType::DrillRecord, |tx| {
        let drill = composed(tx, acting, said)?;
        drill.validate(tx.at())?;
        let bytes = drill.bytes()?;
        let row = DrillRow {
            id: clock::new_id("dr"),
            recorded_by: drill.recorded_by.clone(),
            began_at: drill.began_at.clone(),
            result: drill.result.word().to_owned(),
            next_due: drill.next_due.clone(),
            sha256: digest::sha256_hex(&bytes),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8(bytes).unwrap_or_default(),
        };
        tx.subject(subject("drill", &row.id));
        if let Some(practised) = &drill.restore_test {
            tx.subject(subject("restore_test", &practised.id));
            tx.refer(practised.entry);
        }
        let restored = drill.restore_test.as_ref().map(|practised| practised.id.as_str());
        tx.insert_drill(&row, (&acting.account.id, restored))?;
        Ok::<_, Error>(row)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

fn composed(tx: &ReadTx<'_>, acting: &Acting, said: &RecordDrill) -> Result<Drill> {
    // What is no time stays as it was typed, and is refused by what validates it.
    let time = |typed: &str| time_of(typed).map_or_else(|| typed.to_owned(), clock::rfc3339);
    let findings = said.findings.iter().map(|one| one.trim()).filter(|one| !one.is_empty());
    let named = said.restore_test.as_deref().map(str::trim).filter(|id| !id.is_empty());
    Ok(Drill {
        format: DRILL_FORMAT.to_owned(),
        tried: said.tried.trim().to_owned(),
        began_at: time(&said.began_at),
        ended_at: time(&said.ended_at),
        fallback: said.fallback.trim().to_owned(),
        restore_test: named.map(|id| practised(tx, id)).transpose()?,
        result: said.result,
        findings: findings.map(str::to_owned).collect(),
        next_due: said.next_due.trim().to_owned(),
        recorded_by: acting.account.user_name.clone(),
    })
}

/// The figures of a practised restore.
fn practised(tx: &ReadTx<'_>, id: &str) -> Result<PractisedFigures> {
    let row = tx.restore_tests(RESTORES_MAX)?.into_iter().find(|row| row.id == id);
    let Some(row) = row else {
        let reason = format!(
            "`{id}` is none of the newest {RESTORES_MAX} practised restores; `driftledger restore --record-in` records one, the page System lists them"
        );
        return Err(Error::Review(review::Error::Drill { reason }));
    };
    Ok(PractisedFigures {
        id: row.id,
        entry: row.entry,
        passed: row.test.passed,
        duration_ms: row.test.duration_ms,
        lost_ms: row.test.content.map(|content| content.lost_ms),
    })
}
