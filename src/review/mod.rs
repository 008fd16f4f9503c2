//! What people conclude: decision, signature.
