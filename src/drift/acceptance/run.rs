//! A test run: the counts of one file held against the plan that was in force before it.

use super::count::{Counts, GroupCounts};
use super::plan::{
    AcceptanceCriteria, Criterion, CriterionScope, JudgedBy, LimitSide, SmallGroups,
};
use super::words::run_sentence;
use crate::digest;
use crate::drift::performance::figures::{Figure, FigureName, Figures};
use crate::drift::performance::rule::{Task, class_name};
use crate::drift::performance::tally::Tally;
use crate::drift::{Error, Result};
use serde::{Deserialize, Serialize};

/// Identifies the format of a test run.
pub const RUN_FORMAT: &str = "driftledger/test-run/v1";

/// What a test run is about and what it was computed with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunContext {
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// Id of the plan it was for.
    pub plan_id: String,
    /// Ledger entry of that plan, before that of this run.
    pub plan_entry: u64,
    /// SHA-256 of that plan.
    pub plan_sha256: String,
    /// SHA-256 of the file.
    pub file_sha256: String,
    /// Rows of the file.
    pub rows: u64,
    /// SHA-256 over the digests of row ids and labels: the same rows in the same order have the same.
    pub rows_sha256: String,
    /// Columns in which the file is the test set of the plan; empty where the plan names none.
    pub matched: Vec<String>,
    /// How often these rows were tested under this plan, this run included: beyond 1, the model or the choice of run may follow
    /// the test.
    pub look: u64,
    /// How often they were tested under any plan of the version, this run included.
    pub look_in_all: u64,
    /// What is predicted.
    pub task: Task,
    /// Largest error that is within specification, where the policy states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_limit: Option<f64>,
    /// Version of the program.
    pub engine: String,
}

/// One group of rows: its counts, and the figures made from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GroupFigures {
    /// The counts.
    #[serde(flatten)]
    pub counts: GroupCounts,
    /// Figures with intervals at the confidence of the plan.
    pub figures: Figures,
}

/// What came of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CriterionOutcome {
    /// It holds.
    Met,
    /// It does not hold.
    NotMet,
    /// Nobody can say.
    NotEvaluated,
}

impl CriterionOutcome {
    /// The words used on pages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::NotEvaluated => "not evaluated",
        }
    }
}

/// One criterion over one group of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GroupVerdict {
    /// The group; none for all rows, and for the rows where the column is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Rows of the group with label and prediction.
    pub rows: u64,
    /// The figure, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
    /// What came of it.
    pub outcome: CriterionOutcome,
    /// Whether it counts for the criterion.
    pub counts: bool,
    /// Why, where it is not met or not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl GroupVerdict {
    /// The group in words: `all rows`, a value of the column, or `missing`.
    pub fn group_words(&self, criterion: &Criterion) -> String {
        match (&criterion.scope, &self.group) {
            (CriterionScope::Overall, _) => "all rows".to_owned(),
            (CriterionScope::Subgroups { column, .. }, Some(group)) => format!("{column} {group}"),
            (CriterionScope::Subgroups { column, .. }, None) => format!("{column} missing"),
        }
    }
}

/// One criterion of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CriterionVerdict {
    /// The criterion, as the plan has it.
    pub criterion: Criterion,
    /// What came of it.
    pub outcome: CriterionOutcome,
    /// Group by group; one line where it is over all rows.
    pub groups: Vec<GroupVerdict>,
}

/// A test run, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestRun {
    /// Always [`RUN_FORMAT`].
    pub format: String,
    /// What it is about.
    pub context: RunContext,
    /// All rows first, then the groups of each subgroup column.
    pub groups: Vec<GroupFigures>,
    /// The criteria, in the order of the plan.
    pub criteria: Vec<CriterionVerdict>,
    /// Whether every criterion is met.
    pub meets: bool,
    /// What it says, in one sentence.
    pub sentence: String,
}

impl TestRun {
    /// Holds `groups` against `plan`. Pure: the same input gives the same bits.
    pub fn judge(context: RunContext, groups: Vec<GroupCounts>, plan: &AcceptanceCriteria) -> Self {
        let groups: Vec<GroupFigures> =
            groups.into_iter().map(|counts| figures(counts, &context, plan.confidence)).collect();
        let criteria: Vec<CriterionVerdict> = plan
            .criteria
            .iter()
            .map(|criterion| verdict(criterion, &groups, plan, &context))
            .collect();
        let mut run = Self {
            format: RUN_FORMAT.to_owned(),
            meets: criteria.iter().all(|criterion| criterion.outcome == CriterionOutcome::Met),
            context,
            groups,
            criteria,
            sentence: String::new(),
        };
        run.sentence = run_sentence(&run);
        run
    }

    /// Judges the same counts again.
    #[must_use]
    pub fn recompute(&self, plan: &AcceptanceCriteria) -> Self {
        let counts = self.groups.iter().map(|group| group.counts.clone()).collect();
        Self::judge(self.context.clone(), counts, plan)
    }

    /// How `counts` differ from what this run holds; `None` where they are the same.
    pub fn unlike(&self, counts: &Counts) -> Option<&'static str> {
        let same_groups = self.groups.iter().map(|group| &group.counts).eq(&counts.groups);
        if self.context.rows != counts.rows {
            Some("the number of rows")
        } else if self.context.rows_sha256 != counts.rows_sha256 {
            Some("row ids and labels")
        } else if self.context.matched != counts.matched {
            Some("the columns of the test set")
        } else if !same_groups {
            Some("the counts")
        } else {
            None
        }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        digest::canonical_json(self).map_err(Error::from)
    }
}

