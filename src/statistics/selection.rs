//! Exact order statistics of a column: of a sorted sample, or of a stream too large to sort, in a few passes.
//!
//! The first pass draws a thinned sample, whose quantiles cut the line into a few thousand buckets of about as many values each.
//! The second counts the values of every bucket, and so tells which buckets hold a wanted rank; the third keeps the values of
//! those, which are then sorted. A bucket that still holds too many is narrowed by the leading bits of an order-preserving key.
//! The result is exact, not an estimate: of the sample depends only how many values are kept. The memory does not grow with the
//! rows.
//!
//! Source: Munro and Paterson, 1980, *Selection and sorting with limited storage*; splitters from a sample, Frazer and McKellar,
//! 1970, *Samplesort*; the key is the usual one for sorting IEEE 754 numbers by radix (Herf, 2001, *Radix tricks*).

use super::bin_search::BinSearch;

/// Values of the sample, at least (if there are as many) and below twice as many.
const SAMPLED: usize = 1 << 14;
/// Buckets that the sample cuts the line into.
const SPLIT: usize = 1 << 11;
/// Bits of the key that every further pass tells.
const NARROWING_BITS: u32 = 11;
/// The remembered bin of a value that does not count; there are at most twice [`SPLIT`].
const NO_BIN: u16 = u16::MAX;
/// The bucket of a bin that is none.
const NO_BUCKET: u32 = u32::MAX;
/// Values of one bucket kept for sorting, at most; a bucket that holds more is narrowed instead.
const KEPT_MAX: u64 = 1 << 16;

/// What freezing bins asks of the values of a column.
pub trait Ranks {
    /// Number of values.
    fn rows(&self) -> u64;
    /// The value of rank `rank`, from 0, in ascending order; one of the ranks the column was read for.
    fn at(&self, rank: u64) -> f64;
    /// Values strictly below `value`, which is one that [`Ranks::at`] returned.
    fn below(&self, value: f64) -> u64;
    /// Values up to and with `value`, which is one that [`Ranks::at`] returned.
    fn up_to(&self, value: f64) -> u64;
}

impl Ranks for [f64] {
    fn rows(&self) -> u64 {
        self.len() as u64
    }

    fn at(&self, rank: u64) -> f64 {
        usize::try_from(rank).ok().and_then(|rank| self.get(rank)).copied().unwrap_or(f64::NAN)
    }

    fn below(&self, value: f64) -> u64 {
        self.partition_point(|&v| v < value) as u64
    }

    fn up_to(&self, value: f64) -> u64 {
        self.partition_point(|&v| v <= value) as u64
    }
}

/// The rank of the inverted-CDF quantile of `probability` among `rows` values (at least 1): ⌈probability · rows⌉ − 1.
pub fn rank_of(probability: f64, rows: u64) -> u64 {
    let rank = (probability * rows as f64 - 1e-9).ceil().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 ≤ rank ≤ rows")]
    let index = rank as u64 - 1;
    index.min(rows.saturating_sub(1))
}

/// The order-preserving key of a number that is not NaN: `a < b` exactly when `key(a) < key(b)`, −0 being 0, and neighbouring
/// numbers have neighbouring keys.
#[inline]
pub(super) fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits + 1 } else { bits | (1 << 63) }
}

/// The number of that key.
pub(super) fn value_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !(key - 1) })
}

/// Every so many-th value of a stream, somewhere in its stretch of the stream so that no period of the values is met.
#[derive(Clone, Debug)]
struct Thinned {
    values: Vec<f64>,
    stretch: u64,
    /// Where in the stream the next one stands, and where the stream now is.
    next: u64,
    at: u64,
}

impl Thinned {
    fn extend(&mut self, values: &[f64]) {
        let end = self.at + values.len() as u64;
        while self.next < end {
            let value = values[(self.next - self.at) as usize];
            if value.is_finite() {
                self.values.push(value);
            }
            if self.values.len() >= 2 * SAMPLED {
                let every_second = self.values.iter().copied().step_by(2);
                self.values = every_second.collect();
                self.stretch *= 2;
            }
            let stretch = self.next / self.stretch + 1;
            // Fibonacci hashing: some place, the same in every run.
            let place = stretch.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            self.next = stretch * self.stretch + place % self.stretch;
        }
        self.at = end;
    }

