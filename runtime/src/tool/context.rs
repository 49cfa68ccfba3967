//! What a running tool knows about its call besides who made it: how long it may take, and whether anyone still waits.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// When whoever carries the request stops waiting; a door puts it beside the request.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Instant);

/// The call a tool is in; an extractor for tools.
#[derive(Clone, Debug)]
pub struct Context {
    deadline: Instant,
    cancellation: CancellationToken,
}

impl Context {
    /// A call that must end by this instant and may be cancelled before.
    #[must_use]
    pub const fn new(deadline: Instant, cancellation: CancellationToken) -> Self {
        Self { deadline, cancellation }
    }

    /// A call that may take this long from now.
    #[must_use]
    pub fn lasting(time: Duration) -> Self {
        Self::new(Instant::now() + time, CancellationToken::new())
    }

    /// When the call is answered with an error if the tool has not answered it.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How much time is left; zero when the deadline has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether the client no longer waits for an answer. On Lambda a client that leaves is not seen.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// Returns when the client no longer waits for an answer; for `select!` in long work.
    pub async fn cancelled(&self) {
        self.cancellation.cancelled().await;
    }

    /// The same call with an earlier end.
    #[must_use]
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.deadline = self.deadline.min(deadline);
        self
    }
}
