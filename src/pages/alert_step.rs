//! `/alerts/{id}/steps/{step}`: what a step of an alert needs, exactly what is signed, and the password again.

use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use super::wording::{counted, words};
use crate::error::{Error, Result};
use crate::procedures::read_records::{self, EpisodeView};
use crate::procedures::step_episode::{EpisodeSheetView, prepare_episode_step, take_episode_step};
use crate::review;
use crate::review::decision::Severity;
use crate::review::episode_cycle::EpisodeStep;
use crate::review::episode_sheet::{CauseClass, EpisodeSheet, EpisodeStepInput};
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed for a step, and to sign it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    /// The session's form token.
    pub form_token: String,
    /// Set by the form: what was typed is to be made into a sheet.
    pub sheet: String,
    /// SHA-256 of the sheet that was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
    /// The fields of the step, by their names in the API.
    #[serde(flatten)]
    pub fields: std::collections::BTreeMap<String, String>,
}

impl StepForm {
    fn text(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    fn input(&self) -> EpisodeStepInput {
        EpisodeStepInput {
            reason: self.text("reason"),
            cause: self.text("cause"),
            finding: self.text("finding"),
            first_batch: self.text("first_batch"),
            last_batch: self.text("last_batch"),
            at_risk: self.text("at_risk"),
            none_at_risk_because: self.text("none_at_risk_because"),
            what: self.text("what"),
            owner: self.text("owner"),
            due_on: self.text("due_on"),
            series: self.text("series"),
            batches: self.text("batches").trim().parse().ok(),
            version: self.text("version"),
            horizon_on: self.text("horizon_on"),
            severity: self.text("severity"),
            system: self.text("system"),
            number: self.text("number"),
            status: self.text("status"),
            link: self.text("link"),
            trail_reviewed: self.text("trail_reviewed").trim().parse().ok(),
        }
    }
}

/// A path to a step.
#[derive(Clone, Debug, Deserialize)]
pub struct StepPath {
    id: String,
    step: String,
}

impl StepPath {
    fn step(&self) -> Result<EpisodeStep> {
        let none = || Error::NotFound { what: "step", id: self.step.clone() };
        EpisodeStep::of_word(&self.step).filter(|step| step.has_sheet()).ok_or_else(none)
    }
}

/// One field of a step's form.
struct Field {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    /// `text`, `area`, `date`, `number`; with choices it is a select.
    kind: &'static str,
    choices: Vec<(&'static str, String)>,
    required: bool,
}

/// The fields that a step asks for: name, label, hint, kind, whether it is required.
fn asked(step: EpisodeStep) -> Vec<(&'static str, &'static str, &'static str, &'static str, bool)> {
    match step {
        EpisodeStep::Investigate => vec![
            ("cause", "Class of the cause", "", "cause", true),
            ("finding", "Finding", "What was found, and how.", "area", true),
            (
                "first_batch",
                "First batch with affected predictions",
                "Empty: the first one of the alert.",
                "text",
                false,
            ),
            (
                "last_batch",
                "Last batch with affected predictions",
                "Empty: the last one of the alert.",
                "text",
                false,
            ),
            (
                "at_risk",
                "Other versions at risk",
                "model/version, separated by commas.",
                "text",
                false,
            ),
            (
                "none_at_risk_because",
                "Why no other version is at risk",
                "Where none is named.",
                "text",
                false,
            ),
        ],
        EpisodeStep::Plan => vec![
            ("what", "What is done", "", "area", true),
            ("owner", "User name of who is responsible", "", "text", true),
            ("due_on", "Due", "", "date", true),
            (
                "series",
                "Series to watch",
                "feature/series, separated by commas; empty: those of the alert.",
                "text",
                false,
            ),
            (
                "batches",
                "Later batches without drift",
                "How many, from the first one after the action is done.",
                "number",
                true,
            ),
            ("version", "Version to watch", "Empty: that of the alert.", "text", false),
            ("horizon_on", "Last day on which batches count", "", "date", true),
        ],
        EpisodeStep::Extend => vec![
            ("due_on", "New due date", "", "date", true),
            ("reason", "Reason", "", "area", true),
        ],
        EpisodeStep::Reopen => vec![
            ("severity", "Severity now", "", "severity", true),
            ("reason", "The new fact", "", "area", true),
        ],
        EpisodeStep::LinkExternal => vec![
            ("system", "Quality system", "", "text", true),
            ("number", "Number there", "", "text", true),
            ("status", "Status there", "", "text", false),
            ("link", "Address", "", "text", false),
        ],
        EpisodeStep::Complete => {
            vec![("reason", "What was done, and how that can be seen", "", "area", true)]
        }
        EpisodeStep::ReviewInvestigation | EpisodeStep::Confirm => {
            vec![("reason", "Remark", "", "area", false)]
        }
        _ => vec![("reason", "Reason", "", "area", true)],
    }
}

fn fields(step: EpisodeStep, typed: &StepForm) -> Vec<Field> {
    let field = |(name, label, hint, kind, required)| Field {
        value: typed.text(name),
        choices: match kind {
            "cause" => CauseClass::ALL.map(|c| (c.word(), words(c.word()))).to_vec(),
            "severity" => Severity::ALL.map(|s| (s.word(), s.word().to_owned())).to_vec(),
            _ => Vec::new(),
        },
        name,
        label,
        hint,
        kind,
        required,
    };
    asked(step).into_iter().map(field).collect()
}

#[derive(Template)]
#[template(path = "alert_step.html")]
struct AlertStepPage {
    frame: Frame,
    id: String,
    path: String,
    heading: String,
    fields: Vec<Field>,
    /// Why there is no sheet; empty when there is one or none was asked for.
    barred: Markup,
    rows: Vec<(&'static str, String)>,
    sheet: Option<EpisodeSheetView>,
    /// The record whose trail is laid out.
    record_id: String,
    bytes: usize,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
}

impl AlertStepPage {
    fn read(
        visitor: &Visitor,
        path: &StepPath,
        (typed, notice): (StepForm, Option<Notice>),
    ) -> Result<Self> {
        let step = path.step()?;
        read_records::episode_view(&visitor.store, &visitor.acting(), &path.id)?;
        let (mut barred, mut sheet) = (Markup::default(), None);
        let of = (path.id.as_str(), step);
        match laid_out(visitor, of, typed.input()) {
            Ok(view) => sheet = Some(view),
            Err(
                error @ (Error::Review(
                    review::Error::Empty { .. } | review::Error::UnknownCode { .. },
                )
                | Error::NotFound { .. }),
            ) => {
                if !typed.sheet.is_empty() {
                    barred = Markup::message(&error.to_string());
                }
            }
            Err(error @ (Error::Access(_) | Error::Review(_))) => {
                barred = Markup::message(&error.to_string());
            }
            Err(error) => return Err(error),
        }
        let heading = capital(step.words());
        let sheet = sheet.filter(|_| {
            !typed.sheet.is_empty() || fields(step, &typed).iter().all(|f| !f.required)
        });
        Ok(Self {
            frame: visitor.frame(&heading, Place::Inbox).with_notice(notice),
            id: path.id.clone(),
            record_id: path.id.clone(),
            path: format!("/alerts/{}/steps/{}", path.id, step.word()),
            heading,
            fields: fields(step, &typed),
            barred,
            rows: sheet.as_ref().map(|view| rows(&view.sheet)).unwrap_or_default(),
            bytes: sheet.as_ref().map_or(0, |view| view.document.len()),
            meaning: sheet.as_ref().and_then(|view| view.sheet.meaning).map_or("", |m| m.words()),
            meaning_word: sheet
                .as_ref()
                .and_then(|view| view.sheet.meaning)
                .map(|meaning| meaning.word())
                .unwrap_or_default(),
            sheet,
            signer: visitor.signer(),
        })
    }
}

/// The sheet as it would be signed: with the statement that the entries it lays out were looked at, which the signer ticks.
fn laid_out(
    visitor: &Visitor,
    of: (&str, EpisodeStep),
    input: EpisodeStepInput,
) -> Result<EpisodeSheetView> {
    let view = prepare_episode_step(&visitor.store, &visitor.acting(), of, &input)?;
    let Some(trail) = &view.sheet.trail else { return Ok(view) };
    let input = EpisodeStepInput { trail_reviewed: Some(trail.last), ..input };
    prepare_episode_step(&visitor.store, &visitor.acting(), of, &input)
}

/// `text` with a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What happened, for the story.
pub(super) fn heading(step: EpisodeStep) -> &'static str {
    match step {
        EpisodeStep::Investigate => "investigated",
        EpisodeStep::ReviewInvestigation => "investigation reviewed",
        EpisodeStep::ReturnInvestigation => "investigation sent back",
        EpisodeStep::Reject => "decision rejected",
        EpisodeStep::Plan => "remedial action planned",
        EpisodeStep::Extend => "due date extended",
        EpisodeStep::Complete => "remedial action reported as done",
        EpisodeStep::ReturnAction => "remedial action sent back",
        EpisodeStep::Confirm => "effectiveness confirmed",
        EpisodeStep::Refute => "action not shown to be effective",
        EpisodeStep::Close => "closed",
        EpisodeStep::Reopen => "opened again",
        EpisodeStep::Escalate => "escalated",
        EpisodeStep::LinkExternal => "linked to another quality system",
        EpisodeStep::Acknowledge => "acknowledged",
        EpisodeStep::Draft => "decision drafted",
        EpisodeStep::Sign => "decision signed",
    }
}

/// The sheet in words.
pub(super) fn rows(sheet: &EpisodeSheet) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if let Some(found) = &sheet.investigation {
        let affected = &found.affected;
        rows.push(("Cause", words(found.cause.word())));
        rows.push(("Finding", found.finding.clone()));
        rows.push((
            "Affected predictions",
            format!(
                "{} of {}, numbers {} to {}",
                counted(affected.rows, "row", "rows"),
                counted(affected.batches, "batch", "batches"),
                affected.first_batch,
                affected.last_batch
            ),
        ));
        let at_risk = match &found.none_at_risk_because {
            Some(because) => format!("none: {because}"),
            None => found.at_risk.join(", "),
        };
        rows.push(("Other versions at risk", at_risk));
    }
    if let Some(plan) = &sheet.plan {
        rows.push(("Action", plan.what.clone()));
        rows.push(("Responsible", plan.owner.user_name.clone()));
        rows.push(("Due", plan.due_on.clone()));
        rows.push(("Effective when", criterion_words(plan)));
    }
    if let Some(extension) = &sheet.extension {
        rows.push(("Due", format!("{} instead of {}", extension.due_on, extension.was_due_on)));
    }
    if let Some(check) = &sheet.check {
        rows.push(("Computed outcome", check.outcome.word().to_owned()));
        let batches: Vec<&str> = check.watched.iter().map(|b| b.batch.as_str()).collect();
        rows.push((
            "Batches watched",
            format!("{} ({} counted)", batches.join(", "), check.counted),
        ));
    }
    if let Some(external) = &sheet.external {
        let status = external.status.as_deref().unwrap_or("status not stated");
        rows.push(("Elsewhere", format!("{} {}, {status}", external.system, external.number)));
    }
    if let Some(trail) = &sheet.trail {
        rows.push(("Audit trail", trail.sentence()));
    }
    if let Some(severity) = sheet.severity {
        rows.push(("Severity", severity.word().to_owned()));
    }
    if let Some(reason) = &sheet.reason {
        rows.push(("Reason", reason.clone()));
    }
    if sheet.from != sheet.to {
        rows.push(("State", format!("{} → {}", words(sheet.from.word()), words(sheet.to.word()))));
    }
    rows
}

fn criterion_words(plan: &review::effectiveness::RemedialPlan) -> String {
    let criterion = &plan.criterion;
    let about = if criterion.series.is_empty() {
        "no further alert of its kind opens".to_owned()
    } else {
        format!("none of {} drifts", criterion.series.join(", "))
    };
    format!(
        "in {} of version {} after it is done {about}, until {}",
        counted(criterion.batches.into(), "batch", "batches"),
        criterion.version,
        criterion.horizon_on
    )
}

/// The plan in force and what later batches say, for the alert's page.
pub(super) fn plan_rows(view: &EpisodeView) -> Vec<(&'static str, String)> {
    let Some(plan) = &view.remedy.plan else { return Vec::new() };
    let due = if view.remedy.is_overdue {
        format!("{} (overdue)", plan.due_on)
    } else {
        plan.due_on.clone()
    };
    let mut rows = vec![
        ("Action", plan.what.clone()),
        ("Responsible", plan.owner.user_name.clone()),
        ("Due", due),
        ("Effective when", criterion_words(plan)),
    ];
    rows.extend(view.remedy.check_sentence.clone().map(|sentence| ("Computed now", sentence)));
    rows
}

/// The step: what it needs, and its sheet.
#[get("/alerts/{id}/steps/{step}")]
pub(super) async fn show(
    visitor: Visitor,
    path: web::Path<StepPath>,
    query: web::Query<StepForm>,
) -> Answer {
    let (path, typed) = (path.into_inner(), query.into_inner());
    visitor.page(move |visitor| AlertStepPage::read(visitor, &path, (typed, None))).await
}

/// Takes the step.
#[post("/alerts/{id}/steps/{step}")]
pub(super) async fn sign(
    visitor: Visitor,
    path: web::Path<StepPath>,
    form: web::Form<StepForm>,
) -> Answer {
    let (path, form) = (path.into_inner(), form.into_inner());
    let (asked, input) = (path.clone(), form.input());
    let signing = Signing {
        form_token: form.form_token.clone(),
        sheet_sha256: form.sheet_sha256.clone(),
        password: form.password.clone(),
        ..Signing::of(&form.fields)
    };
    let typed = StepForm { sheet: "yes".to_owned(), password: String::new(), ..form };
    let taken = visitor
        .sign(signing, None, move |store, acting, (sha256, password)| {
            take_episode_step(store, acting, (&asked.id, asked.step()?), (&input, sha256, password))
        })
        .await?;
    let Err(error) = taken else {
        return Ok(see_other(&format!("/alerts/{}?done=stepped", path.id)));
    };
    visitor
        .page_again(error, move |visitor, notice| {
            AlertStepPage::read(visitor, &path, (typed, Some(notice)))
        })
        .await
}
