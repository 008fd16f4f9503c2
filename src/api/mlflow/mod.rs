//! The MLflow protocol, as its stock clients speak it: experiments, runs, files, logged models, registered models and their
//! draft versions, below `/api/2.0` and `/ajax-api/2.0`.
//!
//! Kept out of the OpenAPI description: the protocol is MLflow's, and its own documentation describes it. What is not
//! supported is refused with `ENDPOINT_NOT_FOUND` or `NOT_IMPLEMENTED` and says so. Start with [`configure`].

mod artifacts;
mod experiments;
mod fields;
mod filter;
mod logged_models;
mod model_versions;
mod page;
mod refused;
mod registered_models;
mod reports;
mod runs;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, delete, get, patch, post, put, resource};
use actix_web::{HttpResponse, Scope};

/// Largest JSON body of a request, in bytes.
const BODY_BYTES_MAX: usize = 20 * 1024 * 1024;

/// What a handler of the protocol answers.
type Answer = Result<HttpResponse, refused::Refused>;

/// Adds every route of the protocol.
pub fn configure(config: &mut ServiceConfig) {
    // What the protocol's own server answers to probes.
    config.route("/health", get().to(|| async { HttpResponse::Ok().body("OK") }));
    for prefix in ["/api/2.0", "/ajax-api/2.0"] {
        let scope = web::scope(&format!("{prefix}/mlflow"));
        let scope = models(runs(scope)).default_service(web::to(refused::no_route));
        config.service(
            scope
                .wrap(from_fn(refused::caller_first))
                .app_data(web::PayloadConfig::new(BODY_BYTES_MAX)),
        );
        config.service(
            web::scope(&format!("{prefix}/mlflow-artifacts"))
                .wrap(from_fn(refused::caller_first))
                .route("/artifacts", get().to(artifacts::list))
                .service(
                    resource("/artifacts/{path:.*}")
                        .route(put().to(artifacts::put))
                        .route(get().to(artifacts::get))
                        .route(delete().to(artifacts::delete)),
                )
                .route("/mpu/{step}/{path:.*}", post().to(artifacts::no_parts))
                .default_service(web::to(refused::no_route)),
        );
    }
}

fn runs(scope: Scope) -> Scope {
    scope
        .route("/experiments/create", post().to(experiments::create))
        .route("/experiments/get", get().to(experiments::read))
        .route("/experiments/get-by-name", get().to(experiments::read_by_name))
        .route("/experiments/search", post().to(experiments::search))
        .route("/experiments/search", get().to(experiments::search_by_query))
        .route("/experiments/update", post().to(experiments::update))
        .route("/experiments/delete", post().to(experiments::delete))
        .route("/experiments/restore", post().to(experiments::restore))
        .route("/experiments/set-experiment-tag", post().to(experiments::set_tag))
        .route("/experiments/delete-experiment-tag", post().to(experiments::delete_tag))
        .route("/runs/create", post().to(runs::create))
        .route("/runs/get", get().to(runs::read))
        .route("/runs/update", post().to(runs::update))
        .route("/runs/delete", post().to(runs::delete))
        .route("/runs/restore", post().to(runs::restore))
        .route("/runs/search", post().to(runs::search))
        .route("/runs/log-metric", post().to(reports::log_metric))
        .route("/runs/log-parameter", post().to(reports::log_parameter))
        .route("/runs/log-batch", post().to(reports::log_batch))
        .route("/runs/set-tag", post().to(reports::set_tag))
        .route("/runs/delete-tag", post().to(reports::delete_tag))
        .route("/runs/log-inputs", post().to(reports::log_inputs))
        .route("/runs/outputs", post().to(reports::log_outputs))
        .route("/runs/log-model", post().to(reports::log_model))
        .route("/metrics/get-history", get().to(runs::history))
        .route("/artifacts/list", get().to(artifacts::list_of_run))
}

fn models(scope: Scope) -> Scope {
    scope
        .route("/logged-models", post().to(logged_models::create))
        .route("/logged-models/search", post().to(logged_models::search))
        .route("/logged-models/{id}", get().to(logged_models::read))
        .route("/logged-models/{id}", patch().to(logged_models::finalize))
        .route("/logged-models/{id}", delete().to(logged_models::delete))
        .route("/logged-models/{id}/tags", patch().to(logged_models::set_tags))
        .route("/logged-models/{id}/tags/{key}", delete().to(logged_models::delete_tag))
        .route("/logged-models/{id}/params", post().to(logged_models::log_params))
        .route("/logged-models/{id}/artifacts/directories", get().to(logged_models::list_files))
        .route("/registered-models/create", post().to(registered_models::create))
        .route("/registered-models/get", get().to(registered_models::read))
        .route("/registered-models/search", get().to(registered_models::search))
        .route("/registered-models/update", patch().to(registered_models::update))
        .route("/registered-models/rename", post().to(registered_models::rename))
        .route("/registered-models/delete", delete().to(registered_models::delete))
        .route("/registered-models/set-tag", post().to(registered_models::set_tag))
        .route("/registered-models/delete-tag", delete().to(registered_models::delete_tag))
        .route("/registered-models/alias", post().to(registered_models::set_alias))
        .route("/registered-models/alias", get().to(registered_models::read_alias))
        .route("/registered-models/alias", delete().to(registered_models::delete_alias))
        .route(
            "/registered-models/get-latest-versions",
            post().to(registered_models::newest_versions),
        )
        .route(
            "/registered-models/get-latest-versions",
            get().to(registered_models::newest_versions_by_query),
        )
        .route("/model-versions/create", post().to(model_versions::create))
        .route("/model-versions/get", get().to(model_versions::read))
        .route("/model-versions/search", get().to(model_versions::search))
        .route("/model-versions/update", patch().to(model_versions::update))
        .route("/model-versions/delete", delete().to(model_versions::delete))
        .route("/model-versions/set-tag", post().to(model_versions::set_tag))
        .route("/model-versions/delete-tag", delete().to(model_versions::delete_tag))
        .route("/model-versions/get-download-uri", get().to(model_versions::download_uri))
        .route("/model-versions/transition-stage", post().to(model_versions::transition_stage))
}
