//! `/sign-in`, `/sign-out`.

use super::destination;
use super::frame::{Frame, Notice};
use super::page_error::{Answer, PageError, see_other};
use super::provider::is_there;
use super::visitor::{Arriving, Visitor, rendered, shared};
use crate::access;
use crate::access::account::Acting;
use crate::access::event::AccessKind;
use crate::api::extract::{SignedIn, asked_of, blocking};
use crate::api::provider_client::fetch;
use crate::api::session::session_cookie;
use crate::error::{Error, Family};
use crate::procedures::enter_by_provider::leave_provider;
use crate::procedures::watch_access::{self, note_sign_in};
use crate::procedures::{read_records, sign_in};
use crate::store::Store;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    user_name: String,
    next: String,
    /// Whether somebody can sign in at an identity provider.
    provider: bool,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    frame: Frame,
    /// Where the session at the identity provider is ended.
    address: String,
}

/// Where to go on to.
#[derive(Debug, Default, Deserialize)]
pub struct NextQuery {
    /// Path on this server.
    #[serde(default)]
    pub next: String,
}

/// What is typed to sign in.
#[derive(Debug, Deserialize)]
pub struct SignInForm {
    /// User name.
    pub user_name: String,
    /// Password.
    pub password: String,
    /// A code of the second factor, for an account that has one.
    #[serde(default)]
    pub code: String,
    /// Where to go on to.
    #[serde(default)]
    pub next: String,
}

/// What a form of a session sends back, and nothing else.
#[derive(Debug, Deserialize)]
pub struct TokenForm {
    /// The session's form token.
    #[serde(default)]
    pub form_token: String,
}

/// The sign-in page; somebody who is signed in goes on at once.
#[get("/sign-in")]
pub(super) async fn show(
    request: HttpRequest,
    visitor: Option<SignedIn>,
    query: web::Query<NextQuery>,
) -> Answer {
    let next = destination::local(&query.next).to_owned();
    if visitor.is_some() {
        return Ok(see_other(&next));
    }
    form(&request, String::new(), next, None).await
}

/// Signs in: sets the session cookie and goes on.
#[post("/sign-in")]
pub(super) async fn enter(request: HttpRequest, typed: web::Form<SignInForm>) -> Answer {
    let (shared, asked) = asked_of(&request)?;
    let SignInForm { user_name, password, code, next } = typed.into_inner();
    let next = destination::local(&next).to_owned();
    if sent_from_elsewhere(&request) {
        return form(&request, user_name, next, Some(Error::Access(access::Error::Forged))).await;
    }
    let (store, typed_name) = (shared.store.clone(), user_name.clone());
    let work = move || {
        let signed_in = sign_in::sign_in_with_code(&store, &typed_name, (&password, Some(&code)));
        note_sign_in(&store, &typed_name, signed_in.as_ref().err(), &asked);
        signed_in
    };
    match blocking(work).await {
        Ok((secret, _)) => {
            let mut response = see_other(&next);
            let cookie = session_cookie(&shared, Some(secret));
            response.add_cookie(&cookie).map_err(|e| Error::Render { detail: e.to_string() })?;
            Ok(response)
        }
        Err(error) if error.family() == Family::Refusal => {
            form(&request, user_name, next, Some(error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Signs out.
#[post("/sign-out")]
pub(super) async fn leave(
    request: HttpRequest,
    Arriving(visitor): Arriving,
    form: web::Form<TokenForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let secret = visitor.secret.clone();
    let asked = visitor.asked.clone();
    let left = move |store: &Store, acting: &Acting| {
        watch_access::note(store, Some(&acting.account), (AccessKind::SignedOut, None), &asked);
        sign_in::sign_out(store, &secret)
    };
    visitor.act(left).await?;
    let mut response = match left_provider(&request, &visitor).await {
        Some(address) => rendered_with(&address)?,
        None => see_other("/sign-in"),
    };
    let removal = session_cookie(&*shared(&request)?, None);
    response.add_cookie(&removal).map_err(|e| Error::Render { detail: e.to_string() })?;
    Ok(response)
}

/// Where the session at the provider is ended; nothing where there is no such address, or the provider does not answer: who signed out here
/// is out here in any case.
async fn left_provider(request: &HttpRequest, visitor: &Visitor) -> Option<String> {
    let settings = shared(request).ok()?.provider.clone()?;
    let session = visitor.session.clone();
    let work = move || leave_provider((&settings, &fetch), &session);
    blocking(work).await.ok().flatten()
}

/// A page of ours that goes on to the provider by itself: a form may not lead away from this server.
fn rendered_with(address: &str) -> std::result::Result<HttpResponse, PageError> {
    let frame = Frame::public("You are signed out", false);
    let html = rendered(&SignedOutPage { frame, address: address.to_owned() })?;
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8");
    response.insert_header(("refresh", format!("0; url={address}")));
    Ok(response.body(html))
}

/// Browsers say where a form came from; a sign-in form comes from our own page.
fn sent_from_elsewhere(request: &HttpRequest) -> bool {
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

pub(super) async fn form(
    request: &HttpRequest,
    user_name: String,
    next: String,
    refused: Option<Error>,
) -> Answer {
    let store = shared(request)?.store.clone();
    let demonstration = blocking(move || read_records::is_demonstration(&store)).await?;
    let status = refused.as_ref().map_or(200, Error::status);
    let notice = refused.as_ref().map(Notice::refused);
    let frame = Frame::public("Sign in", demonstration).with_notice(notice);
    let html = rendered(&SignInPage { frame, user_name, next, provider: is_there(request)? })?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// The page of an address that does not exist.
///
/// # Errors
///
/// Always [`Error::NotFound`].
pub(super) async fn nowhere(request: HttpRequest) -> Answer {
    let error = Error::NotFound { what: "page", id: request.path().to_owned() };
    Err(PageError::shown(error, Frame::public("", false)))
}
