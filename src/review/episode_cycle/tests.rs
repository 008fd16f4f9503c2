//! The table of an alert's life against what the papers say, written down a second time by hand.

use super::*;
use crate::review::effectiveness::{ActionOwner, EffectivenessCriterion};
use EpisodeState as S;
use EpisodeStep as T;

fn person(id: &str, role: Role) -> Account {
    let (id, user_name, printed_name) = (id.to_owned(), id.to_owned(), id.to_owned());
    Account { id, user_name, printed_name, role }
}

fn by(id: &str) -> EpisodeEvent {
    EpisodeEvent { by: Some(id.to_owned()), entry: 9, ..EpisodeEvent::default() }
}

fn plan(owner: &str) -> RemedialPlan {
    let criterion = EffectivenessCriterion {
        series: Vec::new(),
        batches: 2,
        version_id: "mv_1".to_owned(),
        version: "1".to_owned(),
        horizon_on: "2026-09-01".to_owned(),
    };
    let owner = ActionOwner { id: owner.to_owned(), user_name: owner.to_owned() };
    RemedialPlan { what: "repair".to_owned(), owner, due_on: "2026-07-01".to_owned(), criterion }
}

const DS: Role = Role::DataScientist;
const QA: Role = Role::Qa;
const RV: Role = Role::Reviewer;
const PE: Role = Role::ProcessExpert;

/// What the papers allow, written down a second time, by hand.
fn allowed() -> Vec<(S, T, S, &'static [Role])> {
    let mut all: Vec<(S, T, S, &'static [Role])> = vec![
        (S::Open, T::Acknowledge, S::Acknowledged, &[QA, RV]),
        (S::Acknowledged, T::Investigate, S::Investigated, &[DS, RV, PE]),
        (S::Acknowledged, T::Draft, S::Drafted, &[QA, RV]),
        (S::Investigated, T::ReviewInvestigation, S::Investigated, &[RV, PE]),
        (S::Investigated, T::ReturnInvestigation, S::Acknowledged, &[QA, RV, PE]),
        (S::Investigated, T::Draft, S::Drafted, &[QA, RV]),
        (S::Drafted, T::Reject, S::Acknowledged, &[QA, RV, PE]),
        (S::Drafted, T::Sign, S::Decided, &[QA, RV, PE]),
        (S::Decided, T::Plan, S::ActionPlanned, &[QA, RV]),
        (S::Decided, T::Close, S::Closed, &[QA, RV]),
        (S::ActionPlanned, T::Extend, S::ActionPlanned, &[QA, RV]),
        (S::ActionPlanned, T::Complete, S::ActionDone, &[DS, QA, RV, PE]),
        (S::ActionDone, T::ReturnAction, S::ActionPlanned, &[QA, RV]),
        (S::ActionDone, T::Confirm, S::EffectivenessChecked, &[QA, RV]),
        (S::ActionDone, T::Refute, S::Acknowledged, &[QA, RV]),
        (S::EffectivenessChecked, T::Close, S::Closed, &[QA, RV]),
        (S::Closed, T::Reopen, S::Acknowledged, &[QA, RV]),
    ];
    for state in S::ALL {
        if state != S::Closed {
            all.push((state, T::Escalate, state, &[DS, QA, RV, PE]));
        }
        if state != S::Open {
            all.push((state, T::LinkExternal, state, &[QA, RV]));
        }
    }
    all
}

#[test] // 5.4, A11d-8.3
fn every_state_step_and_role_is_allowed_or_refused_as_the_papers_say() {
    let allowed = allowed();
    assert_eq!(EPISODE_RULES.len(), allowed.len(), "no rule stands twice");
    let (mut seen, mut may) = (0, 0);
    for state in S::ALL {
        for &step in T::ALL {
            let expected = allowed.iter().find(|line| (line.0, line.1) == (state, step));
            let rule = EpisodeRule::of(state, step);
            assert_eq!(rule.map(|rule| rule.to), expected.map(|line| line.2), "{state:?} {step:?}");
            let mut facts = EpisodeFacts { state, ..EpisodeFacts::opened(1) };
            let taken = facts.take(step, by("somebody"));
            assert_eq!(taken.is_ok(), expected.is_some(), "{state:?} {step:?}");
            for role in Role::ALL {
                let facts = EpisodeFacts { state, ..EpisodeFacts::opened(1) };
                let owner = (step == T::Complete).then_some("other");
                let permitted =
                    rule.is_some_and(|r| r.permit(&person("other", role), &facts, owner).is_ok());
                let should = expected.is_some_and(|line| line.3.contains(&role));
                assert_eq!(permitted, should, "{state:?} {step:?} {role:?}");
                (seen, may) = (seen + 1, may + usize::from(permitted));
            }
        }
    }
    assert_eq!(seen, 9 * 17 * 6);
    assert_eq!(may, allowed.iter().map(|line| line.3.len()).sum::<usize>());
}

