//! `driftledger key rotate` is killed (SIGKILL) at moments that sweep over its whole run: the folder opens, with the old key or with the new
//! one, goes on, and nothing in it is wrong. Method: the built program on one store, round after round. The single steps stand in
//! `src/store/key_files/tests.rs`. Longer runs: `KILL_ROUNDS=1000`.

use super::kill::{prepare, rounds, start};
use driftledger::access::role::Role;
use driftledger::clock::Clock;
use driftledger::ledger::checkpoint::Checkpoint;
use driftledger::procedures::administer::{create_account, host};
use driftledger::store::Store;
use driftledger::store::check::{Severity, check};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn rotate(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftledger"));
    command.args(["key", "rotate", folder.to_str().unwrap(), "--reason", "yearly"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test] // P11-30b
fn a_rotation_that_is_killed_leaves_the_old_key_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let started = Instant::now();
    assert!(rotate(folder.path()).status().unwrap().success());
    let whole = started.elapsed();
    let open = || Store::open(folder.path(), Clock::system()).unwrap();
    let mut key = open().verifier_key().clone();
    let (mut old, mut new) = (0, 0);
    for round in 0..rounds() {
        let mut rotation = rotate(folder.path()).spawn().unwrap();
        // Up to half as long again as a whole run takes.
        let share = (round % 20) as f64 / 12.0;
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
        // One that ended by itself cannot be killed.
        let _ended = rotation.kill();
        rotation.wait().unwrap();
        let found = check(folder.path(), &mut |_| ()).unwrap();
        assert!(found.iter().all(|one| one.severity == Severity::Warning), "{round}: {found:?}");
        let store = open();
        let found = store.verifier_key().clone();
        if found == key {
            old += 1;
        } else {
            new += 1;
        }
        key = found;
        let name = format!("somebody{round}");
        let names = (name.as_str(), "Somebody");
        let written = create_account(&store, &host(), names, Role::Inspector).unwrap();
        assert!(Checkpoint::open(&written.checkpoint, &key).is_ok(), "{round}");
        drop(store);
        assert_eq!(check(folder.path(), &mut |_| ()).unwrap(), [], "{round}");
    }
    assert!(old > 0 && new > 0, "{old} rounds ended with the old key, {new} with a new one");
}

#[test] // P11-30b
fn a_folder_that_is_served_keeps_its_key() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let key = Store::open(folder.path(), Clock::system()).unwrap().verifier_key().clone();
    let (mut server, _address) = start(folder.path());
    let refused = rotate(folder.path()).status().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(refused.code(), Some(2));
    assert_eq!(*Store::open(folder.path(), Clock::system()).unwrap().verifier_key(), key);
}
