//! `/models/{model}/versions/{version}/change`: what changed since the approved version before, what an author states about it, and
//! who signed that.

use super::destination::percent_encoded;
use super::difference::{DatasetLine, Part, parts};
use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::{Signing, Typed};
use super::visitor::Visitor;
use super::wording::words;
use crate::access::role::{Action, Role};
use crate::error::Result;
use crate::procedures::record_change::{
    ChangePage as Known, ChangeView, change_page, record_change, sign_change,
};
use crate::review::change_record::{ChangeKind, ChangeStatement, RiskEffect};
use crate::review::life_cycle::VersionState;
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;

/// A box to tick or a button to choose.
struct Choice {
    word: &'static str,
    words: String,
    chosen: bool,
}

/// A version before, in the table of revisions.
struct RevisionLine {
    revision: u64,
    at: Markup,
    by: String,
    sha256: String,
    entry: u64,
}

/// The record in force.
struct RecordBox {
    revision: u64,
    at: Markup,
    by: String,
    entry: u64,
    sha256: String,
    document: String,
    bytes: usize,
    kinds: String,
    reason: String,
    impact: String,
    risk: String,
    retest: bool,
    retest_rationale: String,
    external_change: Option<String>,
    /// Words of the signatures with their ledger entries.
    signed: Vec<(String, u64)>,
}

#[derive(Template)]
#[template(path = "change.html")]
struct ChangePage {
    frame: Frame,
    model: String,
    version: String,
    path: String,
    follows: Option<String>,
    is_same: bool,
    parts: Vec<Part>,
    datasets: Vec<DatasetLine>,
    retest_because: String,
    record: Option<RecordBox>,
    revisions: Vec<RevisionLine>,
    /// Whether this person may state or revise it now.
    states: bool,
    /// What this person's signature would say; empty where they cannot sign.
    signs: &'static str,
    waits: &'static str,
    signer: String,
    meaning_word: String,
    typed: Typed,
    kinds: Vec<Choice>,
    risks: Vec<Choice>,
}

impl ChangePage {
    fn read(
        visitor: &Visitor,
        (model, version): (&str, &str),
        (typed, notice): (Typed, Option<Notice>),
    ) -> Result<Self> {
        let known = change_page(&visitor.store, &visitor.acting(), (model, version))?;
        let title = format!("{model} {version}: what changed");
        let frame = visitor.frame(&title, Place::Models).with_notice(notice);
        let account = visitor.account();
        let is_draft = known.state == VersionState::Draft;
        let states = frame.may(Action::Register) && is_draft && known.follows.is_some();
        let typed = if typed.is_empty() { typed_before(&known) } else { typed };
        let (waits, signs) = next_signature(&known, account.role);
        let difference = known.difference.clone().unwrap_or_default();
        Ok(Self {
            path: format!("/models/{model}/versions/{version}"),
            follows: known.follows.as_ref().map(|follows| follows.version.clone()),
            is_same: difference.is_empty(),
            parts: parts(&difference),
            datasets: difference.datasets.iter().map(DatasetLine::of).collect(),
            retest_because: known.retest_because.join(", "),
            revisions: known.superseded.iter().map(revision).collect(),
            record: known.change.map(record),
            states,
            meaning_word: [Meaning::AuthoredChange, Meaning::ApprovesChange]
                .into_iter()
                .find(|meaning| meaning.words() == signs)
                .map(Meaning::word)
                .unwrap_or_default(),
            signs,
            waits,
            signer: visitor.signer(),
            kinds: kinds(&typed),
            risks: risks(&typed),
            typed,
            frame,
            model: known.model,
            version: known.version,
        })
    }

    /// What stands in a field.
    fn value(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }

    fn is_chosen(&self, field: &str, word: &str) -> bool {
        self.value(field) == word
    }
}

/// Who signs next, and what this role's signature would say.
fn next_signature(known: &Known, role: Role) -> (&'static str, &'static str) {
    let Some(change) = &known.change else { return ("", "") };
    let open = matches!(known.state, VersionState::Draft | VersionState::Submitted);
    match change.signatures.len() {
        _ if !open => ("", ""),
        0 if role == Role::DataScientist => {
            ("an author of the version", "made this change and states its impact")
        }
        0 => ("an author of the version", ""),
        1 if role == Role::Qa => {
            ("QA", "approves this change, its impact and the decision about testing again")
        }
        1 => ("QA", ""),
        _ => ("", ""),
    }
}

fn revision(row: &crate::store::changes::ChangeRecordRow) -> RevisionLine {
    RevisionLine {
        revision: row.revision,
        at: Markup::time(&row.at),
        by: row.written_by.clone(),
        sha256: row.sha256.clone(),
        entry: row.entry,
    }
}

