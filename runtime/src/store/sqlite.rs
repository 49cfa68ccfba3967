//! The embedded store: one SQLite file in write-ahead mode, safe for a server and an admin CLI at the same time.
//!
//! Every write is one conditional statement, so no lock is held between a look and a write. The file holds credentials:
//! it is made for its owner alone and must never be opened wider.

use std::fmt;
use std::fs;
use std::num::NonZero;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{Key, Page, Put, Range, Record, Store, Version, When, Write, check_group, check_put, check_write, unmet};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// The shape of the file that this code reads and writes.
const SHAPE: i64 = 2;

/// How long one process waits for another one's write.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the log is tried to be cut off while other processes use it, and how long to wait in between.
const SCRUBS: usize = 40;
const SCRUB_PAUSE: Duration = Duration::from_millis(25);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS records (
        partition TEXT NOT NULL, sort TEXT NOT NULL, version INTEGER NOT NULL, expires INTEGER,
        listing TEXT, entry TEXT, value TEXT NOT NULL,
        PRIMARY KEY (partition, sort)
    );
    CREATE INDEX IF NOT EXISTS listings ON records (listing, partition) WHERE listing IS NOT NULL;
";

const GET: &str =
    "SELECT value, version FROM records WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3)";

const PUT_ALWAYS: &str = "
    INSERT INTO records (partition, sort, value, version, expires, listing, entry) VALUES (?1, ?2, ?4, ?5, ?6, ?7, ?9)
    ON CONFLICT DO UPDATE SET value = ?4, version = ?5, expires = ?6, listing = ?7, entry = ?9 WHERE ?8 IS NULL";

const PUT_ABSENT: &str = "
    INSERT INTO records (partition, sort, value, version, expires, listing, entry) VALUES (?1, ?2, ?4, ?5, ?6, ?7, ?9)
    ON CONFLICT DO UPDATE SET value = ?4, version = ?5, expires = ?6, listing = ?7, entry = ?9
    WHERE records.expires <= ?3 AND ?8 IS NULL";

const PUT_VERSION: &str = "
    UPDATE records SET value = ?4, version = ?5, expires = ?6, listing = ?7, entry = ?9
    WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3) AND version = ?8";

const VERSION: &str =
    "SELECT version FROM records WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3)";

const DELETE: &str = "DELETE FROM records WHERE partition = ?1 AND sort = ?2";

const DELETE_VERSION: &str =
    "DELETE FROM records WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3) AND version = ?4";

const LIST_PREFIX: &str = "
    SELECT partition, sort, value, version FROM records
    WHERE partition = ?1 AND sort >= ?2 AND sort < ?2 || char(1114111) AND sort > ?3 AND (expires IS NULL OR expires > ?4)
    ORDER BY sort LIMIT ?5";

const LIST_LISTING: &str = "
    SELECT partition, sort, entry, -1 FROM records
    WHERE listing = ?1 AND partition > ?3 AND (expires IS NULL OR expires > ?4)
    ORDER BY partition LIMIT ?5";

const ADD: &str = "
    INSERT INTO records (partition, sort, value, version, expires) VALUES (?1, ?2, CAST(?4 AS TEXT), ?5, ?6)
    ON CONFLICT DO UPDATE SET
        value = CAST(?4 + CASE WHEN records.expires <= ?3 THEN 0 ELSE CAST(records.value AS INTEGER) END AS TEXT),
        expires = CASE WHEN records.expires <= ?3 THEN ?6 ELSE records.expires END, version = ?5
    RETURNING CAST(value AS INTEGER)";

/// A [`Store`] in one SQLite file.
pub struct Sqlite {
    clock: Arc<dyn Clock>,
    path: PathBuf,
    readers: Vec<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
}

impl Sqlite {
    /// Opens the file, making it and its folder if need be.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the folder or the file can't be made, read or written, or
    /// was written by a newer version; the message names the path.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        make_private(path)?;
        let writer = connect(path).and_then(|connection| prepare(&connection, path).map(|()| connection))?;
        // One for each thread that can read at the same time.
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let readers = (0..cores).map(|_| connect(path).map(Mutex::new)).collect::<Result<_>>()?;
        Ok(Self { clock, path: path.to_owned(), readers, writer: Arc::new(Mutex::new(writer)) })
    }

    /// Reads in place: a read never waits for a writer in this mode, and costs less than handing it to a thread.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let free = self.readers.iter().find_map(|reader| reader.try_lock().ok());
        work(&free.unwrap_or_else(|| lock(&self.readers[0]))).map_err(explain)
    }

    /// Writes on a thread that may block: a write waits for the disk and for other processes.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let writer = Arc::clone(&self.writer);
        tokio::task::spawn_blocking(move || work(&lock(&writer)).map_err(explain))
            .await
            .map_err(|error| Error::internal("the store's writer stopped").with_source(error))?
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sqlite({})", self.path.display())
    }
}

