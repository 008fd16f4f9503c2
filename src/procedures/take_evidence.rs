//! Procedure: take evidence away.
//!
//! 1. export the pack (`export_evidence`)
//! 2. digest it
//! 3. record who took what, and how long it took

use super::export_evidence::{Exported, Progress, export_evidence};
use super::{actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::digest::{self, ContentHasher};
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::ledger::entry::EntryType;
use crate::ledger::seal;
use crate::store::Store;
use crate::store::exports::ExportRow;
use crate::{clock, store};
use std::io::{Seek as _, SeekFrom, Write};

/// A pack that was taken away.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct TakenPack {
    /// What is in it.
    #[serde(flatten)]
    pub exported: Exported,
    /// Its SHA-256.
    pub sha256: String,
    /// Its length, in bytes.
    pub bytes: u64,
    /// Ledger entry that says who took it.
    pub entry: u64,
}

/// Writes the pack of `scope` to `writer` and records that `acting` took it.
///
/// # Errors
///
/// Those of [`export_evidence`]; [`Error::File`] when the pack cannot be written.
pub fn take_evidence(
    store: &Store,
    acting: &Acting,
    scope: &Scope,
    mut writer: impl Write,
    progress: Progress<'_>,
) -> Result<TakenPack> {
    let requested = store.clock().now();
    let failed = |source| Error::File { doing: "writing", path: "the pack".to_owned(), source };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let exported = export_evidence(store, acting, scope, &mut file, progress)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut hasher = ContentHasher::new();
    hasher.read(&mut file, |_| ()).map_err(failed)?;
    let content = hasher.finish();
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    std::io::copy(&mut file, &mut writer).map_err(failed)?;
    writer.flush().map_err(failed)?;
    let id = clock::new_id("ee");
    let scope = digest::canonical_json(&exported.scope)?;
    let written = store.write(&actor(acting), EntryType::EvidenceExport, |tx| {
        tx.subject(subject("evidence_export", &id));
        tx.subject(subject(seal::SUBJECT, seal::FIRST_LINE));
        let duration = tx.time().duration_since(requested).as_millis();
        tx.insert_export(&ExportRow {
            id: id.clone(),
            scope: String::from_utf8_lossy(&scope).into_owned(),
            size: exported.entries,
            files: exported.files,
            bytes: content.bytes,
            sha256: content.sha256.clone(),
            requested_at: clock::rfc3339(requested),
            duration_ms: u64::try_from(duration).unwrap_or_default(),
            at: tx.at().to_owned(),
            entry: tx.index(),
        })?;
        Ok::<_, store::Error>(())
    })?;
    Ok(TakenPack { exported, sha256: content.sha256, bytes: content.bytes, entry: written.index })
}

/// The packs that were taken away, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn taken(store: &Store, acting: &Acting, limit: u64) -> Result<Vec<ExportRow>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.exports(limit))?)
}
