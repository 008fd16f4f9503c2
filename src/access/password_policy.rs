//! What a password must be, for how long, and whether one has to be changed before anything else.
//!
//! The policy is one record: an administrator sets it with a reason, and it is in force from its ledger entry on. The list of
//! common passwords (`common_passwords.txt`) is short and built in; it looks for words that are common, not for hashes of leaks.

use super::account::Account;
use super::role::Role;
use super::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Words that passwords are guessed with first, longest of a family first.
const COMMON: &str = include_str!("common_passwords.txt");
/// Fewest different characters, common passwords taken out.
const DIFFERENT_MIN: usize = 5;
/// A name shorter than this may stand in a password by chance.
const NAME_CHARACTERS_MIN: usize = 4;
const SECONDS_A_DAY: i64 = 86_400;

/// The rules for all passwords of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordPolicy {
    /// Fewest characters, 12 to 128.
    pub characters_min: u32,
    /// Whether passwords made of common ones are refused.
    pub common_denied: bool,
    /// Whether passwords that hold the user name or a word of the printed name are refused.
    pub own_names_denied: bool,
    /// Days after which a password has to be changed; without it, never.
    pub age_days_max: Option<u32>,
    /// How many earlier passwords may not come again, 1 to 24.
    pub reused_last: u32,
    /// Roles that need a second factor; others may have one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub second_factor_roles: Vec<Role>,
}

impl Default for PasswordPolicy {
    /// What is in force until an administrator sets something else.
    fn default() -> Self {
        Self {
            characters_min: 14,
            common_denied: true,
            own_names_denied: true,
            age_days_max: Some(365),
            reused_last: 5,
            second_factor_roles: Vec::new(),
        }
    }
}

/// Why a password has to be changed before anything else can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum PasswordDue {
    /// It was issued by somebody else and is good for one sign-in.
    OneTime,
    /// It is older than the policy allows.
    TooOld {
        /// Days it may be used.
        days: u32,
    },
    /// The policy asks for a second factor in this role, and none is enrolled.
    NoSecondFactor,
}

impl std::fmt::Display for PasswordDue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneTime => formatter.write_str("it was issued for one sign-in"),
            Self::NoSecondFactor => {
                formatter.write_str("a second factor has to be enrolled for this role")
            }
            Self::TooOld { days } => write!(formatter, "it is older than {days} days"),
        }
    }
}

impl PasswordPolicy {
    /// Checks that the policy can be in force.
    ///
    /// # Errors
    ///
    /// [`Error::PasswordPolicy`], naming the field.
    pub fn validate(&self) -> Result<()> {
        let within = |field, value: u32, low, high| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::PasswordPolicy { field, found: value, low, high })
        };
        within("characters_min", self.characters_min, 12, 128)?;
        within("reused_last", self.reused_last, 1, 24)?;
        self.age_days_max.map_or(Ok(()), |days| within("age_days_max", days, 1, 3650))
    }

    /// Checks that `password` may be the password of `account`.
    ///
    /// # Errors
    ///
    /// [`Error::PasswordTooShort`], [`Error::PasswordCommon`], [`Error::PasswordHoldsName`].
    pub fn check(&self, password: &str, account: &Account) -> Result<()> {
        let (found, needed) = (password.chars().count(), self.characters_min as usize);
        if found < needed {
            return Err(Error::PasswordTooShort { found, needed });
        }
        let password = password.to_lowercase();
        if self.own_names_denied
            && names_of(account).iter().any(|name| password.contains(name.as_str()))
        {
            return Err(Error::PasswordHoldsName);
        }
        if self.common_denied && is_common(&password) {
            return Err(Error::PasswordCommon);
        }
        Ok(())
    }

    /// Whether a password that was set at `set_at` (UTC seconds) has to be changed at `now`.
    pub fn due(&self, one_time: bool, set_at: i64, now: i64) -> Option<PasswordDue> {
        if one_time {
            return Some(PasswordDue::OneTime);
        }
        let days = self.age_days_max?;
        (now - set_at > i64::from(days) * SECONDS_A_DAY).then_some(PasswordDue::TooOld { days })
    }
}

/// The user name and the words of the printed name, lower case, where they are long enough to be meant.
fn names_of(account: &Account) -> BTreeSet<String> {
    let printed = account.printed_name.to_lowercase();
    let words = printed.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
    words
        .chain([account.user_name.clone()])
        .filter(|name| name.chars().count() >= NAME_CHARACTERS_MIN)
        .collect()
}

/// Whether hardly a different character is left of `password` (lower case) once common ones are taken out.
fn is_common(password: &str) -> bool {
    let mut left = password.to_owned();
    for word in COMMON.lines() {
        left = left.replace(word, "");
    }
    left.chars().collect::<BTreeSet<_>>().len() < DIFFERENT_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            id: "ac_1".to_owned(),
            user_name: "r.reviewer".to_owned(),
            printed_name: "Rosa Elena Li".to_owned(),
            role: Role::Reviewer,
        }
    }

    #[test] // A11d-11.4
    fn length_names_and_common_words_are_checked_in_this_order() {
        let policy = PasswordPolicy::default();
        let check = |password: &str| policy.check(password, &account());
        assert!(check("sixteen grey herons").is_ok());
        assert!(matches!(
            check("grey herons"),
            Err(Error::PasswordTooShort { found: 11, needed: 14 })
        ));
        for holds in ["my-R.Reviewer-word", "the ROSA is grey 7", "elena of the seas"] {
            assert!(matches!(check(holds), Err(Error::PasswordHoldsName)), "{holds}");
        }
        assert!(check("a little lighthouse").is_ok(), "`li` is too short to be meant");
        for common in [
            "password123456789",
            "Password-Password!",
            "qwertyuiop1234567890",
            "aaaaaaaabbbbbbbb",
            "welcome2driftledger",
        ] {
            assert!(matches!(check(common), Err(Error::PasswordCommon)), "{common}");
        }
        assert!(check("dragon staple battery horse").is_ok());
    }

    #[test] // A11d-11.4
    fn a_switched_off_rule_refuses_nothing_and_limits_have_limits() {
        let lax = PasswordPolicy {
            characters_min: 12,
            common_denied: false,
            own_names_denied: false,
            age_days_max: None,
            reused_last: 1,
            second_factor_roles: Vec::new(),
        };
        lax.validate().unwrap();
        lax.check("passwordpassword", &account()).unwrap();
        lax.check("rosa rosa rosa", &account()).unwrap();
        for wrong in [
            PasswordPolicy { characters_min: 11, ..lax.clone() },
            PasswordPolicy { reused_last: 0, ..lax.clone() },
            PasswordPolicy { reused_last: 25, ..lax.clone() },
            PasswordPolicy { age_days_max: Some(0), ..lax.clone() },
        ] {
            assert!(matches!(wrong.validate(), Err(Error::PasswordPolicy { .. })), "{wrong:?}");
        }
    }

    #[test] // A11d-11.4
    fn a_password_is_due_when_issued_or_older_than_allowed() {
        let policy = PasswordPolicy { age_days_max: Some(2), ..PasswordPolicy::default() };
        assert_eq!(policy.due(true, 100, 100), Some(PasswordDue::OneTime));
        assert_eq!(policy.due(false, 100, 100 + 2 * SECONDS_A_DAY), None);
        let due = policy.due(false, 100, 101 + 2 * SECONDS_A_DAY);
        assert_eq!(due, Some(PasswordDue::TooOld { days: 2 }));
        let never = PasswordPolicy { age_days_max: None, ..policy };
        assert_eq!(never.due(false, 0, i64::MAX / 2), None);
    }
}
