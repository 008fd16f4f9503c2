//! `driftledger bench --store`: the store under load, each figure beside its floor or target.

use super::load::measure_load;
use super::site::time_pages;
use super::watched::{Watched, watch};
use super::{BenchArguments, done, slope, terminal};
use crate::access::role::Role;
use crate::api::extract::SESSION_COOKIE;
use crate::error::{Error, Result};
use crate::procedures::measure_inventory::{
    MEASURED_VERSION, make_inventory, make_measured, measured_batch, measured_model,
};
use crate::procedures::measure_store::{Throughput, measure_writes};
use crate::procedures::measure_trail::{make_trail, measure_trail};
use clap::ValueEnum;
use reqwest::blocking::Client;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tabled::builder::Builder;
use tabled::settings::Style;

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StorePart {
    /// Durable writes, beside SQLite alone
    Writes,
    /// Questions to a long audit trail
    Trail,
    /// `check` of that trail
    Check,
    /// Small batches from many clients over HTTP
    Ingest,
    /// Pages of a large inventory
    Pages,
    /// Every kind of page of a site
    Site,
    /// Mixed traffic for `--minutes`, and a server that is asked to end meanwhile; only where it is named
    Load,
}

/// Entries of the long audit trail.
const TRAIL_ENTRIES: u64 = 1_000_000;
/// Small batches that are sent, and by how many clients.
const SENT: (u64, u64) = (1_000, 16);
/// Most models of the inventory, and batches of each.
const INVENTORY: (u64, u64) = (10_000, 20);
/// Models of a site, batches of each, and alerts of each.
const SITE: (u64, u64, u64) = (200, 50, 5);
/// Kinds of pages of a site that are printed, the slowest.
const PRINTED: usize = 12;
/// How often a page is asked for.
const ASKED: usize = 15;

/// One line of the table.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figure {
    pub(super) what: String,
    pub(super) unit: &'static str,
    pub(super) found: f64,
    pub(super) floor: Option<f64>,
    pub(super) ratio: Option<f64>,
    pub(super) target: String,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) mebibytes: Option<f64>,
}

pub(super) fn run(arguments: &BenchArguments, parts: &[StorePart]) -> Result<ExitCode> {
    let temporary = tempfile::tempdir().map_err(Error::file("making a folder", Path::new(".")))?;
    let folder = arguments.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).map_err(Error::file("making", &folder))?;
    let bench = StoreBench { folder, repeat: arguments.repeat };
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let mut figures = Vec::new();
    if wanted(StorePart::Writes) {
        figures.push(bench.writes(1, 1_000, 0.6)?);
        figures.push(bench.writes(64, 16_000, 0.5)?);
    }
    if wanted(StorePart::Trail) {
        figures.extend(bench.trail()?);
    }
    if wanted(StorePart::Check) {
        figures.push(bench.check()?);
    }
    if wanted(StorePart::Ingest) {
        figures.extend(bench.ingest()?);
    }
    if wanted(StorePart::Pages) {
        figures.extend(bench.pages()?);
    }
    if wanted(StorePart::Site) {
        figures.extend(bench.site()?);
    }
    if parts.contains(&StorePart::Load) {
        let time = Duration::from_mins(u64::from(arguments.minutes));
        figures.extend(measure_load(bench.temporary()?.path(), time)?);
    }
    if arguments.json {
        terminal::say_json(&figures)?;
    } else {
        terminal::say(&table(&figures));
    }
    done()
}

fn table(figures: &[Figure]) -> String {
    let mut table = Builder::default();
    table.push_record(["what", "found", "unit", "floor", "ratio", "target", "CPU s", "memory MiB"]);
    let or_dash = |value: Option<f64>, digits: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    for figure in figures {
        let digits = if figure.found < 100.0 { 2 } else { 0 };
        table.push_record([
            figure.what.clone(),
            format!("{:.digits$}", figure.found),
            figure.unit.to_owned(),
            or_dash(figure.floor, digits),
            or_dash(figure.ratio, 2),
            figure.target.clone(),
            or_dash(figure.cpu_seconds, 2),
            or_dash(figure.mebibytes, 0),
        ]);
    }
    table.build().with(Style::sharp()).to_string()
}

/// Where stores are made and how often each measurement is repeated.
struct StoreBench {
    folder: PathBuf,
    repeat: u32,
}

