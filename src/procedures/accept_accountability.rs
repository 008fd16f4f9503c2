//! Procedure: accept the statement of accountability, before the first signature.
//!
//! 1. a statement is in force in every store, from its first entry on; an administrator may put another one in force, with a reason. A store
//!    that an earlier version made has none: there an administrator or the host puts the first one in force, and nobody signs before
//! 2. somebody whose identity was checked reads it and signs it, word for word, with the password again
//! 3. nobody signs anything else before that, and nobody signs after another statement came into force before they accepted it too

use super::identify_signer::{check_to_sign, demonstrated, sign_record};
use super::sign_decision::require_session;
use super::{Recorded, actor, given, subject};
use crate::access::account::{Account, Acting};
use crate::access::accountability::check_statement;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::accountability::AccountabilityAcceptance;
use crate::review::identified::Identified;
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::accountability::{AcceptanceRow, StatementRow};
use crate::store::{ReadTx, Store};
use crate::{access, clock, digest};

/// The record table of acceptances.
const TABLE: &str = "accountability_acceptance";

/// The statement in force, earlier ones, and what this person signs to accept it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AccountabilityView {
    /// Every statement, the one in force first; none in a store of an earlier version, until one is put in force.
    pub statements: Vec<StatementRow>,
    /// The acceptance of the one in force by who asks, where it was accepted.
    pub accepted: Option<AcceptanceRow>,
    /// The exact bytes that this person signs to accept it; absent while none is in force.
    pub document: Option<String>,
    /// Their SHA-256: what the signature is to name; absent while none is in force.
    pub sha256: Option<String>,
}

fn in_force(tx: &ReadTx<'_>) -> Result<StatementRow> {
    let newest = tx.statements()?.into_iter().next();
    Ok(newest.ok_or(access::Error::NoStatement)?)
}

/// What `account` signs to accept `statement`: the canonical bytes and their SHA-256.
fn to_sign(account: &Account, statement: &StatementRow) -> Result<(String, String)> {
    let bytes = AccountabilityAcceptance::new(account.clone(), &statement.text).bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    Ok((String::from_utf8(bytes).unwrap_or_default(), sha256))
}

/// The statement in force, and whether who asks accepted it.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not read.
pub fn accountability(store: &Store, acting: &Acting) -> Result<AccountabilityView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let statements = tx.statements()?;
        let Some(statement) = statements.first() else {
            return Ok(AccountabilityView {
                statements,
                accepted: None,
                document: None,
                sha256: None,
            });
        };
        let accepted = tx.acceptance(&acting.account.id)?;
        let (document, sha256) = to_sign(&acting.account, statement)?;
        let (document, sha256) = (Some(document), Some(sha256));
        let accepted = accepted.filter(|row| row.statement_id == statement.id);
        Ok(AccountabilityView { statements, accepted, document, sha256 })
    })
}

