//! Tests of [`Store`](super::Store) that every implementation and every wrapper passes.
//!
//! A law works in partitions of its own and must never clear or count what else is stored.

mod pages;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    Entry, Key, MAX_ENTRY_BYTES, MAX_VALUE_BYTES, MAX_WRITES, Put, Range, SharedStore, Version,
    When, Write,
};
use crate::clock::Clock;
use crate::error::ErrorKind;

/// A [`Clock`] that stands still until a test moves it.
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

/// Runs every law over a [`Store`](super::Store) that reads the time from this [`ManualClock`].
///
/// # Panics
/// When the store breaks a law.
pub async fn all(store: SharedStore, clock: &ManualClock) {
    what_is_put_is_got(&store).await;
    only_one_of_many_creates_wins(&store).await;
    a_stale_version_changes_nothing(&store).await;
    a_version_does_not_outlive_its_record(&store).await;
    deleting_is_conditional(&store).await;
    pages_join_without_loss(&store).await;
    pages::a_page_is_bounded_in_bytes(&store).await;
    pages::keys_are_listed_as_records_are(&store).await;
    pages::a_prefix_lists_its_own(&store).await;
    pages::a_place_narrows_a_prefix_and_never_widens_it(&store).await;
    a_listing_holds_what_was_put_in_it(&store).await;
    a_listing_gives_entries_and_not_values(&store).await;
    a_group_is_written_whole_or_not_at_all(&store).await;
    the_first_unmet_condition_of_a_group_is_told(&store).await;
    groups_do_not_lose_each_others_writes(&store).await;
    what_a_check_holds_is_not_gone_when_the_group_is_written(&store).await;
    a_group_has_bounds(&store).await;
    counters_lose_nothing(&store).await;
    the_expired_is_not_there(&store, clock).await;
    sizes_are_bounded(&store).await;
    scrubbing_leaves_what_stands(&store).await;
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

async fn what_is_put_is_got(store: &SharedStore) {
    let key = Key::new(partition(), "a");
    assert_eq!(store.get(&key).await.expect("readable"), None);
    for value in ["1", r#"{"snow":"☃","quote":"'\""}"#] {
        let version = store.put(&key, always(value)).await.expect("writable");
        let record = store.get(&key).await.expect("readable").expect("there");
        assert_eq!((record.value.as_str(), record.version), (value, version));
    }
}

async fn only_one_of_many_creates_wins(store: &SharedStore) {
    let key = Key::new(partition(), "a");
    let attempts = (0..64).map(|number| {
        let (store, key) = (Arc::clone(store), key.clone());
        async move {
            store
                .put(&key, Put::new(number.to_string(), When::Absent))
                .await
        }
    });
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes
            .into_iter()
            .filter_map(Result::err)
            .all(|error| error.kind() == ErrorKind::AlreadyExists)
    );
}

async fn a_stale_version_changes_nothing(store: &SharedStore) {
    let key = Key::new(partition(), "a");
    let first = store.put(&key, always("1")).await.expect("writable");
    let second = store
        .put(&key, Put::new("2".into(), When::Version(first)))
        .await
        .expect("fresh");
    assert_eq!(
        kind(
            store
                .put(&key, Put::new("3".into(), When::Version(first)))
                .await
        ),
        ErrorKind::Conflict
    );
    let record = store.get(&key).await.expect("readable").expect("there");
    assert_eq!((record.value.as_str(), record.version), ("2", second));
    let nowhere = Key::new(partition(), "a");
    assert_eq!(
        kind(
            store
                .put(&nowhere, Put::new("1".into(), When::Version(first)))
                .await
        ),
        ErrorKind::Conflict
    );
}

async fn a_version_does_not_outlive_its_record(store: &SharedStore) {
    let key = Key::new(partition(), "a");
    let old = store.put(&key, always("1")).await.expect("writable");
    store.delete(&key, When::Always).await.expect("deletable");
    store.put(&key, always("1")).await.expect("writable");
    assert_eq!(
        kind(
            store
                .put(&key, Put::new("2".into(), When::Version(old)))
                .await
        ),
        ErrorKind::Conflict
    );
}

