//! `/review-samples/{id}`: how far a review is, what its answers say, and the form that closes it.

use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use super::wording::{counted, figures, p_value, whole};
use crate::access::role::Action;
use crate::procedures::close_review_sample::close_review_sample;
use crate::procedures::read_review_samples::{ReviewSampleView, review_sample};
use crate::review::concordance::Estimate;
use crate::review::number_figures::Differences;
use crate::review::reader_agreement::ReaderAgreement;
use crate::review::review_figures::{Claim, ClaimState, ReviewFigures};
use crate::review::review_sample::{Allocation, ReviewSample};
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// A figure with what it means.
struct FigureLine {
    name: &'static str,
    value: String,
    limits: String,
    meaning: &'static str,
}

/// A stratum.
struct StratumLine {
    name: String,
    rows: String,
    drawn: String,
    probability: String,
}

/// Two classes that are exchanged.
struct DirectionLine {
    words: String,
    p_value: String,
}

/// An answer.
struct AnswerLine {
    case: u64,
    row: u64,
    blind: bool,
    reading: &'static str,
    model_answer: String,
    answer: String,
    mark: &'static str,
    by: String,
    seconds: String,
    said: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "review_sample.html")]
struct SamplePage {
    frame: Frame,
    id: String,
    version: String,
    version_path: String,
    purpose: String,
    drawn: Markup,
    drawn_by: String,
    entry: u64,
    batches: String,
    allocation: String,
    seed: String,
    sha256: String,
    blind: String,
    answered: String,
    cases: String,
    left: u64,
    /// How many answers are hidden, in words; empty where none is.
    hidden: String,
    /// What second readings say about the readers.
    readers: Vec<FigureLine>,
    reader_notes: Vec<String>,
    is_mine: bool,
    claim: String,
    claim_words: String,
    claim_mark: &'static str,
    plan: Vec<String>,
    figures: Vec<FigureLine>,
    directions: Vec<DirectionLine>,
    notes: Vec<String>,
    strata: Vec<StratumLine>,
    answers: Vec<AnswerLine>,
    /// When it was closed, by whom, in which entry, and why.
    closed: Option<(Markup, String, u64, String)>,
    disagreement: Option<String>,
    may_close: bool,
}

fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

fn figure(
    name: &'static str,
    found: &Estimate,
    words: impl Fn(f64) -> String,
    meaning: &'static str,
) -> FigureLine {
    let (value, limits) = match found {
        Estimate::Interval(found) => {
            (words(found.estimate), format!("{} to {}", words(found.lower), words(found.upper)))
        }
        Estimate::NotEvaluated(reason) => ("not evaluated".to_owned(), reason.clone()),
    };
    FigureLine { name, value, limits, meaning }
}

fn lines(figures: &ReviewFigures) -> Vec<FigureLine> {
    let found = &figures.concordance;
    let number = |value: f64| format!("{value:.3}").replace('-', "−");
    let signed = |value: f64| format!("{:+.1}\u{a0}%", 100.0 * value).replace('-', "−");
    let mut lines = vec![
        figure(
            "Agreement",
            &found.agreement,
            percent,
            "Of the judged cases, the share in which reviewer and model say the same; exact limits (Clopper and Pearson).",
        ),
        figure(
            "Agreement, blind",
            &found.blind_agreement,
            percent,
            "The same of the cases in which the model's answer was hidden.",
        ),
        figure(
            "Agreement, assisted",
            &found.assisted_agreement,
            percent,
            "The same of the cases in which the model's answer was in sight.",
        ),
        figure(
            "Assisted minus blind",
            &found.assistance_effect,
            signed,
            "Above zero as a whole: people follow the model when they see its answer.",
        ),
        figure(
            "Kappa",
            &found.kappa,
            number,
            "Agreement beyond chance, 1 at most. It falls to zero where nearly all cases are of one class, even if people agree.",
        ),
        figure(
            "AC1",
            &found.ac1,
            number,
            "Agreement beyond chance as well, computed so that it does not fall there.",
        ),
        figure(
            "Error rate of all rows",
            &figures.error_rate,
            percent,
            "Of all rows of the batches, the share in which a reviewer would say otherwise: each case counts for the rows of its stratum that it stands for (Horvitz and Thompson).",
        ),
    ];
    if let Some(numbers) = &figures.numbers {
        lines.retain(|line| !["Kappa", "AC1"].contains(&line.name));
        lines.extend(difference_lines(&numbers.differences, "Predicted minus reviewer's number"));
    }
    lines
}

/// How far two numbers are apart: mean, and limits of agreement.
fn difference_lines(found: &Differences, name: &'static str) -> Vec<FigureLine> {
    let number = |value: f64| format!("{value:+.4}").replace('-', "−");
    vec![
        figure(
            name,
            &found.mean,
            number,
            "Mean, in the unit of the prediction, of the cases in which both are numbers; limits of Student.",
        ),
        figure(
            "Lower limit of agreement",
            &found.lower_limit,
            number,
            "2.5 % of the differences lie below it, if they are about normal (Bland and Altman).",
        ),
        figure(
            "Upper limit of agreement",
            &found.upper_limit,
            number,
            "2.5 % of the differences lie above it.",
        ),
    ]
}

