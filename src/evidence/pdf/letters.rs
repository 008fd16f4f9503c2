//! Which characters the fonts in the program can show, and what stands on paper for all others.
//!
//! A character without a shape would be an empty box, which PDF/A forbids and no reader can tell from another. It is printed as its code
//! instead, for example `[U+D55C]`; so are characters that nobody sees or that turn the writing round. The attached data have them as
//! they are.

use super::typeset::fonts;
use std::borrow::Cow;
use std::sync::LazyLock;

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

#[cfg(test)]
mod tests {
    use super::*;

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
