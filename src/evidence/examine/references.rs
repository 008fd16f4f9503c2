//! References and policies that came into force after registration: by a proposal that two people signed, learnt from batches that had been
//! judged, and starting without evidence.

use super::changes::Signatures;
use super::frozen::Judge;
use super::{Examiner, Row, is_canonical};
use crate::digest;
use crate::drift::assess::MonitorState;
use crate::drift::reference_move::{SeriesMove, series_moves, unlike_rows};
use crate::drift::report::DriftReport;
use crate::evidence::shape::{unfit_reference, unfit_report};
use crate::review::decision::Decision;
use crate::review::record_signature::RecordSignature;
use crate::review::reference_proposal::{ReferenceProposal, next_signature};
use crate::review::signature::Meaning;
use std::rc::Rc;

/// The record table of proposals.
const PROPOSALS: &str = "reference_proposal";
/// Numbers of another build may differ by that much.
const TOLERANCE: f64 = 1e-9;

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

/// Whether both say the same of every series.
fn same_moves(again: &[SeriesMove], stated: &[SeriesMove]) -> bool {
    let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE,
        (a, b) => a.is_none() && b.is_none(),
    };
    again.len() == stated.len()
        && again.iter().zip(stated).all(|(a, b)| {
            a.series == b.series
                && close(a.moved, b.moved)
                && close(a.tolerance_before, b.tolerance_before)
                && close(Some(a.tolerance), Some(b.tolerance))
        })
}

