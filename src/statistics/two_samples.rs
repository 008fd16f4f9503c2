//! Kolmogorov–Smirnov and Wasserstein of two samples at once, exact and mostly without sorting.
//!
//! Both samples are cut into the same buckets. How many values of each lie below a bucket says F − G there. The gap of KS can grow
//! within a bucket only by what the bucket holds, so that few buckets can hold the largest one. The area of Wasserstein over a
//! bucket in which F − G cannot change its sign depends on the sums of its values alone:
//!
//! ```text
//! ∫_a^b (F − G) dx = (F − G)(a) · (b − a) + Σ_{x in bucket} (b − x)/n − Σ_{y in bucket} (b − y)/m
//! ```
//!
//! a and b being its smallest and its largest value. The other buckets, a few in a hundred, are sorted. Definitions and sources:
//! [`super::ks`], [`super::wasserstein`]; with them it agrees to rounding.

use super::ks::{self, KsTest};
use super::parted::{Parted, sort};
use super::wasserstein::wasserstein_both;
use super::{Error, Result, sample};

/// What the values of two samples tell.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoSamples {
    /// As [`ks::ks`].
    pub ks: Result<KsTest>,
    /// As [`wasserstein`](super::wasserstein::wasserstein()).
    pub wasserstein: Result<f64>,
    /// As [`wasserstein_normed`](super::wasserstein::wasserstein_normed).
    pub wasserstein_normed: Result<f64>,
}

/// The statistics of `batch`, runs of finite values in any order, against `reference`, whose standard deviation (divisor n) is
/// `deviation`, if it has one.
///
/// ```
/// use driftledger::statistics::{parted::Parted, two_samples::two_samples};
/// let found = two_samples(&Parted::of(&[&[-1.0, 1.0]], &[]), &[&[3.0, 1.0]], Some(1.0));
/// assert_eq!((found.ks.unwrap().statistic, found.wasserstein, found.wasserstein_normed), (0.5, Ok(2.0), Ok(2.0)));
/// ```
pub fn two_samples(reference: &Parted, batch: &[&[f64]], deviation: Option<f64>) -> TwoSamples {
    let batch = reference.cut_alike(batch);
    let (n, m) = (reference.values().len(), batch.values().len());
    if n == 0 || m == 0 {
        let none = || Error::NotEnough { found: 0, needed: 1 };
        let (ks, wasserstein) = (Err(none()), Err(none()));
        return TwoSamples { ks, wasserstein, wasserstein_normed: Err(none()) };
    }
    let ([low, high], [first, last]) = (reference.outermost(), batch.outermost());
    let rows = i64::try_from(n).ok().zip(i64::try_from(m).ok());
    let rows = rows.filter(|(n, m)| n.checked_mul(*m).is_some());
    let Some((i, j)) = rows.filter(|_| sample::excess(&[low, high, first, last]) == 0) else {
        return by_sorting(reference, &batch);
    };
    let (steps, distance) = walk(reference, &batch, [i, j]);
    let deviation = deviation.filter(|deviation| *deviation > 0.0).ok_or(Error::NoSpread);
    TwoSamples {
        ks: ks::of_steps([n, m], u128::from(steps)),
        wasserstein_normed: deviation.map(|deviation| distance / deviation),
        wasserstein: Ok(distance),
    }
}

/// The same for values too far out for plain sums, or too many.
fn by_sorting(reference: &Parted, batch: &Parted) -> TwoSamples {
    let sorted = |sample: &Parted| {
        let mut sorted = sample.values().to_vec();
        sort(&mut sorted);
        sorted
    };
    let (reference, batch) = (sorted(reference), sorted(batch));
    let (wasserstein, wasserstein_normed) = wasserstein_both(&reference, &batch);
    TwoSamples { ks: ks::ks_sorted(&reference, &batch), wasserstein, wasserstein_normed }
}

/// Smallest and largest value of a part of a bucket and the sum of what they are above `origin`, in four interleaved lanes.
struct Spread {
    ends: [f64; 2],
    sum: f64,
}

impl Spread {
    fn of(values: &[f64], origin: f64) -> Self {
        const LANES: usize = 4;
        let (mut low, mut high, mut sum) = ([origin; LANES], [origin; LANES], [0.0; LANES]);
        let mut add = |chunk: &[f64]| {
            for (lane, &value) in chunk.iter().enumerate() {
                low[lane] = if value < low[lane] { value } else { low[lane] };
                high[lane] = if value > high[lane] { value } else { high[lane] };
                sum[lane] += value - origin;
            }
        };
        let chunks = values.chunks_exact(LANES);
        add(chunks.remainder());
        chunks.for_each(add);
        let ends = |of: [f64; LANES], pick: fn(f64, f64) -> f64| {
            pick(pick(of[0], of[1]), pick(of[2], of[3]))
        };
        let sum = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        Self { ends: [ends(low, f64::min), ends(high, f64::max)], sum }
    }
}

