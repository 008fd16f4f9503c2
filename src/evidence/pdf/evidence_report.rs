//! The evidence report: what an evidence pack tells, on paper, with the pack attached.
//!
//! Everything is taken from the pack; the same pack printed at the same stated time by the same person gives the same bytes.

use super::document::{
    Attachment, Block, Cell, ColumnKind, Document, Fact, Relationship, Sheets, Table,
};
use super::{judged, signed, told};
use crate::clock;
use crate::digest;
use crate::evidence::copies::Pages;
use crate::evidence::manifest::{CHECKPOINT, MANIFEST, Manifest, PREDICTION, Scope, VERIFIER_KEY};
use crate::evidence::pack::Pack;
use crate::evidence::prediction::Prediction;
use crate::evidence::records::PackedRecords;
use crate::evidence::{Error, Result, printable, qr, story};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::VerifierKey;
use jiff::Timestamp;
use std::io::{Read, Seek, SeekFrom};

/// The largest pack that is attached, in bytes. A longer one is taken by itself; its digest is on the cover.
pub const ATTACHED_MAX: u64 = 64 << 20;
/// Name of the attached pack.
pub const PACK: &str = "evidence.zip";

/// Who prints, when, and what is known about the pack.
#[derive(Clone, Debug)]
pub struct Printing {
    /// Printed name, user name and role of who prints.
    pub by: String,
    /// When, which is all the document knows about time.
    pub at: Timestamp,
    /// SHA-256 of the pack.
    pub pack_sha256: String,
    /// Its length.
    pub pack_bytes: u64,
    /// Ledger entry that says that it was taken.
    pub entry: u64,
}

impl Printing {
    /// When, with the offset from UTC.
    pub fn at_words(&self) -> String {
        at_words(self.at)
    }
}

/// A time on paper: to the second, with the offset from UTC.
pub fn at_words(at: Timestamp) -> String {
    let text = clock::rfc3339(at);
    format!("{} {} +00:00 (UTC)", &text[..10], &text[11..19])
}

/// The report of the pack in `file`.
///
/// # Errors
///
/// Those of [`Pack::open`]; [`Error::NotAPack`] when its manifest, key or checkpoint cannot be read; [`Error::File`].
pub fn evidence_report<R: Read + Seek>(file: &mut R, printing: &Printing) -> Result<Sheets> {
    let mut sheets = Sheets::default();
    let whole = if printing.pack_bytes <= ATTACHED_MAX { Some(read_whole(file)?) } else { None };
    let mut pack = Pack::open(file)?;
    let opened = open(&mut pack)?;
    sheets.document = cover(&opened, printing);
    let svg = qr::drawing(&opened.note).unwrap_or_default();
    if !svg.is_empty() {
        let drawn = svg.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 1);
        sheets.document.code = sheets.picture(drawn);
    }
    tell(&mut sheets, &mut pack, &opened)?;
    attach(&mut sheets, &mut pack, whole, printing)?;
    Ok(sheets)
}

fn read_whole<R: Read + Seek>(file: &mut R) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(Error::File)?;
    file.read_to_end(&mut bytes).map_err(Error::File)?;
    file.seek(SeekFrom::Start(0)).map_err(Error::File)?;
    Ok(bytes)
}

/// What a pack says about itself.
struct Opened {
    scope: Scope,
    program: String,
    note: String,
    head: Checkpoint,
    key: String,
    explained: usize,
}

fn open<R: Read + Seek>(pack: &mut Pack<R>) -> Result<Opened> {
    let refused = |detail: String| Error::NotAPack { detail };
    let mut text = |name: &str| -> Result<String> {
        let bytes = pack.read(name)?.ok_or_else(|| refused(format!("it holds no `{name}`")))?;
        String::from_utf8(bytes).map_err(|e| refused(format!("`{name}` is not UTF-8: {e}")))
    };
    let manifest: Manifest =
        serde_json::from_str(&text(MANIFEST)?).map_err(|error| refused(error.to_string()))?;
    let (note, key) = (text(CHECKPOINT)?, text(VERIFIER_KEY)?.trim().to_owned());
    let verifier: VerifierKey = key.parse()?;
    let head = Checkpoint::open(&note, &verifier)?;
    let explained = pack.names().iter().filter(|name| name.starts_with("bodies/")).count();
    let Manifest { scope, program, .. } = manifest;
    Ok(Opened { scope, program, note, head, key, explained })
}

fn cover(opened: &Opened, printing: &Printing) -> Document {
    let Opened { scope, head, .. } = opened;
    let mut facts = filters(scope);
    facts.extend([
        Fact::digest("Ledger", &head.origin),
        Fact::new(
            "Entries",
            format!("{} in the ledger, {} explained here", head.size, opened.explained),
        ),
        Fact::digest("Checkpoint root", hex::encode(head.root)),
        Fact::digest("Key of the ledger", &opened.key),
        Fact::new("Printed by", &printing.by),
        Fact::new("Printed at", printing.at_words()),
        Fact::new("Recorded in", format!("ledger entry {}", printing.entry)),
        Fact::digest("Program", &opened.program),
        Fact::digest("Evidence pack, SHA-256", &printing.pack_sha256),
    ]);
    Document {
        kind: "Evidence report".to_owned(),
        title: format!("Evidence about {}", printable::plain(&subject(scope))),
        language: "en",
        running_head: head.origin.clone(),
        printed_by: printing.by.clone(),
        printed: format!("Printed by {} on {}", printing.by, printing.at_words()),
        cover: facts,
        code_alt: "The signed checkpoint as a QR code".to_owned(),
        code_words: format!(
            "The signed checkpoint. Scanned and kept elsewhere, it shows later whether the first {} entries are still the same: \
             driftledger verify {PACK} --checkpoint FILE",
            head.size
        ),
        statement: format!(
            "This document repeats records for reading and proves nothing by itself. The records, the checkpoint and the proofs are \
             attached to it as {PACK}; \"driftledger verify {PACK} --key KEY\" holds everything against the signed checkpoint, \
             without this server."
        ),
        ..Document::default()
    }
}

