//! Alerts, and what is done about them: how fast, how well, and whether they come back.

use super::facts::{Alert, AlertEvent, DAY_MS, Facts, Source, later, seconds_between};
use super::measure::{quantiles, read, share, share_outcome};
use super::{Outcome, Period, RowBehind, Statistic, Warning};
use crate::review::decision::Severity;
use crate::review::due::{ALERT_DAYS, SIGNATURE_DAYS, day_of, due_on};

/// Share of open records that may be overdue.
pub(super) const OVERDUE_SHARE: f64 = 0.05;
/// Share of actions that are to be done by their first due day.
pub(super) const ON_TIME_SHARE: f64 = 0.9;
/// Share of checked actions that are to be effective.
pub(super) const EFFECTIVE_SHARE: f64 = 0.8;
/// Days after a closure in which the same again is a recurrence.
pub(super) const RECURRENCE_DAYS: u64 = 90;

/// Times from the opening of alerts to something, by severity.
struct Times {
    all: Vec<f64>,
    by_severity: [Vec<f64>; 3],
    rows: Vec<RowBehind>,
    late: u64,
}

impl Times {
    fn new() -> Self {
        let by_severity = [Vec::new(), Vec::new(), Vec::new()];
        Self { all: Vec::new(), by_severity, rows: Vec::new(), late: 0 }
    }

    fn add(&mut self, alert: &Alert, at: &str, working_days: u32) {
        let hours = seconds_between(&alert.opened_at, at) / 3_600.0;
        let due = due_on(&alert.opened_at, working_days);
        let is_late = due.zip(day_of(at)).is_some_and(|(due, day)| day > due);
        let severity = alert.acknowledged.as_ref().map(|(_, severity)| *severity);
        let words = severity.map_or("no severity", Severity::word);
        self.rows.push(alert.of.row(at, format!("{words}, {} h", read(hours)), is_late));
        self.late += u64::from(is_late);
        self.all.push(hours);
        if let Some(index) = Severity::ALL.iter().position(|one| Some(*one) == severity) {
            self.by_severity[index].push(hours);
        }
    }

    fn outcome(self, empty: &str, working_days: u32) -> Outcome {
        let which = [Statistic::Median, Statistic::P95];
        let mut figures = quantiles(("all", "h"), self.all, &which);
        if figures.is_empty() {
            return Outcome::none(empty);
        }
        for (severity, hours) in Severity::ALL.into_iter().zip(self.by_severity) {
            figures.extend(quantiles((severity.word(), "h"), hours, &which));
        }
        let because = format!(
            "{} of {} came after the {working_days}. working day",
            self.late,
            self.rows.len()
        );
        Outcome::of(figures, Warning::when(self.late > 0, because), self.rows)
    }
}

/// From the opening of an alert to its acknowledgement.
pub(super) fn acknowledge_time(facts: &Facts) -> Outcome {
    let mut times = Times::new();
    for alert in &facts.alerts {
        if let Some((at, _)) = alert.acknowledged.as_ref().filter(|(at, _)| facts.period.has(at)) {
            times.add(alert, at, ALERT_DAYS);
        }
    }
    times.outcome("no alert was acknowledged in the period", ALERT_DAYS)
}

/// From the opening of an alert to its first signed decision.
pub(super) fn decision_time(facts: &Facts) -> Outcome {
    let mut times = Times::new();
    for alert in &facts.alerts {
        if let Some(at) = alert.decided_at.as_ref().filter(|at| facts.period.has(at)) {
            times.add(alert, at, SIGNATURE_DAYS);
        }
    }
    times.outcome("no decision on an alert was signed in the period", SIGNATURE_DAYS)
}

/// An action as it was planned: its due days, and when it was done.
struct Planned<'a> {
    of: &'a Source,
    first_due: &'a str,
    due: &'a str,
    done: Option<&'a str>,
}

/// The actions of an alert that were planned before `end`, oldest first.
fn planned<'a>(alert: &'a Alert, end: &str) -> Vec<Planned<'a>> {
    let mut actions: Vec<Planned<'a>> = Vec::new();
    for (of, at, event) in alert.events.iter().filter(|(_, at, _)| at.as_str() < end) {
        match event {
            AlertEvent::Planned { due_on } => {
                actions.push(Planned { of, first_due: due_on, due: due_on, done: None });
            }
            AlertEvent::Extended { due_on } => {
                actions.iter_mut().last().into_iter().for_each(|one| one.due = due_on);
            }
            AlertEvent::Completed => {
                actions.iter_mut().last().into_iter().for_each(|one| one.done = Some(at));
            }
            AlertEvent::Returned => {
                actions.iter_mut().last().into_iter().for_each(|one| one.done = None);
            }
            _ => {}
        }
    }
    actions
}

/// Open alerts, actions and reviews at the end of the period, and those of them that are overdue.
pub(super) fn overdue(facts: &Facts) -> Outcome {
    let end = facts.period.to.as_str();
    let Some(today) = day_of(end) else { return Outcome::none("the period has no end") };
    let is_past = |due: &str| due < today.to_string().as_str();
    let mut rows = Vec::new();
    for alert in facts.alerts.iter().filter(|one| one.opened_at.as_str() < end) {
        if alert.acknowledged.as_ref().is_none_or(|(at, _)| at.as_str() >= end) {
            let late = due_on(&alert.opened_at, ALERT_DAYS).is_some_and(|due| today > due);
            rows.push(alert.of.row(&alert.opened_at, "alert: acknowledged by nobody", late));
        }
        if let Some(action) = planned(alert, end).last().filter(|one| one.done.is_none()) {
            let says = format!("action of an alert: due on {}", action.due);
            rows.push(action.of.row("", says, is_past(action.due)));
        }
    }
    for kind in crate::review::review_kind::ReviewKind::ALL {
        let its = facts.reviews.iter().filter(|one| one.kind == kind);
        let its = its.filter(|one| one.signed_at.as_str() < end);
        if let Some(last) = its.max_by_key(|one| (one.covers.end, &one.signed_at)) {
            let says = format!("review: {}: the next one due on {}", kind.title(), last.next_due);
            rows.push(last.of.row("", says, is_past(&last.next_due)));
        }
    }
    if let Some((of, due)) = &facts.drill_due {
        rows.push(of.row("", format!("continuity drill: the next one due on {due}"), is_past(due)));
    }
    share_outcome(rows, "nothing was open at the end of the period", |late, all| {
        let because = format!("{late} of {all} are overdue");
        Warning::when(late as f64 > OVERDUE_SHARE * all as f64, because)
    })
}

