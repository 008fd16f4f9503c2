//! What regulatory texts ask for, and the tests that show it: the profile is held against its schema, the sources and itself, and the
//! matrix of `docs/TRACEABILITY.md` is made from it.
//! Method: the profile is read as data, each rule is also tried on a profile that breaks it; `UPDATE_GOLDEN=1` writes the matrix anew.

use crate::golden::hold;
use crate::harness::repository;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PROFILE: &str = "docs/regulation/profile.json";
const PRIORITIES: [&str; 4] = ["must", "must-d", "should", "beyond"];

#[derive(Deserialize)]
struct Profile {
    version: String,
    date: String,
    note: String,
    texts: Vec<Text>,
    test_depth: Depth,
    rows: Vec<Row>,
    alcoa: Vec<Letter>,
}

#[derive(Deserialize)]
struct Text {
    tag: String,
    title: String,
    status: String,
    read: String,
}

#[derive(Deserialize)]
struct Depth {
    high: String,
    medium: String,
    low: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    section: String,
    clauses: Vec<Clause>,
    text: String,
    priority: String,
    responsible: String,
    how: String,
    tests: Vec<String>,
    gap: Option<String>,
    risk: Risk,
    #[serde(default)]
    duties: Duties,
}

#[derive(Deserialize)]
struct Clause {
    text: String,
    at: String,
}

#[derive(Deserialize)]
struct Risk {
    class: String,
    failure: String,
}

#[derive(Default, Deserialize)]
struct Duties {
    host: Option<String>,
    customer: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "the letter is what the table is named after")]
#[derive(Deserialize)]
struct Letter {
    letter: String,
    word: String,
    mechanism: String,
    tests: Vec<String>,
}

fn document() -> Value {
    serde_json::from_slice(&std::fs::read(repository(PROFILE)).unwrap()).unwrap()
}

fn profile() -> Profile {
    serde_json::from_value(document()).unwrap()
}

/// The profile with one row changed.
fn with_row(id: &str, change: &dyn Fn(&mut Value)) -> Profile {
    let mut document = document();
    let rows = document["rows"].as_array_mut().unwrap();
    change(rows.iter_mut().find(|row| row["id"] == id).unwrap());
    serde_json::from_value(document).unwrap()
}

#[track_caller]
fn assert_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

/// Rows that somebody must meet, with neither a test nor a word on what is missing.
fn untested(profile: &Profile) -> Vec<String> {
    let must = profile.rows.iter().filter(|row| row.priority.starts_with("must"));
    must.filter(|row| row.tests.is_empty() && row.gap.is_none()).map(|row| row.id.clone()).collect()
}

/// Whether `source` has the function `name`, marked as a test.
fn has_test(source: &str, name: &str) -> bool {
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[actix_web::test]") {
            marked = true;
        }
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        let Some(function) = function else { continue };
        if marked && function.split(['(', '<']).next() == Some(name) {
            return true;
        }
        marked = false;
    }
    false
}

/// Tests that are named and do not exist.
fn invented(profile: &Profile) -> Vec<String> {
    let letters = profile.alcoa.iter().flat_map(|letter| &letter.tests);
    let named: BTreeSet<&String> =
        profile.rows.iter().flat_map(|row| &row.tests).chain(letters).collect();
    let exists = |test: &str| {
        let (path, name) = test.split_once("::")?;
        Some(has_test(&std::fs::read_to_string(repository(path)).ok()?, name))
    };
    named.into_iter().filter(|test| exists(test) != Some(true)).cloned().collect()
}

/// Rows whose tests are fewer than the class of their risk asks for, without a word on what is missing.
fn too_shallow(profile: &Profile) -> Vec<String> {
    let least = |row: &&Row| if row.risk.class == "high" { 2 } else { 1 };
    let complete = profile.rows.iter().filter(|row| row.gap.is_none());
    complete.filter(|row| row.tests.len() < least(row)).map(|row| row.id.clone()).collect()
}

/// Rows that do not say what is left to whom.
fn unassigned(profile: &Profile) -> Vec<String> {
    let said = |row: &&Row| match (row.responsible.as_str(), &row.duties) {
        ("product", duties) => duties.host.is_none() && duties.customer.is_none(),
        ("host", duties) => duties.host.is_some(),
        ("customer", duties) => duties.customer.is_some(),
        (_, duties) => duties.host.is_some() || duties.customer.is_some(),
    };
    profile.rows.iter().filter(|row| !said(row)).map(|row| row.id.clone()).collect()
}

/// Ids that stand twice, and clauses of texts that are not listed.
fn tangled(profile: &Profile) -> Vec<String> {
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    for tag in profile.texts.iter().map(|text| &text.tag) {
        if !seen.insert(format!("text {tag}")) {
            faults.push(format!("text {tag} stands twice"));
        }
    }
    for row in &profile.rows {
        if !seen.insert(format!("row {}", row.id)) {
            faults.push(format!("{} stands twice", row.id));
        }
        let of = |clause: &&Clause| !profile.texts.iter().any(|text| text.tag == clause.text);
        let unknown = row.clauses.iter().filter(of);
        faults.extend(unknown.map(|c| format!("{} is of `{}`, which is no text", row.id, c.text)));
    }
    faults
}

