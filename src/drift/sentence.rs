//! One sentence per feature: what moved, by how much, from where to where, since when; or why nothing can be said.

use super::assess::{SeriesOutcome, Verdict};
use super::monitor::{SeriesName, series_counts, total};
use super::reference::ReferenceFeature;
use crate::dataset::bins::as_written;
use crate::dataset::profile::FeatureProfile;
use crate::statistics::lanes::LaneKind;
use std::collections::BTreeMap;

/// Names of batches by their number among those of the version.
pub type BatchNames = BTreeMap<u64, String>;

/// The sentence for `feature`, given the outcomes of all its series in this batch.
///
/// Batches below `rows_min` say that they are too small to judge alone. Earlier batches are called by their name, or by their number
/// where `names` does not know it.
pub fn sentence(
    feature: &ReferenceFeature,
    batch: &FeatureProfile,
    outcomes: &[SeriesOutcome],
    (rows_min, names): (u64, &BatchNames),
) -> String {
    if outcomes.iter().any(|o| o.alarmed || o.verdict == Verdict::Drift) {
        return moved(
            feature,
            batch,
            outcomes.iter().filter(|o| o.alarmed || o.verdict == Verdict::Drift),
            names,
        );
    }
    let name = &feature.feature;
    let verdict = outcomes.iter().map(|o| o.verdict).max().unwrap_or(Verdict::NotEvaluated);
    let telling = Telling { feature, batch, names };
    let said: Vec<String> = match verdict {
        Verdict::Drift => outcomes
            .iter()
            .filter(|o| o.verdict == Verdict::Drift)
            .map(|o| telling.moved(o))
            .collect(),
        Verdict::Undetermined if batch.rows() < rows_min => {
            vec![format!("too small to judge alone ({} rows, {rows_min} needed)", batch.rows())]
        }
        Verdict::Undetermined => outcomes
            .iter()
            .filter(|o| o.verdict == Verdict::Undetermined)
            .max_by(|a, b| excess(a).total_cmp(&excess(b)))
            .map(|o| telling.unsettled(o))
            .into_iter()
            .collect(),
        Verdict::NotEvaluated => outcomes
            .iter()
            .find_map(|o| o.reason.clone())
            .map(|reason| format!("not evaluated: {reason}"))
            .into_iter()
            .collect(),
        Verdict::Stable => vec![telling.stable(outcomes)],
    };
    format!("`{name}`: {}", said.join("; "))
}

/// The sentence about the series of `feature` that moved, as `outcomes` say.
pub fn moved<'a>(
    feature: &ReferenceFeature,
    batch: &FeatureProfile,
    outcomes: impl Iterator<Item = &'a SeriesOutcome>,
    names: &BatchNames,
) -> String {
    let telling = Telling { feature, batch, names };
    let said: Vec<String> = outcomes.map(|o| telling.moved(o)).collect();
    format!("`{}`: {}", feature.feature, said.join("; "))
}

/// How far the upper limit lies beyond the tolerance.
fn excess(outcome: &SeriesOutcome) -> f64 {
    outcome.pooled_tv_upper.unwrap_or(1.0) / outcome.tolerance
}

struct Telling<'a> {
    feature: &'a ReferenceFeature,
    batch: &'a FeatureProfile,
    names: &'a BatchNames,
}

