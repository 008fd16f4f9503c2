//! `/api/v1/models`: models, versions, lineage.

use super::extract::{Caller, Shared, blocking};
use super::pages_of_lists::{page_of, rows_of};
use super::problem::{Problem, ProblemDocument};
use crate::error::Error;
use crate::procedures::Recorded;
use crate::procedures::compare_versions::{ComparedVersions, compare_versions};
use crate::procedures::read_incidents::NamingIncident;
use crate::procedures::read_inventory::{InventoryFilter, InventoryLine, inventory};
use crate::procedures::read_lineage::lineage_within;
use crate::procedures::read_origin::{self, DraftDocument};
use crate::procedures::read_records::{self, ConfigurationView};
use crate::procedures::register_version::{register_model, register_version};
use crate::provenance::lineage::Lineage;
use crate::provenance::registration::Registration;
use crate::review::life_cycle::VersionState;
use crate::store::versions::{ModelRow, VersionRow};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};

/// A model to register.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewModel {
    /// Its name.
    pub model: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
}

/// A model with its versions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ModelView {
    /// The model.
    #[serde(flatten)]
    pub model: ModelRow,
    /// Its versions, oldest first.
    pub versions: Vec<ListedVersion>,
}

/// A version of the inventory.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListedVersion {
    /// The version.
    #[serde(flatten)]
    pub version: VersionRow,
    /// Where it stood.
    pub state: VersionState,
}

/// A version with everything it was registered with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct VersionDocument {
    /// The version.
    #[serde(flatten)]
    pub version: VersionRow,
    /// Where it stands.
    pub state: VersionState,
    /// Its registration.
    pub registration: Registration,
    /// Incidents that name it.
    pub incidents: Vec<NamingIncident>,
}

fn created(is_new: bool) -> StatusCode {
    if is_new { StatusCode::CREATED } else { StatusCode::OK }
}

/// Which part of the inventory, as of when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct InventoryQuery {
    /// Words that all have to stand in name, description, version, state or who registered it.
    pub q: Option<String>,
    /// A day (its end counts) or a time, UTC: the inventory as it stood then.
    pub as_of: Option<String>,
    /// Only models whose names come after this one: the last name of the page before.
    pub after: Option<String>,
    /// Models of the page, 1 to 500; without it, 500.
    pub limit: Option<u64>,
}

/// Models with their versions and where each stands, now or as of a day; by name. Where more follow, the header `Link` says where.
#[utoipa::path(tag = "models", params(InventoryQuery), responses((status = 200, body = Vec<ModelView>), (status = 400, body = ProblemDocument)))]
#[get("/models")]
pub(super) async fn list_models(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<InventoryQuery>,
) -> Result<HttpResponse, Problem> {
    let InventoryQuery { q, as_of, after, limit } = query.into_inner();
    let rows = rows_of(limit);
    let filter = InventoryFilter {
        search: q.clone().unwrap_or_default(),
        as_of: as_of.clone(),
        after: after.unwrap_or_default(),
        // One more than is sent tells whether more follow.
        limit: Some(rows + 1),
    };
    let work = move || inventory(&shared.store, &caller.0, &filter);
    let view = |line: InventoryLine| ModelView {
        model: line.model,
        versions: line
            .versions
            .into_iter()
            .map(|(version, state)| ListedVersion { version, state })
            .collect(),
    };
    let views: Vec<ModelView> = blocking(work).await?.into_iter().map(view).collect();
    let limit = rows.to_string();
    let asked = [("q", q.as_deref()), ("as_of", as_of.as_deref()), ("limit", Some(&limit))];
    Ok(page_of("/api/v1/models", &asked, (views, rows), |view| view.model.model.clone()))
}

/// Registers a model.
#[utoipa::path(tag = "models", responses((status = 201, body = ModelRow), (status = 200, body = ModelRow)))]
#[post("/models")]
pub(super) async fn create_model(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<NewModel>,
) -> Result<HttpResponse, Problem> {
    let NewModel { model, description } = body.into_inner();
    let work = move || register_model(&shared.store, &caller.0, &model, &description);
    let (row, is_new) = blocking(work).await?;
    Ok(HttpResponse::build(created(is_new)).json(row))
}

/// Registers a version: digests, counts and declarations, never rows. The same content again returns the same version.
#[utoipa::path(tag = "models", request_body = Registration, responses(
    (status = 201, body = Recorded<VersionRow>), (status = 200, body = Recorded<VersionRow>),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions")]
pub(super) async fn create_version(
    shared: web::Data<Shared>,
    caller: Caller,
    model: web::Path<String>,
    body: web::Json<Registration>,
) -> Result<HttpResponse, Problem> {
    let registration = body.into_inner();
    if registration.model != *model {
        let detail =
            format!("the path names model `{model}`, the registration `{}`", registration.model);
        return Err(Error::BadRequest { detail }.into());
    }
    let work = move || register_version(&shared.store, &caller.0, &registration);
    let registered = blocking(work).await?;
    Ok(HttpResponse::build(created(registered.is_new)).json(registered.version))
}

/// One version with its registration.
#[utoipa::path(tag = "models", responses((status = 200, body = VersionDocument), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}")]
pub(super) async fn read_version(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || read_records::version_view(&shared.store, &caller.0, &model, &version);
    let view = blocking(work).await?;
    let (version, state) = (view.version, view.life_cycle.state);
    let (registration, incidents) = (view.registration, view.incidents);
    Ok(HttpResponse::Ok().json(VersionDocument { version, state, registration, incidents }))
}

/// The configuration that a version is registered with, and its fingerprint: what comes with its batches.
#[utoipa::path(tag = "models", responses((status = 200, body = ConfigurationView), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/configuration")]
pub(super) async fn read_configuration(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || read_records::configuration(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// The draft versions of a model, which training code registered, oldest first.
#[utoipa::path(tag = "models", responses((status = 200, body = Vec<DraftDocument>), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/drafts")]
pub(super) async fn list_drafts(
    shared: web::Data<Shared>,
    caller: Caller,
    model: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || read_origin::draft_documents(&shared.store, &caller.0, &model);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// One draft version: its frozen files, and what its run reported. A registration takes it up by its number.
#[utoipa::path(tag = "models", responses((status = 200, body = DraftDocument), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/drafts/{number}")]
pub(super) async fn read_draft(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, u64)>,
) -> Result<HttpResponse, Problem> {
    let (model, number) = path.into_inner();
    let work = move || read_origin::draft_document(&shared.store, &caller.0, (&model, number));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// How far to follow.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LineageQuery {
    /// Steps from the version, 1 to 32; 6 when it is left out.
    pub depth: Option<u32>,
}

/// What a version was made from, and what was made with it, as far as `depth` steps. `complete` says whether that is all.
#[utoipa::path(tag = "models", params(LineageQuery), responses((status = 200, body = Lineage), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/lineage")]
pub(super) async fn read_lineage(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<LineageQuery>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let (store, depth) = (shared.store.clone(), query.depth);
    let work = move || lineage_within(&store, &caller.0, (&model, &version), depth);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Which version to compare with.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DifferenceQuery {
    /// The earlier version; without it the one this version follows, or the one registered before it.
    from: Option<String>,
}

/// What differs between two versions: data, files, parameters, column declaration, policy.
#[utoipa::path(tag = "models", params(DifferenceQuery), responses((status = 200, body = ComparedVersions), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/difference")]
pub(super) async fn read_difference(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<DifferenceQuery>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let (model, version) = (path.0.as_str(), path.1.as_str());
        compare_versions(&shared.store, &caller.0, (model, version), query.from.as_deref())
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}