impl fmt::Display for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLite file {}", self.path.display())
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        let now = self.clock.now();
        self.read(|connection| {
            let mut statement = connection.prepare_cached(GET)?;
            statement.query_row(params![key.partition, key.sort, now], |row| record(row, 0)).optional()
        })
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        check_put(key, &put)?;
        let (key, now, version, when) = (key.clone(), self.clock.now(), Version::fresh(), put.when);
        let is_done = self.write(move |connection| write_put(connection, now, &key, &put, version));
        if is_done.await? { Ok(version) } else { Err(unmet(when)) }
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        let (key, now) = (key.clone(), self.clock.now());
        let is_done = self.write(move |connection| write_delete(connection, now, &key, when));
        if is_done.await? { Ok(()) } else { Err(unmet(when)) }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        check_group(&writes)?;
        let now = self.clock.now();
        let refused = self.write(move |connection| write_group(connection, now, writes));
        refused.await?.map_or(Ok(()), |write| Err(write.unmet()))
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        let (sql, first, prefix) = match range {
            Range::Prefix(from) => (LIST_PREFIX, from.partition.as_str(), from.sort.as_str()),
            Range::Listing(name) => (LIST_LISTING, *name, ""),
        };
        let (after, now, one_more) = (after.unwrap_or_default(), self.clock.now(), limit.saturating_add(1));
        let records = self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![first, prefix, after, now, one_more], |row| {
                Ok((Key::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?), record(row, 2)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        Ok(Page::cut(range, records, limit))
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        check_write(key, "")?;
        let (key, now, version) = (key.clone(), self.clock.now(), Version::fresh());
        self.write(move |connection| {
            let values = params![key.partition, key.sort, now, amount, version.0, expires];
            connection.prepare_cached(ADD)?.query_row(values, |row| row.get(0))
        })
        .await
    }

    /// What was overwritten in the file is still in its log until that is cut off, which needs a moment without readers.
    async fn scrub(&self) -> Result<()> {
        for _ in 0..SCRUBS {
            let cut_off = "PRAGMA wal_checkpoint(TRUNCATE)";
            let is_busy: bool =
                self.write(move |connection| connection.query_row(cut_off, [], |row| row.get(0))).await?;
            if !is_busy {
                return Ok(());
            }
            tokio::time::sleep(SCRUB_PAUSE).await;
        }
        Err(Error::unavailable("the data file is busy, and what was deleted may still be in its log; try again"))
    }

    async fn check(&self) -> Result<()> {
        let shape: i64 = self.read(|connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        if shape == SHAPE { Ok(()) } else { Err(other_shape(&self.path)) }
    }
}

/// Whether the condition held; if so, the record is written.
fn write_put(connection: &Connection, now: u64, key: &Key, put: &Put, version: Version) -> rusqlite::Result<bool> {
    let (sql, expected) = match put.when {
        When::Always => (PUT_ALWAYS, None),
        When::Absent => (PUT_ABSENT, None),
        When::Version(Version(expected)) => (PUT_VERSION, Some(expected)),
    };
    let (listing, entry) = put.entry.as_ref().map(|entry| (entry.listing, &entry.text)).unzip();
    let values = params![key.partition, key.sort, now, put.value, version.0, put.expires, listing, expected, entry];
    Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
}

/// Whether the condition held; if so, the record is gone.
fn write_delete(connection: &Connection, now: u64, key: &Key, when: When) -> rusqlite::Result<bool> {
    match when {
        When::Always => connection.prepare_cached(DELETE)?.execute([&key.partition, &key.sort]).map(|_| true),
        When::Absent => Ok(standing(connection, now, key)?.is_none()),
        When::Version(Version(expected)) => {
            let values = params![key.partition, key.sort, now, expected];
            Ok(connection.prepare_cached(DELETE_VERSION)?.execute(values)? > 0)
        }
    }
}

/// Makes all writes as one; else gives the first whose condition did not hold.
fn write_group(connection: &Connection, now: u64, writes: Vec<Write>) -> rusqlite::Result<Option<Write>> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for write in writes {
        let is_done = match &write {
            Write::Put(key, put) => write_put(&transaction, now, key, put, Version::fresh())?,
            Write::Delete(key, when) => write_delete(&transaction, now, key, *when)?,
            Write::Check(key, None) => standing(&transaction, now, key)?.is_some(),
            Write::Check(key, version) => standing(&transaction, now, key)? == *version,
        };
        if !is_done {
            return Ok(Some(write));
        }
    }
    transaction.commit().map(|()| None)
}

