//! Figures of performance with their intervals, computed from the counts of a cohort.
//!
//! Shares have two intervals: the exact one (Clopper–Pearson) for claims and Wilson's for charts. F1 has the exact interval
//! of tp/(tp + fp + fn), of which it is a rising function. AUC has DeLong's. Figures of sums (mean error, R²) have a
//! delete-a-group jackknife over groups of row ids.

use super::rule::Task;
use super::tally::{ErrorSums, Outcomes, Tally};
use crate::statistics::brier_score::brier_score;
use crate::statistics::delong::delong_counts;
use crate::statistics::group_jackknife::group_jackknife;
use crate::statistics::intervals::{clopper_pearson, wilson};
use serde::{Deserialize, Serialize};

/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;
/// Classes with figures of their own, at most.
pub(crate) const CLASSES_MAX: usize = 20;

/// Which figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FigureName {
    /// Share of right predictions.
    Accuracy,
    /// Share of wrong predictions.
    ErrorRate,
    /// Share of the class that is predicted as such.
    Sensitivity,
    /// Share of the other classes that is not predicted as this class.
    Specificity,
    /// Share of the predictions of the class that is right.
    Precision,
    /// Share of the predictions of another class that is right about it.
    NegativePredictiveValue,
    /// 2 tp/(2 tp + fp + fn).
    F1,
    /// Area under the receiver operating characteristic.
    Auc,
    /// Mean of |prediction − label|.
    MeanAbsoluteError,
    /// Root of the mean of (prediction − label)².
    RootMeanSquareError,
    /// Mean of prediction − label.
    Bias,
    /// 1 − Σ(prediction − label)²/Σ(label − mean label)².
    RSquared,
    /// Share of rows whose error is beyond the error limit.
    OutOfSpecification,
    /// Mean of (score − event)²; only in test runs, where cohorts have it in their calibration.
    BrierScore,
}

impl FigureName {
    /// The words used on pages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::ErrorRate => "error rate",
            Self::Sensitivity => "sensitivity",
            Self::Specificity => "specificity",
            Self::Precision => "precision (positive predictive value)",
            Self::NegativePredictiveValue => "negative predictive value",
            Self::F1 => "F1",
            Self::Auc => "AUC",
            Self::MeanAbsoluteError => "mean absolute error",
            Self::RootMeanSquareError => "root mean square error",
            Self::Bias => "bias (mean error)",
            Self::RSquared => "R²",
            Self::OutOfSpecification => "out of specification",
            Self::BrierScore => "Brier score",
        }
    }

    /// Whether it is a share of rows, to be read in percent.
    pub fn is_share(self) -> bool {
        !matches!(
            self,
            Self::MeanAbsoluteError
                | Self::RootMeanSquareError
                | Self::Bias
                | Self::RSquared
                | Self::Auc
                | Self::F1
                | Self::BrierScore
        )
    }
}

/// Where an interval comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// Exact, for claims.
    ClopperPearson,
    /// DeLong.
    Delong,
    /// Delete-a-group jackknife.
    GroupJackknife,
    /// Normal interval of a mean.
    Normal,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figure {
    /// Which.
    pub name: FigureName,
    /// The class it is about, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The figure.
    pub value: f64,
    /// Its interval: 95 %, in a test run at the confidence of the acceptance plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<f64>>)]
    pub interval: Option<[f64; 2]>,
    /// Where the interval comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<IntervalMethod>,
    /// Wilson's interval of a share at the same confidence, for charts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<f64>>)]
    pub chart: Option<[f64; 2]>,
    /// Rows it is a share or mean of.
    pub rows: u64,
}

/// A figure that could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NoFigure {
    /// Which.
    pub name: FigureName,
    /// The class it is about, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Why.
    pub reason: String,
}

/// Figures, and those that could not be computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figures {
    /// Computed.
    pub figures: Vec<Figure>,
    /// Not computed, with the reason.
    pub not_evaluated: Vec<NoFigure>,
}

impl Figures {
    /// The figures of `tally`, whose version predicts `task`, with 95 % intervals.
    pub fn of(tally: &Tally, task: &Task, error_limit: Option<f64>) -> Self {
        Maker::told(tally, task, error_limit, CONFIDENCE).found
    }

