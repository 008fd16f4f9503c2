//! Stores of earlier schemas: each was made by a build of its time (`tests/stores/README.md`), and is examined, upgraded and gone on with.
//! Method: every store is unpacked to a folder of its own; what is in its tables is counted with SQLite alone, and what the entry of the upgrade
//! says is computed again from the bodies of the ledger.

use crate::evidence::export;
use crate::evidence::packs::verified;
use crate::faults::kill::start;
use crate::harness::{CHOSEN, Visitor, repository, table};
use driftledger::clock::Clock;
use driftledger::digest::sha256_hex;
use driftledger::evidence::manifest::Scope;
use driftledger::ledger::body::Body;
use driftledger::ledger::entry::EntryType;
use driftledger::ledger::upgrade::TableKind;
use driftledger::procedures::back_up::back_up;
use driftledger::procedures::check_store::{CheckedStore, check_store};
use driftledger::procedures::restore::restore;
use driftledger::procedures::upgrade_store::upgrade_store;
use driftledger::store::upgrade::UpgradeRow;
use driftledger::store::{Error, Store};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A store of an earlier schema, unpacked.
struct Earlier {
    _folder: TempDir,
    /// What it is called: schema and commit.
    name: String,
    schema: u64,
    data: PathBuf,
    /// Token and passwords, which are good for nothing else.
    secrets: Value,
}

impl Earlier {
    fn unpack(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let schema = name.split('-').next().unwrap().parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        zip::ZipArchive::new(File::open(path).unwrap()).unwrap().extract(folder.path()).unwrap();
        let data = folder.path().join("data");
        for key in ["log.pem", "model.pem"].map(|key| data.join("keys").join(key)) {
            // Whether or not the archive keeps who may read a file.
            if key.exists() {
                private(&key);
            }
        }
        let secrets = fs::read(folder.path().join("TEST-ONLY.json")).unwrap();
        let secrets = serde_json::from_slice(&secrets).unwrap();
        Self { _folder: folder, name, schema, data, secrets }
    }

    fn upgrade(&self) -> driftledger::error::Result<Option<UpgradeRow>> {
        upgrade_store(&self.data, &Clock::system(), false, &mut |_| ())
    }

    fn open(&self) -> Store {
        Store::open(&self.data, Clock::system()).unwrap()
    }

    fn check(&self) -> CheckedStore {
        examined(&self.data, &self.name)
    }

    /// The schema that the database says it has, and the rows of every table, by SQLite alone.
    fn counts(&self) -> (u64, BTreeMap<String, u64>) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database =
            Connection::open_with_flags(self.data.join("driftledger.db"), flags).unwrap();
        let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
        let mut statement = database.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let count = |name: String| {
            let sql = format!("SELECT count(*) FROM \"{name}\"");
            let rows: i64 = database.query_row(&sql, [], |row| row.get(0)).unwrap();
            (name, rows.cast_unsigned())
        };
        (version.cast_unsigned(), names.map(|name| count(name.unwrap())).collect())
    }
}

#[cfg(unix)]
fn private(key: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_key: &Path) {}

/// Every store that is kept, oldest schema first.
fn kept() -> Vec<PathBuf> {
    let files = fs::read_dir(repository("tests/stores")).unwrap().map(|file| file.unwrap().path());
    let mut stores: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "zip")).collect();
    stores.sort();
    assert!(stores.len() >= 5, "{stores:?}");
    stores
}

fn examined(folder: &Path, name: &str) -> CheckedStore {
    let checked = check_store(folder, &mut |_| ()).unwrap();
    assert_eq!(checked.findings, [], "{name}");
    checked
}

