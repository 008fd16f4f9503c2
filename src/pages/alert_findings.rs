//! What was found when an alert was opened: the features it covers, with drawing, numbers and since when.

use super::markup::Markup;
use super::report_features::{SeriesLine, drawn, series_line, side};
use super::wording::{counted, meter, whole};
use crate::drift::assess::SeriesOutcome;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::monitor::SeriesName;
use crate::drift::promise::promise;
use crate::drift::report::FeatureReport;
use crate::procedures::read_alert::AlertView;
use crate::procedures::read_records::ReportView;

/// Features that are drawn; the report shows all.
const DRAWN_MAX: usize = 6;
/// Features that a heading names.
const NAMED_MAX: usize = 3;

/// One series the alert covers.
#[derive(Clone, Debug)]
pub struct FoundLine {
    /// Its numbers.
    pub series: SeriesLine,
    /// The batch since which there is evidence for it: page, where it is known, and name.
    pub since: Option<(Option<String>, String)>,
    /// Batches since then.
    pub batches: String,
}

/// One feature the alert covers.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name.
    pub feature: String,
    /// Role, kind and unit.
    pub about: String,
    /// Rows and missing values of the reference.
    pub reference: String,
    /// Rows and missing values of the batch.
    pub batch: String,
    /// Reference beside batch, where it is the values that moved.
    pub chart: Markup,
    /// The series covered.
    pub lines: Vec<FoundLine>,
    /// Where the report shows all of it.
    pub path: String,
}

/// What the batch showed that opened the alert.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Page of the report.
    pub path: String,
    /// Name of the batch.
    pub batch: String,
    /// Its rows.
    pub rows: String,
    /// Evidence in percent of the alarm limit.
    pub evidence: String,
    /// What an alarm means.
    pub promise: String,
    /// The features, as the alert names them.
    pub found: Vec<Found>,
    /// Those that only the report shows: page and name.
    pub more: Vec<(String, String)>,
}

/// Column and series of a key of an alert, `feature/series`.
fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('/').unwrap_or((key, ""))
}

/// The features of an alert, each once.
fn features(opening: &EpisodeOpening) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for key in &opening.series {
        let (feature, _) = split(key);
        if !names.contains(&feature) {
            names.push(feature);
        }
    }
    names
}

/// What an alert is about, in a few words: `drift of TSH and T3`, `too few rows`.
pub fn about(opening: &EpisodeOpening) -> String {
    let names = features(opening);
    match (opening.kind, names.as_slice()) {
        (EpisodeKind::Drift, [only]) => format!("drift of {only}"),
        (EpisodeKind::Drift, [before @ .., last]) if names.len() <= NAMED_MAX => {
            format!("drift of {} and {last}", before.join(", "))
        }
        (EpisodeKind::Drift, [_, ..]) => {
            let more = counted((names.len() - NAMED_MAX) as u64, "more feature", "more features");
            format!("drift of {} and {more}", names[..NAMED_MAX].join(", "))
        }
        (EpisodeKind::Performance, _) => "more errors than tolerated".to_owned(),
        (kind, _) => kind.word().replace('_', " "),
    }
}

/// The features of a drift alert as the report that opened it judged them; none for alerts of another kind.
pub fn findings(view: &AlertView) -> Option<Findings> {
    let opening = &view.episode.episode.episode.opening;
    let report = view.opening.as_ref().filter(|_| opening.kind == EpisodeKind::Drift)?;
    let path = format!("/reports/{}", report.row.id);
    let mut known = Vec::new();
    for name in features(opening) {
        let place = report.report.features.iter().position(|feature| feature.feature == name);
        known.extend(place.map(|place| (place, format!("{path}#feature-{place}"))));
    }
    let (shown, more) = known.split_at(known.len().min(DRAWN_MAX));
    let names = |(place, path): &(usize, String)| {
        (path.clone(), report.report.features[*place].feature.clone())
    };
    Some(Findings {
        batch: report.row.batch.clone(),
        rows: whole(report.row.rows),
        evidence: meter(report.report.meter),
        promise: promise(report.report.batches_per_false_alarm),
        found: shown
            .iter()
            .filter_map(|(place, path)| found(view, (report, *place), path))
            .collect(),
        more: more.iter().map(names).collect(),
        path,
    })
}

fn found(view: &AlertView, (report, place): (&ReportView, usize), path: &str) -> Option<Found> {
    let covered = &view.episode.episode.episode.opening.series;
    let feature: &FeatureReport = &report.report.features[place];
    let reference = report.reference.features.get(place)?;
    let is_covered = |outcome: &&SeriesOutcome| {
        let is_it = |key: &String| split(key) == (feature.feature.as_str(), outcome.name.word());
        covered.iter().any(is_it)
    };
    let series: Vec<&SeriesOutcome> = feature.series.iter().filter(is_covered).collect();
    let of_values = series.iter().any(|outcome| outcome.name != SeriesName::Nulls);
    let (about, chart) = drawn(feature, reference);
    Some(Found {
        feature: feature.feature.clone(),
        about,
        reference: side(feature.reference),
        batch: side(feature.batch),
        chart: if of_values { chart } else { Markup::default() },
        lines: series.into_iter().map(|outcome| line(view, outcome)).collect(),
        path: path.to_owned(),
    })
}

fn line(view: &AlertView, outcome: &SeriesOutcome) -> FoundLine {
    let lane = outcome.lane.as_ref();
    let since = lane.map(|lane| {
        let known = view.batches.iter().find(|report| report.number == lane.since_batch);
        match known {
            Some(report) => (Some(format!("/reports/{}", report.id)), report.batch.clone()),
            None => (None, format!("number {}", lane.since_batch)),
        }
    });
    FoundLine {
        series: series_line(outcome),
        since,
        batches: lane.map_or_else(String::new, |lane| counted(lane.batches, "batch", "batches")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_called_by_what_moved() {
        let opening = |kind, series: &[&str]| EpisodeOpening {
            kind,
            series: series.iter().map(|&key| key.to_owned()).collect(),
            sentences: Vec::new(),
        };
        for (series, expected) in [
            (&["TSH/values", "TSH/low_tail"][..], "drift of TSH"),
            (&["T4U/nulls", "FTI/nulls"], "drift of T4U and FTI"),
            (&["a/b/values", "c/nulls", "d/nulls"], "drift of a/b, c and d"),
            (
                &["a/nulls", "b/nulls", "c/nulls", "d/nulls"],
                "drift of a, b, c and 1\u{a0}more feature",
            ),
            (&[], "drift"),
        ] {
            assert_eq!(about(&opening(EpisodeKind::Drift, series)), expected);
        }
        let errors = opening(EpisodeKind::Performance, &["performance/error_rate"]);
        assert_eq!(about(&errors), "more errors than tolerated");
        assert_eq!(about(&opening(EpisodeKind::TooFewRows, &[])), "too few rows");
    }
}
