//! Procedure: record the indicators of a closed period.
//!
//! 1. check that the person may, and is signed in: no token does this
//! 2. the period is over; the same period may be recorded again, as what was known later
//! 3. compute every indicator anew from one snapshot, by the formulas of this program, and keep the sheet as canonical JSON with its digest,
//!    the versions of the formulas and the rows behind each
//! 4. what was recorded stays as it is: it is listed, read, printed and exported, and never computed again

use super::read_indicators::gather;
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
use crate::review::indicators::{IndicatorSheet, Period};
use crate::store::Store;
use crate::store::indicators::IndicatorSheetRow;

/// Sheets in a list.
const LIST_MAX: u32 = 500;

/// Which period is recorded.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordIndicators {
    /// Its first day (UTC), or time.
    pub from: String,
    /// The day after its last, or the time after it.
    pub to: String,
}

/// Recorded indicators with what they say.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct IndicatorSheetView {
    /// Their row.
    #[serde(flatten)]
    pub row: IndicatorSheetRow,
    /// The indicators.
    pub sheet: IndicatorSheet,
}

/// Recorded indicators, the ones recorded last first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn indicator_sheets(store: &Store, acting: &Acting) -> Result<Vec<IndicatorSheetRow>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.indicator_sheets(LIST_MAX))?)
}

/// Recorded indicators by their id.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn indicator_sheet(store: &Store, acting: &Acting, id: &str) -> Result<IndicatorSheetView> {
    acting.permit(Action::Read)?;
    let row = store.read(|tx| tx.indicator_sheet(id))?;
    let row = row.ok_or_else(|| missing("recorded indicators", id))?;
    Ok(IndicatorSheetView { sheet: stored(&row.document)?, row })
}

/// Records the indicators of a period that is over.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::Review`] for what is no period, or not over.
pub fn record_indicators(
    store: &Store,
    acting: &Acting,
    asked: &RecordIndicators,
) -> Result<Recorded<IndicatorSheetRow>> {
    acting.permit(Action::RecordIndicators)?;
    require_session(acting)?;
    let period = Period::parse(&asked.from, &asked.to)?;
    let now = store.clock().now_text();
    if period.to > now {
        let reason = format!(
            "the period ends before {} and is not over at {now}; only a closed period is recorded",
            period.to
        );
        return Err(Error::Review(review::Error::Indicators { reason }));
    }
    let facts = store.read(|tx| gather(tx, period.clone(), now))?;
    let sheet = IndicatorSheet::compute(&facts);
    let bytes = sheet.bytes()?;
    let document = String::from_utf8_lossy(&bytes).into_owned();
    let (warnings, not_evaluated) = sheet.counts();
    let written = store.write(&actor(acting), EntryType::IndicatorsRecord, |tx| {
        sheet.validate(tx.at())?;
        let row = IndicatorSheetRow {
            id: clock::new_id("is"),
            recorded_by: acting.account.user_name.clone(),
            period_from: period.from.clone(),
            period_to: period.to.clone(),
            warnings,
            not_evaluated,
            sha256: digest::sha256_hex(&bytes),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: document.clone(),
        };
        tx.subject(subject("indicator_sheet", &row.id));
        tx.insert_indicator_sheet(&row, &acting.account.id)?;
        Ok::<_, Error>(row)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
