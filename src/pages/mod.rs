//! The server-rendered pages: sign-in, a list of alerts and reports, and the printable report.
//!
//! Start with [`routes`]. Reading only, so far: acknowledging, deciding and signing go through the API.

pub mod reading;
pub mod routes;
pub mod sign_in;
