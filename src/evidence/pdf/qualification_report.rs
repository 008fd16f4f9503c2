//! The report of a qualification run (IQ, OQ, PQ) on paper: every check with what was asked, expected and found, the signature or its
//! place, and the run itself attached.

use super::document::{
    Attachment, Block, Cell, ColumnKind, Document, Fact, Relationship, Sheets, Table, Tone,
};
use super::evidence_report::at_words;
use super::signed::{capital, missing, signed};
use crate::evidence::printable::plain;
use crate::review::qualification::{CheckOutcome, Qualification, QualificationCheck};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use ColumnKind::{Number, Text};
use jiff::Timestamp;

/// What stands at the place of the signature of a run that failed.
const FAILED: &str =
    "A run that failed is signed by nobody. Mend what failed and run it again; this one stays.";
/// What the cover says of a run that nobody signed.
const UNSIGNED: &str = "This run is not signed; the place of the signature is marked UNSIGNED.";

/// A run as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptRun<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its ledger entry.
    pub entry: u64,
    /// SHA-256 of its canonical bytes.
    pub sha256: &'a str,
    /// These bytes.
    pub document: &'a str,
    /// What they say.
    pub run: &'a Qualification,
    /// Its signature.
    pub signature: Option<&'a RecordSignature>,
}

/// The report of a run, printed by that person at that time.
pub fn qualification_report(kept: &KeptRun<'_>, by: &str, at: Timestamp) -> Sheets {
    let run = kept.run;
    let mut sheets = Sheets { document: cover(kept, by, at), ..Sheets::default() };
    sheets.push(Block::heading(1, "Result"));
    sheets.push(Block::Note { text: run.sentence(), strong: !run.passed });
    sheets.push(overview(run));
    sheets.push(Block::heading(1, "Checks"));
    run.checks.iter().for_each(|one| check(&mut sheets, one));
    sheets.push(Block::heading(1, "Signature"));
    let of = ("Qualification run", kept.id, kept.sha256);
    if let Some(signature) = kept.signature {
        let how = (signature.meaning, signature.signed_at.as_str(), signature.method.as_str());
        sheets.push(Block::Signature(signed(of, &signature.signer, how)));
    } else {
        let recorded = format!("Recorded as ledger entry {}", kept.entry);
        let mut block = missing(of, Meaning::ApprovesQualification, &recorded);
        if !run.passed {
            FAILED.clone_into(&mut block.remark);
        }
        sheets.document.draft = true;
        UNSIGNED.clone_into(&mut sheets.document.draft_words);
        sheets.push(Block::Signature(block));
    }
    let attachment = Attachment {
        name: "qualification.json".to_owned(),
        mime: "application/json",
        description: "The run as it is recorded and signed, byte by byte".to_owned(),
        relationship: Relationship::Source,
    };
    sheets.attach(attachment, kept.document.as_bytes().to_vec());
    sheets.list_attachments();
    sheets
}

fn cover(kept: &KeptRun<'_>, by: &str, at: Timestamp) -> Document {
    let run = kept.run;
    let (printed_at, passed) = (at_words(at), if run.passed { "passed" } else { "failed" });
    let mut facts = vec![
        Fact::new("Qualification", capital(run.part.words())),
        Fact::new("About", run.about.clone().unwrap_or_else(|| "this installation".to_owned())),
        Fact::new("Result", passed),
        Fact::digest("Run", kept.id),
        Fact::new("Began", format!("{} (UTC)", run.started_at)),
        Fact::new("Ended", format!("{} (UTC)", run.finished_at)),
        Fact::new("Recorded in", format!("ledger entry {}", kept.entry)),
        Fact::digest("Ledger", &run.ledger),
        Fact::digest("Program", &run.program),
    ];
    facts.extend(
        run.program_sha256.iter().map(|sha256| Fact::digest("Program's file, SHA-256", sha256)),
    );
    facts.extend([
        Fact::digest("Run, SHA-256", kept.sha256),
        Fact::new("Printed by", by),
        Fact::new("Printed at", &printed_at),
    ]);
    let about = run.about.as_ref().map(|about| format!(" of {about}")).unwrap_or_default();
    Document {
        kind: "Qualification report".to_owned(),
        title: format!("{}{about}", capital(run.part.words())),
        language: "en",
        running_head: run.ledger.clone(),
        printed_by: by.to_owned(),
        printed: format!("Printed by {by} on {printed_at}"),
        cover: facts,
        statement: "This document repeats a record for reading. The record is attached as qualification.json; its SHA-256 is \
                    the one that was signed. Software is not validated by a run: that is the user's decision, for the intended use."
            .to_owned(),
        ..Document::default()
    }
}

