//! `runs/…` and `metrics/…`: begin, report, end, read, search.

use super::fields::Fields;
use super::refused::Refused;
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::{Error, Result};
use crate::procedures::log_run::{self, Reported, RunView};
use crate::store::runs::{DatasetRow, MetricRow, NamedValue};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest value of a tag, in bytes.
const TAG_BYTES_MAX: usize = 8000;
/// Longest value of a parameter, in bytes.
const PARAM_BYTES_MAX: usize = 6000;
const PAIR: &[&str] = &["key", "value"];
const METRIC: &[&str] = &[
    "run_id",
    "run_uuid",
    "key",
    "value",
    "timestamp",
    "step",
    "model_id",
    "dataset_name",
    "dataset_digest",
];

type Answer = std::result::Result<HttpResponse, Refused>;

/// Which run, and which of its metrics, is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    metric_key: String,
}

fn shown_metric(metric: &MetricRow) -> Value {
    let number = metric.value.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::from);
    json!({"key": metric.key, "value": number.unwrap_or_else(|| Value::from(metric.value.clone())),
        "timestamp": metric.timestamp, "step": metric.step, "model_id": metric.model_id,
        "dataset_name": metric.dataset_name, "dataset_digest": metric.dataset_digest})
}

/// The newest value of every metric: the one with the largest step, then time, then the one that came last.
fn newest(metrics: &[MetricRow]) -> Vec<Value> {
    let mut newest: BTreeMap<&str, &MetricRow> = BTreeMap::new();
    for metric in metrics {
        let old = newest.entry(&metric.key).or_insert(metric);
        if (metric.step, metric.timestamp) >= (old.step, old.timestamp) {
            *old = metric;
        }
    }
    newest.into_values().map(shown_metric).collect()
}

fn shown_info(view: &RunView) -> Value {
    let run = &view.run;
    let uri = format!("mlflow-artifacts:/{}/{}/artifacts", run.experiment_id, run.id);
    json!({"run_id": run.id, "run_uuid": run.id, "experiment_id": run.experiment_id, "run_name": run.name,
        "user_id": run.user_name, "status": run.status, "start_time": run.started_ms, "end_time": run.ended_ms,
        "artifact_uri": uri, "lifecycle_stage": if run.deleted { "deleted" } else { "active" }})
}

fn shown(view: &RunView) -> Value {
    let mut tags = view.tags.clone();
    if let Some(sha256) = &view.run.content_sha256 {
        tags.push(NamedValue { key: "prov.content_sha256".to_owned(), value: sha256.clone() });
    }
    let entry = view.run.entry.to_string();
    tags.push(NamedValue { key: "prov.ledger_index".to_owned(), value: entry });
    let datasets: Vec<Value> = view
        .datasets
        .iter()
        .map(|d| {
            json!({"tags": serde_json::from_str::<Value>(&d.tags).unwrap_or_default(),
                "dataset": {"name": d.name, "digest": d.digest, "source_type": d.source_type,
                    "source": d.source, "schema": d.schema, "profile": d.profile}})
        })
        .collect();
    json!({"info": shown_info(view), "inputs": {"dataset_inputs": datasets},
        "data": {"metrics": newest(&view.metrics), "params": view.params, "tags": tags}})
}

fn run_id(fields: &Fields) -> Result<String> {
    fields.text("run_id").or_else(|missing| fields.text("run_uuid").map_err(|_| missing))
}

fn metric(fields: &Fields) -> Result<MetricRow> {
    let missing = || Error::BadRequest { detail: "the field `timestamp` is missing".to_owned() };
    Ok(MetricRow {
        key: fields.named_value(TAG_BYTES_MAX)?.key,
        value: fields.decimal("value")?,
        step: fields.whole("step")?.unwrap_or(0),
        timestamp: fields.whole("timestamp")?.ok_or_else(missing)?,
        model_id: fields.text_or("model_id"),
        dataset_name: fields.text_or("dataset_name"),
        dataset_digest: fields.text_or("dataset_digest"),
    })
}

