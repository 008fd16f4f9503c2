//! The whole list of page routes.

use super::{reading, sign_in};
use actix_web::web::ServiceConfig;

/// Adds every page.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(sign_in::show)
        .service(sign_in::send)
        .service(reading::style)
        .service(reading::inbox)
        .service(reading::show_report);
}
