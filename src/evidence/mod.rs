//! Evidence packs: write, open, verify. Proof needs no server.