    /// The figures of a test run: the same at `confidence`, and the Brier score.
    pub fn tested(tally: &Tally, task: &Task, error_limit: Option<f64>, confidence: f64) -> Self {
        let mut maker = Maker::told(tally, task, error_limit, confidence);
        if *task != Task::Number {
            maker.brier(tally);
        }
        maker.found
    }

    /// The figure `name` that is about no class in particular.
    pub fn get(&self, name: FigureName) -> Option<&Figure> {
        self.about(name, None)
    }

    /// The figure `name` about `class`.
    pub fn about(&self, name: FigureName, class: Option<&str>) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name && figure.class.as_deref() == class)
    }
}

/// Figures on their way, all with intervals of one confidence.
struct Maker {
    found: Figures,
    confidence: f64,
}

impl Maker {
    fn told(tally: &Tally, task: &Task, error_limit: Option<f64>, confidence: f64) -> Self {
        let mut found = Self { found: Figures::default(), confidence };
        match (&tally.outcomes, task) {
            (Outcomes::Numbers { groups, .. }, _) => found.numbers(groups, error_limit),
            (Outcomes::Classes { .. }, Task::Binary { positive, .. }) => {
                found.right_and_wrong(tally);
                found.class(tally, positive, None);
                found.auc(tally);
            }
            (Outcomes::Classes { .. }, _) => {
                found.right_and_wrong(tally);
                for class in task.classes().iter().take(CLASSES_MAX) {
                    found.class(tally, class, Some(class));
                }
            }
        }
        found
    }

    fn right_and_wrong(&mut self, tally: &Tally) {
        let [right, wrong] = tally.right_wrong();
        self.share(FigureName::Accuracy, None, (right, right + wrong), "no labelled row");
        self.share(FigureName::ErrorRate, None, (wrong, right + wrong), "no labelled row");
    }

    fn class(&mut self, tally: &Tally, class: &str, named: Option<&String>) {
        let Outcomes::Classes { pairs, further } = &tally.outcomes else { return };
        if *further != [0, 0] {
            for name in [FigureName::Sensitivity, FigureName::Precision, FigureName::F1] {
                let reason = "there are too many classes to count every pair of them".to_owned();
                self.none(name, named, reason);
            }
            return;
        }
        let count = |labelled: bool, predicted: bool| -> u64 {
            let wanted = pairs.iter().filter(|pair| {
                (pair.label == class) == labelled && (pair.prediction == class) == predicted
            });
            wanted.map(|pair| pair.rows).sum()
        };
        let (tp, missed) = (count(true, true), count(true, false));
        let (fp, tn) = (count(false, true), count(false, false));
        let said = |what: &str| format!("no row is {what} `{class}`");
        self.share(FigureName::Sensitivity, named, (tp, tp + missed), &said("labelled"));
        self.share(FigureName::Precision, named, (tp, tp + fp), &said("predicted as"));
        if named.is_none() {
            self.share(FigureName::Specificity, named, (tn, tn + fp), &said("labelled other than"));
            let negative = FigureName::NegativePredictiveValue;
            self.share(negative, named, (tn, tn + missed), &said("predicted other than"));
        }
        self.f1(named, tp, tp + fp + missed, &said("labelled or predicted as"));
    }

    fn share(&mut self, name: FigureName, class: Option<&String>, of: (u64, u64), why: &str) {
        let (part, rows) = of;
        match (clopper_pearson(part, rows, self.confidence), wilson(part, rows, self.confidence)) {
            (Ok(exact), Ok(score)) => self.found.figures.push(Figure {
                name,
                class: class.cloned(),
                value: exact.estimate,
                interval: Some([exact.lower, exact.upper]),
                method: Some(IntervalMethod::ClopperPearson),
                chart: Some([score.lower, score.upper]),
                rows,
            }),
            _ => self.none(name, class, why.to_owned()),
        }
    }