impl StoreBench {
    /// Durable entries a second from so many writers, and by SQLite alone; the run of the median ratio.
    fn writes(&self, writers: u64, entries: u64, target: f64) -> Result<Figure> {
        let mut runs = Vec::new();
        for _ in 0..self.repeat {
            runs.push(measure_writes(self.temporary()?.path(), writers, entries)?);
        }
        runs.sort_by(|a, b| (a.store / a.floor).total_cmp(&(b.store / b.floor)));
        let Throughput { store, floor } = runs[runs.len() / 2];
        let writer = if writers == 1 { "writer" } else { "writers" };
        Ok(Figure {
            what: format!("durable writes, {writers} {writer}"),
            unit: "entries/s",
            found: store,
            floor: Some(floor),
            ratio: Some(store / floor),
            target: format!("ratio >= {target}"),
            ..Figure::default()
        })
    }

    /// Questions to the long audit trail.
    fn trail(&self) -> Result<Vec<Figure>> {
        let answered = measure_trail(&self.long_trail()?, TRAIL_ENTRIES)?;
        let line = |one: crate::procedures::measure_trail::Answered| Figure {
            what: format!(
                "audit trail of {TRAIL_ENTRIES}: {} (median {:.1})",
                one.asked, one.median_ms
            ),
            unit: "ms, p95",
            found: one.p95_ms,
            target: "< 50".to_owned(),
            ..Figure::default()
        };
        Ok(answered.into_iter().map(line).collect())
    }

    /// `check` of the long audit trail, as people run it.
    fn check(&self) -> Result<Figure> {
        let folder = self.long_trail()?;
        let mut child = Watched::start(&["check", "--json"], &folder)?;
        let answer = child.answer()?;
        let checked: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        let entries = checked["entries"].as_u64().unwrap_or_default();
        let findings = checked["findings"].as_array().map_or(usize::MAX, Vec::len);
        Ok(Figure {
            what: format!("check of {entries} entries ({findings} findings)"),
            unit: "entries/s",
            found: entries as f64 / child.used.seconds,
            target: ">= 100000".to_owned(),
            cpu_seconds: Some(child.used.cpu_seconds),
            mebibytes: Some(child.used.mebibytes),
            ..Figure::default()
        })
    }

