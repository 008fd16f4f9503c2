//! Kolmogorov–Smirnov and Wasserstein of two samples at once, exact and mostly without sorting.
//!
//! Both samples are counted in the same buckets. How many values of each lie below a bucket says F − G there. The gap of KS can grow
//! within a bucket only by what the bucket holds, so that few buckets can hold the largest one. The area of Wasserstein over a
//! bucket [a, b) in which F − G cannot change its sign depends on the sums of its values alone:
//!
//! ```text
//! ∫_a^b (F − G) dx = (F − G)(a) · (b − a) + Σ_{x in bucket} (b − x)/n − Σ_{y in bucket} (b − y)/m
//! ```
//!
//! The values of the other buckets, a few in a hundred, and of the two at the ends, are gathered and sorted. Definitions and sources:
//! [`super::ks`], [`super::wasserstein`]; with them it agrees to rounding.

use super::ks::{self, KsTest};
use super::parted::{Bucket, Parted};
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

/// The statistics of `batch`, runs of finite values in any order, against the reference, given as counted and as the runs that were
/// counted, whose standard deviation (divisor n) is `deviation`, if it has one.
///
/// ```
/// use driftledger::statistics::{parted::Parted, two_samples::two_samples};
/// let reference: [&[f64]; 1] = [&[-1.0, 1.0]];
/// let found = two_samples((&Parted::of(&reference, &[]), &reference), &[&[3.0, 1.0]], Some(1.0));
/// assert_eq!((found.ks.unwrap().statistic, found.wasserstein, found.wasserstein_normed), (0.5, Ok(2.0), Ok(2.0)));
/// ```
pub fn two_samples(
    (reference, reference_runs): (&Parted, &[&[f64]]),
    batch: &[&[f64]],
    deviation: Option<f64>,
) -> TwoSamples {
    let rows = |runs: &[&[f64]]| runs.iter().map(|run| run.len()).sum::<usize>();
    let (n, m) = (rows(reference_runs), rows(batch));
    if n == 0 || m == 0 {
        let none = || Error::NotEnough { found: 0, needed: 1 };
        let (ks, wasserstein) = (Err(none()), Err(none()));
        return TwoSamples { ks, wasserstein, wasserstein_normed: Err(none()) };
    }
    let steps = i64::try_from(n).ok().zip(i64::try_from(m).ok());
    let steps = steps.filter(|(n, m)| n.checked_mul(*m).is_some());
    let counted = steps.and_then(|(n, m)| {
        gap_and_area([(reference, reference_runs), (&reference.alike(batch), batch)], [n, m])
    });
    let Some((steps, distance)) = counted else { return by_sorting(reference_runs, batch) };
    let deviation = deviation.filter(|deviation| *deviation > 0.0).ok_or(Error::NoSpread);
    TwoSamples {
        ks: ks::of_steps([n, m], u128::from(steps)),
        wasserstein_normed: deviation.map(|deviation| distance / deviation),
        wasserstein: Ok(distance),
    }
}

/// The same for values too far out for plain sums, or too many.
fn by_sorting(reference: &[&[f64]], batch: &[&[f64]]) -> TwoSamples {
    let sorted = |runs: &[&[f64]]| {
        let mut sorted: Vec<f64> =
            runs.iter().flat_map(|run| run.iter()).map(|v| v + 0.0).collect();
        radsort::sort(&mut sorted);
        sorted
    };
    let (reference, batch) = (sorted(reference), sorted(batch));
    let (wasserstein, wasserstein_normed) = wasserstein_both(&reference, &batch);
    TwoSamples { ks: ks::ks_sorted(&reference, &batch), wasserstein, wasserstein_normed }
}

/// A bucket of both samples, with F − G before it in steps of 1/(nm): whole numbers, so that no rounding decides a tie.
#[derive(Clone, Copy)]
struct Step {
    before: i64,
    held: [Bucket; 2],
    rows: [i64; 2],
}

#[expect(
    clippy::cast_possible_wrap,
    reason = "the product of both numbers of values is within i64"
)]
impl Step {
    /// What F − G can be in the bucket, at most and at least.
    fn limits(&self) -> [i64; 2] {
        let [[n, m], [own, other]] = [self.rows, self.held.map(|bucket| bucket.rows() as i64)];
        [self.before + own * m, self.before - other * n]
    }

    /// F − G behind the bucket.
    fn after(&self) -> i64 {
        let [most, least] = self.limits();
        most - self.before + least
    }

    /// Whether F − G can change its sign in it, or come farther from 0 than `largest`.
    fn is_open(&self, largest: u64) -> bool {
        let [most, least] = self.limits();
        (least < 0 && most > 0) || most.unsigned_abs().max(least.unsigned_abs()) > largest
    }

