//! Draw a review sample from the kept files of its batches: the same files, plan and seed give the same cases.
//!
//! ```text
//! ticket(purpose, row) = SHA-256(seed, line feed, purpose, line feed, SHA-256 of the file, line feed, number of the row from 1)
//! drawn of a stratum: the n_h rows whose tickets `draw` are smallest        order of review: by their tickets `order`
//! blind: the ⌈share · n⌉ cases whose tickets `blind` are smallest      read twice: the same with their tickets `second`
//! ```
//!
//! All is text; digests are lower-case hexadecimal. Every row of a stratum is drawn with the same probability, independent of the
//! order and of being blind.

use super::review_sample::{
    Allocation, LEVELS_MAX, ReviewCase, STRATA_MAX, SampledStratum, SamplingPlan,
};
use super::{Error, Result};
use crate::dataset;
use crate::dataset::reader::TableFile;
use crate::dataset::rows::{TextCells, for_each_text_chunk};
use crate::dataset::schema::{Column, Role, TableSchema, ValueType};
use crate::digest;
use crate::drift::performance::rule::{Predicted, Task, class_name};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

type Ticket = [u8; 32];

/// What strata are made of: the columns that are read.
#[derive(Clone, Debug)]
pub struct StrataColumns {
    prediction: Column,
    /// Whether numbers are predicted: then bands are made of the prediction itself.
    numbers: bool,
    score: Option<Column>,
    column: Option<Column>,
    bands: Vec<f64>,
}

/// What was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The strata, in order of their names.
    pub strata: Vec<SampledStratum>,
    /// Rows without a prediction.
    pub without_prediction: u64,
    /// The cases in the order of review.
    pub cases: Vec<ReviewCase>,
}

fn refused<T>(reason: String) -> Result<T> {
    Err(Error::ReviewSample { reason })
}

impl StrataColumns {
    /// The columns that `plan` makes strata of, in tables of `schema`.
    ///
    /// # Errors
    ///
    /// [`Error::ReviewSample`]: there is no score, the column is not declared or may not make strata, or the plan has a tolerance where
    /// classes are predicted, or none where numbers are.
    pub fn of(predicted: &Predicted, schema: &TableSchema, plan: &SamplingPlan) -> Result<Self> {
        let numbers = predicted.task == Task::Number;
        match (numbers, plan.tolerance) {
            (true, None) => {
                return refused(
                    "the version predicts numbers; say in `tolerance` how far a reviewer's number may be from a predicted one and agree"
                        .to_owned(),
                );
            }
            (false, Some(_)) => {
                return refused("the version predicts classes; leave `tolerance` out".to_owned());
            }
            _ => {}
        }
        if !numbers && !plan.bands.is_empty() && predicted.score.is_none() {
            return refused(
                "the version declares no score, so there are no bands of confidence".to_owned(),
            );
        }
        let column = match &plan.column {
            None => None,
            Some(name) => match schema.column(name).filter(|column| may_make_strata(column)) {
                Some(column) => Some(column.clone()),
                None => {
                    return refused(format!(
                        "`{name}` makes no strata; expected a declared column of role feature or segment"
                    ));
                }
            },
        };
        let score = predicted.score.clone().filter(|_| !numbers && !plan.bands.is_empty());
        let prediction = predicted.prediction.clone();
        Ok(Self { prediction, numbers, score, column, bands: plan.bands.clone() })
    }

    fn all(&self) -> Vec<&Column> {
        [Some(&self.prediction), self.score.as_ref(), self.column.as_ref()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The stratum of a row; `value` gives the cell of a column. `None` for a row without a prediction, or with one that is no finite number
    /// where numbers are predicted.
    pub fn stratum<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
        let predicted = value(&self.prediction.name)?;
        let mut name = if self.numbers {
            let number = predicted.parse::<f64>().ok().filter(|number| number.is_finite())?;
            format!("{} {}", self.prediction.name, self.band(Some(number)))
        } else {
            class_name(predicted)
        };
        if let Some(score) = &self.score {
            let found = value(&score.name).and_then(|text| text.parse::<f64>().ok());
            name = format!("{name} · {} {}", score.name, self.band(found));
        }
        if let Some(column) = &self.column {
            let found = value(&column.name).unwrap_or("missing");
            name = format!("{name} · {} {found}", column.name);
        }
        Some(name)
    }

    fn band(&self, score: Option<f64>) -> String {
        let Some(score) = score.filter(|score| !score.is_nan()) else {
            return "missing".to_owned();
        };
        let place = self.bands.partition_point(|limit| *limit <= score);
        match (place.checked_sub(1).map(|before| self.bands[before]), self.bands.get(place)) {
            (None, Some(next)) => format!("below {next}"),
            (Some(last), Some(next)) => format!("from {last} to below {next}"),
            (Some(last), None) => format!("from {last}"),
            (None, None) => "all".to_owned(),
        }
    }
}

/// Whether the values of a column may make strata.
fn may_make_strata(column: &Column) -> bool {
    matches!(column.role, Role::Feature | Role::Segment)
        && !matches!(column.value_type, ValueType::Other | ValueType::Null | ValueType::Vector(_))
}

/// A draw under way: files are read one after the other.
#[derive(Debug)]
pub struct Draw<'a> {
    plan: &'a SamplingPlan,
    columns: StrataColumns,
    seed: &'a str,
    strata: BTreeMap<String, Stratum>,
    levels: BTreeSet<String>,
    without_prediction: u64,
    files: Vec<String>,
}

