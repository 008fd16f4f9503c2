//! Attacks on a pack: each changes one thing, and the verifier names it.

use super::packs::verified;
use super::{Files, story};
use driftledger::evidence::manifest::{
    CHECKPOINT, ENTRIES, MANIFEST, README, SEAL, VERIFIER_KEY, WITNESSED,
};
use driftledger::ledger::checkpoint::Checkpoint;
use driftledger::ledger::key::LogKey;

/// Whether a finding names `file`, and all that was found.
fn named(files: &Files, file: &str) -> (bool, String) {
    let found = verified(&files.seal(), None).findings;
    (found.iter().any(|finding| finding.file == file), format!("{found:#?}"))
}

/// Whether the seal tells of a change of `file` by somebody who made the manifest fit, and so does what else is in the pack: who has the
/// key of the ledger could seal it again. That a witness cosigned is said by nothing else.
fn named_though_covered_up(files: &mut Files, file: &str) -> (bool, String) {
    files.relist();
    let found = verified(&files.seal(), None).findings;
    let of_file = || found.iter().filter(|finding| finding.file == file);
    // Without the key nobody can tell what it sealed.
    let by_seal = [SEAL, VERIFIER_KEY].contains(&file)
        || of_file().any(|finding| finding.code == "seal_differs");
    let by_others = of_file().any(|finding| finding.code != "seal_differs");
    (by_seal && (by_others || file.starts_with(WITNESSED)), format!("{found:#?}"))
}

fn flip(files: &mut Files, name: &str) {
    let bytes = files.0.get_mut(name).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
}

#[test]
fn resealing_alone_is_no_finding() {
    for pack in [&story().whole, &story().scoped] {
        let mut files = Files::of(pack);
        assert_eq!(verified(&files.seal(), None).findings, []);
        files.relist();
        assert_eq!(verified(&files.seal(), None).findings, []);
    }
}

#[test]
fn every_flipped_byte_names_its_file() {
    let clean = Files::of(&story().scoped);
    for name in clean.0.keys() {
        let mut files = clean.clone();
        flip(&mut files, name);
        let (is_named, found) = named(&files, name);
        // A byte of the manifest's list shows at the file that it lists.
        assert!(is_named || (name == MANIFEST && found != "[]"), "{name}: {found}");
    }
}

#[test]
fn every_flipped_byte_that_the_manifest_covers_up_names_its_file() {
    let clean = Files::of(&story().scoped);
    for name in clean.0.keys().filter(|name| *name != MANIFEST) {
        let mut files = clean.clone();
        flip(&mut files, name);
        let (is_named, found) = named_though_covered_up(&mut files, name);
        assert!(is_named, "{name}: {found}");
    }
}

#[test]
fn every_removed_file_is_named() {
    for pack in [&story().scoped, &story().whole] {
        let clean = Files::of(pack);
        for name in clean.0.keys() {
            let mut files = clean.clone();
            files.0.remove(name);
            let (is_named, found) = named(&files, name);
            assert!(is_named, "{name}: {found}");
        }
    }
}

#[test]
fn every_removed_file_that_the_manifest_covers_up_is_named() {
    let clean = Files::of(&story().scoped);
    let told = ["witnessed/", "checkpoint", "story.html", "tables/", "reports/", "signatures/"];
    assert!(told.iter().all(|start| clean.0.keys().any(|name| name.starts_with(start))));
    for name in clean.0.keys().filter(|name| *name != MANIFEST) {
        let mut files = clean.clone();
        files.0.remove(name);
        let (is_named, found) = named_though_covered_up(&mut files, name);
        assert!(is_named, "{name}: {found}");
    }
}

