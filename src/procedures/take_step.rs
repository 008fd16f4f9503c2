//! Procedure: take a step of a version's life, signed.
//!
//! 1. check that the person is signed in (no token takes a step), and that the table allows the step from where the version stands
//! 2. check role and hands: an author only submits, and who reviewed does not approve. What relies on an approval whose test run was
//!    marked as invalid is refused until the version was tested again
//! 3. compose the sheet from what is recorded and typed; what is missing refuses the step with the gap list. An approval lays out what the
//!    audit trail holds about the version: its critical entries have to be looked at. A step that puts the
//!    version in use also names the version that was: only one version of a model is in use, and both change by one signature
//! 4. verify the password again; five wrong ones lock the account
//! 5. in one transaction: compose the sheet once more, hold it against the one that was shown, and write the step, its signature
//!    and the ledger entry. The state changed because the step exists

use super::hold_review::check_trail_reviewed;
use super::identify_signer::{check_to_sign, demonstrated, sign_record};
use super::read_life_cycle::Standing;
use super::read_own_trail::own_trail;
use super::{Recorded, actor, subject};
use crate::access::account::{Acting, Way};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::completeness::Gap;
use crate::review::identified::Identified;
use crate::review::life_cycle::{History, RULES, Rule, Step, VersionState};
use crate::review::record_signature::RecordSignature;
use crate::review::step_sheet::{About, Composed, StepInput, StepSheet, Successor, Superseded};
use crate::review::trail_seen::TrailSeen;
use crate::store::versions::VersionRow;
use crate::store::{ReadTx, Store, WriteTx};
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
    /// Sheets of other versions that are signed by the same act; the sheet names their digests.
    pub also: Vec<AlsoSigned>,
}

/// The sheet of a version that goes out of use because another one is put in use.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AlsoSigned {
    /// The sheet.
    pub sheet: StepSheet,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256.
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
    let now = store.clock().now_text();
    store.read(|tx| sheet(tx, acting, of, (input, &now)))
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
    let SheetView { sheet, .. } = prepare_step(store, acting, of, input)?;
    sheet.trail.iter().try_for_each(TrailSeen::check)?;
    let meaning = sheet.meaning;
    let how = check_to_sign(store, &acting.account, password, (shown_sha256, meaning))?;
    write(store, acting, of, (input, shown_sha256, how))
}

/// Takes a step for a demo account, which has no password to enter: the ledger says `demonstration`.
pub(super) fn take_step_shown(
    store: &Store,
    acting: &Acting,
    of: StepOf<'_>,
    input: &StepInput,
) -> Result<Recorded<StepTaken>> {
    let mut input = input.clone();
    let laid_out = prepare_step(store, acting, of, &input)?.sheet.trail;
    input.trail_reviewed = laid_out.map(|trail| trail.last);
    let input = &input;
    let shown = prepare_step(store, acting, of, input)?;
    let how = demonstrated(store, acting, shown.sheet.meaning)?;
    write(store, acting, of, (input, &shown.sha256, how))
}

