//! Procedure: demonstrate the whole story on real data, in a store of its own.
//!
//! 1. create a fresh store with one account for each role
//! 2. register the thyroid laboratory's model, from its training and reference tables
//! 3. say what it is for; study the weeks of the reference (Phase I), and attach the study
//! 4. fix acceptance criteria, then test the model on its held-out rows
//! 5. take the steps of its life as far as nothing is missing; what is missing stands on its page
//! 6. replay its months in order: each is judged, alarms open alerts, later months join them
//! 7. decide and sign the first alert as an example; the others wait for the visitor
//!
//! Every act goes through the ordinary procedures; the ledger names the demo accounts with the authority `demonstration`.

use super::accept_accountability::accept_statement_shown;
use super::acknowledge_alert::acknowledge_alert;
use super::administer::{NewAccount, create_demo_account, create_store};
use super::attach_study::attach_study;
use super::check_identity::{IdentitySeen, record_identity_check};
use super::describe_version::describe_version;
use super::draft_decision::{DraftDecision, draft_decision};
use super::fingerprint_files::{RegistrationSources, fingerprint_file, make_registration};
use super::fix_acceptance::fix_acceptance;
use super::ingest_batch::{Delivery, IngestBatch, ingest_batch};
use super::ingest_labels::ingest_labels;
use super::read_life_cycle::life_cycle;
use super::read_records::configuration;
use super::register_version::register_version;
use super::sign_decision::sign_decision_shown;
use super::study_batches::{StudyFiles, study_batches};
use super::take_step::{StepOf, take_step_shown};
use super::test_version::test_version;
use crate::access::account::{Acting, Way};
use crate::access::accountability::IdentityMethod;
use crate::access::role::{Action, Role};
use crate::clock::Clock;
use crate::dataset::fingerprint::RowSet;
use crate::dataset::reader::Format;
use crate::dataset::split::{Period, SplitBy};
use crate::drift::acceptance::plan::{AcceptanceCriteria, TestSet};
use crate::error::{Error, Result};
use crate::review::life_cycle::Step;
use crate::review::step_sheet::StepInput;
use crate::store::Store;
use crate::store::reports::ReportRow;
use std::collections::BTreeMap;
use std::path::Path;

/// The model of the demonstration.
pub const DEMO_MODEL: &str = "thyroid-comment-triage";
/// Its version.
pub const DEMO_VERSION: &str = "1.0.0";

macro_rules! sample {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../sample_data/thyroid_garvan/", $name)).as_slice())
    };
}

macro_rules! month {
    ($month:literal) => {
        (
            $month,
            include_bytes!(concat!("../../sample_data/thyroid_garvan/batches/", $month, ".csv"))
                .as_slice(),
        )
    };
}

/// What the registration is made from.
const FILES: [(&str, &[u8]); 6] = [
    sample!("train.csv"),
    sample!("reference.csv"),
    sample!("schema.json"),
    sample!("policy.json"),
    sample!("model_trees.json"),
    sample!("prepare.py"),
];

/// What the demonstration's version is for.
const RECORD: (&str, &[u8]) = sample!("model_record.json");

const ACCEPTANCE: &[u8] = sample!("acceptance.json").1;
const PREDICTIONS: &[u8] = sample!("test_predictions.csv").1;
const LABELS: (&str, &[u8]) = sample!("labels.csv");

/// The months after the reference, in order.
pub const MONTHS: [(&str, &[u8]); 21] = [
    month!("1985-05"),
    month!("1985-06"),
    month!("1985-07"),
    month!("1985-08"),
    month!("1985-09"),
    month!("1985-10"),
    month!("1985-11"),
    month!("1985-12"),
    month!("1986-01"),
    month!("1986-02"),
    month!("1986-03"),
    month!("1986-04"),
    month!("1986-05"),
    month!("1986-06"),
    month!("1986-07"),
    month!("1986-08"),
    month!("1986-09"),
    month!("1986-10"),
    month!("1986-11"),
    month!("1986-12"),
    month!("1987-01"),
];

const PEOPLE: [(&str, &str, Role); 6] = [
    ("dana", "Dana Scientist", Role::DataScientist),
    ("quentin", "Quentin Quality", Role::Qa),
    ("rosa", "Rosa Reviewer", Role::Reviewer),
    ("pavel", "Pavel Process", Role::ProcessExpert),
    ("ines", "Ines Inspector", Role::Inspector),
    ("adam", "Adam Admin", Role::Admin),
];

