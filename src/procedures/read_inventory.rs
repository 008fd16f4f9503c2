//! Procedure: list models and versions, as they stand or as they stood.
//!
//! 1. check that the person may read
//! 2. in one snapshot: models, versions and drafts that were registered by then, each version with the state after the steps taken by
//!    then
//! 3. keep what has all the words that are looked for

use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::review::life_cycle::{VersionState, state_after};
use crate::store::drafts::DraftRow;
use crate::store::versions::{ModelRow, VersionRow};
use crate::store::{ReadTx, Store};
use std::collections::BTreeMap;

/// A model with its versions and its draft versions, oldest first.
#[derive(Clone, Debug)]
pub struct InventoryLine {
    /// The model.
    pub model: ModelRow,
    /// Its versions, each with where it stands.
    pub versions: Vec<(VersionRow, VersionState)>,
    /// Its draft versions.
    pub drafts: Vec<DraftRow>,
}

/// All models, with their versions.
///
/// # Errors
///
/// [`Error::Access`].
pub fn models(store: &Store, acting: &Acting) -> Result<Vec<(ModelRow, Vec<VersionRow>)>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let mut versions = BTreeMap::<String, Vec<VersionRow>>::new();
        for version in tx.versions(None)? {
            versions.entry(version.model.clone()).or_default().push(version);
        }
        let mut of = |model: &ModelRow| versions.remove(&model.model).unwrap_or_default();
        Ok(tx.models()?.into_iter().map(|model| (model.clone(), of(&model))).collect())
    })
}

/// Which part of the inventory, as of when.
#[derive(Clone, Debug, Default)]
pub struct InventoryFilter {
    /// Words that all have to stand in name, description, version, state or who registered it; capitals do not matter.
    pub search: String,
    /// A day (its end counts) or a time, UTC; without it, now.
    pub as_of: Option<String>,
    /// Only models after this name.
    pub after: String,
    /// Models, at most; without it, all.
    pub limit: Option<usize>,
}

impl InventoryFilter {
    /// The first instant that no longer counts; `None` for now.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for a text that is neither day nor time.
    fn before(&self) -> Result<Option<String>> {
        let Some(text) = self.as_of.as_deref().map(str::trim).filter(|text| !text.is_empty())
        else {
            return Ok(None);
        };
        let end_of_day = |day: jiff::civil::Date| {
            let next = day.tomorrow().ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()
        };
        let day = || text.parse::<jiff::civil::Date>().ok().and_then(end_of_day);
        let at = text.parse::<jiff::Timestamp>().ok();
        let at = at.and_then(|at| at.checked_add(jiff::SignedDuration::from_millis(1)).ok());
        let before = at.or_else(day).ok_or_else(|| Error::BadRequest {
            detail: format!(
                "`{text:.40}` is neither a day like 2026-06-30 nor a time like 2026-06-30T12:00:00Z"
            ),
        })?;
        Ok(Some(crate::clock::rfc3339(before)))
    }

    fn finds(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// Models with their versions and their draft versions, as they stood: later registrations and steps do not count.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::BadRequest`] for a day that is none.
pub fn inventory(
    store: &Store,
    acting: &Acting,
    filter: &InventoryFilter,
) -> Result<Vec<InventoryLine>> {
    acting.permit(Action::Read)?;
    let before = filter.before()?;
    let counts = |at: &str| before.as_deref().is_none_or(|before| at < before);
    store.read(|tx| {
        let mut lines = Vec::new();
        let models = tx.models()?.into_iter().filter(|model| model.model > filter.after);
        for model in models.filter(|model| counts(&model.registered_at)) {
            if filter.limit.is_some_and(|limit| lines.len() >= limit) {
                break;
            }
            let about = format!("{} {}", model.model, model.description);
            let is_found = filter.finds(&about);
            let mut versions = Vec::new();
            let of = tx.versions(Some(&model.model))?.into_iter();
            for row in of.filter(|row| counts(&row.registered_at)) {
                let state = state_then(tx, &row, &counts)?;
                let VersionRow { version, registered_by, .. } = &row;
                let state_words = state.word().replace('_', " ");
                let text = format!("{about} {version} {registered_by} {state_words}");
                if filter.finds(&text) {
                    versions.push((row, state));
                }
            }
            if is_found || !versions.is_empty() {
                let mut drafts = if is_found { tx.drafts(Some(&model.model))? } else { Vec::new() };
                drafts.retain(|row| !row.deleted && counts(&row.registered_at));
                lines.push(InventoryLine { model, versions, drafts });
            }
        }
        Ok(lines)
    })
}

/// Where a version stood after the steps that count.
fn state_then(
    tx: &ReadTx<'_>,
    row: &VersionRow,
    counts: &impl Fn(&str) -> bool,
) -> Result<VersionState> {
    let steps = tx.version_steps(&row.id)?;
    let taken = steps.iter().filter(|row| counts(&row.taken.at)).map(|row| row.taken.step);
    Ok(state_after(taken).unwrap_or_else(|(state, _)| state))
}
