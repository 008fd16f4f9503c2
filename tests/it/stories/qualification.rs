//! Story: an installation is qualified; QA signs what passed, nobody signs what failed, and every attempt stays.
//! Method: the procedures of the command on a store that a server serves, the API over HTTP; then the store is checked.

use crate::harness::Laboratory;
use driftledger::procedures::administer::host;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::qualify_installation::qualify_installation;
use driftledger::procedures::record_qualification::record_qualification;
use driftledger::review::qualification::{CheckOutcome, Part, QualificationCheck};
use serde_json::json;

fn record(laboratory: &Laboratory, checks: Vec<QualificationCheck>) -> bool {
    let started = laboratory.store.clock().now_text();
    let part = (Part::Installation, None);
    record_qualification(&laboratory.store, &host(), part, started, checks).unwrap().value.passed
}

#[test] // CSA-1, P11-10a1
fn what_passed_is_signed_by_qa_and_what_failed_stays() {
    let laboratory = Laboratory::open();
    let checks = qualify_installation(&laboratory.store).unwrap();
    let of = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    assert_eq!(of(CheckOutcome::Failed), 0, "{checks:#?}");
    assert!(of(CheckOutcome::Passed) >= 7 && of(CheckOutcome::ForAPerson) >= 3);
    assert!(record(&laboratory, checks.clone()));
    let mut broken = checks;
    broken[0].outcome = CheckOutcome::Failed;
    assert!(!record(&laboratory, broken));

    let qa = laboratory.signed_in("quentin");
    let listed = qa.get("/api/v1/qualifications").body;
    let (failed, passed) = (&listed[0], &listed[1]);
    assert_eq!((&failed["passed"], &passed["passed"]), (&json!(false), &json!(true)));
    let sign = |run: &serde_json::Value, sha256: &str| {
        let path = format!("/api/v1/qualifications/{}/signature", run["id"].as_str().unwrap());
        let password = laboratory.password("quentin");
        qa.post(&path, &json!({"qualification_sha256": sha256, "password": password}))
    };
    sign(failed, failed["sha256"].as_str().unwrap()).problem(409, "conflict");
    sign(passed, &"0".repeat(64)).problem(409, "record_changed");
    let signed = sign(passed, passed["sha256"].as_str().unwrap());
    assert_eq!(signed.status, 201, "{}", signed.body);
    assert_eq!(signed.body["meaning"], "approves_qualification");
    sign(passed, passed["sha256"].as_str().unwrap()).problem(409, "conflict");

    let page = qa.read(&format!("/qualifications/{}", passed["id"].as_str().unwrap()));
    assert!(page.contains("examined and approves this qualification run"), "{page}");
    let page = qa.read("/qualifications");
    assert!(page.contains("1 failed") && page.contains("not signed"), "{page}");
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!(
        (checked.findings.len(), checked.examined.qualifications),
        (0, 2),
        "{:?}",
        checked.findings
    );
}
