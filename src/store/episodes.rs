//! Alert episodes and what people answered: acknowledgement, decision, signature.

use super::{ReadTx, Result, WriteTx};
use crate::drift::episode::{EpisodeOpening, EpisodeState, OpenEpisode};
use crate::notify::notice::NoticeKind;
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;
use std::collections::BTreeMap;

/// An episode with how far people have come.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EpisodeRow {
    /// Id.
    pub id: String,
    /// Version.
    pub version_id: String,
    /// Report that opened it.
    pub report_id: Option<String>,
    /// What opened it.
    pub opening: EpisodeOpening,
    /// When, UTC.
    pub opened_at: String,
    /// Where it stands.
    pub state: EpisodeState,
    /// Ledger entry.
    pub entry: u64,
}

/// An acknowledgement.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AcknowledgementRow {
    /// User name of who acknowledged.
    pub by: String,
    /// How bad it is.
    pub severity: String,
    /// What was said.
    pub comment: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A drafted decision or a signature: the canonical document and its digest.
#[derive(Clone, Debug)]
pub struct DocumentRow {
    /// Id.
    pub id: String,
    /// Account that made it.
    pub account_id: String,
    /// SHA-256 of the document.
    pub sha256: String,
    /// Canonical JSON.
    pub document: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// How many episodes a version has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct EpisodeCounts {
    /// All of them.
    pub all: u64,
    /// About drift.
    pub drift: u64,
    /// Not decided.
    pub open: u64,
    /// Acknowledged by nobody.
    pub unacknowledged: u64,
}

impl WriteTx<'_> {
    /// Records a new episode.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_episode(
        &mut self,
        (id, version_id): (&str, &str),
        report_id: Option<&str>,
        opening: &EpisodeOpening,
    ) -> Result<()> {
        let document =
            String::from_utf8(crate::digest::canonical_json(opening)?).unwrap_or_default();
        self.insert(
            "episode",
            &[
                ("id", &id),
                ("version_id", &version_id),
                ("kind", &opening.kind.word()),
                ("report_id", &report_id),
                ("opening", &document),
            ],
        )?;
        let kind = opening.kind.word().replace('_', " ");
        let told = opening.sentences.first().map_or_else(String::new, |told| format!(": {told}"));
        self.tell(NoticeKind::Alert, format!("alert ({kind}){told}"), format!("/alerts/{id}"))
    }

    /// Records that a report belongs to an episode.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_episode_batch(
        &mut self,
        id: &str,
        episode_id: &str,
        report_id: &str,
    ) -> Result<()> {
        self.insert(
            "episode_batch",
            &[("id", &id), ("episode_id", &episode_id), ("report_id", &report_id)],
        )
    }

    /// Records an acknowledgement.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_acknowledgement(
        &mut self,
        id: &str,
        (episode_id, account_id): (&str, &str),
        (severity, comment): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "acknowledgement",
            &[
                ("id", &id),
                ("episode_id", &episode_id),
                ("account_id", &account_id),
                ("severity", &severity),
                ("comment", &comment),
            ],
        )
    }

    /// Records a drafted decision.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_decision(
        &mut self,
        id: &str,
        (episode_id, account_id): (&str, &str),
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "decision",
            &[
                ("id", &id),
                ("episode_id", &episode_id),
                ("account_id", &account_id),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }

    /// Records a signature.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_signature(
        &mut self,
        id: &str,
        (decision_id, account_id): (&str, &str),
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "signature",
            &[
                ("id", &id),
                ("decision_id", &decision_id),
                ("account_id", &account_id),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }
}

/// Where an episode stands follows from its newest step, whatever record it is.
const EPISODE: &str = "SELECT e.id, e.version_id, e.report_id, e.opening, e.at, e.entry, \
  (SELECT substr(max(k), 21) FROM ( \
   SELECT printf('%020d', a.entry) || 'acknowledged' AS k FROM acknowledgement a WHERE a.episode_id = e.id \
   UNION ALL SELECT printf('%020d', d.entry) || 'drafted' FROM decision d WHERE d.episode_id = e.id \
   UNION ALL SELECT printf('%020d', s.entry) || 'decided' FROM decision d JOIN signature s ON s.decision_id = d.id \
   WHERE d.episode_id = e.id \
   UNION ALL SELECT printf('%020d', t.entry) || t.state FROM episode_step t WHERE t.episode_id = e.id)) \
  FROM episode e";

