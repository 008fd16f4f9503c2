//! Procedure: register a draft version, as training code does.
//!
//! A draft has frozen files and says which run they came out of. It has no reference and no policy yet, so nothing can be judged
//! against it: `register_version` takes it up with both, and then its files are that version's artifacts.
//!
//! 1. check that the person may register, and that the model exists
//! 2. find the files that the source names, through other drafts if need be
//! 3. freeze their names and digests, and the digest of all that the run has reported so far
//! 4. write draft and ledger entry; from then on these files cannot be changed (`keep_artifact`)

use super::log_experiment::set_tag;
use super::log_model::found as found_model;
use super::log_run::{content_sha256, found as found_run};
use super::{actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::{EntryType, Subject};
use crate::provenance::artifact::{ArtifactOwner, ArtifactPlace};
use crate::provenance::registration::NamedFile;
use crate::provenance::run::NamedValue;
use crate::store::drafts::DraftRow;
use crate::store::versions::ModelRow;
use crate::store::{ReadTx, Store, WriteTx};
use crate::{clock, digest};

/// A draft version to register.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// Its model.
    pub model: String,
    /// Where the files are: `models:/…`, `runs:/…` or `mlflow-artifacts:/…`.
    pub source: String,
    /// The run it came out of, where the source does not say it.
    pub run_id: Option<String>,
    /// Description.
    pub description: String,
    /// Tags.
    pub tags: Vec<NamedValue>,
}

/// A draft version with what is known of it.
#[derive(Clone, Debug)]
pub struct DraftView {
    /// The draft.
    pub row: DraftRow,
    /// Its frozen files.
    pub files: Vec<NamedFile>,
    /// Where they lie.
    pub place: ArtifactPlace,
    /// Description.
    pub description: String,
    /// Tags, by name.
    pub tags: Vec<NamedValue>,
    /// Aliases that point to it.
    pub aliases: Vec<String>,
}

/// A model with its drafts.
#[derive(Clone, Debug)]
pub struct DraftedModel {
    /// The model.
    pub row: ModelRow,
    /// Its newest description, and when it was given.
    pub description: (String, String),
    /// Tags, by name.
    pub tags: Vec<NamedValue>,
    /// Aliases with the numbers of the drafts they point to.
    pub aliases: Vec<(String, u64)>,
    /// Its drafts, oldest first, without the deleted ones.
    pub drafts: Vec<DraftView>,
}

/// What tags and descriptions of a model belong to.
pub(super) fn model_owner(model: &str) -> String {
    format!("model/{model}")
}

/// Registers a draft version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] for a model or source that does not exist, [`Error::BadRequest`] for a source without files.
pub fn register_draft(store: &Store, acting: &Acting, new: &NewDraft) -> Result<DraftView> {
    acting.permit(Action::Register)?;
    let written = store.write(&actor(acting), EntryType::DraftRegister, |tx| {
        let row = drafted_row(tx, acting, new)?;
        let manifest = digest::ContentDigest::of(row.manifest.as_bytes());
        tx.subject(Subject::new("draft_version", &row.id).with_digest(&manifest));
        tx.subject(subject("model", &row.model));
        if let Some(id) = &row.run_id {
            tx.refer(found_run(tx, id)?.entry);
            tx.subject(subject("run", id));
        }
        if let Some(id) = &row.logged_model_id {
            tx.refer(found_model(tx, id)?.entry);
            tx.subject(subject("logged_model", id));
        }
        tx.insert_draft(&row, &acting.account.id)?;
        if !new.description.is_empty() {
            tx.insert_description(&row.id, &new.description)?;
        }
        for tag in &new.tags {
            set_tag(tx, &row.id, &tag.key, Some(&tag.value))?;
        }
        Ok::<_, Error>(row.number)
    })?;
    read_draft(store, acting, &new.model, written.value)
}

