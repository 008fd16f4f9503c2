//! Logit recalibration: by which straight line on the log-odds scale would the scores have to be moved to be right?
//!
//! Intercept 0 and slope 1: calibrated. Slope below 1: too extreme; intercept above 0: too low.
//!
//! Source: Cox 1958, *Two further applications of a model for binary regression*, Biometrika 45, 562–565; fitted by Newton's
//! method, limits from the Fisher information (Wald). Checked against statsmodels in the tests.

use super::intervals::Interval;
use super::{Error, Result, normal};
use serde::{Deserialize, Serialize};

/// Scores are kept this far from 0 and 1.
const CLIP: f64 = 1e-6;
/// Newton steps, at most.
const STEPS_MAX: usize = 60;

/// The fitted line with its limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogitRecalibration {
    /// a in logit P(event) = a + b · logit(score): 0 is right on average; above 0 the scores are too low.
    pub intercept: Interval,
    /// b: 1 is right; below 1 the scores are too extreme.
    pub slope: Interval,
}

/// The line of the rows given as counts per distinct score.
///
/// `scores` in [0, 1] (cut off at 10⁻⁶ from the ends); `without` and `with`: rows without and with the event per score.
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: slices of different lengths.
/// - [`Error::NotEnough`]: no row with the event, or none without it.
/// - [`Error::NoSpread`]: fewer than two different scores.
/// - [`Error::OutOfRange`]: a confidence outside (0, 1), or a slope that grows for ever because a score separates the events.
///
/// ```
/// use driftledger::statistics::logit_recalibration::logit_recalibration;
/// let line = logit_recalibration(&[0.2, 0.5, 0.8], &[80, 50, 20], &[20, 50, 80], 0.95).unwrap();
/// assert!(line.intercept.estimate.abs() < 1e-9 && (line.slope.estimate - 1.0).abs() < 1e-9);
/// ```
pub fn logit_recalibration(
    scores: &[f64],
    without: &[u64],
    with: &[u64],
    confidence: f64,
) -> Result<LogitRecalibration> {
    if scores.len() != without.len() || scores.len() != with.len() {
        return Err(Error::BinsDiffer { reference: scores.len(), batch: with.len() });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    let rows: Vec<(f64, f64, f64)> = scores
        .iter()
        .zip(without.iter().zip(with))
        .filter(|(_, (n, k))| **n + **k > 0)
        .map(|(score, (n, k))| {
            let score = score.clamp(CLIP, 1.0 - CLIP);
            (libm::log(score / (1.0 - score)), (n + k) as f64, *k as f64)
        })
        .collect();
    let (total, events) = rows.iter().fold((0.0, 0.0), |(t, e), (_, n, k)| (t + n, e + k));
    if events <= 0.0 || events >= total {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    if rows.iter().all(|(x, ..)| *x == rows[0].0) {
        return Err(Error::NoSpread);
    }
    let (line, information) = fit(&rows)?;
    let z = -normal::quantile(0.5 * (1.0 - confidence));
    let determinant = information[0] * information[2] - information[1] * information[1];
    let interval = |estimate: f64, variance: f64| {
        let half = z * libm::sqrt(variance);
        Interval { lower: estimate - half, estimate, upper: estimate + half }
    };
    Ok(LogitRecalibration {
        intercept: interval(line[0], information[2] / determinant),
        slope: interval(line[1], information[0] / determinant),
    })
}

/// Intercept and slope by Newton's method with halved steps, and the Fisher information (aa, ab, bb) there.
fn fit(rows: &[(f64, f64, f64)]) -> Result<([f64; 2], [f64; 3])> {
    let mut line = [0.0, 1.0];
    let mut best = likelihood(rows, line);
    for _ in 0..STEPS_MAX {
        let (gradient, information) = slopes(rows, line);
        let determinant = information[0] * information[2] - information[1] * information[1];
        if determinant.is_nan() || determinant <= 1e-14 * information[0] * information[2] {
            break;
        }
        let step = [
            (information[2] * gradient[0] - information[1] * gradient[1]) / determinant,
            (information[0] * gradient[1] - information[1] * gradient[0]) / determinant,
        ];
        let mut size = 1.0;
        let mut next = [line[0] + step[0], line[1] + step[1]];
        while likelihood(rows, next) < best && size > 1e-6 {
            size *= 0.5;
            next = [line[0] + size * step[0], line[1] + size * step[1]];
        }
        line = next;
        best = likelihood(rows, line);
        if line[0].abs().max(line[1].abs()) > 1e4 {
            break;
        }
        if step[0].abs().max(step[1].abs()) < 1e-11 * (1.0 + line[0].abs().max(line[1].abs())) {
            return Ok((line, slopes(rows, line).1));
        }
    }
    Err(Error::OutOfRange { name: "slope", value: f64::INFINITY })
}

fn share(line: [f64; 2], x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-(line[0] + line[1] * x)))
}

