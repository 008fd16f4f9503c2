//! Story: a version goes through its life, each step signed by whom the table names, and whatever is missing is said.
//! Method: the API over HTTP, one account a role; refusals are held against the papers; the store is checked afterwards.

use crate::evidence::{Files, export};
use crate::harness::{Answer, CHOSEN, Laboratory, MODEL, VERSION_PATH, Visitor, register, table};
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::ledger::note::VerifierKey;
use driftledger::procedures::check_store::check_store;
use driftledger::review::life_cycle::{Rule, Step, VersionState};
use serde_json::{Value, json};
use std::io::Cursor;

pub(super) fn at(path: &str) -> String {
    format!("{VERSION_PATH}/{path}")
}

/// A model record without a gap, of the low tier.
fn record() -> Value {
    json!({
        "format": "driftledger/model-record/v1", "model": MODEL, "version": "1",
        "question_of_interest": "Is the tablet good?",
        "context_of_use": "Beside the sampling plan of the line.",
        "intended_use": "Marks tablets for a second look.",
        "out_of_scope": ["release of a lot"],
        "fallback": "Every hundredth tablet is weighed by hand.",
        "input_space": "Tablets of two lines, weighed in process.",
        "risk": {"influence": "low", "consequence": "medium", "rationale": "A second look follows."},
        "human_role": {"place": "in_the_loop", "duty": "An operator looks at each marked tablet."},
        "learning": "static", "deterministic": true,
    })
}

pub(super) fn codes(gaps: &Value) -> Vec<&str> {
    gaps.as_array().unwrap().iter().map(|gap| gap["code"].as_str().unwrap()).collect()
}

/// The gaps of `step` as the life cycle of version 1 says them.
pub(super) fn gaps_of(visitor: &Visitor, step: &str) -> Value {
    let life = visitor.get(&at("life-cycle"));
    assert_eq!(life.status, 200, "{life:?}");
    let next = life.body["next"].as_array().unwrap().clone();
    let found = next.iter().find(|next| next["step"] == step);
    found.unwrap_or_else(|| panic!("no `{step}` in {life:?}"))["gaps"].clone()
}

fn prepare(visitor: &Visitor, step: &str, input: &Value) -> Answer {
    visitor.post(&at(&format!("steps/{step}/sheet")), input)
}

#[test]
fn the_gap_list_says_exactly_what_is_missing_and_a_submission_is_refused_with_it() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let dana = laboratory.signed_in("dana");
    assert_eq!(program.get(VERSION_PATH).text("state"), "draft");
    assert_eq!(codes(&gaps_of(&dana, "submit")), ["model_record", "acceptance_plan"]);
    let template = program.get(&at("record/template"));
    assert_eq!(template.text("model"), MODEL);
    let put = |visitor: &Visitor, body: &Value| visitor.send_json("PUT", &at("record"), body);
    let first = put(&program, &template.body);
    assert_eq!((first.status, &first.body["revision"]), (201, &json!(1)), "{first:?}");
    let template_gaps = gaps_of(&dana, "submit");
    for code in ["question_of_interest", "risk", "subgroups", "explainability", "acceptance_plan"] {
        assert!(codes(&template_gaps).contains(&code), "{code}: {template_gaps}");
    }
    let second = put(&program, &record());
    assert_eq!((second.status, &second.body["revision"]), (201, &json!(2)), "{second:?}");
    let again = put(&program, &record());
    assert_eq!((again.status, again.text("id")), (200, second.text("id")));
    let missing = gaps_of(&dana, "submit");
    assert_eq!(codes(&missing), ["acceptance_plan"]);
    let refused = prepare(&dana, "submit", &json!({}));
    let detail = refused.problem(409, "incomplete");
    assert!(detail.contains("acceptance plan"), "{detail}");
    assert_eq!(refused.body["gaps"], missing);
    let mut medium = record();
    medium["risk"]["influence"] = json!("medium");
    put(&program, &medium);
    assert_eq!(
        codes(&gaps_of(&dana, "submit")),
        ["acceptance_plan", "subgroups", "explainability", "confidence"]
    );
    let read = program.get(&at("record"));
    assert_eq!((read.status, &read.body["record"]), (200, &medium_as_stored(medium)));
    assert_eq!(read.body["revisions"].as_array().unwrap().len(), 3);
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!(checked.examined.model_records, 3);
}

