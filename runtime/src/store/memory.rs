//! An in-memory [`Store`] for tests and for trying things out.
//!
//! Nothing here outlives the process; production code must never fall back to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{
    Entry, Key, KeyPage, Page, Put, Range, Record, Store, Version, When, Write, check_put,
    check_transaction, check_write, condition_error,
};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};

/// A [`Store`] in the memory of the process.
///
/// ```
/// use mcp_lambda::store::MemoryStore;
///
/// assert_eq!(MemoryStore::default().to_string(), "memory");
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    rows: Mutex<BTreeMap<Key, MemoryRow>>,
}

#[derive(Clone, Debug)]
struct MemoryRow {
    record: Record,
    expires: Option<u64>,
    entry: Option<Entry>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl MemoryStore {
    /// Creates an empty store that reads the time from this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            rows: Mutex::default(),
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, MemoryRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_live(&self, row: &MemoryRow) -> bool {
        row.expires.is_none_or(|expires| expires > self.clock.now())
    }

    fn find_live_version(&self, row: Option<&MemoryRow>) -> Option<Version> {
        row.filter(|row| self.is_live(row))
            .map(|row| row.record.version)
    }

    /// Iterates over the live rows of a [`Range`] behind `after`, in the range's order, which is
    /// the order of the keys in every kind of range.
    fn find<'r>(
        &'r self,
        rows: &'r BTreeMap<Key, MemoryRow>,
        range: &'r Range,
        after: Option<&'r str>,
    ) -> impl Iterator<Item = (&'r Key, &'r MemoryRow)> {
        let belongs = |key: &Key, row: &MemoryRow| match range {
            Range::Prefix(from) | Range::Stored(from) => {
                key.partition == from.partition && key.sort.starts_with(&from.sort)
            }
            Range::Listing(name) => row
                .entry
                .as_ref()
                .is_some_and(|entry| entry.listing == *name),
        };
        // Keys compare by partition and then by sort, so one scan in map order is the order of a
        // partition and of a listing alike.
        let is_after = move |key: &Key| after.is_none_or(|after| range.position(key) > after);
        let live_at = range.live_at(self.clock.now());
        let is_live = move |row: &MemoryRow| row.expires.is_none_or(|expires| expires > live_at);
        rows.iter()
            .filter(move |(key, row)| belongs(key, row) && is_live(row) && is_after(key))
    }

    fn holds(&self, when: When, row: Option<&MemoryRow>) -> bool {
        let version = self.find_live_version(row);
        match when {
            When::Always => true,
            When::Absent => version.is_none(),
            When::Version(expected) => version == Some(expected),
        }
    }

    fn allows(&self, write: &Write, row: Option<&MemoryRow>) -> bool {
        match write {
            Write::Put(_, put) => self.holds(put.when, row),
            Write::Delete(_, when) => self.holds(*when, row),
            Write::Check(_, Some(version)) => self.find_live_version(row) == Some(*version),
            Write::Check(_, None) => self.find_live_version(row).is_some(),
        }
    }
}

fn build_row(put: Put, version: Version) -> MemoryRow {
    MemoryRow {
        record: Record {
            value: put.value,
            version,
        },
        expires: put.expires,
        entry: put.entry,
    }
}

impl fmt::Display for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        Ok(self
            .rows()
            .get(key)
            .filter(|row| self.is_live(row))
            .map(|row| row.record.clone()))
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        check_put(key, &put)?;
        let mut rows = self.rows();
        if !self.holds(put.when, rows.get(key)) {
            return Err(condition_error(put.when));
        }
        let version = Version::fresh();
        rows.insert(key.clone(), build_row(put, version));
        Ok(version)
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        let mut rows = self.rows();
        if !self.holds(when, rows.get(key)) {
            return Err(condition_error(when));
        }
        rows.remove(key);
        Ok(())
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        check_transaction(&writes)?;
        // All conditions are checked before the first write, under one lock: that is what makes the
        // group atomic.
        let mut rows = self.rows();
        if let Some(write) = writes
            .iter()
            .find(|write| !self.allows(write, rows.get(write.key())))
        {
            return Err(write.condition_error());
        }
        for write in writes {
            match write {
                Write::Put(key, put) => drop(rows.insert(key, build_row(put, Version::fresh()))),
                Write::Delete(key, _) => drop(rows.remove(&key)),
                Write::Check(..) => {}
            }
        }
        Ok(())
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        let rows = self.rows();
        let seen = |row: &MemoryRow| match (range, &row.entry) {
            (Range::Listing(_), Some(entry)) => Record {
                value: entry.text.clone(),
                version: Version::UNKNOWN,
            },
            _ => row.record.clone(),
        };
        let found = self
            .find(&rows, range, after)
            .map(|(key, row)| Ok((key.clone(), seen(row))));
        Page::collect(range, found, limit)
    }

    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage> {
        let rows = self.rows();
        KeyPage::collect(
            range,
            self.find(&rows, range, after)
                .map(|(key, _)| Ok(key.clone())),
            limit,
        )
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        check_write(key, "")?;
        let mut rows = self.rows();
        // An expired counter restarts with the new expiry; a live one keeps its own, so that a window of
        // a rate limit does not move with every request.
        let live = rows.get(key).filter(|row| self.is_live(row));
        let (sum, expires) = match live {
            Some(row) => (parse_count(&row.record.value)? + amount, row.expires),
            None => (amount, expires),
        };
        let record = Record {
            value: sum.to_string(),
            version: Version::fresh(),
        };
        rows.insert(
            key.clone(),
            MemoryRow {
                record,
                expires,
                entry: None,
            },
        );
        Ok(sum)
    }

    async fn scrub(&self) -> Result<()> {
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

fn parse_count(value: &str) -> Result<i64> {
    value
        .parse()
        .map_err(|_| Error::invalid("the record under this key is not a counter"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        let clock = Arc::new(laws::ManualClock::default());
        let shared: Arc<dyn Clock> = Arc::<laws::ManualClock>::clone(&clock);
        laws::all(Arc::new(MemoryStore::new(shared)), &clock).await;
    }
}
