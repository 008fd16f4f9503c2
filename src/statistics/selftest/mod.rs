//! Self-test: does this program, on this machine, still compute what independent tools compute?
//!
//! Reads known-answer vectors (a compact set is built in), computes each with the function of its code and compares within the
//! stated tolerance. Samples may hold nulls and NaN (dropped before a statistic), infinities (the statistic is then not
//! evaluated) and text (categories, turned into counts for the statistics of counts).

mod compute;
mod inputs;
mod laws;
mod rates;
mod series;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use compute::CODES;

/// A file of known answers. Fields beside these, such as the tool and its command, are for the reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VectorFile {
    /// Named samples that vectors may use by name.
    #[serde(default)]
    pub datasets: BTreeMap<String, Value>,
    /// The known answers.
    pub vectors: Vec<Vector>,
}

/// One known answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vector {
    /// Name of the vector, unique in its file.
    pub id: String,
    /// Code of the statistic, one of [`CODES`].
    pub statistic: String,
    /// Samples, counts, a table, a series or whatever else the statistic takes.
    pub inputs: Map<String, Value>,
    /// Method and settings.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Expected numbers by name (`value`, `p_value`, …), or `not_evaluated: true`.
    pub expected: Map<String, Value>,
    /// How close the numbers must be.
    #[serde(default)]
    pub tolerance: Tolerance,
}

/// |found − expected| ≤ absolute + relative · |expected|.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Share of the expected number.
    #[serde(default = "relative")]
    pub relative: f64,
    /// In the unit of the number.
    #[serde(default = "absolute")]
    pub absolute: f64,
}

fn relative() -> f64 {
    1e-9
}

fn absolute() -> f64 {
    1e-12
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { relative: relative(), absolute: absolute() }
    }
}

/// What came out for one vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Name of the vector.
    pub id: String,
    /// Code of the statistic.
    pub statistic: String,
    /// Whether all expected numbers were found within the tolerance.
    pub passed: bool,
    /// What was found, and how it differs if it does.
    pub detail: String,
}

/// The vectors that are built into the program.
///
/// # Panics
///
/// Never: the built-in files are read by a test of this module.
///
/// ```
/// use driftledger::statistics::selftest::{embedded, run};
/// assert!(run(&embedded()).iter().all(|outcome| outcome.passed));
/// ```
pub fn embedded() -> VectorFile {
    let mut all = VectorFile { datasets: BTreeMap::new(), vectors: Vec::new() };
    for text in [
        include_str!("../../../tests/vectors/statistics.json"),
        include_str!("../../../tests/vectors/e_detector.json"),
    ] {
        let file: Result<VectorFile, _> = serde_json::from_str(text);
        assert!(file.is_ok(), "a built-in vector file does not parse");
        if let Ok(file) = file {
            all.datasets.extend(file.datasets);
            all.vectors.extend(file.vectors);
        }
    }
    all
}

/// Computes every vector and compares it with its expectation, in the order of the file.
///
/// ```
/// use driftledger::statistics::selftest::{VectorFile, run};
/// let file: VectorFile = serde_json::from_str(
///     r#"{"vectors": [{"id": "equal", "statistic": "psi", "inputs":
///         {"reference_counts": [5, 5], "batch_counts": [5, 5]}, "expected": {"value": 0}}]}"#,
/// )
/// .unwrap();
/// assert!(run(&file)[0].passed);
/// ```
pub fn run(vectors: &VectorFile) -> Vec<Outcome> {
    vectors.vectors.iter().map(|vector| outcome(vector, &vectors.datasets)).collect()
}

fn outcome(vector: &Vector, datasets: &BTreeMap<String, Value>) -> Outcome {
    let wants_none = vector.expected.get("not_evaluated").and_then(Value::as_bool) == Some(true);
    let (passed, detail) = match compute::compute(vector, datasets) {
        Err(compute::Failure::NotEvaluated(reason)) => {
            (wants_none, format!("not evaluated: {reason}"))
        }
        Err(compute::Failure::Malformed(reason)) => (false, reason),
        Ok(found) if wants_none => (false, format!("expected no answer, found {found:?}")),
        Ok(found) => compared(vector, &found),
    };
    Outcome { id: vector.id.clone(), statistic: vector.statistic.clone(), passed, detail }
}

