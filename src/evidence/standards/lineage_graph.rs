//! The lineage graph as W3C PROV-JSON: things are entities, a run is an activity, edges are use, generation and derivation.
//!
//! Source: <https://www.w3.org/submissions/2013/SUBM-prov-json-20130424/>.

use crate::digest;
use crate::provenance::lineage::{Lineage, LineageNode};
use serde_json::{Map, Value, json};

/// The graph, whose first node is the version, and whom the version is attributed to.
pub fn lineage_graph(lineage: &Lineage, registered_by: &str, registered_at: &str) -> Value {
    let (mut entities, mut activities) = (Map::new(), Map::new());
    for node in &lineage.nodes {
        let list = if is_activity(node) { &mut activities } else { &mut entities };
        list.insert(name(node), attributes(node));
    }
    let (mut used, mut generated, mut derived) = (Map::new(), Map::new(), Map::new());
    for (index, edge) in lineage.edges.iter().enumerate() {
        let node = |id: &str| lineage.nodes.iter().find(|node| node.id == id);
        let (Some(from), Some(to)) = (node(&edge.from), node(&edge.to)) else { continue };
        let (list, mut relation) = if is_activity(to) {
            (&mut used, json!({"prov:activity": name(to), "prov:entity": name(from)}))
        } else if is_activity(from) {
            (&mut generated, json!({"prov:entity": name(to), "prov:activity": name(from)}))
        } else {
            (&mut derived, json!({"prov:generatedEntity": name(to), "prov:usedEntity": name(from)}))
        };
        relation["dl:relation"] = json!(edge.relation);
        list.insert(format!("_:edge{index}"), relation);
    }
    let mut document = json!({
        "prefix": {"dl": "urn:driftledger:"},
        "entity": entities,
        "agent": {"dl:registrant": {"prov:label": registered_by}},
    });
    if let Some(version) = lineage.nodes.first() {
        document["entity"][name(version)]["dl:registered_at"] = json!(registered_at);
        document["wasAttributedTo"] =
            json!({"_:registered": {"prov:entity": name(version), "prov:agent": "dl:registrant"}});
    }
    let parts = [
        ("activity", activities),
        ("used", used),
        ("wasGeneratedBy", generated),
        ("wasDerivedFrom", derived),
    ];
    for (part, found) in parts.into_iter().filter(|(_, found)| !found.is_empty()) {
        document[part] = Value::Object(found);
    }
    document
}

fn is_activity(node: &LineageNode) -> bool {
    matches!(node.kind.as_str(), "run" | "job")
}

/// A qualified name: an id may hold characters that no name may, its digest holds none of them.
fn name(node: &LineageNode) -> String {
    let digest = digest::sha256_hex(node.id.as_bytes());
    format!("dl:{}.{}", node.kind, &digest[..32])
}

fn attributes(node: &LineageNode) -> Value {
    let mut found = json!({"prov:label": node.label, "dl:kind": node.kind, "dl:id": node.id});
    if let Some(digest) = &node.digest {
        found["dl:digest"] = json!(digest);
    }
    found
}
