//! Procedure: make a data folder to measure a running service with.
//!
//! 1. create the store, an account with its password, a token, and one version learned from generated tables
//! 2. for a large inventory: judge one batch, and record it again under many models and many batches, each with an open alert

use super::administer::{create_demo_account, create_store, issue_token};
use super::fingerprint_files::{RegistrationSources, make_registration};
use super::ingest_batch::{Delivery, IngestBatch, ingest_batch};
use super::register_version::register_version;
use super::sign_in::sign_in;
use super::{actor, subject};
use crate::access::account::{Acting, Way};
use crate::access::role::Role;
use crate::access::token::TokenScope;
use crate::clock::{self, Clock};
use crate::dataset::generated::GeneratedTable;
use crate::dataset::reader::Format;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::batches::BatchRow;
use crate::store::reports::ReportRow;
use crate::store::versions::{FrozenKind, FrozenRow, VersionRow};
use std::collections::BTreeSet;
use std::path::Path;

/// Model and version learned from the generated tables.
pub const MEASURED_VERSION: (&str, &str) = ("measured", "1");

/// A store to measure with.
#[derive(Debug)]
pub struct Measured {
    /// The store.
    pub store: Store,
    /// A token of its data scientist.
    pub token: String,
    acting: Acting,
    /// User name and password of somebody of each role.
    people: Vec<(Role, String, String)>,
    columns: (usize, usize),
}

/// A session of somebody, as their browser keeps it.
#[derive(Clone, Debug)]
pub struct Visiting {
    /// Its secret.
    pub secret: String,
    /// What is sent with every request that changes something.
    pub form_token: String,
}

impl Measured {
    /// The secret of a new session of somebody who has this role.
    ///
    /// # Errors
    ///
    /// Those of signing in.
    pub fn session(&self, role: Role) -> Result<String> {
        Ok(self.visiting(role)?.secret)
    }

    /// A new session of somebody who has this role.
    ///
    /// # Errors
    ///
    /// Those of signing in.
    pub fn visiting(&self, role: Role) -> Result<Visiting> {
        let person = self.people.iter().find(|person| person.0 == role);
        let missing = || Error::NotFound { what: "account of role", id: role.word().to_owned() };
        let (_, user_name, password) = person.ok_or_else(missing)?;
        let (secret, session) = sign_in(&self.store, user_name, password)?;
        Ok(Visiting { secret, form_token: session.form_token })
    }

    /// Ids of all alerts, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn alerts(&self) -> Result<Vec<String>> {
        Ok(self.store.read(|tx| tx.record_ids("episode"))?)
    }
}

/// Ids of all batches that the data folder `folder` holds, which nobody serves.
///
/// # Errors
///
/// Those of opening a store.
pub fn kept_batches(folder: &Path) -> Result<BTreeSet<String>> {
    let store = Store::open(folder, Clock::system())?;
    Ok(store.read(|tx| tx.record_ids("batch"))?.into_iter().collect())
}

/// The batch of this number for a version of `numbers` and `texts` columns: CSV.
///
/// # Errors
///
/// Those of writing a table.
pub fn measured_batch(number: u64, rows: u64, (numbers, texts): (usize, usize)) -> Result<Vec<u8>> {
    let mut seed = [3; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let file = tempfile::NamedTempFile::new();
    let file = file.map_err(Error::file("making a file in", Path::new(".")))?;
    GeneratedTable { rows, numbers, texts, seed }.write_csv(file.path())?;
    std::fs::read(file.path()).map_err(Error::file("reading", file.path()))
}

/// Makes the data folder `folder` with one version of `numbers` and `texts` columns.
///
/// # Errors
///
/// Those of creating a store and registering a version.
pub fn make_measured(folder: &Path, columns: (usize, usize)) -> Result<Measured> {
    let store = create_store(folder, Clock::system())?;
    let account = create_demo_account(&store, ("bench", "Bench"), Role::DataScientist)?;
    let mut people = vec![(Role::DataScientist, "bench".to_owned(), account.password)];
    for (role, name) in [(Role::Qa, "quality"), (Role::Admin, "keeper")] {
        let account = create_demo_account(&store, (name, name), role)?;
        people.push((role, name.to_owned(), account.password));
    }
    let acting = Acting { account: account.account, way: Way::Host };
    let files = tempfile::tempdir().map_err(Error::file("making a folder in", folder))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = files.path().join(name);
        std::fs::write(&path, bytes).map_err(Error::file("writing", &path))?;
        Ok::<_, Error>(path)
    };
    let sources = RegistrationSources {
        model: MEASURED_VERSION.0.to_owned(),
        version: MEASURED_VERSION.1.to_owned(),
        train: write("train.csv", &measured_batch(u64::MAX, 2_000, columns)?)?,
        reference: write("reference.csv", &measured_batch(u64::MAX - 1, 20_000, columns)?)?,
        artifacts: vec![write("model.bin", b"model")?],
        ..RegistrationSources::default()
    };
    register_version(&store, &acting, &make_registration(&sources, |_| ())?)?;
    let named = (&acting.account, "bench");
    let token = issue_token(&store, &acting, named, &TokenScope::Personal, None)?.value.token;
    Ok(Measured { store, token, acting, people, columns })
}

