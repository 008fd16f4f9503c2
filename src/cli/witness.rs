//! `driftledger witness FOLDER`

use super::serve::listen;
use super::{done, terminal};
use crate::api::witness_server;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ledger::note::VerifierKey;
use crate::procedures::cosign_checkpoint::{KnownLogs, Witness};
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `witness`.
#[derive(Debug, Args)]
#[command(
    after_help = "Run it on a machine of its own, by people other than those who run the server: whoever wants to change the past then needs \
    both. It speaks C2SP tlog-witness, keeps a key and the newest head of each log in its folder, and sees digests only. \
    Checkpoints and cosignatures are signed, so plain HTTP will do.\n\n\
    Example:\n  driftledger witness witness-data --name witness.qa.example.org/w1 --log log.vkey --listen 0.0.0.0:8461\n\
    It prints the line for the policy that `serve --witnesses` and `verify --policy` take.\n\n\
    A log that rotates its key: give the new key with another --log, and drop the old one once a checkpoint under the new one was cosigned. A \
    log whose key was revoked: give the new key with --log and the old one with --retired, at once."
)]
pub(super) struct WitnessArguments {
    /// Folder of this witness; made if it is not there
    folder: PathBuf,
    /// What a new witness is called: a schema-less URL
    #[arg(long)]
    name: Option<String>,
    /// Key of a log to witness, as text or as a file that holds it; repeat for more
    #[arg(long = "log", value_name = "VKEY_OR_FILE", required = true)]
    logs: Vec<String>,
    /// Key of a log that gave way or was revoked, whose checkpoints are not to be cosigned any more; repeat for more
    #[arg(long, value_name = "VKEY_OR_FILE")]
    retired: Vec<String>,
    /// Address to serve on
    #[arg(long, default_value = "127.0.0.1:8461")]
    listen: SocketAddr,
}

pub(super) fn run(arguments: &WitnessArguments) -> Result<ExitCode> {
    let keys = |given: &[String]| given.iter().map(|key| key_of(key)).collect::<Result<_>>();
    let logs = KnownLogs { logs: keys(&arguments.logs)?, retired: keys(&arguments.retired)? };
    let name = arguments.name.as_deref();
    let witness = Witness::open(&arguments.folder, name, logs, Clock::system())?;
    let listener = listen(arguments.listen)?;
    let address = listener.local_addr().unwrap_or(arguments.listen);
    terminal::say(&format!("witness {} http://{address}", witness.verifier()));
    witness_server::serve(witness, listener)?;
    done()
}

/// A key as it is written, or in the file of that name.
pub(super) fn key_of(given: &str) -> Result<VerifierKey> {
    if let Ok(key) = given.parse() {
        return Ok(key);
    }
    let text = if Path::new(given).is_file() {
        std::fs::read_to_string(given).map_err(Error::file("reading", Path::new(given)))?
    } else {
        given.to_owned()
    };
    text.trim().parse().map_err(|_malformed| Error::BadRequest {
        detail: format!(
            "`{given}` is neither a key (name+id+key) nor a file that holds one; name the ledger's `keys/log.vkey`"
        ),
    })
}
