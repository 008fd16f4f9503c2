//! Limits of versions in use: whether they have a reason, are ever crossed, and change after an alert.

use super::facts::{DAY_MS, Facts, earlier, seconds_between};
use super::measure::share_outcome;
use super::{Outcome, Warning};

/// Days without an alert after which a limit may be one that nothing ever crosses.
pub(super) const NEVER_CROSSED_DAYS: u64 = 365;
/// Days after an alert in which a change of limits is one after an alert.
pub(super) const AFTER_ALERT_DAYS: u64 = 90;

/// Policies in force without a rationale.
pub(super) fn without_rationale(facts: &Facts) -> Outcome {
    let in_use = facts.versions.iter().filter(|one| one.in_use_at(&facts.computed_at));
    let rows = in_use.map(|version| {
        let words = if version.has_rationale { "says why" } else { "does not say why" };
        let says = format!("{}: its policy {words} its limits are right", version.name);
        version.of.row("", says, !version.has_rationale)
    });
    share_outcome(rows.collect(), "no version is in use", |bad, all| {
        Warning::when(bad > 0, format!("{bad} of {all} have no rationale"))
    })
}

/// Versions in use for a year without an alert about drift.
pub(super) fn never_crossed(facts: &Facts) -> Outcome {
    let end = facts.period.to.as_str();
    let since = earlier(end, NEVER_CROSSED_DAYS * DAY_MS);
    let mut rows = Vec::new();
    for version in &facts.versions {
        let Some(begun) = version.in_use_since(end).filter(|begun| *begun <= since.as_str()) else {
            continue;
        };
        let its = facts.alerts.iter().filter(|one| one.version_id == version.id);
        let alerts = its.filter(|one| {
            one.kind == "drift" && since <= one.opened_at && one.opened_at.as_str() < end
        });
        let alerts = alerts.count();
        let says =
            format!("{}: {alerts} alerts about drift in {NEVER_CROSSED_DAYS} days", version.name);
        rows.push(version.of.row(begun, says, alerts == 0));
    }
    let empty = "no version was in use for 365 days at the end of the period";
    share_outcome(rows, empty, |_, _| {
        let reason =
            "a limit that nothing crosses may be right or too wide: nobody sets a share of them";
        Warning::unknown(reason)
    })
}

/// References and policies frozen in the period within 90 days of an alert about drift of the version.
pub(super) fn changed_after_alert(facts: &Facts) -> Outcome {
    let mut rows = Vec::new();
    for version in &facts.versions {
        for (of, at) in version.limits_changed.iter().filter(|(_, at)| facts.period.has(at)) {
            let its = facts.alerts.iter().filter(|one| {
                one.version_id == version.id && one.kind == "drift" && one.opened_at < *at
            });
            let last = its.map(|one| one.opened_at.as_str()).max();
            let days = last.map(|opened| seconds_between(opened, at) * 1e3 / DAY_MS as f64);
            let is_after = days.is_some_and(|days| days <= AFTER_ALERT_DAYS as f64);
            let says = match days {
                None => format!("{}: no alert about drift before it", version.name),
                Some(days) => format!("{}: {days:.0} days after an alert", version.name),
            };
            rows.push(of.row(at, says, is_after));
        }
    }
    let empty = "no reference or policy was frozen in the period";
    share_outcome(rows, empty, |_, _| {
        Warning::unknown("such a change is signed with its decision: nobody sets a share of them")
    })
}
