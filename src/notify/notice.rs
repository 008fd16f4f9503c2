//! What is told, and when it is tried again.

use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// Identifies the format of a notice as webhooks get it.
pub const NOTICE_FORMAT: &str = "driftledger/notice/v1";
/// How often a notice is sent before it is a dead letter.
pub const ATTEMPTS_MAX: u32 = 8;
/// Seconds before the second attempt; each further one waits twice as long.
const BACKOFF_SECONDS: i64 = 30;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An alert opened.
    Alert,
    /// Somebody escalated an alert.
    Escalation,
    /// A remedial action is overdue.
    Overdue,
    /// Somebody may misuse an account or a signature: a lock after wrong passwords, the use of a disabled account.
    Misuse,
    /// A backup failed, or the last good one is too old.
    Backup,
    /// A time stamp was not to be had, or the last one is too old.
    TimeStamp,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Alert, Self::Escalation, Self::Overdue, Self::Misuse, Self::Backup, Self::TimeStamp];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Escalation => "escalation",
            Self::Overdue => "overdue",
            Self::Misuse => "misuse",
            Self::Backup => "backup",
            Self::TimeStamp => "time_stamp",
        }
    }

    /// The kind of that word.
    ///
    /// # Errors
    ///
    /// [`Error::Target`].
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| Error::Target {
            field: "kinds",
            found: word.to_owned(),
            expected: "name one or more of alert, escalation, overdue, misuse, backup, time_stamp",
        })
    }
}

/// Something to tell. It holds no personal data beyond user names, and no reading: those stay in the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notice {
    /// Always [`NOTICE_FORMAT`].
    pub format: String,
    /// What it is about.
    pub kind: NoticeKind,
    /// What happened, in one sentence.
    pub sentence: String,
    /// Path of the page that tells more.
    pub path: String,
    /// When it happened, UTC.
    pub at: String,
    /// Ledger entry that records it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// Seconds to wait after `attempts` attempts that failed; none once it is a dead letter.
pub fn wait_after(attempts: u32) -> Option<i64> {
    (attempts < ATTEMPTS_MAX).then(|| BACKOFF_SECONDS << attempts.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_waits_twice_as_long_until_the_letter_is_dead() {
        let waits: Vec<_> = (1..=ATTEMPTS_MAX).map(wait_after).collect();
        let seconds = [30, 60, 120, 240, 480, 960, 1920];
        assert_eq!(waits[..7], seconds.map(Some));
        assert_eq!(waits[7], None);
    }
}