fn record(view: ChangeView) -> RecordBox {
    let said = view.record.statement;
    let kinds: Vec<String> = said.kinds.iter().map(|kind| words(kind.word())).collect();
    RecordBox {
        revision: view.row.revision,
        at: Markup::time(&view.row.at),
        by: view.row.written_by,
        entry: view.row.entry,
        sha256: view.row.sha256,
        bytes: view.document.len(),
        document: view.document,
        kinds: kinds.join(", "),
        reason: said.reason,
        impact: said.impact,
        risk: words(said.risk.word()),
        retest: said.retest,
        retest_rationale: said.retest_rationale,
        external_change: said.external_change,
        signed: view.signatures.into_iter().map(|s| (s.manifestation, s.entry)).collect(),
    }
}

/// The fields of the form as the newest revision fills them.
fn typed_before(known: &Known) -> Typed {
    let Some(change) = &known.change else { return Typed::new() };
    let said = &change.record.statement;
    let kinds = said.kinds.iter().map(|kind| (format!("kind-{}", kind.word()), "yes".to_owned()));
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let texts = [
        ("reason", said.reason.clone()),
        ("impact", said.impact.clone()),
        ("risk", said.risk.word().to_owned()),
        ("retest", yes(said.retest)),
        ("retest_rationale", said.retest_rationale.clone()),
        ("external_change", said.external_change.clone().unwrap_or_default()),
    ];
    kinds.chain(texts.into_iter().map(|(name, text)| (name.to_owned(), text))).collect()
}

fn kinds(typed: &Typed) -> Vec<Choice> {
    let choice = |kind: ChangeKind| Choice {
        word: kind.word(),
        words: words(kind.word()),
        chosen: typed.contains_key(&format!("kind-{}", kind.word())),
    };
    ChangeKind::ALL.map(choice).into()
}

fn risks(typed: &Typed) -> Vec<Choice> {
    let choice = |risk: RiskEffect| Choice {
        word: risk.word(),
        words: words(risk.word()),
        chosen: typed.get("risk").is_some_and(|word| word == risk.word()),
    };
    RiskEffect::ALL.map(choice).into()
}

/// What was typed as a statement; a choice that was not made is asked for.
fn statement(typed: &Typed) -> Result<ChangeStatement> {
    let text = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let not_chosen = |detail: &str| crate::error::Error::BadRequest { detail: detail.to_owned() };
    let risk = RiskEffect::ALL.into_iter().find(|risk| risk.word() == text("risk"));
    let retest = match text("retest").as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(not_chosen("choose whether the version is tested again")),
    };
    let is_ticked = |kind: &ChangeKind| typed.contains_key(&format!("kind-{}", kind.word()));
    Ok(ChangeStatement {
        kinds: ChangeKind::ALL.into_iter().filter(is_ticked).collect(),
        reason: text("reason"),
        impact: text("impact"),
        risk: risk.ok_or_else(|| not_chosen("choose what the change does to the risk of use"))?,
        retest,
        retest_rationale: text("retest_rationale"),
        external_change: Some(text("external_change")).filter(|text| !text.is_empty()),
    })
}

fn here((model, version): &(String, String)) -> String {
    let (model, version) = (percent_encoded(model), percent_encoded(version));
    format!("/models/{model}/versions/{version}/change")
}

/// What changed, and what is stated about it.
#[get("/models/{model}/versions/{version}/change")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    visitor
        .page(move |visitor| ChangePage::read(visitor, (&path.0, &path.1), (Typed::new(), None)))
        .await
}

/// States the change, or states it anew.
#[post("/models/{model}/versions/{version}/change")]
pub(super) async fn state(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    form: web::Form<Typed>,
) -> Answer {
    visitor.check_form(form.get("form_token").map_or("", String::as_str))?;
    let (of, typed) = (path.into_inner(), form.into_inner());
    let (asked, sent) = (of.clone(), typed.clone());
    let recorded = visitor
        .act(move |store, acting| {
            acting.permit(Action::Register)?;
            record_change(store, acting, (&asked.0, &asked.1), &statement(&sent)?)
        })
        .await;
    let Err(error) = recorded else { return Ok(see_other(&here(&of))) };
    visitor
        .page_again(error, move |visitor, notice| {
            ChangePage::read(visitor, (&of.0, &of.1), (typed, Some(notice)))
        })
        .await
}

/// Signs the record.
#[post("/models/{model}/versions/{version}/change/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    form: web::Form<Typed>,
) -> Answer {
    let of = path.into_inner();
    let asked = of.clone();
    let signed = visitor
        .sign(Signing::of(&form), None, move |store, acting, given| {
            sign_change(store, acting, (&asked.0, &asked.1), given)
        })
        .await?;
    let Err(error) = signed else { return Ok(see_other(&here(&of))) };
    visitor
        .page_again(error, move |visitor, notice| {
            ChangePage::read(visitor, (&of.0, &of.1), (Typed::new(), Some(notice)))
        })
        .await
}
