//! `driftledger guarantee`

use super::{done, terminal};
use crate::drift::simulation::CHANGE_AT;
use crate::error::Result;
use crate::procedures::check_guarantee::{Delay, FalseAlarms, GuaranteeCheck, check_guarantee};
use clap::Args;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `guarantee`.
#[derive(Debug, Args)]
#[command(
    after_help = "Simulates batches of 500 rows in 25 normal columns against a reference of 5 000 rows, 200 batches a run.\n\
    A run of all scenarios takes about 45 seconds of one core. The same seed gives the same table."
)]
pub(super) struct GuaranteeArguments {
    /// Runs of each scenario
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    runs: u32,
    /// Seed of all draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print what was measured as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &GuaranteeArguments) -> Result<ExitCode> {
    let check = check_guarantee(arguments.runs, arguments.seed);
    if arguments.json {
        terminal::say_json(&check)?;
    } else {
        terminal::say(&table(&check));
        terminal::say(&format!(
            "{} runs a scenario, seed {}; false alarms are batches with an alarm per run of {} batches: mean (most), 95 % \
             upper limit of the mean; bound of the monitors {}. Shifts in 3 of 25 columns begin with batch {}.",
            check.runs, check.seed, check.batches, check.bound, CHANGE_AT
        ));
        terminal::say(&format!(
            "Worst point of the tolerance, N = 20, 400 batches: {:.2} alarms on average, bound {}.",
            check.worst_point.mean, check.worst_point.bound
        ));
        for (tolerance, found) in ["0.03", "0.05"].iter().zip(&check.zig_zag) {
            terminal::say(&format!("Zig-zag of TV 0.1, tolerance {tolerance}: {}.", delay(found)));
        }
    }
    done()
}

fn table(check: &GuaranteeCheck) -> String {
    let mut table = Builder::default();
    table.push_record(["rule", "false alarms", "correlated 0.6", "0.25 sd", "before it", "0.5 sd"]);
    for rule in &check.rules {
        let alarms = |of: &FalseAlarms| format!("{:.2} ({}), <= {:.2}", of.mean, of.max, of.upper);
        table.push_record([
            rule.rule.clone(),
            alarms(&rule.quiet),
            alarms(&rule.quiet_correlated),
            delay(&rule.small_shift),
            format!("{:.1}", rule.before),
            delay(&rule.large_shift),
        ]);
    }
    table.build().with(Style::sharp()).to_string()
}

fn delay(found: &Delay) -> String {
    let share = 100.0 * f64::from(found.detected) / f64::from(found.runs.max(1));
    match (found.mean, found.p90) {
        (Some(mean), Some(p90)) => format!("{share:.0} %: {mean:.1} / {p90}"),
        _ => format!("{share:.0} %: never"),
    }
}
