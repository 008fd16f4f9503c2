//! Procedure: sign a Phase I study that another person attached.
//!
//! 1. check that the person may sign, is signed in (no token signs), and is not who attached it
//! 2. verify the password again; five wrong ones lock the account
//! 3. check that the bytes to sign are those that were shown, that nobody signed them before, and that no judged batch they are made
//!    from is invalid
//! 4. write the signature and its ledger entry

use super::identify_signer::{check_still, check_to_sign};
use super::invalidate_batch::refuse_invalid;
use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::study::Study;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::signature::Meaning;
use crate::review::study_signature::StudySignature;
use crate::store::Store;
use crate::{access, clock, digest};

/// Signs the study `id`; `shown_sha256` is the digest of the study that was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, who attached it, or a wrong password; [`Error::Review`] for other bytes than shown;
/// [`Error::BadRequest`] for a study that is signed already; [`Error::Conflict`] for one that is made from a batch that is invalid.
pub fn sign_study(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<StudySignature>> {
    acting.permit(Action::SignDecision)?;
    require_session(acting)?;
    let row = store.read(|tx| tx.study(id))?.ok_or_else(|| missing("study", id))?;
    if row.attached_by == acting.account.user_name {
        return Err(Error::Access(access::Error::SamePerson {
            user_name: acting.account.user_name.clone(),
            did: "attached this study",
            must: "sign it",
        }));
    }
    let what = (shown_sha256, Meaning::ApprovesStudy);
    let how = check_to_sign(store, &acting.account, password, what)?;
    let written = store.write(&actor(acting), EntryType::StudySign, |tx| {
        check_still(tx, &acting.account, Meaning::ApprovesStudy)?;
        if tx.study_signature(id)?.is_some() {
            let detail = format!("study `{id}` is signed already; a study is signed once");
            return Err(Error::BadRequest { detail });
        }
        let document = tx.study_document(id)?.ok_or_else(|| missing("study", id))?;
        for source in &stored::<Study>(&document)?.about.sources {
            let batch = tx.batch_by_content(&row.version_id, &source.sha256)?;
            if let Some(invalid) = batch.and_then(|batch| batch.invalidated) {
                let what = ("this study", "study the batches again without it");
                refuse_invalid(&invalid, &source.name, what)?;
            }
        }
        let made = (clock::new_id("ss"), tx.at().to_owned());
        let study = (id, document.as_bytes());
        let signature =
            StudySignature::over(study, shown_sha256, acting.account.clone(), made, how)?;
        let bytes = signature.bytes()?;
        let sha256 = digest::sha256_hex(&bytes);
        let document = String::from_utf8(bytes).unwrap_or_default();
        tx.subject(subject("model_version", &row.version_id));
        tx.subject(subject("study", id));
        tx.refer(row.entry);
        let of = (id, acting.account.id.as_str());
        tx.insert_study_signature(&signature.id, of, (&sha256, &document))?;
        Ok::<_, Error>(signature)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
