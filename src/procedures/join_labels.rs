//! A part of evaluating labels: join them to the rows of the batches by row id.
//!
//! 1. read every kept label file, in the order in which they came
//! 2. read every judged batch file, oldest first, and count label against prediction
//!
//! The files are read once for every 2²⁰ labelled rows, so memory does not grow with them.

use super::ingest_batch::Judge;
use crate::dataset::reader::{Format, TableFile};
use crate::dataset::row_ids::id_key;
use crate::dataset::row_ids::{id_columns, id_digest};
use crate::dataset::rows::{TextCells, as_it_stands, for_each_text_chunk};
use crate::dataset::schema::{Column, Role, TableSchema};
use crate::drift::performance::label_book::{BOOK_ROWS, LabelBook, part_of};
use crate::drift::performance::rule::Predicted;
use crate::drift::performance::tally::Tally;
use crate::drift::performance::teller::{BatchRow, Teller};
use crate::error::{Error, Result};
use crate::store::ReadTx;
use crate::store::objects::Objects;
use crate::store::performance::{JudgedBatch, LabelFile};
use crate::{dataset, store};

/// What an evaluation reads.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) batches: Vec<JudgedBatch>,
    pub(super) labels: Vec<LabelFile>,
}

impl Sources {
    pub(super) fn read(tx: &ReadTx<'_>, version_id: &str) -> store::Result<Self> {
        Ok(Self { batches: tx.judged_batches(version_id)?, labels: tx.label_files(version_id)? })
    }

    /// Whether every file is still kept.
    ///
    /// # Errors
    ///
    /// [`store::Error::ObjectDisposed`], naming the disposal of the first that is not.
    pub(super) fn refuse_gone(&self, tx: &ReadTx<'_>) -> store::Result<()> {
        let labels = self.labels.iter().map(|file| &file.blake3);
        let mut files = self.batches.iter().map(|batch| &batch.blake3).chain(labels);
        files.try_for_each(|blake3| tx.refuse_gone(blake3))
    }

    pub(super) fn are_still(&self, now: &Self) -> bool {
        let reports =
            |of: &Self| of.batches.iter().map(|b| b.report_id.clone()).collect::<Vec<_>>();
        reports(self) == reports(now) && self.labels.len() == now.labels.len()
    }
}

/// The counts of every batch, and how many labelled row ids there are and found a row.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) tallies: Vec<Tally>,
    pub(super) ids: (u64, u64),
}

/// Which column of a label file holds the label: the declared one, the one called `label`, or the only one besides the id.
fn label_column(schema: &TableSchema, found: &[String]) -> Result<Column> {
    let refuse = |detail: String| Err(Error::BadRequest { detail });
    let ids = id_columns(schema);
    if ids.is_empty() {
        return refuse(
            "the version's schema declares no id column, so labels cannot be joined".to_owned(),
        );
    }
    let names = || found.join(", ");
    if let Some(missing) = ids.iter().find(|id| !found.contains(id)) {
        return refuse(format!("labels need the id column `{missing}`; the file has {}", names()));
    }
    let declared = schema.first_of(Role::Label);
    let others: Vec<&String> = found.iter().filter(|name| !ids.contains(name)).collect();
    let name = match (declared, others.as_slice()) {
        (Some(column), _) if found.contains(&column.name) => column.name.clone(),
        (_, [only]) => (*only).clone(),
        _ if found.iter().any(|name| name == "label") => "label".to_owned(),
        _ => {
            return refuse(format!(
                "labels need one more column than `{}`, or one called `label`; the file has {}",
                ids.join("`, `"),
                names()
            ));
        }
    };
    let tokens = declared.map(|column| column.null_tokens.clone()).unwrap_or_default();
    Ok(as_it_stands(&name, Role::Label, &tokens))
}

/// Calls `visit` with the ids, a list a column, and the labels of the table, and returns its rows. The columns of the id are
/// read as the version's schema declares them.
pub(super) fn for_each_label(
    table: &TableFile,
    schema: &TableSchema,
    mut visit: impl FnMut(&[TextCells], &TextCells),
) -> Result<u64> {
    let found = table.physical_columns(&schema.csv)?;
    let found: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
    let label = label_column(schema, &found)?;
    let ids = id_columns(schema);
    let mut columns = vec![&label];
    columns.extend(schema.columns.iter().filter(|column| ids.contains(&column.name)));
    let rows = for_each_text_chunk(table, &schema.csv, &columns, |cells| {
        visit(&cells[1..], &cells[0]);
        Ok(())
    })?;
    Ok(rows)
}

