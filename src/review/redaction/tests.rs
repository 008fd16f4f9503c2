//! What goes and what stays of a row; what a redaction has to say.

use super::*;

fn row(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn redaction() -> Redaction {
    let listed = "a".repeat(64);
    Redaction {
        format: REDACTION_FORMAT.to_owned(),
        asked_by: Requester::DataSubject,
        request: "DSR-2026-014".to_owned(),
        ground: LegalGround::UnlawfullyProcessed,
        rows: vec![RedactedRow {
            table: "acknowledgement".to_owned(),
            record: "ak_1".to_owned(),
            entry: 7,
            columns: vec!["comment".to_owned()],
            marker: marker_of(&listed),
            listed_sha256: listed.clone(),
            found_sha256: listed,
            left_sha256: "b".repeat(64),
            model: Some("m".to_owned()),
            version_id: Some("mv_1".to_owned()),
            batch_id: None,
        }],
        reason: "a patient was named in a comment".to_owned(),
        kept_elsewhere: KEPT_ELSEWHERE.to_owned(),
    }
}

#[test] // P11-10c1
fn only_the_value_and_what_blinds_its_digest_go() {
    let before = row(json!({"id": "ak_1", "entry": 7, "comment": "seen by Mrs Roe",
                            "severity": "minor", "blind": "00ff"}));
    let columns = ["comment".to_owned()];
    let marker = marker_of(&"a".repeat(64));
    let left = redacted(("acknowledgement", &before), &columns, &marker).unwrap();
    let expected = json!({"id": "ak_1", "entry": 7, "severity": "minor",
                          "comment": "[redacted aaaaaaaaaaaaaaaa]"});
    assert_eq!(Value::Object(left.clone()), expected);
    let again = redacted(("acknowledgement", &left), &columns, &marker).unwrap_err();
    assert!(again.to_string().contains("redacted before"), "{again}");
    for column in ["severity", "account_id", "blind"] {
        let refused =
            redacted(("acknowledgement", &before), &[column.to_owned()], &marker).unwrap_err();
        assert!(refused.to_string().contains("of this table: comment"), "{refused}");
    }
    let none = redacted(("tag", &before), &["value".to_owned()], &marker).unwrap_err();
    assert!(none.to_string().contains("holds nothing"), "{none}");
}

#[test] // P11-10c1
fn quoted_cells_go_and_what_a_report_says_stays() {
    let marker = "[redacted 0]";
    let quarantine = row(json!({"reasons": "[\"row 3: `Jane Roe`\"]"}));
    let left = redacted(("quarantine", &quarantine), &["reasons".to_owned()], marker).unwrap();
    assert_eq!(left["reasons"], "[\"[redacted 0]\"]");
    let opening = |kind: &str| {
        let opening = json!({"kind": kind, "sentences": ["`Jane Roe`"], "series": []});
        row(json!({"opening": opening.to_string()}))
    };
    let columns = ["opening".to_owned()];
    let left = redacted(("episode", &opening("unreadable_file")), &columns, marker).unwrap();
    let left: Value = serde_json::from_str(left["opening"].as_str().unwrap()).unwrap();
    assert_eq!(left["sentences"], json!([marker]));
    assert_eq!(left["kind"], "unreadable_file");
    assert!(redacted(("episode", &opening("drift")), &columns, marker).is_err());
}

#[test] // P11-10c1
fn redactions_of_a_row_follow_each_other() {
    assert_eq!(left_by("a", []), Some("a"));
    assert_eq!(left_by("a", [("a", "b"), ("b", "c")]), Some("c"));
    assert_eq!(left_by("a", [("b", "c")]), None);
    assert_eq!(left_by("a", [("a", "b"), ("a", "c")]), None);
}

#[test] // P11-10c1
fn a_row_is_held_against_what_redactions_left_of_it() {
    let mut redactions = Redactions::default();
    assert_eq!(redactions.now("tag", "t", "a"), "a");
    assert_eq!(redactions.listed("tag", "t", "a".to_owned()), "a");
    let (place, step) = (
        |id: &str| ("tag".to_owned(), id.to_owned()),
        |found: &str, left: &str| (found.to_owned(), left.to_owned()),
    );
    redactions.add(place("t"), step("a", "b"));
    redactions.add(place("t"), step("b", "c"));
    redactions.add(place("u"), step("b", "c"));
    assert_eq!(redactions.now("tag", "t", "a"), "c");
    assert_eq!(redactions.listed("tag", "t", "c".to_owned()), "a");
    assert_eq!(redactions.listed("tag", "t", "b".to_owned()), "b", "not what was left");
    assert_eq!(redactions.now("tag", "u", "a"), "a", "it does not follow from what is listed");
    assert_eq!(redactions.now("tag", "v", "a"), "a");
}

#[test] // P11-10c1
fn a_redaction_says_who_asked_on_which_ground_and_what_goes() {
    redaction().validate().unwrap();
    let wrong: [fn(&mut Redaction); 10] = [
        |r| r.format = "other".to_owned(),
        |r| r.reason = "asked".to_owned(),
        |r| r.request = " ".to_owned(),
        |r| r.request = "x".repeat(REQUEST_MAX + 1),
        |r| r.kept_elsewhere = "nowhere".to_owned(),
        |r| r.rows.clear(),
        |r| r.rows.push(r.rows[0].clone()),
        |r| r.rows[0].columns = vec!["account_id".to_owned()],
        |r| r.rows[0].marker = "[redacted]".to_owned(),
        |r| r.rows[0].left_sha256 = r.rows[0].found_sha256.clone(),
    ];
    for change in wrong {
        let mut redaction = redaction();
        change(&mut redaction);
        assert!(redaction.validate().is_err(), "{redaction:?}");
    }
    for ground in LegalGround::ALL {
        assert_eq!(serde_json::to_value(ground).unwrap(), ground.word());
    }
    for who in Requester::ALL {
        assert_eq!(serde_json::to_value(who).unwrap(), who.word());
    }
}
