//! Adaptive windowing (ADWIN): since when has the mean of a stream been what it is now?
//!
//! Keeps a window of the recent values in buckets of doubling size and drops the oldest part as soon as two parts of the
//! window differ by more than chance.
//!
//! Source: Bifet & Gavaldà 2007, *Learning from time-changing data with adaptive windowing*, SDM, section 3 (ADWIN2, cut of
//! section 3.2). The known answers are those of the stream library river 0.26.1 with the same settings. Vectors:
//! `tests/vectors/statistics.json`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Settings of the method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// δ: probability of a false cut, in (0, 1).
    pub confidence: f64,
    /// A cut is sought every so many values.
    pub clock: u64,
    /// Buckets of one size before two are merged.
    pub buckets_max: usize,
    /// Values either part of the window must have.
    pub part_min: f64,
    /// Values in the window before a cut is sought.
    pub grace: f64,
}

impl Default for Settings {
    /// δ = 0.002, every 32 values, 5 buckets of a size, parts of at least 5, more than 10 values in all.
    fn default() -> Self {
        Self { confidence: 0.002, clock: 32, buckets_max: 5, part_min: 5.0, grace: 10.0 }
    }
}

/// Sum and Σ (x − mean)² of a run of values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Bucket {
    total: f64,
    squares: f64,
}

/// The running method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adwin {
    settings: Settings,
    /// Buckets of 2^i values at index i, oldest first.
    rows: Vec<VecDeque<Bucket>>,
    width: f64,
    window: Bucket,
    ticks: u64,
    signalled: bool,
}

impl Adwin {
    /// A method that has seen nothing.
    ///
    /// ```
    /// use driftledger::statistics::adwin::{Adwin, Settings};
    /// let mut method = Adwin::new(Settings::default());
    /// let cut = (0..1_000_u32).find(|&i| method.update(if i < 500 { 0.0 } else { 1.0 }));
    /// assert_eq!(cut, Some(511));
    /// ```
    pub fn new(settings: Settings) -> Self {
        let window = Bucket { total: 0.0, squares: 0.0 };
        let rows = vec![VecDeque::new()];
        Self { settings, rows, width: 0.0, window, ticks: 0, signalled: false }
    }

    /// Values in the window.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Mean of the window; 0 without values.
    pub fn mean(&self) -> f64 {
        if self.width > 0.0 { self.window.total / self.width } else { 0.0 }
    }

    /// Takes one value and says whether the window was cut. A value that is not finite is not taken.
    ///
    /// After a cut the window holds what is left of it, to be read; with the next value the method starts afresh.
    pub fn update(&mut self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        if self.signalled {
            *self = Self::new(self.settings);
        }
        self.insert(value);
        self.ticks += 1;
        let due = self.settings.clock > 0 && self.ticks.is_multiple_of(self.settings.clock);
        let mut cut = false;
        if due {
            while self.width > self.settings.grace && self.has_cut() {
                self.drop_oldest();
                cut = true;
            }
        }
        self.signalled = cut;
        cut
    }

    fn insert(&mut self, value: f64) {
        if self.width > 0.0 {
            let gap = value - self.window.total / self.width;
            self.window.squares += self.width * gap * gap / (self.width + 1.0);
        }
        self.width += 1.0;
        self.window.total += value;
        self.rows[0].push_back(Bucket { total: value, squares: 0.0 });
        let mut size = 1.0;
        for row in 0.. {
            if self.rows[row].len() <= self.settings.buckets_max {
                break;
            }
            let (Some(first), Some(second)) =
                (self.rows[row].pop_front(), self.rows[row].pop_front())
            else {
                break;
            };
            if row + 1 == self.rows.len() {
                self.rows.push(VecDeque::new());
            }
            self.rows[row + 1].push_back(merged(first, second, size));
            size *= 2.0;
        }
    }

    fn drop_oldest(&mut self) {
        let size = libm::exp2((self.rows.len() - 1) as f64);
        let Some(oldest) = self.rows.last_mut().and_then(VecDeque::pop_front) else { return };
        self.width -= size;
        self.window.total -= oldest.total;
        if self.width > 0.0 {
            let gap = oldest.total / size - self.window.total / self.width;
            let between = size * self.width * gap * gap / (size + self.width);
            self.window.squares = (self.window.squares - oldest.squares - between).max(0.0);
        }
        while self.rows.len() > 1 && self.rows.last().is_some_and(VecDeque::is_empty) {
            self.rows.pop();
        }
    }

    /// Whether some split of the window has means that differ by more than chance.
    fn has_cut(&self) -> bool {
        let (mut old_width, mut old_total) = (0.0, 0.0);
        for (row, buckets) in self.rows.iter().enumerate().rev() {
            let size = libm::exp2(row as f64);
            for bucket in buckets {
                old_width += size;
                old_total += bucket.total;
                let new_width = self.width - old_width;
                let enough = self.settings.part_min.max(1.0);
                if old_width < enough || new_width < enough {
                    continue;
                }
                let gap = old_total / old_width - (self.window.total - old_total) / new_width;
                if gap.abs() > self.bound(old_width, new_width) {
                    return true;
                }
            }
        }
        false
    }

    /// ε_cut = √(2 σ² ln(2 ln W/δ)/m) + ⅔ ln(2 ln W/δ)/m, 1/m the sum of the reciprocal part sizes.
    fn bound(&self, old_width: f64, new_width: f64) -> f64 {
        let least = self.settings.part_min - 1.0;
        let reciprocal = 1.0 / (old_width - least) + 1.0 / (new_width - least);
        let level = libm::log(2.0 * libm::log(self.width) / self.settings.confidence);
        let variance = self.window.squares / self.width;
        libm::sqrt(2.0 * reciprocal * variance * level) + 2.0 / 3.0 * level * reciprocal
    }
}

/// Two buckets of `size` values each as one.
fn merged(first: Bucket, second: Bucket, size: f64) -> Bucket {
    let gap = (first.total - second.total) / size;
    Bucket {
        total: first.total + second.total,
        squares: first.squares + second.squares + 0.5 * size * gap * gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(series: impl Iterator<Item = f64>) -> Vec<usize> {
        let mut method = Adwin::new(Settings::default());
        series.enumerate().filter_map(|(i, value)| method.update(value).then_some(i)).collect()
    }

    #[test]
    fn the_known_answers() {
        let step = |low: usize, rows: usize, high: f64| {
            cuts((0..rows).map(move |i| if i < low { 0.0 } else { high }))
        };
        assert_eq!(step(200, 400, 100.0), [223]);
        assert_eq!(step(500, 1_000, 1.0), [511]);
    }

    #[test]
    fn constant_streams_and_special_values_never_cut() {
        assert_eq!(cuts((0..5_000).map(|_| 3.0)), Vec::<usize>::new());
        assert_eq!(cuts((0..100).map(|_| f64::NAN)), Vec::<usize>::new());
    }

    #[test]
    fn the_window_keeps_count_and_mean_of_what_it_holds() {
        let mut method = Adwin::new(Settings::default());
        for i in 0..1_000_u32 {
            method.update(f64::from(i % 2));
        }
        assert_eq!((method.width(), method.mean()), (1_000.0, 0.5));
        assert!((method.window.squares - 250.0).abs() < 1e-9);
    }
}
