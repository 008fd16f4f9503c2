//! `driftledger init`, `driftledger user`, `driftledger token`: on the machine of the store, with its data folder.

use super::{done, terminal};
use crate::access::account::Acting;
use crate::access::accountability::{IdentityMethod, SHIPPED_STATEMENT};
use crate::access::role::Role;
use crate::access::token::TokenScope;
use crate::access::training::Training;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::procedures::accept_accountability::set_statement;
use crate::procedures::administer::{create_account, create_store, host, issue_token};
use crate::procedures::check_identity::{IdentitySeen, record_identity_check};
use crate::procedures::keep_accounts::{
    disable_account, enable_account, reset_password, unlock_account,
};
use crate::procedures::keep_trainings::record_training;
use crate::procedures::qualify_installation::is_shared_name;
use crate::procedures::read_accounts::{AccountLine, account_lines};
use crate::store::Store;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: driftledger init data --admin adam --printed-name \"Adam Administrator\""
)]
pub(super) struct InitArguments {
    /// Data folder to make
    data: PathBuf,
    /// User name of the first administrator: that of a person, since an account acts for one
    #[arg(long, default_value = "admin")]
    admin: String,
    /// Name a signature of the first administrator shows
    #[arg(long, default_value = "Administrator")]
    printed_name: String,
}

