//! The embedded [`Store`]: one SQLite file in write-ahead mode (<https://sqlite.org/wal.html>), safe
//! for a server and an admin CLI at the same time.
//!
//! Every write is one conditional statement in a transaction of its own. The file holds
//! credentials: it is created for its owner alone and must never get wider permissions.

mod file;
mod keeper;
mod lane;
mod reader;
mod statements;
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use self::file::{DatabaseFile, explain, read_shape};
use self::keeper::{Keeper, empty_log, report_blocked, sweep};
use self::lane::{Lane, is_busy};
use self::reader::{Short, ShortReader, Stored, read_stored};
use self::statements::{
    ADD, DELETE, DELETE_VERSION, LIST_FEW, ListedColumns, PUT_ABSENT, PUT_ALWAYS, PUT_VERSION,
    VERSION, list_listing, list_prefix,
};
use super::{
    Key, KeyPage, Page, Put, Range, Record, Store, Version, When, Write, check_put,
    check_transaction, check_write, condition_error, prefix_end,
};
use crate::clock::Clock;
use crate::error::Result;

/// The most records that a list looks at on the caller's own thread.
const FEW: usize = 64;

/// The most lists that are read at the same time, each of which may have a megabyte.
const LISTS: usize = 2;

/// A [`Store`] in one SQLite file.
pub struct SqliteStore {
    clock: Arc<dyn Clock>,
    file: DatabaseFile,
    /// Readers for short reads on the caller's own thread; one for each thread that can run at
    /// the same time.
    short: Vec<Mutex<ShortReader>>,
    /// Connections for long reads on threads that may block.
    long: Lane,
    writer: Lane,
    keeper: Keeper,
}

impl SqliteStore {
    /// Opens the file, creating it and its folder if need be.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the folder or the file can't be made, read
    /// or written, or was written by another version; [`Invalid`](crate::ErrorKind::Invalid) if
    /// others may open them, or if they are on a network file system. The message names the path.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let file = DatabaseFile::make(path)?;
        let writer = file.connect()?;
        file.prepare(&writer)?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let short = (0..cores)
            .map(|_| file.connect().map(ShortReader::new).map(Mutex::new))
            .collect::<Result<_>>()?;
        let long = Lane::new((0..LISTS).map(|_| file.connect()).collect::<Result<_>>()?);
        let keeper = Keeper::start(file.connect()?, Arc::clone(&clock))?;
        Ok(Self {
            clock,
            file,
            short,
            long,
            writer: Lane::new(vec![writer]),
            keeper,
        })
    }

    /// Reads a short record on the caller's own thread; `None` if it is too long or the file is
    /// busy.
    fn get_short(&self, key: &Key, now: u64) -> Option<Result<Option<Record>>> {
        // A short read takes a few microseconds. Handing it to another thread and waiting for the answer
        // would take longer than all other reads of an authenticated call.
        match self.lock_reader()?.get(key, now) {
            Ok(Short::Read(record)) => Some(Ok(record)),
            Ok(Short::TooLong) => None,
            Err(error) if is_busy(&error) => None,
            Err(error) => Some(Err(explain(error))),
        }
    }

    /// Lists keys on the caller's own thread; `None` if a page needs more than [`FEW`] records,
    /// expired ones included, or the file is busy.
    fn list_few(&self, query: &ListQuery) -> Option<Result<KeyPage>> {
        if matches!(query.range, Range::Listing(_)) {
            return None;
        }
        match read_few(self.lock_reader()?.connection(), query) {
            Ok(page) => page.map(Ok),
            Err(error) if is_busy(&error) => None,
            Err(error) => Some(Err(explain(error))),
        }
    }

    fn lock_reader(&self) -> Option<MutexGuard<'_, ShortReader>> {
        self.short.iter().find_map(|reader| reader.try_lock().ok())
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let signal = self.keeper.signal();
        let written = self.writer.run(move |connection, caller| {
            let written = caller.write(connection, work);
            signal.notify();
            written
        });
        written.await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({})", self.file.display_path().display())
    }
}

