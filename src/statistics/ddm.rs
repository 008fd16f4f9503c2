//! Drift detection method (DDM): has the error rate of a classifier risen above its best so far?
//!
//! Source: Gama, Medas, Castillo & Rodrigues 2004, *Learning with drift detection*, SBIA, section 3. The known answer is that
//! of the stream library river 0.26.1 with the same settings. Vectors: `tests/vectors/statistics.json`.

/// What one answer of the classifier did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The error rate is near its best.
    Quiet,
    /// Two standard errors above its best.
    Warning,
    /// Three standard errors above its best; the method starts afresh at the next answer.
    Drift,
}

/// Settings of the method.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// Answers before the first warning may come.
    pub values_min: u64,
    /// Standard errors that warn.
    pub warning: f64,
    /// Standard errors that signal.
    pub drift: f64,
}

impl Default for Settings {
    /// 30 answers, 2 and 3 standard errors.
    fn default() -> Self {
        Self { values_min: 30, warning: 2.0, drift: 3.0 }
    }
}

/// The running method.
///
/// ```text
/// p = error rate, s = √(p(1 − p)/n); best: the (p, s) with the smallest p + s so far
/// warning: p + s > p_best + 2 s_best;   drift: p + s > p_best + 3 s_best
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Ddm {
    settings: Settings,
    count: u64,
    errors: u64,
    best: Option<(f64, f64)>,
    signalled: bool,
}

impl Ddm {
    /// A method that has seen nothing.
    ///
    /// ```
    /// use driftledger::statistics::ddm::{Ddm, Level, Settings};
    /// let mut method = Ddm::new(Settings::default());
    /// assert_eq!(method.update(false), Level::Quiet);
    /// ```
    pub fn new(settings: Settings) -> Self {
        Self { settings, count: 0, errors: 0, best: None, signalled: false }
    }

    /// Takes one answer, `error` or not.
    pub fn update(&mut self, error: bool) -> Level {
        if self.signalled {
            *self = Self::new(self.settings);
        }
        self.count += 1;
        self.errors += u64::from(error);
        if self.count <= self.settings.values_min {
            return Level::Quiet;
        }
        let n = self.count as f64;
        let p = self.errors as f64 / n;
        let s = libm::sqrt(p * (1.0 - p) / n);
        let (p_best, s_best) = match self.best {
            Some((p_best, s_best)) if p + s > p_best + s_best => (p_best, s_best),
            _ => (p, s),
        };
        self.best = Some((p_best, s_best));
        if p + s > p_best + self.settings.drift * s_best {
            self.signalled = true;
            Level::Drift
        } else if p + s > p_best + self.settings.warning * s_best {
            Level::Warning
        } else {
            Level::Quiet
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_error_rate_warns_before_it_signals() {
        let mut method = Ddm::new(Settings::default());
        let levels: Vec<Level> =
            (0..400_u32).map(|i| method.update(i % if i < 200 { 10 } else { 2 } == 0)).collect();
        let first = |wanted| levels.iter().position(|level| *level == wanted).unwrap();
        assert!(first(Level::Warning) >= 200 && first(Level::Warning) < first(Level::Drift));
    }

    #[test]
    fn a_constant_answer_never_signals() {
        for error in [false, true] {
            let mut method = Ddm::new(Settings::default());
            assert!((0..1_000).all(|_| method.update(error) == Level::Quiet), "{error}");
        }
    }
}
