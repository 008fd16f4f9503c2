//! The table of a version's life against what the papers say, written down a second time by hand.

use super::*;

fn person(id: &str, role: Role) -> Account {
    let (id, user_name, printed_name) = (id.to_owned(), id.to_owned(), id.to_owned());
    Account { id, user_name, printed_name, role }
}

fn author(id: &str) -> Author {
    Author { id: id.to_owned(), user_name: id.to_owned() }
}

fn taken(step: Step, by: &str, role: Role) -> Taken {
    let (id, at) = (format!("vs_{by}"), "2026-06-01T08:00:00.000Z".to_owned());
    let (account_id, user_name) = (by.to_owned(), by.to_owned());
    Taken { id, step, account_id, user_name, role, at, entry: 7 }
}

/// What the papers allow, written down a second time, by hand.
const ALLOWED: [(&str, &str, &str, &[Role]); 12] = [
    ("draft", "submit", "submitted", &[Role::DataScientist]),
    ("submitted", "reject", "draft", &[Role::Reviewer, Role::Qa]),
    ("submitted", "review", "submitted", &[Role::Reviewer, Role::ProcessExpert]),
    ("submitted", "approve", "approved", &[Role::Qa]),
    ("approved", "release", "in_use", &[Role::Qa]),
    ("approved", "withdraw", "withdrawn", &[Role::Qa]),
    ("in_use", "suspend", "suspended", &[Role::Qa, Role::ProcessExpert, Role::Reviewer]),
    ("in_use", "supersede", "suspended", &[Role::Qa]),
    ("suspended", "review", "suspended", &[Role::Reviewer, Role::ProcessExpert]),
    ("suspended", "resume", "in_use", &[Role::Qa]),
    ("suspended", "retire", "retired", &[Role::Qa]),
    ("in_use", "retire", "retired", &[Role::Qa]),
];

#[test]
fn every_state_step_and_role_is_allowed_or_refused_as_the_papers_say() {
    let authors = [author("author")];
    let mut seen = (0, 0);
    for state in VersionState::ALL {
        for step in Step::ALL {
            let allowed = ALLOWED.iter().find(|a| (a.0, a.1) == (state.word(), step.word()));
            let rule = Rule::of(state, step);
            assert_eq!(rule.map(|r| r.to.word()), allowed.map(|a| a.2), "{state:?} {step:?}");
            for role in Role::ALL {
                let id = if step == Step::Submit { "author" } else { "other" };
                let history = History { authors: &authors, taken: &[] };
                let may = rule.is_some_and(|r| r.permit(&person(id, role), &history).is_ok());
                let should = allowed.is_some_and(|a| a.3.contains(&role));
                assert_eq!(may, should, "{state:?} {step:?} {role:?}");
                seen = (seen.0 + 1, seen.1 + usize::from(may));
            }
        }
    }
    assert_eq!(seen, (7 * 10 * 6, 17));
    assert_eq!(RULES.len(), ALLOWED.len(), "no rule stands twice");
}

#[test]
fn nobody_signs_what_they_made_and_only_its_makers_submit_it() {
    let authors = [author("dana"), author("tester")];
    let history = History { authors: &authors, taken: &[] };
    for rule in &RULES {
        for role in rule.who {
            for id in ["dana", "tester"] {
                let outcome = rule.permit(&person(id, *role), &history);
                // Whoever takes a version out of use makes nothing good by it.
                let safe = matches!(rule.step, Step::Submit | Step::Suspend | Step::Supersede);
                assert_eq!(outcome.is_ok(), safe, "{rule:?}");
                assert!(safe || matches!(outcome, Err(Error::SamePerson { .. })));
            }
        }
    }
    let submit = Rule::of(VersionState::Draft, Step::Submit).unwrap();
    let refused = submit.permit(&person("other", Role::DataScientist), &history);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "role `data scientist` may not submit the version; it takes an author of it (dana, tester)"
    );
}

#[test]
fn review_and_approval_are_two_people_in_this_order() {
    let authors = [author("dana")];
    let submitted = taken(Step::Submit, "dana", Role::DataScientist);
    let reviewed = taken(Step::Review, "rosa", Role::Reviewer);
    for state in [VersionState::Submitted, VersionState::Suspended] {
        let last = if state == VersionState::Submitted { Step::Approve } else { Step::Resume };
        let before = [submitted.clone(), reviewed.clone()];
        let history = History { authors: &authors, taken: &before };
        let approve = Rule::of(state, last).unwrap();
        let review = Rule::of(state, Step::Review).unwrap();
        assert!(approve.permit(&person("quentin", Role::Qa), &history).is_ok());
        let same = approve.permit(&person("rosa", Role::Qa), &history);
        assert!(matches!(same, Err(Error::SamePerson { .. })));
        let again = review.permit(&person("rosa", Role::Reviewer), &history);
        assert!(matches!(again, Err(Error::SamePerson { .. })));
        assert!(review.permit(&person("pavel", Role::ProcessExpert), &history).is_ok());
        assert!(approve.needs(Guard::Reviewed));
    }
    assert!(!is_reviewed(std::slice::from_ref(&submitted)));
    let expert = taken(Step::Review, "pavel", Role::ProcessExpert);
    assert!(!is_reviewed(&[submitted.clone(), expert.clone()]), "the reviewer signs in any case");
    assert!(is_reviewed(&[submitted.clone(), expert.clone(), reviewed.clone()]));
    let rejected = taken(Step::Reject, "rosa", Role::Reviewer);
    let again = [submitted.clone(), reviewed, rejected, submitted.clone()];
    assert!(!is_reviewed(&again), "a review does not outlive a rejection");
    assert_eq!(
        acts_for(Step::Review, Role::Reviewer, std::slice::from_ref(&submitted)),
        [Role::ProcessExpert]
    );
    assert!(acts_for(Step::Review, Role::Reviewer, &[submitted, expert]).is_empty());
}

#[test]
fn a_state_follows_from_its_steps_alone() {
    use Step::{Approve, Reject, Release, Resume, Retire, Review, Submit, Suspend};
    let life = [Submit, Reject, Submit, Review, Approve, Release, Suspend, Review, Resume, Retire];
    let states: Vec<_> =
        (0..=life.len()).map(|n| state_after(life[..n].iter().copied()).unwrap().word()).collect();
    assert_eq!(
        states,
        [
            "draft",
            "submitted",
            "draft",
            "submitted",
            "submitted",
            "approved",
            "in_use",
            "suspended",
            "suspended",
            "in_use",
            "retired"
        ]
    );
    assert_eq!(state_after([Submit, Release]), Err((VersionState::Submitted, Release)));
    for over in [VersionState::Retired, VersionState::Withdrawn] {
        assert!(over.is_over() && Rule::from(over).next().is_none());
    }
}

#[test]
fn words_read_back() {
    for state in VersionState::ALL {
        assert_eq!(VersionState::of_word(state.word()), Some(state));
        assert_eq!(serde_json::json!(state), state.word());
    }
    for step in Step::ALL {
        assert_eq!(Step::of_word(step.word()), Some(step));
        assert_eq!(serde_json::json!(step), step.word());
    }
}
