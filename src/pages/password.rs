//! `/account/password`: changing one's own password; the only page while it has to be changed.

use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, see_other};
use super::visitor::{Arriving, Visitor};
use crate::error::{Error, Result};
use crate::procedures::keep_passwords::{change_password, password_policy};
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// A change of one's own password.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    /// The session's form token.
    pub form_token: String,
    /// The password so far.
    pub old: String,
    /// The new one.
    pub new: String,
    /// The new one again.
    pub again: String,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    user_name: String,
    /// Why it has to be changed before anything else; empty where it has not.
    due: String,
    /// Fewest characters.
    characters_min: u32,
    /// The other rules in force, as sentences.
    rules: Vec<String>,
}

impl PasswordPage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let policy = password_policy(&visitor.store, &visitor.acting())?.in_force;
        let mut rules = Vec::new();
        if policy.common_denied {
            rules.push("not made of common passwords".to_owned());
        }
        if policy.own_names_denied {
            rules.push("without your user name or a word of your printed name".to_owned());
        }
        rules.push(format!("none of your last {}", policy.reused_last));
        let frame = visitor.frame("Change the password", Place::Account).with_notice(notice);
        Ok(Self {
            frame,
            user_name: visitor.account().user_name.clone(),
            due: visitor.session.password_due.map(|due| due.to_string()).unwrap_or_default(),
            characters_min: policy.characters_min,
            rules,
        })
    }
}

/// The form.
#[get("/account/password")]
pub(super) async fn show(Arriving(visitor): Arriving) -> Answer {
    visitor.page(|visitor| PasswordPage::read(visitor, None)).await
}

/// Changes one's own password.
#[post("/account/password")]
pub(super) async fn change(Arriving(visitor): Arriving, form: web::Form<PasswordForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (form, session) = (form.into_inner(), visitor.session.clone());
    let changed = visitor
        .act(move |store, _| {
            if form.new != form.again {
                let detail = "the new password was typed in two ways; type the same twice";
                return Err(Error::BadRequest { detail: detail.to_owned() });
            }
            change_password(store, &session, &form.old, &form.new)
        })
        .await;
    match changed {
        Ok(()) => Ok(see_other("/account?done=password")),
        Err(error) => {
            visitor.page_again(error, |v, notice| PasswordPage::read(v, Some(notice))).await
        }
    }
}
