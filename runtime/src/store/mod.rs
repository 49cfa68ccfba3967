//! Storage: the [`Store`] trait, its [`Key`] and [`Record`], and its implementations.
//!
//! A store knows nothing of users, tokens or tools: [`records`](crate::records) gives the bytes
//! their meaning, once for every store. An implementation must never answer "there is none" when it
//! could not look.

mod memory;
mod page;
#[cfg(feature = "local")]
mod sqlite;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use memory::MemoryStore;
pub use page::{KeyPage, MAX_PAGE_BYTES, Page, Range, prefix_end};
#[cfg(feature = "local")]
pub use sqlite::SqliteStore;

use crate::error::{Error, Result};

/// The most bytes one value may have, in every implementation: it fits a DynamoDB item of 400 KB
/// beside its key and attributes (AWS DynamoDB Developer Guide, "Quotas").
pub const MAX_VALUE_BYTES: usize = 400_000;

/// The most bytes of a key's partition and of its sort: DynamoDB's limits for partition and sort
/// keys (AWS DynamoDB Developer Guide, "Quotas").
pub const MAX_KEY_BYTES: (usize, usize) = (2_048, 1_024);

/// The name of a record: a partition, and a position in the partition's byte order.
///
/// ```
/// use mcp_lambda::store::Key;
///
/// let key = Key::new("data#1", "note/7");
/// assert!(key > Key::new("data#1", "note/10"), "in the order of bytes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The partition: records that are read together share one.
    pub partition: String,
    /// The sort: orders the records of a partition.
    pub sort: String,
}

impl Key {
    /// Creates the key of one record.
    #[must_use]
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            sort: sort.into(),
        }
    }
}

/// A stored value and its [`Version`], as [`Store::get`] returns them.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The value, as JSON text.
    pub value: String,
    /// The version, which changes with every write.
    pub version: Version,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes, {:?})", self.value.len(), self.version)
    }
}

/// Identifies one write of a record, also across a deletion and a new record of the same [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(i64);

impl Version {
    /// The version of a record that was listed without it; no stored record has it.
    pub const UNKNOWN: Self = Self(-1);

    /// Reads a version that a store has kept.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Returns the number, for a store to keep.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Creates a version that no other write has: a random number of 63 bits from a version 4 UUID
    /// (RFC 9562).
    ///
    /// ```
    /// use mcp_lambda::store::Version;
    ///
    /// assert_ne!(Version::fresh(), Version::fresh());
    /// ```
    #[must_use]
    pub fn fresh() -> Self {
        // The sign bit is cleared: SQLite and DynamoDB store the version as a signed number, and
        // -1 is `UNKNOWN`.
        let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self(i64::try_from(high >> 1).unwrap_or(i64::MAX))
    }
}

/// The condition under which a [`Put`] or a deletion happens.
///
/// *Create* is not *save*: a store that cannot tell them apart lets two registrations of one name
/// both win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Unconditionally.
    Always,
    /// Only if there is no live record under the key.
    Absent,
    /// Only if the record has this version.
    Version(Version),
}

/// The most bytes the text of an [`Entry`] may have, so that a page of a listing stays small.
pub const MAX_ENTRY_BYTES: usize = 1_000;

/// The most writes one [`Store::transact`] takes. DynamoDB allows 100 actions and charges two write
/// units for each (AWS DynamoDB Developer Guide, "Amazon DynamoDB Transactions").
pub const MAX_WRITES: usize = 25;

/// A record's appearance in a listing ([`Range::Listing`]): an index beside the partitions, ordered
/// by partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of the listing.
    pub listing: &'static str,
    /// The text, at most [`MAX_ENTRY_BYTES`], that the listing returns in place of the record's
    /// value. A write that leaves it as it was does not touch the index.
    pub text: String,
}

