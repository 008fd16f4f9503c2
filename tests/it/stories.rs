//! Stories of people over HTTP: each has a store and a server of its own on a loopback port.

pub(crate) mod acceptance;
mod access_log;
mod changes;
mod decision;
mod doors;
mod drafts;
mod forms;
mod ingest;
mod leavers;
mod life_cycle;
mod lineage;
mod mlflow;
mod overview;
mod passwords;
mod performance;
mod qualification;
mod registration;
mod review;
mod roles;
mod routes;
mod rows;
mod scores;
mod silence;
mod standards;
mod studies;
mod tiles;
