//! Exact order statistics of a column: of a sorted sample, or of a stream too large to sort, in a few passes.
//!
//! The first pass counts values by the leading 20 bits of an order-preserving key. Buckets that hold a wanted rank are
//! narrowed by further passes until they hold few values, which are then kept and sorted. The result is exact, not an
//! estimate, and the memory does not grow with the rows.
//!
//! Source: Munro and Paterson, 1980, *Selection and sorting with limited storage*; the key is the usual one for sorting
//! IEEE 754 numbers by radix (Herf, 2001, *Radix tricks*).

/// Bits of the key that the first pass leaves open: it tells sign, exponent and 8 bits of the fraction.
const FIRST_OPEN_BITS: u32 = 44;
/// Bits of the key that every further pass tells.
const NARROWING_BITS: u32 = 11;
/// Values of one bucket kept for sorting, at most; a bucket that holds more is narrowed instead.
const KEPT_MAX: u64 = 1 << 14;

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

/// The order-preserving key: `a < b` exactly when `key(a) < key(b)`, for numbers that are not NaN and with −0 taken as 0.
fn key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

fn value_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// What a bucket does with its values in the present pass.
#[derive(Clone, Debug)]
enum Holding {
    /// Counts them by the next bits of the key; `open` bits stay untold.
    Counts { open: u32, counts: Vec<u32> },
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
    fn new(low: u64, width: u32, before: u64, rows: u64) -> Self {
        let holding = if width == 0 {
            Holding::Same
        } else if rows <= KEPT_MAX {
            Holding::Keys(Vec::new())
        } else {
            let told = NARROWING_BITS.min(width);
            Holding::Counts { open: width - told, counts: vec![0; 1 << told] }
        };
        Self { range: [low, low | ((1 << width) - 1)], before, rows, holding }
    }

    fn add(&mut self, key: u64) {
        match &mut self.holding {
            Holding::Counts { open, counts } => {
                #[expect(clippy::cast_possible_truncation, reason = "at most 20 bits are told")]
                let index = ((key - self.range[0]) >> *open) as usize;
                counts[index] += 1;
            }
            Holding::Keys(keys) if (keys.len() as u64) < self.rows => keys.push(key),
            // Keys that are all there were kept in an earlier pass.
            Holding::Keys(_) | Holding::Same => {}
        }
    }

    /// The buckets inside this one that hold one of `ranks` (ascending).
    fn narrowed(self, ranks: &[u64]) -> Vec<Self> {
        let Holding::Counts { open, counts } = &self.holding else { return vec![self] };
        let (mut before, mut inside) = (self.before, Vec::new());
        for (index, &rows) in counts.iter().enumerate().filter(|(_, rows)| **rows > 0) {
            let after = before + u64::from(rows);
            let next = ranks.partition_point(|&rank| rank < before);
            if ranks.get(next).is_some_and(|&rank| rank < after) {
                let low = self.range[0] + ((index as u64) << open);
                inside.push(Self::new(low, *open, before, u64::from(rows)));
            }
            before = after;
        }
        inside
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

/// The wanted order statistics of a stream of finite values: give it all values with [`Selection::extend`], then call
/// [`Selection::narrow`]; while that says that another pass is needed, do both again.
#[derive(Clone, Debug)]
pub struct Selection {
    rows: u64,
    buckets: Vec<Bucket>,
}

impl Default for Selection {
    fn default() -> Self {
        let counts = vec![0; 1 << (64 - FIRST_OPEN_BITS)];
        let holding = Holding::Counts { open: FIRST_OPEN_BITS, counts };
        Self {
            rows: 0,
            buckets: vec![Bucket { range: [0, u64::MAX], before: 0, rows: 0, holding }],
        }
    }
}

impl Selection {
    /// Takes finite values: in every pass the same ones.
    pub fn extend(&mut self, values: impl IntoIterator<Item = f64>) {
        if let [bucket] = self.buckets.as_mut_slice()
            && bucket.range == [0, u64::MAX]
        {
            for value in values {
                bucket.add(key(value));
                bucket.rows += 1;
            }
            return;
        }
        for value in values {
            let key = key(value);
            let position = self.buckets.partition_point(|bucket| bucket.range[1] < key);
            if let Some(bucket) = self.buckets.get_mut(position).filter(|b| b.range[0] <= key) {
                bucket.add(key);
            }
        }
    }

    /// Ends a pass; `probabilities` are the quantiles wanted. Whether another pass over the values is needed.
    pub fn narrow(&mut self, probabilities: &[f64]) -> bool {
        if let [bucket] = self.buckets.as_slice()
            && bucket.range == [0, u64::MAX]
        {
            self.rows = bucket.rows;
        }
        let mut ranks: Vec<u64> = probabilities.iter().map(|&p| rank_of(p, self.rows)).collect();
        ranks.sort_unstable();
        let buckets = std::mem::take(&mut self.buckets);
        self.buckets = buckets.into_iter().flat_map(|bucket| bucket.narrowed(&ranks)).collect();
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
            let mut selection = Selection::default();
            for pass in 0.. {
                assert!(pass < 8);
                values.chunks(777).for_each(|chunk| selection.extend(chunk.iter().copied()));
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

    #[test]
    fn the_key_keeps_the_order() {
        let ascending = [f64::MIN, -1.0, -f64::MIN_POSITIVE, -0.0, 5e-324, 1.0, f64::MAX];
        assert!(ascending.windows(2).all(|w| key(w[0]) < key(w[1])));
        assert!(ascending.iter().all(|&v| value_of(key(v)) == v));
    }
}
