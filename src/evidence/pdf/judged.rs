//! Judged batches as blocks: all of them in one table with the evidence over time, and what the reports say in detail.

use super::document::{Block, Cell, ColumnKind, Fact, Sheets, Table, Tone};
use super::evidence_over_time::{Bar, evidence_over_time};
use crate::drift::notices::notices;
use crate::drift::promise::{NO_ALARM, conditions, promise};
use crate::drift::reference::Reference;
use crate::drift::report::DriftReport;
use crate::evidence::copies::Pages;
use crate::evidence::manifest::Scope;
use crate::evidence::printable::{self, Section};
use crate::evidence::records::Records;
use crate::evidence::story::BatchPart;
use ColumnKind::{Digest, Number, Text};
use std::collections::BTreeSet;

/// Batches in the table, at most: the newest.
const LISTED_MAX: usize = 500;
/// Batches in the drawing, at most: the newest.
const DRAWN_MAX: usize = 48;
/// Reports told in detail where more than one batch is asked for, at most: the newest, those with an alarm first.
const DETAILED_MAX: usize = 4;
/// Characters of a drawing's description, at most.
const ALT_MAX: usize = 1500;

/// All batches.
pub(super) fn batches(sheets: &mut Sheets, records: &mut dyn Records, batches: &[BatchPart]) {
    let newest = &batches[batches.len().saturating_sub(LISTED_MAX)..];
    draw(sheets, records, &batches[batches.len().saturating_sub(DRAWN_MAX)..]);
    let mut table = Table::new(
        "Batches, in order",
        "No batch was judged.",
        &[
            ("no.", Number, 0),
            ("batch", Text, 3),
            ("judged at (UTC)", Text, 6),
            ("rows", Number, 0),
            ("verdict", Text, 3),
            ("monitor", Text, 2),
            ("entry", Number, 0),
            ("report, SHA-256", Digest, 6),
        ],
    );
    for batch in newest {
        table.rows.push(vec![
            Cell::new(batch.number.to_string()),
            Cell::new(named(batch)),
            Cell::new(&batch.at),
            Cell::new(batch.rows.to_string()),
            Cell::toned(&batch.verdict_words, Tone::of_verdict(&batch.verdict)),
            Cell::new(&batch.state),
            Cell::new(batch.entry.to_string()),
            Cell::new(&batch.report_sha256),
        ]);
    }
    sheets.push(Block::Table(table));
    let mut said = BTreeSet::new();
    for batch in newest.iter().filter(|batch| said.insert(batch.invalid.as_str())) {
        if !batch.invalid.is_empty() {
            sheets.push(Block::note(format!("Batch {}: {}", batch.name, batch.invalid)));
        }
    }
    if newest.len() < batches.len() {
        let older = batches.len() - newest.len();
        sheets.push(Block::note(format!("{older} older batches are in the attached pack.")));
    }
}

/// The name of a batch, and whether it is invalid.
fn named(batch: &BatchPart) -> String {
    if batch.invalid.is_empty() { batch.name.clone() } else { format!("{} (invalid)", batch.name) }
}

fn draw(sheets: &mut Sheets, records: &mut dyn Records, batches: &[BatchPart]) {
    let mut bars = Vec::new();
    for batch in batches {
        let Some(row) = records.row("report", &batch.report) else { continue };
        let Ok(report) = serde_json::from_str::<DriftReport>(row.text("document")) else {
            continue;
        };
        bars.push(Bar { name: named(batch), meter: report.meter, state: batch.state.clone() });
    }
    if bars.len() < 2 {
        return;
    }
    let said: Vec<String> =
        bars.iter().map(|bar| format!("{}: {:.0} %", bar.name, 100.0 * bar.meter)).collect();
    let alt = format!("Evidence of each batch as a share of the alarm limit. {}", said.join("; "));
    let key = sheets.picture(evidence_over_time(&bars));
    sheets.push(Block::soft(
        "Evidence that something has changed, batch by batch, as a share of the alarm limit:",
    ));
    sheets.push(Block::Image { key, alt: cut(&alt), width: 100 });
}

