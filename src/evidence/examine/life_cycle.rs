//! The life of every version: its steps follow the table, in order, each signed over its own bytes by somebody who may.
//!
//! What is asked here is asked of the records alone: that the registration and the model record a sheet cites are those in force,
//! that a plan comes before its test run in the ledger, that an author signs nothing but the submission.

use super::changes::{CHANGES, Signatures};
use super::succession::Move;
use super::{Examiner, Row, is_canonical};
use crate::access::account::Account;
use crate::access::role::Role;
use crate::digest;
use crate::provenance::model_record::{MODEL_RECORD_FORMAT, ModelRecord};
use crate::review::change_record::ChangeFact;
use crate::review::life_cycle::{
    Author, Guard, History, Rule, Step, Taken, VersionState, acts_for, is_reviewed,
};
use crate::review::record_signature::{RECORD_SIGNATURE_FORMAT, RecordSignature};
use crate::review::signature::Meaning;
use crate::review::step_sheet::{STEP_FORMAT, StepSheet};
use std::collections::BTreeMap;

/// The record table of steps.
const STEPS: &str = "version_step";

/// Rows of one version, by ledger entry.
type ByVersion = BTreeMap<String, Vec<(u64, String, Row)>>;

/// What is known of a version while its steps are walked through.
struct Walk {
    version: String,
    state: VersionState,
    after: u64,
    registration_sha256: String,
    /// Who described, planned or tested it, by ledger entry.
    made: Vec<(u64, Author)>,
    authors: Vec<Author>,
    taken: Vec<Taken>,
    /// The test run that the approval in force rests on.
    approved_on: Option<String>,
    moves: Vec<Move>,
}

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

