//! `/accounts/roles`: roles that one person asks for and another grants or refuses.

use super::account::end_of;
use super::frame::{Frame, Notice, Place, role_words};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::role::{Action, Role};
use crate::error::{Error, Result};
use crate::procedures::grant_roles::{AskForRole, answer_role, request_role, role_requests};
use crate::procedures::read_accounts::account_lines;
use crate::store::roles::RoleRequestRow;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// A role to ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AskForm {
    /// The session's form token.
    pub form_token: String,
    /// User name.
    pub user_name: String,
    /// Role.
    pub role: String,
    /// Last day, YYYY-MM-DD; empty for no end.
    pub last_day: String,
    /// Why.
    pub reason: String,
}

/// An answer to a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AnswerForm {
    /// The session's form token.
    pub form_token: String,
    /// `grant` or `refuse`.
    pub answer: String,
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

/// A request in the list.
struct RequestLine {
    row: RoleRequestRow,
    role: String,
    at: Markup,
    validity: String,
    /// Why this person cannot answer; empty when they can.
    barred: &'static str,
}

#[derive(Template)]
#[template(path = "roles.html")]
struct RolesPage {
    frame: Frame,
    waiting: Vec<RequestLine>,
    answered: Vec<RequestLine>,
    manages: bool,
    /// User name and role in words of every account but one's own.
    accounts: Vec<(String, String)>,
    roles: Vec<(&'static str, String)>,
}

fn line(row: RoleRequestRow, frame: &Frame, own_name: &str) -> RequestLine {
    let day = |at: &str| at.split('T').next().unwrap_or_default().to_owned();
    let from = day(&row.valid_from);
    let barred = match &row {
        row if row.requested_by == own_name => "You asked for it: another person answers.",
        row if row.user_name == own_name => "It is for you: another person answers.",
        _ if !frame.may(Action::ApproveRoles) => "QA or another administrator answers.",
        _ => "",
    };
    RequestLine {
        role: role_words(row.role),
        at: Markup::time(&row.at),
        validity: match &row.valid_until {
            Some(until) => format!("{from} to {}", day(until)),
            None => format!("{from}, without end"),
        },
        barred,
        row,
    }
}

impl RolesPage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let (store, acting) = (&visitor.store, visitor.acting());
        let frame = visitor.frame("Roles", Place::Accounts).with_notice(notice);
        let own_name = &visitor.account().user_name;
        let lines = role_requests(store, &acting)?.into_iter();
        let lines = lines.map(|row| line(row, &frame, own_name));
        let (answered, waiting) = lines.partition(|line| line.row.answer.is_some());
        let accounts = account_lines(store, &acting)?.into_iter().map(|line| line.account);
        Ok(Self {
            answered,
            waiting,
            manages: frame.may(Action::ManageAccounts),
            frame,
            accounts: accounts
                .filter(|account| account.user_name != *own_name)
                .map(|account| (account.user_name, role_words(account.role)))
                .collect(),
            roles: Role::ALL.iter().map(|role| (role.word(), role_words(*role))).collect(),
        })
    }
}

async fn refused(visitor: Visitor, error: Error) -> Answer {
    visitor.page_again(error, |v, notice| RolesPage::read(v, Some(notice))).await
}

/// All requests.
#[get("/accounts/roles")]
pub(super) async fn show(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = match query.done.as_str() {
        "asked" => Some(Notice::done("the request waits for another person")),
        "answered" => Some(Notice::done("the request is answered")),
        _ => None,
    };
    visitor.page(move |visitor| RolesPage::read(visitor, notice)).await
}

/// Asks for a role.
#[post("/accounts/roles")]
pub(super) async fn ask(visitor: Visitor, form: web::Form<AskForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let asked = visitor
        .act(move |store, acting| {
            let until = end_of(&form.last_day)?.map(|end| end.parse());
            let valid_until = until.transpose().map_err(|e: jiff::Error| Error::BadRequest {
                detail: format!("`{}` is not a day: {e}", form.last_day),
            })?;
            let asked = AskForRole {
                user_name: form.user_name.trim().to_owned(),
                role: Role::parse(&form.role)?,
                valid_from: None,
                valid_until,
                reason: form.reason,
            };
            request_role(store, acting, &asked)
        })
        .await;
    match asked {
        Ok(_) => Ok(see_other("/accounts/roles?done=asked")),
        Err(error) => refused(visitor, error).await,
    }
}

/// Grants or refuses a role.
#[post("/accounts/roles/{id}/answer")]
pub(super) async fn give_answer(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<AnswerForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let answered = visitor
        .act(move |store, acting| {
            answer_role(store, acting, &id, (form.answer == "grant", &form.reason))
        })
        .await;
    match answered {
        Ok(_) => Ok(see_other("/accounts/roles?done=answered")),
        Err(error) => refused(visitor, error).await,
    }
}
