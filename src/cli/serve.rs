//! `driftledger serve`

use super::{done, terminal};
use crate::access::provider::ProviderSettings;
use crate::api::extract::{BODY_BYTES_MAX, Shared};
use crate::api::limits::{Limits, REQUESTS_PER_SECOND};
use crate::api::provider_client::ClockSource;
use crate::api::witness_client::ask_first;
use crate::api::{server, tls};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ledger::time_stamp::TrustedRoots;
use crate::ledger::trust_policy::TrustPolicy;
use crate::notify::mail::Relay;
use crate::procedures::prove_arithmetic::prove_arithmetic;
use crate::procedures::tell_people::Post;
use crate::procedures::upgrade_store::{upgrade_store, words};
use crate::procedures::watch_backups::{BackupSchedule, record_schedule};
use crate::procedures::watch_clock::watch_clock;
use crate::procedures::watch_time_stamps::{self, StampSchedule};
use crate::statistics::selftest::embedded;
use crate::store::Store;
use clap::Args;
use jiff::SignedDuration;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: driftledger serve data --listen 127.0.0.1:8460\nStarts with the self-test, and does not serve if it fails.\nA data folder of an earlier version is upgraded first, which is recorded (`driftledger upgrade --help`)."
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
    /// A proxy in front speaks TLS and says who asks (`Forwarded`, `X-Forwarded-For`)
    #[arg(long, env = "DRIFTLEDGER_BEHIND_PROXY")]
    behind_proxy: bool,
    /// Certificate chain, PEM: speak TLS on this address
    #[arg(long, env = "DRIFTLEDGER_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, env = "DRIFTLEDGER_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Requests a second from one address (a burst of twice as many is let through)
    #[arg(long, env = "DRIFTLEDGER_REQUESTS_PER_SECOND", default_value_t = REQUESTS_PER_SECOND)]
    requests_per_second: NonZeroU32,
    /// Mail relay for notices: smtp://host:port, or smtps://user:password@host
    #[arg(long, env = "DRIFTLEDGER_SMTP", requires = "mail_from", value_name = "URL")]
    smtp: Option<String>,
    /// Sender of the mails
    #[arg(long, env = "DRIFTLEDGER_MAIL_FROM", requires = "smtp", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Serve although the ledger does not go on from what was seen in this folder; the reason is recorded
    #[arg(long, value_name = "REASON")]
    accept_rollback: Option<String>,
    /// Address by which browsers reach this server: what passkeys are bound to, and where the identity provider sends people back to
    /// (on a loopback address: http://localhost and the port)
    #[arg(long, env = "DRIFTLEDGER_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Identity provider (OpenID Connect) that people sign in at, by its issuer identifier
    #[arg(long, env = "DRIFTLEDGER_OIDC_ISSUER", requires_all = ["oidc_client_id", "oidc_client_secret_file"], value_name = "URL")]
    oidc_issuer: Option<String>,
    /// What the provider calls this server
    #[arg(long, env = "DRIFTLEDGER_OIDC_CLIENT_ID", requires = "oidc_issuer", value_name = "ID")]
    oidc_client_id: Option<String>,
    /// File with the secret shared with the provider
    #[arg(
        long,
        env = "DRIFTLEDGER_OIDC_CLIENT_SECRET_FILE",
        requires = "oidc_issuer",
        value_name = "FILE"
    )]
    oidc_client_secret_file: Option<PathBuf>,
    /// Where the provider sends people back to; by default `/sign-in/provider/answer` of the public address
    #[arg(long, env = "DRIFTLEDGER_OIDC_REDIRECT", requires = "oidc_issuer", value_name = "URL")]
    oidc_redirect: Option<String>,
    /// What the clock is compared with every minute: `file:/PATH` of a file that is there while it is in step, or an http(s) address
    #[arg(long, env = "DRIFTLEDGER_CLOCK_CHECK", value_name = "SOURCE")]
    clock_check: Option<String>,
    /// Folder for scheduled backups, on another disk: each gets a folder of its own in it (`driftledger restore` takes it), is checked,
    /// and shares unchanged files with the one before
    #[arg(long, env = "DRIFTLEDGER_BACKUP_TO", value_name = "DIR")]
    backup_to: Option<PathBuf>,
    /// How often, in hours and minutes: 24h, 6h30m
    #[arg(
        long,
        env = "DRIFTLEDGER_BACKUP_EVERY",
        requires = "backup_to",
        default_value = "24h",
        value_name = "TIME"
    )]
    backup_every: SignedDuration,
    /// How many backups are kept: older ones are removed once a new one is good
    #[arg(
        long,
        env = "DRIFTLEDGER_BACKUP_KEEP",
        requires = "backup_to",
        default_value_t = 7,
        value_name = "N"
    )]
    backup_keep: u64,
    /// Witnesses to ask for cosignatures, as a C2SP tlog-policy file with their addresses
    #[arg(long, env = "DRIFTLEDGER_WITNESSES", value_name = "POLICY")]
    witnesses: Option<PathBuf>,
    /// Time-stamp authority (RFC 3161) that stamps the newest checkpoint
    #[arg(
        long,
        env = "DRIFTLEDGER_TIMESTAMP_URL",
        requires = "timestamp_root",
        value_name = "URL"
    )]
    timestamp_url: Option<String>,
    /// Root certificate of the authority, PEM: what its certificate must lead to
    #[arg(
        long,
        env = "DRIFTLEDGER_TIMESTAMP_ROOT",
        requires = "timestamp_url",
        value_name = "FILE"
    )]
    timestamp_root: Option<PathBuf>,
    /// How often, in hours and minutes: 24h, 6h30m
    #[arg(
        long,
        env = "DRIFTLEDGER_TIMESTAMP_EVERY",
        requires = "timestamp_url",
        default_value = "24h",
        value_name = "TIME"
    )]
    timestamp_every: SignedDuration,
}

