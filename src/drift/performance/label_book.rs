//! Which label a row has: the first one that came, unless a later delivery says that it corrects it.
//!
//! Nothing is overwritten silently. Every delivery is kept as it came; reading them in order, a second value for a row is a
//! *conflict*, counted and shown while the first value stands, or a *correction*, if its delivery gives a reason. A row id
//! belongs to the first batch that brought it, unless the delivery names the batch.
//!
//! Memory is bounded: a book holds one part of all row ids ([`part_of`]); files are read once a part.

use super::rule::class_name;
use super::tally::{GROUPS, RowLabel};
use crate::digest::ContextHasher;
use std::collections::HashMap;

/// Labelled rows that one book holds, about.
pub const BOOK_ROWS: u64 = 1 << 20;

/// A row id, hashed: 128 bits of BLAKE3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowKey(u128);

/// Hashes row ids.
#[derive(Clone, Debug)]
pub struct RowKeys(ContextHasher);

impl Default for RowKeys {
    fn default() -> Self {
        Self(ContextHasher::new("driftledger 2026 row id of a label"))
    }
}

impl RowKeys {
    /// The key of row `id`.
    pub fn key(&self, id: &str) -> RowKey {
        let mut hasher = self.0.clone();
        let digest = hasher.update(id.as_bytes()).finish();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        RowKey(u128::from_le_bytes(first))
    }
}

impl RowKey {
    /// Which of `parts` parts the row is in.
    pub fn part_of(self, parts: u64) -> u64 {
        (self.0 >> 64) as u64 % parts.max(1)
    }

    fn group(self) -> usize {
        (self.0 % GROUPS as u128) as usize
    }
}

/// One delivery of labels, as the book must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered<'a> {
    /// The batch it is about, if it says so.
    pub batch_id: Option<&'a str>,
    /// Whether it corrects earlier labels.
    pub corrects: bool,
    /// Its place among the deliveries.
    pub order: u64,
}

#[derive(Debug)]
struct Held {
    label: RowLabel,
    /// Place and kind of the delivery that first brought it.
    order: u64,
    corrects: bool,
    taken: bool,
}

impl Held {
    /// A second value for the row.
    fn meet(&mut self, value: &str, corrects: bool) {
        let label = &mut self.label;
        if class_name(&label.in_force) == class_name(value) {
            return;
        }
        if corrects {
            value.clone_into(&mut label.in_force);
            (label.corrected, label.conflicting) = (true, false);
        } else {
            label.conflicting = true;
        }
    }
}

/// Labels by row id; those about one batch apart from those about any.
#[derive(Debug, Default)]
pub struct LabelBook {
    any: HashMap<RowKey, Held>,
    of_batch: HashMap<String, HashMap<RowKey, Held>>,
}

impl LabelBook {
    /// Enters the label of a row; deliveries in the order in which they came.
    pub fn enter(&mut self, delivered: &Delivered<'_>, key: RowKey, value: &str) {
        let page = match delivered.batch_id {
            None => &mut self.any,
            Some(batch) => self.of_batch.entry(batch.to_owned()).or_default(),
        };
        match page.get_mut(&key) {
            None => {
                let label = RowLabel {
                    first: value.to_owned(),
                    in_force: value.to_owned(),
                    conflicting: false,
                    corrected: false,
                    group: key.group(),
                };
                let Delivered { order, corrects, .. } = *delivered;
                page.insert(key, Held { label, order, corrects, taken: false });
            }
            Some(held) => held.meet(value, delivered.corrects),
        }
    }

    /// The label of a row of `batch_id`; batches in the order in which they came. `Some(None)`: it has one, but an earlier
    /// row had the same id and took it.
    ///
    /// A label about this batch and one about any batch meet like two labels of one row: the earlier one stands.
    pub fn take(&mut self, batch_id: &str, key: RowKey) -> Option<Option<RowLabel>> {
        let own = self.of_batch.get_mut(batch_id).and_then(|page| page.get_mut(&key));
        match (own, self.any.get_mut(&key)) {
            (None, None) => None,
            (Some(held), None) | (None, Some(held)) => {
                let label = (!held.taken).then(|| held.label.clone());
                held.taken = true;
                Some(label)
            }
            (Some(own), Some(any)) if own.taken || any.taken => {
                // The id is another batch's, or this row came twice: what is about this batch decides.
                let label = (!own.taken).then(|| own.label.clone());
                own.taken = true;
                Some(label)
            }
            (Some(own), Some(any)) => {
                (own.taken, any.taken) = (true, true);
                let (first, second) = if own.order < any.order { (own, any) } else { (any, own) };
                let mut met = Held { label: first.label.clone(), ..*first };
                met.meet(&second.label.in_force, second.corrects || second.label.corrected);
                Some(Some(met.label))
            }
        }
    }

    /// Labelled row ids, and those that a row took.
    pub fn counts(&self) -> (u64, u64) {
        let pages = || self.of_batch.values().chain([&self.any]);
        let rows = pages().map(|page| page.len() as u64).sum();
        let taken = pages().flat_map(|page| page.values()).filter(|held| held.taken).count();
        (rows, taken as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Delivered<'_> = Delivered { batch_id: None, corrects: false, order: 0 };

    #[test]
    fn a_later_value_never_overwrites_the_first_silently() {
        let keys = RowKeys::default();
        let mut book = LabelBook::default();
        for (row, value) in [("a", "1"), ("a", "1.0"), ("b", "1"), ("b", "0"), ("c", "0")] {
            book.enter(&ANY, keys.key(row), value);
        }
        let corrects = Delivered { corrects: true, ..ANY };
        book.enter(&corrects, keys.key("c"), "1");
        let label = |book: &mut LabelBook, row| book.take("x", keys.key(row)).unwrap().unwrap();
        assert!(!label(&mut book, "a").conflicting);
        let b = label(&mut book, "b");
        assert!(b.conflicting && b.in_force == "1");
        let c = label(&mut book, "c");
        assert_eq!((c.first.as_str(), c.in_force.as_str(), c.corrected), ("0", "1", true));
        assert_eq!(book.counts(), (3, 3));
    }

    #[test]
    fn a_row_counts_once_and_a_batch_can_be_named() {
        let keys = RowKeys::default();
        let mut book = LabelBook::default();
        book.enter(&ANY, keys.key("1"), "ok");
        let june = Delivered { batch_id: Some("june"), corrects: false, order: 1 };
        book.enter(&june, keys.key("1"), "bad");
        book.enter(&june, keys.key("3"), "bad");
        book.enter(&Delivered { order: 2, ..ANY }, keys.key("3"), "ok");
        assert_eq!(book.take("may", keys.key("1")).unwrap().unwrap().in_force, "ok");
        assert!(book.take("april", keys.key("1")).unwrap().is_none());
        assert_eq!(book.take("june", keys.key("1")).unwrap().unwrap().in_force, "bad");
        assert!(book.take("may", keys.key("2")).is_none());
        let both = book.take("june", keys.key("3")).unwrap().unwrap();
        assert!(both.conflicting && both.in_force == "bad");
        assert_eq!(book.counts(), (4, 4));
    }

    #[test]
    fn parts_cover_all_rows_about_evenly() {
        let keys = RowKeys::default();
        let mut parts = [0_u32; 4];
        for row in 0..4_000 {
            parts[keys.key(&row.to_string()).part_of(4) as usize] += 1;
        }
        assert!(parts.iter().all(|rows| (900..1_100).contains(rows)), "{parts:?}");
        assert_eq!(keys.key("x").part_of(1), 0);
    }
}
