//! `driftledger openapi`

use super::{done, terminal};
use crate::api::description;
use crate::error::Result;
use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode> {
    terminal::say_json(&description::openapi())?;
    done()
}
