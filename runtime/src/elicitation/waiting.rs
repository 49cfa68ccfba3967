//! The time that a call waits for its user over a connection that stays: it is bounded, and the
//! call's [`Deadline`](crate::call::Deadline) moves by it.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::error::{Error, Result};

/// The longest wait for an answer, the same as that of a question that travels with a client.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// The least time until an extended deadline, after which it is computed again.
const GLANCE: Duration = Duration::from_secs(1);

/// The total time in which a call waited for its user.
#[derive(Debug, Default)]
pub(crate) struct WaitingTime(Mutex<OpenQuestions>);

#[derive(Debug, Default)]
struct OpenQuestions {
    /// The number of open questions.
    open: usize,
    /// The time since which at least one is open.
    since: Option<Instant>,
    /// The total time in which any question was open, the current one excepted.
    before: Duration,
}

/// An open question, until this is dropped: also if the call that asked it was given up.
struct Open<'a>(&'a WaitingTime);

impl WaitingTime {
    /// Waits for an answer, and counts the time.
    ///
    /// # Errors
    /// `DeadlineExceeded` after ten minutes.
    pub(crate) async fn wait<T>(&self, answer: impl Future<Output = T>) -> Result<T> {
        let _open = self.begin();
        timeout(MAX_WAIT, answer).await.map_err(|_| {
            Error::deadline_exceeded("the user was asked and did not answer in ten minutes")
        })
    }

    /// Returns a deadline, later by the time that was waited; while a question is open, at least [`GLANCE`] from now.
    pub(crate) fn extend(&self, deadline: Instant) -> Instant {
        let state = self.lock();
        // While a question is open its end is not known, so the deadline moves with the clock: whoever
        // waits for it wakes at least once in GLANCE, looks again, and finds it later than before.
        // Without the lower bound it would wake at once, over and over, where the handler had used up
        // its time before it asked.
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

    fn lock(&self) -> MutexGuard<'_, OpenQuestions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        // Questions asked side by side overlap: their time counts once, from the first that opened to
        // the last that closed.
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
        let waiting = WaitingTime::default();
        let deadline = Instant::now() + Duration::from_secs(60);
        let one = waiting.wait(sleep(Duration::from_secs(100)));
        let two = waiting.wait(sleep(Duration::from_secs(300)));
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
        let waiting = WaitingTime::default();
        let deadline = Instant::now() + Duration::from_secs(60);
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
