//! The one table of indicators: what each is called, how it is computed, and when it warns.

use super::facts::Facts;
use super::{Basis, Counted, Indicator, Outcome, Theme};
use super::{alerts, data, evidence, limits, people, system, versions};

/// One line of the table.
#[derive(Clone, Copy)]
pub struct Definition {
    /// Stable code.
    pub code: &'static str,
    /// What it is about.
    pub theme: Theme,
    /// What it is called.
    pub name: &'static str,
    /// How it is computed, in words.
    pub formula: &'static str,
    /// Number of the formula.
    pub version: u64,
    /// As of when.
    pub basis: Basis,
    /// When it warns, in words.
    pub warns_when: &'static str,
    /// What it means that a row counts.
    pub counted: Counted,
    compute: fn(&Facts) -> Outcome,
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Definition").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Definition {
    /// The indicator, computed from `facts`.
    pub fn of(&self, facts: &Facts) -> Indicator {
        Indicator {
            code: self.code.to_owned(),
            theme: self.theme,
            name: self.name.to_owned(),
            formula: self.formula.to_owned(),
            formula_version: self.version,
            basis: self.basis,
            warns_when: self.warns_when.to_owned(),
            counted: self.counted,
            outcome: (self.compute)(facts).in_order(self.counted),
        }
    }
}

type Way = (Basis, Counted, fn(&Facts) -> Outcome);

const fn define(
    (theme, code, name): (Theme, &'static str, &'static str),
    formula: &'static str,
    warns_when: &'static str,
    (basis, counted, compute): Way,
) -> Definition {
    Definition { code, theme, name, formula, version: 1, basis, warns_when, counted, compute }
}

use Basis::{Computed, End, Period};
use Counted::{AsItShouldBe, NeedsALook};
use Theme::{Alerts, Changes, Evidence, Monitoring, Oversight, Recovery, System, Versions};