/// A write of one record, for [`Store::put`] and [`Write::Put`].
///
/// ```
/// use mcp_lambda::store::{Put, When};
///
/// let put = Put { expires: Some(1_800_000_000), ..Put::new("1".into(), When::Absent) };
/// assert!(put.entry.is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Put {
    /// The value: JSON text of at most [`MAX_VALUE_BYTES`].
    pub value: String,
    /// The condition of the write.
    pub when: When,
    /// The time, in seconds since 1970, from which on readers no longer see the record; `None` is
    /// never.
    pub expires: Option<u64>,
    /// The listing in which the record also appears.
    pub entry: Option<Entry>,
}

impl Put {
    /// Creates a write without expiry that appears in no listing.
    #[must_use]
    pub const fn new(value: String, when: When) -> Self {
        Self {
            value,
            when,
            expires: None,
            entry: None,
        }
    }
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Put({} bytes, {:?})", self.value.len(), self.when)
    }
}

/// One part of a [`Store::transact`].
///
/// A store matches every variant, so the enum is exhaustive: one that ignored a new kind of write would lose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Writes a whole record, under the [`Put`]'s own condition.
    Put(Key, Put),
    /// Deletes a record, under a condition.
    Delete(Key, When),
    /// Writes nothing, and requires a record under this key, in this version if there is one here.
    Check(Key, Option<Version>),
}

impl Write {
    /// Returns the key of the record that the write is about.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put(key, _) | Self::Delete(key, _) | Self::Check(key, _) => key,
        }
    }

    /// Returns the error that reports that the write's condition did not hold.
    #[must_use]
    pub fn condition_error(&self) -> Error {
        match self {
            Self::Put(_, put) => condition_error(put.when),
            Self::Delete(_, when) => condition_error(*when),
            Self::Check(_, Some(version)) => condition_error(When::Version(*version)),
            Self::Check(_, None) => Error::not_found("no record stands under this key"),
        }
    }
}

/// A key-value store with conditional writes, expiry and paged listings.
///
/// Every method fails with [`Unavailable`](crate::ErrorKind::Unavailable) when the store can't be
/// reached or can't write now. Every implementation and wrapper passes the tests of the module
/// `laws` (feature `laws`).
///
/// ```
/// use mcp_lambda::store::{Key, MemoryStore, Put, Store, When};
///
/// # async fn example() -> mcp_lambda::Result<()> {
/// let store = MemoryStore::default();
/// let key = Key::new("notes", "first");
/// let version = store.put(&key, Put::new("1".into(), When::Absent)).await?;
/// let stored = store.get(&key).await?.map(|record| record.version);
/// assert_eq!(stored, Some(version));
/// assert!(store.put(&key, Put::new("2".into(), When::Absent)).await.is_err());
/// # Ok(())
/// # }
/// # futures_util::FutureExt::now_or_never(example()).expect("memory waits for nothing").unwrap();
/// ```
#[async_trait]
pub trait Store: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// Reads the [`Record`] as of the last acknowledged write; `None` if there is none or it has
    /// expired.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn get(&self, key: &Key) -> Result<Option<Record>>;

    /// Writes a whole record and returns its new [`Version`]. Once this has returned, the write
    /// survives the end of the process.
    ///
    /// # Errors
    /// `AlreadyExists` if [`When::Absent`] does not hold, `Conflict` if [`When::Version`] does not,
    /// `TooLarge` for a value over [`MAX_VALUE_BYTES`], `Invalid` for a key that is empty or over
    /// [`MAX_KEY_BYTES`], `Unavailable`.
    async fn put(&self, key: &Key, put: Put) -> Result<Version>;

    /// Deletes a record. With [`When::Always`], deleting a record that does not exist succeeds.
    ///
    /// # Errors
    /// `Conflict` if [`When::Version`] does not hold, `AlreadyExists` if [`When::Absent`] does not,
    /// `Unavailable`.
    async fn delete(&self, key: &Key, when: When) -> Result<()>;

    /// Makes all of these writes or none, atomically. No two may be about one record.
    ///
    /// # Errors
    /// That of the first write, in order, whose condition does not hold: `AlreadyExists` or
    /// `Conflict` as for a single one, `NotFound` for a [`Write::Check`] of any version; `Invalid`
    /// for none, for more than [`MAX_WRITES`] or for two about one record; `TooLarge`,
    /// `Unavailable`.
    async fn transact(&self, writes: Vec<Write>) -> Result<()>;

    /// Lists at most `limit` records of a [`Range`], behind `after`, without expired ones: fewer
    /// where more would not fit into [`MAX_PAGE_BYTES`], and then with a `next`. Costs one query
    /// per page, whatever else is stored.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page>;

    /// Lists the keys that [`list`](Self::list) would return, without the records: for counting,
    /// and for deleting.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage>;

    /// Adds to a counter and returns the sum. A counter that does not exist, or has expired, starts
    /// at 0 with this expiry.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64>;

    /// Makes the bytes of deleted records unreadable on the store's medium where the store writes
    /// it itself, as SQLite does; does nothing where a service or the memory of a
    /// process is the medium.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn scrub(&self) -> Result<()>;

    /// Checks that the store can be reached and has the schema it needs.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn check(&self) -> Result<()>;
}

