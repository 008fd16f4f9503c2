//! The whole list of page routes.

use super::page_error::PageError;
use super::{
    acceptance, acceptance_plan, access_log, account, accountability, accounts, alert, alert_step,
    assessment, assets, audit_trail, batch_pair, change, difference, disposal, draft, drills,
    entry, evidence, fleet, help, inbox, incident, incidents, indicators, invalidation, legal_hold,
    model_record, models, notices, passkeys, password, password_rules, people, performance,
    policy_proposal, prediction_review, provider, qualifications, record_copy, redactions,
    reference_proposal, references, register, report, retention, review_case, review_sample,
    reviews, roles, run_invalidation, score_cards, second_factor, send, sign_in, signing_sheet,
    step, study, study_new, system, version, watch,
};
use crate::error::Error;
use actix_web::web::{self, FormConfig, PathConfig, QueryConfig, ServiceConfig};

/// Largest form, in bytes.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// Adds every page. Comes last: what no other route answers is a page that is not there.
#[expect(clippy::too_many_lines, reason = "one list: a line for each route")]
pub fn configure(config: &mut ServiceConfig) {
    let refused = |detail: String| PageError::from(Error::BadRequest { detail });
    let form = move |e, _: &_| refused(format!("form: {e}")).into();
    let query = move |e, _: &_| refused(format!("query: {e}")).into();
    let path = move |e, _: &_| refused(format!("address: {e}")).into();
    config.service(
        web::scope("")
            .app_data(FormConfig::default().limit(FORM_BYTES_MAX).error_handler(form))
            .app_data(QueryConfig::default().error_handler(query))
            .app_data(PathConfig::default().error_handler(path))
            .service(assets::style)
            .service(assets::icon)
            .service(assets::passkey)
            .service(assets::upload)
            .service(provider::go)
            .service(provider::go_again)
            .service(provider::come_back)
            .service(sign_in::show)
            .service(sign_in::enter)
            .service(sign_in::leave)
            .service(inbox::show)
            .service(fleet::show)
            .service(help::show)
            .service(help::show_document)
            .service(models::show)
            .service(register::show)
            .service(register::by_document)
            .service(register::by_files)
            .service(version::show)
            .service(model_record::show)
            .service(step::show)
            .service(step::sign)
            .service(difference::show)
            .service(batch_pair::show)
            .service(change::show)
            .service(change::state)
            .service(change::sign)
            .service(references::show)
            .service(references::propose)
            .service(policy_proposal::show)
            .service(policy_proposal::propose)
            .service(reference_proposal::show)
            .service(reference_proposal::sign)
            .service(score_cards::show)
            .service(score_cards::table)
            .service(assessment::show)
            .service(study_new::show)
            .service(study_new::make)
            .service(study::show)
            .service(study::sign)
            .service(draft::show)
            .service(acceptance::show)
            .service(acceptance_plan::show)
            .service(acceptance_plan::fix)
            .service(send::show)
            .service(send::batch)
            .service(send::labels)
            .service(send::test_run)
            .service(acceptance::show_run)
            .service(performance::show)
            .service(report::show)
            .service(report::document)
            .service(invalidation::show)
            .service(invalidation::prepare)
            .service(invalidation::sign)
            .service(run_invalidation::show)
            .service(run_invalidation::prepare)
            .service(run_invalidation::sign)
            .service(alert::show)
            .service(alert::acknowledge)
            .service(alert::draft)
            .service(alert_step::show)
            .service(alert_step::sign)
            .service(signing_sheet::show)
            .service(signing_sheet::sign)
            .service(audit_trail::show)
            .service(qualifications::list)
            .service(qualifications::show)
            .service(qualifications::sign)
            .service(reviews::list)
            .service(reviews::next)
            .service(reviews::hold)
            .service(reviews::show)
            .service(reviews::sign)
            .configure(prediction_reviews)
            .configure(continuity)
            .configure(retention_and_disposal)
            .service(access_log::show)
            .service(evidence::show)
            .service(evidence::make)
            .service(evidence::look)
            .service(evidence::fetch)
            .service(entry::show)
            .service(entry::proof_file)
            .service(record_copy::show)
            .service(account::show)
            .service(password::show)
            .service(password::change)
            .service(second_factor::show_one)
            .service(second_factor::offer_one)
            .service(second_factor::confirm_one)
            .service(passkeys::show_all)
            .service(passkeys::end_one)
            .service(passkeys::report)
            .configure(people_before_they_sign)
            .service(watch::show_watch)
            .service(watch::take_watch_step)
            .service(watch::show_clock)
            .service(watch::confirm)
            .service(system::show)
            .service(notices::show)
            .service(notices::keep)
            .service(notices::retry)
            .service(account::issue)
            .service(account::revoke)
            .service(accounts::show)
            .service(accounts::create)
            .service(accounts::step)
            .service(roles::show)
            .service(roles::ask)
            .service(roles::give_answer)
            .service(password_rules::show)
            .service(password_rules::set)
            .default_service(web::to(sign_in::nowhere)),
    );
}

/// Predictions that people review.
fn prediction_reviews(config: &mut ServiceConfig) {
    config
        .service(prediction_review::list)
        .service(prediction_review::show_form)
        .service(prediction_review::draw)
        .service(review_case::show_next)
        .service(review_case::record_answer)
        .service(review_case::show_answered)
        .service(review_case::record_correction)
        .service(review_sample::show)
        .service(review_sample::close);
}

/// Incidents, continuity drills and indicators.
fn continuity(config: &mut ServiceConfig) {
    config
        .service(incidents::list)
        .service(incidents::report_one)
        .service(incident::show)
        .service(incident::correct)
        .service(incident::investigate)
        .service(incident::reopen)
        .service(incident::sign)
        .service(drills::list)
        .service(drills::record)
        .service(drills::show)
        .service(indicators::show)
        .service(indicators::table)
        .service(indicators::record)
        .service(indicators::recorded_table)
        .service(indicators::show_recorded);
}

/// How long files are kept, and what removes them.
fn retention_and_disposal(config: &mut ServiceConfig) {
    config
        .service(retention::show)
        .service(retention::set)
        .service(retention::assign)
        .service(retention::place)
        .service(legal_hold::show)
        .service(legal_hold::prepare)
        .service(legal_hold::sign)
        .service(disposal::prepare)
        .service(disposal::propose)
        .service(disposal::show)
        .service(disposal::sign)
        .service(disposal::withdraw)
        .service(redactions::list)
        .service(redactions::prepare)
        .service(redactions::propose)
        .service(redactions::show)
        .service(redactions::sign)
        .service(redactions::withdraw);
}

/// What is recorded about people before they sign and while they hold a role.
fn people_before_they_sign(config: &mut ServiceConfig) {
    config
        .service(people::show_people)
        .service(people::record_person)
        .service(people::show_training)
        .service(people::set_training)
        .service(accountability::show_statement)
        .service(accountability::accept_shown)
        .service(accountability::set_other);
}
