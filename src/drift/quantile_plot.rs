//! Quantile–quantile plot as SVG text: on the diagonal both sides have the same distribution, above it the batch has larger values.
//!
//! Quantiles are read from the counts per quantile bin of the reference, with a straight line inside a bin; where a quantile lies beyond
//! the outermost edges its place is unknown, and it is not drawn.

use super::chart::escape;
use super::reference::ReferenceFeature;
use crate::dataset::bins::FeatureBins;
use crate::dataset::profile::FeatureProfile;
use std::fmt::Write as _;

/// Side of the plot, in its own units.
const SIDE: f64 = 230.0;
/// Room on the left and below for the axes.
const ROOM: f64 = 58.0;
/// Quantiles that are drawn: 5 % to 95 %.
const STEPS: u32 = 20;
/// Points below which nothing is drawn: two make no shape.
const POINTS_MIN: usize = 5;

/// The value below which a share `p` of the counts lies; `edges` are the inner edges of the bins. `None` beyond the outermost edges.
fn quantile(edges: &[f64], counts: &[u64], p: f64) -> Option<f64> {
    let rows: u64 = counts.iter().sum();
    if rows == 0 || counts.len() != edges.len() + 1 {
        return None;
    }
    let wanted = p * rows as f64;
    let mut below = 0.0;
    for (bin, &count) in counts.iter().enumerate() {
        let up_to = below + count as f64;
        if up_to >= wanted && count > 0 {
            let (low, high) = (*edges.get(bin.checked_sub(1)?)?, *edges.get(bin)?);
            return Some(low + (high - low) * (wanted - below) / count as f64);
        }
        below = up_to;
    }
    None
}

/// Share, value in the reference, value in the batch.
fn points(reference: &ReferenceFeature, batch: &FeatureProfile) -> Vec<(f64, f64, f64)> {
    let FeatureBins::Ordered { quantile_edges, .. } = &reference.bins else { return Vec::new() };
    let at = |step: u32| {
        let p = f64::from(step) / f64::from(STEPS);
        let before = quantile(quantile_edges, &reference.profile.quantiles, p)?;
        Some((p, before, quantile(quantile_edges, &batch.quantiles, p)?))
    };
    (1..STEPS).filter_map(at).collect()
}

/// Quantiles of the batch against those of the reference; `names` are written on the axes. An empty text where there are too few to
/// draw.
pub fn quantile_plot(
    names: (&str, &str),
    reference: &ReferenceFeature,
    batch: &FeatureProfile,
) -> String {
    let points = points(reference, batch);
    let values = points.iter().flat_map(|(_, x, y)| [*x, *y]);
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    if points.len() < POINTS_MIN || high <= low {
        return String::new();
    }
    let across = |value: f64| ROOM + SIDE * (value - low) / (high - low);
    let up = |value: f64| 12.0 + SIDE * (1.0 - (value - low) / (high - low));
    let unit = reference.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
    let name = escape(&format!("{}{unit}", reference.feature));
    let (width, height) = (ROOM + SIDE + 14.0, SIDE + ROOM);
    let mut svg = format!(
        r#"<svg class="quantiles" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">"#
    );
    let cut = |name: &str| escape(&name.chars().take(24).collect::<String>());
    let (one, other) = (cut(names.0), cut(names.1));
    let _ = write!(svg, "<title>{name}: quantiles of {other} against those of {one}</title>");
    let _ = write!(svg, "<desc>{}</desc>", escape(&in_words(&points)));
    let _ = write!(
        svg,
        r#"<line class="grid" x1="{ROOM}" x2="{:.1}" y1="{:.1}" y2="12" stroke="currentColor" stroke-opacity="0.5" stroke-dasharray="5 4"/>"#,
        ROOM + SIDE,
        12.0 + SIDE
    );
    let _ = write!(
        svg,
        r#"<rect x="{ROOM}" y="12" width="{SIDE}" height="{SIDE}" fill="none" stroke="currentColor" stroke-opacity="0.25"/>"#
    );
    for value in [low, f64::midpoint(low, high), high] {
        let text = escape(&short(value));
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill-opacity="0.75">{text}</text><text x="{:.1}" y="{:.1}" text-anchor="end" fill-opacity="0.75">{text}</text>"#,
            across(value),
            SIDE + 28.0,
            ROOM - 6.0,
            up(value) + 4.0,
        );
    }
    let _ = write!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{one}</text><text transform="rotate(-90 12 {:.1})" x="12" y="{:.1}" text-anchor="middle">{other}</text>"#,
        ROOM + SIDE / 2.0,
        SIDE + 46.0,
        12.0 + SIDE / 2.0,
        12.0 + SIDE / 2.0,
    );
    for (p, x, y) in &points {
        let tip = escape(&format!("{:.0} %: {} → {}", 100.0 * p, short(*x), short(*y)));
        let _ = write!(
            svg,
            r##"<circle class="batch" cx="{:.1}" cy="{:.1}" r="4" fill="#2f81c7"><title>{tip}</title></circle>"##,
            across(*x),
            up(*y)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A value with up to four significant digits.
fn short(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        s if s >= 1000.0 || s == 0.0 => 0,
        s if s >= 100.0 => 1,
        s if s >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// The points for those who do not see them.
fn in_words(points: &[(f64, f64, f64)]) -> String {
    let said =
        |(p, x, y): &(f64, f64, f64)| format!("{:.0} %: {} → {}", 100.0 * p, short(*x), short(*y));
    points.iter().map(said).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_on_the_line_through_its_bin_and_is_unknown_beyond_the_edges() {
        let edges = [0.0, 1.0, 2.0, 4.0];
        let counts = [10, 20, 40, 20, 10];
        let at = |p| quantile(&edges, &counts, p);
        assert_eq!(at(0.05), None, "below the first edge");
        assert_eq!(at(0.2), Some(0.5));
        assert_eq!(at(0.5), Some(1.5));
        assert_eq!(at(0.8), Some(3.0));
        assert_eq!(at(0.9), Some(4.0));
        assert_eq!(at(0.95), None, "beyond the last edge");
        assert_eq!(quantile(&edges, &[0; 5], 0.5), None);
        assert_eq!(quantile(&edges, &[1, 2], 0.5), None);
        assert_eq!(quantile(&[], &[], 0.5), None);
    }
}
