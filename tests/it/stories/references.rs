//! Story: a change is accepted, and from then on batches are judged against another reference: proposed, signed by two people, in force
//! from a ledger entry on, with evidence that starts at zero; what was judged before stays as it is.
//! Method: the API over HTTP, and once the forms that a browser without scripts sends, one account a role; the store and packs are checked
//! afterwards, and attacked.

use super::changes::tampered;
use super::decision::with_an_alert;
use super::invalidations::{REASON, invalidate};
use crate::evidence::{Files, export};
use crate::harness::{Answer, Laboratory, MODEL, VERSION_PATH, Visitor, table};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

fn decided(laboratory: &Laboratory, alert: &str, code: &str) {
    let quentin = laboratory.signed_in("quentin");
    let body = json!({"severity": "major", "comment": "heavier since June"});
    assert_eq!(quentin.post(&format!("/api/v1/alerts/{alert}/acknowledgement"), &body).status, 201);
    let mut draft = json!({"code": code, "rationale": "the press was replaced, as planned"});
    if code == "retrain" {
        draft["remedial_action"] = json!({"what": "fit", "owner": "dana", "due_on": "2026-07-01"});
    }
    assert_eq!(quentin.post(&format!("/api/v1/alerts/{alert}/decision"), &draft).status, 201);
    let view = quentin.get(&format!("/api/v1/alerts/{alert}")).body;
    let sha256 = view["decision"]["sha256"].as_str().unwrap();
    let rosa = laboratory.signed_in("rosa");
    let signed = super::decision::sign(&rosa, alert, sha256, laboratory.password("rosa"));
    assert_eq!(signed.status, 201, "{signed:?}");
}

fn proposal(batches: &[&str], alert: &str) -> Value {
    json!({"batches": batches, "alert": alert,
           "rationale": "the new press makes heavier tablets, and that is how they shall be"})
}

fn propose(visitor: &Visitor, body: &Value) -> Answer {
    visitor.post(&format!("{VERSION_PATH}/references"), body)
}

fn sign(laboratory: &Laboratory, who: &str, id: &str, sha256: &str) -> Answer {
    let body = json!({"proposal_sha256": sha256, "password": laboratory.password(who)});
    laboratory.signed_in(who).post(&format!("/api/v1/references/{id}/signature"), &body)
}

