//! The answer of a time-stamp authority, opened: what it stated, once its signature verifies under the certificate that it carries.

use super::super::{Error, Result};
use super::algorithms::{Hash, verify_signature};
use super::elements::{
    BOOLEAN, CONTEXT_0, CONTEXT_1, Element, Elements, GENERALIZED_TIME, INTEGER, OBJECT_ID,
    OCTET_STRING, SEQUENCE, SET, invalid,
};
use super::query::{Query, imprint};
use super::roots::TIME_STAMPING;
use crate::digest;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::ExtendedKeyUsage;

/// By how much the authority's clock and the ledger's may be apart: more, and one of them was wrong.
pub const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_secs(60);
/// The longest response that is read, in bytes.
pub const RESPONSE_MAX: usize = 128 * 1024;
/// Most certificates in a token.
const CERTIFICATES_MAX: usize = 16;

/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.9.16.1.4
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// 1.2.840.113549.1.9.3
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// 1.2.840.113549.1.9.4
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// 1.2.840.113549.1.9.16.2.12: the certificate by its SHA-1
const SIGNING_CERTIFICATE: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
/// 1.2.840.113549.1.9.16.2.47: the certificate by another digest
const SIGNING_CERTIFICATE_V2: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];

/// What an authority stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// When it saw the digest.
    pub time: Timestamp,
    /// The number it gave the stamp, hexadecimal.
    pub serial: String,
    /// The policy it stamps under, an object identifier.
    pub policy: String,
    /// The name in the certificate that signed: the common name of its subject, and the organisation.
    pub authority: String,
}

impl Stated {
    /// Whether the time stated lies between that of the newest entry under the checkpoint and that at which the answer was there, both by the
    /// ledger's clock and RFC 3339; as exactly as two clocks may agree ([`CLOCKS_APART_MAX`]).
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check_between(&self, newest: &str, recorded: &str) -> std::result::Result<(), String> {
        let time = self.time;
        let apart = CLOCKS_APART_MAX.as_secs();
        let of = |text: &str| text.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        if of(newest).duration_since(time) > CLOCKS_APART_MAX {
            return Err(format!(
                "it states {time}, more than {apart} s before {newest}, the time of an entry that it is about"
            ));
        }
        if time.duration_since(of(recorded)) > CLOCKS_APART_MAX {
            return Err(format!(
                "it states {time}, more than {apart} s after {recorded}, when it was here already"
            ));
        }
        Ok(())
    }
}

/// A time stamp whose signature verifies under the certificate that it carries. Whether that certificate is to be believed is for
/// [`super::TrustedRoots::check`] to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStamp {
    stated: Stated,
    nonce: Option<Vec<u8>>,
    signer: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl TimeStamp {
    /// Opens a response (`TimeStampResp`) about `message`.
    ///
    /// # Errors
    ///
    /// [`Error::TimeStamp`]: it is no response; it was not granted; it is about something else; its signature, or the digest that it signs,
    /// does not verify; its certificate may not sign time stamps, or not at that time.
    ///
    /// ```
    /// assert!(driftledger::ledger::time_stamp::TimeStamp::open(b"<html>", b"a checkpoint").is_err());
    /// ```
    pub fn open(response: &[u8], message: &[u8]) -> Result<Self> {
        if response.len() > RESPONSE_MAX {
            return Err(invalid(format!("it has {} bytes, no time stamp has", response.len())));
        }
        let signed = Signed::parse(granted(response)?)?;
        let info = Info::parse(signed.content)?;
        let (hash, found) = info.imprint;
        if hash.of(message) != found {
            return Err(invalid("it is about something else than this checkpoint"));
        }
        let signer = signed.signer(info.time)?;
        let name = |id: &[u8]| {
            ObjectIdentifier::from_bytes(id).map(|id| id.to_string()).unwrap_or_default()
        };
        let others = signed.certificates.iter().filter(|other| **other != signer.der);
        Ok(Self {
            stated: Stated {
                time: info.time,
                serial: hex::encode(info.serial),
                policy: name(info.policy),
                authority: signer.subject,
            },
            nonce: info.nonce.map(<[u8]>::to_vec),
            others: others.map(|other| other.to_vec()).collect(),
            signer: signer.der.to_vec(),
        })
    }

    /// Whether it answers `query` and no other.
    ///
    /// # Errors
    ///
    /// [`Error::TimeStamp`].
    pub fn check_answers(&self, query: &Query) -> Result<()> {
        if self.nonce.as_deref() == query.nonce() {
            return Ok(());
        }
        Err(invalid("it has another nonce than the query: it answers another one"))
    }

    /// What was stated.
    pub fn stated(&self) -> &Stated {
        &self.stated
    }

    /// The certificate that signed, and those that came with it.
    pub(super) fn certificates(&self) -> (&[u8], &[Vec<u8>]) {
        (&self.signer, &self.others)
    }
}

