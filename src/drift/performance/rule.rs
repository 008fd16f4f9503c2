//! What the policy declares about labels, and what a version predicts.

use crate::dataset::bins::FeatureBins;
use crate::dataset::row_ids::id_columns;
use crate::dataset::schema::{Column, Kind, Role, TableSchema};
use crate::drift::reference::Reference;
use crate::drift::{Error, Result};
use crate::statistics::rate_detector::RateDetector;
use crate::statistics::tolerance::reference_error;
use serde::{Deserialize, Serialize};

/// How labels are evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PerformanceRule {
    /// Days after the end of a batch's period until its labels are due; before that, performance is not told.
    #[serde(default)]
    pub label_delay_days: u32,
    /// Labelled rows below which performance is not told.
    #[serde(default = "labels_min")]
    pub labels_min: u64,
    /// Share of labelled rows below which figures are provisional and give no evidence: labels that arrive first are not a
    /// random sample. Lower it only where the labelled rows are drawn at random.
    #[serde(default = "completeness_min")]
    pub completeness_min: f64,
    /// The class that a binary score is the probability of; without it `1` (true), else the last class in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Largest |prediction − label| that is within specification; only where a number is predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_limit: Option<f64>,
    /// When the error rate raises an alert; without it, it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<ErrorAlarm>,
    /// When disagreement in review raises an alert; without it, it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_alarm: Option<ErrorAlarm>,
}

fn labels_min() -> u64 {
    30
}

fn completeness_min() -> f64 {
    0.9
}

/// When the error rate raises an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorAlarm {
    /// Wrong predictions among the rows that the reference error rate was measured on.
    pub reference_errors: u64,
    /// These rows: labelled and not used to fit the model.
    pub reference_rows: u64,
    /// How much higher the error rate may be, absolute, from the risk of the intended use.
    pub tolerance: f64,
    /// Share of the alarm budget; the series of the batches share the rest.
    #[serde(default = "share")]
    pub share: f64,
}

fn share() -> f64 {
    ErrorAlarm::SHARE
}

impl Default for PerformanceRule {
    fn default() -> Self {
        Self {
            label_delay_days: 0,
            labels_min: labels_min(),
            completeness_min: completeness_min(),
            positive: None,
            error_limit: None,
            alarm: None,
            review_alarm: None,
        }
    }
}

impl ErrorAlarm {
    /// Share of the alarm budget where nobody says another.
    pub const SHARE: f64 = 0.15;

    /// The detector: δ is the declared tolerance, or the reference's own error ε_m where that is larger.
    pub fn detector(&self) -> RateDetector {
        let rows = self.reference_rows.max(1) as f64;
        // An error never seen in m rows is rare, not impossible.
        let reference = (self.reference_errors as f64 / rows).max(0.5 / rows);
        let own_error =
            reference_error(&[1.0 - reference, reference], self.reference_rows, [0; 32]);
        RateDetector::freeze(reference, self.tolerance.max(own_error).min(0.999))
    }

    fn validate(&self) -> Result<()> {
        let refuse = |detail: String| Err(Error::Mismatch { what: "performance policy", detail });
        if self.reference_rows == 0 || self.reference_errors > self.reference_rows {
            let (errors, rows) = (self.reference_errors, self.reference_rows);
            return refuse(format!("it states {errors} reference errors in {rows} reference rows"));
        }
        for (name, value, top) in [("tolerance", self.tolerance, 1.0), ("share", self.share, 0.9)] {
            if !(value > 0.0 && value < top) {
                return refuse(format!(
                    "{name} is {value}, expected more than 0 and less than {top}"
                ));
            }
        }
        if self.detector().limit() >= 0.99 {
            return refuse(
                "reference error rate and tolerance together leave nothing to detect".to_owned(),
            );
        }
        Ok(())
    }
}

impl PerformanceRule {
    /// When the labels of a batch that ended at `end` are due; `None` beyond the end of time.
    pub fn due(&self, end: jiff::Timestamp) -> Option<jiff::Timestamp> {
        end.checked_add(jiff::SignedDuration::from_hours(24 * i64::from(self.label_delay_days)))
            .ok()
    }

    /// Whether nothing was declared.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Share of the alarm budget that error rate and disagreement have.
    pub fn alarm_share(&self) -> f64 {
        [&self.alarm, &self.review_alarm].into_iter().flatten().map(|alarm| alarm.share).sum()
    }

