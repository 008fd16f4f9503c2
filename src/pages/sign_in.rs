//! `/sign-in`

use crate::api::extract::{Shared, blocking};
use crate::api::problem::Problem;
use crate::api::session::{Credentials, session_cookie};
use crate::procedures::sign_in;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, get, post, web};
use askama::Template;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    message: &'a str,
}

fn page(message: &str, status: u16) -> Result<HttpResponse, Problem> {
    let html = super::reading::render(&SignInPage { message })?;
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// The form.
#[get("/sign-in")]
pub(super) async fn show() -> Result<HttpResponse, Problem> {
    page("", 200)
}

/// Signs in and goes to the inbox.
#[post("/sign-in")]
pub(super) async fn send(
    shared: web::Data<Shared>,
    form: web::Form<Credentials>,
) -> Result<HttpResponse, Problem> {
    let store = shared.store.clone();
    let Credentials { user_name, password } = form.into_inner();
    match blocking(move || sign_in::sign_in(&store, &user_name, &password)).await {
        Ok((secret, _)) => Ok(HttpResponse::SeeOther()
            .cookie(session_cookie(&shared, Some(secret)))
            .insert_header((LOCATION, "/"))
            .finish()),
        Err(error) if error.status() < 500 => page(&error.to_string(), error.status()),
        Err(error) => Err(error.into()),
    }
}
