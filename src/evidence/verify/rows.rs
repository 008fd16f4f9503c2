//! Bodies and rows: leaf ← body ← record row, and nothing left out that the scope asks for.

use super::Walk;
use super::ledger::{Line, error_chain};
use crate::digest;
use crate::evidence::examine::acts::tables_of;
use crate::evidence::manifest::{
    BODIES, MANIFEST, RECORDS, Scope, WITHHELD, body_file, index_of, proof_file, record_file,
    record_of,
};
use crate::evidence::records::Records as _;
use crate::evidence::scope::{
    Concern, ORIGIN_COLUMNS, dataset_digests, episodes_of_batch, least_until, versions_asked,
};
use crate::ledger::body::{self, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

/// What the bodies list: the entry and the digest, by table and id.
pub(super) type Listed = BTreeMap<(String, String), (u64, String)>;

impl<R: Read + Seek> Walk<'_, R> {
    /// Every body is the one that its leaf digests; gives the rows they list.
    pub(super) fn bodies(&mut self, lines: &[Line]) -> Listed {
        let mut listed = Listed::new();
        let names = self.names_in(BODIES);
        let total = names.len() as u64;
        for (done, name) in (1..).zip(names) {
            self.body(&name, lines, &mut listed);
            self.bodies_done(done, total);
        }
        listed
    }

    fn body(&mut self, name: &str, lines: &[Line], listed: &mut Listed) {
        let Some(index) = index_of(name, BODIES, ".json") else {
            return self.find("file_unknown", name, "its name is not that of a body");
        };
        let Some(bytes) = self.read(name) else { return };
        let line = usize::try_from(index).ok().and_then(|index| lines.get(index));
        let Some(entry) = line.and_then(|line| line.entry.as_ref()) else {
            return self.find("body_unwitnessed", name, "there is no valid entry of this index");
        };
        self.checked.bodies += 1;
        let found = body::digest_of(&bytes);
        if found != entry.body {
            let detail = format!(
                "it has SHA-256 {}, entry {index} says {}",
                found.sha256, entry.body.sha256
            );
            return self.find("body_changed", name, detail);
        }
        match Body::parse(&bytes) {
            Err(error) => self.find("body_invalid", name, error_chain(&error)),
            Ok(body) => {
                for table in tables_of(entry.kind) {
                    if !body.rows.iter().any(|row| row.table == table) {
                        let detail =
                            format!("entry {index} is a `{}` and lists no {table}", entry.kind);
                        self.find("act_differs", name, detail);
                    }
                }
                for row in body.rows {
                    let place = (row.table, row.key);
                    if listed.contains_key(&place) {
                        let detail =
                            format!("it lists {} `{}`, which another body lists", place.0, place.1);
                        self.find("row_listed_twice", name, detail);
                        continue;
                    }
                    listed.insert(place, (index, row.sha256));
                }
            }
        }
    }

    /// Every listed row is there with its digest, and every row that is there is listed.
    pub(super) fn records(&mut self, listed: &Listed, lines: &[Line]) {
        for ((table, key), (index, sha256)) in listed {
            let name = record_file(table, key);
            if WITHHELD.contains(&table.as_str()) {
                continue;
            }
            let Some(bytes) = self.read(&name) else {
                if !self.pack.names().contains(&name) {
                    self.find("record_missing", &name, format!("entry {index} wrote this row"));
                }
                continue;
            };
            self.checked.records += 1;
            let found = digest::sha256_hex(&bytes);
            if found != *sha256 {
                let detail =
                    format!("it has SHA-256 {found}, the body of entry {index} lists {sha256}");
                self.find("record_changed", &name, detail);
            }
            let row = super::PackedRecords(&mut self.pack).row(table, key);
            let Some(row) = row else { continue };
            if row.text("id") != key || row.number("entry") != Some(*index) {
                self.find(
                    "record_misplaced",
                    &name,
                    format!("it is not the row {table} `{key}` of entry {index}"),
                );
            }
            let line = usize::try_from(*index).ok().and_then(|index| lines.get(index));
            if let Some(entry) = line.and_then(|line| line.entry.as_ref())
                && row.text("at") != entry.ts
            {
                let (found, expected) = (row.text("at"), &entry.ts);
                let detail = format!("it is of {found}, entry {index} of {expected}");
                self.find("record_misplaced", &name, detail);
            }
        }
        for name in self.names_in(RECORDS) {
            match record_of(&name) {
                None => self.find("file_unknown", &name, "its name is not that of a record"),
                Some((table, _)) if WITHHELD.contains(&table.as_str()) => {
                    self.find("record_withheld", &name, "rows of this table are never packed");
                }
                Some(place) if !listed.contains_key(&place) => {
                    self.find("record_unwitnessed", &name, "no body in the pack lists this row");
                }
                Some(_) => {}
            }
        }
    }

    /// Everything that the scope asks for is there.
    pub(super) fn completeness(&mut self, scope: &Scope, lines: &[Line]) {
        let versions = self.versions(scope);
        self.told_far_enough(scope, &versions, lines);
        if scope.model.is_some() && versions.is_empty() {
            let detail = format!("it is about {}, of which the pack has no version", scope.words());
            self.find("scope_empty", MANIFEST, detail);
        }
        let origins = self.origins(&versions);
        let mut concern = Concern::new(scope, versions, origins);
        let entries = || lines.iter().filter_map(|line| line.entry.as_ref());
        for entry in entries() {
            concern.visit(entry);
        }
        for index in concern.entries(entries()) {
            let body = body_file(index);
            if !self.pack.names().contains(&body) {
                self.find(
                    "body_missing",
                    &body,
                    format!("entry {index} concerns {}", scope.words()),
                );
            }
            let proof = proof_file(index);
            if !scope.is_whole() && !self.pack.names().contains(&proof) {
                self.find(
                    "proof_missing",
                    &proof,
                    format!("entry {index} concerns {}", scope.words()),
                );
            }
        }
    }

    /// What the scope names is there, and the story goes to its end.
    fn told_far_enough(&mut self, scope: &Scope, versions: &BTreeSet<String>, lines: &[Line]) {
        let named = [("episode", &scope.alert), ("batch", &scope.batch)];
        for (table, id) in named {
            let Some(id) = id else { continue };
            let found = super::PackedRecords(&mut self.pack).row(table, id);
            if !found.is_some_and(|row| versions.contains(row.text("version_id"))) {
                let detail = format!("it is about {}, which is not in the pack", scope.words());
                self.find("scope_empty", MANIFEST, detail);
            }
        }
        let asks = scope.alert.is_some()
            || scope.batch.is_some()
            || scope.from.is_some()
            || scope.to.is_some();
        let Some(until) = scope.until else {
            if asks {
                self.find("manifest_invalid", MANIFEST, "it does not say how far its story goes");
            }
            return;
        };
        let episodes = scope
            .batch
            .as_ref()
            .map(|batch| episodes_of_batch(&mut super::PackedRecords(&mut self.pack), batch))
            .unwrap_or_default();
        let entries = lines.iter().filter_map(|line| line.entry.as_ref());
        let least = least_until(scope, &episodes, entries);
        if !asks || until < least || until > lines.len() as u64 {
            let detail = format!("its story goes to entry {until}, expected {least} at least");
            self.find("scope_cut", MANIFEST, detail);
        }
    }

    /// Ids of the drafts that `versions` took up, with the runs and logged models behind these.
    fn origins(&mut self, versions: &BTreeSet<String>) -> BTreeSet<String> {
        let mut records = super::PackedRecords(&mut self.pack);
        let mut origins = BTreeSet::new();
        for key in versions {
            let version = records.row("model_version", key);
            origins
                .extend(version.iter().flat_map(|row| dataset_digests(row.text("registration"))));
            let Some(draft) = version.and_then(|row| row.optional("draft_id").map(str::to_owned))
            else {
                continue;
            };
            if let Some(row) = records.row("draft_version", &draft) {
                origins.extend(
                    ORIGIN_COLUMNS
                        .iter()
                        .filter_map(|column| row.optional(column))
                        .map(str::to_owned),
                );
            }
            origins.insert(draft);
        }
        origins
    }

    /// Ids of the packed versions that the scope asks for.
    fn versions(&mut self, scope: &Scope) -> BTreeSet<String> {
        let versions = versions_asked(&mut super::PackedRecords(&mut self.pack), scope);
        versions.into_iter().map(|(key, _)| key).collect()
    }
}
