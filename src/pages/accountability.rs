//! `/account/accountability`: the statement of accountability, which everybody accepts before the first signature; an administrator puts
//! another one in force.

use super::frame::{Frame, Notice, Place, role_words};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use crate::access::accountability::SHIPPED_STATEMENT;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::accept_accountability::{accept_statement, accountability, set_statement};
use crate::review::signature::Meaning;
use crate::store::accountability::StatementRow;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to put another statement in force.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatementForm {
    /// The session's form token.
    pub form_token: String,
    /// What it says.
    pub text: String,
    /// Why.
    pub reason: String,
}

/// What a form led to, as the address says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    /// The step that was done.
    pub done: String,
}

#[derive(Template)]
#[template(path = "accountability.html")]
struct AccountabilityPage {
    frame: Frame,
    /// What it says; what it could say, while none is in force.
    text: String,
    /// Since when it is in force, and the ledger entry.
    since: Option<(Markup, u64)>,
    history: Vec<StatementRow>,
    /// When it was accepted, and the ledger entry.
    accepted: Option<(Markup, u64)>,
    /// Whether this person signs.
    signs: bool,
    sets: bool,
    document: String,
    sha256: String,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
}

impl AccountabilityPage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let frame = visitor.frame("Accountability", Place::Account).with_notice(notice);
        let view = accountability(&visitor.store, &visitor.acting())?;
        let account = visitor.account();
        let mut statements = view.statements;
        let current = (!statements.is_empty()).then(|| statements.remove(0));
        let since = current.as_ref().map(|row| (Markup::time(&row.at), row.entry));
        let role = role_words(account.role);
        Ok(Self {
            signer: format!("{} ({}, {role})", account.printed_name, account.user_name),
            meaning: Meaning::AcceptsAccountability.words(),
            meaning_word: Meaning::AcceptsAccountability.word(),
            since,
            text: current.map_or_else(|| SHIPPED_STATEMENT.to_owned(), |row| row.text),
            history: statements,
            accepted: view.accepted.map(|row| (Markup::time(&row.at), row.entry)),
            signs: frame.may(Action::AcceptAccountability),
            sets: frame.may(Action::ManageAccounts),
            document: view.document.unwrap_or_default(),
            sha256: view.sha256.unwrap_or_default(),
            frame,
        })
    }
}

/// The statement.
#[get("/account/accountability")]
pub(super) async fn show_statement(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = match query.done.as_str() {
        "accepted" => Some(Notice::done("you accepted it; you can sign from now on")),
        "set" => Some(Notice::done("the statement is in force; everybody accepts it anew")),
        _ => None,
    };
    visitor.page(move |visitor| AccountabilityPage::read(visitor, notice)).await
}

/// Accepts it.
#[post("/account/accountability")]
pub(super) async fn accept_shown(visitor: Visitor, form: web::Form<Signing>) -> Answer {
    let accepted = visitor
        .sign(form.into_inner(), Some(Action::AcceptAccountability), accept_statement)
        .await?;
    match accepted {
        Ok(_) => Ok(see_other("/account/accountability?done=accepted")),
        Err(error) => {
            visitor.page_again(error, |v, notice| AccountabilityPage::read(v, Some(notice))).await
        }
    }
}

/// Puts another one in force.
#[post("/account/accountability/statement")]
pub(super) async fn set_other(visitor: Visitor, form: web::Form<StatementForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let set = visitor
        .act(move |store, acting| set_statement(store, acting, (&form.text, &form.reason)))
        .await;
    match set {
        Ok(_) => Ok(see_other("/account/accountability?done=set")),
        Err(error) => {
            visitor.page_again(error, |v, notice| AccountabilityPage::read(v, Some(notice))).await
        }
    }
}
