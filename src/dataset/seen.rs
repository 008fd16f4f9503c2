//! What has been seen of the values of one column, and the declaration that follows from it.

use super::cells::{
    parse_bool, parse_date, parse_float, parse_instant, parse_int, parse_timestamp, with_point,
};
use super::decimals;
use super::dialect::MISSING_WORDS;
use super::error::Result;
use super::looks::{Looks, names_an_id, names_an_index};
use super::schema::{Column, Kind, Role, ValueType};
use ahash::{AHashSet, RandomState};
use polars::prelude::{DataType, Series};
use std::hash::Hash;

/// Distinct whole numbers up to which a column is a count and not continuous.
const COUNT_VALUES_MAX: usize = 20;
/// Whole numbers up to this one, of either sign, are 64-bit floats without rounding.
const WHOLE_MAX: u64 = 1 << 53;
const DISTINCT_MAX: usize = 100_000;
const ID_ROWS_MIN: usize = 20;
const TEXT_TYPES: [ValueType; 6] = [
    ValueType::Bool,
    ValueType::Int,
    ValueType::Float,
    ValueType::Date,
    ValueType::Timestamp,
    ValueType::Instant,
];

/// What has been seen of one column.
#[derive(Debug)]
pub(super) struct Seen {
    /// Name of the column.
    pub(super) name: String,
    value_type: Option<ValueType>,
    /// What the file calls its type.
    stored_as: String,
    /// Whether text may stand for another type, as in CSV.
    parse_text: bool,
    possible: Vec<ValueType>,
    decimal: char,
    sizes: Sizes,
    /// Digits behind the point of a column stored as decimals, which more values say more about.
    scale: Option<usize>,
    /// The first decimal that a 64-bit float does not hold digit by digit.
    rounded: Option<i128>,
    values: u64,
    repeated: bool,
    distinct: AHashSet<u64>,
    /// How often each of [`MISSING_WORDS`] was found, in their order.
    missing: [u64; MISSING_WORDS.len()],
    looks: Looks,
}

/// What sizes the numbers of a column have.
#[derive(Debug, Default)]
struct Sizes {
    /// Whether a value is a whole number beyond ±2⁵³.
    beyond: bool,
    /// Whether a value is other than a whole number, if it had to be known.
    fractions: bool,
}

impl Sizes {
    /// Whether all are whole numbers, and some of them no numbers to a 64-bit float.
    fn are_codes(&self) -> bool {
        self.beyond && !self.fractions
    }
}

impl Seen {
    pub(super) fn new(name: String, dtype: &DataType, parse_text: bool, decimal: char) -> Self {
        let value_type = match dtype {
            DataType::String | DataType::Null | DataType::Categorical(..) | DataType::Enum(..) => {
                None
            }
            DataType::Boolean => Some(ValueType::Bool),
            DataType::Date => Some(ValueType::Date),
            DataType::Datetime(_, None) => Some(ValueType::Timestamp),
            DataType::Datetime(_, Some(_)) => Some(ValueType::Instant),
            d if d.is_integer() => Some(ValueType::Int),
            d if d.is_float() => Some(ValueType::Float),
            DataType::Decimal(_, 0) => Some(ValueType::Int),
            DataType::Decimal(..) => Some(ValueType::Float),
            _ => Some(ValueType::Other),
        };
        let possible = if parse_text { TEXT_TYPES.to_vec() } else { Vec::new() };
        Self {
            name,
            value_type,
            stored_as: dtype.to_string(),
            parse_text,
            possible,
            decimal,
            sizes: Sizes::default(),
            scale: decimals::scale_of(dtype),
            rounded: None,
            values: 0,
            repeated: false,
            distinct: AHashSet::new(),
            missing: [0; MISSING_WORDS.len()],
            looks: Looks::default(),
        }
    }

    /// Whether more values of a typed format cannot change the declaration.
    pub(super) fn is_settled(&self) -> bool {
        let distinct = self.distinct.len();
        match self.value_type {
            _ if self.parse_text => false,
            None => distinct >= DISTINCT_MAX || (self.repeated && distinct > 2),
            Some(ValueType::Int) => distinct > COUNT_VALUES_MAX,
            Some(ValueType::Float) if self.scale.is_some() => self.rounded.is_some(),
            Some(_) => true,
        }
    }

    pub(super) fn start_again(&mut self) {
        (self.values, self.repeated) = (0, false);
        self.distinct.clear();
        self.missing = [0; MISSING_WORDS.len()];
        self.looks = Looks::default();
    }

    fn count(&mut self, value: &impl Hash) {
        self.values += 1;
        if self.distinct.len() < DISTINCT_MAX {
            let hash = RandomState::with_seeds(1, 2, 3, 4).hash_one(value);
            self.repeated |= !self.distinct.insert(hash);
        }
    }

