//! Keys: the one that the folder names is the one that the ledger came to, and every key that gave way signed the head that says so.
//!
//! The folder's key is what is trusted. It signs the newest head, and so vouches for the records of the keys before it.

use super::{Report, chain};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::key_history::KeyHistory;
use crate::ledger::note::VerifierKey;
use crate::store::folder::Folder;
use crate::store::key_files::{Keys, Relation};
use crate::store::log::checkpoint_of_size;
use crate::store::{Error, Result};
use rusqlite::Connection;

/// The keys that this examination goes by.
pub(super) struct Trusted {
    /// Which of them signs which head.
    pub(super) history: KeyHistory,
    /// Every key that may have signed a head that was seen here.
    pub(super) known: Vec<VerifierKey>,
    named: VerifierKey,
    relation: Relation,
}

/// The keys of the folder and of its records, where these lead to it; else the folder's alone.
pub(super) fn read(
    folder: &Folder,
    connection: &Connection,
    named: VerifierKey,
    report: &mut Report<'_>,
) -> Trusted {
    let keys = Keys::read(folder, connection);
    match keys {
        Ok(keys) if keys.relation != Relation::Foreign => {
            let known = keys.known();
            let Keys { history, named, relation, .. } = keys;
            return Trusted { history, known, named, relation };
        }
        // A database that cannot be read is told by what reads all of it.
        Ok(_) | Err(Error::Database(_)) => {}
        Err(error) => report.error("key_history_invalid", "key_change", "", chain(&error)),
    }
    let (history, known) = (KeyHistory::new(named.clone()), vec![named.clone()]);
    Trusted { history, known, named, relation: Relation::Foreign }
}

impl Trusted {
    /// What can be said once the heads were examined.
    pub(super) fn check(&self, connection: &Connection, report: &mut Report<'_>) -> Result<()> {
        match self.relation {
            Relation::Same | Relation::Foreign => {}
            Relation::LedgerAhead => {
                let detail = format!(
                    "the ledger goes on under `{}`, the key file still says `{}`; opening the store, for example with `driftledger key list`, \
                     puts the new key in its place",
                    self.history.current(),
                    self.named
                );
                report.warning("key_not_in_place", "ledger", self.named.name(), detail);
            }
            Relation::LedgerBehind => {
                let detail = format!(
                    "the ledger is signed by `{}`, which gave way here to `{}`: the database was put back",
                    self.history.current(),
                    self.named
                );
                report.error("key_changed", "ledger", self.named.name(), detail);
            }
        }
        self.first_key(connection, report)?;
        for change in self.history.rotations() {
            let note = checkpoint_of_size(connection, change.size())?.unwrap_or_default();
            if let Err(error) = Checkpoint::open(&note, &change.old_key) {
                let detail = format!(
                    "entry {} says that `{}` gave way; it did not sign the head that first covers it: {}",
                    change.entry,
                    change.old_key,
                    chain(&error)
                );
                report.error("key_change_unsigned", "checkpoint", change.size(), detail);
            }
        }
        Ok(())
    }

    /// The key that entry 0 recorded is the first of those that this examination trusts.
    fn first_key(&self, connection: &Connection, report: &mut Report<'_>) -> Result<()> {
        let sql = "SELECT id, verifier_key FROM ledger ORDER BY id";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, recorded): (String, String) = (row.get(0)?, row.get(1)?);
            if recorded != self.history.first().to_string() {
                let detail = format!("recorded {recorded}, the key file says {}", self.named);
                report.error("key_changed", "ledger", id, detail);
            }
        }
        Ok(())
    }
}
