//! What follows from the records: the prediction, the tables, the story.

use super::ledger::Line;
use super::{PackedRecords, Walk};
use crate::digest;
use crate::evidence::manifest::{
    CHECKPOINT, PREDICTION, README, RECORDS, ROW_IDS, STORY, Scope, TABLES, body_file, record_of,
};
use crate::evidence::prediction::{Prediction, row_ids_file};
use crate::evidence::readme::readme;
use crate::evidence::story::{Cover, story};
use crate::evidence::tables;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

impl<R: Read + Seek> Walk<'_, R> {
    /// The prediction that the scope asks for is there, in its batch, and says what its cells say.
    pub(super) fn prediction(&mut self, scope: &Scope) -> Option<Prediction> {
        let file = scope.batch.as_ref().map(|batch| row_ids_file(batch));
        for name in self.names_in(ROW_IDS) {
            if scope.prediction.is_none() || Some(&name) != file.as_ref() {
                self.find("file_unknown", &name, "no row ids of this batch belong in this pack");
            }
        }
        let bytes = self.read(PREDICTION);
        if scope.prediction.is_none() {
            if bytes.is_some() {
                self.find("file_unknown", PREDICTION, "the manifest asks for no prediction");
            }
            return None;
        }
        self.required(PREDICTION);
        let prediction: Prediction = match serde_json::from_slice(&bytes?) {
            Ok(prediction) => prediction,
            Err(error) => {
                self.find("prediction_invalid", PREDICTION, error.to_string());
                return None;
            }
        };
        let canonical = digest::canonical_json(&prediction).ok();
        if canonical != self.read(PREDICTION) {
            self.find("prediction_invalid", PREDICTION, "it is not canonical JSON (RFC 8785)");
        }
        let row_ids = file.as_ref().and_then(|file| self.read(file));
        let mut records = PackedRecords(&mut self.pack);
        let told = prediction.disagreements(scope, &mut records, row_ids.as_deref());
        for detail in told {
            if let Some(file) = file.as_ref().filter(|_| detail.contains("row ids")) {
                self.find("prediction_disagrees", file, detail.clone());
            }
            self.find("prediction_disagrees", PREDICTION, detail);
        }
        Some(prediction)
    }

    /// Tables and story are those that this build makes of the records.
    pub(super) fn derived(
        &mut self,
        scope: &Scope,
        (head, key): (Option<&Checkpoint>, &str),
        lines: &[Line],
        prediction: Option<&Prediction>,
    ) {
        let explained: Vec<&Entry> = lines
            .iter()
            .filter_map(|line| line.entry.as_ref())
            .filter(|entry| self.pack.names().contains(&body_file(entry.idx)))
            .collect();
        let names: BTreeSet<String> = self
            .names_in(RECORDS)
            .iter()
            .filter_map(|name| record_of(name))
            .map(|(table, _)| table)
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let made = tables::files(&mut PackedRecords(&mut self.pack), &names, &explained);
        let made: BTreeMap<String, Vec<u8>> = made.into_iter().collect();
        for (name, bytes) in &made {
            self.held(name, bytes);
        }
        for name in self.names_in(TABLES) {
            if !made.contains_key(&name) {
                self.find("table_without_records", &name, "no record in the pack is in this table");
            }
        }
        let note = self.read(CHECKPOINT).and_then(|bytes| String::from_utf8(bytes).ok());
        if let (Some(head), Some(note)) = (head, note) {
            let entries = explained.len() as u64;
            self.held(README, readme(scope, head, key).as_bytes());
            let cover = Cover { scope, note: &note, head, key, entries };
            if let Ok(page) = story(&cover, &mut PackedRecords(&mut self.pack), prediction) {
                self.held(STORY, page.as_bytes());
            }
        }
    }

    fn held(&mut self, name: &str, expected: &[u8]) {
        match self.read(name) {
            None => self.find("copy_missing", name, "the records in the pack make such a file"),
            Some(found) if found == expected => {}
            Some(_) => {
                self.find("copy_differs", name, "it is not what the records in the pack say");
            }
        }
    }
}
