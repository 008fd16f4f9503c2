//! `/retention`: how long stored files are kept, legal holds, which files are due for disposal, and the disposals so far.

use super::disposal::{FileLine, file_line};
use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Typed;
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::hold_records::{PlaceHold, place_hold};
use crate::procedures::keep_retention::{assign_retention_class, set_retention_policy};
use crate::procedures::list_retention::{RetentionBoard, retention_board};
use crate::review::disposal::{REASON_MAX, REASON_MIN};
use crate::review::file_kind::FileKind;
use crate::review::retention::{
    CountedFrom, KindRule, RetentionClass, RetentionPolicy, RetentionTerm,
};
use crate::store::disposals::DisposalRow;
use crate::store::retention::{LegalHoldRow, RetentionPolicyRow};
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// Files that one form offers: as many as fit into a form that is sent.
const FILES_OFFERED: usize = 200;

/// A class, and which kinds are in it.
struct ClassLine {
    name: String,
    words: String,
    basis: String,
    kinds: String,
}

/// A policy that was set.
struct PolicyLine {
    at: Markup,
    by: String,
    reason: String,
    classes: String,
    entry: u64,
}

/// A version with a class of its own.
struct VersionLine {
    version: String,
    class: String,
    reason: String,
    entry: u64,
}

/// A legal hold.
struct HoldLine {
    id: String,
    words: String,
    at: Markup,
    by: String,
    reason: String,
    /// How it ended; empty while it is in force.
    lifted: String,
}

/// A disposal.
struct DisposalLine {
    id: String,
    files: String,
    at: Markup,
    by: String,
    reason: String,
    stands: String,
}

#[derive(Template)]
#[template(path = "retention.html")]
struct RetentionPage {
    frame: Frame,
    classes: Vec<ClassLine>,
    history: Vec<PolicyLine>,
    versions: Vec<VersionLine>,
    in_force: Vec<HoldLine>,
    lifted: Vec<HoldLine>,
    due: Vec<FileLine>,
    due_in_all: u64,
    /// That not all of them are offered; empty where they are.
    due_words: String,
    gone: String,
    disposals: Vec<DisposalLine>,
    keeps: bool,
    typed: String,
    reason_min: usize,
    reason_max: usize,
}

impl RetentionPage {
    fn read(visitor: &Visitor, notice: Option<Notice>) -> Result<Self> {
        let board = retention_board(&visitor.store, &visitor.acting())?;
        let frame = visitor.frame("Retention", Place::Retention).with_notice(notice);
        let RetentionBoard { view, holds, disposals, due, names } = board;
        let policy = view.history.first().map(|row| row.policy.clone()).unwrap_or_default();
        let (in_force, lifted): (Vec<_>, Vec<_>) =
            holds.into_iter().partition(|hold| hold.lifted.is_none());
        Ok(Self {
            keeps: frame.may(Action::KeepRetention),
            frame,
            classes: policy.classes.iter().map(|class| class_line(class, &policy)).collect(),
            history: view.history.into_iter().map(policy_line).collect(),
            versions: view
                .versions
                .into_iter()
                .map(|row| VersionLine {
                    version: names.get(&row.version_id).cloned().unwrap_or(row.version_id),
                    class: row.class.unwrap_or_default(),
                    reason: row.reason,
                    entry: row.entry,
                })
                .collect(),
            in_force: in_force.into_iter().map(hold_line).collect(),
            lifted: lifted.into_iter().map(hold_line).collect(),
            due: due.files.iter().take(FILES_OFFERED).map(file_line).collect(),
            due_in_all: due.total,
            due_words: if due.total > FILES_OFFERED as u64 {
                format!("; the first {FILES_OFFERED} of {}", due.total)
            } else {
                String::new()
            },
            gone: counted(due.gone, "file is", "files are"),
            disposals: disposals.into_iter().map(disposal_line).collect(),
            typed: typed(&policy),
            reason_min: REASON_MIN,
            reason_max: REASON_MAX,
        })
    }
}

