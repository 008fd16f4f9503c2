//! The filter and order grammar of every search: `clause (AND clause)*`, keys with quotes or backticks.

use crate::error::{Error, Result};
use crate::provenance::run::NamedValue;
use std::cmp::Ordering;

/// What a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The thing itself: `name`, `attributes.status`.
    Attribute,
    /// `metrics.KEY`.
    Metric,
    /// `params.KEY`.
    Param,
    /// `tags.KEY`.
    Tag,
    /// `datasets.KEY`.
    Dataset,
}

/// What a thing has under a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Nothing.
    Missing,
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Several texts, any of which may fit.
    Any(Vec<String>),
}

impl Found {
    /// A text that may be missing.
    pub(super) fn of(text: Option<&str>) -> Self {
        text.map_or(Self::Missing, |text| Self::Text(text.to_owned()))
    }

    /// The value of the parameter or tag `key`, if there is one.
    pub(super) fn named(values: &[NamedValue], key: &str) -> Self {
        Self::of(values.iter().find(|one| one.key == key).map(|one| one.value.as_str()))
    }
}

/// Tells what a thing has under a key; an error for a key that no such thing has.
pub(super) type Look<'a> = &'a dyn Fn(Kind, &str) -> Result<Found>;

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Compare(&'static str, String),
    Like { pattern: String, ignore_case: bool },
    In { values: Vec<String>, is_in: bool },
    Null { is_null: bool },
}

/// A parsed filter: all of its clauses have to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Filter(Vec<(Kind, String, Test)>);

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

const SIGNS: [&str; 9] = ["!=", ">=", "<=", "=", ">", "<", "(", ")", ","];

fn refused(text: &str, why: &str) -> Error {
    let detail = format!(
        "`{text:.300}`: {why}; write clauses such as `metrics.auc > 0.9 AND tags.team = 'qc'`"
    );
    Error::BadRequest { detail }
}

