//! A copy of one record on paper: every field with what it first said, the revisions, the signatures, and the copy itself attached.

use super::document::{
    Attachment, Block, Cell, ColumnKind, Document, Fact, Relationship, Sheets, Table, Tone,
};
use super::signed::capital;
use crate::digest;
use crate::evidence::Result;
use crate::evidence::record_copy::{FieldCopy, RecordCopy, Revision};
use ColumnKind::{Digest, Number, Text};

/// The copy as a document; `ledger` is the ledger's name. Who printed it and when is in the copy.
///
/// # Errors
///
/// [`super::super::Error::Digest`] never in practice.
pub fn record_report(copy: &RecordCopy, ledger: &str, at_words: &str) -> Result<Sheets> {
    let mut sheets = Sheets { document: cover(copy, ledger, at_words), ..Sheets::default() };
    if let Some(next) = copy.superseded_by() {
        let said = format!("Superseded: a later revision was recorded in entry {}.", next.entry);
        sheets.document.notices.push(said);
    }
    sheets.push(Block::heading(1, "Fields"));
    let columns = [("field", Text, 4), ("value", Text, 5), ("changes since entry", Text, 4)];
    let mut fields = Table::new("Every field of the record", "It has no fields.", &columns);
    copy.fields.iter().for_each(|one| fields.rows.push(field(one)));
    sheets.push(Block::Table(fields));
    sheets.push(Block::heading(1, "Revisions and signatures"));
    sheets.push(Block::soft(
        "Nothing is edited: a change is a new revision, and the one before stays.",
    ));
    let columns = [
        ("no.", Number, 0),
        ("recorded (UTC)", Text, 3),
        ("by", Text, 3),
        ("entry", Number, 0),
        ("signatures", Text, 6),
        ("record, SHA-256", Digest, 4),
    ];
    let mut revisions = Table::new("Oldest first", "It has no revision.", &columns);
    for (number, one) in (1..).zip(&copy.revisions) {
        revisions.rows.push(revision(number, one));
    }
    sheets.push(Block::Table(revisions));
    let attachment = Attachment {
        name: "record.json".to_owned(),
        mime: "application/json",
        description: "This copy as data".to_owned(),
        relationship: Relationship::Data,
    };
    sheets.attach(attachment, digest::canonical_json(copy)?);
    sheets.list_attachments();
    Ok(sheets)
}

fn cover(copy: &RecordCopy, ledger: &str, at_words: &str) -> Document {
    let Revision { id, entry, at, by, sha256, signatures } = &copy.revision;
    let changed = match copy.changed() {
        0 => "no field was changed since it was entered".to_owned(),
        n => format!("{n} fields were changed since they were entered; they are marked below"),
    };
    let signed = if signatures.is_empty() { "none".to_owned() } else { signatures.join("\n") };
    Document {
        kind: "Copy of a record".to_owned(),
        title: format!("{}, revision {}", capital(&copy.table.replace('_', " ")), copy.number),
        language: "en",
        running_head: ledger.to_owned(),
        printed_by: copy.printed_by.clone(),
        printed: format!("Printed by {} on {at_words}", copy.printed_by),
        cover: vec![
            Fact::new("Record table", &copy.table),
            Fact::digest("Record", id),
            Fact::new("Revision", format!("{} of {}", copy.number, copy.revisions.len())),
            Fact::new("Changes", changed),
            Fact::new("Recorded", format!("{at} (UTC) by {by}, ledger entry {entry}")),
            Fact::digest("Record, SHA-256", sha256),
            Fact::new("Signatures", signed),
            Fact::digest("Ledger", ledger),
            Fact::new("Printed by", &copy.printed_by),
            Fact::new("Printed at", at_words),
        ],
        draft: copy.unsigned_change,
        draft_words: "UNSIGNED: an earlier revision was signed; this one was not.".to_owned(),
        statement: format!(
            "This document repeats a record for reading. The body of ledger entry {entry} lists the record's SHA-256, and the \
             signed head of the ledger proves the entry."
        ),
        ..Document::default()
    }
}

fn field(field: &FieldCopy) -> Vec<Cell> {
    let name = if field.meaning.is_empty() {
        field.name.clone()
    } else {
        format!("{}\n{}", field.name, field.meaning)
    };
    let value = match &field.value {
        Some(value) => Cell::new(value),
        None => Cell::toned("not there any more", Tone::Soft),
    };
    let changes = field.original.as_ref().map(|original| {
        let first = original.value.clone().unwrap_or_else(|| "nothing".to_owned());
        let (times, entry) = (field.changes, original.changed_in);
        format!("Changed, {times} times. First entered: {first} (newest change: entry {entry})")
    });
    let tone = if changes.is_some() { Tone::Strong } else { Tone::Soft };
    vec![Cell::new(name), value, Cell::toned(changes.unwrap_or_else(|| "none".to_owned()), tone)]
}

fn revision(number: usize, revision: &Revision) -> Vec<Cell> {
    let signatures = if revision.signatures.is_empty() {
        Cell::toned("none", Tone::Soft)
    } else {
        Cell::new(revision.signatures.join("\n"))
    };
    vec![
        Cell::new(number.to_string()),
        Cell::new(&revision.at),
        Cell::new(&revision.by),
        Cell::new(revision.entry.to_string()),
        signatures,
        Cell::new(&revision.sha256),
    ]
}
