//! Continuity drills: what was tried while the system, or a part of it, was taken to be gone, with what the process went on, how that went,
//! and by when the next one is due (EU GMP Annex 11 §16).

use super::due::day_of;
use super::{Error, Result};
use crate::{clock, digest};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Identifies the format of a drill.
pub const DRILL_FORMAT: &str = "driftledger/drill/v1";
/// Days until the next drill that are proposed, and the most that can be set.
pub const DRILL_DAYS: (i64, i64) = (365, 366);
/// Characters of a text of a drill, at most.
const TEXT_MAX: usize = 4_000;

/// How a drill went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillResult {
    /// The process went on as it should.
    Passed,
    /// It did not; the findings say why.
    Failed,
}

impl DrillResult {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// The figures of a practised restore, as its own record has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PractisedFigures {
    /// Id of the practised restore.
    pub id: String,
    /// Ledger entry that records it.
    pub entry: u64,
    /// Whether everything was restored.
    pub passed: bool,
    /// Milliseconds from the start to the end of all checks.
    pub duration_ms: u64,
    /// Milliseconds between the newest entries of store and backup: what would have been lost; absent where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_ms: Option<u64>,
}

/// A continuity drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// Always [`DRILL_FORMAT`].
    pub format: String,
    /// What was tried.
    pub tried: String,
    /// When it began, UTC.
    pub began_at: String,
    /// When it ended, UTC.
    pub ended_at: String,
    /// With what the process went on meanwhile: a signed evidence pack, paper, another system.
    pub fallback: String,
    /// The practised restore that was part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_test: Option<PractisedFigures>,
    /// How it went.
    pub result: DrillResult,
    /// What was found; nothing where there was nothing to say.
    pub findings: Vec<String>,
    /// The day by which the next one is due, UTC.
    pub next_due: String,
    /// User name of who recorded it.
    pub recorded_by: String,
}

impl Drill {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// How long it took, in minutes, begun ones counted.
    pub fn minutes(&self) -> u64 {
        let between = clock::milliseconds_between(&self.began_at, &self.ended_at);
        between.unwrap_or_default().div_ceil(60_000)
    }

    /// Whether it says what it must, recorded at the time `at`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::Drill`], saying what is wrong.
    pub fn validate(&self, at: &str) -> Result<()> {
        let refused = |reason: String| Err(Error::Drill { reason });
        if self.format != DRILL_FORMAT {
            return refused("its format is another".to_owned());
        }
        check_text("tried", "say what was taken to be gone, and what was done", &self.tried)?;
        let hint =
            "say with what the process went on, for example the evidence pack of the version";
        check_text("fallback", hint, &self.fallback)?;
        for finding in &self.findings {
            check_text("findings", "a finding says what was found; leave it out", finding)?;
        }
        if self.result == DrillResult::Failed && self.findings.is_empty() {
            let hint = "where a drill failed, say why and who does what";
            return Err(Error::Empty { field: "findings", hint });
        }
        let is_time = |text: &String| {
            text.parse().is_ok_and(|time: jiff::Timestamp| clock::rfc3339(time) == *text)
        };
        if !is_time(&self.began_at) || !is_time(&self.ended_at) {
            return refused(format!(
                "it began at `{}` and ended at `{}`; expected UTC as 2026-06-01T08:00:00.000Z",
                self.began_at, self.ended_at
            ));
        }
        if self.began_at >= self.ended_at || self.ended_at.as_str() > at {
            return refused(format!(
                "it began at {}, ended at {} and is recorded at {at}; expected times in this order",
                self.began_at, self.ended_at
            ));
        }
        let due = self.next_due.parse::<Date>().ok().filter(|due| due.to_string() == self.next_due);
        let days = due.zip(day_of(at)).map(|(due, day)| i64::from((due - day).get_days()));
        if days.is_some_and(|days| (1..=DRILL_DAYS.1).contains(&days)) {
            return Ok(());
        }
        refused(format!(
            "the next one is due on `{}`; expected a later day than today, at most {} days from now, as 2027-02-26",
            self.next_due, DRILL_DAYS.1
        ))
    }
}

fn check_text(field: &'static str, hint: &'static str, text: &str) -> Result<()> {
    match text.trim().chars().count() {
        0 => Err(Error::Empty { field, hint }),
        found if found > TEXT_MAX => {
            let reason = format!(
                "`{field}` has {found} characters, expected at most {TEXT_MAX}; shorten it"
            );
            Err(Error::Drill { reason })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drill(change: impl Fn(&mut Drill)) -> Result<Drill> {
        let mut drill = Drill {
            format: DRILL_FORMAT.to_owned(),
            tried: "the server was stopped for an hour".to_owned(),
            began_at: "2026-06-01T06:00:00.000Z".to_owned(),
            ended_at: "2026-06-01T06:59:30.000Z".to_owned(),
            fallback: "the evidence pack of version 1, read offline".to_owned(),
            restore_test: None,
            result: DrillResult::Passed,
            findings: Vec::new(),
            next_due: "2027-06-01".to_owned(),
            recorded_by: "adam".to_owned(),
        };
        change(&mut drill);
        drill.validate("2026-06-01T08:00:00.000Z").map(|()| drill)
    }

    #[test] // A11-13
    fn a_drill_says_what_was_tried_with_what_and_how_it_went() {
        assert_eq!(drill(|_| ()).unwrap().minutes(), 60);
        drill(|one| one.next_due = "2027-06-02".to_owned()).unwrap();
        for due in ["2026-06-01", "2027-06-03", "2027-06-32", "", "next year"] {
            assert!(drill(|one| one.next_due = due.to_owned()).is_err(), "{due}");
        }
        for ended in ["2026-06-01T06:00:00.000Z", "2026-06-01T08:00:00.001Z", "2026-06-01", ""] {
            assert!(drill(|one| one.ended_at = ended.to_owned()).is_err(), "{ended}");
        }
        assert!(drill(|one| one.format.clear()).is_err());
        assert!(drill(|one| one.tried = " ".to_owned()).is_err());
        assert!(drill(|one| one.tried = "x".repeat(TEXT_MAX + 1)).is_err());
        assert!(drill(|one| one.fallback.clear()).is_err());
        assert!(drill(|one| one.findings = vec![String::new()]).is_err());
        assert!(drill(|one| one.result = DrillResult::Failed).is_err());
        drill(|one| {
            one.result = DrillResult::Failed;
            one.findings = vec!["nobody had the pack at hand".to_owned()];
        })
        .unwrap();
    }
}
