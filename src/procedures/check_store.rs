//! Procedure: check everything in a data folder.
//!
//! 1. hash everything that is stored again and hold it against the ledger
//! 2. count every test run again from its file, draw every review sample again and learn every proposed reference again from its files; count the rows that every upgrade found again; compute every report again, freeze every monitor again, compare decisions with their signatures
//!
//! It writes nothing and needs no account: whoever holds the folder may check it.

use super::export_evidence::StoredRecords;
use super::recount_tests::recount;
use super::redraw_samples::{redraw, reread};
use super::relearn_references::relearn;
use super::upgrade_store::recount_upgrades;
use crate::error::{Error, Result};
use crate::evidence::examine::{Examined, Trouble, examine};
use crate::evidence::records::Records as _;
use crate::ledger::entry::Entry;
use crate::store::check::{Finding, Progress, Severity};
use crate::store::log::PAGE_MAX;
use crate::store::objects::Objects;
use crate::store::{self, ReadTx};
use std::ops::Range;
use std::path::Path;

/// What came of a check.
#[derive(Debug, serde::Serialize)]
pub struct CheckedStore {
    /// Everything that is wrong; empty when nothing is.
    pub findings: Vec<Finding>,
    /// Ledger entries.
    pub entries: u64,
    /// Record rows.
    pub rows: u64,
    /// Stored files.
    pub objects: u64,
    /// Test runs counted again from their files.
    pub recounted: u64,
    /// Review samples drawn again from their files.
    pub redrawn: u64,
    /// Records held against each other.
    #[serde(flatten)]
    pub examined: Examined,
}

/// Checks the data folder at `folder`.
///
/// # Errors
///
/// Only when there is nothing to check: [`Error::Store`].
pub fn check_store(folder: &Path, progress: &mut dyn FnMut(Progress)) -> Result<CheckedStore> {
    let (mut entries, mut rows, mut objects) = (0, 0, 0);
    let mut findings = store::check::check(folder, &mut |now| {
        match now.stage {
            "entries" => entries = now.total,
            "rows" => rows = now.total,
            _ => objects = now.total,
        }
        progress(now);
    })?;
    let mut reports = |done, total| progress(Progress { stage: "reports", done, total });
    let unwitnessed = findings.iter().filter(|finding| finding.code == "row_unwitnessed");
    let unwitnessed = unwitnessed.map(|f| (f.table.clone(), f.id.clone())).collect();
    let examined = store::check::read(folder, |tx| {
        let mut records = StoredRecords::all_but(tx, unwitnessed);
        let mut visit = |range: Range<u64>, visit: &mut dyn FnMut(&Entry)| {
            let mut next = range.start;
            while next < range.end {
                // What cannot be read was named by the examination of the entries.
                let page = tx.entries(next, PAGE_MAX).unwrap_or_default();
                let Some(last) = page.last().map(|stored| stored.entry.idx) else { return };
                let inside = page.iter().map(|stored| &stored.entry);
                inside.filter(|entry| range.contains(&entry.idx)).for_each(&mut *visit);
                next = last + 1;
            }
        };
        let (examined, mut troubles) = examine(&mut records, &mut visit, &mut reports);
        let runs = records.keys("test_run");
        for id in &runs {
            troubles.extend(recounted(tx, &store::check::objects(folder), id));
        }
        let samples = records.keys("review_sample");
        for id in &samples {
            troubles.extend(redrawn(tx, &store::check::objects(folder), id));
        }
        if !records.keys("store_upgrade").is_empty() {
            troubles.extend(recounted_upgrades(tx));
        }
        for id in records.keys("reference_proposal") {
            troubles.extend(relearned(tx, &store::check::objects(folder), &id));
        }
        Ok::<_, Error>((examined, troubles, (runs.len() as u64, samples.len() as u64)))
    });
    let (mut recounted, mut redrawn) = (0, 0);
    let examined = match examined {
        Ok((examined, troubles, runs)) => {
            findings.extend(troubles.into_iter().map(finding));
            (recounted, redrawn) = runs;
            examined
        }
        Err(error) => {
            let (table, id) = (String::new(), String::new());
            let detail =
                format!("the records cannot be held against each other: {}", error.chain());
            let code = "records_unreadable";
            findings.push(Finding { severity: Severity::Error, code, table, id, detail });
            Examined::default()
        }
    };
    Ok(CheckedStore { findings, entries, rows, objects, recounted, redrawn, examined })
}

/// What is wrong with a test run, once it was counted again.
fn recounted(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Option<Trouble> {
    let detail = match recount(tx, objects, id) {
        Ok(None) => return None,
        Ok(Some(detail)) => detail,
        Err(error) => format!("it cannot be counted again: {}", error.chain()),
    };
    let (table, id) = ("test_run".to_owned(), id.to_owned());
    Some(Trouble { code: "test_run_not_recounted", table, id, detail })
}

/// What is wrong with the counts and digests of upgrades, once the rows that were there were counted and digested again.
fn recounted_upgrades(tx: &ReadTx<'_>) -> Vec<Trouble> {
    let trouble = |id: String, detail: String| {
        let (code, table) = ("upgrade_not_recounted", "store_upgrade".to_owned());
        Trouble { code, table, id, detail }
    };
    match recount_upgrades(tx) {
        Ok(unlike) => unlike.into_iter().map(|(id, detail)| trouble(id, detail)).collect(),
        Err(error) => {
            let detail = format!("upgrades cannot be counted again: {}", error.chain());
            vec![trouble(String::new(), detail)]
        }
    }
}

/// What is wrong with the reference of a proposal, once it was learnt again.
fn relearned(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Option<Trouble> {
    let detail = match relearn(tx, objects, id) {
        Ok(None) => return None,
        Ok(Some(detail)) => detail,
        Err(error) => format!("its reference cannot be learnt again: {}", error.chain()),
    };
    let (table, id) = ("reference_proposal".to_owned(), id.to_owned());
    Some(Trouble { code: "reference_not_relearnt", table, id, detail })
}

/// What is wrong with a review sample and its answers, once it was drawn again.
fn redrawn(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Vec<Trouble> {
    let trouble = |code, (table, id): (&str, &str), detail: String| {
        let (table, id) = (table.to_owned(), id.to_owned());
        Trouble { code, table, id, detail }
    };
    let sample = ("review_sample", id);
    let mut found = match redraw(tx, objects, id) {
        Ok(None) => Vec::new(),
        Ok(Some(detail)) => vec![trouble("review_sample_not_redrawn", sample, detail)],
        Err(error) => {
            let detail = format!("it cannot be drawn again: {}", error.chain());
            return vec![trouble("review_sample_not_redrawn", sample, detail)];
        }
    };
    match reread(tx, objects, id) {
        Ok(unlike) => found.extend(unlike.into_iter().map(|(id, detail)| {
            trouble("review_answer_not_reread", ("review_answer", &id), detail.to_owned())
        })),
        Err(error) => {
            let detail = format!("its answers cannot be read again: {}", error.chain());
            found.push(trouble("review_answer_not_reread", sample, detail));
        }
    }
    found
}

fn finding(trouble: Trouble) -> Finding {
    let Trouble { code, table, id, detail } = trouble;
    Finding { severity: Severity::Error, code, table, id, detail }
}
