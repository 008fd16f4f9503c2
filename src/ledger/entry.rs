//! One ledger entry: who did what to which thing at what time, and the digest of the body that says it in full.
//!
//! The leaf is the canonical JSON (RFC 8785) of [`Entry`], at most [`LEAF_MAX`] bytes. It is written once; verification
//! hashes the stored bytes and never serialises again.

use super::{Error, INTEGER_MAX, Result, is_lower_hex};
use crate::digest::ContentDigest;
use crate::{clock, digest};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest leaf, in bytes.
pub const LEAF_MAX: usize = 16 * 1024;

/// The only entry version so far; any other fails closed.
pub const VERSION: u64 = 1;

macro_rules! entry_types {
    ($($variant:ident $text:literal $doc:literal)*) => {
        /// What an entry records. A type this program does not know fails closed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum EntryType {
            $(#[doc = $doc] $variant,)*
        }

        impl EntryType {
            /// Every type, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The type's name in leaves, JSON and pages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What happened, as a sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

entry_types! {
    LogCreate          "log.create"          "The ledger itself was created; always entry 0."
    AccountCreate      "account.create"      "An account was created."
    AccountCredential  "account.credential"  "An account got a new credential."
    AccountLock        "account.lock"        "An account was locked."
    AccountUnlock      "account.unlock"      "An account was unlocked."
    AccountDisable     "account.disable"     "An account was disabled: its sessions and tokens ended."
    AccountEnable      "account.enable"      "A disabled account was enabled again."
    RoleRequest        "role.request"        "Somebody asked for a role for an account."
    RoleAnswer         "role.answer"         "Another person granted or refused a role."
    FactorEnrol        "factor.enrol"        "Somebody enrolled a second factor."
    FactorRemovalAsk   "factor.removal_ask"  "An administrator asked for the removal of somebody's second factor."
    FactorRemove       "factor.remove"       "Another person confirmed or refused the removal of a second factor."
    FactorTemporary    "factor.temporary"    "An administrator issued a temporary code in place of a lost second factor; signing is suspended."
    FactorTemporaryUse "factor.temporary_use" "Somebody signed in with a temporary code; another second factor has to be enrolled."
    IdentityAsk        "identity.ask"        "An administrator asked to link an account to an identity at the identity provider, or to end the link."
    IdentityAnswer     "identity.answer"     "Another person confirmed or refused a link to the identity provider, or its end."
    PasskeyRegister    "passkey.register"    "Somebody registered a passkey."
    PasskeyRevoke      "passkey.revoke"      "Somebody ended a passkey of their own."
    SigningHold        "signing.hold"        "A credential is lost: it ended, and signing is suspended for its owner."
    SigningRelease     "signing.release"     "Another person checked whose account it is; its owner signs again."
    AccountabilitySet  "accountability.set"  "Another statement of accountability is in force; everybody accepts it before the next signature."
    AccountabilityAccept "accountability.accept" "Somebody accepted the statement of accountability, signed."
    IdentityCheck      "identity.check"      "Somebody recorded how it was checked whose account it is."
    TrainingPolicySet  "training_policy.set" "Which roles need which training changed."
    TrainingRecord     "training.record"     "A training that somebody completed was recorded."
    MisuseDetect       "misuse.detect"       "Something may be misuse of an account or a signature."
    MisuseAnswer       "misuse.answer"       "Somebody said what was found out about a possible misuse."
    ClockEvent         "clock.event"         "The clock was set, is off its source, or was confirmed."
    NoticeTarget       "notice.target"       "Who is told outside was changed."
    PasswordPolicySet  "password_policy.set" "The rules for passwords changed."
    TokenCreate        "token.create"        "An access token was issued."
    TokenRevoke        "token.revoke"        "An access token was revoked."
    ModelRegister      "model.register"      "A model was registered."
    VersionRegister    "version.register"    "A model version was registered."
    DatasetManifest    "dataset.manifest"    "A dataset was fingerprinted."
    ReferencePropose   "reference.propose"   "Another reference or policy was proposed for a version."
    ReferenceSign      "reference.sign"      "Who proposed a reference or policy signed it; it waits for QA."
    ReferenceFreeze    "reference.freeze"    "QA signed a proposed reference or policy: batches that come after are judged with it."
    PolicySet          "policy.set"          "A policy came into force."
    BatchIngest        "batch.ingest"        "A batch was assessed."
    BatchQuarantine    "batch.quarantine"    "A batch was refused and put aside."
    BatchInvalidate    "batch.invalidate"    "A batch was marked invalid by a signed decision; later batches were judged again without it."
    LabelsIngest       "labels.ingest"       "True outcomes arrived for earlier rows."
    PerformanceEvaluate "performance.evaluate" "Labels were evaluated."
    AlertOpen          "alert.open"          "An alert opened."
    AlertJoin          "alert.join"          "A batch joined an open alert."
    AlertAcknowledge   "alert.acknowledge"   "Somebody took note of an alert."
    DecisionDraft      "decision.draft"      "A decision was drafted."
    DecisionSign       "decision.sign"       "A decision was signed."
    AlertStep          "alert.step"          "An alert was investigated, acted on, checked, closed or opened again, signed."
    AlertOverdue       "alert.overdue"       "A remedial action is overdue; the program escalated its alert."
    StudyAttach        "study.attach"        "A study of reference batches was attached to a version."
    StudySign          "study.sign"          "A study was signed."
    ModelRecordAttach  "model_record.attach" "What a version is for was written down, or written anew."
    VersionStep        "version.step"        "A version took a step of its life, signed."
    ChangeRecord       "change.record"       "What changed since the version before was recorded, with its impact."
    ChangeSign         "change.sign"         "A change record was signed."
    AcceptancePlan     "acceptance.plan"     "Acceptance criteria of a version were fixed."
    TestRun            "test.run"            "A version was tested against its acceptance criteria."
    TestRunInvalidate  "test.invalidate"     "A test run was marked invalid by a signed decision: it counts for nothing any more."
    ExperimentCreate   "experiment.create"   "An experiment was created."
    ExperimentChange   "experiment.change"   "An experiment was renamed, deleted, restored or tagged."
    RunCreate          "run.create"          "A training run began."
    RunLog             "run.log"             "A run reported parameters, metrics, tags or datasets."
    RunState           "run.state"           "A run ended, was renamed, deleted or restored; an ended run is digested."
    ArtifactKeep       "artifact.keep"       "A file of a run or a logged model was kept."
    ArtifactRemove     "artifact.remove"     "Files of a run or a logged model were removed; their content stays."
    LoggedModelCreate  "logged_model.create" "Training code announced a model."
    LoggedModelChange  "logged_model.change" "A logged model's state, parameters or tags changed."
    ModelChange        "model.change"        "A model's description, tags or aliases changed."
    DraftRegister      "draft.register"      "Training code registered a draft version; its files are frozen."
    DraftChange        "draft.change"        "A draft version's stage, description or tags changed."
    QualificationRun   "qualification.run"   "The installation, its operation or a version's performance was qualified."
    QualificationSign  "qualification.sign"  "A qualification run was signed."
    ReviewHold         "review.hold"         "A periodic review was held."
    ReviewSign         "review.sign"         "A periodic review was signed."
    IncidentReport     "incident.report"     "An incident was reported."
    IncidentRevise     "incident.revise"     "An incident was corrected, investigated or opened again."
    IncidentClose      "incident.close"      "An incident was closed, signed."
    DrillRecord        "drill.record"        "A continuity drill was recorded."
    IndicatorsRecord   "indicators.record"   "The indicators of a period were recorded."
    SampleDraw         "sample.draw"         "Predictions were drawn for review."
    SampleAnswer       "sample.answer"       "A reviewer answered about a drawn prediction, or corrected an answer."
    SampleClose        "sample.close"        "A review sample was closed, with what it came to."
    EvidenceExport     "evidence.export"     "Somebody took an evidence pack away."
    RetentionSet       "retention.set"       "How long stored files are kept was set."
    RetentionAssign    "retention.assign"    "Another retention class was given to the files of a version."
    HoldPlace          "hold.place"          "A legal hold was placed: nothing under it is disposed of."
    HoldLift           "hold.lift"           "A legal hold was lifted, signed."
    DisposalPropose    "disposal.propose"    "The disposal of stored files was proposed, signed; it waits for QA."
    DisposalSign       "disposal.sign"       "QA signed a disposal: its files are removed, their records stay."
    RedactionPropose   "redaction.propose"   "The redaction of personal data in records was proposed, signed; it waits for QA."
    RedactionSign      "redaction.sign"      "QA signed a redaction: the values are gone, their records and digests stay."
    ProposalWithdraw   "proposal.withdraw"   "A proposed disposal or redaction was withdrawn: nothing goes by it."
    LogRollback        "log.rollback"        "The ledger goes on from an earlier state; later entries are lost."
    KeyRotate          "key.rotate"          "The ledger, or the files it signs, got another key; the old one gave way."
    KeyRevoke          "key.revoke"          "A key of the ledger, or of the files it signs, is not to be believed any more."
    StoreUpgrade       "store.upgrade"       "The store was brought to another schema; every table held the same before and after."
    BackupRestore      "backup.restore"      "The store was made again from a backup."
    BackupSchedule     "backup.schedule"     "Backups were scheduled, or are not any more."
    BackupRun          "backup.run"          "A backup was made, or one failed."
    BackupLate         "backup.late"         "The last good backup is older than the schedule allows."
    RestoreTest        "restore.test"        "A restore was practised."
    TimeStampSchedule  "time_stamp.schedule" "Time stamps were scheduled, or are not any more."
    TimeStampRun       "time_stamp.run"      "A time stamp of a checkpoint was kept, or was not to be had."
    TimeStampLate      "time_stamp.late"     "The last time stamp is older than the schedule allows."
    LineageEvent       "lineage.event"       "Another tool reported which process read and wrote which datasets."
    SilenceAlert       "silence.alert"       "An expected batch did not arrive."
}

impl FromStr for EntryType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|kind| kind.as_str() == text);
        known.copied().ok_or_else(|| Error::UnknownType(text.to_owned()))
    }
}

