//! Stories of people over HTTP: each has a store and a server of its own on a loopback port.

pub(crate) mod acceptance;
mod decision;
mod doors;
mod drafts;
mod ingest;
mod mlflow;
mod performance;
mod registration;
mod review;
mod rows;
mod scores;
mod silence;
mod standards;
mod studies;
mod tiles;
