//! Story: labels come weeks after their rows, some twice and some late, and say how good the model still is.
//! Method: the API over HTTP. The thyroid laboratory's real predictions and labels, whose figures scikit-learn, SciPy and
//! statsmodels give; and tablets whose labels are made here.

use crate::evidence::{Files, export};
use crate::harness::{Laboratory, MODEL, VERSION_PATH, Visitor, registration, repository, table};
use driftledger::evidence::manifest::Scope;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::fingerprint_files::{RegistrationSources, make_registration};
use driftledger::procedures::verify_pack::verify_pack;
use driftledger::procedures::watch_labels::watch_labels;
use driftledger::procedures::watch_missing_labels::watch_missing_labels;
use serde_json::{Value, json};
use std::fmt::Write as _;

fn sample(name: &str) -> std::path::PathBuf {
    repository(&format!("sample_data/thyroid_garvan/{name}"))
}

/// Registers the thyroid model as version 1 of the harness's model, with `performance` in its policy.
fn register_thyroid(program: &Visitor, performance: Value) {
    let sources = RegistrationSources {
        model: MODEL.to_owned(),
        version: "1".to_owned(),
        train: sample("train.csv"),
        reference: sample("reference.csv"),
        artifacts: vec![sample("model_trees.json")],
        schema: Some(sample("schema.json")),
        overlap_justification: Some("one request came again in a later month".to_owned()),
        ..RegistrationSources::default()
    };
    let mut body = serde_json::to_value(make_registration(&sources, |_| ()).unwrap()).unwrap();
    body["policy"]["performance"] = performance;
    let made = program.post(&format!("/api/v1/models/{MODEL}/versions"), &body);
    assert_eq!(made.status, 201, "{made:?}");
}

fn figure<'a>(cohort: &'a Value, name: &str) -> &'a Value {
    let figures = cohort["figures"]["figures"].as_array().unwrap();
    figures
        .iter()
        .find(|figure| figure["name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {cohort}"))
}

#[track_caller]
fn close(found: &Value, expected: f64, tolerance: f64) {
    let value = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((value - expected).abs() < tolerance, "{value} instead of {expected}");
}

