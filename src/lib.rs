//! driftledger: registers model versions with hashed training-data lineage, judges every batch of predictions against a
//! frozen reference with a stated false-alarm guarantee, and turns human decisions into signed evidence.
//!
//! The rooms in reading order; no room imports one listed below it (`tests/it/house.rs` enforces that).

pub mod access;
pub mod api;
pub mod cli;
pub mod clock;
pub mod dataset;
pub mod digest;
pub mod drift;
pub mod error;
pub mod evidence;
pub mod ledger;
pub mod notify;
pub mod pages;
pub mod procedures;
pub mod provenance;
pub mod review;
pub mod statistics;
pub mod store;
