//! What a monitor promises, in words for people who sign: the promise, what it rests on, and what no alarm means.
//!
//! Written once here, and printed wherever a judgement is shown: on the pages of a version and of a report, and on the document
//! of a report in an evidence pack. Source: `docs/STATISTICS.md`, sections 5 and 10.

use super::sentence::percent;
use crate::statistics::tolerance::joint_coverage;

/// The promise of a monitor that alarms at N = `batches_per_false_alarm`.
///
/// ```
/// assert!(driftledger::drift::promise::promise(52.0).contains("at most one false alarm per 52 batches"));
/// ```
pub fn promise(batches_per_false_alarm: f64) -> String {
    format!(
        "As long as every monitored column stays within its agreed tolerance of the frozen reference, this monitor raises on \
         average at most one false alarm per {batches_per_false_alarm} batches, whatever the number of columns, however they \
         are related, and whatever the size of the batches. This is a proved upper limit, not an estimate."
    )
}

/// What the promise of a monitor of `series` series rests on, to be printed beside it.
pub fn conditions(series: usize) -> Vec<String> {
    let together = percent(joint_coverage(series));
    vec![
        "Every row is counted once: a row whose id came before is left out; without an id column only the same file is \
         recognised."
            .to_owned(),
        "Rows are independent given what came before; rows of one batch that belong together (one patient, one plate) are \
         declared as clusters (cluster_by)."
            .to_owned(),
        format!(
            "The reference is qualified: each tolerance covers the reference's own sampling error with 99.8 % confidence. For \
             all {series} series together that is at least {together} (sum of the risks); a series whose reference is further \
             off than that can alarm although nothing moved."
        ),
        "The tolerances cover the natural variation between batches; that is a judgement of people, stated in the policy's \
         rationale."
            .to_owned(),
        "A false alarm is an alarm while no batch has been outside tolerance. An alarm caused by a real excursion beyond \
         tolerance is a true alarm even if the excursion is harmless."
            .to_owned(),
    ]
}

/// What may be said of a batch without an alarm.
pub const NO_ALARM: &str = "No alarm means that the evidence collected so far does not show a change beyond tolerance. Column by \
    column the record says whether stability was shown (95 % upper limit within tolerance) or not shown either way, and how many \
    rows would settle it.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promise_states_its_limit_and_every_condition() {
        assert!(promise(365.0).contains("one false alarm per 365 batches"));
        let said = conditions(82).join(" ");
        for condition in
            ["counted once", "clusters", "99.8 %", "82 series", "natural variation", "true alarm"]
        {
            assert!(said.contains(condition), "{condition}: {said}");
        }
        assert!(
            NO_ALARM.contains("does not show a change")
                && NO_ALARM.contains("not shown either way")
        );
    }
}
