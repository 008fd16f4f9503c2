//! A thinned sample of a stream, and the edges of buckets that it suggests.

use super::SPLIT;

/// Values of the sample, at least (if there are as many) and below twice as many.
const SAMPLED: usize = 1 << 14;

/// Every so many-th value of a stream, somewhere in its stretch of the stream so that no period of the values is met.
#[derive(Clone, Debug)]
pub(super) struct Thinned {
    values: Vec<f64>,
    stretch: u64,
    /// Where in the stream the next one stands, and where the stream now is.
    next: u64,
    at: u64,
}

impl Default for Thinned {
    fn default() -> Self {
        Self { values: Vec::new(), stretch: 1, next: 0, at: 0 }
    }
}

impl Thinned {
    pub(super) fn extend(&mut self, values: &[f64]) {
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
    pub(super) fn splitters(mut self) -> Vec<f64> {
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
