//! House rules that no compiler checks: who may use whom, where crates live, sizes, names, and files that documents name.
//! Method: reads the sources as text, with comments and string contents taken out where only code counts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that everything may use but `statistics`, which knows nothing.
const GROUND: &[&str] = &["clock", "digest"];

/// Each room and the rooms it may use besides itself and [`GROUND`]; the order is that of `docs/ARCHITECTURE.md`.
const ROOMS: &[(&str, &[&str])] = &[
    ("statistics", &[]),
    ("clock", &[]),
    ("digest", &[]),
    ("dataset", &["statistics"]),
    ("access", &[]),
    ("provenance", &["dataset", "statistics", "access"]),
    ("drift", &["statistics", "dataset", "provenance", "access"]),
    ("review", &["statistics", "dataset", "provenance", "access", "drift"]),
    ("ledger", &["access"]),
    ("notify", &[]),
    ("evidence", &["statistics", "dataset", "provenance", "access", "drift", "review", "ledger"]),
    (
        "store",
        &[
            "statistics",
            "dataset",
            "provenance",
            "access",
            "drift",
            "review",
            "ledger",
            "notify",
            "evidence",
        ],
    ),
    (
        "error",
        &[
            "statistics",
            "dataset",
            "provenance",
            "access",
            "drift",
            "review",
            "ledger",
            "notify",
            "evidence",
            "store",
        ],
    ),
    ("procedures", DOMAIN),
    ("api", DOORS),
    ("pages", DOORS),
    ("cli", DOORS),
];

const DOMAIN: &[&str] = &[
    "statistics",
    "dataset",
    "provenance",
    "access",
    "drift",
    "review",
    "ledger",
    "notify",
    "evidence",
    "store",
    "error",
];

/// A server serves pages and API together, and commands start servers.
const DOORS: &[&str] = &[
    "statistics",
    "dataset",
    "provenance",
    "access",
    "drift",
    "review",
    "ledger",
    "notify",
    "evidence",
    "store",
    "error",
    "procedures",
    "api",
    "pages",
];

/// External crates and the only rooms that may name them.
const CRATES: &[(&str, &[&str])] = &[
    ("polars", &["dataset"]),
    ("rusqlite", &["store"]),
    ("actix_web", &["api", "pages", "cli"]),
    ("actix_multipart", &["pages"]),
    ("utoipa_actix_web", &["api", "pages"]),
    ("utoipa_swagger_ui", &["api"]),
    ("argon2", &["access"]),
    ("ed25519_dalek", &["ledger"]),
    ("p256", &["access", "ledger"]),
    ("p384", &["ledger"]),
    ("webpki", &["ledger"]),
    ("x509_cert", &["ledger"]),
    ("sha1", &["digest"]),
    ("openidconnect", &["access", "api"]),
    ("webauthn_rs", &["access"]),
    ("blake3", &["digest"]),
    ("sha2", &["digest"]),
    ("serde_json_canonicalizer", &["digest"]),
    ("statrs", &["statistics"]),
    ("ndarray", &["statistics"]),
    ("rand_chacha", &["statistics"]),
    ("askama", &["evidence", "pages"]),
    ("pulldown_cmark", &["pages"]),
    ("typst", &["evidence"]),
    ("typst_layout", &["evidence"]),
    ("typst_pdf", &["evidence"]),
    ("zip", &["evidence"]),
    ("clap", &["cli", "main"]),
    ("indicatif", &["cli"]),
    ("tabled", &["cli"]),
    ("reqwest", &["api", "cli", "notify"]),
    ("lettre", &["notify"]),
    ("totp_rs", &["access"]),
    ("uuid", &["clock"]),
];

const LINES_MAX: usize = 600;
const LINES_ASKED: usize = 400;
const BANNED_NAMES: &[&str] =
    &["utils", "util", "common", "helpers", "helper", "types", "manager", "service", "misc"];