impl TryFrom<String> for EntryType {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<EntryType> for String {
    fn from(kind: EntryType) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for EntryType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Who acted: a pseudonymous id, the role in which they acted, and how they proved who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// How they proved who they are, for example `password` or `token`.
    pub auth: String,
    /// Account id, or the name of a part of the program.
    pub id: String,
    /// The role acted in, for example `reviewer`.
    pub role: String,
}

impl Actor {
    /// An actor from its three parts.
    pub fn new(id: impl Into<String>, role: impl Into<String>, auth: impl Into<String>) -> Self {
        Self { id: id.into(), role: role.into(), auth: auth.into() }
    }
}

/// A thing an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The digests of its content, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<SubjectDigest>,
    /// Its id.
    pub id: String,
    /// What kind of thing, for example `model_version`.
    pub kind: String,
}

impl Subject {
    /// A subject by its kind and id.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into(), digest: None }
    }

    /// The same subject with the digests of its content.
    #[must_use]
    pub fn with_digest(mut self, content: &ContentDigest) -> Self {
        let (b3, sha256) = (content.blake3.clone(), content.sha256.clone());
        self.digest = Some(SubjectDigest { b3, sha256 });
        self
    }
}

/// Both digests of a subject's content, 64 lowercase hexadecimal digits each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// BLAKE3.
    pub b3: String,
    /// SHA-256.
    pub sha256: String,
}

