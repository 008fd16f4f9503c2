//! Tests of scores: what they see, what the split of the reference is for, and that they are the same bits everywhere.

use super::*;
use crate::dataset::bins::FeatureBins;
use crate::dataset::derived::{Derived, FrozenBins};
use crate::dataset::profile::{FeatureProfile, Profile, profile};
use crate::dataset::reader::TableFile;
use crate::dataset::schema::TableSchema;
use crate::statistics::binning::floored_shares;
use crate::statistics::total_variation::total_variation;
use std::fmt::Write as _;

/// Columns a, b (correlated 0.95), c, d (constant) and three dimensions of an embedding.
fn schema(scores: &str) -> TableSchema {
    let feature = |name: &str| {
        format!(r#"{{"name":"{name}","role":"feature","type":"float","kind":"continuous"}}"#)
    };
    let embedding = |k: u32| format!(r#"{{"name":"e_{k}","role":"embedding","type":"float"}}"#);
    let columns: Vec<String> =
        ["a", "b", "c", "d"].map(feature).into_iter().chain((0..3).map(embedding)).collect();
    let text = format!(
        r#"{{"schema":"driftledger/schema/v1","columns":[{}],"scores":{scores}}}"#,
        columns.join(",")
    );
    TableSchema::parse(text.as_bytes()).unwrap()
}

const BOTH: &str = r#"[{"name":"inputs"},{"name":"note","prefix":"e_"}]"#;

/// `rows` rows; with `broken`, a and b keep their distributions and lose their correlation.
fn table(rows: u64, seed: u8, broken: bool) -> String {
    let mut draws = Draws::new([seed; 32]);
    let mut text = "a,b,c,d,e_0,e_1,e_2\n".to_owned();
    for row in 0..rows {
        let [a, noise, c, x, y] = std::array::from_fn(|_| draws.normal());
        let b = if broken { noise } else { 0.95 * a + (1.0_f64 - 0.95 * 0.95).sqrt() * noise };
        let a = if row % 50 == 7 { String::new() } else { format!("{a:.6}") };
        let _ = writeln!(text, "{a},{b:.6},{c:.6},4.5,{x:.5},{y:.5},{:.5}", x + y);
    }
    text
}

struct Learned {
    schema: TableSchema,
    bins: FrozenBins,
    counts: Vec<FeatureProfile>,
    _folder: tempfile::TempDir,
}

fn file(text: &str) -> (tempfile::TempDir, TableFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    let file = TableFile::open(&path, None).unwrap();
    (folder, file)
}

fn learn(text: &str, scores: &str) -> Learned {
    let (folder, file) = file(text);
    let schema = schema(scores);
    let (scores, features) = learn_scores(&file, &schema).unwrap();
    let (bins, counts): (Vec<FeatureBins>, Vec<FeatureProfile>) = features.into_iter().unzip();
    // the columns themselves are not what these tests are about
    let declared = schema.monitored().map(|_| FeatureBins::NoValues);
    let bins = declared.chain(bins).collect();
    let derived = Derived { scores, undecided: Vec::new() };
    Learned { schema, bins: FrozenBins::new(bins, derived), counts, _folder: folder }
}

impl Learned {
    fn profile(&self, text: &str) -> Profile {
        let (_folder, file) = file(text);
        profile(&file, &self.schema, &self.bins).unwrap()
    }

    fn place(&self, name: &str) -> usize {
        self.bins.columns.iter().position(|column| column.name == name).unwrap()
    }

    /// TV of a score in `found` from its reference.
    fn moved(&self, found: &Profile, name: &str) -> f64 {
        let place = self.place(name);
        let batch = found.features[self.bins.declared().len() + place].values_total();
        let rows: u64 = batch.iter().sum();
        let shares: Vec<f64> = batch.iter().map(|&c| c as f64 / rows as f64).collect();
        total_variation(&floored_shares(&self.counts[place].values_total()), &shares)
    }
}

#[test]
fn a_correlation_that_breaks_shows_in_spe_and_new_unchanged_rows_do_not() {
    let learned = learn(&table(6_000, 1, false), BOTH);
    let names: Vec<&str> = learned.bins.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names[..5], ["inputs.t2", "inputs.spe", "note.t2", "note.spe", "note.distance"]);
    assert_eq!(names.len(), 5 + 8 + 1);
    assert_eq!(names[13], "note.nearest");
    let inputs = &learned.bins.derived.scores[0];
    assert_eq!(
        (inputs.columns.len(), inputs.left_out.as_slice()),
        (3, ["d".to_owned()].as_slice())
    );
    assert_eq!(inputs.rows_fitted + inputs.rows_held, 6_000);
    assert!(inputs.rows_fitted.abs_diff(inputs.rows_held) <= 2, "{inputs:?}");
    let same = learned.profile(&table(20_000, 2, false));
    for name in names {
        // 3 000 held rows and ten bins: 0.04 at 99.8 % and the error of the batch beside it
        assert!(learned.moved(&same, name) < 0.05, "{name}: {}", learned.moved(&same, name));
    }
    let broken = learned.profile(&table(5_000, 3, true));
    assert!(learned.moved(&broken, "inputs.spe") > 0.5);
    assert!(learned.moved(&broken, "note.t2") < 0.05);
    let (held, batch) = (&inputs.held, &broken.scores[0]);
    let grown = |j: usize| batch.spe[j] / batch.rows as f64 - held.spe[j] / held.rows as f64;
    assert!(grown(0) > 10.0 * grown(2).abs() && grown(1) > 10.0 * grown(2).abs());
}

#[test]
fn rows_that_leave_one_cloud_for_another_show_in_the_nearest_centre() {
    // three clouds on a line, which every batch has in the middle; the outer two trade places, mean and spread stay
    let clouds = |rows: u32, seed: u8, shares: [u32; 4]| {
        let mut draws = Draws::new([seed; 32]);
        let mut text = "a,b,c,d,e_0,e_1,e_2\n".to_owned();
        for row in 0..rows {
            let cloud = row % 20;
            let place = shares.iter().scan(0, |all, share| {
                *all += share;
                Some(*all)
            });
            let corner = place.filter(|end| cloud >= *end).count();
            let [x, y] = [[3.0, 3.0], [-3.0, -3.0], [3.0, -3.0], [-3.0, 3.0]][corner];
            let [dx, dy, z] = std::array::from_fn(|_| 0.3 * draws.normal());
            let _ = writeln!(text, "1,{row},{cloud},4.5,{:.5},{:.5},{z:.5}", x + dx, y + dy);
        }
        text
    };
    let learned = learn(&clouds(8_000, 1, [5, 5, 5, 5]), r#"[{"name":"note","prefix":"e_"}]"#);
    let centres = &learned.bins.derived.scores[0].centres;
    assert_eq!((centres.len(), centres[0].len()), (20, 3));
    let same = learned.profile(&clouds(8_000, 2, [5, 5, 5, 5]));
    assert!(learned.moved(&same, "note.nearest") < 0.05);
    // the corners' shares change, each coordinate keeps its distribution
    let moved = learned.profile(&clouds(8_000, 3, [7, 7, 3, 3]));
    let found = learned.moved(&moved, "note.nearest");
    assert!((0.17..0.25).contains(&found), "{found}");
    assert!(learned.moved(&moved, "note.distance") < 0.06);
}

#[test]
fn scores_binned_on_the_rows_they_were_fitted_on_would_drift_at_once() {
    // what the split is for: 30 columns without any structure, few rows
    let mut draws = Draws::new([9; 32]);
    let mut row = || (0..30).map(|_| draws.normal()).collect::<Vec<f64>>();
    let fitted: Vec<Vec<f64>> = (0..400).map(|_| row()).collect();
    let fresh: Vec<Vec<f64>> = (0..4_000).map(|_| row()).collect();
    let size = 30;
    let product = |i: usize, j: usize| fitted.iter().map(|r| r[i] * r[j]).sum::<f64>() / 399.0;
    let covariance: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| product(i, j)).collect()).collect();
    let found = crate::statistics::principal::principal(&covariance).unwrap();
    let spe = |row: &Vec<f64>| score(row, &found.loadings, &found.variances).spe;
    let mut own: Vec<f64> = fitted.iter().map(spe).collect();
    own.sort_by(f64::total_cmp);
    let above = fresh.iter().map(spe).filter(|spe| *spe > own[200]).count();
    assert!(above > 2_300, "{above} of 4000 new rows lie above the median of the fitted ones");
}

