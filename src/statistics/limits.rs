//! Limits of the distance from the reference: is this batch shown within tolerance, beyond it, or neither yet?
//!
//! Source: `docs/STATISTICS.md` sections 7 and 8; upper limit by Cauchy–Schwarz, TV ≤ ½ φ with φ² the χ² distance;
//! Wellek 2010, *Testing Statistical Hypotheses of Equivalence and Noninferiority* (one-sided question). Vectors:
//! `tests/vectors/statistics.json`.

use super::e_detector::EDetector;
use super::intervals::{lower_share, lower_share_is_within, upper_share, upper_share_is_within};
use super::noncentral_chi_square::upper_noncentrality;
use super::normal;
use super::total_variation::total_variation;

/// One-sided error probability of every limit here.
const TAIL: f64 = 0.05;
/// Expected rows below which a bin is pooled before a χ² law is used.
const SMALLEST_EXPECTED: f64 = 5.0;
/// Step of the grid on which the lower limit is sought.
const GRID: f64 = 0.005;
/// More rows than this are no answer: no batch has them.
const ROWS_MAX: f64 = 1e9;

/// Upper 95 % limit of the total variation distance between the batch's distribution and the reference.
///
/// ```text
/// K ≥ 3:  X² = n_e Σ (q̂_k − p_k)²/p_k,  n_e = nm/(n + m);  P(χ'²_{K−1}(λ_U) ≤ X²) = 0.05
///         TV_U = min(1, max(TV, ½ √(λ_U/n_e)));  bins with n p_k < 5 are pooled first
/// K = 2:  max(u − p, p − l), the one-sided exact (Clopper–Pearson) limits of the share
/// ```
///
/// `counts`: rows per bin of the batch; `reference`: shares p; `reference_rows`: m. In [0, 1]: at or below the tolerance
/// means shown within it. 1 without rows. Approximate for K ≥ 3 (simulated coverage 0.947 to 1.00), exact for K = 2,
/// where the reference's own error is the business of the tolerance.
///
/// ```
/// use driftledger::statistics::limits::tv_upper;
/// let quiet = tv_upper(&[500, 500, 500, 500], &[0.25; 4], 5_000);
/// assert!(quiet < 0.05, "{quiet}");
/// ```
pub fn tv_upper(counts: &[u64], reference: &[f64], reference_rows: u64) -> f64 {
    tv_upper_of(counts, 1.0, reference, reference_rows)
}

/// The same for rows that are not independent: n rows are worth `effective_share` · n independent ones.
///
/// Below 1 the statistic counts as at least its expectation K − 1: a smaller one says that the rows are less alike than the
/// share supposes, not that the batch lies closer.
///
/// ```
/// use driftledger::statistics::limits::{tv_upper, tv_upper_of};
/// let counts = [520, 500, 490, 490];
/// assert_eq!(tv_upper_of(&counts, 1.0, &[0.25; 4], 5_000), tv_upper(&counts, &[0.25; 4], 5_000));
/// assert!(tv_upper_of(&counts, 0.1, &[0.25; 4], 5_000) > tv_upper(&counts, &[0.25; 4], 5_000));
/// ```
pub fn tv_upper_of(
    counts: &[u64],
    effective_share: f64,
    reference: &[f64],
    reference_rows: u64,
) -> f64 {
    let rows: u64 = counts.iter().sum();
    if rows == 0 || reference_rows == 0 || counts.len() != reference.len() {
        return 1.0;
    }
    let shares: Vec<f64> = counts.iter().map(|&count| count as f64 / rows as f64).collect();
    let n = effective_share * rows as f64;
    let observed = total_variation(&shares, reference);
    match counts.len() {
        1 => 0.0,
        2 => rate_upper(effective_share * counts[0] as f64, n, reference[0]),
        _ => {
            let pooled = pooled(&shares, reference, n);
            let least = if effective_share < 1.0 { pooled.len() as f64 - 1.0 } else { 0.0 };
            observed.max(chi_square_upper(&pooled, least, n, reference_rows as f64)).min(1.0)
        }
    }
}

