//! `/api/v1/redactions`: values in records that go by a record two people sign; and how a proposal is withdrawn.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::redact_records::{
    self, FieldsOfRow, FieldsRedacted, ProposedRedaction, RedactFields, RedactionSheet,
    RedactionView, prepare_redaction, propose_redaction, redaction_view, redactions,
};
use crate::procedures::withdraw_proposal::{Proposal, withdraw_proposal};
use crate::review::redaction::{LegalGround, Requester};
use crate::store::redactions::RedactionRow;
use crate::store::withdrawals::WithdrawalRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// A redaction to be proposed: what is asked, the digest of the sheet as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeRedaction {
    /// The rows, with the fields of each.
    pub rows: Vec<FieldsOfRow>,
    /// Who asked for it.
    pub asked_by: Requester,
    /// Number or name under which the request is kept; it names no person.
    pub request: String,
    /// The legal ground.
    pub ground: LegalGround,
    /// Why; it repeats nothing of what goes.
    pub reason: String,
    /// SHA-256 of the sheet that was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// QA's signature: the digest of the redaction as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignRedaction {
    /// SHA-256 of the redaction that was shown.
    pub redaction_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// Why a proposal is withdrawn.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawProposal {
    /// Why.
    pub reason: String,
}

/// The redactions, newest first.
#[utoipa::path(tag = "retention", responses((status = 200, body = Vec<RedactionRow>)))]
#[get("/redactions")]
pub(super) async fn list_redactions(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || redactions(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// The sheet that the caller would sign to propose the redaction of fields, with the values that would go. Writes nothing.
#[utoipa::path(tag = "retention", request_body = RedactFields, responses(
    (status = 200, body = RedactionSheet), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
#[post("/redactions/sheet")]
pub(super) async fn prepare(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<RedactFields>,
) -> Result<HttpResponse, Problem> {
    let work = move || prepare_redaction(&shared.store, &caller.0, &body);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Proposes a redaction, signed by who proposes it. Nothing goes before another person of QA signed it too.
#[utoipa::path(tag = "retention", request_body = ProposeRedaction, responses(
    (status = 201, body = Recorded<ProposedRedaction>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/redactions")]
pub(super) async fn propose(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<ProposeRedaction>,
) -> Result<HttpResponse, Problem> {
    let ProposeRedaction { rows, asked_by, request, ground, reason, sheet_sha256, password } =
        body.into_inner();
    let work = move || {
        let asked = RedactFields { rows, asked_by, request, ground, reason };
        propose_redaction(&shared.store, &caller.0, &asked, (&sheet_sha256, &password))
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// One redaction with the bytes that are signed, and its signatures; while it waits, with the values that would go.
#[utoipa::path(tag = "retention", responses((status = 200, body = RedactionView), (status = 404, body = ProblemDocument)))]
#[get("/redactions/{id}")]
pub(super) async fn read_redaction(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || redaction_view(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Signs a redaction that somebody else proposed: its values go, their records stay. Needs a session: no token signs.
#[utoipa::path(tag = "retention", request_body = SignRedaction, responses(
    (status = 201, body = Recorded<FieldsRedacted>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/redactions/{id}/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignRedaction>,
) -> Result<HttpResponse, Problem> {
    let SignRedaction { redaction_sha256, password } = body.into_inner();
    let work = move || {
        let shown = (redaction_sha256.as_str(), password.as_str());
        redact_records::sign_redaction(&shared.store, &caller.0, &id, shown)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Withdraws a proposed redaction, by who proposed it or by QA: it cannot be signed any more.
#[utoipa::path(tag = "retention", request_body = WithdrawProposal, responses(
    (status = 201, body = Recorded<WithdrawalRow>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/redactions/{id}/withdrawal")]
pub(super) async fn withdraw_redaction(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<WithdrawProposal>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let proposal = (Proposal::Redaction, id.as_str());
        withdraw_proposal(&shared.store, &caller.0, proposal, &body.reason)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Withdraws a proposed disposal, by who proposed it or by QA: it cannot be signed any more.
#[utoipa::path(tag = "retention", request_body = WithdrawProposal, responses(
    (status = 201, body = Recorded<WithdrawalRow>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/disposals/{id}/withdrawal")]
pub(super) async fn withdraw_disposal(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<WithdrawProposal>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let proposal = (Proposal::Disposal, id.as_str());
        withdraw_proposal(&shared.store, &caller.0, proposal, &body.reason)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
