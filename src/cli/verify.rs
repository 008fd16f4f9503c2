//! `driftledger verify PACK`, `driftledger verify --sample PROOF`

use super::diff::role;
use super::serve::{read_policy, read_roots};
use super::witness::key_of;
use super::{done, found, terminal};
use crate::error::{Error, Result};
use crate::evidence::verify::earlier::EarlierHead;
use crate::evidence::verify::registered::RegisteredTable;
use crate::evidence::verify::{Believed, Finding, Progress, Stamped, Trust, Verification};
use crate::ledger::note::VerifierKey;
use crate::procedures::verify_pack::verify_pack;
use crate::procedures::verify_sample::{Registered, SampleVerification, verify_sample};
use crate::provenance::registration::DatasetRole;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0: nothing wrong. 1: findings, each with the file it is about. 2: not an evidence pack.\n\n\
    Without --key or --policy, the pack is verified under the key it brings, and then only agrees with itself. A key that gave way to \
    another leads to it by what the pack holds; one that was lost or revoked does not.\n\n\
    With --sample it verifies a proof that `driftledger prove` made: the blocks that its checkpoint selects are there, their digests \
    fold into the table's, and a registration in the pack, or a manifest, has that table.\n\n\
    Examples:\n  driftledger verify pack.zip --key log.vkey\n  \
    driftledger verify pack.zip --key log.vkey --checkpoint scanned.txt\n  \
    driftledger verify --sample train.sample --blocks 59 --key log.vkey --pack pack.zip"
)]
pub(super) struct VerifyArguments {
    /// Evidence pack
    #[arg(value_name = "PACK", required_unless_present = "sample", conflicts_with = "sample")]
    evidence: Option<PathBuf>,
    /// Sampling proof to verify instead
    #[arg(long, value_name = "PROOF", requires = "key")]
    sample: Option<PathBuf>,
    /// Evidence pack whose registrations must have the sampled table
    #[arg(long, requires = "sample")]
    pack: Option<PathBuf>,
    /// Manifest or registration that must have the sampled table
    #[arg(long, value_name = "FILE", requires = "sample", conflicts_with = "pack")]
    manifest: Option<PathBuf>,
    /// Dataset of a registration that is meant
    #[arg(long, value_parser = role, default_value = "train", requires = "manifest")]
    role: DatasetRole,
    /// Number of blocks that was asked for
    #[arg(long, value_name = "K", requires = "sample")]
    blocks: Option<u64>,
    /// Key of the ledger, as text or as a file that holds it
    #[arg(long, value_name = "VKEY_OR_FILE")]
    key: Option<String>,
    /// Trust policy (C2SP tlog-policy): the ledger's key, and the witnesses that must have cosigned
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "sample"])]
    policy: Option<PathBuf>,
    /// Root certificate of the time-stamp authority, PEM: what the time stamps in the pack must lead to
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    timestamp_root: Option<PathBuf>,
    /// Revocation lists (CRL, PEM) of the issuers below that root: a time stamp whose certificate was revoked before, or at any time
    /// because its key was not safe, is refused (RFC 3161 §4); so is one of which the lists say nothing
    #[arg(long, value_name = "FILE", requires = "timestamp_root")]
    timestamp_crl: Option<PathBuf>,
    /// Checkpoint that was seen before, as scanned off a printed report or taken from an older pack; may be given several times
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    checkpoint: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// The checkpoints in the files that were given.
fn read_earlier(files: &[PathBuf]) -> Result<Vec<EarlierHead>> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(Error::file("reading", path))?;
        Ok(EarlierHead::new(&path.display().to_string(), &text))
    };
    files.iter().map(read).collect()
}

