//! Procedure: write a version, or a signed decision, in the form of another tool.
//!
//! 1. check that the person may read
//! 2. read the version, its registration and what it came out of, in one read transaction
//! 3. compose the document from them; sign it, where its form asks for that

use super::ingest_batch::Judge;
use super::read_lineage::lineage;
use super::read_origin::origin;
use super::read_records::episode_view;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::digest::{canonical_json, sha256_hex};
use crate::error::{Error, Result};
use crate::evidence::standards::bill_of_materials::bill_of_materials;
use crate::evidence::standards::datasets_card::datasets_card;
use crate::evidence::standards::decision_statement::{SignedDecision, decision_statement};
use crate::evidence::standards::lineage_graph::lineage_graph;
use crate::evidence::standards::model_signature::model_statement;
use crate::evidence::standards::training_statement::{PAYLOAD_TYPE, training_statement};
use crate::evidence::standards::{RegisteredVersion, StandardKind};
use crate::store::Store;

/// The canonical JSON of `kind` for a version: the same records give the same bytes.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn export_standard(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    kind: StandardKind,
) -> Result<Vec<u8>> {
    acting.permit(Action::Read)?;
    let (judge, origin) = store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let origin = origin(tx, &judge.version.id)?.map(|view| view.origin());
        Ok::<_, Error>((judge, origin))
    })?;
    let row = &judge.version;
    let registered = RegisteredVersion {
        registration: &judge.registration,
        registered_at: &row.registered_at,
        content_sha256: &row.content_sha256,
        ledger: store.verifier_key().name(),
        entry: row.entry,
        origin: origin.as_ref(),
    };
    Ok(match kind {
        StandardKind::CycloneDx => canonical_json(&bill_of_materials(&registered))?,
        StandardKind::InToto => {
            let payload = canonical_json(&training_statement(&registered))?;
            canonical_json(&store.sign_envelope(PAYLOAD_TYPE, &payload))?
        }
        StandardKind::Croissant => canonical_json(&datasets_card(&registered))?,
        StandardKind::ModelSignature => {
            let payload = canonical_json(&model_statement(&registered))?;
            canonical_json(&store.sign_bundle(PAYLOAD_TYPE, &payload))?
        }
        StandardKind::Prov => {
            let graph = lineage(store, acting, model, version)?;
            canonical_json(&lineage_graph(&graph, &row.registered_by, &row.registered_at))?
        }
    })
}

/// The statement about the signed decision on the alert `id`, in an envelope signed by the ledger's key: canonical JSON, the same
/// records give the same bytes.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::Conflict`] while nobody has signed.
pub fn export_decision(store: &Store, acting: &Acting, id: &str) -> Result<Vec<u8>> {
    let view = episode_view(store, acting, id)?;
    let line = &view.episode;
    let signed = view.decision.as_ref().and_then(|found| Some((found, found.signature.as_ref()?)));
    let Some((decided, signature)) = signed else {
        let state = line.episode.state.word();
        let detail = format!("alert `{id}` is {state}; only a decision that is signed is stated");
        return Err(Error::Conflict { detail });
    };
    let judge = store.read(|tx| Judge::read(tx, &line.model, &line.version))?;
    let statement = decision_statement(&SignedDecision {
        decision: &decided.decision,
        decided: (&decided.sha256, decided.entry),
        signature: &signature.signature,
        signed: (&sha256_hex(&signature.signature.bytes()?), signature.entry),
        registration_sha256: &judge.version.content_sha256,
        policy_sha256: &judge.policy.1,
        ledger: store.verifier_key().name(),
    });
    Ok(canonical_json(&store.sign_envelope(PAYLOAD_TYPE, &canonical_json(&statement)?))?)
}
