//! How numbers, words of records and verdicts are written on pages.

use crate::drift::assess::{MonitorLevel, Verdict};

/// A whole number with its thousands apart: `9 172` (no-break space).
pub fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// A number with three significant digits: `0.0317`, `12.4`, `3.1 × 10⁶`.
pub fn figures(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() || !(1e-4..1e6).contains(&size) {
        return power_of_ten(value);
    }
    let decimals = match size {
        s if s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        s if s >= 1.0 => 2,
        s if s >= 0.1 => 3,
        s if s >= 0.01 => 4,
        s if s >= 0.001 => 5,
        _ => 6,
    };
    format!("{value:.decimals$}").replace('-', "−")
}

fn power_of_ten(value: f64) -> String {
    let text = format!("{value:.1e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let raised: String = exponent
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            digit => "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit as usize - '0' as usize).unwrap_or(digit),
        })
        .collect();
    format!("{} × 10{raised}", mantissa.replace('-', "−"))
}

/// A time given in hours, in the unit in which it can be read: seconds below a minute, minutes below an hour.
pub fn hours(value: f64) -> String {
    let (shown, unit) = match value.abs() {
        size if size >= 1.0 || size == 0.0 => (value, "h"),
        size if size * 60.0 >= 1.0 => (value * 60.0, "min"),
        _ => (value * 3600.0, "s"),
    };
    format!("{}\u{a0}{unit}", figures(shown))
}

/// A p-value: `0.034`, `< 0.001`.
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// A share of the alarm limit: `38 %`, `812 %`.
pub fn meter(value: f64) -> String {
    format!("{:.0}\u{a0}%", 100.0 * value)
}

/// The word of a record as a person reads it: `not_evaluated` → `not evaluated`.
pub fn words(word: &str) -> String {
    word.replace('_', " ")
}

/// The sign that stands for a verdict beside its colour.
pub fn verdict_sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Stable => "✓",
        Verdict::NotEvaluated => "–",
        Verdict::Undetermined => "?",
        Verdict::Drift => "!",
    }
}

/// What a verdict means, in one sentence.
pub fn verdict_meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Stable => "Every feature is shown to be within tolerance",
        Verdict::NotEvaluated => {
            "Nothing is beyond tolerance, but not every feature could be judged: each says why"
        }
        Verdict::Undetermined => {
            "Nothing is shown to be beyond tolerance, but not every feature is shown to be within it"
        }
        Verdict::Drift => "The worst feature is beyond tolerance",
    }
}

/// What a monitor state means, in one sentence.
pub fn level_meaning(level: MonitorLevel) -> &'static str {
    match level {
        MonitorLevel::Quiet => "the evidence over time is far from the alarm limit",
        MonitorLevel::Watch => {
            "the evidence over time has passed the watch limit, not the alarm limit"
        }
        MonitorLevel::Alarm => "the evidence over time has reached the alarm limit",
    }
}

/// A count with its noun: `1 batch`, `3 batches`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{}\u{a0}{}", whole(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(whole(0), "0");
        assert_eq!(whole(999), "999");
        assert_eq!(whole(1_000), "1\u{a0}000");
        assert_eq!(whole(12_345_678), "12\u{a0}345\u{a0}678");
    }

    #[test]
    fn times_stand_in_the_unit_that_can_be_read() {
        assert_eq!(hours(26.0), "26.0\u{a0}h");
        assert_eq!(hours(1.0), "1.00\u{a0}h");
        assert_eq!(hours(0.5), "30.0\u{a0}min");
        assert_eq!(hours(0.000_715), "2.57\u{a0}s");
        assert_eq!(hours(0.0), "0\u{a0}h");
    }

    #[test]
    fn three_digits_say_enough() {
        assert_eq!(figures(0.0), "0");
        assert_eq!(figures(0.031_72), "0.0317");
        assert_eq!(figures(-12.44), "−12.4");
        assert_eq!(figures(3_100_000.0), "3.1 × 10⁶");
        assert_eq!(figures(1.25e-7), "1.2 × 10⁻⁷");
        assert_eq!(figures(f64::INFINITY), "inf");
    }

    #[test]
    fn p_values_are_never_zero() {
        assert_eq!(p_value(0.0), "< 0.001");
        assert_eq!(p_value(0.034_4), "0.034");
    }
}
