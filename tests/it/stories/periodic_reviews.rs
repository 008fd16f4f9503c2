//! Story: the audit trail, access rights and the system are reviewed; who acted in what a review of the trail covers does not hold it; and
//! while one is overdue, no alert is closed.
//! Method: the API and the pages over HTTP with a clock that is moved; then the store is checked, the pack verified, and reviews that no
//! procedure would write are put into a store to see each named.

use super::decision::{drafted, sign as sign_decision, with_an_alert};
use crate::harness::{Answer, Laboratory, Visitor, choose_password};
use driftledger::access::role::Role;
use driftledger::digest::sha256_hex;
use driftledger::evidence::verify::verify;
use driftledger::ledger::entry::{Actor, EntryType};
use driftledger::procedures::administer::{create_account, host};
use driftledger::procedures::check_store::check_store;
use driftledger::review::periodic_review::PeriodicReview;
use driftledger::review::review_kind::ReviewKind;
use driftledger::store::periodic_reviews::PeriodicReviewRow;
use serde_json::{Value, json};
use std::io::Cursor;

fn laid_out(visitor: &Visitor, kind: &str) -> Value {
    visitor.get(&format!("/api/v1/reviews/next?kind={kind}")).body
}

fn said(kind: &str, until: &Value) -> Value {
    json!({"kind": kind, "until": until, "statement": "every entry was read", "conclusion": "in_order",
           "next_due": "2026-07-01"})
}

fn hold(visitor: &Visitor, kind: &str) -> Answer {
    visitor.post("/api/v1/reviews", &said(kind, &laid_out(visitor, kind)["until"]))
}

fn sign(laboratory: &Laboratory, visitor: &Visitor, who: &str, held: &Answer) -> Answer {
    let password = if who == "olga" { crate::harness::CHOSEN } else { laboratory.password(who) };
    let body = json!({"review_sha256": held.body["sha256"], "password": password});
    visitor.post(&format!("/api/v1/reviews/{}/signature", held.text("id")), &body)
}

/// A second person of QA, who has done nothing yet.
fn olga(laboratory: &Laboratory) -> Visitor {
    let made = create_account(&laboratory.store, &host(), ("olga", "Olga"), Role::Qa).unwrap();
    choose_password(&laboratory.store, "olga", &made.value.password);
    let mut olga = laboratory.stranger();
    assert_eq!(olga.sign_in("olga", crate::harness::CHOSEN).status, 200);
    olga
}

