//! Files into chunks: Parquet, Arrow, CSV, NDJSON and JSON, streamed in row order, typed by a declaration.

use super::dialect::{self, refuse_foreign, refuse_other_text};
use super::error::{Error, Result};
use super::files::{FoundFile, find_table_files, is_pattern};
use super::parts::{Part, refuse_other_columns, union};
use super::schema::CsvContract;
use super::uneven::refuse_uneven;
use polars::error::{PolarsError, PolarsResult};
use polars::prelude::{
    DataFrame, Engine, IntoLazy, IpcStreamReader, JsonReader, LazyCsvReader, LazyFileListReader,
    LazyFrame, LazyJsonLineReader, PlRefPath, PlanCallback, ScanArgsParquet, SerReader,
    UnifiedScanArgs, col, len,
};
use std::cell::Cell;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::mpsc::sync_channel;

/// Rows of one chunk: also the block of the table digest and of the moments.
pub const CHUNK_ROWS: usize = 65_536;

/// A table's file format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values, under a [`CsvContract`].
    Csv,
    /// Arrow IPC, file format (Feather version 2).
    Arrow,
    /// Arrow IPC, stream format.
    ArrowStream,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects.
    Json,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] =
        [Self::Parquet, Self::Csv, Self::Arrow, Self::ArrowStream, Self::Ndjson, Self::Json];

    /// The word used in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Csv => "CSV",
            Self::Arrow => "Arrow file",
            Self::ArrowStream => "Arrow stream",
            Self::Ndjson => "NDJSON",
            Self::Json => "JSON",
        }
    }

    /// The format of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The format a media type names, for request bodies.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match essence.as_str() {
            "application/vnd.apache.parquet" | "application/parquet" | "application/x-parquet" => {
                Self::Parquet
            }
            "text/csv" | "application/csv" => Self::Csv,
            "application/vnd.apache.arrow.file" | "application/x-feather" => Self::Arrow,
            "application/vnd.apache.arrow.stream" => Self::ArrowStream,
            "application/x-ndjson" | "application/jsonl" | "application/jsonlines" => Self::Ndjson,
            "application/json" => Self::Json,
            _ => return None,
        })
    }

    /// The media type of this format.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Csv => "text/csv",
            Self::Arrow => "application/vnd.apache.arrow.file",
            Self::ArrowStream => "application/vnd.apache.arrow.stream",
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
        }
    }

    /// The format that the name of a file says, `None` for one that says nothing.
    pub fn of_extension(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "parquet" | "pq" => Self::Parquet,
            "csv" | "tsv" | "tab" => Self::Csv,
            "arrow" | "feather" | "ipc" => Self::Arrow,
            "arrows" => Self::ArrowStream,
            "ndjson" | "jsonl" => Self::Ndjson,
            "json" => Self::Json,
            _ => return None,
        })
    }
}

/// The part of a table that a pass needs; by default all of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted<'a> {
    /// Columns, not none.
    pub(super) columns: Option<&'a [&'a str]>,
    /// Rows from the first on, at most.
    pub(super) rows_max: Option<u32>,
}

thread_local! {
    /// Whether this thread decodes bytes that somebody sent.
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `decode` on bytes that somebody sent: a decoder that panics on them refuses them, like one that says so.
fn guarded<T>(decode: impl FnOnce() -> PolarsResult<T>) -> PolarsResult<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        let hook = move |info: &std::panic::PanicHookInfo<'_>| {
            if !DECODING.get() {
                before(info);
            }
        };
        std::panic::set_hook(Box::new(hook));
    });
    let before = DECODING.replace(true);
    let decoded = std::panic::catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(before);
    decoded.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        // Types that polars was built without.
        match said.and_then(|said| said.strip_prefix("Arrow datatype ")?.split_once(" not ")) {
            Some((name, _)) => Err(PolarsError::ComputeError(
                format!("a column has the type {name}, which is not read; save it as another type, or leave it out").into(),
            )),
            None => Err(stopped()),
        }
    })
}

fn stopped() -> PolarsError {
    PolarsError::ComputeError("the decoder stopped on these bytes; the file is damaged".into())
}

