//! `/redactions`: the redactions so far, the form that asks for one, its sheet before it is proposed, and a redaction as it is signed; and how
//! proposals are withdrawn.

use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::{Signing, Typed};
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::redact_records::{
    FieldsOfRow, RedactFields, RedactionSheet, RedactionView, ShownField, prepare_redaction,
    propose_redaction, redaction_view, redactions, sign_redaction,
};
use crate::procedures::withdraw_proposal::{Proposal, may_withdraw, withdraw_proposal};
use crate::review::disposal::{REASON_MAX, REASON_MIN};
use crate::review::redaction::{
    KEPT_ELSEWHERE, LegalGround, REQUEST_MAX, RedactedRow, Redaction, Requester, redactable,
};
use crate::review::signature::Meaning;
use crate::store::redactions::RedactionRow;
use actix_web::{get, post, web};
use askama::Template;
use std::collections::BTreeMap;

/// A redaction in the list.
struct RedactionLine {
    id: String,
    rows: String,
    at: Markup,
    by: String,
    reason: String,
    stands: String,
}

#[derive(Template)]
#[template(path = "redactions.html")]
struct RedactionsPage {
    frame: Frame,
    redactions: Vec<RedactionLine>,
    /// Columns that can be redacted, by their table.
    redactable: Vec<(&'static str, String)>,
    grounds: Vec<(&'static str, &'static str)>,
    requesters: Vec<(&'static str, &'static str)>,
    keeps: bool,
    request_max: usize,
    reason_min: usize,
    reason_max: usize,
}

impl RedactionsPage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let frame = visitor.frame("Redactions", Place::Retention).with_notice(notice);
        let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (table, column) in redactable() {
            tables.entry(table).or_default().push(column);
        }
        Ok(Self {
            redactions: redactions(&visitor.store, &visitor.acting())?
                .into_iter()
                .map(redaction_line)
                .collect(),
            redactable: tables
                .into_iter()
                .map(|(table, columns)| (table, columns.join(", ")))
                .collect(),
            grounds: LegalGround::ALL.map(|ground| (ground.word(), ground.words())).to_vec(),
            requesters: Requester::ALL.map(|who| (who.word(), who.words())).to_vec(),
            keeps: frame.may(Action::KeepRetention),
            frame,
            request_max: REQUEST_MAX,
            reason_min: REASON_MIN,
            reason_max: REASON_MAX,
        })
    }
}

fn redaction_line(row: RedactionRow) -> RedactionLine {
    RedactionLine {
        rows: counted(row.rows, "record", "records"),
        at: Markup::time(&row.at),
        by: row.proposed_by,
        reason: row.reason,
        stands: match (row.signed_entry, row.withdrawn_entry) {
            (Some(entry), _) => {
                format!("signed by QA in ledger entry {entry}: the values are gone")
            }
            (None, Some(entry)) => format!("withdrawn in ledger entry {entry}"),
            (None, None) => "waits for the signature of another person, of QA".to_owned(),
        },
        id: row.id,
    }
}

/// A row of the sheet: its fields, and the digests it has.
struct RowLine {
    of: String,
    columns: String,
    entry: u64,
    listed_sha256: String,
    left_sha256: String,
}

