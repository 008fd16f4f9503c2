//! Faults: what a store is worth after it was treated badly.

mod backup;
mod disk;
mod keys;
pub(crate) mod kill;
