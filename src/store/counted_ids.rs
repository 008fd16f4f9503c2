//! Row ids that were counted before: those of all earlier batches of a version, read from their objects and remembered.

use super::{Result, Store};
use crate::dataset::row_ids::{from_bytes, in_both};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Ids remembered at most, over all versions: 64 MB.
const REMEMBERED_MAX: usize = 1 << 23;

/// The ids of the first `objects` of a version, ascending.
#[derive(Debug, Default)]
struct Remembered {
    objects: Vec<String>,
    ids: Vec<u64>,
}

/// What this process remembers, by version. It holds nothing that the objects do not hold.
#[derive(Debug, Default)]
pub(super) struct CountedIds(Mutex<HashMap<String, Remembered>>);

impl Store {
    /// Which of `ids` (ascending) are in one of `objects`, the stored row ids of earlier batches of `version_id`, oldest
    /// first. Exact up to a chance agreement of 64-bit digests.
    ///
    /// # Errors
    ///
    /// Those of [`super::objects::Objects::read`].
    pub fn repeated_ids(
        &self,
        version_id: &str,
        objects: &[String],
        ids: &[u64],
    ) -> Result<Vec<u64>> {
        let mut versions = self.inner.counted_ids.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = versions.remove(version_id).unwrap_or_default();
        if !objects.starts_with(&known.objects) {
            known = Remembered::default();
        }
        let room = REMEMBERED_MAX;
        for (index, object) in objects.iter().enumerate().skip(known.objects.len()) {
            let more = from_bytes(&self.objects().read(object)?);
            if known.ids.len() + more.len() > room {
                drop(versions);
                return self.repeated_in_rest(&known.ids, &objects[index..], ids);
            }
            known.ids = merged(known.ids, &more);
            known.objects.push(object.clone());
        }
        let repeated = in_both(ids, &known.ids);
        let others: usize = versions.values().map(|other| other.ids.len()).sum();
        if others + known.ids.len() > room {
            versions.clear();
        }
        versions.insert(version_id.to_owned(), known);
        Ok(repeated)
    }

    /// The same beyond what is remembered: one object after the other.
    fn repeated_in_rest(&self, known: &[u64], rest: &[String], ids: &[u64]) -> Result<Vec<u64>> {
        let mut repeated = in_both(ids, known);
        for object in rest {
            let found = in_both(ids, &from_bytes(&self.objects().read(object)?));
            repeated = merged(repeated, &found);
        }
        Ok(repeated)
    }
}

/// Both ascending lists in one, every id once.
fn merged(mut ids: Vec<u64>, more: &[u64]) -> Vec<u64> {
    ids.extend_from_slice(more);
    #[expect(
        clippy::stable_sort_primitive,
        reason = "it recognises two ascending runs and merges them"
    )]
    ids.sort();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use crate::dataset::row_ids::to_bytes;
    use crate::store::specimen;

    #[test]
    fn ids_of_every_earlier_batch_are_known_also_to_a_new_process() {
        let (folder, store) = specimen::fresh();
        let put = |ids: &[u64]| store.objects().put(&to_bytes(ids)).unwrap().blake3;
        let objects = vec![put(&[2, 4, 6]), put(&[1, 9]), put(&[4, 5])];
        assert!(store.repeated_ids("v", &[], &[1, 2, 3]).unwrap().is_empty());
        assert_eq!(store.repeated_ids("v", &objects[..1], &[1, 2, 3]).unwrap(), [2]);
        assert_eq!(store.repeated_ids("v", &objects, &[1, 2, 3, 5, 10]).unwrap(), [1, 2, 5]);
        assert_eq!(store.repeated_ids("v", &objects[1..], &[1, 2, 9]).unwrap(), [1, 9]);
        assert_eq!(store.repeated_in_rest(&[2], &objects[1..], &[2, 5, 9]).unwrap(), [2, 5, 9]);
        drop(folder);
    }
}
