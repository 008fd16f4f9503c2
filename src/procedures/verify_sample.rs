//! Procedure: verify a sampling proof, offline.
//!
//! 1. verify the checkpoint under the key of the ledger, or one that the evidence pack leads to from it
//! 2. select the blocks again; compute their digests from the cells, and from these the digest of the table
//! 3. hold that digest against the registrations in a verified evidence pack, which must be older than the checkpoint and of
//!    the same history, or against a manifest
//! 4. say how likely an altered share of the blocks would have been caught

use super::compare_datasets::read_manifest;
use super::verify_pack::verify_pack;
use crate::dataset::sample::{SampleHead, blocks_of, check_sample, read_head};
use crate::error::{Error, Result};
use crate::evidence::pack::Pack;
use crate::evidence::verify::Finding;
use crate::evidence::verify::registered::{RegisteredTable, registered_tables, root_at};
use crate::ledger::note::VerifierKey;
use crate::ledger::{self, checkpoint::Checkpoint};
use crate::provenance::registration::DatasetRole;
use crate::statistics::spot_check::{blocks_needed, chance_of_catching};
use serde::Serialize;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Altered shares of the blocks whose chance of being caught is told.
const FRACTIONS: [f64; 5] = [0.001, 0.01, 0.05, 0.1, 0.5];
/// The chance that the number of blocks is told for.
const PROBABILITY: f64 = 0.95;

/// What a proof's table is held against.
#[derive(Clone, Copy, Debug)]
pub enum Registered<'a> {
    /// An evidence pack.
    Pack(&'a Path),
    /// A manifest, or the dataset of a registration.
    Manifest(&'a Path, DatasetRole),
    /// Nothing: whether the table was ever registered is not told.
    Nowhere,
}

/// How likely an altered share of the blocks would have been caught.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// Share of the blocks, altered.
    pub altered_share: f64,
    /// That share of this table's blocks, at least one.
    pub altered_blocks: u64,
    /// Probability that one of them is among the drawn.
    pub probability: f64,
    /// Blocks that would catch it with 95 % in a table of any size.
    pub blocks_for_95: Option<u64>,
}

/// What came of verifying a proof.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SampleVerification {
    /// Everything that is wrong; empty when nothing is.
    pub findings: Vec<Finding>,
    /// `tdh1` of the table.
    pub table: String,
    /// Rows of it.
    pub rows: u64,
    /// Its blocks: one for each column and 65 536 rows.
    pub blocks: u64,
    /// Those that were shown.
    pub drawn: u64,
    /// Name of the ledger whose checkpoint selected them.
    pub origin: Option<String>,
    /// Entries of the ledger at that checkpoint.
    pub size: Option<u64>,
    /// Registrations of the table in the pack.
    pub registered: Vec<RegisteredTable>,
    /// Whether the table was held against a pack or a manifest.
    pub held_against_registration: bool,
    /// What a sample of this size tells.
    pub chances: Vec<Chance>,
}

/// Verifies the proof in the file at `path` under `key`; `asked` is the number of blocks that was asked for.
///
/// # Errors
///
/// [`Error::Dataset`] when the file is no sampling proof, [`Error::Evidence`] for a pack that is none, [`Error::File`].
/// Everything that is wrong with a proof is a finding.
pub fn verify_sample(
    path: &Path,
    key: &VerifierKey,
    registered: Registered<'_>,
    asked: Option<u64>,
) -> Result<SampleVerification> {
    let mut proof = BufReader::new(File::open(path).map_err(Error::file("opening", path))?);
    let head = read_head(&mut proof)?;
    let mut findings = Findings { file: path.display().to_string(), found: Vec::new() };
    let checkpoint = match open_checkpoint(&head.checkpoint, key, registered)? {
        Ok(checkpoint) => Some(checkpoint),
        Err(error) => {
            findings.find("checkpoint_invalid", Error::from(error).chain());
            None
        }
    };
    let signed = match &checkpoint {
        Some(checkpoint) => checkpoint.text(),
        None => Checkpoint::stated(&head.checkpoint).map_or_else(|_| String::new(), |c| c.text()),
    };
    for problem in check_sample(&head, &signed, &mut proof)? {
        findings.find(problem.code, problem.detail);
    }
    let (table, blocks) = (&head.table, blocks_of(&head.table));
    if let Some(asked) = asked.map(|asked| asked.min(blocks)).filter(|k| *k != head.blocks) {
        let detail = format!("it shows {} blocks, {asked} were asked for", head.blocks);
        findings.find("blocks_not_as_asked", detail);
    }
    let held = hold(&head, (registered, key), checkpoint.as_ref(), &mut findings)?;
    Ok(SampleVerification {
        findings: findings.found,
        table: table.table.clone(),
        rows: table.rows,
        blocks,
        drawn: head.blocks,
        origin: checkpoint.as_ref().map(|checkpoint| checkpoint.origin.clone()),
        size: checkpoint.as_ref().map(|checkpoint| checkpoint.size),
        registered: held,
        held_against_registration: !matches!(registered, Registered::Nowhere),
        chances: chances(blocks, head.blocks),
    })
}

