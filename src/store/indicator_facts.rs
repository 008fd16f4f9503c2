//! What indicators are computed from and no other page reads: plain facts over all versions, for a period.

use super::count::Count;
use super::reports::{NEWEST, VALID};
use super::trail::kind_term;
use super::{Error, ReadTx, Result};
use crate::review::decision::Severity;
use crate::review::indicators::Period;
use crate::review::indicators::facts::{
    Batch, Change, Happened, Judged, Review, Source, TestUse, TrailEntry,
};
use crate::review::review_kind::ReviewKind;
use rusqlite::types::Type;
use rusqlite::{Row, ToSql, named_params};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A signature with the record that it is over.
#[derive(Clone, Debug)]
pub struct SignatureFact {
    /// Table of the signature: `record_signature` or `signature`.
    pub table: &'static str,
    /// Id of it.
    pub id: String,
    /// Table of the signed record.
    pub record_table: String,
    /// Id of that.
    pub record_id: String,
    /// Account of the signer.
    pub account_id: String,
    /// SHA-256 of the canonical signature, as its row has it.
    pub sha256: String,
    /// The canonical signature.
    pub document: String,
    /// When, UTC.
    pub at: String,
}

/// A step of an alert with its canonical sheet.
#[derive(Clone, Debug)]
pub struct StepFact {
    /// Id.
    pub id: String,
    /// The alert.
    pub episode_id: String,
    /// The canonical sheet.
    pub document: String,
    /// When, UTC.
    pub at: String,
}

/// What of a report's counts is read: sums over its features.
#[derive(Deserialize)]
struct Counts {
    features: Vec<FeatureCounts>,
}

#[derive(Deserialize)]
struct FeatureCounts {
    feature: String,
    role: String,
    verdict: String,
    profile: ProfileCounts,
}

#[derive(Deserialize)]
struct ProfileCounts {
    rows: Vec<u64>,
    nulls: Vec<u64>,
    nans: Vec<u64>,
    unseen: Vec<u64>,
    values: Vec<Vec<u64>>,
}

