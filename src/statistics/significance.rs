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

/// Which statistics count as at least as extreme as the one found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alternative {
    /// Those as far to either side.
    #[default]
    TwoSided,
    /// Those at most as large: the statistic, as it is signed, is smaller than nothing having changed makes it.
    Less,
    /// Those at least as large.
    Greater,
}

impl Alternative {
    /// The p-value, from the two-sided one, of a statistic whose law is symmetric around 0.
    ///
    /// ```
    /// use driftledger::statistics::significance::Alternative;
    /// assert_eq!(Alternative::Greater.of_symmetric(1.2, 0.5), 0.25);
    /// assert_eq!(Alternative::Less.of_symmetric(1.2, 0.5), 0.75);
    /// ```
    pub fn of_symmetric(self, statistic: f64, two_sided: f64) -> f64 {
        match self {
            Self::TwoSided => two_sided,
            Self::Less if statistic < 0.0 => 0.5 * two_sided,
            Self::Greater if statistic > 0.0 => 0.5 * two_sided,
            Self::Less | Self::Greater => 1.0 - 0.5 * two_sided,
        }
    }
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
