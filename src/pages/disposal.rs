//! `/disposals/…`: the sheet of a disposal before it is proposed, and a disposal as it is signed.

use super::evidence::size_words;
use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::redactions::withdraw_proposed;
use super::signing::{Signing, Typed};
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::dispose_files::{
    DisposalSheet, DisposalView, DisposeFiles, disposal_view, prepare_disposal, propose_disposal,
    sign_disposal,
};
use crate::procedures::list_retention::KeptFile;
use crate::procedures::withdraw_proposal::{Proposal, may_withdraw};
use crate::review::disposal::{Disposal, DisposedFile, FileUse, REASON_MAX, REASON_MIN};
use crate::review::file_kind::FileKind;
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;
use std::collections::BTreeSet;

/// What the name of a field begins with that stands for a file.
const FILE_FIELD: &str = "file-";

/// One file in a table.
pub(super) struct FileLine {
    pub(super) blake3: String,
    pub(super) what: Vec<String>,
    pub(super) size: String,
    pub(super) class: String,
    pub(super) due_on: String,
}

fn line((blake3, bytes): (&str, Option<u64>), uses: &[FileUse], due_on: String) -> FileLine {
    let what = |one: &FileUse| {
        let of = one.version_words();
        format!("{} {} of {of}, came {}", one.kind.words(), one.name, one.came_on)
    };
    let classes: BTreeSet<&str> = uses.iter().filter_map(|one| one.class.as_deref()).collect();
    FileLine {
        blake3: blake3.to_owned(),
        what: uses.iter().map(what).collect(),
        size: bytes.map_or_else(|| "not recorded".to_owned(), size_words),
        class: classes.into_iter().collect::<Vec<_>>().join(", "),
        due_on,
    }
}

/// A stored file, as a line.
pub(super) fn file_line(file: &KeptFile) -> FileLine {
    let due_on = file.due_on.clone().unwrap_or_default();
    line((&file.blake3, file.bytes), &file.uses, due_on)
}

fn disposed_line(file: &DisposedFile) -> FileLine {
    let due_on = file.due_on().map(|day| day.to_string()).unwrap_or_default();
    line((&file.blake3, Some(file.bytes)), &file.uses, due_on)
}

/// What cannot be computed again without these files.
fn consequences(disposal: &Disposal) -> Vec<(&'static str, &'static str)> {
    let kinds: BTreeSet<FileKind> =
        disposal.files.iter().flat_map(|file| &file.uses).map(|one| one.kind).collect();
    kinds.into_iter().map(|kind| (kind.words(), kind.consequence())).collect()
}

#[derive(Template)]
#[template(path = "disposal.html")]
struct DisposalPage {
    frame: Frame,
    /// Empty while it is not proposed.
    id: String,
    /// Where it stands, in a sentence.
    stands: String,
    is_done: bool,
    /// Who proposed it, when, and in which ledger entry.
    proposed: Option<(String, Markup, u64)>,
    reason: String,
    policy_entry: u64,
    total: String,
    files: Vec<FileLine>,
    consequences: Vec<(&'static str, &'static str)>,
    sha256: String,
    document: String,
    bytes: usize,
    signed: Vec<(String, u64)>,
    signer: String,
    sign_path: String,
    /// Meaning of this person's signature and its word; nothing where they cannot give the next one.
    signs: Option<(&'static str, String)>,
    /// Whether this person may withdraw it.
    withdraws: bool,
    reason_min: usize,
    reason_max: usize,
}

impl DisposalPage {
    fn of(visitor: &Visitor, title: &str, sheet: &DisposalSheet) -> Self {
        let disposal = &sheet.sheet;
        Self {
            frame: visitor.frame(title, Place::Retention),
            id: String::new(),
            stands: "Nothing is recorded yet: sign to propose it. Nothing goes before another person of QA has signed it too.".to_owned(),
            is_done: false,
            proposed: None,
            reason: disposal.reason.clone(),
            policy_entry: disposal.policy.entry,
            total: format!(
                "{}, {}",
                counted(disposal.files.len() as u64, "file", "files"),
                size_words(disposal.bytes_in_all())
            ),
            files: disposal.files.iter().map(disposed_line).collect(),
            consequences: consequences(disposal),
            sha256: sheet.sha256.clone(),
            document: sheet.document.clone(),
            bytes: sheet.document.len(),
            signed: Vec::new(),
            signer: visitor.signer(),
            sign_path: "/disposals".to_owned(),
            signs: meaning_of(Meaning::ProposesDisposal),
            withdraws: false,
            reason_min: REASON_MIN,
            reason_max: REASON_MAX,
        }
    }