    /// Checks a rule that came from outside against the `schema` of its version.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] naming what is missing or out of range.
    pub fn validate(&self, schema: &TableSchema) -> Result<()> {
        let refuse = |detail: String| Err(Error::Mismatch { what: "performance policy", detail });
        if id_columns(schema).is_empty() {
            return refuse(
                "the schema declares no id column, so labels cannot be joined".to_owned(),
            );
        }
        if schema.first_of(Role::Prediction).is_none() {
            return refuse(
                "the schema declares no prediction column, so there is nothing to compare labels with"
                    .to_owned(),
            );
        }
        if !(0.0..=1.0).contains(&self.completeness_min) {
            let found = self.completeness_min;
            return refuse(format!("completeness_min is {found}, expected 0 to 1"));
        }
        if self.error_limit.is_some_and(|limit| limit.is_nan() || limit < 0.0) {
            return refuse("error_limit is not a number of 0 or more".to_owned());
        }
        let number =
            schema.first_of(Role::Prediction).is_some_and(|c| c.kind.is_some_and(Kind::is_ordered));
        if number && self.alarm.is_some() && self.error_limit.is_none() {
            return refuse(
                "an alarm on predicted numbers needs error_limit: which error is out of specification"
                    .to_owned(),
            );
        }
        if number && self.review_alarm.is_some() {
            return refuse("predicted numbers are not reviewed; leave review_alarm out".to_owned());
        }
        if self.alarm_share() >= 0.9 {
            return refuse(format!("share is {}, together less than 0.9", self.alarm_share()));
        }
        let alarms = [&self.alarm, &self.review_alarm];
        alarms.into_iter().flatten().try_for_each(ErrorAlarm::validate)
    }
}

/// What a version predicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// One of two classes; a score is the probability of `positive`.
    Binary {
        /// The class that scores are about.
        positive: String,
        /// The classes that the reference predicts, in order.
        classes: Vec<String>,
    },
    /// One of several classes; a score is the confidence that the class is right.
    Multiclass {
        /// The classes that the reference predicts, in order.
        classes: Vec<String>,
    },
    /// A number.
    Number,
}

impl Task {
    /// The classes that the reference predicts; none for numbers.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Binary { classes, .. } | Self::Multiclass { classes } => classes,
            Self::Number => &[],
        }
    }
}

/// The columns that performance is computed from, and what is predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// The columns that identify a row together.
    pub ids: Vec<Column>,
    /// Prediction.
    pub prediction: Column,
    /// Score, if there is one.
    pub score: Option<Column>,
    /// What is predicted.
    pub task: Task,
}

impl Predicted {
    /// What the version of `schema` and `reference` predicts, under `rule`.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] without a prediction column.
    pub fn of(schema: &TableSchema, reference: &Reference, rule: &PerformanceRule) -> Result<Self> {
        let prediction =
            schema.first_of(Role::Prediction).cloned().ok_or_else(|| Error::Mismatch {
                what: "schema",
                detail: "it declares no prediction column".to_owned(),
            })?;
        let named = id_columns(schema);
        let ids = schema.columns.iter().filter(|c| named.contains(&c.name)).cloned().collect();
        let score = schema.first_of(Role::Score).cloned();
        let task = match prediction.kind {
            Some(kind) if kind.is_ordered() => Task::Number,
            kind => {
                let classes = classes_of(reference, &prediction.name);
                match (kind, binary_positive(&classes, rule)) {
                    (Some(Kind::Binary), Some(positive)) => Task::Binary { positive, classes },
                    _ => Task::Multiclass { classes },
                }
            }
        };
        Ok(Self { ids, prediction, score, task })
    }
}

fn classes_of(reference: &Reference, prediction: &str) -> Vec<String> {
    let feature = reference.features.iter().find(|feature| feature.feature == prediction);
    let mut classes: Vec<String> = match feature.map(|feature| &feature.bins) {
        Some(FeatureBins::Levels { levels, rare, .. }) => {
            levels.iter().chain(rare).map(|class| class_name(class)).collect()
        }
        _ => Vec::new(),
    };
    classes.sort();
    classes.dedup();
    classes
}

