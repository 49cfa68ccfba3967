//! Connections that work on threads which may block, so that no call waits for another one's disk.
//!
//! Waiting is asynchronous, bounded in number and time, and ends with the caller: what was answered "busy", or is no
//! longer waited for, must not be written afterwards.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::file::explain;
use crate::error::{Error, Result};

/// How long a caller waits: for its turn, and for what other processes have locked.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);

/// How many callers may wait for a lane.
const WAITING: usize = 1_024;

/// How long what another process has locked is left alone before it is tried again.
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

    /// Does a piece of work when its turn comes.
    ///
    /// # Errors
    /// `Unavailable` if the turn does not come in time, and those of the work.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let caller = Caller(Arc::new(Wait::until(Instant::now() + MAX_WAIT)));
        let turn = timeout_at(caller.0.end.into(), Arc::clone(&self.turns).acquire_owned());
        let turn = turn.await.map_err(|_| busy())?.map_err(|_| busy())?;
        let (idle, waits) = (Arc::clone(&self.idle), Leaves(Arc::clone(&caller.0)));
        let done = tokio::task::spawn_blocking(move || {
            let connection = Taken::from(&idle);
            let done = connection
                .get()
                .and_then(|connection| work(connection, &caller));
            drop((connection, turn));
            done
        });
        let done = done.await;
        drop(waits);
        done.map_err(|error| Error::internal("the store's thread stopped").with_source(error))?
    }
}

/// A connection out of a lane, which goes back when the work is done, or has panicked.
struct Taken<'l> {
    connection: Option<Connection>,
    idle: &'l Mutex<Vec<Connection>>,
}

impl<'l> Taken<'l> {
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

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        lock(self.idle).extend(self.connection.take());
    }
}

/// Whoever waits for a piece of work, as the thread that does it sees them.
pub(super) struct Caller(Arc<Wait>);

impl Caller {
    /// Somebody who does not leave before the time is up.
    pub(super) fn steadfast() -> Self {
        Self(Arc::new(Wait::until(Instant::now() + MAX_WAIT)))
    }

    /// Tries until it is no longer busy, or nobody waits for it any more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) fn patiently<T>(
        &self,
        mut attempt: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T> {
        loop {
            if !self.0.waits() {
                return Err(busy());
            }
            match attempt() {
                Err(error) if is_busy(&error) && Instant::now() < self.0.end => self.0.pause(),
                outcome => return outcome.map_err(explain),
            }
        }
    }

    /// Writes in one transaction: wholly if the work succeeds and the caller waits for it to the last moment, and else not at
    /// all.
    ///
    /// # Errors
    /// `Unavailable`, and those of the work.
    pub(super) fn write<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        // Locked before anything is looked at: nothing behind it can find the file busy.
        let transaction = self
            .patiently(|| Transaction::new_unchecked(connection, TransactionBehavior::Immediate))?;
        let done = work(&transaction)?;
        if !self.0.commit() {
            return Err(busy());
        }
        transaction.commit().map_err(explain)?;
        Ok(done)
    }
}

/// A wait for an answer: it ends when the caller leaves, or when the work is past taking back.
struct Wait {
    end: Instant,
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    Left,
    Committed,
}

impl Wait {
    fn until(end: Instant) -> Self {
        Self {
            end,
            state: Mutex::new(State::Waits),
            left: Condvar::new(),
        }
    }

    fn waits(&self) -> bool {
        *lock(&self.state) != State::Left
    }

    /// Passes the point of no return, unless the caller has left.
    fn commit(&self) -> bool {
        let mut state = lock(&self.state);
        if *state == State::Waits {
            *state = State::Committed;
        }
        *state == State::Committed
    }

    fn leave(&self) {
        let mut state = lock(&self.state);
        if *state == State::Waits {
            *state = State::Left;
        }
        self.left.notify_all();
    }

    /// Waits a moment, or until the caller leaves.
    fn pause(&self) {
        let waits = lock(&self.state);
        let _ = self
            .left
            .wait_timeout_while(waits, PAUSE, |state| *state == State::Waits);
    }
}

/// Tells the thread that its caller has left, when this is dropped.
struct Leaves(Arc<Wait>);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.leave();
    }
}

pub(super) fn busy() -> Error {
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