/// A [`Store`] that several parts of an app share.
pub type SharedStore = Arc<dyn Store>;

/// Checks a [`Put`] against the limits of every implementation; each calls this before it writes.
///
/// # Errors
/// `Invalid` for the key, `TooLarge` for the value or its entry in a listing.
pub fn check_put(key: &Key, put: &Put) -> Result<()> {
    let entry = put.entry.as_ref().map_or(0, |entry| entry.text.len());
    if entry > MAX_ENTRY_BYTES {
        return Err(Error::too_large(format!(
            "the entry has {entry} bytes; a listing takes {MAX_ENTRY_BYTES} at most"
        )));
    }
    check_write(key, &put.value)
}

/// Checks the writes of a [`Store::transact`] against the limits of every implementation; each
/// calls this before it starts.
///
/// # Errors
/// As [`check_put`], and `Invalid` for none, too many, or two about one record.
pub fn check_transaction(writes: &[Write]) -> Result<()> {
    if writes.is_empty() || writes.len() > MAX_WRITES {
        return Err(Error::invalid(format!(
            "1 to {MAX_WRITES} writes can be made as one, and not {}",
            writes.len()
        )));
    }
    // DynamoDB refuses a transaction with two actions on one item; every store does, so that tests
    // in memory find it.
    let keys: BTreeSet<&Key> = writes.iter().map(Write::key).collect();
    if keys.len() < writes.len() {
        return Err(Error::invalid(
            "two writes about one record can't be made as one",
        ));
    }
    writes.iter().try_for_each(|write| match write {
        Write::Put(key, put) => check_put(key, put),
        Write::Delete(key, _) | Write::Check(key, _) => check_write(key, ""),
    })
}

/// Checks the length of a [`Key`] and of a value.
///
/// # Errors
/// `Invalid` for the key, `TooLarge` for the value.
pub fn check_write(key: &Key, value: &str) -> Result<()> {
    let (partition, sort) = MAX_KEY_BYTES;
    if key.partition.is_empty() || key.sort.is_empty() {
        return Err(Error::invalid("a key must not be empty"));
    }
    if key.partition.len() > partition || key.sort.len() > sort {
        return Err(Error::invalid(format!(
            "the key is longer than {sort} bytes; shorten it"
        )));
    }
    if value.len() > MAX_VALUE_BYTES {
        let size = value.len();
        return Err(Error::too_large(format!(
            "the value has {size} bytes; at most {MAX_VALUE_BYTES} can be kept under one key: split it"
        )));
    }
    Ok(())
}

/// Returns the error that reports that a [`When`] did not hold.
///
/// ```
/// use mcp_lambda::{ErrorKind, store::{When, condition_error}};
///
/// assert_eq!(condition_error(When::Absent).kind(), ErrorKind::AlreadyExists);
/// ```
#[must_use]
pub fn condition_error(when: When) -> Error {
    match when {
        When::Absent => Error::already_exists("a record stands under this key already"),
        When::Always | When::Version(_) => {
            Error::conflict("the record was changed in between; read it again and retry")
        }
    }
}
