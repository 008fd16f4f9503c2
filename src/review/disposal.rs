//! The disposal of stored files: which, by which records they are named, why they are due, and why they go.
//!
//! Records are never removed. A disposal removes files, and states for each what stays of it: id of every record that names it, digests,
//! length. Who proposes it signs, then another person of QA; with that signature, the files go. A file that several records name goes only
//! when it is due for all of them and no legal hold covers one of them.

use super::completeness::Cited;
use super::file_kind::FileKind;
use super::retention::RetentionPolicy;
use super::{Error, Result};
use crate::digest;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Identifies the format of a disposal.
pub const DISPOSAL_FORMAT: &str = "driftledger/disposal/v1";
/// Files of one disposal, at most.
pub const FILES_MAX: usize = 1_000;
/// Versions whose files are in one disposal, at most: its ledger entry names each of them.
pub const VERSIONS_MAX: usize = 100;
/// Characters of a reason, at least.
pub const REASON_MIN: usize = 20;
/// Characters of a reason, at most.
pub const REASON_MAX: usize = 4_000;

/// One use of a stored file: a record that names it, for one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileUse {
    /// What the file is to the record.
    pub kind: FileKind,
    /// Id of the record.
    pub record: String,
    /// Ledger entry of the record.
    pub entry: u64,
    /// What the record is called: name of the batch, path of the file, or its id.
    pub name: String,
    /// Model, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Version, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Id of the version, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Day on which the file came (UTC).
    pub came_on: String,
    /// Day on which the version was retired or withdrawn (UTC); absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_on: Option<String>,
    /// Name of its retention class; absent where it is kept for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// First day on which it may be disposed of; absent where there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
}

impl FileUse {
    /// The use with class and due day by `policy`; `of_version` is the class that its version was given.
    #[must_use]
    pub fn classed(mut self, policy: &RetentionPolicy, of_version: Option<&str>) -> Self {
        let class = policy.class_of(self.kind, of_version);
        let came = self.came_on.parse().ok();
        let ended = self.ended_on.as_deref().and_then(|day| day.parse().ok());
        let due = class.zip(came).and_then(|(class, came)| class.due_on(came, ended));
        self.class = class.map(|class| class.name.clone());
        self.due_on = due.map(|day| day.to_string());
        self
    }

    /// Why the file may not go yet on `today`, as far as this use is concerned; nothing where it may.
    pub fn keeps(&self, today: Date) -> Option<String> {
        if self.kind.is_read_to_judge() && self.ended_on.is_none() {
            return Some(format!(
                "{} can still be judged, and its judging reads this file; retire or withdraw it first",
                self.version_words()
            ));
        }
        let Some(class) = &self.class else {
            return Some(format!(
                "no retention class says how long a file of the kind `{}` is kept for {}: it is kept for ever",
                self.kind.word(),
                self.version_words()
            ));
        };
        let due = self.due_on.as_deref().and_then(|day| day.parse::<Date>().ok());
        match due {
            Some(due) if due <= today => None,
            Some(due) => Some(format!("class `{class}` keeps it until {due}")),
            None => Some(format!(
                "class `{class}` counts from the end of the life of {}, which goes on",
                self.version_words()
            )),
        }
    }

    /// The version in words.
    pub fn version_words(&self) -> String {
        match (&self.model, &self.version) {
            (Some(model), Some(version)) => format!("version `{version}` of `{model}`"),
            (Some(model), None) => format!("model `{model}`"),
            _ => "no version".to_owned(),
        }
    }
}

/// A stored file that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisposedFile {
    /// BLAKE3: the name that it is stored under.
    pub blake3: String,
    /// SHA-256; absent for the digests of row ids, which are named by their BLAKE3 alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its length in bytes.
    pub bytes: u64,
    /// All its uses, in the order of the ledger.
    pub uses: Vec<FileUse>,
}

impl DisposedFile {
    /// Why the file may not go yet on `today`; nothing where it may.
    pub fn keeps(&self, today: Date) -> Option<String> {
        self.uses.iter().find_map(|one| {
            let why = one.keeps(today)?;
            Some(format!("{} `{}`: {why}", one.kind.words(), one.name))
        })
    }

    /// The last of the days on which its uses are due; nothing where one of them has none.
    pub fn due_on(&self) -> Option<Date> {
        let days: Option<Vec<Date>> =
            self.uses.iter().map(|one| one.due_on.as_deref()?.parse().ok()).collect();
        days?.into_iter().max()
    }
}

/// What is signed, by who proposes it and by QA. It holds no time and no signer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Disposal {
    /// Always [`DISPOSAL_FORMAT`].
    pub format: String,
    /// The retention policy in force, by which the files are due.
    pub policy: Cited,
    /// The files, in the order of their BLAKE3.
    pub files: Vec<DisposedFile>,
    /// Why they go.
    pub reason: String,
}

