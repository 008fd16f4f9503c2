//! Indicators of how ready the installation is for an inspection: each a pure function of what is recorded, for a period.
//!
//! [`table::INDICATORS`] is the one table of their names, formulas and early warnings; [`facts::Facts`] is what they are computed from.
//! Every indicator brings the rows behind it. One that cannot be computed says why: it is `not_evaluated`, never left out and never NaN.
//!
//! A quantile is the smallest value that at least that share of the values does not exceed (inverted CDF), as everywhere in the program.
//! A time that the store holds only now (a state without a time of its own) is marked by [`Basis::Computed`].

mod alerts;
mod data;
mod evidence;
pub mod facts;
mod limits;
mod measure;
mod people;
mod system;
pub mod table;
#[cfg(test)]
mod tests;
mod versions;

use super::due::day_of;
use super::review_kind::ReviewKind;
use super::{Error, Result};
use crate::{clock, digest};
use facts::Facts;
use serde::{Deserialize, Serialize};

/// Identifies the format of recorded indicators.
pub const INDICATORS_FORMAT: &str = "driftledger/indicators/v1";
/// Rows that one indicator lists at most; how many more there are is said.
pub const ROWS_MAX: usize = 500;
/// Days that a period may have at most.
pub const PERIOD_DAYS_MAX: i64 = 1_096;

/// Whether what a kind of review covers are critical entries: what people decided, and who may do what.
pub fn is_critical(kind: ReviewKind) -> bool {
    matches!(kind, ReviewKind::Decisions | ReviewKind::Administration)
}

/// The time that indicators are about: from `from` on, before `to`; both UTC as the ledger writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its first moment.
    pub from: String,
    /// The moment after its last.
    pub to: String,
}

impl Period {
    /// The period between two days (UTC, their beginning) or times.
    ///
    /// # Errors
    ///
    /// [`Error::Indicators`], saying what is wrong.
    pub fn parse(from: &str, to: &str) -> Result<Self> {
        let refused = |reason: String| Err(Error::Indicators { reason });
        let time = |text: &str| match text.parse::<jiff::civil::Date>() {
            Ok(day) if text.len() == 10 => jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)),
            _ => text.parse(),
        };
        let (Ok(first), Ok(last)) = (time(from.trim()), time(to.trim())) else {
            return refused(format!(
                "the period is from `{from}` to `{to}`; expected two days as 2026-01-01, or two times as 2026-01-01T00:00:00Z"
            ));
        };
        if first >= last {
            return refused(format!(
                "the period begins at `{from}` and ends before `{to}`; expected an end after its beginning"
            ));
        }
        if last.duration_since(first).as_hours() > PERIOD_DAYS_MAX * 24 {
            return refused(format!(
                "the period from `{from}` to `{to}` has more than {PERIOD_DAYS_MAX} days; ask for a shorter one"
            ));
        }
        Ok(Self { from: clock::rfc3339(first), to: clock::rfc3339(last) })
    }

    /// The part of it before `now`: nothing is known of what comes, and nothing of it is late.
    ///
    /// # Errors
    ///
    /// [`Error::Indicators`] for a period that has not begun.
    pub fn until(self, now: &str) -> Result<Self> {
        if self.from.as_str() >= now {
            let reason = format!(
                "the period begins at {} and it is {now}; expected one that has begun",
                self.from
            );
            return Err(Error::Indicators { reason });
        }
        let to = if self.to.as_str() > now { now.to_owned() } else { self.to };
        Ok(Self { to, from: self.from })
    }

    /// Whether `at` (UTC) lies in it.
    pub fn has(&self, at: &str) -> bool {
        self.from.as_str() <= at && at < self.to.as_str()
    }

    /// How long it is, in milliseconds.
    pub fn milliseconds(&self) -> u64 {
        clock::milliseconds_between(&self.from, &self.to).unwrap_or_default()
    }

    /// The period of the same length that ends where this one begins.
    #[must_use]
    pub fn before(&self) -> Self {
        Self { from: facts::earlier(&self.from, self.milliseconds()), to: self.from.clone() }
    }
}

