//! Revocation lists that a verifier was given: whether a certificate still vouched for a time stamp when it was made.
//!
//! A certificate that was revoked because it was superseded, its owner changed or it is not used any more vouches for what it signed before;
//! one that was revoked for another reason, or for none that is given, for nothing: its key may have signed any time.
//!
//! Whole lists only, as RFC 5280 §5 has them: no lists of a part, of changes, or by somebody else than the issuer; no OCSP.
//!
//! Source: RFC 3161 §4, RFC 5280 §5 and §6.3.

use super::super::Result;
use super::algorithms::{Hash, verify_signature};
use super::elements::{Element, Elements, INTEGER, SEQUENCE, invalid};
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use webpki::{
    BorrowedCertRevocationList, BorrowedRevokedCert, Cert, CertRevocationList, EndEntityCert,
    RevocationReason,
};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::time::Time;

/// BIT STRING.
const BIT_STRING: u8 = 0x03;

/// A revocation list. Who signed it is verified when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RevocationList {
    der: Vec<u8>,
    /// When it was issued, in seconds since 1970.
    issued: i64,
}

/// The signed parts of a list.
struct Parts<'a> {
    issuer: &'a [u8],
    issued: i64,
    message: &'a [u8],
    algorithm: Element<'a>,
    signature: &'a [u8],
}

/// Reads one or more revocation lists in PEM.
pub(super) fn read(text: &str) -> Result<Vec<RevocationList>> {
    let lists: std::result::Result<Vec<_>, _> =
        CertificateRevocationListDer::pem_slice_iter(text.as_bytes()).collect();
    let lists =
        lists.map_err(|error| invalid(format!("the revocation lists are not PEM: {error:?}")))?;
    if lists.is_empty() {
        return Err(invalid("there is no revocation list; expected PEM (`X509 CRL`)"));
    }
    lists.iter().map(|der| RevocationList::parse(der)).collect()
}

impl RevocationList {
    fn parse(der: &[u8]) -> Result<Self> {
        let Parts { issued, .. } = parts(der)?;
        let list = Self { der: der.to_vec(), issued };
        if list.entries()?.issuing_distribution_point().is_some() {
            return Err(invalid("a revocation list is one of a part; expected a whole one"));
        }
        Ok(list)
    }

    fn entries(&self) -> Result<CertRevocationList<'_>> {
        let read = BorrowedCertRevocationList::from_der(&self.der).map_err(|error| {
            invalid(format!(
                "a revocation list cannot be used: {error:?}; expected a whole one of version 2 with a next update"
            ))
        })?;
        Ok(read.into())
    }

    /// Whether the issuer with this certificate signed it, and may.
    fn is_by(&self, issuer: &CertificateDer<'_>) -> Result<bool> {
        let unreadable =
            |error| invalid(format!("an issuer's certificate cannot be read: {error:?}"));
        let certificate = EndEntityCert::try_from(issuer).map_err(unreadable)?;
        let parts = parts(&self.der)?;
        if parts.issuer != certificate.subject() {
            return Ok(false);
        }
        let usage = Certificate::from_der(issuer).ok().and_then(|certificate| {
            certificate.tbs_certificate().get_extension::<KeyUsage>().ok().flatten()
        });
        let may = usage.is_none_or(|(_, usage)| usage.crl_sign());
        let named = (parts.algorithm, Hash::Sha256);
        Ok(may && verify_signature(&certificate, named, parts.message, parts.signature).is_ok())
    }
}

/// Whether `certificate`, issued by `issuer`, still vouches for a time stamp of that `time` by the `lists`: they must say so.
pub(super) fn check(
    lists: &[RevocationList],
    (certificate, issuer): (&Cert<'_>, &CertificateDer<'_>),
    time: Timestamp,
) -> Result<()> {
    let mut newest = None;
    for list in lists {
        if !list.is_by(issuer)? {
            continue;
        }
        newest = newest.max(Some(list.issued));
        let unreadable = |error| invalid(format!("a revocation list cannot be read: {error:?}"));
        let entries = list.entries()?;
        if let Some(revoked) = entries.find_serial(certificate.serial()).map_err(unreadable)? {
            stands(&revoked, time)?;
        }
    }
    let serial = hex::encode(certificate.serial());
    match newest {
        None => Err(invalid(format!(
            "no revocation list that was given is signed by the issuer of its certificate {serial}"
        ))),
        Some(issued) if issued < time.as_second() => Err(invalid(format!(
            "the newest revocation list of the issuer of its certificate {serial} is of {}, before the time stamp; get a newer one",
            at(issued)
        ))),
        Some(_) => Ok(()),
    }
}

/// Whether a certificate that was revoked so vouches for a time stamp of that `time`.
fn stands(revoked: &BorrowedRevokedCert<'_>, time: Timestamp) -> Result<()> {
    let when = i64::try_from(revoked.revocation_date.as_secs()).unwrap_or(i64::MAX);
    let before = matches!(
        revoked.reason_code,
        Some(
            RevocationReason::Unspecified
                | RevocationReason::AffiliationChanged
                | RevocationReason::Superseded
                | RevocationReason::CessationOfOperation
        )
    );
    if before && time.as_second() < when {
        return Ok(());
    }
    let (serial, date) = (hex::encode(revoked.serial_number), at(when));
    let because = match revoked.reason_code {
        None => "for no reason that is given".to_owned(),
        Some(reason) => format!("for the reason {} ({})", reason as u8, word(reason)),
    };
    Err(invalid(format!(
        "its certificate {serial} was revoked at {date} {because}; it does not vouch for {time}"
    )))
}

/// The reason as RFC 5280 names it.
fn word(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "unspecified",
        RevocationReason::KeyCompromise => "keyCompromise",
        RevocationReason::CaCompromise => "cACompromise",
        RevocationReason::AffiliationChanged => "affiliationChanged",
        RevocationReason::Superseded => "superseded",
        RevocationReason::CessationOfOperation => "cessationOfOperation",
        RevocationReason::CertificateHold => "certificateHold",
        RevocationReason::RemoveFromCrl => "removeFromCRL",
        RevocationReason::PrivilegeWithdrawn => "privilegeWithdrawn",
        RevocationReason::AaCompromise => "aACompromise",
    }
}

fn at(seconds: i64) -> String {
    Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// A list taken apart as far as who signed what, and when.
fn parts(der: &[u8]) -> Result<Parts<'_>> {
    let mut outer = Elements::new(der);
    let list = outer.expect(SEQUENCE, "revocation list")?;
    outer.end("revocation list")?;
    let mut inside = list.inside();
    let signed = inside.expect(SEQUENCE, "list of certificates")?;
    let algorithm = inside.expect(SEQUENCE, "signature algorithm")?;
    let signature = inside.expect(BIT_STRING, "signature")?.content;
    inside.end("revocation list")?;
    let mut fields = signed.inside();
    fields.expect(INTEGER, "version")?;
    fields.expect(SEQUENCE, "signature algorithm")?;
    let issuer = fields.expect(SEQUENCE, "issuer")?.content;
    let issued = fields.next()?.and_then(|issued| Time::from_der(issued.whole).ok());
    let issued =
        issued.ok_or_else(|| invalid("a revocation list does not say when it was issued"))?;
    let issued = i64::try_from(issued.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let [0, signature @ ..] = signature else {
        return Err(invalid("the signature of a revocation list is none"));
    };
    Ok(Parts { issuer, issued, message: signed.whole, algorithm, signature })
}
