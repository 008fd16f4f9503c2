//! Rate detector: how much evidence is there that a rate has risen above its limit?
//!
//! The e-detector of two bins, one-sided: a rate that falls is no evidence. Used for the error rate of a model once labels
//! are there, and for disagreement in review.
//!
//! ```text
//! log E_a = right · ln((1 − q_a)/(1 − p*)) + wrong · ln(q_a/p*),   p* = p₀ + δ,   q_a > p*
//! log M_a ← log E_a + max(0, log M_a)                              started at −∞
//! ```
//!
//! Source: as `src/statistics/e_detector.rs`, whose score card for two bins and a rising rate these scores are; for every
//! rate up to p* a row gains nothing on average, because the factor of a wrong row is above and that of a right row below 1.
//! Range: −∞ (no evidence) upwards; larger is worse. Assumes that every row counts once.

use super::e_detector::{LaneState, Step, log_sum_exp};
use serde::{Deserialize, Serialize};

/// Distances of the named rates from the reference, in multiples of the tolerance (at least [`SMALLEST_BASE`]).
const STRENGTHS: [f64; 3] = [1.6, 3.0, 6.0];
/// The named rates are never closer to the reference than this times their strength.
const SMALLEST_BASE: f64 = 0.02;
/// No named rate is higher.
const LARGEST_RATE: f64 = 0.95;
/// Share of the stake of the learned rate.
const LEARNED_WEIGHT: f64 = 0.3;
/// Rows that the reference counts for in the learned rate.
const PRIOR_ROWS: f64 = 10.0;
/// Share of the learned counts that the next step still sees.
const REMEMBERED: f64 = 0.7;
/// A rate must lie above the limit by this factor, or there is no bet.
const MARGIN: f64 = 1.0001;

/// The frozen detector of one rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateDetector {
    /// p₀: the reference rate.
    pub reference: f64,
    /// δ: how much higher the rate may be.
    pub tolerance: f64,
    /// The rates it bets on; the learned one is not among them.
    pub rates: Vec<f64>,
}

impl RateDetector {
    /// Freezes the detector of a rate of `reference` that may be up to `tolerance` higher.
    ///
    /// ```
    /// use driftledger::statistics::rate_detector::RateDetector;
    /// let detector = RateDetector::freeze(0.02, 0.03);
    /// let mut state = detector.start();
    /// assert!(detector.step(&mut state, [90, 10]).series_log_m > 0.0);
    /// ```
    pub fn freeze(reference: f64, tolerance: f64) -> Self {
        let base = tolerance.max(SMALLEST_BASE);
        let limit = reference + tolerance;
        let mut rates: Vec<f64> = STRENGTHS
            .iter()
            .map(|strength| (reference + strength * base).min(LARGEST_RATE))
            .filter(|rate| *rate > limit * MARGIN)
            .collect();
        rates.dedup();
        Self { reference, tolerance, rates }
    }

    /// The highest rate that is no evidence: p₀ + δ.
    pub fn limit(&self) -> f64 {
        self.reference + self.tolerance
    }

    /// The state before the first step, and after every reset.
    pub fn start(&self) -> LaneState {
        LaneState {
            log_m: vec![f64::NEG_INFINITY; self.rates.len() + 1],
            learned_counts: vec![0.0; 2],
        }
    }

    /// Takes the rows `[right, wrong]` of one step; the learned rate is the last lane. A step without rows is none: the
    /// state stays as it is.
    ///
    /// # Panics
    ///
    /// If `state` was made for a detector with another number of rates.
    pub fn step(&self, state: &mut LaneState, rows: [u64; 2]) -> Step {
        self.step_weighted(state, &[(1.0, rows)])
    }

