//! The whole list of API routes, and the OpenAPI description made from it.

use super::extract::{caller_first, no_route};
use super::{
    acceptance, access_log, accounts, alerts, batches, changes, evidence, identities, ledger,
    life_cycle, lineage, models, notices, operation, overview, passkeys, performance,
    qualifications, review, roles, session, studies, tiles, watch,
};
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::scope::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds every API route.
#[expect(clippy::too_many_lines, reason = "one list: a line for each route")]
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(operation::live).service(operation::ready).service(operation::metrics);
    config.service(
        scope("/api/v1")
            .wrap(from_fn(caller_first))
            .service(session::sign_in_session)
            .service(session::read_session)
            .service(session::end_session)
            .service(session::change_password)
            .service(overview::read_inbox)
            .service(overview::read_fleet)
            .service(session::offer_factor)
            .service(session::confirm_factor)
            .service(session::prove_factor)
            .service(passkeys::list_passkeys)
            .service(passkeys::offer_passkey)
            .service(passkeys::register_passkey)
            .service(passkeys::end_passkey)
            .service(passkeys::ask_passkey)
            .service(passkeys::prove_passkey)
            .service(models::list_models)
            .service(models::create_model)
            .service(models::create_version)
            .service(models::read_version)
            .service(models::read_lineage)
            .service(models::read_difference)
            .service(models::read_configuration)
            .service(life_cycle::put_record)
            .service(life_cycle::read_record)
            .service(life_cycle::read_record_template)
            .service(life_cycle::read_life_cycle)
            .service(life_cycle::prepare)
            .service(life_cycle::sign)
            .service(changes::read_change)
            .service(changes::create_change)
            .service(changes::sign)
            .service(studies::create_study)
            .service(studies::create_study_of_judged)
            .service(studies::list_studies)
            .service(studies::read_study)
            .service(studies::sign)
            .service(models::list_drafts)
            .service(models::read_draft)
            .service(acceptance::create_plan)
            .service(acceptance::read_plan)
            .service(acceptance::create_run)
            .service(acceptance::list_runs)
            .service(acceptance::read_run)
            .service(batches::create_batch)
            .service(batches::list_batches)
            .service(batches::compare)
            .service(batches::list_quarantine)
            .service(batches::create_labels)
            .service(batches::read_report)
            .service(performance::evaluate)
            .service(performance::list_cohorts)
            .service(performance::read_cohort)
            .service(qualifications::list_runs)
            .service(qualifications::read_run)
            .service(qualifications::sign)
            .service(review::read_plan)
            .service(review::measure)
            .service(evidence::read_evidence)
            .service(evidence::read_export)
            .service(alerts::list_alerts)
            .service(alerts::read_alert)
            .service(alerts::acknowledge)
            .service(alerts::draft)
            .service(alerts::sign)
            .service(alerts::sign_together)
            .service(alerts::prepare_alert_step)
            .service(alerts::take_alert_step)
            .service(alerts::read_statement)
            .service(lineage::create_lineage)
            .service(lineage::create_lineage_batch)
            .service(ledger::list_entries)
            .service(ledger::read_entry)
            .service(ledger::read_checkpoint)
            .service(accounts::list_accounts)
            .service(accounts::create_account)
            .service(accounts::unlock_account)
            .service(accounts::disable_account)
            .service(accounts::enable_account)
            .service(accounts::reset_password)
            .service(access_log::list_events)
            .service(roles::list_requests)
            .service(roles::create_request)
            .service(roles::answer_request)
            .service(accounts::read_password_policy)
            .service(accounts::set_password_policy)
            .service(accounts::ask_factor_removal)
            .service(accounts::answer_factor_removal)
            .service(identities::ask_identity)
            .service(identities::ask_identity_removal)
            .service(identities::answer_identity)
            .service(watch::list_misuse)
            .service(watch::answer_misuse)
            .service(watch::report_loss)
            .service(watch::release_signing)
            .service(watch::read_clock)
            .service(watch::confirm_clock)
            .service(notices::list_targets)
            .service(notices::create_target)
            .service(notices::list_notices)
            .service(notices::retry_notice)
            .service(accounts::list_tokens)
            .service(accounts::create_token)
            .service(accounts::revoke_token)
            .default_service(web::to(no_route)),
    );
    config.service(
        scope("/log")
            .wrap(from_fn(caller_first))
            .service(tiles::read_newest_checkpoint)
            .service(tiles::read_tile)
            .default_service(web::to(no_route)),
    );
}

/// The OpenAPI 3.1 description of these routes.
pub fn openapi() -> OpenApi {
    let (_, mut description) = App::new().into_utoipa_app().configure(configure).split_for_parts();
    description.info = utoipa::openapi::InfoBuilder::new()
        .title("driftledger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Registers model versions, judges batches, keeps signed decisions. Send a token as `Authorization: Bearer`, or \
             sign in and send the form token as `x-form-token`. Errors are RFC 9457 problem documents.",
        ))
        .build();
    description
}
