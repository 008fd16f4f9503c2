//! Studies: each is computed again from the counts it holds and the reference of its version.

use super::agreement::{Build, disagreement};
use super::{Examiner, is_canonical};
use crate::drift::study::{RECOMPUTED_STEPS_MAX, Study};

impl Examiner<'_> {
    /// Studies are of a reference of their version, and say what their counts say.
    pub(super) fn studies(&mut self) {
        for (key, row) in self.rows("study") {
            let of = ("study", key.as_str());
            let Some(study) = self.document::<Study>((of.0, of.1, &row), ("document", "sha256"))
            else {
                continue;
            };
            if !is_canonical(&study, row.text("document")) {
                self.trouble("document_invalid", of, "the study is not canonical JSON");
            }
            let judge = self.frozen.values().find(|judge| {
                judge.version == row.text("version_id")
                    && judge.reference.1 == study.about.reference_sha256
            });
            let Some(judge) = judge.cloned() else {
                let detail = "it is of a reference that its version does not have";
                self.trouble("record_disagrees", of, detail);
                continue;
            };
            let unlike = if study.settings.steps(study.series.len()) > RECOMPUTED_STEPS_MAX {
                Some("it takes more steps to compute again than are taken".to_owned())
            } else {
                let by = Build::of(Some(&study.about.engine));
                self.examined.other_build += u64::from(by == Build::Other);
                match study.recompute(&judge.reference.0) {
                    Ok(again) => disagreement(row.text("document"), &again, by).map(|place| {
                        format!("computed again from its counts it differs in {place}")
                    }),
                    Err(error) => Some(error.to_string()),
                }
            };
            match unlike {
                Some(detail) => self.trouble("study_not_reproduced", of, detail),
                None => self.examined.studies += 1,
            }
        }
    }
}
