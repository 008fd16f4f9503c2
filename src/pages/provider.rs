//! `/sign-in/provider`, `/account/fresh-login`: to the identity provider, and back.
//!
//! The browser keeps the secret of a login in a cookie of its own (`SameSite=Lax`: who comes back comes from another site). The session's
//! cookie is sent to nobody who comes from another site, so the way back ends on a page of ours that goes on by itself.

use super::destination;
use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, PageError};
use super::sign_in::{NextQuery, form};
use super::visitor::{Visitor, rendered, shared};
use crate::access;
use crate::access::event::AccessKind;
use crate::access::provider::LOGIN_SECONDS_MAX;
use crate::api::extract::{asked_of, blocking};
use crate::api::provider_client::fetch;
use crate::api::session::session_cookie;
use crate::error::{Error, Family};
use crate::procedures::enter_by_provider::{Back, Begun, Entered, begin_login, finish_login};
use crate::procedures::watch_access;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, web};
use askama::Template;
use serde::Deserialize;

/// The cookie that a browser keeps while its login is at the provider.
const LOGIN_COOKIE: &str = "driftledger_login";
const BACK_PATH: &str = "/sign-in/provider";

/// What the provider puts into the address of the way back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BackQuery {
    /// The state that was sent.
    pub state: String,
    /// The authorization code.
    pub code: String,
    /// Why there is none.
    pub error: String,
    /// The same in words.
    pub error_description: String,
}

#[derive(Template)]
#[template(path = "provider_back.html")]
struct BackPage {
    frame: Frame,
    next: String,
    /// Whether this was a login anew, to sign.
    proved: bool,
}

/// Where the login is prepared for, and the way there.
fn leave(begun: Begun, is_secure: bool) -> Answer {
    let cookie = Cookie::build(LOGIN_COOKIE, begun.browser)
        .path(BACK_PATH)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure)
        .max_age(Duration::seconds(LOGIN_SECONDS_MAX))
        .finish();
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, begun.url)).cookie(cookie).finish())
}

/// Goes to the provider to sign in.
#[get("/sign-in/provider")]
pub(super) async fn go(request: HttpRequest, query: web::Query<NextQuery>) -> Answer {
    let shared = shared(&request)?;
    let next = destination::local(&query.next).to_owned();
    let Some(settings) = shared.provider.clone() else {
        return form(&request, String::new(), next, Some(access::Error::NoProvider.into())).await;
    };
    let (store, to) = (shared.store.clone(), next.clone());
    match blocking(move || begin_login(&store, (&settings, &fetch), None, &to)).await {
        Ok(begun) => leave(begun, shared.is_secure()),
        Err(error) => form(&request, String::new(), next, Some(error)).await,
    }
}

/// Goes to the provider to log in anew, for a signature in this session.
#[get("/account/fresh-login")]
pub(super) async fn go_again(request: HttpRequest, visitor: Visitor) -> Answer {
    let shared = shared(&request)?;
    let refuse = |error: Error| visitor.refuse(error);
    let none = || refuse(access::Error::NoProvider.into());
    let settings = shared.provider.clone().ok_or_else(none)?;
    let (store, session) = (shared.store.clone(), visitor.session.clone());
    let begun =
        blocking(move || begin_login(&store, (&settings, &fetch), Some(&session), "/")).await;
    leave(begun.map_err(refuse)?, shared.is_secure())
}

/// Comes back from the provider.
#[get("/sign-in/provider/answer")]
pub(super) async fn come_back(request: HttpRequest, query: web::Query<BackQuery>) -> Answer {
    let (shared, asked) = asked_of(&request)?;
    let query = query.into_inner();
    let again = |error: Error| form(&request, String::new(), "/".to_owned(), Some(error));
    let Some(settings) = shared.provider.clone() else {
        return again(access::Error::NoProvider.into()).await;
    };
    if !query.error.is_empty() {
        let detail = format!("{} {}", query.error, query.error_description);
        let detail = detail.trim().chars().take(300).collect();
        return again(access::Error::ProviderAnswer { detail }.into()).await;
    }
    let browser = request.cookie(LOGIN_COOKIE).map(|c| c.value().to_owned()).unwrap_or_default();
    let back = Back { browser, state: query.state, code: query.code };
    let store = shared.store.clone();
    let work = move || {
        let entered = finish_login(&store, (&settings, &fetch), back);
        let account = match &entered {
            Ok(Entered::SignedIn { session, .. }) => Some(&session.account),
            Ok(Entered::Proved { .. }) => return entered,
            Err(_) => None,
        };
        let kind = match &entered {
            Ok(_) => AccessKind::SignedIn,
            Err(_) => AccessKind::SignInRefused,
        };
        watch_access::note(&store, account, (kind, entered.as_ref().err()), &asked);
        entered
    };
    match blocking(work).await {
        Ok(entered) => arrived(&shared, entered),
        Err(error) if error.family() == Family::Refusal => again(error).await,
        Err(error) => Err(error.into()),
    }
}

/// The page that goes on by itself.
fn arrived(shared: &crate::api::extract::Shared, entered: Entered) -> Answer {
    let (secret, next, proved) = match entered {
        Entered::SignedIn { secret, next, .. } => (Some(secret), next, false),
        Entered::Proved { next, .. } => (None, next, true),
    };
    let title = if proved { "You are identified" } else { "You are signed in" };
    let frame = Frame { place: Place::Elsewhere, ..Frame::public(title, false) };
    let frame = frame.with_notice(Some(Notice::done(title)));
    let html = rendered(&BackPage { frame, next: next.clone(), proved })?;
    let mut response = HttpResponse::build(StatusCode::OK);
    response.content_type("text/html; charset=utf-8");
    let mut gone = Cookie::build(LOGIN_COOKIE, "").path(BACK_PATH).finish();
    gone.make_removal();
    response.cookie(gone);
    if let Some(secret) = secret {
        response.cookie(session_cookie(shared, Some(secret)));
        response.insert_header(("refresh", format!("0; url={next}")));
    }
    Ok(response.body(html))
}

/// Whether somebody can sign in at a provider here.
pub(super) fn is_there(request: &HttpRequest) -> std::result::Result<bool, PageError> {
    Ok(shared(request)?.provider.is_some())
}