/// Joins all labels to all batches of `sources`.
pub(super) fn count(objects: &Objects, judge: &Judge, sources: &Sources) -> Result<Counted> {
    let (schema, rule) = (&judge.registration.schema, &judge.policy.0.performance);
    let predicted = Predicted::of(schema, judge.registered_reference(), rule)?;
    let mut tellers: Vec<Teller<'_>> = sources
        .batches
        .iter()
        .map(|_| Teller::new(&predicted.task, rule.error_limit, predicted.score.is_some()))
        .collect();
    let rows: u64 = sources.labels.iter().map(|file| file.rows).sum();
    let parts = rows.div_ceil(BOOK_ROWS).max(1);
    let key = id_key(&judge.version.id);
    let mut ids = (0, 0);
    for number in 0..parts {
        let part = Part { objects, schema, predicted: &predicted, key, number, parts };
        let mut book = LabelBook::default();
        for file in &sources.labels {
            part.enter(&mut book, file)?;
        }
        for (batch, teller) in sources.batches.iter().zip(&mut tellers) {
            part.tell(&mut book, batch, teller)?;
        }
        let (labelled, taken) = book.counts();
        ids = (ids.0 + labelled, ids.1 + taken);
    }
    Ok(Counted { tallies: tellers.into_iter().map(Teller::finish).collect(), ids })
}

/// One part of all row ids.
struct Part<'a> {
    objects: &'a Objects,
    schema: &'a TableSchema,
    predicted: &'a Predicted,
    key: [u8; 32],
    number: u64,
    parts: u64,
}

impl Part<'_> {
    /// Enters the labels of this part that `file` holds.
    fn enter(&self, book: &mut LabelBook, file: &LabelFile) -> Result<()> {
        let table = open(self.objects, &file.blake3, &file.format)?;
        let corrects = file.corrects.is_some();
        for_each_label(&table, self.schema, |ids, values| {
            for (row, value) in values.iter().enumerate() {
                if let (Some(id), Some(value)) = (self.id(ids, row), value)
                    && part_of(id, self.parts) == self.number
                {
                    book.enter(id, value, corrects);
                }
            }
        })?;
        Ok(())
    }

    /// Tells the rows of this part that `batch` holds; in the first part, every row as far as it needs no label.
    fn tell(
        &self,
        book: &mut LabelBook,
        batch: &JudgedBatch,
        teller: &mut Teller<'_>,
    ) -> Result<()> {
        let table = open(self.objects, &batch.blake3, &batch.format)?;
        let predicted = self.predicted;
        let mut columns = vec![&predicted.prediction];
        columns.extend(&predicted.score);
        let before_ids = columns.len();
        columns.extend(&predicted.ids);
        for_each_text_chunk(&table, &self.schema.csv, &columns, |cells| {
            let (told, ids) = cells.split_at(before_ids);
            for (row, prediction) in told[0].iter().enumerate() {
                let score = told.get(1).and_then(|scores| scores[row].as_deref());
                self.tell_row(book, self.id(ids, row), (prediction.as_deref(), score), teller);
            }
            Ok(())
        })?;
        Ok(())
    }

    fn tell_row(
        &self,
        book: &mut LabelBook,
        id: Option<u64>,
        (prediction, score): (Option<&str>, Option<&str>),
        teller: &mut Teller<'_>,
    ) {
        let row = BatchRow { prediction, score };
        if self.number == 0 {
            teller.row(row);
        }
        let Some(id) = id.filter(|id| part_of(*id, self.parts) == self.number) else { return };
        match book.take(id) {
            None => {}
            Some(None) => teller.repeated(),
            Some(Some(label)) => teller.label(row, label),
        }
    }

    fn id(&self, cells: &[TextCells], row: usize) -> Option<u64> {
        id_digest(cells.iter().map(|column| column[row].as_deref()), &self.key)
    }
}

pub(super) fn open(objects: &Objects, blake3: &str, format: &str) -> Result<TableFile> {
    drop(objects.open(blake3)?);
    let opened: dataset::Result<TableFile> =
        TableFile::open(&objects.path(blake3)?, Format::of_word(format));
    Ok(opened?)
}
