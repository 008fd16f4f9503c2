//! `runs/…` and `metrics/…`: begin, end, read, search. What a run reports is in `reports`.

use super::Answer;
use super::fields::{Fields, TAG_BYTES_MAX};
use super::filter::{Found, Kind};
use super::page::{Asked, no_attribute};
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::Result;
use crate::procedures::log_run::{self, NewRun, RunChange, RunView};
use crate::provenance::artifact::{ArtifactOwner, ArtifactPlace};
use crate::provenance::run::{Metric, NamedValue, RunDataset};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// A number that may be no finite one; JSON has none of those.
pub(super) fn shown_number(value: &str) -> Value {
    let number = value.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::from);
    number.unwrap_or_else(|| json!(value))
}

fn shown_metric(metric: &Metric) -> Value {
    json!({"key": metric.key, "value": shown_number(&metric.value), "timestamp": metric.timestamp,
        "step": metric.step, "model_id": metric.model_id, "dataset_name": metric.dataset_name,
        "dataset_digest": metric.dataset_digest})
}

/// Where the files of a run are.
pub(super) fn artifact_uri(view: &RunView) -> String {
    let (experiment_id, owner) =
        (view.run.experiment_id.clone(), ArtifactOwner::Run(view.run.id.clone()));
    ArtifactPlace { experiment_id, owner, path: String::new() }.uri()
}

fn shown_info(view: &RunView) -> Value {
    let run = &view.run;
    json!({"run_id": run.id, "run_uuid": run.id, "experiment_id": run.experiment_id, "run_name": run.name,
        "user_id": run.user_name, "status": run.status, "start_time": run.started_ms, "end_time": run.ended_ms,
        "artifact_uri": artifact_uri(view), "lifecycle_stage": if run.deleted { "deleted" } else { "active" }})
}

/// The tags of a run, the server's own among them.
fn tags(view: &RunView) -> Vec<NamedValue> {
    let own = |key: &str, value: String| NamedValue { key: key.to_owned(), value };
    let mut tags = view.tags.clone();
    tags.push(own("prov.ledger_index", view.run.entry.to_string()));
    tags.extend(view.run.content_sha256.clone().map(|sha256| own("prov.content_sha256", sha256)));
    let weak: Vec<&str> = view
        .datasets
        .iter()
        .filter(|d| d.strong_digest().is_none())
        .map(|d| d.name.as_str())
        .collect();
    if !weak.is_empty() {
        tags.push(own("prov.weak_digests", weak.join(", ")));
    }
    tags
}

fn shown_dataset(dataset: &RunDataset) -> Value {
    let mut tags: Vec<Value> = serde_json::from_str(&dataset.tags).unwrap_or_default();
    if dataset.strong_digest().is_none() {
        tags.push(json!({"key": "prov.weak_digest", "value": "true"}));
    }
    json!({"tags": tags, "dataset": {"name": dataset.name, "digest": dataset.digest, "source_type": dataset.source_type,
        "source": dataset.source, "schema": dataset.schema, "profile": dataset.profile}})
}

fn shown(view: &RunView) -> Value {
    let models = |direction: &'static str| {
        view.models.iter().filter(move |model| model.direction == direction)
    };
    let used: Vec<Value> = models("input").map(|m| json!({"model_id": m.model_id})).collect();
    let made: Vec<Value> =
        models("output").map(|m| json!({"model_id": m.model_id, "step": m.step})).collect();
    let datasets: Vec<Value> = view.datasets.iter().map(shown_dataset).collect();
    let metrics: Vec<Value> = view.metrics.iter().map(shown_metric).collect();
    json!({"info": shown_info(view), "data": {"metrics": metrics, "params": view.params, "tags": tags(view)},
        "inputs": {"dataset_inputs": datasets, "model_inputs": used}, "outputs": {"model_outputs": made}})
}

/// The run that a request names, by either of the names that the protocol has for it.
///
/// # Errors
///
/// [`crate::error::Error::BadRequest`].
pub(super) fn run_id(fields: &Fields) -> Result<String> {
    fields.text("run_id").or_else(|missing| fields.text("run_uuid").map_err(|_both| missing))
}

/// Begins a run.
pub(super) async fn create(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let known = ["experiment_id", "user_id", "run_name", "start_time", "tags"];
    let fields = Fields::parse(&body, &known)?;
    let tags = fields.tags(TAG_BYTES_MAX)?;
    let named = tags.iter().find(|tag| tag.key == "mlflow.runName").map(|tag| tag.value.clone());
    let new = NewRun {
        experiment_id: fields.text("experiment_id").unwrap_or_else(|_| "0".to_owned()),
        name: fields.text("run_name").ok().or(named).unwrap_or_default(),
        user_name: fields.text_or("user_id").unwrap_or_default(),
        started_ms: fields.whole("start_time")?.unwrap_or(0),
        tags,
    };
    let work = move || log_run::create_run(&shared.store, &caller.0, &new);
    Ok(HttpResponse::Ok().json(json!({"run": shown(&blocking(work).await?)})))
}

/// One run with all it reported.
pub(super) async fn read(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let id = run_id(&Fields::query(&request, &["run_id", "run_uuid"])?)?;
    let view = blocking(move || log_run::read_run(&shared.store, &caller.0, &id)).await?;
    Ok(HttpResponse::Ok().json(json!({"run": shown(&view)})))
}

