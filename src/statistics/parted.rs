//! A sample counted in buckets: in order from bucket to bucket, and within a bucket only where the order is asked for.
//!
//! What bins and exact two-sample statistics ask of a sample is mostly known from how many values lie in the buckets and from their
//! sums; the values of few buckets have to be gathered and sorted. A thinned sample says where the line is cut: equal cells of an
//! order-preserving key of the numbers, each cut into as many equal buckets as it holds of the sample. The bucket of a value never
//! falls as the value grows, so that whatever is told is exact; of the sample depends only how much has to be sorted.
//!
//! Source: bucket sort with a piecewise linear model of the distribution function, Kristo, Vaidya, Çetintemel, Misra and Kraska,
//! 2020, *The case for a learned sorting algorithm*; the key is that of [`selection`](super::selection).

use super::selection::{Ranks, key, rank_of, value_of};

/// Values of one bucket, about.
const BUCKET_ROWS: usize = 64;
/// Buckets beside those of the cells, at most, so that they stay near the processor and the number of one takes two bytes.
const BUCKETS_MAX: usize = 1 << 14;
/// Values of the sample, at least (if there are as many) and below twice as many.
const SAMPLED: u64 = 1 << 13;
/// Cells of the line, at most.
const CELLS_MAX: usize = 1 << 11;
/// Of the sample one value in so many is left out of the cells at either end, so that a few far ones do not take all of them.
const FAR: usize = 512;
/// Values of a bucket from which it is sorted by radix.
const LARGE: usize = 1 << 12;
/// Bits of the place of a value in its cell.
const PLACE_BITS: u32 = 16;

/// The buckets of one cell.
#[derive(Clone, Copy, Debug)]
struct Cell {
    first: u32,
    buckets: u32,
}

/// Where the line is cut into buckets.
#[derive(Clone, Debug)]
struct Cut {
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
        let (low, high) = ((low - 1).max(key(f64::MIN)), (high + 1).min(key(f64::MAX)));
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
    fn place(&self, value: f64) -> usize {
        self.place_of(key(value).saturating_sub(self.low).min(self.span))
    }

    /// The same for a key that is so far above the lowest.
    #[inline]
    fn place_of(&self, above: u64) -> usize {
        let cell = self.cells[(above >> self.shift) as usize];
        // The leading bits of what the cell does not tell.
        let rest = above & ((1 << self.shift) - 1);
        let place = if self.shift > PLACE_BITS {
            rest >> (self.shift - PLACE_BITS)
        } else {
            rest << (PLACE_BITS - self.shift)
        };
        (cell.first + ((place as u32 * cell.buckets) >> PLACE_BITS)) as usize
    }

    /// The lowest value that each bucket can hold; for those behind the last one that can hold values, that of this one.
    fn lows(&self) -> Vec<f64> {
        let mut lows = Vec::with_capacity(self.buckets);
        for (number, cell) in (0..).zip(&self.cells) {
            for bucket in 0..u64::from(cell.buckets) {
                let place = (bucket << PLACE_BITS).div_ceil(u64::from(cell.buckets));
                let rest = if self.shift > PLACE_BITS {
                    place << (self.shift - PLACE_BITS)
                } else {
                    place.div_ceil(1 << (PLACE_BITS - self.shift))
                };
                let above = ((number << self.shift) + rest).min(self.span);
                lows.push(value_of(self.low + above));
            }
        }
        lows
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

/// What a bucket holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    /// One of its values; 0 without any.
    pub first: f64,
    /// Sum of what its values are above that one.
    pub sum: f64,
    /// Twice the number of values, and 1 if they are not all the same.
    state: u64,
}

impl Bucket {
    #[inline]
    fn add(&mut self, value: f64) {
        if self.state == 0 {
            self.first = value + 0.0;
        }
        let above = value - self.first;
        self.sum += above;
        self.state = (self.state + 2) | u64::from(above != 0.0);
    }

    /// Values.
    pub(super) fn rows(&self) -> usize {
        (self.state >> 1) as usize
    }