    /// Edges between about [`SPLIT`] buckets; a value that fills more than one of them has a bucket of its own.
    fn splitters(mut self) -> Vec<f64> {
        self.values.iter_mut().for_each(|value| *value += 0.0);
        self.values.sort_unstable_by(f64::total_cmp);
        let quantile = |k: usize| self.values.get(k * self.values.len() / SPLIT).copied();
        let mut edges: Vec<f64> = Vec::with_capacity(2 * SPLIT);
        let mut last = None;
        for edge in (1..SPLIT).filter_map(quantile) {
            if last == Some(edge) && edge > f64::MIN {
                edges.extend([edge.next_down(), edge]);
            } else {
                edges.push(edge);
            }
            last = Some(edge);
        }
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        edges
    }
}

/// What a bucket does with its values in the present pass.
#[derive(Clone, Debug)]
enum Holding {
    /// Counts them by the next bits of the key; `open` bits stay untold.
    Counts { open: u32, counts: Vec<u64> },
    /// Keeps their keys.
    Keys(Vec<u64>),
    /// All have the same key: their number says everything.
    Same,
}

/// A range of keys that holds a wanted rank.
#[derive(Clone, Debug)]
struct Bucket {
    /// Smallest and largest key.
    range: [u64; 2],
    /// Values of the column below the range.
    before: u64,
    /// Values in the range.
    rows: u64,
    holding: Holding,
}

impl Bucket {
    fn new(range: [u64; 2], before: u64, rows: u64) -> Self {
        let width = u64::BITS - (range[1] - range[0]).leading_zeros();
        let holding = if width == 0 {
            Holding::Same
        } else if rows <= KEPT_MAX {
            Holding::Keys(Vec::new())
        } else {
            let open = width.saturating_sub(NARROWING_BITS);
            let told = (range[1] - range[0]) >> open;
            Holding::Counts { open, counts: vec![0; told as usize + 1] }
        };
        Self { range, before, rows, holding }
    }

    fn add(&mut self, key: u64) {
        match &mut self.holding {
            Holding::Counts { open, counts } => {
                counts[((key - self.range[0]) >> *open) as usize] += 1;
            }
            Holding::Keys(keys) if (keys.len() as u64) < self.rows => keys.push(key),
            // Keys that are all there were kept in an earlier pass.
            Holding::Keys(_) | Holding::Same => {}
        }
    }

    /// The buckets inside this one that hold one of `ranks` (ascending).
    fn narrowed(self, ranks: &[u64]) -> Vec<Self> {
        let Holding::Counts { open, counts } = &self.holding else { return vec![self] };
        let low = |index: usize| self.range[0] + ((index as u64) << open);
        let range = |index: usize| {
            let high = if index + 1 < counts.len() { low(index + 1) - 1 } else { self.range[1] };
            [low(index), high]
        };
        holding_a_rank((self.before, counts), ranks, range)
    }

    fn count_where(&self, whole: bool, wanted: impl Fn(u64) -> bool) -> u64 {
        self.before
            + match &self.holding {
                Holding::Keys(keys) => keys.partition_point(|&key| wanted(key)) as u64,
                _ if whole => self.rows,
                _ => 0,
            }
    }
}

/// Those of neighbouring ranges of keys with these `counts`, and `before` values below them all, that hold one of `ranks`
/// (ascending).
fn holding_a_rank(
    (mut before, counts): (u64, &[u64]),
    ranks: &[u64],
    range: impl Fn(usize) -> [u64; 2],
) -> Vec<Bucket> {
    let mut found = Vec::new();
    for (index, &rows) in counts.iter().enumerate().filter(|(_, rows)| **rows > 0) {
        let next = ranks.partition_point(|&rank| rank < before);
        if ranks.get(next).is_some_and(|&rank| rank < before + rows) {
            found.push(Bucket::new(range(index), before, rows));
        }
        before += rows;
    }
    found
}

/// What the present pass is for.
#[derive(Clone, Debug)]
enum Pass {
    Sampling(Thinned),
    /// `bins` remembers the bin of every value, in their order, where there is one.
    Counting {
        search: BinSearch,
        counts: Vec<u64>,
        bins: Option<Vec<u16>>,
    },
    /// The same as narrowing, by the remembered bins of which `at` are done; `bucket` says which of the buckets a bin is.
    Gathering {
        bins: Vec<u16>,
        at: usize,
        bucket: Vec<u32>,
    },
    /// `bucket` says which of the buckets a bin is, if any.
    Narrowing {
        search: BinSearch,
        bucket: Vec<Option<u32>>,
    },
}

/// The wanted order statistics of a stream of values: give it all values with [`Selection::extend`], then call
/// [`Selection::narrow`]; while that says that another pass is needed, do both again.
#[derive(Clone, Debug)]
pub struct Selection {
    rows: u64,
    buckets: Vec<Bucket>,
    pass: Pass,
    remembers: bool,
}

