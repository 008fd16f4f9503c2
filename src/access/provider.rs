//! Signing in at an identity provider (OpenID Connect): what is asked of it, and whether what comes back is good.
//!
//! Authorization code with PKCE, `state` and `nonce`. Who signs is asked to log in anew (`prompt=login`, `max_age=0`), and
//! `auth_time` must show that they did. HTTP is done by whoever calls: this room gets a function that sends one request.

use super::{Error, Result};
use crate::digest;
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenVerifier,
    CoreJwsSigningAlgorithm,
};
use openidconnect::url::{Host, Url};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError,
    HttpRequest, HttpResponse, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout,
    RedirectUrl, RequestTokenError, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// Seconds within which somebody who logged in anew has to come back.
pub const FRESH_SECONDS_MAX: i64 = 60;
/// Seconds by which the clocks of provider and server may differ.
pub const LEEWAY_SECONDS: i64 = 10;
/// Seconds in which a login that was begun can be finished.
pub const LOGIN_SECONDS_MAX: i64 = 10 * 60;
/// Seconds in which a login anew is good for one signature.
pub const PROOF_SECONDS_MAX: i64 = 2 * 60;

/// The provider that people sign in at.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its issuer identifier, as its own configuration states it.
    pub issuer: String,
    /// What the provider calls this server.
    pub client_id: String,
    /// The secret shared with the provider.
    pub client_secret: String,
    /// Where the provider sends people back to.
    pub redirect: String,
}

impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProviderSettings({} at {})", self.client_id, self.issuer)
    }
}

/// Why a request to the provider was not answered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// Sends one request to the provider.
pub type Fetch<'a> = dyn Fn(HttpRequest) -> std::result::Result<HttpResponse, FetchError> + 'a;

/// A login that begins: where the person goes, and what has to come back.
#[derive(Debug)]
pub struct LoginRequest {
    /// Address at the provider.
    pub url: String,
    /// Comes back in the address.
    pub state: String,
    /// Comes back inside the ID token.
    pub nonce: String,
    /// Proves to the provider that who asks for the token is who asked for the login (PKCE).
    pub verifier: String,
}

/// What came back, with what was kept when the login began.
#[derive(Debug)]
pub struct LoginAnswer {
    /// The authorization code.
    pub code: String,
    /// As in [`LoginRequest`].
    pub nonce: String,
    /// As in [`LoginRequest`].
    pub verifier: String,
    /// When it came back, UTC seconds.
    pub now: i64,
    /// Where a login anew was asked for: when, UTC seconds.
    pub fresh_since: Option<i64>,
}

/// Who somebody is at the provider: what a signature keeps of a login anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderIdentity {
    /// The provider.
    pub issuer: String,
    /// What it calls the person.
    pub subject: String,
    /// When the person proved to the provider who they are, UTC seconds; for a login that was not forced, only where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// SHA-256 of the ID token as it came.
    pub id_token_sha256: String,
}

/// Checks that an address is HTTPS, or plain HTTP on this machine.
fn reachable_safely(field: &'static str, address: &str) -> Result<Url> {
    let url = Url::parse(address).map_err(|error| Error::ProviderSetting {
        field,
        found: address.to_owned(),
        expected: format!("an address ({error})"),
    })?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        return Ok(url);
    }
    let expected = "an https address; plain http only on this machine".to_owned();
    Err(Error::ProviderSetting { field, found: address.to_owned(), expected })
}

impl ProviderSettings {
    /// Checks that the addresses can be used.
    ///
    /// # Errors
    ///
    /// [`Error::ProviderSetting`].
    pub fn validate(&self) -> Result<()> {
        reachable_safely("--oidc-issuer", &self.issuer)?;
        reachable_safely("--oidc-redirect", &self.redirect)?;
        for (field, value) in [
            ("--oidc-client-id", &self.client_id),
            ("--oidc-client-secret-file", &self.client_secret),
        ] {
            if value.trim().is_empty() {
                let (found, expected) = (String::new(), "something in it".to_owned());
                return Err(Error::ProviderSetting { field, found, expected });
            }
        }
        Ok(())
    }
}

fn setting(field: &'static str, found: &str) -> impl Fn(openidconnect::url::ParseError) -> Error {
    let found = found.to_owned();
    move |error| Error::ProviderSetting { field, found: found.clone(), expected: error.to_string() }
}

