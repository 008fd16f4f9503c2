//! Which entries a pack must explain: the same rule for writing and for verifying.
//!
//! An entry is concerned when one of its subjects is: the model, one of its versions, an episode of these, a decision on
//! such an episode, a draft that such a version took up, the run and the logged model this came out of,
//! a dataset of its registration that another tool reported by its digest. Entries that created the accounts which acted in concerned entries, and those about their roles,
//! passkeys, identities at the identity provider, suspended signing, identity check, acceptance of accountability and trainings, belong to
//! the pack as well; so do those about the clock, the statement of accountability, the training policy and the retention policy, legal holds on
//! the model or the whole store, and entry 0, which names the ledger and its key.
//!
//! Entries about an incident concern whatever they name as affected, and once one concerns the pack, so do all later ones about the same
//! incident; what else they name as affected does not come with them. An incident that the clock opened concerns every pack, as the clock does.
//!
//! A pack of an alert, a batch, a prediction or a period takes the entries up to [`Scope::until`] only; [`least_until`] says how far
//! that must be at least.
//!
//! The entries that record a pack's time stamps are in it besides, whenever they came; so are all those about the ledger's keys, since the
//! checkpoint is signed by the newest. All entries about redactions are in it too, whenever they came, with what is recorded about who
//! acted in them: any row may have been redacted.

use super::manifest::Scope;
use super::records::{Records, Row};
use crate::dataset::fingerprint::Fingerprint;
use crate::ledger::entry::{Entry, EntryType};
use crate::provenance::registration::{Dataset, Registration};
use std::collections::BTreeSet;

/// Columns of a draft version that name what it came out of.
pub const ORIGIN_COLUMNS: [&str; 3] = ["owner_id", "run_id", "logged_model_id"];

/// What is recorded about an account that acted: who it is, in which role, and how it is held to sign.
const OF_ACTORS: [EntryType; 12] = [
    EntryType::AccountCreate,
    EntryType::RoleRequest,
    EntryType::RoleAnswer,
    EntryType::IdentityAsk,
    EntryType::IdentityAnswer,
    EntryType::PasskeyRegister,
    EntryType::PasskeyRevoke,
    EntryType::SigningHold,
    EntryType::SigningRelease,
    EntryType::AccountabilityAccept,
    EntryType::IdentityCheck,
    EntryType::TrainingRecord,
];

/// What holds for everybody who signs, or for all files.
const OF_ALL: [EntryType; 4] = [
    EntryType::ClockEvent,
    EntryType::AccountabilitySet,
    EntryType::TrainingPolicySet,
    EntryType::RetentionSet,
];

/// Legal holds: one on the whole store, or on the model, concerns each of its versions.
const HOLDS: [EntryType; 2] = [EntryType::HoldPlace, EntryType::HoldLift];

/// Whether entries of this type are about an incident that people report, investigate and close.
pub(super) fn is_about_incident(kind: EntryType) -> bool {
    matches!(kind, EntryType::IncidentReport | EntryType::IncidentRevise | EntryType::IncidentClose)
}

/// What says which key signs which heads: whoever trusts an earlier one needs all of it.
const OF_KEYS: [EntryType; 2] = [EntryType::KeyRotate, EntryType::KeyRevoke];

/// Redactions change rows that any pack may hold.
const OF_REDACTIONS: [EntryType; 2] = [EntryType::RedactionPropose, EntryType::RedactionSign];

/// Follows the entries in order and says which are concerned.
#[derive(Debug)]
pub struct Concern {
    is_whole: bool,
    until: u64,
    model: Option<String>,
    held: Option<String>,
    versions: BTreeSet<String>,
    origins: BTreeSet<String>,
    episodes: BTreeSet<String>,
    incidents: BTreeSet<String>,
    actors: BTreeSet<String>,
    redactors: BTreeSet<String>,
    /// What is recorded about people, and holds for all who sign, counts up to here: to the end of the story, or the newest redaction.
    told_until: u64,
    /// Legal holds after the end of the story, and who placed or lifted them: no redaction was signed under one.
    late_holds: Vec<(u64, String)>,
    entries: BTreeSet<u64>,
}

