//! Sampling proofs: some blocks of a table with their cells, so that whoever holds its digest can see that the data still exist
//! as they were, without receiving all of them.
//!
//! A proof is a text file: a line with what is proved, then a line for each block, in the order of the rows. `docs/TDH1.md`,
//! section 13, specifies it. Start with [`write_sample`] and [`check_sample`].

use super::error::{Error, Result};
use super::manifest::DatasetManifest;
use super::reader::TableFile;
use super::tdh1::{Place, TableDigest, block_digest, encode_cells, read_back, selected};
use crate::digest::canonical_json;
use base64ct::{Base64, Encoding as _};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _, Write};

/// Identifies the format of a sampling proof.
pub const SAMPLE_FORMAT: &str = "driftledger/sampling-proof/v1";
/// The longest line of a proof, in bytes.
const LINE_MAX: u64 = 1 << 30;

/// The first line of a proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleHead {
    /// Always [`SAMPLE_FORMAT`].
    pub format: String,
    /// The checkpoint whose text selects the blocks, as a signed note.
    pub checkpoint: String,
    /// How many blocks it selects.
    pub blocks: u64,
    /// All digests of the table, those of the other blocks included.
    pub table: TableDigest,
}

/// Another line of a proof: one block of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleBlock {
    /// Name of the column.
    pub column: String,
    /// Block of 65 536 rows, from 0.
    pub block: u64,
    /// The cells as they are hashed, base64.
    pub cells: String,
}

/// Blocks of the table: one for each column and 65 536 rows.
pub fn blocks_of(table: &TableDigest) -> u64 {
    table.columns.iter().map(|column| column.blocks.len() as u64).sum()
}

/// Writes the proof for the blocks that `signed`, the signed text of the note `checkpoint`, selects, from the data in `file`.
///
/// Columns that no selected block belongs to are not decoded, where the format allows it.
///
/// # Errors
///
/// [`Error::OtherData`] when rows or a selected block are not those of the manifest; [`Error::Write`]; those of
/// [`TableFile::for_each_typed_chunk`].
pub fn write_sample(
    file: &TableFile,
    manifest: &DatasetManifest,
    (checkpoint, signed): (&str, &str),
    (blocks, out): (u64, &mut dyn Write),
) -> Result<SampleHead> {
    let table = manifest.fingerprint.table.clone();
    let places = selected(&table, signed, blocks);
    let (format, checkpoint) = (SAMPLE_FORMAT.to_owned(), checkpoint.to_owned());
    let head = SampleHead { format, checkpoint, blocks: places.len() as u64, table };
    write_line(out, &head)?;
    let wanted: BTreeSet<usize> = places.iter().map(|place| place.column).collect();
    let wanted: BTreeSet<&str> =
        wanted.into_iter().map(|column| head.table.columns[column].name.as_str()).collect();
    let mut waiting: BTreeMap<Place, Vec<u8>> =
        places.into_iter().map(|place| (place, Vec::new())).collect();
    let wants = |column: &super::schema::Column| wanted.contains(column.name.as_str());
    let rows = file.for_each_typed_chunk_of(&manifest.schema, wants, |first_row, frame| {
        let last_row = first_row + frame.height() as u64 - 1;
        for (place, cells) in &mut waiting {
            collect(&head.table, *place, (first_row, frame), cells)?;
        }
        while let Some(first) = waiting.first_entry() {
            let place = *first.key();
            let (start, rows) = place.rows(head.table.rows);
            if start + rows - 1 > last_row {
                break;
            }
            write_block(out, &head.table, place, &first.remove())?;
        }
        Ok(())
    })?;
    if rows != head.table.rows {
        let detail = format!("found {rows} rows, the manifest has {}", head.table.rows);
        return Err(Error::OtherData { detail });
    }
    Ok(head)
}

/// Appends the cells of `place` that are in a chunk.
fn collect(
    table: &TableDigest,
    place: Place,
    (first_row, frame): (u64, &DataFrame),
    cells: &mut Vec<u8>,
) -> Result<()> {
    let (start, rows) = place.rows(table.rows);
    let from = start.max(first_row);
    let to = (start + rows).min(first_row + frame.height() as u64);
    if from >= to {
        return Ok(());
    }
    let column = &table.columns[place.column];
    let offset = i64::try_from(from - first_row).unwrap_or(i64::MAX);
    let length = usize::try_from(to - from).unwrap_or(usize::MAX);
    let piece = frame.slice(offset, length);
    let named = (column.name.as_str(), &column.logical_type);
    let encoded = encode_cells(&piece, named, from - 1)
        .map_err(|e| Error::OtherData { detail: e.to_string() })?;
    cells.extend(encoded);
    Ok(())
}

