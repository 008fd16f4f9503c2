//! Changes between versions, and how versions were tested.

use super::facts::{Change, Facts, seconds_between};
use super::measure::{number, quantiles, read, share, share_of, share_outcome};
use super::{Outcome, Statistic, Warning};
use crate::review::due::{SIGNATURE_DAYS, day_of, due_on};
use crate::review::life_cycle::{Step, VersionState};
use jiff::ToSpan as _;
use jiff::civil::Weekday;
use std::collections::BTreeMap;

/// Working days between two times: the time between them without Saturdays and Sundays (UTC), in days of 24 hours.
pub(super) fn working_days(from: &str, until: &str) -> f64 {
    let (Some(first), Some(last)) = (day_of(from), day_of(until)) else { return 0.0 };
    let (mut day, mut seconds) = (first, 0.0);
    while day <= last {
        let Ok(next) = day.checked_add(1.day()) else { break };
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            let (begin, end) = (format!("{day}T00:00:00.000Z"), format!("{next}T00:00:00.000Z"));
            seconds += seconds_between(from.max(begin.as_str()), until.min(end.as_str()));
        }
        day = next;
    }
    seconds / 86_400.0
}

/// From the first revision of a change record to the signature of QA.
pub(super) fn change_latency(facts: &Facts) -> Outcome {
    let limit = f64::from(SIGNATURE_DAYS);
    let (mut days, mut rows) = (Vec::new(), Vec::new());
    for change in &facts.changes {
        let Some(at) = change.assessed_at.as_ref().filter(|at| facts.period.has(at)) else {
            continue;
        };
        let took = working_days(&change.opened_at, at);
        rows.push(change.of.row(at, format!("{} working days", read(took)), took > limit));
        days.push(took);
    }
    let late = share_of("over the limit", &rows);
    let which = [Statistic::Median, Statistic::P90];
    let mut figures = quantiles(("all", "working days"), days, &which);
    let Some(p90) = figures.get(1).map(|figure| figure.value) else {
        return Outcome::none("QA signed no change record in the period");
    };
    figures.extend(late);
    let because = format!("90 % took up to {} working days", read(p90));
    Outcome::of(figures, Warning::when(p90 > limit, because), rows)
}

/// Whether a change was open at the end of the period: recorded, and its version not yet approved or given up.
fn is_open(facts: &Facts, change: &Change) -> bool {
    let end = &facts.period.to;
    let version = facts.versions.iter().find(|one| one.id == change.version_id);
    let before = [VersionState::Draft, VersionState::Submitted];
    change.opened_at < *end && version.is_some_and(|one| before.contains(&one.state_at(end)))
}

/// Open changes that QA has not assessed.
pub(super) fn unassessed_changes(facts: &Facts) -> Outcome {
    let end = &facts.period.to;
    let mut late = 0;
    let open = facts.changes.iter().filter(|change| is_open(facts, change));
    let rows = open.map(|change| {
        let assessed = change.assessed_at.as_ref().is_some_and(|at| at < end);
        let due = due_on(&change.opened_at, SIGNATURE_DAYS);
        let is_late = !assessed && due.zip(day_of(end)).is_some_and(|(due, day)| day > due);
        late += u64::from(is_late);
        let words = match (assessed, is_late) {
            (true, _) => "assessed",
            (false, true) => "not assessed, over the limit",
            (false, false) => "not assessed yet",
        };
        change.of.row(&change.opened_at, words, !assessed)
    });
    let rows = rows.collect();
    share_outcome(rows, "no change was open at the end of the period", |_, _| {
        let because = format!("{late} without assessment after {SIGNATURE_DAYS} working days");
        Warning::when(late > 0, because)
    })
}

/// Versions approved in the period whose training data are not in their other datasets.
pub(super) fn independence(facts: &Facts) -> Outcome {
    let mut rows = Vec::new();
    for version in &facts.versions {
        let approved = version.steps.iter().rev();
        let approved = approved.filter(|(step, _)| *step == Step::Approve);
        let Some((_, at)) = approved.clone().find(|(_, at)| facts.period.has(at)) else { continue };
        let rows_found: u64 = version.overlaps.iter().sum();
        let says = match (version.overlaps.len(), rows_found) {
            (0, _) => "nobody counted training rows in the other datasets".to_owned(),
            (_, 0) => "no training row in another dataset".to_owned(),
            (_, found) => format!("{found} training rows in another dataset"),
        };
        let is_independent = !version.overlaps.is_empty() && rows_found == 0;
        rows.push(version.of.row(at, format!("{}: {says}", version.name), is_independent));
    }
    share_outcome(rows, "no version was approved in the period", |good, all| {
        Warning::when(
            good < all,
            format!("{} of {all} are not shown to be independent", all - good),
        )
    })
}

/// Test sets of the period that were used more than once until its end.
pub(super) fn test_set_use(facts: &Facts) -> Outcome {
    let mut sets: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for used in facts.test_uses.iter().filter(|one| one.at < facts.period.to) {
        sets.entry(&used.rows_sha256).or_default().push(used);
    }
    sets.retain(|_, uses| uses.iter().any(|one| facts.period.has(&one.at)));
    let again = sets.values().filter(|uses| uses.len() > 1).count() as u64;
    let most = sets.values().map(Vec::len).max().unwrap_or_default();
    let Some(figure) = share("used more than once", again, sets.len() as u64) else {
        return Outcome::none("no version was tested in the period");
    };
    let largest = number(
        ("uses of one test set", Statistic::Maximum, "count"),
        most as f64,
        sets.len() as u64,
    );
    let rows = sets.iter().flat_map(|(set, uses)| {
        uses.iter().map(move |one| {
            let short = set.get(..12).unwrap_or(set);
            let times = uses.len();
            let says = format!("{}: test set {short}…, used {times} times in all", one.version);
            one.of.row(&one.at, says, times > 1)
        })
    });
    let because = format!("a test set was used {most} times");
    Outcome::of(vec![figure, largest], Warning::when(again > 0, because), rows.collect())
}
