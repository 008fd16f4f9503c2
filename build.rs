//! Names the build: a digest of the sources, the locked dependencies, the compiler and the target, so that a record can say which
//! program computed it. The same checkout built with the same compiler for the same target has the same name everywhere.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What decides how the program computes: its code, its known answers, its manifest and the locked dependencies.
const SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "src", "build.rs"];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
        collect(Path::new(source), &mut files)?;
    }
    files.sort();
    let mut name = Fnv::start();
    for file in &files {
        name.take(file.to_string_lossy().replace('\\', "/").as_bytes());
        name.take(&std::fs::read(file)?);
    }
    name.take(&compiler()?);
    for variable in ["TARGET", "OPT_LEVEL", "CARGO_ENCODED_RUSTFLAGS"] {
        name.take(std::env::var(variable).unwrap_or_default().as_bytes());
    }
    println!("cargo:rustc-env=DRIFTLEDGER_BUILD={}", name.written());
    Ok(())
}

/// All files below a path.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_path_buf());
    }
    Ok(())
}

fn compiler() -> io::Result<Vec<u8>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(Command::new(rustc).arg("-vV").output()?.stdout)
}

/// Two FNV-1a sums of 64 bits from different starts (Fowler, Noll & Vo): tells builds apart, and proves nothing.
struct Fnv([u64; 2]);

impl Fnv {
    fn start() -> Self {
        Self([0xcbf2_9ce4_8422_2325, 0x9e37_79b9_7f4a_7c15])
    }

    /// Takes a piece and its length, so that pieces do not run into each other.
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().copied().chain((bytes.len() as u64).to_le_bytes()) {
            for sum in &mut self.0 {
                *sum = (*sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }

    fn written(&self) -> String {
        let mut text = String::new();
        // writing into a text cannot fail
        let _ = write!(text, "{:016x}", self.0[0] ^ self.0[1].rotate_left(32));
        text
    }
}
