//! Procedure: performance qualification (PQ) of one version, on its own data.
//!
//! 1. its Phase I study: there is one, somebody else signed it, it computes again
//! 2. false alarms in the replay of its own batches, against what the policy promises
//! 3. shifts that were injected into its own batches: found, and how soon
//! 4. real use: batches judged, put aside, alerts answered, labels
//! 5. an evidence pack of the version is made and verified, and the time it took

use super::administer::host;
use super::checklist::{Asked, Checklist};
use super::export_evidence::export_evidence;
use super::ingest_batch::Judge;
use super::stored;
use crate::drift::study::Study;
use crate::error::Result;
use crate::evidence::manifest::Scope;
use crate::evidence::verify::verify;
use crate::review::qualification::QualificationCheck;
use crate::store::Store;
use std::io::Cursor;
use std::time::Instant;

/// How soon an injected shift has to be found, and in how many of the sequences.
#[derive(Clone, Copy, Debug)]
pub struct Detection {
    /// Batches.
    pub within: u32,
    /// Share of the sequences, in (0, 1].
    pub share: f64,
    /// Smallest total variation that has to be found.
    pub tv: f64,
}

impl Default for Detection {
    /// A shift of total variation 0.3, in 8 of 10 sequences, half of them within 10 batches.
    fn default() -> Self {
        Self { within: 10, share: 0.8, tv: 0.3 }
    }
}

/// Qualifies `version` of `model`.
///
/// # Errors
///
/// [`crate::error::Error::NotFound`] when there is no such version. What fails in a check is in the list.
pub fn qualify_performance(
    store: &Store,
    (model, version): (&str, &str),
    detection: Detection,
) -> Result<Vec<QualificationCheck>> {
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    let mut list = Checklist::new("PQ");
    let study = study_of(store, &judge.version.id);
    let asked = Asked {
        requirements: &["A11d-8a", "MON-valid"],
        question: "Is there a study of this version's own batches, which somebody else signed?",
        risk: "Tolerances are guessed, and alarms mean nothing.",
        expected: "a Phase I study, signed, that computes again from its counts to the same bytes",
    };
    list.ask(asked, || match &study {
        Err(error) => Ok((false, error.to_string())),
        Ok(None) => Ok((false, "no study is attached".to_owned())),
        Ok(Some((study, id, signed))) => {
            let same = study.recompute(&judge.reference.0)?.bytes()? == study.bytes()?;
            let found = format!(
                "study {id} of {} batches, signed: {signed}, computes again to the same bytes: {same}",
                study.batches.len()
            );
            Ok((*signed && same, found))
        }
    });
    if let Ok(Some((study, ..))) = &study {
        studied(&mut list, study, detection);
    }
    used(&mut list, store, &judge);
    retrieved(&mut list, store, (model, version));
    Ok(list.checks)
}

/// The newest study with its id, and whether it is signed.
fn study_of(store: &Store, version_id: &str) -> Result<Option<(Study, String, bool)>> {
    store.read(|tx| {
        let Some(row) = tx.studies(version_id)?.into_iter().next() else { return Ok(None) };
        let Some(document) = tx.study_document(&row.id)? else { return Ok(None) };
        let signed = tx.study_signature(&row.id)?.is_some();
        Ok(Some((stored(&document)?, row.id, signed)))
    })
}

fn studied(list: &mut Checklist, study: &Study, detection: Detection) {
    let promised = study.policy.batches_per_false_alarm;
    list.ask(
        Asked {
            requirements: &["A22d-10.4", "MON-valid"],
            question: "How often does the monitor alarm on batches without drift?",
            risk: "People learn to ignore alarms.",
            expected: "the mean number of false alarms in the replay is not above what the policy promises",
        },
        || {
            let replay = &study.replay;
            let bound = f64::from(replay.batches) / promised;
            let found = format!(
                "{:.3} false alarms in {} batches on average (upper 95 % limit {:.3}); promised: at most {bound:.3}",
                replay.mean, replay.batches, replay.upper
            );
            Ok((replay.mean <= bound, found))
        },
    );
    let Detection { within, share, tv } = detection;
    let expected = format!(
        "each injected shift with a total variation of {tv} or more, above its tolerance, is found in {:.0} % of the sequences, half of them within {within} batches",
        share * 100.0
    );
    list.ask(
        Asked {
            requirements: &["A22d-10.4", "MON-valid"],
            question: "Are shifts of a stated size found, and how soon?",
            risk: "Drift is not found, or too late.",
            expected: &expected,
        },
        || {
            let large = study.challenges.iter().filter(|one| {
                one.is_measured() && one.tv >= tv && one.tv >= one.tolerance + tv / 2.0
            });
            let (mut tried, mut missed) = (0, Vec::new());
            for one in large {
                tried += 1;
                let found = f64::from(one.detected) / f64::from(one.sequences.max(1));
                if found < share || one.median_delay.is_none_or(|delay| delay > within) {
                    missed.push(format!(
                        "`{}`, {}: {} of {}",
                        one.feature,
                        one.challenge.words(),
                        one.detected,
                        one.sequences
                    ));
                }
            }
            let words = if missed.is_empty() { "all found".to_owned() } else { missed.join("; ") };
            Ok((tried > 0 && missed.is_empty(), format!("{tried} shifts of that size: {words}")))
        },
    );
}

fn used(list: &mut Checklist, store: &Store, judge: &Judge) {
    let id = &judge.version.id;
    list.ask(
        Asked {
            requirements: &["A22d-10.3", "A22d-10.4"],
            question: "Was it in use: how many batches were judged, how many put aside?",
            risk: "It is approved on paper and fails in use.",
            expected: "at least one batch judged; batches put aside are fewer than those judged",
        },
        || {
            let (reports, aside) = store.read(|tx| {
                Ok::<_, crate::error::Error>((tx.reports(id, 10_000)?, tx.quarantined(id, 10_000)?))
            })?;
            let found = format!("{} batches judged, {} put aside", reports.len(), aside.len());
            Ok((!reports.is_empty() && aside.len() < reports.len(), found))
        },
    );
    list.leave(Asked {
        requirements: &["A11d-8b"],
        question: "Were the alerts of this version answered as the procedure asks, by trained people?",
        risk: "Alerts are raised and nobody acts.",
        expected: "the alerts of the version, with their decisions and signatures",
    });
}

fn retrieved(list: &mut Checklist, store: &Store, (model, version): (&str, &str)) {
    list.ask(
        Asked {
            requirements: &["P11-10b2", "ARC-1"],
            question: "How long does it take to retrieve the evidence of this version, and does it verify?",
            risk: "Records cannot be shown in an inspection.",
            expected: "a pack with nothing wrong, in less than 10 minutes",
        },
        || {
            let started = Instant::now();
            let mut pack = Cursor::new(Vec::new());
            let scope = Scope::of(model, Some(version));
            export_evidence(store, &host(), &scope, &mut pack, &mut |_, _| ())?;
            let key = store.verifier_key();
            let found = verify(Cursor::new(pack.get_ref()), Some(key), &mut |_| ())?;
            let seconds = started.elapsed().as_secs_f64();
            let words = format!(
                "{} bytes in {seconds:.1} s, {} findings",
                pack.get_ref().len(),
                found.findings.len()
            );
            Ok((found.findings.is_empty() && seconds < 600.0, words))
        },
    );
}