#[test] // A11-8.2, P11-10b1
fn a_copy_of_a_record_marks_what_changed_since_it_was_entered() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let put = |body: &Value| program.send_json("PUT", &at("record"), body);
    let first = put(&record()).text("id").to_owned();
    let mut changed = record();
    changed["risk"]["influence"] = json!("medium");
    changed["intended_use"] = json!("Triage of referrals");
    put(&changed);
    changed["intended_use"] = json!("Second look at referrals");
    let newest = put(&changed);
    let path = |id: &str| format!("/records/model_record/{id}");
    let copy = program.get(&format!("/api/v1{}", path(newest.text("id"))));
    let fields = copy.body["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == json!(name)).unwrap();
    let used = field("document.intended_use");
    assert_eq!((&used["value"], &used["changes"]), (&changed["intended_use"], &json!(2)));
    assert_eq!(used["original"]["value"], record()["intended_use"]);
    assert_eq!(used["original"]["changed_in"], copy.body["revision"]["entry"]);
    assert_eq!(field("document.risk.influence")["changes"], json!(1));
    assert_eq!(field("document.risk.consequence")["changes"], json!(0));
    // The digest is the one that the entry's body lists.
    let entry = program.get(&format!("/api/v1/ledger/entries/{}", copy.body["revision"]["entry"]));
    assert!(
        entry.body["body"]["rows"]
            .to_string()
            .contains(copy.body["revision"]["sha256"].as_str().unwrap())
    );
    assert_eq!(copy.body["revisions"].as_array().unwrap().len(), 3);
    // The print says the same in words: to the inspector too, and who printed it.
    let ines = laboratory.signed_in("ines");
    let page = ines.read(&path(newest.text("id")));
    for said in [
        "Revision 3 of 3",
        "The data were changed since they were entered",
        "Changed 2 times.",
        "Printed by ines of the laboratory (ines)",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let original = record()["intended_use"].as_str().unwrap().to_owned();
    assert!(page.contains(&format!("<del>{original}</del>")), "{page}");
    let early = ines.read(&path(&first));
    assert!(
        early.contains("This is what was first entered") && early.contains("Superseded"),
        "{early}"
    );
    assert!(!early.contains("<del>"), "{early}");
    assert!(
        ines.read(&format!("/audit-trail/{}", copy.body["revision"]["entry"]))
            .contains(&path(newest.text("id")))
    );
    // Secrets have no copies, nor has what is no record.
    for path in
        ["/api/v1/records/credential/x", "/api/v1/records/session/x", "/api/v1/records/batch/x"]
    {
        ines.get(path).problem(404, "not_found");
    }
    laboratory
        .signed_in("dana")
        .get("/api/v1/records/notice_target/x")
        .problem(403, "not_permitted");
}

#[test] // FDA-AI-13
fn what_a_regulatory_text_asks_for_is_filled_from_the_records_with_its_gaps() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let text = |id: &str| program.get(&at(&format!("assessments/{id}"))).body;
    let fact = |filled: &Value, title: &str| -> Value {
        let steps = filled["steps"].as_array().unwrap().iter();
        let facts = steps.flat_map(|step| step["facts"].as_array().unwrap());
        facts.into_iter().find(|fact| fact["title"] == json!(title)).unwrap().clone()
    };
    let bare = text("fda-credibility");
    let question = fact(&bare, "Question of interest");
    assert_eq!((&question["statements"], question["gap"].is_string()), (&json!([]), true));
    // A template that nobody filled says nothing.
    let template = program.get(&at("record/template")).body;
    program.send_json("PUT", &at("record"), &template);
    assert_eq!(fact(&text("fda-credibility"), "Question of interest")["statements"], json!([]));
    let written = program.send_json("PUT", &at("record"), &record());
    let filled = text("fda-credibility");
    let question = fact(&filled, "Question of interest");
    let said = &question["statements"][0];
    assert_eq!(
        (&said["text"], &question["gap"]),
        (&record()["question_of_interest"], &Value::Null)
    );
    assert_eq!(said["entry"], written.body["entry"]);
    assert!(filled["gaps"].as_u64().unwrap() < bare["gaps"].as_u64().unwrap());
    assert!(
        fact(&filled, "Acceptance criteria")["gap"]
            .as_str()
            .unwrap()
            .contains("fix acceptance criteria")
    );
    assert!(fact(&text("annex-22"), "Signatures")["gap"].is_string());
    program.get(&at("assessments/annex-11")).problem(404, "not_found");
    let page = laboratory.signed_in("ines").read("/models/tablets/versions/1/assessments/annex-22");
    assert!(
        page.contains("draft for consultation")
            && page.contains("<strong>Missing</strong>: fix acceptance"),
        "{page}"
    );
}

