//! Story: somebody asks for the evidence of one alert, one batch, one prediction or one quarter, and takes it away.
//! Method: the API and the page over HTTP, on a store with quiet and drifting batches, labels and an answered alert; every pack is
//! verified, and what came after its story is not in it.

use crate::evidence::Files;
use crate::harness::{Laboratory, MODEL, VERSION_PATH, Visitor, register, table};
use driftledger::evidence::manifest::Manifest;
use driftledger::evidence::verify::{Verification, verify};
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

const CSV: &str = "text/csv";

/// A quiet batch, two that drift, an acknowledged alert, labels of the first two, and one more quiet batch, each a day apart.
struct Story {
    laboratory: Laboratory,
    alert: String,
    batches: Vec<String>,
}

fn told() -> Story {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let mut batches = Vec::new();
    for (day, shift) in [0.0, 6.0, 6.0].into_iter().enumerate() {
        let rows = table(400, 50 + day as u64, shift);
        let sent = program.post_batch(&format!("day {day}"), CSV, rows.as_bytes());
        assert_eq!(sent.status, 201, "{sent:?}");
        batches.push(sent.text("batch_id").to_owned());
        laboratory.later(86_400);
    }
    let alerts = program.get("/api/v1/alerts").body;
    let alert = alerts[0]["id"].as_str().unwrap_or_else(|| panic!("{alerts}")).to_owned();
    let seen = json!({"severity": "major", "comment": "the tablets are heavier"});
    let answer = laboratory
        .signed_in("quentin")
        .post(&format!("/api/v1/alerts/{alert}/acknowledgement"), &seen);
    assert_eq!(answer.status, 201, "{answer:?}");
    laboratory.later(86_400);
    let later = program.post_batch("day 9", CSV, table(400, 77, 0.0).as_bytes());
    assert_eq!(later.status, 201);
    batches.push(later.text("batch_id").to_owned());
    Story { laboratory, alert, batches }
}

fn verified(pack: &[u8]) -> Verification {
    verify(Cursor::new(pack), None, &mut |_| ()).unwrap()
}

fn pack(inspector: &Visitor, query: &str) -> (Files, Manifest) {
    let pack = inspector.bytes(&format!("/api/v1/evidence/pack?{query}"));
    let found = verified(&pack);
    assert_eq!(found.findings, [], "{query}");
    assert!(found.pages_compared);
    let files = Files::of(&pack);
    let manifest = serde_json::from_slice(&files.0["MANIFEST.json"]).unwrap();
    (files, manifest)
}

fn names(files: &Files, text: &str) -> bool {
    files.0.iter().any(|(name, bytes)| {
        name != "entries.jsonl" && String::from_utf8_lossy(bytes).contains(text)
    })
}

#[test] // A22d-7.4, P11-10b2
fn the_evidence_of_an_alert_a_batch_and_a_period_ends_where_its_story_ends() {
    let Story { laboratory, alert, batches } = told();
    let ines = laboratory.signed_in("ines");
    let (files, manifest) = pack(&ines, &format!("alert={alert}"));
    assert_eq!(
        (manifest.scope.model.as_deref(), manifest.scope.version.as_deref()),
        (Some(MODEL), Some("1"))
    );
    assert!(names(&files, "the tablets are heavier"), "the answer is in it");
    assert!(!names(&files, "day 9"), "what came later is not");
    let (files, manifest) = pack(&ines, &format!("batch={}", batches[0]));
    assert!(manifest.scope.until.unwrap() < manifest.size);
    assert!(names(&files, "day 0") && !names(&files, "day 1"));
    let named = format!("model={MODEL}&version=1&batch=day%201");
    let (_, manifest) = pack(&ines, &named);
    assert_eq!(manifest.scope.batch.as_ref(), Some(&batches[1]));
    let first_days = manifest_of_period(&ines, &laboratory);
    assert!(
        names(&first_days, "day 0") && names(&first_days, "day 1") && !names(&first_days, "day 9")
    );
    // Everything is clean afterwards, and says who took what.
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    let taken = ines.get("/api/v1/evidence").body;
    let taken = taken.as_array().unwrap();
    assert_eq!(taken.len(), 4, "{taken:?}");
    let scope: Value = serde_json::from_str(taken[3]["scope"].as_str().unwrap()).unwrap();
    assert_eq!(scope["alert"], alert.as_str());
    let entry = ines.get(&format!("/api/v1/ledger/entries/{}", taken[0]["entry"])).body;
    assert_eq!(entry["entry"]["type"], "evidence.export");
    assert_eq!(entry["entry"]["actor"]["role"], "inspector");
}