#[test]
fn the_profile_is_as_its_schema_says() {
    let schema = std::fs::read(repository("schemas/regulation-profile.v1.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults = |document: &Value| -> Vec<String> {
        validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
    };
    assert_none(&faults(&document()), "the profile is not as its schema says");
    let wrong = |change: fn(&mut Value)| {
        let mut document = document();
        change(&mut document);
        assert!(!faults(&document).is_empty(), "this passes and should not");
    };
    wrong(|d| d["texts"][0]["status"] = json!("in force since March"));
    wrong(|d| d["rows"][0]["priority"] = json!("may"));
    wrong(|d| d["rows"][0]["responsible"] = json!("nobody"));
    wrong(|d| d["rows"][0]["risk"]["class"] = json!("none"));
    wrong(|d| d["rows"][0]["gap"] = json!(""));
    wrong(|d| d["rows"][0]["tests"] = json!(["a_name_without_a_path"]));
    wrong(|d| d["rows"][0]["owner"] = json!("a word nobody knows"));
    wrong(|d| drop(d["rows"][0].as_object_mut().unwrap().remove("risk")));
    wrong(|d| d["format"] = json!("driftledger/other/v1"));
}

#[test]
fn no_id_stands_twice_and_every_clause_is_of_a_text_with_a_status() {
    assert_none(&tangled(&profile()), "these cannot be told apart, or are of no text");
    let twice = with_row("P11-70", &|row| row["id"] = json!("P11-50a"));
    assert_eq!(tangled(&twice), ["P11-50a stands twice"]);
    let unknown = with_row("P11-70", &|row| row["clauses"][0]["text"] = json!("P12"));
    assert_eq!(tangled(&unknown), ["P11-70 is of `P12`, which is no text"]);
}

#[test]
fn a_must_row_has_a_test_or_says_what_is_missing() {
    assert_none(&untested(&profile()), "these have neither test nor gap");
    let silent = |row: &mut Value| (row["tests"], row["gap"]) = (json!([]), Value::Null);
    assert_eq!(untested(&with_row("A11d-11.6", &silent)), ["A11d-11.6"]);
    assert_eq!(untested(&with_row("PCCP", &silent)), [""; 0], "nobody asks for it");
}

#[test]
fn every_named_test_exists() {
    assert_none(&invented(&profile()), "these tests are named and do not exist");
    for test in [
        "src/access/role.rs::what_no_setting_could_switch_off",
        "src/access/roles.rs::what_no_setting_can_switch_off",
        "src/access/role.rs::permit",
    ] {
        let named = with_row("P11-70", &|row| row["tests"] = json!([test]));
        assert_eq!(invented(&named), [test]);
    }
    let marked =
        "#[test] // a requirement\n#[expect(a, reason = \"b\")]\nfn first() {}\nfn second() {}";
    assert!(has_test(marked, "first") && !has_test(marked, "second") && !has_test(marked, "fir"));
}

#[test]
fn the_depth_of_tests_follows_the_risk() {
    assert_none(&too_shallow(&profile()), "these have fewer tests than their risk asks for");
    let one = with_row("P11-70", &|row| row["tests"].as_array_mut().unwrap().truncate(1));
    assert_eq!(too_shallow(&one), ["P11-70"]);
}

#[test]
fn who_is_responsible_is_said_for_every_row() {
    assert_none(&unassigned(&profile()), "these do not say what is left to whom");
    let nobody = with_row("P11-30a", &|row| row["duties"] = json!({}));
    assert_eq!(unassigned(&nobody), ["P11-30a"]);
    let other = with_row("P11-70", &|row| row["duties"] = json!({"host": "watch"}));
    assert_eq!(unassigned(&other), ["P11-70"]);
}

#[test]
fn every_letter_of_alcoa_has_a_test() {
    let profile = profile();
    let letters: String = profile.alcoa.iter().map(|letter| letter.letter.as_str()).collect();
    assert_eq!(letters, "ALCOA+++++");
    assert!(profile.alcoa.iter().all(|letter| !letter.tests.is_empty()));
}

#[test]
fn the_matrix_is_as_generated() {
    let matrix = matrix(&profile());
    for claim in ["compliant", "certified"] {
        assert!(!matrix.to_lowercase().contains(claim), "nobody can say `{claim}` of software");
    }
    hold("docs/TRACEABILITY.md", &matrix);
}

/// The whole document.
fn matrix(profile: &Profile) -> String {
    let Profile { version, date, note, .. } = profile;
    let mut text = format!(
        "# Traceability\n\nWhich requirement is met how, by which tests, and what is not built. Made from `{PROFILE}`, version \
         {version} of {date}, by\n`UPDATE_GOLDEN=1 cargo test --test it traceability`; do not edit. The test fails when a test that \
         is named does not exist.\n\n{note}\n\n"
    );
    text.push_str(&summary(profile));
    text.push_str("\n## 2. Texts\n\n| Tag | Text | Status | Read in |\n|---|---|---|---|\n");
    for Text { tag, title, status, read } in &profile.texts {
        text.push_str(&format!("| {tag} | {title} | {status} | {read} |\n"));
    }
    let Depth { high, medium, low } = &profile.test_depth;
    text.push_str(&format!(
        "\n## 3. Risk and depth of tests\n\n| Class | Tests |\n|---|---|\n| high | {high} |\n| medium | {medium} |\n| low | {low} |\n"
    ));
    text.push_str(&requirements(profile));
    text.push_str(&responsibilities(profile));
    text.push_str("\n## 6. ALCOA++\n\n| Letter | Word | Mechanism | Tests |\n|---|---|---|---|\n");
    for Letter { letter, word, mechanism, tests } in &profile.alcoa {
        text.push_str(&format!("| {letter} | {word} | {mechanism} | {} |\n", listed(tests)));
    }
    text
}

/// How many rows there are, with tests and with gaps.
fn summary(profile: &Profile) -> String {
    let mut text = "## 1. Summary\n\n`must`: a text in force asks for it. `must-d`: a draft, a guidance or a law that does not apply \
                    yet. `beyond`: no text asks.\n\n| Priority | Rows | With tests | Of these without a gap | Gap and tests | Gap \
                    only |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for priority in PRIORITIES.into_iter().chain(["all"]) {
        let of: Vec<&Row> = profile
            .rows
            .iter()
            .filter(|row| priority == "all" || row.priority == priority)
            .collect();
        let count = |what: &dyn Fn(&Row) -> bool| of.iter().filter(|row| what(row)).count();
        let tested = count(&|row| !row.tests.is_empty());
        let whole = count(&|row| !row.tests.is_empty() && row.gap.is_none());
        let only = count(&|row| row.tests.is_empty() && row.gap.is_some());
        text.push_str(&format!(
            "| {priority} | {} | {tested} | {whole} | {} | {only} |\n",
            of.len(),
            tested - whole
        ));
    }
    text
}

