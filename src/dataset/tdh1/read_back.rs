//! Encoded cells read back, strictly: every cell has one encoding, and nothing else is a cell.

use super::LogicalType;

/// Why bytes are not the cells of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCells {
    /// They end within a cell.
    #[error("they end within a cell")]
    Short,
    /// There are bytes behind the last cell.
    #[error("there are bytes behind the last cell")]
    Long,
    /// A cell starts with neither 00 nor 01, or a column of nulls has a value.
    #[error("a cell is neither null nor a value of its type")]
    Mark,
    /// A value or length is not in the one form it has.
    #[error("a value is not in the one form it has")]
    Form,
}

/// Checks that `bytes` are exactly `rows` cells of `logical_type`.
///
/// # Errors
///
/// [`NotCells`], for the first byte that is wrong.
///
/// ```
/// use driftledger::dataset::tdh1::{LogicalType, NotCells, read_back};
/// assert_eq!(read_back(&LogicalType::Int, 2, &[0x01, 0x01, 0x07, 0x00]), Ok(()));
/// assert_eq!(read_back(&LogicalType::Int, 1, &[0x01, 0x02, 0x07, 0x00]), Err(NotCells::Form));
/// ```
pub fn read_back(logical_type: &LogicalType, rows: u64, bytes: &[u8]) -> Result<(), NotCells> {
    let mut rest = Rest(bytes);
    for _row in 0..rows {
        rest.cell(logical_type)?;
    }
    if rest.0.is_empty() { Ok(()) } else { Err(NotCells::Long) }
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], NotCells> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(NotCells::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, NotCells> {
        self.take(1)?.first().copied().ok_or(NotCells::Short)
    }

    /// An unsigned LEB128 number in its shortest form.
    fn length(&mut self) -> Result<usize, NotCells> {
        let (mut number, mut shift) = (0u64, 0u32);
        loop {
            let byte = self.byte()?;
            if shift > 56 || (byte == 0 && shift > 0) {
                return Err(NotCells::Form);
            }
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return usize::try_from(number).map_err(|_too_long| NotCells::Form);
            }
        }
    }

    fn cell(&mut self, logical_type: &LogicalType) -> Result<(), NotCells> {
        match self.byte()? {
            0 => Ok(()),
            1 => self.value(logical_type),
            _ => Err(NotCells::Mark),
        }
    }

    fn value(&mut self, logical_type: &LogicalType) -> Result<(), NotCells> {
        match logical_type {
            LogicalType::Null => Err(NotCells::Mark),
            LogicalType::Bool if self.byte()? > 1 => Err(NotCells::Form),
            LogicalType::Bool => Ok(()),
            LogicalType::Float => self.float(),
            LogicalType::Utf8 => {
                let length = self.length()?;
                std::str::from_utf8(self.take(length)?).map_err(|_invalid| NotCells::Form)?;
                Ok(())
            }
            LogicalType::Bytes => {
                let length = self.length()?;
                self.take(length).map(|_taken| ())
            }
            LogicalType::Int
            | LogicalType::Decimal { .. }
            | LogicalType::Date
            | LogicalType::Time
            | LogicalType::TimestampLocal
            | LogicalType::TimestampInstant
            | LogicalType::Duration => self.whole(),
            LogicalType::List(item) => {
                let items = self.length()?;
                (0..items).try_for_each(|_item| self.cell(item))
            }
            LogicalType::Vector { width, item } => {
                (0..*width).try_for_each(|_item| self.cell(item))
            }
            LogicalType::Struct(fields) => {
                fields.iter().try_for_each(|field| self.cell(&field.logical_type))
            }
            LogicalType::Map { key, value } => self.entries(key, value),
        }
    }

    /// One NaN, one zero.
    fn float(&mut self) -> Result<(), NotCells> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        let value = f64::from_le_bytes(bytes);
        let other_nan = value.is_nan() && value.to_bits() != 0x7ff8_0000_0000_0000;
        let other_zero = value == 0.0 && value.to_bits() != 0;
        if other_nan || other_zero { Err(NotCells::Form) } else { Ok(()) }
    }

    /// The shortest two's complement, at most 16 bytes.
    fn whole(&mut self) -> Result<(), NotCells> {
        let length = usize::from(self.byte()?);
        let shortest = match self.take(length)? {
            [0] => false,
            [] | [_] => true,
            [.., below, top] => {
                let spare = (*top == 0 && below & 0x80 == 0) || (*top == 0xff && below & 0x80 != 0);
                !spare && length <= 16
            }
        };
        if shortest { Ok(()) } else { Err(NotCells::Form) }
    }

    /// Entries by the bytes of their keys, no key twice.
    fn entries(&mut self, key: &LogicalType, value: &LogicalType) -> Result<(), NotCells> {
        let mut before: Option<&[u8]> = None;
        for _entry in 0..self.length()? {
            let start = self.0;
            self.cell(key)?;
            let found = &start[..start.len() - self.0.len()];
            if before.is_some_and(|before| before >= found) {
                return Err(NotCells::Form);
            }
            before = Some(found);
            self.cell(value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::tdh1::StructField;

    #[test]
    fn every_other_form_of_a_value_is_refused() {
        use NotCells::{Form, Long, Mark, Short};
        let float = |bits: u64| [&[1], &bits.to_le_bytes()[..]].concat();
        let map = LogicalType::Map {
            key: Box::new(LogicalType::Bool),
            value: Box::new(LogicalType::Null),
        };
        let vector = LogicalType::Vector { width: 2, item: Box::new(LogicalType::Bool) };
        let field = StructField { name: "a".to_owned(), logical_type: LogicalType::Date };
        let record = LogicalType::Struct(vec![field]);
        let list = LogicalType::List(Box::new(LogicalType::Utf8));
        let cases: Vec<(&LogicalType, Vec<u8>, Result<(), NotCells>)> = vec![
            (&LogicalType::Null, vec![0], Ok(())),
            (&LogicalType::Null, vec![1], Err(Mark)),
            (&LogicalType::Bool, vec![1, 1], Ok(())),
            (&LogicalType::Bool, vec![1, 2], Err(Form)),
            (&LogicalType::Bool, vec![2, 1], Err(Mark)),
            (&LogicalType::Bool, vec![0, 0], Err(Long)),
            (&LogicalType::Bool, vec![], Err(Short)),
            (&LogicalType::Int, vec![1, 0], Ok(())),
            (&LogicalType::Int, vec![1, 1, 0], Err(Form)),
            (&LogicalType::Int, vec![1, 2, 0x80, 0], Ok(())),
            (&LogicalType::Int, vec![1, 2, 0x80, 0xff], Err(Form)),
            (&LogicalType::Int, vec![1, 2, 1], Err(Short)),
            (&LogicalType::Int, [vec![1, 17], vec![1; 17]].concat(), Err(Form)),
            (&LogicalType::Float, float(0x7ff8_0000_0000_0000), Ok(())),
            (&LogicalType::Float, float(0xfff8_0000_0000_0000), Err(Form)),
            (&LogicalType::Float, float((-0.0f64).to_bits()), Err(Form)),
            (&LogicalType::Utf8, vec![1, 2, 0xc3, 0xbc], Ok(())),
            (&LogicalType::Utf8, vec![1, 1, 0xff], Err(Form)),
            (&LogicalType::Bytes, vec![1, 1, 0xff], Ok(())),
            (&LogicalType::Bytes, vec![1, 0x81, 0x00, 0xff], Err(Form)),
            (&LogicalType::Bytes, [vec![1], vec![0xff; 11]].concat(), Err(Form)),
            (&list, vec![1, 2, 0, 1, 1, b'a'], Ok(())),
            (&list, vec![1, 3, 0, 1, 1, b'a'], Err(Short)),
            (&vector, vec![1, 1, 0, 0], Ok(())),
            (&record, vec![1, 1, 1, 0xff], Ok(())),
            (&map, vec![1, 2, 1, 0, 0, 1, 1, 0], Ok(())),
            (&map, vec![1, 2, 1, 1, 0, 1, 0, 0], Err(Form)),
            (&map, vec![1, 2, 1, 1, 0, 1, 1, 0], Err(Form)),
        ];
        for (logical_type, bytes, expected) in cases {
            let found = read_back(logical_type, 1, &bytes);
            assert_eq!(found, expected, "{logical_type}: {bytes:x?}");
        }
    }
}
