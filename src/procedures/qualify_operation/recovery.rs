//! Backup and restore, records altered on the disk, a ledger put back, another key, and a stated volume.

use super::{acting, batch, without_last_row};
use crate::access::role::Role;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::procedures::administer::{create_store, host};
use crate::procedures::back_up::back_up;
use crate::procedures::change_key::{Believed, Revocation, revoke_key, rotate_key};
use crate::procedures::check_store::check_store;
use crate::procedures::checklist::{Asked, Checklist};
use crate::procedures::demonstrate::{Demonstration, MONTHS, demonstrate};
use crate::procedures::export_evidence::export_evidence;
use crate::procedures::ingest_batch::ingest_batch;
use crate::procedures::restore::restore;
use crate::procedures::verify_pack::verify_pack;
use crate::store::Store;
use crate::store::key_changes::KeyPurpose;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

pub(super) fn recovery(list: &mut Checklist, story: Demonstration, scratch: &Path) {
    let folder = story.store.folder().to_owned();
    let (backup, again) = (scratch.join("backup"), scratch.join("again"));
    list.ask(
        Asked {
            requirements: &["BKP-1", "BKP-2"],
            question: "Is a restored backup whole, and does it say what is lost?",
            risk: "Records are lost, or lost unnoticed.",
            expected: "the backup is checked and restored, and the restore is the next entry",
        },
        || {
            let made = back_up(&folder, &backup, &Clock::system(), &mut |_| ())?;
            let key = folder.join("keys/log.pem");
            let place = (again.as_path(), key.as_path());
            let reason = "operational qualification";
            let restored = restore(&backup, place, reason, &Clock::system(), &mut |_| ())?;
            let checked = check_store(&again, &mut |_| ())?;
            let passed = checked.findings.is_empty() && restored.entry == made.manifest.entries;
            let found = format!(
                "{} entries backed up, restored in {:.1} s, the restore is entry {}, {} findings",
                made.manifest.entries,
                restored.seconds,
                restored.entry,
                checked.findings.len()
            );
            Ok((passed, found))
        },
    );
    list.ask(
        Asked {
            requirements: &["P11-10a2", "P11-10e3"],
            question: "Is a record that was altered in the database file named?",
            risk: "Somebody with the disk rewrites a decision.",
            expected: "one letter of a signed rationale is changed in the file; `check` names the row",
        },
        || altered_row(&again),
    );
    list.ask(
        Asked {
            requirements: &["AT-anchor"],
            question: "Is a ledger that was put back to an earlier state refused?",
            risk: "The newest records are removed by putting back yesterday's copy.",
            expected: "the newest signed head is kept beside the database, and the older database is not opened",
        },
        || put_back(story, &backup),
    );
    list.ask(
        Asked {
            requirements: &["P11-30b"],
            question: "Is the ledger's key changed so that a rotation is followed and a revocation is not?",
            risk: "A stolen key names its own successor, or evidence cannot be proved after a change of keys.",
            expected: "a pack verifies under the key from before a rotation; after a revocation it says which key to pin by hand",
        },
        || another_key(&scratch.join("keys")),
    );
    list.ask(
        Asked {
            requirements: &["P11-10a1"],
            question: "Does it keep up with a stated volume?",
            risk: "Batches queue up, and drift is seen late.",
            expected: "50 batches one after the other are judged and recorded, each in less than 5 s",
        },
        || volume(scratch),
    );
}

/// Changes one letter in the database file, as somebody with the disk could.
fn altered_row(folder: &Path) -> Result<(bool, String)> {
    let path = folder.join("driftledger.db");
    let mut bytes = std::fs::read(&path).map_err(Error::file("reading", &path))?;
    let words = b"a more sensitive TSH assay";
    let places: Vec<usize> = bytes
        .windows(words.len())
        .enumerate()
        .filter(|(_, found)| found == words)
        .map(|(at, _)| at)
        .collect();
    let Some(first) = places.first() else {
        return Ok((false, "the signed rationale is not in the file".to_owned()));
    };
    bytes[*first] = b'A';
    std::fs::write(&path, bytes).map_err(Error::file("writing", &path))?;
    let checked = check_store(folder, &mut |_| ())?;
    let named: Vec<_> = checked
        .findings
        .iter()
        .map(|found| format!("{} {} ({})", found.table, found.id, found.code))
        .collect();
    let passed = checked.findings.iter().any(|found| found.table == "decision");
    Ok((passed, named.join("; ").chars().take(400).collect()))
}

