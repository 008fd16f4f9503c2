//! Change records: what differs is computed again where both registrations are at hand, author and QA signed the same bytes, and no
//! version that came after an approved one was submitted without its change record.

use super::succession::Move;
use super::{Examiner, Row, is_canonical};
use crate::provenance::registration::Registration;
use crate::provenance::risk::Tier;
use crate::provenance::version_difference::VersionDifference;
use crate::review::change_record::{
    CHANGE_RECORD_FORMAT, ChangeFact, ChangeRecord, next_signature,
};
use crate::review::life_cycle::{Author, Guard, Rule, Step};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use std::collections::BTreeMap;

/// The record table of change records.
pub(super) const CHANGES: &str = "change_record";

/// Signatures by the id of the record they are over.
pub(super) type Signatures = BTreeMap<String, Vec<(String, RecordSignature)>>;

/// A change record with the ledger entries of its signatures.
struct Known {
    version_id: String,
    fact: ChangeFact,
    authored: Option<u64>,
    approved: Option<u64>,
}

impl Examiner<'_> {
    /// All change records and their signatures; then every step that needed one.
    pub(super) fn changes(&mut self, signatures: &mut Signatures, moves: &[Move]) {
        let mut known: Vec<Known> = Vec::new();
        for (key, row) in self.rows(CHANGES) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            if let Some(record) = self.change_record(&key, &row) {
                known.push(self.change_signatures((&key, &row), &record, &signed));
            }
        }
        known.sort_by_key(|change| change.fact.entry);
        for one in moves {
            self.cited_change(one, &known);
            self.change_needed(one, moves);
        }
    }

    fn change_record(&mut self, key: &str, row: &Row) -> Option<ChangeRecord> {
        let of = (CHANGES, key);
        let record = self.document::<ChangeRecord>((of.0, of.1, row), ("document", "sha256"))?;
        self.examined.changes += 1;
        if !is_canonical(&record, row.text("document")) {
            self.trouble("document_invalid", of, "the change record is not canonical JSON");
        }
        self.same(of, "format", &record.format, CHANGE_RECORD_FORMAT);
        self.same(of, "version", &record.version_id, row.text("version_id"));
        self.same(of, "version it follows", &record.follows.version_id, row.text("follows_id"));
        if let Err(error) = record.validate() {
            self.trouble("change_not_valid", of, error.to_string());
        }
        let after = self.named((of.0, of.1, row), "version_id", "model_version")?;
        self.same(of, "model", &record.model, after.text("model"));
        self.same(of, "registration", &record.registration_sha256, after.text("content_sha256"));
        // A pack of one version does not hold the version before; its digest stands in the record.
        let Some(before) = self.records.row("model_version", &record.follows.version_id) else {
            return Some(record);
        };
        let stated = &record.follows.registration_sha256;
        self.same(of, "registration it follows", stated, before.text("content_sha256"));
        self.same(of, "version it follows", &record.follows.version, before.text("version"));
        let read = |row: &Row| serde_json::from_str::<Registration>(row.text("registration")).ok();
        if let Some((before, after)) = read(&before).zip(read(&after))
            && VersionDifference::between(&before, &after) != record.difference
        {
            let detail = "what it says differs is not what differs between the two registrations";
            self.trouble("record_disagrees", of, detail);
        }
        Some(record)
    }

    fn change_signatures(
        &mut self,
        (key, row): (&str, &Row),
        record: &ChangeRecord,
        signed: &[(String, RecordSignature)],
    ) -> Known {
        let mut known = Known {
            version_id: record.version_id.clone(),
            fact: ChangeFact {
                id: key.to_owned(),
                sha256: row.text("sha256").to_owned(),
                entry: row.number("entry").unwrap_or(u64::MAX),
                retest: record.statement.retest,
                authored: false,
                approved: false,
            },
            authored: None,
            approved: None,
        };
        let mut signed: Vec<_> = signed.iter().map(|(id, s)| (self.entry_of(id), id, s)).collect();
        signed.sort_by_key(|(entry, ..)| *entry);
        for (entry, id, signature) in signed {
            let of = ("record_signature", id.as_str());
            if signature.record.sha256 != known.fact.sha256 {
                let (found, sha256) = (&signature.record.sha256, &known.fact.sha256);
                let detail = format!("it signs {found}, the change record is {sha256}");
                self.trouble("signature_of_other_bytes", of, detail);
            }
            let authors = self.makers(&record.version_id, entry);
            let so_far = (known.authored.is_some(), known.approved.is_some());
            match next_signature(&signature.signer, &authors, so_far) {
                Err(error) => self.trouble("change_not_permitted", of, error.to_string()),
                Ok(meaning) if meaning != signature.meaning => {
                    let (found, expected) = (signature.meaning.words(), meaning.words());
                    self.same(of, "meaning of the signature", found, expected);
                }
                Ok(Meaning::AuthoredChange) => known.authored = Some(entry),
                Ok(_) => known.approved = Some(entry),
            }
        }
        known
    }

    fn entry_of(&mut self, signature: &str) -> u64 {
        let row = self.records.row("record_signature", signature);
        row.and_then(|row| row.number("entry")).unwrap_or(u64::MAX)
    }

    /// Who made a version before a ledger entry.
    pub(super) fn makers(&mut self, version_id: &str, before: u64) -> Vec<Author> {
        let mut accounts = Vec::new();
        if let Some(row) = self.records.row("model_version", version_id) {
            accounts.push(row.text("registered_by").to_owned());
        }
        for table in ["model_record", "acceptance_plan", "test_run", CHANGES, "version_step"] {
            for (_, row) in self.rows(table) {
                let is_step = table == "version_step" && row.text("step") != "submit";
                let is_before = row.number("entry").is_some_and(|entry| entry < before);
                if row.text("version_id") == version_id && is_before && !is_step {
                    accounts.push(row.text("account_id").to_owned());
                }
            }
        }
        accounts.into_iter().map(|id| Author { id, user_name: String::new() }).collect()
    }

    /// What a sheet says about the change record is what was recorded and signed before it.
    fn cited_change(&mut self, one: &Move, known: &[Known]) {
        let of = ("version_step", one.step_id.as_str());
        let its = |change: &&Known| {
            change.version_id == one.sheet.version_id && change.fact.entry < one.entry
        };
        let in_force = known.iter().rev().find(its).map(|change| ChangeFact {
            authored: change.authored.is_some_and(|entry| entry < one.entry),
            approved: change.approved.is_some_and(|entry| entry < one.entry),
            ..change.fact.clone()
        });
        let is_here = self.records.row("model_version", &one.sheet.version_id).is_some();
        if is_here && in_force != one.sheet.change {
            let detail =
                "it states another change record, or other signatures over it, than there were";
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// A version that comes after an approved one is not submitted, reviewed or approved without its change record.
    fn change_needed(&mut self, one: &Move, moves: &[Move]) {
        let Some(rule) = Rule::of(one.sheet.from, one.sheet.step) else { return };
        let others = || {
            moves.iter().filter(|other| {
                other.sheet.model == one.sheet.model
                    && other.sheet.version_id != one.sheet.version_id
                    && other.entry < one.entry
            })
        };
        let withdrawn =
            |id: &str| others().any(|m| m.sheet.version_id == id && m.sheet.step == Step::Withdraw);
        let follows = others()
            .any(|m| m.sheet.step == Step::Approve && !withdrawn(m.sheet.version_id.as_str()));
        let change = one.sheet.change.as_ref();
        let of = ("version_step", one.step_id.as_str());
        let mut missing = |detail: &str| self.trouble("step_not_allowed", of, detail);
        if rule.needs(Guard::Complete) && follows && !change.is_some_and(|change| change.authored) {
            missing(
                "it comes after an approved version, and no signed change record says what changed",
            );
        }
        let Some(change) = change.filter(|_| rule.needs(Guard::Tested)) else { return };
        if one.sheet.tier.is_some_and(|tier| tier >= Tier::Medium) && !change.approved {
            missing("QA had not approved its change record");
        }
        let run = one.sheet.acceptance.run_after_plan();
        if change.retest && run.is_none_or(|found| found.run.entry <= change.entry) {
            missing("its change record asks for a test, and no test run came after it");
        }
    }
}