/// What the leaf knows of the entry's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BodyDigest {
    /// BLAKE3 of the body, 64 lowercase hexadecimal digits.
    pub b3: String,
    /// Length of the body in bytes.
    pub len: u64,
    /// Media type of the body.
    pub media: String,
    /// SHA-256 of the body, 64 lowercase hexadecimal digits.
    pub sha256: String,
}

/// One entry, as it stands in a leaf. The fields stand in the order of their names, as in canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who acted.
    pub actor: Actor,
    /// Digests of the body.
    pub body: BodyDigest,
    /// Position in the ledger, from 0.
    pub idx: u64,
    /// Earlier entries this one refers to.
    pub refs: Vec<u64>,
    /// What it is about.
    pub subj: Vec<Subject>,
    /// When, UTC with three fractional digits and `Z`.
    pub ts: String,
    /// What is recorded.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: EntryType,
    /// Always [`VERSION`].
    pub v: u64,
}

impl Entry {
    /// The leaf: canonical JSON of this entry.
    ///
    /// # Errors
    ///
    /// - [`Error::Field`]: a value breaks the rules of its field.
    /// - [`Error::TooLong`]: more than [`LEAF_MAX`] bytes.
    pub fn to_leaf(&self) -> Result<Vec<u8>> {
        self.validate()?;
        let leaf = digest::ordered_json(self)?;
        within_limit(&leaf)?;
        Ok(leaf)
    }

