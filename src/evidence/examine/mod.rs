//! Records held against each other: what a digest of one row cannot show.
//!
//! 1. frozen: every reference, policy and monitor has the digest its row states; every monitor is frozen again from its
//!    reference and policy; registrations hold the same reference and policy; studies are computed again from their counts; acceptance
//!    plans fit their version, test runs are computed again from their counts and come after their plan
//!    plans fit their version; another reference or policy came into force by two signatures, and each report names the revision in force
//! 2. reports: each is computed again from its own counts, bit for bit where this build judged it, else to 1e-9 and with the same
//!    decisions; each follows the report before it, and is about the batch its row names
//! 3. performance: each cohort is computed again from its own counts, each evaluation from its cohorts, and follows the one
//!    before it
//! 4. answers: decisions cite the reports of their episode, signatures are over the bytes of their decision, and nobody
//!    signed what they drafted; how each signer was identified is held against their passkeys and their link to the identity provider;
//!    what was recorded about them before is there: identity check, acceptance of accountability, training
//! 5. life cycles: the steps of every version follow the table, in order, each signed over its own bytes by somebody who may; at no
//!    entry are two versions of a model in use, and what follows an approved version has a signed change record
//! 6. lives of alerts: every step follows the table, each signed over its own bytes by somebody who may; counts of affected
//!    predictions and effectiveness checks are computed again
//! 7. runs and drafts: what a run reported has the digest that its end froze; a draft froze files that were kept, and the version
//!    that took it up names the same
//! 8. periodic reviews: each counts what the ledger holds in its range, and was signed by somebody who had no part in it
//! 9. review of predictions: every sample adds up, every answer is about one of its cases, every result is computed again
//! 10. backups: each names a signed head of this ledger; what a practised restore says was lost is computed again
//! 11. time stamps: each is about a signed head of this ledger, and states what its row says
//! 12. keys: each took the place of the one that was in force
//!
//! 13. invalid batches: each by a decision that is signed by somebody who may and who did not send the batch; every later batch is judged
//!     again in the same entry, from the same counts, and the chain of the reports in force goes on without the invalid batch
//!     and invalid test runs: by somebody who did not make the run, and no step of a version rests on one
//! 14. retention, legal holds and disposals: what two people signed away was due by the policy in force, under no hold, and named by the
//!     records that the disposal says; values that went from records went by a redaction that two people signed, and nothing else of a row
//!     did; what was withdrawn was not signed
//! 15. incidents: every revision follows the one before by the table; the one that closes it is signed by somebody who neither reported nor
//!     investigated it; what it affects was there. Continuity drills: with the figures of the practised restore they name
//! 16. what an approval or a closure lays out of the audit trail about its record is what the ledger holds, and its critical entries were
//!     looked at
//! 17. second factors: every state was brought about by an entry that does, by the owner or by somebody else as that asks
//! 18. acts: every row is of an entry that records such a thing, by the person whom it names
//! 19. upgrades: every record and ledger table held after each what it held before, and each goes on from the schema before
//!
//! It works on a pack and on a store alike, and never stops at the first trouble.

mod acceptance;
pub(super) mod acts;
mod agreement;
mod answers;
mod backups;
mod changes;
mod disposals;
mod episode_lives;
mod factors;
mod frozen;
mod incidents;
mod indicators;
mod invalidations;
mod keys;
mod labels;
mod legal_holds;
mod life_cycle;
mod people;
mod periodic_reviews;
mod qualifications;
mod redactions;
mod references;
mod reports;
mod review_samples;
mod runs;
mod signers;
mod step_facts;
mod studies;
mod succession;
mod test_run_invalidations;
mod time_stamps;
mod trails;
mod upgrades;

use super::records::{Records, Row};
use crate::digest;
use crate::ledger::entry::Entry;
use crate::ledger::key_history::KeyHistory;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// One thing that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind, for example `report_not_reproduced`; stable.
    pub code: &'static str,
    /// The record table.
    pub table: String,
    /// The row's id.
    pub id: String,
    /// What was found and what was expected.
    pub detail: String,
}

