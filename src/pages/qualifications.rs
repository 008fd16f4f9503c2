//! `/qualifications`: whether the installation, its operation and its versions were qualified; each run with its checks, and its
//! signature.

use super::frame::{Frame, Notice, Place, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::procedures::record_qualification::{
    QualificationView, qualification, qualifications, sign_qualification,
};
use crate::review::qualification::CheckOutcome;
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;

/// One run in the list.
struct RunLine {
    id: String,
    what: String,
    about: String,
    at: Markup,
    sentence: String,
    passed: bool,
    signed: bool,
}

#[derive(Template)]
#[template(path = "qualifications.html")]
struct ListPage {
    frame: Frame,
    runs: Vec<RunLine>,
}

/// One check.
struct CheckLine {
    id: String,
    question: String,
    risk: String,
    expected: String,
    found: String,
    outcome: &'static str,
    /// Class of the mark.
    mark: &'static str,
    requirements: String,
}

#[derive(Template)]
#[template(path = "qualification.html")]
struct RunPage {
    frame: Frame,
    id: String,
    title: String,
    sentence: String,
    started_at: Markup,
    finished_at: Markup,
    program: String,
    program_sha256: String,
    entry: u64,
    sha256: String,
    document: String,
    checks: Vec<CheckLine>,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
    manifestation: Option<(String, u64)>,
    /// Why this person cannot sign; empty when they can.
    barred: String,
}

impl RunPage {
    fn of(visitor: &Visitor, view: QualificationView, notice: Option<Notice>) -> Self {
        let title = match &view.run.about {
            None => view.run.part.words().to_owned(),
            Some(about) => format!("{} of {about}", view.run.part.words()),
        };
        let title = capital(&title);
        Self {
            frame: visitor.frame(&title, Place::AuditTrail).with_notice(notice),
            sentence: view.run.sentence(),
            started_at: Markup::time(&view.run.started_at),
            finished_at: Markup::time(&view.run.finished_at),
            program: view.run.program.clone(),
            program_sha256: view.run.program_sha256.clone().unwrap_or_default(),
            entry: view.row.entry,
            sha256: view.row.sha256.clone(),
            checks: view.run.checks.iter().map(check).collect(),
            signer: visitor.signer(),
            meaning: Meaning::ApprovesQualification.words(),
            meaning_word: Meaning::ApprovesQualification.word(),
            barred: barred(visitor, &view),
            manifestation: view.signed,
            document: view.document,
            id: view.row.id,
            title,
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn barred(visitor: &Visitor, view: &QualificationView) -> String {
    if !view.row.passed {
        return "A run that failed is not signed. Mend what failed and run it again; this one stays.".to_owned();
    }
    if !Action::ApproveQualification.roles().contains(&visitor.account().role) {
        let roles = roles_that_may(Action::ApproveQualification);
        return format!("Your role does not sign it; it takes a {roles}.");
    }
    String::new()
}

fn check(check: &crate::review::qualification::QualificationCheck) -> CheckLine {
    CheckLine {
        id: check.id.clone(),
        question: check.question.clone(),
        risk: check.risk.clone(),
        expected: check.expected.clone(),
        found: check.found.clone(),
        outcome: check.outcome.words(),
        mark: match check.outcome {
            CheckOutcome::Passed => "stable",
            CheckOutcome::Failed => "drift",
            CheckOutcome::ForAPerson => "undetermined",
        },
        requirements: check.requirements.join(", "),
    }
}

/// All runs.
#[get("/qualifications")]
pub(super) async fn list(visitor: Visitor) -> Answer {
    visitor
        .page(move |visitor| {
            let runs = qualifications(&visitor.store, &visitor.acting())?;
            Ok(ListPage {
                frame: visitor.frame("Qualification", Place::AuditTrail),
                runs: runs
                    .into_iter()
                    .map(|view| RunLine {
                        what: capital(view.run.part.words()),
                        about: view.run.about.clone().unwrap_or_default(),
                        at: Markup::time(&view.row.at),
                        sentence: view.run.sentence(),
                        passed: view.row.passed,
                        signed: view.signed.is_some(),
                        id: view.row.id,
                    })
                    .collect(),
            })
        })
        .await
}

/// One run.
#[get("/qualifications/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| {
            let view = qualification(&visitor.store, &visitor.acting(), &id)?;
            Ok(RunPage::of(visitor, view, None))
        })
        .await
}

/// Signs a run.
#[post("/qualifications/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Signing>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(form.into_inner(), Some(Action::ApproveQualification), move |store, acting, given| {
            sign_qualification(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else {
        return Ok(see_other(&format!("/qualifications/{id}")));
    };
    visitor
        .page_again(error, move |visitor, notice| {
            let view = qualification(&visitor.store, &visitor.acting(), &id)?;
            Ok(RunPage::of(visitor, view, Some(notice)))
        })
        .await
}
