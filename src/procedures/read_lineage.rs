//! Procedure: read the lineage graph of a version, bounded.
//!
//! 1. check that the person may read
//! 2. take what the registration and the run behind it state, and what was made with the version: batches, reports, decisions
//! 3. join what other tools reported: from each dataset of the version, by its digests, to the names they use, the processes that
//!    read or wrote these, their other datasets, and so on
//! 4. cut what is further from the version than asked

use super::ingest_batch::Judge;
use super::read_origin::origin;
use super::read_records::PAGE_ROWS_MAX;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::provenance::lineage::{Lineage, LineageNode};
use crate::provenance::registration::Registration;
use crate::store::lineage_events::NamedDataset;
use crate::store::{ReadTx, Store};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Steps from the version that are followed when nothing else is asked for.
pub const DEPTH_DEFAULT: u32 = 6;
/// Most steps from the version.
pub const DEPTH_MAX: u32 = 32;
/// Most datasets and processes of other tools in one graph.
pub const REPORTED_MAX: usize = 1_000;
/// Most edges to them.
pub const REPORTED_EDGES_MAX: usize = 4_000;

/// The graph, to [`DEPTH_DEFAULT`].
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn lineage(store: &Store, acting: &Acting, model: &str, version: &str) -> Result<Lineage> {
    lineage_within(store, acting, (model, version), None)
}

/// The graph of what is at most `depth` steps from the version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for a depth beyond [`DEPTH_MAX`].
pub fn lineage_within(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    depth: Option<u32>,
) -> Result<Lineage> {
    acting.permit(Action::Read)?;
    let depth = depth.unwrap_or(DEPTH_DEFAULT);
    if !(1..=DEPTH_MAX).contains(&depth) {
        let detail = format!("`depth` is {depth}, expected 1 to {DEPTH_MAX}");
        return Err(Error::BadRequest { detail });
    }
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let id = judge.version.id.clone();
        let mut graph =
            Lineage::of_registration(&id, &judge.registration, &judge.version.content_sha256);
        if let Some(origin) = origin(tx, &id)? {
            graph.add_origin(&id, &origin.origin());
        }
        add_monitoring(tx, &mut graph, &id)?;
        let is_whole = Reported::new(tx, &mut graph).add(&judge.registration, depth)?;
        graph.cut(depth);
        graph.complete &= is_whole;
        Ok(graph)
    })
}

/// Adds the batches, reports and decisions of the version `id`.
fn add_monitoring(tx: &ReadTx<'_>, graph: &mut Lineage, id: &str) -> Result<()> {
    for report in tx.reports(id, PAGE_ROWS_MAX)? {
        if let Some(batch) = tx.batch(&report.batch_id)? {
            let label = format!("report {}", report.number);
            graph.node(&batch.id, "batch", &batch.name, Some(&batch.sha256));
            graph.node(&report.id, "report", &label, Some(&report.sha256));
            graph.edge(&batch.id, &report.id, "judged");
            graph.edge(id, &report.id, "judged_by_reference_of");
        }
    }
    for episode in tx.episodes(Some(id), PAGE_ROWS_MAX)? {
        let Some(decision) = tx.decision_of(&episode.id)? else { continue };
        graph.node(&decision.id, "decision", "decision", Some(&decision.sha256));
        for report in tx.episode_reports(&episode.id)? {
            graph.edge(&report.id, &decision.id, "cited");
        }
    }
    Ok(())
}

/// What waits to be followed, and how many steps it is from the version.
enum Waiting {
    Dataset(NamedDataset, u32),
    Process(String, u32),
}

/// What other tools reported, on its way into the graph.
struct Reported<'a> {
    tx: &'a ReadTx<'a>,
    graph: &'a mut Lineage,
    datasets: BTreeMap<NamedDataset, String>,
    processes: BTreeSet<String>,
    edges: BTreeSet<(String, String)>,
    waiting: VecDeque<Waiting>,
}

impl<'a> Reported<'a> {
    fn new(tx: &'a ReadTx<'a>, graph: &'a mut Lineage) -> Self {
        let (datasets, processes) = (BTreeMap::new(), BTreeSet::new());
        Self { tx, graph, datasets, processes, edges: BTreeSet::new(), waiting: VecDeque::new() }
    }

