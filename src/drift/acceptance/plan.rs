//! The acceptance plan: which figure must reach which limit, on which rows, how surely. Fixed before any test run.

use crate::dataset::fingerprint::Fingerprint;
use crate::dataset::schema::TableSchema;
use crate::digest;
use crate::drift::performance::figures::{CLASSES_MAX, CONFIDENCE, FigureName};
use crate::drift::performance::rule::{PerformanceRule, Predicted, Task, class_name};
use crate::drift::reference::Reference;
use crate::drift::{Error, Result};
use crate::provenance::registration::{Dataset, DatasetRole, Registration};
use serde::{Deserialize, Serialize};

/// Identifies the format of an acceptance plan.
pub const PLAN_FORMAT: &str = "driftledger/acceptance-plan/v1";
/// Criteria of one plan, at most.
const CRITERIA_MAX: usize = 50;
/// Subgroup columns of one plan, at most.
const COLUMNS_MAX: usize = 10;

/// The acceptance plan: what a test run must show, and on which rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceCriteria {
    /// Always [`PLAN_FORMAT`].
    pub format: String,
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// Why these criteria are right for the intended use.
    pub rationale: String,
    /// The rows the model is tested on; without it, any rows with labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_set: Option<TestSet>,
    /// Rows a test run has, at least.
    #[serde(default = "rows_min")]
    pub rows_min: u64,
    /// Rows of a test run without a label, a prediction or (where a criterion needs it) a score that can be used, at most: a
    /// model must not be tested on the rows it happens to answer.
    #[serde(default)]
    pub rows_left_out_max: u64,
    /// Confidence of every interval, two-sided.
    #[serde(default = "confidence")]
    pub confidence: f64,
    /// Column of the true outcome; without it, the one the version's schema declares, else `label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What must hold; all of it.
    pub criteria: Vec<Criterion>,
}

fn rows_min() -> u64 {
    30
}

fn confidence() -> f64 {
    CONFIDENCE
}

/// The rows the model is tested on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "known", rename_all = "snake_case", deny_unknown_fields)]
pub enum TestSet {
    /// A dataset that the version is registered with, in the role `test`.
    Registered {
        /// Its `tdh1` digest.
        table: String,
    },
    /// A dataset whose digests are given here.
    Given {
        /// Its digests.
        fingerprint: Box<Fingerprint>,
    },
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Which figure.
    pub metric: FigureName,
    /// The class it is about, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Over which rows.
    #[serde(default)]
    pub scope: CriterionScope,
    /// On which side of the limit it must be.
    pub direction: LimitSide,
    /// The limit itself satisfies.
    pub limit: f64,
    /// What must be there: the figure, or the bound of its interval.
    pub judged_by: JudgedBy,
    /// How good the process is that the model replaces, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

/// Over which rows a criterion is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "rows", rename_all = "snake_case", deny_unknown_fields)]
pub enum CriterionScope {
    /// All of them.
    #[default]
    Overall,
    /// Each group of rows with one value of a column by itself; every group must meet it.
    Subgroups {
        /// The column.
        column: String,
        /// Rows a group has, at least.
        #[serde(default = "rows_min")]
        rows_min: u64,
        /// What becomes of a smaller group.
        #[serde(default)]
        small_groups: SmallGroups,
    },
}

/// What becomes of a group with too few rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmallGroups {
    /// The criterion cannot be met: more rows of that group are needed.
    #[default]
    Needed,
    /// It is shown and does not count.
    LeftOut,
}

/// On which side of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitSide {
    /// ≥.
    AtLeast,
    /// ≤.
    AtMost,
}

/// What is held against the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JudgedBy {
    /// The bound of the interval that is nearer to failing.
    Bound,
    /// The figure, whatever its interval.
    Value,
}

/// How good something else is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The same figure of the process replaced.
    pub value: f64,
    /// Where that is known from.
    pub source: String,
}

/// What a plan is held against: the documents of its version.
#[derive(Clone, Copy, Debug)]
pub struct Registered<'a> {
    /// Registration.
    pub registration: &'a Registration,
    /// Reference in force.
    pub reference: &'a Reference,
    /// How labels are evaluated.
    pub rule: &'a PerformanceRule,
}

impl Registered<'_> {
    /// What the version predicts.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] without a prediction column.
    pub fn predicted(&self) -> Result<Predicted> {
        Predicted::of(&self.registration.schema, self.reference, self.rule)
    }
}

fn refuse<T>(detail: String) -> Result<T> {
    Err(Error::Mismatch { what: "acceptance plan", detail })
}

