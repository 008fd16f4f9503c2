//! X̄–S chart: have the means or the spreads of the batches left what their sizes let expect?
//!
//! Use it only where there is no natural variation between batches; otherwise chart the batch means as individuals.
//!
//! Source: Montgomery 2019, *Introduction to Statistical Quality Control*, 8th ed., section 6.3 (c₄, variable sizes).
//! Vectors: `tests/vectors/statistics.json`.

use super::Point;
use crate::statistics::moments::Moments;
use crate::statistics::{Error, Result};

/// Frozen centre and spread.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// X̿: mean of all values.
    pub center: f64,
    /// σ̂: mean of s/c₄(n) over the batches; with equal sizes that is s̄/c₄.
    pub sigma: f64,
}

/// Learns centre and spread from retrospective batches with at least two values each.
///
/// # Errors
///
/// - [`Error::NotEnough`]: no batch, or one with fewer than two values.
/// - [`Error::NoSpread`]: no batch has any spread.
///
/// ```
/// use driftledger::statistics::{control_charts::xbar_s::limits, moments::Moments};
/// let batches = [Moments::of(&[1.0, 3.0]), Moments::of(&[2.0, 4.0])];
/// assert_eq!(limits(&batches).unwrap().center, 2.5);
/// ```
pub fn limits(batches: &[Moments]) -> Result<Limits> {
    let smallest = batches.iter().map(|batch| batch.count).min().unwrap_or(0);
    if smallest < 2 {
        let found = usize::try_from(smallest).unwrap_or(usize::MAX);
        return Err(Error::NotEnough { found, needed: 2 });
    }
    let all: f64 = batches.iter().map(|batch| batch.count as f64).sum();
    let center = batches.iter().map(|batch| batch.count as f64 * batch.mean).sum::<f64>() / all;
    let spreads = batches.iter().map(|batch| deviation(batch) / c4(batch.count as f64));
    let sigma = spreads.sum::<f64>() / batches.len() as f64;
    if sigma <= 0.0 {
        return Err(Error::NoSpread);
    }
    Ok(Limits { center, sigma })
}

/// Mean and spread of each batch against their limits; a batch with fewer than two values has no point for its spread.
///
/// ```text
/// X̿ ± 3 σ̂/√n;   c₄ σ̂ ± 3 σ̂ √(1 − c₄²), not below 0
/// ```
///
/// ```
/// use driftledger::statistics::{control_charts::xbar_s::{Limits, chart}, moments::Moments};
/// let limits = Limits { center: 0.0, sigma: 1.0 };
/// let points = chart(&[Moments::of(&[2.0, 4.0, 3.0, 3.0])], &limits);
/// assert!(points[0].0.is_signal());
/// ```
pub fn chart(batches: &[Moments], limits: &Limits) -> Vec<(Point, Option<Point>)> {
    let means = |batch: &Moments| {
        let half = 3.0 * limits.sigma / libm::sqrt((batch.count as f64).max(1.0));
        Point { value: batch.mean, lower: limits.center - half, upper: limits.center + half }
    };
    let spreads = |batch: &Moments| {
        let value = batch.deviation(1)?;
        let c4 = c4(batch.count as f64);
        let half = 3.0 * limits.sigma * libm::sqrt((1.0 - c4 * c4).max(0.0));
        let center = c4 * limits.sigma;
        Some(Point { value, lower: (center - half).max(0.0), upper: center + half })
    };
    batches.iter().map(|batch| (means(batch), spreads(batch))).collect()
}

fn deviation(batch: &Moments) -> f64 {
    batch.deviation(1).unwrap_or(0.0)
}

/// c₄(n) = √(2/(n − 1)) Γ(n/2)/Γ((n − 1)/2): the mean of s over σ for n normal values.
fn c4(n: f64) -> f64 {
    let ratio = libm::lgamma(0.5 * n) - libm::lgamma(0.5 * (n - 1.0));
    libm::sqrt(2.0 / (n - 1.0)) * libm::exp(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_is_that_of_the_tables() {
        for (n, expected) in [(2.0, 0.7979), (5.0, 0.9400), (25.0, 0.9896)] {
            assert!((c4(n) - expected).abs() < 5e-5, "{n}: {}", c4(n));
        }
    }

    #[test]
    fn equal_sizes_give_the_textbook_limits() {
        let batches = [Moments::of(&[1.0, 2.0, 3.0]), Moments::of(&[2.0, 4.0, 6.0])];
        let limits = limits(&batches).unwrap();
        assert!((limits.sigma - 1.5 / c4(3.0)).abs() < 1e-14);
        let (mean, spread) = chart(&batches, &limits)[1];
        assert!((mean.upper - (3.0 + 1.954 * 1.5)).abs() < 1e-3);
        assert!((spread.unwrap().upper - 2.568 * 1.5).abs() < 1e-3);
    }

    #[test]
    fn batches_without_spread_are_refused() {
        assert!(limits(&[]).is_err() && limits(&[Moments::of(&[1.0])]).is_err());
        assert_eq!(limits(&[Moments::of(&[1.0, 1.0])]), Err(Error::NoSpread));
        let frozen = Limits { center: 0.0, sigma: 1.0 };
        assert_eq!(chart(&[Moments::default()], &frozen)[0].1, None);
    }
}
