//! Charts as SVG text: reference against batch on the deciding bins, and how far the evidence is from an alarm.
//!
//! Pure. No script and no inline style, so that a strict content security policy holds: colours are presentation
//! attributes over `currentColor`, which a page's style sheet may override by class (`reference`, `batch`, `grid`, `limit`).

use super::reference::ReferenceFeature;
use super::sentence::percent;
use crate::dataset::bins::FeatureBins;
use crate::dataset::profile::FeatureProfile;
use std::fmt::Write as _;

/// Width of a histogram's drawing, in its own units.
const WIDTH: f64 = 680.0;
/// Height of its bars at full scale.
const PLOT: f64 = 170.0;
/// Room on the left for the axis.
const LEFT: f64 = 52.0;
/// Room above for the legend.
const TOP: f64 = 30.0;
/// Colour of the batch; at least 3 : 1 against white and against near-black.
const BATCH: &str = "#2f81c7";
/// Longest label of a bin that is drawn in full, in characters.
const LABEL_MAX: usize = 18;
/// Share of a meter's width at which the alarm limit stands.
const LIMIT_AT: f64 = 0.8;

/// One bin: its label and its share on both sides.
struct Bin {
    label: String,
    reference: f64,
    batch: f64,
}

/// Shares per deciding bin, reference beside batch, as an SVG image with its numbers in the description. A feature without
/// any value on either side gives an empty text: there is nothing to draw.
///
/// Unseen values are a bin of their own where there are any; missing values are not drawn, because shares are of the
/// values that are there.
pub fn histogram(reference: &ReferenceFeature, batch: &FeatureProfile) -> String {
    histogram_between(("reference", "batch"), reference, batch)
}

/// The same with other `names` for the two sides.
pub fn histogram_between(
    names: (&str, &str),
    reference: &ReferenceFeature,
    batch: &FeatureProfile,
) -> String {
    let bins = bins(reference, batch);
    if bins.is_empty() {
        return String::new();
    }
    let largest = bins.iter().map(|bin| bin.reference.max(bin.batch)).fold(0.0, f64::max);
    let (top, step) = scale(largest);
    let slot = (WIDTH - LEFT - 8.0) / bins.len() as f64;
    let longest = bins.iter().map(|bin| short(&bin.label).chars().count()).max().unwrap_or(0);
    let slanted = longest as f64 * 6.6 > slot;
    let below = if slanted { 22.0 + 4.6 * longest as f64 } else { 26.0 };
    let mut svg = String::new();
    let height = TOP + PLOT + below;
    let _ = write!(
        svg,
        r#"<svg class="histogram" viewBox="0 0 {WIDTH} {height:.0}" role="img" xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">"#
    );
    let unit = reference.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
    let name = escape(&format!("{}{unit}", reference.feature));
    let (one, other) = (escape(&short(names.0)), escape(&short(names.1)));
    let _ = write!(svg, "<title>{name}: share of values per bin, {one} and {other}</title>");
    let _ = write!(svg, "<desc>{}</desc>", escape(&in_words(&bins)));
    legend(&mut svg, &name, (&one, &other));
    axis(&mut svg, top, step);
    for (index, bin) in bins.iter().enumerate() {
        let left = LEFT + index as f64 * slot;
        let width = (0.38 * slot).min(34.0);
        let middle = left + slot / 2.0;
        bar(&mut svg, (middle - width, width), bin.reference / top, ("reference", names.0, bin));
        bar(&mut svg, (middle, width), bin.batch / top, ("batch", names.1, bin));
        bin_label(&mut svg, middle, &bin.label, slanted);
    }
    svg.push_str("</svg>");
    svg
}

/// A bar from 0 to 1.25 with the alarm limit at 1: `value` is max(0, ln M) / ln N, and larger is worse.
pub fn meter(value: f64) -> String {
    let (width, height) = (160.0, 14.0);
    let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
    let filled = (value * LIMIT_AT).min(1.0) * width;
    let level = if value >= 1.0 { "alarm" } else { "below" };
    let colour = if value >= 1.0 { "#d1442f" } else { BATCH };
    let limit = LIMIT_AT * width;
    format!(
        r#"<svg class="meter {level}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" xmlns="http://www.w3.org/2000/svg"><title>evidence {value:.2}, alarm at 1</title><rect class="track" width="{width}" height="{height}" rx="2" fill="currentColor" fill-opacity="0.12"/><rect class="filled" width="{filled:.1}" height="{height}" rx="2" fill="{colour}"/><line class="limit" x1="{limit}" x2="{limit}" y1="0" y2="{height}" stroke="currentColor" stroke-width="2"/></svg>"#
    )
}

