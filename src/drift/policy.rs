//! The monitoring policy: how often a false alarm may come, what is tolerated, and why.

use super::performance::rule::PerformanceRule;
use crate::dataset::schema::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identifies the format of a policy record.
pub const POLICY_FORMAT: &str = "driftledger/policy/v1";

/// How much a feature matters for the intended use (ICH Q9 risk assessment).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// A small move matters.
    Critical,
    /// The default.
    #[default]
    Standard,
    /// Only a large move matters.
    Low,
}

impl Criticality {
    /// Tolerance floor of a values series of three or more bins: share of rows that may move.
    pub fn floor(self) -> f64 {
        match self {
            Self::Critical => 0.03,
            Self::Standard => 0.05,
            Self::Low => 0.10,
        }
    }

    /// Relative share of the evidence budget where it is split by role.
    fn stake(self) -> f64 {
        match self {
            Self::Critical => 4.0,
            Self::Standard => 2.0,
            Self::Low => 1.0,
        }
    }

    /// Tolerance floor of a rate, as Cohen's h, which scales with the base rate.
    pub fn rate_effect(self) -> f64 {
        2.0 * self.floor()
    }
}

/// How the evidence budget is split over the series of a version. The bound on false alarms holds for every split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Every series has the same share.
    #[default]
    Even,
    /// Inputs 0.55, predictions and scores 0.25, shared out again where one of them is not there; within each, critical :
    /// standard : low = 4 : 2 : 1.
    ByRole,
}

impl Budget {
    /// Whether every series has the same share.
    pub fn is_even(&self) -> bool {
        *self == Self::Even
    }

    /// Shares of the series with these roles and criticalities; they sum to 1.
    pub fn shares(self, series: &[(Role, Criticality)]) -> Vec<f64> {
        if self == Self::Even {
            return vec![1.0 / series.len().max(1) as f64; series.len()];
        }
        let is_output = |role: Role| matches!(role, Role::Prediction | Role::Score);
        let group = |output: bool| -> f64 {
            let members = series.iter().filter(|(role, _)| is_output(*role) == output);
            members.map(|(_, criticality)| criticality.stake()).sum()
        };
        let (inputs, outputs) = (group(false), group(true));
        let used = |weight: f64, group: f64| if group > 0.0 { weight } else { 0.0 };
        let all = used(INPUTS, inputs) + used(OUTPUTS, outputs);
        let share = |&(role, criticality): &(Role, Criticality)| {
            let (weight, group) =
                if is_output(role) { (OUTPUTS, outputs) } else { (INPUTS, inputs) };
            weight / all * criticality.stake() / group
        };
        series.iter().map(share).collect()
    }
}

/// Share of the budget of the inputs with their missing values and tails.
const INPUTS: f64 = 0.55;
/// Share of the budget of predictions and scores.
const OUTPUTS: f64 = 0.25;

/// How often batches are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// One a day.
    Daily,
    /// One a week.
    Weekly,
    /// One a month.
    Monthly,
}

impl Cadence {
    /// Days of the shortest period: a gap of that many days between two batches means that one is missing.
    pub fn days_min(self) -> i64 {
        match self {
            Self::Daily => 1,
            Self::Weekly => 7,
            Self::Monthly => 28,
        }
    }

    /// Days of the longest period: without a batch for that long, one is overdue.
    pub fn days_max(self) -> i64 {
        match self {
            Self::Daily => 1,
            Self::Weekly => 7,
            Self::Monthly => 31,
        }
    }
}

/// Which limits are in force for one model version, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Always [`POLICY_FORMAT`].
    pub format: String,
    /// N: at most one false alarm per this many batches on average (20 or more).
    pub batches_per_false_alarm: f64,
    /// Criticality of features that differ from `standard`.
    #[serde(default)]
    pub criticality: BTreeMap<String, Criticality>,
    /// How the evidence budget is split over the series.
    #[serde(default, skip_serializing_if = "Budget::is_even")]
    pub budget: Budget,
    /// Batches below this are too small to judge alone.
    pub rows_min: u64,
    /// How often batches are due; without it, silence raises no alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<Cadence>,
    /// Days of grace after a batch is due.
    #[serde(default)]
    pub grace_days: u32,
    /// How labels are evaluated.
    #[serde(default, skip_serializing_if = "PerformanceRule::is_default")]
    pub performance: PerformanceRule,
    /// Why these limits are right for the intended use.
    pub rationale: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            format: POLICY_FORMAT.to_owned(),
            batches_per_false_alarm: 52.0,
            criticality: BTreeMap::new(),
            budget: Budget::Even,
            rows_min: 30,
            cadence: None,
            grace_days: 0,
            performance: PerformanceRule::default(),
            rationale: "default limits: one false alarm in 52 batches, standard tolerance for every feature".to_owned(),
        }
    }
}

impl Policy {
    /// The criticality of `feature`.
    pub fn criticality_of(&self, feature: &str) -> Criticality {
        self.criticality.get(feature).copied().unwrap_or_default()
    }

    /// Share of the alarm budget that the series of the batches have: all of it, unless labels can raise an alert too.
    pub fn batch_share(&self) -> f64 {
        1.0 - self.performance.alarm_share()
    }

    /// Checks a policy that came from outside, against the monitored `features`.
    ///
    /// # Errors
    ///
    /// [`super::Error::Mismatch`] naming what is out of range.
    pub fn validate(&self, features: &[&str]) -> super::Result<()> {
        let refuse = |detail: String| Err(super::Error::Mismatch { what: "policy", detail });
        if self.format != POLICY_FORMAT {
            return refuse(format!("found format `{}`, expected `{POLICY_FORMAT}`", self.format));
        }
        let n = self.batches_per_false_alarm;
        if !(20.0..=1e6).contains(&n) {
            return refuse(format!("batches_per_false_alarm is {n}, expected 20 to 1000000"));
        }
        if self.rationale.trim().is_empty() {
            return refuse(
                "rationale is empty; say why these limits are right for the intended use"
                    .to_owned(),
            );
        }
        if let Some(unknown) =
            self.criticality.keys().find(|name| !features.contains(&name.as_str()))
        {
            return refuse(format!(
                "criticality names `{unknown}`, which is not a monitored feature"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_inputs_alone_has_even_shares_either_way() {
        let inputs = [(Role::Feature, Criticality::Standard); 4];
        assert_eq!(Budget::Even.shares(&inputs), [0.25; 4]);
        assert_eq!(Budget::ByRole.shares(&inputs), [0.25; 4]);
        assert!(Budget::Even.shares(&[]).is_empty() && Budget::ByRole.shares(&[]).is_empty());
    }

    #[test]
    fn predictions_have_their_own_share_and_critical_features_more_of_it() {
        let series = [
            (Role::Feature, Criticality::Standard),
            (Role::Feature, Criticality::Standard),
            (Role::Prediction, Criticality::Critical),
            (Role::Score, Criticality::Low),
        ];
        let shares = Budget::ByRole.shares(&series);
        let expected = [0.34375, 0.34375, 0.25, 0.0625];
        assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{shares:?}");
    }
}
