//! Story: a version goes through its life, each step signed by whom the table names, and whatever is missing is said.
//! Method: the API over HTTP, one account a role; refusals are held against the papers; the store is checked afterwards.

use crate::harness::{Answer, Laboratory, MODEL, VERSION_PATH, Visitor, register, table};
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};

fn at(path: &str) -> String {
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

fn codes(gaps: &Value) -> Vec<&str> {
    gaps.as_array().unwrap().iter().map(|gap| gap["code"].as_str().unwrap()).collect()
}

/// The gaps of `step` as the life cycle of version 1 says them.
fn gaps_of(visitor: &Visitor, step: &str) -> Value {
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
    assert!(by_qa.problem(403, "not_permitted").contains("data_scientist"));
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
