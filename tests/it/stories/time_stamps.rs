//! Story: an authority outside states when it saw the ledger, and nobody believes in a time stamp that is not there.
//! Method: the procedures behind the server on a laboratory whose clock stands still, and an authority that is made here, with a certificate
//! by OpenSSL (`tests/vectors/time_stamps.json`). OpenSSL itself as authority and as verifier stands in `tests/interop/timestamps`.

use crate::evidence::packs::verified;
use crate::evidence::{Files, export};
use crate::harness::{Laboratory, MODEL, register};
use base64ct::{Base64, Encoding as _};
use driftledger::clock::Clock;
use driftledger::digest;
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::{Believed, Trust, Verification, verify};
use driftledger::ledger::entry::{Actor, EntryType};
use driftledger::ledger::time_stamp::{TimeStamp, TrustedRoots};
use driftledger::procedures::back_up::back_up;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::stamp_checkpoint::{attach_answer, prepare_query};
use driftledger::procedures::watch_time_stamps::{
    StampSchedule, is_due, record_schedule, stamp_scheduled, watch_lateness,
};
use driftledger::store::time_stamps::{StampContent, StampEvent, StampKind};
use jiff::SignedDuration;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};
use std::io::Cursor;

const DAY: u64 = 24 * 3600;
const HOUR: i64 = 3600;
const ADDRESS: &str = "https://tsa.example/";

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/time_stamps.json")).unwrap()
}

fn roots(field: &str) -> TrustedRoots {
    TrustedRoots::from_pem(vectors()[field].as_str().unwrap()).unwrap()
}

/// An element of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut bytes = vec![tag];
    match content.len() {
        0..0x80 => bytes.push(length[1]),
        0x80..0x100 => bytes.extend([0x81, length[1]]),
        _ => bytes.extend([0x82, length[0], length[1]]),
    }
    bytes.extend(content);
    bytes
}

fn oid(hexadecimal: &str) -> Vec<u8> {
    der(0x06, &[&hex::decode(hexadecimal).unwrap()])
}

/// What an authority answers to `query` at `time`: it stamps whatever digest it is shown.
fn stamp(query: &[u8], time: jiff::Timestamp) -> Vec<u8> {
    let (found, sha256) = (vectors(), oid("608648016503040201"));
    let pem = found["authority"]["certificate"].as_str().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let certificate = Base64::decode_vec(&body).unwrap();
    let key = SigningKey::from_pkcs8_pem(found["authority"]["key"].as_str().unwrap()).unwrap();
    // Of a query of this program: version, imprint, nonce, whether certificates are wanted.
    let imprint = &query[5..7 + usize::from(query[6])];
    let nonce = &query[5 + imprint.len()..query.len() - 3];
    let time = time.strftime("%Y%m%d%H%M%SZ").to_string();
    let info = der(
        0x30,
        &[&[2, 1, 1], &oid("2a0304"), imprint, &[2, 1, 7], &der(0x18, &[time.as_bytes()]), nonce],
    );
    let (tst_info, rfc9) = (oid("2a864886f70d0109100104"), "2a864886f70d0109");
    let named = der(0x30, &[&der(0x04, &[&digest::sha256(&certificate)])]);
    let attribute = |name: &str, value: &[u8]| {
        der(0x30, &[&oid(&format!("{rfc9}{name}")), &der(0x31, &[value])])
    };
    let attributes = [
        attribute("03", &tst_info),
        attribute("04", &der(0x04, &[&digest::sha256(&info)])),
        attribute("10022f", &der(0x30, &[&der(0x30, &[&named])])),
    ]
    .concat();
    let signature: p256::ecdsa::DerSignature = key.sign(&der(0x31, &[&attributes]));
    let signer = der(
        0x30,
        &[
            &[2, 1, 3],
            &[0x80, 1, 0],
            &der(0x30, &[&sha256]),
            &der(0xa0, &[&attributes]),
            &der(0x30, &[&oid("2a8648ce3d040302")]),
            &der(0x04, &[signature.as_bytes()]),
        ],
    );
    let content = der(0x30, &[&tst_info, &der(0xa0, &[&der(0x04, &[&info])])]);
    let data = der(
        0x30,
        &[
            &[2, 1, 3],
            &der(0x31, &[&der(0x30, &[&sha256])]),
            &content,
            &der(0xa0, &[&certificate]),
            &der(0x31, &[&signer]),
        ],
    );
    let token = der(0x30, &[&oid("2a864886f70d010702"), &der(0xa0, &[&data])]);
    der(0x30, &[&[0x30, 3, 2, 1, 0], &token])
}

