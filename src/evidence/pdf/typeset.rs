//! Setting a document: the typesetter gets one template, the fonts in the program and the data, and nothing of the machine it runs on.
//! The same data at the same stated time give the same bytes.

use super::document::Sheets;
use super::letters;
use crate::evidence::{Error, Result};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Smart, Value};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp as PdfTime};

/// How documents look.
const TEMPLATE: &str = include_str!("report.typ");
/// What the typesetter is called in the file.
const CREATOR: &str = concat!("driftledger ", env!("CARGO_PKG_VERSION"));

/// Text, then digests, then other writings; `NOTICE` says whose they are.
const FONT_FILES: [&[u8]; 6] = [
    include_bytes!("fonts/LibertinusSerif-Regular.otf"),
    include_bytes!("fonts/LibertinusSerif-Semibold.otf"),
    include_bytes!("fonts/LibertinusSerif-Bold.otf"),
    include_bytes!("fonts/DejaVuSansMono.ttf"),
    include_bytes!("fonts/DejaVuSans.ttf"),
    include_bytes!("fonts/DroidSansFallbackFull.ttf"),
];

static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| {
    FONT_FILES.into_iter().flat_map(|font| Font::iter(Bytes::new(font))).collect()
});
static BOOK: LazyLock<LazyHash<FontBook>> =
    LazyLock::new(|| LazyHash::new(FontBook::from_fonts(fonts())));

/// The fonts in the program.
pub(super) fn fonts() -> &'static [Font] {
    &FONTS
}

/// What the typesetter can see: one source, the fonts, and its inputs.
struct Closed {
    library: LazyHash<Library>,
    source: Source,
}

