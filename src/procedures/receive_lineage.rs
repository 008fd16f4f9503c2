//! Procedure: take lineage events that another tool reports.
//!
//! 1. check that the sender may, and read the events: all of a request are taken, or none
//! 2. leave out those that came before, byte for byte
//! 3. write the others with the datasets they name, as one ledger entry

use super::{actor, subject};
use crate::access;
use crate::access::account::{Acting, Way};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::openlineage::{LineageEvent, parse_events};
use crate::store::Store;
use crate::{clock, digest};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;

/// Longest body of a request, in bytes.
pub const LINEAGE_BYTES_MAX: u64 = 8 << 20;

/// How many events there were, in the words of OpenLineage's own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LineageSummary {
    /// Events in the request.
    pub received: u64,
    /// Events taken, or known already.
    pub successful: u64,
    /// Always 0: one wrong event refuses the request.
    pub failed: u64,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReceivedLineage {
    /// Always `success`.
    pub status: &'static str,
    /// How many events there were.
    pub summary: LineageSummary,
    /// Those that had not come before.
    pub new: u64,
    /// Ledger entry of the new ones, else of the last that had come before.
    pub entry: Option<u64>,
    /// Signed head of the ledger that contains them.
    pub checkpoint: String,
}

/// Digests that an entry names as what its events are about, at most: a leaf has its length.
const DIGESTS_MAX: usize = 100;

/// The digests that the events state of their datasets, each once: by them the pack of a version finds the events about its data.
fn stated_digests<'a>(events: impl Iterator<Item = &'a LineageEvent>) -> BTreeSet<&'a str> {
    let digests = events.flat_map(|event| &event.datasets).flat_map(|dataset| {
        let stated = &dataset.digests;
        [&stated.tdh1, &stated.sha256, &stated.blake3].into_iter().flatten()
    });
    digests.map(String::as_str).collect::<BTreeSet<_>>().into_iter().take(DIGESTS_MAX).collect()
}

/// Takes the events in `body`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::Provenance`] for an event that is none, [`Error::TooLarge`].
pub fn receive_lineage(store: &Store, acting: &Acting, body: &[u8]) -> Result<ReceivedLineage> {
    acting.permit(Action::Ingest)?;
    if matches!(acting.way, Way::SourceToken { .. }) {
        let needed = "a personal token".to_owned();
        let (role, action) = ("source token", "report lineage");
        return Err(Error::Access(access::Error::NotPermitted { role, action, needed }));
    }
    if body.len() as u64 > LINEAGE_BYTES_MAX {
        let found = body.len();
        let detail = format!("the events have {found} bytes, expected at most {LINEAGE_BYTES_MAX}");
        return Err(Error::BadRequest { detail });
    }
    let events = parse_events(body)?;
    let received = events.len() as u64;
    let summary = LineageSummary { received, successful: received, failed: 0 };
    let (new, known) = store.read(|tx| {
        let (mut new, mut known): (Vec<(LineageEvent, String)>, Option<u64>) = (Vec::new(), None);
        for event in events {
            let sha256 = digest::sha256_hex(event.document.as_bytes());
            match tx.lineage_event_entry(&sha256)? {
                Some(entry) => known = Some(entry),
                None if new.iter().any(|(_, before)| *before == sha256) => {}
                None => new.push((event, sha256)),
            }
        }
        Ok::<_, Error>((new, known))
    })?;
    if new.is_empty() {
        let checkpoint = store.read(|tx| tx.head())?.checkpoint;
        return Ok(ReceivedLineage {
            status: "success",
            summary,
            new: 0,
            entry: known,
            checkpoint,
        });
    }
    let written = store.write(&actor(acting), EntryType::LineageEvent, |tx| {
        tx.detail(json!({"events": new.len()}));
        for digest in stated_digests(new.iter().map(|(event, _)| event)) {
            tx.subject(subject("dataset", digest));
        }
        for (index, (event, sha256)) in new.iter().enumerate() {
            if tx.lineage_event_entry(sha256)?.is_some() {
                let detail =
                    "the same event arrives twice at the same time; send it again".to_owned();
                return Err(Error::Conflict { detail });
            }
            let id = clock::new_id("le");
            if index == 0 {
                tx.subject(subject("lineage_event", &id));
            }
            tx.insert_lineage_event(&id, &acting.account.id, (event, sha256))?;
            for dataset in &event.datasets {
                let owner = (id.as_str(), event.process.as_deref());
                tx.insert_lineage_dataset(&clock::new_id("ld"), owner, dataset)?;
            }
        }
        Ok::<_, Error>(())
    })?;
    let (new, entry) = (new.len() as u64, Some(written.index));
    Ok(ReceivedLineage { status: "success", summary, new, entry, checkpoint: written.checkpoint })
}