impl Default for Selection {
    fn default() -> Self {
        let pass = Pass::Sampling(Thinned { values: Vec::new(), stretch: 1, next: 0, at: 0 });
        Self { rows: 0, buckets: Vec::new(), pass, remembers: false }
    }
}

impl Selection {
    /// A selection that remembers where it found each value, in two bytes: for values that are in memory anyway, which have to be
    /// given in the same order in every pass.
    pub fn remembering() -> Self {
        Self { remembers: true, ..Self::default() }
    }

    /// Takes values, of which only the finite ones count: in every pass the same ones.
    pub fn extend(&mut self, values: &[f64]) {
        let finite = values.iter().filter(|value| value.is_finite());
        match &mut self.pass {
            Pass::Sampling(sample) => sample.extend(values),
            Pass::Counting { search, counts, bins: None } => {
                finite.for_each(|&value| counts[search.bin_of(value)] += 1);
            }
            Pass::Counting { search, counts, bins: Some(bins) } => {
                bins.extend(values.iter().map(|&value| {
                    if !value.is_finite() {
                        return NO_BIN;
                    }
                    let bin = search.bin_of(value);
                    counts[bin] += 1;
                    bin as u16
                }));
            }
            Pass::Gathering { bins, at, bucket } => {
                let own = bins.get(*at..).unwrap_or_default();
                *at += values.len();
                for (&value, &bin) in values.iter().zip(own) {
                    let index = bucket.get(usize::from(bin)).copied().unwrap_or(NO_BUCKET);
                    if let Some(bucket) = self.buckets.get_mut(index as usize) {
                        bucket.add(key(value));
                    }
                }
            }
            Pass::Narrowing { search, bucket } => {
                for &value in finite {
                    if let Some(index) = bucket[search.bin_of(value)] {
                        self.buckets[index as usize].add(key(value));
                    }
                }
            }
        }
    }

    /// Ends a pass; `probabilities` are the quantiles wanted. Whether another pass over the values is needed.
    pub fn narrow(&mut self, probabilities: &[f64]) -> bool {
        let ranks = |rows: u64| -> Vec<u64> {
            let mut ranks: Vec<u64> = probabilities.iter().map(|&p| rank_of(p, rows)).collect();
            ranks.sort_unstable();
            ranks
        };
        match &mut self.pass {
            Pass::Sampling(sample) => {
                let sample = Thinned { values: std::mem::take(&mut sample.values), ..*sample };
                let search = BinSearch::new(sample.splitters());
                let counts = vec![0; search.edges().len() + 1];
                let bins = self.remembers.then(Vec::new);
                self.pass = Pass::Counting { search, counts, bins };
                return true;
            }
            Pass::Counting { search, counts, bins } => {
                self.rows = counts.iter().sum();
                let edges = search.edges();
                let above = |edge: f64| key(edge) + 1;
                let range = |bin: usize| {
                    let low = bin.checked_sub(1).map_or(key(f64::MIN), |below| above(edges[below]));
                    [low, key(edges.get(bin).copied().unwrap_or(f64::MAX))]
                };
                self.buckets = holding_a_rank((0, counts), &ranks(self.rows), range);
                if let Some(bins) = bins.take() {
                    let mut bucket = vec![NO_BUCKET; counts.len()];
                    for (index, own) in (0..).zip(&self.buckets) {
                        bucket[search.bin_of(value_of(own.range[1]))] = index;
                    }
                    self.pass = Pass::Gathering { bins, at: 0, bucket };
                    return self.is_open();
                }
            }
            Pass::Gathering { .. } | Pass::Narrowing { .. } => {
                let (ranks, buckets) = (ranks(self.rows), std::mem::take(&mut self.buckets));
                self.buckets = buckets.into_iter().flat_map(|b| b.narrowed(&ranks)).collect();
            }
        }
        let open = self.is_open();
        self.pass = self.narrowing();
        open
    }

    /// Whether a bucket waits for values; sorts those that have all of theirs.
    fn is_open(&mut self) -> bool {
        let mut open = false;
        for bucket in &mut self.buckets {
            match &mut bucket.holding {
                Holding::Keys(keys) if keys.len() as u64 == bucket.rows => keys.sort_unstable(),
                Holding::Counts { .. } | Holding::Keys(_) => open = true,
                Holding::Same => {}
            }
        }
        open
    }

