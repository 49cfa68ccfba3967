//! How long a call waits for its user, where the connection stays: that time is not the function's, and has an end too.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::error::{Error, Result};

/// How long a question waits for its answer, as one does that travels with a client.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// How often whoever waits for the function looks again while its user is asked.
const GLANCE: Duration = Duration::from_secs(1);

/// The waits of one call.
#[derive(Debug, Default)]
pub(crate) struct WaitingTime(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many questions are open.
    open: usize,
    /// Since when at least one is.
    since: Option<Instant>,
    /// How long at least one was, before.
    before: Duration,
}

/// A question that is open until this is dropped, also when nobody waits for its answer any more.
struct Open<'a>(&'a WaitingTime);

impl WaitingTime {
    /// Waits for an answer.
    ///
    /// # Errors
    /// `DeadlineExceeded` after ten minutes.
    pub(crate) async fn wait<T>(&self, answer: impl Future<Output = T>) -> Result<T> {
        let _open = self.begin();
        timeout(MAX_WAIT, answer).await.map_err(|_| {
            Error::deadline_exceeded("the user was asked and did not answer in ten minutes")
        })
    }

    /// A deadline, later by the time that was waited; while a question is open, never less than a moment from now.
    pub(crate) fn extend(&self, deadline: Instant) -> Instant {
        let state = self.lock();
        match state.since {
            Some(since) => (deadline + state.before + since.elapsed()).max(Instant::now() + GLANCE),
            None => deadline + state.before,
        }
    }

    fn begin(&self) -> Open<'_> {
        let mut state = self.lock();
        state.open += 1;
        state.since.get_or_insert_with(Instant::now);
        Open(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.open -= 1;
        if state.open == 0 {
            let waited = state.since.take().map(|since| since.elapsed());
            state.before += waited.unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep};

    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test(start_paused = true)]
    async fn the_users_time_is_not_the_functions() {
        let (waiting, deadline) = (
            WaitingTime::default(),
            Instant::now() + Duration::from_secs(60),
        );
        let (one, two) = (
            waiting.wait(sleep(Duration::from_secs(100))),
            waiting.wait(sleep(Duration::from_secs(300))),
        );
        let (one, two) = tokio::join!(one, two);
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(
            waiting.extend(deadline),
            deadline + Duration::from_secs(300),
            "both at once count once"
        );
        advance(Duration::from_secs(50)).await;
        assert_eq!(
            waiting.extend(deadline),
            deadline + Duration::from_secs(300),
            "and then it is the function's again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_is_given_up_is_no_longer_open() {
        let (waiting, deadline) = (
            WaitingTime::default(),
            Instant::now() + Duration::from_secs(60),
        );
        let given_up = timeout(
            Duration::from_secs(10),
            waiting.wait(std::future::pending::<()>()),
        )
        .await;
        assert!(given_up.is_err());
        assert_eq!(waiting.extend(deadline), deadline + Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_answers_is_not_waited_for() {
        let never = WaitingTime::default()
            .wait(std::future::pending::<()>())
            .await;
        assert_eq!(
            never.expect_err("given up").kind(),
            ErrorKind::DeadlineExceeded
        );
    }
}
