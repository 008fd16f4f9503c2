//! The README's walkthrough runs as it stands.
//! Method: every `sh` block marked `walkthrough` is run by one shell in a fresh folder that sees `sample_data`, with the built
//! binary first on the path and a free port in place of 8470.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// The marked blocks of the README, one after the other.
fn walkthrough() -> String {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let marked = readme.split("<!-- walkthrough -->\n```sh\n").skip(1);
    marked.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// A port that nobody listens on. It lies below those that systems give to whoever asks for any, so that no other test gets it in
/// the seconds before the walkthrough starts its server.
fn free_port() -> u16 {
    let first = 10_000 + (std::process::id() % 10_000) as u16;
    (first..30_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

#[test]
fn the_walkthrough_of_the_readme_runs_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data");
    std::os::unix::fs::symlink(sample, folder.path().join("sample_data")).unwrap();
    let port = free_port();
    let script = walkthrough().replace("8470", &port.to_string());
    assert!(script.contains("driftledger verify"), "{script}");
    // The server started in the background must not outlive the script.
    let script = format!("set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{script}");
    let binary = Path::new(env!("CARGO_BIN_EXE_driftledger")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    for expected in ["\"state\":\"alarm\"", "Rosa Reviewer", "approves_decision"] {
        assert!(said.contains(expected), "`{expected}` is missing in\n{said}\n{errors}");
    }
}
