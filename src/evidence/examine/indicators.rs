//! Recorded indicators: each sheet is canonical, about a period that was over, with figures that agree with their counts; its row says the
//! same, and it was recorded by somebody who may. They are not computed again: what they were computed from may have grown since.

use super::{Examiner, is_canonical};
use crate::review::indicators::IndicatorSheet;

/// The record table of recorded indicators.
const SHEETS: &str = "indicator_sheet";

impl Examiner<'_> {
    /// All recorded indicators.
    pub(super) fn indicator_sheets(&mut self) {
        for (key, row) in self.rows(SHEETS) {
            let of = (SHEETS, key.as_str());
            let columns = ("document", "sha256");
            let Some(sheet) = self.document::<IndicatorSheet>((of.0, of.1, &row), columns) else {
                continue;
            };
            self.examined.indicator_sheets += 1;
            if !is_canonical(&sheet, row.text("document")) {
                self.trouble("document_invalid", of, "the sheet is not canonical JSON");
            }
            if let Err(error) = sheet.validate(row.text("at")) {
                self.trouble("indicators_not_valid", of, error.to_string());
            }
            self.same(of, "beginning of the period", &sheet.period.from, row.text("period_from"));
            self.same(of, "end of the period", &sheet.period.to, row.text("period_to"));
            let (warnings, not_evaluated) = sheet.counts();
            for (what, found, column) in [
                ("number of warnings", warnings, "warnings"),
                ("number not evaluated", not_evaluated, "not_evaluated"),
            ] {
                let stored = row.number(column).unwrap_or_default();
                self.same(of, what, &found.to_string(), &stored.to_string());
            }
        }
    }
}