impl Examiner<'_> {
    /// Every proposal with its signatures; then everything that came into force.
    pub(super) fn references(&mut self, signatures: &mut Signatures) {
        for (key, row) in self.rows(PROPOSALS) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let of = (PROPOSALS, key.as_str());
            let columns = ("document", "sha256");
            let Some(proposal) = self.document::<ReferenceProposal>((of.0, of.1, &row), columns)
            else {
                continue;
            };
            self.examined.reference_proposals += 1;
            if !is_canonical(&proposal, row.text("document")) {
                self.trouble("document_invalid", of, "the proposal is not canonical JSON");
            }
            if let Err(error) = proposal.validate() {
                self.trouble("reference_not_valid", of, error.to_string());
            }
            self.same(of, "version", &proposal.version_id, row.text("version_id"));
            let in_force = self.proposal_signed((&key, &row), &signed);
            self.learnt_from_valid(of, &proposal, &signed);
            self.proposal_learnt(of, &row, &proposal);
            self.proposal_rests(of, &row, &proposal);
            self.came_into_force((&key, &row), &proposal, in_force);
        }
        self.nothing_else_in_force();
    }

    /// Signatures in their order; gives the entry of the second one.
    fn proposal_signed(
        &mut self,
        (key, row): (&str, &Row),
        signed: &[(String, RecordSignature)],
    ) -> Option<u64> {
        let mut in_order: Vec<(u64, &String, &RecordSignature)> = Vec::new();
        for (id, signature) in signed {
            let at = self.records.row("record_signature", id).map_or(u64::MAX, |row| entry(&row));
            in_order.push((at, id, signature));
        }
        in_order.sort_by_key(|(at, ..)| *at);
        let (mut so_far, mut in_force) = ((false, false), None);
        for (at, id, signature) in in_order {
            let of = ("record_signature", id.as_str());
            let sha256 = digest::sha256_hex(row.text("document").as_bytes());
            if signature.record.sha256 != sha256 {
                let detail =
                    format!("it signs {}, proposal `{key}` is {sha256}", signature.record.sha256);
                self.trouble("signature_of_other_bytes", of, detail);
            }
            match next_signature(&signature.signer, row.text("account_id"), so_far) {
                Err(error) => self.trouble("reference_not_permitted", of, error.to_string()),
                Ok(meaning) if meaning != signature.meaning => {
                    let (found, expected) = (signature.meaning.words(), meaning.words());
                    self.same(of, "meaning of the signature", found, expected);
                }
                Ok(Meaning::AuthoredReference) => so_far.0 = true,
                Ok(_) => (so_far.1, in_force) = (true, Some(at)),
            }
        }
        in_force
    }

    /// Nobody signs what is learnt from a batch that is invalid.
    fn learnt_from_valid(
        &mut self,
        of: (&str, &str),
        proposal: &ReferenceProposal,
        signed: &[(String, RecordSignature)],
    ) {
        let last = signed.iter().filter_map(|(id, _)| self.records.row("record_signature", id));
        let last = last.map(|row| entry(&row)).max();
        for batch in &proposal.batches {
            let invalid = self.invalid_at(&batch.id);
            if last.zip(invalid).is_some_and(|(last, invalid)| invalid < last) {
                let detail =
                    format!("it was signed after its batch `{}` was marked as invalid", batch.name);
                self.trouble("reference_not_learnt", of, detail);
            }
        }
    }

    /// Its batches and reports are there, were judged with what it follows, and add up; every series moved as it says.
    fn proposal_learnt(&mut self, of: (&str, &str), row: &Row, proposal: &ReferenceProposal) {
        let judges: Vec<Rc<Judge>> = self.judges_of(&proposal.version_id);
        let follows = &proposal.follows;
        let before = judges.iter().position(|judge| judge.monitor.1 == follows.monitor_sha256);
        let in_force = judges.iter().rposition(|judge| judge.entry < entry(row));
        let Some(before) = before.filter(|at| Some(*at) == in_force) else {
            let detail = "it follows another monitor than was in force when it was proposed";
            return self.trouble("record_disagrees", of, detail);
        };
        let judge = Rc::clone(&judges[before]);
        self.same(of, "reference it follows", &follows.reference_sha256, &judge.reference.1);
        self.same(of, "policy it follows", &follows.policy_sha256, &judge.policy_sha256);
        if follows.revision != before as u64 + 1 {
            let detail =
                format!("it follows revision {}, expected {}", follows.revision, before + 1);
            self.trouble("record_disagrees", of, detail);
        }
        let Some(reports) = self.learnt_reports((of, row), proposal, &judge) else { return };
        if let Some(reference) = &proposal.reference {
            let unfit = unfit_reference(reference).or_else(|| unlike_rows(reference, &reports));
            if let Some(detail) = unfit {
                return self.trouble("reference_not_learnt", of, detail);
            }
        }
        let after = judges.get(before + 1).filter(|after| self.is_from(after, of.1)).cloned();
        let again = after.map(|after| series_moves(&judge.monitor.0, &after.monitor.0, &reports));
        if again.is_some_and(|again| !same_moves(&again, &proposal.series)) {
            let detail =
                "what it says moved, or is tolerated, is not what counts and score cards say";
            self.trouble("reference_not_learnt", of, detail);
        }
    }

    /// The reports of the batches it names; nothing where one of them is another one.
    fn learnt_reports(
        &mut self,
        (of, row): ((&str, &str), &Row),
        proposal: &ReferenceProposal,
        judge: &Judge,
    ) -> Option<Vec<DriftReport>> {
        let mut reports = Vec::new();
        for named in &proposal.batches {
            let report_row = self.records.row("report", &named.report);
            let Some((report_row, batch)) = report_row.zip(self.records.row("batch", &named.id))
            else {
                let detail = format!("batch `{}` or its report is not there", named.name);
                self.trouble("record_dangling", of, detail);
                return None;
            };
            self.same(of, "digest of a batch", &named.sha256, batch.text("sha256"));
            self.same(of, "batch of a report", &named.id, report_row.text("batch_id"));
            let sha256 = digest::sha256_hex(report_row.text("document").as_bytes());
            self.same(of, "digest of a report", &named.report_sha256, &sha256);
            if entry(&report_row) >= entry(row) {
                let detail = "a batch it is learnt from was judged after it was proposed";
                self.trouble("record_disagrees", of, detail);
            }
            let report = serde_json::from_str::<DriftReport>(report_row.text("document")).ok();
            let fits = report.filter(|report| {
                report.context.monitor_sha256 == judge.monitor.1
                    && unfit_report(report, &judge.reference.0).is_none()
            });
            let Some(report) = fits else {
                let detail = "a batch was judged with another monitor than it follows";
                self.trouble("record_disagrees", of, detail);
                return None;
            };
            reports.push(report);
        }
        Some(reports)
    }

    /// The decision it rests on was signed before, and accepts the change.
    fn proposal_rests(&mut self, of: (&str, &str), row: &Row, proposal: &ReferenceProposal) {
        if let Some(alert) = &proposal.alert {
            let decision = self.records.row("decision", &alert.decision);
            let signed = self.rows("signature").into_iter().find(|(_, signature)| {
                signature.text("decision_id") == alert.decision && entry(signature) < entry(row)
            });
            let Some(decision) = decision.filter(|_| signed.is_some()) else {
                let detail = "no signed decision stands before it that it could rest on";
                return self.trouble("reference_not_accepted", of, detail);
            };
            self.same(of, "alert of the decision", &alert.episode, decision.text("episode_id"));
            let sha256 = digest::sha256_hex(decision.text("document").as_bytes());
            self.same(of, "digest of the decision", &alert.decision_sha256, &sha256);
            let code =
                serde_json::from_str::<Decision>(decision.text("document")).map(|d| d.code).ok();
            if code != Some(alert.code) || !alert.code.accepts_change() {
                let detail = "the decision it rests on does not accept the change";
                self.trouble("reference_not_accepted", of, detail);
            }
            let episode = self.records.row("episode", &alert.episode);
            if episode.is_none_or(|episode| episode.text("version_id") != proposal.version_id) {
                self.trouble("reference_not_accepted", of, "its alert is not one of its version");
            }
        }
        if let Some(change) = &proposal.change {
            let found = self.records.row("change_record", &change.change);
            let fits = found.is_some_and(|found| {
                found.text("version_id") == proposal.version_id
                    && found.text("sha256") == change.change_sha256
                    && entry(&found) < entry(row)
            });
            if !fits {
                self.trouble(
                    "reference_not_accepted",
                    of,
                    "its change record is not one of its version before it",
                );
            }
        }
    }

    /// With the second signature, and only with it, what it proposes is in force.
    fn came_into_force(
        &mut self,
        (key, row): (&str, &Row),
        proposal: &ReferenceProposal,
        in_force: Option<u64>,
    ) {
        let of = (PROPOSALS, key);
        let monitors: Vec<(String, Row)> = self
            .rows("monitor")
            .into_iter()
            .filter(|(_, monitor)| monitor.optional("proposal_id") == Some(key))
            .collect();
        let at = match (in_force, monitors.as_slice()) {
            (None, []) => return,
            (Some(at), [(_, monitor)]) if entry(monitor) == at => at,
            (None, _) => {
                let detail = "a monitor of it is in force, and not two people signed it";
                return self.trouble("reference_not_signed", of, detail);
            }
            (Some(_), _) => {
                let detail =
                    "QA signed it, and the same entry does not hold exactly one monitor of it";
                return self.trouble("reference_not_in_force", of, detail);
            }
        };
        let (id, monitor) = &monitors[0];
        self.same(of, "version of its monitor", monitor.text("version_id"), row.text("version_id"));
        let place = self.judges_of(&proposal.version_id).iter().position(|judge| judge.entry == at);
        if place.is_some_and(|place| place as u64 + 1 != proposal.revision) {
            self.trouble("record_disagrees", of, "its monitor is another revision than it says");
        }
        let digest_of = |value: Option<Vec<u8>>| value.map(|bytes| digest::sha256_hex(&bytes));
        let reference = proposal.reference.as_ref().and_then(|r| digest::canonical_json(r).ok());
        let policy = proposal.policy.as_ref().and_then(|p| digest::canonical_json(p).ok());
        for (table, column, sha256, stays) in [
            ("reference", "reference_id", digest_of(reference), &proposal.follows.reference_sha256),
            ("policy", "policy_id", digest_of(policy), &proposal.follows.policy_sha256),
        ] {
            let Some(found) = self.named(("monitor", id, monitor), column, table) else { continue };
            let expected = sha256.as_ref().unwrap_or(stays);
            self.same(of, table, found.text("sha256"), expected);
            if sha256.is_some() && entry(&found) != at {
                self.trouble(
                    "record_disagrees",
                    of,
                    format!("the {table} came into force at another entry"),
                );
            }
        }
    }

    /// Whatever was not registered with its version came from a proposal.
    fn nothing_else_in_force(&mut self) {
        let monitors = self.rows("monitor");
        for table in ["reference", "policy", "monitor"] {
            for (key, row) in self.rows(table) {
                let registered = self.records.row("model_version", row.text("version_id"));
                if registered.is_none_or(|version| entry(&version) == entry(&row)) {
                    continue;
                }
                let of_proposal = monitors.iter().any(|(_, monitor)| {
                    entry(monitor) == entry(&row)
                        && monitor.text("version_id") == row.text("version_id")
                        && monitor.optional("proposal_id").is_some()
                });
                if !of_proposal {
                    let detail =
                        "it came after the registration of its version, and no proposal brought it";
                    self.trouble("reference_not_signed", (table, &key), detail);
                }
            }
        }
    }

    /// The monitors of a version, oldest first: its revisions.
    fn judges_of(&self, version_id: &str) -> Vec<Rc<Judge>> {
        let of_version = |judge: &&Rc<Judge>| judge.version == version_id;
        let mut judges: Vec<Rc<Judge>> = self.frozen.values().filter(of_version).cloned().collect();
        judges.sort_by_key(|judge| judge.entry);
        judges
    }

    fn is_from(&mut self, judge: &Judge, proposal: &str) -> bool {
        self.rows("monitor").iter().any(|(_, row)| {
            entry(row) == judge.entry && row.optional("proposal_id") == Some(proposal)
        })
    }

    /// A report is judged with what was in force at its entry, and says which revision that was.
    pub(super) fn revision_in_force(&mut self, of: (&str, &str), row: &Row, report: &DriftReport) {
        let judges = self.judges_of(row.text("version_id"));
        // A report that was computed again came later than its batch, and keeps what the batch was judged with.
        let came = self.records.row("batch", row.text("batch_id"));
        let came = came.map_or_else(|| entry(row), |batch| entry(&batch));
        let Some(at) = judges.iter().rposition(|judge| judge.entry < came) else { return };
        if judges[at].monitor.1 != report.context.monitor_sha256 {
            let detail = format!(
                "it was not judged with revision {} of the reference, which was in force",
                at + 1
            );
            self.trouble("reference_not_in_force", of, detail);
        }
        let stated = report.context.reference_revision;
        if stated.is_some_and(|stated| stated != at as u64 + 1) || stated.is_none() && at > 0 {
            let detail =
                format!("it says that it was judged with revision {stated:?}, expected {}", at + 1);
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// The first report of another reference starts without evidence.
    pub(super) fn starts_anew(
        &mut self,
        of: (&str, &str),
        report: &DriftReport,
        judge: Option<&Judge>,
    ) {
        let Some(judge) = judge else { return };
        if report.state_before.series != MonitorState::start(&judge.monitor.0).series {
            let detail =
                "it is the first of another reference, and does not start without evidence";
            self.trouble("report_out_of_order", of, detail);
        }
    }
}
