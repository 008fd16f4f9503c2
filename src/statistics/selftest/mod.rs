//! Self-test: does this program, on this machine, still compute what independent tools compute?
//!
//! Reads known-answer vectors (a compact set is built in), computes each with the function of its code and compares within the
//! stated tolerance. Samples may hold nulls and NaN (dropped before a statistic), infinities (the statistic is then not
//! evaluated) and text (categories, turned into counts for the statistics of counts).

mod cell;
mod codes;
mod compute;
mod inputs;
mod known;
mod laws;
mod parameters;
mod rates;
mod series;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use codes::CODES;

/// A file of known answers. Fields beside these, such as the tool and its command, are for the reader.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VectorFile {
    /// Named samples that vectors may use by name.
    #[serde(default)]
    pub datasets: BTreeMap<String, Value>,
    /// The known answers: a [`Vector`] each. One that is none is an outcome that failed, and the others are still run.
    pub vectors: Vec<Value>,
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
    #[serde(default, deserialize_with = "null_as_default")]
    pub parameters: Map<String, Value>,
    /// Expected numbers by name (`value`, `p_value`, …), or `not_evaluated: true`.
    pub expected: Map<String, Value>,
    /// How close the numbers must be; without it 1e-9 relative (p-values 1e-6) or 1e-12 absolute.
    #[serde(default)]
    pub tolerance: Option<Tolerance>,
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// |found − expected| ≤ absolute + relative · |expected|.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Share of the expected number.
    #[serde(default = "relative", alias = "rel", alias = "rtol")]
    pub relative: f64,
    /// In the unit of the number.
    #[serde(default = "absolute", alias = "abs", alias = "atol")]
    pub absolute: f64,
}

fn relative() -> f64 {
    1e-9
}

fn absolute() -> f64 {
    1e-12
}