fn episode_of(row: &Row<'_>) -> rusqlite::Result<EpisodeRow> {
    let opening: String = row.get(3)?;
    let state = match row.get::<_, Option<String>>(6)? {
        None => EpisodeState::Open,
        Some(word) => EpisodeState::of_word(&word).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, word.into())
        })?,
    };
    Ok(EpisodeRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        report_id: row.get(2)?,
        opening: serde_json::from_str(&opening).map_err(|e| {
            rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(e))
        })?,
        opened_at: row.get(4)?,
        state,
        entry: row.get::<_, i64>(5)?.unsigned_abs(),
    })
}

pub(super) fn document_of(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    Ok(DocumentRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        sha256: row.get(2)?,
        document: row.get(3)?,
        at: row.get(4)?,
        entry: row.get::<_, i64>(5)?.unsigned_abs(),
    })
}

/// Episodes whose decision is signed and was not taken back since.
const SIGNED: &str = "SELECT d.episode_id FROM signature s JOIN decision d ON d.id = s.decision_id \
                      WHERE NOT EXISTS (SELECT 1 FROM episode_step t WHERE t.episode_id = d.episode_id \
                      AND t.step IN ('refute', 'reopen') AND t.entry > s.entry)";

impl ReadTx<'_> {
    /// One episode.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episode(&self, id: &str) -> Result<Option<EpisodeRow>> {
        let sql = format!("{EPISODE} WHERE e.id = :id ORDER BY e.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, episode_of).optional()?)
    }

    /// Episodes of one version or of all, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episodes(&self, version_id: Option<&str>, limit: u64) -> Result<Vec<EpisodeRow>> {
        // A condition that names the column in every case is one that its index answers.
        let of = if version_id.is_some() { "e.version_id = :of" } else { ":of IS NULL" };
        self.episodes_where(of, version_id, limit)
    }

    /// Episodes of all versions before ledger entry `before`, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episodes_before(&self, before: u64, limit: u64) -> Result<Vec<EpisodeRow>> {
        self.episodes_where(
            "e.entry < :of",
            Some(before.min(crate::ledger::INTEGER_MAX).cast_signed()),
            limit,
        )
    }

    /// Episodes of all versions that are not decided, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episodes_undecided(&self, limit: u64) -> Result<Vec<EpisodeRow>> {
        let open = format!("NOT EXISTS ({SIGNED} AND d.episode_id = e.id) AND :of IS NULL");
        self.episodes_where(&open, None::<i64>, limit)
    }

    /// The last decided episodes of all versions, at most `limit`; the one that opened last first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episodes_decided(&self, limit: u64) -> Result<Vec<EpisodeRow>> {
        let last = format!("e.id IN ({SIGNED} AND :of IS NULL ORDER BY s.entry DESC LIMIT :limit)");
        self.episodes_where(&last, None::<i64>, limit)
    }

    /// Episodes that fit `condition` on `:of`; those of one ledger entry by id.
    fn episodes_where(
        &self,
        condition: &str,
        of: Option<impl rusqlite::ToSql>,
        limit: u64,
    ) -> Result<Vec<EpisodeRow>> {
        let sql =
            format!("{EPISODE} WHERE {condition} ORDER BY e.entry DESC, e.id DESC LIMIT :limit");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(named_params! {":of": of, ":limit": limit}, episode_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many episodes every version has, by version id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episode_counts(&self) -> Result<BTreeMap<String, EpisodeCounts>> {
        let sql = "SELECT e.version_id, COUNT(*), SUM(e.kind = 'drift'), \
                   SUM(NOT EXISTS (SELECT 1 FROM decision d JOIN signature s ON s.decision_id = d.id WHERE d.episode_id = e.id)), \
                   SUM(NOT EXISTS (SELECT 1 FROM acknowledgement a WHERE a.episode_id = e.id)) \
                   FROM episode e GROUP BY e.version_id ORDER BY e.version_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let count = |at| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.unsigned_abs());
            let (all, drift, open, unacknowledged) = (count(1)?, count(2)?, count(3)?, count(4)?);
            Ok((row.get(0)?, EpisodeCounts { all, drift, open, unacknowledged }))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many batches an episode has.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episode_batches(&self, episode_id: &str) -> Result<u64> {
        let sql = "SELECT count(DISTINCT r.batch_id) FROM episode_batch m JOIN report r ON r.id = m.report_id \
                   WHERE m.episode_id = :episode_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":episode_id": episode_id};
        Ok(statement.query_row(named, |row| row.get::<_, super::count::Count>(0))?.0)
    }

    /// The drift episodes of a version that stand and are not decided, oldest first: their series are muted.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn open_drift_episodes(&self, version_id: &str) -> Result<Vec<OpenEpisode>> {
        let standing = self.standing_drift_episodes(version_id)?.into_iter();
        Ok(standing.filter(|one| one.decided.is_none()).map(|one| one.episode).collect())
    }

    /// The open episode of this kind, if the version has one: no decision on it is signed yet.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn open_episode_of_kind(&self, version_id: &str, kind: &str) -> Result<Option<String>> {
        let sql = "SELECT e.id FROM episode e WHERE e.version_id = :version_id AND e.kind = :kind AND NOT EXISTS ( \
                   SELECT 1 FROM decision d JOIN signature s ON s.decision_id = d.id WHERE d.episode_id = e.id) \
                   ORDER BY e.entry DESC, e.id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let parameters = named_params! {":version_id": version_id, ":kind": kind};
        Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
    }

    /// The newest `missing_batch` episode of a version that opened after ledger entry `entry`, if there is one.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn missing_batch_after(&self, version_id: &str, entry: u64) -> Result<Option<String>> {
        let sql = "SELECT id FROM episode WHERE version_id = :version_id AND kind = 'missing_batch' \
                   AND entry > :entry ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let entry = i64::try_from(entry).unwrap_or(i64::MAX);
        let parameters = named_params! {":version_id": version_id, ":entry": entry};
        Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
    }

    /// The reports of an episode, oldest first, with their digests.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episode_reports(&self, episode_id: &str) -> Result<Vec<super::reports::ReportRow>> {
        let sql =
            "SELECT report_id FROM episode_batch WHERE episode_id = :episode_id ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let ids = statement
            .query_map(named_params! {":episode_id": episode_id}, |row| row.get::<_, String>(0))?;
        let ids = ids.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut reports = Vec::new();
        for id in ids {
            reports.extend(self.report(&id)?);
        }
        Ok(reports)
    }

    /// The episodes a report belongs to.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episodes_of_report(&self, report_id: &str) -> Result<Vec<String>> {
        let sql =
            "SELECT episode_id FROM episode_batch WHERE report_id = :report_id ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows =
            statement.query_map(named_params! {":report_id": report_id}, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The acknowledgement of an episode.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn acknowledgement(&self, episode_id: &str) -> Result<Option<AcknowledgementRow>> {
        let sql = "SELECT a.user_name, k.severity, k.comment, k.at, k.entry FROM acknowledgement k \
                   JOIN account a ON a.id = k.account_id WHERE k.episode_id = :episode_id ORDER BY k.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":episode_id": episode_id}, |row| {
            Ok(AcknowledgementRow {
                by: row.get(0)?,
                severity: row.get(1)?,
                comment: row.get(2)?,
                at: row.get(3)?,
                entry: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        });
        Ok(found.optional()?)
    }

    /// Every drafted decision of an episode, oldest first, with its signature if there is one.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn decisions_of(
        &self,
        episode_id: &str,
    ) -> Result<Vec<(DocumentRow, Option<DocumentRow>)>> {
        let sql = "SELECT id, account_id, sha256, document, at, entry FROM decision WHERE episode_id = :episode_id \
                   ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":episode_id": episode_id}, document_of)?;
        let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        rows.into_iter().map(|row| Ok((row.clone(), self.signature_of(&row.id)?))).collect()
    }

    /// The newest drafted decision of an episode.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn decision_of(&self, episode_id: &str) -> Result<Option<DocumentRow>> {
        let sql = "SELECT id, account_id, sha256, document, at, entry FROM decision WHERE episode_id = :episode_id \
                   ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement
            .query_row(named_params! {":episode_id": episode_id}, document_of)
            .optional()?)
    }

    /// The signature of a decision.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn signature_of(&self, decision_id: &str) -> Result<Option<DocumentRow>> {
        let sql = "SELECT id, account_id, sha256, document, at, entry FROM signature \
                   WHERE decision_id = :decision_id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement
            .query_row(named_params! {":decision_id": decision_id}, document_of)
            .optional()?)
    }
}
