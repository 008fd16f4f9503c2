//! Challenges: what would the shares look like if the values had moved by a stated amount, and which rows would have to move?
//!
//! Sizes are stated on the normal-score scale: the reference is mapped to a standard normal by its ranks, so "0.5 standard
//! deviations" is that of a normal feature, whatever the shape of the values. Source: van der Waerden scores; the coupling of
//! two distributions on a line that moves least: Villani 2003, *Topics in Optimal Transportation*, section 2.2.

use super::lanes::{normal_scores, regrouped};
use super::normal;

/// Where the rows of each bin go: for every bin, (bin, share of its rows), shares summing to 1.
pub type Moves = Vec<Vec<(usize, f64)>>;

/// Shares of ordered bins after all values moved up by `deviations`.
///
/// ```
/// use driftledger::statistics::challenges::shifted;
/// let moved = shifted(&[0.25; 4], 0.5);
/// assert!(moved[3] > 0.4 && moved[0] < 0.15);
/// ```
pub fn shifted(shares: &[f64], deviations: f64) -> Vec<f64> {
    if shares.len() < 2 {
        return shares.to_vec();
    }
    regrouped(&normal_scores(shares), |z| z - deviations)
}

/// Shares of ordered bins after the values spread from their median by `factor` (above 1: wider).
pub fn spread(shares: &[f64], factor: f64) -> Vec<f64> {
    if shares.len() < 2 {
        return shares.to_vec();
    }
    regrouped(&normal_scores(shares), |z| z / factor)
}

/// The share of a tail that had `share`, after the values moved by `deviations` towards it (negative: away) and spread by
/// `factor`.
pub fn tail(share: f64, deviations: f64, factor: f64) -> f64 {
    if !(share > 0.0 && share < 1.0) {
        return share;
    }
    normal::cdf((normal::quantile(share) + deviations) / factor)
}

/// The moves that make `after` of `before` with the least travel along the order of the bins.
///
/// ```
/// use driftledger::statistics::challenges::moves;
/// assert_eq!(moves(&[0.5, 0.5], &[0.25, 0.75])[0], [(0, 0.5), (1, 0.5)]);
/// ```
pub fn moves(before: &[f64], after: &[f64]) -> Moves {
    let ends = |shares: &[f64]| -> Vec<f64> {
        let mut sum = 0.0;
        shares
            .iter()
            .map(|share| {
                sum += share;
                sum
            })
            .collect()
    };
    let (from, to) = (ends(before), ends(after));
    let start = |ends: &[f64], k: usize| if k == 0 { 0.0 } else { ends[k - 1] };
    (0..before.len())
        .map(|k| {
            let (low, high) = (start(&from, k), from[k]);
            let overlap = |l: usize| (high.min(to[l]) - low.max(start(&to, l))).max(0.0);
            let parts: Vec<(usize, f64)> =
                (0..to.len()).map(|l| (l, overlap(l))).filter(|part| part.1 > 0.0).collect();
            let total: f64 = parts.iter().map(|part| part.1).sum();
            if total > 0.0 {
                parts.into_iter().map(|(l, part)| (l, part / total)).collect()
            } else {
                vec![(k, 1.0)]
            }
        })
        .collect()
}

/// Every second bin takes rows from the one above it, `distance` of all rows together: a shape no named lane describes.
/// `None` where there are fewer than four bins or too few rows in every second one.
pub fn zig_zag(shares: &[f64], distance: f64) -> Option<Moves> {
    let givers = || (0..shares.len()).filter(|bin| bin % 2 == 1);
    let held: f64 = givers().map(|bin| shares[bin]).sum();
    if shares.len() < 4 || held <= distance {
        return None;
    }
    let part = distance / held;
    Some(
        (0..shares.len())
            .map(|bin| match bin % 2 {
                1 => vec![(bin - 1, part), (bin, 1.0 - part)],
                _ => vec![(bin, 1.0)],
            })
            .collect(),
    )
}

/// `distance` of all rows move from the most frequent bin to the second most frequent one. `None` where the first has not that
/// many.
pub fn mixed(shares: &[f64], distance: f64) -> Option<Moves> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
    let (&first, &second) = (order.first()?, order.get(1)?);
    if shares[first] <= distance {
        return None;
    }
    let part = distance / shares[first];
    let mut moves: Moves = (0..shares.len()).map(|bin| vec![(bin, 1.0)]).collect();
    moves[first] = vec![(second, part), (first, 1.0 - part)];
    Some(moves)
}

