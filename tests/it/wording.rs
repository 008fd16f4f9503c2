//! What the program says to people who sign: the promise with its conditions, and never a sentence that claims more.
//! Method: the texts of the sources, templates and documents, and the rendered documents of an evidence pack, are read as prose.

use crate::evidence::{Files, story};
use crate::harness::repository;
use driftledger::drift::promise::{NO_ALARM, conditions};
use std::path::Path;

/// Phrases that claim what no test can show.
const FORBIDDEN: [&str; 9] = [
    "95 % confident",
    "95% confident",
    "confident that",
    "confident there is no",
    "statistically significant",
    "significant drift",
    "significantly drifted",
    "p-value of the model",
    "guaranteed to detect",
];

/// Lower case, every run of white space one blank, line ends within string literals taken out.
fn prose(text: &str) -> String {
    let joined = text.replace("\\\n", " ").replace("&nbsp;", " ").replace('\u{a0}', " ");
    let comments = joined
        .lines()
        .map(|line| line.trim_start().trim_start_matches("//!").trim_start_matches('/'));
    comments.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The phrases found in a text.
fn claims(text: &str) -> Vec<&'static str> {
    let prose = prose(text);
    FORBIDDEN.into_iter().filter(|phrase| prose.contains(*phrase)).collect()
}

/// Every file below `folder` with one of these endings.
fn walk(folder: &Path, endings: &[&str], found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, endings, found);
        } else if path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)) {
            found.push(path);
        }
    }
}

#[test]
fn nothing_claims_confidence_in_the_absence_of_drift() {
    let mut files = vec![repository("README.md")];
    for folder in ["src", "docs", "clients"] {
        walk(&repository(folder), &["rs", "html", "md", "py"], &mut files);
    }
    assert!(files.len() > 150, "{}", files.len());
    let broken: Vec<String> = files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            claims(&text).into_iter().map(move |phrase| format!("{}: {phrase}", path.display()))
        })
        .collect();
    assert!(broken.is_empty(), "these say what nobody can know:\n  {}", broken.join("\n  "));
}

#[test]
fn the_search_finds_a_phrase_across_lines_and_signs() {
    assert_eq!(claims("we are 95\u{a0}%\n  confident"), ["95 % confident"]);
    assert_eq!(
        claims("\"a statistically \\\n     significant drift\""),
        ["statistically significant", "significant drift"]
    );
    assert!(claims("not shown either way").is_empty());
}

#[test]
fn the_document_of_a_report_prints_the_promise_its_conditions_and_what_no_alarm_means() {
    let files = Files::of(&story().whole);
    let mut documents = 0;
    for (name, bytes) in files.0.iter().filter(|(name, _)| name.ends_with(".html")) {
        let text = String::from_utf8_lossy(bytes).replace("&#39;", "'");
        assert!(claims(&text).is_empty(), "{name}: {:?}", claims(&text));
        if !text.contains("Drift report: ") {
            continue;
        }
        documents += 1;
        assert!(text.contains("at most one false alarm per 52 batches"), "{name}");
        assert!(text.contains(NO_ALARM), "{name}");
        let series = conditions(1).into_iter().filter(|condition| !condition.contains("99.8 %"));
        for condition in series {
            assert!(text.contains(&condition), "{name}: {condition}");
        }
        assert!(text.contains("99.8 % confidence"), "{name}");
    }
    assert!(documents > 0);
}
