//! Every indicator, with numbers that were worked out by hand: each test says how.

mod alerts;
mod watched;

use super::facts::*;
use super::table::INDICATORS;
use super::*;

/// The second quarter of 2026: 91 days. The one before it is of the same length and begins on 2025-12-31.
fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts {
        period: Period::parse("2026-04-01", "2026-07-01").unwrap(),
        computed_at: "2026-07-02T00:00:00.000Z".to_owned(),
        began_at: "2025-01-01T00:00:00.000Z".to_owned(),
        ..Facts::default()
    };
    change(&mut facts);
    facts
}

fn indicator(code: &str, facts: &Facts) -> Indicator {
    INDICATORS.iter().find(|one| one.code == code).expect(code).of(facts)
}

fn reason(code: &str, facts: &Facts) -> String {
    match indicator(code, facts).outcome {
        Outcome::NotEvaluated { reason } => reason,
        other @ Outcome::Evaluated { .. } => panic!("{code}: {other:?}"),
    }
}

/// The first figure with its counts, whether it warns (nothing where nobody can say), and how many rows count.
type Found = (f64, Option<u64>, u64, Option<bool>, usize);

fn found(code: &str, facts: &Facts) -> Found {
    let one = indicator(code, facts);
    assert!(one.agrees(), "{one:?}");
    let Outcome::Evaluated { figures, warning, rows, rows_left_out } = one.outcome else {
        panic!("{code}: {:?}", one.outcome)
    };
    assert_eq!(rows_left_out, 0);
    let warns = match warning {
        Warning::Yes { because } => {
            assert!(!because.is_empty());
            Some(true)
        }
        Warning::No => Some(false),
        Warning::NotEvaluated { reason } => {
            assert!(!reason.is_empty());
            None
        }
    };
    let counted = rows.iter().filter(|row| row.counts).count();
    let first = &figures[0];
    (first.value, first.numerator, first.denominator, warns, counted)
}

fn figure(code: &str, facts: &Facts, of: &str, statistic: Statistic) -> f64 {
    let Outcome::Evaluated { figures, .. } = indicator(code, facts).outcome else {
        panic!("{code}")
    };
    let of = figures.into_iter().find(|one| one.of == of && one.statistic == statistic);
    of.expect(code).value
}

fn share(numerator: u64, denominator: u64, warns: Option<bool>, counted: usize) -> Found {
    (numerator as f64 / denominator as f64, Some(numerator), denominator, warns, counted)
}

fn at(text: &str) -> String {
    format!("{text}:00.000Z")
}

fn source(id: &str) -> Source {
    Source::of("record", id)
}

fn in_use(id: &str, since: &str) -> Version {
    let steps = [Step::Submit, Step::Approve, Step::Release];
    Version {
        of: Source::of("model_version", id),
        id: id.to_owned(),
        name: format!("{id} 1"),
        model: id.to_owned(),
        steps: steps.map(|step| (step, at(since))).to_vec(),
        ..Version::default()
    }
}

use crate::access::role::Role;
use crate::access::training::{Training, TrainingPolicy, TrainingRule};
use crate::provenance::risk::Tier;
use crate::review::decision::Severity;
use crate::review::life_cycle::Step;

#[test]
fn an_empty_store_evaluates_only_what_needs_no_record_and_says_why_of_all_others() {
    let empty = facts(|_| ());
    let sheet = IndicatorSheet::compute(&empty);
    assert_eq!(sheet.indicators.len(), INDICATORS.len());
    let evaluated: Vec<_> = sheet.indicators.iter().filter(|one| one.is_evaluated()).collect();
    assert_eq!(evaluated.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["clock"]);
    for one in &sheet.indicators {
        if let Outcome::NotEvaluated { reason } = &one.outcome {
            assert!(reason.len() >= 20, "{}: {reason}", one.code);
        }
        assert!(!one.formula.is_empty() && !one.warns_when.is_empty(), "{}", one.code);
    }
    sheet.validate("2026-07-02T00:00:00.000Z").unwrap();
    let bytes = sheet.bytes().unwrap();
    let again: IndicatorSheet = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((again.bytes().unwrap(), again), (bytes, sheet));
}

