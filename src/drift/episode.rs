//! An alert episode: one feature group's run beyond tolerance, from its first alarming batch to its last.
//!
//! An alarm opens an episode over the series it covers. While it is open these series keep recording with weight 0, and a
//! later batch in which one of them is `drift` joins the episode instead of raising a second alert.

use super::assess::Verdict;
use super::report::{DriftReport, FeatureReport};
use serde::{Deserialize, Serialize};

/// What an episode is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EpisodeKind {
    /// Features beyond their tolerance.
    Drift,
    /// The error rate, once labels came, beyond its tolerance.
    Performance,
    /// Reviewers disagree with the model more often than is tolerated.
    Disagreement,
    /// No batch by its due time.
    MissingBatch,
    /// Labels of a batch that fell due and did not come.
    MissingLabels,
    /// A batch of too few rows to judge.
    TooFewRows,
    /// A file that could not be read as declared.
    UnreadableFile,
    /// A batch that was produced with another configuration than the registered one.
    OtherConfiguration,
}

impl EpisodeKind {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Performance => "performance",
            Self::Disagreement => "disagreement",
            Self::MissingBatch => "missing_batch",
            Self::MissingLabels => "missing_labels",
            Self::TooFewRows => "too_few_rows",
            Self::UnreadableFile => "unreadable_file",
            Self::OtherConfiguration => "other_configuration",
        }
    }

    /// Whether it is critical by itself: nobody acknowledges it as less.
    pub fn is_critical(self) -> bool {
        self == Self::OtherConfiguration
    }
}

/// How far the people have come with an episode. Derived from the records that exist, never stored alone.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EpisodeState {
    /// Nobody has answered yet.
    Open,
    /// Somebody has seen it and said how severe it is.
    Acknowledged,
    /// Somebody has looked for the cause.
    Investigated,
    /// A decision is drafted, not yet signed.
    Drafted,
    /// A decision is signed.
    Decided,
    /// A remedial action is planned, with what will count as its effect.
    ActionPlanned,
    /// Its owner says that it is done.
    ActionDone,
    /// Later batches show that it worked.
    EffectivenessChecked,
    /// Nothing is left to do.
    Closed,
}

impl EpisodeState {
    /// All states, in their order.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Acknowledged,
        Self::Investigated,
        Self::Drafted,
        Self::Decided,
        Self::ActionPlanned,
        Self::ActionDone,
        Self::EffectivenessChecked,
        Self::Closed,
    ];

    /// The word used in records and on pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Investigated => "investigated",
            Self::Drafted => "drafted",
            Self::Decided => "decided",
            Self::ActionPlanned => "action_planned",
            Self::ActionDone => "action_done",
            Self::EffectivenessChecked => "effectiveness_checked",
            Self::Closed => "closed",
        }
    }

    /// The state of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether a decision on it is signed, whatever is done about it since.
    pub fn is_decided(self) -> bool {
        self >= Self::Decided
    }
}

/// What opens an episode, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EpisodeOpening {
    /// What it is about.
    pub kind: EpisodeKind,
    /// Keys of the series it covers, `feature/series`; empty for episodes that are not about drift.
    pub series: Vec<String>,
    /// One sentence a feature.
    pub sentences: Vec<String>,
}

impl EpisodeOpening {
    /// The opening of an episode that is not about drift: one sentence tells it.
    pub fn told(kind: EpisodeKind, sentence: String) -> Self {
        Self { kind, series: Vec::new(), sentences: vec![sentence] }
    }
}

/// The part of an open episode that routing needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEpisode {
    /// Its id.
    pub id: String,
    /// Keys of the series it covers.
    pub series: Vec<String>,
}

/// What a report means for the alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// A new episode.
    pub opens: Option<EpisodeOpening>,
    /// Open episodes this batch belongs to.
    pub joins: Vec<String>,
}

/// Routes a report: to open episodes whose series are `drift` in it, and to a new one if it raised an alarm.
pub fn route(report: &DriftReport, open: &[OpenEpisode]) -> Routing {
    let drifting: Vec<String> = report
        .features
        .iter()
        .flat_map(|f| {
            f.series.iter().filter(|s| s.verdict == Verdict::Drift).map(|s| key(f, s.name.word()))
        })
        .collect();
    let joins = open
        .iter()
        .filter(|episode| episode.series.iter().any(|series| drifting.contains(series)))
        .map(|episode| episode.id.clone())
        .collect();
    let opens = report.alarm.as_ref().map(|alarm| EpisodeOpening {
        kind: EpisodeKind::Drift,
        series: alarm.covers.clone(),
        sentences: alarm.sentences.clone(),
    });
    Routing { opens, joins }
}

fn key(feature: &FeatureReport, series: &str) -> String {
    format!("{}/{series}", feature.feature)
}
