//! What waits because predictions were drawn for review.

use super::{Pending, PendingKind};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::close_review_sample::answers_of;
use crate::procedures::review_prediction::{action_of, barred, tasks_of};
use crate::procedures::stored;
use crate::review::reading::{Reading, ReadingTask, left};
use crate::review::review_sample::ReviewSample;
use crate::store::ReadTx;

/// Open samples that are looked at.
const SAMPLES_MAX: u32 = 200;

/// Samples with readings that are left (first ones, second ones, adjudications), for who may give them; and samples that are to be closed.
pub(super) fn predictions(
    tx: &ReadTx<'_>,
    acting: &Acting,
    found: &mut Vec<Pending>,
) -> Result<()> {
    for row in tx.open_review_samples(SAMPLES_MAX)? {
        let Some(version) = tx.version_by_id(&row.version_id)? else { continue };
        let sample: ReviewSample = stored(&row.document)?;
        let answers = answers_of(tx, &row.id)?;
        let open = left(&sample, &answers);
        let barred = barred(tx, acting, &row.version_id)?.is_some();
        let mine = if barred { Vec::new() } else { tasks_of((acting, &sample), &answers) };
        let of = |reading: Reading| {
            let count = |tasks: &[ReadingTask]| {
                tasks.iter().filter(|task| task.reading == reading).count() as u64
            };
            (count(&open), count(&mine))
        };
        let mut tell = |(action, what, why): (Action, String, &str), is_mine: bool| {
            let path = if is_mine && action != Action::DrawReviewSample { "/case" } else { "" };
            found.push(Pending {
                kind: PendingKind::Prediction,
                what,
                why: why.to_owned(),
                version: Some(format!("{} {}", version.model, version.version)),
                who: action.roles().to_vec(),
                is_mine,
                path: format!("/review-samples/{}{path}", row.id),
                since: row.at.clone(),
                due_on: None,
                is_overdue: false,
            });
        };
        if open.is_empty() {
            let is_mine = Action::DrawReviewSample.roles().contains(&acting.account.role);
            let what = "Close the review sample".to_owned();
            tell((Action::DrawReviewSample, what, "all its cases are answered"), is_mine);
        }
        for reading in Reading::ALL {
            let (all, mine) = of(reading);
            if all > 0 {
                let (what, why) = words(reading, (all, mine));
                tell((action_of(reading), what, why), mine > 0);
            }
        }
    }
    Ok(())
}

/// What waits, and why: `all` readings of this kind, `mine` of them for who asks.
fn words(reading: Reading, (all, mine): (u64, u64)) -> (String, &'static str) {
    let your = if mine > 0 { "your " } else { "" };
    let count = if mine > 0 { mine } else { all };
    let predictions = match count {
        1 => "1 prediction waits".to_owned(),
        count => format!("{count} predictions wait"),
    };
    match reading {
        Reading::First => (
            format!("{predictions} for {your}review"),
            "they were drawn at random, and nobody has answered about them yet",
        ),
        Reading::Second => (
            format!("{predictions} for {your}second reading"),
            "the plan asks for a second person, who is not told what the first said",
        ),
        Reading::Adjudication => (
            format!("{predictions} for {your}word on what two readers differ about"),
            "two people said different things; a third, or QA, settles it",
        ),
    }
}
