//! A sample cut into buckets: in order from bucket to bucket, and within a bucket only where the order is asked for.
//!
//! What bins and exact two-sample statistics ask of a sample is mostly known from how many values lie below the buckets; only few
//! buckets have to be sorted. A thinned sample says where the line is cut: equal cells of an order-preserving key of the numbers,
//! each cut into as many equal buckets as it holds of the sample. The bucket of a value never falls as the value grows, so that
//! whatever is told is exact; of the sample depends only how much has to be sorted.
//!
//! Source: bucket sort with a piecewise linear model of the distribution function, Kristo, Vaidya, Çetintemel, Misra and Kraska,
//! 2020, *The case for a learned sorting algorithm*; the key is that of [`selection`](super::selection).

use super::selection::{Ranks, key, rank_of};
use std::cell::RefCell;

/// Values of one bucket, about.
const BUCKET_ROWS: usize = 32;
/// Buckets beside those of the cells, at most, so that the number of a bucket takes two bytes.
const BUCKETS_MAX: usize = 1 << 15;
/// Values of the sample, at least (if there are as many) and below twice as many.
const SAMPLED: u64 = 1 << 13;
/// Cells of the line, at most.
const CELLS_MAX: usize = 1 << 11;
/// Of the sample one value in so many is left out of the cells at either end, so that a few far ones do not take all of them.
const FAR: usize = 512;
/// Values of a bucket from which it is sorted by radix.
const LARGE: usize = 1 << 12;
/// Values of a sample whose memory a thread keeps for the next one, at most.
const SPARE_MAX: usize = 1 << 20;

