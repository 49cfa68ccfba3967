//! A user's data: JSON values under names, stored by the tools that the user calls.
//!
//! A [`UserData`] reaches one user's values; there is no way from it to another's.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{REGISTRATION, data_partition, marker_key};
use crate::error::{Error, ErrorKind, Result};
use crate::json;
use crate::store::{Key, Put, Range, Record, SharedStore, When, Write};
use crate::user::{Caller, Email, RegistrationId};

/// The number of times that [`UserData::update`] is tried when other calls change the same value.
const ATTEMPTS: usize = 64;

/// The deepest nesting that `serde_json` reads: deeper values could be written and not read back.
const MAX_DEPTH: usize = 127;

/// The calling user's data, in DynamoDB or SQLite; an extractor for tools.
///
/// Names are chosen by the app and have 1 to 1,024 bytes; values are anything that serializes to at
/// most 400,000 bytes, nested at most 127 deep
/// ([`MAX_VALUE_BYTES`](crate::store::MAX_VALUE_BYTES)). Once a user is removed, nothing is written
/// for that user any more: a call that still runs is refused.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[tools]
/// pub mod tools {
///     use mcp_lambda::prelude::*;
///
///     /// Keeps a word and returns the one before it.
///     pub async fn keep(data: UserData, word: String) -> Result<String> {
///         let before: Option<String> = data.get("word").await?;
///         data.put("word", &word).await?;
///         Ok(before.unwrap_or_default())
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("words").tools(tools::tools())).await;
///     let (alice, bob) = (app.user("alice@example.com").await, app.user("bob@example.com").await);
///     alice.call("keep", json!({"word": "milk"})).await;
///     assert_eq!(alice.call("keep", json!({"word": "bread"})).await.tool_text(), "milk");
///     assert_eq!(bob.call("keep", json!({"word": "salt"})).await.tool_text(), "");
/// });
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct UserData {
    store: SharedStore,
    partition: String,
    /// The key of a marker that exists as long as the registration does; every write checks it.
    marker: Key,
    is_read_only: bool,
}

/// A page of a user's names, in order; the answer of [`UserData::names`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamePage {
    /// The names.
    pub names: Vec<String>,
    /// The name to pass as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// A page of a user's values, in order of name; the answer of [`UserData::list`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataPage<T> {
    /// The names and their values.
    pub entries: Vec<(String, T)>,
    /// The name to pass as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

impl UserData {
    /// Creates the handle of the data that a registration owns in a [`Store`](crate::store::Store).
    #[must_use]
    #[doc(hidden)] // A handler takes it as a parameter.
    pub fn new(store: SharedStore, email: &Email, id: &RegistrationId) -> Self {
        let marker = marker_key(email, REGISTRATION, id);
        Self {
            store,
            partition: data_partition(id),
            marker,
            is_read_only: false,
        }
    }

    /// Creates the handle of a caller's data, without writes if the caller's token may only read.
    ///
    /// # Errors
    /// `Forbidden` for a [`Caller`] that is no user, or is not registered here.
    pub(crate) fn for_caller(store: &SharedStore, caller: &Caller) -> Result<Self> {
        let email = caller.require_email()?;
        // Data live under the registration and not under the email: a user of the same name who is registered later has
        // another.
        let id = caller.registration();
        let id = id.ok_or_else(|| {
            Error::forbidden("nothing is kept for this user, who is not registered here")
        })?;
        Ok(Self::new(Arc::clone(store), email, id).with_read_only(caller.is_read_only()))
    }

    /// Refuses every write if the call's token may only read.
    #[must_use]
    const fn with_read_only(mut self, is_read_only: bool) -> Self {
        self.is_read_only = is_read_only;
        self
    }

    fn check_writable(&self) -> Result<()> {
        if self.is_read_only {
            return Err(Error::forbidden(
                "this token only reads, and nothing is kept or removed by it",
            ));
        }
        Ok(())
    }

