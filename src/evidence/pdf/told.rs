//! The parts of a story as blocks: summary, prediction, versions, alerts.

use super::document::{Block, ColumnKind, Fact, Sheets, SignatureBlock, Table};
use crate::evidence::story::{AlertPart, PredictionPart, Story, VersionPart};
use crate::evidence::story_acts::Act;
use std::collections::BTreeMap;

use ColumnKind::{Digest, Number, Text};

/// What is in the document, in figures.
pub(super) fn summary(sheets: &mut Sheets, found: &Story, signatures: &[SignatureBlock]) {
    let mut verdicts = BTreeMap::<&str, usize>::new();
    for batch in &found.batches {
        *verdicts.entry(&batch.verdict_words).or_default() += 1;
    }
    let counted: Vec<String> =
        verdicts.iter().map(|(verdict, n)| format!("{n} {verdict}")).collect();
    let batches = match found.batches.len() {
        0 => "none judged".to_owned(),
        n => format!("{n} judged: {}", counted.join(", ")),
    };
    let answered = found.alerts.iter().filter(|alert| !alert.acts.is_empty()).count();
    let signed = signatures.iter().filter(|signature| signature.signed).count();
    sheets.push(Block::heading(1, "Summary"));
    sheets.push(Block::Facts {
        rows: vec![
            Fact::new("Model versions", found.versions.len().to_string()),
            Fact::new("Batches", batches),
            Fact::new("Alerts", format!("{}, of which {answered} answered", found.alerts.len())),
            Fact::new(
                "Signatures",
                format!("{signed} signed, {} missing", signatures.len() - signed),
            ),
        ],
    });
}

/// The prediction that was asked for.
pub(super) fn prediction(sheets: &mut Sheets, found: &PredictionPart) {
    sheets.push(Block::heading(1, "The prediction"));
    sheets.push(Block::Facts {
        rows: vec![
            Fact::new("Row", format!("{} of the batch's file", found.row)),
            Fact::new("Id", &found.id),
            Fact::digest("Digest of the id", &found.id_digest),
            Fact::digest("Input, SHA-256", &found.input_sha256),
            Fact::digest("Row, SHA-256", &found.row_sha256),
            Fact::digest("File, SHA-256", &found.file_sha256),
        ],
    });
    let columns = [("column", Text, 3), ("role", Text, 2), ("value", Text, 4)];
    let mut cells = Table::new("Its cells, as the file holds them", "It has no cells.", &columns);
    found.cells.iter().for_each(|cell| cells.plain(cell.iter()));
    sheets.push(Block::Table(cells));
    let columns = [("delivery", Digest, 2), ("label", Text, 3)];
    let mut labels = Table::new("Labels that came for it", "No label came for it.", &columns);
    found.labels.iter().for_each(|label| labels.plain([&label.name, &label.value]));
    sheets.push(Block::Table(labels));
}

/// One version: what it is, where it comes from, what was done about it.
pub(super) fn version(sheets: &mut Sheets, version: &VersionPart) {
    sheets.push(Block::heading(1, format!("The model: {}", version.name)));
    let mut rows =
        vec![Fact::digest("Id", &version.id), Fact::new("Ledger entry", version.entry.to_string())];
    rows.extend(version.facts.iter().map(|fact| {
        let is_digest = fact.value.len() == 64 && !fact.value.contains(' ');
        Fact { mono: is_digest, ..Fact::new(&fact.name, &fact.value) }
    }));
    sheets.push(Block::Facts { rows });
    let mut files = Table::new(
        "Its files",
        "No file was registered with it.",
        &[("what", Text, 2), ("name", Text, 3), ("SHA-256", Digest, 5)],
    );
    version.files.iter().for_each(|file| files.plain(file.iter()));
    sheets.push(Block::Table(files));
    let mut datasets = Table::new(
        "Where its data come from",
        "No dataset was registered with it.",
        &[
            ("role", Text, 2),
            ("rows", Number, 0),
            ("table, tdh1", Digest, 4),
            ("file, SHA-256", Digest, 4),
            ("made from", Digest, 3),
        ],
    );
    version.datasets.iter().for_each(|dataset| datasets.plain(dataset.iter()));
    sheets.push(Block::Table(datasets));
    let mut frozen = Table::new(
        "What its batches are judged with",
        "Nothing is frozen: no batch of it can be judged.",
        &[("what", Text, 2), ("entry", Number, 0), ("SHA-256", Digest, 5)],
    );
    version.frozen.iter().for_each(|line| frozen.plain(line.iter()));
    sheets.push(Block::Table(frozen));
    sheets.push(acts("What was done about it", "Nothing was done about it yet.", &version.acts));
}

/// What people did about the alerts.
pub(super) fn alerts(sheets: &mut Sheets, alerts: &[AlertPart]) {
    sheets.push(Block::heading(1, "What people did about it"));
    if alerts.is_empty() {
        sheets.push(Block::note("There was no alert to answer."));
    }
    for alert in alerts {
        sheets.push(Block::heading(2, format!("Alert: {}", alert.kind)));
        let opened = format!("{}, opened {}, ledger entry {}", alert.id, alert.at, alert.entry);
        sheets.push(Block::soft(opened));
        alert.sentences.iter().for_each(|sentence| sheets.push(Block::text(sentence)));
        sheets.push(acts("In order", "Nobody has answered it yet.", &alert.acts));
    }
}

fn acts(caption: &str, empty: &str, acts: &[Act]) -> Block {
    let columns = [("when (UTC)", Text, 3), ("entry", Number, 0), ("what", Text, 11)];
    let mut table = Table::new(caption, empty, &columns);
    for act in acts {
        let mut what = vec![act.what.clone()];
        what.extend(act.said.iter().filter(|said| !said.is_empty()).cloned());
        what.extend((!act.manifestation.is_empty()).then(|| act.manifestation.clone()));
        table.plain([act.at.clone(), act.entry.to_string(), what.join("\n")]);
    }
    Block::Table(table)
}