async fn deleting_is_conditional(store: &SharedStore) {
    let key = Key::new(partition(), "a");
    store
        .delete(&key, When::Always)
        .await
        .expect("nothing to delete is no fault");
    let old = store.put(&key, always("1")).await.expect("writable");
    let new = store.put(&key, always("2")).await.expect("writable");
    assert_eq!(
        kind(store.delete(&key, When::Version(old)).await),
        ErrorKind::Conflict
    );
    store.delete(&key, When::Version(new)).await.expect("fresh");
    assert_eq!(store.get(&key).await.expect("readable"), None);
    assert_eq!(
        kind(store.delete(&key, When::Version(new)).await),
        ErrorKind::Conflict
    );
}

async fn pages_join_without_loss(store: &SharedStore) {
    let partition = partition();
    let names: Vec<String> = (0..7).map(|number| format!("n{number}")).collect();
    for name in names.iter().rev() {
        store
            .put(&Key::new(&partition, name), always("0"))
            .await
            .expect("writable");
    }
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let page = store
            .list(
                &Range::Prefix(Key::new(&partition, "")),
                after.as_deref(),
                3,
            )
            .await
            .expect("listable");
        assert!(page.records.len() <= 3);
        found.extend(page.records.into_iter().map(|(key, _)| key.sort));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, names);
}

async fn a_listing_holds_what_was_put_in_it(store: &SharedStore) {
    let own = partition();
    for (number, listing) in [
        (1, Some("law")),
        (2, None),
        (3, Some("law")),
        (4, Some("other")),
    ] {
        let key = Key::new(format!("{own}#{number}"), "a");
        let entry = listing.map(|listing| Entry {
            listing,
            text: number.to_string(),
        });
        store
            .put(
                &key,
                Put {
                    entry,
                    ..always("0")
                },
            )
            .await
            .expect("writable");
    }
    let listed = |after: String| async move {
        let page = store
            .list(&Range::Listing("law"), Some(&after), 2)
            .await
            .expect("listable");
        page.records
            .into_iter()
            .map(|(key, _)| key.partition)
            .filter(|found| found.starts_with(&after))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        listed(own.clone()).await,
        [format!("{own}#1"), format!("{own}#3")]
    );
    store
        .delete(&Key::new(format!("{own}#1"), "a"), When::Always)
        .await
        .expect("deletable");
    assert_eq!(listed(own.clone()).await, [format!("{own}#3")]);
}

async fn a_listing_gives_entries_and_not_values(store: &SharedStore) {
    let key = Key::new(partition(), "a");
    let listed = async || {
        let page = store
            .list(&Range::Listing("law"), None, 1_000)
            .await
            .expect("listable");
        page.records
            .into_iter()
            .find(|(found, _)| *found == key)
            .map(|(_, record)| (record.value, record.version))
    };
    let entry = |text: &str| {
        Some(Entry {
            listing: "law",
            text: text.to_owned(),
        })
    };
    for text in ["first", "", "☃ second"] {
        store
            .put(
                &key,
                Put {
                    entry: entry(text),
                    ..always("a long value")
                },
            )
            .await
            .expect("writable");
        assert_eq!(listed().await, Some((text.to_owned(), Version::UNKNOWN)));
    }
    assert_eq!(
        store
            .get(&key)
            .await
            .expect("readable")
            .expect("there")
            .value,
        "a long value"
    );
    store.put(&key, always("unlisted")).await.expect("writable");
    assert_eq!(listed().await, None);
    let long = entry(&"x".repeat(MAX_ENTRY_BYTES + 1));
    assert_eq!(
        kind(
            store
                .put(
                    &key,
                    Put {
                        entry: long,
                        ..always("1")
                    }
                )
                .await
        ),
        ErrorKind::TooLarge
    );
}

fn put(key: &Key, value: &str, when: When) -> Write {
    Write::Put(key.clone(), Put::new(value.to_owned(), when))
}

async fn value(store: &SharedStore, key: &Key) -> Option<String> {
    store
        .get(key)
        .await
        .expect("readable")
        .map(|record| record.value)
}

