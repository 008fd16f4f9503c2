//! The lineage of a model version as a graph: what it was made from, and what was made with it.

use super::registration::Registration;
use super::run::Origin;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet, VecDeque};

/// One thing in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LineageNode {
    /// Id within the graph.
    pub id: String,
    /// `model_version`, `dataset`, `artifact`, `code`, `environment`, `run`, `job`, `logged_model`, `batch`, `report`, `decision`.
    pub kind: String,
    /// What a person calls it.
    pub label: String,
    /// Digest of its content, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// One edge: `to` was made from, or with, `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LineageEdge {
    /// Source node.
    pub from: String,
    /// Target node.
    pub to: String,
    /// How: `train`, `reference`, `derived`, `artifact`, `code`, `environment`, `parent_version`, `judged`, …
    pub relation: String,
}

/// The graph of one model version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Lineage {
    /// Nodes, the version first.
    pub nodes: Vec<LineageNode>,
    /// Edges.
    pub edges: Vec<LineageEdge>,
    /// Whether this is all that is known, as far as was asked; else the graph is larger than its limits, or goes further.
    #[serde(default)]
    pub complete: bool,
}

impl Lineage {
    /// The part of the graph that the registration of version `id` states.
    pub fn of_registration(id: &str, registration: &Registration, content_sha256: &str) -> Self {
        let mut graph = Self::default();
        let label = format!("{} {}", registration.model, registration.version);
        graph.node(id, "model_version", &label, Some(content_sha256));
        for dataset in &registration.datasets {
            let print = &dataset.fingerprint;
            let node = format!("dataset:{}", print.table.table);
            graph.node(&node, "dataset", &print.name, Some(&print.table.table));
            graph.edge(&node, id, dataset.role.word());
            for parent in &dataset.parents {
                let parent_node = format!("dataset:{parent}");
                graph.node(&parent_node, "dataset", "earlier table", Some(parent));
                graph.edge(&parent_node, &node, "derived");
            }
        }
        for file in &registration.artifacts {
            let node = format!("artifact:{}", file.content.blake3);
            graph.node(&node, "artifact", &file.name, Some(&file.content.blake3));
            graph.edge(&node, id, "artifact");
        }
        for file in &registration.preparation_code {
            let node = format!("code:{}", file.content.blake3);
            graph.node(&node, "code", &file.name, Some(&file.content.blake3));
            graph.edge(&node, id, "preparation_code");
        }
        if let Some(revision) = &registration.code_revision {
            let node = format!("code:{revision}");
            graph.node(&node, "code", revision, None);
            graph.edge(&node, id, "code");
        }
        if let Some(file) = &registration.environment_lock {
            let node = format!("environment:{}", file.content.blake3);
            graph.node(&node, "environment", &file.name, Some(&file.content.blake3));
            graph.edge(&node, id, "environment");
        }
        if let Some(parent) = &registration.parent_version {
            let node = format!("version:{parent}");
            graph.node(&node, "model_version", &format!("{} {parent}", registration.model), None);
            graph.edge(&node, id, "parent_version");
        }
        graph
    }

    /// Adds what training code says the version came out of. A dataset of the run that has the digest of one in the graph is that
    /// one; a digest too short to tell is shown as weak.
    pub fn add_origin(&mut self, version: &str, origin: &Origin) {
        let draft = format!("draft {}", origin.draft);
        if let Some((id, name)) = &origin.logged_model {
            let node = format!("logged_model:{id}");
            self.node(&node, "logged_model", name, None);
            self.edge(&node, version, &draft);
        }
        let Some((id, name, digest)) = &origin.run else { return };
        let run = format!("run:{id}");
        self.node(&run, "run", name, digest.as_deref());
        self.edge(&run, version, "run");
        if let Some((id, _)) = &origin.logged_model {
            self.edge(&run, &format!("logged_model:{id}"), "made");
        }
        for dataset in &origin.datasets {
            let strong = dataset.strong_digest();
            let known = self.nodes.iter().find(|node| {
                node.kind == "dataset" && node.digest.is_some() && node.digest.as_deref() == strong
            });
            let node =
                known.map_or_else(|| format!("dataset:{}", dataset.digest), |n| n.id.clone());
            let weak = if strong.is_none() { " (weak digest)" } else { "" };
            self.node(&node, "dataset", &format!("{}{weak}", dataset.name), Some(&dataset.digest));
            self.edge(&node, &run, "used");
        }
    }