/// The rows of a stratum, and those with the smallest tickets: the largest of these is on top.
#[derive(Debug, Default)]
struct Stratum {
    rows: u64,
    kept: BinaryHeap<(Ticket, u64, u64)>,
}

impl<'a> Draw<'a> {
    /// Nothing read yet.
    pub fn new(plan: &'a SamplingPlan, columns: StrataColumns, seed: &'a str) -> Self {
        let (strata, levels) = (BTreeMap::new(), BTreeSet::new());
        Self { plan, columns, seed, strata, levels, without_prediction: 0, files: Vec::new() }
    }

    /// Reads the file of the next batch, which has this SHA-256.
    ///
    /// # Errors
    ///
    /// [`Error::Dataset`] for a file that cannot be read; [`Error::ReviewSample`] for too many strata or values of the column.
    pub fn read(&mut self, table: &TableFile, schema: &TableSchema, sha256: &str) -> Result<()> {
        let batch = self.files.len() as u64;
        self.files.push(sha256.to_owned());
        let columns = self.columns.clone();
        let read = columns.all();
        let mut before = 0;
        let rows: dataset::Result<u64> = for_each_text_chunk(table, &schema.csv, &read, |chunk| {
            let rows = chunk.first().map_or(0, Vec::len);
            for row in 0..rows {
                self.take(&columns, (&read, chunk, row), (batch, before + row as u64 + 1));
            }
            before += rows as u64;
            Ok(())
        });
        rows?;
        if self.levels.len() > LEVELS_MAX {
            return refused(format!(
                "the column has more than {LEVELS_MAX} values; strata are made of one with few"
            ));
        }
        if self.strata.len() > STRATA_MAX {
            return refused(format!("there are more than {STRATA_MAX} strata; take fewer bands"));
        }
        Ok(())
    }

    fn take(
        &mut self,
        columns: &StrataColumns,
        (read, chunk, row): (&[&Column], &[TextCells], usize),
        (batch, number): (u64, u64),
    ) {
        let value = |name: &str| {
            let place = read.iter().position(|column| column.name == name)?;
            chunk[place].get(row)?.as_deref()
        };
        if let Some(column) = &columns.column
            && self.levels.len() <= LEVELS_MAX
        {
            let level = value(&column.name).unwrap_or("missing");
            if !self.levels.contains(level) {
                self.levels.insert(level.to_owned());
            }
        }
        let Some(name) = columns.stratum(value) else {
            self.without_prediction += 1;
            return;
        };
        if self.strata.len() > STRATA_MAX {
            return;
        }
        let ticket = self.ticket("draw", batch, number);
        let limit = match self.plan.allocation {
            Allocation::PerStratum(rows) | Allocation::Proportional(rows) => rows as usize,
        };
        let stratum = self.strata.entry(name).or_default();
        stratum.rows += 1;
        let is_smaller = stratum.kept.peek().is_none_or(|(largest, ..)| ticket < *largest);
        if stratum.kept.len() < limit || is_smaller {
            stratum.kept.push((ticket, batch, number));
            if stratum.kept.len() > limit {
                stratum.kept.pop();
            }
        }
    }

    fn ticket(&self, purpose: &str, batch: u64, row: u64) -> Ticket {
        let file = usize::try_from(batch).ok().and_then(|batch| self.files.get(batch));
        let file = file.map_or("", String::as_str);
        digest::sha256(format!("{}\n{purpose}\n{file}\n{row}", self.seed).as_bytes())
    }

