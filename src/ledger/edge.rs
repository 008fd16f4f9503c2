//! The right edge of a growing tree: the newest perfect subtree of each level. It is all that the next append and the root need.

use super::tree::{self, Hash, Node};
use std::convert::Infallible;

/// A tree of a known size, of which only the right edge is held: at most 62 hashes.
///
/// ```
/// use driftledger::ledger::edge::Edge;
///
/// let leaf = driftledger::digest::leaf_hash(b"only");
/// let mut edge = Edge::default();
/// assert_eq!(edge.append(leaf).len(), 1);
/// assert_eq!((edge.size(), edge.root()), (1, leaf));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    hashes: Vec<Hash>,
}

impl Edge {
    /// The edge of the tree of `size` leaves, whose nodes `node` gives.
    ///
    /// # Errors
    ///
    /// Only those of `node`.
    pub fn of<E>(
        size: u64,
        node: &mut impl FnMut(u8, u64) -> std::result::Result<Hash, E>,
    ) -> std::result::Result<Self, E> {
        let levels = u64::BITS - size.leading_zeros();
        let hash = |level: u32| match size >> level {
            complete if complete % 2 == 1 => node(level as u8, complete - 1),
            _ => Ok([0; 32]),
        };
        Ok(Self { size, hashes: (0..levels).map(hash).collect::<Result<_, E>>()? })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; gives the nodes that appear, the leaf first.
    pub fn append(&mut self, leaf: Hash) -> Vec<Node> {
        let Ok(nodes) = tree::append(self.size, leaf, &mut self.node());
        for node in &nodes {
            let level = usize::from(node.level);
            self.hashes.resize(self.hashes.len().max(level + 1), [0; 32]);
            self.hashes[level] = node.hash;
        }
        self.size += 1;
        nodes
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        let Ok(root) = tree::root(self.size, &mut self.node());
        root
    }

    /// An append and a root ask only for the newest node of a level.
    fn node(&self) -> impl FnMut(u8, u64) -> Result<Hash, Infallible> + '_ {
        |level, _index| Ok(self.hashes[usize::from(level)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::leaf_hash;
    use std::collections::BTreeMap;

    #[test]
    fn an_edge_gives_the_root_and_the_nodes_of_the_whole_tree() {
        let mut stored = BTreeMap::new();
        let mut edge = Edge::default();
        for size in 0..300_u64 {
            let mut node = |level: u8, index: u64| Ok::<_, Infallible>(stored[&(level, index)]);
            let Ok(root) = tree::root(size, &mut node);
            assert_eq!(edge.root(), root, "{size}");
            let Ok(mut loaded) = Edge::of(size, &mut node);
            assert_eq!(loaded.root(), root, "{size}");
            let leaf = leaf_hash(&size.to_le_bytes());
            let Ok(nodes) = tree::append(size, leaf, &mut node);
            assert_eq!(loaded.append(leaf), nodes);
            assert_eq!(edge.append(leaf), nodes);
            for node in nodes {
                stored.insert((node.level, node.index), node.hash);
            }
        }
    }
}
