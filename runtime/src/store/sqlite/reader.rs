//! Short reads on the caller's own thread, and a bounded memory of the records that were read last.
//!
//! A remembered record is returned only while nobody has committed since it was read: `PRAGMA
//! data_version` (<https://sqlite.org/pragma.html#pragma_data_version>) differs after a commit of
//! any other connection, be it another process's or this process's writer. What one process
//! revokes is therefore revoked in all of them at their next read.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::statements::{DATA_VERSION, GET};
use crate::store::{Key, Record, Version};

/// The longest value that is read on the caller's own thread, in bytes: a few pages of the file.
pub(super) const SMALL: usize = 32 * 1024;

/// The most bytes of keys and values that one [`ShortReader`] remembers.
const MAX_REMEMBERED_BYTES: usize = 1024 * 1024;

/// A connection that only reads.
pub(super) struct ShortReader {
    connection: Connection,
    /// The `data_version` under which `remembered` was read.
    data_version: Option<i64>,
    remembered: HashMap<Key, Stored>,
    remembered_bytes: usize,
}

/// A live record as read by [`GET`].
#[derive(Clone)]
pub(super) struct Stored {
    /// `None` if it is longer than was asked for.
    value: Option<String>,
    version: Version,
    expires: Option<u64>,
}

/// The outcome of a short read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// The live record, if there is one.
    Read(Option<Record>),
    /// There is one, of more than [`SMALL`] bytes.
    TooLong,
}

impl ShortReader {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            data_version: None,
            remembered: HashMap::new(),
            remembered_bytes: 0,
        }
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the live record under a key, from memory if the file has not changed since.
    pub(super) fn get(&mut self, key: &Key, now: u64) -> rusqlite::Result<Short> {
        self.forget_if_changed()?;
        let remembered = self.remembered.get(key);
        if let Some(stored) = remembered.filter(|stored| stored.is_live(now)) {
            return Ok(stored.clone().into());
        }
        let Some(stored) = read_stored(&self.connection, key, now, SMALL)? else {
            return Ok(Short::Read(None));
        };
        self.remember(key, &stored);
        Ok(stored.into())
    }

    /// Empties the memory if anybody has committed since the last call.
    fn forget_if_changed(&mut self) -> rusqlite::Result<()> {
        // Asked before the record is read: a commit between the two leaves a record in memory that is
        // newer than its `data_version`, which the next call then drops. The other order would keep an
        // older one.
        let current = Some(read_data_version(&self.connection)?);
        if current != self.data_version {
            self.forget_all();
            self.data_version = current;
        }
        Ok(())
    }

    fn forget_all(&mut self) {
        self.remembered.clear();
        self.remembered_bytes = 0;
    }

    fn remember(&mut self, key: &Key, stored: &Stored) {
        let Some(value) = &stored.value else { return };
        if self.remembered_bytes > MAX_REMEMBERED_BYTES {
            self.forget_all();
        }
        self.remembered_bytes += key.partition.len() + key.sort.len() + value.len();
        self.remembered.insert(key.clone(), stored.clone());
    }
}

impl Stored {
    fn is_live(&self, now: u64) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// Returns the record, unless its value is longer than was asked for.
    pub(super) fn into_record(self) -> Option<Record> {
        let version = self.version;
        self.value.map(|value| Record { value, version })
    }
}

impl From<Stored> for Short {
    fn from(stored: Stored) -> Self {
        let record = stored.into_record();
        record.map_or(Self::TooLong, |record| Self::Read(Some(record)))
    }
}

/// Reads the [`DATA_VERSION`] of a connection.
fn read_data_version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(DATA_VERSION)?;
    statement.query_row([], |row| row.get(0))
}

/// Reads the live record under a key, with its value if that has at most `longest` bytes.
pub(super) fn read_stored(
    connection: &Connection,
    key: &Key,
    now: u64,
    longest: usize,
) -> rusqlite::Result<Option<Stored>> {
    let longest = i64::try_from(longest).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(GET)?;
    let values = params![key.partition, key.sort, now, longest];
    let read = statement.query_row(values, |row| {
        Ok(Stored {
            value: row.get(0)?,
            version: Version::new(row.get(1)?),
            expires: row.get(2)?,
        })
    });
    read.optional()
}
