//! Procedure: register a model version.
//!
//! 1. check that the person may register, and that the registration is complete and consistent
//! 2. the same content registered before: return that version
//! 3. a draft version that it takes up must be there, not taken up yet, and have exactly these files
//! 4. freeze the monitor from reference and policy (pure)
//! 5. write model (if new), version, reference, policy, monitor and the ledger entry in one transaction

use super::register_draft::found;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance;
use crate::provenance::registration::{NamedFile, Registration, check_name, differing_parts};
use crate::store::drafts::DraftRow;
use crate::store::versions::{ModelRow, VersionRow};
use crate::store::{ReadTx, Store};
use crate::{clock, digest};

/// A version, and whether this call registered it.
#[derive(Debug)]
pub struct Registered {
    /// The version and its ledger entry.
    pub version: Recorded<VersionRow>,
    /// Whether it is new.
    pub is_new: bool,
}

/// Registers a model without a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::Provenance`] for a name that cannot be one.
pub fn register_model(
    store: &Store,
    acting: &Acting,
    model: &str,
    description: &str,
) -> Result<(ModelRow, bool)> {
    acting.permit(Action::Register)?;
    check_name("model", model)?;
    if let Some(existing) = store.read(|tx| tx.model(model))? {
        return Ok((existing, false));
    }
    let written = store.write(&actor(acting), EntryType::ModelRegister, |tx| {
        if tx.model(model)?.is_none() {
            tx.subject(subject("model", model));
            tx.insert_model(model, description)?;
        }
        Ok::<_, Error>(tx.at().to_owned())
    })?;
    let row = ModelRow {
        model: model.to_owned(),
        description: description.to_owned(),
        registered_at: written.value,
        entry: written.index,
    };
    Ok((row, true))
}

/// Registers the version that `registration` describes.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not; [`Error::Provenance`] for an incomplete registration or other content under
/// the same version; [`Error::Drift`] for a reference or policy that does not fit the schema.
pub fn register_version(
    store: &Store,
    acting: &Acting,
    registration: &Registration,
) -> Result<Registered> {
    acting.permit(Action::Register)?;
    registration.validate()?;
    let bytes = registration.bytes()?;
    let content_sha256 = digest::sha256_hex(&bytes);
    if let Some(version) = registered_before(store, registration, &content_sha256)? {
        return Ok(Registered { version, is_new: false });
    }
    let (reference, policy) = typed(registration)?;
    let monitor = Monitor::freeze(&reference, &policy);
    monitor.refuse_unsupported(&policy)?;
    let documents = Documents {
        registration: text(bytes),
        reference: frozen(&reference)?,
        policy: frozen(&policy)?,
        monitor: frozen(&monitor)?,
    };
    let written = store.write(&actor(acting), EntryType::VersionRegister, |tx| {
        let (model, version) = (&registration.model, &registration.version);
        if tx.version(model, version)?.is_some() {
            return Err(taken(registration, vec!["registered at the same moment".to_owned()]));
        }
        if tx.model(model)?.is_none() {
            tx.insert_model(model, registration.intended_use.as_deref().unwrap_or_default())?;
        }
        let row = VersionRow {
            id: clock::new_id("mv"),
            model: model.clone(),
            version: version.clone(),
            registered_by: acting.account.user_name.clone(),
            registered_at: tx.at().to_owned(),
            content_sha256: content_sha256.clone(),
            entry: tx.index(),
        };
        tx.subject(subject("model_version", &row.id));
        let draft = draft(tx, registration)?;
        if let Some(draft) = &draft {
            tx.subject(subject("draft_version", &draft.id));
            tx.refer(draft.entry);
        }
        let draft_id = draft.as_ref().map(|draft| draft.id.as_str());
        tx.insert_version(&row, &acting.account.id, (&documents.registration, draft_id))?;
        let (reference_id, policy_id) = (clock::new_id("rf"), clock::new_id("po"));
        tx.insert_reference(&reference_id, &row.id, documents.reference.as_pair())?;
        tx.insert_policy(&policy_id, &row.id, documents.policy.as_pair())?;
        let made_from = (reference_id.as_str(), policy_id.as_str(), None);
        tx.insert_monitor(&clock::new_id("mo"), &row.id, made_from, documents.monitor.as_pair())?;
        Ok(row)
    })?;
    let version =
        Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint };
    Ok(Registered { version, is_new: true })
}

