//! `/help`: what the words, the verdicts and the numbers mean, and what the guarantee says.
//!
//! The glossary and the statistics are the project's own documents, built in, so that page and document never say different things.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::{Answer, PageError};
use super::visitor::Visitor;
use crate::error::Error;
use actix_web::{get, web};
use askama::Template;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A built-in document.
struct Document {
    /// Its place in the address.
    name: &'static str,
    title: &'static str,
    text: &'static str,
    /// Columns of its tables that are shown: the others tell where a word stands in the code.
    columns_max: usize,
}

const DOCUMENTS: [Document; 2] = [
    Document {
        name: "glossary",
        title: "Glossary",
        text: include_str!("../../docs/GLOSSARY.md"),
        columns_max: 2,
    },
    Document {
        name: "statistics",
        title: "Statistics",
        text: include_str!("../../docs/STATISTICS.md"),
        columns_max: usize::MAX,
    },
];

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "help_document.html")]
struct DocumentPage {
    frame: Frame,
    contents: Vec<(String, String)>,
    text: Markup,
}

/// Where to find what.
#[get("/help")]
pub(super) async fn show(visitor: Visitor) -> Answer {
    visitor.page(|visitor| Ok(HelpPage { frame: visitor.frame("Help", Place::Elsewhere) })).await
}

/// A document.
#[get("/help/{document}")]
pub(super) async fn show_document(visitor: Visitor, path: web::Path<String>) -> Answer {
    let name = path.into_inner();
    let Some(document) = DOCUMENTS.into_iter().find(|document| document.name == name) else {
        return Err(PageError::from(Error::NotFound { what: "document", id: name }));
    };
    visitor
        .page(move |visitor| {
            let (contents, text) = rendered(document.text, document.columns_max);
            let frame = visitor.frame(document.title, Place::Elsewhere);
            Ok(DocumentPage { frame, contents, text })
        })
        .await
}

/// The sections of second level (address, title), and the whole text as HTML. Links to other files keep their words only, for they
/// lead nowhere here; tables keep their first columns.
fn rendered(markdown: &str, columns_max: usize) -> (Vec<(String, String)>, Markup) {
    let narrow: String = markdown.lines().map(|line| narrowed(line, columns_max) + "\n").collect();
    let mut contents = Vec::new();
    let mut events = Vec::new();
    let mut heading: Option<(HeadingLevel, usize, String)> = None;
    let mut links = Vec::new();
    for event in Parser::new_ext(&narrow, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                let leads = dest_url.starts_with("http") || dest_url.starts_with('#');
                links.push(leads);
                if leads {
                    events.push(event);
                }
            }
            Event::End(TagEnd::Link) => {
                if links.pop() == Some(true) {
                    events.push(event);
                }
            }
            Event::Start(Tag::Heading { level, .. }) => {
                heading = Some((level, events.len(), String::new()));
                events.push(event);
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, place, title)) = heading.take() {
                    let id = anchor(&title);
                    if let Event::Start(Tag::Heading { id: given, .. }) = &mut events[place] {
                        *given = Some(id.clone().into());
                    }
                    if level == HeadingLevel::H2 {
                        contents.push((id, title));
                    }
                }
                events.push(event);
            }
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            event => {
                if let (Some((_, _, title)), Event::Text(text) | Event::Code(text)) =
                    (&mut heading, &event)
                {
                    title.push_str(text);
                }
                events.push(event);
            }
        }
    }
    let mut text = String::new();
    html::push_html(&mut text, events.into_iter());
    // A wide table scrolls by itself, and by keyboard.
    let text = text
        .replace(
            "<table>",
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table\"><table>",
        )
        .replace("</table>", "</table></div>");
    (contents, Markup::drawing(text))
}

/// A line of a table with its first columns only; any other line as it is.
fn narrowed(line: &str, columns_max: usize) -> String {
    if !line.starts_with('|') {
        return line.to_owned();
    }
    let cells = line.trim_matches('|').split('|');
    format!("|{}|", cells.take(columns_max).collect::<Vec<_>>().join("|"))
}

/// The address of a section: its title in lower case, words joined by hyphens.
fn anchor(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_sections_without_links_to_files_or_html_of_its_own() {
        let text = "# T\n\n## 1. One `x`\n\n[a](b.md) [c](https://example.org) <script>x</script>\n\n| W | M | Where |\n|---|---|---|\n| a | b | c |\n";
        let (contents, html) = rendered(text, 2);
        assert_eq!(contents, [("1-one-x".to_owned(), "1. One x".to_owned())]);
        let html = html.to_string();
        assert!(
            html.contains("<h2 id=\"1-one-x\">") && html.contains("href=\"https://example.org\"")
        );
        assert!(
            !html.contains("b.md") && !html.contains("<script>") && !html.contains("Where"),
            "{html}"
        );
        assert!(html.contains("<td>b</td>"), "{html}");
    }

    #[test]
    fn the_built_in_documents_have_sections_and_no_inline_style() {
        for document in DOCUMENTS {
            let (contents, html) = rendered(document.text, document.columns_max);
            assert!(contents.len() > 3, "{}", document.name);
            let html = html.to_string();
            assert!(!html.contains("style=") && html.contains("<table>"), "{}", document.name);
        }
    }
}
