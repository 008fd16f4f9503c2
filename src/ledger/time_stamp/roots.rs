//! Certificates that a verifier was given, by another way than the time stamps.

use super::super::Result;
use super::algorithms::SIGNATURES;
use super::elements::invalid;
use super::revocation::{self, RevocationList};
use super::token::TimeStamp;
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{Cert, EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};

/// 1.3.6.1.5.5.7.3.8: the key signs time stamps.
pub(super) const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// The certificates under which time stamps are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRoots {
    certificates: Vec<CertificateDer<'static>>,
    /// Revocation lists; without them nothing is known about revocation.
    lists: Option<Vec<RevocationList>>,
}

impl TrustedRoots {
    /// Reads one or more certificates in PEM.
    ///
    /// # Errors
    ///
    /// [`super::super::Error::TimeStamp`]: there is none, or one cannot be read.
    ///
    /// ```
    /// assert!(driftledger::ledger::time_stamp::TrustedRoots::from_pem("no certificate").is_err());
    /// ```
    pub fn from_pem(text: &str) -> Result<Self> {
        let certificates: std::result::Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        let certificates = certificates
            .map_err(|error| invalid(format!("the trusted roots are not PEM: {error:?}")))?;
        if certificates.is_empty() {
            return Err(invalid("there is no certificate among the trusted roots; expected PEM"));
        }
        for certificate in &certificates {
            anchor_from_trusted_cert(certificate)
                .map_err(|error| invalid(format!("a trusted root cannot be read: {error:?}")))?;
        }
        Ok(Self { certificates, lists: None })
    }

    /// The same with revocation lists in PEM, which must say of every certificate below a root that it vouches for what it signed.
    ///
    /// # Errors
    ///
    /// [`super::super::Error::TimeStamp`]: there is none, or one cannot be used.
    pub fn with_revocation_lists(self, text: &str) -> Result<Self> {
        Ok(Self { lists: Some(revocation::read(text)?), ..self })
    }

    /// Whether `stamp` was signed by a certificate that leads to one of these, each valid at the time it states, and none revoked by the
    /// lists, where some were given (RFC 3161 §4).
    ///
    /// # Errors
    ///
    /// [`super::super::Error::TimeStamp`] with the reason.
    pub fn check(&self, stamp: &TimeStamp) -> Result<()> {
        let anchors: std::result::Result<Vec<_>, _> = self
            .certificates
            .iter()
            .map(|certificate| anchor_from_trusted_cert(certificate))
            .collect();
        let refused =
            |error| invalid(format!("its certificate does not lead to a trusted root: {error:?}"));
        let anchors = anchors.map_err(refused)?;
        let (signer, others) = stamp.certificates();
        let signer = CertificateDer::from(signer);
        let others: Vec<_> =
            others.iter().map(|other| CertificateDer::from(other.as_slice())).collect();
        let seconds = u64::try_from(stamp.stated().time.as_second()).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let signer = EndEntityCert::try_from(&signer).map_err(refused)?;
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        let path = signer
            .verify_for_usage(SIGNATURES, &anchors, &others, time, usage, None, None)
            .map_err(refused)?;
        match &self.lists {
            None => Ok(()),
            Some(lists) => self.check_not_revoked(lists, &path, stamp.stated().time),
        }
    }

    /// No certificate on the way to the root was revoked.
    fn check_not_revoked(
        &self,
        lists: &[RevocationList],
        path: &VerifiedPath<'_>,
        time: Timestamp,
    ) -> Result<()> {
        let anchor = path.anchor();
        let root = self.certificates.iter().find(|certificate| {
            anchor_from_trusted_cert(certificate).is_ok_and(|found| {
                (found.subject, found.subject_public_key_info)
                    == (anchor.subject.clone(), anchor.subject_public_key_info.clone())
            })
        });
        let root = root.ok_or_else(|| invalid("its root is none of those that were given"))?;
        let mut certificate: &Cert<'_> = path.end_entity();
        for issuer in path.intermediate_certificates() {
            revocation::check(lists, (certificate, &issuer.der()), time)?;
            certificate = issuer;
        }
        revocation::check(lists, (certificate, root), time)
    }
}
