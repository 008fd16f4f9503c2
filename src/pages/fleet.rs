//! `/fleet`: how every monitored version is, silence included.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::{counted, meter, whole, words};
use crate::procedures::read_fleet::{AlarmBudget, Feed, Fleet, FleetLine, FleetTotals, fleet};
use actix_web::get;
use askama::Template;

/// A number on top, and where it leads.
struct Total {
    value: String,
    words: &'static str,
    path: &'static str,
    /// `bad`, `wait` or nothing.
    class: &'static str,
}

/// A version in the table.
struct VersionLine {
    path: String,
    name: String,
    state: &'static str,
    state_words: String,
    level: String,
    level_words: String,
    evidence: String,
    batch: Option<(String, String, Markup)>,
    feed_class: &'static str,
    feed: &'static str,
    due: Option<Markup>,
    alerts_path: String,
    open: String,
    raised: String,
    allowed: String,
    /// What to make of raised and allowed.
    budget: &'static str,
}

#[derive(Template)]
#[template(path = "fleet.html")]
struct FleetPage {
    frame: Frame,
    as_of: Markup,
    totals: Vec<Total>,
    raised: String,
    allowed: String,
    batches: String,
    versions: Vec<VersionLine>,
}

fn feed_words(feed: Feed) -> (&'static str, &'static str) {
    match feed {
        Feed::InTime => ("quiet", "in time"),
        Feed::Silent => ("alarm", "silent: overdue"),
        Feed::NoCadence => ("watch", "no cadence: silence goes unnoticed"),
        Feed::NotExpected => ("quiet", "suspended: none is expected"),
    }
}

/// A number of alarms to expect, with one decimal.
fn expected(alarms: f64) -> String {
    format!("{alarms:.1}")
}

/// Alarms beside the false ones that are allowed, in words.
fn budget_words(budget: &AlarmBudget) -> &'static str {
    match (budget.raised, budget.batches) {
        (_, 0) => "no batch yet",
        (0, _) => "none used",
        (raised, _) if raised as f64 <= budget.allowed => "within what chance alone explains",
        _ => "more than chance alone explains: look for causes",
    }
}

fn version(line: &FleetLine) -> VersionLine {
    let path = format!("/models/{}/versions/{}", line.model, line.version);
    let (feed_class, feed) = feed_words(line.feed);
    let batch = line.batch.clone().zip(line.report.clone()).zip(line.judged_at.as_deref());
    VersionLine {
        name: format!("{} {}", line.model, line.version),
        state: line.state.word(),
        state_words: words(line.state.word()),
        level: line.level.clone().unwrap_or_default(),
        level_words: line.level.clone().unwrap_or_else(|| "no batch yet".to_owned()),
        evidence: line.meter.map(meter).unwrap_or_default(),
        batch: batch.map(|((name, id), at)| (name, format!("/reports/{id}"), Markup::time(at))),
        feed_class,
        feed,
        due: line.next_due.as_deref().map(Markup::time),
        alerts_path: format!("{path}#alerts"),
        open: match (line.alerts.open, line.alerts.unacknowledged) {
            (0, _) => "none open".to_owned(),
            (open, 0) => format!("{open} open"),
            (open, new) => format!("{open} open, {new} not acknowledged"),
        },
        raised: counted(line.budget.raised, "alarm", "alarms"),
        allowed: expected(line.budget.allowed),
        budget: budget_words(&line.budget),
        path,
    }
}

fn totals(totals: &FleetTotals) -> Vec<Total> {
    let total = |value: u64, words, path, class| {
        let class = if value == 0 { "" } else { class };
        Total { value: whole(value), words, path, class }
    };
    vec![
        total(totals.versions, "versions monitored", "/models", ""),
        total(totals.in_use, "in use", "/models?q=in+use", ""),
        total(totals.alarm, "with an alarm in the newest batch", "#versions", "bad"),
        total(totals.watch, "on watch", "#versions", "wait"),
        total(totals.silent, "silent: the next batch is overdue", "#versions", "bad"),
        total(totals.unwatched, "in use without a cadence", "#versions", "wait"),
        total(totals.open_alerts, "alerts not decided", "/", "wait"),
        total(totals.unacknowledged, "alerts that nobody acknowledged", "/", "bad"),
    ]
}

impl FleetPage {
    fn of(frame: Frame, fleet: &Fleet) -> Self {
        Self {
            frame,
            as_of: Markup::time(&fleet.as_of),
            totals: totals(&fleet.totals),
            raised: counted(fleet.totals.raised, "alarm", "alarms"),
            allowed: expected(fleet.totals.allowed),
            batches: counted(fleet.totals.batches, "batch", "batches"),
            versions: fleet.versions.iter().map(version).collect(),
        }
    }
}

/// Every monitored version.
#[get("/fleet")]
pub(super) async fn show(visitor: Visitor) -> Answer {
    visitor
        .page(|visitor| {
            let fleet = fleet(&visitor.store, &visitor.acting())?;
            Ok(FleetPage::of(visitor.frame("Fleet", Place::Fleet), &fleet))
        })
        .await
}
