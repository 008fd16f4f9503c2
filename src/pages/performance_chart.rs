//! Performance as SVG: the error of every batch with its limits, and how right the scores of one batch are.

use super::markup::{Markup, escape};
use super::wording::figures;
use crate::drift::performance::calibration::Calibration;
use crate::drift::performance::cohort::CohortReport;
use crate::drift::performance::figures::{Figure, FigureName};
use std::fmt::Write as _;

/// Height of the plot.
const PLOT: f64 = 170.0;
/// Room on the left for the axis.
const LEFT: f64 = 52.0;
/// Room above.
const TOP: f64 = 16.0;
/// Room for a batch.
const SLOT: f64 = 40.0;

/// The figure of a cohort that is drawn: the share of wrong predictions, or the mean error where no specification says what
/// is wrong.
fn drawn(cohort: &CohortReport) -> Option<&Figure> {
    let names =
        [FigureName::ErrorRate, FigureName::OutOfSpecification, FigureName::MeanAbsoluteError];
    names.into_iter().find_map(|name| cohort.figures.get(name))
}

/// Its limits for a chart.
fn limits_of(figure: &Figure) -> [f64; 2] {
    figure.chart.or(figure.interval).unwrap_or([figure.value; 2])
}

fn said(figure: &Figure, value: f64) -> String {
    if figure.name.is_share() { format!("{:.1} %", 100.0 * value) } else { figures(value) }
}

/// The error of every cohort with its 95 % limits; `tolerated` is the error rate beyond which evidence for an alarm gathers.
/// Cohorts are in the order of their batches. Nothing is drawn where no cohort has a figure.
pub fn cohort_chart(cohorts: &[CohortReport], tolerated: Option<f64>) -> Markup {
    let Some(first) = cohorts.iter().find_map(drawn) else { return Markup::default() };
    let highest = cohorts.iter().filter_map(drawn).map(|figure| limits_of(figure)[1]);
    let (top, step) = scale(highest.chain(tolerated).fold(0.0, f64::max).max(1e-9));
    let width = (LEFT + SLOT * cohorts.len() as f64 + 130.0).max(420.0);
    let height = TOP + PLOT + 76.0;
    let y = |value: f64| TOP + PLOT * (1.0 - value / top);
    let right = width - 126.0;
    let mut svg = format!(
        r#"<svg class="evidence performance" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="group" aria-label="{} of each batch with 95 % limits">"#,
        first.name.words()
    );
    for tick in 0..=(top / step + 0.5) as usize {
        let value = step * tick as f64;
        let at = y(value);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{right:.0}" y1="{at:.1}" y2="{at:.1}"/><text class="tick" x="{}" y="{:.1}">{}</text>"#,
            LEFT - 8.0,
            at + 4.0,
            said(first, value)
        );
    }
    if let Some(limit) = tolerated {
        let at = y(limit);
        let _ = write!(
            svg,
            r#"<line class="alarm-limit" x1="{LEFT}" x2="{right:.0}" y1="{at:.1}" y2="{at:.1}"/><text class="alarm-limit-text" x="{:.0}" y="{:.1}">tolerated {}</text>"#,
            right + 6.0,
            at + 4.0,
            said(first, limit)
        );
    }
    for (index, cohort) in cohorts.iter().enumerate() {
        point(&mut svg, LEFT + SLOT * (index as f64 + 0.5), cohort, &y);
    }
    svg.push_str("</svg>");
    Markup::drawing(svg)
}

/// The top of an axis that holds `largest`, and the step between its lines: 1, 2 or 5 times a power of ten.
fn scale(largest: f64) -> (f64, f64) {
    let power = libm::pow(10.0, libm::floor(libm::log10(largest)));
    let steps = [0.1, 0.2, 0.5, 1.0, 2.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| largest <= 5.0 * step).unwrap_or(2.0 * power);
    (step * libm::ceil(largest / step), step)
}

fn point(svg: &mut String, x: f64, cohort: &CohortReport, y: &impl Fn(f64) -> f64) {
    let batch = escape(&cohort.context.batch);
    let spoken = escape(&cohort.sentence.replace('`', ""));
    let kind = if cohort.provisional { "provisional" } else { "complete" };
    let _ = write!(svg, r##"<a href="#cohort-{}"><title>{spoken}</title>"##, cohort.context.number);
    if let Some(figure) = drawn(cohort) {
        let ([lower, upper], at) = (limits_of(figure).map(y), y(figure.value));
        let _ = write!(
            svg,
            r#"<line class="limits" x1="{x:.1}" x2="{x:.1}" y1="{lower:.1}" y2="{upper:.1}"/><circle class="{kind}" cx="{x:.1}" cy="{at:.1}" r="5"/>"#
        );
    } else {
        let at = y(0.0) - 6.0;
        let _ = write!(svg, r#"<text class="value" x="{x:.1}" y="{at:.1}">–</text>"#);
    }
    let below = TOP + PLOT + 16.0;
    let _ = write!(
        svg,
        r#"<text class="batch-name" x="{x:.1}" y="{below:.1}" transform="rotate(-50 {x:.1} {below:.1})">{batch}</text></a>"#
    );
}

/// How often the event came, per bin of scores, against the mean score of the bin. On the diagonal the scores are right.
pub fn calibration_chart(calibration: &Calibration) -> Markup {
    const SIDE: f64 = 240.0;
    let (width, height) = (LEFT + SIDE + 20.0, TOP + SIDE + 44.0);
    let x = |share: f64| LEFT + SIDE * share;
    let y = |share: f64| TOP + SIDE * (1.0 - share);
    let mut svg = format!(
        r#"<svg class="evidence performance" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-label="Share of rows with the event against their mean score, with 95 % limits"><line class="grid" x1="{:.0}" y1="{:.0}" x2="{:.0}" y2="{:.0}"/>"#,
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0)
    );
    for share in [0.0, 0.5, 1.0] {
        let said = format!("{:.0} %", 100.0 * share);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{:.0}" y1="{at:.0}" y2="{at:.0}"/><text class="tick" x="{}" y="{:.0}">{said}</text><text class="value" x="{:.0}" y="{:.0}">{said}</text>"#,
            x(1.0),
            LEFT - 8.0,
            y(share) + 4.0,
            x(share),
            y(0.0) + 18.0,
            at = y(share)
        );
    }
    for bin in &calibration.bins {
        let (at, [lower, upper]) = (x(bin.mean_score), bin.chart.map(y));
        let _ = write!(
            svg,
            r#"<line class="limits" x1="{at:.1}" x2="{at:.1}" y1="{lower:.1}" y2="{upper:.1}"/><circle class="complete" cx="{at:.1}" cy="{:.1}" r="4"><title>score {:.2} on average: {:.1} % of {} rows have the event</title></circle>"#,
            y(bin.rate),
            bin.mean_score,
            100.0 * bin.rate,
            bin.rows
        );
    }
    let _ = write!(
        svg,
        r#"<text class="value" x="{:.0}" y="{:.0}">mean score</text></svg>"#,
        x(0.5),
        y(0.0) + 36.0
    );
    Markup::drawing(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_steps_and_holds_the_largest_value() {
        for (largest, top, step) in [
            (0.162, 0.2, 0.05),
            (0.051, 0.06, 0.02),
            (1.0, 1.0, 0.2),
            (9.3, 10.0, 2.0),
            (740.0, 800.0, 200.0),
        ] {
            let found = scale(largest);
            assert!((found.0 - top).abs() < 1e-9 && (found.1 - step).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn without_figures_nothing_is_drawn() {
        assert_eq!(cohort_chart(&[], Some(0.1)), Markup::default());
    }
}
