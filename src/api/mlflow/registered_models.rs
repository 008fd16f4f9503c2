//! `registered-models/…`: models, their tags and aliases.

use super::Answer;
use super::fields::{Fields, REGISTRY_TAG_BYTES_MAX};
use super::filter::{Found, Kind};
use super::model_versions::{number, shown as shown_version};
use super::page::{Asked, milliseconds, no_attribute};
use super::refused::Refused;
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::{Error, Result};
use crate::procedures::name_draft::{self, ModelChange, STAGES, parse_stage};
use crate::procedures::register_draft::{DraftView, DraftedModel, drafted_model, drafted_models};
use crate::procedures::register_version::register_model;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn shown(model: &DraftedModel) -> Value {
    let aliases: Vec<Value> = model
        .aliases
        .iter()
        .map(|(alias, number)| json!({"alias": alias, "version": number.to_string()}))
        .collect();
    let newest: Vec<Value> =
        STAGES.iter().filter_map(|stage| newest_in(model, stage)).map(shown_version).collect();
    let changed = model.drafts.iter().map(|draft| draft.row.changed_at.as_str());
    let changed = changed.chain([model.description.1.as_str()]).max().unwrap_or_default();
    json!({"name": model.row.model, "creation_timestamp": milliseconds(&model.row.registered_at),
        "last_updated_timestamp": milliseconds(changed), "description": model.description.0,
        "latest_versions": newest, "tags": model.tags, "aliases": aliases})
}

fn newest_in<'a>(model: &'a DraftedModel, stage: &str) -> Option<&'a DraftView> {
    model.drafts.iter().rfind(|draft| draft.row.stage == stage)
}

async fn found(
    (shared, caller): (web::Data<Shared>, Caller),
    name: String,
) -> Result<DraftedModel> {
    blocking(move || drafted_model(&shared.store, &caller.0, &name)).await
}

/// Registers a model.
pub(super) async fn create(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["name", "tags", "description"])?;
    let name = fields.text("name")?;
    let description = fields.text_or("description").unwrap_or_default();
    let tags = fields.tags(REGISTRY_TAG_BYTES_MAX)?;
    let work = move || {
        let (store, acting) = (&shared.store, &caller.0);
        let (_, is_new) = register_model(store, acting, &name, &description)?;
        if !is_new {
            return Err(Error::AlreadyExists { what: "model", id: name });
        }
        for tag in tags {
            let tag = Some((tag.key, Some(tag.value)));
            name_draft::change_model(
                store,
                acting,
                &name,
                &ModelChange { tag, ..ModelChange::default() },
            )?;
        }
        drafted_model(store, acting, &name)
    };
    Ok(HttpResponse::Ok().json(json!({"registered_model": shown(&blocking(work).await?)})))
}

/// One model.
pub(super) async fn read(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let name = Fields::query(&request, &["name"])?.text("name")?;
    let model = found((shared, caller), name).await?;
    Ok(HttpResponse::Ok().json(json!({"registered_model": shown(&model)})))
}

fn look(model: &DraftedModel, kind: Kind, key: &str) -> Result<Found> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
    let time = |at: &str| Found::Number(milliseconds(at) as f64);
    Ok(match (kind, key) {
        (Kind::Tag, key) => Found::named(&model.tags, key),
        (Kind::Attribute, "name") => Found::of(Some(&model.row.model)),
        (Kind::Attribute, "creation_timestamp") => time(&model.row.registered_at),
        (Kind::Attribute, "last_updated_timestamp" | "timestamp") => time(&model.description.1),
        (_, key) => return Err(no_attribute(key)),
    })
}

/// The models that fit, by name unless an order says otherwise.
pub(super) async fn search(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let known = ["filter", "max_results", "order_by", "page_token"];
    let asked = Asked::of(&Fields::query(&request, &known)?, 1000)?;
    let models = blocking(move || drafted_models(&shared.store, &caller.0)).await?;
    let page =
        asked.page(("registered_models", models), |model| model.row.model.clone(), look, shown)?;
    Ok(HttpResponse::Ok().json(page))
}

