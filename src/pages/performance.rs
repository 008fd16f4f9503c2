//! `/models/{model}/versions/{version}/performance`: what the labels say, batch by batch.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::performance_chart::{calibration_chart, cohort_chart};
use super::visitor::Visitor;
use super::wording::{counted, figures, whole};
use crate::drift::performance::calibration::Calibration;
use crate::drift::performance::cohort::{CohortReport, Maturity};
use crate::drift::performance::figures::Figure;
use crate::drift::performance::sentence::evidence_sentence;
use crate::drift::performance::taken_out::TakenOut;
use crate::procedures::read_performance::{PerformanceView, performance};
use crate::statistics::intervals::Interval;
use actix_web::{get, web};
use askama::Template;

/// A cohort.
struct CohortLine {
    number: u64,
    batch: String,
    rows: String,
    completeness: String,
    state: &'static str,
    sentence: Markup,
    remarks: Vec<String>,
    expected: String,
    withheld: Vec<Markup>,
}

/// A figure of the newest cohort that was judged.
struct FigureLine {
    name: String,
    value: String,
    limits: String,
    rows: String,
}

/// The newest cohort that was judged, in full.
struct Newest {
    batch: String,
    figures: Vec<FigureLine>,
    missing: Vec<String>,
    calibration: Markup,
    calibrated: Vec<String>,
}

#[derive(Template)]
#[template(path = "performance.html")]
struct PerformancePage {
    frame: Frame,
    model: String,
    version: String,
    entry: Option<u64>,
    unmatched: String,
    lead: Option<Markup>,
    evidence: Option<Markup>,
    /// Batches of which the newest evaluation took the rows out of the evidence, in words; empty where none is.
    taken_out: String,
    chart: Markup,
    cohorts: Vec<CohortLine>,
    newest: Option<Newest>,
    label_delay_days: u32,
    labels_min: u64,
    /// Why labels cannot be evaluated.
    not_evaluated: Option<Markup>,
}

impl PerformancePage {
    fn of(frame: Frame, (model, version): (String, String), view: &PerformanceView) -> Self {
        let judged = view.cohorts.iter().rev().find(|c| c.maturity == Maturity::Mature);
        let context = view.evaluation.as_ref().map(|evaluation| &evaluation.context);
        let evidence = view.evaluation.as_ref().and_then(|evaluation| evaluation.evidence.as_ref());
        let tolerated = evidence.map(|e| e.limits.reference + e.limits.tolerance);
        let unmatched = context.map_or(0, |context| context.labelled_ids - context.matched_ids);
        Self {
            frame,
            model,
            version,
            entry: view.recorded.as_ref().map(|row| row.entry),
            unmatched: match unmatched {
                0 => String::new(),
                found => counted(found, "label belongs", "labels belong"),
            },
            lead: judged.map(|cohort| Markup::sentence(&cohort.sentence)),
            evidence: evidence.map(|found| Markup::message(&evidence_sentence(found))),
            taken_out: context.map(|context| taken_out(&context.taken_out)).unwrap_or_default(),
            chart: cohort_chart(&view.cohorts, tolerated),
            cohorts: view.cohorts.iter().rev().map(line).collect(),
            newest: judged.map(newest),
            label_delay_days: view.rule.label_delay_days,
            labels_min: view.rule.labels_min,
            not_evaluated: view.not_evaluated.as_deref().map(Markup::message),
        }
    }
}

