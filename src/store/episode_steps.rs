//! What is done about an alert after it was acknowledged: signed steps, each with its sheet.

use super::{Error, ReadTx, Result, WriteTx};
use crate::notify::notice::NoticeKind;
use crate::review::decision::{Decision, Severity};
use crate::review::episode_cycle::{EpisodeEvent, EpisodeFacts, EpisodeStep};
use crate::review::episode_sheet::EpisodeSheet;
use rusqlite::{Row, named_params};

/// A step as it is stored.
#[derive(Clone, Debug)]
pub struct EpisodeStepRow {
    /// Id.
    pub id: String,
    /// Account that took it; none for the program itself.
    pub account_id: Option<String>,
    /// SHA-256 of its sheet.
    pub sha256: String,
    /// The canonical sheet.
    pub document: String,
    /// The canonical signature; none for the program itself.
    pub signature: Option<String>,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records a step of an episode.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_episode_step(
        &mut self,
        id: &str,
        account_id: Option<&str>,
        sheet: &EpisodeSheet,
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "episode_step",
            &[
                ("id", &id),
                ("episode_id", &sheet.episode),
                ("account_id", &account_id),
                ("step", &sheet.step.word()),
                ("state", &sheet.to.word()),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )?;
        if sheet.step != EpisodeStep::Escalate {
            return Ok(());
        }
        let is_program = account_id.is_none();
        let kind = if is_program { NoticeKind::Overdue } else { NoticeKind::Escalation };
        let (model, version) = (&sheet.model, &sheet.version);
        let reason = sheet.reason.as_deref().unwrap_or_default();
        let told = format!("alert on {model} {version} escalated: {reason}");
        self.tell(kind, told, format!("/alerts/{}", sheet.episode))
    }
}

fn step_of(row: &Row<'_>) -> rusqlite::Result<EpisodeStepRow> {
    Ok(EpisodeStepRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        sha256: row.get(2)?,
        document: row.get(3)?,
        signature: row.get(4)?,
        at: row.get(5)?,
        entry: row.get::<_, i64>(6)?.unsigned_abs(),
    })
}

fn broken(kind: &'static str, detail: impl ToString) -> Error {
    Error::DocumentBroken { kind, detail: detail.to_string() }
}

impl ReadTx<'_> {
    /// The steps of an episode that have a sheet, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn episode_steps(&self, episode_id: &str) -> Result<Vec<EpisodeStepRow>> {
        let sql = "SELECT t.id, t.account_id, t.sha256, t.document, g.document, t.at, t.entry FROM episode_step t \
                   LEFT JOIN record_signature g ON g.record_table = 'episode_step' AND g.record_id = t.id \
                   WHERE t.episode_id = :episode_id ORDER BY t.entry, t.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":episode_id": episode_id}, step_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Episodes for which a remedial action was ever planned, by id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn planned_episodes(&self) -> Result<Vec<String>> {
        let sql =
            "SELECT DISTINCT episode_id FROM episode_step WHERE step = 'plan' ORDER BY episode_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Everything recorded about an episode that decides about its next step; `opened` is the entry that opened it.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for steps that cannot follow each other.
    pub fn episode_facts(&self, episode_id: &str, opened: u64) -> Result<EpisodeFacts> {
        let mut events = self.answers_of(episode_id)?;
        for row in self.episode_steps(episode_id)? {
            let sheet: EpisodeSheet =
                serde_json::from_str(&row.document).map_err(|e| broken("step of an episode", e))?;
            events.push((sheet.step, sheet.event(row.account_id, row.entry)));
        }
        events.sort_by_key(|(_, event)| event.entry);
        let mut facts = EpisodeFacts::opened(opened);
        for (step, event) in events {
            facts.take(step, event).map_err(|(state, step)| {
                let detail =
                    format!("{episode_id}: `{}` cannot follow `{}`", step.word(), state.word());
                broken("step of an episode", detail)
            })?;
        }
        Ok(facts)
    }

    /// Acknowledgement, drafts and signatures of an episode as steps.
    fn answers_of(&self, episode_id: &str) -> Result<Vec<(EpisodeStep, EpisodeEvent)>> {
        let mut events = Vec::new();
        if let Some(seen) = self.acknowledgement(episode_id)? {
            let severity =
                Severity::parse(&seen.severity).map_err(|e| broken("acknowledgement", e))?;
            let (entry, severity) = (seen.entry, Some(severity));
            let event = EpisodeEvent { entry, severity, ..EpisodeEvent::default() };
            events.push((EpisodeStep::Acknowledge, event));
        }
        for (draft, signature) in self.decisions_of(episode_id)? {
            let decision: Decision =
                serde_json::from_str(&draft.document).map_err(|e| broken("decision", e))?;
            let event = EpisodeEvent {
                by: Some(draft.account_id),
                entry: draft.entry,
                names_action: decision.remedial_action.is_some(),
                ..EpisodeEvent::default()
            };
            events.push((EpisodeStep::Draft, event));
            if let Some(row) = signature {
                let (by, entry) = (Some(row.account_id), row.entry);
                let event = EpisodeEvent { by, entry, ..EpisodeEvent::default() };
                events.push((EpisodeStep::Sign, event));
            }
        }
        Ok(events)
    }
}