/// What second readings say about the readers.
fn reader_lines(found: &ReaderAgreement) -> Vec<FigureLine> {
    let number = |value: f64| format!("{value:.3}").replace('-', "−");
    let mut lines = vec![
        figure(
            "Agreement of the readers",
            &found.agreement,
            percent,
            "Of the cases that both judged, the share in which the second reader says what the first said without knowing it; exact limits.",
        ),
        figure("Kappa", &found.kappa, number, "Their agreement beyond chance (Cohen)."),
        figure(
            "AC1",
            &found.ac1,
            number,
            "The same, computed so that it does not fall where one class dominates (Gwet).",
        ),
    ];
    if let Some(differences) = &found.differences {
        lines.truncate(1);
        lines.extend(difference_lines(differences, "First minus second reader's number"));
    }
    lines
}

fn reader_notes(found: &ReaderAgreement) -> Vec<String> {
    let mut notes = vec![format!(
        "{} of {} read twice; they differ on {}, of which {} settled by a third person.",
        found.read_twice,
        counted(found.cases, "case", "cases"),
        found.differing,
        counted(found.adjudicated, "is", "are")
    )];
    if found.cannot_be_judged > 0 {
        notes.push(format!(
            "{} that a reader could not judge left out of their agreement.",
            counted(found.cannot_be_judged, "case is", "cases are")
        ));
    }
    if found.settled > 0 {
        notes.push(format!(
            "Where it is settled what holds, the model says so in {} of {}.",
            found.model_agrees,
            counted(found.settled, "case", "cases")
        ));
    }
    notes
}

fn claim_words(claim: &Claim, left: u64) -> (String, &'static str) {
    match claim.state {
        ClaimState::Met => {
            let after = counted(claim.met_after.unwrap_or_default(), "case", "cases");
            (format!("met after {after}"), "stable")
        }
        ClaimState::NotYet => (
            format!(
                "not yet: {} more without a wrong one would do, {left} are left",
                counted(claim.right_cases_to_go, "case", "cases")
            ),
            "undetermined",
        ),
        ClaimState::NotWithThisSample => (
            format!(
                "cannot be met with this sample any more: {} more without a wrong one would be needed, {left} are left",
                counted(claim.right_cases_to_go, "case", "cases")
            ),
            "drift",
        ),
    }
}

fn notes(figures: &ReviewFigures) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(numbers) = &figures.numbers {
        notes.push(format!(
            "A predicted number agrees where it is at most {} away from the reviewer's, or was accepted as it is: accepted {}, rejected {}, numbers of their own {}.",
            numbers.tolerance, numbers.accepted, numbers.rejected, numbers.differences.pairs
        ));
    }
    if !figures.concordance.enough_blind && figures.answered > 0 {
        notes.push("Fewer than a tenth of the judged cases are blind so far.".to_owned());
    }
    if figures.cannot_be_judged > 0 {
        notes.push(format!(
            "{} cannot be judged: left out of agreement and error rate; for the claim they count as wrong.",
            counted(figures.cannot_be_judged, "case", "cases")
        ));
    }
    if figures.corrected > 0 {
        notes.push(format!(
            "{} corrected; the first answers count. With the corrections, reviewer and model agree in {} of {}.",
            counted(figures.corrected, "answer was", "answers were"),
            figures.agreed_after_corrections,
            figures.answered
        ));
    }
    if let Some(median) = figures.dwell.median_ms {
        notes.push(format!(
            "Half of the cases were looked at for {} seconds or less; {} in less than {} seconds.",
            seconds(median),
            counted(figures.dwell.quick, "case was answered", "cases were answered"),
            seconds(figures.dwell.quick_below_ms)
        ));
    }
    notes
}

fn seconds(ms: u64) -> String {
    figures(ms as f64 / 1_000.0)
}

fn strata(sample: &ReviewSample) -> Vec<StratumLine> {
    let line = |stratum: &crate::review::review_sample::SampledStratum| StratumLine {
        name: stratum.name.clone(),
        rows: whole(stratum.rows),
        drawn: whole(stratum.drawn),
        probability: figures(stratum.inclusion_probability),
    };
    sample.strata.iter().map(line).collect()
}

fn answer_lines(view: &ReviewSampleView) -> Vec<AnswerLine> {
    let line = |one: &crate::procedures::review_prediction::AnswerView| {
        let said = &one.said;
        let parts = [&said.reason, &said.comment].into_iter().flatten();
        AnswerLine {
            case: said.case,
            row: said.row,
            blind: said.blind,
            model_answer: said.model_answer.clone(),
            reading: said.reading.word(),
            answer: said.words(),
            mark: match said.agrees(&view.sample) {
                Some(true) => "stable",
                Some(false) => "drift",
                None => "undetermined",
            },
            by: said.answered_by.clone(),
            seconds: said.dwell_ms.map_or_else(|| "correction".to_owned(), seconds),
            said: parts.cloned().collect::<Vec<_>>().join("; "),
            entry: one.row.entry,
        }
    };
    view.answers.iter().map(line).collect()
}

