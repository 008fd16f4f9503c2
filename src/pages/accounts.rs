//! `/accounts`: all accounts; an administrator creates and unlocks them.

use super::frame::{Frame, Notice, Place, role_words};
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::account::Account;
use crate::access::role::{Action, Role};
use crate::error::{Error, Result};
use crate::procedures::administer::{create_account, unlock_account};
use crate::procedures::read_accounts;
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

/// An account to unlock.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UnlockForm {
    /// The session's form token.
    pub form_token: String,
    /// User name.
    pub user_name: String,
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
    /// Each with its role in words and whether it is locked.
    accounts: Vec<(Account, String, bool)>,
    /// Word, words and whether it is chosen, of each role.
    roles: Vec<(&'static str, String, bool)>,
    manages: bool,
    typed: CreateForm,
    /// User name and one-time password of an account just created, shown once.
    created: Option<(String, String)>,
}

impl AccountsPage {
    fn read(visitor: &Visitor, notice: Option<Notice>, typed: CreateForm) -> Result<Self> {
        let accounts = read_accounts::accounts_and_locks(&visitor.store, &visitor.acting())?;
        let frame = visitor.frame("Accounts", Place::Accounts).with_notice(notice);
        let role = |role: &Role| (role.word(), role_words(*role), role.word() == typed.role);
        Ok(Self {
            accounts: accounts
                .into_iter()
                .map(|(locked, account)| (account.clone(), role_words(account.role), locked))
                .collect(),
            roles: Role::ALL.iter().map(role).collect(),
            manages: frame.may(Action::ManageAccounts),
            frame,
            typed,
            created: None,
        })
    }
}

async fn refused(visitor: Visitor, error: Error, typed: CreateForm) -> Answer {
    visitor.page_again(error, |v, notice| AccountsPage::read(v, Some(notice), typed)).await
}

/// All accounts.
#[get("/accounts")]
pub(super) async fn show(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let unlocked = query.done == "unlocked";
    let notice = unlocked.then(|| Notice::done("the account is unlocked"));
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
    let notice = Some(Notice::done("the account is created; hand over its one-time password now"));
    visitor
        .page_with_status(StatusCode::CREATED, move |visitor| {
            let page = AccountsPage::read(visitor, notice, CreateForm::default())?;
            Ok(AccountsPage { created, ..page })
        })
        .await
}

/// Unlocks an account.
#[post("/accounts/unlocking")]
pub(super) async fn unlock(visitor: Visitor, form: web::Form<UnlockForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let unlocked = visitor
        .act(move |store, acting| {
            unlock_account(store, acting, form.user_name.trim(), form.reason.trim())
        })
        .await;
    match unlocked {
        Ok(()) => Ok(see_other("/accounts?done=unlocked")),
        Err(error) => refused(visitor, error, CreateForm::default()).await,
    }
}