async fn a_group_is_written_whole_or_not_at_all(store: &SharedStore) {
    let (here, there) = (partition(), partition());
    let [first, second, third] = ["a", "b", "c"].map(|sort| Key::new(&here, sort));
    let elsewhere = Key::new(there, "d");
    store
        .transact(vec![
            put(&first, "1", When::Absent),
            put(&elsewhere, "2", When::Always),
        ])
        .await
        .expect("written");
    assert_eq!(
        (value(store, &first).await, value(store, &elsewhere).await),
        (Some("1".into()), Some("2".into()))
    );
    let group = vec![
        put(&second, "3", When::Absent),
        Write::Delete(elsewhere.clone(), When::Always),
        put(&first, "4", When::Absent),
    ];
    assert_eq!(kind(store.transact(group).await), ErrorKind::AlreadyExists);
    assert_eq!(
        (value(store, &second).await, value(store, &elsewhere).await),
        (None, Some("2".into()))
    );
    let version = store
        .get(&first)
        .await
        .expect("readable")
        .expect("there")
        .version;
    let group = vec![
        Write::Check(first.clone(), Some(version)),
        Write::Check(elsewhere.clone(), None),
        put(&second, "3", When::Absent),
        Write::Delete(third.clone(), When::Always),
    ];
    store.transact(group).await.expect("all conditions hold");
    assert_eq!(value(store, &second).await, Some("3".into()));
    let group = vec![
        Write::Delete(first.clone(), When::Version(version)),
        Write::Delete(second.clone(), When::Always),
    ];
    store.transact(group).await.expect("all conditions hold");
    assert_eq!(
        (value(store, &first).await, value(store, &second).await),
        (None, None)
    );
}

async fn the_first_unmet_condition_of_a_group_is_told(store: &SharedStore) {
    let partition = partition();
    let [stands, absent, target] = ["a", "b", "c"].map(|sort| Key::new(&partition, sort));
    let old = store.put(&stands, always("1")).await.expect("writable");
    store.put(&stands, always("2")).await.expect("writable");
    let taken = || put(&stands, "3", When::Absent);
    let stale = || Write::Check(stands.clone(), Some(old));
    let missing = || Write::Check(absent.clone(), None);
    for (group, expected) in [
        (vec![missing(), taken()], ErrorKind::NotFound),
        (vec![taken(), missing()], ErrorKind::AlreadyExists),
        (vec![stale(), missing()], ErrorKind::Conflict),
        (
            vec![put(&target, "1", When::Always), missing()],
            ErrorKind::NotFound,
        ),
        (
            vec![Write::Delete(stands.clone(), When::Version(old)), missing()],
            ErrorKind::Conflict,
        ),
        (
            vec![put(&absent, "1", When::Version(old))],
            ErrorKind::Conflict,
        ),
    ] {
        let told = format!("{group:?}");
        assert_eq!(kind(store.transact(group).await), expected, "{told}");
    }
    assert_eq!(
        (value(store, &target).await, value(store, &stands).await),
        (None, Some("2".into()))
    );
}

async fn groups_do_not_lose_each_others_writes(store: &SharedStore) {
    let partition = partition();
    let marker = Key::new(&partition, "marker");
    store.put(&marker, always("1")).await.expect("writable");
    let groups = (0..16).map(|number| {
        let own = Key::new(&partition, format!("own{number}"));
        store.transact(vec![
            Write::Check(marker.clone(), None),
            put(&own, "1", When::Absent),
        ])
    });
    for written in futures_util::future::join_all(groups).await {
        written.expect("what is checked by many is in nobody's way");
    }
    let page = store
        .list(&Range::Prefix(Key::new(&partition, "own")), None, 100)
        .await
        .expect("listable");
    assert_eq!(page.records.len(), 16);
}

/// Checks that a [`Write::Check`] and a deletion of the checked record exclude each other: after the
/// deletion, a reader sees every group that succeeded.
async fn what_a_check_holds_is_not_gone_when_the_group_is_written(store: &SharedStore) {
    let partition = partition();
    let marker = Key::new(&partition, "marker");
    store.put(&marker, always("1")).await.expect("writable");
    let writes = (0..16).map(|number| {
        let own = Key::new(&partition, format!("own{number}"));
        async move {
            let group = vec![
                Write::Check(Key::new(&own.partition, "marker"), None),
                put(&own, "1", When::Always),
            ];
            store.transact(group).await
        }
    });
    let removal = async {
        store
            .delete(&marker, When::Always)
            .await
            .expect("deletable");
        store
            .list(&Range::Prefix(Key::new(&partition, "own")), None, 100)
            .await
            .expect("listable")
            .records
            .len()
    };
    let (outcomes, seen) =
        futures_util::future::join(futures_util::future::join_all(writes), removal).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        seen
    );
    assert!(
        outcomes
            .into_iter()
            .filter_map(Result::err)
            .all(|error| error.kind() == ErrorKind::NotFound)
    );
}

