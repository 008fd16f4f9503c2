//! Acts: every row is one that entries of its type record, and the person whom it names is the one who acted, in the role that person had.
//! What decides which entries a pack explains and a review covers is the entry; what people read is the row: they must not say different
//! things, so the entry names what the row is about, too.

use super::{Examiner, Row};
use crate::access::role::Action;
use crate::ledger::entry::{Actor, EntryType, Subject};

/// What the rows of a table are.
struct Act {
    table: &'static str,
    /// The column that names the account which acted.
    actor: Option<&'static str>,
    /// The types of entries that record them; none where there are many.
    kinds: &'static [EntryType],
    /// The column that says what it is about, and of which kind that is among the subjects of the entry.
    about: Option<(&'static str, &'static str)>,
}

const fn act(
    table: &'static str,
    actor: Option<&'static str>,
    kinds: &'static [EntryType],
    about: Option<(&'static str, &'static str)>,
) -> Act {
    Act { table, actor, kinds, about }
}

/// The columns of most tables.
const ACCOUNT: Option<&str> = Some("account_id");
const VERSION: Option<(&str, &str)> = Some(("version_id", "model_version"));
const EPISODE: Option<(&str, &str)> = Some(("episode_id", "episode"));
const PERSON: Option<(&str, &str)> = Some(("account_id", "account"));

const ACTS: [Act; 51] = [
    act(
        "model_version",
        Some("registered_by"),
        &[EntryType::VersionRegister],
        Some(("id", "model_version")),
    ),
    act("reference", None, &[EntryType::VersionRegister, EntryType::ReferenceFreeze], VERSION),
    act("policy", None, &[EntryType::VersionRegister, EntryType::ReferenceFreeze], VERSION),
    act("monitor", None, &[EntryType::VersionRegister, EntryType::ReferenceFreeze], VERSION),
    act("batch", None, &[EntryType::BatchIngest], VERSION),
    act("quarantine", None, &[EntryType::BatchQuarantine], VERSION),
    act("labels", None, &[EntryType::LabelsIngest], VERSION),
    act("acknowledgement", ACCOUNT, &[EntryType::AlertAcknowledge], EPISODE),
    act("decision", ACCOUNT, &[EntryType::DecisionDraft], EPISODE),
    act("signature", ACCOUNT, &[EntryType::DecisionSign], Some(("decision_id", "decision"))),
    act("episode_step", ACCOUNT, &[EntryType::AlertStep, EntryType::AlertOverdue], EPISODE),
    act("study", ACCOUNT, &[EntryType::StudyAttach], VERSION),
    act("study_signature", ACCOUNT, &[EntryType::StudySign], Some(("study_id", "study"))),
    act("model_record", ACCOUNT, &[EntryType::ModelRecordAttach], VERSION),
    act("version_step", ACCOUNT, &[EntryType::VersionStep], VERSION),
    act("record_signature", ACCOUNT, &[], None),
    act("change_record", ACCOUNT, &[EntryType::ChangeRecord], VERSION),
    act("acceptance_plan", ACCOUNT, &[EntryType::AcceptancePlan], VERSION),
    act("test_run", ACCOUNT, &[EntryType::TestRun], VERSION),
    act("test_run_invalidation", ACCOUNT, &[EntryType::TestRunInvalidate], VERSION),
    act("batch_invalidation", ACCOUNT, &[EntryType::BatchInvalidate], VERSION),
    act("reference_proposal", ACCOUNT, &[EntryType::ReferencePropose], VERSION),
    act("qualification", ACCOUNT, &[EntryType::QualificationRun], None),
    act("periodic_review", ACCOUNT, &[EntryType::ReviewHold], None),
    act("review_sample", ACCOUNT, &[EntryType::SampleDraw], VERSION),
    act("review_answer", ACCOUNT, &[EntryType::SampleAnswer], None),
    act("review_result", ACCOUNT, &[EntryType::SampleClose], VERSION),
    act("incident", ACCOUNT, &[], Some(("incident_id", "incident"))),
    act("drill", ACCOUNT, &[EntryType::DrillRecord], None),
    act("indicator_sheet", ACCOUNT, &[EntryType::IndicatorsRecord], None),
    act("legal_hold", ACCOUNT, &[EntryType::HoldPlace], None),
    act("hold_lift", ACCOUNT, &[EntryType::HoldLift], None),
    act("disposal", ACCOUNT, &[EntryType::DisposalPropose], None),
    act("disposed_object", None, &[EntryType::DisposalSign], None),
    act("redaction", ACCOUNT, &[EntryType::RedactionPropose], None),
    act("redacted_row", None, &[EntryType::RedactionSign], None),
    act("withdrawal", ACCOUNT, &[EntryType::ProposalWithdraw], None),
    act("retention_policy", ACCOUNT, &[EntryType::RetentionSet], None),
    act("version_retention", ACCOUNT, &[EntryType::RetentionAssign], VERSION),
    act("accountability_acceptance", ACCOUNT, &[EntryType::AccountabilityAccept], PERSON),
    act("identity_check", Some("checked_by"), &[EntryType::IdentityCheck], PERSON),
    act(
        "second_factor",
        Some("by_account_id"),
        &[
            EntryType::FactorEnrol,
            EntryType::FactorRemovalAsk,
            EntryType::FactorRemove,
            EntryType::FactorTemporary,
            EntryType::FactorTemporaryUse,
            EntryType::SigningHold,
        ],
        PERSON,
    ),
    act("training_record", Some("recorded_by"), &[EntryType::TrainingRecord], PERSON),
    act("role_answer", Some("answered_by"), &[EntryType::RoleAnswer], None),
    act("passkey", ACCOUNT, &[EntryType::PasskeyRegister], PERSON),
    act("run", ACCOUNT, &[EntryType::RunCreate], Some(("id", "run"))),
    act("draft_version", ACCOUNT, &[EntryType::DraftRegister], Some(("id", "draft_version"))),
    act("evidence_export", None, &[EntryType::EvidenceExport], None),
    act("restore_test", None, &[EntryType::RestoreTest], None),
    act("restore", None, &[EntryType::BackupRestore], None),
    act("store_upgrade", None, &[EntryType::StoreUpgrade], None),
];

