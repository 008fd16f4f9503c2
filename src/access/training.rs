//! Which roles need which training, and whether somebody's is current.
//!
//! The policy is the one table: a rule for each role that needs a course. It is empty until an organisation fills it; from then on, a role
//! in it is exercised and granted only with a current record, and is suspended when that ends.

use super::role::Role;
use super::{Error, Result};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Most characters of the name of a course.
const COURSE_CHARACTERS_MAX: usize = 120;
/// Most days that a training can be good for.
const DAYS_MAX: u32 = 3_650;
/// Days before its end from which on a training is to be repeated.
pub const NOTICE_DAYS: i64 = 30;

/// The training that a role needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingRule {
    /// The role.
    pub role: Role,
    /// Course and its version, for example `SOP-7 v2`.
    pub course: String,
    /// Days that it is good for, 1 to 3650, counted from its completion.
    pub days: u32,
}

/// Which roles need which training; none while it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingPolicy {
    /// One rule a role at most.
    pub rules: Vec<TrainingRule>,
}

/// What is recorded about a training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The role it is for.
    pub role: Role,
    /// Course and its version.
    pub course: String,
    /// Day of its completion, UTC, `2026-01-31`.
    #[schema(value_type = String)]
    pub completed_on: Date,
    /// Last day it is good for, where that is earlier than the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub valid_until: Option<Date>,
}

impl Training {
    /// Checks what is to be recorded on `today`.
    ///
    /// # Errors
    ///
    /// [`Error::Training`].
    pub fn validate(&self, today: Date) -> Result<()> {
        check_course(&self.course)?;
        if self.completed_on > today {
            let detail = format!("`completed_on` is {}, which is not over yet", self.completed_on);
            return Err(Error::Training { detail });
        }
        if self.valid_until.is_some_and(|until| until < self.completed_on) {
            let detail = "`valid_until` is before `completed_on`".to_owned();
            return Err(Error::Training { detail });
        }
        Ok(())
    }
}

impl TrainingRule {
    /// The last day that `training` is good for by this rule.
    pub fn last_day(&self, training: &Training) -> Date {
        let days = i64::from(self.days);
        let end = training.completed_on.checked_add(days.days()).unwrap_or(Date::MAX);
        training.valid_until.map_or(end, |until| until.min(end))
    }

    /// The training that this rule asks for: the last one of `trainings`, which are in the order of their records.
    pub fn newest<'a>(&self, trainings: &'a [Training]) -> Option<&'a Training> {
        trainings.iter().rev().find(|t| t.role == self.role && t.course == self.course)
    }
}

impl TrainingPolicy {
    /// Checks that the policy can be in force.
    ///
    /// # Errors
    ///
    /// [`Error::Training`].
    pub fn validate(&self) -> Result<()> {
        for (position, rule) in self.rules.iter().enumerate() {
            check_course(&rule.course)?;
            if !(1..=DAYS_MAX).contains(&rule.days) {
                let detail = format!("`days` is {}, expected 1 to {DAYS_MAX}", rule.days);
                return Err(Error::Training { detail });
            }
            if self.rules[..position].iter().any(|earlier| earlier.role == rule.role) {
                let detail = format!("role `{}` has two rules, expected one", rule.role.word());
                return Err(Error::Training { detail });
            }
        }
        Ok(())
    }

    /// The rule for a role, if it needs training.
    pub fn rule(&self, role: Role) -> Option<&TrainingRule> {
        self.rules.iter().find(|rule| rule.role == role)
    }

    /// Checks that somebody with these `trainings`, in the order of their records, may exercise `role` on `today`.
    ///
    /// # Errors
    ///
    /// [`Error::TrainingNeeded`].
    pub fn check(
        &self,
        (user_name, role): (&str, Role),
        trainings: &[Training],
        today: Date,
    ) -> Result<()> {
        let Some(rule) = self.rule(role) else { return Ok(()) };
        let last_day = rule.newest(trainings).map(|training| rule.last_day(training));
        if last_day.is_some_and(|last| today <= last) {
            return Ok(());
        }
        let found = match last_day {
            None => "none is recorded".to_owned(),
            Some(last) => format!("it ended on {last}"),
        };
        Err(Error::TrainingNeeded {
            user_name: user_name.to_owned(),
            role: role.word(),
            course: rule.course.clone(),
            found,
        })
    }
}

fn check_course(course: &str) -> Result<()> {
    let found = course.chars().count();
    if course.trim() == course && (1..=COURSE_CHARACTERS_MAX).contains(&found) {
        return Ok(());
    }
    let detail =
        format!("`course` is `{course}`, expected 1 to {COURSE_CHARACTERS_MAX} characters");
    Err(Error::Training { detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn rule() -> TrainingRule {
        TrainingRule { role: Role::Qa, course: "SOP-7 v2".into(), days: 365 }
    }

    fn training(completed_on: &str, valid_until: Option<&str>) -> Training {
        Training {
            role: Role::Qa,
            course: "SOP-7 v2".into(),
            completed_on: day(completed_on),
            valid_until: valid_until.map(day),
        }
    }

    #[test]
    fn a_training_is_good_to_its_last_day_and_not_a_day_longer() {
        let policy = TrainingPolicy { rules: vec![rule()] };
        let check = |trainings: &[Training], today: &str| {
            policy.check(("quentin", Role::Qa), trainings, day(today)).is_ok()
        };
        let one = [training("2026-01-01", None)];
        assert!(check(&one, "2027-01-01") && !check(&one, "2027-01-02"));
        let shorter = [training("2026-01-01", Some("2026-03-31"))];
        assert!(check(&shorter, "2026-03-31") && !check(&shorter, "2026-04-01"));
        assert!(!check(&[], "2026-01-01"));
        // The newest record counts, whatever an older one said.
        let ended = [training("2026-01-01", None), training("2026-01-01", Some("2026-01-31"))];
        assert!(!check(&ended, "2026-02-01"));
        let other = [Training { role: Role::Reviewer, ..training("2026-01-01", None) }];
        assert!(!check(&other, "2026-01-02"), "of another role");
        let other = [Training { course: "SOP-7 v1".into(), ..training("2026-01-01", None) }];
        assert!(!check(&other, "2026-01-02"), "of another version of the course");
        assert!(policy.check(("dana", Role::DataScientist), &[], day("2026-01-01")).is_ok());
        assert!(TrainingPolicy::default().check(("q", Role::Qa), &[], day("2026-01-01")).is_ok());
    }

    #[test]
    fn what_cannot_be_in_force_or_recorded_is_refused() {
        let refused = |rules: Vec<TrainingRule>| TrainingPolicy { rules }.validate().is_err();
        assert!(refused(vec![rule(), rule()]) && !refused(vec![rule()]) && !refused(vec![]));
        assert!(refused(vec![TrainingRule { days: 0, ..rule() }]));
        assert!(refused(vec![TrainingRule { days: 3651, ..rule() }]));
        assert!(refused(vec![TrainingRule { course: " ".into(), ..rule() }]));
        let today = day("2026-06-01");
        training("2026-06-01", Some("2026-06-01")).validate(today).unwrap();
        assert!(training("2026-06-02", None).validate(today).is_err());
        assert!(training("2026-05-02", Some("2026-05-01")).validate(today).is_err());
    }
}
