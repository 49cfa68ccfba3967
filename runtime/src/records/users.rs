//! The users of a store: registering, finding, changing, revoking and listing them.
//!
//! Every change is made on the version that was read; a change must never overwrite one it has not seen. What takes rights
//! away must never be refused for the state that a record is in.

use std::sync::Arc;

use super::record::{Summary, UserRecord};
use super::{REGISTRATION, USER, UserData, marker_key, partition, record_key};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Entry, Key, Put, Range, Record, SharedStore, When, Write};
use crate::user::{Email, RegistrationId};

/// The listing of all users.
const LISTING: &str = "users";

/// What stands under a marker's key.
pub(super) const MARKER: &str = r#"{"v":1}"#;

/// How often a change is tried again when others change the same record: more than anyone changes one user at once.
pub(super) const ATTEMPTS: usize = 256;

/// How many markers of one user are looked at in one query.
const MARKERS: usize = 100;

/// Some users, in order of email.
#[derive(Debug)]
pub struct UserPage {
    /// The users.
    pub users: Vec<UserSummary>,
    /// What to list after for the next page.
    pub next: Option<Email>,
}

/// What the listing shows of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// Who it is.
    pub email: Email,
    /// When the user was registered, in epoch seconds; `None` if what is listed can't be read.
    pub created: Option<u64>,
    /// When the user was last revoked, in epoch seconds.
    pub revoke_after: Option<u64>,
}

/// The users of a store.
#[derive(Clone, Debug)]
pub struct Users {
    pub(super) store: SharedStore,
}

impl Users {
    /// The users kept in this store.
    #[must_use]
    pub const fn new(store: SharedStore) -> Self {
        Self { store }
    }

