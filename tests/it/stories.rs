//! Stories of people over HTTP: each has a store and a server of its own on a loopback port.

pub(crate) mod acceptance;
mod access_log;
mod changes;
mod decision;
mod doors;
mod drafts;
mod ingest;
mod leavers;
mod life_cycle;
mod lineage;
mod mlflow;
mod notices;
mod passwords;
mod performance;
mod registration;
mod remedy;
mod review;
mod roles;
mod routes;
mod rows;
mod scores;
mod second_factors;
mod silence;
mod standards;
mod studies;
mod tiles;
