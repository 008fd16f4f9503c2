//! Story: a server was down; what happened is recorded, the affected records are named, the cause is found, and QA closes it who did
//! neither. What fails by itself opens an incident, once.
//! Method: the API and the pages over HTTP; then the store is checked and packs are verified.

use super::decision::with_an_alert;
use crate::evidence::Files;
use crate::harness::{Answer, CHOSEN, Laboratory, VERSION_PATH, Visitor, registration};
use driftledger::digest::sha256_hex;
use driftledger::evidence::manifest::record_file;
use driftledger::evidence::verify::verify;
use driftledger::procedures::administer::host;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::practise_restore::practise_restore;
use driftledger::procedures::record_qualification::record_qualification;
use driftledger::procedures::watch_backups::{
    BackupSchedule, make_scheduled, record_schedule, watch_lateness,
};
use driftledger::procedures::watch_clock::watch_clock;
use driftledger::review::qualification::{CheckOutcome, Part, QualificationCheck};
use serde_json::{Value, json};
use std::io::Cursor;

const INCIDENTS: &str = "/api/v1/incidents";
pub(super) const WHAT: &str = "the server was down and a batch came late";
pub(super) const CAUSE: &str = "the disk of the write-ahead log was full";

fn reported(affected: &[&str]) -> Value {
    json!({"happened_at": "2026-06-01T06:10:00Z", "noticed_at": "2026-06-01T07:30:00Z", "severity": "major", "what": WHAT,
           "affected": affected})
}

fn cause() -> Value {
    json!({"root_cause": CAUSE, "action": "its fill level is watched", "external": {"system": "QMS", "number": "CAPA-26-014"}})
}

pub(super) fn report(visitor: &Visitor, affected: &[&str]) -> String {
    let answer = visitor.post(INCIDENTS, &reported(affected));
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.text("state"), "open");
    answer.text("id").to_owned()
}

fn investigate(visitor: &Visitor, id: &str) -> Answer {
    visitor.post(&format!("{INCIDENTS}/{id}/investigation"), &json!({"cause": cause()}))
}

fn view(visitor: &Visitor, id: &str) -> Value {
    visitor.get(&format!("{INCIDENTS}/{id}")).body
}

fn sign(visitor: &Visitor, id: &str, sha256: &str, password: &str) -> Answer {
    let body = json!({"incident_sha256": sha256, "password": password});
    visitor.post(&format!("{INCIDENTS}/{id}/signature"), &body)
}

/// Signs what is shown to this person.
fn close(visitor: &Visitor, id: &str) -> Answer {
    let shown = view(visitor, id);
    let sheet = &shown["closing"];
    let sha256 = sheet["sha256"].as_str().unwrap_or_else(|| panic!("nothing to sign: {shown}"));
    let document = sheet["document"].as_str().unwrap();
    assert_eq!(sha256_hex(document.as_bytes()), sha256, "what is shown is what is signed");
    sign(visitor, id, sha256, CHOSEN)
}

fn states(visitor: &Visitor) -> Vec<(String, String)> {
    let all = visitor.get(INCIDENTS).body;
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = all.as_array().unwrap().iter();
    rows.map(|row| (text(row, "noticed_by"), text(row, "state"))).collect()
}

/// What waits because of incidents, and whether this person may do it.
fn waits(visitor: &Visitor) -> Vec<(String, bool)> {
    let inbox = visitor.get("/api/v1/inbox").body;
    let lines = inbox["pending"].as_array().unwrap().iter();
    lines
        .filter(|line| line["kind"] == "incident")
        .map(|line| (line["what"].as_str().unwrap().to_owned(), line["is_mine"] == true))
        .collect()
}

fn whole(laboratory: &Laboratory) -> u64 {
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    checked.examined.incidents
}

