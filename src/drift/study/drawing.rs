//! Natural drift of one series as SVG: a bar a batch, what is left of its distance after chance, against the tolerance.
//!
//! Pure, like every chart here: colours are presentation attributes, which a page's style sheet may override by class.

use super::StudyBatch;
use super::natural::StudiedSeries;
use crate::drift::chart::escape;
use crate::drift::sentence::percent;
use std::fmt::Write as _;

/// Height of the plot.
const PLOT: f64 = 96.0;
/// Room for the axis.
const LEFT: f64 = 48.0;
/// Room above.
const TOP: f64 = 14.0;
/// Room for the first and the last batch's name.
const BELOW: f64 = 22.0;
/// Room for the words of the limits.
const RIGHT: f64 = 190.0;
/// Width that all batches share.
const WIDTH: f64 = 480.0;
/// Room for a batch, at most.
const WIDEST: f64 = 28.0;
/// Room for a batch, at least.
const NARROWEST: f64 = 2.0;

/// The chart of `series` over `batches`.
pub fn study_chart(series: &StudiedSeries, batches: &[StudyBatch]) -> String {
    let slot = (WIDTH / batches.len().max(1) as f64).clamp(NARROWEST, WIDEST);
    let wide = LEFT + slot * batches.len() as f64;
    let (width, height) = (wide + RIGHT, TOP + PLOT + BELOW);
    let drifts = || series.used().map(|(_, distance)| distance.drift);
    let top = drifts().fold(series.tolerance, f64::max) * 1.05;
    let y = |share: f64| TOP + PLOT * (1.0 - share / top);
    let label = format!("{}: drift of each batch beside the tolerance", escape(&series.key()));
    let mut svg = format!(
        r#"<svg class="evidence" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-label="{label}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">"#
    );
    for (index, distance) in series.used() {
        let Some(batch) = batches.get(index) else { continue };
        let (state, colour) = if distance.drift > series.tolerance {
            ("alarm", "#d1442f")
        } else {
            ("quiet", "#2f81c7")
        };
        let at = y(distance.drift).min(TOP + PLOT - 0.5);
        let _ = write!(
            svg,
            r#"<rect class="bar {state}" fill="{colour}" x="{:.1}" y="{at:.1}" width="{:.1}" height="{:.1}"><title>{}: {} moved, {} of it by chance, {} left; {} rows</title></rect>"#,
            LEFT + slot * index as f64 + 0.1 * slot,
            0.8 * slot,
            TOP + PLOT - at,
            escape(&batch.name),
            percent(distance.tv),
            percent(distance.chance),
            percent(distance.drift),
            distance.rows
        );
    }
    let mut limit = |class: &str, share: f64, said: &str| {
        let at = y(share);
        let _ = write!(
            svg,
            r#"<line class="{class}" stroke="currentColor" x1="{LEFT}" x2="{wide:.0}" y1="{at:.1}" y2="{at:.1}"/><text x="{:.0}" y="{:.1}">{said}</text>"#,
            wide + 6.0,
            at + 4.0
        );
    };
    limit("axis", 0.0, "");
    limit("alarm-limit", series.tolerance, &format!("tolerance {}", percent(series.tolerance)));
    if let Some(natural) = series.natural_drift.filter(|natural| *natural > 0.0) {
        limit("watch-limit", natural, &format!("natural drift {}", percent(natural)));
    }
    let (first, last) = (batches.first(), batches.last());
    for (batch, x, anchor) in [(first, LEFT, "start"), (last, wide, "end")] {
        let name = batch.map_or("", |batch| batch.name.as_str());
        let _ = write!(
            svg,
            r#"<text x="{x:.0}" y="{:.0}" text-anchor="{anchor}">{}</text>"#,
            height - 6.0,
            escape(name)
        );
    }
    let _ = write!(
        svg,
        r#"<text class="tick" text-anchor="end" x="{:.0}" y="{:.0}">0 %</text><text class="tick" text-anchor="end" x="{:.0}" y="{:.0}">{}</text></svg>"#,
        LEFT - 8.0,
        TOP + PLOT + 4.0,
        LEFT - 8.0,
        TOP + 8.0,
        percent(top)
    );
    svg
}
