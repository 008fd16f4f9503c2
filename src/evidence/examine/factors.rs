//! Second factors: every state of one came about by an entry that brings it about, by its owner or by somebody else as that asks; a temporary
//! code was issued by whose role may, for a while only, and used once, while it was good.

use super::{Examiner, Row};
use crate::access::role::Action;
use crate::access::second_factor::{FactorState, TEMPORARY_HOURS_MAX};
use crate::clock::milliseconds_between;
use crate::ledger::entry::EntryType;
use std::collections::BTreeMap;

/// The record table of second factors.
const FACTORS: &str = "second_factor";

/// Which states entries of a type bring about, and whether the owner acts in them; none where both the owner and others do.
const BROUGHT_ABOUT: [(EntryType, &[FactorState], Option<bool>); 6] = [
    (EntryType::FactorEnrol, &[FactorState::Enrolled], Some(true)),
    (EntryType::FactorRemovalAsk, &[FactorState::RemovalAsked], Some(false)),
    (EntryType::FactorRemove, &[FactorState::None, FactorState::Enrolled], Some(false)),
    (EntryType::FactorTemporary, &[FactorState::Temporary], Some(false)),
    (EntryType::FactorTemporaryUse, &[FactorState::ToEnrol], Some(true)),
    (EntryType::SigningHold, &[FactorState::None], None),
];

impl Examiner<'_> {
    /// All rows about second factors, in the order of the ledger.
    pub(super) fn second_factors(&mut self) {
        let mut newest: BTreeMap<String, Row> = BTreeMap::new();
        for (key, row) in self.in_order(FACTORS) {
            let of = (FACTORS, key.as_str());
            self.examined.second_factors += 1;
            self.brought_about(of, &row);
            let before = newest.get(row.text("account_id"));
            match row.text("state") {
                "temporary" => self.issued(of, &row),
                "to_enrol" if !before.is_some_and(|issued| is_good(issued, row.text("at"))) => {
                    let detail = "no temporary code was good that it could have used";
                    self.trouble("factor_not_valid", of, detail);
                }
                _ => {}
            }
            newest.insert(row.text("account_id").to_owned(), row);
        }
    }

    /// That an entry of another type records it, or another person, is told where acts are.
    fn brought_about(&mut self, of: (&str, &str), row: &Row) {
        let Some(index) = row.number("entry") else { return };
        let mut kind = None;
        (self.entries)(index..index.saturating_add(1), &mut |entry| kind = Some(entry.kind));
        let found = BROUGHT_ABOUT.iter().find(|brought| Some(brought.0) == kind);
        let Some((kind, states, by_owner)) = found else { return };
        let state = row.text("state");
        if !states.iter().any(|one| one.word() == state) {
            let detail = format!("it says `{state}`, which entry {index}, a `{kind}`, is not");
            self.trouble("factor_not_valid", of, detail);
        }
        let own = row.text("account_id") == row.text("by_account_id");
        if by_owner.is_some_and(|by_owner| by_owner != own) {
            let who = if own { "its owner" } else { "somebody else than its owner" };
            let detail = format!("{who} acted in entry {index}, a `{kind}`");
            self.trouble("factor_not_valid", of, detail);
        }
    }

    /// A temporary code is issued by whose role may, and is good for a while.
    fn issued(&mut self, of: (&str, &str), row: &Row) {
        let (at, until) = (row.text("at"), row.text("expires_at"));
        let hours = u64::from(TEMPORARY_HOURS_MAX);
        let good_for = milliseconds_between(at, until).filter(|_| until > at);
        if good_for.is_none_or(|milliseconds| milliseconds > hours * 3_600_000) {
            let detail =
                format!("issued {at}, good until `{until}`: expected {hours} hours at most");
            self.trouble("factor_not_valid", of, detail);
        }
        let Some(account) = self.records.row("account", row.text("by_account_id")) else { return };
        let role = self.role_at(&account, at);
        if !Action::ManageAccounts.roles().iter().any(|may| may.word() == role) {
            let detail = format!("`{role}` may not issue a temporary code");
            self.trouble("factor_not_valid", of, detail);
        }
    }
}

/// Whether `issued` is a temporary code that was good at a time.
fn is_good(issued: &Row, at: &str) -> bool {
    issued.text("state") == "temporary" && at < issued.text("expires_at")
}