#[test]
fn a_period_is_two_days_or_times_and_its_end_is_not_in_it() {
    let period = Period::parse("2026-04-01", "2026-07-01T00:00:00+00:00").unwrap();
    assert!(period.has("2026-04-01T00:00:00.000Z") && !period.has("2026-07-01T00:00:00.000Z"));
    assert_eq!(period.milliseconds(), 91 * DAY_MS);
    assert_eq!(period.before().from, "2025-12-31T00:00:00.000Z");
    let open = period.clone().until("2026-05-01T00:00:00.000Z").unwrap();
    assert_eq!(
        (open.from.as_str(), open.to.as_str()),
        (period.from.as_str(), "2026-05-01T00:00:00.000Z")
    );
    assert_eq!(period.clone().until("2026-08-01T00:00:00.000Z").unwrap(), period);
    assert!(period.clone().until(&period.from).is_err());
    for (from, to) in [
        ("2026-07-01", "2026-07-01"),
        ("2026-07-02", "2026-07-01"),
        ("yesterday", "2026-07-01"),
        ("2026-04-01", ""),
        ("2020-01-01", "2026-01-01"),
    ] {
        assert!(Period::parse(from, to).is_err(), "{from} {to}");
    }
}

#[test]
fn a_sheet_whose_figures_do_not_agree_or_whose_period_is_not_over_does_not_hold() {
    let now = "2026-07-02T00:00:00.000Z";
    let sheet = |change: &dyn Fn(&mut IndicatorSheet)| {
        let mut sheet = IndicatorSheet::compute(&facts(|facts| {
            facts.versions = vec![in_use("a", "2026-01-01T00:00")];
        }));
        change(&mut sheet);
        sheet.validate(now)
    };
    sheet(&|_| ()).unwrap();
    assert!(sheet(&|one| one.format.clear()).is_err());
    assert!(sheet(&|one| one.indicators.clear()).is_err());
    assert!(sheet(&|one| one.indicators.push(one.indicators[0].clone())).is_err());
    assert!(sheet(&|one| one.period.to = "2026-08-01T00:00:00.000Z".to_owned()).is_err());
    assert!(sheet(&|one| one.period.from = "2026-04-01".to_owned()).is_err());
    assert!(sheet(&|one| one.computed_at = "2026-06-01T00:00:00.000Z".to_owned()).is_err());
    let spoil = |one: &mut IndicatorSheet| {
        for indicator in &mut one.indicators {
            if let Outcome::Evaluated { figures, .. } = &mut indicator.outcome
                && figures[0].statistic == Statistic::Share
            {
                figures[0].value += 0.01;
            }
        }
    };
    assert!(sheet(&spoil).is_err());
}

#[test]
fn evidence_is_ready_where_every_requirement_of_a_version_in_use_is_met() {
    let need = |code: &str, met| Required { code: code.to_owned(), missing: "x".to_owned(), met };
    let with = |tier, met| {
        facts(|facts| {
            let mut version = in_use("a", "2026-01-01T00:00");
            version.required = vec![need("risk", true), need("study", met), need("overlap", true)];
            version.tier = Some(tier);
            let draft = Version { id: "b".to_owned(), ..Version::default() };
            facts.versions = vec![version, draft];
        })
    };
    // 2 of 3 requirements; only a version of the high tier warns.
    assert_eq!(found("evidence_readiness", &with(Tier::High, false)), share(2, 3, Some(true), 2));
    assert_eq!(found("evidence_readiness", &with(Tier::Low, false)), share(2, 3, Some(false), 2));
    assert_eq!(found("evidence_readiness", &with(Tier::High, true)), share(3, 3, Some(false), 3));
}

#[test]
fn a_requirement_is_covered_where_every_check_that_names_it_passed() {
    let run = |passed, is_installed| {
        facts(|facts| {
            let check = |id: &str, names: &[&str], passed| Checked {
                id: id.to_owned(),
                requirements: names.iter().map(|&name| name.to_owned()).collect(),
                passed,
            };
            let checks = vec![check("1", &["A", "B"], true), check("2", &["B", "C"], passed)];
            let (of, at) = (source("q"), at("2026-05-01T00:00"));
            facts.qualified = Some(Qualified { of, at, is_installed, checks });
        })
    };
    // A by check 1 alone; B and C fall with check 2.
    assert_eq!(found("requirement_coverage", &run(false, true)), share(1, 3, Some(true), 1));
    assert_eq!(found("requirement_coverage", &run(true, true)), share(3, 3, Some(false), 3));
    assert!(reason("requirement_coverage", &run(true, false)).contains("run it again"));
}

