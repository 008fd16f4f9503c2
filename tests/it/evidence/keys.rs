//! Keys of the ledger: a pack leads from a key that gave way to the one in force, and from no other.
//! Method: the story goes on after its key was rotated, or revoked; every forgery starts from a pack that is shown to be clean.

use super::packs::verified;
use super::{Files, MODEL, export, ingest, table, tell};
use driftledger::access::account::{Acting, Way};
use driftledger::clock::Clock;
use driftledger::evidence::manifest::{CHECKPOINT, Scope, VERIFIER_KEY};
use driftledger::evidence::verify::{Trust, Verification, verify};
use driftledger::ledger::checkpoint::Checkpoint;
use driftledger::ledger::cosignature::WitnessKey;
use driftledger::ledger::key::LogKey;
use driftledger::ledger::note::VerifierKey;
use driftledger::ledger::trust_policy::TrustPolicy;
use driftledger::procedures::ask_witnesses::{Answer, Outcome, ask_witnesses};
use driftledger::procedures::back_up::back_up;
use driftledger::procedures::change_key::{
    Believed, Revocation, list_keys, revoke_key, revoke_model_key, rotate_key,
};
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::restore::restore;
use driftledger::store::Store;
use driftledger::store::key_changes::KeyPurpose;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The story after its key was rotated.
struct Rotated {
    folder: TempDir,
    /// Keys of the ledger before and after.
    keys: [VerifierKey; 2],
    /// The pack of the whole store from before.
    before: Vec<u8>,
    /// Packs from after: of the whole store, of one version, and of an alert.
    after: [Vec<u8>; 3],
    /// Entries under the head that both keys signed.
    size: u64,
}

fn clock() -> Clock {
    Clock::fixed("2026-03-03T08:00:00Z".parse().unwrap())
}

fn open(folder: &Path) -> Store {
    Store::open(folder, clock()).unwrap()
}

fn key_of(folder: &Path) -> VerifierKey {
    open(folder).verifier_key().clone()
}

/// One batch more.
fn go_on(folder: &Path, name: &str) {
    let store = open(folder);
    let account = store.read(|tx| tx.account_by_name("dana")).unwrap().unwrap();
    ingest(&store, &Acting { account, way: Way::Session }, (MODEL, name), &table(200, 40, 3.0));
}

fn rotated() -> &'static Rotated {
    static ROTATED: OnceLock<Rotated> = OnceLock::new();
    ROTATED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let store = tell(folder.path());
        let before = export(&store, &Scope::whole()).0;
        let old = store.verifier_key().clone();
        drop(store);
        let changed =
            rotate_key(folder.path(), &clock(), KeyPurpose::Ledger, "yearly, SOP 14").unwrap();
        go_on(folder.path(), "after");
        let store = open(folder.path());
        let new = store.verifier_key().clone();
        assert_eq!((changed.old_key, changed.new_key), (old.to_string(), Some(new.to_string())));
        let episodes = store.read(|tx| tx.episodes(None, 10)).unwrap();
        let alert = episodes.iter().find(|episode| !episode.opening.series.is_empty()).unwrap();
        let version = Scope::of(MODEL, Some("1"));
        let story = Scope { alert: Some(alert.id.clone()), ..version.clone() };
        let after = [Scope::whole(), version, story].map(|scope| export(&store, &scope).0);
        Rotated { keys: [old, new], before, after, size: changed.entry + 1, folder }
    })
}

/// What is found besides that the pack was changed after it was sealed: who has the key of the ledger seals it again.
fn codes(found: &Verification) -> Vec<(&str, &str)> {
    let findings = found.findings.iter().filter(|finding| finding.code != "seal_differs");
    findings.map(|finding| (finding.code, finding.file.as_str())).collect()
}

fn head_file(size: u64) -> String {
    format!("keys/{size}.checkpoint")
}