/// What an indicator is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Whether evidence is there, and how fast.
    Evidence,
    /// Whether the system comes back.
    Recovery,
    /// Changes between versions.
    Changes,
    /// Alerts, and what is done about them.
    Alerts,
    /// What is watched in use.
    Monitoring,
    /// What people do with predictions and with the audit trail.
    Oversight,
    /// How versions were tested, and their limits.
    Versions,
    /// Accounts, clock and records.
    System,
}

impl Theme {
    /// All themes, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Evidence,
        Self::Recovery,
        Self::Changes,
        Self::Alerts,
        Self::Monitoring,
        Self::Oversight,
        Self::Versions,
        Self::System,
    ];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Evidence => "Evidence",
            Self::Recovery => "Recovery",
            Self::Changes => "Changes",
            Self::Alerts => "Alerts and actions",
            Self::Monitoring => "Monitoring in use",
            Self::Oversight => "Human oversight",
            Self::Versions => "Tests and limits of versions",
            Self::System => "People and system",
        }
    }
}

/// As of when an indicator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What happened in the period.
    Period,
    /// How it stood at the end of the period.
    End,
    /// How it stood when it was computed: the store holds no earlier state of it.
    Computed,
}

impl Basis {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Period => "in the period",
            Self::End => "at the end of the period",
            Self::Computed => "when it was computed",
        }
    }
}

/// What kind of number a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Numerator by denominator.
    Share,
    /// The middle value.
    Median,
    /// The value that one in ten exceeds.
    P90,
    /// The value that one in twenty exceeds.
    P95,
    /// The largest value.
    Maximum,
    /// The newest value.
    Newest,
    /// How many.
    Count,
    /// How many for each thousand.
    PerThousand,
}

impl Statistic {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Median => "median",
            Self::P90 => "90 % within",
            Self::P95 => "95 % within",
            Self::Maximum => "largest",
            Self::Newest => "newest",
            Self::Count => "number",
            Self::PerThousand => "per 1,000",
        }
    }
}

/// One number of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Over what: `all`, a severity, a model, a kind.
    pub of: String,
    /// What kind of number.
    pub statistic: Statistic,
    /// The number, in the unit that is stated; finite.
    pub value: f64,
    /// `share`, `s`, `working days`, `h`, `ms`, `count`.
    pub unit: String,
    /// What was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<u64>,
    /// Out of how many, or over how many values.
    pub denominator: u64,
}

/// Whether the early warning is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "given", rename_all = "snake_case")]
pub enum Warning {
    /// It is.
    Yes {
        /// What was found.
        because: String,
    },
    /// It is not.
    No,
    /// Nobody can say: no limit is set, or there is nothing to compare with.
    NotEvaluated {
        /// Why not.
        reason: String,
    },
}

/// A row behind an indicator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowBehind {
    /// Table and id, `episode/ep_…`.
    pub record: String,
    /// The page that shows it.
    pub path: String,
    /// When, UTC; empty for what has no time.
    pub at: String,
    /// What it says here.
    pub says: String,
    /// Whether it is in the numerator; for times, whether it is beyond the limit.
    pub counts: bool,
}

/// What it means that a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// It is as it should be; the others need a look.
    AsItShouldBe,
    /// It needs a look.
    NeedsALook,
}

/// What came of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// There is a figure.
    Evaluated {
        /// Its numbers, the one it is known by first.
        figures: Vec<Figure>,
        /// Its early warning.
        warning: Warning,
        /// The rows behind it, at most [`ROWS_MAX`].
        rows: Vec<RowBehind>,
        /// How many more there are.
        rows_left_out: u64,
    },
    /// There is none.
    NotEvaluated {
        /// Why not.
        reason: String,
    },
}

/// One indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Stable code.
    pub code: String,
    /// What it is about.
    pub theme: Theme,
    /// What it is called.
    pub name: String,
    /// How it is computed, in words.
    pub formula: String,
    /// Number of the formula: it grows when the formula changes.
    pub formula_version: u64,
    /// As of when.
    pub basis: Basis,
    /// When it warns, in words.
    pub warns_when: String,
    /// What it means that a row counts.
    pub counted: Counted,
    /// What came of it.
    pub outcome: Outcome,
}

