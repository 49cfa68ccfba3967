//! Retries of writes that meet another transaction: exponential backoff with jitter (AWS Builders'
//! Library, "Timeouts, retries and backoff with jitter"), no longer than any call of AWS.

use std::time::Duration;

use mcp_lambda::store::Version;
use tokio::time::{Instant, sleep};

/// The first pause, and the longest.
const FIRST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(320);

/// The longest time that a write is tried: as long as one call of AWS with its retries.
const TIME: Duration = Duration::from_secs(5);

/// The pauses between the tries of one write: [`Retry::wait`] waits out one.
pub(crate) struct Retry {
    end: Instant,
    pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            end: Instant::now() + TIME,
            pause: FIRST,
        }
    }
}

impl Retry {
    /// Waits before another try; returns false at once if there is no time for one.
    pub(crate) async fn wait(&mut self) -> bool {
        let Some(pause) = self.next(Instant::now(), roll()) else {
            return false;
        };
        sleep(pause).await;
        true
    }

    /// Returns the next pause: a random time up to twice the due one, so that writers who met do
    /// not meet again.
    fn next(&mut self, now: Instant, chance: u8) -> Option<Duration> {
        // Full jitter around the due pause: two writers that collided would else collide again
        // after the same pause.
        let pause = self.pause.mul_f64(f64::from(chance) / 128.0);
        self.pause = (self.pause * 2).min(LONGEST);
        (now + pause < self.end).then_some(pause)
    }
}

/// Returns a random byte: a [`Version`] is a random number.
fn roll() -> u8 {
    Version::fresh().get().to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_rarer_and_end_within_the_time_of_a_call() {
        for chance in [1, 128, 255] {
            let mut retry = Retry::default();
            let (begin, mut now, mut tries) = (retry.end - TIME, retry.end - TIME, 0);
            while let Some(pause) = retry.next(now, chance) {
                (now, tries) = (now + pause, tries + 1);
                assert!(pause <= LONGEST * 2 && tries < 3_000);
            }
            assert!(
                tries >= 10 && now - begin <= TIME,
                "{tries} in {:?}",
                now - begin
            );
        }
    }
}
