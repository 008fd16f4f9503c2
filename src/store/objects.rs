//! Stored contents, addressed by their BLAKE3: `objects/ab/cdef…`.
//!
//! A content is written to the spool, made durable, then renamed to its digest; what is read is hashed again.

use super::folder::sync_folder;
use super::{Error, Result};
use crate::digest::{ContentDigest, ContentHasher};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// The objects of one data folder.
#[derive(Clone, Debug)]
pub struct Objects {
    folder: PathBuf,
    spool: PathBuf,
}

impl Objects {
    pub(super) fn new(folder: PathBuf, spool: PathBuf) -> Self {
        Self { folder, spool }
    }

    /// A new file in the spool, to be filled and handed to [`Self::put_file`]; removed when dropped.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn spool_file(&self) -> Result<NamedTempFile> {
        let made = tempfile::Builder::new().prefix("spool-").tempfile_in(&self.spool);
        made.map_err(|source| Error::File { path: self.spool.clone(), source })
    }

    /// A new folder in the spool; removed with all that is in it when dropped.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn spool_folder(&self) -> Result<TempDir> {
        let made = tempfile::Builder::new().prefix("spool-").tempdir_in(&self.spool);
        made.map_err(|source| Error::File { path: self.spool.clone(), source })
    }

    /// Stores `bytes`; storing the same bytes again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn put(&self, bytes: &[u8]) -> Result<ContentDigest> {
        let mut file = self.spool_file()?;
        let path = file.path().to_owned();
        file.write_all(bytes).map_err(|source| Error::File { path, source })?;
        self.put_file(file)
    }

    /// Stores a finished spool file by moving it; storing the same bytes again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn put_file(&self, mut file: NamedTempFile) -> Result<ContentDigest> {
        let path = file.path().to_owned();
        let content = digest_file(file.as_file_mut(), path)?;
        let target = self.path(&content.blake3)?;
        if self.is_intact(&target, &content) {
            return Ok(content);
        }
        let folder = target.parent().unwrap_or(&self.folder).to_owned();
        let file_error = |source| Error::File { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(file_error)?;
        file.as_file().sync_all().map_err(file_error)?;
        file.persist(&target).map_err(|refused| file_error(refused.error))?;
        sync_folder(&folder)?;
        sync_folder(&self.folder)?;
        Ok(content)
    }

    /// The object whose BLAKE3 is `blake3`, as a file at its start. All its bytes were hashed first.
    ///
    /// # Errors
    ///
    /// [`Error::ObjectName`], [`Error::ObjectMissing`], [`Error::ObjectChanged`], [`Error::File`].
    pub fn open(&self, blake3: &str) -> Result<File> {
        let path = self.path(blake3)?;
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::ObjectMissing { blake3: blake3.to_owned() });
            }
            Err(source) => return Err(Error::File { path, source }),
        };
        let found = digest_file(&mut file, path.clone())?.blake3;
        if found != blake3 {
            return Err(Error::ObjectChanged { expected: blake3.to_owned(), found });
        }
        Ok(file)
    }

    /// The bytes of the object whose BLAKE3 is `blake3`; for contents that fit into memory.
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`].
    pub fn read(&self, blake3: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.open(blake3)?.read_to_end(&mut bytes);
        read.map_err(|source| Error::File { path: self.folder.join(blake3), source })?;
        let found = crate::digest::blake3_hex(&bytes);
        if found != blake3 {
            return Err(Error::ObjectChanged { expected: blake3.to_owned(), found });
        }
        Ok(bytes)
    }

    /// Whether an object of this name is stored; its bytes are not read.
    ///
    /// # Errors
    ///
    /// [`Error::ObjectName`].
    pub fn contains(&self, blake3: &str) -> Result<bool> {
        Ok(self.path(blake3)?.is_file())
    }

    /// Length of the object of this name in bytes; its bytes are not read.
    ///
    /// # Errors
    ///
    /// [`Error::ObjectName`], [`Error::ObjectMissing`], [`Error::File`].
    pub fn length(&self, blake3: &str) -> Result<u64> {
        let path = self.path(blake3)?;
        match fs::metadata(&path) {
            Ok(about) => Ok(about.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::ObjectMissing { blake3: blake3.to_owned() })
            }
            Err(source) => Err(Error::File { path, source }),
        }
    }

    /// Removes the object of this name; gives whether it was there. Only a signed disposal, or the making of a copy without it, asks
    /// for this.
    ///
    /// # Errors
    ///
    /// [`Error::ObjectName`], [`Error::File`].
    pub(super) fn remove(&self, blake3: &str) -> Result<bool> {
        let path = self.path(blake3)?;
        match fs::remove_file(&path) {
            Ok(()) => {
                path.parent().map_or(Ok(()), sync_folder)?;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(Error::File { path, source }),
        }
    }

    /// Where the object whose BLAKE3 is `blake3` lies, or would lie.
    ///
    /// # Errors
    ///
    /// [`Error::ObjectName`]: not 64 lowercase hexadecimal digits.
    pub fn path(&self, blake3: &str) -> Result<PathBuf> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if blake3.len() != 64 || !blake3.bytes().all(is_digit) {
            return Err(Error::ObjectName(blake3.to_owned()));
        }
        let (first, rest) = blake3.split_at(2);
        Ok(self.folder.join(first).join(rest))
    }

    /// A damaged object is replaced by the good bytes that just arrived.
    fn is_intact(&self, target: &Path, content: &ContentDigest) -> bool {
        target.is_file() && self.open(&content.blake3).is_ok()
    }
}

/// Digests all of `file` and rewinds it.
fn digest_file(file: &mut File, path: PathBuf) -> Result<ContentDigest> {
    let mut digest = || {
        let mut hasher = ContentHasher::new();
        let mut chunk = vec![0; CHUNK];
        file.seek(SeekFrom::Start(0))?;
        loop {
            let length = file.read(&mut chunk)?;
            if length == 0 {
                break;
            }
            hasher.update(&chunk[..length]);
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(hasher.finish())
    };
    digest().map_err(|source| Error::File { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> (tempfile::TempDir, Objects) {
        let folder = tempfile::tempdir().unwrap();
        let (objects, spool) = (folder.path().join("objects"), folder.path().join("spool"));
        fs::create_dir(&objects).unwrap();
        fs::create_dir(&spool).unwrap();
        (folder, Objects::new(objects, spool))
    }

    #[test]
    fn bytes_come_back_under_their_digest_however_often_they_are_stored() {
        let (folder, objects) = empty();
        for bytes in [&b""[..], b"x", &vec![7; 3 * CHUNK + 1]] {
            let content = objects.put(bytes).unwrap();
            assert_eq!(content, ContentDigest::of(bytes));
            assert_eq!(objects.put(bytes).unwrap(), content);
            assert_eq!(objects.read(&content.blake3).unwrap(), bytes);
            let path = objects.path(&content.blake3).unwrap();
            assert!(path.ends_with(format!(
                "objects/{}/{}",
                &content.blake3[..2],
                &content.blake3[2..]
            )));
        }
        assert_eq!(fs::read_dir(folder.path().join("spool")).unwrap().count(), 0);
    }

    #[test]
    fn a_changed_object_is_refused_and_then_healed() {
        let (_folder, objects) = empty();
        let content = objects.put(b"good").unwrap();
        let path = objects.path(&content.blake3).unwrap();
        fs::write(&path, b"evil").unwrap();
        let refused = objects.read(&content.blake3);
        assert!(matches!(refused, Err(Error::ObjectChanged { .. })));
        objects.put(b"good").unwrap();
        assert_eq!(objects.read(&content.blake3).unwrap(), b"good");
        fs::remove_file(&path).unwrap();
        assert!(matches!(objects.open(&content.blake3), Err(Error::ObjectMissing { .. })));
    }

    #[test]
    fn only_a_digest_is_a_name() {
        let (_folder, objects) = empty();
        for name in ["", "../../etc/passwd", &"A".repeat(64), &"a".repeat(63)] {
            assert!(matches!(objects.open(name), Err(Error::ObjectName(_))), "{name}");
        }
    }
}