#[test]
fn time_to_evidence_is_median_and_p95_of_the_packs_of_the_period() {
    let packs = |slowest: u64| {
        facts(|facts| {
            let pack = |seconds: u64| Lasting {
                of: source("p"),
                at: at("2026-05-01T00:00"),
                ms: seconds * 1_000,
            };
            facts.exports = (1..=19).map(pack).collect();
            facts.exports.push(pack(slowest));
            facts.exports.push(Lasting { at: at("2026-07-01T00:00"), ..pack(9_999) });
        })
    };
    // 20 packs of 1 to 19 s and one more: the 10th is the median, the 19th the 95 % quantile.
    let slow = packs(1_801);
    assert_eq!(found("time_to_evidence", &slow), (10.0, None, 20, Some(false), 1));
    assert_eq!(figure("time_to_evidence", &slow, "all", Statistic::P95), 19.0);
    // Two packs of 1801 s among 21: the 20th of them is one.
    let slower = facts(|facts| {
        facts.exports = packs(1_801).exports;
        facts.exports.insert(0, facts.exports[19].clone());
    });
    assert_eq!(figure("time_to_evidence", &slower, "all", Statistic::P95), 1_801.0);
    assert_eq!(found("time_to_evidence", &slower).3, Some(true));
}

#[test]
fn a_signature_is_whole_where_it_names_the_digest_of_its_record() {
    let signed = |agrees| Signed {
        of: source("s"),
        at: at("2026-05-01T00:00"),
        account_id: "a".to_owned(),
        user_name: "ada".to_owned(),
        role: Role::Qa,
        agrees,
    };
    let of = |all: Vec<Signed>| facts(|facts| facts.signatures = all);
    let broken = of(vec![signed(true), signed(true), signed(true), signed(false)]);
    assert_eq!(found("signature_integrity", &broken), share(3, 4, Some(true), 3));
    assert_eq!(found("signature_integrity", &of(vec![signed(true)])), share(1, 1, Some(false), 1));
}

#[test]
fn anchors_are_those_kept_of_all_that_fell_due_and_the_newest_is_not_old() {
    let stamps = |newest: &str, kinds: &[&str]| {
        facts(|facts| {
            let stamp = |kind: &str, when: &str| Happened {
                of: source(when),
                at: at(when),
                kind: kind.to_owned(),
            };
            facts.stamps = kinds.iter().map(|kind| stamp(kind, "2026-05-01T00:00")).collect();
            facts.stamps.push(stamp("kept", newest));
        })
    };
    // 12 h before the end of the period: 3 of 3 kept, and not older than a day.
    let good = stamps("2026-06-30T12:00", &["kept", "kept"]);
    assert_eq!(found("anchors", &good), share(3, 3, Some(false), 3));
    assert_eq!(figure("anchors", &good, "newest one", Statistic::Newest), 12.0);
    let late = stamps("2026-06-30T12:00", &["failed", "late"]);
    assert_eq!(found("anchors", &late), share(1, 3, Some(true), 1));
    // 36 h before it.
    assert_eq!(found("anchors", &stamps("2026-06-29T12:00", &[])), share(1, 1, Some(true), 1));
}

#[test]
fn the_time_to_restore_and_the_loss_are_those_of_the_last_test() {
    let restores = |last: &str, seconds: u64, every: Option<u64>| {
        facts(|facts| {
            let test = |when: &str, seconds: u64, passed| Restore {
                lasting: Lasting { of: source(when), at: at(when), ms: seconds * 1_000 },
                passed,
                lost_ms: passed.then_some(seconds * 1_000),
            };
            facts.restores = vec![
                test("2025-01-10T00:00", 3_600, true),
                test("2025-01-11T00:00", 600, false),
                test("2025-01-12T00:00", 7_200, true),
                test(last, seconds, true),
                test("2026-07-01T12:00", 1, true),
            ];
            facts.backup_every_seconds = every;
        })
    };
    // 5400 s of 14400 s; of 3600, 5400 and 7200 the middle one. The failed one and the one after the period are not in it.
    let good = restores("2026-06-01T00:00", 5_400, Some(5_400));
    assert_eq!(found("time_to_restore", &good), (5_400.0, None, 1, Some(false), 0));
    assert_eq!(figure("time_to_restore", &good, "tests that passed", Statistic::Median), 5_400.0);
    assert_eq!(figure("time_to_restore", &good, "last test / target", Statistic::Newest), 0.375);
    // 5400 s are 90 min; backups come every 90 min, or every 60.
    assert_eq!(found("restore_data_loss", &good).0, 90.0);
    assert_eq!(found("restore_data_loss", &good).3, Some(false));
    let rare = restores("2026-06-01T00:00", 5_400, Some(3_600));
    assert_eq!(found("restore_data_loss", &rare).3, Some(true));
    assert_eq!(found("restore_data_loss", &restores("2026-06-01T00:00", 5_400, None)).3, None);
    // One second above 4 h; 367 days old.
    let slow = restores("2026-06-01T00:00", 14_401, None);
    assert_eq!(found("time_to_restore", &slow).3, Some(true));
    assert_eq!(found("time_to_restore", &restores("2025-06-29T00:00", 60, None)).3, Some(true));
    let failed = facts(|facts| {
        facts.restores = good.restores.clone();
        facts.restores[3].passed = false;
    });
    assert!(reason("time_to_restore", &failed).contains("failed"));
}