/// The pack of the first three days.
fn manifest_of_period(ines: &Visitor, laboratory: &Laboratory) -> Files {
    let reports = ines.get(&format!("{VERSION_PATH}/batches")).body;
    let first = reports["items"].as_array().unwrap().last().unwrap()["received_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let begin: jiff::Timestamp = first.parse().unwrap();
    let end = begin + jiff::SignedDuration::from_hours(36);
    let query = format!("from={begin}&to={end}").replace('+', "%2B");
    let (files, manifest) = pack(ines, &query);
    assert!(manifest.scope.model.is_none() && manifest.scope.until.is_some());
    let page = String::from_utf8_lossy(&files.0["story.html"]).into_owned();
    assert!(page.contains("day 0") && page.contains("day 1"), "{page}");
    assert!(laboratory.folder.path().exists());
    files
}

#[test] // A22d-10.5, PROV
fn the_story_of_one_prediction_goes_from_its_input_to_the_people() {
    let Story { laboratory, batches, .. } = told();
    let ines = laboratory.signed_in("ines");
    let program = laboratory.program();
    let rows = table(400, 51, 6.0);
    let id = rows.lines().nth(17).unwrap().split(',').next().unwrap().to_owned();
    let labels = format!("tablet,label\n{id},false\n");
    let sent = program.post_table(&format!("{VERSION_PATH}/labels"), CSV, labels.as_bytes());
    assert!(sent.status < 300, "{sent:?}");
    let (files, manifest) = pack(&ines, &format!("model={MODEL}&version=1&prediction={id}"));
    assert_eq!(manifest.scope.batch.as_ref(), Some(&batches[1]), "the batch that has it is found");
    let prediction: Value = serde_json::from_slice(&files.0["prediction.json"]).unwrap();
    assert_eq!(prediction["row"], 17);
    assert_eq!(prediction["labels"][0]["value"], "false");
    let page = String::from_utf8_lossy(&files.0["story.html"]).into_owned();
    for part in [
        id.as_str(),
        prediction["input_sha256"].as_str().unwrap(),
        "Where its data come from",
        "What its batches are judged with",
        "the tablets are heavier",
        "class=\"qr\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (_, by_number) = pack(&ines, &format!("batch={}&prediction=%2317", batches[1]));
    assert_eq!(by_number.scope.prediction.as_deref(), Some("#17"));
    for (query, status, code) in [
        (format!("model={MODEL}&version=1&prediction=nobody"), 404, "not_found"),
        (format!("batch={}&prediction=%23401", batches[1]), 404, "not_found"),
        (format!("prediction={id}"), 400, "bad_request"),
        ("alert=a&from=2026-01-01".to_owned(), 400, "bad_request"),
        ("from=2026-02-01&to=2026-01-01".to_owned(), 400, "bad_request"),
        ("alert=nobody".to_owned(), 404, "not_found"),
        (format!("model=other&batch={}", batches[1]), 404, "not_found"),
    ] {
        ines.get(&format!("/api/v1/evidence/pack?{query}")).problem(status, code);
    }
}

#[test] // P11-10a2
fn whatever_is_done_to_the_pack_of_a_prediction_names_the_file() {
    let Story { laboratory, batches, .. } = told();
    let ines = laboratory.signed_in("ines");
    let query = format!("batch={}&prediction=%232", batches[0]);
    let (clean, _) = pack(&ines, &query);
    let row_ids = clean.first("row_ids/");
    let tables: Vec<String> =
        clean.0.keys().filter(|name| name.starts_with("tables/")).cloned().collect();
    assert!(tables.len() > 20, "{tables:?}");
    let of_interest =
        [vec!["prediction.json".to_owned(), "story.html".to_owned(), row_ids], tables].concat();
    for name in &of_interest {
        for change in ["flip", "remove"] {
            let mut files = clean.clone();
            if change == "flip" {
                let bytes = files.0.get_mut(name).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            } else {
                files.0.remove(name);
            }
            files.relist();
            let found = verified(&files.seal()).findings;
            assert!(found.iter().any(|f| f.file == *name), "{change} {name}: {found:?}");
        }
    }
    for (from, to, code) in [
        ("\"prediction\":\"#2\"", "\"prediction\":\"#3\"", "prediction_disagrees"),
        ("\"prediction\":\"#2\",", "", "file_unknown"),
        ("\"until\":", "\"until\":1", "scope_cut"),
    ] {
        let mut files = clean.clone();
        let manifest = String::from_utf8(files.0["MANIFEST.json"].clone()).unwrap();
        let changed = manifest.replacen(from, to, 1);
        assert_ne!(changed, manifest, "{from}");
        files.0.insert("MANIFEST.json".to_owned(), changed.into_bytes());
        let found = verified(&files.seal()).findings;
        assert!(found.iter().any(|f| f.code == code), "{to}: {found:?}");
    }
    // A story that ends too early, with everything after it left out.
    let mut files = clean.clone();
    let manifest: Manifest = serde_json::from_slice(&files.0["MANIFEST.json"]).unwrap();
    let until = manifest.scope.until.unwrap();
    let text = String::from_utf8(files.0["MANIFEST.json"].clone()).unwrap();
    let cut = text.replace(&format!("\"until\":{until}"), &format!("\"until\":{}", until - 1));
    files.0.insert("MANIFEST.json".to_owned(), cut.into_bytes());
    let found = verified(&files.seal()).findings;
    assert!(found.iter().any(|f| f.code == "scope_cut"), "{found:?}");
}

/// The job at that path, once it works no longer.
fn until_done(visitor: &Visitor, path: &str) -> Value {
    for _ in 0..1200 {
        let job = visitor.get(&format!("/api/v1{path}")).body;
        if job["state"] != "working" {
            return job;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{path} is not done after a minute");
}

#[test] // P11-10b1
fn a_pack_is_made_on_the_page_and_belongs_to_who_asked() {
    let Story { laboratory, alert, .. } = told();
    let ines = laboratory.signed_in("ines");
    let page = ines.page("/evidence?alert=ep_1", None);
    assert!(page.contains("value=\"ep_1\""), "a link fills the form in: {page}");
    let (status, path) = {
        let page = ines.page("/evidence", Some(&[("alert", &alert)]));
        let (_, id) = page.split_once("/evidence/ej_").unwrap_or_else(|| panic!("{page}"));
        let id: String = id.chars().take_while(char::is_ascii_alphanumeric).collect();
        until_done(&ines, &format!("/evidence/ej_{id}"));
        let page = ines.page("/evidence", None);
        assert!(page.contains("/indicators#time_to_evidence"), "{page}");
        let rows = ines.get("/api/v1/evidence").body;
        assert_eq!(
            rows[0]["size"].as_u64(),
            rows[0]["entry"].as_u64(),
            "it holds all that came before it"
        );
        let job = ines.post("/api/v1/evidence", &json!({"alert": alert}));
        (job.status, format!("/evidence/{}", job.text("id")))
    };
    assert_eq!(status, 202);
    let job = until_done(&ines, &path);
    assert_eq!(job["state"], "done", "{job}");
    assert_eq!(job["entries_done"], job["entries_total"]);
    let page = ines.page(&path, None);
    assert!(page.contains("Download") && page.contains("driftledger verify"), "{page}");
    let pack = ines.bytes(&format!("{path}/pack"));
    assert_eq!(driftledger::digest::sha256_hex(&pack), job["taken"]["sha256"].as_str().unwrap());
    assert_eq!(pack, ines.bytes(&format!("/api/v1{path}/pack")), "as often as one likes");
    assert_eq!(verified(&pack).findings, []);
    let rosa = laboratory.signed_in("rosa");
    rosa.get(&format!("/api/v1{path}")).problem(404, "not_found");
    rosa.get(&format!("/api/v1{path}/pack")).problem(404, "not_found");
    let form = format!("form_token={}&alert=nobody", ines.form_token());
    assert_eq!(ines.page_status("/evidence", &form), 404);
    let form = format!("form_token={}&from=soon", ines.form_token());
    assert_eq!(ines.page_status("/evidence", &form), 400);
    laboratory.later(60);
    super::indicators::are_read(&ines, &alert);
    super::indicators::are_recorded(&laboratory);
}
