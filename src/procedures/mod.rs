//! The stories, one file each: what happens, step by step, when somebody acts.
//!
//! Must not know: HTTP, HTML, arguments. A procedure takes typed input and the store, checks who may do it, and either
//! changes everything it says or nothing. Start with [`register_version`], [`ingest_batch`] and [`sign_decision`].

pub mod accept_accountability;
pub mod acknowledge_alert;
pub mod administer;
pub mod ask_witnesses;
pub mod assess_version;
pub mod attach_study;
pub mod back_up;
pub mod change_key;
pub mod check_guarantee;
pub mod check_identity;
pub mod check_store;
mod checklist;
pub mod close_incident;
pub mod close_review_sample;
pub mod compare_batches;
pub mod compare_datasets;
pub mod compare_files;
pub mod compare_versions;
pub mod copy_record;
pub mod cosign_checkpoint;
mod count_rows;
pub mod demonstrate;
pub mod describe_version;
pub mod dispose_files;
pub mod draft_decision;
pub mod draw_review_sample;
pub mod enter_by_provider;
pub mod evaluate_performance;
pub mod export_evidence;
pub mod export_standard;
pub mod fingerprint_files;
pub mod fix_acceptance;
pub mod grant_roles;
pub mod hold_records;
pub mod hold_review;
pub mod hold_signing;
pub mod identify_signer;
pub mod ingest_batch;
pub mod ingest_labels;
pub mod invalidate_batch;
pub mod invalidate_test_run;
pub mod issue_temporary_factor;
mod join_labels;
mod judge_batch;
pub mod keep_accounts;
pub mod keep_artifact;
pub mod keep_factors;
pub mod keep_passkeys;
pub mod keep_passwords;
pub mod keep_retention;
pub mod keep_trainings;
pub mod link_identities;
pub mod list_retention;
pub mod log_experiment;
pub mod log_model;
pub mod log_run;
pub mod measure_concordance;
pub mod measure_inventory;
pub mod measure_lineage;
pub mod measure_speed;
pub mod measure_store;
pub mod measure_trail;
pub mod name_draft;
pub mod name_subjects;
mod open_incident;
pub mod practise_restore;
pub mod print_evidence;
pub mod print_records;
pub mod propose_reference;
pub mod prove_arithmetic;
pub mod prove_sample;
pub mod qualify_installation;
pub mod qualify_operation;
pub mod qualify_performance;
mod raise_alerts;
pub mod read_acceptance;
pub mod read_accounts;
pub mod read_alert;
mod read_case;
pub mod read_fleet;
pub mod read_incidents;
pub mod read_indicators;
pub mod read_invalidation;
pub mod read_inventory;
pub mod read_ledger;
pub mod read_life_cycle;
pub mod read_lineage;
pub mod read_origin;
mod read_own_trail;
pub mod read_pending;
pub mod read_people;
pub mod read_performance;
pub mod read_records;
pub mod read_references;
pub mod read_remedy;
pub mod read_review_samples;
pub mod read_tiles;
pub mod receive_lineage;
mod recognise_batch;
mod recompute_reports;
pub mod record_change;
pub mod record_drill;
pub mod record_incident;
pub mod record_indicators;
pub mod record_qualification;
mod recount_tests;
pub mod redact_records;
mod redraw_samples;
pub mod register_draft;
pub mod register_files;
pub mod register_version;
mod relearn_references;
pub mod resolve_scope;
pub mod restore;
pub mod review_prediction;
mod review_standing;
mod shelve_files;
pub mod sign_decision;
pub mod sign_in;
pub mod sign_reference;
pub mod sign_study;
pub mod stamp_checkpoint;
pub mod step_episode;
pub mod study_batches;
pub mod take_evidence;
pub mod take_step;
pub mod tell_people;
pub mod test_version;
pub mod upgrade_store;
pub mod verify_pack;
pub mod verify_sample;
pub mod watch_access;
pub mod watch_actions;
pub mod watch_backups;
pub mod watch_clock;
pub mod watch_labels;
pub mod watch_missing_labels;
pub mod watch_misuse;
pub mod watch_silence;
pub mod watch_time_stamps;
pub mod withdraw_proposal;