/// A record as it comes back: what was left out has its default.
fn medium_as_stored(mut record: Value) -> Value {
    record["subgroups"] = json!([]);
    record["explainability"] = json!("");
    record["human_role"]["blind_first"] = json!(false);
    record["human_role"]["sampling_rate"] = json!(0.0);
    record
}

#[test]
fn a_record_that_does_not_fit_and_a_hand_that_may_not_are_refused() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let put = |visitor: &Visitor, change: &dyn Fn(&mut Value)| {
        let mut body = record();
        change(&mut body);
        visitor.send_json("PUT", &at("record"), &body)
    };
    let column = put(&program, &|r| r["subgroups"] = json!([{"column": "colour"}]));
    assert!(column.problem(422, "registration_not_valid").contains("colour"));
    let other = put(&program, &|r| r["version"] = json!("2"));
    assert!(other.problem(422, "registration_not_valid").contains("version `2`"));
    let rate = put(&program, &|r| r["human_role"]["sampling_rate"] = json!(1.5));
    assert!(rate.problem(422, "registration_not_valid").contains("1.5"));
    for reader in ["quentin", "rosa", "pavel", "ines", "adam"] {
        put(&laboratory.signed_in(reader), &|_| ()).problem(403, "not_permitted");
    }
    program.get(&at("record")).problem(404, "not_found");
    let token = prepare(&program, "submit", &json!({}));
    assert!(token.problem(403, "not_permitted").contains("signed in"));
    let wrong = prepare(&laboratory.signed_in("quentin"), "approve", &json!({}));
    let detail = wrong.problem(409, "wrong_state");
    assert!(detail.contains("is draft") && detail.contains("submitted"), "{detail}");
    let by_qa = prepare(&laboratory.signed_in("quentin"), "submit", &json!({}));
    assert!(by_qa.problem(403, "not_permitted").contains("data scientist"));
    prepare(&laboratory.signed_in("quentin"), "promote", &json!({})).problem(400, "bad_request");
    prepare(&laboratory.stranger(), "submit", &json!({})).problem(401, "not_signed_in");
}

#[test]
fn a_batch_of_a_draft_is_judged_kept_and_flagged() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let csv = table(80, 5, 0.0);
    let judged = program.post_batch("monday", "text/csv", csv.as_bytes());
    assert_eq!((judged.status, judged.text("version_state")), (201, "draft"), "{judged:?}");
    let page = laboratory.signed_in("ines").read(&format!("/reports/{}", judged.text("id")));
    assert!(page.contains("the version was draft"), "{page}");
    let page = laboratory.signed_in("dana").read(&format!("/models/{MODEL}/versions/1"));
    for words in
        ["Life cycle", "Next steps", "there is no acceptance plan", "aria-current=\"step\""]
    {
        assert!(page.contains(words), "`{words}` is not on the page of the version");
    }
    let step =
        laboratory.signed_in("dana").read(&format!("/models/{MODEL}/versions/1/steps/submit"));
    assert!(step.contains("Missing first"), "{step}");
    let barred =
        laboratory.signed_in("ines").read(&format!("/models/{MODEL}/versions/1/steps/submit"));
    assert!(barred.contains("may not submit the version"), "{barred}");
}

