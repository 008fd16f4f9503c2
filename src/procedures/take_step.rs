//! Procedure: take a step of a version's life, signed.
//!
//! 1. check that the person is signed in (no token takes a step), and that the table allows the step from where the version stands
//! 2. check role and hands: an author only submits, and who reviewed does not approve
//! 3. compose the sheet from what is recorded and typed; what is missing refuses the step with the gap list
//! 4. verify the password again; five wrong ones lock the account
//! 5. in one transaction: compose the sheet once more, hold it against the one that was shown, and write the step, its signature
//!    and the ledger entry. The state changed because the step exists

use super::read_life_cycle::Standing;
use super::sign_decision::DEMONSTRATION;
use super::sign_in::check_to_sign;
use super::{Recorded, actor, subject};
use crate::access::account::{Acting, Way};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::life_cycle::{History, RULES, Rule, Step, VersionState};
use crate::review::record_signature::RecordSignature;
use crate::review::step_sheet::{About, Composed, StepInput, StepSheet};
use crate::store::{ReadTx, Store};
use crate::{access, clock, digest, review};

/// The record table of steps.
const TABLE: &str = "version_step";

/// A step of a version.
#[derive(Clone, Copy, Debug)]
pub struct StepOf<'a> {
    /// Model name.
    pub model: &'a str,
    /// Version.
    pub version: &'a str,
    /// The step.
    pub step: Step,
}

/// What is to be signed: the sheet, its exact bytes, and their digest.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct SheetView {
    /// The sheet.
    pub sheet: StepSheet,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what the signature is to name.
    pub sha256: String,
}

/// A step that was taken.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct StepTaken {
    /// Id of its record.
    pub id: String,
    /// Where the version stands now.
    pub state: VersionState,
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// The sheet that this person would sign for a step.
///
/// # Errors
///
/// [`Error::Access`] for a token, a role or a hand that may not; [`Error::NotFound`]; [`Error::Review`] for a step that the state
/// does not allow, for what is missing, and for a text that is needed.
pub fn prepare_step(
    store: &Store,
    acting: &Acting,
    of: StepOf<'_>,
    input: &StepInput,
) -> Result<SheetView> {
    signed_in(acting, of.step)?;
    store.read(|tx| sheet(tx, acting, of, input).map(|(view, _)| view))
}

/// Takes a step; `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// Those of [`prepare_step`]; [`Error::Access`] for a wrong password; [`Error::Review`] when the sheet is another than the one shown.
pub fn take_step(
    store: &Store,
    acting: &Acting,
    of: StepOf<'_>,
    (input, shown_sha256, password): (&StepInput, &str, &str),
) -> Result<Recorded<StepTaken>> {
    prepare_step(store, acting, of, input)?;
    let how = check_to_sign(store, &acting.account, password)?;
    write(store, acting, of, (input, shown_sha256, how))
}

/// Takes a step for a demo account, which has no password to enter: the ledger says `demonstration`.
pub(super) fn take_step_shown(
    store: &Store,
    acting: &Acting,
    of: StepOf<'_>,
    input: &StepInput,
) -> Result<Recorded<StepTaken>> {
    let shown = prepare_step(store, acting, of, input)?;
    write(store, acting, of, (input, &shown.sha256, DEMONSTRATION))
}

/// No token takes a step.
fn signed_in(acting: &Acting, step: Step) -> Result<()> {
    acting.permit(Action::Read)?;
    if matches!(acting.way, Way::Session | Way::Demonstration) {
        return Ok(());
    }
    Err(Error::Access(access::Error::NotPermitted {
        role: acting.way_word(),
        action: step.words(),
        needed: "somebody who is signed in".to_owned(),
    }))
}

/// The rule for a step from `state`.
fn allowed(of: StepOf<'_>, state: VersionState) -> Result<&'static Rule> {
    Rule::of(state, of.step).ok_or_else(|| {
        let from = RULES.iter().filter(|rule| rule.step == of.step).map(|rule| rule.from.word());
        Error::Review(review::Error::VersionState {
            model: of.model.to_owned(),
            version: of.version.to_owned(),
            found: state.word(),
            action: of.step.words(),
            expected: from.collect::<Vec<_>>().join(" or "),
        })
    })
}

fn sheet(
    tx: &ReadTx<'_>,
    acting: &Acting,
    of: StepOf<'_>,
    input: &StepInput,
) -> Result<(SheetView, Standing)> {
    let standing = Standing::read(tx, of.model, of.version)?;
    let Standing { version, facts, authors } = &standing;
    let rule = allowed(of, facts.state())?;
    rule.permit(&acting.account, &History { authors, taken: &facts.taken })?;
    let about = About {
        version_id: &version.id,
        registration_sha256: &version.content_sha256,
        entry: version.entry,
    };
    let sheet = match StepSheet::compose(rule, about, facts, (acting.account.role, input))? {
        Composed::Sheet(sheet) => *sheet,
        Composed::Missing(gaps) => {
            let (model, version) = (of.model.to_owned(), of.version.to_owned());
            return Err(Error::Review(review::Error::Incomplete { model, version, gaps }));
        }
    };
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok((SheetView { sheet, document, sha256 }, standing))
}

fn write(
    store: &Store,
    acting: &Acting,
    of: StepOf<'_>,
    (input, shown_sha256, how): (&StepInput, &str, &str),
) -> Result<Recorded<StepTaken>> {
    let written = store.write(&actor(acting), EntryType::VersionStep, |tx| {
        let (view, standing) = sheet(tx, acting, of, input)?;
        let id = clock::new_id("vs");
        let signature = RecordSignature::over(
            (TABLE, &id, view.document.as_bytes()),
            shown_sha256,
            (acting.account.clone(), view.sheet.meaning),
            (clock::new_id("rs"), tx.at().to_owned(), how),
        )?;
        let bytes = signature.bytes()?;
        let signature_sha256 = digest::sha256_hex(&bytes);
        let signed = String::from_utf8(bytes).unwrap_or_default();
        let (version_id, account_id) = (&standing.version.id, &acting.account.id);
        tx.subject(subject("model_version", version_id));
        tx.subject(subject(TABLE, &id));
        tx.refer(view.sheet.after);
        let of_row = (version_id.as_str(), account_id.as_str());
        tx.insert_version_step((&id, of.step), of_row, (&view.sha256, &view.document))?;
        let digested = (signature_sha256.as_str(), signed.as_str());
        tx.insert_record_signature(&signature.id, (TABLE, &id), account_id, digested)?;
        let (state, manifestation) = (view.sheet.to, signature.manifestation());
        Ok::<_, Error>(StepTaken { id, state, signature, manifestation })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
