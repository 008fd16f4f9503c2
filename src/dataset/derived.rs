//! Columns that are computed from other columns, frozen, and then monitored like any other: scores of many columns at once, and
//! whether a score lies in its undecided zone.

use super::bins::{FeatureBins, numbers, texts};
use super::error::Result;
use super::schema::{Column, Kind, Role, TableSchema, ValueType};
use super::scores::{FrozenScores, ScoreSums, score_frame};
use polars::prelude::{DataFrame, NamedFrom, Series};
use serde::{Deserialize, Serialize};

/// Columns of a group of scores without random directions, at most: beyond, there are no T² and SPE.
pub const PRINCIPAL_COLUMNS_MAX: usize = 256;
/// Random directions of a group of embedding columns, where the schema does not say how many.
const DIRECTIONS: u32 = 8;
/// Random directions of a group, at most.
const DIRECTIONS_MAX: u32 = 64;

/// A group of numeric columns that is watched as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreGroup {
    /// Name of the group: its scores are `name.t2`, `name.spe`, `name.distance`, `name.direction_1`, …, `name.nearest`.
    pub name: String,
    /// The columns; with neither these nor a prefix, all continuous and count features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// All columns whose name starts so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Random directions the rows are projected on; 8 for embedding columns and 0 for others, if nothing is said. A group with
    /// directions has a distance and a nearest of 20 centres too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directions: Option<u32>,
}

/// The values of a score between which the model does not decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndecidedZone {
    /// The score.
    pub column: String,
    /// Smallest undecided value, included.
    pub from: f64,
    /// Largest undecided value, included.
    pub to: f64,
}

/// What is computed from the columns of a table, frozen with the reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Derived {
    /// Scores of groups of columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<FrozenScores>,
    /// Undecided zones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<UndecidedZone>,
}

/// The frozen bins of a table: of its monitored columns, then of the columns derived from them.
#[derive(Clone, Debug, Default)]
pub struct FrozenBins {
    /// In the order of the monitored columns, then of `columns`.
    pub features: Vec<FeatureBins>,
    /// How the derived columns are computed.
    pub derived: Derived,
    /// The derived columns as declarations.
    pub columns: Vec<Column>,
}

impl From<Vec<FeatureBins>> for FrozenBins {
    fn from(features: Vec<FeatureBins>) -> Self {
        Self { features, ..Self::default() }
    }
}

impl FrozenBins {
    /// The bins of the monitored columns, then of those that `derived` describes.
    pub fn new(features: Vec<FeatureBins>, derived: Derived) -> Self {
        let columns = derived.columns();
        Self { features, derived, columns }
    }

    /// The bins of the monitored columns themselves.
    pub fn declared(&self) -> &[FeatureBins] {
        &self.features[..self.features.len() - self.columns.len().min(self.features.len())]
    }
}

impl Derived {
    /// Whether nothing is derived.
    pub fn is_none(&self) -> bool {
        self.scores.is_empty() && self.undecided.is_empty()
    }

    /// The derived columns in their order: the scores of each group, then the undecided zones.
    pub fn columns(&self) -> Vec<Column> {
        let of = |scores: &FrozenScores| {
            let names = scores.names().into_iter().enumerate();
            let column = |(place, name)| derived(name, Role::Derived, scores.kind(place));
            names.map(column).collect::<Vec<_>>()
        };
        let scores = self.scores.iter().flat_map(of);
        let zones = self.undecided.iter();
        let zones = zones.map(|zone| derived(zone.name(), Role::Score, Kind::Binary));
        scores.chain(zones).collect()
    }

    /// `frame` with the derived columns beside it; adds what each column contributes to the scores to `sums`.
    pub(super) fn extend(&self, frame: &DataFrame, sums: &mut [ScoreSums]) -> Result<DataFrame> {
        let mut columns = frame.columns().to_vec();
        for (scores, sums) in self.scores.iter().zip(sums) {
            let (found, parts) = score_frame(scores, frame)?;
            sums.add(&parts);
            columns.extend(found.into_iter().map(Into::into));
        }
        for zone in &self.undecided {
            columns.push(zone.of(frame)?.into());
        }
        Ok(DataFrame::new(frame.height(), columns)?)
    }
}

fn derived(name: String, role: Role, kind: Kind) -> Column {
    let value_type = if kind.is_ordered() { ValueType::Float } else { ValueType::Text };
    let (unit, range, null_tokens) = (None, None, Vec::new());
    Column { name, role, value_type, kind: Some(kind), unit, range, null_tokens }
}

impl UndecidedZone {
    /// `column.undecided`.
    pub fn name(&self) -> String {
        format!("{}.undecided", self.column)
    }

    /// `undecided` or `decided` for every row; missing where the score is.
    fn of(&self, frame: &DataFrame) -> Result<Series> {
        let scores = numbers(frame.column(&self.column)?.as_materialized_series())?;
        let word = |value: f64| {
            if (self.from..=self.to).contains(&value) { "undecided" } else { "decided" }
        };
        let known = scores.f64()?.iter().map(|value| value.filter(|value| !value.is_nan()));
        let words: Vec<Option<&str>> = known.map(|value| value.map(word)).collect();
        texts(&Series::new(self.name().into(), words))
    }
}

