//! Procedure: make backups on a schedule, and let nobody believe in one that is not there.
//!
//! 1. a schedule that begins, changes or ends is a ledger entry
//! 2. when one is due: copy the data folder into a new folder of the place as `back_up` does, where files that the last backup holds get
//!    another name instead of a copy; check it as `check` does; only then it is named by its time and counts
//! 3. of the whole backups of this ledger in the place the newest ones are kept, as many as the schedule says; no other file is touched
//! 4. a backup that was made and one that failed are ledger entries; what failed is tried again after an hour, or earlier where the
//!    schedule is denser, and the server goes on meanwhile
//! 5. a failure and lateness open an incident in the same transaction, unless one about backups is not closed
//! 6. the first failure in a row is told, and so is a last good backup that is older than a schedule and a quarter; both wait in the
//!    inbox of administrators until a good one is made

use super::back_up::{BackedUp, check_history, fill, read_manifest};
use super::open_incident::open_by_itself;
use super::practise_restore::{TimeToRestore, time_to_restore};
use super::{subject, system};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock::{self, rfc3339};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::decision::Severity;
use crate::review::incident::{Affected, AffectedKind, NoticedBy};
use crate::store::backup::log_name;
use crate::store::backup_events::{BackupContent, BackupEvent, BackupKind, BackupRow};
use crate::store::restore_tests::RestoreTestRow;
use crate::store::{ReadTx, Store};
use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};

/// Densest schedule, in seconds.
pub const EVERY_SECONDS_MIN: u64 = 60;
/// Sparsest schedule, in seconds: 31 days.
pub const EVERY_SECONDS_MAX: u64 = 31 * 24 * 3600;
/// After how many seconds a backup that failed is tried again, at the latest.
const AGAIN_SECONDS: u64 = 3600;
/// Most events in one answer.
const EVENTS_MAX: u32 = 200;
/// What the folder of a backup that is being made is called, before its random end.
const UNFINISHED: &str = ".unfinished-";

/// Where backups are made, how often, and how many are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupSchedule {
    place: PathBuf,
    every_seconds: u64,
    keep: u64,
}

/// How it stands with the backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// No schedule is in force.
    NotScheduled,
    /// The last one was good, or the first one is not due yet.
    Good,
    /// The last one failed.
    Failed,
    /// The last good one is older than the schedule allows.
    Late,
}

/// How it stands with the backups, and since when.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct BackupStanding {
    /// How.
    pub state: BackupState,
    /// The schedule in force.
    pub schedule: Option<BackupRow>,
    /// The last good one.
    pub last_good: Option<BackupRow>,
    /// The newest failure since then.
    pub failed: Option<BackupRow>,
    /// When the next good one is expected at the latest, UTC.
    pub expected_by: Option<String>,
}

/// How it stands, and what was noticed.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct BackupsView {
    /// How it stands.
    #[serde(flatten)]
    pub standing: BackupStanding,
    /// What was noticed, newest first.
    pub events: Vec<BackupRow>,
    /// Restores that were practised, newest first.
    pub restore_tests: Vec<RestoreTestRow>,
    /// The time to restore, over those that passed.
    pub time_to_restore: Option<TimeToRestore>,
}

impl BackupSchedule {
    /// Backups of the data folder `folder` in `place`, one every `every_seconds`, of which the newest `keep` are kept.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for a schedule that is too dense or too sparse, for none that is kept, and for a place inside the data folder.
    pub fn new(folder: &Path, place: &Path, every_seconds: u64, keep: u64) -> Result<Self> {
        let refuse = |detail: String| Err(Error::BadRequest { detail });
        if !(EVERY_SECONDS_MIN..=EVERY_SECONDS_MAX).contains(&every_seconds) {
            return refuse(format!(
                "backups every {every_seconds} s; expected at least every 31 days and at most once a minute"
            ));
        }
        if keep == 0 {
            return refuse("0 backups are kept; expected at least 1".to_owned());
        }
        let absolute = |path: &Path| {
            path.canonicalize()
                .or_else(|_| std::path::absolute(path))
                .unwrap_or_else(|_| path.to_owned())
        };
        let (folder, place) = (absolute(folder), absolute(place));
        if place.starts_with(&folder) {
            return refuse(format!(
                "`{}` is in the data folder itself, and would be lost with it; name a folder on another disk",
                place.display()
            ));
        }
        Ok(Self { place, every_seconds, keep })
    }