/// The tablets with labels: right in all but every tenth row.
fn labelled(wrong_each: usize) -> String {
    let text = table(200, 9, 0.0);
    let mut lines = text.lines();
    let mut labelled = format!("{},label\n", lines.next().unwrap());
    for (number, line) in lines.enumerate() {
        let passed = line.ends_with("true") != (number % wrong_each == 0);
        labelled.push_str(&format!("{line},{passed}\n"));
    }
    labelled
}

fn fix_plan(program: &Visitor, limit: f64) {
    let plan = json!({"format": "driftledger/acceptance-plan/v1", "model": MODEL, "version": "1",
        "rationale": "a wrong tablet must be found", "criteria":
        [{"metric": "accuracy", "direction": "at_least", "limit": limit, "judged_by": "bound"}]});
    let fixed = program.post(&at("acceptance"), &plan);
    assert_eq!(fixed.status, 201, "{fixed:?}");
}

pub(super) fn test(program: &Visitor, wrong_each: usize) -> Answer {
    let csv = labelled(wrong_each);
    program.post_table(&at("test-runs"), "text/csv", csv.as_bytes())
}

/// What somebody types who looked at every entry that the sheet lays out.
pub(super) fn looked_at(sheet: &Answer, input: &Value) -> Option<Value> {
    let trail = &sheet.body["sheet"]["trail"];
    let last = (!trail["critical"].is_null()).then(|| trail["last"].clone())?;
    let mut input = input.clone();
    input["trail_reviewed"] = last;
    Some(input)
}

/// Takes `step` as `who`: the sheet first, then its digest and the password; what it lays out of the audit trail is looked at.
pub(super) fn take(laboratory: &Laboratory, who: &str, step: &str, input: &Value) -> Answer {
    let visitor = laboratory.signed_in(who);
    let sheet = prepare(&visitor, step, input);
    match looked_at(&sheet, input) {
        Some(input) => take_as_it_is(&visitor, laboratory.password(who), step, &input),
        None => take_as_it_is(&visitor, laboratory.password(who), step, input),
    }
}

fn take_as_it_is(visitor: &Visitor, password: &str, step: &str, input: &Value) -> Answer {
    let sheet = prepare(visitor, step, input);
    if sheet.status != 200 {
        return sheet;
    }
    let mut body = input.clone();
    body["sheet_sha256"] = sheet.body["sha256"].clone();
    body["password"] = json!(password);
    visitor.post(&at(&format!("steps/{step}")), &body)
}

#[track_caller]
pub(super) fn done(answer: &Answer, state: &str) {
    assert_eq!((answer.status, answer.body["state"].as_str()), (201, Some(state)), "{answer:?}");
}

/// Registered, described, planned, tested and submitted.
pub(super) fn submitted(laboratory: &Laboratory) -> Visitor {
    let program = laboratory.program();
    register(&program);
    submit(laboratory, &program);
    program
}

/// Describes, plans, tests and submits the registered version.
fn submit(laboratory: &Laboratory, program: &Visitor) {
    assert_eq!(program.send_json("PUT", &at("record"), &record()).status, 201);
    fix_plan(program, 0.5);
    assert_eq!(test(program, 10).status, 201);
    done(&take(laboratory, "dana", "submit", &json!({})), "submitted");
}

/// Brings a registered version to its approval.
pub(super) fn approve(laboratory: &Laboratory, program: &Visitor) {
    submit(laboratory, program);
    done(&take(laboratory, "rosa", "review", &json!({})), "submitted");
    done(&take(laboratory, "quentin", "approve", &json!({})), "approved");
}

