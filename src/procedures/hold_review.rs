//! Procedure: hold a periodic review, and sign it.
//!
//! 1. say of every kind from where the next one goes on, when it is due, and how much came since
//! 2. lay out what the next one covers: entries by type; for access rights every account; what stands open
//! 3. record what the reviewer says about it. In one transaction: the range goes on from the last signed review, what was laid out is
//!    still so, and who acted in what a review of the audit trail covers is refused
//! 4. who held it signs its bytes with the password again, once; only then it counts

use super::identify_signer::{check_to_sign, sign_record};
use super::read_records::missing;
use super::review_standing::standing;
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::{Account, Acting};
use crate::access::role::{Action, Role};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::due::day_of;
use crate::review::periodic_review::{
    AccountSeen, PERIODIC_REVIEW_FORMAT, PeriodicReview, ReviewConclusion,
};
use crate::review::record_signature::RecordSignature;
use crate::review::review_kind::{ReviewKind, meaning};
use crate::store::periodic_reviews::PeriodicReviewRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest};
use jiff::ToSpan as _;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::ops::Range;

const TABLE: &str = "periodic_review";
/// Reviews in a list.
const LIST_MAX: u32 = 500;

/// How a kind of review stands.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReviewStatus {
    /// The kind.
    pub kind: ReviewKind,
    /// The signed review that the next one goes on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<PeriodicReviewRow>,
    /// Whether its next day has passed.
    pub is_overdue: bool,
    /// First ledger entry of the next one.
    pub from: u64,
    /// Entries of the types it covers since then.
    pub waiting: u64,
}

/// What the next review of a kind covers.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReviewSheet {
    /// The kind.
    pub kind: ReviewKind,
    /// First ledger entry of its range.
    pub from: u64,
    /// The entry after the last.
    pub until: u64,
    /// Entries by type.
    pub covered: BTreeMap<String, u64>,
    /// Every account, for a review of access rights.
    pub accounts: Vec<AccountSeen>,
    /// What stands open, in sentences.
    pub standing: Vec<String>,
    /// The day proposed for the next one.
    pub next_due: String,
    /// Why this person cannot hold it; nothing when they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barred: Option<String>,
}

/// What a reviewer says.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldReview {
    /// What is reviewed.
    pub kind: ReviewKind,
    /// The entry after the last one covered, as it was laid out.
    pub until: u64,
    /// What was looked at, and how.
    pub statement: String,
    /// What was found; nothing where all is in order.
    #[serde(default)]
    pub findings: Vec<String>,
    /// What it came to.
    pub conclusion: ReviewConclusion,
    /// The day by which the next one is due, UTC: `2027-02-26`.
    pub next_due: String,
}

/// A review with its signature.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct PeriodicReviewView {
    /// Its row.
    #[serde(flatten)]
    pub row: PeriodicReviewRow,
    /// The review.
    pub review: PeriodicReview,
    /// The exact bytes that are signed.
    pub document: String,
    /// The words of its signature, and the ledger entry of that.
    pub signed: Option<(String, u64)>,
}

/// How every kind of review stands.
///
/// # Errors
///
/// [`Error::Access`].
pub fn review_statuses(store: &Store, acting: &Acting) -> Result<Vec<ReviewStatus>> {
    acting.permit(Action::Read)?;
    let now = store.clock().now_text();
    store.read(|tx| ReviewKind::ALL.iter().map(|kind| status(tx, *kind, &now)).collect())
}

/// How one kind of review stands at a time.
pub(super) fn status(tx: &ReadTx<'_>, kind: ReviewKind, now: &str) -> Result<ReviewStatus> {
    let last = tx.last_signed_review(kind)?;
    let from = last.as_ref().map_or(0, |row| row.until_entry);
    let waiting = tx.entries_by_type(&kind.covers(), &(from..tx.head()?.size))?;
    let is_overdue = last.as_ref().is_some_and(|row| is_past(&row.next_due, now));
    Ok(ReviewStatus { kind, is_overdue, from, waiting: waiting.values().sum(), last })
}

/// Whether a day has passed at a time. What cannot be read has passed: the stricter of two readings.
fn is_past(due: &str, now: &str) -> bool {
    let due = due.parse::<Date>().ok();
    due.zip(day_of(now)).is_none_or(|(due, today)| today > due)
}

