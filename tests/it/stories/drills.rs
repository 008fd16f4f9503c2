//! Story: it is tried whether the process can go on without the server; the drill is recorded with the restore that was practised, and the
//! next one is due.
//! Method: the API and the pages over HTTP with a clock that is moved; a real backup is made and restored; then the store is checked and the
//! pack verified, and changed drills are named.

use crate::evidence::Files;
use crate::harness::Laboratory;
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::practise_restore::practise_restore;
use driftledger::procedures::watch_backups::{BackupSchedule, make_scheduled, record_schedule};
use serde_json::{Value, json};
use std::fs;
use std::io::Cursor;

const DRILLS: &str = "/api/v1/drills";

fn said(change: impl Fn(&mut Value)) -> Value {
    let mut drill = json!({"tried": "the server was stopped, batches were judged by hand", "began_at": "2026-06-01T06:00:00Z",
                           "ended_at": "2026-06-01T07:15:30Z", "fallback": "the evidence pack of tablets 1, verified offline",
                           "result": "passed", "next_due": "2026-09-01"});
    change(&mut drill);
    drill
}

/// A laboratory in which a restore was practised, and the id of that.
fn practised() -> (Laboratory, String) {
    let laboratory = Laboratory::open();
    let place = laboratory.folder.path().join("safe");
    fs::create_dir(&place).unwrap();
    let schedule = BackupSchedule::new(laboratory.store.folder(), &place, 24 * 3600, 7).unwrap();
    record_schedule(&laboratory.store, Some(&schedule)).unwrap();
    assert!(make_scheduled(&laboratory.store, &schedule).unwrap());
    let backup = fs::read_dir(&place).unwrap().next().unwrap().unwrap().path();
    let scratch = tempfile::tempdir().unwrap();
    let data = laboratory.store.folder();
    let again = scratch.path().join("again");
    let key = data.join("keys/log.pem");
    practise_restore((&backup, data), (&again, &key), "drill", &laboratory.clock, &mut |_| ())
        .unwrap();
    let found = laboratory.signed_in("ines").get("/api/v1/backups").body;
    let id = found["restore_tests"][0]["id"].as_str().unwrap().to_owned();
    (laboratory, id)
}

#[test] // A11-13
fn a_drill_is_recorded_with_the_figures_of_the_restore_and_the_next_one_is_due() {
    let (laboratory, restore) = practised();
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let before = adam.get(DRILLS).body;
    assert_eq!((&before["next_due"], &before["drills"]), (&json!("2027-06-01"), &json!([])));
    assert!(before.get("last").is_none() && before["is_overdue"] == false, "{before}");
    let recorded = adam.post(DRILLS, &said(|drill| drill["restore_test"] = json!(restore)));
    assert_eq!(recorded.status, 201, "{recorded:?}");
    let view = quentin.get(&format!("{DRILLS}/{}", recorded.text("id"))).body;
    assert_eq!((&view["minutes"], &view["drill"]["recorded_by"]), (&json!(76), &json!("adam")));
    let test = quentin.get("/api/v1/backups").body["restore_tests"][0].clone();
    let figures = &view["drill"]["restore_test"];
    assert_eq!(figures["duration_ms"], test["duration_ms"]);
    assert_eq!(figures["lost_ms"], test["content"]["lost_ms"]);
    assert_eq!((&figures["passed"], &figures["entry"]), (&json!(true), &test["entry"]));
    let system = quentin.read("/system");
    assert!(system.contains("Last drill") && system.contains("76 min"), "{system}");
    let page = quentin.read(&format!("/drills/{}", recorded.text("id")));
    assert!(page.contains("would have been lost") && page.contains("verified offline"), "{page}");
    let standing = quentin.get("/api/v1/reviews/next?kind=system").body["standing"].to_string();
    let told =
        "the last one began at 2026-06-01T06:00:00.000Z, passed; the next one is due on 2026-09-01";
    assert!(standing.contains(told), "{standing}");

    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!((checked.findings, checked.examined.drills), (vec![], 1));
    let pack = quentin.bytes("/api/v1/evidence/pack?from=2026-06-01&to=2026-06-01");
    let verified = verify(Cursor::new(&pack), None, &mut |_| ()).unwrap();
    assert_eq!((verified.findings, verified.checked.examined.drills), (vec![], 1));

    laboratory.clock.set("2026-08-20T08:00:00Z".parse().unwrap());
    let quentin = laboratory.signed_in("quentin");
    assert!(quentin.read("/").contains("Hold a continuity drill"), "two weeks ahead");
    assert!(!quentin.read("/drills").contains("2026-09-01: overdue"));
    laboratory.clock.set("2026-09-02T08:00:00Z".parse().unwrap());
    let quentin = laboratory.signed_in("quentin");
    assert_eq!(quentin.get(DRILLS).body["is_overdue"], true);
    assert!(quentin.read("/drills").contains("2026-09-01: overdue"));
    assert!(quentin.read("/system").contains("2026-09-01: overdue"));
    let next = said(|drill| drill["next_due"] = json!("2027-06-01"));
    assert_eq!(quentin.post(DRILLS, &next).status, 201);
    assert_eq!(quentin.get(DRILLS).body["is_overdue"], false);
    assert!(!quentin.read("/").contains("Hold a continuity drill"));
}

