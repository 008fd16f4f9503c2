//! Story: QA draws predictions, a reviewer judges them one by one, in part without seeing what the model answered; the answers say how
//! often the model is wrong, and nobody can choose the cases or change an answer.
//! Method: the API and the pages over HTTP, on panes of glass whose classes and scores are made here; then the store is checked, the pack
//! verified, and records that no procedure would write are put into a store to see each named.

use crate::harness::{Answer, Laboratory, MODEL, VERSION_PATH, Visitor};
use driftledger::digest::sha256_hex;
use driftledger::evidence::verify::verify;
use driftledger::ledger::entry::{Actor, EntryType};
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::fingerprint_files::{RegistrationSources, make_registration};
use driftledger::review::reading::Reading;
use driftledger::review::review_answer::ReviewAnswer;
use driftledger::review::review_sample::ReviewSample;
use driftledger::store::acceptance::AcceptancePlanRow;
use driftledger::store::review_samples::{ReviewAnswerRow, ReviewSampleRow};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Cursor;

/// `rows` panes: every fifth is cracked; the certainty of each is its own.
fn panes(rows: u64, first: u64) -> String {
    let mut text = "pane,thickness_mm,line,verdict,certainty\n".to_owned();
    for pane in first..first + rows {
        let verdict = if pane.is_multiple_of(5) { "cracked" } else { "sound" };
        let (thickness, line) =
            (4.0 + (pane % 37) as f64 / 100.0, ["east", "west"][pane as usize % 2]);
        writeln!(text, "{pane},{thickness},{line},{verdict},0.5{pane:05}").unwrap();
    }
    text
}

/// Registers the model, with `performance` in its policy, and sends a batch of 300 panes and one of 100.
pub(super) fn with_panes(performance: Option<Value>) -> Laboratory {
    let prediction =
        json!({"name": "verdict", "role": "prediction", "type": "text", "kind": "binary"});
    with_rows(panes, prediction, performance)
}

/// The same of a model that predicts the strength of a pane, a number: 40.0 to 43.6.
pub(super) fn with_strengths() -> Laboratory {
    let rows = |rows: u64, first: u64| {
        let mut text = "pane,thickness_mm,line,strength,certainty\n".to_owned();
        for pane in first..first + rows {
            let (thickness, line) =
                (4.0 + (pane % 37) as f64 / 100.0, ["east", "west"][pane as usize % 2]);
            let strength = strength_of(pane);
            writeln!(text, "{pane},{thickness},{line},{strength},0.5").unwrap();
        }
        text
    };
    let prediction = json!({"name": "strength", "role": "prediction", "type": "float",
                            "kind": "continuous", "unit": "MPa"});
    with_rows(rows, prediction, None)
}

pub(super) fn strength_of(pane: u64) -> f64 {
    40.0 + (pane % 37) as f64 / 10.0
}

fn with_rows(
    rows: impl Fn(u64, u64) -> String,
    prediction: Value,
    performance: Option<Value>,
) -> Laboratory {
    let laboratory = Laboratory::open();
    let schema = json!({"schema": "driftledger/schema/v1", "columns": [
        {"name": "pane", "role": "id", "type": "int"},
        {"name": "thickness_mm", "role": "feature", "type": "float", "kind": "continuous", "unit": "mm"},
        {"name": "line", "role": "segment", "type": "text", "kind": "categorical"},
        prediction,
        {"name": "certainty", "role": "score", "type": "float", "kind": "continuous"},
    ]});
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let sources = RegistrationSources {
        model: MODEL.to_owned(),
        version: "1".to_owned(),
        train: file("train.csv", rows(400, 1)),
        reference: file("reference.csv", rows(600, 1_000)),
        artifacts: vec![file("model.bin", "weights".to_owned())],
        overlap_justification: Some("panes of one furnace are alike in every feature".to_owned()),
        schema: Some(file("schema.json", schema.to_string())),
        ..RegistrationSources::default()
    };
    let mut body = serde_json::to_value(make_registration(&sources, |_| ()).unwrap()).unwrap();
    if let Some(performance) = performance {
        body["policy"]["performance"] = performance;
    }
    let program = laboratory.program();
    let made = program.post(&format!("/api/v1/models/{MODEL}/versions"), &body);
    assert_eq!(made.status, 201, "{made:?}");
    for (name, count, first) in [("june", 300, 10_001), ("july", 100, 20_001)] {
        let sent = program.post_batch(name, "text/csv", rows(count, first).as_bytes());
        assert_eq!(sent.status, 201, "{sent:?}");
    }
    laboratory
}

