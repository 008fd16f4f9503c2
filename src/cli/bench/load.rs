//! Mixed traffic from this process to a server in a process of its own: batches, pages, questions to the API and acknowledgements at the same
//! time; then the server is asked to end while all of them go on.

use super::site::pages_of;
use super::store::{Figure, client};
use super::watched::{Watched, watch};
use crate::access::role::Role;
use crate::api::extract::{FORM_TOKEN_HEADER, SESSION_COOKIE};
use crate::error::Result;
use crate::procedures::measure_inventory::{
    MEASURED_VERSION, Visiting, kept_batches, make_inventory, make_measured, measured_batch,
};
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Numbers and texts of the batches that are sent, and their rows.
const BATCH: ((usize, usize), u64) = ((20, 5), 200);
/// Models beside the measured one, batches of each, and alerts of each.
const INVENTORY: (u64, u64, u64) = (100, 20, 20);
/// Questions that programs ask.
const ASKED: [&str; 7] = [
    "/api/v1/inbox",
    "/api/v1/fleet",
    "/api/v1/models",
    "/api/v1/alerts",
    "/api/v1/ledger/entries",
    "/api/v1/ledger/checkpoint",
    "/api/v1/models/measured/versions/1/batches",
];
/// How long the server may take to end, seconds: what it answers until then, and a little.
const DRAIN_SECONDS_MAX: u64 = 40;

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Send,
    Page,
    Ask,
    Acknowledge,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Send, Self::Page, Self::Ask, Self::Acknowledge];

    fn words(self) -> &'static str {
        match self {
            Self::Send => "batches of 200 x 25 sent",
            Self::Page => "pages read",
            Self::Ask => "questions to the API",
            Self::Acknowledge => "alerts acknowledged",
        }
    }

    /// Clients that do it at the same time.
    fn clients(self) -> usize {
        match self {
            Self::Send | Self::Page => 4,
            Self::Ask => 3,
            Self::Acknowledge => 1,
        }
    }

    /// Time between two requests of one client: people read before they go on, programs do not.
    fn pause(self) -> Duration {
        match self {
            Self::Page => Duration::from_millis(100),
            Self::Acknowledge => Duration::from_secs(1),
            Self::Send | Self::Ask => Duration::ZERO,
        }
    }
}

/// How one request went.
#[derive(Clone, Debug)]
struct Went {
    kind: Kind,
    ms: f64,
    /// HTTP status; 0 where there was no answer.
    status: u16,
    /// What is wrong with it, where something is.
    wrong: Option<String>,
    /// Whether it was sent after the server was asked to end.
    is_late: bool,
}

/// What all clients share.
struct Load {
    client: Client,
    address: String,
    token: String,
    /// Sessions of people, and the pages that lead from their inbox.
    people: Vec<(Visiting, Vec<String>)>,
    alerts: Vec<String>,
    next: AtomicU64,
    is_ending: AtomicBool,
    is_over: AtomicBool,
    acknowledged: Mutex<BTreeSet<String>>,
}