    /// Follows the datasets of `registration`, nearest first; `false` when there is more than the limits.
    fn add(mut self, registration: &Registration, depth: u32) -> Result<bool> {
        for dataset in &registration.datasets {
            let print = &dataset.fingerprint;
            let (sha256, blake3) = (&print.content.sha256, &print.content.blake3);
            let names = self.tx.lineage_names((&print.table.table, sha256, blake3), self.room())?;
            for name in names {
                let own = format!("dataset:{}", print.table.table);
                let node = self.dataset(&name, 2);
                self.edge(node, own, "same_content");
            }
        }
        let mut is_whole = true;
        while let Some(next) = self.waiting.pop_front() {
            if self.is_full() {
                return Ok(false);
            }
            match next {
                Waiting::Dataset(name, steps) if steps < depth => {
                    self.follow_dataset(&name, steps)?;
                }
                Waiting::Process(process, steps) if steps < depth => {
                    self.follow_process(&process, steps)?;
                }
                last => is_whole = is_whole && self.is_end(&last)?,
            }
        }
        Ok(is_whole)
    }

    /// Whether nothing new lies behind what is not followed any more.
    fn is_end(&self, last: &Waiting) -> Result<bool> {
        Ok(match last {
            Waiting::Dataset(name, _) => {
                let found = self.tx.lineage_processes(name, self.room())?;
                found.iter().all(|(process, _)| self.processes.contains(process))
            }
            Waiting::Process(process, _) => {
                let found = self.tx.lineage_datasets(process, self.room())?;
                found.iter().all(|(name, _)| self.datasets.contains_key(name))
            }
        })
    }

    fn follow_dataset(&mut self, name: &NamedDataset, steps: u32) -> Result<()> {
        let node = self.dataset(name, steps);
        for (process, direction) in self.tx.lineage_processes(name, self.room())? {
            let other = self.process(&process, steps + 1)?;
            match direction.as_str() {
                "output" => self.edge(other, node.clone(), "made"),
                _ => self.edge(node.clone(), other, "used"),
            }
        }
        Ok(())
    }

    fn follow_process(&mut self, process: &str, steps: u32) -> Result<()> {
        let node = self.process(process, steps)?;
        for (name, direction) in self.tx.lineage_datasets(process, self.room())? {
            let other = self.dataset(&name, steps + 1);
            match direction.as_str() {
                "output" => self.edge(node.clone(), other, "made"),
                _ => self.edge(other, node.clone(), "used"),
            }
        }
        Ok(())
    }

    /// The node of a dataset, which is followed later when it is new.
    fn dataset(&mut self, name: &NamedDataset, steps: u32) -> String {
        if let Some(known) = self.datasets.get(name) {
            return known.clone();
        }
        let id = format!("openlineage:dataset:{}:{}", name.namespace, name.name);
        self.node(&id, "dataset", format!("{} {}", name.namespace, name.name));
        self.datasets.insert(name.clone(), id.clone());
        self.waiting.push_back(Waiting::Dataset(name.clone(), steps));
        id
    }

    /// The node of a process, which is followed later when it is new.
    fn process(&mut self, process: &str, steps: u32) -> Result<String> {
        let id = format!("openlineage:{process}");
        if !self.processes.insert(process.to_owned()) {
            return Ok(id);
        }
        let known = self.tx.lineage_process(process)?;
        let label = known.map_or_else(String::new, |known| match known.state {
            Some(state) => format!("{} ({})", known.job, state.to_lowercase()),
            None => known.job,
        });
        let kind = if process.starts_with("run:") { "run" } else { "job" };
        self.node(&id, kind, label);
        self.waiting.push_back(Waiting::Process(process.to_owned(), steps));
        Ok(id)
    }

    /// Adds a node that is new; nothing else in the graph has such an id.
    fn node(&mut self, id: &str, kind: &str, label: String) {
        let (id, kind) = (id.to_owned(), kind.to_owned());
        self.graph.nodes.push(LineageNode { id, kind, label, digest: None });
    }

    fn edge(&mut self, from: String, to: String, relation: &str) {
        if self.edges.len() < REPORTED_EDGES_MAX && self.edges.insert((from.clone(), to.clone())) {
            self.graph.edge(&from, &to, relation);
        }
    }

    /// One more than may still be added, so that more than that is seen.
    fn room(&self) -> u64 {
        let held = self.datasets.len() + self.processes.len();
        REPORTED_MAX.saturating_sub(held) as u64 + 1
    }

    fn is_full(&self) -> bool {
        self.datasets.len() + self.processes.len() > REPORTED_MAX
            || self.edges.len() >= REPORTED_EDGES_MAX
    }
}
