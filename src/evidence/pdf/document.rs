//! What a document on paper consists of, before anybody knows how it looks: a cover, then blocks one after the other. Serialised, it is
//! the data that `report.typ` reads.

use serde::Serialize;

/// One document.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Document {
    /// What kind of document it is: the line above its title and in the head of each page.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// A line below it; may be empty.
    pub subtitle: String,
    /// Language tag of its text.
    pub language: &'static str,
    /// Name of the ledger, in the head of each page.
    pub running_head: String,
    /// Who printed it.
    pub printed_by: String,
    /// Who printed it and when, in the foot of each page.
    pub printed: String,
    /// What stands on the cover.
    pub cover: Vec<Fact>,
    /// Whether something in it waits for a signature.
    pub draft: bool,
    /// What waits.
    pub draft_words: String,
    /// Key of the picture on the cover; empty without one.
    pub code: String,
    /// What that picture shows, for those who do not see it.
    pub code_alt: String,
    /// What that picture is for.
    pub code_words: String,
    /// What the document is, and is not.
    pub statement: String,
    /// What a reader has to know besides.
    pub notices: Vec<String>,
    /// What it says.
    pub blocks: Vec<Block>,
    /// Files that are attached.
    pub attachments: Vec<Attachment>,
    /// The list of these.
    pub attached: Table,
}

/// A name and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// What it holds.
    pub value: String,
    /// Whether it is a digest, a key or an id.
    pub mono: bool,
}

impl Fact {
    /// A fact in words.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), mono: false }
    }

    /// A digest, a key or an id.
    pub fn digest(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { mono: true, ..Self::new(name, value) }
    }
}

/// One piece of a document.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    /// A heading; level 1 and 2 stand in the contents.
    Heading {
        /// 1 to 3.
        level: u8,
        /// Its text.
        text: String,
    },
    /// A paragraph.
    Text {
        /// Its text.
        text: String,
        /// How it is told.
        tone: Tone,
    },
    /// A remark that stands out.
    Note {
        /// Its text.
        text: String,
        /// Whether it is one to act on.
        strong: bool,
    },
    /// Names with what they hold.
    Facts {
        /// The lines.
        rows: Vec<Fact>,
    },
    /// A list.
    List {
        /// Its items.
        items: Vec<String>,
    },
    /// A table.
    Table(Table),
    /// A signature, or the place where one is missing.
    Signature(SignatureBlock),
    /// A drawing.
    Image {
        /// Key of its SVG in [`Sheets::pictures`].
        key: String,
        /// What it shows, for those who do not see it.
        alt: String,
        /// Share of the page's width, in per cent.
        width: u8,
    },
}

impl Block {
    /// A heading.
    pub fn heading(level: u8, text: impl Into<String>) -> Self {
        Self::Heading { level, text: text.into() }
    }

    /// A plain paragraph.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), tone: Tone::Plain }
    }

    /// A paragraph that steps back.
    pub fn soft(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), tone: Tone::Soft }
    }

    /// A remark.
    pub fn note(text: impl Into<String>) -> Self {
        Self::Note { text: text.into(), strong: false }
    }
}

/// How a text is told: plainly, or coloured by what it says. The words say the same without the colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// Stepping back.
    Soft,
    /// Standing out.
    Strong,
    /// As something within its tolerance, or passed.
    Stable,
    /// As something beyond it, or failed.
    Drift,
    /// As something that is open.
    Undetermined,
    /// As something that was not looked at.
    NotEvaluated,
}

impl Tone {
    /// The tone of a verdict's word.
    pub fn of_verdict(word: &str) -> Self {
        match word {
            "stable" => Self::Stable,
            "drift" => Self::Drift,
            "undetermined" => Self::Undetermined,
            _ => Self::NotEvaluated,
        }
    }
}

/// A table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// What is said instead when it has no rows.
    pub empty: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows yet; each column is its title, its kind and its share of the width (0: as much as it needs).
    pub fn new(caption: &str, empty: &str, columns: &[(&'static str, ColumnKind, u8)]) -> Self {
        let column =
            |&(title, kind, share): &(&'static str, ColumnKind, u8)| Column { title, kind, share };
        Self {
            caption: caption.to_owned(),
            empty: empty.to_owned(),
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of plain cells.
    pub fn plain<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Cell::new).collect());
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Words.
    Text,
    /// Numbers, aligned on the right.
    Number,
    /// Digests, keys and ids.
    Digest,
}

/// One column.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Its share of the width that is left; 0: as much as it needs.
    pub share: u8,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// How it is told.
    pub tone: Tone,
}

impl Cell {
    /// A plain cell.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    /// A cell told in that tone.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

/// A signature, or the place where one is missing.
#[derive(Clone, Debug, Serialize)]
pub struct SignatureBlock {
    /// What is signed.
    pub record: String,
    /// Whether it is.
    pub signed: bool,
    /// Who, with what meaning, when, how, over which bytes; of one that is missing, what is not signed.
    pub facts: Vec<Fact>,
    /// A remark; may be empty.
    pub remark: String,
}

/// A file that is attached (PDF/A-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub mime: &'static str,
    /// What it is.
    pub description: String,
    /// What it is to the document.
    pub relationship: Relationship,
}

/// What an attached file is to the document (`AFRelationship`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    /// What the document was made from.
    Source,
    /// What it shows.
    Data,
    /// What belongs to it.
    Supplement,
}

/// A document with its pictures and files.
#[derive(Clone, Debug, Default)]
pub struct Sheets {
    /// What it says.
    pub document: Document,
    /// Its drawings (SVG), by key.
    pub pictures: Vec<(String, String)>,
    /// The bytes of its attachments, by name.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Sheets {
    /// Keeps a drawing and gives its key.
    pub fn picture(&mut self, svg: String) -> String {
        let key = format!("picture-{}", self.pictures.len() + 1);
        self.pictures.push((key.clone(), svg));
        key
    }

    /// Attaches a file.
    pub fn attach(&mut self, attachment: Attachment, bytes: Vec<u8>) {
        self.files.push((attachment.name.clone(), bytes));
        self.document.attachments.push(attachment);
    }

    /// Adds a block.
    pub fn push(&mut self, block: Block) {
        self.document.blocks.push(block);
    }
}