/// The token of a response that was granted.
fn granted(response: &[u8]) -> Result<Element<'_>> {
    let mut outer = Elements::new(response);
    let not_one = |error: Error| invalid(format!("this is no time-stamp response: {error}"));
    let answer = outer.expect(SEQUENCE, "response").map_err(not_one)?;
    outer.end("response").map_err(not_one)?;
    let mut parts = answer.inside();
    let status = parts.expect(SEQUENCE, "status").map_err(not_one)?;
    let mut inside = status.inside();
    let code = inside.expect(INTEGER, "status").map_err(not_one)?;
    // 0: granted; 1: granted with modifications, which the checks of what was stated take care of.
    if !matches!(code.content, [0 | 1]) {
        let said = inside.optional(SEQUENCE)?.map(|texts| texts.inside().next());
        let said = match said {
            Some(Ok(Some(text))) => String::from_utf8_lossy(text.content).into_owned(),
            _ => "no reason given".to_owned(),
        };
        let code = code.content.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        return Err(invalid(format!("the authority refused, with status {code}: {said}")));
    }
    let token = parts.expect(SEQUENCE, "token")?;
    parts.end("token")?;
    Ok(token)
}

/// A token as signed data.
struct Signed<'a> {
    content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    /// Issuer and serial number of the certificate that signed, where it is named by them.
    named: Option<(&'a [u8], &'a [u8])>,
    hash: Hash,
    attributes: Element<'a>,
    algorithm: Element<'a>,
    signature: &'a [u8],
}

/// The certificate that signed.
struct Signer<'a> {
    der: &'a [u8],
    subject: String,
}

impl<'a> Signed<'a> {
    fn parse(token: Element<'a>) -> Result<Self> {
        let mut parts = token.inside();
        if parts.expect(OBJECT_ID, "content type")?.content != SIGNED_DATA {
            return Err(invalid("its token is not signed data"));
        }
        let data = parts.expect(CONTEXT_0, "signed data")?;
        parts.end("signed data")?;
        let mut parts = data.inside().expect(SEQUENCE, "signed data")?.inside();
        parts.expect(INTEGER, "version")?;
        parts.expect(SET, "list of digests")?;
        let mut inside = parts.expect(SEQUENCE, "content")?.inside();
        if inside.expect(OBJECT_ID, "content type")?.content != TST_INFO {
            return Err(invalid("what it signs is no time stamp"));
        }
        let content = inside.expect(CONTEXT_0, "content")?.inside();
        let content = { content }.expect(OCTET_STRING, "content")?.content;
        let mut certificates = Vec::new();
        if let Some(list) = parts.optional(CONTEXT_0)? {
            let mut list = list.inside();
            while let Some(certificate) = list.next()? {
                certificates.push(certificate.whole);
            }
        }
        if certificates.len() > CERTIFICATES_MAX {
            return Err(invalid("it carries more than 16 certificates"));
        }
        let _revocations = parts.optional(CONTEXT_1)?;
        let mut signers = parts.expect(SET, "signature")?.inside();
        parts.end("signature")?;
        let signer = signers.expect(SEQUENCE, "signature")?;
        signers.end("one signature")?;
        let mut parts = signer.inside();
        parts.expect(INTEGER, "version")?;
        let named = match parts.next()? {
            Some(found) if found.tag == SEQUENCE => {
                let mut inside = found.inside();
                let issuer = inside.expect(SEQUENCE, "issuer")?.content;
                Some((issuer, inside.expect(INTEGER, "serial number")?.content))
            }
            _ => None,
        };
        let hash = Hash::named(parts.expect(SEQUENCE, "digest algorithm")?)?;
        let attributes = parts.expect(CONTEXT_0, "signed attributes")?;
        let algorithm = parts.expect(SEQUENCE, "signature algorithm")?;
        let signature = parts.expect(OCTET_STRING, "signature")?.content;
        let _unsigned = parts.optional(CONTEXT_1)?;
        parts.end("signature")?;
        Ok(Self { content, certificates, named, hash, attributes, algorithm, signature })
    }

