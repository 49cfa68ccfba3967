//! What is deleted must not stay readable: a thread that removes what has expired and empties the write-ahead log.
//!
//! SQLite overwrites deleted bytes in the file itself (`secure_delete`), but the log keeps earlier pages until it is
//! emptied. That costs two waits for the disk, so it is done a moment after the first write, for all writes until then.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::lane::lock;
use super::statements::{EMPTY_LOG, SWEEP};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// How long after a write the log is emptied, and after a failure it is tried again.
const LINGER: Duration = Duration::from_secs(2);

/// How often what has expired is looked for when nothing is written.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The thread, for as long as this lives.
pub(super) struct Keeper {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

/// By which the thread is told that there is something to do.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    is_written: bool,
    is_over: bool,
}

impl Keeper {
    /// # Errors
    /// `Unavailable` if no thread can be started.
    pub(super) fn start(connection: Connection, clock: Arc<dyn Clock>) -> Result<Self> {
        let bell = Arc::new(Bell::default());
        let heard = Arc::clone(&bell);
        let thread = std::thread::Builder::new().name("store-keeper".to_owned());
        let thread = thread.spawn(move || keep(&connection, &*clock, &heard));
        let thread = thread
            .map_err(|error| Error::unavailable("no thread can be started").with_source(error))?;
        Ok(Self {
            bell,
            thread: Some(thread),
        })
    }

    pub(super) fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.bell)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        lock(&self.bell.state).is_over = true;
        self.bell.rung.notify_all();
        // Its connection is closed with it: the last one to close empties the log.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Bell {
    /// Something was written.
    pub(super) fn ring(&self) {
        lock(&self.state).is_written = true;
        self.rung.notify_all();
    }

    /// Waits for a write and a moment longer, or for the time to look; false when it is over.
    fn wait(&self) -> bool {
        let (state, _) = self
            .rung
            .wait_timeout_while(lock(&self.state), SWEEP_EVERY, |state| {
                !state.is_over && !state.is_written
            })
            .unwrap_or_else(PoisonError::into_inner);
        let (mut state, _) = self
            .rung
            .wait_timeout_while(state, LINGER, |state| !state.is_over)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_written = false;
        !state.is_over
    }
}

fn keep(connection: &Connection, clock: &dyn Clock, bell: &Bell) {
    while bell.wait() {
        let tidied = sweep(connection, clock.now()).and_then(|()| empty_log(connection));
        if !matches!(tidied, Ok(true)) {
            bell.ring();
        }
    }
}

/// Removes what has expired, in steps between which others write.
pub(super) fn sweep(connection: &Connection, now: u64) -> rusqlite::Result<()> {
    while connection.prepare_cached(SWEEP)?.execute([now])? > 0 {}
    Ok(())
}

/// Moves the log into the file; false if somebody who reads an older state stands in the way.
pub(super) fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .query_row(EMPTY_LOG, [], |row| row.get(0))
        .map(|in_the_way: i64| in_the_way == 0)
}

/// What SQLite would say if it did not put it into an answer.
pub(super) fn still_read() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}