fn cohorts(program: &Visitor) -> Vec<Value> {
    let answer = program.get(&format!("{VERSION_PATH}/performance"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["cohorts"].as_array().unwrap().clone()
}

#[track_caller]
fn nothing_wrong(laboratory: &Laboratory) -> u64 {
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    checked.examined.cohorts
}

#[test]
fn the_labels_of_the_thyroid_laboratory_show_that_the_model_got_worse() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let alarm =
        json!({"reference_errors": 29, "reference_rows": 778, "tolerance": 0.02, "share": 0.15});
    register_thyroid(&program, json!({"label_delay_days": 28, "alarm": alarm}));
    let months = [
        "1985-06", "1985-07", "1985-08", "1985-09", "1985-10", "1985-11", "1985-12", "1986-02",
        "1986-03", "1986-04", "1986-07", "1986-08",
    ];
    for month in months {
        let bytes = std::fs::read(sample(&format!("batches/{month}.csv"))).unwrap();
        let (year, number) = month.split_once('-').unwrap();
        let end = number.parse::<u32>().unwrap() + 1;
        let period =
            format!("period_start={month}-01T00:00:00Z&period_end={year}-{end:02}-01T00:00:00Z");
        let period = period.replace("1985-13", "1986-01");
        let path = format!("{VERSION_PATH}/batches?name={month}&{period}");
        assert_eq!(program.post_table(&path, "text/csv", &bytes).status, 201, "{month}");
    }
    let labels = std::fs::read(sample("labels.csv")).unwrap();
    let sent = program.post_table(&format!("{VERSION_PATH}/labels"), "text/csv", &labels);
    assert_eq!(sent.status, 201, "{sent:?}");

    let found = cohorts(&program);
    assert_eq!(found.len(), months.len());
    let june = &found[0];
    assert_eq!(
        (&june["context"]["batch"], &june["completeness"]),
        (&json!("1985-06"), &json!(1.0))
    );
    assert_eq!(june["maturity"], json!({"maturity": "mature"}));
    // scikit-learn 1.9.1: confusion matrix [[234, 5], [4, 88]], roc_auc_score, f1_score, brier_score_loss
    close(&figure(june, "accuracy")["value"], 322.0 / 331.0, 1e-12);
    close(&figure(june, "sensitivity")["value"], 88.0 / 92.0, 1e-12);
    close(&figure(june, "specificity")["value"], 234.0 / 239.0, 1e-12);
    close(&figure(june, "precision")["value"], 88.0 / 93.0, 1e-12);
    close(&figure(june, "f1")["value"], 0.951_351_351_351_351_4, 1e-12);
    close(&figure(june, "auc")["value"], 0.989_949_063_125_341_2, 1e-12);
    // NumPy: DeLong's variance from the placements
    close(&figure(june, "auc")["interval"][0], 0.979_622_554_692_703_5, 1e-9);
    let calibration = &june["calibration"];
    close(&calibration["brier"]["estimate"], 0.025_764_728_609_159_28, 1e-12);
    close(&calibration["error"]["estimate"], 0.045_538_221_752_265_86, 1e-12);
    // statsmodels 0.15.0: Logit of the label on the log-odds of the score
    let line = &calibration["recalibration"];
    close(&line["intercept"]["estimate"], 0.369_633_124_502_964_5, 1e-7);
    close(&line["slope"]["estimate"], 1.498_611_566_027_677_3, 1e-7);
    close(&line["slope"]["lower"], 1.097_890_393_060_882_6, 1e-6);
    // NumPy: mean of the probability that the prediction is right
    close(&june["expected"]["accuracy"], 0.939_192_606_042_296_2, 1e-12);
    let withheld = june["expected"]["withheld"].to_string();
    assert!(withheld.contains("beyond tolerance: `TSH`"), "{withheld}");

    let answer = program.get(&format!("{VERSION_PATH}/performance")).body;
    let evidence = &answer["evaluation"]["evidence"];
    assert_eq!(evidence["level"], "alarm", "{evidence}");
    let alerts = program.get("/api/v1/alerts").body;
    let opened: Vec<&Value> = alerts
        .as_array()
        .unwrap()
        .iter()
        .filter(|alert| alert["opening"]["kind"] == "performance")
        .collect();
    assert_eq!(opened.len(), 1, "{alerts}");
    let said = opened[0]["opening"]["sentences"][0].as_str().unwrap();
    assert!(
        said.starts_with(
            "error rate: 340 of 4549 predictions of batches `1985-06` to `1986-08` are wrong"
        ),
        "{said}"
    );
    assert_eq!(nothing_wrong(&laboratory), 12);

    // The same labels again say nothing new, and the alert is not opened twice.
    let again = program.send("POST", &format!("{VERSION_PATH}/performance"));
    assert_eq!((again.status, &again.body["number"]), (200, &json!(1)), "{again:?}");
    let (pack, _) = export(&laboratory.store, &Scope::whole());
    assert_eq!(codes(&laboratory, &pack), Vec::<String>::new());
}

/// The codes of what is found in `pack`.
fn codes(laboratory: &Laboratory, pack: &[u8]) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pack).unwrap();
    let key = laboratory.store.verifier_key();
    let verified = verify_pack(file.path(), Some(key), &mut |_| ()).unwrap();
    verified.findings.into_iter().map(|finding| finding.code.to_owned()).collect()
}

