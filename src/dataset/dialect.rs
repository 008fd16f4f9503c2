//! How a CSV file is written, told from its first bytes: what stands between two fields and before the decimals.
//!
//! The separator is the comma, semicolon, tab or vertical bar that makes the most columns of the header and as many fields in
//! every further record; a comma where none does. The decimal sign is a comma where, in a file with another separator, a column
//! holds numbers with a decimal comma and none holds numbers with a decimal point.

use super::cells::parse_float;
use super::error::{Error, Result};
use super::reader::{Format, TableFile};
use super::schema::CsvContract;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Characters that are looked for between fields.
pub const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];
const SAMPLE_BYTES: u64 = 1 << 18;
const SAMPLE_RECORDS: usize = 200;

/// First bytes of files that are no table we read: what they are, and what to do.
const FOREIGN: [(&[u8], &str, &str); 14] = [
    (b"PK\x03\x04", "a zip archive, as Excel workbooks (.xlsx) are", SAVE_SHEET),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls) or another Office file", SAVE_SHEET),
    (b"\x1f\x8b", "compressed by gzip", "decompress it (`gunzip -k FILE`), or save it as Parquet"),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed by zstd",
        "decompress it (`unzstd FILE`), or save it as Parquet",
    ),
    (b"BZh", "compressed by bzip2", "decompress it (`bunzip2 -k FILE`), or save it as Parquet"),
    (b"\xfd7zXZ", "compressed by xz", "decompress it (`unxz -k FILE`), or save it as Parquet"),
    (b"\x89HDF", "an HDF5 file", SAVE_TABLE),
    (b"\x93NUMPY", "a NumPy array without column names", SAVE_TABLE),
    (b"\x80\x04", "a Python pickle, which is never loaded", SAVE_TABLE),
    (b"\x80\x05", "a Python pickle, which is never loaded", SAVE_TABLE),
    (b"SQLite format 3", "an SQLite database", SAVE_TABLE),
    (b"%PDF-", "a PDF document", SAVE_TABLE),
    (b"<!DOCTYPE", "a web page", SAVE_TABLE),
    (b"<html", "a web page", SAVE_TABLE),
];
const SAVE_SHEET: &str = "save the sheet as CSV (UTF-8) or Parquet";
const SAVE_TABLE: &str = "save the table as Parquet or CSV";

/// Refuses the file at `path`, whose `first` bytes show that it is something else than a table we read.
pub(super) fn refuse_foreign(path: &Path, first: &[u8]) -> Result<()> {
    match FOREIGN.iter().find(|(magic, ..)| first.starts_with(magic)) {
        None => Ok(()),
        Some((_, found, instead)) => {
            Err(Error::NoTable { path: path.display().to_string(), found, instead })
        }
    }
}

/// Refuses a text file whose characters or line ends cannot be read.
pub(super) fn refuse_other_text(path: &Path, first: &[u8]) -> Result<()> {
    let refuse =
        |found, instead| Err(Error::NoTable { path: path.display().to_string(), found, instead });
    if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
        return refuse("text in UTF-16", "save it as UTF-8");
    }
    if first.contains(&b'\r') && !first.contains(&b'\n') {
        return refuse("text whose lines end with CR alone", "save it with LF or CRLF line ends");
    }
    Ok(())
}

