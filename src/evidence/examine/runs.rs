//! Runs and drafts: what a run reported has the digest that its end froze, and a draft names the files it froze.

use super::Examiner;
use crate::evidence::records::Row;
use crate::provenance::registration::{NamedFile, Registration};
use crate::provenance::run::{Metric, NamedValue, RunContent, RunDataset, RunModel};
use std::collections::{BTreeMap, BTreeSet};

/// What all runs reported, each with its ledger entry.
#[derive(Debug, Default)]
struct Reported {
    params: BTreeMap<String, Vec<(u64, NamedValue)>>,
    metrics: BTreeMap<String, Vec<(u64, Metric)>>,
    datasets: BTreeMap<String, Vec<(u64, RunDataset)>>,
    models: BTreeMap<String, Vec<(u64, RunModel)>>,
}

/// What was there of `owner` when entry `until` was written.
fn until<T: Clone>(all: &BTreeMap<String, Vec<(u64, T)>>, owner: &str, until: u64) -> Vec<T> {
    let known = all.get(owner).into_iter().flatten();
    known.filter(|(entry, _)| *entry <= until).map(|(_, value)| value.clone()).collect()
}

/// Whose row it is, and its ledger entry.
fn owned(row: &Row, owner: &str) -> (String, u64) {
    (row.text(owner).to_owned(), row.number("entry").unwrap_or(u64::MAX))
}

impl Reported {
    fn content(&self, run: &str, entry: u64) -> RunContent {
        RunContent {
            params: until(&self.params, run, entry),
            metrics: until(&self.metrics, run, entry),
            datasets: until(&self.datasets, run, entry),
            models: until(&self.models, run, entry),
        }
    }
}

