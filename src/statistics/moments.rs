//! Mergeable moments: count, mean, spread and shape of a column in one pass, in any partition.
//!
//! Source: Welford 1962; Chan, Golub & LeVeque 1983 (merge of M₂); Pébay 2008, *Formulas for robust, one-pass parallel
//! computation of covariances and arbitrary-order statistical moments*, Sandia SAND2008-6212, equations 1.5, 2.1 and 2.2.
//! Vectors: `tests/vectors/statistics.json`.

use serde::{Deserialize, Serialize};

/// Moments of the finite values of a column. Merge in a fixed order for the same bits on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Number of values.
    pub count: u64,
    /// Arithmetic mean; 0 without values.
    pub mean: f64,
    /// Σ (x − mean)².
    pub m2: f64,
    /// Σ (x − mean)³.
    pub m3: f64,
    /// Σ (x − mean)⁴.
    pub m4: f64,
    /// Smallest value.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
}

impl Moments {
    /// Moments of the finite values of `sample`, in its order.
    ///
    /// ```
    /// use driftledger::statistics::moments::Moments;
    /// let moments = Moments::of(&[1.0, 3.0, 5.0]);
    /// assert_eq!((moments.count, moments.mean, moments.m2), (3, 3.0, 8.0));
    /// ```
    pub fn of(sample: &[f64]) -> Self {
        // around the first value, so that a large common offset costs no digits
        let Some(&origin) = sample.first() else { return Self::default() };
        let (sum, min, max) = sum_and_ends(sample, origin);
        if !sum.is_finite() {
            return Self::one_by_one(sample);
        }
        let (values, n) = (sample, sample.len() as f64);
        let mean = origin + sum / n;
        let [s1, s2, s3, s4] = power_sums(values, mean);
        // The mean is off by `rest`, a rounding error; the sums are moved to where it should be.
        let rest = s1 / n;
        let square = rest * rest;
        let moments = Self {
            count: values.len() as u64,
            mean: mean + rest,
            m2: s2 - n * square,
            m3: s3 - 3.0 * rest * s2 + 2.0 * n * square * rest,
            m4: s4 - 4.0 * rest * s3 + 6.0 * square * s2 - 3.0 * n * square * square,
            min: Some(min),
            max: Some(max),
        };
        if moments.m4.is_finite() { moments } else { Self::one_by_one(sample) }
    }

    /// The same where a value is not finite, or sums are too large for an f64: one value at a time keeps those moments finite
    /// that can be.
    fn one_by_one(sample: &[f64]) -> Self {
        let origin = sample.iter().copied().find(|value| value.is_finite()).unwrap_or(0.0);
        let mut moments = Self::around(sample, origin);
        moments.mean += origin;
        let finite = || sample.iter().copied().filter(|value| value.is_finite());
        (moments.min, moments.max) = (finite().reduce(f64::min), finite().reduce(f64::max));
        moments
    }

    /// Moments of `value − origin` over the finite values of `sample`.
    pub(super) fn around(sample: &[f64], origin: f64) -> Self {
        let mut moments = Self::default();
        for &value in sample {
            moments.push(value - origin);
        }
        moments
    }

    /// Takes one value; says whether it was finite and so was taken.
    pub fn push(&mut self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        let before = self.count as f64;
        self.count += 1;
        let n = self.count as f64;
        let delta = value - self.mean;
        let step = delta / n;
        let product = delta * step * before;
        self.mean += step;
        self.m4 += product * step * step * (n * n - 3.0 * n + 3.0) + 6.0 * step * step * self.m2
            - 4.0 * step * self.m3;
        self.m3 += product * step * (n - 2.0) - 3.0 * step * self.m2;
        self.m2 += product;
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
        true
    }

    /// The moments of this column followed by `other`.
    ///
    /// ```
    /// use driftledger::statistics::moments::Moments;
    /// let merged = Moments::of(&[1.0, 2.0]).merge(&Moments::of(&[3.0, 4.0]));
    /// assert_eq!((merged.count, merged.mean, merged.m2), (4, 2.5, 5.0));
    /// ```
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        if self.count == 0 {
            return *other;
        }
        if other.count == 0 {
            return *self;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let n = a + b;
        let delta = other.mean - self.mean;
        let step = delta / n;
        Self {
            count: self.count + other.count,
            mean: self.mean + step * b,
            m2: self.m2 + other.m2 + delta * step * a * b,
            m3: self.m3
                + other.m3
                + delta * step * step * a * b * (a - b)
                + 3.0 * step * (a * other.m2 - b * self.m2),
            m4: self.m4
                + other.m4
                + delta * step * step * step * a * b * (a * a - a * b + b * b)
                + 6.0 * step * step * (a * a * other.m2 + b * b * self.m2)
                + 4.0 * step * (a * other.m3 - b * self.m3),
            min: smaller(self.min, other.min),
            max: larger(self.max, other.max),
        }
    }

    /// Variance with divisor n − `less`; `None` with too few values.
    pub fn variance(&self, less: u64) -> Option<f64> {
        (self.count > less).then(|| self.m2 / (self.count - less) as f64)
    }