/// One table for each section.
fn requirements(profile: &Profile) -> String {
    let (mut text, mut section, mut number) = ("\n## 4. Requirements\n".to_owned(), "", 0);
    for row in &profile.rows {
        if row.section != section {
            (section, number) = (row.section.as_str(), number + 1);
            text.push_str(&format!(
                "\n### 4.{number} {section}\n\n| Id | Asked by (status) | Requirement | Priority | Responsible | Risk | How | Tests | \
                 Not built |\n|---|---|---|---|---|---|---|---|---|\n"
            ));
        }
        let Row { id, text: asked, priority, responsible, how, risk, .. } = row;
        let Risk { class, failure } = risk;
        let clauses: Vec<String> = row.clauses.iter().map(|c| cited(profile, c)).collect();
        let (clauses, tests) = (clauses.join("; "), listed(&row.tests));
        let gap = row.gap.as_deref().unwrap_or("–");
        text.push_str(&format!(
            "| {id} | {clauses} | {asked} | {priority} | {responsible} | {class}: {failure} | {how} | {tests} | {gap} |\n"
        ));
    }
    text
}

fn cited(profile: &Profile, clause: &Clause) -> String {
    let text = profile.texts.iter().find(|text| text.tag == clause.text);
    let status = text.map_or("?", |text| &text.status);
    format!("{} ({status})", [clause.text.as_str(), &clause.at].join(" ").trim_end())
}

fn listed(tests: &[String]) -> String {
    if tests.is_empty() {
        return "–".to_owned();
    }
    tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join("<br>")
}

/// What is left to whom.
fn responsibilities(profile: &Profile) -> String {
    let ids = |responsible: &str| -> Vec<&str> {
        let of = profile.rows.iter().filter(|row| row.responsible == responsible);
        of.map(|row| row.id.as_str()).collect()
    };
    let mut text = format!(
        "\n## 5. Shared responsibility\n\nThe product alone: {}.\n\nEverything else, with what the product does in section 4:\n\n\
         | Id | Responsible | Whoever runs the machine | The regulated user |\n|---|---|---|---|\n",
        ids("product").join(", ")
    );
    for row in profile.rows.iter().filter(|row| row.responsible != "product") {
        let Row { id, responsible, duties, .. } = row;
        let (host, customer) = (duties.host.as_deref(), duties.customer.as_deref());
        text.push_str(&format!(
            "| {id} | {responsible} | {} | {} |\n",
            host.unwrap_or("–"),
            customer.unwrap_or("–")
        ));
    }
    text
}