impl AcceptanceCriteria {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Checks a plan against the version it is for.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] naming what does not fit.
    pub fn validate(&self, version: Registered<'_>) -> Result<()> {
        let registration = version.registration;
        if self.format != PLAN_FORMAT {
            return refuse(format!("found format `{}`, expected `{PLAN_FORMAT}`", self.format));
        }
        if (&self.model, &self.version) != (&registration.model, &registration.version) {
            let (model, number) = (&registration.model, &registration.version);
            return refuse(format!(
                "it is of `{}` version `{}`, not of `{model}` version `{number}`",
                self.model, self.version
            ));
        }
        if self.rationale.trim().is_empty() {
            return refuse("it has no rationale; say why these limits fit the use".to_owned());
        }
        if !(0.5..1.0).contains(&self.confidence) {
            return refuse(format!(
                "confidence is {}, expected 0.5 or more and less than 1",
                self.confidence
            ));
        }
        if self.criteria.is_empty() || self.criteria.len() > CRITERIA_MAX {
            let found = self.criteria.len();
            return refuse(format!("it has {found} criteria, expected 1 to {CRITERIA_MAX}"));
        }
        if self.subgroups().len() > COLUMNS_MAX {
            let found = self.subgroups().len();
            return refuse(format!("it has {found} subgroup columns, at most {COLUMNS_MAX}"));
        }
        self.test_set(&registration.datasets)?;
        let predicted = version.predicted()?;
        for (index, criterion) in self.criteria.iter().enumerate() {
            if self.criteria[..index].contains(criterion) {
                return refuse(format!("criterion {} stands twice", index + 1));
            }
            criterion.validate(index + 1, &predicted, version.rule.error_limit)?;
        }
        Ok(())
    }

    /// The digests of the test set among the `datasets` of the registration, or as given; `None` where the plan names none.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when the version is not registered with it as a test set, or its digests do not fold.
    pub fn test_set<'a>(&'a self, datasets: &'a [Dataset]) -> Result<Option<&'a Fingerprint>> {
        match &self.test_set {
            None => Ok(None),
            Some(TestSet::Registered { table }) => {
                let is_it = |dataset: &&Dataset| {
                    dataset.role == DatasetRole::Test && dataset.fingerprint.table.table == *table
                };
                match datasets.iter().find(is_it) {
                    Some(dataset) => Ok(Some(&dataset.fingerprint)),
                    None => refuse(format!(
                        "the version is registered with no test dataset `{table}`; give its digests in the plan"
                    )),
                }
            }
            Some(TestSet::Given { fingerprint }) => {
                let table = &fingerprint.table;
                match table.first_that_does_not_fold() {
                    Some(what) => refuse(format!(
                        "of the test set, {what} does not follow from the digests below it"
                    )),
                    None if fingerprint.rows != table.rows => {
                        refuse("the test set states two numbers of rows".to_owned())
                    }
                    None => Ok(Some(fingerprint)),
                }
            }
        }
    }

    /// The subgroup columns, each once, in the order of the criteria.
    pub fn subgroups(&self) -> Vec<&str> {
        let mut columns = Vec::new();
        for criterion in &self.criteria {
            if let CriterionScope::Subgroups { column, .. } = &criterion.scope
                && !columns.contains(&column.as_str())
            {
                columns.push(column.as_str());
            }
        }
        columns
    }

    /// Whether a criterion over `column` (over all rows without one) needs scores.
    pub fn needs_scores(&self, column: Option<&str>) -> bool {
        self.criteria.iter().any(|criterion| {
            let over = match &criterion.scope {
                CriterionScope::Overall => None,
                CriterionScope::Subgroups { column, .. } => Some(column.as_str()),
            };
            over == column && criterion.is_of_scores()
        })
    }

    /// The column of the true outcome.
    pub fn label_column<'a>(&'a self, schema: &'a TableSchema) -> &'a str {
        let declared = || schema.first_of(crate::dataset::schema::Role::Label);
        self.label
            .as_deref()
            .or_else(|| declared().map(|column| column.name.as_str()))
            .unwrap_or("label")
    }
}

impl Criterion {
    /// Whether the figure is made from scores.
    pub fn is_of_scores(&self) -> bool {
        matches!(self.metric, FigureName::Auc | FigureName::BrierScore)
    }

    fn validate(
        &self,
        number: usize,
        predicted: &Predicted,
        error_limit: Option<f64>,
    ) -> Result<()> {
        let said = |detail: String| refuse(format!("criterion {number}: {detail}"));
        let words = self.metric.words();
        let fits = match &predicted.task {
            Task::Binary { .. } => self.class.is_none() && is_of_classes(self.metric),
            Task::Multiclass { classes } => self.fits_classes(classes),
            Task::Number => self.class.is_none() && is_of_numbers(self.metric),
        };
        if !fits {
            return said(format!(
                "{words}{} is not computed for a version that predicts {}",
                self.class.as_ref().map(|class| format!(" of `{class}`")).unwrap_or_default(),
                task_words(&predicted.task)
            ));
        }
        if self.is_of_scores() && predicted.score.is_none() {
            return said(format!("{words} needs a column of role score, which the schema lacks"));
        }
        if self.metric == FigureName::OutOfSpecification && error_limit.is_none() {
            return said("the policy declares no error_limit".to_owned());
        }
        if !self.limit.is_finite() || self.baseline.as_ref().is_some_and(|b| !b.value.is_finite()) {
            return said("limit or baseline is not a number".to_owned());
        }
        if let CriterionScope::Subgroups { column, .. } = &self.scope
            && (column.is_empty()
                || *column == predicted.prediction.name
                || predicted.ids.iter().any(|id| id.name == *column))
        {
            return said(format!("`{column}` cannot tell subgroups apart"));
        }
        Ok(())
    }

    fn fits_classes(&self, classes: &[String]) -> bool {
        use FigureName::{Accuracy, BrierScore, ErrorRate, F1, Precision, Sensitivity};
        match (&self.class, self.metric) {
            (None, Accuracy | ErrorRate | BrierScore) => true,
            (Some(class), Sensitivity | Precision | F1) => {
                classes.iter().take(CLASSES_MAX).any(|known| *known == class_name(class))
            }
            _ => false,
        }
    }
}

fn is_of_numbers(metric: FigureName) -> bool {
    use FigureName::{Bias, MeanAbsoluteError, OutOfSpecification, RSquared, RootMeanSquareError};
    matches!(metric, MeanAbsoluteError | RootMeanSquareError | Bias | RSquared | OutOfSpecification)
}

fn is_of_classes(metric: FigureName) -> bool {
    !is_of_numbers(metric)
}

fn task_words(task: &Task) -> &'static str {
    match task {
        Task::Binary { .. } => "one of two classes",
        Task::Multiclass { .. } => "one of several classes",
        Task::Number => "a number",
    }
}
