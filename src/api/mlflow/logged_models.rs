//! `logged-models/…`: models that training code announces (clients of version 3).

use super::Answer;
use super::fields::{Fields, PAIR, TAG_BYTES_MAX};
use super::filter::{Found, Kind, Order};
use super::page::{Asked, milliseconds, no_attribute};
use super::runs::shown_number;
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::Result;
use crate::procedures::keep_artifact::list_artifacts;
use crate::procedures::log_model::{self, LoggedModelChange, LoggedModelView, NewLoggedModel};
use crate::provenance::artifact::{ArtifactOwner, ArtifactPlace, check_path};
use crate::provenance::run::NamedValue;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn place(view: &LoggedModelView) -> ArtifactPlace {
    let owner = ArtifactOwner::LoggedModel(view.row.id.clone());
    ArtifactPlace { experiment_id: view.row.experiment_id.clone(), owner, path: String::new() }
}

fn shown(view: &LoggedModelView) -> Value {
    let row = &view.row;
    let mut tags = view.tags.clone();
    let entry = NamedValue { key: "prov.ledger_index".to_owned(), value: row.entry.to_string() };
    tags.push(entry);
    let metrics: Vec<Value> = view
        .metrics
        .iter()
        .map(|(run_id, metric)| {
            json!({"key": metric.key, "value": shown_number(&metric.value), "timestamp": metric.timestamp,
                "step": metric.step, "model_id": row.id, "run_id": run_id, "dataset_name": metric.dataset_name,
                "dataset_digest": metric.dataset_digest})
        })
        .collect();
    json!({"info": {"model_id": row.id, "experiment_id": row.experiment_id, "name": row.name,
            "creation_timestamp_ms": milliseconds(&row.created_at), "last_updated_timestamp_ms": milliseconds(&row.changed_at),
            "artifact_uri": place(view).uri(), "status": row.status, "model_type": row.kind, "source_run_id": row.run_id,
            "tags": tags},
        "data": {"params": view.params, "metrics": metrics}})
}

/// Announces a logged model.
pub(super) async fn create(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let known = ["experiment_id", "name", "model_type", "source_run_id", "params", "tags"];
    let fields = Fields::parse(&body, &known)?;
    let new = NewLoggedModel {
        experiment_id: fields.text("experiment_id").unwrap_or_else(|_| "0".to_owned()),
        run_id: fields.text("source_run_id").ok(),
        name: fields.text_or("name").unwrap_or_default(),
        kind: fields.text_or("model_type").unwrap_or_default(),
        params: fields.params()?,
        tags: fields.tags(TAG_BYTES_MAX)?,
    };
    let work = move || log_model::create_logged_model(&shared.store, &caller.0, &new);
    Ok(HttpResponse::Ok().json(json!({"model": shown(&blocking(work).await?)})))
}

async fn viewed(
    (shared, caller): (web::Data<Shared>, Caller),
    id: String,
) -> Result<LoggedModelView> {
    blocking(move || log_model::read_logged_model(&shared.store, &caller.0, &id)).await
}

/// One logged model; a deleted one only on request.
pub(super) async fn read(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let with_deleted =
        Fields::query(&request, &["model_id", "allow_deleted"])?.is_true("allow_deleted");
    let view = viewed((shared, caller), id.into_inner()).await?;
    if view.row.deleted && !with_deleted {
        let id = view.row.id;
        return Err(crate::error::Error::NotFound { what: "logged model", id }.into());
    }
    Ok(HttpResponse::Ok().json(json!({"model": shown(&view)})))
}

async fn change(
    (shared, caller): (web::Data<Shared>, Caller),
    id: String,
    change: LoggedModelChange,
) -> Answer {
    let work = move || {
        log_model::change_logged_model(&shared.store, &caller.0, &id, &change)?;
        log_model::read_logged_model(&shared.store, &caller.0, &id)
    };
    Ok(HttpResponse::Ok().json(json!({"model": shown(&blocking(work).await?)})))
}

/// Says that the files of a logged model are complete, or that they are not.
pub(super) async fn finalize(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Bytes,
) -> Answer {
    let status = Some(Fields::parse(&body, &["model_id", "status"])?.text("status")?);
    let said = LoggedModelChange { status, ..LoggedModelChange::default() };
    change((shared, caller), id.into_inner(), said).await
}