/// The draft version that a registration takes up: its files are the registration's artifacts.
fn draft(tx: &ReadTx<'_>, registration: &Registration) -> Result<Option<DraftRow>> {
    let Some(number) = registration.draft else { return Ok(None) };
    let model = registration.model.clone();
    let refused = |detail: String| {
        Error::Provenance(provenance::Error::Draft {
            model: registration.model.clone(),
            number,
            detail,
        })
    };
    let draft = found(tx, &model, number)?;
    if let Some(version) = &draft.version {
        return Err(refused(format!(
            "was taken up by version `{version}`; register a draft of its own"
        )));
    }
    let mut frozen: Vec<NamedFile> = stored(&draft.manifest)?;
    let mut named = registration.artifacts.clone();
    frozen.sort_by(|a, b| a.name.cmp(&b.name));
    named.sort_by(|a, b| a.name.cmp(&b.name));
    if frozen != named {
        let differs = frozen
            .iter()
            .find(|file| !named.contains(file))
            .or_else(|| named.iter().find(|file| !frozen.contains(file)));
        let name = differs.map(|file| file.name.as_str()).unwrap_or_default();
        return Err(refused(format!("froze other files than the registration names (`{name}`)")));
    }
    Ok(Some(draft))
}

/// Reference and policy of a registration, checked against its schema.
fn typed(registration: &Registration) -> Result<(Reference, Policy)> {
    let parse = |what: &'static str, e: &serde_json::Error| {
        Error::Drift(crate::drift::Error::Mismatch { what, detail: e.to_string() })
    };
    let reference: Reference = serde_json::from_value(registration.reference.clone())
        .map_err(|e| parse("reference", &e))?;
    reference.validate(&registration.schema)?;
    let policy: Policy =
        serde_json::from_value(registration.policy.clone()).map_err(|e| parse("policy", &e))?;
    policy.validate(&reference.features.iter().map(|f| f.feature.as_str()).collect::<Vec<_>>())?;
    if !policy.performance.is_default() {
        policy.performance.validate(&registration.schema)?;
    }
    Ok((reference, policy))
}

fn registered_before(
    store: &Store,
    registration: &Registration,
    content_sha256: &str,
) -> Result<Option<Recorded<VersionRow>>> {
    let found = store.read(|tx| {
        let Some(row) = tx.version(&registration.model, &registration.version)? else {
            return Ok(None);
        };
        let stored = tx.registration(&row.id)?.unwrap_or_default();
        Ok::<_, crate::store::Error>(Some((row, stored, tx.head()?.checkpoint)))
    })?;
    let Some((row, stored, checkpoint)) = found else { return Ok(None) };
    if row.content_sha256 == content_sha256 {
        return Ok(Some(Recorded { entry: row.entry, value: row, checkpoint }));
    }
    let new = serde_json::to_value(registration).unwrap_or_default();
    let old = serde_json::from_str(&stored).unwrap_or_default();
    Err(taken(registration, differing_parts(&old, &new)))
}

fn taken(registration: &Registration, differs: Vec<String>) -> Error {
    let (model, version) = (registration.model.clone(), registration.version.clone());
    Error::Provenance(provenance::Error::VersionTaken { model, version, differs })
}

struct Documents {
    registration: String,
    reference: FrozenText,
    policy: FrozenText,
    monitor: FrozenText,
}

/// A frozen document as it is stored.
pub(super) struct FrozenText {
    sha256: String,
    document: String,
}

impl FrozenText {
    /// Digest and document.
    pub(super) fn as_pair(&self) -> (&str, &str) {
        (&self.sha256, &self.document)
    }
}

/// The canonical text of a document, with its digest.
pub(super) fn frozen<T: serde::Serialize>(value: &T) -> Result<FrozenText> {
    let bytes = digest::canonical_json(value)?;
    Ok(FrozenText { sha256: digest::sha256_hex(&bytes), document: text(bytes) })
}

/// Canonical JSON is UTF-8 by construction.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}
