//! What people answered: episodes, decisions, signatures.

use super::{Examiner, Row, is_canonical};
use crate::access::account::Account;
use crate::digest;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::report::DriftReport;
use crate::review::decision::{DECISION_FORMAT, Decision};
use crate::review::signature::{Meaning, SIGNATURE_FORMAT, Signature};
use crate::review::study_signature::{STUDY_SIGNATURE_FORMAT, StudySignature};

impl Examiner<'_> {
    /// An episode covers what the report or the evaluation that opened it alarmed about.
    pub(super) fn episodes(&mut self) {
        for (key, row) in self.rows("episode") {
            let of = ("episode", key.as_str());
            let opening: EpisodeOpening = match serde_json::from_str(row.text("opening")) {
                Ok(opening) => opening,
                Err(error) => {
                    self.trouble("document_invalid", of, error.to_string());
                    continue;
                }
            };
            self.same(of, "kind of the opening", opening.kind.word(), row.text("kind"));
            if opening.kind == EpisodeKind::Performance {
                self.performance_episode((&key, &row), &opening);
            }
            if opening.kind == EpisodeKind::Disagreement {
                self.disagreement_episode((&key, &row), &opening);
            }
            if opening.kind != EpisodeKind::Drift {
                continue;
            }
            let Some(report) = self.named((of.0, of.1, &row), "report_id", "report") else {
                continue;
            };
            self.same(of, "version", row.text("version_id"), report.text("version_id"));
            if row.number("entry") != report.number("entry") {
                let detail = "it was opened in another entry than the report that alarmed";
                self.trouble("record_disagrees", of, detail);
            }
            let report: Option<DriftReport> = serde_json::from_str(report.text("document")).ok();
            let alarmed = report.and_then(|report| report.alarm).map(|alarm| alarm.covers);
            if alarmed.as_ref() != Some(&opening.series) {
                let detail = "it covers other series than the report that opened it alarmed about";
                self.trouble("record_disagrees", of, detail);
            }
        }
    }

    /// Reports that belong to alerts are there, and so are the alerts.
    pub(super) fn joined(&mut self) {
        for (key, row) in self.rows("episode_batch") {
            let of = ("episode_batch", key.as_str(), &row);
            let (episode, report) =
                (self.named(of, "episode_id", "episode"), self.named(of, "report_id", "report"));
            if let (Some(episode), Some(report)) = (episode, report) {
                let (found, expected) = (report.text("version_id"), episode.text("version_id"));
                self.same((of.0, of.1), "version of its report", found, expected);
                if row.number("entry") < report.number("entry") {
                    let detail = "it names a report that came later";
                    self.trouble("record_disagrees", (of.0, of.1), detail);
                }
            }
        }
    }

    /// Decisions are what their row says, by whom it says, and cite reports that are there unchanged.
    pub(super) fn decisions(&mut self) {
        let episode_reports: Vec<(String, String)> = self
            .rows("episode_batch")
            .into_iter()
            .map(|(_, row)| (row.text("episode_id").to_owned(), row.text("report_id").to_owned()))
            .collect();
        for (key, row) in self.rows("decision") {
            let of = ("decision", key.as_str());
            let columns = ("document", "sha256");
            let Some(decision) = self.document::<Decision>((of.0, of.1, &row), columns) else {
                continue;
            };
            self.examined.decisions += 1;
            if !is_canonical(&decision, row.text("document")) {
                self.trouble("document_invalid", of, "the decision is not canonical JSON");
            }
            self.same(of, "format", &decision.format, DECISION_FORMAT);
            self.same(of, "id", &decision.id, &key);
            self.same(of, "episode", &decision.episode, row.text("episode_id"));
            self.same(of, "time of drafting", &decision.drafted_at, row.text("at"));
            self.account(of, &row, &decision.drafted_by);
            let episode = self.records.row("episode", &decision.episode);
            let version = episode
                .and_then(|episode| self.records.row("model_version", episode.text("version_id")));
            if let Some(version) = version {
                self.same(of, "model", &decision.model, version.text("model"));
                self.same(of, "version", &decision.version, version.text("version"));
            }
            for cited in &decision.reports {
                let listed = (decision.episode.clone(), cited.id.clone());
                if !episode_reports.contains(&listed) {
                    let detail =
                        format!("it cites report `{}`, which is not of its episode", cited.id);
                    self.trouble("record_disagrees", of, detail);
                }
                match self.records.row("report", &cited.id) {
                    None => {
                        let detail = format!("it cites report `{}`, which is not there", cited.id);
                        self.trouble("record_dangling", of, detail);
                    }
                    Some(report) => {
                        let found = digest::sha256_hex(report.text("document").as_bytes());
                        self.same(
                            of,
                            &format!("digest of cited report `{}`", cited.id),
                            &cited.sha256,
                            &found,
                        );
                    }
                }
            }
        }
    }

    /// Signatures are over the bytes of their decision, by somebody who did not draft it.
    pub(super) fn signatures(&mut self) {
        for (key, row) in self.rows("signature") {
            let of = ("signature", key.as_str());
            let columns = ("document", "sha256");
            let Some(signature) = self.document::<Signature>((of.0, of.1, &row), columns) else {
                continue;
            };
            self.examined.signatures += 1;
            if !is_canonical(&signature, row.text("document")) {
                self.trouble("document_invalid", of, "the signature is not canonical JSON");
            }
            self.same(of, "format", &signature.format, SIGNATURE_FORMAT);
            self.same(of, "id", &signature.id, &key);
            self.same(of, "decision", &signature.decision, row.text("decision_id"));
            let meaning = Meaning::ApprovesDecision.words();
            self.same(of, "meaning of the signature", signature.meaning.words(), meaning);
            self.same(of, "time of signing", &signature.signed_at, row.text("at"));
            self.account(of, &row, &signature.signer);
            let signed = (signature.decision_sha256.as_str(), signature.meaning);
            self.identified(of, &row, (&signature.signer, &signature.identified()), signed);
            let Some(decision) = self.named((of.0, of.1, &row), "decision_id", "decision") else {
                continue;
            };
            let found = digest::sha256_hex(decision.text("document").as_bytes());
            if signature.decision_sha256 != found {
                let detail =
                    format!("it signs {}, the decision is {found}", signature.decision_sha256);
                self.trouble("signature_of_other_bytes", of, detail);
            }
            self.cites_valid(of, &row, &decision);
            if decision.text("account_id") == row.text("account_id") {
                let name = &signature.signer.user_name;
                self.trouble(
                    "signed_by_drafter",
                    of,
                    format!("`{name}` drafted and signed the decision"),
                );
            }
        }
    }

    /// No batch that a decision rests on was marked as invalid between draft and signature.
    fn cites_valid(&mut self, of: (&str, &str), signature: &Row, decision: &Row) {
        let entry = |row: &Row| row.number("entry").unwrap_or_default();
        let between = entry(decision)..entry(signature);
        let cited = serde_json::from_str::<Decision>(decision.text("document"));
        for cited in cited.map(|decision| decision.reports).unwrap_or_default() {
            let Some(report) = self.records.row("report", &cited.id) else { continue };
            let batch = report.text("batch_id");
            if self.invalid_at(batch).is_some_and(|invalid| between.contains(&invalid)) {
                let detail =
                    format!("batch `{batch}` was marked as invalid between draft and signature");
                self.trouble("record_disagrees", of, detail);
            }
        }
    }

    /// Signatures of studies are over the bytes of their study, by somebody who did not attach it.
    pub(super) fn study_signatures(&mut self) {
        for (key, row) in self.rows("study_signature") {
            let of = ("study_signature", key.as_str());
            let columns = ("document", "sha256");
            let Some(signature) = self.document::<StudySignature>((of.0, of.1, &row), columns)
            else {
                continue;
            };
            self.examined.signatures += 1;
            if !is_canonical(&signature, row.text("document")) {
                self.trouble("document_invalid", of, "the signature is not canonical JSON");
            }
            self.same(of, "format", &signature.format, STUDY_SIGNATURE_FORMAT);
            self.same(of, "id", &signature.id, &key);
            self.same(of, "study", &signature.study, row.text("study_id"));
            let meaning = Meaning::ApprovesStudy.words();
            self.same(of, "meaning of the signature", signature.meaning.words(), meaning);
            self.same(of, "time of signing", &signature.signed_at, row.text("at"));
            self.account(of, &row, &signature.signer);
            let signed = (signature.study_sha256.as_str(), signature.meaning);
            self.identified(of, &row, (&signature.signer, &signature.identified()), signed);
            let Some(study) = self.named((of.0, of.1, &row), "study_id", "study") else { continue };
            let found = digest::sha256_hex(study.text("document").as_bytes());
            if signature.study_sha256 != found {
                let detail = format!("it signs {}, the study is {found}", signature.study_sha256);
                self.trouble("signature_of_other_bytes", of, detail);
            }
            if study.text("account_id") == row.text("account_id") {
                let name = &signature.signer.user_name;
                let detail = format!("`{name}` attached and signed the study");
                self.trouble("signed_by_drafter", of, detail);
            }
        }
    }

    /// The person in a document is the account its row names, with that account's names and its role at that time.
    pub(super) fn account(&mut self, of: (&str, &str), row: &Row, person: &Account) {
        self.same(of, "account", &person.id, row.text("account_id"));
        let Some(account) = self.named((of.0, of.1, row), "account_id", "account") else { return };
        self.same(of, "user name", &person.user_name, account.text("user_name"));
        self.same(of, "printed name", &person.printed_name, account.text("printed_name"));
        let role = self.role_at(&account, row.text("at"));
        self.same(of, "role", person.role.word(), &role);
    }

    /// The role of an account at a time: the newest grant in force then, else the one it was created with, if nobody had to
    /// approve that.
    pub(super) fn role_at(&mut self, account: &Row, at: &str) -> String {
        let id = account.text("id");
        let mut role = None;
        let requests = self.kept("role_request");
        let own: Vec<&(String, Row)> =
            requests.iter().filter(|(_, request)| request.text("account_id") == id).collect();
        for (_, answer) in self.kept("role_answer").iter() {
            let asked = answer.text("request_id");
            let Some((_, request)) = own.iter().find(|(key, _)| key == asked) else { continue };
            let in_force = answer.integer("granted") == Some(1)
                && answer.text("at") <= at
                && request.text("valid_from") <= at
                && request.optional("valid_until").is_none_or(|until| at < until);
            let entry = answer.number("entry");
            if in_force && role.as_ref().is_none_or(|(newest, _)| *newest < entry) {
                role = Some((entry, request.text("role").to_owned()));
            }
        }
        let waited = |(_, request): &&(String, Row)| request.integer("creates") == Some(1);
        match role {
            Some((_, role)) => role,
            None if own.iter().any(waited) => "none".to_owned(),
            None => account.text("role").to_owned(),
        }
    }
}
