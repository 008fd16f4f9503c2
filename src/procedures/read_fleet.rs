//! Procedure: say how every monitored version is, silence included.
//!
//! 1. check that the person may read
//! 2. in one snapshot: state, newest report, alerts and policy of every version whose life is not over
//! 3. say when its next batch is due, and how its alerts stand to the false alarms that the policy allows

use super::stored;
use super::watch_silence::due_after;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::drift::policy::Policy;
use crate::error::Result;
use crate::review::life_cycle::VersionState;
use crate::store::episodes::EpisodeCounts;
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{ReadTx, Store};

/// Whether a version's batches come as they should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The next batch is not due yet.
    InTime,
    /// The next batch is overdue.
    Silent,
    /// The policy names no cadence: nobody can tell whether a batch is missing.
    NoCadence,
    /// The version is suspended: no batch is expected.
    NotExpected,
}

/// How many alarms there were, beside how many false ones the policy allows for so many batches.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct AlarmBudget {
    /// Batches judged.
    pub batches: u64,
    /// N: at most one false alarm in so many batches, on average.
    pub batches_per_false_alarm: f64,
    /// batches / N: false alarms to expect at most so far, if nothing ever moved.
    pub allowed: f64,
    /// Drift alerts that opened.
    pub raised: u64,
}

/// One monitored version.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct FleetLine {
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// Where it stands in its life.
    pub state: VersionState,
    /// Monitor state after its newest batch: `quiet`, `watch` or `alarm`; nothing before the first.
    pub level: Option<String>,
    /// Worst verdict of its newest batch.
    pub verdict: Option<String>,
    /// Evidence after its newest batch, as a share of the alarm limit.
    pub meter: Option<f64>,
    /// Name of its newest batch.
    pub batch: Option<String>,
    /// Id of the report on it.
    pub report: Option<String>,
    /// When it was judged, UTC.
    pub judged_at: Option<String>,
    /// Whether batches come as they should.
    pub feed: Feed,
    /// When the next batch is due, UTC.
    pub next_due: Option<String>,
    /// Alerts by how far people have come.
    pub alerts: EpisodeCounts,
    /// Alarms beside the false ones that are allowed.
    pub budget: AlarmBudget,
}

/// All of them in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct FleetTotals {
    /// Versions whose life is not over.
    pub versions: u64,
    /// Of these in use.
    pub in_use: u64,
    /// With an alarm in their newest batch.
    pub alarm: u64,
    /// With evidence beyond half the limit in their newest batch.
    pub watch: u64,
    /// Silent.
    pub silent: u64,
    /// In use without a cadence: their silence goes unnoticed.
    pub unwatched: u64,
    /// Alerts that are not decided.
    pub open_alerts: u64,
    /// Of these acknowledged by nobody.
    pub unacknowledged: u64,
    /// Batches judged.
    pub batches: u64,
    /// Drift alerts that opened.
    pub raised: u64,
    /// False alarms to expect at most so far.
    pub allowed: f64,
}

/// Every monitored version.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Fleet {
    /// When, UTC.
    pub as_of: String,
    /// All in numbers.
    pub totals: FleetTotals,
    /// Those that need a look first.
    pub versions: Vec<FleetLine>,
}

/// Every version whose life is not over, those that need a look first.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn fleet(store: &Store, acting: &Acting) -> Result<Fleet> {
    acting.permit(Action::Read)?;
    let now = store.clock().now();
    let mut versions = store.read(|tx| {
        let counts = tx.episode_counts()?;
        let mut lines = Vec::new();
        for row in tx.versions(None)? {
            let state = tx.version_state(&row.id)?;
            if !state.is_over() {
                let alerts = counts.get(&row.id).copied().unwrap_or_default();
                lines.push(line(tx, &row, (state, alerts), now)?);
            }
        }
        Ok::<_, crate::error::Error>(lines)
    })?;
    let level = |line: &FleetLine| match line.level.as_deref() {
        Some("alarm") => 0,
        _ if line.feed == Feed::Silent => 1,
        _ if line.alerts.open > 0 => 2,
        Some("watch") => 3,
        _ => 4,
    };
    versions.sort_by(|a, b| {
        (level(a), a.state != VersionState::InUse, &a.model, &a.version).cmp(&(
            level(b),
            b.state != VersionState::InUse,
            &b.model,
            &b.version,
        ))
    });
    let as_of = clock::rfc3339(now);
    Ok(Fleet { as_of, totals: totals(&versions), versions })
}

fn line(
    tx: &ReadTx<'_>,
    row: &VersionRow,
    (state, alerts): (VersionState, EpisodeCounts),
    now: jiff::Timestamp,
) -> Result<FleetLine> {
    let last = tx.reports(&row.id, 1)?.pop();
    let covering = tx.latest_covering(&row.id)?;
    let policy = tx.frozen(FrozenKind::Policy, &row.id)?;
    let policy: Policy = match policy {
        Some(policy) => stored(&policy.document)?,
        None => Policy::default(),
    };
    let due = due_after(&policy, row, covering.as_ref());
    let feed = match due {
        _ if state == VersionState::Suspended => Feed::NotExpected,
        None => Feed::NoCadence,
        Some(due) if now >= due => Feed::Silent,
        Some(_) => Feed::InTime,
    };
    let batches = last.as_ref().map_or(0, |report| report.number);
    let n = policy.batches_per_false_alarm;
    Ok(FleetLine {
        model: row.model.clone(),
        version: row.version.clone(),
        state,
        feed,
        next_due: due.filter(|_| feed != Feed::NotExpected).map(clock::rfc3339),
        alerts,
        budget: AlarmBudget {
            batches,
            batches_per_false_alarm: n,
            allowed: batches as f64 / n,
            raised: alerts.drift,
        },
        level: last.as_ref().map(|report| report.state.clone()),
        verdict: last.as_ref().map(|report| report.verdict.clone()),
        meter: last.as_ref().map(|report| report.meter),
        judged_at: last.as_ref().map(|report| report.at.clone()),
        report: last.as_ref().map(|report| report.id.clone()),
        batch: last.map(|report| report.batch),
    })
}

fn totals(lines: &[FleetLine]) -> FleetTotals {
    let count =
        |is: &dyn Fn(&FleetLine) -> bool| lines.iter().filter(|line| is(line)).count() as u64;
    let sum = |of: &dyn Fn(&FleetLine) -> u64| lines.iter().map(of).sum();
    FleetTotals {
        versions: lines.len() as u64,
        in_use: count(&|line| line.state == VersionState::InUse),
        alarm: count(&|line| line.level.as_deref() == Some("alarm")),
        watch: count(&|line| line.level.as_deref() == Some("watch")),
        silent: count(&|line| line.feed == Feed::Silent),
        unwatched: count(&|line| line.feed == Feed::NoCadence && line.state == VersionState::InUse),
        open_alerts: sum(&|line| line.alerts.open),
        unacknowledged: sum(&|line| line.alerts.unacknowledged),
        batches: sum(&|line| line.budget.batches),
        raised: sum(&|line| line.budget.raised),
        allowed: lines.iter().map(|line| line.budget.allowed).sum(),
    }
}
