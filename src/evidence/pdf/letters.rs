//! Which characters the fonts in the program can show, and what stands on paper for all others.
//!
//! A character without a shape would be an empty box, which PDF/A forbids and no reader can tell from another. It is printed as its code
//! instead, for example `[U+D55C]`; so are characters that nobody sees or that turn the writing round. The attached data have them as
//! they are. The document says which characters these were.

use super::typeset::fonts;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// Most characters that are listed by their codes.
const LISTED_MAX: usize = 40;

/// Writings whose letters the fonts in the program lack, by their code points (the Unicode Standard, chapter "Blocks").
static WRITINGS: [(RangeInclusive<u32>, &str); 23] = [
    (0x0900..=0x097F, "Devanagari"),
    (0x0980..=0x09FF, "Bengali"),
    (0x0A00..=0x0A7F, "Gurmukhi"),
    (0x0A80..=0x0AFF, "Gujarati"),
    (0x0B00..=0x0B7F, "Oriya"),
    (0x0B80..=0x0BFF, "Tamil"),
    (0x0C00..=0x0C7F, "Telugu"),
    (0x0C80..=0x0CFF, "Kannada"),
    (0x0D00..=0x0D7F, "Malayalam"),
    (0x0D80..=0x0DFF, "Sinhala"),
    (0x0E00..=0x0E7F, "Thai"),
    (0x0E80..=0x0EFF, "Lao"),
    (0x0F00..=0x0FFF, "Tibetan"),
    (0x1000..=0x109F, "Burmese"),
    (0x10A0..=0x10FF, "Georgian"),
    (0x1100..=0x11FF, "Hangul"),
    (0x1200..=0x139F, "Ethiopic"),
    (0x1780..=0x17FF, "Khmer"),
    (0x1800..=0x18AF, "Mongolian"),
    (0x3130..=0x318F, "Hangul"),
    (0xA960..=0xA97F, "Hangul"),
    (0xAC00..=0xD7FF, "Hangul"),
    (0x1F000..=0x1FAFF, "picture"),
];

/// Code points that some font in the program has a shape for.
static SHOWN: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let mut shown = Vec::new();
    for point in fonts().iter().flat_map(|font| font.info().coverage.iter()) {
        let point = point as usize;
        if shown.len() <= point {
            shown.resize(point + 1, false);
        }
        shown[point] = true;
    }
    shown
});

/// Whether a character is printed as it is.
pub fn is_shown(character: char) -> bool {
    let unseen = matches!(u32::from(character),
        0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xE000..=0xF8FF
        | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF0..=0xFFFB | 0xFFFE..);
    match character {
        '\n' | ' '..='~' => true,
        other if other.is_control() || unseen => false,
        other => SHOWN.get(other as usize).copied().unwrap_or_default(),
    }
}

/// Whether a character is of a writing that is set letter by letter: Latin, Greek, Cyrillic, and the signs of mathematics.
pub fn is_plain(character: char) -> bool {
    let plain = matches!(u32::from(character), 0..=0x02FF | 0x0370..=0x0482 | 0x048A..=0x058F | 0x1E00..=0x1FFF | 0x2010..=0x22FF);
    plain && is_shown(character)
}

/// `text` as it is printed: a tab is a space, and every character that is not one of `these` is its code.
pub fn shown(text: &str, these: fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(these) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => written.push(' '),
            '\r' => {}
            other if these(other) => written.push(other),
            other => written.push_str(&format!("[U+{:04X}]", u32::from(other))),
        }
    }
    Cow::Owned(written)
}

/// The characters of `text` that are not one of `these`, and so printed as their codes.
pub fn coded(text: &str, these: fn(char) -> bool) -> impl Iterator<Item = char> {
    text.chars().filter(move |found| !['\t', '\r'].contains(found) && !these(*found))
}

/// What a document says about the characters that are printed as their codes in it; nothing where there are none.
pub fn told(coded: &BTreeSet<char>) -> Option<String> {
    let name = |character: &char| {
        let point = u32::from(*character);
        let writing = WRITINGS.iter().find(|(points, _)| points.contains(&point));
        let writing = writing.map_or_else(String::new, |(_, name)| format!(" ({name})"));
        format!("U+{point:04X}{writing}")
    };
    let named: Vec<String> = coded.iter().take(LISTED_MAX).map(name).collect();
    let more = match coded.len().saturating_sub(LISTED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = if coded.len() == 1 { "character is" } else { "characters are" };
    (!coded.is_empty()).then(|| {
        format!(
            "{} {what} printed as codes in brackets, because no font in the program shows them so that a reader can tell them apart: {}{more}. \
             The data have them as they are.",
            coded.len(),
            named.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_which_characters_it_could_not_show() {
        let of = |text: &str| told(&coded(text, is_shown).collect());
        assert_eq!(of("Ångström\t漢字\r\n"), None);
        let said = of("한국 हिन्दी 한").unwrap();
        assert!(said.starts_with("8 characters are printed as codes"), "{said}");
        for part in ["U+D55C (Hangul)", "U+AD6D (Hangul)", "U+0939 (Devanagari)", "as they are."] {
            assert!(said.contains(part), "{said}");
        }
        let all: String = ('각'..='갛').chain('걀'..='걸').take(LISTED_MAX + 5).collect();
        let expected = all.chars().count() - LISTED_MAX;
        assert!(of(&all).unwrap().contains(&format!(" and {expected} more. ")));
    }

    fn shown(text: &str) -> Cow<'_, str> {
        super::shown(text, is_shown)
    }

    #[test]
    fn what_has_a_shape_stays_and_the_rest_is_its_code() {
        for kept in ["Ångström → 37 °C", "Ελλάδα Привет שלום", "مرحبا", "a\nb", "≤ ± µ χ²", ""]
        {
            assert_eq!(shown(kept), kept);
        }
        assert_eq!(shown("漢字 かな"), "漢字 かな");
        assert_eq!(shown("한a\u{1F600}"), "[U+D55C]a[U+1F600]");
        assert_eq!(super::shown("Öל", is_plain), "Ö[U+05DC]");
        assert_eq!(
            shown("pay\u{202E}txt\u{200B}\u{0}\t\r\nx"),
            "pay[U+202E]txt[U+200B][U+0000] \nx"
        );
        assert_eq!(shown("\u{E000}\u{FEFF}\u{FFFE}"), "[U+E000][U+FEFF][U+FFFE]");
    }
}
