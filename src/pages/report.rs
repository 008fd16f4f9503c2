//! `/reports/{id}`: one judged batch, feature by feature, worst first.

use super::alert::DoneQuery;
use super::frame::{Frame, Notice, Place};
use super::inbox::AlertLine;
use super::life_cycle::flag;
use super::markup::Markup;
use super::page_error::Answer;
use super::report_features::{FeatureSection, sections};
use super::visitor::Visitor;
use super::wording::{counted, level_meaning, meter, verdict_meaning, verdict_sign, whole, words};
use crate::access::role::Action;
use crate::drift::assess::Verdict;
use crate::drift::chart;
use crate::drift::notices::notices;
use crate::drift::promise::{NO_ALARM, conditions, promise};
use crate::drift::report::DriftReport;
use crate::evidence::printable;
use crate::procedures::read_invalidation::JudgedAgain;
use crate::procedures::read_records::{self, ReportView};
use crate::store::invalidations::Invalidated;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::{HttpResponse, get, web};
use askama::Template;

/// A printable report brings its own style sheet, and nothing else.
const PRINTABLE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/// A verdict with the number of features that have it.
struct Tally {
    verdict: &'static str,
    words: String,
    sign: &'static str,
    features: usize,
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    frame: Frame,
    id: String,
    batch_id: String,
    version: String,
    version_path: String,
    batch: String,
    number: u64,
    rows: String,
    period: Option<(Markup, Markup)>,
    judged_at: Markup,
    verdict: &'static str,
    verdict_words: String,
    verdict_sign: &'static str,
    verdict_meaning: &'static str,
    state: &'static str,
    state_meaning: &'static str,
    evidence: String,
    meter: Markup,
    alarm: Option<(bool, Vec<Markup>)>,
    /// That the batch is invalid, in words, and the ledger entry of the decision.
    invalid: Option<(Markup, u64)>,
    /// The report that came after this one; whether it is in force.
    superseded: Option<(String, bool)>,
    /// Why the batch was judged again, and the ledger entry of the decision.
    judged_again: Option<(String, Markup, u64)>,
    /// Whether this person may mark the batch as invalid.
    may_mark: bool,
    tallies: Vec<Tally>,
    alerts: Vec<AlertLine>,
    /// Rows that count, and how many are needed.
    too_small: Option<(String, String)>,
    /// Whether the version was suspended, and what a reader must know about its state.
    flag: Option<(bool, Markup)>,
    notices: Vec<Markup>,
    sections: Vec<FeatureSection>,
    promise: String,
    conditions: Vec<String>,
    no_alarm: &'static str,
    digests: Vec<(&'static str, String)>,
    engine: String,
    entry: u64,
    revision: Option<u64>,
}

impl ReportPage {
    fn of(visitor: &Visitor, view: &ReportView, notice: Option<Notice>) -> Self {
        let (row, report) = (&view.row, &view.report);
        let context = &report.context;
        let period = context.period_start.as_deref().zip(context.period_end.as_deref());
        let title = format!("Report {}, {} {}", context.batch, context.model, context.version);
        Self {
            frame: visitor.frame(&title, Place::Models).with_notice(notice),
            id: row.id.clone(),
            batch_id: row.batch_id.clone(),
            version: format!("{} {}", context.model, context.version),
            version_path: format!("/models/{}/versions/{}", context.model, context.version),
            batch: context.batch.clone(),
            number: row.number,
            rows: whole(report.rows),
            period: period.map(|(start, end)| (Markup::time(start), Markup::time(end))),
            judged_at: Markup::time(&row.at),
            verdict: report.verdict.word(),
            verdict_words: words(report.verdict.word()),
            verdict_sign: verdict_sign(report.verdict),
            verdict_meaning: verdict_meaning(report.verdict),
            state: report.state.word(),
            state_meaning: level_meaning(report.state),
            evidence: meter(report.meter),
            meter: Markup::drawing(chart::meter(report.meter)),
            alarm: report.alarm.as_ref().map(|alarm| {
                let sentences = alarm.sentences.iter().map(|s| Markup::sentence(s)).collect();
                (alarm.established, sentences)
            }),
            invalid: row.invalidated.as_ref().map(invalid),
            superseded: row.superseded_by.clone().map(|id| (id, row.invalidated.is_none())),
            judged_again: view.standing.judged_again.as_ref().map(judged_again),
            may_mark: may_mark(visitor, view),
            tallies: tallies(report),
            alerts: view.episodes.iter().map(AlertLine::of).collect(),
            notices: notices(report).iter().map(|n| Markup::message(n)).collect(),
            too_small: (report.rows_judged() < report.rows_min).then(|| {
                (counted(report.rows_judged(), "row counts", "rows count"), whole(report.rows_min))
            }),
            flag: flag(row.version_state.as_deref()),
            sections: sections(report, &view.reference),
            promise: promise(report.batches_per_false_alarm),
            conditions: conditions(report.features.iter().map(|f| f.series.len()).sum()),
            no_alarm: NO_ALARM,
            digests: digests(view),
            engine: context.engine.clone(),
            entry: row.entry,
            revision: view.revision,
        }
    }
}

/// Since when, by whom and why a batch is invalid, and the ledger entry of the decision.
fn invalid(decision: &Invalidated) -> (Markup, u64) {
    (Markup::text(&decision.sentence()), decision.entry)
}

/// The batch without which this one was judged again, with why it is invalid.
fn judged_again(why: &JudgedAgain) -> (String, Markup, u64) {
    (why.batch.clone(), Markup::text(&why.because.sentence()), why.because.entry)
}

/// Whether the link to mark the batch as invalid is shown; the procedure decides it.
fn may_mark(visitor: &Visitor, view: &ReportView) -> bool {
    let account = visitor.account();
    view.row.invalidated.is_none()
        && Action::InvalidateBatch.roles().contains(&account.role)
        && view.standing.sent_by != account.id
}

fn tallies(report: &DriftReport) -> Vec<Tally> {
    let verdicts = [Verdict::Drift, Verdict::Undetermined, Verdict::NotEvaluated, Verdict::Stable];
    let tally = |verdict: Verdict| Tally {
        verdict: verdict.word(),
        words: words(verdict.word()),
        sign: verdict_sign(verdict),
        features: report.features.iter().filter(|f| f.verdict == verdict).count(),
    };
    verdicts.into_iter().map(tally).collect()
}

fn digests(view: &ReportView) -> Vec<(&'static str, String)> {
    let context = &view.report.context;
    vec![
        ("Report", view.row.sha256.clone()),
        ("Batch file", context.batch_sha256.clone()),
        ("Reference", context.reference_sha256.clone()),
        ("Policy", context.policy_sha256.clone()),
        ("Monitor", context.monitor_sha256.clone()),
    ]
}

/// The message of what was done; other words say nothing.
fn done_notice(done: &str) -> Option<Notice> {
    let text = "the batch is marked as invalid; later batches are judged again without it";
    (done == "invalid").then(|| Notice::done(text))
}

/// The report.
#[get("/reports/{id}")]
pub(super) async fn show(
    visitor: Visitor,
    id: web::Path<String>,
    query: web::Query<DoneQuery>,
) -> Answer {
    let notice = done_notice(&query.done);
    visitor
        .page(move |visitor| {
            let view = read_records::report_view(&visitor.store, &visitor.acting(), &id)?;
            let notice = notice.filter(|_| view.row.invalidated.is_some());
            Ok(ReportPage::of(visitor, &view, notice))
        })
        .await
}

/// The same report as one self-contained document, to keep or to print.
#[get("/reports/{id}/document")]
pub(super) async fn document(visitor: Visitor, id: web::Path<String>) -> Answer {
    let read = visitor.act(move |store, acting| {
        let view = read_records::report_view(store, acting, &id)?;
        let invalid = view
            .row
            .invalidated
            .as_ref()
            .map(|invalid| invalid.printed("batch"))
            .unwrap_or_default();
        Ok(printable::report(&view.report, &view.reference, &invalid)?)
    });
    let html = read.await.map_err(|error| visitor.refuse(error))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, HeaderValue::from_static(PRINTABLE_POLICY)))
        .content_type("text/html; charset=utf-8")
        .body(html))
}