fn tone(outcome: CheckOutcome) -> Tone {
    match outcome {
        CheckOutcome::Passed => Tone::Stable,
        CheckOutcome::Failed => Tone::Drift,
        CheckOutcome::ForAPerson => Tone::Undetermined,
    }
}

fn overview(run: &Qualification) -> Block {
    let columns = [
        ("check", Text, 2),
        ("question", Text, 8),
        ("outcome", Text, 3),
        ("requirements", Number, 0),
    ];
    let mut table = Table::new("All checks", "It holds no check.", &columns);
    for check in &run.checks {
        table.rows.push(vec![
            Cell::new(&check.id),
            Cell::new(plain(&check.question)),
            Cell::toned(check.outcome.words(), tone(check.outcome)),
            Cell::new(check.requirements.len().to_string()),
        ]);
    }
    Block::Table(table)
}

fn check(sheets: &mut Sheets, check: &QualificationCheck) {
    sheets.push(Block::heading(2, format!("{} {}", check.id, plain(&check.question))));
    sheets.push(Block::Text { text: capital(check.outcome.words()), tone: tone(check.outcome) });
    sheets.push(Block::Facts {
        rows: vec![
            Fact::new("Expected", plain(&check.expected)),
            Fact::new("Found", plain(&check.found)),
            Fact::new("Risk if it fails", plain(&check.risk)),
            Fact::new("Requirements", check.requirements.join(", ")),
        ],
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::qualification::{Part, QUALIFICATION_FORMAT};

    #[test]
    fn a_failed_run_is_unsigned_and_its_record_is_attached() {
        let check = QualificationCheck {
            id: "OQ-01".into(),
            requirements: vec!["MON-valid".into()],
            question: "does `x` hold".into(),
            risk: "r".into(),
            expected: "e".into(),
            found: "f".into(),
            outcome: CheckOutcome::Failed,
        };
        let run = Qualification {
            format: QUALIFICATION_FORMAT.into(),
            part: Part::Operation,
            about: None,
            program: "p".into(),
            program_sha256: None,
            ledger: "l".into(),
            started_at: "2026-01-01T00:00:00.000Z".into(),
            finished_at: "2026-01-01T00:00:01.000Z".into(),
            checks: vec![check],
            passed: false,
        };
        let document = String::from_utf8(run.bytes().unwrap()).unwrap();
        let kept = KeptRun {
            id: "qu_1",
            entry: 3,
            sha256: "ab",
            document: &document,
            run: &run,
            signature: None,
        };
        let sheets =
            qualification_report(&kept, "Ada (ada, qa)", "2026-02-01T08:00:00Z".parse().unwrap());
        assert_eq!(sheets.document.title, "Operational qualification (OQ)");
        assert!(sheets.document.draft);
        let unsigned = sheets.document.blocks.iter().any(|block| {
            matches!(block, Block::Signature(one) if !one.signed && one.remark.contains("signed by nobody"))
        });
        assert!(unsigned);
        assert_eq!(sheets.files, [("qualification.json".to_owned(), document.into_bytes())]);
    }
}
