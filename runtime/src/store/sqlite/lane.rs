//! Pools of [`Connection`]s that work on threads which may block, so that no async task waits for
//! the disk.
//!
//! Waiting is asynchronous, bounded in number and time, and ends with the caller: a write that was
//! answered with "busy", or whose caller is gone, must not happen afterwards.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::file::explain;
use crate::error::{Error, Result};

/// The longest that a caller waits for a connection, and for locks of other processes.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);

/// The most callers that may wait for a lane.
const WAITING: usize = 1_024;

/// The pause before a locked file is tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// Some connections, each of which does one piece of work at a time.
pub(super) struct Lane {
    waiting: Semaphore,
    pub(super) turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Lane {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self {
            waiting: Semaphore::new(WAITING),
            turns: Arc::new(Semaphore::new(connections.len())),
            idle: Arc::new(Mutex::new(connections)),
        }
    }

    /// Runs a piece of work on the next free connection, on a thread that may block.
    ///
    /// # Errors
    /// `Unavailable` if the turn does not come in time, and those of the work.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &WaitingCaller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.waiting.try_acquire().map_err(|_| report_busy())?;
        let caller = WaitingCaller(Arc::new(Wait::new(Instant::now() + MAX_WAIT)));
        let turn = timeout_at(caller.0.end.into(), Arc::clone(&self.turns).acquire_owned());
        let turn = turn
            .await
            .map_err(|_| report_busy())?
            .map_err(|_| report_busy())?;
        let idle = Arc::clone(&self.idle);
        // Dropped when this future is: a cancelled caller thereby stops its thread before the commit.
        let guard = LeaveOnDrop(Arc::clone(&caller.0));
        let done = tokio::task::spawn_blocking(move || {
            let connection = TakenConnection::from(&idle);
            let done = connection
                .get()
                .and_then(|connection| work(connection, &caller));
            drop((connection, turn));
            done
        });
        let done = done.await;
        drop(guard);
        done.map_err(|error| Error::internal("the store's thread stopped").with_source(error))?
    }
}

/// A connection taken out of a [`Lane`], which goes back when the work is done, or has panicked.
struct TakenConnection<'l> {
    connection: Option<Connection>,
    idle: &'l Mutex<Vec<Connection>>,
}

impl<'l> TakenConnection<'l> {
    fn from(idle: &'l Mutex<Vec<Connection>>) -> Self {
        let connection = lock(idle).pop();
        Self { connection, idle }
    }

    fn get(&self) -> Result<&Connection> {
        self.connection
            .as_ref()
            .ok_or_else(|| Error::internal("a turn came without a connection"))
    }
}

impl Drop for TakenConnection<'_> {
    fn drop(&mut self) {
        lock(self.idle).extend(self.connection.take());
    }
}

/// The caller of a piece of work, as seen by the thread that does it.
pub(super) struct WaitingCaller(Arc<Wait>);

impl WaitingCaller {
    /// Creates a caller that does not leave before [`MAX_WAIT`] is over.
    pub(super) fn new() -> Self {
        Self(Arc::new(Wait::new(Instant::now() + MAX_WAIT)))
    }

    /// Retries while the file is busy, until the time is up or the caller leaves.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) fn retry_while_busy<T>(
        &self,
        mut attempt: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T> {
        loop {
            if !self.0.is_waiting() {
                return Err(report_busy());
            }
            match attempt() {
                Err(error) if is_busy(&error) && Instant::now() < self.0.end => self.0.pause(),
                outcome => return outcome.map_err(explain),
            }
        }
    }

    /// Runs work in one transaction and commits it if the work succeeds and the caller still waits;
    /// else rolls it back.
    ///
    /// # Errors
    /// `Unavailable`, and those of the work.
    pub(super) fn write<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        // IMMEDIATE takes the write lock before the first read (https://sqlite.org/lang_transaction.html):
        // no later statement can then find the file busy, and only this line needs retries.
        let transaction = self.retry_while_busy(|| {
            Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        })?;
        let done = work(&transaction)?;
        // Decided under one lock: either the caller leaves first and nothing is written, or the commit is
        // underway and the caller gets its outcome.
        if !self.0.commit() {
            return Err(report_busy());
        }
        transaction.commit().map_err(explain)?;
        Ok(done)
    }
}

/// The state that a waiting caller and its thread share: it ends when the caller leaves, or when
/// the work is committed.
struct Wait {
    end: Instant,
    state: Mutex<LaneState>,
    left: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LaneState {
    Waits,
    Left,
    Committed,
}

impl Wait {
    fn new(end: Instant) -> Self {
        Self {
            end,
            state: Mutex::new(LaneState::Waits),
            left: Condvar::new(),
        }
    }

    fn is_waiting(&self) -> bool {
        *lock(&self.state) != LaneState::Left
    }

    /// Marks the work as committed and returns true, unless the caller has left.
    fn commit(&self) -> bool {
        let mut state = lock(&self.state);
        if *state == LaneState::Waits {
            *state = LaneState::Committed;
        }
        *state == LaneState::Committed
    }

    fn leave(&self) {
        let mut state = lock(&self.state);
        if *state == LaneState::Waits {
            *state = LaneState::Left;
        }
        self.left.notify_all();
    }

    /// Waits for [`PAUSE`], or until the caller leaves.
    fn pause(&self) {
        let waits = lock(&self.state);
        let _ = self
            .left
            .wait_timeout_while(waits, PAUSE, |state| *state == LaneState::Waits);
    }
}

/// Signals on drop that the caller has left.
struct LeaveOnDrop(Arc<Wait>);

impl Drop for LeaveOnDrop {
    fn drop(&mut self) {
        self.0.leave();
    }
}

pub(super) fn report_busy() -> Error {
    Error::unavailable("the data file is busy; nothing was written; try again")
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
