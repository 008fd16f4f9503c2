//! The disk is full, the database is damaged, the newest writes are cut off, two servers want one folder: what was acknowledged is
//! there, or the program says what is wrong and touches nothing. Method: the built program; a limit on the size of files stands for a
//! disk without room, because a test cannot fill one.

use super::kill::{examine, prepare, start};
use crate::harness::{Answer, VERSION_PATH, Visitor, table};
use driftledger::clock::Clock;
use driftledger::store::Store;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A server whose files may not grow beyond `kib` KiB, and its address.
fn start_limited(folder: &Path, kib: u64, more: &[&str]) -> (Child, String) {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"");
    let mut child = Command::new("bash")
        .args(["-c", &script, "limited", env!("CARGO_BIN_EXE_driftledger"), "serve"])
        .args([folder.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let at = line.find("http://").unwrap_or_else(|| panic!("no address in `{line}`"));
    (child, line[at..].trim().trim_end_matches('/').to_owned())
}

/// The answer to one batch.
fn post(url: &str, token: &str, name: &str, seed: u64) -> Answer {
    let path = format!("{VERSION_PATH}/batches?name={name}");
    let program = Visitor::new(url).holding(token);
    program.post_table(&path, "text/csv", table(60, seed, 0.0).as_bytes())
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_driftledger")).args(arguments).output().unwrap()
}

/// Opens and closes the store without a reader, so that the write-ahead log is taken over into the database.
fn close(folder: &Path) {
    drop(Store::open(folder, Clock::system()).unwrap());
}

fn stop(mut server: Child) {
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn what_was_acknowledged_on_a_disk_that_filled_up_is_there_and_the_rest_can_be_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let token = prepare(&folder);
    close(&folder);
    // room for a few batches in the write-ahead log
    let room = std::fs::metadata(folder.join("driftledger.db")).unwrap().len() / 1024 + 300;
    let (server, url) = start_limited(&folder, room, &[]);
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for number in 0..200 {
        let name = format!("b{number}");
        let answer = post(&url, &token, &name, number);
        if answer.status == 201 {
            acknowledged.push(name);
            continue;
        }
        assert!(matches!(answer.status, 500 | 507), "{answer:?}");
        refused.push((name, number));
        if refused.len() == 3 {
            break;
        }
    }
    assert!(!acknowledged.is_empty() && refused.len() == 3, "{acknowledged:?} {refused:?}");
    // reading goes on
    assert_eq!(Visitor::new(&url).holding(&token).get("/api/v1/models").status, 200);
    stop(server);

    examine(&folder, &acknowledged);
    let (server, url) = start(&folder);
    for (name, number) in refused {
        let answer = post(&url, &token, &name, number);
        assert_eq!(answer.status, 201, "{name}: {answer:?}");
        acknowledged.push(name);
    }
    stop(server);
    examine(&folder, &acknowledged);
}

/// Sends batches until the newest backup event is of `kind`; gives what it says and the names of what was acknowledged.
fn send_until((url, token): (&str, &str), kind: &str) -> (String, Vec<String>) {
    let program = Visitor::new(url).holding(token);
    let mut acknowledged = Vec::new();
    for number in 0..500 {
        let name = format!("b{number}");
        assert_eq!(post(url, token, &name, number).status, 201, "the service goes on");
        acknowledged.push(name);
        let found = program.get("/api/v1/backups").body;
        if found["events"][0]["kind"] == kind {
            return (found["events"][0]["detail"].as_str().unwrap().to_owned(), acknowledged);
        }
    }
    panic!("no `{kind}` backup within {} batches", acknowledged.len());
}

#[test] // BKP-1
fn a_backup_that_fails_is_recorded_and_does_not_take_the_server_down() {
    let home = tempfile::tempdir().unwrap();
    let (folder, safe) = (home.path().join("data"), home.path().join("safe"));
    let token = prepare(&folder);
    close(&folder);
    let to = ["--backup-to", safe.to_str().unwrap(), "--backup-every", "1h"];
    // The folder is not there; it is a file; there is no room for a copy of the database.
    let room = std::fs::metadata(folder.join("driftledger.db")).unwrap().len() / 1024 - 64;
    let mut acknowledged = Vec::new();
    for (kib, reason) in [(1 << 30, "reading"), (1 << 30, "reading"), (room, "disk")] {
        let again = folder.with_extension(acknowledged.len().to_string());
        copy_folder(&folder, &again);
        let (server, url) = start_limited(&again, kib, &to);
        let (said, sent) = send_until((&url, &token), "failed");
        assert!(said.contains(reason), "{said}");
        assert_eq!(post(&url, &token, "after", 1_000).status, 201);
        stop(server);
        examine(&again, &sent);
        acknowledged.extend(sent);
        match std::fs::metadata(&safe) {
            Err(_) => std::fs::write(&safe, "a file").unwrap(),
            Ok(found) if found.is_file() => {
                std::fs::remove_file(&safe).unwrap();
                std::fs::create_dir(&safe).unwrap();
            }
            Ok(_) => {
                let left = std::fs::read_dir(&safe).unwrap().count();
                assert_eq!(left, 0, "nothing unfinished is left");
            }
        }
    }
    // With a folder and room it is made, by the same server.
    let (server, url) = start_limited(&folder, 1 << 30, &to);
    let (_, sent) = send_until((&url, &token), "made");
    stop(server);
    examine(&folder, &sent);
    assert_eq!(std::fs::read_dir(&safe).unwrap().count(), 1);
}

/// Copies a data folder that nobody has open.
fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status().unwrap();
    assert!(copied.success());
}