thread_local! {
    /// The memory of the last sample of this thread that was dropped, and of numbers of buckets: memory that a thread has used before
    /// costs much less than new one.
    static SPARE: RefCell<(Vec<f64>, Vec<u16>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// The buckets of one cell.
#[derive(Clone, Copy, Debug)]
struct Cell {
    first: u32,
    buckets: u32,
}

/// Where the line is cut into buckets.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// Smallest key that is told from lower ones, and how far above it the largest one is.
    low: u64,
    span: u64,
    /// Bits of the key within a cell.
    shift: u32,
    cells: Vec<Cell>,
    buckets: usize,
}

impl Cut {
    /// A cut for about as many values as `runs` (finite) hold, distributed like them.
    fn of(runs: &[&[f64]]) -> Self {
        let rows: usize = runs.iter().map(|run| run.len()).sum();
        let buckets = (rows / BUCKET_ROWS).clamp(1, BUCKETS_MAX);
        let cells_max = (buckets / 8).next_power_of_two().min(CELLS_MAX);
        let mut keys = sampled(runs, rows as u64);
        let Some(last) = keys.len().checked_sub(1) else {
            let cells = vec![Cell { first: 0, buckets: 1 }];
            return Self { low: 0, span: 0, shift: 0, cells, buckets: 1 };
        };
        let far = keys.len() / FAR;
        let low = *keys.select_nth_unstable(far).1;
        let high = *keys.select_nth_unstable(last - far).1;
        // One key more at either end: values beyond are not taken for those at the end.
        let (low, high) = (low.saturating_sub(1), high.saturating_add(1));
        let span = high - low;
        let bits = u64::BITS - span.leading_zeros();
        let shift = bits.saturating_sub(cells_max.trailing_zeros()).min(u64::BITS - 1);
        let mut counts = vec![0; (span >> shift) as usize + 1];
        for key in &keys {
            counts[(key.saturating_sub(low).min(span) >> shift) as usize] += 1;
        }
        let mut first = 0;
        let cells = counts.into_iter().map(|count: usize| {
            let cell = Cell { first, buckets: (count * buckets / keys.len()) as u32 + 1 };
            first += cell.buckets;
            cell
        });
        let cells = cells.collect();
        Self { low, span, shift, cells, buckets: first as usize }
    }

    /// The bucket of `value`, which is finite.
    #[inline]
    fn bucket_of(&self, value: f64) -> usize {
        let key = key(value).saturating_sub(self.low).min(self.span);
        let cell = self.cells[(key >> self.shift) as usize];
        // The leading 16 bits of what the cell does not tell.
        let rest = key & ((1 << self.shift) - 1);
        let place =
            if self.shift > 16 { rest >> (self.shift - 16) } else { rest << (16 - self.shift) };
        (cell.first + ((place as u32 * cell.buckets) >> 16)) as usize
    }
}

/// The keys of about [`SAMPLED`] of the values of `runs`, which hold `rows`: one of every stretch, somewhere in it so that no period of
/// the values is met.
fn sampled(runs: &[&[f64]], rows: u64) -> Vec<u64> {
    let stretch = (rows / SAMPLED).max(1);
    // Fibonacci hashing: some place, the same in every run.
    let place = |number: u64| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % stretch;
    let (mut keys, mut number, mut start) = (Vec::new(), 0, 0);
    for run in runs {
        while let Some(&value) = run.get((number * stretch + place(number) - start) as usize) {
            keys.push(key(value));
            number += 1;
        }
        start += run.len() as u64;
    }
    keys
}

/// Finite values, −0 as 0, bucket by bucket.
#[derive(Clone, Debug)]
pub struct Parted {
    values: Vec<f64>,
    /// How many values there are up to the end of each bucket.
    ends: Vec<usize>,
    cut: Cut,
}

impl Parted {
    /// Cuts the values of all `runs`, which must be finite, so that [`Ranks`] tells the quantiles of `probabilities`.
    ///
    /// ```
    /// use driftledger::statistics::parted::Parted;
    /// use driftledger::statistics::selection::Ranks;
    /// let parted = Parted::of(&[&[3.0, 1.0], &[2.0]], &[0.5]);
    /// assert_eq!((parted.rows(), parted.at(1), parted.below(2.0)), (3, 2.0, 1));
    /// ```
    pub fn of(runs: &[&[f64]], probabilities: &[f64]) -> Self {
        let mut parted = Self::under(Cut::of(runs), runs);
        let mut sorted = None;
        let mut ranks: Vec<u64> =
            probabilities.iter().map(|&p| rank_of(p, parted.rows())).collect();
        ranks.sort_unstable();
        for rank in ranks {
            let bucket = parted.ends.partition_point(|&end| end as u64 <= rank);
            if sorted != Some(bucket) && bucket < parted.ends.len() {
                let start = parted.start(bucket);
                sort(&mut parted.values[start..parted.ends[bucket]]);
                sorted = Some(bucket);
            }
        }
        parted
    }

    /// Another sample, of finite values, cut where this one is cut.
    pub(super) fn cut_alike(&self, runs: &[&[f64]]) -> Self {
        Self::under(self.cut.clone(), runs)
    }

    fn under(cut: Cut, runs: &[&[f64]]) -> Self {
        let (values, ends) = buckets(runs, &cut);
        Self { values, ends, cut }
    }

    /// How many values there are up to the end of each bucket.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The first and the last bucket that hold values.
    pub(super) fn outermost(&self) -> [&[f64]; 2] {
        let rows = self.values.len();
        let first = self.ends.iter().copied().find(|&end| end > 0).unwrap_or(0);
        let last = self.ends.iter().copied().rev().find(|&end| end < rows).unwrap_or(0);
        [&self.values[..first], &self.values[last..]]
    }

    /// The values, in the order of the buckets.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    fn start(&self, bucket: usize) -> usize {
        bucket.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    fn rank_where(&self, value: f64, wanted: impl Fn(f64) -> bool) -> u64 {
        let bucket = self.cut.bucket_of(value);
        let start = self.start(bucket);
        let within = &self.values[start..self.ends[bucket]];
        (start + within.partition_point(|&v| wanted(v))) as u64
    }
}

impl Drop for Parted {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        // A thread that ends keeps nothing.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if values.capacity() <= SPARE_MAX && values.capacity() > spare.0.capacity() {
                spare.0 = values;
            }
        });
    }
}

impl Ranks for Parted {
    fn rows(&self) -> u64 {
        self.values.len() as u64
    }

    fn at(&self, rank: u64) -> f64 {
        self.values.as_slice().at(rank)
    }

    fn below(&self, value: f64) -> u64 {
        self.rank_where(value, |v| v < value)
    }

    fn up_to(&self, value: f64) -> u64 {
        self.rank_where(value, |v| v <= value)
    }
}

