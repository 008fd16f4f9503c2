//! The JSON API: typed input, one procedure, rendered output.
//!
//! Start with [`routes`] (the whole list), then [`extract`] (who asks), then one file per resource. Must not hold logic: a
//! handler reads typed input, calls one procedure, renders.

pub mod acceptance;
pub mod access_log;
pub mod accounts;
pub mod alerts;
mod assessments;
pub mod batches;
pub mod changes;
pub mod description;
pub mod drills;
pub mod evidence;
pub mod evidence_jobs;
pub mod extract;
pub mod identities;
pub mod incidents;
pub mod indicators;
pub mod ledger;
pub mod life_cycle;
pub mod limits;
mod lineage;
pub mod mlflow;
pub mod models;
pub mod notices;
pub mod operation;
pub mod overview;
mod pages_of_lists;
pub mod passkeys;
pub mod people;
pub mod performance;
pub mod printed;
pub mod problem;
pub mod provider_client;
pub mod qualifications;
mod record_copies;
pub mod redactions;
pub mod references;
pub mod retention;
pub mod review;
pub mod review_samples;
pub mod reviews;
pub mod roles;
pub mod routes;
pub mod server;
pub mod session;
mod stamp_client;
pub mod studies;
pub mod tiles;
pub mod tls;
pub mod watch;
pub mod witness_client;
pub mod witness_server;
