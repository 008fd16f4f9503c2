//! Plans and test runs in words.

use super::plan::{Criterion, CriterionScope, JudgedBy, LimitSide, SmallGroups};
use super::run::{CriterionOutcome, TestRun};
use crate::drift::performance::figures::FigureName;

/// A value of the figure `name`: shares in percent with two decimals, others with four, without zeros at the end.
///
/// ```
/// use driftledger::drift::acceptance::words::value_words;
/// use driftledger::drift::performance::figures::FigureName;
/// assert_eq!(value_words(FigureName::Sensitivity, 0.975), "97.5 %");
/// assert_eq!(value_words(FigureName::Auc, 0.98994), "0.9899");
/// ```
pub fn value_words(name: FigureName, value: f64) -> String {
    let short = |text: String| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if name.is_share() {
        return format!("{} %", short(format!("{:.2}", 100.0 * value)));
    }
    short(format!("{value:.4}"))
}

/// The figure a criterion is about, with its class.
pub fn metric_words(criterion: &Criterion) -> String {
    let class = criterion.class.as_ref().map(|class| format!(" of `{class}`")).unwrap_or_default();
    format!("{}{class}", criterion.metric.words())
}

/// The limit of a criterion: `at least 90.0 %, by the bound of its interval`.
pub fn limit_words(criterion: &Criterion) -> String {
    let side = match criterion.direction {
        LimitSide::AtLeast => "at least",
        LimitSide::AtMost => "at most",
    };
    let by = match criterion.judged_by {
        JudgedBy::Bound => "the bound of the interval",
        JudgedBy::Value => "the figure itself",
    };
    format!("{side} {}, by {by}", value_words(criterion.metric, criterion.limit))
}

/// The same for a narrow column: `≥ 90 %, bound`.
pub fn short_limit_words(criterion: &Criterion) -> String {
    let side = match criterion.direction {
        LimitSide::AtLeast => "≥",
        LimitSide::AtMost => "≤",
    };
    let by = match criterion.judged_by {
        JudgedBy::Bound => "bound",
        JudgedBy::Value => "value",
    };
    format!("{side} {}, {by}", value_words(criterion.metric, criterion.limit))
}

/// Over which rows a criterion is.
pub fn scope_words(criterion: &Criterion) -> String {
    match &criterion.scope {
        CriterionScope::Overall => "all rows".to_owned(),
        CriterionScope::Subgroups { column, rows_min, small_groups } => {
            let smaller = match small_groups {
                SmallGroups::Needed => "all needed",
                SmallGroups::LeftOut => "smaller ones do not count",
            };
            format!("every `{column}` with at least {rows_min} rows, {smaller}")
        }
    }
}

/// What a test run says.
pub fn run_sentence(run: &TestRun) -> String {
    let all = run.criteria.len();
    let rows = run.context.rows;
    let of =
        |outcome: CriterionOutcome| run.criteria.iter().filter(|c| c.outcome == outcome).count();
    let (not_met, unknown) = (of(CriterionOutcome::NotMet), of(CriterionOutcome::NotEvaluated));
    let criteria = if all == 1 { "criterion" } else { "criteria" };
    let mut said = if run.meets {
        format!("all {all} {criteria} met on {rows} rows")
    } else {
        let met = of(CriterionOutcome::Met);
        let mut said = format!("{met} of {all} {criteria} met on {rows} rows");
        for (count, words) in [(not_met, "not met"), (unknown, "not evaluated")] {
            if count > 0 {
                said.push_str(&format!(", {count} {words}"));
            }
        }
        let first = run.criteria.iter().find(|c| c.outcome != CriterionOutcome::Met);
        if let Some((criterion, line)) = first.and_then(|criterion| {
            let failed = criterion
                .groups
                .iter()
                .find(|line| line.counts && line.outcome != CriterionOutcome::Met);
            failed.map(|line| (criterion, line))
        }) {
            let metric = metric_words(&criterion.criterion);
            let group = match (&criterion.criterion.scope, &line.group) {
                (CriterionScope::Subgroups { column, .. }, Some(group)) => {
                    format!(" where `{column}` is `{group}`")
                }
                (CriterionScope::Subgroups { column, .. }, None) => {
                    format!(" where `{column}` is missing")
                }
                _ => String::new(),
            };
            let reason = line.reason.as_deref().unwrap_or_default();
            said.push_str(&format!("; first: {metric}{group}: {reason}"));
        }
        said
    };
    let looks = (run.context.look, run.context.look_in_all);
    if looks.1 > 1 {
        said.push_str(&format!(
            "; run {} on the same test set under this plan, {} in all",
            looks.0, looks.1
        ));
    }
    said
}
