//! Tables in: schema, readers, one-pass profile, fingerprint (what bytes are hashed).

pub mod tdh1;
