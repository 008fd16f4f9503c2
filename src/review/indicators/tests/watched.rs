//! Monitoring in use, reviewers of predictions, reviews of the audit trail, accounts, the clock.

use super::super::*;
use super::*;

#[test]
fn a_version_is_covered_where_no_planned_batch_was_missing() {
    let of = |cadence, missing: &[&str], batch: &str| {
        facts(|facts| {
            let mut one = in_use("a", "2026-01-01T00:00");
            one.has_cadence = cadence;
            let later = in_use("late", "2026-07-01T00:00");
            facts.versions = vec![one, later];
            let missed =
                |when: &&str| Alert { kind: "missing_batch".to_owned(), ..alert(when, when) };
            facts.alerts = missing.iter().map(missed).collect();
            let version_id = "a".to_owned();
            facts.batches = vec![Batch { version_id, at: at(batch), ..Batch::default() }];
        })
    };
    let came = "2026-03-15T00:00";
    assert_eq!(found("monitoring_coverage", &of(true, &[], came)), share(1, 1, Some(false), 1));
    assert_eq!(found("monitoring_coverage", &of(false, &[], came)), share(0, 1, Some(true), 0));
    let within = of(true, &["2026-05-01T00:00"], came);
    assert_eq!(found("monitoring_coverage", &within), share(0, 1, Some(true), 0));
    // Missing before the period: it came before its begin, or it did not.
    let before = of(true, &["2026-03-01T00:00"], came);
    assert_eq!(found("monitoring_coverage", &before), share(1, 1, Some(false), 1));
    let never = of(true, &["2026-03-20T00:00"], came);
    assert_eq!(found("monitoring_coverage", &never), share(0, 1, Some(true), 0));
}

#[test]
fn labels_inputs_and_undecided_scores_are_counted_over_all_and_by_model() {
    let all = facts(|facts| {
        let batch = |rows, labelled| Batch {
            of: source("b"),
            at: at("2026-05-01T00:00"),
            rows,
            labelled,
            ..Batch::default()
        };
        facts.batches = vec![batch(100, Some(95)), batch(100, Some(75)), batch(100, None)];
        let judged = |model: &str, unseen, undecided: u64, drifts| Judged {
            of: source(model),
            model: model.to_owned(),
            at: at("2026-05-01T00:00"),
            values: 1_000,
            unseen,
            undecided: Some((undecided, 50)),
            undecided_drifts: drifts,
        };
        facts.judged = vec![judged("a", 0, 5, false), judged("b", 30, 20, true)];
        let (of, kind) = (source("q"), "file refused: x".to_owned());
        facts.refused_files = vec![Happened { of, at: at("2026-05-02T00:00"), kind }];
    });
    // 95 + 75 of the 200 that were evaluated: 85 %.
    assert_eq!(found("label_coverage", &all), share(170, 200, Some(true), 1));
    assert!(reason("label_lag", &all).contains("time of their own"));
    // 30 of 2000 values; one refused of three files.
    assert_eq!(found("out_of_space", &all), share(30, 2_000, None, 2));
    assert_eq!(figure("out_of_space", &all, "b", Statistic::Share), 0.03);
    let refused = "files not as declared, refused";
    assert_eq!(figure("out_of_space", &all, refused, Statistic::Share), 1.0 / 3.0);
    assert_eq!(found("undecided_rate", &all), share(25, 100, Some(true), 1));
    assert_eq!(figure("undecided_rate", &all, "a", Statistic::Share), 0.1);
}