    /// What was drawn.
    ///
    /// # Errors
    ///
    /// [`Error::ReviewSample`]: no row has a prediction.
    pub fn finish(mut self) -> Result<Drawn> {
        let sizes: Vec<u64> = self.strata.values().map(|stratum| stratum.rows).collect();
        let drawn = self.plan.allocate(&sizes);
        let (mut strata, mut rows) = (Vec::new(), Vec::new());
        for ((name, stratum), drawn) in std::mem::take(&mut self.strata).into_iter().zip(drawn) {
            let kept = stratum.kept.into_sorted_vec();
            rows.extend(kept.iter().take(drawn as usize).map(|(_, batch, row)| (*batch, *row)));
            let inclusion_probability = drawn as f64 / stratum.rows as f64;
            strata.push(SampledStratum { name, rows: stratum.rows, drawn, inclusion_probability });
        }
        if rows.is_empty() {
            return refused("no row of the batches has a prediction".to_owned());
        }
        let by = |purpose: &str| {
            let ticket =
                |(batch, row): &(u64, u64)| (self.ticket(purpose, *batch, *row), *batch, *row);
            let mut tickets: Vec<_> = rows.iter().map(ticket).collect();
            tickets.sort_unstable();
            tickets.into_iter().map(|(_, batch, row)| (batch, row)).collect::<Vec<_>>()
        };
        let blind = self.plan.blind_cases(rows.len() as u64) as usize;
        let blind: BTreeSet<(u64, u64)> = by("blind").into_iter().take(blind).collect();
        let second = self.plan.second_cases(rows.len() as u64) as usize;
        let second: BTreeSet<(u64, u64)> = by("second").into_iter().take(second).collect();
        let case = |(batch, row)| ReviewCase {
            batch,
            row,
            blind: blind.contains(&(batch, row)),
            second: second.contains(&(batch, row)),
        };
        let cases = by("order").into_iter().map(case).collect();
        Ok(Drawn { strata, without_prediction: self.without_prediction, cases })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::schema::Kind;
    use crate::review::specimen::sample;
    use std::fmt::Write as _;

    fn column(name: &str, role: Role, value_type: ValueType, kind: Kind) -> Column {
        Column {
            name: name.to_owned(),
            role,
            value_type,
            kind: Some(kind),
            unit: None,
            range: None,
            null_tokens: Vec::new(),
        }
    }

    fn schema() -> TableSchema {
        TableSchema::new(vec![
            column("line", Role::Feature, ValueType::Text, Kind::Categorical),
            column("passed", Role::Prediction, ValueType::Bool, Kind::Binary),
            column("score", Role::Score, ValueType::Float, Kind::Continuous),
        ])
    }

    fn predicted() -> Predicted {
        let classes = vec!["0".to_owned(), "1".to_owned()];
        let schema = schema();
        Predicted {
            ids: Vec::new(),
            prediction: schema.columns[1].clone(),
            score: Some(schema.columns[2].clone()),
            task: Task::Binary { positive: "1".to_owned(), classes },
        }
    }

    /// 200 rows: every fifth is not passed, every 50th has no prediction.
    fn table() -> String {
        let mut text = "line,passed,score\n".to_owned();
        for row in 0..200 {
            let passed = match row {
                row if row % 50 == 49 => "",
                row if row % 5 == 0 => "false",
                _ => "true",
            };
            writeln!(text, "{},{passed},0.{:02}", ["east", "west"][row % 2], row % 100).unwrap();
        }
        text
    }

    fn draw(plan: &SamplingPlan, seed: &str) -> Result<Drawn> {
        let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        std::fs::write(file.path(), table()).unwrap();
        let columns = StrataColumns::of(&predicted(), &schema(), plan)?;
        let mut draw = Draw::new(plan, columns, seed);
        let table = TableFile::open(file.path(), None).unwrap();
        draw.read(&table, &schema(), "f00")?;
        draw.read(&table, &schema(), "f01")?;
        draw.finish()
    }

    #[test]
    fn the_same_seed_draws_the_same_cases_and_another_seed_others() {
        let plan = SamplingPlan { allocation: Allocation::PerStratum(20), ..sample().plan };
        let drawn = draw(&plan, "a").unwrap();
        assert_eq!(draw(&plan, "a").unwrap(), drawn);
        assert_ne!(draw(&plan, "b").unwrap().cases, drawn.cases);
        let named: Vec<_> =
            drawn.strata.iter().map(|s| (s.name.as_str(), s.rows, s.drawn)).collect();
        assert_eq!(named, [("0", 80, 20), ("1", 312, 20)]);
        assert_eq!((drawn.without_prediction, drawn.cases.len()), (8, 40));
        assert_eq!(drawn.cases.iter().filter(|case| case.blind).count(), 20);
        let distinct: BTreeSet<_> = drawn.cases.iter().collect();
        assert_eq!(distinct.len(), 40);
        assert!(drawn.cases.iter().any(|case| case.batch == 1));
        // The tickets by the formula: SHA-256 of "a\norder\nf00\n…" in ascending order.
        let ticket = |case: &ReviewCase| {
            let file = ["f00", "f01"][case.batch as usize];
            digest::sha256(format!("a\norder\n{file}\n{}", case.row).as_bytes())
        };
        assert!(drawn.cases.windows(2).all(|pair| ticket(&pair[0]) < ticket(&pair[1])));
    }

    #[test]
    fn every_row_of_a_stratum_is_drawn_equally_often() {
        let plan = SamplingPlan { allocation: Allocation::PerStratum(8), ..sample().plan };
        let mut counts: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        for seed in 0..400 {
            for case in draw(&plan, &format!("{seed}")).unwrap().cases {
                *counts.entry((case.batch, case.row)).or_default() += 1;
            }
        }
        // 80 rows with false: each 400 · 8/80 = 40 times on average, standard deviation 6
        let of_class = |wanted: bool| {
            let counts = counts.iter().filter(move |((_, row), _)| ((row - 1) % 5 == 0) == wanted);
            counts.map(|(_, count)| *count).collect::<Vec<_>>()
        };
        assert_eq!(of_class(true).len(), 80);
        assert!(of_class(true).iter().all(|count| (16..=66).contains(count)), "{counts:?}");
        assert!(of_class(false).len() > 300);
    }

    #[test]
    fn strata_are_made_of_class_confidence_and_a_column() {
        let plan = SamplingPlan {
            bands: vec![0.5, 0.9],
            column: Some("line".to_owned()),
            allocation: Allocation::Proportional(50),
            ..sample().plan
        };
        let drawn = draw(&plan, "a").unwrap();
        let names: Vec<&str> = drawn.strata.iter().map(|s| s.name.as_str()).collect();
        assert!(names.contains(&"0 · score below 0.5 · line east"), "{names:?}");
        assert!(names.contains(&"1 · score from 0.5 to below 0.9 · line west"), "{names:?}");
        assert!(names.contains(&"1 · score from 0.9 · line west"), "{names:?}");
        // Two strata are so small that their share of 50 is none: each has one all the same.
        assert_eq!((names.len(), drawn.cases.len()), (12, 52));
    }

    #[test]
    fn what_makes_no_strata_is_named() {
        let plan = sample().plan;
        let said = |plan: &SamplingPlan| draw(plan, "a").unwrap_err().to_string();
        let column = |name: &str| SamplingPlan { column: Some(name.to_owned()), ..plan.clone() };
        assert!(said(&column("passed")).contains("`passed` makes no strata"));
        assert!(said(&column("nothing")).contains("`nothing`"));
        let number = Predicted { task: Task::Number, ..predicted() };
        let refused = |plan: &SamplingPlan, predicted: &Predicted| {
            StrataColumns::of(predicted, &schema(), plan).unwrap_err().to_string()
        };
        assert!(refused(&plan, &number).contains("say in `tolerance`"));
        let within = SamplingPlan { tolerance: Some(0.5), ..plan.clone() };
        assert!(refused(&within, &predicted()).contains("leave `tolerance` out"));
        let no_score = Predicted { score: None, ..predicted() };
        let banded = SamplingPlan { bands: vec![0.5], ..plan };
        assert!(StrataColumns::of(&no_score, &schema(), &banded).is_err());
    }

    #[test]
    fn cases_that_are_read_twice_are_drawn_by_tickets_of_their_own() {
        let once = SamplingPlan { allocation: Allocation::PerStratum(20), ..sample().plan };
        let twice = SamplingPlan { second_share: 0.25, ..once.clone() };
        let (plain, drawn) = (draw(&once, "a").unwrap(), draw(&twice, "a").unwrap());
        assert!(plain.cases.iter().all(|case| !case.second));
        let ticket = |case: &ReviewCase| {
            let file = ["f00", "f01"][case.batch as usize];
            digest::sha256(format!("a\nsecond\n{file}\n{}", case.row).as_bytes())
        };
        let mut by_ticket = drawn.cases.clone();
        by_ticket.sort_by_key(ticket);
        let expected: Vec<bool> = (0..40).map(|place| place < 10).collect();
        assert_eq!(by_ticket.iter().map(|case| case.second).collect::<Vec<_>>(), expected);
        let same = |cases: &[ReviewCase]| {
            cases.iter().map(|case| (case.batch, case.row, case.blind)).collect::<Vec<_>>()
        };
        assert_eq!(same(&plain.cases), same(&drawn.cases), "nothing else changes");
    }

    #[test]
    fn predicted_numbers_make_strata_of_their_bands() {
        let number = Predicted {
            task: Task::Number,
            prediction: schema().columns[2].clone(),
            score: None,
            ..predicted()
        };
        let plan = SamplingPlan { tolerance: Some(0.1), bands: vec![0.5], ..sample().plan };
        let columns = StrataColumns::of(&number, &schema(), &plan).unwrap();
        let stratum = |text| columns.stratum(|name| (name == "score").then_some(text));
        assert_eq!(stratum("0.25").unwrap(), "score below 0.5");
        assert_eq!(stratum("0.5").unwrap(), "score from 0.5");
        assert_eq!((stratum("nan"), stratum("dusty")), (None, None));
    }
}
