//! The whole list of page routes.

use actix_web::web::ServiceConfig;

/// Adds every page.
pub fn configure(_config: &mut ServiceConfig) {}
