//! One pass over the file of a test run: label against prediction, over all rows and over each subgroup, and the digests that say
//! which rows they were.

use super::plan::{AcceptanceCriteria, Registered};
use crate::dataset::fingerprint::Fingerprint;
use crate::dataset::reader::TableFile;
use crate::dataset::row_ids::id_digest;
use crate::dataset::rows::{TextCells, WantedColumn, as_it_stands, digest_text_chunks};
use crate::dataset::schema::{Column, Role, TableSchema};
use crate::dataset::tdh1::{ColumnDigest, TableDigest};
use crate::digest;
use crate::drift::performance::rule::{Predicted, Task, class_name};
use crate::drift::performance::tally::{Outcomes, Tally};
use crate::drift::performance::teller::{BatchRow, GROUPS, RowLabel, Teller};
use crate::drift::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Groups of one subgroup column, at most.
pub const GROUPS_MAX: usize = 100;
/// Names shown in a message, at most.
const NAMED: usize = 5;

/// The counts of one group of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GroupCounts {
    /// The subgroup column; none for all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Its value; none for all rows, and for the rows where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The counts.
    pub tally: Tally,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Columns that are those of the test set, value by value and in its order of rows.
    pub matched: Vec<String>,
    /// SHA-256 over the digests of row ids and labels: the same rows in the same order have the same.
    pub rows_sha256: String,
    /// All rows first, then the groups of each subgroup column.
    pub groups: Vec<GroupCounts>,
}

fn refuse<T>(detail: String) -> Result<T> {
    Err(Error::Mismatch { what: "test run", detail })
}

/// Counts the rows of `file` as `plan` asks for them; `key` is that of the version's row ids.
///
/// # Errors
///
/// [`Error::Mismatch`] for a file that lacks a column, holds a row twice, has labels of another spelling than the predictions, or
/// is not the test set of the plan; [`Error::Dataset`] for cells that are not as declared.
pub fn count(
    file: &TableFile,
    plan: &AcceptanceCriteria,
    version: Registered<'_>,
    key: &[u8; 32],
) -> Result<Counts> {
    let registration = version.registration;
    let predicted = version.predicted()?;
    let test_set = plan.test_set(&registration.datasets)?;
    let layout = Layout::of(file, plan, &registration.schema, (&predicted, test_set))?;
    let error_limit = version.rule.error_limit;
    let mut book = Book::new(plan, &predicted, error_limit, key);
    let digests = digest_text_chunks(file, &registration.schema.csv, &layout.wanted, |cells| {
        book.chunk(&layout, cells);
        Ok(())
    })?;
    book.refuse_rows(&layout)?;
    let matched = match test_set {
        None => Vec::new(),
        Some(test_set) => layout.matched(test_set, &digests)?,
    };
    let rows_sha256 = layout.rows_sha256(&digests)?;
    let groups = book.finish();
    refuse_labels(&predicted.task, &groups[0].tally)?;
    Ok(Counts { rows: digests.rows, matched, rows_sha256, groups })
}

/// Which columns of the file are read, and where their cells stand.
struct Layout {
    wanted: Vec<WantedColumn>,
    label: String,
    ids: Vec<String>,
    /// Columns of the test set that the file has, outputs of the model left out.
    pinned: Vec<String>,
    has_score: bool,
}

impl Layout {
    fn of(
        file: &TableFile,
        plan: &AcceptanceCriteria,
        schema: &TableSchema,
        (predicted, test_set): (&Predicted, Option<&Fingerprint>),
    ) -> Result<Self> {
        let found = file.physical_columns(&schema.csv)?;
        let found: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
        let label = plan.label_column(schema).to_owned();
        let needed = needed(&found, plan, &label, predicted)?;
        let columns: &[ColumnDigest] =
            test_set.map_or(&[], |test_set| test_set.table.columns.as_slice());
        let outputs = [Some(&predicted.prediction), predicted.score.as_ref()];
        let is_output = |name: &str| outputs.iter().flatten().any(|output| output.name == name);
        let pinned: Vec<String> = columns
            .iter()
            .filter(|column| found.contains(&column.name) && !is_output(&column.name))
            .map(|column| column.name.clone())
            .collect();
        let ids: Vec<String> = predicted.ids.iter().map(|id| id.name.clone()).collect();
        let is_told = |name: &String| needed.iter().any(|(told, _)| told == name);
        let mut wanted: Vec<WantedColumn> = needed
            .iter()
            .map(|(name, _)| WantedColumn {
                column: declared(name, schema, columns),
                is_told: true,
                is_hashed: *name == label || ids.contains(name) || pinned.contains(name),
            })
            .collect();
        wanted.extend(pinned.iter().filter(|name| !is_told(name)).map(|name| WantedColumn {
            column: declared(name, schema, columns),
            is_told: false,
            is_hashed: true,
        }));
        Ok(Self { wanted, label, ids, pinned, has_score: predicted.score.is_some() })
    }

