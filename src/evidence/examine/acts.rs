//! Acts: every row is one that entries of its type record, and the person whom it names is the one who acted, in the role that person had.
//! What decides which entries
//! a pack explains and a review covers is the entry; what people read is the row: they must not say different things.

use super::{Examiner, Row};
use crate::ledger::entry::{Actor, EntryType};

/// What the rows of a table are: who acted, by the column that names the account, and the types of entries that record them; no types
/// where there are many.
struct Act {
    table: &'static str,
    actor: Option<&'static str>,
    kinds: &'static [EntryType],
}

const fn act(table: &'static str, actor: Option<&'static str>, kinds: &'static [EntryType]) -> Act {
    Act { table, actor, kinds }
}

/// The column of most tables.
const ACCOUNT: Option<&str> = Some("account_id");

const ACTS: [Act; 39] = [
    act("model_version", Some("registered_by"), &[EntryType::VersionRegister]),
    act("reference", None, &[EntryType::VersionRegister, EntryType::ReferenceFreeze]),
    act("policy", None, &[EntryType::VersionRegister, EntryType::ReferenceFreeze]),
    act("monitor", None, &[EntryType::VersionRegister, EntryType::ReferenceFreeze]),
    act("batch", None, &[EntryType::BatchIngest]),
    act("quarantine", None, &[EntryType::BatchQuarantine]),
    act("labels", None, &[EntryType::LabelsIngest]),
    act("acknowledgement", ACCOUNT, &[EntryType::AlertAcknowledge]),
    act("decision", ACCOUNT, &[EntryType::DecisionDraft]),
    act("signature", ACCOUNT, &[EntryType::DecisionSign]),
    act("episode_step", ACCOUNT, &[EntryType::AlertStep, EntryType::AlertOverdue]),
    act("study", ACCOUNT, &[EntryType::StudyAttach]),
    act("study_signature", ACCOUNT, &[EntryType::StudySign]),
    act("model_record", ACCOUNT, &[EntryType::ModelRecordAttach]),
    act("version_step", ACCOUNT, &[EntryType::VersionStep]),
    act("record_signature", ACCOUNT, &[]),
    act("change_record", ACCOUNT, &[EntryType::ChangeRecord]),
    act("acceptance_plan", ACCOUNT, &[EntryType::AcceptancePlan]),
    act("test_run", ACCOUNT, &[EntryType::TestRun]),
    act("batch_invalidation", ACCOUNT, &[EntryType::BatchInvalidate]),
    act("reference_proposal", ACCOUNT, &[EntryType::ReferencePropose]),
    act("qualification", ACCOUNT, &[EntryType::QualificationRun]),
    act("periodic_review", ACCOUNT, &[EntryType::ReviewHold]),
    act("review_sample", ACCOUNT, &[EntryType::SampleDraw]),
    act("review_answer", ACCOUNT, &[EntryType::SampleAnswer]),
    act("review_result", ACCOUNT, &[EntryType::SampleClose]),
    act("incident", ACCOUNT, &[]),
    act("drill", ACCOUNT, &[EntryType::DrillRecord]),
    act("legal_hold", ACCOUNT, &[EntryType::HoldPlace]),
    act("hold_lift", ACCOUNT, &[EntryType::HoldLift]),
    act("disposal", ACCOUNT, &[EntryType::DisposalPropose]),
    act("disposed_object", None, &[EntryType::DisposalSign]),
    act("retention_policy", ACCOUNT, &[EntryType::RetentionSet]),
    act("version_retention", ACCOUNT, &[EntryType::RetentionAssign]),
    act("accountability_acceptance", ACCOUNT, &[EntryType::AccountabilityAccept]),
    act("identity_check", Some("checked_by"), &[EntryType::IdentityCheck]),
    act("training_record", Some("recorded_by"), &[EntryType::TrainingRecord]),
    act("role_answer", Some("answered_by"), &[EntryType::RoleAnswer]),
    act("passkey", ACCOUNT, &[EntryType::PasskeyRegister]),
];

/// The types of entries that record a report.
const REPORT: Act = act("report", None, &[EntryType::BatchIngest, EntryType::BatchInvalidate]);

impl Examiner<'_> {
    /// All rows of these tables but reports, which are read one by one anyway.
    pub(super) fn acts(&mut self) {
        for act in &ACTS {
            for key in self.records.keys(act.table) {
                if let Some(row) = self.records.row(act.table, &key) {
                    self.act(act, &key, &row);
                }
            }
        }
    }

    /// A report is of an entry that records such.
    pub(super) fn act_of_report(&mut self, key: &str, row: &Row) {
        self.act(&REPORT, key, row);
    }

    fn act(&mut self, act: &Act, key: &str, row: &Row) {
        let Some(index) = row.number("entry") else { return };
        let mut found: Option<(EntryType, Actor)> = None;
        (self.entries)(index..index.saturating_add(1), &mut |entry| {
            found = Some((entry.kind, entry.actor.clone()));
        });
        // That an entry is not there, or cannot be read, is told where entries are.
        let Some((kind, actor)) = found else { return };
        let of = (act.table, key);
        if !act.kinds.is_empty() && !act.kinds.contains(&kind) {
            let expected: Vec<&str> = act.kinds.iter().map(|kind| kind.as_str()).collect();
            let detail = format!("entry {index} is a `{kind}`, expected {}", expected.join(" or "));
            self.trouble("act_differs", of, detail);
        }
        let Some(named) = act.actor.and_then(|column| row.optional(column)) else { return };
        if named != actor.id {
            let detail = format!("it names `{named}`, entry {index} is by `{}`", actor.id);
            return self.trouble("act_differs", of, detail);
        }
        // The host and the program have no account.
        let Some(account) = self.records.row("account", named) else { return };
        let role = self.role_at(&account, row.text("at"));
        if role != actor.role {
            let detail = format!(
                "entry {index} is by a {}, whose role was {role} by the grants in force",
                actor.role
            );
            self.trouble("act_differs", of, detail);
        }
    }
}
