//! Pages of a [`Store`](super::Store)'s records: at most as many as the caller asks for, and at
//! most [`MAX_PAGE_BYTES`].

use super::{Key, Record};

/// The most bytes that the keys and values of a page of several records have, in every
/// implementation: the 1 MB that one `Query` reads (AWS DynamoDB Developer Guide, "Paginating table
/// query results").
pub const MAX_PAGE_BYTES: usize = 1_000_000;

/// The records that [`Store::list`](super::Store::list) lists.
///
/// ```
/// use mcp_lambda::store::{Key, Range};
///
/// let notes = Range::Prefix(Key::new("data#1", "note/"));
/// assert_eq!(notes.position(&Key::new("data#1", "note/7")), "note/7");
/// assert_eq!(Range::Listing("users").position(&Key::new("user#a@b.c", "record")), "user#a@b.c");
/// ```
///
/// A store matches every variant, so the enum is exhaustive: one that ignored a new range would answer wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// The live records of the key's partition whose sort begins with the key's sort, in order of
    /// sort.
    Prefix(Key),
    /// The records of [`Range::Prefix`], and those that have expired and that the store has not
    /// removed yet: for a caller that deletes all of them.
    Stored(Key),
    /// The records of a listing, in order of partition: each with the text of its
    /// [`Entry`](super::Entry) as value, and without its version
    /// ([`Version::UNKNOWN`](super::Version::UNKNOWN)).
    Listing(&'static str),
}

impl Range {
    /// Returns the position of a record in this range, to be passed as `after` to continue behind
    /// it.
    #[must_use]
    pub fn position<'k>(&self, key: &'k Key) -> &'k str {
        match self {
            Self::Prefix(_) | Self::Stored(_) => &key.sort,
            Self::Listing(_) => &key.partition,
        }
    }

    /// Returns the time at which the records must not have expired, in seconds since 1970.
    #[must_use]
    pub const fn live_at(&self, now: u64) -> u64 {
        match self {
            Self::Prefix(_) | Self::Listing(_) => now,
            Self::Stored(_) => 0,
        }
    }
}

impl Page {
    /// Builds a page from the records that an implementation found, as many as fit; the rest is
    /// left to the next page. The implementation passes one record more than `limit`, if there is
    /// one.
    ///
    /// # Errors
    /// That of the first record that can't be read.
    pub fn collect<E>(
        range: &Range,
        found: impl IntoIterator<Item = Result<(Key, Record), E>>,
        limit: usize,
    ) -> Result<Self, E> {
        let bytes = |(key, record): &(Key, Record)| count_key_bytes(key) + record.value.len();
        let (records, more) = take_fitting(found, limit, bytes)?;
        let next = records
            .last()
            .filter(|_| more)
            .map(|(key, _)| range.position(key).to_owned());
        Ok(Self { records, next })
    }
}

impl KeyPage {
    /// Builds a page from keys, as [`Page::collect`] does from records.
    ///
    /// # Errors
    /// That of the first key that can't be read.
    pub fn collect<E>(
        range: &Range,
        found: impl IntoIterator<Item = Result<Key, E>>,
        limit: usize,
    ) -> Result<Self, E> {
        let (keys, more) = take_fitting(found, limit, count_key_bytes)?;
        let next = keys
            .last()
            .filter(|_| more)
            .map(|key| range.position(key).to_owned());
        Ok(Self { keys, next })
    }
}

fn count_key_bytes(key: &Key) -> usize {
    key.partition.len() + key.sort.len()
}

/// Takes as many items as fit into a page, and says whether there are more. The first one always
/// fits.
fn take_fitting<T, E>(
    found: impl IntoIterator<Item = Result<T, E>>,
    limit: usize,
    bytes: impl Fn(&T) -> usize,
) -> Result<(Vec<T>, bool), E> {
    let mut taken = Vec::new();
    let mut size = 0;
    for item in found {
        let item = item?;
        size += bytes(&item);
        // The first item is taken whatever its size: a page without items and with a `next` would make a
        // caller loop forever.
        if taken.len() == limit || (size > MAX_PAGE_BYTES && !taken.is_empty()) {
            return Ok((taken, true));
        }
        taken.push(item);
    }
    Ok((taken, false))
}

/// Some records of a [`Range`], in its order; the answer of [`Store::list`](super::Store::list).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The keys and their records.
    pub records: Vec<(Key, Record)>,
    /// The position to pass as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// The keys of some records of a [`Range`], in its order; the answer of
/// [`Store::list_keys`](super::Store::list_keys).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<Key>,
    /// The position to pass as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// Returns the first text, in byte order, behind all that begin with the prefix; `None` if there is
/// none.
///
/// ```
/// assert_eq!(mcp_lambda::store::prefix_end("note/").as_deref(), Some("note0"));
/// assert_eq!(mcp_lambda::store::prefix_end(""), None);
/// ```
#[must_use]
pub fn prefix_end(prefix: &str) -> Option<String> {
    let mut rest = prefix.chars();
    while let Some(last) = rest.next_back() {
        // Not every number is a character: U+E000 follows U+D7FF.
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
            assert_eq!(prefix_end(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}
