//! `/api/v1/session`: sign in, who am I, sign out.

use super::extract::{SESSION_COOKIE, Shared, SignedIn, asked_of, blocking};
use super::problem::Problem;
use crate::access::account::Account;
use crate::access::event::AccessKind;
use crate::access::password_policy::PasswordDue;
use crate::access::session::Session;
use crate::procedures::keep_factors::OfferedFactor;
use crate::procedures::watch_access::{self, note_sign_in};
use crate::procedures::{keep_factors, keep_passwords, sign_in};
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};

/// What is typed to sign in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// User name.
    pub user_name: String,
    /// Password.
    pub password: String,
    /// A code of the second factor, for an account that has one.
    #[serde(default)]
    pub code: Option<String>,
}

/// Who is signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionView {
    /// The account.
    pub account: Account,
    /// What to send as `x-form-token` with every request that changes something.
    pub form_token: String,
    /// Why the password has to be changed first; nothing else is answered until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_due: Option<PasswordDue>,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let Session { account, form_token, password_due, .. } = session;
        Self { account, form_token, password_due }
    }
}

/// A change of one's own password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password so far.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// The cookie of a session; without a secret, the one that removes it.
pub fn session_cookie(shared: &Shared, secret: Option<String>) -> Cookie<'static> {
    let removes = secret.is_none();
    let mut cookie = Cookie::build(SESSION_COOKIE, secret.unwrap_or_default())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(shared.is_secure())
        .finish();
    if removes {
        cookie.make_removal();
    }
    cookie
}

/// Signs in: sets the session cookie.
#[utoipa::path(tag = "session", responses((status = 200, body = SessionView), (status = 401, body = super::problem::ProblemDocument)))]
#[post("/session")]
pub(super) async fn sign_in_session(
    request: HttpRequest,
    credentials: web::Json<Credentials>,
) -> Result<HttpResponse, Problem> {
    let (shared, asked) = asked_of(&request)?;
    let store = shared.store.clone();
    let Credentials { user_name, password, code } = credentials.into_inner();
    let work = move || {
        let proof = (password.as_str(), code.as_deref());
        let signed_in = sign_in::sign_in_with_code(&store, &user_name, proof);
        note_sign_in(&store, &user_name, signed_in.as_ref().err(), &asked);
        signed_in
    };
    let (secret, session) = blocking(work).await?;
    let cookie = session_cookie(&shared, Some(secret));
    Ok(HttpResponse::Ok().cookie(cookie).json(SessionView::from(session)))
}

/// Who is signed in.
#[utoipa::path(tag = "session", responses((status = 200, body = SessionView)))]
#[get("/session")]
pub(super) async fn read_session(visitor: SignedIn) -> HttpResponse {
    HttpResponse::Ok().json(SessionView::from(visitor.session))
}

/// Changes one's own password; every other session of the account ends. What a one-time password is good for.
#[utoipa::path(tag = "session", responses((status = 204), (status = 422, body = super::problem::ProblemDocument)))]
#[post("/session/password")]
pub(super) async fn change_password(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let PasswordChange { old, new } = body.into_inner();
    let session = visitor.session;
    blocking(move || keep_passwords::change_password(&shared.store, &session, &old, &new)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is typed to have a second factor offered.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferRequest {
    /// The password, again.
    pub password: String,
}

/// A code of an authenticator.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// Six digits.
    pub code: String,
}

/// Offers a second factor: its secret as text and as QR code, shown once and good for ten minutes.
#[utoipa::path(tag = "session", responses((status = 200, body = OfferedFactor), (status = 409, body = super::problem::ProblemDocument)))]
#[post("/session/second-factor")]
pub(super) async fn offer_factor(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<OfferRequest>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let session = visitor.session;
    let work = move || keep_factors::offer_factor(&shared.store, &session, &body.password);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Confirms an offered second factor with one code of it; every other session of the account ends.
#[utoipa::path(tag = "session", responses((status = 204), (status = 401, body = super::problem::ProblemDocument)))]
#[post("/session/second-factor/confirmation")]
pub(super) async fn confirm_factor(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<CodeRequest>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let session = visitor.session;
    let work = move || keep_factors::confirm_factor(&shared.store, &session, &body.code);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Proves the second factor: begins a series of signatures, in which the password is enough for each.
#[utoipa::path(tag = "session", responses((status = 204), (status = 401, body = super::problem::ProblemDocument)))]
#[post("/session/second-factor/proof")]
pub(super) async fn prove_factor(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<CodeRequest>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let acting = visitor.acting();
    let work = move || keep_factors::prove_factor(&shared.store, &acting, &body.code);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Signs out.
#[utoipa::path(tag = "session", responses((status = 204)))]
#[delete("/session")]
pub(super) async fn end_session(
    request: HttpRequest,
    visitor: SignedIn,
) -> Result<HttpResponse, Problem> {
    let (shared, asked) = asked_of(&request)?;
    let store = shared.store.clone();
    let work = move || {
        let kind = (AccessKind::SignedOut, None);
        watch_access::note(&store, Some(&visitor.session.account), kind, &asked);
        sign_in::sign_out(&store, &visitor.secret)
    };
    blocking(work).await?;
    Ok(HttpResponse::NoContent().cookie(session_cookie(&shared, None)).finish())
}
