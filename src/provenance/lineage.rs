//! The lineage of a model version as a graph: what it was made from, and what was made with it.

use super::registration::Registration;
use super::run::Origin;
use serde::{Deserialize, Serialize};

/// One thing in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LineageNode {
    /// Id within the graph.
    pub id: String,
    /// `model_version`, `dataset`, `artifact`, `code`, `environment`, `run`, `logged_model`, `batch`, `report`, `decision`.
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
