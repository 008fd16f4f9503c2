//! The codes of rates, tables of agreement and separation.

use super::compute::{Computed, Failure, interval, tested, value};
use super::inputs::Inputs;
use crate::statistics as s;

/// The answer of a code of this family; `None` for any other.
pub(super) fn of_rates(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let confidence = inputs.parameter("confidence", 0.95);
    let answer = || -> Computed {
        Ok(match code {
            "clopper_pearson" | "wilson" => {
                let (successes, trials) = inputs.rate()?;
                let exact = code == "clopper_pearson";
                let limits =
                    if exact { s::intervals::clopper_pearson } else { s::intervals::wilson };
                interval(limits(successes, trials, confidence)?)
            }
            "newcombe" | "z_proportion" | "cohens_h" => return two_rates(code, inputs, confidence),
            "fisher_exact" => {
                let (first, second) = inputs.counts()?;
                let (&[a, b], &[c, d]) = (first.as_slice(), second.as_slice()) else {
                    return Err(Failure::Malformed("the table is not 2 × 2".to_owned()));
                };
                let test = s::fisher_exact::fisher_exact([[a, b], [c, d]])?;
                let odds_ratio = test.odds_ratio.map(|ratio| ("value", vec![ratio]));
                odds_ratio.into_iter().chain([("p_value", vec![test.p_value])]).collect()
            }
            "mcnemar" => match inputs.table()?.as_slice() {
                [first, second] if first.len() == 2 && second.len() == 2 => {
                    tested(s::mcnemar::mcnemar(first[1], second[0]))
                }
                _ => return Err(Failure::Malformed("the table is not 2 × 2".to_owned())),
            },
            "cohen_kappa" => interval(s::cohen_kappa::cohen_kappa(&inputs.table()?, confidence)?),
            "gwet_ac1" => interval(s::gwet_ac1::gwet_ac1(&inputs.table()?, confidence)?),
            _ => {
                let (labels, scores) = inputs.labelled()?;
                interval(s::delong::delong(&labels, &scores, confidence)?)
            }
        })
    };
    let known = [
        "clopper_pearson",
        "wilson",
        "newcombe",
        "z_proportion",
        "cohens_h",
        "fisher_exact",
        "mcnemar",
        "cohen_kappa",
        "gwet_ac1",
        "delong",
    ];
    known.contains(&code).then(answer)
}

fn two_rates(code: &str, inputs: &Inputs<'_>, confidence: f64) -> Computed {
    let [reference, batch] = inputs.rates()?;
    Ok(match code {
        "newcombe" => interval(s::intervals::newcombe(batch, reference, confidence)?),
        "cohens_h" => value(s::cohens_h::cohens_h(reference, batch)?),
        _ => tested(s::z_proportion::z_proportion(reference, batch)?),
    })
}
