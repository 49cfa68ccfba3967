//! A bound on log lines that anyone on the network can cause: some at once, one a second after that, and how many were left out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many lines of a kind are written at once.
const BURST: u32 = 20;

/// How long it takes until one more may be written.
const REFILL: Duration = Duration::from_secs(1);

/// The bound on one kind of line, for a `static` beside where it is written.
///
/// `LIMIT.admit()` is `Some` where a line may be written, with a `left_out` to write as a field: nothing, or how many were not.
#[derive(Debug)]
pub(crate) struct LogLimit {
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: u32,
    /// When a token was last put in; `None` while all are there.
    refilled: Option<Instant>,
    left_out: u64,
}

impl LogLimit {
    /// A bound of which nothing is used up.
    pub(crate) const fn new() -> Self {
        Self {
            bucket: Mutex::new(Bucket {
                tokens: BURST,
                refilled: None,
                left_out: 0,
            }),
        }
    }

    /// Whether a line may be written now; if so, how many were left out before it, where there were any.
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
    fn refill(&mut self, now: Instant) {
        let since = *self.refilled.get_or_insert(now);
        let seconds = now.saturating_duration_since(since).as_secs() / REFILL.as_secs();
        self.tokens = self
            .tokens
            .saturating_add(u32::try_from(seconds).unwrap_or(BURST))
            .min(BURST);
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
