//! `/models/{model}/versions/{version}/steps/{step}`: what a step needs, exactly what is signed, and the password again.

use super::destination::percent_encoded;
use super::frame::{Frame, Notice, Place, role_words};
use super::life_cycle::{button, gap_lines};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use super::wording::words;
use crate::error::{Error, Result};
use crate::procedures::read_life_cycle::{LifeCycle, life_cycle};
use crate::procedures::take_step::{SheetView, StepOf, prepare_step, take_step};
use crate::review;
use crate::review::life_cycle::{Guard, Rule, Step};
use crate::review::step_sheet::StepInput;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to sign a step: what was typed for its sheet, the sheet's digest as it was shown, and the password again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SignForm {
    /// Why.
    pub reason: String,
    /// The day from which it holds.
    pub effective_on: String,
    /// Why a deviation is acceptable.
    pub deviation: String,
    /// The last entry about the version that was looked at, as the box says that is ticked.
    pub trail_reviewed: String,
    /// What is typed to sign.
    #[serde(flatten)]
    pub signing: Signing,
}

/// What was typed before the sheet is made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct InputQuery {
    /// Why.
    pub reason: String,
    /// The day from which it holds.
    pub effective_on: String,
    /// Why a deviation is acceptable.
    pub deviation: String,
    /// The last entry about the version that was looked at, as the box says that is ticked.
    pub trail_reviewed: String,
    /// Set by the form: what was typed is to be made into a sheet.
    pub sheet: String,
}

impl InputQuery {
    fn input(&self) -> StepInput {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        StepInput {
            reason: text(&self.reason),
            effective_on: text(&self.effective_on),
            deviation: text(&self.deviation),
            trail_reviewed: self.trail_reviewed.trim().parse().ok(),
        }
    }
}

/// A path to a step.
#[derive(Clone, Debug, Deserialize)]
pub struct StepPath {
    model: String,
    version: String,
    step: String,
}

impl StepPath {
    fn step(&self) -> Result<Step> {
        let none = || Error::NotFound { what: "step", id: self.step.clone() };
        Step::of_word(&self.step).ok_or_else(none)
    }

    fn of(&self) -> Result<StepOf<'_>> {
        Ok(StepOf { model: &self.model, version: &self.version, step: self.step()? })
    }
}

#[derive(Template)]
#[template(path = "step.html")]
struct StepPage {
    frame: Frame,
    version: String,
    version_path: String,
    path: String,
    heading: &'static str,
    typed: InputQuery,
    asks_reason: bool,
    asks_day: bool,
    asks_deviation: bool,
    today: String,
    gaps: Vec<(Markup, Markup)>,
    /// Why this person cannot sign; empty when they can.
    barred: Markup,
    rows: Vec<(&'static str, Markup)>,
    overlaps: Vec<String>,
    sheet: Option<SheetView>,
    /// The record whose trail is laid out.
    record_id: String,
    bytes: usize,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
}

impl StepPage {
    fn read(
        visitor: &Visitor,
        path: &StepPath,
        (typed, notice): (InputQuery, Option<Notice>),
    ) -> Result<Self> {
        let acting = visitor.acting();
        let of = path.of()?;
        let life = life_cycle(&visitor.store, &acting, (&path.model, &path.version))?;
        let (mut gaps, mut barred, mut sheet) = (Vec::new(), Markup::default(), None);
        match laid_out(visitor, of, typed.input()) {
            Ok(view) => sheet = Some(view),
            Err(Error::Review(review::Error::Incomplete { gaps: missing, .. })) => {
                gaps = gap_lines(&missing);
            }
            Err(error @ Error::Review(review::Error::Empty { .. })) => {
                if !typed.sheet.is_empty() {
                    barred = Markup::message(&error.to_string());
                }
            }
            Err(error @ (Error::Access(_) | Error::Review(_))) => {
                barred = Markup::message(&error.to_string());
            }
            Err(error) => return Err(error),
        }
        let rule = Rule::of(life.state, of.step);
        let needs = |guard| rule.is_some_and(|rule| rule.needs(guard));
        let deviates = life.next.iter().any(|next| next.step == of.step && next.deviates);
        let version_path = format!("/models/{}/versions/{}", path.model, path.version);
        let title = format!("{}: {} {}", button(of.step), path.model, path.version);
        let now = visitor.store.clock().now_text();
        Ok(Self {
            frame: visitor.frame(&title, Place::Models).with_notice(notice),
            version: format!("{} {}", path.model, path.version),
            path: format!("{version_path}/steps/{}", of.step.word()),
            version_path,
            heading: button(of.step),
            typed,
            asks_reason: needs(Guard::Reason),
            asks_day: needs(Guard::EffectiveDay),
            asks_deviation: deviates,
            today: now.chars().take(10).collect(),
            gaps,
            barred,
            rows: sheet.as_ref().map(|view| rows(view, &life)).unwrap_or_default(),
            overlaps: sheet.as_ref().map(|view| view.sheet.overlaps.clone()).unwrap_or_default(),
            bytes: sheet.as_ref().map_or(0, |view| view.document.len()),
            record_id: sheet.as_ref().map(|view| view.sheet.version_id.clone()).unwrap_or_default(),
            sheet,
            signer: visitor.signer(),
            meaning: rule.map_or("", |rule| rule.meaning.words()),
            meaning_word: rule.map(|rule| rule.meaning.word()).unwrap_or_default(),
        })
    }

