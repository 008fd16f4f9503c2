//! The JSON API: typed input, one procedure, rendered output.
