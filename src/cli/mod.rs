//! The command line: one file per command. A command reads its arguments, calls one procedure and prints what came of it.
//!
//! Exit codes: 0 done (for `compare`: no drift shown; for `diff`: the same; for `verify` and `check`: nothing wrong; for `test`:
//! every criterion met; for `status`: a step can be taken), 1 done and something was
//! found (drift, a difference, a finding), 2 not done.

mod acceptance;
mod administration;
mod backup;
mod bench;
mod change;
mod check;
mod client;
mod compare;
mod concordance;
mod configuration;
mod demo;
mod describe;
mod diff;
mod export;
mod fingerprint;
mod guarantee;
mod ingest;
mod key;
mod openapi;
mod overview;
mod password;
mod performance;
mod prove;
mod qualify;
mod register;
mod review_plan;
mod schema;
mod selftest;
mod serve;
mod study;
mod terminal;
mod timestamp;
mod upgrade;
mod verify;
mod witness;

use crate::error::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Registers model versions with hashed training-data lineage, judges prediction batches with a stated false-alarm
/// guarantee, and turns human decisions into signed evidence.
#[derive(Debug, Parser)]
#[command(name = "driftledger", version = concat!(env!("CARGO_PKG_VERSION"), "+", env!("DRIFTLEDGER_BUILD")), max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole story on real data and serve it: no arguments needed
    Demo(demo::DemoArguments),
    /// Create a data folder with its keys, its ledger and its first administrator
    Init(administration::InitArguments),
    /// Serve the pages and the API of a data folder
    Serve(Box<serve::ServeArguments>),
    /// Print a column declaration of a table, to edit
    Schema(schema::SchemaArguments),
    /// Print the digests of files and of the tables in them
    Fingerprint(fingerprint::FingerprintArguments),
    /// Say what differs between two datasets, by their manifests or row by row
    Diff(diff::DiffArguments),
    /// Prove by a sample that a registered table still exists as it was
    Prove(prove::ProveArguments),
    /// Register a model version; training rows never leave this machine
    Register(Box<register::RegisterArguments>),
    /// Say what a version is for: print a model record to fill, or send it
    Describe(describe::DescribeArguments),
    /// Show where a version stands and what is missing for its next step
    Status(describe::StatusArguments),
    /// Say what changed since the approved version before, and what that may do
    Change(change::ChangeArguments),
    /// Print the fingerprint of a deployed configuration, to send with its batches
    Configuration(configuration::ConfigurationArguments),
    /// List what waits, for whom, and by when it is expected
    Inbox(overview::OverviewArguments),
    /// Show how every monitored version is, silence included
    Fleet(overview::OverviewArguments),
    /// Say how ready the installation is for an inspection: every indicator of a period
    Indicators(overview::IndicatorsArguments),
    /// Send a batch to be judged
    Ingest(ingest::IngestArguments),
    /// Send labels that arrived after their rows
    Labels(ingest::LabelsArguments),
    /// Show what the labels say, batch by batch
    Performance(performance::PerformanceArguments),
    /// Fix the acceptance criteria of a version, before it is tested
    Acceptance(acceptance::AcceptanceArguments),
    /// Test a version against its acceptance criteria, from stored predictions
    Test(acceptance::TestArguments),
    /// Compare two files: the drift report without a server
    Compare(compare::CompareArguments),
    /// Study reference batches: natural drift, proposed tolerances, replay, challenges
    Study(study::StudyArguments),
    /// Verify an evidence pack or a sampling proof, offline
    Verify(verify::VerifyArguments),
    /// Cosign the checkpoints of other people's ledgers, so that their past cannot be changed
    Witness(witness::WitnessArguments),
    /// Have the newest checkpoint stamped with the time by an authority that cannot be reached from here
    Timestamp(timestamp::TimestampArguments),
    /// Check everything in a data folder
    Check(check::CheckArguments),
    /// Write an evidence pack
    Export(export::ExportArguments),
    /// Bring a data folder of an earlier version up to date, and record it
    Upgrade(upgrade::UpgradeArguments),
    /// Copy a data folder to a safe place, while a server runs
    Backup(backup::BackupArguments),
    /// Make a data folder again from a backup
    Restore(backup::RestoreArguments),
    /// Rotate, revoke and list the keys of a data folder, while no server runs on it
    Key(key::KeyArguments),
    /// Create, list, unlock, disable and reset accounts of a data folder
    User(administration::UserArguments),
    /// Change one's own password, for example the one-time password of a new account
    Password(password::PasswordArguments),
    /// Issue tokens for programs
    Token(administration::TokenArguments),
    /// Qualify the installation (iq), its operation (oq) or a version's performance (pq), and record the run
    Qualify(qualify::QualifyArguments),
    /// Say how many predictions people must review for a claim
    ReviewPlan(review_plan::ReviewPlanArguments),
    /// Measure how far reviewers agree with the model
    Concordance(concordance::ConcordanceArguments),
    /// Run the known answers of every statistic
    Selftest(selftest::SelftestArguments),
    /// Measure the false-alarm guarantee by simulation, beside common rules
    Guarantee(guarantee::GuaranteeArguments),
    /// Measure speed and memory on generated tables, beside what polars alone takes
    Bench(bench::BenchArguments),
    /// Print the OpenAPI description
    Openapi,
}

/// Runs the command and turns what came of it into an exit code.
pub fn run(arguments: Arguments) -> ExitCode {
    let outcome = match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Init(arguments) => administration::init(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Fingerprint(arguments) => fingerprint::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Prove(arguments) => prove::run(&arguments),
        Command::Register(arguments) => register::run(&arguments),
        Command::Describe(arguments) => describe::run(&arguments),
        Command::Status(arguments) => describe::status(&arguments),
        Command::Change(arguments) => change::run(&arguments),
        Command::Configuration(arguments) => configuration::run(&arguments),
        Command::Inbox(arguments) => overview::inbox(&arguments),
        Command::Fleet(arguments) => overview::fleet(&arguments),
        Command::Indicators(arguments) => overview::indicators(&arguments),
        Command::Ingest(arguments) => ingest::run(&arguments),
        Command::Labels(arguments) => ingest::run_labels(&arguments),
        Command::Performance(arguments) => performance::run(&arguments),
        Command::Acceptance(arguments) => acceptance::run(&arguments),
        Command::Test(arguments) => acceptance::run_test(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Study(arguments) => study::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Witness(arguments) => witness::run(&arguments),
        Command::Timestamp(arguments) => timestamp::run(&arguments),
        Command::Upgrade(arguments) => upgrade::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => backup::run_restore(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::User(arguments) => administration::user(&arguments),
        Command::Password(arguments) => password::run(&arguments),
        Command::Token(arguments) => administration::token(&arguments),
        Command::Qualify(arguments) => qualify::run(&arguments),
        Command::ReviewPlan(arguments) => review_plan::run(&arguments),
        Command::Concordance(arguments) => concordance::run(&arguments),
        Command::Selftest(arguments) => selftest::run(&arguments),
        Command::Guarantee(arguments) => guarantee::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Openapi => openapi::run(),
    };
    match outcome {
        Ok(found) => found,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(2)
        }
    }
}

/// Something was found.
fn found() -> Result<ExitCode> {
    Ok(ExitCode::from(1))
}

/// Nothing was found, or the work is done.
fn done() -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
