//! Story: the server makes backups by itself, and nobody believes in one that is not there.
//! Method: the procedures behind the server on a laboratory whose clock stands still; the built program stands in `faults/disk.rs`.

use crate::evidence::packs::verified;
use crate::evidence::{Files, export};
use crate::harness::{Laboratory, Visitor, register};
use driftledger::clock::Clock;
use driftledger::error::Result;
use driftledger::evidence::manifest::Scope;
use driftledger::procedures::back_up::back_up;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::practise_restore::{Practised, practise_restore};
use driftledger::procedures::restore::restore;
use driftledger::procedures::watch_backups::{
    BackupSchedule, is_due, make_scheduled, record_schedule, watch_lateness,
};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

const DAY: u64 = 24 * 3600;
const HOUR: i64 = 3600;

/// A laboratory with a daily schedule of which `keep` backups are kept, and the folder they are made in.
fn scheduled(keep: u64) -> (Laboratory, BackupSchedule, PathBuf) {
    let laboratory = Laboratory::open();
    let place = laboratory.folder.path().join("safe");
    fs::create_dir(&place).unwrap();
    let schedule = BackupSchedule::new(laboratory.store.folder(), &place, DAY, keep).unwrap();
    record_schedule(&laboratory.store, Some(&schedule)).unwrap();
    (laboratory, schedule, place)
}

/// What a round of the server does: whether a backup was due, and whether it was good.
fn round(laboratory: &Laboratory, schedule: &BackupSchedule) -> Option<bool> {
    watch_lateness(&laboratory.store).unwrap();
    let due = is_due(&laboratory.store, schedule).unwrap();
    due.then(|| make_scheduled(&laboratory.store, schedule).unwrap())
}

fn view(laboratory: &Laboratory) -> Value {
    laboratory.signed_in("ines").get("/api/v1/backups").body
}

