//! Time stamps by OpenSSL (`tests/vectors/time_stamps.json`), and everything that is not one.

use super::*;
use base64ct::{Base64, Encoding as _};
use serde_json::Value;

struct Vectors(Value);

impl Vectors {
    fn read() -> Self {
        let text = include_str!("../../../tests/vectors/time_stamps.json");
        Self(serde_json::from_str(text).unwrap())
    }

    fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap()
    }

    fn roots(&self, field: &str) -> TrustedRoots {
        TrustedRoots::from_pem(self.text(field)).unwrap()
    }

    fn message(&self) -> &[u8] {
        self.text("message").as_bytes()
    }

    /// Name and bytes of each, with the row itself.
    fn each(&self, list: &str) -> Vec<(String, Vec<u8>, Value)> {
        let rows = self.0[list].as_array().unwrap().iter();
        rows.map(|row| {
            let bytes = Base64::decode_vec(row["response"].as_str().unwrap()).unwrap();
            (row["name"].as_str().unwrap().to_owned(), bytes, row.clone())
        })
        .collect()
    }
}

/// `Nov 27 01:49:57.408 2026 GMT`, as OpenSSL prints the time.
fn printed(time: jiff::Timestamp) -> String {
    let text = time.strftime("%b %e %H:%M:%S").to_string();
    let fraction = format!(".{:03}", time.subsec_millisecond());
    format!("{text}{} {}", fraction.trim_end_matches('0'), time.strftime("%Y GMT"))
}

#[test] // AT-anchor
fn stamps_of_every_key_and_digest_say_what_openssl_says_they_say() {
    let vectors = Vectors::read();
    let (root, stranger) = (vectors.roots("root"), vectors.roots("stranger"));
    let good = vectors.each("good");
    assert_eq!(good.len(), 13);
    for (name, response, row) in good {
        let stamp = TimeStamp::open(&response, vectors.message()).unwrap();
        root.check(&stamp).unwrap();
        let refused = stranger.check(&stamp).unwrap_err().to_string();
        assert!(refused.contains("does not lead to a trusted root"), "{name}: {refused}");
        let stated = stamp.stated();
        let key = name.split(',').next().unwrap();
        assert_eq!(stated.authority, format!("stamps by {key}, Test Authority"));
        if let Some(time) = row["time"].as_str() {
            assert_eq!(printed(stated.time), time);
            assert_eq!(format!("0x{}", stated.serial.to_uppercase()), row["serial"]);
            assert_eq!(stated.policy, row["policy"]);
            let query = Base64::decode_vec(row["query"].as_str().unwrap()).unwrap();
            let query = Query::parse(&query).unwrap();
            assert!(query.is_about(vectors.message()));
            stamp.check_answers(&query).unwrap();
            let other = Query::new(vectors.message()).unwrap();
            assert!(stamp.check_answers(&other).unwrap_err().to_string().contains("nonce"));
        }
        let refused = TimeStamp::open(&response, b"another checkpoint").unwrap_err();
        assert!(refused.to_string().contains("something else"), "{refused}");
    }
}

