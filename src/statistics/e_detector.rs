//! E-detector: how much evidence is there that this series has left its tolerance, and since when?
//!
//! Every lane places a bet that cannot gain on average while the series stays within its tolerance; the stake is carried
//! from batch to batch and never falls below 1. If the weighted average over all series of a version reaches N, the
//! monitor alarms; the expected number of false alarms in T batches is then at most T/N, whatever the dependence between
//! series, whatever the batch sizes.
//!
//! ```text
//! log E_a = temper · Σ_k c_k ℓ_{a,k}                 evidence of one batch in lane a
//! log M_a ← log E_a + max(0, log M_a)                Page's CUSUM, started at −∞
//! log M   = log Σ_a v_a M_a                          the series; Σ_a v_a = 1
//! ```
//!
//! Source: Shin, Ramdas & Rinaldo 2024, *E-detectors: a nonparametric framework for sequential change detection*, NEJSDS,
//! section 2.3 (CUSUM form); Page 1954; plug-in lane: Waudby-Smith & Ramdas 2024. Range: −∞ (no evidence) upwards; larger
//! is worse. Assumes that every row counts once and that rows are independent given the past (declare clusters by
//! `temper`). Vectors: `tests/vectors/e_detector.json`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lanes::{LaneKind, named_lanes};
use super::score_card::score_card;

/// Sub-blocks of a batch, so that the learned lane can bet within the batch on what it saw earlier in it.
pub const SUB_BLOCKS: usize = 4;
/// Share of the stake of the learned lane where there are named lanes as well.
pub const LEARNED_WEIGHT: f64 = 0.3;
/// Rows per bin that the reference counts for in the learned alternative.
const PRIOR_ROWS_PER_BIN: f64 = 5.0;
/// Share of the learned counts that the next batch still sees.
const REMEMBERED: f64 = 0.7;

/// A named lane with its frozen score card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredLane {
    /// What it watches for.
    pub kind: LaneKind,
    /// Its distance, in multiples of the tolerance.
    pub strength: f64,
    /// Its share of the stake of the series.
    pub weight: f64,
    /// Its shares per bin.
    pub alternative: Vec<f64>,
    /// Its log score per bin, nats per row; all zeros if it lies within the tolerance.
    pub scores: Vec<f64>,
}

/// The frozen detector of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EDetector {
    /// Reference share per bin.
    pub reference: Vec<f64>,
    /// Total variation distance that is tolerated.
    pub tolerance: f64,
    /// Factor on all evidence: 1, or 1 / cluster size where rows come in clusters.
    pub temper: f64,
    /// The named lanes. One more lane, the learned one, follows them in every per-lane list.
    pub lanes: Vec<ScoredLane>,
}

/// Where the evidence of one series stands between two batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaneState {
    /// log M per lane, the learned lane last. −∞ = no evidence yet, written as `null`.
    #[serde(serialize_with = "write_logs", deserialize_with = "read_logs")]
    pub log_m: Vec<f64>,
    /// Rows per bin the learned lane remembers.
    pub learned_counts: Vec<f64>,
}

/// What one batch did to one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// log E of this batch per lane, the learned lane last.
    pub log_e: Vec<f64>,
    /// log M after this batch per lane, the learned lane last.
    pub log_m: Vec<f64>,
    /// log Σ v_a E_a: the evidence of this batch alone.
    pub series_log_e: f64,
    /// log Σ v_a M_a: the evidence up to and with this batch.
    pub series_log_m: f64,
}