/// The checkpoint, once it is signed by `key` or by one that the evidence pack leads to from there.
fn open_checkpoint(
    note: &str,
    key: &VerifierKey,
    registered: Registered<'_>,
) -> Result<ledger::Result<Checkpoint>> {
    let opened = Checkpoint::open(note, key);
    let (Err(_), Registered::Pack(path)) = (&opened, registered) else { return Ok(opened) };
    for followed in verify_pack(path, Some(key), &mut |_| ())?.keys_followed {
        if let Ok(checkpoint) = Checkpoint::open(note, &followed.parse()?) {
            return Ok(Ok(checkpoint));
        }
    }
    Ok(opened)
}

struct Findings {
    file: String,
    found: Vec<Finding>,
}

impl Findings {
    fn find(&mut self, code: &'static str, detail: String) {
        self.found.push(Finding { code, file: self.file.clone(), detail });
    }
}

/// Holds the table against what was registered; gives the registrations of it in a pack.
fn hold(
    head: &SampleHead,
    (registered, key): (Registered<'_>, &VerifierKey),
    checkpoint: Option<&Checkpoint>,
    findings: &mut Findings,
) -> Result<Vec<RegisteredTable>> {
    let table = &head.table.table;
    match registered {
        Registered::Nowhere => Ok(Vec::new()),
        Registered::Manifest(path, role) => {
            let manifest = read_manifest(path, role)?.ok_or_else(|| Error::BadRequest {
                detail: format!("`{}` is neither a manifest nor a registration", path.display()),
            })?;
            let expected = &manifest.fingerprint.table.table;
            if expected != table {
                let detail =
                    format!("it is about the table {table}, the manifest about {expected}");
                findings.find("other_table", detail);
            }
            Ok(Vec::new())
        }
        Registered::Pack(path) => {
            let verification = verify_pack(path, Some(key), &mut |_| ())?;
            findings.found.extend(verification.findings);
            let file = File::open(path).map_err(Error::file("opening", path))?;
            let mut pack = Pack::open(BufReader::new(file))?;
            let held = registered_tables(&mut pack, table);
            if held.is_empty() {
                let detail = format!("no registration in the pack has the table {table}");
                findings.find("other_table", detail);
            }
            if let Some(checkpoint) = checkpoint {
                let root = root_at(&mut pack, checkpoint.size)?;
                hold_history((checkpoint, root), &held, findings);
            }
            Ok(held)
        }
    }
}

/// The checkpoint must be one of the packed ledger's own, and later than the first registration.
fn hold_history(
    (checkpoint, root): (&Checkpoint, Option<[u8; 32]>),
    held: &[RegisteredTable],
    findings: &mut Findings,
) {
    let size = checkpoint.size;
    match root {
        None => findings.find(
            "checkpoint_newer",
            format!("its checkpoint has {size} entries, the pack fewer; export the pack again"),
        ),
        Some(root) if root != checkpoint.root => findings.find(
            "checkpoint_of_other_history",
            format!("the first {size} entries of the pack have another root than its checkpoint"),
        ),
        Some(_) => {}
    }
    if let Some(first) = held.first().filter(|first| first.entry >= size) {
        let detail = format!(
            "its checkpoint has {size} entries, the table was registered later, as entry {}",
            first.entry
        );
        findings.find("checkpoint_too_early", detail);
    }
}

fn chances(blocks: u64, drawn: u64) -> Vec<Chance> {
    let chance = |altered_share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the blocks is not negative and not more than all of them"
        )]
        let altered_blocks = ((blocks as f64 * altered_share).ceil() as u64).max(1);
        Chance {
            altered_share,
            altered_blocks,
            probability: chance_of_catching(blocks, drawn, altered_blocks),
            blocks_for_95: blocks_needed(altered_share, PROBABILITY),
        }
    };
    FRACTIONS.into_iter().map(chance).collect()
}
