//! Documents to read and to print: one self-contained HTML file each, with its style inside and without a script.
//!
//! Everything shown comes from the record itself; the same record gives the same bytes.

use super::{Error, Result};
use crate::digest;
use crate::drift::assess::{SeriesOutcome, Verdict};
use crate::drift::chart;
use crate::drift::compare::Compared;
use crate::drift::monitor::SeriesName;
use crate::drift::notices::notices;
use crate::drift::promise::{NO_ALARM, conditions, promise};
use crate::drift::reference::{Reference, ReferenceFeature};
use crate::drift::report::{DriftReport, ENGINE, FeatureReport, ReportContext, RowCount};
use crate::drift::sentence::{BatchNames, percent};
use crate::drift::shown::Statistic;
use crate::review::decision::Decision;
use crate::review::signature::Signature;
use askama::Template;

/// What these documents are rendered by: another program may lay the same record out otherwise.
pub const PROGRAM: &str = ENGINE;

/// Of T² and SPE: the columns that it grew by.
fn contributions(feature: &FeatureReport) -> String {
    let told = feature.contributions.iter().map(|c| format!("{} {}", c.column, percent(c.share)));
    told.collect::<Vec<String>>().join(", ")
}

/// The comparison of two files as one HTML file.
///
/// # Errors
///
/// [`Error::Render`]; [`Error::Digest`] for a value that has no canonical form.
pub fn comparison(compared: &Compared) -> Result<String> {
    let comparison = &compared.comparison;
    render(&ComparisonPage {
        heading: "Drift comparison".to_owned(),
        verdict: comparison.verdict.word(),
        verdict_words: words(comparison.verdict),
        reference_rows: comparison.reference.rows,
        batch_rows: comparison.batch.rows,
        reference_sha256: sha256(&compared.reference)?,
        comparison_sha256: sha256(comparison)?,
        program: PROGRAM,
        features: sections(&comparison.features, &compared.reference, &BatchNames::new()),
    })
}

/// A stored report as one HTML file; `reference` is the one it was judged against, `invalid` says that its batch is invalid and is empty
/// where it counts.
///
/// # Errors
///
/// [`Error::Render`]; [`Error::Digest`] for a value that has no canonical form.
pub fn report(report: &DriftReport, reference: &Reference, invalid: &str) -> Result<String> {
    let alarm = report.alarm.as_ref().map(|alarm| {
        let how = if alarm.established { "It is established for" } else { "Most evidence is in" };
        format!("{how} {}.", alarm.covers.join(", "))
    });
    render(&ReportPage {
        heading: format!("Drift report: {}", report.context.batch),
        invalid,
        verdict: report.verdict.word(),
        verdict_words: words(report.verdict),
        state: report.state.word(),
        meter: chart::meter(report.meter),
        meter_words: format!("{:.2}", report.meter),
        alarm: alarm.unwrap_or_default(),
        context: &report.context,
        rows: report.rows,
        notices: notices(report),
        number: report.state_after.batches,
        report_sha256: sha256(report)?,
        promise: promise(report.batches_per_false_alarm),
        conditions: conditions(report.features.iter().map(|f| f.series.len()).sum()),
        no_alarm: NO_ALARM,
        features: sections(&report.features, reference, &report.context.earlier_batches),
    })
}

/// A decision record as one HTML file, with the manifestation of its signature where it has one.
///
/// # Errors
///
/// [`Error::Render`]; [`Error::Digest`] for a value that has no canonical form.
pub fn decision(decision: &Decision, signature: Option<&Signature>) -> Result<String> {
    render(&DecisionPage {
        heading: format!("Decision on {} {}", decision.model, decision.version),
        code: decision.code.word().replace('_', " "),
        drafter_role: decision.drafted_by.role.word(),
        decision_sha256: digest::sha256_hex(
            &decision.bytes().map_err(|source| Error::Render { detail: source.to_string() })?,
        ),
        manifestation: signature.map(Signature::manifestation).unwrap_or_default(),
        signature_id: signature.map(|signature| signature.id.as_str()).unwrap_or_default(),
        method: signature.map(|signature| signature.method.as_str()).unwrap_or_default(),
        decision,
    })
}

