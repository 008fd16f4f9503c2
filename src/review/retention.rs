//! How long stored files are kept: named classes with their years, counted from an event, and the class of each kind of file.
//!
//! The policy is one record, in force from its ledger entry on; while there is none, everything is kept for ever. A file is due when the
//! periods of all its uses are over. Nothing is removed because it is due: that takes a [`super::disposal`], signed by two people.

use super::file_kind::FileKind;
use super::{Error, Result};
use crate::digest;
use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Identifies the format of a retention policy.
pub const RETENTION_POLICY_FORMAT: &str = "driftledger/retention-policy/v1";
/// Most classes of a policy.
pub const CLASSES_MAX: usize = 50;
/// Most periods of a class.
pub const TERMS_MAX: usize = 4;
/// Most years of a period. The least is one: nothing can be set to go sooner.
pub const YEARS_MAX: u32 = 100;
/// Most characters of the name of a class.
const NAME_MAX: usize = 60;
/// Characters of the basis of a class, at most.
const BASIS_MAX: usize = 1_000;

/// From when the years of a period count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedFrom {
    /// The day the file came.
    Delivery,
    /// The day the version was retired or withdrawn; never, while it is not.
    EndOfLife,
}

impl CountedFrom {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::EndOfLife => "end_of_life",
        }
    }

    /// The event of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Delivery, Self::EndOfLife].into_iter().find(|event| event.word() == word)
    }

    /// In words that follow "years".
    pub fn words(self) -> &'static str {
        match self {
            Self::Delivery => "from the day the file came",
            Self::EndOfLife => "from the day the version was retired or withdrawn",
        }
    }
}

/// One period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionTerm {
    /// Years, 1 to 100.
    pub years: u32,
    /// Counted from.
    pub from: CountedFrom,
}

/// A named class: a file in it is kept until all of its periods are over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionClass {
    /// Its name.
    pub name: String,
    /// Its periods, 1 to 4; the one that ends last counts.
    pub terms: Vec<RetentionTerm>,
    /// The rule or the contract that asks for it.
    pub basis: String,
}

impl RetentionClass {
    /// The first day on which a file in it may be disposed of that came on `came`, for a version whose life ended on `ended`; nothing
    /// while an event has not happened that a period counts from.
    pub fn due_on(&self, came: Date, ended: Option<Date>) -> Option<Date> {
        let end = |term: &RetentionTerm| {
            let event = match term.from {
                CountedFrom::Delivery => came,
                CountedFrom::EndOfLife => ended?,
            };
            event.checked_add(Span::new().try_years(term.years).ok()?).ok()
        };
        let ends: Option<Vec<Date>> = self.terms.iter().map(end).collect();
        ends?.into_iter().max()
    }

    /// Its periods in words.
    pub fn words(&self) -> String {
        let term = |term: &RetentionTerm| {
            let years = if term.years == 1 { "year" } else { "years" };
            format!("{} {years} {}", term.years, term.from.words())
        };
        let all: Vec<String> = self.terms.iter().map(term).collect();
        let later = if all.len() > 1 { ", whichever ends last" } else { "" };
        format!("{}{later}", all.join(" and "))
    }
}

/// The class of a kind of file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindRule {
    /// The kind.
    pub kind: FileKind,
    /// Name of its class.
    pub class: String,
}

/// How long stored files are kept. A kind without a rule is kept for ever, unless its version has a class of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Always [`RETENTION_POLICY_FORMAT`].
    pub format: String,
    /// The classes.
    pub classes: Vec<RetentionClass>,
    /// Which kind of file is in which class.
    pub kinds: Vec<KindRule>,
}

impl Default for RetentionPolicy {
    /// Everything is kept for ever.
    fn default() -> Self {
        let format = RETENTION_POLICY_FORMAT.to_owned();
        Self { format, classes: Vec::new(), kinds: Vec::new() }
    }
}

impl RetentionPolicy {
    /// The class of that name.
    pub fn class(&self, name: &str) -> Option<&RetentionClass> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// The class of a kind of file of a version that was given the class `of_version`, if it was; nothing for what is kept for ever. A
    /// version whose class is in the policy no more is kept for ever.
    pub fn class_of(&self, kind: FileKind, of_version: Option<&str>) -> Option<&RetentionClass> {
        if let Some(name) = of_version {
            return self.class(name);
        }
        let rule = self.kinds.iter().find(|rule| rule.kind == kind)?;
        self.class(&rule.class)
    }