fn batch(program: &Visitor, seed: u64) -> Answer {
    program.post_batch(&format!("batch {seed}"), "text/csv", table(80, seed, 0.0).as_bytes())
}

#[test]
fn a_version_goes_from_draft_to_retirement_and_the_pack_proves_every_hand() {
    let laboratory = Laboratory::open();
    let program = submitted(&laboratory);
    let none = json!({});
    let why = json!({"reason": "the scale of line east was recalibrated"});
    let record_now = program.send_json("PUT", &at("record"), &{
        let mut other = record();
        other["fallback"] = json!("None.");
        other
    });
    assert!(record_now.problem(409, "wrong_state").contains("submitted"));

    let early = take(&laboratory, "quentin", "approve", &none);
    early.problem(409, "incomplete");
    assert_eq!(codes(&early.body["gaps"]), ["reviewed"]);
    take(&laboratory, "quentin", "reject", &none).problem(422, "review_not_valid");
    done(&take(&laboratory, "rosa", "reject", &why), "draft");
    done(&take(&laboratory, "dana", "submit", &none), "submitted");
    done(&take(&laboratory, "pavel", "review", &none), "submitted");
    take(&laboratory, "quentin", "approve", &none).problem(409, "incomplete");
    done(&take(&laboratory, "rosa", "review", &none), "submitted");
    take(&laboratory, "rosa", "review", &none).problem(403, "same_person");
    // It was rejected once: whoever approves it has to look at that, and the signature says so.
    let quentin = laboratory.signed_in("quentin");
    let trail = prepare(&quentin, "approve", &none).body["sheet"]["trail"].clone();
    assert_eq!(trail["critical"].as_array().map(Vec::len), Some(1), "{trail}");
    assert_eq!(trail["critical"][0]["why"], "it was rejected");
    let blind = take_as_it_is(&quentin, CHOSEN, "approve", &none);
    assert!(blind.problem(422, "review_not_valid").contains("trail_reviewed"), "{blind:?}");
    let early = json!({"trail_reviewed": trail["critical"][0]["entry"]});
    take_as_it_is(&quentin, CHOSEN, "approve", &early).problem(422, "review_not_valid");
    let page = quentin.read(&format!("/models/{MODEL}/versions/1/steps/approve"));
    let ticked = format!("name=\"trail_reviewed\" value=\"{}\" required", trail["last"]);
    assert!(page.contains(&ticked) && page.contains("it was rejected"), "{page}");
    assert!(page.contains("1 of them critical: reviewed"), "{page}");
    done(&take(&laboratory, "quentin", "approve", &none), "approved");
    assert_eq!(batch(&program, 21).text("version_state"), "approved");
    take(&laboratory, "quentin", "release", &none).problem(422, "review_not_valid");
    done(
        &take(&laboratory, "quentin", "release", &json!({"effective_on": "2026-06-02"})),
        "in_use",
    );
    assert_eq!(batch(&program, 22).text("version_state"), "in_use");
    done(&take(&laboratory, "pavel", "suspend", &why), "suspended");
    let kept = batch(&program, 23);
    assert_eq!((kept.status, kept.text("version_state")), (201, "suspended"));
    let page = laboratory.signed_in("ines").read(&format!("/reports/{}", kept.text("id")));
    assert!(page.contains("notice refused") && page.contains("the version was suspended"));
    take(&laboratory, "quentin", "resume", &why).problem(409, "incomplete");
    done(&take(&laboratory, "rosa", "review", &why), "suspended");
    done(&take(&laboratory, "quentin", "resume", &why), "in_use");
    done(&take(&laboratory, "quentin", "retire", &why), "retired");
    let late = batch(&program, 24);
    assert!(late.problem(409, "conflict").contains("retired"));
    take(&laboratory, "quentin", "resume", &why).problem(409, "wrong_state");

    let life = program.get(&at("life-cycle")).body;
    assert_eq!((&life["state"], &life["next"]), (&json!("retired"), &json!([])));
    let steps = life["steps"].as_array().unwrap();
    let taken: Vec<&str> = steps.iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(
        taken,
        [
            "submit", "reject", "submit", "review", "review", "approve", "release", "suspend",
            "review", "resume", "retire"
        ]
    );
    assert_eq!(steps[3]["sheet"].get("acts_for"), None, "the process expert signs for itself");
    assert_eq!(steps[4]["sheet"].get("acts_for"), None, "and nobody stands in for one who signed");
    assert_eq!(steps[8]["sheet"]["acts_for"], json!(["process_expert"]));
    assert!(steps[5]["sheet"]["overlap_justification"].as_str().unwrap().contains("two tablets"));
    let said = steps[5]["manifestation"].as_str().unwrap();
    assert!(said.contains("quentin") && said.contains("approves this version"), "{said}");

    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!((checked.examined.steps, checked.examined.model_records), (11, 1));
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    let key = laboratory.store.verifier_key();
    let verified = verify(&mut Cursor::new(&pack), Some(key), &mut |_| ()).unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!(verified.checked.examined.steps, 11);
    attack(&pack, laboratory.store.verifier_key());
}

