//! The user record: one read of it tells everything a call needs, revocation included.
//!
//! Every change is made on the version that was read; a change must never overwrite one it has not seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{UserData, partition};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Key, Put, Range, Record, Shared, When};
use crate::user::Email;

/// The shape that this code writes; it reads this and every older one.
const SHAPE: u32 = 1;

/// The sort key of the user record in its partition.
const SORT: &str = "record";

/// The listing of all users.
const LISTING: &str = "users";

/// How often a change is tried again when others change the same record: more than anyone changes one user at once.
const ATTEMPTS: usize = 256;

/// A registered user as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// The shape of this record.
    pub v: u32,
    /// Who it is.
    pub email: Email,
    /// When the user was registered, in epoch seconds.
    pub created: u64,
    /// The generation that valid tokens carry; revoking adds one.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// When the user was last revoked, in epoch seconds: for display, and for tokens that carry no generation.
    #[serde(default)]
    pub revoke_after: Option<u64>,
    /// What the app keeps about the user.
    #[serde(default)]
    pub profile: Option<Value>,
    /// The tokens issued and not yet expired, by `jti`.
    #[serde(default)]
    pub tokens: BTreeMap<String, TokenRecord>,
}

/// What is kept of an issued token: never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// What the operator calls it.
    #[serde(default)]
    pub name: Option<String>,
    /// When it was issued, in epoch seconds.
    pub created: u64,
    /// When it ends, in epoch seconds.
    pub expires: u64,
    /// The user's generation when it was issued.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// What it is good for; `None` is everything.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Whether it was revoked by itself.
    #[serde(default)]
    pub revoked: bool,
}

impl UserRecord {
    /// Whether this token, of those known, is dead before its time.
    #[must_use]
    pub const fn has_revoked(&self, token: &TokenRecord) -> bool {
        token.revoked || token.generation != self.generation
    }

    /// Ends every token issued so far.
    pub fn revoke(&mut self, now: u64) {
        self.generation += 1;
        self.revoke_after = Some(now);
    }
}

/// Some users, in order of email.
#[derive(Debug)]
pub struct UserPage {
    /// The users.
    pub users: Vec<UserRecord>,
    /// What to list after for the next page.
    pub next: Option<Email>,
}

/// What is left of a purged user, under a digest of the email: enough that no old token works for a namesake.
#[derive(Serialize, Deserialize)]
struct Grave {
    v: u32,
    #[serde(rename = "gen")]
    generation: u64,
    revoke_after: u64,
}

/// The users of a store.
#[derive(Clone, Debug)]
pub struct Users {
    store: Shared,
}

impl Users {
    /// The users kept in this store.
    #[must_use]
    pub const fn new(store: Shared) -> Self {
        Self { store }
    }

    /// A record for a new user; it is not stored yet. It continues the generations of a purged namesake.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn draft(&self, email: Email, profile: Option<Value>, now: u64) -> Result<UserRecord> {
        let grave = self.store.get(&grave_key(&email)).await?;
        let grave: Option<Grave> = grave.as_ref().map(read).transpose()?;
        let generation = grave.as_ref().map_or(1, |grave| grave.generation);
        let revoke_after = grave.map(|grave| grave.revoke_after);
        Ok(UserRecord { v: SHAPE, email, created: now, generation, revoke_after, profile, tokens: BTreeMap::new() })
    }

    /// Stores a new user. Of many that register one email at once, exactly one succeeds.
    ///
    /// # Errors
    /// `AlreadyExists`, `TooLarge`, `Unavailable`.
    pub async fn register(&self, record: &UserRecord) -> Result<()> {
        self.write(record, When::Absent).await.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::already_exists(format!("user `{}` exists already", record.email)),
            _ => error,
        })
    }

    /// The user, or `None`. One read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn find(&self, email: &Email) -> Result<Option<UserRecord>> {
        self.store.get(&key(email)).await?.as_ref().map(read).transpose()
    }

    /// The user.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn get(&self, email: &Email) -> Result<UserRecord> {
        self.find(email).await?.ok_or_else(|| unknown(email))
    }

    /// Changes the record as it is now; if somebody else was faster, the change is made anew on what they left.
    ///
    /// # Errors
    /// `NotFound`, `TooLarge`, `Unavailable`, and whatever the change refuses with.
    pub async fn change<T: Send>(
        &self,
        email: &Email,
        now: u64,
        change: impl Fn(&mut UserRecord) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        for _ in 0..ATTEMPTS {
            let stored = self.store.get(&key(email)).await?.ok_or_else(|| unknown(email))?;
            let mut record: UserRecord = read(&stored)?;
            let outcome = change(&mut record)?;
            record.tokens.retain(|_, token| token.expires > now);
            match self.write(&record, When::Version(stored.version)).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                written => return written.map(|()| outcome),
            }
        }
        Err(Error::conflict(format!("user `{email}` is being changed by too many at once; try again")))
    }

    /// What a user's tools keep for that user.
    #[must_use]
    pub fn data(&self, email: &Email) -> UserData {
        UserData::new(Arc::clone(&self.store), email)
    }

    /// At most `limit` users after this one. One query.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn page(&self, after: Option<&Email>, limit: usize) -> Result<UserPage> {
        let after = after.map(partition);
        let page = self.store.list(&Range::Listing(LISTING), after.as_deref(), limit).await?;
        let users: Vec<UserRecord> = page.records.iter().map(|(_, record)| read(record)).collect::<Result<_>>()?;
        let next = page.next.and_then(|_| users.last().map(|user| user.email.clone()));
        Ok(UserPage { users, next })
    }

    /// Removes a user and everything in the user's partition; no token issued so far works for a later namesake.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn purge(&self, email: &Email, now: u64) -> Result<()> {
        let generation = self.change(email, now, |record| {
            record.revoke(now);
            Ok(record.generation)
        });
        let grave = Grave { v: SHAPE, generation: generation.await?, revoke_after: now };
        self.store.put(&grave_key(email), Put::new(write(&grave)?, When::Always)).await?;
        let everything = Range::Prefix(Key::new(partition(email), ""));
        loop {
            let page = self.store.list(&everything, None, 100).await?;
            for (key, _) in &page.records {
                self.store.delete(key, When::Always).await?;
            }
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    async fn write(&self, record: &UserRecord, when: When) -> Result<()> {
        let put = Put { listing: Some(LISTING), ..Put::new(write(record)?, when) };
        self.store.put(&key(&record.email), put).await.map(drop)
    }
}