pub(super) fn plan(batches: &[&str], allocation: Value) -> Value {
    json!({"batches": batches, "purpose": "is it as good as in the test", "allocation": allocation, "blind_share": 0.5})
}

pub(super) fn draw(visitor: &Visitor, plan: &Value) -> Answer {
    visitor.post(&format!("{VERSION_PATH}/review-samples"), plan)
}

fn drawn(laboratory: &Laboratory, allocation: Value) -> String {
    let quentin = laboratory.signed_in("quentin");
    let drawn = draw(&quentin, &plan(&["july", "june"], allocation));
    assert_eq!(drawn.status, 201, "{drawn:?}");
    drawn.text("id").to_owned()
}

pub(super) fn next(visitor: &Visitor, id: &str) -> Answer {
    visitor.post(&format!("/api/v1/review-samples/{id}/next-case"), &json!({}))
}

pub(super) fn answer(visitor: &Visitor, id: &str, case: &Value, said: &Value) -> Answer {
    visitor.post(&format!("/api/v1/review-samples/{id}/cases/{case}/answer"), said)
}

/// What the model says of a pane.
pub(super) fn model_of(case: &Value) -> &'static str {
    let pane: u64 = case["row_id"].as_str().unwrap().parse().unwrap();
    if pane.is_multiple_of(5) { "cracked" } else { "sound" }
}

