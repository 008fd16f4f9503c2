//! Procedure: be a witness of other people's logs. For each checkpoint that arrives:
//!
//! 1. find the log by the name in the checkpoint, and which of its keys signed it: a log that gets another key has more than one for a while
//! 2. hold it against the newest checkpoint that was cosigned of that log, under whichever key of it
//! 3. keep it, durably
//! 4. cosign it
//!
//! One at a time, so that no earlier head can overtake a later one. A witness has a folder of its own, with its key and one file for
//! each log; it needs nothing of the log but its public key.

use crate::clock::Clock;
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::cosignature::{WitnessKey, WitnessVerifier};
use crate::ledger::note::VerifierKey;
use crate::ledger::witness::{Refusal, Submission};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The logs of a witness.
#[derive(Clone, Debug, Default)]
pub struct KnownLogs {
    /// Keys whose checkpoints are cosigned; of one log there may be more than one.
    pub logs: Vec<VerifierKey>,
    /// Keys of these logs whose checkpoints are not cosigned any more. What was cosigned under them is still what the log must go on from.
    pub retired: Vec<VerifierKey>,
}

impl From<Vec<VerifierKey>> for KnownLogs {
    fn from(logs: Vec<VerifierKey>) -> Self {
        Self { logs, retired: Vec::new() }
    }
}

/// A witness.
#[derive(Debug)]
pub struct Witness {
    folder: PathBuf,
    key: WitnessKey,
    known: KnownLogs,
    clock: Clock,
    /// Held for as long as this witness lives: the second one on a folder is refused.
    turn: Mutex<File>,
}

impl Witness {
    /// The witness in `folder`, made there under `name` if the folder has none yet, for `logs`.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] without a name for a new one, or under another name than it has; [`Error::Conflict`] when another process
    /// has the folder; [`Error::File`], [`Error::Ledger`].
    pub fn open(
        folder: &Path,
        name: Option<&str>,
        logs: impl Into<KnownLogs>,
        clock: Clock,
    ) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file("making", folder))?;
        let lock = folder.join("lock");
        let turn = File::options().create(true).append(true).open(&lock);
        let turn = turn.map_err(Error::file("opening", &lock))?;
        if turn.try_lock().is_err() {
            let detail = format!("another witness runs in `{}`; stop it first", folder.display());
            return Err(Error::Conflict { detail });
        }
        let key = open_key(folder, name)?;
        let known = logs.into();
        Ok(Self { folder: folder.to_owned(), key, known, clock, turn: Mutex::new(turn) })
    }

    /// The public half of its key.
    pub fn verifier(&self) -> &WitnessVerifier {
        self.key.verifier()
    }

    /// The line that cosigns the checkpoint in `request`, or the refusal that the protocol demands.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Ledger`]: what this witness kept cannot be read, or the new checkpoint not be kept. Nothing is cosigned.
    pub fn cosign(&self, request: &str) -> Result<std::result::Result<String, Refusal>> {
        let submission = match Submission::parse(request) {
            Ok(submission) => submission,
            Err(error) => return Ok(Err(Refusal::Malformed(error.to_string()))),
        };
        let origin = match Checkpoint::stated(&submission.checkpoint) {
            Ok(stated) => stated.origin,
            Err(error) => return Ok(Err(Refusal::Malformed(error.to_string()))),
        };
        let keys: Vec<_> = self.known.logs.iter().filter(|log| log.name() == origin).collect();
        let signed = |log: &&&VerifierKey| Checkpoint::open(&submission.checkpoint, log).is_ok();
        let Some(log) = keys.iter().find(signed).or(keys.first()) else {
            return Ok(Err(Refusal::UnknownLog));
        };
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path =
            self.folder.join(format!("{}.checkpoint", hex::encode(sha256(origin.as_bytes()))));
        let retired = self.known.retired.iter().filter(|log| log.name() == origin);
        let newest = newest(&path, keys.iter().copied().chain(retired))?;
        let head = match submission.judge(log, newest.as_ref()) {
            Ok(head) => head,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if newest.as_ref() != Some(&head) {
            keep(&self.folder, &path, &submission.checkpoint)?;
        }
        Ok(Ok(self.key.cosign(&head, self.clock.now())))
    }
}

fn open_key(folder: &Path, name: Option<&str>) -> Result<WitnessKey> {
    let (private, public) = (folder.join("witness.pem"), folder.join("witness.vkey"));
    if !private.exists() {
        let Some(name) = name else {
            let detail = format!(
                "there is no witness in `{}` yet; say what it is called with `--name`, for example `--name witness.qa.example.org/w1`",
                folder.display()
            );
            return Err(Error::BadRequest { detail });
        };
        let key = WitnessKey::generate(name)?;
        let text = format!("{}\n", key.verifier());
        fs::write(&public, text).map_err(Error::file("writing", &public))?;
        key.save(&private)?;
        return Ok(key);
    }
    let text = fs::read_to_string(&public).map_err(Error::file("reading", &public))?;
    let verifier: WitnessVerifier = text.trim_end().parse()?;
    let key = WitnessKey::load(&private, verifier.name())?;
    if *key.verifier() != verifier {
        let detail =
            format!("`{}` and `{}` do not belong together", private.display(), public.display());
        return Err(Error::Conflict { detail });
    }
    if let Some(name) = name
        && name != verifier.name()
    {
        let detail = format!(
            "the witness in `{}` is called `{}`, not `{name}`",
            folder.display(),
            verifier.name()
        );
        return Err(Error::BadRequest { detail });
    }
    Ok(key)
}