fn bins(reference: &ReferenceFeature, batch: &FeatureProfile) -> Vec<Bin> {
    let mut before = reference.profile.values_total();
    let mut now = batch.values_total();
    let mut labels: Vec<String> =
        (0..reference.bins.len()).map(|k| reference.bins.label(k)).collect();
    let unseen: (u64, u64) = (reference.profile.unseen.iter().sum(), batch.unseen.iter().sum());
    if matches!(reference.bins, FeatureBins::Levels { .. }) && unseen.0 + unseen.1 > 0 {
        before.push(unseen.0);
        now.push(unseen.1);
        labels.push("unseen values".to_owned());
    }
    let rows = (before.iter().sum::<u64>(), now.iter().sum::<u64>());
    if rows == (0, 0) {
        return Vec::new();
    }
    let share = |count: u64, rows: u64| count as f64 / rows.max(1) as f64;
    let counts = before.into_iter().zip(now);
    labels
        .into_iter()
        .zip(counts)
        .map(|(label, (b, n))| Bin { label, reference: share(b, rows.0), batch: share(n, rows.1) })
        .collect()
}

/// The top of the axis and the distance of its lines, as shares.
fn scale(largest: f64) -> (f64, f64) {
    let steps = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25];
    let step = steps.into_iter().find(|step| largest <= 5.0 * step).unwrap_or(0.25);
    ((largest / step).ceil().max(1.0) * step, step)
}

fn legend(svg: &mut String, name: &str, (one, other): (&str, &str)) {
    let _ = write!(svg, r#"<text x="{LEFT}" y="16" font-weight="600">{name}</text>"#);
    // At 12 px a letter takes about 6.6; the usual names keep their place.
    let room = |name: &str| 6.6 * name.chars().count() as f64 + 22.0;
    let swatch = WIDTH - room(one).max(81.6) - room(other).max(70.0) - 16.4;
    let second = swatch + room(one).max(81.6) + 14.4;
    let _ = write!(
        svg,
        r#"<rect class="reference" x="{swatch}" y="7" width="10" height="10" fill="currentColor" fill-opacity="0.38"/><text x="{}" y="16">{one}</text><rect class="batch" x="{second}" y="7" width="10" height="10" fill="{BATCH}"/><text x="{}" y="16">{other}</text>"#,
        swatch + 15.0,
        second + 15.0,
    );
}

fn axis(svg: &mut String, top: f64, step: f64) {
    let lines = (top / step).round();
    let mut line = 0.0;
    while line <= lines {
        let share = line * step;
        let y = TOP + PLOT * (1.0 - share / top);
        let x = LEFT - 6.0;
        let opacity = if line == 0.0 { 0.6 } else { 0.15 };
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1}" y2="{y:.1}" stroke="currentColor" stroke-opacity="{opacity}"/><text class="axis" x="{x}" y="{:.1}" text-anchor="end" fill-opacity="0.75">{}</text>"#,
            y + 4.0,
            tick(share, step)
        );
        line += 1.0;
    }
}

fn bar(
    svg: &mut String,
    (x, width): (f64, f64),
    height: f64,
    (side, name, bin): (&str, &str, &Bin),
) {
    let (fill, opacity, share) = match side {
        "reference" => ("currentColor", 0.38, bin.reference),
        _ => (BATCH, 1.0, bin.batch),
    };
    let tall = PLOT * height;
    let tip = escape(&format!("{}, {name}: {}", bin.label, percent(share)));
    let _ = write!(
        svg,
        r#"<rect class="{side}" x="{x:.1}" y="{:.1}" width="{width:.1}" height="{tall:.1}" fill="{fill}" fill-opacity="{opacity}"><title>{tip}</title></rect>"#,
        TOP + PLOT - tall
    );
}