/// Actions whose first due day lies in the period, done by then.
pub(super) fn action_on_time(facts: &Facts) -> Outcome {
    let end = facts.computed_at.as_str();
    let last = facts.period.to.get(..10).unwrap_or_default();
    let in_period = |due: &str| facts.period.from.get(..10).is_some_and(|d| d <= due) && due < last;
    let (mut rows, mut extended) = (Vec::new(), 0);
    for action in facts.alerts.iter().flat_map(|alert| planned(alert, end)) {
        if !in_period(action.first_due) {
            continue;
        }
        let on_time = action.done.is_some_and(|at| at.get(..10) <= Some(action.first_due));
        let was_extended = action.due != action.first_due;
        extended += u64::from(was_extended);
        let done = action.done.map_or("not done".to_owned(), |at| format!("done {at}"));
        let moved = if was_extended { format!(", moved to {}", action.due) } else { String::new() };
        let says = format!("due on {}{moved}: {done}", action.first_due);
        rows.push(action.of.row(action.done.unwrap_or_default(), says, on_time));
    }
    let all = rows.len() as u64;
    let mut outcome =
        share_outcome(rows, "no action was due in the period by its first due day", |good, all| {
            let because = format!("{good} of {all} were done by their first due day");
            Warning::when((good as f64) < ON_TIME_SHARE * all as f64, because)
        });
    if let Outcome::Evaluated { figures, .. } = &mut outcome {
        figures.extend(share("due day moved", extended, all));
    }
    outcome
}

/// Checked actions that were effective.
pub(super) fn action_effectiveness(facts: &Facts) -> Outcome {
    let mut rows = Vec::new();
    for (of, at, event) in facts.alerts.iter().flat_map(|alert| &alert.events) {
        if let AlertEvent::Checked { outcome } = event
            && facts.period.has(at)
        {
            rows.push(of.row(at, outcome.clone(), outcome == "effective"));
        }
    }
    share_outcome(rows, "the effect of no action was checked in the period", |good, all| {
        let because = format!("{good} of {all} were effective");
        Warning::when((good as f64) < EFFECTIVE_SHARE * all as f64, because)
    })
}

/// The cause that was recorded last, before `end`.
fn cause<'a>(alert: &'a Alert, end: &str) -> Option<&'a str> {
    let mut events = alert.events.iter().rev().filter(|(_, at, _)| at.as_str() < end);
    events.find_map(|(_, _, event)| match event {
        AlertEvent::Investigated { cause } => Some(cause.as_str()),
        _ => None,
    })
}

/// Whether `next` is the same again: another alert of the model and kind on a common feature, of the same cause where both name one.
fn is_again(closed: &Alert, next: &Alert, now: &str) -> bool {
    let common = closed.features.is_empty() && next.features.is_empty()
        || closed.features.iter().any(|feature| next.features.contains(feature));
    let causes = cause(closed, now).zip(cause(next, now));
    closed.of != next.of
        && closed.model == next.model
        && closed.kind == next.kind
        && common
        && causes.is_none_or(|(one, other)| one == other)
}

/// Closures of a period, and whether the same came again.
fn closures(facts: &Facts, period: &Period) -> Vec<RowBehind> {
    let now = facts.computed_at.as_str();
    let mut rows = Vec::new();
    for alert in &facts.alerts {
        for (of, at, event) in &alert.events {
            if !matches!(event, AlertEvent::Closed) || !period.has(at) {
                continue;
            }
            let until = later(at, RECURRENCE_DAYS * DAY_MS);
            let is_within = |when: &str| at.as_str() < when && when < until.as_str() && when < now;
            let mut others = facts.alerts.iter();
            let again = others.find(|o| is_within(&o.opened_at) && is_again(alert, o, now));
            let says = again.map_or_else(
                || "did not come again so far".to_owned(),
                |other| format!("came again as {}", other.of.record),
            );
            rows.push(of.row(at, says, again.is_some()));
        }
    }
    rows
}

/// Closures after which the same came again.
pub(super) fn recurrence(facts: &Facts) -> Outcome {
    let before = closures(facts, &facts.period.before());
    let came = before.iter().filter(|row| row.counts).count();
    let rows = closures(facts, &facts.period);
    share_outcome(rows, "no alert was closed in the period", |again, all| {
        rising((again, all), (came as u64, before.len() as u64))
    })
}

/// Whether a share is larger than that of the period before.
pub(super) fn rising(now: (u64, u64), before: (u64, u64)) -> Warning {
    if before.1 == 0 {
        return Warning::unknown("there is nothing in the period before to compare with");
    }
    let is_higher =
        u128::from(now.0) * u128::from(before.1) > u128::from(before.0) * u128::from(now.1);
    let because =
        format!("{} of {}, in the period before {} of {}", now.0, now.1, before.0, before.1);
    Warning::when(is_higher, because)
}
