//! Which label a row has: the first one that came, unless a later delivery says that it corrects it.
//!
//! Nothing is overwritten silently. Every delivery is kept as it came; reading them in order, a second value for a row is a
//! *conflict*, counted and shown while the first value stands, or a *correction*, if its delivery gives a reason. A row id
//! belongs to the first batch that brought it, as it does for the evidence of drift.
//!
//! Memory is bounded: a book holds one part of all row ids ([`part_of`]); files are read once a part.

use super::rule::class_name;
use super::teller::{GROUPS, RowLabel};
use std::collections::HashMap;

/// Labelled rows that one book holds, about.
pub const BOOK_ROWS: u64 = 1 << 20;

/// Which of `parts` parts the row with this id digest is in.
pub fn part_of(id: u64, parts: u64) -> u64 {
    (id >> 8) % parts.max(1)
}

#[derive(Debug)]
struct Held {
    label: RowLabel,
    taken: bool,
}

/// Labels by the digest of the row id.
#[derive(Debug, Default)]
pub struct LabelBook(HashMap<u64, Held>);

impl LabelBook {
    /// Enters the label of a row, from a delivery that corrects earlier ones or does not; in the order in which they came.
    pub fn enter(&mut self, id: u64, value: &str, corrects: bool) {
        let Some(held) = self.0.get_mut(&id) else {
            let label = RowLabel {
                first: value.to_owned(),
                in_force: value.to_owned(),
                conflicting: false,
                corrected: false,
                group: (id % GROUPS as u64) as usize,
            };
            self.0.insert(id, Held { label, taken: false });
            return;
        };
        let label = &mut held.label;
        if class_name(&label.in_force) == class_name(value) {
            // A correction may also confirm the value that stands.
            label.conflicting &= !corrects;
        } else if corrects {
            value.clone_into(&mut label.in_force);
            (label.corrected, label.conflicting) = (true, false);
        } else {
            label.conflicting = true;
        }
    }

    /// The label of a row; batches in the order in which they came. `Some(None)`: it has one, but a row of an earlier batch
    /// had the same id and took it.
    pub fn take(&mut self, id: u64) -> Option<Option<&RowLabel>> {
        let held = self.0.get_mut(&id)?;
        let is_first = !std::mem::replace(&mut held.taken, true);
        Some(is_first.then_some(&held.label))
    }

    /// Labelled row ids, and those that a row took.
    pub fn counts(&self) -> (u64, u64) {
        let taken = self.0.values().filter(|held| held.taken).count();
        (self.0.len() as u64, taken as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_value_never_overwrites_the_first_silently() {
        let mut book = LabelBook::default();
        for (id, value) in [(1, "1"), (1, "1.0"), (2, "1"), (2, "0"), (3, "0"), (4, "1"), (4, "0")]
        {
            book.enter(id, value, false);
        }
        book.enter(3, "1", true);
        book.enter(4, "1", true);
        let mut label = |id| book.take(id).unwrap().unwrap().clone();
        assert!(!label(1).conflicting);
        let two = label(2);
        assert!(two.conflicting && two.in_force == "1");
        let three = label(3);
        assert_eq!((three.first.as_str(), three.in_force.as_str()), ("0", "1"));
        assert!(three.corrected && !three.conflicting);
        let four = label(4);
        assert!(four.in_force == "1" && !four.conflicting && !four.corrected);
        assert_eq!(book.counts(), (4, 4));
    }

    #[test]
    fn a_label_is_taken_once() {
        let mut book = LabelBook::default();
        book.enter(7, "ok", false);
        assert_eq!(book.take(7).unwrap().unwrap().in_force, "ok");
        assert!(book.take(7).unwrap().is_none());
        assert!(book.take(8).is_none());
        assert_eq!(book.counts(), (1, 1));
    }

    #[test]
    fn parts_cover_all_rows_about_evenly() {
        let mut parts = [0_u32; 4];
        for row in 0..4_000_u64 {
            let id = crate::digest::keyed_u64(&[1; 32], &row.to_le_bytes());
            parts[part_of(id, 4) as usize] += 1;
        }
        assert!(parts.iter().all(|rows| (900..1_100).contains(rows)), "{parts:?}");
        assert_eq!(part_of(77, 1), 0);
    }
}
