//! Procedure: say more about models and drafts: descriptions, tags, aliases, stages.
//!
//! 1. check that the person may register, and that model and draft exist
//! 2. an alias or stage that stands for use is protected: it needs a version that took the draft up, and its approval
//! 3. write what changes with its ledger entry

use super::log_experiment::set_tag;
use super::log_run::written;
use super::read_life_cycle::require_version;
use super::register_draft::{DraftView, found, model_owner, view};
use super::{actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::drafts::DraftRow;
use crate::store::{ReadTx, Store};

/// The stages of a draft, as the MLflow client names them.
pub const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

/// Aliases and stages that stand for use, in lower case. Whoever loads by one of them trusts that somebody approved it.
pub const PROTECTED: [&str; 7] =
    ["champion", "live", "prod", "production", "release", "released", "in_use"];

/// What to change of a model; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct ModelChange {
    /// Description.
    pub description: Option<String>,
    /// A tag; without a value it is removed.
    pub tag: Option<(String, Option<String>)>,
    /// An alias; without a number it is removed.
    pub alias: Option<(String, Option<u64>)>,
}

/// What to change of a draft; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct DraftChange {
    /// Description.
    pub description: Option<String>,
    /// A tag; without a value it is removed.
    pub tag: Option<(String, Option<String>)>,
    /// Stage, and whether other drafts in it are archived.
    pub stage: Option<(String, bool)>,
    /// Whether it is deleted.
    pub deleted: Option<bool>,
}

/// Refuses a name that stands for use unless the draft is approved for use.
fn check_protected(tx: &ReadTx<'_>, name: &str, word: &str, draft: &DraftRow) -> Result<()> {
    if !PROTECTED.contains(&word.to_lowercase().as_str()) {
        return Ok(());
    }
    let model = draft.model.clone();
    let (lacks, page) = match &draft.version {
        None => (
            "is not registered as a version yet, with reference and policy".to_owned(),
            format!("/models/{model}/drafts/{}", draft.number),
        ),
        Some(version) => {
            let state = require_version(tx, &model, version)
                .and_then(|row| Ok(tx.version_state(&row.id)?))?;
            if state.is_fit_for_use() {
                return Ok(());
            }
            let state = state.word();
            (
                format!("is version `{version}`, which is {state} and not approved or in use"),
                format!("/models/{model}/versions/{version}"),
            )
        }
    };
    let (name, number) = (name.to_owned(), draft.number);
    Err(Error::Protected { name, model, number, lacks, page })
}

/// Checks that `alias` can be one: not a number, not `latest`.
fn check_alias(alias: &str) -> Result<()> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let is_version = |text: &str| {
        let digits = text.strip_prefix(['v', 'V']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let fits = (1..=255).contains(&alias.len()) && alias.chars().all(is_word);
    if fits && !is_version(alias) && !alias.eq_ignore_ascii_case("latest") {
        return Ok(());
    }
    let detail = format!(
        "`{alias:.300}` cannot be an alias; use 1 to 255 letters, digits, `_` or `-`, no version such as `v1` and not `latest`"
    );
    Err(Error::BadRequest { detail })
}

/// Changes description, tags or aliases of a model.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::Protected`], [`Error::BadRequest`] for a word that cannot be an alias.
pub fn change_model(
    store: &Store,
    acting: &Acting,
    model: &str,
    change: &ModelChange,
) -> Result<()> {
    acting.permit(Action::Register)?;
    written(store.write(&actor(acting), EntryType::ModelChange, |tx| {
        let missing = || Error::NotFound { what: "model", id: model.to_owned() };
        let row = tx.model(model)?.ok_or_else(missing)?;
        tx.subject(subject("model", model));
        tx.refer(row.entry);
        let owner = model_owner(model);
        if let Some(text) = &change.description {
            tx.insert_description(&owner, text)?;
        }
        if let Some((key, value)) = &change.tag {
            set_tag(tx, &owner, key, value.as_deref())?;
        }
        if let Some((alias, number)) = &change.alias {
            check_alias(alias)?;
            let old = tx.aliases(model)?.into_iter().find(|(name, _)| name == alias);
            if let Some(number) = *number {
                let draft = found(tx, model, number)?;
                check_protected(tx, &format!("alias `{alias}`"), alias, &draft)?;
                tx.subject(subject("draft_version", &draft.id));
            }
            if old.map(|(_, number)| number) != *number {
                tx.insert_alias(model, alias, *number)?;
            }
        }
        Ok(())
    }))
}

/// Changes description, tags or stage of a draft, or deletes it.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::Protected`], [`Error::BadRequest`] for a stage that is none, [`Error::Conflict`] for
/// deleting a draft that a version took up.
pub fn change_draft(
    store: &Store,
    acting: &Acting,
    (model, number): (&str, u64),
    change: &DraftChange,
) -> Result<DraftView> {
    acting.permit(Action::Register)?;
    written(store.write(&actor(acting), EntryType::DraftChange, |tx| {
        let draft = found(tx, model, number)?;
        tx.subject(subject("draft_version", &draft.id));
        tx.refer(draft.entry);
        if let Some(text) = &change.description {
            tx.insert_description(&draft.id, text)?;
        }
        if let Some((key, value)) = &change.tag {
            set_tag(tx, &draft.id, key, value.as_deref())?;
        }
        if let Some((stage, archive_others)) = &change.stage {
            let stage = parse_stage(stage)?;
            check_protected(tx, &format!("stage `{stage}`"), stage, &draft)?;
            if stage != draft.stage {
                tx.insert_draft_state(&draft.id, stage, false)?;
            }
            let others = tx.drafts(Some(model))?.into_iter();
            for other in others.filter(|other| other.number != number && other.stage == stage) {
                if *archive_others && !other.deleted {
                    tx.insert_draft_state(&other.id, "Archived", false)?;
                }
            }
        }
        if change.deleted == Some(true) {
            if let Some(version) = &draft.version {
                let detail =
                    format!("draft {number} of `{model}` stays: version `{version}` took it up");
                return Err(Error::Conflict { detail });
            }
            let aliases = tx.aliases(model)?.into_iter();
            for (alias, _) in aliases.filter(|(_, points_to)| *points_to == number) {
                tx.insert_alias(model, &alias, None)?;
            }
            tx.insert_draft_state(&draft.id, &draft.stage, true)?;
        }
        Ok(())
    }))?;
    acting.permit(Action::Read)?;
    let missing = || Error::NotFound { what: "draft version", id: format!("{model}/{number}") };
    store.read(|tx| view(tx, tx.draft(model, number)?.ok_or_else(missing)?))
}

/// The stage of that name, in any case.
///
/// # Errors
///
/// [`Error::BadRequest`], naming all stages.
pub fn parse_stage(word: &str) -> Result<&'static str> {
    let found = STAGES.into_iter().find(|stage| stage.eq_ignore_ascii_case(word));
    let detail = || format!("stage `{word:.100}` is none of {}", STAGES.join(", "));
    found.ok_or_else(|| Error::BadRequest { detail: detail() })
}
