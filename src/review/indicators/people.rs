//! Human oversight: what reviewers of predictions do, and whether the audit trail is reviewed in time.

use super::facts::{Answer, DAY_MS, Facts, later};
use super::measure::{quantiles, read, share_of};
use super::{Outcome, RowBehind, Statistic, Warning};
use crate::review::review_figures::QUICK_MS;

/// Reviews from which on it is a warning that nobody ever disagreed.
pub(super) const NEVER_OVERRIDDEN: usize = 200;
/// Agreement of blind reviews from which on it is a warning.
pub(super) const AGREEMENT_SHARE: f64 = 0.99;

fn answers(facts: &Facts) -> impl Iterator<Item = &Answer> {
    facts.answers.iter().filter(|one| facts.period.has(&one.at))
}

fn agreement(agrees: bool) -> &'static str {
    if agrees { "agrees with the model" } else { "disagrees with the model" }
}

/// Judged cases on which reviewers disagree with a model's answer that they saw.
pub(super) fn overrides(facts: &Facts) -> Outcome {
    let shown = answers(facts).filter(|one| !one.blind);
    let judged: Vec<_> = shown.filter_map(|one| Some((one, one.agrees?))).collect();
    let row = |(one, agrees): &(&Answer, bool)| {
        one.of.row(&one.at, format!("{}: {}", one.by, agreement(*agrees)), !agrees)
    };
    let rows: Vec<RowBehind> = judged.iter().map(row).collect();
    let Some(all) = share_of("all", &rows) else {
        return Outcome::none(
            "no prediction was reviewed in the period with the model's answer shown",
        );
    };
    let mut people: Vec<&str> = judged.iter().map(|(one, _)| one.by.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    let mut figures = vec![all];
    for person in people {
        let its: Vec<_> = judged.iter().filter(|(one, _)| one.by == person).map(row).collect();
        figures.extend(share_of(person, &its));
    }
    let never = rows.len() >= NEVER_OVERRIDDEN && rows.iter().all(|row| !row.counts);
    let because = format!("nobody ever disagreed in {} reviews", rows.len());
    Outcome::of(figures, Warning::when(never, because), rows)
}

/// How long reviewers looked at a case.
pub(super) fn dwell(facts: &Facts) -> Outcome {
    let timed: Vec<_> = answers(facts).filter_map(|one| Some((one, one.dwell_ms?))).collect();
    let seconds = |ms: u64| ms as f64 / 1e3;
    let all = timed.iter().map(|(_, ms)| seconds(*ms)).collect();
    let mut figures = quantiles(("all", "s"), all, &[Statistic::Median]);
    let Some(median) = figures.first().map(|figure| figure.value) else {
        return Outcome::none("no answer of the period says how long its case was looked at");
    };
    let mut people: Vec<&str> = timed.iter().map(|(one, _)| one.by.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    for person in people {
        let its = timed.iter().filter(|(one, _)| one.by == person);
        let its = its.map(|(_, ms)| seconds(*ms)).collect();
        figures.extend(quantiles((person, "s"), its, &[Statistic::Median]));
    }
    let rows = timed.iter().map(|(one, ms)| {
        one.of.row(&one.at, format!("{}: {} s", one.by, read(seconds(*ms))), *ms < QUICK_MS)
    });
    let floor = seconds(QUICK_MS);
    let quick = figures.iter().filter(|figure| figure.value < floor).map(|one| one.of.as_str());
    let quick: Vec<&str> = quick.collect();
    let because =
        format!("median {} s over all; below {floor} s: {}", read(median), quick.join(", "));
    let warning = Warning::when(!quick.is_empty(), because);
    Outcome::of(figures, warning, rows.collect())
}

fn blind_rows<'a>(all: impl Iterator<Item = &'a Answer>) -> Vec<RowBehind> {
    let judged = all.filter(|one| one.blind).filter_map(|one| Some((one, one.agrees?)));
    judged
        .map(|(one, agrees)| {
            one.of.row(&one.at, format!("{}: {}", one.by, agreement(agrees)), agrees)
        })
        .collect()
}

/// Blind reviews that agree with the model.
pub(super) fn blind_agreement(facts: &Facts) -> Outcome {
    let before = facts.period.before();
    let earlier = blind_rows(facts.answers.iter().filter(|one| before.has(&one.at)));
    let earlier = share_of("before", &earlier).map(|figure| figure.value);
    let rows = blind_rows(answers(facts));
    let Some(figure) = share_of("all", &rows) else {
        return Outcome::none("no prediction was reviewed blind in the period");
    };
    let now = figure.value;
    let falls = earlier.is_some_and(|before| now < before);
    let because = match earlier {
        Some(before) if falls => {
            format!("{} after {} in the period before", read(now), read(before))
        }
        _ => format!("{}: near 100 %, look whether reviewers are truly blind", read(now)),
    };
    let warning = Warning::when(falls || now >= AGREEMENT_SHARE, because);
    Outcome::of(vec![figure], warning, rows)
}

/// Critical entries whose review fell due in the period, reviewed by then.
pub(super) fn trail_coverage(facts: &Facts) -> Outcome {
    let mut rows = Vec::new();
    for entry in &facts.trail {
        let Ok(days) = u64::try_from(entry.kind.days().0) else { continue };
        let due = later(&entry.at, days * DAY_MS);
        if !facts.period.has(&due) {
            continue;
        }
        let its = facts.reviews.iter().filter(|one| one.kind == entry.kind);
        let its = its.filter(|one| one.covers.contains(&entry.index));
        let signed = its.map(|one| one.signed_at.as_str()).min();
        let in_time = signed.is_some_and(|at| at <= due.as_str());
        let says = match signed {
            None => format!("{}: reviewed by nobody, due {due}", entry.kind.title()),
            Some(at) => format!("{}: reviewed {at}, due {due}", entry.kind.title()),
        };
        rows.push(super::facts::Source::entry(entry.index).row(&entry.at, says, in_time));
    }
    let Some(figure) = share_of("all", &rows) else {
        return Outcome::none("no critical entry fell due for review in the period");
    };
    let late = rows.iter().filter(|row| !row.counts).count();
    let because = format!("{late} of {} were not reviewed in time", rows.len());
    Outcome::of(vec![figure], Warning::when(late > 0, because), rows)
}
