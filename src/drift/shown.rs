//! The statistics shown beside the verdict. They inform; none of them decides.

use super::reference::ReferenceFeature;
use crate::dataset::bins::FeatureBins;
use crate::dataset::profile::FeatureProfile;
use crate::statistics::adjust::benjamini_hochberg;
use crate::statistics::parted::Parted;
use crate::statistics::two_samples::two_samples;
use crate::statistics::wasserstein_binned::{Span, wasserstein_binned};
use crate::statistics::{chi_square, jensen_shannon, ks, psi, total_variation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One statistic of one feature, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Statistic {
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Its p-value, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The p-value adjusted over the features of this batch (Benjamini–Hochberg).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value_adjusted: Option<f64>,
    /// How it was computed: `exact`, `asymptotic`, `binned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// For binned values: how far the value on the rows themselves may lie from this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_max: Option<f64>,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_evaluated: Option<String>,
}

impl Statistic {
    fn of(outcome: crate::statistics::Result<f64>, method: &str) -> Self {
        match outcome {
            Ok(value) => {
                Self { value: Some(value), method: Some(method.to_owned()), ..Self::default() }
            }
            Err(why) => Self { not_evaluated: Some(why.to_string()), ..Self::default() },
        }
    }

    /// Whether the error that binning can have made exceeds the value, as happens on long tails: the value then says nothing.
    pub fn is_drowned(&self) -> bool {
        matches!((self.value, self.error_max), (Some(value), Some(error)) if error > value.abs())
    }

    fn with_p(self, p_value: Option<f64>) -> Self {
        Self { p_value, ..self }
    }
}

/// Statistics of one feature by code.
pub type Statistics = BTreeMap<String, Statistic>;

/// The statistics that counts give: total variation, PSI, Jensen–Shannon, χ².
pub fn from_counts(reference: &[u64], batch: &[u64]) -> Statistics {
    let mut shown = Statistics::new();
    let rows = (reference.iter().sum(), batch.iter().sum());
    let psi = psi::psi(reference, batch);
    let psi_p = psi.as_ref().ok().and_then(|v| psi::psi_p_value(*v, rows, reference.len()).ok());
    let chi = chi_square::chi_square(reference, batch);
    let chi_p = chi.as_ref().ok().map(|test| test.p_value);
    let mut put = |code: &str, statistic: Statistic| shown.insert(code.to_owned(), statistic);
    put(
        "total_variation",
        Statistic::of(total_variation::total_variation_counts(reference, batch), "exact"),
    );
    put("psi", Statistic::of(psi, "asymptotic").with_p(psi_p));
    put(
        "jensen_shannon_distance",
        Statistic::of(jensen_shannon::distance(reference, batch), "exact"),
    );
    put("chi_square", Statistic::of(chi.map(|test| test.statistic), "asymptotic").with_p(chi_p));
    shown
}

/// The statistics that the finite values of two samples give: KS and Wasserstein. `deviation` is that of the reference.
pub fn from_samples(
    reference: (&Parted, &[&[f64]]),
    batch: &[&[f64]],
    deviation: Option<f64>,
) -> Statistics {
    let found = two_samples(reference, batch, deviation);
    let p_value = found.ks.as_ref().ok().map(|test| test.p_value);
    let method = found.ks.as_ref().map_or("exact", |test| word(test.method));
    let ks = Statistic::of(found.ks.map(|test| test.statistic), method).with_p(p_value);
    Statistics::from([
        ("ks".to_owned(), ks),
        ("wasserstein".to_owned(), Statistic::of(found.wasserstein, "exact")),
        ("wasserstein_normed".to_owned(), Statistic::of(found.wasserstein_normed, "exact")),
    ])
}

/// What is said of them for whole numbers that 64-bit floats do not tell apart.
pub fn rounded() -> Statistics {
    let why = "whole numbers beyond 2^53, which 64-bit numbers do not tell apart; declare the column as text";
    let none = || Statistic { not_evaluated: Some(why.to_owned()), ..Statistic::default() };
    ["ks", "wasserstein", "wasserstein_normed"].map(|code| (code.to_owned(), none())).into()
}

fn word(method: ks::Method) -> &'static str {
    match method {
        ks::Method::Exact => "exact",
        ks::Method::Asymptotic => "asymptotic",
        ks::Method::Binned => "binned",
    }
}

/// KS and Wasserstein from the 100 quantile bins: method `binned`, with their bounds.
pub fn from_quantiles(feature: &ReferenceFeature, batch: &FeatureProfile) -> Statistics {
    let mut shown = Statistics::new();
    let FeatureBins::Ordered { quantile_edges, range, .. } = &feature.bins else { return shown };
    let reference = &feature.profile;
    let test = ks::ks_binned(&reference.quantiles, &batch.quantiles);
    let (p_value, error_max) = match &test {
        Ok(test) => (Some(test.p_value), Some(test.upper - test.statistic)),
        Err(_) => (None, None),
    };
    let ks = Statistic::of(test.map(|test| test.statistic), "binned").with_p(p_value);
    shown.insert("ks".to_owned(), Statistic { error_max, ..ks });
    let span = Span {
        edges: quantile_edges,
        low: batch.moments.min.map_or(range[0], |low| low.min(range[0])),
        high: batch.moments.max.map_or(range[1], |high| high.max(range[1])),
    };
    let distance = wasserstein_binned(&reference.quantiles, &batch.quantiles, &span);
    let put = |scale: f64| {
        let error_max = distance.as_ref().ok().map(|d| d.error_max / scale);
        let value = distance.clone().map(|d| d.value / scale);
        Statistic { error_max, ..Statistic::of(value, "binned") }
    };
    shown.insert("wasserstein".to_owned(), put(1.0));
    if let Some(deviation) = reference.moments.deviation(0).filter(|deviation| *deviation > 0.0) {
        shown.insert("wasserstein_normed".to_owned(), put(deviation));
    }
    shown
}

/// Adjusts the p-values of each statistic over all features, in place.
pub fn adjust(features: &mut [&mut Statistics]) {
    let codes: std::collections::BTreeSet<String> =
        features.iter().flat_map(|f| f.keys().cloned()).collect();
    for code in codes {
        let mut tests: Vec<&mut Statistic> = features
            .iter_mut()
            .filter_map(|f| f.get_mut(&code))
            .filter(|s| s.p_value.is_some())
            .collect();
        let p_values: Vec<f64> = tests.iter().filter_map(|s| s.p_value).collect();
        let adjusted = benjamini_hochberg(&p_values).unwrap_or_default();
        for (statistic, adjusted) in tests.iter_mut().zip(adjusted) {
            statistic.p_value_adjusted = Some(adjusted);
        }
    }
}
