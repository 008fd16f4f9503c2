//! What texts look like beyond the forms that are read: numbers with separators of thousands, dates in a country's own order,
//! numbers that only say which row it is. Nothing here decides a value; it decides what is left out and what is said about it.

use super::cells::parse_float;

/// Values of a column that are looked at.
const LOOKED_AT: u64 = 20_000;

/// What the values of one column look like.
#[derive(Debug, Default)]
pub(super) struct Looks {
    row: u64,
    seen: u64,
    numbers: u64,
    dates: u64,
    spaced: u64,
    /// The first value that is not read as a number, with its row.
    odd: Option<(u64, String)>,
    /// The last whole number, and whether each was one more than the one before.
    last: Option<i64>,
    broken: bool,
}

impl Looks {
    /// Goes on to the next row, from 1.
    pub(super) fn next_row(&mut self) {
        self.row += 1;
    }

    /// Looks at a whole number.
    pub(super) fn number(&mut self, value: i64) {
        self.broken |= self.last.is_some_and(|last| last.checked_add(1) != Some(value));
        self.last = Some(value);
    }

    /// Whether every whole number was one more than the one before.
    pub(super) fn counts_up(&self) -> bool {
        self.last.is_some() && !self.broken
    }

    /// Looks at the text of the present row.
    pub(super) fn text(&mut self, text: &str) {
        if self.seen >= LOOKED_AT {
            return;
        }
        self.seen += 1;
        let is_number = parse_float(text).is_some();
        self.numbers += u64::from(is_number || is_like_a_number(text));
        self.dates += u64::from(is_like_a_date(text));
        self.spaced += u64::from(text.contains(char::is_whitespace));
        if !is_number && self.odd.is_none() {
            self.odd = Some((self.row, text.chars().take(40).collect()));
        }
    }

    /// Whether all texts are dates of some form.
    pub(super) fn is_dates(&self) -> bool {
        self.seen > 0 && self.dates == self.seen
    }

    /// Whether most texts are of more than one word.
    pub(super) fn has_spaces(&self) -> bool {
        2 * self.spaced > self.seen
    }

    /// What to say about a column of dates in the column `name`.
    pub(super) fn about_dates(&self, name: &str) -> String {
        let example = self.odd.as_ref().map_or("", |(_, text)| text);
        format!(
            "column `{name}` holds dates as `{example}` and is not compared; write YYYY-MM-DD to have them read as dates"
        )
    }

    /// What to say about the text column `name` when half of its values or more look like numbers.
    pub(super) fn about_numbers(&self, name: &str) -> Option<String> {
        let (row, text) = self.odd.as_ref()?;
        let is_code = text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        (2 * self.numbers >= self.seen && !is_code).then(|| {
            format!(
                "column `{name}` looks like numbers but is compared as text: `{text}` in row {row} is not read as a number; \
                 write it like 1234.5, or declare it as a null token in a schema (`driftledger schema`)"
            )
        })
    }
}

/// Digits with signs of thousands, decimals, percent or currency.
fn is_like_a_number(text: &str) -> bool {
    const BESIDE: &str = ",.' \u{a0}\u{202f}%€$£+-";
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits > 0 && text.chars().all(|c| c.is_ascii_digit() || BESIDE.contains(c))
}

/// Day, month and year in any order, as numbers, with or without a time behind.
fn is_like_a_date(text: &str) -> bool {
    if is_like_a_month(text) {
        return true;
    }
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let Some(sign) = day.chars().find(|c| matches!(c, '/' | '.' | '-')) else { return false };
    let parts: Vec<&str> = day.split(sign).collect();
    let is_part = |part: &&str| {
        matches!(part.len(), 1 | 2 | 4) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let [first, month, last] = parts.as_slice() else { return false };
    parts.iter().all(is_part) && month.len() < 4 && (first.len() < 4 || last.len() < 4)
}

/// A month or a quarter of a year: `2024-01`, `2024/1`, `2024Q1`, `2024-Q1`.
fn is_like_a_month(text: &str) -> bool {
    let Some((year, rest)) = text.split_at_checked(4) else { return false };
    let is_year = year.starts_with(['1', '2']) && year.bytes().all(|byte| byte.is_ascii_digit());
    let part = rest.trim_start_matches(['-', '/', ' ']);
    let (digits, last) = match part.strip_prefix('Q') {
        Some(quarter) => (quarter, 4),
        None if part.len() == rest.len() => return false,
        None => (part, 12),
    };
    let part = digits.parse::<u8>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    is_year && digits.len() <= 2 && part.is_some_and(|part| (1..=last).contains(&part))
}

/// Whether `name` is what data frames call the numbers of their rows.
pub(super) fn names_an_index(name: &str) -> bool {
    name.is_empty()
        || name == "index"
        || name.starts_with("Unnamed: ")
        || name.starts_with("__index_level_")
}

/// Whether `name` says that it identifies something: `id`, `row_id`, `PatientID`, `Sample Id`.
pub(super) fn names_an_id(name: &str) -> bool {
    let Some(before) = name.len().checked_sub(2).filter(|at| name.is_char_boundary(*at)) else {
        return false;
    };
    let (before, end) = name.split_at(before);
    match (end, before.chars().last()) {
        (_, None) => end.eq_ignore_ascii_case("id"),
        ("id" | "Id" | "ID", Some(last)) if !last.is_alphanumeric() => true,
        ("Id" | "ID", Some(last)) => last.is_lowercase(),
        _ => name.eq_ignore_ascii_case("rowid"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_by_name_and_dates_by_form() {
        for name in ["id", "ID", "row_id", "PatientID", "PassengerId", "sample id", "rowid"] {
            assert!(names_an_id(name), "{name}");
        }
        for name in ["paid", "grid", "COVID", "i", "", "é", "acid", "id_1"] {
            assert!(!names_an_id(name), "{name}");
        }
        for text in ["1/2/24", "01.02.2024", "2024-01-02 10:00:00", "2024/1/2", "2024-01", "2024Q4"]
        {
            assert!(is_like_a_date(text), "{text}");
        }
        for text in [
            "1.5",
            "1/2",
            "a/b/c",
            "1-2-3-4",
            "2024-01-2024",
            "192.168.100.1",
            "2024-13",
            "202401",
            "2024Q5",
            "",
        ] {
            assert!(!is_like_a_date(text), "{text}");
        }
        assert!(is_like_a_number("1,234.50 €") && !is_like_a_number("12a"));
    }
}
