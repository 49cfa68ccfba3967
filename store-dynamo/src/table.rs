//! The table: its keys, its index, and the attributes of an item. Pure functions over the SDK's
//! types.
//!
//! | attribute | type | content |
//! |---|---|---|
//! | `pk`, `sk` | S | the key |
//! | `value` | S | JSON text |
//! | `count` | N | a counter's value, in place of `value` |
//! | `version` | N | changes with every write |
//! | `expires` | N | seconds since 1970; the table's TTL attribute, which deletes late, so every read checks it too |
//! | `listing` | S | the listing the item appears in: partition key of the index `listings`, ordered by `pk` |
//! | `entry` | S | the text of the item in the listing; the index holds keys, this and `expires`, so that a write which leaves these as they were costs it nothing |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda::store::{Key, Put, Record, Version};

/// The name of the global secondary index of listings (AWS DynamoDB Developer Guide, "Using Global
/// Secondary Indexes").
pub(crate) const LISTINGS: &str = "listings";

/// An item as the API returns it; [`read_record`] reads one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Creates a string attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Creates a number attribute.
pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

/// Builds the [`Item`] of a record.
pub(crate) fn build_item(key: &Key, put: Put, version: Version) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), text(&key.partition)),
        ("sk".to_owned(), text(&key.sort)),
        ("value".to_owned(), text(put.value)),
        ("version".to_owned(), number(version.get())),
    ]);
    item.extend(
        put.expires
            .map(|expires| ("expires".to_owned(), number(expires))),
    );
    if let Some(entry) = put.entry {
        item.extend([
            ("listing".to_owned(), text(entry.listing)),
            ("entry".to_owned(), text(entry.text)),
        ]);
    }
    item
}

/// Reads the [`Key`] of an item; `None` for an item without one.
pub(crate) fn read_key(item: &Item) -> Option<Key> {
    Some(Key::new(
        item.get("pk")?.as_s().ok()?,
        item.get("sk")?.as_s().ok()?,
    ))
}

/// Reads the [`Record`] of an item, unless it has expired.
pub(crate) fn read_record(item: &Item, now: u64) -> Option<Record> {
    if !is_live(item, now) {
        return None;
    }
    // A counter has no `value`; readers see its number as JSON text, as in every other store.
    let count = || read_count(item).map(|count| count.to_string());
    let value = item
        .get("value")
        .and_then(|value| value.as_s().ok().cloned())
        .or_else(count)?;
    Some(Record {
        value,
        version: Version::new(read_integer(item, "version")?),
    })
}

/// Reads the entry of an item in a listing, unless it has expired.
pub(crate) fn read_entry(item: &Item, now: u64) -> Option<Record> {
    if !is_live(item, now) {
        return None;
    }
    let value = item
        .get("entry")
        .and_then(|entry| entry.as_s().ok().cloned())
        .unwrap_or_default();
    Some(Record {
        value,
        version: Version::UNKNOWN,
    })
}

/// Returns true if an item has not expired. DynamoDB deletes expired items within days, not at once
/// (AWS DynamoDB Developer Guide, "Using time to live (TTL)").
pub(crate) fn is_live(item: &Item, now: u64) -> bool {
    read_integer(item, "expires")
        .is_none_or(|expires| u64::try_from(expires).unwrap_or_default() > now)
}

/// Reads the value of a counter's item.
pub(crate) fn read_count(item: &Item) -> Option<i64> {
    read_integer(item, "count")
}

/// Returns true if the write of this [`Version`] was the last one of an item.
pub(crate) fn is_written_by(item: &Item, version: Version) -> bool {
    read_integer(item, "version") == Some(version.get())
}

fn read_integer(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