#[test] // AT-anchor
fn a_certificate_that_may_not_stamp_or_not_then_is_refused() {
    let vectors = Vectors::read();
    let expected = [
        ("rsa1024, sha256", "does not verify"),
        ("expired, sha256", "was valid from"),
        ("not_critical", "not one for time stamps"),
        ("more", "not one for time stamps"),
        ("none", "not one for time stamps"),
    ];
    let refused = vectors.each("refused");
    assert_eq!(refused.len(), expected.len());
    for ((name, response, _), (expected_name, reason)) in refused.into_iter().zip(expected) {
        assert_eq!(name, expected_name);
        let error = TimeStamp::open(&response, vectors.message()).unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test] // AT-anchor
fn no_byte_of_what_is_signed_can_be_another() {
    let vectors = Vectors::read();
    let root = vectors.roots("root");
    let (_, response, _) = vectors.each("good").remove(6);
    let before = TimeStamp::open(&response, vectors.message()).unwrap();
    let mut silent = 0;
    for place in 0..response.len() {
        let mut altered = response.clone();
        altered[place] ^= 1;
        let opened = TimeStamp::open(&altered, vectors.message());
        let Ok(after) = opened else { continue };
        // What is not signed may change: other certificates, the version of the wrapping. Never what is stated, nor by whom.
        assert_eq!(after.stated(), before.stated(), "byte {place}");
        let _either = root.check(&after);
        silent += 1;
        assert!(TimeStamp::open(&response[..place], vectors.message()).is_err());
    }
    // The intermediate certificate that came along makes up most of them.
    assert!(silent < response.len() / 2, "{silent} of {}", response.len());
}

#[test]
fn what_is_no_response_is_refused_with_its_reason() {
    let vectors = Vectors::read();
    let refusal = b"\x30\x16\x30\x14\x02\x01\x02\x30\x0f\x0c\x0dnot this time";
    let long = vec![0x30; RESPONSE_MAX + 1];
    for (bytes, reason) in [
        (&b""[..], "no time-stamp response"),
        (b"<html>", "no time-stamp response"),
        (&refusal[..], "refused, with status 2: not this time"),
        (b"\x30\x05\x30\x03\x02\x01\x00", "no token"),
        (&long, "no time stamp has"),
    ] {
        let error = TimeStamp::open(bytes, vectors.message()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn roots_are_certificates_and_queries_are_queries() {
    for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(TrustedRoots::from_pem(text).is_err(), "{text}");
    }
    let query = Query::new(b"a").unwrap().to_der();
    assert_eq!(Query::parse(&query).unwrap().to_der(), query);
    assert_ne!(Query::new(b"a").unwrap().to_der(), query, "every query has its own nonce");
    for end in 0..query.len() {
        assert!(Query::parse(&query[..end]).is_err());
    }
}

#[test] // AT-anchor
fn a_stamp_is_refused_by_the_revocation_lists_that_openssl_made_as_rfc_3161_says() {
    let text = include_str!("../../../tests/vectors/revocation.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let roots = || TrustedRoots::from_pem(&text(&vectors["root"])).unwrap();
    let mut refused = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let response = Base64::decode_vec(&text(&vectors["stamps"][text(&case["stamp"])])).unwrap();
        let stamp = TimeStamp::open(&response, text(&vectors["message"]).as_bytes()).unwrap();
        roots().check(&stamp).unwrap();
        let (name, expected) = (text(&case["name"]), text(&case["refused"]));
        let lists = roots().with_revocation_lists(&text(&case["lists"])).unwrap();
        match lists.check(&stamp) {
            Ok(()) => assert_eq!(expected, "", "{name}"),
            Err(error) => {
                let said = error.to_string();
                assert!(!expected.is_empty() && said.contains(&expected), "{name}: {said}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 15);
    for unusable in vectors["unusable"].as_array().unwrap() {
        let read = roots().with_revocation_lists(&text(&unusable["lists"]));
        assert!(read.is_err(), "{}", unusable["name"]);
    }
}

#[test]
fn a_stated_time_lies_between_the_newest_entry_and_the_record_of_the_answer() {
    let at = |text: &str| Stated {
        time: text.parse().unwrap(),
        serial: String::new(),
        policy: String::new(),
        authority: String::new(),
    };
    let (newest, recorded) = ("2026-03-02T08:00:00.000Z", "2026-03-02T09:00:00.000Z");
    for (time, refused) in [
        ("2026-03-02T07:59:00Z", ""),
        ("2026-03-02T07:58:59.999Z", "before 2026-03-02T08:00:00.000Z"),
        ("2026-03-02T09:01:00Z", ""),
        ("2026-03-02T09:01:00.001Z", "after 2026-03-02T09:00:00.000Z"),
    ] {
        let said = at(time).check_between(newest, recorded).err().unwrap_or_default();
        assert!(said.contains(refused) && said.is_empty() == refused.is_empty(), "{time}: {said}");
    }
}
