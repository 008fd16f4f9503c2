//! Packs of earlier releases: they verify for ever (`tests/packs/README.md`).
//! Method: every pinned pack under its pinned key, as it is and with one byte of every file changed.

use super::Files;
use super::packs::verified;
use driftledger::ledger::note::VerifierKey;
use std::path::{Path, PathBuf};

/// The pinned packs with the keys they verify under.
fn pinned() -> Vec<(PathBuf, VerifierKey)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let packs = files.filter(|path| path.extension().is_some_and(|ending| ending == "zip"));
    let keyed = packs.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (release, _) = name.split_once('-').unwrap();
        let key = std::fs::read_to_string(path.with_file_name(format!("{release}.vkey"))).unwrap();
        let key = key.trim().parse::<VerifierKey>().unwrap();
        (path, key)
    });
    keyed.collect()
}

#[test] // P11-10b2
fn the_packs_of_earlier_releases_verify_for_ever() {
    let packs = pinned();
    assert!(packs.len() >= 2, "{packs:?}");
    for (path, key) in packs {
        let pack = std::fs::read(&path).unwrap();
        let found = verified(&pack, Some(&key));
        assert_eq!(found.findings, [], "{}", path.display());
        assert!(found.key_is_trusted);
        assert!(found.checked.examined.reports > 0 && found.checked.bodies > 0);
    }
}

#[test]
fn a_change_in_an_old_pack_is_still_found() {
    for (path, key) in pinned() {
        let clean = Files::of(&std::fs::read(&path).unwrap());
        for name in clean.0.keys() {
            let mut files = clean.clone();
            let bytes = files.0.get_mut(name).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            let found = verified(&files.seal(), Some(&key)).findings;
            // A changed manifest names another file than is there.
            let is_named = found.iter().any(|f| f.file == *name || name == "MANIFEST.json");
            assert!(is_named, "{name}: {found:?}");
        }
    }
}
