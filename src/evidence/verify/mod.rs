//! Verification of a pack: a file and a public key are enough.
//!
//! 1. files: the archive hides nothing; every file is listed in the manifest and unchanged, none is missing or more; the same by the seal,
//!    which the key of the ledger signed
//! 2. ledger: every leaf is canonical and in its place, the tree over all of them has the root that the checkpoint signs,
//!    and every proof leads there; where the ledger got another key, the one before it signed that
//! 3. bodies and rows: every body is the one its leaf digests, every row the one its body lists, and everything that the
//!    scope asks for is there; what an upgrade of the store found is counted and digested again, where all bodies before it are there
//! 4. copies: every document beside the records is the one inside them; a prediction is in its batch; tables and story are those of the
//!    records, where the same build wrote them
//! 5. records: reports are computed again, monitors frozen again, decisions and signatures compared
//!
//! It stops at nothing: what is wrong is a [`Finding`] that names the file.

mod derived;
pub mod earlier;
mod files;
mod keys;
mod ledger;
pub mod registered;
mod rows;
mod sealed;
mod stamped;
mod upgraded;
mod witnessed;

use self::earlier::EarlierHead;
use super::copies::{self, Pages};
use super::disposed::{DisposedFiles, disposed};
use super::examine::{Examined, examine};
use super::manifest::{
    BODIES, KEYS, PREDICTION, PROOFS, README, RECORDS, STAMPED, STORY, Scope, TABLES, WITNESSED,
    record_file,
};
use super::pack::Pack;
use super::records::{PackedRecords, Records as _};
use super::{Result, printable};
use crate::ledger::entry::Entry;
use crate::ledger::note::VerifierKey;
use crate::ledger::time_stamp::TrustedRoots;
use crate::ledger::trust_policy::TrustPolicy;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::ops::Range;

/// One thing that is wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// What kind, for example `file_changed`; stable.
    pub code: &'static str,
    /// The file in the pack that it is about.
    pub file: String,
    /// What was found and what was expected.
    pub detail: String,
}

/// How much was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Checked {
    /// Files held against the manifest.
    pub files: u64,
    /// Ledger entries.
    pub entries: u64,
    /// Proofs.
    pub proofs: u64,
    /// Heads that witnesses cosigned.
    pub witnessed: u64,
    /// Heads that were stamped with the time.
    pub stamped: u64,
    /// Bodies.
    pub bodies: u64,
    /// Record rows.
    pub records: u64,
    /// Copies held against their records.
    pub copies: u64,
    /// Records held against each other.
    #[serde(flatten)]
    pub examined: Examined,
}

/// Whom to believe about the ledger.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// The key that came with the pack, which then only agrees with itself.
    Packed,
    /// This key.
    Key(&'a VerifierKey),
    /// The logs of this policy, with the witnesses it demands.
    Policy(&'a TrustPolicy),
}

impl<'a> From<Option<&'a VerifierKey>> for Trust<'a> {
    fn from(key: Option<&'a VerifierKey>) -> Self {
        key.map_or(Self::Packed, Self::Key)
    }
}

/// Whom to believe about the ledger, and about the time.
#[derive(Clone, Copy, Debug)]
pub struct Believed<'a> {
    /// About the ledger.
    pub ledger: Trust<'a>,
    /// Roots of time-stamp authorities; without them time stamps are held against their own certificates only.
    pub authorities: Option<&'a TrustedRoots>,
    /// Checkpoints that were seen before: the entries under each must still be the same.
    pub earlier: &'a [EarlierHead],
}

impl<'a> From<Trust<'a>> for Believed<'a> {
    fn from(ledger: Trust<'a>) -> Self {
        Self { ledger, authorities: None, earlier: &[] }
    }
}

impl<'a> From<Option<&'a VerifierKey>> for Believed<'a> {
    fn from(key: Option<&'a VerifierKey>) -> Self {
        Trust::from(key).into()
    }
}

/// A head that an authority stamped with the time: the entries under it existed by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Stamped {
    /// Its number of entries.
    pub size: u64,
    /// When the authority saw it, UTC.
    #[schema(value_type = String)]
    pub time: jiff::Timestamp,
    /// The name in the certificate that signed.
    pub authority: String,
    /// The number it gave the stamp, hexadecimal.
    pub serial: String,
    /// The policy it stamps under, an object identifier.
    pub policy: String,
    /// Whether that certificate leads to a root that was given to the verifier.
    pub is_trusted: bool,
}

