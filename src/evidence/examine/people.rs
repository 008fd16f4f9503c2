//! What was recorded about people before they signed: identity checks, acceptances of the statement of accountability, trainings.
//!
//! 1. every identity check and every training was recorded by somebody else, whose role may
//! 2. every acceptance is of the statement that was in force, word for word, signed by the person it names in the same entry
//! 3. every signature comes after an identity check and after the acceptance of the statement in force; while a policy asked for a
//!    training of the signer's role, it was current on that day. A store that was made before there were statements has none before the
//!    first one that was set, and its signatures until then are not held to it
//! 4. no role that needed a training was granted to who had none

use super::changes::Signatures;
use super::{Examiner, Row, is_canonical};
use crate::access::account::Account;
use crate::access::accountability::{IdentityMethod, check_seen};
use crate::access::role::{Action, Role};
use crate::access::training::{Training, TrainingPolicy};
use crate::digest;
use crate::review::accountability::{ACCEPTANCE_FORMAT, AccountabilityAcceptance};
use crate::review::due::day_of;
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;

const ACCEPTANCES: &str = "accountability_acceptance";
const STATEMENTS: &str = "accountability_statement";
const CHECKS: &str = "identity_check";
const TRAININGS: &str = "training_record";

/// Who acts with the data folder in hand, without an account.
const HOST: &str = "host";

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

