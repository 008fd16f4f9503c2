//! A payload signed by the log's key in a DSSE envelope, as other tools read it.
//!
//! What is signed starts with `DSSEv1` and a space; what a checkpoint signs starts with the log's name, which holds no space, so that
//! neither signature can stand for the other.
//!
//! Source: <https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>.

use super::key::LogKey;
use super::model_key::ModelKey;
use crate::digest::sha256_hex;
use base64ct::{Base64, Encoding as _};
use serde::Serialize;
use serde_json::{Value, json};

/// A DSSE envelope with one signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Envelope {
    /// The payload, base64.
    payload: String,
    /// What it is.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// The signature.
    signatures: [EnvelopeSignature; 1],
}

/// A signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct EnvelopeSignature {
    /// Key id of the log's verifier key, eight hexadecimal digits.
    keyid: String,
    /// Ed25519 signature, base64.
    sig: String,
}

impl Envelope {
    /// Signs `payload` with the log's key; the same payload gives the same envelope.
    pub fn sign(payload_type: &str, payload: &[u8], key: &LogKey) -> Self {
        let sig = Base64::encode_string(&key.sign_bytes(&signed_bytes(payload_type, payload)));
        let keyid = hex::encode(key.verifier().key_id());
        Self {
            payload: Base64::encode_string(payload),
            payload_type: payload_type.to_owned(),
            signatures: [EnvelopeSignature { keyid, sig }],
        }
    }
}

/// `payload` signed by the key for model files, as a Sigstore bundle (version 0.3) without certificate and without log entry; the
/// same payload gives the same bundle.
///
/// Source: <https://docs.sigstore.dev/about/bundle/>.
pub fn bundle(payload_type: &str, payload: &[u8], key: &ModelKey) -> Value {
    let sig = Base64::encode_string(&key.sign_bytes(&signed_bytes(payload_type, payload)));
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": sha256_hex(key.public_pem().as_bytes())},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": Base64::encode_string(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": sig, "keyid": ""}],
        },
    })
}

/// The pre-authentication encoding: what is signed.
fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_the_published_example() {
        let bytes = signed_bytes("http://example.com/HelloWorld", b"hello world");
        assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(signed_bytes("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn the_signature_covers_payload_and_type() {
        let key = LogKey::generate("example.org/log").unwrap();
        let made = Envelope::sign("a", b"bc", &key);
        assert_eq!(made, Envelope::sign("a", b"bc", &key));
        assert_eq!(made.payload, "YmM=");
        for (payload_type, payload) in [("a", b"bd"), ("b", b"bc")] {
            let other = Envelope::sign(payload_type, payload, &key);
            assert_ne!(other.signatures[0].sig, made.signatures[0].sig);
        }
    }
}
