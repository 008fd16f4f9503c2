//! `runs/log-…`, `runs/set-tag`, `runs/outputs`: what a run reports while it works.

use super::Answer;
use super::fields::{Fields, PARAM_BYTES_MAX, TAG_BYTES_MAX};
use super::runs::run_id;
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::{Error, Result};
use crate::procedures::log_run::{self, Reported};
use crate::provenance::run::{Metric, NamedValue, RunContent, RunDataset, RunModel};
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

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

/// The tag in which clients of version 2 look up what a run logged.
const LOGGED_MODELS_TAG: &str = "mlflow.log-model.history";

fn metric(fields: &Fields) -> Result<Metric> {
    let missing = || Error::BadRequest { detail: "the field `timestamp` is missing".to_owned() };
    Ok(Metric {
        key: fields.named_value(TAG_BYTES_MAX)?.key,
        value: fields.decimal("value")?,
        step: fields.whole("step")?.unwrap_or(0),
        timestamp: fields.whole("timestamp")?.ok_or_else(missing)?,
        model_id: fields.text("model_id").ok(),
        dataset_name: fields.text("dataset_name").ok(),
        dataset_digest: fields.text("dataset_digest").ok(),
    })
}

async fn report(
    (shared, caller): (web::Data<Shared>, Caller),
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
    let content = RunContent { metrics: vec![metric(&fields)?], ..RunContent::default() };
    report((shared, caller), run_id(&fields)?, Reported { content, tags: Vec::new() }).await
}

/// One parameter.
pub(super) async fn log_parameter(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "run_uuid", "key", "value"])?;
    let params = vec![fields.named_value(PARAM_BYTES_MAX)?];
    let content = RunContent { params, ..RunContent::default() };
    report((shared, caller), run_id(&fields)?, Reported { content, tags: Vec::new() }).await
}

/// Metrics, parameters and tags together: at most 1000, 100 and 100 of them.
pub(super) async fn log_batch(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "metrics", "params", "tags"])?;
    let metrics = fields.objects("metrics", METRIC, 1000)?;
    let metrics = metrics.iter().map(metric).collect::<Result<Vec<_>>>()?;
    let params = fields.params()?;
    let tags: Vec<_> = fields.tags(TAG_BYTES_MAX)?;
    let count = metrics.len() + params.len() + tags.len();
    if count > 1000 {
        let detail =
            format!("{count} metrics, parameters and tags, at most 1000 are taken at once");
        return Err(Error::BadRequest { detail }.into());
    }
    let content = RunContent { params, metrics, ..RunContent::default() };
    let tags = tags.into_iter().map(|tag| (tag.key, Some(tag.value))).collect();
    report((shared, caller), run_id(&fields)?, Reported { content, tags }).await
}

/// Sets a tag.
pub(super) async fn set_tag(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "run_uuid", "key", "value"])?;
    let tags = vec![fields.tag(TAG_BYTES_MAX)?];
    report((shared, caller), run_id(&fields)?, Reported { tags, ..Reported::default() }).await
}

/// Removes a tag.
pub(super) async fn delete_tag(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "key"])?;
    let tags = vec![(fields.text("key")?, None)];
    report((shared, caller), run_id(&fields)?, Reported { tags, ..Reported::default() }).await
}

fn dataset(fields: &Fields) -> Result<RunDataset> {
    let known = ["name", "digest", "source_type", "source", "schema", "profile"];
    let tags = fields.tags(TAG_BYTES_MAX)?;
    let fields = fields.object("dataset", &known)?;
    let within = |name: &str, most: usize| {
        let text = fields.text_or(name).unwrap_or_default();
        if text.len() <= most {
            return Ok(text);
        }
        let detail =
            format!("dataset field `{name}` has {} bytes, at most {most} are taken", text.len());
        Err(Error::BadRequest { detail })
    };
    let optional =
        |name: &str, most| within(name, most).map(|text| Some(text).filter(|t| !t.is_empty()));
    fields.text("name")?;
    fields.text("digest")?;
    Ok(RunDataset {
        name: within("name", 500)?,
        digest: within("digest", 80)?,
        source_type: within("source_type", 500)?,
        source: within("source", 65_535)?,
        schema: optional("schema", 1_048_575)?,
        profile: optional("profile", 16_777_215)?,
        tags: json!(tags).to_string(),
    })
}

fn model(fields: &Fields, direction: &str) -> Result<RunModel> {
    let (model_id, step) = (fields.text("model_id")?, fields.whole("step")?.unwrap_or(0));
    Ok(RunModel { model_id, direction: direction.to_owned(), step })
}

/// The datasets and logged models that a run used, with the digests the client gives.
pub(super) async fn log_inputs(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "datasets", "models"])?;
    let datasets = fields.objects("datasets", &["tags", "dataset"], 1000)?;
    let models = fields.objects("models", &["model_id"], 1000)?;
    let content = RunContent {
        datasets: datasets.iter().map(dataset).collect::<Result<_>>()?,
        models: models.iter().map(|one| model(one, "input")).collect::<Result<_>>()?,
        ..RunContent::default()
    };
    report((shared, caller), run_id(&fields)?, Reported { content, tags: Vec::new() }).await
}

/// The logged models that a run made.
pub(super) async fn log_outputs(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "models"])?;
    let models = fields.objects("models", &["model_id", "step"], 1000)?;
    let models = models.iter().map(|one| model(one, "output")).collect::<Result<_>>()?;
    let content = RunContent { models, ..RunContent::default() };
    report((shared, caller), run_id(&fields)?, Reported { content, tags: Vec::new() }).await
}

/// What a client of version 2 says of a model it put among the run's files: one more item of the run's tag.
pub(super) async fn log_model(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["run_id", "model_json"])?;
    let id = run_id(&fields)?;
    let item: Value = serde_json::from_str(&fields.text("model_json")?)
        .map_err(|e| Error::BadRequest { detail: format!("`model_json`: {e}") })?;
    if !item["artifact_path"].is_string() {
        let detail = "`model_json` has no text `artifact_path`".to_owned();
        return Err(Error::BadRequest { detail }.into());
    }
    let work = move || {
        let known = log_run::read_run(&shared.store, &caller.0, &id)?.tags;
        let old = known.into_iter().find(|tag: &NamedValue| tag.key == LOGGED_MODELS_TAG);
        let mut history: Vec<Value> =
            old.and_then(|tag| serde_json::from_str(&tag.value).ok()).unwrap_or_default();
        if !history.contains(&item) {
            history.push(item);
        }
        let tags = vec![(LOGGED_MODELS_TAG.to_owned(), Some(json!(history).to_string()))];
        log_run::log_run(&shared.store, &caller.0, &id, &Reported { tags, ..Reported::default() })
    };
    blocking(work).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
