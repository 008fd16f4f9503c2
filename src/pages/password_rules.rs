//! `/accounts/password-policy`: the rules for passwords, who set them when and why; an administrator sets new ones.

use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::password_policy::PasswordPolicy;
use crate::access::role::{Action, Role};
use crate::error::{Error, Result};
use crate::procedures::keep_passwords::{password_policy, set_password_policy};
use crate::store::accounts::PasswordPolicyRow;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// Rules to set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RulesForm {
    /// The session's form token.
    pub form_token: String,
    /// Fewest characters.
    pub characters_min: String,
    /// Present where common passwords are refused.
    pub common_denied: Option<String>,
    /// Present where own names are refused.
    pub own_names_denied: Option<String>,
    /// Most days; empty for no end.
    pub age_days_max: String,
    /// How many earlier passwords may not come again.
    pub reused_last: String,
    /// Roles that need a second factor, separated by spaces.
    pub second_factor_roles: String,
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
#[template(path = "password_rules.html")]
struct RulesPage {
    frame: Frame,
    policy: PasswordPolicy,
    /// Days, or nothing.
    age: String,
    /// Roles that need a second factor, separated by spaces.
    factor_roles: String,
    /// When each was set, and the row.
    history: Vec<(Markup, PasswordPolicyRow)>,
    manages: bool,
}

impl RulesPage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let view = password_policy(&visitor.store, &visitor.acting())?;
        let frame = visitor.frame("Password policy", Place::Accounts).with_notice(notice);
        Ok(Self {
            manages: frame.may(Action::ManageAccounts),
            frame,
            age: view.in_force.age_days_max.map(|days| days.to_string()).unwrap_or_default(),
            factor_roles: view
                .in_force
                .second_factor_roles
                .iter()
                .map(|role| role.word())
                .collect::<Vec<_>>()
                .join(" "),
            policy: view.in_force,
            history: view.history.into_iter().map(|row| (Markup::time(&row.at), row)).collect(),
        })
    }
}

impl RulesForm {
    fn policy(&self) -> Result<PasswordPolicy> {
        let number = |field: &str, text: &str| {
            let wrong = |_| Error::BadRequest {
                detail: format!("`{field}` is `{text}`, expected a whole number"),
            };
            text.trim().parse::<u32>().map_err(wrong)
        };
        let age = self.age_days_max.trim();
        Ok(PasswordPolicy {
            characters_min: number("characters", &self.characters_min)?,
            common_denied: self.common_denied.is_some(),
            own_names_denied: self.own_names_denied.is_some(),
            age_days_max: if age.is_empty() { None } else { Some(number("days", age)?) },
            reused_last: number("earlier passwords", &self.reused_last)?,
            second_factor_roles: self
                .second_factor_roles
                .split([' ', ','])
                .filter(|word| !word.is_empty())
                .map(Role::parse)
                .collect::<crate::access::Result<_>>()?,
        })
    }
}

/// The rules in force and their history.
#[get("/accounts/password-policy")]
pub(super) async fn show(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = (query.done == "set").then(|| Notice::done("the password policy is in force"));
    visitor.page(move |visitor| RulesPage::read(visitor, notice)).await
}

/// Sets new rules.
#[post("/accounts/password-policy")]
pub(super) async fn set(visitor: Visitor, form: web::Form<RulesForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let outcome = visitor
        .act(move |store, acting| set_password_policy(store, acting, &form.policy()?, &form.reason))
        .await;
    match outcome {
        Ok(_) => Ok(see_other("/accounts/password-policy?done=set")),
        Err(error) => visitor.page_again(error, |v, notice| RulesPage::read(v, Some(notice))).await,
    }
}