/// `rows` tablets with ids from `first`; the label is the prediction, except for every `wrong_every`th row.
fn tablets(first: u64, rows: u64, seed: u64, wrong_every: u64) -> (String, Vec<(u64, bool)>) {
    let mut text = String::new();
    let mut labels = Vec::new();
    for (number, line) in (0_u64..).zip(table(rows, seed, 0.0).lines()) {
        let Some(index) = number.checked_sub(1) else {
            writeln!(text, "{line}").unwrap();
            continue;
        };
        let (_, rest) = line.split_once(',').unwrap();
        writeln!(text, "{},{rest}", first + index).unwrap();
        let passed = rest.ends_with("true");
        labels.push((first + index, passed != ((index + 1) % wrong_every == 0)));
    }
    (text, labels)
}

fn csv(labels: &[(u64, bool)]) -> String {
    labels.iter().fold("tablet,sound\n".to_owned(), |mut text, (id, label)| {
        writeln!(text, "{id},{label}").unwrap();
        text
    })
}

fn register_tablets(program: &Visitor, performance: Value) {
    let mut body = serde_json::to_value(registration("1", 1)).unwrap();
    if !performance.is_null() {
        body["policy"]["performance"] = performance;
    }
    let made = program.post(&format!("/api/v1/models/{MODEL}/versions"), &body);
    assert_eq!(made.status, 201, "{made:?}");
}

fn send_labels(program: &Visitor, query: &str, labels: &[(u64, bool)]) -> crate::harness::Answer {
    let path = format!("{VERSION_PATH}/labels{query}");
    program.post_table(&path, "text/csv", csv(labels).as_bytes())
}

#[test]
fn labels_come_late_in_part_and_twice() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register_tablets(&program, json!({"label_delay_days": 14}));
    let (text, labels) = tablets(1, 200, 5, 10);
    let period = "period_start=2026-05-18T00:00:00Z&period_end=2026-05-25T00:00:00Z";
    let path = format!("{VERSION_PATH}/batches?name=w21&{period}");
    assert_eq!(program.post_table(&path, "text/csv", text.as_bytes()).status, 201);

    // Half of the labels, a week before they are due: nothing is told.
    assert_eq!(send_labels(&program, "", &labels[..100]).status, 201);
    let early = &cohorts(&program)[0];
    assert_eq!(early["maturity"]["reason"], "its labels are due from 2026-06-08T00:00:00.000Z");
    assert_eq!((&early["completeness"], &early["provisional"]), (&json!(0.5), &json!(true)));
    assert_eq!(early["figures"]["figures"], json!([]));

    // Due: told, but provisional.
    laboratory.clock.set("2026-06-08T00:00:00Z".parse().unwrap());
    let evaluated = program.send("POST", &format!("{VERSION_PATH}/performance"));
    assert_eq!(evaluated.status, 201, "{evaluated:?}");
    let half = &cohorts(&program)[0];
    assert_eq!((&half["provisional"], &half["is_evidence"]), (&json!(true), &json!(false)));
    close(&figure(half, "error_rate")["value"], 0.1, 1e-12);

    // The rest, and one row that was labelled before, now otherwise: the first label stands, and it is told.
    let mut rest = labels[100..].to_vec();
    rest.push((labels[0].0, !labels[0].1));
    assert_eq!(send_labels(&program, "", &rest).status, 201);
    let whole = program.get(&format!("{VERSION_PATH}/performance/w21")).body;
    assert_eq!((&whole["completeness"], &whole["provisional"]), (&json!(1.0), &json!(false)));
    assert_eq!(
        (&whole["tally"]["conflicting"], &whole["tally"]["corrected"]),
        (&json!(1), &json!(0))
    );
    close(&figure(&whole, "error_rate")["value"], 0.1, 1e-12);

    // A correction needs a reason; it changes what is told, not the first label that evidence counts.
    let wrong = send_labels(&program, "?corrects=%20", &[(labels[0].0, !labels[0].1)]);
    assert!(wrong.problem(400, "bad_request").contains("say why"));
    let corrected = send_labels(
        &program,
        "?corrects=typing+error",
        &[(labels[0].0, !labels[0].1), (7, labels[6].1)],
    );
    assert_eq!(corrected.status, 201, "{corrected:?}");
    let told = &cohorts(&program)[0];
    assert_eq!(
        (&told["tally"]["conflicting"], &told["tally"]["corrected"]),
        (&json!(0), &json!(1))
    );
    close(&figure(told, "error_rate")["value"], 21.0 / 200.0, 1e-12);
    assert_eq!(told["tally"]["first"], json!([180, 20]));
    assert_eq!(nothing_wrong(&laboratory), 4);

    let missing = program.get(&format!("{VERSION_PATH}/performance/w99"));
    missing.problem(404, "not_found");
}

