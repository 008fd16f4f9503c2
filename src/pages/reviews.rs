//! `/reviews`: periodic reviews of the audit trail, of access rights and of the system: when each is due, what the next one covers, what
//! was found, and who signed.

use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::error::Result;
use crate::ledger::entry::EntryType;
use crate::procedures::hold_review::{
    HoldReview, PeriodicReviewView, ReviewSheet, ReviewStatus, hold_review, prepare_review, review,
    review_statuses, reviews, sign_review,
};
use crate::review::periodic_review::{AccountSeen, ReviewConclusion};
use crate::review::review_kind::{ReviewKind, meaning};
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How one kind stands.
struct StatusLine {
    kind: &'static str,
    title: &'static str,
    last: Option<(String, Markup, String)>,
    due: String,
    is_overdue: bool,
    waiting: String,
}

/// One review in the list.
struct ReviewLine {
    id: String,
    title: &'static str,
    at: Markup,
    held_by: String,
    range: String,
    conclusion: &'static str,
    mark: &'static str,
    signed: bool,
}

#[derive(Template)]
#[template(path = "reviews.html")]
struct ListPage {
    frame: Frame,
    may_hold: bool,
    statuses: Vec<StatusLine>,
    reviews: Vec<ReviewLine>,
}

/// Entries of one type.
struct CoveredLine {
    kind: String,
    sentence: &'static str,
    count: u64,
}

fn covered(counts: &BTreeMap<String, u64>) -> Vec<CoveredLine> {
    let line = |(kind, count): (&String, &u64)| CoveredLine {
        sentence: kind.parse().map_or("", EntryType::sentence),
        kind: kind.clone(),
        count: *count,
    };
    counts.iter().map(line).collect()
}

/// An account in a review of access rights.
struct AccountLine {
    user_name: String,
    printed_name: String,
    role: String,
    state: String,
    signed_in_at: Option<Markup>,
    tokens: u64,
}

fn account_lines(accounts: &[AccountSeen]) -> Vec<AccountLine> {
    let line = |seen: &AccountSeen| AccountLine {
        user_name: seen.user_name.clone(),
        printed_name: seen.printed_name.clone(),
        role: seen.role.replace('_', " "),
        state: seen.state.clone(),
        signed_in_at: seen.signed_in_at.as_deref().map(Markup::time),
        tokens: seen.tokens,
    };
    accounts.iter().map(line).collect()
}

/// What was typed into the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HoldForm {
    /// The session's form token.
    pub form_token: String,
    /// The entry after the last that was laid out.
    pub until: u64,
    /// What was looked at.
    pub statement: String,
    /// Findings, one a line.
    pub findings: String,
    /// `in_order` or `action_needed`.
    pub conclusion: String,
    /// The day of the next one.
    pub next_due: String,
}

#[derive(Template)]
#[template(path = "review_new.html")]
struct NewPage {
    frame: Frame,
    kind: &'static str,
    title: &'static str,
    question: &'static str,
    from: u64,
    until: u64,
    last: u64,
    entries: String,
    covered: Vec<CoveredLine>,
    accounts: Vec<AccountLine>,
    standing: Vec<String>,
    barred: Option<String>,
    independent: bool,
    most_days: i64,
    typed: HoldForm,
}

impl NewPage {
    fn of(
        visitor: &Visitor,
        sheet: ReviewSheet,
        typed: Option<HoldForm>,
        notice: Option<Notice>,
    ) -> Self {
        let kind = sheet.kind;
        let typed = typed.unwrap_or_else(|| HoldForm {
            next_due: sheet.next_due.clone(),
            ..HoldForm::default()
        });
        Self {
            frame: visitor.frame(kind.title(), Place::Reviews).with_notice(notice),
            kind: kind.word(),
            title: kind.title(),
            question: kind.question(),
            from: sheet.from,
            until: sheet.until,
            last: sheet.until.saturating_sub(1),
            entries: counted(sheet.covered.values().sum(), "entry", "entries"),
            covered: covered(&sheet.covered),
            accounts: account_lines(&sheet.accounts),
            standing: sheet.standing,
            barred: sheet.barred,
            independent: kind.is_of_trail(),
            most_days: kind.days().1,
            typed,
        }
    }
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    frame: Frame,
    id: String,
    title: &'static str,
    question: &'static str,
    at: Markup,
    entry: u64,
    held_by: String,
    from: u64,
    last: u64,
    covered: Vec<CoveredLine>,
    accounts: Vec<AccountLine>,
    standing: Vec<String>,
    statement: String,
    findings: Vec<String>,
    conclusion: &'static str,
    mark: &'static str,
    next_due: String,
    sha256: String,
    document: String,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
    manifestation: Option<(String, u64)>,
    /// Why this person cannot sign; empty when they can.
    barred: String,
}

