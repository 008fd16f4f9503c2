//! The Phase I study to read and to print: one self-contained HTML file, with everything that the page of the study shows.

use super::printable::{plain, render};
use super::{Result, printable::PROGRAM};
use crate::digest;
use crate::drift::study::Study;
use crate::drift::study::drawing::study_chart;
use crate::drift::study::natural::StudiedSeries;
use crate::drift::study::tables::{ChangeLine, SeriesLine, change_lines, nearest, series_lines};
use crate::drift::study::words::{LIMITS, natural, outlying, replayed, studied};
use crate::review::study_signature::StudySignature;
use askama::Template;

/// A study as one HTML file, with the manifestation of its signature where it has one; `model` and `version` name what it is
/// attached to.
///
/// # Errors
///
/// [`super::Error::Render`]; [`super::Error::Digest`] for a value that has no canonical form.
pub fn study(
    study: &Study,
    (model, version): (&str, &str),
    signature: Option<&StudySignature>,
) -> Result<String> {
    let mut sentences = vec![studied(study)];
    sentences.extend(natural(study));
    render(&StudyPage {
        heading: format!("Phase I study of {model} {version}"),
        study,
        study_sha256: digest::sha256_hex(&digest::canonical_json(study)?),
        program: PROGRAM,
        manifestation: signature.map(StudySignature::manifestation).unwrap_or_default(),
        signature_id: signature.map(|signature| signature.id.as_str()).unwrap_or_default(),
        method: signature.map(|signature| signature.method.as_str()).unwrap_or_default(),
        sentences: sentences.iter().map(|sentence| plain(sentence)).collect(),
        outlying: outlying(study).map(|sentence| plain(&sentence)).unwrap_or_default(),
        replay: plain(&replayed(study)),
        drawings: nearest(study).into_iter().map(|series| drawing(series, study)).collect(),
        series: series_lines(study),
        changes: change_lines(study),
        limits: LIMITS,
    })
}

#[derive(Template)]
#[template(path = "printable_study.html")]
struct StudyPage<'a> {
    heading: String,
    study: &'a Study,
    study_sha256: String,
    program: &'static str,
    manifestation: String,
    signature_id: &'a str,
    method: &'a str,
    sentences: Vec<String>,
    outlying: String,
    replay: String,
    drawings: Vec<Drawing>,
    series: Vec<SeriesLine>,
    changes: Vec<ChangeLine>,
    limits: [&'static str; 4],
}

/// One series with its chart, which is SVG.
struct Drawing {
    key: String,
    rationale: String,
    warning: String,
    chart: String,
}

fn drawing(series: &StudiedSeries, study: &Study) -> Drawing {
    Drawing {
        key: format!("{}, {}", series.feature, series.series.word().replace('_', " ")),
        rationale: plain(&series.rationale),
        warning: series.warning.as_deref().map(plain).unwrap_or_default(),
        chart: study_chart(series, &study.batches),
    }
}
