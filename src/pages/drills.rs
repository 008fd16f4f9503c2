//! `/drills`: continuity drills, when the next one is due, and the form that records one.

use super::frame::{Frame, Notice, Place, roles_that_may};
use super::incidents::{lines_of, present_minute};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::record_drill::{
    DrillView, RecordDrill, drill, drills, prepare_drill, record_drill,
};
use crate::review::drill::{DRILL_DAYS, Drill, DrillResult};
use crate::store::restore_tests::RestoreTestRow;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed about a drill.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DrillForm {
    /// The session's form token.
    pub form_token: String,
    /// What was tried.
    pub tried: String,
    /// When it began, UTC.
    pub began_at: String,
    /// When it ended, UTC.
    pub ended_at: String,
    /// With what the process went on.
    pub fallback: String,
    /// Id of the practised restore; empty for none.
    pub restore_test: String,
    /// `passed` or `failed`.
    pub result: String,
    /// Findings, one a line.
    pub findings: String,
    /// The day of the next one.
    pub next_due: String,
}

impl DrillForm {
    fn said(&self) -> Result<RecordDrill> {
        let result = match self.result.as_str() {
            "passed" => DrillResult::Passed,
            "failed" => DrillResult::Failed,
            other => {
                let detail = format!("`result` is `{other}`, expected passed or failed");
                return Err(Error::BadRequest { detail });
            }
        };
        Ok(RecordDrill {
            tried: self.tried.clone(),
            began_at: self.began_at.clone(),
            ended_at: self.ended_at.clone(),
            fallback: self.fallback.clone(),
            restore_test: Some(self.restore_test.clone()),
            result,
            findings: lines_of(&self.findings),
            next_due: self.next_due.clone(),
        })
    }
}

/// One drill in the list.
struct Line {
    id: String,
    tried: String,
    began_at: Markup,
    took: String,
    result: &'static str,
    mark: &'static str,
    recorded_by: String,
}

impl Line {
    fn of(view: DrillView) -> Self {
        Self {
            began_at: Markup::time(&view.drill.began_at),
            took: counted(view.minutes, "minute", "minutes"),
            result: view.drill.result.word(),
            mark: mark(view.drill.result),
            tried: view.drill.tried,
            recorded_by: view.row.recorded_by,
            id: view.row.id,
        }
    }
}

fn mark(result: DrillResult) -> &'static str {
    match result {
        DrillResult::Passed => "stable",
        DrillResult::Failed => "drift",
    }
}

/// A practised restore that the form may name.
struct Choice {
    id: String,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "drills.html")]
struct ListPage {
    frame: Frame,
    may_record: bool,
    recorders: String,
    next_due: String,
    is_overdue: bool,
    most_days: i64,
    lines: Vec<Line>,
    restores: Vec<Choice>,
    typed: DrillForm,
}

impl ListPage {
    fn of(visitor: &Visitor, typed: Option<DrillForm>, notice: Option<Notice>) -> Result<Self> {
        let view = drills(&visitor.store, &visitor.acting())?;
        let (next, restores) = prepare_drill(&visitor.store, &visitor.acting())?;
        let frame = visitor.frame("Continuity drills", Place::Incidents).with_notice(notice);
        let now = present_minute(visitor);
        let typed = typed.unwrap_or_else(|| DrillForm {
            ended_at: now,
            next_due: next,
            ..DrillForm::default()
        });
        let choice = |row: RestoreTestRow| Choice {
            chosen: row.id == typed.restore_test,
            words: format!(
                "{}, {}, {} s",
                row.at,
                if row.test.passed { "passed" } else { "failed" },
                row.test.duration_ms.div_ceil(1000)
            ),
            id: row.id,
        };
        Ok(Self {
            may_record: frame.may(Action::RecordDrill),
            recorders: roles_that_may(Action::RecordDrill),
            next_due: view.standing.next_due,
            is_overdue: view.standing.is_overdue,
            most_days: DRILL_DAYS.1,
            lines: view.drills.into_iter().map(Line::of).collect(),
            restores: restores.into_iter().map(choice).collect(),
            typed,
            frame,
        })
    }
}

#[derive(Template)]
#[template(path = "drill.html")]
struct DrillPage {
    frame: Frame,
    drill: Drill,
    began_at: Markup,
    ended_at: Markup,
    took: String,
    mark: &'static str,
    recorded_at: Markup,
    entry: u64,
    path: String,
}

/// When the next drill is due, all drills, and the form that records one.
#[get("/drills")]
pub(super) async fn list(visitor: Visitor) -> Answer {
    visitor.page(|visitor| ListPage::of(visitor, None, None)).await
}

/// Records a drill.
#[post("/drills")]
pub(super) async fn record(visitor: Visitor, form: web::Form<DrillForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let said = form.said();
    let recorded = visitor
        .act(move |store, acting| {
            acting.permit(Action::RecordDrill)?;
            record_drill(store, acting, &said?)
        })
        .await;
    match recorded {
        Ok(recorded) => Ok(see_other(&format!("/drills/{}", recorded.value.id))),
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    ListPage::of(visitor, Some(form), Some(notice))
                })
                .await
        }
    }
}

/// One drill.
#[get("/drills/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| {
            let view = drill(&visitor.store, &visitor.acting(), &id)?;
            Ok(DrillPage {
                frame: visitor.frame("Continuity drill", Place::Incidents),
                began_at: Markup::time(&view.drill.began_at),
                ended_at: Markup::time(&view.drill.ended_at),
                took: counted(view.minutes, "minute", "minutes"),
                mark: mark(view.drill.result),
                recorded_at: Markup::time(&view.row.at),
                entry: view.row.entry,
                path: format!("/records/drill/{}", view.row.id),
                drill: view.drill,
            })
        })
        .await
}