fn broken(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

fn judged_of(row: &Row<'_>) -> rusqlite::Result<Judged> {
    let id: String = row.get(0)?;
    let document = row.get_ref(3)?.as_bytes()?;
    let counts: Counts = serde_json::from_slice(document).map_err(|e| broken(3, e))?;
    let mut judged = Judged {
        of: Source::shown("report", &id, format!("/reports/{id}")),
        model: row.get(1)?,
        at: row.get(2)?,
        ..Judged::default()
    };
    let sum = |counts: &[u64]| counts.iter().sum::<u64>();
    for FeatureCounts { feature, role, verdict, profile } in &counts.features {
        if role == "feature" {
            let missing = sum(&profile.nulls) + sum(&profile.nans);
            judged.values += sum(&profile.rows).saturating_sub(missing);
            judged.unseen += sum(&profile.unseen);
        }
        if feature.ends_with(".undecided") && role == "score" {
            let bin = |at: usize| profile.values.iter().filter_map(|b| b.get(at)).sum::<u64>();
            let (decided, undecided) = (bin(0), bin(1));
            let (before, all) = judged.undecided.unwrap_or_default();
            judged.undecided = Some((before + undecided, all + decided + undecided));
            judged.undecided_drifts |= verdict == "drift";
        }
    }
    Ok(judged)
}

impl ReadTx<'_> {
    fn facts_of<T>(
        &self,
        sql: &str,
        named: &[(&str, &dyn ToSql)],
        of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named, of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Signatures over any record, and over decisions, in a period.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn signature_facts(&self, period: &Period) -> Result<Vec<SignatureFact>> {
        let sql = "SELECT 0, id, record_table, record_id, account_id, sha256, document, at FROM record_signature \
                   WHERE at >= :from AND at < :to UNION ALL \
                   SELECT 1, id, 'decision', decision_id, account_id, sha256, document, at FROM signature \
                   WHERE at >= :from AND at < :to ORDER BY 8, 2";
        let named = named_params! {":from": period.from, ":to": period.to};
        self.facts_of(sql, named, |row| {
            let table = if row.get::<_, i64>(0)? == 0 { "record_signature" } else { "signature" };
            Ok(SignatureFact {
                table,
                id: row.get(1)?,
                record_table: row.get(2)?,
                record_id: row.get(3)?,
                account_id: row.get(4)?,
                sha256: row.get(5)?,
                document: row.get(6)?,
                at: row.get(7)?,
            })
        })
    }

    /// Every acknowledgement by its alert: when, and how severe.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for a severity that is none.
    pub fn acknowledgement_facts(&self) -> Result<BTreeMap<String, (String, Severity)>> {
        let sql = "SELECT episode_id, at, severity FROM acknowledgement ORDER BY entry, id";
        let rows = self.facts_of(sql, &[], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
        let known = |(id, at, word): (String, String, String)| match Severity::parse(&word) {
            Ok(severity) => Ok((id, (at, severity))),
            Err(error) => {
                let detail = error.to_string();
                Err(Error::DocumentBroken { kind: "acknowledgement", detail })
            }
        };
        rows.into_iter().map(known).collect()
    }

    /// When the first decision on each alert was signed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn first_decisions(&self) -> Result<BTreeMap<String, String>> {
        let sql = "SELECT d.episode_id, min(s.at) FROM signature s JOIN decision d ON d.id = s.decision_id \
                   GROUP BY d.episode_id ORDER BY d.episode_id";
        let rows = self.facts_of(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// Every step of every alert that has a sheet, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn step_facts(&self) -> Result<Vec<StepFact>> {
        let sql = "SELECT id, episode_id, document, at FROM episode_step \
                   WHERE step IN ('investigate', 'plan', 'extend', 'complete', 'return_action', 'confirm', 'refute', 'close', 'reopen') \
                   ORDER BY entry, id";
        self.facts_of(sql, &[], |row| {
            Ok(StepFact {
                id: row.get(0)?,
                episode_id: row.get(1)?,
                document: row.get(2)?,
                at: row.get(3)?,
            })
        })
    }

    /// The newest revision of every change record, when its first was recorded, and when the newest was signed by QA.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn change_facts(&self) -> Result<Vec<Change>> {
        let sql = "SELECT c.id, c.version_id, (SELECT min(f.at) FROM change_record f WHERE f.version_id = c.version_id), \
                   (SELECT min(s.at) FROM record_signature s WHERE s.record_table = 'change_record' AND s.record_id = c.id \
                   AND json_extract(s.document, '$.meaning') = 'approves_change') \
                   FROM change_record c WHERE NOT EXISTS (SELECT 1 FROM change_record n WHERE n.version_id = c.version_id \
                   AND n.revision > c.revision) ORDER BY c.entry, c.id";
        self.facts_of(sql, &[], |row| {
            let id: String = row.get(0)?;
            Ok(Change {
                of: Source::of("change_record", &id),
                version_id: row.get(1)?,
                opened_at: row.get(2)?,
                assessed_at: row.get(3)?,
            })
        })
    }

    /// Every batch that is not invalid, received before the end of a period; of those in it, how many rows the newest evaluation found
    /// labels for.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batch_facts(&self, period: &Period) -> Result<Vec<Batch>> {
        let sql = "SELECT b.id, b.version_id, b.name, b.at, b.period_end, b.rows, CASE WHEN b.at >= :from THEN \
                   (SELECT json_extract(c.document, '$.tally.labelled') FROM cohort c WHERE c.batch_id = b.id \
                   ORDER BY c.entry DESC, c.id DESC LIMIT 1) END FROM batch b WHERE b.at < :to \
                   AND NOT EXISTS (SELECT 1 FROM batch_invalidation i WHERE i.batch_id = b.id) ORDER BY b.entry, b.id";
        let named = named_params! {":from": period.from, ":to": period.to};
        self.facts_of(sql, named, |row| {
            let id: String = row.get(0)?;
            Ok(Batch {
                of: Source::of("batch", &id),
                version_id: row.get(1)?,
                name: row.get(2)?,
                at: row.get(3)?,
                period_end: row.get(4)?,
                rows: row.get::<_, Count>(5)?.0,
                labelled: row.get::<_, Option<Count>>(6)?.map(|count| count.0),
            })
        })
    }

    /// Files of batches that were refused as a whole in a period.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn refused_files(&self, period: &Period) -> Result<Vec<Happened>> {
        let sql = "SELECT q.id, q.at, m.model || ' ' || m.version || ': ' || q.name FROM quarantine q \
                   JOIN model_version m ON m.id = q.version_id WHERE q.at >= :from AND q.at < :to ORDER BY q.entry, q.id";
        let named = named_params! {":from": period.from, ":to": period.to};
        self.facts_of(sql, named, |row| {
            let id: String = row.get(0)?;
            Ok(Happened {
                of: Source::of("quarantine", &id),
                at: row.get(1)?,
                kind: format!("file refused: {}", row.get::<_, String>(2)?),
            })
        })
    }

    /// What the reports in force of a period counted.
    ///
    /// # Errors
    ///
    /// Those of the database, also for a report that is not one.
    pub fn judged_facts(&self, period: &Period) -> Result<Vec<Judged>> {
        let sql = format!(
            "SELECT r.id, m.model, r.at, r.document FROM report r JOIN model_version m ON m.id = r.version_id \
             WHERE r.at >= :from AND r.at < :to AND {NEWEST} AND {VALID} ORDER BY r.entry, r.id"
        );
        let named = named_params! {":from": period.from, ":to": period.to};
        self.facts_of(&sql, named, judged_of)
    }

    /// Every periodic review that was signed.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for a kind that is none.
    pub fn review_facts(&self) -> Result<Vec<Review>> {
        let sql = "SELECT r.id, r.kind, r.from_entry, r.until_entry, s.at, r.next_due FROM periodic_review r \
                   JOIN record_signature s ON s.record_table = 'periodic_review' AND s.record_id = r.id ORDER BY s.entry, r.id";
        self.facts_of(sql, &[], |row| {
            let (id, word): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(Review {
                of: Source::of("periodic_review", &id),
                kind: ReviewKind::parse(&word).map_err(|e| broken(1, e))?,
                covers: row.get::<_, Count>(2)?.0..row.get::<_, Count>(3)?.0,
                signed_at: row.get(4)?,
                next_due: row.get(5)?,
            })
        })
    }

    /// The ledger entries that reviews of a kind cover, between two times.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::Ledger`] for a word that is no type.
    pub fn trail_facts(&self, kind: ReviewKind, period: &Period) -> Result<Vec<TrailEntry>> {
        let sql = "SELECT e.idx, json_extract(CAST(e.leaf AS TEXT), '$.ts') AS ts FROM entry_term t JOIN entry e ON e.idx = t.idx \
                   WHERE t.term = :term AND ts >= :from AND ts < :to ORDER BY e.idx";
        let mut entries = Vec::new();
        for word in kind.covers() {
            let named = named_params! {
                ":term": kind_term(word.parse()?), ":from": period.from, ":to": period.to
            };
            entries.extend(self.facts_of(sql, named, |row| {
                Ok(TrailEntry { index: row.get::<_, Count>(0)?.0, at: row.get(1)?, kind })
            })?);
        }
        Ok(entries)
    }

    /// Sign-ins and refusals of the access log in a period.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn access_facts(&self, period: &Period) -> Result<Vec<Happened>> {
        let sql = "SELECT id, at, kind FROM access_event WHERE kind IN ('signed_in', 'sign_in_refused', 'refused') \
                   AND at >= :from AND at < :to ORDER BY id";
        let named = named_params! {":from": period.from, ":to": period.to};
        self.facts_of(sql, named, |row| {
            let id: i64 = row.get(0)?;
            let path = format!("/access-log?before={}", id.saturating_add(1));
            let of = Source::shown("access_event", &id.to_string(), path);
            Ok(Happened { of, at: row.get(1)?, kind: row.get(2)? })
        })
    }

    /// When somebody last signed in with each account before a time, by user name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn last_sign_ins(&self, before: &str) -> Result<BTreeMap<String, String>> {
        let sql = "SELECT user_name, max(at) FROM access_event WHERE kind = 'signed_in' AND at < :before \
                   GROUP BY user_name ORDER BY user_name";
        let named = named_params! {":before": before};
        let rows = self.facts_of(sql, named, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// When each account was made, by its id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn account_times(&self) -> Result<BTreeMap<String, String>> {
        let sql = "SELECT id, at FROM account ORDER BY id";
        let rows = self.facts_of(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// References and policies that were frozen after the registration of their version: version, record, time.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn frozen_later(&self) -> Result<Vec<(String, Source, String)>> {
        let sql = "SELECT version_id, proposal_id, at FROM monitor WHERE proposal_id IS NOT NULL ORDER BY entry, id";
        self.facts_of(sql, &[], |row| {
            let id: String = row.get(1)?;
            Ok((row.get(0)?, Source::of("reference_proposal", &id), row.get(2)?))
        })
    }

    /// Every test run that is not invalid.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn test_use_facts(&self) -> Result<Vec<TestUse>> {
        let sql = "SELECT t.id, m.model || ' ' || m.version, t.rows_sha256, t.at FROM test_run t \
                   JOIN model_version m ON m.id = t.version_id \
                   WHERE NOT EXISTS (SELECT 1 FROM test_run_invalidation i WHERE i.test_run_id = t.id) ORDER BY t.entry, t.id";
        self.facts_of(sql, &[], |row| {
            let id: String = row.get(0)?;
            Ok(TestUse {
                of: Source::of("test_run", &id),
                version: row.get(1)?,
                rows_sha256: row.get(2)?,
                at: row.get(3)?,
            })
        })
    }

    /// When incidents happened and were first reported, in a period: id, happened, recorded.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reported_incidents(&self, period: &Period) -> Result<Vec<(String, String, String)>> {
        let sql = "SELECT incident_id, json_extract(document, '$.report.happened_at'), at FROM incident \
                   WHERE step = 'report' AND revision = 1 AND at >= :from AND at < :to ORDER BY entry, id";
        let named = named_params! {":from": period.from, ":to": period.to};
        self.facts_of(sql, named, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }
}
