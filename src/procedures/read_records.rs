//! Procedure: read records, each as one consistent snapshot.
//!
//! 1. check that the person may read
//! 2. read everything one page or answer needs in one read transaction

use super::ingest_batch::Judge;
use super::read_incidents::{NamingIncident, incidents_about};
use super::read_invalidation::{BatchStanding, standing};
use super::read_life_cycle::{LifeCycle, life_cycle_in};
use super::read_origin::{OriginView, origin};
use super::read_performance::newest_sentence;
use super::read_remedy::{RemedyView, remedy};
use super::stored;
use crate::access::account::{Account, Acting};
use crate::access::role::Action;
use crate::drift::episode::EpisodeState;
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::drift::report::DriftReport;
use crate::error::{Error, Result};
use crate::provenance::configuration::Configuration;
use crate::provenance::registration::Registration;
use crate::review::decision::Decision;
use crate::review::episode_cycle::EpisodeRule;
use crate::review::incident::AffectedKind;
use crate::review::signature::Signature;
use crate::store::batches::{BatchRow, LabelsRow, QuarantineRow};
use crate::store::episodes::{AcknowledgementRow, DocumentRow, EpisodeRow};
use crate::store::reports::ReportRow;
use crate::store::studies::StudyRow;
use crate::store::versions::VersionRow;
use crate::store::{ReadTx, Store};

/// Most rows any list returns at once.
pub const PAGE_ROWS_MAX: u64 = 500;
/// Most open alerts that an inbox shows: the newest. Later ones move up as these are decided.
pub const OPEN_ROWS_MAX: u64 = 200;
/// Newest batches that the page of a version shows.
const BATCHES_SHOWN: u64 = 60;

/// An episode with the version it belongs to, for lists.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EpisodeLine {
    /// The episode.
    #[serde(flatten)]
    pub episode: EpisodeRow,
    /// Model name.
    pub model: String,
    /// Model version.
    pub version: String,
    /// Batches in it so far.
    pub batches: u64,
    /// User name of who drafted its decision.
    pub drafted_by: Option<String>,
}

/// What waits for a person.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// Episodes that are not decided, newest first.
    pub open: Vec<EpisodeLine>,
    /// Those this person can take the next step on.
    pub mine: Vec<EpisodeLine>,
    /// The newest decided ones.
    pub decided: Vec<EpisodeLine>,
}

/// Everything the page of a version shows.
#[derive(Clone, Debug)]
pub struct VersionView {
    /// The version.
    pub version: VersionRow,
    /// Its registration.
    pub registration: Registration,
    /// Fingerprint of the configuration it is registered with.
    pub configuration: String,
    /// The policy in force.
    pub policy: Policy,
    /// The frozen score cards.
    pub monitor: Monitor,
    /// Reports in force, oldest first.
    pub reports: Vec<(ReportRow, DriftReport)>,
    /// Reports of batches that were marked as invalid, oldest first.
    pub invalid: Vec<(ReportRow, DriftReport)>,
    /// Episodes, newest first.
    pub episodes: Vec<EpisodeLine>,
    /// Files that were not taken.
    pub quarantined: Vec<QuarantineRow>,
    /// Label deliveries.
    pub labels: Vec<LabelsRow>,
    /// Phase I studies, newest first.
    pub studies: Vec<StudyRow>,
    /// Where it stands, and what is missing for its next step.
    pub life_cycle: LifeCycle,
    /// Acceptance criteria and test runs.
    pub acceptance: super::read_acceptance::AcceptanceView,
    /// What it came out of, if it took up a draft.
    pub origin: Option<OriginView>,
    /// What the labels say about the newest batch that could be judged by them.
    pub performance: Option<String>,
    /// Whether the model has other versions to compare with.
    pub has_others: bool,
    /// Incidents that name it.
    pub incidents: Vec<NamingIncident>,
}

