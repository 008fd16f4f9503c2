//! Procedure: read an alert with what was found when it was opened, as one consistent snapshot.
//!
//! 1. check that the person may read
//! 2. read the alert, the report that opened it, and how the batches are called that its sentences count

use super::read_records::{EpisodeView, PAGE_ROWS_MAX, ReportView, episode_in, report_in};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::Result;
use crate::store::Store;
use crate::store::reports::ReportRow;

/// Everything the page of an alert shows.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The alert and what became of it.
    pub episode: EpisodeView,
    /// The report that opened it; absent where none did (a batch that did not come, a file that could not be read).
    pub opening: Option<ReportView>,
    /// The newest reports in force of its version, oldest first: which batch has which number.
    pub batches: Vec<ReportRow>,
}

/// The alert `id`.
///
/// # Errors
///
/// [`crate::error::Error::Access`], [`crate::error::Error::NotFound`].
pub fn alert_view(store: &Store, acting: &Acting, id: &str) -> Result<AlertView> {
    acting.permit(Action::Read)?;
    let now = store.clock().now_text();
    store.read(|tx| {
        let episode = episode_in(tx, acting, (id, &now))?;
        let row = &episode.episode.episode;
        let opening = row.report_id.as_deref().map(|report| report_in(tx, report)).transpose()?;
        let batches = tx.reports(&row.version_id, PAGE_ROWS_MAX)?;
        Ok(AlertView { episode, opening, batches })
    })
}
