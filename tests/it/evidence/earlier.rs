//! Checkpoints that were seen before: scanned off a printed report, they are held against a later pack.

use super::{Files, export, person, tell};
use driftledger::access::role::Role;
use driftledger::evidence::manifest::{CHECKPOINT, Scope};
use driftledger::evidence::verify::earlier::EarlierHead;
use driftledger::evidence::verify::{Believed, Trust, Verification, verify};
use driftledger::ledger::checkpoint::Checkpoint;
use driftledger::ledger::key::LogKey;
use driftledger::ledger::note::VerifierKey;
use std::io::Cursor;

fn held(pack: &[u8], key: &VerifierKey, notes: &[&str]) -> Verification {
    let earlier: Vec<EarlierHead> =
        notes.iter().map(|note| EarlierHead::new("scanned.txt", note)).collect();
    let believed = Believed { ledger: Trust::Key(key), authorities: None, earlier: &earlier };
    verify(Cursor::new(pack), believed, &mut |_| ()).unwrap()
}

fn checkpoint(pack: &[u8]) -> String {
    String::from_utf8(Files::of(pack).0[CHECKPOINT].clone()).unwrap()
}

#[test] // AT-chain
fn a_checkpoint_off_a_printed_report_is_held_against_a_later_pack() {
    let folder = tempfile::tempdir().unwrap();
    let store = tell(folder.path());
    let printed = export(&store, &Scope::whole()).0;
    person(&store, "ines", Role::Inspector);
    let later = export(&store, &Scope::whole()).0;
    let key = store.verifier_key().clone();
    let (first, second) = (checkpoint(&printed), checkpoint(&later));
    let size = Checkpoint::open(&first, &key).unwrap().size;

    let scanned = first.replace('\n', "\r\n");
    let found = held(&later, &key, &[&scanned, &second]);
    assert_eq!(found.findings, []);
    assert_eq!(found.seen_before, [size, found.size.unwrap()]);
    assert_eq!(held(&later, &key, &[]).seen_before, [0_u64; 0]);

    // Entries that are not there any more, another ledger's, and a history that its own key signed over.
    let other = tell(tempfile::tempdir().unwrap().path());
    let foreign = checkpoint(&export(&other, &Scope::whole()).0);
    let own = LogKey::load(&folder.path().join("keys/log.pem"), key.name()).unwrap();
    let head = Checkpoint::open(&first, &key).unwrap();
    let rewritten = Checkpoint { root: [7; 32], ..head }.sign(&own).unwrap();
    for (pack, note, words) in [
        (&printed, &second, "entries were removed"),
        (&later, &foreign, ""),
        (&later, &rewritten, "have root"),
    ] {
        let found = held(pack, &key, &[note]);
        let [finding] = found.findings.as_slice() else { panic!("{:#?}", found.findings) };
        assert_eq!((finding.code, finding.file.as_str()), ("earlier_head_differs", "scanned.txt"));
        assert!(finding.detail.contains(words), "{}", finding.detail);
        assert_eq!(found.seen_before, [0_u64; 0]);
    }
}