    /// Standard deviation with divisor n − `less`; `None` with too few values.
    ///
    /// ```
    /// use driftledger::statistics::moments::Moments;
    /// assert_eq!(Moments::of(&[1.0, 3.0]).deviation(0), Some(1.0));
    /// assert_eq!(Moments::of(&[1.0]).deviation(1), None);
    /// ```
    pub fn deviation(&self, less: u64) -> Option<f64> {
        self.variance(less).map(libm::sqrt)
    }

    /// Skewness √n M₃/M₂^{3/2}: 0 = symmetric, positive = long tail upwards. `None` without spread.
    pub fn skewness(&self) -> Option<f64> {
        let n = self.count as f64;
        (self.m2 > 0.0).then(|| libm::sqrt(n) * self.m3 / (self.m2 * libm::sqrt(self.m2)))
    }

    /// Excess kurtosis n M₄/M₂² − 3: 0 = as the normal law, positive = heavier tails. `None` without spread.
    pub fn kurtosis(&self) -> Option<f64> {
        let n = self.count as f64;
        (self.m2 > 0.0).then(|| n * self.m4 / (self.m2 * self.m2) - 3.0)
    }
}

/// Sum of `value − origin`, smallest and largest of `values` (not empty), in eight interleaved lanes; the sum is not finite if
/// a value is not.
fn sum_and_ends(values: &[f64], origin: f64) -> (f64, f64, f64) {
    const LANES: usize = 8;
    let (mut sums, mut least, mut most) = ([0.0; LANES], [origin; LANES], [origin; LANES]);
    let mut add = |chunk: &[f64]| {
        for (lane, &value) in chunk.iter().enumerate() {
            sums[lane] += value - origin;
            least[lane] = if value < least[lane] { value } else { least[lane] };
            most[lane] = if value > most[lane] { value } else { most[lane] };
        }
    };
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    chunks.for_each(&mut add);
    add(rest);
    let ends = |of: [f64; LANES], pick: fn(f64, f64) -> f64| of.into_iter().fold(origin, pick);
    (sums.iter().sum(), ends(least, f64::min), ends(most, f64::max))
}

/// Sums of the first four powers of `value − origin`, in eight interleaved lanes that are added in their order: the same bits
/// on every machine, and no lane waits for another.
fn power_sums(values: &[f64], origin: f64) -> [f64; 4] {
    const LANES: usize = 8;
    let mut sums = [[0.0; LANES]; 4];
    let mut add = |chunk: &[f64]| {
        for (lane, value) in chunk.iter().enumerate() {
            let difference = value - origin;
            let square = difference * difference;
            sums[0][lane] += difference;
            sums[1][lane] += square;
            sums[2][lane] += square * difference;
            sums[3][lane] += square * square;
        }
    };
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    chunks.for_each(&mut add);
    add(rest);
    sums.map(|lanes| lanes.iter().sum())
}

fn smaller(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a.min(b)).or(a).or(b)
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a.max(b)).or(a).or(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: [f64; 9] = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0, -3.25];

    fn close(a: &Moments, b: &Moments) {
        let relative = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1e-3);
        let same = relative(a.mean, b.mean) && relative(a.m2, b.m2) && relative(a.m3, b.m3);
        assert!(same && relative(a.m4, b.m4), "{a:?} instead of {b:?}");
        assert_eq!((a.count, a.min, a.max), (b.count, b.min, b.max));
    }

    #[test]
    fn merging_any_two_parts_is_the_moments_of_the_whole() {
        let whole = Moments::of(&SAMPLE);
        for cut in 0..=SAMPLE.len() {
            close(&Moments::of(&SAMPLE[..cut]).merge(&Moments::of(&SAMPLE[cut..])), &whole);
        }
    }

    #[test]
    fn shape_agrees_with_scipy() {
        // scipy 1.17.1: scipy.stats.skew and kurtosis of the sample; numpy std(ddof=1)
        let moments = Moments::of(&SAMPLE);
        assert!((moments.skewness().unwrap() - -1.991_390_120_857_304_2).abs() < 1e-12);
        assert!((moments.kurtosis().unwrap() - 2.975_832_199_264_868).abs() < 1e-12);
        assert!((moments.deviation(1).unwrap() - 17.168_523_362_375_826).abs() < 1e-12);
    }

    #[test]
    fn no_value_one_value_and_equal_values() {
        let none = Moments::default();
        assert_eq!((none.variance(0), none.skewness(), none.min), (None, None, None));
        let one = Moments::of(&[5.0]);
        assert_eq!((one.variance(0), one.variance(1), one.kurtosis()), (Some(0.0), None, None));
        let equal = Moments::of(&[0.1; 1_000]);
        assert_eq!((equal.deviation(0), equal.skewness()), (Some(0.0), None));
    }

    #[test]
    fn special_values_are_not_taken() {
        let mut moments = Moments::default();
        assert!(!moments.push(f64::NAN) && !moments.push(f64::INFINITY) && moments.push(1.0));
        assert_eq!(moments, Moments::of(&[1.0]));
    }

    #[test]
    fn a_large_offset_does_not_eat_the_spread() {
        let moments = Moments::of(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]);
        assert!((moments.variance(1).unwrap() - 1.0).abs() < 1e-9);
    }
}
