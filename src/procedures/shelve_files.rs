//! Part of disposing of files and of listing them: every stored file with all its uses, classed, and what keeps it.

use super::read_records::missing;
use crate::error::{Error, Result};
use crate::review::completeness::Cited;
use crate::review::disposal::{DisposedFile, FileUse};
use crate::store::disposals::Gone;
use crate::store::objects::Objects;
use crate::store::retention::LegalHoldRow;
use crate::store::{Error as StoreError, ReadTx};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// One stored file with all its uses.
#[derive(Clone, Debug, Default)]
pub(super) struct ShelvedFile {
    pub(super) sha256: Option<String>,
    pub(super) bytes: Option<u64>,
    pub(super) uses: Vec<FileUse>,
}

impl ShelvedFile {
    /// Why it may not go yet; nothing where it may.
    pub(super) fn keeps(&self, today: Date) -> Option<String> {
        self.as_disposed("", 0).keeps(today)
    }

    /// The last of the days on which its uses are due.
    pub(super) fn due_on(&self) -> Option<Date> {
        self.as_disposed("", 0).due_on()
    }

    fn as_disposed(&self, blake3: &str, bytes: u64) -> DisposedFile {
        let (sha256, uses) = (self.sha256.clone(), self.uses.clone());
        DisposedFile { blake3: blake3.to_owned(), sha256, bytes, uses }
    }
}

/// Every stored file with its uses, and what keeps files, from one snapshot.
pub(super) struct Shelf {
    /// The policy in force.
    pub(super) policy: Option<Cited>,
    files: BTreeMap<String, ShelvedFile>,
    holds: Vec<LegalHoldRow>,
    gone: BTreeMap<String, Gone>,
}

impl Shelf {
    pub(super) fn read(tx: &ReadTx<'_>) -> Result<Self> {
        let in_force = tx.retention_policies()?.into_iter().next();
        let policy = in_force.as_ref().map(|row| row.policy.clone()).unwrap_or_default();
        let classes = tx.version_retentions()?;
        let mut files: BTreeMap<String, ShelvedFile> = BTreeMap::new();
        for one in tx.file_uses()? {
            let version = one.of.version_id.as_ref().and_then(|id| classes.get(id));
            let of_version = version.and_then(|row| row.class.as_deref());
            let file = files.entry(one.blake3).or_default();
            file.sha256 = file.sha256.take().or(one.sha256);
            file.bytes = file.bytes.or(one.bytes);
            file.uses.push(one.of.classed(&policy, of_version));
        }
        Ok(Self {
            policy: in_force.map(|row| Cited { id: row.id, sha256: row.sha256, entry: row.entry }),
            files,
            holds: tx.legal_holds_in_force()?,
            gone: tx.gone_files()?,
        })
    }

    /// The files that are not gone.
    pub(super) fn stored(&self) -> impl Iterator<Item = (&String, &ShelvedFile)> {
        self.files.iter().filter(|(blake3, _)| !self.gone.contains_key(*blake3))
    }

    /// How many are gone.
    pub(super) fn gone(&self) -> u64 {
        self.gone.len() as u64
    }

    /// The first hold that covers one of these uses, in words.
    pub(super) fn held(&self, uses: &[FileUse]) -> Option<String> {
        let hold = self.holds.iter().find(|hold| uses.iter().any(|one| hold.scope.covers(one)))?;
        Some(format!(
            "legal hold `{}` on {} is in force since {}, placed by {}, because: {}",
            hold.id,
            hold.words(),
            hold.at,
            hold.placed_by,
            hold.reason
        ))
    }

    /// The file as a disposal names it, if it may go.
    pub(super) fn disposed(&self, objects: &Objects, blake3: &str) -> Result<DisposedFile> {
        let file = self.files.get(blake3).ok_or_else(|| missing("stored file", blake3))?;
        if let Some(Gone { disposal, at, .. }) = self.gone.get(blake3) {
            return Err(Error::Store(StoreError::ObjectDisposed {
                blake3: blake3.to_owned(),
                disposal: disposal.clone(),
                at: at.clone(),
            }));
        }
        if let Some(held) = self.held(&file.uses) {
            let detail = format!(
                "file {blake3} may not go: {held}; have the hold lifted first, if its reason is gone"
            );
            return Err(Error::Conflict { detail });
        }
        let length = objects.length(blake3)?;
        if let Some(bytes) = file.bytes.filter(|bytes| *bytes != length) {
            let detail = format!(
                "file {blake3} has {length} bytes, its records say {bytes}: run `check` before anything is disposed of"
            );
            return Err(Error::Conflict { detail });
        }
        Ok(file.as_disposed(blake3, length))
    }
}

/// The day of `now`, UTC.
pub(super) fn today(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}