    pub(super) fn visit(&mut self, series: &Series) -> Result<()> {
        match series.dtype() {
            DataType::String => {
                for text in series.str()?.iter() {
                    self.looks.next_row();
                    let Some(text) = text else { continue };
                    self.count(&text);
                    self.visit_text(text);
                }
            }
            DataType::Categorical(..) | DataType::Enum(..) => {
                self.visit(&series.cast(&DataType::String)?)?;
            }
            // A whole number beyond 64 bits with sign is a code; it is declared as the file holds it.
            DataType::UInt64
                if series.u64()?.iter().flatten().any(|value| i64::try_from(value).is_err()) =>
            {
                self.value_type = Some(ValueType::Other);
            }
            d if d.is_integer() => {
                let signed = series.cast(&DataType::Int64)?;
                for value in signed.i64()?.iter().flatten() {
                    self.count(&value);
                    self.sizes.beyond |= value.unsigned_abs() > WHOLE_MAX;
                    self.looks.number(value);
                }
            }
            &DataType::Decimal(_, scale) => self.visit_decimals(series, scale)?,
            _ => self.values += (series.len() - series.null_count()) as u64,
        }
        Ok(())
    }

    /// Sees decimals: without digits behind the point they are whole numbers, else numbers.
    fn visit_decimals(&mut self, series: &Series, scale: usize) -> Result<()> {
        for value in decimals::unscaled(series)?.flatten() {
            if scale > 0 {
                self.values += 1;
                if self.rounded.is_none() && decimals::is_beyond_floats(value, scale) {
                    self.rounded = Some(value);
                }
                continue;
            }
            // As of an unsigned number of 64 bits: what is larger is a code, declared as the file holds it.
            let Ok(value) = i64::try_from(value) else {
                self.value_type = Some(ValueType::Other);
                return Ok(());
            };
            self.count(&value);
            self.sizes.beyond |= value.unsigned_abs() > WHOLE_MAX;
            self.looks.number(value);
        }
        Ok(())
    }

    /// What to say about a column of numbers that are stored as decimals.
    fn about_decimals(&self, value_type: ValueType) -> Option<String> {
        let (name, stored_as, scale) = (&self.name, &self.stored_as, self.scale?);
        let digits = decimals::DIGITS_EXACT;
        Some(match (value_type, self.rounded) {
            (ValueType::Int, _) => {
                format!("column `{name}` is {stored_as} and is read as whole numbers")
            }
            (ValueType::Float, None) => format!(
                "column `{name}` is {stored_as} and is read as numbers; none has more than {digits} digits, so that 64-bit floats \
                 tell all of them apart"
            ),
            (ValueType::Float, Some(value)) => format!(
                "column `{name}` is {stored_as} and is read as numbers, rounded to 64-bit floats beyond {digits} digits: `{}` as `{}`",
                decimals::written(value, scale),
                decimals::nearest(value, scale)
            ),
            _ => return None,
        })
    }

    /// Sees whether the text is a whole number that is too large, as long as numbers are possible.
    fn see_size(&mut self, text: &str) {
        let digits = || text.strip_prefix('-').unwrap_or(text);
        let is_whole = || digits().bytes().all(|byte| byte.is_ascii_digit());
        match self.possible.first() {
            Some(ValueType::Int) if text.len() >= 16 => {
                self.sizes.beyond |= parse_int(text).is_some_and(|n| n.unsigned_abs() > WHOLE_MAX);
            }
            Some(ValueType::Float) if !self.sizes.fractions => {
                self.sizes.fractions = !is_whole();
                self.sizes.beyond |= digits().len() > 18;
            }
            _ => {}
        }
    }

    fn visit_text(&mut self, text: &str) {
        let bare = text.trim_matches([' ', '\t']);
        if let Some(place) = MISSING_WORDS.iter().position(|word| *word == bare) {
            self.missing[place] += 1;
            return;
        }
        if bare.is_empty() && self.parse_text {
            return;
        }
        if !self.possible.is_empty() {
            let decimal = self.decimal;
            self.possible.retain(|&possible| fits(possible, bare, decimal));
            if let (Some(ValueType::Int), Some(value)) = (self.possible.first(), parse_int(bare)) {
                self.looks.number(value);
            }
            self.see_size(bare);
        }
        self.looks.text(bare);
    }

    /// The words of a column of another type than text that stand for missing values, with how often they were found.
    fn missing_words(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let found = MISSING_WORDS.into_iter().zip(self.missing);
        found.filter(|(_, times)| *times > 0)
    }

    fn value_type(&self) -> ValueType {
        let missing: u64 = self.missing.iter().sum();
        self.value_type.unwrap_or(match (self.values, self.possible.first()) {
            (0, _) => ValueType::Null,
            (_, Some(_)) if self.values == missing => ValueType::Null,
            // whole numbers of more than 64 bits
            (_, Some(ValueType::Float)) if self.sizes.are_codes() => ValueType::Text,
            (_, Some(&first)) => first,
            (_, None) => ValueType::Text,
        })
    }

