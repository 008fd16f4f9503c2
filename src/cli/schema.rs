//! `driftledger schema FILE`

use super::{done, terminal};
use crate::dataset::infer::Inferred;
use crate::error::Result;
use crate::procedures::fingerprint_files::describe_schema;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "Example: driftledger schema reference.csv > schema.json\n\n\
    Roles: feature, id, time, prediction, score, label, segment, ignore.\n\
    Kinds: continuous, count, binary, categorical.")]
pub(super) struct SchemaArguments {
    /// Table to describe
    file: PathBuf,
}

pub(super) fn run(arguments: &SchemaArguments) -> Result<ExitCode> {
    let Inferred { schema, notes } = describe_schema(&arguments.file)?;
    notes.iter().for_each(|note| terminal::note(note));
    terminal::say_json(&schema)?;
    done()
}
