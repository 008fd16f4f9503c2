//! Procedure: keep what training code reports about a run.
//!
//! 1. check that the person may register, and that the run exists
//! 2. take what is new: the same value again changes nothing, another value of a parameter is refused
//! 3. write it with its ledger entry; once the run has ended, every entry about it carries the digest of all it reported

use super::log_experiment::{open_experiment, set_tag};
use super::{actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::run::{Metric, NamedValue, RunContent, RunDataset, RunModel};
use crate::store::runs::{RunRow, RunState};
use crate::store::{self, ReadTx, Store, WriteTx, Written};
use std::collections::BTreeMap;

/// The states a run can be in.
const STATUSES: [&str; 5] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

/// What a run reports in one request.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// What the end of the run freezes.
    pub content: RunContent,
    /// Tags; without a value the tag is removed.
    pub tags: Vec<(String, Option<String>)>,
}

/// A run with what it reported.
#[derive(Clone, Debug)]
pub struct RunView {
    /// The run.
    pub run: RunRow,
    /// Parameters, by name.
    pub params: Vec<NamedValue>,
    /// The newest value of every metric, by name.
    pub metrics: Vec<Metric>,
    /// Tags, by name.
    pub tags: Vec<NamedValue>,
    /// Datasets, in the order of arrival.
    pub datasets: Vec<RunDataset>,
    /// Logged models it made or used.
    pub models: Vec<RunModel>,
}

/// A run to begin.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its experiment.
    pub experiment_id: String,
    /// Name; one is drawn when it is empty.
    pub name: String,
    /// The user name that the training code gives.
    pub user_name: String,
    /// When it began, by the client's clock, in ms since 1970.
    pub started_ms: i64,
    /// Tags.
    pub tags: Vec<NamedValue>,
}

/// What to change of a run's state; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct RunChange {
    /// Status.
    pub status: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// End, by the client's clock, in ms since 1970.
    pub ended_ms: Option<i64>,
    /// Whether it is deleted.
    pub deleted: Option<bool>,
}

/// Begins a run.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] for an experiment that does not exist.
pub fn create_run(store: &Store, acting: &Acting, new: &NewRun) -> Result<RunView> {
    acting.permit(Action::Register)?;
    let id = clock::new_id("rn");
    store.write(&actor(acting), EntryType::RunCreate, |tx| {
        open_experiment(tx, &new.experiment_id)?;
        let run = RunRow {
            id: id.clone(),
            experiment_id: new.experiment_id.clone(),
            name: if new.name.is_empty() { drawn_name(&id) } else { new.name.clone() },
            user_name: new.user_name.clone(),
            started_ms: new.started_ms,
            status: "RUNNING".to_owned(),
            ended_ms: None,
            deleted: false,
            content_sha256: None,
            entry: tx.index(),
        };
        tx.subject(subject("run", &id));
        tx.insert_run(&run, &acting.account.id)?;
        tx.insert_run_state(&id, &RunState::of(&run))?;
        for tag in &new.tags {
            set_tag(tx, &id, &tag.key, Some(&tag.value))?;
        }
        Ok::<_, Error>(())
    })?;
    read_run(store, acting, &id)
}

/// A name for a run that came without one: the end of its id, which is drawn.
fn drawn_name(id: &str) -> String {
    format!("run-{}", id.get(id.len().saturating_sub(8)..).unwrap_or(id))
}

/// A run with what it reported.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn read_run(store: &Store, acting: &Acting, id: &str) -> Result<RunView> {
    acting.permit(Action::Read)?;
    store.read(|tx| view(tx, found(tx, id)?))
}

/// The run of that id.
pub(super) fn found(tx: &ReadTx<'_>, id: &str) -> Result<RunRow> {
    tx.run(id)?.ok_or_else(|| Error::NotFound { what: "run", id: id.to_owned() })
}

/// A run with what it reported.
pub(super) fn view(tx: &ReadTx<'_>, run: RunRow) -> Result<RunView> {
    let id = &run.id;
    Ok(RunView {
        params: tx.params(id)?,
        metrics: tx.newest_metrics(id)?,
        tags: tx.tags(id)?,
        datasets: tx.run_datasets(id)?,
        models: tx.run_models(id)?,
        run,
    })
}

/// The values of one metric in the order of arrival, after the first `skip`, at most `most`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn metric_history(
    store: &Store,
    acting: &Acting,
    (id, name): (&str, &str),
    page: (u64, u64),
) -> Result<Vec<Metric>> {
    acting.permit(Action::Read)?;
    store.read(|tx| Ok(tx.metric_history(&found(tx, id)?.id, name, page)?))
}

/// Keeps what a run reports. The same request again changes nothing.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for another value of a parameter.
pub fn log_run(store: &Store, acting: &Acting, id: &str, reported: &Reported) -> Result<()> {
    acting.permit(Action::Register)?;
    written(store.write(&actor(acting), EntryType::RunLog, |tx| {
        let run = found(tx, id)?;
        tx.subject(subject("run", id));
        let is_new = insert_content(tx, id, &reported.content)?;
        for (key, value) in &reported.tags {
            set_tag(tx, id, key, value.as_deref())?;
        }
        if is_new && run.content_sha256.is_some() {
            let content_sha256 = Some(content_sha256(tx, id)?);
            tx.insert_run_state(id, &RunState::of(&RunRow { content_sha256, ..run }))?;
        }
        Ok(())
    }))
}

