//! Story: the thyroid laboratory's months, one after the other, raise the alarms that the data warrant.
//! Method: the demonstration on real data in a fresh store; meters agree with an independent numpy replay within 0.05.

use driftledger::procedures::demonstrate::demonstrate;

#[test]
fn the_months_raise_the_alarms_that_the_data_warrant() {
    let folder = tempfile::tempdir().unwrap();
    let made = demonstrate(&folder.path().join("data"), |_, _| ()).unwrap();
    let report = |month: &str| made.reports.iter().find(|r| r.batch == month).unwrap();
    for (month, state, meter) in [
        ("1985-05", "quiet", 0.0),
        ("1985-06", "alarm", 8.897),
        ("1985-09", "alarm", 1.015),
        ("1985-10", "alarm", 1.446),
        ("1985-11", "watch", 0.561),
        ("1985-12", "alarm", 6.136),
        ("1986-01", "quiet", 0.0),
        ("1986-07", "alarm", 1.166),
        ("1986-10", "alarm", 1.017),
    ] {
        let found = report(month);
        assert_eq!(found.state, state, "{month}");
        assert!((found.meter - meter).abs() < 0.05, "{month}: {} against {meter}", found.meter);
    }
    let episodes = made.store.read(|tx| tx.episodes(None, 100)).unwrap();
    let covers = |month: &str| {
        let id = &report(month).id;
        let drift = episodes.iter().filter(|e| !e.opening.series.is_empty());
        let opened = drift.into_iter().find(|e| e.report_id.as_ref() == Some(id)).unwrap();
        (opened.opening.series.join(" "), opened.opening.sentences.join(" "))
    };
    for (month, series, word) in [
        ("1985-06", "TSH/values TSH/low_tail", "rose"),
        ("1985-09", "TSH/nulls", "fell"),
        ("1985-10", "sex/nulls", "rose"),
        ("1985-12", "T3/nulls TBG/nulls probability/values", "rose"),
        ("1986-07", "lithium/values TT4/nulls FTI/values", "fell"),
        ("1986-10", "T4U/nulls FTI/nulls", "fell"),
    ] {
        let (found, sentences) = covers(month);
        assert_eq!(found, series, "{month}");
        assert!(sentences.contains(word), "{month}: {sentences}");
    }
}