#[test] // P11-30b
fn whoever_trusts_the_old_key_follows_it_to_the_new_one() {
    let Rotated { keys: [old, new], after, .. } = rotated();
    for pack in after {
        let found = verified(pack, Some(old));
        assert_eq!(found.findings, []);
        assert!(found.key_is_trusted);
        assert_eq!(found.keys_followed, [new.to_string()]);
        assert_eq!(found.key, Some(new.to_string()));
        let pinned = verified(pack, Some(new));
        assert_eq!((pinned.findings, pinned.keys_followed), (vec![], vec![]));
        let alone = verified(pack, None);
        assert_eq!((alone.findings, alone.key_is_trusted), (vec![], false));
        assert_eq!(found.checked.examined.key_changes, 1);
        let policy = TrustPolicy::parse(&format!("log {old}\nquorum none\n")).unwrap();
        let policed = verify(Cursor::new(pack), Trust::Policy(&policy), &mut |_| ()).unwrap();
        assert_eq!((policed.findings, policed.keys_followed), (vec![], vec![new.to_string()]));
        let stranger = LogKey::generate(old.name()).unwrap();
        let refused = verified(pack, Some(stranger.verifier()));
        assert!(codes(&refused).contains(&("key_differs", VERIFIER_KEY)), "{refused:#?}");
    }
}

#[test] // P11-30b
fn a_pack_from_before_the_rotation_verifies_for_ever() {
    let Rotated { keys: [old, new], before, .. } = rotated();
    assert_eq!(verified(before, Some(old)).findings, []);
    // It says nothing about the new key.
    assert!(codes(&verified(before, Some(new))).contains(&("key_differs", VERIFIER_KEY)));
}

#[test] // P11-30b
fn a_rotation_that_the_old_key_did_not_sign_is_refused() {
    let Rotated { keys: [old, _], after: [whole, ..], size, folder, .. } = rotated();
    let name = head_file(*size);
    let clean = Files::of(whole);
    let note = String::from_utf8(clean.0[&name].clone()).unwrap();
    let head = Checkpoint::open(&note, old).unwrap();
    let new = LogKey::load(&folder.path().join("keys/log.pem"), old.name()).unwrap();
    let stranger = LogKey::generate(old.name()).unwrap();
    let other_root = Checkpoint { root: [7; 32], ..head.clone() };
    let id = hex::encode(old.key_id());
    let private = folder.path().join(format!("keys/retired-{id}.pem"));
    let old_key = LogKey::load(&private, old.name()).unwrap();
    for (forged, what) in [
        (head.sign(&new).unwrap(), "the new key alone"),
        (head.sign_by_both(&stranger, &new).unwrap(), "a stranger in the place of the old key"),
        (head.sign(&old_key).unwrap(), "the old key alone"),
        (other_root.sign_by_both(&old_key, &new).unwrap(), "another history"),
    ] {
        let mut files = clean.clone();
        files.0.insert(name.clone(), forged.into_bytes());
        files.relist();
        for key in [Some(old), None] {
            let found = verified(&files.seal(), key);
            assert_eq!(codes(&found), [("key_change_unsigned", name.as_str())], "{what}");
            assert!(!found.key_is_trusted && found.keys_followed.is_empty(), "{what}");
        }
    }
    let mut files = clean;
    files.0.remove(&name);
    files.relist();
    let found = verified(&files.seal(), Some(old));
    assert_eq!(codes(&found), [("key_change_unsigned", name.as_str())]);
}

#[test] // P11-30b
fn every_flipped_byte_of_what_leads_to_the_new_key_names_its_file() {
    let Rotated { keys: [old, _], after: [_, version, _], size, .. } = rotated();
    let clean = Files::of(version);
    let change = clean.first("records/key_change/");
    for name in [head_file(*size), change, VERIFIER_KEY.to_owned(), CHECKPOINT.to_owned()] {
        for place in (0..clean.0[&name].len()).step_by(29) {
            let mut files = clean.clone();
            files.0.get_mut(&name).unwrap()[place] ^= 1;
            files.relist();
            let found = verified(&files.seal(), Some(old));
            assert!(found.findings.iter().any(|f| f.file == name), "{name}, byte {place}");
        }
    }
}

