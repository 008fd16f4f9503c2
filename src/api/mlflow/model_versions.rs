//! `model-versions/…`: draft versions, which the protocol calls model versions.

use super::Answer;
use super::fields::{Fields, REGISTRY_TAG_BYTES_MAX};
use super::filter::{Found, Kind};
use super::page::{Asked, milliseconds, no_attribute};
use super::refused::Refused;
use crate::api::extract::{Caller, Shared, blocking};
use crate::error::{Error, Result};
use crate::procedures::name_draft::{self, DraftChange};
use crate::procedures::register_draft::{
    DraftView, NewDraft, drafted_models, read_draft, register_draft,
};
use crate::provenance::run::NamedValue;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// The number of the draft that a request names; the protocol writes numbers as text.
///
/// # Errors
///
/// [`Error::NotFound`] for what is no number: then there is no such version.
pub(super) fn number(fields: &Fields) -> Result<u64> {
    let text = match fields.whole("version") {
        Ok(Some(number)) => number.to_string(),
        _ => fields.text("version")?,
    };
    text.parse().map_err(|_not_a_number| Error::NotFound { what: "draft version", id: text })
}

/// A draft as the protocol shows a model version.
pub(super) fn shown(draft: &DraftView) -> Value {
    let row = &draft.row;
    let own = |key: &str, value: String| NamedValue { key: key.to_owned(), value };
    let review =
        row.version.as_ref().map_or_else(|| "draft".to_owned(), |v| format!("registered as {v}"));
    let mut tags = draft.tags.clone();
    tags.push(own("prov.ledger_index", row.entry.to_string()));
    tags.push(own("prov.manifest", row.manifest_sha256.clone()));
    tags.push(own("prov.review_state", review));
    json!({"name": row.model, "version": row.number.to_string(), "creation_timestamp": milliseconds(&row.registered_at),
        "last_updated_timestamp": milliseconds(&row.changed_at), "user_id": row.registered_by, "current_stage": row.stage,
        "description": draft.description, "source": row.source, "run_id": row.run_id.clone().unwrap_or_default(),
        "status": "READY", "run_link": "", "aliases": draft.aliases, "tags": tags})
}

fn answer(draft: &DraftView) -> HttpResponse {
    HttpResponse::Ok().json(json!({"model_version": shown(draft)}))
}

/// Registers a draft version; its files are frozen.
pub(super) async fn create(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let known = ["name", "source", "run_id", "tags", "description", "model_id"];
    let fields = Fields::parse(&body, &known)?;
    let new = NewDraft {
        model: fields.text("name")?,
        source: fields.text("source")?,
        run_id: fields.text("run_id").ok(),
        description: fields.text_or("description").unwrap_or_default(),
        tags: fields.copied_tags(REGISTRY_TAG_BYTES_MAX)?,
    };
    let work = move || register_draft(&shared.store, &caller.0, &new);
    Ok(answer(&blocking(work).await?))
}

async fn found(
    (shared, caller): (web::Data<Shared>, Caller),
    request: &HttpRequest,
) -> Result<DraftView> {
    let fields = Fields::query(request, &["name", "version"])?;
    let (name, number) = (fields.text("name")?, number(&fields)?);
    blocking(move || read_draft(&shared.store, &caller.0, &name, number)).await
}

/// One draft version.
pub(super) async fn read(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    Ok(answer(&found((shared, caller), &request).await?))
}

/// Where the files of a draft version are, whatever its source says.
pub(super) async fn download_uri(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let draft = found((shared, caller), &request).await?;
    Ok(HttpResponse::Ok().json(json!({"artifact_uri": draft.place.uri()})))
}

fn look(draft: &DraftView, kind: Kind, key: &str) -> Result<Found> {
    let row = &draft.row;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds and counts stay below 2^53")]
    let whole = |number: i64| Found::Number(number as f64);
    Ok(match (kind, key) {
        (Kind::Tag, key) => Found::named(&draft.tags, key),
        (Kind::Attribute, "name") => Found::of(Some(&row.model)),
        (Kind::Attribute, "version_number" | "version") => whole(row.number.cast_signed()),
        (Kind::Attribute, "run_id") => Found::of(row.run_id.as_deref()),
        (Kind::Attribute, "source_path" | "source") => Found::of(Some(&row.source)),
        (Kind::Attribute, "creation_timestamp") => whole(milliseconds(&row.registered_at)),
        (Kind::Attribute, "last_updated_timestamp") => whole(milliseconds(&row.changed_at)),
        (_, key) => return Err(no_attribute(key)),
    })
}

/// The draft versions that fit, newest first unless an order says otherwise.
pub(super) async fn search(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let known = ["filter", "max_results", "order_by", "page_token"];
    let asked = Asked::of(&Fields::query(&request, &known)?, 200_000)?;
    let models = blocking(move || drafted_models(&shared.store, &caller.0)).await?;
    let mut drafts: Vec<DraftView> = models.into_iter().flat_map(|model| model.drafts).collect();
    drafts.sort_by_key(|draft| std::cmp::Reverse(draft.row.entry));
    let page = asked.page(("model_versions", drafts), |draft| draft.row.id.clone(), look, shown)?;
    Ok(HttpResponse::Ok().json(page))
}

async fn change(
    (shared, caller): (web::Data<Shared>, Caller),
    fields: &Fields,
    change: DraftChange,
) -> Result<DraftView> {
    let (name, number) = (fields.text("name")?, number(fields)?);
    let work = move || name_draft::change_draft(&shared.store, &caller.0, (&name, number), &change);
    blocking(work).await
}

/// Describes a draft version.
pub(super) async fn update(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["name", "version", "description"])?;
    let description = Some(fields.text_or("description").unwrap_or_default());
    let said = DraftChange { description, ..DraftChange::default() };
    Ok(answer(&change((shared, caller), &fields, said).await?))
}

/// Moves a draft version to a stage; one that stands for use needs approval.
pub(super) async fn transition_stage(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["name", "version", "stage", "archive_existing_versions"])?;
    let stage = Some((fields.text("stage")?, fields.is_true("archive_existing_versions")));
    let said = DraftChange { stage, ..DraftChange::default() };
    let changed = change((shared, caller), &fields, said).await;
    Ok(answer(&changed.map_err(|error| Refused::at(&request, error))?))
}

/// Deletes a draft version that no version took up; its files stay.
pub(super) async fn delete(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["name", "version"])?;
    let deleted = DraftChange { deleted: Some(true), ..DraftChange::default() };
    change((shared, caller), &fields, deleted).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// Sets a tag of a draft version.
pub(super) async fn set_tag(shared: web::Data<Shared>, caller: Caller, body: web::Bytes) -> Answer {
    let fields = Fields::parse(&body, &["name", "version", "key", "value"])?;
    let tag = Some(fields.tag(REGISTRY_TAG_BYTES_MAX)?);
    change((shared, caller), &fields, DraftChange { tag, ..DraftChange::default() }).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// Removes a tag of a draft version.
pub(super) async fn delete_tag(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Bytes,
) -> Answer {
    let fields = Fields::parse(&body, &["name", "version", "key"])?;
    let tag = Some((fields.text("key")?, None));
    change((shared, caller), &fields, DraftChange { tag, ..DraftChange::default() }).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
