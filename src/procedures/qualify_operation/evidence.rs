//! What the ledger and the packs prove, and whether an altered one is noticed.

use super::size;
use crate::error::Result;
use crate::evidence::manifest::Scope;
use crate::evidence::pack::Pack;
use crate::evidence::verify::verify;
use crate::ledger::proof::LogProof;
use crate::procedures::administer::host;
use crate::procedures::check_store::check_store;
use crate::procedures::checklist::{Asked, Checklist};
use crate::procedures::demonstrate::{Demonstration, MONTHS};
use crate::procedures::export_evidence::export_evidence;
use crate::store::Store;
use std::io::Cursor;

pub(super) fn evidence(list: &mut Checklist, story: &Demonstration) {
    let store = &story.store;
    list.ask(
        Asked {
            requirements: &["MON-valid", "P11-10a2"],
            question: "Is every report the same to the last bit when it is computed again from its counts?",
            risk: "A number cannot be reproduced in an inspection.",
            expected: "`check` computes every report again and finds nothing",
        },
        || {
            let checked = check_store(store.folder(), &mut |_| ())?;
            let reports = checked.examined.reports;
            let found = format!("{reports} reports computed again, {} findings", checked.findings.len());
            Ok((checked.findings.is_empty() && reports >= MONTHS.len() as u64, found))
        },
    );
    list.ask(
        Asked {
            requirements: &["AT-chain"],
            question: "Does every entry prove that it is in the ledger?",
            risk: "An entry can be left out or added unnoticed.",
            expected: "every inclusion proof verifies under the public key",
        },
        || {
            let size = size(store)?;
            for index in 0..size {
                let leaf = store.read(|tx| tx.entry(index))?.map(|stored| stored.leaf);
                let text = store.read(|tx| tx.log_proof(index))?.to_text();
                LogProof::parse(&text)?.verify(&leaf.unwrap_or_default(), store.verifier_key())?;
            }
            Ok((size > 0, format!("{size} proofs verified")))
        },
    );
    list.ask(
        Asked {
            requirements: &["P11-10b2", "P11-30b"],
            question: "Does an evidence pack verify, and does every altered one not?",
            risk: "Evidence is believed that somebody altered.",
            expected: "nothing wrong with the pack; each of 24 altered bytes is noticed",
        },
        || altered_packs(store),
    );
}

fn altered_packs(store: &Store) -> Result<(bool, String)> {
    let mut pack = Cursor::new(Vec::new());
    export_evidence(store, &host(), &Scope::whole(), &mut pack, &mut |_, _| ())?;
    let bytes = pack.into_inner();
    let key = store.verifier_key();
    let sound = verify(Cursor::new(&bytes), Some(key), &mut |_| ())?;
    let (mut noticed, tries) = (0, 24);
    for turn in 1..=tries {
        let mut altered = bytes.clone();
        let at = altered.len() * turn / (tries + 1);
        altered[at] ^= 1;
        let found = verify(Cursor::new(&altered), Some(key), &mut |_| ());
        let is_noticed = found.map_or(true, |found| !found.findings.is_empty());
        // A bit of the archive's own headers or padding alters no file.
        noticed += usize::from(is_noticed || same_files(&bytes, &altered)?);
    }
    let found = format!(
        "{} bytes, {} findings; {noticed} of {tries} altered bytes noticed, or without effect on any file",
        bytes.len(),
        sound.findings.len()
    );
    Ok((sound.findings.is_empty() && noticed == tries, found))
}

/// Whether two archives hold the same files.
fn same_files(one: &[u8], other: &[u8]) -> Result<bool> {
    let (mut one, mut other) = (Pack::open(Cursor::new(one))?, Pack::open(Cursor::new(other))?);
    if one.names() != other.names() {
        return Ok(false);
    }
    for name in one.names().clone() {
        if one.read(&name)? != other.read(&name)? {
            return Ok(false);
        }
    }
    Ok(true)
}
