//! Incidents: every revision is canonical, follows the one before by the table and changes nothing else than its step states, was written by
//! somebody who may, and names records that were there before; the one that closes it is signed once, by somebody who neither reported nor
//! investigated it. Continuity drills: each says what it must, by somebody who may, with the figures of the practised restore that it names.
//!
//! A pack of one version holds the revisions from the one on that names it: what came before is in the packs of what it named.

use super::changes::Signatures;
use super::{Examiner, Row, is_canonical};
use crate::access::role::{Action, Role};
use crate::evidence::scope::is_about_incident;
use crate::review::drill::Drill;
use crate::review::incident::{Incident, NoticedBy, RevisionBefore};
use crate::review::incident_cycle::IncidentStep;
use crate::review::signature::Meaning;
use std::collections::{BTreeMap, BTreeSet};

/// The record table of incidents.
const INCIDENTS: &str = "incident";
/// The record table of continuity drills.
const DRILLS: &str = "drill";

/// A revision with its row.
struct Revision {
    key: String,
    row: Row,
    incident: Incident,
}

impl Examiner<'_> {
    /// All incidents with the signatures that closed them.
    pub(super) fn incidents(&mut self, signatures: &mut Signatures) {
        let mut chains: BTreeMap<String, Vec<Revision>> = BTreeMap::new();
        for (key, row) in self.rows(INCIDENTS) {
            if let Some(incident) = self.revision((INCIDENTS, &key), &row) {
                let chain = chains.entry(row.text("incident_id").to_owned()).or_default();
                chain.push(Revision { key, row, incident });
            }
        }
        for chain in chains.values_mut() {
            chain.sort_by_key(|one| one.incident.revision);
            for at in 0..chain.len() {
                let (before, rest) = chain.split_at(at);
                let Some(one) = rest.first() else { continue };
                if let Some(previous) = before.last() {
                    self.next_revision(previous, one);
                }
                self.closing(before, one, signatures);
            }
        }
        self.affected_records(chains.values().flatten());
    }

    /// What one revision says by itself, and who wrote it.
    fn revision(&mut self, of: (&str, &str), row: &Row) -> Option<Incident> {
        let columns = ("document", "sha256");
        let incident = self.document::<Incident>((of.0, of.1, row), columns)?;
        self.examined.incidents += 1;
        if !is_canonical(&incident, row.text("document")) {
            self.trouble("document_invalid", of, "the incident is not canonical JSON");
        }
        if let Err(error) = incident.validate(row.text("at")) {
            self.trouble("incident_not_valid", of, error.to_string());
        }
        let before = incident.supersedes.as_ref().map_or("", |before| before.id.as_str());
        for (column, stated) in [
            ("incident_id", incident.id.as_str()),
            ("step", incident.step.word()),
            ("state", incident.state.word()),
            ("noticed_by", incident.noticed_by.word()),
            ("severity", incident.report.severity.word()),
            ("supersedes", before),
        ] {
            self.same(of, column, stated, row.text(column));
        }
        let number = row.number("revision").unwrap_or_default();
        self.same(of, "revision", &incident.revision.to_string(), &number.to_string());
        self.writer(of, row, &incident);
        Some(incident)
    }

    /// A person whose role may wrote the revision; the program writes first ones only, and those of what it noticed itself.
    fn writer(&mut self, of: (&str, &str), row: &Row, incident: &Incident) {
        let is_first = incident.step == IncidentStep::Report;
        if is_first {
            self.same(of, "who reported it", &incident.reported_by, &incident.written_by);
        }
        if row.optional("account_id").is_none() {
            if !is_first || incident.noticed_by == NoticedBy::Person {
                self.trouble("incident_not_permitted", of, "no account wrote this revision");
            }
            return;
        }
        if is_first && incident.noticed_by != NoticedBy::Person {
            let detail = "an account reported what the program is said to have noticed";
            self.trouble("incident_not_permitted", of, detail);
        }
        let Some(account) = self.named((of.0, of.1, row), "account_id", "account") else { return };
        self.same(of, "who wrote it", &incident.written_by, account.text("user_name"));
        let action = match incident.step {
            IncidentStep::Close | IncidentStep::Reopen => Action::CloseIncident,
            _ => Action::ReportIncident,
        };
        let role = self.role_at(&account, row.text("at"));
        if !Role::parse(&role).is_ok_and(|role| action.roles().contains(&role)) {
            let detail = format!("a {role} may not {}", action.words());
            self.trouble("incident_not_permitted", of, detail);
        }
    }

    /// A revision follows the one before it, and came later.
    fn next_revision(&mut self, before: &Revision, one: &Revision) {
        let of = (INCIDENTS, one.key.as_str());
        let row =
            RevisionBefore { id: before.key.clone(), sha256: before.row.text("sha256").to_owned() };
        if let Err(error) = one.incident.follows(&before.incident, row) {
            self.trouble("incident_not_valid", of, error.to_string());
        }
        if before.row.number("entry") >= one.row.number("entry") {
            self.trouble("incident_not_valid", of, "it did not come after the revision before it");
        }
    }

    /// The revision that closes an incident is signed by who wrote it, who wrote no other one that bars from that; no other is signed.
    fn closing(&mut self, before: &[Revision], one: &Revision, signatures: &mut Signatures) {
        let of = (INCIDENTS, one.key.as_str());
        let signed = signatures.remove(one.key.as_str()).unwrap_or_default();
        if one.incident.step != IncidentStep::Close {
            if !signed.is_empty() {
                self.trouble("incident_not_permitted", of, "it is signed and closes nothing");
            }
            return;
        }
        self.signature_over(of, &one.row, Meaning::ClosedIncident, &signed);
        let own = one.row.text("account_id");
        let is_own = |other: &Revision| {
            other.row.text("account_id") == own && other.incident.step.bars_from_closing()
        };
        if before.iter().any(is_own) {
            let detail = format!(
                "{} reported, corrected or investigated it and closed it",
                one.incident.written_by
            );
            self.trouble("incident_not_permitted", of, detail);
        }
    }

    /// Every affected record is named by a ledger entry that came before, or that recorded it together with the incident.
    fn affected_records<'a>(&mut self, revisions: impl Iterator<Item = &'a Revision>) {
        let mut sought: Vec<(&str, u64, &str, &str)> = Vec::new();
        for one in revisions {
            let entry = one.row.number("entry").unwrap_or_default();
            for affected in &one.incident.report.affected {
                let kind = affected.kind.subject();
                sought.push((one.key.as_str(), entry, kind, affected.id.as_str()));
            }
        }
        let Some(last) = sought.iter().map(|(_, entry, ..)| *entry).max() else { return };
        let wanted: BTreeSet<(&str, &str)> =
            sought.iter().map(|(_, _, kind, id)| (*kind, *id)).collect();
        let mut first: BTreeMap<(String, String), u64> = BTreeMap::new();
        (self.entries)(0..last.saturating_add(1), &mut |entry| {
            if is_about_incident(entry.kind) {
                return;
            }
            for subject in &entry.subj {
                if wanted.contains(&(subject.kind.as_str(), subject.id.as_str())) {
                    let place = (subject.kind.clone(), subject.id.clone());
                    first.entry(place).or_insert(entry.idx);
                }
            }
        });
        for (key, entry, kind, id) in sought {
            let named = first.get(&(kind.to_owned(), id.to_owned()));
            if named.is_none_or(|named| *named > entry) {
                let detail = format!("it affects {kind} `{id}`, which was not there");
                self.trouble("record_dangling", (INCIDENTS, key), detail);
            }
        }
    }

    /// All continuity drills.
    pub(super) fn drills(&mut self) {
        for (key, row) in self.rows(DRILLS) {
            let of = (DRILLS, key.as_str());
            let columns = ("document", "sha256");
            let Some(drill) = self.document::<Drill>((of.0, of.1, &row), columns) else { continue };
            self.examined.drills += 1;
            if !is_canonical(&drill, row.text("document")) {
                self.trouble("document_invalid", of, "the drill is not canonical JSON");
            }
            if let Err(error) = drill.validate(row.text("at")) {
                self.trouble("drill_not_valid", of, error.to_string());
            }
            self.same(of, "when it began", &drill.began_at, row.text("began_at"));
            self.same(of, "result", drill.result.word(), row.text("result"));
            self.same(of, "next day", &drill.next_due, row.text("next_due"));
            self.practised(of, &row, &drill);
            let Some(account) = self.named((of.0, of.1, &row), "account_id", "account") else {
                continue;
            };
            self.same(of, "who recorded it", &drill.recorded_by, account.text("user_name"));
            let role = self.role_at(&account, row.text("at"));
            if !Role::parse(&role).is_ok_and(|role| Action::RecordDrill.roles().contains(&role)) {
                let detail = format!("a {role} may not record a drill");
                self.trouble("drill_not_permitted", of, detail);
            }
        }
    }

    /// The figures of the practised restore are those of its own record, which came before.
    fn practised(&mut self, of: (&str, &str), row: &Row, drill: &Drill) {
        let stated = drill.restore_test.as_ref();
        let id = stated.map_or("", |practised| practised.id.as_str());
        self.same(of, "practised restore", id, row.text("restore_test_id"));
        let Some(practised) = stated else { return };
        let Some(test) = self.named((of.0, of.1, row), "restore_test_id", "restore_test") else {
            return;
        };
        let words =
            |number: Option<u64>| number.map_or_else(|| "none".to_owned(), |one| one.to_string());
        for (what, found, expected) in [
            ("entry of the practised restore", Some(practised.entry), test.number("entry")),
            ("whether it passed", Some(u64::from(practised.passed)), test.number("passed")),
            ("how long it took", Some(practised.duration_ms), test.number("duration_ms")),
            ("what would have been lost", practised.lost_ms, test.number("lost_ms")),
        ] {
            self.same(of, what, &words(found), &words(expected));
        }
        if Some(practised.entry) >= row.number("entry") {
            self.trouble("drill_not_valid", of, "its practised restore came after it");
        }
    }
}