    /// Whether it can be in force.
    ///
    /// # Errors
    ///
    /// [`Error::Retention`], naming what is wrong and what is expected.
    pub fn validate(&self) -> Result<()> {
        let refuse = |reason: String| Err(Error::Retention { reason });
        if self.format != RETENTION_POLICY_FORMAT {
            return refuse(format!(
                "its format is `{}`, expected `{RETENTION_POLICY_FORMAT}`",
                self.format
            ));
        }
        if self.classes.len() > CLASSES_MAX {
            let found = self.classes.len();
            return refuse(format!("it has {found} classes, expected at most {CLASSES_MAX}"));
        }
        let mut names = BTreeSet::new();
        for class in &self.classes {
            check_class(class)?;
            if !names.insert(&class.name) {
                return refuse(format!("class `{}` is there twice; names differ", class.name));
            }
        }
        let mut kinds = BTreeSet::new();
        for rule in &self.kinds {
            if !kinds.insert(rule.kind) {
                let kind = rule.kind.word();
                return refuse(format!("kind `{kind}` is there twice; a kind has one class"));
            }
            if !names.contains(&rule.class) {
                let (kind, class) = (rule.kind.word(), &rule.class);
                return refuse(format!(
                    "kind `{kind}` is in class `{class}`, which the policy does not have"
                ));
            }
        }
        Ok(())
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}

fn check_class(class: &RetentionClass) -> Result<()> {
    let name = &class.name;
    let refuse = |reason: String| Err(Error::Retention { reason });
    if name.trim().is_empty() || name.trim() != name || name.chars().count() > NAME_MAX {
        return refuse(format!(
            "`{name}` is no name of a class; expected 1 to {NAME_MAX} characters without blanks around them"
        ));
    }
    if class.terms.is_empty() || class.terms.len() > TERMS_MAX {
        let found = class.terms.len();
        return refuse(format!(
            "class `{name}` has {found} periods, expected 1 to {TERMS_MAX}; leave the class out to keep files for ever"
        ));
    }
    if let Some(term) = class.terms.iter().find(|term| !(1..=YEARS_MAX).contains(&term.years)) {
        return refuse(format!(
            "class `{name}` keeps files {} years, expected 1 to {YEARS_MAX}",
            term.years
        ));
    }
    if class.basis.trim().is_empty() || class.basis.chars().count() > BASIS_MAX {
        return refuse(format!(
            "class `{name}` does not say which rule or contract asks for it; write `basis` in 1 to {BASIS_MAX} characters"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, terms: &[(u32, CountedFrom)]) -> RetentionClass {
        let terms = terms.iter().map(|&(years, from)| RetentionTerm { years, from }).collect();
        RetentionClass { name: name.to_owned(), terms, basis: "EU GMP 4.11".to_owned() }
    }

    fn policy() -> RetentionPolicy {
        let batch_papers = [(5, CountedFrom::Delivery), (1, CountedFrom::EndOfLife)];
        RetentionPolicy {
            classes: vec![class("batch papers", &batch_papers)],
            kinds: vec![KindRule { kind: FileKind::Batch, class: "batch papers".to_owned() }],
            ..RetentionPolicy::default()
        }
    }

    #[test] // P11-10c1
    fn the_period_that_ends_last_counts_and_what_has_not_happened_never_ends() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let policy = policy();
        let class = policy.class_of(FileKind::Batch, None).unwrap();
        let due = |came, ended: Option<&str>| class.due_on(day(came), ended.map(day));
        assert_eq!(due("2020-03-01", None), None);
        assert_eq!(due("2020-03-01", Some("2021-01-01")), Some(day("2025-03-01")));
        assert_eq!(due("2020-03-01", Some("2026-06-30")), Some(day("2027-06-30")));
        assert_eq!(due("2020-02-29", Some("2020-03-01")), Some(day("2025-02-28")));
        assert_eq!(
            class.words(),
            "5 years from the day the file came and 1 year from the day the version was retired or withdrawn, whichever ends last"
        );
    }

    #[test] // P11-10c1
    fn what_no_rule_names_is_kept_for_ever() {
        let policy = policy();
        assert_eq!(policy.class_of(FileKind::Labels, None), None);
        assert_eq!(policy.class_of(FileKind::Batch, Some("gone")), None);
        let own = policy.class_of(FileKind::Labels, Some("batch papers"));
        assert_eq!(own.map(|class| class.name.as_str()), Some("batch papers"));
        assert_eq!(RetentionPolicy::default().class_of(FileKind::Batch, None), None);
    }

    #[test] // P11-10c1
    fn a_policy_that_cannot_be_is_refused() {
        policy().validate().unwrap();
        RetentionPolicy::default().validate().unwrap();
        let wrong: [fn(&mut RetentionPolicy); 9] = [
            |p| p.format = "other".to_owned(),
            |p| p.classes[0].name = " batch".to_owned(),
            |p| p.classes[0].terms.clear(),
            |p| p.classes[0].terms[0].years = 0,
            |p| p.classes[0].terms[0].years = YEARS_MAX + 1,
            |p| p.classes[0].basis = "  ".to_owned(),
            |p| p.classes.push(p.classes[0].clone()),
            |p| p.kinds.push(p.kinds[0].clone()),
            |p| p.kinds[0].class = "none".to_owned(),
        ];
        for change in wrong {
            let mut policy = policy();
            change(&mut policy);
            assert!(matches!(policy.validate(), Err(Error::Retention { .. })), "{policy:?}");
        }
    }
}
