//! What must be refused: acts to roles, steps to states, signatures to programs and drafters, passwords to guessers, broken files.

use super::{acting, batch, size, without_last_row};
use crate::access;
use crate::access::account::{Acting, Way};
use crate::access::role::{Action, Role};
use crate::error::{Error, Result};
use crate::procedures::acknowledge_alert::acknowledge_alert;
use crate::procedures::administer::host;
use crate::procedures::checklist::{Asked, Checklist};
use crate::procedures::demonstrate::{DEMO_MODEL, DEMO_VERSION, Demonstration, MONTHS};
use crate::procedures::draft_decision::{DraftDecision, draft_decision};
use crate::procedures::ingest_batch::ingest_batch;
use crate::procedures::keep_accounts::unlock_account;
use crate::procedures::sign_decision::{sign_decision, sign_decision_shown};
use crate::procedures::sign_in::sign_in;
use crate::procedures::take_step::{StepOf, prepare_step};
use crate::review::life_cycle::{Rule, Step};
use crate::review::step_sheet::StepInput;
use crate::store::Store;

/// Whether `outcome` is a refusal by the permission table, a person's own act or a state, and no entry was written.
fn refused<T>(outcome: Result<T>) -> bool {
    matches!(
        outcome,
        Err(Error::Access(access::Error::NotPermitted { .. } | access::Error::SamePerson { .. }))
    )
}

fn open_alert(store: &Store) -> Result<String> {
    let episodes = store.read(|tx| tx.episodes(None, 500))?;
    let missing = || Error::NotFound { what: "alert", id: "that nobody acknowledged".to_owned() };
    let open = episodes.into_iter().find(|episode| episode.state.word() == "open");
    Ok(open.ok_or_else(missing)?.id)
}

pub(super) fn refusals(list: &mut Checklist, story: &Demonstration) {
    let store = &story.store;
    list.ask(
        Asked {
            requirements: &["P11-10g", "A11d-11.10", "MHRA-insp"],
            question: "Is each act refused to every role that may not do it?",
            risk: "Somebody acts without the authority.",
            expected: "every refusal, and the ledger is as long as before",
        },
        || acts_by_role(story),
    );
    list.ask(
        Asked {
            requirements: &["P11-10f"],
            question: "Is every step that the state does not allow refused, to every role?",
            risk: "A version is used that nobody approved.",
            expected: "every step outside of the rule table is refused, and the ledger is as long as before",
        },
        || forbidden_steps(story),
    );
    list.ask(
        Asked {
            requirements: &["A11d-11.3", "SIG-ai"],
            question: "Does a token sign?",
            risk: "A program signs for a person.",
            expected: "refused",
        },
        || {
            let token = Acting { way: Way::PersonalToken, ..acting(story, Role::Reviewer)? };
            let alert = open_alert(store)?;
            let outcome = sign_decision(store, &token, &alert, ("", ""));
            let found = outcome.as_ref().err().map_or("it signed".to_owned(), ToString::to_string);
            Ok((refused(outcome), found))
        },
    );
    list.ask(
        Asked {
            requirements: &["P11-200a1", "P11-70"],
            question: "Does who drafted a decision sign it, or does a signature take other bytes than those shown?",
            risk: "One person decides alone, or signs what was not on the screen.",
            expected: "both refused",
        },
        || own_decision(story),
    );
    list.ask(
        Asked {
            requirements: &["A11d-11.7", "P11-300d"],
            question: "Do wrong passwords lock an account?",
            risk: "Passwords are guessed.",
            expected: "locked within 10 wrong ones; then the right one is refused too",
        },
        || locks(story),
    );
    list.ask(
        Asked {
            requirements: &["A11-5", "DI-complete"],
            question: "Is a batch that is not as declared refused and kept, and the same name with other content refused?",
            risk: "A broken feed is judged as if it were data.",
            expected: "quarantined with its reasons; the second refused",
        },
        || {
            let dana = acting(story, Role::DataScientist)?;
            let broken = ingest_batch(store, &dana, batch(store, "broken", b"age,sex\nold,F\n")?);
            let kept = matches!(&broken, Err(Error::Quarantined { reasons, .. }) if !reasons.is_empty());
            let other = ingest_batch(store, &dana, batch(store, MONTHS[0].0, &without_last_row(MONTHS[1].1))?);
            let taken = matches!(other, Err(Error::BatchNameTaken { .. }));
            let said = broken.err().map_or("it was judged".to_owned(), |error| error.to_string());
            Ok((kept && taken, said.chars().take(300).collect()))
        },
    );
}

type Try<'a> = (&'static str, &'a [Role], &'a dyn Fn(&Acting) -> bool);

