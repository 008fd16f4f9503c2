//! `driftledger demo`

use super::{done, serve, terminal};
use crate::api::extract::Shared;
use crate::error::{Error, Result};
use crate::procedures::demonstrate::{Demonstration, MONTHS, demonstrate};
use crate::procedures::prove_arithmetic::prove_arithmetic;
use crate::statistics::selftest::embedded;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "Registers the thyroid laboratory's model, replays its months, and serves what came of it."
)]
pub(super) struct DemoArguments {
    /// Folder for the demonstration's store; without it, a temporary one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to serve on
    #[arg(long, default_value = "127.0.0.1:8460")]
    listen: SocketAddr,
    /// Print accounts, passwords and address as one JSON line
    #[arg(long)]
    json: bool,
    /// Make the store and stop, without serving
    #[arg(long)]
    no_serve: bool,
}

pub(super) fn run(arguments: &DemoArguments) -> Result<ExitCode> {
    let started = Instant::now();
    prove_arithmetic(embedded())?;
    let listener = if arguments.no_serve { None } else { Some(serve::listen(arguments.listen)?) };
    let temporary =
        tempfile::Builder::new().prefix("driftledger-demo-").tempdir().map_err(|source| {
            Error::File { doing: "making", path: "a temporary folder".to_owned(), source }
        })?;
    let folder = arguments.data.clone().unwrap_or_else(|| temporary.path().join("data"));
    let bar = terminal::progress(MONTHS.len() as u64, false);
    bar.set_message("replaying 1985-05 … 1987-01");
    let demonstration = demonstrate(&folder, |month, report| {
        bar.inc(1);
        if !arguments.json {
            bar.suspend(|| terminal::say(&line(month, report)));
        }
    })?;
    bar.finish_and_clear();
    let _claim = demonstration.store.claim()?;
    let address = listener.as_ref().and_then(|l| l.local_addr().ok()).unwrap_or(arguments.listen);
    announce(arguments, &demonstration, address, &folder, started)?;
    match listener {
        Some(listener) => {
            let public_url = format!("http://localhost:{}", address.port());
            let shared = Shared { public_url, ..Shared::new(demonstration.store) };
            serve::run_shared(shared, listener)?;
        }
        None => drop(demonstration),
    }
    done()
}

fn line(month: &str, report: &crate::store::reports::ReportRow) -> String {
    let meter = 100.0 * report.meter;
    format!(
        "{month}  {:>4} rows  {:<6} {meter:>6.0} % of the alarm limit  {}",
        report.rows, report.state, report.verdict
    )
}

fn announce(
    arguments: &DemoArguments,
    demonstration: &Demonstration,
    address: SocketAddr,
    folder: &std::path::Path,
    started: Instant,
) -> Result<()> {
    let seconds = started.elapsed().as_secs_f64();
    let url = format!("http://{address}/");
    if arguments.json {
        let document = serde_json::json!({
            "url": url, "data": folder, "seconds": seconds, "accounts": demonstration.accounts,
        });
        terminal::say(&document.to_string());
        return Ok(());
    }
    let mut table = Builder::default();
    table.push_record(["user name", "password (shown once)", "role"]);
    for new in &demonstration.accounts {
        table.push_record([
            new.account.user_name.as_str(),
            new.password.as_str(),
            new.account.role.word(),
        ]);
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
    terminal::say(&format!("\nready in {seconds:.1} s, data in {}", folder.display()));
    if !arguments.no_serve {
        terminal::say(&format!("open {url} and sign in as quentin (qa); stop with Ctrl-C"));
    }
    Ok(())
}
