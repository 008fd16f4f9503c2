//! `driftledger configuration`: the fingerprint of what is deployed, to send with every batch.

use super::{done, terminal};
use crate::error::{Error, Result};
use crate::procedures::fingerprint_files::{ConfigurationSources, fingerprint_configuration};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `configuration`.
#[derive(Debug, Args)]
#[command(
    after_help = "Run it where the model runs, on the files it really loads, with the same names as at registration. The same \
    fingerprint as the registered one says that nothing that decides the outputs was swapped.\n\n\
    Example:\n  driftledger ingest today.parquet --model triage --version 1.0.0 \\\n    --configuration $(driftledger configuration \
    --artifact model.json --schema schema.json --param depth=6)"
)]
pub(super) struct ConfigurationArguments {
    /// File or folder of the model itself; may be repeated
    #[arg(long, required = true)]
    artifact: Vec<PathBuf>,
    /// File or folder of the code that prepares the data; may be repeated
    #[arg(long, value_name = "PATH")]
    preparation_code: Vec<PathBuf>,
    /// Lock file of the environment
    #[arg(long, value_name = "FILE")]
    environment_lock: Option<PathBuf>,
    /// Parameter, NAME=VALUE; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", num_args = 1..)]
    parameters: Vec<String>,
    /// Column declaration; or the registration, which holds it
    #[arg(long)]
    schema: PathBuf,
    /// Print the configuration as JSON, with its fingerprint
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ConfigurationArguments) -> Result<ExitCode> {
    let (configuration, fingerprint) = fingerprint_configuration(&ConfigurationSources {
        artifacts: arguments.artifact.clone(),
        preparation_code: arguments.preparation_code.clone(),
        environment_lock: arguments.environment_lock.clone(),
        parameters: parameters(&arguments.parameters)?,
        schema: arguments.schema.clone(),
    })?;
    if arguments.json {
        let both = serde_json::json!({"fingerprint": fingerprint, "configuration": configuration});
        terminal::say_json(&both)?;
    } else {
        terminal::say(&fingerprint);
    }
    done()
}

/// `NAME=VALUE` of each parameter.
pub(super) fn parameters(given: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |parameter: &String| {
        let (name, value) = parameter.split_once('=').ok_or_else(|| Error::BadRequest {
            detail: format!("parameter `{parameter}` has no `=`; write NAME=VALUE"),
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    given.iter().map(pair).collect()
}
