//! One prediction of a pack: its row as the batch's file holds it, the digest of its input, and the labels that came for it.
//!
//! The document proves, with the pack: that a row of this id is in the batch (its digest is in the list of row ids whose BLAKE3 the
//! batch's record states). That the cells are those of the file can be seen by whoever has the file: its digests are in the record,
//! and [`read_row`] reads it again.

use super::manifest::{ROW_IDS, Scope, encode};
use super::records::{Records, Row};
use crate::dataset::reader::TableFile;
use crate::dataset::row_ids::{from_bytes, id_columns, id_digest, id_key};
use crate::dataset::rows::{TextCells, for_each_text_chunk};
use crate::dataset::schema::{Column, Role, TableSchema, ValueType};
use crate::digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Identifies the format of the document.
pub const PREDICTION_FORMAT: &str = "driftledger/prediction/v1";

/// Between the values of several id columns.
pub const ID_SEPARATOR: &str = ",";

/// One cell of the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Name of its column.
    pub column: String,
    /// What the column is for.
    pub role: Role,
    /// The value as text (numbers as short as they read back); absent for a null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A label that came for the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowLabel {
    /// Id of the delivery of labels.
    pub labels_id: String,
    /// The label, as text.
    pub value: String,
}

/// `prediction.json`: canonical JSON (RFC 8785).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Always [`PREDICTION_FORMAT`].
    pub format: String,
    /// Id of the model version.
    pub version_id: String,
    /// Id of the batch.
    pub batch_id: String,
    /// SHA-256 of the batch's file.
    pub file_sha256: String,
    /// Number of the row in that file, from 1.
    pub row: u64,
    /// Columns that identify a row together; empty where the version declares none.
    pub id_columns: Vec<String>,
    /// The digest of the row's id as it stands in the list of row ids, 16 hexadecimal digits; absent for a row without an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_digest: Option<String>,
    /// The declared cells of the row, in the order of the declaration.
    pub cells: Vec<Cell>,
    /// SHA-256 of the canonical JSON of the cells of role `feature`, by name: the digest of the model's input.
    pub input_sha256: String,
    /// SHA-256 of the canonical JSON of all these cells, by name.
    pub row_sha256: String,
    /// Labels that came for the row, oldest first.
    pub labels: Vec<RowLabel>,
}

/// A row as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRow {
    /// Its number, from 1.
    pub number: u64,
    /// Its declared cells.
    pub cells: Vec<Cell>,
}

/// Which row is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The row of this number, from 1.
    Number(u64),
    /// The row whose id columns hold these values, with [`ID_SEPARATOR`] between them.
    Id(&'a str),
}

impl<'a> Wanted<'a> {
    /// `#17` is a row's number, anything else an id.
    pub fn of(text: &'a str) -> Self {
        match text.strip_prefix('#').and_then(|digits| digits.parse().ok()) {
            Some(number) => Self::Number(number),
            None => Self::Id(text),
        }
    }
}

/// The first row of `table` that is `wanted`; `None` when there is none.
///
/// # Errors
///
/// Those of reading the table.
pub fn read_row(
    table: &TableFile,
    schema: &TableSchema,
    wanted: &Wanted<'_>,
) -> crate::dataset::Result<Option<ReadRow>> {
    let columns = declared(schema);
    let ids = id_columns(schema);
    let (mut before, mut found) = (0, None);
    for_each_text_chunk(table, &schema.csv, &columns, |chunk| {
        let rows = chunk.first().map_or(0, Vec::len);
        if found.is_none() {
            let place = match wanted {
                Wanted::Number(number) => number
                    .checked_sub(before + 1)
                    .map(|place| place as usize)
                    .filter(|place| *place < rows),
                Wanted::Id(id) => (0..rows)
                    .find(|row| id_text(chunk, &columns, &ids, *row).as_deref() == Some(*id)),
            };
            found = place.map(|place| ReadRow {
                number: before + place as u64 + 1,
                cells: cells(chunk, &columns, place),
            });
        }
        before += rows as u64;
        Ok(())
    })?;
    Ok(found)
}

/// The rows of these numbers, from 1, in one pass; those that are not there are left out.
///
/// # Errors
///
/// Those of reading the table.
pub fn read_rows(
    table: &TableFile,
    schema: &TableSchema,
    numbers: &BTreeSet<u64>,
) -> crate::dataset::Result<Vec<ReadRow>> {
    let columns = declared(schema);
    let (mut before, mut found) = (0, Vec::new());
    for_each_text_chunk(table, &schema.csv, &columns, |chunk| {
        let rows = chunk.first().map_or(0, Vec::len) as u64;
        for number in numbers.range(before + 1..=before + rows) {
            let place = (number - before - 1) as usize;
            found.push(ReadRow { number: *number, cells: cells(chunk, &columns, place) });
        }
        before += rows;
        Ok(())
    })?;
    Ok(found)
}

