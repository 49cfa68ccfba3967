//! A filter for reports of [progress](Progress): it passes those that increase, and not too many
//! (MCP 2026-07-28, progress).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Progress;

/// The least time between two reports; the last one is always sent.
const BETWEEN: Duration = Duration::from_millis(20);

/// The progress of a call that its client has heard of.
#[derive(Debug, Default)]
pub(super) struct Reports(Mutex<ReportState>);

#[derive(Debug, Default)]
struct ReportState {
    /// The last progress that was sent, in this round or an earlier one.
    done: Option<f64>,
    /// The time at which it was sent, in this round.
    at: Option<Instant>,
    /// The newest report that was left out.
    pending: Option<Progress>,
}

impl Reports {
    /// Returns the report if it is to be sent now.
    pub(super) fn admit(&self, report: Progress) -> Option<Progress> {
        let now = Instant::now();
        let mut state = self.lock();
        let newest = state
            .pending
            .as_ref()
            .map(|report| report.done)
            .or(state.done);
        let is_news = report.done.is_finite() && newest.is_none_or(|done| report.done > done);
        if !is_news {
            return None;
        }
        // The protocol wants progress to increase, and a tool may report in a tight loop: a report that
        // comes too soon is held here, so that the client reads the newest before it is asked
        // something.
        let is_last = report.total.is_some_and(|total| report.done >= total);
        if !is_last && state.at.is_some_and(|at| now.duration_since(at) < BETWEEN) {
            state.pending = Some(report);
            return None;
        }
        *state = ReportState {
            done: Some(report.done),
            at: Some(now),
            pending: None,
        };
        Some(report)
    }

    /// Removes and returns the report that was left out, to be sent after all.
    pub(super) fn take_pending(&self) -> Option<Progress> {
        let mut state = self.lock();
        let report = state.pending.take()?;
        state.done = Some(report.done);
        state.at = Some(Instant::now());
        Some(report)
    }

    /// Returns the last progress that was sent, for [`resume`](Self::resume) in the next round.
    pub(super) fn last(&self) -> Option<f64> {
        self.lock().done
    }

    /// Continues from the progress of an earlier round.
    pub(super) fn resume(&self, done: Option<f64>) {
        // A call that begins anew runs the same reports again. The client has had those of the first
        // round, and the protocol forbids to repeat them, so they are dropped up to here.
        self.lock().done = done;
    }

    fn lock(&self) -> MutexGuard<'_, ReportState> {
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
        let sent = |done: f64| reports.admit(report(done)).is_some();
        assert!(sent(1.0) && !sent(1.0) && !sent(0.5) && !sent(f64::NAN) && !sent(2.0));
        assert_eq!(reports.take_pending(), Some(report(2.0)));
        assert_eq!(reports.take_pending(), None);
        tokio::time::advance(BETWEEN).await;
        assert!(!sent(2.0), "it was sent after all");
        assert!(
            sent(3.0) && !sent(4.0) && sent(9.0),
            "the last one is always sent"
        );
        assert_eq!((reports.take_pending(), reports.last()), (None, Some(9.0)));
        let again = Reports::default();
        again.resume(Some(2.0));
        assert!(again.admit(report(2.0)).is_none() && again.admit(report(3.0)).is_some());
    }
}