impl ReviewPage {
    fn of(visitor: &Visitor, view: PeriodicReviewView, notice: Option<Notice>) -> Self {
        let account = visitor.account();
        let PeriodicReviewView { row, review, document, signed } = view;
        let barred = if row.held_by == account.user_name {
            String::new()
        } else {
            format!("It waits for the signature of {}, who held it.", row.held_by)
        };
        Self {
            frame: visitor.frame(review.kind.title(), Place::Reviews).with_notice(notice),
            title: review.kind.title(),
            question: review.kind.question(),
            at: Markup::time(&row.at),
            entry: row.entry,
            from: review.from,
            last: review.until.saturating_sub(1),
            covered: covered(&review.covered),
            accounts: account_lines(&review.accounts),
            standing: review.standing,
            statement: review.statement,
            findings: review.findings,
            conclusion: review.conclusion.words(),
            mark: mark(review.conclusion),
            next_due: review.next_due,
            signer: visitor.signer(),
            meaning: meaning(review.kind).words(),
            meaning_word: meaning(review.kind).word(),
            manifestation: signed,
            barred,
            held_by: row.held_by,
            sha256: row.sha256,
            id: row.id,
            document,
        }
    }
}

fn mark(conclusion: ReviewConclusion) -> &'static str {
    match conclusion {
        ReviewConclusion::InOrder => "stable",
        ReviewConclusion::ActionNeeded => "drift",
    }
}

fn status_line(status: ReviewStatus) -> StatusLine {
    let due = status.last.as_ref().map(|row| row.next_due.clone()).unwrap_or_default();
    StatusLine {
        kind: status.kind.word(),
        title: status.kind.title(),
        last: status.last.map(|row| (row.id, Markup::time(&row.at), row.held_by)),
        due,
        is_overdue: status.is_overdue,
        waiting: counted(status.waiting, "entry", "entries"),
    }
}

fn review_line(view: PeriodicReviewView) -> ReviewLine {
    ReviewLine {
        title: view.review.kind.title(),
        at: Markup::time(&view.row.at),
        range: format!("{} to {}", view.review.from, view.review.until.saturating_sub(1)),
        conclusion: view.review.conclusion.words(),
        mark: mark(view.review.conclusion),
        signed: view.signed.is_some(),
        held_by: view.row.held_by,
        id: view.row.id,
    }
}

/// When each is due, and all reviews.
#[get("/reviews")]
pub(super) async fn list(visitor: Visitor) -> Answer {
    visitor
        .page(move |visitor| {
            let statuses = review_statuses(&visitor.store, &visitor.acting())?;
            let reviews = reviews(&visitor.store, &visitor.acting())?;
            let frame = visitor.frame("Reviews", Place::Reviews);
            Ok(ListPage {
                may_hold: frame.may(Action::HoldReview),
                statuses: statuses.into_iter().map(status_line).collect(),
                reviews: reviews.into_iter().map(review_line).collect(),
                frame,
            })
        })
        .await
}

/// What the next review of a kind covers, and the form for it.
#[get("/reviews/next/{kind}")]
pub(super) async fn next(visitor: Visitor, kind: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| {
            let kind = ReviewKind::parse(&kind)?;
            let sheet = prepare_review(&visitor.store, &visitor.acting(), kind)?;
            Ok(NewPage::of(visitor, sheet, None, None))
        })
        .await
}

fn said(kind: &str, form: &HoldForm) -> Result<HoldReview> {
    let lines = form.findings.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(HoldReview {
        kind: ReviewKind::parse(kind)?,
        until: form.until,
        statement: form.statement.clone(),
        findings: lines.map(str::to_owned).collect(),
        conclusion: match form.conclusion.as_str() {
            "in_order" => ReviewConclusion::InOrder,
            _ => ReviewConclusion::ActionNeeded,
        },
        next_due: form.next_due.clone(),
    })
}

/// Records a review.
#[post("/reviews/next/{kind}")]
pub(super) async fn hold(
    visitor: Visitor,
    kind: web::Path<String>,
    form: web::Form<HoldForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (kind, form) = (kind.into_inner(), form.into_inner());
    let given = said(&kind, &form);
    let held = visitor
        .act(move |store, acting| {
            acting.permit(Action::HoldReview)?;
            hold_review(store, acting, given?)
        })
        .await;
    match held {
        Ok(held) => Ok(see_other(&format!("/reviews/{}", held.value.id))),
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    let kind = ReviewKind::parse(&kind)?;
                    let sheet = prepare_review(&visitor.store, &visitor.acting(), kind)?;
                    Ok(NewPage::of(visitor, sheet, Some(form), Some(notice)))
                })
                .await
        }
    }
}

/// One review.
#[get("/reviews/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| {
            let view = review(&visitor.store, &visitor.acting(), &id)?;
            Ok(ReviewPage::of(visitor, view, None))
        })
        .await
}

/// Signs a review.
#[post("/reviews/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Signing>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(form.into_inner(), Some(Action::HoldReview), move |store, acting, given| {
            sign_review(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else {
        return Ok(see_other(&format!("/reviews/{id}")));
    };
    visitor
        .page_again(error, move |visitor, notice| {
            let view = review(&visitor.store, &visitor.acting(), &id)?;
            Ok(ReviewPage::of(visitor, view, Some(notice)))
        })
        .await
}