    /// The one value of a signed attribute.
    fn attribute(&self, name: &[u8]) -> Result<Option<Element<'a>>> {
        let mut attributes = self.attributes.inside();
        let mut found = None;
        while let Some(attribute) = attributes.next()? {
            let mut parts = attribute.inside();
            if parts.expect(OBJECT_ID, "name of an attribute")?.content != name {
                continue;
            }
            let mut values = parts.expect(SET, "value of an attribute")?.inside();
            let value = values.next()?;
            values.end("attribute")?;
            if found.is_some() || value.is_none() {
                return Err(invalid("one of its signed attributes stands twice or is empty"));
            }
            found = value;
        }
        Ok(found)
    }

    /// The certificate that signed, once its signature verifies and it may sign time stamps at `time`.
    fn signer(&self, time: Timestamp) -> Result<Signer<'a>> {
        let missing = || invalid("its signed attributes do not say what they should");
        let kind = self.attribute(CONTENT_TYPE)?.ok_or_else(missing)?;
        let digest = self.attribute(MESSAGE_DIGEST)?.ok_or_else(missing)?;
        if kind.content != TST_INFO || digest.content != self.hash.of(self.content) {
            return Err(invalid("what it states is not what it signed"));
        }
        let der = self.signing_certificate()?;
        let unreadable = |error| invalid(format!("its certificate cannot be read: {error:?}"));
        let bytes = CertificateDer::from(der);
        let certificate = EndEntityCert::try_from(&bytes).map_err(unreadable)?;
        if self.named.is_some_and(|named| named != (certificate.issuer(), certificate.serial())) {
            return Err(invalid("it names another certificate than the one that it signed"));
        }
        let subject = check_may_stamp(der, time)?;
        // What is signed is the set itself, not the place it has in the token.
        let mut message = self.attributes.whole.to_vec();
        message[0] = SET;
        let algorithm = (self.algorithm, self.hash);
        verify_signature(&certificate, algorithm, &message, self.signature)?;
        Ok(Signer { der, subject })
    }

    /// The certificate that a signed attribute names by its digest.
    fn signing_certificate(&self) -> Result<&'a [u8]> {
        let newer = self.attribute(SIGNING_CERTIFICATE_V2)?;
        let named = newer.or(self.attribute(SIGNING_CERTIFICATE)?);
        let named = named.ok_or_else(|| invalid("it does not sign which certificate it is by"))?;
        let mut list = named.inside().expect(SEQUENCE, "certificate")?.inside();
        let mut id = list.expect(SEQUENCE, "certificate")?.inside();
        let hash = if newer.is_some() {
            let named = id.optional(SEQUENCE)?.map(Hash::named).transpose()?;
            Some(named.unwrap_or(Hash::Sha256))
        } else {
            None
        };
        let wanted = id.expect(OCTET_STRING, "digest of its certificate")?.content;
        let found = self.certificates.iter().find(|der| match hash {
            Some(hash) => hash.of(der) == wanted,
            None => digest::sha1(der) == wanted,
        });
        found.copied().ok_or_else(|| invalid("it does not carry the certificate it is signed by"))
    }
}