/// What an authority answers to a query, or why nothing comes.
type Answers<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<u8>, String>;

/// A laboratory with a daily schedule.
fn scheduled() -> (Laboratory, StampSchedule) {
    let laboratory = Laboratory::open();
    let schedule = StampSchedule::new(ADDRESS, roots("root"), DAY).unwrap();
    record_schedule(&laboratory.store, Some(&schedule)).unwrap();
    (laboratory, schedule)
}

/// What a round of the server does: whether a stamp was due, and whether it was kept.
fn round(laboratory: &Laboratory, schedule: &StampSchedule) -> Option<bool> {
    let now = laboratory.clock.now();
    round_with(laboratory, schedule, &move |query| Ok(stamp(query, now)))
}

fn round_with(
    laboratory: &Laboratory,
    schedule: &StampSchedule,
    answer: Answers<'_>,
) -> Option<bool> {
    watch_lateness(&laboratory.store).unwrap();
    let due = is_due(&laboratory.store, schedule).unwrap();
    let send = |address: &str, query: &[u8]| {
        assert_eq!(address, ADDRESS);
        answer(query)
    };
    due.then(|| stamp_scheduled(&laboratory.store, schedule, &send).unwrap())
}

fn view(laboratory: &Laboratory) -> Value {
    laboratory.signed_in("ines").get("/api/v1/time-stamps").body
}

