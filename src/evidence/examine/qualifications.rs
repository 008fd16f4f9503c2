//! Qualification runs: each is canonical, passed exactly when no check failed, and was signed once at most, by QA, if it passed.

use super::changes::Signatures;
use super::{Examiner, is_canonical};
use crate::access::role::Action;
use crate::review::qualification::Qualification;
use crate::review::signature::Meaning;

/// The record table of qualification runs.
const QUALIFICATIONS: &str = "qualification";

impl Examiner<'_> {
    /// All qualification runs and their signatures.
    pub(super) fn qualifications(&mut self, signatures: &mut Signatures) {
        for (key, row) in self.rows(QUALIFICATIONS) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let of = (QUALIFICATIONS, key.as_str());
            let columns = ("document", "sha256");
            let Some(run) = self.document::<Qualification>((of.0, of.1, &row), columns) else {
                continue;
            };
            self.examined.qualifications += 1;
            if !is_canonical(&run, row.text("document")) {
                self.trouble("document_invalid", of, "the run is not canonical JSON");
            }
            if let Err(error) = run.validate() {
                self.trouble("qualification_not_valid", of, error.to_string());
            }
            self.same(of, "part", run.part.word(), row.text("part"));
            let (stated, stored) = (u64::from(run.passed), row.number("passed").unwrap_or(2));
            self.same(of, "whether it passed", &stated.to_string(), &stored.to_string());
            if signed.len() > 1 || (!signed.is_empty() && !run.passed) {
                let detail = format!(
                    "{} signatures are over it; a run that passed has one at most",
                    signed.len()
                );
                self.trouble("qualification_not_permitted", of, detail);
            }
            for (id, signature) in &signed {
                let of = ("record_signature", id.as_str());
                self.same(of, "digest signed", &signature.record.sha256, row.text("sha256"));
                let expected = Meaning::ApprovesQualification.words();
                self.same(of, "meaning of the signature", signature.meaning.words(), expected);
                if !Action::ApproveQualification.roles().contains(&signature.signer.role) {
                    let detail = format!("a {} may not sign a run", signature.signer.role.word());
                    self.trouble("qualification_not_permitted", of, detail);
                }
            }
        }
    }
}