#[test]
fn the_same_bits_come_from_any_number_of_threads() {
    let text = table(70_000, 4, false);
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let learned = learn(&text, BOTH);
            let found = learned.profile(&text);
            (
                serde_json::to_string(&learned.bins.derived).unwrap(),
                serde_json::to_string(&found).unwrap(),
            )
        })
    };
    assert_eq!(of(1), of(3));
}

#[test]
fn a_missing_value_counts_as_the_mean_and_a_row_mostly_missing_has_no_score() {
    let learned = learn(
        &table(3_000, 5, false),
        r#"[{"name":"in","columns":["a","b","c"]},{"name":"note","prefix":"e_"}]"#,
    );
    let scores = &learned.bins.derived.scores[0];
    let (a, b, c) = (scores.means[0], scores.means[1], scores.means[2]);
    let text = format!(
        "a,b,c,d,e_0,e_1,e_2\n{a},{b},{c},4.5,0,0,0\n,{b},{c},4.5,0,0,0\n{a},inf,{c},4.5,0,0,0\n,,{c},4.5,,,0\n"
    );
    let (_folder, file) = file(&text);
    let mut values = Vec::new();
    file.for_each_typed_chunk(&learned.schema, |_, frame| {
        let (series, _) = score_frame(scores, frame)?;
        values.extend(series[0].f64()?.iter());
        Ok(())
    })
    .unwrap();
    let small = |value: Option<f64>| value.is_some_and(|value| value < 1e-9);
    assert!(small(values[0]) && small(values[1]) && small(values[2]), "{values:?}");
    assert_eq!(values[3], None);
}

