//! `driftledger serve`

use super::{done, terminal};
use crate::api::extract::Shared;
use crate::api::server;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::procedures::prove_arithmetic::prove_arithmetic;
use crate::statistics::selftest::embedded;
use crate::store::Store;
use clap::Args;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

/// Largest batch body by default: 1 GiB.
pub(super) const BODY_BYTES_MAX: u64 = 1 << 30;

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: driftledger serve data --listen 127.0.0.1:8460\nStarts with the self-test, and does not serve if it fails."
)]
pub(super) struct ServeArguments {
    /// Data folder (`driftledger init` makes one)
    #[arg(env = "DRIFTLEDGER_DATA")]
    data: PathBuf,
    /// Address to serve on
    #[arg(long, env = "DRIFTLEDGER_LISTEN", default_value = "127.0.0.1:8460")]
    listen: SocketAddr,
    /// Largest body of a batch, in bytes
    #[arg(long, env = "DRIFTLEDGER_BODY_BYTES_MAX", default_value_t = BODY_BYTES_MAX)]
    body_bytes_max: u64,
    /// A proxy in front speaks TLS: needed to listen on an address other machines reach
    #[arg(long, env = "DRIFTLEDGER_BEHIND_PROXY")]
    behind_proxy: bool,
}

pub(super) fn run(arguments: &ServeArguments) -> Result<ExitCode> {
    if !arguments.listen.ip().is_loopback() && !arguments.behind_proxy {
        let detail = format!(
            "{} can be reached from other machines and this server speaks plain HTTP; put a TLS proxy in front and say \
             `--behind-proxy`, or listen on 127.0.0.1",
            arguments.listen
        );
        return Err(Error::BadRequest { detail });
    }
    prove_arithmetic(embedded())?;
    let store = Store::open(&arguments.data, Clock::system())?;
    let listener = listen(arguments.listen)?;
    let address = listener.local_addr().unwrap_or(arguments.listen);
    terminal::say(&format!("serving {} on http://{address}/", arguments.data.display()));
    run_store(store, listener, arguments.body_bytes_max, arguments.behind_proxy)?;
    done()
}

/// Binds the address before any work is done, so that a taken port is said at once.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|source| Error::File {
        doing: "listening on",
        path: address.to_string(),
        source,
    })
}

/// Serves `store` until the process is told to stop.
pub(super) fn run_store(
    store: Store,
    listener: TcpListener,
    body_bytes_max: u64,
    secure_cookie: bool,
) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    server::serve(Shared { store, body_bytes_max, secure_cookie }, listener)
}