#[test]
fn reviewers_override_take_time_and_agree_when_blind() {
    let answer = |by: &str, blind, agrees, ms: u64, when: &str| Answer {
        of: source("a"),
        at: at(when),
        by: by.to_owned(),
        blind,
        agrees,
        dwell_ms: Some(ms),
    };
    let may = "2026-05-01T00:00";
    let few = facts(|facts| {
        facts.answers = vec![
            answer("ada", false, Some(true), 10_000, may),
            answer("ada", false, Some(false), 20_000, may),
            answer("bo", false, Some(true), 4_000, may),
            answer("bo", false, None, 30_000, may),
            answer("bo", true, Some(true), 40_000, may),
            answer("ada", true, Some(false), 50_000, may),
            answer("ada", true, Some(true), 1_000, "2026-02-01T00:00"),
        ];
    });
    // Shown and judged: three, one of them against the model.
    assert_eq!(found("override_rate", &few), share(1, 3, Some(false), 1));
    assert_eq!(figure("override_rate", &few, "ada", Statistic::Share), 0.5);
    // 4, 10, 20, 30, 40, 50 s: the third; bo has 4, 30, 40; ada 10, 20, 50.
    assert_eq!(found("review_dwell", &few), (20.0, None, 6, Some(false), 1));
    assert_eq!(figure("review_dwell", &few, "bo", Statistic::Median), 30.0);
    // Blind: 1 of 2 after 1 of 1 in the period before.
    assert_eq!(found("blind_agreement", &few), share(1, 2, Some(true), 1));
    let many = facts(|facts| {
        facts.answers = vec![answer("ada", false, Some(true), 4_999, may); 200];
    });
    assert_eq!(found("override_rate", &many), share(0, 200, Some(true), 0));
    assert_eq!(found("review_dwell", &many), (4.999, None, 200, Some(true), 200));
    let half = facts(|facts| {
        let one = |agrees| answer("ada", true, Some(agrees), 9_000, may);
        facts.answers = vec![one(true), one(false)];
    });
    assert_eq!(found("blind_agreement", &half), share(1, 2, Some(false), 1));
}

#[test]
fn a_critical_entry_is_covered_by_a_review_that_was_signed_by_its_due_time() {
    let of = |signed: &str, covers: std::ops::Range<u64>| {
        facts(|facts| {
            let entry = |index, kind, when: &str| TrailEntry { index, at: at(when), kind };
            facts.trail = vec![
                // Due on April 1, May 1 (decisions: 30 days), July 1 (out) and June 1 (administration: 91 days).
                entry(1, ReviewKind::Decisions, "2026-03-02T00:00"),
                entry(2, ReviewKind::Decisions, "2026-04-01T00:00"),
                entry(3, ReviewKind::Decisions, "2026-06-01T00:00"),
                entry(4, ReviewKind::Administration, "2026-03-02T00:00"),
            ];
            let (of, kind) = (source("r"), ReviewKind::Decisions);
            let next_due = "2026-09-01".to_owned();
            facts.reviews = vec![Review { of, kind, covers, signed_at: at(signed), next_due }];
        })
    };
    let good = of("2026-04-01T00:00", 0..3);
    assert_eq!(found("audit_trail_coverage", &good), share(2, 3, Some(true), 2));
    let late = of("2026-04-01T00:01", 0..3);
    assert_eq!(found("audit_trail_coverage", &late), share(1, 3, Some(true), 1));
    let short = of("2026-04-01T00:00", 0..2);
    assert_eq!(found("audit_trail_coverage", &short), share(1, 3, Some(true), 1));
}

#[test]
fn a_version_is_independent_where_training_rows_were_counted_and_none_is_elsewhere() {
    let of = facts(|facts| {
        let version = |id: &str, overlaps: &[u64], when: &str| Version {
            overlaps: overlaps.to_vec(),
            ..in_use(id, when)
        };
        facts.versions = vec![
            version("clean", &[0, 0], "2026-05-01T00:00"),
            version("mixed", &[0, 7], "2026-05-01T00:00"),
            version("unknown", &[], "2026-05-01T00:00"),
            version("old", &[9], "2026-01-01T00:00"),
        ];
    });
    assert_eq!(found("independence", &of), share(1, 3, Some(true), 1));
}

#[test]
fn a_test_set_is_used_once() {
    let of = |uses: &[(&str, &str)]| {
        facts(|facts| {
            let one = |&(set, when): &(&str, &str)| TestUse {
                of: source(when),
                version: "a 1".to_owned(),
                rows_sha256: set.to_owned(),
                at: at(when),
            };
            facts.test_uses = uses.iter().map(one).collect();
        })
    };
    let (may, before, after) = ("2026-05-01T00:00", "2026-01-01T00:00", "2026-07-01T00:00");
    assert_eq!(found("test_set_use", &of(&[("x", may), ("y", may)])), share(0, 2, Some(false), 0));
    // `x` was used before, `y` is not used again before the end, `z` not in the period.
    let again = of(&[("x", before), ("x", may), ("y", may), ("y", after), ("z", before)]);
    assert_eq!(found("test_set_use", &again), share(1, 2, Some(true), 2));
    assert_eq!(figure("test_set_use", &again, "uses of one test set", Statistic::Maximum), 2.0);
}

