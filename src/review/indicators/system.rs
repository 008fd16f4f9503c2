//! Accounts, trainings, refusals, the clock, and records that came late.

use super::alerts::rising;
use super::facts::{ClockNote, DAY_MS, Facts, earlier, seconds_between};
use super::measure::{number, share, share_outcome};
use super::{Figure, Outcome, Period, RowBehind, Statistic, Warning};
use crate::review::due::day_of;
use crate::review::review_kind::ReviewKind;
use std::collections::BTreeMap;

/// Hours after which a record is late.
pub(super) const LATE_HOURS: f64 = 24.0;
/// Largest offset of the clock, in milliseconds.
pub(super) const OFFSET_MS: u64 = 1_000;
/// Share of the time in which the clock is to be trusted.
pub(super) const TRUSTED_SHARE: f64 = 0.999;
/// Days without a sign-in after which an account is dormant.
pub(super) const DORMANT_DAYS: u64 = 90;
/// Refusals that are too few to call a rise of them a spike.
pub(super) const REFUSALS_MIN: u64 = 10;

fn recorded(facts: &Facts, period: &Period) -> Vec<RowBehind> {
    let all = facts.recorded.iter().filter(|one| period.has(&one.at));
    all.map(|one| {
        let hours = seconds_between(&one.occurred_at, &one.at) / 3_600.0;
        let says = format!("happened {}, recorded {hours:.1} h later", one.occurred_at);
        one.of.row(&one.at, says, hours > LATE_HOURS)
    })
    .collect()
}

/// Records that came more than a day after what they tell of.
pub(super) fn late_entries(facts: &Facts) -> Outcome {
    let before = recorded(facts, &facts.period.before());
    let late = before.iter().filter(|row| row.counts).count() as u64;
    let rows = recorded(facts, &facts.period);
    let empty = "no record of the period says when something happened (batches with a period, incidents, drills)";
    share_outcome(rows, empty, |now, all| rising((now, all), (late, before.len() as u64)))
}

/// Seconds of `period` in which the clock was trusted: from the beginning of the ledger and until `now` at most.
fn trusted_seconds(notes: &[&ClockNote], (from, to): (&str, &str)) -> f64 {
    let before = notes.iter().rfind(|one| one.at.as_str() < from);
    let (mut trusted, mut since, mut seconds) = (before.is_none_or(|one| one.trusted), from, 0.0);
    for note in notes.iter().filter(|one| from <= one.at.as_str() && one.at.as_str() < to) {
        if trusted {
            seconds += seconds_between(since, &note.at);
        }
        (trusted, since) = (note.trusted, note.at.as_str());
    }
    if trusted { seconds + seconds_between(since, to) } else { seconds }
}

/// The largest offset that was noticed, and how long the clock was trusted.
pub(super) fn clock(facts: &Facts) -> Outcome {
    let from = facts.period.from.as_str().max(&facts.began_at);
    let to = facts.period.to.as_str().min(&facts.computed_at);
    if from >= to {
        return Outcome::none("the ledger began after the period, or the period has not begun");
    }
    let mut notes: Vec<&ClockNote> = facts.clock.iter().collect();
    notes.sort_by(|a, b| a.at.cmp(&b.at));
    let all = seconds_between(from, to);
    let trusted = trusted_seconds(&notes, (from, to));
    let minutes = |seconds: f64| (seconds / 60.0).round();
    let within: Vec<_> = notes.into_iter().filter(|one| facts.period.has(&one.at)).collect();
    let most = within.iter().map(|one| one.offset_ms.unsigned_abs()).max();
    let value = trusted / all;
    let mut figures =
        vec![number(("time trusted", Statistic::Newest, "share"), value, within.len() as u64)];
    figures.push(number(
        ("minutes not trusted", Statistic::Count, "min"),
        minutes(all - trusted),
        within.len() as u64,
    ));
    figures.extend(most.map(|ms| {
        number(("offset noticed", Statistic::Maximum, "ms"), ms as f64, within.len() as u64)
    }));
    let rows = within.iter().map(|one| {
        let says = format!("{}: {} ms off", one.kind, one.offset_ms);
        one.of.row(&one.at, says, one.offset_ms.unsigned_abs() > OFFSET_MS || !one.trusted)
    });
    let is_off = most.is_some_and(|ms| ms > OFFSET_MS);
    let because = match most {
        Some(ms) if is_off => format!("it was {ms} ms off"),
        _ => format!("it was trusted for {:.2} % of the time", value * 100.0),
    };
    let warning = Warning::when(is_off || value < TRUSTED_SHARE, because);
    Outcome::of(figures, warning, rows.collect())
}

/// Reviews of access rights that fell due in the period, held by then.
pub(super) fn access_reviews(facts: &Facts) -> Outcome {
    let mut held: Vec<_> =
        facts.reviews.iter().filter(|one| one.kind == ReviewKind::Access).collect();
    held.sort_by(|a, b| a.signed_at.cmp(&b.signed_at));
    let mut rows = Vec::new();
    for (at, one) in held.iter().enumerate() {
        let due = format!("{}T23:59:59.999Z", one.next_due);
        if !facts.period.has(&due) {
            continue;
        }
        let next = held.get(at + 1).map(|next| next.signed_at.as_str());
        let says = match next {
            None => format!("due on {}: not held", one.next_due),
            Some(next) => format!("due on {}: held {next}", one.next_due),
        };
        rows.push(one.of.row(&one.signed_at, says, next.is_some_and(|next| next <= due.as_str())));
    }
    let empty = if held.is_empty() {
        "no review of access rights was ever signed: none sets a day for the next one"
    } else {
        "no review of access rights fell due in the period"
    };
    share_outcome(rows, empty, |good, all| {
        Warning::when(good < all, format!("{} of {all} were not held in time", all - good))
    })
}

