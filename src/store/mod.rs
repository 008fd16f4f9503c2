//! The only SQL: the store, its transactions and one file per table family.