fn write_block(out: &mut dyn Write, table: &TableDigest, place: Place, cells: &[u8]) -> Result<()> {
    let column = &table.columns[place.column];
    let (start, rows) = place.rows(table.rows);
    if Some(&block_digest(&column.logical_type, rows, cells)) != digest_of(table, place) {
        let last = start + rows - 1;
        let detail = format!("column `{}` differs in rows {start}–{last}", column.name);
        return Err(Error::OtherData { detail });
    }
    let cells = Base64::encode_string(cells);
    write_line(out, &SampleBlock { column: column.name.clone(), block: place.block, cells })
}

fn digest_of(table: &TableDigest, place: Place) -> Option<&String> {
    table.columns[place.column].blocks.get(usize::try_from(place.block).ok()?)
}

fn write_line<T: Serialize>(out: &mut dyn Write, line: &T) -> Result<()> {
    let mut bytes = canonical_json(line).map_err(|e| Error::Digest { detail: e.to_string() })?;
    bytes.push(b'\n');
    out.write_all(&bytes).map_err(Error::Write)
}

/// One thing that is wrong with a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleProblem {
    /// What kind; stable.
    pub code: &'static str,
    /// What was found and what was expected.
    pub detail: String,
}

/// Reads the first line of a proof.
///
/// # Errors
///
/// [`Error::Sample`] when it is not that of a proof.
pub fn read_head(proof: &mut dyn BufRead) -> Result<SampleHead> {
    let refuse = |detail: String| Error::Sample { detail };
    let line = read_line(proof)?.ok_or_else(|| refuse("the file is empty".to_owned()))?;
    let head: SampleHead =
        serde_json::from_slice(&line).map_err(|e| refuse(format!("its first line: {e}")))?;
    if head.format != SAMPLE_FORMAT {
        let found = head.format;
        return Err(refuse(format!("found format `{found}`, expected `{SAMPLE_FORMAT}`")));
    }
    Ok(head)
}

/// Reads the blocks behind `head` and says everything that is wrong: digests that do not follow from those below, blocks that
/// `signed` (the signed text of the checkpoint) does not select or that are not there, cells that do not have their digest or are
/// no cells of their type.
///
/// # Errors
///
/// [`Error::Sample`] when a line cannot be read.
pub fn check_sample(
    head: &SampleHead,
    signed: &str,
    proof: &mut dyn BufRead,
) -> Result<Vec<SampleProblem>> {
    let mut problems = Vec::new();
    let mut find = |code, detail| problems.push(SampleProblem { code, detail });
    if let Some(what) = head.table.first_that_does_not_fold() {
        find("digests_do_not_fold", format!("{what} does not follow from the digests below it"));
        return Ok(problems);
    }
    let mut due = selected(&head.table, signed, head.blocks);
    if due.len() as u64 != head.blocks {
        let (stated, all) = (head.blocks, due.len());
        find("blocks_miscounted", format!("it states {stated} blocks, the table has {all}"));
    }
    let mut number = 1;
    while let Some(line) = read_line(proof)? {
        number += 1;
        let refuse = |detail: String| Error::Sample { detail: format!("line {number}: {detail}") };
        let block: SampleBlock =
            serde_json::from_slice(&line).map_err(|e| refuse(e.to_string()))?;
        let cells = Base64::decode_vec(&block.cells).map_err(|e| refuse(e.to_string()))?;
        let shown = format!("block {} of column `{}`", block.block, block.column);
        let column = head.table.columns.iter().position(|column| column.name == block.column);
        let place = column.map(|column| Place { block: block.block, column });
        let Some(place) = place.filter(|place| due.remove(place)) else {
            find("block_not_selected", format!("{shown} is not selected, or stands there twice"));
            continue;
        };
        let logical_type = &head.table.columns[place.column].logical_type;
        let rows = place.rows(head.table.rows).1;
        if Some(&block_digest(logical_type, rows, &cells)) != digest_of(&head.table, place) {
            find("cells_changed", format!("the cells of {shown} do not have its digest"));
        } else if let Err(error) = read_back(logical_type, rows, &cells) {
            find(
                "cells_invalid",
                format!("the cells of {shown} have its digest and are none: {error}"),
            );
        }
    }
    for place in due {
        let column = &head.table.columns[place.column].name;
        find("block_missing", format!("block {} of column `{column}` is selected", place.block));
    }
    Ok(problems)
}

/// The next line without its end; `None` at the end of the file.
fn read_line(proof: &mut dyn BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = proof.take(LINE_MAX).read_until(b'\n', &mut line);
    let read = read.map_err(|e| Error::Sample { detail: e.to_string() })?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) => {
            let detail =
                format!("a line without an end, or of more than {LINE_MAX} bytes, {read} read");
            Err(Error::Sample { detail })
        }
    }
}

#[cfg(test)]
mod tests;
