//! Story: an alert is investigated, decided, acted on, checked on later batches and closed, each step by whom the table names.
//! Method: the API over HTTP, one account a role; the clock stands still until it is moved; store, pack and the pack's attacks are
//! checked afterwards.

use super::decision::with_an_alert;
use crate::evidence::{Files, export};
use crate::harness::{Answer, Laboratory, MODEL, Visitor, table};
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::drift::episode::EpisodeState;
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::watch_actions::watch_actions;
use driftledger::review::episode_cycle::{EpisodeRule, EpisodeStep};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::rc::Rc;

/// Somebody's way through an alert.
struct Alert {
    laboratory: Laboratory,
    id: String,
    /// Who is signed in already, and since when.
    people: RefCell<BTreeMap<String, (i64, Rc<Visitor>)>>,
}

impl Alert {
    fn open() -> Self {
        let (laboratory, id) = with_an_alert();
        Self { laboratory, id, people: RefCell::default() }
    }

    /// `who`, signed in once for as long as a session lasts.
    fn person(&self, who: &str) -> Rc<Visitor> {
        let now = self.laboratory.clock.now().as_second();
        let mut people = self.people.borrow_mut();
        let known = people.get(who).filter(|(since, _)| now - since < 600);
        if let Some((_, visitor)) = known {
            return Rc::clone(visitor);
        }
        let visitor = Rc::new(self.laboratory.signed_in(who));
        people.insert(who.to_owned(), (now, Rc::clone(&visitor)));
        visitor
    }

    fn at(&self, path: &str) -> String {
        format!("/api/v1/alerts/{}/{path}", self.id)
    }

    fn view(&self) -> Value {
        self.person("ines").get(&format!("/api/v1/alerts/{}", self.id)).body
    }

    fn state(&self) -> String {
        self.view()["episode"]["state"].as_str().unwrap().to_owned()
    }

    fn acknowledge(&self, severity: &str) {
        let body = json!({"severity": severity, "comment": "heavier since June"});
        let quentin = self.person("quentin");
        assert_eq!(quentin.post(&self.at("acknowledgement"), &body).status, 201);
    }

    /// Prepares a step and signs the sheet that was shown.
    fn take(&self, who: &str, step: &str, input: &Value) -> Answer {
        let visitor = self.person(who);
        let prepare = |input: &Value| visitor.post(&self.at(&format!("steps/{step}/sheet")), input);
        let (mut sheet, mut input) = (prepare(input), input.clone());
        if let Some(looked_at) = super::life_cycle::looked_at(&sheet, &input) {
            (sheet, input) = (prepare(&looked_at), looked_at);
        }
        if sheet.status != 200 {
            return sheet;
        }
        assert_eq!(sha256_hex(sheet.text("document").as_bytes()), sheet.text("sha256"));
        self.sign(&visitor, step, (&input, sheet.text("sha256")))
    }

    fn sign(&self, visitor: &Visitor, step: &str, (input, sha256): (&Value, &str)) -> Answer {
        let password = crate::harness::CHOSEN;
        let body = json!({"input": input, "sheet_sha256": sha256, "password": password});
        visitor.post(&self.at(&format!("steps/{step}")), &body)
    }

    #[track_caller]
    fn done(&self, who: &str, step: &str, input: &Value, state: &str) {
        let taken = self.take(who, step, input);
        assert_eq!((taken.status, taken.body["state"].as_str()), (201, Some(state)), "{taken:?}");
        assert_eq!(self.state(), state);
    }

    fn draft(&self, draft: &Value) -> Answer {
        self.person("quentin").post(&self.at("decision"), draft)
    }

    fn decide(&self) {
        let drafted = self.draft(&json!({"code": "fix_source", "rationale": "the scale is worn",
            "remedial_action": {"what": "replace it", "owner": "dana", "due_on": "2026-07-01"}}));
        assert_eq!(drafted.status, 201, "{drafted:?}");
        let sha256 = self.view()["decision"]["sha256"].as_str().unwrap().to_owned();
        let body = json!({"decision_sha256": sha256, "password": crate::harness::CHOSEN});
        let rosa = self.person("rosa");
        let signed = rosa.post(&self.at("signature"), &body);
        assert_eq!(signed.status, 201, "{signed:?}");
    }

