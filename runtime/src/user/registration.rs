//! The identity of a user: a random id that each registration gets and no other ever has.
//!
//! An email can be registered again after its user was removed; what is kept, sealed or running for a user is bound to
//! this id and never to the email.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How many hexadecimal digits an id has.
const DIGITS: usize = 32;

/// The id of one registration: a random UUID (RFC 9562 §5.4) of 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistrationId(String);

impl RegistrationId {
    /// An id that no registration has.
    #[must_use]
    pub fn fresh() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RegistrationId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
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
