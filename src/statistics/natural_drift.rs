//! Natural drift: how far do batches lie apart that everybody calls normal, beyond what their finite rows explain?
//!
//! The distance of a batch from the rest of the reference is biased upwards: with nothing moved it is not 0. The square of it
//! that chance alone explains is known in closed form, so it can be taken off and the rest averaged over batches.
//!
//! Source: variance components by moments, as in one-way analysis of variance (Searle, Casella & McCulloch 1992, chapter 3),
//! here for TV; E|X||Y| of two correlated normal numbers: Nabeya 1951, Ann. Inst. Statist. Math. 3, 2–6.

/// Mean of TV² between two samples of the same `shares`, of `rows` and `reference_rows` rows: what chance alone makes.
///
/// ```text
/// E₀[TV²] = (1/n + 1/m) · ¼ Σ_k Σ_l (2/π) σ_k σ_l ( √(1 − ρ²) + ρ asin ρ )
/// σ_k² = p_k (1 − p_k),   ρ = −√( p_k p_l / ((1 − p_k)(1 − p_l)) ) for k ≠ l, 1 for k = l
/// ```
///
/// Exact for two bins, and in every case for the terms k = l; the others take the counts as normal, which simulation shows to be
/// right within 3 % from 30 rows on. In [0, 1]; 1 without rows. Counts need not be whole (clusters are worth fewer rows).
///
/// ```
/// use driftledger::statistics::natural_drift::chance_square;
/// let two = chance_square(&[0.5, 0.5], 100.0, 1_000.0);
/// assert!((two - 0.25 * (1.0 / 100.0 + 1.0 / 1_000.0)).abs() < 1e-15);
/// ```
pub fn chance_square(shares: &[f64], rows: f64, reference_rows: f64) -> f64 {
    if !(rows > 0.0 && reference_rows > 0.0) {
        return 1.0;
    }
    let spread: Vec<f64> = shares.iter().map(|p| libm::sqrt((p * (1.0 - p)).max(0.0))).collect();
    let mut sum = 0.0;
    for (k, p) in shares.iter().enumerate() {
        sum += spread[k] * spread[k];
        for (l, q) in shares.iter().enumerate().skip(k + 1) {
            let others = (1.0 - p) * (1.0 - q);
            if others <= 0.0 {
                continue;
            }
            let rho = -libm::sqrt(p * q / others).min(1.0);
            let both = libm::sqrt((1.0 - rho * rho).max(0.0)) + rho * libm::asin(rho);
            sum += 2.0 * std::f64::consts::FRAC_2_PI * spread[k] * spread[l] * both;
        }
    }
    (0.25 * sum * (1.0 / rows + 1.0 / reference_rows)).min(1.0)
}

/// ν: the root mean square of the distances of batches, after what chance explains was taken off each.
///
/// ```text
/// ν = √ max(0, mean_r( TV_r² − E₀[TV_r²] ))
/// ```
///
/// `excess`: TV² less its mean by chance, a batch, which may be negative. In [0, 1]: 0 = the batches differ no more than samples of one table
/// do. 0 without batches.
///
/// ```
/// use driftledger::statistics::natural_drift::natural_drift;
/// assert_eq!(natural_drift(&[0.0025, 0.0075, -0.001, 0.001]), 0.05);
/// assert_eq!(natural_drift(&[-0.01, 0.002]), 0.0);
/// ```
pub fn natural_drift(excess: &[f64]) -> f64 {
    if excess.is_empty() {
        return 0.0;
    }
    libm::sqrt((excess.iter().sum::<f64>() / excess.len() as f64).max(0.0))
}

/// Batches from which the largest distance of them is a distribution-free limit: with 95 % confidence at least 95 % of batches
/// lie below it (1 − 0.95ⁿ ≥ 0.95; Wilks 1941, Ann. Math. Statist. 12, 91–96).
pub const WILKS_BATCHES: usize = 59;

#[cfg(test)]
mod tests {
    use super::super::draws::Draws;
    use super::super::total_variation::total_variation;
    use super::*;

    /// Shares of `rows` rows drawn from `shares`.
    fn drawn(draws: &mut Draws, shares: &[f64], rows: u32) -> Vec<f64> {
        let mut counts = vec![0.0; shares.len()];
        for _ in 0..rows {
            let mut left = draws.uniform();
            let bin = shares.iter().position(|share| {
                left -= share;
                left < 0.0
            });
            counts[bin.unwrap_or(shares.len() - 1)] += 1.0;
        }
        counts.iter().map(|count| count / f64::from(rows)).collect()
    }

    #[test]
    fn chance_explains_the_mean_square_of_simulated_distances() {
        let mut draws = Draws::new([11; 32]);
        let uneven = [0.5, 0.3, 0.1, 0.05, 0.03, 0.02];
        let even = [0.1; 10];
        let cases: [(&[f64], u32); 4] =
            [(&even, 30), (&even, 200), (&uneven, 50), (&[0.9, 0.1], 30)];
        for (shares, rows) in cases {
            let (runs, reference) = (4_000, 400);
            let squares = (0..runs).map(|_| {
                let one = drawn(&mut draws, shares, rows);
                let other = drawn(&mut draws, shares, reference);
                total_variation(&one, &other).powi(2)
            });
            let found = squares.sum::<f64>() / f64::from(runs);
            let expected = chance_square(shares, f64::from(rows), f64::from(reference));
            // The mean of 4 000 squares has a relative standard error of at most √2/√4000 = 2.3 % (that of two bins).
            assert!((found / expected - 1.0).abs() < 0.08, "{shares:?} {rows}: {found} {expected}");
        }
    }

    #[test]
    fn batches_that_move_are_measured_and_batches_that_do_not_are_not() {
        let mut draws = Draws::new([12; 32]);
        // Forty batches of 300 rows whose first bin gains or loses so much; TV is that gain.
        for moved in [0.0, 0.06, 0.12] {
            let mut excess = Vec::new();
            let rest = [0.1; 10];
            for batch in 0..40 {
                let gain = if batch % 2 == 0 { moved } else { -moved / 2.0 };
                let mut shares = [0.1 - gain / 9.0; 10];
                shares[0] = 0.1 + gain;
                let found = drawn(&mut draws, &shares, 300);
                let square = total_variation(&found, &rest).powi(2);
                excess.push(square - chance_square(&rest, 300.0, 1e9));
            }
            let truth = libm::sqrt(moved * moved * 0.625);
            let found = natural_drift(&excess);
            // Each excess has a standard deviation of about E₀ · 0.4 = 0.002: 0.0003 over forty.
            assert!((found - truth).abs() < 0.02, "{moved}: {found} {truth}");
        }
    }

    #[test]
    fn without_rows_or_bins_there_is_an_answer_too() {
        assert_eq!(chance_square(&[0.5, 0.5], 0.0, 10.0), 1.0);
        assert_eq!(chance_square(&[], 10.0, 10.0), 0.0);
        assert_eq!(chance_square(&[1.0], 10.0, 10.0), 0.0);
        assert_eq!(chance_square(&[1.0, 0.0], 10.0, 10.0), 0.0);
        assert_eq!(natural_drift(&[]), 0.0);
    }
}