    fn batch(&self, name: &str, seed: u64, shift: f64) {
        let answer =
            self.person("dana").post_batch(name, "text/csv", table(300, seed, shift).as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    fn day(&self, day: &str) {
        self.laboratory.clock.set(format!("{day}T09:00:00Z").parse().unwrap());
    }
}

fn investigation() -> Value {
    json!({"cause": "sensor", "finding": "the scale of line east reads 2 mg too much",
           "none_at_risk_because": "no other model uses this scale"})
}

fn plan() -> Value {
    json!({"what": "replace the scale", "owner": "dana", "due_on": "2026-06-10", "batches": 2,
           "horizon_on": "2026-07-31"})
}

fn because(reason: &str) -> Value {
    json!({ "reason": reason })
}

/// From the alert to an action that is done; the batches that follow decide.
fn acted_on() -> Alert {
    let alert = Alert::open();
    alert.acknowledge("critical");
    alert.done("pavel", "investigate", &investigation(), "investigated");
    alert.done("rosa", "review_investigation", &json!({}), "investigated");
    alert.decide();
    alert.done("quentin", "plan", &plan(), "action_planned");
    alert.done("dana", "complete", &because("replaced, protocol 7"), "action_done");
    alert
}

fn checked(alert: &Alert) {
    let checked = check_store(&alert.laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert!(checked.examined.alert_steps > 4 && checked.examined.effectiveness_checks > 0);
}

#[test] // 5.4, P11-10f
fn an_alert_goes_from_its_cause_to_an_effect_that_is_computed_here() {
    let alert = acted_on();
    let view = alert.view();
    assert_eq!(view["remedy"]["steps"][0]["sheet"]["investigation"]["affected"]["rows"], 300);
    let early = alert.take("quentin", "confirm", &json!({}));
    assert!(early.problem(409, "step_owed").contains("pending: 0 of 2"));
    alert.batch("july-1", 31, 0.0);
    assert!(alert.view()["remedy"]["check_sentence"].as_str().unwrap().contains("1 of 2"));
    alert.batch("july-2", 32, 0.0);
    let worked = alert.take("quentin", "refute", &because("no"));
    assert!(worked.problem(409, "step_owed").contains("effective: 2 of 2"));
    let owner = alert.take("dana", "confirm", &json!({}));
    owner.problem(403, "not_permitted");
    alert.done("quentin", "confirm", &json!({}), "effectiveness_checked");
    alert.take("quentin", "close", &because("done")).problem(403, "same_person");
    alert.done("rosa", "close", &because("the scale reads right again"), "closed");
    let view = alert.view();
    let steps = view["remedy"]["steps"].as_array().unwrap();
    let check = &steps[4]["sheet"]["check"];
    assert_eq!((check["outcome"].as_str(), &check["counted"]), (Some("effective"), &json!(2)));
    let manifestation = steps[5]["manifestation"].as_str().unwrap();
    assert!(manifestation.contains("rosa of the laboratory") && manifestation.contains("closes"));
    checked(&alert);
    let page = alert.person("ines").read(&format!("/alerts/{}", alert.id));
    for part in
        ["Investigated", "300\u{a0}rows of 1\u{a0}batch", "Remedial action planned", "Closed"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    attacked(&alert);
}

/// The pack of the closed alert verifies; with its forged sheets it does not.
fn attacked(alert: &Alert) {
    let (pack, _) = export(&alert.laboratory.store, &Scope::of(MODEL, Some("1")));
    let verified = verify(&mut Cursor::new(&pack), None, &mut |_| ()).unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!(verified.checked.examined.alert_steps, 6);
    let clean = Files::of(&pack);
    let of = |word: &str| {
        let named = |name: &&String| name.starts_with("records/episode_step/");
        let step = |name: &&String| {
            let row: Value = serde_json::from_slice(&clean.0[*name]).unwrap();
            row["step"] == word
        };
        clean.0.keys().filter(named).find(step).unwrap().clone()
    };
    for (step, from, to, code) in [
        ("investigate", "\"rows\":300", "\"rows\":30", "count_not_reproduced"),
        ("confirm", "\"counted\":2", "\"counted\":3", "check_not_reproduced"),
        ("confirm", "\"outcome\":\"effective\"", "\"outcome\":\"pending\"", "step_not_allowed"),
        ("close", "\"reason\":", "\"severity\":\"minor\",\"reason\":", "document_invalid"),
        ("close", "\"from\":\"effectiveness_checked\"", "\"from\":\"decided\"", "step_not_allowed"),
        ("complete", "\"cycle\":1", "\"cycle\":2", "record_disagrees"),
    ] {
        let mut files = clean.clone();
        let name = of(step);
        let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
        let forged = row["document"].as_str().unwrap().replace(from, to);
        assert_ne!(forged, row["document"], "{from}");
        row["sha256"] = json!(sha256_hex(forged.as_bytes()));
        row["document"] = json!(forged);
        files.0.insert(name, canonical_json(&row).unwrap());
        let found = verify(Cursor::new(files.seal()), None, &mut |_| ()).unwrap().findings;
        for code in [code, "signature_of_other_bytes", "record_changed"] {
            assert!(found.iter().any(|finding| finding.code == code), "{to} {code}: {found:#?}");
        }
    }
    // Somebody else's hand: the owner closes.
    let mut files = clean.clone();
    let dana = alert.laboratory.store.read(|tx| tx.account_by_name("dana")).unwrap().unwrap();
    for (name, bytes) in &mut files.0 {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if name.starts_with("records/record_signature/") && text.contains("\\\"closed\\\"") {
            let mut row: Value = serde_json::from_slice(bytes).unwrap();
            let mut signature: Value =
                serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
            signature["signer"]["id"] = json!(dana.id);
            row["document"] = json!(signature.to_string());
            *bytes = canonical_json(&row).unwrap();
        }
    }
    let found = verify(Cursor::new(files.seal()), None, &mut |_| ()).unwrap().findings;
    assert!(found.iter().any(|finding| finding.code == "step_not_permitted"), "{found:#?}");
}

#[test] // 5.4
fn an_action_that_did_not_work_goes_back_to_the_investigation_and_is_counted_as_a_cycle() {
    let alert = acted_on();
    alert.batch("july-1", 31, 0.0);
    alert.batch("july-2", 32, 2.5);
    alert.take("quentin", "confirm", &json!({})).problem(409, "step_owed");
    alert.take("quentin", "refute", &json!({})).problem(422, "review_not_valid");
    alert.done("quentin", "refute", &because("heavier again"), "acknowledged");
    assert_eq!(
        (&alert.view()["remedy"]["cycle"], alert.state().as_str()),
        (&json!(2), "acknowledged")
    );
    let again = alert.draft(&json!({"code": "suspend", "rationale": "no scale is right"}));
    assert!(again.problem(409, "step_owed").contains("critical"));
    checked(&alert);
}

#[test] // 5.4
fn too_few_batches_before_the_horizon_show_nothing() {
    let alert = acted_on();
    alert.batch("july-1", 31, 0.0);
    alert.day("2026-07-31");
    alert.take("quentin", "refute", &because("late")).problem(409, "step_owed");
    alert.day("2026-08-01");
    alert.done("quentin", "refute", &because("no batch came"), "acknowledged");
    let steps = alert.view()["remedy"]["steps"].clone();
    assert_eq!(steps[4]["sheet"]["check"]["outcome"], "inconclusive");
    checked(&alert);
}

#[test] // 5.4, A11d-8.3
fn a_critical_alert_is_decided_after_its_investigation_and_not_by_who_investigated() {
    let alert = Alert::open();
    alert.take("pavel", "investigate", &investigation()).problem(409, "wrong_state");
    alert.acknowledge("critical");
    let draft = json!({"code": "suspend", "rationale": "a worn scale"});
    alert.draft(&draft).problem(409, "step_owed");
    for (change, word) in [
        (json!({"cause": "bad luck"}), "monitoring_error"),
        (json!({"cause": "sensor"}), "finding"),
        (json!({"cause": "sensor", "finding": "a"}), "none_at_risk_because"),
    ] {
        let refused = alert.take("pavel", "investigate", &change);
        assert!(refused.problem(422, "review_not_valid").contains(word));
    }
    let unknown = json!({"cause": "sensor", "finding": "a", "at_risk": "tablets/9"});
    alert.take("pavel", "investigate", &unknown).problem(404, "not_found");
    alert.done("rosa", "investigate", &investigation(), "investigated");
    alert.take("rosa", "review_investigation", &json!({})).problem(403, "same_person");
    alert.draft(&draft).problem(409, "step_owed");
    alert.done("pavel", "return_investigation", &because("which line?"), "acknowledged");
    alert.done("rosa", "investigate", &investigation(), "investigated");
    alert.done("pavel", "review_investigation", &json!({}), "investigated");
    assert_eq!(alert.draft(&draft).status, 201);
    let sha256 = alert.view()["decision"]["sha256"].clone();
    let body = json!({"decision_sha256": sha256, "password": crate::harness::CHOSEN});
    let rosa = alert.person("rosa");
    assert!(rosa.post(&alert.at("signature"), &body).problem(403, "same_person").contains("rosa"));
    alert.done("pavel", "reject", &because("say which batches"), "acknowledged");
    assert_eq!(alert.draft(&draft).status, 201, "the investigation still stands");
    let pavel = alert.person("pavel");
    let sha256 = alert.view()["decision"]["sha256"].clone();
    let body = json!({"decision_sha256": sha256, "password": crate::harness::CHOSEN});
    assert_eq!(pavel.post(&alert.at("signature"), &body).status, 201);
    alert.take("quentin", "close", &because("a")).problem(403, "same_person");
    alert.take("rosa", "close", &because("a")).problem(403, "same_person");
}

#[test] // 5.4
fn a_due_date_moves_by_signature_and_what_is_overdue_is_escalated_once() {
    let alert = Alert::open();
    alert.acknowledge("minor");
    alert.decide();
    alert.take("rosa", "close", &because("a")).problem(409, "step_owed");
    for (field, value, word) in [
        ("due_on", json!("2026-05-01"), "due_on"),
        ("horizon_on", json!("2026-06-10"), "horizon_on"),
        ("batches", json!(0), "batches"),
        ("what", json!(" "), "what"),
    ] {
        let mut wrong = plan();
        wrong[field] = value;
        let refused = alert.take("quentin", "plan", &wrong);
        assert!(refused.problem(422, "review_not_valid").contains(word), "{refused:?}");
    }
    for (field, value) in [("owner", "nobody"), ("series", "weight_mg/none"), ("version", "9")] {
        let mut wrong = plan();
        wrong[field] = json!(value);
        alert.take("quentin", "plan", &wrong).problem(404, "not_found");
    }
    let mut own = plan();
    own["owner"] = json!("quentin");
    alert.take("quentin", "plan", &own).problem(403, "same_person");
    alert.done("quentin", "plan", &plan(), "action_planned");
    let store = &alert.laboratory.store;
    alert.day("2026-06-10");
    assert!(watch_actions(store).unwrap().is_empty(), "the due day is not over");
    alert.day("2026-06-11");
    assert_eq!(watch_actions(store).unwrap(), std::slice::from_ref(&alert.id));
    assert!(watch_actions(store).unwrap().is_empty(), "once is enough");
    assert_eq!(alert.view()["remedy"]["is_overdue"], true);
    let late = json!({"due_on": "2026-06-20", "reason": "parts are late"});
    for wrong in [json!({"due_on": "2026-06-10", "reason": "a"}), json!({"due_on": "2026-06-20"})] {
        alert.take("quentin", "extend", &wrong).problem(422, "review_not_valid");
    }
    alert.take("dana", "extend", &late).problem(403, "not_permitted");
    alert.done("quentin", "extend", &late, "action_planned");
    assert!(watch_actions(store).unwrap().is_empty());
    alert.day("2026-06-21");
    assert_eq!(watch_actions(store).unwrap().len(), 1, "the new date is over as well");
    alert.take("rosa", "complete", &because("a")).problem(403, "not_permitted");
    alert.done("dana", "complete", &because("replaced"), "action_done");
    alert.done("rosa", "return_action", &because("where is the protocol?"), "action_planned");
    alert.done("dana", "complete", &because("protocol 7"), "action_done");
    alert.done("pavel", "escalate", &because("the line stands"), "action_done");
    let external = json!({"system": "QMS", "number": "CAPA-17", "status": "open"});
    alert.done("quentin", "link_external", &external, "action_done");
    alert.batch("july-1", 31, 0.0);
    alert.batch("july-2", 32, 0.0);
    alert.done("quentin", "confirm", &json!({}), "effectiveness_checked");
    alert.done("rosa", "close", &because("it works"), "closed");
    alert.take("quentin", "escalate", &because("a")).problem(409, "wrong_state");
    let reopen = json!({"reason": "a second scale is worn", "severity": "major"});
    alert.take("quentin", "reopen", &because("a")).problem(422, "review_not_valid");
    alert.done("quentin", "reopen", &reopen, "acknowledged");
    assert_eq!(alert.view()["remedy"]["severity"], "major");
    checked(&alert);
}

/// Every state that is reached, every step, every role: what the table does not allow is refused, and nothing is written.
#[test] // 5.4, P11-10g
fn no_role_takes_a_step_of_an_alert_that_the_table_does_not_give_it() {
    let alert = Alert::open();
    let people = ["dana", "quentin", "rosa", "pavel", "ines", "adam"];
    let visitors: Vec<Rc<Visitor>> = people.iter().map(|who| alert.person(who)).collect();
    let program = alert.laboratory.program();
    let roles = ["data_scientist", "qa", "reviewer", "process_expert", "inspector", "admin"];
    let look = |expected: &str| {
        assert_eq!(alert.state(), expected);
        let before = alert.laboratory.store.read(|tx| tx.head()).unwrap().size;
        for &step in EpisodeStep::ALL {
            let rule = EpisodeRule::of(EpisodeState::of_word(expected).unwrap(), step);
            let path = alert.at(&format!("steps/{}/sheet", step.word()));
            for (visitor, role) in visitors.iter().zip(roles) {
                let answer = visitor.post(&path, &because("a"));
                let may = rule.is_some_and(|rule| rule.who.iter().any(|who| who.word() == role));
                if answer.status == 200 {
                    assert!(may, "{expected} {step:?} {role}: {answer:?}");
                }
                let wrong_state = answer.body["code"] == "wrong_state";
                assert_eq!(wrong_state, rule.is_none(), "{expected} {step:?} {role}: {answer:?}");
                let barred = answer.body["code"] == "not_permitted";
                assert!(
                    barred || may || wrong_state || !step.has_sheet(),
                    "{step:?} {role}: {answer:?}"
                );
            }
            program.post(&path, &because("a")).problem(403, "not_permitted");
        }
        assert_eq!(alert.laboratory.store.read(|tx| tx.head()).unwrap().size, before);
    };
    look("open");
    alert.acknowledge("critical");
    look("acknowledged");
    alert.done("pavel", "investigate", &investigation(), "investigated");
    look("investigated");
    alert.done("rosa", "review_investigation", &json!({}), "investigated");
    let draft = json!({"code": "suspend", "rationale": "a worn scale"});
    assert_eq!(alert.draft(&draft).status, 201);
    look("drafted");
    alert.done("rosa", "reject", &because("a"), "acknowledged");
    alert.decide();
    look("decided");
    alert.done("quentin", "plan", &plan(), "action_planned");
    look("action_planned");
    alert.done("dana", "complete", &because("a"), "action_done");
    look("action_done");
    alert.batch("july-1", 31, 0.0);
    alert.batch("july-2", 32, 0.0);
    alert.done("quentin", "confirm", &json!({}), "effectiveness_checked");
    look("effectiveness_checked");
    alert.done("rosa", "close", &because("a"), "closed");
    look("closed");
    let rosa = alert.person("rosa");
    let wrong = alert.sign(&rosa, "link_external", (&json!({"system": "a", "number": "b"}), "0"));
    wrong.problem(409, "record_changed");
    let reopen = json!({"reason": "a", "severity": "minor"});
    let body = json!({"input": reopen, "sheet_sha256": "0", "password": "not the password"});
    rosa.post(&alert.at("steps/reopen"), &body).problem(401, "wrong_credentials");
    rosa.post(&alert.at("steps/dance/sheet"), &json!({})).problem(400, "bad_request");
}