#[test]
fn an_embedding_in_one_column_has_the_scores_of_one_in_three() {
    let text = table(3_000, 9, false);
    let apart = learn(&text, r#"[{"name":"note","prefix":"e_"}]"#);
    let mut lines = String::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let _ = writeln!(lines, r#"{{"e":[{},{},{}]}}"#, cells[4], cells[5], cells[6]);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.ndjson");
    std::fs::write(&path, lines).unwrap();
    let text = r#"{"schema":"driftledger/schema/v1","columns":[{"name":"e","role":"embedding","type":"vector(3)"}],
        "scores":[{"name":"note","columns":["e"]}]}"#;
    let schema = TableSchema::parse(text.as_bytes()).unwrap();
    let (scores, frozen) = learn_scores(&TableFile::open(&path, None).unwrap(), &schema).unwrap();
    assert_eq!(scores[0].columns, ["e[1]", "e[2]", "e[3]"]);
    let same = &apart.bins.derived.scores[0];
    assert_eq!((&scores[0].means, &scores[0].loadings), (&same.means, &same.loadings));
    for (index, name) in ["note.t2", "note.spe", "note.distance"].into_iter().enumerate() {
        assert_eq!(scores[0].names()[index], name);
        let counted = |profile: &FeatureProfile| serde_json::to_string(profile).unwrap();
        assert_eq!(counted(&frozen[index].1), counted(&apart.counts[index]), "{name}");
    }
    for (wrong, part) in [("vector(4)", "4 numbers"), ("float", "type")] {
        let schema = TableSchema::parse(text.replace("vector(3)", wrong).as_bytes());
        let found = schema.and_then(|schema| learn_scores(&TableFile::open(&path, None)?, &schema));
        let said = found.unwrap_err().to_string();
        assert!(said.contains(part) || said.contains("two or more"), "{wrong}: {said}");
    }
}

#[test]
fn far_values_do_not_overflow_and_directions_are_of_length_one() {
    let learned = learn(&table(3_000, 6, false), BOTH);
    let found = learned.profile("a,b,c,d,e_0,e_1,e_2\n1e300,-1e300,1e308,4.5,-1e300,1,2\n");
    assert!(found.scores.iter().flat_map(|s| s.t2.iter().chain(&s.spe)).all(|x| x.is_finite()));
    for direction in &learned.bins.derived.scores[1].directions {
        assert!((direction.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
    }
    let (a, b) = (
        FrozenScores::draw_directions("x", &["a".into(), "b".into()], 2),
        FrozenScores::draw_directions("y", &["a".into(), "b".into()], 2),
    );
    assert_ne!(a, b);
}

#[test]
fn rows_of_one_cluster_are_in_one_half() {
    let text = r#"{"schema":"driftledger/schema/v1","cluster_by":"plate","columns":[
        {"name":"plate","role":"ignore","type":"int"},
        {"name":"a","role":"feature","type":"float","kind":"continuous"},
        {"name":"b","role":"feature","type":"float","kind":"continuous"}],"scores":[{"name":"in"}]}"#;
    let schema = TableSchema::parse(text.as_bytes()).unwrap();
    let mut draws = Draws::new([8; 32]);
    let mut rows = "plate,a,b\n".to_owned();
    for row in 0..1_000 {
        let _ = writeln!(rows, "{},{},{}", row / 10, draws.normal(), draws.normal());
    }
    let (_folder, file) = file(&rows);
    let (scores, _) = learn_scores(&file, &schema).unwrap();
    assert_eq!((scores[0].rows_held % 10, scores[0].rows_fitted % 10), (0, 0));
    assert!((300..700).contains(&scores[0].rows_held), "{}", scores[0].rows_held);
}

#[test]
fn groups_that_cannot_be_scored_are_refused_with_the_reason() {
    let refused = |scores: &str| {
        let text = serde_json::to_string(&schema(BOTH)).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["scores"] = serde_json::from_str(scores).unwrap();
        TableSchema::parse(value.to_string().as_bytes()).unwrap_err().to_string()
    };
    for (scores, part) in [
        (r#"[{"name":"note","prefix":"e_"},{"name":"note"}]"#, "declared twice"),
        (r#"[{"name":"in"}]"#, "in no group"),
        (r#"[{"name":"in","columns":["a"]},{"name":"n","prefix":"e_"}]"#, "two or more"),
        (
            r#"[{"name":"in","columns":["a","z"]},{"name":"n","prefix":"e_"}]"#,
            "`z` is not a declared",
        ),
        (r#"[{"name":"","prefix":"e_"}]"#, "name is empty"),
        (r#"[{"name":"n","prefix":"e_","directions":65}]"#, "65 directions"),
    ] {
        let said = refused(scores);
        assert!(said.contains(part), "{scores}: {said}");
    }
    let few = file(&table(4, 1, false));
    let found = learn_scores(&few.1, &schema(BOTH)).unwrap_err().to_string();
    assert!(found.contains("rows to fit them on"), "{found}");
}
