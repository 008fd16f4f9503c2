//! Review of predictions: every sample adds up and is of batches that are there; every answer is about a case of its sample, by somebody
//! who may and did not make the version, the first one once a case and reading; a second reading is another person's, and a third
//! person's settles only what two differ about; every result is computed again from the answers before it, and its
//! evidence goes on from the result before.

use super::agreement::{Build, disagreement};
use super::{Examiner, is_canonical};
use crate::access::role::{Action, Role};
use crate::drift::episode::EpisodeOpening;
use crate::drift::performance::report::{ErrorState, Watch};
use crate::drift::policy::Policy;
use crate::evidence::records::Row;
use crate::review::reading::{CaseReadings, Reading};
use crate::review::review_answer::ReviewAnswer;
use crate::review::review_result::{REVIEW_RESULT_FORMAT, ReviewResult};
use crate::review::review_sample::ReviewSample;
use std::collections::BTreeMap;

const SAMPLES: &str = "review_sample";
const ANSWERS: &str = "review_answer";
const RESULTS: &str = "review_result";

/// A sample and the answers to it that hold, in the order of the ledger.
struct Known {
    row: Row,
    sample: ReviewSample,
    answers: Vec<Answered>,
    closed: Option<u64>,
}

struct Answered {
    id: String,
    entry: u64,
    account: String,
    said: ReviewAnswer,
}

/// Why the answer cannot be the reading of its case that it says; `None` where it can.
fn wrong_reading(of: &Known, account: &str, answer: &ReviewAnswer) -> Option<&'static str> {
    let before: Vec<ReviewAnswer> = of.answers.iter().map(|one| one.said.clone()).collect();
    let is_double = of.sample.case(answer.case).is_some_and(|case| case.second);
    let readings = CaseReadings::of(&before, answer.case);
    if readings.next(&of.sample, is_double) != Some(answer.reading) {
        return Some(
            "a second reading follows a first one, and a third settles what two differ about",
        );
    }
    let mut readers = of.answers.iter().filter(|one| one.said.case == answer.case);
    readers.any(|one| one.account == account).then_some("one person read the case twice")
}

