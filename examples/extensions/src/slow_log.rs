//! A store around another that logs operations which take long, and the opener that puts it around the stores of another.
//!
//! It changes nothing of what the other store promises: the laws of stores hold for it as for any.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mcp_lambda::backend::StoreOpener;
use mcp_lambda::clock::Clock;
use mcp_lambda::prelude::*;
use mcp_lambda::store::{
    Key, KeyPage, Page, Put, Range, Record, SharedStore, Store, Version, When, Write,
};

/// A [`Store`] that logs operations of another which take longer than a threshold.
#[derive(Debug)]
pub struct SlowLog {
    inner: SharedStore,
    threshold: Duration,
    slow: AtomicU64,
}

impl SlowLog {
    /// Puts a log around a store.
    #[must_use]
    pub const fn new(inner: SharedStore, threshold: Duration) -> Self {
        Self {
            inner,
            threshold,
            slow: AtomicU64::new(0),
        }
    }

    /// Returns the number of slow operations so far.
    #[must_use]
    pub fn slow_operations(&self) -> u64 {
        self.slow.load(Ordering::Relaxed)
    }

    /// Awaits an operation, and logs its name if it was slow; never its key, which names a user.
    async fn watch<T>(&self, operation: &str, work: impl Future<Output = T> + Send) -> T {
        let started = Instant::now();
        let outcome = work.await;
        let elapsed = started.elapsed();
        if elapsed >= self.threshold {
            self.slow.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(operation, ms = elapsed.as_secs_f64() * 1000.0, "slow store");
        }
        outcome
    }
}

impl fmt::Display for SlowLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Store for SlowLog {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        self.watch("get", self.inner.get(key)).await
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        self.watch("put", self.inner.put(key, put)).await
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        self.watch("delete", self.inner.delete(key, when)).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        self.watch("transact", self.inner.transact(writes)).await
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        self.watch("list", self.inner.list(range, after, limit))
            .await
    }

    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage> {
        self.watch("list_keys", self.inner.list_keys(range, after, limit))
            .await
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        self.watch("add", self.inner.add(key, amount, expires))
            .await
    }

    async fn scrub(&self) -> Result<()> {
        self.watch("scrub", self.inner.scrub()).await
    }

    async fn check(&self) -> Result<()> {
        self.watch("check", self.inner.check()).await
    }
}

/// A [`StoreOpener`] that puts a [`SlowLog`] around every store of another, such as that of `mcp_lambda_dynamo::from_env()`.
///
/// Given to [`App::store_opener`](mcp_lambda::App::store_opener), it leaves the keys to the app's backend.
#[derive(Debug)]
pub struct WithSlowLog<O> {
    inner: O,
    threshold: Duration,
}

impl<O: StoreOpener> WithSlowLog<O> {
    /// Logs what takes longer than the threshold.
    #[must_use]
    pub const fn new(inner: O, threshold: Duration) -> Self {
        Self { inner, threshold }
    }
}

#[async_trait]
impl<O: StoreOpener> StoreOpener for WithSlowLog<O> {
    async fn open_store(&self, table: &str, clock: Arc<dyn Clock>) -> Result<SharedStore> {
        let store = self.inner.open_store(table, clock).await?;
        Ok(Arc::new(SlowLog::new(store, self.threshold)))
    }
}

#[cfg(test)]
mod tests {
    use mcp_lambda::store::{MemoryStore, laws};
    use mcp_lambda::testkit::block_on;

    use super::*;

    /// A store in memory, whatever table the settings name.
    #[derive(Debug)]
    struct InMemory;

    #[async_trait]
    impl StoreOpener for InMemory {
        async fn open_store(&self, _table: &str, clock: Arc<dyn Clock>) -> Result<SharedStore> {
            Ok(Arc::new(MemoryStore::new(clock)))
        }
    }

    #[test]
    fn it_keeps_the_laws_of_a_store() {
        block_on(async {
            let clock = Arc::new(laws::ManualClock::default());
            let opener = WithSlowLog::new(InMemory, Duration::MAX);
            let shared: Arc<dyn Clock> = Arc::<laws::ManualClock>::clone(&clock);
            let store = opener.open_store("users", shared).await.expect("opens");
            laws::all(store, &clock).await;
        });
    }

    #[test]
    fn only_what_takes_long_is_counted() {
        block_on(async {
            for (threshold, slow) in [(Duration::ZERO, 2), (Duration::MAX, 0)] {
                let store = SlowLog::new(Arc::new(MemoryStore::default()), threshold);
                let key = Key::new("notes", "first");
                let put = Put::new("1".to_owned(), When::Always);
                store.put(&key, put).await.expect("writable");
                store.get(&key).await.expect("readable");
                assert_eq!(store.slow_operations(), slow);
            }
        });
    }
}
