//! The MLflow protocol, as its stock client speaks it: experiments and runs, below `/api/2.0/mlflow` and
//! `/ajax-api/2.0/mlflow`.
//!
//! Kept out of the OpenAPI description: the protocol is MLflow's, and its own documentation describes it. What is not
//! supported is refused with `ENDPOINT_NOT_FOUND` or `NOT_IMPLEMENTED` and says so. Start with [`configure`].

mod experiments;
mod fields;
mod refused;
mod runs;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, get, post};

/// Largest JSON body of a request, in bytes.
const BODY_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Adds every route of the protocol.
pub fn configure(config: &mut ServiceConfig) {
    for prefix in ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow"] {
        config.service(
            web::scope(prefix)
                .wrap(from_fn(refused::caller_first))
                .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
                .route("/experiments/create", post().to(experiments::create))
                .route("/experiments/get", get().to(experiments::read))
                .route("/experiments/get-by-name", get().to(experiments::read_by_name))
                .route("/experiments/search", post().to(experiments::search))
                .route("/runs/create", post().to(runs::create))
                .route("/runs/get", get().to(runs::read))
                .route("/runs/update", post().to(runs::update))
                .route("/runs/delete", post().to(runs::delete))
                .route("/runs/restore", post().to(runs::restore))
                .route("/runs/search", post().to(runs::search))
                .route("/runs/log-metric", post().to(runs::log_metric))
                .route("/runs/log-parameter", post().to(runs::log_parameter))
                .route("/runs/log-batch", post().to(runs::log_batch))
                .route("/runs/set-tag", post().to(runs::set_tag))
                .route("/runs/delete-tag", post().to(runs::delete_tag))
                .route("/runs/log-inputs", post().to(runs::log_inputs))
                .route("/metrics/get-history", get().to(runs::history))
                .default_service(web::to(refused::no_route)),
        );
    }
}
