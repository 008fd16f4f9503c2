//! What a stored file is to the record that names it: the one table of kinds, with the columns that name them.

use serde::{Deserialize, Serialize};

/// What a stored file is to the record that names it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// The rows of a batch that was judged.
    Batch,
    /// The digests of the row ids of a batch.
    RowIds,
    /// A file that was refused and put aside.
    Quarantine,
    /// A delivery of labels.
    Labels,
    /// The predictions of a test run.
    TestRun,
    /// A file of a run or a logged model.
    Artifact,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Batch, Self::RowIds, Self::Quarantine, Self::Labels, Self::TestRun, Self::Artifact];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::RowIds => "row_ids",
            Self::Quarantine => "quarantine",
            Self::Labels => "labels",
            Self::TestRun => "test_run",
            Self::Artifact => "artifact",
        }
    }

    /// The kind of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What it is called on pages and in print.
    pub fn words(self) -> &'static str {
        match self {
            Self::Batch => "rows of a batch",
            Self::RowIds => "digests of the row ids of a batch",
            Self::Quarantine => "quarantined file",
            Self::Labels => "delivery of labels",
            Self::TestRun => "predictions of a test run",
            Self::Artifact => "file of a run or logged model",
        }
    }

    /// The record table whose rows name such files, and the column with the BLAKE3.
    pub fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::Batch => ("batch", "blake3"),
            Self::RowIds => ("batch", "row_ids"),
            Self::Quarantine => ("quarantine", "blake3"),
            Self::Labels => ("labels", "blake3"),
            Self::TestRun => ("test_run", "blake3"),
            Self::Artifact => ("artifact", "blake3"),
        }
    }

    /// The column of that table with the SHA-256 of the file; none for digests of row ids.
    pub fn sha256_column(self) -> Option<&'static str> {
        match self {
            Self::RowIds => None,
            Self::TestRun => Some("file_sha256"),
            Self::Batch | Self::Quarantine | Self::Labels | Self::Artifact => Some("sha256"),
        }
    }

    /// Whether the judging of a version reads such files again: they stay for as long as it can be judged.
    pub fn is_read_to_judge(self) -> bool {
        matches!(self, Self::Batch | Self::RowIds | Self::Labels)
    }

    /// What cannot be computed again without it.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Batch => {
                "Reports are computed again from their counts as before. References learnt from these rows, review samples drawn from them, \
                 labels joined to them and evidence about one of these predictions are not."
            }
            Self::RowIds => {
                "Whether a row came twice is not looked up again, nor in which batch a prediction is."
            }
            Self::Quarantine => "Why the file was refused stays; it is not read again.",
            Self::Labels => {
                "Cohorts and evaluations are computed again from their counts as before; the labels are not joined again."
            }
            Self::TestRun => {
                "Figures and verdicts are computed again from the counts as before; the file is not counted again."
            }
            Self::Artifact => "The digests stay; the file is not handed out any more.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in FileKind::ALL {
            assert_eq!(FileKind::of_word(kind.word()), Some(kind));
            assert!(!kind.consequence().is_empty() && !kind.words().is_empty());
        }
        assert_eq!(FileKind::of_word("report"), None);
    }
}
