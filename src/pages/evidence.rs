//! `/evidence`: choose what a pack is about, have it made, fetch it, and see who took what.

use super::destination::percent_encoded;
use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::{Visitor, shared};
use crate::access::role::Action;
use crate::api::evidence::{EvidenceQuery, file_name, send};
use crate::api::evidence_jobs::{EvidenceJob, EvidenceJobs};
use crate::error::Result;
use crate::evidence::manifest::Scope;
use crate::procedures::read_inventory::models;
use crate::procedures::take_evidence::taken;
use crate::store::exports::ExportRow;
use actix_web::{HttpRequest, get, post, web};
use askama::Template;
use serde::Deserialize;
use std::time::Duration;

/// Packs in the list of who took what.
const LISTED_MAX: u64 = 100;
/// A pack that is made within this time is shown at once.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// A pack that somebody took.
struct TakenLine {
    at: Markup,
    about: String,
    size: u64,
    bytes: String,
    seconds: String,
    sha256: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "evidence.html")]
struct EvidencePage {
    frame: Frame,
    form: EvidenceForm,
    versions: Vec<(String, String)>,
    taken: Vec<TakenLine>,
}

impl EvidencePage {
    fn of(visitor: &Visitor, form: EvidenceForm, notice: Option<Notice>) -> Result<Self> {
        let acting = visitor.acting();
        let rows = taken(&visitor.store, &acting, LISTED_MAX)?;
        let models = models(&visitor.store, &acting)?;
        let versions = models.into_iter().flat_map(|(_, versions)| versions);
        let versions = versions.map(|version| (version.model, version.version)).collect();
        Ok(Self {
            frame: visitor.frame("Evidence", Place::Evidence).with_notice(notice),
            form,
            versions,
            taken: rows.into_iter().map(line).collect(),
        })
    }
}

fn line(row: ExportRow) -> TakenLine {
    let scope: Option<Scope> = serde_json::from_str(&row.scope).ok();
    TakenLine {
        at: Markup::time(&row.at),
        about: scope.map(|scope| scope.words().replace('`', "")).unwrap_or_default(),
        size: row.size,
        bytes: size_words(row.bytes),
        seconds: format!("{:.1} s", row.duration_ms as f64 / 1e3),
        sha256: row.sha256,
        entry: row.entry,
    }
}

pub(super) fn size_words(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[derive(Template)]
#[template(path = "evidence_pack.html")]
struct PackPage {
    frame: Frame,
    job: EvidenceJob,
    about: Markup,
    file: String,
    bytes: String,
    sha256: String,
    entry: u64,
    key: String,
    /// What asks for the same as a document.
    query: String,
}

/// What a pack can be about, and who took one.
#[get("/evidence")]
pub(super) async fn show(visitor: Visitor, form: web::Query<EvidenceForm>) -> Answer {
    let form = form.into_inner();
    visitor.page(move |visitor| EvidencePage::of(visitor, form, None)).await
}

/// What the form sends, and what a link to it fills in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EvidenceForm {
    /// The session's form token.
    pub form_token: String,
    /// Model name.
    pub model: String,
    /// Version of it.
    pub version: String,
    /// Id of an alert.
    pub alert: String,
    /// Id or name of a batch.
    pub batch: String,
    /// Row id of a prediction.
    pub prediction: String,
    /// Begin of a period.
    pub from: String,
    /// End of a period.
    pub to: String,
}

/// Begins to make a pack.
#[post("/evidence")]
pub(super) async fn make(
    visitor: Visitor,
    request: HttpRequest,
    form: web::Form<EvidenceForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let query = EvidenceQuery {
        model: Some(form.model.clone()),
        version: Some(form.version.clone()),
        alert: Some(form.alert.clone()),
        batch: Some(form.batch.clone()),
        prediction: Some(form.prediction.clone()),
        from: Some(form.from.clone()),
        to: Some(form.to.clone()),
    };
    let jobs = shared(&request)?.evidence.clone();
    match jobs.begin(visitor.store.clone(), visitor.acting(), query.into()).await {
        Ok(job) => {
            wait(&jobs, &job, &visitor).await;
            Ok(see_other(&format!("/evidence/{}", job.id)))
        }
        Err(error) => {
            let compose =
                move |visitor: &Visitor, notice| EvidencePage::of(visitor, form, Some(notice));
            visitor.page_again(error, compose).await
        }
    }
}

/// Waits a moment for a pack that is made quickly.
async fn wait(jobs: &EvidenceJobs, job: &EvidenceJob, visitor: &Visitor) {
    let acting = visitor.acting();
    for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
        if jobs.look(&job.id, &acting).map_or(true, |job| job.state != "working") {
            return;
        }
        actix_web::rt::time::sleep(LOOK).await;
    }
}

/// How far a pack is, and where to fetch it.
#[get("/evidence/{id}")]
pub(super) async fn look(visitor: Visitor, request: HttpRequest, id: web::Path<String>) -> Answer {
    let jobs = shared(&request)?.evidence.clone();
    visitor
        .page(move |visitor| {
            visitor.acting().permit(Action::Read)?;
            let job = jobs.look(&id, &visitor.acting())?;
            let (bytes, sha256, entry) =
                job.taken.as_ref().map_or_else(Default::default, |taken| {
                    (size_words(taken.bytes), taken.sha256.clone(), taken.entry)
                });
            Ok(PackPage {
                frame: visitor.frame("Evidence pack", Place::Evidence),
                about: Markup::sentence(&job.about),
                file: file_name(&job.scope),
                bytes,
                sha256,
                entry,
                key: visitor.store.verifier_key().to_string(),
                query: query(&job.scope),
                job,
            })
        })
        .await
}

/// The filters of `scope` as a query.
fn query(scope: &Scope) -> String {
    let filters = [
        ("model", &scope.model),
        ("version", &scope.version),
        ("alert", &scope.alert),
        ("batch", &scope.batch),
        ("prediction", &scope.prediction),
        ("from", &scope.from),
        ("to", &scope.to),
    ];
    let given = filters.into_iter().filter_map(|(name, value)| {
        value.as_ref().map(|value| format!("{name}={}", percent_encoded(value)))
    });
    let given: Vec<String> = given.collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

/// A pack that is done.
#[get("/evidence/{id}/pack")]
pub(super) async fn fetch(visitor: Visitor, request: HttpRequest, id: web::Path<String>) -> Answer {
    let jobs = shared(&request)?.evidence.clone();
    let (job, file) = jobs.pack(&id, &visitor.acting()).map_err(|error| visitor.refuse(error))?;
    Ok(send(&file_name(&job.scope), file))
}