impl Telling<'_> {
    fn moved(&self, outcome: &SeriesOutcome) -> String {
        let what = match outcome.name {
            SeriesName::Values => self.values_moved(outcome),
            rate => self.rate_moved(rate),
        };
        let what = match main_slice(outcome) {
            Some(slice) => format!("{what}; {slice}"),
            None => what,
        };
        let Some(lane) = outcome.lane.as_ref().filter(|lane| lane.batches > 1) else { return what };
        let since = self.batch_called(lane.since_batch);
        let batches = lane.batches;
        if outcome.verdict == Verdict::Drift {
            format!("{what}; for {batches} batches, since about {since}")
        } else {
            format!("{what}; shown by {batches} batches together, since about {since}")
        }
    }

    /// The batch of this number, as people know it.
    fn batch_called(&self, number: u64) -> String {
        match self.names.get(&number) {
            Some(name) => format!("batch `{name}`"),
            None => format!("batch number {number}"),
        }
    }

    fn shares(&self, name: SeriesName) -> (Vec<f64>, Vec<f64>, u64) {
        let reference = total(&series_counts(&self.feature.profile, name));
        let batch = total(&series_counts(self.batch, name));
        let rows = batch.iter().sum();
        (as_shares(&reference), as_shares(&batch), rows)
    }

    fn values_moved(&self, outcome: &SeriesOutcome) -> String {
        let (reference, batch, _) = self.shares(SeriesName::Values);
        let change: Vec<f64> = batch.iter().zip(&reference).map(|(b, r)| b - r).collect();
        let gains = (0..change.len()).max_by(|&a, &b| change[a].total_cmp(&change[b])).unwrap_or(0);
        let loses = (0..change.len()).min_by(|&a, &b| change[a].total_cmp(&change[b])).unwrap_or(0);
        let bins = &self.feature.bins;
        let how = match outcome.lane.as_ref().map(|lane| lane.kind) {
            Some(LaneKind::Up) => "shifted upwards".to_owned(),
            Some(LaneKind::Down) => "shifted downwards".to_owned(),
            Some(LaneKind::Wider) => "spread wider".to_owned(),
            Some(LaneKind::Narrower) => "spread narrower".to_owned(),
            Some(LaneKind::Gains { bin }) => format!("more `{}`", bins.label(bin)),
            Some(LaneKind::Loses { bin }) => format!("fewer `{}`", bins.label(bin)),
            Some(LaneKind::Learned) | None => "changed shape".to_owned(),
        };
        format!(
            "{how}; {}–{} of rows moved (best guess {}); mainly from {} ({} → {}) to {} ({} → {})",
            percent(outcome.tv_lower.unwrap_or(0.0)),
            percent(outcome.tv_upper.unwrap_or(1.0)),
            percent(outcome.tv.unwrap_or(0.0)),
            bins.label(loses),
            percent(reference[loses]),
            percent(batch[loses]),
            bins.label(gains),
            percent(reference[gains]),
            percent(batch[gains]),
        )
    }

    fn rate_moved(&self, name: SeriesName) -> String {
        let (reference, batch, rows) = self.shares(name);
        let (was, is) = (reference[1], batch[1]);
        let verb = if is >= was { "rose" } else { "fell" };
        format!(
            "{} {verb}: {} of {rows} rows, reference {}",
            self.rate_words(name),
            percent(is),
            percent(was)
        )
    }

    fn rate_words(&self, name: SeriesName) -> String {
        let unit = self.feature.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
        match (name, &self.feature.bins) {
            (SeriesName::LowTail, crate::dataset::bins::FeatureBins::Ordered { low_tail, .. }) => {
                format!("values below {}{unit} (low tail)", as_written(*low_tail))
            }
            (
                SeriesName::HighTail,
                crate::dataset::bins::FeatureBins::Ordered { high_tail, .. },
            ) => {
                format!("values above {}{unit} (high tail)", as_written(*high_tail))
            }
            (SeriesName::Unseen, _) if self.batch.unseen_examples.is_empty() => {
                "unseen values".to_owned()
            }
            (SeriesName::Unseen, _) => {
                format!("unseen values (`{}`)", self.batch.unseen_examples.join("`, `"))
            }
            _ => "missing values".to_owned(),
        }
    }

    fn unsettled(&self, outcome: &SeriesOutcome) -> String {
        let lower = percent(outcome.tv_lower.unwrap_or(0.0));
        let upper = percent(outcome.tv_upper.unwrap_or(1.0));
        let tolerance = percent(outcome.tolerance);
        let which = match outcome.name {
            SeriesName::Values => "values".to_owned(),
            rate => self.rate_words(rate),
        };
        let next = match outcome.rows_to_settle {
            None => "the reference is too small to settle it".to_owned(),
            Some(needed) if needed > outcome.pooled_rows => {
                format!("about {} more rows would settle it", needed - outcome.pooled_rows)
            }
            Some(_) => {
                "it stays near the tolerance, so more rows may or may not settle it".to_owned()
            }
        };
        format!(
            "not shown either way: {which} {lower}–{upper} of rows moved, {tolerance} tolerated; {next}"
        )
    }

    fn stable(&self, outcomes: &[SeriesOutcome]) -> String {
        let Some(main) = outcomes.first() else { return "stable".to_owned() };
        let upper = percent(main.pooled_tv_upper.unwrap_or(0.0));
        let span = match main.pooled_batches {
            1 => "this batch".to_owned(),
            batches => format!("the last {batches} batches"),
        };
        let tolerance = percent(main.tolerance);
        let rows = main.pooled_rows;
        format!(
            "stable: at most {upper} of rows moved (95 % limit), {tolerance} tolerated, on {rows} rows of {span}"
        )
    }
}

/// The slice that most of the evidence comes from, if one holds at least half of it.
fn main_slice(outcome: &SeriesOutcome) -> Option<String> {
    let tops = outcome.segments.iter().filter_map(|s| Some((&s.segment, s.slices.first()?)));
    let (segment, top) = tops.max_by(|a, b| a.1.evidence_share.total_cmp(&b.1.evidence_share))?;
    (top.evidence_share >= 0.5).then(|| {
        let share = percent(top.evidence_share);
        format!("{share} of the evidence comes from {segment} = {}", top.slice)
    })
}

fn as_shares(counts: &[u64]) -> Vec<f64> {
    let rows = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|&c| c as f64 / rows).collect()
}

/// A share as a percentage with a sensible number of digits: `28 %`, `4.1 %`, `0.06 %`, `0 %`.
pub fn percent(share: f64) -> String {
    let value = 100.0 * share;
    match value {
        0.0 => "0 %".to_owned(),
        v if v < 0.095 => format!("{v:.2} %"),
        v if v < 9.95 => format!("{v:.1} %"),
        v => format!("{v:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_read_well() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.000_61), "0.06 %");
        assert_eq!(percent(0.041), "4.1 %");
        assert_eq!(percent(0.28), "28 %");
    }
}