/// Answers every case that is left, with what `say` makes of the model's answer and the number of the case.
pub(super) fn review_all(
    visitor: &Visitor,
    id: &str,
    say: impl Fn(&'static str, u64) -> String,
) -> u64 {
    let mut answered = 0;
    while let Some(case) = next(visitor, id).body.get("case").cloned() {
        let number = case["case"].as_u64().unwrap();
        let said = json!({"answer": say(model_of(&case), number)});
        let given = answer(visitor, id, &case["case"], &said);
        assert_eq!(given.status, 201, "{given:?}");
        answered += 1;
    }
    answered
}

/// Samples, answers, results that the check examined and drew again, with the codes of what it found.
pub(super) fn checked(laboratory: &Laboratory) -> ([u64; 4], Vec<&'static str>) {
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    let examined = checked.examined;
    let counts = [examined.review_samples, examined.review_answers, examined.review_results];
    let codes = checked.findings.iter().map(|finding| finding.code).collect();
    ([counts[0], counts[1], counts[2], checked.redrawn], codes)
}

#[test] // A22d-10.5, A22d-3.3
fn a_blind_case_does_not_tell_what_the_model_answered_until_the_answer_is_stored() {
    let laboratory = with_panes(None);
    let id = drawn(&laboratory, json!({"per_stratum": 4}));
    let rosa = laboratory.signed_in("rosa");
    let sample = rosa.get(&format!("/api/v1/review-samples/{id}"));
    let strata: Vec<_> = sample.body["sample"]["strata"].as_array().unwrap().clone();
    assert_eq!((strata.len(), &strata[0]["rows"], &strata[0]["drawn"]), (2, &json!(80), &json!(4)));
    assert_eq!(strata[1]["inclusion_probability"], 4.0 / 320.0);
    assert!(!sample.body.to_string().contains("model_answer"), "{}", sample.body);
    let mut blind_cases = 0;
    for number in 1..=8 {
        let shown = next(&rosa, &id);
        let case = &shown.body["case"];
        assert_eq!(case["case"], number);
        let pane = case["row_id"].as_str().unwrap();
        let certainty: f64 = format!("0.5{pane}").parse().unwrap();
        let certainty = certainty.to_string();
        let page = rosa.read(&format!("/review-samples/{id}/case"));
        assert!(page.contains("What would you have answered?") && page.contains(" mm"), "{page}");
        let told = [shown.body.to_string(), page];
        let counts = told
            .each_ref()
            .map(|text| (text.matches("sound").count(), text.matches("cracked").count()));
        if case["blind"] == true {
            blind_cases += 1;
            assert!(case.get("model_answer").is_none() && case.get("score").is_none(), "{case}");
            assert!(told.iter().all(|text| !text.contains(&certainty)), "{told:?}");
            // Each class is named as an answer to choose, and nowhere else.
            assert_eq!(counts[0], (1, 1), "{told:?}");
            assert_eq!(counts[1].0, counts[1].1, "{told:?}");
            assert!(!told[1].contains("The model answered"), "{told:?}");
        } else {
            assert_eq!(
                (&case["model_answer"], &case["score"]),
                (&json!(model_of(case)), &json!(certainty))
            );
            assert!(told[1].contains("The model answered"), "{told:?}");
            assert_ne!(counts[1].0, counts[1].1, "{told:?}");
        }
        let columns: Vec<_> =
            case["inputs"].as_array().unwrap().iter().map(|i| &i["column"]).collect();
        assert_eq!(columns, ["thickness_mm", "line"]);
        laboratory.later(7);
        let given = answer(&rosa, &id, &case["case"], &json!({"answer": "sound"}));
        assert_eq!(given.status, 201, "{given:?}");
        assert_eq!(given.body["said"]["model_answer"], model_of(case));
        assert_eq!(given.body["said"]["dwell_ms"], 7_000);
    }
    assert_eq!(blind_cases, 4);
    assert!(next(&rosa, &id).body.get("case").is_none());
    let figures = rosa.get(&format!("/api/v1/review-samples/{id}")).body["figures"].clone();
    assert_eq!(
        (&figures["answered"], &figures["concordance"]["blind_cases"]),
        (&json!(8), &json!(4))
    );
    assert_eq!(figures["concordance"]["agreement"]["interval"]["estimate"], 0.5);
    // 80 of 400 rows are of the class of which every case is wrong.
    let rate = figures["error_rate"]["interval"]["estimate"].as_f64().unwrap();
    assert!((rate - 0.2).abs() < 1e-12, "{figures}");
    assert_eq!(figures["dwell"], json!({"median_ms": 7_000, "quick": 0, "quick_below_ms": 5_000}));
    assert_eq!(figures["claim"]["state"], "not_with_this_sample");
    assert_eq!(checked(&laboratory), ([1, 8, 0, 1], Vec::new()));
}

#[test] // A22d-10.5, A22d-6.5
fn who_may_draw_does_not_review_and_who_made_the_version_does_neither() {
    let laboratory = with_panes(None);
    let all = plan(&["june"], json!({"proportional": 20}));
    for user_name in ["dana", "rosa", "pavel", "ines", "adam"] {
        draw(&laboratory.signed_in(user_name), &all).problem(403, "not_permitted");
    }
    draw(&laboratory.program(), &all).problem(403, "not_permitted");
    let quentin = laboratory.signed_in("quentin");
    for (field, value, status, code) in [
        ("batches", json!([]), 400, "bad_request"),
        ("batches", json!(["may"]), 404, "not_found"),
        ("purpose", json!(" "), 422, "review_not_valid"),
        ("blind_share", json!(0.05), 422, "review_not_valid"),
        ("claim", json!(0.0), 422, "review_not_valid"),
        ("allocation", json!({"per_stratum": 0}), 422, "review_not_valid"),
        ("column", json!("thickness_mm"), 422, "review_not_valid"),
        ("column", json!("verdict"), 422, "review_not_valid"),
        ("bands", json!([0.9, 0.5]), 422, "review_not_valid"),
        ("second_share", json!(1.5), 422, "review_not_valid"),
        ("tolerance", json!(0.5), 422, "review_not_valid"),
    ] {
        let mut wrong = all.clone();
        wrong[field] = value;
        draw(&quentin, &wrong).problem(status, code);
    }
    let id = drawn(&laboratory, json!({"proportional": 20}));
    for user_name in ["dana", "quentin", "ines", "adam"] {
        let visitor = laboratory.signed_in(user_name);
        // QA settles what two readers differ about, and reads no case besides.
        if user_name == "quentin" {
            assert!(next(&visitor, &id).body.get("case").is_none());
        } else {
            next(&visitor, &id).problem(403, "not_permitted");
        }
        let said = json!({"answer": "sound"});
        answer(&visitor, &id, &json!(1), &said).problem(403, "not_permitted");
    }
    // A process expert who fixed the acceptance criteria is one of its authors.
    let store = &laboratory.store;
    let version = store.read(|tx| tx.version(MODEL, "1")).unwrap().unwrap();
    let account = store.read(|tx| tx.account_by_name("pavel")).unwrap().unwrap();
    let pavel = laboratory.signed_in("pavel");
    assert_eq!(next(&pavel, &id).status, 200);
    let actor = Actor::new(&account.id, "process_expert", "password");
    store
        .write::<_, driftledger::store::Error>(&actor, EntryType::AcceptancePlan, |tx| {
            let row = AcceptancePlanRow {
                id: "ap_test".to_owned(),
                version_id: version.id.clone(),
                fixed_by: "pavel".to_owned(),
                supersedes: None,
                sha256: sha256_hex(b"{}"),
                at: tx.at().to_owned(),
                entry: tx.index(),
                document: "{}".to_owned(),
            };
            tx.insert_acceptance_plan(&row, &account.id)
        })
        .unwrap();
    let refused = next(&pavel, &id);
    assert!((400..500).contains(&refused.status), "{refused:?}");
    assert!(refused.text("detail").contains("made this version"), "{refused:?}");
}

#[test] // A22d-10.5
fn an_answer_stays_and_is_corrected_by_another_with_a_reason() {
    let laboratory = with_panes(None);
    let id = drawn(&laboratory, json!({"proportional": 10}));
    let (rosa, pavel) = (laboratory.signed_in("rosa"), laboratory.signed_in("pavel"));
    let (one, sound) = (json!(1), json!({"answer": "sound"}));
    answer(&rosa, &id, &one, &sound).problem(409, "conflict");
    assert_eq!(next(&rosa, &id).body["case"]["case"], 1);
    assert_eq!(next(&rosa, &id).body["case"]["case"], 1, "the same until it is answered");
    assert_eq!(next(&pavel, &id).body["case"]["case"], 2, "another for another person");
    answer(&rosa, &id, &one, &json!({"answer": "dusty"})).problem(422, "review_not_valid");
    answer(&rosa, &id, &one, &json!({})).problem(422, "review_not_valid");
    answer(&rosa, &id, &json!(11), &sound).problem(404, "not_found");
    let given = answer(&rosa, &id, &one, &json!({"reason": "the picture is blurred"}));
    assert_eq!(given.status, 201, "{given:?}");
    answer(&rosa, &id, &one, &sound).problem(409, "conflict");
    let correct = |visitor: &Visitor, said: &Value| {
        visitor.post(&format!("/api/v1/review-samples/{id}/cases/1/correction"), said)
    };
    correct(&rosa, &sound).problem(422, "review_not_valid");
    let reasoned = json!({"answer": "sound", "reason": "a second look"});
    correct(&pavel, &reasoned).problem(409, "conflict");
    let corrected = correct(&rosa, &reasoned);
    assert_eq!(corrected.body["said"]["corrects"], given.body["id"], "{corrected:?}");
    let figures = &rosa.get(&format!("/api/v1/review-samples/{id}")).body["figures"];
    assert_eq!((&figures["cannot_be_judged"], &figures["corrected"]), (&json!(1), &json!(1)));

    let quentin = laboratory.signed_in("quentin");
    let close = |reason: &Value| {
        quentin.post(&format!("/api/v1/review-samples/{id}/result"), &json!({"reason": reason}))
    };
    close(&Value::Null).problem(422, "review_not_valid");
    assert_eq!(close(&json!("the line was rebuilt")).status, 201);
    close(&json!("again")).problem(409, "conflict");
    answer(&pavel, &id, &json!(2), &sound).problem(409, "conflict");
    correct(&rosa, &reasoned).problem(409, "conflict");
    assert_eq!(checked(&laboratory), ([1, 2, 1, 1], Vec::new()));
    let pack = laboratory.signed_in("ines").bytes("/api/v1/evidence/pack");
    let verified = verify(Cursor::new(pack), None, &mut |_| ()).unwrap();
    let examined = verified.checked.examined;
    let counts = (examined.review_samples, examined.review_answers, examined.review_results);
    assert_eq!((verified.findings.len(), counts), (0, (1, 2, 1)), "{:?}", verified.findings);
}

#[test] // A22d-10.5
fn the_claim_is_met_after_so_many_right_cases_and_the_result_is_a_record() {
    let laboratory = with_panes(None);
    let quentin = laboratory.signed_in("quentin");
    let rosa = laboratory.signed_in("rosa");
    assert!(!rosa.read("/").contains("wait for your review"));
    let page = quentin.read(&format!("/models/{MODEL}/versions/1/review-samples/new?batch=june"));
    assert!(page.contains("Draw the sample") && page.contains("june"), "{page}");
    let typed = [
        ("purpose", "monthly review"),
        ("batch-0", "july"),
        ("batch-1", "june"),
        ("allocation", "proportional"),
        ("cases", "80"),
        ("bands", ""),
        ("column", "line"),
        ("blind_share", "0.2"),
        ("claim", "0.1"),
        ("confidence", "0.9"),
    ];
    let page = quentin.page(&format!("/models/{MODEL}/versions/1/review-samples"), Some(&typed));
    assert!(page.contains("monthly review") && page.contains("line east"), "{page}");
    let samples = quentin.get("/api/v1/review-samples").body;
    let id = samples[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&samples[0]["cases"], &samples[0]["is_mine"]), (&json!(80), &json!(false)));
    assert!(rosa.read("/").contains("80 predictions wait for your review"));
    assert!(quentin.read("/").contains("80 predictions wait for review"));

    // By form: the answer leads to the next case, which tells what the model said of the one before.
    let case = next(&rosa, &id).body["case"].clone();
    laboratory.later(2);
    let path = format!("/review-samples/{id}/cases/1/answer");
    let again = rosa.page(&path, Some(&[("answer", ""), ("reason", "")]));
    assert!(again.contains("say why the case cannot be judged"), "{again}");
    let page = rosa.page(&path, Some(&[("answer", model_of(&case)), ("comment", "clear")]));
    assert!(page.contains("you agree with the model") && page.contains("Case 2"), "{page}");
    assert_eq!(review_all(&rosa, &id, |model, _| model.to_owned()), 79);
    let view = rosa.get(&format!("/api/v1/review-samples/{id}")).body;
    assert_eq!(view["figures"]["claim"]["state"], "met", "{}", view["figures"]);
    let after = view["figures"]["claim"]["met_after"].as_u64().unwrap();
    assert!((25..60).contains(&after), "{after}");
    assert_eq!(
        (&view["figures"]["dwell"]["quick"], &view["answers"][0]["said"]["comment"]),
        (&json!(80), &json!("clear"))
    );
    assert!(quentin.read("/").contains("Close the review sample"));
    let page = quentin.page(&format!("/review-samples/{id}/result"), Some(&[]));
    assert!(
        page.contains(&format!("met after {after}\u{a0}cases")) && page.contains("Closed"),
        "{page}"
    );
    let page = rosa.read(&format!("/review-samples/{id}/cases/1"));
    assert!(!page.contains("Record the correction"), "it is closed");
    assert_eq!(checked(&laboratory), ([1, 80, 1, 1], Vec::new()));
}