/// Accepts the statement in force; `shown_sha256` is the digest of what was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role that signs nothing, for a token, before the identity was checked, and for a wrong password;
/// [`Error::Conflict`] where it is accepted already; [`Error::Review`] for other bytes than shown.
pub fn accept_statement(
    store: &Store,
    acting: &Acting,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<RecordSignature>> {
    acting.permit(Action::AcceptAccountability)?;
    require_session(acting)?;
    let what = (shown_sha256, Meaning::AcceptsAccountability);
    let how = check_to_sign(store, &acting.account, password, what)?;
    write(store, acting, (shown_sha256, how))
}

/// Accepts it for a demo account, which has no password to enter: the ledger says `demonstration`.
pub(super) fn accept_statement_shown(store: &Store, acting: &Acting) -> Result<()> {
    acting.permit(Action::AcceptAccountability)?;
    let shown = accountability(store, acting)?.sha256.ok_or(access::Error::NoStatement)?;
    let how = demonstrated(store, acting, Meaning::AcceptsAccountability)?;
    write(store, acting, (&shown, how))?;
    Ok(())
}

fn write(
    store: &Store,
    acting: &Acting,
    (shown_sha256, how): (&str, Identified),
) -> Result<Recorded<RecordSignature>> {
    let account = &acting.account;
    let written = store.write(&actor(acting), EntryType::AccountabilityAccept, |tx| {
        let statement = in_force(tx)?;
        if tx.acceptance(&account.id)?.is_some_and(|row| row.statement_id == statement.id) {
            let detail = "you accepted this statement already".to_owned();
            return Err(Error::Conflict { detail });
        }
        let (document, sha256) = to_sign(account, &statement)?;
        let id = clock::new_id("aa");
        tx.subject(subject("account", &account.id));
        tx.refer(statement.entry);
        tx.insert_acceptance(&id, (&account.id, &statement.id), (&sha256, &document))?;
        let what = (Meaning::AcceptsAccountability, shown_sha256, how);
        let signature = sign_record(tx, account, (TABLE, &id, &document), what)?;
        Ok(signature)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Puts another statement in force; everybody accepts it before the next signature.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, and for a text that is too short or too long; [`Error::BadRequest`] without a reason;
/// [`Error::Conflict`] where this text is in force.
pub fn set_statement(
    store: &Store,
    acting: &Acting,
    (text, reason): (&str, &str),
) -> Result<Recorded<StatementRow>> {
    acting.permit(Action::ManageAccounts)?;
    let text = check_statement(text)?;
    let reason = given("reason", reason)?;
    let written = store.write(&actor(acting), EntryType::AccountabilitySet, |tx| {
        let statements = tx.statements()?;
        if statements.first().is_some_and(|row| row.text == text) {
            let detail = "this statement is in force already".to_owned();
            return Err(Error::Conflict { detail });
        }
        let id = clock::new_id("st");
        tx.subject(subject("accountability_statement", &id));
        tx.insert_statement(&id, &acting.account.id, (text, reason))?;
        in_force(tx)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Refuses somebody of whom nothing is recorded that a signature with this meaning rests on.
///
/// # Errors
///
/// [`access::Error::IdentityNotChecked`], [`access::Error::NoStatement`], [`access::Error::AccountabilityNotAccepted`].
pub(super) fn check_accountable(
    tx: &ReadTx<'_>,
    account: &Account,
    meaning: Meaning,
) -> Result<()> {
    let user_name = || account.user_name.clone();
    let statement = in_force(tx)?;
    if tx.identity_check(&account.id)?.is_none() {
        return Err(access::Error::IdentityNotChecked { user_name: user_name() }.into());
    }
    let accepted = tx.acceptance(&account.id)?;
    let is_accepted = accepted.is_some_and(|row| row.statement_id == statement.id);
    if is_accepted || meaning == Meaning::AcceptsAccountability {
        return Ok(());
    }
    Err(access::Error::AccountabilityNotAccepted { user_name: user_name() }.into())
}

#[cfg(test)]
mod tests {
    use super::super::administer::{create_account, create_store, host};
    use super::super::check_identity::{IdentitySeen, record_identity_check};
    use super::super::check_store::check_store;
    use super::super::identify_signer::check_still;
    use super::super::keep_trainings::{record_training, set_training_policy};
    use super::super::read_pending::pending;
    use super::*;
    use crate::access::account::Way;
    use crate::access::accountability::{IdentityMethod, SHIPPED_STATEMENT};
    use crate::access::role::Role;
    use crate::access::training::{Training, TrainingPolicy, TrainingRule};
    use crate::clock::Clock;
    use crate::store::WriteTx;

    const OTHER: &str = "I answer for everything that I sign, as if I had signed it by hand.";

    fn person(store: &Store, user_name: &'static str, role: Role) -> Acting {
        let made = create_account(store, &host(), (user_name, "A Person"), role).unwrap();
        Acting { account: made.value.account, way: Way::Session }
    }

    fn identify(store: &Store, user_name: &str) {
        let seen = "passport, photograph compared".to_owned();
        let found = IdentitySeen { method: IdentityMethod::InPerson, seen, checked_on: None };
        record_identity_check(store, &host(), user_name, &found).unwrap();
    }

    fn waits(store: &Store, acting: &Acting, what: &str) -> bool {
        pending(store, acting).unwrap().lines.iter().any(|line| line.is_mine && line.what == what)
    }

    /// What the transaction that writes a signature of `acting` would answer.
    fn still(store: &Store, acting: &Acting) -> Error {
        let asked = |tx: &mut WriteTx<'_>| {
            check_still(tx, &acting.account, Meaning::ApprovesDecision)?;
            Err::<(), _>(Error::BadRequest { detail: "may sign".to_owned() })
        };
        store.write(&actor(acting), EntryType::DecisionSign, asked).unwrap_err()
    }

    #[test] // P11-10j, P11-100b
    fn a_store_of_an_earlier_version_says_what_to_do_before_anybody_signs() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let clock = Clock::fixed("2026-06-01T08:00:00Z".parse().unwrap());
        let store = Store::create_as_before(&data, "driftledger/earlier", clock).unwrap();
        let (adam, rosa) =
            (person(&store, "adam", Role::Admin), person(&store, "rosa", Role::Reviewer));
        let view = accountability(&store, &rosa).unwrap();
        assert!(view.statements.is_empty() && view.sha256.is_none() && view.accepted.is_none());
        let refused = still(&store, &rosa);
        assert!(matches!(refused, Error::Access(access::Error::NoStatement)), "{refused:?}");
        assert!(refused.hint().contains("`driftledger user statement`"), "{}", refused.hint());
        let todo = "Put a statement of accountability in force";
        assert!(waits(&store, &adam, todo) && !waits(&store, &rosa, todo));
        set_statement(&store, &host(), (SHIPPED_STATEMENT, "upgrade")).unwrap();
        assert!(!waits(&store, &adam, todo));
        assert!(waits(&store, &adam, "Check whose account rosa is, and record it"));
        identify(&store, "rosa");
        assert!(waits(&store, &rosa, "Accept the statement of accountability"));
        accept_statement_shown(&store, &rosa).unwrap();
        assert!(!waits(&store, &rosa, "Accept the statement of accountability"));
        assert!(still(&store, &rosa).to_string().contains("may sign"));
        drop(store);
        assert!(check_store(&data, &mut |_| ()).unwrap().findings.is_empty());
    }

    #[test] // P11-10i, P11-10j, P11-100b
    fn what_was_recorded_since_somebody_was_identified_counts_at_the_entry() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed("2026-06-01T08:00:00Z".parse().unwrap());
        let store = create_store(&folder.path().join("data"), clock).unwrap();
        let rosa = person(&store, "rosa", Role::Reviewer);
        // Identified a moment ago, says who calls; nothing is recorded.
        let shown = accountability(&store, &rosa).unwrap().sha256.unwrap();
        let refused = write(&store, &rosa, (&shown, Identified::by("user name and password")));
        let refused = refused.unwrap_err();
        let expected =
            |e: &Error| matches!(e, Error::Access(access::Error::IdentityNotChecked { .. }));
        assert!(expected(&refused), "{refused:?}");
        identify(&store, "rosa");
        accept_statement_shown(&store, &rosa).unwrap();
        assert!(still(&store, &rosa).to_string().contains("may sign"));
        let course = "SOP-7 v2".to_owned();
        let rule = TrainingRule { role: Role::Reviewer, course: course.clone(), days: 365 };
        let policy = TrainingPolicy { rules: vec![rule] };
        set_training_policy(&store, &host(), &policy, "SOP 7").unwrap();
        let refused = still(&store, &rosa);
        let expected = |e: &Error| matches!(e, Error::Access(access::Error::TrainingNeeded { .. }));
        assert!(expected(&refused), "{refused:?}");
        let (role, completed_on) = (Role::Reviewer, "2026-05-01".parse().unwrap());
        let training = Training { role, course, completed_on, valid_until: None };
        record_training(&store, &host(), "rosa", (&training, "LMS")).unwrap();
        assert!(still(&store, &rosa).to_string().contains("may sign"));
        set_statement(&store, &host(), (OTHER, "SOP 3")).unwrap();
        let refused = still(&store, &rosa);
        let is_it =
            matches!(refused, Error::Access(access::Error::AccountabilityNotAccepted { .. }));
        assert!(is_it, "{refused:?}");
    }
}
