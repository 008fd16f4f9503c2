//! Performance once labels are there: per prediction batch (a *cohort*), with completeness, intervals and calibration.
//!
//! Start with [`rule`] (what the policy declares), then [`tally`] (rows into counts; everything else is computed from
//! counts), [`cohort`] (one cohort judged) and [`report`] (what an evaluation stores, with the evidence over time).
//! [`label_book`] says which label a row has; [`expected`] what would be expected if nothing but the inputs had changed;
//! [`taken_out`] what the evidence would be without batches that were marked as invalid.

pub mod calibration;
pub mod cohort;
pub mod expected;
pub mod figures;
pub mod label_book;
pub mod report;
pub mod rule;
pub mod sentence;
pub mod taken_out;
pub mod tally;
pub mod teller;
