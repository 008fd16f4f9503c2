//! Story: criteria are fixed, then the version is tested from stored predictions; nobody can do it the other way round.
//! Method: the API over HTTP. The thyroid laboratory's held-out rows, whose figures scikit-learn, statsmodels and NumPy give
//! (`tests/fixtures/acceptance/make.py`); and tables made here for what must be refused.

use crate::evidence::{Files, export};
use crate::harness::{Laboratory, MODEL, VERSION_PATH, Visitor, register, repository, table};
use driftledger::dataset::fingerprint::RowSet;
use driftledger::dataset::reader::TableFile;
use driftledger::drift::acceptance::count::count;
use driftledger::drift::acceptance::plan::{AcceptanceCriteria, Registered, TestSet};
use driftledger::drift::acceptance::run::{RunContext, TestRun};
use driftledger::drift::performance::rule::PerformanceRule;
use driftledger::drift::reference::Reference;
use driftledger::evidence::manifest::Scope;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::fingerprint_files::{
    RegistrationSources, fingerprint_file, make_registration,
};
use driftledger::procedures::verify_pack::verify_pack;
use driftledger::provenance::registration::{DatasetRole, Registration};
use serde_json::{Value, json};
use std::path::PathBuf;

fn sample(name: &str) -> PathBuf {
    repository(&format!("sample_data/thyroid_garvan/{name}"))
}

fn predictions() -> String {
    std::fs::read_to_string(sample("test_predictions.csv")).unwrap()
}

/// The thyroid model as version 1 of the harness's model, its held-out rows as test set.
fn thyroid() -> Registration {
    let sources = RegistrationSources {
        model: MODEL.to_owned(),
        version: "1".to_owned(),
        train: sample("train.csv"),
        reference: sample("reference.csv"),
        others: vec![(DatasetRole::Test, sample("reference.csv"))],
        artifacts: vec![sample("model_trees.json")],
        schema: Some(sample("schema.json")),
        overlap_justification: Some("one request came again in a later month".to_owned()),
        ..RegistrationSources::default()
    };
    make_registration(&sources, |_| ()).unwrap()
}

fn register_thyroid(program: &Visitor) {
    let body = serde_json::to_value(thyroid()).unwrap();
    let made = program.post(&format!("/api/v1/models/{MODEL}/versions"), &body);
    assert_eq!(made.status, 201, "{made:?}");
}

/// The sample plan, for the harness's model.
fn thyroid_plan() -> Value {
    let text = std::fs::read(sample("acceptance.json")).unwrap();
    let mut plan: Value = serde_json::from_slice(&text).unwrap();
    plan["model"] = json!(MODEL);
    plan["version"] = json!("1");
    plan["test_set"] = json!({"known": "registered", "table": test_table()});
    plan
}

fn test_table() -> String {
    let read = fingerprint_file(
        &sample("reference.csv"),
        Some(&sample("schema.json")),
        RowSet::No,
        |_| (),
    );
    read.unwrap().fingerprint.table.table
}

/// A plan and a test run of the sample, made without a store.
pub(crate) fn example() -> (AcceptanceCriteria, TestRun) {
    let registration = thyroid();
    let mut plan: AcceptanceCriteria = serde_json::from_value(thyroid_plan()).unwrap();
    let read = fingerprint_file(
        &sample("reference.csv"),
        Some(&sample("schema.json")),
        RowSet::No,
        |_| (),
    );
    plan.test_set = Some(TestSet::Given { fingerprint: Box::new(read.unwrap().fingerprint) });
    let reference: Reference = serde_json::from_value(registration.reference.clone()).unwrap();
    let rule = PerformanceRule::default();
    let version = Registered { registration: &registration, reference: &reference, rule: &rule };
    plan.validate(version).unwrap();
    let file = TableFile::open(&sample("test_predictions.csv"), None).unwrap();
    let counts = count(&file, &plan, version, &[7; 32]).unwrap();
    let context = RunContext {
        model: MODEL.to_owned(),
        version: "1".to_owned(),
        plan_id: "ap_1".to_owned(),
        plan_entry: 7,
        plan_sha256: "a".repeat(64),
        file_sha256: "b".repeat(64),
        rows: counts.rows,
        rows_sha256: counts.rows_sha256,
        matched: counts.matched,
        look: 1,
        look_in_all: 1,
        task: version.predicted().unwrap().task,
        error_limit: None,
        engine: "driftledger".to_owned(),
    };
    let run = TestRun::judge(context, counts.groups, &plan);
    (plan, run)
}