/// A batch of heavier tablets, and its report.
fn heavier(program: &Visitor, name: &str, seed: u64) -> Value {
    let answer = program.post_batch(name, "text/csv", table(300, seed, 2.0).as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    program.get(&format!("/api/v1/reports/{}", answer.text("id"))).body
}

fn clean(laboratory: &Laboratory) {
    let found = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(found.findings, []);
}

#[test]
fn an_accepted_change_becomes_the_reference_by_two_signatures() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    decided(&laboratory, &alert, "accept_with_rationale");
    let july = heavier(&program, "july", 10);
    assert_eq!(july["context"]["reference_revision"], 1);
    let asked = proposal(&["july", "june"], &alert);
    for who in ["quentin", "rosa", "ines", "adam"] {
        propose(&laboratory.signed_in(who), &asked).problem(403, "not_permitted");
    }
    let made = propose(&program, &asked);
    assert_eq!((made.status, &made.body["revision"]), (201, &json!(2)), "{made:?}");
    let (id, sha256) = (made.text("id").to_owned(), made.text("sha256").to_owned());
    let again = propose(&program, &asked);
    assert_eq!((again.status, again.text("id")), (200, id.as_str()));
    let shown = program.get(&format!("/api/v1/references/{id}")).body;
    assert_eq!(shown["proposal"]["reference"]["rows"], 600);
    assert_eq!(shown["is_open"], true);
    let series = shown["proposal"]["series"].as_array().unwrap();
    let weight = series.iter().find(|s| s["series"] == "weight_mg/values").unwrap();
    assert!(weight["moved"].as_f64().unwrap() > 0.5, "{weight}");

    // What comes before the second signature is judged as before.
    sign(&laboratory, "quentin", &id, &sha256).problem(403, "not_permitted");
    sign(&laboratory, "dana", &id, &"0".repeat(64)).problem(409, "record_changed");
    assert_eq!(sign(&laboratory, "dana", &id, &sha256).status, 201);
    let august = heavier(&program, "august", 11);
    assert_eq!(august["context"]["reference_revision"], 1);
    sign(&laboratory, "dana", &id, &sha256).problem(403, "same_person");
    sign(&laboratory, "rosa", &id, &sha256).problem(403, "not_permitted");
    let approved = sign(&laboratory, "quentin", &id, &sha256);
    assert_eq!(approved.status, 201, "{approved:?}");
    assert!(approved.text("manifestation").contains("approves this reference"), "{approved:?}");
    sign(&laboratory, "quentin", &id, &sha256).problem(403, "not_permitted");

    let september = heavier(&program, "september", 12);
    let context = &september["context"];
    assert_eq!(context["reference_revision"], 2);
    assert_ne!(context["reference_sha256"], august["context"]["reference_sha256"]);
    assert_eq!((&september["state"], september["alarm"].is_null()), (&json!("quiet"), true));
    assert_eq!(september["state_before"]["batches"], 3);
    for series in september["state_before"]["series"].as_array().unwrap() {
        let lanes = series["lanes"]["log_m"].as_array().unwrap();
        let none = |log_m: &Value| log_m.as_f64().is_none_or(|log_m| log_m <= 0.0);
        assert!(lanes.iter().all(none), "evidence starts at zero: {series}");
    }
    let known = program.get(&format!("{VERSION_PATH}/references")).body;
    let revisions = known["revisions"].as_array().unwrap();
    assert_eq!(
        (revisions.len(), &revisions[0]["reports"], &revisions[1]["reports"]),
        (2, &json!(3), &json!(1))
    );
    assert_eq!(revisions[1]["entry"], approved.body["entry"]);
    // Counts on different bins are not compared.
    let ines = laboratory.signed_in("ines");
    let path = format!("{VERSION_PATH}/batch-comparison?before=august&after=september");
    let compared = ines.get(&path);
    assert!(compared.problem(400, "bad_request").contains("different references"));
    clean(&laboratory);
    let key = laboratory.store.verifier_key();
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    let found = |pack: &[u8]| verify(&mut Cursor::new(pack), Some(key), &mut |_| ()).unwrap();
    let verified = found(&pack);
    assert_eq!((verified.findings, verified.checked.examined.reference_proposals), (vec![], 1));
    let attacked = |table: &str, marker: &str, code: &str, change: &dyn Fn(&mut Value)| {
        let findings = found(&tampered(&pack, table, marker, change)).findings;
        assert!(findings.iter().any(|f| f.code == code), "{code}: {findings:#?}");
    };
    attacked("reference_proposal", "rationale", "signature_of_other_bytes", &|p| {
        p["rationale"] = json!("no reason at all, but long enough");
    });
    attacked("reference_proposal", "rationale", "reference_not_learnt", &|p| {
        p["series"][0]["moved"] = json!(0.001);
    });
    attacked("record_signature", "approves_reference", "reference_not_permitted", &|s| {
        s["signer"]["role"] = json!("reviewer");
    });
    attacked("record_signature", "approves_reference", "reference_not_signed", &|s| {
        s["meaning"] = json!("authored_reference");
    });
    attacked("report", "september", "record_disagrees", &|r| {
        r["context"]["reference_revision"] = json!(1);
    });
}

#[test]
fn no_reference_follows_from_a_change_that_nobody_accepted() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    let asked = proposal(&["june"], &alert);
    assert!(
        propose(&program, &asked).problem(409, "conflict").contains("no decision on it is signed")
    );
    decided(&laboratory, &alert, "retrain");
    let refused = propose(&program, &asked);
    assert!(refused.problem(409, "conflict").contains("does not accept the change"), "{refused:?}");
    let refused = propose(&program, &proposal(&["june"], "ep_none"));
    refused.problem(404, "not_found");
    let mut without = asked.clone();
    without.as_object_mut().unwrap().remove("alert");
    let refused = propose(&program, &without);
    assert!(refused.problem(422, "review_not_valid").contains("name either the alert"));
    let none = program.get(&format!("{VERSION_PATH}/references")).body;
    assert_eq!((none["revisions"].as_array().unwrap().len(), &none["proposals"]), (1, &json!([])));
}