async fn change(
    (shared, caller): (web::Data<Shared>, Caller),
    name: String,
    change: ModelChange,
) -> Result<DraftedModel> {
    let work = move || {
        name_draft::change_model(&shared.store, &caller.0, &name, &change)?;
        drafted_model(&shared.store, &caller.0, &name)
    };
    blocking(work).await
}

/// Describes a model.
pub(super) async fn update(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["name", "description"])?;
    let description = Some(fields.text_or("description").unwrap_or_default());
    let said = ModelChange { description, ..ModelChange::default() };
    let model = change((shared, caller), fields.text("name")?, said).await?;
    Ok(HttpResponse::Ok().json(json!({"registered_model": shown(&model)})))
}

/// Refuses to rename a model.
pub(super) async fn rename(body: web::Bytes) -> Answer {
    let name = Fields::parse(&body, &["name", "new_name"])?.text("name")?;
    let detail =
        format!("`{name}` keeps its name: records name the model by it; register another model");
    Err(Error::Conflict { detail }.into())
}

/// Refuses to delete a model.
pub(super) async fn delete(body: web::Bytes) -> Answer {
    let name = Fields::parse(&body, &["name"])?.text("name")?;
    let detail =
        format!("`{name}` stays: what was registered is never removed; archive its versions");
    Err(Error::Conflict { detail }.into())
}

/// Sets a tag of a model.
pub(super) async fn set_tag(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["name", "key", "value"])?;
    let tag = Some(fields.tag(REGISTRY_TAG_BYTES_MAX)?);
    change((shared, caller), fields.text("name")?, ModelChange { tag, ..ModelChange::default() })
        .await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// Removes a tag of a model.
pub(super) async fn delete_tag(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["name", "key"])?;
    let tag = Some((fields.text("key")?, None));
    change((shared, caller), fields.text("name")?, ModelChange { tag, ..ModelChange::default() })
        .await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// Points an alias at a version; one that stands for use needs approval.
pub(super) async fn set_alias(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["name", "alias", "version"])?;
    let alias = Some((fields.text("alias")?, Some(number(&fields)?)));
    let said = ModelChange { alias, ..ModelChange::default() };
    let changed = change((shared, caller), fields.text("name")?, said).await;
    changed.map_err(|error| Refused::at(&request, error))?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// Removes an alias.
pub(super) async fn delete_alias(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["name", "alias"])?;
    let alias = Some((fields.text("alias")?, None));
    change((shared, caller), fields.text("name")?, ModelChange { alias, ..ModelChange::default() })
        .await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// The version that an alias points at.
pub(super) async fn read_alias(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let fields = Fields::query(&request, &["name", "alias"])?;
    let alias = fields.text("alias")?;
    let model = found((shared, caller), fields.text("name")?).await?;
    let draft = model.drafts.iter().find(|draft| draft.aliases.contains(&alias));
    // Clients tell a missing alias from a missing model by this code.
    let detail = || format!("Registered model alias {alias} not found.");
    let draft = draft.ok_or_else(|| Error::BadRequest { detail: detail() })?;
    Ok(HttpResponse::Ok().json(json!({"model_version": shown_version(draft)})))
}

async fn newest((shared, caller): (web::Data<Shared>, Caller), fields: Fields) -> Answer {
    let asked = fields.texts("stages");
    let asked: Vec<&str> = asked.iter().map(|stage| parse_stage(stage)).collect::<Result<_>>()?;
    let model = found((shared, caller), fields.text("name")?).await?;
    let stages = STAGES.iter().filter(|stage| asked.is_empty() || asked.contains(stage));
    let found: Vec<Value> =
        stages.filter_map(|stage| newest_in(&model, stage)).map(shown_version).collect();
    Ok(HttpResponse::Ok().json(json!({"model_versions": found})))
}

/// The newest version in each stage.
pub(super) async fn newest_versions(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    newest((shared, caller), Fields::parse(&body, &["name", "stages"])?).await
}

/// The same with the question in the query.
pub(super) async fn newest_versions_by_query(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    newest((shared, caller), Fields::query(&request, &["name", "stages"])?).await
}