fn kinds(view: &Value) -> Vec<&str> {
    view["events"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect()
}

fn believing(pack: &[u8], roots: &TrustedRoots) -> Verification {
    let believed = Believed { ledger: Trust::Packed, authorities: Some(roots), earlier: &[] };
    verify(Cursor::new(pack), believed, &mut |_| ()).unwrap()
}

fn check(laboratory: &Laboratory) {
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

#[test] // AT-anchor
fn a_stamped_ledger_existed_by_the_time_that_the_authority_states() {
    let (laboratory, schedule) = scheduled();
    let program = laboratory.program();
    register(&program);
    let size = laboratory.store.read(|tx| tx.head()).unwrap().size;
    assert_eq!(round(&laboratory, &schedule), Some(true));
    assert_eq!(round(&laboratory, &schedule), None, "one a day");
    laboratory.later(24 * HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    let found = view(&laboratory);
    assert_eq!(
        (found["state"].as_str(), kinds(&found)),
        (Some("good"), vec!["kept", "kept", "scheduled"])
    );
    let first = &found["events"][1]["content"];
    assert_eq!((&first["entries"], &first["serial"]), (&json!(size), &json!("07")));
    assert_eq!(first["stated_at"], "2026-06-01T08:00:00.000Z");
    assert_eq!(first["signer"], "stamps by p256, Test Authority");
    let page = laboratory.signed_in("adam").read("/system");
    assert!(page.contains("Checkpoints are stamped as scheduled."), "{page}");
    assert!(page.contains("stamps by p256, Test Authority"), "{page}");
    check(&laboratory);

    let pack = export(&laboratory.store, &Scope::whole()).0;
    let found = believing(&pack, &roots("root"));
    assert_eq!(found.findings, []);
    assert_eq!((found.checked.stamped, found.checked.examined.time_stamps), (2, 2));
    let stamped: Vec<_> =
        found.stamped.iter().map(|one| (one.size, one.time.to_string(), one.is_trusted)).collect();
    assert_eq!(stamped[0], (size, "2026-06-01T08:00:00Z".to_owned(), true));
    assert_eq!(stamped[1].1, "2026-06-02T08:00:00Z");
    // Without the root it is said that nobody checked; under another one it is a finding.
    let found = verified(&pack, None);
    assert_eq!(found.findings, []);
    assert!(found.stamped.iter().all(|one| !one.is_trusted));
    let found = believing(&pack, &roots("stranger"));
    assert_eq!(found.findings.len(), 2);
    assert!(found.findings.iter().all(|finding| finding.code == "stamp_untrusted"));
}

#[test] // AT-anchor
fn a_pack_of_one_version_brings_the_first_stamp_after_each_of_its_acts() {
    let (laboratory, schedule) = scheduled();
    register(&laboratory.program());
    let mut sizes = Vec::new();
    for _ in 0..4 {
        sizes.push(laboratory.store.read(|tx| tx.head()).unwrap().size);
        assert_eq!(round(&laboratory, &schedule), Some(true));
        laboratory.later(24 * HOUR);
    }
    let pack = export(&laboratory.store, &Scope::of(MODEL, None)).0;
    let found = believing(&pack, &roots("root"));
    assert_eq!(found.findings, []);
    // Nothing about the model happened after the first stamp: that one bounds all of it, the last one is the newest.
    let stamped: Vec<_> = found.stamped.iter().map(|one| one.size).collect();
    assert_eq!(stamped, [sizes[0], sizes[3]]);
    assert_eq!(found.checked.examined.time_stamps, 2);
    let none = export(&Laboratory::open().store, &Scope::whole()).0;
    let found = believing(&none, &roots("root")).findings;
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["not_stamped"]);
}

#[test] // AT-anchor
fn a_stamp_that_was_changed_is_named_in_the_store_and_in_a_pack() {
    let (laboratory, schedule) = scheduled();
    assert_eq!(round(&laboratory, &schedule), Some(true));
    laboratory.later(24 * HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    let pack = export(&laboratory.store, &Scope::whole()).0;
    let clean = Files::of(&pack);
    let names: Vec<String> =
        clean.0.keys().filter(|name| name.starts_with("stamped/")).cloned().collect();
    assert_eq!(names.len(), 4);
    for name in &names {
        for place in (0..clean.0[name].len()).step_by(97) {
            let mut files = clean.clone();
            files.0.get_mut(name).unwrap()[place] ^= 1;
            files.relist();
            let found = verified(&files.seal(), None).findings;
            assert!(
                found.iter().any(|finding| finding.file == *name),
                "{name} {place}: {found:#?}"
            );
        }
        let mut files = clean.clone();
        files.0.remove(name);
        files.relist();
        let found = verified(&files.seal(), None).findings;
        assert!(found.iter().any(|finding| finding.file == *name), "{name}: {found:#?}");
    }
    let mut files = clean.clone();
    let bytes = files.0[&names[1]].clone();
    files.0.insert(names[1].replace(".tsr", ".txt"), bytes);
    files.relist();
    let found = verified(&files.seal(), None).findings;
    assert!(found.iter().any(|finding| finding.code == "stamp_invalid"), "{found:#?}");

    for (column, value) in
        [("stated_at", "'2026-05-01T08:00:00.000Z'"), ("signer", "'somebody'"), ("entries", "1")]
    {
        let copy = laboratory.folder.path().join(column);
        back_up(laboratory.store.folder(), &copy, &Clock::system(), &mut |_| ()).unwrap();
        attack(&copy, &format!("UPDATE time_stamp SET {column} = {value} WHERE kind = 'kept'"));
        let found = check_store(&copy, &mut |_| ()).unwrap().findings;
        let told = found.iter().any(|f| f.code == "record_disagrees" && f.table == "time_stamp");
        assert!(told, "{column}: {found:#?}");
    }
}

#[test] // AT-anchor
fn a_time_that_does_not_fit_the_entries_is_not_kept_and_told_where_it_is_recorded_all_the_same() {
    let laboratory = Laboratory::open();
    let (store, root) = (&laboratory.store, roots("root"));
    for seconds in [-120, 120] {
        let query = prepare_query(store).unwrap().query;
        let time = laboratory.clock.now() + SignedDuration::from_secs(seconds);
        let response = stamp(&query, time);
        let refused = attach_answer(store, (&query, &response), &root, "SOP 14").unwrap_err();
        let words = if seconds < 0 { "more than 60 s before" } else { "more than 60 s after" };
        assert!(refused.to_string().contains(words), "{refused}");
        // As somebody who has the store would write it.
        let head = store.read(|tx| tx.head()).unwrap();
        let opened = TimeStamp::open(&response, head.checkpoint.as_bytes()).unwrap();
        let response = Base64::encode_string(&response);
        let content = StampContent::of((head.size, head.checkpoint), response, opened.stated());
        let event = StampEvent {
            kind: StampKind::Kept,
            authority: ADDRESS.to_owned(),
            detail: String::new(),
            every_seconds: None,
            content: Some(content),
        };
        let (actor, id) = (Actor::new("system", "system", "local"), format!("ts_{seconds}"));
        store
            .write(&actor, EntryType::TimeStampRun, |tx| tx.insert_time_stamp(&id, &event))
            .unwrap();
    }
    let found = check_store(store.folder(), &mut |_| ()).unwrap().findings;
    let told: Vec<_> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(told, ["stamp_time_differs"; 2], "{found:#?}");
    let found = believing(&export(store, &Scope::whole()).0, &root).findings;
    let told: Vec<_> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(told, ["stamp_time_differs"; 2], "{found:#?}");
}

/// Changes rows as somebody who owns the database file would.
#[expect(clippy::disallowed_methods, reason = "the attack does not go through the store")]
fn attack(folder: &std::path::Path, sql: &str) {
    let database = rusqlite::Connection::open(folder.join("driftledger.db")).unwrap();
    database.execute_batch(&format!("DROP TRIGGER time_stamp_no_update; {sql}")).unwrap();
}

#[test] // AT-anchor
fn an_authority_that_fails_is_told_once_asked_again_and_missed() {
    let (laboratory, schedule) = scheduled();
    let target = json!({"name": "duty", "channel": "webhook", "address": "https://192.0.2.1/hook",
                        "kinds": ["time_stamp"], "enabled": true});
    let adam = laboratory.signed_in("adam");
    let kept = adam.post("/api/v1/notice-targets", &json!({"target": target, "reason": "SOP 14"}));
    assert_eq!(kept.status, 201, "{kept:?}");
    let now = laboratory.clock.now();
    let other = |place: fn(&[u8]) -> usize| {
        move |query: &[u8]| {
            let mut query = query.to_vec();
            let place = place(&query);
            query[place] ^= 1;
            Ok(stamp(&query, now))
        }
    };
    let (nonce, imprint) = (other(|query| query.len() - 5), other(|_| 30));
    let late = move |query: &[u8]| Ok(stamp(query, "2051-01-01T00:00:00Z".parse().unwrap()));
    let failures: [(Answers<'_>, &str); 6] = [
        (&|_| Err(format!("{ADDRESS} does not answer")), "does not answer"),
        (&|_| Ok(b"<html>".to_vec()), "no time-stamp response"),
        (&|_| Ok(b"\x30\x05\x30\x03\x02\x01\x02".to_vec()), "refused, with status 2"),
        (&nonce, "another nonce"),
        (&imprint, "something else"),
        (&late, "was valid from"),
    ];
    for (answer, reason) in failures {
        assert_eq!(round_with(&laboratory, &schedule, answer), Some(false));
        let found = view(&laboratory);
        let detail = found["events"][0]["detail"].as_str().unwrap();
        assert!(found["state"] == "failed" && detail.contains(reason), "{reason}: {detail}");
        assert_eq!(round(&laboratory, &schedule), None, "not again at once");
        laboratory.later(HOUR);
    }
    let told = |laboratory: &Laboratory| -> Vec<String> {
        let notices = laboratory.signed_in("adam").get("/api/v1/notices").body;
        let sentence =
            |notice: &Value| notice["notice"]["sentence"].as_str().unwrap_or_default().to_owned();
        notices.as_array().unwrap().iter().map(sentence).collect()
    };
    assert_eq!(told(&laboratory).len(), 1, "the first failure in a row: {:?}", told(&laboratory));
    assert!(told(&laboratory)[0].contains("does not answer"));
    let inbox = laboratory.signed_in("adam").read("/");
    assert!(inbox.contains("Find out why the time-stamp authority gave no stamp"), "{inbox}");
    // Six hours are gone. A day and a quarter after the schedule began, it is late; that is told once.
    laboratory.later(24 * HOUR + 1);
    watch_lateness(&laboratory.store).unwrap();
    watch_lateness(&laboratory.store).unwrap();
    assert_eq!(told(&laboratory).len(), 2);
    let page = laboratory.signed_in("adam").read("/system");
    assert!(page.contains("There is no time stamp in time."), "{page}");
    assert_eq!(round(&laboratory, &schedule), Some(true));
    assert_eq!(view(&laboratory)["state"], "good");
    assert_eq!(told(&laboratory).len(), 2);
    let inbox = laboratory.signed_in("adam").read("/");
    assert!(!inbox.contains("time-stamp authority") && !inbox.contains("no time stamp"), "{inbox}");
    // A server that asks no longer says so.
    record_schedule(&laboratory.store, None).unwrap();
    record_schedule(&laboratory.store, None).unwrap();
    let found = view(&laboratory);
    assert_eq!((found["state"].as_str(), kinds(&found)[0]), (Some("not_scheduled"), "ended"));
    check(&laboratory);
}

#[test] // AT-anchor
fn an_answer_that_was_carried_by_hand_counts_for_its_own_query_alone() {
    let laboratory = Laboratory::open();
    let (store, root) = (&laboratory.store, roots("root"));
    let now = laboratory.clock.now();
    let prepared = prepare_query(store).unwrap();
    let answer = stamp(&prepared.query, now);
    // The ledger goes on meanwhile.
    register(&laboratory.program());
    let refused = |query: &[u8], answer: &[u8], roots: &TrustedRoots, reason: &str| {
        attach_answer(store, (query, answer), roots, reason).unwrap_err().to_string()
    };
    let other = prepare_query(store).unwrap().query;
    let again = prepare_query(&laboratory.store).unwrap().query;
    assert!(refused(&other, &answer, &root, "SOP 14").contains("something else"));
    assert!(refused(&other, &stamp(&again, now), &root, "SOP 14").contains("another nonce"));
    assert!(refused(b"no query", &answer, &root, "SOP 14").contains("no time-stamp query"));
    assert!(refused(&prepared.query, b"", &root, "SOP 14").contains("no time-stamp response"));
    assert!(refused(&prepared.query, &answer, &roots("stranger"), "x").contains("trusted root"));
    assert!(refused(&prepared.query, &answer, &root, " ").contains("say why"));
    let mut elsewhere = prepared.query.clone();
    elsewhere[30] ^= 1;
    let elsewhere_answer = stamp(&elsewhere, now);
    assert!(refused(&elsewhere, &elsewhere_answer, &root, "x").contains("checkpoint"));
    let kept = attach_answer(store, (&prepared.query, &answer), &root, "SOP 14").unwrap();
    assert_eq!(kept.entries, prepared.entries);
    let found = view(&laboratory);
    assert_eq!((found["state"].as_str(), kinds(&found)), (Some("not_scheduled"), vec!["kept"]));
    assert_eq!(found["events"][0]["authority"], "by hand");
    let pack = export(store, &Scope::whole()).0;
    let found = believing(&pack, &root);
    assert_eq!(found.findings, []);
    assert_eq!(found.stamped[0].size, prepared.entries);
    check(&laboratory);
}

#[test] // AT-anchor
fn a_schedule_that_cannot_be_is_refused() {
    let refused = |address: &str, every| {
        StampSchedule::new(address, roots("root"), every).unwrap_err().to_string()
    };
    assert!(refused(ADDRESS, 59).contains("59 s"));
    assert!(refused(ADDRESS, 32 * DAY).contains("31 days"));
    assert!(refused("tsa.example", DAY).contains("http://"));
}
