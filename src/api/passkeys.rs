//! `/api/v1/session/passkeys`: one's own passkeys, and what they say about a record before it is signed.

use super::extract::{Shared, SignedIn, blocking};
use super::problem::{Problem, ProblemDocument};
use super::session::OfferRequest;
use crate::access::passkey::{Assertion, Site};
use crate::procedures::keep_passkeys::{self, PasskeyQuestion};
use crate::review::signature::Meaning;
use crate::store::passkeys::PasskeyRow;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::Value;

/// A passkey that the browser made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRegistered {
    /// What its owner calls it.
    pub name: String,
    /// What `navigator.credentials.create` gave, as JSON (`PublicKeyCredential.toJSON`).
    #[schema(value_type = Object)]
    pub credential: Value,
}

/// Why a passkey ends.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyEnd {
    /// The password, again; empty where the account signs in at the identity provider, after a login anew.
    pub password: String,
    /// Why.
    pub reason: String,
}

/// A record that is about to be signed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyAsked {
    /// SHA-256 of its canonical bytes.
    pub record_sha256: String,
    /// What the signature stands for.
    pub meaning: Meaning,
}

/// What a passkey says about a record that is about to be signed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySaid {
    /// SHA-256 of its canonical bytes.
    pub record_sha256: String,
    /// What the signature stands for.
    pub meaning: Meaning,
    /// The authenticator's answer.
    pub assertion: Assertion,
}

/// One's own passkeys, those that ended too.
#[utoipa::path(tag = "session", responses((status = 200, body = Vec<PasskeyRow>)))]
#[get("/session/passkeys")]
pub(super) async fn list_passkeys(
    shared: web::Data<Shared>,
    visitor: SignedIn,
) -> Result<HttpResponse, Problem> {
    let work = move || keep_passkeys::own_passkeys(&shared.store, &visitor.session.account);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Begins to register a passkey: what `navigator.credentials.create` takes, as JSON.
#[utoipa::path(tag = "session", responses((status = 200, body = Object), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/session/passkeys")]
pub(super) async fn offer_passkey(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<OfferRequest>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let work = move || {
        let site = Site::of(&shared.public_url)?;
        keep_passkeys::offer_passkey(&shared.store, &site, &visitor.session, &body.password)
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Registers the passkey that the browser made: from now on every signature of this account needs its word.
#[utoipa::path(tag = "session", responses((status = 201, body = PasskeyRow), (status = 401, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/session/passkeys/confirmation")]
pub(super) async fn register_passkey(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<PasskeyRegistered>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let PasskeyRegistered { name, credential } = body.into_inner();
    let work = move || {
        let site = Site::of(&shared.public_url)?;
        let made = (name.as_str(), credential);
        keep_passkeys::register_passkey(&shared.store, &site, &visitor.session, made)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Ends one of one's own passkeys.
#[utoipa::path(tag = "session", responses((status = 204), (status = 404, body = ProblemDocument)))]
#[post("/session/passkeys/{id}/end")]
pub(super) async fn end_passkey(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    id: web::Path<String>,
    body: web::Json<PasskeyEnd>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let work = move || {
        let said = (body.password.as_str(), body.reason.as_str());
        keep_passkeys::end_passkey(&shared.store, &visitor.session, &id, said)
    };
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What one's passkeys are asked about a record: statement, challenge, and who may answer.
#[utoipa::path(tag = "session", responses((status = 200, body = PasskeyQuestion), (status = 400, body = ProblemDocument)))]
#[post("/session/passkeys/question")]
pub(super) async fn ask_passkey(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<PasskeyAsked>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let acting = visitor.acting();
    let work = move || {
        let site = Site::of(&shared.public_url)?;
        let about = (body.record_sha256.as_str(), body.meaning);
        keep_passkeys::ask_passkey(&shared.store, &site, &acting, about)
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Takes what a passkey says about a record; it is good for one signature of that record within 2 minutes.
#[utoipa::path(tag = "session", responses((status = 204), (status = 401, body = ProblemDocument)))]
#[post("/session/passkeys/proof")]
pub(super) async fn prove_passkey(
    request: HttpRequest,
    shared: web::Data<Shared>,
    visitor: SignedIn,
    body: web::Json<PasskeySaid>,
) -> Result<HttpResponse, Problem> {
    visitor.check_form_of(&request)?;
    let acting = visitor.acting();
    let PasskeySaid { record_sha256, meaning, assertion } = body.into_inner();
    let work = move || {
        let about = (record_sha256.as_str(), meaning);
        keep_passkeys::prove_passkey(&shared.store, &acting, about, assertion)
    };
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}
