//! Monitoring in use: whether batches and labels come, and what of the inputs and outputs is out of the ordinary.

use super::facts::{Facts, Judged, Version};
use super::measure::{share, share_outcome};
use super::{Outcome, RowBehind, Warning};
use std::collections::BTreeMap;

/// Share of predictions that are to have a label.
pub(super) const LABELLED_SHARE: f64 = 0.9;

/// Whether every planned batch of a version came in the period, and if not, why.
fn gap(facts: &Facts, version: &Version) -> Option<String> {
    if !version.has_cadence {
        return Some(
            "its policy names no cadence: nobody can tell whether a batch is missing".to_owned(),
        );
    }
    let its = facts.alerts.iter().filter(|one| one.version_id == version.id);
    let missing: Vec<_> = its.filter(|one| one.kind == "missing_batch").collect();
    if let Some(one) = missing.iter().find(|one| facts.period.has(&one.opened_at)) {
        return Some(format!("a batch was missing: alert of {}", one.opened_at));
    }
    let before = missing.iter().filter(|one| one.opened_at < facts.period.from);
    let last = before.map(|one| one.opened_at.as_str()).max()?;
    let mut batches = facts.batches.iter().filter(|one| one.version_id == version.id);
    let came = batches.any(|one| one.at.as_str() > last && one.at < facts.period.from);
    (!came)
        .then(|| format!("the batch that was missing on {last} had not come when the period began"))
}

/// Versions in use at the end of the period that got every planned batch in it.
pub(super) fn monitoring_coverage(facts: &Facts) -> Outcome {
    let in_use = facts.versions.iter().filter(|one| one.in_use_at(&facts.period.to));
    let rows = in_use.map(|version| match gap(facts, version) {
        None => version.of.row("", format!("{}: every planned batch came", version.name), true),
        Some(why) => version.of.row("", format!("{}: {why}", version.name), false),
    });
    let empty = "no version was in use at the end of the period";
    share_outcome(rows.collect(), empty, |good, all| {
        Warning::when(good < all, format!("{} of {all} were not covered", all - good))
    })
}

/// Predictions of the batches of the period that have a label.
pub(super) fn label_coverage(facts: &Facts) -> Outcome {
    let (mut labelled, mut due, mut rows) = (0, 0, Vec::new());
    for batch in facts.batches.iter().filter(|one| facts.period.has(&one.at)) {
        let Some(found) = batch.labelled else { continue };
        labelled += found;
        due += batch.rows;
        let says = format!("{}: {found} of {}", batch.name, batch.rows);
        let is_full = found as f64 >= LABELLED_SHARE * batch.rows as f64;
        rows.push(batch.of.row(&batch.at, says, is_full));
    }
    let Some(figure) = share("all", labelled, due) else {
        return Outcome::none("no batch of the period was evaluated with labels");
    };
    let because = format!("{labelled} of {due} predictions have a label");
    let warning = Warning::when((labelled as f64) < LABELLED_SHARE * due as f64, because);
    Outcome::of(vec![figure], warning, rows)
}

/// The lag of labels.
pub(super) fn label_lag(_: &Facts) -> Outcome {
    Outcome::none(
        "labels carry no time of their own: the store keeps when a file of labels came, not when the outcome of a prediction was known",
    )
}

/// Shares by model, the one over all first; `counts` gives numerator and denominator of a report.
fn by_model(judged: &[&Judged], counts: impl Fn(&Judged) -> (u64, u64)) -> Vec<super::Figure> {
    let mut models: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut all = (0, 0);
    for one in judged {
        let (numerator, denominator) = counts(one);
        for sums in [&mut all, models.entry(&one.model).or_default()] {
            sums.0 += numerator;
            sums.1 += denominator;
        }
    }
    let mut figures: Vec<_> = share("all", all.0, all.1).into_iter().collect();
    figures.extend(models.iter().filter_map(|(model, sums)| share(model, sums.0, sums.1)));
    figures
}

/// Inputs outside the space that was declared: values of unknown levels, and files refused as a whole.
pub(super) fn out_of_space(facts: &Facts) -> Outcome {
    let judged = facts.judged.iter().filter(|one| facts.period.has(&one.at));
    let judged: Vec<_> = judged.filter(|one| one.values > 0).collect();
    let refused = facts.refused_files.iter().filter(|one| facts.period.has(&one.at));
    let mut rows: Vec<RowBehind> = judged
        .iter()
        .map(|one| {
            let says = format!(
                "{} of {} values are of a level unknown to the reference",
                one.unseen, one.values
            );
            one.of.row(&one.at, says, one.unseen > 0)
        })
        .collect();
    let files: Vec<_> = refused.map(|one| one.of.row(&one.at, one.kind.clone(), true)).collect();
    let mut figures = by_model(&judged, |one| (one.unseen, one.values));
    if figures.is_empty() {
        return Outcome::none("no batch was judged in the period");
    }
    let (bad, all) = (files.len() as u64, (files.len() + judged.len()) as u64);
    figures.extend(share("files not as declared, refused", bad, all));
    rows.extend(files);
    let reason = "the store holds no planned share; the alerts about levels that were not seen before are the limit that is watched";
    Outcome::of(figures, Warning::unknown(reason), rows)
}

/// Scores in an undecided zone, against the tolerance of the reference.
pub(super) fn undecided(facts: &Facts) -> Outcome {
    let judged = facts.judged.iter().filter(|one| facts.period.has(&one.at));
    let judged: Vec<_> = judged.filter(|one| one.undecided.is_some()).collect();
    let figures = by_model(&judged, |one| one.undecided.unwrap_or_default());
    if figures.is_empty() {
        return Outcome::none(
            "no batch of a version with an undecided zone was judged in the period",
        );
    }
    let outside = judged.iter().filter(|one| one.undecided_drifts).count();
    let rows = judged.iter().map(|one| {
        let (undecided, scores) = one.undecided.unwrap_or_default();
        let words =
            if one.undecided_drifts { "beyond its tolerance" } else { "not beyond its tolerance" };
        one.of.row(&one.at, format!("{undecided} of {scores}: {words}"), one.undecided_drifts)
    });
    let because = format!("beyond the tolerance in {outside} of {} batches", judged.len());
    Outcome::of(figures, Warning::when(outside > 0, because), rows.collect())
}
