//! A proof is made from a table and every way to spoil it is told.

use super::*;
use crate::dataset::fingerprint::fingerprint;
use crate::dataset::infer::infer;
use serde_json::{Value, json};

const SIGNED: &str = "example.org/log\n7\nAAAA\n";

struct Made {
    head: SampleHead,
    lines: Vec<Value>,
}

fn written(text: &str) -> (tempfile::NamedTempFile, TableFile) {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let table = TableFile::open(file.path(), None).unwrap();
    (file, table)
}

/// Two blocks of rows, three columns.
fn table() -> String {
    let rows =
        (0..70_000).map(|n| format!("{n},{},{}\n", n % 7, if n % 3 == 0 { "a" } else { "" }));
    "id,level,line\n".to_owned() + &rows.collect::<String>()
}

fn manifest(file: &TableFile) -> DatasetManifest {
    let schema = infer(file).unwrap();
    let found = fingerprint(file, &schema, |_| ()).unwrap();
    DatasetManifest::new(schema, found)
}

fn made(blocks: u64) -> Made {
    let (_kept, file) = written(&table());
    let mut out = Vec::new();
    let head = write_sample(&file, &manifest(&file), ("note", SIGNED), (blocks, &mut out)).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Made { head, lines }
}

impl Made {
    fn problems(&self, signed: &str) -> Vec<&'static str> {
        let lines: Vec<String> = self.lines.iter().map(ToString::to_string).collect();
        let text = lines.join("\n") + "\n";
        let mut proof = text.as_bytes();
        let head = read_head(&mut proof).unwrap();
        let found = check_sample(&head, signed, &mut proof).unwrap();
        found.into_iter().map(|problem| problem.code).collect()
    }
}

#[test]
fn a_proof_of_any_number_of_blocks_holds() {
    for blocks in [0, 1, 4, 6, 100] {
        let made = made(blocks);
        assert_eq!(made.head.blocks, blocks.min(6));
        assert_eq!(made.lines.len() as u64, 1 + blocks.min(6));
        assert_eq!(made.problems(SIGNED), Vec::<&str>::new(), "{blocks} blocks");
    }
}

#[test]
fn another_checkpoint_selects_other_blocks() {
    let found = made(3).problems("example.org/log\n8\nAAAA\n");
    assert!(found.contains(&"block_not_selected") && found.contains(&"block_missing"), "{found:?}");
}

#[test]
fn fewer_blocks_altered_cells_and_another_table_are_told() {
    let mut fewer = made(4);
    fewer.lines.pop();
    assert_eq!(fewer.problems(SIGNED), ["block_missing"]);
    let mut twice = made(4);
    twice.lines[2] = twice.lines[1].clone();
    assert_eq!(twice.problems(SIGNED), ["block_not_selected", "block_missing"]);
    let mut fewer_stated = made(4);
    fewer_stated.lines[0]["blocks"] = json!(3);
    assert!(fewer_stated.problems(SIGNED).contains(&"block_not_selected"));
    let mut more_stated = made(100);
    more_stated.lines[0]["blocks"] = json!(100);
    assert_eq!(more_stated.problems(SIGNED), ["blocks_miscounted"]);
    let mut altered = made(6);
    let mut cells = Base64::decode_vec(altered.lines[3]["cells"].as_str().unwrap()).unwrap();
    *cells.last_mut().unwrap() ^= 1;
    altered.lines[3]["cells"] = json!(Base64::encode_string(&cells));
    assert_eq!(altered.problems(SIGNED), ["cells_changed"]);
    // Whoever forges the digest of the block as well has to forge all digests above it.
    let digest = json!("00".repeat(32));
    altered.lines[0]["table"]["columns"][0]["blocks"][0] = digest;
    assert_eq!(altered.problems(SIGNED), ["digests_do_not_fold"]);
}

#[test]
fn data_that_changed_since_the_manifest_make_no_proof() {
    let (_kept, file) = written(&table());
    let before = manifest(&file);
    let refused = |text: String| {
        let (_kept, file) = written(&text);
        let all = (6, &mut std::io::sink() as &mut dyn Write);
        write_sample(&file, &before, ("note", SIGNED), all).unwrap_err().to_string()
    };
    let said = refused(table().replace("69999,6,a", "69999,5,a"));
    assert!(said.contains("`level` differs in rows 65537–70000"), "{said}");
    let said = refused(table().replace("69999,6,a\n", ""));
    assert!(said.contains("differs in rows") || said.contains("69999 rows"), "{said}");
    let said = refused(table() + "70000,1,a\n");
    assert!(said.contains("70001 rows"), "{said}");
}

#[test]
fn what_is_no_proof_is_refused() {
    for text in ["", "{}", "{}\n", "no json\n", "{\"format\":\"driftledger/other/v1\"}\n"] {
        assert!(matches!(read_head(&mut text.as_bytes()), Err(Error::Sample { .. })), "{text}");
    }
    let made = made(1);
    for line in ["x\n", "{}\n", "{\"column\":\"id\",\"block\":0,\"cells\":\"*\"}\n", "{\"col"] {
        let found = check_sample(&made.head, SIGNED, &mut line.as_bytes());
        assert!(matches!(found, Err(Error::Sample { .. })), "{line}");
    }
}
