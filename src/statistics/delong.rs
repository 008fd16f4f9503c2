//! AUC with DeLong's interval: how well do the scores separate the two classes, and how sure is that?
//!
//! Source: DeLong, DeLong & Clarke-Pearson 1988, *Comparing the areas under two or more correlated receiver operating
//! characteristic curves*, Biometrics 44, equations 2 to 5; Sun & Xu 2014 (by ranks). Vectors:
//! `tests/vectors/statistics.json`.

use super::intervals::Interval;
use super::{Error, Result, normal, sample};

/// Area under the receiver operating characteristic with its DeLong interval. ½ = no separation, 1 = perfect.
///
/// ```text
/// AUC = P(score of a positive > score of a negative) + ½ P(equal);  SE² = s₁₀²/m + s₀₁²/n
/// ```
///
/// `labels`: true = positive; `scores` beside them, larger = more positive; `confidence` in (0, 1). The normal interval is cut
/// off at 0 and 1; with complete separation it has no width, so read it with the number of cases.
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: not one score per label.
/// - [`Error::NotEnough`]: fewer than two positives or negatives.
/// - [`Error::NotFinite`]: NaN or an infinity.
/// - [`Error::OutOfRange`]: a confidence outside (0, 1).
///
/// ```
/// use driftledger::statistics::delong::delong;
/// let labels = [false, false, true, true];
/// assert_eq!(delong(&labels, &[0.1, 0.4, 0.35, 0.8], 0.95).unwrap().estimate, 0.75);
/// ```
pub fn delong(labels: &[bool], scores: &[f64], confidence: f64) -> Result<Interval> {
    if labels.len() != scores.len() {
        return Err(Error::BinsDiffer { reference: labels.len(), batch: scores.len() });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    sample::check(scores, 0)?;
    let of = |wanted: bool| {
        let chosen = labels.iter().zip(scores).filter(move |(label, _)| **label == wanted);
        chosen.map(|(_, score)| *score).collect::<Vec<f64>>()
    };
    let positives = sample::sorted(&of(true), 2)?;
    let negatives = sample::sorted(&of(false), 2)?;
    let above = placements(&positives, &negatives);
    let below = placements(&negatives, &positives);
    let estimate = sample::mean(&above);
    let variance = |values: &[f64]| {
        let size = values.len() as f64;
        sample::squares(values) / (size - 1.0) / size
    };
    let error = libm::sqrt(variance(&above) + variance(&below));
    let half = -normal::quantile(0.5 * (1.0 - confidence)) * error;
    Ok(Interval { lower: (estimate - half).max(0.0), estimate, upper: (estimate + half).min(1.0) })
}

/// The same from counts: rows of each class per distinct score, scores ascending.
///
/// `negatives` and `positives` have one count a score, in the same order; what [`delong`] gives for the rows themselves.
///
/// # Errors
///
/// As [`delong`]; [`Error::BinsDiffer`] where the slices have different lengths.
///
/// ```
/// use driftledger::statistics::delong::delong_counts;
/// assert_eq!(delong_counts(&[1, 0, 1, 0], &[0, 1, 0, 1], 0.95).unwrap().estimate, 0.75);
/// ```
pub fn delong_counts(negatives: &[u64], positives: &[u64], confidence: f64) -> Result<Interval> {
    if negatives.len() != positives.len() {
        return Err(Error::BinsDiffer { reference: negatives.len(), batch: positives.len() });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    let above = weighted_placements(positives, negatives)?;
    let below = weighted_placements(negatives, positives)?;
    let half = -normal::quantile(0.5 * (1.0 - confidence)) * libm::sqrt(above.1 + below.1);
    let estimate = above.0;
    Ok(Interval { lower: (estimate - half).max(0.0), estimate, upper: (estimate + half).min(1.0) })
}

/// Mean placement of `values` among `others`, and the variance of that mean.
fn weighted_placements(values: &[u64], others: &[u64]) -> Result<(f64, f64)> {
    let (size, of): (u64, u64) = (values.iter().sum(), others.iter().sum());
    let least = size.min(of);
    if least < 2 {
        return Err(Error::NotEnough { found: least as usize, needed: 2 });
    }
    let mut passed = 0;
    let mut placed = Vec::with_capacity(values.len());
    for (&count, &other) in values.iter().zip(others) {
        placed.push((count as f64, (passed as f64 + 0.5 * other as f64) / of as f64));
        passed += other;
    }
    let size = size as f64;
    let mean = placed.iter().map(|(count, share)| count * share).sum::<f64>() / size;
    let squares: f64 =
        placed.iter().map(|(count, share)| count * (share - mean) * (share - mean)).sum();
    Ok((mean, squares / (size - 1.0) / size))
}

/// For each value, the share of `others` below it, ties counting ½; both sorted.
fn placements(values: &[f64], others: &[f64]) -> Vec<f64> {
    let share = |value: f64| {
        let below = others.partition_point(|other| *other < value);
        let upto = others.partition_point(|other| *other <= value);
        0.5 * (below + upto) as f64 / others.len() as f64
    };
    values.iter().map(|&value| share(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_is_that_of_the_definition() {
        let labels = [true, false, true, true, false, false, true, false];
        let scores = [0.9, 0.3, 0.6, 0.4, 0.4, 0.1, 0.8, 0.7];
        // by hand: placements 1, 3/4, 5/8, 1 of the positives and 0, 1/8, 0, 1/2 of the negatives
        let found = delong(&labels, &scores, 0.95).unwrap();
        assert!((found.estimate - 27.0 / 32.0).abs() < 1e-15);
        let s10 = sample::squares(&[1.0, 0.75, 0.625, 1.0]) / 3.0 / 4.0;
        let s01 = sample::squares(&[0.0, 0.125, 0.0, 0.5]) / 3.0 / 4.0;
        let lower = 27.0 / 32.0 - 1.959_963_984_540_054 * (s10 + s01).sqrt();
        assert!((found.lower - lower).abs() < 1e-12 && found.upper == 1.0, "{found:?}");
    }

    #[test]
    fn counts_give_what_rows_give() {
        let labels = [true, false, true, true, false, false, true, false];
        let scores = [0.9, 0.3, 0.6, 0.4, 0.4, 0.1, 0.8, 0.7];
        let rows = delong(&labels, &scores, 0.95).unwrap();
        // scores 0.1, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9
        let counts = delong_counts(&[1, 1, 1, 0, 1, 0, 0], &[0, 0, 1, 1, 0, 1, 1], 0.95).unwrap();
        assert!((rows.estimate - counts.estimate).abs() < 1e-15);
        assert!((rows.lower - counts.lower).abs() < 1e-14 && rows.upper == counts.upper);
        assert!(delong_counts(&[1, 2], &[1], 0.95).is_err());
        assert_eq!(delong_counts(&[5], &[1], 0.95), Err(Error::NotEnough { found: 1, needed: 2 }));
    }

    #[test]
    fn equal_scores_and_complete_separation() {
        let labels = [true, true, false, false];
        assert_eq!(delong(&labels, &[1.0; 4], 0.95).unwrap().estimate, 0.5);
        let perfect = delong(&labels, &[3.0, 4.0, 1.0, 2.0], 0.95).unwrap();
        assert_eq!((perfect.lower, perfect.upper), (1.0, 1.0));
    }

    #[test]
    fn cases_that_cannot_be_judged_are_refused() {
        let labels = [true, false, false];
        assert_eq!(delong(&labels, &[1.0; 3], 0.9), Err(Error::NotEnough { found: 1, needed: 2 }));
        assert!(
            delong(&labels, &[1.0; 2], 0.9).is_err() && delong(&labels, &[1.0; 3], 1.0).is_err()
        );
        assert_eq!(delong(&labels, &[1.0, f64::NAN, 0.0], 0.9), Err(Error::NotFinite { index: 1 }));
        assert!(delong(&[], &[], 0.95).is_err());
    }
}