/// The draft that `new` asks for, with the files that its source holds now.
fn drafted_row(tx: &WriteTx<'_>, acting: &Acting, new: &NewDraft) -> Result<DraftRow> {
    let missing = || Error::NotFound { what: "model", id: new.model.clone() };
    tx.model(&new.model)?.ok_or_else(missing)?;
    let place = resolve(tx, &new.source)?;
    let (run_id, logged_model_id) = origin(tx, &place, new.run_id.as_deref())?;
    let files = frozen(tx, &place)?;
    if files.is_empty() {
        let detail =
            format!("there are no files at `{}`, so there is nothing to register", new.source);
        return Err(Error::BadRequest { detail });
    }
    let manifest = digest::canonical_json(&files)?;
    Ok(DraftRow {
        id: clock::new_id("dv"),
        model: new.model.clone(),
        number: tx.drafts(Some(&new.model))?.last().map_or(1, |draft| draft.number + 1),
        registered_by: acting.account.user_name.clone(),
        registered_at: tx.at().to_owned(),
        source: new.source.clone(),
        owner_id: place.owner.id().to_owned(),
        folder: place.path.clone(),
        run_sha256: run_id.as_deref().map(|id| content_sha256(tx, id)).transpose()?,
        run_id,
        logged_model_id,
        manifest_sha256: digest::sha256_hex(&manifest),
        manifest: String::from_utf8(manifest).unwrap_or_default(),
        stage: "None".to_owned(),
        deleted: false,
        changed_at: tx.at().to_owned(),
        version: None,
        entry: tx.index(),
    })
}

/// The place that a source names, with or without the slashes and hosts that clients write.
fn resolve(tx: &ReadTx<'_>, source: &str) -> Result<ArtifactPlace> {
    if let Some(id) = source.strip_prefix("models:/m-") {
        let model = found_model(tx, &format!("m-{}", id.trim_end_matches('/')))?;
        let owner = ArtifactOwner::LoggedModel(model.id);
        return Ok(ArtifactPlace {
            experiment_id: model.experiment_id,
            owner,
            path: String::new(),
        });
    }
    if let Some(named) = source.strip_prefix("models:/") {
        return place_of(tx, &named_draft(tx, named)?);
    }
    if let Some(rest) = source.strip_prefix("runs:/") {
        let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
        let run = found_run(tx, id)?;
        let text = format!("{}/{id}/artifacts/{path}", run.experiment_id);
        return Ok(ArtifactPlace::parse(&text)?);
    }
    let artifacts = source.split_once("/mlflow-artifacts/artifacts/").map(|(_, path)| path);
    let Some(path) = artifacts.or_else(|| source.strip_prefix("mlflow-artifacts:/")) else {
        let detail =
            format!("source `{source:.200}` is not kept here; log the model to this server first");
        return Err(Error::BadRequest { detail });
    };
    // `mlflow-artifacts://host/path` names the host as well.
    let path = match path.strip_prefix('/') {
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => path,
    };
    Ok(ArtifactPlace::parse(path)?)
}

/// The draft that `model/number` or `model@alias` names.
fn named_draft(tx: &ReadTx<'_>, named: &str) -> Result<DraftRow> {
    let missing = || Error::NotFound { what: "draft version", id: named.to_owned() };
    if let Some((model, alias)) = named.split_once('@') {
        let (_, number) =
            tx.aliases(model)?.into_iter().find(|(name, _)| name == alias).ok_or_else(missing)?;
        return found(tx, model, number);
    }
    let (model, number) = named.split_once('/').ok_or_else(missing)?;
    found(tx, model, number.parse().map_err(|_no_number| missing())?)
}

/// The run and the logged model that the files at `place` came out of.
fn origin(
    tx: &ReadTx<'_>,
    place: &ArtifactPlace,
    run_id: Option<&str>,
) -> Result<(Option<String>, Option<String>)> {
    let (own, logged_model) = match &place.owner {
        ArtifactOwner::Run(id) => (Some(found_run(tx, id)?.id), None),
        ArtifactOwner::LoggedModel(id) => {
            let model = found_model(tx, id)?;
            (model.run_id, Some(model.id))
        }
    };
    let run = own.or_else(|| run_id.map(str::to_owned));
    Ok((run, logged_model))
}