#[test]
fn labels_are_evaluated_when_they_fall_due_and_only_then() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register_tablets(&program, json!({"label_delay_days": 14}));
    let to = |time: &str| laboratory.clock.set(time.parse().unwrap());
    let watch = || {
        let rows = watch_labels(&laboratory.store).unwrap();
        rows.into_iter().map(|row| row.number).collect::<Vec<u64>>()
    };
    let entries = || laboratory.store.read(|tx| tx.head()).unwrap().size;
    let (first, labels) = tablets(1, 200, 5, 10);
    let (second, _) = tablets(1_001, 200, 6, 10);
    for (name, start, end, text) in [("w21", 18, 25, &first), ("w22", 25, 31, &second)] {
        let period =
            format!("period_start=2026-05-{start}T00:00:00Z&period_end=2026-05-{end}T00:00:00Z");
        let path = format!("{VERSION_PATH}/batches?name={name}&{period}");
        assert_eq!(program.post_table(&path, "text/csv", text.as_bytes()).status, 201);
    }
    to("2026-06-08T00:00:00Z");
    assert_eq!(watch(), [0; 0], "no labels were ever sent to this version");
    to("2026-06-01T12:00:00Z");
    assert_eq!(send_labels(&program, "", &labels).status, 201);
    let before = entries();
    to("2026-06-07T23:59:00Z");
    assert_eq!((watch(), entries()), (vec![], before), "nothing is due yet");

    to("2026-06-08T00:00:00Z");
    assert_eq!((watch(), watch(), entries()), (vec![2], vec![], before + 1), "told once");
    close(&figure(&cohorts(&program)[0], "error_rate")["value"], 0.1, 1e-12);
    assert_eq!(
        cohorts(&program)[1]["maturity"]["reason"],
        "its labels are due from 2026-06-14T00:00:00.000Z"
    );
    to("2026-06-14T00:00:00Z");
    assert_eq!((watch(), watch(), entries()), (vec![3], vec![], before + 2));
    assert_eq!(cohorts(&program)[1]["maturity"]["reason"], "no label has come");
    to("2027-06-14T00:00:00Z");
    assert_eq!((watch(), entries()), (vec![], before + 2));
    nothing_wrong(&laboratory);
}