/// What the entry says is what SQLite counted before and what the bodies before it list.
fn hold(earlier: &Earlier, row: &UpgradeRow, counted: &BTreeMap<String, u64>) {
    let store = earlier.open();
    let name = &earlier.name;
    let entry = store.read(|tx| tx.entry(row.entry)).unwrap().unwrap().entry;
    assert_eq!(entry.kind, EntryType::StoreUpgrade, "{name}");
    let body = store.read(|tx| tx.body(row.entry)).unwrap().unwrap();
    let listed = Body::parse(&body).unwrap().rows;
    assert_eq!((listed.len(), listed[0].table.as_str()), (1, "store_upgrade"), "{name}");
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for index in 0..row.entry {
        let body = store.read(|tx| tx.body(index)).unwrap().unwrap();
        for listed in Body::parse(&body).unwrap().rows {
            let lines = lines.entry(listed.table).or_default();
            lines.push_str(&listed.sha256);
            lines.push('\n');
        }
    }
    let names: Vec<_> = row.upgrade.tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(names, counted.keys().map(String::as_str).collect::<Vec<_>>(), "{name}");
    for table in &row.upgrade.tables {
        let of = format!("{name}: {}", table.table);
        assert_eq!(table.before.rows, counted[&table.table], "{of}");
        if table.kind == TableKind::Working {
            continue;
        }
        assert_eq!(table.before, table.after, "{of}");
        if table.kind == TableKind::Record {
            let lines = lines.remove(&table.table).unwrap_or_default();
            let sha256 = sha256_hex(lines.as_bytes());
            assert_eq!(table.before.sha256, Some(sha256), "{of}");
            assert_eq!(table.before.rows, lines.lines().count() as u64, "{of}");
        }
    }
    assert_eq!(lines, BTreeMap::new(), "{name}: rows that no table of the entry holds");
}

#[test] // P11-10c2
fn stores_of_earlier_schemas_are_examined_upgraded_and_hold_what_they_held() {
    for path in kept() {
        let earlier = Earlier::unpack(&path);
        let name = &earlier.name;
        let (version, before) = earlier.counts();
        assert_eq!(version, earlier.schema, "{name}");
        let old = earlier.check();
        let refused = Store::open(&earlier.data, Clock::system());
        assert!(matches!(refused, Err(Error::OlderSchema { .. })), "{name}: {refused:?}");
        assert_eq!(earlier.counts(), (version, before.clone()), "{name}: nothing was changed");

        let row = earlier.upgrade().unwrap().unwrap();
        assert_eq!(row.upgrade.from_schema, earlier.schema, "{name}");
        assert_eq!(row.entry, old.entries, "{name}");
        let (version, _) = earlier.counts();
        assert_eq!(version, row.upgrade.to_schema, "{name}");
        hold(&earlier, &row, &before);

        let checked = earlier.check();
        assert_eq!(checked.entries, old.entries + 1, "{name}");
        assert_eq!(checked.rows, old.rows + 1, "{name}: one row more, that of the upgrade");
        assert_eq!(checked.examined.upgrades, 1, "{name}");
        assert_eq!(checked.examined.reports, 2, "{name}");
        assert_eq!((checked.examined.decisions, old.examined.decisions), (1, 1), "{name}");
        assert!(checked.examined.signatures >= 1, "{name}");
        assert_eq!(earlier.upgrade().unwrap(), None, "{name}: once is enough");
        assert_eq!(earlier.check().entries, old.entries + 1, "{name}");
    }
}