impl Examiner<'_> {
    fn reported(&mut self) -> Reported {
        let mut all = Reported::default();
        for (_, row) in self.rows("run_param") {
            let (owner, entry) = owned(&row, "owner_id");
            let param = NamedValue {
                key: row.text("name").to_owned(),
                value: row.text("value").to_owned(),
            };
            all.params.entry(owner).or_default().push((entry, param));
        }
        for (_, row) in self.rows("run_metric") {
            let (owner, entry) = owned(&row, "run_id");
            let optional = |column: &str| row.optional(column).map(str::to_owned);
            let metric = Metric {
                key: row.text("name").to_owned(),
                step: row.integer("step").unwrap_or_default(),
                timestamp: row.integer("timestamp_ms").unwrap_or_default(),
                value: row.text("value").to_owned(),
                model_id: optional("logged_model_id"),
                dataset_name: optional("dataset_name"),
                dataset_digest: optional("dataset_digest"),
            };
            all.metrics.entry(owner).or_default().push((entry, metric));
        }
        for (_, row) in self.rows("run_dataset") {
            let (owner, entry) = owned(&row, "run_id");
            let optional = |column: &str| row.optional(column).map(str::to_owned);
            let dataset = RunDataset {
                name: row.text("name").to_owned(),
                digest: row.text("digest").to_owned(),
                source_type: row.text("source_type").to_owned(),
                source: row.text("source").to_owned(),
                schema: optional("schema"),
                profile: optional("profile"),
                tags: row.text("tags").to_owned(),
            };
            all.datasets.entry(owner).or_default().push((entry, dataset));
        }
        for (_, row) in self.rows("run_model") {
            let (owner, entry) = owned(&row, "run_id");
            let model = RunModel {
                model_id: row.text("logged_model_id").to_owned(),
                direction: row.text("direction").to_owned(),
                step: row.integer("step").unwrap_or_default(),
            };
            all.models.entry(owner).or_default().push((entry, model));
        }
        all
    }

    /// The newest digest of every run, and the one that each draft names, are those of what the run had reported by then.
    pub(super) fn runs(&mut self) {
        let mut newest: BTreeMap<String, (u64, String, String)> = BTreeMap::new();
        for (key, row) in self.rows("run_state") {
            let Some(sha256) = row.optional("content_sha256") else { continue };
            let (run, entry) = owned(&row, "run_id");
            let digest = (entry, key, sha256.to_owned());
            let known = newest.entry(run).or_insert_with(|| digest.clone());
            if digest > *known {
                *known = digest;
            }
        }
        let drafts = self.rows("draft_version");
        let runs: BTreeSet<String> = self.records.keys("run").into_iter().collect();
        if newest.is_empty() && drafts.is_empty() {
            return;
        }
        let all = self.reported();
        for (run, (entry, key, sha256)) in newest {
            self.examined.runs += 1;
            self.digest_of_run(("run_state", &key), &all.content(&run, entry), &sha256);
        }
        for (key, row) in &drafts {
            self.examined.drafts += 1;
            let (run, sha256) = (row.text("run_id"), row.optional("run_sha256"));
            if let Some(sha256) = sha256.filter(|_| runs.contains(run)) {
                let entry = row.number("entry").unwrap_or_default();
                self.digest_of_run(("draft_version", key), &all.content(run, entry), sha256);
            }
        }
        self.drafts(&drafts);
    }

    fn digest_of_run(&mut self, of: (&str, &str), content: &RunContent, expected: &str) {
        match content.clone().sha256() {
            Ok(found) if found == expected => {}
            Ok(found) => {
                let detail =
                    format!("what the run reported has SHA-256 {found}, the row says {expected}");
                self.trouble("run_changed", of, detail);
            }
            Err(error) => self.trouble("run_changed", of, error.to_string()),
        }
    }

    /// Every file that a draft froze was kept under that name with that digest, and the version that took it up names the same.
    fn drafts(&mut self, drafts: &[(String, Row)]) {
        let mut kept = BTreeSet::new();
        for (_, row) in self.rows("artifact") {
            let text = |column: &str| row.text(column).to_owned();
            kept.insert((text("owner_id"), text("path"), text("blake3")));
        }
        let mut frozen: BTreeMap<&str, Vec<NamedFile>> = BTreeMap::new();
        for (key, row) in drafts {
            let of = ("draft_version", key.as_str());
            let columns = ("manifest", "manifest_sha256");
            let Some(files) = self.document::<Vec<NamedFile>>((of.0, of.1, row), columns) else {
                continue;
            };
            let owner = row.text("owner_id");
            // A pack may hold a draft without the files' own records.
            if kept.iter().any(|(other, _, _)| other == owner) {
                for file in &files {
                    let below = row.text("folder");
                    let path = if below.is_empty() {
                        file.name.clone()
                    } else {
                        format!("{below}/{}", file.name)
                    };
                    if !kept.contains(&(owner.to_owned(), path, file.content.blake3.clone())) {
                        self.trouble(
                            "draft_dangling",
                            of,
                            format!("it froze `{}`, which was not kept", file.name),
                        );
                    }
                }
            }
            frozen.insert(key, files);
        }
        self.versions_of_drafts(&frozen);
    }

    /// A version that took a draft up names the draft's files.
    fn versions_of_drafts(&mut self, frozen: &BTreeMap<&str, Vec<NamedFile>>) {
        for (key, row) in self.rows("model_version") {
            let of = ("model_version", key.as_str());
            let Some(draft) = row.optional("draft_id") else { continue };
            let Some(files) = frozen.get(draft) else {
                self.trouble(
                    "record_dangling",
                    of,
                    format!("`draft_id` names draft_version `{draft}`, which is not there"),
                );
                continue;
            };
            let registration: Option<Registration> =
                serde_json::from_str(row.text("registration")).ok();
            let mut named =
                registration.map(|registration| registration.artifacts).unwrap_or_default();
            let mut files = files.clone();
            for list in [&mut named, &mut files] {
                list.sort_by(|a, b| a.name.cmp(&b.name));
            }
            if named != files {
                self.trouble(
                    "record_disagrees",
                    of,
                    "its artifacts are not the files of the draft it took up",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_an_entry_is_not_in_its_digest() {
        let param = |key: &str| NamedValue { key: key.to_owned(), value: "1".to_owned() };
        let mut all = Reported::default();
        all.params.insert("rn_1".to_owned(), vec![(3, param("a")), (5, param("b"))]);
        assert_eq!(all.content("rn_1", 4).params, [param("a")]);
        assert_eq!(all.content("rn_1", 5).params, [param("a"), param("b")]);
        assert!(all.content("rn_2", 5).params.is_empty());
    }
}
