//! Time stamps: an authority outside states, signed, when it saw the digest of a checkpoint. Whoever trusts the authority knows that the
//! entries under that checkpoint existed by then, whatever becomes of the ledger's own key.
//!
//! A [`Query`] asks; a [`TimeStamp`] is the answer, opened; [`TrustedRoots`] are the certificates that a verifier was given, with revocation
//! lists if he has some.
//!
//! Source: RFC 3161 (time-stamp protocol), RFC 5652 (signed data), RFC 5035 (which certificate signed), RFC 5280 (certificates).

mod algorithms;
mod elements;
mod query;
mod revocation;
mod roots;
mod token;

pub use query::Query;
pub use roots::TrustedRoots;
pub use token::{CLOCKS_APART_MAX, RESPONSE_MAX, Stated, TimeStamp};

#[cfg(test)]
mod tests;