fn tag(fields: &Fields) -> Result<(String, Option<String>)> {
    let NamedValue { key, value } = fields.named_value(TAG_BYTES_MAX)?;
    if key.starts_with("prov.") {
        let detail = format!("tag `{key}`: `prov.` is the server's own prefix, choose another");
        return Err(Error::BadRequest { detail });
    }
    Ok((key, Some(value)))
}

/// Begins a run.
pub(super) async fn create(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let known = ["experiment_id", "user_id", "run_name", "start_time", "tags"];
    let fields = Fields::parse(&body, &known)?;
    let tags: Vec<NamedValue> = fields
        .objects("tags", PAIR, 100)?
        .iter()
        .map(|f| tag(f).map(|(key, value)| NamedValue { key, value: value.unwrap_or_default() }))
        .collect::<Result<_>>()?;
    let experiment = fields.text_or("experiment_id").unwrap_or_else(|| "0".to_owned());
    let name = fields.text_or("run_name").unwrap_or_default();
    let user = fields.text_or("user_id").unwrap_or_default();
    let started = fields.whole("start_time")?.unwrap_or(0);
    let work = move || {
        let named = (experiment.as_str(), name.as_str(), user.as_str());
        log_run::create_run(&shared.store, &caller.0, named, started, &tags)
    };
    Ok(HttpResponse::Ok().json(json!({"run": shown(&blocking(work).await?)})))
}

async fn viewed(shared: web::Data<Shared>, caller: Caller, id: String) -> Result<RunView> {
    blocking(move || log_run::read_run(&shared.store, &caller.0, &id)).await
}

/// One run with all it reported.
pub(super) async fn read(
    shared: web::Data<Shared>,
    caller: Caller,
    asked: web::Query<Asked>,
) -> Answer {
    let view = viewed(shared, caller, asked.into_inner().run_id).await?;
    Ok(HttpResponse::Ok().json(json!({"run": shown(&view)})))
}

/// Every value of one metric, on one page.
pub(super) async fn history(
    shared: web::Data<Shared>,
    caller: Caller,
    asked: web::Query<Asked>,
) -> Answer {
    let Asked { run_id, metric_key } = asked.into_inner();
    let view = viewed(shared, caller, run_id).await?;
    let of_key = view.metrics.iter().filter(|metric| metric.key == metric_key);
    let metrics: Vec<Value> = of_key.map(shown_metric).collect();
    Ok(HttpResponse::Ok().json(json!({"metrics": metrics})))
}

async fn change(
    shared: web::Data<Shared>,
    caller: Caller,
    fields: Fields,
    deleted: Option<bool>,
) -> Answer {
    let (id, ended) = (run_id(&fields)?, fields.whole("end_time")?);
    let (status, name) = (fields.text_or("status"), fields.text_or("run_name"));
    let work = move || {
        let said = (status.as_deref(), name.as_deref());
        log_run::update_run(&shared.store, &caller.0, &id, said, (ended, deleted))
    };
    Ok(HttpResponse::Ok().json(json!({"run_info": shown_info(&blocking(work).await?)})))
}

/// Ends or renames a run.
pub(super) async fn update(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let known = ["run_id", "run_uuid", "status", "end_time", "run_name"];
    change(shared, caller, Fields::parse(&body, &known)?, None).await
}

/// Deletes a run; what it reported stays.
pub(super) async fn delete(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    change(shared, caller, Fields::parse(&body, &["run_id"])?, Some(true)).await
}

/// Restores a deleted run.
pub(super) async fn restore(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    change(shared, caller, Fields::parse(&body, &["run_id"])?, Some(false)).await
}