#[test]
fn a_pack_without_its_seal_is_named_and_so_is_one_with_the_seal_of_another() {
    let (whole, scoped) = (Files::of(&story().whole), Files::of(&story().scoped));
    assert!(verified(&story().scoped, None).sealed);
    let mut files = scoped.clone();
    files.0.remove(SEAL);
    let found = verified(&files.seal(), None);
    let told: Vec<_> = found.findings.iter().map(|f| (f.code, f.file.as_str())).collect();
    assert_eq!((told, found.sealed), (vec![("file_missing", SEAL)], false));
    assert!(found.findings[0].detail.contains("entry 0 says"), "{:?}", found.findings);
    // A pack of the same ledger that holds more was sealed as well.
    files.0.insert(SEAL.to_owned(), whole.0[SEAL].clone());
    let found = verified(&files.seal(), None).findings;
    let missing = whole.0.keys().filter(|name| !scoped.0.contains_key(*name));
    for name in missing.chain([&README.to_owned()]) {
        assert!(found.iter().any(|f| f.code == "seal_differs" && f.file == *name), "{name}");
    }
    // A page that lies is told, though the manifest says that another program wrote it.
    let mut files = scoped.clone();
    let page = files.first("story.html");
    let text = String::from_utf8(files.0[&page].clone()).unwrap();
    files.0.insert(page.clone(), text.replace("drift", "no drift").into_bytes());
    let manifest = String::from_utf8(files.0[MANIFEST].clone()).unwrap();
    let program = driftledger::evidence::printable::PROGRAM;
    let forged = manifest.replace(program, "driftledger 0.0.1");
    assert_ne!(forged, manifest);
    files.0.insert(MANIFEST.to_owned(), forged.into_bytes());
    files.relist();
    let found = verified(&files.seal(), None);
    assert!(!found.pages_compared);
    for name in [&page, MANIFEST] {
        let is_told = |f: &driftledger::evidence::verify::Finding| {
            f.code == "seal_differs" && f.file == *name
        };
        assert!(found.findings.iter().any(is_told), "{name}: {:#?}", found.findings);
    }
}

#[test]
fn a_renamed_file_is_named_by_both_names() {
    let clean = Files::of(&story().scoped);
    for name in clean.0.keys().filter(|name| ![MANIFEST, SEAL].contains(&name.as_str())) {
        let mut files = clean.clone();
        let bytes = files.0.remove(name).unwrap();
        let renamed = format!("{name}.old");
        files.0.insert(renamed.clone(), bytes);
        let found = verified(&files.seal(), None).findings;
        let told = found
            .iter()
            .any(|f| f.code == "file_renamed" && f.file == *name && f.detail.contains(&renamed));
        assert!(told, "{name}: {found:#?}");
    }
}

#[test]
fn two_swapped_files_are_both_named() {
    let mut files = Files::of(&story().scoped);
    let names: Vec<String> =
        files.0.keys().filter(|name| name.starts_with("records/report/")).cloned().collect();
    let (first, second) = (files.0[&names[0]].clone(), files.0[&names[1]].clone());
    files.0.insert(names[0].clone(), second);
    files.0.insert(names[1].clone(), first);
    for covered_up in [false, true] {
        if covered_up {
            files.relist();
        }
        let found = verified(&files.seal(), None).findings;
        let code = if covered_up { "record_changed" } else { "file_swapped" };
        for name in &names[..2] {
            assert!(found.iter().any(|f| f.code == code && f.file == *name), "{name}: {found:#?}");
        }
    }
}

#[test]
fn an_added_file_is_named() {
    for name in [
        "reports/re_more.json",
        "records/report/re_more.json",
        "records/credential/cr_1.json",
        "note.txt",
    ] {
        let mut files = Files::of(&story().scoped);
        files.0.insert(name.to_owned(), b"{}".to_vec());
        let (is_named, found) = named(&files, name);
        assert!(is_named, "{name}: {found}");
        files.relist();
        let (is_named, found) = named(&files, name);
        assert!(is_named, "{name}, covered up: {found}");
    }
}

