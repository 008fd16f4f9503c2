//! What waits because predictions were drawn for review.

use super::{Pending, PendingKind};
use crate::access::account::Account;
use crate::access::role::Action;
use crate::error::Result;
use crate::store::ReadTx;

/// Open samples that are looked at.
const SAMPLES_MAX: u32 = 200;

/// Samples with cases that nobody answered, for who may review and did not make the version; and samples that are answered and not closed.
pub(super) fn predictions(
    tx: &ReadTx<'_>,
    account: &Account,
    found: &mut Vec<Pending>,
) -> Result<()> {
    for sample in tx.open_review_samples(SAMPLES_MAX)? {
        let Some(version) = tx.version_by_id(&sample.version_id)? else { continue };
        let left = sample.cases.saturating_sub(sample.answered);
        let (action, what, path) = match left {
            0 => (Action::DrawReviewSample, "Close the review sample".to_owned(), ""),
            1 => (
                Action::ReviewPredictions,
                "1 prediction waits for your review".to_owned(),
                "/case",
            ),
            left => (
                Action::ReviewPredictions,
                format!("{left} predictions wait for your review"),
                "/case",
            ),
        };
        let may = action.roles().contains(&account.role);
        let barred = action == Action::ReviewPredictions
            && may
            && tx.version_authors(&version.id)?.iter().any(|author| author.id == account.id);
        let is_mine = may && !barred;
        let why = match left {
            0 => "all its cases are answered",
            _ => "they were drawn at random, and nobody has answered about them yet",
        };
        found.push(Pending {
            kind: PendingKind::Prediction,
            what: if is_mine { what } else { what.replace(" your review", " review") },
            why: why.to_owned(),
            version: Some(format!("{} {}", version.model, version.version)),
            who: action.roles().to_vec(),
            is_mine,
            path: format!("/review-samples/{}{}", sample.id, if is_mine { path } else { "" }),
            since: sample.at,
            due_on: None,
            is_overdue: false,
        });
    }
    Ok(())
}
