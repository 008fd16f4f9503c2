//! Passkeys (WebAuthn): a key that its owner holds, and what it says about a record.
//!
//! A passkey is registered once ([`offer`], [`take`]); from then on every signature of its owner carries an assertion of it whose
//! challenge is the digest of what is signed. Who has the server, its database and its keys cannot make such an assertion.
//! [`Assertion::check`] needs nothing but what the records hold: the same function judges when somebody signs and years later.
//! Only ES256 (ECDSA on P-256 with SHA-256) is taken: every authenticator has it, and every verifier.

use super::account::Account;
use super::{Error, Result};
use crate::digest;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webauthn_rs::prelude::{
    COSEAlgorithm, COSEKeyType, CredentialID, ECDSACurve, PasskeyRegistration,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

/// Seconds in which a passkey that is being registered can be confirmed.
pub const PASSKEY_OFFER_SECONDS_MAX: i64 = 10 * 60;
/// Seconds in which an assertion is good for the signature it was made for.
pub const ASSERTION_SECONDS_MAX: i64 = 2 * 60;
/// Authenticator data up to its flags and counter.
const AUTHENTICATOR_DATA_BYTES_MIN: usize = 37;
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

/// Where browsers reach this server: what passkeys are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The host name (relying party id).
    pub rp_id: String,
    /// Scheme, host and port, as browsers write them.
    pub origin: String,
}

impl Site {
    /// The site at `public_url`.
    ///
    /// # Errors
    ///
    /// [`Error::PublicUrl`] for an address that is none, has no host name, or is plain HTTP elsewhere than on this machine.
    pub fn of(public_url: &str) -> Result<Self> {
        let refuse =
            |detail: &'static str| Error::PublicUrl { found: public_url.to_owned(), detail };
        let url = Url::parse(public_url).map_err(|_not_an_address| refuse("it is no address"))?;
        let host = url.domain().ok_or_else(|| refuse("browsers bind passkeys to a host name"))?;
        if url.scheme() != "https" && host != "localhost" {
            return Err(refuse("browsers keep passkeys to https"));
        }
        Ok(Self { rp_id: host.to_owned(), origin: url.origin().ascii_serialization() })
    }

    fn webauthn(&self) -> Result<Webauthn> {
        let failed = |detail: String| Error::Passkey { detail };
        let origin = Url::parse(&self.origin).map_err(|error| failed(error.to_string()))?;
        WebauthnBuilder::new(&self.rp_id, &origin)
            .and_then(|builder| builder.rp_name("driftledger").build())
            .map_err(|error| failed(error.to_string()))
    }
}

/// A passkey that was registered: what its signatures are held against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyKey {
    /// What the authenticator calls it, base64url.
    pub credential_id: String,
    /// The public key: an uncompressed point on P-256 (SEC 1, 65 bytes), base64url.
    pub public_key: String,
    /// The host name it is bound to.
    pub rp_id: String,
    /// The origin of the pages that may use it.
    pub origin: String,
}

/// Begins a registration: what the browser's `navigator.credentials.create` takes, and what has to be kept until it answers.
///
/// # Errors
///
/// [`Error::Passkey`].
pub fn offer(site: &Site, account: &Account, registered: &[String]) -> Result<(Value, String)> {
    let failed = |detail: String| Error::Passkey { detail };
    let id = account.id.rsplit('_').next().unwrap_or_default();
    let id = Uuid::parse_str(id).map_err(|error| failed(format!("account id: {error}")))?;
    let known = registered.iter().map(|id| bytes("credential id", id));
    let known: Vec<CredentialID> = known.collect::<Result<_>>()?;
    let (challenge, state) = site
        .webauthn()?
        .start_passkey_registration(id, &account.user_name, &account.printed_name, Some(known))
        .map_err(|error| failed(error.to_string()))?;
    let mut options = serde_json::to_value(challenge).map_err(|e| failed(e.to_string()))?;
    options["publicKey"]["pubKeyCredParams"] =
        serde_json::json!([{"type": "public-key", "alg": COSEAlgorithm::ES256 as i32}]);
    let state = serde_json::to_string(&state).map_err(|e| failed(e.to_string()))?;
    Ok((options, state))
}

