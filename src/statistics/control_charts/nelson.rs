//! Nelson's eight rules: does the series look like chance, or like a pattern?
//!
//! For reading only. All eight together give a false signal every 73 values; over 25 charts, every three.
//!
//! Source: Nelson 1984, *The Shewhart control chart: tests for special causes*, Journal of Quality Technology 16(4), 237–239.
//! Vectors: `tests/vectors/statistics.json`.

use crate::statistics::{Error, Result, sample};

/// A rule that is met, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Violation {
    /// Number of the rule, 1 to 8.
    pub rule: u8,
    /// Index of the value that completes the pattern.
    pub index: usize,
}

/// Where `series` meets which rule, by index and then by rule.
///
/// 1 one value beyond 3σ · 2 nine in a row on one side · 3 six in a row rising or falling · 4 fourteen in a row alternating ·
/// 5 two of three beyond 2σ on one side · 6 four of five beyond 1σ on one side · 7 fifteen in a row within 1σ · 8 eight in a
/// row beyond 1σ, on either side. For 5 and 6 the last value must be one of them.
///
/// `center`: μ, `sigma`: σ (positive), both learned before.
///
/// # Errors
///
/// - [`Error::NotFinite`]: NaN or an infinity in the series.
/// - [`Error::OutOfRange`]: a sigma that is not positive.
///
/// ```
/// use driftledger::statistics::control_charts::nelson::{Violation, violations};
/// let found = violations(&[0.0, 3.5, 0.0], 0.0, 1.0).unwrap();
/// assert_eq!(found, [Violation { rule: 1, index: 1 }]);
/// ```
pub fn violations(series: &[f64], center: f64, sigma: f64) -> Result<Vec<Violation>> {
    sample::check(series, 0)?;
    if !(sigma > 0.0 && sigma.is_finite()) {
        return Err(Error::OutOfRange { name: "sigma", value: sigma });
    }
    let z: Vec<f64> = series.iter().map(|value| (value - center) / sigma).collect();
    let mut found = Vec::new();
    for index in 0..z.len() {
        let met = RULES.iter().zip(1_u8..).filter(|(rule, _)| rule(&z[..=index]));
        found.extend(met.map(|(_, rule)| Violation { rule, index }));
    }
    Ok(found)
}

/// Whether the standardised values up to now complete the pattern.
type Rule = fn(&[f64]) -> bool;

const RULES: [Rule; 8] = [
    |z| last(z, 1).is_some_and(|z| z[0].abs() > 3.0),
    |z| last(z, 9).is_some_and(|z| z.iter().all(|z| *z > 0.0) || z.iter().all(|z| *z < 0.0)),
    |z| last(z, 6).is_some_and(|z| steps(z, |step| step > 0.0) || steps(z, |step| step < 0.0)),
    |z| last(z, 14).is_some_and(alternates),
    |z| beyond(z, 3, 2, 2.0),
    |z| beyond(z, 5, 4, 1.0),
    |z| last(z, 15).is_some_and(|z| z.iter().all(|z| z.abs() < 1.0)),
    |z| last(z, 8).is_some_and(|z| z.iter().all(|z| z.abs() > 1.0)),
];

fn last(z: &[f64], count: usize) -> Option<&[f64]> {
    z.len().checked_sub(count).map(|from| &z[from..])
}

fn steps(z: &[f64], meets: impl Fn(f64) -> bool) -> bool {
    z.windows(2).all(|pair| meets(pair[1] - pair[0]))
}

fn alternates(z: &[f64]) -> bool {
    z.windows(3).all(|three| (three[1] - three[0]) * (three[2] - three[1]) < 0.0)
}

/// `needed` of the last `count` values, and the last itself, beyond `limit` on one side.
fn beyond(z: &[f64], count: usize, needed: usize, limit: f64) -> bool {
    // a pattern may be complete before `count` values exist
    let window = &z[z.len().saturating_sub(count)..];
    [1.0, -1.0].iter().any(|side| {
        let outside = |z: &f64| side * z > limit;
        window.last().is_some_and(outside) && window.iter().filter(|z| outside(z)).count() >= needed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(series: &[f64]) -> Vec<(u8, usize)> {
        violations(series, 0.0, 1.0).unwrap().iter().map(|v| (v.rule, v.index)).collect()
    }

    #[test]
    fn each_rule_is_met_by_its_pattern_and_not_one_value_earlier() {
        let side: Vec<f64> = [0.5, 0.2].iter().copied().cycle().take(9).collect();
        assert_eq!(rules(&side), [(2, 8)]);
        assert_eq!(rules(&[-1.5, -0.9, -0.1, 0.3, 0.7, 0.9]), [(3, 5)]);
        let zigzag: Vec<f64> = [0.5, -0.5].iter().copied().cycle().take(14).collect();
        assert_eq!(rules(&zigzag), [(4, 13)]);
        assert_eq!(rules(&[2.5, 0.0, 2.5]), [(5, 2)]);
        assert_eq!(rules(&[1.5, 1.6, 0.2, 1.5, 1.5]), [(6, 4)]);
        let near: Vec<f64> = [0.5, 0.4, -0.5].iter().copied().cycle().take(15).collect();
        assert_eq!(rules(&near), [(7, 14)]);
        let far: Vec<f64> = [1.5, 1.6, -1.5, -1.4].iter().copied().cycle().take(8).collect();
        assert_eq!(rules(&far), [(8, 7)]);
    }

    #[test]
    fn values_at_the_centre_meet_no_side_and_no_trend() {
        assert_eq!(rules(&[0.0; 14]), []);
        assert_eq!(rules(&[]), []);
        assert_eq!(rules(&[3.0]), []);
        assert!(violations(&[1.0], 0.0, 0.0).is_err());
        assert!(violations(&[f64::NAN], 0.0, 1.0).is_err());
    }
}