/// The farther of both limits, of which the other one mostly need not be found.
fn rate_upper(successes: f64, n: f64, share: f64) -> f64 {
    let up = || upper_share(successes, n, TAIL) - share;
    let down = || share - lower_share(successes, n, TAIL);
    let farther = if successes < share * n {
        let down = down();
        let is_farther = upper_share_is_within(successes, n, TAIL, share + down);
        if is_farther { down } else { down.max(up()) }
    } else {
        let up = up();
        let is_farther = lower_share_is_within(successes, n, TAIL, share - up);
        if is_farther { up } else { up.max(down()) }
    };
    farther.clamp(0.0, 1.0)
}

fn chi_square_upper(pooled: &[(f64, f64)], least: f64, n: f64, m: f64) -> f64 {
    if pooled.len() < 2 {
        return 1.0;
    }
    let effective = n * m / (n + m);
    let squares = pooled.iter().map(|(q, p)| (q - p) * (q - p) / p);
    let statistic = (effective * squares.sum::<f64>()).max(least);
    let degrees = (pooled.len() - 1) as f64;
    0.5 * libm::sqrt(upper_noncentrality(statistic, degrees, TAIL) / effective)
}

/// (batch share, reference share) per bin after pooling all bins with n p_k < 5 into one; if that one is still too small,
/// it takes the smallest other bin in.
fn pooled(shares: &[f64], reference: &[f64], n: f64) -> Vec<(f64, f64)> {
    let (mut large, mut rest) = (Vec::new(), (0.0, 0.0));
    for (&q, &p) in shares.iter().zip(reference) {
        if n * p < SMALLEST_EXPECTED {
            rest = (rest.0 + q, rest.1 + p);
        } else {
            large.push((q, p));
        }
    }
    if rest.0 + rest.1 <= 0.0 {
        return large;
    }
    if n * rest.1 < SMALLEST_EXPECTED {
        let smallest = (0..large.len()).min_by(|&a, &b| large[a].1.total_cmp(&large[b].1));
        if let Some(bin) = smallest {
            let (q, p) = large.remove(bin);
            rest = (rest.0 + q, rest.1 + p);
        }
    }
    large.push(rest);
    large
}

/// Lower 95 % limit of the total variation distance: the largest tolerance δ' on a grid of 0.005, not beyond the
/// `observed` distance, such that against it and against every smaller one of the grid the batch alone is evidence of 20 to 1.
///
/// The limit exceeds the true distance only if the first δ' of the grid that is not below the truth is refuted. That one is a
/// true hypothesis, so by Markov's inequality this happens in at most 5 % of batches, whatever the evidence does elsewhere.
///
/// `past_learned`: the learned counts before the batch; `counts`: its sub-blocks. 0 where no δ' is refuted. At or above the
/// tolerance means beyond it in this batch. Valid for every number of rows and every distribution.
///
/// # Panics
///
/// If `counts` or `past_learned` were made for another number of bins.
///
/// ```
/// use driftledger::statistics::{e_detector::EDetector, limits::tv_lower};
/// let detector = EDetector::freeze(&[0.25; 4], 0.05, true, 1.0);
/// let counts = vec![vec![50, 50, 50, 100]; 4];
/// let lower = tv_lower(&detector, &[0.0; 4], &counts, 0.15);
/// assert!(lower > 0.05 && lower <= 0.15);
/// ```
pub fn tv_lower(
    detector: &EDetector,
    past_learned: &[f64],
    counts: &[Vec<u64>],
    observed: f64,
) -> f64 {
    let alternatives: Vec<Vec<f64>> =
        detector.lanes.iter().map(|lane| lane.alternative.clone()).collect();
    let needed = libm::log(1.0 / TAIL);
    let refuted =
        |limit: f64| detector.batch_log_e_at(past_learned, counts, &alternatives, limit) >= needed;
    let grid = (1..=200_u32).map(|step| f64::from(step) * GRID);
    grid.take_while(|limit| *limit <= observed && refuted(*limit)).last().unwrap_or(0.0)
}

/// Rows below which a batch of K bins is not called within tolerance: K/(2δ²) for K > 2, none for rates.
///
/// ```
/// assert_eq!(driftledger::statistics::limits::rows_min(0.05, 10), 2_000);
/// ```
pub fn rows_min(tolerance: f64, bins: usize) -> u64 {
    if bins <= 2 { 1 } else { whole(bins as f64 / (2.0 * tolerance * tolerance)) }
}

