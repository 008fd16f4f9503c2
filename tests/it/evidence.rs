//! Evidence: a small store with one whole story, exported, verified and attacked.
//! Method: every attack starts from a pack or a store that is shown to be clean, changes one thing, and must be answered with
//! the name of that thing.

mod acts;
mod attacks;
mod earlier;
mod keys;
mod old_packs;
pub(crate) mod packs;
mod stores;

use crate::harness::{CHOSEN, choose_password};
use driftledger::access::account::{Acting, Way};
use driftledger::access::role::Role;
use driftledger::clock::Clock;
use driftledger::dataset::reader::Format;
use driftledger::evidence::manifest::Scope;
use driftledger::ledger::checkpoint::Checkpoint;
use driftledger::ledger::cosignature::WitnessKey;
use driftledger::ledger::note::VerifierKey;
use driftledger::procedures::acknowledge_alert::acknowledge_alert;
use driftledger::procedures::administer::{NewAccount, create_account, create_store, host};
use driftledger::procedures::draft_decision::{DraftDecision, draft_decision};
use driftledger::procedures::export_evidence::{Exported, export_evidence};
use driftledger::procedures::fingerprint_files::{RegistrationSources, make_registration};
use driftledger::procedures::ingest_batch::{Delivery, IngestBatch, ingest_batch};
use driftledger::procedures::register_version::register_version;
use driftledger::procedures::sign_decision::sign_decision;
use driftledger::store::Store;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The model whose story is told to the end.
pub(crate) const MODEL: &str = "dissolution";
/// Another model beside it, which a pack of the first must leave out.
pub(crate) const OTHER: &str = "hardness";

/// A store and the people in it.
pub(crate) struct Story {
    /// The data folder.
    pub(crate) folder: TempDir,
    /// The key of its ledger.
    pub(crate) key: VerifierKey,
    /// The pack of the whole store.
    pub(crate) whole: Vec<u8>,
    /// The pack of [`MODEL`], version 1.
    pub(crate) scoped: Vec<u8>,
}

/// The story, made once.
pub(crate) fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let store = tell(folder.path());
        cosign(&store);
        let whole = export(&store, &Scope::whole()).0;
        let scoped = export(&store, &Scope::of(MODEL, Some("1"))).0;
        Story { folder, key: store.verifier_key().clone(), whole, scoped }
    })
}

/// A witness cosigns the newest head.
fn cosign(store: &Store) {
    let head = store.read(|tx| tx.head()).unwrap();
    let stated = Checkpoint::open(&head.checkpoint, store.verifier_key()).unwrap();
    let witness = WitnessKey::generate("witness.example/w1").unwrap();
    let line = witness.cosign(&stated, store.clock().now());
    store.keep_cosignature(head.size, &witness.verifier().to_string(), &line).unwrap();
}

/// The pack of `scope`.
pub(crate) fn export(store: &Store, scope: &Scope) -> (Vec<u8>, Exported) {
    let mut pack = Cursor::new(Vec::new());
    let exported = export_evidence(store, &host(), scope, &mut pack, &mut |_, _| ()).unwrap();
    (pack.into_inner(), exported)
}

/// Two models; batches of the first drift, an alert is acknowledged, decided by QA and signed by the reviewer, and one more
/// batch follows.
fn tell(folder: &Path) -> Store {
    let at = "2026-03-02T08:00:00Z".parse().unwrap();
    let store = create_store(folder, Clock::fixed(at)).unwrap();
    let (dana, _) = person(&store, "dana", Role::DataScientist);
    let (quentin, _) = person(&store, "quentin", Role::Qa);
    let (rosa, issued) = person(&store, "rosa", Role::Reviewer);
    choose_password(&store, "rosa", &issued);
    register(&store, &dana, OTHER, 7);
    ingest(&store, &dana, (OTHER, "first"), &table(150, 8, 0.0));
    register(&store, &dana, MODEL, 1);
    for (number, shift) in [0.0, 0.0, 3.0, 3.0].into_iter().enumerate() {
        ingest(
            &store,
            &dana,
            (MODEL, &format!("batch {number}")),
            &table(200, 20 + number as u64, shift),
        );
    }
    let episodes = store.read(|tx| tx.episodes(None, 10)).unwrap();
    let alert = episodes.iter().find(|episode| !episode.opening.series.is_empty()).unwrap();
    acknowledge_alert(&store, &quentin, &alert.id, ("major", "the tablets dissolve later"))
        .unwrap();
    let draft = DraftDecision {
        code: "accept_with_rationale".to_owned(),
        rationale: "a new coating, <validated> & approved".to_owned(),
        remedial_action: None,
    };
    draft_decision(&store, &quentin, &alert.id, &draft).unwrap();
    let drafted = store.read(|tx| tx.decision_of(&alert.id)).unwrap().unwrap();
    sign_decision(&store, &rosa, &alert.id, (&drafted.sha256, CHOSEN)).unwrap();
    ingest(&store, &dana, (MODEL, "batch 4"), &table(200, 31, 3.0));
    store
}