pub(super) fn run(arguments: &ServeArguments) -> Result<ExitCode> {
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificates), Some(key)) => Some(tls::configuration(certificates, key)?),
        _ => None,
    };
    if !arguments.listen.ip().is_loopback() && !arguments.behind_proxy && tls.is_none() {
        let detail = format!(
            "{} can be reached from other machines and this server would speak plain HTTP; give it `--tls-cert` and \
             `--tls-key`, or put a TLS proxy in front and say `--behind-proxy`, or listen on 127.0.0.1",
            arguments.listen
        );
        return Err(Error::BadRequest { detail });
    }
    let relay = match (&arguments.smtp, &arguments.mail_from) {
        (Some(url), Some(from)) => Some(Relay { url: url.clone(), from: from.clone() }),
        _ => None,
    };
    relay.as_ref().map_or(Ok(()), Relay::validate)?;
    let clock_source = arguments.clock_check.as_deref().map(ClockSource::parse).transpose()?;
    let backups = backups(arguments)?;
    let time_stamps = time_stamps(arguments)?;
    prove_arithmetic(embedded())?;
    let clock = Clock::system();
    let is_accepted = arguments.accept_rollback.is_some();
    if let Some(row) = upgrade_store(&arguments.data, &clock, is_accepted, &mut |_| ())? {
        terminal::say(&format!("upgraded {}: {}", arguments.data.display(), words(&row)));
    }
    let store = match &arguments.accept_rollback {
        Some(reason) => Store::open_rolled_back(&arguments.data, clock, reason)?,
        None => Store::open(&arguments.data, clock)?,
    };
    let _claim = store.claim()?;
    let witnesses = arguments.witnesses.as_deref().map(read_policy).transpose()?;
    if let Some(policy) = &witnesses {
        ask_first(&store, policy, arguments.accept_rollback.is_some())?;
    }
    let listener = listen(arguments.listen)?;
    let address = listener.local_addr().unwrap_or(arguments.listen);
    let scheme = if tls.is_some() { "https" } else { "http" };
    terminal::say(&format!("serving {} on {scheme}://{address}/", arguments.data.display()));
    watch_clock(&store, clock_source.as_ref().map(ClockSource::sample).as_ref())?;
    record_schedule(&store, backups.as_ref())?;
    watch_time_stamps::record_schedule(&store, time_stamps.as_ref())?;
    let public_url = public_url(arguments, scheme, address);
    let provider = provider(arguments, &public_url)?;
    let shared = Shared::new(store);
    let shared = Shared {
        public_url,
        provider: provider.map(Arc::new),
        clock_source,
        backups: backups.map(Arc::new),
        time_stamps: time_stamps.map(Arc::new),
        body_bytes_max: arguments.body_bytes_max,
        behind_proxy: arguments.behind_proxy,
        tls,
        limits: Arc::new(Limits::new(arguments.requests_per_second)),
        post: Post { relay, ..shared.post },
        witnesses: witnesses.map(Arc::new),
        ..shared
    };
    run_shared(shared, listener)?;
    done()
}

