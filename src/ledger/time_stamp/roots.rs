//! Certificates that a verifier was given, by another way than the time stamps.

use super::super::Result;
use super::algorithms::SIGNATURES;
use super::elements::invalid;
use super::token::TimeStamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// 1.3.6.1.5.5.7.3.8: the key signs time stamps.
pub(super) const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// The certificates under which time stamps are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRoots {
    certificates: Vec<CertificateDer<'static>>,
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
        Ok(Self { certificates })
    }

    /// Whether `stamp` was signed by a certificate that leads to one of these, each valid at the time it states.
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
        signer
            .verify_for_usage(SIGNATURES, &anchors, &others, time, usage, None, None)
            .map(|_path| ())
            .map_err(refused)
    }
}
