//! Procedure: read what a version came out of: the draft it took up, the run, the logged model.
//!
//! 1. check that the person may read
//! 2. read them in one read transaction

use super::log_run::{RunView, view as run_view};
use super::register_draft::{DraftView, found, view};
use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::provenance::registration::NamedFile;
use crate::provenance::run::Origin;
use crate::store::drafts::DraftRow;
use crate::store::logged_models::LoggedModelRow;
use crate::store::{ReadTx, Store};
use std::collections::BTreeMap;

/// The tag in which clients write the code revision.
const REVISION_TAG: &str = "mlflow.source.git.commit";

/// A draft with the run and the logged model it came out of.
#[derive(Clone, Debug)]
pub struct OriginView {
    /// The draft.
    pub draft: DraftRow,
    /// The run.
    pub run: Option<RunView>,
    /// The logged model.
    pub logged_model: Option<LoggedModelRow>,
}

impl OriginView {
    /// What the lineage shows of it.
    pub fn origin(&self) -> Origin {
        let run = self.run.as_ref();
        Origin {
            draft: self.draft.number,
            run: run.map(|view| {
                let run = &view.run;
                (run.id.clone(), run.name.clone(), run.content_sha256.clone())
            }),
            logged_model: self
                .logged_model
                .as_ref()
                .map(|model| (model.id.clone(), model.name.clone())),
            datasets: run.map(|run| run.datasets.clone()).unwrap_or_default(),
        }
    }
}

/// A draft as `register` takes it up.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DraftDocument {
    /// Model.
    pub model: String,
    /// Number of the draft within its model.
    pub number: u64,
    /// User name of who registered it.
    pub registered_by: String,
    /// When, UTC.
    pub registered_at: String,
    /// Where the client said the model is.
    pub source: String,
    /// Its frozen files.
    pub files: Vec<NamedFile>,
    /// SHA-256 of their canonical list.
    pub manifest_sha256: String,
    /// The run it came out of.
    pub run_id: Option<String>,
    /// SHA-256 of what that run had reported when the draft was registered.
    pub run_sha256: Option<String>,
    /// Parameters of that run.
    pub parameters: BTreeMap<String, String>,
    /// Code revision that the run was tagged with.
    pub code_revision: Option<String>,
    /// The version that took it up.
    pub version: Option<String>,
    /// Ledger entry.
    pub entry: u64,
}

impl DraftDocument {
    fn of(view: &OriginView) -> Result<Self> {
        let (draft, run) = (view.draft.clone(), view.run.as_ref());
        let params = run.map(|run| run.params.clone()).unwrap_or_default();
        let revision = run.and_then(|run| run.tags.iter().find(|tag| tag.key == REVISION_TAG));
        Ok(Self {
            files: stored(&draft.manifest)?,
            model: draft.model,
            number: draft.number,
            registered_by: draft.registered_by,
            registered_at: draft.registered_at,
            source: draft.source,
            manifest_sha256: draft.manifest_sha256,
            run_id: draft.run_id,
            run_sha256: draft.run_sha256,
            parameters: params.into_iter().map(|param| (param.key, param.value)).collect(),
            code_revision: revision.map(|tag| tag.value.clone()),
            version: draft.version,
            entry: draft.entry,
        })
    }
}

fn with_run(tx: &ReadTx<'_>, draft: DraftRow) -> Result<OriginView> {
    let run = draft.run_id.as_ref().map(|id| tx.run(id)).transpose()?.flatten();
    let run = run.map(|run| run_view(tx, run)).transpose()?;
    let model = draft.logged_model_id.as_ref().map(|id| tx.logged_model(id)).transpose()?;
    Ok(OriginView { draft, run, logged_model: model.flatten() })
}

/// What the version of id `version_id` came out of, if it took up a draft.
pub(super) fn origin(tx: &ReadTx<'_>, version_id: &str) -> Result<Option<OriginView>> {
    tx.draft_of_version(version_id)?.map(|draft| with_run(tx, draft)).transpose()
}

/// The page of a draft.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn draft_page(
    store: &Store,
    acting: &Acting,
    (model, number): (&str, u64),
) -> Result<(DraftView, OriginView)> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let draft = found(tx, model, number)?;
        Ok((view(tx, draft.clone())?, with_run(tx, draft)?))
    })
}

/// One draft as `register` takes it up.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn draft_document(
    store: &Store,
    acting: &Acting,
    (model, number): (&str, u64),
) -> Result<DraftDocument> {
    acting.permit(Action::Read)?;
    store.read(|tx| DraftDocument::of(&with_run(tx, found(tx, model, number)?)?))
}

/// The drafts of a model, oldest first.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn draft_documents(store: &Store, acting: &Acting, model: &str) -> Result<Vec<DraftDocument>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let missing = || Error::NotFound { what: "model", id: model.to_owned() };
        tx.model(model)?.ok_or_else(missing)?;
        let drafts = tx.drafts(Some(model))?.into_iter().filter(|draft| !draft.deleted);
        drafts.map(|draft| DraftDocument::of(&with_run(tx, draft)?)).collect()
    })
}