struct Source {
    path: String,
    room: String,
    text: String,
    code: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` whose names end with `.extension`, by path from the root.
fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(folder)];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                let path = path.strip_prefix(root()).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn sources() -> Vec<Source> {
    let all: Vec<Source> = files("src", "rs")
        .into_iter()
        .map(|path| {
            let room = path["src/".len()..].split('/').next().unwrap().trim_end_matches(".rs");
            let text = read(&path);
            Source { room: room.to_owned(), code: code_of(&text), text, path }
        })
        .collect();
    assert!(all.len() > 50, "the sources were not found");
    all
}

/// `text` without comments and without what stands in string literals; line breaks stay.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else if let Some(length) = raw_string_length(rest) {
            code.push_str("\"\"");
            rest = &rest[length..];
        } else if next == '"' {
            code.push_str("\"\"");
            rest = &rest[string_length(rest)..];
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest = &rest[rest[1..].find('\'').unwrap() + 2..];
            rest = rest.strip_prefix('\'').unwrap_or(rest);
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    code
}

fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

fn raw_string_length(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].strip_prefix('"')?;
    let start = text.len() - after.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(start + text[start..].find(&end)? + end.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// The rooms that `code` names after `crate::` or `driftledger::`, in imports and inline, groups included.
fn rooms_named_in(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for start in ["crate::", "driftledger::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(is_word) {
                continue;
            }
            let rest = code[at + start.len()..].trim_start();
            match rest.strip_prefix('{') {
                Some(group) => rooms.extend(group_members(group)),
                None => _ = rooms.insert(first_word(rest).to_owned()),
            }
        }
    }
    rooms.remove("");
    rooms
}

/// The first words of the members of a `{a, b::{c, d}}` group that starts after its brace.
fn group_members(group: &str) -> Vec<String> {
    let (mut depth, mut members, mut current) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(std::mem::take(&mut current)),
            _ if depth == 0 => current.push(c),
            _ => {}
        }
    }
    members.push(current);
    members.iter().map(|m| first_word(m).to_owned()).filter(|m| !m.is_empty()).collect()
}

/// Whether `code` uses the crate `name`: in a path or an import.
fn uses_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let own_path = before.ends_with("::") || before.ends_with('.') || before.ends_with(is_word);
        let imported = before.trim_end().ends_with("use") && after.starts_with([';', ' ']);
        !own_path && (after.starts_with("::") || imported)
    })
}

fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn a_room_uses_only_the_rooms_above_it() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|s| !matches!(s.room.as_str(), "lib" | "main")) {
        let Some((_, may_use)) = ROOMS.iter().find(|(room, _)| *room == source.room) else {
            broken.push(format!("{}: room `{}` is not in the table", source.path, source.room));
            continue;
        };
        for used in rooms_named_in(&source.code) {
            let ground = source.room != "statistics" && GROUND.contains(&used.as_str());
            if used != source.room && !ground && !may_use.contains(&used.as_str()) {
                broken.push(format!("{} uses `{used}`", source.path));
            }
        }
    }
    assert_none(&broken, "house rule 3: a room uses only the rooms above it");
}

#[test]
fn no_path_climbs_out_of_its_room() {
    let mut broken = Vec::new();
    for source in sources() {
        let code = without_tests(&source);
        let depth = source.path.matches('/').count() - usize::from(source.path.ends_with("mod.rs"));
        if depth > 0 && code.contains(&"super::".repeat(depth)) {
            broken.push(source.path);
        }
    }
    assert_none(&broken, "name another room as `crate::room`, not through `super`");
}

#[test]
fn doors_write_only_through_procedures() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|s| matches!(s.room.as_str(), "api" | "pages" | "cli")) {
        for word in ["WriteTx", ".write(&", "start_session", "set_setting", "insert_"] {
            // A response header is inserted too; that writes nothing.
            if source.code.replace("insert_header", "").contains(word) {
                broken.push(format!("{} says `{word}`", source.path));
            }
        }
    }
    assert_none(&broken, "handlers, pages and commands call a procedure to write");
}

/// Code without its unit tests, which may hold a second implementation against the first.
fn without_tests(source: &Source) -> &str {
    if source.path.ends_with("/tests.rs") {
        return "";
    }
    source.code.split("#[cfg(test)]\nmod tests").next().unwrap()
}

#[test]
fn a_crate_is_used_only_in_its_room() {
    let mut broken = Vec::new();
    for source in sources() {
        for (name, rooms) in CRATES {
            if uses_crate(without_tests(&source), name) && !rooms.contains(&source.room.as_str()) {
                broken.push(format!("{} uses `{name}`, which lives in {rooms:?}", source.path));
            }
        }
    }
    assert_none(&broken, "house rule 3: external crates appear in their rooms only");
}

#[test]
fn every_rule_about_a_crate_is_about_one_that_is_used() {
    let all = sources();
    let idle: Vec<String> = CRATES
        .iter()
        .filter(|(name, _)| *name != "zip" && *name != "ndarray")
        .filter(|(name, _)| !all.iter().any(|source| uses_crate(&source.code, name)))
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_none(&idle, "these crates have a rule but no use");
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut lengths: Vec<(usize, String)> = files("src", "rs")
        .into_iter()
        .chain(files("tests", "rs"))
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > LINES_ASKED)
        .collect();
    lengths.sort();
    let questions: Vec<String> = lengths.iter().map(|(n, path)| format!("{n} {path}")).collect();
    let rule =
        format!("split by noun what has more than {LINES_MAX} lines; {LINES_ASKED} is a question");
    assert!(lengths.iter().all(|(n, _)| *n <= LINES_MAX), "{rule}:\n  {}", questions.join("\n  "));
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let mut broken = Vec::new();
    for path in files("src", "rs").into_iter().chain(files("tests/it", "rs")) {
        let parts: Vec<&str> = path.split('/').collect();
        if parts.iter().any(|part| BANNED_NAMES.contains(&part.trim_end_matches(".rs"))) {
            broken.push(path);
        }
    }
    for source in sources() {
        for name in BANNED_NAMES {
            if source.code.contains(&format!("mod {name} {{")) {
                broken.push(format!("{}: mod {name}", source.path));
            }
        }
    }
    assert_none(&broken, "name a module by what it holds");
}

#[test]
fn no_lint_is_allowed_and_no_test_is_ignored() {
    let mut broken = Vec::new();
    for path in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let code = code_of(&read(&path));
        for attribute in ["[allow(", "[ignore", "cfg_attr(test, allow"] {
            if code.contains(attribute) {
                broken.push(format!("{path} says `{attribute}`"));
            }
        }
    }
    assert_none(&broken, "use `#[expect(lint, reason = ..)]`, and run every test");
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let silent: Vec<String> = files("src", "rs")
        .into_iter()
        .chain(files("tests/it", "rs"))
        .filter(|path| !read(path).starts_with("//! "))
        .collect();
    assert_none(&silent, "open a file with `//!` and one sentence");
}

