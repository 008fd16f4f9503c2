//! Story: somebody without a command line registers a version, fixes criteria, tests it and sends batches in the browser.
//! Method: forms over HTTP as a browser without scripts sends them; what comes of them is held against the API, refusals against what
//! the page says.

use super::changes::{labelled, record};
use crate::harness::{
    Laboratory, MODEL, VERSION_PATH, Visitor, register, registration, schema, table,
};
use serde_json::{Value, json};

const VERSION: &str = "/models/tablets/versions/1";

fn spooled(laboratory: &Laboratory) -> usize {
    let spool = laboratory.folder.path().join("data/spool");
    std::fs::read_dir(spool).map_or(0, Iterator::count)
}

fn token(visitor: &Visitor) -> (&'static str, String) {
    ("form_token", visitor.form_token().to_owned())
}

#[test]
fn a_batch_sent_in_the_browser_is_the_same_as_one_sent_by_a_program() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let dana = laboratory.signed_in("dana");
    let rows = table(80, 5, 0.0);
    let page = dana.read(&format!("{VERSION}/send"));
    assert!(page.contains("multipart/form-data") && page.contains("A batch to be judged"));
    assert!(page.contains("<script src=\"/static/upload.js?v=") && !page.contains("passkey.js"));
    assert!(!dana.read(VERSION).contains("<script"), "only where files are sent");
    let period = [
        token(&dana),
        ("name", String::new()),
        ("period_start", "2026-06-01T00:00".to_owned()),
        ("period_end", "2026-06-08T00:00".to_owned()),
    ];
    let batches = format!("{VERSION}/batches");
    let file = |name: &'static str, text: &str| ("file", name, text.as_bytes().to_vec());
    let sent = dana.upload(&batches, &period, &[file("june.csv", &rows)]);
    assert_eq!(sent.status, 303, "{sent:?}");
    let report = sent.leads_to.strip_prefix("/reports/").unwrap().to_owned();
    let stored = program.get(&format!("/api/v1/reports/{report}")).body;
    assert_eq!(stored["context"]["batch"], "june", "the name of the file without its ending");
    assert_eq!(stored["context"]["period_end"], "2026-06-08T00:00:00.000Z");
    assert_eq!(stored["context"]["configuration"]["outcome"], "not_stated");
    let again = dana.upload(&batches, &period, &[file("june.csv", &rows)]);
    assert_eq!(again.leads_to, sent.leads_to, "the same file gives the same report");
    let by_program = program.post_batch("june", "text/csv", rows.as_bytes());
    assert_eq!((by_program.status, by_program.text("id")), (200, report.as_str()));

    let broken = rows.replacen("east,true", "east,maybe", 1);
    let refused = dana.upload(
        &batches,
        &[token(&dana), ("name", "bad".to_owned())],
        &[file("bad.csv", &broken)],
    );
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.text.contains("quarantined") && refused.text.contains("role=\"alert\""));
    assert!(refused.text.contains("value=\"bad\""), "what was typed stays");
    assert!(refused.text.contains("/static/upload.js"), "the form is sent again as before");
    for (fields, files, status, says) in [
        (vec![token(&dana)], vec![], 400, "no file was chosen"),
        (vec![token(&dana)], vec![("file", "", Vec::new())], 400, "no file was chosen"),
        (vec![], vec![file("x.csv", &rows)], 403, "form"),
        (vec![("form_token", "f".repeat(64))], vec![file("x.csv", &rows)], 403, "form"),
        (
            vec![token(&dana), ("period_start", "2026-06-01T00:00".to_owned())],
            vec![file("y.csv", &rows)],
            400,
            "both start and end",
        ),
        (
            vec![token(&dana), ("configuration", "nonsense".to_owned())],
            vec![file("z.csv", &table(80, 6, 0.0))],
            400,
            "no fingerprint",
        ),
    ] {
        let answer = dana.upload(&batches, &fields, &files);
        assert_eq!(answer.status, status, "{says}: {answer:?}");
        assert!(answer.text.to_lowercase().contains(says), "`{says}`: {}", answer.text);
    }
    let late = dana.upload_late(&batches, &[file("x.csv", &rows)], &[token(&dana)]);
    assert_eq!(late.status, 403, "the token comes before the file: {late:?}");
    let large = vec![("file", "large.csv", vec![b'a'; 500_000])];
    assert_eq!(dana.upload(&batches, &[token(&dana)], &large).status, 413);
    let quentin = laboratory.signed_in("quentin");
    let other = quentin.upload(&batches, &[token(&quentin)], &[file("q.csv", &rows)]);
    assert_eq!(other.status, 403);
    let form = format!("{VERSION}/batches");
    assert_eq!(dana.page_status(&form, "name=a"), 400, "a form without files is told so");
    let labels = "tablet,label\n500001,true\n500002,false\n";
    let taken = dana.upload(
        &format!("{VERSION}/labels"),
        &[token(&dana), ("corrects", String::new())],
        &[("labels", "labels.csv", labels.as_bytes().to_vec())],
    );
    assert_eq!((taken.status, taken.leads_to.as_str()), (303, "/models/tablets/versions/1#labels"));
    assert_eq!(spooled(&laboratory), 0, "nothing stays in the spool");
}

