//! Studies of the thyroid laboratory's reference by weeks: same bytes again, right tolerances, refusals.

use super::challenge::Challenge;
use super::natural::GovernedBy;
use super::*;
use crate::dataset::reader::TableFile;
use crate::dataset::schema::TableSchema;
use crate::dataset::split::{Period, profile_split};
use std::path::Path;
use std::sync::OnceLock;

/// The thyroid laboratory's reference with its weeks as batches.
fn weeks() -> &'static (Reference, Study) {
    static WEEKS: OnceLock<(Reference, Study)> = OnceLock::new();
    WEEKS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/thyroid_garvan");
        let schema =
            TableSchema::parse(&std::fs::read(folder.join("schema.json")).unwrap()).unwrap();
        let file = TableFile::open(&folder.join("reference.csv"), None).unwrap();
        let reference = Reference::learn(&file, &schema).unwrap();
        let by = SplitBy { column: "sample_date".to_owned(), period: Some(Period::Week) };
        let split = profile_split(&file, &schema, &reference.bins(), &by).unwrap();
        let policy = Policy::default();
        let monitor = Monitor::freeze(&reference, &policy);
        let batches: Vec<StudyBatch> =
            split.batches.iter().map(|(name, p)| StudyBatch::of(name, &monitor, p)).collect();
        let study =
            Study::compose(about(&reference), &reference, &policy, batches, short()).unwrap();
        (reference, study)
    })
}

fn about(reference: &Reference) -> StudyAbout {
    StudyAbout {
        engine: "test".to_owned(),
        reference_sha256: digest::sha256_hex(&digest::canonical_json(reference).unwrap()),
        origin: Origin::OfReference,
        sources: Vec::new(),
        split: None,
        rows_left_out: 0,
    }
}

fn short() -> Settings {
    Settings {
        seed: 7,
        block: 2,
        sequences: 6,
        batches: 20,
        challenge_sequences: 4,
        challenge_batches: 20,
    }
}

fn replayed(batches: usize, policy: &Policy) -> Study {
    let (reference, study) = weeks();
    let batches = study.batches.iter().cycle().take(batches).cloned().collect();
    Study::compose(about(reference), reference, policy, batches, short()).unwrap()
}

#[test]
fn a_study_computed_again_on_one_thread_has_the_same_bytes() {
    let (reference, study) = weeks();
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = alone.install(|| study.recompute(reference)).unwrap();
    assert_eq!(again.bytes().unwrap(), study.bytes().unwrap());
    let stored: Study = serde_json::from_slice(&study.bytes().unwrap()).unwrap();
    assert_eq!(stored.recompute(reference).unwrap().bytes().unwrap(), study.bytes().unwrap());
}

#[test]
fn another_seed_draws_other_sequences() {
    let (reference, study) = weeks();
    let settings = Settings { seed: 8, ..short() };
    let (batches, policy) = (study.batches.clone(), &study.policy);
    let other = Study::compose(about(reference), reference, policy, batches, settings).unwrap();
    assert_eq!(other.series, study.series);
    assert_ne!(other.replay.highest_meter, study.replay.highest_meter);
}

#[test]
fn with_few_batches_natural_drift_is_left_to_people() {
    let (_, study) = weeks();
    for series in &study.series {
        assert_eq!(series.natural_drift, None, "{}", series.key());
        assert!(series.governed_by != GovernedBy::NaturalDrift && series.tolerance >= series.floor);
        let people = series.rationale.contains("people judge it");
        assert!(people && series.not_estimable.is_some(), "{}", series.rationale);
    }
}

#[test]
fn with_thirty_batches_three_times_natural_drift_sets_the_tolerance() {
    let study = replayed(40, &Policy::default());
    let tsh = study.series.iter().find(|s| s.key() == "TSH/values").unwrap();
    let natural = tsh.natural_drift.unwrap();
    // Months of it differ by 0.29 to 0.46; weeks inside the reference by less.
    assert!((0.05..0.4).contains(&natural), "{natural}");
    assert_eq!(tsh.governed_by, GovernedBy::NaturalDrift);
    assert!(tsh.tolerance >= 3.0 * natural && tsh.tolerance < 3.0 * natural + 1.1e-4);
    assert!(tsh.rationale.contains("three times that") && tsh.warning.is_some());
    let unseen = study.series.iter().find(|s| s.key() == "sex/unseen").unwrap();
    assert_eq!(unseen.natural_drift, None, "the batches are the reference");
}