/// The newest head that was cosigned, under one of these keys.
fn newest<'a>(
    path: &Path,
    keys: impl Iterator<Item = &'a VerifierKey>,
) -> Result<Option<Checkpoint>> {
    let note = match fs::read_to_string(path) {
        Ok(note) => note,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("reading", path)(error)),
    };
    let mut refused = None;
    for key in keys {
        match Checkpoint::open(&note, key) {
            Ok(head) => return Ok(Some(head)),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let detail = format!(
        "`{}` holds the newest head that was cosigned of a log, and none of the keys that this witness was given signed it ({}); give the key \
         that did with `--retired`, until a head under the new key was cosigned",
        path.display(),
        refused.map_or_else(|| "there is no key".to_owned(), |error| error.to_string())
    );
    Err(Error::Conflict { detail })
}

/// Replaces the file at `path` as a whole, and returns when it is durable.
fn keep(folder: &Path, path: &Path, note: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let kept = File::create(&unfinished).and_then(|mut file| {
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(folder)?.sync_all()
    });
    kept.map_err(Error::file("writing", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::LogKey;

    fn submission(key: &LogKey, old_size: u64, size: u64) -> String {
        let origin = key.verifier().name().to_owned();
        let checkpoint = Checkpoint { origin, size, root: [7; 32] }.sign(key).unwrap();
        Submission { old_size, proof: Vec::new(), checkpoint }.to_text()
    }

    #[test]
    fn a_witness_remembers_across_a_restart_and_has_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogKey::generate("example.org/log").unwrap();
        let open = |name| {
            Witness::open(folder.path(), name, vec![log.verifier().clone()], Clock::system())
        };
        assert!(matches!(open(None), Err(Error::BadRequest { .. })));
        let witness = open(Some("w.example/1")).unwrap();
        assert!(matches!(open(None), Err(Error::Conflict { .. })), "two on one folder");
        let request = submission(&log, 0, 4);
        let line = witness.cosign(&request).unwrap().unwrap();
        let note = Submission::parse(&request).unwrap().checkpoint + &line;
        assert!(witness.verifier().cosigned_at(&note).unwrap().is_some());
        drop(witness);
        assert!(matches!(open(Some("w.example/2")), Err(Error::BadRequest { .. })));
        let again = open(None).unwrap();
        assert_eq!(again.cosign(&submission(&log, 0, 2)).unwrap(), Err(Refusal::Conflict(4)));
        let stranger = LogKey::generate("example.org/other").unwrap();
        assert_eq!(again.cosign(&submission(&stranger, 0, 2)).unwrap(), Err(Refusal::UnknownLog));
        assert!(matches!(again.cosign("old").unwrap(), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn a_log_that_got_another_key_goes_on_and_one_whose_key_was_retired_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = [(); 2].map(|()| LogKey::generate("example.org/log").unwrap());
        let [old_log, new_log] = [&old, &new].map(|key| key.verifier().clone());
        let open = |logs: &[&VerifierKey], retired: &[&VerifierKey]| {
            let owned = |keys: &[&VerifierKey]| keys.iter().map(|key| (*key).clone()).collect();
            let known = KnownLogs { logs: owned(logs), retired: owned(retired) };
            Witness::open(folder.path(), Some("w.example/1"), known, Clock::system()).unwrap()
        };
        let witness = open(&[&old_log], &[]);
        assert!(witness.cosign(&submission(&old, 0, 4)).unwrap().is_ok());
        assert_eq!(witness.cosign(&submission(&new, 4, 4)).unwrap(), Err(Refusal::NotSigned));
        drop(witness);
        let both = open(&[&old_log, &new_log], &[]);
        assert!(both.cosign(&submission(&new, 4, 4)).unwrap().is_ok());
        assert!(both.cosign(&submission(&old, 4, 4)).unwrap().is_ok());
        drop(both);
        // What was cosigned last is under the old key; it is still what has to be gone on from.
        let alone = open(&[&new_log], &[]);
        let refused = alone.cosign(&submission(&new, 4, 4)).unwrap_err();
        assert!(refused.to_string().contains("--retired"), "{refused}");
        drop(alone);
        let after = open(&[&new_log], &[&old_log]);
        assert_eq!(after.cosign(&submission(&new, 0, 2)).unwrap(), Err(Refusal::Conflict(4)));
        assert_eq!(after.cosign(&submission(&old, 4, 4)).unwrap(), Err(Refusal::NotSigned));
        assert!(after.cosign(&submission(&new, 4, 4)).unwrap().is_ok());
    }

    #[test]
    fn what_was_kept_and_altered_stops_the_witness() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogKey::generate("example.org/log").unwrap();
        let logs = vec![log.verifier().clone()];
        let witness = Witness::open(folder.path(), Some("w"), logs, Clock::system()).unwrap();
        witness.cosign(&submission(&log, 0, 4)).unwrap().unwrap();
        let kept = fs::read_dir(folder.path()).unwrap().map(|found| found.unwrap().path());
        let kept =
            kept.into_iter().find(|path| path.extension().is_some_and(|e| e == "checkpoint"));
        let text = fs::read_to_string(kept.as_ref().unwrap()).unwrap();
        fs::write(kept.unwrap(), text.replace("\n4\n", "\n1\n")).unwrap();
        assert!(witness.cosign(&submission(&log, 1, 4)).is_err());
    }
}