#[test]
fn a_signature_by_the_drafter_over_other_bytes_is_named_thrice() {
    let mut files = Files::of(&story().scoped);
    let record = files.first("records/signature/");
    let drafter: serde_json::Value =
        serde_json::from_slice(&files.0[&files.first("records/decision/")]).unwrap();
    let mut row: serde_json::Value = serde_json::from_slice(&files.0[&record]).unwrap();
    let mut document: serde_json::Value =
        serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
    let decision: serde_json::Value =
        serde_json::from_str(drafter["document"].as_str().unwrap()).unwrap();
    document["signer"] = decision["drafted_by"].clone();
    document["decision_sha256"] = "0".repeat(64).into();
    let bytes = driftledger::digest::canonical_json(&document).unwrap();
    row["sha256"] = driftledger::digest::sha256_hex(&bytes).into();
    row["account_id"] = drafter["account_id"].clone();
    row["document"] = String::from_utf8(bytes.clone()).unwrap().into();
    files.0.insert(record.clone(), driftledger::digest::canonical_json(&row).unwrap());
    let copy = files.first("signatures/");
    files.0.insert(copy, bytes);
    files.relist();
    let found = verified(&files.seal(), None).findings;
    let codes: Vec<_> = found.iter().filter(|f| f.file == record).map(|f| f.code).collect();
    for expected in ["record_changed", "signature_of_other_bytes", "signed_by_drafter"] {
        assert!(codes.contains(&expected), "{expected}: {found:#?}");
    }
}

#[test]
fn a_report_whose_numbers_were_improved_does_not_compute() {
    let mut files = Files::of(&story().scoped);
    let names: Vec<String> =
        files.0.keys().filter(|name| name.starts_with("records/report/")).cloned().collect();
    let alarming = names
        .iter()
        .find(|name| String::from_utf8_lossy(&files.0[*name]).contains("\"state\":\"alarm\""));
    let record = alarming.unwrap().clone();
    let mut row: serde_json::Value = serde_json::from_slice(&files.0[&record]).unwrap();
    let document = row["document"].as_str().unwrap().replacen(
        "\"verdict\":\"drift\"",
        "\"verdict\":\"stable\"",
        1,
    );
    row["sha256"] = driftledger::digest::sha256_hex(document.as_bytes()).into();
    row["document"] = document.into();
    files.0.insert(record.clone(), driftledger::digest::canonical_json(&row).unwrap());
    let found = verified(&files.seal(), None).findings;
    assert!(
        found.iter().any(|f| f.code == "report_not_reproduced" && f.file == record),
        "{found:#?}"
    );
}

#[test]
fn an_entry_whose_whole_evidence_was_left_out_is_named() {
    let mut files = Files::of(&story().scoped);
    let signature = files.first("records/signature/");
    let row: serde_json::Value = serde_json::from_slice(&files.0[&signature]).unwrap();
    let (entry, copy) = (row["entry"].as_u64().unwrap(), files.first("signatures/"));
    for name in
        [&signature, &copy, &format!("bodies/{entry}.json"), &format!("proofs/{entry}.tlog-proof")]
    {
        assert!(files.0.remove(name).is_some(), "{name}");
    }
    files.relist();
    let (is_named, found) = named(&files, &format!("bodies/{entry}.json"));
    assert!(is_named, "{found}");
}

#[test]
fn a_shortened_ledger_is_named() {
    let mut files = Files::of(&story().whole);
    let entries = files.0.get_mut(ENTRIES).unwrap();
    entries.pop();
    let cut = entries.iter().rposition(|byte| *byte == b'\n').unwrap();
    entries.truncate(cut + 1);
    files.relist();
    let found = verified(&files.seal(), None).findings;
    assert!(
        found.iter().any(|f| f.code == "entries_incomplete" && f.file == ENTRIES),
        "{found:#?}"
    );
}

