//! Story: batches are due every week, and one does not come.
//! Method: the API over HTTP; the clock stands still until the story moves it, and the watch is run as the server runs it.

use crate::harness::{Laboratory, MODEL, VERSION_PATH, registration, table};
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::watch_silence::watch_silence;
use serde_json::Value;

fn send(program: &crate::harness::Visitor, name: &str, period: &str, seed: u64) -> String {
    let (start, end) = period.split_once('/').unwrap();
    let query = format!("name={name}&period_start={start}&period_end={end}");
    let path = format!("{VERSION_PATH}/batches?{query}");
    let answer = program.post_table(&path, "text/csv", table(200, seed, 0.0).as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.text("id").to_owned()
}

fn alerts(program: &crate::harness::Visitor) -> Vec<Value> {
    program.get("/api/v1/alerts").body.as_array().unwrap().clone()
}

#[test]
fn a_batch_that_does_not_come_is_told_once_and_the_next_one_joins_the_alert() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let mut body = serde_json::to_value(registration("1", 1)).unwrap();
    body["policy"]["cadence"] = "weekly".into();
    body["policy"]["grace_days"] = 1.into();
    let made = program.post(&format!("/api/v1/models/{MODEL}/versions"), &body);
    assert_eq!(made.status, 201, "{made:?}");
    let to = |time: &str| laboratory.clock.set(time.parse().unwrap());
    let watch = || watch_silence(&laboratory.store).unwrap().len();

    to("2026-06-09T07:59:00Z");
    assert_eq!(watch(), 0, "seven days and one of grace after registration are not over");
    to("2026-06-09T08:00:00Z");
    assert_eq!((watch(), watch()), (1, 0), "told once");
    send(&program, "w24", "2026-06-08T00:00:00Z/2026-06-15T00:00:00Z", 5);

    to("2026-06-22T23:00:00Z");
    assert_eq!(watch(), 0);
    to("2026-06-23T00:00:00Z");
    assert_eq!((watch(), watch()), (1, 0));
    let told = alerts(&program);
    let said = told[0]["opening"]["sentences"][0].as_str().unwrap();
    assert_eq!(
        said,
        "no batch has come since `w24`, which covers until 2026-06-15T00:00:00.000Z; the next was due by \
         2026-06-23T00:00:00.000Z"
    );
    // The batch that ends the silence leaves a gap of two weeks: the same silence, not a second alert.
    let report = send(&program, "w27", "2026-06-29T00:00:00Z/2026-07-06T00:00:00Z", 6);
    assert_eq!(alerts(&program).len(), told.len());
    let id = told[0]["id"].as_str().unwrap();
    let story = program.get(&format!("/api/v1/alerts/{id}"));
    assert_eq!(story.body["reports"][0]["id"], report, "{story:?}");
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
}