impl Examiner<'_> {
    /// All samples, their answers, and what they came to.
    pub(super) fn review_samples(&mut self) {
        let mut known = BTreeMap::new();
        for (key, row) in self.rows(SAMPLES) {
            if let Some(sample) = self.review_sample(&key, &row) {
                known.insert(key, Known { row, sample, answers: Vec::new(), closed: None });
            }
        }
        let mut results = self.rows(RESULTS);
        results.sort_by_key(|(_, row)| row.number("entry"));
        for (key, row) in &results {
            if let Some(of) = known.get_mut(row.text("sample_id")) {
                if of.closed.is_some() {
                    let detail = "its sample was closed before";
                    self.trouble("review_sample_not_valid", (RESULTS, key), detail);
                }
                of.closed = of.closed.or(row.number("entry"));
            }
        }
        let mut answers = self.rows(ANSWERS);
        answers.sort_by_key(|(key, row)| (row.number("entry"), key.clone()));
        for (key, row) in &answers {
            if let Some(of) = known.get_mut(row.text("sample_id")) {
                self.review_answer((key, row), of);
            } else {
                let detail = "its sample is not there or not valid";
                self.trouble("record_dangling", (ANSWERS, key), detail);
            }
        }
        let mut states = BTreeMap::new();
        for (key, row) in &results {
            if let Some(of) = known.get(row.text("sample_id")) {
                self.review_result((key, row), of, &mut states);
            } else {
                let detail = "its sample is not there or not valid";
                self.trouble("record_dangling", (RESULTS, key), detail);
            }
        }
    }

    fn review_sample(&mut self, key: &str, row: &Row) -> Option<ReviewSample> {
        let of = (SAMPLES, key);
        let sample = self.document::<ReviewSample>((of.0, of.1, row), ("document", "sha256"))?;
        self.examined.review_samples += 1;
        if !is_canonical(&sample, row.text("document")) {
            self.trouble("document_invalid", of, "the sample is not canonical JSON");
        }
        if let Err(error) = sample.validate() {
            self.trouble("review_sample_not_valid", of, error.to_string());
            return None;
        }
        let cases = sample.cases.len().to_string();
        self.same(of, "number of cases", &cases, &row.number("cases").unwrap_or(0).to_string());
        if let Some(version) = self.named((of.0, of.1, row), "version_id", "model_version") {
            self.same(of, "model", &sample.model, version.text("model"));
            self.same(of, "version", &sample.version, version.text("version"));
        }
        for drawn in &sample.batches {
            let Some(batch) = self.records.row("batch", &drawn.id) else {
                let detail = format!("it names batch `{}`, which is not there", drawn.id);
                self.trouble("record_dangling", of, detail);
                continue;
            };
            self.same(of, "version of a batch", batch.text("version_id"), row.text("version_id"));
            self.same(of, "name of a batch", &drawn.name, batch.text("name"));
            self.same(of, "digest of a batch", &drawn.sha256, batch.text("sha256"));
            let rows = batch.number("rows").unwrap_or_default().to_string();
            self.same(of, "rows of a batch", &drawn.rows.to_string(), &rows);
        }
        self.by_whom(of, row, (&sample.drawn_by, Action::DrawReviewSample));
        Some(sample)
    }

    /// Whether the account is the one that the document names, in a role that may.
    fn by_whom(&mut self, of: (&str, &str), row: &Row, (named, action): (&str, Action)) {
        let Some(account) = self.named((of.0, of.1, row), "account_id", "account") else { return };
        self.same(of, "who it was", named, account.text("user_name"));
        let role = self.role_at(&account, row.text("at"));
        if !Role::parse(&role).is_ok_and(|role| action.roles().contains(&role)) {
            let detail = format!("a {role} may not {}", action.words());
            self.trouble("review_not_permitted", of, detail);
        }
    }

    fn review_answer(&mut self, (key, row): (&str, &Row), of_sample: &mut Known) {
        let of = (ANSWERS, key);
        let columns = ("document", "sha256");
        let Some(answer) = self.document::<ReviewAnswer>((of.0, of.1, row), columns) else {
            return;
        };
        self.examined.review_answers += 1;
        if !is_canonical(&answer, row.text("document")) {
            self.trouble("document_invalid", of, "the answer is not canonical JSON");
        }
        if let Err(error) = answer.validate(&of_sample.sample) {
            self.trouble("review_sample_not_valid", of, error.to_string());
            return;
        }
        self.same(of, "sample", &answer.sample_id, row.text("sample_id"));
        self.same(of, "digest of the sample", &answer.sample_sha256, of_sample.row.text("sha256"));
        let number = row.number("case_number").unwrap_or_default().to_string();
        self.same(of, "number of the case", &answer.case.to_string(), &number);
        let corrects = row.optional("corrects").unwrap_or("none");
        self.same(of, "what it corrects", answer.corrects.as_deref().unwrap_or("none"), corrects);
        let reading = row.optional("reading").unwrap_or(Reading::First.word());
        self.same(of, "reading", answer.reading.word(), reading);
        let action = match answer.reading {
            Reading::First | Reading::Second => Action::ReviewPredictions,
            Reading::Adjudication => Action::AdjudicateReadings,
        };
        self.by_whom(of, row, (&answer.answered_by, action));
        let entry = row.number("entry").unwrap_or_default();
        let version_id = of_sample.row.text("version_id").to_owned();
        let authors = self.makers(&version_id, entry);
        if authors.iter().any(|author| author.id == row.text("account_id")) {
            let detail = format!("{} made the version", answer.answered_by);
            self.trouble("review_not_permitted", of, detail);
        }
        let drawn = of_sample.row.number("entry").unwrap_or(u64::MAX);
        if entry <= drawn || of_sample.closed.is_some_and(|closed| entry >= closed) {
            let detail = "it came before its sample was drawn, or after it was closed";
            self.trouble("review_sample_not_valid", of, detail);
        }
        let its =
            |one: &&Answered| one.said.case == answer.case && one.said.reading == answer.reading;
        let last = of_sample.answers.iter().rev().find(its);
        let follows = match (last, &answer.corrects) {
            (None, None) => true,
            (Some(last), Some(corrects)) => {
                last.id == *corrects && last.account == row.text("account_id")
            }
            _ => false,
        };
        if !follows {
            let detail = "a case has one first answer, and who gave it corrects the last one";
            self.trouble("review_sample_not_valid", of, detail);
            return;
        }
        if answer.corrects.is_none()
            && let Some(detail) = wrong_reading(of_sample, row.text("account_id"), &answer)
        {
            self.trouble("review_reading_not_valid", of, detail);
            return;
        }
        let (id, account) = (key.to_owned(), row.text("account_id").to_owned());
        of_sample.answers.push(Answered { id, entry, account, said: answer });
    }

    fn review_result(
        &mut self,
        (key, row): (&str, &Row),
        of_sample: &Known,
        states: &mut BTreeMap<String, ErrorState>,
    ) {
        let of = (RESULTS, key);
        let columns = ("document", "sha256");
        let Some(result) = self.document::<ReviewResult>((of.0, of.1, row), columns) else {
            return;
        };
        self.examined.review_results += 1;
        self.same(of, "format", &result.format, REVIEW_RESULT_FORMAT);
        let version_id = row.text("version_id");
        self.same(of, "version", version_id, of_sample.row.text("version_id"));
        self.by_whom(of, row, (&result.closed_by, Action::DrawReviewSample));
        let Some(policy) = self.named((of.0, of.1, row), "policy_id", "policy") else { return };
        self.same(of, "version of the policy", policy.text("version_id"), version_id);
        let Ok(policy) = serde_json::from_str::<Policy>(policy.text("document")) else { return };
        let batches_per_false_alarm = policy.batches_per_false_alarm;
        let alarm = policy.performance.review_alarm.as_ref();
        let watch = alarm.map(|alarm| Watch { alarm, batches_per_false_alarm });
        let before = result.disagreement.as_ref().map(|evidence| evidence.before.clone());
        if let (Some(watch), Some(before)) = (watch, &before) {
            let detector = watch.alarm.detector();
            let last = states.get(version_id).cloned();
            let last = last.unwrap_or_else(|| ErrorState::start(&detector));
            if last.carried(&detector, before.muted) != *before {
                let detail = "the evidence does not start where the result before it ended";
                self.trouble("report_out_of_order", of, detail);
                return;
            }
        }
        let entry = row.number("entry").unwrap_or_default();
        let earlier = of_sample.answers.iter().filter(|answer| answer.entry < entry);
        let answers: Vec<ReviewAnswer> = earlier.map(|answer| answer.said.clone()).collect();
        let about = (row.text("sample_id"), of_sample.row.text("sha256"), &of_sample.sample);
        let by = (result.closed_by.as_str(), result.reason.as_deref());
        let again = ReviewResult::compose(about, &answers, watch, before, by);
        let again = again.map(|again| ReviewResult { engine: result.engine.clone(), ..again });
        let build = Build::of(Some(&result.engine));
        self.examined.other_build += u64::from(build == Build::Other);
        let differs = match &again {
            Ok(again) => disagreement(row.text("document"), again, build),
            Err(error) => Some(error.to_string()),
        };
        if let Some(place) = differs {
            let detail = format!("computed again from the answers it differs in {place}");
            self.trouble("review_result_not_reproduced", of, detail);
        }
        states.extend(result.disagreement.map(|evidence| (version_id.to_owned(), evidence.after)));
    }

    /// An episode about disagreement says what the result that opened it, in the same ledger entry, alarmed about.
    pub(super) fn disagreement_episode(
        &mut self,
        (key, row): (&str, &Row),
        opening: &EpisodeOpening,
    ) {
        let results = self.rows(RESULTS);
        let opened = results.iter().find(|(_, other)| other.number("entry") == row.number("entry"));
        let alarmed = opened
            .and_then(|(_, row)| serde_json::from_str::<ReviewResult>(row.text("document")).ok())
            .and_then(|result| result.opens());
        if alarmed.as_ref() != Some(opening) {
            let detail = "no result in its ledger entry alarmed about what it says";
            self.trouble("record_disagrees", ("episode", key), detail);
        }
    }
}
