//! `/api/v1/alerts`: episodes, and what people answer.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::error::{Error, Result as Answered};
use crate::procedures::Recorded;
use crate::procedures::acknowledge_alert::acknowledge_alert;
use crate::procedures::draft_decision::{DraftDecision, draft_decision};
use crate::procedures::export_standard::export_decision;
use crate::procedures::read_records::{self, EpisodeLine, EpisodeView};
use crate::procedures::sign_decision::{SignedTogether, sign_decision, sign_decisions};
use crate::procedures::step_episode::{
    EpisodeSheetView, EpisodeStepTaken, prepare_episode_step, take_episode_step,
};
use crate::review::decision::Decision;
use crate::review::episode_cycle::EpisodeStep;
use crate::review::episode_sheet::EpisodeStepInput;
use crate::review::signature::Signature;
use crate::store::episodes::EpisodeRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// An acknowledgement.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// `minor`, `major` or `critical`.
    pub severity: String,
    /// What was seen.
    pub comment: String,
}

/// A signature: the digest of the record as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignRequest {
    /// SHA-256 of the decision record that was shown.
    pub decision_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// A decision as it was shown.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownDecision {
    /// Id of the alert.
    pub alert: String,
    /// SHA-256 of the decision record that was shown.
    pub decision_sha256: String,
}

/// Several decisions to sign by one act, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignTogether {
    /// The decisions, at most 50.
    pub decisions: Vec<ShownDecision>,
    /// Password of the signer.
    pub password: String,
}

/// A step of an alert: what was typed, the digest of the sheet as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignAlertStep {
    /// What was typed when the sheet was made.
    pub input: EpisodeStepInput,
    /// SHA-256 of the sheet that was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// Where a list of alerts begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AlertsQuery {
    /// Only alerts of ledger entries before this one: the `entry` of the last alert of the page before.
    pub before: Option<u64>,
}

/// Alert episodes, newest first, at most 500.
#[utoipa::path(tag = "alerts", params(AlertsQuery), responses((status = 200, body = Vec<EpisodeLine>)))]
#[get("/alerts")]
pub(super) async fn list_alerts(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<AlertsQuery>,
) -> Result<HttpResponse, Problem> {
    let work = move || read_records::episodes(&shared.store, &caller.0, query.before);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// One alert episode with its whole story.
#[utoipa::path(tag = "alerts", responses((status = 200, body = EpisodeView), (status = 404, body = ProblemDocument)))]
#[get("/alerts/{id}")]
pub(super) async fn read_alert(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || read_records::episode_view(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Acknowledges an alert.
#[utoipa::path(tag = "alerts", responses((status = 201, body = Recorded<EpisodeRow>), (status = 409, body = ProblemDocument)))]
#[post("/alerts/{id}/acknowledgement")]
pub(super) async fn acknowledge(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<Acknowledgement>,
) -> Result<HttpResponse, Problem> {
    let Acknowledgement { severity, comment } = body.into_inner();
    let work = move || acknowledge_alert(&shared.store, &caller.0, &id, (&severity, &comment));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Drafts the decision on an alert; another person signs it.
#[utoipa::path(tag = "alerts", responses((status = 201, body = Recorded<Decision>), (status = 409, body = ProblemDocument)))]
#[post("/alerts/{id}/decision")]
pub(super) async fn draft(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<DraftDecision>,
) -> Result<HttpResponse, Problem> {
    let work = move || draft_decision(&shared.store, &caller.0, &id, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Signs the drafted decision. Needs a session: no token signs.
#[utoipa::path(tag = "alerts", responses((status = 201, body = Recorded<Signature>), (status = 403, body = ProblemDocument)))]
#[post("/alerts/{id}/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignRequest>,
) -> Result<HttpResponse, Problem> {
    let SignRequest { decision_sha256, password } = body.into_inner();
    let work = move || sign_decision(&shared.store, &caller.0, &id, (&decision_sha256, &password));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Signs several drafted decisions by one act: each gets a signature of its own, or none does. Needs a session.
#[utoipa::path(tag = "alerts", responses((status = 201, body = Recorded<SignedTogether>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/decision-signatures")]
pub(super) async fn sign_together(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<SignTogether>,
) -> Result<HttpResponse, Problem> {
    let SignTogether { decisions, password } = body.into_inner();
    let work = move || {
        let named = |one: ShownDecision| (one.alert, one.decision_sha256);
        let named: Vec<_> = decisions.into_iter().map(named).collect();
        sign_decisions(&shared.store, &caller.0, &named, &password)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// The step of that word.
fn step_of(word: &str) -> Answered<EpisodeStep> {
    let all = EpisodeStep::ALL.iter().map(|step| step.word()).collect::<Vec<_>>().join(", ");
    let detail = format!("`{word:.100}` is no step of an alert; expected one of {all}");
    EpisodeStep::of_word(word).ok_or(Error::BadRequest { detail })
}

/// The sheet that the caller would sign for a step of an alert: its exact bytes and their digest. Writes nothing.
#[utoipa::path(tag = "alerts", request_body = EpisodeStepInput, responses(
    (status = 200, body = EpisodeSheetView), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/alerts/{id}/steps/{step}/sheet")]
pub(super) async fn prepare_alert_step(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<EpisodeStepInput>,
) -> Result<HttpResponse, Problem> {
    let (id, step) = path.into_inner();
    let work =
        move || prepare_episode_step(&shared.store, &caller.0, (&id, step_of(&step)?), &body);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Takes a step of an alert with a signature over its sheet: investigate, plan, complete, confirm, close and the others. Needs a
/// session: no token takes a step.
#[utoipa::path(tag = "alerts", responses(
    (status = 201, body = Recorded<EpisodeStepTaken>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/alerts/{id}/steps/{step}")]
pub(super) async fn take_alert_step(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<SignAlertStep>,
) -> Result<HttpResponse, Problem> {
    let (id, step) = path.into_inner();
    let SignAlertStep { input, sheet_sha256, password } = body.into_inner();
    let work = move || {
        let typed = (&input, sheet_sha256.as_str(), password.as_str());
        take_episode_step(&shared.store, &caller.0, (&id, step_of(&step)?), typed)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// The signed decision as an in-toto statement in an envelope that the ledger's key signs; 409 while nobody has signed.
#[utoipa::path(tag = "alerts", responses((status = 200, body = Object), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[get("/alerts/{id}/statement")]
pub(super) async fn read_statement(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || export_decision(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().content_type("application/json").body(blocking(work).await?))
}