impl fmt::Display for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLite file {}", self.file.display_path().display())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        let now = self.clock.now();
        if let Some(found) = self.get_short(key, now) {
            return found;
        }
        let key = key.clone();
        let found = self.long.run(move |connection, caller| {
            caller.retry_while_busy(|| read_stored(connection, &key, now, usize::MAX))
        });
        Ok(found.await?.and_then(Stored::into_record))
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        check_put(key, &put)?;
        let key = key.clone();
        let now = self.clock.now();
        let version = Version::fresh();
        let when = put.when;
        // The condition is part of the statement, so the number of changed rows says whether it held; a
        // read before it could be out of date by the time of the write.
        let is_done = self.write(move |connection| {
            write_put(connection, now, &key, &put, version).map_err(explain)
        });
        if is_done.await? {
            Ok(version)
        } else {
            Err(condition_error(when))
        }
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        let key = key.clone();
        let now = self.clock.now();
        let is_done = self
            .write(move |connection| write_delete(connection, now, &key, when).map_err(explain));
        if is_done.await? {
            Ok(())
        } else {
            Err(condition_error(when))
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        check_transaction(&writes)?;
        let now = self.clock.now();
        self.write(move |connection| write_group(connection, now, &writes))
            .await
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        let query = ListQuery::new(range, after, self.clock.now(), limit);
        let page = self.long.run(move |connection, caller| {
            caller.retry_while_busy(|| {
                let mut statement = connection.prepare_cached(query.sql(ListedColumns::Records))?;
                let rows = statement.query_map(query.values(query.rows()), |row| {
                    Ok((read_key(row)?, read_record(row)?))
                })?;
                Page::collect(&query.range, rows, query.limit)
            })
        });
        page.await
    }

    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage> {
        let query = ListQuery::new(range, after, self.clock.now(), limit);
        if let Some(page) = self.list_few(&query) {
            return page;
        }
        let page = self.long.run(move |connection, caller| {
            caller.retry_while_busy(|| {
                let mut statement = connection.prepare_cached(query.sql(ListedColumns::Keys))?;
                let rows = statement.query_map(query.values(query.rows()), read_key)?;
                KeyPage::collect(&query.range, rows, query.limit)
            })
        });
        page.await
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        check_write(key, "")?;
        let key = key.clone();
        let now = self.clock.now();
        let version = Version::fresh();
        self.write(move |connection| {
            let values = params![key.partition, key.sort, now, amount, version.0, expires];
            let add = |connection: &Connection| {
                connection
                    .prepare_cached(ADD)?
                    .query_row(values, |row| row.get(0))
            };
            add(connection).map_err(explain)
        })
        .await
    }

    /// Removes expired records and truncates the log. Fails while another process reads an older
    /// state.
    async fn scrub(&self) -> Result<()> {
        let now = self.clock.now();
        let scrubbed = self.writer.run(move |connection, caller| {
            caller.retry_while_busy(|| sweep(connection, now))?;
            caller.retry_while_busy(|| {
                if empty_log(connection)? {
                    Ok(())
                } else {
                    Err(report_blocked())
                }
            })
        });
        scrubbed.await
    }

    async fn check(&self) -> Result<()> {
        let shape = self
            .long
            .run(|connection, caller| caller.retry_while_busy(|| read_shape(connection)));
        self.file.check(shape.await?)
    }
}

/// The arguments of a list, owned, because another thread reads it.
struct ListQuery {
    range: Range,
    after: String,
    now: u64,
    limit: usize,
}

impl ListQuery {
    fn new(range: &Range, after: Option<&str>, now: u64, limit: usize) -> Self {
        Self {
            range: range.clone(),
            after: after.unwrap_or_default().to_owned(),
            now,
            limit,
        }
    }

