//! `/api/v1/retention`, `/legal-holds`, `/disposals`: how long stored files are kept, what keeps them longer, and what removes them.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::dispose_files::{
    DisposalSheet, DisposalView, DisposeFiles, FilesDisposed, ProposedDisposal, disposal_view,
    disposals, prepare_disposal, propose_disposal,
};
use crate::procedures::hold_records::{
    HoldLiftSheet, HoldLifted, PlaceHold, lift_hold, place_hold, prepare_lift,
};
use crate::procedures::keep_retention::{
    AssignedClass, assign_retention_class, set_retention_policy,
};
use crate::procedures::list_retention::{KeptFiles, RetentionView, Wanted, kept_files, retention};
use crate::procedures::{dispose_files, hold_records};
use crate::review::retention::RetentionPolicy;
use crate::store::disposals::DisposalRow;
use crate::store::retention::LegalHoldRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// A retention policy to be set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRetention {
    /// The classes, and the class of each kind of file.
    pub policy: RetentionPolicy,
    /// Why.
    pub reason: String,
}

/// A retention class for the files of a version.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRetention {
    /// Name of a class of the policy in force; without it, kinds decide again.
    #[serde(default)]
    pub class: Option<String>,
    /// Why.
    pub reason: String,
}

/// Which files to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FilesQuery {
    /// `true`: all stored files, each with what keeps it; without it, those that are due for disposal.
    #[serde(default)]
    pub all: bool,
}

/// Why a hold is lifted.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftReason {
    /// Why.
    pub reason: String,
}

/// The lifting of a hold: the reason, the digest of the sheet as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignLift {
    /// Why.
    pub reason: String,
    /// SHA-256 of the sheet that was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// A disposal to be proposed: its files and reason, the digest of the sheet as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeDisposal {
    /// BLAKE3 of each file.
    pub files: Vec<String>,
    /// Why they go.
    pub reason: String,
    /// SHA-256 of the sheet that was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// QA's signature: the digest of the disposal as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignDisposal {
    /// SHA-256 of the disposal that was shown.
    pub disposal_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// How long stored files are kept: every policy that was set, newest first, and the versions with a class of their own.
#[utoipa::path(tag = "retention", responses((status = 200, body = RetentionView)))]
#[get("/retention")]
pub(super) async fn read_retention(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || retention(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Sets how long stored files are kept. Nothing is removed by it.
#[utoipa::path(tag = "retention", request_body = SetRetention, responses(
    (status = 201, body = Recorded<RetentionPolicy>), (status = 400, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/retention")]
pub(super) async fn set_retention(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<SetRetention>,
) -> Result<HttpResponse, Problem> {
    let work = move || set_retention_policy(&shared.store, &caller.0, &body.policy, &body.reason);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Gives all files of a version a retention class of the policy in force, or none of its own.
#[utoipa::path(tag = "retention", request_body = AssignRetention, responses(
    (status = 201, body = Recorded<AssignedClass>), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/retention")]
pub(super) async fn assign_class(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<AssignRetention>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let of = (path.0.as_str(), path.1.as_str());
        let what = (body.class.as_deref(), body.reason.as_str());
        assign_retention_class(&shared.store, &caller.0, of, what)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Stored files that are due for disposal; or all of them, each with what keeps it.
#[utoipa::path(tag = "retention", params(FilesQuery), responses((status = 200, body = KeptFiles)))]
#[get("/retention/files")]
pub(super) async fn list_kept(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<FilesQuery>,
) -> Result<HttpResponse, Problem> {
    let wanted = if query.all { Wanted::Stored } else { Wanted::Due };
    let work = move || kept_files(&shared.store, &caller.0, wanted);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Every legal hold, newest first.
#[utoipa::path(tag = "retention", responses((status = 200, body = Vec<LegalHoldRow>)))]
#[get("/legal-holds")]
pub(super) async fn list_holds(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || hold_records::legal_holds(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Places a legal hold on the whole store, a model, a version or a batch: nothing under it is disposed of.
#[utoipa::path(tag = "retention", request_body = PlaceHold, responses(
    (status = 201, body = Recorded<LegalHoldRow>), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
#[post("/legal-holds")]
pub(super) async fn create_hold(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<PlaceHold>,
) -> Result<HttpResponse, Problem> {
    let work = move || place_hold(&shared.store, &caller.0, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// One legal hold.
#[utoipa::path(tag = "retention", responses((status = 200, body = LegalHoldRow), (status = 404, body = ProblemDocument)))]
#[get("/legal-holds/{id}")]
pub(super) async fn read_hold(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || hold_records::legal_hold(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// The sheet that the caller would sign to lift a hold. Writes nothing.
#[utoipa::path(tag = "retention", request_body = LiftReason, responses(
    (status = 200, body = HoldLiftSheet), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
#[post("/legal-holds/{id}/lifting/sheet")]
pub(super) async fn prepare_lifting(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<LiftReason>,
) -> Result<HttpResponse, Problem> {
    let work = move || prepare_lift(&shared.store, &caller.0, &id, &body.reason);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Lifts a hold, signed by QA. Needs a session: no token signs.
#[utoipa::path(tag = "retention", request_body = SignLift, responses(
    (status = 201, body = Recorded<HoldLifted>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/legal-holds/{id}/lifting")]
pub(super) async fn sign_lifting(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignLift>,
) -> Result<HttpResponse, Problem> {
    let SignLift { reason, sheet_sha256, password } = body.into_inner();
    let work =
        move || lift_hold(&shared.store, &caller.0, &id, (&reason, &sheet_sha256, &password));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// The disposals, newest first.
#[utoipa::path(tag = "retention", responses((status = 200, body = Vec<DisposalRow>)))]
#[get("/disposals")]
pub(super) async fn list_disposals(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || disposals(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// The sheet that the caller would sign to propose the disposal of files. Writes nothing.
#[utoipa::path(tag = "retention", request_body = DisposeFiles, responses(
    (status = 200, body = DisposalSheet), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 410, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/disposals/sheet")]
pub(super) async fn prepare_proposal(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<DisposeFiles>,
) -> Result<HttpResponse, Problem> {
    let work = move || prepare_disposal(&shared.store, &caller.0, &body);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Proposes a disposal, signed by who proposes it. Nothing goes before another person of QA signed it too.
#[utoipa::path(tag = "retention", request_body = ProposeDisposal, responses(
    (status = 201, body = Recorded<ProposedDisposal>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 410, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/disposals")]
pub(super) async fn propose(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<ProposeDisposal>,
) -> Result<HttpResponse, Problem> {
    let ProposeDisposal { files, reason, sheet_sha256, password } = body.into_inner();
    let work = move || {
        let asked = DisposeFiles { files, reason };
        propose_disposal(&shared.store, &caller.0, &asked, (&sheet_sha256, &password))
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// One disposal with the bytes that are signed, and its signatures.
#[utoipa::path(tag = "retention", responses((status = 200, body = DisposalView), (status = 404, body = ProblemDocument)))]
#[get("/disposals/{id}")]
pub(super) async fn read_disposal(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || disposal_view(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Signs a disposal that somebody else proposed: its files are removed, their records stay. Needs a session: no token signs.
#[utoipa::path(tag = "retention", request_body = SignDisposal, responses(
    (status = 201, body = Recorded<FilesDisposed>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/disposals/{id}/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignDisposal>,
) -> Result<HttpResponse, Problem> {
    let SignDisposal { disposal_sha256, password } = body.into_inner();
    let work = move || {
        dispose_files::sign_disposal(&shared.store, &caller.0, &id, (&disposal_sha256, &password))
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
