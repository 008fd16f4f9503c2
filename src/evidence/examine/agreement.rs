//! Whether a document that was computed again is the stored one.
//!
//! The build that wrote it must find the same bytes. Another build must find everything the document says: every word and every
//! decision the same, every number to 1e-9. It may word sentences otherwise and say more.

use serde::Serialize;
use serde_json::Value;

use crate::digest;
use crate::drift::report::ENGINE;

/// Share of a number that two builds may differ by.
const RELATIVE: f64 = 1e-9;
/// In the unit of the number, where what is left of a difference is rounding.
const ABSOLUTE: f64 = 1e-12;
/// Names of what is worded for people, or names the build itself.
const WORDS: [&str; 5] = ["engine", "not_evaluated", "reason", "sentence", "sentences"];
/// What must not be found where the stored document has none.
const DECISIONS: [&str; 2] = ["alarm", "lane"];

/// Who computed a stored document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Build {
    /// This very program.
    This,
    /// Another build, or one that does not say.
    Other,
}

impl Build {
    /// The build of the engine a document names.
    pub(super) fn of(engine: Option<&str>) -> Self {
        if engine == Some(ENGINE) { Self::This } else { Self::Other }
    }
}

/// Where `again` is not what `stored`, canonical JSON, says; `None` where it is.
pub(super) fn disagreement<T: Serialize>(stored: &str, again: &T, by: Build) -> Option<String> {
    let Ok(bytes) = digest::canonical_json(again) else {
        return Some("it has no canonical JSON".to_owned());
    };
    if bytes == stored.as_bytes() {
        return None;
    }
    let values = serde_json::from_str(stored).ok().zip(serde_json::from_slice(&bytes).ok());
    let Some((stored, again)) = values else { return Some("it is no JSON".to_owned()) };
    match by {
        Build::This => {
            Some(first(&stored, &again, Build::This, "").unwrap_or_else(|| "its bytes".to_owned()))
        }
        Build::Other => first(&stored, &again, Build::Other, ""),
    }
}

/// The first place that differs, with both sides.
fn first(stored: &Value, again: &Value, by: Build, place: &str) -> Option<String> {
    let below = |name: &str| format!("{place}/{name}");
    match (stored, again) {
        (Value::Object(stored), Value::Object(again)) => {
            let exempt = |name: &str| by == Build::Other && WORDS.contains(&name);
            let gone = stored.iter().find_map(|(name, value)| match again.get(name) {
                _ if exempt(name) => None,
                Some(again) => first(value, again, by, &below(name)),
                None => Some(format!("`{}`, found no more", below(name))),
            });
            let new = |name: &&String| {
                let counts = by == Build::This || DECISIONS.contains(&name.as_str());
                counts && !stored.contains_key(*name)
            };
            gone.or_else(|| again.keys().find(new).map(|name| format!("`{}`, new", below(name))))
        }
        (Value::Array(stored), Value::Array(again)) if stored.len() == again.len() => {
            let mut pairs = (0_usize..).zip(stored.iter().zip(again));
            pairs.find_map(|(i, (stored, again))| first(stored, again, by, &below(&i.to_string())))
        }
        (Value::Number(a), Value::Number(b)) if by == Build::Other => {
            let near = a
                .as_f64()
                .zip(b.as_f64())
                .is_some_and(|(a, b)| (a - b).abs() <= ABSOLUTE + RELATIVE * a.abs().max(b.abs()));
            (!near).then(|| format!("`{place}`, {a} stored and {b} found"))
        }
        _ => (stored != again).then(|| format!("`{place}`, {stored} stored and {again} found")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(stored: Value, again: &Value, by: Build) -> Option<String> {
        let stored = String::from_utf8(digest::canonical_json(&stored).unwrap()).unwrap();
        disagreement(&stored, again, by)
    }

    #[test]
    fn the_same_build_must_find_the_same_bytes() {
        let stored = json!({"engine": "a", "value": 0.1, "verdict": "stable"});
        assert_eq!(told(stored.clone(), &stored, Build::This), None);
        let near = json!({"engine": "a", "value": 0.1 + 1e-16, "verdict": "stable"});
        let found = told(stored.clone(), &near, Build::This).unwrap();
        assert!(found.contains("/value"), "{found}");
        let more = json!({"engine": "a", "value": 0.1, "verdict": "stable", "more": 1});
        assert!(told(stored, &more, Build::This).unwrap().contains("/more"));
    }

    #[test]
    fn another_build_must_find_the_same_decisions_and_numbers_to_a_billionth() {
        let stored = json!({"series": [{"value": 0.1, "verdict": "stable"}], "sentence": "so"});
        let of = |value: f64, verdict: &str| json!({"series": [{"value": value, "verdict": verdict}], "sentence": "otherwise", "new": 1});
        let told = |again: Value| told(stored.clone(), &again, Build::Other);
        assert_eq!(told(of(0.1, "stable")), None);
        assert_eq!(told(of(0.1 * (1.0 + 9e-10), "stable")), None);
        assert!(told(of(0.1 * (1.0 + 2e-9), "stable")).unwrap().contains("/series/0/value"));
        assert!(told(of(0.1, "drift")).unwrap().contains("/series/0/verdict"));
        assert!(told(json!({"series": [], "sentence": "so"})).is_some());
        let alarmed = json!({"series": stored["series"], "sentence": "so", "alarm": {}});
        assert!(told(alarmed).unwrap().contains("/alarm"));
        assert!(told(json!({"sentence": "so"})).unwrap().contains("/series"));
    }

    #[test]
    fn a_build_is_this_one_only_under_its_full_name() {
        assert_eq!(Build::of(Some(ENGINE)), Build::This);
        let version = concat!("driftledger ", env!("CARGO_PKG_VERSION"));
        assert!(ENGINE.starts_with(&format!("{version}+")) && ENGINE.len() == version.len() + 17);
        assert_eq!(Build::of(Some(version)), Build::Other);
        assert_eq!(Build::of(None), Build::Other);
    }
}