#[test]
fn a_policy_alone_may_change_and_what_was_overtaken_is_not_signed() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    decided(&laboratory, &alert, "accept_with_rationale");
    let mut policy = serde_json::to_value(driftledger::drift::policy::Policy::default()).unwrap();
    policy["batches_per_false_alarm"] = json!(100.0);
    policy["rationale"] =
        json!("one false alarm in a hundred batches is what the line can look at");
    let asked = json!({"alert": alert, "policy": policy,
                       "rationale": "fewer alarms are worth a longer delay here"});
    let first = propose(&program, &asked);
    assert_eq!(first.status, 201, "{first:?}");
    // The same by the form, which starts with the policy in force.
    let page = "/models/tablets/versions/1/policy";
    let form = program_page(&laboratory, page, None);
    says(
        &form,
        &["name=\"batches_per_false_alarm\"", "Criticality of weight_mg", "accept with rationale"],
    );
    let accepted = format!("alert/{alert}");
    let fields = |n: &'static str| {
        vec![
            ("batches_per_false_alarm", n),
            ("rows_min", "30"),
            ("cadence", ""),
            ("grace_days", "0"),
            ("budget", "even"),
            ("criticality weight_mg", "standard"),
            ("tolerance weight_mg/values", ""),
            ("label_delay_days", "0"),
            ("labels_min", "30"),
            ("completeness_min", "0.9"),
            (
                "policy_rationale",
                "one false alarm in a hundred batches is what the line can look at",
            ),
            ("accepted", accepted.as_str()),
            ("rationale", "fewer alarms are worth a longer delay here"),
        ]
    };
    let few = program_page(&laboratory, page, Some(fields("few").as_slice()));
    says(&few, &["role=\"alert\"", "<code>batches_per_false_alarm</code> is", "value=\"few\""]);
    let ten = program_page(&laboratory, page, Some(fields("10").as_slice()));
    says(&ten, &["role=\"alert\"", "expected 20 to 1000000"]);
    let made = program_page(&laboratory, page, Some(fields("100").as_slice()));
    says(&made, &[first.text("sha256"), "Sign the reference"]);
    let rosa = laboratory.signed_in("rosa");
    says(&rosa.read(page), &["Your role does not propose policies"]);
    let second = propose(&program, &proposal(&["june"], &alert));
    let (id, sha256) = (second.text("id"), second.text("sha256"));
    let overtaken = sign(&laboratory, "dana", first.text("id"), first.text("sha256"));
    overtaken.problem(409, "conflict");
    assert_eq!(sign(&laboratory, "dana", id, sha256).status, 201);
    assert_eq!(sign(&laboratory, "quentin", id, sha256).status, 201);
    // The batch it was learnt from is not taken again for the next one.
    let refused = propose(&program, &proposal(&["june"], &alert));
    assert!(refused.problem(422, "record_mismatch").contains("earlier reference"), "{refused:?}");
    let third = propose(&program, &asked);
    assert_eq!(&third.body["revision"], &json!(3), "{third:?}");
    assert_eq!(sign(&laboratory, "dana", third.text("id"), third.text("sha256")).status, 201);
    assert_eq!(sign(&laboratory, "quentin", third.text("id"), third.text("sha256")).status, 201);
    let july = heavier(&program, "july", 10);
    assert_eq!(
        (&july["context"]["reference_revision"], &july["batches_per_false_alarm"]),
        (&json!(3), &json!(100))
    );
    invalid_before_it_is_signed(&laboratory, &program, &alert);
    clean(&laboratory);
}