    /// Reads the value of a name; `None` if there is none.
    ///
    /// # Errors
    /// `Invalid` if the value does not read as `T`, `Unavailable`.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.store
            .get(&self.key(name))
            .await?
            .map(|record| parse(name, &record))
            .transpose()
    }

    /// Stores a value, replacing the previous one.
    ///
    /// # Errors
    /// `TooLarge`; `Invalid` for a name that is empty or too long, or a value that could not be
    /// read back; `Forbidden` if the user was removed while the call ran; `Unavailable`.
    pub async fn put<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<()> {
        self.write_registered(name, Put::new(serialize(name, value)?, When::Always))
            .await
    }

    /// Stores a value if the name has none yet; returns whether it did.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub async fn put_new<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<bool> {
        was_new(
            self.write_registered(name, Put::new(serialize(name, value)?, When::Absent))
                .await,
        )
    }

    /// Stores a value that expires, in seconds since 1970.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub(crate) async fn put_until<T: Serialize + Sync>(
        &self,
        name: &str,
        value: &T,
        expires: u64,
    ) -> Result<()> {
        self.write_registered(
            name,
            Put {
                expires: Some(expires),
                ..Put::new(serialize(name, value)?, When::Always)
            },
        )
        .await
    }

    /// Stores a value that expires if the name has none yet; returns whether it did.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub(crate) async fn put_new_until<T: Serialize + Sync>(
        &self,
        name: &str,
        value: &T,
        expires: u64,
    ) -> Result<bool> {
        was_new(
            self.write_registered(
                name,
                Put {
                    expires: Some(expires),
                    ..Put::new(serialize(name, value)?, When::Absent)
                },
            )
            .await,
        )
    }

    /// Replaces the current value by the result of `change` and returns it; no parallel update is
    /// lost. `change` may run several times.
    ///
    /// # Errors
    /// `Conflict` if too many change it at once, and as [`get`](Self::get) and [`put`](Self::put).
    pub async fn update<T: DeserializeOwned + Serialize + Send + Sync>(
        &self,
        name: &str,
        change: impl Fn(Option<T>) -> T + Send + Sync,
    ) -> Result<T> {
        // Optimistic concurrency: the value is written only on the version that was read, and the loser
        // of a race reads again. `change` must therefore have no effects of its own.
        let key = self.key(name);
        for _ in 0..ATTEMPTS {
            let stored = self.store.get(&key).await?;
            let when = stored
                .as_ref()
                .map_or(When::Absent, |record| When::Version(record.version));
            let value = change(stored.map(|record| parse(name, &record)).transpose()?);
            match self
                .write_registered(name, Put::new(serialize(name, &value)?, when))
                .await
            {
                Err(error)
                    if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::AlreadyExists) => {}
                written => return written.map(|()| value),
            }
        }
        Err(Error::conflict(format!(
            "`{name}` is being changed by too many calls at once; try again"
        )))
    }

    /// Removes a value; returns whether there was one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delete(&self, name: &str) -> Result<bool> {
        self.check_writable()?;
        let key = self.key(name);
        let Some(record) = self.store.get(&key).await? else {
            return Ok(false);
        };
        // The version tells whether this call removed the value. If another call changed it in between,
        // it is deleted all the same: there was one.
        match self.store.delete(&key, When::Version(record.version)).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.store.delete(&key, When::Always).await.map(|()| true)
            }
            deleted => deleted.map(|()| true),
        }
    }

    /// Lists at most `limit` values whose names begin with the prefix, behind `after`, in order of
    /// name: fewer where they have more than [`MAX_PAGE_BYTES`](crate::store::MAX_PAGE_BYTES)
    /// together, and then with a `next`.
    ///
    /// # Errors
    /// `Invalid` if a value does not read as `T`, `Unavailable`.
    pub async fn list<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DataPage<T>> {
        let page = self
            .store
            .list(&Range::Prefix(self.key(prefix)), after, limit)
            .await?;
        let entry = |(key, record): &(Key, Record)| {
            parse(&key.sort, record).map(|value| (key.sort.clone(), value))
        };
        let entries = page.records.iter().map(entry).collect::<Result<_>>()?;
        Ok(DataPage {
            entries,
            next: page.next,
        })
    }

    /// Writes a value under the condition that the registration exists, atomically.
    async fn write_registered(&self, name: &str, put: Put) -> Result<()> {
        self.check_writable()?;
        // The check and the write are one transaction: a removal deletes the marker first, so a write that
        // runs at the same time either happens before and is removed with the rest, or is refused.
        let writes = vec![
            Write::Check(self.marker.clone(), None),
            Write::Put(self.key(name), put),
        ];
        self.store
            .transact(writes)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Error::forbidden(
                    "this user was removed while the call was running; nothing more is kept",
                ),
                _ => error,
            })
    }

    /// Lists names as [`list`](Self::list) does, without reading the values: for counting, and for
    /// seeing what there is.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn names(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<NamePage> {
        let page = self
            .store
            .list_keys(&Range::Prefix(self.key(prefix)), after, limit)
            .await?;
        Ok(NamePage {
            names: page.keys.into_iter().map(|key| key.sort).collect(),
            next: page.next,
        })
    }

    fn key(&self, name: &str) -> Key {
        Key::new(&self.partition, name)
    }
}

