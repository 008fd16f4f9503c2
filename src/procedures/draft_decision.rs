//! Procedure: draft the decision on an alert.
//!
//! 1. check that the person may, that the episode is acknowledged or its investigation reviewed, and that nothing is owed before
//! 2. compose the decision record over the digests of the episode's reports
//! 3. write it and its ledger entry; another person signs it

use super::step_episode::EpisodeStanding;
use super::{Recorded, actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::decision::{
    DECISION_FORMAT, Decision, DecisionCode, RemedialAction, ReportCitation, Severity,
};
use crate::review::episode_cycle::EpisodeStep;
use crate::store::Store;
use crate::{clock, digest, review};
use serde::{Deserialize, Serialize};

/// What a person proposes.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftDecision {
    /// Decision code.
    pub code: String,
    /// Why.
    pub rationale: String,
    /// What will be done.
    #[serde(default)]
    pub remedial_action: Option<RemedialAction>,
}

/// Drafts the decision on the episode `id`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::Review`] for a record that does not say what it must, or an episode that
/// is not acknowledged.
pub fn draft_decision(
    store: &Store,
    acting: &Acting,
    id: &str,
    draft: &DraftDecision,
) -> Result<Recorded<Decision>> {
    acting.permit(Action::DraftDecision)?;
    let code = DecisionCode::parse(&draft.code)?;
    let written = store.write(&actor(acting), EntryType::DecisionDraft, |tx| {
        let EpisodeStanding { episode, version, facts } =
            EpisodeStanding::permit(tx, acting, id, EpisodeStep::Draft)?;
        let reports = tx.episode_reports(id)?;
        let decision = Decision {
            format: DECISION_FORMAT.to_owned(),
            id: clock::new_id("de"),
            episode: id.to_owned(),
            model: version.model,
            version: version.version,
            code,
            rationale: draft.rationale.trim().to_owned(),
            remedial_action: draft.remedial_action.clone(),
            reports: reports
                .into_iter()
                .map(|r| ReportCitation { id: r.id, sha256: r.sha256 })
                .collect(),
            drafted_by: acting.account.clone(),
            drafted_at: tx.at().to_owned(),
        };
        decision.validate()?;
        if code == DecisionCode::NoAction
            && facts.severity > Some(Severity::Minor)
            && !facts.is_reviewed
        {
            let missing =
                "nothing is done about a major alert only once its investigation was reviewed";
            let (action, missing) = (EpisodeStep::Draft.words(), missing.to_owned());
            return Err(Error::Review(review::Error::EpisodeOwes { action, missing }));
        }
        let bytes = decision.bytes()?;
        let sha256 = digest::sha256_hex(&bytes);
        let document = String::from_utf8(bytes).unwrap_or_default();
        tx.subject(subject("episode", id));
        tx.subject(subject("decision", &decision.id));
        tx.refer(episode.entry);
        tx.insert_decision(&decision.id, (id, &acting.account.id), (&sha256, &document))?;
        Ok::<_, Error>(decision)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