/// Nobody signs a reference that is learnt from a batch which was marked as invalid since it was proposed; a pack in which somebody did is
/// told.
fn invalid_before_it_is_signed(laboratory: &Laboratory, program: &Visitor, alert: &str) {
    let made = propose(program, &proposal(&["july"], alert));
    let (id, sha256) = (made.text("id").to_owned(), made.text("sha256").to_owned());
    assert_eq!(sign(laboratory, "dana", &id, &sha256).status, 201, "{made:?}");
    invalidate(laboratory, "july");
    let refused = sign(laboratory, "quentin", &id, &sha256);
    let said = refused.problem(409, "conflict");
    assert!(said.contains("batch `july`, which is invalid since"), "{said}");
    let page = laboratory.signed_in("quentin").read(&format!("/references/{id}"));
    says(&page, &["a batch that it is learnt from was marked as invalid since"]);
    assert!(!page.contains("Sign the reference"), "{page}");
    let again = propose(program, &proposal(&["july"], alert));
    assert!(again.problem(422, "record_mismatch").contains("name batches that count"), "{again:?}");
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    let mut files = Files::of(&pack);
    let name = files.first("records/batch_invalidation/");
    let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
    row["entry"] = json!(1);
    files.0.insert(name, driftledger::digest::canonical_json(&row).unwrap());
    let key = laboratory.store.verifier_key();
    let sealed = Cursor::new(files.seal());
    let findings = verify(sealed, Some(key), &mut |_| ()).unwrap().findings;
    assert!(findings.iter().any(|f| f.code == "reference_not_learnt"), "{findings:#?}");
}

#[test]
fn a_reference_is_learnt_again_from_its_own_files_after_one_was_corrected_under_the_same_name() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    decided(&laboratory, &alert, "accept_with_rationale");
    let made = propose(&program, &proposal(&["june"], &alert));
    let (id, sha256) = (made.text("id"), made.text("sha256"));
    assert_eq!(sign(&laboratory, "dana", id, sha256).status, 201);
    assert_eq!(sign(&laboratory, "quentin", id, sha256).status, 201);
    invalidate(&laboratory, "june");
    let reason = REASON.replace(' ', "%20");
    let path = format!("{VERSION_PATH}/batches?name=june&corrects=june&reason={reason}");
    let corrected = program.post_table(&path, "text/csv", table(300, 40, 0.0).as_bytes());
    assert_eq!(corrected.status, 201, "{corrected:?}");
    clean(&laboratory);
}

/// A page as dana sees it, or what her form led to.
fn program_page(laboratory: &Laboratory, path: &str, fields: Option<&[(&str, &str)]>) -> String {
    let dana = laboratory.signed_in("dana");
    if fields.is_some() { dana.page(path, fields) } else { dana.read(path) }
}

/// The page of what the version is judged with.
const PAGE: &str = "/models/tablets/versions/1/references";

#[track_caller]
fn says(page: &str, all: &[&str]) {
    for words in all {
        assert!(page.contains(words), "`{words}` is not on the page: {page}");
    }
}

