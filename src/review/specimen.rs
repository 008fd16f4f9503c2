//! A small review sample with answers, for the tests of this room.

use super::reading::Reading;
use super::review_answer::{REVIEW_ANSWER_FORMAT, ReviewAnswer};
use super::review_sample::{
    Allocation, REVIEW_SAMPLE_FORMAT, ReviewCase, ReviewSample, SampledBatch, SampledStratum,
    SamplingPlan,
};

/// Four cases of two strata, the second and the last blind.
pub(super) fn sample() -> ReviewSample {
    let stratum = |name: &str, rows| SampledStratum {
        name: name.to_owned(),
        rows,
        drawn: 2,
        inclusion_probability: 2.0 / rows as f64,
    };
    let case = |row, blind| ReviewCase { batch: 0, row, blind, second: false };
    ReviewSample {
        format: REVIEW_SAMPLE_FORMAT.to_owned(),
        model: "tablets".to_owned(),
        version: "1".to_owned(),
        purpose: "is it as good as in the test".to_owned(),
        plan: SamplingPlan {
            bands: Vec::new(),
            column: None,
            allocation: Allocation::PerStratum(2),
            blind_share: 0.5,
            second_share: 0.0,
            tolerance: None,
            claim: 0.05,
            confidence: 0.95,
        },
        seed: "0123456789abcdef0123456789abcdef".to_owned(),
        batches: vec![SampledBatch {
            id: "ba_1".to_owned(),
            name: "june".to_owned(),
            sha256: "f".repeat(64),
            rows: 101,
        }],
        classes: vec!["0".to_owned(), "1".to_owned()],
        strata: vec![stratum("0", 10), stratum("1", 90)],
        without_prediction: 1,
        cases: vec![case(7, false), case(3, true), case(90, false), case(101, true)],
        drawn_by: "quentin".to_owned(),
    }
}

/// The first answer to a case of the sample of the tests.
pub(super) fn answer(case: u64, model: &str, reviewer: &str) -> ReviewAnswer {
    let of = sample();
    let drawn = of.case(case).unwrap();
    ReviewAnswer {
        format: REVIEW_ANSWER_FORMAT.to_owned(),
        sample_id: "rs_1".to_owned(),
        sample_sha256: "0".repeat(64),
        case,
        reading: Reading::First,
        batch_id: "ba_1".to_owned(),
        row: drawn.row,
        row_sha256: "1".repeat(64),
        blind: drawn.blind,
        stratum: model.to_owned(),
        model_answer: model.to_owned(),
        answer: Some(reviewer.to_owned()),
        accepts: None,
        reason: None,
        comment: None,
        corrects: None,
        dwell_ms: Some(9_000),
        answered_by: "rosa".to_owned(),
    }
}

/// The first answers to all its cases, one of them otherwise than the model's.
pub(super) fn answers() -> Vec<ReviewAnswer> {
    let mut all =
        vec![answer(1, "1", "1"), answer(2, "0", "1"), answer(3, "0", "0"), answer(4, "1", "1")];
    all[0].dwell_ms = Some(2_000);
    all[1].dwell_ms = Some(11_000);
    all
}