#[test]
fn limits_have_a_reason_are_crossed_and_change_after_an_alert() {
    let of = facts(|facts| {
        let mut old = in_use("a", "2025-07-01T00:00");
        old.has_rationale = true;
        old.limits_changed =
            vec![(source("p1"), at("2026-05-01T00:00")), (source("p2"), at("2026-06-30T00:00"))];
        // In use for 364 days: one day too few.
        let young = in_use("b", "2025-07-02T00:00");
        let quiet = in_use("c", "2025-01-01T00:00");
        facts.versions = vec![old, young, quiet];
        facts.alerts = vec![alert("1", "2026-04-15T00:00")];
    });
    assert_eq!(found("limits_without_rationale", &of), share(2, 3, Some(true), 2));
    // `a` (an alert) and `c` (none).
    assert_eq!(found("limits_never_crossed", &of), share(1, 2, None, 1));
    // 16 days and 76 days after the alert.
    assert_eq!(found("limits_changed_after_alert", &of), share(2, 2, None, 2));
}

#[test]
fn records_that_come_late_are_a_warning_where_they_become_more() {
    let of = |before: &[u64], now: &[u64]| {
        facts(|facts| {
            let record = |when: &str, hours: u64| {
                let at = at(when);
                Recorded { of: source("b"), occurred_at: earlier(&at, hours * 3_600_000), at }
            };
            facts.recorded = now.iter().map(|hours| record("2026-05-01T00:00", *hours)).collect();
            let before = before.iter().map(|hours| record("2026-02-01T00:00", *hours));
            facts.recorded.extend(before);
        })
    };
    // 24 h are not more than 24 h.
    assert_eq!(found("late_entries", &of(&[1, 25], &[24, 25])), share(1, 2, Some(false), 1));
    assert_eq!(found("late_entries", &of(&[1, 1, 25], &[24, 25])), share(1, 2, Some(true), 1));
    assert_eq!(found("late_entries", &of(&[], &[24, 25])), share(1, 2, None, 1));
}

#[test]
fn the_clock_is_trusted_but_for_the_time_between_two_events() {
    let of = |events: &[(&str, i64, bool)]| {
        facts(|facts| {
            let note = |&(when, offset_ms, trusted): &(&str, i64, bool)| ClockNote {
                of: source(when),
                at: at(when),
                kind: "step".to_owned(),
                offset_ms,
                trusted,
            };
            facts.clock = events.iter().map(note).collect();
        })
    };
    assert_eq!(found("clock", &of(&[])), (1.0, None, 0, Some(false), 0));
    // 9.1 of 91 days not trusted: 10 %.
    let off = of(&[("2026-04-01T00:00", -600, false), ("2026-04-10T02:24", 0, true)]);
    assert_eq!(found("clock", &off), (0.9, None, 2, Some(true), 1));
    assert_eq!(figure("clock", &off, "minutes not trusted", Statistic::Count), 13_104.0);
    assert_eq!(figure("clock", &off, "offset noticed", Statistic::Maximum), 600.0);
    // Not trusted since before the period, for its first 91 minutes of 131 040: less than a thousandth.
    let short = of(&[("2026-03-31T00:00", 0, false), ("2026-04-01T01:31", 1_001, true)]);
    let found_short = found("clock", &short);
    assert!((found_short.0 - (1.0 - 91.0 / 131_040.0)).abs() < 1e-12, "{found_short:?}");
    assert_eq!(found_short.3, Some(true), "1001 ms off");
}

