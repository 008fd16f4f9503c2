//! `/` and `/reports/{id}`: what there is to read.

use crate::api::extract::{Shared, SignedIn, blocking};
use crate::api::problem::Problem;
use crate::error::{Error, Result};
use crate::evidence::printable;
use crate::procedures::read_records::{self, Inbox};
use crate::store::batches::ReportRow;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpResponse, get, web};
use askama::Template;

/// A printable report brings its own style sheet, and nothing else.
const PRINTABLE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    printed_name: String,
    role: &'static str,
    demonstration: bool,
    inbox: Inbox,
    versions: Vec<(String, Vec<ReportRow>)>,
}

/// Renders a template.
pub(super) fn render(template: &impl Template) -> Result<String> {
    template.render().map_err(|e| Error::Render { detail: e.to_string() })
}

/// The style sheet of all pages.
#[get("/static/style.css")]
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css").body(include_str!("style.css"))
}

/// Alerts and reports.
#[get("/")]
pub(super) async fn inbox(
    shared: web::Data<Shared>,
    visitor: std::result::Result<SignedIn, Problem>,
) -> std::result::Result<HttpResponse, Problem> {
    let Ok(visitor) = visitor else {
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, "/sign-in")).finish());
    };
    let html = blocking(move || {
        let acting = visitor.acting();
        let mut versions = Vec::new();
        for (_, rows) in read_records::models(&shared.store, &acting)? {
            for row in rows {
                let reports = shared.store.read(|tx| tx.reports(&row.id, 60))?;
                versions.push((format!("{} {}", row.model, row.version), reports));
            }
        }
        render(&InboxPage {
            printed_name: acting.account.printed_name.clone(),
            role: acting.account.role.word(),
            demonstration: read_records::is_demonstration(&shared.store)?,
            inbox: read_records::inbox(&shared.store, &acting)?,
            versions,
        })
    })
    .await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

/// One report, printable.
#[get("/reports/{id}")]
pub(super) async fn show_report(
    shared: web::Data<Shared>,
    visitor: SignedIn,
    id: web::Path<String>,
) -> std::result::Result<HttpResponse, Problem> {
    let html = blocking(move || {
        let view = read_records::report_view(&shared.store, &visitor.acting(), &id)?;
        Ok(printable::report(&view.report, &view.reference)?)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, PRINTABLE_POLICY))
        .content_type("text/html; charset=utf-8")
        .body(html))
}
