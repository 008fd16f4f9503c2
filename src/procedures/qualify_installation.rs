//! Procedure: installation qualification (IQ). What is installed here, and is it what it should be?
//!
//! 1. the program: version, build, digest of its file; the host it runs on
//! 2. the data folder: schema, settings of the database, private keys, whether it can be written durably
//! 3. everything stored is checked once
//! 4. accounts that are not disabled: an administrator, none of a shared name; no demonstration
//! 5. the clock is not behind the newest entry; what the program cannot see is left to a person

use super::check_store::check_store;
use super::checklist::{Asked, Checklist};
use crate::access::role::Role;
use crate::error::{Error, Result};
use crate::review::qualification::QualificationCheck;
use crate::store::Store;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Whether `user_name` stands for nobody in particular.
pub fn is_shared_name(user_name: &str) -> bool {
    SHARED_NAMES.contains(&user_name)
}

/// User names that stand for nobody in particular.
const SHARED_NAMES: [&str; 9] =
    ["admin", "administrator", "root", "test", "user", "guest", "demo", "lab", "qa"];

/// Checks the installation around `store`.
///
/// # Errors
///
/// None of the checks' own: what cannot be found out has failed.
pub fn qualify_installation(store: &Store) -> Result<Vec<QualificationCheck>> {
    let mut list = Checklist::new("IQ");
    program(&mut list);
    folder(&mut list, store);
    accounts(&mut list, store);
    outside(&mut list, store);
    Ok(list.checks)
}

fn program(list: &mut Checklist) {
    list.ask(
        Asked {
            requirements: &["P11-10a1", "SEC-1"],
            question: "Which program is installed?",
            risk: "Another program than the released one computes and records.",
            expected: "one file whose SHA-256 is that of the release",
        },
        || {
            let path = std::env::current_exe()
                .map_err(Error::file("finding", Path::new("the program")))?;
            let digest = crate::dataset::fingerprint::digest_file(&path, |_| {})?;
            Ok((
                true,
                format!("`{}`, {} bytes, SHA-256 {}", path.display(), digest.bytes, digest.sha256),
            ))
        },
    );
    list.ask(
        Asked {
            requirements: &["A11-10"],
            question: "What does it run on?",
            risk: "A host that differs from the validated one behaves differently.",
            expected: "a 64-bit host with at least one processor",
        },
        || {
            let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
            let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
            let memory = memory.lines().next().unwrap_or("memory not known");
            let words = memory.split_whitespace().collect::<Vec<_>>().join(" ");
            let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
            Ok((
                cores > 0 && usize::BITS == 64,
                format!("{os}, {arch}, {cores} processors, {words}"),
            ))
        },
    );
}

fn folder(list: &mut Checklist, store: &Store) {
    list.ask(
        Asked {
            requirements: &["P11-10c2", "P11-10e1"],
            question: "Which database, with which settings?",
            risk: "An acknowledged record is lost with the power.",
            expected: "write-ahead log, every commit flushed, the schema of this program",
        },
        || {
            let facts = store.facts()?;
            let passed = facts.journal == "wal"
                && facts.synchronous == 2
                && facts.schema == facts.schema_known;
            let found = format!(
                "SQLite {}, journal `{}`, synchronous {} (2 is full), schema {} of {}",
                facts.sqlite, facts.journal, facts.synchronous, facts.schema, facts.schema_known
            );
            Ok((passed, found))
        },
    );
    list.ask(
        Asked {
            requirements: &["P11-30b", "SEC-3"],
            question: "Are the private keys readable by their owner alone?",
            risk: "Somebody else signs in the name of the ledger.",
            expected: "`log.pem`, `model.pem` and keys that gave way, mode 600",
        },
        || {
            let names = private_keys(&store.folder().join("keys"))?;
            let modes: Vec<_> = names.iter().map(|(name, path)| (name, mode(path))).collect();
            let passed =
                modes.iter().all(|(_, mode)| mode.is_none_or(|mode| mode | 0o700 == 0o700));
            let words = modes.iter().map(|(name, mode)| {
                mode.map_or(format!("{name}: no modes on this system"), |mode| {
                    format!("{name}: {mode:o}")
                })
            });
            Ok((passed, words.collect::<Vec<_>>().join(", ")))
        },
    );
    list.ask(
        Asked {
            requirements: &["P11-10e1"],
            question: "Can the data folder be written durably?",
            risk: "Records are acknowledged that never reach the disk.",
            expected: "a file is written, flushed and read again",
        },
        || {
            let mut file = store.objects().spool_file()?;
            let written = file.write_all(b"qualification").and_then(|()| file.as_file().sync_all());
            written.map_err(Error::file("writing", file.path()))?;
            let read = std::fs::read(file.path()).map_err(Error::file("reading", file.path()))?;
            Ok((
                read == b"qualification",
                format!("{} bytes in `{}`", read.len(), store.folder().display()),
            ))
        },
    );
    list.ask(
        Asked {
            requirements: &["P11-10a2", "AT-chain"],
            question: "Is everything that is stored what the ledger says?",
            risk: "An altered record is believed.",
            expected: "`check` finds nothing wrong",
        },
        || {
            let checked = check_store(store.folder(), &mut |_| ())?;
            let found = format!(
                "{} entries, {} rows, {} files; {} findings",
                checked.entries,
                checked.rows,
                checked.objects,
                checked.findings.len()
            );
            Ok((checked.findings.is_empty(), found))
        },
    );
}