impl World for Closed {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        self.source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.source.id() { Ok(self.source.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    /// No document asks what day it is: the time is in the data.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The document as PDF/A-3a and PDF/UA-1, printed at that time.
///
/// # Errors
///
/// [`Error::Render`] when it cannot be set; [`Error::Digest`] never in practice.
pub fn pdf(sheets: &Sheets, printed_at: Timestamp) -> Result<Vec<u8>> {
    // Some writings are drawn by shapes that belong to no character; PDF/A refuses those, and then their codes are printed.
    let made = set(sheets, printed_at, letters::is_shown)
        .or_else(|_| set(sheets, printed_at, letters::is_plain));
    // What was computed for this document is of no use to the next one.
    typst::comemo::evict(0);
    made
}

fn set(sheets: &Sheets, printed_at: Timestamp, these: fn(char) -> bool) -> Result<Vec<u8>> {
    let (document, identity) = laid_out(sheets, these)?;
    let standards = PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1])
        .map_err(|error| refused(error.message().to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(identity),
        creator: Smart::Custom(Some(CREATOR.to_owned())),
        timestamp: pdf_time(printed_at),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| told(&errors))
}

/// The pages, and what identifies the document.
fn laid_out(sheets: &Sheets, these: fn(char) -> bool) -> Result<(PagedDocument, String)> {
    let (inputs, identity) = inputs(sheets, these)?;
    let path = VirtualPath::new("report.typ").map_err(|error| refused(error.to_string()))?;
    let id = RootedPath::new(VirtualRoot::Project, path).intern();
    let world = Closed {
        library: LazyHash::new(Library::builder().with_inputs(inputs).build()),
        source: Source::new(id, TEMPLATE.to_owned()),
    };
    let set = typst::compile::<PagedDocument>(&world).output;
    Ok((set.map_err(|errors| told(&errors))?, identity))
}

/// What the template reads, and what identifies the document.
fn inputs(sheets: &Sheets, these: fn(char) -> bool) -> Result<(Dict, String)> {
    let mut said = serde_json::to_value(&sheets.document).map_err(|e| refused(e.to_string()))?;
    let mut coded = BTreeSet::new();
    show(&mut said, these, &mut coded);
    for (_, svg) in &sheets.pictures {
        coded.extend(letters::coded(svg, these));
    }
    let notices = said.get_mut("notices").and_then(Json::as_array_mut);
    if let (Some(notices), Some(told)) = (notices, letters::told(&coded)) {
        notices.push(Json::String(told));
    }
    let said = crate::digest::canonical_json(&said)?;
    let identity = format!("driftledger document {}", crate::digest::sha256_hex(&said));
    let bytes = |bytes: Vec<u8>| Value::Bytes(Bytes::new(bytes));
    let mut images = Dict::new();
    for (key, svg) in &sheets.pictures {
        images.insert(key.as_str().into(), bytes(letters::shown(svg, these).as_bytes().to_vec()));
    }
    let mut files = Dict::new();
    for (name, content) in &sheets.files {
        files.insert(name.as_str().into(), bytes(content.clone()));
    }
    let mut inputs = Dict::new();
    inputs.insert("document".into(), bytes(said));
    inputs.insert("images".into(), Value::Dict(images));
    inputs.insert("files".into(), Value::Dict(files));
    Ok((inputs, identity))
}

/// Every text as it is printed; adds to `coded` what is printed as its code.
fn show(value: &mut Json, these: fn(char) -> bool, coded: &mut BTreeSet<char>) {
    match value {
        Json::String(text) => {
            coded.extend(letters::coded(text, these));
            if let std::borrow::Cow::Owned(shown) = letters::shown(text, these) {
                *text = shown;
            }
        }
        Json::Array(values) => values.iter_mut().for_each(|one| show(one, these, coded)),
        Json::Object(fields) => fields.values_mut().for_each(|one| show(one, these, coded)),
        _ => {}
    }
}

fn pdf_time(at: Timestamp) -> Option<PdfTime> {
    let at = jiff::tz::Offset::UTC.to_datetime(at);
    let small = |number: i8| u8::try_from(number).ok();
    let time = Datetime::from_ymd_hms(
        i32::from(at.year()),
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    )?;
    Some(PdfTime::new_utc(time))
}

fn told(errors: &[SourceDiagnostic]) -> Error {
    let first = errors.first();
    refused(first.map_or_else(String::new, |error| {
        let hints: Vec<&str> = error.hints.iter().map(|hint| hint.v.as_str()).collect();
        format!("{} {}", error.message, hints.join("; ")).trim().to_owned()
    }))
}

fn refused(detail: String) -> Error {
    Error::Render { detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::pdf::document::{
        Block, Cell, ColumnKind, Document, Fact, SignatureBlock, Table, Tone,
    };
    use typst::layout::{Frame, FrameItem};

    /// Every character that means something to the typesetter, an unmatched bracket first.
    const HOSTILE: &str =
        "] } ) #panic(\"x\") *bold* _it_ \\ \\u{41} $a$ `raw` <label> @ref // no /* no -- ~ = #";

    fn at() -> Timestamp {
        "2026-11-27T10:30:00Z".parse().unwrap()
    }

    fn sheets(text: &str) -> Sheets {
        let columns = [("a", ColumnKind::Text, 1), ("b", ColumnKind::Digest, 1)];
        let mut table = Table::new(text, "", &columns);
        table.rows.push(vec![Cell::new(text), Cell::toned(text, Tone::Drift)]);
        let empty = Table::new("nothing", "There is none.", &columns);
        let document = Document {
            kind: "Test".to_owned(),
            title: text.to_owned(),
            subtitle: text.to_owned(),
            language: "en",
            running_head: text.to_owned(),
            printed_by: text.to_owned(),
            printed: text.to_owned(),
            cover: vec![Fact::new(text, text), Fact::digest(text, text)],
            draft: true,
            draft_words: text.to_owned(),
            statement: text.to_owned(),
            notices: vec![text.to_owned()],
            blocks: vec![
                Block::heading(1, text),
                Block::heading(2, text),
                Block::text(text),
                Block::note(text),
                Block::Facts { rows: vec![Fact::new(text, text)] },
                Block::List { items: vec![text.to_owned()] },
                Block::Table(table),
                Block::Table(empty),
                Block::Signature(SignatureBlock {
                    record: text.to_owned(),
                    signed: false,
                    facts: vec![Fact::new(text, text)],
                    remark: text.to_owned(),
                }),
            ],
            ..Document::default()
        };
        Sheets { document, ..Sheets::default() }
    }

    fn read(frame: &Frame, said: &mut String) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Group(group) => read(&group.frame, said),
                FrameItem::Text(text) => said.push_str(&text.text),
                _ => {}
            }
        }
    }

