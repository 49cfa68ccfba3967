//! A rate limit for log lines that any stranger on the network can cause.
//!
//! A [`LogLimit`] is a token bucket: some lines at once, one a second after that, and the number of
//! lines that were left out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The most lines of a kind that are written at once.
const BURST: u32 = 20;

/// The time after which one more line may be written.
const REFILL: Duration = Duration::from_secs(1);

/// The rate limit of one kind of line, for a `static` beside the place that writes it.
///
/// [`LogLimit::admit`] is `Some` where a line may be written, with the number of lines left out
/// before it, to be written as a field.
#[derive(Debug)]
pub(crate) struct LogLimit {
    bucket: Mutex<Bucket>,
}

/// The state of a [`LogLimit`].
#[derive(Debug)]
struct Bucket {
    tokens: u32,
    /// The time up to which tokens were added; `None` before the first line.
    refilled: Option<Instant>,
    left_out: u64,
}

impl LogLimit {
    /// Creates a limit with a full bucket.
    pub(crate) const fn new() -> Self {
        Self {
            bucket: Mutex::new(Bucket {
                tokens: BURST,
                refilled: None,
                left_out: 0,
            }),
        }
    }

    /// Admits a line or counts it as left out. `Some` admits it, and holds the number of lines left
    /// out since the last one, if there were any.
    pub(crate) fn admit(&self) -> Option<Option<u64>> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.refill(Instant::now());
        if bucket.tokens == 0 {
            bucket.left_out += 1;
            return None;
        }
        bucket.tokens -= 1;
        Some(Some(std::mem::take(&mut bucket.left_out)).filter(|left_out| *left_out > 0))
    }
}

impl Bucket {
    /// Adds a token for every whole [`REFILL`] that has passed, up to [`BURST`].
    fn refill(&mut self, now: Instant) {
        let since = *self.refilled.get_or_insert(now);
        let seconds = now.saturating_duration_since(since).as_secs() / REFILL.as_secs();
        self.tokens = self
            .tokens
            .saturating_add(u32::try_from(seconds).unwrap_or(BURST))
            .min(BURST);
        // The time moves on by whole seconds only, not to `now`: lines that come more often than
        // once a second would otherwise lose the started second each time, and never be admitted.
        self.refilled = Some(since + REFILL * u32::try_from(seconds).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_some_lines_and_a_number() {
        let limit = LogLimit::new();
        let written = (0..10_000).filter(|_| limit.admit().is_some()).count();
        assert_eq!(written, 20);
        tokio::time::advance(REFILL).await;
        assert_eq!(limit.admit(), Some(Some(9_980)));
        assert_eq!(limit.admit(), None);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!(limit.admit(), Some(Some(1)));
        assert_eq!((0..100).filter(|_| limit.admit() == Some(None)).count(), 19);
    }
}
