//! Procedure: list stored files with their retention class, and say which of them are due for disposal.
//!
//! 1. check that the person may read
//! 2. in one snapshot: the policy in force, the classes of versions, every record that names a file, the holds in force, the files that are
//!    gone
//! 3. class every use; a file is due when all its uses are, and no hold covers one of them. For what is not due, say the first thing that
//!    keeps it

use super::shelve_files::{Shelf, today};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::Result;
use crate::review::disposal::FileUse;
use crate::store::disposals::DisposalRow;
use crate::store::retention::{LegalHoldRow, RetentionPolicyRow, VersionRetentionRow};
use crate::store::versions::VersionRow;
use crate::store::{ReadTx, Store};
use serde::Serialize;
use std::collections::BTreeMap;

/// Files listed at most.
pub const FILES_LISTED_MAX: usize = 1_000;

/// How long files are kept, and what was set before.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RetentionView {
    /// Every policy that was set, newest first: the first one is in force. While there is none, everything is kept for ever.
    pub history: Vec<RetentionPolicyRow>,
    /// Versions whose files have a class of their own.
    pub versions: Vec<VersionRetentionRow>,
}

/// Which files to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Those that are due for disposal.
    #[default]
    Due,
    /// All that are stored.
    Stored,
}

/// A stored file with what it is used for, and what keeps it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeptFile {
    /// BLAKE3: what it is stored under.
    pub blake3: String,
    /// SHA-256; absent for the digests of row ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its length in bytes; absent for digests of row ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// All records that name it.
    pub uses: Vec<FileUse>,
    /// First day on which it may be disposed of, by its classes; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
    /// What keeps it; absent for a file that is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_because: Option<String>,
}

/// Stored files.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeptFiles {
    /// How many there are of the wanted ones.
    pub total: u64,
    /// The first of them, by the day they are due; 1 000 at most.
    pub files: Vec<KeptFile>,
    /// Files that are gone by a signed disposal.
    pub gone: u64,
}

/// All that the page of retention shows, from one snapshot.
#[derive(Clone, Debug)]
pub struct RetentionBoard {
    /// Policy and versions.
    pub view: RetentionView,
    /// Legal holds, newest first.
    pub holds: Vec<LegalHoldRow>,
    /// Disposals, newest first.
    pub disposals: Vec<DisposalRow>,
    /// Files that are due.
    pub due: KeptFiles,
    /// What versions are called, by their ids.
    pub names: BTreeMap<String, String>,
}

/// How long files are kept.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn retention(store: &Store, acting: &Acting) -> Result<RetentionView> {
    acting.permit(Action::Read)?;
    store.read(view)
}

fn view(tx: &ReadTx<'_>) -> Result<RetentionView> {
    let mut versions: Vec<_> = tx.version_retentions()?.into_values().collect();
    versions.sort_by_key(|row| row.entry);
    Ok(RetentionView { history: tx.retention_policies()?, versions })
}

/// Stored files and what keeps them.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn kept_files(store: &Store, acting: &Acting, wanted: Wanted) -> Result<KeptFiles> {
    acting.permit(Action::Read)?;
    store.read(|tx| listed(tx, store, wanted))
}

/// All that the page of retention shows.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn retention_board(store: &Store, acting: &Acting) -> Result<RetentionBoard> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let name = |row: VersionRow| (row.id, format!("{} {}", row.model, row.version));
        Ok(RetentionBoard {
            names: tx.versions(None)?.into_iter().map(name).collect(),
            view: view(tx)?,
            holds: tx.legal_holds()?,
            disposals: tx.disposals()?,
            due: listed(tx, store, Wanted::Due)?,
        })
    })
}

fn listed(tx: &ReadTx<'_>, store: &Store, wanted: Wanted) -> Result<KeptFiles> {
    let shelf = Shelf::read(tx)?;
    let today = today(store.clock().now());
    let mut files: Vec<KeptFile> = shelf
        .stored()
        .map(|(blake3, file)| {
            let kept_because = file.keeps(today).or_else(|| shelf.held(&file.uses));
            KeptFile {
                blake3: blake3.clone(),
                sha256: file.sha256.clone(),
                bytes: file.bytes,
                due_on: file.due_on().map(|day| day.to_string()),
                uses: file.uses.clone(),
                kept_because,
            }
        })
        .filter(|file| wanted == Wanted::Stored || file.kept_because.is_none())
        .collect();
    // What has no day comes last.
    files.sort_by(|a, b| {
        (a.due_on.is_none(), &a.due_on, &a.blake3).cmp(&(b.due_on.is_none(), &b.due_on, &b.blake3))
    });
    let total = files.len() as u64;
    files.truncate(FILES_LISTED_MAX);
    Ok(KeptFiles { total, files, gone: shelf.gone() })
}
