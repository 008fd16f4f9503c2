//! `/access-log`: who came in, who did not, and who was refused what.

use super::destination::percent_encoded;
use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::words;
use crate::access::event::AccessKind;
use crate::error::Result;
use crate::procedures::read_accounts;
use crate::procedures::watch_access::access_events;
use crate::store::access_log::AccessFilter;
use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;

/// Events on one page.
const PAGE_EVENTS: u32 = 200;

/// Which events.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// Only before this one.
    pub before: Option<i64>,
    /// Only of this account; empty for all.
    pub user_name: String,
    /// Only of this kind; empty for all.
    pub kind: String,
}

/// One event in the list.
struct EventLine {
    at: Markup,
    user_name: String,
    role: String,
    what: String,
    code: String,
    asked: String,
    address: String,
}

#[derive(Template)]
#[template(path = "access_log.html")]
struct AccessLogPage {
    frame: Frame,
    events: Vec<EventLine>,
    /// Word, words and whether it is chosen.
    kinds: Vec<(&'static str, String, bool)>,
    /// User name and whether it is chosen.
    people: Vec<(String, bool)>,
    older: Option<String>,
}

fn read(visitor: &Visitor, query: &LogQuery) -> Result<AccessLogPage> {
    let (store, acting) = (&visitor.store, visitor.acting());
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let kind = given(&query.kind).map(|kind| AccessKind::parse(&kind)).transpose()?;
    let filter = AccessFilter { before: query.before, user_name: given(&query.user_name), kind };
    let events = access_events(store, &acting, &filter, PAGE_EVENTS)?;
    let last = events.last().filter(|_| events.len() == PAGE_EVENTS as usize);
    let (name, word) = (percent_encoded(&query.user_name), percent_encoded(&query.kind));
    let older =
        last.map(|event| format!("/access-log?before={}&user_name={name}&kind={word}", event.id));
    let accounts = read_accounts::accounts(store, &acting)?.into_iter();
    let line = |event: crate::access::event::AccessEvent| EventLine {
        at: Markup::time(&event.at),
        user_name: event.user_name,
        role: words(&event.role),
        what: words(event.kind.word()),
        code: event.code,
        asked: event.asked,
        address: event.address,
    };
    let kind = |kind: &AccessKind| (kind.word(), words(kind.word()), kind.word() == query.kind);
    Ok(AccessLogPage {
        frame: visitor.frame("Access log", Place::AuditTrail),
        events: events.into_iter().map(line).collect(),
        kinds: AccessKind::ALL.iter().map(kind).collect(),
        people: accounts
            .map(|account| (account.user_name.clone(), account.user_name == query.user_name))
            .collect(),
        older,
    })
}

/// The access log.
#[get("/access-log")]
pub(super) async fn show(visitor: Visitor, query: web::Query<LogQuery>) -> Answer {
    visitor.page(move |visitor| read(visitor, &query)).await
}
