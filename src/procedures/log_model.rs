//! Procedure: keep the models that training code announces.
//!
//! 1. check that the person may register, and that the experiment and the run exist
//! 2. take what is new of state, parameters and tags
//! 3. write it with its ledger entry; its files come one by one (`keep_artifact`)

use super::log_experiment::{open_experiment, set_tag};
use super::log_run::{found as found_run, insert_params, written};
use super::{actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::run::{Metric, NamedValue};
use crate::store::logged_models::LoggedModelRow;
use crate::store::{ReadTx, Store};

/// The states a logged model can be given.
const STATUSES: [&str; 3] =
    ["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"];

/// A logged model with what is known of it.
#[derive(Clone, Debug)]
pub struct LoggedModelView {
    /// The logged model.
    pub row: LoggedModelRow,
    /// Parameters, by name.
    pub params: Vec<NamedValue>,
    /// Tags, by name.
    pub tags: Vec<NamedValue>,
    /// Values of metrics that are about it, in the order of arrival, each with the run that reported it.
    pub metrics: Vec<(String, Metric)>,
}

/// A logged model to announce.
#[derive(Clone, Debug)]
pub struct NewLoggedModel {
    /// Its experiment.
    pub experiment_id: String,
    /// The run it came out of.
    pub run_id: Option<String>,
    /// Name; one is drawn when it is empty.
    pub name: String,
    /// What kind of model.
    pub kind: String,
    /// Parameters.
    pub params: Vec<NamedValue>,
    /// Tags.
    pub tags: Vec<NamedValue>,
}

/// What to change of a logged model; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct LoggedModelChange {
    /// State.
    pub status: Option<String>,
    /// Whether it is deleted.
    pub deleted: Option<bool>,
    /// More parameters.
    pub params: Vec<NamedValue>,
    /// Tags; without a value the tag is removed.
    pub tags: Vec<(String, Option<String>)>,
}

/// Announces a logged model.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] for an experiment or run that does not exist.
pub fn create_logged_model(
    store: &Store,
    acting: &Acting,
    new: &NewLoggedModel,
) -> Result<LoggedModelView> {
    acting.permit(Action::Register)?;
    let id = clock::new_id("m").replace('_', "-");
    store.write(&actor(acting), EntryType::LoggedModelCreate, |tx| {
        open_experiment(tx, &new.experiment_id)?;
        tx.subject(subject("logged_model", &id));
        if let Some(run_id) = &new.run_id {
            tx.refer(found_run(tx, run_id)?.entry);
            tx.subject(subject("run", run_id));
        }
        let row = LoggedModelRow {
            id: id.clone(),
            experiment_id: new.experiment_id.clone(),
            run_id: new.run_id.clone(),
            name: if new.name.is_empty() { id.clone() } else { new.name.clone() },
            kind: new.kind.clone(),
            status: STATUSES[0].to_owned(),
            deleted: false,
            created_at: tx.at().to_owned(),
            changed_at: tx.at().to_owned(),
            entry: tx.index(),
        };
        tx.insert_logged_model(&row)?;
        insert_params(tx, &id, &new.params)?;
        for tag in &new.tags {
            set_tag(tx, &id, &tag.key, Some(&tag.value))?;
        }
        Ok::<_, Error>(())
    })?;
    read_logged_model(store, acting, &id)
}

/// The logged model of that id.
pub(super) fn found(tx: &ReadTx<'_>, id: &str) -> Result<LoggedModelRow> {
    tx.logged_model(id)?.ok_or_else(|| Error::NotFound { what: "logged model", id: id.to_owned() })
}

fn view(tx: &ReadTx<'_>, row: LoggedModelRow) -> Result<LoggedModelView> {
    let id = &row.id;
    let (params, tags, metrics) = (tx.params(id)?, tx.tags(id)?, tx.metrics_of_model(id)?);
    Ok(LoggedModelView { row, params, tags, metrics })
}

/// One logged model.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn read_logged_model(store: &Store, acting: &Acting, id: &str) -> Result<LoggedModelView> {
    acting.permit(Action::Read)?;
    store.read(|tx| view(tx, found(tx, id)?))
}

/// The logged models of some experiments, newest first in each; without the deleted ones.
///
/// # Errors
///
/// [`Error::Access`], those of the store.
pub fn logged_models(
    store: &Store,
    acting: &Acting,
    experiments: &[String],
) -> Result<Vec<LoggedModelView>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let mut views = Vec::new();
        for experiment in experiments {
            for row in tx.logged_models(experiment)?.into_iter().filter(|row| !row.deleted) {
                views.push(view(tx, row)?);
            }
        }
        Ok(views)
    })
}

/// Changes state, parameters or tags of a logged model.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for a state that is none or another value of a parameter,
/// [`Error::Conflict`] for deleting one that a draft version was made from.
pub fn change_logged_model(
    store: &Store,
    acting: &Acting,
    id: &str,
    change: &LoggedModelChange,
) -> Result<()> {
    acting.permit(Action::Register)?;
    if let Some(found) = change.status.as_deref().filter(|status| !STATUSES.contains(status)) {
        let detail = format!("status `{found}` is none of {}", STATUSES.join(", "));
        return Err(Error::BadRequest { detail });
    }
    written(store.write(&actor(acting), EntryType::LoggedModelChange, |tx| {
        let row = found(tx, id)?;
        tx.subject(subject("logged_model", id));
        tx.refer(row.entry);
        let status = change.status.as_ref().unwrap_or(&row.status);
        let deleted = change.deleted.unwrap_or(row.deleted);
        if deleted && let Some(draft) = tx.drafts_from(id)?.first() {
            let (number, model) = (draft.number, &draft.model);
            let detail =
                format!("logged model `{id}` stays: draft {number} of `{model}` was made from it");
            return Err(Error::Conflict { detail });
        }
        if (status, deleted) != (&row.status, row.deleted) {
            tx.insert_logged_model_state(id, status, deleted)?;
        }
        insert_params(tx, id, &change.params)?;
        for (key, value) in &change.tags {
            set_tag(tx, id, key, value.as_deref())?;
        }
        Ok(())
    }))
}
