//! What an incident must say, and what a revision may change.

use super::*;

const AT: &str = "2026-06-01T08:00:00.000Z";

fn report() -> IncidentReport {
    IncidentReport {
        happened_at: "2026-06-01T06:00:00.000Z".to_owned(),
        noticed_at: "2026-06-01T07:00:00.000Z".to_owned(),
        severity: Severity::Major,
        what: "the server was down".to_owned(),
        affected: vec![Affected { kind: AffectedKind::Batch, id: "ba_1".to_owned() }],
    }
}

fn open() -> Incident {
    Incident::reported("in_1", NoticedBy::Person, report(), "dana")
}

fn row() -> RevisionBefore {
    RevisionBefore { id: "ir_1".to_owned(), sha256: "0".repeat(64) }
}

fn cause() -> IncidentCause {
    IncidentCause {
        root_cause: "a disk was full".to_owned(),
        action: "the disk is watched".to_owned(),
        external: None,
    }
}

fn investigated() -> Incident {
    let next = open().next(row(), IncidentStep::Investigate, "adam").unwrap();
    Incident { cause: Some(cause()), ..next }
}

#[test] // A11-13
fn an_incident_says_what_when_and_how_bad() {
    open().validate(AT).unwrap();
    let refused = |change: &dyn Fn(&mut Incident)| {
        let mut incident = open();
        change(&mut incident);
        incident.validate(AT).unwrap_err().to_string()
    };
    assert!(refused(&|one| one.format.clear()).contains("format"));
    assert!(refused(&|one| one.report.what = " ".to_owned()).contains("`what` is empty"));
    assert!(refused(&|one| one.report.what = "x".repeat(4_001)).contains("4001 characters"));
    let late = "2026-06-01T07:30:00.000Z";
    assert!(refused(&|one| one.report.happened_at = late.to_owned()).contains("in this order"));
    let ahead = "2026-06-01T08:00:00.001Z";
    assert!(refused(&|one| one.report.noticed_at = ahead.to_owned()).contains("in this order"));
    assert!(refused(&|one| one.report.noticed_at = "today".to_owned()).contains("expected UTC"));
    assert!(
        refused(&|one| one.report.affected = vec![report().affected[0].clone(); 2])
            .contains("twice")
    );
    assert!(refused(&|one| one.revision = 2).contains("follows"));
    assert!(refused(&|one| one.reason = Some("why".to_owned())).contains("reason"));
    assert!(refused(&|one| one.cause = Some(cause())).contains("open"));
    assert!(refused(&|one| one.step = IncidentStep::Close).contains("has to be investigated"));
}

#[test] // A11-13
fn what_is_critical_has_an_action_with_a_number() {
    investigated().validate(AT).unwrap();
    let mut critical = investigated();
    critical.report.severity = Severity::Critical;
    assert!(critical.validate(AT).unwrap_err().to_string().contains("quality system"));
    let external = ExternalRecord {
        system: "QMS".to_owned(),
        number: "CAPA-7".to_owned(),
        status: None,
        link: None,
    };
    critical.cause = Some(IncidentCause { external: Some(external), ..cause() });
    critical.validate(AT).unwrap();
    let bare = Incident { cause: None, ..investigated() };
    assert!(bare.validate(AT).unwrap_err().to_string().contains("no cause"));
}

#[test] // A11-13
fn a_revision_changes_what_its_step_states_and_nothing_else() {
    investigated().follows(&open(), row()).unwrap();
    let closed = investigated().next(row(), IncidentStep::Close, "quentin").unwrap();
    closed.follows(&investigated(), row()).unwrap();
    assert_eq!(closed.cause, Some(cause()), "what was found stays");
    let mut other = closed.clone();
    other.report.severity = Severity::Minor;
    assert!(other.follows(&investigated(), row()).is_err());
    assert!(closed.follows(&open(), row()).is_err(), "it was not investigated");
    let other = RevisionBefore { sha256: "1".repeat(64), ..row() };
    assert!(closed.follows(&investigated(), other).is_err());
    let again = closed.next(row(), IncidentStep::Reopen, "quentin").unwrap();
    assert_eq!((again.state, &again.cause), (IncidentState::Open, &None));
    assert!(again.validate(AT).is_err(), "it has no reason");
    let again = Incident { reason: Some("it happened again".to_owned()), ..again };
    again.validate(AT).unwrap();
    again.follows(&closed, row()).unwrap();
}

#[test]
fn times_are_read_as_people_and_forms_write_them() {
    let expected = time_of("2026-06-01T08:00:00.000Z");
    assert!(expected.is_some());
    for typed in ["2026-06-01T08:00", "2026-06-01T08:00:00", " 2026-06-01T10:00:00+02:00 "] {
        assert_eq!(time_of(typed), expected, "{typed}");
    }
    for other in ["", "yesterday", "2026-06-01", "2026-02-30T08:00"] {
        assert_eq!(time_of(other), None, "{other}");
    }
}
