//! Bytes from outside that are not what they should be: every reader answers, none stops the program, and none takes unbounded memory.
//!
//! Method: valid inputs of every kind, damaged in a few places that are drawn from a fixed seed; a reader may take the result or
//! refuse it. What it must not do is panic, for a panic in a server is a request without an answer. Longer runs: `HOSTILE_ROUNDS`.

use crate::harness::{repository, table};
use driftledger::dataset::manifest::DatasetManifest;
use driftledger::dataset::reader::TableFile;
use driftledger::dataset::schema::{CsvContract, TableSchema};
use driftledger::drift::policy::Policy;
use driftledger::ledger::checkpoint::Checkpoint;
use driftledger::ledger::entry::Entry;
use driftledger::ledger::note::{SignedNote, VerifierKey};
use driftledger::ledger::tile::Tile;
use driftledger::ledger::trust_policy::TrustPolicy;
use driftledger::provenance::openlineage::parse_events;
use std::path::Path;

/// Damaged copies of each input.
fn rounds() -> u64 {
    std::env::var("HOSTILE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

/// A stream of numbers that is the same in every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    /// `bytes` with one to four places flipped, overwritten, zeroed, doubled or cut off; half of them near the end, where columnar
    /// files keep their description.
    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let from = if self.below(2) == 0 { damaged.len().saturating_sub(900) } else { 0 };
            let place = from + self.below(damaged.len() - from);
            let until = (place + 1 + self.below(8)).min(damaged.len());
            match self.below(6) {
                0 | 1 if place < damaged.len() => damaged[place] ^= 1 << self.below(8),
                2 if place < damaged.len() => damaged[place] = self.below(256) as u8,
                3 => damaged[place..until].fill(0xff),
                4 => damaged[place..until].fill(0),
                5 => {
                    let again = damaged[place..until].to_vec();
                    damaged.splice(place..place, again);
                }
                _ => damaged.truncate(place),
            }
            if damaged.is_empty() {
                break;
            }
        }
        damaged
    }
}

#[test]
fn damaged_tables_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (mut taken, mut refused) = (0, 0);
    for name in ["pandas.parquet", "pyarrow.parquet", "polars.arrow", "pyarrow.arrow", "pandas.csv"]
    {
        let sound = std::fs::read(repository(&format!("tests/fixtures/one_table/{name}"))).unwrap();
        let mut draws = Draws(name.len() as u64);
        for round in 0..rounds() {
            // A name of its own: readers map files, and one that gave up may still be at the last one when it is cut short.
            let path = folder.path().join(format!("{round}-{name}"));
            std::fs::write(&path, draws.damage(&sound)).unwrap();
            let mut rows = 0;
            let read = TableFile::open(&path, None).and_then(|file| {
                file.rows()?;
                file.physical_columns(&CsvContract::default())?;
                file.for_each_chunk(&CsvContract::default(), |_, frame| {
                    rows += frame.height();
                    Ok(())
                })
            });
            match read {
                Ok(said) => {
                    taken += 1;
                    assert_eq!(said, rows as u64);
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().len() > 20, "{name}: `{error}` says too little");
                }
            }
        }
    }
    assert!(taken > 0 && refused > rounds(), "{taken} taken, {refused} refused");
}

#[test]
fn damaged_documents_are_taken_or_refused() {
    let schema = std::fs::read(repository("sample_data/thyroid_garvan/schema.json")).unwrap();
    let policy = std::fs::read(repository("sample_data/thyroid_garvan/policy.json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_slice(
        &std::fs::read(repository("tests/vectors/checkpoint.json")).unwrap(),
    )
    .unwrap();
    let mut notes = Vec::new();
    strings_of(&vectors, &mut notes);
    let event = br#"{"eventType":"COMPLETE","eventTime":"2026-06-01T00:00:00Z","producer":"https://example.org/p","schemaURL":
        "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent","run":{"runId":"01941f29-7c00-7000-8000-000000000000"},
        "job":{"namespace":"n","name":"j"},"inputs":[{"namespace":"n","name":"a","facets":{}}],"outputs":[]}"#;
    assert!(parse_events(event).is_ok() && TableSchema::parse(&schema).is_ok());
    let mut draws = Draws(7);
    let mut refused = 0;
    for _ in 0..20 * rounds() {
        refused += usize::from(TableSchema::parse(&draws.damage(&schema)).is_err());
        refused += usize::from(serde_json::from_slice::<Policy>(&draws.damage(&policy)).is_err());
        refused += usize::from(DatasetManifest::parse(&draws.damage(&schema)).is_err());
        refused += usize::from(parse_events(&draws.damage(event)).is_err());
    }
    assert!(refused > 20);
    let keys: Vec<VerifierKey> = notes.iter().filter_map(|text| text.parse().ok()).collect();
    assert!(!keys.is_empty(), "no key among {notes:?}");
    for _ in 0..rounds() {
        for note in &notes {
            let damaged = String::from_utf8_lossy(&draws.damage(note.as_bytes())).into_owned();
            let _ = (SignedNote::parse(&damaged), damaged.parse::<VerifierKey>());
            let _ = (TrustPolicy::parse(&damaged), Tile::parse(&damaged));
            let _ = Entry::parse(damaged.as_bytes());
            for key in &keys {
                let opened = Checkpoint::open(&damaged, key).is_ok();
                assert!(!opened || damaged.contains(note.as_str()), "{damaged}");
            }
        }
    }
}

/// All texts in a JSON document.
fn strings_of(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) if text.len() > 3 => found.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings_of(item, found)),
        serde_json::Value::Object(fields) => {
            fields.values().for_each(|field| strings_of(field, found));
        }
        _ => {}
    }
}

/// Reads a table to its end; the error, if it is refused.
fn refusal_of(path: &Path) -> Option<String> {
    let read = TableFile::open(path, None)
        .and_then(|file| file.for_each_chunk(&CsvContract::default(), |_, _| Ok(())));
    read.err().map(|error| error.to_string())
}

#[test]
fn odd_tables_get_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let with = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        refusal_of(&path)
    };
    assert!(with("empty.csv", b"").is_some());
    assert!(with("empty.parquet", b"").is_some());
    assert!(with("magic.parquet", b"PAR1PAR1").is_some());
    assert!(with("lie.parquet", b"PAR1\xff\xff\xff\x7fPAR1").is_some());
    assert!(with("deep.json", "[".repeat(100_000).as_bytes()).is_some());
    assert!(with("deep.ndjson", format!("{{\"a\":{}1", "[".repeat(50_000)).as_bytes()).is_some());
    // ten thousand columns, and one cell of 8 MiB, are odd but no fault
    let wide: Vec<String> = (0..10_000).map(|column| format!("c{column}")).collect();
    let row = vec!["1"; 10_000].join(",");
    assert_eq!(with("wide.csv", format!("{}\n{row}\n", wide.join(",")).as_bytes()), None);
    let long = format!("a,b\n{},1\n", "x".repeat(8 << 20));
    assert_eq!(with("long.csv", long.as_bytes()), None);
    assert!(with("twice.csv", b"a,a\n1,2\n").unwrap().contains("`a`"));
    assert_eq!(with("sound.csv", table(10, 1, 0.0).as_bytes()), None);
}