/// Refuses what rests on a reviewed audit trail while a review of it is overdue.
///
/// # Errors
///
/// [`Error::Conflict`], naming the review.
pub(super) fn check_trail_reviewed(tx: &ReadTx<'_>, now: &str) -> Result<()> {
    for kind in ReviewKind::ALL.into_iter().filter(|kind| kind.is_of_trail()) {
        let last = tx.last_signed_review(kind)?;
        if let Some(row) = last.filter(|row| is_past(&row.next_due, now)) {
            let detail = format!(
                "the review \u{201c}{}\u{201d} was due on {}: no version is approved and no alert closed until it is held and signed (page Reviews)",
                kind.title(),
                row.next_due
            );
            return Err(Error::Conflict { detail });
        }
    }
    Ok(())
}

/// What the next review of a kind covers.
///
/// # Errors
///
/// [`Error::Access`].
pub fn prepare_review(store: &Store, acting: &Acting, kind: ReviewKind) -> Result<ReviewSheet> {
    acting.permit(Action::Read)?;
    let now = store.clock().now_text();
    store.read(|tx| {
        let until = tx.head()?.size;
        let from = tx.last_signed_review(kind)?.map_or(0, |row| row.until_entry);
        let barred = match acting.permit(Action::HoldReview) {
            Err(refused) => Some(refused.to_string()),
            Ok(()) => independent(tx, &acting.account, kind, &(from..until))?,
        };
        let next = day_of(&now).map(|today| today.saturating_add(kind.days().0.days()));
        Ok(ReviewSheet {
            kind,
            from,
            until,
            covered: tx.entries_by_type(&kind.covers(), &(from..until))?,
            accounts: accounts(tx, kind, &now)?,
            standing: standing(tx, kind, &(from..until))?,
            next_due: next.map(|day| day.to_string()).unwrap_or_default(),
            barred,
        })
    })
}

/// Why this account is not independent of what a review of the audit trail covers; nothing when it is.
pub(super) fn independent(
    tx: &ReadTx<'_>,
    account: &Account,
    kind: ReviewKind,
    range: &Range<u64>,
) -> Result<Option<String>> {
    if !kind.is_of_trail() {
        return Ok(None);
    }
    let act = tx.first_act_of(&account.id, &kind.covers(), range)?;
    Ok(act.map(|index| {
        format!(
            "{} acted in what this review covers (ledger entry {index}); somebody who did not reviews it",
            account.user_name
        )
    }))
}

fn accounts(tx: &ReadTx<'_>, kind: ReviewKind, now: &str) -> Result<Vec<AccountSeen>> {
    if kind != ReviewKind::Access {
        return Ok(Vec::new());
    }
    let mut seen = Vec::new();
    for account in tx.accounts()? {
        let state = if !tx.is_enabled(&account.id)? {
            "disabled"
        } else if tx.is_locked(&account.id)? {
            "locked"
        } else {
            "enabled"
        };
        let tokens = tx.tokens_of(&account.id)?;
        seen.push(AccountSeen {
            role: tx.role_in_force(&account, now)?.map_or("none", Role::word).to_owned(),
            state: state.to_owned(),
            signed_in_at: tx.last_sign_in(&account.user_name)?,
            tokens: tokens.iter().filter(|token| !token.revoked).count() as u64,
            user_name: account.user_name,
            printed_name: account.printed_name,
        });
    }
    Ok(seen)
}

