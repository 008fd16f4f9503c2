//! Page–Hinkley test: has the mean of a stream (errors, say) moved for good?
//!
//! Source: Page 1954, Biometrika 41; Mouss et al. 2004 (the form used for streams, with fading). The known answers are those
//! of the stream library river 0.26.1 with the same settings. Vectors: `tests/vectors/statistics.json`.

/// Moves of the mean that signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Either way.
    #[default]
    Both,
    /// Rises.
    Up,
    /// Falls.
    Down,
}

/// Settings of the test.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// Values before the first signal may come.
    pub values_min: u64,
    /// Allowance per value, in the unit of the stream.
    pub allowance: f64,
    /// The sum that signals.
    pub threshold: f64,
    /// Factor on the sums before each value.
    pub fading: f64,
    /// Which moves signal.
    pub direction: Direction,
}

impl Default for Settings {
    /// 30 values, allowance 0.005, threshold 50, fading 0.9999, both directions.
    fn default() -> Self {
        let direction = Direction::Both;
        Self { values_min: 30, allowance: 0.005, threshold: 50.0, fading: 0.9999, direction }
    }
}

/// The running test. Starts afresh at the value after a signal.
///
/// ```text
/// up   ← fading · up   + x − x̄ − allowance,  signal if up − min(up)     > threshold
/// down ← fading · down + x − x̄ + allowance,  signal if max(down) − down > threshold
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PageHinkley {
    settings: Settings,
    count: u64,
    mean: f64,
    up: f64,
    down: f64,
    /// Smallest `up` and largest `down` so far.
    extremes: Option<(f64, f64)>,
    signalled: bool,
}

impl PageHinkley {
    /// A test that has seen nothing.
    ///
    /// ```
    /// use driftledger::statistics::page_hinkley::{PageHinkley, Settings};
    /// let mut test = PageHinkley::new(Settings::default());
    /// assert!((0..200).all(|_| !test.update(0.0)));
    /// assert!(test.update(100.0));
    /// ```
    pub fn new(settings: Settings) -> Self {
        let (count, mean, up, down) = (0, 0.0, 0.0, 0.0);
        Self { settings, count, mean, up, down, extremes: None, signalled: false }
    }

    /// Takes one value and says whether it signals. A value that is not finite is not taken.
    pub fn update(&mut self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        if self.signalled {
            *self = Self::new(self.settings);
        }
        self.count += 1;
        self.mean += (value - self.mean) / self.count as f64;
        let Settings { values_min, allowance, threshold, fading, direction } = self.settings;
        self.up = fading * self.up + (value - self.mean - allowance);
        self.down = fading * self.down + (value - self.mean + allowance);
        let (lowest, highest) = self.extremes.unwrap_or((self.up, self.down));
        let (lowest, highest) = (lowest.min(self.up), highest.max(self.down));
        self.extremes = Some((lowest, highest));
        let (rises, falls) = (direction != Direction::Down, direction != Direction::Up);
        let far = rises && self.up - lowest > threshold || falls && highest - self.down > threshold;
        self.signalled = self.count >= values_min && far;
        self.signalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signals(series: impl Iterator<Item = f64>) -> Vec<usize> {
        let mut test = PageHinkley::new(Settings::default());
        series.enumerate().filter_map(|(i, value)| test.update(value).then_some(i)).collect()
    }

    #[test]
    fn the_known_answers() {
        let step = |low: usize, high: f64| {
            signals((0..1_000).map(move |i| if i < low { 0.0 } else { high }))
        };
        assert_eq!(step(200, 100.0)[0], 200);
        assert_eq!(step(500, 1.0), [553]);
    }

    #[test]
    fn constant_streams_and_special_values_never_signal() {
        assert_eq!(signals((0..5_000).map(|_| 3.0)), Vec::<usize>::new());
        assert_eq!(signals((0..100).map(|_| f64::NAN)), Vec::<usize>::new());
    }
}
