//! Where things are kept: the [`Store`] seam, its key and record, and its leaves.
//!
//! A store knows nothing of users, tokens or tools: meaning is written once above it, in `records`. A leaf must never
//! tell "nothing there" when it means "could not look".

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

pub use memory::Memory;
pub use page::{KeyPage, MAX_PAGE_BYTES, Page, Range, end_of};
#[cfg(feature = "local")]
pub use sqlite::Sqlite;

use crate::error::{Error, Result};

/// The most bytes one value may have, in every leaf: what fits a DynamoDB item (400 KiB) beside its key and attributes.
pub const MAX_VALUE_BYTES: usize = 400_000;

/// The most bytes the two halves of a key may have: DynamoDB's limits for partition and sort keys.
pub const MAX_KEY_BYTES: (usize, usize) = (2_048, 1_024);

/// The name of a record: a partition, and a place in the partition's byte order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Records that are read together share a partition.
    pub partition: String,
    /// Orders the records of a partition.
    pub sort: String,
}

impl Key {
    /// The key of one record.
    #[must_use]
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            sort: sort.into(),
        }
    }
}

/// What stands under a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// JSON text.
    pub value: String,
    /// Changes with every write.
    pub version: Version,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes, {:?})", self.value.len(), self.version)
    }
}

/// Tells one write of a record from every other, also across a delete and a new record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub i64);

impl Version {
    /// The version of a record that was listed without it; no record stands in it.
    pub const UNKNOWN: Self = Self(-1);

    /// A version that no other write has.
    #[must_use]
    pub fn fresh() -> Self {
        let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self(i64::try_from(high >> 1).unwrap_or(i64::MAX))
    }
}

/// The condition under which a write happens. *Create* is not *save*: a store that cannot tell them apart lets two
/// registrations of one name both win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Whatever stands there.
    Always,
    /// Only if nothing stands there.
    Absent,
    /// Only if this version stands there.
    Version(Version),
}

/// The most bytes the text of an [`Entry`] may have: a page of a listing stays small.
pub const MAX_ENTRY_BYTES: usize = 1_000;

/// The most writes one [`Store::transact`] takes: DynamoDB's limit is 100, and each write costs twice.
pub const MAX_WRITES: usize = 25;

/// A record's place in a listing: an index beside the partitions, ordered by partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The listing.
    pub listing: &'static str,
    /// The text, at most [`MAX_ENTRY_BYTES`], that the listing gives in place of the record's value. A write that leaves it
    /// as it was does not touch the index.
    pub text: String,
}

/// One write.
#[derive(Clone, PartialEq, Eq)]
pub struct Put {
    /// JSON text of at most [`MAX_VALUE_BYTES`].
    pub value: String,
    /// The condition.
    pub when: When,
    /// Epoch seconds from which on the record is as if it were not there.
    pub expires: Option<u64>,
    /// The listing in which the record also appears.
    pub entry: Option<Entry>,
}

impl Put {
    /// A write without expiry that appears in no listing.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Writes a record whole, under its own condition.
    Put(Key, Put),
    /// Removes a record, under a condition.
    Delete(Key, When),
    /// Writes nothing: a record must stand under this key, in this version if one is given.
    Check(Key, Option<Version>),
}

impl Write {
    /// The record that it is about.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put(key, _) | Self::Delete(key, _) | Self::Check(key, _) => key,
        }
    }

    /// The failure of its condition.
    #[must_use]
    pub fn unmet(&self) -> Error {
        match self {
            Self::Put(_, put) => unmet(put.when),
            Self::Delete(_, when) => unmet(*when),
            Self::Check(_, Some(version)) => unmet(When::Version(*version)),
            Self::Check(_, None) => Error::not_found("no record stands under this key"),
        }
    }
}

/// Where things are kept.
///
/// Every method fails with [`Unavailable`](crate::ErrorKind::Unavailable) when the store can't be reached or can't write
/// now. The laws (feature `laws`) hold for every leaf and wrapper.
#[async_trait]
pub trait Store: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The record as of the last acknowledged write, or `None` if there is none or it has expired.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn get(&self, key: &Key) -> Result<Option<Record>>;

    /// Writes a record whole. Once this has returned, the write survives the end of the process.
    ///
    /// # Errors
    /// `AlreadyExists` if [`When::Absent`] does not hold, `Conflict` if [`When::Version`] does not, `TooLarge` for a
    /// value over [`MAX_VALUE_BYTES`], `Invalid` for a key that is empty or over [`MAX_KEY_BYTES`], `Unavailable`.
    async fn put(&self, key: &Key, put: Put) -> Result<Version>;

    /// Removes a record; with [`When::Always`], one that is not there is removed already.
    ///
    /// # Errors
    /// `Conflict` if [`When::Version`] does not hold, `AlreadyExists` if [`When::Absent`] does not, `Unavailable`.
    async fn delete(&self, key: &Key, when: When) -> Result<()>;

    /// Makes all of these writes or none, as one. No two may be about one record.
    ///
    /// # Errors
    /// That of the first write, in order, whose condition does not hold: `AlreadyExists` or `Conflict` as for a single one,
    /// `NotFound` for a [`Write::Check`] of any version; `Invalid` for none, for more than [`MAX_WRITES`] or for two about
    /// one record; `TooLarge`, `Unavailable`.
    async fn transact(&self, writes: Vec<Write>) -> Result<()>;

    /// At most `limit` records of a range, after the one named, without expired ones: fewer where more would not fit into
    /// [`MAX_PAGE_BYTES`], and then with a `next`. Costs one query per page, whatever else is stored.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page>;

    /// The keys that [`list`](Self::list) would give, without the records: for counting, and for deleting.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage>;

    /// Adds to a counter and gives the sum; a counter that is not there, or has expired, begins at 0 with this expiry.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64>;

    /// Makes the bytes of deleted records unreadable on the store's medium, where that is ours to write; does nothing where
    /// a service or the memory of a process is the medium.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn scrub(&self) -> Result<()>;

    /// Whether the store can be reached and has the shape it needs.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn check(&self) -> Result<()>;
}

/// A store that many parts share.
pub type SharedStore = Arc<dyn Store>;

/// Refuses what no leaf could keep; every leaf calls this before it writes.
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

/// Refuses a group of writes that no leaf could make; every leaf calls this before it begins.
///
/// # Errors
/// As [`check_put`], and `Invalid` for none, too many, or two about one record.
pub fn check_group(writes: &[Write]) -> Result<()> {
    if writes.is_empty() || writes.len() > MAX_WRITES {
        return Err(Error::invalid(format!(
            "1 to {MAX_WRITES} writes can be made as one, and not {}",
            writes.len()
        )));
    }
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

/// Refuses a key or a value that no leaf could keep.
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

/// The failure of a condition.
#[must_use]
pub fn unmet(when: When) -> Error {
    match when {
        When::Absent => Error::already_exists("a record stands under this key already"),
        When::Always | When::Version(_) => {
            Error::conflict("the record was changed in between; read it again and retry")
        }
    }
}