/// Words of a document that are paths of this repository, without line numbers and punctuation.
fn paths_named_in(text: &str) -> BTreeSet<String> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/_.-*".contains(c);
    text.split(|c| !is_path(c))
        .filter(|word| {
            ["src/", "tests/", "docs/", "schemas/", "sample_data/", "clients/", "benches/", ".ci/"]
                .iter()
                .any(|start| word.starts_with(start))
        })
        .map(|word| word.trim_end_matches(['.', '/', '-']).to_owned())
        .collect()
}

fn exists(path: &str) -> bool {
    let Some((before, after)) = path.split_once('*') else { return root().join(path).exists() };
    let folder = Path::new(before.rsplit_once('/').map_or("", |(folder, _)| folder));
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return false };
    entries.map(|e| folder.join(e.unwrap().file_name()).to_str().unwrap().to_owned()).any(|name| {
        name.starts_with(before) && name.ends_with(after.rsplit('*').next().unwrap_or(after))
    })
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut documents = files("docs", "md");
    documents.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "NOTICE"].map(str::to_owned));
    documents.extend(files("sample_data", "md"));
    let mut broken = Vec::new();
    for document in documents.iter().filter(|path| root().join(path).exists()) {
        for path in paths_named_in(&read(document)) {
            if !exists(&path) {
                broken.push(format!("{document} names `{path}`"));
            }
        }
    }
    for source in sources() {
        let comments = source.text.lines().filter(|line| line.trim_start().starts_with("//"));
        for path in paths_named_in(&comments.collect::<Vec<_>>().join("\n")) {
            if !exists(&path) {
                broken.push(format!("{} names `{path}`", source.path));
            }
        }
    }
    assert_none(&broken, "these paths do not exist");
}

#[test]
fn every_vector_file_is_read_by_a_test() {
    let mut code = String::new();
    for path in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let text = read(&path);
        code.extend(text.lines().filter(|l| !l.trim_start().starts_with("//")).map(str::to_owned));
    }
    let vectors = files("tests/vectors", "json");
    assert!(!vectors.is_empty());
    let unused: Vec<String> = vectors
        .into_iter()
        .filter(|path| {
            !code.contains(&format!(
                "vectors/{}",
                Path::new(path).file_name().unwrap().to_str().unwrap()
            ))
        })
        .collect();
    assert_none(&unused, "no test reads these vectors");
}

#[test]
fn the_reader_of_sources_sees_every_way_to_write_an_import() {
    let seen =
        |code: &str| rooms_named_in(&code_of(code)).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(seen("use crate::store::{Store, ReadTx};"), "store");
    assert_eq!(
        seen("use crate::{\n    access::{self, role::Role},\n    clock,\n};"),
        "access clock"
    );
    assert_eq!(seen("let a: crate::drift::Error = b; // crate::api"), "drift");
    assert_eq!(seen("pub(crate) fn f() { driftledger::cli::run() }"), "cli");
    assert_eq!(seen(r##"let a = "crate::api"; let b = r#"crate::pages"#;"##), "");
    assert_eq!(seen("let quote = '\"'; crate::api::f(); let other = '\"';"), "api");
    assert!(uses_crate("use polars::prelude::Column;", "polars"));
    assert!(uses_crate("fn f(a: rusqlite::Row<'_>)", "rusqlite"));
    assert!(uses_crate("use blake3;", "blake3"));
    assert!(!uses_crate("self.blake3.update(b); digest::blake3::x(); rows.zip(a)", "blake3"));
    assert!(!uses_crate("let zip = 1; polars_zip::f()", "zip"));
    let named = paths_named_in("see `src/store/`, tests/vectors/a.json. and schemas/*.v1.json");
    assert_eq!(
        named.into_iter().collect::<Vec<_>>(),
        ["schemas/*.v1.json", "src/store", "tests/vectors/a.json"]
    );
    assert!(exists("src/*.rs") && !exists("src/*.py") && !exists("src/nothing.rs"));
}
