//! One-sided Kolmogorov–Smirnov test: does one distribution function rise above the other somewhere?
//!
//! Source: Hodges 1957, *The significance probability of the Smirnov two-sample test*, Arkiv för Matematik 3, 469–486 (lattice
//! paths; equation 5.3 for the limit law with its correction). Ties make the exact p-value conservative. Vectors:
//! `tests/vectors/statistics.json`.

use super::ks::KsTest;
use super::significance::{Alternative, Method};
use super::{Error, Result, ks, sample};

/// The test towards one side, by the `method` asked for or the one chosen by size (exact up to 10 000 values in the larger sample).
///
/// ```text
/// greater: D⁺ = max_x (F_reference(x) − F_batch(x)): reference values are the smaller ones
/// less:    D⁻ = max_x (F_batch(x) − F_reference(x))
/// ```
///
/// # Errors
///
/// As [`ks::ks_exact`].
///
/// ```
/// use driftledger::statistics::{ks_one_sided::ks_towards, significance::Alternative};
/// let found = ks_towards(&[1.0, 2.0], &[3.0, 4.0], None, Alternative::Greater).unwrap();
/// assert!(found.statistic == 1.0 && (found.p_value - 1.0 / 6.0).abs() < 1e-15);
/// ```
pub fn ks_towards(
    reference: &[f64],
    batch: &[f64],
    method: Option<Method>,
    alternative: Alternative,
) -> Result<KsTest> {
    let (first, second) = match alternative {
        Alternative::TwoSided => {
            return match method {
                None => ks::ks(reference, batch),
                Some(Method::Exact) => ks::ks_exact(reference, batch),
                Some(_) => ks::ks_asymptotic(reference, batch),
            };
        }
        Alternative::Greater => (reference, batch),
        Alternative::Less => (batch, reference),
    };
    let (first, second) = (sample::sorted(first, 1)?, sample::sorted(second, 1)?);
    let (n, m) = (first.len(), second.len());
    let steps = steps_above(&first, &second);
    let statistic = steps as f64 / (n as f64 * m as f64);
    let exact = method.map_or(n.max(m) <= ks::EXACT_MAX, |method| method == Method::Exact);
    let (method, p_value) = if exact {
        (Method::Exact, exact_p_value([n, m], steps)?)
    } else {
        (Method::Asymptotic, limit_p_value([n.max(m) as f64, n.min(m) as f64], statistic))
    };
    Ok(KsTest { statistic, p_value: p_value.clamp(0.0, 1.0), method })
}

/// How far the distribution function of `first` rises above that of `second`, in steps of 1/(nm); both in increasing order.
fn steps_above(first: &[f64], second: &[f64]) -> u128 {
    let (n, m) = (first.len() as u128, second.len() as u128);
    let (mut j, mut steps) = (0, 0);
    for (i, value) in first.iter().enumerate() {
        if first.get(i + 1).is_some_and(|next| next <= value) {
            continue;
        }
        while j < second.len() && second[j] <= *value {
            j += 1;
        }
        steps = steps.max(((i as u128 + 1) * m).saturating_sub(j as u128 * n));
    }
    steps
}

/// Share of the arrangements in which one distribution function rises above the other by at least that many steps.
fn exact_p_value([n, m]: [usize; 2], steps: u128) -> Result<f64> {
    if steps == 0 {
        return Ok(1.0);
    }
    if n == m {
        // C(2n, n − h)/C(2n, n), D = h/n (reflection principle)
        let height = usize::try_from(steps / n as u128).unwrap_or(n);
        return Ok((0..height).map(|j| (n - j) as f64 / (n + j + 1) as f64).product());
    }
    let cells = n.saturating_mul(m);
    if cells > ks::CELLS_MAX {
        return Err(Error::TooLarge { found: cells, limit: ks::CELLS_MAX });
    }
    Ok(paths_outside(n.max(m), n.min(m), steps))
}

/// Share of the lattice paths from (0, 0) to (n, m) that leave j/m − i/n < steps/(nm), which by symmetry is that of the other side.
///
/// f(i, j) = i/(i+j) f(i−1, j) + j/(i+j) f(i, j−1) inside, 1 outside, as for both sides.
fn paths_outside(n: usize, m: usize, steps: u128) -> f64 {
    let mut outside = vec![1.0; m + 1];
    for i in 0..=n {
        // inside: j n < steps + i m
        let high = (steps + i as u128 * m as u128 - 1) / n as u128;
        let high = usize::try_from(high).map_or(m, |high| high.min(m));
        let mut left = 0.0;
        for (j, cell) in outside.iter_mut().enumerate().take(high + 1) {
            *cell = match (i, j) {
                (0, 0) => 0.0,
                _ => (i as f64 * *cell + j as f64 * left) / (i + j) as f64,
            };
            left = *cell;
        }
    }
    outside[m]
}

/// Hodges' limit law with its correction for sizes, the larger first.
fn limit_p_value([n, m]: [f64; 2], statistic: f64) -> f64 {
    let z = libm::sqrt(n * m / (n + m)) * statistic;
    libm::exp(-2.0 * z * z - 2.0 * z * (n + 2.0 * m) / libm::sqrt(n * m * (n + m)) / 3.0)
}

#[cfg(test)]
mod tests {
    use super::Alternative::{Greater, Less};
    use super::*;

    #[test]
    fn the_known_answers() {
        // scipy 1.17.1: scipy.stats.ks_2samp(a, b, alternative, method)
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.8];
        for (alternative, method, statistic, p_value) in [
            (Greater, Method::Exact, 0.125, 0.849_261_849_261_849_2),
            (Greater, Method::Asymptotic, 0.125, 0.809_338_152_063_631_2),
            (Less, Method::Exact, 0.75, 0.020_979_020_979_020_98),
            (Less, Method::Asymptotic, 0.75, 0.015_703_900_565_128_083),
        ] {
            let found = ks_towards(&a, &b, Some(method), alternative).unwrap();
            assert!((found.statistic - statistic).abs() < 1e-15, "{found:?}");
            assert!((found.p_value / p_value - 1.0).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(ks_towards(&b, &b, None, Less).unwrap().p_value, 1.0);
        assert!(ks_towards(&[], &b, None, Greater).is_err());
    }

    #[test]
    fn the_two_exact_forms_agree_where_both_apply() {
        for h in 1..=9_u128 {
            let reflected = exact_p_value([9, 9], h * 9).unwrap();
            assert!((paths_outside(9, 9, h * 9) / reflected - 1.0).abs() < 1e-13);
        }
    }
}
