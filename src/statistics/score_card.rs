//! Score card: how much does one row in bin k speak for the alternative and against "still within tolerance"?
//!
//! K frozen numbers per alternative. The evidence of a batch is the sum of counts times scores, so an inspector can redo
//! it in a spreadsheet. Valid for every number of rows and every distribution within the tolerance: the expected value of
//! `exp(score)` of a row is at most 1 there.
//!
//! Source: Huber 1965, *A robust version of the probability ratio test*, Ann. Math. Statist. 36, section 3 (the least
//! favourable pair of two total variation balls); Saha & Ramdas 2024, *Huber-robust likelihood ratio tests for composite
//! nulls and alternatives*. Vectors: `tests/vectors/e_detector.json`.

use super::total_variation::total_variation;

/// Alternatives must lie beyond the tolerance by this factor, or they cannot gain and are switched off.
const MARGIN: f64 = 1.0001;
/// The lower clip of an alternative that leaves more than the tolerance without any share. A score must stay finite;
/// the normalisation below is computed with the clip as it is, so the bound holds all the same.
const SMALLEST_RATIO: f64 = 1e-12;

/// Log scores ℓ_k of the test of TV(·, `reference`) ≤ `tolerance` against `alternative`, in nats per row.
///
/// ```text
/// r_k = q_k / p_k
/// c_hi:  Σ_k (q_k/c_hi − p_k)₊ = δ    so  c_hi = max over sets A of largest ratios of   Q_A / (P_A + δ)
/// c_lo:  Σ_k (p_k − q_k/c_lo)₊ = δ    so  c_lo = min over sets B of smallest ratios of  Q_B / (P_B − δ)
/// S    = Σ_k p_k clip(r_k) + δ (c_hi − c_lo)
/// ℓ_k  = ln( clip(r_k, c_lo, c_hi) / S )
/// ```
///
/// `alternative` (q) and `reference` (p) are shares of the same bins. Positive: the bin speaks for the alternative. All
/// zeros (no bet) where TV(p, q) is not beyond the tolerance, or where the slices do not match.
///
/// ```
/// use driftledger::statistics::score_card::score_card;
/// let scores = score_card(&[0.7, 0.3], &[0.5, 0.5], 0.05);
/// assert!(scores[0] > 0.0 && scores[1] < 0.0);
/// assert_eq!(score_card(&[0.52, 0.48], &[0.5, 0.5], 0.05), [0.0, 0.0]);
/// ```
pub fn score_card(alternative: &[f64], reference: &[f64], tolerance: f64) -> Vec<f64> {
    let neutral = vec![0.0; reference.len()];
    let beyond = total_variation(reference, alternative) > tolerance * MARGIN;
    if alternative.len() != reference.len() || !beyond {
        return neutral;
    }
    let ratios: Vec<f64> = alternative.iter().zip(reference).map(|(&q, &p)| ratio(q, p)).collect();
    let mut order: Vec<usize> = (0..ratios.len()).collect();
    order.sort_by(|&a, &b| ratios[a].total_cmp(&ratios[b]));
    let low = lower_clip(&order, alternative, reference, tolerance).max(SMALLEST_RATIO);
    let high = upper_clip(&order, alternative, reference, tolerance);
    if !(low <= 1.0 && 1.0 <= high && high.is_finite()) {
        return neutral;
    }
    let clipped: Vec<f64> = ratios.iter().map(|ratio| ratio.clamp(low, high)).collect();
    let mean: f64 = clipped.iter().zip(reference).map(|(r, p)| r * p).sum();
    let largest = clipped.iter().copied().fold(low, f64::max);
    let smallest = clipped.iter().copied().fold(high, f64::min);
    let bound = mean + tolerance * (largest - smallest);
    clipped.iter().map(|r| libm::log(r / bound)).collect()
}

/// q/p, where a bin without any share on either side says nothing.
fn ratio(q: f64, p: f64) -> f64 {
    if p > 0.0 {
        q / p
    } else if q > 0.0 {
        f64::INFINITY
    } else {
        1.0
    }
}

/// c_hi: `order` lists the bins by increasing ratio.
fn upper_clip(order: &[usize], q: &[f64], p: &[f64], tolerance: f64) -> f64 {
    let (mut top_q, mut top_p, mut clip) = (0.0, 0.0, 0.0_f64);
    for &k in order.iter().rev() {
        top_q += q[k];
        top_p += p[k];
        if top_p + tolerance > 0.0 {
            clip = clip.max(top_q / (top_p + tolerance));
        }
    }
    clip
}

/// c_lo: `order` lists the bins by increasing ratio.
fn lower_clip(order: &[usize], q: &[f64], p: &[f64], tolerance: f64) -> f64 {
    let (mut bottom_q, mut bottom_p, mut clip) = (0.0, 0.0, 1.0_f64);
    for &k in order {
        bottom_q += q[k];
        bottom_p += p[k];
        if bottom_p > tolerance {
            clip = clip.min(bottom_q / (bottom_p - tolerance));
        }
    }
    clip
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E_{p'}[exp(score)] at the distribution of the ball that favours the alternative most.
    fn worst_mean(scores: &[f64], p: &[f64], tolerance: f64) -> f64 {
        let factors: Vec<f64> = scores.iter().map(|s| libm::exp(*s)).collect();
        let largest = factors.iter().copied().fold(0.0, f64::max);
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|&a, &b| factors[a].total_cmp(&factors[b]));
        let (mut left, mut mean) = (tolerance, 0.0);
        for k in order {
            let moved = left.min(p[k]);
            left -= moved;
            mean += (p[k] - moved) * factors[k] + moved * largest;
        }
        mean
    }

    #[test]
    fn a_row_gains_nothing_on_average_at_the_worst_point_of_the_ball() {
        for tolerance in [0.0, 0.01, 0.05, 0.2] {
            let (p, q) = ([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]);
            let mean = worst_mean(&score_card(&q, &p, tolerance), &p, tolerance);
            assert!((mean - 1.0).abs() < 1e-12, "{tolerance}: {mean}");
        }
    }

    #[test]
    fn alternatives_within_tolerance_place_no_bet() {
        assert_eq!(score_card(&[0.5, 0.5], &[0.5, 0.5], 0.0), [0.0, 0.0]);
        assert_eq!(score_card(&[0.55, 0.45], &[0.5, 0.5], 0.05), [0.0, 0.0]);
        assert_eq!(score_card(&[1.0], &[1.0], 0.05), [0.0]);
        assert_eq!(score_card(&[], &[], 0.05), Vec::<f64>::new());
        assert_eq!(score_card(&[f64::NAN, 1.0], &[0.5, 0.5], 0.05), [0.0, 0.0]);
    }

    #[test]
    fn bins_without_share_keep_the_scores_finite() {
        for (q, p) in [([1.0, 0.0, 0.0], [0.2, 0.4, 0.4]), ([0.4, 0.6, 0.0], [0.5, 0.0, 0.5])] {
            let scores = score_card(&q, &p, 0.05);
            assert!(scores.iter().all(|s| s.is_finite()), "{scores:?}");
            assert!(scores.iter().any(|s| *s > 0.0), "{scores:?}");
            assert!(worst_mean(&scores, &p, 0.05) <= 1.0 + 1e-12);
        }
    }
}