/// What was made.
#[derive(Debug)]
pub struct Demonstration {
    /// The store.
    pub store: Store,
    /// One account a role, with its password.
    pub accounts: Vec<NewAccount>,
    /// The reports of the months, in order.
    pub reports: Vec<ReportRow>,
}

/// Makes the demonstration in `folder`; `progress` is called with each month and its report as it is judged.
///
/// # Errors
///
/// [`Error::Store`] when the folder holds a store already; otherwise those of the procedures it goes through.
pub fn demonstrate(
    folder: &Path,
    mut progress: impl FnMut(&str, &ReportRow),
) -> Result<Demonstration> {
    let store = create_store(folder, Clock::system())?;
    store.set_setting("demonstration", "thyroid_garvan")?;
    let mut accounts = Vec::new();
    for (user_name, printed_name, role) in PEOPLE {
        // Visitors try all of them: no password is changed first.
        accounts.push(create_demo_account(&store, (user_name, printed_name), role)?);
    }
    let actors: BTreeMap<&str, Acting> =
        PEOPLE.iter().map(|p| p.0).zip(accounts.iter().map(acting)).collect();
    qualify(&store, &actors)?;
    let dana = &actors["dana"];
    register(&store, dana)?;
    describe(&store, dana)?;
    bring_into_use(&store, &actors)?;
    let configuration = configuration(&store, dana, (DEMO_MODEL, DEMO_VERSION))?.fingerprint;
    let mut reports = Vec::new();
    for (month, bytes) in MONTHS {
        let spool = store.objects().spool_file()?;
        let batch = IngestBatch {
            model: DEMO_MODEL.to_owned(),
            version: DEMO_VERSION.to_owned(),
            name: month.to_owned(),
            period: Some(month_of(month)?),
            configuration: Some(configuration.clone()),
            corrects: None,
            delivery: Delivery::of_bytes(spool, bytes, Some(Format::Csv))?,
        };
        let report = ingest_batch(&store, dana, batch)?.report.value;
        progress(month, &report);
        reports.push(report);
    }
    let spool = store.objects().spool_file()?;
    let delivery = Delivery::of_bytes(spool, LABELS.1, Some(Format::Csv))?;
    ingest_labels(&store, dana, (DEMO_MODEL, DEMO_VERSION), None, delivery)?;
    decide_first(&store, &actors["quentin"], &actors["rosa"])?;
    Ok(Demonstration { store, accounts, reports })
}

/// What is recorded about the people before they sign: the administrator says how the identities were checked, and whoever signs accepts
/// the statement of accountability.
fn qualify(store: &Store, actors: &BTreeMap<&str, Acting>) -> Result<()> {
    let seen = IdentitySeen {
        method: IdentityMethod::KnownPerson,
        seen: "an invented person of the demonstration".to_owned(),
        checked_on: None,
    };
    for (user_name, _, role) in PEOPLE {
        if Action::AcceptAccountability.roles().contains(&role) {
            record_identity_check(store, &actors["adam"], user_name, &seen)?;
            accept_statement_shown(store, &actors[user_name])?;
        }
    }
    Ok(())
}

fn acting(new: &NewAccount) -> Acting {
    Acting { account: new.account.clone(), way: Way::Demonstration }
}

/// `YYYY-MM` as the period of that month, UTC.
fn month_of(month: &str) -> Result<(jiff::Timestamp, jiff::Timestamp)> {
    let bad = |e: jiff::Error| Error::BadRequest { detail: format!("month `{month}`: {e}") };
    let first: jiff::civil::Date = format!("{month}-01").parse().map_err(bad)?;
    let next = first.last_of_month().tomorrow().map_err(bad)?;
    let at = |date: jiff::civil::Date| {
        jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(bad)
    };
    Ok((at(first)?, at(next)?))
}

