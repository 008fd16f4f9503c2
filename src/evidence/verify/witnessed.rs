//! Witnesses: every cosigned head in the pack is a head of this ledger, and the newest of them has the quorum that is demanded.

use super::ledger::{error_chain, root_over};
use super::{Walk, Witnessed};
use crate::evidence::manifest::{CHECKPOINT, WITNESSED, index_of};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::VerifierKey;
use crate::ledger::tree::Hash;
use crate::ledger::trust_policy::TrustPolicy;
use std::io::{Read, Seek};

impl<R: Read + Seek> Walk<'_, R> {
    /// The newest head in the pack that meets `policy`, where there is one. `levels` are the subtrees over all `entries` leaves.
    pub(super) fn witnessed(
        &mut self,
        (entries, levels): (u64, &[Vec<Hash>]),
        key: Option<&VerifierKey>,
        policy: Option<&TrustPolicy>,
    ) -> Option<Witnessed> {
        let mut notes: Vec<String> = self.note(CHECKPOINT).into_iter().collect();
        for name in self.names_in(WITNESSED) {
            let (Some(note), Some(key)) = (self.note(&name), key) else { continue };
            match head_in_place((&name, WITNESSED), &note, key, (entries, levels)) {
                Ok(()) => {
                    self.checked.witnessed += 1;
                    notes.push(note);
                }
                Err(detail) => self.find("witnessed_invalid", &name, detail),
            }
        }
        let policy = policy?;
        let (mut newest, mut why_not) = (None, "there is no checkpoint".to_owned());
        for note in notes {
            match policy.open(&note) {
                Ok(found) => {
                    if newest
                        .as_ref()
                        .is_none_or(|newest: &Witnessed| newest.size < found.head.size)
                    {
                        newest =
                            Some(Witnessed { size: found.head.size, cosigned: found.cosigned });
                    }
                }
                Err(error) => why_not = error_chain(&error),
            }
        }
        if newest.is_none() {
            self.find("not_witnessed", CHECKPOINT, why_not);
        }
        newest
    }

    fn note(&mut self, name: &str) -> Option<String> {
        String::from_utf8(self.read(name)?).ok()
    }
}

/// Whether `note` is what its name in `folder` says: a head of these entries, signed by `key`.
pub(super) fn head_in_place(
    (name, folder): (&str, &str),
    note: &str,
    key: &VerifierKey,
    (entries, levels): (u64, &[Vec<Hash>]),
) -> Result<(), String> {
    let size = index_of(name, folder, ".checkpoint");
    let size = size.ok_or("its name is not that of a head")?;
    let head = Checkpoint::open(note, key).map_err(|error| error_chain(&error))?;
    if head.size != size || size > entries {
        return Err(format!("it is of {} entries, of which {entries} are here", head.size));
    }
    let root = root_over(size, levels);
    if root != head.root {
        let (found, signed) = (hex::encode(root), hex::encode(head.root));
        return Err(format!("the first {size} entries have root {found}, it signs {signed}"));
    }
    Ok(())
}
