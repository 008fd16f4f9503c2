//! `/legal-holds/{id}`: a legal hold, and the sheet that lifts it.

use super::frame::{Frame, Notice, Place, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::{Signing, Typed};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::hold_records::{HoldLiftSheet, legal_hold, lift_hold, prepare_lift};
use crate::review::disposal::{REASON_MAX, REASON_MIN};
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;

#[derive(Template)]
#[template(path = "legal_hold.html")]
struct HoldPage {
    frame: Frame,
    id: String,
    words: String,
    rows: Vec<(&'static str, Markup)>,
    /// How it ended; empty while it is in force.
    lifted: String,
    /// Why this person cannot lift it; empty when they can.
    barred: Markup,
    reason: String,
    reason_min: usize,
    reason_max: usize,
    sheet: Option<HoldLiftSheet>,
    bytes: usize,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
}

impl HoldPage {
    fn read(
        visitor: &Visitor,
        id: &str,
        (reason, sheet, notice): (String, Option<HoldLiftSheet>, Option<Notice>),
    ) -> Result<Self> {
        let hold = legal_hold(&visitor.store, &visitor.acting(), id)?;
        let account = visitor.account();
        let words = hold.words();
        let may = Action::LiftHold.roles().contains(&account.role);
        Ok(Self {
            frame: visitor
                .frame(&format!("Legal hold on {words}"), Place::Retention)
                .with_notice(notice),
            rows: vec![
                ("Covers", Markup::sentence(&words)),
                ("In force since", Markup::time(&hold.at)),
                ("Placed by", Markup::text(&hold.placed_by)),
                ("Reason", Markup::text(&hold.reason)),
                ("Ledger entry", Markup::text(&hold.entry.to_string())),
            ],
            lifted: hold.lifted.map_or_else(String::new, |lifted| {
                format!("Lifted at {} by {}, because: {}", lifted.at, lifted.by, lifted.reason)
            }),
            barred: if may {
                Markup::default()
            } else {
                let roles = roles_that_may(Action::LiftHold);
                Markup::text(&format!("Your role does not lift legal holds; it takes a {roles}."))
            },
            id: hold.id,
            words,
            reason,
            reason_min: REASON_MIN,
            reason_max: REASON_MAX,
            bytes: sheet.as_ref().map_or(0, |sheet| sheet.document.len()),
            sheet,
            signer: visitor.signer(),
            meaning: Meaning::LiftsHold.words(),
            meaning_word: Meaning::LiftsHold.word(),
        })
    }
}

/// The hold.
#[get("/legal-holds/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor.page(move |visitor| HoldPage::read(visitor, &id, (String::new(), None, None))).await
}

/// The sheet as it would be signed; writes nothing.
#[post("/legal-holds/{id}/lifting/sheet")]
pub(super) async fn prepare(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    visitor.check_form(&field("form_token"))?;
    let (id, reason) = (id.into_inner(), field("reason"));
    let (asked, why) = (id.clone(), reason.clone());
    let sheet = visitor.act(move |store, acting| prepare_lift(store, acting, &asked, &why)).await;
    match sheet {
        Ok(sheet) => {
            visitor
                .page(move |visitor| HoldPage::read(visitor, &id, (reason, Some(sheet), None)))
                .await
        }
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    HoldPage::read(visitor, &id, (reason, None, Some(notice)))
                })
                .await
        }
    }
}

/// Lifts it. A refusal shows the sheet again, or the form where there is none.
#[post("/legal-holds/{id}/lifting")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    let (id, reason) = (id.into_inner(), form.get("reason").cloned().unwrap_or_default());
    let (asked, why) = (id.clone(), reason.clone());
    let signed = visitor
        .sign(
            Signing::of(&form),
            Some(Action::LiftHold),
            move |store, acting, (sha256, password)| {
                lift_hold(store, acting, &asked, (&why, sha256, password))
            },
        )
        .await?;
    let Err(error) = signed else { return Ok(see_other("/retention?done=lifted")) };
    visitor
        .page_again(error, move |visitor, notice| {
            let sheet = match prepare_lift(&visitor.store, &visitor.acting(), &id, &reason) {
                Ok(sheet) => Some(sheet),
                Err(Error::Access(_) | Error::Review(_) | Error::Conflict { .. }) => None,
                Err(error) => return Err(error),
            };
            HoldPage::read(visitor, &id, (reason, sheet, Some(notice)))
        })
        .await
}
