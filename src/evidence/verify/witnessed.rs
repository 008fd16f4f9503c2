//! Witnesses: every cosigned head in the pack is a head of this ledger, and the newest of them has the quorum that is demanded.

use super::keys::revoked;
use super::ledger::{error_chain, root_over};
use super::{Walk, Witnessed};
use crate::evidence::manifest::{CHECKPOINT, WITNESSED, index_of};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::key_history::KeyHistory;
use crate::ledger::tree::Hash;
use crate::ledger::trust_policy::TrustPolicy;
use std::io::{Read, Seek};

impl<R: Read + Seek> Walk<'_, R> {
    /// The newest head in the pack that meets `policy`, where there is one. `levels` are the subtrees over all `entries` leaves.
    pub(super) fn witnessed(
        &mut self,
        (entries, levels): (u64, &[Vec<Hash>]),
        (keys, head): (Option<&KeyHistory>, Option<&Checkpoint>),
        policy: Option<&TrustPolicy>,
    ) -> Option<Witnessed> {
        let mut heads = Vec::new();
        heads.extend(self.note(CHECKPOINT).zip(head.cloned()));
        for name in self.names_in(WITNESSED) {
            let (Some(note), Some(keys)) = (self.note(&name), keys) else { continue };
            let in_place = head_in_place((&name, WITNESSED), &note, keys, (entries, levels));
            match in_place.and_then(|head| revoked(&note, keys).map_or(Ok(head), Err)) {
                Ok(head) => {
                    self.checked.witnessed += 1;
                    heads.push((note, head));
                }
                Err(detail) => self.find("witnessed_invalid", &name, detail),
            }
        }
        let policy = policy?;
        let (mut newest, mut why_not) = (None, "there is no checkpoint".to_owned());
        for (note, head) in heads {
            match policy.witnesses_of(&note, &head) {
                Ok(cosigned) => {
                    if newest.as_ref().is_none_or(|newest: &Witnessed| newest.size < head.size) {
                        newest = Some(Witnessed { size: head.size, cosigned });
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

/// The head that `note` states, if it is what its name in `folder` says: one of these entries, signed by the key of its size.
pub(super) fn head_in_place(
    (name, folder): (&str, &str),
    note: &str,
    keys: &KeyHistory,
    (entries, levels): (u64, &[Vec<Hash>]),
) -> Result<Checkpoint, String> {
    let size = index_of(name, folder, ".checkpoint");
    let size = size.ok_or("its name is not that of a head")?;
    let head = keys.open(note).map_err(|error| error_chain(&error))?;
    if head.size != size || size > entries {
        return Err(format!("it is of {} entries, of which {entries} are here", head.size));
    }
    has_root(&head, levels)?;
    Ok(head)
}

/// Whether the first entries, as many as `head` signs and at most as many as there are, have the root that it signs.
pub(super) fn has_root(head: &Checkpoint, levels: &[Vec<Hash>]) -> Result<(), String> {
    let (size, root) = (head.size, root_over(head.size, levels));
    if root != head.root {
        let (found, signed) = (hex::encode(root), hex::encode(head.root));
        return Err(format!("the first {size} entries have root {found}, it signs {signed}"));
    }
    Ok(())
}
