//! Retention, legal holds and disposals: what two people signed away was due by the policy in force, under no hold, and named by the records
//! that the disposal says; every file that is said to have gone went by such a disposal.

use super::changes::Signatures;
use super::legal_holds::{HOLDS, Held};
use super::{Examiner, Row, is_canonical};
use crate::access::role::Action;
use crate::digest;
use crate::review::disposal::{Disposal, DisposedFile, FileUse};
use crate::review::due::day_of;
use crate::review::file_kind::FileKind;
use crate::review::record_signature::RecordSignature;
use crate::review::retention::RetentionPolicy;
use crate::review::signature::Meaning;
use std::collections::BTreeMap;

const POLICIES: &str = "retention_policy";
const CLASSES: &str = "version_retention";
const DISPOSALS: &str = "disposal";
const OBJECTS: &str = "disposed_object";

/// The records that name files and are here, by the BLAKE3 of the file.
type UsesHere = BTreeMap<String, Vec<(FileKind, String, u64)>>;

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

impl Examiner<'_> {
    /// Policies, holds with the records that lift them, disposals with their signatures.
    pub(super) fn disposals(&mut self, signatures: &mut Signatures) {
        for table in [POLICIES, CLASSES, HOLDS] {
            self.recorded_by_who_may(table);
        }
        let policies = self.retention_policies();
        let holds = self.holds(signatures);
        let withdrawn = self.withdrawals();
        self.redactions(signatures, (&holds, &withdrawn));
        let mut gone: BTreeMap<String, Vec<(String, Row)>> = BTreeMap::new();
        for (key, row) in self.rows(OBJECTS) {
            gone.entry(row.text("disposal_id").to_owned()).or_default().push((key, row));
        }
        let disposals = self.rows(DISPOSALS);
        let here = if disposals.is_empty() { UsesHere::new() } else { self.uses_here() };
        for (key, row) in disposals {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let of = (DISPOSALS, key.as_str());
            let Some(disposal) =
                self.document::<Disposal>((of.0, of.1, &row), ("document", "sha256"))
            else {
                continue;
            };
            self.examined.disposals += 1;
            self.disposal_stated(of, &row, &disposal);
            let meanings = (Meaning::ProposesDisposal, Meaning::ApprovesDisposal);
            let went = self.signed_by_two((of, &row), meanings, &signed);
            self.not_withdrawn(of, went, &withdrawn);
            self.went((of, went), &disposal, &gone.remove(&key).unwrap_or_default());
            // Composed once more when it was signed, it said the same.
            let at = went.unwrap_or_else(|| entry(&row));
            self.was_due((of, at), &disposal, (&policies, &here));
            for at in [Some(entry(&row)), went].into_iter().flatten() {
                self.was_not_held(of, &disposal, (&holds, at));
            }
        }
        for (key, row) in gone.values().flatten() {
            let detail =
                format!("it went by disposal `{}`, which is not there", row.text("disposal_id"));
            self.trouble("record_dangling", (OBJECTS, key), detail);
        }
    }

    /// What is recorded without a signature was recorded by the account it names, in a role that may.
    pub(super) fn recorded_by_who_may(&mut self, table: &str) {
        for (key, row) in self.rows(table) {
            let (at, mut actor) = (entry(&row), None);
            (self.entries)(at..at.saturating_add(1), &mut |entry| {
                actor = Some(entry.actor.clone());
            });
            let Some(actor) = actor else { continue };
            let may = Action::KeepRetention.roles().iter().any(|role| role.word() == actor.role);
            if !may || actor.id != row.text("account_id") {
                let detail = format!(
                    "`{}` recorded it as {}, and may not {} or is somebody else than it names",
                    actor.id,
                    actor.role,
                    Action::KeepRetention.words()
                );
                self.trouble("step_not_permitted", (table, &key), detail);
            }
        }
    }

    fn retention_policies(&mut self) -> Vec<(u64, String, RetentionPolicy)> {
        let mut found = Vec::new();
        for (key, row) in self.rows(POLICIES) {
            let of = (POLICIES, key.as_str());
            let columns = ("document", "sha256");
            let Some(policy) = self.document::<RetentionPolicy>((of.0, of.1, &row), columns) else {
                continue;
            };
            if let Err(error) = policy.validate() {
                self.trouble("retention_not_valid", of, error.to_string());
            }
            found.push((entry(&row), row.text("sha256").to_owned(), policy));
        }
        found.sort_by_key(|(at, ..)| *at);
        found
    }

    /// It says what it must, in canonical JSON, and its row says the same.
    fn disposal_stated(&mut self, of: (&str, &str), row: &Row, disposal: &Disposal) {
        if !is_canonical(disposal, row.text("document")) {
            self.trouble("document_invalid", of, "the disposal is not canonical JSON");
        }
        let valid = day_of(row.text("at")).map(|day| disposal.validate(day));
        match valid {
            None => self.trouble("disposal_not_valid", of, "its row has no time"),
            Some(Err(error)) => self.trouble("disposal_not_valid", of, error.to_string()),
            Some(Ok(())) => {}
        }
        self.same(of, "reason", &disposal.reason, row.text("reason"));
        let (found, stated) = (disposal.files.len() as u64, row.number("files"));
        if stated != Some(found) {
            let detail = format!("it names {found} files, its row says {stated:?}");
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// Signatures in their order: who proposed it, then another person who may; gives the entry of the second one.
    pub(super) fn signed_by_two(
        &mut self,
        (of, row): ((&str, &str), &Row),
        (proposing, approving): (Meaning, Meaning),
        signed: &[(String, RecordSignature)],
    ) -> Option<u64> {
        let mut in_order: Vec<(u64, &String, &RecordSignature)> = Vec::new();
        for (id, signature) in signed {
            let at = self.records.row("record_signature", id).map_or(u64::MAX, |row| entry(&row));
            in_order.push((at, id, signature));
        }
        in_order.sort_by_key(|(at, ..)| *at);
        let sha256 = digest::sha256_hex(row.text("document").as_bytes());
        for (_, id, signature) in &in_order {
            if signature.record.sha256 != sha256 {
                let detail =
                    format!("it signs {}, the {} is {sha256}", signature.record.sha256, of.0);
                self.trouble("signature_of_other_bytes", ("record_signature", id), detail);
            }
        }
        let proposer = row.text("account_id");
        let Some((at, _, first)) = in_order.first() else {
            self.trouble("step_not_signed", of, "who proposed it did not sign it");
            return None;
        };
        let is_proposal =
            first.meaning == proposing && first.signer.id == proposer && *at == entry(row);
        if !is_proposal || !Action::KeepRetention.roles().contains(&first.signer.role) {
            let detail =
                "its first signature is not that of who proposed it and may, in the same entry";
            self.trouble("step_not_permitted", of, detail);
        }
        let (at, _, second) = in_order.get(1)?;
        let approves = second.meaning == approving
            && second.signer.id != proposer
            && Action::ApproveDisposal.roles().contains(&second.signer.role);
        if !approves {
            let detail = "its second signature is not that of another person who may approve it";
            self.trouble("step_not_permitted", of, detail);
        }
        if in_order.len() > 2 {
            let detail = format!("{} signatures are over it, expected 2", in_order.len());
            self.trouble("step_not_permitted", of, detail);
        }
        approves.then_some(*at)
    }

    /// With the second signature, and only with it, exactly its files went.
    fn went(
        &mut self,
        (of, went): ((&str, &str), Option<u64>),
        disposal: &Disposal,
        objects: &[(String, Row)],
    ) {
        let Some(at) = went else {
            for (key, _) in objects {
                let detail = "it is said to have gone, and not two people signed its disposal";
                self.trouble("disposal_not_signed", (OBJECTS, key), detail);
            }
            return;
        };
        for (key, row) in objects {
            let file = disposal.files.iter().find(|file| file.blake3 == row.text("blake3"));
            let same = file.is_some_and(|file| {
                row.number("bytes") == Some(file.bytes)
                    && row.optional("sha256") == file.sha256.as_deref()
                    && entry(row) == at
            });
            if !same {
                let detail = "it is not a file that its disposal names, or went with another entry";
                self.trouble("record_disagrees", (OBJECTS, key), detail);
            }
        }
        if objects.len() != disposal.files.len() {
            let detail = format!(
                "it names {} files, {} are recorded as gone",
                disposal.files.len(),
                objects.len()
            );
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// No hold that covers one of its files was in force at the ledger entry `at`.
    fn was_not_held(&mut self, of: (&str, &str), disposal: &Disposal, (holds, at): (&[Held], u64)) {
        let uses = || disposal.files.iter().flat_map(|file| &file.uses);
        let hold = holds.iter().find(|hold| {
            hold.from < at && at < hold.until && uses().any(|one| hold.scope.covers(one))
        });
        if let Some(hold) = hold {
            let detail = format!("legal hold `{}` covered one of its files at entry {at}", hold.id);
            self.trouble("disposal_under_hold", of, detail);
        }
    }

    /// It cites the policy in force, and every use is what its record says, in the class and due on the day that follow from these.
    fn was_due(
        &mut self,
        (of, at): ((&str, &str), u64),
        disposal: &Disposal,
        (policies, here): (&[(u64, String, RetentionPolicy)], &UsesHere),
    ) {
        let in_force = policies.iter().rev().find(|(set, ..)| *set < at);
        let Some((set, sha256, policy)) = in_force else {
            let detail = "no retention policy was in force, so everything was kept for ever";
            return self.trouble("disposal_not_valid", of, detail);
        };
        if *set != disposal.policy.entry || *sha256 != disposal.policy.sha256 {
            let detail = "it cites another retention policy than was in force";
            self.trouble("record_disagrees", of, detail);
        }
        for file in &disposal.files {
            let known = here.get(&file.blake3).map(Vec::as_slice).unwrap_or_default();
            for (kind, record, _) in known.iter().filter(|(_, _, came)| *came < at) {
                if !file.uses.iter().any(|one| one.kind == *kind && one.record == *record) {
                    let detail = format!(
                        "file {} is named by {} `{record}` too, and it does not say so",
                        file.blake3,
                        kind.word()
                    );
                    self.trouble("disposal_not_complete", of, detail);
                }
            }
            for stated in &file.uses {
                self.stated_file(of, file, stated);
                self.stated_use((of, at), stated, policy);
            }
        }
    }

    fn uses_here(&mut self) -> UsesHere {
        let mut found = UsesHere::new();
        for kind in FileKind::ALL {
            let (table, column) = kind.column();
            for key in self.records.keys(table) {
                let Some(row) = self.records.row(table, &key) else { continue };
                let Some(blake3) = row.optional(column) else { continue };
                found.entry(blake3.to_owned()).or_default().push((kind, key, entry(&row)));
            }
        }
        found
    }

    /// What it says of a file is what the record says that names it. What a pack does not hold, it cannot be held against.
    fn stated_file(&mut self, of: (&str, &str), file: &DisposedFile, stated: &FileUse) {
        let (table, column) = stated.kind.column();
        let Some(record) = self.records.row(table, &stated.record) else { return };
        let came = record.text("at").get(..10).unwrap_or_default().to_owned();
        self.same(of, "file of a record", record.text(column), &file.blake3);
        self.same(of, "day on which a file came", &stated.came_on, &came);
        if entry(&record) != stated.entry {
            self.trouble("record_disagrees", of, "it names another entry of a record");
        }
        if let Some(sha256) = stated.kind.sha256_column() {
            let found = file.sha256.as_deref().unwrap_or_default();
            self.same(of, "SHA-256 of a file", found, record.text(sha256));
            if record.number("bytes") != Some(file.bytes) {
                self.trouble(
                    "record_disagrees",
                    of,
                    "a file has another length than its record says",
                );
            }
        }
        if let Some(version) = record.optional("version_id") {
            let stated = stated.version_id.as_deref().unwrap_or_default();
            self.same(of, "version of a record", stated, version);
        }
    }

    /// The class and the due day of a use follow from policy, version and days.
    fn stated_use(
        &mut self,
        (of, at): ((&str, &str), u64),
        stated: &FileUse,
        policy: &RetentionPolicy,
    ) {
        let Some(version_id) = stated.version_id.as_deref() else {
            return self.same_use(of, stated, &stated.clone().classed(policy, None));
        };
        let Some(version) = self.records.row("model_version", version_id) else { return };
        self.same(of, "model", stated.model.as_deref().unwrap_or_default(), version.text("model"));
        let named = stated.version.as_deref().unwrap_or_default();
        self.same(of, "version", named, version.text("version"));
        let steps = self.kept("version_step");
        let ended = steps.iter().filter(|(_, step)| {
            step.text("version_id") == version_id
                && matches!(step.text("step"), "retire" | "withdraw")
                && entry(step) < at
        });
        let ended_on = ended.filter_map(|(_, step)| owned(step.text("at").get(..10))).max();
        let classes = self.kept(CLASSES);
        let given = classes
            .iter()
            .filter(|(_, row)| row.text("version_id") == version_id && entry(row) < at)
            .max_by_key(|(_, row)| entry(row));
        let of_version = given.and_then(|(_, row)| row.optional("class"));
        let again = FileUse { ended_on, ..stated.clone() }.classed(policy, of_version);
        self.same_use(of, stated, &again);
    }

    fn same_use(&mut self, of: (&str, &str), stated: &FileUse, again: &FileUse) {
        if stated != again {
            let detail = format!(
                "{} `{}`: it says class {:?}, end of life {:?} and due day {:?}; the records say {:?}, {:?} and {:?}",
                stated.kind.word(),
                stated.record,
                stated.class,
                stated.ended_on,
                stated.due_on,
                again.class,
                again.ended_on,
                again.due_on
            );
            self.trouble("disposal_not_due", of, detail);
        }
    }
}
