//! Acts: entries that say something else than their rows, written through the store by somebody who has it and its key. Every digest is
//! right; only what entry and row say does not fit.

use super::packs::verified;
use super::{export, person, tell};
use driftledger::access::role::Role;
use driftledger::evidence::manifest::Scope;
use driftledger::ledger::entry::{Actor, EntryType};
use driftledger::procedures::check_store::check_store;
use driftledger::store::exports::ExportRow;

#[test] // P11-10a2
fn a_row_whose_entry_says_something_else_is_named_by_check_and_in_a_pack() {
    let folder = tempfile::tempdir().unwrap();
    let store = tell(folder.path());
    let alert = store.read(|tx| tx.episodes(None, 1)).unwrap()[0].id.clone();
    let ines = person(&store, "ines", Role::Inspector).0.account.id;
    let somebody = Actor::new("ac_somebody", "qa", "session");
    let written = store.write(&somebody, EntryType::ModelChange, |tx| {
        tx.insert_acknowledgement("ak_1", (&alert, &ines), ("minor", "nothing to see"))
    });
    let told = format!("it names `{ines}`, entry {} is by `ac_somebody`", written.unwrap().index);
    // A signature is said to have been given; what was written is something else.
    let written = store.write(&somebody, EntryType::DecisionSign, |tx| {
        tx.insert_export(&ExportRow {
            id: "ee_1".to_owned(),
            scope: "{}".to_owned(),
            size: 1,
            files: 1,
            bytes: 1,
            sha256: "0".repeat(64),
            requested_at: tx.at().to_owned(),
            duration_ms: 1,
            at: tx.at().to_owned(),
            entry: tx.index(),
        })
    });
    let signed = format!("bodies/{}.json", written.unwrap().index);
    // A temporary code that its owner gave herself, recorded as the use of one, by somebody else.
    let written = store.write(&somebody, EntryType::FactorTemporaryUse, |tx| {
        let until = "2199-01-01T00:00:00.000Z";
        tx.insert_temporary_factor("sf_1", (&ines, &ines), ("telephone lost", until))
    });
    let given = format!("it names `{ines}`, entry {} is by `ac_somebody`", written.unwrap().index);
    let expected = [
        ("acknowledgement", "is a `model.change`, expected alert.acknowledge"),
        ("acknowledgement", "does not name its episode"),
        ("acknowledgement", told.as_str()),
        ("evidence_export", "is a `decision.sign`, expected evidence.export"),
        ("second_factor", given.as_str()),
        ("second_factor", "does not name its account"),
        ("second_factor", "which entry"),
        ("second_factor", "expected 72 hours at most"),
        ("second_factor", "`inspector` may not issue a temporary code"),
    ];
    let checked = check_store(folder.path(), &mut |_| ()).unwrap().findings;
    let found = verified(&export(&store, &Scope::whole()).0, None).findings;
    for (table, words) in expected {
        let told = checked.iter().any(|finding| {
            ["act_differs", "factor_not_valid"].contains(&finding.code)
                && finding.table == table
                && finding.detail.contains(words)
        });
        assert!(told, "{words}: {checked:#?}");
        let record = format!("records/{table}/");
        let told = found.iter().any(|finding| {
            ["act_differs", "factor_not_valid"].contains(&finding.code)
                && finding.file.starts_with(&record)
                && finding.detail.contains(words)
        });
        assert!(told, "{words}: {found:#?}");
    }
    let told = found.iter().any(|finding| finding.code == "act_differs" && finding.file == signed);
    assert!(told, "{signed}: {found:#?}");
}
