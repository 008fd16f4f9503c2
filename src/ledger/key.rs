//! The log's private key: made once, kept as PKCS#8 PEM in a file only its owner may read.

use super::note::{self, VerifierKey};
use super::{Error, Result};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{Signer as _, SigningKey};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// The longest key file that is read, in bytes.
const KEY_FILE_MAX: u64 = 16 * 1024;

/// A log's private key with the log's name. Debug output shows the public half only.
#[derive(Clone)]
pub struct LogKey {
    key: SigningKey,
    verifier: VerifierKey,
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LogKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl LogKey {
    /// A new key for the log named `origin`.
    ///
    /// # Errors
    ///
    /// [`Error::Random`], and [`Error::Format`] when `origin` is not a key name.
    pub fn generate(origin: &str) -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(Error::Random)?;
        Self::new(origin, SigningKey::from_bytes(&seed))
    }

    /// Reads the key of the log named `origin` from a PKCS#8 PEM file.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`], [`Error::KeyExposed`] (somebody other than the owner may read it), [`Error::KeyMalformed`],
    /// and [`Error::Format`] when `origin` is not a key name.
    pub fn load(path: &Path, origin: &str) -> Result<Self> {
        Self::new(origin, read_private_key(path)?)
    }

    /// Writes the key to a new file that only its owner may read. PKCS#8 version 1, which every reader knows.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`]: the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        save_private_key(&self.key, path)
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// `text`, which ends in a newline, as a note signed by this key.
    pub(super) fn sign_note(&self, text: &str) -> String {
        note::sign(text, &self.key, &self.verifier)
    }

    /// The line that adds this key's signature to a note about `text`, which ends in a newline.
    pub(super) fn signature_line(&self, text: &str) -> String {
        let signature = self.sign_bytes(text.as_bytes());
        note::signature_line(self.verifier.name(), self.verifier.key_id(), &signature)
    }

    /// The Ed25519 signature over `bytes`.
    pub(super) fn sign_bytes(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }

    fn new(origin: &str, key: SigningKey) -> Result<Self> {
        let verifier = VerifierKey::new(origin, key.verifying_key())?;
        Ok(Self { key, verifier })
    }
}

/// The Ed25519 key in a PKCS#8 PEM file that only its owner may read.
pub(super) fn read_private_key(path: &Path) -> Result<SigningKey> {
    let malformed = || Error::KeyMalformed { path: path.to_owned() };
    let pem = read_private(path)?.ok_or_else(malformed)?;
    SigningKey::from_pkcs8_pem(&pem).map_err(|_says_little| malformed())
}

/// Writes `key` to a new file that only its owner may read. PKCS#8 version 1, which every reader knows.
pub(super) fn save_private_key(key: &SigningKey, path: &Path) -> Result<()> {
    let pair = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let pem = pair
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_says_little| Error::KeyMalformed { path: path.to_owned() })?;
    write_private(path, pem.as_bytes())
        .map_err(|source| Error::KeyFile { path: path.to_owned(), source })
}

/// The text of a key file that nobody but its owner may read; `None` when it is longer than any key.
pub(super) fn read_private(path: &Path) -> Result<Option<String>> {
    let file_error = |source| Error::KeyFile { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(file_error)?;
    refuse_exposed(path, &about)?;
    if about.len() > KEY_FILE_MAX {
        return Ok(None);
    }
    fs::read_to_string(path).map(Some).map_err(file_error)
}

pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, about: &fs::Metadata) -> Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::KeyExposed { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path, _about: &fs::Metadata) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_key_loads_and_signs_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.pem");
        let key = LogKey::generate("example.org/log").unwrap();
        key.save(&path).unwrap();
        let loaded = LogKey::load(&path, "example.org/log").unwrap();
        assert_eq!(loaded.verifier(), key.verifier());
        assert_eq!(loaded.sign_note("x\n"), key.sign_note("x\n"));
        assert!(fs::read_to_string(&path).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(key.save(&path).is_err(), "an existing key is never overwritten");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.pem");
        LogKey::generate("example.org/log").unwrap().save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = LogKey::load(&path, "example.org/log");
        assert!(matches!(refused, Err(Error::KeyExposed { mode: 0o640, .. })));
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.pem");
        assert!(matches!(LogKey::load(&path, "o"), Err(Error::KeyFile { .. })));
        write_private(&path, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
            .unwrap();
        assert!(matches!(LogKey::load(&path, "o"), Err(Error::KeyMalformed { .. })));
        for name in ["", "two words", "a+b", "a\nb"] {
            assert!(LogKey::generate(name).is_err());
        }
    }
}
