//! Many features at once: which of them may be named?
//!
//! Source: Benjamini & Hochberg 1995, JRSS B 57, 289–300; Benjamini & Yekutieli 2001, Ann. Statist. 29, theorem 1.3; Holm
//! 1979, Scand. J. Statist. 6, 65–70; Wang & Ramdas 2022, *False discovery rate control with e-values*, JRSS B 84, section
//! 4.1 (e-BH). Vectors: `tests/vectors/statistics.json`.

use super::{Error, Result};

/// Adjusted p-values of Benjamini & Hochberg, in the order given: name those ≤ α for a false discovery rate of at most α.
///
/// ```text
/// p̃_(i) = min_{j ≥ i} min(1, d/j · p_(j))
/// ```
///
/// Assumes independence or positive dependence (PRDS).
///
/// # Errors
///
/// - [`Error::OutOfRange`]: a p-value outside [0, 1] or NaN.
///
/// ```
/// use driftledger::statistics::adjust::benjamini_hochberg;
/// assert_eq!(benjamini_hochberg(&[0.01, 0.5]), Ok(vec![0.02, 0.5]));
/// ```
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>> {
    step_up(p_values, 1.0)
}

/// Adjusted p-values of Benjamini & Yekutieli: as [`benjamini_hochberg`] times Σ 1/i, for any dependence.
///
/// # Errors
///
/// As [`benjamini_hochberg`].
///
/// ```
/// use driftledger::statistics::adjust::benjamini_yekutieli;
/// assert_eq!(benjamini_yekutieli(&[0.01, 0.5]), Ok(vec![0.03, 0.75]));
/// ```
pub fn benjamini_yekutieli(p_values: &[f64]) -> Result<Vec<f64>> {
    step_up(p_values, (1..=p_values.len()).map(|i| 1.0 / i as f64).sum())
}

/// Adjusted p-values of Holm: name those ≤ α for a probability of at most α of naming any falsely. Any dependence.
///
/// ```text
/// p̃_(i) = max_{j ≤ i} min(1, (d − j + 1) p_(j))
/// ```
///
/// # Errors
///
/// As [`benjamini_hochberg`].
///
/// ```
/// use driftledger::statistics::adjust::holm;
/// assert_eq!(holm(&[0.5, 0.01]), Ok(vec![0.5, 0.02]));
/// ```
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>> {
    let order = increasing(p_values)?;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max((p_values.len() - rank) as f64 * p_values[index]).min(1.0);
        adjusted[index] = largest;
    }
    Ok(adjusted)
}

fn step_up(p_values: &[f64], factor: f64) -> Result<Vec<f64>> {
    let order = increasing(p_values)?;
    let count = p_values.len() as f64;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, &index) in order.iter().enumerate().rev() {
        smallest = smallest.min(factor * count / (rank + 1) as f64 * p_values[index]);
        adjusted[index] = smallest;
    }
    Ok(adjusted)
}

fn increasing(p_values: &[f64]) -> Result<Vec<usize>> {
    if let Some(value) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(Error::OutOfRange { name: "p_value", value: *value });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    Ok(order)
}

/// Which of these e-values (given as logarithms) may be named at a false discovery rate of at most `alpha`: e-BH.
///
/// ```text
/// the k largest, for the largest k with e_(k) ≥ d/(α k);  d = number of e-values
/// ```
///
/// Any dependence. −∞ is an e-value of 0; NaN is never named.
///
/// ```
/// use driftledger::statistics::adjust::e_bh;
/// assert_eq!(e_bh(&[41.0_f64.ln(), 1.0_f64.ln()], 0.05), [true, false]);
/// assert_eq!(e_bh(&[39.0_f64.ln(), 1.0_f64.ln()], 0.05), [false, false]);
/// assert_eq!(e_bh(&[21.0_f64.ln(), 20.0_f64.ln()], 0.05), [true, true]);
/// ```
pub fn e_bh(log_e: &[f64], alpha: f64) -> Vec<bool> {
    let value = |index: usize| if log_e[index].is_nan() { f64::NEG_INFINITY } else { log_e[index] };
    let mut order: Vec<usize> = (0..log_e.len()).collect();
    order.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
    let needed = |k: usize| libm::log(log_e.len() as f64 / (alpha * k as f64));
    let named = (1..=order.len()).rev().find(|&k| value(order[k - 1]) >= needed(k)).unwrap_or(0);
    let mut answer = vec![false; log_e.len()];
    for &index in &order[..named] {
        answer[index] = true;
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    const P_VALUES: [f64; 6] = [0.010, 0.039, 0.008, 0.500, 0.041, 0.042];

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} instead of {expected}");
        }
    }

    #[test]
    fn adjusted_values_agree_with_the_definitions() {
        // scipy 1.17.1: scipy.stats.false_discovery_control(p, method="bh" and "by"); Holm by hand
        close(&benjamini_hochberg(&P_VALUES).unwrap(), &[0.03, 0.0504, 0.03, 0.5, 0.0504, 0.0504]);
        close(
            &benjamini_yekutieli(&P_VALUES).unwrap(),
            &[0.0735, 0.12348, 0.0735, 1.0, 0.12348, 0.12348],
        );
        close(&holm(&P_VALUES).unwrap(), &[0.05, 0.156, 0.048, 0.5, 0.156, 0.156]);
    }

    #[test]
    fn no_p_values_and_impossible_ones() {
        assert_eq!(benjamini_hochberg(&[]), Ok(vec![]));
        assert_eq!(holm(&[0.0, 1.0]), Ok(vec![0.0, 1.0]));
        assert!(holm(&[f64::NAN]).is_err() && benjamini_hochberg(&[1.5]).is_err());
        assert_eq!(benjamini_hochberg(&[0.2; 5]), Ok(vec![0.2; 5]));
    }

    #[test]
    fn e_values_of_zero_or_none_name_nothing() {
        assert_eq!(e_bh(&[], 0.05), Vec::<bool>::new());
        assert_eq!(e_bh(&[f64::NEG_INFINITY, f64::NAN], 0.05), [false, false]);
        assert_eq!(e_bh(&[f64::INFINITY, f64::NAN], 0.05), [true, false]);
        assert_eq!(e_bh(&[3.0, 3.0, 3.0], 0.05), [true, true, true]);
    }
}