#[test] // A11d-12.5
fn who_acted_in_it_does_not_review_the_trail_and_while_a_review_is_overdue_no_alert_is_closed() {
    let (laboratory, alert) = with_an_alert();
    let sha256 = drafted(&laboratory, &alert);
    let (rosa, quentin) = (laboratory.signed_in("rosa"), laboratory.signed_in("quentin"));
    let signed = sign_decision(&rosa, &alert, &sha256, laboratory.password("rosa"));
    assert_eq!(signed.status, 201, "{signed:?}");
    let sheet = laid_out(&quentin, "decisions");
    assert_eq!(
        sheet["covered"],
        json!({"alert.acknowledge": 1, "decision.draft": 1, "decision.sign": 1})
    );
    assert!(sheet["barred"].as_str().unwrap().contains("acted in what this review covers"));
    hold(&quentin, "decisions").problem(409, "conflict");
    hold(&rosa, "decisions").problem(409, "conflict");
    let dana = laboratory.signed_in("dana");
    hold(&dana, "decisions").problem(403, "not_permitted");
    hold(&laboratory.program(), "decisions").problem(403, "not_permitted");

    let olga = olga(&laboratory);
    let until = laid_out(&olga, "decisions")["until"].clone();
    let mut wrong = said("decisions", &until);
    for (field, value, code) in [
        ("statement", json!(" "), "review_not_valid"),
        ("next_due", json!("2026-06-01"), "review_not_valid"),
        ("next_due", json!("2027-06-01"), "review_not_valid"),
        ("conclusion", json!("action_needed"), "review_not_valid"),
    ] {
        let right = std::mem::replace(&mut wrong[field], value);
        olga.post("/api/v1/reviews", &wrong).problem(422, code);
        wrong[field] = right;
    }
    olga.post("/api/v1/reviews", &said("decisions", &json!(10_000))).problem(409, "conflict");
    let held = hold(&olga, "decisions");
    assert_eq!(held.status, 201, "{held:?}");
    assert_eq!(held.body["from_entry"], 0);
    sign(&laboratory, &quentin, "quentin", &held).problem(409, "conflict");
    let due = olga.get("/api/v1/reviews/due").body;
    assert!(due[0].get("last").is_none(), "it is not signed: {due}");
    assert_eq!(sign(&laboratory, &olga, "olga", &held).status, 201);
    sign(&laboratory, &olga, "olga", &held).problem(409, "conflict");
    let sheet = laid_out(&quentin, "decisions");
    assert_eq!((&sheet["from"], &sheet["covered"]), (&until, &json!({})), "it goes on from there");

    laboratory.clock.set("2026-07-02T08:00:00Z".parse().unwrap());
    let mut olga = laboratory.stranger();
    assert_eq!(olga.sign_in("olga", crate::harness::CHOSEN).status, 200);
    assert_eq!(olga.get("/api/v1/reviews/due").body[0]["is_overdue"], true);
    assert!(olga.read("/").contains("Hold the review \u{201c}Audit trail: decisions\u{201d}"));
    assert!(olga.read("/reviews").contains("overdue: 2026-07-01"));
    let plan = json!({"what": "fit version 2"});
    let path = |step: &str| format!("/api/v1/alerts/{alert}/steps/{step}/sheet");
    let refused = olga.post(&path("close"), &plan);
    assert!(refused.problem(409, "conflict").contains("was due on 2026-07-01"), "{refused:?}");
    let again = json!({"until": laid_out(&olga, "decisions")["until"], "kind": "decisions",
                       "statement": "nothing new", "conclusion": "in_order", "next_due": "2026-08-01"});
    let held = olga.post("/api/v1/reviews", &again);
    assert_eq!(sign(&laboratory, &olga, "olga", &held).status, 201, "{held:?}");
    let allowed = olga.post(&path("close"), &plan);
    assert!(!format!("{allowed:?}").contains("was due on"), "{allowed:?}");

    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    let clean = (checked.findings.len(), checked.examined.periodic_reviews);
    assert_eq!(clean, (0, 2), "{:?}", checked.findings);
    let pack = olga.bytes("/api/v1/evidence/pack");
    let verified = verify(Cursor::new(pack), None, &mut |_| ()).unwrap();
    let clean = (verified.findings.len(), verified.checked.examined.periodic_reviews);
    assert_eq!(clean, (0, 2), "{:?}", verified.findings);
}