/// The version that stands under a key.
fn standing(connection: &Connection, now: u64, key: &Key) -> rusqlite::Result<Option<Version>> {
    let mut statement = connection.prepare_cached(VERSION)?;
    statement.query_row(params![key.partition, key.sort, now], |row| row.get(0).map(Version)).optional()
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn record(row: &Row<'_>, column: usize) -> rusqlite::Result<Record> {
    Ok(Record { value: row.get(column)?, version: Version(row.get(column + 1)?) })
}

/// Makes the folder (0700) and the file (0600) before SQLite would make them wider.
fn make_private(path: &Path) -> Result<()> {
    let fault = |error| {
        Error::unavailable(format!("the data file {} can't be opened for writing", path.display())).with_source(error)
    };
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
            Error::unavailable(format!(
                "the data folder {} can't be made; set APP_USERS_PATH to a folder that can be written",
                folder.display()
            ))
            .with_source(error)
        })?;
    }
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop).map_err(fault)
}

fn connect(path: &Path) -> Result<Connection> {
    let open = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Else a statement is planned anew whenever its values change: a quarter of a call's time.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| {
        Error::unavailable(format!("the data file {} can't be opened for writing", path.display())).with_source(error)
    })
}

fn prepare(connection: &Connection, path: &Path) -> Result<()> {
    let shape: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(explain)?;
    match shape {
        SHAPE => return Ok(()),
        0 => {}
        newer if newer > SHAPE => return Err(other_shape(path)),
        _ => return Err(outdated(path)),
    }
    connection
        .execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SHAPE}; COMMIT;"))
        .map_err(explain)
}

fn other_shape(path: &Path) -> Error {
    Error::unavailable(format!("the data file {} was written by another version; update this program", path.display()))
}

fn outdated(path: &Path) -> Error {
    Error::unavailable(format!(
        "the data file {} was written by an older version, which this program can't read; move it away to begin anew",
        path.display()
    ))
}

/// What SQLite says, as something to act on.
fn explain(error: rusqlite::Error) -> Error {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the data folder's disk is full; nothing was written",
        Some(ErrorCode::ReadOnly) => "the data folder is read-only; nothing was written",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "the data file is busy; try again",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the data file is damaged; restore it from a backup"
        }
        _ => "the data file can't be read or written",
    };
    Error::unavailable(message).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::clock::SystemClock;
    use crate::error::ErrorKind;
    use crate::store::laws;

    fn open(folder: &tempfile::TempDir) -> Sqlite {
        Sqlite::open(&folder.path().join("data/store.sqlite3"), Arc::new(SystemClock)).expect("opens")
    }

    #[tokio::test]
    async fn keeps_the_laws() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(laws::ManualClock::default());
        let shared: Arc<dyn Clock> = Arc::<laws::ManualClock>::clone(&clock);
        let store = Sqlite::open(&folder.path().join("store.sqlite3"), shared).expect("opens");
        laws::all(Arc::new(store), &clock).await;
    }

    #[test]
    fn the_file_and_its_folder_are_the_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(open(&folder));
        let mode = |path: PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(folder.path().join("data")), 0o700);
        assert_eq!(mode(folder.path().join("data/store.sqlite3")), 0o600);
    }

    #[tokio::test]
    async fn two_openings_of_one_file_see_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, other) = (open(&folder), open(&folder));
        let key = Key::new("p", "s");
        one.put(&key, Put::new("1".into(), When::Absent)).await.expect("writable");
        let error = other.put(&key, Put::new("2".into(), When::Absent)).await.expect_err("taken");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(other.get(&key).await.expect("readable").expect("there").value, "1");
    }

    #[tokio::test]
    async fn a_full_disk_is_an_outage_and_loses_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder);
        store.put(&Key::new("p", "kept"), Put::new("1".into(), When::Always)).await.expect("writable");
        lock(&store.writer).pragma_update(None, "max_page_count", 8).expect("a limit");
        let error =
            store.put(&Key::new("p", "big"), Put::new("1".repeat(100_000), When::Always)).await.expect_err("full");
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Unavailable, "the data folder's disk is full; nothing was written")
        );
        assert!(store.get(&Key::new("p", "kept")).await.expect("readable").is_some());
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        lock(&open(&folder).writer).pragma_update(None, "user_version", SHAPE + 1).expect("set");
        let error = Sqlite::open(&folder.path().join("data/store.sqlite3"), Arc::new(SystemClock)).expect_err("newer");
        assert!(error.message().contains("another version"), "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let error =
            Sqlite::open(Path::new("/dev/null/data/store.sqlite3"), Arc::new(SystemClock)).expect_err("no folder");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("/dev/null/data"), "{error}");
    }
}
