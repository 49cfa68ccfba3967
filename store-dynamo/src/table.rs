//! The table: its keys, its index, and the attributes of an item. Pure, but for the types it builds.
//!
//! | attribute | type | is |
//! |---|---|---|
//! | `pk`, `sk` | S | the key |
//! | `value` | S | JSON text |
//! | `count` | N | a counter's value, in place of `value` |
//! | `version` | N | changes with every write |
//! | `expires` | N | epoch seconds; the table's TTL attribute, which deletes late, so every read checks it too |
//! | `listing` | S | the listing the item appears in: partition key of the index `listings`, ordered by `pk` |
//! | `entry` | S | what the listing shows of the item; the index holds keys, this and `expires`, so that a write which leaves
//! these as they were costs it nothing |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda::store::{Key, Record, Version};

/// The index of listings.
pub(crate) const LISTINGS: &str = "listings";

/// An item as the API gives it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Text as an attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number as an attribute.
pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

/// The key of an item; `None` for one that is not ours.
pub(crate) fn key(item: &Item) -> Option<Key> {
    Some(Key::new(
        item.get("pk")?.as_s().ok()?,
        item.get("sk")?.as_s().ok()?,
    ))
}

/// The record of an item, unless it has expired.
pub(crate) fn record(item: &Item, now: u64) -> Option<Record> {
    if !is_live(item, now) {
        return None;
    }
    let count = || counted(item).map(|count| count.to_string());
    let value = item
        .get("value")
        .and_then(|value| value.as_s().ok().cloned())
        .or_else(count)?;
    Some(Record {
        value,
        version: Version(integer(item, "version")?),
    })
}

/// The entry of an item in a listing, unless it has expired.
pub(crate) fn entry(item: &Item, now: u64) -> Option<Record> {
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

/// Whether an item has not expired.
pub(crate) fn is_live(item: &Item, now: u64) -> bool {
    integer(item, "expires").is_none_or(|expires| u64::try_from(expires).unwrap_or_default() > now)
}

/// What a counter's item counts.
pub(crate) fn counted(item: &Item) -> Option<i64> {
    integer(item, "count")
}

/// Whether an item is as the write of this version left it.
pub(crate) fn is_of(item: &Item, version: Version) -> bool {
    integer(item, "version") == Some(version.0)
}

fn integer(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