    /// The one value that all values of both samples in it are.
    fn only(&self) -> Option<f64> {
        let [own, other] = self.held;
        match (own.rows(), other.rows()) {
            (_, 0) => own.only(),
            (0, _) => other.only(),
            _ => own.only().filter(|value| other.only() == Some(*value)),
        }
    }

    /// ∫ |F − G| over it, from `low` to `high`, if it holds one value or F − G keeps its sign.
    fn area(&self, [low, high]: [f64; 2]) -> f64 {
        let [n, m] = self.rows.map(|rows| rows as f64);
        let gap = |steps: i64| steps as f64 / (n * m);
        if let Some(value) = self.only() {
            return gap(self.before).abs() * (value - low)
                + gap(self.after()).abs() * (high - value);
        }
        let [own, other] =
            self.held.map(|held| (high - held.first) * held.rows() as f64 - held.sum);
        (gap(self.before) * (high - low) + own / n - other / m).abs()
    }
}

/// The largest gap, in steps of 1/(nm), and the area between the distribution functions of two samples in the same buckets; `None`
/// where values are too far out for plain sums.
fn gap_and_area(samples: [(&Parted, &[&[f64]]); 2], rows: [i64; 2]) -> Option<(u64, f64)> {
    let [reference, batch] = samples.map(|(sample, _)| sample.buckets());
    let steps = || {
        let mut before = 0;
        reference.iter().zip(batch).map(move |(&own, &other)| {
            let step = Step { before, held: [own, other], rows };
            before = step.after();
            step
        })
    };
    let (lows, [first, last]) = (samples[0].0.lows(), samples[0].0.outermost());
    let high = |number: usize| lows.get(number + 1).copied().unwrap_or(f64::NAN);
    let mut largest = steps().map(|step| step.after().unsigned_abs()).max()?;
    let wanted = steps().enumerate().map(|(number, step)| {
        number == first || number == last || (step.is_open(largest) && step.only().is_none())
    });
    let wanted: Vec<bool> = wanted.collect();
    let sorted = samples.map(|(sample, runs)| sample.gather(runs, &wanted));
    let far = |number: usize| sorted.iter().flat_map(move |sorted| sorted.of(number));
    let far: Vec<f64> = far(first).chain(far(last)).copied().collect();
    if sample::excess(&[&far, &[lows[first], lows[last]]]) != 0 {
        return None;
    }
    let (mut area, mut groups) = (0.0, sorted[0].iter().zip(sorted[1].iter()));
    for (number, step) in steps().enumerate().take(last + 1) {
        if !wanted[number] {
            area += step.area([lows[number], high(number)]);
            continue;
        }
        let (own, other) = groups.next()?;
        let low = (number > first).then(|| lows[number]);
        let high = (number < last).then(|| high(number));
        let (steps, within) = merge([own, other], step.before, rows, [low, high]);
        largest = largest.max(steps);
        area += within / (rows[0] as f64 * rows[1] as f64);
    }
    Some((largest, area))
}

/// The largest gap within a bucket of sorted values and the area in steps, from its lower to its upper end or, where it has none,
/// from its first or to its last value; `gap` is the one before it.
fn merge(
    [own, other]: [&[f64]; 2],
    mut gap: i64,
    [n, m]: [i64; 2],
    [mut last, high]: [Option<f64>; 2],
) -> (u64, f64) {
    let (mut i, mut j) = (0, 0);
    let (mut largest, mut area) = (0, 0.0);
    let mut step = |gap: i64, next: f64| {
        area += gap.unsigned_abs() as f64 * last.map_or(0.0, |last| next - last);
        last = Some(next);
    };
    while let Some(next) = match (own.get(i), other.get(j)) {
        (Some(&r), Some(&b)) => Some(r.min(b)),
        (one, another) => one.or(another).copied(),
    } {
        step(gap, next);
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
    if let Some(high) = high {
        step(gap, high);
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
                    let parted = Parted::of(&[&reference], &[0.3]);
                    let found = two_samples((&parted, &[&reference]), &[&batch], deviation);
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
            let parted = Parted::of(&[&values], &[]);
            let found = two_samples((&parted, &[&values]), &[&reversed], Some(1.0));
            assert_eq!((found.ks.unwrap().statistic, found.wasserstein), (0.0, Ok(0.0)));
        }
        let none = Err(Error::NotEnough { found: 0, needed: 1 });
        let one: [&[f64]; 1] = [&[1.0]];
        assert_eq!(two_samples((&Parted::of(&one, &[]), &one), &[], Some(1.0)).wasserstein, none);
        assert_eq!(two_samples((&Parted::of(&[], &[]), &[]), &one, None).wasserstein, none);
    }
}
