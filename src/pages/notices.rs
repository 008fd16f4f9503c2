//! `/notices`: who is told outside, what was told, and dead letters; an administrator keeps targets and sends again.

use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::error::Result;
use crate::notify::notice::NoticeKind;
use crate::notify::target::{Channel, Target};
use crate::procedures::tell_people::{keep_target, notices, send_again, targets};
use crate::store::outbox::{OutboxRow, TargetRow};
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// A target to keep.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TargetForm {
    /// The session's form token.
    pub form_token: String,
    /// What it is called.
    pub name: String,
    /// `webhook` or `mail`.
    pub channel: String,
    /// Where it is.
    pub address: String,
    /// What it hears of, separated by spaces.
    pub kinds: String,
    /// Present where it is not told any more.
    pub disabled: Option<String>,
    /// Why.
    pub reason: String,
}

/// A form with a button and nothing else.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RetryForm {
    /// The session's form token.
    pub form_token: String,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    frame: Frame,
    manages: bool,
    targets: Vec<(TargetRow, String)>,
    notices: Vec<(OutboxRow, Markup)>,
    /// The secret of a webhook that was just made, shown once.
    secret: Option<String>,
}

impl NoticesPage {
    fn read(visitor: &Visitor, notice: Option<Notice>, secret: Option<String>) -> Result<Self> {
        let (store, acting) = (&visitor.store, visitor.acting());
        let frame = visitor.frame("Notices", Place::Notices).with_notice(notice);
        let kinds = |row: &TargetRow| {
            row.target.kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ")
        };
        let targets = targets(store, &acting)?.into_iter();
        let notices = notices(store, &acting, None)?.into_iter();
        Ok(Self {
            manages: frame.may(Action::ManageNotices),
            frame,
            targets: targets.map(|row| (row.clone(), kinds(&row))).collect(),
            notices: notices.map(|row| (row.clone(), Markup::time(&row.notice.at))).collect(),
            secret,
        })
    }
}

impl TargetForm {
    fn target(&self) -> Result<Target> {
        let kinds = self.kinds.split([' ', ',']).filter(|word| !word.is_empty());
        let kinds = kinds.map(NoticeKind::parse).collect::<crate::notify::Result<_>>()?;
        Ok(Target {
            name: self.name.trim().to_owned(),
            channel: if self.channel == "mail" { Channel::Mail } else { Channel::Webhook },
            address: self.address.trim().to_owned(),
            kinds,
            enabled: self.disabled.is_none(),
        })
    }
}

/// Targets and notices.
#[get("/notices")]
pub(super) async fn show(visitor: Visitor) -> Answer {
    visitor.page(move |visitor| NoticesPage::read(visitor, None, None)).await
}

/// Keeps a target; the secret of a new webhook is in this answer only.
#[post("/notices/targets")]
pub(super) async fn keep(visitor: Visitor, form: web::Form<TargetForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let kept = visitor
        .act(move |store, acting| {
            acting.permit(Action::ManageNotices)?;
            keep_target(store, acting, &form.target()?, &form.reason)
        })
        .await;
    match kept {
        Ok(kept) => {
            let notice = Notice::done("the target is kept");
            let secret = kept.value.secret;
            visitor.page(move |v| NoticesPage::read(v, Some(notice), secret)).await
        }
        Err(error) => {
            visitor.page_again(error, |v, notice| NoticesPage::read(v, Some(notice), None)).await
        }
    }
}

/// Sends a dead letter again.
#[post("/notices/{number}/retry")]
pub(super) async fn retry(
    visitor: Visitor,
    number: web::Path<i64>,
    form: web::Form<RetryForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let sent = visitor.act(move |store, acting| send_again(store, acting, *number)).await;
    match sent {
        Ok(()) => Ok(see_other("/notices")),
        Err(error) => {
            visitor.page_again(error, |v, notice| NoticesPage::read(v, Some(notice), None)).await
        }
    }
}
