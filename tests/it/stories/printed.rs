//! Story: an inspector takes the evidence home on paper, QA prints a qualification run, and somebody prints a copy of a record.
//! Method: the API over HTTP; the PDF is read as bytes, since its metadata and its list of attachments stand in it as text. What a page
//! says, and whether the file is valid PDF/A-3 and PDF/UA, is asked of others in `tests/interop/pdf`.

use crate::harness::{Laboratory, VERSION_PATH, register, table};
use driftledger::procedures::administer::host;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::qualify_installation::qualify_installation;
use driftledger::procedures::record_qualification::record_qualification;
use driftledger::review::qualification::Part;

/// Whether `bytes` hold this text.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn is_archival(pdf: &[u8]) -> bool {
    let says = |text: &str| holds(pdf, text);
    pdf.starts_with(b"%PDF-1.7")
        && says("<pdfaid:part>3</pdfaid:part>")
        && says("<pdfaid:conformance>A</pdfaid:conformance>")
        && says("<pdfuaid:part>1</pdfuaid:part>")
}

#[test] // P11-10b1, P11-10b2
fn evidence_is_printed_for_whoever_may_read_and_recorded_as_a_pack_is() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let mut batch = String::new();
    for (day, shift) in [0.0, 6.0, 6.0].into_iter().enumerate() {
        let rows = table(400, 50 + day as u64, shift);
        let sent = program.post_batch(&format!("day {day}"), "text/csv", rows.as_bytes());
        assert_eq!(sent.status, 201, "{sent:?}");
        batch = sent.text("batch_id").to_owned();
        laboratory.later(86_400);
    }
    let alert = program.get("/api/v1/alerts").body[0]["id"].clone();
    let inspector = laboratory.signed_in("ines");
    let version = of_path(VERSION_PATH);
    for query in
        [version.clone(), format!("batch={batch}"), format!("alert={}", alert.as_str().unwrap())]
    {
        let pdf = inspector.bytes(&format!("/api/v1/evidence/report.pdf?{query}"));
        assert!(is_archival(&pdf), "{query}");
        for name in ["evidence.zip", "checkpoint.txt", "MANIFEST.json"] {
            assert!(holds(&pdf, name), "{query}: {name}");
        }
        assert!(holds(&pdf, "/AFRelationship"), "{query}");
    }
    let taken = inspector.get("/api/v1/evidence").body;
    assert_eq!(taken.as_array().unwrap().len(), 3, "{taken}");
    let unknown = inspector.get("/api/v1/evidence/report.pdf?batch=ba_none");
    assert_eq!(unknown.status, 404, "{unknown:?}");
    let stranger = laboratory.stranger().get(&format!("/api/v1/evidence/report.pdf?{version}"));
    assert_eq!(stranger.status, 401, "{stranger:?}");
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

fn of_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let after = |word| parts[parts.iter().position(|part| *part == word).unwrap() + 1];
    format!("model={}&version={}", after("models"), after("versions"))
}

#[test] // P11-10b1, CSA-1
fn a_qualification_run_and_a_record_are_printed_with_their_data() {
    let laboratory = Laboratory::open();
    let checks = qualify_installation(&laboratory.store).unwrap();
    let started = laboratory.store.clock().now_text();
    record_qualification(&laboratory.store, &host(), (Part::Installation, None), started, checks)
        .unwrap();
    let qa = laboratory.signed_in("quentin");
    let id = qa.get("/api/v1/qualifications").body[0]["id"].as_str().unwrap().to_owned();
    let pdf = qa.bytes(&format!("/api/v1/qualifications/{id}/report.pdf"));
    assert!(is_archival(&pdf) && holds(&pdf, "qualification.json"));
    assert_eq!(
        pdf,
        qa.bytes(&format!("/api/v1/qualifications/{id}/report.pdf")),
        "same time, same bytes"
    );
    let page = qa.read(&format!("/qualifications/{id}"));
    assert!(page.contains(&format!("/api/v1/qualifications/{id}/report.pdf")), "{page}");
    let copy = qa.bytes(&format!("/api/v1/records/qualification/{id}/copy.pdf"));
    assert!(is_archival(&copy) && holds(&copy, "record.json"));
    assert_eq!(qa.get("/api/v1/records/credential/x/copy.pdf").status, 404);
    let taken = qa.get("/api/v1/evidence").body;
    assert_eq!(taken.as_array().unwrap().len(), 0, "reading a record takes nothing: {taken}");
}
