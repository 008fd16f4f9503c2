//! The stories, one file each: what happens, step by step, when somebody acts.
