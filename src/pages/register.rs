//! `/models/new`: a version registered in the browser, from a registration made elsewhere or from its files.

use super::destination::percent_encoded;
use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, see_other};
use super::upload::{Typed, Upload, read};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::api::extract::Shared;
use crate::error::{Error, Result};
use crate::procedures::fingerprint_files::RegistrationSources;
use crate::procedures::register_files::{FileKind, SentFile, register_files};
use crate::procedures::register_version::{Registered, register_version};
use crate::provenance::registration::{DatasetRole, Registration};
use actix_multipart::Multipart;
use actix_web::{get, post, web};
use askama::Template;
use std::collections::BTreeMap;

/// Fields of the form that take files, and what these are.
const FILES: [(&str, FileKind); 10] = [
    ("train", FileKind::Dataset(DatasetRole::Train)),
    ("reference", FileKind::Dataset(DatasetRole::Reference)),
    ("test", FileKind::Dataset(DatasetRole::Test)),
    ("tune", FileKind::Dataset(DatasetRole::Tune)),
    ("validate", FileKind::Dataset(DatasetRole::Validate)),
    ("schema", FileKind::Schema),
    ("policy", FileKind::Policy),
    ("artifact", FileKind::Artifact),
    ("preparation_code", FileKind::PreparationCode),
    ("environment_lock", FileKind::EnvironmentLock),
];

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    frame: Frame,
    may_register: bool,
    typed: Typed,
}

impl RegisterPage {
    fn of(visitor: &Visitor, (typed, notice): (Typed, Option<Notice>)) -> Self {
        let frame = visitor.frame("Register a version", Place::Models).with_notice(notice);
        Self { may_register: frame.may_register(), frame, typed }
    }

    /// What stands in a field.
    fn value(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }
}

/// The registration in the one file that was sent.
fn document(upload: &mut Upload) -> Result<Registration> {
    let sent = upload.file("registration")?;
    let path = sent.delivery.file.path();
    let bytes = std::fs::read(path).map_err(Error::file("reading", path))?;
    serde_json::from_slice(&bytes).map_err(|e| Error::BadRequest {
        detail: format!(
            "`{:.100}` is no registration: {e}; `driftledger register --output FILE` makes one",
            sent.name
        ),
    })
}

/// `NAME=VALUE`, one a line.
fn parameters(text: &str) -> Result<BTreeMap<String, String>> {
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').ok_or_else(|| Error::BadRequest {
            detail: format!("parameter `{line:.100}` has no `=`; write NAME=VALUE, one a line"),
        })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(pair).collect()
}

fn sources(upload: &Upload) -> Result<RegistrationSources> {
    let needed = |field: &str| {
        let empty = || Error::BadRequest { detail: format!("`{field}` is empty; write one") };
        upload.text(field).ok_or_else(empty)
    };
    let keys = upload.text("overlap_key").unwrap_or_default();
    Ok(RegistrationSources {
        model: needed("model")?,
        version: needed("version")?,
        parameters: parameters(&upload.text("parameters").unwrap_or_default())?,
        overlap_key: keys
            .split(',')
            .map(|key| key.trim().to_owned())
            .filter(|key| !key.is_empty())
            .collect(),
        overlap_justification: upload.text("overlap_justification"),
        code_revision: upload.text("code_revision"),
        intended_use: upload.text("intended_use"),
        parent_version: upload.text("parent_version"),
        ..RegistrationSources::default()
    })
}

fn files(upload: Upload) -> Result<Vec<SentFile>> {
    let sent = |sent: super::upload::Sent| {
        let kind = FILES.iter().find(|(field, _)| *field == sent.field).map(|(_, kind)| *kind);
        let unknown = || Error::BadRequest {
            detail: format!("`{:.100}` is no field of this form that takes a file", sent.field),
        };
        let kind = kind.ok_or_else(unknown)?;
        Ok(SentFile { kind, name: sent.name, delivery: sent.delivery })
    };
    upload.files.into_iter().map(sent).collect()
}

async fn answered(
    visitor: Visitor,
    typed: Typed,
    registered: Result<(Registered, (String, String))>,
) -> Answer {
    match registered {
        Ok((_, (model, version))) => {
            let (model, version) = (percent_encoded(&model), percent_encoded(&version));
            Ok(see_other(&format!("/models/{model}/versions/{version}")))
        }
        Err(error) => {
            visitor
                .with_files()
                .page_again(error, move |visitor, notice| {
                    Ok(RegisterPage::of(visitor, (typed, Some(notice))))
                })
                .await
        }
    }
}

/// The forms.
#[get("/models/new")]
pub(super) async fn show(visitor: Visitor) -> Answer {
    visitor.with_files().page(|visitor| Ok(RegisterPage::of(visitor, (Typed::new(), None)))).await
}

/// Registers what a registration that was made elsewhere says.
#[post("/models/registrations")]
pub(super) async fn by_document(
    visitor: Visitor,
    shared: web::Data<Shared>,
    parts: Multipart,
) -> Answer {
    let mut upload = read((&visitor, &shared), Action::Register, parts).await?;
    let registered = visitor
        .act(move |store, acting| {
            let registration = document(&mut upload)?;
            let names = (registration.model.clone(), registration.version.clone());
            Ok((register_version(store, acting, &registration)?, names))
        })
        .await;
    answered(visitor, Typed::new(), registered).await
}

/// Registers a version from its files.
#[post("/models/registrations/files")]
pub(super) async fn by_files(
    visitor: Visitor,
    shared: web::Data<Shared>,
    parts: Multipart,
) -> Answer {
    let upload = read((&visitor, &shared), Action::Register, parts).await?;
    let typed = upload.typed.clone();
    let registered = visitor
        .act(move |store, acting| {
            let sources = sources(&upload)?;
            let names = (sources.model.clone(), sources.version.clone());
            Ok((register_files(store, acting, sources, files(upload)?)?, names))
        })
        .await;
    answered(visitor, typed, registered).await
}