#[test]
fn a_version_is_registered_in_the_browser_from_a_registration_or_from_its_files() {
    let laboratory = Laboratory::open();
    let dana = laboratory.signed_in("dana");
    let document = serde_json::to_vec(&registration("1", 1)).unwrap();
    let send = |visitor: &Visitor, bytes: Vec<u8>| {
        visitor.upload(
            "/models/registrations",
            &[token(visitor)],
            &[("registration", "registration.json", bytes)],
        )
    };
    let made = send(&dana, document.clone());
    assert_eq!((made.status, made.leads_to.as_str()), (303, VERSION), "{made:?}");
    assert_eq!(send(&dana, document.clone()).status, 303, "the same again is the same version");
    let mut other: Value = serde_json::from_slice(&document).unwrap();
    other["intended_use"] = json!("something else");
    let taken = send(&dana, serde_json::to_vec(&other).unwrap());
    assert!(taken.status == 409 && taken.text.contains("intended_use"), "{taken:?}");
    let wrong = send(&dana, b"{}".to_vec());
    assert!(wrong.status == 400 && wrong.text.contains("is no registration"), "{wrong:?}");
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(send(&rosa, document).status, 403);
    assert!(rosa.read("/models/new").contains("Your role registers no models"));

    let fields = |version: &str, why: &str| {
        vec![
            token(&dana),
            ("model", MODEL.to_owned()),
            ("version", version.to_owned()),
            ("parameters", "depth = 6\nlearning_rate=0.1\n".to_owned()),
            ("overlap_justification", why.to_owned()),
        ]
    };
    let files = || {
        vec![
            ("train", "train.csv", table(300, 2, 0.0).into_bytes()),
            ("reference", "reference.csv", table(600, 1, 0.0).into_bytes()),
            ("artifact", "model.bin", b"weights".to_vec()),
            ("schema", "schema.json", schema().to_string().into_bytes()),
            ("test", "", Vec::new()),
        ]
    };
    let path = "/models/registrations/files";
    let why = "two tablets of one line can weigh the same";
    let made = dana.upload(path, &fields("2", why), &files());
    assert_eq!(
        (made.status, made.leads_to.as_str()),
        (303, "/models/tablets/versions/2"),
        "{made:?}"
    );
    let one = dana.get(VERSION_PATH).body["registration"].clone();
    let two = dana.get("/api/v1/models/tablets/versions/2").body["registration"].clone();
    assert_eq!(two["parameters"], json!({"depth": "6", "learning_rate": "0.1"}));
    for part in ["artifacts", "schema", "reference"] {
        assert_eq!(one[part], two[part], "{part}: the same as made by the command");
    }
    let tables = |of: &Value| {
        let all = of["datasets"].as_array().unwrap().clone();
        all.iter().map(|d| d["fingerprint"]["table"]["table"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(tables(&one), tables(&two));
    let mut none = files();
    none.remove(0);
    let refused = dana.upload(path, &fields("3", why), &none);
    assert!(refused.status == 400 && refused.text.contains("training data"), "{refused:?}");
    assert!(refused.text.contains("value=\"tablets\""), "what was typed stays");
    let mut odd = files();
    odd[2].1 = "..";
    let refused = dana.upload(path, &fields("3", why), &odd);
    assert!(refused.status == 400 && refused.text.contains("cannot be the name"), "{refused:?}");
    let mut text = fields("3", why);
    text[3].1 = "depth".to_owned();
    assert_eq!(dana.upload(path, &text, &files()).status, 400);
    let mut same = files();
    same[1].2 = same[0].2.clone();
    let overlap = dana.upload(path, &fields("3", ""), &same);
    assert!(overlap.status == 422 && overlap.text.contains("training rows"), "{overlap:?}");
    assert_eq!(spooled(&laboratory), 0, "no row stays behind");
}

#[test]
fn criteria_are_fixed_and_a_test_is_run_in_the_browser() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let dana = laboratory.signed_in("dana");
    let form = dana.read(&format!("{VERSION}/acceptance/new?lines=2"));
    assert!(form.contains("Criterion 2") && !form.contains("Criterion 3"));
    let fields = |limit: &'static str| {
        vec![
            ("rationale", "a wrong tablet must be found"),
            ("test_set", ""),
            ("rows_min", "30"),
            ("rows_left_out_max", "0"),
            ("confidence", "95"),
            ("label", ""),
            ("metric-1", "accuracy"),
            ("side-1", "at_least"),
            ("limit-1", limit),
            ("by-1", "bound"),
            ("metric-2", "sensitivity"),
            ("side-2", "at_least"),
            ("limit-2", "0.5"),
            ("by-2", "value"),
            ("over-2", "line"),
            ("group_rows-2", "20"),
            ("small-2", "left_out"),
        ]
    };
    let path = format!("{VERSION}/acceptance");
    let refused = dana.page(&path, Some(&fields("ninety")));
    assert!(refused.contains("Criterion 1: limit") && refused.contains("ninety"), "{refused}");
    let done = dana.page(&path, Some(&fields("0.5")));
    assert!(done.contains("Criteria in force"), "{done}");
    let plan = program.get(&format!("{VERSION_PATH}/acceptance")).body["in_force"]["plan"].clone();
    assert_eq!(plan["criteria"][1]["scope"]["column"], "line");
    assert_eq!((&plan["confidence"], &plan["criteria"][0]["limit"]), (&json!(0.95), &json!(0.5)));
    let tested = dana.upload(
        &format!("{VERSION}/test-runs"),
        &[token(&dana)],
        &[("predictions", "predictions.csv", labelled().into_bytes())],
    );
    assert_eq!(tested.status, 303, "{tested:?}");
    assert!(dana.read(&tested.leads_to).contains("all met"));
    let wrong = dana.upload(
        &format!("{VERSION}/test-runs"),
        &[token(&dana)],
        &[("predictions", "predictions.csv", table(200, 9, 0.0).into_bytes())],
    );
    assert!(wrong.status == 422 && wrong.text.contains("label"), "{wrong:?}");
    let ines = laboratory.signed_in("ines");
    let other = ines.upload(
        &format!("{VERSION}/test-runs"),
        &[token(&ines)],
        &[("predictions", "predictions.csv", labelled().into_bytes())],
    );
    assert_eq!(other.status, 403);
    assert!(ines.read(&format!("{VERSION}/acceptance/new")).contains("fixes no acceptance"));
    let put = program.send_json("PUT", &format!("{VERSION_PATH}/record"), &record("1", "low"));
    assert_eq!(put.status, 201);
    let life = program.get(&format!("{VERSION_PATH}/life-cycle")).body;
    assert_eq!(life["next"][0]["gaps"], json!([]), "what the browser sent counts: {life}");
}

#[test]
fn judged_batches_are_chosen_and_studied_in_the_browser() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let dana = laboratory.signed_in("dana");
    let new = format!("{VERSION}/studies/new");
    assert!(dana.read(&new).contains("No batch of this version was judged yet"));
    assert!(dana.read(VERSION).contains(&new));
    for (seed, name) in [(11, "week 1"), (12, "week 2"), (13, "week 3"), (14, "week 4")] {
        program.post_batch(name, "text/csv", table(80, seed, 0.0).as_bytes());
    }
    let page = dana.read(&new);
    let order: Vec<_> = (1..=4).map(|n| page.find(&format!("value=\"week {n}\""))).collect();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}");
    assert!(
        page.contains("value=\"week 1\" aria-label=\"Study week 1\" checked"),
        "quiet ones are chosen"
    );
    let studies = format!("{VERSION}/studies");
    let form =
        |batches: &str, rest: &str| format!("form_token={}{batches}{rest}", dana.form_token());
    let few = "&sequences=5&challenge_sequences=2";
    let chosen = "&batch=week+1&batch=week+2&batch=week+4";
    assert_eq!(dana.page_status(&studies, &form(chosen, "&seed=x")), 400);
    assert_eq!(dana.page_status(&studies, &form("&batch=week+9", few)), 404);
    assert_eq!(
        dana.page_status(&studies, &form("&batch=week+1", few)),
        422,
        "one batch varies from none"
    );
    let studied = dana.page_status(&studies, &form(chosen, &format!("&seed=7{few}")));
    assert_eq!(studied, 200, "it leads to the study");
    let listed = program.get(&format!("{VERSION_PATH}/studies")).body;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let id = listed[0]["id"].as_str().unwrap();
    let study = program.get(&format!("/api/v1/studies/{id}")).body;
    let names: Vec<&str> = study["study"]["about"]["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["week 1", "week 2", "week 4"]);
    assert_eq!(study["study"]["settings"]["seed"], json!(7));
    assert!(dana.read(&format!("/studies/{id}")).contains("another person has to sign it"));
    assert!(laboratory.signed_in("rosa").read(&new).contains("Your role studies no batches"));
}