fn compared(vector: &Vector, found: &compute::Found) -> (bool, String) {
    let mut notes = Vec::new();
    for (name, expected) in &vector.expected {
        let expected = inputs::numbers(expected);
        let found = found.iter().find(|(found, _)| found == name).map(|(_, numbers)| numbers);
        match (expected, found) {
            (Some(expected), Some(found)) if agree(found, &expected, vector.tolerance) => {}
            (Some(expected), Some(found)) => {
                notes.push(format!("`{name}` is {found:?}, expected {expected:?}"));
            }
            (None, _) => {
                notes.push(format!("expected `{name}` is not a number or list of numbers"));
            }
            (_, None) => notes.push(format!("`{name}` is not among the answers")),
        }
    }
    if vector.expected.is_empty() {
        notes.push("nothing is expected".to_owned());
    }
    if notes.is_empty() { (true, "agrees".to_owned()) } else { (false, notes.join("; ")) }
}

fn agree(found: &[f64], expected: &[f64], tolerance: Tolerance) -> bool {
    let close = |found: f64, expected: f64| {
        if expected.is_infinite() {
            found.is_infinite() && found.is_sign_positive() == expected.is_sign_positive()
        } else {
            (found - expected).abs() <= tolerance.absolute + tolerance.relative * expected.abs()
        }
    };
    found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| close(*f, *e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_all_pass(file: &VectorFile) {
        let failed: Vec<Outcome> =
            run(file).into_iter().filter(|outcome| !outcome.passed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    fn every_built_in_vector_passes_and_every_code_has_one() {
        let file = embedded();
        assert_all_pass(&file);
        for code in CODES {
            assert!(file.vectors.iter().any(|vector| vector.statistic == *code), "{code}");
        }
    }

    #[test]
    fn every_vector_taken_from_the_tests_of_other_tools_passes() {
        let text = include_str!("../../../tests/vectors/peers.json");
        assert_all_pass(&serde_json::from_str(text).unwrap());
    }

    fn one(statistic: &str, inputs: &str, expected: &str) -> Outcome {
        let text = format!(
            r#"{{"vectors": [{{"id": "a", "statistic": "{statistic}", "inputs": {inputs}, "expected": {expected}}}]}}"#
        );
        run(&serde_json::from_str(&text).unwrap()).remove(0)
    }

    #[test]
    fn a_wrong_expectation_fails_and_says_what_was_found() {
        let counts = r#"{"reference_counts": [5, 5], "batch_counts": [10, 0]}"#;
        let outcome = one("total_variation", counts, r#"{"value": 0.4}"#);
        assert!(!outcome.passed && outcome.detail.contains("0.5"), "{outcome:?}");
        assert!(!one("total_variation", counts, "{}").passed);
        assert!(!one("total_variation", counts, r#"{"p_value": 0.5}"#).passed);
        assert!(!one("total_variation", counts, r#"{"value": "half"}"#).passed);
        assert!(!one("total_variation", counts, r#"{"not_evaluated": true}"#).passed);
        assert!(!one("no_such_statistic", counts, r#"{"not_evaluated": true}"#).passed);
    }

    #[test]
    fn nulls_are_dropped_infinities_are_not_evaluated_and_text_is_categories() {
        let samples = r#"{"reference": [1, null, 2, "NaN"], "batch": [2, 1]}"#;
        assert!(one("wasserstein", samples, r#"{"value": 0}"#).passed);
        let infinite = r#"{"reference": [1, "Infinity"], "batch": [2, "-Infinity"]}"#;
        for code in ["ks", "psi", "wasserstein", "anderson_darling"] {
            assert!(one(code, infinite, r#"{"not_evaluated": true}"#).passed, "{code}");
        }
        let text = r#"{"reference": ["a", "b", null, "b", "a"], "batch": ["a", "a", "a", "c"]}"#;
        assert!(one("total_variation", text, r#"{"value": 0.5}"#).passed);
        assert!(one("ks", text, r#"{"not_evaluated": true}"#).passed);
        let diverging = one("kl_divergence", text, r#"{"value": "Infinity"}"#);
        assert!(diverging.passed, "{diverging:?}");
    }
}