impl EDetector {
    /// Freezes the detector of a series with these reference shares.
    ///
    /// The named lanes share 0.7 of the stake and the learned lane has 0.3; if no named lane exists, the learned lane has
    /// it all. `ordered`: the bins are ranges of a number, in order.
    ///
    /// ```
    /// use driftledger::statistics::e_detector::EDetector;
    /// let detector = EDetector::freeze(&[0.25; 4], 0.05, true, 1.0);
    /// let mut state = detector.start();
    /// let counts = vec![vec![10, 10, 40, 40]; 4];
    /// assert!(detector.step(&mut state, &counts).series_log_m > 20.0_f64.ln());
    /// ```
    pub fn freeze(reference: &[f64], tolerance: f64, ordered: bool, temper: f64) -> Self {
        let lanes = named_lanes(reference, tolerance, ordered).into_iter().map(|lane| ScoredLane {
            kind: lane.kind,
            strength: lane.strength,
            weight: (1.0 - LEARNED_WEIGHT) * lane.weight,
            scores: score_card(&lane.alternative, reference, tolerance),
            alternative: lane.alternative,
        });
        Self { reference: reference.to_vec(), tolerance, temper, lanes: lanes.collect() }
    }

    /// Share of the stake of the learned lane.
    pub fn learned_weight(&self) -> f64 {
        if self.lanes.is_empty() { 1.0 } else { LEARNED_WEIGHT }
    }

    /// The state before the first batch, and after every reset.
    pub fn start(&self) -> LaneState {
        LaneState {
            log_m: vec![f64::NEG_INFINITY; self.lanes.len() + 1],
            learned_counts: vec![0.0; self.reference.len()],
        }
    }

    /// Takes one batch: [`SUB_BLOCKS`] rows of counts per bin, in order of arrival.
    ///
    /// A batch without rows is neutral (E = 1): log M becomes max(0, log M), as the recursion says.
    ///
    /// # Panics
    ///
    /// If `counts` or `state` were made for another detector (other number of bins or lanes).
    pub fn step(&self, state: &mut LaneState, counts: &[Vec<u64>]) -> Step {
        assert_eq!(state.log_m.len(), self.lanes.len() + 1, "state of another detector");
        let totals = self.summed(counts);
        let mut log_e: Vec<f64> =
            self.lanes.iter().map(|lane| self.temper * evidence(&lane.scores, &totals)).collect();
        log_e.push(self.learn(&mut state.learned_counts, counts, self.tolerance));
        for remembered in &mut state.learned_counts {
            *remembered *= REMEMBERED;
        }
        for (log_m, log_e) in state.log_m.iter_mut().zip(&log_e) {
            *log_m = log_e + log_m.max(0.0);
        }
        Step {
            series_log_e: self.weighted(&log_e),
            series_log_m: self.weighted(&state.log_m),
            log_m: state.log_m.clone(),
            log_e,
        }
    }

    /// The evidence of one batch against another tolerance, with the stakes of this detector: log of the weighted average
    /// e-value of `alternatives` (the shares of the named lanes, in their order) and of the learned lane.
    ///
    /// `past_learned` are the learned counts *before* the batch. Inverting it over the tolerance gives the lower limit of
    /// [`super::limits::tv_lower`].
    ///
    /// # Panics
    ///
    /// If `counts` or `past_learned` were made for another number of bins.
    pub fn batch_log_e_at(
        &self,
        past_learned: &[f64],
        counts: &[Vec<u64>],
        alternatives: &[Vec<f64>],
        tolerance: f64,
    ) -> f64 {
        let totals = self.summed(counts);
        let mut log_e: Vec<f64> = alternatives
            .iter()
            .map(|alternative| score_card(alternative, &self.reference, tolerance))
            .map(|scores| self.temper * evidence(&scores, &totals))
            .collect();
        log_e.push(self.learn(&mut past_learned.to_vec(), counts, tolerance));
        self.weighted(&log_e)
    }

    /// log Σ_a v_a exp(values_a) over the named lanes and the learned lane.
    fn weighted(&self, values: &[f64]) -> f64 {
        let weights = self.lanes.iter().map(|lane| lane.weight).chain([self.learned_weight()]);
        let terms: Vec<f64> = weights.zip(values).map(|(w, value)| libm::log(w) + value).collect();
        log_sum_exp(&terms)
    }