    /// The declaration, and what a reader of it should know.
    pub(super) fn declare(&self, notes: &mut Vec<String>) -> Column {
        let value_type = self.value_type();
        let name = &self.name;
        let mut null_tokens = Vec::new();
        if self.parse_text && value_type != ValueType::Text {
            for (word, times) in self.missing_words() {
                null_tokens.push(word.to_owned());
                notes.push(format!("column `{name}`: `{word}` is read as missing ({times} times)"));
            }
        }
        let all_distinct = !self.repeated && self.values as usize >= ID_ROWS_MIN;
        let distinct = self.distinct.len() - null_tokens.len().min(self.distinct.len());
        notes.extend(self.about_decimals(value_type));
        let (role, kind) = self.judged_as((value_type, distinct, all_distinct), notes);
        if value_type == ValueType::Text && role == Role::Feature {
            notes.extend(self.looks.about_numbers(name));
        }
        if value_type == ValueType::Int && kind.is_none() {
            notes.push(format!(
                "column `{name}` says which row it is ({}), and is not compared",
                role.word()
            ));
        }
        Column { name: name.clone(), role, value_type, kind, unit: None, range: None, null_tokens }
    }

    /// What a column of that type is for, with so many distinct values, all of them or not.
    fn judged_as(
        &self,
        (value_type, distinct, all_distinct): (ValueType, usize, bool),
        notes: &mut Vec<String>,
    ) -> (Role, Option<Kind>) {
        let name = &self.name;
        match value_type {
            ValueType::Date | ValueType::Timestamp | ValueType::Instant => {
                notes.push(format!(
                    "column `{name}` says when (role time), and is not compared; what matters of it is compared as a column of \
                     its own, for example an age in days"
                ));
                (Role::Time, None)
            }
            ValueType::Vector(_) | ValueType::Other => {
                notes.push(about_other(name, &self.stored_as));
                (Role::Ignore, None)
            }
            ValueType::Text if self.looks.is_dates() => {
                notes.push(self.looks.about_dates(name));
                (Role::Ignore, None)
            }
            ValueType::Text if all_distinct && self.looks.has_spaces() => {
                notes.push(format!("column `{name}` is free text and is not compared"));
                (Role::Ignore, None)
            }
            ValueType::Text if all_distinct => (Role::Id, None),
            ValueType::Int if self.sizes.beyond && all_distinct => (Role::Id, None),
            ValueType::Int if self.sizes.beyond => {
                (Role::Feature, Some(few(distinct, Kind::Categorical)))
            }
            ValueType::Text => (Role::Feature, Some(few(distinct, Kind::Categorical))),
            ValueType::Bool => (Role::Feature, Some(Kind::Binary)),
            ValueType::Int if names_an_index(name) || (all_distinct && self.looks.counts_up()) => {
                (Role::Ignore, None)
            }
            ValueType::Int if names_an_id(name) && all_distinct => (Role::Id, None),
            ValueType::Int if names_an_id(name) && distinct > COUNT_VALUES_MAX => {
                (Role::Ignore, None)
            }
            ValueType::Int if distinct > COUNT_VALUES_MAX => {
                (Role::Feature, Some(Kind::Continuous))
            }
            ValueType::Int => (Role::Feature, Some(few(distinct, Kind::Count))),
            ValueType::Float | ValueType::Null => (Role::Feature, Some(Kind::Continuous)),
        }
    }
}

/// What to say about a column of a type that is not compared as it is.
fn about_other(name: &str, stored_as: &str) -> String {
    let instead = match stored_as {
        t if t.starts_with("list") || t.starts_with("array") => {
            "declare an embedding as `vector(n)` with role `embedding` in a schema"
        }
        "u64" => "it holds whole numbers of 2^63 and more; save them as text",
        t if t.starts_with("struct") => {
            "save its fields as columns of their own (a JSON file as a list of rows: pandas' `orient=\"records\"`)"
        }
        t if t.starts_with("decimal") => {
            "it holds whole numbers of 2^63 and more; save them as text"
        }
        _ => "save what matters of it as columns of numbers, text or dates",
    };
    format!("column `{name}` is {stored_as} and is not compared; {instead}")
}

fn few(distinct: usize, otherwise: Kind) -> Kind {
    if distinct == 2 { Kind::Binary } else { otherwise }
}

fn fits(value_type: ValueType, text: &str, decimal: char) -> bool {
    let number = |text| with_point(text, decimal);
    match value_type {
        ValueType::Bool => parse_bool(text).is_some(),
        ValueType::Int => number(text).is_some_and(|text| parse_int(&text).is_some()),
        ValueType::Float => number(text).is_some_and(|text| parse_float(&text).is_some()),
        ValueType::Date => parse_date(text).is_some(),
        ValueType::Timestamp => parse_timestamp(text).is_some(),
        ValueType::Instant => parse_instant(text).is_some(),
        ValueType::Text | ValueType::Null | ValueType::Vector(_) | ValueType::Other => true,
    }
}