fn person(store: &Store, name: &str, role: Role) -> (Acting, String) {
    let printed = format!("{name} of the story");
    let NewAccount { account, password } =
        create_account(store, &host(), (name, &printed), role).unwrap().value;
    (Acting { account, way: Way::Session }, password)
}

fn register(store: &Store, dana: &Acting, model: &str, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let sources = RegistrationSources {
        model: model.to_owned(),
        version: "1".to_owned(),
        train: file("train.csv", &table(300, seed + 1, 0.0)),
        reference: file("reference.csv", &table(600, seed, 0.0)),
        artifacts: vec![file("model.bin", "weights")],
        overlap_justification: Some("two tablets of one line can weigh the same".to_owned()),
        ..RegistrationSources::default()
    };
    register_version(store, dana, &make_registration(&sources, |_| ()).unwrap()).unwrap();
}

fn ingest(store: &Store, dana: &Acting, (model, name): (&str, &str), table: &str) {
    let spool = store.objects().spool_file().unwrap();
    let batch = IngestBatch {
        configuration: None,
        corrects: None,
        model: model.to_owned(),
        version: "1".to_owned(),
        name: name.to_owned(),
        period: None,
        delivery: Delivery::of_bytes(spool, table.as_bytes(), Some(Format::Csv)).unwrap(),
    };
    ingest_batch(store, dana, batch).unwrap();
}

/// A table of `rows` rows: minutes to dissolution, moved up by `shift`, and the site. The same seed gives the same table.
fn table(rows: u64, seed: u64, shift: f64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut text = "minutes,site\n".to_owned();
    for _ in 0..rows {
        let minutes = 20.0 + (0..6).map(|_| draw()).sum::<f64>() + shift;
        let site = ["north", "south", "a site with a <long> name"][(draw() * 3.0) as usize];
        let _ = writeln!(text, "{minutes:.4},{site}");
    }
    text
}

/// The files of a pack, to be changed and sealed again.
#[derive(Clone)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl Files {
    /// The files of `pack`.
    pub(crate) fn of(pack: &[u8]) -> Self {
        let mut archive = ZipArchive::new(Cursor::new(pack)).unwrap();
        let mut files = BTreeMap::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            files.insert(file.name().unwrap().into_owned(), bytes);
        }
        Self(files)
    }

    /// The first file whose name starts so.
    pub(crate) fn first(&self, start: &str) -> String {
        self.0.keys().find(|name| name.starts_with(start)).unwrap().clone()
    }

    /// The pack as it stands.
    pub(crate) fn seal(&self) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in &self.0 {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    /// Lists the files anew, as somebody who covers a change would.
    pub(crate) fn relist(&mut self) {
        use driftledger::digest::{ContentDigest, canonical_json};
        use driftledger::evidence::manifest::{MANIFEST, Manifest, PackedFile, SEAL};
        let mut manifest: Manifest = serde_json::from_slice(&self.0[MANIFEST]).unwrap();
        let others = self.0.iter().filter(|(name, _)| ![MANIFEST, SEAL].contains(&name.as_str()));
        manifest.files =
            others.map(|(name, bytes)| PackedFile::new(name, ContentDigest::of(bytes))).collect();
        self.0.insert(MANIFEST.to_owned(), canonical_json(&manifest).unwrap());
    }
}