#[test] // A11d-11.11, A11-11
fn access_rights_and_the_system_are_reviewed_by_form_as_they_stand() {
    let laboratory = Laboratory::open();
    let (quentin, adam) = (laboratory.signed_in("quentin"), laboratory.signed_in("adam"));
    let sheet = laid_out(&quentin, "access");
    let names = |value: &Value| -> Vec<String> {
        let all = value["accounts"].as_array().unwrap();
        all.iter().map(|one| one["user_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&sheet).len(), 6, "{sheet}");
    let adams = sheet["accounts"].as_array().unwrap().iter().find(|one| one["user_name"] == "adam");
    assert_eq!(adams.unwrap()["signed_in_at"], "2026-06-01T08:00:00.000Z");
    let account = json!({"user_name": "second", "printed_name": "Second", "role": "inspector"});
    assert_eq!(adam.post("/api/v1/accounts", &account).status, 201);
    let refused = quentin.post("/api/v1/reviews", &said("access", &sheet["until"]));
    assert!(refused.problem(409, "conflict").contains("changed since"), "{refused:?}");

    let page = quentin.read("/reviews/next/access");
    assert!(page.contains("second") && page.contains("Signed in last"), "{page}");
    let until = laid_out(&quentin, "access")["until"].to_string();
    let typed = [
        ("until", until.as_str()),
        ("statement", "each role was asked for again"),
        ("findings", "second has no need of it%0D%0A%0D%0A"),
        ("conclusion", "action_needed"),
        ("next_due", "2026-12-01"),
    ];
    let page = quentin.page("/reviews/next/access", Some(&typed));
    assert!(
        page.contains("second has no need of it") && page.contains("Sign the review"),
        "{page}"
    );
    let view = quentin.get("/api/v1/reviews").body[0].clone();
    assert_eq!(view["review"]["findings"], json!(["second has no need of it"]));
    assert_eq!(names(&view["review"]).len(), 7);
    let (id, sha256) = (view["id"].as_str().unwrap(), view["sha256"].as_str().unwrap());
    let typed = [("sheet_sha256", sha256), ("password", laboratory.password("quentin"))];
    let page = quentin.page(&format!("/reviews/{id}/signature"), Some(&typed));
    assert!(page.contains("reviewed these access rights"), "{page}");

    let held = hold(&quentin, "system");
    assert_eq!(held.status, 201, "{held:?}");
    assert_eq!(sign(&laboratory, &quentin, "quentin", &held).status, 201);
    let view = quentin.get(&format!("/api/v1/reviews/{}", held.text("id"))).body;
    let standing = view["review"]["standing"].to_string();
    for part in [
        "Alerts without a signed decision: 0.",
        "Access rights: reviewed by quentin",
        "never reviewed",
    ] {
        assert!(standing.contains(part), "{part}: {standing}");
    }
    let counted: u64 =
        view["review"]["covered"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(counted, view["until_entry"].as_u64().unwrap(), "every entry, from the first on");
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!(checked.findings.len(), 0, "{:?}", checked.findings);
}

/// Writes a review as `change` makes it, past every procedure.
fn forge(laboratory: &Laboratory, user_name: &str, change: impl Fn(&mut PeriodicReview)) {
    let store = &laboratory.store;
    let account = store.read(|tx| tx.account_by_name(user_name)).unwrap().unwrap();
    let actor = Actor::new(&account.id, account.role.word(), "password");
    let kind = ReviewKind::Data;
    store
        .write::<_, driftledger::store::Error>(&actor, EntryType::ReviewHold, |tx| {
            let until = tx.index();
            let mut review = PeriodicReview {
                format: "driftledger/periodic-review/v1".to_owned(),
                kind,
                from: 0,
                until,
                covered: tx.entries_by_type(&kind.covers(), &(0..until))?,
                accounts: Vec::new(),
                standing: Vec::new(),
                statement: "every entry was read".to_owned(),
                findings: Vec::new(),
                conclusion: driftledger::review::periodic_review::ReviewConclusion::InOrder,
                next_due: "2026-07-01".to_owned(),
                held_by: user_name.to_owned(),
            };
            change(&mut review);
            let bytes = review.bytes().unwrap();
            let row = PeriodicReviewRow {
                id: format!("pr_{until}"),
                kind: review.kind.word().to_owned(),
                held_by: user_name.to_owned(),
                from_entry: review.from,
                until_entry: review.until,
                next_due: review.next_due.clone(),
                sha256: sha256_hex(&bytes),
                at: tx.at().to_owned(),
                entry: until,
                document: String::from_utf8(bytes).unwrap(),
            };
            tx.insert_periodic_review(&row, &account.id)
        })
        .unwrap();
}

#[test] // A11d-12.5
fn a_review_that_no_procedure_would_write_is_named() {
    let (laboratory, _) = with_an_alert();
    let named = |user_name: &str, change: &dyn Fn(&mut PeriodicReview)| {
        forge(&laboratory, user_name, change);
        let id = format!("pr_{}", laboratory.store.read(|tx| tx.head()).unwrap().size - 1);
        let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
        let of_it = checked.findings.into_iter().filter(|finding| finding.id == id);
        of_it.map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(named("rosa", &|_| ()), Vec::<&str>::new(), "a right one");
    // A data scientist writes no such entry, and is nobody who reviews; an inspector signs nothing.
    let refused =
        |times: usize| [vec!["act_not_permitted"], vec!["review_not_permitted"; times]].concat();
    assert_eq!(named("dana", &|_| ()), refused(2));
    assert_eq!(named("ines", &|_| ()), refused(1));
    let fewer = |review: &mut PeriodicReview| {
        review.covered.remove("batch.ingest");
    };
    assert_eq!(named("rosa", &fewer), ["record_disagrees"]);
    let gap = |review: &mut PeriodicReview| review.from = 1;
    assert!(named("rosa", &gap).contains(&"record_disagrees"));
    let ahead = |review: &mut PeriodicReview| review.until += 1;
    assert_eq!(named("rosa", &ahead), ["review_not_valid"]);
    let never = |review: &mut PeriodicReview| review.next_due = "2029-07-01".to_owned();
    assert_eq!(named("rosa", &never), ["review_not_valid"]);
    let other = |review: &mut PeriodicReview| review.held_by = "quentin".to_owned();
    assert_eq!(named("rosa", &other), ["record_disagrees"]);
}
