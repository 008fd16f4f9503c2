//! Reports: each is computed again from the counts and the state it stores.

use super::agreement::{Build, disagreement};
use super::frozen::Judge;
use super::invalidations::INVALIDATIONS;
use super::{AlertsOfReports, Examiner, Row};
use crate::digest;
use crate::drift::assess::MonitorState;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::report::{DriftReport, Frozen, REPORT_FORMAT};
use crate::evidence::shape::{unfit_report, unfit_state};
use crate::provenance::configuration::{Configuration, ConfigurationCheck, ConfigurationMatch};
use crate::provenance::registration::Registration;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// What the next report of a version must follow.
struct Previous {
    monitor: String,
    number: u64,
    after: MonitorState,
    batch: String,
    counts: String,
}

/// The reports in force of a version as far as they were read, and what has still to be judged again.
#[derive(Default)]
struct Chain {
    reports: u64,
    in_force: Vec<Previous>,
    waiting: VecDeque<Previous>,
    invalidation: String,
}

/// The counts that a report is computed from: these stay when it is computed again.
fn counts(report: &DriftReport) -> String {
    let profiles: Vec<_> = report.features.iter().map(|feature| &feature.profile).collect();
    let all = (profiles, &report.row_ids, &report.clusters, &report.segments, &report.scores);
    digest::canonical_json(&all).map(|bytes| digest::sha256_hex(&bytes)).unwrap_or_default()
}