/// Changes one step after the other in a pack: each change is named.
fn attack(pack: &[u8], key: &VerifierKey) {
    let clean = Files::of(pack);
    let steps: Vec<String> =
        clean.0.keys().filter(|name| name.starts_with("records/version_step/")).cloned().collect();
    assert_eq!(steps.len(), 11);
    for name in steps {
        let mut files = clean.clone();
        let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
        let document = row["document"].as_str().unwrap().replace("\"after\":", "\"after\":1");
        row["sha256"] = json!(sha256_hex(document.as_bytes()));
        row["document"] = json!(document);
        files.0.insert(name.clone(), canonical_json(&row).unwrap());
        files.relist();
        let verified = verify(&mut Cursor::new(files.seal()), Some(key), &mut |_| ()).unwrap();
        for code in ["record_disagrees", "signature_of_other_bytes"] {
            assert!(verified.findings.iter().any(|f| f.code == code), "{:?}", verified.findings);
        }
        let mut files = clean.clone();
        files.0.remove(&name);
        files.relist();
        let verified = verify(&mut Cursor::new(files.seal()), Some(key), &mut |_| ()).unwrap();
        assert!(verified.findings.iter().any(|f| f.file == name), "{:?}", verified.findings);
    }
}

#[test]
fn a_signature_needs_the_sheet_as_shown_and_the_password_again() {
    let laboratory = Laboratory::open();
    let program = submitted(&laboratory);
    let rosa = laboratory.signed_in("rosa");
    let sheet = prepare(&rosa, "review", &json!({}));
    let sha256 = sheet.text("sha256").to_owned();
    let sign = |visitor: &Visitor, sha256: &str, password: &str| {
        let body = json!({"sheet_sha256": sha256, "password": password});
        visitor.post(&at("steps/review"), &body)
    };
    let right = laboratory.password("rosa");
    sign(&rosa, &"0".repeat(64), right).problem(409, "record_changed");
    sign(&rosa, &sha256, "not the password").problem(401, "wrong_credentials");
    sign(&program, &sha256, right).problem(403, "not_permitted");
    let by_name = laboratory.with_name("rosa", right);
    sign(&by_name, &sha256, right).problem(401, "not_signed_in");
    // Another plan and test: what was shown is not what stands now.
    fix_plan(&program, 0.6);
    sign(&rosa, &sha256, right).problem(409, "incomplete");
    assert_eq!(test(&program, 20).status, 201);
    sign(&rosa, &sha256, right).problem(409, "record_changed");
    assert_eq!(program.get(&at("life-cycle")).body["steps"].as_array().unwrap().len(), 1);
    for _ in 0..5 {
        sign(&rosa, &sha256, "not the password");
    }
    sign(&rosa, &sha256, right).problem(423, "locked");
}