/// A plan for the tablets with one criterion more than `criteria`.
fn plan(criteria: &Value) -> Value {
    json!({"format": "driftledger/acceptance-plan/v1", "model": MODEL, "version": "1",
        "rationale": "a wrong tablet must be found", "criteria": criteria})
}

fn accuracy() -> Value {
    json!({"metric": "accuracy", "direction": "at_least", "limit": 0.5, "judged_by": "bound"})
}

fn fix(program: &Visitor, plan: &Value) -> u64 {
    let fixed = program.post(&format!("{VERSION_PATH}/acceptance"), plan);
    assert_eq!(fixed.status, 201, "{fixed:?}");
    fixed.body["entry"].as_u64().unwrap()
}

fn send(program: &Visitor, csv: &str) -> crate::harness::Answer {
    program.post_table(&format!("{VERSION_PATH}/test-runs"), "text/csv", csv.as_bytes())
}

/// The document of a test run that was taken.
fn tested(program: &Visitor, csv: &str) -> Value {
    let made = send(program, csv);
    assert_eq!(made.status, 201, "{made:?}");
    program.get(&format!("/api/v1/test-runs/{}", made.text("id"))).body["run"].clone()
}

/// The tablets with labels: the prediction, except for every tenth row.
fn tablets(rows: u64) -> String {
    let text = table(rows, 9, 0.0);
    let mut lines = text.lines();
    let mut labelled = format!("{},label\n", lines.next().unwrap());
    for (number, line) in lines.enumerate() {
        let passed = line.ends_with("true") != (number % 10 == 0);
        labelled.push_str(&format!("{line},{passed}\n"));
    }
    labelled
}

#[track_caller]
fn holds(found: &Value, expected: &Value) {
    let close = |a: &Value, b: &Value, what: &str| {
        let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
        assert!((a - b).abs() < 1e-9, "{what}: {a} instead of {b}");
    };
    for (name, expected) in expected.as_object().unwrap() {
        let figures = found["figures"]["figures"].as_array().unwrap();
        let Some(figure) = figures.iter().find(|figure| figure["name"] == name.as_str()) else {
            assert!(name == "auc" || name == "brier_score", "no {name} in {found}");
            continue;
        };
        close(&figure["value"], &expected["value"], name);
        if let Some(interval) = expected["interval"].as_array() {
            close(&figure["interval"][0], &interval[0], name);
            close(&figure["interval"][1], &interval[1], name);
            assert_eq!(figure["rows"], expected["rows"], "{name}");
        }
    }
}

#[track_caller]
fn as_expected(run: &Value, part: &str) {
    let text = std::fs::read(repository("tests/fixtures/acceptance/expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&text).unwrap();
    let groups = expected[part].as_array().unwrap();
    let found = run["groups"].as_array().unwrap();
    assert_eq!(found.len(), groups.len());
    for group in groups {
        let same =
            |found: &&Value| found["column"] == group["column"] && found["group"] == group["group"];
        let one = found.iter().find(same).unwrap_or_else(|| panic!("no {group}"));
        holds(one, &group["figures"]);
    }
}

#[track_caller]
fn nothing_wrong(laboratory: &Laboratory) -> (u64, u64, u64) {
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    (checked.examined.acceptance_plans, checked.examined.test_runs, checked.recounted)
}

/// The codes of what is found in `pack`.
fn codes(laboratory: &Laboratory, pack: &[u8]) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pack).unwrap();
    let key = laboratory.store.verifier_key();
    let verified = verify_pack(file.path(), Some(key), &mut |_| ()).unwrap();
    verified.findings.into_iter().map(|finding| finding.code.to_owned()).collect()
}