impl Examiner<'_> {
    /// Model records, steps and their signatures, and the state that reports name.
    pub(super) fn life_cycles(&mut self, signatures: &mut Signatures) {
        let records = self.by_version("model_record");
        for of_version in records.values() {
            for (revision, (_, key, row)) in (1..).zip(of_version) {
                self.model_record(key, row, revision);
            }
        }
        let steps = self.by_version(STEPS);
        let (plans, runs) = (self.by_version("acceptance_plan"), self.by_version("test_run"));
        let changes = self.by_version(CHANGES);
        let mut moves = Vec::new();
        for version in self.records.keys("model_version") {
            let Some(row) = self.records.row("model_version", &version) else { continue };
            let mut made = Vec::new();
            for rows in [&records, &plans, &runs, &changes] {
                for (at, _, row) in rows.get(&version).map(Vec::as_slice).unwrap_or_default() {
                    made.push((*at, self.author(row.text("account_id"))));
                }
            }
            let mut walk = Walk {
                made,
                state: VersionState::Draft,
                after: entry(&row),
                registration_sha256: row.text("content_sha256").to_owned(),
                authors: vec![self.author(row.text("registered_by"))],
                taken: Vec::new(),
                approved_on: None,
                moves: Vec::new(),
                version: version.clone(),
            };
            let described = records.get(&version).map(Vec::as_slice).unwrap_or_default();
            let mut states = vec![(0, walk.state)];
            for (at, key, row) in steps.get(&version).map(Vec::as_slice).unwrap_or_default() {
                let signed = signatures.remove(key).unwrap_or_default();
                self.step(&mut walk, (key, row), described, &signed);
                states.push((*at, walk.state));
            }
            self.states_of_reports(&version, &states);
            moves.append(&mut walk.moves);
        }
        self.steps_of_others(&steps, signatures, &mut moves);
        self.changes(signatures, &moves);
        self.qualifications(signatures);
        self.succession(moves);
    }

    /// A pack of one version holds a step of another one where both changed by one signature; its own life is not here.
    fn steps_of_others(
        &mut self,
        steps: &ByVersion,
        signatures: &mut Signatures,
        moves: &mut Vec<Move>,
    ) {
        for (version, rows) in steps {
            if self.records.row("model_version", version).is_some() {
                continue;
            }
            for (at, key, row) in rows {
                let of = (STEPS, key.as_str());
                let columns = ("document", "sha256");
                let Some(sheet) = self.document::<StepSheet>((of.0, of.1, row), columns) else {
                    continue;
                };
                let signed = signatures.remove(key.as_str()).unwrap_or_default();
                if let Some(rule) = Rule::of(sheet.from, sheet.step) {
                    self.signature_over(of, row, rule.meaning, &signed);
                }
                let sha256 = digest::sha256_hex(row.text("document").as_bytes());
                moves.push(Move { entry: *at, step_id: key.clone(), sha256, sheet });
            }
        }
    }

    fn by_version(&mut self, table: &str) -> ByVersion {
        let mut all = ByVersion::new();
        for (key, row) in self.rows(table) {
            all.entry(row.text("version_id").to_owned()).or_default().push((entry(&row), key, row));
        }
        all.values_mut().for_each(|rows| rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1))));
        all
    }

    fn author(&mut self, account: &str) -> Author {
        let row = self.records.row("account", account);
        let user_name = row.map(|row| row.text("user_name").to_owned()).unwrap_or_default();
        Author { id: account.to_owned(), user_name }
    }

    fn model_record(&mut self, key: &str, row: &Row, revision: u64) {
        let of = ("model_record", key);
        let columns = ("document", "sha256");
        let Some(record) = self.document::<ModelRecord>((of.0, of.1, row), columns) else { return };
        self.examined.model_records += 1;
        if !is_canonical(&record, row.text("document")) {
            self.trouble("document_invalid", of, "the model record is not canonical JSON");
        }
        self.same(of, "format", &record.format, MODEL_RECORD_FORMAT);
        let stated = row.number("revision").unwrap_or_default().to_string();
        self.same(of, "revision", &stated, &revision.to_string());
        let Some(version) = self.named((of.0, of.1, row), "version_id", "model_version") else {
            return;
        };
        self.same(of, "model", &record.model, version.text("model"));
        self.same(of, "version", &record.version, version.text("version"));
    }

    /// Signatures by the record they sign, each held against its row.
    pub(super) fn record_signatures(&mut self) -> Signatures {
        let mut all = Signatures::new();
        for (key, row) in self.rows("record_signature") {
            let of = ("record_signature", key.as_str());
            let columns = ("document", "sha256");
            let Some(signature) = self.document::<RecordSignature>((of.0, of.1, &row), columns)
            else {
                continue;
            };
            self.examined.signatures += 1;
            if !is_canonical(&signature, row.text("document")) {
                self.trouble("document_invalid", of, "the signature is not canonical JSON");
            }
            self.same(of, "format", &signature.format, RECORD_SIGNATURE_FORMAT);
            self.same(of, "id", &signature.id, &key);
            self.same(of, "table", &signature.record.table, row.text("record_table"));
            self.same(of, "record", &signature.record.id, row.text("record_id"));
            self.same(of, "time of signing", &signature.signed_at, row.text("at"));
            self.account(of, &row, &signature.signer);
            let signed = (signature.record.sha256.as_str(), signature.meaning);
            self.identified(of, &row, (&signature.signer, &signature.identified()), signed);
            all.entry(signature.record.id.clone()).or_default().push((key, signature));
        }
        all
    }

    /// Signatures over nothing that is here.
    pub(super) fn signatures_left(&mut self, signatures: Signatures) {
        for (record, signed) in signatures {
            for (key, signature) in signed {
                let table = signature.record.table;
                let detail = format!("it signs {table} `{record}`, which is no signed record here");
                self.trouble("record_dangling", ("record_signature", &key), detail);
            }
        }
    }

    /// Who signed a record with `(id, row)` in `table`, with what meaning: one signature, over its bytes, by the account of its row.
    pub(super) fn signature_over(
        &mut self,
        of: (&str, &str),
        row: &Row,
        meaning: Meaning,
        signed: &[(String, RecordSignature)],
    ) -> Option<Account> {
        let [(key, signature)] = signed else {
            let detail = format!("{} signatures are over it, expected 1", signed.len());
            self.trouble("step_not_signed", of, detail);
            return None;
        };
        let found = digest::sha256_hex(row.text("document").as_bytes());
        if signature.record.sha256 != found {
            let detail = format!("it signs {}, the sheet is {found}", signature.record.sha256);
            self.trouble("signature_of_other_bytes", ("record_signature", key), detail);
        }
        self.same(of, "signer", &signature.signer.id, row.text("account_id"));
        self.same(of, "time of signing", &signature.signed_at, row.text("at"));
        self.same(of, "meaning of the signature", signature.meaning.words(), meaning.words());
        Some(signature.signer.clone())
    }

    /// One step: what its sheet says, whether it may follow, and who signed it.
    fn step(
        &mut self,
        walk: &mut Walk,
        (key, row): (&str, &Row),
        described: &[(u64, String, Row)],
        signed: &[(String, RecordSignature)],
    ) {
        let of = (STEPS, key);
        let at = entry(row);
        let Some(sheet) = self.document::<StepSheet>((of.0, of.1, row), ("document", "sha256"))
        else {
            return;
        };
        self.examined.steps += 1;
        if !is_canonical(&sheet, row.text("document")) {
            self.trouble("document_invalid", of, "the sheet is not canonical JSON");
        }
        self.same(of, "format", &sheet.format, STEP_FORMAT);
        self.same(of, "version", &sheet.version_id, &walk.version);
        self.same(of, "step", sheet.step.word(), row.text("step"));
        self.same(of, "entry before", &sheet.after.to_string(), &walk.after.to_string());
        self.same(of, "registration", &sheet.registration_sha256, &walk.registration_sha256);
        let before = described.iter().rev().find(|record| record.0 < at);
        let cited = sheet.model_record.as_ref();
        let cited = cited.map(|cited| (cited.id.as_str(), cited.sha256.as_str(), cited.entry));
        if cited != before.map(|(at, key, row)| (key.as_str(), row.text("sha256"), *at)) {
            self.trouble(
                "record_disagrees",
                of,
                "it cites another model record than the one in force",
            );
        }
        self.sheet_states(of, &sheet, before.map(|(_, _, row)| row));
        self.cited_acceptance(of, &sheet, &walk.version);
        self.rests_on_valid_runs(of, (at, &sheet), walk.approved_on.as_deref());
        if let Some(stated) = &sheet.configuration_sha256 {
            let registered = self.registered_configuration(&walk.version).unwrap_or_default();
            self.same(of, "fingerprint of the configuration", stated, &registered);
        }
        let made = walk.made.iter().filter(|(made_at, _)| *made_at < at);
        walk.authors.extend(made.map(|(_, author)| author.clone()));
        let Some(rule) = Rule::of(walk.state, sheet.step) else {
            let (step, state) = (sheet.step.word(), walk.state.word());
            self.trouble("step_not_allowed", of, format!("`{step}` cannot follow `{state}`"));
            return;
        };
        if (sheet.from, sheet.to, sheet.meaning) != (rule.from, rule.to, rule.meaning) {
            self.trouble(
                "step_not_allowed",
                of,
                "it states other states or another meaning than the table",
            );
        }
        self.guards(of, (rule, &sheet), walk);
        self.reviews_stated(of, (rule, &sheet), &walk.taken);
        if let Some(signer) = self.signature_over(of, row, rule.meaning, signed) {
            let history = History { authors: &walk.authors, taken: &walk.taken };
            if let Err(error) = rule.permit(&signer, &history) {
                self.trouble("step_not_permitted", of, error.to_string());
            }
            if sheet.acts_for != acts_for(sheet.step, signer.role, &walk.taken) {
                self.trouble(
                    "record_disagrees",
                    of,
                    "it names other roles that the signer stands in for",
                );
            }
            walk.take(&sheet, (key, at, row.text("at")), signer);
        }
        let sha256 = digest::sha256_hex(row.text("document").as_bytes());
        walk.moves.push(Move { entry: at, step_id: key.to_owned(), sha256, sheet });
        walk.state = rule.to;
        walk.after = at;
    }

    /// What the table asks of the step is in its sheet.
    fn guards(&mut self, of: (&str, &str), (rule, sheet): (&Rule, &StepSheet), walk: &Walk) {
        let written = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let fit = match sheet.acceptance.run_after_plan() {
            Some(run) => run.meets_plan || written(&sheet.deviation),
            None => sheet.change.as_ref().is_some_and(ChangeFact::waives_test),
        };
        for guard in rule.guards {
            let met = match guard {
                Guard::ByAuthor | Guard::NotByAuthor => true,
                Guard::Complete => sheet.model_record.is_some() && sheet.acceptance.plan.is_some(),
                Guard::Tested => fit,
                Guard::Reviewed => is_reviewed(&walk.taken),
                Guard::Reason => written(&sheet.reason),
                Guard::EffectiveDay => written(&sheet.effective_on),
                Guard::Successor => sheet.superseded_by.is_some(),
            };
            if !met {
                let detail = format!("`{}` needs to be: {}", sheet.step.word(), guard.words());
                self.trouble("step_not_allowed", of, detail);
            }
        }
    }

    /// Reports name the state in which their batch was judged.
    fn states_of_reports(&mut self, version: &str, states: &[(u64, VersionState)]) {
        for key in self.records.keys("report") {
            let Some(row) = self.records.row("report", &key) else { continue };
            if row.text("version_id") != version {
                continue;
            }
            let Some(stated) = row.optional("version_state") else { continue };
            let before = states.iter().rev().find(|(at, _)| *at < entry(&row));
            let expected = before.map_or(VersionState::Draft, |(_, state)| *state);
            self.same(("report", &key), "state of the version", stated, expected.word());
        }
    }
}

impl Walk {
    fn take(&mut self, sheet: &StepSheet, (id, entry, at): (&str, u64, &str), signer: Account) {
        let Account { id: account_id, user_name, role, .. } = signer;
        if sheet.step == Step::Approve {
            self.approved_on = sheet.acceptance.test_run.as_ref().map(|found| found.run.id.clone());
        }
        if sheet.step == Step::Submit && role == Role::DataScientist {
            self.authors.push(Author { id: account_id.clone(), user_name: user_name.clone() });
        }
        let (id, at, step) = (id.to_owned(), at.to_owned(), sheet.step);
        self.taken.push(Taken { id, step, account_id, user_name, role, at, entry });
    }
}
