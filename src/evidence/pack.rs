//! The archive: written so that the same content gives the same bytes, opened without trusting what it says.
//!
//! A pack is a zip file: names sorted, one fixed time (1980-01-01), no comments, no extra fields, deflate at one level.

use super::manifest::{EVIDENCE_FORMAT, MANIFEST, Manifest, PackedFile, SEAL, Scope};
use super::{Error, Result, printable};
use crate::digest::{self, ContentDigest};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::seal::Seal;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use zip::read::ZipArchive;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The longest file that is read from a pack, in bytes.
pub const FILE_MAX: u64 = 1 << 30;

/// A pack being written. Files may be added in any order; they wait in a temporary file until all are known.
#[derive(Debug)]
pub struct PackWriter {
    waiting: BufWriter<File>,
    length: u64,
    files: BTreeMap<String, (u64, ContentDigest)>,
}

impl PackWriter {
    /// An empty pack.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when there is no room for a temporary file.
    pub fn new() -> Result<Self> {
        let file = tempfile::tempfile().map_err(Error::File)?;
        Ok(Self { waiting: BufWriter::new(file), length: 0, files: BTreeMap::new() })
    }

    /// Adds a file; one that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        if self.files.contains_key(name) {
            return Ok(());
        }
        self.waiting.write_all(bytes).map_err(Error::File)?;
        self.files.insert(name.to_owned(), (self.length, ContentDigest::of(bytes)));
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Number of files so far.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes the archive with its manifest, and the seal over all of it that `sign` gives, to `writer` and gives that back.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Archive`]; [`Error::Digest`] never in practice.
    pub fn finish<W: Write + Seek>(
        self,
        scope: Scope,
        (head, sign): (&Checkpoint, &dyn Fn(&Seal) -> String),
        writer: W,
    ) -> Result<W> {
        let listed =
            self.files.iter().map(|(name, (_, content))| PackedFile::new(name, content.clone()));
        let manifest = Manifest {
            format: EVIDENCE_FORMAT.to_owned(),
            program: printable::PROGRAM.to_owned(),
            scope,
            origin: head.origin.clone(),
            size: head.size,
            files: listed.collect(),
        };
        let manifest = digest::canonical_json(&manifest)?;
        let digests =
            self.files.iter().map(|(name, (_, file))| (name.clone(), file.sha256.clone()));
        let mut digests: BTreeMap<String, String> = digests.collect();
        digests.insert(MANIFEST.to_owned(), digest::sha256_hex(&manifest));
        let seal = Seal { origin: head.origin.clone(), size: head.size, files: digests };
        let seal = sign(&seal);
        let mut waiting =
            self.waiting.into_inner().map_err(|error| Error::File(error.into_error()))?;
        let mut archive = Archive(ZipWriter::new(writer));
        let made = [(MANIFEST, manifest.as_slice()), (SEAL, seal.as_bytes())];
        let mut due = made.into_iter().peekable();
        for (name, (offset, content)) in &self.files {
            while let Some((made, mut bytes)) = due.next_if(|(made, _)| *made < name.as_str()) {
                archive.file(made, &mut bytes)?;
            }
            waiting.seek(SeekFrom::Start(*offset)).map_err(Error::File)?;
            archive.file(name, &mut Read::by_ref(&mut waiting).take(content.bytes))?;
        }
        for (made, mut bytes) in due {
            archive.file(made, &mut bytes)?;
        }
        Ok(archive.0.finish()?)
    }
}

struct Archive<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> Archive<W> {
    fn file(&mut self, name: &str, content: &mut impl Read) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        self.0.start_file(name, options)?;
        std::io::copy(content, &mut self.0).map_err(Error::File)?;
        Ok(())
    }
}

/// A pack that was opened. Nothing in it is believed yet.
#[derive(Debug)]
pub struct Pack<R> {
    archive: ZipArchive<R>,
    names: BTreeSet<String>,
}

impl<R: Read + Seek> Pack<R> {
    /// Opens an archive.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPack`] when it is no zip archive or holds neither a manifest nor entries.
    pub fn open(reader: R) -> Result<Self> {
        let refuse = |detail: String| Error::NotAPack { detail };
        let archive = ZipArchive::new(reader).map_err(|error| {
            let expected =
                "expected the zip file that `driftledger export` or the page Evidence makes, whole";
            refuse(format!("it is no zip archive ({error}); {expected}"))
        })?;
        let names: BTreeSet<String> = archive
            .file_names()
            .map(|name| name.map(std::borrow::Cow::into_owned))
            .collect::<zip::result::ZipResult<_>>()
            .map_err(|error| refuse(error.to_string()))?;
        if !names.contains(MANIFEST) && !names.contains(super::manifest::ENTRIES) {
            return Err(refuse(format!("it holds neither `{MANIFEST}` nor entries")));
        }
        Ok(Self { archive, names })
    }

    /// The names of all files.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The bytes of a file; `None` when there is no file of that name.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] when its bytes cannot be had: damaged, encrypted, longer than [`FILE_MAX`].
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        if !self.names.contains(name) {
            return Ok(None);
        }
        let unreadable = |detail: String| Error::Unreadable { name: name.to_owned(), detail };
        let file = self.archive.by_name(name).map_err(|error| unreadable(error.to_string()))?;
        let mut bytes = Vec::new();
        let read = file.take(FILE_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() as u64 > FILE_MAX {
            return Err(unreadable(format!("it has more than {FILE_MAX} bytes")));
        }
        Ok(Some(bytes))
    }

    /// What the archive holds besides its files, or shows differently to different programs; `None` when nothing.
    pub fn hidden(&mut self) -> Option<String> {
        if self.archive.has_duplicate_names() {
            return Some("two files of one name".to_owned());
        }
        if self.archive.offset() != 0 || !self.archive.comment().is_empty() {
            return Some("bytes before the first file, or a comment".to_owned());
        }
        let mut ranges = Vec::new();
        for index in 0..self.archive.len() {
            let Ok(file) = self.archive.by_index_raw(index) else {
                return Some("a file header that cannot be read".to_owned());
            };
            let start = file.data_start().unwrap_or(u64::MAX);
            ranges.push((file.header_start(), start.saturating_add(file.compressed_size())));
        }
        ranges.sort_unstable();
        let mut expected = 0;
        for (start, end) in ranges {
            if start != expected {
                return Some(format!("bytes {expected} to {start} belong to no file"));
            }
            expected = end;
        }
        if expected != self.archive.central_directory_start() {
            return Some("bytes after the last file".to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn head() -> Checkpoint {
        Checkpoint { origin: "example.org/log".to_owned(), size: 1, root: [7; 32] }
    }

    fn written(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = PackWriter::new().unwrap();
        for (name, bytes) in files {
            writer.add(name, bytes).unwrap();
        }
        let sign = |seal: &Seal| format!("{:?}", seal.files.keys());
        let made = writer.finish(Scope::whole(), (&head(), &sign), Cursor::new(Vec::new()));
        made.unwrap().into_inner()
    }

    #[test]
    fn the_same_files_in_any_order_give_the_same_bytes() {
        let (a, b, long) = (("A", &b"1"[..]), ("z/b", &b""[..]), vec![b'x'; 100_000]);
        let c = ("entries.jsonl", long.as_slice());
        assert_eq!(written(&[a, b, c]), written(&[c, a, b, a]));
        assert!(written(&[a, b, c]).len() < 5_000, "deflated");
    }

    #[test]
    fn a_pack_reads_back_and_hides_nothing() {
        let bytes = written(&[("a", b"1"), ("b/c", b"22")]);
        let mut pack = Pack::open(Cursor::new(bytes)).unwrap();
        assert_eq!(pack.hidden(), None);
        assert_eq!(
            pack.names().iter().map(String::as_str).collect::<Vec<_>>(),
            [MANIFEST, SEAL, "a", "b/c"]
        );
        assert_eq!(pack.read(SEAL).unwrap().unwrap(), br#"["MANIFEST.json", "a", "b/c"]"#);
        assert_eq!(pack.read("b/c").unwrap().unwrap(), b"22");
        assert!(pack.read("nothing").unwrap().is_none());
        let manifest: Manifest =
            serde_json::from_slice(&pack.read(MANIFEST).unwrap().unwrap()).unwrap();
        let lengths: Vec<_> = manifest.files.iter().map(|f| (f.name.as_str(), f.bytes)).collect();
        assert_eq!(lengths, [("a", 1), ("b/c", 2)]);
    }

    #[test]
    fn what_is_no_pack_is_refused_and_hidden_bytes_are_told() {
        assert!(matches!(Pack::open(Cursor::new(b"no zip".to_vec())), Err(Error::NotAPack { .. })));
        let mut bytes = b"prefix".to_vec();
        bytes.extend(written(&[("a", b"1")]));
        assert!(Pack::open(Cursor::new(bytes)).is_ok_and(|mut pack| pack.hidden().is_some()));
        let mut other = ZipWriter::new(Cursor::new(Vec::new()));
        other.start_file("a", SimpleFileOptions::default()).unwrap();
        let other = other.finish().unwrap();
        assert!(matches!(Pack::open(other), Err(Error::NotAPack { .. })));
    }

    #[test]
    fn a_damaged_file_is_named() {
        let bytes = written(&[("a", &[b'q'; 64])]);
        let mut pack = Pack::open(Cursor::new(bytes.clone())).unwrap();
        let index = pack.archive.index_for_name("a").unwrap();
        let file = pack.archive.by_index_raw(index).unwrap();
        let (start, end) = (file.data_start().unwrap(), file.compressed_size());
        let mut told = 0;
        for position in start..start + end {
            let mut damaged = bytes.clone();
            damaged[usize::try_from(position).unwrap()] ^= 0x10;
            let mut pack = Pack::open(Cursor::new(damaged)).unwrap();
            // The last byte has bits that mean nothing.
            match pack.read("a") {
                Ok(found) => assert_eq!(found.unwrap(), [b'q'; 64], "byte {position}"),
                Err(Error::Unreadable { name, .. }) => {
                    assert_eq!(name, "a");
                    told += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(told + 1 >= end, "{told} of {end}");
    }
}