/// The table.
pub const INDICATORS: [Definition; 36] = [
    define(
        (Evidence, "evidence_readiness", "Evidence readiness"),
        "requirements met / requirements of the tier, over the versions in use, each with the weight 1; signatures and digests by themselves are the indicator of signatures",
        "a version of the high tier lacks one",
        (Computed, AsItShouldBe, evidence::readiness),
    ),
    define(
        (Evidence, "requirement_coverage", "Requirement coverage"),
        "requirements of which every check of the newest operational qualification (OQ) passed / requirements that its checks name; requirements that need no installed system are shown by the tests of the release",
        "below 100 %",
        (End, AsItShouldBe, evidence::coverage),
    ),
    define(
        (Evidence, "time_to_evidence", "Time to evidence"),
        "median and 95 % quantile of (pack complete - pack requested), over the packs taken in the period",
        "95 % quantile above 30 min",
        (Period, NeedsALook, evidence::time_to_evidence),
    ),
    define(
        (Evidence, "signature_integrity", "Signature integrity"),
        "signatures that name the digest which the signed record has / signatures of the period; `driftledger check` and `verify` prove the rest",
        "any does not agree",
        (Period, AsItShouldBe, evidence::signatures),
    ),
    define(
        (Evidence, "anchors", "Anchors outside"),
        "time stamps kept / time stamps kept, failed or late in the period; hours since the newest one at its end",
        "any failed or was late, or the newest is older than 24 h",
        (Period, AsItShouldBe, evidence::anchors),
    ),
    define(
        (Recovery, "time_to_restore", "Time to restore"),
        "verify passed - restore started, at the last practised restore; the same / the target of 4 h",
        "ratio above 1, or the last test older than 365 days",
        (End, NeedsALook, evidence::time_to_restore),
    ),
    define(
        (Recovery, "restore_data_loss", "Data loss in the restore test"),
        "newest ledger entry - newest entry of the restored backup, at the last practised restore, in minutes",
        "more than the time between scheduled backups",
        (End, NeedsALook, evidence::data_loss),
    ),
    define(
        (Changes, "change_assessment_latency", "Change assessment latency"),
        "median and 90 % quantile of (QA's signature - first revision of the change record) without Saturdays and Sundays (UTC), over the change records signed in the period; share over 5 working days",
        "90 % quantile above 5 working days",
        (Period, NeedsALook, versions::change_latency),
    ),
    define(
        (Changes, "unassessed_changes", "Unassessed changes"),
        "change records without QA's signature / change records of versions that are draft or submitted",
        "one waits longer than 5 working days",
        (End, NeedsALook, versions::unassessed_changes),
    ),
    define(
        (Alerts, "alert_acknowledge_time", "Alert acknowledge time"),
        "median and 95 % quantile of (acknowledged - opened), over the alerts acknowledged in the period, all and by severity",
        "one is later than the next working day",
        (Period, NeedsALook, alerts::acknowledge_time),
    ),
    define(
        (Alerts, "alert_decision_time", "Alert decision time"),
        "median and 95 % quantile of (first decision signed - opened), over the alerts first decided in the period, all and by severity",
        "one is later than 5 working days",
        (Period, NeedsALook, alerts::decision_time),
    ),
    define(
        (Alerts, "overdue_records", "Overdue records"),
        "overdue / open: alerts acknowledged by nobody (due the next working day), planned actions not done, the next review of each kind, the next continuity drill; investigations and incidents have no due day and are not in it",
        "more than 5 %",
        (End, NeedsALook, alerts::overdue),
    ),
    define(
        (Alerts, "action_on_time", "Actions on time"),
        "actions done by their first due day / actions whose first due day lies in the period; a moved due day counts as late and is shown apart",
        "below 90 %",
        (Period, AsItShouldBe, alerts::action_on_time),
    ),
    define(
        (Alerts, "action_effectiveness", "Action effectiveness"),
        "effective / (effective + ineffective + inconclusive), over the effectiveness checks recorded in the period",
        "below 80 %",
        (Period, AsItShouldBe, alerts::action_effectiveness),
    ),
    define(
        (Alerts, "recurrence", "Recurrence"),
        "closures followed within 90 days by an alert of the same model and kind on a common feature, of the same cause where both name one / closures of the period",
        "higher than in the period of the same length before",
        (Period, NeedsALook, alerts::recurrence),
    ),
    define(
        (Monitoring, "monitoring_coverage", "Monitoring coverage"),
        "versions whose policy names a cadence and of which no batch was missing in the period / versions in use at its end",
        "below 100 %",
        (Period, AsItShouldBe, data::monitoring_coverage),
    ),
    define(
        (Monitoring, "label_coverage", "Label coverage"),
        "predictions with a label in the newest evaluation / predictions, over the batches received in the period that were evaluated",
        "below 90 %",
        (Computed, AsItShouldBe, data::label_coverage),
    ),
    define(
        (Monitoring, "label_lag", "Label lag"),
        "median of (label known - prediction made)",
        "above the plan",
        (Period, NeedsALook, data::label_lag),
    ),
    define(
        (Monitoring, "out_of_space", "Inputs outside the declared space"),
        "input values of a level unknown to the reference / input values, over the batches judged in the period, all and by model; files refused because a value is outside its declared range or not as declared / files",
        "above the plan",
        (Period, NeedsALook, data::out_of_space),
    ),
    define(
        (Monitoring, "undecided_rate", "Undecided rate"),
        "scores in an undecided zone / scores, over the batches judged in the period, all and by model",
        "a batch is beyond the tolerance of its reference",
        (Period, NeedsALook, data::undecided),
    ),
    define(
        (Oversight, "override_rate", "Override rate"),
        "judged cases on which the reviewer disagrees / judged cases whose reviewer saw the model's answer, all and by reviewer; first answers",
        "0 % over 200 reviews or more",
        (Period, NeedsALook, people::overrides),
    ),
    define(
        (Oversight, "review_dwell", "Dwell time of reviews"),
        "median seconds from showing a case to the first answer, all and by reviewer",
        "below 5 s, over all or for a reviewer",
        (Period, NeedsALook, people::dwell),
    ),
    define(
        (Oversight, "blind_agreement", "Agreement of blind reviews"),
        "judged cases on which reviewer and model agree / judged cases reviewed without the model's answer; first answers",
        "99 % or more, or lower than in the period of the same length before",
        (Period, AsItShouldBe, people::blind_agreement),
    ),
    define(
        (Oversight, "audit_trail_coverage", "Audit-trail review coverage"),
        "critical entries (decisions, administration) covered by a review signed by their due time / critical entries whose due time lies in the period; due 30 days after a decision, 91 after an act of administration",
        "below 100 %",
        (Period, AsItShouldBe, people::trail_coverage),
    ),
    define(
        (Versions, "independence", "Independence of test data"),
        "versions of which no training row is in another dataset / versions approved in the period; no exception from the separation of duties can be recorded, so that none is in it",
        "below 100 %",
        (Period, AsItShouldBe, versions::independence),
    ),
    define(
        (Versions, "test_set_use", "Test-set use"),
        "test sets used more than once until the end of the period / test sets used in it; a test set is known by the digest of its row ids and labels, and test runs that are invalid do not count",
        "any was used more than once",
        (Period, NeedsALook, versions::test_set_use),
    ),
    define(
        (Versions, "limits_without_rationale", "Limits without rationale"),
        "policies in force without a rationale / policies in force of versions in use",
        "any",
        (Computed, NeedsALook, limits::without_rationale),
    ),
    define(
        (Versions, "limits_never_crossed", "Limits never crossed"),
        "versions without an alert about drift in 365 days / versions in use for at least as long",
        "no limit is set",
        (End, NeedsALook, limits::never_crossed),
    ),
    define(
        (Versions, "limits_changed_after_alert", "Limits changed after an alert"),
        "references or policies frozen within 90 days of an alert about drift of their version / those frozen in the period",
        "no limit is set",
        (Period, NeedsALook, limits::changed_after_alert),
    ),
    define(
        (System, "late_entries", "Late entries"),
        "records more than 24 h after what they tell of / records of batches (end of their period), incidents (when it happened) and drills (their end) of the period",
        "higher than in the period of the same length before",
        (Period, NeedsALook, system::late_entries),
    ),
    define(
        (System, "clock", "Clock"),
        "time in which the clock was trusted / time of the period since the ledger began; the largest offset that was noticed",
        "an offset above 1 s, or trusted for less than 99.9 %",
        (Period, NeedsALook, system::clock),
    ),
    define(
        (System, "access_reviews", "Reviews of access rights on time"),
        "reviews signed by their due day / reviews of access rights whose due day lies in the period",
        "any was not",
        (Period, AsItShouldBe, system::access_reviews),
    ),
    define(
        (System, "dormant_accounts", "Dormant accounts"),
        "accounts with which nobody signed in for 90 days / accounts enabled when it was computed and made before the end of the period; sign-ins are those of the access log, which no ledger entry vouches for",
        "any",
        (Computed, NeedsALook, system::dormant_accounts),
    ),
    define(
        (System, "leavers", "Leavers disabled in time"),
        "leavers whose account was disabled within a day / leavers",
        "any was not",
        (Period, AsItShouldBe, system::leavers),
    ),
    define(
        (System, "training_validity", "Training validity"),
        "signers whose training was valid at each of their signatures / signers of the period whose role needs a training by the policy in force",
        "below 100 %",
        (Period, AsItShouldBe, system::training),
    ),
    define(
        (System, "refusals", "Refusals"),
        "sign-ins and acts refused, per 1,000 sessions; from the access log, which no ledger entry vouches for",
        "more than twice the rate of the period of the same length before, and at least 10",
        (Period, NeedsALook, system::refusals),
    ),
];
