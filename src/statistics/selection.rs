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

mod bucket;
mod remembered;
mod thinned;

use self::bucket::{Bucket, Holding, holding_a_rank, total};
use self::remembered::Bins;
use self::thinned::Thinned;
use super::bin_search::BinSearch;

pub use self::bucket::{PHASES, PhaseCounts};

/// Buckets that the sample cuts the line into.
const SPLIT: usize = 1 << 11;
/// Values whose bins are found before they are counted: so few that they are still in a near cache.
const COUNTED: usize = 1 << 14;
/// The bucket of a bin that is none.
const NO_BUCKET: u32 = u32::MAX;
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

/// What the present pass is for.
#[derive(Clone, Debug)]
enum Pass {
    Sampling(Thinned),
    /// `bins` remembers the bin of every value, in their order, where there is one.
    Counting {
        search: BinSearch,
        counts: Vec<PhaseCounts>,
        bins: Option<Bins>,
    },
    /// The same as narrowing, by the remembered bins; `bucket` says which of the buckets a bin is.
    Gathering {
        bins: Vec<u16>,
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
    /// Values given in the present pass.
    at: usize,
    buckets: Vec<Bucket>,
    pass: Pass,
    remembers: bool,
}

impl Default for Selection {
    fn default() -> Self {
        let pass = Pass::Sampling(Thinned::default());
        Self { rows: 0, at: 0, buckets: Vec::new(), pass, remembers: false }
    }
}

impl Selection {
    /// A selection that remembers where it found each value, in two bytes: for values that are in memory anyway, which have to be
    /// given in the same order in every pass.
    pub fn remembering() -> Self {
        Self { remembers: true, ..Self::default() }
    }

    /// Whether it was made with [`Selection::remembering`].
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// Takes values, of which only the finite ones count: in every pass the same ones.
    pub fn extend(&mut self, values: &[f64]) {
        let at = self.at;
        self.at += values.len();
        let finite = (at..).zip(values).filter(|(_, value)| value.is_finite());
        match &mut self.pass {
            Pass::Sampling(sample) => sample.extend(values),
            Pass::Counting { search, counts, bins: None } => {
                finite.for_each(|(at, &value)| counts[search.bin_of(value)][at % PHASES] += 1);
            }
            Pass::Counting { search, counts, bins: Some(bins) } => {
                values.chunks(COUNTED).for_each(|values| bins.extend(values, (search, counts)));
            }
            Pass::Gathering { bins, bucket } => {
                let own = bins.get(at..).unwrap_or_default();
                for (at, (&value, &bin)) in (at..).zip(values.iter().zip(own)) {
                    let index = bucket.get(usize::from(bin)).copied().unwrap_or(NO_BUCKET);
                    if let Some(bucket) = self.buckets.get_mut(index as usize) {
                        bucket.add(key(value), at % PHASES);
                    }
                }
            }
            Pass::Narrowing { search, bucket } => {
                for (at, &value) in finite {
                    if let Some(index) = bucket[search.bin_of(value)] {
                        self.buckets[index as usize].add(key(value), at % PHASES);
                    }
                }
            }
        }
    }

    /// Values up to and with `edge` by their phases, where `edge` is a value that [`Ranks::at`] returned or the number just below one.
    pub fn phases_up_to(&self, edge: f64) -> PhaseCounts {
        let key = key(edge);
        let bucket = self.around(key).or_else(|| self.around(key + 1));
        bucket.map_or(PhaseCounts::default(), |bucket| bucket.phases_up_to(key))
    }

    /// Ends a pass; `probabilities` are the quantiles wanted. Whether another pass over the values is needed.
    pub fn narrow(&mut self, probabilities: &[f64]) -> bool {
        let ranks = |rows: u64| -> Vec<u64> {
            let mut ranks: Vec<u64> = probabilities.iter().map(|&p| rank_of(p, rows)).collect();
            ranks.sort_unstable();
            ranks
        };
        self.at = 0;
        match &mut self.pass {
            Pass::Sampling(sample) => {
                let search = BinSearch::new(std::mem::take(sample).splitters());
                let counts = vec![PhaseCounts::default(); search.edges().len() + 1];
                let bins = self.remembers.then(Bins::new);
                self.pass = Pass::Counting { search, counts, bins };
                return true;
            }
            Pass::Counting { search, counts, bins } => {
                if let Some(bins) = bins {
                    bins.take_counts(counts);
                }
                self.rows = counts.iter().map(total).sum();
                let edges = search.edges();
                let above = |edge: f64| key(edge) + 1;
                let range = |bin: usize| {
                    let low = bin.checked_sub(1).map_or(key(f64::MIN), |below| above(edges[below]));
                    [low, key(edges.get(bin).copied().unwrap_or(f64::MAX))]
                };
                self.buckets =
                    holding_a_rank((PhaseCounts::default(), counts), &ranks(self.rows), range);
                if let Some(bins) = bins.take().map(Bins::into_all) {
                    let mut bucket = vec![NO_BUCKET; counts.len()];
                    for (index, own) in (0..).zip(&self.buckets) {
                        bucket[search.bin_of(value_of(own.range[1]))] = index;
                    }
                    self.pass = Pass::Gathering { bins, bucket };
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
                Holding::Keys(keys) if keys.len() as u64 == total(&bucket.rows) => {
                    keys.sort_unstable();
                }
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
        let position = self
            .buckets
            .partition_point(|bucket| total(&bucket.before) + total(&bucket.rows) <= rank);
        let Some(bucket) = self.buckets.get(position) else { return f64::NAN };
        match &bucket.holding {
            Holding::Keys(keys) => rank
                .checked_sub(total(&bucket.before))
                .and_then(|index| keys.get(usize::try_from(index).ok()?))
                .map_or(f64::NAN, |&(key, _)| value_of(key)),
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
                for &probability in wanted.iter().step_by(20) {
                    let value = selection.at(rank_of(probability, selection.rows()));
                    for edge in [value.next_down(), value] {
                        let counts = |(_, v): &(usize, &f64)| v.is_finite() && **v <= edge;
                        let mut phases = PhaseCounts::default();
                        let rows = with_nulls.iter().enumerate().filter(counts);
                        rows.for_each(|(at, _)| phases[at % PHASES] += 1);
                        assert_eq!(selection.phases_up_to(edge), phases, "{edge}");
                    }
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
