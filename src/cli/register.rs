//! `driftledger register`

use super::client::ServerArguments;
use super::configuration::parameters;
use super::{done, terminal};
use crate::error::{Error, Result};
use crate::procedures::fingerprint_files::{
    RegistrationSources, length_of, make_registration_noted,
};
use crate::procedures::read_origin::DraftDocument;
use crate::provenance::registration::{DatasetRole, TakenUp};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `register`.
#[derive(Debug, Args)]
#[command(after_help = "Only digests, counts and declarations are sent.\n\n\
    Example: driftledger register --model assay --version 1.0.0 --train train.parquet --reference reference.parquet \\\n\
      --artifact model.json --param depth=6 --token $TOKEN")]
pub(super) struct RegisterArguments {
    /// Model name
    #[arg(long)]
    model: String,
    /// Version of the model
    #[arg(long)]
    version: String,
    /// Table the model was fitted on
    #[arg(long)]
    train: PathBuf,
    /// Table that batches will be judged against (rows the model was not fitted on)
    #[arg(long)]
    reference: PathBuf,
    /// Table the performance of the model was measured on, once
    #[arg(long)]
    test: Option<PathBuf>,
    /// Table the parameters were chosen on
    #[arg(long)]
    tune: Option<PathBuf>,
    /// Table the fit was checked on while the model was made
    #[arg(long)]
    validate: Option<PathBuf>,
    /// Column that says which rows belong together (patient, batch): a key of the training data found in another table is an
    /// overlap; may be repeated, then the columns together are the key
    #[arg(long, value_name = "COLUMN")]
    overlap_key: Vec<String>,
    /// Why training rows found again in other tables may stay; without it they refuse the registration
    #[arg(long, value_name = "TEXT")]
    overlap_justification: Option<String>,
    /// File or folder of the model itself; may be repeated
    #[arg(long, required_unless_present = "draft")]
    artifact: Vec<PathBuf>,
    /// Draft version, registered by training code, whose frozen files are the model; parameters and code revision of its run
    /// count where none are given here
    #[arg(long, value_name = "NUMBER", conflicts_with = "artifact", requires = "token")]
    draft: Option<u64>,
    /// Column declaration (`driftledger schema FILE` writes one to edit)
    #[arg(long)]
    schema: Option<PathBuf>,
    /// Monitoring policy as JSON; without it, one false alarm in 52 batches and standard tolerances
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Parameter of the training run, NAME=VALUE; may be repeated
    #[arg(long = "param", alias = "params", value_name = "NAME=VALUE", num_args = 1..)]
    parameters: Vec<String>,
    /// Code revision that trained the model
    #[arg(long, value_name = "REVISION")]
    code: Option<String>,
    /// File or folder of the code that prepared the data; may be repeated
    #[arg(long, value_name = "PATH")]
    preparation_code: Vec<PathBuf>,
    /// Lock file of the environment that trained the model
    #[arg(long, value_name = "FILE")]
    environment_lock: Option<PathBuf>,
    /// What the model is for
    #[arg(long)]
    intended_use: Option<String>,
    /// Version this one follows
    #[arg(long)]
    parent_version: Option<String>,
    /// Write the registration to this file instead of sending it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: OptionalServer,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// A server is needed only where something is sent.
#[derive(Debug, Args)]
struct OptionalServer {
    /// Address of the server
    #[arg(long, env = "DRIFTLEDGER_SERVER", default_value = "http://127.0.0.1:8460")]
    server: String,
    /// Token (from `driftledger token` or the account page)
    #[arg(
        long,
        env = "DRIFTLEDGER_TOKEN",
        hide_env_values = true,
        default_value = "",
        required_unless_present = "output"
    )]
    token: String,
}

pub(super) fn run(arguments: &RegisterArguments) -> Result<ExitCode> {
    let sources = sources(arguments)?;
    let others = sources.others.iter().map(|(_, path)| length_of(path)).sum::<u64>();
    let total = length_of(&sources.train) + length_of(&sources.reference) + others;
    let bar = terminal::progress(total, true);
    bar.set_message("fingerprinting");
    let (mut registration, notes) = make_registration_noted(&sources, |bytes| bar.inc(bytes))?;
    bar.finish_and_clear();
    notes.iter().for_each(|note| terminal::note(note));
    if arguments.schema.is_none() {
        let path = arguments.reference.display();
        terminal::note(&format!(
            "roles, types and kinds of the columns are inferred from `{path}` and frozen with the version: `driftledger schema {path}` \
             prints them, `--schema FILE` takes others"
        ));
    }
    let server = ServerArguments {
        server: arguments.server.server.clone(),
        token: arguments.server.token.clone(),
    };
    if let Some(number) = arguments.draft {
        let path = format!("/api/v1/models/{}/drafts/{number}", registration.model);
        registration.take_up(draft(&server, &path)?);
    }
    for overlap in registration.overlaps.iter().filter(|overlap| overlap.rows > 0) {
        let of = registration.rows_of(overlap);
        terminal::warn(&overlap.sentence(of));
    }
    registration.validate()?;
    if let Some(path) = &arguments.output {
        terminal::write_file(path, &registration.bytes()?)?;
        return done();
    }
    let request = server
        .post(&format!("/api/v1/models/{}/versions", registration.model))?
        .json(&registration);
    let (status, answer) = server.send(request)?;
    if arguments.json {
        terminal::say_json(&answer)?;
    } else {
        let word = if status == 201 { "registered" } else { "was registered before" };
        let text = |name: &str| answer.get(name).map_or_else(String::new, ToString::to_string);
        let (model, version) = (&registration.model, &registration.version);
        terminal::say(&format!(
            "{model} {version} {word}: content {}, ledger entry {}",
            text("content_sha256").trim_matches('"'),
            text("entry")
        ));
    }
    done()
}

/// The draft version at `path` of the server.
fn draft(server: &ServerArguments, path: &str) -> Result<TakenUp> {
    let (_, answer) = server.send(server.get(path)?)?;
    let found: DraftDocument = serde_json::from_value(answer).map_err(|e| Error::Server {
        server: server.server.clone(),
        detail: format!("a draft that cannot be read ({e})"),
    })?;
    let DraftDocument { number, files, parameters, code_revision, .. } = found;
    Ok(TakenUp { number, files, parameters, code_revision })
}

/// The tables beside training data and reference.
fn others(arguments: &RegisterArguments) -> Vec<(DatasetRole, PathBuf)> {
    let RegisterArguments { tune, validate, test, .. } = arguments;
    [(DatasetRole::Tune, tune), (DatasetRole::Validate, validate), (DatasetRole::Test, test)]
        .into_iter()
        .filter_map(|(role, path)| Some((role, path.clone()?)))
        .collect()
}

fn sources(arguments: &RegisterArguments) -> Result<RegistrationSources> {
    let parameters = parameters(&arguments.parameters)?;
    Ok(RegistrationSources {
        model: arguments.model.clone(),
        version: arguments.version.clone(),
        train: arguments.train.clone(),
        reference: arguments.reference.clone(),
        others: others(arguments),
        overlap_key: arguments.overlap_key.clone(),
        overlap_justification: arguments.overlap_justification.clone(),
        artifacts: arguments.artifact.clone(),
        schema: arguments.schema.clone(),
        policy: arguments.policy.clone(),
        parameters,
        code_revision: arguments.code.clone(),
        preparation_code: arguments.preparation_code.clone(),
        environment_lock: arguments.environment_lock.clone(),
        intended_use: arguments.intended_use.clone(),
        parent_version: arguments.parent_version.clone(),
    })
}
