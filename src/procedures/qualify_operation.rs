//! Procedure: operational qualification (OQ). Does the installed program do what it should, and refuse what it should?
//!
//! 1. compute every known answer
//! 2. in a scratch store: go through the whole demonstration, and examine what it left
//! 3. challenge it: people, steps and bytes that must be refused are refused, and nothing is written
//! 4. alter what is stored and what was exported: it is named
//! 5. back up, restore, put back: nothing is lost unnoticed
//!
//! Nothing outside of the scratch folder is touched. A check that cannot be carried out has failed.

mod evidence;
mod recovery;
mod refusals;

use super::administer::NewAccount;
use super::checklist::{Asked, Checklist};
use super::demonstrate::{DEMO_MODEL, DEMO_VERSION, Demonstration, MONTHS, demonstrate};
use super::ingest_batch::{Delivery, IngestBatch};
use super::prove_arithmetic::prove_arithmetic;
use crate::access::account::{Acting, Way};
use crate::access::role::Role;
use crate::dataset::reader::Format;
use crate::error::{Error, Result};
use crate::review::qualification::QualificationCheck;
use crate::statistics::selftest::VectorFile;
use crate::store::Store;
use std::path::Path;

/// Qualifies the operation of this program; `vectors` are the known answers of its statistics. `progress` is told each question.
///
/// # Errors
///
/// [`Error::File`] when there is no place for the scratch store. What fails in a check is in the list.
pub fn qualify_operation(
    vectors: VectorFile,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<QualificationCheck>> {
    let made = tempfile::tempdir();
    let scratch = made.map_err(Error::file("making", Path::new("a temporary folder")))?;
    let mut list = Checklist::new("OQ");
    progress("known answers");
    list.ask(
        Asked {
            requirements: &["MON-valid"],
            question: "Does every statistic give the known answer of an independent tool?",
            risk: "Drift is missed or invented.",
            expected: "all known answers within their tolerance",
        },
        || match prove_arithmetic(vectors) {
            Ok(known) => Ok((true, format!("{known} known answers, 0 failed"))),
            Err(error) => Ok((false, error.to_string())),
        },
    );
    progress("the whole story in a scratch store");
    let folder = scratch.path().join("data");
    let story = demonstrate(&folder, |_, _| ());
    let told = story.as_ref().map_err(Error::chain);
    list.ask(
        Asked {
            requirements: &["A22d-10.4", "CAPA-1"],
            question: "Does the story from registration to a signed decision go through?",
            risk: "The product cannot be used as intended.",
            expected: "21 months judged, at least one alert, one signed decision",
        },
        || match &told {
            Err(error) => Ok((false, error.clone())),
            Ok(story) => {
                let episodes = story.store.read(|tx| tx.episodes(None, 500))?;
                let (months, alerts) = (story.reports.len(), episodes.len());
                let found = format!("{months} months judged, {alerts} alerts");
                Ok((months == MONTHS.len() && alerts > 0, found))
            }
        },
    );
    let Ok(story) = story else { return Ok(list.checks) };
    progress("what must be refused");
    refusals::refusals(&mut list, &story);
    progress("what was altered");
    evidence::evidence(&mut list, &story);
    progress("backup and restore");
    recovery::recovery(&mut list, story, scratch.path());
    Ok(list.checks)
}

/// The demonstration's account of that role, signed in.
fn acting(story: &Demonstration, role: Role) -> Result<Acting> {
    let of = |new: &&NewAccount| new.account.role == role;
    let missing = || Error::NotFound { what: "account of role", id: role.word().to_owned() };
    let found = story.accounts.iter().find(of).ok_or_else(missing)?;
    Ok(Acting { account: found.account.clone(), way: Way::Session })
}

/// Entries in the ledger.
fn size(store: &Store) -> Result<u64> {
    Ok(store.read(|tx| tx.head())?.size)
}

/// A table without its last row.
fn without_last_row(table: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(table);
    let lines: Vec<&str> = text.lines().collect();
    (lines[..lines.len().saturating_sub(1)].join("\n") + "\n").into_bytes()
}

/// A batch of the demonstration's version.
fn batch(store: &Store, name: &str, bytes: &[u8]) -> Result<IngestBatch> {
    let delivery = Delivery::of_bytes(store.objects().spool_file()?, bytes, Some(Format::Csv))?;
    Ok(IngestBatch {
        model: DEMO_MODEL.to_owned(),
        version: DEMO_VERSION.to_owned(),
        name: name.to_owned(),
        period: None,
        configuration: None,
        corrects: None,
        delivery,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::qualification::CheckOutcome;
    use crate::statistics::selftest::embedded;

    #[test]
    fn this_build_passes_and_one_that_computes_otherwise_does_not() {
        let checks = qualify_operation(embedded(), &mut |_| ()).unwrap();
        let failed: Vec<_> =
            checks.iter().filter(|check| check.outcome != CheckOutcome::Passed).collect();
        assert!(failed.is_empty() && checks.len() >= 14, "{failed:#?}");
        assert_eq!(checks[0].id, "OQ-01");
    }

    #[test]
    fn a_build_whose_arithmetic_is_broken_fails() {
        let mut broken = embedded();
        let vector = broken.vectors.iter_mut().find(|vector| vector["id"] == "psi_six").unwrap();
        // What a build with a wrong logarithm would find is not what is known.
        vector["expected"] = serde_json::json!({"value": 0.0345});
        let mut list = Checklist::new("OQ");
        let asked = Asked { requirements: &[], question: "", risk: "", expected: "" };
        list.ask(asked, || match prove_arithmetic(broken) {
            Ok(known) => Ok((true, known.to_string())),
            Err(error) => Ok((false, error.to_string())),
        });
        assert_eq!(list.checks[0].outcome, CheckOutcome::Failed);
    }
}
