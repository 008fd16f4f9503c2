//! Model records, the steps of a version's life, and the signatures over them.

use super::{Error, ReadTx, Result, WriteTx};
use crate::access::role::Role;
use crate::review::life_cycle::{Author, Step, Taken, VersionState, state_after};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;
use std::collections::HashMap;

/// A revision of a version's model record, without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ModelRecordRow {
    /// Id.
    pub id: String,
    /// Version it is about.
    pub version_id: String,
    /// User name of who sent it.
    pub written_by: String,
    /// Number of the revision, from 1.
    pub revision: u64,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A step as it is stored, with the signature over it.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// What was done by whom.
    pub taken: Taken,
    /// SHA-256 of its sheet.
    pub sha256: String,
    /// The canonical sheet.
    pub document: String,
    /// The canonical signature.
    pub signature: String,
}

/// Which kinds of records there are about a version.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionProgress {
    /// A model record.
    pub record: bool,
    /// An acceptance plan.
    pub plan: bool,
    /// A change record.
    pub change: bool,
    /// A Phase I study.
    pub study: bool,
    /// A step of its life.
    pub step: bool,
}

impl WriteTx<'_> {
    /// Records a revision of a model record.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_model_record(
        &mut self,
        row: &ModelRecordRow,
        account_id: &str,
        document: &str,
    ) -> Result<()> {
        let revision = i64::try_from(row.revision).unwrap_or(i64::MAX);
        self.insert(
            "model_record",
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                ("account_id", &account_id),
                ("revision", &revision),
                ("sha256", &row.sha256),
                ("document", &document),
            ],
        )
    }

    /// Records a step of a version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_version_step(
        &mut self,
        (id, step): (&str, Step),
        (version_id, account_id): (&str, &str),
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "version_step",
            &[
                ("id", &id),
                ("version_id", &version_id),
                ("account_id", &account_id),
                ("step", &step.word()),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }

    /// Records a signature over the record `(table, id)`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_record_signature(
        &mut self,
        id: &str,
        (table, record_id): (&str, &str),
        account_id: &str,
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "record_signature",
            &[
                ("id", &id),
                ("record_table", &table),
                ("record_id", &record_id),
                ("account_id", &account_id),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }
}

const RECORD: &str = "SELECT r.id, r.version_id, a.user_name, r.revision, r.sha256, r.at, r.entry \
                      FROM model_record r JOIN account a ON a.id = r.account_id";

const STEP: &str = "SELECT s.id, s.step, s.account_id, a.user_name, a.role, s.at, s.entry, s.sha256, s.document, g.document \
                    FROM version_step s JOIN account a ON a.id = s.account_id \
                    JOIN record_signature g ON g.record_table = 'version_step' AND g.record_id = s.id";

fn record_of(row: &Row<'_>) -> rusqlite::Result<ModelRecordRow> {
    Ok(ModelRecordRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        written_by: row.get(2)?,
        revision: row.get::<_, i64>(3)?.unsigned_abs(),
        sha256: row.get(4)?,
        at: row.get(5)?,
        entry: row.get::<_, i64>(6)?.unsigned_abs(),
    })
}

/// What a step's row says; words that this program does not know are a damaged row.
fn step_of(row: &Row<'_>) -> rusqlite::Result<Option<StepRow>> {
    let (step, role): (String, String) = (row.get(1)?, row.get(4)?);
    let (Some(step), Ok(role)) = (Step::of_word(&step), Role::parse(&role)) else {
        return Ok(None);
    };
    let taken = Taken {
        id: row.get(0)?,
        step,
        account_id: row.get(2)?,
        user_name: row.get(3)?,
        role,
        at: row.get(5)?,
        entry: row.get::<_, i64>(6)?.unsigned_abs(),
    };
    let (sha256, document, signature) = (row.get(7)?, row.get(8)?, row.get(9)?);
    Ok(Some(StepRow { taken, sha256, document, signature }))
}

