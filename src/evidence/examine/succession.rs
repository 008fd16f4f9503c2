//! One version of a model in use: what goes in and what goes out by one signature belong together.

use super::Examiner;
use crate::review::life_cycle::{Step, VersionState};
use crate::review::step_sheet::StepSheet;
use std::collections::{BTreeMap, BTreeSet};

/// A step that was taken, as far as it matters for who is in use.
pub(super) struct Move {
    pub(super) entry: u64,
    pub(super) step_id: String,
    /// SHA-256 of the stored sheet.
    pub(super) sha256: String,
    pub(super) sheet: StepSheet,
}

impl Move {
    fn puts_in_use(&self) -> bool {
        self.sheet.from != self.sheet.to && self.sheet.to == VersionState::InUse
    }
}

impl Examiner<'_> {
    /// At no ledger entry are two versions of a model in use, and each that went out for another was named by that one's sheet.
    pub(super) fn succession(&mut self, moves: Vec<Move>) {
        let mut models: BTreeMap<String, BTreeMap<u64, Vec<Move>>> = BTreeMap::new();
        for one in moves {
            let entries = models.entry(one.sheet.model.clone()).or_default();
            entries.entry(one.entry).or_default().push(one);
        }
        for entries in models.into_values() {
            let mut in_use: BTreeSet<String> = BTreeSet::new();
            for together in entries.into_values() {
                self.one_act(&in_use, &together);
                for one in &together {
                    if one.sheet.to == VersionState::InUse {
                        in_use.insert(one.sheet.version_id.clone());
                    } else {
                        in_use.remove(&one.sheet.version_id);
                    }
                }
                if in_use.len() > 1 {
                    let all = in_use.iter().cloned().collect::<Vec<_>>().join(", ");
                    let detail = format!("after it more than one version is in use: {all}");
                    let of = together.last().map_or("", |one| one.step_id.as_str());
                    self.trouble("step_not_allowed", ("version_step", of), detail);
                }
            }
        }
    }

    /// Steps of one ledger entry: every version that goes out is named, with its sheet, by the one that is put in use.
    fn one_act(&mut self, in_use: &BTreeSet<String>, together: &[Move]) {
        for one in together {
            let of = ("version_step", one.step_id.as_str());
            if !one.puts_in_use() && !one.sheet.supersedes.is_empty() {
                let detail = "it takes another version out of use, and puts none in use";
                self.trouble("step_not_allowed", of, detail);
            }
            if one.puts_in_use() {
                let named: BTreeSet<_> =
                    one.sheet.supersedes.iter().map(|other| &other.version_id).collect();
                let others = in_use.iter().filter(|id| **id != one.sheet.version_id);
                for other in others.filter(|id| !named.contains(id)) {
                    let detail = format!("`{other}` was in use, and its sheet does not name it");
                    self.trouble("step_not_allowed", of, detail);
                }
            }
            for other in &one.sheet.supersedes {
                let its = |step: &&Move| {
                    step.sheet.step == Step::Supersede && step.sheet.version_id == other.version_id
                };
                let found = together.iter().find(its).map(|step| step.sha256.as_str());
                let found = found.unwrap_or("not there");
                self.same(of, "sheet of the version that goes out", found, &other.sheet_sha256);
            }
            if let Some(successor) = &one.sheet.superseded_by {
                let names_it = |step: &Move| {
                    step.puts_in_use()
                        && step.sheet.version_id == successor.version_id
                        && step.sheet.version == successor.version
                        && step.sheet.supersedes.iter().any(|out| out.sheet_sha256 == one.sha256)
                };
                if !together.iter().any(names_it) {
                    let detail = format!(
                        "no step of the same entry puts `{}` in use and names this sheet",
                        successor.version
                    );
                    self.trouble("step_not_allowed", of, detail);
                }
            }
        }
    }
}