/// Every digest of every dataset in a canonical registration; none where it cannot be read.
pub fn dataset_digests(registration: &str) -> Vec<String> {
    let registration: Option<Registration> = serde_json::from_str(registration).ok();
    let datasets = registration.map(|registration| registration.datasets).unwrap_or_default();
    let of = |dataset: Dataset| {
        let Fingerprint { table, content, .. } = dataset.fingerprint;
        [table.table, content.sha256, content.blake3]
    };
    datasets.into_iter().flat_map(of).collect()
}

impl Concern {
    /// For `scope`, whose model versions have these ids; `origins` are those of the drafts they took up, with the runs and logged
    /// models behind these, and the digests of their datasets ([`dataset_digests`]).
    pub fn new(scope: &Scope, versions: BTreeSet<String>, origins: BTreeSet<String>) -> Self {
        // A pack of one version leaves out what concerns the model alone or its other versions.
        let model = if scope.version.is_none() { scope.model.clone() } else { None };
        let (episodes, actors, entries) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (incidents, redactors) = (BTreeSet::new(), BTreeSet::new());
        let is_whole = scope.model.is_none();
        let until = scope.until.unwrap_or(u64::MAX);
        let held = scope.model.clone();
        Self {
            is_whole,
            until,
            model,
            held,
            versions,
            origins,
            episodes,
            incidents,
            actors,
            redactors,
            told_until: until,
            late_holds: Vec::new(),
            entries,
        }
    }

    /// Takes the next entry, in the order of the ledger.
    pub fn visit(&mut self, entry: &Entry) {
        if OF_REDACTIONS.contains(&entry.kind) {
            self.entries.insert(entry.idx);
            self.redactors.insert(entry.actor.id.clone());
            self.told_until = self.told_until.max(entry.idx);
        }
        let holds = HOLDS.contains(&entry.kind)
            && entry.subj.iter().any(|subject| {
                subject.kind == "store"
                    || subject.kind == "model" && Some(&subject.id) == self.held.as_ref()
            });
        if entry.idx >= self.until {
            if holds || self.is_whole && HOLDS.contains(&entry.kind) {
                self.late_holds.push((entry.idx, entry.actor.id.clone()));
            }
            return;
        }
        let names = |kind: &str, ids: &BTreeSet<String>| {
            entry.subj.iter().any(|subject| subject.kind == kind && ids.contains(&subject.id))
        };
        let of_model = entry
            .subj
            .iter()
            .any(|subject| subject.kind == "model" && Some(&subject.id) == self.model.as_ref());
        let concerned = self.is_whole
            || entry.idx == 0
            || of_model
            || holds
            || names("model_version", &self.versions)
            || ["draft_version", "run", "logged_model", "dataset"]
                .iter()
                .any(|kind| names(kind, &self.origins))
            || names("episode", &self.episodes)
            || names("incident", &self.incidents);
        let named = |kind: &'static str| {
            let subjects = entry.subj.iter().filter(move |subject| subject.kind == kind);
            subjects.map(|subject| subject.id.clone())
        };
        if concerned || OF_ALL.contains(&entry.kind) {
            self.incidents.extend(named("incident"));
        }
        if !concerned {
            return;
        }
        self.entries.insert(entry.idx);
        self.actors.insert(entry.actor.id.clone());
        if !is_about_incident(entry.kind) {
            self.episodes.extend(named("episode"));
        }
    }

    /// The concerned entries, once all were visited; `all` gives them again, for the accounts that acted.
    pub fn entries<'a>(self, all: impl Iterator<Item = &'a Entry>) -> BTreeSet<u64> {
        let Self { until, told_until, actors, mut redactors, mut entries, late_holds, .. } = self;
        for (idx, actor) in late_holds.into_iter().filter(|(idx, _)| *idx < told_until) {
            entries.insert(idx);
            redactors.insert(actor);
        }
        let told = all.filter(|entry| {
            let names = |ids: &BTreeSet<String>| {
                entry.subj.iter().any(|s| s.kind == "account" && ids.contains(&s.id))
            };
            let of_people = OF_ACTORS.contains(&entry.kind)
                && (entry.idx < until && names(&actors) || names(&redactors));
            let in_time = entry.idx < told_until && (OF_ALL.contains(&entry.kind) || of_people);
            in_time || OF_KEYS.contains(&entry.kind)
        });
        entries.extend(told.map(|entry| entry.idx));
        entries
    }
}