impl Tolerance {
    /// What holds for the answer of this name if the vector says nothing.
    fn usual(name: &str) -> Self {
        let relative = if name == "p_value" { 1e-6 } else { relative() };
        Self { relative, absolute: absolute() }
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
    /// Every number found, by name: numbers, lists, `"Infinity"`; empty where the statistic is not evaluated.
    pub found: Map<String, Value>,
}

/// The files of known answers that are built into the program.
const EMBEDDED: [&str; 2] = [
    include_str!("../../../tests/vectors/statistics.json"),
    include_str!("../../../tests/vectors/e_detector.json"),
];

/// The vectors that are built into the program.
///
/// # Panics
///
/// Never: the built-in files are read by a test of this module.
///
/// ```
/// use driftledger::statistics::selftest::{embedded, run};
/// assert!(run(embedded()).iter().all(|outcome| outcome.passed));
/// ```
pub fn embedded() -> VectorFile {
    let mut all = VectorFile::default();
    for text in EMBEDDED {
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
/// assert!(run(file)[0].passed);
/// ```
pub fn run(file: VectorFile) -> Vec<Outcome> {
    let datasets = file.datasets;
    let places = 1_usize..;
    places.zip(file.vectors).map(|(place, vector)| read(place, vector, &datasets)).collect()
}

/// Reads the vector at this place of the file and runs it.
fn read(place: usize, vector: Value, datasets: &BTreeMap<String, Value>) -> Outcome {
    let text = |field: &str| vector.get(field).and_then(Value::as_str).map(str::to_owned);
    let id = text("id").unwrap_or_else(|| format!("vector {place} (without an id)"));
    let statistic = text("statistic").unwrap_or_default();
    let misspelt = known::misspelt(&vector);
    let read = serde_json::from_value::<Vector>(vector);
    match (misspelt, read) {
        (None, Ok(vector)) => outcome(&vector, datasets),
        (misspelt, read) => {
            let fault = misspelt.or_else(|| read.err().map(|fault| fault.to_string()));
            let fault = fault.unwrap_or_default();
            Outcome {
                id,
                statistic,
                passed: false,
                detail: format!("vector {place} is not as its schema says: {fault}"),
                found: Map::new(),
            }
        }
    }
}

fn outcome(vector: &Vector, datasets: &BTreeMap<String, Value>) -> Outcome {
    let wants_none = vector.expected.get("not_evaluated").and_then(Value::as_bool) == Some(true);
    let computed = compute::compute(vector, datasets);
    let found = computed.as_ref().map(shown).unwrap_or_default();
    let (passed, detail) = match computed {
        Err(compute::Failure::NotEvaluated(reason)) => {
            (wants_none, format!("not evaluated: {reason}"))
        }
        Err(compute::Failure::Malformed(reason)) => (false, reason),
        Ok(_) if wants_none => {
            (false, format!("expected no answer, found {}", Value::from(found.clone())))
        }
        Ok(numbers) => compared(vector, &numbers),
    };
    Outcome { id: vector.id.clone(), statistic: vector.statistic.clone(), passed, detail, found }
}

/// Numbers as JSON, infinities as text.
fn shown(found: &compute::Found) -> Map<String, Value> {
    let one = |x: &f64| match serde_json::Number::from_f64(*x) {
        Some(number) => Value::Number(number),
        None if *x > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    };
    let entry = |(name, numbers): &(&str, Vec<f64>)| {
        let value = match numbers.as_slice() {
            [number] => one(number),
            list => list.iter().map(one).collect(),
        };
        ((*name).to_owned(), value)
    };
    found.iter().map(entry).collect()
}

/// Other names of an answer.
const ALSO: &[(&str, &[&str])] = &[
    ("value", &["statistic", "estimate", "odds_ratio", "auc", "kappa", "ac1"]),
    ("p_value", &["pvalue", "p"]),
    ("degrees", &["df", "dof", "degrees_of_freedom"]),
    ("lower", &["low", "ci_lower", "ci_low", "lcl"]),
    ("upper", &["high", "ci_upper", "ci_high", "ucl"]),
    ("center", &["cl", "center_line"]),
    ("deviation", &["std", "sd"]),
    ("adjusted", &["p_value", "p_values", "p_adjusted", "adjusted_p_values"]),
    ("named", &["rejected", "reject", "discoveries"]),
    ("indices", &["index", "signals", "detections", "drifts"]),
];

fn compared(vector: &Vector, found: &compute::Found) -> (bool, String) {
    let answer = |name: &str| found.iter().find(|(known, _)| *known == name);
    let mut notes = Vec::new();
    for (name, expected) in vector.expected.iter().filter(|(name, _)| *name != "not_evaluated") {
        let other = |(own, others): &(&str, &[&str])| {
            if others.contains(&name.as_str()) { answer(own) } else { None }
        };
        let also = || ALSO.iter().find_map(other);
        let tolerance = vector.tolerance.unwrap_or_else(|| Tolerance::usual(name));
        let numbers = answer(name).or_else(also).map(|(_, numbers)| numbers);
        match (inputs::numbers(expected), numbers) {
            (Some(expected), Some(found)) if agree(found, &expected, tolerance) => {}
            (Some(expected), Some(found)) => {
                notes.push(format!("`{name}` is {found:?}, expected {expected:?}"));
            }
            (None, _) => {
                notes.push(format!("expected `{name}` is not a number or list of numbers"));
            }
            (_, None) => {
                let known: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
                let known = known.join("`, `");
                notes.push(format!("no answer `{name}`, there are `{known}`"));
            }
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
            run(file.clone()).into_iter().filter(|outcome| !outcome.passed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    fn every_built_in_vector_passes_and_every_code_has_one() {
        let file = embedded();
        assert_all_pass(&file);
        for code in CODES {
            assert!(file.vectors.iter().any(|vector| vector["statistic"] == *code), "{code}");
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
        run(serde_json::from_str(&text).unwrap()).remove(0)
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
