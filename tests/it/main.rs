//! One binary for all integration tests, so that polars is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by stopping"
)]

mod cli;
mod datasets;
mod evidence;
mod faults;
mod golden;
mod harness;
mod hostile;
mod house;
mod pages;
mod procedures;
mod readme;
mod sampling;
mod stories;
mod strict_json;
mod study;
mod thyroid;
mod traceability;
mod upgrades;
mod wording;
