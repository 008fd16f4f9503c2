//! A study in plain sentences, the same in the terminal, on the page and in print.

use super::challenge::{CHALLENGES, Challenge, Challenged};
use super::natural::{BATCHES_MIN, GovernedBy, ROWS_MIN, StudiedSeries, TIMES};
use super::{Origin, Study};
use crate::drift::sentence::percent;
use crate::statistics::capability::COMFORTABLE;

/// How one challenge is found over all features it applies to.
#[derive(Clone, Debug, PartialEq)]
pub struct ChallengeLine {
    /// The change, in words.
    pub change: String,
    /// Features it was put into, one after the other.
    pub features: usize,
    /// Features whose tolerance covers it: not to be found, by design.
    pub within: usize,
    /// Features that could not be measured, because most unchanged sequences alarm by themselves before.
    pub unmeasured: usize,
    /// Share of the sequences of the other features in which it was found.
    pub detected: Option<f64>,
    /// Median over those features of the median delay, features it is never found in being last.
    pub delay: Option<u32>,
    /// The feature that takes longest, with its delay (absent: found in fewer than half of its sequences).
    pub slowest: Option<(String, Option<u32>)>,
}

/// One line a challenge.
pub fn challenge_lines(study: &Study) -> Vec<ChallengeLine> {
    let line = |&challenge: &Challenge| {
        let all: Vec<&Challenged> =
            study.challenges.iter().filter(|c| c.challenge == challenge).collect();
        let beyond = || all.iter().copied().filter(|c| !c.is_within_tolerance());
        let open: Vec<&Challenged> = beyond().filter(|c| c.is_measured()).collect();
        let sum = |of: fn(&Challenged) -> u32| open.iter().map(|c| f64::from(of(c))).sum::<f64>();
        let sequences = sum(|c| c.sequences);
        let mut delays: Vec<(u32, &Challenged)> =
            open.iter().map(|c| (c.median_delay.unwrap_or(u32::MAX), *c)).collect();
        delays.sort_by_key(|(delay, _)| *delay);
        let middle = delays.len().checked_sub(1).map(|last| last / 2);
        ChallengeLine {
            change: challenge.words(),
            features: all.len(),
            within: all.len() - beyond().count(),
            unmeasured: beyond().count() - open.len(),
            detected: (sequences > 0.0).then(|| sum(|c| c.detected) / sequences),
            delay: middle.and_then(|middle| delays[middle].1.median_delay),
            slowest: delays.last().map(|(_, c)| (c.feature.clone(), c.median_delay)),
        }
    };
    CHALLENGES.iter().map(line).filter(|line| line.features > 0).collect()
}

/// What was studied.
pub fn studied(study: &Study) -> String {
    let rows: u64 = study.batches.iter().map(|batch| batch.rows).sum();
    let of = match study.about.origin {
        Origin::OfReference => "They are the reference themselves: each is compared with the rest.",
        Origin::Apart => "They are compared with the frozen reference.",
    };
    let left_out = match study.about.rows_left_out {
        0 => String::new(),
        rows => format!(" {rows} rows without a value to tell their batch by are left out."),
    };
    format!(
        "{} batches with {rows} rows, {} series in {} features. {of}{left_out}",
        study.batches.len(),
        study.series.len(),
        study.proposed_features()
    )
}