/// What the provider says about itself, and its keys.
fn discover(settings: &ProviderSettings, fetch: &Fetch<'_>) -> Result<ProviderMetadataWithLogout> {
    let issuer = IssuerUrl::new(settings.issuer.clone())
        .map_err(setting("--oidc-issuer", &settings.issuer))?;
    let failed = |error: DiscoveryError<FetchError>| match error {
        DiscoveryError::Request(error) => {
            Error::ProviderDown { issuer: settings.issuer.clone(), detail: error.0 }
        }
        DiscoveryError::Response(status, _, detail) => Error::ProviderDown {
            issuer: settings.issuer.clone(),
            detail: format!("{detail} (HTTP {})", status.as_u16()),
        },
        other => refused(format!("its configuration cannot be used: {other}")),
    };
    ProviderMetadataWithLogout::discover(&issuer, &fetch).map_err(failed)
}

/// Where somebody's session at the provider is ended, which then sends them back to the sign-in page here (OpenID Connect RP-Initiated Logout
/// 1.0, section 2); `None` where the provider advertises no such address. The ID token is not kept, so the provider asks who it is.
///
/// # Errors
///
/// [`Error::ProviderDown`], [`Error::ProviderAnswer`], [`Error::ProviderSetting`].
pub fn logout_address(settings: &ProviderSettings, fetch: &Fetch<'_>) -> Result<Option<String>> {
    let metadata: ProviderMetadataWithLogout = discover(settings, fetch)?;
    let Some(end) = metadata.additional_metadata().end_session_endpoint.clone() else {
        return Ok(None);
    };
    let wrong = setting("--oidc-redirect", &settings.redirect);
    let back =
        Url::parse(&settings.redirect).and_then(|url| url.join("/sign-in")).map_err(&wrong)?;
    let back = PostLogoutRedirectUrl::new(back.to_string()).map_err(wrong)?;
    let request = LogoutRequest::from(end)
        .set_client_id(ClientId::new(settings.client_id.clone()))
        .set_post_logout_redirect_uri(back);
    let address = request.http_get_url().to_string();
    reachable_safely("end_session_endpoint of the provider", &address)?;
    Ok(Some(address))
}

fn refused(detail: String) -> Error {
    Error::ProviderAnswer { detail }
}

/// Begins a login; `fresh` asks for one anew, whatever session the person has at the provider.
///
/// # Errors
///
/// [`Error::ProviderDown`], [`Error::ProviderAnswer`], [`Error::ProviderSetting`].
pub fn begin(settings: &ProviderSettings, fetch: &Fetch<'_>, fresh: bool) -> Result<LoginRequest> {
    let redirect = RedirectUrl::new(settings.redirect.clone())
        .map_err(setting("--oidc-redirect", &settings.redirect))?;
    let metadata = discover(settings, fetch)?;
    let id = ClientId::new(settings.client_id.clone());
    let client = CoreClient::from_provider_metadata(metadata, id, None).set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .set_pkce_challenge(challenge);
    if fresh {
        request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
    }
    let (url, state, nonce) = request.url();
    Ok(LoginRequest {
        url: url.to_string(),
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
    })
}

/// Finishes a login: exchanges the code, and judges the ID token.
///
/// # Errors
///
/// [`Error::ProviderDown`], [`Error::ProviderAnswer`] for a token that is not good, [`Error::LoginNotFresh`].
pub fn finish(
    settings: &ProviderSettings,
    fetch: &Fetch<'_>,
    answer: LoginAnswer,
) -> Result<ProviderIdentity> {
    let redirect = RedirectUrl::new(settings.redirect.clone())
        .map_err(setting("--oidc-redirect", &settings.redirect))?;
    let metadata = discover(settings, fetch)?;
    let id = ClientId::new(settings.client_id.clone());
    let secret = ClientSecret::new(settings.client_secret.clone());
    let client =
        CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(redirect);
    let response = client
        .exchange_code(AuthorizationCode::new(answer.code.clone()))
        .map_err(|error| refused(format!("its configuration names no token endpoint: {error}")))?
        .set_pkce_verifier(PkceCodeVerifier::new(answer.verifier.clone()))
        .request(&fetch)
        .map_err(|error| match error {
            RequestTokenError::Request(error) => {
                Error::ProviderDown { issuer: settings.issuer.clone(), detail: error.0 }
            }
            RequestTokenError::ServerResponse(said) => {
                refused(format!("it gives no token for this login: {said}"))
            }
            other => refused(format!("its token answer cannot be read: {other}")),
        })?;
    let token = response
        .id_token()
        .ok_or_else(|| refused("it sent no ID token; is the scope `openid` allowed?".to_owned()))?;
    let _ = response.access_token();
    judge(client.id_token_verifier(), token, &answer)
}