/// The runs of some experiments, newest first, on one page. Filters and orders are refused.
pub(super) async fn search(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["experiment_ids", "run_view_type", "max_results"])?;
    let (experiments, kind) = (fields.texts("experiment_ids"), fields.text_or("run_view_type"));
    let most = usize::try_from(fields.whole("max_results")?.unwrap_or(1000)).unwrap_or(0);
    let work = move || log_run::runs(&shared.store, &caller.0, &experiments);
    let mut runs = blocking(work).await?;
    runs.retain(|view| match kind.as_deref() {
        Some("ALL") => true,
        Some("DELETED_ONLY") => view.run.deleted,
        _ => !view.run.deleted,
    });
    if runs.len() > most {
        let found = runs.len();
        let detail =
            format!("{found} runs, more than `max_results` = {most}; ask for more of them");
        return Err(Error::BadRequest { detail }.into());
    }
    let runs: Vec<Value> = runs.iter().map(shown).collect();
    Ok(HttpResponse::Ok().json(json!({"runs": runs})))
}

async fn report(
    shared: web::Data<Shared>,
    caller: Caller,
    id: String,
    reported: Reported,
) -> Answer {
    blocking(move || log_run::log_run(&shared.store, &caller.0, &id, &reported)).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// One value of a metric.
pub(super) async fn log_metric(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, METRIC)?;
    let reported = Reported { metrics: vec![metric(&fields)?], ..Reported::default() };
    report(shared, caller, run_id(&fields)?, reported).await
}

/// One parameter.
pub(super) async fn log_parameter(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "run_uuid", "key", "value"])?;
    let params = vec![fields.named_value(PARAM_BYTES_MAX)?];
    report(shared, caller, run_id(&fields)?, Reported { params, ..Reported::default() }).await
}

/// Metrics, parameters and tags together.
pub(super) async fn log_batch(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "metrics", "params", "tags"])?;
    let params = fields.objects("params", PAIR, 100)?;
    let reported = Reported {
        metrics: fields
            .objects("metrics", METRIC, 1000)?
            .iter()
            .map(metric)
            .collect::<Result<_>>()?,
        params: params.iter().map(|f| f.named_value(PARAM_BYTES_MAX)).collect::<Result<_>>()?,
        tags: fields.objects("tags", PAIR, 100)?.iter().map(tag).collect::<Result<_>>()?,
        datasets: Vec::new(),
    };
    report(shared, caller, run_id(&fields)?, reported).await
}

/// Sets a tag.
pub(super) async fn set_tag(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "run_uuid", "key", "value"])?;
    let tags = vec![tag(&fields)?];
    report(shared, caller, run_id(&fields)?, Reported { tags, ..Reported::default() }).await
}

/// Removes a tag.
pub(super) async fn delete_tag(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "key"])?;
    let tags = vec![(fields.text("key")?, None)];
    report(shared, caller, run_id(&fields)?, Reported { tags, ..Reported::default() }).await
}

fn dataset(fields: &Fields) -> Result<DatasetRow> {
    let known = ["name", "digest", "source_type", "source", "schema", "profile"];
    let tags = fields.objects("tags", PAIR, 100)?;
    let tags: Vec<NamedValue> =
        tags.iter().map(|f| f.named_value(TAG_BYTES_MAX)).collect::<Result<_>>()?;
    let fields = fields.object("dataset", &known)?;
    Ok(DatasetRow {
        name: fields.text("name")?,
        digest: fields.text("digest")?,
        source_type: fields.text_or("source_type").unwrap_or_default(),
        source: fields.text_or("source").unwrap_or_default(),
        schema: fields.text_or("schema"),
        profile: fields.text_or("profile"),
        tags: json!(tags).to_string(),
    })
}

/// The datasets a run used, with the digests the client gives.
pub(super) async fn log_inputs(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "datasets"])?;
    let datasets = fields.objects("datasets", &["tags", "dataset"], 1000)?;
    let datasets = datasets.iter().map(dataset).collect::<Result<_>>()?;
    report(shared, caller, run_id(&fields)?, Reported { datasets, ..Reported::default() }).await
}