/// The files below `place`, or the one it is, with names relative to it.
fn frozen(tx: &ReadTx<'_>, place: &ArtifactPlace) -> Result<Vec<NamedFile>> {
    let owner = place.owner.id();
    let skip = if place.path.is_empty() { 0 } else { place.path.len() + 1 };
    let files = tx.artifacts(owner, &place.path)?.into_iter();
    Ok(files
        .map(|row| NamedFile { name: row.path[skip..].to_owned(), content: row.content })
        .collect())
}

/// The draft of that number; a deleted one is not found.
pub(super) fn found(tx: &ReadTx<'_>, model: &str, number: u64) -> Result<DraftRow> {
    let draft = tx.draft(model, number)?.filter(|draft| !draft.deleted);
    draft.ok_or_else(|| Error::NotFound { what: "draft version", id: format!("{model}/{number}") })
}

fn place_of(tx: &ReadTx<'_>, draft: &DraftRow) -> Result<ArtifactPlace> {
    let (experiment_id, owner) = if draft.owner_id.starts_with("m-") {
        let model = found_model(tx, &draft.owner_id)?;
        (model.experiment_id, ArtifactOwner::LoggedModel(model.id))
    } else {
        let run = found_run(tx, &draft.owner_id)?;
        (run.experiment_id, ArtifactOwner::Run(run.id))
    };
    Ok(ArtifactPlace { experiment_id, owner, path: draft.folder.clone() })
}

pub(super) fn view(tx: &ReadTx<'_>, row: DraftRow) -> Result<DraftView> {
    let aliases = tx.aliases(&row.model)?.into_iter();
    Ok(DraftView {
        files: stored(&row.manifest)?,
        place: place_of(tx, &row)?,
        description: tx.description(&row.id)?.map(|(text, _)| text).unwrap_or_default(),
        tags: tx.tags(&row.id)?,
        aliases: aliases
            .filter(|(_, number)| *number == row.number)
            .map(|(name, _)| name)
            .collect(),
        row,
    })
}

/// One draft version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn read_draft(store: &Store, acting: &Acting, model: &str, number: u64) -> Result<DraftView> {
    acting.permit(Action::Read)?;
    store.read(|tx| view(tx, found(tx, model, number)?))
}

/// All models with their drafts, by name.
///
/// # Errors
///
/// [`Error::Access`], those of the store.
pub fn drafted_models(store: &Store, acting: &Acting) -> Result<Vec<DraftedModel>> {
    acting.permit(Action::Read)?;
    store.read(|tx| tx.models()?.into_iter().map(|row| drafted(tx, row)).collect())
}

/// One model with its drafts.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn drafted_model(store: &Store, acting: &Acting, model: &str) -> Result<DraftedModel> {
    acting.permit(Action::Read)?;
    let missing = || Error::NotFound { what: "model", id: model.to_owned() };
    store.read(|tx| drafted(tx, tx.model(model)?.ok_or_else(missing)?))
}

fn drafted(tx: &ReadTx<'_>, row: ModelRow) -> Result<DraftedModel> {
    let owner = model_owner(&row.model);
    let known = tx.drafts(Some(&row.model))?.into_iter().filter(|draft| !draft.deleted);
    let drafts = known.map(|draft| view(tx, draft)).collect::<Result<Vec<_>>>()?;
    let description = tx.description(&owner)?;
    let description =
        description.unwrap_or_else(|| (row.description.clone(), row.registered_at.clone()));
    Ok(DraftedModel {
        tags: tx.tags(&owner)?,
        aliases: tx.aliases(&row.model)?,
        drafts,
        description,
        row,
    })
}