#[test] // A22d-10.5, A22d-10.3
fn disagreement_beyond_what_the_policy_tolerates_opens_an_alert() {
    let alarm =
        json!({"reference_errors": 20, "reference_rows": 1_000, "tolerance": 0.03, "share": 0.15});
    let laboratory = with_panes(Some(json!({"review_alarm": alarm})));
    let (quentin, rosa) = (laboratory.signed_in("quentin"), laboratory.signed_in("rosa"));
    let review = |wrong: u64| {
        let id = drawn(&laboratory, json!({"per_stratum": 40}));
        let turned = |model, case| match (case % wrong, model) {
            (0, "sound") => "cracked".to_owned(),
            (0, _) => "sound".to_owned(),
            _ => model.to_owned(),
        };
        assert_eq!(review_all(&rosa, &id, turned), 80);
        let closed = quentin.post(&format!("/api/v1/review-samples/{id}/result"), &json!({}));
        assert_eq!(closed.status, 201, "{closed:?}");
        quentin.get(&format!("/api/v1/review-samples/{id}")).body["result"]["result"].clone()
    };
    let alerts = || {
        let alerts = quentin.get("/api/v1/alerts").body;
        let of_kind = |alert: &&Value| alert["opening"]["kind"] == "disagreement";
        alerts.as_array().unwrap().iter().filter(of_kind).cloned().collect::<Vec<_>>()
    };
    let quiet = review(80);
    assert_eq!(quiet["disagreement"]["level"], "quiet", "{quiet}");
    assert!(alerts().is_empty());
    let loud = review(2);
    assert_eq!(loud["disagreement"]["level"], "alarm", "{loud}");
    assert_eq!(alerts().len(), 1);
    let said = alerts()[0]["opening"]["sentences"][0].as_str().unwrap().to_owned();
    assert!(said.contains("of 80 predictions") && said.contains("in 40"), "{said}");
    assert_eq!(review(2)["disagreement"]["after"]["muted"], true);
    assert_eq!(alerts().len(), 1, "the open one says it already");
    assert_eq!(checked(&laboratory), ([3, 240, 3, 3], Vec::new()));
}

