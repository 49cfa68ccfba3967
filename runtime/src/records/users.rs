//! The users of a store: registering, finding, changing, revoking and listing them.
//!
//! Every change is made on the [`Version`](crate::store::Version) that was read; a change must
//! never overwrite one it has not seen. A change that takes rights away must never be refused
//! because of the record's state.

use std::sync::Arc;

use super::record::{Summary, UserRecord};
use super::{REGISTRATION, USER, UserData, marker_key, partition, record_key};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Entry, Key, Put, Range, Record, SharedStore, When, Write};
use crate::user::{Email, RegistrationId};

/// The name of the listing of all users ([`Range::Listing`]).
const LISTING: &str = "users";

/// The value of a marker.
pub(super) const MARKER: &str = r#"{"v":1}"#;

/// The number of times a change is tried when others change the same record: more than change one
/// user at once.
pub(super) const ATTEMPTS: usize = 256;

/// The most markers of one user that one query reads.
const MARKERS: usize = 100;

/// A page of users, in order of email; the answer of [`Users::page`].
#[derive(Debug)]
pub struct UserPage {
    /// The users of the page.
    pub users: Vec<UserSummary>,
    /// The email to pass as `after` for the next page; `None` on the last one.
    pub next: Option<Email>,
}

/// The facts about one user that the listing returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The user's email address.
    pub email: Email,
    /// The time of the registration, in seconds since 1970; `None` if the entry can't be read.
    pub created: Option<u64>,
    /// The time of the last revocation, in seconds since 1970.
    pub revoke_after: Option<u64>,
}

/// The users of a [`Store`](crate::store::Store).
///
/// ```
/// use std::sync::Arc;
/// use mcp_lambda::{records::{UserRecord, Users}, store::MemoryStore};
///
/// # async fn example() -> mcp_lambda::Result<()> {
/// let users = Users::new(Arc::new(MemoryStore::default()));
/// let alice = UserRecord::new("alice@example.com".parse()?, None, 100);
/// users.register(&alice).await?;
/// users.revoke(&alice.email, 200).await?;
/// assert_eq!(users.get(&alice.email).await?.revoke_after, Some(200));
/// # Ok(())
/// # }
/// # futures_util::FutureExt::now_or_never(example()).expect("memory waits for nothing").unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Users {
    pub(super) store: SharedStore,
}

impl Users {
    /// Creates the handle of the users of this store.
    #[must_use]
    pub const fn new(store: SharedStore) -> Self {
        Self { store }
    }