#[test]
fn in_the_browser_a_reference_is_proposed_and_signed_by_two_people() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    let dana = laboratory.signed_in("dana");
    says(
        &dana.read(PAGE),
        &["Nothing accepts a change yet", "registered with the version by dana"],
    );
    says(&dana.read("/models/tablets/versions/1"), &["/models/tablets/versions/1/references\""]);
    decided(&laboratory, &alert, "accept_with_rationale");
    let july = program.post_batch("july", "text/csv", table(300, 10, 2.0).as_bytes());
    let report = format!("/reports/{}", july.text("id"));
    assert!(!dana.read(&report).contains("reference revision"), "there is one reference only");
    let form = dana.read(PAGE);
    says(
        &form,
        &["aria-label=\"Learn from july\">", "aria-label=\"Learn from june\">", "choose one"],
    );
    assert!(!form.contains("<script"), "it works without scripts");

    // A refusal shows the form again with what was typed.
    let accepted = format!("alert/{alert}");
    let typed = |rationale: &'static str| {
        [("batch", "july"), ("accepted", accepted.as_str()), ("rationale", rationale)]
    };
    let chosen = format!("value=\"{accepted}\" selected");
    let kept =
        ["role=\"alert\"", "Learn from july\" checked", chosen.as_str(), ">too short</textarea>"];
    says(&dana.page(PAGE, Some(&typed("too short"))), &kept);
    let why = "the new press makes heavier tablets, and that is how they shall be";
    let without = [("batch", "july"), ("accepted", ""), ("rationale", why)];
    says(&dana.page(PAGE, Some(&without)), &["name either the alert", why]);
    for who in ["quentin", "rosa", "ines", "adam"] {
        let other = laboratory.signed_in(who);
        assert!(!other.read(PAGE).contains("Propose another reference"), "{who}");
        let token = other.form_token();
        let sent = format!("form_token={token}&batch=july&accepted=alert%2F{alert}&rationale=none");
        assert_eq!(other.page_status(PAGE, &sent), 403, "{who}");
    }
    let forged = "form_token=0&batch=july&rationale=none";
    assert_eq!(dana.page_status(PAGE, forged), 403);
    let path = format!("{VERSION_PATH}/references");
    assert_eq!(program.get(&path).body["proposals"], json!([]));

    let shown = dana.page(PAGE, Some(&typed(why)));
    let proposed = program.get(&path).body["proposals"][0].clone();
    let (id, sha256) = (proposed["id"].as_str().unwrap(), proposed["sha256"].as_str().unwrap());
    let words = [why, sha256, "It waits for the signature of dana", "Sign the reference"];
    says(&shown, &words);
    let alert_path = format!("/alerts/{alert}");
    let words =
        ["accept with rationale", "the press was replaced, as planned", alert_path.as_str()];
    says(&shown, &words);
    says(&shown, &["<caption>How far the rows of each series moved", "weight_mg/values"]);
    says(&shown, &[">july</a></th><td class=\"number\">300</td>", "beyond what was tolerated"]);
    signed_in_the_browser(&laboratory, (id, sha256));
    let september = heavier(&program, "september", 12);
    assert_eq!(september["context"]["reference_revision"], 2);
    let versions = dana.read(PAGE);
    let link = format!("<a href=\"/references/{id}\">2</a>");
    says(&versions, &["signed by dana", "signed by quentin", "No proposal waits", &link]);
    says(&versions, &["was judged with an earlier reference or policy"]);
    let of_report = format!("judged with <a href=\"{PAGE}\">reference revision 1</a>");
    says(&dana.read(&report), &[&of_report]);
    clean(&laboratory);
}

/// Dana signs, then quentin; nobody else, and nobody twice.
fn signed_in_the_browser(laboratory: &Laboratory, (id, sha256): (&str, &str)) {
    let (page, form) = (format!("/references/{id}"), format!("/references/{id}/signature"));
    let visitor = |who: &str| laboratory.signed_in(who);
    let sign = |who: &str| {
        let typed = [("sheet_sha256", sha256), ("password", laboratory.password(who))];
        visitor(who).page(&form, Some(&typed))
    };
    let name = format!("A proposed reference of {MODEL} 1 waits for");
    let (yours, others) = (format!("{name} your signature"), format!("{name} a signature"));
    says(&visitor("dana").read("/"), &[&yours]);
    says(&visitor("quentin").read("/"), &[&others]);
    assert!(!visitor("quentin").read(&page).contains("Sign the reference"), "not yet");
    says(&sign("quentin"), &["role=\"alert\"", "Nobody has signed it yet"]);
    let stale = [("sheet_sha256", "0"), ("password", laboratory.password("dana"))];
    says(&visitor("dana").page(&form, Some(&stale)), &["role=\"alert\"", "Nobody has signed"]);

    let manifestation = "proposes this reference and policy and states why";
    says(&sign("dana"), &[manifestation, "It waits for the signature of another person, of QA"]);
    says(&visitor("dana").read("/"), &[&others]);
    says(&visitor("quentin").read("/"), &[&yours]);
    assert!(!visitor("dana").read(&page).contains("Sign the reference"), "no second one");
    says(&sign("dana"), &["role=\"alert\"", "so another person has to approve it"]);
    for who in ["rosa", "ines"] {
        says(&sign(who), &["role=\"alert\"", "of another person, of QA"]);
    }
    says(&visitor("quentin").read(&page), &["Sign the reference", manifestation]);
    let done = sign("quentin");
    let known = laboratory.program().get(&format!("{VERSION_PATH}/references")).body;
    let entry = known["revisions"][1]["entry"].as_u64().unwrap();
    says(&done, &[&format!("In force since entry {entry}"), "approves this reference and policy"]);
    assert!(!done.contains("Sign the reference"), "{done}");
    assert!(!visitor("quentin").read("/").contains("A proposed reference"));
}