/// Writes a sample and an answer as `change` makes them from those that there are, past every procedure.
fn forge(
    laboratory: &Laboratory,
    user_name: &str,
    change: &dyn Fn(&mut ReviewSample, &mut ReviewAnswer),
) -> Vec<&'static str> {
    let store = &laboratory.store;
    let account = store.read(|tx| tx.account_by_name(user_name)).unwrap().unwrap();
    let quentin = store.read(|tx| tx.account_by_name("quentin")).unwrap().unwrap();
    let (row, answer) = store
        .read(|tx| {
            let row = tx.review_samples(None, 500)?.pop().unwrap();
            let answer = tx.review_answers(&row.id)?.remove(0);
            Ok::<_, driftledger::store::Error>((row, answer))
        })
        .unwrap();
    let mut sample: ReviewSample = serde_json::from_str(&row.document).unwrap();
    let mut said: ReviewAnswer = serde_json::from_str(&answer.document).unwrap();
    change(&mut sample, &mut said);
    let bytes = sample.bytes().unwrap();
    let head = store.read(|tx| tx.head()).unwrap().size;
    let (id, sha256) = (format!("sa_{head}"), sha256_hex(&bytes));
    let actor = |id: &str, role| Actor::new(id, role, "password");
    store
        .write::<_, driftledger::store::Error>(
            &actor(&quentin.id, "qa"),
            EntryType::SampleDraw,
            |tx| {
                let document = String::from_utf8(bytes.clone()).unwrap();
                let row = ReviewSampleRow {
                    id: id.clone(),
                    sha256: sha256.clone(),
                    document,
                    ..row.clone()
                };
                tx.insert_review_sample(&row, &quentin.id)
            },
        )
        .unwrap();
    (said.sample_id, said.sample_sha256) = (id.clone(), sha256);
    user_name.clone_into(&mut said.answered_by);
    let bytes = said.bytes().unwrap();
    let role = account.role.word();
    store
        .write::<_, driftledger::store::Error>(
            &actor(&account.id, role),
            EntryType::SampleAnswer,
            |tx| {
                let row = ReviewAnswerRow {
                    id: format!("an_{head}"),
                    sample_id: id.clone(),
                    case_number: said.case,
                    corrects: said.corrects.clone(),
                    reading: Some(said.reading.word().to_owned())
                        .filter(|_| !said.reading.is_first()),
                    sha256: sha256_hex(&bytes),
                    document: String::from_utf8(bytes.clone()).unwrap(),
                    ..answer.clone()
                };
                tx.insert_review_answer(&row, &account.id)
            },
        )
        .unwrap();
    let found = check_store(store.folder(), &mut |_| ()).unwrap().findings;
    let ours = found.into_iter().filter(|f| f.id == id || f.id == format!("an_{head}"));
    // That the entry of a forged sample names no version is told besides.
    let ours = ours.filter(|finding| finding.code != "act_differs");
    ours.map(|finding| finding.code).collect()
}