#[derive(Template)]
#[template(path = "redaction.html")]
struct RedactionPage {
    frame: Frame,
    /// Empty while it is not proposed.
    id: String,
    /// Where it stands, in a sentence.
    stands: String,
    is_done: bool,
    /// Who proposed it, when, and in which ledger entry.
    proposed: Option<(String, Markup, u64)>,
    asked_by: &'static str,
    request: String,
    ground: &'static str,
    reason: String,
    kept_elsewhere: &'static str,
    rows: Vec<RowLine>,
    fields: Vec<ShownField>,
    /// What the form sends again: its names and values.
    typed: Vec<(&'static str, String)>,
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

fn row_lines(redaction: &Redaction) -> Vec<RowLine> {
    let line = |row: &RedactedRow| RowLine {
        of: format!("{} {}", row.table, row.record),
        columns: row.columns.join(", "),
        entry: row.entry,
        listed_sha256: row.listed_sha256.clone(),
        left_sha256: row.left_sha256.clone(),
    };
    redaction.rows.iter().map(line).collect()
}

fn meaning_of(meaning: Meaning) -> Option<(&'static str, String)> {
    Some((meaning.words(), meaning.word()))
}

const NEW: &str = "Redact fields";

impl RedactionPage {
    fn of(visitor: &Visitor, title: &str, sheet: RedactionSheet) -> Self {
        let redaction = &sheet.sheet;
        Self {
            frame: visitor.frame(title, Place::Retention),
            id: String::new(),
            stands: "Nothing is recorded yet: sign to propose it. Nothing goes before another person of QA has signed it too.".to_owned(),
            is_done: false,
            proposed: None,
            asked_by: redaction.asked_by.words(),
            request: redaction.request.clone(),
            ground: redaction.ground.words(),
            reason: redaction.reason.clone(),
            kept_elsewhere: KEPT_ELSEWHERE,
            rows: row_lines(redaction),
            fields: sheet.fields,
            typed: vec![
                ("fields", typed_fields(redaction)),
                ("asked_by", redaction.asked_by.word().to_owned()),
                ("request", redaction.request.clone()),
                ("ground", redaction.ground.word().to_owned()),
                ("reason", redaction.reason.clone()),
            ],
            sha256: sheet.sha256,
            bytes: sheet.document.len(),
            document: sheet.document,
            signed: Vec::new(),
            signer: visitor.signer(),
            sign_path: "/redactions".to_owned(),
            signs: meaning_of(Meaning::ProposesRedaction),
            withdraws: false,
            reason_min: REASON_MIN,
            reason_max: REASON_MAX,
        }
    }

    fn read(visitor: &Visitor, id: &str, notice: Option<Notice>) -> Result<Self> {
        let view = redaction_view(&visitor.store, &visitor.acting(), id)?;
        let stands = stands(&view, &visitor.account().id);
        let RedactionView { row, sheet, document, signatures, overtaken, fields, .. } = view;
        let account = visitor.account();
        let waits = row.signed_entry.or(row.withdrawn_entry).is_none();
        let may = Action::ApproveDisposal.roles().contains(&account.role);
        let can = may && row.account_id != account.id && waits && overtaken.is_none();
        let shown = RedactionSheet { sheet, document, sha256: row.sha256, fields };
        let page = Self::of(visitor, &format!("Redaction {id}"), shown);
        Ok(Self {
            frame: page.frame.clone().with_notice(notice),
            stands,
            is_done: row.signed_entry.is_some(),
            proposed: Some((row.proposed_by, Markup::time(&row.at), row.entry)),
            typed: Vec::new(),
            signed: signatures.into_iter().map(|one| (one.manifestation, one.entry)).collect(),
            sign_path: format!("/redactions/{id}/signature"),
            signs: if can { meaning_of(Meaning::ApprovesRedaction) } else { None },
            withdraws: waits && may_withdraw(&visitor.acting(), &row.account_id),
            id: row.id,
            ..page
        })
    }
}

/// Where a redaction stands, for the account that reads it.
fn stands(view: &RedactionView, reader: &str) -> String {
    if let Some(entry) = view.row.signed_entry {
        return format!(
            "Signed by QA in ledger entry {entry}: the values are gone, the records and their digests stay."
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

/// The fields as they are typed: a line for each row.
fn typed_fields(redaction: &Redaction) -> String {
    let line =
        |row: &RedactedRow| format!("{} {}: {}", row.table, row.record, row.columns.join(", "));
    redaction.rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// `acknowledgement ak_1: comment`.
fn parsed_row(line: &str) -> Result<FieldsOfRow> {
    let refuse = || Error::BadRequest {
        detail: format!(
            "`{line}` names no field; write `TABLE ID: COLUMN, COLUMN`, one row a line"
        ),
    };
    let (row, columns) = line.split_once(':').ok_or_else(refuse)?;
    let (table, record) = row.trim().split_once(' ').ok_or_else(refuse)?;
    let columns: Vec<String> = columns.split(',').map(|column| column.trim().to_owned()).collect();
    if columns.iter().any(String::is_empty) {
        return Err(refuse());
    }
    Ok(FieldsOfRow { table: table.to_owned(), record: record.trim().to_owned(), columns })
}

/// What a form asks for.
fn asked(form: &Typed) -> Result<RedactFields> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let one_of = |name: &str, known: String| Error::BadRequest {
        detail: format!("`{}` is no {name}; expected one of {known}", field(name)),
    };
    let (asked_by, ground) = (field("asked_by"), field("ground"));
    let known = || Requester::ALL.map(Requester::word).join(", ");
    let asked_by = Requester::ALL.into_iter().find(|who| who.word() == asked_by);
    let asked_by = asked_by.ok_or_else(|| one_of("asked_by", known()))?;
    let known = || LegalGround::ALL.map(LegalGround::word).join(", ");
    let ground = LegalGround::ALL.into_iter().find(|one| one.word() == ground);
    let ground = ground.ok_or_else(|| one_of("ground", known()))?;
    let rows = field("fields");
    let lines = rows.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(RedactFields {
        rows: lines.map(parsed_row).collect::<Result<_>>()?,
        asked_by,
        request: field("request"),
        ground,
        reason: field("reason"),
    })
}

/// The redactions, and the form that asks for one.
#[get("/redactions")]
pub(super) async fn list(visitor: Visitor) -> Answer {
    visitor.page(|visitor| RedactionsPage::read(visitor, None)).await
}

/// The sheet as it would be signed; writes nothing.
#[post("/redactions/sheet")]
pub(super) async fn prepare(visitor: Visitor, form: web::Form<Typed>) -> Answer {
    visitor.check_form(form.get("form_token").map_or("", String::as_str))?;
    let typed = form.into_inner();
    let sheet = visitor
        .act(move |store, acting| {
            acting.permit(Action::KeepRetention)?;
            prepare_redaction(store, acting, &asked(&typed)?)
        })
        .await;
    match sheet {
        Ok(sheet) => visitor.page(move |visitor| Ok(RedactionPage::of(visitor, NEW, sheet))).await,
        Err(error) => {
            visitor.page_again(error, |v, notice| RedactionsPage::read(v, Some(notice))).await
        }
    }
}

/// Proposes it. A refusal shows the sheet again as it is now.
#[post("/redactions")]
pub(super) async fn propose(visitor: Visitor, form: web::Form<Typed>) -> Answer {
    let (signing, typed) = (Signing::of(&form), form.into_inner());
    let again = typed.clone();
    let proposed = visitor
        .sign(signing, Some(Action::KeepRetention), move |store, acting, given| {
            propose_redaction(store, acting, &asked(&typed)?, given)
        })
        .await?;
    match proposed {
        Ok(proposed) => Ok(see_other(&format!("/redactions/{}", proposed.value.row.id))),
        Err(error @ Error::Access(_)) if again.contains_key("fields") => {
            visitor
                .page_again(error, move |visitor, notice| {
                    let asked = asked(&again)?;
                    let sheet = prepare_redaction(&visitor.store, &visitor.acting(), &asked)?;
                    let page = RedactionPage::of(visitor, NEW, sheet);
                    Ok(RedactionPage {
                        frame: page.frame.clone().with_notice(Some(notice)),
                        ..page
                    })
                })
                .await
        }
        Err(error) => Err(visitor.refuse(error)),
    }
}

/// A redaction.
#[get("/redactions/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor.page(move |visitor| RedactionPage::read(visitor, &id, None)).await
}

/// Signs it: its values go.
#[post("/redactions/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(Signing::of(&form), Some(Action::ApproveDisposal), move |store, acting, given| {
            sign_redaction(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else { return Ok(see_other(&format!("/redactions/{id}"))) };
    visitor
        .page_again(error, move |visitor, notice| RedactionPage::read(visitor, &id, Some(notice)))
        .await
}

/// Withdraws what was proposed; shows it as it stands then.
pub(super) async fn withdraw_proposed(
    visitor: &Visitor,
    (proposal, id): (Proposal, &str),
    form: &Typed,
) -> Result<()> {
    let (id, reason) = (id.to_owned(), form.get("reason").cloned().unwrap_or_default());
    visitor
        .act(move |store, acting| {
            withdraw_proposal(store, acting, (proposal, &id), &reason)?;
            Ok(())
        })
        .await
}

/// Withdraws a redaction.
#[post("/redactions/{id}/withdrawal")]
pub(super) async fn withdraw(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    visitor.check_form(form.get("form_token").map_or("", String::as_str))?;
    let id = id.into_inner();
    let done = withdraw_proposed(&visitor, (Proposal::Redaction, &id), &form).await;
    let Err(error) = done else { return Ok(see_other(&format!("/redactions/{id}"))) };
    visitor
        .page_again(error, move |visitor, notice| RedactionPage::read(visitor, &id, Some(notice)))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // P11-10c1
    fn fields_are_typed_a_row_a_line() {
        let form = |fields: &str| {
            let typed = [
                ("fields", fields),
                ("asked_by", "data_subject"),
                ("ground", "objection"),
                ("request", "DSR 1"),
                ("reason", "a name in a comment"),
            ];
            asked(&typed.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
        };
        let rows = form("acknowledgement ak_1: comment\n\nbatch ba_1: correction_reason, x\n")
            .unwrap()
            .rows;
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[1].table.as_str(), rows[1].record.as_str()), ("batch", "ba_1"));
        assert_eq!(rows[1].columns, ["correction_reason", "x"]);
        for wrong in ["acknowledgement ak_1", "acknowledgement: comment", "tag t: ", "tag t: a,,b"]
        {
            assert!(matches!(form(wrong), Err(Error::BadRequest { .. })), "{wrong}");
        }
        assert!(matches!(asked(&Typed::new()), Err(Error::BadRequest { .. })));
    }
}
