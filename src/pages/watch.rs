//! `/accounts/watch`: what may be misuse, and what waits for another person: removals, links, signing that is suspended. `/clock`: whether
//! the time is trusted.

use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::{Visitor, shared};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::hold_signing::release_signing;
use crate::procedures::keep_factors::answer_removal;
use crate::procedures::link_identities::{answer_link, ask_link, ask_unlink};
use crate::procedures::read_accounts::{AccountLine, account_lines};
use crate::procedures::watch_clock::{clock_view, confirm_clock};
use crate::procedures::watch_misuse::{answer_misuse, misuse_events};
use crate::store::clock_events::ClockRow;
use crate::store::misuse::MisuseRow;
use actix_web::{HttpRequest, get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to take a step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WatchForm {
    /// The session's form token.
    pub form_token: String,
    /// `factor`, `identity`, `release`, `misuse`, `link` or `unlink`.
    pub step: String,
    /// Whose account.
    pub user_name: String,
    /// Which event.
    pub id: String,
    /// `yes` or `no`, where another person asked.
    pub granted: String,
    /// Issuer of the identity provider.
    pub issuer: String,
    /// What the provider calls the person.
    pub subject: String,
    /// Why, or what was found out.
    pub reason: String,
}

/// What a form led to, as the address says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    /// The step that was done.
    pub done: String,
}

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage {
    frame: Frame,
    events: Vec<MisuseRow>,
    /// Accounts whose second factor is to be removed.
    removals: Vec<String>,
    lines: Vec<AccountLine>,
    issuer: String,
    answers: bool,
    manages: bool,
}

impl WatchPage {
    fn read(visitor: &Visitor, issuer: &str, notice: Option<Notice>) -> Result<Self> {
        let acting = visitor.acting();
        let frame = visitor.frame("Watch", Place::Accounts).with_notice(notice);
        let events = misuse_events(&visitor.store, &acting)?;
        let lines = account_lines(&visitor.store, &acting)?;
        let asked = lines.iter().filter(|line| line.factor_removal_asked);
        Ok(Self {
            removals: asked.map(|line| line.account.user_name.clone()).collect(),
            events,
            lines,
            issuer: issuer.to_owned(),
            answers: frame.may(Action::KeepWatch),
            manages: frame.may(Action::ManageAccounts),
            frame,
        })
    }

    /// Links that wait for another person: user name, what is asked, subject.
    fn links(&self) -> Vec<(&str, &'static str, &str)> {
        use crate::access::provider::LinkState;
        self.lines
            .iter()
            .filter_map(|line| {
                let link = line.identity.as_ref()?;
                let asked = match link.state {
                    LinkState::Asked => "link it to",
                    LinkState::RemovalAsked => "end its link to",
                    _ => return None,
                };
                Some((line.account.user_name.as_str(), asked, link.subject.as_str()))
            })
            .collect()
    }

    /// Accounts whose owners cannot sign: user name and why.
    fn held(&self) -> Vec<(&str, &str)> {
        let held = |line: &AccountLine| line.signing_held.is_some();
        let lines = self.lines.iter().filter(|line| held(line));
        lines
            .map(|line| {
                let why = line.signing_held.as_deref().unwrap_or_default();
                (line.account.user_name.as_str(), why)
            })
            .collect()
    }
}

fn issuer(request: &HttpRequest) -> Result<String> {
    Ok(shared(request)?.provider.as_ref().map(|p| p.issuer.clone()).unwrap_or_default())
}

/// What may be misuse, and what waits for another person.
#[get("/accounts/watch")]
pub(super) async fn show_watch(
    request: HttpRequest,
    visitor: Visitor,
    query: web::Query<DoneQuery>,
) -> Answer {
    let issuer = issuer(&request)?;
    let notice = match query.done.as_str() {
        "" => None,
        "link" | "unlink" => Some(Notice::done("it is asked for; another person confirms it")),
        _ => Some(Notice::done("it is recorded")),
    };
    visitor.page(move |visitor| WatchPage::read(visitor, &issuer, notice)).await
}

/// Takes a step.
#[post("/accounts/watch")]
pub(super) async fn take_watch_step(
    request: HttpRequest,
    visitor: Visitor,
    form: web::Form<WatchForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let issuer = issuer(&request)?;
    let form = form.into_inner();
    let step = form.step.clone();
    let taken = visitor
        .act(move |store, acting| {
            let (who, why) = (form.user_name.trim(), form.reason.as_str());
            let answer = (form.granted == "yes", why);
            match form.step.as_str() {
                "factor" => answer_removal(store, acting, who, answer),
                "identity" => answer_link(store, acting, who, answer),
                "release" => release_signing(store, acting, who, why),
                "misuse" => answer_misuse(store, acting, &form.id, why),
                "unlink" => ask_unlink(store, acting, who, why),
                "link" => ask_link(store, acting, who, (&form.issuer, &form.subject, why)),
                other => {
                    let detail = format!("`{other}` is no step; use the forms of the page");
                    Err(Error::BadRequest { detail })
                }
            }
        })
        .await;
    match taken {
        Ok(()) => Ok(see_other(&format!("/accounts/watch?done={step}"))),
        Err(error) => {
            visitor
                .page_again(error, move |v, notice| WatchPage::read(v, &issuer, Some(notice)))
                .await
        }
    }
}

#[derive(Template)]
#[template(path = "clock.html")]
struct ClockPage {
    frame: Frame,
    now: Markup,
    trusted: bool,
    events: Vec<ClockLine>,
    confirms: bool,
}

/// Something that was noticed about the clock.
struct ClockLine {
    at: Markup,
    entry: u64,
    kind: &'static str,
    expected: Markup,
    found: Markup,
    offset: String,
    detail: Markup,
}

impl ClockLine {
    fn of(row: &ClockRow) -> Self {
        let kind = match row.kind.as_str() {
            "step" => "it was set",
            "behind" => "it is behind the ledger",
            "unsynchronised" => "it is not in step with its source",
            "synchronised" => "it is in step with its source again",
            _ => "somebody confirmed that it is right",
        };
        Self {
            at: Markup::time(&row.at),
            entry: row.entry,
            kind,
            expected: Markup::time(&row.expected),
            found: Markup::time(&row.found),
            offset: row.offset_ms.to_string().replace('-', "−"),
            detail: Markup::message(&row.detail),
        }
    }
}

fn read_clock(visitor: &Visitor, notice: Option<Notice>) -> Result<ClockPage> {
    let frame = visitor.frame("Clock", Place::Elsewhere).with_notice(notice);
    let view = clock_view(&visitor.store, &visitor.acting())?;
    let confirms = frame.may(Action::KeepWatch) && !view.trusted;
    Ok(ClockPage {
        frame,
        now: Markup::time(&view.now),
        trusted: view.trusted,
        events: view.events.iter().map(ClockLine::of).collect(),
        confirms,
    })
}

/// Whether the time is trusted.
#[get("/clock")]
pub(super) async fn show_clock(visitor: Visitor) -> Answer {
    visitor.page(|visitor| read_clock(visitor, None)).await
}

/// Confirms that the clock is right.
#[post("/clock")]
pub(super) async fn confirm(visitor: Visitor, form: web::Form<WatchForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    match visitor.act(move |store, acting| confirm_clock(store, acting, &form.reason)).await {
        Ok(()) => Ok(see_other("/clock")),
        Err(error) => visitor.page_again(error, |v, notice| read_clock(v, Some(notice))).await,
    }
}
