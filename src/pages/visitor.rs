//! Who asks for a page: somebody who is signed in, or somebody who is sent to sign in first.

use super::assets::Script;
use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, PageError};
use crate::access;
use crate::access::account::{Account, Acting};
use crate::access::password_policy::PasswordDue;
use crate::access::session::Session;
use crate::api::extract::{Shared, SignedIn, asked_of, blocking};
use crate::api::problem::Problem;
use crate::error::{Error, Family, Result};
use crate::procedures::keep_factors::{SigningNeeds, signing_needs};
use crate::procedures::read_records;
use crate::procedures::watch_access::{Asked, note_refusal};
use crate::store::Store;
use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;
use std::future::Future;
use std::pin::Pin;

/// What a page with a script of ours may load: that script, and answers of this server to it.
const SCRIPTED_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Somebody who is signed in, at the door of one page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The store.
    pub store: Store,
    /// The session.
    pub session: Session,
    /// The cookie's secret.
    pub secret: String,
    /// Whether the store is a demonstration.
    pub demonstration: bool,
    /// What the next signature needs.
    pub needs: SigningNeeds,
    /// What was asked for, and from where.
    pub asked: Asked,
    /// Whether the page has a form that sends files.
    pub sends_files: bool,
}

impl Visitor {
    /// This person, acting in a session.
    pub fn acting(&self) -> Acting {
        self.session.acting()
    }

    /// This person's account.
    pub fn account(&self) -> &Account {
        &self.session.account
    }

    /// The frame of a page for this person.
    pub fn frame(&self, title: &str, place: Place) -> Frame {
        Frame {
            title: title.to_owned(),
            place,
            account: Some(self.account().clone()),
            read_at: self.store.clock().now_text(),
            form_token: self.session.form_token.clone(),
            demonstration: self.demonstration,
            password_due: self.session.password_due.is_some(),
            needs: self.needs,
            scripts: self.scripts(),
            notice: None,
        }
    }

    /// Checks that a form was sent from a page of this session.
    ///
    /// # Errors
    ///
    /// A page for [`access::Error::Forged`].
    pub fn check_form(&self, form_token: &str) -> std::result::Result<(), PageError> {
        let checked = self.session.check_form(form_token);
        checked.map_err(|error| self.refuse(Error::Access(error)))
    }

    /// The page of an error, for this person.
    pub fn refuse(&self, error: Error) -> PageError {
        PageError::shown(error, self.frame("", Place::Elsewhere))
    }

    /// Reads, composes and renders a page off the async threads.
    ///
    /// # Errors
    ///
    /// The page of whatever `compose` refuses.
    pub async fn page<T: Template>(
        self,
        compose: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Answer {
        self.page_with_status(StatusCode::OK, compose).await
    }

    /// The same with a status: that something was created, or why a form is shown again.
    ///
    /// # Errors
    ///
    /// The page of whatever `compose` refuses.
    pub async fn page_with_status<T: Template>(
        self,
        status: StatusCode,
        compose: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Answer {
        let visitor = self.clone();
        let compose = move || {
            let composed = compose(&self);
            self.note(composed.as_ref().err());
            rendered(&composed?)
        };
        let html = blocking(compose).await;
        let html = html.map_err(|error| visitor.refuse(error))?;
        let mut response = HttpResponse::build(status);
        if !visitor.scripts().is_empty() {
            response.insert_header(("content-security-policy", SCRIPTED_POLICY));
        }
        Ok(response.content_type("text/html; charset=utf-8").body(html))
    }

    /// The same visitor at a page with a form that sends files.
    #[must_use]
    pub fn with_files(self) -> Self {
        Self { sends_files: true, ..self }
    }

    /// The scripts of the page: the one that asks passkeys where this person has one, the one that shows what has been sent where
    /// files are sent; every other page has none.
    fn scripts(&self) -> Vec<Script> {
        let asks = self.needs.passkey || self.asked.what.contains(" /account/passkeys");
        let passkey = asks.then_some(Script::Passkey);
        passkey.into_iter().chain(self.sends_files.then_some(Script::Upload)).collect()
    }

    /// The page of a form again, with the refusal of what it asked for; faults and unknown things get a page of their own.
    ///
    /// # Errors
    ///
    /// The page of `error` where it is one of those, and of whatever `compose` refuses.
    pub async fn page_again<T: Template>(
        self,
        error: Error,
        compose: impl FnOnce(&Self, Notice) -> Result<T> + Send + 'static,
    ) -> Answer {
        if error.family() == Family::Fault || matches!(error, Error::NotFound { .. }) {
            return Err(self.refuse(error));
        }
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let notice = Notice::refused(&error);
        self.page_with_status(status, move |visitor| compose(visitor, notice)).await
    }

    /// Does what a form asks for, off the async threads.
    ///
    /// # Errors
    ///
    /// Those of `act`.
    pub async fn act<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Store, &Acting) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (visitor, acting) = (self.clone(), self.acting());
        let work = move || {
            let done = act(&visitor.store, &acting);
            visitor.note(done.as_ref().err());
            done
        };
        blocking(work).await
    }

    /// Notes in the access log that this person was refused something.
    fn note(&self, error: Option<&Error>) {
        if let Some(error) = error {
            note_refusal(&self.store, self.account(), error, &self.asked);
        }
    }
}

/// The text of a template.
///
/// # Errors
///
/// [`Error::Render`].
pub fn rendered(template: &impl Template) -> Result<String> {
    template.render().map_err(|e| Error::Render { detail: e.to_string() })
}

/// What all handlers share.
///
/// # Errors
///
/// [`Error::Render`] when the application was put together without it.
pub fn shared(request: &HttpRequest) -> Result<web::Data<Shared>> {
    let missing = || Error::Render { detail: "the application has no store".to_owned() };
    request.app_data::<web::Data<Shared>>().cloned().ok_or_else(missing)
}

/// The page asked for, to come back to; a form that was sent is not sent again.
fn wanted(request: &HttpRequest) -> String {
    if *request.method() == Method::GET { request.uri().to_string() } else { "/".to_owned() }
}

/// Somebody who is signed in, even where the password has to be changed before anything else.
#[derive(Clone, Debug)]
pub struct Arriving(pub Visitor);

async fn arriving(request: HttpRequest) -> std::result::Result<Arriving, PageError> {
    let (shared, asked) = asked_of(&request)?;
    let store = shared.store.clone();
    let signed_in = match SignedIn::extract(&request).await {
        Ok(signed_in) => signed_in,
        Err(Problem(Error::Access(access::Error::NotSignedIn | access::Error::SessionOver))) => {
            return Err(PageError::SignIn { next: wanted(&request) });
        }
        Err(Problem(error)) => return Err(error.into()),
    };
    let (read, account) = (store.clone(), signed_in.session.account.clone());
    let looked_up =
        move || Ok((read_records::is_demonstration(&read)?, signing_needs(&read, &account)?));
    let (demonstration, needs) = blocking(looked_up).await?;
    let SignedIn { session, secret } = signed_in;
    Ok(Arriving(Visitor {
        store,
        session,
        secret,
        demonstration,
        needs,
        asked,
        sends_files: false,
    }))
}

async fn visitor(request: HttpRequest) -> std::result::Result<Visitor, PageError> {
    let Arriving(visitor) = arriving(request).await?;
    match visitor.session.password_due {
        Some(PasswordDue::NoSecondFactor) => Err(PageError::EnrolFactor),
        Some(_) => Err(PageError::ChangePassword),
        None => Ok(visitor),
    }
}

impl FromRequest for Arriving {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(arriving(request.clone()))
    }
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(visitor(request.clone()))
    }
}
