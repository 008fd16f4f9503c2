//! `/models/{model}/versions/{version}/compare-batches`: two judged batches beside each other.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::report_features::{StatisticLine, statistic_lines};
use super::visitor::Visitor;
use super::wording::{counted, verdict_sign, whole, words};
use crate::drift::assess::Verdict;
use crate::drift::batch_pair::{BatchSide, FeaturePair, counts_of};
use crate::drift::chart::histogram_between;
use crate::drift::quantile_plot::quantile_plot;
use crate::drift::sentence::percent;
use crate::procedures::compare_batches::{ComparedBatches, compare_batches};
use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;

/// Which batches; empty for the last two.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PairQuery {
    /// Name of the one.
    before: String,
    /// Name of the other.
    after: String,
}

/// One of the two batches.
struct SideBox {
    name: String,
    path: String,
    rows: String,
    period: Option<(Markup, Markup)>,
    verdict: &'static str,
    verdict_words: String,
    sign: &'static str,
}

/// One feature in both.
struct PairSection {
    index: usize,
    feature: String,
    moved: String,
    about: String,
    verdicts: [(&'static str, String, &'static str); 2],
    rows: [String; 2],
    chart: Markup,
    quantiles: Markup,
    statistics: Vec<StatisticLine>,
    open: bool,
}

#[derive(Template)]
#[template(path = "batch_pair.html")]
struct PairPage {
    frame: Frame,
    model: String,
    version: String,
    path: String,
    names: Vec<String>,
    sides: [SideBox; 2],
    sections: Vec<PairSection>,
}

/// Features that are shown in full at once.
const OPEN: usize = 3;

fn side(side: &BatchSide, report: &str) -> SideBox {
    let period = side.period_start.as_deref().zip(side.period_end.as_deref());
    SideBox {
        name: side.batch.clone(),
        path: format!("/reports/{report}"),
        rows: counted(side.rows, "row", "rows"),
        period: period.map(|(start, end)| (Markup::time(start), Markup::time(end))),
        verdict: side.verdict.word(),
        verdict_words: words(side.verdict.word()),
        sign: verdict_sign(side.verdict),
    }
}

fn section((at, pair): (usize, &FeaturePair), compared: &ComparedBatches) -> PairSection {
    let features = &compared.reference.features;
    let index = features.iter().position(|feature| feature.feature == pair.feature);
    let index = index.unwrap_or_default();
    let counts = counts_of(&compared.reference, &compared.reports[0], index);
    let other = compared.reports[1].features.get(index).map(|feature| &feature.profile);
    let names = (compared.pair.before.batch.as_str(), compared.pair.after.batch.as_str());
    let drawn = counts.as_ref().zip(other);
    let unit = features.get(index).and_then(|feature| feature.unit.clone());
    let told = |verdict: Verdict| (verdict.word(), words(verdict.word()), verdict_sign(verdict));
    let moved = pair.statistics.get("total_variation").and_then(|found| found.value);
    PairSection {
        index,
        feature: pair.feature.clone(),
        moved: moved.map_or_else(
            || "cannot be compared".to_owned(),
            |share| format!("{} of the values would have to move to another bin", percent(share)),
        ),
        about: format!("{}, {}", pair.role.word(), pair.kind.word()),
        verdicts: pair.verdicts.map(told),
        rows: pair.rows.map(|rows| {
            format!("{}, {} missing", counted(rows.rows, "row", "rows"), whole(rows.nulls))
        }),
        chart: drawn
            .map(|(one, other)| Markup::drawing(histogram_between(names, one, other)))
            .unwrap_or_default(),
        quantiles: drawn
            .map(|(one, other)| Markup::drawing(quantile_plot(names, one, other)))
            .unwrap_or_default(),
        statistics: statistic_lines(&pair.statistics, (unit.as_deref(), names.0)),
        open: at < OPEN,
    }
}

impl PairPage {
    fn is_chosen(&self, side: usize, name: &str) -> bool {
        self.sides.get(side).is_some_and(|side| side.name == name)
    }

    fn of(frame: Frame, (model, version): (&str, &str), compared: &ComparedBatches) -> Self {
        let pair = &compared.pair;
        Self {
            frame,
            path: format!("/models/{model}/versions/{version}"),
            model: model.to_owned(),
            version: version.to_owned(),
            names: compared.names.clone(),
            sides: [
                side(&pair.before, &compared.rows[0].id),
                side(&pair.after, &compared.rows[1].id),
            ],
            sections: pair.features.iter().enumerate().map(|one| section(one, compared)).collect(),
        }
    }
}

/// Two batches.
#[get("/models/{model}/versions/{version}/compare-batches")]
pub(super) async fn show(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    query: web::Query<PairQuery>,
) -> Answer {
    visitor
        .page(move |visitor| {
            let of = (path.0.as_str(), path.1.as_str());
            let chosen = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
            let (before, after) = (chosen(&query.before), chosen(&query.after));
            let which = (before.as_deref(), after.as_deref());
            let compared = compare_batches(&visitor.store, &visitor.acting(), of, which)?;
            let title = format!("{} {}: two batches", of.0, of.1);
            Ok(PairPage::of(visitor.frame(&title, Place::Models), of, &compared))
        })
        .await
}
