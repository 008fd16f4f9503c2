//! Control charts: the pictures a process statistician knows. For reading; the evidence meter is what alarms.
//!
//! Limits are learned from retrospective points and then frozen; every chart takes its centre and spread as given.

pub mod cusum;
pub mod ewma;
pub mod individuals;
pub mod laney_p;
pub mod nelson;
pub mod xbar_s;

/// Mean moving range of two neighbours, in standard deviations of a normal law: 2/√π.
pub(super) const RANGE_OF_TWO: f64 = std::f64::consts::FRAC_2_SQRT_PI;

/// A value with the limits it is read against.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Point {
    /// The plotted value.
    pub value: f64,
    /// The lower control limit.
    pub lower: f64,
    /// The upper control limit.
    pub upper: f64,
}

impl Point {
    /// Whether the value lies beyond a limit.
    ///
    /// ```
    /// use driftledger::statistics::control_charts::Point;
    /// assert!(Point { value: 4.0, lower: -3.0, upper: 3.0 }.is_signal());
    /// ```
    pub fn is_signal(&self) -> bool {
        self.value < self.lower || self.value > self.upper
    }
}