/// A story whose key was revoked, and the private half of that key.
fn revoked(believed: Believed) -> (TempDir, [VerifierKey; 2], LogKey) {
    let folder = tempfile::tempdir().unwrap();
    drop(tell(folder.path()));
    let old = key_of(folder.path());
    let stolen = LogKey::load(&folder.path().join("keys/log.pem"), old.name()).unwrap();
    let revocation = Revocation { key: None, believed, reason: "laptop stolen" };
    let changed = revoke_key(folder.path(), &clock(), &revocation).unwrap();
    let new = key_of(folder.path());
    assert_eq!(changed.new_key, Some(new.to_string()));
    assert!(Checkpoint::open(&changed.checkpoint, &old).is_err(), "it signs nothing any more");
    go_on(folder.path(), "after");
    (folder, [old, new], stolen)
}

#[test] // P11-30b
fn nobody_follows_a_revoked_key_and_a_head_that_it_signs_later_is_refused() {
    let (folder, [old, new], stolen) = revoked(Believed::UntilNow);
    let pack = export(&open(folder.path()), &Scope::whole()).0;
    let found = verified(&pack, Some(&old));
    assert_eq!(codes(&found), [("key_replaced", VERIFIER_KEY)]);
    let said = &found.findings[0].detail;
    assert!(said.contains("without the old key's signature"), "{said}");
    assert!(said.contains(&format!("pin `{new}` by hand")), "{said}");
    assert!(!found.key_is_trusted && found.keys_followed.is_empty());
    assert_eq!(verified(&pack, Some(&new)).findings, []);
    assert_eq!(check_store(folder.path(), &mut |_| ()).unwrap().findings, []);

    // Whoever has the revoked key signs the same entries with it.
    let mut files = Files::of(&pack);
    let note = String::from_utf8(files.0[CHECKPOINT].clone()).unwrap();
    let head = Checkpoint::open(&note, &new).unwrap();
    files.0.insert(CHECKPOINT.to_owned(), head.sign(&stolen).unwrap().into_bytes());
    files.0.insert(VERIFIER_KEY.to_owned(), format!("{old}\n").into_bytes());
    files.relist();
    for key in [&old, &new] {
        let found = verified(&files.seal(), Some(key));
        let codes = codes(&found);
        assert!(codes.contains(&("key_revoked", CHECKPOINT)), "{found:#?}");
        assert!(codes.contains(&("key_differs", VERIFIER_KEY)), "{found:#?}");
    }
}

#[test] // P11-30b
fn a_key_that_is_lost_is_replaced_and_what_it_signed_stands() {
    let folder = tempfile::tempdir().unwrap();
    let store = tell(folder.path());
    let (old, before) = (store.verifier_key().clone(), export(&store, &Scope::whole()).0);
    drop(store);
    fs::remove_file(folder.path().join("keys/log.pem")).unwrap();
    assert!(rotate_key(folder.path(), &clock(), KeyPurpose::Ledger, "yearly").is_err());
    let revocation = Revocation { key: None, believed: Believed::UntilNow, reason: "disk failed" };
    revoke_key(folder.path(), &clock(), &revocation).unwrap();
    go_on(folder.path(), "after");
    let pack = export(&open(folder.path()), &Scope::of(MODEL, None)).0;
    assert_eq!(codes(&verified(&pack, Some(&old))), [("key_replaced", VERIFIER_KEY)]);
    assert_eq!(verified(&pack, Some(&key_of(folder.path()))).findings, []);
    assert_eq!(verified(&before, Some(&old)).findings, []);
    let listed = list_keys(folder.path(), &clock()).unwrap();
    assert_eq!(listed.iter().map(|key| key.state).collect::<Vec<_>>(), ["revoked", "in_force"]);
}