fn acts_by_role(story: &Demonstration) -> Result<(bool, String)> {
    let store = &story.store;
    let (before, alert) = (size(store)?, open_alert(store)?);
    let draft = DraftDecision {
        code: "no_action".to_owned(),
        rationale: "challenge".to_owned(),
        remedial_action: None,
    };
    let ingest = |who: &Acting| {
        batch(store, "challenge", MONTHS[0].1).is_ok_and(|b| refused(ingest_batch(store, who, b)))
    };
    let acknowledge =
        |who: &Acting| refused(acknowledge_alert(store, who, &alert, ("minor", "challenge")));
    let drafts = |who: &Acting| refused(draft_decision(store, who, &alert, &draft));
    let signs = |who: &Acting| refused(sign_decision_shown(store, who, &alert));
    let tries: [Try<'_>; 4] = [
        ("send a batch", Action::Ingest.roles(), &ingest),
        ("acknowledge an alert", Action::Acknowledge.roles(), &acknowledge),
        ("draft a decision", Action::DraftDecision.roles(), &drafts),
        ("sign a decision", Action::SignDecision.roles(), &signs),
    ];
    let (mut made, mut wrong) = (0, Vec::new());
    for (act, allowed, is_refused) in tries {
        for role in Role::ALL.into_iter().filter(|role| !allowed.contains(role)) {
            made += 1;
            if !is_refused(&acting(story, role)?) {
                wrong.push(format!("{} could {act}", role.word()));
            }
        }
    }
    let unchanged = size(store)? == before;
    let found = if wrong.is_empty() { "all refused".to_owned() } else { wrong.join(", ") };
    Ok((wrong.is_empty() && unchanged && made > 0, format!("{made} tries: {found}")))
}

fn forbidden_steps(story: &Demonstration) -> Result<(bool, String)> {
    let store = &story.store;
    let before = size(store)?;
    let missing = || Error::NotFound { what: "model version", id: DEMO_VERSION.to_owned() };
    let state = store.read(|tx| {
        let version = tx.version(DEMO_MODEL, DEMO_VERSION)?.ok_or_else(missing)?;
        Ok::<_, Error>(tx.version_state(&version.id)?)
    })?;
    let (mut made, mut wrong) = (0, Vec::new());
    for step in Step::ALL {
        for role in Role::ALL {
            let rule = Rule::of(state, step);
            if rule.is_some_and(|rule| rule.who.contains(&role)) {
                continue;
            }
            made += 1;
            let of = StepOf { model: DEMO_MODEL, version: DEMO_VERSION, step };
            if prepare_step(store, &acting(story, role)?, of, &StepInput::default()).is_ok() {
                wrong.push(format!("{} could {}", role.word(), step.words()));
            }
        }
    }
    let unchanged = size(store)? == before;
    let found = if wrong.is_empty() { "all refused".to_owned() } else { wrong.join(", ") };
    Ok((
        wrong.is_empty() && unchanged && made > 0,
        format!("{made} steps of a version that is {}: {found}", state.word()),
    ))
}

fn own_decision(story: &Demonstration) -> Result<(bool, String)> {
    let store = &story.store;
    let (qa, alert) = (acting(story, Role::Qa)?, open_alert(store)?);
    acknowledge_alert(store, &qa, &alert, ("minor", "operational qualification"))?;
    let draft = DraftDecision {
        code: "accept_with_rationale".to_owned(),
        rationale: "drafted by the operational qualification, in a scratch store".to_owned(),
        remedial_action: None,
    };
    draft_decision(store, &qa, &alert, &draft)?;
    let own = refused(sign_decision_shown(store, &qa, &alert));
    let reviewer = acting(story, Role::Reviewer)?;
    let password = story.accounts.iter().find(|new| new.account.role == Role::Reviewer);
    let password = password.map(|new| new.password.clone()).unwrap_or_default();
    let stale = "0".repeat(64);
    let other = sign_decision(store, &reviewer, &alert, (&stale, &password));
    let changed = matches!(other, Err(Error::Review(crate::review::Error::Changed)));
    let words = |held| if held { "refused" } else { "not refused" };
    Ok((own && changed, format!("the drafter: {}; other bytes: {}", words(own), words(changed))))
}

fn locks(story: &Demonstration) -> Result<(bool, String)> {
    let store = &story.store;
    let ines = story.accounts.iter().find(|new| new.account.role == Role::Inspector);
    let missing = || Error::NotFound { what: "account of role", id: "inspector".to_owned() };
    let ines = ines.ok_or_else(missing)?;
    let name = &ines.account.user_name;
    sign_in(store, name, &ines.password)?;
    let mut wrong = 0;
    let locked = loop {
        wrong += 1;
        match sign_in(store, name, "not the password") {
            Err(Error::Access(access::Error::Locked { .. })) => break true,
            Err(_) if wrong < 10 => {}
            _ => break false,
        }
    };
    let right = sign_in(store, name, &ines.password);
    let shut = matches!(right, Err(Error::Access(access::Error::Locked { .. })));
    unlock_account(store, &host(), name, "operational qualification")?;
    let open = sign_in(store, name, &ines.password).is_ok();
    let found = format!(
        "locked at wrong password {wrong}: {locked}; the right one refused then: {shut}; open again after unlocking with a reason: {open}"
    );
    Ok((locked && shut && open, found))
}
