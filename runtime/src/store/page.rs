//! Some records of a range at a time: bounded in number by whoever asks, and in bytes always.

use super::{Key, Record};

/// The most bytes that the keys and values of a page of several records have, in every leaf: what one query of DynamoDB
/// reads.
pub const MAX_PAGE_BYTES: usize = 1_000_000;

/// What to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// The records of a partition whose sort begins so, in order of sort.
    Prefix(Key),
    /// The same, and with them those that have expired and that the store has not yet removed: for whoever removes all.
    Stored(Key),
    /// The records of a listing, in order of partition: each with its entry's text as value, and without its version
    /// ([`Version::UNKNOWN`](super::Version::UNKNOWN)).
    Listing(&'static str),
}

impl Range {
    /// Where a record stands in this range: what is given as `after` to go on behind it.
    #[must_use]
    pub fn place<'k>(&self, key: &'k Key) -> &'k str {
        match self {
            Self::Prefix(_) | Self::Stored(_) => &key.sort,
            Self::Listing(_) => &key.partition,
        }
    }

    /// The time at which its records must not have expired, in seconds since 1970.
    #[must_use]
    pub const fn live_at(&self, now: u64) -> u64 {
        match self {
            Self::Prefix(_) | Self::Listing(_) => now,
            Self::Stored(_) => 0,
        }
    }
}

impl Page {
    /// A page of what a leaf finds, taken as long as the page has room; what finds none is left to the next page. A leaf
    /// offers one record more than `limit`, if there is one.
    ///
    /// # Errors
    /// That of the first record that can't be read.
    pub fn collect<E>(
        range: &Range,
        found: impl IntoIterator<Item = Result<(Key, Record), E>>,
        limit: usize,
    ) -> Result<Self, E> {
        let bytes = |(key, record): &(Key, Record)| key_bytes(key) + record.value.len();
        let (records, more) = fitting(found, limit, bytes)?;
        let next = records
            .last()
            .filter(|_| more)
            .map(|(key, _)| range.place(key).to_owned());
        Ok(Self { records, next })
    }
}

impl KeyPage {
    /// A page of keys, as [`Page::collect`] makes one of records.
    ///
    /// # Errors
    /// That of the first key that can't be read.
    pub fn collect<E>(
        range: &Range,
        found: impl IntoIterator<Item = Result<Key, E>>,
        limit: usize,
    ) -> Result<Self, E> {
        let (keys, more) = fitting(found, limit, key_bytes)?;
        let next = keys
            .last()
            .filter(|_| more)
            .map(|key| range.place(key).to_owned());
        Ok(Self { keys, next })
    }
}

fn key_bytes(key: &Key) -> usize {
    key.partition.len() + key.sort.len()
}

/// As many as fit into a page, and whether there are more. The first one always fits.
fn fitting<T, E>(
    found: impl IntoIterator<Item = Result<T, E>>,
    limit: usize,
    bytes: impl Fn(&T) -> usize,
) -> Result<(Vec<T>, bool), E> {
    let (mut taken, mut size) = (Vec::new(), 0);
    for item in found {
        let item = item?;
        size += bytes(&item);
        if taken.len() == limit || (size > MAX_PAGE_BYTES && !taken.is_empty()) {
            return Ok((taken, true));
        }
        taken.push(item);
    }
    Ok((taken, false))
}

/// Some records of a [`Range`], in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub records: Vec<(Key, Record)>,
    /// What to give as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// The keys of some records of a [`Range`], in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<Key>,
    /// What to give as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// The first text behind all that begin so, in the order of bytes; `None` if none is.
#[must_use]
pub fn end_of(prefix: &str) -> Option<String> {
    let mut rest = prefix.chars();
    while let Some(last) = rest.next_back() {
        // Not every number is a character: behind U+D7FF stands U+E000.
        if let Some(next) =
            (u32::from(last) + 1..=0xe000.max(u32::from(last) + 1)).find_map(char::from_u32)
        {
            return Some(format!("{}{next}", rest.as_str()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_a_prefix_stands_before_its_end() {
        for (prefix, end) in [
            ("", None),
            ("a", Some("b")),
            ("b/", Some("b0")),
            ("b\u{10ffff}", Some("c")),
            ("\u{10ffff}\u{10ffff}", None),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{7f}", Some("a\u{80}")),
        ] {
            assert_eq!(end_of(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}
