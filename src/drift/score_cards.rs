//! The frozen score cards as a table: what a person adds up in a spreadsheet to get the evidence of a batch.

use super::monitor::{Monitor, Series, SeriesName};
use super::reference::Reference;
use crate::statistics::lanes::LaneKind;

/// The bins of `series`, in words.
pub fn bin_labels(reference: &Reference, series: &Series) -> Vec<String> {
    let bins = series.detector.reference.len();
    let rate = |hit: &str| vec!["other rows".to_owned(), hit.to_owned()];
    match series.name {
        SeriesName::Values => match reference.features.get(series.feature_index) {
            Some(feature) => (0..bins).map(|bin| feature.bins.label(bin)).collect(),
            None => (1..=bins).map(|bin| format!("bin {bin}")).collect(),
        },
        SeriesName::Nulls => rate("missing"),
        SeriesName::Unseen => rate("no known level"),
        SeriesName::LowTail => rate("low tail"),
        SeriesName::HighTail => rate("high tail"),
    }
}

/// A lane in words; bins are counted from 1.
pub fn lane_words(kind: LaneKind) -> String {
    match kind {
        LaneKind::Up => "shifts up".to_owned(),
        LaneKind::Down => "shifts down".to_owned(),
        LaneKind::Wider => "spreads wider".to_owned(),
        LaneKind::Narrower => "draws closer".to_owned(),
        LaneKind::Gains { bin } => format!("bin {} gains", bin + 1),
        LaneKind::Loses { bin } => format!("bin {} loses", bin + 1),
        LaneKind::Learned => "learned".to_owned(),
    }
}

/// All score cards as CSV: a line a bin of every lane of every series, every digit.
///
/// The evidence of a batch in a lane is the sum of count times `score` over its lines.
pub fn csv(monitor: &Monitor, reference: &Reference) -> String {
    let mut text = String::from(
        "feature,series,series_weight,tolerance,lane,strength,lane_weight,bin,holds,reference_share,score\r\n",
    );
    for series in &monitor.series {
        let labels = bin_labels(reference, series);
        let detector = &series.detector;
        for lane in &detector.lanes {
            for (bin, score) in lane.scores.iter().enumerate() {
                let fields = [
                    series.feature.clone(),
                    series.name.word().to_owned(),
                    series.weight.to_string(),
                    series.tolerance().to_string(),
                    lane_words(lane.kind),
                    lane.strength.to_string(),
                    lane.weight.to_string(),
                    (bin + 1).to_string(),
                    labels.get(bin).cloned().unwrap_or_default(),
                    detector.reference.get(bin).copied().unwrap_or_default().to_string(),
                    score.to_string(),
                ];
                text.push_str(&fields.map(|field| quoted(&field)).join(","));
                text.push_str("\r\n");
            }
        }
    }
    text
}

/// A field of RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it.
fn quoted(field: &str) -> String {
    let is_number = field.parse::<f64>().is_ok();
    let field = if !is_number && field.starts_with(['=', '+', '-', '@']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::reader::TableFile;
    use crate::dataset::schema::TableSchema;
    use crate::drift::policy::Policy;
    use std::path::Path;

    #[test]
    fn the_evidence_added_up_from_the_table_is_that_of_the_monitor() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/thyroid_garvan");
        let schema =
            TableSchema::parse(&std::fs::read(folder.join("schema.json")).unwrap()).unwrap();
        let file = TableFile::open(&folder.join("reference.csv"), None).unwrap();
        let reference = Reference::learn(&file, &schema).unwrap();
        let monitor = Monitor::freeze(&reference, &Policy::default());
        let table = csv(&monitor, &reference);
        let sex = monitor.series.iter().find(|series| series.key() == "sex/values").unwrap();
        let counts = [40_u64, 60];
        let mut added = 0.0;
        for line in table.lines().filter(|line| line.starts_with("sex,values,")) {
            let fields: Vec<&str> = line.split(',').collect();
            if (fields[4], fields[5]) == ("bin 1 gains", "3") {
                let bin: usize = fields[7].parse().unwrap();
                added += counts[bin - 1] as f64 * fields[10].parse::<f64>().unwrap();
            }
        }
        let lane = sex
            .detector
            .lanes
            .iter()
            .position(|lane| lane.kind == LaneKind::Gains { bin: 0 } && lane.strength == 3.0)
            .unwrap();
        let step = sex.detector.step(&mut sex.detector.start(), &[counts.to_vec()]);
        assert!(added != 0.0 && (added - step.log_e[lane]).abs() < 1e-12, "{added}");
    }

    #[test]
    fn a_field_is_quoted_and_never_a_formula() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=SUM(A1)"), "'=SUM(A1)");
        assert_eq!(quoted("-0.5"), "-0.5");
    }
}
