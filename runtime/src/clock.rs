//! The time of day, as a value that a test can fix.
//!
//! Nothing else in the house may ask the system for the time of day.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock's one home")]
    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_secs())
    }
}

/// An instant as RFC 3339 in UTC, such as `2026-11-21T07:10:00Z`.
#[must_use]
pub fn rfc3339(epoch_seconds: u64) -> String {
    i64::try_from(epoch_seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

/// The whole seconds of an instant in RFC 3339 or ISO 8601 with an offset; `None` for anything else.
#[must_use]
pub fn epoch(text: &str) -> Option<u64> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(timestamp.as_second()).ok()
}

/// Whether this is a day, such as `2026-11-21` (RFC 3339, full-date).
#[must_use]
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Whether this is an instant with an offset, such as `2026-11-21T07:10:00Z` (RFC 3339, date-time).
#[must_use]
pub fn is_date_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_back() {
        assert_eq!(epoch("2026-11-21T07:10:00Z"), Some(1_795_245_000));
        assert_eq!(
            epoch("2026-11-21T09:10:00.250000+02:00"),
            Some(1_795_245_000)
        );
        for text in ["", "yesterday", "2026-11-21", "1969-01-01T00:00:00Z"] {
            assert_eq!(epoch(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_245_000), "2026-11-21T07:10:00Z");
    }
}
