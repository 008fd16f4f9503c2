//! Tiles: the pieces, 256 wide, in which a log is read by programs that know nothing of this one.
//!
//! A hash tile holds nodes of the tree, an entry bundle the leaves themselves. A full piece never changes; the piece at
//! the right edge of the tree is asked for by its width.
//!
//! Source: <https://c2sp.org/tlog-tiles>.

use super::checkpoint::parse_decimal;
use super::{Error, INTEGER_MAX, Result};

/// Hashes or entries in a full piece.
pub const WIDTH: u64 = 256;

/// The highest level of hash tiles a tree of less than 2^64 leaves has.
const LEVEL_MAX: u64 = 7;

/// What a piece holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileKind {
    /// Hashes of the tree at height 8 · `level`.
    Hashes {
        /// Level of the tile, 0 being the leaf hashes.
        level: u8,
    },
    /// The leaves, each after its length as two bytes, the higher one first.
    Entries,
}

/// Which piece is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// What it holds.
    pub kind: TileKind,
    /// Position among the pieces of its kind, from 0.
    pub index: u64,
    /// Hashes or entries in it, 1 to [`WIDTH`].
    pub width: u64,
}

impl Tile {
    /// Reads what follows `tile/` in an address: `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`, strictly, so that a piece
    /// has one address.
    ///
    /// # Errors
    ///
    /// [`Error::Format`].
    ///
    /// ```
    /// use driftledger::ledger::tile::{Tile, TileKind};
    /// let tile = Tile::parse("0/x001/067.p/12").unwrap();
    /// assert_eq!(tile, Tile { kind: TileKind::Hashes { level: 0 }, index: 1067, width: 12 });
    /// ```
    pub fn parse(path: &str) -> Result<Self> {
        let malformed = |reason| Error::Format { document: "tile address", reason };
        let (kind, place) = path.split_once('/').ok_or_else(|| malformed("it has one part"))?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => {
                let level = parse_decimal(level).filter(|level| *level <= LEVEL_MAX);
                let level = level.and_then(|level| u8::try_from(level).ok());
                let level = level.ok_or_else(|| malformed("the level is none from 0 to 7"))?;
                TileKind::Hashes { level }
            }
        };
        let (number, width) = match place.split_once(".p/") {
            None => (place, WIDTH),
            Some((number, width)) => {
                let width = parse_decimal(width).filter(|width| (1..WIDTH).contains(width));
                (number, width.ok_or_else(|| malformed("the width is none from 1 to 255"))?)
            }
        };
        let index = parse_index(number).ok_or_else(|| {
            malformed("the number is not written in groups of three digits, such as x001/067")
        })?;
        Ok(Self { kind, index, width })
    }

    /// Height of what it holds above the leaves.
    pub fn height(&self) -> u8 {
        match self.kind {
            TileKind::Hashes { level } => 8 * level,
            TileKind::Entries => 0,
        }
    }

    /// Position of its first hash or entry among those of its height.
    pub fn first(&self) -> u64 {
        self.index.saturating_mul(WIDTH)
    }

    /// Whether a tree of `size` leaves has all of it.
    pub fn is_within(&self, size: u64) -> bool {
        self.first().saturating_add(self.width) <= size >> self.height()
    }
}

/// A number in groups of three digits, all but the last marked with `x`, without a leading group of zeros.
fn parse_index(text: &str) -> Option<u64> {
    let mut index = 0u64;
    let mut groups = text.split('/').peekable();
    let several = text.contains('/');
    let mut is_first = true;
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let value: u64 = digits.parse().ok()?;
        if is_first && several && value == 0 {
            return None;
        }
        is_first = false;
        index = index.checked_mul(1000)?.checked_add(value)?;
    }
    (index <= INTEGER_MAX).then_some(index)
}

/// Appends `leaf` to an entry bundle.
///
/// # Errors
///
/// [`Error::TooLong`] for a leaf of more than 65,535 bytes.
pub fn append_entry(bundle: &mut Vec<u8>, leaf: &[u8]) -> Result<()> {
    let (found, allowed) = (leaf.len(), usize::from(u16::MAX));
    let length =
        u16::try_from(found).map_err(|_longer| Error::TooLong { part: "entry", found, allowed })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(leaf);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_the_specification_are_read() {
        let hashes = |level, index, width| Tile { kind: TileKind::Hashes { level }, index, width };
        for (path, tile) in [
            ("0/000", hashes(0, 0, 256)),
            ("0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("1/x001/000.p/255", hashes(1, 1000, 255)),
            ("7/999.p/1", hashes(7, 999, 1)),
            ("entries/x001/067.p/3", Tile { kind: TileKind::Entries, index: 1067, width: 3 }),
        ] {
            assert_eq!(Tile::parse(path).unwrap(), tile, "{path}");
        }
    }

    #[test]
    fn a_piece_has_one_address() {
        for path in [
            "",
            "0",
            "0/",
            "0/0",
            "0/00",
            "0/0000",
            "0/x000/001",
            "0/001/001",
            "0/x001",
            "0/x001/x001",
            "00/000",
            "8/000",
            "-1/000",
            "+1/000",
            "a/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/",
            "0/000.p",
            "0/000/",
            "/0/000",
            "entries/0",
            "entries",
            "0/+01",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert!(Tile::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_tree_has_the_pieces_it_is_large_enough_for() {
        let within = |path: &str, size| Tile::parse(path).unwrap().is_within(size);
        assert!(within("0/000.p/1", 1) && !within("0/000.p/1", 0) && !within("0/000.p/2", 1));
        assert!(within("0/000", 256) && !within("0/000", 255) && within("0/000.p/7", 300));
        assert!(within("1/000.p/1", 256) && !within("1/000.p/1", 255) && !within("1/000.p/2", 511));
        assert!(within("entries/001.p/44", 300) && !within("entries/001.p/45", 300));
    }

    #[test]
    fn a_bundle_tells_the_length_of_each_entry() {
        let mut bundle = Vec::new();
        append_entry(&mut bundle, &[7; 258]).unwrap();
        append_entry(&mut bundle, b"").unwrap();
        assert_eq!(
            (&bundle[..3], bundle.len(), &bundle[260..]),
            (&[1, 2, 7][..], 262, &[0, 0][..])
        );
        assert!(append_entry(&mut bundle, &vec![0; 65_536]).is_err());
    }
}