#[test] // A22d-10.5
fn a_sample_or_an_answer_that_no_procedure_would_write_is_named() {
    let laboratory = with_panes(None);
    let id = drawn(&laboratory, json!({"proportional": 10}));
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(review_all(&rosa, &id, |model, _| model.to_owned()), 10);
    let named = |user_name: &str, change: &dyn Fn(&mut ReviewSample, &mut ReviewAnswer)| {
        forge(&laboratory, user_name, change)
    };
    let none: [&str; 0] = [];
    assert_eq!(named("rosa", &|_, _| ()), none, "a right one");
    assert_eq!(named("dana", &|_, _| ()), ["review_not_permitted", "review_not_permitted"]);
    let chosen = |sample: &mut ReviewSample, said: &mut ReviewAnswer| {
        let drawn: Vec<_> = sample.cases.iter().map(|case| (case.batch, case.row)).collect();
        let free = (1..=100).find(|row| !drawn.contains(&(1, *row))).unwrap();
        let last = sample.cases.last_mut().unwrap();
        (last.batch, last.row) = (1, free);
        said.case = 1;
    };
    assert_eq!(named("rosa", &chosen), ["review_sample_not_redrawn"]);
    let another_seed = |sample: &mut ReviewSample, _: &mut ReviewAnswer| {
        sample.seed = "0".repeat(32);
    };
    assert_eq!(named("rosa", &another_seed), ["review_sample_not_redrawn"]);
    let other_answer = |_: &mut ReviewSample, said: &mut ReviewAnswer| {
        said.model_answer =
            ["cracked", "sound"][usize::from(said.model_answer == "cracked")].to_owned();
    };
    assert_eq!(named("rosa", &other_answer), ["review_answer_not_reread"]);
    let other_row =
        |_: &mut ReviewSample, said: &mut ReviewAnswer| said.row_sha256 = "0".repeat(64);
    assert_eq!(named("rosa", &other_row), ["review_answer_not_reread"]);
    let no_class =
        |_: &mut ReviewSample, said: &mut ReviewAnswer| said.answer = Some("dusty".to_owned());
    assert_eq!(named("rosa", &no_class), ["review_sample_not_valid"]);
    let alone = |sample: &mut ReviewSample, said: &mut ReviewAnswer| {
        sample.plan.second_share = 0.1;
        sample.cases[said.case as usize - 1].second = true;
        said.reading = Reading::Second;
    };
    assert!(named("rosa", &alone).contains(&"review_reading_not_valid"), "no first one");
    let fewer = |sample: &mut ReviewSample, _: &mut ReviewAnswer| sample.cases.truncate(9);
    assert!(named("rosa", &fewer).contains(&"review_sample_not_valid"));
}
