//! The server-rendered pages: typed input, one procedure, a template.
//!
//! Start with [`routes`] (the whole list), then [`visitor`] (who asks) and [`frame`] (what every page has around it), then
//! one file a page. Must not hold rules: who may do what is decided by the procedures; a page only shows what came of it.
//! No inline script and no inline style anywhere, so that the strictest content security policy holds. There are two scripts:
//! one asks passkeys, and only whoever has one gets it; the other shows how much of a form's files has been sent.

pub mod acceptance;
mod acceptance_plan;
pub mod access_log;
pub mod account;
pub mod accountability;
pub mod accounts;
pub mod alert;
pub mod alert_step;
pub mod alert_story;
mod assessment;
pub mod assets;
pub mod audit_trail;
mod batch_pair;
mod change;
pub mod destination;
pub mod difference;
pub mod disposal;
mod draft;
pub mod entry;
pub mod evidence;
pub mod evidence_chart;
mod fleet;
pub mod frame;
pub mod heat_map;
mod help;
pub mod inbox;
pub mod invalidation;
pub mod legal_hold;
mod life_cycle;
pub mod lineage_chart;
pub mod markup;
mod model_record;
pub mod models;
pub mod notices;
pub mod page_error;
pub mod passkeys;
pub mod password;
pub mod password_rules;
pub mod people;
pub mod performance;
pub mod performance_chart;
pub mod prediction_review;
pub mod provider;
mod qualifications;
mod record_copy;
pub mod reference_proposal;
pub mod references;
mod register;
pub mod report;
pub mod report_features;
pub mod retention;
pub mod review_case;
pub mod review_sample;
pub mod reviews;
pub mod roles;
pub mod routes;
pub mod score_cards;
pub mod second_factor;
mod send;
pub mod sign_in;
pub mod signing_sheet;
pub mod step;
pub mod study;
mod study_new;
mod system;
pub mod tolerances;
mod upload;
pub mod version;
pub mod visitor;
pub mod watch;
pub mod wording;
