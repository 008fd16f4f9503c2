//! Story: the thyroid laboratory's months, one after the other, raise the alarms that the data warrant.
//! Method: the demonstration on real data in a fresh store; meters agree with an independent numpy replay within 0.05.

use driftledger::digest;
use driftledger::drift::assess::{SeriesOutcome, Verdict};
use driftledger::drift::episode::EpisodeKind;
use driftledger::drift::report::DriftReport;
use driftledger::procedures::administer::host;
use driftledger::procedures::demonstrate::{
    DEMO_MODEL, DEMO_VERSION, Demonstration, MONTHS, demonstrate,
};
use driftledger::procedures::ingest_batch::Judge;
use driftledger::procedures::read_records::{self, EpisodeLine};
use driftledger::store::check::check;
use driftledger::store::reports::ReportRow;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The demonstration, made once: these tests only read it.
fn demo() -> &'static (TempDir, Demonstration) {
    static MADE: OnceLock<(TempDir, Demonstration)> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let made = demonstrate(&folder.path().join("data"), |_, _| ()).unwrap();
        (folder, made)
    })
}

fn row(month: &str) -> &'static ReportRow {
    demo().1.reports.iter().find(|r| r.batch == month).unwrap()
}

fn document(row: &ReportRow) -> String {
    demo().1.store.read(|tx| tx.report_document(&row.id)).unwrap().unwrap()
}

fn report(month: &str) -> DriftReport {
    serde_json::from_str(&document(row(month))).unwrap()
}

/// The drift episodes, oldest first.
fn episodes() -> Vec<EpisodeLine> {
    let mut all = read_records::episodes(&demo().1.store, &host(), None).unwrap();
    all.retain(|line| line.episode.opening.kind == EpisodeKind::Drift);
    all.reverse();
    all
}

/// What the episode that `month` opened covers, and its sentences.
fn opened(month: &str) -> (String, String) {
    let id = &row(month).id;
    let line = episodes().into_iter().find(|e| e.episode.report_id.as_ref() == Some(id)).unwrap();
    (line.episode.opening.series.join(" "), line.episode.opening.sentences.join(" "))
}

#[test]
fn the_months_raise_the_alarms_that_the_data_warrant() {
    let known = [
        ("1985-05", "quiet", 0.0),
        ("1985-06", "alarm", 8.897),
        ("1985-07", "quiet", 0.014),
        ("1985-08", "quiet", 0.0),
        ("1985-09", "alarm", 1.015),
        ("1985-10", "alarm", 1.446),
        ("1985-11", "watch", 0.561),
        ("1985-12", "alarm", 6.136),
        ("1986-01", "quiet", 0.0),
        ("1986-02", "quiet", 0.0),
        ("1986-03", "quiet", 0.0),
        ("1986-04", "quiet", 0.191),
        ("1986-05", "quiet", 0.259),
        ("1986-06", "quiet", 0.254),
        ("1986-07", "alarm", 1.166),
        ("1986-08", "quiet", 0.0),
        ("1986-09", "quiet", 0.277),
        ("1986-10", "alarm", 1.017),
        ("1986-11", "quiet", 0.0),
        ("1986-12", "quiet", 0.0),
        ("1987-01", "quiet", 0.146),
    ];
    assert_eq!(known.len(), MONTHS.len());
    for (month, state, meter) in known {
        let found = row(month);
        assert_eq!(found.state, state, "{month}");
        assert!((found.meter - meter).abs() < 0.05, "{month}: {} against {meter}", found.meter);
    }
    assert_eq!(episodes().len(), 6, "an alarm opens one alert, and nothing else does");
}

#[test]
fn each_alert_covers_what_moved_and_says_which_way() {
    for (month, series, words) in [
        ("1985-06", "TSH/values TSH/low_tail", "rose"),
        ("1985-09", "TSH/nulls", "fell"),
        ("1985-10", "sex/nulls", "rose"),
        ("1985-12", "T3/nulls TBG/nulls probability/values", "rose"),
        ("1986-07", "lithium/values TT4/nulls FTI/values", "fell"),
        ("1986-10", "T4U/nulls FTI/nulls", "fell"),
    ] {
        let (found, sentences) = opened(month);
        assert_eq!(found, series, "{month}");
        assert!(sentences.contains(words), "{month}: {sentences}");
    }
    assert!(report("1985-05").alarm.is_none());
}

