//! A part of checking a store: learn every proposed reference again from the kept files of its batches.
//!
//! 1. the batches must be those it names, by the digests of their files
//! 2. the build that learnt it must find the same bytes; of another build's the examination holds rows, missing and infinite values

use super::ingest_batch::Judge;
use super::propose_reference::learn;
use super::read_records::missing;
use super::stored;
use crate::digest;
use crate::drift::report::ENGINE;
use crate::error::Result;
use crate::review::reference_proposal::ReferenceProposal;
use crate::store::ReadTx;
use crate::store::objects::Objects;

/// What differs between the reference of the proposal `id` and the files it was learnt from; `None` where nothing does.
///
/// # Errors
///
/// Those of reading the records and the files.
pub(super) fn relearn(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Result<Option<String>> {
    let row = tx.reference_proposal(id)?.ok_or_else(|| missing("reference proposal", id))?;
    let proposal: ReferenceProposal = stored(&row.document)?;
    let Some(reference) = proposal.reference.as_ref().filter(|_| proposal.engine == ENGINE) else {
        return Ok(None);
    };
    let judge = Judge::read(tx, &proposal.model, &proposal.version)?;
    let mut batches = Vec::with_capacity(proposal.batches.len());
    for named in &proposal.batches {
        // By id: a correction of it may have its name.
        let batch = tx.batch(&named.id)?.ok_or_else(|| missing("batch", &named.id))?;
        if batch.sha256 != named.sha256 {
            return Ok(Some(format!("its batch `{}` is another file", named.name)));
        }
        batches.push(batch);
    }
    let again = learn(objects, &judge, &batches.iter().collect::<Vec<_>>())?;
    if digest::canonical_json(&again)? == digest::canonical_json(reference)? {
        return Ok(None);
    }
    Ok(Some("learnt again from its files, the reference is another one".to_owned()))
}
