//! Which record of a CSV file does not have as many fields as the header, or is not UTF-8 text.

use super::error::{Error, Result};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Goes through the CSV file at `path` once, a line at a time.
///
/// # Errors
///
/// [`Error::NotText`] and [`Error::Uneven`] for the first record that cannot be taken as it stands, [`Error::Open`].
pub(super) fn refuse_uneven(path: &Path, separator: char) -> Result<()> {
    let open = |source| Error::Open { path: path.display().to_string(), source };
    let separator = u8::try_from(separator).unwrap_or(b',');
    let mut lines = BufReader::with_capacity(1 << 20, File::open(path).map_err(open)?);
    let (mut expected, mut record, mut line) = (None, 0, 0);
    let (mut started, mut counter, mut text) = (0, Fields::new(separator), Vec::new());
    loop {
        text.clear();
        if lines.read_until(b'\n', &mut text).map_err(open)? == 0 {
            break;
        }
        line += 1;
        if line == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        let shown = || path.display().to_string();
        if let Err(error) = std::str::from_utf8(&text) {
            let byte = text[error.valid_up_to()];
            return Err(Error::NotText { path: shown(), line, byte });
        }
        if !counter.is_quoted() {
            started = line;
        }
        counter.read(&text);
        if counter.is_quoted() {
            continue;
        }
        let found = counter.finish();
        let expected = *expected.get_or_insert(found);
        if found != expected {
            let is_empty = text.iter().all(u8::is_ascii_whitespace);
            let found = if is_empty { 0 } else { found };
            return Err(Error::Uneven {
                path: shown(),
                row: record,
                line: started,
                found,
                expected,
            });
        }
        record += 1;
    }
    if counter.is_quoted() {
        let path = path.display().to_string();
        return Err(Error::OpenQuote { path, line: started });
    }
    Ok(())
}

/// Counts the fields of a record that may go over several lines.
struct Fields {
    separator: u8,
    found: usize,
    quoted: bool,
    /// Whether the next byte is the first of a field.
    first: bool,
}

impl Fields {
    fn new(separator: u8) -> Self {
        Self { separator, found: 1, quoted: false, first: true }
    }

    fn is_quoted(&self) -> bool {
        self.quoted
    }

    fn read(&mut self, line: &[u8]) {
        if !self.quoted && !line.contains(&b'"') {
            self.found += bytecount::count(line, self.separator);
            return;
        }
        let mut place = 0;
        while place < line.len() {
            let byte = line[place];
            place += 1;
            if self.quoted {
                if byte == b'"' {
                    if line.get(place) == Some(&b'"') {
                        place += 1;
                    } else {
                        self.quoted = false;
                    }
                }
            } else if byte == self.separator {
                self.found += 1;
                self.first = true;
                continue;
            } else if byte == b'"' && self.first {
                self.quoted = true;
            }
            self.first = false;
        }
    }

    /// The fields of the record that ends here; the next one begins.
    fn finish(&mut self) -> usize {
        let found = self.found;
        *self = Self::new(self.separator);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &[u8]) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        refuse_uneven(file.path(), ',').err().map(|error| error.to_string())
    }

    #[test]
    fn the_first_record_of_another_length_is_named_with_its_line() {
        assert_eq!(refused(b""), None);
        assert_eq!(refused(b"\xef\xbb\xbf\"a\",b\r\n\"1,\n\"\"2\"\"\",x\r\n3,"), None);
        let said = refused(b"a,b,c\n\"1\n\",2,3\n4,5\n").unwrap();
        assert!(said.contains("row 2 (line 4)") && said.contains("2 fields"), "{said}");
        assert!(said.contains("expected 3"), "{said}");
        assert!(refused(b"a,b\n1,2\n\n").unwrap().contains("is empty"));
        let said = refused(b"a,b\n1,K\xf6ln\n").unwrap();
        assert!(
            said.contains("line 2") && said.contains("0xf6") && said.contains("UTF-8"),
            "{said}"
        );
        assert!(refused(b"a,b\n1,\"x\n2,y\n").unwrap().contains("line 2"));
    }
}