fn binary_positive(classes: &[String], rule: &PerformanceRule) -> Option<String> {
    match &rule.positive {
        Some(positive) => Some(class_name(positive)),
        None if classes.iter().any(|class| class == "1") => Some("1".to_owned()),
        None => classes.last().cloned(),
    }
}

/// One spelling for one class: `true`, `1` and `1.0` are `1`; `false`, `0` and `0.0` are `0`; other whole numbers lose their
/// `.0`.
///
/// ```
/// use driftledger::drift::performance::rule::class_name;
/// assert_eq!((class_name("True"), class_name("3.0"), class_name("sick")), ("1".into(), "3".into(), "sick".into()));
/// ```
pub fn class_name(text: &str) -> String {
    match text {
        "true" | "True" | "TRUE" => "1".to_owned(),
        "false" | "False" | "FALSE" => "0".to_owned(),
        _ => match text.strip_suffix(".0") {
            Some(whole) if whole.parse::<i64>().is_ok() => whole.to_owned(),
            _ => text.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::schema::ValueType;

    fn schema(kind: Kind, value_type: ValueType) -> TableSchema {
        let column = |name: &str, role, kind, value_type| Column {
            name: name.to_owned(),
            role,
            value_type,
            kind,
            unit: None,
            range: None,
            null_tokens: Vec::new(),
        };
        TableSchema::new(vec![
            column("row", Role::Id, None, ValueType::Text),
            column("answer", Role::Prediction, Some(kind), value_type),
        ])
    }

    fn alarm() -> ErrorAlarm {
        ErrorAlarm { reference_errors: 20, reference_rows: 1_000, tolerance: 0.02, share: 0.15 }
    }

    #[test]
    fn the_tolerance_is_never_below_the_error_of_the_reference() {
        assert!(alarm().detector().tolerance == 0.02);
        let small = ErrorAlarm { reference_rows: 100, reference_errors: 2, ..alarm() };
        assert!(small.detector().tolerance > 0.04, "{:?}", small.detector());
        let none = ErrorAlarm { reference_errors: 0, ..alarm() }.detector();
        assert!(none.reference > 0.0 && !none.rates.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let classes = schema(Kind::Binary, ValueType::Bool);
        let numbers = schema(Kind::Continuous, ValueType::Float);
        let rule = |alarm| PerformanceRule { alarm: Some(alarm), ..PerformanceRule::default() };
        assert!(rule(alarm()).validate(&classes).is_ok());
        let said = |rule: PerformanceRule, schema| rule.validate(schema).unwrap_err().to_string();
        assert!(said(rule(alarm()), &numbers).contains("error_limit"));
        let limited = PerformanceRule { error_limit: Some(2.0), ..rule(alarm()) };
        assert!(limited.validate(&numbers).is_ok());
        let wrong = ErrorAlarm { reference_errors: 2_000, ..alarm() };
        assert!(said(rule(wrong), &classes).contains("2000 reference errors"));
        let wrong = ErrorAlarm { share: 1.0, ..alarm() };
        assert!(said(rule(wrong), &classes).contains("share is 1"));
        let both = PerformanceRule { review_alarm: Some(alarm()), ..rule(alarm()) };
        assert!(both.validate(&classes).is_ok() && (both.alarm_share() - 0.3).abs() < 1e-12);
        assert!(said(both.clone(), &numbers).contains("error_limit"));
        let reviewed = PerformanceRule { alarm: None, ..both.clone() };
        assert!(said(reviewed, &numbers).contains("not reviewed"));
        let greedy = ErrorAlarm { share: 0.8, ..alarm() };
        let greedy = PerformanceRule { review_alarm: Some(greedy), ..both };
        assert!(said(greedy, &classes).contains("together less than 0.9"));
        let nothing = TableSchema::new(classes.columns[1..].to_vec());
        assert!(said(PerformanceRule::default(), &nothing).contains("no id column"));
        let half = PerformanceRule { completeness_min: 1.5, ..PerformanceRule::default() };
        assert!(said(half, &classes).contains("completeness_min"));
    }

    #[test]
    fn classes_have_one_spelling() {
        for (text, name) in
            [("TRUE", "1"), ("0.0", "0"), ("-2.0", "-2"), ("1.50", "1.50"), ("a.0", "a.0")]
        {
            assert_eq!(class_name(text), name);
        }
    }
}