    /// The one value that all its values are.
    pub(super) fn only(&self) -> Option<f64> {
        (self.state & 1 == 0 && self.state > 0).then_some(self.first)
    }
}

/// Finite values, −0 as 0, counted bucket by bucket. The values themselves stay where they are.
#[derive(Clone, Debug)]
pub struct Parted {
    cut: Cut,
    buckets: Vec<Bucket>,
    /// The bucket of each value, in the order of the runs.
    numbers: Vec<u16>,
    /// Values in buckets before each of those that were sorted, and these.
    starts: Vec<usize>,
    sorted: Gathered,
}

/// The values of some buckets, in the order of the buckets and ascending within them.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    values: Vec<f64>,
    /// The buckets, and how many of the values belong to them and those before.
    buckets: Vec<usize>,
    ends: Vec<usize>,
}

impl Gathered {
    /// The values of each of the buckets.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.buckets.len()).map(|index| self.group(index))
    }

    /// The values of `bucket`, none if it was not gathered.
    pub(super) fn of(&self, bucket: usize) -> &[f64] {
        self.buckets.binary_search(&bucket).map_or(&[], |index| self.group(index))
    }

    fn group(&self, index: usize) -> &[f64] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.values[start..self.ends[index]]
    }
}

impl Parted {
    /// Counts the values of all `runs`, which must be finite, so that [`Ranks`] tells the quantiles of `probabilities`.
    ///
    /// ```
    /// use driftledger::statistics::parted::Parted;
    /// use driftledger::statistics::selection::Ranks;
    /// let parted = Parted::of(&[&[3.0, 1.0], &[2.0]], &[0.5]);
    /// assert_eq!((parted.rows(), parted.at(1), parted.below(2.0)), (3, 2.0, 1));
    /// ```
    pub fn of(runs: &[&[f64]], probabilities: &[f64]) -> Self {
        let mut parted = Self::under(Cut::of(runs), runs);
        let mut ranks: Vec<u64> =
            probabilities.iter().map(|&p| rank_of(p, parted.rows())).collect();
        ranks.sort_unstable();
        let mut ranks = ranks.into_iter().peekable();
        let (mut wanted, mut before) = (Vec::new(), 0);
        for bucket in &parted.buckets {
            let end = before + bucket.rows();
            let is_wanted = ranks.next_if(|&rank| rank < end as u64).is_some();
            while ranks.next_if(|&rank| rank < end as u64).is_some() {}
            if is_wanted {
                parted.starts.push(before);
            }
            wanted.push(is_wanted);
            before = end;
        }
        parted.sorted = parted.gather(runs, &wanted);
        parted
    }

    /// Another sample, of finite values, counted in the same buckets; it tells no ranks.
    pub(super) fn alike(&self, runs: &[&[f64]]) -> Self {
        Self::under(self.cut.clone(), runs)
    }

    fn under(cut: Cut, runs: &[&[f64]]) -> Self {
        let mut buckets = vec![Bucket::default(); cut.buckets];
        let mut numbers = Vec::with_capacity(runs.iter().map(|run| run.len()).sum());
        for run in runs {
            numbers.extend(run.iter().map(|&value| {
                let number = cut.place(value);
                buckets[number].add(value);
                number as u16
            }));
        }
        Self { cut, buckets, numbers, starts: Vec::new(), sorted: Gathered::default() }
    }

    /// What the buckets hold.
    pub(super) fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The lowest value that each bucket can hold, but for the first one, which holds all lower ones.
    pub(super) fn lows(&self) -> Vec<f64> {
        self.cut.lows()
    }

    /// The first bucket and the last one that can hold values: they hold all values farther out too.
    pub(super) fn outermost(&self) -> [usize; 2] {
        [0, self.cut.place_of(self.cut.span)]
    }

