//! Models, versions and what is frozen with them: reference, policy, monitor.

use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, Row, ToSql, named_params};
use serde::Serialize;

/// A model.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ModelRow {
    /// Name.
    pub model: String,
    /// What it is for.
    pub description: String,
    /// When it was registered, UTC.
    pub registered_at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A model version.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionRow {
    /// Id.
    pub id: String,
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// User name of who registered it.
    pub registered_by: String,
    /// When, UTC.
    pub registered_at: String,
    /// SHA-256 of the canonical registration.
    pub content_sha256: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A frozen document of a version.
#[derive(Clone, Debug)]
pub struct FrozenRow {
    /// Id.
    pub id: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
    /// Canonical JSON.
    pub document: String,
    /// Ledger entry.
    pub entry: u64,
}

/// The frozen documents of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrozenKind {
    /// Bins and counts of the reference.
    Reference,
    /// Limits and their rationale.
    Policy,
    /// Score cards.
    Monitor,
}

impl FrozenKind {
    fn newest(self) -> &'static str {
        match self {
            Self::Reference => {
                "SELECT id, sha256, document, entry FROM reference WHERE version_id = :version_id \
                 ORDER BY entry DESC, id DESC LIMIT 1"
            }
            Self::Policy => {
                "SELECT id, sha256, document, entry FROM policy WHERE version_id = :version_id \
                 ORDER BY entry DESC, id DESC LIMIT 1"
            }
            Self::Monitor => {
                "SELECT id, sha256, document, entry FROM monitor WHERE version_id = :version_id \
                 ORDER BY entry DESC, id DESC LIMIT 1"
            }
        }
    }
}

impl WriteTx<'_> {
    /// Records a model.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_model(&mut self, model: &str, description: &str) -> Result<()> {
        self.insert("model", &[("id", &model), ("description", &description)])
    }

    /// Records a version with its canonical registration.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_version(
        &mut self,
        version: &VersionRow,
        account_id: &str,
        (registration, draft_id): (&str, Option<&str>),
    ) -> Result<()> {
        self.insert(
            "model_version",
            &[
                ("id", &version.id),
                ("model", &version.model),
                ("version", &version.version),
                ("registered_by", &account_id),
                ("content_sha256", &version.content_sha256),
                ("registration", &registration),
                ("draft_id", &draft_id),
            ],
        )
    }

    /// Records a frozen reference.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_reference(
        &mut self,
        id: &str,
        version_id: &str,
        frozen: (&str, &str),
    ) -> Result<()> {
        self.insert_frozen("reference", (id, version_id), frozen, &[])
    }

    /// Records a policy.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_policy(
        &mut self,
        id: &str,
        version_id: &str,
        frozen: (&str, &str),
    ) -> Result<()> {
        self.insert_frozen("policy", (id, version_id), frozen, &[])
    }

    /// Records the monitor frozen from a reference and a policy; the proposal it came from, if it was not registered.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_monitor(
        &mut self,
        id: &str,
        version_id: &str,
        (reference_id, policy_id, proposal_id): (&str, &str, Option<&str>),
        frozen: (&str, &str),
    ) -> Result<()> {
        let more: [(&'static str, &dyn ToSql); 3] = [
            ("reference_id", &reference_id),
            ("policy_id", &policy_id),
            ("proposal_id", &proposal_id),
        ];
        self.insert_frozen("monitor", (id, version_id), frozen, &more)
    }

    fn insert_frozen(
        &mut self,
        table: &'static str,
        (id, version_id): (&str, &str),
        (sha256, document): (&str, &str),
        more: &[(&'static str, &dyn ToSql)],
    ) -> Result<()> {
        let mut columns: Vec<(&'static str, &dyn ToSql)> = vec![
            ("id", &id),
            ("version_id", &version_id),
            ("sha256", &sha256),
            ("document", &document),
        ];
        columns.extend_from_slice(more);
        self.insert(table, &columns)
    }
}

const VERSION: &str = "SELECT v.id, v.model, v.version, a.user_name, v.at, v.content_sha256, v.entry \
                       FROM model_version v JOIN account a ON a.id = v.registered_by";

fn model_of(row: &Row<'_>) -> rusqlite::Result<ModelRow> {
    Ok(ModelRow {
        model: row.get(0)?,
        description: row.get(1)?,
        registered_at: row.get(2)?,
        entry: row.get::<_, i64>(3)?.unsigned_abs(),
    })
}

fn version_of(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok(VersionRow {
        id: row.get(0)?,
        model: row.get(1)?,
        version: row.get(2)?,
        registered_by: row.get(3)?,
        registered_at: row.get(4)?,
        content_sha256: row.get(5)?,
        entry: row.get::<_, i64>(6)?.unsigned_abs(),
    })
}

impl ReadTx<'_> {
    /// The model of that name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn model(&self, model: &str) -> Result<Option<ModelRow>> {
        let sql = "SELECT id, description, at, entry FROM model WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": model}, model_of).optional()?)
    }

    /// All models by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn models(&self) -> Result<Vec<ModelRow>> {
        let sql = "SELECT id, description, at, entry FROM model ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], model_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// All versions, of one model or of all, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn versions(&self, model: Option<&str>) -> Result<Vec<VersionRow>> {
        // A condition that names the column in every case is one that its index answers.
        let of = if model.is_some() { "v.model = :model" } else { ":model IS NULL" };
        let sql = format!("{VERSION} WHERE {of} ORDER BY v.entry, v.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":model": model}, version_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One version by model and version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn version(&self, model: &str, version: &str) -> Result<Option<VersionRow>> {
        let sql =
            format!("{VERSION} WHERE v.model = :model AND v.version = :version ORDER BY v.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":model": model, ":version": version};
        Ok(statement.query_row(parameters, version_of).optional()?)
    }

    /// One version by id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn version_by_id(&self, id: &str) -> Result<Option<VersionRow>> {
        let sql = format!("{VERSION} WHERE v.id = :id ORDER BY v.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, version_of).optional()?)
    }

    /// The canonical registration of a version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn registration(&self, version_id: &str) -> Result<Option<String>> {
        let sql = "SELECT registration FROM model_version WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": version_id}, |row| row.get(0)).optional()?)
    }

    /// The newest frozen document of that kind.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn frozen(&self, kind: FrozenKind, version_id: &str) -> Result<Option<FrozenRow>> {
        let mut statement = self.connection().prepare_cached(kind.newest())?;
        let found = statement.query_row(named_params! {":version_id": version_id}, |row| {
            Ok(FrozenRow {
                id: row.get(0)?,
                sha256: row.get(1)?,
                document: row.get(2)?,
                entry: row.get::<_, i64>(3)?.unsigned_abs(),
            })
        });
        Ok(found.optional()?)
    }
}
