//! The user record: one read of it returns everything that a call needs, and which tokens are live.
//!
//! A token that is not in it is refused. Its size is bounded so that it always fits a
//! [`Store`](crate::store::Store), and every record that can be written can be read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::json;
use crate::store::Record;
use crate::user::{Email, RegistrationId};

/// The schema version that this code reads and writes.
const SHAPE: u32 = 2;

/// The most bytes a profile may have as JSON text.
pub(crate) const MAX_PROFILE_BYTES: usize = 65_536;

/// The deepest nesting of a profile.
pub(super) const MAX_PROFILE_DEPTH: usize = 32;

/// The most live tokens one user has at a time.
pub(crate) const MAX_TOKENS: usize = 200;

/// The most bytes of a record after an ordinary change: far below
/// [`MAX_VALUE_BYTES`](crate::store::MAX_VALUE_BYTES), so that a change which takes rights away
/// always has room.
const MAX_BYTES: usize = 300_000;

/// A registered user as stored by [`Users`](super::Users).
///
/// ```
/// use mcp_lambda::records::UserRecord;
///
/// let mut user = UserRecord::new("alice@example.com".parse()?, None, 100);
/// user.revoke(200);
/// assert_eq!((user.created, user.revoke_after), (100, Some(200)));
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// The schema version of this record.
    #[serde(rename = "v")]
    pub schema_version: u32,
    /// The id of this registration, which no other registration has, also none of the same email.
    pub id: RegistrationId,
    /// The user's email address.
    pub email: Email,
    /// The time of the registration, in seconds since 1970; of an imported user, the time in the
    /// other system.
    pub created: u64,
    /// True if the user was imported from another system, with the time of registration there.
    #[serde(default)]
    pub is_imported: bool,
    /// The time of the last revocation, in seconds since 1970: for display, and for tokens without
    /// a `jti` (RFC 7519 §4.1.7).
    #[serde(default)]
    pub revoke_after: Option<u64>,
    /// A random id of the last revocation; processes that work for the user end when it changes.
    #[serde(default)]
    pub revocation: Option<String>,
    /// True while the user is being removed: then nothing may be added.
    #[serde(default)]
    pub is_purging: bool,
    /// The app's own fields about the user.
    #[serde(default)]
    pub profile: Option<Value>,
    /// The live tokens by `jti` (RFC 7519 §4.1.7); a token that is not here is refused.
    #[serde(default)]
    pub tokens: BTreeMap<String, TokenRecord>,
}

/// The stored facts of an issued token: never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The operator's name for the token.
    #[serde(default)]
    pub name: Option<String>,
    /// The time of issue, in seconds since 1970 (`iat`, RFC 7519 §4.1.6).
    pub created: u64,
    /// The time of expiry, in seconds since 1970 (`exp`, RFC 7519 §4.1.4).
    pub expires: u64,
    /// The scopes of the token (RFC 6749 §3.3); `None` allows everything.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// True if the token only calls tools that change nothing.
    #[serde(default)]
    pub read_only: bool,
}

/// The fields of a user that the listing of users returns as [`UserSummary`](super::UserSummary).
#[derive(Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) created: u64,
    pub(super) revoke_after: Option<u64>,
}

impl UserRecord {
    /// Creates the record of a new user, without storing it.
    #[must_use]
    pub fn new(email: Email, profile: Option<Value>, now: u64) -> Self {
        Self {
            schema_version: SHAPE,
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

    /// Removes the tokens that have expired.
    pub(super) fn forget_expired(&mut self, now: u64) {
        self.tokens.retain(|_, token| token.expires > now);
    }

    /// Revokes everything and keeps only the fields that a removal needs.
    pub(super) fn begin_purge(&mut self, now: u64) {
        self.revoke(now);
        self.profile = None;
        self.is_purging = true;
    }

    /// Replaces a stored record that can't be read: without tokens, and with the parts that are
    /// still readable.
    pub(super) fn restore(email: &Email, id: RegistrationId, stored: &Record, now: u64) -> Self {
        // Only the profile is taken over. Tokens of a record that can't be trusted must not live on.
        let stored: Option<Value> = serde_json::from_str(&stored.value).ok();
        let profile = stored.and_then(|mut stored| Some(stored.get_mut("profile")?.take()));
        let profile =
            profile.filter(|profile| profile.is_object() && check_profile(profile).is_ok());
        Self {
            id,
            ..Self::new(email.clone(), profile, now)
        }
    }

    /// Parses the record stored for this user.
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
        if record.schema_version == SHAPE && record.email == *email {
            Ok(record)
        } else {
            Err(unreadable())
        }
    }

    /// Serializes the record.
    ///
    /// # Errors
    /// `Internal`.
    pub(super) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::internal("a user record can't be written").with_source(error))
    }

    /// Serializes the record after a change that adds something, once it has checked the bounds.
    ///
    /// # Errors
    /// `TooLarge` or `Invalid` for what would not fit or could not be read back.
    pub(super) fn to_checked_json(&self) -> Result<String> {
        if let Some(profile) = &self.profile {
            check_profile(profile)?;
        }
        let text = self.to_json()?;
        if text.len() > MAX_BYTES {
            return Err(Error::too_large(format!(
                "the record of user `{}` would have {} bytes of at most {MAX_BYTES}; revoke tokens that are not needed, or give shorter names and fewer scopes",
                self.email,
                text.len()
            )));
        }
        Ok(text)
    }

    /// Returns the text of the record's [`Entry`](crate::store::Entry) in the listing of users.
    pub(super) fn to_summary(&self) -> String {
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
            let value = record.to_checked_json().expect("it fits");
            let stored = Record {
                value,
                version: crate::store::Version::new(1),
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
            .to_checked_json()
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
            if full.to_checked_json().is_err() {
                full.tokens.remove(&number.to_string());
                break;
            }
        }
        let before = full.to_checked_json().expect("it fits").len();
        assert!(
            before > MAX_BYTES - 4_000 && before < MAX_VALUE_BYTES - 50_000,
            "{before}"
        );
        full.revoke(u64::MAX);
        assert!(full.to_json().expect("written").len() < before);
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
                    version: crate::store::Version::new(1),
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