/// Runs the traffic for so long against a new store in `folder`, then ends the server.
///
/// # Errors
///
/// Those of making the store and of starting the server; what requests come to is a figure.
pub(super) fn measure_load(folder: &Path, time: Duration) -> Result<Vec<Figure>> {
    let (models, batches, alerts) = INVENTORY;
    let measured = make_measured(folder, BATCH.0)?;
    make_inventory(&measured, models, (batches, alerts))?;
    let visiting = [Role::Qa, Role::DataScientist, Role::Admin]
        .into_iter()
        .map(|role| measured.visiting(role))
        .collect::<Result<Vec<_>>>()?;
    let (token, alerts) = (measured.token.clone(), measured.alerts()?);
    drop(measured);
    let mut server = Watched::serve(folder)?;
    let mut people = Vec::new();
    for one in visiting {
        let pages = pages_of(&server.address, &one.secret)?;
        people.push((one, pages));
    }
    let load = Load {
        client: client()?,
        address: server.address.clone(),
        token,
        people,
        alerts,
        next: AtomicU64::new(0),
        is_ending: AtomicBool::new(false),
        is_over: AtomicBool::new(false),
        acknowledged: Mutex::default(),
    };
    let shared = &load;
    let (went, memory, drained) = std::thread::scope(|scope| {
        let threads: Vec<_> = Kind::ALL
            .into_iter()
            .flat_map(|kind| (0..kind.clients()).map(move |place| (kind, place)))
            .map(|one| scope.spawn(move || shared.visit(one)))
            .collect();
        let memory = memory_of(server.pid(), time);
        shared.is_ending.store(true, Ordering::Relaxed);
        let drained = server.end(Duration::from_secs(DRAIN_SECONDS_MAX));
        shared.is_over.store(true, Ordering::Relaxed);
        let mut went = Vec::new();
        for thread in threads {
            went.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        (went, memory, drained)
    });
    let kept = kept_batches(folder)?;
    let acknowledged = load.acknowledged.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lost = acknowledged.difference(&kept).count();
    let minutes = time.as_secs_f64() / 60.0;
    let mut figures: Vec<Figure> =
        Kind::ALL.iter().filter_map(|kind| figure_of(*kind, minutes, &went)).collect();
    figures.push(Figure {
        what: format!("the same: memory after a tenth {:.0}", memory.0),
        unit: "MiB, last tenth",
        found: memory.1,
        target: "flat".to_owned(),
        cpu_seconds: Some(server.used.cpu_seconds),
        mebibytes: Some(server.used.mebibytes),
        ..Figure::default()
    });
    figures.push(Figure {
        what: format!(
            "SIGTERM under this load: {}, {lost} of {} acknowledged batches lost",
            drained.map_or("did not end by itself", |_| "ended by itself"),
            acknowledged.len()
        ),
        unit: "s until it ended",
        found: drained.unwrap_or(DRAIN_SECONDS_MAX as f64),
        target: "<= 30; 0 lost".to_owned(),
        ..Figure::default()
    });
    Ok(figures)
}

/// Mean memory in MiB of the second and the last tenth of the time, which passes meanwhile.
fn memory_of(pid: u32, time: Duration) -> (f64, f64) {
    let started = Instant::now();
    let mut seen = Vec::new();
    while started.elapsed() < time {
        seen.push(watch(pid).anonymous_bytes as f64 / f64::from(1 << 20));
        std::thread::sleep(Duration::from_millis(250));
    }
    let tenth = (seen.len() / 10).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let early = seen.get(tenth..2 * tenth).unwrap_or(&seen);
    (mean(early), mean(&seen[seen.len().saturating_sub(tenth)..]))
}

/// One kind of requests; nothing where none was answered.
fn figure_of(kind: Kind, minutes: f64, went: &[Went]) -> Option<Figure> {
    let its: Vec<&Went> = went.iter().filter(|one| one.kind == kind && !one.is_late).collect();
    let mut times: Vec<f64> = its.iter().map(|one| one.ms).collect();
    times.sort_by(f64::total_cmp);
    let median = *times.get(times.len() / 2)?;
    let told_to_wait = its.iter().filter(|one| matches!(one.status, 429 | 503)).count();
    let wrong: Vec<&str> = its.iter().filter_map(|one| one.wrong.as_deref()).collect();
    let first = wrong.first().map_or_else(String::new, |wrong| format!(", the first: {wrong}"));
    Some(Figure {
        what: format!(
            "load of {minutes:.1} min: {} {} (median {median:.0}; {} failed{first}; {told_to_wait} told to wait)",
            times.len(),
            kind.words(),
            wrong.len()
        ),
        unit: "ms, p99",
        found: times[times.len() * 99 / 100],
        target: "0 failed".to_owned(),
        ..Figure::default()
    })
}

impl Load {
    /// One client: asks until the server has ended.
    fn visit(&self, (kind, place): (Kind, usize)) -> Vec<Went> {
        let mut went = Vec::new();
        for turn in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            // What is sent is made before the clock starts.
            let Some(request) = self.request(kind, (place, turn)) else { break };
            let is_late = self.is_ending.load(Ordering::Relaxed);
            let asked = Instant::now();
            let answer = request.send().and_then(|answer| {
                let status = answer.status().as_u16();
                Ok((status, answer.bytes()?))
            });
            let ms = asked.elapsed().as_secs_f64() * 1e3;
            let (status, wrong) = match answer {
                Ok((status, body)) => {
                    let expected = if matches!(kind, Kind::Page | Kind::Ask) { 200 } else { 201 };
                    if kind == Kind::Send && status == expected {
                        self.keep(&body);
                    }
                    let is_wrong = status != expected && !matches!(status, 429 | 503);
                    (status, is_wrong.then(|| format!("{status}")))
                }
                Err(error) => (0, Some(error.to_string())),
            };
            let failed = wrong.is_some();
            went.push(Went { kind, ms, status, wrong, is_late });
            // A server that ends answers nobody: do not ask it as fast as one can.
            let pause = if failed { Duration::from_millis(100) } else { kind.pause() };
            std::thread::sleep(pause);
        }
        went
    }

    /// Notes that a batch was acknowledged.
    fn keep(&self, body: &[u8]) {
        let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(id) = answer["batch_id"].as_str() {
            let mut all = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(id.to_owned());
        }
    }

    /// What is asked next; nothing where there is nothing left to do.
    fn request(&self, kind: Kind, (place, turn): (usize, usize)) -> Option<RequestBuilder> {
        let of = |path: &str| format!("{}{path}", self.address);
        let cookie = |one: &Visiting| format!("{SESSION_COOKIE}={}", one.secret);
        match kind {
            Kind::Send => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let (model, version) = MEASURED_VERSION;
                let path = format!("/api/v1/models/{model}/versions/{version}/batches");
                let body = measured_batch(number + 1, BATCH.1, BATCH.0).ok()?;
                let request = self.client.post(of(&format!("{path}?name=load-{number}")));
                let request = request.bearer_auth(&self.token).header("content-type", "text/csv");
                Some(request.body(body))
            }
            Kind::Page => {
                let (who, pages) = self.people.get(place % self.people.len())?;
                let page = pages.get(turn % pages.len())?;
                Some(self.client.get(of(page)).header("cookie", cookie(who)))
            }
            Kind::Ask => {
                let path = ASKED[(place + turn) % ASKED.len()];
                Some(self.client.get(of(path)).bearer_auth(&self.token))
            }
            Kind::Acknowledge => {
                let (who, _) = self.people.first()?;
                let path = format!("/api/v1/alerts/{}/acknowledgement", self.alerts.get(turn)?);
                let request = self.client.post(of(&path)).header("cookie", cookie(who));
                let seen = json!({"severity": "minor", "comment": "seen under load"});
                Some(request.header(FORM_TOKEN_HEADER, &who.form_token).json(&seen))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_tells_what_failed_and_leaves_out_what_came_too_late() {
        let went = |ms: f64, status: u16, wrong: Option<&str>, is_late: bool| Went {
            kind: Kind::Ask,
            ms,
            status,
            wrong: wrong.map(str::to_owned),
            is_late,
        };
        let all = [
            went(1.0, 200, None, false),
            went(2.0, 429, None, false),
            went(3.0, 500, Some("500"), false),
            went(99.0, 0, Some("refused"), true),
        ];
        let figure = figure_of(Kind::Ask, 1.0, &all).unwrap();
        assert_eq!(figure.found.to_bits(), 3.0_f64.to_bits());
        for part in ["3 questions", "median 2", "1 failed, the first: 500", "1 told to wait"] {
            assert!(figure.what.contains(part), "{}", figure.what);
        }
        assert!(figure_of(Kind::Send, 1.0, &all).is_none());
    }
}