impl ReadTx<'_> {
    /// The revisions of a version's model record, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn model_records(&self, version_id: &str) -> Result<Vec<ModelRecordRow>> {
        let sql = format!("{RECORD} WHERE r.version_id = :version_id ORDER BY r.revision DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, record_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The canonical document of a model record.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn model_record_document(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT document FROM model_record WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": id}, |row| row.get(0)).optional()?)
    }

    /// The steps a version took, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for a step this program does not know.
    pub fn version_steps(&self, version_id: &str) -> Result<Vec<StepRow>> {
        let sql = format!("{STEP} WHERE s.version_id = :version_id ORDER BY s.entry, s.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, step_of)?;
        let rows: Vec<Option<StepRow>> = rows.collect::<rusqlite::Result<_>>()?;
        let broken = || broken(version_id, "names a step that is none".to_owned());
        rows.into_iter().map(|row| row.ok_or_else(broken)).collect()
    }

    /// Where a version stands: what follows from its steps.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for steps that cannot follow each other.
    pub fn version_state(&self, version_id: &str) -> Result<VersionState> {
        let steps = self.version_steps(version_id)?;
        state_after(steps.iter().map(|row| row.taken.step)).map_err(|(state, step)| {
            let detail = format!("`{}` cannot follow `{}`", step.word(), state.word());
            broken(version_id, detail)
        })
    }

    /// Who made a version: who registered it, described it, stated its change, planned its test, tested it or submitted it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn version_authors(&self, version_id: &str) -> Result<Vec<Author>> {
        let sql = "SELECT a.id, a.user_name FROM account a WHERE a.id IN ( \
                   SELECT registered_by FROM model_version WHERE id = :version_id \
                   UNION SELECT account_id FROM model_record WHERE version_id = :version_id \
                   UNION SELECT account_id FROM acceptance_plan WHERE version_id = :version_id \
                   UNION SELECT account_id FROM test_run WHERE version_id = :version_id \
                   UNION SELECT account_id FROM change_record WHERE version_id = :version_id \
                   UNION SELECT account_id FROM version_step WHERE version_id = :version_id AND step = 'submit') \
                   ORDER BY a.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |row| {
            Ok(Author { id: row.get(0)?, user_name: row.get(1)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Which kinds of records there are about each version, by its id; a version that is not there has none of them.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn version_progress(&self) -> Result<HashMap<String, VersionProgress>> {
        let sql = "SELECT version_id, 0 AS kind FROM model_record \
                   UNION SELECT version_id, 1 FROM acceptance_plan \
                   UNION SELECT version_id, 2 FROM change_record \
                   UNION SELECT version_id, 3 FROM study \
                   UNION SELECT version_id, 4 FROM version_step \
                   ORDER BY version_id, kind";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found: HashMap<String, VersionProgress> = HashMap::new();
        while let Some(row) = rows.next()? {
            let progress = found.entry(row.get(0)?).or_default();
            match row.get(1)? {
                0 => progress.record = true,
                1 => progress.plan = true,
                2 => progress.change = true,
                3 => progress.study = true,
                _ => progress.step = true,
            }
        }
        Ok(found)
    }
}

/// Versions about which nothing is recorded but their registration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untouched {
    /// How many there are.
    pub count: u64,
    /// Ids of the oldest of them.
    pub oldest: Vec<String>,
}

impl ReadTx<'_> {
    /// The versions that are not in `touched`: those that the account registered, and those of others; of each, at most `limit` ids.
    ///
    /// Only an index is read, not the versions.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn untouched_versions(
        &self,
        account_id: &str,
        touched: &HashMap<String, VersionProgress>,
        limit: usize,
    ) -> Result<(Untouched, Untouched)> {
        let sql = "SELECT id, registered_by FROM model_version ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let (mut own, mut others) = (Untouched::default(), Untouched::default());
        while let Some(row) = rows.next()? {
            let id = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            if touched.contains_key(id) {
                continue;
            }
            let by = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let its = if by == account_id { &mut own } else { &mut others };
            its.count += 1;
            if its.oldest.len() < limit {
                its.oldest.push(id.to_owned());
            }
        }
        Ok((own, others))
    }
}

fn broken(version_id: &str, detail: String) -> Error {
    Error::DocumentBroken { kind: "step of a version", detail: format!("{version_id}: {detail}") }
}