    /// What stands on the pages, without the spaces that lines and words are set with.
    fn text_of(sheets: &Sheets) -> String {
        let mut said = String::new();
        for page in laid_out(sheets, letters::is_shown).unwrap().0.pages() {
            read(&page.frame, &mut said);
        }
        said.retain(|character| !character.is_whitespace());
        said
    }

    #[test]
    fn no_character_of_a_record_means_anything_to_the_typesetter() {
        let said = text_of(&sheets(HOSTILE));
        let plain: String = HOSTILE.chars().filter(|c| !c.is_whitespace()).collect();
        // Title and subtitle, filters by name and value, notices, contents, headings, text, table, signature, head and foot of each page.
        assert!(said.matches(&plain).count() > 20, "{said}");
        assert!(pdf(&sheets(HOSTILE), at()).unwrap().starts_with(b"%PDF-1.7"));
    }

    #[test]
    fn the_same_data_at_the_same_time_are_the_same_bytes() {
        let (once, again) = (pdf(&sheets("a"), at()).unwrap(), pdf(&sheets("a"), at()).unwrap());
        assert!(once == again);
        let later = "2026-11-27T10:30:01Z".parse().unwrap();
        assert!(once != pdf(&sheets("a"), later).unwrap());
    }

    #[test]
    fn any_writing_and_any_length_is_set() {
        let long = "n".repeat(500);
        for text in [
            "שלום עולם",
            "مرحبا بالعالم 123",
            "名前 \u{1F600} \u{202E}x",
            "Ελλάδα Привет",
            long.as_str(),
            "a\nb",
        ] {
            let made = pdf(&sheets(text), at());
            assert!(made.is_ok(), "{text}: {made:?}");
        }
        let said = text_of(&sheets("名 한"));
        assert!(said.contains("名[U+D55C]") && !said.contains('한'), "{said}");
        assert!(said.contains("1characterisprintedascodes"), "{said}");
        assert!(said.contains("U+D55C(Hangul).Thedatahavethemastheyare."), "{said}");
        assert!(!text_of(&sheets("名")).contains("printedascodes"));
    }

    #[test]
    fn what_a_document_says_is_laid_out_in_this_order() {
        let mut short = sheets("x");
        short.document.title = "Title".to_owned();
        short.document.blocks = vec![
            Block::heading(1, "Found"),
            Block::Table(Table::new("nothing", "There is none.", &[])),
            Block::Signature(SignatureBlock {
                record: "Decision 1".to_owned(),
                signed: false,
                facts: vec![Fact::new("Signed by", "nobody")],
                remark: "Open.".to_owned(),
            }),
        ];
        let said = text_of(&short);
        let expected = [
            "TEST",
            "Title",
            "Page1of3",
            "Contents",
            "Found",
            "Page2of3",
            "Found",
            "Thereisnone.",
            "Decision1",
            "UNSIGNED",
            "Signedby",
            "nobody",
            "Open.",
            "Page3of3",
        ];
        let mut rest = said.as_str();
        for part in expected {
            let found = rest.find(part);
            let at = found.unwrap_or_else(|| panic!("`{part}` is missing in `{rest}` of {said}"));
            rest = &rest[at + part.len()..];
        }
    }
}