/// How many rows an unmoved series needs until its expected upper limit is within `tolerance`; `None` if no number of
/// rows up to 10⁹ can do it, because the reference is too small.
///
/// ```text
/// K ≥ 3:  λ_U at X² = K − 1;  n_e ≥ λ_U/(4δ²);  n = n_e m/(m − n_e), and at least K/(2δ²)
/// K = 2:  smallest n at which the exact limits at n p expected rows are within δ of p
/// ```
///
/// `reference`: shares p of K bins, `reference_rows`: m.
///
/// ```
/// use driftledger::statistics::limits::rows_to_settle;
/// assert_eq!(rows_to_settle(0.05, &[0.1; 10], 1_000), None);
/// assert!(rows_to_settle(0.05, &[0.1; 10], 10_000).is_some_and(|rows| rows >= 2_000));
/// ```
pub fn rows_to_settle(tolerance: f64, reference: &[f64], reference_rows: u64) -> Option<u64> {
    if tolerance.is_nan() || tolerance <= 0.0 {
        return None;
    }
    match reference.len() {
        0 | 1 => Some(1),
        2 => rate_rows(tolerance, reference[0]),
        bins => {
            let degrees = (bins - 1) as f64;
            let effective =
                upper_noncentrality(degrees, degrees, TAIL) / (4.0 * tolerance * tolerance);
            let m = reference_rows as f64;
            let rows = effective * m / (m - effective);
            (m > effective && rows <= ROWS_MAX).then(|| whole(rows).max(rows_min(tolerance, bins)))
        }
    }
}

