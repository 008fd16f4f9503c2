//! Tables in: schema, readers, one-pass profile, fingerprint (what bytes are hashed).
//!
//! Must not know: models, policies, HTTP, SQL. It is the only room that sees polars. Start with [`schema`] (what a column is
//! declared to be), then [`reader`] (how a file becomes typed chunks) and [`profile`] (chunks into counts).

pub mod bins;
pub mod cells;
pub mod clusters;
pub mod columns;
mod counter;
mod decimals;
pub mod derived;
pub mod dialect;
pub mod difference;
pub mod error;
pub mod files;
pub mod fingerprint;
mod floor;
pub mod generated;
pub mod infer;
pub mod levels;
mod looks;
pub mod manifest;
#[cfg(test)]
mod one_table;
pub mod overlap;
pub mod parts;
pub mod prepared;
pub mod profile;
pub mod reader;
pub mod row_ids;
pub mod rows;
pub mod sample;
pub mod samples;
pub mod schema;
pub mod scores;
mod seen;
pub mod slices;
pub mod split;
pub mod tdh1;
pub mod thinned;
mod typed;
mod uneven;
pub mod value_type;
mod vectors;

pub use error::{CellError, Error, Result};
