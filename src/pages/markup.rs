//! Text that is HTML already: everything else a template writes is escaped.

use askama::filters::{Escaper, Html, HtmlSafe};
use std::fmt;

/// Finished HTML or SVG. Its makers escape what came from outside, so templates write it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(String);

impl HtmlSafe for Markup {}

impl fmt::Display for Markup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Markup {
    /// A drawing of ours, composed with [`escape`].
    pub fn drawing(svg: String) -> Self {
        Self(svg)
    }

    /// A sentence as the records word it: what stands between backticks becomes code, and a number keeps its percent sign
    /// on its line.
    pub fn sentence(text: &str) -> Self {
        let text = text.replace(" %", "\u{a0}%");
        let parts: Vec<&str> = text.split('`').collect();
        // A backtick without its partner is a character like any other.
        let pairs = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
        let mut html = String::with_capacity(text.len() + 16);
        for (index, part) in parts.iter().enumerate() {
            match index {
                i if i >= pairs => html.push_str(&format!("`{}", escape(part))),
                i if i % 2 == 1 => html.push_str(&format!("<code>{}</code>", escape(part))),
                _ => html.push_str(&escape(part)),
            }
        }
        Self(html)
    }

    /// Text as somebody wrote it.
    pub fn text(text: &str) -> Self {
        Self(escape(text))
    }

    /// A sentence as errors word it (lower case, no full stop), as a person writes it.
    pub fn message(text: &str) -> Self {
        let mut characters = text.chars();
        let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
        Self::sentence(&format!("{first}{}{stop}", characters.as_str()))
    }

    /// A point in time as records hold it (RFC 3339, UTC), readable and machine-readable.
    pub fn time(at: &str) -> Self {
        let shown = match at.parse::<jiff::Timestamp>() {
            Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            Err(_) => at.to_owned(),
        };
        Self(format!(r#"<time datetime="{}">{}</time>"#, escape(at), escape(&shown)))
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `text` as it stands between tags or in a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // Writing to a string cannot fail.
    let _ = Html.write_escaped_str(&mut escaped, text);
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_escaped_and_their_names_are_code() {
        let html = Markup::sentence("`a<b`: rose & `c`").to_string();
        assert_eq!(html, "<code>a&#60;b</code>: rose &#38; <code>c</code>");
        assert_eq!(Markup::sentence("5` <i>").to_string(), "5` &#60;i&#62;");
        assert_eq!(Markup::sentence("4 % of rows").to_string(), "4\u{a0}% of rows");
        assert_eq!(Markup::sentence("").to_string(), "");
    }

    #[test]
    fn messages_read_as_sentences() {
        assert_eq!(Markup::message("it is late").to_string(), "It is late.");
        assert_eq!(Markup::message("`x` is taken").to_string(), "<code>x</code> is taken.");
        assert_eq!(Markup::message("").to_string(), ".");
    }

    #[test]
    fn times_are_shown_in_utc_to_the_second() {
        let html = Markup::time("2026-11-23T17:48:24.132Z").to_string();
        let expected =
            r#"<time datetime="2026-11-23T17:48:24.132Z">2026-11-23 17:48:24 UTC</time>"#;
        assert_eq!(html, expected);
        assert!(Markup::time("<").to_string().contains("&#60;"));
    }
}
