//! Periodic reviews: each is canonical, counts what the ledger holds in its range, goes on from the signed one before it, was signed once at
//! most, by who held it, who had no part in what a review of the audit trail covers; and while one of these was overdue, no version was
//! approved and no alert closed.

use super::changes::Signatures;
use super::{Examiner, is_canonical};
use crate::access::role::{Action, Role};
use crate::evidence::records::Row;
use crate::review::due::day_of;
use crate::review::periodic_review::PeriodicReview;
use crate::review::review_kind::{ReviewKind, meaning};
use std::collections::{BTreeMap, BTreeSet};

/// The record table of periodic reviews.
const REVIEWS: &str = "periodic_review";
/// Steps that rest on a reviewed audit trail: record table and step.
const RESTING: [(&str, &str); 2] = [("version_step", "approve"), ("episode_step", "close")];

/// A signed review of the audit trail.
struct Signed {
    entry: u64,
    until: u64,
    next_due: String,
}

impl Examiner<'_> {
    /// All periodic reviews and their signatures; then every step that rests on them.
    pub(super) fn periodic_reviews(&mut self, signatures: &mut Signatures) {
        let mut rows = self.rows(REVIEWS);
        rows.sort_by_key(|(_, row)| row.number("entry"));
        let mut known: BTreeMap<ReviewKind, Vec<Signed>> = BTreeMap::new();
        let mut held = Vec::new();
        for (key, row) in &rows {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let Some(review) = self.periodic_review(key, row) else { continue };
            for (id, signature) in &signed {
                let of = ("record_signature", id.as_str());
                self.same(of, "digest signed", &signature.record.sha256, row.text("sha256"));
                let expected = meaning(review.kind).words();
                self.same(of, "meaning of the signature", signature.meaning.words(), expected);
                self.same(of, "signer", &signature.signer.id, row.text("account_id"));
                let entry = self.records.row(of.0, id).and_then(|row| row.number("entry"));
                known.entry(review.kind).or_default().push(Signed {
                    entry: entry.unwrap_or(u64::MAX),
                    until: review.until,
                    next_due: review.next_due.clone(),
                });
            }
            if signed.len() > 1 {
                let detail = format!("{} signatures are over it; it has one at most", signed.len());
                self.trouble("review_not_permitted", (REVIEWS, key), detail);
            }
            held.push((key, row, review));
        }
        for (key, row, review) in held {
            let at = row.number("entry").unwrap_or_default();
            let before = known.get(&review.kind).into_iter().flatten().filter(|one| one.entry < at);
            let goes_on = before.map(|one| one.until).max().unwrap_or_default();
            let stated = review.from.to_string();
            self.same((REVIEWS, key), "first entry", &stated, &goes_on.to_string());
        }
        self.resting(&known);
    }

    fn periodic_review(&mut self, key: &str, row: &Row) -> Option<PeriodicReview> {
        let of = (REVIEWS, key);
        let columns = ("document", "sha256");
        let review = self.document::<PeriodicReview>((of.0, of.1, row), columns)?;
        self.examined.periodic_reviews += 1;
        if !is_canonical(&review, row.text("document")) {
            self.trouble("document_invalid", of, "the review is not canonical JSON");
        }
        if let Err(error) = review.validate(row.text("at")) {
            self.trouble("review_not_valid", of, error.to_string());
        }
        self.same(of, "kind", review.kind.word(), row.text("kind"));
        self.same(of, "next day", &review.next_due, row.text("next_due"));
        for (column, stated) in [("from_entry", review.from), ("until_entry", review.until)] {
            let stored = row.number(column).unwrap_or(u64::MAX).to_string();
            self.same(of, column, &stated.to_string(), &stored);
        }
        let own = row.number("entry").unwrap_or_default();
        if review.until > own {
            let detail = format!("it covers entries up to {}, its own is {own}", review.until);
            self.trouble("review_not_valid", of, detail);
            return Some(review);
        }
        if let Some(account) = self.named((of.0, of.1, row), "account_id", "account") {
            self.same(of, "who held it", &review.held_by, account.text("user_name"));
            let role = self.role_at(&account, row.text("at"));
            if !Role::parse(&role).is_ok_and(|role| Action::HoldReview.roles().contains(&role)) {
                let detail = format!("a {role} may not hold a review");
                self.trouble("review_not_permitted", of, detail);
            }
        }
        self.covered(of, row, &review);
        if review.kind == ReviewKind::Access {
            self.accounts_seen(of, row, &review);
        }
        Some(review)
    }

    /// What the ledger holds in the range, and who did it.
    fn covered(&mut self, of: (&str, &str), row: &Row, review: &PeriodicReview) {
        let covers = review.kind.covers();
        let (mut found, mut own) = (BTreeMap::new(), None);
        (self.entries)(review.from..review.until, &mut |entry| {
            if covers.contains(&entry.kind.as_str()) {
                *found.entry(entry.kind.to_string()).or_insert(0_u64) += 1;
                if entry.actor.id == row.text("account_id") {
                    own = own.or(Some(entry.idx));
                }
            }
        });
        if found != review.covered {
            let detail = "the entries it counts are not those of the ledger in its range";
            self.trouble("record_disagrees", of, detail);
        }
        if let Some(index) = own.filter(|_| review.kind.is_of_trail()) {
            let detail = format!("{} acted in what it covers: entry {index}", review.held_by);
            self.trouble("review_not_permitted", of, detail);
        }
    }

    /// Every account that was there, with its role.
    fn accounts_seen(&mut self, of: (&str, &str), row: &Row, review: &PeriodicReview) {
        let mut there = BTreeSet::new();
        for (_, account) in self.rows("account") {
            if account.number("entry").is_some_and(|entry| entry < review.until) {
                let role = self.role_at(&account, row.text("at"));
                there.insert((account.text("user_name").to_owned(), role));
            }
        }
        let seen = review.accounts.iter().map(|one| (one.user_name.clone(), one.role.clone()));
        if seen.collect::<BTreeSet<_>>() != there {
            let detail = "the accounts and roles it lists are not those that were there";
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// Steps that were taken while a review of the audit trail was overdue.
    fn resting(&mut self, known: &BTreeMap<ReviewKind, Vec<Signed>>) {
        let trail: Vec<_> = known.iter().filter(|(kind, _)| kind.is_of_trail()).collect();
        if trail.is_empty() {
            return;
        }
        for (table, step) in RESTING {
            for (key, row) in self.rows(table) {
                if row.text("step") != step {
                    continue;
                }
                let (entry, day) =
                    (row.number("entry").unwrap_or_default(), day_of(row.text("at")));
                for (kind, reviews) in &trail {
                    let before = reviews.iter().filter(|one| one.entry < entry);
                    let Some(last) = before.max_by_key(|one| (one.until, one.entry)) else {
                        continue;
                    };
                    let due = last.next_due.parse().ok();
                    if day.zip(due).is_none_or(|(day, due): (_, jiff::civil::Date)| day > due) {
                        let detail = format!(
                            "the review of {} was due on {}: `{step}` was not allowed",
                            kind.word(),
                            last.next_due
                        );
                        self.trouble("step_not_allowed", (table, &key), detail);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::entry::EntryType;

    #[test] // A11d-12.5
    fn every_entry_type_is_covered_by_one_review_of_the_trail_at_most() {
        let known: Vec<&str> = EntryType::ALL.iter().map(|kind| kind.as_str()).collect();
        let mut system = ReviewKind::System.covers();
        system.sort_unstable();
        let mut all = known.clone();
        all.sort_unstable();
        assert_eq!(system, all, "every entry type has its line in the table, once");
        for kind in ReviewKind::ALL {
            assert!(kind.covers().iter().all(|word| known.contains(word)), "{kind:?}");
        }
        // A person's own credentials, and reviews, are looked at by those of access rights and of the system.
        let trail = ReviewKind::ALL.into_iter().filter(|kind| kind.is_of_trail());
        let covered: Vec<&str> = trail.flat_map(ReviewKind::covers).collect();
        for word in ["decision.sign", "role.answer", "batch.ingest"] {
            assert_eq!(covered.iter().filter(|one| **one == word).count(), 1, "{word}");
        }
        for word in ["account.credential", "review.sign"] {
            assert!(!covered.contains(&word), "{word}");
        }
    }
}