/// The values of one metric in the order of arrival. The token of the next page is how many were shown.
pub(super) async fn history(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let known = ["run_id", "run_uuid", "metric_key", "max_results", "page_token"];
    let fields = Fields::query(&request, &known)?;
    let (id, key) = (run_id(&fields)?, fields.text("metric_key")?);
    let (skip, most) =
        (fields.whole("page_token")?.unwrap_or(0).unsigned_abs(), fields.most(25_000)? as u64);
    let work =
        move || log_run::metric_history(&shared.store, &caller.0, (&id, &key), (skip, most + 1));
    let found = blocking(work).await?;
    let page: Vec<Value> = found.iter().take(fields.most(25_000)?).map(shown_metric).collect();
    let mut answer = json!({"metrics": page});
    if found.len() > page.len() {
        answer["next_page_token"] = json!((skip + most).to_string());
    }
    Ok(HttpResponse::Ok().json(answer))
}

async fn change(
    (shared, caller): (web::Data<Shared>, Caller),
    id: String,
    change: RunChange,
) -> Answer {
    let work = move || log_run::update_run(&shared.store, &caller.0, &id, &change);
    Ok(HttpResponse::Ok().json(json!({"run_info": shown_info(&blocking(work).await?)})))
}

/// Ends or renames a run.
pub(super) async fn update(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "run_uuid", "status", "end_time", "run_name"])?;
    let said = RunChange {
        status: fields.text("status").ok(),
        name: fields.text("run_name").ok(),
        ended_ms: fields.whole("end_time")?,
        deleted: None,
    };
    change((shared, caller), run_id(&fields)?, said).await
}

async fn delete_or_restore(
    (shared, caller): (web::Data<Shared>, Caller),
    body: &web::Bytes,
    deleted: bool,
) -> Answer {
    let id = run_id(&Fields::parse(body, &["run_id"])?)?;
    change((shared, caller), id, RunChange { deleted: Some(deleted), ..RunChange::default() }).await
}

/// Deletes a run; what it reported stays.
pub(super) async fn delete(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    delete_or_restore((shared, caller), &body, true).await
}

/// Restores a deleted run.
pub(super) async fn restore(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    delete_or_restore((shared, caller), &body, false).await
}

fn look(view: &RunView, kind: Kind, key: &str) -> Result<Found> {
    let run = &view.run;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
    let time = |ms: Option<i64>| ms.map_or(Found::Missing, |ms| Found::Number(ms as f64));
    Ok(match (kind, key) {
        (Kind::Metric, key) => {
            let metric = view.metrics.iter().find(|metric| metric.key == key);
            metric.map_or(Found::Missing, |m| Found::Number(m.value.parse().unwrap_or(f64::NAN)))
        }
        (Kind::Param, key) => Found::named(&view.params, key),
        (Kind::Tag, key) => Found::named(&tags(view), key),
        (Kind::Dataset, "name") => {
            Found::Any(view.datasets.iter().map(|d| d.name.clone()).collect())
        }
        (Kind::Dataset, "digest") => {
            Found::Any(view.datasets.iter().map(|d| d.digest.clone()).collect())
        }
        (Kind::Dataset, "context") => {
            Found::Any(view.datasets.iter().filter_map(context).collect())
        }
        (Kind::Attribute, "status") => Found::of(Some(&run.status)),
        (Kind::Attribute, "run_id") => Found::of(Some(&run.id)),
        (Kind::Attribute, "run_name" | "run name" | "Run name") => Found::of(Some(&run.name)),
        (Kind::Attribute, "user_id" | "User" | "user") => Found::of(Some(&run.user_name)),
        (Kind::Attribute, "artifact_uri") => Found::of(Some(&artifact_uri(view))),
        (Kind::Attribute, "start_time" | "created" | "Created") => time(Some(run.started_ms)),
        (Kind::Attribute, "end_time") => time(run.ended_ms),
        (_, key) => return Err(no_attribute(key)),
    })
}

/// What a dataset was used for, as the client tagged it.
fn context(dataset: &RunDataset) -> Option<String> {
    let tags: Vec<NamedValue> = serde_json::from_str(&dataset.tags).ok()?;
    tags.into_iter().find(|tag| tag.key == "mlflow.data.context").map(|tag| tag.value)
}

/// The runs of some experiments that fit, newest first unless an order says otherwise.
pub(super) async fn search(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let known =
        ["experiment_ids", "run_view_type", "max_results", "filter", "order_by", "page_token"];
    let fields = Fields::parse(&body, &known)?;
    let (experiments, kind) = (fields.texts("experiment_ids"), fields.text_or("run_view_type"));
    let asked = Asked::of(&fields, 50_000)?;
    let work = move || log_run::runs(&shared.store, &caller.0, &experiments);
    let mut runs = blocking(work).await?;
    runs.retain(|view| match kind.as_deref() {
        Some("ALL") => true,
        Some("DELETED_ONLY") => view.run.deleted,
        _ => !view.run.deleted,
    });
    runs.sort_by_key(|view| std::cmp::Reverse(view.run.started_ms));
    let page = asked.page(("runs", runs), |view| view.run.id.clone(), look, shown)?;
    Ok(HttpResponse::Ok().json(page))
}