/// The newest head that the demanded witnesses cosigned: nobody can have changed the entries under it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Witnessed {
    /// Its number of entries.
    pub size: u64,
    /// Who cosigned it, by the name in the policy, and when.
    #[schema(value_type = BTreeMap<String, String>)]
    pub cosigned: BTreeMap<String, jiff::Timestamp>,
}

/// What came of verifying a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Verification {
    /// Everything that is wrong; empty when nothing is.
    pub findings: Vec<Finding>,
    /// How much was verified.
    pub checked: Checked,
    /// What the pack is about.
    pub scope: Scope,
    /// Name of the ledger.
    pub origin: Option<String>,
    /// Number of its entries.
    pub size: Option<u64>,
    /// The key the checkpoint was verified with.
    pub key: Option<String>,
    /// Whether that key was given to the verifier, or was followed from one that was; otherwise it came with the pack, which then only
    /// agrees with itself.
    pub key_is_trusted: bool,
    /// The keys that took the place of the one that was given to the verifier, each signed by the one before it; the last one is in force.
    pub keys_followed: Vec<String>,
    /// Whether the key of the ledger signed which files the pack holds, and what each is.
    pub sealed: bool,
    /// What the witnesses of the policy have seen; absent without a policy or without a quorum.
    pub witnessed: Option<Witnessed>,
    /// What time-stamp authorities stated, oldest head first.
    pub stamped: Vec<Stamped>,
    /// Numbers of entries of the checkpoints that were given to the verifier and are heads of this ledger, ascending.
    pub seen_before: Vec<u64>,
    /// Stored files that are not kept any more, by the disposals that two people signed; a pack holds none of them.
    pub disposed: Vec<DisposedFiles>,
    /// Whether the HTML documents were rendered again; only the program that wrote them can.
    pub pages_compared: bool,
}

/// Where the verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `files`, `bodies` or `reports`.
    pub stage: &'static str,
    /// How many of them are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// Verifies the pack in `reader`, under whom `trust` says.
///
/// # Errors
///
/// [`super::Error::NotAPack`]: there is nothing to verify. Everything else is a finding.
///
/// ```
/// let no_pack = std::io::Cursor::new(b"no zip".to_vec());
/// assert!(driftledger::evidence::verify::verify(no_pack, None, &mut |_| ()).is_err());
/// ```
pub fn verify<'a, R: Read + Seek>(
    reader: R,
    trust: impl Into<Believed<'a>>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verification> {
    let Believed { ledger: trust, authorities, earlier } = trust.into();
    let pack = Pack::open(reader)?;
    let digests = BTreeMap::new();
    let mut walk =
        Walk { pack, digests, findings: Vec::new(), checked: Checked::default(), progress };
    let manifest = walk.files();
    let scope = manifest.as_ref().map(|found| found.scope.clone()).unwrap_or_default();
    walk.required(README);
    let (entries, levels) = walk.entries();
    let tree = (entries.len() as u64, levels.as_slice());
    let keys = walk.keys(trust, tree);
    let key = keys.as_ref().map(|keys| keys.in_force().clone());
    let head = walk.checkpoint(keys.as_ref(), tree);
    let policy = if let Trust::Policy(policy) = trust { Some(policy) } else { None };
    let sealed = walk.sealed((head.as_ref(), key.as_ref()), &entries);
    let history = keys.as_ref().map(|keys| &keys.history);
    let witnessed = walk.witnessed(tree, (history, head.as_ref()), policy);
    let stamped = walk.stamped(tree, history, authorities);
    let seen_before = walk.earlier(tree, history, earlier);
    walk.proofs(&entries, key.as_ref());
    let listed = walk.bodies(&entries);
    walk.records(&listed, &entries);
    walk.completeness(&scope, &entries);
    walk.upgraded();
    walk.identity(manifest.as_ref(), head.as_ref(), keys.as_ref());
    let pages_compared = manifest.as_ref().is_some_and(|found| found.program == printable::PROGRAM);
    walk.copies(pages_compared);
    let prediction = walk.prediction(&scope);
    if pages_compared {
        let verifier = key.as_ref().map(ToString::to_string).unwrap_or_default();
        walk.derived(&scope, (head.as_ref(), &verifier), &entries, prediction.as_ref());
    }
    walk.examine(&entries);
    let disposed = disposed(&mut PackedRecords(&mut walk.pack));
    Ok(Verification {
        findings: walk.findings,
        checked: walk.checked,
        scope,
        origin: head.as_ref().map(|head| head.origin.clone()),
        size: head.as_ref().map(|head| head.size),
        key: key.map(|key| key.to_string()),
        key_is_trusted: keys.as_ref().is_some_and(|keys| keys.is_trusted),
        keys_followed: keys
            .map(|keys| keys.followed.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        sealed,
        witnessed,
        stamped,
        seen_before,
        disposed,
        pages_compared,
    })
}

