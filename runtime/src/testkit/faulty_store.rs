//! A [store](Store) in memory that counts its calls and can be put out of order.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::store::{
    Key, KeyPage, MemoryStore, Page, Put, Range, Record, Store, Version, When, Write,
};

/// The store of a [`TestApp`](super::TestApp).
#[derive(Debug)]
pub struct FaultyStore {
    inner: MemoryStore,
    reads: AtomicUsize,
    others: AtomicUsize,
    is_down: AtomicBool,
}

impl FaultyStore {
    /// Makes an empty store.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let reads = AtomicUsize::default();
        let others = AtomicUsize::default();
        Self {
            inner: MemoryStore::new(clock),
            reads,
            others,
            is_down: AtomicBool::default(),
        }
    }

    /// Returns the numbers of [`get`](Store::get)s and of other calls since the last time, and sets both
    /// to zero.
    pub fn take_counts(&self) -> (usize, usize) {
        (
            self.reads.swap(0, Ordering::SeqCst),
            self.others.swap(0, Ordering::SeqCst),
        )
    }

    /// Makes every call fail with [`Unavailable`](crate::ErrorKind::Unavailable), or lets calls through
    /// again.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    fn count(&self, counter: &AtomicUsize) -> Result<()> {
        // A failed call counts too: a test may assert that an outage is not asked about again. The
        // source has an address that no answer may show to a client.
        counter.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the store can't be reached")
                .with_source("connection refused to 10.0.0.7"));
        }
        Ok(())
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("watched memory")
    }
}

// A method that the trait provides would bypass the counters, so each one is written out.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for FaultyStore {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        self.count(&self.reads)?;
        self.inner.get(key).await
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        self.count(&self.others)?;
        self.inner.put(key, put).await
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        self.count(&self.others)?;
        self.inner.delete(key, when).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        self.count(&self.others)?;
        self.inner.transact(writes).await
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        self.count(&self.others)?;
        self.inner.list(range, after, limit).await
    }

    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage> {
        self.count(&self.others)?;
        self.inner.list_keys(range, after, limit).await
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        self.count(&self.others)?;
        self.inner.add(key, amount, expires).await
    }

    async fn scrub(&self) -> Result<()> {
        self.count(&self.others)?;
        self.inner.scrub().await
    }

    async fn check(&self) -> Result<()> {
        self.count(&self.others)?;
        self.inner.check().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        let clock = Arc::new(laws::ManualClock::default());
        laws::all(
            Arc::new(FaultyStore::new(Arc::<laws::ManualClock>::clone(&clock))),
            &clock,
        )
        .await;
    }
}
