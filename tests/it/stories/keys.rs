//! Story: the page of the system says which key the ledger has and which it had; a server that still has the old one writes nothing more.
//! Method: the key is rotated behind the back of a running server, as nobody can with `driftledger key`, which refuses then.

use crate::harness::Laboratory;
use driftledger::procedures::change_key::rotate_key;
use driftledger::procedures::check_store::check_store;
use driftledger::store::Store;
use driftledger::store::key_changes::KeyPurpose;
use serde_json::json;

#[test] // P11-30b
fn the_page_of_the_system_names_every_key_and_a_server_with_an_old_one_writes_nothing() {
    let laboratory = Laboratory::open();
    let (ines, dana) = (laboratory.signed_in("ines"), laboratory.signed_in("dana"));
    let folder = laboratory.store.folder().to_owned();
    let old = laboratory.store.verifier_key().to_string();
    let page = ines.read("/system");
    assert!(page.contains(&old) && page.contains("in force"), "{page}");
    assert!(!page.contains("retired"), "{page}");
    let clock = laboratory.store.clock().clone();
    let changed = rotate_key(&folder, &clock, KeyPurpose::Ledger, "yearly, SOP 14").unwrap();
    let page = ines.read("/system");
    for words in [old.as_str(), &changed.new_key.unwrap(), "retired", "in force", "SOP 14"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains(&format!("/audit-trail/{}", changed.entry)), "its entry is a click away");
    let size = || laboratory.store.read(|tx| tx.head()).unwrap().size;
    let before = size();
    dana.post("/api/v1/tokens", &json!({"name": "late"})).problem(500, "key_gave_way");
    assert_eq!(size(), before);
    assert_eq!(check_store(&folder, &mut |_| ()).unwrap().findings, []);
    let store = Store::open(&folder, clock).unwrap();
    assert_ne!(store.verifier_key().to_string(), old);
}
