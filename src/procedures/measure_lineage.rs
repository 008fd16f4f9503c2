//! Procedure: make a data folder with a large lineage, to measure how long reading it takes.
//!
//! 1. create the folder, one data scientist, one small version
//! 2. report runs, each with one dataset read and one written, drawn from fewer datasets than there are runs

use super::administer::{create_account, create_store, host};
use super::fingerprint_files::{RegistrationSources, make_registration};
use super::receive_lineage::receive_lineage;
use super::register_version::register_version;
use crate::access::account::{Acting, Way};
use crate::access::role::Role;
use crate::clock::Clock;
use crate::digest::keyed_u64;
use crate::error::{Error, Result};
use crate::provenance::openlineage::EVENTS_MAX;
use serde_json::{Value, json};
use std::path::Path;

/// Model and version in the folder.
pub const MEASURED_VERSION: (&str, &str) = ("measured", "1");
/// Runs that name one dataset, on average, as output.
const RUNS_PER_DATASET: u64 = 2;

/// Makes the data folder `folder` with a lineage of `edges` edges; the same every time, ids and times aside.
///
/// # Errors
///
/// Those of creating a store, registering a version and reporting lineage.
pub fn make_lineage(folder: &Path, edges: u64) -> Result<()> {
    let store = create_store(folder, Clock::system())?;
    let account = create_account(&store, &host(), ("bench", "Bench"), Role::DataScientist)?;
    let acting = Acting { account: account.value.account, way: Way::Host };
    let files = tempfile::tempdir().map_err(Error::file("making a folder in", folder))?;
    let write = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).map_err(Error::file("writing", &path))?;
        Ok::<_, Error>(path)
    };
    // No two rows are alike, and no column counts them, which would be taken for an index.
    let rows = |from: u32| {
        let row = |n: u32| format!("{},{}\n", n * 7_919 % 104_729, n % 7);
        (from..from + 200).map(row).collect::<String>()
    };
    let sources = RegistrationSources {
        model: MEASURED_VERSION.0.to_owned(),
        version: MEASURED_VERSION.1.to_owned(),
        train: write("train.csv", &format!("a,b\n{}", rows(0)))?,
        reference: write("reference.csv", &format!("a,b\n{}", rows(1_000)))?,
        artifacts: vec![write("model.bin", "model")?],
        ..RegistrationSources::default()
    };
    let registration = make_registration(&sources, |_| ())?;
    let table = registration.datasets.first().map(|train| train.fingerprint.table.table.clone());
    register_version(&store, &acting, &registration)?;
    let runs = edges / 2;
    let mut batch: Vec<Value> = Vec::with_capacity(EVENTS_MAX);
    for run in 0..runs {
        batch.push(event(run, runs / RUNS_PER_DATASET + 1, table.as_deref()));
        if batch.len() == EVENTS_MAX || run + 1 == runs {
            receive_lineage(&store, &acting, json!(batch).to_string().as_bytes())?;
            batch.clear();
        }
    }
    Ok(())
}

/// The event of one run; the first one writes the training table.
fn event(run: u64, datasets: u64, table: Option<&str>) -> Value {
    let draw = |salt: u64| {
        keyed_u64(&[7; 32], &[run.to_le_bytes(), salt.to_le_bytes()].concat()) % datasets.max(1)
    };
    let named = |number: u64| json!({"namespace": "bench", "name": format!("dataset-{number}")});
    let mut written = named(if run == 0 { 0 } else { draw(1) });
    if run == 0 {
        written["facets"] = json!({"driftledger_digest": {"tdh1": table}});
    }
    json!({
        "eventTime": "2026-01-01T00:00:00Z", "eventType": "COMPLETE", "producer": "urn:driftledger:bench",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": format!("00000000-0000-7000-8000-{run:012x}")},
        "job": {"namespace": "bench", "name": format!("job-{}", run % 100)},
        "inputs": [named(draw(0))], "outputs": [written],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedures::read_lineage::lineage_within;
    use crate::store::Store;

    #[test]
    fn the_measured_version_is_joined_to_the_runs_that_were_reported() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        make_lineage(&data, 40).unwrap();
        let store = Store::open(&data, Clock::system()).unwrap();
        let read = lineage_within(&store, &host(), MEASURED_VERSION, Some(8)).unwrap();
        let runs = read.nodes.iter().filter(|node| node.label.contains("job-")).count();
        assert!(read.edges.len() > 10 && runs > 1, "{read:?}");
    }
}
