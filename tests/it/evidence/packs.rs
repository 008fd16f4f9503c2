//! Packs as they are made: complete, reproducible, scoped, and without secrets.

use super::{Files, MODEL, OTHER, export, story};
use crate::strict_json;
use driftledger::clock::Clock;
use driftledger::evidence::manifest::{Manifest, Scope};
use driftledger::evidence::verify::{Verification, verify};
use driftledger::ledger::note::VerifierKey;
use driftledger::store::Store;
use std::io::Cursor;

pub(crate) fn verified(pack: &[u8], key: Option<&VerifierKey>) -> Verification {
    verify(Cursor::new(pack), key, &mut |_| ()).unwrap()
}

#[test]
fn a_pack_of_the_whole_store_verifies_under_the_trusted_key() {
    let story = story();
    let found = verified(&story.whole, Some(&story.key));
    assert_eq!(found.findings, []);
    assert!(found.key_is_trusted && found.pages_compared);
    assert_eq!(found.key, Some(story.key.to_string()));
    let checked = found.checked;
    // Creation, three people, a chosen password, an identity check, an acceptance, two versions, six batches, acknowledgement, draft, signature.
    assert_eq!((checked.entries, checked.bodies, checked.proofs), (18, 18, 0));
    let examined = checked.examined;
    assert_eq!((examined.reports, examined.monitors), (6, 2));
    assert_eq!((examined.decisions, examined.signatures, examined.acceptances), (1, 2, 1));
    assert_eq!(found.size, Some(18));
}

#[test]
fn a_pack_of_one_version_tells_its_story_and_no_other() {
    let story = story();
    let found = verified(&story.scoped, None);
    assert_eq!(found.findings, []);
    assert!(!found.key_is_trusted);
    let checked = found.checked;
    // All entries, but bodies and proofs only of: creation, three people, identity check, acceptance, version, five batches, three answers.
    assert_eq!((checked.entries, checked.bodies, checked.proofs), (18, 15, 15));
    assert_eq!((checked.examined.reports, checked.examined.monitors), (5, 1));
    let files = Files::of(&story.scoped);
    for (name, bytes) in &files.0 {
        assert!(!String::from_utf8_lossy(bytes).contains(OTHER), "{name} tells of another model");
    }
}

#[test]
fn the_same_store_gives_the_same_bytes() {
    let story = story();
    let store = Store::open(story.folder.path(), Clock::system()).unwrap();
    let (again, exported) = export(&store, &Scope::whole());
    assert!(again == story.whole, "two exports of one store differ");
    assert_eq!(exported.entries, 18);
    assert_eq!(exported.files, Files::of(&again).0.len() as u64);
}

#[test]
fn a_scope_that_does_not_exist_is_refused() {
    let story = story();
    let store = Store::open(story.folder.path(), Clock::system()).unwrap();
    for scope in [Scope::of("nothing", None), Scope::of(MODEL, Some("2"))] {
        let mut pack = Cursor::new(Vec::new());
        let host = driftledger::procedures::administer::host();
        let refused = driftledger::procedures::export_evidence::export_evidence(
            &store,
            &host,
            &scope,
            &mut pack,
            &mut |_, _| (),
        );
        assert_eq!(refused.unwrap_err().code(), "not_found");
    }
}

#[test]
fn no_pack_holds_what_somebody_signs_in_with() {
    for pack in [&story().whole, &story().scoped] {
        let files = Files::of(pack);
        for (name, bytes) in &files.0 {
            assert!(!name.starts_with("records/credential") && !name.starts_with("records/token"));
            assert!(
                !String::from_utf8_lossy(bytes).contains("$argon2"),
                "{name} holds a password digest"
            );
        }
    }
}

#[test]
fn no_json_of_a_pack_has_a_key_twice() {
    let mut read = 0;
    for (name, bytes) in Files::of(&story().whole).0 {
        if name.ends_with(".json") {
            assert!(strict_json::parse(&bytes).is_some(), "{name}");
            read += 1;
        } else if name.ends_with(".jsonl") {
            let lines = bytes.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n');
            for line in lines {
                assert!(strict_json::parse(line).is_some(), "{name}");
                read += 1;
            }
        }
    }
    assert!(read > 100, "{read}");
}

#[test]
fn documents_to_read_need_nothing_else() {
    let files = Files::of(&story().whole);
    let pages: Vec<_> = files.0.iter().filter(|(name, _)| name.ends_with(".html")).collect();
    assert_eq!(pages.len(), 8);
    for (name, bytes) in pages {
        let page = std::str::from_utf8(bytes).unwrap();
        for forbidden in ["<script", "src=", "href=", "url(", "@import", "style=\""] {
            assert!(!page.contains(forbidden), "{name} holds `{forbidden}`");
        }
        assert!(
            !page.contains("a site with a <long> name") && !page.contains("<validated>"),
            "{name} is not escaped"
        );
    }
    let page = files.first("decisions/");
    let decision = &files.0[&page.replace(".html", ".json")];
    let page = String::from_utf8_lossy(&files.0[&page]).into_owned();
    let sha256 = driftledger::digest::sha256_hex(decision);
    assert!(page.contains("Signed electronically by rosa of the story (rosa, reviewer)"), "{page}");
    assert!(page.contains(&sha256), "the manifestation names the record that was signed");
}

#[test]
fn a_report_promises_what_its_policy_says_and_a_comparison_promises_nothing() {
    let files = Files::of(&story().whole);
    let page = String::from_utf8_lossy(&files.0[&files.first("reports/")]).into_owned();
    assert!(page.contains("at most one false alarm per 52 batches"), "{page}");
    let comparison = include_str!("../../../src/evidence/templates/printable_comparison.html");
    assert!(!comparison.contains("false alarm"));
}

#[test]
fn the_manifest_is_as_its_schema_says() {
    use utoipa::{OpenApi, PartialSchema as _};
    #[derive(OpenApi)]
    #[openapi(components(schemas(
        Manifest,
        driftledger::evidence::manifest::Scope,
        driftledger::evidence::manifest::PackedFile
    )))]
    struct Document;
    let document = serde_json::to_value(Document::openapi()).unwrap();
    let mut schema = serde_json::to_value(Manifest::schema()).unwrap();
    schema["components"] = document["components"].clone();
    let manifest = serde_json::from_slice(&Files::of(&story().whole).0["MANIFEST.json"]).unwrap();
    jsonschema::validate(&schema, &manifest).unwrap();
    assert!(jsonschema::validate(&schema, &serde_json::json!({"format": 1})).is_err());
}