impl SamplePage {
    fn of(visitor: &Visitor, view: ReviewSampleView, notice: Option<Notice>) -> Self {
        let frame = visitor.frame("Review sample", Place::PredictionReview).with_notice(notice);
        let (sample, row) = (&view.sample, &view.row);
        let unanswered = row.cases.saturating_sub(row.answered);
        let (claim_words, claim_mark) = claim_words(&view.figures.claim, unanswered);
        let found = &view.figures.concordance;
        let direction = |one: &crate::review::concordance::Direction| DirectionLine {
            words: format!(
                "The model said {} and the reviewer {} in {}; the other way round in {}.",
                one.first,
                one.second,
                counted(one.model_first, "case", "cases"),
                one.model_second
            ),
            p_value: p_value(one.p_value),
        };
        let plan = view.stop_any_time.iter().map(|plan| {
            format!("{} with {} wrong", counted(plan.cases, "case", "cases"), plan.errors)
        });
        let names: Vec<&str> = sample.batches.iter().map(|batch| batch.name.as_str()).collect();
        let disagreement =
            view.result.as_ref().and_then(|closed| closed.result.disagreement.as_ref());
        Self {
            version: format!("{} {}", sample.model, sample.version),
            version_path: format!("/models/{}/versions/{}", sample.model, sample.version),
            purpose: sample.purpose.clone(),
            drawn: Markup::time(&row.at),
            drawn_by: row.drawn_by.clone(),
            entry: row.entry,
            batches: names.join(", "),
            allocation: match sample.plan.allocation {
                Allocation::PerStratum(rows) => format!("{} of each stratum", whole(rows)),
                Allocation::Proportional(cases) => {
                    format!("{} in proportion to the rows of the strata", whole(cases))
                }
            },
            seed: sample.seed.clone(),
            sha256: row.sha256.clone(),
            blind: counted(
                sample.cases.iter().filter(|case| case.blind).count() as u64,
                "blind case",
                "blind cases",
            ),
            answered: whole(row.answered),
            cases: counted(row.cases, "case", "cases"),
            left: view.left,
            hidden: match view.hidden {
                0 => String::new(),
                hidden => counted(hidden, "answer is not told yet, because somebody", "answers are not told yet, because somebody"),
            },
            readers: view.figures.readers.as_ref().map(reader_lines).unwrap_or_default(),
            reader_notes: view.figures.readers.as_ref().map(reader_notes).unwrap_or_default(),
            is_mine: view.is_mine,
            claim: format!(
                "The error rate is below {}, with {} confidence",
                percent(sample.plan.claim),
                percent(sample.plan.confidence)
            ),
            claim_words,
            claim_mark,
            plan: plan.collect(),
            figures: lines(&view.figures),
            directions: found.directions.iter().map(direction).collect(),
            notes: notes(&view.figures),
            strata: strata(sample),
            answers: answer_lines(&view),
            closed: view.result.as_ref().map(|closed| {
                let reason = closed.result.reason.clone().unwrap_or_default();
                let by = closed.result.closed_by.clone();
                (Markup::time(&closed.row.at), by, closed.row.entry, reason)
            }),
            disagreement: disagreement.map(|evidence| match &evidence.alarm {
                Some(alarm) => format!("It raised an alert: {alarm}."),
                None => format!(
                    "Evidence that people disagree more often than the policy tolerates: {} of the alarm limit.",
                    super::wording::meter(evidence.meter)
                ),
            }),
            may_close: frame.may(Action::DrawReviewSample) && !row.is_closed,
            id: row.id.clone(),
            frame,
        }
    }
}

/// One sample.
#[get("/review-samples/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| {
            let view = review_sample(&visitor.store, &visitor.acting(), &id)?;
            Ok(SamplePage::of(visitor, view, None))
        })
        .await
}

/// What is typed to close it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CloseForm {
    /// The session's form token.
    pub form_token: String,
    /// Why, where cases are left.
    pub reason: String,
}

/// Closes a sample.
#[post("/review-samples/{id}/result")]
pub(super) async fn close(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<CloseForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let id = id.into_inner();
    let of = id.clone();
    let closed = visitor
        .act(move |store, acting| {
            acting.permit(Action::DrawReviewSample)?;
            close_review_sample(store, acting, &of, Some(&form.reason))
        })
        .await;
    let Err(error) = closed else { return Ok(see_other(&format!("/review-samples/{id}"))) };
    visitor
        .page_again(error, move |visitor, notice| {
            let view = review_sample(&visitor.store, &visitor.acting(), &id)?;
            Ok(SamplePage::of(visitor, view, Some(notice)))
        })
        .await
}
