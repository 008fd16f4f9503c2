//! The model record: what a version is for, for whom, how risky that is, and who watches it.
//!
//! It says what digests and counts cannot. Ranges, categories and units of the input space stand in the registration's schema;
//! the record says in words where they come from. A record is never edited: while the version is a draft, a new revision
//! supersedes the one before.

use super::registration::Registration;
use super::risk::{Level, Tier};
use super::{Error, Result};
use crate::dataset::schema::Role;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of a model record.
pub const MODEL_RECORD_FORMAT: &str = "driftledger/model-record/v1";

/// How a text of the template begins that nobody has written yet.
const TO_WRITE: &str = "TODO";

/// What a person says about a version. Fields may be empty while it is being written; the gap list says which must not stay so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelRecord {
    /// Always [`MODEL_RECORD_FORMAT`].
    pub format: String,
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// The question that the model's output helps to answer.
    #[serde(default)]
    pub question_of_interest: String,
    /// Where and how the output is used: process step, users, other evidence beside it.
    #[serde(default)]
    pub context_of_use: String,
    /// What the version is to be used for.
    #[serde(default)]
    pub intended_use: String,
    /// What it must not be used for.
    #[serde(default)]
    pub out_of_scope: Vec<String>,
    /// What is done while it cannot be used.
    #[serde(default)]
    pub fallback: String,
    /// The rows it may see, in words: sources, common and rare variants, known limits. Ranges stand in the schema.
    #[serde(default)]
    pub input_space: String,
    /// Groups of rows that it must serve equally well.
    #[serde(default)]
    pub subgroups: Vec<Subgroup>,
    /// Why there is no subgroup to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_subgroups_because: Option<String>,
    /// How risky its use is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// What people do beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_role: Option<HumanRole>,
    /// How its outputs are explained, or why they need not be.
    #[serde(default)]
    pub explainability: String,
    /// How sure it must be to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Whether it learns in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning: Option<Learning>,
    /// Whether the same input always gives the same output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deterministic: Option<bool>,
}

/// A group of rows by the values of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subgroup {
    /// Column of the schema.
    pub column: String,
    /// Its values, each a group; empty for all that occur.
    #[serde(default)]
    pub values: Vec<String>,
}

/// How risky the use is; the tier follows by [`Tier::of`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// How much the decision rests on the model.
    pub influence: Level,
    /// What a wrong decision does.
    pub consequence: Level,
    /// Why.
    #[serde(default)]
    pub rationale: String,
}

impl Risk {
    /// The tier: how much evidence is needed.
    pub fn tier(&self) -> Tier {
        Tier::of(self.influence, self.consequence)
    }
}

/// Where people stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HumanPlace {
    /// Nobody looks at single outputs.
    None,
    /// People watch and can step in.
    OnTheLoop,
    /// A person decides every time.
    InTheLoop,
}

impl HumanPlace {
    /// The words a person reads.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "nobody looks at single outputs",
            Self::OnTheLoop => "on the loop: people watch and can step in",
            Self::InTheLoop => "in the loop: a person decides every time",
        }
    }
}

/// What people do beside the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HumanRole {
    /// Where they stand.
    pub place: HumanPlace,
    /// What they do, or why nobody has to.
    #[serde(default)]
    pub duty: String,
    /// Whether a reviewer answers before seeing the model's answer.
    #[serde(default)]
    pub blind_first: bool,
    /// Share of predictions that people review, 0 to 1.
    #[serde(default)]
    pub sampling_rate: f64,
}

/// How sure the model must be to decide. The values between which it does not decide stand in the schema as its undecided zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// What its score means and how that was checked.
    #[serde(default)]
    pub meaning: String,
    /// When it does not decide, or why it always may.
    #[serde(default)]
    pub undecided: String,
}

/// Whether a model learns in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Learning {
    /// It does not: every training makes a new version.
    Static,
    /// It does.
    Dynamic,
}

/// Whether somebody has written something in `text`.
pub fn is_written(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && !text.starts_with(TO_WRITE)
}

impl ModelRecord {
    /// A record to fill, for the version that `registration` registers: what is known stands in it, the rest says what to write.
    pub fn template(registration: &Registration) -> Self {
        let to_write = |what: &str| format!("{TO_WRITE}: {what}");
        let has_score = registration.schema.columns.iter().any(|c| c.role == Role::Score);
        let confidence = has_score.then(|| Confidence {
            meaning: to_write("what the score means and how that was checked"),
            undecided: to_write("when the model does not decide, or why it always may"),
        });
        Self {
            format: MODEL_RECORD_FORMAT.to_owned(),
            model: registration.model.clone(),
            version: registration.version.clone(),
            question_of_interest: to_write("the question that the output helps to answer"),
            context_of_use: to_write("process step, users, other evidence beside the output"),
            intended_use: registration
                .intended_use
                .clone()
                .unwrap_or_else(|| to_write("what the version is to be used for")),
            out_of_scope: vec![to_write("what it must not be used for, one line each")],
            fallback: to_write("what is done while it cannot be used"),
            input_space: to_write("sources, common and rare variants, known limits of the rows"),
            subgroups: Vec::new(),
            no_subgroups_because: Some(to_write(
                "why no group needs a look, or name `subgroups`: [{\"column\": …, \"values\": […]}]",
            )),
            risk: Some(Risk {
                influence: Level::High,
                consequence: Level::High,
                rationale: to_write("why influence and consequence are low, medium or high"),
            }),
            human_role: Some(HumanRole {
                place: HumanPlace::InTheLoop,
                duty: to_write("what people do: none, on_the_loop or in_the_loop"),
                blind_first: false,
                sampling_rate: 0.0,
            }),
            explainability: to_write("method of explanation, or why none is needed"),
            confidence,
            learning: Some(Learning::Static),
            deterministic: Some(true),
        }
    }

    /// Checks the record against the version it is about.
    ///
    /// # Errors
    ///
    /// [`Error::Format`]; [`Error::Record`] for another version, a column that is not declared, a rate that is none.
    pub fn validate(&self, registration: &Registration) -> Result<()> {
        if self.format != MODEL_RECORD_FORMAT {
            let (found, expected) = (self.format.clone(), MODEL_RECORD_FORMAT);
            return Err(Error::Format { what: "model record", found, expected });
        }
        let refused = |detail: String| Err(Error::Record { detail });
        let (model, version) = (&registration.model, &registration.version);
        if (&self.model, &self.version) != (model, version) {
            return refused(format!(
                "is about `{}` version `{}`, expected `{model}` version `{version}`",
                self.model, self.version
            ));
        }
        for Subgroup { column, .. } in &self.subgroups {
            let declared = registration.schema.columns.iter().any(|c| c.name == *column);
            if !declared {
                return refused(format!(
                    "names subgroups of column `{column}`, which the version's schema does not declare"
                ));
            }
        }
        let rate = self.human_role.as_ref().map_or(0.0, |role| role.sampling_rate);
        if !(0.0..=1.0).contains(&rate) {
            return refused(format!("has the sampling rate {rate}, expected 0 to 1"));
        }
        Ok(())
    }

    /// The tier, once the risk is stated.
    pub fn tier(&self) -> Option<Tier> {
        self.risk.as_ref().map(Risk::tier)
    }

    /// Whether it neither learns in use nor answers at random.
    pub fn is_fixed(&self) -> bool {
        self.learning == Some(Learning::Static) && self.deterministic == Some(true)
    }

    /// The canonical bytes: what is stored and hashed.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}
