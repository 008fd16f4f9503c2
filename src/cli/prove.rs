//! `driftledger prove DATA --manifest MANIFEST --checkpoint NOTE --blocks K --output PROOF`

use super::diff::role;
use super::{done, terminal};
use crate::error::Result;
use crate::procedures::prove_sample::{SampleSources, prove_sample};
use crate::provenance::registration::DatasetRole;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `prove`.
#[derive(Debug, Args)]
#[command(
    after_help = "An inspector names a checkpoint of the ledger (`GET /log/checkpoint`) and a number of blocks; which blocks these are \
    follows from both and the table's digest. The proof holds their cells, so treat it as the data. A block is 65 536 rows of one column.\n\n\
    59 blocks catch an altered share of 5 % with 95 %, 299 blocks one of 1 %. `verify --sample` says it for the table.\n\n\
    Example: driftledger prove train.parquet --manifest train.manifest.json --checkpoint checkpoint --blocks 59 --output train.sample"
)]
pub(super) struct ProveArguments {
    /// The data: a file, a folder or a pattern
    data: PathBuf,
    /// Manifest of the data (`fingerprint --manifest`), or the registration that holds it
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Dataset of a registration that is meant
    #[arg(long, value_parser = role, default_value = "train")]
    role: DatasetRole,
    /// Checkpoint of the ledger, as a signed note
    #[arg(long, value_name = "NOTE")]
    checkpoint: PathBuf,
    /// How many blocks to show; all when the table has fewer
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    blocks: u64,
    /// Where to write the proof
    #[arg(long, short, value_name = "PROOF")]
    output: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ProveArguments) -> Result<ExitCode> {
    let ProveArguments { data, manifest, role, checkpoint, blocks, .. } = arguments;
    let sources = SampleSources { data, manifest, role: *role, checkpoint, blocks: *blocks };
    let output = &arguments.output;
    let proved = terminal::write_whole(output, |file| prove_sample(&sources, file))?;
    if arguments.json {
        terminal::say_json(&proved)?;
    } else {
        terminal::say(&format!(
            "wrote {}: {} of {} blocks of a table of {} rows, tdh1 {}",
            output.display(),
            proved.drawn,
            proved.blocks,
            proved.rows,
            proved.table
        ));
    }
    done()
}
