//! Procedure: have the newest checkpoint cosigned. For each witness that has an address and has not cosigned it yet:
//!
//! 1. in one snapshot: take the newest checkpoint and the proof that the ledger only grew since that witness cosigned last
//! 2. send both; where the witness remembers another head than we do, once more from the one it remembers
//! 3. verify what it answers and keep it beside the checkpoint
//!
//! A witness that has seen more entries than there are here, or other ones, tells that this ledger was put back or replaced.

use crate::error::{Error, Result};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::trust_policy::{KnownWitness, TrustPolicy};
use crate::ledger::witness::Submission;
use crate::store::Store;

/// What a witness answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: lines to add to the note.
    Cosigned(String),
    /// 409: the witness has cosigned this many entries.
    OtherSize(u64),
    /// 422: the proof does not lead from the head it cosigned to ours.
    NotConsistent,
    /// Any other status, with what was said; also when nobody answers.
    Refused(String),
}

/// What came of asking one witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has cosigned the newest checkpoint, now or before.
    Cosigned,
    /// It has seen another history than this one: more entries than there are here, or other ones.
    Contradicts {
        /// Entries it has seen.
        seen: u64,
        /// Entries that are here.
        here: u64,
    },
    /// It did not answer, or refused for another reason.
    Failed(String),
}

/// How a submission gets to the witness at an address.
pub type Send<'a> = &'a dyn Fn(&str, &Submission) -> Answer;

/// Asks every witness of `policy` that has an address; gives what came of it, by the witness's name within the policy.
///
/// # Errors
///
/// Those of the store. A witness that cannot be asked is an outcome.
pub fn ask_witnesses(
    store: &Store,
    policy: &TrustPolicy,
    send: Send<'_>,
) -> Result<Vec<(String, Outcome)>> {
    let mut outcomes = Vec::new();
    for witness in &policy.witnesses {
        if let Some(url) = &witness.url {
            outcomes.push((witness.name.clone(), ask(store, witness, url, send)?));
        }
    }
    Ok(outcomes)
}

fn ask(store: &Store, witness: &KnownWitness, url: &str, send: Send<'_>) -> Result<Outcome> {
    let key = witness.key.to_string();
    let (known, newest) = store.read(|tx| {
        Ok::<_, Error>((tx.cosigned_size(&key)?.unwrap_or_default(), tx.head()?.size))
    })?;
    if known == newest {
        return Ok(Outcome::Cosigned);
    }
    let mut old_size = known;
    // Once from what we remember, once from what the witness remembers.
    for _ in 0..2 {
        let submission = submission(store, old_size)?;
        let head = Checkpoint::stated(&submission.checkpoint)?;
        match send(url, &submission) {
            Answer::Cosigned(lines) => return keep(store, witness, &submission, &lines),
            Answer::OtherSize(seen) if seen > head.size || seen == old_size => {
                return Ok(Outcome::Contradicts { seen, here: head.size });
            }
            Answer::OtherSize(seen) => old_size = seen,
            Answer::NotConsistent => {
                return Ok(Outcome::Contradicts { seen: old_size, here: head.size });
            }
            Answer::Refused(why) => return Ok(Outcome::Failed(why)),
        }
    }
    Ok(Outcome::Failed("it remembers another head each time it is asked".to_owned()))
}

/// The newest checkpoint, with the proof from `old_size` entries on.
fn submission(store: &Store, old_size: u64) -> Result<Submission> {
    store.read(|tx| {
        let head = tx.head()?;
        let old_size = old_size.min(head.size);
        let proof = tx.consistency_proof(old_size, head.size)?;
        Ok(Submission { old_size, proof, checkpoint: head.checkpoint })
    })
}

