//! `/alerts/{id}/signature`: exactly what is signed, what the signature means, and the password again.

use super::frame::{Frame, Notice, Place, role_words, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use super::wording::words;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::read_records::{self, DecisionView};
use crate::procedures::sign_decision::sign_decision;
use crate::review::decision::ReportCitation;
use crate::review::signature::Meaning;
use crate::store::reports::ReportRow;
use actix_web::{get, post, web};
use askama::Template;

#[derive(Template)]
#[template(path = "signing_sheet.html")]
struct SigningSheet {
    frame: Frame,
    id: String,
    rows: Vec<(&'static str, Markup)>,
    /// Batch, id and digest of each report the decision rests on.
    reports: Vec<(String, String, String)>,
    document: String,
    bytes: usize,
    sha256: String,
    entry: u64,
    meaning: &'static str,
    signer: String,
    meaning_word: String,
    manifestation: Option<(String, u64)>,
    /// Why this person cannot sign; empty when they can.
    barred: String,
}

impl SigningSheet {
    fn read(visitor: &Visitor, id: &str, notice: Option<Notice>) -> Result<Self> {
        let view = read_records::episode_view(&visitor.store, &visitor.acting(), id)?;
        let missing = || Error::NotFound { what: "decision on alert", id: id.to_owned() };
        let decision = view.decision.ok_or_else(missing)?;
        Ok(Self {
            frame: visitor.frame("Signing sheet", Place::Inbox).with_notice(notice),
            id: id.to_owned(),
            rows: rows(&decision),
            reports: cited(&decision.decision.reports, &view.reports),
            bytes: decision.document.len(),
            barred: barred(visitor, &decision),
            meaning: Meaning::ApprovesDecision.words(),
            meaning_word: Meaning::ApprovesDecision.word(),
            signer: visitor.signer(),
            manifestation: decision.signature.map(|s| (s.manifestation, s.entry)),
            document: decision.document,
            sha256: decision.sha256,
            entry: decision.entry,
        })
    }
}

fn cited(citations: &[ReportCitation], rows: &[ReportRow]) -> Vec<(String, String, String)> {
    let batch = |id: &str| {
        rows.iter().find(|row| row.id == id).map_or_else(|| id.to_owned(), |row| row.batch.clone())
    };
    citations.iter().map(|c| (batch(&c.id), c.id.clone(), c.sha256.clone())).collect()
}

fn barred(visitor: &Visitor, view: &DecisionView) -> String {
    if view.decision.drafted_by.id == visitor.account().id {
        return "You drafted this decision, so another person has to sign it.".to_owned();
    }
    if !Action::SignDecision.roles().contains(&visitor.account().role) {
        let roles = roles_that_may(Action::SignDecision);
        return format!("Your role does not sign decisions; it takes a {roles}.");
    }
    String::new()
}

fn rows(view: &DecisionView) -> Vec<(&'static str, Markup)> {
    let decision = &view.decision;
    let drafter = &decision.drafted_by;
    let by =
        format!("{} ({}, {})", drafter.printed_name, drafter.user_name, role_words(drafter.role));
    let mut rows = vec![
        ("Decision", Markup::text(&words(decision.code.word()))),
        ("Rationale", Markup::text(&decision.rationale)),
    ];
    if let Some(action) = &decision.remedial_action {
        rows.push(("Remedial action", Markup::text(&action.what)));
        rows.push(("Responsible", Markup::text(&action.owner)));
        rows.push(("Due", Markup::text(&action.due_on)));
    }
    rows.extend([
        ("Model version", Markup::text(&format!("{} {}", decision.model, decision.version))),
        ("Alert", Markup::text(&decision.episode)),
        ("Drafted by", Markup::text(&by)),
        ("Drafted at", Markup::time(&decision.drafted_at)),
        ("Record id", Markup::text(&decision.id)),
        ("Record format", Markup::text(&decision.format)),
    ]);
    rows
}

/// The signing sheet.
#[get("/alerts/{id}/signature")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor.page(move |visitor| SigningSheet::read(visitor, &id, None)).await
}

/// Signs the decision.
#[post("/alerts/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Signing>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(form.into_inner(), Some(Action::SignDecision), move |store, acting, given| {
            sign_decision(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else {
        return Ok(see_other(&format!("/alerts/{id}?done=signed")));
    };
    visitor
        .page_again(error, move |visitor, notice| SigningSheet::read(visitor, &id, Some(notice)))
        .await
}
