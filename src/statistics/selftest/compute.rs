//! From the code of a statistic to its function.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cell::Scale;
use super::inputs::Inputs;
use super::parameters::Method;
use super::{Vector, codes, known, laws, rates, series};
use crate::statistics as s;
use crate::statistics::significance::Significance;

/// Numbers by name.
pub(super) type Found = Vec<(&'static str, Vec<f64>)>;
pub(super) type Computed = std::result::Result<Found, Failure>;

/// Why there is no number to compare.
#[derive(Debug)]
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

/// Computes the statistic of one vector.
pub(super) fn compute(vector: &Vector, datasets: &BTreeMap<String, Value>) -> Computed {
    let Some(code) = codes::meant(&vector.statistic) else {
        let hint = codes::nearest(&vector.statistic);
        let hint = hint.map_or(String::new(), |near| format!("; is `{near}` meant?"));
        let unknown = &vector.statistic;
        return Err(Failure::Malformed(format!("unknown statistic `{unknown}`{hint}")));
    };
    let inputs = Inputs { vector, datasets };
    known::check(code, &inputs)?;
    let families = [of_counts, of_samples, rates::of_rates, series::of_series, laws::of_laws];
    let found = families.iter().find_map(|family| family(code, &inputs));
    let found =
        found.unwrap_or_else(|| Err(Failure::Malformed(format!("no function `{code}`"))))?;
    // numbers beyond the range of an f64 on the way: there is no answer, and NaN never leaves
    if found.iter().flat_map(|(_, numbers)| numbers).any(|x| x.is_nan()) {
        return Err(Failure::NotEvaluated("beyond the range of 64-bit numbers".to_owned()));
    }
    Ok(found)
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
        "kl_divergence" => return Some(divergence(inputs)),
        "psi" => return Some(psi(inputs)),
        "jensen_shannon_distance" | "jensen_shannon_divergence" => {
            return Some(jensen_shannon(code, inputs));
        }
        "chi_square" | "g_test" => return Some(homogeneity(code, inputs)),
        _ => return None,
    };
    Some(inputs.counts().and_then(|(r, b)| Ok(value(simple(&r, &b)?))))
}

fn divergence(inputs: &Inputs<'_>) -> Computed {
    let (reference, batch) = inputs.counts()?;
    let bits = inputs.word("base", &["e", "2", "2.0"])? != "e";
    let unit = if bits { std::f64::consts::LN_2 } else { 1.0 };
    let nats = if inputs.word("smoothing", &["none", "half"])? == "half" {
        s::kl_divergence::kl_divergence_smoothed(&reference, &batch)
    } else {
        s::kl_divergence::kl_divergence(&reference, &batch)
    };
    finite_or_infinite(nats.map(|nats| nats / unit))
}

/// A distance that has no bound: infinite is an answer.
fn finite_or_infinite(found: s::Result<f64>) -> Computed {
    match found {
        Err(s::Error::Infinite { .. }) => Ok(value(f64::INFINITY)),
        other => Ok(value(other?)),
    }
}

fn psi(inputs: &Inputs<'_>) -> Computed {
    let (reference, batch) = inputs.counts()?;
    if inputs.word("smoothing", &["half", "none"])? == "none" {
        return finite_or_infinite(s::psi::psi_plain(&reference, &batch));
    }
    let psi = s::psi::psi(&reference, &batch)?;
    let rows = (reference.iter().sum(), batch.iter().sum());
    let p_value = s::psi::psi_p_value(psi, rows, reference.len());
    let mut found = value(psi);
    found.extend(p_value.ok().map(|p_value| ("p_value", vec![p_value])));
    Ok(found)
}

fn jensen_shannon(code: &str, inputs: &Inputs<'_>) -> Computed {
    let (reference, batch) = inputs.counts()?;
    let bits = s::jensen_shannon::divergence(&reference, &batch)?;
    let nats = inputs.word("base", &["2", "2.0", "e"])? == "e";
    let divergence = bits * if nats { std::f64::consts::LN_2 } else { 1.0 };
    let distance = libm::sqrt(divergence);
    let asked = if code == "jensen_shannon_distance" { distance } else { divergence };
    let both = [("divergence", vec![divergence]), ("distance", vec![distance])];
    Ok(value(asked).into_iter().chain(both).collect())
}

/// χ² and G of two sides, or of any table of counts.
fn homogeneity(code: &str, inputs: &Inputs<'_>) -> Computed {
    let table = if inputs.has("table") {
        inputs.table()?
    } else {
        let (reference, batch) = inputs.counts()?;
        vec![reference, batch]
    };
    let corrected = inputs.switch(&["correction"], false)?;
    if code == "g_test" {
        if corrected {
            return Err(Failure::Malformed("`g_test` has no `correction`".to_owned()));
        }
        let rows: Vec<&[u64]> = table.iter().map(Vec::as_slice).collect();
        return Ok(tested(s::g_test::g_test_of_table(&rows)?));
    }
    let smallest = inputs.number(&["merge_below"], 0.0)?;
    let test = match table.as_slice() {
        [reference, batch] if corrected && reference.len() == 2 => {
            s::chi_square::chi_square_corrected(reference, batch)?
        }
        [reference, batch] if smallest > 0.0 => {
            let (r, b) = s::chi_square::merge_small(reference, batch, smallest)?;
            s::chi_square::chi_square(&r, &b)?
        }
        _ => {
            let rows: Vec<&[u64]> = table.iter().map(Vec::as_slice).collect();
            s::chi_square::chi_square_of_table(&rows)?
        }
    };
    Ok(vec![
        ("value", vec![test.statistic]),
        ("p_value", vec![test.p_value]),
        ("degrees", vec![test.degrees as f64]),
    ])
}

