//! Redactions, and proposals that were withdrawn: what two people signed is what happened to each row, under no hold; nothing was signed that
//! had been taken back.

use super::changes::Signatures;
use super::legal_holds::Held;
use super::{Examiner, Row, is_canonical};
use crate::access::role::Action;
use crate::review::redaction::{BLIND, RedactedRow, Redaction};
use crate::review::signature::Meaning;
use std::collections::BTreeMap;

const REDACTIONS: &str = "redaction";
const ROWS: &str = "redacted_row";
const WITHDRAWALS: &str = "withdrawal";

/// The ledger entry in which a proposal (table and id) was withdrawn.
pub(super) type Withdrawn = BTreeMap<(String, String), u64>;

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

impl Examiner<'_> {
    /// Every withdrawal: of a proposal that was there, by who proposed it or by QA.
    pub(super) fn withdrawals(&mut self) -> Withdrawn {
        let mut found = Withdrawn::new();
        self.recorded_by_who_may(WITHDRAWALS);
        for (key, row) in self.rows(WITHDRAWALS) {
            let of = (WITHDRAWALS, key.as_str());
            let (table, id) = (row.text("record_table"), row.text("record_id"));
            let is_known = matches!(table, "disposal" | REDACTIONS);
            let proposal = if is_known { self.records.row(table, id) } else { None };
            match proposal.filter(|proposal| entry(proposal) < entry(&row)) {
                None => {
                    let detail =
                        format!("it withdraws {table} `{id}`, which is not there before it");
                    self.trouble("record_dangling", of, detail);
                }
                Some(proposal) => self.withdrawn_by_who_may(of, (&row, &proposal)),
            }
            found.insert((table.to_owned(), id.to_owned()), entry(&row));
        }
        found
    }

    fn withdrawn_by_who_may(&mut self, of: (&str, &str), (row, proposal): (&Row, &Row)) {
        let (at, mut role) = (entry(row), String::new());
        (self.entries)(at..at.saturating_add(1), &mut |entry| role.clone_from(&entry.actor.role));
        let is_of_qa = Action::ApproveDisposal.roles().iter().any(|one| one.word() == role);
        if !is_of_qa && row.text("account_id") != proposal.text("account_id") {
            let detail = "whoever withdrew it neither proposed it nor is of QA";
            self.trouble("step_not_permitted", of, detail);
        }
    }

    /// What was withdrawn was not signed, neither before nor after.
    pub(super) fn not_withdrawn(
        &mut self,
        of: (&str, &str),
        signed: Option<u64>,
        withdrawn: &Withdrawn,
    ) {
        let taken_back = withdrawn.get(&(of.0.to_owned(), of.1.to_owned()));
        if let Some((signed, taken_back)) = signed.zip(taken_back) {
            let detail =
                format!("it was signed in entry {signed}, and withdrawn in entry {taken_back}");
            self.trouble("proposal_withdrawn", of, detail);
        }
    }

    /// Every redaction with its signatures, and every row of which values went.
    pub(super) fn redactions(
        &mut self,
        signatures: &mut Signatures,
        (holds, withdrawn): (&[Held], &Withdrawn),
    ) {
        let mut gone: BTreeMap<String, Vec<(String, Row)>> = BTreeMap::new();
        for (key, row) in self.rows(ROWS) {
            gone.entry(row.text("redaction_id").to_owned()).or_default().push((key, row));
        }
        for (key, row) in self.rows(REDACTIONS) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let of = (REDACTIONS, key.as_str());
            let columns = ("document", "sha256");
            let Some(redaction) = self.document::<Redaction>((of.0, of.1, &row), columns) else {
                continue;
            };
            self.examined.redactions += 1;
            self.redaction_stated(of, &row, &redaction);
            let meanings = (Meaning::ProposesRedaction, Meaning::ApprovesRedaction);
            let went = self.signed_by_two((of, &row), meanings, &signed);
            self.not_withdrawn(of, went, withdrawn);
            self.redacted((of, went), &redaction, &gone.remove(&key).unwrap_or_default());
            for one in &redaction.rows {
                self.row_stated((of, went), one);
                for at in [Some(entry(&row)), went].into_iter().flatten() {
                    self.row_not_held(of, one, (holds, at));
                }
            }
        }
        for (key, row) in gone.values().flatten() {
            let detail =
                format!("it went by redaction `{}`, which is not there", row.text("redaction_id"));
            self.trouble("record_dangling", (ROWS, key), detail);
        }
    }

    /// It says what it must, in canonical JSON, and its row says the same.
    fn redaction_stated(&mut self, of: (&str, &str), row: &Row, redaction: &Redaction) {
        if !is_canonical(redaction, row.text("document")) {
            self.trouble("document_invalid", of, "the redaction is not canonical JSON");
        }
        if let Err(error) = redaction.validate() {
            self.trouble("redaction_not_valid", of, error.to_string());
        }
        self.same(of, "reason", &redaction.reason, row.text("reason"));
        let (found, stated) = (redaction.rows.len() as u64, row.number("rows"));
        if stated != Some(found) {
            let detail = format!("it names {found} rows, its row says {stated:?}");
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// With the second signature, and only with it, exactly its rows were redacted.
    fn redacted(
        &mut self,
        (of, went): ((&str, &str), Option<u64>),
        redaction: &Redaction,
        rows: &[(String, Row)],
    ) {
        let Some(at) = went else {
            for (key, _) in rows {
                let detail = "it is said to have been redacted, and not two people signed that";
                self.trouble("redaction_not_signed", (ROWS, key), detail);
            }
            return;
        };
        for (key, row) in rows {
            let is_stated = redaction.rows.iter().any(|one| {
                one.table == row.text("record_table")
                    && one.record == row.text("record_id")
                    && one.listed_sha256 == row.text("listed_sha256")
                    && one.found_sha256 == row.text("found_sha256")
                    && one.left_sha256 == row.text("left_sha256")
                    && entry(row) == at
            });
            if !is_stated {
                let detail = "it is not a row that its redaction names, or went with another entry";
                self.trouble("record_disagrees", (ROWS, key), detail);
            }
        }
        if rows.len() != redaction.rows.len() {
            let detail = format!(
                "it names {} rows, {} are recorded as redacted",
                redaction.rows.len(),
                rows.len()
            );
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// What it says of a row is what the row says, and the values are gone where it was signed. What a pack does not hold, it cannot be
    /// held against.
    fn row_stated(&mut self, (of, went): ((&str, &str), Option<u64>), stated: &RedactedRow) {
        let Some(row) = self.records.row(&stated.table, &stated.record) else { return };
        if entry(&row) != stated.entry {
            self.trouble("record_disagrees", of, "it names another entry of a row");
        }
        if let Some(version) = row.optional("version_id") {
            let named = stated.version_id.as_deref().unwrap_or_default();
            self.same(of, "version of a row", named, version);
        }
        if went.is_none() {
            return;
        }
        let is_left = |column: &String| !row.text(column).contains(&stated.marker);
        if row.optional(BLIND).is_some() || stated.columns.iter().any(is_left) {
            let detail = format!("{} still holds what it says to be gone", stated.words());
            self.trouble("redaction_not_done", of, detail);
        }
    }

    /// No hold that covers the row was in force at the ledger entry `at`.
    fn row_not_held(&mut self, of: (&str, &str), row: &RedactedRow, (holds, at): (&[Held], u64)) {
        let is_over =
            |hold: &&Held| hold.from < at && at < hold.until && hold.scope.covers_row(row);
        if let Some(hold) = holds.iter().find(is_over) {
            let detail = format!("legal hold `{}` covered one of its rows at entry {at}", hold.id);
            self.trouble("redaction_under_hold", of, detail);
        }
    }
}