/// The versions that `scope` asks for, with their rows, in the order of the ledger.
pub fn versions_asked(records: &mut dyn Records, scope: &Scope) -> Vec<(String, Row)> {
    let asked =
        |found: &str, asked: &Option<String>| asked.as_ref().is_none_or(|name| name == found);
    let mut found = Vec::new();
    for key in records.keys("model_version") {
        let Some(row) = records.row("model_version", &key) else { continue };
        if asked(row.text("model"), &scope.model) && asked(row.text("version"), &scope.version) {
            found.push((key, row));
        }
    }
    found.sort_by_key(|(_, row)| row.number("entry"));
    found
}

/// Ids of the alerts that a batch is part of.
pub fn episodes_of_batch(records: &mut dyn Records, batch_id: &str) -> BTreeSet<String> {
    let keys = records.keys("report");
    let is_its = |key: &&String, records: &mut dyn Records| {
        records.row("report", key).is_some_and(|row| row.text("batch_id") == batch_id)
    };
    let reports: BTreeSet<String> =
        keys.iter().filter(|key| is_its(key, records)).cloned().collect();
    let keys = records.keys("episode_batch");
    let rows = keys.iter().filter_map(|key| records.row("episode_batch", key));
    rows.filter(|row| reports.contains(row.text("report_id")))
        .map(|row| row.text("episode_id").to_owned())
        .collect()
}