    /// The columns in which the file is the test set.
    fn matched(&self, test_set: &Fingerprint, digests: &TableDigest) -> Result<Vec<String>> {
        if digests.rows != test_set.rows {
            let (found, expected) = (digests.rows, test_set.rows);
            return refuse(format!("it has {found} rows, the test set of the plan {expected}"));
        }
        let of = |table: &TableDigest, name: &str| {
            table.columns.iter().find(|column| column.name == name).cloned()
        };
        if let Some(missing) = self.ids.iter().find(|id| of(&test_set.table, id).is_none()) {
            return refuse(format!(
                "the test set of the plan has no row id `{missing}`, so nothing shows that the rows are the same"
            ));
        }
        if self.pinned.is_empty() {
            return refuse(
                "it shares no column with the test set of the plan, so nothing shows that the rows are the same"
                    .to_owned(),
            );
        }
        for name in &self.pinned {
            let (Some(found), Some(expected)) = (of(digests, name), of(&test_set.table, name))
            else {
                continue;
            };
            if found.logical_type != expected.logical_type {
                return refuse(format!(
                    "column `{name}` is {}, in the test set of the plan {}; declare it in the schema",
                    found.logical_type, expected.logical_type
                ));
            }
            if found.digest != expected.digest {
                let mut blocks = found.blocks.iter().zip(&expected.blocks);
                let block = blocks.position(|(found, expected)| found != expected).unwrap_or(0);
                let first = block as u64 * u64::from(crate::dataset::tdh1::BLOCK_ROWS) + 1;
                return refuse(format!(
                    "column `{name}` is not that of the test set of the plan: other values or another order, in or after row \
                     {first}"
                ));
            }
        }
        Ok(self.pinned.clone())
    }

    fn rows_sha256(&self, digests: &TableDigest) -> Result<String> {
        let identity: BTreeMap<&str, &str> = digests
            .columns
            .iter()
            .filter(|column| column.name == self.label || self.ids.contains(&column.name))
            .map(|column| (column.name.as_str(), column.digest.as_str()))
            .collect();
        Ok(digest::sha256_hex(&digest::canonical_json(&identity)?))
    }
}

/// The columns that a test run needs, in the order in which their cells are told, each with what it is for: prediction, label,
/// score, row ids, subgroups.
fn needed(
    found: &[String],
    plan: &AcceptanceCriteria,
    label: &str,
    predicted: &Predicted,
) -> Result<Vec<(String, &'static str)>> {
    let mut needed =
        vec![(predicted.prediction.name.clone(), "prediction"), (label.to_owned(), "label")];
    needed.extend(predicted.score.iter().map(|score| (score.name.clone(), "score")));
    needed.extend(predicted.ids.iter().map(|id| (id.name.clone(), "row id")));
    needed.extend(plan.subgroups().into_iter().map(|name| (name.to_owned(), "subgroup")));
    for (index, (name, role)) in needed.iter().enumerate() {
        if let Some((_, other)) = needed[..index].iter().find(|(other, _)| other == name) {
            return refuse(format!("column `{name}` cannot be both {other} and {role}"));
        }
        if !found.contains(name) {
            let found = found.join(", ");
            return refuse(format!("the file has no {role} column `{name}`; it has {found}"));
        }
    }
    Ok(needed)
}

/// The column as the schema declares it; one that it does not declare, as the test set holds it, else as it stands.
fn declared(name: &str, schema: &TableSchema, test_set: &[ColumnDigest]) -> Column {
    let pinned = || test_set.iter().find(|column| column.name == name);
    schema.column(name).cloned().unwrap_or_else(|| {
        let undeclared = as_it_stands(name, Role::Ignore, &[]);
        let held = pinned().and_then(|column| column.logical_type.value_type());
        Column { value_type: held.unwrap_or(undeclared.value_type), ..undeclared }
    })
}

/// The counts on their way.
struct Book<'a> {
    predicted: &'a Predicted,
    error_limit: Option<f64>,
    key: &'a [u8; 32],
    all: Teller<'a>,
    /// By subgroup column: whether scores are counted, and the groups.
    columns: Vec<(bool, BTreeMap<Option<String>, Teller<'a>>)>,
    names: Vec<String>,
    ids: Vec<u64>,
    rows: u64,
    without_id: u64,
    crowded: Option<String>,
}

impl<'a> Book<'a> {
    fn new(
        plan: &AcceptanceCriteria,
        predicted: &'a Predicted,
        error_limit: Option<f64>,
        key: &'a [u8; 32],
    ) -> Self {
        let names: Vec<String> = plan.subgroups().into_iter().map(str::to_owned).collect();
        let scored = |name: &String| plan.needs_scores(Some(name));
        let columns = names.iter().map(|name| (scored(name), BTreeMap::new())).collect();
        let all = Teller::new(&predicted.task, error_limit, predicted.score.is_some());
        let (ids, rows, without_id, crowded) = (Vec::new(), 0, 0, None);
        Self { predicted, error_limit, key, all, columns, names, ids, rows, without_id, crowded }
    }