/// The shares after `moves`.
pub fn moved_shares(shares: &[f64], moves: &Moves) -> Vec<f64> {
    let mut after = vec![0.0; shares.len()];
    for (share, parts) in shares.iter().zip(moves) {
        for &(bin, part) in parts {
            after[bin] += share * part;
        }
    }
    after
}

/// Counts after `moves`: of the c rows of a bin, c times the share go, up or down to a whole number by `chance` in (0, 1), one
/// number a bin; every expectation is exact and no row is lost.
pub fn moved_counts(counts: &[u64], moves: &Moves, mut chance: impl FnMut() -> f64) -> Vec<u64> {
    let mut after = vec![0; counts.len()];
    for (&count, parts) in counts.iter().zip(moves) {
        let (start, mut share, mut given) = (chance(), 0.0, 0);
        for (index, &(bin, part)) in parts.iter().enumerate() {
            share += part;
            let up_to = if index + 1 == parts.len() { count } else { floor(count, share, start) };
            after[bin] += up_to - given;
            given = up_to;
        }
    }
    after
}

/// ⌊count · share + start⌋, at most `count`.
fn floor(count: u64, share: f64, start: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and limited to the count"
    )]
    let whole = libm::floor(count as f64 * share + start) as u64;
    whole.min(count)
}

#[cfg(test)]
mod tests {
    use super::super::draws::Draws;
    use super::super::total_variation::total_variation;
    use super::*;

    #[test]
    fn moves_lead_from_one_distribution_to_the_other() {
        let (before, after) = ([0.1, 0.2, 0.3, 0.4], [0.35, 0.05, 0.2, 0.4]);
        let found = moved_shares(&before, &moves(&before, &after));
        assert!(total_variation(&found, &after) < 1e-12, "{found:?}");
        assert_eq!(moves(&before, &before), (0..4).map(|k| vec![(k, 1.0)]).collect::<Vec<_>>());
    }

    #[test]
    fn shifts_have_the_distance_of_a_normal_feature() {
        let even = [0.1; 10];
        // 2Φ(s/2) − 1 is 0.0995 at 0.25 and 0.1974 at 0.5; ten bins keep 99 % of it.
        for (deviations, distance) in [(0.25, 0.0995), (0.5, 0.1975), (1.0, 0.3830)] {
            let found = total_variation(&even, &shifted(&even, deviations));
            assert!(found <= distance && found > 0.98 * distance, "{deviations}: {found}");
        }
        assert!((tail(0.025, 0.0, 1.0) - 0.025).abs() < 1e-12);
        assert!(tail(0.025, 0.5, 1.0) > 0.06 && tail(0.025, -0.5, 1.0) < 0.01);
    }

    #[test]
    fn zig_zag_and_mix_have_the_stated_distance() {
        let shares = [0.4, 0.3, 0.2, 0.1];
        for moves in [zig_zag(&shares, 0.1).unwrap(), mixed(&shares, 0.1).unwrap()] {
            let found = total_variation(&shares, &moved_shares(&shares, &moves));
            assert!((found - 0.1).abs() < 1e-12, "{found}");
        }
        assert_eq!(zig_zag(&[0.5, 0.5], 0.1), None);
        assert_eq!(zig_zag(&[0.9, 0.05, 0.05, 0.0], 0.1), None);
        assert_eq!(mixed(&[1.0], 0.1), None);
        assert_eq!(mixed(&[0.1; 10], 0.1), None);
    }

    #[test]
    fn moved_counts_lose_no_row_and_are_right_on_average() {
        let mut draws = Draws::new([5; 32]);
        let moves = moves(&[0.5, 0.5], &[0.35, 0.65]);
        let (mut stayed, runs) = (0, 4_000);
        for _ in 0..runs {
            let after = moved_counts(&[7, 3], &moves, || draws.uniform());
            assert_eq!(after.iter().sum::<u64>(), 10);
            stayed += after[0];
        }
        // 7 · 0.7 = 4.9 on average; each is 4 or 5, so the mean has a standard error of 0.005.
        assert!((f64::from(u32::try_from(stayed).unwrap()) / f64::from(runs) - 4.9).abs() < 0.02);
    }
}
