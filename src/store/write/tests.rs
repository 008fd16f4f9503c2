//! Writes: what one leaves behind, and what is refused without leaving anything.

use super::*;
use crate::clock::Clock;
use crate::digest::sha256_hex;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::tree;
use crate::store::specimen::{KIND, actor, fresh, tamper};
use serde_json::json;

fn size(store: &Store) -> u64 {
    store.read(|tx| tx.head()).unwrap().size
}

#[test]
fn a_write_leaves_row_entry_and_a_checkpoint_that_proves_it() {
    let (_folder, store) = fresh();
    let written = store
        .write(&actor(), KIND, |tx| -> Result<_> {
            tx.insert_specimen("s_1", "first", None)?;
            tx.refer(0);
            tx.detail(json!({"why": "because"}));
            assert_eq!(tx.specimen("s_1")?.as_deref(), Some("first"), "sees its own rows");
            Ok(tx.at().to_owned())
        })
        .unwrap();
    assert_eq!((written.index, written.value.as_str()), (1, "2026-11-23T17:48:24.132Z"));
    store
        .read(|tx| -> Result<()> {
            let stored = tx.entry(1)?.unwrap();
            assert_eq!(stored.entry.actor, actor());
            assert_eq!(stored.entry.refs, [0]);
            assert_eq!(stored.entry.subj, [Subject::new("specimen", "s_1")]);
            let body = tx.body(1)?.unwrap();
            assert_eq!(body::digest_of(&body), stored.entry.body);
            let body = Body::parse(&body)?;
            assert_eq!(body.detail, json!({"why": "because"}));
            let row = tx.record_row("specimen", "s_1")?.unwrap();
            assert_eq!(body.rows[0].sha256, sha256_hex(&row));
            let text = String::from_utf8(row).unwrap();
            let expected = r#"{"at":"2026-11-23T17:48:24.132Z","entry":1,"id":"s_1","name":"first","weight":0.5}"#;
            assert_eq!(text, expected);
            let proof = tx.log_proof(1)?;
            assert_eq!(proof.checkpoint, written.checkpoint);
            assert_eq!(proof.verify(&stored.leaf, store.verifier_key())?.size, 2);
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_entry_and_every_pair_of_checkpoints_is_proved() {
    let (_folder, store) = fresh();
    for number in 1..20 {
        let id = format!("s_{number}");
        store.write(&actor(), KIND, |tx| tx.insert_specimen(&id, "x", None)).unwrap();
    }
    let key = store.verifier_key();
    store
        .read(|tx| -> Result<()> {
            let open = |size| Checkpoint::open(&tx.checkpoint(size).unwrap().unwrap(), key);
            for to in 1..=20 {
                let new = open(to)?;
                for from in 1..=to {
                    let proof = tx.consistency_proof(from, to)?;
                    tree::verify_consistency(from, to, &proof, &open(from)?.root, &new.root)?;
                }
            }
            for index in 0..20 {
                tx.log_proof(index)?.verify(&tx.entry(index)?.unwrap().leaf, key)?;
            }
            assert!(tx.log_proof(20).is_err());
            assert!(tx.consistency_proof(3, 21).is_err());
            assert!(tx.checkpoint(21)?.is_none());
            let index = |page: &[crate::store::log::StoredEntry]| -> Vec<u64> {
                page.iter().map(|stored| stored.entry.idx).collect()
            };
            assert_eq!(index(&tx.entries(17, 9)?), [17, 18, 19]);
            assert_eq!(index(&tx.entries_before(None, 2)?), [19, 18]);
            assert_eq!(index(&tx.entries_before(Some(2), 9)?), [1, 0]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_failing_closure_leaves_nothing() {
    let (folder, store) = fresh();
    let failed = store.write(&actor(), KIND, |tx| {
        tx.insert_specimen("s_1", "first", None)?;
        tx.note("working")?;
        Err::<(), _>(Error::ObjectName("any".into()))
    });
    assert!(matches!(failed, Err(Error::ObjectName(_))));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(&actor(), KIND, |tx| -> Result<()> {
            tx.insert_specimen("s_1", "first", None)?;
            panic!("in the middle")
        })
    }));
    assert!(panicked.is_err());
    let counts = "SELECT (SELECT count(*) FROM specimen) + (SELECT count(*) FROM specimen_note)";
    let left = store.read(|tx| -> Result<u64> {
        Ok(tx.connection().query_row(counts, [], |row| row.get::<_, Count>(0))?.0)
    });
    assert_eq!(left.unwrap(), 0);
    assert_eq!(size(&store), 1);
    let written = store.write(&actor(), KIND, |tx| tx.insert_specimen("s_1", "first", None));
    assert_eq!(written.unwrap().index, 1);
    assert!(crate::store::check::check(folder.path(), &mut |_| ()).unwrap().is_empty());
}

#[test]
fn a_write_without_a_record_row_is_refused() {
    let (_folder, store) = fresh();
    let refused = store.write(&actor(), KIND, |tx| tx.note("only working"));
    assert!(matches!(refused, Err(Error::NothingRecorded { .. })));
    assert_eq!(size(&store), 1);
}

#[test]
fn a_record_row_that_bypasses_the_entry_is_refused() {
    let (_folder, store) = fresh();
    let refused = store.write(&actor(), KIND, |tx| -> Result<()> {
        tx.insert_specimen("s_1", "first", None)?;
        let sql = "INSERT INTO specimen (id, entry, at, name) VALUES ('s_2', 1, '', 'second')";
        tx.work(|connection| connection.execute(sql, []))?;
        Ok(())
    });
    assert!(matches!(refused, Err(Error::Unwitnessed { touched: 2, listed: 1 })));
    assert_eq!(size(&store), 1);
}

#[test]
fn wrong_tables_second_ids_and_forward_references_are_refused() {
    let (_folder, store) = fresh();
    let refused = store.write(&actor(), KIND, |tx| tx.insert("specimen_note", &[("id", &1)]));
    assert!(matches!(refused, Err(Error::NotARecordTable { .. })));
    let refused = store.write(&actor(), KIND, |tx| -> Result<()> {
        tx.insert_specimen("s_1", "first", None)?;
        tx.insert_specimen("s_1", "again", None)
    });
    assert!(matches!(refused, Err(Error::AlreadyExists { table: "specimen" })));
    let refused = store.write(&actor(), KIND, |tx| -> Result<()> {
        tx.refer(1);
        tx.insert_specimen("s_1", "first", None)
    });
    assert!(matches!(refused, Err(Error::Ledger(crate::ledger::Error::Field { .. }))));
    assert_eq!(size(&store), 1);
}

#[test]
fn record_rows_cannot_be_changed_or_replaced_by_the_writer() {
    let (_folder, store) = fresh();
    store.write(&actor(), KIND, |tx| tx.insert_specimen("s_1", "first", None)).unwrap();
    for sql in [
        "UPDATE specimen SET name = 'x'",
        "DELETE FROM specimen",
        "INSERT OR REPLACE INTO specimen (id, entry, at, name) VALUES ('s_1', 1, '', 'x')",
        "UPDATE entry SET body = x'00'",
        "DELETE FROM tree_node",
        "INSERT OR REPLACE INTO checkpoint (size, note) VALUES (1, 'x')",
    ] {
        let refused = store.write(&actor(), KIND, |tx| -> Result<()> {
            tx.insert_specimen("s_2", "second", None)?;
            tx.work(|connection| connection.execute(sql, []))?;
            Ok(())
        });
        assert!(matches!(refused, Err(Error::Database(_))), "{sql}");
    }
}

#[test]
fn nothing_is_signed_over_a_tree_that_was_changed() {
    let (folder, store) = fresh();
    store.write(&actor(), KIND, |tx| tx.insert_specimen("s_1", "first", None)).unwrap();
    tamper(folder.path(), "UPDATE tree_node SET hash = zeroblob(32)");
    let refused = store.write(&actor(), KIND, |tx| tx.insert_specimen("s_2", "second", None));
    assert!(matches!(refused, Err(Error::TreeBroken { size: 2, .. })));
}

/// One act in three fails, one in seven panics; what succeeds is there at once and under the checkpoint that was given.
#[test]
fn writers_on_many_threads_share_transactions_and_take_only_their_own_failures() {
    let (folder, store) = fresh();
    let one = |thread: usize, number: usize| {
        let id = format!("s_{thread}_{number}");
        let written = store.write(&actor(), KIND, |tx| {
            tx.insert_specimen(&id, "x", None)?;
            assert!(number % 7 != 6, "in the middle");
            if number % 3 == 2 { Err(Error::ObjectName("any".into())) } else { Ok(()) }
        });
        let kept = store.read(|tx| tx.specimen(&id)).unwrap();
        let Ok(written) = written else { return assert_eq!(kept, None) };
        assert!(kept.is_some());
        let head = Checkpoint::open(&written.checkpoint, store.verifier_key()).unwrap();
        assert!(written.index < head.size);
    };
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for number in 0..21 {
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        one(thread, number);
                    }));
                    assert_eq!(done.is_err(), number % 7 == 6);
                }
            });
        }
    });
    let succeeds = |number: &usize| number % 7 != 6 && number % 3 != 2;
    let each = (0..21).filter(succeeds).count() as u64;
    assert_eq!(size(&store), 1 + 8 * each);
    let checkpoints = store.read(|tx| -> Result<u64> {
        let sql = "SELECT count(*) FROM checkpoint";
        Ok(tx.connection().query_row(sql, [], |row| row.get::<_, Count>(0))?.0)
    });
    assert!(checkpoints.unwrap() < size(&store), "some were committed together");
    assert_eq!(crate::store::check::check(folder.path(), &mut |_| ()).unwrap(), []);
}

#[test]
fn an_act_that_comes_alone_gets_a_checkpoint_of_its_own() {
    let (_folder, store) = fresh();
    for number in 1..5 {
        let id = format!("s_{number}");
        let written = store.write(&actor(), KIND, |tx| tx.insert_specimen(&id, "x", None)).unwrap();
        let head = Checkpoint::open(&written.checkpoint, store.verifier_key()).unwrap();
        assert_eq!(head.size, written.index + 1);
    }
}

#[test]
fn what_another_connection_wrote_is_gone_on_from() {
    let (folder, store) = fresh();
    let other = Store::open(folder.path(), Clock::system()).unwrap();
    for (number, writer) in [&store, &other, &other, &store].into_iter().enumerate() {
        let id = format!("s_{number}");
        let written = writer.write(&actor(), KIND, |tx| tx.insert_specimen(&id, "x", None));
        assert_eq!(written.unwrap().index, number as u64 + 1);
    }
    let found = crate::store::check::check(folder.path(), &mut |_| ()).unwrap();
    assert!(found.iter().all(|found| found.code == "time_backwards"), "{found:?}");
}
