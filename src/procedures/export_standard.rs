//! Procedure: write a version in the form of another tool.
//!
//! 1. check that the person may read
//! 2. read the version, its registration and what it came out of, in one read transaction
//! 3. compose the document from them; sign it, where its form asks for that

use super::ingest_batch::Judge;
use super::read_origin::origin;
use super::read_records::lineage;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::digest::canonical_json;
use crate::error::Result;
use crate::evidence::standards::bill_of_materials::bill_of_materials;
use crate::evidence::standards::lineage_graph::lineage_graph;
use crate::evidence::standards::training_statement::{PAYLOAD_TYPE, training_statement};
use crate::evidence::standards::{RegisteredVersion, StandardKind};
use crate::store::Store;

/// The canonical JSON of `kind` for a version: the same records give the same bytes.
///
/// # Errors
///
/// [`Access`](crate::error::Error::Access), [`NotFound`](crate::error::Error::NotFound).
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
        Ok::<_, crate::error::Error>((judge, origin))
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
        StandardKind::Prov => {
            let graph = lineage(store, acting, model, version)?;
            canonical_json(&lineage_graph(&graph, &row.registered_by, &row.registered_at))?
        }
    })
}
