//! Procedure: keep what training code reports about a run.
//!
//! 1. check that the person may register, and that the run exists
//! 2. take what is new: the same value again changes nothing, another value of a parameter is refused
//! 3. write it with its ledger entry; when the run ends, its state carries a digest of parameters, metrics and datasets

use super::{actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::runs::{DatasetRow, ExperimentRow, MetricRow, NamedValue, RunRow, RunState};
use crate::store::{self, ReadTx, Store};
use crate::{clock, digest};
use serde_json::json;

/// The name of the experiment that always exists, with id `0`.
pub const DEFAULT_EXPERIMENT: &str = "Default";

/// The states a run can be in.
const STATUSES: [&str; 5] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

/// What a run reports in one request.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// Parameters.
    pub params: Vec<NamedValue>,
    /// Values of metrics.
    pub metrics: Vec<MetricRow>,
    /// Tags; without a value the tag is removed.
    pub tags: Vec<(String, Option<String>)>,
    /// Datasets.
    pub datasets: Vec<DatasetRow>,
}

/// A run with all it reported.
#[derive(Clone, Debug)]
pub struct RunView {
    /// The run.
    pub run: RunRow,
    /// Parameters, by name.
    pub params: Vec<NamedValue>,
    /// Every value of every metric, in the order of arrival.
    pub metrics: Vec<MetricRow>,
    /// Tags, by name.
    pub tags: Vec<NamedValue>,
    /// Datasets.
    pub datasets: Vec<DatasetRow>,
}

/// Creates an experiment.
///
/// # Errors
///
/// [`Error::Access`], [`Error::AlreadyExists`], [`Error::BadRequest`] for a name that is empty or too long.
pub fn create_experiment(store: &Store, acting: &Acting, name: &str) -> Result<String> {
    acting.permit(Action::Register)?;
    if name.is_empty() || name.len() > 500 {
        let detail = format!("the experiment's name has {} bytes, expected 1 to 500", name.len());
        return Err(Error::BadRequest { detail });
    }
    let written = store.write(&actor(acting), EntryType::ExperimentCreate, |tx| {
        let known = tx.experiments()?;
        if name == DEFAULT_EXPERIMENT || known.iter().any(|row| row.name == name) {
            return Err(Error::AlreadyExists { what: "experiment", id: name.to_owned() });
        }
        let id = (known.iter().filter(|row| row.id != "0").count() + 1).to_string();
        tx.subject(subject("experiment", &id));
        tx.insert_experiment(&id, name)?;
        Ok(id)
    })?;
    Ok(written.value)
}

/// All experiments, oldest first; the default one is there before anybody uses it.
///
/// # Errors
///
/// [`Error::Access`], those of the store.
pub fn experiments(store: &Store, acting: &Acting) -> Result<Vec<ExperimentRow>> {
    acting.permit(Action::Read)?;
    let mut known = store.read(|tx| tx.experiments())?;
    if !known.iter().any(|row| row.id == "0") {
        let (id, name) = ("0".to_owned(), DEFAULT_EXPERIMENT.to_owned());
        known.insert(0, ExperimentRow { id, name, created_at: String::new() });
    }
    Ok(known)
}

/// Begins a run.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] for an experiment that does not exist.
pub fn create_run(
    store: &Store,
    acting: &Acting,
    (experiment_id, name, user_name): (&str, &str, &str),
    started_ms: i64,
    tags: &[NamedValue],
) -> Result<RunView> {
    acting.permit(Action::Register)?;
    let id = clock::new_id("rn");
    store.write(&actor(acting), EntryType::RunCreate, |tx| {
        if !tx.experiments()?.iter().any(|row| row.id == experiment_id) {
            if experiment_id != "0" {
                let id = experiment_id.to_owned();
                return Err(Error::NotFound { what: "experiment", id });
            }
            tx.insert_experiment("0", DEFAULT_EXPERIMENT)?;
        }
        let run = RunRow {
            id: id.clone(),
            experiment_id: experiment_id.to_owned(),
            name: name.to_owned(),
            user_name: user_name.to_owned(),
            started_ms,
            status: "RUNNING".to_owned(),
            ended_ms: None,
            deleted: false,
            content_sha256: None,
            entry: tx.index(),
        };
        tx.subject(subject("run", &id));
        tx.insert_run(&run, &acting.account.id)?;
        let state = RunState {
            name,
            status: "RUNNING",
            ended_ms: None,
            deleted: false,
            content_sha256: None,
        };
        tx.insert_run_state(&id, &state)?;
        for tag in tags {
            tx.insert_tag(&id, &tag.key, Some(&tag.value))?;
        }
        Ok(())
    })?;
    read_run(store, acting, &id)
}

