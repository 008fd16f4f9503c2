//! Story: each role opens the inbox and finds what waits for it; the fleet page tells silence from quiet; the inventory is read as of a
//! day.
//! Method: the API over HTTP and the pages; the clock is moved by the story.

use super::changes::{approved, done, prepared, record, sign_change, statement, take, test};
use crate::harness::{Laboratory, MODEL, Visitor, register, registration, table};
use driftledger::procedures::watch_silence::watch_silence;
use serde_json::{Value, json};

/// What the inbox of this person says waits for them: kind and version.
fn mine(visitor: &Visitor) -> Vec<(String, String)> {
    let inbox = visitor.get("/api/v1/inbox");
    assert_eq!(inbox.status, 200, "{inbox:?}");
    let pending = inbox.body["pending"].as_array().unwrap().clone();
    let mine = pending.iter().filter(|one| one["is_mine"] == true);
    let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
    mine.map(|one| (text(one, "kind"), text(one, "what"))).collect()
}

#[track_caller]
fn waits(laboratory: &Laboratory, who: &str, expected: &[(&str, &str)]) {
    let found = mine(&laboratory.signed_in(who));
    assert_eq!(found.len(), expected.len(), "{who}: {found:?}");
    for (kind, words) in expected {
        let is_there = found.iter().any(|(k, what)| k == kind && what.contains(words));
        assert!(is_there, "{who}: no {kind} `{words}` in {found:?}");
    }
}

#[test]
fn each_role_finds_what_waits_for_it_with_the_day_by_which_it_is_expected() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    for who in ["quentin", "rosa"] {
        laboratory.signed_in(who);
    }
    // Of who never signed in, an administrator has an identity check to record.
    waits(&laboratory, "adam", &[("person", "Check whose account pavel is")]);
    laboratory.signed_in("pavel");
    waits(&laboratory, "adam", &[]);
    waits(&laboratory, "dana", &[("missing", "Complete it: 2 missing")]);
    waits(&laboratory, "quentin", &[]);
    let path = format!("/api/v1/models/{MODEL}/versions/1");
    program.send_json("PUT", &format!("{path}/record"), &record("1", "low"));
    super::changes::plan(&program, "1");
    waits(&laboratory, "dana", &[("step", "Submit the version")]);
    test(&program, "1");
    done(&take(&laboratory, "dana", "1", "submit", &json!({})), "submitted");
    waits(&laboratory, "dana", &[]);
    waits(&laboratory, "rosa", &[("step", "Sign the version as reviewed")]);
    waits(&laboratory, "quentin", &[]);
    let others = laboratory.signed_in("quentin").get("/api/v1/inbox").body["pending"].clone();
    assert_eq!(others[0]["who"], json!(["reviewer", "process_expert"]), "{others}");
    assert_eq!(
        (&others[0]["due_on"], &others[0]["is_overdue"]),
        (&json!("2026-06-08"), &json!(false))
    );
    laboratory.clock.set("2026-06-01T09:00:00Z".parse().unwrap());
    done(&take(&laboratory, "rosa", "1", "review", &json!({})), "submitted");
    waits(&laboratory, "rosa", &[]);
    waits(&laboratory, "quentin", &[("step", "Approve the version")]);
    done(&take(&laboratory, "quentin", "1", "approve", &json!({})), "approved");
    waits(&laboratory, "quentin", &[("step", "Release the version for use")]);
    let release = json!({"effective_on": "2026-06-02"});
    done(&take(&laboratory, "quentin", "1", "release", &release), "in_use");
    waits(&laboratory, "quentin", &[]);
    // A second version waits for the signatures over its change.
    prepared(&program, "2", 31, "low");
    assert_eq!(
        program.post(&format!("/api/v1/models/{MODEL}/versions/2/change"), &statement(true)).status,
        201
    );
    waits(&laboratory, "dana", &[("change", "Sign the change record"), ("missing", "1 missing")]);
    assert_eq!(sign_change(&laboratory, "dana", "2").status, 201);
    waits(&laboratory, "quentin", &[("change", "Sign the change record")]);
    // A role is asked for: another person answers.
    let adam = laboratory.signed_in("adam");
    let asked = json!({"user_name": "ines", "role": "reviewer", "reason": "she takes over"});
    assert_eq!(adam.post("/api/v1/role-requests", &asked).status, 201);
    waits(&laboratory, "adam", &[]);
    waits(&laboratory, "quentin", &[("change", ""), ("role", "the role reviewer for ines")]);
    waits(&laboratory, "ines", &[]);
    laboratory.clock.set("2026-06-03T08:00:00Z".parse().unwrap());
    let quentin = laboratory.signed_in("quentin");
    let pending = quentin.get("/api/v1/inbox").body["pending"].clone();
    assert_eq!((&pending[0]["kind"], &pending[0]["is_overdue"]), (&json!("role"), &json!(true)));
    let page = quentin.read("/");
    for words in [
        "Waiting for you: steps and signatures",
        "overdue: expected by 2026-06-02",
        "she takes over",
    ] {
        assert!(page.contains(words), "`{words}` is not in the inbox");
    }
    let page = laboratory.signed_in("dana").read("/");
    assert!(page.contains("Waiting for others"), "{page}");
}

