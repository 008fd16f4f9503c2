//! Pure mathematics over slices and counts.
//!
//! **For**: every number the monitor decides on or shows. Slices in, numbers out; deterministic, seeded where a draw is
//! needed, natural logarithms and exponentials of everything that decides taken from the pure-Rust `libm`, so that the
//! same binary gives the same bits on every machine.
//!
//! **Must not know**: models, files, HTTP, SQL, time.
//!
//! **Start reading** at [`e_detector`] (what raises an alarm), then [`limits`] (what calls a batch stable), then any of
//! the companions (`psi`, `ks`, `wasserstein`, …), which are shown and never decide.
//!
//! Conventions: *counts* are rows per frozen bin, *shares* sum to 1, *samples* are finite numbers in any order. No
//! function returns NaN, and none runs without a bound on its loops.
#![expect(clippy::doc_markdown, reason = "symbols of formulas, such as M_a, are not code")]
#![cfg_attr(test, expect(clippy::float_cmp, reason = "some known answers hold to the last bit"))]

pub mod adjust;
pub mod adwin;
pub mod anderson_darling;
pub mod bin_search;
pub mod binning;
pub mod brier_score;
pub mod calibration_error;
pub mod capability;
pub mod challenges;
pub mod chi_square;
pub mod cliffs_delta;
pub mod cohen_kappa;
pub mod cohens_d;
pub mod cohens_h;
pub mod control_charts;
pub mod cramer_von_mises;
pub mod cramers_v;
pub mod ddm;
pub mod delong;
pub mod draws;
pub mod e_detector;
pub mod energy_distance;
pub mod epps_singleton;
pub mod fisher_exact;
pub mod fleiss_kappa;
pub mod g_test;
pub mod group_jackknife;
pub mod gwet_ac1;
pub mod hellinger;
pub mod intervals;
pub mod jensen_shannon;
pub mod k_means;
pub mod kl_divergence;
pub mod ks;
pub mod ks_one_sided;
pub mod l_infinity;
pub mod lanes;
pub mod limits;
pub mod limits_of_agreement;
pub mod logit_recalibration;
pub mod mann_whitney;
pub mod mcnemar;
pub mod mmd_rff;
pub mod moments;
pub mod natural_drift;
pub mod noncentral_chi_square;
pub mod page_hinkley;
pub mod parted;
pub mod principal;
pub mod psi;
pub mod rate_detector;
pub mod review_plan;
pub mod score_card;
pub mod selection;
pub mod selftest;
pub mod significance;
pub mod spearman;
pub mod spot_check;
pub mod tolerance;
pub mod total_variation;
pub mod two_samples;
pub mod wasserstein;
pub mod wasserstein_binned;
pub mod weighted_review;
pub mod welch_t;
pub mod z_proportion;

mod beta;
mod bins;
mod eigen;
mod jackknife;
mod kolmogorov;
mod normal;
mod sample;

/// Why a statistic has no value for these inputs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// Two count vectors that should describe the same bins do not.
    #[error("reference has {reference} bins and batch has {batch}, expected the same bins")]
    BinsDiffer {
        /// Bins of the reference.
        reference: usize,
        /// Bins of the batch.
        batch: usize,
    },
    /// Fewer rows, values, bins or groups than the statistic needs.
    #[error("found {found}, needed at least {needed}")]
    NotEnough {
        /// How many there are.
        found: usize,
        /// How many the statistic needs.
        needed: usize,
    },
    /// A value that is NaN or infinite.
    #[error("value at index {index} is not finite")]
    NotFinite {
        /// Position of the first such value in its slice.
        index: usize,
    },
    /// All values are equal, and the statistic divides by their spread.
    #[error("all values are equal, so there is no spread to compare with")]
    NoSpread,
    /// A parameter outside the range in which the formula holds.
    #[error("`{name}` is {value}, outside its range")]
    OutOfRange {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A distance without a finite value: one side has rows in a bin where the other has none.
    #[error("infinite: bin {bin} has rows on one side only")]
    Infinite {
        /// Index of the first such bin.
        bin: usize,
    },
    /// More work than the exact method is allowed to do.
    #[error("found {found}, the exact method stops at {limit}")]
    TooLarge {
        /// Size of the input.
        found: usize,
        /// Largest size allowed.
        limit: usize,
    },
}

/// What every fallible statistic returns.
pub type Result<T> = std::result::Result<T, Error>;
