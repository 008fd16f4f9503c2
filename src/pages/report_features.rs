//! The features of a report, prepared for reading: sentence, histogram, series, statistics.

use super::markup::Markup;
use super::wording::{counted, figures, p_value, verdict_sign, whole, words};
use crate::drift::assess::{SeriesOutcome, Verdict};
use crate::drift::chart;
use crate::drift::contributions::Contribution;
use crate::drift::quantile_plot::quantile_plot;
use crate::drift::reference::{Reference, ReferenceFeature};
use crate::drift::report::{DriftReport, FeatureReport};
use crate::drift::sentence::percent;
use crate::drift::shown::{Statistic, Statistics};

/// One series of a feature.
#[derive(Clone, Debug)]
pub struct SeriesLine {
    /// Which aspect.
    pub name: String,
    /// Rows of the batch behind it.
    pub rows: String,
    /// Share of rows moved, with its 95 % limits.
    pub moved: String,
    /// Tolerance.
    pub tolerance: String,
    /// Whether the reference sets the tolerance.
    pub limited: bool,
    /// e-value of this batch.
    pub e_value: String,
    /// ln M after this batch.
    pub log_m: String,
    /// Share of all evidence.
    pub share: String,
    /// Rows and batches pooled to judge stability, and the limit on them.
    pub pooled: String,
    /// Word of the verdict.
    pub verdict: &'static str,
    /// Verdict in words.
    pub verdict_words: String,
    /// Sign of the verdict.
    pub sign: &'static str,
    /// Why, or that it is under an open alert.
    pub note: String,
}

/// One statistic of a feature.
#[derive(Clone, Debug)]
pub struct StatisticLine {
    /// Its name.
    pub name: &'static str,
    /// Its value with unit, or why there is none.
    pub value: String,
    /// p-value.
    pub p: String,
    /// p-value adjusted over the features.
    pub p_adjusted: String,
    /// How it was computed.
    pub method: String,
    /// How far the value on the rows may lie from it.
    pub bound: String,
    /// Whether that is farther than the value itself, so that the value says nothing.
    pub drowned: bool,
}

/// One feature.
#[derive(Clone, Debug)]
pub struct FeatureSection {
    /// Position in the schema: its anchor.
    pub index: usize,
    /// Name.
    pub feature: String,
    /// Role, kind and unit.
    pub about: String,
    /// Word of the verdict.
    pub verdict: &'static str,
    /// Verdict in words.
    pub verdict_words: String,
    /// Sign of the verdict.
    pub sign: &'static str,
    /// What happened, in one sentence.
    pub sentence: Markup,
    /// Reference beside batch.
    pub chart: Markup,
    /// Quantiles of the batch against those of the reference; empty where there are none.
    pub quantiles: Markup,
    /// Rows and missing values of the reference.
    pub reference: String,
    /// Rows and missing values of the batch.
    pub batch: String,
    /// Of T² and SPE: column, share of what it grew by, mean contribution in the reference and in the batch.
    pub contributions: Vec<[String; 4]>,
    /// Series.
    pub series: Vec<SeriesLine>,
    /// Statistics.
    pub statistics: Vec<StatisticLine>,
    /// Whether it is shown in full at once.
    pub open: bool,
}

/// The features of `report`, worst first.
pub fn sections(report: &DriftReport, reference: &Reference) -> Vec<FeatureSection> {
    let mut order: Vec<usize> = (0..report.features.len().min(reference.features.len())).collect();
    let worst = |f: &FeatureReport| f.series.iter().map(|s| s.log_e).fold(f64::MIN, f64::max);
    order.sort_by(|&a, &b| {
        let (a, b) = (&report.features[a], &report.features[b]);
        b.verdict.cmp(&a.verdict).then(worst(b).total_cmp(&worst(a)))
    });
    order
        .into_iter()
        .map(|index| section(index, &report.features[index], &reference.features[index]))
        .collect()
}

fn section(index: usize, feature: &FeatureReport, reference: &ReferenceFeature) -> FeatureSection {
    let unit = reference.unit.as_ref().map(|unit| format!(", {unit}")).unwrap_or_default();
    let side = |count: crate::drift::report::RowCount| {
        format!("{}, {} missing", counted(count.rows, "row", "rows"), whole(count.nulls))
    };
    FeatureSection {
        index,
        feature: feature.feature.clone(),
        about: format!("{}, {}{unit}", feature.role.word(), feature.kind.word()),
        verdict: feature.verdict.word(),
        verdict_words: words(feature.verdict.word()),
        sign: verdict_sign(feature.verdict),
        sentence: Markup::sentence(&feature.sentence),
        chart: Markup::drawing(chart::histogram(reference, &feature.profile)),
        quantiles: Markup::drawing(quantile_plot(
            ("reference", "batch"),
            reference,
            &feature.profile,
        )),
        reference: side(feature.reference),
        batch: side(feature.batch),
        contributions: feature.contributions.iter().map(contribution_line).collect(),
        series: feature.series.iter().map(series_line).collect(),
        statistics: statistic_lines(
            &feature.statistics,
            (reference.unit.as_deref(), "the reference"),
        ),
        open: feature.verdict == Verdict::Drift,
    }
}