/// Whether an ID token is good: signed by the provider, for this server, not over, for this login and, where that was asked for,
/// about a login anew.
fn judge(
    verifier: CoreIdTokenVerifier<'_>,
    token: &CoreIdToken,
    answer: &LoginAnswer,
) -> Result<ProviderIdentity> {
    let now = answer.now;
    let time = move || {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(now.unsigned_abs());
        at.into()
    };
    let algorithms = [
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        CoreJwsSigningAlgorithm::EdDsa,
    ];
    let verifier = verifier.set_allowed_algs(algorithms).set_time_fn(time);
    let nonce = Nonce::new(answer.nonce.clone());
    let claims = token.claims(&verifier, &nonce).map_err(|error| refused(token_words(&error)))?;
    if claims.issue_time().timestamp() > now + LEEWAY_SECONDS {
        return Err(refused("its ID token was issued in the future; set both clocks".to_owned()));
    }
    let auth_time = claims.auth_time().map(|at| at.timestamp());
    if let Some(since) = answer.fresh_since {
        check_fresh(auth_time, since, now)?;
    }
    Ok(ProviderIdentity {
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        auth_time,
        id_token_sha256: digest::sha256_hex(token.to_string().as_bytes()),
    })
}

/// Whether `auth_time` shows a login after it was asked for and a moment ago.
fn check_fresh(auth_time: Option<i64>, since: i64, now: i64) -> Result<()> {
    let Some(at) = auth_time else {
        let found = "its ID token does not say when (`auth_time`)".to_owned();
        return Err(Error::LoginNotFresh { found });
    };
    if at < since - LEEWAY_SECONDS || now - at > FRESH_SECONDS_MAX {
        let found = format!("the last one was {} s ago", now - at);
        return Err(Error::LoginNotFresh { found });
    }
    if at > now + LEEWAY_SECONDS {
        let found = "its ID token names a time in the future; set both clocks".to_owned();
        return Err(Error::LoginNotFresh { found });
    }
    Ok(())
}

fn token_words(error: &ClaimsVerificationError) -> String {
    match error {
        ClaimsVerificationError::Expired(_) => format!("its ID token is over: {error}"),
        ClaimsVerificationError::InvalidAudience(_) => {
            format!("its ID token is for another client: {error}")
        }
        ClaimsVerificationError::InvalidIssuer(_) => {
            format!("its ID token is from another issuer: {error}")
        }
        ClaimsVerificationError::InvalidNonce(_) => {
            "its ID token belongs to another login (nonce)".to_owned()
        }
        ClaimsVerificationError::SignatureVerification(_)
        | ClaimsVerificationError::Unsupported(_) => {
            let cause =
                std::error::Error::source(error).map_or(String::new(), |e| format!(": {e}"));
            format!("its ID token is not signed with a key of the provider ({error}{cause})")
        }
        other => format!("its ID token is not good: {other}"),
    }
}

/// Where the link between an account and an identity at the provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// There is none; the account signs in with its password.
    None,
    /// Somebody asked for it; another person confirms it.
    Asked,
    /// The account signs in at the provider, and only there.
    Linked,
    /// It is in force, and somebody asked for its removal.
    RemovalAsked,
}

impl LinkState {
    /// The word used in records; `None` is written as `removed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "removed",
            Self::Asked => "asked",
            Self::Linked => "linked",
            Self::RemovalAsked => "removal_asked",
        }
    }

    /// The state of that word; a word that is none is no link.
    pub fn of_word(word: &str) -> Self {
        [Self::Asked, Self::Linked, Self::RemovalAsked]
            .into_iter()
            .find(|state| state.word() == word)
            .unwrap_or(Self::None)
    }

    /// Whether the account signs in at the provider.
    pub fn is_linked(self) -> bool {
        matches!(self, Self::Linked | Self::RemovalAsked)
    }
}

#[cfg(test)]
mod tests;