/// The first bytes of the file at `path`, without a byte order mark.
fn sample(path: &Path) -> Result<Vec<u8>> {
    let open = |source| Error::Open { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(open)?.take(SAMPLE_BYTES).read_to_end(&mut bytes).map_err(open)?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// The records at the start of `text`, split at `separator` as in RFC 4180: at most so many, whole ones, quotes taken off.
fn records(text: &[u8], separator: u8) -> Vec<Vec<String>> {
    let (mut all, mut record, mut field) = (Vec::new(), Vec::new(), Vec::new());
    let (mut quoted, mut place) = (false, 0);
    while place < text.len() && all.len() < SAMPLE_RECORDS {
        let byte = text[place];
        place += 1;
        match byte {
            b'"' if quoted && text.get(place) == Some(&b'"') => {
                field.push(b'"');
                place += 1;
            }
            b'"' if quoted || field.is_empty() => quoted = !quoted,
            _ if quoted => field.push(byte),
            b'\n' => {
                if field.last() == Some(&b'\r') {
                    field.pop();
                }
                record.push(String::from_utf8_lossy(&std::mem::take(&mut field)).into_owned());
                all.push(std::mem::take(&mut record));
            }
            _ if byte == separator => {
                record.push(String::from_utf8_lossy(&std::mem::take(&mut field)).into_owned());
            }
            _ => field.push(byte),
        }
    }
    let is_whole = (text.len() as u64) < SAMPLE_BYTES && !quoted;
    if is_whole && all.len() < SAMPLE_RECORDS && !(record.is_empty() && field.is_empty()) {
        record.push(String::from_utf8_lossy(&field).into_owned());
        all.push(record);
    }
    all
}

/// The names in the header of the CSV file at `path`, as they stand there.
pub(super) fn header(path: &Path, separator: char) -> Result<Vec<String>> {
    let separator = u8::try_from(separator).unwrap_or(b',');
    Ok(records(&sample(path)?, separator).into_iter().next().unwrap_or_default())
}

/// How the CSV text of `file` is written; the default for any other format.
///
/// # Errors
///
/// [`Error::Open`].
pub fn detect(file: &TableFile) -> Result<CsvContract> {
    let mut contract = CsvContract::default();
    if file.format() != Format::Csv {
        return Ok(contract);
    }
    let text = sample(file.first_path())?;
    let mut most = 1;
    for separator in SEPARATORS {
        let records = records(&text, separator as u8);
        let Some(header) = records.first() else { continue };
        let is_even = records.iter().all(|record| record.len() == header.len() || is_blank(record));
        if is_even && header.len() > most {
            most = header.len();
            contract.delimiter = separator;
        }
    }
    if contract.delimiter != ',' && has_decimal_commas(&records(&text, contract.delimiter as u8)) {
        contract.decimal = ',';
    }
    Ok(contract)
}

fn is_blank(record: &[String]) -> bool {
    matches!(record, [only] if only.trim().is_empty())
}

/// Whether a column holds decimal commas, and no column decimal points.
fn has_decimal_commas(records: &[Vec<String>]) -> bool {
    let Some((header, rows)) = records.split_first() else { return false };
    let column_has = |place: usize, sign: char| {
        let mut found = false;
        for cell in rows.iter().filter_map(|row| row.get(place)).map(|cell| cell.trim()) {
            let is_number = parse_float(&cell.replacen(sign, ".", 1)).is_some();
            let has_other = sign == ',' && cell.contains('.');
            if has_other || (!is_number && !cell.is_empty() && !is_missing_word(cell)) {
                return false;
            }
            found |= is_number && cell.contains(sign);
        }
        found
    };
    let any = |sign| (0..header.len()).any(|place| column_has(place, sign));
    any(',') && !any('.')
}

/// Texts that stand for a missing value in a column whose other values are numbers, dates or truth values.
pub const MISSING_WORDS: [&str; 16] = [
    "NA", "N/A", "n/a", "#N/A", "<NA>", "na", "NULL", "Null", "null", "None", "none", "NaT", "?",
    "-", ".", "#NULL!",
];

/// Whether `text` is one of [`MISSING_WORDS`].
pub fn is_missing_word(text: &str) -> bool {
    MISSING_WORDS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(text: &str) -> (char, char) {
        let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let found = detect(&TableFile::open(file.path(), None).unwrap()).unwrap();
        (found.delimiter, found.decimal)
    }

    #[test]
    fn separator_and_decimal_sign_are_told_by_header_and_records() {
        assert_eq!(detected(""), (',', '.'));
        assert_eq!(detected("a\n1\n"), (',', '.'));
        assert_eq!(detected("a,b\n1.5,x\n"), (',', '.'));
        assert_eq!(detected("\u{feff}a;b\r\n1,5;x\r\n,25;\r\nNA;y\r\n"), (';', ','));
        assert_eq!(detected("a;b\n1,5;2.5\n"), (';', '.'));
        assert_eq!(detected("a;b\n1.5;x, y\n"), (';', '.'));
        assert_eq!(detected("a\tb,c\n1\t2\n"), ('\t', '.'));
        assert_eq!(detected("\"a;x\",b\n\"1;2\",\"q;\nr\"\n"), (',', '.'));
        assert_eq!(detected("a|b|c\n1|2|3"), ('|', '.'));
    }
}
