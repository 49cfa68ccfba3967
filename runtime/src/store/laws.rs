//! The laws of [`Store`](super::Store): every leaf and every wrapper runs all of them.
//!
//! A law works in partitions of its own and must never clear or count what else is stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Key, MAX_VALUE_BYTES, Put, Range, Shared, When};
use crate::clock::Clock;
use crate::error::ErrorKind;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicU64::new(1_800_000_000))
    }
}

impl ManualClock {
    /// Moves the time forward.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Runs every law over a store that reads the time from this clock.
///
/// # Panics
/// When the store breaks a law.
pub async fn all(store: Shared, clock: &ManualClock) {
    what_is_put_is_got(&store).await;
    only_one_of_many_creates_wins(&store).await;
    a_stale_version_changes_nothing(&store).await;
    a_version_does_not_outlive_its_record(&store).await;
    deleting_is_conditional(&store).await;
    pages_join_without_loss(&store).await;
    a_prefix_lists_its_own(&store).await;
    a_listing_holds_what_was_put_in_it(&store).await;
    counters_lose_nothing(&store).await;
    the_expired_is_not_there(&store, clock).await;
    sizes_are_bounded(&store).await;
    store.check().await.expect("a working store says so");
}

fn partition() -> String {
    format!("law#{}", uuid::Uuid::new_v4())
}

fn always(value: &str) -> Put {
    Put::new(value.to_owned(), When::Always)
}

fn kind<T: std::fmt::Debug>(outcome: crate::Result<T>) -> ErrorKind {
    outcome.expect_err("a law expects a refusal").kind()
}

async fn what_is_put_is_got(store: &Shared) {
    let key = Key::new(partition(), "a");
    assert_eq!(store.get(&key).await.expect("readable"), None);
    for value in ["1", r#"{"snow":"☃","quote":"'\""}"#] {
        let version = store.put(&key, always(value)).await.expect("writable");
        let record = store.get(&key).await.expect("readable").expect("there");
        assert_eq!((record.value.as_str(), record.version), (value, version));
    }
}

async fn only_one_of_many_creates_wins(store: &Shared) {
    let key = Key::new(partition(), "a");
    let attempts = (0..64).map(|number| {
        let (store, key) = (Arc::clone(store), key.clone());
        async move { store.put(&key, Put::new(number.to_string(), When::Absent)).await }
    });
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.into_iter().filter_map(Result::err).all(|error| error.kind() == ErrorKind::AlreadyExists));
}

async fn a_stale_version_changes_nothing(store: &Shared) {
    let key = Key::new(partition(), "a");
    let first = store.put(&key, always("1")).await.expect("writable");
    let second = store.put(&key, Put::new("2".into(), When::Version(first))).await.expect("fresh");
    assert_eq!(kind(store.put(&key, Put::new("3".into(), When::Version(first))).await), ErrorKind::Conflict);
    let record = store.get(&key).await.expect("readable").expect("there");
    assert_eq!((record.value.as_str(), record.version), ("2", second));
    let nowhere = Key::new(partition(), "a");
    assert_eq!(kind(store.put(&nowhere, Put::new("1".into(), When::Version(first))).await), ErrorKind::Conflict);
}

async fn a_version_does_not_outlive_its_record(store: &Shared) {
    let key = Key::new(partition(), "a");
    let old = store.put(&key, always("1")).await.expect("writable");
    store.delete(&key, When::Always).await.expect("deletable");
    store.put(&key, always("1")).await.expect("writable");
    assert_eq!(kind(store.put(&key, Put::new("2".into(), When::Version(old))).await), ErrorKind::Conflict);
}

async fn deleting_is_conditional(store: &Shared) {
    let key = Key::new(partition(), "a");
    store.delete(&key, When::Always).await.expect("nothing to delete is no fault");
    let old = store.put(&key, always("1")).await.expect("writable");
    let new = store.put(&key, always("2")).await.expect("writable");
    assert_eq!(kind(store.delete(&key, When::Version(old)).await), ErrorKind::Conflict);
    store.delete(&key, When::Version(new)).await.expect("fresh");
    assert_eq!(store.get(&key).await.expect("readable"), None);
    assert_eq!(kind(store.delete(&key, When::Version(new)).await), ErrorKind::Conflict);
}