pub(super) fn run(arguments: &VerifyArguments) -> Result<ExitCode> {
    let trusted = arguments.key.as_deref().map(key_of).transpose()?;
    if let (Some(sample), Some(key)) = (&arguments.sample, &trusted) {
        return run_sample(arguments, sample, key);
    }
    let Some(pack) = &arguments.evidence else { return done() };
    let policy = arguments.policy.as_deref().map(read_policy).transpose()?;
    let ledger = policy.as_ref().map_or(Trust::from(trusted.as_ref()), Trust::Policy);
    let roots = arguments.timestamp_root.as_deref().map(read_roots).transpose()?;
    let roots = match (roots, &arguments.timestamp_crl) {
        (Some(roots), Some(path)) => {
            let lists = std::fs::read_to_string(path).map_err(Error::file("reading", path))?;
            Some(roots.with_revocation_lists(&lists)?)
        }
        (roots, _) => roots,
    };
    let earlier = read_earlier(&arguments.checkpoint)?;
    let trust = Believed { ledger, authorities: roots.as_ref(), earlier: &earlier };
    let bar = terminal::progress(0, false);
    let verification = verify_pack(pack, trust, &mut |now: Progress| {
        bar.set_message(now.stage);
        bar.set_length(now.total);
        bar.set_position(now.done);
    })?;
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&verification)?;
    } else {
        let is_given = trusted.is_some() || policy.is_some();
        tell(&verification, (is_given, arguments.timestamp_crl.is_some()));
    }
    if verification.findings.is_empty() { done() } else { found() }
}

fn run_sample(arguments: &VerifyArguments, sample: &Path, key: &VerifierKey) -> Result<ExitCode> {
    let registered = match (&arguments.pack, &arguments.manifest) {
        (Some(pack), _) => Registered::Pack(pack),
        (None, Some(manifest)) => Registered::Manifest(manifest, arguments.role),
        (None, None) => Registered::Nowhere,
    };
    let verification = verify_sample(sample, key, registered, arguments.blocks)?;
    if arguments.json {
        terminal::say_json(&verification)?;
    } else {
        tell_sample(&verification);
    }
    if verification.findings.is_empty() { done() } else { found() }
}

fn tell_sample(verification: &SampleVerification) {
    let SampleVerification { findings, table, rows, blocks, drawn, registered, .. } = verification;
    tell_findings(findings);
    terminal::say(&format!("table of {rows} rows, tdh1 {table}"));
    if let (Some(origin), Some(size)) = (&verification.origin, verification.size) {
        terminal::say(&format!(
            "{drawn} of {blocks} blocks, selected by the checkpoint of {origin} at {size} entries"
        ));
    }
    for RegisteredTable { model, version, role, entry } in registered {
        terminal::say(&format!(
            "registered as {role} data of model `{model}`, version `{version}`, in entry {entry}"
        ));
    }
    if !verification.held_against_registration {
        terminal::say(
            "whether this table was ever registered is not known; give --pack or --manifest",
        );
    }
    for chance in &verification.chances {
        let needed = chance.blocks_for_95.map_or_else(String::new, |k| format!("; {k} for 95 %"));
        terminal::say(&format!(
            "if {:>4} % of the blocks ({}) were altered: caught with {:.2} %{needed}",
            chance.altered_share * 100.0,
            chance.altered_blocks,
            // Never rounded up to certainty.
            (chance.probability * 1e4).floor() / 1e2
        ));
    }
    tell_number(findings.len());
}

fn tell_findings(findings: &[Finding]) {
    for finding in findings {
        terminal::say(&format!("{}: {} ({})", finding.file, finding.detail, finding.code));
    }
}

fn tell_number(findings: usize) {
    match findings {
        0 => terminal::say("nothing wrong"),
        1 => terminal::say("1 finding"),
        many => terminal::say(&format!("{many} findings")),
    }
}