fn register(store: &Store, dana: &Acting) -> Result<()> {
    let folder =
        tempfile::tempdir().map_err(Error::file("making", Path::new("a temporary folder")))?;
    for (name, bytes) in FILES {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).map_err(Error::file("writing", Path::new(name)))?;
    }
    let path = |name: &str| folder.path().join(name);
    let sources = RegistrationSources {
        model: DEMO_MODEL.to_owned(),
        version: DEMO_VERSION.to_owned(),
        train: path("train.csv"),
        reference: path("reference.csv"),
        artifacts: vec![path("model_trees.json")],
        schema: Some(path("schema.json")),
        policy: Some(path("policy.json")),
        parameters: BTreeMap::from([(
            "algorithm".to_owned(),
            "histogram gradient boosting".to_owned(),
        )]),
        preparation_code: vec![path("prepare.py")],
        overlap_justification: Some(
            "Few features are measured in each request, so requests of different patients can agree in all of them."
                .to_owned(),
        ),
        intended_use: Some(
            "Triages thyroid assay requests: does the report need a comment by a physician?"
                .to_owned(),
        ),
        ..RegistrationSources::default()
    };
    register_version(store, dana, &make_registration(&sources, |_| ())?)?;
    let by = SplitBy { column: "sample_date".to_owned(), period: Some(Period::Week) };
    let study = study_batches(&StudyFiles {
        batches: vec![path("reference.csv")],
        split: Some(by),
        schema: sources.schema.clone(),
        policy: sources.policy.clone(),
        seed: 1,
        // Few, because a demonstration should not be waited for.
        sequences: Some(40),
        challenge_sequences: Some(5),
        ..StudyFiles::default()
    })?;
    attach_study(store, dana, (DEMO_MODEL, DEMO_VERSION), &study)?;
    accept(store, dana, &path("reference.csv"), &path("schema.json"))
}

/// Fixes the sample's criteria, with the held-out rows as test set, and tests the predictions for these rows.
fn accept(store: &Store, dana: &Acting, test_set: &Path, schema: &Path) -> Result<()> {
    let wrong =
        |e: serde_json::Error| Error::BadRequest { detail: format!("acceptance.json: {e}") };
    let mut plan: serde_json::Value = serde_json::from_slice(ACCEPTANCE).map_err(wrong)?;
    plan["model"] = DEMO_MODEL.into();
    plan["version"] = DEMO_VERSION.into();
    let mut plan: AcceptanceCriteria = serde_json::from_value(plan).map_err(wrong)?;
    let read = fingerprint_file(test_set, Some(schema), RowSet::No, |_| ())?;
    plan.test_set = Some(TestSet::Given { fingerprint: Box::new(read.fingerprint) });
    let version = (DEMO_MODEL, DEMO_VERSION);
    fix_acceptance(store, dana, version, &plan)?;
    let spool = store.objects().spool_file()?;
    let delivery = Delivery::of_bytes(spool, PREDICTIONS, Some(Format::Csv))?;
    test_version(store, dana, version, delivery)?;
    Ok(())
}

/// Takes the version's steps into use, as far as nothing is missing for the next one; the gap list says what is.
fn bring_into_use(store: &Store, actors: &BTreeMap<&str, Acting>) -> Result<()> {
    let (model, version) = (DEMO_MODEL, DEMO_VERSION);
    let today = store.clock().now_text().chars().take(10).collect();
    let release = StepInput { effective_on: Some(today), ..StepInput::default() };
    for (who, step, input) in [
        ("dana", Step::Submit, StepInput::default()),
        ("rosa", Step::Review, StepInput::default()),
        ("quentin", Step::Approve, StepInput::default()),
        ("quentin", Step::Release, release),
    ] {
        let life = life_cycle(store, &actors[who], (model, version))?;
        if life.next.iter().any(|next| next.step == step && next.gaps.is_empty()) {
            take_step_shown(store, &actors[who], StepOf { model, version, step }, &input)?;
        }
    }
    Ok(())
}

/// Says what the version is for.
fn describe(store: &Store, dana: &Acting) -> Result<()> {
    let record = serde_json::from_slice(RECORD.1).map_err(|e| Error::BadRequest {
        detail: format!("`{}` is no model record: {e}", RECORD.0),
    })?;
    describe_version(store, dana, (DEMO_MODEL, DEMO_VERSION), &record)?;
    Ok(())
}

/// Decides the oldest drift alert: acknowledged and drafted by QA, signed by the reviewer.
fn decide_first(store: &Store, qa: &Acting, reviewer: &Acting) -> Result<()> {
    let episodes = store.read(|tx| tx.episodes(None, 500))?;
    let Some(first) = episodes.into_iter().rev().find(|episode| !episode.opening.series.is_empty())
    else {
        return Ok(());
    };
    let comment = "TSH readings below 0.05 mU/l appear in every month from 1985-06 on; the reference has none.";
    acknowledge_alert(store, qa, &first.id, ("major", comment))?;
    let draft = DraftDecision {
        code: "accept_with_rationale".to_owned(),
        rationale: "The laboratory introduced a more sensitive TSH assay on 1985-05-23. The readings are right and the \
                    model ranks them as before; the reference is to be frozen anew from months after the change."
            .to_owned(),
        remedial_action: None,
    };
    draft_decision(store, qa, &first.id, &draft)?;
    sign_decision_shown(store, reviewer, &first.id)?;
    Ok(())
}
