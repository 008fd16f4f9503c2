//! `/account/passkeys`: one's own passkeys: register one, end one, report that one is lost.

use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, see_other};
use super::visitor::{Visitor, shared};
use crate::access::passkey::Site;
use crate::error::Result;
use crate::procedures::hold_signing::report_loss;
use crate::procedures::keep_passkeys::{end_passkey, own_passkeys};
use crate::store::passkeys::PasskeyRow;
use actix_web::{HttpRequest, get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to end a passkey, or to report a loss.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EndForm {
    /// The session's form token.
    pub form_token: String,
    /// The password, again.
    pub password: String,
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
#[template(path = "passkeys.html")]
struct PasskeysPage {
    frame: Frame,
    passkeys: Vec<PasskeyRow>,
    /// Why none can be registered here; empty where one can.
    barred: String,
}

fn read(visitor: &Visitor, public_url: &str, notice: Option<Notice>) -> Result<PasskeysPage> {
    Ok(PasskeysPage {
        frame: visitor.frame("Passkeys", Place::Account).with_notice(notice),
        passkeys: own_passkeys(&visitor.store, visitor.account())?,
        barred: Site::of(public_url).err().map(|error| error.to_string()).unwrap_or_default(),
    })
}

/// One's own passkeys.
#[get("/account/passkeys")]
pub(super) async fn show_all(
    request: HttpRequest,
    visitor: Visitor,
    query: web::Query<DoneQuery>,
) -> Answer {
    let public_url = shared(&request)?.public_url.clone();
    let notice = match query.done.as_str() {
        "registered" => {
            Some(Notice::done("the passkey is registered; from now on it confirms what you sign"))
        }
        "ended" => Some(Notice::done("the passkey is ended")),
        _ => None,
    };
    visitor.page(move |visitor| read(visitor, &public_url, notice)).await
}

/// Ends a passkey.
#[post("/account/passkeys/{id}/end")]
pub(super) async fn end_one(
    request: HttpRequest,
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<EndForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let public_url = shared(&request)?.public_url.clone();
    let (form, session) = (form.into_inner(), visitor.session.clone());
    let ended = visitor
        .act(move |store, _| end_passkey(store, &session, &id, (&form.password, &form.reason)))
        .await;
    match ended {
        Ok(()) => Ok(see_other("/account/passkeys?done=ended")),
        Err(error) => {
            visitor.page_again(error, move |v, notice| read(v, &public_url, Some(notice))).await
        }
    }
}

/// Reports that one's own credentials are lost: they end, and with them this session.
#[post("/account/loss")]
pub(super) async fn report(
    request: HttpRequest,
    visitor: Visitor,
    form: web::Form<EndForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let public_url = shared(&request)?.public_url.clone();
    let form = form.into_inner();
    let reported = visitor
        .act(move |store, acting| {
            report_loss(store, acting, &acting.account.user_name, &form.reason)
        })
        .await;
    match reported {
        Ok(()) => Ok(see_other("/sign-in")),
        Err(error) => {
            visitor.page_again(error, move |v, notice| read(v, &public_url, Some(notice))).await
        }
    }
}
