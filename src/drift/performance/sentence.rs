//! What a cohort and an evaluation say, in plain sentences.

use super::cohort::{CohortReport, Maturity};
use super::figures::{Figure, FigureName};
use super::report::ErrorEvidence;
use crate::drift::assess::MonitorLevel;

/// The sentence of a cohort: how often its predictions are right, or why that cannot be said.
pub(super) fn cohort_sentence(cohort: &CohortReport) -> String {
    let batch = &cohort.context.batch;
    if let Maturity::Immature { reason } = &cohort.maturity {
        return format!("`{batch}`: not judged, {reason}");
    }
    let figure = |name| cohort.figures.get(name);
    let mut told = match (figure(FigureName::Accuracy), figure(FigureName::MeanAbsoluteError)) {
        (Some(right), _) => format!(
            "`{batch}`: {} of {} labelled predictions are right{}",
            percent(right.value),
            right.rows,
            limits(right, percent)
        ),
        (None, Some(error)) => format!(
            "`{batch}`: {} labelled predictions are off by {} on average{}",
            error.rows,
            short(error.value),
            limits(error, short)
        ),
        (None, None) => format!("`{batch}`: nothing could be computed"),
    };
    if let Some(out) = figure(FigureName::OutOfSpecification) {
        told +=
            &format!("; {} are out of specification{}", percent(out.value), limits(out, percent));
    }
    if cohort.provisional {
        let share = percent(cohort.completeness);
        told += &format!(
            "; provisional: {share} of the rows have a label, and labels that come first are not a random sample"
        );
    }
    told
}

/// Where the evidence stands that the error rate has risen, in words.
pub fn evidence_sentence(evidence: &ErrorEvidence) -> String {
    if let Some(alarm) = &evidence.alarm {
        return alarm.clone();
    }
    let limit = percent(evidence.limits.reference + evidence.limits.tolerance);
    if evidence.before.muted {
        return format!(
            "error rate: an alert waits for its decision; until then no second one is raised ({limit} is tolerated)"
        );
    }
    let meter = 100.0 * evidence.meter;
    let said = match evidence.level {
        MonitorLevel::Alarm | MonitorLevel::Watch => "the evidence has passed the watch limit",
        MonitorLevel::Quiet => "no alarm",
    };
    format!(
        "error rate: {said}; evidence that it exceeds {limit} stands at {meter:.0} % of the alarm limit"
    )
}

fn limits(figure: &Figure, said: impl Fn(f64) -> String) -> String {
    figure.interval.map_or_else(String::new, |[lower, upper]| {
        format!(" (95 % interval {} to {})", said(lower), said(upper))
    })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn short(value: f64) -> String {
    let decimals = if value.abs() >= 100.0 { 0 } else { 3 };
    format!("{value:.decimals$}")
}