#[test]
fn the_thyroid_model_is_tested_against_criteria_that_were_fixed_before() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register_thyroid(&program);
    let refused = send(&program, &predictions());
    assert!(refused.problem(409, "conflict").contains("they come before the test run"));
    let plan = thyroid_plan();
    let plan_entry = fix(&program, &plan);
    let again = program.post(&format!("{VERSION_PATH}/acceptance"), &plan);
    assert_eq!((again.status, again.body["entry"].as_u64()), (200, Some(plan_entry)));

    let first = send(&program, &predictions());
    assert_eq!((first.status, first.body["meets"].as_bool()), (201, Some(true)), "{first:?}");
    assert!(first.body["entry"].as_u64().unwrap() > plan_entry);
    assert_eq!(first.body["plan_entry"], plan_entry);
    let entry = format!("/api/v1/ledger/entries/{}", first.body["entry"]);
    let entry = program.get(&entry).body.to_string();
    assert!(entry.contains("test.run") && entry.contains(&format!("[{plan_entry}]")), "{entry}");
    let path = format!("/api/v1/test-runs/{}", first.text("id"));
    let read = program.get(&path).body;
    let run = &read["run"];
    as_expected(run, "thyroid");
    let matched = run["context"]["matched"].as_array().unwrap();
    assert!(["row_id", "sex", "referral_source"].iter().all(|name| matched.contains(&json!(name))));
    assert_eq!(run["sentence"], "all 6 criteria met on 778 rows");
    let by_sex = &run["criteria"][4]["groups"];
    assert_eq!(by_sex[0]["reason"], "16 rows, at least 30 are needed");
    assert_eq!(
        (&by_sex[0]["outcome"], &by_sex[0]["counts"]),
        (&json!("not_evaluated"), &json!(false))
    );
    assert_eq!((&by_sex[1]["group"], &by_sex[1]["outcome"]), (&json!("F"), &json!("met")));

    // The same file is the same run; other predictions of the same rows are a second look.
    let again = send(&program, &predictions());
    assert_eq!((again.status, again.text("id")), (200, first.text("id")));
    let other = predictions().replacen("0,0,0.0138343", "0,1,0.8", 1);
    assert_ne!(other, predictions());
    let second = tested(&program, &other);
    assert_eq!(
        (&second["context"]["look"], &second["context"]["look_in_all"]),
        (&json!(2), &json!(2))
    );
    let said = second["sentence"].as_str().unwrap();
    assert!(said.ends_with("run 2 on the same test set under this plan, 2 in all"), "{said}");

    assert_eq!(nothing_wrong(&laboratory), (1, 2, 2));
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    assert_eq!(codes(&laboratory, &pack), Vec::<String>::new());
    assert!(Files::of(&pack).0.keys().any(|name| name.starts_with("test-runs/")));
}

#[test]
fn a_run_does_not_count_for_criteria_that_came_after_it() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    fix(&program, &plan(&json!([accuracy()])));
    assert_eq!(tested(&program, &tablets(100))["meets"], true);
    let mut easier = accuracy();
    easier["limit"] = json!(0.4);
    fix(&program, &plan(&json!([easier])));
    let found = program.get(&format!("{VERSION_PATH}/acceptance")).body;
    assert_eq!((&found["newest"], &found["meets"]), (&Value::Null, &json!(false)), "{found}");
    assert_eq!(found["runs"].as_array().unwrap().len(), 1);
    assert_eq!(found["superseded"].as_array().unwrap().len(), 1);
    assert_eq!(found["in_force"]["supersedes"], found["superseded"][0]["id"]);
    let again = tested(&program, &tablets(100));
    assert_eq!(
        (&again["context"]["look"], &again["context"]["look_in_all"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(nothing_wrong(&laboratory), (2, 2, 2));
    // In the store's own words, as the life cycle reads them.
    let (in_force, runs) = laboratory
        .store
        .read(|tx| {
            let version = tx.version(MODEL, "1")?.unwrap();
            Ok::<_, driftledger::store::Error>((
                tx.acceptance_plan(&version.id)?.unwrap(),
                tx.test_runs(&version.id)?,
            ))
        })
        .unwrap();
    assert!(runs[0].plan_id == in_force.id && runs[0].plan_entry == in_force.entry);
    assert!(runs[0].entry > runs[0].plan_entry && runs[1].plan_entry < in_force.entry);
}

#[test]
fn who_may_not_fix_or_test_is_refused() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let dana = laboratory.signed_in("dana");
    let wanted = json!({"name": "line 4", "model": MODEL, "version": "1"});
    let source = dana.post("/api/v1/tokens", &wanted);
    let source = laboratory.with_token(source.text("token"));
    let path = format!("{VERSION_PATH}/acceptance");
    let plan = plan(&json!([accuracy()]));
    source.post(&path, &plan).problem(403, "not_permitted");
    for who in ["quentin", "rosa", "ines", "adam"] {
        laboratory.signed_in(who).post(&path, &plan).problem(403, "not_permitted");
    }
    let pavel = laboratory.signed_in("pavel");
    assert_eq!(pavel.post(&path, &plan).status, 201);
    send(&source, &tablets(50)).problem(403, "not_permitted");
    send(&laboratory.signed_in("quentin"), &tablets(50)).problem(403, "not_permitted");
    assert_eq!(send(&pavel, &tablets(50)).status, 201);
    assert_eq!(laboratory.signed_in("ines").get(&path).status, 200);
}

#[test]
fn a_plan_that_does_not_fit_the_version_is_refused() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let path = format!("{VERSION_PATH}/acceptance");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut plan = plan(&json!([accuracy()]));
        change(&mut plan);
        program.post(&path, &plan).problem(422, "record_mismatch").to_owned()
    };
    let said = refused(&|plan| plan["criteria"][0]["metric"] = json!("mean_absolute_error"));
    assert!(said.contains("predicts one of two classes"), "{said}");
    let said = refused(&|plan| plan["criteria"][0]["class"] = json!("1"));
    assert!(said.contains("accuracy of `1` is not computed"), "{said}");
    let said = refused(&|plan| plan["criteria"][0]["metric"] = json!("auc"));
    assert!(said.contains("needs a column of role score"), "{said}");
    let said = refused(&|plan| plan["criteria"] = json!([]));
    assert!(said.contains("0 criteria"), "{said}");
    let said = refused(&|plan| plan["criteria"] = json!([accuracy(), accuracy()]));
    assert!(said.contains("criterion 2 stands twice"), "{said}");
    let said = refused(&|plan| plan["confidence"] = json!(1.0));
    assert!(said.contains("confidence is 1"), "{said}");
    let said = refused(&|plan| plan["rationale"] = json!(" "));
    assert!(said.contains("no rationale"), "{said}");
    let said = refused(&|plan| plan["version"] = json!("2"));
    assert!(said.contains("not of `tablets` version `1`"), "{said}");
    let registered = json!({"known": "registered", "table": "0".repeat(64)});
    let said = refused(&|plan| plan["test_set"] = registered.clone());
    assert!(said.contains("registered with no test dataset"), "{said}");
    let scope = json!({"rows": "subgroups", "column": "tablet"});
    let said = refused(&|plan| plan["criteria"][0]["scope"] = scope.clone());
    assert!(said.contains("`tablet` cannot tell subgroups apart"), "{said}");
    assert_eq!(program.get(&path).body["in_force"], Value::Null);
}