#[test] // P11-10c2
fn an_upgraded_store_goes_on_and_its_evidence_verifies() {
    for path in kept() {
        let earlier = Earlier::unpack(&path);
        let name = &earlier.name;
        // The server upgrades it as it starts.
        let (mut child, url) = start(&earlier.data);
        let program = Visitor::new(&url).holding(earlier.secrets["token"].as_str().unwrap());
        let answer = program.post_batch("july", "text/csv", table(300, 10, 0.0).as_bytes());
        assert_eq!(answer.status, 201, "{name}: {answer:?}");
        let mut quentin = Visitor::new(&url);
        let password = earlier.secrets["passwords"]["quentin"].as_str().unwrap();
        assert_eq!(quentin.sign_in("quentin", password).status, 200, "{name}");
        if password == CHOSEN {
            assert!(quentin.read("/system").contains("Schema before"), "{name}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(earlier.check().examined.reports, 3, "{name}");

        let store = earlier.open();
        let row = store.read(|tx| tx.upgrades(9)).unwrap().remove(0);
        assert_eq!(row.upgrade.from_schema, earlier.schema, "{name}");
        let (pack, _) = export(&store, &Scope::whole());
        let found = verified(&pack, Some(store.verifier_key()));
        assert_eq!(found.findings, [], "{name}");
        assert_eq!((found.checked.examined.upgrades, found.checked.examined.reports), (1, 3));
    }
}

#[test]
fn a_store_of_an_earlier_schema_is_backed_up_and_its_backup_restored() {
    for path in kept() {
        let earlier = Earlier::unpack(&path);
        let folder = tempfile::tempdir().unwrap();
        let (safe, again) = (folder.path().join("safe"), folder.path().join("again"));
        let made = back_up(&earlier.data, &safe, &Clock::system(), &mut |_| ()).unwrap();
        assert!(made.new_objects >= 2, "{}: {made:?}", earlier.name);
        let place = (again.as_path(), earlier.data.join("keys/log.pem"));
        let place = (place.0, place.1.as_path());
        let restored = restore(&safe, place, "a disk failed", &Clock::system(), &mut |_| ());
        // The upgrade comes first, then the restore.
        assert_eq!(restored.unwrap().entry, made.manifest.entries + 1, "{}", earlier.name);
        assert_eq!(examined(&again, &earlier.name).examined.upgrades, 1);
        assert_eq!(earlier.counts().0, earlier.schema, "the folder itself is as it was");
    }
}

#[test]
fn what_an_upgrade_says_is_counted_again() {
    let earlier = Earlier::unpack(&kept().remove(0));
    earlier.upgrade().unwrap().unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database = Connection::open_with_flags(earlier.data.join("driftledger.db"), flags).unwrap();
    let change = "DROP TRIGGER store_upgrade_no_update;
                  UPDATE store_upgrade SET document = replace(document, '\"rows\":1,', '\"rows\":2,')";
    database.execute_batch(change).unwrap();
    drop(database);
    let found = check_store(&earlier.data, &mut |_| ()).unwrap().findings;
    for code in ["schema_missing", "row_changed", "document_changed", "upgrade_not_recounted"] {
        assert!(found.iter().any(|finding| finding.code == code), "{code}: {found:?}");
    }
    let recounted = found.iter().find(|finding| finding.code == "upgrade_not_recounted").unwrap();
    assert!(recounted.detail.contains("held 1 rows, the upgrade says 2"), "{recounted:?}");
}

#[test]
fn a_killed_upgrade_leaves_the_earlier_schema_or_the_whole_upgrade() {
    let path = kept().remove(0);
    let upgrade = |earlier: &Earlier| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftledger"));
        command.arg("upgrade").arg(&earlier.data).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let whole = Earlier::unpack(&path);
    let began = Instant::now();
    assert!(upgrade(&whole).wait().unwrap().success());
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap();
    let (known, _) = whole.counts();

    let mut state = 20_260_601_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    let (mut stayed, mut came) = (0, 0);
    for round in 0..20 {
        let earlier = Earlier::unpack(&path);
        let (_, before) = earlier.counts();
        let mut child = upgrade(&earlier);
        // No signal says when it is in the middle.
        let moment = Instant::now() + Duration::from_micros(draw(micros + micros / 4));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (version, now) = earlier.counts();
        if version == earlier.schema {
            stayed += 1;
            assert_eq!(now, before, "round {round}: nothing of it is there");
        } else {
            came += 1;
            assert_eq!((version, now["store_upgrade"]), (known, 1), "round {round}");
        }
        // What was begun is done, or done already.
        assert_eq!(earlier.upgrade().unwrap().is_some(), version == earlier.schema);
        assert_eq!(earlier.check().examined.upgrades, 1, "round {round}");
    }
    assert!(stayed > 0, "{stayed} stayed, {came} came");
}

#[test]
fn nobody_upgrades_a_folder_that_is_served_and_commands_say_what_to_do() {
    let earlier = Earlier::unpack(&kept().remove(0));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftledger"));
        let output = command.args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let data = earlier.data.to_str().unwrap();
    let (code, said) = run(&["user", "list", data]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("driftledger upgrade"), "{said}");

    let lock = File::create(earlier.data.join("served.lock")).unwrap();
    lock.try_lock().unwrap();
    let (code, said) = run(&["upgrade", data]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("another server is running"), "{said}");
    assert_eq!(earlier.counts().0, earlier.schema);
    drop(lock);

    let safe = earlier.data.with_file_name("safe");
    let (code, said) = run(&["upgrade", data, "--backup", safe.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("checked, nothing wrong") && said.contains("became"), "{said}");
    assert!(safe.join("backup.json").exists());
    let (code, said) = run(&["upgrade", data]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("up to date"), "{said}");
    assert_eq!(run(&["user", "list", data]).0, Some(0));
}
