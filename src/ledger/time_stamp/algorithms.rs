//! The digests and signatures of time stamps: SHA-256, SHA-384 and SHA-512 with RSA of 2048 bits and more (PKCS #1 v1.5), or with ECDSA on
//! P-256 or P-384. SHA-1 stands only for the name of a certificate in a token of the older form (RFC 2634), never for a signature.

use super::super::Result;
use super::elements::{Element, OBJECT_ID, SEQUENCE, invalid};
use crate::digest;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use webpki::EndEntityCert;
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
};

/// 1.2.840.113549.1.1.1: a signature that says RSA and leaves the digest to the line beside it.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Every signature that counts, of tokens and of certificates.
pub(super) static SIGNATURES: &[&dyn SignatureVerificationAlgorithm] = &[
    RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512,
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    &EcdsaSha512(Curve::P256),
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    &EcdsaSha512(Curve::P384),
];

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The digest that an `AlgorithmIdentifier` names.
    pub(super) fn named(algorithm: Element<'_>) -> Result<Self> {
        let name = algorithm.inside().expect(OBJECT_ID, "name of an algorithm")?;
        let found = Self::ALL.into_iter().find(|hash| hash.object_id() == name.content);
        found.ok_or_else(|| invalid("its digest is not SHA-256, SHA-384 or SHA-512"))
    }

    /// 2.16.840.1.101.3.4.2.1, .2 or .3.
    pub(super) fn object_id(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
            Self::Sha384 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
            Self::Sha512 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
        }
    }

    /// The digest of `bytes`.
    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => digest::sha256(bytes).to_vec(),
            Self::Sha384 => digest::sha384(bytes).to_vec(),
            Self::Sha512 => digest::sha512(bytes).to_vec(),
        }
    }

    /// RSA with this digest.
    fn rsa(self) -> AlgorithmIdentifier {
        match self {
            Self::Sha256 => alg_id::RSA_PKCS1_SHA256,
            Self::Sha384 => alg_id::RSA_PKCS1_SHA384,
            Self::Sha512 => alg_id::RSA_PKCS1_SHA512,
        }
    }
}

/// Whether `signature` over `message` verifies under the key of `certificate`; `algorithm` is the one that a token names, `hash` the digest
/// beside it.
pub(super) fn verify_signature(
    certificate: &EndEntityCert<'_>,
    (algorithm, hash): (Element<'_>, Hash),
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    if algorithm.tag != SEQUENCE {
        return Err(invalid("it does not name its signature algorithm"));
    }
    let name = algorithm.inside().expect(OBJECT_ID, "name of its signature algorithm")?;
    let named: &[u8] = if name.content == RSA_ENCRYPTION { &hash.rsa() } else { algorithm.content };
    let fitting = SIGNATURES.iter().filter(|known| *known.signature_alg_id() == *named);
    let mut refused = invalid(
        "its signature is not RSA (PKCS #1 v1.5) or ECDSA with SHA-256, SHA-384 or SHA-512",
    );
    for known in fitting {
        match certificate.verify_signature(*known, message, signature) {
            Ok(()) => return Ok(()),
            Err(error) => refused = invalid(format!("its signature does not verify: {error:?}")),
        }
    }
    Err(refused)
}

#[derive(Clone, Copy, Debug)]
enum Curve {
    P256,
    P384,
}

/// ECDSA with SHA-512, which the other verifier of curves does not have.
#[derive(Debug)]
struct EcdsaSha512(Curve);

impl SignatureVerificationAlgorithm for EcdsaSha512 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> std::result::Result<(), InvalidSignature> {
        let digest = digest::sha512(message);
        let verified = match self.0 {
            Curve::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public_key);
                let signature = p256::ecdsa::Signature::from_der(signature);
                key.and_then(|key| key.verify_prehash(&digest, &signature?))
            }
            Curve::P384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(public_key);
                let signature = p384::ecdsa::Signature::from_der(signature);
                key.and_then(|key| key.verify_prehash(&digest, &signature?))
            }
        };
        verified.map_err(|_says_little| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self.0 {
            Curve::P256 => alg_id::ECDSA_P256,
            Curve::P384 => alg_id::ECDSA_P384,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}