    /// F1 = 2π/(1 + π), π = tp/(tp + fp + fn).
    fn f1(&mut self, class: Option<&String>, tp: u64, rows: u64, why: &str) {
        let rising = |share: f64| 2.0 * share / (1.0 + share);
        match clopper_pearson(tp, rows, self.confidence) {
            Ok(exact) => self.found.figures.push(Figure {
                name: FigureName::F1,
                class: class.cloned(),
                value: rising(exact.estimate),
                interval: Some([rising(exact.lower), rising(exact.upper)]),
                method: Some(IntervalMethod::ClopperPearson),
                chart: None,
                rows,
            }),
            Err(_) => self.none(FigureName::F1, class, why.to_owned()),
        }
    }

    fn auc(&mut self, tally: &Tally) {
        let Some(scores) = &tally.scores else {
            self.none(FigureName::Auc, None, "the version has no score".to_owned());
            return;
        };
        let Ok(found) = delong_counts(&scores.without, &scores.with, self.confidence) else {
            let reason = "fewer than two scored rows of one of the classes".to_owned();
            self.none(FigureName::Auc, None, reason);
            return;
        };
        self.found.figures.push(Figure {
            name: FigureName::Auc,
            class: None,
            value: found.estimate,
            interval: Some([found.lower, found.upper]),
            method: Some(IntervalMethod::Delong),
            chart: None,
            rows: scores.rows(),
        });
    }

    fn brier(&mut self, tally: &Tally) {
        let name = FigureName::BrierScore;
        let Some(scores) = &tally.scores else {
            self.none(name, None, "the version has no score".to_owned());
            return;
        };
        match brier_score(&scores.scores, &scores.without, &scores.with, self.confidence) {
            Ok(found) => self.found.figures.push(Figure {
                name,
                class: None,
                value: found.estimate,
                interval: Some([found.lower, found.upper]),
                method: Some(IntervalMethod::Normal),
                chart: None,
                rows: scores.rows(),
            }),
            Err(_) => self.none(name, None, "no labelled row has a score".to_owned()),
        }
    }

    fn none(&mut self, name: FigureName, class: Option<&String>, reason: String) {
        self.found.not_evaluated.push(NoFigure { name, class: class.cloned(), reason });
    }

    fn numbers(&mut self, groups: &[ErrorSums], error_limit: Option<f64>) {
        let whole = sum(groups.iter());
        for name in [
            FigureName::MeanAbsoluteError,
            FigureName::RootMeanSquareError,
            FigureName::Bias,
            FigureName::RSquared,
        ] {
            match of_sums(name, &whole) {
                Some(value) => {
                    let figure = jackknifed((name, value), groups, whole.rows, self.confidence);
                    self.found.figures.push(figure);
                }
                None if whole.rows == 0 => self.none(name, None, "no labelled row".to_owned()),
                None => self.none(name, None, "all labels are equal".to_owned()),
            }
        }
        let name = FigureName::OutOfSpecification;
        if error_limit.is_some() {
            self.share(name, None, (whole.out_of_specification, whole.rows), "no labelled row");
        } else {
            self.none(name, None, "the policy declares no error_limit".to_owned());
        }
    }
}

fn sum<'a>(groups: impl Iterator<Item = &'a ErrorSums>) -> ErrorSums {
    groups.fold(ErrorSums::default(), |a, b| ErrorSums {
        rows: a.rows + b.rows,
        error: a.error + b.error,
        absolute: a.absolute + b.absolute,
        square: a.square + b.square,
        label: a.label + b.label,
        label_square: a.label_square + b.label_square,
        out_of_specification: a.out_of_specification + b.out_of_specification,
    })
}

fn of_sums(name: FigureName, sums: &ErrorSums) -> Option<f64> {
    let rows = sums.rows as f64;
    if sums.rows == 0 {
        return None;
    }
    Some(match name {
        FigureName::MeanAbsoluteError => sums.absolute / rows,
        FigureName::RootMeanSquareError => libm::sqrt(sums.square / rows),
        FigureName::Bias => sums.error / rows,
        _ => {
            let spread = sums.label_square - sums.label * sums.label / rows;
            if spread <= 1e-12 * sums.label_square || sums.rows < 2 {
                return None;
            }
            1.0 - sums.square / spread
        }
    })
}

