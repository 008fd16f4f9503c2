//! `driftledger openapi`

use super::{done, terminal};
use crate::api::routes;
use crate::error::Result;
use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode> {
    terminal::say_json(&routes::openapi())?;
    done()
}
