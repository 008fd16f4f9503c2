//! The codes of rates, tables of agreement and separation.

use super::compute::{Computed, Failure, interval, tested, value};
use super::inputs::{Inputs, malformed};
use super::parameters::Method;
use crate::statistics as s;
use crate::statistics::mann_whitney::mann_whitney_asymptotic;
use crate::statistics::significance::Significance;

/// The answer of a code of this family; `None` for any other.
pub(super) fn of_rates(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    Some(match code {
        "clopper_pearson" | "wilson" => inputs.rate().and_then(|(successes, trials)| {
            let exact = code == "clopper_pearson";
            let limits = if exact { s::intervals::clopper_pearson } else { s::intervals::wilson };
            Ok(interval(limits(successes, trials, inputs.confidence()?)?))
        }),
        "newcombe" | "z_proportion" | "cohens_h" => two_rates(code, inputs),
        "fisher_exact" => fisher(inputs),
        "mcnemar" => mcnemar(inputs),
        "cohen_kappa" => inputs.table().and_then(|table| {
            match s::cohen_kappa::cohen_kappa(&table, inputs.confidence()?) {
                Err(s::Error::NoSpread | s::Error::NotEnough { .. }) => {
                    Ok(value(s::cohen_kappa::estimate(&table)?))
                }
                found => Ok(interval(found?)),
            }
        }),
        "fleiss_kappa" => inputs.table().and_then(|table| {
            Ok(interval(s::fleiss_kappa::fleiss_kappa(&table, inputs.confidence()?)?))
        }),
        "gwet_ac1" => inputs.table().and_then(|table| {
            match s::gwet_ac1::gwet_ac1(&table, inputs.confidence()?) {
                Err(s::Error::NotEnough { .. }) => Ok(value(s::gwet_ac1::estimate(&table)?)),
                found => Ok(interval(found?)),
            }
        }),
        "delong" => inputs.labelled().and_then(|(labels, scores)| {
            match s::delong::delong(&labels, &scores, inputs.confidence()?) {
                Err(s::Error::NotEnough { .. }) => area(&labels, &scores),
                found => Ok(interval(found?)),
            }
        }),
        _ => return None,
    })
}

/// AUC without an interval, where there are too few of one class for one: U of the positives over all pairs.
fn area(labels: &[bool], scores: &[f64]) -> Computed {
    let of = |wanted: bool| -> Vec<f64> {
        labels.iter().zip(scores).filter(|(is, _)| **is == wanted).map(|(_, x)| *x).collect()
    };
    let (positives, negatives) = (of(true), of(false));
    let pairs = positives.len() as f64 * negatives.len() as f64;
    Ok(value(mann_whitney_asymptotic(&positives, &negatives)?.statistic / pairs))
}

/// Batch against reference: a difference is batch minus reference, and positive when the rate has risen.
fn two_rates(code: &str, inputs: &Inputs<'_>) -> Computed {
    let [reference, batch] = inputs.rates()?;
    Ok(match code {
        "newcombe" => interval(s::intervals::newcombe(batch, reference, inputs.confidence()?)?),
        "cohens_h" => value(s::cohens_h::cohens_h(reference, batch)?),
        _ => {
            let test = s::z_proportion::z_proportion(reference, batch)?;
            let p_value = inputs.alternative(true)?.of_symmetric(test.statistic, test.p_value);
            tested(Significance { p_value, ..test })
        }
    })
}

fn fisher(inputs: &Inputs<'_>) -> Computed {
    let [[a, b], [c, d]] = if inputs.has("table") {
        two_by_two(&inputs.table()?)?
    } else if inputs.has("reference") {
        let (reference, batch) = inputs.counts()?;
        two_by_two(&[reference, batch])?
    } else {
        let [reference, batch] = inputs.rates()?;
        let failures = |(successes, trials): (u64, u64)| {
            trials
                .checked_sub(successes)
                .ok_or(s::Error::OutOfRange { name: "successes", value: successes as f64 })
        };
        [[reference.0, failures(reference)?], [batch.0, failures(batch)?]]
    };
    let table = [[a, b], [c, d]];
    let test = s::fisher_exact::fisher_exact_towards(table, inputs.alternative(true)?)?;
    let infinite = (a > 0 && d > 0).then_some(f64::INFINITY);
    let odds_ratio = test.odds_ratio.or(infinite).map(|ratio| ("value", vec![ratio]));
    Ok(odds_ratio.into_iter().chain([("p_value", vec![test.p_value])]).collect())
}

fn mcnemar(inputs: &Inputs<'_>) -> Computed {
    let [[_, first_only], [second_only, _]] = two_by_two(&inputs.table()?)?;
    // statsmodels asks for the method by yes or no
    let method = match (inputs.is_given("exact"), inputs.switch(&["exact"], true)?) {
        (true, _) if inputs.is_given("method") => {
            return Err(malformed("both `method` and `exact` are given, expected one of them"));
        }
        (true, false) => Method::Asymptotic,
        (true, true) => Method::Exact,
        (false, _) => inputs.method()?,
    };
    Ok(tested(match method {
        Method::Asymptotic => s::mcnemar::mcnemar_asymptotic(
            first_only,
            second_only,
            inputs.switch(&["correction"], true)?,
        )?,
        Method::Auto | Method::Exact => s::mcnemar::mcnemar(first_only, second_only),
    }))
}

fn two_by_two(table: &[Vec<u64>]) -> Result<[[u64; 2]; 2], Failure> {
    match table {
        [first, second] => match (first.as_slice(), second.as_slice()) {
            (&[a, b], &[c, d]) => Ok([[a, b], [c, d]]),
            _ => Err(Failure::NotEvaluated("not a table of two rows and two columns".into())),
        },
        _ => Err(Failure::NotEvaluated("not a table of two rows and two columns".into())),
    }
}
