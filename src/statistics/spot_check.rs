//! Spot check: would looking at a few blocks, chosen by nobody, have shown that some of them were altered?
//!
//! Source: hypergeometric law, drawing without replacement; W. Feller 1968, *An Introduction to Probability Theory and Its
//! Applications*, volume 1, section II.6.

/// Probability that at least one of `altered` blocks is among `drawn` that are drawn out of `all` without replacement.
///
/// ```text
/// P = 1 − Π_{i<k} (N − m − i)/(N − i)        N blocks, m of them altered, k drawn;  P ≥ 1 − (1 − m/N)^k
/// ```
///
/// In [0, 1]; larger is better. 1 when fewer than `altered` blocks stay undrawn, 0 when nothing is altered or drawn.
///
/// ```
/// use driftledger::statistics::spot_check::chance_of_catching;
/// assert!((chance_of_catching(10, 5, 1) - 0.5).abs() < 1e-12);
/// assert_eq!(chance_of_catching(10, 8, 3), 1.0);
/// ```
pub fn chance_of_catching(all: u64, drawn: u64, altered: u64) -> f64 {
    let (drawn, altered) = (drawn.min(all), altered.min(all));
    if drawn + altered > all {
        return 1.0;
    }
    // The same product with the shorter list of factors.
    let (few, many) = (drawn.min(altered), drawn.max(altered));
    let missed: f64 = (0..few).map(|i| (all - many - i) as f64 / (all - i) as f64).product();
    1.0 - missed
}

/// Blocks to draw so that an altered share `fraction` is caught with at least `probability`, whatever their number.
///
/// ```text
/// k = ⌈ln(1 − p)/ln(1 − f)⌉
/// ```
///
/// Both in (0, 1), else `None`.
///
/// ```
/// use driftledger::statistics::spot_check::blocks_needed;
/// assert_eq!(blocks_needed(0.01, 0.95), Some(299));
/// assert_eq!(blocks_needed(0.05, 0.95), Some(59));
/// ```
pub fn blocks_needed(fraction: f64, probability: f64) -> Option<u64> {
    let inside = |share: f64| share > 0.0 && share < 1.0;
    let needed = (libm::log1p(-probability) / libm::log1p(-fraction)).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both logarithms are negative; a number too large saturates"
    )]
    (inside(fraction) && inside(probability)).then_some(needed as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_is_that_of_drawing_without_replacement() {
        // 1 - scipy.stats.hypergeom(N, m, k).pmf(0), SciPy 1.17.1
        for (all, drawn, altered, expected) in [
            (100, 10, 5, 0.416_247_633_073_848),
            (7_650, 299, 77, 0.954_297_366_281_216_9),
            (60, 59, 1, 0.983_333_333_333_333_3),
        ] {
            let found = chance_of_catching(all, drawn, altered);
            assert!((found - expected).abs() < 1e-9, "{all} {drawn} {altered}: {found}");
        }
        assert_eq!(chance_of_catching(100, 0, 5), 0.0);
        assert_eq!(chance_of_catching(100, 5, 0), 0.0);
        assert_eq!(chance_of_catching(0, 5, 1), 0.0);
    }

    #[test]
    fn so_many_blocks_are_enough_and_one_less_is_not_when_there_are_many() {
        for (fraction, probability) in [(0.01, 0.95), (0.05, 0.95), (0.001, 0.99), (0.5, 0.5)] {
            let needed = blocks_needed(fraction, probability).unwrap();
            let caught = |drawn: u64| 1.0 - (1.0 - fraction).powi(i32::try_from(drawn).unwrap());
            assert!(caught(needed) >= probability - 1e-12);
            assert!(caught(needed - 1) < probability);
            let altered = (1_000.0 * fraction) as u64;
            assert!(chance_of_catching(1_000, needed.min(1_000), altered) >= probability);
        }
        assert_eq!(blocks_needed(0.0, 0.95), None);
        assert_eq!(blocks_needed(0.1, 1.0), None);
        assert_eq!(blocks_needed(f64::NAN, 0.5), None);
    }
}
