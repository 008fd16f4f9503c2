//! Seeded draws: uniform, normal and gamma numbers from a ChaCha stream.
//!
//! Same seed, same numbers, on every machine: the stream is integer arithmetic and the transforms use `libm` only.
//!
//! Source: Marsaglia & Tsang 2000, *A simple method for generating gamma variables*, ACM TOMS 26(3), 363–372, section 4
//! (shapes below 1) and the squeeze of section 3; Marsaglia & Bray 1964 (polar method).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A seeded stream of draws.
#[derive(Debug)]
pub struct Draws {
    stream: ChaCha8Rng,
    spare_normal: Option<f64>,
}

impl Draws {
    /// Starts the stream of this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { stream: ChaCha8Rng::from_seed(seed), spare_normal: None }
    }

    /// Uniform on the open interval (0, 1): the middle of one of 2^53 equal cells.
    pub fn uniform(&mut self) -> f64 {
        let cell = self.stream.next_u64() >> 11;
        (cell as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        loop {
            let u = 2.0 * self.uniform() - 1.0;
            let v = 2.0 * self.uniform() - 1.0;
            let square = u * u + v * v;
            if square < 1.0 && square > 0.0 {
                let factor = libm::sqrt(-2.0 * libm::log(square) / square);
                self.spare_normal = Some(v * factor);
                return u * factor;
            }
        }
    }

    /// Gamma with this shape (positive) and scale 1.
    ///
    /// Shape a ≥ 1: d v with d = a − ⅓, v = (1 + x/(3√d))³, x normal, accepted by the squeeze or by the exact test.
    /// Shape a < 1: a draw of shape a + 1 times U^(1/a).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = libm::exp(libm::log(self.uniform()) / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = self.uniform();
            let square = x * x;
            if u < 1.0 - 0.0331 * square * square
                || libm::log(u) < 0.5 * square + d * (1.0 - v + libm::log(v))
            {
                return d * v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of many draws, each as a multiple of its own standard error from the truth.
    fn deviations(shape: f64) -> (f64, f64) {
        let mut draws = Draws::new([7; 32]);
        let rows = 40_000;
        let sample: Vec<f64> = (0..rows).map(|_| draws.gamma(shape)).collect();
        let mean = sample.iter().sum::<f64>() / f64::from(rows);
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(rows);
        let mean_error = (shape / f64::from(rows)).sqrt();
        let variance_error = ((2.0 * shape * shape + 6.0 * shape) / f64::from(rows)).sqrt();
        ((mean - shape) / mean_error, (variance - shape) / variance_error)
    }

    #[test]
    fn gamma_draws_have_mean_and_variance_of_their_shape() {
        for shape in [0.05, 0.5, 1.0, 1.5, 30.0, 5_000.0] {
            let (mean, variance) = deviations(shape);
            assert!(mean.abs() < 4.0 && variance.abs() < 4.0, "{shape}: {mean} {variance}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_draws() {
        let run = |seed| {
            let mut draws = Draws::new([seed; 32]);
            (draws.uniform(), draws.normal(), draws.gamma(0.3), draws.gamma(3.0))
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn uniform_draws_stay_inside_the_open_interval() {
        let mut draws = Draws::new([0; 32]);
        let sample: Vec<f64> = (0..10_000).map(|_| draws.uniform()).collect();
        assert!(sample.iter().all(|u| *u > 0.0 && *u < 1.0));
        assert!((sample.iter().sum::<f64>() / 10_000.0 - 0.5).abs() < 0.012);
    }
}