#[test]
fn what_was_reviewed_is_what_is_approved_and_a_deviation_is_justified_in_a_signed_text() {
    let laboratory = Laboratory::open();
    let program = submitted(&laboratory);
    let none = json!({});
    done(&take(&laboratory, "rosa", "review", &none), "submitted");
    fix_plan(&program, 0.99);
    assert_eq!(test(&program, 10).status, 201);
    let changed = take(&laboratory, "quentin", "approve", &none);
    changed.problem(409, "incomplete");
    assert_eq!(codes(&changed.body["gaps"]), ["reviewed_evidence"]);
    done(&take(&laboratory, "quentin", "reject", &json!({"reason": "the plan changed"})), "draft");
    done(&take(&laboratory, "dana", "submit", &none), "submitted");
    let missed = take(&laboratory, "rosa", "review", &none);
    assert!(missed.problem(422, "review_not_valid").contains("does not meet its plan"));
    let deviation = json!({"deviation": "one tablet in ten is looked at twice in any case"});
    done(&take(&laboratory, "rosa", "review", &deviation), "submitted");
    take(&laboratory, "quentin", "approve", &none).problem(422, "review_not_valid");
    done(&take(&laboratory, "quentin", "approve", &deviation), "approved");
    let steps = program.get(&at("life-cycle")).body["steps"].clone();
    assert_eq!(steps[5]["sheet"]["deviation"], deviation["deviation"]);
    done(&take(&laboratory, "quentin", "withdraw", &json!({"reason": "too weak"})), "withdrawn");
    assert_eq!(batch(&program, 5).status, 409);
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

/// Every state, every step, every role: what the table does not allow is refused, and nothing is written.
#[test]
fn no_role_takes_a_step_that_the_table_does_not_give_it() {
    let laboratory = Laboratory::open();
    let program = submitted(&laboratory);
    let people = ["dana", "quentin", "rosa", "pavel", "ines", "adam"];
    let visitors: Vec<Visitor> = people.iter().map(|who| laboratory.signed_in(who)).collect();
    let roles = ["data_scientist", "qa", "reviewer", "process_expert", "inspector", "admin"];
    let input = json!({"reason": "because", "effective_on": "2026-06-02"});
    let path = [
        ("submitted", Some(("rosa", "review"))),
        ("submitted", Some(("quentin", "approve"))),
        ("approved", Some(("quentin", "release"))),
        ("in_use", Some(("pavel", "suspend"))),
        ("suspended", Some(("quentin", "retire"))),
        ("retired", None),
    ];
    let mut asked = 0;
    for (state, next) in path {
        let life = program.get(&at("life-cycle")).body;
        assert_eq!(life["state"], state);
        let steps = life["steps"].as_array().unwrap().len();
        for step in Step::ALL {
            let rule = Rule::of(VersionState::of_word(state).unwrap(), step);
            for (visitor, role) in visitors.iter().zip(roles) {
                let answer = prepare(visitor, step.word(), &input);
                let may = rule.is_some_and(|rule| rule.who.iter().any(|who| who.word() == role));
                asked += 1;
                match answer.status {
                    200 => assert!(may, "{state} {step:?} {role}: {answer:?}"),
                    403 | 409 => {}
                    _ => panic!("{state} {step:?} {role}: {answer:?}"),
                }
                if answer.status == 409 && !may {
                    assert_eq!(answer.text("code"), "wrong_state", "{state} {step:?} {role}");
                }
            }
            prepare(&program, step.word(), &input).problem(403, "not_permitted");
        }
        let after = program.get(&at("life-cycle")).body["steps"].as_array().unwrap().len();
        assert_eq!(after, steps, "asking writes nothing");
        if let Some((who, step)) = next {
            assert_eq!(take(&laboratory, who, step, &input).status, 201);
        }
    }
    assert_eq!(asked, 6 * 10 * 6);
}
