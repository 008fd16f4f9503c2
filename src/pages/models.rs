//! `/models`: the inventory.

use super::destination::percent_encoded;
use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::words;
use crate::procedures::read_inventory::{InventoryFilter, InventoryLine, inventory};
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
    /// What was asked for.
    query: ModelsQuery,
    models: Vec<ModelLine>,
    /// Where the next page begins.
    more: Option<String>,
}

/// Words to look for, and the day.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelsQuery {
    /// Words that all have to be found.
    pub q: String,
    /// The day as of which the inventory is shown; empty for now.
    pub as_of: String,
    /// Only models after this name.
    pub after: String,
}

/// Models on a page.
const PAGE_MODELS: usize = 50;

impl ModelsQuery {
    fn is_narrowed(&self) -> bool {
        !self.q.trim().is_empty() || !self.as_of.trim().is_empty()
    }
}

/// All models with their versions, or those that are looked for, now or as of a day.
#[get("/models")]
pub(super) async fn show(visitor: Visitor, query: web::Query<ModelsQuery>) -> Answer {
    let query = query.into_inner();
    visitor
        .page(move |visitor| {
            let filter = InventoryFilter {
                search: query.q.clone(),
                as_of: Some(query.as_of.clone()),
                after: query.after.clone(),
                limit: Some(PAGE_MODELS),
            };
            let models = inventory(&visitor.store, &visitor.acting(), &filter)?;
            let more = models.last().filter(|_| models.len() == PAGE_MODELS).map(|last| {
                let [q, as_of, after] =
                    [&query.q, &query.as_of, &last.model.model].map(|text| percent_encoded(text));
                format!("/models?q={q}&as_of={as_of}&after={after}")
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
                as_of: match query.as_of.trim() {
                    "" => Markup::time(&visitor.store.clock().now_text()),
                    day => Markup::text(day),
                },
                query,
                models: models.collect(),
                more,
            })
        })
        .await
}