fn contribution_line(contribution: &Contribution) -> [String; 4] {
    let (reference, batch) = (figures(contribution.reference), figures(contribution.batch));
    [contribution.column.clone(), percent(contribution.share), reference, batch]
}

fn series_line(outcome: &SeriesOutcome) -> SeriesLine {
    let moved = match (outcome.tv, outcome.tv_lower, outcome.tv_upper) {
        (Some(tv), Some(lower), Some(upper)) => {
            format!("{} ({} to {})", percent(tv), percent(lower), percent(upper))
        }
        _ => "no rows".to_owned(),
    };
    let pooled = match outcome.pooled_tv_upper {
        Some(upper) => format!(
            "at most {} on {} of {}",
            percent(upper),
            counted(outcome.pooled_rows, "row", "rows"),
            counted(outcome.pooled_batches, "batch", "batches")
        ),
        None => "no rows".to_owned(),
    };
    let muted = if outcome.muted { "under an open alert, weight 0" } else { "" };
    SeriesLine {
        name: words(outcome.name.word()),
        rows: whole(outcome.rows),
        moved,
        tolerance: percent(outcome.tolerance),
        limited: outcome.limited_by_reference,
        e_value: outcome.e_value.map_or_else(|| "–".to_owned(), figures),
        log_m: outcome.log_m.map_or_else(|| "no evidence".to_owned(), figures),
        share: percent(outcome.evidence_share),
        pooled,
        verdict: outcome.verdict.word(),
        verdict_words: words(outcome.verdict.word()),
        sign: verdict_sign(outcome.verdict),
        note: note(outcome, muted),
    }
}

/// Why there is no verdict, whether it is muted, and where it moved.
fn note(outcome: &SeriesOutcome, muted: &str) -> String {
    let reason = outcome.reason.clone().unwrap_or_else(|| muted.to_owned());
    let split = outcome.segments.iter().map(crate::drift::segments::SegmentSplit::told);
    let parts: Vec<String> =
        std::iter::once(reason).filter(|reason| !reason.is_empty()).chain(split).collect();
    parts.join("; ")
}

/// The statistics of a feature in lines; `held_to` is what its rows are held against, in words.
pub(super) fn statistic_lines(
    statistics: &Statistics,
    (unit, held_to): (Option<&str>, &str),
) -> Vec<StatisticLine> {
    let line =
        |(code, statistic): (&String, &Statistic)| statistic_line(code, statistic, (unit, held_to));
    statistics.iter().map(line).collect()
}

fn statistic_line(
    code: &str,
    statistic: &Statistic,
    (unit, held_to): (Option<&str>, &str),
) -> StatisticLine {
    let unit = match (code, unit) {
        ("wasserstein", Some(unit)) => format!(" {unit}"),
        ("wasserstein_normed", _) => format!(" sd of {held_to}"),
        _ => String::new(),
    };
    let dash = || "–".to_owned();
    StatisticLine {
        name: statistic_name(code),
        value: match (&statistic.value, &statistic.not_evaluated) {
            (Some(value), _) => format!("{}{unit}", figures(*value)),
            (None, Some(why)) => format!("not evaluated: {why}"),
            (None, None) => dash(),
        },
        p: statistic.p_value.map_or_else(dash, p_value),
        p_adjusted: statistic.p_value_adjusted.map_or_else(dash, p_value),
        method: statistic.method.clone().unwrap_or_else(dash),
        drowned: statistic.is_drowned(),
        bound: statistic.error_max.map_or_else(dash, |bound| format!("± {}{unit}", figures(bound))),
    }
}

fn statistic_name(code: &str) -> &'static str {
    match code {
        "total_variation" => "Total variation distance",
        "psi" => "Population stability index (PSI)",
        "jensen_shannon_distance" => "Jensen–Shannon distance",
        "chi_square" => "χ² statistic",
        "ks" => "Kolmogorov–Smirnov distance (KS)",
        "wasserstein" => "Wasserstein distance",
        "wasserstein_normed" => "Wasserstein distance, normed",
        _ => "Other statistic",
    }
}