    fn read(visitor: &Visitor, id: &str, notice: Option<Notice>) -> Result<Self> {
        let view = disposal_view(&visitor.store, &visitor.acting(), id)?;
        let stands = stands(&view, &visitor.account().id);
        let DisposalView { row, sheet, document, signatures, overtaken, .. } = view;
        let account = visitor.account();
        let waits = row.signed_entry.or(row.withdrawn_entry).is_none();
        let may = Action::ApproveDisposal.roles().contains(&account.role);
        let can = may && row.account_id != account.id && waits && overtaken.is_none();
        let shown = DisposalSheet { sheet, document, sha256: row.sha256 };
        let title = format!("Disposal {id}");
        let page = Self::of(visitor, &title, &shown);
        Ok(Self {
            frame: page.frame.clone().with_notice(notice),
            stands,
            is_done: row.signed_entry.is_some(),
            proposed: Some((row.proposed_by, Markup::time(&row.at), row.entry)),
            signed: signatures.into_iter().map(|one| (one.manifestation, one.entry)).collect(),
            sign_path: format!("/disposals/{id}/signature"),
            signs: if can { meaning_of(Meaning::ApprovesDisposal) } else { None },
            withdraws: waits && may_withdraw(&visitor.acting(), &row.account_id),
            id: row.id,
            ..page
        })
    }
}

/// Where a disposal stands, for the account that reads it.
fn stands(view: &DisposalView, reader: &str) -> String {
    if let Some(entry) = view.row.signed_entry {
        return format!(
            "Signed by QA in ledger entry {entry}: its files are gone, their records stay."
        );
    }
    if let Some(withdrawal) = &view.withdrawal {
        return format!(
            "Withdrawn at {} by {}, because: {}",
            withdrawal.at, withdrawal.by, withdrawal.reason
        );
    }
    match &view.overtaken {
        Some(why) => format!("It cannot be signed as it stands: {why}."),
        None if view.row.account_id == reader => {
            "You proposed it; it waits for the signature of another person, of QA.".to_owned()
        }
        None => "It waits for the signature of another person, of QA.".to_owned(),
    }
}

fn meaning_of(meaning: Meaning) -> Option<(&'static str, String)> {
    Some((meaning.words(), meaning.word()))
}

/// The files and the reason that a form names.
fn asked(form: &Typed) -> DisposeFiles {
    let files = form.keys().filter_map(|name| name.strip_prefix(FILE_FIELD));
    DisposeFiles {
        files: files.map(str::to_owned).collect(),
        reason: form.get("reason").cloned().unwrap_or_default(),
    }
}

const NEW: &str = "Dispose of files";

/// The sheet as it would be signed; writes nothing.
#[post("/disposals/sheet")]
pub(super) async fn prepare(visitor: Visitor, form: web::Form<Typed>) -> Answer {
    visitor.check_form(form.get("form_token").map_or("", String::as_str))?;
    let asked = asked(&form);
    let sheet = visitor.act(move |store, acting| prepare_disposal(store, acting, &asked)).await;
    match sheet {
        Ok(sheet) => visitor.page(move |visitor| Ok(DisposalPage::of(visitor, NEW, &sheet))).await,
        Err(error) => Err(visitor.refuse(error)),
    }
}

/// Proposes it. A refusal shows the sheet again as it is now.
#[post("/disposals")]
pub(super) async fn propose(visitor: Visitor, form: web::Form<Typed>) -> Answer {
    let asked = asked(&form);
    let again = asked.clone();
    let proposed = visitor
        .sign(Signing::of(&form), Some(Action::KeepRetention), move |store, acting, given| {
            propose_disposal(store, acting, &asked, given)
        })
        .await?;
    match proposed {
        Ok(proposed) => Ok(see_other(&format!("/disposals/{}", proposed.value.row.id))),
        Err(error @ Error::Access(_)) if !again.files.is_empty() => {
            visitor
                .page_again(error, move |visitor, notice| {
                    let sheet = prepare_disposal(&visitor.store, &visitor.acting(), &again)?;
                    let page = DisposalPage::of(visitor, NEW, &sheet);
                    Ok(DisposalPage { frame: page.frame.clone().with_notice(Some(notice)), ..page })
                })
                .await
        }
        Err(error) => Err(visitor.refuse(error)),
    }
}

/// A disposal.
#[get("/disposals/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor.page(move |visitor| DisposalPage::read(visitor, &id, None)).await
}

/// Signs it: its files go.
#[post("/disposals/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(Signing::of(&form), Some(Action::ApproveDisposal), move |store, acting, given| {
            sign_disposal(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else { return Ok(see_other(&format!("/disposals/{id}"))) };
    visitor
        .page_again(error, move |visitor, notice| DisposalPage::read(visitor, &id, Some(notice)))
        .await
}

/// Withdraws it: nothing goes by it.
#[post("/disposals/{id}/withdrawal")]
pub(super) async fn withdraw(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    visitor.check_form(form.get("form_token").map_or("", String::as_str))?;
    let id = id.into_inner();
    let done = withdraw_proposed(&visitor, (Proposal::Disposal, &id), &form).await;
    let Err(error) = done else { return Ok(see_other(&format!("/disposals/{id}"))) };
    visitor
        .page_again(error, move |visitor, notice| DisposalPage::read(visitor, &id, Some(notice)))
        .await
}
