//! What the sheet of a step states about its version is what the records say: names, risk, overlaps, reviews, plan and test run.

use super::{Examiner, Row};
use crate::digest;
use crate::provenance::model_record::ModelRecord;
use crate::provenance::registration::Registration;
use crate::review::life_cycle::{Guard, Rule, Taken, stay};
use crate::review::step_sheet::StepSheet;

impl Examiner<'_> {
    /// Names, risk and overlaps are those of the registration and of the model record in force.
    pub(super) fn sheet_states(
        &mut self,
        of: (&str, &str),
        sheet: &StepSheet,
        record: Option<&Row>,
    ) {
        let record: Option<ModelRecord> =
            record.and_then(|row| serde_json::from_str(row.text("document")).ok());
        if sheet.tier != record.and_then(|record| record.tier()) {
            let detail = "it states another tier of risk than follows from the model record";
            self.trouble("record_disagrees", of, detail);
        }
        let Some(row) = self.records.row("model_version", &sheet.version_id) else { return };
        self.same(of, "model", &sheet.model, row.text("model"));
        self.same(of, "version", &sheet.version, row.text("version"));
        let Ok(registration) = serde_json::from_str::<Registration>(row.text("registration"))
        else {
            return;
        };
        let stated = (sheet.overlaps.len(), &sheet.overlap_justification);
        if stated != (registration.overlaps.len(), &registration.overlap_justification) {
            let detail =
                "it states other overlaps, or another reason for them, than the registration";
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// The reviews it rests on are those since the state last changed.
    pub(super) fn reviews_stated(
        &mut self,
        of: (&str, &str),
        (rule, sheet): (&Rule, &StepSheet),
        taken: &[Taken],
    ) {
        let reviews = if rule.needs(Guard::Reviewed) { stay(taken) } else { &[] };
        let recorded = reviews.iter().map(|one| (&one.id, &one.user_name, one.role, one.entry));
        let stated = sheet.reviewed_by.iter();
        if !stated.map(|one| (&one.step, &one.user_name, one.role, one.entry)).eq(recorded) {
            let detail = "the reviews it names are not those since the state last changed";
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// What the sheet says about plan and test run is recorded so.
    pub(super) fn cited_acceptance(&mut self, of: (&str, &str), sheet: &StepSheet, version: &str) {
        let plan = sheet.acceptance.plan.iter().map(|cited| ("acceptance_plan", cited));
        let run = sheet.acceptance.test_run.iter().map(|found| ("test_run", &found.run));
        for (table, cited) in plan.chain(run) {
            let Some(row) = self.records.row(table, &cited.id) else {
                let detail = format!("it cites {table} `{}`, which is not there", cited.id);
                self.trouble("record_dangling", of, detail);
                continue;
            };
            let found = digest::sha256_hex(row.text("document").as_bytes());
            self.same(of, &format!("digest of cited {table}"), &cited.sha256, &found);
            self.same(of, &format!("version of cited {table}"), version, row.text("version_id"));
            let (stated, recorded) =
                (cited.entry.to_string(), row.number("entry").unwrap_or_default().to_string());
            self.same(of, &format!("ledger entry of cited {table}"), &stated, &recorded);
            if let Some(run) = sheet.acceptance.test_run.as_ref().filter(|_| table == "test_run") {
                let meets = row.number("meets") == Some(1);
                self.same(
                    of,
                    "outcome of the test run",
                    &run.meets_plan.to_string(),
                    &meets.to_string(),
                );
            }
        }
    }
}
