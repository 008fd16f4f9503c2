//! Forms that send files: `multipart/form-data`, read part by part and spooled while they are hashed, so that no more than a step of a
//! file is ever in memory. Works without a script.

use super::page_error::PageError;
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::api::extract::{Shared, spool_stream};
use crate::dataset::reader::Format;
use crate::error::{Error, Result};
use crate::procedures::ingest_batch::Delivery;
use actix_multipart::{Field, Multipart};
use futures_util::StreamExt as _;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest text of one field, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Parts of one form, at most.
const PARTS_MAX: usize = 200;

/// What was typed, by the name of the field.
pub(super) type Typed = BTreeMap<String, String>;

/// A file that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    /// Name of the field.
    pub(super) field: String,
    /// Name of the file, without folders.
    pub(super) name: String,
    /// The spooled file.
    pub(super) delivery: Delivery,
}

/// A form with its files.
#[derive(Debug, Default)]
pub(super) struct Upload {
    /// What was typed.
    pub(super) typed: Typed,
    /// Files, in the order of the form.
    pub(super) files: Vec<Sent>,
}

impl Upload {
    /// What was typed into a field, trimmed; nothing where it is empty.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        let text = self.typed.get(field).map(|text| text.trim().to_owned());
        text.filter(|text| !text.is_empty())
    }

    /// The one file of a field.
    pub(super) fn file(&mut self, field: &str) -> Result<Sent> {
        let at = self.files.iter().position(|sent| sent.field == field);
        at.map(|at| self.files.swap_remove(at)).ok_or_else(|| Error::BadRequest {
            detail: format!("no file was chosen for `{field}`; choose one and send the form again"),
        })
    }
}

/// Reads a form with files, once the person may do what it asks for and it proves to come from a page of this session: its token
/// comes before the first file.
pub(super) async fn read(
    (visitor, shared): (&Visitor, &Shared),
    action: Action,
    mut parts: Multipart,
) -> std::result::Result<Upload, PageError> {
    let permitted = visitor.act(move |_, acting| Ok(acting.permit(action)?)).await;
    permitted.map_err(|error| visitor.refuse(error))?;
    let mut upload = Upload::default();
    let mut is_checked = false;
    let mut left = shared.body_bytes_max;
    let mut seen = 0;
    while let Some(part) = parts.next().await {
        let part = part.map_err(|e| visitor.refuse(broken(&e)))?;
        seen += 1;
        if seen > PARTS_MAX {
            let detail = format!("the form has more than {PARTS_MAX} parts");
            return Err(visitor.refuse(Error::BadRequest { detail }));
        }
        let field = part.name().unwrap_or_default().to_owned();
        let Some(name) = file_name(&part) else {
            let text = text(part).await.map_err(|error| visitor.refuse(error))?;
            upload.typed.insert(field, text);
            continue;
        };
        if !is_checked {
            visitor.check_form(upload.typed.get("form_token").map_or("", String::as_str))?;
            is_checked = true;
        }
        let format = Format::of_extension(Path::new(&name));
        let spooled = spool_stream(shared, part, left, format).await;
        let delivery = spooled.map_err(|error| visitor.refuse(error))?;
        left = left.saturating_sub(delivery.content.bytes);
        // A browser sends an empty part for a file that was not chosen.
        if !name.is_empty() {
            upload.files.push(Sent { field, name, delivery });
        }
    }
    if !is_checked {
        visitor.check_form(upload.typed.get("form_token").map_or("", String::as_str))?;
    }
    Ok(upload)
}

fn broken(error: &actix_multipart::MultipartError) -> Error {
    Error::BadRequest { detail: format!("the form could not be read: {error}") }
}

/// The name of the file in a part, without folders; `None` for a part that is no file.
fn file_name(part: &Field) -> Option<String> {
    let name = part.content_disposition()?.get_filename()?;
    Some(name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
}

async fn text(mut part: Field) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|e| broken(&e))?;
        if bytes.len() + chunk.len() > TEXT_BYTES_MAX {
            return Err(Error::TooLarge { limit: TEXT_BYTES_MAX as u64 });
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes)
        .map_err(|e| Error::BadRequest { detail: format!("a field of the form is not UTF-8: {e}") })
}