    /// Small batches by many clients through a server of its own process.
    fn ingest(&self) -> Result<Vec<Figure>> {
        let (batches, clients) = SENT;
        let folder = self.temporary()?;
        let measured = make_measured(folder.path(), (20, 5))?;
        let token = measured.token.clone();
        drop(measured);
        let bodies = (0..batches).map(|number| measured_batch(number, 200, (20, 5)));
        let bodies = bodies.collect::<Result<Vec<_>>>()?;
        let mut server = Watched::serve(folder.path())?;
        let client = client()?;
        let (next, early) = (AtomicU64::new(0), AtomicU64::new(0));
        let address = format!(
            "{}/api/v1/models/{}/versions/{}/batches",
            server.address, MEASURED_VERSION.0, MEASURED_VERSION.1
        );
        let pid = server.pid();
        let started = Instant::now();
        let send = || {
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(body) = bodies.get(number as usize) else { return Ok(took) };
                let request = client.post(format!("{address}?name=b{number}"));
                let request = request.bearer_auth(&token).header("content-type", "text/csv");
                let asked = Instant::now();
                let status = answered(request.body(body.clone()).send())?.0;
                took.push((asked.elapsed().as_secs_f64() * 1e3, status));
                if number == batches / 5 {
                    early.store(watch(pid).anonymous_bytes, Ordering::Relaxed);
                }
            }
        };
        let took = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..clients).map(|_| scope.spawn(send)).collect();
            let mut all = Vec::new();
            for thread in threads {
                let taken: Result<Vec<_>> =
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                all.extend(taken?);
            }
            Ok::<_, Error>(all)
        })?;
        let seconds = started.elapsed().as_secs_f64();
        let late = watch(pid).anonymous_bytes;
        server.stop();
        let refused = took.iter().filter(|(_, status)| *status >= 500).count();
        let mut times: Vec<f64> = took.iter().map(|(ms, _)| *ms).collect();
        times.sort_by(f64::total_cmp);
        let (mebibyte, early) = (f64::from(1 << 20), early.into_inner() as f64);
        let what = format!("ingest of {batches} batches of 200 x 25 by {clients} clients");
        Ok(vec![
            Figure {
                what: format!("{what} ({refused} answers of 5xx)"),
                unit: "batches/s",
                found: batches as f64 / seconds,
                target: "no 5xx".to_owned(),
                cpu_seconds: Some(server.used.cpu_seconds),
                mebibytes: Some(server.used.mebibytes),
                ..Figure::default()
            },
            Figure {
                what: format!("the same (median {:.0})", times[times.len() / 2]),
                unit: "ms, p99",
                found: times[times.len() * 99 / 100],
                target: "–".to_owned(),
                ..Figure::default()
            },
            Figure {
                what: format!("the same: memory after a fifth {:.0}", early / mebibyte),
                unit: "MiB, end",
                found: late as f64 / mebibyte,
                target: "flat".to_owned(),
                ..Figure::default()
            },
        ])
    }

    /// Pages of inventories of growing size.
    fn pages(&self) -> Result<Vec<Figure>> {
        let (most, batches) = INVENTORY;
        let mut figures = Vec::new();
        let names = ["inbox", "inventory", "version page", "audit trail"];
        let mut points = vec![Vec::new(); names.len()];
        for models in [most / 100, most / 10, most] {
            let folder = self.temporary()?;
            let measured = make_measured(folder.path(), (2, 0))?;
            make_inventory(&measured, models, (batches, 1))?;
            let secret = measured.session(Role::DataScientist)?;
            drop(measured);
            let mut server = Watched::serve(folder.path())?;
            let version = format!("/models/{}/versions/1", measured_model(models / 2));
            let after = format!("/models?after={}", measured_model(models / 2));
            for (place, path) in ["/", &after, &version, "/audit-trail"].into_iter().enumerate() {
                let ms = page_ms(&format!("{}{path}", server.address), &secret)?;
                points[place].push((libm::log(models as f64), libm::log(ms)));
                if models == most {
                    figures.push(Figure {
                        what: format!("{}, {models} models x {batches} batches", names[place]),
                        unit: "ms, slowest",
                        found: ms,
                        target: format!("< 100; models^{:.2}", slope(&points[place])),
                        ..Figure::default()
                    });
                }
            }
            server.stop();
        }
        Ok(figures)
    }

    /// Every kind of page that links lead to, as a data scientist, QA and an administrator see it.
    fn site(&self) -> Result<Vec<Figure>> {
        let (models, batches, alerts) = SITE;
        let folder = self.temporary()?;
        let measured = make_measured(folder.path(), (20, 5))?;
        make_inventory(&measured, models, (batches, alerts))?;
        let roles = [Role::DataScientist, Role::Qa, Role::Admin];
        let sessions =
            roles.iter().map(|role| measured.session(*role)).collect::<Result<Vec<_>>>()?;
        drop(measured);
        let mut server = Watched::serve(folder.path())?;
        let times = time_pages(&server.address, &sessions)?;
        server.stop();
        let slow = times.iter().filter(|time| time.p95_ms >= 100.0).count();
        let what = format!(
            "{} kinds of pages, {} batches, {} alerts: {slow} too slow",
            times.len(),
            models * batches,
            models * alerts
        );
        let ms = |what: String, found: f64| Figure {
            what,
            unit: "ms, p95",
            found,
            target: "< 100".to_owned(),
            ..Figure::default()
        };
        let slowest = times.first().map_or(0.0, |time| time.p95_ms);
        let mut figures = vec![ms(what, slowest)];
        figures.extend(times.into_iter().take(PRINTED).map(|time| ms(time.kind, time.p95_ms)));
        Ok(figures)
    }

    /// The data folder with the long trail, made unless it is there.
    fn long_trail(&self) -> Result<PathBuf> {
        let folder = self.folder.join(format!("trail_{TRAIL_ENTRIES}"));
        if !folder.exists() {
            let unfinished = folder.with_extension("unfinished");
            make_trail(&unfinished, TRAIL_ENTRIES)?;
            std::fs::rename(&unfinished, &folder).map_err(Error::file("renaming", &folder))?;
        }
        Ok(folder)
    }

    fn temporary(&self) -> Result<tempfile::TempDir> {
        tempfile::tempdir_in(&self.folder).map_err(Error::file("making a folder in", &self.folder))
    }
}

/// A client that waits long enough.
pub(super) fn client() -> Result<Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_mins(5)).build().map_err(failed)
}

/// Status and body of an answer.
pub(super) fn answered(
    response: reqwest::Result<reqwest::blocking::Response>,
) -> Result<(u16, Vec<u8>)> {
    let response = response.map_err(failed)?;
    let status = response.status().as_u16();
    Ok((status, response.bytes().map_err(failed)?.to_vec()))
}

/// The slowest of many requests of a page, after a first one.
fn page_ms(address: &str, secret: &str) -> Result<f64> {
    let client = client()?;
    let mut slowest = 0.0_f64;
    for time in 0..=ASKED {
        let request = client.get(address).header("cookie", format!("{SESSION_COOKIE}={secret}"));
        let started = Instant::now();
        let (status, _) = answered(request.send())?;
        if status != 200 {
            let detail = format!("{address} answered {status}");
            return Err(Error::Server { server: address.to_owned(), detail });
        }
        if time > 0 {
            slowest = slowest.max(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(slowest)
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn failed(error: reqwest::Error) -> Error {
    Error::Server { server: "the measured server".to_owned(), detail: error.to_string() }
}