    /// The values, of the same `runs`, in the buckets that are `wanted`, sorted.
    pub(super) fn gather(&self, runs: &[&[f64]], wanted: &[bool]) -> Gathered {
        let mut gathered = Gathered::default();
        // Where the next value of a wanted bucket goes, and a bit for each bucket, which is looked at for every value.
        let mut places = vec![0; self.buckets.len()];
        let mut bits = vec![0_u64; self.buckets.len() / 64 + 1];
        let mut end = 0;
        for number in (0..wanted.len()).filter(|&number| wanted[number]) {
            places[number] = end;
            bits[number / 64] |= 1 << (number % 64);
            end += self.buckets[number].rows();
            gathered.buckets.push(number);
            gathered.ends.push(end);
        }
        // Every value is written down and kept if it is wanted, so that nothing has to be guessed.
        let mut found = vec![(0.0, 0); end + 1];
        let (mut kept, mut rest) = (0, self.numbers.as_slice());
        for run in runs {
            let (own, others) = rest.split_at(run.len());
            rest = others;
            for (&number, &value) in own.iter().zip(*run) {
                found[kept] = (value, number);
                let number = usize::from(number);
                kept += (bits[number / 64] >> (number % 64) & 1) as usize;
            }
        }
        // Keys are whole numbers, which are compared faster.
        let mut keys = vec![0; end];
        for (value, number) in found.into_iter().take(kept) {
            let place = &mut places[usize::from(number)];
            keys[*place] = key(value);
            *place += 1;
        }
        let mut start = 0;
        for &end in &gathered.ends {
            sort_keys(&mut keys[start..end]);
            start = end;
        }
        gathered.values = keys.into_iter().map(value_of).collect();
        gathered
    }

    fn rank_where(&self, value: f64, wanted: impl Fn(f64) -> bool) -> u64 {
        let bucket = self.cut.place(value);
        let Ok(index) = self.sorted.buckets.binary_search(&bucket) else {
            // Not a value that was told: as if its bucket held none below it.
            return self.buckets[..bucket].iter().map(|bucket| bucket.rows() as u64).sum();
        };
        let within = self.sorted.group(index).partition_point(|&v| wanted(v));
        (self.starts[index] + within) as u64
    }
}

impl Ranks for Parted {
    fn rows(&self) -> u64 {
        self.numbers.len() as u64
    }

    fn at(&self, rank: u64) -> f64 {
        let index = self.starts.partition_point(|&start| start as u64 <= rank);
        let Some(index) = index.checked_sub(1) else { return f64::NAN };
        self.sorted.group(index).at(rank - self.starts[index] as u64)
    }

    fn below(&self, value: f64) -> u64 {
        self.rank_where(value, |v| v < value)
    }

    fn up_to(&self, value: f64) -> u64 {
        self.rank_where(value, |v| v <= value)
    }
}

fn sort_keys(keys: &mut [u64]) {
    if keys.len() < LARGE {
        keys.sort_unstable();
    } else {
        radsort::sort(keys);
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
                let all = parted.gather(&[one, other], &vec![true; parted.buckets.len()]);
                assert_eq!(all.values, sorted);
            }
        }
        assert_eq!(Parted::of(&[], &wanted).rows(), 0);
    }

    #[test]
    fn values_lie_where_their_bucket_does_and_are_few_in_it() {
        for (kind, values) in awkward(60_000, 0.0).into_iter().enumerate() {
            let parted = Parted::of(&[&values], &[]);
            let (lows, [first, last]) = (parted.lows(), parted.outermost());
            assert_eq!(lows.len(), parted.buckets.len());
            assert!(lows.windows(2).all(|two| two[0] <= two[1]));
            let mut crowded = 0;
            let all = parted.gather(&[&values], &vec![true; lows.len()]);
            for (number, bucket) in all.iter().enumerate() {
                assert_eq!(bucket.len(), parted.buckets[number].rows());
                let (Some(&low), Some(&high)) = (bucket.first(), bucket.last()) else { continue };
                assert!(number <= last, "{number} behind {last}");
                if number > first && number < last {
                    assert!(lows[number] <= low && high < lows[number + 1], "{number}");
                }
                assert_eq!(parted.buckets[number].only(), (low == high).then_some(low));
                crowded += if low < high && bucket.len() > 1_000 { bucket.len() } else { 0 };
            }
            // Beyond the sixth kind values stand close to others that are very far from each other.
            assert!(kind >= 6 || crowded < 6_000, "{crowded}");
        }
    }
}