/// The values of `runs` in the order of the buckets of `cut`, and the end of each bucket.
fn buckets(runs: &[&[f64]], cut: &Cut) -> (Vec<f64>, Vec<usize>) {
    let rows = runs.iter().map(|run| run.len()).sum();
    let (mut parted, mut numbers) = SPARE.take();
    let mut ends = vec![0; cut.buckets];
    if parted.capacity() < rows {
        parted = Vec::with_capacity(rows);
    }
    if numbers.capacity() < rows {
        numbers = Vec::with_capacity(rows);
    }
    numbers.clear();
    for run in runs {
        numbers.extend(run.iter().map(|&value| {
            let bucket = cut.bucket_of(value);
            ends[bucket] += 1;
            bucket as u16
        }));
    }
    let mut before = 0;
    for end in &mut ends {
        let rows = std::mem::replace(end, before);
        before += rows;
    }
    // Each end starts where its bucket does and moves as values are put there.
    parted.resize(rows, 0.0);
    let mut rest = numbers.as_slice();
    for run in runs {
        let (own, others) = rest.split_at(run.len());
        rest = others;
        for (&bucket, &value) in own.iter().zip(*run) {
            let place = &mut ends[usize::from(bucket)];
            parted[*place] = value + 0.0;
            *place += 1;
        }
    }
    if numbers.capacity() <= SPARE_MAX {
        SPARE.with_borrow_mut(|spare| spare.1 = numbers);
    }
    (parted, ends)
}

/// Sorts finite values of one bucket, −0 having become 0.
pub(super) fn sort(values: &mut [f64]) {
    if values.len() < LARGE {
        values.sort_unstable_by(f64::total_cmp);
    } else {
        radsort::sort(values);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::statistics::draws::Draws;

    /// Samples that are easy to get wrong, `shift` moving their middle.
    pub(in crate::statistics) fn awkward(rows: usize, shift: f64) -> Vec<Vec<f64>> {
        let mut draws = Draws::new([7 + u8::from(shift != 0.0); 32]);
        let normal: Vec<f64> = (0..rows).map(|_| draws.normal() + shift).collect();
        let of = |f: fn(f64) -> f64| normal.iter().map(|&z| f(z)).collect::<Vec<f64>>();
        let extremes = [f64::MIN, -1.0, -5e-324, -0.0, 0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX];
        vec![
            of(|z| z),
            of(|z| 10.0 + z),
            of(|z| (z * 10.0).round() / 10.0),
            of(|z| z.round()),
            of(|z| 1.6e9 + z),
            of(|z| (3.0 * z).exp()),
            of(|z| z / (z * z - 0.5)),
            of(|z| if z < 2.5 { 0.0 } else { z }),
            of(|z| if z < 0.0 { 1e6 + 1e-6 * z } else { 2e6 + z }),
            of(|z| z * 1e-310),
            vec![7.5; rows],
            extremes.iter().copied().cycle().take(rows).collect(),
        ]
    }

    #[test]
    fn ranks_are_those_of_the_sorted_sample() {
        let wanted: Vec<f64> = (0..=100).map(|k| f64::from(k) / 100.0).collect();
        for rows in [1, 2, 7, 300, 60_000] {
            for values in awkward(rows, 0.0) {
                let mut sorted: Vec<f64> = values.iter().map(|v| v + 0.0).collect();
                sorted.sort_by(f64::total_cmp);
                let (one, other) = values.split_at(rows / 3);
                let parted = Parted::of(&[one, other], &wanted);
                assert_eq!(parted.rows(), rows as u64);
                for &probability in &wanted {
                    let rank = rank_of(probability, rows as u64);
                    let value = parted.at(rank);
                    assert_eq!(value.to_bits(), sorted.at(rank).to_bits());
                    assert_eq!(parted.below(value), sorted.below(value), "{value}");
                    assert_eq!(parted.up_to(value), sorted.up_to(value), "{value}");
                }
                let mut all = parted.values().to_vec();
                all.sort_by(f64::total_cmp);
                assert_eq!(all, sorted);
            }
        }
        assert_eq!(Parted::of(&[], &wanted).rows(), 0);
    }

    #[test]
    fn buckets_ascend_and_are_small_where_values_are_many() {
        for values in awkward(60_000, 0.0).into_iter().take(6) {
            let parted = Parted::of(&[&values], &[]);
            let mut highest = f64::NEG_INFINITY;
            let (mut start, mut crowded) = (0, 0);
            for &end in &parted.ends {
                let bucket = &parted.values[start..end];
                let low = bucket.iter().copied().fold(f64::INFINITY, f64::min);
                let high = bucket.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if !bucket.is_empty() {
                    assert!(highest < low, "{highest} {low}");
                    highest = high;
                }
                crowded += if low < high && bucket.len() > 1_000 { bucket.len() } else { 0 };
                start = end;
            }
            assert!(crowded < 6_000, "{crowded}");
        }
    }
}