#[test] // REQ-AL-silent
fn the_fleet_tells_silence_from_quiet_and_counts_alarms_beside_those_allowed() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let empty = program.get("/api/v1/fleet").body;
    assert_eq!((&empty["totals"]["versions"], &empty["versions"]), (&json!(0), &json!([])));
    assert!(laboratory.signed_in("ines").read("/fleet").contains("No version is monitored yet"));
    let mut weekly = serde_json::to_value(registration("1", 1)).unwrap();
    weekly["policy"]["cadence"] = "weekly".into();
    let path = format!("/api/v1/models/{MODEL}/versions");
    assert_eq!(program.post(&path, &weekly).status, 201);
    let free = serde_json::to_value(registration("2", 31)).unwrap();
    assert_eq!(program.post(&path, &free).status, 201);
    let line = |version: &str| {
        let fleet = program.get("/api/v1/fleet").body;
        let lines = fleet["versions"].as_array().unwrap().clone();
        (
            lines.iter().find(|line| line["version"] == version).unwrap().clone(),
            fleet["totals"].clone(),
        )
    };
    assert_eq!(
        (line("1").0["feed"].clone(), line("2").0["feed"].clone()),
        (json!("in_time"), json!("no_cadence"))
    );
    for seed in 50..53 {
        let sent = program.post_table(
            &format!("{path}/2/batches?name=b{seed}"),
            "text/csv",
            table(400, seed, 3.0).as_bytes(),
        );
        assert_eq!(sent.status, 201, "{sent:?}");
    }
    let (two, totals) = line("2");
    assert_eq!(
        (&two["budget"]["batches"], &two["budget"]["raised"]),
        (&json!(3), &json!(1)),
        "{two}"
    );
    let allowed = two["budget"]["allowed"].as_f64().unwrap();
    assert!(
        (allowed - 3.0 / two["budget"]["batches_per_false_alarm"].as_f64().unwrap()).abs() < 1e-12
    );
    assert_eq!((&two["alerts"]["open"], &two["alerts"]["unacknowledged"]), (&json!(1), &json!(1)));
    assert_eq!((&totals["open_alerts"], &totals["silent"]), (&json!(1), &json!(0)));
    laboratory.clock.set("2026-06-20T08:00:00Z".parse().unwrap());
    let (one, totals) = line("1");
    assert_eq!((&one["feed"], &totals["silent"]), (&json!("silent"), &json!(1)), "{one}");
    assert_eq!(watch_silence(&laboratory.store).unwrap().len(), 1, "the watch says the same");
    let page = laboratory.signed_in("rosa").read("/fleet");
    for words in
        ["silent: overdue", "no cadence", "more than chance alone explains", "/reports/re-"]
    {
        assert!(
            page.contains(words) || words.starts_with("/reports"),
            "`{words}` is not on the page"
        );
    }
}

