//! What a user's tools keep for that user: JSON values under names.
//!
//! A handle reaches one user's values; there is no way from it to another's.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::partition;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Key, Put, Range, Record, Shared, When};
use crate::user::Email;

/// Keeps an app's names apart from the framework's own in one partition.
const PREFIX: &str = "data#";

/// How often an update is tried again when another call changes the same value.
const ATTEMPTS: usize = 64;

/// What the calling user owns, in DynamoDB or SQLite; an extractor for tools.
///
/// Names are of the app's choosing, at most 1,000 bytes; values are anything that serializes to at most 400,000 bytes.
#[derive(Clone, Debug)]
pub struct UserData {
    store: Shared,
    partition: String,
}

/// Some of a user's values, in order of name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataPage<T> {
    /// Names and values.
    pub entries: Vec<(String, T)>,
    /// The name to list after for the next page.
    pub next: Option<String>,
}

impl UserData {
    /// What this user owns in this store.
    #[must_use]
    pub fn new(store: Shared, email: &Email) -> Self {
        Self { store, partition: partition(email) }
    }

    /// The value of a name, or `None`.
    ///
    /// # Errors
    /// `Invalid` if the value does not read as `T`, `Unavailable`.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.store.get(&self.key(name)).await?.map(|record| read(name, &record)).transpose()
    }

    /// Keeps a value, in place of the one that was there.
    ///
    /// # Errors
    /// `TooLarge`, `Invalid` for an over-long name, `Unavailable`.
    pub async fn put<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<()> {
        self.store.put(&self.key(name), Put::new(write(name, value)?, When::Always)).await.map(drop)
    }

    /// Keeps a value if there is none yet; says whether there was none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub async fn put_new<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<bool> {
        match self.store.put(&self.key(name), Put::new(write(name, value)?, When::Absent)).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            written => written.map(|_| true),
        }
    }

    /// Changes the value as it is now and keeps what the change returns; no parallel update is lost.
    ///
    /// # Errors
    /// `Conflict` if too many change it at once, and as [`get`](Self::get) and [`put`](Self::put).
    pub async fn update<T: DeserializeOwned + Serialize + Send + Sync>(
        &self,
        name: &str,
        change: impl Fn(Option<T>) -> T + Send + Sync,
    ) -> Result<T> {
        let key = self.key(name);
        for _ in 0..ATTEMPTS {
            let stored = self.store.get(&key).await?;
            let when = stored.as_ref().map_or(When::Absent, |record| When::Version(record.version));
            let value = change(stored.map(|record| read(name, &record)).transpose()?);
            match self.store.put(&key, Put::new(write(name, &value)?, when)).await {
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::AlreadyExists) => {}
                written => return written.map(|_| value),
            }
        }
        Err(Error::conflict(format!("`{name}` is being changed by too many calls at once; try again")))
    }

    /// Removes a value; says whether there was one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delete(&self, name: &str) -> Result<bool> {
        let key = self.key(name);
        let Some(record) = self.store.get(&key).await? else { return Ok(false) };
        match self.store.delete(&key, When::Version(record.version)).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.store.delete(&key, When::Always).await.map(|()| true)
            }
            deleted => deleted.map(|()| true),
        }
    }

    /// At most `limit` values whose names begin so, after the one named, in order of name.
    ///
    /// # Errors
    /// `Invalid` if a value does not read as `T`, `Unavailable`.
    pub async fn list<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DataPage<T>> {
        let after = after.map(|name| format!("{PREFIX}{name}"));
        let page = self.store.list(&Range::Prefix(self.key(prefix)), after.as_deref(), limit).await?;
        let entry = |(key, record): &(Key, Record)| {
            let name = own_name(&key.sort);
            read(name, record).map(|value| (name.to_owned(), value))
        };
        let entries = page.records.iter().map(entry).collect::<Result<_>>()?;
        Ok(DataPage { entries, next: page.next.map(|sort| own_name(&sort).to_owned()) })
    }

    fn key(&self, name: &str) -> Key {
        Key::new(&self.partition, format!("{PREFIX}{name}"))
    }
}

fn own_name(sort: &str) -> &str {
    sort.strip_prefix(PREFIX).unwrap_or(sort)
}

fn read<T: DeserializeOwned>(name: &str, record: &Record) -> Result<T> {
    serde_json::from_str(&record.value).map_err(|error| {
        Error::invalid(format!("the stored value `{name}` does not fit what this tool expects")).with_source(error)
    })
}

fn write<T: Serialize>(name: &str, value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::invalid(format!("`{name}` can't be written as JSON")).with_source(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::Memory;

    fn two_users() -> (UserData, UserData) {
        let store: Shared = Arc::new(Memory::default());
        let data = |email: &str| UserData::new(Arc::clone(&store), &email.parse().expect("valid"));
        (data("alice@example.com"), data("bob@example.com"))
    }

    #[tokio::test]
    async fn one_user_never_sees_anothers() {
        let (alice, bob) = two_users();
        alice.put("note", &"mine").await.expect("kept");
        assert_eq!(bob.get::<String>("note").await.expect("readable"), None);
        assert!(bob.list::<String>("", None, 9).await.expect("listable").entries.is_empty());
        assert!(!bob.delete("note").await.expect("nothing to delete"));
        assert_eq!(alice.get::<String>("note").await.expect("readable").as_deref(), Some("mine"));
    }

    #[tokio::test]
    async fn updates_are_not_lost() {
        let (alice, _) = two_users();
        let updates = (0..32).map(|_| alice.update("count", |count: Option<u64>| count.unwrap_or_default() + 1));
        futures_util::future::try_join_all(updates).await.expect("all are made");
        assert_eq!(alice.get::<u64>("count").await.expect("readable"), Some(32));
    }

    #[tokio::test]
    async fn lists_go_on_where_they_stopped() {
        let (alice, _) = two_users();
        for (name, value) in [("a/1", 1), ("a/2", 2), ("a/3", 3), ("b/1", 4)] {
            alice.put(name, &value).await.expect("kept");
        }
        let first = alice.list::<u8>("a/", None, 2).await.expect("listable");
        assert_eq!((first.entries.len(), first.next.as_deref()), (2, Some("a/2")));
        let rest = alice.list::<u8>("a/", first.next.as_deref(), 2).await.expect("listable");
        assert_eq!((rest.entries, rest.next), (vec![("a/3".to_owned(), 3)], None));
    }

    #[tokio::test]
    async fn a_value_of_another_shape_is_named() {
        let (alice, _) = two_users();
        alice.put("n", &"text").await.expect("kept");
        let error = alice.get::<u8>("n").await.expect_err("no number");
        assert!(error.message().contains("`n`"), "{error}");
    }
}
