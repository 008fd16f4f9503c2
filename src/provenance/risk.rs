//! Risk of using a model: influence × consequence → tier, by one table.
//!
//! Influence: how much the decision rests on the model. Consequence: what a wrong decision does to patient, product or data.

use serde::{Deserialize, Serialize};

/// Low, medium or high: of influence and of consequence.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// How much evidence a version needs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The least.
    Low,
    /// More.
    Medium,
    /// All.
    High,
}

/// The table: rows are influence, columns are consequence, both from low to high.
const TIERS: [[Tier; 3]; 3] = [
    [Tier::Low, Tier::Low, Tier::Medium],
    [Tier::Low, Tier::Medium, Tier::High],
    [Tier::Medium, Tier::High, Tier::High],
];

impl Level {
    /// All of them, from low to high.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Tier {
    /// All of them, from low to high.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The tier of this influence and consequence.
    ///
    /// ```
    /// use driftledger::provenance::risk::{Level, Tier};
    /// assert_eq!(Tier::of(Level::High, Level::Low), Tier::Medium);
    /// ```
    pub fn of(influence: Level, consequence: Level) -> Self {
        TIERS[influence as usize][consequence as usize]
    }

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The table as text, one influence a line.
pub fn tier_table() -> String {
    let mut table = format!("{:<24}", "influence/consequence");
    for consequence in Level::ALL {
        table.push_str(&format!("{:<10}", consequence.word()));
    }
    for influence in Level::ALL {
        table.push_str(&format!("\n{:<24}", influence.word()));
        for consequence in Level::ALL {
            table.push_str(&format!("{:<10}", Tier::of(influence, consequence).word()));
        }
    }
    let mut trimmed = String::with_capacity(table.len());
    for line in table.lines() {
        trimmed.push_str(line.trim_end());
        trimmed.push('\n');
    }
    trimmed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_influence_or_consequence_never_lowers_the_tier() {
        for a in Level::ALL {
            for b in Level::ALL {
                assert_eq!(Tier::of(a, b), Tier::of(b, a));
                for higher in Level::ALL.into_iter().filter(|level| *level >= a) {
                    assert!(Tier::of(higher, b) >= Tier::of(a, b));
                }
            }
        }
        assert_eq!(Tier::of(Level::Low, Level::Low), Tier::Low);
        assert_eq!(Tier::of(Level::High, Level::High), Tier::High);
    }
}