fn was_new(written: Result<()>) -> Result<bool> {
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        written => written.map(|()| true),
    }
}

fn parse<T: DeserializeOwned>(name: &str, record: &Record) -> Result<T> {
    serde_json::from_str(&record.value).map_err(|error| {
        Error::invalid(format!(
            "the stored value `{name}` does not fit what this tool expects"
        ))
        .with_source(error)
    })
}

fn serialize<T: Serialize>(name: &str, value: &T) -> Result<String> {
    let text = serde_json::to_string(value).map_err(|error| {
        Error::invalid(format!("`{name}` can't be written as JSON")).with_source(error)
    })?;
    let depth = json::depth(&text);
    if depth > MAX_DEPTH {
        let most = MAX_DEPTH;
        return Err(Error::invalid(format!(
            "`{name}` is nested {depth} deep; at most {most} can be read back"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{UserRecord, Users};
    use crate::store::MemoryStore;

    async fn two_users() -> (UserData, UserData) {
        let store: SharedStore = Arc::new(MemoryStore::default());
        let users = Users::new(Arc::clone(&store));
        let data = async |email: &str| {
            let record = UserRecord::new(email.parse().expect("valid"), None, 1);
            users.register(&record).await.expect("registered");
            users.data(&record)
        };
        (
            data("alice@example.com").await,
            data("bob@example.com").await,
        )
    }

    #[tokio::test]
    async fn one_user_never_sees_anothers() {
        let (alice, bob) = two_users().await;
        alice.put("note", &"mine").await.expect("kept");
        assert_eq!(bob.get::<String>("note").await.expect("readable"), None);
        assert!(
            bob.list::<String>("", None, 9)
                .await
                .expect("listable")
                .entries
                .is_empty()
        );
        assert!(!bob.delete("note").await.expect("nothing to delete"));
        assert_eq!(
            alice
                .get::<String>("note")
                .await
                .expect("readable")
                .as_deref(),
            Some("mine")
        );
    }

    #[tokio::test]
    async fn updates_are_not_lost() {
        let (alice, _) = two_users().await;
        let updates = (0..32)
            .map(|_| alice.update("count", |count: Option<u64>| count.unwrap_or_default() + 1));
        futures_util::future::try_join_all(updates)
            .await
            .expect("all are made");
        assert_eq!(alice.get::<u64>("count").await.expect("readable"), Some(32));
    }

    #[tokio::test]
    async fn lists_go_on_where_they_stopped() {
        let (alice, _) = two_users().await;
        for (name, value) in [("a/1", 1), ("a/2", 2), ("a/3", 3), ("b/1", 4)] {
            alice.put(name, &value).await.expect("kept");
        }
        let first = alice.list::<u8>("a/", None, 2).await.expect("listable");
        assert_eq!(
            (first.entries.len(), first.next.as_deref()),
            (2, Some("a/2"))
        );
        let rest = alice
            .list::<u8>("a/", first.next.as_deref(), 2)
            .await
            .expect("listable");
        assert_eq!(
            (rest.entries, rest.next),
            (vec![("a/3".to_owned(), 3)], None)
        );
    }

    #[tokio::test]
    async fn names_are_listed_as_values_are() {
        let (alice, bob) = two_users().await;
        for name in ["a/1", "a/2", "b/1"] {
            alice.put(name, &"x".repeat(390_000)).await.expect("kept");
        }
        let first = alice.names("a/", None, 1).await.expect("listable");
        assert_eq!(
            (first.names, first.next.as_deref()),
            (vec!["a/1".to_owned()], Some("a/1"))
        );
        let rest = alice.names("a/", Some("a/1"), 9).await.expect("listable");
        assert_eq!((rest.names, rest.next), (vec!["a/2".to_owned()], None));
        assert!(
            bob.names("", None, 9)
                .await
                .expect("listable")
                .names
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_list_of_long_values_goes_on_after_a_megabyte() {
        let (alice, _) = two_users().await;
        for name in ["1", "2", "3"] {
            alice.put(name, &"x".repeat(390_000)).await.expect("kept");
        }
        let first = alice.list::<String>("", None, 9).await.expect("listable");
        assert_eq!((first.entries.len(), first.next.as_deref()), (2, Some("2")));
        let rest = alice
            .list::<String>("", Some("2"), 9)
            .await
            .expect("listable");
        assert_eq!((rest.entries.len(), rest.next), (1, None));
    }

    #[tokio::test]
    async fn a_value_of_another_shape_is_named() {
        let (alice, _) = two_users().await;
        alice.put("n", &"text").await.expect("kept");
        let error = alice.get::<u8>("n").await.expect_err("no number");
        assert!(error.message().contains("`n`"), "{error}");
    }

    #[tokio::test]
    async fn a_token_that_only_reads_keeps_and_removes_nothing() {
        let (alice, _) = two_users().await;
        alice.put("note", &"hers").await.expect("kept");
        let reader = alice.clone().with_read_only(true);
        assert_eq!(
            reader.get::<String>("note").await.expect("readable"),
            Some("hers".to_owned())
        );
        let refusals = [
            reader.put("note", &"x").await.map(drop),
            reader.put_new("new", &"x").await.map(drop),
            reader
                .update("note", |_: Option<String>| "x".to_owned())
                .await
                .map(drop),
            reader.delete("note").await.map(drop),
        ];
        for refused in refusals {
            assert_eq!(
                refused.expect_err("it only reads").kind(),
                ErrorKind::Forbidden
            );
        }
        assert_eq!(
            alice.get::<String>("note").await.expect("readable"),
            Some("hers".to_owned())
        );
    }

    #[tokio::test]
    async fn what_could_not_be_read_back_is_not_written() {
        let (alice, _) = two_users().await;
        let nested = |depth: usize| {
            (1..depth).fold(serde_json::json!([]), |inner, _| serde_json::json!([inner]))
        };
        alice.put("deep", &nested(127)).await.expect("kept");
        alice
            .get::<serde_json::Value>("deep")
            .await
            .expect("readable")
            .expect("there");
        let error = alice.put("deep", &nested(128)).await.expect_err("too deep");
        assert!(
            error.kind() == ErrorKind::Invalid
                && error.message().contains("`deep` is nested 128 deep"),
            "{error}"
        );
    }
}