#[test]
fn labels_that_fall_due_and_do_not_come_open_one_alert() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register_tablets(&program, json!({"label_delay_days": 14}));
    let to = |time: &str| laboratory.clock.set(time.parse().unwrap());
    let watch = || {
        watch_labels(&laboratory.store).unwrap();
        watch_missing_labels(&laboratory.store).unwrap().len()
    };
    let alerts = || {
        let found = program.get("/api/v1/alerts").body.as_array().unwrap().clone();
        found.into_iter().filter(|alert| alert["opening"]["kind"] == "missing_labels").collect()
    };
    let mut labels = Vec::new();
    // `old` is history: its labels were due before it came
    for (index, (name, start, end)) in
        [("old", "04-01", "04-08"), ("w21", "05-18", "05-25"), ("w22", "05-25", "05-31")]
            .into_iter()
            .enumerate()
    {
        let (text, known) = tablets(1 + 1_000 * index as u64, 200, 5 + index as u64, 10);
        let period = format!("period_start=2026-{start}T00:00:00Z&period_end=2026-{end}T00:00:00Z");
        let path = format!("{VERSION_PATH}/batches?name={name}&{period}");
        assert_eq!(program.post_table(&path, "text/csv", text.as_bytes()).status, 201);
        labels.push(known);
    }
    to("2026-06-07T23:59:00Z");
    assert_eq!(watch(), 0, "nothing is due yet");
    to("2026-06-08T00:00:00Z");
    assert_eq!((watch(), watch()), (1, 0), "told once");
    let found: Vec<Value> = alerts();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["opening"]["sentences"],
        json!([
            "none of the 200 rows of batch `w21` have a label; they were due by 2026-06-08T00:00:00.000Z"
        ])
    );
    // half of the labels of the next batch, which is below the nine tenths that make them evidence: it joins the open alert
    assert_eq!(send_labels(&program, "", &labels[2][..100]).status, 201);
    to("2026-06-14T00:00:00Z");
    assert_eq!((watch(), watch(), alerts().len()), (1, 0, 1));
    let id = found[0]["id"].as_str().unwrap();
    let batches = program.get(&format!("/api/v1/alerts/{id}")).body["reports"].clone();
    assert_eq!(batches.as_array().map(Vec::len), Some(2), "{batches}");
    nothing_wrong(&laboratory);
}

#[test]
fn labels_that_come_in_time_or_that_nobody_declared_open_no_alert() {
    for (rule, sent) in [(json!({"label_delay_days": 14}), true), (json!({}), false)] {
        let laboratory = Laboratory::open();
        let program = laboratory.program();
        register_tablets(&program, rule);
        let (text, labels) = tablets(1, 200, 5, 10);
        let path = format!(
            "{VERSION_PATH}/batches?name=w21&period_start=2026-05-18T00:00:00Z&period_end=2026-05-25T00:00:00Z"
        );
        assert_eq!(program.post_table(&path, "text/csv", text.as_bytes()).status, 201);
        if sent {
            assert_eq!(send_labels(&program, "", &labels).status, 201);
        }
        laboratory.clock.set("2027-06-08T00:00:00Z".parse().unwrap());
        watch_labels(&laboratory.store).unwrap();
        let told = watch_missing_labels(&laboratory.store).unwrap();
        assert!(told.is_empty(), "{told:?}");
    }
}

#[test]
fn what_the_labels_said_cannot_be_improved_later() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let alarm = json!({"reference_errors": 10, "reference_rows": 400, "tolerance": 0.05});
    register_tablets(&program, json!({"alarm": alarm}));
    let (text, labels) = tablets(1, 200, 5, 10);
    assert_eq!(program.post_batch("w21", "text/csv", text.as_bytes()).status, 201);
    assert_eq!(send_labels(&program, "", &labels).status, 201);
    let (pack, _) = export(&laboratory.store, &Scope::whole());
    laboratory.leave("labels", &pack);
    let clean = Files::of(&pack);
    assert_eq!(codes(&laboratory, &clean.seal()), Vec::<String>::new());
    let too_many = "18446744073709551615";
    for (table, code, from, to) in [
        ("cohort", "cohort_not_reproduced", "\"is_evidence\":true", "\"is_evidence\":false"),
        ("cohort", "cohort_not_reproduced", "\"labelled\":200", "\"labelled\":190"),
        (
            "cohort",
            "cohort_not_reproduced",
            "\"further\":[0,0]",
            &format!("\"further\":[{too_many},0]"),
        ),
        ("cohort", "performance_not_reproduced", "\"first\":[180,20]", "\"first\":[200,0]"),
        (
            "cohort",
            "record_disagrees",
            "\"repeated\":0,\"rows\":200",
            "\"repeated\":0,\"rows\":201",
        ),
        ("cohort", "record_dangling", "\"labels_sha256\":[\"", "\"labels_sha256\":[\"0"),
        (
            "performance",
            "performance_not_reproduced",
            "\"level\":\"",
            "\"level\":\"quiet\",\"was\":\"",
        ),
        ("performance", "performance_not_reproduced", "\"new\":[180,20]", "\"new\":[200,0]"),
        (
            "performance",
            "performance_not_reproduced",
            "\"evaluations\":0",
            &format!("\"evaluations\":{too_many}"),
        ),
        (
            "performance",
            "performance_not_reproduced",
            "\"learned_counts\":[",
            "\"learned_counts\":[1,",
        ),
    ] {
        let mut files = clean.clone();
        let record = files.first(&format!("records/{table}/"));
        let mut row: Value = serde_json::from_slice(&files.0[&record]).unwrap();
        let document = row["document"].as_str().unwrap();
        let forged = document.replace(from, to);
        assert_ne!(forged, document, "{from}");
        row["sha256"] = driftledger::digest::sha256_hex(forged.as_bytes()).into();
        row["document"] = forged.into();
        files.0.insert(record, driftledger::digest::canonical_json(&row).unwrap());
        let found = codes(&laboratory, &files.seal());
        assert!(found.iter().any(|f| f == code || f == "document_invalid"), "{to}: {found:?}");
    }
    labels_of_an_invalid_batch_count_no_more(&laboratory, &program);
}

