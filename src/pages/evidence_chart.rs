//! The evidence over time as SVG: a bar a batch, the alarm limit at 100 %, the watch limit below it.

use super::markup::{Markup, escape};
use super::wording::meter;
use crate::drift::report::DriftReport;
use std::fmt::Write as _;

/// Height of the bars at the top of the axis.
const PLOT: f64 = 180.0;
/// Room for the axis.
const LEFT: f64 = 52.0;
/// Room above for values beyond the axis.
const TOP: f64 = 26.0;
/// Room for a batch.
const SLOT: f64 = 40.0;
/// The axis never ends below or above these multiples of the alarm limit: a gross alarm is cut and told in figures.
const AXIS: (f64, f64) = (1.25, 2.5);

/// The chart of `reports`, oldest first, each with its id.
pub fn evidence_chart(reports: &[(String, &DriftReport)]) -> Markup {
    let Some((_, last)) = reports.last() else { return Markup::default() };
    let largest = reports.iter().map(|(_, report)| report.meter).fold(0.0, f64::max);
    let top = (1.05 * largest).clamp(AXIS.0, AXIS.1);
    let width = (LEFT + SLOT * reports.len() as f64 + 130.0).max(420.0);
    let height = TOP + PLOT + 76.0;
    let mut svg = format!(
        r#"<svg class="evidence" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="group" aria-label="Evidence of each batch as a share of the alarm limit">"#
    );
    let y = |share: f64| TOP + PLOT * (1.0 - share / top);
    let right = width - 126.0;
    let log_n = libm::log(last.batches_per_false_alarm);
    let watch = (log_n - libm::log(10.0)) / log_n;
    for (class, share, said) in [
        ("axis", 0.0, String::new()),
        ("watch-limit", watch, format!("watch limit {}", meter(watch))),
        ("alarm-limit", 1.0, "alarm limit 100 %".to_owned()),
    ] {
        let at = y(share);
        let _ = write!(
            svg,
            r#"<line class="{class}" x1="{LEFT}" x2="{right:.0}" y1="{at:.1}" y2="{at:.1}"/><text class="{class}-text" x="{:.0}" y="{:.1}">{said}</text>"#,
            right + 6.0,
            at + 4.0
        );
    }
    for share in [0.0, 0.5, 1.0, 1.5, 2.0, 2.5] {
        if share <= top {
            let _ = write!(
                svg,
                r#"<text class="tick" x="{}" y="{:.1}">{}</text>"#,
                LEFT - 8.0,
                y(share) + 4.0,
                meter(share)
            );
        }
    }
    for (index, (id, report)) in reports.iter().enumerate() {
        bar(&mut svg, (LEFT + SLOT * index as f64, top), id, report);
    }
    svg.push_str("</svg>");
    Markup::drawing(svg)
}

fn bar(svg: &mut String, (left, top): (f64, f64), id: &str, report: &DriftReport) {
    let (state, batch) = (report.state.word(), escape(&report.context.batch));
    let tall = (PLOT * report.meter.min(top) / top).max(1.0);
    let y = TOP + PLOT - tall;
    let (middle, below) = (left + SLOT / 2.0, TOP + PLOT + 16.0);
    let said = meter(report.meter);
    let spoken = format!("{batch}: evidence at {said} of the alarm limit, {state}");
    let _ = write!(
        svg,
        r#"<a href="/reports/{}"><title>{spoken}</title><rect class="bar {state}" x="{:.1}" y="{y:.1}" width="{:.1}" height="{tall:.1}"/>"#,
        escape(id),
        left + 6.0,
        SLOT - 12.0
    );
    if report.meter >= 0.005 {
        let beyond = if report.meter > top { "↑ " } else { "" };
        let _ = write!(
            svg,
            r#"<text class="value" aria-hidden="true" x="{middle:.1}" y="{:.1}">{beyond}{}</text>"#,
            y - 5.0,
            said.replace(" %", "")
        );
    }
    let _ = write!(
        svg,
        r#"<text class="batch-name" x="{middle:.1}" y="{below:.1}" transform="rotate(-50 {middle:.1} {below:.1})">{batch}</text></a>"#
    );
}
