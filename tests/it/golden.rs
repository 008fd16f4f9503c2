//! What is promised to others and must not change unnoticed: roles, error codes, the API, the record formats.
//! Method: printed and held against a file of the repository. `UPDATE_GOLDEN=1 cargo test --test it golden` writes the files
//! anew; the change is then seen in review.

mod retention;
mod reviews;

use crate::evidence::{Files, story};
use crate::harness::{registration, repository, schema};
use crate::stories::acceptance::example;
use driftledger::access::account::Account;
use driftledger::access::role::{Role, permission_table};
use driftledger::api::description::openapi;
use driftledger::dataset::manifest::{DatasetManifest, MANIFEST_FORMAT};
use driftledger::dataset::sample::{SAMPLE_FORMAT, SampleHead};
use driftledger::dataset::schema::{SCHEMA_FORMAT, TableSchema};
use driftledger::dataset::split::{Period, SplitBy};
use driftledger::digest;
use driftledger::drift::acceptance::plan::{AcceptanceCriteria, PLAN_FORMAT};
use driftledger::drift::acceptance::run::{RUN_FORMAT, TestRun};
use driftledger::drift::compare::{COMPARISON_FORMAT, Comparison};
use driftledger::drift::episode::EpisodeState;
use driftledger::drift::report::{DriftReport, REPORT_FORMAT};
use driftledger::drift::study::{STUDY_FORMAT, Study};
use driftledger::evidence::manifest::{EVIDENCE_FORMAT, MANIFEST, Manifest};
use driftledger::ledger::upgrade::{
    StoreUpgrade, TableContent, TableKind, UPGRADE_FORMAT, UpgradedTable,
};
use driftledger::procedures::compare_files::{ComparedFiles, compare_files};
use driftledger::procedures::study_batches::{StudyFiles, study_batches};
use driftledger::provenance::configuration::{CONFIGURATION_FORMAT, Configuration};
use driftledger::provenance::model_record::{MODEL_RECORD_FORMAT, ModelRecord};
use driftledger::provenance::registration::{REGISTRATION_FORMAT, Registration};
use driftledger::provenance::risk::tier_table;
use driftledger::provenance::version_difference::VersionDifference;
use driftledger::review::change_record::{
    CHANGE_RECORD_FORMAT, ChangeKind, ChangeRecord, ChangeStatement, Followed, RiskEffect,
};
use driftledger::review::completeness::{
    Acceptance, Cited, Facts, TestRunFact, gaps, gaps_of_untouched, requirement_table,
};
use driftledger::review::decision::{DECISION_FORMAT, Decision};
use driftledger::review::effectiveness::{EffectivenessCheck, EffectivenessCriterion, Since};
use driftledger::review::episode_cycle::{
    EpisodeFacts, EpisodeRule, EpisodeStep, episode_rule_table,
};
use driftledger::review::episode_sheet::{
    AboutEpisode, EPISODE_STEP_FORMAT, EpisodeSheet, EpisodeStepInput, LookedUp,
};
use driftledger::review::identified::Identified;
use driftledger::review::life_cycle::{Rule, Step, VersionState, rule_table};
use driftledger::review::qualification::{
    CheckOutcome, Part, QUALIFICATION_FORMAT, Qualification, QualificationCheck,
};
use driftledger::review::record_signature::{RECORD_SIGNATURE_FORMAT, RecordSignature};
use driftledger::review::signature::{SIGNATURE_FORMAT, Signature};
use driftledger::review::step_sheet::{About, Composed, STEP_FORMAT, StepInput, StepSheet};
use driftledger::review::study_signature::{STUDY_SIGNATURE_FORMAT, StudySignature};
use driftledger::statistics::selftest::{CODES, run};
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Holds `found` against the file at `path`, or writes the file.
#[track_caller]
pub(crate) fn hold(path: &str, found: &str) {
    let file = repository(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, found).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = kept.lines().zip(found.lines()).find(|(kept, found)| kept != found);
    assert!(
        kept == found,
        "{path} is another now; first difference: {differs:?}. If that is meant, write it anew with UPDATE_GOLDEN=1"
    );
}

fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

/// The JSON Schema (2020-12) of the record `T`, whose field `field` always says `format`.
fn json_schema<T: ToSchema + PartialSchema>(format: &str, field: &str) -> Value {
    let mut named: Vec<(String, RefOr<Schema>)> = Vec::new();
    T::schemas(&mut named);
    let mut document = serde_json::to_value(T::schema()).unwrap();
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["$id"] = json!(format!("urn:{}", format.replace('/', ":")));
    document["title"] = json!(format);
    document["properties"][field]["const"] = json!(format);
    let parts: serde_json::Map<String, Value> =
        named.into_iter().map(|(name, part)| (name, serde_json::to_value(part).unwrap())).collect();
    if !parts.is_empty() {
        document["$defs"] = Value::Object(parts);
    }
    let text = document.to_string().replace("#/components/schemas/", "#/$defs/");
    serde_json::from_str(&text).unwrap()
}

/// Holds the schema of `T` against its file, and a record of the program against the schema.
#[track_caller]
fn hold_schema<T: ToSchema + PartialSchema>((format, field): (&str, &str), record: &Value) {
    let name = format.split('/').nth(1).unwrap();
    let schema = json_schema::<T>(format, field);
    hold(&format!("schemas/{name}.v1.json"), &pretty(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(record).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
    for required in schema["required"].as_array().unwrap() {
        let mut wrong = record.clone();
        wrong.as_object_mut().unwrap().remove(required.as_str().unwrap());
        assert!(!validator.is_valid(&wrong), "{name} is valid without {required}");
    }
    let mut wrong = record.clone();
    wrong[field] = json!("driftledger/other/v1");
    assert!(!validator.is_valid(&wrong), "{name} is valid under another format");
}

/// The first file of the evidence pack whose name starts so, as JSON.
fn packed(start: &str) -> Value {
    let files = Files::of(&story().whole);
    serde_json::from_slice(&files.0[&files.first(start)]).unwrap()
}

/// The document in a packed record row.
fn document(table: &str) -> Value {
    let row = packed(&format!("records/{table}/"));
    serde_json::from_str(row["document"].as_str().unwrap()).unwrap()
}

#[test]
fn an_upgrade_is_as_its_schema_says() {
    let table = |kind, rows, sha256| {
        let content = TableContent { rows, sha256 };
        let (before, after) = (content.clone(), content);
        let columns = vec!["id".to_owned()];
        UpgradedTable { table: "batch".to_owned(), kind, columns, before, after }
    };
    let upgrade = StoreUpgrade {
        format: UPGRADE_FORMAT.to_owned(),
        from_schema: 21,
        to_schema: 37,
        program: "driftledger 0.1.0+0000000000000000".to_owned(),
        entries: 40,
        tables: vec![
            table(TableKind::Record, 2, Some("0".repeat(64))),
            table(TableKind::Working, 3, None),
        ],
        made: vec!["time_stamp".to_owned()],
        duration_ms: 12,
    };
    let record = serde_json::to_value(upgrade).unwrap();
    hold_schema::<StoreUpgrade>((UPGRADE_FORMAT, "format"), &record);
}

#[test]
fn who_may_do_what_is_as_printed() {
    hold("tests/golden/roles.txt", &permission_table());
}

#[test]
fn the_life_of_a_version_is_as_printed() {
    let printed = format!(
        "Steps of a version: what is not here is refused.\n\n{}\nRisk: the tier by influence and consequence.\n\n{}\n\
         What must be there, from which tier on.\n\n{}",
        rule_table(),
        tier_table(),
        requirement_table()
    );
    hold("tests/golden/life_cycle.txt", &printed);
}

#[test]
fn the_life_of_an_alert_is_as_printed() {
    let printed =
        format!("Steps of an alert: what is not here is refused.\n\n{}", episode_rule_table());
    hold("tests/golden/alert_life.txt", &printed);
}

/// The sheet of an effectiveness check.
#[test]
fn the_sheet_of_a_step_of_an_alert_is_as_its_schema_says() {
    let criterion = EffectivenessCriterion {
        series: vec!["weight_mg/bins".to_owned()],
        batches: 2,
        version_id: "mv_1".to_owned(),
        version: "1".to_owned(),
        horizon_on: "2026-09-01".to_owned(),
    };
    let check = EffectivenessCheck::judge(&criterion, (7, 9), Since::default(), "2026-09-02");
    let rule = EpisodeRule::of(EpisodeState::ActionDone, EpisodeStep::Refute).unwrap();
    let input = EpisodeStepInput { reason: "no batch came".to_owned(), ..Default::default() };
    let found = LookedUp { check: Some(check), ..LookedUp::default() };
    let about = AboutEpisode { id: "ep_1", model: "tablets", version: "1", today: "2026-09-02" };
    let facts = EpisodeFacts { state: EpisodeState::ActionDone, ..EpisodeFacts::opened(3) };
    let sheet = EpisodeSheet::compose(rule, about, &facts, (&input, found)).unwrap();
    let record = serde_json::to_value(sheet).unwrap();
    hold_schema::<EpisodeSheet>((EPISODE_STEP_FORMAT, "format"), &record);
}

#[test]
fn a_model_record_a_step_and_its_signature_are_as_their_schemas_say() {
    let path = repository("sample_data/thyroid_garvan/model_record.json");
    let record: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    hold_schema::<ModelRecord>((MODEL_RECORD_FORMAT, "format"), &record);
    let template = ModelRecord::template(&registration("1", 1));
    let template = serde_json::to_value(template).unwrap();
    hold_schema::<ModelRecord>((MODEL_RECORD_FORMAT, "format"), &template);
    let (sheet, signature) = reviewed(serde_json::from_value(record).unwrap());
    hold_schema::<StepSheet>((STEP_FORMAT, "format"), &sheet);
    hold_schema::<RecordSignature>((RECORD_SIGNATURE_FORMAT, "format"), &signature);
}

/// The inbox says what is missing without reading a registration, where nothing else is recorded.
#[test]
fn what_an_untouched_version_lacks_is_what_its_facts_say() {
    let rule = Rule::of(VersionState::Draft, Step::Submit).unwrap();
    for rationale in ["", "limits that QA can review"] {
        for follows in [None, Some("1".to_owned())] {
            let of_little = gaps_of_untouched(rule, (rationale, follows.is_some()));
            let facts = Facts {
                registration: registration("2", 1),
                record: None,
                policy_rationale: rationale.to_owned(),
                acceptance: Acceptance::default(),
                studies: (0, 0),
                follows,
                change: None,
                taken: Vec::new(),
                changed_since_review: false,
            };
            assert_eq!(of_little, gaps(rule, &facts), "{rationale}: {:?}", facts.follows);
        }
    }
}

#[test]
fn a_change_record_and_a_configuration_are_as_their_schemas_say() {
    let (before, after) = (registration("1", 1), registration("2", 31));
    let record = ChangeRecord {
        format: CHANGE_RECORD_FORMAT.to_owned(),
        version_id: "mv_2".to_owned(),
        model: after.model.clone(),
        version: after.version.clone(),
        registration_sha256: "2".repeat(64),
        follows: Followed {
            version_id: "mv_1".to_owned(),
            version: before.version.clone(),
            registration_sha256: "1".repeat(64),
        },
        difference: VersionDifference::between(&before, &after),
        statement: ChangeStatement {
            kinds: vec![ChangeKind::Data],
            reason: "other rows".to_owned(),
            impact: "none known".to_owned(),
            risk: RiskEffect::Unchanged,
            retest: true,
            retest_rationale: "it was fitted on other rows".to_owned(),
            external_change: Some("CC-0042".to_owned()),
        },
    };
    record.validate().unwrap();
    let record = serde_json::to_value(record).unwrap();
    hold_schema::<ChangeRecord>((CHANGE_RECORD_FORMAT, "format"), &record);
    let configuration = serde_json::to_value(Configuration::of(&after).unwrap()).unwrap();
    hold_schema::<Configuration>((CONFIGURATION_FORMAT, "format"), &configuration);
}

#[test]
fn a_qualification_run_is_as_its_schema_says() {
    let run = Qualification {
        format: QUALIFICATION_FORMAT.to_owned(),
        part: Part::Performance,
        about: Some("tablets 1".to_owned()),
        program: "driftledger".to_owned(),
        program_sha256: Some("0".repeat(64)),
        ledger: "driftledger/0".to_owned(),
        started_at: "2026-01-01T00:00:00.000Z".to_owned(),
        finished_at: "2026-01-01T00:00:01.000Z".to_owned(),
        checks: vec![QualificationCheck {
            id: "PQ-01".to_owned(),
            requirements: vec!["MON-valid".to_owned()],
            question: "Is it found?".to_owned(),
            risk: "It is not found.".to_owned(),
            expected: "it is found".to_owned(),
            found: "it was found".to_owned(),
            outcome: CheckOutcome::Passed,
        }],
        passed: true,
    };
    run.validate().unwrap();
    let run = serde_json::to_value(run).unwrap();
    hold_schema::<Qualification>((QUALIFICATION_FORMAT, "format"), &run);
}

/// The sheet of a review of version 1, and a signature over it.
fn reviewed(record: ModelRecord) -> (Value, Value) {
    let cited = |id: &str, entry| Cited { id: id.to_owned(), sha256: "0".repeat(64), entry };
    let run = TestRunFact { run: cited("tr_1", 9), meets_plan: true };
    let facts = Facts {
        registration: registration("1", 1),
        record: Some((cited("md_1", 7), record)),
        policy_rationale: "limits that QA can review".to_owned(),
        acceptance: Acceptance { plan: Some(cited("ap_1", 8)), test_run: Some(run) },
        studies: (1, 1),
        follows: None,
        change: None,
        taken: Vec::new(),
        changed_since_review: false,
    };
    let rule = Rule::of(VersionState::Submitted, Step::Review).unwrap();
    let about = About {
        version_id: "mv_1",
        registration_sha256: "1",
        entry: 6,
        supersedes: &[],
        superseded_by: None,
    };
    let composed =
        StepSheet::compose(rule, about, &facts, (Role::Reviewer, &StepInput::default())).unwrap();
    let Composed::Sheet(sheet) = composed else { panic!("{composed:?}") };
    let signer = Account {
        id: "ac_1".to_owned(),
        user_name: "rosa".to_owned(),
        printed_name: "Rosa Reviewer".to_owned(),
        role: Role::Reviewer,
    };
    let bytes = sheet.bytes().unwrap();
    let shown = digest::sha256_hex(&bytes);
    let made =
        ("rs_1".to_owned(), "2026-06-01T08:00:00.000Z".to_owned(), Identified::by("password"));
    let signature = RecordSignature::over(
        ("version_step", "vs_1", &bytes),
        &shown,
        (signer, sheet.meaning),
        made,
    );
    (serde_json::to_value(sheet).unwrap(), serde_json::to_value(signature.unwrap()).unwrap())
}

#[test]
fn error_codes_and_their_statuses_are_as_printed() {
    let source = std::fs::read_to_string(repository("src/error.rs")).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for rest in source.split("(\"").skip(1) {
        let Some((code, rest)) = rest.split_once("\", ") else { continue };
        let status = rest.get(..3).unwrap_or_default();
        let is_code = code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if is_code && status.chars().all(|c| c.is_ascii_digit()) {
            lines.push(format!("{status} {code}\n"));
        }
    }
    lines.sort();
    lines.dedup();
    assert!(lines.len() > 20, "{lines:?}");
    hold("tests/golden/error_codes.txt", &lines.concat());
}

#[test]
fn the_api_is_as_described() {
    hold("schemas/openapi.json", &pretty(&serde_json::to_value(openapi()).unwrap()));
}

#[test]
fn every_reference_of_the_api_description_leads_somewhere() {
    let description = serde_json::to_value(openapi()).unwrap();
    let text = description.to_string();
    let parts = description["components"]["schemas"].as_object().unwrap();
    let mut named = 0;
    for rest in text.split("\"#/components/schemas/").skip(1) {
        let name = rest.split('"').next().unwrap();
        assert!(parts.contains_key(name), "`{name}` is not described");
        named += 1;
    }
    assert!(named > 20);
}

/// A part that allowed no other fields would contradict the parts beside it.
#[test]
fn no_part_of_a_record_described_in_parts_is_closed() {
    let description = serde_json::to_value(openapi()).unwrap();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    let mut seen = 0;
    for (name, schema) in schemas {
        for part in schema["allOf"].as_array().unwrap_or(&Vec::new()) {
            let told = part["$ref"].as_str().and_then(|path| path.rsplit('/').next());
            let part = told.map_or(part, |told| &schemas[told]);
            assert_ne!(part["additionalProperties"], json!(false), "{name}: {told:?} is closed");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn a_column_declaration_is_as_its_schema_says() {
    hold_schema::<TableSchema>((SCHEMA_FORMAT, "schema"), &schema());
    let path = repository("sample_data/thyroid_garvan/schema.json");
    let sample: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    hold_schema::<TableSchema>((SCHEMA_FORMAT, "schema"), &sample);
}

#[test]
fn a_dataset_manifest_is_as_its_schema_says() {
    let registration = registration("1", 1);
    let fingerprint = registration.datasets[0].fingerprint.clone();
    let manifest = DatasetManifest::new(registration.schema, fingerprint);
    let record = serde_json::to_value(&manifest).unwrap();
    hold_schema::<DatasetManifest>((MANIFEST_FORMAT, "format"), &record);
}

#[test]
fn the_first_line_of_a_sampling_proof_is_as_its_schema_says() {
    let table = registration("1", 1).datasets[0].fingerprint.table.clone();
    let (format, checkpoint) = (SAMPLE_FORMAT.to_owned(), "note".to_owned());
    let record = serde_json::to_value(SampleHead { format, checkpoint, blocks: 1, table }).unwrap();
    hold_schema::<SampleHead>((SAMPLE_FORMAT, "format"), &record);
}

#[test]
fn a_registration_is_as_its_schema_says() {
    let record = serde_json::to_value(registration("1", 1)).unwrap();
    hold_schema::<Registration>((REGISTRATION_FORMAT, "format"), &record);
}

#[test]
fn a_comparison_is_as_its_schema_says() {
    let sample = |name: &str| repository(&format!("sample_data/thyroid_garvan/{name}"));
    let schema = sample("schema.json");
    for batch in ["batches/1985-06.csv", "batches/1986-06.csv"] {
        let ComparedFiles { compared, .. } =
            compare_files(&sample("reference.csv"), &sample(batch), Some(&schema), false).unwrap();
        let record = serde_json::to_value(&compared.comparison).unwrap();
        hold_schema::<Comparison>((COMPARISON_FORMAT, "schema"), &record);
    }
}

#[test]
fn a_study_is_as_its_schema_says() {
    let sample = |name: &str| repository(&format!("sample_data/thyroid_garvan/{name}"));
    let by = SplitBy { column: "sample_date".to_owned(), period: Some(Period::Week) };
    let study = study_batches(&StudyFiles {
        batches: vec![sample("reference.csv")],
        schema: Some(sample("schema.json")),
        split: Some(by),
        sequences: Some(2),
        challenge_sequences: Some(2),
        ..StudyFiles::default()
    });
    let record = serde_json::to_value(study.unwrap()).unwrap();
    hold_schema::<Study>((STUDY_FORMAT, "format"), &record);
    let signer = Account {
        id: "ac_1".to_owned(),
        user_name: "rosa".to_owned(),
        printed_name: "Rosa Reviewer".to_owned(),
        role: Role::Reviewer,
    };
    let made = ("ss_1".to_owned(), "2026-06-01T08:00:00.000Z".to_owned());
    let shown = digest::sha256_hex(b"{}");
    let signature =
        StudySignature::over(("st_1", b"{}"), &shown, signer, made, Identified::by("password"));
    let record = serde_json::to_value(signature.unwrap()).unwrap();
    hold_schema::<StudySignature>((STUDY_SIGNATURE_FORMAT, "format"), &record);
}

#[test]
fn an_acceptance_plan_and_a_test_run_are_as_their_schemas_say() {
    let (plan, run) = example();
    hold_schema::<AcceptanceCriteria>(
        (PLAN_FORMAT, "format"),
        &serde_json::to_value(&plan).unwrap(),
    );
    hold_schema::<TestRun>((RUN_FORMAT, "format"), &serde_json::to_value(&run).unwrap());
}

#[test]
fn a_report_is_as_its_schema_says() {
    hold_schema::<DriftReport>((REPORT_FORMAT, "format"), &document("report"));
}

#[test]
fn a_decision_and_its_signature_are_as_their_schemas_say() {
    hold_schema::<Decision>((DECISION_FORMAT, "format"), &document("decision"));
    hold_schema::<Signature>((SIGNATURE_FORMAT, "format"), &document("signature"));
}

#[test]
fn the_list_of_an_evidence_pack_is_as_its_schema_says() {
    hold_schema::<Manifest>((EVIDENCE_FORMAT, "format"), &packed(MANIFEST));
}

/// The codes of the schema are those of the program; the files of known answers are valid under it.
#[test]
fn a_file_of_known_answers_is_as_its_schema_says() {
    let path = "schemas/vectors.v1.json";
    let kept = std::fs::read_to_string(repository(path)).unwrap();
    let mut schema: Value = serde_json::from_str(&kept).unwrap();
    schema["$defs"]["code"] = json!({ "enum": CODES });
    hold(path, &pretty(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for name in ["statistics", "e_detector", "peers"] {
        let file = std::fs::read(repository(&format!("tests/vectors/{name}.json"))).unwrap();
        let file: Value = serde_json::from_slice(&file).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let alone = json!({"vectors": [vector]});
            let faults: Vec<String> = validator
                .iter_errors(&alone)
                .map(|e| format!("{}: {}: {e}", vector["id"], e.instance_path()))
                .collect();
            assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
        }
        assert!(validator.is_valid(&file), "{name}");
    }
}

/// What is wrong under the schema is a failed outcome or an unreadable file for the program, too.
#[test]
fn what_the_schema_of_known_answers_forbids_does_not_pass() {
    let schema = std::fs::read_to_string(repository("schemas/vectors.v1.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let right = json!({"id": "a", "statistic": "ks", "inputs": {"reference": [1, 2], "batch": [1, 2]},
        "parameters": {"method": "exact"}, "expected": {"value": 0}});
    assert!(validator.is_valid(&json!({"vectors": [right]})));
    let wrong = |change: fn(&mut Value)| {
        let mut vector = right.clone();
        change(&mut vector);
        let file = json!({"vectors": [vector]});
        assert!(!validator.is_valid(&file), "{file}");
        let outcomes = run(serde_json::from_value(file).unwrap());
        assert!(!outcomes[0].passed && outcomes[0].id.contains('a'), "{outcomes:?}");
    };
    wrong(|v| v["statistic"] = json!("kss"));
    wrong(|v| v["parameters"] = json!({"method": "exat"}));
    wrong(|v| v["expected"] = json!({}));
    wrong(|v| v["expected"] = json!({"value": "null"}));
    wrong(|v| v["inputs"] = json!([1]));
    wrong(|v| v["tolerance"] = json!({"relative": "small"}));
    wrong(|v| drop(v.as_object_mut().unwrap().remove("expected")));
    wrong(|v| v["inputs"]["reference"] = json!(5));
    assert!(!validator.is_valid(&json!({"vector": []})));
}
