//! A background thread that removes expired records and truncates the write-ahead log, so that
//! deleted data do not stay readable.
//!
//! SQLite overwrites deleted bytes in the file itself (`secure_delete`,
//! <https://sqlite.org/pragma.html#pragma_secure_delete>), but the log keeps earlier pages until a
//! checkpoint truncates it. That costs two waits for the disk, so it is done a moment after the
//! first write, for all writes until then.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::lane::lock;
use super::statements::{EMPTY_LOG, SWEEP};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// The delay between a write and the truncation of the log, and between a failure and the next try.
const LINGER: Duration = Duration::from_secs(2);

/// The interval at which expired records are removed when nothing is written.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A handle of the background thread, which ends when this is dropped.
pub(super) struct Keeper {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

/// A signal to the thread of a [`Keeper`] that there is work.
#[derive(Default)]
pub(super) struct Signal {
    state: Mutex<KeeperState>,
    changed: Condvar,
}

#[derive(Default)]
struct KeeperState {
    is_written: bool,
    is_over: bool,
}

impl Keeper {
    /// Starts the thread with a connection of its own.
    ///
    /// # Errors
    /// `Unavailable` if no thread can be started.
    pub(super) fn start(connection: Connection, clock: Arc<dyn Clock>) -> Result<Self> {
        let signal = Arc::new(Signal::default());
        let received = Arc::clone(&signal);
        let thread = std::thread::Builder::new().name("store-keeper".to_owned());
        let thread = thread.spawn(move || run(&connection, &*clock, &received));
        let thread = thread
            .map_err(|error| Error::unavailable("no thread can be started").with_source(error))?;
        Ok(Self {
            signal,
            thread: Some(thread),
        })
    }

    pub(super) fn signal(&self) -> Arc<Signal> {
        Arc::clone(&self.signal)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        lock(&self.signal.state).is_over = true;
        self.signal.changed.notify_all();
        // The thread owns a connection. Waiting for it here closes that one too, and the last connection
        // to close truncates the log.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Signal {
    /// Signals that something was written.
    pub(super) fn notify(&self) {
        lock(&self.state).is_written = true;
        self.changed.notify_all();
    }

    /// Waits for a write and [`LINGER`] longer, or for [`SWEEP_EVERY`]; returns false when the
    /// [`Keeper`] is dropped.
    fn wait(&self) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(lock(&self.state), SWEEP_EVERY, |state| {
                !state.is_over && !state.is_written
            })
            .unwrap_or_else(PoisonError::into_inner);
        // The second wait collects the writes of the next seconds, which then share one checkpoint.
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, LINGER, |state| !state.is_over)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_written = false;
        !state.is_over
    }
}

fn run(connection: &Connection, clock: &dyn Clock, signal: &Signal) {
    while signal.wait() {
        let tidied = sweep(connection, clock.now()).and_then(|()| empty_log(connection));
        if !matches!(tidied, Ok(true)) {
            signal.notify();
        }
    }
}

/// Removes expired records in steps ([`SWEEP`]), between which others can write.
pub(super) fn sweep(connection: &Connection, now: u64) -> rusqlite::Result<()> {
    while connection.prepare_cached(SWEEP)?.execute([now])? > 0 {}
    Ok(())
}

/// Copies the log into the file and truncates it
/// (<https://sqlite.org/pragma.html#pragma_wal_checkpoint>); returns false if a reader of an older
/// state blocks that.
pub(super) fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .query_row(EMPTY_LOG, [], |row| row.get(0))
        .map(|in_the_way: i64| in_the_way == 0)
}

/// Returns the `SQLITE_BUSY` error that a blocked checkpoint reports as a column instead.
pub(super) fn report_blocked() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}