/// Finishes a registration with what the browser answered.
///
/// # Errors
///
/// [`Error::Passkey`] for an answer to another challenge, from another site, without user verification, or with another kind of key.
pub fn take(site: &Site, state: &str, answer: Value) -> Result<PasskeyKey> {
    let failed = |detail: String| Error::Passkey { detail };
    let state: PasskeyRegistration =
        serde_json::from_str(state).map_err(|e| failed(e.to_string()))?;
    let answer: RegisterPublicKeyCredential = serde_json::from_value(answer)
        .map_err(|e| failed(format!("what the browser sent: {e}")))?;
    let passkey = site
        .webauthn()?
        .finish_passkey_registration(&answer, &state)
        .map_err(|error| failed(error.to_string()))?;
    let key = passkey.get_public_key();
    let COSEKeyType::EC_EC2(point) = &key.key else {
        return Err(failed("it is no ECDSA key".to_owned()));
    };
    if key.type_ != COSEAlgorithm::ES256 || point.curve != ECDSACurve::SECP256R1 {
        return Err(failed("it is no ECDSA key on P-256".to_owned()));
    }
    let sec1 = [&[4_u8][..], &point.x, &point.y].concat();
    VerifyingKey::from_sec1_bytes(&sec1).map_err(|error| failed(error.to_string()))?;
    Ok(PasskeyKey {
        credential_id: Base64UrlUnpadded::encode_string(passkey.cred_id()),
        public_key: Base64UrlUnpadded::encode_string(&sec1),
        rp_id: site.rp_id.clone(),
        origin: site.origin.clone(),
    })
}

fn bytes(what: &'static str, text: &str) -> Result<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text)
        .map_err(|error| Error::Passkey { detail: format!("its {what} is not base64url: {error}") })
}

/// What an authenticator signed, as it left the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Assertion {
    /// Which passkey, base64url.
    pub credential_id: String,
    /// What the authenticator says: site, user present and verified, counter; base64url.
    pub authenticator_data: String,
    /// What the browser says: kind, challenge, origin; base64url.
    pub client_data_json: String,
    /// The signature over the authenticator data and the SHA-256 of the client data, DER, base64url.
    pub signature: String,
}

/// The part of the client data that is judged.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

impl Assertion {
    /// Whether `key` made this assertion about `challenge`, on its own site, with its owner present and verified.
    ///
    /// # Errors
    ///
    /// [`Error::Passkey`], saying what does not fit.
    pub fn check(&self, key: &PasskeyKey, challenge: &[u8; 32]) -> Result<()> {
        let refuse = |detail: &str| Error::Passkey { detail: detail.to_owned() };
        let client_data = bytes("client data", &self.client_data_json)?;
        let said: ClientData = serde_json::from_slice(&client_data)
            .map_err(|e| Error::Passkey { detail: format!("its client data: {e}") })?;
        if self.credential_id != key.credential_id {
            return Err(refuse("it is of another passkey"));
        }
        if said.r#type != "webauthn.get" {
            return Err(refuse("it is no assertion"));
        }
        if said.challenge != Base64UrlUnpadded::encode_string(challenge) {
            return Err(refuse("it is about something else than what is signed"));
        }
        if said.origin != key.origin || said.cross_origin {
            return Err(refuse("it was made on another site"));
        }
        let data = bytes("authenticator data", &self.authenticator_data)?;
        if data.len() < AUTHENTICATOR_DATA_BYTES_MIN
            || data[..32] != digest::sha256(key.rp_id.as_bytes())
        {
            return Err(refuse("its authenticator data is about another site"));
        }
        if data[32] & USER_PRESENT == 0 || data[32] & USER_VERIFIED == 0 {
            return Err(refuse("the authenticator did not verify its owner"));
        }
        let public_key = VerifyingKey::from_sec1_bytes(&bytes("public key", &key.public_key)?)
            .map_err(|e| Error::Passkey { detail: format!("public key: {e}") })?;
        let signature = Signature::from_der(&bytes("signature", &self.signature)?)
            .map_err(|e| Error::Passkey { detail: format!("signature: {e}") })?;
        let signed = [&data[..], &digest::sha256(&client_data)].concat();
        public_key
            .verify(&signed, &signature)
            .map_err(|_does_not_verify| refuse("the signature is not of this passkey"))
    }
}

#[cfg(test)]
mod tests;
