//! The ledger in pieces, 256 wide, as other programs read it.

use super::count::Count;
use super::read::ReadTx;
use super::{Error, Result};
use crate::ledger::tile::{Tile, TileKind, append_entry};
use crate::ledger::tree::Hash;
use rusqlite::named_params;

impl ReadTx<'_> {
    /// The bytes of `tile`, at most 256 leaves; `None` when the ledger is too small to have it.
    ///
    /// # Errors
    ///
    /// [`Error::NodeMissing`] when the store lacks a part of it; [`Error::Database`].
    pub fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>> {
        if !tile.is_within(self.head()?.size) {
            return Ok(None);
        }
        let (found, bytes) = match (tile.kind, tile.height()) {
            (TileKind::Entries, _) => self.entry_bundle(tile)?,
            (TileKind::Hashes { .. }, 0) => self.leaf_hashes(tile)?,
            (TileKind::Hashes { .. }, _) => self.node_hashes(tile)?,
        };
        if found != tile.width {
            return Err(Error::NodeMissing { level: tile.height(), index: tile.first() + found });
        }
        Ok(Some(bytes))
    }

    fn entry_bundle(&self, tile: Tile) -> Result<(u64, Vec<u8>)> {
        let sql = "SELECT leaf FROM entry WHERE idx >= :first AND idx < :end ORDER BY idx";
        let mut statement = self.connection().prepare_cached(sql)?;
        let (first, end) = (Count(tile.first()), Count(tile.first() + tile.width));
        let mut rows = statement.query(named_params! { ":first": first, ":end": end })?;
        let (mut found, mut bytes) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            append_entry(&mut bytes, row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
            found += 1;
        }
        Ok((found, bytes))
    }

    fn leaf_hashes(&self, tile: Tile) -> Result<(u64, Vec<u8>)> {
        let sql = "SELECT leaf_hash FROM entry WHERE idx >= :first AND idx < :end ORDER BY idx";
        let mut statement = self.connection().prepare_cached(sql)?;
        let (first, end) = (Count(tile.first()), Count(tile.first() + tile.width));
        concatenated(statement.query(named_params! { ":first": first, ":end": end })?)
    }

    fn node_hashes(&self, tile: Tile) -> Result<(u64, Vec<u8>)> {
        let sql = "SELECT hash FROM tree_node WHERE level = :level AND idx >= :first AND idx < :end ORDER BY idx";
        let mut statement = self.connection().prepare_cached(sql)?;
        let (first, end) = (Count(tile.first()), Count(tile.first() + tile.width));
        concatenated(
            statement
                .query(named_params! { ":level": tile.height(), ":first": first, ":end": end })?,
        )
    }
}

fn concatenated(mut rows: rusqlite::Rows<'_>) -> Result<(u64, Vec<u8>)> {
    let (mut found, mut bytes) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        bytes.extend_from_slice(&row.get::<_, Hash>(0)?);
        found += 1;
    }
    Ok((found, bytes))
}
