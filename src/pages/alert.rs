//! `/alerts/{id}`: the whole story of an alert, and the next step.

use super::alert_findings::{Findings, about, findings};
use super::alert_step::{capital, plan_rows};
use super::alert_story::{Event, invalid_batches, story};
use super::frame::{Frame, Notice, Place, roles_that_may};
use super::inbox::AlertLine;
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::drift::episode::EpisodeState;
use crate::error::Result;
use crate::procedures::acknowledge_alert::acknowledge_alert;
use crate::procedures::draft_decision::{DraftDecision, draft_decision};
use crate::procedures::read_alert::{AlertView, alert_view};
use crate::procedures::read_incidents::NamingIncident;
use crate::procedures::read_records::EpisodeView;
use crate::procedures::read_remedy::EpisodeNextStep;
use crate::review::decision::{DecisionCode, RemedialAction, Severity};
use crate::review::episode_cycle::EpisodeStep;
use crate::review::life_cycle::Step;
use crate::store::invalidations::Invalidated;
use crate::store::reports::ReportRow;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to acknowledge an alert.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AcknowledgeForm {
    /// The session's form token.
    pub form_token: String,
    /// Severity.
    pub severity: String,
    /// What was seen.
    pub comment: String,
}

/// What is typed to draft a decision.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DraftForm {
    /// The session's form token.
    pub form_token: String,
    /// Decision code.
    pub code: String,
    /// Why.
    pub rationale: String,
    /// Remedial action: what.
    pub what: String,
    /// Remedial action: who.
    pub owner: String,
    /// Remedial action: by when.
    pub due_on: String,
}

impl DraftForm {
    /// The draft; a remedial action of which no field is filled in is none.
    fn draft(&self) -> DraftDecision {
        let fields = [&self.what, &self.owner, &self.due_on];
        let filled = fields.iter().any(|text| !text.trim().is_empty());
        DraftDecision {
            code: self.code.clone(),
            rationale: self.rationale.clone(),
            remedial_action: filled.then(|| RemedialAction {
                what: self.what.trim().to_owned(),
                owner: self.owner.trim().to_owned(),
                due_on: self.due_on.trim().to_owned(),
            }),
        }
    }
}

/// What a form led to, as the address says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    /// The step that was done.
    pub done: String,
}

/// What was typed and not accepted, to be corrected.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    acknowledgement: AcknowledgeForm,
    draft: DraftForm,
}

/// One choice of a form.
struct Choice {
    word: &'static str,
    words: String,
    meaning: &'static str,
    chosen: bool,
}

/// The next step, for this person.
enum NextStep {
    Acknowledge,
    Draft,
    Sign,
    /// Somebody else takes it, or nobody has to: why.
    Wait(String),
}