impl TableSchema {
    /// The columns of a group, in file order.
    pub fn members(&self, group: &ScoreGroup) -> Vec<&Column> {
        let is_input = |column: &Column| {
            column.role == Role::Feature && column.kind.is_some_and(Kind::is_ordered)
        };
        let is_member = |column: &&Column| match &group.prefix {
            Some(prefix) => {
                column.name.starts_with(prefix.as_str()) || group.columns.contains(&column.name)
            }
            None if group.columns.is_empty() => is_input(column),
            None => group.columns.contains(&column.name),
        };
        self.columns.iter().filter(is_member).collect()
    }

    /// Random directions of a group.
    pub(super) fn directions(&self, group: &ScoreGroup) -> u32 {
        let embeds = self.members(group).iter().any(|column| column.role == Role::Embedding);
        group.directions.unwrap_or(if embeds { DIRECTIONS } else { 0 })
    }

    /// Why what the schema derives cannot be computed; `None` where it can.
    pub(super) fn refuse_derived(&self) -> Option<String> {
        for (index, group) in self.scores.iter().enumerate() {
            let refused = self.refuse_group(group).or_else(|| {
                let twice = self.scores[..index].iter().any(|other| other.name == group.name);
                twice.then(|| "it is declared twice; keep one".to_owned())
            });
            if let Some(why) = refused {
                return Some(format!("group `{}` of `scores`: {why}", group.name));
            }
        }
        let members: Vec<&Column> =
            self.scores.iter().flat_map(|group| self.members(group)).collect();
        let lone = |column: &&Column| {
            column.role == Role::Embedding && !members.iter().any(|other| other.name == column.name)
        };
        if let Some(column) = self.columns.iter().find(lone) {
            return Some(format!(
                "column `{}` has role embedding but is in no group of `scores`; name its columns or their prefix there",
                column.name
            ));
        }
        if let Some(column) = self.columns.iter().find(|column| column.role == Role::Derived) {
            return Some(format!(
                "column `{}` has role derived, which is for columns that are computed here; use feature",
                column.name
            ));
        }
        self.undecided.iter().find_map(|zone| self.refuse_zone(zone))
    }

    fn refuse_group(&self, group: &ScoreGroup) -> Option<String> {
        if group.name.is_empty() || group.name.contains('/') {
            return Some("its name is empty or holds `/`".to_owned());
        }
        if let Some(unknown) = group.columns.iter().find(|name| self.column(name).is_none()) {
            return Some(format!("`{unknown}` is not a declared column"));
        }
        let members = self.members(group);
        let is_number = |column: &&&Column| {
            matches!(column.value_type, ValueType::Int | ValueType::Float | ValueType::Vector(_))
        };
        if let Some(other) = members.iter().find(|column| !is_number(column)) {
            return Some(format!(
                "column `{}` is {}, expected numbers; leave it out, it is watched as a feature",
                other.name,
                other.value_type.word()
            ));
        }
        if let Some(other) = members.iter().find(|column| column.role.is_optional()) {
            let role = other.role.word();
            return Some(format!("column `{}` has role {role} and may be absent", other.name));
        }
        let names = self.member_names(group);
        if names.len() < 2 {
            return Some(format!("it has {} columns, expected two or more", names.len()));
        }
        let declared = |name: &&String| self.column(name).is_some();
        let vector = |column: &&&Column| matches!(column.value_type, ValueType::Vector(_));
        if members.iter().any(|column| vector(&column))
            && let Some(name) = names.iter().filter(declared).find(|name| name.ends_with(']'))
        {
            return Some(format!("`{name}` is a column and a dimension of a vector; rename one"));
        }
        let directions = self.directions(group);
        if directions > DIRECTIONS_MAX {
            return Some(format!(
                "it has {directions} directions, expected {DIRECTIONS_MAX} at most"
            ));
        }
        if names.len() > PRINCIPAL_COLUMNS_MAX && directions == 0 {
            return Some(format!(
                "it has {} columns, of which T² and SPE take {PRINCIPAL_COLUMNS_MAX}; give it `directions`",
                names.len()
            ));
        }
        let taken = format!("{}.", group.name);
        let clash = self.columns.iter().find(|column| column.name.starts_with(&taken));
        clash.map(|column| {
            format!("column `{}` has the name of a score; rename the group", column.name)
        })
    }

    fn refuse_zone(&self, zone: &UndecidedZone) -> Option<String> {
        let place = format!("undecided zone of `{}`", zone.column);
        let Some(column) = self.column(&zone.column) else {
            return Some(format!("{place}: it is not a declared column"));
        };
        let ordered = column.kind.is_some_and(Kind::is_ordered);
        if !(ordered && matches!(column.role, Role::Score | Role::Prediction)) {
            return Some(format!(
                "{place}: expected a continuous column of role score or prediction"
            ));
        }
        if zone.from > zone.to || zone.from.is_nan() || zone.to.is_nan() {
            return Some(format!(
                "{place}: [{}, {}], write the smaller value first",
                zone.from, zone.to
            ));
        }
        if self.column(&zone.name()).is_some() {
            return Some(format!("{place}: `{}` is a column of the table", zone.name()));
        }
        let twice = self.undecided.iter().filter(|other| other.column == zone.column).count() > 1;
        twice.then(|| format!("{place}: it is declared twice; keep one"))
    }
}
