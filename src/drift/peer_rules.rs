//! Alarm rules that other tools use by default, so that a simulation can hold the monitor against them.
//!
//! They decide nothing in this program. Each looks at one batch alone and flags it or not.

use crate::statistics::binning::{deciding_edges, rows_per_bin};
use crate::statistics::jensen_shannon::distance;
use crate::statistics::ks::ks_statistic;
use crate::statistics::moments::Moments;
use crate::statistics::psi::psi_band;
use crate::statistics::wasserstein::wasserstein_sorted;

/// Deciles of the reference.
const BINS: usize = 10;
/// What replaces an empty share before a logarithm is taken.
const EMPTY_SHARE: f64 = 1e-4;
/// Normed Wasserstein distance at which a column is called drifted.
const WASSERSTEIN_LIMIT: f64 = 0.1;

/// The rules, in the order of [`PeerReference::flags`].
pub const PEER_RULES: [&str; 9] = [
    "KS p < 0.05 in any column",
    "KS Bonferroni 0.05/d in a batch",
    "KS Bonferroni 1/(d T), without memory",
    "half of the columns with W1/sd >= 0.1",
    "any column with W1/sd >= 0.1",
    "PSI > 0.2 in any column",
    "PSI > 0.1 in any column",
    "PSI > chi-square/n in any column",
    "JS > mean + 3 sd of reference chunks",
];

/// What the rules keep of the reference rows.
#[derive(Debug)]
pub struct PeerReference {
    columns: Vec<PeerColumn>,
    ks_limits: [f64; 3],
    psi_limit: f64,
}

#[derive(Debug)]
struct PeerColumn {
    sorted: Vec<f64>,
    edges: Vec<f64>,
    counts: Vec<u64>,
    deviation: f64,
    js_limit: f64,
}

impl PeerReference {
    /// Learns from reference `columns` (values in row order); batches of `rows` rows will follow, `batches` of them.
    pub fn learn(columns: &[Vec<f64>], rows: usize, batches: u32) -> Self {
        let d = columns.len().max(1) as f64;
        let m = columns.first().map_or(0, Vec::len);
        let scale = libm::sqrt(1.0 / rows.max(1) as f64 + 1.0 / m.max(1) as f64);
        // Smirnov's limit: the first term of Kolmogorov's series, which is all that counts at these levels.
        let limit = |level: f64| libm::sqrt(-0.5 * libm::log(0.5 * level)) * scale;
        Self {
            columns: columns.iter().map(|values| PeerColumn::learn(values, rows)).collect(),
            ks_limits: [0.05, 0.05 / d, 1.0 / (d * f64::from(batches))].map(limit),
            // The reference is taken as free of error, as that rule does.
            psi_limit: psi_band(0.05, (u64::MAX, rows as u64), BINS).unwrap_or(f64::INFINITY),
        }
    }

    /// Which rules flag this batch; its columns hold ascending values.
    pub fn flags(&self, batch: &[Vec<f64>]) -> [bool; PEER_RULES.len()] {
        let (mut ks, mut psi, mut js) = (0.0_f64, 0.0_f64, false);
        let mut moved = 0;
        for (column, values) in self.columns.iter().zip(batch) {
            let counts = rows_per_bin(&column.edges, values);
            ks = ks.max(ks_statistic(&column.sorted, values).unwrap_or(0.0));
            psi = psi.max(floored_psi(&column.counts, &counts));
            js |= distance(&column.counts, &counts).unwrap_or(0.0) > column.js_limit;
            let normed = wasserstein_sorted(&column.sorted, values) / column.deviation;
            moved += usize::from(normed >= WASSERSTEIN_LIMIT);
        }
        [
            ks > self.ks_limits[0],
            ks > self.ks_limits[1],
            ks > self.ks_limits[2],
            2 * moved >= self.columns.len(),
            moved > 0,
            psi > 0.2,
            psi > 0.1,
            psi > self.psi_limit,
            js,
        ]
    }
}

impl PeerColumn {
    fn learn(values: &[f64], rows: usize) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let edges = deciding_edges(sorted.as_slice(), BINS);
        let counts = rows_per_bin(&edges, &sorted);
        let chunks: Vec<f64> = values
            .chunks_exact(rows.max(1))
            .map(|chunk| distance(&counts, &rows_per_bin(&edges, chunk)).unwrap_or(0.0))
            .collect();
        let spread = Moments::of(&chunks);
        let deviation = Moments::of(&sorted).deviation(0).unwrap_or(1.0);
        let mean = chunks.iter().sum::<f64>() / chunks.len().max(1) as f64;
        let js_limit = mean + 3.0 * spread.deviation(0).unwrap_or(0.0);
        Self { sorted, edges, counts, deviation, js_limit }
    }
}

/// PSI with empty shares replaced by 10⁻⁴ and no smoothing.
fn floored_psi(reference: &[u64], batch: &[u64]) -> f64 {
    let shares = |counts: &[u64]| -> Vec<f64> {
        let rows = counts.iter().sum::<u64>().max(1) as f64;
        counts.iter().map(|&count| (count as f64 / rows).max(EMPTY_SHARE)).collect()
    };
    let pairs = shares(reference).into_iter().zip(shares(batch));
    pairs.map(|(r, b)| (b - r) * libm::log(b / r)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unmoved_column_is_quiet_and_a_gross_move_is_flagged_by_every_rule() {
        let column: Vec<f64> = (0..2_000).map(|i| f64::from((i * 7_919) % 2_000)).collect();
        let peers = PeerReference::learn(&[column], 500, 200);
        let same: Vec<f64> = (0..500).map(|i| f64::from(4 * i)).collect();
        let quiet = peers.flags(std::slice::from_ref(&same));
        assert!(quiet.iter().all(|flag| !flag), "{quiet:?}");
        let moved: Vec<f64> = same.iter().map(|value| value + 1_000.0).collect();
        let flagged = peers.flags(&[moved]);
        assert!(flagged.iter().all(|flag| *flag), "{flagged:?}");
    }

    #[test]
    fn the_first_limit_is_the_known_one() {
        let column: Vec<f64> = (0..5_000).map(f64::from).collect();
        let limit = PeerReference::learn(&[column], 500, 200).ks_limits[0];
        assert!((limit - 1.358 * (1.0_f64 / 500.0 + 1.0 / 5_000.0).sqrt()).abs() < 1e-4, "{limit}");
    }
}
