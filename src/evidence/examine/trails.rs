//! What was laid out of the audit trail to whoever approved a version or closed an alert is what the ledger holds, and nobody approved or
//! closed while a critical entry was not looked at. Steps of earlier programs state nothing about it.

use super::{Examiner, Row};
use crate::review::episode_sheet::EpisodeSheet;
use crate::review::step_sheet::StepSheet;
use crate::review::trail_seen::{OwnEntry, TrailSeen, laid_out};
use std::collections::BTreeMap;

/// Steps that rest on the trail of their record: record table, column of the record, step.
const RESTING: [(&str, &str, &str); 2] =
    [("version_step", "version_id", "approve"), ("episode_step", "episode_id", "close")];

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

impl Examiner<'_> {
    /// Every approval and every closure that lays a trail out.
    pub(super) fn trails(&mut self) {
        for (table, column, step) in RESTING {
            let rows = self.rows(table);
            let mut steps: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
            for (_, row) in &rows {
                let of = steps.entry(row.text(column).to_owned()).or_default();
                of.insert(entry(row), row.text("step").to_owned());
            }
            let mut stated = Vec::new();
            for (key, row) in rows.into_iter().filter(|(_, row)| row.text("step") == step) {
                let trail = match table {
                    "version_step" => serde_json::from_str::<StepSheet>(row.text("document"))
                        .ok()
                        .and_then(|sheet| sheet.trail),
                    _ => serde_json::from_str::<EpisodeSheet>(row.text("document"))
                        .ok()
                        .and_then(|sheet| sheet.trail),
                };
                stated.extend(trail.map(|trail| (key, row, trail)));
            }
            if stated.is_empty() {
                continue;
            }
            let mut own = self.entries_about(steps.keys());
            for (key, row, trail) in stated {
                let record = row.text(column);
                let about = own.entry(record.to_owned()).or_default();
                self.trail((table, &key, &row), &trail, (about, &steps[record]));
            }
        }
    }

    /// The entries that are laid out, by the records that they are about.
    fn entries_about<'a>(
        &mut self,
        records: impl Iterator<Item = &'a String>,
    ) -> BTreeMap<String, Vec<(u64, &'static str)>> {
        let kinds = laid_out();
        let mut found: BTreeMap<String, Vec<(u64, &'static str)>> =
            records.map(|record| (record.clone(), Vec::new())).collect();
        (self.entries)(0..u64::MAX, &mut |entry| {
            let Some(kind) = kinds.iter().find(|kind| **kind == entry.kind.as_str()) else {
                return;
            };
            for subject in &entry.subj {
                let Some(own) = found.get_mut(&subject.id) else { continue };
                if own.last() != Some(&(entry.idx, *kind)) {
                    own.push((entry.idx, kind));
                }
            }
        });
        found
    }

    fn trail(
        &mut self,
        (table, key, row): (&str, &str, &Row),
        trail: &TrailSeen,
        (about, steps): (&[(u64, &'static str)], &BTreeMap<u64, String>),
    ) {
        let before = about.iter().filter(|(index, _)| *index < entry(row));
        let own: Vec<OwnEntry<'_>> = before
            .map(|(entry, kind)| OwnEntry {
                entry: *entry,
                kind,
                step: steps.get(entry).map(String::as_str),
            })
            .collect();
        let expected = TrailSeen { reviewed: trail.reviewed, ..TrailSeen::of(&own) };
        if *trail != expected {
            let detail = format!(
                "it lays out {} entries up to {} with {} critical ones; the ledger holds {} up to {} with {}",
                trail.entries,
                trail.last,
                trail.critical.len(),
                expected.entries,
                expected.last,
                expected.critical.len()
            );
            self.trouble("trail_not_laid_out", (table, key), detail);
        }
        if let Err(error) = trail.check() {
            self.trouble("trail_not_reviewed", (table, key), error.to_string());
        }
    }
}