    /// Stores a new user. Of many that register one email at once, exactly one succeeds.
    ///
    /// # Errors
    /// `AlreadyExists`; `TooLarge` or `Invalid` for a profile that can't be kept; `Unavailable`.
    pub async fn register(&self, record: &UserRecord) -> Result<()> {
        let marker = marker_key(&record.email, REGISTRATION, &record.id);
        let writes = vec![
            Write::Put(
                record_key(&record.email),
                put(record, record.checked_text()?, When::Absent),
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

    /// The user, or `None`. One read.
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

    /// The user.
    ///
    /// # Errors
    /// `NotFound`; `Internal` if the record can't be read; `Unavailable`.
    pub async fn get(&self, email: &Email) -> Result<UserRecord> {
        self.find(email).await?.ok_or_else(|| unknown(email))
    }

    /// Changes the record as it is now; if somebody else was faster, the change is made anew on what they left.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a user who is being removed; `TooLarge` or `Invalid` for what can't be kept; `Internal`
    /// if the record can't be read; `Unavailable`; and whatever the change refuses with.
    pub async fn change<T: Send>(
        &self,
        email: &Email,
        now: u64,
        change: impl Fn(&mut UserRecord) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        for _ in 0..ATTEMPTS {
            let stored = self.stored(email).await?;
            let mut record = UserRecord::read(email, &stored)?;
            if record.is_purging {
                return Err(Error::conflict(format!(
                    "user `{email}` is being removed; purge the user again to end it"
                )));
            }
            record.forget_expired(now);
            let outcome = change(&mut record)?;
            let put = put(
                &record,
                record.checked_text()?,
                When::Version(stored.version),
            );
            match self.store.put(&record_key(email), put).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                written => return written.map(|_| outcome),
            }
        }
        Err(contended(email))
    }

    /// Ends every token of a user. A record that can't be read is replaced by one without tokens.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn revoke(&self, email: &Email, now: u64) -> Result<()> {
        self.take_away(
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

    /// Ends one token.
    ///
    /// # Errors
    /// `NotFound` for the user or the token; `Internal` if the record can't be read; `Unavailable`.
    pub async fn revoke_token(&self, email: &Email, id: &str, now: u64) -> Result<()> {
        self.take_away(
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

    /// Changes a record so that it holds less: no bound that an ordinary change must keep stands in the way.
    async fn take_away(
        &self,
        email: &Email,
        change: impl Fn(&Record) -> Result<Option<UserRecord>> + Send + Sync,
        now: u64,
    ) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let stored = self.stored(email).await?;
            let written = match change(&stored)? {
                Some(record) => self.write_less(record, &stored).await,
                None => self.restore(email, &stored, now).await,
            };
            match written {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                written => return written,
            }
        }
        Err(contended(email))
    }

    /// Writes a record that holds less. If it is still too large, it was never one of ours: its profile goes too.
    pub(super) async fn write_less(&self, mut record: UserRecord, stored: &Record) -> Result<()> {
        let when = When::Version(stored.version);
        let key = record_key(&record.email);
        match self
            .store
            .put(&key, put(&record, record.text()?, when))
            .await
        {
            Err(error) if error.kind() == ErrorKind::TooLarge => {
                tracing::warn!(user.email = %record.email, "the profile was too large to be kept beside a revocation");
                record.profile = None;
                self.store
                    .put(&key, put(&record, record.text()?, when))
                    .await
                    .map(drop)
            }
            written => written.map(drop),
        }
    }

    /// Puts a readable record, without tokens, in the place of one that is not; the data stay the user's.
    async fn restore(&self, email: &Email, stored: &Record, now: u64) -> Result<()> {
        let known = self.marked(email, REGISTRATION).await?.into_iter().next();
        let id = known.unwrap_or_else(RegistrationId::fresh);
        let mut record = UserRecord::restored(email, id, stored, now);
        record.revoke(now);
        let marker = marker_key(email, REGISTRATION, &record.id);
        tracing::warn!(user.email = %email, "a user record that could not be read was replaced");
        let put_record = put(&record, record.text()?, When::Version(stored.version));
        let put_marker = Put::new(MARKER.to_owned(), When::Always);
        self.store
            .transact(vec![
                Write::Put(record_key(email), put_record),
                Write::Put(marker, put_marker),
            ])
            .await
    }

    /// What this user's tools keep.
    #[must_use]
    pub fn data(&self, user: &UserRecord) -> UserData {
        UserData::new(Arc::clone(&self.store), &user.email, &user.id)
    }

    /// At most `limit` users after this one. One query.
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
            .filter_map(|(key, entry)| summary(key, entry))
            .collect();
        Ok(UserPage {
            users,
            next: page.next.as_deref().and_then(email_of),
        })
    }

    /// The registrations that a user has markers of this kind for.
    pub(super) async fn marked(&self, email: &Email, kind: &str) -> Result<Vec<RegistrationId>> {
        let range = Range::Prefix(Key::new(partition(email), kind));
        let page = self.store.list(&range, None, MARKERS).await?;
        let id = |(key, _): &(Key, Record)| {
            RegistrationId::try_from(key.sort.strip_prefix(kind)?.to_owned()).ok()
        };
        Ok(page.records.iter().filter_map(id).collect())
    }

    async fn stored(&self, email: &Email) -> Result<Record> {
        self.store
            .get(&record_key(email))
            .await?
            .ok_or_else(|| unknown(email))
    }
}

/// The write of a record, with what the listing shows of it.
pub(super) fn put(record: &UserRecord, text: String, when: When) -> Put {
    let entry = Entry {
        listing: LISTING,
        text: record.summary(),
    };
    Put {
        entry: Some(entry),
        ..Put::new(text, when)
    }
}

/// Whom a key of the listing is about; what is no user's is passed over.
fn email_of(partition: &str) -> Option<Email> {
    partition.strip_prefix(USER)?.parse().ok()
}

fn summary(key: &Key, entry: &Record) -> Option<UserSummary> {
    let email = email_of(&key.partition)?;
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

pub(super) fn unknown(email: &Email) -> Error {
    Error::not_found(format!("user `{email}` does not exist"))
}

pub(super) fn contended(email: &Email) -> Error {
    Error::conflict(format!(
        "user `{email}` is being changed by too many at once; try again"
    ))
}

#[cfg(test)]
mod fails_after;
#[cfg(test)]
mod tests;
