//! Procedure: give a piece of the ledger to a program that verifies it on its own.
//!
//! 1. check that the caller may read
//! 2. read the piece from one snapshot

use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::tile::Tile;
use crate::store::Store;

/// The bytes of the hash tile or entry bundle at `path`, which is what follows `tile/` in its address.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] when `path` is no such address or the ledger is too small to have it.
pub fn read_tile(store: &Store, acting: &Acting, path: &str) -> Result<Vec<u8>> {
    acting.permit(Action::Read)?;
    let missing = || Error::NotFound { what: "tile", id: path.to_owned() };
    let tile = Tile::parse(path).map_err(|_malformed| missing())?;
    store.read(|tx| tx.tile(tile))?.ok_or_else(missing)
}
