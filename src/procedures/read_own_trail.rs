//! A part of approving a version and of closing an alert: lay out what the audit trail holds about it.
//!
//! 1. every entry about the record whose type is a decision, since its beginning, by the index of the trail
//! 2. mark those that are critical (`review::trail_seen`); the signature states that they were looked at

use crate::error::Result;
use crate::review::trail_seen::{OwnEntry, TrailSeen, laid_out};
use crate::store::ReadTx;
use crate::store::trail::TrailFilter;
use std::collections::BTreeMap;

/// What the trail holds about the record `id`, whose steps `steps` names by their ledger entries; not looked at yet.
pub(super) fn own_trail(
    tx: &ReadTx<'_>,
    id: &str,
    steps: &BTreeMap<u64, &'static str>,
) -> Result<TrailSeen> {
    let mut own = Vec::new();
    for kind in laid_out() {
        let mut filter = TrailFilter {
            kind: kind.parse().ok(),
            subject: Some(id.to_owned()),
            ..TrailFilter::default()
        };
        loop {
            let page = tx.trail(&filter, usize::MAX)?;
            let Some(last) = page.last() else { break };
            filter.before = Some(last.entry.idx);
            own.extend(page.iter().map(|stored| (stored.entry.idx, kind)));
        }
    }
    own.sort_unstable();
    let own: Vec<OwnEntry<'_>> = own
        .into_iter()
        .map(|(entry, kind)| OwnEntry { entry, kind, step: steps.get(&entry).copied() })
        .collect();
    Ok(TrailSeen::of(&own))
}
