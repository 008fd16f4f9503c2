//! What is typed to sign a record, and the one way in which a page hands it to the procedure that signs.

use super::frame::role_words;
use super::page_error::PageError;
use super::visitor::Visitor;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::keep_factors::prove_typed;
use crate::store::Store;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What was typed, by the name of the field.
pub(super) type Typed = BTreeMap<String, String>;

/// What is typed to sign: the digest of what was shown, and by what the signer is known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Signing {
    /// The session's form token.
    pub form_token: String,
    /// SHA-256 of the record as it was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
    /// A code of the second factor, where a series of signatures begins.
    pub factor_code: String,
    /// User name of the signer.
    pub user_name: String,
}

impl Signing {
    /// The same from a form whose other fields are told apart by their names.
    pub fn of(fields: &Typed) -> Self {
        let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
        Self {
            form_token: text("form_token"),
            sheet_sha256: text("sheet_sha256"),
            password: text("password"),
            factor_code: text("factor_code"),
            user_name: text("user_name"),
        }
    }
}

/// Why something is done, before there is a sheet to sign.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReasonForm {
    /// The session's form token.
    pub form_token: String,
    /// Why.
    pub reason: String,
}

/// What is typed to sign a sheet that holds a reason: the reason, the digest of the sheet as it was shown, and the password again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SignedReason {
    /// Why.
    pub reason: String,
    /// What is typed to sign.
    #[serde(flatten)]
    pub signing: Signing,
}

impl Visitor {
    /// Who signs, as a sheet names them: printed name, user name and role.
    pub fn signer(&self) -> String {
        let account = self.account();
        let role = role_words(account.role);
        format!("{} ({}, {role})", account.printed_name, account.user_name)
    }

    /// Signs a record off the async threads: the form comes from a page of this session, the role may (where one permission says
    /// so for every signature of the record), what was typed proves who signs, and `sign` gets the digest that was shown and the
    /// password.
    ///
    /// # Errors
    ///
    /// A page for a forged form; the inner result has those of [`prove_typed`] and of `sign`, for the sheet to be shown again.
    pub async fn sign<T: Send + 'static>(
        &self,
        typed: Signing,
        action: Option<Action>,
        sign: impl FnOnce(&Store, &Acting, (&str, &str)) -> Result<T> + Send + 'static,
    ) -> std::result::Result<Result<T>, PageError> {
        self.check_form(&typed.form_token)?;
        let signed = move |store: &Store, acting: &Acting| {
            if let Some(action) = action {
                acting.permit(action)?;
            }
            prove_typed(store, acting, (&typed.user_name, &typed.factor_code))?;
            sign(store, acting, (&typed.sheet_sha256, &typed.password))
        };
        Ok(self.act(signed).await)
    }
}