fn kinds(view: &Value) -> Vec<&str> {
    view["events"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect()
}

fn names(place: &Path) -> Vec<String> {
    let found = fs::read_dir(place).unwrap();
    let mut names: Vec<_> =
        found.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn told(laboratory: &Laboratory) -> Vec<String> {
    let notices = laboratory.signed_in("adam").get("/api/v1/notices").body;
    let sentence =
        |notice: &Value| notice["notice"]["sentence"].as_str().unwrap_or_default().to_owned();
    notices.as_array().unwrap().iter().map(sentence).collect()
}

fn tell_somebody(laboratory: &Laboratory) {
    let target = json!({"name": "duty", "channel": "webhook", "address": "https://192.0.2.1/hook",
                        "kinds": ["backup"], "enabled": true});
    let adam = laboratory.signed_in("adam");
    let kept = adam.post("/api/v1/notice-targets", &json!({"target": target, "reason": "SOP 12"}));
    assert_eq!(kept.status, 201, "{kept:?}");
}

/// Sends a file that is no table: it is kept as it came.
fn keep_a_file(program: &Visitor, name: &str) {
    let answer = program.post_batch(name, "text/csv", format!("{name}\n").as_bytes());
    assert_eq!(answer.status, 422, "{answer:?}");
}

fn check(laboratory: &Laboratory) {
    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

#[test] // BKP-1
fn backups_are_made_when_they_are_due_share_unchanged_files_and_the_newest_are_kept() {
    let (laboratory, schedule, place) = scheduled(2);
    let program = laboratory.program();
    register(&program);
    keep_a_file(&program, "one");
    assert_eq!(round(&laboratory, &schedule), Some(true));
    assert_eq!(round(&laboratory, &schedule), None, "one a day");
    laboratory.later(24 * HOUR - 1);
    assert_eq!(round(&laboratory, &schedule), None);
    keep_a_file(&program, "two");
    laboratory.later(1);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    let two = names(&place);
    assert_eq!(two, ["2026-06-01T08-00-00.000Z", "2026-06-02T08-00-00.000Z"]);
    let found = view(&laboratory);
    assert_eq!(
        (found["state"].as_str(), kinds(&found)),
        (Some("good"), vec!["made", "made", "scheduled"])
    );
    let content =
        |row: usize, field: &str| found["events"][row]["content"][field].as_u64().unwrap();
    assert_eq!((content(1, "objects"), content(1, "new_objects")), (1, 1));
    assert_eq!((content(0, "objects"), content(0, "new_objects")), (2, 1));
    // The file of the first day lies in both backups and takes up room once.
    let shared = objects(&place.join(&two[0])).pop().unwrap();
    assert_eq!(fs::metadata(&shared).unwrap().nlink(), 2);

    laboratory.later(24 * HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    assert_eq!(names(&place), ["2026-06-02T08-00-00.000Z", "2026-06-03T08-00-00.000Z"]);
    let detail = view(&laboratory)["events"][0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("2026-06-01T08-00-00.000Z"), "{detail}");
    // The one that shared its files with a removed one is whole: it is checked and restored.
    let again = laboratory.folder.path().join("again");
    let key = laboratory.store.folder().join("keys/log.pem");
    for name in names(&place) {
        let again = again.join(&name);
        restore(&place.join(name), (&again, &key), "practice", &Clock::system(), &mut |_| ())
            .unwrap();
        assert_eq!(objects(&again).len(), 2);
    }
    check(&laboratory);
}

#[test] // BKP-1
fn a_failed_backup_is_recorded_told_once_and_waits_until_a_good_one_is_made() {
    let (laboratory, schedule, place) = scheduled(7);
    tell_somebody(&laboratory);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    // The folder is gone, then it is there and empty: a disk that was not mounted.
    let away = laboratory.folder.path().join("away");
    fs::rename(&place, &away).unwrap();
    laboratory.later(24 * HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(false));
    assert_eq!(round(&laboratory, &schedule), None, "not before an hour has passed");
    fs::create_dir(&place).unwrap();
    laboratory.later(HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(false));
    let found = view(&laboratory);
    assert_eq!(found["state"], "failed");
    assert_eq!(kinds(&found), ["failed", "failed", "made", "scheduled"]);
    let detail = |row: usize| found["events"][row]["detail"].as_str().unwrap();
    assert!(detail(0).contains("none of the backups") && detail(1).contains("safe"), "{found}");
    assert_eq!(names(&place), [""; 0], "nothing is written where the disk is missing");
    assert_eq!(told(&laboratory).len(), 1, "the first failure in a row");
    assert!(told(&laboratory)[0].contains("a backup failed"));
    let adam = laboratory.signed_in("adam");
    assert!(adam.read("/").contains("Find out why the last backup failed"));
    assert!(adam.read("/system").contains("The last backup failed."));
    assert!(!laboratory.signed_in("rosa").read("/").contains("the last backup failed"));

    fs::remove_dir(&place).unwrap();
    fs::rename(&away, &place).unwrap();
    laboratory.later(HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    assert_eq!(view(&laboratory)["state"], "good");
    let adam = laboratory.signed_in("adam");
    assert!(!adam.read("/").contains("backup failed"));
    assert!(adam.read("/system").contains("Backups are made as scheduled."));
    check(&laboratory);
}

#[test] // BKP-1
fn a_last_good_backup_that_is_too_old_is_told_once_and_waits() {
    let (laboratory, schedule, _place) = scheduled(7);
    tell_somebody(&laboratory);
    laboratory.later(30 * HOUR);
    watch_lateness(&laboratory.store).unwrap();
    assert_eq!(view(&laboratory)["state"], "good", "a quarter of the time more is granted");
    laboratory.later(1);
    for _ in 0..2 {
        watch_lateness(&laboratory.store).unwrap();
    }
    let found = view(&laboratory);
    assert_eq!((found["state"].as_str(), kinds(&found)), (Some("late"), vec!["late", "scheduled"]));
    let said = told(&laboratory);
    assert!(said.len() == 1 && said[0].contains("no good backup in time"), "{said:?}");
    let adam = laboratory.signed_in("adam");
    assert!(adam.read("/").contains("the last good one is too old"));
    assert!(adam.read("/system").contains("There is no good backup in time."));
    assert_eq!(round(&laboratory, &schedule), Some(true));
    assert_eq!(view(&laboratory)["state"], "good");
    laboratory.later(31 * HOUR);
    watch_lateness(&laboratory.store).unwrap();
    assert_eq!(told(&laboratory).len(), 2, "the next one is told anew");
    // A schedule that ended is an entry, and nothing is expected any more.
    record_schedule(&laboratory.store, None).unwrap();
    record_schedule(&laboratory.store, None).unwrap();
    let found = view(&laboratory);
    assert_eq!((found["state"].as_str(), kinds(&found)[0]), (Some("not_scheduled"), "ended"));
    assert_eq!(kinds(&found).iter().filter(|kind| **kind == "ended").count(), 1);
    check(&laboratory);
}

#[test] // BKP-1
fn a_damaged_store_is_no_backup_and_the_last_good_one_stays() {
    let (laboratory, schedule, place) = scheduled(1);
    let program = laboratory.program();
    register(&program);
    keep_a_file(&program, "one");
    assert_eq!(round(&laboratory, &schedule), Some(true));
    keep_a_file(&program, "two");
    let good = names(&place);
    let kept = objects(&place.join(&good[0])).pop().unwrap();
    let name = kept.file_name().unwrap().to_owned();
    for object in objects(laboratory.store.folder()) {
        if object.file_name().unwrap() != name {
            fs::write(&object, b"other bytes").unwrap();
        }
    }
    laboratory.later(24 * HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(false));
    assert_eq!(names(&place), good, "nothing unfinished is left, and the good one is not removed");
    let again = laboratory.folder.path().join("again");
    let key = laboratory.store.folder().join("keys/log.pem");
    restore(&place.join(&good[0]), (&again, &key), "practice", &Clock::system(), &mut |_| ())
        .unwrap();
}

#[test] // BKP-1
fn a_schedule_that_cannot_be_kept_is_refused_and_foreign_folders_stay_as_they_are() {
    let (laboratory, schedule, place) = scheduled(1);
    let folder = laboratory.store.folder();
    let refused = |made: Result<BackupSchedule>| made.unwrap_err().to_string();
    assert!(refused(BackupSchedule::new(folder, &place, 59, 1)).contains("59 s"));
    assert!(refused(BackupSchedule::new(folder, &place, 32 * DAY, 1)).contains("31 days"));
    assert!(refused(BackupSchedule::new(folder, &place, DAY, 0)).contains("at least 1"));
    let inside = folder.join("backups");
    assert!(refused(BackupSchedule::new(folder, &inside, DAY, 1)).contains("data folder itself"));
    // What is not one of its own backups is neither counted nor removed; what an interrupted run left is.
    fs::create_dir(place.join("photographs")).unwrap();
    fs::create_dir(place.join(".unfinished-left")).unwrap();
    assert_eq!(round(&laboratory, &schedule), Some(true));
    laboratory.later(24 * HOUR);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    assert_eq!(names(&place), ["2026-06-02T08-00-00.000Z", "photographs"]);
    let other = Laboratory::open();
    let second = BackupSchedule::new(other.store.folder(), &place, DAY, 1).unwrap();
    record_schedule(&other.store, Some(&second)).unwrap();
    assert_eq!(round(&other, &second), Some(false));
    let said = view(&other)["events"][0]["detail"].as_str().unwrap().to_owned();
    assert!(said.contains("holds backups of"), "{said}");
    assert_eq!(names(&place).len(), 2);
}

/// The objects in a data folder or a backup.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for first in fs::read_dir(folder.join("objects")).unwrap() {
        let inner = fs::read_dir(first.unwrap().path()).unwrap();
        found.extend(inner.map(|one| one.unwrap().path()));
    }
    found.sort();
    found
}

/// Restores `backup` as practice into a new folder.
fn practise(laboratory: &Laboratory, backup: &Path) -> Result<Practised> {
    let scratch = tempfile::tempdir().unwrap();
    let data = laboratory.store.folder();
    let place = (scratch.path().join("again"), data.join("keys/log.pem"));
    let place = (place.0.as_path(), place.1.as_path());
    practise_restore((backup, data), place, "SOP 12", &laboratory.clock, &mut |_| ())
}

/// A laboratory with a backup and a practised restore of it, two hours later.
fn practised() -> (Laboratory, Practised, PathBuf) {
    let (laboratory, schedule, place) = scheduled(7);
    assert_eq!(round(&laboratory, &schedule), Some(true));
    laboratory.later(2 * HOUR);
    laboratory.signed_in("adam");
    let program = laboratory.program();
    register(&program);
    let backup = place.join(names(&place).pop().unwrap());
    let done = practise(&laboratory, &backup).unwrap();
    (laboratory, done, backup)
}

#[test] // BKP-2
fn a_practised_restore_is_kept_in_the_store_with_its_time_and_what_would_have_been_lost() {
    let (laboratory, said, backup) = practised();
    assert!((said.lost_seconds - 7200.0).abs() < 1e-9);
    let found = view(&laboratory);
    let test = &found["restore_tests"][0];
    assert_eq!((test["passed"].as_bool(), test["reason"].as_str()), (Some(true), Some("SOP 12")));
    assert_eq!(test["content"]["lost_ms"], 7_200_000);
    assert_eq!(test["content"]["entries"], said.restored.manifest.entries);
    assert!(test["content"]["live_entries"].as_u64() > test["content"]["entries"].as_u64());
    assert_eq!(
        (&test["entry"], &found["time_to_restore"]["tests"]),
        (&json!(said.recorded_in), &json!(1))
    );
    assert_eq!(found["time_to_restore"]["newest_ms"], test["duration_ms"]);
    let page = laboratory.signed_in("ines").read("/system");
    assert!(page.contains("Time to restore") && page.contains("7200.0 s"), "{page}");
    let entry = test["entry"].as_u64().unwrap();
    assert!(page.contains(&format!("/audit-trail/{entry}")), "its entry is a click away");
    check(&laboratory);

    // One that fails is kept and told as well, and does not count.
    tell_somebody(&laboratory);
    let manifest = backup.join("backup.json");
    let whole = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, whole.replacen("\"sha256\": \"", "\"sha256\": \"0", 1)).unwrap();
    assert!(practise(&laboratory, &backup).is_err());
    fs::remove_file(&manifest).unwrap();
    assert!(practise(&laboratory, &backup).is_err());
    let found = view(&laboratory);
    let details: Vec<_> =
        (0..2).map(|row| found["restore_tests"][row]["detail"].as_str().unwrap()).collect();
    assert!(details[0].contains("backup") && details[1].contains("not what was backed up"));
    assert_eq!(found["time_to_restore"]["tests"], 1);
    assert_eq!(told(&laboratory).len(), 2);
    assert!(told(&laboratory)[0].contains("could not be restored"));

    // A backup of another ledger restores, and is no practice for this one.
    let (other, schedule, place) = scheduled(1);
    assert_eq!(round(&other, &schedule), Some(true));
    let backup = place.join(names(&place).pop().unwrap());
    let scratch = laboratory.folder.path().join("scratch");
    let key = other.store.folder().join("keys/log.pem");
    let refused = practise_restore(
        (&backup, laboratory.store.folder()),
        (&scratch, &key),
        "SOP 12",
        &laboratory.clock,
        &mut |_| (),
    );
    assert!(refused.unwrap_err().to_string().contains("of another history"));
    assert_eq!(view(&laboratory)["restore_tests"][0]["passed"], false);
    check(&laboratory);
}

/// Changes rows as somebody who owns the database file would.
#[expect(clippy::disallowed_methods, reason = "the attack does not go through the store")]
fn attack(folder: &Path, table: &str, sql: &str) {
    let database = rusqlite::Connection::open(folder.join("driftledger.db")).unwrap();
    database.execute_batch(&format!("DROP TRIGGER {table}_no_update; {sql}")).unwrap();
}

#[test] // BKP-2
fn a_shortened_loss_and_a_head_of_other_entries_are_named_in_the_store_and_in_a_pack() {
    let (laboratory, _, _) = practised();
    let pack = export(&laboratory.store, &Scope::whole()).0;
    assert_eq!(verified(&pack, None).findings, []);
    let forgeries = [
        ("restore_test", "\"lost_ms\":7200000", "UPDATE restore_test SET lost_ms = 72000"),
        (
            "backup_event",
            "\"kind\":\"made\"",
            "UPDATE backup_event SET entries = entries - 1 WHERE kind = 'made'",
        ),
    ];
    for (table, shown, sql) in forgeries {
        let mut files = Files::of(&pack);
        let start = format!("records/{table}/");
        let mut records = files.0.iter_mut().filter(|(name, _)| name.starts_with(&start));
        let (name, bytes) =
            records.find(|(_, bytes)| String::from_utf8_lossy(bytes).contains(shown)).unwrap();
        let name = name.clone();
        let mut row: Value = serde_json::from_slice(bytes).unwrap();
        if table == "restore_test" {
            row["lost_ms"] = json!(72_000);
        } else {
            row["entries"] = json!(row["entries"].as_u64().unwrap() - 1);
        }
        *bytes = driftledger::digest::canonical_json(&row).unwrap();
        files.relist();
        let found = verified(&files.seal(), None).findings;
        let told = found.iter().any(|f| f.code == "record_disagrees" && f.file == name);
        assert!(told, "{table}: {found:#?}");

        let copy = laboratory.folder.path().join(table);
        let folder = laboratory.store.folder();
        back_up(folder, &copy, &Clock::system(), &mut |_| ()).unwrap();
        attack(&copy, table, sql);
        let found = check_store(&copy, &mut |_| ()).unwrap().findings;
        let told = found.iter().any(|f| f.code == "record_disagrees" && f.table == table);
        assert!(told, "{table}: {found:#?}");
    }
}
