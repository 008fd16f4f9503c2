//! The bytes of cells: `00` for null, `01` and a payload for everything else.

use super::logical_type::write_length;

/// Why one value cannot be hashed under its declared type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CellProblem {
    /// The decimal has more digits than the declared scale keeps, or than 128 bits hold.
    #[error(
        "decimal {unscaled}e-{found} cannot be written exactly with {declared} digits after the point"
    )]
    NotExact {
        /// The stored number without its decimal point.
        unscaled: i128,
        /// Digits after the point, as stored.
        found: u8,
        /// Digits after the point, as declared.
        declared: u8,
    },
    /// The vector has another length than declared.
    #[error("vector has {found} items, expected {declared}")]
    Width {
        /// Items in this row.
        found: usize,
        /// Items declared.
        declared: u32,
    },
    /// The map holds the same key twice.
    #[error("map holds one key twice")]
    KeyTwice,
    /// The code of a category has no text.
    #[error("category {code} has no text")]
    CategoryUnknown {
        /// The stored code.
        code: u32,
    },
}

/// A [`CellProblem`] with the row it stands in, counted from the start of the encoded piece.
#[derive(Debug)]
pub(super) struct CellError {
    pub(super) row: usize,
    pub(super) problem: CellProblem,
}

/// A growing run of encoded cells of one column, with what was counted on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    pub(super) bytes: Vec<u8>,
    pub(super) nans: u64,
    pub(super) negative_zeros: u64,
}

/// The one NaN that stands for all of them.
const NAN: u64 = 0x7ff8_0000_0000_0000;

impl Cells {
    pub(super) fn null(&mut self) {
        self.bytes.push(0);
    }

    /// Opens a cell that has a value; the payload must follow.
    pub(super) fn some(&mut self) {
        self.bytes.push(1);
    }

    pub(super) fn length(&mut self, length: usize) {
        write_length(length, &mut self.bytes);
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.bytes.extend_from_slice(&[1, u8::from(value)]);
    }

    /// The count of bytes, then the shortest two's complement, lowest byte first; zero has no bytes.
    pub(super) fn int(&mut self, value: i128) {
        let redundant = if value < 0 { value.leading_ones() } else { value.leading_zeros() };
        // One bit of the redundant run is the sign and has to stay.
        let length = if value == 0 { 0 } else { (128 - redundant) / 8 + 1 };
        let mut cell = [0u8; 18];
        cell[0] = 1;
        cell[1] = length.to_le_bytes()[0];
        cell[2..].copy_from_slice(&value.to_le_bytes());
        self.cut(&cell, 2 + length as usize);
    }

    /// Appends the first `length` bytes of `cell`: all of them are written and the rest cut off, which takes less than writing some.
    fn cut<const N: usize>(&mut self, cell: &[u8; N], length: usize) {
        let end = self.bytes.len() + length;
        self.bytes.extend_from_slice(cell);
        self.bytes.truncate(end);
    }

    pub(super) fn float(&mut self, value: f64) {
        self.floats(&[value]);
    }

    /// One cell for each of `values`.
    pub(super) fn floats(&mut self, values: &[f64]) {
        let start = self.bytes.len();
        self.bytes.resize(start + 9 * values.len(), 1);
        let (cells, _) = self.bytes[start..].as_chunks_mut::<9>();
        for ([_has_value, cell @ ..], value) in cells.iter_mut().zip(values) {
            let (is_nan, is_zero) = (value.is_nan(), *value == 0.0);
            self.nans += u64::from(is_nan);
            self.negative_zeros += u64::from(is_zero && value.is_sign_negative());
            let bits = if is_nan { NAN } else { value.to_bits() };
            *cell = if is_zero { 0 } else { bits }.to_le_bytes();
        }
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.some();
        self.length(value.len());
        self.bytes.extend_from_slice(value);
    }

    /// A text of at most twelve bytes, as columns hold it: four bytes of length, lowest first, then the text, then zeros.
    pub(super) fn short_text(&mut self, word: u128) {
        let (length, text) = (word & 0xf, word >> 32);
        let cell = text << 16 | length << 8 | 1;
        self.cut(&cell.to_le_bytes(), 2 + length as usize);
    }

