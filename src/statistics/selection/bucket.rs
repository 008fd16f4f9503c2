//! The buckets that hold a wanted rank, and what is known of their values.

/// Bits of the key that every further pass tells.
const NARROWING_BITS: u32 = 11;
/// Values of one bucket kept for sorting, at most; a bucket that holds more is narrowed instead.
const KEPT_MAX: u64 = 1 << 16;
/// Values are counted apart by their position in the stream modulo this.
pub const PHASES: usize = 4;
/// Counts of values by their phase.
pub type PhaseCounts = [u64; PHASES];

pub(super) fn total(counts: &PhaseCounts) -> u64 {
    counts.iter().sum()
}

fn sum(a: PhaseCounts, b: PhaseCounts) -> PhaseCounts {
    std::array::from_fn(|phase| a[phase] + b[phase])
}

/// What a bucket does with its values in the present pass.
#[derive(Clone, Debug)]
pub(super) enum Holding {
    /// Counts them by the next bits of the key; `open` bits stay untold.
    Counts { open: u32, counts: Vec<PhaseCounts> },
    /// Keeps their keys and phases.
    Keys(Vec<(u64, u8)>),
    /// All have the same key: their number says everything.
    Same,
}

/// A range of keys that holds a wanted rank.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// Smallest and largest key.
    pub(super) range: [u64; 2],
    /// Values of the column below the range.
    pub(super) before: PhaseCounts,
    /// Values in the range.
    pub(super) rows: PhaseCounts,
    pub(super) holding: Holding,
}

impl Bucket {
    pub(super) fn new(range: [u64; 2], before: PhaseCounts, rows: PhaseCounts) -> Self {
        let width = u64::BITS - (range[1] - range[0]).leading_zeros();
        let holding = if width == 0 {
            Holding::Same
        } else if total(&rows) <= KEPT_MAX {
            Holding::Keys(Vec::new())
        } else {
            let open = width.saturating_sub(NARROWING_BITS);
            let told = (range[1] - range[0]) >> open;
            Holding::Counts { open, counts: vec![PhaseCounts::default(); told as usize + 1] }
        };
        Self { range, before, rows, holding }
    }

    pub(super) fn add(&mut self, key: u64, phase: usize) {
        match &mut self.holding {
            Holding::Counts { open, counts } => {
                counts[((key - self.range[0]) >> *open) as usize][phase] += 1;
            }
            Holding::Keys(keys) if (keys.len() as u64) < total(&self.rows) => {
                keys.push((key, phase as u8));
            }
            // Keys that are all there were kept in an earlier pass.
            Holding::Keys(_) | Holding::Same => {}
        }
    }

    /// The buckets inside this one that hold one of `ranks` (ascending).
    pub(super) fn narrowed(self, ranks: &[u64]) -> Vec<Self> {
        let Holding::Counts { open, counts } = &self.holding else { return vec![self] };
        let low = |index: usize| self.range[0] + ((index as u64) << open);
        let range = |index: usize| {
            let high = if index + 1 < counts.len() { low(index + 1) - 1 } else { self.range[1] };
            [low(index), high]
        };
        holding_a_rank((self.before, counts), ranks, range)
    }

    pub(super) fn count_where(&self, whole: bool, wanted: impl Fn(u64) -> bool) -> u64 {
        total(&self.before)
            + match &self.holding {
                Holding::Keys(keys) => keys.partition_point(|&(key, _)| wanted(key)) as u64,
                _ if whole => total(&self.rows),
                _ => 0,
            }
    }

    /// Values before the range and those in it up to `key`.
    pub(super) fn phases_up_to(&self, key: u64) -> PhaseCounts {
        let mut counts = self.before;
        match &self.holding {
            Holding::Keys(keys) => {
                let up_to = keys.partition_point(|&(k, _)| k <= key);
                keys[..up_to].iter().for_each(|&(_, phase)| counts[usize::from(phase)] += 1);
            }
            _ if key >= self.range[0] => counts = sum(counts, self.rows),
            _ => {}
        }
        counts
    }
}

/// Those of neighbouring ranges of keys with these `counts`, and `before` values below them all, that hold one of `ranks`
/// (ascending).
pub(super) fn holding_a_rank(
    (mut before, counts): (PhaseCounts, &[PhaseCounts]),
    ranks: &[u64],
    range: impl Fn(usize) -> [u64; 2],
) -> Vec<Bucket> {
    let mut found = Vec::new();
    for (index, &rows) in counts.iter().enumerate().filter(|(_, rows)| total(rows) > 0) {
        let up_to = sum(before, rows);
        let next = ranks.partition_point(|&rank| rank < total(&before));
        if ranks.get(next).is_some_and(|&rank| rank < total(&up_to)) {
            found.push(Bucket::new(range(index), before, rows));
        }
        before = up_to;
    }
    found
}
