//! `/models`: the inventory.

use super::destination::percent_encoded;
use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::words;
use crate::procedures::read_records::{self, InventoryLine};
use crate::review::life_cycle::VersionState;
use crate::store::versions::VersionRow;
use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;

/// A version in the inventory.
struct VersionLine {
    path: String,
    version: String,
    state: &'static str,
    state_words: String,
    registered_by: String,
    registered_at: Markup,
    content_sha256: String,
    entry: u64,
}

/// A model in the inventory.
struct ModelLine {
    model: String,
    description: String,
    registered_at: Markup,
    entry: u64,
    versions: Vec<VersionLine>,
    drafts: Vec<DraftLine>,
}

/// A draft in the inventory.
struct DraftLine {
    path: String,
    number: u64,
    registered_by: String,
    registered_at: Markup,
    version: String,
    manifest_sha256: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "models.html")]
struct ModelsPage {
    frame: Frame,
    as_of: Markup,
    models: Vec<ModelLine>,
    search: String,
    /// Where the next page begins.
    more: Option<String>,
}

/// Models on a page.
const PAGE_MODELS: u64 = 50;

/// Which models.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelsQuery {
    /// Only models whose name holds this.
    pub search: String,
    /// Only models after this name.
    pub after: String,
}

/// Models with their versions, by name.
#[get("/models")]
pub(super) async fn show(visitor: Visitor, query: web::Query<ModelsQuery>) -> Answer {
    visitor
        .page(move |visitor| {
            let which = (query.after.as_str(), query.search.as_str());
            let models =
                read_records::inventory(&visitor.store, &visitor.acting(), which, PAGE_MODELS)?;
            let more = models.last().filter(|_| models.len() as u64 == PAGE_MODELS).map(|last| {
                let (search, after) =
                    (percent_encoded(&query.search), percent_encoded(&last.model.model));
                format!("/models?search={search}&after={after}")
            });
            let version = |(row, state): &(VersionRow, VersionState)| VersionLine {
                state: state.word(),
                state_words: words(state.word()),
                path: format!("/models/{}/versions/{}", row.model, row.version),
                version: row.version.clone(),
                registered_by: row.registered_by.clone(),
                registered_at: Markup::time(&row.registered_at),
                content_sha256: row.content_sha256.clone(),
                entry: row.entry,
            };
            let draft = |row: &crate::store::drafts::DraftRow| DraftLine {
                path: format!("/models/{}/drafts/{}", row.model, row.number),
                number: row.number,
                registered_by: row.registered_by.clone(),
                registered_at: Markup::time(&row.registered_at),
                version: row.version.clone().unwrap_or_default(),
                manifest_sha256: row.manifest_sha256.clone(),
                entry: row.entry,
            };
            let models =
                models.into_iter().map(|InventoryLine { model, versions, drafts }| ModelLine {
                    registered_at: Markup::time(&model.registered_at),
                    model: model.model,
                    description: model.description,
                    entry: model.entry,
                    versions: versions.iter().map(version).collect(),
                    drafts: drafts.iter().map(draft).collect(),
                });
            Ok(ModelsPage {
                frame: visitor.frame("Models", Place::Models),
                as_of: Markup::time(&visitor.store.clock().now_text()),
                models: models.collect(),
                search: query.search.clone(),
                more,
            })
        })
        .await
}
