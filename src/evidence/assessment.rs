//! What a regulatory text wants to read about a version, filled from its records, with what is missing.
//!
//! The texts are data (`assessments.json`): which facts each step asks for. A fact without a statement is a gap, with what to do about it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const TEXTS: &str = include_str!("assessments.json");

/// Facts that a text may ask for: code, what it is, what to do when it is missing.
pub const FACTS: [(&str, &str, &str); 26] = [
    ("question_of_interest", "Question of interest", "write it into the model record"),
    ("context_of_use", "Context of use", "write it into the model record"),
    ("intended_use", "Intended use", "write it into the model record"),
    ("out_of_scope", "Not to be used for", "write it into the model record"),
    ("input_space", "Input space", "write it into the model record"),
    ("subgroups", "Subgroups", "name subgroups in the model record, or why there are none"),
    ("risk", "Model risk", "state influence, consequence and why in the model record"),
    ("human_role", "Role of people", "state place and duty of people in the model record"),
    ("fallback", "Fallback", "write into the model record what is done while it cannot be used"),
    ("explainability", "Explainability", "write it into the model record"),
    (
        "confidence",
        "Confidence and undecided cases",
        "state in the model record what the score means",
    ),
    (
        "learning",
        "Learning in use",
        "state in the model record whether it learns and is deterministic",
    ),
    ("training_data", "Training data", "register the version with its training data"),
    ("test_data", "Test data", "register the version with a dataset of the role `test`"),
    (
        "test_independence",
        "Independence of the test data",
        "register with training and test data at hand, so that overlap is counted",
    ),
    (
        "code_and_environment",
        "Code, parameters, environment",
        "register with code revision and environment lock",
    ),
    ("acceptance_criteria", "Acceptance criteria", "fix acceptance criteria before the test"),
    (
        "criteria_before_test",
        "Criteria came before the test",
        "test the version against the criteria in force",
    ),
    ("test_results", "Test results", "test the version against the criteria in force"),
    ("deviations", "Deviations", "test the version first"),
    (
        "study",
        "Natural variation between batches (Phase I)",
        "study batches that nobody objects to",
    ),
    ("monitoring_policy", "Monitoring", "register the version with a policy"),
    ("monitoring_results", "What monitoring found", "send the first batch"),
    ("alerts", "Alerts and what was decided", "send the first batch"),
    ("change", "Change against the version before", "record and sign the change"),
    ("signatures", "Signatures", "submit, review and approve the version"),
];

/// A text and what it asks for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Its id, used in addresses.
    pub id: String,
    /// Title of the document.
    pub title: String,
    /// The regulatory text.
    pub source: String,
    /// Its status; a draft may change.
    pub status: String,
    /// Its steps, in order.
    pub steps: Vec<TextStep>,
}

/// One step of a text.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextStep {
    /// Where in the text.
    pub at: String,
    /// What it is about.
    pub title: String,
    /// Codes of the facts it asks for.
    pub asks: Vec<String>,
}

/// One thing that a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Statement {
    /// What it says.
    pub text: String,
    /// Ledger entry of the record that says so.
    pub entry: u64,
}

/// One fact that a step asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AskedFact {
    /// What it is.
    pub title: String,
    /// What the records say.
    pub statements: Vec<Statement>,
    /// What to do, where they say nothing.
    pub gap: Option<String>,
}

/// A step, filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FilledStep {
    /// Where in the text.
    pub at: String,
    /// What it is about.
    pub title: String,
    /// What it asks for.
    pub facts: Vec<AskedFact>,
}

/// A text filled for a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Assessment {
    /// Id of the text.
    pub id: String,
    /// Title of the document.
    pub title: String,
    /// The regulatory text.
    pub source: String,
    /// Its status.
    pub status: String,
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// Entries in the ledger when it was filled.
    pub ledger_size: u64,
    /// The steps.
    pub steps: Vec<FilledStep>,
    /// Facts that are asked for and missing, each counted once.
    pub gaps: u64,
}

/// All texts, in order.
pub fn texts() -> &'static [Text] {
    static READ: LazyLock<Vec<Text>> =
        LazyLock::new(|| serde_json::from_str(TEXTS).unwrap_or_default());
    &READ
}

/// Fills `text` for a version from what its records say, by code of the fact.
pub fn fill(
    text: &Text,
    (model, version, ledger_size): (&str, &str, u64),
    said: &BTreeMap<&'static str, Vec<Statement>>,
) -> Assessment {
    let asked = |code: &String| {
        let known = FACTS.iter().find(|fact| fact.0 == code);
        let (title, advice) = known.map_or((code.as_str(), ""), |fact| (fact.1, fact.2));
        let statements = said.get(code.as_str()).cloned().unwrap_or_default();
        let gap = statements.is_empty().then(|| advice.to_owned());
        AskedFact { title: title.to_owned(), statements, gap }
    };
    let steps: Vec<FilledStep> = text
        .steps
        .iter()
        .map(|step| FilledStep {
            at: step.at.clone(),
            title: step.title.clone(),
            facts: step.asks.iter().map(asked).collect(),
        })
        .collect();
    let mut missing: Vec<&str> = steps
        .iter()
        .flat_map(|step| &step.facts)
        .filter(|fact| fact.gap.is_some())
        .map(|fact| fact.title.as_str())
        .collect();
    missing.sort_unstable();
    missing.dedup();
    Assessment {
        id: text.id.clone(),
        title: text.title.clone(),
        source: text.source.clone(),
        status: text.status.clone(),
        model: model.to_owned(),
        version: version.to_owned(),
        ledger_size,
        gaps: missing.len() as u64,
        steps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_text_asks_for_facts_that_are_known_and_none_is_known_in_vain() {
        let texts = texts();
        assert_eq!(texts.len(), 2, "assessments.json is not as its type says");
        let asked: BTreeSet<&str> = texts
            .iter()
            .flat_map(|text| &text.steps)
            .flat_map(|step| step.asks.iter().map(String::as_str))
            .collect();
        let known: BTreeSet<&str> = FACTS.iter().map(|fact| fact.0).collect();
        assert_eq!(asked, known);
        assert_eq!(known.len(), FACTS.len(), "a code stands twice");
    }

    #[test] // FDA-AI-13
    fn what_no_record_says_is_a_gap_with_what_to_do() {
        let text = &texts()[0];
        let said = |text: &str| vec![Statement { text: text.to_owned(), entry: 4 }];
        let facts = BTreeMap::from([("question_of_interest", said("Is the thyroid normal?"))]);
        let filled = fill(text, ("thyroid", "1", 9), &facts);
        assert_eq!(filled.steps[0].facts[0].gap, None);
        assert_eq!(filled.steps[0].facts[0].statements[0].entry, 4);
        let risk = &filled.steps[2].facts[0];
        assert!(risk.gap.as_ref().unwrap().contains("influence"), "{risk:?}");
        let asked: usize = filled.steps.iter().map(|step| step.facts.len()).sum();
        assert_eq!(filled.gaps, asked as u64 - 1, "no step of this text asks twice");
    }
}