    const fn sql(&self, listed: ListedColumns) -> &'static str {
        match self.range {
            Range::Prefix(_) | Range::Stored(_) => list_prefix(listed),
            Range::Listing(_) => list_listing(listed),
        }
    }

    /// Returns the number of rows to read: one behind the page tells whether there are more.
    const fn rows(&self) -> usize {
        self.limit.saturating_add(1)
    }

    fn values(&self, rows: usize) -> impl Params {
        let after = self.after.as_str();
        let (whole, from, end) = match &self.range {
            Range::Prefix(from) | Range::Stored(from) => (
                from.partition.as_str(),
                from.sort.as_str().max(after),
                prefix_end(&from.sort),
            ),
            Range::Listing(name) => (*name, "", None),
        };
        (whole, from, after, self.range.live_at(self.now), rows, end)
    }
}

/// Writes a record if its condition holds; returns whether it did.
fn write_put(
    connection: &Connection,
    now: u64,
    key: &Key,
    put: &Put,
    version: Version,
) -> rusqlite::Result<bool> {
    let (sql, expected) = match put.when {
        When::Always => (PUT_ALWAYS, None),
        When::Absent => (PUT_ABSENT, None),
        When::Version(expected) => (PUT_VERSION, Some(expected.get())),
    };
    let (listing, entry) = put
        .entry
        .as_ref()
        .map(|entry| (entry.listing, &entry.text))
        .unzip();
    let values = params![
        key.partition,
        key.sort,
        now,
        put.value,
        version.0,
        put.expires,
        listing,
        expected,
        entry
    ];
    Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
}

/// Deletes a record if the condition holds; returns whether it did.
fn write_delete(
    connection: &Connection,
    now: u64,
    key: &Key,
    when: When,
) -> rusqlite::Result<bool> {
    match when {
        When::Always => connection
            .prepare_cached(DELETE)?
            .execute([&key.partition, &key.sort])
            .map(|_| true),
        When::Absent => Ok(read_version(connection, now, key)?.is_none()),
        When::Version(expected) => {
            let values = params![key.partition, key.sort, now, expected.get()];
            Ok(connection.prepare_cached(DELETE_VERSION)?.execute(values)? > 0)
        }
    }
}

/// Makes all writes of a [`Store::transact`]; stops at the first whose condition does not hold, and
/// the transaction is rolled back.
fn write_group(connection: &Connection, now: u64, writes: &[Write]) -> Result<()> {
    for write in writes {
        let is_done = match write {
            Write::Put(key, put) => write_put(connection, now, key, put, Version::fresh()),
            Write::Delete(key, when) => write_delete(connection, now, key, *when),
            Write::Check(key, None) => {
                read_version(connection, now, key).map(|found| found.is_some())
            }
            Write::Check(key, version) => {
                read_version(connection, now, key).map(|found| found == *version)
            }
        };
        if !is_done.map_err(explain)? {
            return Err(write.condition_error());
        }
    }
    Ok(())
}

/// Reads the version of the live record under a key.
fn read_version(connection: &Connection, now: u64, key: &Key) -> rusqlite::Result<Option<Version>> {
    let mut statement = connection.prepare_cached(VERSION)?;
    statement
        .query_row(params![key.partition, key.sort, now], |row| {
            row.get(0).map(Version)
        })
        .optional()
}

/// Reads a page of keys out of the first [`FEW`] records of a range; `None` if these are too few
/// to tell.
fn read_few(connection: &Connection, query: &ListQuery) -> rusqlite::Result<Option<KeyPage>> {
    let mut statement = connection.prepare_cached(LIST_FEW)?;
    let rows = statement.query_map(query.values(FEW), |row| {
        Ok((read_key(row)?, row.get::<_, bool>(2)?))
    })?;
    let records = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let is_whole = records.len() < FEW;
    let live = records.into_iter().filter(|(_, is_live)| *is_live);
    let keys: Vec<_> = live.map(|(key, _)| Ok(key)).collect();
    if is_whole || keys.len() > query.limit {
        KeyPage::collect(&query.range, keys, query.limit).map(Some)
    } else {
        Ok(None)
    }
}

fn read_key(row: &Row<'_>) -> rusqlite::Result<Key> {
    Ok(Key::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?))
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        value: row.get(2)?,
        version: Version::new(row.get(3)?),
    })
}
