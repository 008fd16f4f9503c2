//! The evidence of one batch after the other as SVG for paper: a bar a batch, the alarm limit at 100 %.

use crate::drift::chart::escape;
use std::fmt::Write as _;

const WIDTH: f64 = 680.0;
const PLOT: f64 = 130.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 16.0;
/// The axis never ends above this multiple of the limit: a gross alarm is cut, and told in figures.
const AXIS_MAX: f64 = 2.5;
/// Longest name below a bar, in characters.
const NAME_MAX: usize = 14;

/// One batch.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    /// Its name.
    pub(super) name: String,
    /// max(0, ln M) / ln N; an alarm is at 1.
    pub(super) meter: f64,
    /// Where the monitor stood after it.
    pub(super) state: String,
}

/// The drawing of these batches, oldest first.
pub(super) fn evidence_over_time(bars: &[Bar]) -> String {
    let largest = bars.iter().map(|bar| bar.meter).fold(0.0, f64::max);
    let top = (1.05 * largest).clamp(1.25, AXIS_MAX);
    let slot = (WIDTH - LEFT - 8.0) / bars.len().max(1) as f64;
    let height = TOP + PLOT + 74.0;
    let y = |share: f64| TOP + PLOT * (1.0 - share / top);
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" xmlns="http://www.w3.org/2000/svg" font-size="11" fill="currentColor">"#
    );
    for step in 0..=5 {
        let share = 0.5 * f64::from(step);
        if share > top {
            break;
        }
        let (colour, wide) = if step == 2 { ("#a82613", 1.4) } else { ("#c3cad2", 0.7) };
        let at = y(share);
        let _ = write!(
            svg,
            r#"<line x1="{LEFT}" x2="{WIDTH}" y1="{at:.1}" y2="{at:.1}" stroke="{colour}" stroke-width="{wide}"/><text x="{}" y="{:.1}" text-anchor="end">{:.0} %</text>"#,
            LEFT - 6.0,
            at + 3.6,
            100.0 * share
        );
    }
    for (index, bar) in bars.iter().enumerate() {
        let left = LEFT + slot * index as f64;
        let tall = (PLOT * bar.meter.clamp(0.0, top) / top).max(0.8);
        let colour = match bar.state.as_str() {
            "alarm" => "#a82613",
            "watch" => "#8a6100",
            _ => "#2f81c7",
        };
        let middle = left + slot / 2.0;
        let _ = write!(
            svg,
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{tall:.1}" fill="{colour}"/>"#,
            left + 0.15 * slot,
            TOP + PLOT - tall,
            0.7 * slot
        );
        if bar.meter > top {
            let said = format!("{:.0} %", 100.0 * bar.meter);
            let _ = write!(
                svg,
                r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{said}</text>"#,
                TOP - 4.0
            );
        }
        let below = TOP + PLOT + 13.0;
        let name = escape(&short(&bar.name));
        let _ = write!(
            svg,
            r#"<text x="{middle:.1}" y="{below}" text-anchor="end" transform="rotate(-45 {middle:.1} {below})">{name}</text>"#
        );
    }
    svg.push_str("</svg>");
    svg
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_inside_and_a_gross_alarm_is_told_in_figures() {
        let bar = |meter, state: &str| Bar {
            name: "a<b, and more of it".into(),
            meter,
            state: state.into(),
        };
        let svg = evidence_over_time(&[bar(0.0, "quiet"), bar(9.0, "alarm")]);
        assert!(svg.contains(r##"height="130.0" fill="#a82613""##), "{svg}");
        assert!(svg.contains("900 %") && svg.contains("a&lt;b, and more…"));
        assert!(evidence_over_time(&[]).ends_with("</svg>"));
    }
}
