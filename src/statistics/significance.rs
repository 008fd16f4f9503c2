//! What a significance test answers with.

/// How a p-value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By counting every arrangement.
    Exact,
    /// By the limit law.
    Asymptotic,
    /// By the limit law, on the binned distance.
    Binned,
}

/// A test statistic with its p-value. Shown beside a verdict, never deciding it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Significance {
    /// The test statistic; its direction is that of its function.
    pub statistic: f64,
    /// P(a statistic at least as extreme | nothing has changed), in [0, 1].
    pub p_value: f64,
    /// How the p-value was found.
    pub method: Method,
}

impl Significance {
    /// A p-value by counting; rounding beyond [0, 1] is cut off.
    pub(super) fn exact(statistic: f64, p_value: f64) -> Self {
        Self { statistic, p_value: p_value.clamp(0.0, 1.0), method: Method::Exact }
    }

    /// A p-value by the limit law; rounding beyond [0, 1] is cut off.
    pub(super) fn asymptotic(statistic: f64, p_value: f64) -> Self {
        Self { statistic, p_value: p_value.clamp(0.0, 1.0), method: Method::Asymptotic }
    }
}
