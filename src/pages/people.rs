//! `/accounts/people`: what is recorded about people before they sign and while they hold a role; identity checks and trainings are recorded
//! here. `/accounts/training`: which roles need which training.

use super::frame::{Frame, Notice, Place, role_words};
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::accountability::IdentityMethod;
use crate::access::role::{Action, Role};
use crate::access::training::{Training, TrainingPolicy, TrainingRule};
use crate::error::{Error, Result};
use crate::procedures::check_identity::{IdentitySeen, record_identity_check};
use crate::procedures::keep_trainings::{record_training, set_training_policy, training_policy};
use crate::procedures::read_people::{PersonLine, people};
use crate::store::trainings::TrainingPolicyRow;
use actix_web::{get, post, web};
use askama::Template;
use jiff::civil::Date;
use serde::Deserialize;

/// What is typed to record something about somebody.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PersonForm {
    /// The session's form token.
    pub form_token: String,
    /// `identity` or `training`.
    pub step: String,
    /// Whose account.
    pub user_name: String,
    /// How the identity was checked.
    pub method: String,
    /// What was seen.
    pub seen: String,
    /// The day of the check, or of the training's completion.
    pub on: String,
    /// The role that a training is for.
    pub role: String,
    /// Course and its version.
    pub course: String,
    /// Last day that it is good for, if that is earlier than the policy says.
    pub valid_until: String,
    /// Where the proof of it is kept.
    pub evidence: String,
}

/// What a form led to, as the address says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    /// The step that was done.
    pub done: String,
}

/// A person in the list, in words.
struct Line {
    person: PersonLine,
    role: String,
    training: String,
    is_due: bool,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    lines: Vec<Line>,
    /// User names of everybody else.
    others: Vec<String>,
    methods: [IdentityMethod; 4],
    /// Word and words of each role.
    roles: Vec<(&'static str, String)>,
    checks: bool,
    trains: bool,
}

fn line(person: PersonLine) -> Line {
    let training = match &person.needs {
        None => "none needed".to_owned(),
        Some(need) => match need.last_day {
            None => format!("{}: not recorded", need.course),
            Some(last) if need.is_current => format!("{}, to {last}", need.course),
            Some(last) => format!("{}: ended on {last}", need.course),
        },
    };
    let is_due = person.needs.as_ref().is_some_and(|need| need.is_due);
    Line { role: role_words(person.account.role), training, is_due, person }
}

impl PeoplePage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let frame = visitor.frame("People", Place::Accounts).with_notice(notice);
        let all = people(&visitor.store, &visitor.acting())?;
        let own = &visitor.account().user_name;
        let others = all.iter().map(|person| person.account.user_name.clone());
        Ok(Self {
            others: others.filter(|name| name != own).collect(),
            lines: all.into_iter().map(line).collect(),
            methods: IdentityMethod::ALL,
            roles: Role::ALL.iter().map(|role| (role.word(), role_words(*role))).collect(),
            checks: frame.may(Action::ManageAccounts),
            trains: frame.may(Action::RecordTraining),
            frame,
        })
    }
}

/// A day as it was typed; nothing where nothing was.
fn day(text: &str) -> Result<Option<Date>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let refuse =
        |_| Error::BadRequest { detail: format!("`{text}` is not a day; write it as YYYY-MM-DD") };
    text.trim().parse().map(Some).map_err(refuse)
}

/// Everybody.
#[get("/accounts/people")]
pub(super) async fn show_people(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = match query.done.as_str() {
        "identity" => Some(Notice::done("the identity check is recorded")),
        "training" => Some(Notice::done("the training is recorded")),
        _ => None,
    };
    visitor.page(move |visitor| PeoplePage::read(visitor, notice)).await
}

/// Records an identity check or a training.
#[post("/accounts/people")]
pub(super) async fn record_person(visitor: Visitor, form: web::Form<PersonForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let step = form.step.clone();
    let recorded = visitor
        .act(move |store, acting| {
            let who = form.user_name.trim();
            if form.step == "identity" {
                acting.permit(Action::ManageAccounts)?;
                let method = IdentityMethod::parse(&form.method)?;
                let seen = IdentitySeen { method, seen: form.seen, checked_on: day(&form.on)? };
                record_identity_check(store, acting, who, &seen)?;
                return Ok(());
            }
            acting.permit(Action::RecordTraining)?;
            let missing =
                || Error::BadRequest { detail: "say on which day it was completed".into() };
            let training = Training {
                role: Role::parse(&form.role)?,
                course: form.course.trim().to_owned(),
                completed_on: day(&form.on)?.ok_or_else(missing)?,
                valid_until: day(&form.valid_until)?,
            };
            record_training(store, acting, who, (&training, &form.evidence))?;
            Ok(())
        })
        .await;
    match recorded {
        Ok(()) => Ok(see_other(&format!("/accounts/people?done={step}"))),
        Err(error) => {
            visitor.page_again(error, |v, notice| PeoplePage::read(v, Some(notice))).await
        }
    }
}

/// What is typed to set the training policy.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TrainingForm {
    /// The session's form token.
    pub form_token: String,
    /// One rule a line: role, days, course.
    pub rules: String,
    /// Why.
    pub reason: String,
}

impl TrainingForm {
    fn policy(&self) -> Result<TrainingPolicy> {
        let lines = self.rules.lines().map(str::trim).filter(|line| !line.is_empty());
        let rule = |line: &str| {
            let detail = || format!("`{line}` is no rule; write role, days and course");
            let mut parts = line.splitn(3, char::is_whitespace);
            let (Some(role), Some(days), Some(course)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(Error::BadRequest { detail: detail() });
            };
            let days =
                days.parse().map_err(|_not_a_number| Error::BadRequest { detail: detail() })?;
            Ok(TrainingRule { role: Role::parse(role)?, course: course.trim().to_owned(), days })
        };
        Ok(TrainingPolicy { rules: lines.map(rule).collect::<Result<_>>()? })
    }
}

#[derive(Template)]
#[template(path = "training.html")]
struct TrainingPage {
    frame: Frame,
    policy: TrainingPolicy,
    history: Vec<TrainingPolicyRow>,
    /// The rules as they are typed.
    typed: String,
    sets: bool,
}

impl TrainingPage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let frame = visitor.frame("Training", Place::Accounts).with_notice(notice);
        let view = training_policy(&visitor.store, &visitor.acting())?;
        let typed =
            |rule: &TrainingRule| format!("{} {} {}", rule.role.word(), rule.days, rule.course);
        let lines: Vec<String> = view.in_force.rules.iter().map(typed).collect();
        Ok(Self {
            typed: lines.join("\n"),
            policy: view.in_force,
            history: view.history,
            sets: frame.may(Action::ManageAccounts),
            frame,
        })
    }
}

/// Which roles need which training.
#[get("/accounts/training")]
pub(super) async fn show_training(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = (query.done == "set").then(|| Notice::done("the training policy is in force"));
    visitor.page(move |visitor| TrainingPage::read(visitor, notice)).await
}

/// Sets it.
#[post("/accounts/training")]
pub(super) async fn set_training(visitor: Visitor, form: web::Form<TrainingForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let set = visitor
        .act(move |store, acting| {
            acting.permit(Action::ManageAccounts)?;
            set_training_policy(store, acting, &form.policy()?, &form.reason)
        })
        .await;
    match set {
        Ok(_) => Ok(see_other("/accounts/training?done=set")),
        Err(error) => {
            visitor.page_again(error, |v, notice| TrainingPage::read(v, Some(notice))).await
        }
    }
}