#[derive(Template)]
#[template(path = "printable_comparison.html")]
struct ComparisonPage {
    heading: String,
    verdict: &'static str,
    verdict_words: String,
    reference_rows: u64,
    batch_rows: u64,
    reference_sha256: String,
    comparison_sha256: String,
    program: &'static str,
    features: Vec<Section>,
}

#[derive(Template)]
#[template(path = "printable_report.html")]
struct ReportPage<'a> {
    heading: String,
    invalid: &'a str,
    verdict: &'static str,
    verdict_words: String,
    state: &'static str,
    meter: String,
    meter_words: String,
    alarm: String,
    context: &'a ReportContext,
    rows: u64,
    notices: Vec<String>,
    number: u64,
    report_sha256: String,
    promise: String,
    conditions: Vec<String>,
    no_alarm: &'static str,
    features: Vec<Section>,
}

#[derive(Template)]
#[template(path = "printable_decision.html")]
struct DecisionPage<'a> {
    heading: String,
    code: String,
    drafter_role: &'static str,
    decision_sha256: String,
    manifestation: String,
    signature_id: &'a str,
    method: &'a str,
    decision: &'a Decision,
}

/// One feature, every number as it is printed.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    pub(super) verdict: &'static str,
    pub(super) verdict_words: String,
    pub(super) sentence: String,
    pub(super) contributions: String,
    pub(super) rows: u64,
    pub(super) reference_rows: u64,
    pub(super) moved: String,
    pub(super) limits: String,
    pub(super) tolerance: String,
    pub(super) missing: String,
    pub(super) missing_reference: String,
    pub(super) histogram: String,
    pub(super) limited: String,
    pub(super) series: Vec<SeriesLine>,
    pub(super) statistics: Vec<StatisticLine>,
}

pub(super) struct SeriesLine {
    pub(super) name: &'static str,
    pub(super) verdict: &'static str,
    pub(super) verdict_words: String,
    pub(super) rows: u64,
    pub(super) moved: String,
    pub(super) limits: String,
    pub(super) tolerance: String,
    pub(super) pooled: String,
    pub(super) log_e: String,
    pub(super) evidence: String,
}

pub(super) struct StatisticLine {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) p_value: String,
    pub(super) p_value_adjusted: String,
    pub(super) method: String,
    pub(super) drowned: bool,
}

/// What is printed of each feature.
pub(super) fn sections(
    features: &[FeatureReport],
    reference: &Reference,
    names: &BatchNames,
) -> Vec<Section> {
    features.iter().zip(&reference.features).map(|(f, frozen)| section(f, frozen, names)).collect()
}

fn section(feature: &FeatureReport, frozen: &ReferenceFeature, names: &BatchNames) -> Section {
    let main = feature.series.first();
    let missing = |side: RowCount| percent(side.nulls as f64 / side.rows.max(1) as f64);
    let limited: Vec<String> = feature
        .series
        .iter()
        .filter(|series| series.limited_by_reference)
        .map(|series| format!("{} {}", series_words(series.name), percent(series.tolerance)))
        .collect();
    Section {
        name: feature.feature.clone(),
        kind: feature.kind.word(),
        role: feature.role.word(),
        verdict: feature.verdict.word(),
        verdict_words: words(feature.verdict),
        sentence: plain(&feature.sentence),
        contributions: contributions(feature),
        rows: feature.batch.rows,
        reference_rows: feature.reference.rows,
        moved: share(main.and_then(|series| series.tv)),
        limits: main.map_or_else(dash, limits),
        tolerance: share(main.map(|series| series.tolerance)),
        missing: missing(feature.batch),
        missing_reference: missing(feature.reference),
        histogram: chart::histogram(frozen, &feature.profile),
        limited: limited.join(", "),
        series: feature.series.iter().map(|series| series_line(series, names)).collect(),
        statistics: feature.statistics.iter().map(statistic_line).collect(),
    }
}