fn key(email: &Email) -> Key {
    Key::new(partition(email), SORT)
}

fn grave_key(email: &Email) -> Key {
    let digest = Sha256::digest(email.as_str());
    let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Key::new(format!("purged#{name}"), SORT)
}

fn unknown(email: &Email) -> Error {
    Error::not_found(format!("user `{email}` does not exist"))
}

fn read<T: serde::de::DeserializeOwned>(record: &Record) -> Result<T> {
    serde_json::from_str(&record.value)
        .map_err(|error| Error::internal("a stored user record can't be read").with_source(error))
}

fn write<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("a user record can't be written").with_source(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::store::Memory;

    fn users() -> (Shared, Users) {
        let store: Shared = Arc::new(Memory::default());
        (Arc::clone(&store), Users::new(store))
    }

    fn email(text: &str) -> Email {
        text.parse().expect("valid")
    }

    async fn registered(users: &Users, name: &str) -> UserRecord {
        let record = users.draft(email(name), None, 100).await.expect("drafted");
        users.register(&record).await.expect("registered");
        record
    }

    #[tokio::test]
    async fn a_change_loses_no_other_change() {
        let (_, users) = users();
        let alice = registered(&users, "alice@example.com").await;
        let changes = (0..64).map(|_| {
            users.change(&alice.email, 100, |record| {
                record.generation += 1;
                Ok(())
            })
        });
        futures_util::future::try_join_all(changes).await.expect("all changes are made");
        assert_eq!(users.get(&alice.email).await.expect("there").generation, 65);
    }

    #[tokio::test]
    async fn a_namesake_of_a_purged_user_begins_after_all_old_tokens() {
        let (store, users) = users();
        let alice = registered(&users, "alice@example.com").await;
        store
            .put(&Key::new(partition(&alice.email), "data#x"), Put::new("1".into(), When::Always))
            .await
            .expect("kept");
        users.purge(&alice.email, 200).await.expect("purged");
        assert_eq!(users.find(&alice.email).await.expect("readable"), None);
        let left = store.list(&Range::Prefix(Key::new(partition(&alice.email), "")), None, 9).await.expect("listable");
        assert!(left.records.is_empty());
        let again = registered(&users, "alice@example.com").await;
        assert_eq!((again.generation, again.revoke_after), (2, Some(200)));
    }

    #[tokio::test]
    async fn nothing_of_a_purged_user_is_readable() {
        let (store, users) = users();
        let alice = registered(&users, "alice@example.com").await;
        users.purge(&alice.email, 200).await.expect("purged");
        assert!(!grave_key(&alice.email).partition.contains("alice"));
        let grave = store.get(&grave_key(&alice.email)).await.expect("readable").expect("there");
        assert!(!grave.value.contains("alice"));
    }

    #[tokio::test]
    async fn pages_are_in_order_and_join() {
        let (_, users) = users();
        for name in ["carol@x.com", "alice@x.com", "bob@x.com"] {
            registered(&users, name).await;
        }
        let first = users.page(None, 2).await.expect("listable");
        assert_eq!(first.next, Some(email("bob@x.com")));
        let rest = users.page(first.next.as_ref(), 2).await.expect("listable");
        assert_eq!((rest.users.len(), rest.next), (1, None));
    }

    #[test]
    fn an_older_and_a_newer_record_can_be_read() {
        let oldest = json!({"v": 1, "email": "a@b.c", "created": 1, "gen": 1});
        let newer = json!({"v": 1, "email": "a@b.c", "created": 1, "gen": 1, "colour": "blue", "tokens": {}});
        for value in [oldest, newer] {
            let record: UserRecord = serde_json::from_value(value).expect("readable");
            let again: UserRecord = serde_json::from_str(&write(&record).expect("writable")).expect("readable");
            assert_eq!(again, record);
        }
    }
}