/// A step with a sheet of its own.
struct StepLink {
    path: String,
    words: String,
    /// Why this person cannot take it; empty when they can.
    barred: Markup,
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage {
    frame: Frame,
    id: String,
    line: AlertLine,
    kind: String,
    /// What it is about, in a few words.
    about: String,
    sentences: Vec<Markup>,
    /// Numbers and drawings behind the sentences.
    findings: Option<Findings>,
    events: Vec<Event>,
    /// Page, name, words and ledger entry of each of its batches that was marked as invalid.
    invalid: Vec<(String, String, Markup, u64)>,
    /// Whether a report in force still opens it.
    stands: bool,
    next: NextStep,
    steps: Vec<StepLink>,
    plan: Vec<(&'static str, String)>,
    severities: Vec<Choice>,
    codes: Vec<Choice>,
    typed: Typed,
    signed: Option<String>,
    /// How an incident names it as affected.
    affected: String,
    incidents: Vec<NamingIncident>,
    /// Where a signed decision to suspend or retire is carried out.
    step: Option<(String, String)>,
}

impl AlertPage {
    fn of(visitor: &Visitor, all: &AlertView, (notice, typed): (Option<Notice>, Typed)) -> Self {
        let view = &all.episode;
        let episode = &view.episode.episode;
        let about = about(&episode.opening);
        let title = format!("Alert: {about}, {} {}", view.episode.model, view.episode.version);
        let signature = view.decision.as_ref().and_then(|d| d.signature.as_ref());
        Self {
            frame: visitor.frame(&title, Place::Inbox).with_notice(notice),
            id: episode.id.clone(),
            affected: episode.id.clone(),
            incidents: view.incidents.clone(),
            line: AlertLine::of(&view.episode),
            kind: episode.opening.kind.word().replace('_', " "),
            sentences: episode.opening.sentences.iter().map(|s| Markup::sentence(s)).collect(),
            about,
            findings: findings(all),
            events: story(view),
            invalid: invalid(view),
            stands: view.stands,
            next: next_step(visitor, view),
            steps: steps_of(view),
            plan: plan_rows(view),
            severities: severities(&typed.acknowledgement.severity),
            codes: codes(&typed.draft.code),
            typed,
            step: step(view).filter(|_| signature.is_some()),
            signed: signature.map(|s| s.manifestation.clone()),
        }
    }
}

/// Its batches that were marked as invalid: page, name, words and ledger entry.
fn invalid(view: &EpisodeView) -> Vec<(String, String, Markup, u64)> {
    let line = |(report, decision): (&ReportRow, &Invalidated)| {
        let path = format!("/reports/{}", report.id);
        (path, report.batch.clone(), Markup::text(&decision.sentence()), decision.entry)
    };
    invalid_batches(view).into_iter().map(line).collect()
}

/// The step that carries a decision to suspend or retire out.
fn step(view: &EpisodeView) -> Option<(String, String)> {
    let step = match view.decision.as_ref()?.decision.code {
        DecisionCode::Suspend => Step::Suspend,
        DecisionCode::Retire => Step::Retire,
        _ => return None,
    };
    let (model, version) = (&view.episode.model, &view.episode.version);
    let path = format!("/models/{model}/versions/{version}/steps/{}", step.word());
    Some((path, step.words().to_owned()))
}

fn next_step(visitor: &Visitor, view: &EpisodeView) -> NextStep {
    let may = |action: Action| action.roles().contains(&visitor.account().role);
    let wait = |action: Action, what: &str| {
        NextStep::Wait(format!("Waiting for a {} to {what}.", roles_that_may(action)))
    };
    match view.episode.episode.state {
        EpisodeState::Open if may(Action::Acknowledge) => NextStep::Acknowledge,
        EpisodeState::Open => wait(Action::Acknowledge, "acknowledge it"),
        EpisodeState::Acknowledged | EpisodeState::Investigated
            if may(Action::DraftDecision) && draftable(view) =>
        {
            NextStep::Draft
        }
        EpisodeState::Acknowledged if may(Action::DraftDecision) => NextStep::Wait(
            "The alert is critical: its investigation comes before the decision.".to_owned(),
        ),
        EpisodeState::Acknowledged => wait(Action::DraftDecision, "draft the decision"),
        EpisodeState::Investigated => {
            NextStep::Wait("Waiting for another person to review the investigation.".to_owned())
        }
        EpisodeState::Drafted
            if view.episode.drafted_by.as_ref() == Some(&visitor.account().user_name) =>
        {
            NextStep::Wait(
                "You drafted this decision, so another person has to sign it.".to_owned(),
            )
        }
        EpisodeState::Drafted if may(Action::SignDecision) => NextStep::Sign,
        EpisodeState::Drafted => wait(Action::SignDecision, "sign the decision"),
        EpisodeState::Decided => NextStep::Wait(
            "The alert is decided. What was decided to be done is planned next; without it, the alert is closed.".to_owned(),
        ),
        EpisodeState::ActionPlanned => NextStep::Wait(
            "The owner of the remedial action reports it as done.".to_owned(),
        ),
        EpisodeState::ActionDone => NextStep::Wait(
            "Later batches show whether the action worked.".to_owned(),
        ),
        EpisodeState::EffectivenessChecked => NextStep::Wait(
            "The action worked: somebody who neither made nor checked it closes the alert.".to_owned(),
        ),
        EpisodeState::Closed => {
            NextStep::Wait("The alert is closed: nothing is left to do here.".to_owned())
        }
    }
}

/// Whether nothing has to happen before a decision is drafted.
fn draftable(view: &EpisodeView) -> bool {
    let drafts = view.remedy.next.iter().find(|next| next.step == EpisodeStep::Draft);
    drafts.is_some_and(|next| next.barred.is_none())
}

/// The steps that have a sheet of their own, with why this person cannot take them.
fn steps_of(view: &EpisodeView) -> Vec<StepLink> {
    let link = |next: &EpisodeNextStep| StepLink {
        path: format!("/alerts/{}/steps/{}", view.episode.episode.id, next.step.word()),
        words: capital(next.step.words()),
        barred: next.barred.as_deref().map(Markup::sentence).unwrap_or_default(),
    };
    view.remedy.next.iter().filter(|next| next.step.has_sheet()).map(link).collect()
}

fn severities(chosen: &str) -> Vec<Choice> {
    let meaning = |severity| match severity {
        Severity::Minor => "no effect on product, patient or data",
        Severity::Major => "an effect is possible",
        Severity::Critical => "an effect is likely",
    };
    let choice = |severity: Severity| Choice {
        word: severity.word(),
        words: severity.word().to_owned(),
        meaning: meaning(severity),
        chosen: severity.word() == chosen,
    };
    Severity::ALL.into_iter().map(choice).collect()
}

fn codes(chosen: &str) -> Vec<Choice> {
    let meaning = |code| match code {
        DecisionCode::NoAction => "nothing has to be done, and the rationale says why",
        DecisionCode::AcceptWithRationale => "the change is accepted, and the rationale says why",
        DecisionCode::AdjustPolicy => "tolerances change; needs a remedial action",
        DecisionCode::Retrain => "a new version is trained; needs a remedial action",
        DecisionCode::Suspend => "the version is not to be used until further notice",
        DecisionCode::Retire => "the version ends its life",
        DecisionCode::FixSource => "the data source is repaired; needs a remedial action",
    };
    let choice = |code: DecisionCode| Choice {
        word: code.word(),
        words: code.word().replace('_', " "),
        meaning: meaning(code),
        chosen: code.word() == chosen,
    };
    DecisionCode::ALL.into_iter().map(choice).collect()
}

/// The message of a step that was done; other words say nothing.
fn done_notice(step: &str) -> Option<Notice> {
    match step {
        "acknowledged" => {
            Some(Notice::done("the alert is acknowledged; the decision can be drafted"))
        }
        "drafted" => Some(Notice::done("the decision is drafted; another person has to sign it")),
        "signed" => Some(Notice::done("the decision is signed; the alert is decided")),
        "stepped" => Some(Notice::done("the step is signed and recorded")),
        _ => None,
    }
}

/// The alert.
#[get("/alerts/{id}")]
pub(super) async fn show(
    visitor: Visitor,
    id: web::Path<String>,
    query: web::Query<DoneQuery>,
) -> Answer {
    let notice = done_notice(&query.done);
    visitor
        .page(move |visitor| {
            let view = alert_view(&visitor.store, &visitor.acting(), &id)?;
            Ok(AlertPage::of(visitor, &view, (notice, Typed::default())))
        })
        .await
}

/// Acknowledges the alert.
#[post("/alerts/{id}/acknowledgement")]
pub(super) async fn acknowledge(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<AcknowledgeForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (id, form) = (id.into_inner(), form.into_inner());
    let (asked, typed) = (id.clone(), form.clone());
    let acknowledged = visitor
        .act(move |store, acting| {
            acknowledge_alert(store, acting, &asked, (&typed.severity, &typed.comment))
        })
        .await;
    let typed = Typed { acknowledgement: form, ..Typed::default() };
    answer(visitor, id, acknowledged, ("acknowledged", typed)).await
}

/// Drafts the decision.
#[post("/alerts/{id}/decision")]
pub(super) async fn draft(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<DraftForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (id, form) = (id.into_inner(), form.into_inner());
    let (asked, typed) = (id.clone(), form.draft());
    let drafted =
        visitor.act(move |store, acting| draft_decision(store, acting, &asked, &typed)).await;
    let typed = Typed { draft: form, ..Typed::default() };
    answer(visitor, id, drafted, ("drafted", typed)).await
}

/// Goes back to the alert; a refusal shows it again with what was typed.
async fn answer<T>(
    visitor: Visitor,
    id: String,
    outcome: Result<T>,
    (step, typed): (&str, Typed),
) -> Answer {
    let Err(error) = outcome else {
        return Ok(see_other(&format!("/alerts/{id}?done={step}")));
    };
    visitor
        .page_again(error, move |visitor, notice| {
            let view = alert_view(&visitor.store, &visitor.acting(), &id)?;
            Ok(AlertPage::of(visitor, &view, (Some(notice), typed)))
        })
        .await
}
