//! Every moment at which giving the ledger another key may be interrupted, and the folder that is left: it opens, with the old key or with
//! the new one, it goes on, and nothing in it is wrong.

use super::*;
use crate::clock::Clock;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::EntryType;
use crate::ledger::key_history::KeyChangeKind;
use crate::store::check::{Severity, check};
use crate::store::found::connect;
use crate::store::key_changes::{KeyPurpose, NewKeyChange};
use crate::store::specimen::{KIND, actor, fresh, tamper};
use crate::store::{NewKey, Store};
use rusqlite::OpenFlags;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

fn clock() -> Clock {
    Clock::fixed("2026-11-23T17:48:24.132Z".parse().unwrap())
}

fn open(folder: &TempDir) -> Result<Store> {
    Store::open(folder.path(), clock())
}

fn record(store: &Store, id: &str) -> Result<String> {
    let written = store.write(&actor(), KIND, |tx| tx.insert_specimen(id, "x", None))?;
    Ok(written.checkpoint)
}

/// A folder with two entries, its keys and the file names of its keys.
fn prepared() -> (TempDir, VerifierKey) {
    let (folder, store) = fresh();
    record(&store, "sp_1").unwrap();
    let old = store.verifier_key().clone();
    (folder, old)
}

fn change(kind: KeyChangeKind, old: &VerifierKey, new: &VerifierKey) -> NewKeyChange {
    NewKeyChange {
        purpose: KeyPurpose::Ledger,
        kind,
        old_key: old.to_string(),
        new_key: Some(new.to_string()),
        trusted_entries: (kind == KeyChangeKind::Revoked).then_some(2),
        since: None,
        reason: "yearly".to_owned(),
    }
}

/// Records that a new key takes the place of `old`, and stops there: the files are as before. Gives the new key and the signed head.
fn named(folder: &TempDir, old: &VerifierKey) -> (VerifierKey, String) {
    let new = Store::prepare_key(folder.path()).unwrap();
    let store = Store::open_for(folder.path(), clock(), NewKey::SignedByOld(&new)).unwrap();
    let change = change(KeyChangeKind::Rotated, old, new.verifier());
    let written =
        store.write(&actor(), EntryType::KeyRotate, |tx| tx.insert_key_change("kc_1", &change));
    (new.verifier().clone(), written.unwrap().checkpoint)
}

fn rotated() -> (TempDir, VerifierKey, VerifierKey) {
    let (folder, old) = prepared();
    let (new, _) = named(&folder, &old);
    drop(open(&folder).unwrap());
    (folder, old, new)
}

/// The folder opens under `key`, goes on, and nothing in it is wrong; twice, since the first one may have finished something.
fn stands(folder: &TempDir, key: &VerifierKey, what: &str) {
    for round in ["first", "second"] {
        let store = open(folder).unwrap_or_else(|error| panic!("{what}, {round}: {error:?}"));
        assert_eq!(store.verifier_key(), key, "{what}, {round}");
        let note = record(&store, &format!("sp_{round}")).unwrap();
        assert!(Checkpoint::open(&note, key).is_ok(), "{what}, {round}");
        drop(store);
        assert_eq!(check(folder.path(), &mut |_| ()).unwrap(), [], "{what}, {round}");
    }
}

fn keys(folder: &TempDir, name: &str) -> std::path::PathBuf {
    folder.path().join("keys").join(name)
}

fn retired_file(folder: &TempDir, key: &VerifierKey, ending: &str) -> std::path::PathBuf {
    keys(folder, &format!("retired-{}.{ending}", hex::encode(key.key_id())))
}

#[test]
fn killed_while_the_new_key_is_written_the_old_one_stays() {
    let (folder, old) = prepared();
    let next = keys(&folder, "next.pem");
    fs::write(&next, "-----BEGIN PRIV").unwrap();
    fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).unwrap();
    stands(&folder, &old, "half a key");
    // The next attempt writes another one.
    let new = Store::prepare_key(folder.path()).unwrap();
    assert_eq!(fs::metadata(&next).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(LogKey::load(&next, old.name()).is_ok_and(|key| key.verifier() == new.verifier()));
}

#[test]
fn killed_before_the_entry_the_old_key_stays_and_the_new_one_is_put_aside() {
    let (folder, old) = prepared();
    let unused = Store::prepare_key(folder.path()).unwrap();
    stands(&folder, &old, "a key that no entry names");
    let next = Store::prepare_key(folder.path()).unwrap();
    assert_ne!(next.verifier(), unused.verifier());
    let name = format!("unused-{}.pem", hex::encode(unused.verifier().key_id()));
    let kept = LogKey::load(&keys(&folder, &name), old.name()).unwrap();
    assert_eq!(kept.verifier(), unused.verifier());
}