impl Examiner<'_> {
    /// All that was recorded about people; acceptances with their signatures.
    pub(super) fn people(&mut self, signatures: &mut Signatures) {
        for (key, row) in self.rows(STATEMENTS) {
            let found = digest::sha256_hex(row.text("text").as_bytes());
            self.same((STATEMENTS, &key), "digest of the text", &found, row.text("sha256"));
        }
        for (key, row) in self.rows(CHECKS) {
            let of = (CHECKS, key.as_str());
            self.examined.identity_checks += 1;
            self.recorded_by(of, &row, ("checked_by", Action::ManageAccounts));
            if let Err(error) = check_seen(row.text("seen")) {
                self.trouble("identity_check_not_valid", of, error.to_string());
            }
            if let Err(error) = IdentityMethod::parse(row.text("method")) {
                self.trouble("identity_check_not_valid", of, error.to_string());
            }
            if row.text("checked_on").get(..10) > row.text("at").get(..10) {
                let detail = "it was recorded before the day on which it was made";
                self.trouble("identity_check_not_valid", of, detail);
            }
        }
        for (key, row) in self.rows(TRAININGS) {
            let of = (TRAININGS, key.as_str());
            self.examined.trainings += 1;
            self.recorded_by(of, &row, ("recorded_by", Action::RecordTraining));
            let valid = training_of(&row).zip(day_of(row.text("at")));
            if valid.is_none_or(|(training, today)| training.validate(today).is_err()) {
                self.trouble("training_not_valid", of, "its days, role or course cannot be");
            }
        }
        for (key, row) in self.rows(ACCEPTANCES) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            self.accepted((&key, &row), &signed);
        }
        for (key, row) in self.rows("role_answer") {
            self.granted_to_who_is_trained(("role_answer", &key), &row);
        }
    }

    /// Nobody records it about themselves, and only whose role may.
    fn recorded_by(&mut self, of: (&str, &str), row: &Row, (column, action): (&str, Action)) {
        let by = row.text(column).to_owned();
        if by == row.text("account_id") {
            self.trouble("recorded_about_oneself", of, "a person recorded it about themselves");
        }
        // A pack of one version holds only the accounts that acted in it.
        let Some(account) = self.records.row("account", &by).filter(|_| by != HOST) else { return };
        let role = self.role_at(&account, row.text("at"));
        if !action.roles().iter().any(|may| may.word() == role) {
            let detail = format!("`{}` is {role} and may not {}", by, action.words());
            self.trouble("recorded_without_authority", of, detail);
        }
    }

    fn accepted(&mut self, (key, row): (&str, &Row), signed: &[(String, RecordSignature)]) {
        let of = (ACCEPTANCES, key);
        let columns = ("document", "sha256");
        let Some(said) = self.document::<AccountabilityAcceptance>((of.0, of.1, row), columns)
        else {
            return;
        };
        self.examined.acceptances += 1;
        if !is_canonical(&said, row.text("document")) {
            self.trouble("document_invalid", of, "the acceptance is not canonical JSON");
        }
        self.same(of, "format", &said.format, ACCEPTANCE_FORMAT);
        let found = digest::sha256_hex(said.statement.as_bytes());
        self.same(of, "digest of its statement", &said.statement_sha256, &found);
        if let Some(statement) = self.newest(STATEMENTS, entry(row), |_| true) {
            self.same(of, "statement", row.text("statement_id"), statement.text("id"));
            self.same(of, "text of the statement", &found, statement.text("sha256"));
        }
        let meaning = Meaning::AcceptsAccountability;
        if let Some(signer) = self.signature_over(of, row, meaning, signed) {
            self.same(of, "who accepted it", &said.account.id, &signer.id);
        }
        self.account(of, row, &said.account);
    }

    /// Whether everything was recorded about `signer` that a signature in this entry rests on.
    pub(super) fn accountable_at(
        &mut self,
        of: (&str, &str),
        row: &Row,
        (signer, meaning): (&Account, Meaning),
    ) {
        let at = entry(row);
        let own = |row: &Row| row.text("account_id") == signer.id;
        if let Some(statement) = self.newest(STATEMENTS, at, |_| true) {
            let name = &signer.user_name;
            if self.newest(CHECKS, at, own).is_none() {
                let detail = format!("nobody had recorded how it was checked who `{name}` is");
                self.trouble("signed_without_identity_check", of, detail);
            }
            let accepted = self.newest(ACCEPTANCES, at, own);
            let is_it = |row: Row| row.text("statement_id") == statement.text("id");
            if meaning != Meaning::AcceptsAccountability && !accepted.is_some_and(is_it) {
                let detail = format!("`{name}` had not accepted the statement in force");
                self.trouble("signed_without_accountability", of, detail);
            }
        }
        if let Some(detail) = self.untrained(&signer.id, signer.role, (at, row.text("at"))) {
            self.trouble("signed_without_training", of, detail);
        }
    }

    /// A role that needs a training is granted only to who has it.
    fn granted_to_who_is_trained(&mut self, of: (&str, &str), answer: &Row) {
        let request = self.records.row("role_request", answer.text("request_id"));
        let Some(request) = request.filter(|_| answer.integer("granted") == Some(1)) else {
            return;
        };
        let Ok(role) = Role::parse(request.text("role")) else { return };
        let when = (entry(answer), answer.text("at"));
        if let Some(detail) = self.untrained(request.text("account_id"), role, when) {
            self.trouble("granted_without_training", of, detail);
        }
    }

    /// What an account lacked for a role at an entry, by the policy that was in force.
    fn untrained(&mut self, account: &str, role: Role, (at, time): (u64, &str)) -> Option<String> {
        let policy = self.newest("training_policy", at, |_| true)?;
        let policy: TrainingPolicy = serde_json::from_str(policy.text("document")).ok()?;
        policy.rule(role)?;
        let before = |row: &Row| row.text("account_id") == account && entry(row) < at;
        let rows = self.kept(TRAININGS);
        let rows = rows.iter().map(|(_, row)| row).filter(|row| before(row));
        let trainings: Vec<Training> = rows.filter_map(training_of).collect();
        policy
            .check((account, role), &trainings, day_of(time)?)
            .err()
            .map(|error| error.to_string())
    }
}

fn training_of(row: &Row) -> Option<Training> {
    Some(Training {
        role: Role::parse(row.text("role")).ok()?,
        course: row.text("course").to_owned(),
        completed_on: row.text("completed_on").parse().ok()?,
        valid_until: match row.optional("valid_until") {
            None => None,
            Some(day) => Some(day.parse().ok()?),
        },
    })
}