/// What the reports say, feature by feature.
pub(super) fn details(
    sheets: &mut Sheets,
    (records, pages): (&mut dyn Records, &mut Pages),
    scope: &Scope,
    batches: &[BatchPart],
) {
    let is_one = scope.batch.is_some();
    let chosen = chosen(records, batches, is_one);
    if chosen.is_empty() {
        return;
    }
    if chosen.len() < batches.len() {
        sheets.push(Block::note(format!(
            "{} of {} reports are told in detail below: those that raised an alarm, and the newest. All are in the attached pack.",
            chosen.len(),
            batches.len()
        )));
    }
    for batch in chosen {
        let Some(row) = records.row("report", &batch.report) else { continue };
        if let Some((report, reference)) = pages.judged(records, &row) {
            one(sheets, (&report, reference), batch, is_one);
        } else {
            sheets.push(Block::heading(2, format!("Batch {}", batch.name)));
            sheets.push(Block::note(
                "The report or the reference it was judged against is not in the pack, or they do not fit together.",
            ));
        }
    }
}

/// The reports to tell in detail, oldest first.
fn chosen<'a>(
    records: &mut dyn Records,
    batches: &'a [BatchPart],
    is_one: bool,
) -> Vec<&'a BatchPart> {
    let most = if is_one { 1 } else { DETAILED_MAX };
    let mut alarmed = Vec::new();
    for (at, batch) in batches.iter().enumerate().rev() {
        if alarmed.len() >= most {
            break;
        }
        let Some(row) = records.row("report", &batch.report) else { continue };
        let report = serde_json::from_str::<DriftReport>(row.text("document"));
        if report.is_ok_and(|report| report.alarm.is_some()) || at + 1 == batches.len() {
            alarmed.push(batch);
        }
    }
    alarmed.reverse();
    alarmed
}

fn one(
    sheets: &mut Sheets,
    (report, reference): (&DriftReport, &Reference),
    batch: &BatchPart,
    is_one: bool,
) {
    sheets.push(Block::heading(2, format!("Batch {}", batch.name)));
    if !batch.invalid.is_empty() {
        sheets.push(Block::Note { text: batch.invalid.clone(), strong: true });
    }
    sheets.push(Block::Facts { rows: facts(report, batch) });
    notices(report).into_iter().for_each(|notice| sheets.push(Block::note(notice)));
    if let Some(alarm) = &report.alarm {
        let how = if alarm.established { "It is established for" } else { "Most evidence is in" };
        let text = format!("This batch raised an alarm. {how} {}.", alarm.covers.join(", "));
        sheets.push(Block::Note { text, strong: true });
    }
    let sections =
        printable::sections(&report.features, reference, &report.context.earlier_batches);
    sheets.push(overview(&sections));
    if is_one {
        sheets.push(Block::heading(3, "What is promised"));
        sheets.push(Block::text(promise(report.batches_per_false_alarm)));
        let series = report.features.iter().map(|feature| feature.series.len()).sum();
        sheets.push(Block::List { items: conditions(series) });
        sheets.push(Block::text(NO_ALARM));
    }
    let told: Vec<&Section> =
        sections.iter().filter(|section| is_one || section.verdict != "stable").collect();
    if told.len() < sections.len() {
        let stable = sections.len() - told.len();
        sheets.push(Block::soft(format!(
            "Details of the {stable} stable features are in the attached pack, reports/{}.html.",
            batch.report
        )));
    }
    told.into_iter().for_each(|section| feature(sheets, section));
}

fn facts(report: &DriftReport, batch: &BatchPart) -> Vec<Fact> {
    let context = &report.context;
    let mut facts = vec![
        Fact::new("Model", format!("{}, version {}", context.model, context.version)),
        Fact::new("Verdict", &batch.verdict_words),
        Fact::new(
            "Monitor",
            format!("{}; evidence at {:.2}, an alarm is at 1", batch.state, report.meter),
        ),
        Fact::new("Rows", format!("{}; batch number {} of this version", batch.rows, batch.number)),
    ];
    if let (Some(start), Some(end)) = (&context.period_start, &context.period_end) {
        facts.push(Fact::new("Period", format!("{start} to {end} (end not included)")));
    }
    facts.extend([
        Fact::new("Judged at", format!("{} (UTC), ledger entry {}", batch.at, batch.entry)),
        Fact::digest("Judged by", &context.engine),
        Fact::digest("Batch file, SHA-256", &context.batch_sha256),
        Fact::digest("Reference, SHA-256", &context.reference_sha256),
        Fact::digest("Policy, SHA-256", &context.policy_sha256),
        Fact::digest("Monitor, SHA-256", &context.monitor_sha256),
        Fact::digest("Report, SHA-256", &batch.report_sha256),
    ]);
    facts
}

