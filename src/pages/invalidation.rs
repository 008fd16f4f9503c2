//! `/reports/{id}/invalidation`: why the batch of a report is invalid, exactly what is signed, and the password again.

use super::frame::{Frame, Notice, Place, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::{ReasonForm, SignedReason};
use super::visitor::Visitor;
use super::wording::{counted, words};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::invalidate_batch::{
    InvalidationSheet, invalidate_batch, prepare_invalidation,
};
use crate::procedures::read_invalidation::{BatchOfReport, batch_of_report};
use crate::review::batch_invalidation::{REASON_MAX, REASON_MIN};
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;

#[derive(Template)]
#[template(path = "invalidation.html")]
struct InvalidationPage {
    frame: Frame,
    report: String,
    batch: String,
    version: String,
    version_path: String,
    reason: String,
    reason_min: usize,
    reason_max: usize,
    /// Why this person cannot sign; empty when they can.
    barred: Markup,
    rows: Vec<(&'static str, Markup)>,
    sheet: Option<InvalidationSheet>,
    bytes: usize,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
}

impl InvalidationPage {
    fn read(
        visitor: &Visitor,
        id: &str,
        (reason, sheet, notice): (String, Option<InvalidationSheet>, Option<Notice>),
    ) -> Result<Self> {
        let found = batch_of_report(&visitor.store, &visitor.acting(), id)?;
        let title = format!("Batch {}: mark as invalid", found.row.batch);
        Ok(Self {
            frame: visitor.frame(&title, Place::Models).with_notice(notice),
            report: id.to_owned(),
            version: format!("{} {}", found.model, found.version),
            version_path: format!("/models/{}/versions/{}", found.model, found.version),
            reason,
            reason_min: REASON_MIN,
            reason_max: REASON_MAX,
            barred: barred(visitor, &found),
            rows: sheet.as_ref().map(rows).unwrap_or_default(),
            bytes: sheet.as_ref().map_or(0, |view| view.document.len()),
            sheet,
            signer: visitor.signer(),
            meaning: Meaning::InvalidatedBatch.words(),
            meaning_word: Meaning::InvalidatedBatch.word(),
            batch: found.row.batch,
        })
    }
}

/// Why this person cannot mark the batch as invalid; the procedure decides it once more.
fn barred(visitor: &Visitor, found: &BatchOfReport) -> Markup {
    if let Some(invalid) = &found.row.invalidated {
        return Markup::text(&format!("This batch is {} already.", invalid.sentence()));
    }
    if !Action::InvalidateBatch.roles().contains(&visitor.account().role) {
        let roles = roles_that_may(Action::InvalidateBatch);
        return Markup::text(&format!(
            "Your role does not mark batches as invalid; it takes a {roles}."
        ));
    }
    if found.standing.sent_by == visitor.account().id {
        return Markup::text("You sent this batch, so another person has to mark it as invalid.");
    }
    Markup::default()
}

/// The sheet in words.
fn rows(view: &InvalidationSheet) -> Vec<(&'static str, Markup)> {
    let sheet = &view.sheet;
    let (batch, report) = (&sheet.batch, &sheet.report);
    let file = format!(
        "{}, ledger entry {}, SHA-256 `{}`",
        counted(batch.rows, "row", "rows"),
        batch.entry,
        batch.sha256
    );
    let cited =
        format!("{}, ledger entry {}, SHA-256 `{}`", report.id, report.entry, report.sha256);
    let left_out = match sheet.left_out {
        0 => "none".to_owned(),
        rows => format!(
            "{} of later batches with the same ids as rows of this one: they stay left out",
            counted(rows, "row", "rows")
        ),
    };
    vec![
        ("Model version", Markup::text(&format!("{} {}", sheet.model, sheet.version))),
        ("Batch", Markup::text(&batch.name)),
        ("Its file", Markup::sentence(&file)),
        ("Its report", Markup::sentence(&cited)),
        ("Verdict", Markup::text(&words(sheet.verdict.word()))),
        ("Monitor state after it", Markup::text(sheet.state.word())),
        (
            "Judged again without it",
            Markup::text(&counted(sheet.judged_again, "later batch", "later batches")),
        ),
        ("Rows left out", Markup::text(&left_out)),
        ("Reason", Markup::text(&sheet.reason)),
    ]
}

/// The form for the reason.
#[get("/reports/{id}/invalidation")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| InvalidationPage::read(visitor, &id, (String::new(), None, None)))
        .await
}

/// The sheet as it would be signed; writes nothing.
#[post("/reports/{id}/invalidation/sheet")]
pub(super) async fn prepare(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<ReasonForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (id, reason) = (id.into_inner(), form.into_inner().reason);
    match sheet_of(&visitor, &id, &reason).await {
        Ok(sheet) => {
            visitor
                .page(move |visitor| {
                    InvalidationPage::read(visitor, &id, (reason, Some(sheet), None))
                })
                .await
        }
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    InvalidationPage::read(visitor, &id, (reason, None, Some(notice)))
                })
                .await
        }
    }
}

async fn sheet_of(visitor: &Visitor, id: &str, reason: &str) -> Result<InvalidationSheet> {
    let (id, reason) = (id.to_owned(), reason.to_owned());
    visitor
        .act(move |store, acting| {
            acting.permit(Action::InvalidateBatch)?;
            let found = batch_of_report(store, acting, &id)?;
            prepare_invalidation(store, acting, found.of(), &reason)
        })
        .await
}

/// Marks the batch as invalid. A refusal shows the sheet again as it is now, or the form where there is none.
#[post("/reports/{id}/invalidation")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<SignedReason>,
) -> Answer {
    let (id, SignedReason { reason, signing }) = (id.into_inner(), form.into_inner());
    let (asked, why) = (id.clone(), reason.clone());
    let signed = visitor
        .sign(signing, Some(Action::InvalidateBatch), move |store, acting, (sha256, password)| {
            let found = batch_of_report(store, acting, &asked)?;
            invalidate_batch(store, acting, found.of(), (&why, sha256, password))
        })
        .await?;
    let Err(error) = signed else { return Ok(see_other(&format!("/reports/{id}?done=invalid"))) };
    visitor
        .page_again(error, move |visitor, notice| {
            let sheet = sheet_again(visitor, &id, &reason)?;
            InvalidationPage::read(visitor, &id, (reason, sheet, Some(notice)))
        })
        .await
}

/// The sheet as it is now; none where this person cannot sign one.
fn sheet_again(visitor: &Visitor, id: &str, reason: &str) -> Result<Option<InvalidationSheet>> {
    let acting = visitor.acting();
    let found = batch_of_report(&visitor.store, &acting, id)?;
    match prepare_invalidation(&visitor.store, &acting, found.of(), reason) {
        Ok(sheet) => Ok(Some(sheet)),
        Err(Error::Access(_) | Error::Review(_) | Error::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