    fn place(&self) -> String {
        self.place.display().to_string()
    }

    fn event(&self, kind: BackupKind, detail: &str) -> BackupEvent {
        BackupEvent {
            kind,
            place: self.place(),
            detail: detail.to_owned(),
            every_seconds: Some(self.every_seconds),
            keep: Some(self.keep),
            content: None,
            duration_ms: None,
        }
    }
}

/// Records the schedule that the server was started with, where it is another one than was in force.
///
/// # Errors
///
/// Those of the store.
pub fn record_schedule(store: &Store, schedule: Option<&BackupSchedule>) -> Result<()> {
    let known = store.read(in_force)?.map(|row| row.event);
    let event = match (known, schedule) {
        (None, None) => return Ok(()),
        (Some(known), None) => BackupEvent { kind: BackupKind::Ended, ..known },
        (known, Some(schedule)) => {
            let event = schedule.event(BackupKind::Scheduled, "");
            if known.as_ref() == Some(&event) {
                return Ok(());
            }
            event
        }
    };
    record(store, EntryType::BackupSchedule, &event, None)
}

/// The schedule in force.
fn in_force(tx: &ReadTx<'_>) -> crate::store::Result<Option<BackupRow>> {
    let scheduled = tx.newest_backup_event(BackupKind::Scheduled)?;
    let ended = tx.newest_backup_event(BackupKind::Ended)?.map_or(0, |row| row.entry);
    Ok(scheduled.filter(|row| row.entry > ended))
}

fn record(store: &Store, kind: EntryType, event: &BackupEvent, told: Option<String>) -> Result<()> {
    store.write(&system(), kind, |tx| {
        let id = clock::new_id("be");
        tx.subject(subject("backup", &id));
        tx.insert_backup_event(&id, event)?;
        let what = match event.kind {
            BackupKind::Failed => Some("a scheduled backup was not made"),
            BackupKind::Late => Some("no backup was made in time"),
            BackupKind::Scheduled | BackupKind::Ended | BackupKind::Made => None,
        };
        if let Some(what) = what {
            let what = format!("{what}: {}", event.detail);
            let affected = vec![Affected { kind: AffectedKind::Backup, id }];
            open_by_itself(tx, (NoticedBy::Backup, Severity::Major), &what, affected)?;
        }
        match told {
            Some(told) => Ok::<_, Error>(tx.tell_backup(told)?),
            None => Ok(()),
        }
    })?;
    Ok(())
}

fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// How it stands with the backups at `now`.
///
/// # Errors
///
/// Those of the database.
pub(super) fn standing(tx: &ReadTx<'_>, now: Timestamp) -> crate::store::Result<BackupStanding> {
    let schedule = in_force(tx)?;
    let last_good = tx.newest_backup_event(BackupKind::Made)?;
    let good = last_good.as_ref().map_or(0, |row| row.entry);
    let failed = tx.newest_backup_event(BackupKind::Failed)?.filter(|row| row.entry > good);
    let expected = schedule.as_ref().map(|schedule| {
        let every = schedule.event.every_seconds.unwrap_or(EVERY_SECONDS_MAX);
        let from = last_good.as_ref().map_or(&schedule.at, |good| (&good.at).max(&schedule.at));
        time(from) + seconds(every + every / 4)
    });
    let state = match (expected, &failed) {
        (None, _) => BackupState::NotScheduled,
        (Some(by), _) if now > by => BackupState::Late,
        (_, Some(_)) => BackupState::Failed,
        _ => BackupState::Good,
    };
    let expected_by = expected.map(rfc3339);
    Ok(BackupStanding { state, schedule, last_good, failed, expected_by })
}

