//! The codes of tolerances, limits, laws and the e-detector.

use serde_json::Value;

use super::compute::{Computed, Failure, value};
use super::inputs::Inputs;
use crate::statistics as s;

/// The answer of a code of this family; `None` for any other.
pub(super) fn of_laws(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let number = |name: &str| inputs.parameter(name, f64::NAN);
    let rows =
        |name: &str| inputs.vector.parameters.get(name).and_then(Value::as_u64).unwrap_or_default();
    let answer = || -> Computed {
        Ok(match code {
            "noncentral_chi_square" => value(s::noncentral_chi_square::cdf(
                number("x"),
                number("degrees"),
                number("noncentrality"),
            )),
            "cohens_h_tolerance" => {
                value(s::tolerance::cohens_h_tolerance(number("share"), number("h")))
            }
            "reference_error" => {
                let reference = inputs.sample("reference")?;
                value(s::tolerance::reference_error(&reference, rows("rows"), [0; 32]))
            }
            "tv_upper" => {
                let (counts, reference) =
                    (inputs.count_list("counts")?, inputs.sample("reference")?);
                value(s::limits::tv_upper(&counts, &reference, rows("reference_rows")))
            }
            "rows_to_settle" => return rows_to_settle(inputs, rows("reference_rows")),
            "mmd" => {
                let (r, b) = (inputs.points("reference")?, inputs.points("batch")?);
                value(s::mmd_rff::mmd_exact(&r, &b, number("bandwidth"))?)
            }
            "score_card" => {
                let (p, q) = (inputs.sample("p")?, inputs.sample("q")?);
                vec![("scores", s::score_card::score_card(&q, &p, number("delta")))]
            }
            _ => detected(inputs, number("delta"))?,
        })
    };
    let known = [
        "noncentral_chi_square",
        "cohens_h_tolerance",
        "reference_error",
        "tv_upper",
        "rows_to_settle",
        "mmd",
        "score_card",
        "e_detector",
    ];
    known.contains(&code).then(answer)
}

fn rows_to_settle(inputs: &Inputs<'_>, reference_rows: u64) -> Computed {
    let (reference, tolerance) = (inputs.sample("reference")?, inputs.parameter("delta", f64::NAN));
    let found = s::limits::rows_to_settle(tolerance, &reference, reference_rows);
    let never = || Failure::NotEvaluated("no number of rows settles it".to_owned());
    Ok(value(found.ok_or_else(never)? as f64))
}

/// log M after each batch, of one series at weight 1 that never alarms.
fn detected(inputs: &Inputs<'_>, tolerance: f64) -> Computed {
    let (p, batches) = (inputs.sample("p")?, inputs.batches()?);
    if batches.iter().flatten().any(|block| block.len() != p.len()) {
        return Err(Failure::Malformed("sub-blocks and reference have different bins".to_owned()));
    }
    let ordered = inputs.vector.parameters.get("ordered").and_then(Value::as_bool).unwrap_or(false);
    let temper = inputs.parameter("temper", 1.0);
    let detector = s::e_detector::EDetector::freeze(&p, tolerance, ordered, temper);
    let mut state = detector.start();
    let steps = batches.iter().map(|batch| detector.step(&mut state, batch).series_log_m);
    Ok(vec![("log_m", steps.collect())])
}