    /// The entry a leaf holds. Strict: unknown fields, unknown types, duplicate keys and any byte that differs from
    /// the canonical JSON of the result are refused.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLong`], [`Error::Malformed`], [`Error::Field`], [`Error::NotCanonical`].
    ///
    /// ```
    /// assert!(driftledger::ledger::entry::Entry::parse(b"{}").is_err());
    /// ```
    pub fn parse(leaf: &[u8]) -> Result<Self> {
        within_limit(leaf)?;
        let entry: Self = serde_json::from_slice(leaf)
            .map_err(|source| Error::Malformed { part: "entry", source })?;
        entry.validate()?;
        if digest::ordered_json(&entry)? != leaf {
            return Err(Error::NotCanonical { part: "entry" });
        }
        Ok(entry)
    }

    fn validate(&self) -> Result<()> {
        let wrong = |field, found: &dyn fmt::Display, expected| {
            Err(Error::Field { field, found: found.to_string(), expected })
        };
        if self.v != VERSION {
            return wrong("v", &self.v, "1");
        }
        if self.idx > INTEGER_MAX {
            return wrong("idx", &self.idx, "less than 2^53");
        }
        if !is_time(&self.ts) {
            return wrong("ts", &self.ts, "UTC as 2026-11-23T17:48:24.132Z");
        }
        if let Some(later) = self.refs.iter().find(|&&refers| refers >= self.idx) {
            return wrong("refs", later, "an earlier entry");
        }
        if self.body.len > INTEGER_MAX {
            return wrong("body.len", &self.body.len, "less than 2^53");
        }
        let subjects = self.subj.iter().filter_map(|subject| subject.digest.as_ref());
        let digests = subjects.flat_map(|found| [&found.b3, &found.sha256]);
        for found in digests.chain([&self.body.sha256, &self.body.b3]) {
            if !is_lower_hex(found, 64) {
                return wrong("digest", found, "64 lowercase hexadecimal digits");
            }
        }
        if self.actor.id.is_empty() || self.actor.role.is_empty() || self.actor.auth.is_empty() {
            return wrong("actor", &self.actor.id, "id, role and auth, none of them empty");
        }
        Ok(())
    }
}

fn within_limit(leaf: &[u8]) -> Result<()> {
    if leaf.len() > LEAF_MAX {
        return Err(Error::TooLong { part: "entry", found: leaf.len(), allowed: LEAF_MAX });
    }
    Ok(())
}