fn class_line(class: &RetentionClass, policy: &RetentionPolicy) -> ClassLine {
    let kinds: Vec<&str> = policy
        .kinds
        .iter()
        .filter(|rule| rule.class == class.name)
        .map(|rule| rule.kind.words())
        .collect();
    ClassLine {
        name: class.name.clone(),
        words: class.words(),
        basis: class.basis.clone(),
        kinds: if kinds.is_empty() { "none by itself".to_owned() } else { kinds.join(", ") },
    }
}

fn policy_line(row: RetentionPolicyRow) -> PolicyLine {
    let class = |class: &RetentionClass| format!("{}: {}", class.name, class.words());
    let classes: Vec<String> = row.policy.classes.iter().map(class).collect();
    PolicyLine {
        at: Markup::time(&row.at),
        by: row.set_by,
        reason: row.reason,
        classes: if classes.is_empty() {
            "everything is kept for ever".to_owned()
        } else {
            classes.join("; ")
        },
        entry: row.entry,
    }
}

fn hold_line(hold: LegalHoldRow) -> HoldLine {
    HoldLine {
        words: hold.words(),
        lifted: hold.lifted.map_or_else(String::new, |lifted| {
            format!("lifted at {} by {}, because: {}", lifted.at, lifted.by, lifted.reason)
        }),
        at: Markup::time(&hold.at),
        by: hold.placed_by,
        reason: hold.reason,
        id: hold.id,
    }
}

fn disposal_line(row: DisposalRow) -> DisposalLine {
    DisposalLine {
        files: counted(row.files, "file", "files"),
        at: Markup::time(&row.at),
        by: row.proposed_by,
        reason: row.reason,
        stands: match (row.signed_entry, row.withdrawn_entry) {
            (Some(entry), _) => format!("signed by QA in ledger entry {entry}: its files are gone"),
            (None, Some(entry)) => format!("withdrawn in ledger entry {entry}"),
            (None, None) => "waits for the signature of another person, of QA".to_owned(),
        },
        id: row.id,
    }
}

/// The policy as it is typed: a line for each class and for each kind.
fn typed(policy: &RetentionPolicy) -> String {
    let class = |class: &RetentionClass| {
        let terms: Vec<String> = class
            .terms
            .iter()
            .map(|term| format!("{} years from {}", term.years, term.from.word()))
            .collect();
        format!("class {} = {} | {}", class.name, terms.join(" + "), class.basis)
    };
    let kind = |rule: &KindRule| format!("kind {} = {}", rule.kind.word(), rule.class);
    let lines = policy.classes.iter().map(class).chain(policy.kinds.iter().map(kind));
    lines.collect::<Vec<_>>().join("\n")
}

/// The policy that somebody typed.
fn parsed(text: &str) -> Result<RetentionPolicy> {
    let mut policy = RetentionPolicy::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let refuse = || Error::BadRequest {
            detail: format!(
                "`{line}` is no rule; write `class NAME = 5 years from delivery + 1 years from end_of_life | BASIS` or `kind batch = NAME`"
            ),
        };
        let (left, right) = line.split_once('=').ok_or_else(refuse)?;
        let (what, name) = left.trim().split_once(' ').ok_or_else(refuse)?;
        match what {
            "kind" => policy.kinds.push(KindRule {
                kind: FileKind::of_word(name.trim()).ok_or_else(refuse)?,
                class: right.trim().to_owned(),
            }),
            "class" => {
                let (terms, basis) = right.split_once('|').ok_or_else(refuse)?;
                let terms: Option<Vec<RetentionTerm>> = terms.split('+').map(term).collect();
                policy.classes.push(RetentionClass {
                    name: name.trim().to_owned(),
                    terms: terms.ok_or_else(refuse)?,
                    basis: basis.trim().to_owned(),
                });
            }
            _ => return Err(refuse()),
        }
    }
    Ok(policy)
}