/// The frozen score cards of a version with the bins they are on.
#[derive(Clone, Debug)]
pub struct ScoreCards {
    /// The version.
    pub version: VersionRow,
    /// Its score cards.
    pub monitor: Monitor,
    /// Its bins.
    pub reference: Reference,
}

/// Everything the page of a report shows.
#[derive(Clone, Debug)]
pub struct ReportView {
    /// Its row.
    pub row: ReportRow,
    /// Its document.
    pub report: DriftReport,
    /// The reference it was judged against.
    pub reference: Reference,
    /// Number of the reference revision it was judged with; absent where the version has one only.
    pub revision: Option<u64>,
    /// Episodes it belongs to.
    pub episodes: Vec<EpisodeLine>,
    /// What is known of its batch besides drift.
    pub standing: BatchStanding,
}

/// A decision as drafted, with its exact bytes.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DecisionView {
    /// The record.
    pub decision: Decision,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
    /// The canonical bytes.
    pub document: String,
    /// Ledger entry.
    pub entry: u64,
    /// The signature, if there is one.
    pub signature: Option<SignatureView>,
}

/// A signature and how it is shown.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct SignatureView {
    /// The record.
    pub signature: Signature,
    /// The words every page and export shows.
    pub manifestation: String,
    /// Ledger entry.
    pub entry: u64,
}

/// Everything the page of an episode shows.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EpisodeView {
    /// The episode.
    pub episode: EpisodeLine,
    /// Its reports, oldest first.
    pub reports: Vec<ReportRow>,
    /// Whether it stands: a report in force of the batch that opened it belongs to it. One that does not mutes nothing.
    pub stands: bool,
    /// Who took note of it.
    pub acknowledgement: Option<AcknowledgementRow>,
    /// What was decided last.
    pub decision: Option<DecisionView>,
    /// What was decided in earlier cycles, or drafted and refused, oldest first.
    pub earlier_decisions: Vec<DecisionView>,
    /// What is done about it.
    pub remedy: RemedyView,
    /// Incidents that name it.
    pub incidents: Vec<NamingIncident>,
}

pub(super) fn missing(what: &'static str, id: &str) -> Error {
    Error::NotFound { what, id: id.to_owned() }
}

/// The registration of a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn version_registration(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<Registration> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| Judge::read(tx, model, version))?.registration)
}

/// The configuration a version is registered with.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ConfigurationView {
    /// SHA-256 of its canonical bytes: what comes with a batch.
    pub fingerprint: String,
    /// The configuration.
    pub configuration: Configuration,
}

/// The configuration of a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn configuration(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<ConfigurationView> {
    acting.permit(Action::Read)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    let configuration = Configuration::of(&judge.registration)?;
    Ok(ConfigurationView { fingerprint: configuration.fingerprint()?, configuration })
}

/// One version row.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn version(store: &Store, acting: &Acting, model: &str, version: &str) -> Result<VersionRow> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        tx.version(model, version)?
            .ok_or_else(|| missing("model version", &format!("{model}/{version}")))
    })
}

/// The version's page.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn version_view(
    store: &Store,
    acting: &Acting,
    model: &str,
    version: &str,
) -> Result<VersionView> {
    acting.permit(Action::Read)?;
    store.read(|tx| version_view_in(tx, model, version))
}

/// The same, from a snapshot that more is read from.
pub(super) fn version_view_in(tx: &ReadTx<'_>, model: &str, version: &str) -> Result<VersionView> {
    let judge = Judge::read(tx, model, version)?;
    let id = judge.version.id.clone();
    let mut invalid = tx.timeline(&id, BATCHES_SHOWN)?;
    invalid.retain(|row| row.invalidated.is_some());
    Ok(VersionView {
        reports: with_documents(tx, tx.reports(&id, BATCHES_SHOWN)?)?,
        invalid: with_documents(tx, invalid)?,
        episodes: lines(tx, tx.episodes(Some(&id), PAGE_ROWS_MAX)?)?,
        quarantined: tx.quarantined(&id, 50)?,
        labels: tx.labels(&id, 50)?,
        studies: tx.studies(&id)?,
        life_cycle: life_cycle_in(tx, model, version)?,
        acceptance: super::read_acceptance::view(tx, &id)?,
        origin: origin(tx, &id)?,
        performance: newest_sentence(tx, &id)?,
        has_others: tx.versions(Some(model))?.len() > 1,
        incidents: incidents_about(tx, AffectedKind::ModelVersion, &id)?,
        version: judge.version,
        configuration: Configuration::of(&judge.registration)?.fingerprint()?,
        registration: judge.registration,
        policy: judge.policy.0,
        monitor: judge.monitor.0,
    })
}