/// No token takes a step.
fn signed_in(acting: &Acting, step: Step) -> Result<()> {
    acting.permit(Action::Read)?;
    if acting.way.is_session() || acting.way == Way::Demonstration {
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
    (input, now): (&StepInput, &str),
) -> Result<SheetView> {
    let standing = Standing::read(tx, of.model, of.version)?;
    let rule = allowed(of, standing.facts.state())?;
    let also = if rule.puts_in_use() {
        out_of_use(tx, acting, of.model, &standing.version)?
    } else {
        Vec::new()
    };
    let supersedes: Vec<Superseded> = also.iter().map(named).collect();
    let trail = if of.step == Step::Approve {
        check_trail_reviewed(tx, now)?;
        let taken = standing.facts.taken.iter().map(|taken| (taken.entry, taken.step.word()));
        Some(own_trail(tx, &standing.version.id, &taken.collect())?)
    } else {
        None
    };
    let AlsoSigned { sheet, document, sha256 } =
        compose((rule, &standing), acting, (input, trail), (&supersedes, None))?;
    Ok(SheetView { sheet, document, sha256, also })
}

fn named(also: &AlsoSigned) -> Superseded {
    let (version_id, version) = (also.sheet.version_id.clone(), also.sheet.version.clone());
    Superseded { version_id, version, sheet_sha256: also.sha256.clone() }
}

/// The sheets of the versions of `model` that are in use and go out because `version` is put in use.
fn out_of_use(
    tx: &ReadTx<'_>,
    acting: &Acting,
    model: &str,
    version: &VersionRow,
) -> Result<Vec<AlsoSigned>> {
    let (version_id, version) = (version.id.clone(), version.version.clone());
    let successor = Successor { version_id, version };
    let mut sheets = Vec::new();
    for other in tx.versions(Some(model))? {
        let in_use = tx.version_state(&other.id)? == VersionState::InUse;
        if other.id == successor.version_id || !in_use {
            continue;
        }
        let standing = Standing::read(tx, model, &other.version)?;
        let of = StepOf { model, version: &other.version, step: Step::Supersede };
        let rule = allowed(of, standing.facts.state())?;
        let input = StepInput::default();
        sheets.push(compose((rule, &standing), acting, (&input, None), (&[], Some(&successor)))?);
    }
    Ok(sheets)
}

/// The sheet of one version's step, with its bytes.
fn compose(
    (rule, standing): (&Rule, &Standing),
    acting: &Acting,
    (input, trail): (&StepInput, Option<TrailSeen>),
    (supersedes, superseded_by): (&[Superseded], Option<&Successor>),
) -> Result<AlsoSigned> {
    let Standing { version, facts, authors, .. } = standing;
    rule.permit(&acting.account, &History { authors, taken: &facts.taken })?;
    let about = About {
        version_id: &version.id,
        registration_sha256: &version.content_sha256,
        entry: version.entry,
        supersedes,
        superseded_by,
    };
    if let Some(gap) = standing.not_tested_again(rule) {
        let (model, version) = (version.model.clone(), version.version.clone());
        return Err(Error::Review(review::Error::Incomplete { model, version, gaps: vec![gap] }));
    }
    let composed = StepSheet::compose(rule, about, facts, (acting.account.role, input))?;
    let mut sheet = match composed {
        Composed::Sheet(sheet) if rule.step == Step::Supersede && superseded_by.is_none() => {
            return Err(no_successor(*sheet));
        }
        Composed::Sheet(sheet) => *sheet,
        Composed::Missing(gaps) => {
            let (model, version) = (version.model.clone(), version.version.clone());
            return Err(Error::Review(review::Error::Incomplete { model, version, gaps }));
        }
    };
    sheet.trail = trail.map(|trail| trail.looked_at(input.trail_reviewed));
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok(AlsoSigned { sheet, document, sha256 })
}

/// Nobody takes a version out of use for another one that is not put in use with it.
fn no_successor(sheet: StepSheet) -> Error {
    let gap = Gap {
        code: "successor".to_owned(),
        missing: "no other version is put in use in its place".to_owned(),
        todo: "take the step `release` or `resume` of the other version: this one goes out by the same signature".to_owned(),
    };
    let StepSheet { model, version, .. } = sheet;
    Error::Review(review::Error::Incomplete { model, version, gaps: vec![gap] })
}

fn write(
    store: &Store,
    acting: &Acting,
    of: StepOf<'_>,
    (input, shown_sha256, how): (&StepInput, &str, Identified),
) -> Result<Recorded<StepTaken>> {
    let written = store.write(&actor(acting), EntryType::VersionStep, |tx| {
        let SheetView { sheet, document, sha256, also } = {
            let now = tx.at().to_owned();
            sheet(tx, acting, of, (input, &now))?
        };
        sheet.trail.iter().try_for_each(TrailSeen::check)?;
        let taken =
            insert(tx, acting, &AlsoSigned { sheet, document, sha256 }, (shown_sha256, &how))?;
        for other in &also {
            // The sheet that was shown names this digest.
            insert(tx, acting, other, (&other.sha256, &how))?;
        }
        Ok::<_, Error>(taken)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Writes one sheet as a step, with the signature over it.
fn insert(
    tx: &mut WriteTx<'_>,
    acting: &Acting,
    signed: &AlsoSigned,
    (shown_sha256, how): (&str, &Identified),
) -> Result<StepTaken> {
    let AlsoSigned { sheet, document, sha256 } = signed;
    let id = clock::new_id("vs");
    tx.subject(subject("model_version", &sheet.version_id));
    tx.subject(subject(TABLE, &id));
    tx.refer(sheet.after);
    let of_row = (sheet.version_id.as_str(), acting.account.id.as_str());
    tx.insert_version_step((&id, sheet.step), of_row, (sha256, document))?;
    let what = (sheet.meaning, shown_sha256, how.clone());
    let signature = sign_record(tx, &acting.account, (TABLE, &id, document), what)?;
    let (state, manifestation) = (sheet.to, signature.manifestation());
    Ok(StepTaken { id, state, signature, manifestation })
}