/// Records and tells that the last good backup is too old, once for each.
///
/// # Errors
///
/// Those of the store.
pub fn watch_lateness(store: &Store) -> Result<()> {
    let now = store.clock().now();
    let (found, late) = store.read(|tx| {
        Ok::<_, crate::store::Error>((
            standing(tx, now)?,
            tx.newest_backup_event(BackupKind::Late)?,
        ))
    })?;
    let (BackupState::Late, Some(schedule)) = (found.state, &found.schedule) else { return Ok(()) };
    let since = found.last_good.as_ref().map_or(0, |good| good.entry).max(schedule.entry);
    if late.is_some_and(|row| row.entry > since) {
        return Ok(());
    }
    let last = found
        .last_good
        .map_or_else(|| "there is none".to_owned(), |row| format!("it is of {}", row.at));
    let by = found.expected_by.unwrap_or_default();
    let detail = format!("a good backup was expected by {by}; {last}");
    let event = BackupEvent { kind: BackupKind::Late, detail, ..schedule.event.clone() };
    let told = format!("no good backup in time: {}", event.detail);
    record(store, EntryType::BackupLate, &event, Some(told))
}

/// Whether a backup is to be made now.
///
/// # Errors
///
/// Those of the store.
pub fn is_due(store: &Store, schedule: &BackupSchedule) -> Result<bool> {
    let now = store.clock().now();
    let place = schedule.place();
    let (made, failed) = store.read(|tx| {
        let made = tx.newest_backup_event(BackupKind::Made)?;
        Ok::<_, crate::store::Error>((made, tx.newest_backup_event(BackupKind::Failed)?))
    })?;
    let here = |row: &BackupRow| row.event.place == place;
    let made = made.filter(here);
    let good = made.as_ref().map_or(0, |row| row.entry);
    let after = |row: &BackupRow, wait: u64| now >= time(&row.at) + seconds(wait);
    let waited = failed.filter(here).filter(|row| row.entry > good);
    let again = waited.is_none_or(|row| after(&row, AGAIN_SECONDS.min(schedule.every_seconds)));
    Ok(again && made.is_none_or(|row| after(&row, schedule.every_seconds)))
}