impl Examiner<'_> {
    /// Reports are computed again, one after the other, oldest first.
    pub(super) fn reports(&mut self, progress: &mut dyn FnMut(u64, u64)) {
        let mut order: Vec<(String, u64, String)> = Vec::new();
        for key in self.records.keys("report") {
            match self.records.row("report", &key) {
                Some(row) => {
                    let number = row.number("number").unwrap_or(0);
                    self.act_of_report(&key, &row);
                    order.push((row.text("version_id").to_owned(), number, key));
                }
                None => self.trouble(
                    "record_unreadable",
                    ("report", &key),
                    "the row is not there or not JSON",
                ),
            }
        }
        order.sort();
        let total = order.len() as u64;
        let mut invalid = self.invalid_batches();
        let mut chains: HashMap<String, Chain> = HashMap::new();
        progress(0, total);
        for (done, (version, _, key)) in (1..).zip(order) {
            if let Some(row) = self.records.row("report", &key) {
                let chain = chains.entry(version.clone()).or_default();
                let entry = row.number("entry").unwrap_or(u64::MAX);
                let queue = invalid.entry(version).or_default();
                while queue.front().is_some_and(|(at, ..)| *at <= entry) {
                    self.leave_out(queue.pop_front(), chain);
                }
                self.report(&key, &row, chain);
            }
            progress(done, total);
        }
        for (version, queue) in invalid {
            let chain = chains.entry(version).or_default();
            for one in queue {
                self.leave_out(Some(one), chain);
            }
        }
        for chain in chains.into_values() {
            self.all_judged_again(&chain);
        }
    }

    /// The invalidations of every version, oldest first: ledger entry, id, batch.
    fn invalid_batches(&mut self) -> HashMap<String, VecDeque<(u64, String, String)>> {
        let mut rows = self.rows(INVALIDATIONS);
        rows.sort_by_key(|(_, row)| row.number("entry"));
        let mut found: HashMap<String, VecDeque<_>> = HashMap::new();
        for (key, row) in rows {
            let one =
                (row.number("entry").unwrap_or(u64::MAX), key, row.text("batch_id").to_owned());
            found.entry(row.text("version_id").to_owned()).or_default().push_back(one);
        }
        found
    }

    /// Takes an invalid batch out of the chain: every later one has to be judged again.
    fn leave_out(&mut self, one: Option<(u64, String, String)>, chain: &mut Chain) {
        let Some((_, id, batch)) = one else { return };
        self.all_judged_again(chain);
        chain.waiting.clear();
        let Some(place) = chain.in_force.iter().position(|report| report.batch == batch) else {
            let detail = format!("batch `{batch}` did not count when it was marked as invalid");
            return self.trouble("invalidation_not_valid", (INVALIDATIONS, &id), detail);
        };
        chain.waiting = chain.in_force.split_off(place).into_iter().skip(1).collect();
        chain.invalidation = id;
    }

    fn all_judged_again(&mut self, chain: &Chain) {
        if !chain.waiting.is_empty() {
            let detail = format!("{} later batches were not judged again", chain.waiting.len());
            self.trouble("report_out_of_order", (INVALIDATIONS, &chain.invalidation), detail);
        }
    }

    /// One report; it becomes the last of the chain.
    fn report(&mut self, key: &str, row: &Row, chain: &mut Chain) {
        let of = ("report", key);
        chain.reports += 1;
        let Some(report) = self.document::<DriftReport>((of.0, of.1, row), ("document", "sha256"))
        else {
            return;
        };
        self.examined.reports += 1;
        self.same(of, "format", &report.format, REPORT_FORMAT);
        self.row_agrees(of, row, &report);
        self.alarm_is_told(of, &report);
        self.batch_agrees(of, row, &report);
        if row.number("number") != Some(chain.reports) {
            let (found, expected) = (row.number("number"), chain.reports);
            let detail = format!("it is report {found:?} of its version, expected {expected}");
            self.trouble("report_out_of_order", of, detail);
        }
        let counts = counts(&report);
        self.judged_again(of, (row, &counts), chain);
        let previous = chain.in_force.last();
        let monitor = row.text("monitor_id").to_owned();
        let judge = self.frozen.get(&monitor).cloned();
        if let Some(judge) = &judge {
            self.reproduce(of, row, &report, judge);
        } else {
            let detail = format!(
                "monitor `{monitor}` is not there or not valid, so nothing can be computed again"
            );
            self.trouble("record_dangling", of, detail);
        }
        self.follows(
            of,
            &report,
            previous.filter(|before| before.monitor == monitor),
            judge.as_deref(),
        );
        if previous.is_some_and(|before| before.monitor != monitor) {
            self.starts_anew(of, &report, judge.as_deref());
        }
        self.revision_in_force(of, row, &report);
        self.earlier_named(of, &report, chain);
        let expected = previous.map_or(report.state_after.batches, |before| before.number + 1);
        if report.state_after.batches != expected {
            let found = report.state_after.batches;
            self.trouble(
                "report_out_of_order",
                of,
                format!("it is number {found}, expected {expected}"),
            );
        }
        chain.in_force.push(Previous {
            monitor,
            number: report.state_after.batches,
            after: report.state_after,
            batch: row.text("batch_id").to_owned(),
            counts,
        });
    }

    /// A report that was computed again is of the next batch that waits for it, from the same counts; any other is of a new batch.
    fn judged_again(&mut self, of: (&str, &str), (row, counts): (&Row, &str), chain: &mut Chain) {
        let batch = row.text("batch_id");
        let Some(id) = row.optional("invalidation_id") else {
            if chain.in_force.iter().any(|report| report.batch == batch) {
                let detail = "its batch was judged before, and it names no invalidation";
                self.trouble("report_out_of_order", of, detail);
            }
            self.all_judged_again(chain);
            chain.waiting.clear();
            return;
        };
        self.same(of, "invalidation", id, &chain.invalidation);
        let decided = self.records.row(INVALIDATIONS, id).and_then(|row| row.number("entry"));
        if decided != row.number("entry") {
            let detail = "it is not of the same ledger entry as its invalidation";
            self.trouble("report_out_of_order", of, detail);
        }
        let Some(former) = chain.waiting.pop_front() else {
            let detail = "no batch waits to be judged again";
            return self.trouble("report_out_of_order", of, detail);
        };
        self.same(of, "batch judged again", batch, &former.batch);
        self.same(of, "digest of its counts", counts, &former.counts);
    }

    /// The earlier batches that it calls by name have that number and that name.
    fn earlier_named(&mut self, of: (&str, &str), report: &DriftReport, chain: &Chain) {
        for (number, name) in &report.context.earlier_batches {
            let meant = chain.in_force.iter().find(|earlier| earlier.number == *number);
            let batch = meant.and_then(|earlier| self.records.row("batch", &earlier.batch));
            let known = batch.map_or_else(|| "none".to_owned(), |row| row.text("name").to_owned());
            self.same(of, "name of an earlier batch", name, &known);
        }
    }

    /// The columns of the row say what the document says.
    fn row_agrees(&mut self, of: (&str, &str), row: &Row, report: &DriftReport) {
        self.same(of, "verdict of the row", row.text("verdict"), report.verdict.word());
        self.same(of, "state of the row", row.text("state"), report.state.word());
        if row.real("meter") != Some(report.meter) {
            let detail = format!(
                "meter of the row is {:?}, the report says {}",
                row.real("meter"),
                report.meter
            );
            self.trouble("record_disagrees", of, detail);
        }
        let position = row.number("position").or(row.number("number"));
        if position != Some(report.state_after.batches) {
            let (found, expected) = (position, report.state_after.batches);
            self.trouble(
                "record_disagrees",
                of,
                format!("number of the row is {found:?}, expected {expected}"),
            );
        }
    }

    /// The report is about the batch its row names.
    fn batch_agrees(&mut self, of: (&str, &str), row: &Row, report: &DriftReport) {
        let context = &report.context;
        let Some(batch) = self.named((of.0, of.1, row), "batch_id", "batch") else { return };
        let Some(version) = self.named((of.0, of.1, row), "version_id", "model_version") else {
            return;
        };
        self.same(of, "batch id", &context.batch_id, row.text("batch_id"));
        self.same(of, "batch name", &context.batch, batch.text("name"));
        self.same(of, "digest of the batch", &context.batch_sha256, batch.text("sha256"));
        self.same(of, "version of the batch", batch.text("version_id"), row.text("version_id"));
        self.same(of, "model", &context.model, version.text("model"));
        self.same(of, "version", &context.version, version.text("version"));
        for (what, said, stored) in [
            ("start of the period", &context.period_start, batch.optional("period_start")),
            ("end of the period", &context.period_end, batch.optional("period_end")),
        ] {
            self.same(of, what, said.as_deref().unwrap_or("none"), stored.unwrap_or("none"));
        }
        if let Some(check) = &context.configuration {
            let registered = self.registered_configuration(row.text("version_id"));
            let stated = batch.optional("configuration").map(ToOwned::to_owned);
            let expected = ConfigurationCheck::of(registered.unwrap_or_default(), stated);
            if *check != expected {
                let detail =
                    "what it says about the configuration is not what batch and registration say";
                self.trouble("record_disagrees", of, detail);
            }
            if expected.outcome == ConfigurationMatch::Other && !self.is_alerted(of.1) {
                let detail = "its batch has another configuration than the registered one, and belongs to no alert about that";
                self.trouble("alert_not_raised", of, detail);
            }
        }
        if batch.number("rows") != Some(report.rows) {
            let detail =
                format!("it judges {} rows, the batch has {:?}", report.rows, batch.number("rows"));
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// The fingerprint of the configuration that a version is registered with.
    pub(super) fn registered_configuration(&mut self, version_id: &str) -> Option<String> {
        let row = self.records.row("model_version", version_id)?;
        let registration: Registration = serde_json::from_str(row.text("registration")).ok()?;
        Configuration::of(&registration).ok()?.fingerprint().ok()
    }

    /// The alerts that a report belongs to.
    fn alerts_of(&mut self, report_id: &str) -> Vec<Row> {
        let alerts = if let Some(alerts) = &self.alerts {
            Rc::clone(alerts)
        } else {
            let mut alerts = AlertsOfReports::new();
            for (_, row) in self.rows("episode_batch") {
                let (report, episode) = (row.text("report_id"), row.text("episode_id"));
                alerts.entry(report.to_owned()).or_default().push(episode.to_owned());
            }
            let alerts = Rc::new(alerts);
            self.alerts = Some(Rc::clone(&alerts));
            alerts
        };
        let of = alerts.get(report_id).into_iter().flatten();
        of.filter_map(|id| self.records.row("episode", id)).collect()
    }

    /// Whether a report belongs to an alert about its configuration.
    fn is_alerted(&mut self, report_id: &str) -> bool {
        let kind = EpisodeKind::OtherConfiguration.word();
        self.alerts_of(report_id).iter().any(|row| row.text("kind") == kind)
    }

    /// An alarm belongs to an alert over the series that it covers: nobody can take the alert away.
    fn alarm_is_told(&mut self, of: (&str, &str), report: &DriftReport) {
        let Some(alarm) = &report.alarm else { return };
        let covers = |row: &Row| {
            let opening = serde_json::from_str::<EpisodeOpening>(row.text("opening"));
            opening.is_ok_and(|opening| {
                opening.kind == EpisodeKind::Drift && opening.series == alarm.covers
            })
        };
        if !self.alerts_of(of.1).iter().any(covers) {
            let detail = format!(
                "it raised an alarm over {}, and no alert is about that",
                alarm.covers.join(", ")
            );
            self.trouble("alert_not_raised", of, detail);
        }
    }

    /// Computes the report again: the same bytes must come out where this build judged, else the same decisions and numbers.
    fn reproduce(&mut self, of: (&str, &str), row: &Row, report: &DriftReport, judge: &Rc<Judge>) {
        let context = &report.context;
        self.same(of, "version of the monitor", &judge.version, row.text("version_id"));
        self.same(of, "digest of the reference", &context.reference_sha256, &judge.reference.1);
        self.same(of, "digest of the policy", &context.policy_sha256, &judge.policy_sha256);
        self.same(of, "digest of the monitor", &context.monitor_sha256, &judge.monitor.1);
        let frozen = Frozen { reference: &judge.reference.0, monitor: &judge.monitor.0 };
        let unfit = unfit_report(report, frozen.reference);
        if let Some(detail) = unfit.or_else(|| unfit_state(report, frozen.monitor)) {
            self.trouble("report_not_reproduced", of, detail);
            return;
        }
        let by = Build::of(Some(&context.engine));
        self.examined.other_build += u64::from(by == Build::Other);
        match report.recompute(&frozen) {
            Ok(again) => {
                if let Some(place) = disagreement(row.text("document"), &again, by) {
                    let detail =
                        format!("computed again from its own counts it differs in {place}");
                    self.trouble("report_not_reproduced", of, detail);
                }
            }
            Err(error) => self.trouble("report_not_reproduced", of, error.to_string()),
        }
    }

    /// The state before a report is the state after the one before it, except where an alert closed: there a series starts
    /// anew.
    fn follows(
        &mut self,
        of: (&str, &str),
        report: &DriftReport,
        previous: Option<&Previous>,
        judge: Option<&Judge>,
    ) {
        let Some(judge) = judge else { return };
        let start = MonitorState::start(&judge.monitor.0);
        let (last, muted) = match previous {
            Some(previous) => (&previous.after, previous.after.muted.as_slice()),
            None => (&start, [].as_slice()),
        };
        let before = &report.state_before;
        if before.batches != last.batches && previous.is_some() {
            let detail =
                format!("it starts after {} batches, {} came before", before.batches, last.batches);
            self.trouble("report_out_of_order", of, detail);
        }
        let states = before.series.iter().zip(&last.series).zip(&start.series);
        for (series, ((found, last), start)) in judge.monitor.0.series.iter().zip(states) {
            let key = series.key();
            let restarted = muted.contains(&key) && !before.muted.contains(&key) && found == start;
            if found != last && !restarted && (previous.is_some() || before.batches == 0) {
                let detail = format!(
                    "the evidence of `{key}` does not start where the report before it ended"
                );
                self.trouble("report_out_of_order", of, detail);
                return;
            }
        }
    }
}