    /// Whether something has to be typed before there is a sheet.
    fn asks(&self) -> bool {
        self.gaps.is_empty() && (self.asks_reason || self.asks_day || self.asks_deviation)
    }
}

/// The sheet as it would be signed: with the statement that the entries it lays out were looked at, which the signer ticks.
fn laid_out(visitor: &Visitor, of: StepOf<'_>, input: StepInput) -> Result<SheetView> {
    let view = prepare_step(&visitor.store, &visitor.acting(), of, &input)?;
    let Some(trail) = &view.sheet.trail else { return Ok(view) };
    let input = StepInput { trail_reviewed: Some(trail.last), ..input };
    prepare_step(&visitor.store, &visitor.acting(), of, &input)
}

/// The sheet in words.
fn rows(view: &SheetView, life: &LifeCycle) -> Vec<(&'static str, Markup)> {
    let sheet = &view.sheet;
    let cited = |id: &str, sha256: &str, entry: u64| {
        Markup::sentence(&format!("{id}, ledger entry {entry}, SHA-256 `{sha256}`"))
    };
    let mut rows = vec![
        ("Model version", Markup::text(&format!("{} {}", sheet.model, sheet.version))),
        (
            "State",
            Markup::text(&format!("{} → {}", words(sheet.from.word()), words(sheet.to.word()))),
        ),
        ("Registration", Markup::sentence(&format!("SHA-256 `{}`", sheet.registration_sha256))),
        ("Authors", Markup::text(&life.authors.join(", "))),
    ];
    let records = [
        ("Model record", sheet.model_record.as_ref()),
        ("Acceptance plan", sheet.acceptance.plan.as_ref()),
        ("Test run", sheet.acceptance.test_run.as_ref().map(|found| &found.run)),
    ];
    for (name, record) in records {
        if let Some(record) = record {
            rows.push((name, cited(&record.id, &record.sha256, record.entry)));
        }
    }
    if let Some(found) = &sheet.acceptance.test_run {
        let words = if found.meets_plan { "meets its plan" } else { "does not meet its plan" };
        rows.push(("Outcome of the test", Markup::text(words)));
    }
    if let Some(change) = &sheet.change {
        let test = if change.retest { "tested again" } else { "not tested again" };
        let hands = match (change.authored, change.approved) {
            (true, true) => "signed by author and QA",
            (true, false) => "signed by its author",
            (false, _) => "not signed",
        };
        let said = format!(
            "{}, ledger entry {}, SHA-256 `{}`: {test}, {hands}",
            change.id, change.entry, change.sha256
        );
        rows.push(("Change record", Markup::sentence(&said)));
    }
    if let Some(tier) = sheet.tier {
        rows.push(("Risk tier", Markup::text(tier.word())));
    }
    for review in &sheet.reviewed_by {
        let by = format!("{} ({})", review.user_name, role_words(review.role));
        rows.push(("Reviewed by", Markup::text(&format!("{by}, ledger entry {}", review.entry))));
    }
    if !sheet.acts_for.is_empty() {
        let roles: Vec<String> = sheet.acts_for.iter().map(|role| role_words(*role)).collect();
        rows.push(("Also acts for", Markup::text(&roles.join(", "))));
    }
    if let Some(fingerprint) = &sheet.configuration_sha256 {
        rows.push(("Configuration", Markup::sentence(&format!("SHA-256 `{fingerprint}`"))));
    }
    if let Some(trail) = &sheet.trail {
        rows.push(("Audit trail", Markup::text(&trail.sentence())));
    }
    for other in &sheet.supersedes {
        let said = format!(
            "version {} is in use now; by this signature it is suspended (sheet SHA-256 `{}`)",
            other.version, other.sheet_sha256
        );
        rows.push(("Goes out of use", Markup::sentence(&said)));
    }
    let texts = [
        ("Why training rows may stay", &sheet.overlap_justification),
        ("Reason", &sheet.reason),
        ("Holds from", &sheet.effective_on),
        ("Why the deviation is acceptable", &sheet.deviation),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            rows.push((name, Markup::text(text)));
        }
    }
    rows.push(("Follows", Markup::text(&format!("ledger entry {}", sheet.after))));
    rows
}

/// The step: what it needs, and its sheet.
#[get("/models/{model}/versions/{version}/steps/{step}")]
pub(super) async fn show(
    visitor: Visitor,
    path: web::Path<StepPath>,
    query: web::Query<InputQuery>,
) -> Answer {
    let (path, typed) = (path.into_inner(), query.into_inner());
    visitor.page(move |visitor| StepPage::read(visitor, &path, (typed, None))).await
}

/// Takes the step.
#[post("/models/{model}/versions/{version}/steps/{step}")]
pub(super) async fn sign(
    visitor: Visitor,
    path: web::Path<StepPath>,
    form: web::Form<SignForm>,
) -> Answer {
    let (path, form) = (path.into_inner(), form.into_inner());
    let typed = InputQuery {
        reason: form.reason,
        effective_on: form.effective_on,
        deviation: form.deviation,
        trail_reviewed: form.trail_reviewed,
        sheet: "yes".to_owned(),
    };
    let (asked, input) = (path.clone(), typed.input());
    let taken = visitor
        .sign(form.signing, None, move |store, acting, (sha256, password)| {
            take_step(store, acting, asked.of()?, (&input, sha256, password))
        })
        .await?;
    let Err(error) = taken else {
        let (model, version) = (percent_encoded(&path.model), percent_encoded(&path.version));
        return Ok(see_other(&format!("/models/{model}/versions/{version}#life-cycle")));
    };
    visitor
        .page_again(error, move |visitor, notice| {
            StepPage::read(visitor, &path, (typed, Some(notice)))
        })
        .await
}