/// Makes a backup as `schedule` says and records it; one that fails is recorded too, and is no error.
///
/// # Errors
///
/// Those of the store, where not even a record can be written.
pub fn make_scheduled(store: &Store, schedule: &BackupSchedule) -> Result<bool> {
    let started = std::time::Instant::now();
    let made = back_up_into(store, schedule);
    let duration_ms = Some(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    match made {
        Ok((made, detail)) => {
            let content = Some(content_of(&made));
            let event = schedule.event(BackupKind::Made, &detail);
            let event = BackupEvent { content, duration_ms, ..event };
            record(store, EntryType::BackupRun, &event, None)?;
            Ok(true)
        }
        Err(error) => {
            let known = store.read(|tx| standing(tx, store.clock().now()))?.failed;
            let event = schedule.event(BackupKind::Failed, &error.chain());
            let told = format!("a backup failed: {}", event.detail);
            let event = BackupEvent { duration_ms, ..event };
            record(store, EntryType::BackupRun, &event, Some(told).filter(|_| known.is_none()))?;
            Ok(false)
        }
    }
}

/// Records a backup that somebody made with the command.
///
/// # Errors
///
/// Those of the store.
pub fn record_made(store: &Store, place: &Path, made: &BackedUp, duration_ms: u64) -> Result<()> {
    let place = std::path::absolute(place).unwrap_or_else(|_| place.to_owned());
    let event = BackupEvent {
        kind: BackupKind::Made,
        place: place.display().to_string(),
        detail: String::new(),
        every_seconds: None,
        keep: None,
        content: Some(content_of(made)),
        duration_ms: Some(duration_ms),
    };
    record(store, EntryType::BackupRun, &event, None)
}

fn content_of(made: &BackedUp) -> BackupContent {
    BackupContent {
        entries: made.manifest.entries,
        checkpoint: made.manifest.checkpoint.clone(),
        newest_entry_at: made.manifest.newest_entry_at.clone(),
        database_sha256: made.manifest.database.sha256.clone(),
        objects: made.manifest.objects,
        new_objects: made.new_objects,
        new_bytes: made.new_bytes,
    }
}

/// The new backup, and what else is to be said about it.
fn back_up_into(store: &Store, schedule: &BackupSchedule) -> Result<(BackedUp, String)> {
    let (folder, place) = (store.folder(), schedule.place.as_path());
    let kept = kept_backups(place, &log_name(folder)?)?;
    let newest = kept.last();
    check_mounted(store, schedule, newest.is_some())?;
    let earlier = newest.map(|(_, path)| read_manifest(path)).transpose()?.flatten();
    if let (Some((_, path)), Some(earlier)) = (newest, &earlier) {
        check_history(folder, path, earlier)?;
    }
    let linked = newest.map(|(_, path)| path.as_path());
    let failed = Error::file("writing", place);
    let unfinished =
        tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(place).map_err(failed)?;
    let made = fill((folder, unfinished.path()), (linked, earlier), store.clock(), &mut |_| ())?;
    let named = place.join(made.manifest.made_at.replace(':', "-"));
    let put = || {
        std::fs::rename(unfinished.path(), &named)
            .and_then(|()| std::fs::File::open(place)?.sync_all())
    };
    put().map_err(Error::file("writing", &named))?;
    // It has its name: there is nothing left to remove.
    let _named = unfinished.keep();
    let over = (kept.len() as u64 + 1).saturating_sub(schedule.keep);
    let mut said = Vec::new();
    for (name, path) in kept.iter().take(usize::try_from(over).unwrap_or(usize::MAX)) {
        said.push(match std::fs::remove_dir_all(path) {
            Ok(()) => format!("`{name}` is not kept any longer"),
            Err(error) => format!("`{name}` cannot be removed: {error}"),
        });
    }
    Ok((made, said.join("; ")))
}

/// The whole backups of the ledger `log` in `place`, oldest first, by name; what an interrupted run left is removed.
fn kept_backups(place: &Path, log: &str) -> Result<Vec<(String, PathBuf)>> {
    if read_manifest(place)?.is_some() {
        let detail = format!(
            "`{}` is itself a backup, made by the command; name another folder for scheduled ones",
            place.display()
        );
        return Err(Error::Conflict { detail });
    }
    let mut kept = Vec::new();
    for found in std::fs::read_dir(place).map_err(Error::file("reading", place))? {
        let path = found.map_err(Error::file("reading", place))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.starts_with(UNFINISHED) {
            std::fs::remove_dir_all(&path).map_err(Error::file("removing", &path))?;
            continue;
        }
        let Ok(Some(manifest)) = read_manifest(&path) else { continue };
        if manifest.log != log {
            let detail = format!(
                "`{}` holds backups of `{}`, not of `{log}`; name another folder",
                place.display(),
                manifest.log
            );
            return Err(Error::Conflict { detail });
        }
        if manifest.made_at.replace(':', "-") == name {
            kept.push((name, path));
        }
    }
    kept.sort();
    Ok(kept)
}

/// A place that held backups and holds none is a disk that is not there.
fn check_mounted(store: &Store, schedule: &BackupSchedule, holds_any: bool) -> Result<()> {
    let made = store.read(|tx| tx.newest_backup_event(BackupKind::Made))?;
    match made.filter(|row| row.event.place == schedule.place() && !holds_any) {
        None => Ok(()),
        Some(row) => {
            let detail = format!(
                "`{}` holds none of the backups that were made there, the last at {}: is its disk there? to begin anew, name \
                 another folder",
                schedule.place(),
                row.at
            );
            Err(Error::Conflict { detail })
        }
    }
}

/// How it stands with the backups, and what was noticed.
///
/// # Errors
///
/// [`Error::Access`].
pub fn backups(store: &Store, acting: &Acting) -> Result<BackupsView> {
    acting.permit(Action::Read)?;
    let now = store.clock().now();
    store.read(|tx| {
        let (standing, events) = (standing(tx, now)?, tx.backup_events(EVENTS_MAX)?);
        let restore_tests = tx.restore_tests(EVENTS_MAX)?;
        let time_to_restore = time_to_restore(&restore_tests);
        Ok(BackupsView { standing, events, restore_tests, time_to_restore })
    })
}