fn rate_rows(tolerance: f64, share: f64) -> Option<u64> {
    let settled = |rows: f64| {
        let successes = share * rows;
        upper_share_is_within(successes, rows, TAIL, share + tolerance)
            && lower_share_is_within(successes, rows, TAIL, share - tolerance)
    };
    // Where the limits of the normal law are within tolerance, and from there in growing steps.
    let z = normal::quantile(TAIL) / tolerance;
    let guess = libm::ceil(z * z * share * (1.0 - share)).clamp(1.0, ROWS_MAX);
    let (mut low, mut high) = (guess, guess);
    let mut step = libm::ceil(guess / 16.0);
    if settled(guess) {
        while low > 0.0 && settled(low) {
            (low, high) = ((low - step).max(0.0), low);
            step *= 2.0;
        }
    } else {
        while !settled(high) {
            (low, high) = (high, high + step);
            step *= 2.0;
            if high > 2.0 * ROWS_MAX {
                return None;
            }
        }
    }
    while high - low > 1.0 {
        let middle = libm::floor(0.5 * (low + high));
        if settled(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    (high <= ROWS_MAX).then(|| whole(high))
}

/// The next whole number of rows, within what can be counted.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1..=ROWS_MAX, which u64 holds exactly"
)]
fn whole(rows: f64) -> u64 {
    libm::ceil(rows - 1e-9).clamp(1.0, ROWS_MAX) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_limit_of_equal_shares_is_the_noncentral_chi_square_limit() {
        // X² = 0 leaves λ = 0 and the observed distance; X² = 9 at 9 degrees leaves λ = 11.378 (scipy 1.17.1, ncx2)
        assert!(tv_upper(&[100; 10], &[0.1; 10], 5_000) < 1e-15);
        let counts = [530, 470, 530, 470, 500, 500, 500, 500, 500, 500];
        let effective = 5_000.0 * 5_000.0 / 10_000.0;
        let statistic: f64 = effective * 4.0 * 0.006 * 0.006 / 0.1;
        let limit = 0.5 * (upper_noncentrality(statistic, 9.0, 0.05) / effective).sqrt();
        let found = tv_upper(&counts, &[0.1; 10], 5_000);
        assert!((found - limit.max(0.012)).abs() < 1e-12, "{found} {limit}");
    }

    #[test]
    fn the_upper_limit_is_never_below_the_observed_distance_nor_above_one() {
        for counts in [vec![0, 0, 40], vec![900, 50, 50], vec![1, 0, 0], vec![0, 10_000, 0]] {
            let rows: u64 = counts.iter().sum();
            let shares: Vec<f64> = counts.iter().map(|&c| c as f64 / rows as f64).collect();
            let reference = [0.98, 0.01, 0.01];
            let found = tv_upper(&counts, &reference, 1_000);
            assert!(
                found >= total_variation(&shares, &reference) && found <= 1.0,
                "{counts:?}: {found}"
            );
        }
    }

    #[test]
    fn rates_use_the_exact_limits_of_the_share() {
        // scipy 1.17.1: beta.ppf(0.95, 1, 149) = 0.0199053...
        let found = tv_upper(&[0, 149], &[0.0, 1.0], 100);
        assert!((found - (1.0 - 0.05_f64.powf(1.0 / 149.0))).abs() < 1e-12, "{found}");
        assert_eq!(tv_upper(&[0, 5], &[1.0, 0.0], 100), 1.0);
    }

    #[test]
    fn without_rows_nothing_is_shown() {
        assert_eq!(tv_upper(&[0, 0, 0], &[0.2, 0.3, 0.5], 100), 1.0);
        assert_eq!(tv_upper(&[0, 0], &[0.5, 0.5], 100), 1.0);
        assert_eq!(tv_upper(&[], &[], 100), 1.0);
        assert_eq!(tv_upper(&[3], &[1.0], 100), 0.0);
        assert_eq!(tv_upper(&[1, 1, 1], &[0.4, 0.3, 0.3], 100), 1.0);
    }

    #[test]
    fn small_bins_are_pooled_and_a_small_pool_takes_in_the_smallest_bin() {
        let pooled =
            |p: &[f64], n: f64| pooled(p, p, n).iter().map(|(_, p)| *p).collect::<Vec<_>>();
        assert_eq!(pooled(&[0.5, 0.25, 0.125, 0.125], 20.0), [0.5, 0.25, 0.25]);
        assert_eq!(pooled(&[0.625, 0.25, 0.0625, 0.0625], 20.0), [0.625, 0.375]);
        assert_eq!(pooled(&[0.25, 0.25, 0.5], 1_000.0), [0.25, 0.25, 0.5]);
        assert_eq!(pooled(&[0.25, 0.25, 0.5], 1.0), [1.0]);
    }

    #[test]
    fn the_lower_limit_is_zero_for_a_quiet_batch_and_positive_for_a_moved_one() {
        let reference = [0.1; 10];
        let detector = EDetector::freeze(&reference, 0.05, true, 1.0);
        let quiet = vec![vec![50; 10]; 4];
        assert_eq!(tv_lower(&detector, &[0.0; 10], &quiet, 0.0), 0.0);
        assert_eq!(tv_lower(&detector, &[0.0; 10], &quiet, 1.0), 0.0);
        let moved = vec![vec![10, 20, 30, 40, 50, 60, 70, 80, 90, 100]; 4];
        let lower = tv_lower(&detector, &[0.0; 10], &moved, 0.227);
        assert!(lower > 0.15 && lower <= 0.227, "{lower}");
        assert_eq!(tv_lower(&detector, &[0.0; 10], &vec![vec![0; 10]; 4], 0.0), 0.0);
    }

    #[test]
    fn an_unmoved_series_settles_at_the_stated_number_of_rows() {
        let reference = [0.125; 8];
        for (tolerance, m) in [(0.05, 4_000), (0.1, 1_000), (0.03, 100_000)] {
            let rows = rows_to_settle(tolerance, &reference, m).unwrap();
            let effective = rows as f64 * m as f64 / (rows as f64 + m as f64);
            let limit = 0.5 * (upper_noncentrality(7.0, 7.0, 0.05) / effective).sqrt();
            assert!(limit <= tolerance + 1e-9 && rows >= rows_min(tolerance, 8), "{rows}: {limit}");
        }
        assert_eq!(rows_to_settle(0.01, &reference, 500), None);
        assert_eq!(rows_to_settle(0.0, &reference, 500), None);
        assert_eq!(rows_to_settle(f64::NAN, &reference, 500), None);
    }

    #[test]
    fn a_rate_settles_exactly_when_its_limits_are_within_tolerance() {
        for (tolerance, share) in [(0.05, 0.5), (0.0055, 0.000_642), (0.0125, 0.01), (0.05, 1.0)] {
            let rows = rows_to_settle(tolerance, &[share, 1.0 - share], 778).unwrap();
            let limit = |n: f64| rate_upper(share * n, n, share);
            assert!(
                limit(rows as f64) <= tolerance && limit(rows as f64 - 1.0) > tolerance,
                "{rows}"
            );
        }
        assert_eq!(rows_to_settle(1e-9, &[0.5, 0.5], 778), None);
        assert_eq!(rows_to_settle(0.1, &[1.0], 778), Some(1));
    }
}
