//! `experiments/…`: create, read, search.

use super::fields::Fields;
use super::refused::Refused;
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::Error;
use crate::procedures::log_run;
use crate::store::runs::ExperimentRow;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

/// Which experiment is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    experiment_id: String,
    #[serde(default)]
    experiment_name: String,
}

fn shown(row: &ExperimentRow) -> Value {
    let created =
        row.created_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond);
    json!({"experiment_id": row.id, "name": row.name, "lifecycle_stage": "active", "creation_time": created,
        "last_update_time": created, "tags": [], "artifact_location": format!("mlflow-artifacts:/{}", row.id)})
}

/// Creates an experiment; where its artifacts lie is not the client's to say.
pub(super) async fn create(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> std::result::Result<HttpResponse, Refused> {
    let name = Fields::parse(&body, &["name"])?.text("name")?;
    let work = move || log_run::create_experiment(&shared.store, &caller.0, &name);
    let id = blocking(work).await?;
    Ok(HttpResponse::Ok().json(json!({"experiment_id": id})))
}

async fn find(
    shared: web::Data<Shared>,
    caller: Caller,
    fits: impl Fn(&ExperimentRow) -> bool,
    id: String,
) -> std::result::Result<HttpResponse, Refused> {
    let known = blocking(move || log_run::experiments(&shared.store, &caller.0)).await?;
    let found = known.iter().find(|row| fits(row));
    let row = found.ok_or(Error::NotFound { what: "experiment", id })?;
    Ok(HttpResponse::Ok().json(json!({"experiment": shown(row)})))
}

/// One experiment by its id.
pub(super) async fn read(
    shared: web::Data<Shared>,
    caller: Caller,
    asked: web::Query<Asked>,
) -> std::result::Result<HttpResponse, Refused> {
    let id = asked.into_inner().experiment_id;
    find(shared, caller, |row| row.id == id, id.clone()).await
}

/// One experiment by its name.
pub(super) async fn read_by_name(
    shared: web::Data<Shared>,
    caller: Caller,
    asked: web::Query<Asked>,
) -> std::result::Result<HttpResponse, Refused> {
    let name = asked.into_inner().experiment_name;
    find(shared, caller, |row| row.name == name, name.clone()).await
}

/// All experiments, on one page; none is ever deleted.
pub(super) async fn search(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> std::result::Result<HttpResponse, Refused> {
    let fields = Fields::parse(&body, &["max_results", "view_type"])?;
    let mut known = blocking(move || log_run::experiments(&shared.store, &caller.0)).await?;
    if fields.text_or("view_type").as_deref() == Some("DELETED_ONLY") {
        known.clear();
    }
    let shown: Vec<Value> = known.iter().map(shown).collect();
    Ok(HttpResponse::Ok().json(json!({"experiments": shown})))
}