/// The name in a certificate, once that may sign time stamps, and nothing else, at `time` (RFC 3161 §2.3).
fn check_may_stamp(der: &[u8], time: Timestamp) -> Result<String> {
    let unreadable = |error| invalid(format!("its certificate cannot be read: {error}"));
    let certificate = Certificate::from_der(der).map_err(unreadable)?;
    let content = certificate.tbs_certificate();
    let usage = content.get_extension::<ExtendedKeyUsage>().map_err(unreadable)?;
    let may = usage.is_some_and(|(is_critical, ExtendedKeyUsage(purposes))| {
        is_critical && purposes.len() == 1 && purposes[0].as_bytes() == TIME_STAMPING
    });
    if !may {
        return Err(invalid(
            "its certificate is not one for time stamps (critical extended key usage timeStamping, alone)",
        ));
    }
    let validity = content.validity();
    let second = |time: x509_cert::time::Time| {
        i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
    };
    if time.as_second() < second(validity.not_before)
        || time.as_second() > second(validity.not_after)
    {
        return Err(invalid(format!(
            "its certificate was valid from {} to {}, not at {time}",
            validity.not_before, validity.not_after
        )));
    }
    let named = [
        content.subject().common_name().map_err(unreadable)?,
        content.subject().organization().map_err(unreadable)?,
    ];
    let named: Vec<String> =
        named.into_iter().flatten().map(|name| name.value().into_owned()).collect();
    Ok(named.join(", "))
}

/// What is signed (`TSTInfo`).
struct Info<'a> {
    policy: &'a [u8],
    imprint: (Hash, &'a [u8]),
    serial: &'a [u8],
    time: Timestamp,
    nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    fn parse(content: &'a [u8]) -> Result<Self> {
        let mut outer = Elements::new(content);
        let info = outer.expect(SEQUENCE, "statement")?;
        outer.end("statement")?;
        let mut parts = info.inside();
        if parts.expect(INTEGER, "version")?.content != [1] {
            return Err(invalid("it is not of version 1"));
        }
        let policy = parts.expect(OBJECT_ID, "policy")?.content;
        let imprint = imprint(&mut parts)?;
        let serial = parts.expect(INTEGER, "serial number")?.content;
        let time = time_of(parts.expect(GENERALIZED_TIME, "time")?.content)?;
        let _accuracy = parts.optional(SEQUENCE)?;
        let _ordering = parts.optional(BOOLEAN)?;
        let nonce = parts.optional(INTEGER)?.map(|nonce| nonce.content);
        let _authority = parts.optional(CONTEXT_0)?;
        let _extensions = parts.optional(CONTEXT_1)?;
        parts.end("statement")?;
        Ok(Self { policy, imprint, serial, time, nonce })
    }
}

/// `YYYYMMDDhhmmss[.f…]Z`.
fn time_of(content: &[u8]) -> Result<Timestamp> {
    let refused = || invalid("the time it states is none (YYYYMMDDhhmmss[.f]Z)");
    let text = std::str::from_utf8(content).map_err(|_no_text| refused())?;
    let (whole, fraction) =
        text.strip_suffix('Z').ok_or_else(refused)?.split_at_checked(14).ok_or_else(refused)?;
    let fits =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !fits(whole) || !(fraction.is_empty() || fraction.strip_prefix('.').is_some_and(fits)) {
        return Err(refused());
    }
    let at = |from: usize, to: usize| &whole[from..to];
    let text = format!(
        "{}-{}-{}T{}:{}:{}{fraction}Z",
        at(0, 4),
        at(4, 6),
        at(6, 8),
        at(8, 10),
        at(10, 12),
        at(12, 14)
    );
    text.parse().map_err(|_beyond_the_calendar| refused())
}
