//! Part of the story of evidence packs: QA reads how ready the installation is for an inspection, records it once the period is over, and
//! the inspector holds the recorded sheet against its digest without the server; one whose figures were changed is named.

use crate::evidence::Files;
use crate::harness::{Laboratory, Visitor};
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

const PERIOD: &str = "from=2026-06-01&to=2026-06-06";

fn indicator<'a>(sheet: &'a Value, code: &str) -> &'a Value {
    let all = sheet["indicators"].as_array().unwrap();
    all.iter().find(|one| one["code"] == code).unwrap_or_else(|| panic!("{code}: {sheet}"))
}

/// What the API says about the period in which the alert was acknowledged and packs were taken.
pub(super) fn are_read(visitor: &Visitor, alert: &str) {
    let sheet = visitor.get(&format!("/api/v1/indicators?{PERIOD}")).body;
    let packs = visitor.get("/api/v1/evidence").body.as_array().unwrap().len();
    let evidence = &indicator(&sheet, "time_to_evidence")["outcome"];
    assert_eq!(evidence["figures"][0]["denominator"], packs, "{evidence}");
    assert_eq!(evidence["rows"].as_array().unwrap().len(), packs);
    assert_eq!(evidence["warning"]["given"], "no");
    let seen = &indicator(&sheet, "alert_acknowledge_time")["outcome"];
    let opened = visitor.get(&format!("/api/v1/alerts/{alert}")).body;
    let opened = opened["episode"]["opened_at"].as_str().or(opened["opened_at"].as_str()).unwrap();
    // It was acknowledged on Thursday at 8:00, a day after its due day where it opened on Tuesday.
    let (hours, late) = match opened.get(..13).unwrap() {
        "2026-06-02T08" => (48.0, "yes"),
        "2026-06-03T08" => (24.0, "no"),
        other => panic!("{other}"),
    };
    assert_eq!(seen["figures"][0]["value"].as_f64(), Some(hours), "{seen}");
    assert_eq!(seen["warning"]["given"], late, "{seen}");
    assert_eq!(seen["rows"][0]["path"], format!("/alerts/{alert}"));
    let none = &indicator(&sheet, "leavers")["outcome"];
    assert!(none["reason"].as_str().unwrap().contains("when somebody leaves"), "{none}");
    for wrong in ["from=2026-06-06&to=2026-06-01", "from=soon&to=2026-06-01"] {
        let refused = visitor.get(&format!("/api/v1/indicators?{wrong}"));
        refused.problem(422, "review_not_valid");
    }
    let page = visitor.read(&format!("/indicators?{PERIOD}"));
    assert!(page.contains("Time to evidence") && page.contains("Rows behind"), "{page}");
    assert!(page.contains(&format!("href=\"/alerts/{alert}\"")), "a row is a click away");
    let table = visitor.read(&format!("/indicators.csv?{PERIOD}"));
    assert!(table.starts_with("theme,code,name,") && table.contains(",leavers,"), "{table}");
}

/// They are recorded by QA, once the period is over; the sheet is in packs, and holds.
pub(super) fn are_recorded(laboratory: &Laboratory) {
    let asked = json!({"from": "2026-06-01", "to": "2026-06-06"});
    let path = "/api/v1/indicators/recorded";
    let early = laboratory.signed_in("quentin").post(path, &asked);
    assert!(early.problem(422, "review_not_valid").contains("not over"), "{early:?}");
    laboratory.later(2 * 86_400);
    laboratory.program().post(path, &asked).problem(403, "not_permitted");
    let rosa = laboratory.signed_in("rosa");
    rosa.post(path, &asked).problem(403, "not_permitted");
    assert!(rosa.read("/indicators").contains("Your role records no indicators"));
    let quentin = laboratory.signed_in("quentin");
    let recorded = quentin.post(path, &asked);
    assert_eq!(recorded.status, 201, "{recorded:?}");
    let view = rosa.get(&format!("{path}/{}", recorded.text("id"))).body;
    let bytes = canonical_json(&view["sheet"]).unwrap();
    assert_eq!(sha256_hex(&bytes), recorded.text("sha256"), "the digest is of what is shown");
    assert_eq!(view["not_evaluated"], recorded.body["not_evaluated"]);
    let page = quentin.page("/indicators", Some(&[("from", "2026-06-01"), ("to", "2026-06-06")]));
    assert!(page.contains("Recorded indicators") && page.contains("2026-06-06"), "{page}");
    let table = rosa.read(&format!("/indicators/{}/table.csv", recorded.text("id")));
    assert!(table.contains("time_to_evidence"), "{table}");
    rosa.get(&format!("{path}/is_none")).problem(404, "not_found");

    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!((checked.findings, checked.examined.indicator_sheets), (vec![], 2));
    let pack = laboratory.signed_in("ines").bytes("/api/v1/evidence/pack");
    laboratory.leave("indicators", &pack);
    let verified = verify(Cursor::new(&pack), None, &mut |_| ()).unwrap();
    assert_eq!((verified.findings, verified.checked.examined.indicator_sheets), (vec![], 2));

    let mut files = Files::of(&pack);
    let name = files.first("records/indicator_sheet/");
    let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
    let mut sheet: Value = serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
    for one in sheet["indicators"].as_array_mut().unwrap() {
        if one["outcome"]["figures"][0]["statistic"] == "share" {
            one["outcome"]["figures"][0]["value"] = json!(0.123);
        }
    }
    let bytes = canonical_json(&sheet).unwrap();
    row["sha256"] = json!(sha256_hex(&bytes));
    row["document"] = json!(String::from_utf8(bytes).unwrap());
    files.0.insert(name.clone(), canonical_json(&row).unwrap());
    files.relist();
    let found = verify(Cursor::new(files.seal()), None, &mut |_| ()).unwrap().findings;
    let told = found.iter().any(|one| one.code == "indicators_not_valid" && one.file == name);
    assert!(told, "{found:#?}");
}
