//! What commands print: text, JSON, complaints, progress.

use crate::error::{Error, Result};
use crate::evidence::examine::Examined;
use crate::store::check::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Prints a line. A reader that has gone (`| head`) is not an error.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints `value` as one JSON document.
pub(super) fn say_json<T: Serialize>(value: &T) -> Result<()> {
    let text =
        serde_json::to_string_pretty(value).map_err(|e| Error::Render { detail: e.to_string() })?;
    say(&text);
    Ok(())
}

/// Prints something a person should know beside the answer.
pub(super) fn warn(line: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {line}");
}

/// Prints how something was understood.
pub(super) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "note: {line}");
}

/// Prints an error with its causes and what to do.
pub(super) fn complain(error: &Error) {
    let _ = writeln!(std::io::stderr(), "error: {}\n  hint: {}", error.chain(), error.advice());
}

/// A progress bar over bytes or steps, on standard error; silent where that is not a terminal.
pub(super) fn progress(length: u64, bytes: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let template = if bytes {
        "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}"
    } else {
        "{msg} [{bar:30}] {pos}/{len} {eta}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Shows every stage of an examination on one bar.
pub(super) fn stages(bar: &ProgressBar) -> impl FnMut(Progress) {
    |now| {
        bar.set_message(now.stage);
        bar.set_length(now.total);
        bar.set_position(now.done);
    }
}

/// Length of a file in bytes; 0 where it cannot be read (the command will say so).
pub(super) fn length_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

/// Writes `bytes` to the file at `path`: all of them or none.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, |file| file.write_all(bytes).map_err(Error::file("writing", path)))
}

/// Writes the file at `path` by `write`: beside it first, and in its place once it is whole. What is no file, such as a pipe, is
/// written as it comes.
pub(super) fn write_whole<T>(path: &Path, write: impl FnOnce(&mut File) -> Result<T>) -> Result<T> {
    let failed = Error::file("writing", path);
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return write(&mut File::create(path).map_err(failed)?);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // As any other file of this user: less what the process leaves out.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder.unwrap_or_else(|| Path::new(".")));
    let mut file = file.map_err(failed)?;
    let written = write(file.as_file_mut())?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(written)
}

/// What was held against other records, and how exactly.
pub(super) fn say_examined(examined: &Examined) {
    let told = |counts: &[(u64, &str)]| {
        let found = counts.iter().filter(|(count, _)| *count > 0);
        found.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    };
    let again = told(&[
        (examined.reports, "reports"),
        (examined.monitors, "monitors"),
        (examined.studies, "studies"),
        (examined.test_runs, "test runs"),
        (examined.acceptance_plans, "acceptance plans"),
        (examined.cohorts, "cohorts"),
        (examined.evaluations, "evaluations of labels"),
        (examined.review_results, "review results"),
        (examined.runs, "runs"),
    ]);
    let compared = told(&[
        (examined.decisions, "decisions"),
        (examined.signatures, "signatures"),
        (examined.drafts, "drafts"),
        (examined.model_records, "model records"),
        (examined.steps, "steps of versions"),
        (examined.alert_steps, "steps of alerts"),
        (examined.effectiveness_checks, "effectiveness checks"),
        (examined.backups, "backups and restores"),
        (examined.time_stamps, "time stamps"),
        (examined.incidents, "revisions of incidents"),
        (examined.drills, "drills"),
        (examined.indicator_sheets, "recorded indicators"),
        (examined.legal_holds, "legal holds"),
        (examined.disposals, "disposals"),
        (examined.redactions, "redactions"),
        (examined.upgrades, "upgrades"),
    ]);
    for (what, found) in [("computed again", again), ("compared", compared)] {
        if !found.is_empty() {
            say(&format!("{what}: {found}"));
        }
    }
    if examined.key_changes > 0 {
        say(&format!(
            "{} changes of keys, each from the key that was in force",
            examined.key_changes
        ));
    }
    if examined.other_build > 0 {
        say(&format!(
            "{} of them another build computed: the same decisions were found, and numbers to 1e-9",
            examined.other_build
        ));
    }
}
