//! ID tokens as a provider makes them, and as others would: signed here with a key of this test.

use super::*;
use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    Audience, EmptyAdditionalClaims, JsonWebKeyId, PrivateSigningKey as _, StandardClaims,
    SubjectIdentifier,
};

/// Test keys of this file alone.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUF\n-----END PRIVATE KEY-----\n";
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYG\n-----END PRIVATE KEY-----\n";
const ISSUER: &str = "https://login.example";
const NOW: i64 = 1_800_000_000;

fn key(pem: &str) -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new("k".to_owned())))
        .unwrap()
}

/// What an ID token says.
struct Says {
    issuer: &'static str,
    audience: &'static str,
    nonce: &'static str,
    issued: i64,
    expires: i64,
    auth_time: Option<i64>,
    key: &'static str,
}

fn good() -> Says {
    Says {
        issuer: ISSUER,
        audience: "driftledger",
        nonce: "n",
        issued: NOW,
        expires: NOW + 300,
        auth_time: Some(NOW - 5),
        key: KEY,
    }
}

fn at(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

fn token(says: &Says) -> CoreIdToken {
    let subject = SubjectIdentifier::new("248289761001".to_owned());
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(says.issuer.to_owned()).unwrap(),
        vec![Audience::new(says.audience.to_owned())],
        at(says.expires).into(),
        at(says.issued).into(),
        StandardClaims::new(subject),
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(says.nonce.to_owned())))
    .set_auth_time(says.auth_time.map(|seconds| at(seconds).into()));
    CoreIdToken::new(claims, &key(says.key), CoreJwsSigningAlgorithm::EdDsa, None, None).unwrap()
}

fn judged(says: &Says, fresh_since: Option<i64>) -> Result<ProviderIdentity> {
    let keys = CoreJsonWebKeySet::new(vec![key(KEY).as_verification_key()]);
    let verifier = CoreIdTokenVerifier::new_confidential_client(
        ClientId::new("driftledger".to_owned()),
        ClientSecret::new("secret".to_owned()),
        IssuerUrl::new(ISSUER.to_owned()).unwrap(),
        keys,
    );
    let answer = LoginAnswer {
        code: String::new(),
        nonce: "n".to_owned(),
        verifier: String::new(),
        now: NOW,
        fresh_since,
    };
    judge(verifier, &token(says), &answer)
}

fn said(outcome: Result<ProviderIdentity>) -> String {
    outcome.unwrap_err().to_string()
}

#[test] // A11d-13.3
fn a_good_token_says_who_it_is_and_keeps_its_digest() {
    let identity = judged(&good(), Some(NOW - 20)).unwrap();
    assert_eq!((identity.issuer.as_str(), identity.subject.as_str()), (ISSUER, "248289761001"));
    assert_eq!((identity.auth_time, identity.id_token_sha256.len()), (Some(NOW - 5), 64));
    assert!(judged(&Says { auth_time: None, ..good() }, None).is_ok(), "only signing needs it");
}

#[test] // A11d-13.3
fn tokens_of_others_for_others_and_of_another_time_are_refused_with_what_is_wrong() {
    let cases: [(&str, Says); 6] = [
        ("for another client", Says { audience: "another", ..good() }),
        ("from another issuer", Says { issuer: "https://evil.example", ..good() }),
        ("is over", Says { expires: NOW - 1, ..good() }),
        ("another login (nonce)", Says { nonce: "other", ..good() }),
        ("not signed with a key of the provider", Says { key: OTHER_KEY, ..good() }),
        ("issued in the future", Says { issued: NOW + 60, ..good() }),
    ];
    for (expected, says) in cases {
        let found = said(judged(&says, None));
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test] // A11d-13.3
fn a_token_signed_with_the_shared_secret_or_not_at_all_is_refused() {
    let parts = token(&good()).to_string();
    let claims = parts.split('.').nth(1).unwrap();
    // {"alg":"none"} and {"alg":"HS256"}
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9"] {
        let forged: CoreIdToken =
            serde_json::from_value(serde_json::json!(format!("{header}.{claims}.c2ln"))).unwrap();
        let keys = CoreJsonWebKeySet::new(vec![key(KEY).as_verification_key()]);
        let verifier = CoreIdTokenVerifier::new_confidential_client(
            ClientId::new("driftledger".to_owned()),
            ClientSecret::new("secret".to_owned()),
            IssuerUrl::new(ISSUER.to_owned()).unwrap(),
            keys,
        );
        let (code, pkce) = (String::new(), String::new());
        let nonce = "n".to_owned();
        let answer = LoginAnswer { code, nonce, verifier: pkce, now: NOW, fresh_since: None };
        let found = said(judge(verifier, &forged, &answer));
        assert!(found.contains("not signed with a key of the provider"), "{header}: {found}");
    }
}

#[test] // A11d-13.3
fn to_sign_the_login_must_be_anew() {
    let with = |auth_time| Says { auth_time, ..good() };
    let fresh = |auth_time| judged(&with(auth_time), Some(NOW - 20));
    assert!(fresh(Some(NOW - 20 - LEEWAY_SECONDS)).is_ok());
    for (auth_time, expected) in [
        (None, "does not say when"),
        (Some(NOW - 3600), "3600 s ago"),
        (Some(NOW - 21 - LEEWAY_SECONDS), "31 s ago"),
        (Some(NOW + LEEWAY_SECONDS + 1), "in the future"),
    ] {
        let found = said(fresh(auth_time));
        assert!(found.contains(expected), "{auth_time:?}: {found}");
    }
    let slow = judged(&with(Some(NOW - 61)), Some(NOW - 100));
    assert!(said(slow).contains("61 s ago"));
}

#[test]
fn a_provider_is_spoken_to_over_https_or_on_this_machine() {
    let settings = |issuer: &str| ProviderSettings {
        issuer: issuer.to_owned(),
        client_id: "driftledger".to_owned(),
        client_secret: "secret".to_owned(),
        redirect: "https://drift.example/sign-in/provider/answer".to_owned(),
    };
    for good in ["https://login.example", "http://localhost:9000", "http://127.0.0.1:9000/x"] {
        assert!(settings(good).validate().is_ok(), "{good}");
    }
    for bad in ["http://login.example", "login.example", "ftp://localhost"] {
        assert!(said_setting(&settings(bad)).contains("--oidc-issuer"), "{bad}");
    }
    let empty = ProviderSettings { client_secret: " ".to_owned(), ..settings("https://a.example") };
    assert!(said_setting(&empty).contains("--oidc-client-secret-file"));
}

fn said_setting(settings: &ProviderSettings) -> String {
    settings.validate().unwrap_err().to_string()
}

#[test]
fn a_provider_that_is_not_there_is_named() {
    let settings = ProviderSettings {
        issuer: ISSUER.to_owned(),
        client_id: "driftledger".to_owned(),
        client_secret: "secret".to_owned(),
        redirect: "https://drift.example/answer".to_owned(),
    };
    let fetch = |_: HttpRequest| Err(FetchError("connection refused".to_owned()));
    let found = begin(&settings, &fetch, false).unwrap_err().to_string();
    assert!(found.contains(ISSUER) && found.contains("connection refused"), "{found}");
}