/// The tokens of `text`. A word takes its quoted parts with it: ``tag.`a b` `` is one word.
fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if matches!(first, '\'' | '"') {
            let (inside, after) = quoted(text, rest, first)?;
            tokens.push(Token::Quoted(inside));
            rest = after;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let mut word = String::new();
            while let Some(next) = rest.chars().next() {
                if matches!(next, '`' | '"') {
                    let (inside, after) = quoted(text, rest, next)?;
                    word.push_str(&inside);
                    rest = after;
                } else if next.is_whitespace() || SIGNS.iter().any(|sign| rest.starts_with(sign)) {
                    break;
                } else {
                    word.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
            tokens.push(Token::Word(word));
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn quoted<'a>(text: &str, rest: &'a str, quote: char) -> Result<(String, &'a str)> {
    let inside = rest[1..].split_once(quote);
    let (inside, after) = inside.ok_or_else(|| refused(text, "a quote is not closed"))?;
    Ok((inside.to_owned(), after))
}

/// What a key names, and the key without its first part.
fn named(word: &str) -> (Kind, String) {
    let (first, rest) = word.split_once('.').unwrap_or(("", word));
    let kind = match first.to_lowercase().as_str() {
        "metric" | "metrics" => Kind::Metric,
        "param" | "params" | "parameter" | "parameters" => Kind::Param,
        "tag" | "tags" => Kind::Tag,
        "dataset" | "datasets" => Kind::Dataset,
        "attr" | "attrs" | "attribute" | "attributes" | "run" => Kind::Attribute,
        _ => return (Kind::Attribute, word.to_owned()),
    };
    (kind, rest.to_owned())
}

/// Takes tokens from the front.
struct Reader<'a> {
    text: &'a str,
    tokens: std::collections::VecDeque<Token>,
}

impl Reader<'_> {
    fn word_is(&self, index: usize, word: &str) -> bool {
        matches!(self.tokens.get(index), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn take_words(&mut self, words: &[&str]) -> bool {
        let fits = words.iter().enumerate().all(|(index, word)| self.word_is(index, word));
        if fits {
            self.tokens.drain(..words.len());
        }
        fits
    }

    fn value(&mut self) -> Result<String> {
        match self.tokens.pop_front() {
            Some(Token::Word(text) | Token::Quoted(text)) => Ok(text),
            _ => Err(refused(self.text, "a value is missing")),
        }
    }

    fn clause(&mut self) -> Result<(Kind, String, Test)> {
        let Some(Token::Word(key) | Token::Quoted(key)) = self.tokens.pop_front() else {
            return Err(refused(self.text, "a key is missing"));
        };
        let (kind, key) = named(&key);
        Ok((kind, key, self.test()?))
    }

    fn test(&mut self) -> Result<Test> {
        if self.take_words(&["IS", "NOT", "NULL"]) {
            return Ok(Test::Null { is_null: false });
        }
        if self.take_words(&["IS", "NULL"]) {
            return Ok(Test::Null { is_null: true });
        }
        for (word, ignore_case) in [("LIKE", false), ("ILIKE", true)] {
            if self.take_words(&[word]) {
                return Ok(Test::Like { pattern: self.value()?, ignore_case });
            }
        }
        for (words, is_in) in [(&["NOT", "IN"][..], false), (&["IN"][..], true)] {
            if self.take_words(words) {
                return Ok(Test::In { values: self.list()?, is_in });
            }
        }
        match self.tokens.pop_front() {
            Some(Token::Sign(sign)) if !matches!(sign, "(" | ")" | ",") => {
                Ok(Test::Compare(sign, self.value()?))
            }
            _ => Err(refused(self.text, "a comparison is missing")),
        }
    }

    fn list(&mut self) -> Result<Vec<String>> {
        let mut values = Vec::new();
        let mut expected = "(";
        loop {
            match self.tokens.pop_front() {
                Some(Token::Sign(")")) if expected == "," => return Ok(values),
                Some(Token::Sign(sign)) if sign == expected => values.push(self.value()?),
                _ => return Err(refused(self.text, "a list is written `('a', 'b')`")),
            }
            expected = ",";
        }
    }
}

impl Filter {
    /// The filter that `text` writes; the empty text lets everything through.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`].
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader { text, tokens: tokens(text)?.into() };
        let mut clauses = Vec::new();
        while !reader.tokens.is_empty() {
            if !clauses.is_empty() && !reader.take_words(&["AND"]) {
                return Err(refused(text, "clauses are joined by AND"));
            }
            clauses.push(reader.clause()?);
        }
        Ok(Self(clauses))
    }

    /// Whether all clauses hold for the thing that `look` looks at.
    ///
    /// # Errors
    ///
    /// Those of `look`; [`Error::BadRequest`] for a number compared with a text.
    pub(super) fn fits(&self, look: Look<'_>) -> Result<bool> {
        for (kind, key, test) in &self.0 {
            if !holds(test, &look(*kind, key)?, key)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn holds(test: &Test, found: &Found, key: &str) -> Result<bool> {
    if let Test::Null { is_null } = test {
        return Ok(*is_null == (*found == Found::Missing));
    }
    match found {
        // The registry's own question "is no prompt" is asked of models that never heard of prompts.
        Found::Missing => {
            Ok(key == "mlflow.prompt.is_prompt" && matches!(test, Test::Compare("!=", _)))
        }
        Found::Number(number) => number_holds(test, *number, key),
        Found::Text(text) => Ok(text_holds(test, text)),
        Found::Any(texts) => Ok(texts.iter().any(|text| text_holds(test, text))),
    }
}

fn number_holds(test: &Test, number: f64, key: &str) -> Result<bool> {
    let refused = |found: &str| Error::BadRequest {
        detail: format!(
            "`{key}` is a number, `{found}` is none, or cannot be compared with one this way"
        ),
    };
    let Test::Compare(sign, value) = test else { return Err(refused("LIKE or IN")) };
    let value: f64 = value.parse().map_err(|_not_a_number| refused(value))?;
    #[expect(clippy::float_cmp, reason = "the filter asks for exactly this number")]
    Ok(match *sign {
        "=" => number == value,
        "!=" => number != value,
        ">" => number > value,
        ">=" => number >= value,
        "<" => number < value,
        _ => number <= value,
    })
}

fn text_holds(test: &Test, text: &str) -> bool {
    match test {
        Test::Compare("=", value) => text == value,
        Test::Compare("!=", value) => text != value,
        Test::Compare(sign, value) => {
            let order = match (text.parse::<f64>(), value.parse::<f64>()) {
                (Ok(a), Ok(b)) => a.total_cmp(&b),
                _ => text.cmp(value),
            };
            match *sign {
                ">" => order.is_gt(),
                ">=" => order.is_ge(),
                "<" => order.is_lt(),
                _ => order.is_le(),
            }
        }
        Test::Like { pattern, ignore_case: true } => {
            is_like(&text.to_lowercase(), &pattern.to_lowercase())
        }
        Test::Like { pattern, ignore_case: false } => is_like(text, pattern),
        Test::In { values, is_in } => values.iter().any(|value| value == text) == *is_in,
        Test::Null { .. } => false,
    }
}

/// SQL's LIKE: `%` stands for any text, `_` for one character.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    // Where the last `%` was, and how much of the text it has taken so far.
    let (mut at, mut wanted, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(wanted) {
            Some('%') => {
                star = Some((wanted, at));
                wanted += 1;
            }
            Some(&next) if next == '_' || next == text[at] => {
                at += 1;
                wanted += 1;
            }
            _ => {
                let Some((percent, taken)) = star else { return false };
                star = Some((percent, taken + 1));
                (at, wanted) = (taken + 1, percent + 1);
            }
        }
    }
    pattern[wanted..].iter().all(|&c| c == '%')
}

/// One key to sort by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    kind: Kind,
    key: String,
    descending: bool,
}

impl Order {
    /// The order that `KEY`, `KEY ASC` or `KEY DESC` writes.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`].
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut tokens = tokens(text)?.into_iter();
        let (first, second, third) = (tokens.next(), tokens.next(), tokens.next());
        let descending = match &second {
            None => false,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("asc") => false,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("desc") => true,
            _ => return Err(refused(text, "an order is `KEY`, `KEY ASC` or `KEY DESC`")),
        };
        match first {
            Some(Token::Word(word) | Token::Quoted(word)) if third.is_none() => {
                let (kind, key) = named(&word);
                Ok(Self { kind, key, descending })
            }
            _ => Err(refused(text, "an order is `KEY`, `KEY ASC` or `KEY DESC`")),
        }
    }

    /// `a` before or after `b`; what is missing comes last either way.
    fn compare(&self, a: &Found, b: &Found) -> Ordering {
        let order = match (a, b) {
            (Found::Missing, Found::Missing) => return Ordering::Equal,
            (Found::Missing, _) => return Ordering::Greater,
            (_, Found::Missing) => return Ordering::Less,
            (Found::Number(a), Found::Number(b)) => a.total_cmp(b),
            (Found::Text(a), Found::Text(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        if self.descending { order.reverse() } else { order }
    }
}

/// Keeps what fits and sorts it; where the orders say nothing, the order of `items` stays.
///
/// # Errors
///
/// Those of `look`.
pub(super) fn search<T>(
    items: Vec<T>,
    (filter, orders): (&Filter, &[Order]),
    look: impl Fn(&T, Kind, &str) -> Result<Found>,
) -> Result<Vec<T>> {
    let mut kept = Vec::new();
    for item in items {
        if filter.fits(&|kind, key| look(&item, kind, key))? {
            let keys = orders.iter().map(|order| look(&item, order.kind, &order.key));
            kept.push((keys.collect::<Result<Vec<_>>>()?, item));
        }
    }
    kept.sort_by(|(a, _), (b, _)| {
        let compared =
            orders.iter().zip(a.iter().zip(b)).map(|(order, (a, b))| order.compare(a, b));
        compared.fold(Ordering::Equal, Ordering::then)
    });
    Ok(kept.into_iter().map(|(_, item)| item).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(filter: &str) -> bool {
        Filter::parse(filter).unwrap().fits(&look).unwrap()
    }

    fn look(kind: Kind, key: &str) -> Result<Found> {
        Ok(match (kind, key) {
            (Kind::Attribute, "name") => Found::Text("Tablet AND capsule".to_owned()),
            (Kind::Attribute, "start_time") => Found::Number(100.0),
            (Kind::Metric, "auc/test") => Found::Number(0.75),
            (Kind::Param, "depth") => Found::Text("3".to_owned()),
            (Kind::Tag, "mlflow.user") => Found::Text("dana".to_owned()),
            (Kind::Dataset, "name") => Found::Any(vec!["train".to_owned(), "test".to_owned()]),
            (Kind::Attribute, other) => {
                return Err(Error::BadRequest { detail: format!("no attribute `{other}`") });
            }
            _ => Found::Missing,
        })
    }

    #[test]
    fn clauses_hold_as_the_grammar_says() {
        for filter in [
            "",
            "name = 'Tablet AND capsule'",
            "attributes.name LIKE 'Tablet%' and start_time >= 100",
            "name ILIKE '%CAPSULE' AND name != \"x\"",
            "metrics.\"auc/test\" > 0.5 AND metrics.`auc/test` < 1e0",
            "params.depth='3'",
            "tags.mlflow.user IN ('eve', 'dana')",
            "tags.`mlflow.user` NOT IN ('eve')",
            "tag.absent IS NULL AND tags.mlflow.user IS NOT NULL",
            "dataset.name = 'test'",
            "tag.`mlflow.prompt.is_prompt` != 'true'",
            "name LIKE '%AND%' AND name LIKE 'T_blet%'",
        ] {
            assert!(fits(filter), "{filter}");
        }
        for filter in [
            "name = 'Tablet'",
            "start_time > 100",
            "metrics.other > 0",
            "params.depth != '3'",
            "tags.absent != 'x'",
            "name LIKE 'tablet%'",
            "tags.mlflow.user IS NULL",
            "datasets.name IN ('validation')",
            "name LIKE 'Tablet_'",
        ] {
            assert!(!fits(filter), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            "name",
            "name =",
            "= 'x'",
            "name = 'x' OR name = 'y'",
            "name = 'x",
            "name IN 'x'",
            "name IN ('x'",
            "name IN ()",
            "name = 'x' AND",
            "AND",
            "name == 'x'",
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
        let unknown = Filter::parse("colour = 'red'").unwrap();
        assert!(unknown.fits(&look).is_err());
        let text = Filter::parse("start_time = 'soon'").unwrap();
        assert!(text.fits(&look).is_err());
    }

    #[test]
    fn orders_sort_and_what_is_missing_comes_last() {
        let items = vec![Some(2.0), None, Some(3.0), Some(1.0)];
        let of =
            |item: &Option<f64>, _: Kind, _: &str| Ok(item.map_or(Found::Missing, Found::Number));
        let sorted = |order: &str| {
            search(items.clone(), (&Filter::default(), &[Order::parse(order).unwrap()]), of)
                .unwrap()
        };
        assert_eq!(sorted("metrics.a"), [Some(1.0), Some(2.0), Some(3.0), None]);
        assert_eq!(sorted("metrics.`a b` DESC"), [Some(3.0), Some(2.0), Some(1.0), None]);
        assert!(
            Order::parse("a b").is_err()
                && Order::parse("").is_err()
                && Order::parse("a desc x").is_err()
        );
    }
}
