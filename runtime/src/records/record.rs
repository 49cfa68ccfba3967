//! The user record: one read of it tells everything a call needs, and which tokens are live.
//!
//! What is not in it is refused. It is bounded so that it always fits a store, and what is written can be read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::json;
use crate::store::Record;
use crate::user::{Email, RegistrationId};

/// The shape that this code reads and writes.
const SHAPE: u32 = 2;

/// The most bytes a profile may have as JSON text.
pub const MAX_PROFILE_BYTES: usize = 65_536;

/// How deep a profile may be nested.
pub const MAX_PROFILE_DEPTH: usize = 32;

/// The most live tokens one user has at a time.
pub const MAX_TOKENS: usize = 200;

/// The most bytes an ordinary change may leave a record with: far below what a store takes, so that a change which takes
/// rights away always has room.
const MAX_BYTES: usize = 300_000;

/// A registered user as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// The shape of this record.
    pub v: u32,
    /// What tells this registration from every other, also of the same email.
    pub id: RegistrationId,
    /// Who it is.
    pub email: Email,
    /// When the user was registered, in epoch seconds; of an imported one, when the other system registered it.
    pub created: u64,
    /// Whether the registration is another system's, with the time it had there.
    #[serde(default)]
    pub is_imported: bool,
    /// When the user was last revoked, in epoch seconds: for display, and for tokens that carry no `jti`.
    #[serde(default)]
    pub revoke_after: Option<u64>,
    /// Tells each revocation from every other; processes that work for the user end when it changes.
    #[serde(default)]
    pub revocation: Option<String>,
    /// Whether the user is being removed: then nothing may be added.
    #[serde(default)]
    pub is_purging: bool,
    /// What the app keeps about the user.
    #[serde(default)]
    pub profile: Option<Value>,
    /// The live tokens by `jti`; one that is not here is refused.
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
    /// What it is good for; `None` is everything.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Whether it opens only what changes nothing.
    #[serde(default)]
    pub read_only: bool,
}

/// What the listing of users shows of one.
#[derive(Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) created: u64,
    pub(super) revoke_after: Option<u64>,
}

impl UserRecord {
    /// The record of a new user; it is not stored yet.
    #[must_use]
    pub fn new(email: Email, profile: Option<Value>, now: u64) -> Self {
        Self {
            v: SHAPE,
            id: RegistrationId::fresh(),
            email,
            created: now,
            is_imported: false,
            revoke_after: None,
            revocation: None,
            is_purging: false,
            profile,
            tokens: BTreeMap::new(),
        }
    }

    /// Ends every token issued so far, and every process that works for the user.
    pub fn revoke(&mut self, now: u64) {
        self.tokens.clear();
        self.revoke_after = Some(now);
        self.revocation = Some(uuid::Uuid::new_v4().simple().to_string());
    }

    /// Forgets the tokens whose time is over.
    pub(super) fn forget_expired(&mut self, now: u64) {
        self.tokens.retain(|_, token| token.expires > now);
    }

    /// Ends everything and keeps what a removal needs.
    pub(super) fn begin_purge(&mut self, now: u64) {
        self.revoke(now);
        self.profile = None;
        self.is_purging = true;
    }

    /// The record of a user whose stored one can't be read: without tokens, and with what can still be made out.
    pub(super) fn restored(email: &Email, id: RegistrationId, stored: &Record, now: u64) -> Self {
        let stored: Option<Value> = serde_json::from_str(&stored.value).ok();
        let profile = stored.and_then(|mut stored| Some(stored.get_mut("profile")?.take()));
        let profile =
            profile.filter(|profile| profile.is_object() && check_profile(profile).is_ok());
        Self {
            id,
            ..Self::new(email.clone(), profile, now)
        }
    }

    /// Reads what is stored for this user.
    ///
    /// # Errors
    /// `Internal` for what can't be read, with what to do about it.
    pub(super) fn read(email: &Email, stored: &Record) -> Result<Self> {
        let unreadable = || {
            Error::internal(format!(
                "the stored record of user `{email}` can't be read; revoke the user to replace it by one without tokens, or purge the user"
            ))
        };
        let record: Self =
            serde_json::from_str(&stored.value).map_err(|error| unreadable().with_source(error))?;
        if record.v == SHAPE && record.email == *email {
            Ok(record)
        } else {
            Err(unreadable())
        }
    }

