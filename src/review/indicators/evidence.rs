//! Evidence and recovery: whether it is there, how fast it is taken, whether signatures hold, whether the system comes back.

use super::facts::{DAY_MS, Facts, Restore, seconds_between};
use super::measure::{number, quantiles, read, share, share_outcome};
use super::{Outcome, Statistic, Warning};
use crate::provenance::risk::Tier;
use std::collections::BTreeMap;

/// Seconds within which 95 % of all packs are to be complete.
pub(super) const EVIDENCE_SECONDS: f64 = 1_800.0;
/// Seconds within which a restore is to be done, where nobody says otherwise.
pub(super) const RESTORE_SECONDS: f64 = 14_400.0;
/// Days after which a restore is to be practised again.
pub(super) const RESTORE_DAYS: u64 = 365;
/// Hours after which the newest anchor outside is old.
pub(super) const ANCHOR_HOURS: f64 = 24.0;

/// What versions in use have to have, and have.
pub(super) fn readiness(facts: &Facts) -> Outcome {
    let mut rows = Vec::new();
    let mut short = Vec::new();
    for version in facts.versions.iter().filter(|one| one.in_use_at(&facts.computed_at)) {
        for need in &version.required {
            let words = if need.met { "is there" } else { need.missing.as_str() };
            let says = format!("{}: {}: {words}", version.name, need.code);
            rows.push(version.of.row("", says, need.met));
        }
        if version.tier == Some(Tier::High) && version.required.iter().any(|need| !need.met) {
            short.push(version.name.clone());
        }
    }
    share_outcome(rows, "no version is in use", |_, _| {
        let because = format!("of the high tier and not complete: {}", short.join(", "));
        Warning::when(!short.is_empty(), because)
    })
}

/// Requirements that the checks of the newest operational qualification show.
pub(super) fn coverage(facts: &Facts) -> Outcome {
    let Some(run) = &facts.qualified else {
        return Outcome::none(
            "no operational qualification was recorded before the end of the period (`driftledger qualify oq`)",
        );
    };
    if !run.is_installed {
        return Outcome::none(format!(
            "the newest operational qualification, of {}, was made by another version of the program; run it again",
            run.at
        ));
    }
    let mut shown: BTreeMap<&str, (bool, Vec<&str>)> = BTreeMap::new();
    for check in &run.checks {
        for requirement in &check.requirements {
            let its = shown.entry(requirement).or_insert((true, Vec::new()));
            its.0 &= check.passed;
            its.1.push(&check.id);
        }
    }
    let rows = shown.iter().map(|(code, (passed, checks))| {
        run.of.row(&run.at, format!("{code}: {}", checks.join(", ")), *passed)
    });
    let empty = "the operational qualification names no requirement";
    share_outcome(rows.collect(), empty, |shown, all| {
        Warning::when(shown < all, format!("{} of {all} have a check that failed", all - shown))
    })
}

/// From the request for a pack to the complete pack.
pub(super) fn time_to_evidence(facts: &Facts) -> Outcome {
    let packs = facts.exports.iter().filter(|pack| facts.period.has(&pack.at));
    let (mut seconds, mut rows) = (Vec::new(), Vec::new());
    for pack in packs {
        let took = pack.ms as f64 / 1e3;
        rows.push(pack.of.row(&pack.at, format!("{took:.1} s"), took > EVIDENCE_SECONDS));
        seconds.push(took);
    }
    let figures = quantiles(("all", "s"), seconds, &[Statistic::Median, Statistic::P95]);
    let Some(p95) = figures.get(1).map(|figure| figure.value) else {
        return Outcome::none("no evidence pack was taken in the period");
    };
    let because = format!("95 % of the packs took up to {} s", read(p95));
    Outcome::of(figures, Warning::when(p95 > EVIDENCE_SECONDS, because), rows)
}

/// Signatures that name the digest which the signed record has.
pub(super) fn signatures(facts: &Facts) -> Outcome {
    let signed = facts.signatures.iter().filter(|one| facts.period.has(&one.at));
    let rows = signed.map(|one| {
        let words = if one.agrees { "agrees" } else { "is not that of the record" };
        one.of.row(&one.at, format!("by {}: the signed digest {words}", one.user_name), one.agrees)
    });
    share_outcome(rows.collect(), "nothing was signed in the period", |good, all| {
        Warning::when(good < all, format!("{} of {all} signatures do not agree", all - good))
    })
}

