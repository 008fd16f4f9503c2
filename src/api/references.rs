//! `/api/v1/…/references`: what a version is judged with, revision by revision; another reference or policy is proposed and signed.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::propose_reference::{ProposeReference, propose_reference};
use crate::procedures::sign_reference::{
    self, ProposalView, ReferenceSignature, ReferencesView, proposal_view, sign_reference,
};
use crate::store::references::ReferenceProposalRow;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// A signature: the digest of the proposal as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignReference {
    /// SHA-256 of the proposal that was shown.
    pub proposal_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// The revisions of what a version is judged with, oldest first, and the proposals, newest first.
#[utoipa::path(tag = "references", responses((status = 200, body = ReferencesView), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/references")]
pub(super) async fn list_references(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || sign_reference::references(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Proposes another reference, learnt from judged batches, or another policy, or both. Nothing changes before two people signed it.
#[utoipa::path(tag = "references", request_body = ProposeReference, responses(
    (status = 201, body = Recorded<ReferenceProposalRow>), (status = 200, body = Recorded<ReferenceProposalRow>),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/references")]
pub(super) async fn propose(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<ProposeReference>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || propose_reference(&shared.store, &caller.0, (&model, &version), &body);
    let proposed = blocking(work).await?;
    let status = if proposed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(proposed.proposal))
}

/// One proposal with the bytes that are signed, and its signatures.
#[utoipa::path(tag = "references", responses((status = 200, body = ProposalView), (status = 404, body = ProblemDocument)))]
#[get("/references/{id}")]
pub(super) async fn read_proposal(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || proposal_view(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Signs a proposal: who proposed it first, then another person of QA, with whose signature it is in force. Needs a session: no token signs.
#[utoipa::path(tag = "references", request_body = SignReference, responses(
    (status = 201, body = Recorded<ReferenceSignature>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/references/{id}/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignReference>,
) -> Result<HttpResponse, Problem> {
    let SignReference { proposal_sha256, password } = body.into_inner();
    let work = move || sign_reference(&shared.store, &caller.0, &id, (&proposal_sha256, &password));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
