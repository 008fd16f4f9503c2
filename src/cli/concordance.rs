//! `driftledger concordance FILE`

use super::{done, terminal};
use crate::error::Result;
use crate::procedures::measure_concordance::{ReviewColumns, measure_concordance};
use crate::review::concordance::{Concordance, Estimate};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `concordance`.
#[derive(Debug, Args)]
#[command(
    after_help = "At least a tenth of the reviews should be blind (the model's answer hidden): only they show whether \
    reviewers follow the model.\n\n\
    Example: driftledger concordance reviews.csv --prediction model_says --review physician_says --blind blind"
)]
pub(super) struct ConcordanceArguments {
    /// Table of reviewed cases, one a row
    file: PathBuf,
    /// Column of the model's answer
    #[arg(long, default_value = "prediction")]
    prediction: String,
    /// Column of the reviewer's answer
    #[arg(long, default_value = "review")]
    review: String,
    /// Column that says whether the review was blind, true or false; without it, none was
    #[arg(long)]
    blind: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ConcordanceArguments) -> Result<ExitCode> {
    let columns = ReviewColumns {
        prediction: arguments.prediction.clone(),
        review: arguments.review.clone(),
        blind: arguments.blind.clone(),
    };
    let found = measure_concordance(&arguments.file, None, &columns)?;
    if arguments.json {
        terminal::say_json(&found)?;
    } else {
        tell(&found);
    }
    done()
}

fn tell(found: &Concordance) {
    let share = |value: f64| format!("{:.1} %", 100.0 * value);
    let plain = |value: f64| format!("{value:.3}");
    let mut table = Builder::default();
    table.push_record(["figure", "value", "95 % interval"]);
    for (name, figure) in [
        ("agreement", &found.agreement),
        ("agreement, blind reviews", &found.blind_agreement),
        ("agreement, assisted reviews", &found.assisted_agreement),
        ("assisted minus blind", &found.assistance_effect),
    ] {
        table.push_record(line(name, figure, share));
    }
    table.push_record(line("Cohen's kappa", &found.kappa, plain));
    table.push_record(line("Gwet's AC1", &found.ac1, plain));
    terminal::say(&table.build().with(Style::sharp()).to_string());
    let Concordance { cases, blind_cases, unanswered, .. } = found;
    terminal::say(&format!(
        "{cases} cases, {blind_cases} of them blind, {unanswered} left out without an answer"
    ));
    if !found.enough_blind {
        terminal::say(
            "fewer than a tenth of the reviews are blind: whether reviewers follow the model cannot be said",
        );
    }
    for way in &found.directions {
        terminal::say(&format!(
            "model `{}`, reviewer `{}`: {}; the other way round: {} (p = {:.3})",
            way.first, way.second, way.model_first, way.model_second, way.p_value
        ));
    }
}

fn line(name: &str, figure: &Estimate, said: impl Fn(f64) -> String) -> [String; 3] {
    match figure {
        Estimate::Interval(found) => [
            name.to_owned(),
            said(found.estimate),
            format!("{} to {}", said(found.lower), said(found.upper)),
        ],
        Estimate::NotEvaluated(reason) => {
            [name.to_owned(), "not evaluated".to_owned(), reason.clone()]
        }
    }
}