/// How many records were held against others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Examined {
    /// Reports computed again.
    pub reports: u64,
    /// Monitors frozen again.
    pub monitors: u64,
    /// Reports, monitors, studies, test runs, evaluations and cohorts among them that another build computed: held to 1e-9 and the same decisions, not to the same bits.
    pub other_build: u64,
    /// Proposals of another reference or policy, held against what is in force, their batches and their signatures.
    pub reference_proposals: u64,
    /// Phase I studies computed again.
    pub studies: u64,
    /// Acceptance plans held against their version.
    pub acceptance_plans: u64,
    /// Test runs computed again, each after the criteria it was for.
    pub test_runs: u64,
    /// Evaluations of labels computed again.
    pub evaluations: u64,
    /// Cohorts computed again.
    pub cohorts: u64,
    /// Invalid batches and test runs, each by a decision held against its records and its signature.
    pub invalidations: u64,
    /// Legal holds, with the records that lift them.
    pub legal_holds: u64,
    /// Disposals of stored files, held against the policy, the holds and the records that name the files.
    pub disposals: u64,
    /// Redactions of values in records, held against their signatures, the holds and the rows.
    pub redactions: u64,
    /// Decisions.
    pub decisions: u64,
    /// Signatures.
    pub signatures: u64,
    /// Assertions of passkeys among them, verified again.
    pub passkey_proofs: u64,
    /// Logins at the identity provider among them, held against the links of the accounts.
    pub provider_logins: u64,
    /// Model records.
    pub model_records: u64,
    /// Steps of versions held against the table.
    pub steps: u64,
    /// Steps of alerts held against the table.
    pub alert_steps: u64,
    /// Effectiveness checks computed again from the reports of later batches.
    pub effectiveness_checks: u64,
    /// Change records held against the registrations and their signatures.
    pub changes: u64,
    /// Qualification runs held against their checks and signatures.
    pub qualifications: u64,
    /// Identity checks: by somebody else, whose role may.
    pub identity_checks: u64,
    /// Acceptances of the statement of accountability, held against it and their signatures.
    pub acceptances: u64,
    /// Trainings: recorded by somebody else, whose role may.
    pub trainings: u64,
    /// States of second factors, each brought about by an entry of its own.
    pub second_factors: u64,
    /// Periodic reviews held against the entries they cover and their signatures.
    pub periodic_reviews: u64,
    /// Revisions of incidents, held against the one before, the records they affect and the signatures that closed them.
    pub incidents: u64,
    /// Continuity drills, held against the practised restores they name.
    pub drills: u64,
    /// Recorded indicators whose figures agree with their counts.
    pub indicator_sheets: u64,
    /// Review samples that add up and are of batches that are there.
    pub review_samples: u64,
    /// Answers about drawn predictions, held against their samples.
    pub review_answers: u64,
    /// Results of review samples computed again from the answers.
    pub review_results: u64,
    /// Backups that were made, restores, and restores that were practised, held against the signed head that they name.
    pub backups: u64,
    /// Changes of keys, each of which took the place of the one in force.
    pub key_changes: u64,
    /// Time stamps that were kept, opened again.
    pub time_stamps: u64,
    /// Upgrades of the store, after which every table held what it held before.
    pub upgrades: u64,
    /// Ended runs digested again.
    pub runs: u64,
    /// Draft versions held against the files they froze.
    pub drafts: u64,
}

/// Gives the entries of a range of the ledger, in order, to a closure; those that are not there are left out.
pub type Entries<'a> = dyn FnMut(Range<u64>, &mut dyn FnMut(&Entry)) + 'a;

