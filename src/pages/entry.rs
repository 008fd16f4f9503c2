//! `/audit-trail/{index}`: one ledger entry, what it wrote, and its proof.

use super::audit_trail::{SubjectLine, actor_name};
use super::destination::percent_encoded;
use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::{whole, words};
use crate::digest;
use crate::error::Result;
use crate::evidence::manifest::WITHHELD;
use crate::ledger::body::RowDigest;
use crate::ledger::entry::Entry;
use crate::procedures::name_subjects::name_subjects;
use crate::procedures::{read_accounts, read_ledger};
use actix_web::{HttpResponse, get, web};
use askama::Template;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: Frame,
    index: u64,
    at: Markup,
    kind: &'static str,
    sentence: &'static str,
    actor: String,
    actor_id: String,
    how: String,
    subjects: Vec<SubjectLine>,
    refers_to: Vec<u64>,
    rows: Vec<RowDigest>,
    detail: String,
    body_sha256: String,
    body_bytes: String,
    leaf: String,
    leaf_hash: String,
    proof: String,
    before: Option<u64>,
}

impl EntryPage {
    /// Where a copy of the record is; none of credentials and tokens is ever made.
    fn copy_path(&self, row: &RowDigest) -> Option<String> {
        let is_copied = !WITHHELD.contains(&row.table.as_str());
        is_copied.then(|| format!("/records/{}/{}", row.table, percent_encoded(&row.key)))
    }
}

fn page(visitor: &Visitor, index: u64) -> Result<EntryPage> {
    let (store, acting) = (&visitor.store, visitor.acting());
    let (entry, body, proof) = read_ledger::ledger_entry(store, &acting, index)?;
    let accounts = read_accounts::accounts(store, &acting)?;
    let names = name_subjects(store, &acting, &entry.subj)?;
    let leaf = leaf(&entry)?;
    let rows = body.get("rows").cloned().unwrap_or_default();
    let detail = body.get("detail").filter(|detail| !detail.is_null());
    Ok(EntryPage {
        frame: visitor.frame(&format!("Ledger entry {index}"), Place::AuditTrail),
        index,
        at: Markup::time(&entry.ts),
        kind: entry.kind.as_str(),
        sentence: entry.kind.sentence(),
        actor: actor_name(&entry.actor, &accounts),
        how: format!("{}, {}", words(&entry.actor.role), words(&entry.actor.auth)),
        actor_id: entry.actor.id.clone(),
        subjects: entry.subj.iter().map(|s| SubjectLine::of(s, names.get(&s.id))).collect(),
        refers_to: entry.refs.clone(),
        rows: serde_json::from_value(rows).unwrap_or_default(),
        detail: detail.map(ToString::to_string).unwrap_or_default(),
        body_sha256: entry.body.sha256.clone(),
        body_bytes: whole(entry.body.len),
        leaf_hash: hex::encode(digest::leaf_hash(leaf.as_bytes())),
        leaf,
        proof,
        before: index.checked_sub(1),
    })
}

/// The bytes of the leaf: canonical JSON, so the entry that was read gives them again.
fn leaf(entry: &Entry) -> Result<String> {
    Ok(String::from_utf8(entry.to_leaf()?).unwrap_or_default())
}

/// The entry.
#[get("/audit-trail/{index}")]
pub(super) async fn show(visitor: Visitor, index: web::Path<u64>) -> Answer {
    visitor.page(move |visitor| page(visitor, *index)).await
}

/// Its inclusion proof as a file.
#[get("/audit-trail/{index}/proof")]
pub(super) async fn proof_file(visitor: Visitor, index: web::Path<u64>) -> Answer {
    let index = *index;
    let read = visitor.act(move |store, acting| read_ledger::ledger_entry(store, acting, index));
    let (_, _, proof) = read.await.map_err(|error| visitor.refuse(error))?;
    let name = format!("attachment; filename=\"entry-{index}.tlog-proof\"");
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(("content-disposition", name))
        .body(proof))
}
