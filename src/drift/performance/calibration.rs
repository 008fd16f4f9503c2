//! Calibration of one cohort: do rows with score s have the event in a share s of cases?

use super::figures::CONFIDENCE;
use super::tally::{SCORE_BINS, ScoreTally};
use crate::statistics::brier_score::brier_score;
use crate::statistics::calibration_error::{CalibrationError, calibration_error};
use crate::statistics::intervals::{Interval, clopper_pearson, wilson};
use crate::statistics::logit_recalibration::{LogitRecalibration, logit_recalibration};
use serde::{Deserialize, Serialize};

/// One bin of scores, observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BinRate {
    /// Scores from here, included.
    pub from: f64,
    /// Scores up to here; included in the last bin only.
    pub to: f64,
    /// Labelled rows.
    pub rows: u64,
    /// Mean score.
    pub mean_score: f64,
    /// Share of rows with the event.
    pub rate: f64,
    /// Its exact 95 % interval.
    #[schema(value_type = Vec<f64>)]
    pub interval: [f64; 2],
    /// Wilson's 95 % interval, for charts.
    #[schema(value_type = Vec<f64>)]
    pub chart: [f64; 2],
}

/// The calibration of one cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Calibration {
    /// Labelled rows with a score.
    pub rows: u64,
    /// Mean of (score − event)²; 0 is best.
    pub brier: Interval,
    /// Expected calibration error with what chance alone would show.
    pub error: CalibrationError,
    /// Whether the error lies within what chance alone would show.
    pub verified: bool,
    /// The recalibration line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalibration: Option<LogitRecalibration>,
    /// Why there is no line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_recalibration: Option<String>,
    /// Rates per bin of scores that holds rows.
    pub bins: Vec<BinRate>,
    /// Whether scores were rounded to 1/1024 because there were too many distinct ones.
    pub rounded: bool,
}

impl Calibration {
    /// The calibration of the labelled rows in `scores`; none without such rows.
    pub fn of(scores: &ScoreTally) -> Option<Self> {
        let counted = scores.bins();
        let error = calibration_error(&counted).ok()?;
        let bins = counted.iter().enumerate().filter_map(|(index, bin)| {
            let interval = clopper_pearson(bin.events, bin.rows, CONFIDENCE).ok()?;
            let chart = wilson(bin.events, bin.rows, CONFIDENCE).ok()?;
            Some(BinRate {
                from: index as f64 / SCORE_BINS as f64,
                to: (index + 1) as f64 / SCORE_BINS as f64,
                rows: bin.rows,
                mean_score: bin.score_sum / bin.rows as f64,
                rate: interval.estimate,
                interval: [interval.lower, interval.upper],
                chart: [chart.lower, chart.upper],
            })
        });
        let line = logit_recalibration(&scores.scores, &scores.without, &scores.with, CONFIDENCE);
        let brier = brier_score(&scores.scores, &scores.without, &scores.with, CONFIDENCE).ok()?;
        Some(Self {
            rows: scores.rows(),
            brier,
            verified: error.estimate <= error.null_band[1],
            error,
            no_recalibration: line.as_ref().err().map(|_| no_line(scores).to_owned()),
            recalibration: line.ok(),
            bins: bins.collect(),
            rounded: scores.rounded,
        })
    }
}

fn no_line(scores: &ScoreTally) -> &'static str {
    let (without, with) = (scores.without.iter().sum::<u64>(), scores.with.iter().sum::<u64>());
    if without == 0 || with == 0 {
        "all labelled rows have the same outcome"
    } else if scores.scores.len() < 2 {
        "all scores are equal"
    } else {
        "a score separates the outcomes completely"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> ScoreTally {
        ScoreTally {
            scores: vec![0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97, 1.0],
            without: vec![180, 85, 60, 40, 30, 15, 12, 4, 0],
            with: vec![6, 12, 18, 30, 28, 35, 60, 90, 5],
            ..ScoreTally::default()
        }
    }

    #[test]
    fn brier_score_and_bins_as_scikit_learn_has_them() {
        let found = Calibration::of(&tally()).unwrap();
        assert!((found.brier.estimate - BRIER).abs() < 1e-12, "{:?}", found.brier);
        assert!((found.error.estimate - ERROR).abs() < 1e-12, "{:?}", found.error);
        assert!(found.brier.lower < BRIER && BRIER < found.brier.upper);
        let rates: Vec<f64> = found.bins.iter().map(|bin| bin.rate).collect();
        for (rate, expected) in rates.iter().zip(RATES) {
            assert!((rate - expected).abs() < 1e-12, "{rates:?}");
        }
        assert_eq!((found.bins.len(), found.rows), (RATES.len(), 710));
        let slope = found.recalibration.unwrap().slope;
        assert!(slope.lower < 1.0 && slope.estimate > 0.8, "{slope:?}");
    }

    // scikit-learn 1.9.1: brier_score_loss; NumPy 2.4.6: rates and Σ w |rate − mean score| of ten bins [a, b)
    const BRIER: f64 = 0.123_819_859_154_929_59;
    const ERROR: f64 = 0.039_478_873_239_436_65;
    const RATES: [f64; 7] = [
        0.032_258_064_516_129_03,
        0.123_711_340_206_185_57,
        0.230_769_230_769_230_78,
        0.428_571_428_571_428_55,
        0.482_758_620_689_655_2,
        0.7,
        0.906_432_748_538_011_7,
    ];

    #[test]
    fn without_a_line_there_is_a_reason() {
        let one = ScoreTally {
            scores: vec![0.5],
            without: vec![3],
            with: vec![2],
            ..ScoreTally::default()
        };
        let found = Calibration::of(&one).unwrap();
        assert_eq!(found.no_recalibration.as_deref(), Some("all scores are equal"));
        let separated = ScoreTally {
            scores: vec![0.1, 0.9],
            without: vec![3, 0],
            with: vec![0, 4],
            ..ScoreTally::default()
        };
        let found = Calibration::of(&separated).unwrap();
        assert!(found.no_recalibration.unwrap().contains("separates"));
        assert!(Calibration::of(&ScoreTally::default()).is_none());
    }
}
