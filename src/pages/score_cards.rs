//! `/models/{model}/versions/{version}/score-cards`: the frozen score cards of one feature, to check in a spreadsheet, and all of
//! them as CSV.

use super::frame::{Frame, Place};
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::words;
use crate::drift::monitor::Series;
use crate::drift::score_cards::{bin_labels, csv, lane_words};
use crate::error::Error;
use crate::procedures::read_records::{ScoreCards, score_cards};
use actix_web::{HttpResponse, get, web};
use askama::Template;
use serde::Deserialize;

/// Which feature.
#[derive(Debug, Deserialize)]
struct Query {
    feature: Option<String>,
}

/// One lane: its weight, and a score a bin.
struct LaneLine {
    words: String,
    strength: String,
    weight: String,
    scores: Vec<String>,
}

/// The cards of one series.
struct SeriesCards {
    series: String,
    weight: String,
    tolerance: String,
    learned_weight: String,
    bins: Vec<String>,
    shares: Vec<String>,
    lanes: Vec<LaneLine>,
}

#[derive(Template)]
#[template(path = "score_cards.html")]
struct ScoreCardPage {
    frame: Frame,
    version: String,
    path: String,
    feature: String,
    features: Vec<(String, String)>,
    threshold: String,
    log_threshold: String,
    cards: Vec<SeriesCards>,
}

impl ScoreCardPage {
    fn of(visitor: &Visitor, view: &ScoreCards, asked: Option<&str>) -> Result<Self, Error> {
        let known = |name: &str| view.monitor.series.iter().any(|s| s.feature == name);
        let first = view.monitor.series.first().map_or("", |series| series.feature.as_str());
        let feature = asked.unwrap_or(first).to_owned();
        if asked.is_some() && !known(&feature) {
            return Err(Error::NotFound { what: "feature", id: feature });
        }
        let mut names: Vec<&str> =
            view.monitor.series.iter().map(|series| series.feature.as_str()).collect();
        names.dedup();
        let path = format!("/models/{}/versions/{}", view.version.model, view.version.version);
        let n = view.monitor.batches_per_false_alarm;
        let title = format!("Score cards of {} {}", view.version.model, view.version.version);
        Ok(Self {
            frame: visitor.frame(&title, Place::Models),
            version: format!("{} {}", view.version.model, view.version.version),
            features: names.iter().map(|name| (encoded(name), (*name).to_owned())).collect(),
            threshold: format!("{n}"),
            log_threshold: format!("{:.6}", libm::log(n)),
            cards: view
                .monitor
                .series
                .iter()
                .filter(|series| series.feature == feature)
                .map(|series| cards(view, series))
                .collect(),
            path,
            feature,
        })
    }
}

fn cards(view: &ScoreCards, series: &Series) -> SeriesCards {
    let detector = &series.detector;
    let lane = |lane: &crate::statistics::e_detector::ScoredLane| LaneLine {
        words: lane_words(lane.kind),
        strength: format!("{}", lane.strength),
        weight: format!("{:.6}", lane.weight),
        scores: lane.scores.iter().map(|score| format!("{score:.6}")).collect(),
    };
    SeriesCards {
        series: words(series.name.word()),
        weight: format!("{:.6}", series.weight),
        tolerance: format!("{:.6}", series.tolerance()),
        learned_weight: format!("{:.6}", detector.learned_weight()),
        bins: bin_labels(&view.reference, series),
        shares: detector.reference.iter().map(|share| format!("{share:.6}")).collect(),
        lanes: detector.lanes.iter().map(lane).collect(),
    }
}

/// A name as a query value.
fn encoded(name: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The score cards of one feature.
#[get("/models/{model}/versions/{version}/score-cards")]
pub(super) async fn show(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    query: web::Query<Query>,
) -> Answer {
    visitor
        .page(move |visitor| {
            let (model, version) = path.into_inner();
            let view = score_cards(&visitor.store, &visitor.acting(), &model, &version)?;
            ScoreCardPage::of(visitor, &view, query.feature.as_deref())
        })
        .await
}

/// All score cards of a version as CSV, every digit.
#[get("/models/{model}/versions/{version}/score-cards.csv")]
pub(super) async fn table(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    let (model, version) = path.into_inner();
    let read = visitor.act(move |store, acting| {
        let view = score_cards(store, acting, &model, &version)?;
        Ok(csv(&view.monitor, &view.reference))
    });
    let text = read.await.map_err(|error| visitor.refuse(error))?;
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(text))
}
