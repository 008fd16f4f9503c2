//! `/account`: who one is, and one's tokens.

use super::frame::{Frame, Notice, Place, role_words};
use super::page_error::{Answer, PageError, see_other};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::access::token::TokenScope;
use crate::error::{Error, Result};
use crate::procedures::administer::{issue_token, revoke_token};
use crate::procedures::{read_accounts, read_inventory, read_records};
use actix_web::http::StatusCode;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// A token to issue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct IssueForm {
    /// The session's form token.
    pub form_token: String,
    /// What it is for.
    pub name: String,
    /// `personal`, or `model/version` for one version's batches.
    pub scope: String,
    /// Last day, YYYY-MM-DD; empty for no end.
    pub expires_on: String,
}

/// A token to revoke.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RevokeForm {
    /// The session's form token.
    pub form_token: String,
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

/// A token in the list.
struct TokenLine {
    id: String,
    name: String,
    scope: String,
    expires_at: String,
    revoked: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    user_name: String,
    printed_name: String,
    id: String,
    role: String,
    /// Words of each action the role may take.
    may: Vec<&'static str>,
    /// Absent for a role without tokens.
    tokens: Option<Vec<TokenLine>>,
    versions: Vec<String>,
    /// The secret of a token just issued, shown once.
    secret: Option<String>,
}

fn read(visitor: &Visitor, notice: Option<Notice>, secret: Option<String>) -> Result<AccountPage> {
    let (store, acting, account) = (&visitor.store, visitor.acting(), visitor.account());
    let frame = visitor.frame("Account", Place::Account).with_notice(notice);
    let mut versions = Vec::new();
    let tokens = if frame.may(Action::ManageOwnTokens) {
        let rows = read_inventory::models(store, &acting)?.into_iter().flat_map(|(_, rows)| rows);
        let rows: Vec<_> = rows.collect();
        versions.extend(rows.iter().map(|row| format!("{}/{}", row.model, row.version)));
        let named = |id: &str| {
            rows.iter()
                .find(|r| r.id == id)
                .map(|r| format!("batches of {} {}", r.model, r.version))
        };
        let line = |token: crate::store::accounts::TokenRow| TokenLine {
            scope: match serde_json::from_value(token.scope) {
                Ok(TokenScope::Source { version_id }) => named(&version_id).unwrap_or(version_id),
                Ok(TokenScope::Personal) | Err(_) => "personal".to_owned(),
            },
            id: token.id,
            name: token.name,
            expires_at: token.expires_at.unwrap_or_else(|| "never".to_owned()),
            revoked: token.revoked,
        };
        Some(read_accounts::own_tokens(store, &acting)?.into_iter().map(line).collect())
    } else {
        None
    };
    let may = Action::ALL.iter().filter(|a| frame.may(**a)).map(|a| a.words()).collect();
    Ok(AccountPage {
        frame,
        user_name: account.user_name.clone(),
        printed_name: account.printed_name.clone(),
        id: account.id.clone(),
        role: role_words(account.role),
        may,
        tokens,
        versions,
        secret,
    })
}

/// The account page again, with a refusal.
async fn refused(visitor: Visitor, error: Error) -> Answer {
    visitor.page_again(error, |visitor, notice| read(visitor, Some(notice), None)).await
}

/// One's own account.
#[get("/account")]
pub(super) async fn show(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = match query.done.as_str() {
        "password" => Some(Notice::done("the password is changed")),
        "factor" => Some(Notice::done("the second factor is enrolled")),
        "revoked" => Some(Notice::done("the token is revoked, at once")),
        _ => None,
    };
    visitor.page(move |visitor| read(visitor, notice, None)).await
}

/// Issues a token and shows its secret, in this answer only.
#[post("/account/tokens")]
pub(super) async fn issue(visitor: Visitor, form: web::Form<IssueForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let issued = visitor
        .act(move |store, acting| {
            let scope = match form.scope.split_once('/') {
                None => TokenScope::Personal,
                Some((model, version)) => {
                    let row = read_records::version(store, acting, model, version)?;
                    TokenScope::Source { version_id: row.id }
                }
            };
            let end = end_of(&form.expires_on)?;
            issue_token(store, acting, (&acting.account, form.name.trim()), &scope, end.as_deref())
        })
        .await;
    match issued {
        Ok(issued) => {
            let notice = Some(Notice::done("the token is issued; copy its secret now"));
            let status = StatusCode::CREATED;
            let secret = Some(issued.value.token);
            visitor.page_with_status(status, move |visitor| read(visitor, notice, secret)).await
        }
        Err(error) => refused(visitor, error).await,
    }
}

/// Revokes one of one's own tokens.
#[post("/account/tokens/{id}/revocation")]
pub(super) async fn revoke(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<RevokeForm>,
) -> std::result::Result<actix_web::HttpResponse, PageError> {
    visitor.check_form(&form.form_token)?;
    let reason = match form.reason.trim() {
        "" => "revoked by its owner".to_owned(),
        reason => reason.to_owned(),
    };
    let revoked = visitor.act(move |store, acting| revoke_token(store, acting, &id, &reason)).await;
    match revoked {
        Ok(()) => Ok(see_other("/account?done=revoked")),
        Err(error) => refused(visitor, error).await,
    }
}

/// The end of the last day something is valid, as records hold times.
pub(super) fn end_of(day: &str) -> Result<Option<String>> {
    if day.trim().is_empty() {
        return Ok(None);
    }
    let refuse =
        |_| Error::BadRequest { detail: format!("`{day}` is not a day; write it as YYYY-MM-DD") };
    let day: jiff::civil::Date = day.trim().parse().map_err(refuse)?;
    Ok(Some(format!("{day}T23:59:59.999Z")))
}
