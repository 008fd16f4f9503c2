//! Alerts and what is done about them.

use super::super::*;
use super::*;

#[test]
fn alerts_are_acknowledged_and_decided_in_time_by_severity() {
    let alerts = |second: &str| {
        facts(|facts| {
            let mut one = alert("1", "2026-06-01T08:00");
            one.acknowledged = Some((at("2026-06-01T10:00"), Severity::Critical));
            one.decided_at = Some(at("2026-06-03T08:00"));
            let mut two = alert("2", "2026-06-01T08:00");
            two.acknowledged = Some((at(second), Severity::Minor));
            two.decided_at = Some(at("2026-06-09T08:00"));
            let mut outside = alert("3", "2026-07-01T08:00");
            outside.acknowledged = Some((at("2026-07-01T09:00"), Severity::Major));
            facts.alerts = vec![one, two, outside];
        })
    };
    // 2 h and 26 h: the median of two is the first. A Monday's alert is due on Tuesday.
    let good = alerts("2026-06-02T10:00");
    assert_eq!(found("alert_acknowledge_time", &good), (2.0, None, 2, Some(false), 0));
    assert_eq!(figure("alert_acknowledge_time", &good, "all", Statistic::P95), 26.0);
    assert_eq!(figure("alert_acknowledge_time", &good, "minor", Statistic::Median), 26.0);
    let late = alerts("2026-06-03T08:00");
    assert_eq!(found("alert_acknowledge_time", &late), (2.0, None, 2, Some(true), 1));
    // 48 h and 192 h; five working days after Monday the 1st is Monday the 8th.
    assert_eq!(found("alert_decision_time", &good), (48.0, None, 2, Some(true), 1));
    assert_eq!(figure("alert_decision_time", &good, "critical", Statistic::P95), 48.0);
}

fn planned(id: &str, due: &str, rest: &[(&str, AlertEvent)]) -> Alert {
    let mut one = alert(id, "2026-04-02T00:00");
    one.acknowledged = Some((at("2026-04-02T01:00"), Severity::Major));
    let plan = AlertEvent::Planned { due_on: due.to_owned() };
    one.events.push((source(&format!("{id}-plan")), at("2026-04-03T00:00"), plan));
    let rest = rest.iter();
    one.events.extend(rest.map(|(when, event)| (source(when), at(when), event.clone())));
    one
}

#[test]
fn what_is_open_at_the_end_of_the_period_and_past_its_day_is_overdue() {
    let open = |due: &str, plans: usize| {
        facts(|facts| {
            let review = |next: &str| Review {
                of: source("r"),
                kind: ReviewKind::Data,
                covers: 0..9,
                signed_at: at("2026-05-01T00:00"),
                next_due: next.to_owned(),
            };
            facts.alerts = (0..plans).map(|n| planned(&n.to_string(), due, &[])).collect();
            facts.alerts.push(planned(
                "d",
                "2026-05-01",
                &[("2026-05-02T00:00", AlertEvent::Completed)],
            ));
            facts.alerts.push(alert("new", "2026-06-30T12:00"));
            facts.reviews = vec![review("2026-07-01")];
            facts.drill_due = Some((source("dr"), "2026-06-30".to_owned()));
        })
    };
    // One plan, the new alert (due on the 1st of July), the review (due on the 1st) and the drill (the 30th: overdue).
    assert_eq!(found("overdue_records", &open("2026-08-01", 1)), share(1, 4, Some(true), 1));
    assert_eq!(found("overdue_records", &open("2026-06-01", 1)), share(2, 4, Some(true), 2));
    // 1 of 20 is 5 %, and not more.
    assert_eq!(found("overdue_records", &open("2026-08-01", 17)), share(1, 20, Some(false), 1));
}

#[test]
fn actions_are_on_time_by_their_first_due_day_and_effective_as_checked() {
    use AlertEvent::{Checked, Completed, Extended, Returned};
    let check = |word: &str| Checked { outcome: word.to_owned() };
    let actions = facts(|facts| {
        facts.alerts = vec![
            planned("1", "2026-05-10", &[("2026-05-10T23:00", Completed)]),
            planned("2", "2026-05-10", &[("2026-05-11T00:00", Completed)]),
            planned(
                "3",
                "2026-05-10",
                &[
                    ("2026-05-09T00:00", Extended { due_on: "2026-06-01".to_owned() }),
                    ("2026-05-20T00:00", Completed),
                    ("2026-06-01T00:00", check("effective")),
                ],
            ),
            planned(
                "4",
                "2026-05-10",
                &[("2026-05-08T00:00", Completed), ("2026-05-09T00:00", Returned)],
            ),
            planned("5", "2026-07-01", &[("2026-06-02T00:00", check("inconclusive"))]),
        ];
    });
    // Due in the period: 1 to 4. The first alone was done by its first day; 3 was moved; 5 is due on the day after.
    assert_eq!(found("action_on_time", &actions), share(1, 4, Some(true), 1));
    let moved = figure("action_on_time", &actions, "due day moved", Statistic::Share);
    assert_eq!(moved, 0.25);
    assert_eq!(found("action_effectiveness", &actions), share(1, 2, Some(true), 1));
    let enough = facts(|facts| {
        let words = ["effective", "effective", "effective", "effective", "ineffective"];
        let one = |word: &&str| planned("x", "2026-08-01", &[("2026-05-01T00:00", check(word))]);
        facts.alerts = words.iter().map(one).collect();
    });
    // 4 of 5 are 80 %, and not below.
    assert_eq!(found("action_effectiveness", &enough), share(4, 5, Some(false), 4));
}

#[test]
fn the_same_alert_within_90_days_of_a_closure_is_a_recurrence() {
    let closed = |id: &str, when: &str| {
        let mut one = alert(id, "2026-01-01T00:00");
        let cause = AlertEvent::Investigated { cause: "sensor".to_owned() };
        one.events = vec![
            (source("i"), at("2026-01-02T00:00"), cause),
            (source(&format!("{id}-close")), at(when), AlertEvent::Closed),
        ];
        one
    };
    let of = |change: &dyn Fn(&mut Alert), next: &str| {
        facts(|facts| {
            let mut again = alert("next", next);
            change(&mut again);
            let mut other = closed("other", "2026-06-01T00:00");
            other.features = vec!["weight".to_owned()];
            facts.alerts = vec![
                closed("before", "2026-01-10T00:00"),
                closed("now", "2026-04-01T00:00"),
                other,
                again,
            ];
        })
    };
    // Closures of the period: `now` and `other`. The one before did not come again within its 90 days (until April 10).
    assert_eq!(found("recurrence", &of(&|_| (), "2026-06-29T00:00")), share(1, 2, Some(true), 1));
    assert_eq!(found("recurrence", &of(&|_| (), "2026-06-30T00:00")), share(0, 2, Some(false), 0));
    let model = |one: &mut Alert| one.model = "b".to_owned();
    assert_eq!(found("recurrence", &of(&model, "2026-06-01T00:00")), share(0, 2, Some(false), 0));
    let cause = |one: &mut Alert| {
        let other = AlertEvent::Investigated { cause: "label".to_owned() };
        one.events = vec![(source("j"), at("2026-06-02T00:00"), other)];
    };
    assert_eq!(found("recurrence", &of(&cause, "2026-06-01T00:00")), share(0, 2, Some(false), 0));
    // On April 5 both closures see it: 1 of 2 now, 1 of 1 before, and that is no rise.
    assert_eq!(found("recurrence", &of(&|_| (), "2026-04-05T00:00")), share(1, 2, Some(false), 1));
}