/// The columns whose cells are told: all that are declared and hold one value a row.
fn declared(schema: &TableSchema) -> Vec<&Column> {
    let is_told = |column: &&Column| {
        !matches!(column.value_type, ValueType::Other | ValueType::Null)
            && column.role != Role::Ignore
    };
    schema.columns.iter().filter(is_told).collect()
}

fn cells(chunk: &[TextCells], columns: &[&Column], row: usize) -> Vec<Cell> {
    let cell = |(column, cells): (&&Column, &TextCells)| Cell {
        column: column.name.clone(),
        role: column.role,
        value: cells.get(row).cloned().flatten(),
    };
    columns.iter().zip(chunk).map(cell).collect()
}

fn id_text(chunk: &[TextCells], columns: &[&Column], ids: &[String], row: usize) -> Option<String> {
    let value = |id: &String| {
        let place = columns.iter().position(|column| column.name == *id)?;
        chunk[place].get(row).cloned().flatten()
    };
    let values: Option<Vec<String>> = ids.iter().map(value).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(ID_SEPARATOR))
}

impl Prediction {
    /// The document of `row`, which was read from the file of `batch`.
    ///
    /// # Errors
    ///
    /// [`digest::Error`] never in practice.
    pub fn of(
        (version_id, schema): (&str, &TableSchema),
        (batch_id, file_sha256): (&str, &str),
        row: ReadRow,
        labels: Vec<RowLabel>,
    ) -> Result<Self, digest::Error> {
        let mut prediction = Self {
            format: PREDICTION_FORMAT.to_owned(),
            version_id: version_id.to_owned(),
            batch_id: batch_id.to_owned(),
            file_sha256: file_sha256.to_owned(),
            row: row.number,
            id_columns: id_columns(schema),
            id_digest: None,
            cells: row.cells,
            input_sha256: String::new(),
            row_sha256: String::new(),
            labels,
        };
        prediction.id_digest = prediction.computed_id_digest();
        (prediction.input_sha256, prediction.row_sha256) = prediction.digests()?;
        Ok(prediction)
    }

    /// The row's id, with [`ID_SEPARATOR`] between its parts; `None` for a row without one.
    pub fn id(&self) -> Option<String> {
        let values: Option<Vec<&str>> = self.id_columns.iter().map(|id| self.value(id)).collect();
        values.filter(|values| !values.is_empty()).map(|values| values.join(ID_SEPARATOR))
    }

    /// The value in a column.
    pub fn value(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|cell| cell.column == column).and_then(|cell| cell.value.as_deref())
    }

    fn computed_id_digest(&self) -> Option<String> {
        let values = self.id_columns.iter().map(|id| self.value(id));
        if self.id_columns.is_empty() {
            return None;
        }
        id_digest(values, &id_key(&self.version_id)).map(|digest| format!("{digest:016x}"))
    }

    /// Digests of input and row, computed from the cells.
    fn digests(&self) -> Result<(String, String), digest::Error> {
        let sha256 = |is_meant: &dyn Fn(&&Cell) -> bool| {
            let cells: BTreeMap<&str, Option<&str>> = self
                .cells
                .iter()
                .filter(|cell| is_meant(cell))
                .map(|cell| (cell.column.as_str(), cell.value.as_deref()))
                .collect();
            Ok::<_, digest::Error>(digest::sha256_hex(&digest::canonical_json(&cells)?))
        };
        Ok((sha256(&|cell| cell.role == Role::Feature)?, sha256(&|_| true)?))
    }

    /// Everything that does not agree, with itself, with what `scope` asks for, and with the records; `row_ids` is the file of the
    /// digests of the batch's row ids, where the pack has it.
    pub fn disagreements(
        &self,
        scope: &Scope,
        records: &mut dyn Records,
        row_ids: Option<&[u8]>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        let mut hold = |agrees: bool, what: &str| {
            if !agrees {
                found.push(what.to_owned());
            }
        };
        hold(self.format == PREDICTION_FORMAT, "it is of another format");
        let asked = scope.prediction.as_deref().unwrap_or_default();
        hold(
            match Wanted::of(asked) {
                Wanted::Number(number) => number == self.row,
                Wanted::Id(id) => self.id().as_deref() == Some(id),
            },
            "it is another prediction than the manifest says",
        );
        hold(
            scope.batch.as_ref() == Some(&self.batch_id),
            "it is of another batch than the manifest says",
        );
        let digests = self.digests().ok();
        hold(
            digests == Some((self.input_sha256.clone(), self.row_sha256.clone())),
            "its cells have other digests than it states",
        );
        hold(
            self.computed_id_digest() == self.id_digest,
            "its id has another digest than it states",
        );
        let batch = records.row("batch", &self.batch_id);
        let batch = batch.unwrap_or_else(|| Row(serde_json::Map::new()));
        hold(batch.text("version_id") == self.version_id, "its batch is not of its version");
        hold(batch.text("sha256") == self.file_sha256, "its batch has another file");
        let rows = batch.number("rows").unwrap_or_default();
        hold((1..=rows).contains(&self.row), "its batch has no such row");
        if let (Some(digest), Some(object)) = (&self.id_digest, batch.optional("row_ids")) {
            let bytes = row_ids.unwrap_or_default();
            hold(
                digest::blake3_hex(bytes) == object,
                "the row ids are not those that its batch states",
            );
            let number = u64::from_str_radix(digest, 16).unwrap_or_default();
            hold(
                from_bytes(bytes).binary_search(&number).is_ok(),
                "its id is not among the row ids of its batch",
            );
        }
        let labels: Vec<_> =
            self.labels.iter().map(|label| records.row("labels", &label.labels_id)).collect();
        hold(
            labels.iter().all(|row| {
                row.as_ref().is_some_and(|row| row.text("version_id") == self.version_id)
            }),
            "it names labels that are not in the pack",
        );
        found
    }
}