#[test]
fn a_second_server_on_a_folder_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let token = prepare(&folder);
    let (server, url) = start(&folder);
    let second = run(&["serve", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(2));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another server is running on"), "{said}");
    assert_eq!(post(&url, &token, "b1", 1).status, 201);
    // the lock ends with the process, also when it is killed
    stop(server);
    let (server, url) = start(&folder);
    assert_eq!(post(&url, &token, "b2", 2).status, 201);
    stop(server);
    examine(&folder, &["b1".to_owned(), "b2".to_owned()]);
}

/// A folder whose newest batches are in the write-ahead log only, because the server was killed.
fn killed_store(folder: &Path) {
    let token = prepare(folder);
    close(folder);
    let (server, url) = start(folder);
    for number in 0..3 {
        assert_eq!(post(&url, &token, &format!("b{number}"), number).status, 201);
    }
    // the newest head is written at most 10 ms after the commit; wait until it names the last of them
    let head = || std::fs::read_to_string(folder.join("log/checkpoint")).unwrap_or_default();
    let newest = Visitor::new(&url).holding(&token).read("/log/checkpoint");
    while head() != newest {
        std::hint::spin_loop();
    }
    stop(server);
    assert!(std::fs::metadata(folder.join("driftledger.db-wal")).unwrap().len() > 0);
}

#[test]
fn a_database_that_lost_its_newest_writes_is_not_served_and_every_byte_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    killed_store(&folder);
    let log = folder.join("driftledger.db-wal");
    let file = std::fs::OpenOptions::new().write(true).open(&log).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    drop(file);
    let refused = run(&["serve", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("does not go on from") && said.contains("--accept-rollback"), "{said}");
    let found = run(&["check", folder.to_str().unwrap()]);
    assert_eq!(found.status.code(), Some(1), "{found:?}");
}

#[test]
fn a_damaged_page_is_found_or_the_database_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    drop(prepare(&folder));
    let database = folder.join("driftledger.db");
    close(&folder);
    let pristine = std::fs::read(&database).unwrap();
    let pages = pristine.len() / 4096;
    assert!(pages > 50, "{pages}");
    let mut told = 0;
    // every seventh page, so that tables, indices and the schema have their turn
    for page in (0..pages).step_by(7) {
        let mut file = std::fs::OpenOptions::new().write(true).open(&database).unwrap();
        file.seek(SeekFrom::Start(page as u64 * 4096)).unwrap();
        file.write_all(&[0xa5; 3_000]).unwrap();
        drop(file);
        let found = run(&["check", folder.to_str().unwrap()]);
        let code = found.status.code();
        assert!(matches!(code, Some(0..=2)), "page {page}: {found:?}");
        told += usize::from(code != Some(0));
        std::fs::write(&database, &pristine).unwrap();
    }
    assert_eq!(told, pages.div_ceil(7), "a damaged page was not told");
    assert_eq!(run(&["check", folder.to_str().unwrap()]).status.code(), Some(0));
}
