//! The Merkle tree over leaf hashes: RFC 6962 §2.1 hashing, RFC 9162 §2.1.3–2.1.4 verification.
//!
//! Only hashes of perfect subtrees are kept: the node at (`level`, `index`) covers the leaves from `index · 2^level` to
//! `(index + 1) · 2^level`, level 0 being the leaf hashes. Such a node never changes once it exists, so an append adds
//! nodes and touches none. Every function that needs stored nodes takes them from a function `(level, index) → hash`.

use super::{Error, Result};
use crate::digest::{node_hash, sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// One hash of a perfect subtree and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Height above the leaves; 0 is a leaf.
    pub level: u8,
    /// Position among the nodes of its level, from 0.
    pub index: u64,
    /// The hash.
    pub hash: Hash,
}

/// The nodes that appear when a leaf is appended to a tree of `size` leaves: the leaf itself, then upwards every subtree
/// it completes.
///
/// # Errors
///
/// Only those of `node`.
pub fn append<E>(
    size: u64,
    leaf_hash: Hash,
    node: &mut impl FnMut(u8, u64) -> std::result::Result<Hash, E>,
) -> std::result::Result<Vec<Node>, E> {
    let mut newest = Node { level: 0, index: size, hash: leaf_hash };
    let mut nodes = vec![newest];
    while newest.index % 2 == 1 {
        let left = node(newest.level, newest.index - 1)?;
        newest = Node {
            level: newest.level + 1,
            index: newest.index / 2,
            hash: node_hash(&left, &newest.hash),
        };
        nodes.push(newest);
    }
    Ok(nodes)
}

/// The root of the tree over the first `size` leaves; SHA-256 of nothing when `size` is 0.
///
/// # Errors
///
/// Only those of `node`.
///
/// ```
/// let leaf = driftledger::digest::leaf_hash(b"only");
/// let mut node = |_level: u8, _index: u64| Ok::<_, std::convert::Infallible>(leaf);
/// assert_eq!(driftledger::ledger::tree::root(1, &mut node).unwrap(), leaf);
/// ```
pub fn root<E>(
    size: u64,
    node: &mut impl FnMut(u8, u64) -> std::result::Result<Hash, E>,
) -> std::result::Result<Hash, E> {
    if size == 0 {
        return Ok(sha256(b""));
    }
    subtree(0, size, node)
}

/// The hashes that lead from leaf `index` to the root of the tree over the first `size` leaves, sibling of the leaf
/// first (RFC 6962 §2.1.1).
///
/// # Errors
///
/// [`Error::OutOfRange`] when `index` is not below `size`, and those of `node`.
pub fn inclusion_proof<E: From<Error>>(
    index: u64,
    size: u64,
    node: &mut impl FnMut(u8, u64) -> std::result::Result<Hash, E>,
) -> std::result::Result<Vec<Hash>, E> {
    if index >= size {
        return Err(Error::OutOfRange { position: index, size }.into());
    }
    let (mut start, mut end) = (0, size);
    let mut siblings = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            siblings.push((middle, end));
            end = middle;
        } else {
            siblings.push((start, middle));
            start = middle;
        }
    }
    siblings.into_iter().rev().map(|(start, end)| subtree(start, end, node)).collect()
}

/// The hashes that show that the tree over the first `from` leaves is a prefix of the tree over the first `to` leaves
/// (RFC 6962 §2.1.2). Empty when `from` is 0 or equals `to`.
///
/// # Errors
///
/// [`Error::OutOfRange`] when `from` is more than `to`, and those of `node`.
pub fn consistency_proof<E: From<Error>>(
    from: u64,
    to: u64,
    node: &mut impl FnMut(u8, u64) -> std::result::Result<Hash, E>,
) -> std::result::Result<Vec<Hash>, E> {
    if from > to {
        return Err(Error::OutOfRange { position: from, size: to }.into());
    }
    if from == 0 {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, to);
    let mut ranges = Vec::new();
    while from != end {
        let middle = start + split(end - start);
        if from <= middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
        }
    }
    // The verifier holds the old root; only when the old tree is not itself a subtree must its last piece be told.
    if start != 0 {
        ranges.push((start, end));
    }
    ranges.into_iter().rev().map(|(start, end)| subtree(start, end, node)).collect()
}

/// Verifies that `leaf_hash` is leaf `index` of the tree of `size` leaves with this `root` (RFC 9162 §2.1.3.2).
///
/// # Errors
///
/// [`Error::OutOfRange`] when `index` is not below `size`; [`Error::ProofFails`] when the hashes lead elsewhere or are
/// too few or too many.
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<()> {
    if index >= size {
        return Err(Error::OutOfRange { position: index, size });
    }
    let (mut place, mut last, mut hash) = (index, size - 1, *leaf_hash);
    for sibling in proof {
        if last == 0 {
            return Err(Error::ProofFails { proof: "inclusion" });
        }
        if place % 2 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            skip_missing(&mut place, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(Error::ProofFails { proof: "inclusion" }) }
}

/// Verifies that the tree of `from` leaves with root `from_root` is a prefix of the tree of `to` leaves with root
/// `to_root` (RFC 9162 §2.1.4.2).
///
/// # Errors
///
/// [`Error::OutOfRange`] when `from` is more than `to`; [`Error::ProofFails`] when the hashes do not show it.
pub fn verify_consistency(
    from: u64,
    to: u64,
    proof: &[Hash],
    from_root: &Hash,
    to_root: &Hash,
) -> Result<()> {
    if from > to {
        return Err(Error::OutOfRange { position: from, size: to });
    }
    let shown = match from {
        0 => proof.is_empty() && *from_root == sha256(b"") && (to != 0 || to_root == from_root),
        _ if from == to => proof.is_empty() && from_root == to_root,
        _ => leads_to_both_roots(from, to, proof, from_root, to_root),
    };
    if shown { Ok(()) } else { Err(Error::ProofFails { proof: "consistency" }) }
}

fn leads_to_both_roots(
    from: u64,
    to: u64,
    proof: &[Hash],
    from_root: &Hash,
    to_root: &Hash,
) -> bool {
    let (mut place, mut last) = (from - 1, to - 1);
    while place % 2 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (first, rest) = if from.is_power_of_two() {
        (*from_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (*first, rest)
    };
    let (mut old, mut new) = (first, first);
    if rest.is_empty() {
        return false;
    }
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            skip_missing(&mut place, &mut last);
        } else {
            new = node_hash(&new, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && old == *from_root && new == *to_root
}

/// At the right edge a node may have no sibling for several levels; climbs to the level where it has one.
fn skip_missing(place: &mut u64, last: &mut u64) {
    while place.is_multiple_of(2) && *place != 0 {
        *place >>= 1;
        *last >>= 1;
    }
}

/// The largest power of two below `size`; `size` is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The hash of the leaves from `start` to `end`, as a fold over its perfect subtrees. `start` is a multiple of the
/// smallest power of two that is not below the range's length, which holds for every range the proofs ask for.
fn subtree<E>(
    start: u64,
    end: u64,
    node: &mut impl FnMut(u8, u64) -> std::result::Result<Hash, E>,
) -> std::result::Result<Hash, E> {
    let length = end - start;
    let mut hash = None;
    let mut right_edge = end;
    for level in 0..64u8 {
        if length & (1 << level) == 0 {
            continue;
        }
        right_edge -= 1 << level;
        let left = node(level, right_edge >> level)?;
        hash = Some(hash.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(hash.unwrap_or_else(|| sha256(b"")))
}

#[cfg(test)]
mod tests;