impl Indicator {
    /// Whether its early warning is given.
    pub fn warns(&self) -> bool {
        matches!(&self.outcome, Outcome::Evaluated { warning: Warning::Yes { .. }, .. })
    }

    /// Whether a row behind it needs a look.
    pub fn needs_a_look(&self, row: &RowBehind) -> bool {
        row.counts == (self.counted == Counted::NeedsALook)
    }

    /// Whether there is a figure.
    pub fn is_evaluated(&self) -> bool {
        matches!(self.outcome, Outcome::Evaluated { .. })
    }
}

/// All indicators of a period: its canonical bytes are what is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorSheet {
    /// Always [`INDICATORS_FORMAT`].
    pub format: String,
    /// The time they are about.
    pub period: Period,
    /// When they were computed, UTC.
    pub computed_at: String,
    /// The program that computed them.
    pub program: String,
    /// All of them, in the order of the table.
    pub indicators: Vec<Indicator>,
}

impl IndicatorSheet {
    /// Every indicator of the table, computed from `facts`.
    pub fn compute(facts: &Facts) -> Self {
        Self {
            format: INDICATORS_FORMAT.to_owned(),
            period: facts.period.clone(),
            computed_at: facts.computed_at.clone(),
            program: crate::drift::report::ENGINE.to_owned(),
            indicators: table::INDICATORS.iter().map(|one| one.of(facts)).collect(),
        }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// How many warn, and how many are not evaluated.
    pub fn counts(&self) -> (u64, u64) {
        let count = |is: fn(&Indicator) -> bool| {
            self.indicators.iter().filter(|one| is(one)).count() as u64
        };
        (count(Indicator::warns), count(|one| !one.is_evaluated()))
    }

    /// Whether it holds by itself, recorded at `at`: a closed period, every code once, figures that agree with their counts.
    ///
    /// # Errors
    ///
    /// [`Error::Indicators`], saying what is wrong.
    pub fn validate(&self, at: &str) -> Result<()> {
        let refused = |reason: String| Err(Error::Indicators { reason });
        if self.format != INDICATORS_FORMAT {
            return refused("their format is another".to_owned());
        }
        let Period { from, to } = &self.period;
        if Period::parse(from, to)? != self.period || day_of(from).is_none() {
            return refused("their period is not written as the ledger writes times".to_owned());
        }
        if to.as_str() > at || self.computed_at.as_str() > at || self.computed_at < *to {
            return refused(format!(
                "the period ends before {to}, they were computed at {} and recorded at {at}; expected times in this order",
                self.computed_at
            ));
        }
        let mut codes: Vec<&str> = self.indicators.iter().map(|one| one.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() || codes.len() != self.indicators.len() {
            return refused("an indicator is in it twice, or none is".to_owned());
        }
        let wrong = self.indicators.iter().find(|one| !one.agrees());
        wrong.map_or(Ok(()), |one| {
            refused(format!("the figures of `{}` do not agree with their counts", one.code))
        })
    }
}

impl Indicator {
    /// Whether every share is numerator by denominator, and nothing is missing that must be said.
    fn agrees(&self) -> bool {
        match &self.outcome {
            Outcome::NotEvaluated { reason } => !reason.is_empty(),
            Outcome::Evaluated { figures, .. } => {
                !figures.is_empty() && figures.iter().all(Figure::agrees)
            }
        }
    }
}

impl Figure {
    fn agrees(&self) -> bool {
        let scale = match self.statistic {
            Statistic::Share => 1.0,
            Statistic::PerThousand => 1_000.0,
            _ => return self.value.is_finite(),
        };
        let share = |numerator: u64| scale * numerator as f64 / self.denominator as f64;
        self.denominator > 0
            && self.numerator.is_some_and(|n| (share(n) - self.value).abs() <= 1e-9 * scale)
    }
}