#[test]
fn killed_after_the_entry_whoever_opens_the_folder_puts_the_new_key_in_its_place() {
    let (folder, old) = prepared();
    let (new, note) = named(&folder, &old);
    for key in [&old, &new] {
        assert!(Checkpoint::open(&note, key).is_ok(), "both sign the head of the entry");
    }
    let found = check(folder.path(), &mut |_| ()).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].code, found[0].severity), ("key_not_in_place", Severity::Warning));
    stands(&folder, &new, "an entry, no file moved");
    assert!(retired_file(&folder, &old, "pem").exists() && !keys(&folder, "next.pem").exists());
    let private = fs::metadata(keys(&folder, "log.pem")).unwrap().permissions();
    assert_eq!(private.mode() & 0o777, 0o600);
}

#[test]
fn killed_while_the_files_are_moved_whoever_opens_the_folder_moves_the_others() {
    let moves =
        ["the old one put aside", "the new one in its place", "the line of the old one left"];
    for (done, what) in (1..).zip(moves) {
        let (folder, old) = prepared();
        let (new, _) = named(&folder, &old);
        let (private, retired) = (keys(&folder, "log.pem"), retired_file(&folder, &old, "pem"));
        fs::rename(&private, &retired).unwrap();
        if done > 1 {
            fs::rename(keys(&folder, "next.pem"), &private).unwrap();
        }
        if done > 2 {
            fs::write(retired_file(&folder, &old, "vkey"), format!("{old}\n")).unwrap();
        }
        stands(&folder, &new, what);
        assert!(LogKey::load(&retired, old.name()).is_ok_and(|key| *key.verifier() == old));
    }
}

#[test]
fn a_key_that_an_entry_names_and_nobody_has_is_asked_for() {
    let (folder, old) = prepared();
    let (new, _) = named(&folder, &old);
    let away = folder.path().join("away.pem");
    fs::rename(keys(&folder, "next.pem"), &away).unwrap();
    let refused = open(&folder).unwrap_err();
    assert!(matches!(&refused, Error::KeyMissing { key, .. } if *key == new.to_string()));
    assert!(refused.is_of_private_key());
    fs::rename(&away, keys(&folder, "next.pem")).unwrap();
    stands(&folder, &new, "it was found");
}

#[test]
fn whoever_had_the_ledger_open_meanwhile_writes_nothing_more() {
    let (folder, old) = prepared();
    let stale = open(&folder).unwrap();
    let (new, _) = named(&folder, &old);
    assert!(matches!(record(&stale, "sp_stale"), Err(Error::KeyGaveWay)));
    drop(stale);
    stands(&folder, &new, "nothing was written");
}

#[test]
fn a_database_from_before_the_rotation_is_refused_until_somebody_says_why() {
    let (folder, old) = prepared();
    let database = folder.path().join("driftledger.db");
    let earlier = fs::read(&database).unwrap();
    let (new, _) = named(&folder, &old);
    drop(open(&folder).unwrap());
    fs::write(&database, earlier).unwrap();
    let refused = open(&folder);
    assert!(matches!(refused, Err(Error::RolledBack { found: 2, seen: 3 })), "{refused:?}");
    assert!(fs::read_to_string(keys(&folder, "log.vkey")).unwrap().contains(&new.to_string()));
    let codes = |folder: &TempDir| -> Vec<_> {
        check(folder.path(), &mut |_| ()).unwrap().iter().map(|found| found.code).collect()
    };
    assert_eq!(codes(&folder), ["key_changed", "rolled_back"]);
    // Without what was seen nobody can say what is lost.
    let seen = folder.path().join("log/checkpoint");
    let note = fs::read(&seen).unwrap();
    fs::remove_file(&seen).unwrap();
    assert!(matches!(open(&folder), Err(Error::KeyRetired { .. })));
    fs::write(&seen, note).unwrap();

    drop(Store::open_rolled_back(folder.path(), clock(), "a disk failed").unwrap());
    stands(&folder, &old, "gone back");
    assert!(retired_file(&folder, &new, "pem").exists());
    let (again, _) = named(&folder, &old);
    let store = open(&folder).unwrap();
    assert_eq!(*store.verifier_key(), again);
    drop(store);
    assert_eq!(check(folder.path(), &mut |_| ()).unwrap(), []);
}

