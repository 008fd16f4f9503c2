//! What the audit trail holds about one record, as it is laid out to whoever approves or closes it: how many decisions it records, and which
//! of them are critical, because they overrule, replace or set aside what stood before.
//!
//! The signature covers that they were looked at. A critical entry that nobody looked at blocks approval and closure, and one that comes
//! between looking and signing changes what is signed. Entry types are named by their words: this room does not know the ledger.

use super::review_kind::ReviewKind;
use super::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An entry that has to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CriticalEntry {
    /// Its index in the ledger.
    pub entry: u64,
    /// What it records.
    #[serde(rename = "type")]
    pub kind: String,
    /// Why it is critical.
    pub why: String,
}

/// The entries about a record that were laid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrailSeen {
    /// How many entries record decisions about it, since its beginning.
    pub entries: u64,
    /// The last of them.
    pub last: u64,
    /// Those that are critical, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<CriticalEntry>,
    /// Whether the signer states that they looked at them.
    pub reviewed: bool,
}

/// An entry about the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnEntry<'a> {
    /// Its index in the ledger.
    pub entry: u64,
    /// What it records, by the word of the ledger.
    pub kind: &'a str,
    /// The step of the record's life that it is, as its word.
    pub step: Option<&'a str>,
}

/// The types of entries that are laid out: what people decide about versions and alerts, as in the periodic review of decisions. Answers
/// about drawn predictions are left out: their samples are closed by entries of their own.
pub fn laid_out() -> Vec<&'static str> {
    let mut kinds = ReviewKind::Decisions.covers();
    kinds.retain(|kind| *kind != "sample.answer");
    kinds
}

impl TrailSeen {
    /// What `own` lays out, in the order of the ledger, all of types that are laid out; not looked at yet.
    pub fn of(own: &[OwnEntry<'_>]) -> Self {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut critical = Vec::new();
        for one in own {
            let so_far = counts.entry(one.kind).or_default();
            *so_far += 1;
            let nth = *so_far;
            let is_submitted = counts.contains_key("version.step");
            if let Some(why) = why_critical(*one, nth, is_submitted) {
                let (entry, kind) = (one.entry, one.kind.to_owned());
                critical.push(CriticalEntry { entry, kind, why: why.to_owned() });
            }
        }
        let last = own.last().map_or(0, |one| one.entry);
        Self { entries: own.len() as u64, last, critical, reviewed: false }
    }

    /// The same, looked at up to entry `until`: anything but the last one is not.
    #[must_use]
    pub fn looked_at(self, until: Option<u64>) -> Self {
        Self { reviewed: until == Some(self.last), ..self }
    }

    /// Refuses an approval or a closure while a critical entry was not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`].
    pub fn check(&self) -> Result<()> {
        if self.reviewed || self.critical.is_empty() {
            return Ok(());
        }
        Err(Error::Empty {
            field: "trail_reviewed",
            hint: "critical entries of the audit trail are about this record: look at those that the sheet names in `trail`, and give its `last` as `trail_reviewed`",
        })
    }

    /// What is stated, as a sentence.
    pub fn sentence(&self) -> String {
        let said = if self.reviewed { "reviewed" } else { "not reviewed" };
        match (self.entries, self.critical.len()) {
            (0, _) => "no decision about it is recorded".to_owned(),
            (entries, critical) => format!(
                "{entries} decisions about it up to ledger entry {}, {critical} of them critical: {said}",
                self.last
            ),
        }
    }
}

/// Why an entry is critical: the `nth` of its type about the record, after the record `is_submitted` or before; `None` where it is not.
fn why_critical(one: OwnEntry<'_>, nth: u64, is_submitted: bool) -> Option<&'static str> {
    let again = nth > 1;
    match one.kind {
        "batch.invalidate" => Some("a batch was marked as invalid"),
        "test.invalidate" => Some("a test run was marked as invalid"),
        "alert.overdue" => Some("a remedial action was overdue"),
        "reference.freeze" | "policy.set" => Some("another reference or policy came into force"),
        "acceptance.plan" if again => Some("acceptance criteria were fixed anew"),
        "test.run" if again => Some("it was tested once more"),
        "change.record" if again => Some("what changed was recorded anew"),
        "decision.draft" if again => Some("a decision was drafted anew"),
        "model_record.attach" if again && is_submitted => {
            Some("what it is for was written anew after it was submitted")
        }
        "version.step" => match one.step? {
            "reject" => Some("it was rejected"),
            "suspend" => Some("it was suspended"),
            _ => None,
        },
        "alert.step" => match one.step? {
            "reject" => Some("a drafted decision was rejected"),
            "return_investigation" => Some("the investigation was sent back"),
            "extend" => Some("a due date was moved"),
            "return_action" => Some("the remedial action was sent back"),
            "refute" => Some("the remedial action was not shown to be effective"),
            "reopen" => Some("it was opened again after it was closed"),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::episode_cycle::EpisodeStep;
    use crate::review::life_cycle::Step;

    fn own<'a>(entry: u64, kind: &'a str, step: Option<&'a str>) -> OwnEntry<'a> {
        OwnEntry { entry, kind, step }
    }

    #[test]
    fn what_overrules_or_replaces_is_critical_and_has_to_be_looked_at() {
        let quiet = [
            own(3, "model_record.attach", None),
            own(4, "model_record.attach", None),
            own(5, "acceptance.plan", None),
            own(6, "test.run", None),
            own(7, "version.step", Some("submit")),
        ];
        let seen = TrailSeen::of(&quiet);
        assert_eq!((seen.entries, seen.last, seen.critical.len()), (5, 7, 0));
        seen.check().unwrap();
        assert!(!seen.clone().looked_at(Some(6)).reviewed && seen.looked_at(Some(7)).reviewed);
        let loud = [
            own(8, "version.step", Some("reject")),
            own(9, "model_record.attach", None),
            own(10, "test.run", None),
            own(11, "batch.invalidate", None),
            own(12, "test.invalidate", None),
        ];
        let all: Vec<OwnEntry<'_>> = quiet.into_iter().chain(loud).collect();
        let seen = TrailSeen::of(&all);
        let critical: Vec<u64> = seen.critical.iter().map(|one| one.entry).collect();
        assert_eq!(critical, [8, 9, 10, 11, 12]);
        assert!(seen.check().is_err());
        assert!(seen.clone().looked_at(Some(11)).check().is_err(), "an earlier one");
        seen.clone().looked_at(Some(12)).check().unwrap();
        assert!(seen.sentence().contains("10 decisions") && seen.sentence().contains("5 of them"));
        assert!(TrailSeen::of(&[]).sentence().contains("no decision"));
    }

    #[test]
    fn the_words_of_steps_are_those_of_their_tables() {
        for word in ["reject", "suspend"] {
            assert!(Step::of_word(word).is_some(), "{word}");
        }
        for word in
            ["reject", "return_investigation", "extend", "return_action", "refute", "reopen"]
        {
            assert!(EpisodeStep::of_word(word).is_some(), "{word}");
        }
        assert!(laid_out().contains(&"version.step"));
        assert!(!laid_out().contains(&"batch.ingest"), "data come all the time");
    }
}