    /// A pass that finds the buckets by the values just below and at the end of each.
    fn narrowing(&self) -> Pass {
        let ends = |bucket: &Bucket| [bucket.range[0] - 1, bucket.range[1]].map(value_of);
        let within = |edge: &f64| (f64::MIN..f64::MAX).contains(edge);
        let mut edges: Vec<f64> = self.buckets.iter().flat_map(ends).filter(within).collect();
        edges.dedup();
        let mut bucket = vec![None; edges.len() + 1];
        for (index, own) in (0..).zip(&self.buckets) {
            bucket[edges.partition_point(|&edge| edge < value_of(own.range[1]))] = Some(index);
        }
        Pass::Narrowing { search: BinSearch::new(edges), bucket }
    }

    fn around(&self, key: u64) -> Option<&Bucket> {
        let position = self.buckets.partition_point(|bucket| bucket.range[1] < key);
        self.buckets.get(position).filter(|bucket| bucket.range[0] <= key)
    }
}

impl Ranks for Selection {
    fn rows(&self) -> u64 {
        self.rows
    }

    fn at(&self, rank: u64) -> f64 {
        let position = self.buckets.partition_point(|bucket| bucket.before + bucket.rows <= rank);
        let Some(bucket) = self.buckets.get(position) else { return f64::NAN };
        match &bucket.holding {
            Holding::Keys(keys) => rank
                .checked_sub(bucket.before)
                .and_then(|index| keys.get(usize::try_from(index).ok()?))
                .map_or(f64::NAN, |&key| value_of(key)),
            _ => value_of(bucket.range[0]),
        }
    }

    fn below(&self, value: f64) -> u64 {
        let key = key(value);
        self.around(key).map_or(0, |bucket| bucket.count_where(false, |k| k < key))
    }

    fn up_to(&self, value: f64) -> u64 {
        let key = key(value);
        self.around(key).map_or(0, |bucket| bucket.count_where(true, |k| k <= key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform numbers in [0, 1), the same in every run.
    fn uniform(rows: usize) -> Vec<f64> {
        let mut state = 1u64;
        (0..rows)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99_991);
                (state >> 11) as f64 / (1u64 << 53) as f64
            })
            .collect()
    }

    fn awkward() -> Vec<Vec<f64>> {
        let u = uniform(60_000);
        let extremes = [f64::MIN, -1.0, -5e-324, -0.0, 0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX];
        vec![
            vec![3.0],
            vec![-0.0, 0.0],
            vec![7.5; 40_000],
            extremes.iter().copied().cycle().take(50_000).collect(),
            u.clone(),
            u.iter().map(|u| 1.6e9 + u).collect(),
            u.iter().map(|u| (u * 12.0).floor()).collect(),
            u.iter().map(|u| (u - 0.5) * 1e-310).collect(),
            u.iter().enumerate().map(|(i, u)| if i % 3 == 0 { 0.0 } else { u.ln() }).collect(),
        ]
    }

    #[test]
    fn passes_find_what_sorting_finds() {
        let wanted: Vec<f64> = (0..=200).map(|k| f64::from(k) / 200.0).collect();
        for values in awkward() {
            let mut sorted: Vec<f64> = values.iter().map(|v| v + 0.0).collect();
            sorted.sort_by(f64::total_cmp);
            let mut with_nulls = values.clone();
            with_nulls.extend([f64::NAN, f64::INFINITY]);
            with_nulls.rotate_right(1);
            for mut selection in [Selection::default(), Selection::remembering()] {
                for pass in 0.. {
                    assert!(pass < 8);
                    with_nulls.chunks(777).for_each(|chunk| selection.extend(chunk));
                    if !selection.narrow(&wanted) {
                        break;
                    }
                }
                assert_eq!(selection.rows(), sorted.len() as u64);
                for &probability in &wanted {
                    let rank = rank_of(probability, selection.rows());
                    let value = selection.at(rank);
                    assert_eq!(value.to_bits(), sorted.at(rank).to_bits());
                    assert_eq!(selection.below(value), sorted.below(value), "{value}");
                    assert_eq!(selection.up_to(value), sorted.up_to(value), "{value}");
                }
            }
        }
    }

    #[test]
    fn the_key_keeps_the_order() {
        let ascending = [f64::MIN, -1.0, -f64::MIN_POSITIVE, -0.0, 5e-324, 1.0, f64::MAX];
        assert!(ascending.windows(2).all(|w| key(w[0]) < key(w[1])));
        assert!(ascending.iter().all(|&v| value_of(key(v)) == v));
    }
}