    /// Takes rows of several weights as one step: a row of weight w stands for w rows, where an average one stands for one. The
    /// rate is that of all rows stood for.
    ///
    /// ```text
    /// log E_a = Σ_w right_w · ln((1 − q_a)/(1 − p*)) + wrong_w · ln(1 + (w − p*) (q_a − p*)/(p* (1 − p*)))
    /// ```
    ///
    /// # Panics
    ///
    /// As [`RateDetector::step`].
    pub fn step_weighted(&self, state: &mut LaneState, rows: &[(f64, [u64; 2])]) -> Step {
        assert_eq!(state.log_m.len(), self.rates.len() + 1, "state of another detector");
        let learned = self.learned_rate(&state.learned_counts);
        let rates = self.rates.iter().copied().map(Some).chain([learned]);
        let log_of = |rate| {
            rows.iter().map(|(weight, rows)| self.log_evidence(rate, (*weight, *rows))).sum::<f64>()
        };
        let log_e: Vec<f64> = rates.map(log_of).collect();
        if rows.iter().any(|(_, rows)| *rows != [0, 0]) {
            for (log_m, log_e) in state.log_m.iter_mut().zip(&log_e) {
                *log_m = log_e + log_m.max(0.0);
            }
            let right: f64 = rows.iter().map(|(weight, rows)| weight * rows[0] as f64).sum();
            let wrong: f64 = rows.iter().map(|(weight, rows)| weight * rows[1] as f64).sum();
            for (kept, new) in state.learned_counts.iter_mut().zip([right, wrong]) {
                *kept = REMEMBERED * (*kept + new);
            }
        }
        Step {
            series_log_e: self.weighted(&log_e),
            series_log_m: self.weighted(&state.log_m),
            log_m: state.log_m.clone(),
            log_e,
        }
    }

    /// The rate of earlier steps, if it is beyond the limit.
    fn learned_rate(&self, counts: &[f64]) -> Option<f64> {
        let [right, wrong] = [counts[0], counts[1]];
        let rate = (PRIOR_ROWS * self.reference + wrong) / (PRIOR_ROWS + right + wrong);
        (rate > self.limit() * MARGIN).then_some(rate.min(LARGEST_RATE))
    }

    fn log_evidence(&self, rate: Option<f64>, (weight, [right, wrong]): (f64, [u64; 2])) -> f64 {
        let limit = self.limit();
        match rate {
            Some(rate) if rate > limit && limit > 0.0 => {
                let right_score = libm::log1p(-rate) - libm::log1p(-limit);
                let stake = (rate - limit) / (limit * (1.0 - limit));
                let wrong_score = if (weight - 1.0).abs() < 1e-12 {
                    libm::log(rate / limit)
                } else {
                    libm::log1p(stake * (weight - limit))
                };
                right as f64 * right_score + wrong as f64 * wrong_score
            }
            _ => 0.0,
        }
    }