/// A table in a file, or in many files of one format, whose format is known.
#[derive(Clone, Debug)]
pub struct TableFile {
    path: PathBuf,
    format: Format,
    /// The files of a folder or pattern, by name; empty for a table in one file.
    parts: Vec<Part>,
    /// How its CSV text was found to be written, where nobody declared it: goes before what a declaration made for another file says.
    found: Option<CsvContract>,
}

impl TableFile {
    /// The table at `path`; the format by `format`, else by the file's first bytes, else by its name.
    ///
    /// A folder, or a pattern such as `data/*.parquet`, is one table: its files in the order of their names, with a column for
    /// each `key=value` folder.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] when it cannot be read, [`Error::UnknownFormat`] when nothing tells the format; for many files those of
    /// [`find_table_files`], and [`Error::PartsDiffer`] when their formats, columns or folders do not agree.
    pub fn open(path: &Path, format: Option<Format>) -> Result<Self> {
        if path.is_dir() || is_pattern(path) {
            return Self::of_files(path, find_table_files(path)?, format);
        }
        Self::open_one(path, format)
    }

    /// One table of the rows of all `files`, in their order; `path` names it in messages.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::open`].
    pub fn of_files(path: &Path, files: Vec<FoundFile>, format: Option<Format>) -> Result<Self> {
        let mut parts = Vec::with_capacity(files.len());
        for found in files {
            let format = Self::open_one(&found.path, format)?.format;
            parts.push(Part::new(found, format));
        }
        let format = Part::one_format(&parts)?;
        Ok(Self { path: path.to_path_buf(), format, parts, found: None })
    }

    fn open_one(path: &Path, format: Option<Format>) -> Result<Self> {
        let shown = path.display().to_string();
        let open = |source| Error::Open { path: shown.clone(), source };
        let mut first = Vec::new();
        File::open(path)
            .and_then(|file| file.take(1 << 16).read_to_end(&mut first))
            .map_err(open)?;
        refuse_foreign(path, &first)?;
        let by_magic = match first.as_slice() {
            [b'P', b'A', b'R', b'1', ..] => Some(Format::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Some(Format::Arrow),
            [0xff, 0xff, 0xff, 0xff, ..] => Some(Format::ArrowStream),
            _ => None,
        };
        let format = by_magic
            .or(format)
            .or_else(|| Format::of_extension(path))
            .ok_or(Error::UnknownFormat { path: shown.clone() })?;
        if format == Format::Csv {
            refuse_other_text(path, &first)?;
        }
        Ok(Self { path: path.to_path_buf(), format, parts: Vec::new(), found: None })
    }

    /// The files the table is in, when they are those of a folder or pattern.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the text of column `name` stands for values of another type: in text formats and in folder names.
    pub fn is_text(&self, name: &str) -> bool {
        matches!(self.format, Format::Csv | Format::Ndjson | Format::Json)
            || self.parts.iter().any(|part| part.states(name))
    }

    /// The same table, read as its text was found to be written, whatever a declaration says.
    #[must_use]
    pub fn written_as(mut self, found: CsvContract) -> Self {
        self.found = Some(found);
        self
    }

    /// How its CSV text is read where the declaration says `declared`.
    pub(super) fn contract<'a>(&'a self, declared: &'a CsvContract) -> &'a CsvContract {
        self.found.as_ref().unwrap_or(declared)
    }

    /// Its file, or the first one of many.
    pub(super) fn first_path(&self) -> &Path {
        self.parts.first().map_or(&self.path, |part| &part.path)
    }

    /// Where the file, the folder or the files of the pattern are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format it is read as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether its columns can be read one by one without reading the others.
    pub fn is_columnar(&self) -> bool {
        matches!(self.format, Format::Parquet | Format::Arrow)
    }

    /// Bytes of its files; 0 where they cannot be told.
    pub fn bytes(&self) -> u64 {
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        if self.parts.is_empty() {
            return length(&self.path);
        }
        self.parts.iter().map(|part| length(&part.path)).sum()
    }

    /// Rows of the table, where the format tells without reading them.
    ///
    /// # Errors
    ///
    /// [`Error::NotATable`].
    pub fn rows(&self) -> Result<Option<u64>> {
        if !self.is_columnar() {
            return Ok(None);
        }
        let files = self.parts.iter().map(|part| self.of_part(part));
        let mut rows = 0;
        // File by file: polars adds the lengths of a union in a type that it cannot sum.
        for file in files.chain(self.parts.is_empty().then(|| self.clone())) {
            let count = || {
                let scan = file.scan_one(&CsvContract::default())?.select([len()]);
                let counted = scan.collect_with_engine(Engine::Streaming)?.unwrap_single();
                counted.column("len")?.get(0)?.try_extract::<u64>()
            };
            rows += guarded(count).map_err(|e| file.not_a_table(e))?;
        }
        Ok(Some(rows))
    }

    pub(super) fn not_a_table(&self, source: PolarsError) -> Error {
        let path = self.path.display().to_string();
        Error::NotATable { path, format: self.format.word(), source: Box::new(source) }
    }

    /// The part `part` as a table of its own.
    fn of_part(&self, part: &Part) -> Self {
        let Self { format, found, .. } = self.clone();
        Self { path: part.path.clone(), format, parts: Vec::new(), found }
    }

    /// Every file of the table.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let alone = self.parts.is_empty().then_some(self.path.as_path());
        alone.into_iter().chain(self.parts.iter().map(|part| part.path.as_path()))
    }

