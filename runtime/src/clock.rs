//! The time of day, as a trait that a test can implement with a fixed time.
//!
//! [`SystemClock`] is the only place that may ask the system for the time of day.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of the current time.
///
/// ```
/// use mcp_lambda::clock::{Clock, format_rfc3339};
///
/// #[derive(Debug)]
/// struct Fixed(u64);
///
/// impl Clock for Fixed {
///     fn now(&self) -> u64 {
///         self.0
///     }
/// }
///
/// assert_eq!(format_rfc3339(Fixed(1_795_245_000).now()), "2026-11-21T07:10:00Z");
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the whole seconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;
}

/// The [`Clock`] of the machine.
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

/// Formats an instant in UTC, such as `2026-11-21T07:10:00Z` (RFC 3339). The reverse is [`parse_rfc3339`].
#[must_use]
pub fn format_rfc3339(epoch_seconds: u64) -> String {
    // A stored number may be larger than any year that can be written: the last instant is used for
    // it, since an expiry in the far future must not become one in the past.
    i64::try_from(epoch_seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

/// Parses an instant with an offset (RFC 3339 or ISO 8601) into whole seconds since 1970; `None`
/// for any other text.
///
/// ```
/// use mcp_lambda::clock::parse_rfc3339;
///
/// assert_eq!(parse_rfc3339("2026-11-21T09:10:00+02:00"), Some(1_795_245_000));
/// assert_eq!(parse_rfc3339("yesterday"), None);
/// ```
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(timestamp.as_second()).ok()
}

/// Returns true for a day, such as `2026-11-21` (RFC 3339, full-date).
#[must_use]
pub(crate) fn is_date(text: &str) -> bool {
    // jiff reads times behind a day, too, and years of six digits; a full-date has ten characters.
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Returns true for an instant with an offset, such as `2026-11-21T07:10:00Z` (RFC 3339,
/// date-time).
#[must_use]
pub(crate) fn is_date_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_back() {
        assert_eq!(parse_rfc3339("2026-11-21T07:10:00Z"), Some(1_795_245_000));
        assert_eq!(
            parse_rfc3339("2026-11-21T09:10:00.250000+02:00"),
            Some(1_795_245_000)
        );
        for text in ["", "yesterday", "2026-11-21", "1969-01-01T00:00:00Z"] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(format_rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(format_rfc3339(1_795_245_000), "2026-11-21T07:10:00Z");
    }
}