fn tell(verification: &Verification, (is_given, with_lists): (bool, bool)) {
    let Verification { findings, checked, scope, origin, size, key, .. } = verification;
    tell_findings(findings);
    if let (Some(origin), Some(size)) = (origin, size) {
        terminal::say(&format!(
            "evidence about {} in ledger {origin}, {size} entries",
            scope.words()
        ));
    }
    terminal::say(&format!(
        "checked: {} files, {} ledger entries and their tree, {} proofs, {} bodies, {} record rows, {} documents",
        checked.files,
        checked.entries,
        checked.proofs,
        checked.bodies,
        checked.records,
        checked.copies
    ));
    terminal::say_examined(&checked.examined);
    if !verification.pages_compared {
        terminal::say(
            "HTML documents were written by another program version and were not compared with their records",
        );
    }
    // A file that is not known or not listed can be one that was signed so; one that cannot be read is held against nothing.
    let is_other = |code: &str| ["seal_differs", "file_unreadable"].contains(&code);
    let are_others = verification.findings.iter().any(|finding| is_other(finding.code));
    terminal::say(match (verification.sealed, are_others) {
        (true, false) => "every file is one that the key of the ledger signed (`SEAL`)",
        (true, true) => "the files are not those that the key of the ledger signed (`SEAL`)",
        (false, _) => {
            "no seal says which files the pack was written with; what no record or checkpoint names may be missing or changed"
        }
    });
    if let Some(witnessed) = &verification.witnessed {
        let who: Vec<_> =
            witnessed.cosigned.iter().map(|(name, time)| format!("{name} at {time}")).collect();
        let who = if who.is_empty() {
            "no witness, as the policy allows".to_owned()
        } else {
            who.join(", ")
        };
        let later = size.unwrap_or_default().saturating_sub(witnessed.size);
        terminal::say(&format!(
            "the first {} entries were cosigned by {who}; {later} entries came later",
            witnessed.size
        ));
    }
    for size in &verification.seen_before {
        terminal::say(&format!(
            "the first {size} entries are the same as under the checkpoint that was given"
        ));
    }
    for one in &verification.disposed {
        terminal::say(&one.sentence());
    }
    for one in &verification.redacted {
        terminal::say(&one.sentence());
    }
    tell_stamped(&verification.stamped, size.unwrap_or_default(), with_lists);
    if let Some(key) = key {
        tell_key(verification, (key, is_given));
    }
    tell_number(findings.len());
}

/// The key that signed the checkpoint, and how it was come to.
fn tell_key(verification: &Verification, (key, is_given): (&str, bool)) {
    let followed = &verification.keys_followed;
    if let [.., newest] = followed.as_slice() {
        terminal::say(&format!(
            "the ledger got another key {}; each was signed by the one before it, from the one you trust on",
            if followed.len() == 1 {
                "once".to_owned()
            } else {
                format!("{} times", followed.len())
            }
        ));
        for key in followed {
            terminal::say(&format!("followed to: {key}"));
        }
        terminal::say(&format!("pin the newest one from now on: {newest}"));
    }
    let whose = match (verification.key_is_trusted, is_given, followed.is_empty()) {
        (true, _, true) => "the key you trust",
        (true, _, false) => "the key that the one you trust led to",
        (false, true, _) => "the key in the pack, to which the one you trust does not lead",
        (false, false, _) => {
            "the key in the pack, so it only agrees with itself; give the key you trust with --key"
        }
    };
    terminal::say(&format!("verified under {whose}: {key}"));
}

/// What authorities state about the time, by the newest of their stamps.
fn tell_stamped(stamped: &[Stamped], size: u64, with_lists: bool) {
    let Some((newest, earlier)) = stamped.split_last() else { return };
    let Stamped { size: entries, time, authority, serial, .. } = newest;
    terminal::say(&format!(
        "the first {entries} entries existed by {time}, stated by {authority} (stamp {serial}); {} entries came later",
        size.saturating_sub(*entries)
    ));
    if !earlier.is_empty() {
        terminal::say(&format!("{} earlier time stamps are about the heads before", earlier.len()));
    }
    if !stamped.iter().all(|stamp| stamp.is_trusted) {
        terminal::say(
            "time stamps were not checked against a trusted root, and only agree with their own certificates; give the root of the \
             authority with --timestamp-root",
        );
    } else if !with_lists {
        terminal::say(
            "whether a certificate of the authority was revoked is not known; give its revocation lists with --timestamp-crl",
        );
    }
}