/// Inserts what is new and says whether anything was.
fn insert_content(tx: &mut WriteTx<'_>, id: &str, content: &RunContent) -> Result<bool> {
    let params = insert_params(tx, id, &content.params)?;
    let mut is_new = params;
    for metric in &content.metrics {
        if !tx.has_metric(id, metric)? {
            tx.insert_metric(id, metric)?;
            is_new = true;
        }
    }
    if !content.datasets.is_empty() {
        let mut known = tx.run_datasets(id)?;
        for dataset in &content.datasets {
            if !known.contains(dataset) {
                tx.insert_run_dataset(id, dataset)?;
                known.push(dataset.clone());
                is_new = true;
            }
        }
    }
    if !content.models.is_empty() {
        let mut known = tx.run_models(id)?;
        for model in &content.models {
            let missing = || Error::NotFound { what: "logged model", id: model.model_id.clone() };
            tx.logged_model(&model.model_id)?.ok_or_else(missing)?;
            if !known.contains(model) {
                tx.insert_run_model(id, model)?;
                known.push(model.clone());
                is_new = true;
            }
        }
    }
    Ok(is_new)
}

/// Inserts parameters of a run or a logged model; each is given once.
pub(super) fn insert_params(
    tx: &mut WriteTx<'_>,
    owner_id: &str,
    params: &[NamedValue],
) -> Result<bool> {
    if params.is_empty() {
        return Ok(false);
    }
    let known = tx.params(owner_id)?.into_iter().map(|param| (param.key, param.value));
    let mut known: BTreeMap<String, String> = known.collect();
    let before = known.len();
    for NamedValue { key, value } in params {
        match known.get(key) {
            Some(old) if old != value => {
                let detail = format!(
                    "Changing param values is not allowed. Param `{key}` of `{owner_id}` is `{old}`, not `{value}`"
                );
                return Err(Error::BadRequest { detail });
            }
            Some(_) => {}
            None => {
                tx.insert_param(owner_id, &NamedValue { key: key.clone(), value: value.clone() })?;
                known.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(known.len() > before)
}

/// A write that found nothing new is done.
pub(super) fn written<T: Default>(outcome: Result<Written<T>>) -> Result<T> {
    match outcome {
        Ok(written) => Ok(written.value),
        Err(Error::Store(store::Error::NothingRecorded { .. })) => Ok(T::default()),
        Err(error) => Err(error),
    }
}

/// Ends, renames, deletes or restores a run. A run that is not running gets its digest.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for a status that is none, [`Error::Conflict`] for deleting a run
/// that a draft version came out of.
pub fn update_run(store: &Store, acting: &Acting, id: &str, change: &RunChange) -> Result<RunView> {
    acting.permit(Action::Register)?;
    if let Some(found) = change.status.as_deref().filter(|status| !STATUSES.contains(status)) {
        let detail = format!("status `{found}` is none of {}", STATUSES.join(", "));
        return Err(Error::BadRequest { detail });
    }
    store.write(&actor(acting), EntryType::RunState, |tx| {
        let mut run = found(tx, id)?;
        if change.deleted == Some(true) {
            let drafts = tx.drafts(None)?;
            if let Some(draft) = drafts.iter().find(|draft| draft.run_id.as_deref() == Some(id)) {
                let (number, model) = (draft.number, &draft.model);
                let detail =
                    format!("run `{id}` stays: draft {number} of `{model}` came out of it");
                return Err(Error::Conflict { detail });
            }
        }
        tx.subject(subject("run", id));
        tx.refer(run.entry);
        run.status = change.status.clone().unwrap_or(run.status);
        let ended = !matches!(run.status.as_str(), "RUNNING" | "SCHEDULED");
        run.content_sha256 = if ended { Some(content_sha256(tx, id)?) } else { None };
        run.ended_ms = if ended { change.ended_ms.or(run.ended_ms) } else { None };
        run.name = change.name.clone().unwrap_or(run.name);
        run.deleted = change.deleted.unwrap_or(run.deleted);
        Ok(tx.insert_run_state(id, &RunState::of(&run))?)
    })?;
    read_run(store, acting, id)
}

/// The digest of all that a run has reported so far.
pub(super) fn content_sha256(tx: &ReadTx<'_>, id: &str) -> Result<String> {
    let content = RunContent {
        params: tx.params(id)?,
        metrics: tx.metrics(id)?,
        datasets: tx.run_datasets(id)?,
        models: tx.run_models(id)?,
    };
    Ok(content.sha256()?)
}

/// The runs of some experiments with what they reported, newest first in each.
///
/// # Errors
///
/// [`Error::Access`], those of the store.
pub fn runs(store: &Store, acting: &Acting, experiments: &[String]) -> Result<Vec<RunView>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let mut views = Vec::new();
        for experiment in experiments {
            let (mut params, mut tags) =
                (tx.params_by_run(experiment)?, tx.tags_by_run(experiment)?);
            let mut datasets = tx.datasets_by_run(experiment)?;
            let mut models = tx.models_by_run(experiment)?;
            for run in tx.runs(experiment)? {
                views.push(RunView {
                    params: params.remove(&run.id).unwrap_or_default(),
                    metrics: tx.newest_metrics(&run.id)?,
                    tags: tags.remove(&run.id).unwrap_or_default(),
                    datasets: datasets.remove(&run.id).unwrap_or_default(),
                    models: models.remove(&run.id).unwrap_or_default(),
                    run,
                });
            }
        }
        Ok(views)
    })
}