fn series_line(series: &SeriesOutcome, names: &BatchNames) -> SeriesLine {
    let evidence = match (&series.reason, &series.lane) {
        (Some(reason), _) => reason.clone(),
        (None, Some(lane)) => match names.get(&lane.since_batch) {
            Some(name) => format!("since about batch {name}"),
            None if lane.batches == 1 => "since this batch".to_owned(),
            None => format!("since about batch number {}", lane.since_batch),
        },
        (None, None) => "none".to_owned(),
    };
    let muted = if series.muted { "; under an open alert" } else { "" };
    SeriesLine {
        name: series_words(series.name),
        verdict: series.verdict.word(),
        verdict_words: words(series.verdict),
        rows: series.rows,
        moved: share(series.tv),
        limits: limits(series),
        tolerance: percent(series.tolerance),
        pooled: pooled(series),
        log_e: format!("{:.2}", series.log_e),
        evidence: format!("{evidence}{muted}"),
    }
}

fn statistic_line((code, statistic): (&String, &Statistic)) -> StatisticLine {
    let number = |value: Option<f64>| value.map_or_else(dash, decimal);
    let value = match (statistic.value, statistic.error_max) {
        (Some(value), Some(error)) if statistic.is_drowned() => {
            format!("{} ± {}: error larger than the value", decimal(value), decimal(error))
        }
        (Some(value), Some(error)) => format!("{} ± {}", decimal(value), decimal(error)),
        (value, _) => number(value),
    };
    let method = statistic.not_evaluated.as_ref().map(|why| format!("not evaluated: {why}"));
    StatisticLine {
        name: statistic_words(code),
        drowned: statistic.is_drowned(),
        value,
        p_value: number(statistic.p_value),
        p_value_adjusted: number(statistic.p_value_adjusted),
        method: method.or_else(|| statistic.method.clone()).unwrap_or_default(),
    }
}

fn statistic_words(code: &str) -> String {
    match code {
        "psi" => "population stability index (PSI)".to_owned(),
        "ks" => "Kolmogorov–Smirnov".to_owned(),
        "chi_square" => "χ²".to_owned(),
        "jensen_shannon_distance" => "Jensen–Shannon distance".to_owned(),
        "wasserstein" => "Wasserstein distance, in the feature's unit".to_owned(),
        "wasserstein_normed" => "Wasserstein distance, in reference standard deviations".to_owned(),
        other => other.replace('_', " "),
    }
}

fn series_words(name: SeriesName) -> &'static str {
    match name {
        SeriesName::Values => "values",
        SeriesName::Nulls => "missing values",
        SeriesName::Unseen => "unseen values",
        SeriesName::LowTail => "low tail",
        SeriesName::HighTail => "high tail",
    }
}

pub(super) fn words(verdict: Verdict) -> String {
    verdict.word().replace('_', " ")
}

fn dash() -> String {
    "–".to_owned()
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(dash, percent)
}

fn limits(series: &SeriesOutcome) -> String {
    match (series.tv_lower, series.tv_upper) {
        (Some(lower), Some(upper)) => format!("{} – {}", percent(lower), percent(upper)),
        _ => dash(),
    }
}

/// The upper limit over all rows that were pooled, which is what shows stability.
fn pooled(series: &SeriesOutcome) -> String {
    let Some(upper) = series.pooled_tv_upper else { return dash() };
    let (rows, batches) = (series.pooled_rows, series.pooled_batches);
    let s = if batches == 1 { "" } else { "es" };
    let r = if rows == 1 { "" } else { "s" };
    format!("{} on {rows} row{r} of {batches} batch{s}", percent(upper))
}

/// A number with four significant digits.
fn decimal(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 1e-3 => format!("{value:.1e}"),
        size if size < 1.0 => format!("{value:.4}"),
        size if size < 1000.0 => format!("{value:.2}"),
        size if size < 1e7 => format!("{value:.0}"),
        _ => format!("{value:.3e}"),
    }
}

fn sha256<T: serde::Serialize>(value: &T) -> Result<String> {
    Ok(digest::sha256_hex(&digest::canonical_json(value)?))
}

/// A sentence as the records word it, without the marks around its names.
pub(super) fn plain(sentence: &str) -> String {
    sentence.replace('`', "")
}

pub(super) fn render(page: &impl Template) -> Result<String> {
    page.render().map_err(|error| Error::Render { detail: error.to_string() })
}
