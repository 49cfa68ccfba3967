//! The identity of a user: a random id of each registration, never used twice.
//!
//! An [`Email`](super::Email) can be registered again after its user was removed. Data, sealed
//! state and running processes of a user are therefore bound to this id and never to the email.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The number of hexadecimal digits of a [`RegistrationId`].
const DIGITS: usize = 32;

/// The id of one registration: a random UUID (RFC 9562 §5.4) as 32 hexadecimal digits.
///
/// ```
/// use mcp_lambda::user::RegistrationId;
///
/// let id = RegistrationId::try_from("0af7651916cd43dd8448eb211c80319c".to_owned())?;
/// assert_eq!(id.as_str().len(), 32);
/// assert!(RegistrationId::try_from("alice@example.com".to_owned()).is_err());
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistrationId(String);

impl RegistrationId {
    /// Creates an id that no registration has.
    #[must_use]
    pub(crate) fn fresh() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RegistrationId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        // An id is part of keys in the store, so one that was read from a token or a record must be
        // of the exact form: in lower case, and without a separator that could begin another key.
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == DIGITS && text.bytes().all(is_digit) {
            return Ok(Self(text));
        }
        Err(Error::invalid(
            "a registration's id has 32 lower-case hexadecimal digits",
        ))
    }
}

impl From<RegistrationId> for String {
    fn from(id: RegistrationId) -> Self {
        id.0
    }
}

impl fmt::Display for RegistrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_and_nothing_else_is_one() {
        let id = RegistrationId::fresh();
        assert_eq!(
            RegistrationId::try_from(id.to_string()).expect("one of ours"),
            id
        );
        assert_ne!(RegistrationId::fresh(), id);
        for text in [
            "",
            "../../x",
            &"g".repeat(32),
            &"A".repeat(32),
            &"0".repeat(33),
        ] {
            RegistrationId::try_from(text.to_owned()).expect_err(text);
        }
    }
}