    /// What polars says about a CSV text, or the line that is the cause.
    fn unreadable(&self, csv: &CsvContract, source: PolarsError) -> Error {
        if self.format == Format::Csv {
            if let Err(cause) = self.refuse_uneven(csv) {
                return cause;
            }
            if self.bytes() == 0 {
                return Error::NoRows { path: self.path.display().to_string() };
            }
        }
        self.not_a_table(source)
    }

    /// `csv` is the contract it is read under.
    fn scan(&self, csv: &CsvContract) -> Result<LazyFrame> {
        if self.parts.is_empty() {
            return self.scan_one(csv).map_err(|e| self.unreadable(csv, e));
        }
        let mut frames = Vec::with_capacity(self.parts.len());
        let mut first = None;
        for part in &self.parts {
            let file = self.of_part(part);
            let columns = file.physical_columns(csv)?;
            let first = first.get_or_insert_with(|| (part, columns.clone()));
            refuse_other_columns((first.0, &first.1), (part, &columns))?;
            let frame = file.scan_one(csv).map_err(|e| file.unreadable(csv, e))?;
            frames.push(part.with_stated(frame, &first.1));
        }
        union(&frames).map_err(|e| self.not_a_table(e))
    }

    pub(super) fn scan_one(&self, csv: &CsvContract) -> PolarsResult<LazyFrame> {
        guarded(|| self.scan_unguarded(csv))
    }

    fn scan_unguarded(&self, csv: &CsvContract) -> PolarsResult<LazyFrame> {
        let path = PlRefPath::try_from_path(&self.path)?;
        match self.format {
            Format::Parquet => LazyFrame::scan_parquet(
                path,
                ScanArgsParquet { glob: false, ..ScanArgsParquet::default() },
            ),
            Format::Csv => {
                let delimiter = u8::try_from(csv.delimiter).unwrap_or(b',');
                LazyCsvReader::new(path)
                    .with_glob(false)
                    .with_infer_schema_length(Some(0))
                    .with_separator(delimiter)
                    .with_missing_is_null(csv.empty_is_null)
                    .finish()
            }
            Format::Arrow => {
                let args = UnifiedScanArgs { glob: false, ..UnifiedScanArgs::default() };
                LazyFrame::scan_ipc(path, polars::prelude::IpcScanOptions::default(), args)
            }
            Format::ArrowStream => {
                Ok(IpcStreamReader::new(File::open(&self.path)?).finish()?.lazy())
            }
            Format::Ndjson => LazyJsonLineReader::new(path).with_infer_schema_length(None).finish(),
            Format::Json => {
                Ok(JsonReader::new(File::open(&self.path)?).infer_schema_len(None).finish()?.lazy())
            }
        }
    }