/// A second batch is wrong in every third row, and alarms; once it is marked as invalid, the evidence is that of the first one alone, and
/// the rows are free for the batch that corrects it.
fn labels_of_an_invalid_batch_count_no_more(laboratory: &Laboratory, program: &Visitor) {
    let evaluation =
        || program.get(&format!("{VERSION_PATH}/performance")).body["evaluation"].clone();
    let lanes = |state: &Value| state["lanes"]["log_m"].clone();
    let first = evaluation()["evidence"]["after"].clone();
    let (text, labels) = tablets(1_001, 200, 6, 3);
    assert_eq!(program.post_batch("w22", "text/csv", text.as_bytes()).status, 201);
    assert_eq!(send_labels(program, "", &labels).status, 201);
    assert_eq!(evaluation()["evidence"]["level"], "alarm", "{}", evaluation());
    super::invalidations::invalidate(laboratory, "w22");
    assert_eq!(watch_labels(&laboratory.store).unwrap().len(), 1);
    assert!(watch_labels(&laboratory.store).unwrap().is_empty(), "taken out once");
    let without = evaluation();
    let taken_out = &without["context"]["taken_out"];
    assert_eq!(
        (taken_out.as_array().map(Vec::len), &taken_out[0]["batch"]),
        (Some(1), &json!("w22"))
    );
    let evidence = &without["evidence"];
    assert_eq!((&evidence["rows"], &evidence["level"]), (&json!([0, 0]), &json!("quiet")));
    assert_eq!(lanes(&evidence["before"]), lanes(&first), "{without}");
    let page =
        laboratory.signed_in("ines").read(&format!("/models/{MODEL}/versions/1/performance"));
    assert!(page.contains("batch w22 was marked as invalid"), "{page}");
    let corrected = format!(
        "{VERSION_PATH}/batches?name=w22&corrects=w22&reason=rows%20of%20another%20line%20were%20sent"
    );
    let (text, _) = tablets(1_001, 199, 6, 40);
    assert_eq!(program.post_table(&corrected, "text/csv", text.as_bytes()).status, 201);
    assert_eq!(program.send("POST", &format!("{VERSION_PATH}/performance")).status, 201);
    assert_eq!(evaluation()["evidence"]["rows"], json!([133, 66]), "{}", evaluation());
    nothing_wrong(laboratory);
    let (pack, _) = export(&laboratory.store, &Scope::whole());
    assert_eq!(codes(laboratory, &pack), Vec::<String>::new());
    let files = Files::of(&pack);
    let record = files.0.iter().find(|(name, bytes)| {
        name.starts_with("records/performance/")
            && String::from_utf8_lossy(bytes).contains("taken_out")
    });
    let (record, bytes) = record.unwrap();
    let mut row: Value = serde_json::from_slice(bytes).unwrap();
    let mut document: Value = serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
    document["context"].as_object_mut().unwrap().remove("taken_out");
    let bytes = driftledger::digest::canonical_json(&document).unwrap();
    row["sha256"] = driftledger::digest::sha256_hex(&bytes).into();
    row["document"] = String::from_utf8(bytes).unwrap().into();
    let mut forged = files.clone();
    forged.0.insert(record.clone(), driftledger::digest::canonical_json(&row).unwrap());
    let found = codes(laboratory, &forged.seal());
    assert!(found.iter().any(|code| code == "performance_not_reproduced"), "{found:?}");
}