    fn chunk(&mut self, layout: &Layout, cells: &[TextCells]) {
        let first_id = 2 + usize::from(layout.has_score);
        let (told, subgroups) = cells.split_at(first_id + layout.ids.len());
        for row in 0..told[0].len() {
            self.rows += 1;
            let group = self.group_of(&told[first_id..], row);
            let batch_row = BatchRow {
                prediction: told[0][row].as_deref(),
                score: layout.has_score.then(|| told[2][row].as_deref()).flatten(),
            };
            let label = told[1][row].as_ref().map(|label| RowLabel {
                first: label.clone(),
                in_force: label.clone(),
                conflicting: false,
                corrected: false,
                group,
            });
            tell(&mut self.all, batch_row, label.as_ref());
            for (index, values) in subgroups.iter().enumerate() {
                if let Some(teller) = self.teller(index, values[row].as_deref()) {
                    tell(teller, batch_row, label.as_ref());
                }
            }
        }
    }

    /// The group of the jackknife that a row is in; its id is entered.
    fn group_of(&mut self, ids: &[TextCells], row: usize) -> usize {
        let digest = if ids.is_empty() {
            let number = self.rows.to_string();
            id_digest(std::iter::once(Some(number.as_str())), self.key)
        } else {
            let found = id_digest(ids.iter().map(|column| column[row].as_deref()), self.key);
            match found {
                Some(id) => self.ids.push(id),
                None => self.without_id += 1,
            }
            found
        };
        (digest.unwrap_or_default() % GROUPS as u64) as usize
    }

    fn teller(&mut self, index: usize, value: Option<&str>) -> Option<&mut Teller<'a>> {
        let (scored, groups) = &mut self.columns[index];
        let value = value.map(str::to_owned);
        if !groups.contains_key(&value) {
            if groups.len() == GROUPS_MAX {
                self.crowded.get_or_insert_with(|| self.names[index].clone());
                return None;
            }
            let scored = *scored && self.predicted.score.is_some();
            let teller = Teller::new(&self.predicted.task, self.error_limit, scored);
            groups.insert(value.clone(), teller);
        }
        groups.get_mut(&value)
    }

    fn refuse_rows(&mut self, layout: &Layout) -> Result<()> {
        if let Some(column) = &self.crowded {
            return refuse(format!(
                "column `{column}` has more than {GROUPS_MAX} values; a subgroup column has a few"
            ));
        }
        let ids = layout.ids.join("`, `");
        if self.without_id > 0 {
            let found = self.without_id;
            let rows = if found == 1 { "row has" } else { "rows have" };
            return refuse(format!("{found} {rows} no row id in `{ids}`"));
        }
        self.ids.sort_unstable();
        let repeated = self.ids.windows(2).filter(|pair| pair[0] == pair[1]).count();
        if repeated > 0 {
            let rows = if repeated == 1 { "row has" } else { "rows have" };
            return refuse(format!(
                "{repeated} {rows} a row id in `{ids}` that another row has; a row counts once"
            ));
        }
        Ok(())
    }

    fn finish(self) -> Vec<GroupCounts> {
        let all = GroupCounts { column: None, group: None, tally: self.all.finish() };
        let mut groups = vec![all];
        for (name, (_, tellers)) in self.names.into_iter().zip(self.columns) {
            groups.extend(tellers.into_iter().map(|(group, teller)| GroupCounts {
                column: Some(name.clone()),
                group,
                tally: teller.finish(),
            }));
        }
        groups
    }
}

fn tell(teller: &mut Teller<'_>, row: BatchRow<'_>, label: Option<&RowLabel>) {
    teller.row(row);
    if let Some(label) = label {
        teller.label(row, label);
    }
}

/// Labels that cannot be held against the predictions are refused: they would count as errors.
fn refuse_labels(task: &Task, tally: &Tally) -> Result<()> {
    if tally.labelled == tally.without_prediction {
        return refuse(match task {
            Task::Number => "no row has a label and a prediction that are both numbers".to_owned(),
            _ => "no row has a label and a prediction".to_owned(),
        });
    }
    let Outcomes::Classes { pairs, .. } = &tally.outcomes else { return Ok(()) };
    let is_known = |label: &str| {
        task.classes().iter().any(|class| class == label)
            || matches!(task, Task::Binary { positive, .. } if positive == label)
            || pairs.iter().any(|pair| pair.prediction == label)
    };
    let labels: BTreeSet<&str> = pairs.iter().map(|pair| pair.label.as_str()).collect();
    let unknown: Vec<&str> = labels.iter().copied().filter(|label| !is_known(label)).collect();
    let refused = match task {
        Task::Binary { .. } => !unknown.is_empty(),
        _ => unknown.len() == labels.len(),
    };
    if refused {
        return refuse(format!(
            "labels are none of the classes that are predicted ({}): {}",
            task.classes().iter().map(|class| class_name(class)).collect::<Vec<_>>().join(", "),
            unknown.into_iter().take(NAMED).collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(())
}
