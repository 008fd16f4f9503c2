//! The tamper-evident ledger: entry, Merkle tree, checkpoint, proof. Sees stored bytes and digests only.
