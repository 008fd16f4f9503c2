//! Which inputs and parameters a code knows: whatever else a vector holds is refused, and not left unread.

use serde_json::{Map, Value};

use super::codes::nearest_of;
use super::compute::Failure;
use super::inputs::{Inputs, Read, malformed};

const SAMPLES: &[&str] = &["reference", "batch"];
const COUNTS: &[&str] =
    &["reference", "batch", "reference_counts", "batch_counts", "table", "successes", "trials"];
const CONFIDENCE: &[&str] = &["confidence", "confidence_level", "level", "alpha"];
const CHART: &[&str] = &["center", "mean", "mu", "target", "sigma", "std", "sd"];
const METHODS_ONLY: &[&str] = &["method"];
const TEST: &[&str] = &["method", "alternative"];

/// Inputs and parameters of a code, the latter in groups.
type Known = (&'static [&'static str], Vec<&'static [&'static str]>);

fn known(code: &str) -> Known {
    match code {
        "total_variation" | "hellinger" | "l_infinity" | "cramers_v" => {
            (COUNTS, vec![METHODS_ONLY, &["bins"]])
        }
        "psi" => (COUNTS, vec![METHODS_ONLY, &["bins", "smoothing"]]),
        "kl_divergence" => (COUNTS, vec![METHODS_ONLY, &["bins", "smoothing", "base"]]),
        "jensen_shannon_distance" | "jensen_shannon_divergence" => {
            (COUNTS, vec![METHODS_ONLY, &["bins", "base"]])
        }
        "chi_square" => (COUNTS, vec![TEST, &["bins", "correction", "merge_below"]]),
        "g_test" => (COUNTS, vec![TEST, &["bins", "correction"]]),
        "fisher_exact" | "z_proportion" | "ks" => (COUNTS, vec![TEST]),
        "cohens_h" | "cliffs_delta" => (COUNTS, vec![METHODS_ONLY]),
        "newcombe" => (COUNTS, vec![METHODS_ONLY, CONFIDENCE]),
        "cohen_kappa" | "gwet_ac1" => {
            (&["table", "reference", "batch"], vec![METHODS_ONLY, CONFIDENCE])
        }
        "mcnemar" => (&["table", "reference", "batch"], vec![TEST, &["exact", "correction"]]),
        "fleiss_kappa" => (&["table"], vec![METHODS_ONLY, CONFIDENCE]),
        "clopper_pearson" | "wilson" => {
            (&["successes", "trials"], vec![METHODS_ONLY, &["alternative"], CONFIDENCE])
        }
        "delong" => (&["labels", "scores"], vec![METHODS_ONLY, CONFIDENCE]),
        "anderson_darling" => {
            (&["reference", "batch", "groups"], vec![TEST, &["variant", "midrank"]])
        }
        "welch_t" => (SAMPLES, vec![TEST, &["equal_var"]]),
        "cramer_von_mises" | "mann_whitney" | "epps_singleton" => (SAMPLES, vec![TEST]),
        "wasserstein" => (SAMPLES, vec![METHODS_ONLY, &["normed", "ddof"]]),
        "wasserstein_normed" | "cohens_d" => (SAMPLES, vec![METHODS_ONLY, &["ddof"]]),
        "energy_distance" => (SAMPLES, vec![METHODS_ONLY]),
        "benjamini_hochberg" | "benjamini_yekutieli" | "holm" => {
            (&["series"], vec![METHODS_ONLY, &["alpha"]])
        }
        "e_bh" => (&["series"], vec![&["alpha", "scale"]]),
        "moments" => (&["series"], vec![&["ddof"]]),
        "ppk" => (&["series"], vec![&["lower", "upper"]]),
        "individuals" => (&["series"], vec![]),
        "nelson" => (&["series"], vec![CHART]),
        "ewma" => (&["series"], vec![CHART, &["weight", "lambda", "width", "L"]]),
        "cusum" => (&["series"], vec![CHART, &["allowance", "k", "decision", "h"]]),
        "laney_p" => (&["successes", "trials", "table"], vec![]),
        "xbar_s" => (&["groups"], vec![]),
        "page_hinkley" => (
            &["series"],
            vec![&[
                "values_min",
                "min_instances",
                "allowance",
                "delta",
                "threshold",
                "fading",
                "alpha",
                "mode",
            ]],
        ),
        "ddm" => (
            &["series"],
            vec![&[
                "values_min",
                "warm_start",
                "warning",
                "warning_threshold",
                "drift",
                "drift_threshold",
            ]],
        ),
        "adwin" => (
            &["series"],
            vec![&[
                "confidence",
                "delta",
                "clock",
                "max_buckets",
                "min_window_length",
                "grace_period",
            ]],
        ),
        "noncentral_chi_square" => {
            (&[], vec![&["x", "degrees", "df", "noncentrality", "nc"], CONFIDENCE])
        }
        "cohens_h_tolerance" => (&[], vec![&["share", "h"]]),
        "reference_error" => (&["reference"], vec![&["rows"]]),
        "tv_upper" => (&["reference", "counts"], vec![&["reference_rows"]]),
        "rows_to_settle" => (&["reference"], vec![&["delta", "tolerance", "reference_rows"]]),
        "mmd" | "mmd_rff" => (SAMPLES, vec![&["bandwidth", "sigma"]]),
        "score_card" => (&["p", "q"], vec![&["delta", "tolerance"]]),
        "e_detector" => {
            (&["p", "batches"], vec![&["delta", "tolerance", "ordered", "temper", "n_alarm", "N"]])
        }
        _ => (&[], vec![]),
    }
}