    /// Stores a new [`UserRecord`]. Of many that register one email at once, exactly one succeeds.
    ///
    /// # Errors
    /// `AlreadyExists`; `TooLarge` or `Invalid` for a profile that can't be kept; `Unavailable`.
    pub async fn register(&self, record: &UserRecord) -> Result<()> {
        // The record and its marker appear together: a record without a marker could write no data, and a
        // marker without a record would let data be written for nobody.
        let marker = marker_key(&record.email, REGISTRATION, &record.id);
        let writes = vec![
            Write::Put(
                record_key(&record.email),
                put(record, record.to_checked_json()?, When::Absent),
            ),
            Write::Put(marker, Put::new(MARKER.to_owned(), When::Absent)),
        ];
        self.store
            .transact(writes)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => {
                    Error::already_exists(format!("user `{}` exists already", record.email))
                }
                _ => error,
            })
    }

    /// Reads a user with one [`Store::get`](crate::store::Store::get); `None` if there is none.
    ///
    /// # Errors
    /// `Internal` if the record can't be read, `Unavailable`.
    pub async fn find(&self, email: &Email) -> Result<Option<UserRecord>> {
        self.store
            .get(&record_key(email))
            .await?
            .map(|stored| UserRecord::read(email, &stored))
            .transpose()
    }

    /// Reads a user that must exist.
    ///
    /// # Errors
    /// `NotFound`; `Internal` if the record can't be read; `Unavailable`.
    pub async fn get(&self, email: &Email) -> Result<UserRecord> {
        self.find(email).await?.ok_or_else(|| report_unknown(email))
    }

    /// Changes the current record; if another change was faster, `change` runs again on the newer
    /// record.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a user who is being removed; `TooLarge` or `Invalid` for what
    /// can't be kept; `Internal` if the record can't be read; `Unavailable`; and whatever the
    /// change refuses with.
    pub async fn change<T: Send>(
        &self,
        email: &Email,
        now: u64,
        change: impl Fn(&mut UserRecord) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        for _ in 0..ATTEMPTS {
            let stored = self.load(email).await?;
            let mut record = UserRecord::read(email, &stored)?;
            if record.is_purging {
                return Err(Error::conflict(format!(
                    "user `{email}` is being removed; purge the user again to end it"
                )));
            }
            // Expired tokens go with every change, so that the record does not grow without bound.
            record.forget_expired(now);
            let outcome = change(&mut record)?;
            let put = put(
                &record,
                record.to_checked_json()?,
                When::Version(stored.version),
            );
            match self.store.put(&record_key(email), put).await {
                // Another change was written first: read that one and apply this change to it.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                written => return written.map(|_| outcome),
            }
        }
        Err(report_contention(email))
    }

    /// Ends every token of a user ([`UserRecord::revoke`]). A record that can't be read is replaced
    /// by one without tokens.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn revoke(&self, email: &Email, now: u64) -> Result<()> {
        self.change_rights(
            email,
            |stored| {
                let mut record = UserRecord::read(email, stored).ok();
                record.iter_mut().for_each(|record| record.revoke(now));
                Ok(record)
            },
            now,
        )
        .await
    }

    /// Ends one token, by its `jti` (RFC 7519 §4.1.7).
    ///
    /// # Errors
    /// `NotFound` for the user or the token; `Internal` if the record can't be read; `Unavailable`.
    pub async fn revoke_token(&self, email: &Email, id: &str, now: u64) -> Result<()> {
        self.change_rights(
            email,
            |stored| {
                let mut record = UserRecord::read(email, stored)?;
                let token = record.tokens.remove(id);
                token.ok_or_else(|| {
                    Error::not_found(format!("user `{email}` has no token `{id}`"))
                })?;
                Ok(Some(record))
            },
            now,
        )
        .await
    }

    /// Changes a record so that it holds less, without the bounds that an ordinary
    /// [`change`](Self::change) must keep.
    async fn change_rights(
        &self,
        email: &Email,
        change: impl Fn(&Record) -> Result<Option<UserRecord>> + Send + Sync,
        now: u64,
    ) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let stored = self.load(email).await?;
            let written = match change(&stored)? {
                Some(record) => self.write_less(record, &stored).await,
                None => self.restore(email, &stored, now).await,
            };
            match written {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                written => return written,
            }
        }
        Err(report_contention(email))
    }

    /// Writes a record that holds less. If it is still too large, this code did not write it, and
    /// its profile is dropped too.
    pub(super) async fn write_less(&self, mut record: UserRecord, stored: &Record) -> Result<()> {
        let when = When::Version(stored.version);
        let key = record_key(&record.email);
        match self
            .store
            .put(&key, put(&record, record.to_json()?, when))
            .await
        {
            Err(error) if error.kind() == ErrorKind::TooLarge => {
                tracing::warn!(user.email = %record.email, "the profile was too large to be kept beside a revocation");
                record.profile = None;
                self.store
                    .put(&key, put(&record, record.to_json()?, when))
                    .await
                    .map(drop)
            }
            written => written.map(drop),
        }
    }

    /// Replaces an unreadable record by a readable one without tokens; the data remain the user's.
    async fn restore(&self, email: &Email, stored: &Record, now: u64) -> Result<()> {
        // The marker still has the id of the registration, under which the user's data are stored.
        let known = self
            .list_marked(email, REGISTRATION)
            .await?
            .into_iter()
            .next();
        let id = known.unwrap_or_else(RegistrationId::fresh);
        let mut record = UserRecord::restore(email, id, stored, now);
        record.revoke(now);
        let marker = marker_key(email, REGISTRATION, &record.id);
        tracing::warn!(user.email = %email, "a user record that could not be read was replaced");
        let put_record = put(&record, record.to_json()?, When::Version(stored.version));
        let put_marker = Put::new(MARKER.to_owned(), When::Always);
        self.store
            .transact(vec![
                Write::Put(record_key(email), put_record),
                Write::Put(marker, put_marker),
            ])
            .await
    }

    /// Returns the store that holds the users.
    #[cfg(any(test, feature = "laws"))]
    pub(crate) fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    /// Returns the handle of the data that this user's tools store.
    #[must_use]
    pub fn data(&self, user: &UserRecord) -> UserData {
        UserData::new(Arc::clone(&self.store), &user.email, &user.id)
    }

    /// Lists at most `limit` users behind `after`, with one
    /// [`Store::list`](crate::store::Store::list).
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn page(&self, after: Option<&Email>, limit: usize) -> Result<UserPage> {
        let after = after.map(partition);
        let page = self
            .store
            .list(&Range::Listing(LISTING), after.as_deref(), limit)
            .await?;
        let users = page
            .records
            .iter()
            .filter_map(|(key, entry)| parse_summary(key, entry))
            .collect();
        Ok(UserPage {
            users,
            next: page.next.as_deref().and_then(parse_email),
        })
    }

    /// Lists the registrations of a user that have a marker of this kind.
    pub(super) async fn list_marked(
        &self,
        email: &Email,
        kind: &str,
    ) -> Result<Vec<RegistrationId>> {
        let range = Range::Prefix(Key::new(partition(email), kind));
        let page = self.store.list(&range, None, MARKERS).await?;
        let id = |(key, _): &(Key, Record)| {
            RegistrationId::try_from(key.sort.strip_prefix(kind)?.to_owned()).ok()
        };
        Ok(page.records.iter().filter_map(id).collect())
    }

    async fn load(&self, email: &Email) -> Result<Record> {
        self.store
            .get(&record_key(email))
            .await?
            .ok_or_else(|| report_unknown(email))
    }
}

/// Builds the write of a record, with its [`Entry`] in the listing of users.
pub(super) fn put(record: &UserRecord, text: String, when: When) -> Put {
    let entry = Entry {
        listing: LISTING,
        text: record.to_summary(),
    };
    Put {
        entry: Some(entry),
        ..Put::new(text, when)
    }
}

/// Parses the email in a user's partition; `None` for other partitions.
fn parse_email(partition: &str) -> Option<Email> {
    partition.strip_prefix(USER)?.parse().ok()
}

fn parse_summary(key: &Key, entry: &Record) -> Option<UserSummary> {
    let email = parse_email(&key.partition)?;
    let shown: Option<Summary> = serde_json::from_str(&entry.value).ok();
    let (created, revoke_after) = shown.map_or((None, None), |shown| {
        (Some(shown.created), shown.revoke_after)
    });
    Some(UserSummary {
        email,
        created,
        revoke_after,
    })
}

pub(super) fn report_unknown(email: &Email) -> Error {
    Error::not_found(format!("user `{email}` does not exist"))
}

pub(super) fn report_contention(email: &Email) -> Error {
    Error::conflict(format!(
        "user `{email}` is being changed by too many at once; try again"
    ))
}

#[cfg(test)]
mod fails_after;
#[cfg(test)]
mod tests;