#[test]
fn a_file_that_cannot_be_held_against_the_criteria_is_refused() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let mut by_line = accuracy();
    by_line["scope"] = json!({"rows": "subgroups", "column": "line", "rows_min": 10});
    fix(&program, &plan(&json!([accuracy(), by_line])));
    let refused = |csv: &str| send(&program, csv).problem(422, "record_mismatch").to_owned();
    let all = tablets(60);
    let without = |column: &str| all.replacen(column, "other", 1);
    let said = refused(&without("line"));
    assert!(said.contains("no subgroup column `line`"), "{said}");
    let said = refused(&without("label"));
    assert!(said.contains("no label column `label`"), "{said}");
    let said = refused(&without("tablet"));
    assert!(said.contains("no row id column `tablet`"), "{said}");
    let said = refused(&all.replace(",true\n", ",good\n").replace(",false\n", ",bad\n"));
    assert!(
        said.contains("none of the classes that are predicted") && said.contains("bad"),
        "{said}"
    );
    let twice = format!("{all}{}\n", all.lines().nth(3).unwrap());
    let said = refused(&twice);
    assert!(said.contains("1 row has a row id in `tablet` that another row has"), "{said}");
    let crowded: String = all
        .lines()
        .enumerate()
        .map(|(number, line)| {
            if number == 0 {
                format!("{line}\n")
            } else {
                line.replace("east", &format!("line {number}")) + "\n"
            }
        })
        .collect();
    assert_eq!(send(&program, &crowded).status, 201, "few groups are fine");
    let none: String = all
        .lines()
        .map(|line| {
            line.rsplit_once(',')
                .map(
                    |(rest, last)| {
                        if last == "label" { line.to_owned() } else { format!("{rest},") }
                    },
                )
                .unwrap()
                + "\n"
        })
        .collect();
    let said = refused(&none);
    assert!(said.contains("no row has a label and a prediction"), "{said}");
    send(&program, &all.replace(",east,true,", ",east,maybe,")).problem(422, "table_not_valid");
}

