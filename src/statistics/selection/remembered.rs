//! Where every value of a column that is held lies, in two bytes each.

use super::SPLIT;
use super::bucket::{PHASES, PhaseCounts};
use crate::statistics::bin_search::BinSearch;

/// The remembered bin of a value that does not count: one more than there can be, twice [`SPLIT`].
const NO_BIN: u16 = 2 * SPLIT as u16;
/// Counts of four bytes are taken up in ones of eight before there are more values than this.
const UNTAKEN_MAX: usize = 1 << 31;

/// Remembered bins and how many values each holds: found first and counted then, because two tables at once do not fit in the
/// nearest cache.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    all: Vec<u16>,
    /// Of the values since they were taken last, fewer than 2³².
    counts: Vec<[u32; PHASES]>,
    untaken: usize,
}

impl Bins {
    pub(super) fn new() -> Self {
        let counts = vec![[0; PHASES]; usize::from(NO_BIN) + 1];
        Self { all: Vec::new(), counts, untaken: 0 }
    }

    /// Finds and counts values; `counts` are those taken so far.
    pub(super) fn extend(
        &mut self,
        values: &[f64],
        (search, counts): (&BinSearch, &mut [PhaseCounts]),
    ) {
        if self.untaken > UNTAKEN_MAX {
            self.take_counts(counts);
        }
        let at = self.all.len();
        let bin =
            |value: &f64| if value.is_finite() { search.bin_of(*value) as u16 } else { NO_BIN };
        self.all.extend(values.iter().map(bin));
        for (at, &bin) in (at..).zip(&self.all[at..]) {
            self.counts[usize::from(bin)][at % PHASES] += 1;
        }
        self.untaken += values.len();
    }

    /// Adds what was counted since the last time.
    pub(super) fn take_counts(&mut self, to: &mut [PhaseCounts]) {
        for (to, from) in to.iter_mut().zip(&mut self.counts) {
            let from = std::mem::take(from);
            *to = std::array::from_fn(|phase| to[phase] + u64::from(from[phase]));
        }
        self.untaken = 0;
    }

    pub(super) fn into_all(self) -> Vec<u16> {
        self.all
    }
}
