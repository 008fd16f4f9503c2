//! Story: revisions of incidents that no procedure would write are named, in a store and in a pack.
//! Method: they are put into a store past every procedure, which is then checked; a pack is changed and verified.

use super::incidents::{CAUSE, WHAT, report};
use crate::evidence::Files;
use crate::harness::{Laboratory, register};
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::evidence::verify::verify;
use driftledger::ledger::entry::{Actor, EntryType};
use driftledger::procedures::check_store::check_store;
use driftledger::review::decision::Severity;
use driftledger::review::incident::{
    Affected, AffectedKind, Incident, IncidentCause, IncidentReport, NoticedBy, RevisionBefore,
};
use driftledger::review::incident_cycle::IncidentStep;
use driftledger::store::incidents::IncidentRow;
use serde_json::{Value, json};
use std::io::Cursor;

/// Writes a revision as `change` makes it, past every procedure; gives the id of its row.
fn forge(
    laboratory: &Laboratory,
    before: Option<&(IncidentRow, Incident)>,
    (step, who): (IncidentStep, Option<&str>),
    change: &dyn Fn(&mut Incident),
) -> (IncidentRow, Incident) {
    let store = &laboratory.store;
    let account = who.map(|name| store.read(|tx| tx.account_by_name(name)).unwrap().unwrap());
    let name = who.unwrap_or("system");
    let mut incident = match before {
        None => {
            let at = "2026-06-01T08:00:00.000Z".to_owned();
            let report = IncidentReport {
                happened_at: at.clone(),
                noticed_at: at,
                severity: Severity::Minor,
                what: WHAT.to_owned(),
                affected: Vec::new(),
            };
            let size = store.read(|tx| tx.head()).unwrap().size;
            Incident::reported(&format!("in_{size}"), NoticedBy::Person, report, name)
        }
        Some((row, incident)) => {
            let before = RevisionBefore { id: row.revision_id.clone(), sha256: row.sha256.clone() };
            incident.next(before, step, name).unwrap()
        }
    };
    change(&mut incident);
    let bytes = incident.bytes().unwrap();
    let id = account.as_ref().map_or("system", |account| account.id.as_str());
    let actor = Actor::new(id, "qa", "password");
    let written =
        store.write::<_, driftledger::store::Error>(&actor, EntryType::IncidentReport, |tx| {
            let row = IncidentRow {
                revision_id: format!("ir_{}", tx.index()),
                id: incident.id.clone(),
                revision: incident.revision,
                step: incident.step.word().to_owned(),
                state: incident.state.word().to_owned(),
                noticed_by: incident.noticed_by.word().to_owned(),
                severity: incident.report.severity.word().to_owned(),
                sha256: sha256_hex(&bytes),
                at: tx.at().to_owned(),
                entry: tx.index(),
                account_id: account.as_ref().map(|account| account.id.clone()),
                document: String::from_utf8(bytes.clone()).unwrap(),
            };
            let supersedes = incident.supersedes.as_ref().map(|before| before.id.as_str());
            tx.insert_incident(&row, supersedes)?;
            Ok(row)
        });
    (written.unwrap().value, incident)
}

#[test] // A11-13
fn a_revision_that_no_procedure_would_write_is_named() {
    let laboratory = Laboratory::open();
    register(&laboratory.program());
    let codes = |row: &IncidentRow| {
        let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
        let of_it = checked.findings.into_iter().filter(|finding| finding.id == row.revision_id);
        // That the entry is by another hand than the row is told besides.
        let of_it = of_it.filter(|finding| finding.code != "act_differs");
        of_it.map(|finding| finding.code).collect::<Vec<_>>()
    };
    let first = |who: Option<&str>, change: &dyn Fn(&mut Incident)| {
        forge(&laboratory, None, (IncidentStep::Report, who), change)
    };
    let right = first(Some("dana"), &|_| ());
    assert_eq!(codes(&right.0), Vec::<&str>::new(), "a right one");
    assert_eq!(codes(&first(Some("ines"), &|_| ()).0), ["incident_not_permitted"]);
    assert_eq!(codes(&first(None, &|_| ()).0), ["incident_not_permitted"], "no person reported it");
    let clock = |one: &mut Incident| one.noticed_by = NoticedBy::Clock;
    assert_eq!(codes(&first(None, &clock).0), Vec::<&str>::new(), "the program did");
    assert_eq!(codes(&first(Some("dana"), &clock).0), ["incident_not_permitted"]);
    let silent = |one: &mut Incident| one.report.what = String::new();
    assert_eq!(codes(&first(Some("dana"), &silent).0), ["incident_not_valid"]);
    let nothing = |one: &mut Incident| {
        one.report.affected = vec![Affected { kind: AffectedKind::Batch, id: "ba_x".to_owned() }];
    };
    assert_eq!(codes(&first(Some("dana"), &nothing).0), ["record_dangling"]);

    let next =
        |before: &(IncidentRow, Incident), step, who: &str, change: &dyn Fn(&mut Incident)| {
            forge(&laboratory, Some(before), (step, Some(who)), change)
        };
    let found = |one: &mut Incident| {
        let (root_cause, action) = (CAUSE.to_owned(), "it is watched".to_owned());
        one.cause = Some(IncidentCause { root_cause, action, external: None });
    };
    let worse = |one: &mut Incident| {
        found(one);
        one.report.severity = Severity::Major;
    };
    let forged = first(Some("dana"), &|_| ());
    let forged = next(&forged, IncidentStep::Investigate, "dana", &worse);
    assert_eq!(codes(&forged.0), ["incident_not_valid"], "an investigation changes no severity");
    let known = next(&right, IncidentStep::Investigate, "quentin", &found);
    assert_eq!(codes(&known.0), Vec::<&str>::new());
    let closed = next(&known, IncidentStep::Close, "quentin", &|_| ());
    let mut named = codes(&closed.0);
    named.sort_unstable();
    assert_eq!(named, ["incident_not_permitted", "step_not_signed"], "by who investigated it");
    let other = first(Some("dana"), &|_| ());
    let other = next(&other, IncidentStep::Investigate, "adam", &found);
    let closed = next(&other, IncidentStep::Close, "rosa", &|_| ());
    let mut named = codes(&closed.0);
    named.sort_unstable();
    assert_eq!(named, ["incident_not_permitted", "step_not_signed"], "a reviewer does not close");
}

#[test] // A11-13
fn a_changed_incident_is_named_in_a_pack() {
    let laboratory = Laboratory::open();
    register(&laboratory.program());
    report(&laboratory.signed_in("dana"), &["tablets/1"]);
    let pack = laboratory.signed_in("ines").bytes("/api/v1/evidence/pack");
    let mut files = Files::of(&pack);
    let name = files.first("records/incident/");
    let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
    row["severity"] = json!("minor");
    files.0.insert(name.clone(), canonical_json(&row).unwrap());
    files.relist();
    let found = verify(Cursor::new(files.seal()), None, &mut |_| ()).unwrap().findings;
    let named = |code: &str| found.iter().any(|one| one.code == code && one.file == name);
    assert!(named("record_changed") && named("record_disagrees"), "{found:#?}");
}