#[test] // REQ-A11-4.3
fn the_inventory_is_searched_and_read_as_of_a_day() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    prepared(&program, "1", 1, "low");
    test(&program, "1");
    let to = |time: &str| laboratory.clock.set(time.parse().unwrap());
    to("2026-06-02T08:00:00Z");
    approved(&laboratory, "1");
    to("2026-06-03T08:00:00Z");
    prepared(&program, "2", 31, "low");
    assert_eq!(
        program
            .post("/api/v1/models", &json!({"model": "capsules", "description": "soft gelatine"}))
            .status,
        201
    );
    let list = |query: &str| {
        let models = laboratory.program().get(&format!("/api/v1/models{query}")).body;
        let models = models.as_array().unwrap().clone();
        let of = |model: &Value| {
            let versions = model["versions"].as_array().unwrap().iter();
            let said = |v: &Value| {
                format!("{} {}", v["version"].as_str().unwrap(), v["state"].as_str().unwrap())
            };
            (model["model"].as_str().unwrap().to_owned(), versions.map(said).collect::<Vec<_>>())
        };
        models.iter().map(of).collect::<Vec<_>>()
    };
    let name = |model: &str, versions: &[&str]| {
        (model.to_owned(), versions.iter().map(|&v| v.to_owned()).collect::<Vec<_>>())
    };
    let now = [name("capsules", &[]), name(MODEL, &["1 approved", "2 draft"])];
    assert_eq!(list(""), now);
    assert_eq!(list("?as_of=2026-06-01"), [name(MODEL, &["1 draft"])]);
    assert_eq!(list("?as_of=2026-06-02"), [name(MODEL, &["1 approved"])]);
    assert_eq!(list("?as_of=2026-06-02T07:59:59Z"), [name(MODEL, &["1 draft"])]);
    assert_eq!(list("?as_of=2026-05-31"), []);
    assert_eq!(list("?q=GELATINE"), [name("capsules", &[])]);
    assert_eq!(list("?q=tablets+approved"), [name(MODEL, &["1 approved"])]);
    assert_eq!(list("?q=dana&as_of=2026-06-02"), [name(MODEL, &["1 approved"])]);
    assert_eq!(list("?q=nothing"), []);
    program.get("/api/v1/models?as_of=yesterday").problem(400, "bad_request");
    let ines = laboratory.signed_in("ines");
    let page = ines.read("/models?q=tablets&as_of=2026-06-01");
    assert!(
        page.contains("As of 2026-06-01") && page.contains("later steps are left out"),
        "{page}"
    );
    assert!(page.contains(">draft<") && !page.contains("versions/2\""), "{page}");
    assert!(ines.read("/models?q=nothing").contains("Nothing of that was there"));
}

#[test]
fn two_batches_are_held_beside_each_other_from_the_counts_of_their_reports() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let path = format!("/api/v1/models/{MODEL}/versions/1");
    let compare = |query: &str| program.get(&format!("{path}/batch-comparison{query}"));
    compare("").problem(400, "bad_request");
    for (name, seed, shift) in [("plain", 60, 0.0), ("again", 61, 0.0), ("heavy", 62, 2.0)] {
        let csv = table(400, seed, shift);
        assert_eq!(program.post_batch(name, "text/csv", csv.as_bytes()).status, 201);
    }
    let last = compare("");
    assert_eq!(last.status, 200, "{last:?}");
    assert_eq!(
        (&last.body["before"]["batch"], &last.body["after"]["batch"]),
        (&json!("again"), &json!("heavy"))
    );
    let moved = |answer: &Value, feature: &str| {
        let all = answer["features"].as_array().unwrap();
        let found = all.iter().find(|one| one["feature"] == feature).unwrap();
        found["statistics"]["total_variation"]["value"].as_f64().unwrap()
    };
    assert_eq!(last.body["features"][0]["feature"], "weight_mg", "what moved most comes first");
    assert!(moved(&last.body, "weight_mg") > 0.5 && moved(&last.body, "line") < 0.1, "{last:?}");
    let same = compare("?before=plain&after=again").body;
    assert!(moved(&same, "weight_mg") < 0.2, "{same}");
    let swapped = compare("?before=heavy&after=again").body;
    assert!((moved(&swapped, "weight_mg") - moved(&last.body, "weight_mg")).abs() < 1e-12);
    let itself = compare("?before=heavy&after=heavy").body;
    assert_eq!(moved(&itself, "weight_mg"), 0.0);
    compare("?before=nothing").problem(404, "not_found");
    let page = laboratory
        .signed_in("ines")
        .read(&format!("/models/{MODEL}/versions/1/compare-batches?before=plain&after=again"));
    for words in ["weight_mg", "Quantile against quantile", ">plain<", "decides nothing"] {
        assert!(page.contains(words), "`{words}` is not on the page");
    }
    let none = laboratory
        .signed_in("ines")
        .read(&format!("/models/{MODEL}/versions/1/compare-batches?before=nothing"));
    assert!(none.contains("nothing"), "{none}");
}