#[test]
fn a_change_is_assessed_in_working_days_and_one_that_waits_too_long_warns() {
    use super::versions::working_days;
    // Friday noon to Monday noon: half a day, no weekend, half a day. A whole week has five.
    assert_eq!(working_days(&at("2026-06-05T12:00"), &at("2026-06-08T12:00")), 1.0);
    assert_eq!(working_days(&at("2026-06-01T00:00"), &at("2026-06-08T00:00")), 5.0);
    assert_eq!(working_days(&at("2026-06-06T00:00"), &at("2026-06-07T23:00")), 0.0);
    let changes = |assessed: [Option<&str>; 3]| {
        facts(|facts| {
            let change = |(number, end): (usize, Option<&str>)| Change {
                of: source(&number.to_string()),
                version_id: format!("v{number}"),
                opened_at: at("2026-06-22T00:00"),
                assessed_at: end.map(at),
            };
            facts.changes = assessed.into_iter().enumerate().map(change).collect();
            let version =
                |number: usize| Version { id: format!("v{number}"), ..Version::default() };
            facts.versions = (0..3).map(version).collect();
        })
    };
    // Opened on a Monday: 1, 2 and 6 working days; 90 % of three is the third.
    let all =
        changes([Some("2026-06-23T00:00"), Some("2026-06-24T00:00"), Some("2026-06-30T00:00")]);
    assert_eq!(found("change_assessment_latency", &all), (2.0, None, 3, Some(true), 1));
    assert_eq!(figure("change_assessment_latency", &all, "all", Statistic::P90), 6.0);
    let late = figure("change_assessment_latency", &all, "over the limit", Statistic::Share);
    assert_eq!(late, 1.0 / 3.0);
    assert_eq!(found("unassessed_changes", &all), share(0, 3, Some(false), 0));
    // Due on Monday the 29th: at the end of the period, on the 1st, one is late.
    let open = changes([Some("2026-06-23T00:00"), Some("2026-07-01T12:00"), None]);
    assert_eq!(found("unassessed_changes", &open), share(2, 3, Some(true), 2));
    let young = facts(|facts| {
        (facts.changes, facts.versions) = (open.changes.clone(), open.versions.clone());
        facts.changes.iter_mut().for_each(|one| one.opened_at = at("2026-06-29T00:00"));
    });
    assert_eq!(found("unassessed_changes", &young), share(2, 3, Some(false), 2));
}

fn alert(id: &str, opened: &str) -> Alert {
    Alert {
        of: source(id),
        version_id: "a".to_owned(),
        model: "a".to_owned(),
        kind: "drift".to_owned(),
        features: vec!["age".to_owned()],
        opened_at: at(opened),
        ..Alert::default()
    }
}

#[test]
fn rows_that_need_a_look_come_first_and_how_many_are_left_out_is_said() {
    let many = facts(|facts| {
        let signed = |n: usize| Signed {
            of: source(&format!("{n:04}")),
            at: at("2026-05-01T00:00"),
            account_id: String::new(),
            user_name: "ada".to_owned(),
            role: Role::Qa,
            agrees: n != 600,
        };
        facts.signatures = (0..=600).map(signed).collect();
    });
    let one = indicator("signature_integrity", &many);
    let Outcome::Evaluated { rows, rows_left_out, figures, .. } = &one.outcome else { panic!() };
    assert_eq!((rows.len(), *rows_left_out, figures[0].denominator), (500, 101, 601));
    assert!(one.needs_a_look(&rows[0]) && !one.needs_a_look(&rows[1]));
    assert_eq!(rows[0].path, "/records/record/0600");
}