#[test] // P11-30b
fn a_key_that_gave_way_is_revoked_from_before_that_and_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    drop(tell(folder.path()));
    let old = key_of(folder.path());
    let changed = rotate_key(folder.path(), &clock(), KeyPurpose::Ledger, "yearly").unwrap();
    let new = key_of(folder.path());
    let id = hex::encode(old.key_id());
    let of_old = |believed| Revocation { key: Some(&id), believed, reason: "found on a stick" };
    let revoke = |believed| revoke_key(folder.path(), &clock(), &of_old(believed));
    // Believed until after it named its successor, it still leads there.
    let first = revoke(Believed::UntilNow).unwrap();
    assert_eq!((first.new_key, first.trusted_entries), (None, Some(changed.entry + 1)));
    assert_eq!(key_of(folder.path()), new);
    let pack = || export(&open(folder.path()), &Scope::whole()).0;
    assert_eq!(verified(&pack(), Some(&old)).keys_followed, [new.to_string()]);
    assert_eq!(revoke(Believed::Entries(9999)).unwrap_err().code(), "bad_request");
    assert_eq!(revoke(Believed::UntilNow).unwrap_err().code(), "conflict");
    // The whole story was told on the second of March.
    let second = revoke(Believed::Before("2026-03-03T00:00:00Z".parse().unwrap())).unwrap();
    assert_eq!(second.trusted_entries, Some(changed.entry));
    let found = verified(&pack(), Some(&old));
    assert_eq!(codes(&found), [("key_revoked", VERIFIER_KEY)]);
    assert_eq!(verified(&pack(), Some(&new)).findings, []);
    let unknown = Revocation { key: Some("00000000"), ..of_old(Believed::UntilNow) };
    let refused = revoke_key(folder.path(), &clock(), &unknown).unwrap_err();
    assert_eq!(refused.code(), "not_found");
    assert_eq!(check_store(folder.path(), &mut |_| ()).unwrap().findings, []);
}

#[test] // BKP-1
fn backups_and_restores_go_on_across_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(tell(&data));
    let old = key_of(&data);
    let (early, same) = (folder.path().join("early"), folder.path().join("same"));
    for place in [&early, &same] {
        back_up(&data, place, &clock(), &mut |_| ()).unwrap();
    }
    rotate_key(&data, &clock(), KeyPurpose::Ledger, "yearly").unwrap();
    go_on(&data, "after");
    back_up(&data, &same, &clock(), &mut |_| ()).unwrap();
    let new = key_of(&data);
    let retired = data.join(format!("keys/retired-{}.pem", hex::encode(old.key_id())));
    for (place, private, key) in [(&same, data.join("keys/log.pem"), &new), (&early, retired, &old)]
    {
        let again = folder.path().join(format!("again-{}", hex::encode(key.key_id())));
        restore(place, (&again, &private), "practice", &clock(), &mut |_| ()).unwrap();
        assert_eq!(key_of(&again), *key);
        assert_eq!(check_store(&again, &mut |_| ()).unwrap().findings, []);
        let pack = export(&open(&again), &Scope::whole()).0;
        assert_eq!(verified(&pack, Some(&old)).findings, []);
    }
    // A backup is not restored under the key of another time.
    let wrong = folder.path().join("wrong");
    let key = data.join("keys/log.pem");
    assert!(restore(&early, (&wrong, &key), "practice", &clock(), &mut |_| ()).is_err());
    assert!(!wrong.exists());
}