#[test]
fn a_row_counts_once_in_the_batch_that_brought_it_first() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register_tablets(&program, Value::Null);
    let (first, labels) = tablets(1, 120, 5, 6);
    let (second, _) = tablets(61, 120, 9, 6);
    assert_eq!(program.post_batch("a", "text/csv", first.as_bytes()).status, 201);
    assert_eq!(program.post_batch("b", "text/csv", second.as_bytes()).status, 201);
    assert_eq!(send_labels(&program, "", &labels).status, 201);
    let answer = program.get(&format!("{VERSION_PATH}/performance")).body;
    // Without a declared alarm the error rate is told, and gathers no evidence.
    assert!(answer["evaluation"]["evidence"].is_null() && answer["recorded"]["number"] == 1);
    let found = answer["cohorts"].as_array().unwrap();
    close(&figure(&found[0], "error_rate")["value"], 1.0 / 6.0, 1e-12);
    assert_eq!(found[1]["maturity"]["reason"], "no label has come");
    assert_eq!(
        (&found[1]["tally"]["labelled"], &found[1]["tally"]["repeated"]),
        (&json!(0), &json!(60))
    );
    // The same file again changes nothing, and is no correction.
    assert_eq!(send_labels(&program, "", &labels).status, 201);
    let same = send_labels(&program, "?corrects=typing+error", &labels);
    assert!(same.problem(400, "bad_request").contains("the same file came before"));
    assert_eq!(nothing_wrong(&laboratory), 2);
}

#[test]
fn what_cannot_be_joined_or_judged_is_refused() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let mut body = serde_json::to_value(registration("1", 1)).unwrap();
    body["policy"]["performance"] =
        json!({"alarm": {"reference_errors": 5, "reference_rows": 100, "tolerance": 0.0}});
    let refused = program.post(&format!("/api/v1/models/{MODEL}/versions"), &body);
    assert!(refused.problem(422, "record_mismatch").contains("tolerance is 0"));
    register_tablets(&program, json!({}));
    let send = |text: &str| {
        program.post_table(&format!("{VERSION_PATH}/labels"), "text/csv", text.as_bytes())
    };
    assert!(send("row,sound\n1,true\n").problem(400, "bad_request").contains("id column `tablet`"));
    assert!(send("tablet,a,b\n1,2,3\n").problem(400, "bad_request").contains("one called `label`"));
    let wrong = send("tablet,label\nseven,true\n");
    assert!(wrong.problem(422, "table_not_valid").contains("`seven`"));
    assert_eq!(send("tablet,a,label\n1,2,true\n").status, 201);
    let inspector = laboratory.signed_in("ines");
    let forbidden = inspector.send("POST", &format!("{VERSION_PATH}/performance"));
    forbidden.problem(403, "not_permitted");
    let nothing = program.send("POST", &format!("{VERSION_PATH}/performance"));
    assert!(nothing.problem(400, "bad_request").contains("no batch was judged yet"));
    assert_eq!(inspector.get(&format!("{VERSION_PATH}/performance")).body["cohorts"], json!([]));
}