#[test]
fn a_narrower_scope_than_the_pack_was_made_for_is_named() {
    let mut files = Files::of(&story().scoped);
    let manifest = String::from_utf8(files.0[MANIFEST].clone()).unwrap();
    for (from, to) in [
        (
            "\"scope\":{\"model\":\"dissolution\",\"version\":\"1\"}",
            "\"scope\":{\"model\":\"other\"}",
        ),
        ("\"scope\":{\"model\":\"dissolution\",\"version\":\"1\"}", "\"scope\":{}"),
        ("\"size\":18", "\"size\":17"),
    ] {
        let changed = manifest.replace(from, to);
        assert_ne!(changed, manifest);
        files.0.insert(MANIFEST.to_owned(), changed.into_bytes());
        assert_ne!(verified(&files.seal(), None).findings, [], "{to}");
    }
}

#[test]
fn a_pack_signed_anew_by_another_key_only_agrees_with_itself() {
    let story = story();
    let mut files = Files::of(&story.whole);
    let other = LogKey::generate(story.key.name()).unwrap();
    let note = String::from_utf8(files.0[CHECKPOINT].clone()).unwrap();
    let head = Checkpoint::open(&note, &story.key).unwrap();
    files.0.insert(CHECKPOINT.to_owned(), head.sign(&other).unwrap().into_bytes());
    files.0.insert(VERIFIER_KEY.to_owned(), format!("{}\n", other.verifier()).into_bytes());
    files.relist();
    let trusting = verified(&files.seal(), Some(&story.key)).findings;
    for file in [VERIFIER_KEY, CHECKPOINT] {
        assert!(trusting.iter().any(|f| f.file == file), "{file}: {trusting:#?}");
    }
    // Even without a trusted key, the ledger's own record names the key it was made with.
    let alone = verified(&files.seal(), None).findings;
    assert!(alone.iter().any(|f| f.code == "key_differs"), "{alone:#?}");
}

#[test]
fn bytes_that_belong_to_no_file_are_told() {
    let mut prefixed = b"#!/bin/sh\n".to_vec();
    prefixed.extend(&story().whole);
    let found = verified(&prefixed, None).findings;
    assert!(found.iter().any(|f| f.code == "archive_unsound"), "{found:#?}");
}

#[test]
fn impossible_counts_are_findings_and_no_crash() {
    let clean = Files::of(&story().scoped);
    let record = clean.first("records/report/");
    let reference = clean.first("records/reference/");
    for (record, code, from, to) in [
        (&record, "report_not_reproduced", "\"nulls\":[0,", "\"nulls\":[18446744073709551615,"),
        (&record, "report_not_reproduced", "\"values\":[[", "\"values\":[[1,"),
        (&record, "report_not_reproduced", "\"values\":[[", "\"values\":[[9007199254740991],["),
        (
            &record,
            "report_not_reproduced",
            "\"state_before\":{\"batches\":0",
            "\"state_before\":{\"batches\":18446744073709551615",
        ),
        (&record, "report_not_reproduced", "\"learned_counts\":[", "\"learned_counts\":[1,"),
        (&record, "report_not_reproduced", "\"recent\":[]", "\"recent\":[[18446744073709551615]]"),
        (&reference, "monitor_not_reproduced", "\"values\":[[", "\"values\":[[],["),
        (&reference, "monitor_not_reproduced", "\"rows\":[", "\"rows\":[18446744073709551615,"),
    ] {
        let mut files = clean.clone();
        let mut row: serde_json::Value = serde_json::from_slice(&files.0[record]).unwrap();
        let document = row["document"].as_str().unwrap();
        let forged = document.replace(from, to);
        assert_ne!(forged, document, "{from}");
        row["document"] = forged.into();
        files.0.insert(record.clone(), row.to_string().into_bytes());
        let found = verified(&files.seal(), None).findings;
        let told = found.iter().any(|f| f.code == code || f.code == "document_invalid");
        assert!(told, "{to}: {found:#?}");
    }
}