fn keep(
    store: &Store,
    witness: &KnownWitness,
    submission: &Submission,
    lines: &str,
) -> Result<Outcome> {
    let note = format!("{}{lines}", submission.checkpoint);
    match witness.key.cosigned_at(&note) {
        Ok(Some(_)) => {
            let head = Checkpoint::stated(&submission.checkpoint)?;
            // Lines of other keys may stand beside its own: they say nothing we asked for.
            let own = lines.split_inclusive('\n').find(|line| {
                let alone = format!("{}{line}", submission.checkpoint);
                matches!(witness.key.cosigned_at(&alone), Ok(Some(_)))
            });
            store.keep_cosignature(head.size, &witness.key.to_string(), own.unwrap_or_default())?;
            Ok(Outcome::Cosigned)
        }
        Ok(None) => Ok(Outcome::Failed("its answer holds no cosignature of its own".to_owned())),
        Err(error) => Ok(Outcome::Failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::ledger::entry::{Actor, EntryType, Subject};
    use crate::ledger::witness::Refusal;
    use crate::procedures::cosign_checkpoint::Witness;
    use std::fs;

    fn fresh() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), "example.org/log", Clock::system()).unwrap();
        (folder, store)
    }

    fn record(store: &Store, id: &str) {
        let actor = Actor::new("ac_1", "data_scientist", "token");
        let written = store.write(&actor, EntryType::ExperimentCreate, |tx| {
            tx.subject(Subject::new("experiment", id));
            tx.insert_experiment(id, id)
        });
        written.unwrap();
    }

    /// Hands a submission to `witness` as its HTTP door does.
    fn hand(witness: &Witness, submission: &Submission) -> Answer {
        match witness.cosign(&submission.to_text()).unwrap() {
            Ok(line) => Answer::Cosigned(line),
            Err(Refusal::Conflict(size)) => Answer::OtherSize(size),
            Err(Refusal::NotConsistent) => Answer::NotConsistent,
            Err(other) => Answer::Refused(format!("{other:?}")),
        }
    }

    #[test]
    fn a_ledger_that_grows_is_cosigned_and_one_put_back_is_found_out() {
        let (folder, store) = fresh();
        let place = tempfile::tempdir().unwrap();
        let logs = vec![store.verifier_key().clone()];
        let witness =
            Witness::open(place.path(), Some("w.example/1"), logs, Clock::system()).unwrap();
        let text = format!(
            "log {}\nwitness qa {} http://w.example\nquorum qa\n",
            store.verifier_key(),
            witness.verifier()
        );
        let policy = TrustPolicy::parse(&text).unwrap();
        let ask = |store: &Store| {
            let asked = ask_witnesses(store, &policy, &|_, sent| hand(&witness, sent)).unwrap();
            asked.into_iter().next().unwrap().1
        };
        for n in 0..5 {
            record(&store, &format!("ex_{n}"));
            assert_eq!(ask(&store), Outcome::Cosigned);
        }
        let (size, note) = store.read(|tx| tx.witnessed_checkpoints()).unwrap().remove(0);
        assert_eq!((size, policy.open(&note).unwrap().head.size), (6, 6));
        drop(store);

        let yesterday = tempfile::tempdir().unwrap();
        fs::create_dir(yesterday.path().join("keys")).unwrap();
        for name in ["driftledger.db", "driftledger.db-wal", "keys/log.pem", "keys/log.vkey"] {
            if folder.path().join(name).exists() {
                fs::copy(folder.path().join(name), yesterday.path().join(name)).unwrap();
            }
        }
        let store = Store::open(folder.path(), Clock::system()).unwrap();
        record(&store, "ex_5");
        assert_eq!(ask(&store), Outcome::Cosigned);
        let store = Store::open(yesterday.path(), Clock::system()).unwrap();
        // As large as the witness has seen, then larger, and still another history.
        record(&store, "ex_other");
        assert_eq!(ask(&store), Outcome::Contradicts { seen: 7, here: 7 });
        record(&store, "ex_more");
        assert_eq!(ask(&store), Outcome::Contradicts { seen: 7, here: 8 });
    }

    #[test]
    fn a_witness_that_lies_or_is_silent_leaves_nothing() {
        let (_folder, store) = fresh();
        let place = tempfile::tempdir().unwrap();
        let logs = vec![store.verifier_key().clone()];
        let witness = Witness::open(place.path(), Some("w"), logs, Clock::system()).unwrap();
        let text = format!("witness qa {} http://w\nquorum qa\n", witness.verifier());
        let policy = TrustPolicy::parse(&text).unwrap();
        for answer in [
            Answer::Cosigned(String::new()),
            Answer::Cosigned("no line".to_owned()),
            Answer::Cosigned("\u{2014} somebody.else AAAAAAEC\n".to_owned()),
            Answer::OtherSize(0),
            Answer::Refused("nobody is there".to_owned()),
        ] {
            let asked = ask_witnesses(&store, &policy, &|_, _| answer.clone()).unwrap();
            assert_ne!(asked[0].1, Outcome::Cosigned, "{answer:?}");
            assert!(store.read(|tx| tx.witnessed_checkpoints()).unwrap().is_empty());
        }
    }
}