/// Arguments of `user`.
#[derive(Debug, Args)]
pub(super) struct UserArguments {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Create an account with a one-time password
    Add {
        /// Data folder
        data: PathBuf,
        /// User name
        user_name: String,
        /// `data_scientist`, `qa`, `reviewer`, `process_expert`, `inspector` or `admin`
        #[arg(long)]
        role: String,
        /// Name a signature shows
        #[arg(long)]
        printed_name: String,
    },
    /// List the accounts
    List {
        /// Data folder
        data: PathBuf,
    },
    /// Unlock an account after wrong passwords
    Unlock(StepArguments),
    /// Disable the account of somebody who left: sessions and tokens end at once
    Disable(StepArguments),
    /// Enable a disabled account again
    Enable(StepArguments),
    /// Give an account a one-time password in place of a forgotten one; its sessions end
    Reset(StepArguments),
    /// Record how it was checked whose account it is, before its owner signs for the first time
    Identify {
        /// Data folder
        data: PathBuf,
        /// User name
        user_name: String,
        /// `in_person`, `video_call`, `personnel_record` or `known_person`
        #[arg(long)]
        method: String,
        /// What was seen, for example "passport, photograph compared"; no numbers of documents
        #[arg(long)]
        seen: String,
        /// Day of the check, 2026-01-31; today without it
        #[arg(long)]
        on: Option<jiff::civil::Date>,
    },
    /// Put a statement of accountability in force, which everybody who signs accepts; a data folder of an earlier version has none
    Statement {
        /// Data folder
        data: PathBuf,
        /// Text file with what it says; without it, the statement that comes with the program
        #[arg(long)]
        file: Option<PathBuf>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Record a training that somebody completed
    Train {
        /// Data folder
        data: PathBuf,
        /// User name
        user_name: String,
        /// Role it is for
        #[arg(long)]
        role: String,
        /// Course and its version, as the training policy names it
        #[arg(long)]
        course: String,
        /// Day of its completion, 2026-01-31
        #[arg(long)]
        completed_on: jiff::civil::Date,
        /// Last day it is good for, if that is earlier than the policy says
        #[arg(long)]
        valid_until: Option<jiff::civil::Date>,
        /// Where the proof of it is kept
        #[arg(long)]
        evidence: String,
    },
}

/// What is done to whose account, and why.
#[derive(Debug, Args)]
struct StepArguments {
    /// Data folder
    data: PathBuf,
    /// User name
    user_name: String,
    /// Why
    #[arg(long)]
    reason: String,
}

impl StepArguments {
    fn take<T>(&self, step: impl Fn(&Store, &Acting, &str, &str) -> Result<T>) -> Result<T> {
        let store = Store::open(&self.data, Clock::system())?;
        step(&store, &host(), &self.user_name, &self.reason)
    }
}

/// Arguments of `token`.
#[derive(Debug, Args)]
#[command(after_help = "Example: driftledger token data dana --name laptop")]
pub(super) struct TokenArguments {
    /// Data folder
    data: PathBuf,
    /// Owner of the token (a data scientist)
    user_name: String,
    /// What the token is for
    #[arg(long)]
    name: String,
    /// Only for batches of this model version, MODEL/VERSION
    #[arg(long, value_name = "MODEL/VERSION")]
    source: Option<String>,
    /// When it stops, RFC 3339
    #[arg(long)]
    expires_at: Option<String>,
}

pub(super) fn init(arguments: &InitArguments) -> Result<ExitCode> {
    let store = create_store(&arguments.data, Clock::system())?;
    let names = (arguments.admin.as_str(), arguments.printed_name.as_str());
    let admin = create_account(&store, &host(), names, Role::Admin)?.value;
    terminal::say(&format!("data folder {} made", arguments.data.display()));
    terminal::say(&format!("verifier key: {}", store.verifier_key()));
    terminal::say(&format!(
        "{} (admin), one-time password shown once: {}",
        admin.account.user_name, admin.password
    ));
    if is_shared_name(&admin.account.user_name) {
        terminal::warn(&format!(
            "`{0}` is nobody in particular, and `driftledger qualify iq` refuses such an account: make the folder again with \
             `--admin NAME`, or add an administrator of your own and disable `{0}`",
            admin.account.user_name
        ));
    }
    done()
}

pub(super) fn user(arguments: &UserArguments) -> Result<ExitCode> {
    match &arguments.command {
        UserCommand::Add { data, user_name, role, printed_name } => {
            let store = Store::open(data, Clock::system())?;
            let new =
                create_account(&store, &host(), (user_name, printed_name), Role::parse(role)?)?
                    .value;
            terminal::say(&format!(
                "{user_name} ({role}), one-time password shown once: {}",
                new.password
            ));
        }
        UserCommand::List { data } => {
            let store = Store::open(data, Clock::system())?;
            for line in &account_lines(&store, &host())? {
                let account = &line.account;
                let state = match line {
                    AccountLine { enabled: false, .. } => " (disabled)",
                    AccountLine { locked: true, .. } => " (locked)",
                    AccountLine { has_role: false, .. } => " (no role in force)",
                    _ => "",
                };
                terminal::say(&format!(
                    "{:<24} {:<16} {}{state}",
                    account.user_name,
                    account.role.word(),
                    account.printed_name
                ));
            }
        }
        UserCommand::Unlock(step) => {
            step.take(unlock_account)?;
            terminal::say(&format!("{} unlocked", step.user_name));
        }
        UserCommand::Disable(step) => {
            step.take(disable_account)?;
            terminal::say(&format!("{} disabled", step.user_name));
        }
        UserCommand::Enable(step) => {
            step.take(enable_account)?;
            terminal::say(&format!("{} enabled", step.user_name));
        }
        UserCommand::Reset(step) => {
            let password = step.take(reset_password)?.value.password;
            let name = &step.user_name;
            terminal::say(&format!("{name}, one-time password shown once: {password}"));
        }
        UserCommand::Identify { data, user_name, method, seen, on } => {
            let store = Store::open(data, Clock::system())?;
            let method = IdentityMethod::parse(method)?;
            let found = IdentitySeen { method, seen: seen.clone(), checked_on: *on };
            record_identity_check(&store, &host(), user_name, &found)?;
            terminal::say(&format!("identity check of {user_name} recorded"));
        }
        UserCommand::Statement { data, file, reason } => {
            let text = match file {
                None => SHIPPED_STATEMENT.to_owned(),
                Some(file) => {
                    std::fs::read_to_string(file).map_err(Error::file("reading", file))?
                }
            };
            let store = Store::open(data, Clock::system())?;
            let set = set_statement(&store, &host(), (&text, reason))?;
            let sha256 = &set.value.sha256;
            terminal::say(&format!(
                "statement {sha256} is in force; whoever signs accepts it first"
            ));
        }
        UserCommand::Train {
            data,
            user_name,
            role,
            course,
            completed_on,
            valid_until,
            evidence,
        } => {
            let store = Store::open(data, Clock::system())?;
            let training = Training {
                role: Role::parse(role)?,
                course: course.clone(),
                completed_on: *completed_on,
                valid_until: *valid_until,
            };
            record_training(&store, &host(), user_name, (&training, evidence))?;
            terminal::say(&format!("training of {user_name} recorded"));
        }
    }
    done()
}

pub(super) fn token(arguments: &TokenArguments) -> Result<ExitCode> {
    let store = Store::open(&arguments.data, Clock::system())?;
    let missing = |what, id: &str| Error::NotFound { what, id: id.to_owned() };
    let owner = store
        .read(|tx| tx.account_by_name(&arguments.user_name))?
        .ok_or_else(|| missing("account", &arguments.user_name))?;
    let scope = match &arguments.source {
        None => TokenScope::Personal,
        Some(source) => {
            let (model, version) = source.split_once('/').ok_or_else(|| Error::BadRequest {
                detail: format!("`{source}` has no `/`; write MODEL/VERSION"),
            })?;
            let row = store
                .read(|tx| tx.version(model, version))?
                .ok_or_else(|| missing("model version", source))?;
            TokenScope::Source { version_id: row.id }
        }
    };
    let named = (&owner, arguments.name.as_str());
    let new = issue_token(&store, &host(), named, &scope, arguments.expires_at.as_deref())?.value;
    terminal::say(&new.token);
    done()
}
