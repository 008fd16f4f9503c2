//! Population Stability Index (PSI): has the share of rows per bin moved since training?
//!
//! Shown, never deciding: its size without any drift depends on the number of rows, so it comes with its no-drift band.
//!
//! Source: Yurdakul & Naranjo 2020, *Statistical properties of the population stability index*, Journal of Risk Model
//! Validation 14(4), section 3 (χ² law); ½ row per bin: Jeffreys' prior of a multinomial. Vectors:
//! `tests/vectors/statistics.json`.

use super::kl_divergence::kl_divergence;
use super::{Error, Result, bins, chi_square};

/// PSI of `batch` against `reference`, in nats. 0 when the smoothed shares are equal; larger is worse; no upper bound.
///
/// ```text
/// PSI = Σ_i (b_i − r_i) · ln(b_i / r_i)        r_i, b_i = (c_i + ½)/(n + K/2) on either side
/// ```
///
/// Both slices hold row counts per bin, same bin order. Symmetric in its arguments.
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: different numbers of bins.
/// - [`Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::psi::psi;
/// assert_eq!(psi(&[10, 20, 30], &[10, 20, 30]), Ok(0.0));
/// assert!(psi(&[50, 50], &[80, 20]).unwrap() > 0.3);
/// ```
pub fn psi(reference: &[u64], batch: &[u64]) -> Result<f64> {
    bins::totals(reference, batch)?;
    let r = bins::smoothed(reference);
    let b = bins::smoothed(batch);
    let terms = r.iter().zip(&b).map(|(r, b)| (b - r) * libm::log(b / r));
    Ok(terms.sum::<f64>().max(0.0))
}

/// As [`psi`] of the shares as they are, without half a row a bin.
///
/// # Errors
///
/// As [`psi`], and [`Error::Infinite`]: a bin with rows on one side only.
///
/// ```
/// use driftledger::statistics::psi::psi_plain;
/// assert_eq!(psi_plain(&[10, 20, 0], &[1, 2, 0]), Ok(0.0));
/// assert!(psi_plain(&[10, 0], &[5, 5]).is_err());
/// ```
pub fn psi_plain(reference: &[u64], batch: &[u64]) -> Result<f64> {
    Ok(kl_divergence(reference, batch)? + kl_divergence(batch, reference)?)
}

/// P(PSI at least this large | no drift), from the χ² law: PSI ≈ (1/n + 1/m) χ²_{K−1}.
///
/// Anti-conservative below about 20 rows per bin. `rows`: (reference, batch).
///
/// # Errors
///
/// - [`Error::NotEnough`]: a side without rows, or fewer than two bins.
///
/// ```
/// use driftledger::statistics::psi::psi_p_value;
/// assert!(psi_p_value(0.2, (5_000, 100), 10).unwrap() < 0.05);
/// assert!(psi_p_value(0.2, (5_000, 30), 10).unwrap() > 0.05);
/// ```
pub fn psi_p_value(psi: f64, rows: (u64, u64), bins: usize) -> Result<f64> {
    let (scale, degrees) = law(rows, bins)?;
    Ok(chi_square::sf(psi / scale, degrees))
}

/// Upper end of the no-drift band: the PSI that is exceeded with probability `level` when nothing has moved.
///
/// `rows`: (reference, batch). The grey band of the chart: it narrows as n grows.
///
/// # Errors
///
/// As [`psi_p_value`], and [`Error::OutOfRange`] for a level outside (0, 1).
///
/// ```
/// use driftledger::statistics::psi::psi_band;
/// let narrow = psi_band(0.05, (5_000, 5_000), 10).unwrap();
/// assert!(psi_band(0.05, (5_000, 100), 10).unwrap() > 10.0 * narrow);
/// ```
pub fn psi_band(level: f64, rows: (u64, u64), bins: usize) -> Result<f64> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::OutOfRange { name: "level", value: level });
    }
    let (scale, degrees) = law(rows, bins)?;
    Ok(scale * chi_square::upper_quantile(level, degrees))
}

fn law(rows: (u64, u64), bins: usize) -> Result<(f64, f64)> {
    if bins < 2 {
        return Err(Error::NotEnough { found: bins, needed: 2 });
    }
    if rows.0 == 0 || rows.1 == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    Ok((1.0 / rows.0 as f64 + 1.0 / rows.1 as f64, (bins - 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_are_at_zero_and_the_order_does_not_matter() {
        assert_eq!(psi(&[3, 4, 5], &[3, 4, 5]), Ok(0.0));
        assert_eq!(psi(&[7], &[3]), Ok(0.0));
        let (r, b) = ([16, 0, 16, 14], [5, 9, 0, 11]);
        assert!((psi(&r, &b).unwrap() - psi(&b, &r).unwrap()).abs() < 1e-15);
    }

    #[test]
    fn the_known_answer_with_half_a_row_per_bin() {
        let found = psi(&[16, 18, 16, 14, 12, 12], &[16, 16, 16, 16, 16, 8]).unwrap();
        assert!((found / 0.034_510_121_263_258_88 - 1.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn empty_bins_and_empty_sides() {
        assert!(psi(&[10, 0], &[0, 10]).unwrap().is_finite());
        assert_eq!(psi(&[0, 0], &[1, 2]), Err(Error::NotEnough { found: 0, needed: 1 }));
        assert!(psi(&[1, 2], &[1]).is_err() && psi(&[], &[]).is_err());
    }

    #[test]
    fn the_band_is_the_chi_square_law() {
        // scipy 1.17.1: chi2.isf(0.05, 9) * (1/5000 + 1/100) and chi2.sf(0.2 / (1/5000 + 1/100), 9)
        let band = psi_band(0.05, (5_000, 100), 10).unwrap();
        assert!((band / 0.172_573_571_567_128_6 - 1.0).abs() < 1e-12, "{band}");
        let p_value = psi_p_value(0.2, (5_000, 100), 10).unwrap();
        assert!((p_value / 0.020_492_933_689_746_376 - 1.0).abs() < 1e-12, "{p_value}");
        assert_eq!(psi_p_value(0.0, (10, 10), 4), Ok(1.0));
        assert!(psi_p_value(0.1, (0, 10), 4).is_err() && psi_p_value(0.1, (10, 10), 1).is_err());
        assert!(psi_band(0.0, (10, 10), 4).is_err());
    }
}
