//! Procedure: prove by a sample that a registered table still exists as it was, offline, where the data are.
//!
//! 1. read the manifest of the table, as a file or in a registration, and the checkpoint
//! 2. select the blocks: they follow from the checkpoint, the table and their number
//! 3. read the data, hold every selected block against the manifest, and write it

use super::compare_datasets::read_manifest;
use crate::dataset::reader::TableFile;
use crate::dataset::sample::{SampleHead, blocks_of, write_sample};
use crate::error::{Error, Result};
use crate::ledger::checkpoint::Checkpoint;
use crate::provenance::registration::DatasetRole;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What is proved, and with what.
#[derive(Clone, Copy, Debug)]
pub struct SampleSources<'a> {
    /// The data: a file, a folder, a pattern.
    pub data: &'a Path,
    /// Their manifest, or a registration that holds it.
    pub manifest: &'a Path,
    /// Which dataset of a registration is meant.
    pub role: DatasetRole,
    /// The checkpoint, a signed note.
    pub checkpoint: &'a Path,
    /// How many blocks to show.
    pub blocks: u64,
}

/// What was written.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ProvedSample {
    /// `tdh1` of the table.
    pub table: String,
    /// Rows of it.
    pub rows: u64,
    /// Its blocks: one for each column and 65 536 rows.
    pub blocks: u64,
    /// Those that were written with their cells.
    pub drawn: u64,
}

/// Writes the proof to `out`.
///
/// # Errors
///
/// [`Error::Dataset`] when the data are not those of the manifest, [`Error::Ledger`] for a checkpoint that is none,
/// [`Error::BadRequest`] for a manifest that is none, [`Error::File`].
pub fn prove_sample(sources: &SampleSources<'_>, out: &mut dyn Write) -> Result<ProvedSample> {
    let manifest =
        read_manifest(sources.manifest, sources.role)?.ok_or_else(|| Error::BadRequest {
            detail: format!(
                "`{}` is neither a dataset manifest nor a registration; write one with `driftledger fingerprint --manifest FILE`",
                sources.manifest.display()
            ),
        })?;
    let note = std::fs::read_to_string(sources.checkpoint)
        .map_err(Error::file("reading", sources.checkpoint))?;
    let signed = Checkpoint::stated(&note)?.text();
    let file = TableFile::open(sources.data, None)?;
    let mut out = BufWriter::new(out);
    let SampleHead { table, blocks: drawn, .. } =
        write_sample(&file, &manifest, (&note, &signed), (sources.blocks, &mut out))?;
    out.flush().map_err(crate::dataset::Error::Write)?;
    let blocks = blocks_of(&table);
    Ok(ProvedSample { table: table.table, rows: table.rows, blocks, drawn })
}
