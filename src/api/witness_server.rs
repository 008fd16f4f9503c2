//! The door of a witness: `POST /add-checkpoint`, as C2SP tlog-witness says. No sign-in: a checkpoint says by its signature whose it is.

use super::extract::blocking;
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::ledger::witness::Refusal;
use crate::procedures::cosign_checkpoint::Witness;
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::TcpListener;
use std::sync::Arc;

/// Largest submission: a note and 63 hashes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Serves `witness` on `listener` until the process is told to stop.
///
/// # Errors
///
/// [`Error::File`] when the listener cannot be used.
pub fn serve(witness: Witness, listener: TcpListener) -> Result<()> {
    let failed =
        |source| Error::File { doing: "serving on", path: "the address".to_owned(), source };
    let data = web::Data::from(Arc::new(witness));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .route("/", web::get().to(introduce))
            .route("/add-checkpoint", web::post().to(add_checkpoint))
    })
    .workers(1)
    .listen(listener)
    .map_err(failed)?;
    actix_web::rt::System::new().block_on(server.run()).map_err(failed)
}

/// The witness's key, for policies.
async fn introduce(witness: web::Data<Witness>) -> HttpResponse {
    text(StatusCode::OK, format!("{}\n", witness.verifier()))
}

async fn add_checkpoint(
    witness: web::Data<Witness>,
    body: String,
) -> std::result::Result<HttpResponse, Problem> {
    Ok(match blocking(move || witness.cosign(&body)).await? {
        Ok(line) => text(StatusCode::OK, line),
        Err(Refusal::Malformed(why)) => text(StatusCode::BAD_REQUEST, why + "\n"),
        Err(Refusal::NotSigned) => {
            text(StatusCode::FORBIDDEN, "not signed by the key that is trusted for this log\n")
        }
        Err(Refusal::UnknownLog) => {
            text(StatusCode::NOT_FOUND, "this witness does not know that log\n")
        }
        Err(Refusal::Conflict(size)) => {
            HttpResponse::Conflict().content_type("text/x.tlog.size").body(format!("{size}\n"))
        }
        Err(Refusal::NotConsistent) => text(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the proof does not lead from the head that was cosigned to this one\n",
        ),
    })
}

fn text(status: StatusCode, said: impl Into<String>) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(said.into())
}
