//! `/api/v1/accounts`, `/api/v1/password-policy`, `/api/v1/tokens`.

use super::extract::{Caller, Shared, blocking};
use super::pages_of_lists::{page_of, rows_of};
use super::problem::{Problem, ProblemDocument};
use crate::access::password_policy::PasswordPolicy;
use crate::access::role::Role;
use crate::access::token::TokenScope;
use crate::error::Error;
use crate::procedures::Recorded;
use crate::procedures::administer::{self, NewAccount, NewToken};
use crate::procedures::issue_temporary_factor::{IssueTemporary, TemporaryFactor, issue_temporary};
use crate::procedures::keep_passwords::{self, PasswordPolicyView};
use crate::procedures::read_accounts::{self, AccountLine};
use crate::procedures::{keep_accounts, keep_factors, read_records};
use crate::store::accounts::TokenRow;
use actix_web::{HttpResponse, delete, get, post, web};
use serde::Deserialize;

/// An account to create.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// User name.
    pub user_name: String,
    /// Name a signature shows.
    pub printed_name: String,
    /// Role.
    pub role: Role,
}

/// Why something is done to an account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    /// The reason.
    pub reason: String,
}

/// A password policy to set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordPolicyRequest {
    /// The rules.
    pub policy: PasswordPolicy,
    /// Why.
    pub reason: String,
}

/// A token to issue for oneself.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What it is for.
    pub name: String,
    /// For one version's batches: its model. Without it, a personal token.
    pub model: Option<String>,
    /// For one version's batches: the version.
    pub version: Option<String>,
    /// When it stops, RFC 3339.
    pub expires_at: Option<String>,
}

/// All accounts, and where each stands.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Vec<AccountLine>)))]
#[get("/accounts")]
pub(super) async fn list_accounts(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok()
        .json(blocking(move || read_accounts::account_lines(&shared.store, &caller.0)).await?))
}

/// Creates an account with a one-time password, shown in this answer only.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<NewAccount>), (status = 409, body = ProblemDocument)))]
#[post("/accounts")]
pub(super) async fn create_account(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<AccountRequest>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let names = (body.user_name.as_str(), body.printed_name.as_str());
        administer::create_account(&shared.store, &caller.0, names, body.role)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Unlocks an account.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 404, body = ProblemDocument)))]
#[post("/accounts/{user_name}/unlock")]
pub(super) async fn unlock_account(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || keep_accounts::unlock_account(&shared.store, &caller.0, &user_name, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Disables an account: its sessions and tokens end at once. It is never deleted, its name never given away again.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/disable")]
pub(super) async fn disable_account(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || keep_accounts::disable_account(&shared.store, &caller.0, &user_name, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Enables a disabled account again.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/enable")]
pub(super) async fn enable_account(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || keep_accounts::enable_account(&shared.store, &caller.0, &user_name, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives an account a one-time password, shown in this answer only; its sessions end.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<NewAccount>), (status = 404, body = ProblemDocument)))]
#[post("/accounts/{user_name}/password")]
pub(super) async fn reset_password(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || keep_accounts::reset_password(&shared.store, &caller.0, &user_name, &body.reason);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Asks for the removal of somebody's second factor; another person confirms it.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/second-factor/removal")]
pub(super) async fn ask_factor_removal(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || keep_factors::ask_removal(&shared.store, &caller.0, &user_name, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Issues a temporary code in place of somebody's lost second factor: shown once, good for one sign-in, after which another factor has to be
/// enrolled. Needs an identity check of today; signing is suspended until another person who keeps watch lets the owner sign again.
#[utoipa::path(tag = "accounts", request_body = IssueTemporary, responses(
    (status = 201, body = Recorded<TemporaryFactor>), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/second-factor/temporary")]
pub(super) async fn issue_temporary_factor(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<IssueTemporary>,
) -> Result<HttpResponse, Problem> {
    let work = move || issue_temporary(&shared.store, &caller.0, &user_name, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// An answer to the wish to remove a second factor.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovalAnswer {
    /// Whether it is removed.
    pub granted: bool,
    /// Why.
    pub reason: String,
}

/// Confirms or refuses the removal of a second factor that another person asked for.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/second-factor/removal/answer")]
pub(super) async fn answer_factor_removal(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<RemovalAnswer>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let answer = (body.granted, body.reason.as_str());
        keep_factors::answer_removal(&shared.store, &caller.0, &user_name, answer)
    };
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The rules for passwords: in force, and every one that was set.
#[utoipa::path(tag = "accounts", responses((status = 200, body = PasswordPolicyView)))]
#[get("/password-policy")]
pub(super) async fn read_password_policy(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || keep_passwords::password_policy(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Sets the rules for passwords; they are in force from the ledger entry of this answer on.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<PasswordPolicy>), (status = 422, body = ProblemDocument)))]
#[post("/password-policy")]
pub(super) async fn set_password_policy(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<PasswordPolicyRequest>,
) -> Result<HttpResponse, Problem> {
    let PasswordPolicyRequest { policy, reason } = body.into_inner();
    let work =
        move || keep_passwords::set_password_policy(&shared.store, &caller.0, &policy, &reason);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Where a page of a list of tokens begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TokensQuery {
    /// Only tokens behind this one: the last id of the page before.
    pub after: Option<String>,
    /// Tokens of the page, 1 to 500; without it, 500.
    pub limit: Option<u64>,
}

/// One's own tokens, the oldest first. Where more follow, the header `Link` says where.
#[utoipa::path(tag = "accounts", params(TokensQuery), responses((status = 200, body = Vec<TokenRow>)))]
#[get("/tokens")]
pub(super) async fn list_tokens(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<TokensQuery>,
) -> Result<HttpResponse, Problem> {
    let TokensQuery { after, limit } = query.into_inner();
    let rows = rows_of(limit);
    let work = move || {
        let tokens = read_accounts::own_tokens(&shared.store, &caller.0)?;
        let known = after.as_ref().map(|after| tokens.iter().position(|row| row.id == *after));
        let first = match known {
            None => 0,
            Some(Some(place)) => place + 1,
            Some(None) => {
                let id = after.unwrap_or_default();
                return Err(Error::NotFound { what: "token", id });
            }
        };
        Ok(tokens.into_iter().skip(first).take(rows + 1).collect::<Vec<_>>())
    };
    let limit = rows.to_string();
    let asked = [("limit", Some(limit.as_str()))];
    Ok(page_of("/api/v1/tokens", &asked, (blocking(work).await?, rows), |row| row.id.clone()))
}

/// Issues a token for oneself; its secret is shown in this answer only.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<NewToken>)))]
#[post("/tokens")]
pub(super) async fn create_token(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<TokenRequest>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let acting = &caller.0;
        let scope = match (&body.model, &body.version) {
            (None, None) => TokenScope::Personal,
            (Some(model), Some(version)) => {
                let row = read_records::version(&shared.store, acting, model, version)?;
                TokenScope::Source { version_id: row.id }
            }
            _ => {
                return Err(Error::BadRequest {
                    detail: "a source token needs model and version".to_owned(),
                });
            }
        };
        let owner = (&acting.account, body.name.as_str());
        administer::issue_token(&shared.store, acting, owner, &scope, body.expires_at.as_deref())
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Revokes one of one's own tokens.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 404, body = ProblemDocument)))]
#[delete("/tokens/{id}")]
pub(super) async fn revoke_token(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || administer::revoke_token(&shared.store, &caller.0, &id, "revoked by its owner");
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}