#[test] // AT-anchor
fn a_head_under_the_new_key_is_cosigned_and_the_old_key_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    drop(tell(folder.path()));
    let old = key_of(folder.path());
    let witness = WitnessKey::generate("w.example/1").unwrap();
    let policy = |logs: &[&VerifierKey]| {
        let logs: Vec<String> = logs.iter().map(|log| format!("log {log}\n")).collect();
        let logs = logs.concat();
        let text = format!("{logs}witness qa {} http://w.example\nquorum qa\n", witness.verifier());
        TrustPolicy::parse(&text).unwrap()
    };
    let ask = |policy: &TrustPolicy| {
        let cosign = |_: &str, sent: &driftledger::ledger::witness::Submission| {
            let head = Checkpoint::stated(&sent.checkpoint).unwrap();
            Answer::Cosigned(witness.cosign(&head, clock().now()))
        };
        let asked = ask_witnesses(&open(folder.path()), policy, &cosign).unwrap();
        assert_eq!(asked[0].1, Outcome::Cosigned);
    };
    ask(&policy(&[&old]));
    rotate_key(folder.path(), &clock(), KeyPurpose::Ledger, "yearly").unwrap();
    go_on(folder.path(), "after");
    let new = key_of(folder.path());
    // The head that was cosigned is under the old key, the checkpoint under the new one.
    let pack = || export(&open(folder.path()), &Scope::whole()).0;
    let found = |pack: &[u8], policy: &TrustPolicy| {
        verify(Cursor::new(pack), Trust::Policy(policy), &mut |_| ()).unwrap()
    };
    for logs in [&[&old][..], &[&new], &[&old, &new]] {
        let found = found(&pack(), &policy(logs));
        assert_eq!((found.findings, found.witnessed.map(|seen| seen.size)), (vec![], Some(18)));
    }
    ask(&policy(&[&old, &new]));
    let size = open(folder.path()).read(|tx| tx.head()).unwrap().size;
    for logs in [&[&old][..], &[&new], &[&old, &new]] {
        let found = found(&pack(), &policy(logs));
        assert_eq!((found.findings, found.witnessed.map(|seen| seen.size)), (vec![], Some(size)));
    }
}

#[test] // P11-30b
fn the_key_for_model_files_is_rotated_and_revoked_by_records_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    drop(tell(folder.path()));
    let (public, log) = (
        || fs::read_to_string(folder.path().join("keys/model.pub")).unwrap(),
        key_of(folder.path()),
    );
    let first = public();
    rotate_key(folder.path(), &clock(), KeyPurpose::ModelFiles, "yearly").unwrap();
    let second = public();
    let believed = Believed::Before("2026-03-02T12:00:00Z".parse().unwrap());
    let changed = revoke_model_key(folder.path(), &clock(), (believed, "stolen")).unwrap();
    assert_eq!((&changed.old_key, changed.new_key), (&second, Some(public())));
    let listed = list_keys(folder.path(), &clock()).unwrap();
    let listed: Vec<_> = listed.iter().map(|key| (key.state, key.key.as_str())).collect();
    let (log_line, third) = (log.to_string(), public());
    let expected = [
        ("in_force", log_line.as_str()),
        ("retired", first.as_str()),
        ("revoked", second.as_str()),
        ("in_force", third.as_str()),
    ];
    assert_eq!(listed, expected);
    assert_eq!(key_of(folder.path()), log, "the ledger keeps its key");
    assert_eq!(check_store(folder.path(), &mut |_| ()).unwrap().findings, []);
    let pack = export(&open(folder.path()), &Scope::whole()).0;
    assert_eq!(verified(&pack, Some(&log)).findings, []);
}

#[test] // P11-30b
fn without_a_reason_or_a_store_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let refused = rotate_key(folder.path(), &clock(), KeyPurpose::Ledger, "yearly").unwrap_err();
    assert_eq!(refused.code(), "no_database");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(tell(folder.path()));
    let refused = rotate_key(folder.path(), &clock(), KeyPurpose::Ledger, "  ").unwrap_err();
    assert_eq!(refused.code(), "bad_request");
    let serving = open(folder.path());
    let claim = serving.claim().unwrap();
    let refused = rotate_key(folder.path(), &clock(), KeyPurpose::Ledger, "yearly").unwrap_err();
    assert_eq!(refused.code(), "served");
    drop((claim, serving));
    assert!(!folder.path().join("keys/next.pem").exists());
}