    /// `unscaled · 10^-found` as the whole number it is at `declared` digits after the point.
    pub(super) fn decimal(
        &mut self,
        unscaled: i128,
        found: u8,
        declared: u8,
    ) -> Result<(), CellProblem> {
        let shift = 10i128.checked_pow(u32::from(found.abs_diff(declared)));
        let rescaled = match shift {
            None => (unscaled == 0).then_some(0),
            Some(shift) if declared >= found => unscaled.checked_mul(shift),
            Some(shift) => (unscaled % shift == 0).then(|| unscaled / shift),
        };
        self.int(rescaled.ok_or(CellProblem::NotExact { unscaled, found, declared })?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn int(value: i128) -> Vec<u8> {
        let mut cells = Cells::default();
        cells.int(value);
        cells.bytes
    }

    fn float(value: f64) -> Vec<u8> {
        let mut cells = Cells::default();
        cells.float(value);
        cells.bytes
    }

    #[test]
    fn ints_are_minimal_at_every_edge() {
        assert_eq!(int(0), [1, 0]);
        assert_eq!(int(1), [1, 1, 0x01]);
        assert_eq!(int(-1), [1, 1, 0xff]);
        assert_eq!(int(127), [1, 1, 0x7f]);
        assert_eq!(int(128), [1, 2, 0x80, 0x00]);
        assert_eq!(int(-128), [1, 1, 0x80]);
        assert_eq!(int(-129), [1, 2, 0x7f, 0xff]);
        assert_eq!(int(i128::from(u64::MAX))[..3], [1, 9, 0xff]);
        assert_eq!(int(i128::MIN).len(), 18);
        assert_eq!(int(i128::MAX).len(), 18);
    }

    proptest! {
        #[test]
        fn an_int_reads_back_and_no_byte_of_it_is_spare(value: i128, shift in 0u32..128) {
            let value = value >> shift;
            let cell = int(value);
            let payload = &cell[2..];
            prop_assert_eq!(usize::from(cell[1]), payload.len());
            let negative = payload.last().is_some_and(|top| top & 0x80 != 0);
            let mut wide = [if negative { 0xff } else { 0 }; 16];
            wide[..payload.len()].copy_from_slice(payload);
            prop_assert_eq!(i128::from_le_bytes(wide), value);
            if let [.., below, top] = payload {
                let spare = (*top == 0 && below & 0x80 == 0) || (*top == 0xff && below & 0x80 != 0);
                prop_assert!(!spare);
            }
        }
    }

    #[test]
    fn a_short_text_is_the_cell_of_its_bytes() {
        for text in ["", "a", "ä", "twelve bytes"] {
            let mut view = [0; 16];
            view[0] = text.len() as u8;
            view[4..4 + text.len()].copy_from_slice(text.as_bytes());
            let (mut short, mut long) = (Cells::default(), Cells::default());
            short.short_text(u128::from_le_bytes(view));
            long.bytes(text.as_bytes());
            assert_eq!(short.bytes, long.bytes);
        }
    }

    #[test]
    fn floats_have_one_nan_and_one_zero() {
        assert_eq!(float(-0.0), float(0.0));
        assert_eq!(float(f64::from_bits(0xfff8_0000_0000_0001)), float(f64::NAN));
        assert_eq!(float(f64::NAN), [1, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
        assert_ne!(float(f64::INFINITY), float(f64::NAN));
    }

    #[test]
    fn decimals_are_rescaled_exactly_or_refused() {
        let mut cells = Cells::default();
        cells.decimal(1_50, 2, 1).unwrap();
        assert_eq!(cells.bytes, int(15));
        let refused = cells.decimal(1_55, 2, 1).unwrap_err();
        assert_eq!(refused, CellProblem::NotExact { unscaled: 155, found: 2, declared: 1 });
        assert!(cells.decimal(i128::MAX, 0, 1).is_err());
        cells.decimal(0, 0, 200).unwrap();
    }
}
