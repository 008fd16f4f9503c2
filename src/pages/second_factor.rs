//! `/account/second-factor`: enrolling one's own second factor; the only page while the policy asks for one that is not there.

use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, PageError, see_other};
use super::visitor::{Arriving, Visitor};
use crate::access::password_policy::PasswordDue;
use crate::error::Result;
use crate::procedures::keep_factors::{OfferedFactor, confirm_factor, offer_factor, own_factor};
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to have a factor offered, or to confirm it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FactorForm {
    /// The session's form token.
    pub form_token: String,
    /// The password, again.
    pub password: String,
    /// A code of the authenticator.
    pub code: String,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct FactorPage {
    frame: Frame,
    user_name: String,
    is_enrolled: bool,
    offer: Option<OfferedFactor>,
}

impl FactorPage {
    fn read(
        visitor: &Visitor,
        notice: Option<Notice>,
        offer: Option<OfferedFactor>,
    ) -> Result<Self> {
        Ok(Self {
            frame: visitor.frame("Second factor", Place::Account).with_notice(notice),
            user_name: visitor.account().user_name.clone(),
            is_enrolled: !own_factor(&visitor.store, visitor.account())?.may_enrol(),
            offer,
        })
    }
}

/// Whoever has to change the password first does that first.
fn enrolling(visitor: Visitor) -> std::result::Result<Visitor, PageError> {
    match visitor.session.password_due {
        None | Some(PasswordDue::NoSecondFactor) => Ok(visitor),
        Some(_) => Err(PageError::ChangePassword),
    }
}

/// Where one's second factor stands.
#[get("/account/second-factor")]
pub(super) async fn show_one(Arriving(visitor): Arriving) -> Answer {
    let visitor = enrolling(visitor)?;
    visitor.page(|visitor| FactorPage::read(visitor, None, None)).await
}

/// Offers a secret, shown in this answer only.
#[post("/account/second-factor")]
pub(super) async fn offer_one(Arriving(visitor): Arriving, form: web::Form<FactorForm>) -> Answer {
    let visitor = enrolling(visitor)?;
    visitor.check_form(&form.form_token)?;
    let (form, session) = (form.into_inner(), visitor.session.clone());
    let offered = visitor.act(move |store, _| offer_factor(store, &session, &form.password)).await;
    match offered {
        Ok(offer) => visitor.page(|v| FactorPage::read(v, None, Some(offer))).await,
        Err(error) => {
            visitor.page_again(error, |v, notice| FactorPage::read(v, Some(notice), None)).await
        }
    }
}

/// Confirms the offered secret with one code.
#[post("/account/second-factor/confirmation")]
pub(super) async fn confirm_one(
    Arriving(visitor): Arriving,
    form: web::Form<FactorForm>,
) -> Answer {
    let visitor = enrolling(visitor)?;
    visitor.check_form(&form.form_token)?;
    let (form, session) = (form.into_inner(), visitor.session.clone());
    let confirmed = visitor.act(move |store, _| confirm_factor(store, &session, &form.code)).await;
    match confirmed {
        Ok(()) => Ok(see_other("/account?done=factor")),
        Err(error) => {
            visitor.page_again(error, |v, notice| FactorPage::read(v, Some(notice), None)).await
        }
    }
}