/// Examines all `records`; `progress` is called with the number of reports done and their total.
pub fn examine(
    records: &mut dyn Records,
    entries: &mut Entries<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> (Examined, Vec<Trouble>) {
    let mut examiner = Examiner {
        records,
        entries,
        troubles: Vec::new(),
        examined: Examined::default(),
        frozen: frozen::Shelf::default(),
        kept: BTreeMap::new(),
        alerts: None,
        keys: None,
    };
    examiner.keys();
    examiner.acts();
    examiner.registrations();
    examiner.monitors();
    examiner.studies();
    examiner.acceptance();
    examiner.reports(progress);
    examiner.performance();
    examiner.episodes();
    examiner.joined();
    examiner.decisions();
    examiner.signatures();
    examiner.study_signatures();
    let mut signatures = examiner.record_signatures();
    examiner.people(&mut signatures);
    examiner.second_factors();
    examiner.references(&mut signatures);
    examiner.life_cycles(&mut signatures);
    examiner.episode_lives(&mut signatures);
    examiner.invalidations(&mut signatures);
    examiner.test_run_invalidations(&mut signatures);
    examiner.disposals(&mut signatures);
    examiner.periodic_reviews(&mut signatures);
    examiner.trails();
    examiner.incidents(&mut signatures);
    examiner.drills();
    examiner.indicator_sheets();
    examiner.review_samples();
    examiner.signatures_left(signatures);
    examiner.runs();
    examiner.backups();
    examiner.time_stamps();
    examiner.upgrades();
    (examiner.examined, examiner.troubles)
}

/// Ids of alerts by the id of a report that belongs to them.
type AlertsOfReports = BTreeMap<String, Vec<String>>;

struct Examiner<'records> {
    records: &'records mut dyn Records,
    entries: &'records mut Entries<'records>,
    troubles: Vec<Trouble>,
    examined: Examined,
    frozen: frozen::Shelf,
    kept: BTreeMap<String, Rc<[(String, Row)]>>,
    /// Alerts that each report belongs to, once they were asked for.
    alerts: Option<Rc<AlertsOfReports>>,
    /// The keys of the ledger.
    keys: Option<KeyHistory>,
}

impl Examiner<'_> {
    fn trouble(
        &mut self,
        code: &'static str,
        (table, id): (&str, &str),
        detail: impl Into<String>,
    ) {
        let (table, id) = (table.to_owned(), id.to_owned());
        self.troubles.push(Trouble { code, table, id, detail: detail.into() });
    }

    /// Every row of a table; one that cannot be read is a trouble.
    fn rows(&mut self, table: &str) -> Vec<(String, Row)> {
        let mut rows = Vec::new();
        for key in self.records.keys(table) {
            match self.records.row(table, &key) {
                Some(row) => rows.push((key, row)),
                None => self.trouble(
                    "record_unreadable",
                    (table, &key),
                    "the row is not there or not JSON",
                ),
            }
        }
        rows
    }

    /// Every row of a table about people, in the order of their entries: read once, and asked for each signature.
    fn kept(&mut self, table: &str) -> Rc<[(String, Row)]> {
        if let Some(rows) = self.kept.get(table) {
            return Rc::clone(rows);
        }
        let mut rows = self.rows(table);
        rows.sort_by_key(|(_, row)| row.number("entry"));
        let rows: Rc<[(String, Row)]> = rows.into();
        self.kept.insert(table.to_owned(), Rc::clone(&rows));
        rows
    }

    /// The row that column `column` of another row names; none is a trouble.
    fn named(&mut self, from: (&str, &str, &Row), column: &str, table: &str) -> Option<Row> {
        let key = from.2.text(column).to_owned();
        let found = self.records.row(table, &key);
        if found.is_none() {
            let detail = format!("`{column}` names {table} `{key}`, which is not there");
            self.trouble("record_dangling", (from.0, from.1), detail);
        }
        found
    }

    /// The document in `column` of a row, once it has the digest that `digest_column` states and is canonical JSON.
    fn document<T: DeserializeOwned>(
        &mut self,
        of: (&str, &str, &Row),
        (column, digest_column): (&str, &str),
    ) -> Option<T> {
        let (table, key, row) = of;
        let text = row.text(column);
        let (found, stated) = (digest::sha256_hex(text.as_bytes()), row.text(digest_column));
        if found != stated {
            let detail = format!("the document has SHA-256 {found}, the row says {stated}");
            self.trouble("document_changed", (table, key), detail);
        }
        match serde_json::from_str(text) {
            Ok(document) => Some(document),
            Err(error) => {
                self.trouble("document_invalid", (table, key), error.to_string());
                None
            }
        }
    }

    /// States that two values which must be the same are.
    fn same(&mut self, of: (&str, &str), what: &str, found: &str, expected: &str) {
        if found != expected {
            let detail = format!("{what} is `{found}`, expected `{expected}`");
            self.trouble("record_disagrees", of, detail);
        }
    }
}

/// Whether `value` has exactly these canonical bytes.
fn is_canonical<T: Serialize>(value: &T, bytes: &str) -> bool {
    digest::canonical_json(value).is_ok_and(|canonical| canonical == bytes.as_bytes())
}