#[test]
fn a_month_of_one_or_two_rows_never_alarms_and_says_that_it_is_too_small() {
    for (month, rows) in [("1986-01", 2), ("1986-05", 2), ("1986-06", 1)] {
        let report = report(month);
        assert_eq!(report.rows, rows);
        assert!(report.alarm.is_none(), "{month}");
        for feature in report.features.iter().filter(|f| f.verdict != Verdict::Stable) {
            let sentence = &feature.sentence;
            assert_ne!(feature.verdict, Verdict::Drift, "{month}: {sentence}");
            let says_why = sentence.contains("too small to judge alone")
                || sentence.contains("not evaluated: ");
            assert!(says_why, "{month}: {sentence}");
        }
    }
}

#[test]
fn later_months_join_the_open_alert_instead_of_opening_another() {
    let first = &episodes()[0];
    let store = &demo().1.store;
    let months: Vec<String> = store
        .read(|tx| tx.episode_reports(&first.episode.id))
        .unwrap()
        .into_iter()
        .map(|r| r.batch)
        .collect();
    for month in ["1985-06", "1985-07", "1985-12", "1986-12", "1987-01"] {
        assert!(months.iter().any(|m| m == month), "{month} is not in {months:?}");
    }
    for month in ["1985-05", "1986-01", "1986-06"] {
        assert!(!months.iter().any(|m| m == month), "{month} is in {months:?}");
    }
}

#[test]
fn the_first_alert_is_decided_with_a_signature_that_names_who_what_and_when() {
    let first = &episodes()[0];
    let view = read_records::episode_view(&demo().1.store, &host(), &first.episode.id).unwrap();
    let decision = view.decision.unwrap();
    let signed = decision.signature.unwrap();
    assert_eq!(decision.sha256, digest::sha256_hex(decision.document.as_bytes()));
    assert_eq!(signed.signature.decision_sha256, decision.sha256);
    assert_ne!(signed.signature.signer.user_name, decision.decision.drafted_by.user_name);
    for part in [
        "Rosa Reviewer",
        "(rosa, reviewer)",
        &signed.signature.signed_at,
        "approves this decision",
        &decision.sha256,
    ] {
        assert!(signed.manifestation.contains(part), "{part}: {}", signed.manifestation);
    }
    let waiting = episodes().into_iter().skip(1).all(|line| line.episode.state.word() == "open");
    assert!(waiting, "the other alerts wait for people");
}

#[test]
fn every_stored_report_is_computed_again_to_the_byte() {
    let store = &demo().1.store;
    let judge = store.read(|tx| Judge::read(tx, DEMO_MODEL, DEMO_VERSION)).unwrap();
    for row in &demo().1.reports {
        let stored = document(row);
        let report: DriftReport = serde_json::from_str(&stored).unwrap();
        let again = report.recompute(&judge.frozen()).unwrap();
        let bytes = digest::canonical_json(&again).unwrap();
        assert!(bytes == stored.as_bytes(), "{} differs when computed again", row.batch);
        assert_eq!(row.sha256, digest::sha256_hex(&bytes), "{}", row.batch);
    }
}

#[test]
fn a_sentence_says_by_name_since_which_batch_there_is_evidence() {
    let mut told = 0;
    for row in &demo().1.reports {
        let report: DriftReport = serde_json::from_str(&document(row)).unwrap();
        for feature in &report.features {
            for said in feature.sentence.split("since about ").skip(1) {
                let name = said.strip_prefix("batch `").and_then(|rest| rest.split('`').next());
                let known = demo().1.reports.iter().find(|other| Some(&*other.batch) == name);
                let known = known.unwrap_or_else(|| panic!("{}: {}", row.batch, feature.sentence));
                let began = |outcome: &SeriesOutcome| {
                    outcome.lane.as_ref().is_some_and(|lane| lane.since_batch == known.number)
                };
                assert!(feature.series.iter().any(began), "{}: {}", row.batch, feature.sentence);
                told += 1;
            }
        }
    }
    assert!(told > 5, "{told}");
}

#[test]
fn the_demonstration_leaves_a_store_without_findings() {
    let folder = demo().0.path().join("data");
    assert_eq!(check(&folder, &mut |_| ()).unwrap(), []);
}

#[test]
fn the_labels_show_that_the_model_makes_more_errors_than_agreed() {
    let all = read_records::episodes(&demo().1.store, &host(), None).unwrap();
    let told: Vec<&EpisodeLine> =
        all.iter().filter(|line| line.episode.opening.kind == EpisodeKind::Performance).collect();
    assert_eq!(told.len(), 1);
    // pandas: predictions against labels.csv, months of 30 rows or more
    assert!(told[0].episode.opening.sentences[0].contains("514 of 6617 predictions"), "{told:?}");
}
