//! `/models/{model}/versions/{version}/assessments/{id}`: what a regulatory text wants to read about a version, to read and print.

use super::destination::percent_encoded;
use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use crate::evidence::assessment::{Assessment, texts};
use crate::procedures::assess_version::assess_version;
use actix_web::{get, web};
use askama::Template;

#[derive(Template)]
#[template(path = "assessment.html")]
struct AssessmentPage {
    frame: Frame,
    path: String,
    filled: Assessment,
    /// The other texts: id and title.
    others: Vec<(String, String)>,
}

impl AssessmentPage {
    fn sentence(&self, text: &str) -> Markup {
        Markup::sentence(text)
    }
}

/// The text, filled.
#[get("/models/{model}/versions/{version}/assessments/{id}")]
pub(super) async fn show(visitor: Visitor, of: web::Path<(String, String, String)>) -> Answer {
    visitor
        .page(move |visitor| {
            let (model, version, id) = of.into_inner();
            let filled =
                assess_version(&visitor.store, &visitor.acting(), (&model, &version), &id)?;
            let others = texts().iter().filter(|text| text.id != id);
            Ok(AssessmentPage {
                frame: visitor.frame(&filled.title, Place::Models),
                path: format!(
                    "/models/{}/versions/{}",
                    percent_encoded(&model),
                    percent_encoded(&version)
                ),
                others: others.map(|text| (text.id.clone(), text.title.clone())).collect(),
                filled,
            })
        })
        .await
}