/// The smallest number of entries that tells the story `scope` asks for: up to the last entry that names its alert or its batch (and
/// the alerts that the batch is part of, `episodes`), or that lies before the end of its period.
pub fn least_until<'a>(
    scope: &Scope,
    episodes: &BTreeSet<String>,
    entries: impl Iterator<Item = &'a Entry>,
) -> u64 {
    let names = |entry: &Entry, kind: &str, id: &str| {
        entry.subj.iter().any(|subject| subject.kind == kind && subject.id == id)
    };
    let is_told = |entry: &&Entry| match (&scope.alert, &scope.batch, &scope.to) {
        (Some(alert), ..) => names(entry, "episode", alert),
        (_, Some(batch), _) => {
            names(entry, "batch", batch) || episodes.iter().any(|id| names(entry, "episode", id))
        }
        (.., Some(to)) => entry.ts < *to,
        _ => true,
    };
    entries.filter(is_told).map(|entry| entry.idx + 1).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::body;
    use crate::ledger::entry::{Actor, Subject};

    fn entry(idx: u64, kind: EntryType, actor: &str, subjects: &[(&str, &str)]) -> Entry {
        Entry {
            v: 1,
            idx,
            ts: "2026-01-01T00:00:00.000Z".to_owned(),
            kind,
            actor: Actor::new(actor, "qa", "password"),
            subj: subjects.iter().map(|(kind, id)| Subject::new(*kind, *id)).collect(),
            body: body::digest_of(b""),
            refs: Vec::new(),
        }
    }

    fn ledger() -> Vec<Entry> {
        vec![
            entry(0, EntryType::LogCreate, "driftledger", &[("ledger", "log")]),
            entry(1, EntryType::AccountCreate, "host", &[("account", "ac_dana")]),
            entry(2, EntryType::AccountCreate, "host", &[("account", "ac_other")]),
            entry(3, EntryType::ModelRegister, "ac_other", &[("model", "m")]),
            entry(4, EntryType::VersionRegister, "ac_dana", &[("model_version", "mv_1")]),
            entry(5, EntryType::VersionRegister, "ac_other", &[("model_version", "mv_2")]),
            entry(
                6,
                EntryType::BatchIngest,
                "ac_dana",
                &[("model_version", "mv_1"), ("episode", "ep_1")],
            ),
            entry(
                7,
                EntryType::BatchIngest,
                "ac_other",
                &[("model_version", "mv_2"), ("episode", "ep_2")],
            ),
            entry(
                8,
                EntryType::DecisionDraft,
                "ac_dana",
                &[("episode", "ep_1"), ("decision", "de_1")],
            ),
            entry(
                9,
                EntryType::DecisionDraft,
                "ac_other",
                &[("episode", "ep_2"), ("decision", "de_2")],
            ),
            entry(10, EntryType::RunCreate, "ac_dana", &[("run", "rn_1")]),
            entry(11, EntryType::RunCreate, "ac_dana", &[("run", "rn_2")]),
            entry(
                12,
                EntryType::IncidentReport,
                "ac_other",
                &[("incident", "in_1"), ("model_version", "mv_1"), ("episode", "ep_2")],
            ),
            entry(13, EntryType::IncidentRevise, "ac_dana", &[("incident", "in_1")]),
            entry(14, EntryType::IncidentReport, "ac_dana", &[("incident", "in_2")]),
            entry(15, EntryType::DecisionSign, "ac_dana", &[("episode", "ep_2")]),
            entry(16, EntryType::ClockEvent, "system", &[("incident", "in_3")]),
            entry(17, EntryType::IncidentClose, "ac_dana", &[("incident", "in_3")]),
        ]
    }

    fn concerned(scope: &Scope, versions: &[&str]) -> Vec<u64> {
        let all = ledger();
        let mut concern = Concern::new(
            scope,
            versions.iter().map(|&v| v.to_owned()).collect(),
            BTreeSet::from(["rn_1".to_owned()]),
        );
        all.iter().for_each(|entry| concern.visit(entry));
        concern.entries(all.iter()).into_iter().collect()
    }

    #[test]
    fn a_version_takes_its_own_story_its_run_and_the_accounts_in_it() {
        let expected = [0, 1, 2, 4, 6, 8, 10, 12, 13, 16, 17];
        assert_eq!(concerned(&Scope::of("m", Some("1")), &["mv_1"]), expected);
    }

    #[test]
    fn a_model_takes_all_its_versions() {
        assert_eq!(
            concerned(&Scope::of("m", None), &["mv_1", "mv_2"]),
            [(0..11).collect::<Vec<_>>(), vec![12, 13, 15, 16, 17]].concat()
        );
    }

    #[test]
    fn what_is_said_about_keys_is_in_every_pack_however_late() {
        let scope = Scope { until: Some(5), ..Scope::of("m", Some("1")) };
        let versions = BTreeSet::from(["mv_1".to_owned()]);
        let mut all = ledger();
        all.push(entry(12, EntryType::KeyRotate, "host", &[("key", "0a0b0c0d")]));
        all.push(entry(13, EntryType::ClockEvent, "system", &[]));
        let mut concern = Concern::new(&scope, versions, BTreeSet::new());
        all.iter().for_each(|entry| concern.visit(entry));
        let found: Vec<_> = concern.entries(all.iter()).into_iter().collect();
        assert_eq!(found, [0, 1, 4, 12]);
    }

    #[test] // P11-10c1
    fn redactions_are_in_every_pack_with_what_is_recorded_about_who_signed_them() {
        let scope = Scope { until: Some(5), ..Scope::of("m", Some("1")) };
        let mut all = ledger();
        let later = [
            (EntryType::AccountCreate, "host", "account", "ac_qa"),
            (EntryType::RedactionSign, "ac_qa", "redaction", "rd_1"),
            (EntryType::RoleAnswer, "host", "account", "ac_qa"),
            (EntryType::HoldLift, "ac_qa", "model", "m"),
        ];
        for (at, (kind, actor, what, id)) in (18..).zip(later) {
            all.push(entry(at, kind, actor, &[(what, id)]));
        }
        let mut concern =
            Concern::new(&scope, BTreeSet::from(["mv_1".to_owned()]), BTreeSet::new());
        // A hold that was lifted before the redaction is in it too, one that came after is not.
        all[17] = entry(17, EntryType::HoldLift, "ac_other", &[("model", "m")]);
        all.iter().for_each(|entry| concern.visit(entry));
        let found: Vec<_> = concern.entries(all.iter()).into_iter().collect();
        assert_eq!(found, [0, 1, 2, 4, 16, 17, 18, 19]);
    }

    #[test]
    fn a_whole_store_takes_everything() {
        assert_eq!(concerned(&Scope::whole(), &[]), (0..18).collect::<Vec<_>>());
    }
}