/// What the pack is about, without how far its story goes: that is a filter.
fn subject(scope: &Scope) -> String {
    Scope { until: None, ..scope.clone() }.words()
}

/// Every filter, the empty ones too: what was left out is as much a statement as what was taken.
fn filters(scope: &Scope) -> Vec<Fact> {
    let mut facts: Vec<Fact> = [
        ("Model", &scope.model),
        ("Version", &scope.version),
        ("Alert", &scope.alert),
        ("Batch", &scope.batch),
        ("Prediction", &scope.prediction),
    ]
    .into_iter()
    .map(|(name, value)| {
        let value = value.clone().unwrap_or_else(|| "all (no filter)".to_owned());
        Fact::new(format!("Filter: {}", name.to_lowercase()), value)
    })
    .collect();
    let period = match (&scope.from, &scope.to) {
        (Some(from), Some(to)) => format!("from {from} to {to} (UTC)"),
        (Some(from), None) => format!("from {from} (UTC)"),
        (None, Some(to)) => format!("to {to} (UTC)"),
        (None, None) => "all (no filter)".to_owned(),
    };
    facts.push(Fact::new("Filter: period", period));
    if let Some(until) = scope.until {
        let value = format!("the first {until} entries: where the story of what is asked for ends");
        facts.push(Fact::new("Filter: entries", value));
    }
    facts
}

fn tell<R: Read + Seek>(sheets: &mut Sheets, pack: &mut Pack<R>, opened: &Opened) -> Result<()> {
    let prediction: Option<Prediction> =
        pack.read(PREDICTION)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut records = PackedRecords(pack);
    let found = story::tell(&opened.scope, &mut records, prediction.as_ref());
    let signatures = signed::signatures(&mut records);
    told::summary(sheets, &found, &signatures);
    let waiting = signatures.iter().filter(|signature| !signature.signed).count();
    if waiting > 0 {
        let s = if waiting == 1 { " waits" } else { "s wait" };
        sheets.document.draft = true;
        sheets.document.draft_words = format!(
            "{waiting} record{s} for a signature. What is not signed is marked UNSIGNED and struck through below."
        );
    }
    if let Some(prediction) = &found.prediction {
        told::prediction(sheets, prediction);
    }
    for version in &found.versions {
        told::version(sheets, version);
    }
    sheets.push(Block::heading(1, "What was found"));
    judged::batches(sheets, &mut records, &found.batches);
    let mut pages = Pages::default();
    judged::details(sheets, (&mut records, &mut pages), &opened.scope, &found.batches);
    told::alerts(sheets, &found.alerts);
    signed::section(sheets, signatures);
    Ok(())
}

/// Attaches the pack, and for whoever has no tool for it its signed head and its list of files.
fn attach<R: Read + Seek>(
    sheets: &mut Sheets,
    pack: &mut Pack<R>,
    whole: Option<Vec<u8>>,
    printing: &Printing,
) -> Result<()> {
    let file = |name: &str, mime, description: &str, relationship| Attachment {
        name: name.to_owned(),
        mime,
        description: description.to_owned(),
        relationship,
    };
    let about = "Evidence pack: entries, records, proofs, tables; what this document was made from";
    match whole {
        Some(bytes) => {
            sheets.attach(file(PACK, "application/zip", about, Relationship::Source), bytes);
        }
        None => sheets.document.notices.push(format!(
            "The evidence pack has {} bytes, more than the {ATTACHED_MAX} that are attached. Take it by itself; its SHA-256 is above.",
            printing.pack_bytes
        )),
    }
    for (packed, name, mime, about) in [
        (CHECKPOINT, "checkpoint.txt", "text/plain", "The signed head of the ledger"),
        (MANIFEST, MANIFEST, "application/json", "Every file of the pack with its digests"),
    ] {
        if let Some(bytes) = pack.read(packed)? {
            sheets.attach(file(name, mime, about, Relationship::Data), bytes);
        }
    }
    sheets.list_attachments();
    Ok(())
}

impl Sheets {
    /// Puts the list of what is attached beside the contents.
    pub fn list_attachments(&mut self) {
        let mut table = Table::new(
            "Files attached to this document",
            "",
            &[
                ("file", ColumnKind::Text, 3),
                ("what it is", ColumnKind::Text, 5),
                ("bytes", ColumnKind::Number, 0),
                ("SHA-256", ColumnKind::Digest, 5),
            ],
        );
        for (attachment, (_, bytes)) in self.document.attachments.iter().zip(&self.files) {
            table.rows.push(vec![
                Cell::new(&attachment.name),
                Cell::new(&attachment.description),
                Cell::new(bytes.len().to_string()),
                Cell::new(digest::sha256_hex(bytes)),
            ]);
        }
        self.document.attached = table;
    }
}
