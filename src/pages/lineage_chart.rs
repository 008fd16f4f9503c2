//! The lineage of a version as SVG: what it was made from on the left, what was made with it on the right.

use super::markup::{Markup, escape};
use super::wording::{counted, words};
use crate::provenance::lineage::{Lineage, LineageNode};
use std::fmt::Write as _;

const BOX: (f64, f64) = (230.0, 44.0);
const GAP: (f64, f64) = (90.0, 14.0);
/// Longest text in a box, in characters.
const TEXT_MAX: usize = 30;

/// What was made with the version.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Batches judged.
    pub reports: u64,
    /// Alert episodes.
    pub episodes: u64,
}

/// The drawing; `lineage` holds the version first.
pub fn lineage_chart(lineage: &Lineage, made: Made) -> Markup {
    let Some(version) = lineage.nodes.first() else { return Markup::default() };
    let direct = |id: &str| lineage.edges.iter().any(|e| e.from == id && e.to == version.id);
    let (sources, earlier): (Vec<&LineageNode>, Vec<&LineageNode>) =
        lineage.nodes.iter().skip(1).partition(|node| direct(&node.id));
    let results = [
        counted(made.reports, "batch judged", "batches judged"),
        counted(made.episodes, "alert", "alerts"),
    ];
    let first = if earlier.is_empty() { 0.0 } else { BOX.0 + GAP.0 };
    let column = |index: f64| first + index * (BOX.0 + GAP.0);
    let tallest = sources.len().max(earlier.len()).max(results.len()) as f64;
    let (width, height) = (column(2.0) + BOX.0, tallest * (BOX.1 + GAP.1));
    let mut svg = format!(
        r#"<svg class="lineage" viewBox="-1 -1 {:.0} {:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-label="Lineage: the tables beside say the same in words">"#,
        width + 2.0,
        height + 2.0
    );
    let centre = (column(1.0), (height - GAP.1 - BOX.1) / 2.0);
    let row = |index: usize, of: usize| {
        let free = height - of as f64 * (BOX.1 + GAP.1);
        free / 2.0 + index as f64 * (BOX.1 + GAP.1)
    };
    for (index, node) in earlier.iter().enumerate() {
        let at = (0.0, row(index, earlier.len()));
        let child = lineage.edges.iter().find(|edge| edge.from == node.id);
        let target = child.and_then(|e| sources.iter().position(|n| n.id == e.to));
        if let Some(target) = target {
            edge(&mut svg, at, (column(0.0), row(target, sources.len())));
        }
        node_box(&mut svg, at, "source", (&words(&node.kind), &node.label));
    }
    for (index, node) in sources.iter().enumerate() {
        let at = (column(0.0), row(index, sources.len()));
        edge(&mut svg, at, centre);
        let relations: Vec<&str> = lineage
            .edges
            .iter()
            .filter(|edge| edge.from == node.id && edge.to == version.id)
            .map(|edge| edge.relation.as_str())
            .collect();
        node_box(&mut svg, at, &node.kind, (&words(&relations.join(", ")), &node.label));
    }
    for (index, result) in results.iter().enumerate() {
        let at = (column(2.0), row(index, results.len()));
        edge(&mut svg, centre, at);
        node_box(&mut svg, at, "result", ("made with it", result));
    }
    node_box(&mut svg, centre, "version", ("model version", &version.label));
    svg.push_str("</svg>");
    Markup::drawing(svg)
}

fn edge(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let (x1, y1) = (from.0 + BOX.0, from.1 + BOX.1 / 2.0);
    let (x2, y2) = (to.0, to.1 + BOX.1 / 2.0);
    let middle = (x1 + x2) / 2.0;
    let _ = write!(
        svg,
        r#"<path class="edge" d="M{x1:.0} {y1:.0} C{middle:.0} {y1:.0} {middle:.0} {y2:.0} {x2:.0} {y2:.0}"/>"#
    );
}

fn node_box(svg: &mut String, (x, y): (f64, f64), class: &str, (over, text): (&str, &str)) {
    let _ = write!(
        svg,
        r#"<g class="node {}"><title>{}</title><rect x="{x:.0}" y="{y:.0}" width="{}" height="{}" rx="6"/><text class="over" x="{:.0}" y="{:.0}">{}</text><text x="{:.0}" y="{:.0}">{}</text></g>"#,
        escape(class),
        escape(text),
        BOX.0,
        BOX.1,
        x + 12.0,
        y + 17.0,
        escape(&short(over)),
        x + 12.0,
        y + 34.0,
        escape(&short(text)),
    );
}

fn short(text: &str) -> String {
    if text.chars().count() <= TEXT_MAX {
        return text.to_owned();
    }
    text.chars().take(TEXT_MAX - 1).chain(['…']).collect()
}
