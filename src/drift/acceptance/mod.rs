//! Acceptance: criteria fixed before the test, and test runs whose figures are computed here from stored predictions.
//!
//! Start with [`plan`] (what must hold, fixed first), then [`count`] (one pass over the file of a test run) and [`run`] (the
//! counts held against the plan). Every figure is one of `drift::performance::figures`.

pub mod count;
pub mod plan;
pub mod run;
pub mod words;
