//! Errors as pages: what happened, what to do, and the id that finds it in the log.

use super::destination::sign_in_first;
use super::frame::Frame;
use super::markup::Markup;
use crate::clock;
use crate::error::{Error, Family};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

/// An error on its way to a browser.
#[derive(Debug)]
pub enum PageError {
    /// Nobody is signed in: sign in first, then go on to `next`.
    SignIn {
        /// Path of the page that was asked for.
        next: String,
    },
    /// The password has to be changed before any page is shown.
    ChangePassword,
    /// A second factor has to be enrolled before any page is shown.
    EnrolFactor,
    /// A page that says what happened.
    Shown {
        /// What happened.
        error: Error,
        /// The frame around it.
        frame: Box<Frame>,
    },
}

/// What pages answer.
pub type Answer = Result<HttpResponse, PageError>;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: &'a Frame,
    status: u16,
    code: &'a str,
    what_happened: Markup,
    what_to_do: Markup,
    request_id: &'a str,
}

impl PageError {
    /// The page of `error` in `frame`.
    pub fn shown(error: Error, frame: Frame) -> Self {
        Self::Shown { error, frame: Box::new(frame) }
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self::shown(error, Frame::public("", false))
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignIn { .. } => formatter.write_str("sign in first"),
            Self::ChangePassword => formatter.write_str("change the password first"),
            Self::EnrolFactor => formatter.write_str("enrol a second factor first"),
            Self::Shown { error, .. } => error.fmt(formatter),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } | Self::ChangePassword | Self::EnrolFactor => StatusCode::SEE_OTHER,
            Self::Shown { error, .. } => {
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn { next } => see_other(&sign_in_first(next)),
            Self::ChangePassword => see_other("/account/password"),
            Self::EnrolFactor => see_other("/account/second-factor"),
            Self::Shown { error, frame } => error_page(error, frame, self.status_code()),
        }
    }
}

/// Leads on to `path` of this server with a GET.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// A fault shows its code and the request id only; its chain goes to the log.
fn error_page(error: &Error, frame: &Frame, status: StatusCode) -> HttpResponse {
    let request_id = clock::new_id("rq");
    let what_happened = if error.family() == Family::Fault {
        tracing::error!(request_id, code = error.code(), chain = error.chain(), "fault");
        "the server could not do this".to_owned()
    } else {
        error.to_string()
    };
    let title = title_of(error).to_owned();
    let frame = Frame { title, scripts: Vec::new(), ..frame.clone() };
    let page = ErrorPage {
        frame: &frame,
        status: status.as_u16(),
        code: error.code(),
        what_happened: Markup::message(&what_happened),
        what_to_do: Markup::message(error.hint()),
        request_id: &request_id,
    };
    match page.render() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(_) => HttpResponse::build(status).body(format!("{} {request_id}", error.code())),
    }
}

fn title_of(error: &Error) -> &'static str {
    match error.status() {
        404 => "Not found",
        403 => "Not permitted",
        409 => "Changed meanwhile",
        429 => "Too many requests",
        status if status >= 500 => "A fault of the server",
        _ => "Not accepted",
    }
}