fn of_samples(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let scale = match code {
        "ks" | "anderson_darling" | "cramer_von_mises" | "mann_whitney" | "cliffs_delta" => {
            Scale::Order
        }
        "wasserstein" | "wasserstein_normed" | "energy_distance" | "welch_t" | "epps_singleton"
        | "cohens_d" => Scale::Differences,
        _ => return None,
    };
    if inputs.are_counts() {
        return Some(inputs.counts().and_then(|(r, b)| binned(code, inputs, [&r, &b])));
    }
    if inputs.has("groups") && code == "anderson_darling" {
        return Some(inputs.points("groups").and_then(|groups| {
            let groups: Vec<&[f64]> = groups.iter().map(Vec::as_slice).collect();
            Ok(tested(s::anderson_darling::anderson_darling(&groups)?))
        }));
    }
    Some(inputs.samples(scale).and_then(|(r, b)| match scale {
        Scale::Order => by_order(code, inputs, &r, &b),
        Scale::Differences => by_differences(code, inputs, &r, &b),
    }))
}

fn binned(code: &str, inputs: &Inputs<'_>, [reference, batch]: [&[u64]; 2]) -> Computed {
    match code {
        "ks" => {
            inputs.alternative(false)?;
            let test = s::ks::ks_binned(reference, batch)?;
            let (statistic, p_value) = (vec![test.statistic], vec![test.p_value]);
            Ok(vec![("value", statistic), ("p_value", p_value), ("upper", vec![test.upper])])
        }
        "cliffs_delta" => Ok(value(s::cliffs_delta::cliffs_delta_binned(reference, batch)?)),
        _ => Err(Failure::NotEvaluated(format!(
            "`{code}` takes `reference` and `batch`, samples, and not counts"
        ))),
    }
}

fn by_order(code: &str, inputs: &Inputs<'_>, r: &[f64], b: &[f64]) -> Computed {
    let (method, alternative) = (inputs.method()?, inputs.alternative(true)?);
    Ok(match code {
        "ks" => {
            let test = s::ks_one_sided::ks_towards(r, b, method.asked(), alternative)?;
            vec![("value", vec![test.statistic]), ("p_value", vec![test.p_value])]
        }
        "cramer_von_mises" => tested(match method {
            Method::Auto => s::cramer_von_mises::cramer_von_mises(r, b)?,
            Method::Exact => s::cramer_von_mises::cramer_von_mises_exact(r, b)?,
            Method::Asymptotic => s::cramer_von_mises::cramer_von_mises_asymptotic(r, b)?,
        }),
        "mann_whitney" => {
            let asked = method.asked();
            tested(s::mann_whitney::mann_whitney_towards(r, b, asked, alternative)?)
        }
        "anderson_darling" => tested(s::anderson_darling::anderson_darling(&[r, b])?),
        _ => value(s::cliffs_delta::cliffs_delta(r, b)?),
    })
}

fn normed(inputs: &Inputs<'_>, r: &[f64], b: &[f64]) -> Result<f64, Failure> {
    Ok(s::wasserstein::wasserstein_normed(r, b)? / deviations(inputs, (0, r.len()))?)
}

/// The standard deviation of `rows` values with the divisor n − `ddof` that is asked for, over the one with n − `usual`.
fn deviations(inputs: &Inputs<'_>, (usual, rows): (u64, usize)) -> Result<f64, Failure> {
    let less = inputs.ddof(usual)?;
    let rows = rows as f64;
    if less != usual && rows < 2.0 {
        return Err(s::Error::NotEnough { found: 1, needed: 2 }.into());
    }
    Ok(libm::sqrt((rows - usual as f64) / (rows - less as f64)))
}

fn by_differences(code: &str, inputs: &Inputs<'_>, r: &[f64], b: &[f64]) -> Computed {
    let found = match code {
        "welch_t" => {
            let test = s::welch_t::welch_t(r, b)?;
            let p_value = inputs.alternative(true)?.of_symmetric(test.statistic, test.p_value);
            let degrees = ("degrees", vec![test.degrees]);
            vec![("value", vec![test.statistic]), ("p_value", vec![p_value]), degrees]
        }
        "epps_singleton" => tested(s::epps_singleton::epps_singleton(r, b)?),
        "wasserstein_normed" => value(normed(inputs, r, b)?),
        "wasserstein" if inputs.word("normed", &["no", "reference_deviation"])? != "no" => {
            value(normed(inputs, r, b)?)
        }
        "wasserstein" => value(s::wasserstein::wasserstein(r, b)?),
        "energy_distance" => value(s::energy_distance::energy_distance(r, b)?),
        _ => value(s::cohens_d::cohens_d(r, b)? / deviations(inputs, (1, r.len()))?),
    };
    if found.iter().flat_map(|(_, numbers)| numbers).any(|x| x.is_infinite()) {
        return Err(Failure::NotEvaluated("beyond the range of 64-bit numbers".to_owned()));
    }
    Ok(found)
}