fn put_back(story: Demonstration, backup: &Path) -> Result<(bool, String)> {
    let folder = story.store.folder().to_owned();
    let dana = acting(&story, Role::DataScientist)?;
    // The same content under another name would answer with the first report.
    let text = without_last_row(MONTHS[2].1);
    ingest_batch(&story.store, &dana, batch(&story.store, "after the backup", &text)?)?;
    drop(story);
    let earlier = backup.join("driftledger.db");
    let place = folder.join("driftledger.db");
    for leftover in ["driftledger.db-wal", "driftledger.db-shm"] {
        let _absent = std::fs::remove_file(folder.join(leftover));
    }
    std::fs::copy(&earlier, &place).map_err(Error::file("copying", &earlier))?;
    let opened = Store::open(&folder, Clock::system());
    let found = opened.as_ref().err().map_or("it was opened".to_owned(), ToString::to_string);
    Ok((matches!(opened, Err(crate::store::Error::RolledBack { .. })), found))
}

/// Rotates and revokes the key of a store of its own, and verifies what it exports under the first key.
fn another_key(scratch: &Path) -> Result<(bool, String)> {
    let (clock, folder) = (Clock::system(), scratch.join("data"));
    let reason = "operational qualification";
    let first = create_store(&folder, clock.clone())?.verifier_key().clone();
    let verified = || {
        let path = scratch.join("pack.zip");
        let file = File::create(&path).map_err(Error::file("writing", &path))?;
        let store = Store::open(&folder, clock.clone())?;
        export_evidence(&store, &host(), &Scope::whole(), file, &mut |_, _| ())?;
        verify_pack(&path, Some(&first), &mut |_| ())
    };
    rotate_key(&folder, &clock, KeyPurpose::Ledger, reason)?;
    let rotated = verified()?;
    revoke_key(&folder, &clock, &Revocation { key: None, believed: Believed::UntilNow, reason })?;
    let revoked = verified()?;
    let refused = revoked.findings.iter().find(|finding| finding.code == "key_replaced");
    let followed = rotated.findings.is_empty() && rotated.keys_followed.len() == 1;
    let found = format!(
        "after the rotation {} findings, {} key followed; after the revocation: {}",
        rotated.findings.len(),
        rotated.keys_followed.len(),
        refused.map_or("it was followed", |finding| finding.detail.as_str())
    );
    Ok((followed && refused.is_some(), found))
}

/// Judges parts of the months, each a batch of its own, in a store of its own.
fn volume(scratch: &Path) -> Result<(bool, String)> {
    let story = demonstrate(&scratch.join("volume"), |_, _| ())?;
    let dana = acting(&story, Role::DataScientist)?;
    let mut slowest = 0.0_f64;
    let mut judged = 0;
    // A month of few rows has few orders.
    let months: Vec<&[u8]> =
        MONTHS.iter().map(|(_, table)| *table).filter(|table| table.len() > 10_000).collect();
    for number in 0..50_usize {
        let text = String::from_utf8_lossy(months[number % months.len()]);
        let mut lines = text.lines();
        let header = lines.next().unwrap_or_default();
        // Other bytes each time: the rows in another order.
        let mut rows: Vec<&str> = lines.collect();
        let turn = (number / months.len() + 1) % rows.len().max(1);
        rows.rotate_left(turn);
        let part = format!("{header}\n{}\n", rows.join("\n"));
        let started = Instant::now();
        let name = format!("volume-{number}");
        let taken =
            ingest_batch(&story.store, &dana, batch(&story.store, &name, part.as_bytes())?)?;
        judged += u32::from(taken.is_new);
        slowest = slowest.max(started.elapsed().as_secs_f64());
    }
    let found = format!("{judged} batches judged, the slowest took {:.0} ms", slowest * 1e3);
    Ok((judged == 50 && slowest < 5.0, found))
}