    /// log E of the learned lane: each sub-block is scored by what came before it, then added to `seen`.
    fn learn(&self, seen: &mut [f64], counts: &[Vec<u64>], tolerance: f64) -> f64 {
        assert_eq!(seen.len(), self.reference.len(), "learned counts of other bins");
        let prior = PRIOR_ROWS_PER_BIN * self.reference.len() as f64;
        let mut log_e = 0.0;
        for block in counts {
            let rows: f64 = seen.iter().sum::<f64>() + prior;
            let smoothed = seen.iter().zip(&self.reference).map(|(c, p)| (c + prior * p) / rows);
            let alternative: Vec<f64> = smoothed.collect();
            let scores = score_card(&alternative, &self.reference, tolerance);
            let block: Vec<f64> = block.iter().map(|&count| count as f64).collect();
            log_e += self.temper * evidence(&scores, &block);
            for (seen, count) in seen.iter_mut().zip(&block) {
                *seen += count;
            }
        }
        log_e
    }

    /// Rows per bin of the whole batch.
    fn summed(&self, counts: &[Vec<u64>]) -> Vec<f64> {
        let mut totals = vec![0_u64; self.reference.len()];
        for block in counts {
            assert_eq!(block.len(), totals.len(), "counts of other bins");
            for (total, count) in totals.iter_mut().zip(block) {
                *total += count;
            }
        }
        totals.iter().map(|&count| count as f64).collect()
    }
}

/// Σ_k c_k ℓ_k, in bin order.
fn evidence(scores: &[f64], counts: &[f64]) -> f64 {
    scores.iter().zip(counts).map(|(score, count)| score * count).sum()
}

/// log Σ exp(values), summed in the order given; −∞ for no values.
///
/// ```
/// use driftledger::statistics::e_detector::log_sum_exp;
/// assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
/// assert!((log_sum_exp(&[1000.0, 1000.0]) - 1000.0 - 2.0_f64.ln()).abs() < 1e-12);
/// ```
pub fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    largest + libm::log(values.iter().map(|value| libm::exp(value - largest)).sum())
}

fn write_logs<S: Serializer>(logs: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(logs.iter().map(|log| log.is_finite().then_some(*log)))
}