async fn a_group_has_bounds(store: &SharedStore) {
    let partition = partition();
    let group = |writes: usize| {
        (0..writes)
            .map(|number| {
                put(
                    &Key::new(&partition, format!("{number:02}")),
                    "1",
                    When::Always,
                )
            })
            .collect()
    };
    store
        .transact(group(MAX_WRITES))
        .await
        .expect("the most that goes");
    assert_eq!(
        kind(store.transact(group(MAX_WRITES + 1)).await),
        ErrorKind::Invalid
    );
    assert_eq!(kind(store.transact(Vec::new()).await), ErrorKind::Invalid);
    let key = Key::new(&partition, "twice");
    let twice = vec![
        put(&key, "1", When::Always),
        Write::Check(key.clone(), None),
    ];
    assert_eq!(kind(store.transact(twice).await), ErrorKind::Invalid);
    let large = put(&key, &"1".repeat(MAX_VALUE_BYTES + 1), When::Always);
    assert_eq!(kind(store.transact(vec![large]).await), ErrorKind::TooLarge);
}

async fn scrubbing_leaves_what_stands(store: &SharedStore) {
    let partition = partition();
    let [kept, gone] = ["a", "b"].map(|sort| Key::new(&partition, sort));
    for key in [&kept, &gone] {
        store.put(key, always("1")).await.expect("writable");
    }
    store.delete(&gone, When::Always).await.expect("deletable");
    store.scrub().await.expect("scrubbed");
    assert_eq!(
        (value(store, &kept).await, value(store, &gone).await),
        (Some("1".into()), None)
    );
}

async fn counters_lose_nothing(store: &SharedStore) {
    let key = Key::new(partition(), "count");
    let sums = futures_util::future::join_all((0..32).map(|_| store.add(&key, 2, None))).await;
    let mut sums: Vec<_> = sums
        .into_iter()
        .map(|sum| sum.expect("countable"))
        .collect();
    sums.sort_unstable();
    assert_eq!(
        sums,
        (1..=32).map(|number| number * 2).collect::<Vec<i64>>()
    );
    assert_eq!(store.add(&key, -64, None).await.expect("countable"), 0);
}

async fn the_expired_is_not_there(store: &SharedStore, clock: &ManualClock) {
    let partition = partition();
    let (key, counter) = (Key::new(&partition, "a"), Key::new(&partition, "b"));
    let expires = Some(clock.now() + 10);
    let version = store
        .put(
            &key,
            Put {
                expires,
                ..always("1")
            },
        )
        .await
        .expect("writable");
    assert_eq!(store.add(&counter, 5, expires).await.expect("countable"), 5);
    assert!(store.get(&key).await.expect("readable").is_some());
    clock.advance(10);
    assert_eq!(store.get(&key).await.expect("readable"), None);
    assert!(
        store
            .list(&Range::Prefix(Key::new(&partition, "")), None, 10)
            .await
            .expect("listable")
            .records
            .is_empty()
    );
    let stored = Range::Stored(Key::new(&partition, ""));
    assert_eq!(
        store
            .list_keys(&stored, None, 10)
            .await
            .expect("listable")
            .keys,
        [key.clone(), counter.clone()]
    );
    assert_eq!(
        store
            .list(&stored, None, 10)
            .await
            .expect("listable")
            .records
            .len(),
        2
    );
    assert_eq!(
        kind(
            store
                .put(&key, Put::new("2".into(), When::Version(version)))
                .await
        ),
        ErrorKind::Conflict
    );
    store
        .put(&key, Put::new("3".into(), When::Absent))
        .await
        .expect("the expired does not stand in the way");
    assert_eq!(
        store
            .add(&counter, 1, Some(clock.now() + 10))
            .await
            .expect("countable"),
        1
    );
}

async fn sizes_are_bounded(store: &SharedStore) {
    let key = Key::new(partition(), "a");
    let most = "1".repeat(MAX_VALUE_BYTES);
    store
        .put(&key, always(&most))
        .await
        .expect("the most that fits");
    assert_eq!(
        kind(store.put(&key, always(&format!("{most}1"))).await),
        ErrorKind::TooLarge
    );
    for (partition, sort) in [("", "a"), ("a", ""), ("a", "s".repeat(1_025).as_str())] {
        assert_eq!(
            kind(store.put(&Key::new(partition, sort), always("1")).await),
            ErrorKind::Invalid
        );
    }
}