impl Disposal {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Whether it says what it must, and every file is due on `today`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::Disposal`] with the first file that may not go, and why.
    pub fn validate(&self, today: Date) -> Result<()> {
        let refuse = |reason: String| Err(Error::Disposal { reason });
        if self.format != DISPOSAL_FORMAT {
            return refuse(format!(
                "its format is `{}`, expected `{DISPOSAL_FORMAT}`",
                self.format
            ));
        }
        check_reason(&self.reason)?;
        if self.files.is_empty() || self.files.len() > FILES_MAX {
            let found = self.files.len();
            return refuse(format!("it names {found} files, expected 1 to {FILES_MAX}"));
        }
        if !self.files.is_sorted_by(|a, b| a.blake3 < b.blake3) {
            return refuse("its files are not in the order of their BLAKE3, each once".to_owned());
        }
        let versions = self.versions().len();
        if versions > VERSIONS_MAX {
            return refuse(format!(
                "its files are of {versions} versions, expected at most {VERSIONS_MAX}; propose them apart"
            ));
        }
        for file in &self.files {
            if file.uses.is_empty() {
                return refuse(format!("no record names file {}", file.blake3));
            }
            if let Some(why) = file.keeps(today) {
                return refuse(format!("file {} may not go: {why}", file.blake3));
            }
        }
        Ok(())
    }

    /// Ids of the versions whose files it names.
    pub fn versions(&self) -> BTreeSet<&str> {
        let uses = self.files.iter().flat_map(|file| &file.uses);
        uses.filter_map(|one| one.version_id.as_deref()).collect()
    }

    /// Bytes of all its files.
    pub fn bytes_in_all(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Whether a text says why something is done.
///
/// # Errors
///
/// [`Error::Empty`], [`Error::Disposal`] for one that is too short or too long to say it.
pub fn check_reason(reason: &str) -> Result<()> {
    let found = reason.trim().chars().count();
    if found == 0 {
        let hint = "say why, and by which decision or rule";
        return Err(Error::Empty { field: "reason", hint });
    }
    if !(REASON_MIN..=REASON_MAX).contains(&found) {
        let reason = format!(
            "its reason has {found} characters, expected {REASON_MIN} to {REASON_MAX}: say why, and by which decision or rule"
        );
        return Err(Error::Disposal { reason });
    }
    Ok(())
}

/// The same words on every page, in every check and in every export.
pub fn disposed_since(at: &str, disposal: &str, signed: &[String]) -> String {
    let by = if signed.is_empty() { "nobody".to_owned() } else { signed.join(" and ") };
    format!("disposed of at {at} by record {disposal}, signed by {by}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::review) fn file_use(kind: FileKind) -> FileUse {
        FileUse {
            kind,
            record: "ba_1".to_owned(),
            entry: 7,
            name: "may".to_owned(),
            model: Some("m".to_owned()),
            version: Some("1".to_owned()),
            version_id: Some("mv_1".to_owned()),
            came_on: "2020-05-01".to_owned(),
            ended_on: Some("2021-01-01".to_owned()),
            class: Some("batch papers".to_owned()),
            due_on: Some("2025-05-01".to_owned()),
        }
    }

    fn disposal() -> Disposal {
        let file = |digit: &str| DisposedFile {
            blake3: digit.repeat(64),
            sha256: None,
            bytes: 10,
            uses: vec![file_use(FileKind::Batch)],
        };
        Disposal {
            format: DISPOSAL_FORMAT.to_owned(),
            policy: Cited { id: "rp".to_owned(), sha256: "0".repeat(64), entry: 3 },
            files: vec![file("a"), file("b")],
            reason: "the retention period of batch papers is over".to_owned(),
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test] // P11-10c1
    fn a_file_goes_only_when_all_its_uses_allow_it() {
        let due = day("2025-05-01");
        disposal().validate(due).unwrap();
        assert!(disposal().validate(day("2025-04-30")).is_err());
        let mut two = disposal();
        let later = FileUse { due_on: Some("2030-01-01".to_owned()), ..file_use(FileKind::Batch) };
        two.files[1].uses.push(later);
        let refused = two.validate(due).unwrap_err().to_string();
        assert!(refused.contains("until 2030-01-01"), "{refused}");
        assert_eq!(two.files[1].due_on(), Some(day("2030-01-01")));
    }

    #[test] // P11-10c1
    fn what_judging_reads_and_what_no_class_names_stays() {
        let today = day("2099-01-01");
        let judged = FileUse { ended_on: None, ..file_use(FileKind::RowIds) };
        assert!(judged.keeps(today).unwrap().contains("can still be judged"));
        let kept = FileUse { ended_on: None, ..file_use(FileKind::Quarantine) };
        assert_eq!(kept.keeps(today), None);
        let nameless = FileUse { class: None, due_on: None, ..kept.clone() };
        assert!(nameless.keeps(today).unwrap().contains("for ever"));
        let open = FileUse { due_on: None, ..kept };
        assert!(open.keeps(today).unwrap().contains("which goes on"));
    }

    #[test] // P11-10c1
    fn a_disposal_says_which_files_go_and_why() {
        let today = day("2026-01-01");
        let wrong: [fn(&mut Disposal); 7] = [
            |d| d.format = "other".to_owned(),
            |d| d.reason = "  ".to_owned(),
            |d| d.reason = "too old".to_owned(),
            |d| d.files.clear(),
            |d| d.files.reverse(),
            |d| d.files[1] = d.files[0].clone(),
            |d| d.files[0].uses.clear(),
        ];
        for change in wrong {
            let mut disposal = disposal();
            change(&mut disposal);
            assert!(disposal.validate(today).is_err(), "{disposal:?}");
        }
        let signed = ["Rosa".to_owned(), "Quentin".to_owned()];
        assert_eq!(
            disposed_since("T", "di_1", &signed),
            "disposed of at T by record di_1, signed by Rosa and Quentin"
        );
    }
}