#[test]
fn the_proposed_policy_can_be_registered_and_a_tighter_one_cannot() {
    let (reference, study) = weeks();
    let monitor = Monitor::freeze(reference, &study.proposed);
    monitor.refuse_unsupported(&study.proposed).unwrap();
    for (series, studied) in monitor.series.iter().zip(&study.series) {
        assert_eq!(series.tolerance(), studied.tolerance, "{}", series.key());
        let limited = studied.governed_by == GovernedBy::ReferenceError;
        assert_eq!(series.is_limited_by_reference(), limited, "{}", series.key());
    }
    let mut tight = study.proposed.clone();
    tight.tolerances.get_mut("TSH/values").unwrap().tolerance = 0.05;
    let message = monitor.refuse_unsupported(&tight).unwrap_err().to_string();
    assert!(
        message.contains("below the reference's own error")
            && message.contains("state 0.0857 or more"),
        "{message}"
    );
    let stated = study.proposed.tolerances["TSH/values"].clone();
    tight.tolerances = [("TSH".to_owned(), stated)].into();
    let message = monitor.refuse_unsupported(&tight).unwrap_err().to_string();
    assert!(message.contains("feature/series"), "{message}");
}

#[test]
fn a_large_shift_is_found_sooner_than_a_small_one_and_a_tolerated_one_is_not_looked_for() {
    let (_, study) = weeks();
    let of = |deviations: f64| {
        let shift = Challenge::Shift { deviations };
        study.challenges.iter().find(|c| c.feature == "TSH" && c.challenge == shift).unwrap()
    };
    let (half, one) = (of(0.5), of(1.0));
    assert_eq!((half.detected, one.detected, one.left_out), (4, 4, 0));
    assert!(one.median_delay.unwrap() <= half.median_delay.unwrap());
    // A quarter of a deviation moves 9.9 % of the rows, TBG tolerates 26 %.
    let tbg = study.challenges.iter().find(|c| c.feature == "TBG").unwrap();
    assert!(tbg.is_within_tolerance() && !one.is_within_tolerance());
}

#[test]
fn a_batch_that_moved_makes_the_replay_alarm_and_is_named() {
    let (reference, study) = weeks();
    let mut batches = study.batches.clone();
    let index = study.series.iter().position(|s| s.key() == "age/values").unwrap();
    for batch in batches.iter_mut().skip(8) {
        for block in &mut batch.counts[index] {
            let rows = block.iter().sum();
            block.fill(0);
            block[0] = rows;
        }
    }
    let moved =
        Study::compose(about(reference), reference, &study.policy, batches, short()).unwrap();
    assert_eq!(moved.replay.led_by[0].series, "age/values");
    assert!(moved.replay.mean > 0.0 && moved.replay.with_alarm > 0);
    assert!(words::outlying(&moved).unwrap().contains("age/values"));
    assert!(words::replayed(&moved).contains("age/values"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (reference, study) = weeks();
    let compose = |batches: Vec<StudyBatch>, settings| {
        Study::compose(about(reference), reference, &study.policy, batches, settings)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(compose(study.batches[..1].to_vec(), short()).contains("needed at least 2"));
    let mut broken = study.batches.clone();
    broken[1].counts[0][0].pop();
    assert!(compose(broken, short()).contains("not on the bins"));
    let endless = Settings { sequences: 1_000_000, batches: 100_000, ..short() };
    assert!(compose(study.batches.clone(), endless).contains("ask for fewer sequences"));
    let mut other = study.clone();
    other.about.reference_sha256 = "0".repeat(64);
    assert!(
        other.recompute(reference).unwrap_err().to_string().contains("it is of the reference 0000")
    );
    other.format = "driftledger/study/v2".to_owned();
    assert!(
        other.check(reference).unwrap_err().to_string().contains("expected `driftledger/study/v1`")
    );
}

#[test]
fn the_default_fits_its_steps_into_every_size() {
    for (series, n) in [(4, 20.0), (83, 52.0), (1_500, 365.0), (20_000, 1e4)] {
        let settings = Settings::default_for(1, 40, (series, n));
        assert_eq!(settings.block, 3);
        assert!(settings.sequences >= 20 && settings.challenge_sequences >= 10);
        let least = 20 * f64_batches(n) * series as u64;
        assert!(settings.steps(series) <= 2 * (STEPS + CHALLENGE_STEPS).max(least), "{settings:?}");
    }
}

fn f64_batches(n: f64) -> u64 {
    u64::from(whole(n, 1.0, 1e6))
}