    fn weighted(&self, logs: &[f64]) -> f64 {
        let named = self.rates.len();
        let weight = |lane: usize| match (lane < named, named) {
            (_, 0) => 1.0,
            (true, _) => (1.0 - LEARNED_WEIGHT) / named as f64,
            (false, _) => LEARNED_WEIGHT,
        };
        let weighted: Vec<f64> =
            logs.iter().enumerate().map(|(lane, log)| libm::log(weight(lane)) + log).collect();
        log_sum_exp(&weighted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::draws::Draws;
    use super::super::score_card::score_card;
    use super::*;

    fn drawn(draws: &mut Draws, rows: u64, rate: f64) -> [u64; 2] {
        let wrong = (0..rows).filter(|_| draws.uniform() < rate).count() as u64;
        [rows - wrong, wrong]
    }

    /// Mean number of steps until N = 200 is reached from a clean start, over 200 runs.
    fn delay(detector: &RateDetector, rows: u64, rate: f64) -> f64 {
        let mut draws = Draws::new([3; 32]);
        let mut steps = 0_u32;
        for _ in 0..200 {
            let mut state = detector.start();
            for _ in 0..100 {
                steps += 1;
                if detector.step(&mut state, drawn(&mut draws, rows, rate)).series_log_m
                    >= libm::log(200.0)
                {
                    break;
                }
            }
        }
        f64::from(steps) / 200.0
    }

    fn alarms(detector: &RateDetector, rows: u64, rate: f64, steps: u32) -> u32 {
        let mut draws = Draws::new([5; 32]);
        let mut state = detector.start();
        let mut alarms = 0;
        for _ in 0..steps {
            let step = detector.step(&mut state, drawn(&mut draws, rows, rate));
            if step.series_log_m >= libm::log(20.0) {
                alarms += 1;
                state = detector.start();
            }
        }
        alarms
    }

    #[test]
    fn scores_are_the_score_card_of_two_bins() {
        let detector = RateDetector::freeze(0.02, 0.03);
        for &rate in &detector.rates {
            let card = score_card(&[1.0 - rate, rate], &[0.98, 0.02], 0.03);
            let right = detector.log_evidence(Some(rate), (1.0, [1, 0]));
            let wrong = detector.log_evidence(Some(rate), (1.0, [0, 1]));
            assert!((right - card[0]).abs() < 1e-12 && (wrong - card[1]).abs() < 1e-12);
        }
    }

    #[test]
    fn a_row_gains_nothing_on_average_at_any_rate_up_to_the_limit() {
        let detector = RateDetector::freeze(0.02, 0.03);
        for rate in [0.0, 0.01, 0.05] {
            for &bet in &detector.rates {
                for weight in [0.1, 1.0, 3.0] {
                    let factor = |rows| libm::exp(detector.log_evidence(Some(bet), (weight, rows)));
                    // Every row stands for `weight` rows: at the rate, one in so many more or fewer is wrong.
                    let wrong = rate / weight;
                    let mean = wrong * factor([0, 1]) + (1.0 - wrong) * factor([1, 0]);
                    assert!(mean <= 1.0 + 1e-12, "{rate} {bet} {weight}: {mean}");
                }
            }
        }
    }

    #[test]
    fn delays_are_those_of_the_published_table() {
        for ((reference, tolerance), rows, rate, published) in [
            ((0.01, 0.01), 200, 0.04, 4.7),
            ((0.05, 0.05), 30, 0.20, 6.0),
            ((0.05, 0.05), 30, 0.30, 2.0),
            ((0.02, 0.03), 50, 0.12, 3.8),
        ] {
            let found = delay(&RateDetector::freeze(reference, tolerance), rows, rate);
            assert!((found / published - 1.0).abs() < 0.35, "{rate}: {found} for {published}");
        }
    }

    #[test]
    fn false_alarms_stay_below_their_bound_at_the_limit() {
        // bound: 4 000 steps / N = 20 → 200 alarms
        for (reference, tolerance, rows) in [(0.01, 0.01, 200), (0.05, 0.05, 30)] {
            let detector = RateDetector::freeze(reference, tolerance);
            let found = alarms(&detector, rows, detector.limit(), 4_000);
            assert!(found <= 200, "{found}");
            assert_eq!(alarms(&detector, rows, reference, 4_000), 0);
            assert_eq!(alarms(&detector, rows, 0.0, 4_000), 0);
        }
    }

    #[test]
    fn nothing_happens_without_rows_or_beyond_the_ends() {
        let detector = RateDetector::freeze(0.02, 0.03);
        let mut state = detector.start();
        assert_eq!(detector.step(&mut state, [0, 0]).series_log_m, f64::NEG_INFINITY);
        assert_eq!(state, detector.start());
        assert_eq!(detector.step_weighted(&mut state, &[]).series_log_m, f64::NEG_INFINITY);
        let full = RateDetector::freeze(0.97, 0.03);
        assert!(full.rates.is_empty());
        assert!(full.step(&mut full.start(), [0, 1_000]).series_log_m.abs() < 1e-12);
        let none = RateDetector::freeze(0.0, 0.0);
        assert!(none.step(&mut none.start(), [0, 10]).series_log_m.abs() < 1e-12);
    }
}