/// The way through a pack.
struct Walk<'caller, R> {
    pack: Pack<R>,
    /// SHA-256 of every file that can be read.
    digests: BTreeMap<String, String>,
    findings: Vec<Finding>,
    checked: Checked,
    progress: &'caller mut dyn FnMut(Progress),
}

impl<R: Read + Seek> Walk<'_, R> {
    fn find(&mut self, code: &'static str, file: &str, detail: impl Into<String>) {
        let finding = Finding { code, file: file.to_owned(), detail: detail.into() };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// The bytes of a file. One that cannot be read was named when the files were held against the manifest.
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        self.pack.read(name).ok().flatten()
    }

    fn names_in(&self, folder: &str) -> Vec<String> {
        let names = self.pack.names().range(folder.to_owned()..);
        names.take_while(|name| name.starts_with(folder)).cloned().collect()
    }

    /// Every copy is the document inside its record, every record has its copies, and no copy has no record.
    fn copies(&mut self, with_pages: bool) {
        let mut expected: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut pages = Pages::default();
        for (table, _, _) in copies::COPIES {
            for key in PackedRecords(&mut self.pack).keys(table) {
                self.checked.copies += 1;
                let Some(row) = PackedRecords(&mut self.pack).row(table, &key) else { continue };
                if let Some((name, document)) = copies::document(table, &key, &row) {
                    self.copy(&name, document.as_bytes(), &record_file(table, &key));
                    expected.insert(name, (table.to_owned(), key.clone()));
                }
                let Some(name) = copies::page_file(table, &key) else { continue };
                if with_pages
                    && let Some(page) =
                        pages.render(&mut PackedRecords(&mut self.pack), table, &key)
                {
                    self.copy(&name, page.as_bytes(), &record_file(table, &key));
                }
                expected.insert(name, (table.to_owned(), key));
            }
        }
        for (_, folder, _) in copies::COPIES {
            for name in self.names_in(folder) {
                if !expected.contains_key(&name) {
                    self.find(
                        "copy_without_record",
                        &name,
                        "no record in the pack holds this document",
                    );
                }
            }
        }
    }

    fn copy(&mut self, name: &str, expected: &[u8], record: &str) {
        match self.read(name) {
            None => self.find(
                "copy_missing",
                name,
                format!("the document inside `{record}` has no copy here"),
            ),
            Some(found) if found == expected => {}
            Some(_) => {
                self.find(
                    "copy_differs",
                    name,
                    format!("it is not the document inside `{record}`"),
                );
            }
        }
    }

    fn examine(&mut self, entries: &[ledger::Line]) {
        let progress = &mut self.progress;
        let mut report = |done, total| progress(Progress { stage: "reports", done, total });
        let mut visit = |range: Range<u64>, visit: &mut dyn FnMut(&Entry)| {
            let place =
                |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(entries.len());
            let inside = entries.get(place(range.start)..place(range.end)).unwrap_or_default();
            inside.iter().filter_map(|line| line.entry.as_ref()).for_each(visit);
        };
        let mut records = PackedRecords(&mut self.pack);
        let (examined, troubles) = examine(&mut records, &mut visit, &mut report);
        self.checked.examined = examined;
        for trouble in troubles {
            let file = record_file(&trouble.table, &trouble.id);
            self.find(trouble.code, &file, trouble.detail);
        }
    }

    /// Files outside the known names and folders have no meaning in this format.
    fn has_meaning(name: &str) -> bool {
        use super::manifest::{CHECKPOINT, ENTRIES, MANIFEST, ROW_IDS, SEAL, VERIFIER_KEY};
        let folders = copies::COPIES
            .iter()
            .map(|copy| copy.1)
            .chain([BODIES, KEYS, PROOFS, RECORDS, WITNESSED, STAMPED, TABLES, ROW_IDS]);
        [MANIFEST, SEAL, README, CHECKPOINT, VERIFIER_KEY, ENTRIES, STORY, PREDICTION]
            .contains(&name)
            || folders.into_iter().any(|folder| name.starts_with(folder))
    }
}
