//! From the digests of one level to the digest of the next, without the table.

use super::logical_type::write_name;
use super::{BLOCK_ROWS, TableDigest, context};
use crate::digest::ContextHasher;

/// A column's name and the bytes of its type.
pub(super) type Named<'a> = (&'a str, &'a [u8]);

/// D of the bytes of one block: type, rows, cells.
pub(super) fn block(bytes: &[u8]) -> [u8; 32] {
    ContextHasher::new(context::BLOCK).update(bytes).finish()
}

/// C of a column of `rows` rows.
pub(super) fn column(type_bytes: &[u8], rows: u64, blocks: &[[u8; 32]]) -> [u8; 32] {
    let mut hasher = ContextHasher::new(context::COLUMN);
    hasher.update(type_bytes);
    hasher.update(&rows.to_le_bytes());
    hasher.update(&BLOCK_ROWS.to_le_bytes());
    for block in blocks {
        hasher.update(block);
    }
    hasher.finish()
}

/// S over `columns` in the given order.
pub(super) fn schema(columns: &[Named<'_>]) -> [u8; 32] {
    let mut head = Vec::new();
    // Nobody holds 2^32 columns in memory; the cast cannot lose anything.
    head.extend_from_slice(&u32::try_from(columns.len()).unwrap_or(u32::MAX).to_le_bytes());
    for (name, type_bytes) in columns {
        write_name(name, &mut head);
        head.extend_from_slice(type_bytes);
    }
    ContextHasher::new(context::SCHEMA).update(&head).finish()
}

/// T over `columns` in the given order, each with its C.
pub(super) fn table(columns: &[(Named<'_>, [u8; 32])], rows: u64) -> [u8; 32] {
    let order: Vec<Named<'_>> = columns.iter().map(|(named, _digest)| *named).collect();
    let mut hasher = ContextHasher::new(context::TABLE);
    hasher.update(&schema(&order));
    hasher.update(&rows.to_le_bytes());
    for (_named, digest) in columns {
        hasher.update(digest);
    }
    hasher.finish()
}

impl TableDigest {
    /// The first digest, in words, that does not follow from those below it; the blocks themselves are taken as they are.
    ///
    /// `None` for a digest that [`TableHasher`](super::TableHasher) made: then T vouches for every block.
    pub fn first_that_does_not_fold(&self) -> Option<String> {
        let types: Vec<Vec<u8>> = self.columns.iter().map(|c| c.logical_type.to_bytes()).collect();
        let mut order = Vec::with_capacity(self.columns.len());
        for (found, type_bytes) in self.columns.iter().zip(&types) {
            let expected = self.rows.div_ceil(u64::from(BLOCK_ROWS));
            let blocks: Option<Vec<[u8; 32]>> = found.blocks.iter().map(|b| raw(b)).collect();
            let digest = blocks
                .filter(|blocks| blocks.len() as u64 == expected)
                .map(|blocks| column(type_bytes, self.rows, &blocks))
                .filter(|digest| hex::encode(digest) == found.digest);
            let Some(digest) = digest else {
                return Some(format!("the digest of column `{}`", found.name));
            };
            order.push(((found.name.as_str(), type_bytes.as_slice()), digest));
        }
        let named: Vec<Named<'_>> = order.iter().map(|(named, _digest)| *named).collect();
        let follows = |what: &str, found: &str, digest: [u8; 32]| {
            (hex::encode(digest) != found).then(|| what.to_owned())
        };
        let (in_order, schema) = (table(&order, self.rows), schema(&named));
        order.sort_by(|left, right| left.0.0.as_bytes().cmp(right.0.0.as_bytes()));
        follows("the schema digest", &self.schema, schema)
            .or_else(|| follows("the table digest", &self.table, in_order))
            .or_else(|| {
                let by_name = table(&order, self.rows);
                follows("the table digest by name", &self.table_by_name, by_name)
            })
    }
}

/// 64 hexadecimal digits as bytes.
fn raw(digest: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digest, &mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::super::{LogicalType, TableHasher};
    use super::*;
    use polars::prelude::*;

    #[test]
    fn every_digest_vouches_for_those_below_it() {
        let columns = [("b".to_owned(), LogicalType::Int), ("a".to_owned(), LogicalType::Utf8)];
        let mut hasher = TableHasher::new(&columns);
        hasher.update(&df!("b" => [1i64, 2], "a" => ["x", "y"]).unwrap()).unwrap();
        let good = hasher.finish();
        assert_eq!(good.first_that_does_not_fold(), None);
        let forged = |change: &dyn Fn(&mut TableDigest)| {
            let mut digest = good.clone();
            change(&mut digest);
            digest.first_that_does_not_fold().expect("it was forged")
        };
        let other = "00".repeat(32);
        assert!(forged(&|d| d.columns[1].blocks[0].clone_from(&other)).contains("`a`"));
        assert!(forged(&|d| d.columns[0].blocks[0] = "no digest".to_owned()).contains("`b`"));
        assert!(forged(&|d| d.columns[0].blocks.clear()).contains("`b`"));
        assert!(forged(&|d| d.columns[0].logical_type = LogicalType::Float).contains("`b`"));
        assert!(forged(&|d| d.rows = 3).contains("`b`"));
        assert_eq!(forged(&|d| d.columns[0].name = "c".to_owned()), "the schema digest");
        assert_eq!(forged(&|d| d.table.clone_from(&other)), "the table digest");
        assert_eq!(forged(&|d| d.table_by_name.clone_from(&other)), "the table digest by name");
    }
}