/// The same of reports, which are read one by one anyway.
const REPORT: Act =
    act("report", None, &[EntryType::BatchIngest, EntryType::BatchInvalidate], VERSION);

/// What the permission table asks of whoever writes such an entry, where the role alone decides.
const PERMITTED: [(EntryType, Action); 15] = [
    (EntryType::VersionRegister, Action::Register),
    (EntryType::BatchIngest, Action::Ingest),
    (EntryType::BatchQuarantine, Action::Ingest),
    (EntryType::LabelsIngest, Action::Ingest),
    (EntryType::AcceptancePlan, Action::FixAcceptance),
    (EntryType::TestRun, Action::TestVersion),
    (EntryType::AlertAcknowledge, Action::Acknowledge),
    (EntryType::DecisionDraft, Action::DraftDecision),
    (EntryType::DecisionSign, Action::SignDecision),
    (EntryType::ReviewHold, Action::HoldReview),
    (EntryType::SampleDraw, Action::DrawReviewSample),
    (EntryType::SampleClose, Action::DrawReviewSample),
    (EntryType::DrillRecord, Action::RecordDrill),
    (EntryType::IndicatorsRecord, Action::RecordIndicators),
    (EntryType::TrainingRecord, Action::RecordTraining),
];

/// The tables of which every entry of a type lists a row: without it, it says that something was done and not what.
pub(in crate::evidence) fn tables_of(kind: EntryType) -> impl Iterator<Item = &'static str> {
    // Another policy alone brings no other reference, and the other way round; not everybody whose signing is suspended has a second factor.
    let listed = ACTS.iter().filter(move |act| {
        act.kinds.contains(&kind)
            && !["reference", "policy"].contains(&act.table)
            && kind != EntryType::SigningHold
    });
    listed.map(|act| act.table)
}

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
        let mut found: Option<(EntryType, Actor, Vec<Subject>)> = None;
        (self.entries)(index..index.saturating_add(1), &mut |entry| {
            found = Some((entry.kind, entry.actor.clone(), entry.subj.clone()));
        });
        // That an entry is not there, or cannot be read, is told where entries are.
        let Some((kind, actor, subjects)) = found else { return };
        let of = (act.table, key);
        if !act.kinds.is_empty() && !act.kinds.contains(&kind) {
            let expected: Vec<&str> = act.kinds.iter().map(|kind| kind.as_str()).collect();
            let detail = format!("entry {index} is a `{kind}`, expected {}", expected.join(" or "));
            self.trouble("act_differs", of, detail);
        }
        if let Some((column, kind)) = act.about
            && let Some(id) = row.optional(column)
            && !subjects.iter().any(|subject| subject.kind == kind && subject.id == id)
        {
            let detail = format!("entry {index} does not name its {kind} `{id}`");
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
        // A role that needs a training which ended is none, and some acts need none.
        if role != actor.role && actor.role != "none" {
            let detail = format!(
                "entry {index} is by a {}, whose role was {role} by the grants in force",
                actor.role
            );
            self.trouble("act_differs", of, detail);
        }
        if let Some(action) = not_permitted(kind, &actor.role) {
            let detail = format!("entry {index} is by a {}, who may not {action}", actor.role);
            self.trouble("act_not_permitted", of, detail);
        }
    }
}

/// What a role would have to be permitted to write such an entry; none where it may, or where the role alone does not decide.
fn not_permitted(kind: EntryType, role: &str) -> Option<&'static str> {
    let (_, action) = PERMITTED.iter().find(|(one, _)| *one == kind)?;
    let may = action.roles().iter().any(|may| may.word() == role);
    (!may).then(|| action.words())
}