fn with_documents(tx: &ReadTx<'_>, rows: Vec<ReportRow>) -> Result<Vec<(ReportRow, DriftReport)>> {
    let mut reports = Vec::with_capacity(rows.len());
    for row in rows {
        let document = tx.report_document(&row.id)?.ok_or_else(|| missing("report", &row.id))?;
        reports.push((row, stored(&document)?));
    }
    Ok(reports)
}

/// The score cards of a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn score_cards(
    store: &Store,
    acting: &Acting,
    model: &str,
    version: &str,
) -> Result<ScoreCards> {
    acting.permit(Action::Read)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    let (reference, monitor) = (judge.reference.0, judge.monitor.0);
    Ok(ScoreCards { version: judge.version, monitor, reference })
}

/// The batches of a version, newest first, before ledger entry `before`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn batches(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    (before, limit): (Option<u64>, u64),
) -> Result<Vec<BatchRow>> {
    let row = self::version(store, acting, model, version)?;
    Ok(store.read(|tx| tx.batches(&row.id, before, limit.clamp(1, PAGE_ROWS_MAX)))?)
}

/// Files that were not taken.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn quarantined(
    store: &Store,
    acting: &Acting,
    model: &str,
    version: &str,
) -> Result<Vec<QuarantineRow>> {
    let row = self::version(store, acting, model, version)?;
    Ok(store.read(|tx| tx.quarantined(&row.id, PAGE_ROWS_MAX))?)
}

/// One report with the reference it was judged against.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn report_view(store: &Store, acting: &Acting, id: &str) -> Result<ReportView> {
    acting.permit(Action::Read)?;
    store.read(|tx| report_in(tx, id))
}

/// The report `id` as `tx` sees it.
pub(super) fn report_in(tx: &ReadTx<'_>, id: &str) -> Result<ReportView> {
    let row = tx.report(id)?.ok_or_else(|| missing("report", id))?;
    let document = tx.report_document(id)?.ok_or_else(|| missing("report", id))?;
    let report: DriftReport = stored(&document)?;
    let with = tx.report_judged_with(id)?.ok_or_else(|| missing("reference of report", id))?;
    let mut episodes = Vec::new();
    for episode_id in tx.episodes_of_report(id)? {
        episodes.extend(tx.episode(&episode_id)?);
    }
    let reference = stored(&with.reference.document)?;
    let several = tx.reference_revisions(&row.version_id)?.len() > 1;
    let revision = several.then_some(with.revision);
    let standing = standing(tx, &row)?;
    let episodes = lines(tx, episodes)?;
    Ok(ReportView { row, report, reference, revision, episodes, standing })
}

/// The canonical bytes of a report.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn report_document(store: &Store, acting: &Acting, id: &str) -> Result<String> {
    acting.permit(Action::Read)?;
    store.read(|tx| tx.report_document(id)?.ok_or_else(|| missing("report", id)))
}

fn lines(tx: &ReadTx<'_>, episodes: Vec<EpisodeRow>) -> Result<Vec<EpisodeLine>> {
    let mut out = Vec::with_capacity(episodes.len());
    for episode in episodes {
        let version = tx
            .version_by_id(&episode.version_id)?
            .ok_or_else(|| missing("model version", &episode.version_id))?;
        let drafted_by = match tx.decision_of(&episode.id)? {
            Some(row) => Some(stored::<Decision>(&row.document)?.drafted_by.user_name),
            None => None,
        };
        out.push(EpisodeLine {
            batches: tx.episode_batches(&episode.id)?,
            model: version.model,
            version: version.version,
            drafted_by,
            episode,
        });
    }
    Ok(out)
}