    /// The text to store.
    ///
    /// # Errors
    /// `Internal`.
    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::internal("a user record can't be written").with_source(error))
    }

    /// The text to store after a change that adds something.
    ///
    /// # Errors
    /// `TooLarge` or `Invalid` for what would not fit or could not be read back.
    pub(super) fn checked_text(&self) -> Result<String> {
        if let Some(profile) = &self.profile {
            check_profile(profile)?;
        }
        let text = self.text()?;
        if text.len() > MAX_BYTES {
            return Err(Error::too_large(format!(
                "the record of user `{}` would have {} bytes of at most {MAX_BYTES}; revoke tokens that are not needed, or give shorter names and fewer scopes",
                self.email,
                text.len()
            )));
        }
        Ok(text)
    }

    /// What the listing of users shows.
    pub(super) fn summary(&self) -> String {
        let summary = Summary {
            created: self.created,
            revoke_after: self.revoke_after,
        };
        serde_json::to_string(&summary).unwrap_or_default()
    }
}

fn check_profile(profile: &Value) -> Result<()> {
    let text = profile.to_string();
    if text.len() > MAX_PROFILE_BYTES {
        return Err(Error::too_large(format!(
            "`profile` has {} bytes; at most {MAX_PROFILE_BYTES} are kept",
            text.len()
        )));
    }
    let depth = json::depth(&text);
    if depth > MAX_PROFILE_DEPTH {
        return Err(Error::invalid(format!(
            "`profile` is nested {depth} deep; at most {MAX_PROFILE_DEPTH} can be kept"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::MAX_VALUE_BYTES;

    fn record() -> UserRecord {
        UserRecord::new("a@b.c".parse().expect("valid"), None, 1)
    }

    fn nested(depth: usize) -> Value {
        (1..depth).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn what_a_record_may_hold_is_read_back() {
        let text = "x".repeat(MAX_PROFILE_BYTES - 10);
        for profile in [json!({ "x": text }), nested(MAX_PROFILE_DEPTH)] {
            let record = UserRecord {
                profile: Some(profile),
                ..record()
            };
            let value = record.checked_text().expect("it fits");
            let stored = Record {
                value,
                version: crate::store::Version(1),
            };
            assert_eq!(
                UserRecord::read(&record.email, &stored).expect("readable"),
                record
            );
        }
        for profile in [
            json!({ "x": "x".repeat(MAX_PROFILE_BYTES) }),
            nested(MAX_PROFILE_DEPTH + 1),
        ] {
            UserRecord {
                profile: Some(profile),
                ..record()
            }
            .checked_text()
            .expect_err("too much");
        }
    }

    #[test]
    fn the_fullest_record_keeps_room_for_its_revocation() {
        let mut full = UserRecord {
            profile: Some(json!({ "x": "x".repeat(MAX_PROFILE_BYTES - 10) })),
            ..record()
        };
        for number in 0..MAX_TOKENS {
            let scopes = Some(vec!["s".repeat(64); 32]);
            let token = TokenRecord {
                name: Some("☃".repeat(100)),
                created: 1,
                expires: 2,
                scopes,
                read_only: true,
            };
            full.tokens.insert(number.to_string(), token);
            if full.checked_text().is_err() {
                full.tokens.remove(&number.to_string());
                break;
            }
        }
        let before = full.checked_text().expect("it fits").len();
        assert!(
            before > MAX_BYTES - 4_000 && before < MAX_VALUE_BYTES - 50_000,
            "{before}"
        );
        full.revoke(u64::MAX);
        assert!(full.text().expect("written").len() < before);
    }

    #[test]
    fn an_older_and_a_newer_record_can_be_read_or_are_named() {
        let email = "a@b.c".parse().expect("valid");
        let id = RegistrationId::fresh();
        let read = |value: Value| {
            UserRecord::read(
                &email,
                &Record {
                    value: value.to_string(),
                    version: crate::store::Version(1),
                },
            )
        };
        read(json!({"v": 2, "id": id, "email": "a@b.c", "created": 1}))
            .expect("the oldest of this shape");
        read(json!({"v": 2, "id": id, "email": "a@b.c", "created": 1, "colour": "blue"}))
            .expect("one with more in it");
        for value in [
            json!({"v": 1, "email": "a@b.c", "created": 1, "gen": 1}),
            json!({"v": 3, "id": id, "email": "a@b.c", "created": 1}),
            json!({"v": 2, "id": id, "email": "b@b.c", "created": 1}),
            json!({"v": 2, "id": "../x", "email": "a@b.c", "created": 1}),
            json!("nonsense"),
        ] {
            let error = read(value.clone()).expect_err(&value.to_string());
            assert!(error.message().contains("`a@b.c` can't be read"), "{error}");
        }
    }
}
