//! The question to a time-stamp authority: when was there something with this digest?
//!
//! Source: RFC 3161 §2.4.1.

use super::super::{Error, Result};
use super::algorithms::Hash;
use super::elements::{
    BOOLEAN, CONTEXT_0, Elements, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, element, invalid,
};

/// Bytes of a nonce: 64 bits are enough (RFC 3161), twice as many cost nothing.
const NONCE_BYTES: usize = 16;
/// The longest query that is read, in bytes.
const QUERY_MAX: usize = 4096;

/// A time-stamp query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Digest that is to be stamped.
    imprint: Vec<u8>,
    hash: Hash,
    /// A number that nobody foresees: the answer has it too. As DER has it.
    nonce: Option<Vec<u8>>,
}

impl Query {
    /// A query for the SHA-256 of `message`, with a new nonce.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn new(message: &[u8]) -> Result<Self> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(Error::Random)?;
        // A positive number of this length.
        nonce[0] = nonce[0] & 0x7f | 0x40;
        let (hash, nonce) = (Hash::Sha256, Some(nonce.to_vec()));
        Ok(Self { imprint: hash.of(message), hash, nonce })
    }

    /// The bytes to send, as `application/timestamp-query`: version 1, the answer shall carry its certificates.
    pub fn to_der(&self) -> Vec<u8> {
        let algorithm =
            element(SEQUENCE, &[&element(OBJECT_ID, &[self.hash.object_id()]), &[0x05, 0]]);
        let imprint = element(SEQUENCE, &[&algorithm, &element(OCTET_STRING, &[&self.imprint])]);
        let nonce = self.nonce.as_ref().map(|nonce| element(INTEGER, &[nonce]));
        element(
            SEQUENCE,
            &[&[INTEGER, 1, 1], &imprint, &nonce.unwrap_or_default(), &[BOOLEAN, 1, 0xff]],
        )
    }

    /// Reads a query, as this program or `openssl ts -query` writes it.
    ///
    /// # Errors
    ///
    /// [`Error::TimeStamp`].
    ///
    /// ```
    /// use driftledger::ledger::time_stamp::Query;
    /// let query = Query::new(b"a checkpoint").unwrap();
    /// assert_eq!(Query::parse(&query.to_der()).unwrap(), query);
    /// assert!(query.is_about(b"a checkpoint") && !query.is_about(b"another"));
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let mut outer = Elements::new(bytes);
            let query = outer.expect(SEQUENCE, "query")?;
            outer.end("query")?;
            let mut parts = query.inside();
            parts.expect(INTEGER, "version")?;
            let (hash, imprint) = imprint(&mut parts)?;
            let _policy = parts.optional(OBJECT_ID)?;
            let nonce = parts.optional(INTEGER)?.map(|nonce| nonce.content.to_vec());
            let _certificates = parts.optional(BOOLEAN)?;
            let _extensions = parts.optional(CONTEXT_0)?;
            parts.end("query")?;
            Ok(Self { imprint: imprint.to_vec(), hash, nonce })
        };
        if bytes.len() > QUERY_MAX {
            return Err(invalid("the query is too long to be one"));
        }
        read().map_err(|error: Error| invalid(format!("this is no time-stamp query: {error}")))
    }

    /// Whether it asks about `message`.
    pub fn is_about(&self, message: &[u8]) -> bool {
        self.hash.of(message) == self.imprint
    }

    /// The nonce, as DER has it.
    pub(super) fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

/// A `MessageImprint`: which digest, and its bytes.
pub(super) fn imprint<'a>(parts: &mut Elements<'a>) -> Result<(Hash, &'a [u8])> {
    let imprint = parts.expect(SEQUENCE, "message imprint")?;
    let mut inside = imprint.inside();
    let algorithm = inside.expect(SEQUENCE, "hash algorithm")?;
    let digest = inside.expect(OCTET_STRING, "hashed message")?;
    inside.end("message imprint")?;
    Ok((Hash::named(algorithm)?, digest.content))
}
