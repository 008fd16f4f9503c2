//! Copies to read: which document of which record stands where in a pack, and how it is rendered.

use super::invalid_batches::InvalidBatches;
use super::manifest::encode;
use super::records::{Records, Row};
use super::shape::{unfit_reference, unfit_report};
use super::{printable, printable_study};
use crate::drift::reference::Reference;
use crate::drift::report::DriftReport;
use crate::drift::study::Study;
use crate::review::decision::Decision;
use crate::review::signature::Signature;
use crate::review::study_signature::StudySignature;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// Folders of copies: record table, folder, column of the document.
pub const COPIES: [(&str, &str, &str); 34] = [
    ("model_version", "registrations/", "registration"),
    ("reference", "references/", "document"),
    ("policy", "policies/", "document"),
    ("monitor", "monitors/", "document"),
    ("reference_proposal", "reference-proposals/", "document"),
    ("study", "studies/", "document"),
    ("study_signature", "study-signatures/", "document"),
    ("model_record", "model-records/", "document"),
    ("version_step", "version-steps/", "document"),
    ("change_record", "change-records/", "document"),
    ("record_signature", "record-signatures/", "document"),
    ("acceptance_plan", "acceptance-plans/", "document"),
    ("test_run", "test-runs/", "document"),
    ("test_run_invalidation", "test-run-invalidations/", "document"),
    ("report", "reports/", "document"),
    ("batch_invalidation", "invalidations/", "document"),
    ("performance", "performance/", "document"),
    ("cohort", "cohorts/", "document"),
    ("decision", "decisions/", "document"),
    ("signature", "signatures/", "document"),
    ("qualification", "qualifications/", "document"),
    ("episode_step", "alert-steps/", "document"),
    ("periodic_review", "periodic-reviews/", "document"),
    ("incident", "incidents/", "document"),
    ("drill", "drills/", "document"),
    ("indicator_sheet", "indicators/", "document"),
    ("review_sample", "review-samples/", "document"),
    ("review_answer", "review-answers/", "document"),
    ("review_result", "review-results/", "document"),
    ("accountability_acceptance", "acceptances/", "document"),
    ("hold_lift", "hold-lifts/", "document"),
    ("disposal", "disposals/", "document"),
    ("redaction", "redactions/", "document"),
    ("store_upgrade", "upgrades/", "document"),
];

/// Tables whose rows have an HTML page as well.
pub const PAGES: [&str; 3] = ["report", "decision", "study"];

/// Name of the copy of the document of a record; `None` for tables without one.
pub fn document_file(table: &str, key: &str) -> Option<String> {
    let (_, folder, _) = COPIES.iter().find(|copy| copy.0 == table)?;
    Some(format!("{folder}{}.json", encode(key)))
}

/// Name and content of the copy of the document in `row`; `None` for tables without one.
pub fn document<'row>(table: &str, key: &str, row: &'row Row) -> Option<(String, &'row str)> {
    let (_, _, column) = COPIES.iter().find(|copy| copy.0 == table)?;
    Some((document_file(table, key)?, row.text(column)))
}

/// Name of the page of a record; `None` for tables without pages.
pub fn page_file(table: &str, key: &str) -> Option<String> {
    let (_, folder, _) = COPIES.iter().find(|copy| copy.0 == table && PAGES.contains(&table))?;
    Some(format!("{folder}{}.html", encode(key)))
}

/// Renders pages; keeps what many of them need.
#[derive(Debug, Default)]
pub struct Pages {
    references: HashMap<String, Option<Reference>>,
    invalid: Option<InvalidBatches>,
    signatures: Option<HashMap<String, Signature>>,
    study_signatures: Option<HashMap<String, StudySignature>>,
}

impl Pages {
    /// The page of one record; `None` when the records it is rendered from are not there or not valid.
    pub fn render(&mut self, records: &mut dyn Records, table: &str, key: &str) -> Option<String> {
        let row = records.row(table, key)?;
        match table {
            "report" => {
                let invalid = self.invalid.get_or_insert_with(|| InvalidBatches::read(records));
                let invalid = invalid.of(row.text("batch_id")).to_owned();
                let (report, reference) = self.judged(records, &row)?;
                printable::report(&report, reference, &invalid).ok()
            }
            "decision" => {
                let decision: Decision = serde_json::from_str(row.text("document")).ok()?;
                let signatures = self
                    .signatures
                    .get_or_insert_with(|| signatures(records, "signature", "decision_id"));
                printable::decision(&decision, signatures.get(key)).ok()
            }
            "study" => {
                let study: Study = serde_json::from_str(row.text("document")).ok()?;
                let version = records.row("model_version", row.text("version_id"))?;
                let names = (version.text("model"), version.text("version"));
                let signatures = self
                    .study_signatures
                    .get_or_insert_with(|| signatures(records, "study_signature", "study_id"));
                printable_study::study(&study, names, signatures.get(key)).ok()
            }
            _ => None,
        }
    }

    /// A report with the reference it was judged against; `None` when they are not there or do not fit together.
    pub(super) fn judged(
        &mut self,
        records: &mut dyn Records,
        row: &Row,
    ) -> Option<(DriftReport, &Reference)> {
        let report: DriftReport = serde_json::from_str(row.text("document")).ok()?;
        let reference = self.reference(records, row.text("monitor_id"))?;
        unfit_report(&report, reference).is_none().then_some((report, reference))
    }

    /// The reference behind a monitor.
    fn reference(&mut self, records: &mut dyn Records, monitor: &str) -> Option<&Reference> {
        if !self.references.contains_key(monitor) {
            let found = records
                .row("monitor", monitor)
                .and_then(|row| records.row("reference", row.text("reference_id")))
                .and_then(|row| serde_json::from_str(row.text("document")).ok())
                .filter(|reference| unfit_reference(reference).is_none());
            self.references.insert(monitor.to_owned(), found);
        }
        self.references.get(monitor)?.as_ref()
    }
}

/// The signatures of `table` by the record they sign, which stands in column `of`.
fn signatures<T: DeserializeOwned>(
    records: &mut dyn Records,
    table: &str,
    of: &str,
) -> HashMap<String, T> {
    let mut found = HashMap::new();
    for key in records.keys(table) {
        let Some(row) = records.row(table, &key) else { continue };
        if let Ok(signature) = serde_json::from_str(row.text("document")) {
            found.insert(row.text(of).to_owned(), signature);
        }
    }
    found
}
