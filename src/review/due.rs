//! By when somebody is expected to act: working days counted from when it began to wait.
//!
//! These are the targets the program ships with, not limits of a rule; a page that shows one says so.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Working days to acknowledge an alert.
pub const ALERT_DAYS: u32 = 1;
/// Working days to answer a request for a role.
pub const ROLE_DAYS: u32 = 1;
/// Working days for a signature that a version waits for.
pub const SIGNATURE_DAYS: u32 = 5;

/// The day by which something that has waited since `since` (UTC) is expected to be done: `working_days` later, Saturdays and Sundays
/// not counted.
pub fn due_on(since: &str, working_days: u32) -> Option<Date> {
    let mut day = day_of(since)?;
    let mut left = working_days;
    while left > 0 {
        day = day.checked_add(1.day()).ok()?;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    Some(day)
}

/// The day of a time such as `2026-11-23T17:48:24.132Z`, or of a day alone, UTC; nothing for what is neither.
pub fn day_of(at: &str) -> Option<Date> {
    at.get(..10)?.parse().ok()
}

/// Whether `due` has passed at `now` (UTC).
pub fn is_overdue(due: Date, now: Timestamp) -> bool {
    TimeZone::UTC.to_datetime(now).date() > due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_do_not_count_and_the_due_day_itself_is_in_time() {
        let due = |since: &str, days| due_on(since, days).unwrap().to_string();
        assert_eq!(due("2026-06-01T08:00:00.000Z", 1), "2026-06-02");
        assert_eq!(due("2026-06-05T08:00:00.000Z", 1), "2026-06-08");
        assert_eq!(due("2026-06-06T08:00:00.000Z", 1), "2026-06-08");
        assert_eq!(due("2026-06-01T23:59:59.999Z", 5), "2026-06-08");
        assert_eq!(due("2026-06-01T08:00:00.000Z", 0), "2026-06-01");
        assert_eq!(due_on("yesterday", 1), None);
        let day = due_on("2026-06-01T08:00:00.000Z", 1).unwrap();
        assert!(!is_overdue(day, "2026-06-02T23:59:59Z".parse().unwrap()));
        assert!(is_overdue(day, "2026-06-03T00:00:00Z".parse().unwrap()));
    }
}
