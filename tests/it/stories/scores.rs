//! Story: what no column shows by itself is seen, because scores of many columns are columns too.
//! Method: a version with T² and SPE of its inputs, an embedding, attributions and an undecided zone, over HTTP: a batch like the
//! reference, then one in which two inputs lose their correlation; afterwards the whole store is checked.

use crate::harness::{Laboratory, Visitor};
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::fingerprint_files::{RegistrationSources, make_registration};
use serde_json::{Value, json};
use std::fmt::Write as _;

const CSV: &str = "text/csv";

fn schema() -> Value {
    let number = |name: &str, role: &str| json!({"name": name, "role": role, "type": "float", "kind": "continuous"});
    let mut columns = vec![json!({"name": "well", "role": "id", "type": "int"})];
    columns.extend(["ph", "conductivity", "turbidity"].map(|name| number(name, "feature")));
    columns.extend(
        (0..4).map(|k| json!({"name": format!("image_{k}"), "role": "embedding", "type": "float"})),
    );
    columns.push(number("probability", "score"));
    columns.extend(["shap_ph", "shap_conductivity"].map(|name| number(name, "attribution")));
    json!({
        "schema": "driftledger/schema/v1",
        "columns": columns,
        "scores": [{"name": "inputs"}, {"name": "image", "prefix": "image_", "directions": 2}],
        "undecided": [{"column": "probability", "from": 0.4, "to": 0.6}],
    })
}

/// Sums of twelve draws less six: near enough to normal numbers.
fn table(rows: u64, seed: u64, broken: bool) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut normal = || (0..12).map(|_| draw()).sum::<f64>() - 6.0;
    let mut text = "well,ph,conductivity,turbidity,image_0,image_1,image_2,image_3,probability,shap_ph,shap_conductivity\n".to_owned();
    for well in 1..=rows {
        let (ph, noise, turbidity) = (normal(), normal(), normal());
        let conductivity = if broken { noise } else { 0.95 * ph + 0.312 * noise };
        let image: Vec<String> = (0..4).map(|_| format!("{:.4}", normal())).collect();
        let width = if broken { 0.12 } else { 0.4 };
        let probability = (0.5 + width * normal()).clamp(0.0, 1.0);
        let (own, other) = if broken { (0.2, 0.9) } else { (0.9, 0.2) };
        let _ = writeln!(
            text,
            "{},{ph:.4},{conductivity:.4},{turbidity:.4},{},{probability:.4},{:.4},{:.4}",
            seed * 1_000_000 + well,
            image.join(","),
            own * normal(),
            other * normal()
        );
    }
    text
}

fn register(program: &Visitor) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let sources = RegistrationSources {
        model: "wells".to_owned(),
        version: "1".to_owned(),
        train: file("train.csv", &table(300, 1, false)),
        reference: file("reference.csv", &table(3_000, 2, false)),
        artifacts: vec![file("model.bin", "weights")],
        schema: Some(file("schema.json", &schema().to_string())),
        ..RegistrationSources::default()
    };
    let registration = make_registration(&sources, |_| ()).unwrap();
    let again = make_registration(&sources, |_| ()).unwrap();
    assert_eq!(registration.reference, again.reference, "the same rows, the same reference");
    let mut forged = serde_json::to_value(&registration).unwrap();
    let answer = program.post("/api/v1/models/wells/versions", &forged);
    assert_eq!(answer.status, 201, "{answer:?}");
    forged["version"] = json!("2");
    forged["reference"]["derived"]["scores"][0]["deviations"][0] = json!(0.0);
    let answer = program.post("/api/v1/models/wells/versions", &forged);
    assert!(answer.text("detail").contains("group `inputs`"), "{answer:?}");
}

fn feature<'report>(report: &'report Value, name: &str) -> &'report Value {
    let mut features = report["features"].as_array().unwrap().iter();
    features.find(|feature| feature["feature"] == name).unwrap_or_else(|| panic!("no `{name}`"))
}

#[test]
fn a_lost_correlation_is_drift_of_spe_and_names_its_columns() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let send = |name: &str, rows: &str| {
        let path = format!("/api/v1/models/wells/versions/1/batches?name={name}");
        let answer = program.post_table(&path, CSV, rows.as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
        (program.get(&format!("/api/v1/reports/{}", answer.text("id"))).body, answer)
    };
    let (quiet, _) = send("like-the-reference", &table(1_500, 3, false));
    assert_ne!(quiet["verdict"], "drift", "{}", quiet["features"]);
    assert!(quiet["attribution"]["ndcg"].as_f64().unwrap() > 0.999);
    for name in ["inputs.t2", "image.distance", "image.direction_2", "probability.undecided"] {
        assert_ne!(feature(&quiet, name)["verdict"], "drift");
    }
    let names: Vec<&str> = quiet["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["feature"].as_str().unwrap())
        .collect();
    assert!(!names.contains(&"image_0"), "an embedding is seen through its scores: {names:?}");

    let (moved, answer) = send("correlation-lost", &table(1_500, 4, true));
    for name in ["ph", "conductivity", "turbidity"] {
        assert_ne!(feature(&moved, name)["verdict"], "drift", "no column alone shows it: {name}");
    }
    let spe = feature(&moved, "inputs.spe");
    assert_eq!(spe["verdict"], "drift");
    let columns: Vec<&str> = spe["contributions"]
        .as_array()
        .unwrap()
        .iter()
        .take(2)
        .map(|contribution| contribution["column"].as_str().unwrap())
        .collect();
    assert!(columns.contains(&"ph") && columns.contains(&"conductivity"), "{columns:?}");
    let sentence = spe["sentence"].as_str().unwrap();
    assert!(sentence.contains("comes mostly from"), "{sentence}");
    assert_ne!(feature(&moved, "image.t2")["verdict"], "drift");
    let undecided = feature(&moved, "probability.undecided");
    assert_eq!(undecided["verdict"], "drift", "{}", undecided["sentence"]);
    let explanation = &moved["attribution"];
    assert!(explanation["ndcg"].as_f64().unwrap() < 0.9, "{explanation}");
    assert!(explanation["share_moved"].as_f64().unwrap() > 0.5, "{explanation}");

    let page = laboratory.signed_in("rosa").read(&format!("/reports/{}", answer.text("id")));
    for part in ["Columns behind inputs.spe", "Explanation of the model", "probability.undecided"] {
        assert!(page.contains(part), "{part}");
    }
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!((checked.examined.reports, checked.examined.other_build), (2, 0));
}