/// The schedule of backups of these arguments.
fn backups(arguments: &ServeArguments) -> Result<Option<BackupSchedule>> {
    let Some(place) = &arguments.backup_to else { return Ok(None) };
    let every = u64::try_from(arguments.backup_every.as_secs()).unwrap_or_default();
    BackupSchedule::new(&arguments.data, place, every, arguments.backup_keep).map(Some)
}

/// The schedule of time stamps of these arguments.
fn time_stamps(arguments: &ServeArguments) -> Result<Option<StampSchedule>> {
    let (Some(url), Some(root)) = (&arguments.timestamp_url, &arguments.timestamp_root) else {
        return Ok(None);
    };
    let every = u64::try_from(arguments.timestamp_every.as_secs()).unwrap_or_default();
    StampSchedule::new(url, read_roots(root)?, every).map(Some)
}

/// The root certificates in a file.
pub(super) fn read_roots(path: &Path) -> Result<TrustedRoots> {
    let text = std::fs::read_to_string(path).map_err(Error::file("reading", path))?;
    Ok(TrustedRoots::from_pem(&text)?)
}

/// Where browsers reach this server, as far as that is known.
fn public_url(arguments: &ServeArguments, scheme: &str, address: SocketAddr) -> String {
    match &arguments.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if address.ip().is_loopback() => format!("{scheme}://localhost:{}", address.port()),
        None => format!("{scheme}://{address}"),
    }
}

/// The identity provider of these arguments.
fn provider(arguments: &ServeArguments, public_url: &str) -> Result<Option<ProviderSettings>> {
    let (Some(issuer), Some(client_id), Some(path)) =
        (&arguments.oidc_issuer, &arguments.oidc_client_id, &arguments.oidc_client_secret_file)
    else {
        return Ok(None);
    };
    let secret = std::fs::read_to_string(path).map_err(Error::file("reading", path))?;
    let redirect = arguments.oidc_redirect.clone();
    let settings = ProviderSettings {
        issuer: issuer.clone(),
        client_id: client_id.clone(),
        client_secret: secret.trim().to_owned(),
        redirect: redirect.unwrap_or_else(|| format!("{public_url}/sign-in/provider/answer")),
    };
    settings.validate()?;
    Ok(Some(settings))
}

/// The trust policy in a file.
pub(super) fn read_policy(path: &Path) -> Result<TrustPolicy> {
    let text = std::fs::read_to_string(path).map_err(Error::file("reading", path))?;
    Ok(TrustPolicy::parse(&text)?)
}

/// Binds the address before any work is done, so that a taken port is said at once.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|source| Error::File {
        doing: "listening on",
        path: address.to_string(),
        source,
    })
}

/// Serves until the process is told to stop.
pub(super) fn run_shared(shared: Shared, listener: TcpListener) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    server::serve(shared, listener)
}
