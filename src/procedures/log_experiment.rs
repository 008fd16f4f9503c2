//! Procedure: keep experiments, the names that runs are filed under.
//!
//! 1. check that the person may register
//! 2. a name is given once and never again, also after a change of name
//! 3. write what changes with its ledger entry; runs stay

use super::log_run::written;
use super::{actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::run::NamedValue;
use crate::store::experiments::ExperimentRow;
use crate::store::{ReadTx, Store, WriteTx};

/// The name of the experiment that always exists, with id `0`.
const DEFAULT_EXPERIMENT: &str = "Default";

/// An experiment with its tags.
#[derive(Clone, Debug)]
pub struct ExperimentView {
    /// The experiment.
    pub row: ExperimentRow,
    /// Tags, by name.
    pub tags: Vec<NamedValue>,
}

/// What to change of an experiment; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct ExperimentChange {
    /// A new name.
    pub name: Option<String>,
    /// Whether it is deleted.
    pub deleted: Option<bool>,
    /// A tag; without a value it is removed.
    pub tag: Option<(String, Option<String>)>,
}

/// What tags of an experiment belong to.
fn owner(id: &str) -> String {
    format!("experiment/{id}")
}

/// Creates an experiment.
///
/// # Errors
///
/// [`Error::Access`], [`Error::AlreadyExists`], [`Error::BadRequest`] for a name that is empty or too long.
pub fn create_experiment(
    store: &Store,
    acting: &Acting,
    name: &str,
    tags: &[NamedValue],
) -> Result<String> {
    acting.permit(Action::Register)?;
    let written = store.write(&actor(acting), EntryType::ExperimentCreate, |tx| {
        check_free(tx, name)?;
        let numbers = tx.experiments()?.into_iter().filter_map(|row| row.id.parse::<u64>().ok());
        let id = (numbers.max().unwrap_or(0) + 1).to_string();
        tx.subject(subject("experiment", &id));
        tx.insert_experiment(&id, name)?;
        for tag in tags {
            tx.insert_tag(&owner(&id), &tag.key, Some(&tag.value))?;
        }
        Ok(id)
    });
    match written {
        // The name it had first, before it was renamed.
        Err(Error::Store(crate::store::Error::AlreadyExists { .. })) => Err(taken(name)),
        other => Ok(other?.value),
    }
}

fn taken(name: &str) -> Error {
    Error::AlreadyExists { what: "experiment", id: name.to_owned() }
}

fn check_free(tx: &ReadTx<'_>, name: &str) -> Result<()> {
    if name.is_empty() || name.len() > 500 {
        let detail = format!("the experiment's name has {} bytes, expected 1 to 500", name.len());
        return Err(Error::BadRequest { detail });
    }
    if name == DEFAULT_EXPERIMENT || tx.experiments()?.iter().any(|row| row.name == name) {
        return Err(taken(name));
    }
    Ok(())
}

/// Makes the default experiment the first time something is filed under it; any other must exist and not be deleted.
pub(super) fn open_experiment(tx: &mut WriteTx<'_>, id: &str) -> Result<()> {
    match tx.experiment(id)? {
        Some(row) if row.deleted => Err(Error::BadRequest {
            detail: format!("experiment `{id}` is deleted; restore it first"),
        }),
        Some(_) => Ok(()),
        None if id == "0" => Ok(tx.insert_experiment("0", DEFAULT_EXPERIMENT)?),
        None => Err(Error::NotFound { what: "experiment", id: id.to_owned() }),
    }
}

/// All experiments, oldest first, deleted ones included; the default one is there before anybody uses it.
///
/// # Errors
///
/// [`Error::Access`], those of the store.
pub fn experiments(store: &Store, acting: &Acting) -> Result<Vec<ExperimentView>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let mut rows = tx.experiments()?;
        if !rows.iter().any(|row| row.id == "0") {
            let (created_at, changed_at) = (String::new(), String::new());
            let (id, name) = ("0".to_owned(), DEFAULT_EXPERIMENT.to_owned());
            rows.insert(0, ExperimentRow { id, name, deleted: false, created_at, changed_at });
        }
        let view = |row: ExperimentRow| Ok(ExperimentView { tags: tx.tags(&owner(&row.id))?, row });
        rows.into_iter().map(view).collect()
    })
}

/// Renames, deletes, restores or tags an experiment.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::AlreadyExists`], [`Error::Conflict`] for the default experiment.
pub fn change_experiment(
    store: &Store,
    acting: &Acting,
    id: &str,
    change: &ExperimentChange,
) -> Result<()> {
    acting.permit(Action::Register)?;
    written(store.write(&actor(acting), EntryType::ExperimentChange, |tx| {
        let missing = || Error::NotFound { what: "experiment", id: id.to_owned() };
        let row = tx.experiment(id)?.ok_or_else(missing)?;
        tx.subject(subject("experiment", id));
        let (name, deleted) = (change.name.as_ref(), change.deleted.unwrap_or(row.deleted));
        if id == "0" && (deleted || name.is_some()) {
            let detail = "the default experiment keeps its name and stays".to_owned();
            return Err(Error::Conflict { detail });
        }
        if let Some(name) = name.filter(|name| **name != row.name) {
            check_free(tx, name)?;
        }
        let name = name.unwrap_or(&row.name);
        if (name, deleted) != (&row.name, row.deleted) {
            tx.insert_experiment_state(id, name, deleted)?;
        }
        if let Some((key, value)) = &change.tag {
            set_tag(tx, &owner(id), key, value.as_deref())?;
        }
        Ok(())
    }))
}

/// Records a tag unless it says what it said before.
pub(super) fn set_tag(
    tx: &mut WriteTx<'_>,
    owner: &str,
    key: &str,
    value: Option<&str>,
) -> Result<()> {
    let known = tx.tags(owner)?;
    let old = known.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
    if old != value {
        tx.insert_tag(owner, key, value)?;
    }
    Ok(())
}