/// Natural drift, and what sets the tolerances.
pub fn natural(study: &Study) -> Vec<String> {
    let estimated = study.series.iter().filter(|s| s.natural_drift.is_some()).count();
    let by =
        |governed: GovernedBy| study.series.iter().filter(|s| s.governed_by == governed).count();
    let mut said = Vec::new();
    if estimated == 0 {
        said.push(format!(
            "Natural drift is not estimable: that takes {BATCHES_MIN} batches with {ROWS_MIN} rows or more of a series. Whether \
             the tolerances cover the variation between batches is therefore a judgement of people; the distances of the batches \
             are shown for it."
        ));
    } else {
        said.push(format!(
            "Natural drift is what is left of the distances between batches after what chance alone explains; it is estimated \
             for {estimated} of {} series. A tolerance is at least {TIMES} times that.",
            study.series.len()
        ));
    }
    let capable = study.series.iter().filter_map(|s| s.capability);
    let (known, wide) =
        (capable.clone().count(), capable.filter(|ppk| *ppk >= COMFORTABLE).count());
    if known > 0 {
        said.push(format!(
            "The capability (Ppk) of the tolerance over these distances is {COMFORTABLE} or more for {wide} of {known} series: it \
             lies comfortably above natural variation. Their spread contains chance, so that a lower number is no finding where \
             batches are small."
        ));
    }
    said.push(format!(
        "The tolerance is set by the policy for {} series, by the reference's own error for {}, by natural drift for {}.",
        by(GovernedBy::Policy),
        by(GovernedBy::ReferenceError),
        by(GovernedBy::NaturalDrift)
    ));
    said
}

/// What the replay showed.
pub fn replayed(study: &Study) -> String {
    let replay = &study.replay;
    let sequences = replay.alarms.len();
    format!(
        "Replay: {sequences} sequences of {} batches, drawn from these batches in blocks of {}, through the monitor with the \
         proposed tolerances: {:.2} alarms per {} batches on average (the promise is at most 1); {} of {sequences} sequences had \
         any alarm, so with 95 % confidence at most {} of such sequences have one. The evidence came up to {} of an alarm.",
        replay.batches,
        study.settings.block,
        replay.mean,
        replay.batches,
        replay.with_alarm,
        percent(replay.upper),
        percent(replay.highest_meter)
    ) + &led(study)
}

/// What the alarms of the replay were about.
fn led(study: &Study) -> String {
    let series: Vec<String> = study
        .replay
        .led_by
        .iter()
        .take(3)
        .map(|led| format!("`{}` ({})", led.series, led.alarms))
        .collect();
    if series.is_empty() {
        return String::new();
    }
    format!(
        " Most of the evidence at these alarms came from {}: look there before you sign, whether these batches hold a real change \
         or the tolerance is too tight.",
        series.join(", ")
    )
}

/// The batches that lie farthest out, after what chance explains: a person keeps or leaves them out, with a reason, before the
/// reference is frozen.
pub fn outlying(study: &Study) -> Option<String> {
    let mut found: Vec<(f64, String)> = Vec::new();
    for (index, batch) in study.batches.iter().enumerate() {
        let drift = |series: &StudiedSeries| {
            let distance =
                series.distances.get(index).copied().flatten().filter(|d| d.rows >= ROWS_MIN)?;
            Some((distance.drift / series.tolerance, distance.drift, series.key()))
        };
        let farthest = study.series.iter().filter_map(drift).max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((times, drift, key)) = farthest.filter(|farthest| farthest.0 > 1.0) {
            found.push((times, format!("{} (`{key}`, {})", batch.name, percent(drift))));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let named: Vec<String> = found.iter().take(3).map(|(_, words)| words.clone()).collect();
    (!named.is_empty()).then(|| {
        format!(
            "{} batches lie beyond a proposed tolerance after chance is taken off, farthest: {}. Keep each or leave it out with a \
             reason before the reference is frozen.",
            found.len(),
            named.join(", ")
        )
    })
}

/// What must be known to read the study.
pub const LIMITS: [&str; 4] = [
    "The study knows these batches only: what they never showed, it cannot allow for.",
    "A replay of few batches repeats them, and with them their chance variation; that makes it alarm more, not less.",
    "Where the batches are the reference, the replay does not contain the reference's own error; the tolerances do.",
    "Changes are put into one feature at a time, into the counts per bin; shifts are in standard deviations of a normal feature. A \
     change inside the tolerance is accepted by design and is not looked for.",
];

impl Study {
    /// Features studied.
    fn proposed_features(&self) -> usize {
        let mut names: Vec<&str> = self.series.iter().map(|s| s.feature.as_str()).collect();
        names.dedup();
        names.len()
    }
}