/// Time stamps from outside: those kept of all that fell due, and how old the newest is.
pub(super) fn anchors(facts: &Facts) -> Outcome {
    let due: Vec<_> = facts.stamps.iter().filter(|one| facts.period.has(&one.at)).collect();
    let rows = due.iter().map(|one| one.of.row(&one.at, one.kind.clone(), one.kind == "kept"));
    let kept = facts.stamps.iter().filter(|one| one.kind == "kept" && one.at < facts.period.to);
    let newest = kept.map(|one| one.at.as_str()).max();
    let rows: Vec<_> = rows.collect();
    let good = rows.iter().filter(|row| row.counts).count() as u64;
    let Some(figure) = share("all", good, rows.len() as u64) else {
        return Outcome::none(
            "no time stamp fell due in the period: none is scheduled (`driftledger serve --timestamp-url`)",
        );
    };
    let end = facts.period.to.as_str().min(&facts.computed_at);
    let age = newest.map(|at| seconds_between(at, end) / 3_600.0);
    let mut figures = vec![figure];
    figures.extend(age.map(|age| number(("newest one", Statistic::Newest, "h"), age, 1)));
    let old = age.is_none_or(|age| age > ANCHOR_HOURS);
    let because = match age {
        None => "no time stamp was ever kept".to_owned(),
        Some(age) if old => format!("the newest is {} h old at the end of the period", read(age)),
        Some(_) => format!("{} of {} failed or were late", rows.len() as u64 - good, rows.len()),
    };
    let bad = old || good < rows.len() as u64;
    Outcome::of(figures, Warning::when(bad, because), rows)
}

/// The newest practised restore before the end of the period, if it passed.
fn newest_passed(facts: &Facts) -> Result<&Restore, Outcome> {
    let tests = facts.restores.iter().filter(|one| one.lasting.at < facts.period.to);
    match tests.max_by(|a, b| a.lasting.at.cmp(&b.lasting.at)) {
        None => Err(Outcome::none(
            "no restore was practised before the end of the period (`driftledger restore --record-in`)",
        )),
        Some(test) if !test.passed => Err(Outcome::none(format!(
            "the newest practised restore, of {}, failed: there is no time to restore",
            test.lasting.at
        ))),
        Some(test) => Ok(test),
    }
}

fn restore_rows(facts: &Facts, says: impl Fn(&Restore) -> (String, bool)) -> Vec<super::RowBehind> {
    let tests = facts.restores.iter().filter(|one| one.lasting.at < facts.period.to);
    let row = |one: &Restore| {
        let (words, counts) = says(one);
        one.lasting.of.row(&one.lasting.at, words, counts)
    };
    tests.map(row).collect()
}

/// From the start of the last practised restore to the end of its checks.
pub(super) fn time_to_restore(facts: &Facts) -> Outcome {
    let newest = match newest_passed(facts) {
        Ok(newest) => newest,
        Err(none) => return none,
    };
    let passed = facts.restores.iter().filter(|one| one.passed);
    let passed = passed.filter(|one| one.lasting.at < facts.period.to);
    let seconds: Vec<f64> = passed.map(|one| one.lasting.ms as f64 / 1e3).collect();
    let took = newest.lasting.ms as f64 / 1e3;
    let mut figures = vec![number(("last test", Statistic::Newest, "s"), took, 1)];
    figures.extend(quantiles(("tests that passed", "s"), seconds, &[Statistic::Median]));
    let ratio = took / RESTORE_SECONDS;
    figures.push(number(("last test / target", Statistic::Newest, "ratio"), ratio, 1));
    let days = seconds_between(&newest.lasting.at, &facts.period.to) * 1e3 / DAY_MS as f64;
    let is_old = days > RESTORE_DAYS as f64;
    let because = if is_old {
        format!("the last test is {} days old at the end of the period", read(days))
    } else {
        format!("the last test took {} times the target", read(ratio))
    };
    let rows = restore_rows(facts, |one| {
        let took = one.lasting.ms as f64 / 1e3;
        let words = if one.passed { "passed" } else { "failed" };
        (format!("{words} in {took:.1} s"), one.passed && took > RESTORE_SECONDS)
    });
    Outcome::of(figures, Warning::when(is_old || ratio > 1.0, because), rows)
}

/// What would have been lost at the last practised restore.
pub(super) fn data_loss(facts: &Facts) -> Outcome {
    let newest = match newest_passed(facts) {
        Ok(newest) => newest,
        Err(none) => return none,
    };
    let Some(lost) = newest.lost_ms else {
        return Outcome::none("the last practised restore does not say what would have been lost");
    };
    let minutes = lost as f64 / 60_000.0;
    let warning = match facts.backup_every_seconds {
        None => Warning::unknown(
            "no backup is scheduled (`driftledger serve --backup-to`), so that nothing says how much may be lost",
        ),
        Some(every) => {
            let most = every as f64 / 60.0;
            let because = format!("{} min, of {} min between backups", read(minutes), read(most));
            Warning::when(minutes > most, because)
        }
    };
    let limit = facts.backup_every_seconds.map(|every| every * 1_000);
    let rows = restore_rows(facts, |one| {
        let lost = one.lost_ms.map_or_else(
            || "says nothing about loss".to_owned(),
            |lost| format!("{} min would have been lost", read(lost as f64 / 60_000.0)),
        );
        (lost, one.lost_ms.zip(limit).is_some_and(|(lost, limit)| lost > limit))
    });
    Outcome::of(vec![number(("last test", Statistic::Newest, "min"), minutes, 1)], warning, rows)
}
