//! `experiments/…`: create, read, search, rename, delete, restore, tag.

use super::Answer;
use super::fields::{Fields, TAG_BYTES_MAX};
use super::filter::{Found, Kind};
use super::page::{Asked, milliseconds, no_attribute};
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::{Error, Result};
use crate::procedures::log_experiment::{self, ExperimentChange, ExperimentView};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn shown(view: &ExperimentView) -> Value {
    let row = &view.row;
    json!({"experiment_id": row.id, "name": row.name, "tags": view.tags,
        "lifecycle_stage": if row.deleted { "deleted" } else { "active" },
        "creation_time": milliseconds(&row.created_at), "last_update_time": milliseconds(&row.changed_at),
        "artifact_location": format!("mlflow-artifacts:/{}", row.id)})
}

fn look(view: &ExperimentView, kind: Kind, key: &str) -> Result<Found> {
    let row = &view.row;
    Ok(match (kind, key) {
        (Kind::Tag, key) => Found::named(&view.tags, key),
        (Kind::Attribute, "name") => Found::of(Some(&row.name)),
        (Kind::Attribute, "experiment_id") => Found::of(Some(&row.id)),
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
        (Kind::Attribute, "creation_time") => Found::Number(milliseconds(&row.created_at) as f64),
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
        (Kind::Attribute, "last_update_time") => {
            Found::Number(milliseconds(&row.changed_at) as f64)
        }
        (_, key) => return Err(no_attribute(key)),
    })
}

/// Creates an experiment; where its artifacts lie is not the client's to say.
pub(super) async fn create(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["name", "tags"])?;
    let (name, tags) = (fields.text("name")?, fields.tags(TAG_BYTES_MAX)?);
    let work = move || log_experiment::create_experiment(&shared.store, &caller.0, &name, &tags);
    Ok(HttpResponse::Ok().json(json!({"experiment_id": blocking(work).await?})))
}

async fn found(
    (shared, caller): (web::Data<Shared>, Caller),
    id: String,
    fits: impl Fn(&ExperimentView) -> bool,
) -> Answer {
    let known = blocking(move || log_experiment::experiments(&shared.store, &caller.0)).await?;
    let view = known.iter().find(|view| fits(view));
    let view = view.ok_or(Error::NotFound { what: "experiment", id })?;
    Ok(HttpResponse::Ok().json(json!({"experiment": shown(view)})))
}

/// One experiment by its id.
pub(super) async fn read(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let id = Fields::query(&request, &["experiment_id"])?.text("experiment_id")?;
    found((shared, caller), id.clone(), |view| view.row.id == id).await
}

/// One experiment by its name.
pub(super) async fn read_by_name(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let name = Fields::query(&request, &["experiment_name"])?.text("experiment_name")?;
    found((shared, caller), name.clone(), |view| view.row.name == name).await
}

const SEARCH: &[&str] = &["max_results", "view_type", "filter", "order_by", "page_token"];

async fn found_all(shared: web::Data<Shared>, caller: Caller, fields: Fields) -> Answer {
    let (asked, kind) = (Asked::of(&fields, 1000)?, fields.text_or("view_type"));
    let mut known = blocking(move || log_experiment::experiments(&shared.store, &caller.0)).await?;
    known.retain(|view| match kind.as_deref() {
        Some("ALL") => true,
        Some("DELETED_ONLY") => view.row.deleted,
        _ => !view.row.deleted,
    });
    known.reverse();
    let page = asked.page(("experiments", known), |view| view.row.id.clone(), look, shown)?;
    Ok(HttpResponse::Ok().json(page))
}

/// The experiments that fit, newest first.
pub(super) async fn search(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, SEARCH)?;
    found_all(shared, caller, fields).await
}

/// The same with the search in the query.
pub(super) async fn search_by_query(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let fields = Fields::query(&request, SEARCH)?;
    found_all(shared, caller, fields).await
}

async fn change(
    (shared, caller): (web::Data<Shared>, Caller),
    fields: Fields,
    change: ExperimentChange,
) -> Answer {
    let id = fields.text("experiment_id")?;
    let work = move || log_experiment::change_experiment(&shared.store, &caller.0, &id, &change);
    blocking(work).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// Renames an experiment.
pub(super) async fn update(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["experiment_id", "new_name"])?;
    let name = Some(fields.text("new_name")?);
    change((shared, caller), fields, ExperimentChange { name, ..ExperimentChange::default() }).await
}

/// Deletes an experiment; its runs stay.
pub(super) async fn delete(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["experiment_id"])?;
    let deleted = ExperimentChange { deleted: Some(true), ..ExperimentChange::default() };
    change((shared, caller), fields, deleted).await
}

/// Restores a deleted experiment.
pub(super) async fn restore(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["experiment_id"])?;
    let restored = ExperimentChange { deleted: Some(false), ..ExperimentChange::default() };
    change((shared, caller), fields, restored).await
}

/// Sets a tag of an experiment.
pub(super) async fn set_tag(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["experiment_id", "key", "value"])?;
    let tag = Some(fields.tag(TAG_BYTES_MAX)?);
    change((shared, caller), fields, ExperimentChange { tag, ..ExperimentChange::default() }).await
}

/// Removes a tag of an experiment.
pub(super) async fn delete_tag(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["experiment_id", "key"])?;
    let tag = Some((fields.text("key")?, None));
    change((shared, caller), fields, ExperimentChange { tag, ..ExperimentChange::default() }).await
}