/// The file with the digests of a batch's row ids.
pub fn row_ids_file(batch_id: &str) -> String {
    format!("{ROW_IDS}{}.bin", encode(batch_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::row_ids::to_bytes;

    fn column(name: &str, role: Role, value_type: ValueType) -> Column {
        Column {
            name: name.to_owned(),
            role,
            value_type,
            kind: None,
            unit: None,
            range: None,
            null_tokens: Vec::new(),
        }
    }

    fn schema() -> TableSchema {
        TableSchema::new(vec![
            column("sample", Role::Id, ValueType::Text),
            column("minutes", Role::Feature, ValueType::Float),
            column("class", Role::Prediction, ValueType::Text),
        ])
    }

    struct OneBatch(String);

    impl Records for OneBatch {
        fn keys(&self, _: &str) -> Vec<String> {
            Vec::new()
        }

        fn bytes(&mut self, table: &str, _: &str) -> Option<Vec<u8>> {
            (table == "batch").then(|| self.0.clone().into_bytes())
        }
    }

    fn of(text: &str, wanted: &str) -> Option<ReadRow> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let table = TableFile::open(&path, None).unwrap();
        read_row(&table, &schema(), &Wanted::of(wanted)).unwrap()
    }

    const TABLE: &str = "sample,minutes,class\ns1,20.50,pass\ns2,,fail\n";

    #[test]
    fn a_row_is_found_by_its_id_and_by_its_number() {
        let row = of(TABLE, "s2").unwrap();
        assert_eq!(row.number, 2);
        assert_eq!(row.cells[1].value, None);
        assert_eq!(of(TABLE, "#1").unwrap().cells[1].value.as_deref(), Some("20.5"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, TABLE).unwrap();
        let table = TableFile::open(&path, None).unwrap();
        let both = read_rows(&table, &schema(), &BTreeSet::from([0, 1, 2, 3])).unwrap();
        assert_eq!(both, [of(TABLE, "#1").unwrap(), row]);
        assert_eq!((of(TABLE, "s3"), of(TABLE, "#0"), of(TABLE, "#3")), (None, None, None));
    }

    #[test]
    fn whatever_is_changed_in_a_prediction_is_told() {
        let row = of(TABLE, "s1").unwrap();
        let clean = Prediction::of(("mv_1", &schema()), ("ba_1", "f00"), row, Vec::new()).unwrap();
        let number = u64::from_str_radix(clean.id_digest.as_deref().unwrap(), 16).unwrap();
        let ids = to_bytes(&[number.min(7), number.max(7)]);
        let batch = format!(
            r#"{{"version_id":"mv_1","sha256":"f00","rows":2,"row_ids":"{}"}}"#,
            digest::blake3_hex(&ids)
        );
        let scope = Scope {
            batch: Some("ba_1".to_owned()),
            prediction: Some("s1".to_owned()),
            ..Scope::of("m", Some("1"))
        };
        let told = |prediction: &Prediction, ids: &[u8]| {
            prediction.disagreements(&scope, &mut OneBatch(batch.clone()), Some(ids))
        };
        assert_eq!(told(&clean, &ids), [""; 0]);
        assert_eq!(told(&clean, &ids[8..]).len(), if number > 7 { 1 } else { 2 });
        let changes: [fn(&mut Prediction); 7] = [
            |p| p.cells[1].value = Some("21".to_owned()),
            |p| p.cells[0].value = Some("s2".to_owned()),
            |p| p.row = 3,
            |p| p.file_sha256 = "f01".to_owned(),
            |p| p.batch_id = "ba_2".to_owned(),
            |p| p.id_digest = None,
            |p| p.labels.push(RowLabel { labels_id: "la_1".to_owned(), value: "pass".to_owned() }),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = clean.clone();
            change(&mut changed);
            assert_ne!(told(&changed, &ids), [""; 0], "change {number}");
        }
    }
}
