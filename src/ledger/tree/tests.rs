//! The tree against the RFC's recursive definition, an independent implementation, and every small change.

use super::*;
use crate::digest::leaf_hash;
use std::collections::HashMap;

type Stored = HashMap<(u8, u64), Hash>;

fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

fn lookup(stored: &Stored) -> impl FnMut(u8, u64) -> Result<Hash> + '_ {
    |level, index| Ok(stored[&(level, index)])
}

/// Every perfect node of a tree of `size` leaves, made by appending.
fn grow(size: u64) -> Stored {
    let mut stored = Stored::new();
    for index in 0..size {
        let new = append(index, leaf_hash(&leaf(index)), &mut lookup(&stored)).unwrap();
        for node in new {
            assert!(stored.insert((node.level, node.index), node.hash).is_none());
        }
    }
    stored
}

/// RFC 6962 §2.1 word for word.
fn naive_root(leaves: &[Vec<u8>]) -> Hash {
    match leaves.len() {
        0 => sha256(b""),
        1 => leaf_hash(&leaves[0]),
        n => {
            let k = (1..n).rev().find(|k| k.is_power_of_two()).unwrap();
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

/// RFC 6962 §2.1.1 word for word.
fn naive_path(m: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
    let n = leaves.len();
    if n == 1 {
        return vec![];
    }
    let k = (1..n).rev().find(|k| k.is_power_of_two()).unwrap();
    let (mut path, sibling) = if m < k {
        (naive_path(m, &leaves[..k]), naive_root(&leaves[k..]))
    } else {
        (naive_path(m - k, &leaves[k..]), naive_root(&leaves[..k]))
    };
    path.push(sibling);
    path
}

/// RFC 6962 §2.1.2 word for word.
fn naive_consistency(m: usize, leaves: &[Vec<u8>], whole: bool) -> Vec<Hash> {
    let n = leaves.len();
    if m == n {
        return if whole { vec![] } else { vec![naive_root(leaves)] };
    }
    let k = (1..n).rev().find(|k| k.is_power_of_two()).unwrap();
    let (mut path, sibling) = if m <= k {
        (naive_consistency(m, &leaves[..k], whole), naive_root(&leaves[k..]))
    } else {
        (naive_consistency(m - k, &leaves[k..], false), naive_root(&leaves[..k]))
    };
    path.push(sibling);
    path
}

#[test]
fn roots_and_proofs_equal_the_naive_definition_for_sizes_to_64() {
    let leaves: Vec<_> = (0..64).map(leaf).collect();
    let stored = grow(64);
    let mut node = lookup(&stored);
    let roots: Vec<_> = (0..=64).map(|size| naive_root(&leaves[..size])).collect();
    for size in 0..=64u64 {
        let known = &leaves[..size as usize];
        let root_now = roots[size as usize];
        assert_eq!(root(size, &mut node).unwrap(), root_now);
        for index in 0..size {
            let proof = inclusion_proof(index, size, &mut node).unwrap();
            assert_eq!(proof, naive_path(index as usize, known));
            let hash = leaf_hash(&leaf(index));
            verify_inclusion(&hash, index, size, &proof, &root_now).unwrap();
        }
        for from in 1..=size {
            let proof = consistency_proof(from, size, &mut node).unwrap();
            assert_eq!(proof, naive_consistency(from as usize, known, true));
            let root_then = roots[from as usize];
            verify_consistency(from, size, &proof, &root_then, &root_now).unwrap();
        }
        assert!(inclusion_proof(size, size, &mut node).is_err());
        assert!(consistency_proof(size + 1, size, &mut node).is_err());
    }
}

#[test]
fn an_independent_implementation_agrees_for_sizes_to_64() {
    let stored = grow(64);
    let mut node = lookup(&stored);
    let flat = |proof: Vec<Hash>| proof.concat();
    let mut other = ct_merkle::mem_backed_tree::MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
    for size in 1..=64u64 {
        other.push(leaf(size - 1));
        assert_eq!(root(size, &mut node).unwrap()[..], other.root().as_bytes()[..]);
        for index in 0..size {
            let proof = flat(inclusion_proof(index, size, &mut node).unwrap());
            assert_eq!(proof, other.prove_inclusion(index as usize).as_bytes());
        }
        for from in 1..size {
            let proof = flat(consistency_proof(from, size, &mut node).unwrap());
            let added = (size - from) as usize;
            assert_eq!(proof, other.prove_consistency(added).as_bytes());
        }
    }
}

#[test]
fn any_change_to_a_proof_is_refused() {
    let stored = grow(40);
    let mut node = lookup(&stored);
    let change = |proof: &[Hash], at: usize| {
        let mut changed = proof.to_vec();
        changed[at][31] ^= 1;
        changed
    };
    for size in 1..=40u64 {
        let root_now = root(size, &mut node).unwrap();
        for index in 0..size {
            let hash = stored[&(0, index)];
            let proof = inclusion_proof(index, size, &mut node).unwrap();
            let verify = |proof: &[Hash]| verify_inclusion(&hash, index, size, proof, &root_now);
            (0..proof.len()).for_each(|at| assert!(verify(&change(&proof, at)).is_err()));
            assert!(verify(&[&proof[..], &[hash]].concat()).is_err());
            assert!(proof.is_empty() || verify(&proof[1..]).is_err());
            assert!(verify_inclusion(&root_now, index, size + 40, &proof, &hash).is_err());
            let wrong_leaf = node_hash(&hash, &hash);
            assert!(verify_inclusion(&wrong_leaf, index, size, &proof, &root_now).is_err());
        }
        for from in 1..size {
            let root_then = root(from, &mut node).unwrap();
            let proof = consistency_proof(from, size, &mut node).unwrap();
            let verify =
                |proof: &[Hash]| verify_consistency(from, size, proof, &root_then, &root_now);
            (0..proof.len()).for_each(|at| assert!(verify(&change(&proof, at)).is_err()));
            assert!(verify(&[&proof[..], &[root_then]].concat()).is_err());
            assert!(verify(&proof[1..]).is_err());
            assert!(verify_consistency(from, size, &proof, &root_now, &root_then).is_err());
        }
    }
}

#[test]
fn the_empty_tree_is_a_prefix_of_every_tree() {
    let (empty, some) = (sha256(b""), sha256(b"x"));
    verify_consistency(0, 0, &[], &empty, &empty).unwrap();
    verify_consistency(0, 9, &[], &empty, &some).unwrap();
    assert!(verify_consistency(0, 9, &[], &some, &some).is_err());
    assert!(verify_consistency(0, 0, &[], &empty, &some).is_err());
    assert!(verify_consistency(2, 2, &[], &empty, &some).is_err());
    assert!(verify_inclusion(&some, 0, 0, &[], &empty).is_err());
}