fn accounts(list: &mut Checklist, store: &Store) {
    list.ask(
        Asked {
            requirements: &["A11d-11.1", "P11-10d"],
            question: "Whose accounts are there?",
            risk: "A shared or a left-over account acts for nobody in particular.",
            expected: "an administrator, no enabled account of a shared name (`init --admin NAME` names the first one after a person; `user disable` ends a shared one), no demonstration",
        },
        || {
            let accounts = store.read(|tx| {
                let mut enabled = Vec::new();
                for account in tx.accounts()? {
                    if tx.is_enabled(&account.id)? {
                        enabled.push(account);
                    }
                }
                Ok::<_, Error>(enabled)
            })?;
            let is_admin = accounts.iter().any(|account| account.role == Role::Admin);
            let shared: Vec<_> = accounts
                .iter()
                .filter(|account| is_shared_name(&account.user_name))
                .map(|account| account.user_name.clone())
                .collect();
            let is_demo = store.read(|tx| tx.setting("demonstration"))?.is_some();
            let found = format!(
                "{} enabled accounts, administrator: {}, shared names: {}, demonstration: {}",
                accounts.len(),
                if is_admin { "yes" } else { "no" },
                if shared.is_empty() { "none".to_owned() } else { shared.join(", ") },
                if is_demo { "yes" } else { "no" },
            );
            Ok((is_admin && shared.is_empty() && !is_demo, found))
        },
    );
}

fn outside(list: &mut Checklist, store: &Store) {
    list.ask(
        Asked {
            requirements: &["TIME-src"],
            question: "Is the clock behind what was recorded?",
            risk: "Acts are recorded at a time at which they did not happen.",
            expected: "now is not before the newest ledger entry",
        },
        || {
            let newest = store.read(|tx| tx.entries_before(None, 1))?;
            let newest = newest.first().map(|stored| stored.entry.ts.clone()).unwrap_or_default();
            let now = store.clock().now_text();
            Ok((newest <= now, format!("now {now}, newest entry {newest}")))
        },
    );
    for (requirements, question, risk, expected) in [
        (
            &["TIME-src"][..],
            "Is the clock of the host kept by a time service?",
            "The time of records drifts unnoticed.",
            "the state of the time service of the host, for example `chronyc tracking` or `timedatectl`",
        ),
        (
            &["P11-30a"],
            "Do people reach this server over TLS alone?",
            "Passwords and records can be read or changed on the way.",
            "`serve` with --tls-cert, or a proxy; from another machine plain HTTP is refused",
        ),
        (
            &["BKP-1"],
            "Where are the backups, and who restores them?",
            "Records are lost with the disk.",
            "`serve --backup-to` another place, and the last restore that was practised (page System)",
        ),
    ] {
        list.leave(Asked { requirements, question, risk, expected });
    }
}

/// Names and paths of the files of private keys, those of keys that gave way among them.
fn private_keys(keys: &Path) -> Result<Vec<(String, PathBuf)>> {
    let failed = Error::file("reading", keys);
    let mut found = Vec::new();
    for file in std::fs::read_dir(keys).map_err(failed)? {
        let path = file.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "pem") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    let about = std::fs::metadata(path).ok()?;
    Some(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777)
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<u32> {
    None
}
