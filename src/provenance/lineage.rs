//! The lineage of a model version as a graph: what it was made from, and what was made with it.

use super::registration::Registration;
use serde::{Deserialize, Serialize};

/// One thing in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LineageNode {
    /// Id within the graph.
    pub id: String,
    /// `model_version`, `dataset`, `artifact`, `code`, `environment`, `batch`, `report`, `decision`.
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
