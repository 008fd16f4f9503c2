//! The server-rendered pages.

pub mod routes;