/// A run with all it reported.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn read_run(store: &Store, acting: &Acting, id: &str) -> Result<RunView> {
    acting.permit(Action::Read)?;
    store.read(|tx| view(tx, id))
}

fn view(tx: &ReadTx<'_>, id: &str) -> Result<RunView> {
    let run = tx.run(id)?.ok_or_else(|| Error::NotFound { what: "run", id: id.to_owned() })?;
    Ok(RunView {
        params: tx.params(id)?,
        metrics: tx.metrics(id)?,
        tags: tx.tags(id)?,
        datasets: tx.run_datasets(id)?,
        run,
    })
}

/// Keeps what a run reports. The same request again changes nothing.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for another value of a parameter.
pub fn log_run(store: &Store, acting: &Acting, id: &str, reported: &Reported) -> Result<()> {
    acting.permit(Action::Register)?;
    let written = store.write(&actor(acting), EntryType::RunLog, |tx| {
        let mut known = view(tx, id)?;
        tx.subject(subject("run", id));
        for param in &reported.params {
            if let Some(old) = known.params.iter().find(|old| old.key == param.key) {
                if old.value != param.value {
                    let detail = format!(
                        "Changing param values is not allowed. Param `{}` of run `{id}` is `{}`, not `{}`",
                        param.key, old.value, param.value
                    );
                    return Err(Error::BadRequest { detail });
                }
            } else {
                tx.insert_param(id, param)?;
                known.params.push(param.clone());
            }
        }
        for metric in &reported.metrics {
            if !known.metrics.contains(metric) {
                tx.insert_metric(id, metric)?;
                known.metrics.push(metric.clone());
            }
        }
        for (key, value) in &reported.tags {
            let old = known.tags.iter().rfind(|tag| tag.key == *key).map(|tag| &tag.value);
            if old != value.as_ref() {
                tx.insert_tag(id, key, value.as_deref())?;
            }
        }
        for dataset in &reported.datasets {
            if !known.datasets.contains(dataset) {
                tx.insert_run_dataset(id, dataset)?;
                known.datasets.push(dataset.clone());
            }
        }
        Ok(())
    });
    match written {
        Ok(_) | Err(Error::Store(store::Error::NothingRecorded { .. })) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Ends, renames, deletes or restores a run; what is not given stays. A run that is not running gets its digest.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for a status that is none.
pub fn update_run(
    store: &Store,
    acting: &Acting,
    id: &str,
    (status, name): (Option<&str>, Option<&str>),
    (ended_ms, deleted): (Option<i64>, Option<bool>),
) -> Result<RunView> {
    acting.permit(Action::Register)?;
    if let Some(found) = status.filter(|found| !STATUSES.contains(found)) {
        let detail = format!("status `{found}` is none of {}", STATUSES.join(", "));
        return Err(Error::BadRequest { detail });
    }
    store.write(&actor(acting), EntryType::RunState, |tx| {
        let known = view(tx, id)?;
        let status = status.unwrap_or(&known.run.status);
        let ended = !matches!(status, "RUNNING" | "SCHEDULED");
        let content_sha256 = if ended { Some(content_sha256(&known)?) } else { None };
        tx.subject(subject("run", id));
        tx.refer(known.run.entry);
        let state = RunState {
            name: name.unwrap_or(&known.run.name),
            status,
            ended_ms: if ended { ended_ms.or(known.run.ended_ms) } else { None },
            deleted: deleted.unwrap_or(known.run.deleted),
            content_sha256: content_sha256.as_deref(),
        };
        tx.insert_run_state(id, &state)?;
        Ok::<_, Error>(())
    })?;
    read_run(store, acting, id)
}

/// SHA-256 of the canonical JSON of what a run reported: parameters, metrics, datasets.
fn content_sha256(view: &RunView) -> Result<String> {
    let (params, metrics, datasets) = (&view.params, &view.metrics, &view.datasets);
    let content = json!({"params": params, "metrics": metrics, "datasets": datasets});
    Ok(digest::sha256_hex(&digest::canonical_json(&content)?))
}

/// The runs of some experiments with all they reported, newest first in each.
///
/// # Errors
///
/// [`Error::Access`], those of the store.
pub fn runs(store: &Store, acting: &Acting, experiments: &[String]) -> Result<Vec<RunView>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let mut views = Vec::new();
        for experiment in experiments {
            for run in tx.runs(experiment)? {
                views.push(view(tx, &run.id)?);
            }
        }
        Ok(views)
    })
}
