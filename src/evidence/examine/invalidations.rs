//! Invalid batches: each decision is canonical, says what its report says, is signed once over its bytes by somebody who may and who did not
//! send the batch.

use super::changes::Signatures;
use super::{Examiner, Row, is_canonical};
use crate::access::role::Action;
use crate::review::batch_invalidation::BatchInvalidation;
use crate::review::signature::Meaning;

/// The record table of invalidations.
pub(super) const INVALIDATIONS: &str = "batch_invalidation";

impl Examiner<'_> {
    /// All invalidations and their signatures.
    pub(super) fn invalidations(&mut self, signatures: &mut Signatures) {
        for (key, row) in self.rows(INVALIDATIONS) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let of = (INVALIDATIONS, key.as_str());
            if let Some(signer) = self.signature_over(of, &row, Meaning::InvalidatedBatch, &signed)
                && !Action::InvalidateBatch.roles().contains(&signer.role)
            {
                let detail = format!("a {} may not mark a batch as invalid", signer.role.word());
                self.trouble("step_not_permitted", of, detail);
            }
            self.not_by_sender(of, &row);
            self.invalidation(of, &row);
        }
        self.corrections();
    }

    /// Ledger entry in which a batch was marked as invalid.
    pub(super) fn invalid_at(&mut self, batch_id: &str) -> Option<u64> {
        let rows = self.kept(INVALIDATIONS);
        let marked = rows.iter().find(|(_, row)| row.text("batch_id") == batch_id);
        marked.and_then(|(_, row)| row.number("entry"))
    }

    /// A batch that corrects another one came after that was marked as invalid, and belongs to the same version.
    fn corrections(&mut self) {
        let invalid = self.rows(INVALIDATIONS);
        for (key, row) in self.rows("batch") {
            let of = ("batch", key.as_str());
            let Some(corrects) = row.optional("corrects") else { continue };
            let marked = invalid.iter().find(|(_, mark)| mark.text("batch_id") == corrects);
            let marked = marked.and_then(|(_, mark)| {
                let same = mark.text("version_id") == row.text("version_id");
                mark.number("entry").filter(|_| same)
            });
            if marked.is_none_or(|entry| row.number("entry").is_none_or(|came| came <= entry)) {
                let detail =
                    format!("it corrects batch `{corrects}`, which was not invalid when it came");
                self.trouble("invalidation_not_valid", of, detail);
            }
        }
    }

    /// Who sent a batch does not mark it as invalid.
    fn not_by_sender(&mut self, of: (&str, &str), row: &Row) {
        let Some(batch) = self.named((of.0, of.1, row), "batch_id", "batch") else { return };
        let came = batch.number("entry").unwrap_or(u64::MAX);
        let mut sent_by = None;
        (self.entries)(came..came.saturating_add(1), &mut |entry| {
            sent_by = Some(entry.actor.id.clone());
        });
        if sent_by.as_deref() == Some(row.text("account_id")) {
            let detail = "who sent the batch marked it as invalid";
            self.trouble("step_not_permitted", of, detail);
        }
    }

    fn invalidation(&mut self, of: (&str, &str), row: &Row) {
        let columns = ("document", "sha256");
        let Some(sheet) = self.document::<BatchInvalidation>((of.0, of.1, row), columns) else {
            return;
        };
        self.examined.invalidations += 1;
        if !is_canonical(&sheet, row.text("document")) {
            self.trouble("document_invalid", of, "the invalidation is not canonical JSON");
        }
        if let Err(error) = sheet.validate() {
            self.trouble("invalidation_not_valid", of, error.to_string());
        }
        self.same(of, "version", &sheet.version_id, row.text("version_id"));
        self.same(of, "batch", &sheet.batch.id, row.text("batch_id"));
        self.same(of, "reason", &sheet.reason, row.text("reason"));
        if let Some(batch) = self.named((of.0, of.1, row), "batch_id", "batch") {
            self.same(of, "name of the batch", &sheet.batch.name, batch.text("name"));
            self.same(of, "digest of the batch", &sheet.batch.sha256, batch.text("sha256"));
            self.same(of, "version of the batch", batch.text("version_id"), &sheet.version_id);
        }
        let Some(report) = self.records.row("report", &sheet.report.id) else {
            let detail = format!("it cites report `{}`, which is not there", sheet.report.id);
            return self.trouble("record_dangling", of, detail);
        };
        self.same(of, "digest of the report", &sheet.report.sha256, report.text("sha256"));
        self.same(of, "batch of the report", report.text("batch_id"), &sheet.batch.id);
        self.same(of, "verdict", sheet.verdict.word(), report.text("verdict"));
        self.same(of, "state", sheet.state.word(), report.text("state"));
    }
}