fn bin_label(svg: &mut String, middle: f64, label: &str, slanted: bool) {
    let y = TOP + PLOT + 15.0;
    let place = if slanted {
        format!(r#"text-anchor="end" transform="rotate(-38 {middle:.1} {y})""#)
    } else {
        r#"text-anchor="middle""#.to_owned()
    };
    let text = escape(&short(label));
    let _ = write!(svg, r#"<text class="bin" x="{middle:.1}" y="{y}" {place}>{text}</text>"#);
}

/// A share at a line of the axis: without decimals where no line needs them.
fn tick(share: f64, step: f64) -> String {
    let decimals = usize::from(step < 0.01);
    format!("{:.decimals$} %", 100.0 * share)
}

/// The numbers of the chart for those who do not see it.
fn in_words(bins: &[Bin]) -> String {
    let said: Vec<String> = bins
        .iter()
        .map(|bin| format!("{}: {} → {}", bin.label, percent(bin.reference), percent(bin.batch)))
        .collect();
    said.join("; ")
}

fn short(label: &str) -> String {
    if label.chars().count() <= LABEL_MAX {
        return label.to_owned();
    }
    label.chars().take(LABEL_MAX - 1).chain(['…']).collect()
}

/// Text as it stands between XML tags. Control characters that XML has no way to write become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::schema::{Kind, Role};

    fn profile(values: &[u64], unseen: u64) -> FeatureProfile {
        let mut profile =
            FeatureProfile { values: vec![vec![0; values.len()]; 4], ..FeatureProfile::default() };
        profile.values[0] = values.to_vec();
        profile.rows[0] = values.iter().sum::<u64>() + unseen;
        profile.unseen[0] = unseen;
        profile
    }

    fn feature(bins: FeatureBins, values: &[u64]) -> ReferenceFeature {
        ReferenceFeature {
            feature: "a<b".to_owned(),
            role: Role::Feature,
            kind: Kind::Categorical,
            unit: Some("mg & l".to_owned()),
            bins,
            profile: profile(values, 0),
        }
    }

    fn levels(names: &[&str]) -> FeatureBins {
        let levels = names.iter().map(|&name| name.to_owned()).collect();
        FeatureBins::Levels { levels, rare: Vec::new(), singletons: 0 }
    }

    #[test]
    fn bars_have_the_height_of_their_shares_and_unseen_values_a_bin() {
        let feature = feature(levels(&["x", "y"]), &[50, 50]);
        let svg = histogram(&feature, &profile(&[50, 0], 50));
        // The largest share is 50 %: the axis ends there and the tallest bar fills it.
        assert_eq!(svg.matches(r#"height="170.0""#).count(), 4, "{svg}");
        assert!(svg.contains("x: 50 % → 50 %; y: 50 % → 0 %; unseen values: 0 % → 50 %"), "{svg}");
        assert!(svg.contains("a&lt;b (mg &amp; l)") && !svg.contains("a<b"));
        assert!(!svg.contains("style="));
    }

    #[test]
    fn nothing_on_either_side_draws_nothing() {
        assert_eq!(histogram(&feature(FeatureBins::NoValues, &[]), &profile(&[], 0)), "");
        let empty = histogram(&feature(levels(&["x"]), &[3]), &profile(&[0], 0));
        assert!(empty.contains("x: 100 % → 0 %"), "{empty}");
    }

    #[test]
    fn long_labels_are_cut_and_told_in_full() {
        let long = "a level with a very long name";
        let svg = histogram(&feature(levels(&[long]), &[3]), &profile(&[3], 0));
        assert!(svg.contains("a level with a ve…</text>") && svg.contains(long), "{svg}");
    }

    #[test]
    fn the_axis_is_round_and_holds_the_largest_share() {
        for (largest, expected) in [(0.0, 0.002), (0.1, 0.1), (0.33, 0.4), (0.97, 1.0), (1.0, 1.0)]
        {
            let (top, step) = scale(largest);
            assert!((top - expected).abs() < 1e-12, "{largest}: {top}");
            assert!(top / step <= 5.0 + 1e-9 && top >= largest);
        }
    }

    #[test]
    fn a_meter_fills_to_its_limit_at_one_and_never_overflows() {
        assert!(meter(1.0).contains(r#"class="filled" width="128.0""#));
        assert!(meter(1.0).contains("meter alarm") && meter(0.99).contains("meter below"));
        assert!(meter(9.0).contains(r#"class="filled" width="160.0""#));
        for value in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            assert!(meter(value).contains(r#"class="filled" width="0.0""#), "{value}");
        }
    }
}