/// The largest gap and the area between the distribution functions of two samples in the same buckets; gaps in steps of 1/(nm),
/// whole numbers, so that no rounding decides a tie.
#[expect(
    clippy::cast_possible_wrap,
    reason = "the product of both numbers of values is within i64"
)]
fn walk(reference: &Parted, batch: &Parted, [n, m]: [i64; 2]) -> (u64, f64) {
    let gap = |i: usize, j: usize| i as i64 * m - j as i64 * n;
    let ends = || reference.ends().iter().zip(batch.ends());
    let at_ends = ends().map(|(&i, &j)| gap(i, j).unsigned_abs());
    let mut largest = at_ends.max().unwrap_or(0);
    let rows = n as f64 * m as f64;
    let (mut area, mut before, mut highest) = (0.0, [0; 2], None);
    let mut sorted = [Vec::new(), Vec::new()];
    for (&i, &j) in ends() {
        let own = &reference.values()[before[0]..i];
        let other = &batch.values()[before[1]..j];
        let start = gap(before[0], before[1]);
        before = [i, j];
        let Some(&origin) = own.first().or(other.first()) else { continue };
        let (r, b) = (Spread::of(own, origin), Spread::of(other, origin));
        let (low, high) = (r.ends[0].min(b.ends[0]), r.ends[1].max(b.ends[1]));
        if let Some(highest) = highest {
            area += start.unsigned_abs() as f64 / rows * (low - highest);
        }
        highest = Some(high);
        if low >= high {
            continue;
        }
        let (up, down) = (start + own.len() as i64 * m, start - other.len() as i64 * n);
        let can_be_largest = up.unsigned_abs().max(down.unsigned_abs()) > largest;
        let keeps_sign = down >= 0 || up <= 0;
        if keeps_sign {
            let left = |values: &[f64], sum: f64| (high - origin) * values.len() as f64 - sum;
            let own = left(own, r.sum) / n as f64 - left(other, b.sum) / m as f64;
            area += (start as f64 / rows * (high - low) + own).abs();
        }
        if can_be_largest || !keeps_sign {
            for (sorted, values) in sorted.iter_mut().zip([own, other]) {
                sorted.clear();
                sorted.extend_from_slice(values);
                sort(sorted);
            }
            let (steps, within) = merge([&sorted[0], &sorted[1]], start, [n, m]);
            largest = largest.max(steps);
            area += if keeps_sign { 0.0 } else { within / rows };
        }
    }
    (largest, area)
}

/// The largest gap within a bucket whose sorted values these are, and the area in steps; `gap` is the one before it.
fn merge([own, other]: [&[f64]; 2], mut gap: i64, [n, m]: [i64; 2]) -> (u64, f64) {
    let (mut i, mut j) = (0, 0);
    let (mut largest, mut area, mut last) = (0, 0.0, None);
    while let Some(next) = match (own.get(i), other.get(j)) {
        (Some(&r), Some(&b)) => Some(r.min(b)),
        (one, another) => one.or(another).copied(),
    } {
        if let Some(last) = last {
            area += gap.unsigned_abs() as f64 * (next - last);
        }
        last = Some(next);
        while own.get(i).is_some_and(|&r| r <= next) {
            i += 1;
            gap += m;
        }
        while other.get(j).is_some_and(|&b| b <= next) {
            j += 1;
            gap -= n;
        }
        largest = largest.max(gap.unsigned_abs());
    }
    (largest, area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::moments::Moments;
    use crate::statistics::parted::tests::awkward;
    use crate::statistics::wasserstein::wasserstein_normed;

    #[test]
    fn it_agrees_with_the_sorted_samples() {
        for (rows, others) in [(1, 1), (3, 2), (200, 300), (40_000, 40_000), (40_000, 9_001)] {
            for shift in [0.0, 0.05, 3.0] {
                let pairs = awkward(rows, 0.0).into_iter().zip(awkward(others, shift));
                for (number, (reference, batch)) in pairs.enumerate() {
                    let deviation = Moments::of(&reference).deviation(0);
                    let found =
                        two_samples(&Parted::of(&[&reference], &[0.3]), &[&batch], deviation);
                    assert_eq!(found.ks, ks::ks(&reference, &batch), "{number}");
                    let close = |found: &Result<f64>, expected: Result<f64>| match (found, expected)
                    {
                        (Ok(found), Ok(expected)) => {
                            let off = (found - expected).abs();
                            assert!(off <= 1e-10 * expected, "{number}: {found} not {expected}");
                        }
                        (found, expected) => assert_eq!(*found, expected, "{number}"),
                    };
                    let normed = wasserstein_normed(&reference, &batch);
                    close(
                        &found.wasserstein,
                        super::super::wasserstein::wasserstein(&reference, &batch),
                    );
                    close(&found.wasserstein_normed, normed);
                }
            }
        }
    }

    #[test]
    fn equal_samples_are_at_zero_and_empty_ones_are_refused() {
        for values in awkward(5_000, 0.0) {
            let reversed: Vec<f64> = values.iter().rev().copied().collect();
            let found = two_samples(&Parted::of(&[&values], &[]), &[&reversed], Some(1.0));
            assert_eq!((found.ks.unwrap().statistic, found.wasserstein), (0.0, Ok(0.0)));
        }
        let none = Err(Error::NotEnough { found: 0, needed: 1 });
        assert_eq!(two_samples(&Parted::of(&[&[1.0]], &[]), &[], Some(1.0)).wasserstein, none);
        assert_eq!(two_samples(&Parted::of(&[], &[]), &[&[1.0]], None).wasserstein, none);
    }
}