#[test]
fn access_is_reviewed_in_time_and_no_account_sleeps() {
    let of = |next: Option<&str>| {
        facts(|facts| {
            let review = |signed: &str, due: &str| Review {
                of: source(signed),
                kind: ReviewKind::Access,
                covers: 0..1,
                signed_at: at(signed),
                next_due: due.to_owned(),
            };
            facts.reviews = vec![review("2025-12-01T00:00", "2026-06-01")];
            facts.reviews.extend(next.map(|next| review(next, "2026-12-01")));
            let person = |name: &str, since: &str, came: Option<&str>| Person {
                of: source(name),
                user_name: name.to_owned(),
                since: at(since),
                signed_in_at: came.map(at),
            };
            facts.people = vec![
                person("ada", "2025-01-01T00:00", Some("2026-06-01T00:00")),
                // 90 days before July 1 is April 2.
                person("bo", "2025-01-01T00:00", Some("2026-04-01T23:59")),
                person("new", "2026-06-01T00:00", None),
                person("never", "2025-01-01T00:00", None),
                person("after", "2026-07-01T00:00", None),
            ];
        })
    };
    let held = of(Some("2026-06-01T23:00"));
    assert_eq!(found("access_reviews", &held), share(1, 1, Some(false), 1));
    assert_eq!(found("access_reviews", &of(Some("2026-06-02T00:00"))), share(0, 1, Some(true), 0));
    assert_eq!(found("access_reviews", &of(None)), share(0, 1, Some(true), 0));
    assert_eq!(found("dormant_accounts", &held), share(2, 4, Some(true), 2));
    assert!(reason("leavers", &held).contains("leaves"));
}

#[test]
fn a_signer_is_trained_at_every_signature() {
    let of = facts(|facts| {
        let signed = |account: &str, when: &str, role| Signed {
            of: source(when),
            at: at(when),
            account_id: account.to_owned(),
            user_name: account.to_owned(),
            role,
            agrees: true,
        };
        facts.signatures = vec![
            signed("ada", "2026-04-10T00:00", Role::Qa),
            signed("ada", "2026-05-10T00:00", Role::Qa),
            signed("bo", "2026-04-10T00:00", Role::Qa),
            signed("cy", "2026-04-10T00:00", Role::Reviewer),
        ];
        let (role, course) = (Role::Qa, "SOP-7".to_owned());
        let rules = vec![TrainingRule { role, course: course.clone(), days: 30 }];
        let training = |day: &str| {
            let completed_on = day.parse().unwrap();
            let training =
                Training { role, course: course.clone(), completed_on, valid_until: None };
            (at(&format!("{day}T00:00")), training)
        };
        let trainings = [
            // Good until April 24; another one until June 4.
            ("ada".to_owned(), vec![training("2026-03-25"), training("2026-05-05")]),
            ("bo".to_owned(), vec![training("2026-03-10")]),
        ];
        facts.training = (TrainingPolicy { rules }, trainings.into_iter().collect());
    });
    // The role of cy needs none; that of bo ended on April 9.
    assert_eq!(found("training_validity", &of), share(1, 2, Some(true), 1));
}

#[test]
fn refusals_are_per_thousand_sessions_and_a_spike_is_more_than_twice_the_rate_before() {
    let of = |before: (usize, usize), now: (usize, usize)| {
        facts(|facts| {
            let line = |kind: &str, when: &str| Happened {
                of: source("e"),
                at: at(when),
                kind: kind.to_owned(),
            };
            for ((refused, came), when) in [(before, "2026-02-01T00:00"), (now, "2026-05-01T00:00")]
            {
                facts.access.extend(vec![line("signed_in", when); came]);
                facts.access.extend(vec![line("refused", when); refused]);
            }
        })
    };
    // 10 in 100 sessions are 100 per thousand; before, 5 in 100, then 4 in 100.
    assert_eq!(
        found("refusals", &of((5, 100), (10, 100))),
        (100.0, Some(10), 100, Some(false), 10)
    );
    assert_eq!(found("refusals", &of((4, 100), (10, 100))), (100.0, Some(10), 100, Some(true), 10));
    // 9 are too few to call it one; without a period before nobody can say.
    assert_eq!(found("refusals", &of((1, 100), (9, 100))), (90.0, Some(9), 100, Some(false), 9));
    assert_eq!(found("refusals", &of((0, 0), (9, 100))), (90.0, Some(9), 100, None, 9));
}