fn overview(sections: &[Section]) -> Block {
    let mut table = Table::new(
        "Verdicts. Rows moved: the share of rows that would have to move to another bin to look like the reference again",
        "No feature was judged.",
        &[
            ("feature", Text, 4),
            ("judged as", Text, 4),
            ("verdict", Text, 3),
            ("rows moved", Number, 2),
            ("95 % limits", Number, 3),
            ("tolerated", Number, 2),
            ("missing", Number, 2),
        ],
    );
    for section in sections {
        table.rows.push(vec![
            Cell::new(&section.name),
            Cell::new(format!("{} {}", section.kind, section.role)),
            Cell::toned(&section.verdict_words, Tone::of_verdict(section.verdict)),
            Cell::new(&section.moved),
            Cell::new(&section.limits),
            Cell::new(&section.tolerance),
            Cell::new(&section.missing),
        ]);
    }
    Block::Table(table)
}

fn feature(sheets: &mut Sheets, section: &Section) {
    sheets.push(Block::heading(3, format!("{}: {}", section.name, section.verdict_words)));
    sheets.push(Block::text(&section.sentence));
    if !section.histogram.is_empty() {
        let alt = cut(&format!(
            "Share of values per bin of {}: {}",
            section.name,
            described(&section.histogram)
        ));
        let key = sheets.picture(section.histogram.clone());
        sheets.push(Block::Image { key, alt, width: 88 });
    }
    sheets.push(series(section));
    for (said, value) in [
        ("The reference is too small for a tighter tolerance", &section.limited),
        ("What it grew by, by column", &section.contributions),
    ] {
        if !value.is_empty() {
            sheets.push(Block::note(format!("{said}: {value}.")));
        }
    }
    sheets.push(statistics(section));
}

/// The series that decide.
fn series(section: &Section) -> Block {
    let mut table = Table::new(
        "What was watched",
        "Nothing of it was watched.",
        &[
            ("series", Text, 3),
            ("verdict", Text, 3),
            ("rows", Number, 0),
            ("moved", Number, 2),
            ("95 % limits", Number, 3),
            ("tolerated", Number, 2),
            ("ln e", Number, 2),
            ("evidence of change", Text, 4),
        ],
    );
    for line in &section.series {
        table.rows.push(vec![
            Cell::new(line.name),
            Cell::toned(&line.verdict_words, Tone::of_verdict(line.verdict)),
            Cell::new(line.rows.to_string()),
            Cell::new(&line.moved),
            Cell::new(&line.limits),
            Cell::new(&line.tolerance),
            Cell::new(&line.log_e),
            Cell::new(&line.evidence),
        ]);
    }
    Block::Table(table)
}

/// The statistics that do not.
fn statistics(section: &Section) -> Block {
    let mut table = Table::new(
        "Statistics shown beside the verdict; none of them decides",
        "No statistic is shown.",
        &[
            ("statistic", Text, 4),
            ("value", Number, 3),
            ("p", Number, 2),
            ("adjusted p", Number, 2),
            ("method", Text, 5),
        ],
    );
    for line in &section.statistics {
        let tone = if line.drowned { Tone::Soft } else { Tone::Plain };
        table.rows.push(vec![
            Cell::new(&line.name),
            Cell::toned(&line.value, tone),
            Cell::new(&line.p_value),
            Cell::new(&line.p_value_adjusted),
            Cell::new(&line.method),
        ]);
    }
    Block::Table(table)
}

/// What a drawing says about itself.
fn described(svg: &str) -> String {
    let inside = svg.split_once("<desc>").and_then(|(_, rest)| rest.split_once("</desc>"));
    let text = inside.map(|(text, _)| text).unwrap_or_default();
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(ALT_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