/// Enabled accounts with which nobody signed in for long.
pub(super) fn dormant_accounts(facts: &Facts) -> Outcome {
    let since = earlier(&facts.period.to, DORMANT_DAYS * DAY_MS);
    let people = facts.people.iter().filter(|one| one.since < facts.period.to);
    let rows = people.map(|one| {
        let last = one.signed_in_at.as_deref();
        let is_dormant = last.unwrap_or(&one.since) < since.as_str();
        let says = last.map_or_else(
            || format!("{}: nobody signed in with it", one.user_name),
            |at| format!("{}: last sign-in {at}", one.user_name),
        );
        one.of.row(&one.since, says, is_dormant)
    });
    let empty = "no account was enabled at the end of the period";
    share_outcome(rows.collect(), empty, |dormant, _| {
        Warning::when(dormant > 0, format!("{dormant} without a sign-in for {DORMANT_DAYS} days"))
    })
}

/// Leavers.
pub(super) fn leavers(_: &Facts) -> Outcome {
    Outcome::none(
        "the store does not know when somebody leaves: hold the accounts disabled in the audit trail against the list of leavers of the organisation",
    )
}

/// Signers of the period whose trainings were valid at each of their signatures.
pub(super) fn training(facts: &Facts) -> Outcome {
    let (policy, trainings) = &facts.training;
    if policy.rules.is_empty() {
        return Outcome::none("the training policy names no role that needs a training");
    }
    let mut signers: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for signed in facts.signatures.iter().filter(|one| facts.period.has(&one.at)) {
        if policy.rule(signed.role).is_some() {
            signers.entry(&signed.account_id).or_default().push(signed);
        }
    }
    let mut rows = Vec::new();
    for (account, signatures) in signers {
        let all = trainings.get(account).map(Vec::as_slice).unwrap_or_default();
        let lacking = signatures.iter().find(|signed| {
            let known = all.iter().filter(|(at, _)| *at <= signed.at);
            let known: Vec<_> = known.map(|(_, training)| training.clone()).collect();
            day_of(&signed.at).is_none_or(|day| {
                policy.check((&signed.user_name, signed.role), &known, day).is_err()
            })
        });
        let Some(first) = signatures.first() else { continue };
        let shown = lacking.unwrap_or(first);
        let words = if lacking.is_none() { "valid" } else { "not valid at this signature" };
        let says = format!("{}: {words}", shown.user_name);
        rows.push(shown.of.row(&shown.at, says, lacking.is_none()));
    }
    let empty = "nobody whose role needs a training signed in the period";
    share_outcome(rows, empty, |good, all| {
        Warning::when(good < all, format!("{} of {all} signers without valid training", all - good))
    })
}

fn refused(facts: &Facts, period: &Period) -> (u64, u64) {
    let events = facts.access.iter().filter(|one| period.has(&one.at));
    let (came, refused): (Vec<_>, Vec<_>) = events.partition(|one| one.kind == "signed_in");
    (refused.len() as u64, came.len() as u64)
}

/// What was refused to people, for each thousand sessions.
pub(super) fn refusals(facts: &Facts) -> Outcome {
    let (now, sessions) = refused(facts, &facts.period);
    let (before, sessions_before) = refused(facts, &facts.period.before());
    if sessions == 0 {
        return Outcome::none("nobody signed in in the period, or the access log of it is gone");
    }
    let figure = Figure {
        of: "all".to_owned(),
        statistic: Statistic::PerThousand,
        value: 1_000.0 * now as f64 / sessions as f64,
        unit: "per 1,000 sessions".to_owned(),
        numerator: Some(now),
        denominator: sessions,
    };
    let events = facts.access.iter().filter(|one| facts.period.has(&one.at));
    let events = events.filter(|one| one.kind != "signed_in");
    let rows = events.map(|one| one.of.row(&one.at, one.kind.replace('_', " "), true)).collect();
    let warning = if sessions_before == 0 {
        Warning::unknown("there is nothing in the period before to compare with")
    } else {
        let doubled = u128::from(now) * u128::from(sessions_before)
            > 2 * u128::from(before) * u128::from(sessions);
        let because = format!(
            "{now} in {sessions} sessions, in the period before {before} in {sessions_before}"
        );
        Warning::when(doubled && now >= REFUSALS_MIN, because)
    };
    let mut figures = vec![figure];
    figures.extend(share("sessions of the period before", before, sessions_before).map(|one| {
        Figure {
            statistic: Statistic::PerThousand,
            value: 1_000.0 * one.value,
            unit: "per 1,000 sessions".to_owned(),
            ..one
        }
    }));
    Outcome::of(figures, warning, rows)
}
