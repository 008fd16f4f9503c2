//! Legal holds: from which ledger entry to which each was in force; each was lifted once, by a signature of somebody who may.

use super::changes::Signatures;
use super::{Examiner, Row, is_canonical};
use crate::access::role::Action;
use crate::review::legal_hold::{HoldLift, HoldScope};
use crate::review::signature::Meaning;
use std::collections::BTreeMap;

/// The record table of holds.
pub(super) const HOLDS: &str = "legal_hold";
/// The record table of what lifts them.
const LIFTS: &str = "hold_lift";

/// A hold with the ledger entries between which it was in force.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) scope: HoldScope,
    pub(super) from: u64,
    pub(super) until: u64,
}

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

fn text(column: Option<&str>) -> Option<String> {
    column.map(str::to_owned)
}

impl Examiner<'_> {
    /// Every hold; each is lifted once, signed by somebody who may, over the bytes that name it.
    pub(super) fn holds(&mut self, signatures: &mut Signatures) -> Vec<Held> {
        let mut lifted: BTreeMap<String, u64> = BTreeMap::new();
        for (key, row) in self.rows(LIFTS) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let of = (LIFTS, key.as_str());
            if let Some(signer) = self.signature_over(of, &row, Meaning::LiftsHold, &signed)
                && !Action::LiftHold.roles().contains(&signer.role)
            {
                let detail = format!("a {} may not lift a legal hold", signer.role.word());
                self.trouble("step_not_permitted", of, detail);
            }
            let columns = ("document", "sha256");
            let Some(lift) = self.document::<HoldLift>((of.0, of.1, &row), columns) else {
                continue;
            };
            if !is_canonical(&lift, row.text("document")) {
                self.trouble("document_invalid", of, "the record that lifts it is not canonical");
            }
            if let Err(error) = lift.validate() {
                self.trouble("hold_not_valid", of, error.to_string());
            }
            self.same(of, "hold", &lift.hold, row.text("hold_id"));
            self.same(of, "reason", &lift.reason, row.text("reason"));
            if let Some(hold) = self.named((of.0, of.1, &row), "hold_id", HOLDS) {
                let same = lift.scope == scope_of(&hold)
                    && lift.hold_entry == entry(&hold)
                    && lift.placed_because == hold.text("reason")
                    && entry(&hold) < entry(&row);
                if !same {
                    let detail = "it says something else of the hold than its record";
                    self.trouble("record_disagrees", of, detail);
                }
            }
            lifted.insert(row.text("hold_id").to_owned(), entry(&row));
        }
        let rows = self.rows(HOLDS);
        self.examined.legal_holds += rows.len() as u64;
        rows.into_iter()
            .map(|(id, row)| Held {
                scope: scope_of(&row),
                from: entry(&row),
                until: lifted.get(&id).copied().unwrap_or(u64::MAX),
                id,
            })
            .collect()
    }
}

fn scope_of(hold: &Row) -> HoldScope {
    HoldScope {
        model: text(hold.optional("model")),
        version_id: text(hold.optional("version_id")),
        batch_id: text(hold.optional("batch_id")),
    }
}