/// The method by which the p-value of a code is found, where there is but one.
fn only_method(code: &str) -> Option<&'static str> {
    match code {
        "ks" | "cramer_von_mises" | "mann_whitney" | "mcnemar" => None,
        "psi" | "chi_square" | "g_test" | "z_proportion" | "anderson_darling" | "welch_t"
        | "epps_singleton" | "wilson" | "newcombe" | "delong" => Some("asymptotic"),
        _ => Some("exact"),
    }
}

/// Whether the test of a code can also be asked for one side.
fn is_one_sided(code: &str) -> bool {
    matches!(code, "fisher_exact" | "ks" | "mann_whitney" | "welch_t" | "z_proportion")
}

/// Refuses inputs and parameters that `code` does not know, and settings that ask for what it does not do.
pub(super) fn check(code: &str, inputs: &Inputs<'_>) -> Read<()> {
    let (known_inputs, groups) = known(code);
    let parameters: Vec<&str> = groups.concat();
    named("input", &inputs.vector.inputs, known_inputs, code)?;
    named("parameter", &inputs.vector.parameters, &parameters, code)?;
    if let Some(only) = only_method(code).filter(|_| parameters.contains(&"method")) {
        let other = if only == "asymptotic" { "asymp" } else { only };
        inputs.word("method", &["auto", only, other])?;
    }
    if parameters.contains(&"alternative") {
        inputs.alternative(is_one_sided(code))?;
    }
    if inputs.switch(&["equal_var"], false)? {
        return Err(malformed("parameter `equal_var` is true, but `welch_t` has no equal spreads"));
    }
    if !inputs.switch(&["midrank"], true)? {
        return Err(malformed("parameter `midrank` is false, but ties have middle ranks here"));
    }
    inputs.word("variant", &["midrank"])?;
    Ok(())
}

fn named(kind: &str, given: &Map<String, Value>, known: &[&str], code: &str) -> Read<()> {
    let Some(unknown) = given.keys().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let hint = nearest_of(unknown, known.iter().copied());
    let hint = hint.map_or(";".to_owned(), |near| format!("; is `{near}` meant?"));
    let all =
        if known.is_empty() { "none".to_owned() } else { format!("`{}`", known.join("`, `")) };
    Err(Failure::Malformed(format!("unknown {kind} `{unknown}`{hint} `{code}` takes {all}")))
}

/// The fields of a vector.
const FIELDS: [&str; 6] = ["id", "statistic", "inputs", "parameters", "expected", "tolerance"];

/// A field of a vector that is none, but looks as if one were meant. Others are for the reader.
pub(super) fn misspelt(vector: &Value) -> Option<String> {
    let fields = vector.as_object()?.keys().filter(|name| !FIELDS.contains(&name.as_str()));
    let close = |name: &String| {
        let same_start = |field: &&str| name.len() >= 3 && field.starts_with(name.as_str());
        let start = FIELDS.iter().copied().find(same_start);
        let long = FIELDS.into_iter().filter(|field| field.len() > 2 && name.len() > 4);
        let near = start.or_else(|| nearest_of(name, long))?;
        Some(format!("unknown field `{name}`; is `{near}` meant?"))
    };
    fields.filter(|name| *name != "params").find_map(close).or_else(|| {
        let params = vector.get("params").is_some();
        params.then(|| "unknown field `params`; is `parameters` meant?".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::super::{CODES, VectorFile, run};
    use super::*;

    #[test]
    fn every_code_knows_an_input_or_a_parameter() {
        for code in CODES {
            let (inputs, parameters) = known(code);
            assert!(!inputs.is_empty() || !parameters.is_empty(), "{code}");
        }
    }

    #[test]
    fn what_no_code_reads_is_refused_and_said() {
        let said = |inputs: &str, rest: &str| {
            let text = format!(
                r#"{{"vectors": [{{"id": "a", "statistic": "ks", "inputs": {inputs}, "expected": {{"value": 0}}{rest}}}]}}"#
            );
            let file: VectorFile = serde_json::from_str(&text).unwrap();
            let outcome = run(file).remove(0);
            assert!(!outcome.passed, "{outcome:?}");
            outcome.detail
        };
        let samples = r#"{"reference": [1, 2], "batch": [1, 2]}"#;
        for (inputs, rest, expected) in [
            (
                samples,
                r#", "parameters": {"metod": "exact"}"#,
                "unknown parameter `metod`; is `method` meant?",
            ),
            (samples, r#", "parameters": {"alternative": "lesser"}"#, "parameter `alternative` is"),
            (samples, r#", "parameters": {"method": "exat"}"#, "parameter `method` is"),
            (samples, r#", "paramters": {"method": "exact"}"#, "is `parameters` meant?"),
            (samples, r#", "params": {"method": "exact"}"#, "is `parameters` meant?"),
            (samples, r#", "tolerance": {"relativ": 1}"#, "unknown field `relativ`"),
            (
                r#"{"reference": [1], "batch": [1], "method": "exact"}"#,
                "",
                "unknown input `method`",
            ),
            (r#"{"reference": [1], "bacth": [1]}"#, "", "unknown input `bacth`; is `batch` meant?"),
        ] {
            let found = said(inputs, rest);
            assert!(found.contains(expected), "{found} instead of {expected}");
        }
    }
}