#[test]
fn rows_that_are_not_the_test_set_are_refused() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register_thyroid(&program);
    fix(&program, &thyroid_plan());
    let refused = |csv: &str| send(&program, csv).problem(422, "record_mismatch").to_owned();
    let all = predictions();
    let said = refused(&all.replacen("TH850102001,F", "TH850102001,M", 1));
    assert!(said.contains("column `sex` is not that of the test set"), "{said}");
    let mut lines: Vec<&str> = all.lines().collect();
    lines.swap(1, 2);
    let said = refused(&format!("{}\n", lines.join("\n")));
    assert!(said.contains("column `row_id`") && said.contains("another order"), "{said}");
    lines.pop();
    let said = refused(&format!("{}\n", lines.join("\n")));
    assert!(said.contains("it has 777 rows, the test set of the plan 778"), "{said}");
    let listed = program.get(&format!("{VERSION_PATH}/test-runs")).body;
    assert_eq!(listed, json!([]));
}

#[test]
fn what_nobody_can_say_is_not_evaluated_and_never_met() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register_thyroid(&program);
    let mut plan = thyroid_plan();
    plan.as_object_mut().unwrap().remove("test_set");
    plan["rows_min"] = json!(30);
    plan["criteria"].as_array_mut().unwrap().truncate(4);
    fix(&program, &plan);
    let outcomes = |run: &Value| -> Vec<String> {
        let criteria = run["criteria"].as_array().unwrap();
        criteria.iter().map(|one| one["outcome"].as_str().unwrap().to_owned()).collect()
    };
    let reason = |run: &Value, index: usize| {
        run["criteria"][index]["groups"][0]["reason"].as_str().unwrap_or_default().to_owned()
    };
    let rows = |keep: &dyn Fn(&[&str]) -> bool| -> String {
        let text = predictions();
        let kept = text
            .lines()
            .enumerate()
            .filter(|(number, line)| *number == 0 || keep(&line.split(',').collect::<Vec<_>>()));
        kept.map(|(_, line)| line).collect::<Vec<_>>().join("\n") + "\n"
    };
    let one_class = tested(&program, &rows(&|cells| cells[3] == "0"));
    assert_eq!(outcomes(&one_class)[..3], ["not_evaluated", "met", "not_evaluated"]);
    assert!(reason(&one_class, 0).contains("no row is labelled `1`"));
    assert!(reason(&one_class, 2).contains("fewer than two scored rows of one of the classes"));
    assert_eq!(one_class["meets"], false);

    let nan = predictions().replacen("0.0138343", "NaN", 1).replacen("0.9127748", "", 1);
    let nan = tested(&program, &nan);
    assert_eq!(outcomes(&nan), ["met", "met", "not_evaluated", "not_evaluated"]);
    assert!(reason(&nan, 2).starts_with("2 rows have no label, prediction or score from 0 to 1"));

    let few = predictions();
    let few = few.lines().take(21).collect::<Vec<_>>().join("\n") + "\n";
    let few = tested(&program, &few);
    assert_eq!(reason(&few, 0), "20 rows, at least 30 are needed");
    assert_eq!(outcomes(&few), ["not_evaluated"; 4]);

    let unlabelled = predictions().replacen("other,0,0,", "other,,0,", 1);
    let unlabelled = tested(&program, &unlabelled);
    assert!(reason(&unlabelled, 0).starts_with("1 row has no label or prediction"));
    assert!(unlabelled["sentence"].as_str().unwrap().contains("4 not evaluated"));

    // A limit between the lower bound (0.876) and the figure (0.926).
    plan["criteria"] = json!([
        {"metric": "sensitivity", "direction": "at_least", "limit": 0.9, "judged_by": "bound"},
        {"metric": "sensitivity", "direction": "at_least", "limit": 0.9, "judged_by": "value"},
        {"metric": "sensitivity", "direction": "at_least", "limit": 0.8, "judged_by": "value",
         "scope": {"rows": "subgroups", "column": "sex", "rows_min": 30}}]);
    fix(&program, &plan);
    let strict = tested(&program, &predictions());
    assert_eq!(outcomes(&strict), ["not_met", "met", "not_evaluated"]);
    assert_eq!(reason(&strict, 0), "the lower bound is below the limit");
    assert_eq!(nothing_wrong(&laboratory), (2, 5, 5));
}

