//! `driftledger review-plan`

use super::{done, terminal};
use crate::error::Result;
use crate::review::plan::{ReviewPlan, review_plan};
use clap::Args;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `review-plan`.
#[derive(Debug, Args)]
#[command(
    after_help = "The stop-any-time plan may be looked at after every case and is the one to take. A fixed plan is \
    decided before the first case and carried out once.\n\n\
    Example: driftledger review-plan --claim 0.02 --lot 500"
)]
pub(super) struct ReviewPlanArguments {
    /// Error rate that the review shall exclude, for example 0.02
    #[arg(long, value_parser = share)]
    claim: f64,
    /// With which confidence
    #[arg(long, default_value_t = 0.95, value_parser = share)]
    confidence: f64,
    /// Cases in the lot that the claim is about; without it, the lot is large
    #[arg(long)]
    lot: Option<u64>,
    /// Print the plans as JSON
    #[arg(long)]
    json: bool,
}

/// A share between 0 and 1.
fn share(text: &str) -> std::result::Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or("expected a share above 0 and below 1, for example 0.02 for 2 %")
}

pub(super) fn run(arguments: &ReviewPlanArguments) -> Result<ExitCode> {
    let plan = review_plan(arguments.claim, arguments.confidence, arguments.lot)?;
    if arguments.json {
        terminal::say_json(&plan)?;
    } else {
        tell(&plan);
    }
    done()
}

/// A share in percent, without digits that say nothing.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", 100.0 * share);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn tell(plan: &ReviewPlan) {
    let claim = percent(plan.claim);
    terminal::say(&format!(
        "to say \"the error rate is below {claim}\" with {} confidence, review:",
        percent(plan.confidence)
    ));
    let mut table = Builder::default();
    table.push_record(["plan", "wrong cases", "cases to review"]);
    for step in &plan.stop_any_time {
        let wrong = format!("{} met", step.errors);
        table.push_record(["stop any time".to_owned(), wrong, step.cases.to_string()]);
    }
    for step in &plan.fixed {
        let wrong = format!("{} allowed", step.errors);
        table.push_record(["fixed".to_owned(), wrong, step.cases.to_string()]);
    }
    if let (Some(lot), Some(cases)) = (plan.lot, plan.lot_cases) {
        let name = format!("fixed, lot of {lot}");
        table.push_record([name, "0 allowed".to_owned(), cases.to_string()]);
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
    terminal::say(
        "the stop-any-time plan may be watched after every case; a fixed plan loses its meaning when \
         somebody looks earlier or goes on after a failure",
    );
    terminal::say("\nacceptance plans (level II, AQL 1 %) protect the producer; what they show:");
    let mut table = Builder::default();
    let passes = format!("a lot with {claim} wrong passes");
    table.push_record(["cases / accepted", "an accepted lot has fewer wrong than", &passes]);
    for row in &plan.acceptance {
        table.push_record([
            format!("{} / {}", row.cases, row.accepted_errors),
            format!("{:.1} %", 100.0 * row.shows_below),
            format!("{:.0} % of the time", 100.0 * row.passes_at_claim),
        ]);
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
}
