//! `…/report.pdf` and `…/copy.pdf`: evidence, qualification runs and records on paper, with the data attached.

use super::evidence::{EvidenceQuery, file_name};
use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::access::account::Acting;
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::procedures::print_evidence::print_evidence;
use crate::procedures::print_records::{print_qualification, print_record};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, get, web};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Documents set at the same time, at most.
const WORKING_MAX: usize = 2;

/// Room for documents that are being set.
#[derive(Clone, Debug)]
pub struct Presses(Arc<Semaphore>);

impl Default for Presses {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WORKING_MAX)))
    }
}

impl Presses {
    /// Does `work` off the async threads, unless as many documents are being set as may be.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`]; those of `work`.
    pub async fn print<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let taken = Arc::clone(&self.0).try_acquire_owned();
        let Ok(permit) = taken else {
            let detail = format!(
                "{WORKING_MAX} documents are being set already; ask again when one is done"
            );
            return Err(Error::Busy { detail, seconds: 5 });
        };
        blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
    }
}

/// Prints the evidence about what is asked for: PDF/A-3 and PDF/UA-1 with filters, drawings, signatures, and the evidence pack attached.
/// Taking it is recorded as taking a pack is.
#[utoipa::path(tag = "evidence", params(EvidenceQuery), responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ProblemDocument)))]
#[get("/evidence/report.pdf")]
pub(super) async fn print_report(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<EvidenceQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    Ok(evidence_pdf(&shared, caller.0, query.into_inner().into()).await?)
}

/// Prints a qualification run, with the run attached.
#[utoipa::path(tag = "qualification", responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ProblemDocument)))]
#[get("/qualifications/{id}/report.pdf")]
pub(super) async fn print_run(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> std::result::Result<HttpResponse, Problem> {
    Ok(qualification_pdf(&shared, caller.0, id.into_inner()).await?)
}

/// Prints a copy of a record, with the copy attached as data.
#[utoipa::path(tag = "ledger", responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ProblemDocument)))]
#[get("/records/{table}/{id}/copy.pdf")]
pub(super) async fn print_copy(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Problem> {
    Ok(record_pdf(&shared, caller.0, path.into_inner()).await?)
}

/// The evidence report as a download.
///
/// # Errors
///
/// Those of [`print_evidence`]; [`Error::Busy`].
pub async fn evidence_pdf(shared: &Shared, acting: Acting, scope: Scope) -> Result<HttpResponse> {
    let store = shared.store.clone();
    let work = move || {
        let mut pack = store.objects().spool_file()?;
        print_evidence(&store, &acting, &scope, (pack.as_file_mut(), &mut |_, _| ()))
    };
    let printed = shared.presses.print(work).await?;
    let name = file_name(&printed.taken.exported.scope);
    Ok(send_pdf(name.trim_end_matches(".zip"), printed.pdf))
}

/// The report of a qualification run as a download.
///
/// # Errors
///
/// Those of [`print_qualification`]; [`Error::Busy`].
pub async fn qualification_pdf(
    shared: &Shared,
    acting: Acting,
    id: String,
) -> Result<HttpResponse> {
    let store = shared.store.clone();
    let name = format!("qualification-{id}");
    let work = move || print_qualification(&store, &acting, &id);
    Ok(send_pdf(&name, shared.presses.print(work).await?))
}

/// The copy of a record as a download.
///
/// # Errors
///
/// Those of [`print_record`]; [`Error::Busy`].
pub async fn record_pdf(
    shared: &Shared,
    acting: Acting,
    (table, id): (String, String),
) -> Result<HttpResponse> {
    let store = shared.store.clone();
    let name = format!("{table}-{id}");
    let work = move || print_record(&store, &acting, (&table, &id));
    Ok(send_pdf(&name, shared.presses.print(work).await?))
}

fn send_pdf(name: &str, pdf: Vec<u8>) -> HttpResponse {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.chars().take(120).map(plain).collect();
    HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.pdf\"")))
        .body(pdf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_third_document_waits_until_one_is_done() {
        let presses = Presses::default();
        let held: Vec<_> = (0..WORKING_MAX).map(|_| presses.0.try_acquire().unwrap()).collect();
        let refused = presses.print(|| Ok(())).await.unwrap_err();
        assert!(matches!(refused, Error::Busy { .. }), "{refused}");
        drop(held);
        presses.print(|| Ok(())).await.unwrap();
    }
}
