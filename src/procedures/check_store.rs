//! Procedure: check everything in a data folder.
//!
//! 1. hash everything that is stored again and hold it against the ledger
//! 2. what went by a disposal or a redaction that two people signed is told, and no finding; what needs such a file is told as not computed again
//! 3. count every test run again from its file, draw every review sample again and learn every proposed reference again from its files; count the rows that every upgrade found again; compute every report again, freeze every monitor again, compare decisions with their signatures
//!
//! It writes nothing and needs no account: whoever holds the folder may check it.

use super::export_evidence::StoredRecords;
use super::recount_tests::recount;
use super::redraw_samples::{redraw, reread};
use super::relearn_references::relearn;
use super::upgrade_store::recount_upgrades;
use crate::error::{Error, Result};
use crate::evidence::disposed::{DisposedFiles, disposed};
use crate::evidence::examine::{Examined, Trouble, examine};
use crate::evidence::records::Records as _;
use crate::evidence::redacted::{RedactedRecords, redacted};
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
    /// Files that are not there because two people signed their disposal.
    pub disposed: Vec<DisposedFiles>,
    /// Values that are not in their records because two people signed their redaction.
    pub redacted: Vec<RedactedRecords>,
    /// What could not be computed again because a file it needs was disposed of.
    pub not_computed_again: Vec<NotComputed>,
    /// Records held against each other.
    #[serde(flatten)]
    pub examined: Examined,
}

/// Something that could not be computed again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotComputed {
    /// Its record table.
    pub table: String,
    /// Its id.
    pub id: String,
    /// Which file is not there, and by which disposal it went.
    pub because: String,
}

/// What came of computing something again: what is wrong, or why it could not be done.
enum Again {
    Found(Vec<Trouble>),
    Disposed(NotComputed),
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
        let again = ComputedAgain::of(tx, &store::check::objects(folder), &records);
        troubles.extend(again.troubles.iter().cloned());
        if !records.keys("store_upgrade").is_empty() {
            troubles.extend(recounted_upgrades(tx));
        }
        let told = (disposed(&mut records), redacted(&mut records));
        Ok::<_, Error>((examined, troubles, again, told))
    });
    let (mut again, mut gone) = (ComputedAgain::default(), (Vec::new(), Vec::new()));
    let examined = match examined {
        Ok((examined, troubles, computed, told)) => {
            findings.extend(troubles.into_iter().map(finding));
            (again, gone) = (computed, told);
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
    Ok(CheckedStore {
        findings,
        entries,
        rows,
        objects,
        recounted: again.recounted,
        redrawn: again.redrawn,
        disposed: gone.0,
        redacted: gone.1,
        not_computed_again: again.not_computed,
        examined,
    })
}

/// What came of computing again what needs stored files.
#[derive(Default)]
struct ComputedAgain {
    troubles: Vec<Trouble>,
    recounted: u64,
    redrawn: u64,
    not_computed: Vec<NotComputed>,
}

impl ComputedAgain {
    fn of(tx: &ReadTx<'_>, objects: &Objects, records: &StoredRecords<'_, '_>) -> Self {
        let mut all = Self::default();
        for id in records.keys("test_run") {
            all.recounted += u64::from(all.take(recounted(tx, objects, &id)));
        }
        for id in records.keys("review_sample") {
            all.redrawn += u64::from(all.take(redrawn(tx, objects, &id)));
        }
        for id in records.keys("reference_proposal") {
            all.take(relearned(tx, objects, &id));
        }
        all
    }

    /// Takes what came of one; gives whether it could be done.
    fn take(&mut self, again: Again) -> bool {
        match again {
            Again::Found(found) => {
                self.troubles.extend(found);
                true
            }
            Again::Disposed(one) => {
                self.not_computed.push(one);
                false
            }
        }
    }
}

/// The file that is missing for the record, if it went by a signed disposal.
fn disposed_of(tx: &ReadTx<'_>, (table, id): (&str, &str), error: &Error) -> Option<Again> {
    let Error::Store(store::Error::ObjectMissing { blake3 }) = error else { return None };
    let gone = tx.refuse_gone(blake3).err()?;
    let (table, id, because) = (table.to_owned(), id.to_owned(), gone.to_string());
    matches!(gone, store::Error::ObjectDisposed { .. }).then_some(Again::Disposed(NotComputed {
        table,
        id,
        because,
    }))
}

/// What is wrong with a test run, once it was counted again.
fn recounted(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Again {
    let of = ("test_run", id);
    match recount(tx, objects, id) {
        Ok(None) => Again::Found(Vec::new()),
        Ok(Some(detail)) => found(of, "test_run_not_recounted", detail),
        Err(error) => disposed_of(tx, of, &error).unwrap_or_else(|| {
            let detail = format!("it cannot be counted again: {}", error.chain());
            found(of, "test_run_not_recounted", detail)
        }),
    }
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
fn relearned(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Again {
    let of = ("reference_proposal", id);
    match relearn(tx, objects, id) {
        Ok(None) => Again::Found(Vec::new()),
        Ok(Some(detail)) => found(of, "reference_not_relearnt", detail),
        Err(error) => disposed_of(tx, of, &error).unwrap_or_else(|| {
            let detail = format!("its reference cannot be learnt again: {}", error.chain());
            found(of, "reference_not_relearnt", detail)
        }),
    }
}

/// What is wrong with a review sample and its answers, once it was drawn again.
fn redrawn(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Again {
    let of = ("review_sample", id);
    let mut troubles = match redraw(tx, objects, id) {
        Ok(None) => Vec::new(),
        Ok(Some(detail)) => vec![trouble(of, "review_sample_not_redrawn", detail)],
        Err(error) => {
            return disposed_of(tx, of, &error).unwrap_or_else(|| {
                let detail = format!("it cannot be drawn again: {}", error.chain());
                found(of, "review_sample_not_redrawn", detail)
            });
        }
    };
    match reread(tx, objects, id) {
        Ok(unlike) => troubles.extend(unlike.into_iter().map(|(id, detail)| {
            trouble(("review_answer", &id), "review_answer_not_reread", detail.to_owned())
        })),
        Err(error) => {
            let detail = format!("its answers cannot be read again: {}", error.chain());
            troubles.push(trouble(of, "review_answer_not_reread", detail));
        }
    }
    Again::Found(troubles)
}

fn trouble((table, id): (&str, &str), code: &'static str, detail: String) -> Trouble {
    let (table, id) = (table.to_owned(), id.to_owned());
    Trouble { code, table, id, detail }
}

fn found(of: (&str, &str), code: &'static str, detail: String) -> Again {
    Again::Found(vec![trouble(of, code, detail)])
}

fn finding(trouble: Trouble) -> Finding {
    let Trouble { code, table, id, detail } = trouble;
    Finding { severity: Severity::Error, code, table, id, detail }
}
