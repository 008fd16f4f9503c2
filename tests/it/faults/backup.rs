//! Backups: made while a server writes, restored with everything they held, refused where they are not what they say.
//! Method: the built program, then the two procedures on small stores.

use super::kill::{examine, post_until_it_dies, prepare, start};
use driftledger::clock::Clock;
use driftledger::error::Result;
use driftledger::procedures::back_up::{BackedUp, back_up};
use driftledger::procedures::restore::{Restored, restore};
use driftledger::store::Store;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn copy(from: &Path, to: &Path) -> Result<BackedUp> {
    back_up(from, to, &Clock::system(), &mut |_| ())
}

fn bring_back(backup: &Path, to: &Path, key: &Path) -> Result<Restored> {
    restore(backup, (to, key), "a disk failed", &Clock::system(), &mut |_| ())
}

/// A small store with its backup: the folder of both, the store's, the backup's, the key's copy.
fn backed_up() -> (tempfile::TempDir, PathBuf, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, safe) = (folder.path().join("data"), folder.path().join("safe"));
    prepare(&data);
    let store = Store::open(&data, Clock::system()).unwrap();
    store.objects().put(b"not named by any record").unwrap();
    drop(store);
    copy(&data, &safe).unwrap();
    let key = folder.path().join("vault.pem");
    fs::copy(data.join("keys/log.pem"), &key).unwrap();
    (folder, data, safe, key)
}

#[test]
fn a_backup_made_while_batches_arrive_holds_everything_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, safe) = (folder.path().join("data"), folder.path().join("safe"));
    let token = prepare(&data);
    let (mut child, url) = start(&data);
    let posted = post_until_it_dies(url, token, 1);
    let mut acknowledged = Vec::new();
    let mut entries = 0;
    for round in 0..2 {
        for _ in 0..4 {
            acknowledged.push(posted.recv_timeout(Duration::from_secs(20)).unwrap());
        }
        acknowledged.extend(posted.try_iter());
        let output = Command::new(env!("CARGO_BIN_EXE_driftledger"))
            .arg("backup")
            .args([&data, &safe])
            .arg("--json")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let made: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let (now, since) =
            (made["entries"].as_u64().unwrap(), made["entries_since"].as_u64().unwrap());
        assert_eq!(since, now - entries);
        let new = made["new_objects"].as_u64().unwrap();
        assert!(new >= 4 && (round == 0 || new < made["objects"].as_u64().unwrap()), "{made}");
        entries = now;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!safe.join("keys/log.pem").exists(), "the private key stays at home");

    let again = folder.path().join("again");
    let restored = bring_back(&safe, &again, &data.join("keys/log.pem")).unwrap();
    assert_eq!((restored.entry, restored.manifest.entries), (entries, entries));
    examine(&again, &acknowledged);
    let store = Store::open(&again, Clock::system()).unwrap();
    let kept = store.read(|tx| tx.checkpoint(entries)).unwrap().unwrap();
    assert_eq!(kept, restored.manifest.checkpoint, "the backup's signed head is a prefix");
    let entry = store.read(|tx| tx.entry(entries)).unwrap().unwrap().entry;
    assert_eq!(entry.kind.as_str(), "backup.restore");
}

#[test]
fn only_what_records_name_is_copied_and_what_it_lost_is_said() {
    let (folder, data, safe, key) = backed_up();
    let made = copy(&data, &safe).unwrap();
    assert_eq!((made.new_objects, made.entries_since, made.manifest.objects), (0, 0, 0));
    let again = folder.path().join("deep/again");
    let restored = bring_back(&safe, &again, &key).unwrap();
    let store = Store::open(&data, Clock::system()).unwrap();
    let newest = store.read(|tx| tx.entry(restored.manifest.entries - 1)).unwrap().unwrap();
    assert_eq!(restored.manifest.newest_entry_at, newest.entry.ts);
    let names: Vec<_> = fs::read_dir(folder.path().join("deep")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing unfinished is left");
}

#[test]
fn a_backup_that_is_not_what_it_says_is_not_put_in_place() {
    let (folder, _, safe, key) = backed_up();
    let again = folder.path().join("again");
    let refused = |what: &str| {
        let error = bring_back(&safe, &again, &key).unwrap_err().chain();
        assert!(error.contains(what), "{error}");
        assert!(!again.exists());
    };
    let database = safe.join("driftledger.db");
    let good = fs::read(&database).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(&database, &bad).unwrap();
    refused("not what was backed up");
    fs::write(&database, &good).unwrap();

    let manifest = fs::read_to_string(safe.join("backup.json")).unwrap();
    fs::write(safe.join("backup.json"), manifest.replace("backup/v1", "backup/v9")).unwrap();
    refused("backup/v9");
    fs::remove_file(safe.join("backup.json")).unwrap();
    refused("backup");
    fs::write(safe.join("backup.json"), manifest).unwrap();

    let other = folder.path().join("other");
    prepare(&other);
    let error = bring_back(&safe, &again, &other.join("keys/log.pem")).unwrap_err().chain();
    assert!(error.contains("do not belong together"), "{error}");
    let error = bring_back(&safe, &other, &key).unwrap_err().chain();
    assert!(error.contains("is not empty"), "{error}");
    assert!(bring_back(&safe, &again, &key).is_ok(), "and whole, it is taken");
}

#[test]
fn a_backup_is_never_overwritten_by_another_history() {
    let (folder, data, safe, key) = backed_up();
    let other = folder.path().join("other");
    prepare(&other);
    let error = copy(&other, &safe).unwrap_err().chain();
    assert!(error.contains("not of"), "{error}");
    let error = copy(&data, &other).unwrap_err().chain();
    assert!(error.contains("holds no backup"), "{error}");

    // Two stores go on from one backup, each its own way; the safe of the first refuses the second.
    let twin = folder.path().join("twin");
    bring_back(&safe, &twin, &key).unwrap();
    let second = folder.path().join("second");
    bring_back(&safe, &second, &key).unwrap();
    copy(&twin, &safe).unwrap();
    let error = copy(&second, &safe).unwrap_err().chain();
    assert!(error.contains("rolled back or replaced"), "{error}");
    let error = copy(&data, &safe).unwrap_err().chain();
    assert!(error.contains("rolled back or replaced"), "{error}");
}