#[test]
fn killed_while_an_earlier_key_is_put_back_the_next_attempt_goes_on() {
    let (folder, old) = prepared();
    let database = folder.path().join("driftledger.db");
    let earlier = fs::read(&database).unwrap();
    named(&folder, &old);
    drop(open(&folder).unwrap());
    fs::write(&database, earlier).unwrap();
    // The keys are back, and nothing is recorded yet.
    let at = Folder::new(folder.path());
    let connection = connect(&at, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let found = Keys::read(&at, &connection).unwrap();
    assert_eq!(found.relation, Relation::LedgerBehind);
    install(&at, &found.named, found.in_force()).unwrap();
    drop(connection);
    assert!(matches!(open(&folder), Err(Error::RolledBack { found: 2, seen: 3 })));
    drop(Store::open_rolled_back(folder.path(), clock(), "a disk failed").unwrap());
    stands(&folder, &old, "gone back");
}

#[test]
fn a_lost_key_is_replaced_without_its_signature() {
    let (folder, old) = prepared();
    fs::remove_file(keys(&folder, "log.pem")).unwrap();
    let refused = open(&folder).unwrap_err();
    assert!(refused.is_of_private_key(), "{refused:?}");
    let new = Store::prepare_key(folder.path()).unwrap();
    let refused = Store::open_for(folder.path(), clock(), NewKey::SignedByOld(&new));
    assert!(refused.is_err_and(|error| error.is_of_private_key()));
    let store = Store::open_for(folder.path(), clock(), NewKey::Instead(&new)).unwrap();
    let change = change(KeyChangeKind::Revoked, &old, new.verifier());
    let written =
        store.write(&actor(), EntryType::KeyRevoke, |tx| tx.insert_key_change("kc_1", &change));
    let note = written.unwrap().checkpoint;
    drop(store);
    assert!(
        Checkpoint::open(&note, &old).is_err() && Checkpoint::open(&note, new.verifier()).is_ok()
    );
    stands(&folder, new.verifier(), "a key in the place of a lost one");
}

#[test]
fn a_rotation_that_the_old_key_did_not_sign_is_named() {
    let (folder, old, new) = rotated();
    let store = open(&folder).unwrap();
    record(&store, "sp_2").unwrap();
    let note = store.read(|tx| tx.checkpoint(3)).unwrap().unwrap();
    drop(store);
    let both: Vec<_> = note.split_inclusive('\n').collect();
    let unsigned: String =
        both.iter().enumerate().filter(|(n, _)| *n != 4).map(|(_, l)| *l).collect();
    assert!(
        Checkpoint::open(&unsigned, &old).is_err() && Checkpoint::open(&unsigned, &new).is_ok()
    );
    tamper(folder.path(), &format!("UPDATE checkpoint SET note = '{unsigned}' WHERE size = 3"));
    let found = check(folder.path(), &mut |_| ()).unwrap();
    // The triggers had to go for that.
    let others = found.iter().filter(|found| found.code != "schema_missing");
    let named: Vec<_> = others.map(|found| (found.code, found.id.as_str())).collect();
    assert_eq!(named, [("key_change_unsigned", "3")]);
}

#[test]
fn records_of_keys_that_do_not_follow_each_other_are_named() {
    let (folder, _, _) = rotated();
    tamper(folder.path(), "UPDATE key_change SET old_key = new_key");
    let found = check(folder.path(), &mut |_| ()).unwrap();
    assert!(found.iter().any(|found| found.code == "key_history_invalid"), "{found:?}");
    assert!(found.iter().any(|found| found.code == "row_changed"), "{found:?}");
    assert!(open(&folder).is_err());
}

#[test]
fn the_key_for_model_files_changes_the_same_way() {
    for done in 0..3 {
        let (folder, store) = fresh();
        let before = store.model_public_key().to_owned();
        let unused = store.prepare_model_key().unwrap();
        let after = store.prepare_model_key().unwrap().public_pem().to_owned();
        assert_ne!(after, unused.public_pem());
        let change = NewKeyChange {
            purpose: KeyPurpose::ModelFiles,
            kind: KeyChangeKind::Rotated,
            old_key: before.clone(),
            new_key: Some(after.clone()),
            trusted_entries: None,
            since: None,
            reason: "yearly".to_owned(),
        };
        if done > 0 {
            let written = store
                .write(&actor(), EntryType::KeyRotate, |tx| tx.insert_key_change("kc_1", &change));
            written.unwrap();
        }
        let log_key = store.verifier_key().clone();
        drop(store);
        if done > 1 {
            fs::rename(keys(&folder, "model.pem"), keys(&folder, "model-retired-0.pem")).unwrap();
            fs::rename(keys(&folder, "model-next.pem"), keys(&folder, "model.pem")).unwrap();
        }
        let expected = if done == 0 { &before } else { &after };
        for _ in 0..2 {
            let store = open(&folder).unwrap();
            assert_eq!(
                (store.model_public_key(), store.verifier_key()),
                (expected.as_str(), &log_key)
            );
        }
        assert_eq!(fs::read_to_string(keys(&folder, "model.pub")).unwrap(), *expected);
        assert_eq!(check(folder.path(), &mut |_| ()).unwrap(), []);
    }
}
