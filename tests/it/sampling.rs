//! Sampling proofs at the command line: an inspector names a checkpoint and a number, the holder of the data shows some blocks.
//! Method: the built program; a table of eight blocks, registered with a server; every way to cheat is tried once.

use crate::cli::{Said, run};
use crate::harness::{Laboratory, MODEL, schema, table};
use serde_json::{Value, json};
use std::fs;

/// Registered data, the ledger that holds them, and files beside.
struct Holder {
    laboratory: Laboratory,
}

impl Holder {
    fn new() -> Self {
        let holder = Self { laboratory: Laboratory::open() };
        holder.write("train.csv", &table(70_000, 7, 0.0));
        holder.write("reference.csv", &table(300, 1, 1000.0));
        holder.write("schema.json", &schema().to_string());
        holder.write("key", &holder.laboratory.store.verifier_key().to_string());
        holder.keep_checkpoint("before");
        let of = |name| holder.path(name);
        let said =
            run(["register", "--model", MODEL, "--version", "1", "--train", &of("train.csv")]
                .into_iter()
                .chain(["--reference", &of("reference.csv"), "--schema", &of("schema.json")])
                .chain(["--artifact", &of("schema.json"), "--output", &of("registration.json")]));
        assert_eq!(said.code, Some(0), "{}", said.err);
        let document: Value =
            serde_json::from_slice(&fs::read(holder.path("registration.json")).unwrap()).unwrap();
        let program = holder.laboratory.program();
        let answer = program.post(&format!("/api/v1/models/{MODEL}/versions"), &document);
        assert_eq!(answer.status, 201, "{answer:?}");
        holder.keep_checkpoint("checkpoint");
        let data = holder.path("data");
        let said = run(["export", &data, "--output", &holder.path("pack.zip")]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        holder
    }

    fn path(&self, name: &str) -> String {
        self.laboratory.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn keep_checkpoint(&self, name: &str) {
        self.write(name, &self.laboratory.program().read("/log/checkpoint"));
    }

    fn prove(&self, data: &str, checkpoint: &str, blocks: u64) -> Said {
        let (data, checkpoint) = (self.path(data), self.path(checkpoint));
        let (manifest, output) = (self.path("registration.json"), self.path("proof"));
        run(["prove", &data, "--manifest", &manifest, "--checkpoint", &checkpoint, "--blocks"]
            .into_iter()
            .chain([blocks.to_string().as_str(), "--output", &output]))
    }

    fn verify(&self, proof: &str, more: &[&str]) -> Said {
        let (proof, key) = (self.path(proof), self.path("key"));
        run(["verify", "--sample", &proof, "--key", &key, "--json"]
            .into_iter()
            .chain(more.iter().copied()))
    }

    /// The codes of what is found against the pack.
    fn findings(&self, proof: &str) -> Vec<String> {
        let said = self.verify(proof, &["--pack", &self.path("pack.zip")]);
        let found = said.json()["findings"].as_array().unwrap().clone();
        assert_eq!(said.code, Some(i32::from(!found.is_empty())));
        let mut codes: Vec<String> =
            found.iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect();
        codes.dedup();
        codes
    }

    /// The findings about the proof after `change` of its lines.
    fn changed(&self, change: impl Fn(&mut Vec<Value>)) -> Vec<String> {
        let mut lines: Vec<Value> =
            self.read("proof").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        change(&mut lines);
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        self.write("changed", &(lines.join("\n") + "\n"));
        self.findings("changed")
    }
}

#[test]
fn an_inspector_sees_the_blocks_that_nobody_picked_and_what_they_tell() {
    let holder = Holder::new();
    let said = holder.prove("train.csv", "checkpoint", 5);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("5 of 8 blocks of a table of 70000 rows"), "{}", said.out);
    let pack = holder.path("pack.zip");
    let said = holder.verify("proof", &["--pack", &pack, "--blocks", "5"]);
    let found = said.json();
    assert_eq!((said.code, &found["findings"]), (Some(0), &json!([])), "{}", said.out);
    let registered = &found["registered"][0];
    assert_eq!((&registered["model"], &registered["role"]), (&json!(MODEL), &json!("train")));
    // 1 − C(7,5)/C(8,5)
    let half = found["chances"].as_array().unwrap().last().unwrap();
    assert_eq!(found["chances"][1]["probability"], 0.625);
    assert_eq!(found["chances"][1]["blocks_for_95"], 299);
    assert_eq!((&half["altered_blocks"], &half["probability"]), (&json!(4), &json!(1.0)));
    let manifest = holder.path("registration.json");
    assert_eq!(holder.verify("proof", &["--manifest", &manifest]).code, Some(0));
    let other = ["--manifest", &manifest, "--role", "reference"];
    assert_eq!(holder.verify("proof", &other).json()["findings"][0]["code"], "other_table");
    let fewer = holder.verify("proof", &["--blocks", "6"]).json();
    assert_eq!(fewer["findings"][0]["code"], "blocks_not_as_asked");
    assert_eq!(fewer["held_against_registration"], false);
    let (proof, key) = (holder.path("proof"), holder.path("key"));
    let words = run(["verify", "--sample", &proof, "--key", &key]);
    assert!(words.out.contains("ever registered is not known"), "{}", words.out);
    assert!(words.out.contains("caught with 62.50 %; 299 for 95 %"), "{}", words.out);
}

#[test]
fn a_wrong_seed_fewer_blocks_altered_cells_and_another_table_are_found() {
    let holder = Holder::new();
    assert_eq!(holder.prove("train.csv", "checkpoint", 5).code, Some(0));
    assert_eq!(holder.changed(|_| ()), Vec::<String>::new());
    assert_eq!(holder.changed(|lines| drop(lines.pop())), ["block_missing"]);
    let more = |lines: &mut Vec<Value>| lines[0]["blocks"] = json!(4);
    assert!(holder.changed(more).contains(&"block_not_selected".to_owned()));
    let cell = |lines: &mut Vec<Value>| lines[2]["cells"] = lines[1]["cells"].clone();
    assert_eq!(holder.changed(cell), ["cells_changed"]);
    let digest = |lines: &mut Vec<Value>| {
        lines[0]["table"]["columns"][0]["blocks"][0] = json!("00".repeat(32));
    };
    assert_eq!(holder.changed(digest), ["digests_do_not_fold"]);
    let before = json!(holder.read("before"));
    let seed = |lines: &mut Vec<Value>| lines[0]["checkpoint"] = before.clone();
    let found = holder.changed(seed);
    assert!(found.contains(&"block_not_selected".to_owned()), "{found:?}");
    assert_eq!(found.last().unwrap(), "checkpoint_too_early");
    let forged = |lines: &mut Vec<Value>| {
        let note = lines[0]["checkpoint"].as_str().unwrap();
        let size = note.lines().nth(1).unwrap();
        let note = note.replacen(&format!("\n{size}\n"), &format!("\n{size}0\n"), 1);
        lines[0]["checkpoint"] = json!(note);
    };
    assert_eq!(holder.changed(forged)[0], "checkpoint_invalid");
    // A table that is held by nobody's registration.
    let (edited, schema) = (holder.path("edited.csv"), holder.path("schema.json"));
    holder.write("edited.csv", &holder.read("train.csv").replacen(",east,", ",west,", 1));
    let manifest = holder.path("edited.json");
    let said = run(["fingerprint", &edited, "--schema", &schema, "--manifest", &manifest]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let note = holder.path("checkpoint");
    let prove = ["prove", &edited, "--manifest", &manifest, "--checkpoint", &note, "--blocks", "5"];
    let output = holder.path("other");
    assert_eq!(run(prove.into_iter().chain(["--output", &output])).code, Some(0));
    assert_eq!(holder.findings("other"), ["other_table"]);
}

#[test]
fn data_that_are_not_the_registered_ones_and_files_that_are_no_proofs_are_refused() {
    let holder = Holder::new();
    let edited = holder.read("train.csv").replacen(",east,", ",west,", 1);
    holder.write("edited.csv", &edited);
    let said = holder.prove("edited.csv", "checkpoint", 8);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("column `line` differs in rows 1–65536"), "{}", said.err);
    assert!(!fs::exists(holder.path("proof")).unwrap(), "no half of a proof is left");
    assert_eq!(holder.prove("train.csv", "schema.json", 8).code, Some(2));
    let said = holder.verify("schema.json", &[]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("sampling proof is not usable"), "{}", said.err);
    let no_key = run(["verify", "--sample", &holder.path("schema.json")]);
    assert_eq!(no_key.code, Some(2));
}