fn slopes(rows: &[(f64, f64, f64)], line: [f64; 2]) -> ([f64; 2], [f64; 3]) {
    let (mut gradient, mut information) = ([0.0; 2], [0.0; 3]);
    for &(x, n, k) in rows {
        let p = share(line, x);
        let (off, weight) = (k - n * p, n * p * (1.0 - p));
        gradient[0] += off;
        gradient[1] += off * x;
        information[0] += weight;
        information[1] += weight * x;
        information[2] += weight * x * x;
    }
    (gradient, information)
}

/// Log-likelihood without its constant: k η − n ln(1 + e^η).
fn likelihood(rows: &[(f64, f64, f64)], line: [f64; 2]) -> f64 {
    let soft = |eta: f64| eta.max(0.0) + libm::log1p(libm::exp(-eta.abs()));
    rows.iter()
        .map(|&(x, n, k)| {
            let eta = line[0] + line[1] * x;
            k * eta - n * soft(eta)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_agrees_with_statsmodels() {
        // statsmodels 0.15.0: GLM(np.c_[k, n - k], add_constant(log(s / (1 - s))), Binomial()).fit().params, conf_int()
        let scores = [0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97];
        let without = [180, 85, 60, 40, 30, 15, 12, 4];
        let with = [6, 12, 18, 30, 28, 35, 60, 90];
        let found = logit_recalibration(&scores, &without, &with, 0.95).unwrap();
        for (interval, expected) in [(found.intercept, EXPECTED[0]), (found.slope, EXPECTED[1])] {
            for (value, expected) in
                [interval.lower, interval.estimate, interval.upper].into_iter().zip(expected)
            {
                assert!((value - expected).abs() < 1e-7, "{interval:?}");
            }
        }
    }

    const EXPECTED: [[f64; 3]; 2] = [
        [-0.539_199_624_949_933_7, -0.327_690_975_978_776_7, -0.116_182_327_007_619_8],
        [0.836_739_966_824_807_3, 0.972_353_803_943_743_4, 1.107_967_641_062_679_5],
    ];

    #[test]
    fn scores_that_separate_the_events_have_no_line() {
        let found = logit_recalibration(&[0.2, 0.8], &[50, 0], &[0, 50], 0.95);
        assert!(matches!(found, Err(Error::OutOfRange { name: "slope", .. })), "{found:?}");
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        assert_eq!(logit_recalibration(&[0.5], &[5], &[5], 0.95), Err(Error::NoSpread));
        assert!(logit_recalibration(&[0.2, 0.5], &[5, 5], &[0, 0], 0.95).is_err());
        assert!(logit_recalibration(&[0.2], &[5, 5], &[1, 1], 0.95).is_err());
        assert!(logit_recalibration(&[], &[], &[], 0.95).is_err());
        let ends = logit_recalibration(&[0.0, 1.0], &[90, 10], &[10, 90], 0.95).unwrap();
        assert!(ends.slope.estimate > 0.0 && ends.slope.estimate < 1.0);
    }
}