fn read_logs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let logs = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(logs.into_iter().map(|log| log.unwrap_or(f64::NEG_INFINITY)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ over all count vectors of `rows` rows of P(counts) · f(counts).
    fn expectation(truth: &[f64; 3], rows: u64, f: impl Fn(&[u64; 3]) -> f64) -> f64 {
        let factorial = |n: u64| (1..=n).map(|i| i as f64).product::<f64>();
        let power = |base: f64, n: u64| (0..n).fold(1.0, |product, _| product * base);
        let mut mean = 0.0;
        for a in 0..=rows {
            for b in 0..=rows - a {
                let c = rows - a - b;
                let ways = factorial(rows) / (factorial(a) * factorial(b) * factorial(c));
                let chance = power(truth[0], a) * power(truth[1], b) * power(truth[2], c);
                mean += ways * chance * f(&[a, b, c]);
            }
        }
        mean
    }

    /// The corners of the tolerance ball: all of δ taken from one bin and given to another.
    fn corners(reference: &[f64; 3], tolerance: f64) -> Vec<[f64; 3]> {
        let mut corners = vec![*reference];
        for (from, to) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
            let mut corner = *reference;
            corner[from] -= tolerance;
            corner[to] += tolerance;
            corners.push(corner);
        }
        corners
    }

    #[test]
    fn by_complete_enumeration_no_lane_gains_within_the_tolerance() {
        let (reference, tolerance) = ([0.2, 0.3, 0.5], 0.05);
        for ordered in [true, false] {
            let detector = EDetector::freeze(&reference, tolerance, ordered, 1.0);
            for lane in detector.lanes.iter().filter(|lane| lane.scores != [0.0; 3]) {
                for rows in 1..=6 {
                    let mean = |truth: &[f64; 3]| {
                        expectation(truth, rows, |counts| {
                            let counts = counts.map(|count| count as f64);
                            libm::exp(evidence(&lane.scores, &counts))
                        })
                    };
                    let means = corners(&reference, tolerance).iter().map(mean).collect::<Vec<_>>();
                    let worst = means.iter().copied().fold(0.0, f64::max);
                    assert!((worst - 1.0).abs() < 1e-12, "{:?} {rows}: {worst}", lane.kind);
                }
            }
        }
    }

    #[test]
    fn by_complete_enumeration_the_whole_series_gains_nothing_within_the_tolerance() {
        let (reference, tolerance) = ([0.2, 0.3, 0.5], 0.05);
        let detector = EDetector::freeze(&reference, tolerance, true, 1.0);
        let mut learned = detector.start();
        learned.learned_counts = vec![40.0, 10.0, 10.0];
        for truth in corners(&reference, tolerance) {
            let mean = expectation(&truth, 3, |first| {
                expectation(&truth, 3, |second| {
                    let none = vec![0, 0, 0];
                    let counts = vec![first.to_vec(), none.clone(), second.to_vec(), none];
                    libm::exp(detector.step(&mut learned.clone(), &counts).series_log_e)
                })
            });
            assert!(mean <= 1.0 + 1e-12, "{truth:?}: {mean}");
        }
    }

    #[test]
    fn a_batch_without_rows_is_neutral() {
        let detector = EDetector::freeze(&[0.25; 4], 0.05, true, 1.0);
        let mut state = detector.start();
        let step = detector.step(&mut state, &vec![vec![0; 4]; SUB_BLOCKS]);
        assert!(step.log_m.iter().all(|log| *log == 0.0), "{step:?}");
        assert!(step.series_log_e.abs() < 1e-15 && step.series_log_m.abs() < 1e-15);
    }

    #[test]
    fn a_series_without_named_lane_bets_on_the_learned_one() {
        let detector = EDetector::freeze(&[0.5, 0.5], 0.4, false, 1.0);
        assert!(detector.lanes.is_empty());
        assert_eq!(detector.learned_weight(), 1.0);
        let step = detector.step(&mut detector.start(), &vec![vec![3, 1]; SUB_BLOCKS]);
        assert!(step.series_log_m.is_finite());
    }

    #[test]
    fn a_state_survives_json_and_no_evidence_is_null() {
        let detector = EDetector::freeze(&[0.5, 0.5], 0.05, false, 1.0);
        let mut state = detector.start();
        let text = serde_json::to_string(&state).unwrap();
        assert!(text.contains("null"), "{text}");
        assert_eq!(serde_json::from_str::<LaneState>(&text).unwrap(), state);
        detector.step(&mut state, &vec![vec![7, 1]; SUB_BLOCKS]);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<LaneState>(&text).unwrap(), state);
    }

    #[test]
    fn tempering_scales_the_evidence() {
        let whole = EDetector::freeze(&[0.5, 0.5], 0.05, false, 1.0);
        let half = EDetector::freeze(&[0.5, 0.5], 0.05, false, 0.5);
        let counts = vec![vec![9, 2]; SUB_BLOCKS];
        let whole = whole.step(&mut whole.start(), &counts);
        let half = half.step(&mut half.start(), &counts);
        for (whole, half) in whole.log_e.iter().zip(&half.log_e) {
            assert!((whole * 0.5 - half).abs() < 1e-12);
        }
    }

    #[test]
    fn the_evidence_at_the_own_tolerance_is_the_evidence_of_the_step() {
        let detector = EDetector::freeze(&[0.1, 0.2, 0.3, 0.4], 0.03, true, 1.0);
        let counts = vec![vec![9, 2, 3, 4], vec![8, 8, 1, 1], vec![5, 5, 5, 5], vec![9, 1, 1, 1]];
        let mut state = detector.start();
        let alternatives: Vec<_> = detector.lanes.iter().map(|l| l.alternative.clone()).collect();
        let before = state.learned_counts.clone();
        let step = detector.step(&mut state, &counts);
        let again = detector.batch_log_e_at(&before, &counts, &alternatives, 0.03);
        assert_eq!(step.series_log_e.to_bits(), again.to_bits());
    }
}