#[test] // A11-13
fn a_server_downtime_is_recorded_its_cause_found_and_closed_by_somebody_who_did_neither() {
    let (laboratory, alert) = with_an_alert();
    let (dana, adam) = (laboratory.signed_in("dana"), laboratory.signed_in("adam"));
    let (rosa, quentin) = (laboratory.signed_in("rosa"), laboratory.signed_in("quentin"));
    let batches = dana.get(&format!("{VERSION_PATH}/batches")).body;
    let batch = batches["items"][0]["id"].as_str().unwrap().to_owned();
    let id = report(&dana, &["tablets/1", &batch]);
    let shown = view(&quentin, &id);
    let names = shown["affected_names"].as_array().unwrap();
    let kinds: Vec<_> = names.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["model_version", "batch"]);
    assert_eq!(names[1]["name"], "batch june");
    assert!(quentin.read("/").contains("Find the cause of an incident"));
    assert_eq!(waits(&dana), [("Find the cause of an incident".to_owned(), false)]);
    assert!(shown.get("closing").is_none(), "its cause is not known: {shown}");

    let mut again = reported(&["tablets/1", &batch, &alert, &alert]);
    again["severity"] = json!("critical");
    let correction = json!({"report": again, "reason": "the alert of june is from that hour"});
    let corrected = rosa.post(&format!("{INCIDENTS}/{id}/correction"), &correction);
    assert_eq!(corrected.status, 201, "{corrected:?}");
    assert_eq!((corrected.text("severity"), &corrected.body["revision"]), ("critical", &json!(2)));
    let found = investigate(&adam, &id);
    assert_eq!((found.status, found.text("state")), (201, "investigated"), "{found:?}");
    assert_eq!(waits(&quentin), [("Read and close an incident".to_owned(), true)]);
    assert_eq!(waits(&rosa), [("Read and close an incident".to_owned(), false)]);
    let closed = close(&quentin, &id);
    assert_eq!((closed.status, closed.text("state")), (201, "closed"), "{closed:?}");
    for (api, page) in [
        (format!("/api/v1/alerts/{alert}"), format!("/alerts/{alert}")),
        (VERSION_PATH.to_owned(), VERSION_PATH.trim_start_matches("/api/v1").to_owned()),
    ] {
        let naming = &dana.get(&api).body["incidents"];
        assert_eq!((&naming[0]["id"], &naming[0]["state"]), (&json!(id), &json!("closed")));
        let page = dana.read(&page);
        assert!(page.contains(&format!("/incidents/{id}")), "{page}");
        assert!(page.contains("/incidents?affected="), "{page}");
    }
    assert!(dana.read("/incidents?affected=tablets%2F1").contains(">tablets/1</textarea>"));
    assert!(dana.read("/clock").contains("It says <time datetime="));
    let models = |query: &str| dana.get(&format!("/api/v1/models?limit=1{query}")).body;
    assert_eq!(models("")[0]["model"], "tablets");
    assert_eq!(models("&after=tablets"), json!([]));
    assert_eq!(dana.get("/api/v1/tokens?limit=1").status, 200);
    assert_eq!(dana.get("/api/v1/tokens?after=none").status, 404);
    let said = closed.text("manifestation").to_owned();
    assert!(said.contains("closes it") && said.contains("quentin of the laboratory"), "{said}");

    let shown = view(&rosa, &id);
    let revisions = shown["revisions"].as_array().unwrap();
    let steps: Vec<_> = revisions.iter().map(|one| one["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["report", "correct", "investigate", "close"]);
    assert_eq!(shown["incident"]["supersedes"]["id"], revisions[2]["revision_id"]);
    assert_eq!(shown["incident"]["report"]["affected"].as_array().unwrap().len(), 3);
    assert_eq!(shown["incident"]["cause"]["external"]["number"], "CAPA-26-014");
    assert_eq!(shown["signed"][0], json!(said));
    assert_eq!(whole(&laboratory), 4);
    let copy = rosa.read(&format!("/records/incident/{}", closed.text("revision_id")));
    assert!(copy.contains("closes it") && copy.contains("CAPA-26-014"), "{copy}");

    let about_alert = format!("alert={alert}");
    for (asked, told) in [("", false), ("model=tablets&version=1", true), (&about_alert, true)] {
        let pack = rosa.bytes(&format!("/api/v1/evidence/pack?{asked}"));
        let verified = verify(Cursor::new(&pack), None, &mut |_| ()).unwrap();
        assert_eq!(
            (verified.findings, verified.checked.examined.incidents),
            (vec![], 4),
            "{asked}"
        );
        let story = String::from_utf8(Files::of(&pack).0["story.html"].clone()).unwrap();
        assert!(!told || story.contains(CAUSE) && story.contains("closes it"), "{asked}: {story}");
    }
    let pack = rosa.bytes("/api/v1/evidence/pack?from=2026-06-01&to=2026-06-01");
    let verified = verify(Cursor::new(&pack), None, &mut |_| ()).unwrap();
    assert_eq!((verified.findings, verified.checked.examined.incidents), (vec![], 4));

    let reopened = json!({"reason": "it happened again"});
    let again = quentin.post(&format!("{INCIDENTS}/{id}/reopening"), &reopened);
    assert_eq!((again.status, again.text("state")), (201, "open"), "{again:?}");
    assert!(view(&rosa, &id)["incident"].get("cause").is_none(), "it has to be found anew");
    assert_eq!(investigate(&adam, &id).status, 201);
    assert_eq!(close(&quentin, &id).status, 201, "who opened it again may close it");
    assert_eq!(whole(&laboratory), 7);
    let review = quentin.get("/api/v1/reviews/next?kind=system").body["standing"].to_string();
    let figures = "Incidents reported since the last review: 1, closed: 2, opened again after they were closed: 1; not closed now: 0.";
    assert!(review.contains(figures), "{review}");
}

#[test] // A11-13
fn every_step_that_the_table_or_the_hands_forbid_is_refused() {
    let (laboratory, _) = with_an_alert();
    let (dana, quentin) = (laboratory.signed_in("dana"), laboratory.signed_in("quentin"));
    let ines = laboratory.signed_in("ines");
    ines.post(INCIDENTS, &reported(&[])).problem(403, "not_permitted");
    laboratory.program().post(INCIDENTS, &reported(&[])).problem(403, "not_permitted");
    for (field, value, part) in [
        ("what", json!(" "), "`what` is empty"),
        ("happened_at", json!("yesterday"), "expected UTC"),
        ("happened_at", json!("2026-06-01T07:31:00Z"), "in this order"),
        ("noticed_at", json!("2026-06-01T08:00:01Z"), "in this order"),
        ("affected", json!(["ba_none"]), "`ba_none`"),
        ("affected", json!(["tablets/2"]), "`tablets/2`"),
    ] {
        let mut wrong = reported(&[]);
        wrong[field] = value;
        let refused = dana.post(INCIDENTS, &wrong);
        let said = refused.problem(422, "review_not_valid");
        assert!(said.contains(part), "{field}: {said}");
    }
    let id = report(&dana, &["tablets/1"]);
    let path = |step: &str| format!("{INCIDENTS}/{id}/{step}");
    let none = format!("{INCIDENTS}/in_none/investigation");
    dana.post(&none, &json!({"cause": cause()})).problem(404, "not_found");
    let reason = json!({"reason": "why"});
    // Open: it is neither closed nor opened again.
    sign(&quentin, &id, &"0".repeat(64), CHOSEN).problem(409, "wrong_state");
    quentin.post(&path("reopening"), &reason).problem(409, "wrong_state");
    let correction = |reason: &str| json!({"report": reported(&[]), "reason": reason});
    dana.post(&path("correction"), &correction(" ")).problem(422, "review_not_valid");
    let mut bare = cause();
    bare["root_cause"] = json!("");
    dana.post(&path("investigation"), &json!({"cause": bare})).problem(422, "review_not_valid");
    ines.post(&path("investigation"), &json!({"cause": cause()})).problem(403, "not_permitted");
    let mut critical = correction("worse than thought");
    critical["report"]["severity"] = json!("critical");
    assert_eq!(dana.post(&path("correction"), &critical).status, 201);
    let unnumbered = json!({"cause": {"root_cause": CAUSE, "action": "it is watched"}});
    let refused = dana.post(&path("investigation"), &unnumbered);
    assert!(refused.problem(422, "review_not_valid").contains("quality system"), "{refused:?}");
    assert_eq!(investigate(&dana, &id).status, 201);
    // Investigated: it is not corrected or investigated once more, and only QA closes or opens again.
    dana.post(&path("correction"), &correction("late")).problem(409, "wrong_state");
    investigate(&dana, &id).problem(409, "wrong_state");
    for user in ["dana", "rosa", "pavel", "ines", "adam"] {
        let visitor = laboratory.signed_in(user);
        let refused = sign(&visitor, &id, &"0".repeat(64), CHOSEN);
        refused.problem(403, "not_permitted");
        visitor.post(&path("reopening"), &reason).problem(403, "not_permitted");
    }
    sign(&quentin, &id, &"0".repeat(64), CHOSEN).problem(409, "record_changed");
    let sha256 = view(&quentin, &id)["closing"]["sha256"].as_str().unwrap().to_owned();
    assert_eq!(sign(&quentin, &id, &sha256, "another one").status, 401);
    assert_eq!(close(&quentin, &id).status, 201);
    // Closed: nothing but opening it again, with a reason.
    sign(&quentin, &id, &sha256, CHOSEN).problem(409, "wrong_state");
    investigate(&dana, &id).problem(409, "wrong_state");
    dana.post(&path("correction"), &correction("late")).problem(409, "wrong_state");
    quentin.post(&path("reopening"), &json!({"reason": "  "})).problem(422, "review_not_valid");
    // Who reported or investigated does not close.
    let own = report(&quentin, &[]);
    assert_eq!(investigate(&dana, &own).status, 201);
    sign(&quentin, &own, &sha256, CHOSEN).problem(403, "same_person");
    let barred = view(&quentin, &own)["barred"].as_str().unwrap().to_owned();
    assert!(barred.contains("quentin"), "{barred}");
    let other = report(&dana, &[]);
    assert_eq!(investigate(&quentin, &other).status, 201);
    sign(&quentin, &other, &sha256, CHOSEN).problem(403, "same_person");
    whole(&laboratory);
}

#[test] // A11-13
fn a_failed_backup_opens_an_incident_once_and_in_the_same_ledger_entry() {
    let laboratory = Laboratory::open();
    let place = laboratory.folder.path().join("safe");
    let schedule = BackupSchedule::new(laboratory.store.folder(), &place, 24 * 3600, 7).unwrap();
    record_schedule(&laboratory.store, Some(&schedule)).unwrap();
    let ines = laboratory.signed_in("ines");
    assert_eq!(states(&ines), []);
    for _ in 0..2 {
        assert!(!make_scheduled(&laboratory.store, &schedule).unwrap(), "the folder is not there");
    }
    assert_eq!(states(&ines), [("backup".to_owned(), "open".to_owned())]);
    let all = ines.get(INCIDENTS).body;
    let events = ines.get("/api/v1/backups").body["events"].clone();
    let first = &events[1];
    assert_eq!(all[0]["entry"], first["entry"], "failure and incident are one act");
    assert_eq!(all[0]["incident"]["report"]["affected"][0]["id"], first["id"]);
    assert_eq!(all[0]["incident"]["reported_by"], "system");
    laboratory.later(31 * 3600);
    watch_lateness(&laboratory.store).unwrap();
    let quentin = laboratory.signed_in("quentin");
    assert_eq!(states(&quentin).len(), 1, "lateness is of the same cause");
    let id = all[0]["id"].as_str().unwrap();
    assert!(quentin.read("/").contains("a scheduled backup was not made"));
    assert_eq!(investigate(&laboratory.signed_in("adam"), id).status, 201);
    assert_eq!(close(&quentin, id).status, 201);
    assert!(!make_scheduled(&laboratory.store, &schedule).unwrap());
    let open = ("backup".to_owned(), "open".to_owned());
    assert_eq!(states(&quentin), [open.clone(), ("backup".to_owned(), "closed".to_owned())]);

    let scratch = tempfile::tempdir().unwrap();
    for round in ["one", "two"] {
        let folder = scratch.path().join(round);
        let key = laboratory.store.folder().join("keys/log.pem");
        let nowhere = (place.as_path(), laboratory.store.folder());
        let restored =
            practise_restore(nowhere, (&folder, &key), "SOP 12", &laboratory.clock, &mut |_| ());
        assert!(restored.is_err(), "there is no backup");
    }
    let now = laboratory.clock.now();
    laboratory.clock.adjust(now + jiff::SignedDuration::from_secs(60));
    watch_clock(&laboratory.store, None).unwrap();
    watch_clock(&laboratory.store, None).unwrap();
    let mut noticed: Vec<String> = states(&quentin).into_iter().map(|(by, _)| by).collect();
    noticed.sort();
    assert_eq!(noticed, ["backup", "backup", "clock", "restore_test"]);
    whole(&laboratory);
}

#[test] // A11-13
fn a_failed_check_of_the_installation_opens_an_incident_and_one_of_a_version_does_not() {
    let laboratory = Laboratory::open();
    let check = |outcome: CheckOutcome| QualificationCheck {
        id: "IQ-07".to_owned(),
        requirements: Vec::new(),
        question: "is the data folder whole".to_owned(),
        risk: "records are damaged unnoticed".to_owned(),
        expected: "no finding".to_owned(),
        found: "1 finding".to_owned(),
        outcome,
    };
    let run = |part: Part, about: Option<&str>, outcome| {
        let (about, started_at) = (about.map(str::to_owned), laboratory.store.clock().now_text());
        let run = (part, about);
        record_qualification(&laboratory.store, &host(), run, started_at, vec![check(outcome)])
            .unwrap()
    };
    run(Part::Installation, None, CheckOutcome::Passed);
    run(Part::Performance, Some("tablets 1"), CheckOutcome::Failed);
    let ines = laboratory.signed_in("ines");
    assert_eq!(states(&ines), []);
    let failed = run(Part::Installation, None, CheckOutcome::Failed);
    run(Part::Operation, None, CheckOutcome::Failed);
    assert_eq!(states(&ines), [("qualification".to_owned(), "open".to_owned())]);
    let all = ines.get(INCIDENTS).body;
    assert_eq!(all[0]["entry"], json!(failed.entry));
    let what = all[0]["incident"]["report"]["what"].as_str().unwrap();
    assert!(what.contains("installation qualification (IQ)") && what.contains("IQ-07"), "{what}");
    whole(&laboratory);
}

#[test] // A11-13
fn an_incident_of_the_clock_is_in_the_pack_of_every_version_up_to_its_closing() {
    let (laboratory, _) = with_an_alert();
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let now = laboratory.clock.now();
    laboratory.clock.adjust(now + jiff::SignedDuration::from_secs(60));
    watch_clock(&laboratory.store, None).unwrap();
    let confirmed = adam.post("/api/v1/clock/confirmation", &json!({"reason": "radio time"}));
    assert_eq!(confirmed.status, 204);
    let id = quentin.get(INCIDENTS).body[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(investigate(&adam, &id).status, 201);
    assert_eq!(close(&quentin, &id).status, 201);
    let pack = quentin.bytes("/api/v1/evidence/pack?model=tablets&version=1");
    let verified = verify(Cursor::new(&pack), None, &mut |_| ()).unwrap();
    assert_eq!((verified.findings, verified.checked.examined.incidents), (vec![], 3));
}

#[test] // A11-13
fn an_incident_of_two_versions_is_in_the_pack_of_each_without_the_other() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    let second = serde_json::to_value(registration("2", 5)).unwrap();
    assert_eq!(program.post("/api/v1/models/tablets/versions", &second).status, 201);
    let dana = laboratory.signed_in("dana");
    let id = report(&dana, &["tablets/2", &alert]);
    let correction =
        json!({"report": reported(&["tablets/2"]), "reason": "the alert is of another day"});
    assert_eq!(dana.post(&format!("{INCIDENTS}/{id}/correction"), &correction).status, 201);
    for (version, alerts) in [("1", true), ("2", false)] {
        let pack = dana.bytes(&format!("/api/v1/evidence/pack?model=tablets&version={version}"));
        let verified = verify(Cursor::new(&pack), None, &mut |_| ()).unwrap();
        assert_eq!(
            (verified.findings, verified.checked.examined.incidents),
            (vec![], 2),
            "{version}"
        );
        let name = record_file("episode", &alert);
        let holds = Files::of(&pack).0.keys().any(|file| *file == name);
        assert_eq!(holds, alerts, "an incident brings no alert of another version");
    }
}

#[test] // A11-13
fn an_incident_is_reported_corrected_investigated_and_closed_by_form() {
    let (laboratory, _) = with_an_alert();
    let (dana, quentin) = (laboratory.signed_in("dana"), laboratory.signed_in("quentin"));
    assert!(
        laboratory.signed_in("ines").read("/incidents").contains("Your role reports no incidents")
    );
    let typed = |affected: &'static str| {
        [
            ("what", "labels came from the wrong line"),
            ("happened_at", "2026-06-01T06:00"),
            ("noticed_at", "2026-06-01T07:00"),
            ("severity", "minor"),
            ("affected", affected),
        ]
    };
    let refused = dana.page("/incidents", Some(&typed("tablets/9")));
    assert!(
        refused.contains("role=\"alert\"") && refused.contains(">tablets/9</textarea>"),
        "{refused}"
    );
    let page = dana.page("/incidents", Some(&typed("tablets/1")));
    assert!(page.contains("model version tablets 1") && page.contains("State the cause"), "{page}");
    let id = dana.get(INCIDENTS).body[0]["id"].as_str().unwrap().to_owned();
    let path = |step: &str| format!("/incidents/{id}/{step}");
    let mut correction = typed("tablets/1").to_vec();
    correction[3] = ("severity", "major");
    correction.push(("reason", ""));
    assert!(dana.page(&path("correction"), Some(&correction)).contains("role=\"alert\""));
    correction[5] = ("reason", "it was worse");
    let page = dana.page(&path("correction"), Some(&correction));
    assert!(page.contains("corrected by dana, major: it was worse"), "{page}");
    let found = [("root_cause", CAUSE), ("action", "it is watched"), ("affected", "tablets/1")];
    let page = dana.page(&path("investigation"), Some(&found));
    assert!(page.contains(CAUSE) && !page.contains("State the cause"), "{page}");
    assert!(page.contains("may not close incidents"), "{page}");
    let page = quentin.read(&format!("/incidents/{id}"));
    let sha256 = view(&quentin, &id)["closing"]["sha256"].as_str().unwrap().to_owned();
    assert!(page.contains(&sha256) && page.contains("Close the incident"), "{page}");
    let signed = [("sheet_sha256", sha256.as_str()), ("password", CHOSEN)];
    let page = quentin.page(&path("signature"), Some(&signed));
    assert!(page.contains("closes it") && page.contains("Open it again"), "{page}");
    let page = quentin.page(&path("reopening"), Some(&[("reason", "labels came again")]));
    assert!(page.contains("opened again by quentin, major: labels came again"), "{page}");
    assert!(quentin.read("/incidents").contains("labels came from the wrong line"));
    whole(&laboratory);
}

#[test]
fn a_laboratory_without_failures_has_no_incident() {
    let (laboratory, _) = with_an_alert();
    watch_clock(&laboratory.store, None).unwrap();
    watch_lateness(&laboratory.store).unwrap();
    assert_eq!(states(&laboratory.signed_in("ines")), []);
    assert_eq!(whole(&laboratory), 0);
}