async fn pages_join_without_loss(store: &Shared) {
    let partition = partition();
    let names: Vec<String> = (0..7).map(|number| format!("n{number}")).collect();
    for name in names.iter().rev() {
        store.put(&Key::new(&partition, name), always("0")).await.expect("writable");
    }
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let page = store.list(&Range::Prefix(Key::new(&partition, "")), after.as_deref(), 3).await.expect("listable");
        assert!(page.records.len() <= 3);
        found.extend(page.records.into_iter().map(|(key, _)| key.sort));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, names);
}

async fn a_prefix_lists_its_own(store: &Shared) {
    let partition = partition();
    for sort in ["a#1", "a#2", "a%", "a_", "b#1", "A#1"] {
        store.put(&Key::new(&partition, sort), always("0")).await.expect("writable");
    }
    let page = store.list(&Range::Prefix(Key::new(&partition, "a#")), None, 10).await.expect("listable");
    let found: Vec<_> = page.records.iter().map(|(key, _)| key.sort.as_str()).collect();
    assert_eq!((found, page.next), (vec!["a#1", "a#2"], None));
}

async fn a_listing_holds_what_was_put_in_it(store: &Shared) {
    let own = partition();
    for (number, listing) in [(1, Some("law")), (2, None), (3, Some("law")), (4, Some("other"))] {
        let key = Key::new(format!("{own}#{number}"), "a");
        store.put(&key, Put { listing, ..always("0") }).await.expect("writable");
    }
    let listed = |after: String| async move {
        let page = store.list(&Range::Listing("law"), Some(&after), 2).await.expect("listable");
        page.records
            .into_iter()
            .map(|(key, _)| key.partition)
            .filter(|found| found.starts_with(&after))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(own.clone()).await, [format!("{own}#1"), format!("{own}#3")]);
    store.delete(&Key::new(format!("{own}#1"), "a"), When::Always).await.expect("deletable");
    assert_eq!(listed(own.clone()).await, [format!("{own}#3")]);
}

async fn counters_lose_nothing(store: &Shared) {
    let key = Key::new(partition(), "count");
    let sums = futures_util::future::join_all((0..32).map(|_| store.add(&key, 2, None))).await;
    let mut sums: Vec<_> = sums.into_iter().map(|sum| sum.expect("countable")).collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=32).map(|number| number * 2).collect::<Vec<i64>>());
    assert_eq!(store.add(&key, -64, None).await.expect("countable"), 0);
}

async fn the_expired_is_not_there(store: &Shared, clock: &ManualClock) {
    let partition = partition();
    let (key, counter) = (Key::new(&partition, "a"), Key::new(&partition, "b"));
    let expires = Some(clock.now() + 10);
    let version = store.put(&key, Put { expires, ..always("1") }).await.expect("writable");
    assert_eq!(store.add(&counter, 5, expires).await.expect("countable"), 5);
    assert!(store.get(&key).await.expect("readable").is_some());
    clock.advance(10);
    assert_eq!(store.get(&key).await.expect("readable"), None);
    assert!(store.list(&Range::Prefix(Key::new(&partition, "")), None, 10).await.expect("listable").records.is_empty());
    assert_eq!(kind(store.put(&key, Put::new("2".into(), When::Version(version))).await), ErrorKind::Conflict);
    store.put(&key, Put::new("3".into(), When::Absent)).await.expect("the expired does not stand in the way");
    assert_eq!(store.add(&counter, 1, Some(clock.now() + 10)).await.expect("countable"), 1);
}

async fn sizes_are_bounded(store: &Shared) {
    let key = Key::new(partition(), "a");
    let most = "1".repeat(MAX_VALUE_BYTES);
    store.put(&key, always(&most)).await.expect("the most that fits");
    assert_eq!(kind(store.put(&key, always(&format!("{most}1"))).await), ErrorKind::TooLarge);
    for (partition, sort) in [("", "a"), ("a", ""), ("a", "s".repeat(1_025).as_str())] {
        assert_eq!(kind(store.put(&Key::new(partition, sort), always("1")).await), ErrorKind::Invalid);
    }
}
