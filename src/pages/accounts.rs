//! `/accounts`: all accounts; an administrator creates, unlocks, disables and enables them.

use super::frame::{Frame, Notice, Place, role_words};
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::account::Account;
use crate::access::role::{Action, Role};
use crate::error::{Error, Result};
use crate::procedures::administer::create_account;
use crate::procedures::hold_signing::report_loss;
use crate::procedures::issue_temporary_factor::{IssueTemporary, issue_temporary};
use crate::procedures::keep_accounts::{
    disable_account, enable_account, reset_password, unlock_account,
};
use crate::procedures::keep_factors::ask_removal;
use crate::procedures::read_accounts::{AccountLine, account_lines};
use actix_web::http::StatusCode;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// An account to create.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreateForm {
    /// The session's form token.
    pub form_token: String,
    /// User name.
    pub user_name: String,
    /// The name a signature shows.
    pub printed_name: String,
    /// Role.
    pub role: String,
}

/// A step to take with an account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    /// The session's form token.
    pub form_token: String,
    /// User name.
    pub user_name: String,
    /// `unlock`, `disable`, `enable` or `reset`.
    pub step: String,
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
#[template(path = "accounts.html")]
struct AccountsPage {
    frame: Frame,
    /// Each with its role and its state in words.
    accounts: Vec<(Account, String, &'static str)>,
    /// Word, words and whether it is chosen, of each role.
    roles: Vec<(&'static str, String, bool)>,
    manages: bool,
    typed: CreateForm,
    /// User name and one-time password or temporary code, just issued, shown once.
    created: Option<(String, String)>,
    /// Which of the two it is.
    issued: &'static str,
}

impl AccountsPage {
    fn read(visitor: &Visitor, notice: Option<Notice>, typed: CreateForm) -> Result<Self> {
        let lines = account_lines(&visitor.store, &visitor.acting())?.into_iter();
        let frame = visitor.frame("Accounts", Place::Accounts).with_notice(notice);
        let role = |role: &Role| (role.word(), role_words(*role), role.word() == typed.role);
        Ok(Self {
            accounts: lines
                .map(|line| (state(&line), line.account))
                .map(|(state, account)| (account.clone(), role_words(account.role), state))
                .collect(),
            roles: Role::ALL.iter().map(role).collect(),
            manages: frame.may(Action::ManageAccounts),
            frame,
            typed,
            created: None,
            issued: PASSWORD,
        })
    }
}

/// Where an account stands, in one word or two.
fn state(line: &AccountLine) -> &'static str {
    match line {
        AccountLine { enabled: false, .. } => "disabled",
        AccountLine { locked: true, .. } => "locked",
        AccountLine { has_role: false, .. } => "no role in force",
        AccountLine { one_time: true, .. } => "first sign-in",
        _ => "open",
    }
}

async fn refused(visitor: Visitor, error: Error, typed: CreateForm) -> Answer {
    visitor.page_again(error, |v, notice| AccountsPage::read(v, Some(notice), typed)).await
}

/// All accounts.
#[get("/accounts")]
pub(super) async fn show(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = match query.done.as_str() {
        "unlock" => Some(Notice::done("the account is unlocked")),
        "disable" => Some(Notice::done("the account is disabled; its sessions and tokens ended")),
        "factor" => Some(Notice::done("the removal is asked for; another person confirms it")),
        "loss" => {
            Some(Notice::done("the loss is recorded; another person lets the owner sign again"))
        }
        "enable" => Some(Notice::done("the account is enabled again")),
        _ => None,
    };
    visitor.page(move |visitor| AccountsPage::read(visitor, notice, CreateForm::default())).await
}

/// Creates an account and shows its one-time password, in this answer only.
#[post("/accounts")]
pub(super) async fn create(visitor: Visitor, form: web::Form<CreateForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (form, typed) = (form.clone(), form.into_inner());
    let created = visitor
        .act(move |store, acting| {
            let names = (form.user_name.trim(), form.printed_name.trim());
            create_account(store, acting, names, Role::parse(&form.role)?)
        })
        .await;
    let created = match created {
        Ok(created) => Some((created.value.account.user_name, created.value.password)),
        Err(error) => return refused(visitor, error, typed).await,
    };
    let done = "the account is created and waits for another person's approval";
    issued(visitor, created, (PASSWORD, done)).await
}

/// Unlocks, disables or enables an account, or resets its password, which is shown in this answer only.
#[post("/accounts/steps")]
pub(super) async fn step(visitor: Visitor, form: web::Form<StepForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let taken = visitor
        .act(move |store, acting| {
            let (user_name, reason) = (form.user_name.trim(), form.reason.as_str());
            match form.step.as_str() {
                "unlock" => unlock_account(store, acting, user_name, reason)?,
                "disable" => disable_account(store, acting, user_name, reason)?,
                "enable" => enable_account(store, acting, user_name, reason)?,
                "factor" => ask_removal(store, acting, user_name, reason)?,
                "loss" => report_loss(store, acting, user_name, reason)?,
                "reset" => {
                    let new = reset_password(store, acting, user_name, reason)?.value;
                    return Ok((form.step, Some((new.account.user_name, new.password))));
                }
                "temporary" => {
                    let asked = IssueTemporary { reason: reason.to_owned(), hours: None };
                    let new = issue_temporary(store, acting, user_name, &asked)?.value;
                    return Ok((form.step, Some((new.user_name, new.code))));
                }
                other => {
                    let detail = format!("`{other}` is no step; choose one of the list");
                    return Err(Error::BadRequest { detail });
                }
            }
            Ok((form.step, None))
        })
        .await;
    match taken {
        Ok((step, None)) => Ok(see_other(&format!("/accounts?done={step}"))),
        Ok((step, created)) if step == "temporary" => {
            let done = "a temporary code is issued, good for 24 hours and one sign-in, and signing is suspended";
            issued(visitor, created, (CODE, done)).await
        }
        Ok((_, created)) => issued(visitor, created, (PASSWORD, "the password is reset")).await,
        Err(error) => refused(visitor, error, CreateForm::default()).await,
    }
}

/// What is issued, as the page calls it.
const PASSWORD: &str = "One-time password";
const CODE: &str = "Temporary code";

/// The page with a one-time password or a temporary code on it.
async fn issued(
    visitor: Visitor,
    created: Option<(String, String)>,
    (issued, done): (&'static str, &str),
) -> Answer {
    let what = issued.to_lowercase();
    let notice = Some(Notice::done(&format!("{done}; hand over the {what} now")));
    visitor
        .page_with_status(StatusCode::CREATED, move |visitor| {
            let page = AccountsPage::read(visitor, notice, CreateForm::default())?;
            Ok(AccountsPage { created, issued, ..page })
        })
        .await
}
