//! The laws of pages: bounded in bytes, joined without loss, and never wider than the requested
//! [`Range`].

use super::{always, partition};
use crate::store::{Entry, Key, MAX_PAGE_BYTES, Put, Range, SharedStore};

/// Lists every page of a range and joins them.
async fn joined(store: &SharedStore, range: &Range, limit: usize) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store
            .list(range, after.as_deref(), limit)
            .await
            .expect("listable");
        let bytes: usize = page
            .records
            .iter()
            .map(|(_, record)| record.value.len())
            .sum();
        assert!(
            bytes <= MAX_PAGE_BYTES && page.records.len() <= limit,
            "{bytes} bytes"
        );
        assert!(
            !page.records.is_empty() || page.next.is_none(),
            "a page that is not the last one gets on"
        );
        found.extend(
            page.records
                .iter()
                .map(|(key, _)| range.position(key).to_owned()),
        );
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

pub(super) async fn a_page_is_bounded_in_bytes(store: &SharedStore) {
    let partition = partition();
    let names: Vec<String> = (0..6).map(|number| format!("n{number}")).collect();
    for name in &names {
        store
            .put(&Key::new(&partition, name), always(&"1".repeat(390_000)))
            .await
            .expect("writable");
    }
    assert_eq!(
        joined(store, &Range::Prefix(Key::new(&partition, "")), 100).await,
        names
    );
    assert_eq!(
        joined(store, &Range::Prefix(Key::new(&partition, "n")), 1).await,
        names
    );
    let keys = store
        .list_keys(&Range::Prefix(Key::new(&partition, "")), None, 100)
        .await
        .expect("listable");
    assert_eq!(
        keys.keys
            .into_iter()
            .map(|key| key.sort)
            .collect::<Vec<_>>(),
        names,
        "keys alone are short"
    );
}

pub(super) async fn keys_are_listed_as_records_are(store: &SharedStore) {
    let own = partition();
    for (number, sort) in ["a", "b", "c"].into_iter().enumerate() {
        store
            .put(&Key::new(&own, sort), always("0"))
            .await
            .expect("writable");
        let entry = Some(Entry {
            listing: "law-keys",
            text: String::new(),
        });
        let listed = Put {
            entry,
            ..always("0")
        };
        store
            .put(&Key::new(format!("{own}#{number}"), "a"), listed)
            .await
            .expect("writable");
    }
    for (range, after) in [
        (Range::Prefix(Key::new(&own, "")), None),
        (Range::Listing("law-keys"), Some(own.as_str())),
    ] {
        let records = store.list(&range, after, 2).await.expect("listable");
        let keys = store.list_keys(&range, after, 2).await.expect("listable");
        assert_eq!(
            keys.keys,
            records
                .records
                .into_iter()
                .map(|(key, _)| key)
                .collect::<Vec<_>>()
        );
        assert_eq!((keys.keys.len(), keys.next), (2, records.next));
    }
}

/// Checks that a page holds the records that begin with the prefix and follow `after`, and
/// nothing else.
pub(super) async fn a_place_narrows_a_prefix_and_never_widens_it(store: &SharedStore) {
    let partition = partition();
    let names = [
        "a/1",
        "a/2",
        "b",
        "b/",
        "b/1",
        "b/2",
        "b/\u{10ffff}",
        "b0",
        "c/1",
    ];
    for name in names {
        store
            .put(&Key::new(&partition, name), always("0"))
            .await
            .expect("writable");
    }
    let places = [
        "a/1",
        "b",
        "b/",
        "b/1",
        "b/1\u{0}",
        "b/15",
        "b/9",
        "b/\u{10ffff}",
        "b/\u{10ffff}x",
        "b0",
        "c",
        "\u{10ffff}x",
    ];
    for prefix in ["", "b", "b/", "b/1", "nothing", "b/\u{10ffff}"] {
        for after in places.into_iter().map(Some).chain([None, Some("")]) {
            let range = Range::Prefix(Key::new(&partition, prefix));
            let page = store.list(&range, after, 100).await.expect("listable");
            let found: Vec<_> = page
                .records
                .iter()
                .map(|(key, _)| key.sort.as_str())
                .collect();
            let expected = names
                .into_iter()
                .filter(|name| name.starts_with(prefix) && after.is_none_or(|after| *name > after));
            assert_eq!(
                found,
                expected.collect::<Vec<_>>(),
                "prefix {prefix:?} after {after:?}"
            );
            let keys = store
                .list_keys(&range, after, 100)
                .await
                .expect("listable")
                .keys;
            assert_eq!(keys.len(), found.len(), "prefix {prefix:?} after {after:?}");
        }
    }
}

pub(super) async fn a_prefix_lists_its_own(store: &SharedStore) {
    let partition = partition();
    for sort in ["a#1", "a#2", "a%", "a_", "b#1", "A#1"] {
        store
            .put(&Key::new(&partition, sort), always("0"))
            .await
            .expect("writable");
    }
    let page = store
        .list(&Range::Prefix(Key::new(&partition, "a#")), None, 10)
        .await
        .expect("listable");
    let found: Vec<_> = page
        .records
        .iter()
        .map(|(key, _)| key.sort.as_str())
        .collect();
    assert_eq!((found, page.next), (vec!["a#1", "a#2"], None));
}