#[test]
fn a_version_that_predicts_a_number_is_tested_too() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let schema = json!({"schema": "driftledger/schema/v1", "columns": [
        {"name": "tablet", "role": "id", "type": "int"},
        {"name": "weight_mg", "role": "prediction", "type": "float", "kind": "continuous"},
        {"name": "line", "role": "feature", "type": "text", "kind": "categorical"},
        {"name": "passed", "role": "ignore", "type": "bool"}]});
    let sources = RegistrationSources {
        model: MODEL.to_owned(),
        version: "1".to_owned(),
        train: file("train.csv", &table(300, 2, 0.0)),
        reference: file("reference.csv", &table(600, 1, 0.0)),
        artifacts: vec![file("model.bin", "weights")],
        overlap_justification: Some("two tablets of one line can weigh the same".to_owned()),
        schema: Some(file("schema.json", &schema.to_string())),
        ..RegistrationSources::default()
    };
    let body = serde_json::to_value(make_registration(&sources, |_| ()).unwrap()).unwrap();
    assert_eq!(program.post(&format!("/api/v1/models/{MODEL}/versions"), &body).status, 201);
    let by_line = json!({"rows": "subgroups", "column": "line"});
    fix(
        &program,
        &plan(&json!([
        {"metric": "mean_absolute_error", "direction": "at_most", "limit": 0.6, "judged_by": "bound"},
        {"metric": "root_mean_square_error", "direction": "at_most", "limit": 0.5, "judged_by": "value", "scope": by_line}])),
    );
    let numbers =
        std::fs::read_to_string(repository("tests/fixtures/acceptance/numbers.csv")).unwrap();
    let run = tested(&program, &numbers);
    as_expected(&run, "numbers");
    let interval = &run["criteria"][0]["groups"][0]["figure"]["interval"];
    assert!(interval[0].as_f64() < interval[1].as_f64(), "{interval}");
    assert_eq!(run["criteria"][1]["groups"][0]["group"], "east");
    let text = numbers.replacen(",250.0", ",heavy", 1);
    let run = tested(&program, &text);
    assert_eq!(run["meets"], false, "one label is no number");
    let words: String = numbers
        .lines()
        .enumerate()
        .map(|(n, line)| {
            let (rest, _) = line.rsplit_once(',').unwrap();
            if n == 0 { format!("{line}\n") } else { format!("{rest},heavy\n") }
        })
        .collect();
    let said = send(&program, &words);
    assert!(said.problem(422, "record_mismatch").contains("both numbers"));
    assert_eq!(nothing_wrong(&laboratory), (1, 2, 2));
}

#[test]
fn what_was_changed_afterwards_is_named() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let mut strict = accuracy();
    strict["limit"] = json!(0.99);
    fix(&program, &plan(&json!([strict])));
    let made = send(&program, &tablets(100));
    assert_eq!(made.body["meets"], false);
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    assert_eq!(codes(&laboratory, &pack), Vec::<String>::new());

    let clean = Files::of(&pack);
    let changed = |table: &str, change: &dyn Fn(&mut Value)| {
        let mut files = clean.clone();
        let name = files.first(&format!("records/{table}/"));
        let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
        change(&mut row);
        files.0.insert(name, driftledger::digest::canonical_json(&row).unwrap());
        files.relist();
        codes(&laboratory, &files.seal())
    };
    let embellished = changed("test_run", &|row| {
        let document = row["document"].as_str().unwrap();
        let document = document.replace("\"meets\":false", "\"meets\":true");
        row["sha256"] = json!(driftledger::digest::sha256_hex(document.as_bytes()));
        row["document"] = json!(document);
        row["meets"] = json!(1);
    });
    assert!(embellished.contains(&"test_run_not_reproduced".to_owned()), "{embellished:?}");
    let later = changed("acceptance_plan", &|row| row["entry"] = json!(1_000));
    assert!(later.contains(&"criteria_after_test".to_owned()), "{later:?}");
    let easier = changed("acceptance_plan", &|row| {
        let document = row["document"].as_str().unwrap().replace("0.99", "0.5");
        row["sha256"] = json!(driftledger::digest::sha256_hex(document.as_bytes()));
        row["document"] = json!(document);
    });
    assert!(easier.contains(&"test_run_not_reproduced".to_owned()), "{easier:?}");

    // Another file in the place of the one that was tested.
    let blake3 = made.text("blake3");
    let data = laboratory.folder.path().join("data");
    let object = data.join("objects").join(&blake3[..2]).join(&blake3[2..]);
    let mut permissions = std::fs::metadata(&object).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "the attacker owns the machine")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&object, permissions).unwrap();
    std::fs::write(&object, tablets(99)).unwrap();
    let checked = check_store(&data, &mut |_| ()).unwrap();
    let found: Vec<&str> = checked.findings.iter().map(|finding| finding.code).collect();
    assert!(
        found.contains(&"test_run_not_recounted") && found.contains(&"object_changed"),
        "{found:?}"
    );
}
