//! Which rows of a batch are new: every row is evidence once, by its id.
//!
//! 1. outside the transaction: one pass over the file takes the counts and the digests of the ids; two rows of the same id
//!    refuse the file
//! 2. still outside: ids of earlier batches are looked up; if there are any, a second pass counts without their rows
//! 3. inside the transaction: ids of batches that came in between are looked up; only if there are some, the rows are counted
//!    again there, so that two overlapping batches sent at the same moment never both count a row

use super::ingest_batch::Judge;
use crate::dataset;
use crate::dataset::profile::Profile;
use crate::dataset::reader::TableFile;
use crate::dataset::row_ids::{RowIds, id_key, profile_with_ids, profile_without, to_bytes};
use crate::error::Result;
use crate::store::Store;

/// The rows of one file: counted as if none had come before.
pub(super) struct Delivered {
    profile: Profile,
    ids: Option<(RowIds, Vec<u64>)>,
}

/// The rows of one file that are new, given the row ids of some earlier batches.
pub(super) struct NewRows {
    pub(super) profile: Profile,
    repeated: Vec<u64>,
    known: Vec<String>,
}

/// Counts the rows of `table` and takes their ids.
pub(super) fn deliver(judge: &Judge, table: &TableFile) -> dataset::Result<Delivered> {
    let (schema, bins) = (&judge.registration.schema, judge.reference.0.bins());
    let ids = RowIds::of(schema, id_key(&judge.version.id));
    let (profile, ids) = profile_with_ids(table, schema, &bins, ids)?;
    let ids = ids.map(|ids| {
        let sorted = ids.sorted();
        (ids, sorted)
    });
    Ok(Delivered { profile, ids })
}

impl Delivered {
    /// Rows of the file.
    pub(super) fn rows(&self) -> u64 {
        self.profile.rows
    }

    /// Keeps the ids; gives the name of the object.
    pub(super) fn keep(&self, store: &Store) -> Result<Option<String>> {
        let Some((_, sorted)) = &self.ids else { return Ok(None) };
        Ok(Some(store.objects().put(&to_bytes(sorted))?.blake3))
    }

    /// The rows that no batch with its ids in `earlier` (oldest first) has.
    pub(super) fn new_rows(
        &self,
        (store, judge): (&Store, &Judge),
        table: &TableFile,
        earlier: &[String],
    ) -> Result<NewRows> {
        let start =
            NewRows { profile: self.profile.clone(), repeated: Vec::new(), known: Vec::new() };
        let mut found = self.updated(start, (store, judge), table, earlier)?;
        found.known = earlier.to_vec();
        if let Some((ids, _)) = &self.ids
            && found.profile.row_ids.is_none()
        {
            found.profile.row_ids = Some(ids.counted(&[]));
        }
        Ok(found)
    }

    /// `rows` with those left out that came in `earlier` since they were looked up.
    pub(super) fn updated(
        &self,
        mut rows: NewRows,
        (store, judge): (&Store, &Judge),
        table: &TableFile,
        earlier: &[String],
    ) -> Result<NewRows> {
        let Some((ids, sorted)) = &self.ids else { return Ok(rows) };
        if earlier == rows.known {
            return Ok(rows);
        }
        let repeated = store.repeated_ids(&judge.version.id, earlier, sorted)?;
        if repeated != rows.repeated {
            let (schema, bins) = (&judge.registration.schema, judge.reference.0.bins());
            rows.profile = profile_without(table, schema, &bins, (ids, &repeated))?;
            rows.profile.row_ids = Some(ids.counted(&repeated));
            rows.repeated = repeated;
        }
        rows.known = earlier.to_vec();
        Ok(rows)
    }
}
