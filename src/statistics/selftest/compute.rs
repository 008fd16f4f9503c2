//! From the code of a statistic to its function.

use std::collections::BTreeMap;

use serde_json::Value;

use super::inputs::Inputs;
use super::{Vector, laws, rates, series};
use crate::statistics as s;
use crate::statistics::significance::Significance;

/// Numbers by name.
pub(super) type Found = Vec<(&'static str, Vec<f64>)>;
pub(super) type Computed = std::result::Result<Found, Failure>;

/// Why there is no number to compare.
pub(super) enum Failure {
    /// The statistic has no value for these inputs.
    NotEvaluated(String),
    /// The vector does not say what it should.
    Malformed(String),
}

impl From<s::Error> for Failure {
    fn from(error: s::Error) -> Self {
        Self::NotEvaluated(error.to_string())
    }
}

/// All codes a vector may use.
pub const CODES: &[&str] = &[
    "adwin",
    "anderson_darling",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "chi_square",
    "cliffs_delta",
    "clopper_pearson",
    "cohen_kappa",
    "cohens_d",
    "cohens_h",
    "cohens_h_tolerance",
    "cramer_von_mises",
    "cramers_v",
    "cusum",
    "ddm",
    "delong",
    "e_bh",
    "e_detector",
    "energy_distance",
    "epps_singleton",
    "ewma",
    "fisher_exact",
    "g_test",
    "gwet_ac1",
    "hellinger",
    "holm",
    "individuals",
    "jensen_shannon",
    "kl_divergence",
    "ks",
    "l_infinity",
    "laney_p",
    "mann_whitney",
    "mcnemar",
    "mmd",
    "moments",
    "nelson",
    "newcombe",
    "noncentral_chi_square",
    "page_hinkley",
    "psi",
    "reference_error",
    "rows_to_settle",
    "score_card",
    "total_variation",
    "tv_upper",
    "wasserstein",
    "welch_t",
    "wilson",
    "xbar_s",
    "z_proportion",
];

/// Computes the statistic of one vector.
pub(super) fn compute(vector: &Vector, datasets: &BTreeMap<String, Value>) -> Computed {
    let inputs = Inputs { vector, datasets };
    let families = [of_counts, of_samples, rates::of_rates, series::of_series, laws::of_laws];
    for family in families {
        if let Some(found) = family(&vector.statistic, &inputs) {
            return match found {
                Ok(found) if found.iter().flat_map(|(_, numbers)| numbers).any(|x| x.is_nan()) => {
                    Err(Failure::Malformed("found NaN".to_owned()))
                }
                other => other,
            };
        }
    }
    Err(Failure::Malformed(format!("unknown statistic `{}`", vector.statistic)))
}

pub(super) fn value(value: f64) -> Found {
    vec![("value", vec![value])]
}

pub(super) fn tested(test: Significance) -> Found {
    vec![("value", vec![test.statistic]), ("p_value", vec![test.p_value])]
}

pub(super) fn interval(interval: s::intervals::Interval) -> Found {
    vec![
        ("value", vec![interval.estimate]),
        ("lower", vec![interval.lower]),
        ("upper", vec![interval.upper]),
    ]
}

fn of_counts(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let simple: fn(&[u64], &[u64]) -> s::Result<f64> = match code {
        "total_variation" => s::total_variation::total_variation_counts,
        "hellinger" => s::hellinger::hellinger,
        "l_infinity" => s::l_infinity::l_infinity,
        "cramers_v" => s::cramers_v::cramers_v,
        "kl_divergence" if inputs.word("smoothing") == Some("half") => {
            s::kl_divergence::kl_divergence_smoothed
        }
        "kl_divergence" => s::kl_divergence::kl_divergence,
        "psi" | "jensen_shannon" | "chi_square" | "g_test" => {
            return Some(inputs.counts().and_then(|(r, b)| count_test(code, inputs, &r, &b)));
        }
        _ => return None,
    };
    Some(inputs.counts().and_then(|(r, b)| match simple(&r, &b) {
        Err(s::Error::Infinite { .. }) => Ok(value(f64::INFINITY)),
        other => Ok(value(other?)),
    }))
}

fn count_test(code: &str, inputs: &Inputs<'_>, reference: &[u64], batch: &[u64]) -> Computed {
    Ok(match code {
        "psi" => {
            let psi = s::psi::psi(reference, batch)?;
            let rows = (reference.iter().sum(), batch.iter().sum());
            let p_value = s::psi::psi_p_value(psi, rows, reference.len());
            let mut found = value(psi);
            found.extend(p_value.ok().map(|p_value| ("p_value", vec![p_value])));
            found
        }
        "jensen_shannon" => {
            let bits = s::jensen_shannon::divergence(reference, batch)?;
            let unit = if inputs.word("base") == Some("e") { std::f64::consts::LN_2 } else { 1.0 };
            let divergence = bits * unit;
            vec![("value", vec![libm::sqrt(divergence)]), ("divergence", vec![divergence])]
        }
        "g_test" => tested(s::g_test::g_test(reference, batch)?),
        _ => {
            let smallest = inputs.parameter("merge_below", 0.0);
            let (reference, batch) = s::chi_square::merge_small(reference, batch, smallest)?;
            let test = s::chi_square::chi_square(&reference, &batch)?;
            vec![
                ("value", vec![test.statistic]),
                ("p_value", vec![test.p_value]),
                ("degrees", vec![test.degrees as f64]),
            ]
        }
    })
}

fn of_samples(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let known = [
        "ks",
        "wasserstein",
        "energy_distance",
        "anderson_darling",
        "cramer_von_mises",
        "mann_whitney",
        "welch_t",
        "epps_singleton",
        "cohens_d",
        "cliffs_delta",
    ];
    if !known.contains(&code) {
        return None;
    }
    if inputs.are_counts() {
        return Some(inputs.counts().and_then(|(r, b)| binned(code, &r, &b)));
    }
    Some(inputs.samples().and_then(|(r, b)| sample_test(code, inputs, &r, &b)))
}

fn binned(code: &str, reference: &[u64], batch: &[u64]) -> Computed {
    match code {
        "ks" => {
            let test = s::ks::ks_binned(reference, batch)?;
            let (statistic, p_value) = (vec![test.statistic], vec![test.p_value]);
            Ok(vec![("value", statistic), ("p_value", p_value), ("upper", vec![test.upper])])
        }
        "cliffs_delta" => Ok(value(s::cliffs_delta::cliffs_delta_binned(reference, batch)?)),
        _ => Err(Failure::NotEvaluated(format!("`{code}` takes samples"))),
    }
}

fn sample_test(code: &str, inputs: &Inputs<'_>, r: &[f64], b: &[f64]) -> Computed {
    type Test = fn(&[f64], &[f64]) -> s::Result<Significance>;
    let method = inputs.word("method").unwrap_or("auto");
    let choose = |[auto, exact, asymptotic]: [Test; 3]| match method {
        "exact" => exact(r, b),
        "asymptotic" => asymptotic(r, b),
        _ => auto(r, b),
    };
    Ok(match code {
        "ks" => {
            let test = match method {
                "exact" => s::ks::ks_exact(r, b)?,
                "asymptotic" => s::ks::ks_asymptotic(r, b)?,
                _ => s::ks::ks(r, b)?,
            };
            vec![("value", vec![test.statistic]), ("p_value", vec![test.p_value])]
        }
        "cramer_von_mises" => tested(choose([
            s::cramer_von_mises::cramer_von_mises,
            s::cramer_von_mises::cramer_von_mises_exact,
            s::cramer_von_mises::cramer_von_mises_asymptotic,
        ])?),
        "mann_whitney" => tested(choose([
            s::mann_whitney::mann_whitney,
            s::mann_whitney::mann_whitney_exact,
            s::mann_whitney::mann_whitney_asymptotic,
        ])?),
        "anderson_darling" => tested(s::anderson_darling::anderson_darling(&[r, b])?),
        "epps_singleton" => tested(s::epps_singleton::epps_singleton(r, b)?),
        "welch_t" => {
            let test = s::welch_t::welch_t(r, b)?;
            let degrees = ("degrees", vec![test.degrees]);
            vec![("value", vec![test.statistic]), ("p_value", vec![test.p_value]), degrees]
        }
        "wasserstein" if inputs.word("normed") == Some("reference_deviation") => {
            value(s::wasserstein::wasserstein_normed(r, b)?)
        }
        "wasserstein" => value(s::wasserstein::wasserstein(r, b)?),
        "energy_distance" => value(s::energy_distance::energy_distance(r, b)?),
        "cohens_d" => value(s::cohens_d::cohens_d(r, b)?),
        _ => value(s::cliffs_delta::cliffs_delta(r, b)?),
    })
}
