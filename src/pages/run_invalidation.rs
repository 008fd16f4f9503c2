//! `/test-runs/{id}/invalidation`: why a test run is invalid, exactly what is signed, and the password again.

use super::destination::version_path;
use super::frame::{Frame, Notice, Place, roles_that_may};
use super::life_cycle::button;
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::{ReasonForm, SignedReason};
use super::visitor::Visitor;
use super::wording::{counted, words};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::invalidate_test_run::{
    TestRunInvalidationSheet, invalidate_test_run, prepare_run_invalidation,
};
use crate::procedures::read_acceptance::test_run;
use crate::review::batch_invalidation::{REASON_MAX, REASON_MIN};
use crate::review::signature::Meaning;
use crate::store::acceptance::TestRunRow;
use actix_web::{get, post, web};
use askama::Template;

#[derive(Template)]
#[template(path = "run_invalidation.html")]
struct RunInvalidationPage {
    frame: Frame,
    run: String,
    version: String,
    version_path: String,
    reason: String,
    reason_min: usize,
    reason_max: usize,
    /// Why this person cannot sign; empty when they can.
    barred: Markup,
    rows: Vec<(&'static str, Markup)>,
    sheet: Option<TestRunInvalidationSheet>,
    bytes: usize,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
}

impl RunInvalidationPage {
    fn read(
        visitor: &Visitor,
        id: &str,
        (reason, sheet, notice): (String, Option<TestRunInvalidationSheet>, Option<Notice>),
    ) -> Result<Self> {
        let found = test_run(&visitor.store, &visitor.acting(), id)?;
        let (model, version) = (&found.run.context.model, &found.run.context.version);
        let title = format!("Test run of {model} {version}: mark as invalid");
        Ok(Self {
            frame: visitor.frame(&title, Place::Models).with_notice(notice),
            run: id.to_owned(),
            version: format!("{model} {version}"),
            version_path: version_path(model, version),
            reason,
            reason_min: REASON_MIN,
            reason_max: REASON_MAX,
            barred: barred(visitor, &found.row),
            rows: sheet.as_ref().map(rows).unwrap_or_default(),
            bytes: sheet.as_ref().map_or(0, |view| view.document.len()),
            sheet,
            signer: visitor.signer(),
            meaning: Meaning::InvalidatedTestRun.words(),
            meaning_word: Meaning::InvalidatedTestRun.word(),
        })
    }
}

/// Why this person cannot mark the test run as invalid; the procedure decides it once more.
fn barred(visitor: &Visitor, run: &TestRunRow) -> Markup {
    if let Some(invalid) = &run.invalidated {
        return Markup::text(&format!("This test run is {} already.", invalid.sentence()));
    }
    if !Action::InvalidateTestRun.roles().contains(&visitor.account().role) {
        let roles = roles_that_may(Action::InvalidateTestRun);
        return Markup::text(&format!(
            "Your role does not mark test runs as invalid; it takes a {roles}."
        ));
    }
    if run.account_id == visitor.account().id {
        return Markup::text(
            "You made this test run, so another person has to mark it as invalid.",
        );
    }
    Markup::default()
}

/// The sheet in words.
fn rows(view: &TestRunInvalidationSheet) -> Vec<(&'static str, Markup)> {
    let sheet = &view.sheet;
    let (run, plan) = (&sheet.test_run, &sheet.plan);
    let cited = |id: &str, entry: u64, sha256: &str| {
        Markup::sentence(&format!("{id}, ledger entry {entry}, SHA-256 `{sha256}`"))
    };
    let file = format!("{}, SHA-256 `{}`", counted(run.rows, "row", "rows"), run.file_sha256);
    let outcome = |meets: bool| if meets { "meets its plan" } else { "does not meet its plan" };
    let resting = if sheet.steps.is_empty() {
        "no step of the version".to_owned()
    } else {
        let step = |step: &crate::review::test_run_invalidation::RestingStep| {
            format!("{} (ledger entry {})", button(step.step), step.entry)
        };
        sheet.steps.iter().map(step).collect::<Vec<_>>().join(", ")
    };
    let instead = match &sheet.counts_instead {
        None => Markup::text("none: the version has to be tested again"),
        Some(found) => Markup::sentence(&format!(
            "{}, ledger entry {}, SHA-256 `{}`: it {}",
            found.run.id,
            found.run.entry,
            found.run.sha256,
            outcome(found.meets_plan)
        )),
    };
    vec![
        ("Model version", Markup::text(&format!("{} {}", sheet.model, sheet.version))),
        ("The version is", Markup::text(&words(sheet.state.word()))),
        ("Test run", cited(&run.id, run.entry, &run.sha256)),
        ("Its file", Markup::sentence(&file)),
        ("Its criteria", cited(&plan.id, plan.entry, &plan.sha256)),
        ("Outcome of the test", Markup::text(outcome(sheet.meets_plan))),
        ("What rests on it", Markup::text(&resting)),
        ("What counts instead", instead),
        ("Reason", Markup::text(&sheet.reason)),
    ]
}

/// The form for the reason.
#[get("/test-runs/{id}/invalidation")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| RunInvalidationPage::read(visitor, &id, (String::new(), None, None)))
        .await
}

/// The sheet as it would be signed; writes nothing.
#[post("/test-runs/{id}/invalidation/sheet")]
pub(super) async fn prepare(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<ReasonForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (id, reason) = (id.into_inner(), form.into_inner().reason);
    let (asked, why) = (id.clone(), reason.clone());
    let sheet = visitor
        .act(move |store, acting| prepare_run_invalidation(store, acting, &asked, &why))
        .await;
    match sheet {
        Ok(sheet) => {
            visitor
                .page(move |visitor| {
                    RunInvalidationPage::read(visitor, &id, (reason, Some(sheet), None))
                })
                .await
        }
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    RunInvalidationPage::read(visitor, &id, (reason, None, Some(notice)))
                })
                .await
        }
    }
}

/// Marks the test run as invalid. A refusal shows the sheet again as it is now, or the form where there is none.
#[post("/test-runs/{id}/invalidation")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<SignedReason>,
) -> Answer {
    let (id, SignedReason { reason, signing }) = (id.into_inner(), form.into_inner());
    let (asked, why) = (id.clone(), reason.clone());
    let signed = visitor
        .sign(signing, Some(Action::InvalidateTestRun), move |store, acting, (sha256, password)| {
            invalidate_test_run(store, acting, &asked, (&why, sha256, password))?;
            let context = test_run(store, acting, &asked)?.run.context;
            Ok(version_path(&context.model, &context.version))
        })
        .await?;
    match signed {
        Ok(version) => Ok(see_other(&format!("{version}/test-runs/{id}"))),
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    let sheet = sheet_again(visitor, &id, &reason)?;
                    RunInvalidationPage::read(visitor, &id, (reason, sheet, Some(notice)))
                })
                .await
        }
    }
}

/// The sheet as it is now; none where this person cannot sign one.
fn sheet_again(
    visitor: &Visitor,
    id: &str,
    reason: &str,
) -> Result<Option<TestRunInvalidationSheet>> {
    match prepare_run_invalidation(&visitor.store, &visitor.acting(), id, reason) {
        Ok(sheet) => Ok(Some(sheet)),
        Err(Error::Access(_) | Error::Review(_) | Error::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