fn taken_out(batches: &[TakenOut]) -> String {
    let names: Vec<&str> = batches.iter().map(|one| one.batch.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("batch {one} was"),
        several => format!("batches {} were", several.join(", ")),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

fn line(cohort: &CohortReport) -> CohortLine {
    let tally = &cohort.tally;
    let remarks = [
        (tally.conflicting, "second label contradicts the first, which stands"),
        (tally.corrected, "label corrected, with a reason"),
        (tally.repeated, "row came in an earlier batch and counts there"),
        (tally.without_prediction, "labelled row without a prediction"),
    ];
    let remarks = remarks.into_iter().filter(|(rows, _)| *rows > 0);
    let named = format!("`{}`: ", cohort.context.batch);
    let expected = cohort.expected.as_ref();
    let readable = expected.filter(|found| found.withheld.is_empty());
    CohortLine {
        number: cohort.context.number,
        batch: cohort.context.batch.clone(),
        rows: whole(tally.rows),
        completeness: percent(cohort.completeness),
        state: match (&cohort.maturity, cohort.provisional) {
            (Maturity::Immature { .. }, _) => "not judged",
            (Maturity::Mature, true) => "provisional",
            (Maturity::Mature, false) => "complete",
        },
        sentence: Markup::sentence(cohort.sentence.trim_start_matches(&named)),
        remarks: remarks.map(|(rows, why)| format!("{}: {why}", whole(rows))).collect(),
        expected: readable.map_or_else(String::new, |found| {
            let Interval { lower, upper, .. } = found.limits();
            format!("{} ({} to {})", percent(found.accuracy), percent(lower), percent(upper))
        }),
        withheld: expected
            .iter()
            .flat_map(|found| &found.withheld)
            .map(|reason| Markup::sentence(reason))
            .collect(),
    }
}

fn figure_line(figure: &Figure) -> FigureLine {
    let said = |value: f64| if figure.name.is_share() { percent(value) } else { figures(value) };
    let class = figure.class.as_ref().map(|class| format!(", {class}")).unwrap_or_default();
    let [lower, upper] = figure.interval.unwrap_or([figure.value; 2]);
    FigureLine {
        name: format!("{}{class}", figure.name.words()),
        value: said(figure.value),
        limits: match figure.interval {
            None => "none: too few rows".to_owned(),
            Some(_) => format!("{} to {}", said(lower), said(upper)),
        },
        rows: whole(figure.rows),
    }
}

fn newest(cohort: &CohortReport) -> Newest {
    let calibration = cohort.calibration.as_ref();
    let missing = cohort.figures.not_evaluated.iter();
    Newest {
        batch: cohort.context.batch.clone(),
        figures: cohort.figures.figures.iter().map(figure_line).collect(),
        missing: missing.map(|none| format!("{}: {}", none.name.words(), none.reason)).collect(),
        calibration: calibration.map(calibration_chart).unwrap_or_default(),
        calibrated: calibration.map(calibrated).unwrap_or_default(),
    }
}

/// What the calibration of a cohort says.
fn calibrated(found: &Calibration) -> Vec<String> {
    let of = |limits: &Interval| {
        let [estimate, lower, upper] = [limits.estimate, limits.lower, limits.upper].map(figures);
        format!("{estimate} ({lower} to {upper})")
    };
    let error = &found.error;
    let right = if found.verified {
        "within what chance gives when the scores are right"
    } else {
        "more than chance gives when the scores are right"
    };
    let mut told = vec![
        format!(
            "Scores and outcomes differ by {} on average: {right} (up to {}). Without the part due to chance: {}.",
            percent(error.estimate),
            percent(error.null_band[1]),
            percent(error.debiased)
        ),
        format!(
            "Brier score {}; 0 is best, 0.25 is what the constant score 0.5 has.",
            of(&found.brier)
        ),
    ];
    if let Some(line) = &found.recalibration {
        told.push(format!(
            "Logit recalibration: slope {}, 1 is right, below 1 the scores are too extreme; intercept {}, 0 is right.",
            of(&line.slope),
            of(&line.intercept)
        ));
    }
    if let Some(reason) = &found.no_recalibration {
        told.push(format!("No logit recalibration: {reason}."));
    }
    told
}

/// Performance.
#[get("/models/{model}/versions/{version}/performance")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    visitor
        .page(move |visitor| {
            let (model, version) = path.into_inner();
            let view = performance(&visitor.store, &visitor.acting(), (&model, &version))?;
            let frame = visitor.frame(&format!("Performance of {model} {version}"), Place::Models);
            Ok(PerformancePage::of(frame, (model, version), &view))
        })
        .await
}