#[test] // 5.2
fn nobody_signs_or_closes_what_they_investigated_drafted_owned_or_checked() {
    let facts = EpisodeFacts {
        investigators: vec!["ivan".to_owned()],
        drafter: Some("quentin".to_owned()),
        plan: Some((plan("olga"), 5)),
        checker: Some("carl".to_owned()),
        ..EpisodeFacts::opened(1)
    };
    let hands = [
        ("ivan", EpisodeGuard::NotInvestigator),
        ("quentin", EpisodeGuard::NotDrafter),
        ("olga", EpisodeGuard::NotOwner),
        ("carl", EpisodeGuard::NotChecker),
    ];
    let mut refused = 0;
    for rule in &EPISODE_RULES {
        for role in rule.who {
            for (id, guard) in hands {
                let outcome = rule.permit(&person(id, *role), &facts, facts.owner());
                let by_owner = rule.needs(EpisodeGuard::ByOwner) && id != "olga";
                assert_eq!(outcome.is_err(), rule.needs(guard) || by_owner, "{rule:?} {id}");
                refused += usize::from(outcome.is_err());
            }
        }
    }
    assert!(refused > 25, "{refused}");
    let closes = EpisodeRule::of(S::EffectivenessChecked, T::Close).unwrap();
    for (id, guard) in hands {
        assert!(closes.needs(guard), "{id}");
    }
    let signs = EpisodeRule::of(S::Drafted, T::Sign).unwrap();
    assert!(signs.needs(EpisodeGuard::NotInvestigator) && signs.needs(EpisodeGuard::NotDrafter));
}

#[test] // 5.4
fn critical_alerts_owe_an_investigation_and_decided_actions_owe_their_plan() {
    let drafts = EpisodeRule::of(S::Acknowledged, T::Draft).unwrap();
    let after = EpisodeRule::of(S::Investigated, T::Draft).unwrap();
    let mut facts = EpisodeFacts::opened(1);
    for (severity, owed) in
        [(Severity::Minor, false), (Severity::Major, false), (Severity::Critical, true)]
    {
        facts.severity = Some(severity);
        assert_eq!(drafts.missing(&facts).is_some(), owed, "{severity:?}");
        assert!(after.missing(&facts).is_some(), "it has to be reviewed in any case");
    }
    facts.is_reviewed = true;
    assert!(drafts.missing(&facts).is_none() && after.missing(&facts).is_none());
    let closes = EpisodeRule::of(S::Decided, T::Close).unwrap();
    assert!(closes.missing(&facts).is_none());
    facts.action_decided = true;
    assert!(closes.missing(&facts).unwrap().contains("plan it"));
}

#[test] // 5.4
fn a_whole_life_goes_round_when_the_action_did_not_work() {
    let mut facts = EpisodeFacts::opened(1);
    let seen = EpisodeEvent { severity: Some(Severity::Critical), ..by("quentin") };
    let planned = EpisodeEvent { plan: Some(plan("dana")), ..by("quentin") };
    let moved = EpisodeEvent { due_on: Some("2026-08-01".to_owned()), ..by("quentin") };
    let drafted = EpisodeEvent { names_action: true, ..by("quentin") };
    for (step, event) in [
        (T::Acknowledge, seen),
        (T::Investigate, by("pavel")),
        (T::ReviewInvestigation, by("rosa")),
        (T::Draft, drafted),
        (T::Sign, by("rosa")),
        (T::Plan, planned),
        (T::Extend, moved),
        (T::Complete, by("dana")),
    ] {
        facts.take(step, event).unwrap();
    }
    assert_eq!(facts.investigators, ["pavel"]);
    let (plan, fixed) = facts.plan.clone().unwrap();
    assert_eq!((plan.due_on.as_str(), fixed, facts.completed), ("2026-08-01", 9, Some(9)));
    facts.take(T::Refute, by("quentin")).unwrap();
    assert_eq!((facts.state, facts.cycle), (S::Acknowledged, 2));
    assert_eq!(facts.severity, Some(Severity::Critical), "it stays as severe as it was");
    assert!(facts.plan.is_none() && facts.investigators.is_empty() && !facts.is_reviewed);
    assert_eq!(facts.take(T::Close, by("rosa")), Err((S::Acknowledged, T::Close)));
}

#[test]
fn what_is_computed_decides_between_the_two_outcomes() {
    use EffectivenessOutcome::{Effective, Inconclusive, Ineffective, Pending};
    let confirm = EpisodeRule::of(S::ActionDone, T::Confirm).unwrap();
    let refute = EpisodeRule::of(S::ActionDone, T::Refute).unwrap();
    for (outcome, confirms, refutes) in [
        (Effective, true, false),
        (Ineffective, false, true),
        (Inconclusive, false, true),
        (Pending, false, false),
    ] {
        assert_eq!((fits(confirm, outcome), fits(refute, outcome)), (confirms, refutes));
    }
}

#[test]
fn words_read_back() {
    for state in S::ALL {
        assert_eq!(S::of_word(state.word()), Some(state));
        assert_eq!(serde_json::json!(state), state.word());
    }
    for &step in T::ALL {
        assert_eq!(T::of_word(step.word()), Some(step));
        assert_eq!(serde_json::json!(step), step.word());
    }
}
