//! `driftledger timestamp request DATA_DIR` and `driftledger timestamp attach DATA_DIR RESPONSE`

use super::serve::read_roots;
use super::{done, terminal};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::procedures::stamp_checkpoint::{attach_answer, prepare_query};
use crate::store::Store;
use clap::{Args, Subcommand};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `timestamp`.
#[derive(Debug, Args)]
#[command(
    after_help = "For a server without a way out: carry the query to a time-stamp authority (RFC 3161), and its answer back. A server may run \
    meanwhile. With a way out, `serve --timestamp-url` does both.\n\n\
    Example:\n  driftledger timestamp request data --output query.tsq\n  \
    curl -H 'Content-Type: application/timestamp-query' --data-binary @query.tsq https://tsa.example/ > answer.tsr\n  \
    driftledger timestamp attach data answer.tsr --query query.tsq --root root.pem --reason \"SOP 14\""
)]
pub(super) struct TimestampArguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Write a query about the newest checkpoint to a file
    Request {
        /// Data folder
        data_dir: PathBuf,
        /// File to write, which must not be there
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Keep the answer that was brought to a query
    Attach {
        /// Data folder
        data_dir: PathBuf,
        /// The answer of the authority
        response: PathBuf,
        /// The query that it answers
        #[arg(long, value_name = "FILE")]
        query: PathBuf,
        /// Root certificate of the authority, PEM
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        /// Why
        #[arg(long)]
        reason: String,
        /// Print what was stated as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(arguments: &TimestampArguments) -> Result<ExitCode> {
    match &arguments.act {
        Act::Request { data_dir, output } => {
            let prepared = prepare_query(&Store::open(data_dir, Clock::system())?)?;
            let mut file =
                std::fs::File::create_new(output).map_err(Error::file("making", output))?;
            file.write_all(&prepared.query).map_err(Error::file("writing", output))?;
            terminal::say(&format!(
                "{}: a query about the checkpoint of {} entries; keep it until its answer is attached",
                output.display(),
                prepared.entries
            ));
        }
        Act::Attach { data_dir, response, query, root, reason, json } => {
            let roots = read_roots(root)?;
            let (query, response) = (read(query)?, read(response)?);
            let store = Store::open(data_dir, Clock::system())?;
            let stated = attach_answer(&store, (&query, &response), &roots, reason)?;
            if *json {
                terminal::say_json(&stated)?;
            } else {
                terminal::say(&format!(
                    "kept: the first {} entries existed by {}, stated by {} (stamp {})",
                    stated.entries, stated.stated_at, stated.signer, stated.serial
                ));
            }
        }
    }
    done()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(Error::file("reading", path))
}