fn is_time(text: &str) -> bool {
    text.parse().is_ok_and(|at: jiff::Timestamp| clock::rfc3339(at) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Entry {
        Entry {
            v: 1,
            idx: 7,
            ts: "2026-11-23T17:48:24.132Z".into(),
            kind: EntryType::DecisionSign,
            actor: Actor::new("u_7f", "reviewer", "password"),
            subj: vec![
                Subject::new("batch", "b_1"),
                Subject::new("report", "r_1").with_digest(&ContentDigest::of(b"report")),
            ],
            body: BodyDigest {
                media: super::super::body::MEDIA_TYPE.into(),
                len: 812,
                sha256: "b".repeat(64),
                b3: "c".repeat(64),
            },
            refs: vec![0, 6],
        }
    }

    fn refused(change: impl Fn(&mut Entry)) {
        let mut entry = example();
        change(&mut entry);
        assert!(entry.to_leaf().is_err(), "{entry:?}");
        let bytes = digest::canonical_json(&entry).unwrap();
        assert!(Entry::parse(&bytes).is_err(), "{entry:?}");
    }

    #[test]
    fn a_leaf_reads_back_as_the_same_entry() {
        let leaf = example().to_leaf().unwrap();
        assert_eq!(Entry::parse(&leaf).unwrap(), example());
        assert!(leaf.starts_with(br#"{"actor":{"auth":"password","id":"u_7f""#));
    }

    #[test]
    fn a_leaf_is_canonical_json() {
        let content = ContentDigest::of(b"x");
        let text = "\u{0}\u{1f}\"\\/\n\r\t\u{8}\u{c}\u{7f}ü€😀\u{2028}";
        let subjects = vec![Subject::new("a", text), Subject::new("b", "c").with_digest(&content)];
        for entry in [example(), Entry { subj: subjects, refs: vec![0, 3], ..example() }] {
            assert_eq!(entry.to_leaf().unwrap(), digest::canonical_json(&entry).unwrap());
        }
    }

    #[test]
    fn fields_that_break_their_rules_are_refused() {
        refused(|entry| entry.v = 2);
        refused(|entry| entry.idx = INTEGER_MAX + 1);
        refused(|entry| entry.refs = vec![7]);
        refused(|entry| entry.body.len = u64::MAX);
        refused(|entry| entry.body.b3 = "C".repeat(64));
        refused(|entry| entry.actor.role.clear());
        refused(|entry| entry.actor.id = "x".repeat(LEAF_MAX));
        for ts in [
            "2026-11-23T17:48:24Z",
            "2026-11-23T17:48:24.13Z",
            "2026-11-23T17:48:24.1321Z",
            "2026-11-23T17:48:24.132+00:00",
            "2026-11-23t17:48:24.132z",
            "2026-02-30T17:48:24.132Z",
            "",
        ] {
            refused(|entry| entry.ts = ts.into());
        }
    }

    #[test]
    fn bytes_that_are_not_the_canonical_form_are_refused() {
        let leaf = String::from_utf8(example().to_leaf().unwrap()).unwrap();
        Entry::parse(leaf.as_bytes()).unwrap();
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1", "\"v\":1.0"),
            ("\"v\":1", "\"v\":1,\"v\":1"),
            ("\"v\":1", "\"v\":1,\"w\":1"),
            ("\"v\":1", "\"v\": 1"),
            ("\"idx\":7", "\"idx\":7.0"),
            ("\"idx\":7", "\"idx\":\"7\""),
            ("\"idx\":7", "\"idx\":-7"),
            ("decision.sign", "decision.forge"),
            ("\"id\":\"u_7f\"", "\"id\":\"u_7f\",\"id\":\"u_7f\""),
            ("u_7f", "\\u0075_7f"),
        ] {
            let changed = leaf.replacen(from, to, 1);
            assert_ne!(changed, leaf);
            assert!(Entry::parse(changed.as_bytes()).is_err(), "{changed}");
        }
        assert!(Entry::parse(format!("{leaf}\n").as_bytes()).is_err());
    }

    #[test]
    fn every_type_has_its_own_name() {
        let names: std::collections::BTreeSet<_> =
            EntryType::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), EntryType::ALL.len());
        for &kind in EntryType::ALL {
            assert_eq!(kind.as_str().parse::<EntryType>().unwrap(), kind);
        }
        assert!("no.such".parse::<EntryType>().is_err());
    }
}