/// Deletes a logged model; its files stay.
pub(super) async fn delete(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Answer {
    let deleted = LoggedModelChange { deleted: Some(true), ..LoggedModelChange::default() };
    change((shared, caller), id.into_inner(), deleted).await
}

/// Sets tags of a logged model.
pub(super) async fn set_tags(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Bytes,
) -> Answer {
    let tags = Fields::parse(&body, &["model_id", "tags"])?.objects("tags", PAIR, 100)?;
    // What a registration writes into a tag here grows with every version.
    let tags = tags
        .iter()
        .map(|tag| tag.tag(super::fields::REGISTRY_TAG_BYTES_MAX))
        .collect::<Result<_>>()?;
    change(
        (shared, caller),
        id.into_inner(),
        LoggedModelChange { tags, ..LoggedModelChange::default() },
    )
    .await
}

/// Removes a tag of a logged model.
pub(super) async fn delete_tag(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    let (id, key) = path.into_inner();
    let tags = vec![(key, None)];
    change((shared, caller), id, LoggedModelChange { tags, ..LoggedModelChange::default() }).await
}

/// More parameters of a logged model.
pub(super) async fn log_params(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Bytes,
) -> Answer {
    let params = Fields::parse(&body, &["model_id", "params"])?.params()?;
    change(
        (shared, caller),
        id.into_inner(),
        LoggedModelChange { params, ..LoggedModelChange::default() },
    )
    .await
}

fn look(view: &LoggedModelView, kind: Kind, key: &str) -> Result<Found> {
    let row = &view.row;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
    let time = |at: &str| Found::Number(milliseconds(at) as f64);
    let status = row.status.strip_prefix("LOGGED_MODEL_").unwrap_or(&row.status);
    Ok(match (kind, key) {
        (Kind::Metric, key) => {
            let newest = view.metrics.iter().rfind(|(_, metric)| metric.key == key);
            newest
                .map_or(Found::Missing, |(_, m)| Found::Number(m.value.parse().unwrap_or(f64::NAN)))
        }
        (Kind::Param, key) => Found::named(&view.params, key),
        (Kind::Tag, key) => Found::named(&view.tags, key),
        (Kind::Attribute, "name") => Found::of(Some(&row.name)),
        (Kind::Attribute, "model_id") => Found::of(Some(&row.id)),
        (Kind::Attribute, "model_type") => Found::of(Some(&row.kind)),
        (Kind::Attribute, "status") => Found::of(Some(status)),
        (Kind::Attribute, "source_run_id") => Found::of(row.run_id.as_deref()),
        (Kind::Attribute, "creation_timestamp" | "creation_time") => time(&row.created_at),
        (Kind::Attribute, "last_updated_timestamp") => time(&row.changed_at),
        (_, key) => return Err(no_attribute(key)),
    })
}

/// The order of one item of `order_by`.
fn order(item: &Fields) -> Result<Order> {
    let key = item.text("field_name")?;
    Order::parse(&format!("{key} {}", if item.is_true("ascending") { "ASC" } else { "DESC" }))
}

/// The logged models of some experiments that fit, newest first unless an order says otherwise.
pub(super) async fn search(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let known = ["experiment_ids", "filter", "datasets", "max_results", "order_by", "page_token"];
    let fields = Fields::parse(&body, &known)?;
    let fields_of_order = ["field_name", "ascending", "dataset_name", "dataset_digest"];
    let orders = fields.objects("order_by", &fields_of_order, 20)?;
    let orders = orders.iter().map(order).collect::<Result<Vec<_>>>()?;
    let datasets = fields.objects("datasets", &["dataset_name", "dataset_digest"], 100)?;
    let datasets: Vec<(Option<String>, Option<String>)> = datasets
        .iter()
        .map(|one| (one.text("dataset_name").ok(), one.text("dataset_digest").ok()))
        .collect();
    let (asked, experiments) =
        (Asked::of(&fields, 1000)?.with_orders(orders), fields.texts("experiment_ids"));
    let work = move || log_model::logged_models(&shared.store, &caller.0, &experiments);
    let mut found = blocking(work).await?;
    if !datasets.is_empty() {
        // Metrics count only where they were computed on one of these.
        for view in &mut found {
            view.metrics.retain(|(_, metric)| {
                datasets.iter().any(|(name, digest)| {
                    (name.is_none() || *name == metric.dataset_name)
                        && (digest.is_none() || *digest == metric.dataset_digest)
                })
            });
        }
    }
    let page = asked.page(("models", found), |view| view.row.id.clone(), look, shown)?;
    Ok(HttpResponse::Ok().json(page))
}

/// What lies directly in a folder of a logged model.
pub(super) async fn list_files(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let fields = Fields::query(&request, &["artifact_directory_path", "page_token"])?;
    let path = fields.text_or("artifact_directory_path").unwrap_or_default();
    check_path(&path)?;
    let again = (shared.clone(), caller.clone());
    let view = viewed((shared, caller), id.into_inner()).await?;
    let root = place(&view);
    let folder = ArtifactPlace { path: path.clone(), ..root.clone() };
    let listed = blocking(move || list_artifacts(&again.0.store, &again.1.0, &folder)).await?;
    let files: Vec<Value> = listed.iter().map(|one| super::artifacts::shown(one, &path)).collect();
    Ok(HttpResponse::Ok().json(json!({"root_uri": root.uri(), "files": files})))
}
