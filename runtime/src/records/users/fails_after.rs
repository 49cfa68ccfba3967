//! A store that makes some writes and then no more, as one does whose process is gone.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::store::{
    Key, KeyPage, Page, Put, Range, Record, SharedStore, Store, Version, When, Write,
};

/// A store that fails after so many writes.
#[derive(Debug)]
pub(super) struct FailsAfter {
    inner: SharedStore,
    left: AtomicUsize,
}

impl FailsAfter {
    pub(super) fn new(inner: SharedStore, writes: usize) -> Self {
        Self {
            inner,
            left: AtomicUsize::new(writes),
        }
    }

    fn take(&self) -> Result<()> {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        taken
            .map(drop)
            .map_err(|_| Error::unavailable("the process is gone"))
    }
}

impl fmt::Display for FailsAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that fails")
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for FailsAfter {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        self.inner.get(key).await
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        self.take()?;
        self.inner.put(key, put).await
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        self.take()?;
        self.inner.delete(key, when).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        self.take()?;
        self.inner.transact(writes).await
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        self.inner.list(range, after, limit).await
    }

    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage> {
        self.inner.list_keys(range, after, limit).await
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        self.take()?;
        self.inner.add(key, amount, expires).await
    }

    async fn scrub(&self) -> Result<()> {
        self.inner.scrub().await
    }

    async fn check(&self) -> Result<()> {
        self.inner.check().await
    }
}