    /// Refuses a CSV file whose header repeats a name, or is separated otherwise than `csv` says.
    fn refuse_header(&self, csv: &CsvContract) -> Result<()> {
        if self.format != Format::Csv || !self.parts.is_empty() {
            return Ok(());
        }
        let header = dialect::header(&self.path, csv.delimiter)?;
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = header.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(Error::DuplicateColumn { name: name.clone() });
        }
        if header.len() != 1 || self.found.is_some() {
            return Ok(());
        }
        let separator = dialect::detect(self)?.delimiter;
        if separator == csv.delimiter || dialect::header(&self.path, separator)?.len() == 1 {
            return Ok(());
        }
        Err(Error::OtherSeparator {
            path: self.path.display().to_string(),
            found: CsvContract::word_of(separator),
            declared: CsvContract::word_of(csv.delimiter),
            separator,
        })
    }

    /// Calls `visit` with chunks of [`CHUNK_ROWS`] rows (the last one shorter) in row order, physical types as in the file.
    ///
    /// CSV columns arrive as text. At most a few chunks are in memory at a time (JSON arrays and Arrow streams are read whole).
    ///
    /// # Errors
    ///
    /// [`Error::NotATable`] when the bytes are not of the format; any error of `visit`, after which reading stops.
    pub fn for_each_chunk(
        &self,
        csv: &CsvContract,
        visit: impl FnMut(u64, DataFrame) -> Result<()>,
    ) -> Result<u64> {
        self.for_each_chunk_of(csv, &Wanted::default(), visit)
    }

    /// The same with what is wanted only; of a columnar file nothing else is read.
    pub(super) fn for_each_chunk_of(
        &self,
        declared: &CsvContract,
        wanted: &Wanted<'_>,
        mut visit: impl FnMut(u64, DataFrame) -> Result<()>,
    ) -> Result<u64> {
        let csv = self.contract(declared);
        self.refuse_header(csv)?;
        let header = match self.format {
            Format::Csv => dialect::header(self.first_path(), csv.delimiter)?,
            _ => Vec::new(),
        };
        if wanted.columns.is_some_and(|names| names.len() < header.len()) {
            // A reader of some columns takes no notice of what stands behind them.
            self.refuse_uneven(csv)?;
        }
        let (send, receive) = sync_channel::<DataFrame>(1);
        let mut scan = self.scan(csv)?;
        if let Some(rows) = wanted.rows_max {
            scan = scan.limit(rows);
        }
        if let Some(names) = wanted.columns {
            scan = scan.select(names.iter().map(|name| col(*name)).collect::<Vec<_>>());
        }
        let mut may_be_short = false;
        let callback = PlanCallback::new(move |frame| Ok(send.send(frame).is_err()));
        let query = guarded(|| scan.sink_batches(callback, true, NonZeroUsize::new(CHUNK_ROWS)))
            .map_err(|e| self.not_a_table(e))?;
        let engine =
            std::thread::spawn(move || query.collect_with_engine(Engine::Streaming).map(|_| ()));
        let mut rows = 0u64;
        let mut outcome = Ok(());
        for frame in &receive {
            let height = frame.height() as u64;
            let at_last = header.last().and_then(|name| frame.column(name).ok());
            may_be_short |= at_last.is_some_and(|column| column.null_count() > 0);
            outcome = visit(rows + 1, frame);
            rows += height;
            if outcome.is_err() {
                break;
            }
        }
        drop(receive);
        let finished = engine.join();
        outcome?;
        finished.unwrap_or_else(|_| Err(stopped())).map_err(|e| self.unreadable(csv, e))?;
        if may_be_short {
            // A record with too few fields reads as one whose last ones are missing.
            self.refuse_uneven(csv)?;
        }
        Ok(rows)
    }

    /// Refuses a CSV file with a record of another length than its header.
    fn refuse_uneven(&self, csv: &CsvContract) -> Result<()> {
        self.paths().try_for_each(|path| refuse_uneven(path, csv.delimiter))
    }

    /// Names and physical types of the columns, without reading the rows where the format allows it.
    ///
    /// # Errors
    ///
    /// [`Error::NotATable`], [`Error::DuplicateColumn`].
    pub fn physical_columns(
        &self,
        declared: &CsvContract,
    ) -> Result<Vec<(String, polars::prelude::DataType)>> {
        let csv = self.contract(declared);
        self.refuse_header(csv)?;
        let mut scan = self.scan(csv)?;
        let schema = guarded(|| scan.collect_schema()).map_err(|e| self.unreadable(csv, e))?;
        Ok(schema.iter().map(|(name, dtype)| (name.to_string(), dtype.clone())).collect())
    }
}
