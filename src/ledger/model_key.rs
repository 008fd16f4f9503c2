//! The key that signs model files for other tools: P-256, because these do not take Ed25519. It signs nothing of the ledger.
//!
//! What is signed starts with `DSSEv1`, as in [`super::envelope`]. Signatures are deterministic (RFC 6979).

use super::key::{read_private, write_private};
use super::{Error, Result};
use p256::SecretKey;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use std::path::Path;

/// A P-256 private key. Debug output shows the public half only.
#[derive(Clone)]
pub struct ModelKey {
    key: SecretKey,
    public_pem: String,
}

impl std::fmt::Debug for ModelKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ModelKey")
            .field("public_pem", &self.public_pem)
            .finish_non_exhaustive()
    }
}

impl ModelKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn generate() -> Result<Self> {
        loop {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(Error::Random)?;
            // Of 2^32 numbers of that length about one is no key.
            if let Some(key) = SecretKey::from_slice(&seed).ok().and_then(Self::new) {
                return Ok(key);
            }
        }
    }

    /// Reads the key from a PKCS#8 PEM file that nobody but its owner may read.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`], [`Error::KeyExposed`], [`Error::ModelKeyMalformed`].
    pub fn load(path: &Path) -> Result<Self> {
        let malformed = || Error::ModelKeyMalformed { path: path.to_owned() };
        let pem = read_private(path)?.ok_or_else(malformed)?;
        SecretKey::from_pkcs8_pem(&pem).ok().and_then(Self::new).ok_or_else(malformed)
    }

    /// Writes the key to a new file that only its owner may read.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`]: the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let malformed = |_says_little| Error::ModelKeyMalformed { path: path.to_owned() };
        let pem = self.key.to_pkcs8_pem(LineEnding::LF).map_err(malformed)?;
        write_private(path, pem.as_bytes())
            .map_err(|source| Error::KeyFile { path: path.to_owned(), source })
    }

    /// The public half: SubjectPublicKeyInfo in PEM, as verifiers are given it.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The ECDSA signature with SHA-256 over `bytes`, in DER.
    pub(super) fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: Signature = SigningKey::from(&self.key).sign(bytes);
        signature.to_der().as_bytes().to_vec()
    }

    fn new(key: SecretKey) -> Option<Self> {
        let public_pem = key.public_key().to_public_key_pem(LineEnding::LF).ok()?;
        Some(Self { key, public_pem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;
    use p256::pkcs8::DecodePublicKey as _;

    #[test]
    fn a_saved_key_loads_and_signs_the_same_under_its_public_half() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.pem");
        let key = ModelKey::generate().unwrap();
        key.save(&path).unwrap();
        let loaded = ModelKey::load(&path).unwrap();
        assert_eq!(loaded.public_pem(), key.public_pem());
        assert_eq!(loaded.sign_bytes(b"x"), key.sign_bytes(b"x"));
        let public = VerifyingKey::from_public_key_pem(key.public_pem()).unwrap();
        let signature = Signature::from_der(&key.sign_bytes(b"x")).unwrap();
        public.verify(b"x", &signature).unwrap();
        assert!(public.verify(b"y", &signature).is_err());
        assert!(key.save(&path).is_err(), "an existing key is never overwritten");
        assert!(!format!("{key:?}").contains("SecretKey"));
    }

    #[test]
    fn another_kind_of_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.pem");
        crate::ledger::key::LogKey::generate("example.org/log").unwrap().save(&path).unwrap();
        assert!(matches!(ModelKey::load(&path), Err(Error::ModelKeyMalformed { .. })));
        assert!(matches!(ModelKey::load(folder.path()), Err(Error::KeyExposed { .. })));
    }
}