/// What is recorded again under other names.
struct Template {
    registration: String,
    frozen: [FrozenRow; 3],
    batch: BatchRow,
    report: (ReportRow, String),
}

/// Records `models` more models with one version, so many judged batches each, and so many open alerts. Documents are those of one batch
/// that was judged, under new ids: they are long enough and parse, but `check` would say that they are copies.
///
/// # Errors
///
/// Those of the store.
pub fn make_inventory(measured: &Measured, models: u64, each: (u64, u64)) -> Result<()> {
    let template = template(measured)?;
    (0..models).try_for_each(|model| write_model(measured, &template, model, each))
}

/// The name of the model of this number.
pub fn measured_model(number: u64) -> String {
    format!("measured-{number:06}")
}

fn template(measured: &Measured) -> Result<Template> {
    let Measured { store, acting, .. } = measured;
    let bytes = measured_batch(0, 500, measured.columns)?;
    let delivery = Delivery::of_bytes(store.objects().spool_file()?, &bytes, Some(Format::Csv))?;
    let (model, version) = MEASURED_VERSION;
    let (model, version) = (model.to_owned(), version.to_owned());
    let batch = IngestBatch {
        model,
        version,
        name: "first".to_owned(),
        period: None,
        configuration: None,
        corrects: None,
        delivery,
    };
    let report = ingest_batch(store, acting, batch)?.report.value;
    let lost = || Error::NotFound { what: "report", id: report.id.clone() };
    store.read(|tx| {
        let version = report.version_id.as_str();
        let frozen = |kind| tx.frozen(kind, version)?.ok_or_else(lost);
        Ok(Template {
            registration: tx.registration(version)?.ok_or_else(lost)?,
            frozen: [
                frozen(FrozenKind::Reference)?,
                frozen(FrozenKind::Policy)?,
                frozen(FrozenKind::Monitor)?,
            ],
            batch: tx.batch_by_name(version, "first")?.ok_or_else(lost)?,
            report: (report.clone(), tx.report_document(&report.id)?.ok_or_else(lost)?),
        })
    })
}

/// One act for a model, its version, its batches and its alerts.
fn write_model(
    measured: &Measured,
    template: &Template,
    number: u64,
    (batches, alerts): (u64, u64),
) -> Result<()> {
    let acting = &measured.acting;
    measured.store.write(&actor(acting), EntryType::VersionRegister, |tx| {
        let row = VersionRow {
            id: clock::new_id("mv"),
            model: measured_model(number),
            version: "1".to_owned(),
            registered_by: acting.account.user_name.clone(),
            registered_at: tx.at().to_owned(),
            content_sha256: template.batch.sha256.clone(),
            entry: tx.index(),
        };
        tx.subject(subject("model_version", &row.id));
        tx.insert_model(&row.model, "one of many")?;
        tx.insert_version(&row, &acting.account.id, (&template.registration, None))?;
        let [reference, policy, monitor] =
            template.frozen.each_ref().map(|row| (row.sha256.as_str(), row.document.as_str()));
        let ids = [clock::new_id("rf"), clock::new_id("po"), clock::new_id("mo")];
        tx.insert_reference(&ids[0], &row.id, reference)?;
        tx.insert_policy(&ids[1], &row.id, policy)?;
        tx.insert_monitor(&ids[2], &row.id, (&ids[0], &ids[1], None), monitor)?;
        let mut newest = String::new();
        for batch in 0..batches {
            let id = clock::new_id("ba");
            let name = format!("batch-{batch}");
            tx.insert_batch(&BatchRow {
                sha256: crate::digest::sha256_hex(id.as_bytes()),
                version_id: row.id.clone(),
                id: id.clone(),
                name: name.clone(),
                ..template.batch.clone()
            })?;
            newest = clock::new_id("re");
            let report = ReportRow {
                id: newest.clone(),
                version_id: row.id.clone(),
                batch_id: id,
                batch: name,
                number: batch + 1,
                ..template.report.0.clone()
            };
            tx.insert_report(&report, &ids[2], &template.report.1)?;
        }
        for alert in 0..alerts {
            let sentence = format!("`{}` stands for alert {alert}.", row.model);
            let opening = EpisodeOpening::told(EpisodeKind::MissingBatch, sentence);
            let episode = clock::new_id("ep");
            tx.insert_episode((&episode, &row.id), None, &opening)?;
            if !newest.is_empty() {
                tx.insert_episode_batch(&clock::new_id("eb"), &episode, &newest)?;
            }
        }
        Ok::<_, Error>(())
    })?;
    Ok(())
}