/// What waits, and what waits for this person.
///
/// # Errors
///
/// [`Error::Access`].
pub fn inbox(store: &Store, acting: &Acting) -> Result<Inbox> {
    acting.permit(Action::Read)?;
    let (open, decided) = store.read(|tx| {
        let open = lines(tx, tx.episodes_undecided(OPEN_ROWS_MAX)?)?;
        Ok::<_, Error>((open, lines(tx, tx.episodes_decided(20)?)?))
    })?;
    let mine = open.iter().filter(|line| is_next(&acting.account, line)).cloned().collect();
    Ok(Inbox { open, mine, decided })
}

/// Whether `account` may take the next step on an episode.
pub fn is_next(account: &Account, line: &EpisodeLine) -> bool {
    let state = line.episode.state;
    let may = EpisodeRule::from(state)
        .any(|rule| rule.from != rule.to && rule.who.contains(&account.role));
    let drafted = line.drafted_by.as_deref() == Some(account.user_name.as_str());
    match state {
        EpisodeState::Acknowledged => may && Action::DraftDecision.roles().contains(&account.role),
        EpisodeState::Drafted => may && !drafted,
        state => may && !state.is_decided(),
    }
}

/// Episodes of all versions, newest first, before ledger entry `before`.
///
/// # Errors
///
/// [`Error::Access`].
pub fn episodes(store: &Store, acting: &Acting, before: Option<u64>) -> Result<Vec<EpisodeLine>> {
    acting.permit(Action::Read)?;
    let before = before.unwrap_or(u64::MAX);
    store.read(|tx| lines(tx, tx.episodes_before(before, PAGE_ROWS_MAX)?))
}

/// One episode with its whole story.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn episode_view(store: &Store, acting: &Acting, id: &str) -> Result<EpisodeView> {
    acting.permit(Action::Read)?;
    let now = store.clock().now_text();
    store.read(|tx| episode_in(tx, acting, (id, &now)))
}

/// The episode `id` as `tx` sees it, at the time `now`.
pub(super) fn episode_in(
    tx: &ReadTx<'_>,
    acting: &Acting,
    (id, now): (&str, &str),
) -> Result<EpisodeView> {
    let episode = tx.episode(id)?.ok_or_else(|| missing("alert", id))?;
    let mut decisions = Vec::new();
    for (row, signature) in tx.decisions_of(id)? {
        decisions.push(DecisionView {
            signature: signature.map(signature_view).transpose()?,
            decision: stored(&row.document)?,
            sha256: row.sha256,
            document: row.document,
            entry: row.entry,
        });
    }
    let decision = decisions.pop();
    let remedy = remedy(tx, id, &acting.account, now)?;
    let line = lines(tx, vec![episode])?.pop().ok_or_else(|| missing("alert", id))?;
    Ok(EpisodeView {
        episode: line,
        reports: tx.episode_reports(id)?,
        stands: tx.stands(id)?,
        acknowledgement: tx.acknowledgement(id)?,
        decision,
        earlier_decisions: decisions,
        remedy,
        incidents: incidents_about(tx, AffectedKind::Alert, id)?,
    })
}

fn signature_view(row: DocumentRow) -> Result<SignatureView> {
    let signature: Signature = stored(&row.document)?;
    Ok(SignatureView { manifestation: signature.manifestation(), signature, entry: row.entry })
}

/// Whether the store is a demonstration.
///
/// # Errors
///
/// Those of the store.
pub fn is_demonstration(store: &Store) -> Result<bool> {
    Ok(store.read(|tx| tx.setting("demonstration"))?.is_some())
}
