//! Silence: when a batch that should have come has not.
//!
//! No chance is involved, so silence costs nothing of the false-alarm budget. Two clocks tell it: the *event clock*, when
//! the next batch leaves a gap in the periods covered, and the *wall clock*, when nothing arrives by the due time.

use super::policy::Policy;
use jiff::{SignedDuration, Timestamp};

/// What is known of the last batch of a version; before the first one, the version's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastBatch {
    /// End of the period it covers, if it named one.
    pub covered_until: Option<Timestamp>,
    /// When it arrived.
    pub received: Timestamp,
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Whole days that no batch covers between `previous_end` and `start`, if they are so many that a batch is missing.
/// `None` without a cadence.
pub fn gap_days(policy: &Policy, previous_end: Timestamp, start: Timestamp) -> Option<i64> {
    let cadence = policy.cadence?;
    let gap = start.duration_since(previous_end).as_secs() / 86_400;
    (gap >= cadence.days_min() + i64::from(policy.grace_days)).then_some(gap)
}

/// When the batch after `last` is due by the wall clock: one longest period and the grace days after the period that is
/// covered. A history that is delivered afterwards (its last period ended more than that before it arrived) counts from
/// its arrival. `None` without a cadence.
pub fn due(policy: &Policy, last: LastBatch) -> Option<Timestamp> {
    let allowed = days(policy.cadence?.days_max() + i64::from(policy.grace_days));
    let from = match last.covered_until {
        Some(end) if last.received.duration_since(end) <= allowed => end,
        _ => last.received,
    };
    from.checked_add(allowed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::policy::Cadence;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn monthly(grace_days: u32) -> Policy {
        Policy { cadence: Some(Cadence::Monthly), grace_days, ..Policy::default() }
    }

    #[test]
    fn a_missing_month_is_a_gap_and_the_next_month_is_none() {
        let end = at("2026-02-01T00:00:00Z");
        assert_eq!(gap_days(&monthly(0), end, end), None);
        assert_eq!(gap_days(&monthly(0), end, at("2026-03-01T00:00:00Z")), Some(28));
        assert_eq!(gap_days(&monthly(3), end, at("2026-03-01T00:00:00Z")), None);
        assert_eq!(gap_days(&Policy::default(), end, at("2027-03-01T00:00:00Z")), None);
    }

    #[test]
    fn a_live_feed_is_due_after_its_period_and_a_history_after_its_arrival() {
        let live = LastBatch {
            covered_until: Some(at("2026-11-01T00:00:00Z")),
            received: at("2026-11-20T00:00:00Z"),
        };
        assert_eq!(due(&monthly(5), live), Some(at("2026-12-07T00:00:00Z")));
        let history = LastBatch { covered_until: Some(at("1986-11-01T00:00:00Z")), ..live };
        assert_eq!(due(&monthly(5), history), Some(at("2026-12-26T00:00:00Z")));
        let unnamed = LastBatch { covered_until: None, ..live };
        assert_eq!(due(&monthly(0), unnamed), Some(at("2026-12-21T00:00:00Z")));
        assert_eq!(due(&Policy::default(), live), None);
    }
}