use crate::access::account::{Account, Acting};
use crate::ledger::entry::{Actor, Subject};
use crate::store::Store;

/// The actor of a ledger entry.
fn actor(acting: &Acting) -> Actor {
    Actor::new(acting.account.id.clone(), acting.account.role.word(), acting.way_word())
}

/// The actor of what the program does by itself.
fn system() -> Actor {
    Actor::new("system", "system", "system")
}

/// What was typed into a field that may not be empty.
fn given<'a>(field: &str, text: &'a str) -> crate::error::Result<&'a str> {
    match text.trim() {
        "" => {
            Err(crate::error::Error::BadRequest { detail: format!("`{field}` is empty; say why") })
        }
        text => Ok(text),
    }
}

/// What somebody may not do because of what they did before.
fn same_person(acting: &Acting, did: &'static str, must: &'static str) -> crate::error::Error {
    let user_name = acting.account.user_name.clone();
    crate::error::Error::Access(crate::access::Error::SamePerson { user_name, did, must })
}

/// The account of somebody else than who acts.
fn someone_else(store: &Store, acting: &Acting, user_name: &str) -> crate::error::Result<Account> {
    if acting.account.user_name == user_name {
        return Err(same_person(acting, "owns this account", "do this"));
    }
    let missing = || crate::error::Error::NotFound { what: "account", id: user_name.to_owned() };
    store.read(|tx| tx.account_by_name(user_name))?.ok_or_else(missing)
}

/// What an error about a file that is not there becomes where a signed disposal removed the file: it says which.
fn say_if_disposed(store: &Store) -> impl Fn(crate::error::Error) -> crate::error::Error + '_ {
    use crate::error::Error;
    use crate::store::Error::ObjectMissing;
    |error| {
        let Error::Store(ObjectMissing { blake3 }) = &error else { return error };
        match store.read(|tx| tx.refuse_gone(blake3)) {
            Ok(()) => error,
            Err(gone) => Error::Store(gone),
        }
    }
}

/// What an error about a file that somebody sent, and that was kept at `place` meanwhile, says to them.
fn of_sent(error: crate::error::Error, place: &std::path::Path) -> crate::error::Error {
    match error {
        crate::error::Error::Dataset(error)
        | crate::error::Error::Drift(crate::drift::Error::Dataset(error)) => {
            error.of_sent(place).into()
        }
        other => other,
    }
}

/// Names a thing a ledger entry is about.
fn subject(kind: &str, id: &str) -> Subject {
    Subject { kind: kind.to_owned(), id: id.to_owned(), digest: None }
}

/// Reads a document back that the store keeps; one that cannot be read is damaged.
fn stored<T: serde::de::DeserializeOwned>(document: &str) -> crate::error::Result<T> {
    Ok(serde_json::from_str(document).map_err(|e| crate::store::Error::DocumentBroken {
        kind: std::any::type_name::<T>().rsplit("::").next().unwrap_or("document"),
        detail: e.to_string(),
    })?)
}

/// What a procedure that recorded something returns: the value, and where the ledger witnesses it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(bound(serialize = "T: serde::Serialize"))]
pub struct Recorded<T> {
    /// What was recorded.
    #[serde(flatten, serialize_with = "beside_entry")]
    pub value: T,
    /// Index of the ledger entry.
    pub entry: u64,
    /// Signed head of the ledger that contains it.
    pub checkpoint: String,
}

/// The fields of a value but for those that stand beside them in [`Recorded`]: the entry of a row is the one that recorded it, and of what
/// a row is about the one that was written now. A key stands once.
fn beside_entry<T: serde::Serialize, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    let mut fields = serde_json::to_value(value).map_err(S::Error::custom)?;
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|name, _| !["entry", "checkpoint"].contains(&name.as_str()));
    }
    serde::Serialize::serialize(&fields, serializer)
}