    /// Adds a node, unless one of that id is there.
    pub fn node(&mut self, id: &str, kind: &str, label: &str, digest: Option<&str>) {
        if self.nodes.iter().any(|node| node.id == id) {
            return;
        }
        self.nodes.push(LineageNode {
            id: id.to_owned(),
            kind: kind.to_owned(),
            label: label.to_owned(),
            digest: digest.map(str::to_owned),
        });
    }

    /// Leaves out what is more than `depth` steps from the first node, in whatever direction, and says whether that was all.
    pub fn cut(&mut self, depth: u32) {
        let mut neighbours: HashMap<&str, Vec<&str>> = HashMap::new();
        for edge in &self.edges {
            neighbours.entry(&edge.from).or_default().push(&edge.to);
            neighbours.entry(&edge.to).or_default().push(&edge.from);
        }
        let mut near: HashSet<String> = HashSet::new();
        let mut waiting: VecDeque<(&str, u32)> =
            self.nodes.first().map(|node| (node.id.as_str(), 0)).into_iter().collect();
        while let Some((id, steps)) = waiting.pop_front() {
            if steps > depth || !near.insert(id.to_owned()) {
                continue;
            }
            let next = neighbours.get(id).into_iter().flatten();
            waiting.extend(next.map(|next| (*next, steps + 1)));
        }
        self.complete = near.len() == self.nodes.len();
        self.nodes.retain(|node| near.contains(&node.id));
        self.edges.retain(|edge| near.contains(&edge.from) && near.contains(&edge.to));
    }

    /// Adds an edge.
    pub fn edge(&mut self, from: &str, to: &str, relation: &str) {
        self.edges.push(LineageEdge {
            from: from.to_owned(),
            to: to.to_owned(),
            relation: relation.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::run::RunDataset;

    #[test]
    fn what_is_further_than_asked_is_cut_and_said_to_be() {
        let chain = || {
            let mut graph = Lineage::default();
            for id in ["a", "b", "c", "d"] {
                graph.node(id, "dataset", id, None);
            }
            graph.edge("b", "a", "made");
            graph.edge("b", "c", "made");
            graph.edge("d", "c", "made");
            graph
        };
        for (depth, nodes, edges) in [(0, 1, 0), (1, 2, 1), (2, 3, 2), (3, 4, 3), (9, 4, 3)] {
            let mut graph = chain();
            graph.cut(depth);
            assert_eq!((graph.nodes.len(), graph.edges.len()), (nodes, edges), "{depth}");
            assert_eq!(graph.complete, nodes == 4);
        }
    }

    #[test]
    fn a_dataset_of_the_run_with_a_known_digest_is_the_dataset_of_the_registration() {
        let dataset = |name: &str, digest: &str| RunDataset {
            name: name.to_owned(),
            digest: digest.to_owned(),
            source_type: String::new(),
            source: String::new(),
            schema: None,
            profile: None,
            tags: "[]".to_owned(),
        };
        let table = "ab".repeat(32);
        let mut graph = Lineage::default();
        graph.node("mv_1", "model_version", "tablet 1", None);
        graph.node(&format!("dataset:{table}"), "dataset", "train.csv", Some(&table));
        let run = Some(("rn_1".to_owned(), "first".to_owned(), None));
        let logged_model = Some(("m-1".to_owned(), "clf".to_owned()));
        let datasets =
            vec![dataset("train", &format!("tdh1:{table}")), dataset("other", "1a2b3c4d")];
        graph.add_origin("mv_1", &Origin { draft: 3, run, logged_model, datasets });
        let names: Vec<&str> = graph.nodes.iter().map(|node| node.label.as_str()).collect();
        assert_eq!(names, ["tablet 1", "train.csv", "clf", "first", "other (weak digest)"]);
        let used: Vec<&str> = graph
            .edges
            .iter()
            .filter(|edge| edge.to == "run:rn_1")
            .map(|edge| edge.from.as_str())
            .collect();
        assert_eq!(used, [format!("dataset:{table}").as_str(), "dataset:1a2b3c4d"]);
    }
}
