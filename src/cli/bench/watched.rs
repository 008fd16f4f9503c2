//! A command of this program in a process of its own, whose time and memory are watched.

use crate::error::{Error, Result};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a process holds and has used so far; zeros where `/proc` does not tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// Anonymous memory, bytes.
    pub(super) anonymous_bytes: u64,
    /// CPU time of all threads, seconds.
    pub(super) cpu_seconds: f64,
}

/// Looks at a process.
pub(super) fn watch(pid: u32) -> Held {
    let read =
        |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let status = read("status");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kibibytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    let stat = read("stat");
    let fields: Vec<&str> =
        stat.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
    Held {
        anonymous_bytes: kibibytes.unwrap_or(0) * 1024,
        cpu_seconds: f64::from(ticks(11) + ticks(12)) / 100.0,
    }
}

/// What a process used until it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// Wall-clock time, seconds.
    pub(super) seconds: f64,
    /// CPU time of all threads, seconds.
    pub(super) cpu_seconds: f64,
    /// Most anonymous memory at a time, MiB.
    pub(super) mebibytes: f64,
}

impl Used {
    fn look(&mut self, pid: u32) {
        let held = watch(pid);
        self.cpu_seconds = self.cpu_seconds.max(held.cpu_seconds);
        self.mebibytes = self.mebibytes.max(held.anonymous_bytes as f64 / f64::from(1 << 20));
    }
}

/// A running command; ended when it is dropped.
#[derive(Debug)]
pub(super) struct Watched {
    child: Child,
    started: Instant,
    /// Where a server listens.
    pub(super) address: String,
    /// What it used.
    pub(super) used: Used,
}

impl Watched {
    /// Starts a command on a data folder.
    pub(super) fn start(words: &[&str], folder: &Path) -> Result<Self> {
        let program =
            std::env::current_exe().map_err(Error::file("finding", Path::new("driftledger")))?;
        let mut command = Command::new(&program);
        command.args(words).arg(folder).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().map_err(Error::file("running", &program))?;
        let (started, address, used) = (Instant::now(), String::new(), Used::default());
        Ok(Self { child, started, address, used })
    }

    /// Starts a server on a data folder and waits until it listens.
    pub(super) fn serve(folder: &Path) -> Result<Self> {
        let words = ["serve", "--listen", "127.0.0.1:0", "--requests-per-second", "1000000"];
        let mut server = Self::start(&words, folder)?;
        let mut line = String::new();
        if let Some(output) = server.child.stdout.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line).map_err(Error::file("reading", folder))?;
            // It goes on writing; nobody reads it, and a closed pipe would end it.
            std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        }
        let address = line.split(" on ").last().unwrap_or_default();
        address.trim().trim_end_matches('/').clone_into(&mut server.address);
        if !server.address.starts_with("http") {
            let detail = format!("it did not start: {}", line.trim());
            return Err(Error::Server { server: folder.display().to_string(), detail });
        }
        Ok(server)
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the command, and gives what it printed.
    pub(super) fn answer(&mut self) -> Result<String> {
        let mut output = self.child.stdout.take();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            if let Some(output) = &mut output {
                output.read_to_string(&mut text)?;
            }
            Ok::<_, std::io::Error>(text)
        });
        let failed = Error::file("waiting for", Path::new("driftledger"));
        while self.child.try_wait().map_err(failed)?.is_none() {
            self.used.look(self.child.id());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.used.seconds = self.started.elapsed().as_secs_f64();
        let text = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        text.map_err(Error::file("reading", Path::new("the answer")))
    }

    /// Asks a server to end, as a service manager does; gives the seconds until it had, nothing where it had not by then.
    pub(super) fn end(&mut self, within: Duration) -> Option<f64> {
        self.used.look(self.child.id());
        let asked = Instant::now();
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let mut ended = None;
        while ended.is_none() && asked.elapsed() < within {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                ended = Some(asked.elapsed().as_secs_f64());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.stop();
        ended
    }

    /// Ends a server.
    pub(super) fn stop(&mut self) {
        self.used.look(self.child.id());
        self.used.seconds = self.started.elapsed().as_secs_f64();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
