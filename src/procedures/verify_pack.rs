//! Procedure: verify an evidence pack, offline.
//!
//! 1. open the file
//! 2. verify everything in it, under the key or the policy that is trusted, or else under the key it brings; time stamps under the roots
//!    that are trusted, or else under their own certificates

use crate::error::{Error, Result};
use crate::evidence::verify::{Believed, Progress, Verification, verify};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Verifies the pack in the file at `path`.
///
/// # Errors
///
/// [`Error::File`] when it cannot be opened; [`Error::Evidence`] when it is no pack. Everything that is wrong with a pack is
/// a finding.
pub fn verify_pack<'a>(
    path: &Path,
    trust: impl Into<Believed<'a>>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verification> {
    let file = File::open(path).map_err(Error::file("opening", path))?;
    if path.is_dir() {
        return Err(Error::BadRequest {
            detail: format!(
                "`{}` is a folder, expected the zip file of an evidence pack as `driftledger export` or the page Evidence makes it",
                path.display()
            ),
        });
    }
    Ok(verify(BufReader::new(file), trust, progress)?)
}