/// Records a periodic review as this person says.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::Review`] for what it must say and does not; [`Error::Conflict`] for somebody who
/// acted in what it covers, and where something came in between.
pub fn hold_review(
    store: &Store,
    acting: &Acting,
    said: HoldReview,
) -> Result<Recorded<PeriodicReviewRow>> {
    acting.permit(Action::HoldReview)?;
    require_session(acting)?;
    let written = store.write(&actor(acting), EntryType::ReviewHold, |tx| {
        let (kind, until) = (said.kind, said.until);
        let from = tx.last_signed_review(kind)?.map_or(0, |row| row.until_entry);
        let size = tx.index();
        if until > size {
            let detail = format!("the ledger has {size} entries; a review cannot cover {until}");
            return Err(Error::Conflict { detail });
        }
        let since = tx.entries_by_type(&kind.covers(), &(until..size))?;
        if kind == ReviewKind::Access && !since.is_empty() {
            let detail = "access rights changed since the review was laid out; read it again";
            return Err(Error::Conflict { detail: detail.to_owned() });
        }
        if let Some(detail) = independent(tx, &acting.account, kind, &(from..until))? {
            return Err(Error::Conflict { detail });
        }
        let review = PeriodicReview {
            format: PERIODIC_REVIEW_FORMAT.to_owned(),
            kind,
            from,
            until,
            covered: tx.entries_by_type(&kind.covers(), &(from..until))?,
            accounts: accounts(tx, kind, tx.at())?,
            standing: standing(tx, kind, &(from..until))?,
            statement: said.statement.trim().to_owned(),
            findings: said.findings.iter().map(|one| one.trim().to_owned()).collect(),
            conclusion: said.conclusion,
            next_due: said.next_due.clone(),
            held_by: acting.account.user_name.clone(),
        };
        review.validate(tx.at())?;
        let bytes = review.bytes()?;
        let row = PeriodicReviewRow {
            id: clock::new_id("pr"),
            kind: kind.word().to_owned(),
            held_by: review.held_by,
            from_entry: from,
            until_entry: until,
            next_due: review.next_due,
            sha256: digest::sha256_hex(&bytes),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8(bytes).unwrap_or_default(),
        };
        tx.subject(subject(TABLE, &row.id));
        tx.insert_periodic_review(&row, &acting.account.id)?;
        Ok::<_, Error>(row)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// All reviews, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn reviews(store: &Store, acting: &Acting) -> Result<Vec<PeriodicReviewView>> {
    acting.permit(Action::Read)?;
    store.read(|tx| tx.periodic_reviews(LIST_MAX)?.into_iter().map(|row| view(tx, row)).collect())
}

/// One review.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn review(store: &Store, acting: &Acting, id: &str) -> Result<PeriodicReviewView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = tx.periodic_review(id)?.ok_or_else(|| missing("periodic review", id))?;
        view(tx, row)
    })
}

fn view(tx: &ReadTx<'_>, row: PeriodicReviewRow) -> Result<PeriodicReviewView> {
    let signed = tx.record_signatures(TABLE, &row.id)?.into_iter().next();
    let signed = match signed {
        None => None,
        Some((document, entry)) => {
            Some((stored::<RecordSignature>(&document)?.manifestation(), entry))
        }
    };
    let (review, document) = (stored(&row.document)?, row.document.clone());
    Ok(PeriodicReviewView { row, review, document, signed })
}

/// Signs a review; `shown_sha256` is the digest of the review that was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token or a wrong password; [`Error::Conflict`] for somebody else's review, and for one that is
/// signed or does not go on from the last signed one any more; [`Error::Review`] for other bytes than shown.
pub fn sign_review(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<RecordSignature>> {
    acting.permit(Action::HoldReview)?;
    require_session(acting)?;
    let held = review(store, acting, id)?;
    let (kind, row) = (held.review.kind, held.row);
    if row.held_by != acting.account.user_name {
        let detail = format!("{} held this review and signs it; hold one of your own", row.held_by);
        return Err(Error::Conflict { detail });
    }
    let meaning = meaning(kind);
    let how = check_to_sign(store, &acting.account, password, (shown_sha256, meaning))?;
    let written = store.write(&actor(acting), EntryType::ReviewSign, |tx| {
        if !tx.record_signatures(TABLE, id)?.is_empty() {
            let detail = format!("review `{id}` is signed already; a review is signed once");
            return Err(Error::Conflict { detail });
        }
        if tx.last_signed_review(kind)?.map_or(0, |last| last.until_entry) != row.from_entry {
            let detail =
                "another review of this kind was signed meanwhile; hold a new one that goes on from it";
            return Err(Error::Conflict { detail: detail.to_owned() });
        }
        tx.subject(subject(TABLE, id));
        tx.refer(row.entry);
        let what = (meaning, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (TABLE, id, &held.document), what)?;
        Ok::<_, Error>(signature)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
