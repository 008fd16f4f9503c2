//! `/system`: how it stands with the backups and the time stamps of the installation, how restores that were practised went,
//! and what was found before and after each upgrade.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::counted;
use crate::procedures::change_key::{KeyLine, read_keys};
use crate::procedures::record_drill::{DrillStanding, drills};
use crate::procedures::upgrade_store::upgrades;
use crate::procedures::watch_backups::{BackupState, BackupsView, backups};
use crate::procedures::watch_time_stamps::{StampState, StampsView, time_stamps};
use crate::store::upgrade::UpgradeRow;
use actix_web::get;
use askama::Template;

/// One fact, and the ledger entry that records it.
struct Fact {
    name: &'static str,
    value: Markup,
    entry: Option<u64>,
}

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    frame: Frame,
    /// How it stands with the backups, in a sentence.
    words: &'static str,
    is_bad: bool,
    facts: Vec<Fact>,
    /// The time to restore.
    kpi: Vec<Fact>,
    view: BackupsView,
    /// How it stands with the time stamps.
    stamps: Stamps,
    /// The last continuity drill, and when the next one is due.
    drill: DrillStanding,
    /// Upgrades of the store, newest first.
    upgrades: Vec<UpgradeRow>,
    keys: Vec<KeyLine>,
}

/// How it stands with the time stamps, for the page.
struct Stamps {
    words: &'static str,
    is_bad: bool,
    facts: Vec<Fact>,
    view: StampsView,
}

impl Stamps {
    fn of(view: StampsView) -> Self {
        let words = match view.standing.state {
            StampState::NotScheduled => "This server asks no time-stamp authority by itself.",
            StampState::Good => "Checkpoints are stamped as scheduled.",
            StampState::Failed => "The time-stamp authority gave no stamp.",
            StampState::Late => "There is no time stamp in time.",
        };
        let is_bad = matches!(view.standing.state, StampState::Failed | StampState::Late);
        Self { words, is_bad, facts: stamp_facts(&view), view }
    }
}

impl SystemPage {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates call methods of their page, with references"
    )]
    fn took(&self, milliseconds: &u64) -> String {
        seconds(*milliseconds)
    }
}

/// Milliseconds as seconds with one decimal.
fn seconds(milliseconds: u64) -> String {
    format!("{}.{}", milliseconds / 1000, milliseconds % 1000 / 100)
}

fn words(state: BackupState) -> &'static str {
    match state {
        BackupState::NotScheduled => "This server makes no backups by itself.",
        BackupState::Good => "Backups are made as scheduled.",
        BackupState::Failed => "The last backup failed.",
        BackupState::Late => "There is no good backup in time.",
    }
}

fn facts(view: &BackupsView) -> Vec<Fact> {
    let standing = &view.standing;
    let mut facts = Vec::new();
    if let Some(row) = &standing.schedule {
        let (every, keep) =
            (row.event.every_seconds.unwrap_or_default(), row.event.keep.unwrap_or_default());
        let every = jiff::SignedDuration::from_secs(i64::try_from(every).unwrap_or(i64::MAX));
        let text =
            format!("every {every:#} into `{}`; the newest {keep} are kept", row.event.place);
        facts.push(Fact {
            name: "Schedule",
            value: Markup::sentence(&text),
            entry: Some(row.entry),
        });
    }
    if let Some(row) = &standing.last_good {
        facts.push(Fact {
            name: "Last good one",
            value: Markup::time(&row.at),
            entry: Some(row.entry),
        });
    }
    if let Some(row) = &standing.failed {
        let value = Markup::sentence(&format!("{}: {}", row.at, row.event.detail));
        facts.push(Fact { name: "Failed since", value, entry: Some(row.entry) });
    }
    if let Some(by) = &standing.expected_by {
        facts.push(Fact { name: "Next expected by", value: Markup::time(by), entry: None });
    }
    facts
}

fn stamp_facts(view: &StampsView) -> Vec<Fact> {
    let standing = &view.standing;
    let mut facts = Vec::new();
    if let Some(row) = &standing.schedule {
        let every = row.event.every_seconds.unwrap_or_default();
        let every = jiff::SignedDuration::from_secs(i64::try_from(every).unwrap_or(i64::MAX));
        let value = Markup::sentence(&format!("every {every:#} from `{}`", row.event.authority));
        facts.push(Fact { name: "Schedule", value, entry: Some(row.entry) });
    }
    if let Some((row, stated)) =
        standing.last_kept.as_ref().and_then(|row| Some((row, row.event.content.as_ref()?)))
    {
        let of = counted(stated.entries, "ledger entry", "ledger entries");
        let value = Markup::sentence(&format!(
            "the first {of} existed by {}, stated by `{}`",
            stated.stated_at, stated.signer
        ));
        facts.push(Fact { name: "Last one", value, entry: Some(row.entry) });
    }
    if let Some(row) = &standing.failed {
        let value = Markup::sentence(&format!("{}: {}", row.at, row.event.detail));
        facts.push(Fact { name: "Failed since", value, entry: Some(row.entry) });
    }
    if let Some(by) = &standing.expected_by {
        facts.push(Fact { name: "Next expected by", value: Markup::time(by), entry: None });
    }
    facts
}

/// The time to restore, and what would have been lost, each with the entry of the test.
fn kpi(view: &BackupsView) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(time) = &view.time_to_restore {
        let newest = view.restore_tests.iter().find(|row| row.test.passed);
        let entry = newest.map(|row| row.entry);
        let value = Markup::text(&format!("{} s", seconds(time.newest_ms)));
        facts.push(Fact { name: "Time to restore, last test", value, entry });
        let of = counted(time.tests, "test", "tests");
        let value = Markup::text(&format!("{} s over {of} that passed", seconds(time.median_ms)));
        facts.push(Fact { name: "Time to restore, median", value, entry: None });
        if let Some(held) = newest.and_then(|row| row.test.content.as_ref()) {
            let lost = held.live_entries.saturating_sub(held.entries);
            let lost = counted(lost, "ledger entry", "ledger entries");
            let value = Markup::text(&format!("{} s, {lost}", seconds(held.lost_ms)));
            facts.push(Fact { name: "Would have been lost, last test", value, entry });
        }
    }
    facts
}

/// How it stands with the installation.
#[get("/system")]
pub(super) async fn show(visitor: Visitor) -> Answer {
    visitor
        .page(|visitor| {
            let frame = visitor.frame("System", Place::System);
            let view = backups(&visitor.store, &visitor.acting())?;
            let state = view.standing.state;
            let is_bad = matches!(state, BackupState::Failed | BackupState::Late);
            Ok(SystemPage {
                words: words(state),
                is_bad,
                facts: facts(&view),
                kpi: kpi(&view),
                view,
                drill: drills(&visitor.store, &visitor.acting())?.standing,
                stamps: Stamps::of(time_stamps(&visitor.store, &visitor.acting())?),
                upgrades: upgrades(&visitor.store, &visitor.acting())?,
                keys: read_keys(&visitor.store, &visitor.acting())?,
                frame,
            })
        })
        .await
}