#[test] // A11-13
fn a_drill_that_does_not_say_what_it_must_is_refused() {
    let laboratory = Laboratory::open();
    let adam = laboratory.signed_in("adam");
    for (field, value, part) in [
        ("tried", json!(" "), "`tried` is empty"),
        ("fallback", json!(""), "`fallback` is empty"),
        ("began_at", json!("2026-06-01T07:16:00Z"), "in this order"),
        ("ended_at", json!("2026-06-01T08:00:01Z"), "in this order"),
        ("ended_at", json!("noon"), "expected UTC"),
        ("result", json!("failed"), "`findings` is empty"),
        ("next_due", json!("2026-06-01"), "later day"),
        ("next_due", json!("2027-06-03"), "366 days"),
        ("restore_test", json!("rt_none"), "`rt_none`"),
    ] {
        let wrong = said(|drill| drill[field] = value.clone());
        let refused = adam.post(DRILLS, &wrong);
        let said = refused.problem(422, "review_not_valid");
        assert!(said.contains(part), "{field}: {said}");
    }
    for user in ["dana", "rosa", "pavel", "ines"] {
        let refused = laboratory.signed_in(user).post(DRILLS, &said(|_| ()));
        refused.problem(403, "not_permitted");
    }
    laboratory.program().post(DRILLS, &said(|_| ())).problem(403, "not_permitted");
    adam.get("/api/v1/drills/dr_none").problem(404, "not_found");
    assert_eq!(adam.get(DRILLS).body["drills"], json!([]), "nothing was recorded");
}

#[test] // A11-13
fn a_drill_is_recorded_by_form() {
    let (laboratory, restore) = practised();
    let quentin = laboratory.signed_in("quentin");
    assert!(laboratory.signed_in("dana").read("/drills").contains("Your role records no drills"));
    let mut typed = vec![
        ("tried", "the network was cut"),
        ("began_at", "2026-06-01T07:00"),
        ("ended_at", "2026-06-01T07:30"),
        ("fallback", "a pack on a laptop"),
        ("restore_test", restore.as_str()),
        ("result", "failed"),
        ("findings", ""),
        ("next_due", "2026-09-01"),
    ];
    let refused = quentin.page("/drills", Some(&typed));
    assert!(
        refused.contains("role=\"alert\"") && refused.contains(">a pack on a laptop</textarea>")
    );
    typed[6] = ("findings", "nobody knew where the pack was");
    let page = quentin.page("/drills", Some(&typed));
    assert!(page.contains("nobody knew where the pack was") && page.contains("failed"), "{page}");
    assert!(quentin.read("/drills").contains("due on 2026-09-01"));
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!((checked.findings, checked.examined.drills), (vec![], 1));
}

#[test] // A11-13
fn figures_that_are_not_those_of_the_restore_are_named() {
    let (laboratory, restore) = practised();
    let adam = laboratory.signed_in("adam");
    let recorded = adam.post(DRILLS, &said(|drill| drill["restore_test"] = json!(restore)));
    assert_eq!(recorded.status, 201, "{recorded:?}");
    let mut files = Files::of(&adam.bytes("/api/v1/evidence/pack"));
    let name = files.first("records/drill/");
    let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
    let mut drill: Value = serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
    drill["restore_test"]["duration_ms"] = json!(1_000_000_007);
    let bytes = driftledger::digest::canonical_json(&drill).unwrap();
    row["sha256"] = json!(driftledger::digest::sha256_hex(&bytes));
    row["document"] = json!(String::from_utf8(bytes).unwrap());
    files.0.insert(name.clone(), driftledger::digest::canonical_json(&row).unwrap());
    files.relist();
    let found = verify(Cursor::new(files.seal()), None, &mut |_| ()).unwrap().findings;
    let told = found.iter().any(|one| {
        one.code == "record_disagrees"
            && one.file == name
            && one.detail.contains("how long it took")
    });
    assert!(told, "{found:#?}");
}
