//! Assertions of a software authenticator, and every way in which one can be wrong.

use super::*;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;

const CHALLENGE: [u8; 32] = [7; 32];

fn encoded(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn signer(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn known() -> PasskeyKey {
    PasskeyKey {
        credential_id: encoded(b"credential"),
        public_key: encoded(signer(1).verifying_key().to_sec1_point(false).as_bytes()),
        rp_id: "drift.example".to_owned(),
        origin: "https://drift.example".to_owned(),
    }
}

/// What an authenticator signs with, and what the browser tells it.
struct Says {
    key: u8,
    kind: &'static str,
    challenge: [u8; 32],
    origin: &'static str,
    rp_id: &'static str,
    flags: u8,
}

fn good() -> Says {
    Says {
        key: 1,
        kind: "webauthn.get",
        challenge: CHALLENGE,
        origin: "https://drift.example",
        rp_id: "drift.example",
        flags: USER_PRESENT | USER_VERIFIED,
    }
}

fn assertion(says: &Says) -> Assertion {
    let client_data = serde_json::json!({
        "type": says.kind, "challenge": encoded(&says.challenge), "origin": says.origin, "crossOrigin": false,
    })
    .to_string();
    let mut data = digest::sha256(says.rp_id.as_bytes()).to_vec();
    data.push(says.flags);
    data.extend([0, 0, 0, 1]);
    let signed = [&data[..], &digest::sha256(client_data.as_bytes())].concat();
    let signature: Signature = signer(says.key).sign(&signed);
    Assertion {
        credential_id: encoded(b"credential"),
        authenticator_data: encoded(&data),
        client_data_json: encoded(client_data.as_bytes()),
        signature: encoded(signature.to_der().as_bytes()),
    }
}

fn refused(assertion: &Assertion) -> String {
    assertion.check(&known(), &CHALLENGE).unwrap_err().to_string()
}

#[test] // P11-30b
fn an_assertion_about_what_is_signed_is_taken() {
    assertion(&good()).check(&known(), &CHALLENGE).unwrap();
}

#[test] // P11-30b
fn every_way_in_which_an_assertion_can_be_wrong_is_named() {
    let cases = [
        ("not of this passkey", Says { key: 2, ..good() }),
        ("no assertion", Says { kind: "webauthn.create", ..good() }),
        ("about something else", Says { challenge: [8; 32], ..good() }),
        ("another site", Says { origin: "https://evil.example", ..good() }),
        ("about another site", Says { rp_id: "evil.example", ..good() }),
        ("did not verify", Says { flags: USER_PRESENT, ..good() }),
        ("did not verify", Says { flags: USER_VERIFIED, ..good() }),
    ];
    for (expected, says) in cases {
        let found = refused(&assertion(&says));
        assert!(found.contains(expected), "{expected}: {found}");
    }
    let other = Assertion { credential_id: encoded(b"other"), ..assertion(&good()) };
    assert!(refused(&other).contains("of another passkey"));
    for (field, broken) in [
        ("client data", Assertion { client_data_json: "{}".to_owned(), ..assertion(&good()) }),
        ("signature", Assertion { signature: encoded(b"short"), ..assertion(&good()) }),
        (
            "authenticator data",
            Assertion { authenticator_data: encoded(b"x"), ..assertion(&good()) },
        ),
    ] {
        assert!(refused(&broken).contains(field), "{field}");
    }
}

#[test]
fn every_flipped_bit_of_what_was_signed_is_found() {
    let whole = assertion(&good());
    let fields: [fn(&mut Assertion) -> &mut String; 3] =
        [|a| &mut a.authenticator_data, |a| &mut a.client_data_json, |a| &mut a.signature];
    for field in fields {
        let mut copy = whole.clone();
        let length = Base64UrlUnpadded::decode_vec(field(&mut copy)).unwrap().len();
        for at in 0..length {
            let mut changed = whole.clone();
            let text = field(&mut changed);
            let mut bytes = Base64UrlUnpadded::decode_vec(text).unwrap();
            bytes[at] ^= 1;
            *text = encoded(&bytes);
            assert!(changed.check(&known(), &CHALLENGE).is_err(), "byte {at}");
        }
    }
}

#[test]
fn passkeys_are_bound_to_a_host_name_over_https_or_to_this_machine() {
    let site = Site::of("https://drift.example:8443/").unwrap();
    assert_eq!(
        (site.rp_id.as_str(), site.origin.as_str()),
        ("drift.example", "https://drift.example:8443")
    );
    assert_eq!(Site::of("http://localhost:8460").unwrap().origin, "http://localhost:8460");
    for bad in ["http://drift.example", "https://192.0.2.1", "drift.example", ""] {
        assert!(matches!(Site::of(bad), Err(Error::PublicUrl { .. })), "{bad}");
    }
}

#[test]
fn a_registration_that_answers_nothing_we_asked_is_refused() {
    let account = Account {
        id: "ac_0197a9a5c7d57a2e8e2e1f6b8f1c2d3e".to_owned(),
        user_name: "rosa".to_owned(),
        printed_name: "Rosa".to_owned(),
        role: super::super::role::Role::Reviewer,
    };
    let site = Site::of("https://drift.example").unwrap();
    let (options, state) = offer(&site, &account, &[encoded(b"old")]).unwrap();
    assert_eq!(options["publicKey"]["pubKeyCredParams"][0]["alg"], -7);
    assert_eq!(options["publicKey"]["excludeCredentials"][0]["id"], encoded(b"old"));
    assert_eq!(options["publicKey"]["authenticatorSelection"]["userVerification"], "required");
    let refused = take(&site, &state, serde_json::json!({"id": "a"})).unwrap_err().to_string();
    assert!(refused.contains("what the browser sent"), "{refused}");
}
