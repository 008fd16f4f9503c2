//! `/audit-trail`: who did what, when, newest first.

use super::alert_findings::about;
use super::destination::percent_encoded;
use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::{counted, words};
use crate::access::account::Account;
use crate::access::role::Action;
use crate::ledger::entry::{Actor, Entry, EntryType, Subject};
use crate::procedures::name_subjects::{self, Named};
use crate::procedures::read_accounts;
use crate::procedures::read_ledger::{self, TrailQuestion};
use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Entries on a page.
const PAGE_ROWS: u64 = 50;

/// Which entries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TrailQuery {
    /// Only entries before this one.
    pub before: Option<u64>,
    /// Only entries of this type; empty for all.
    #[serde(rename = "type")]
    pub kind: String,
    /// Only entries of the actor of this id; empty for all.
    pub actor: String,
    /// Only entries about the record of this id; empty for all.
    pub record: String,
    /// Not before this day; empty for any.
    pub from: String,
    /// Up to the end of this day; empty for any.
    pub until: String,
}

impl TrailQuery {
    fn question(&self) -> TrailQuestion {
        let Self { before, kind, actor, record, from, until } = self.clone();
        TrailQuestion { before, actor, kind, record, from, until }
    }

    fn filters(&self) -> bool {
        [&self.kind, &self.actor, &self.record, &self.from, &self.until]
            .iter()
            .any(|given| !given.is_empty())
    }

    fn path_before(&self, index: u64) -> String {
        let given = [
            ("type", &self.kind),
            ("actor", &self.actor),
            ("record", &self.record),
            ("from", &self.from),
            ("until", &self.until),
        ];
        given.iter().fold(format!("/audit-trail?before={index}"), |path, (name, value)| {
            format!("{path}&{name}={}", percent_encoded(value))
        })
    }
}

/// A thing an entry is about.
#[derive(Clone, Debug)]
pub struct SubjectLine {
    /// Its kind.
    pub kind: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its id.
    pub id: String,
    /// Its page, if it has one.
    pub path: Option<String>,
}

impl SubjectLine {
    /// The line of a subject that is called `named`.
    pub fn of(subject: &Subject, named: Option<&Named>) -> Self {
        let (name, path) = match named {
            Some(Named::Version { model, version }) => (
                Some(format!("{model} {version}")),
                Some(format!("/models/{model}/versions/{version}")),
            ),
            Some(Named::Batch { name, report_id }) => {
                (Some(name.clone()), Some(format!("/reports/{report_id}")))
            }
            Some(Named::Alert { opening }) => (Some(about(opening)), None),
            Some(Named::Account { user_name }) => (Some(user_name.clone()), None),
            None => (None, None),
        };
        let path = path.or_else(|| match subject.kind.as_str() {
            "report" => Some(format!("/reports/{}", subject.id)),
            "episode" => Some(format!("/alerts/{}", subject.id)),
            "study" => Some(format!("/studies/{}", subject.id)),
            _ => None,
        });
        let kind =
            if subject.kind == "episode" { "alert".to_owned() } else { words(&subject.kind) };
        Self { kind, name, id: subject.id.clone(), path }
    }

    /// What the line is called: its name, or else its id.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// One entry in the list.
struct EntryLine {
    index: u64,
    at: Markup,
    kind: &'static str,
    sentence: &'static str,
    actor: String,
    how: String,
    subjects: Vec<SubjectLine>,
    rows: String,
}

#[derive(Template)]
#[template(path = "audit_trail.html")]
struct AuditTrailPage {
    frame: Frame,
    entries: Vec<EntryLine>,
    kinds: Vec<(&'static str, bool)>,
    actors: Vec<(String, String, bool)>,
    shown: Option<String>,
    older: Option<String>,
    filtered: bool,
    record: String,
    from: String,
    until: String,
    /// Whether this person may read the access log.
    logs: bool,
    checkpoint: String,
}

/// The name of an actor: a person's user name, or the part of the program that acted.
pub fn actor_name(actor: &Actor, accounts: &[Account]) -> String {
    let account = accounts.iter().find(|account| account.id == actor.id);
    account.map_or_else(|| actor.id.clone(), |account| account.user_name.clone())
}

fn line(
    (entry, body): &(Entry, serde_json::Value),
    accounts: &[Account],
    names: &BTreeMap<String, Named>,
) -> EntryLine {
    let rows = body.get("rows").and_then(|rows| rows.as_array()).map_or(0, Vec::len) as u64;
    EntryLine {
        index: entry.idx,
        at: Markup::time(&entry.ts),
        kind: entry.kind.as_str(),
        sentence: entry.kind.sentence(),
        actor: actor_name(&entry.actor, accounts),
        how: format!("{}, {}", words(&entry.actor.role), words(&entry.actor.auth)),
        subjects: entry.subj.iter().map(|s| SubjectLine::of(s, names.get(&s.id))).collect(),
        rows: counted(rows, "row", "rows"),
    }
}

fn read(visitor: &Visitor, query: &TrailQuery) -> crate::error::Result<AuditTrailPage> {
    let (store, acting) = (&visitor.store, visitor.acting());
    let filter = query.question().filter()?;
    let (found, checkpoint) = read_ledger::audit_trail(store, &acting, &filter, PAGE_ROWS)?;
    let accounts = read_accounts::accounts(store, &acting)?;
    let oldest = found.last().map(|(entry, _)| entry.idx);
    let newest = found.first().map(|(entry, _)| entry.idx);
    let subjects = found.iter().flat_map(|(entry, _)| &entry.subj);
    let names = name_subjects::name_subjects(store, &acting, subjects)?;
    let actor = |account: &Account| {
        let words = format!("{} ({})", account.user_name, account.printed_name);
        (account.id.clone(), words, account.id == query.actor)
    };
    Ok(AuditTrailPage {
        logs: acting.permit(Action::ReadAccessLog).is_ok(),
        frame: visitor.frame("Audit trail", Place::AuditTrail),
        entries: found.iter().map(|one| line(one, &accounts, &names)).collect(),
        kinds: EntryType::ALL.iter().map(|k| (k.as_str(), k.as_str() == query.kind)).collect(),
        actors: accounts.iter().map(actor).collect(),
        shown: newest.zip(oldest).map(|(n, o)| format!("entries {o} to {n}")),
        older: oldest
            .filter(|index| *index > 0 && found.len() as u64 == PAGE_ROWS)
            .map(|index| query.path_before(index)),
        filtered: query.filters(),
        record: query.record.clone(),
        from: query.from.clone(),
        until: query.until.clone(),
        checkpoint,
    })
}

/// The audit trail.
#[get("/audit-trail")]
pub(super) async fn show(visitor: Visitor, query: web::Query<TrailQuery>) -> Answer {
    visitor.page(move |visitor| read(visitor, &query)).await
}
