//! Which reports of progress are worth sending: only those that increase, and not too many.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Progress;

/// The least time between two reports; the one that says all is done is always sent.
const BETWEEN: Duration = Duration::from_millis(20);

/// How far the client knows a call to be.
#[derive(Debug, Default)]
pub(super) struct Reports(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How far it was said to be, also in earlier rounds.
    done: Option<f64>,
    /// When that was said, in this round.
    at: Option<Instant>,
    /// The newest one that was left out.
    held_back: Option<Progress>,
}

impl Reports {
    /// The report, if it is to be sent now.
    pub(super) fn worth_sending(&self, report: Progress) -> Option<Progress> {
        let (now, mut state) = (Instant::now(), self.lock());
        let newest = state
            .held_back
            .as_ref()
            .map(|report| report.done)
            .or(state.done);
        let is_news = report.done.is_finite() && newest.is_none_or(|done| report.done > done);
        if !is_news {
            return None;
        }
        let is_last = report.total.is_some_and(|total| report.done >= total);
        if !is_last && state.at.is_some_and(|at| now.duration_since(at) < BETWEEN) {
            state.held_back = Some(report);
            return None;
        }
        *state = State {
            done: Some(report.done),
            at: Some(now),
            held_back: None,
        };
        Some(report)
    }

    /// Takes what was left out, to be sent after all.
    pub(super) fn held_back(&self) -> Option<Progress> {
        let mut state = self.lock();
        let report = state.held_back.take()?;
        (state.done, state.at) = (Some(report.done), Some(Instant::now()));
        Some(report)
    }

    /// How far the client knows the call to be.
    pub(super) fn done(&self) -> Option<f64> {
        self.lock().done
    }

    /// Goes on from where an earlier round was.
    pub(super) fn go_on(&self, done: Option<f64>) {
        self.lock().done = done;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn reports_increase_and_keep_their_distance() {
        let reports = Reports::default();
        let report = |done: f64| Progress {
            done,
            total: Some(9.0),
            message: None,
        };
        let sent = |done: f64| reports.worth_sending(report(done)).is_some();
        assert!(sent(1.0) && !sent(1.0) && !sent(0.5) && !sent(f64::NAN) && !sent(2.0));
        assert_eq!(reports.held_back(), Some(report(2.0)));
        assert_eq!(reports.held_back(), None);
        tokio::time::advance(BETWEEN).await;
        assert!(!sent(2.0), "it was sent after all");
        assert!(
            sent(3.0) && !sent(4.0) && sent(9.0),
            "the last one is always sent"
        );
        assert_eq!((reports.held_back(), reports.done()), (None, Some(9.0)));
        let again = Reports::default();
        again.go_on(Some(2.0));
        assert!(
            again.worth_sending(report(2.0)).is_none()
                && again.worth_sending(report(3.0)).is_some()
        );
    }
}
