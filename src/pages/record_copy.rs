//! `/records/{table}/{id}`: a copy of any record to read and print, with what changed since it was first entered.

use super::destination::percent_encoded;
use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::words;
use crate::error::Result;
use crate::evidence::record_copy::{FieldCopy, RecordCopy, Revision};
use crate::procedures::copy_record::copy_record;
use actix_web::{get, web};
use askama::Template;

#[derive(Template)]
#[template(path = "record_copy.html")]
struct RecordCopyPage {
    frame: Frame,
    called: String,
    copy: RecordCopy,
}

impl RecordCopyPage {
    fn time(&self, at: &str) -> Markup {
        Markup::time(at)
    }

    fn path(&self, revision: &Revision) -> String {
        format!("/records/{}/{}", self.copy.table, percent_encoded(&revision.id))
    }

    fn is_this(&self, revision: &Revision) -> bool {
        revision.id == self.copy.revision.id
    }

    /// What the mark on a changed field says.
    fn change(&self, field: &FieldCopy) -> String {
        match field.changes {
            1 => "Changed once.".to_owned(),
            times => format!("Changed {times} times."),
        }
    }
}

fn page(visitor: &Visitor, table: &str, id: &str) -> Result<RecordCopyPage> {
    let copy = copy_record(&visitor.store, &visitor.acting(), (table, id))?;
    let called = words(table);
    Ok(RecordCopyPage {
        frame: visitor.frame(&format!("Copy of a record: {called}"), Place::AuditTrail),
        called,
        copy,
    })
}

/// The copy.
#[get("/records/{table}/{id}")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    visitor.page(move |visitor| page(visitor, &path.0, &path.1)).await
}