fn jackknifed(
    (name, value): (FigureName, f64),
    groups: &[ErrorSums],
    rows: u64,
    confidence: f64,
) -> Figure {
    let held: Vec<usize> = (0..groups.len()).filter(|&g| groups[g].rows > 0).collect();
    let without: Option<Vec<f64>> = held
        .iter()
        .map(|&left_out| {
            let kept = held.iter().filter(|&&g| g != left_out).map(|&g| &groups[g]);
            of_sums(name, &sum(kept))
        })
        .collect();
    let interval = without.and_then(|without| group_jackknife(value, &without, confidence).ok());
    let floor = match name {
        FigureName::MeanAbsoluteError | FigureName::RootMeanSquareError => 0.0,
        _ => f64::NEG_INFINITY,
    };
    Figure {
        name,
        class: None,
        value,
        interval: interval.map(|found| [found.lower.max(floor), found.upper]),
        method: interval.map(|_| IntervalMethod::GroupJackknife),
        chart: None,
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::super::teller::{BatchRow, GROUPS, RowLabel, Teller};
    use super::*;

    fn told(task: &Task, limit: Option<f64>, rows: &[(&str, Option<&str>, &str)]) -> Tally {
        let mut teller = Teller::new(task, limit, true);
        for (index, (prediction, score, label)) in rows.iter().enumerate() {
            let row = BatchRow { prediction: Some(prediction), score: *score };
            teller.row(row);
            let label = RowLabel {
                first: (*label).to_owned(),
                in_force: (*label).to_owned(),
                conflicting: false,
                corrected: false,
                group: index % GROUPS,
            };
            teller.label(row, &label);
        }
        teller.finish()
    }

    fn binary() -> Task {
        Task::Binary { positive: "1".to_owned(), classes: vec!["0".to_owned(), "1".to_owned()] }
    }

    fn values(figures: &Figures, expected: &[(FigureName, f64)]) {
        for (name, expected) in expected {
            let found = figures.get(*name).unwrap_or_else(|| panic!("{name:?}")).value;
            assert!((found - expected).abs() < 1e-12, "{name:?}: {found} instead of {expected}");
        }
    }

    #[test]
    fn two_classes_as_scikit_learn_has_them() {
        let rows: Vec<(&str, Option<&str>, &str)> = BINARY
            .iter()
            .map(|(score, label)| {
                let positive = score.parse::<f64>().unwrap() >= 0.5;
                (if positive { "1" } else { "0" }, Some(*score), *label)
            })
            .collect();
        let found = Figures::of(&told(&binary(), None, &rows), &binary(), None);
        values(
            &found,
            &[
                (FigureName::Accuracy, 0.65),
                (FigureName::ErrorRate, 0.35),
                (FigureName::Sensitivity, 0.6),
                (FigureName::Specificity, 0.7),
                (FigureName::Precision, 2.0 / 3.0),
                (FigureName::NegativePredictiveValue, 7.0 / 11.0),
                (FigureName::F1, 0.631_578_947_368_421_1),
                (FigureName::Auc, 0.69),
            ],
        );
        // scipy 1.17.1: binomtest(13, 20).proportion_ci(0.95, "exact" and "wilson")
        let accuracy = found.get(FigureName::Accuracy).unwrap();
        let [lower, upper] = accuracy.interval.unwrap();
        assert!((lower - 0.407_811_465_467_171_8).abs() < 1e-9, "{lower}");
        assert!((upper - 0.846_090_795_215_458_8).abs() < 1e-9, "{upper}");
        let [lower, upper] = accuracy.chart.unwrap();
        assert!(
            (lower - 0.432_854_276_685_236_3).abs() < 1e-9
                && (upper - 0.818_808_175_898_917_9).abs() < 1e-9,
            "{lower} {upper}"
        );
        assert!(found.not_evaluated.is_empty());
    }

    /// Score and label; scikit-learn 1.9.1 and NumPy give the figures above.
    const BINARY: [(&str, &str); 20] = [
        ("0.9", "1"),
        ("0.8", "1"),
        ("0.7", "0"),
        ("0.6", "1"),
        ("0.55", "1"),
        ("0.54", "0"),
        ("0.53", "0"),
        ("0.52", "1"),
        ("0.505", "1"),
        ("0.4", "1"),
        ("0.39", "0"),
        ("0.38", "0"),
        ("0.37", "1"),
        ("0.36", "0"),
        ("0.35", "0"),
        ("0.34", "1"),
        ("0.33", "0"),
        ("0.3", "1"),
        ("0.2", "0"),
        ("0.1", "0"),
    ];

    #[test]
    fn several_classes_have_figures_of_their_own() {
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let task = Task::Multiclass { classes };
        let rows = [
            ("a", None, "a"),
            ("b", None, "a"),
            ("b", None, "b"),
            ("a", None, "b"),
            ("a", None, "a"),
        ];
        let found = Figures::of(&told(&task, None, &rows), &task, None);
        values(&found, &[(FigureName::Accuracy, 0.6)]);
        let of = |name, class: &str| {
            found.figures.iter().find(|f| f.name == name && f.class.as_deref() == Some(class))
        };
        assert_eq!(of(FigureName::Sensitivity, "a").unwrap().value, 2.0 / 3.0);
        assert_eq!(of(FigureName::Precision, "b").unwrap().value, 0.5);
        assert!(of(FigureName::Sensitivity, "c").is_none());
        let missing: Vec<&str> = found.not_evaluated.iter().map(|n| n.reason.as_str()).collect();
        assert_eq!(missing.len(), 3, "{missing:?}");
        assert!(missing[0].contains("labelled `c`"), "{missing:?}");
    }

    #[test]
    fn numbers_as_scikit_learn_has_them() {
        let rows: Vec<(String, String)> = (0..200_u32)
            .map(|i| {
                let label = f64::from(i * 37 % 101) / 10.0;
                (format!("{}", label + f64::from(i * 53 % 17) / 10.0 - 0.7), format!("{label}"))
            })
            .collect();
        let rows: Vec<(&str, Option<&str>, &str)> =
            rows.iter().map(|(p, l)| (p.as_str(), None, l.as_str())).collect();
        let found = Figures::of(&told(&Task::Number, Some(0.75), &rows), &Task::Number, Some(0.75));
        for (name, expected) in NUMBERS {
            let figure = found.get(name).unwrap();
            assert!((figure.value - expected).abs() < 1e-9, "{name:?}: {}", figure.value);
            let [lower, upper] = figure.interval.unwrap();
            assert!(lower < expected && expected < upper, "{name:?}");
        }
        assert_eq!(
            found.get(FigureName::OutOfSpecification).unwrap().method,
            Some(IntervalMethod::ClopperPearson)
        );
        let found = Figures::of(&told(&Task::Number, None, &rows[..5]), &Task::Number, None);
        assert!(found.get(FigureName::Bias).unwrap().interval.is_none());
        assert_eq!(found.not_evaluated.len(), 1);
    }

    const NUMBERS: [(FigureName, f64); 5] = [
        (FigureName::MeanAbsoluteError, 0.428),
        (FigureName::RootMeanSquareError, 0.498_998_997_994_986_04),
        (FigureName::Bias, 0.092),
        (FigureName::RSquared, 0.970_872_865_644_162),
        (FigureName::OutOfSpecification, 0.115),
    ];

    #[test]
    fn without_labels_every_figure_says_why() {
        let task = binary();
        let found = Figures::of(&Teller::new(&task, None, true).finish(), &task, None);
        assert!(found.figures.is_empty() && found.not_evaluated.len() == 8, "{found:?}");
        let none = Teller::new(&Task::Number, None, false).finish();
        assert_eq!(Figures::of(&none, &Task::Number, None).not_evaluated.len(), 5);
        let equal = told(&Task::Number, None, &[("1", None, "2"), ("2", None, "2")]);
        let found = Figures::of(&equal, &Task::Number, None);
        assert!(found.get(FigureName::RSquared).is_none() && found.get(FigureName::Bias).is_some());
    }
}
