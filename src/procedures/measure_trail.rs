//! Procedure: make a data folder with a long audit trail, and measure how long questions to it take.
//!
//! 1. make a store whose entries are dated over a year: forty actors, six types, twenty thousand things
//! 2. ask who, what, when and record, in the combinations people ask, for things drawn by chance

use super::administer::{create_account, create_store, host};
use super::read_ledger::{TrailQuestion, audit_trail};
use crate::access::role::Role;
use crate::clock::{self, Clock};
use crate::digest::keyed_u64;
use crate::error::{Error, Result};
use crate::ledger::entry::{Actor, EntryType, Subject};
use crate::store::Store;
use std::path::Path;
use std::time::Instant;

const ACTORS: u64 = 40;
const THINGS: u64 = 20_000;
const KINDS: [EntryType; 6] = [
    EntryType::RunLog,
    EntryType::ExperimentChange,
    EntryType::ModelChange,
    EntryType::DraftChange,
    EntryType::LoggedModelChange,
    EntryType::RunState,
];
/// Threads that write the trail.
const WRITERS: u64 = 64;
/// Rows of a page of the trail.
const PAGE_ROWS: u64 = 50;
/// How often each kind of question is asked.
const ASKED: u64 = 50;
/// The first entry's time; the others follow over a year.
const START: jiff::Timestamp = jiff::Timestamp::constant(1_735_689_600, 0);
const YEAR_MS: u64 = 365 * 24 * 3_600_000;

/// How long questions of one kind took, milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// What was asked for.
    pub asked: &'static str,
    /// Half of the questions took at most this.
    pub median_ms: f64,
    /// 95 of 100 questions took at most this.
    pub p95_ms: f64,
}

/// Draws a number below `below`, the same every time.
fn draw(number: u64, salt: u64, below: u64) -> u64 {
    keyed_u64(&[11; 32], &[number.to_le_bytes(), salt.to_le_bytes()].concat()) % below
}

/// Makes the data folder `folder` with a trail of `entries` entries; the same every time but for ids and the order of entries.
///
/// # Errors
///
/// Those of the store.
pub fn make_trail(folder: &Path, entries: u64) -> Result<()> {
    let store = create_store(folder, Clock::fixed(START))?;
    create_account(&store, &host(), ("bench", "Bench"), Role::Qa)?;
    let one = |number: u64| {
        let actor = Actor::new(actor_id(draw(number, 0, ACTORS)), "data_scientist", "token");
        let kind = KINDS[draw(number, 1, KINDS.len() as u64) as usize];
        let thing = thing_id(draw(number, 2, THINGS));
        store.write(&actor, kind, |tx| {
            tx.subject(Subject::new("measured", &thing));
            tx.insert_tag(&thing, "measured", Some(&format!("value {number}")))?;
            // Here nobody else writes: the times of the trail never fall.
            store.clock().set(time_of(tx.index(), entries));
            Ok::<_, Error>(())
        })?;
        Ok::<_, Error>(())
    };
    std::thread::scope(|scope| {
        let part = |writer: u64| (writer..entries).step_by(WRITERS as usize).try_for_each(one);
        let threads: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || part(writer))).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

fn actor_id(number: u64) -> String {
    format!("ac_measured_{number}")
}

fn thing_id(number: u64) -> String {
    format!("th_measured_{number}")
}

fn time_of(index: u64, entries: u64) -> jiff::Timestamp {
    let ms = u128::from(index) * u128::from(YEAR_MS) / u128::from(entries.max(1));
    START + jiff::SignedDuration::from_millis(ms as i64)
}

/// Asks the trail in `folder`, which has about `entries` entries, each kind of question many times.
///
/// # Errors
///
/// Those of the store.
pub fn measure_trail(folder: &Path, entries: u64) -> Result<Vec<Answered>> {
    let store = Store::open(folder, Clock::system())?;
    let kinds: [(&'static str, [bool; 4]); 8] = [
        ("who", [true, false, false, false]),
        ("what", [false, true, false, false]),
        ("when", [false, false, true, false]),
        ("record", [false, false, false, true]),
        ("who and what", [true, true, false, false]),
        ("who, what and when", [true, true, true, false]),
        ("what and record", [false, true, false, true]),
        ("who, what, when and record", [true, true, true, true]),
    ];
    let mut answered = Vec::new();
    for (asked, [who, what, when, record]) in kinds {
        let mut took = Vec::new();
        for number in 0..ASKED {
            let from = draw(number, 5, entries);
            let given = |given: bool, text: String| if given { text } else { String::new() };
            let question = TrailQuestion {
                before: None,
                actor: given(who, actor_id(draw(number, 3, ACTORS))),
                kind: given(what, KINDS[draw(number, 4, KINDS.len() as u64) as usize].to_string()),
                record: given(record, thing_id(draw(number, 6, THINGS))),
                from: given(when, clock::rfc3339(time_of(from, entries))),
                until: given(when, clock::rfc3339(time_of(from + entries / 12, entries))),
            };
            let started = Instant::now();
            let page = audit_trail(&store, &host(), &question.filter()?, PAGE_ROWS)?;
            took.push(started.elapsed().as_secs_f64() * 1e3);
            std::hint::black_box(page);
        }
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took[((took.len() as f64 * share).ceil() as usize).max(1) - 1];
        answered.push(Answered { asked, median_ms: at(0.5), p95_ms: at(0.95) });
    }
    Ok(answered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_trail_is_whole_and_its_times_never_fall() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        make_trail(&path, 300).unwrap();
        assert_eq!(crate::store::check::check(&path, &mut |_| ()).unwrap(), []);
        assert_eq!(measure_trail(&path, 300).unwrap().len(), 8);
    }
}