fn figures(counts: GroupCounts, context: &RunContext, confidence: f64) -> GroupFigures {
    let tally = &counts.tally;
    let mut figures = Figures::tested(tally, &context.task, context.error_limit, confidence);
    if tally.scores.is_none() {
        // Scores of a subgroup are counted where a criterion needs them.
        figures.not_evaluated.retain(|none| !is_of_scores(none.name));
    }
    GroupFigures { counts, figures }
}

fn is_of_scores(name: FigureName) -> bool {
    matches!(name, FigureName::Auc | FigureName::BrierScore)
}

fn verdict(
    criterion: &Criterion,
    groups: &[GroupFigures],
    plan: &AcceptanceCriteria,
    context: &RunContext,
) -> CriterionVerdict {
    let (column, rows_min, small) = match &criterion.scope {
        CriterionScope::Overall => (None, plan.rows_min, SmallGroups::Needed),
        CriterionScope::Subgroups { column, rows_min, small_groups } => {
            (Some(column.as_str()), *rows_min, *small_groups)
        }
    };
    let left_out = too_many_left_out(criterion, groups, plan, context);
    let of_scope = groups.iter().filter(|group| group.counts.column.as_deref() == column);
    let lines: Vec<GroupVerdict> = of_scope
        .map(|group| {
            let rows = compared(&group.counts.tally);
            let few = rows < rows_min;
            let reason = left_out.clone().or_else(|| {
                few.then(|| {
                    let s = if rows == 1 { "" } else { "s" };
                    format!("{rows} row{s}, at least {rows_min} are needed")
                })
            });
            let counts = !few || small == SmallGroups::Needed;
            judged(criterion, group, (rows, counts), reason)
        })
        .collect();
    let counting = || lines.iter().filter(|line| line.counts);
    let outcome = if counting().any(|line| line.outcome == CriterionOutcome::NotMet) {
        CriterionOutcome::NotMet
    } else if counting().count() == 0
        || counting().any(|line| line.outcome != CriterionOutcome::Met)
    {
        CriterionOutcome::NotEvaluated
    } else {
        CriterionOutcome::Met
    };
    CriterionVerdict { criterion: criterion.clone(), outcome, groups: lines }
}

/// Rows with a label and a prediction that can be compared.
fn compared(tally: &Tally) -> u64 {
    tally.labelled.saturating_sub(tally.without_prediction)
}

/// Why nothing is said of a criterion: more rows than the plan allows have nothing to say it with.
fn too_many_left_out(
    criterion: &Criterion,
    groups: &[GroupFigures],
    plan: &AcceptanceCriteria,
    context: &RunContext,
) -> Option<String> {
    let tally = &groups.first()?.counts.tally;
    let (used, lacking) = match &tally.scores {
        Some(scores) if criterion.is_of_scores() => {
            (scores.rows(), "label, prediction or score from 0 to 1")
        }
        _ => (compared(tally), "label or prediction that can be compared"),
    };
    let left_out = context.rows.saturating_sub(used);
    let allowed = plan.rows_left_out_max;
    (left_out > allowed).then(|| {
        let rows = if left_out == 1 { "row has" } else { "rows have" };
        format!("{left_out} {rows} no {lacking}, the plan allows {allowed}")
    })
}

fn judged(
    criterion: &Criterion,
    group: &GroupFigures,
    (rows, counts): (u64, bool),
    reason: Option<String>,
) -> GroupVerdict {
    let class = criterion.class.as_deref().map(class_name);
    let figure = group.figures.about(criterion.metric, class.as_deref()).cloned();
    let (outcome, reason) = match (reason, &figure) {
        (Some(reason), _) => (CriterionOutcome::NotEvaluated, Some(reason)),
        (None, None) => (CriterionOutcome::NotEvaluated, Some(why_none(criterion, group))),
        (None, Some(figure)) => held(criterion, figure),
    };
    let group = group.counts.group.clone();
    GroupVerdict { group, rows, figure, outcome, counts, reason }
}

fn why_none(criterion: &Criterion, group: &GroupFigures) -> String {
    let class = criterion.class.as_deref().map(class_name);
    let mut none = group.figures.not_evaluated.iter();
    let found = none.find(|none| none.name == criterion.metric && none.class == class);
    found.map_or_else(|| "it was not computed".to_owned(), |none| none.reason.clone())
}

fn held(criterion: &Criterion, figure: &Figure) -> (CriterionOutcome, Option<String>) {
    let (value, what) = match (criterion.judged_by, figure.interval, criterion.direction) {
        (JudgedBy::Value, ..) => (figure.value, "the figure"),
        (JudgedBy::Bound, None, _) => {
            let reason = "too few rows for an interval, and its bound must reach the limit";
            return (CriterionOutcome::NotEvaluated, Some(reason.to_owned()));
        }
        (JudgedBy::Bound, Some([lower, _]), LimitSide::AtLeast) => (lower, "the lower bound"),
        (JudgedBy::Bound, Some([_, upper]), LimitSide::AtMost) => (upper, "the upper bound"),
    };
    let (holds, side) = match criterion.direction {
        LimitSide::AtLeast => (value >= criterion.limit, "below"),
        LimitSide::AtMost => (value <= criterion.limit, "above"),
    };
    if holds {
        return (CriterionOutcome::Met, None);
    }
    (CriterionOutcome::NotMet, Some(format!("{what} is {side} the limit")))
}