/// `5 years from delivery`.
fn term(text: &str) -> Option<RetentionTerm> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [years, "year" | "years", "from", event] = words.as_slice() else { return None };
    Some(RetentionTerm { years: years.parse().ok()?, from: CountedFrom::of_word(event)? })
}

/// What was done before the page is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    /// `set`, `assigned`, `held` or `lifted`.
    pub done: String,
}

/// How long files are kept, and what is due.
#[get("/retention")]
pub(super) async fn show(visitor: Visitor, query: web::Query<DoneQuery>) -> Answer {
    let notice = match query.done.as_str() {
        "set" => Some(Notice::done("the retention policy is in force")),
        "assigned" => Some(Notice::done("the class of the version is recorded")),
        "held" => Some(Notice::done("the legal hold is in force")),
        "lifted" => Some(Notice::done("the legal hold is lifted")),
        _ => None,
    };
    visitor.page(move |visitor| RetentionPage::read(visitor, notice)).await
}

/// What a form of this page led to.
async fn answered(visitor: Visitor, done: Result<()>, to: &str) -> Answer {
    match done {
        Ok(()) => Ok(see_other(&format!("/retention?done={to}"))),
        Err(error) => {
            visitor.page_again(error, |v, notice| RetentionPage::read(v, Some(notice))).await
        }
    }
}

/// Sets the policy.
#[post("/retention")]
pub(super) async fn set(visitor: Visitor, form: web::Form<Typed>) -> Answer {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    visitor.check_form(&field("form_token"))?;
    let (rules, reason) = (field("rules"), field("reason"));
    let done = visitor
        .act(move |store, acting| {
            acting.permit(Action::KeepRetention)?;
            set_retention_policy(store, acting, &parsed(&rules)?, &reason)?;
            Ok(())
        })
        .await;
    answered(visitor, done, "set").await
}

/// Gives the files of a version a class.
#[post("/retention/versions")]
pub(super) async fn assign(visitor: Visitor, form: web::Form<Typed>) -> Answer {
    let field = |name: &str| form.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    visitor.check_form(&field("form_token"))?;
    let (model, version) = (field("model"), field("version"));
    let (class, reason) = (field("class"), field("reason"));
    let done = visitor
        .act(move |store, acting| {
            let class = Some(class.as_str()).filter(|class| !class.is_empty());
            assign_retention_class(store, acting, (&model, &version), (class, &reason))?;
            Ok(())
        })
        .await;
    answered(visitor, done, "assigned").await
}

/// Places a legal hold.
#[post("/legal-holds")]
pub(super) async fn place(visitor: Visitor, form: web::Form<Typed>) -> Answer {
    let field = |name: &str| form.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    visitor.check_form(&field("form_token"))?;
    let asked = PlaceHold {
        model: Some(field("model")),
        version: Some(field("version")),
        batch: Some(field("batch")),
        reason: field("reason"),
    };
    let done = visitor
        .act(move |store, acting| {
            place_hold(store, acting, &asked)?;
            Ok(())
        })
        .await;
    answered(visitor, done, "held").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // P11-10c1
    fn a_policy_is_read_back_as_it_is_shown() {
        let text = "class batch papers = 5 years from delivery + 1 years from end_of_life | EU GMP 4.11\nkind batch = batch papers";
        let policy = parsed(text).unwrap();
        policy.validate().unwrap();
        assert_eq!(policy.classes[0].terms.len(), 2);
        assert_eq!(policy.kinds[0].kind, FileKind::Batch);
        assert_eq!(typed(&policy), text);
        assert_eq!(parsed("  \n").unwrap(), RetentionPolicy::default());
        for wrong in [
            "batch papers = 5 years from delivery | x",
            "class a = 5 years from delivery",
            "class a = five years from delivery | x",
            "class a = 5 years from birth | x",
            "kind report = a",
            "kind batch",
        ] {
            assert!(matches!(parsed(wrong), Err(Error::BadRequest { .. })), "{wrong}");
        }
    }
}
