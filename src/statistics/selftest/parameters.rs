//! Reads the settings of a vector: numbers and words by name, with the names other tools use for them.

use serde_json::Value;

use super::inputs::{Inputs, Read, malformed, number};
use crate::statistics::significance::{self, Alternative};

/// Method words and what they mean.
const METHODS: [(&str, Method); 4] = [
    ("auto", Method::Auto),
    ("exact", Method::Exact),
    ("asymptotic", Method::Asymptotic),
    ("asymp", Method::Asymptotic),
];

/// Words for what counts as at least as extreme, and what they mean.
const ALTERNATIVES: [(&str, Alternative); 7] = [
    ("two-sided", Alternative::TwoSided),
    ("two_sided", Alternative::TwoSided),
    ("two.sided", Alternative::TwoSided),
    ("less", Alternative::Less),
    ("smaller", Alternative::Less),
    ("greater", Alternative::Greater),
    ("larger", Alternative::Greater),
];

/// How a p-value is to be found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Method {
    Auto,
    Exact,
    Asymptotic,
}

impl Method {
    /// The one asked for; `None` where it is chosen by size.
    pub(super) fn asked(self) -> Option<significance::Method> {
        match self {
            Self::Auto => None,
            Self::Exact => Some(significance::Method::Exact),
            Self::Asymptotic => Some(significance::Method::Asymptotic),
        }
    }
}

impl Inputs<'_> {
    /// The first parameter of these names that is given and not null.
    fn setting(&self, names: &[&str]) -> Option<(String, &Value)> {
        names.iter().find_map(|name| {
            let value = self.vector.parameters.get(*name).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value))
        })
    }

    /// Whether a parameter is given and not null.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.setting(&[name]).is_some()
    }

    /// A number, or what holds if none of these names is given.
    pub(super) fn number(&self, names: &[&str], otherwise: f64) -> Read<f64> {
        match self.setting(names) {
            None => Ok(otherwise),
            Some((name, value)) => {
                number(value).filter(|number| !number.is_nan()).ok_or_else(|| {
                    malformed(&format!("parameter `{name}` is {value}, expected a number"))
                })
            }
        }
    }

    /// A number that has to be given.
    pub(super) fn needed(&self, names: &[&str]) -> Read<f64> {
        match self.setting(names) {
            None => Err(malformed(&format!("no parameter `{}`, expected a number", names[0]))),
            Some(_) => self.number(names, f64::NAN),
        }
    }

    /// A whole number that is not negative, or what holds if none of these names is given.
    pub(super) fn whole(&self, names: &[&str], otherwise: u64) -> Read<u64> {
        match self.setting(names) {
            None => Ok(otherwise),
            Some((name, value)) => super::inputs::count(value).ok_or_else(|| {
                malformed(&format!("parameter `{name}` is {value}, expected a whole number"))
            }),
        }
    }

    /// A whole number that has to be given.
    pub(super) fn needed_whole(&self, names: &[&str]) -> Read<u64> {
        match self.setting(names) {
            None => Err(malformed(&format!("no parameter `{}`, expected rows", names[0]))),
            Some(_) => self.whole(names, 0),
        }
    }

    /// Whether something is switched on, or what holds if it is not given.
    pub(super) fn switch(&self, names: &[&str], otherwise: bool) -> Read<bool> {
        match self.setting(names) {
            None => Ok(otherwise),
            Some((name, value)) => value.as_bool().ok_or_else(|| {
                malformed(&format!("parameter `{name}` is {value}, expected true or false"))
            }),
        }
    }

    /// One of the words allowed, the first of which holds if nothing is given.
    pub(super) fn word<'w>(&self, name: &str, allowed: &[&'w str]) -> Read<&'w str> {
        let Some((name, value)) = self.setting(&[name]) else { return Ok(allowed[0]) };
        let written = value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
        allowed.iter().find(|word| **word == written).copied().ok_or_else(|| {
            let allowed = allowed.join("`, `");
            malformed(&format!("parameter `{name}` is {value}, expected one of `{allowed}`"))
        })
    }

    /// What is taken off the number of values in the divisor of a variance: 0 or 1.
    pub(super) fn ddof(&self, usual: u64) -> Read<u64> {
        match self.whole(&["ddof"], usual)? {
            less @ (0 | 1) => Ok(less),
            other => Err(malformed(&format!("parameter `ddof` is {other}, expected 0 or 1"))),
        }
    }

    /// How the p-value is to be found; `auto` if nothing is said.
    pub(super) fn method(&self) -> Read<Method> {
        let word = self.word("method", &METHODS.map(|(word, _)| word))?;
        Ok(METHODS.iter().find(|(known, _)| *known == word).map_or(Method::Auto, |(_, m)| *m))
    }

    /// What counts as at least as extreme; both sides if nothing is said. Only both sides where `one_sided` is false.
    pub(super) fn alternative(&self, one_sided: bool) -> Read<Alternative> {
        let words = ALTERNATIVES.map(|(word, _)| word);
        let known = if one_sided { &words[..] } else { &words[..3] };
        let word = self.word("alternative", known)?;
        let meant = ALTERNATIVES.iter().find(|(known, _)| *known == word);
        Ok(meant.map_or(Alternative::TwoSided, |(_, meant)| *meant))
    }

    /// The confidence of an interval: `confidence`, or 1 − `alpha`; 0.95 if neither is given.
    pub(super) fn confidence(&self) -> Read<f64> {
        let names = ["confidence", "confidence_level", "level"];
        if self.setting(&["alpha"]).is_some() && self.setting(&names).is_some() {
            return Err(malformed("both `alpha` and a confidence are given, expected one of them"));
        }
        let otherwise = 1.0 - self.number(&["alpha"], 0.05)?;
        self.number(&names, otherwise)
    }
}
